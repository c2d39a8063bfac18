#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How far a key may be used: packet ids, use of the cipher, forgeries. Keys are
# installed as if they had been used before.
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p         |                      | ovpn_wire       |
#	| 10.8.0.2        |    10.99.0.0/24      | (no device)     |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+                      +-----------------+

TESTS="table last early straddle fits resume seen usage default unlimited
	heard forged"
. "$(dirname "$0")/lib.sh"

# 7/8 of 2^36 - 1
SOFT_GCM=60129542144
FORGED_SOFT=$((1 << 35))
FORGED_MAX=$((1 << 36))

need_ours() {
	[ "$DRIVER" = ours ] || kt_skip "the in-tree driver has no such family"
	[ -x "$BIN/ovpnx_cli" ] || kt_skip "the tools have no ovpnx_cli"
}

# key_new TX RX [ITEM...]: primary key 0 of "tun", used so far
key_new() {
	local tx=$1 rx=$2

	shift 2
	kt_ok "new key" xcli a new_key tun peer-id=1 slot=0 key-id=0 \
		"${ALG:-cipher-alg=aes-gcm}" "$@" \
		"encrypt{key=32*a0 nonce=8*c0 $tx}" \
		"decrypt{key=32*b0 nonce=8*d0 $rx}"
}

# device_new TX RX [ITEM...]: "tun" in a, its peer is ovpn_wire at b's port 7002
device_new() {
	need_ours
	net_pair
	sock_new a 0.0.0.0:7001
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	kt_ok "new peer" cli a new_peer tun id=1 "socket=@sock:$SOCK" \
		remote-ipv4=10.99.0.2 remote-port=7002
	kt_bg_ready events "$BIN/ovpn_cli" -n "$NS-a" listen 600
	key_new "$@"
}

# capture COUNT: packets that reach b, in the background
capture() {
	kt_bg_ready got "$BIN/ovpn_wire" -n "$NS-b" \
		on=10.99.0.2:7002 $(wire_key 0 32) "count=$1" seconds=60
	RECEIVER=$KT_PID
}

# captured: the ids of what capture saw
captured() {
	sed -n 's/.* pid=\([0-9]*\) .*/\1/p' "$TMP/got" | tr '\n' ' '
}

# pings COUNT: packets from a, one by one; none is answered
pings() {
	in_a ping -q -c "$1" -i 0.01 -W 0.1 10.8.0.1 >/dev/null
}

# send_b WORD...: packets from b to the device
send_b() {
	kt_ok "send $*" wire b on=10.99.0.2:7002 to=10.99.0.1:7001 \
		$(wire_key 0 32) peer-id=1 key-id=0 \
		inner=udp,10.8.0.1,10.9.9.9,5,9,56 "$@"
}

# forged_b COUNT: packets that another key has sealed
forged_b() {
	kt_ok "forge" wire b on=10.99.0.2:7002 to=10.99.0.1:7001 \
		$(wire_key 5 32) peer-id=1 key-id=0 "pids=1-$1" \
		inner=udp,10.8.0.1,10.9.9.9,5,9,56
}

delivered() {
	peer_field a tun 1 vpn-rx-packets
}

# events COUNT: so many requests for a new key, and nothing else, so far
events() {
	kt_until 5 kt_lines events $(($1 + 1)) ||
		[ "$1" = 0 ] || kt_fail "$1 events" "$(cat "$TMP/events")"
	kt_pause 0.2
	kt_is "events" "$(grep -c 'KEY_SWAP_NTF .*peer-id=1 key-id/2=0' \
		"$TMP/events") $(($(wc -l <"$TMP/events") - 1))" "$1 $1"
}

