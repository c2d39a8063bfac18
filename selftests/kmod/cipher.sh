#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ciphers that fail, that finish later, and that may not be used now, by a driver
# of gcm(aes) that goes before all others (cipher/cipher.c).
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p         |                      | tun mp          |
#	| 10.8.0.2        |    10.99.0.0/24      | 10.8.0.1        |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+                      +-----------------+
#
# OVPN_TEST_CIPHER: ovt_cipher.ko, built for this kernel

TESTS="seal segments open stream async simd unreadable unreadable_stream"
# where the best driver is a SIMD wrapper, which later kernels do without
[[ $(uname -r) != 6.@(1|12).* ]] || TESTS+=" nested"
ALONE=yes
. "$(dirname "$0")/lib.sh"

CIPHER=${OVPN_TEST_CIPHER:-/cipher/ovt_cipher.ko}
PARAMETERS=/sys/module/ovt_cipher/parameters

# cipher_load MODE: for all keys that are made from now on
cipher_load() {
	[ "$DRIVER" = ours ] || kt_skip "what the counters say is ours"
	[ -e "$CIPHER" ] || kt_die "no driver" "OVPN_TEST_CIPHER=$CIPHER"
	# what a test that was ended has left
	! grep -q '^ovt_cipher ' /proc/modules || cipher_unload
	kt_ok "load" insmod "$CIPHER" "mode=$1" || kt_die "cannot go on"
}

# cipher_unload: which shows that no key is left
cipher_unload() {
	kt_reset
	kt_until 20 rmmod ovt_cipher ||
		kt_fail "a key is left" "$(grep ovt_cipher /proc/modules)"
}

cipher_set() {
	echo "$2" >"$PARAMETERS/$1" || kt_fail "$1=$2"
}

cipher_get() {
	cat "$PARAMETERS/$1"
}

# cipher_driver NS: who works for peer 1
cipher_driver() {
	kt_field crypto-driver "$("$BIN/ovpnx_cli" -n "$NS-$1" raw PEER_GET \
		ifindex=@tun "peer{id=1}")"
}

# cipher_begin: what is counted from now on; kernels try a new driver themselves
cipher_begin() {
	SEALS=$(cipher_get seals)
	OPENS=$(cipher_get opens)
	LATE=$(cipher_get late)
}

# asked WHAT SINCE: how often the driver was, for packets
asked() {
	echo $(($(cipher_get "$1") - $2))
}

# cipher_tunnel MODE: both ends have keys of the driver
cipher_tunnel() {
	cipher_load "$1"
	net_pair
	tunnel_new aes-gcm 32 4
	cipher_begin
}

# drops NS NAME: how many, by the peer's counter and by the device's
drops() {
	local of_peer

	of_peer=$("$BIN/ovpnx_cli" -n "$NS-$1" raw PEER_GET ifindex=@tun \
		"peer{id=1}" | grep -o "name=$2 count=[0-9]*")
	echo "${of_peer##*=} $(ethtool_stat "$1" tun "$2")"
}

# flow COUNT [WORD...]: the driver fails at each EVERY-th packet, in the way FAIL;
# of so many datagrams from a to b all others arrive. Its failures, also at what
# the hosts say by themselves, are added to FAILED.
flow() {
	local pid before failed

	before=$(cipher_get failed)
	kt_bg_ready sink "$BIN/ovpn_traffic" -n "$NS-b" mode=udp-sink \
		on=10.8.0.1:9002 idle=1 seconds=60
	pid=$KT_PID
	cipher_set "$FAIL" "$EVERY"
	kt_ok "send" traffic a mode=udp-send to=10.8.0.1:9002 count="$1" \
		size=600 "${@:2}"
	kt_wait "$pid"
	cipher_set "$FAIL" 0
	# another CPU may have read the old value, and not counted yet
	sleep 0.2
	failed=$(($(cipher_get failed) - before))
	FAILED=$((FAILED + failed))
	kt_num "received of $*, errno $(cipher_get error)" \
		"$(kt_field received "$(cat "$TMP/sink")")" -ge $(($1 - failed))
}

# flows: one by one, and in bursts
flows() {
	flow 100 rate=1000
	flow 400 batch=20 rate=4000
}

# settled: with the driver well again, everything arrives, and no nonce has been
# used for two packets
settled() {
	cipher_set fail_seal 0
	cipher_set fail_open 0
	ping_all a 10.8.0.1 10
	ping_all b fd08::2 10
	tcp_check a b 10.8.0.1:9001 200000
	kt_is "nonces used again" "$(cipher_get reused)" 0
	kt_is "later" "$(asked late "$LATE")" 0
	cipher_unload
}

# seal: a packet that cannot be sealed is dropped and counted, its id is spent
test_seal() {
	local error

	cipher_tunnel sync
	kt_is "driver" "$(cipher_driver a)" gcm-aes-ovt
	FAIL=fail_seal EVERY=7 FAILED=0
	# EIO, ENOMEM, EBUSY, EINVAL, ENOSPC, EINPROGRESS
	for error in 5 12 16 22 28 115; do
		cipher_set error "$error"
		flows
	done
	kt_num "have failed" "$FAILED" -ge 400
	kt_is "counted by a" "$(drops a tx_drop_crypto)" "$FAILED $FAILED"
	kt_is "and nothing else" "$(drop_causes a)" "tx_drop_crypto=$FAILED "
	kt_is "b has seen none of it" "$(drop_causes b)" ""
	settled
}

# failures: of packets that b says were not authentic
failures() {
	kt_field failures "$("$BIN/ovpnx_cli" -n "$NS-b" raw KEY_GET \
		ifindex=@tun "keyconf{peer-id=1 slot=0}")"
}

# segments_fail HOW BYTES: of what a sends to b, and b answers, each fiftieth packet
# fails so; with FAILED by the driver, DROPPED by the counter of that
segments_fail() {
	local cause=tx_drop_crypto before

	[ "$1" = fail_seal ] || cause=rx_drop_crypto
	before=$(cipher_get failed)
	cipher_set "$1" 50
	tcp_check a b 10.8.0.1:9001 "$2"
	cipher_set "$1" 0
	# another CPU may have read the old value, and not counted yet
	sleep 0.2
	FAILED=$(($(cipher_get failed) - before))
	DROPPED=$(($(ethtool_stat a tun $cause) + $(ethtool_stat b tun $cause)))
}

# segments: of a super-packet only those that cannot be sealed, or opened, are
# dropped, and counted; every byte arrives in the end
test_segments() {
	local packed

	cipher_tunnel sync
	segments_fail fail_seal 2000000
	kt_num "have not been sealed" "$FAILED" -ge 20
	kt_is "counted" "$DROPPED" "$FAILED"
	kt_num "super-packets in one piece" "$(ethtool_stat a tun tx_packed)" \
		-ge 5
	packed=$(ethtool_stat b tun rx_packed)
	segments_fail fail_open 2000000
	kt_num "have not been opened" "$FAILED" -ge 20
	kt_is "counted" "$DROPPED" "$FAILED"
	kt_num "came in one piece" $(($(ethtool_stat b tun rx_packed) -
		packed)) -ge 5
	kt_is "and nothing else" "$( (drop_causes a; drop_causes b) |
		tr ' ' '\n' | grep -v _crypto=)" ""
	settled
}

# open: a packet that cannot be opened is dropped and counted, and only one that is
# not authentic wears the key
test_open() {
	local error

	cipher_tunnel sync
	kt_is "driver" "$(cipher_driver b)" gcm-aes-ovt
	FAIL=fail_open EVERY=5 FAILED=0
	for error in 5 12 16 115; do
		cipher_set error "$error"
		flows
	done
	kt_num "have failed" "$FAILED" -ge 380
	kt_is "counted by b" "$(drops b rx_drop_crypto)" "$FAILED $FAILED"
	kt_is "and nothing else" "$(drop_causes b)" "rx_drop_crypto=$FAILED "
	kt_is "not the peer's fault" "$(failures)" 0
	# EBADMSG
	cipher_set error 74
	FAILED=0
	flows
	kt_is "counted as forged" "$(drops b rx_drop_auth)" "$FAILED $FAILED"
	kt_is "its fault" "$(failures)" "$FAILED"
	settled
}

# stream: the same with TCP, where a record is opened out of the stream
test_stream() {
	cipher_load sync
	net_pair
	tunnel_new_tcp 4
	cipher_begin
	FAIL=fail_seal EVERY=7 FAILED=0
	flows
	kt_num "have failed" "$FAILED" -ge 60
	kt_is "counted by a" "$(drops a tx_drop_crypto)" "$FAILED $FAILED"
	FAIL=fail_open FAILED=0
	flows
	kt_num "have failed" "$FAILED" -ge 60
	kt_is "counted by b" "$(drops b rx_drop_crypto)" "$FAILED $FAILED"
	settled
}

# async: a driver that finishes later is not asked, however much it offers
test_async() {
	cipher_tunnel async
	[ "$(cipher_driver a)" != gcm-aes-ovt ] || kt_fail "driver"
	ping_all a 10.8.0.1 10
	tcp_check a b 10.8.0.1:9001 200000
	kt_is "asked" "$(asked seals "$SEALS") $(asked opens "$OPENS")" "0 0"
	settled
}