# key_state DIR FIELD: of the primary key
key_state() {
	local text

	text=$(xcli a get_key tun peer-id=1 slot=0 2>/dev/null)
	text=${text#*" $1{"}
	kt_field "$2" "${text%%\}*}"
}

drops() {
	ethtool_stat a tun "$1"
}

# table: which keys are refused, and why
test_table() {
	need_ours
	net_new a
	sock_new a 0.0.0.0:7001
	cli a link_add tun mp || kt_die "link_add"
	kt_ok "peer" cli a new_peer tun id=1 "socket=@sock:$SOCK" \
		remote-ipv4=10.99.0.2 remote-port=7002 vpn-ipv4=10.8.0.2
	xcli a table <"$KT_DIR/limits.rows" >"$TMP/table" 2>&1 ||
		kt_fail "a row" "$(grep '^not ok' "$TMP/table")"
	sed 's/^/    /' "$TMP/table"
}

# last: the last packet id is used, and nothing after it
test_last() {
	device_new packet-id=4294967294 ""
	capture 2
	pings 4
	kt_wait "$RECEIVER" || kt_fail "capture" "$(cat "$TMP/got")"
	kt_is "ids" "$(captured)" "4294967294 4294967295 "
	# one early, as late as it was, and one at the end
	events 2
	kt_not "the key is gone" cli a get_key tun peer-id=1 slot=0
	kt_is "sent" "$(peer_field a tun 1 link-tx-packets)" 2
	kt_is "dropped" "$(dev_stat a tun tx dropped)" 2
	# and nothing is received with it any more
	send_b pids=1
	kt_is "delivered" "$(delivered)" 0
	pings 2
	events 2
	# a new key starts over
	key_new "" ""
	capture 1
	pings 1
	kt_wait "$RECEIVER" || kt_fail "capture" "$(cat "$TMP/got")"
	kt_is "ids" "$(captured)" "1 "
}

# early: a new key is asked for once, long before the end
test_early() {
	device_new packet-id=$((0xfeffffff)) ""
	capture 1
	pings 1
	kt_wait "$RECEIVER" || kt_fail "capture" "$(cat "$TMP/got")"
	events 0
	pings 1
	events 1
	pings 5
	events 1
	kt_is "sent" "$(peer_field a tun 1 link-tx-packets)" 7
	kt_is "next id" "$(key_state encrypt packet-id)" $((0xff000006))
	# the next key asks for itself
	key_new packet-id=$((0xff000000)) ""
	pings 1
	events 2
}

# batch COUNT: one super-packet
batch() {
	kt_ok "batch of $1" traffic a mode=udp-send to=10.8.0.1:9 "count=$1" \
		"batch=$1" size=500
}

# straddle: a super-packet with more packets than ids is not sent in part
test_straddle() {
	device_new packet-id=4294967286 ""
	batch 20
	kt_is "sent" "$(peer_field a tun 1 link-tx-packets)" 0
	# only that the key is gone
	events 1
	kt_not "the key is gone" cli a get_key tun peer-id=1 slot=0
	batch 2
	kt_is "sent" "$(peer_field a tun 1 link-tx-packets)" 0
	kt_is "dropped" "$(dev_stat a tun tx dropped)" 22
	events 1
}

# fits: a super-packet takes exactly the ids that are left
test_fits() {
	device_new packet-id=4294967276 ""
	capture 20
	batch 20
	kt_wait "$RECEIVER" || kt_fail "capture" "$(cat "$TMP/got")"
	kt_is "ids" "$(captured)" "$(echo {4294967276..4294967295}) "
	events 1
	kt_ok "the key is there" cli a get_key tun peer-id=1 slot=0
	batch 1
	kt_not "the key is gone" cli a get_key tun peer-id=1 slot=0
	events 2
	kt_is "sent" "$(peer_field a tun 1 link-tx-packets)" 20
}

# resume: a key that was in use goes on where it was
test_resume() {
	device_new "packet-id=5000 usage=70" "packet-id=100 usage=80 failures=3"
	capture 1
	pings 1
	kt_wait "$RECEIVER" || kt_fail "capture" "$(cat "$TMP/got")"
	kt_is "ids" "$(captured)" "5000 "
	send_b pids=1,36,37,63,64,99,100
	kt_is "old ids" "$(delivered)" 0
	kt_is "counted" "$(drops rx_drop_replay)" 7
	send_b pids=101-130
	kt_is "new ids" "$(delivered)" 30
	send_b pids=101-130
	kt_is "again" "$(delivered)" 30
	# 84 bytes each: 6 blocks and the packet
	kt_is "state" "$(xcli a get_key tun peer-id=1 slot=0)" \
		"*encrypt{packet-id=5001 usage=77} decrypt{packet-id=130\
 usage=$((80 + 67 * 7)) failures=3}}"
	forged_b 2
	kt_is "forged" "$(key_state decrypt failures)" 5
}

# seen: packets that were on their way when the key was handed over
test_seen() {
	# 1000 and 999 have been seen, 998 not, 997 to 985 have, then 984 not;
	# nothing is known about what is before 977
	device_new "" "packet-id=1000 seen=fbfffe"
	send_b pids=1000,999,997,985,976,975,1
	kt_is "seen" "$(delivered)" 0
	send_b pids=998,984
	kt_is "not seen" "$(delivered)" 2
	send_b pids=998,984
	kt_is "again" "$(delivered)" 2
	send_b pids=1001-1030
	kt_is "new ids" "$(delivered)" 32
	# at the edge of a word, and a map that is longer than what there was
	key_new "" "packet-id=63 seen=512*00"
	send_b pids=64-70,1,63
	kt_is "all" "$(delivered)" 41
	send_b pids=64-70,1,63
	kt_is "again" "$(delivered)" 41
	send_b pids=0
	kt_is "no id" "$(delivered)" 41
}

# usage: what a cipher may be used for can be set
test_usage() {
	device_new usage=6990 "" usage-max=8000
	# 7 each
	pings 1
	events 0
	pings 1
	events 1
	kt_is "used" "$(key_state encrypt usage)" 7004
	# no later than that; the key goes on
	pings 200
	events 1
	kt_is "sent" "$(peer_field a tun 1 link-tx-packets)" 202
	kt_is "used" "$(key_state encrypt usage)" $((6990 + 202 * 7))
	# batches are counted by packet: 528 bytes are 33 blocks
	key_new "" ""
	batch 10
	kt_is "used" "$(key_state encrypt usage)" 340
}

# default: AES-GCM, 7/8 of 2^36 - 1 blocks and packets
test_default() {
	device_new usage=$((SOFT_GCM - 7)) ""
	pings 1
	kt_is "used" "$(key_state encrypt usage)" "$SOFT_GCM"
	events 0
	pings 1
	events 1
}

# unlimited: ChaCha20-Poly1305 has no such limit
test_unlimited() {
	ALG=cipher-alg=chacha20-poly1305
	device_new usage=$((SOFT_GCM * 1000)) usage=$((SOFT_GCM * 1000))
	pings 2
	send_b alg=chacha20-poly1305 pids=1
	kt_is "delivered" "$(delivered)" 1
	events 0
	kt_is "used" "$(key_state encrypt usage)" $((SOFT_GCM * 1000 + 14))
}

# heard: reception counts, too
test_heard() {
	device_new "" usage=$((SOFT_GCM - 7))
	send_b pids=1
	events 0
	send_b pids=2
	events 1
	send_b pids=3-20
	events 1
	kt_is "delivered" "$(delivered)" 20
}

# forged: after 2^35 forgeries a new key is asked for, after 2^36 none is opened
test_forged() {
	device_new "" failures=$((FORGED_SOFT - 1))
	forged_b 1
	events 0
	forged_b 1
	events 1
	forged_b 5
	events 1
	send_b pids=1
	kt_is "delivered" "$(delivered)" 1
	key_new "" failures="$FORGED_MAX"
	send_b pids=1
	kt_is "delivered at the limit" "$(delivered)" 2
	forged_b 1
	events 2
	send_b pids=2
	kt_is "delivered above it" "$(delivered)" 2
	kt_is "cause" "$(drops rx_drop_key_spent)" 1
	kt_is "failures" "$(key_state decrypt failures)" $((FORGED_MAX + 1))
	# sending is not affected
	pings 1
	kt_is "sent" "$(peer_field a tun 1 link-tx-packets)" 1
}

kt_main "$@"