# simd: a driver that finishes later where SIMD may not be used is asked where it
# may be
test_simd() {
	cipher_tunnel simd
	kt_is "driver" "$(cipher_driver a)" gcm-aes-ovt
	ping_all a 10.8.0.1 10
	tcp_check a b 10.8.0.1:9001 200000
	kt_num "asked" "$(asked seals "$SEALS")" -gt 0
	kt_num "asked" "$(asked opens "$OPENS")" -gt 0
	kt_is "dropped by a" "$(drop_causes a)" ""
	kt_is "dropped by b" "$(drop_causes b)" ""
	settled
}

# nested: a packet that comes while the vector registers are in use goes through
# the other driver, on kernels where the best one is a SIMD wrapper
test_nested() {
	local n

	cipher_tunnel none
	if [ ! -e $PARAMETERS/nested ] ||
	   ! [[ $(cipher_driver a) =~ ^generic-gcm-(aesni|vaes) ]]; then
		cipher_unload
		kt_skip "the best driver is no SIMD wrapper"
	fi
	kt_bg_ready sink "$BIN/ovpn_traffic" -n "$NS-b" mode=udp-sink \
		on=10.8.0.1:9 idle=2 seconds=30
	for ((n = 0; n < 20; n++)); do
		in_a sh -c "echo tun >$PARAMETERS/nested" || kt_fail "send"
	done
	kt_wait "$KT_PID"
	# not what ovpn_traffic sends, so it calls them corrupt
	kt_is "received" "$(tail -n 1 "$TMP/sink")" "*received=0 * corrupt=20"
	kt_is "dropped by a" "$(drop_causes a)" ""
	kt_is "dropped by b" "$(drop_causes b)" ""
	settled
}

# unreadable: a burst in memory that no CPU can read is dropped, not read
test_unreadable() {
	local n

	cipher_tunnel none
	if [ ! -e $PARAMETERS/unreadable ]; then
		cipher_unload
		kt_skip "the kernel knows no such memory"
	fi
	kt_bg_ready sink "$BIN/ovpn_traffic" -n "$NS-b" mode=udp-sink \
		on=10.8.0.1:9 idle=2 seconds=30
	for ((n = 0; n < 5; n++)); do
		in_a sh -c "echo tun >$PARAMETERS/unreadable" || kt_fail "send"
	done
	kt_wait "$KT_PID"
	kt_is "received" "$(tail -n 1 "$TMP/sink")" "*received=0 * corrupt=0"
	# four packets each
	kt_is "dropped by a" "$(drop_causes a)" "tx_drop_proto=20 "
	kt_is "dropped by b" "$(drop_causes b)" ""
	settled
}

# unread SKIP KEEP DROPS HEX...: a sends these bytes by and by, of which b cannot
# read all: its peer ends
unread() {
	local byte words=()

	net_pair
	tunnel_new_tcp 4
	ping_all a 10.8.0.1 2
	kt_bg_ready events "$BIN/ovpn_cli" -n "$NS-b" listen 600
	# the socket is plain TCP's again
	cli a del_peer tun id=1
	for byte in "${@:4}"; do
		words+=("send=$byte")
	done
	in_b sh -c "echo $1 $2 >$PARAMETERS/unreadable_stream" ||
		kt_die "no segment is marked"
	kt_ok "send" timeout 30 "$BIN/ovpn_tcp" "pid=$SOCK_A" flags=none \
		"${words[@]}"
	kt_until 15 kt_says events PEER_DEL_NTF
	kt_is "event, $*" "$(grep -o 'peer{.*' "$TMP/events")" \
		"peer{del-reason=transport-error id=1}"
	kt_is "drops, $*" "$(drop_causes b)" "$3"
	kt_reset
}

# unreadable_stream: a TCP stream is over where it cannot be read
test_unreadable_stream() {
	local fill control data

	cipher_load none
	if [ ! -e $PARAMETERS/unreadable_stream ]; then
		cipher_unload
		kt_skip "the kernel knows no such memory"
	fi
	printf -v fill '%072d' 0
	control=002828010203$fill
	data=002848000001$fill
	# the head of a record; the rest of one for userspace; the rest of one for
	# the tunnel, and what follows it
	unread 0 0 "" "$control"
	unread 0 10 "" "$control"
	unread 0 10 "rx_drop_proto=1 " "$data$control"
	# what comes later of a head, of a record
	unread 1 0 "" "${control:0:4}" "${control:4}"
	unread 1 0 "" "${control:0:20}" "${control:20}"
	cipher_unload
}

kt_main "$@"
