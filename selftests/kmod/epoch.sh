#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Keys with epochs: format, derivation, moving on and what is refused.
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p         |                      | tun mp, or      |
#	| 10.8.0.2        |    10.99.0.0/24      | ovpn_wire       |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+                      +-----------------+

TESTS="features known sent batch tunnel moves skipped follows ahead replay
	forged short rotation busy soft last counter worn"
LIMIT=900
. "$(dirname "$0")/lib.sh"

KNOWN_KEY=616361676163616f3838383838383838515351575153515f72726f7874787073
KNOWN=4800001700010000000000013d98ba5b55f68e455addd90eb573e51852f4b555cdefaa5a
KNOWN+=a3fa246166df411deba23d2bebe44484376cfb5a61417c9ff450169758a93820892fcea7
KNOWN+=b6bba311c92eace529faabb1

# device_new [TX [RX [ITEM...]]]: "tun" in a, its peer is ovpn_wire at b's port
# 7002
device_new() {
	local tx=${1:-} rx=${2:-}

	shift $(($# > 2 ? 2 : $#))
	need_epochs
	net_pair
	sock_new a 0.0.0.0:7001
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	kt_ok "new peer" cli a new_peer tun id=1 "socket=@sock:$SOCK" \
		remote-ipv4=10.99.0.2 remote-port=7002
	kt_bg_ready events "$BIN/ovpn_cli" -n "$NS-a" listen 600
	key_new "$tx" "$rx" "$@"
}

key_new() {
	local tx=$1 rx=$2

	shift 2
	kt_ok "new key" xcli a new_key tun peer-id=1 slot=0 key-id=0 \
		"${ALG:-cipher-alg=aes-gcm}" "cipher-len=${LEN:-32}" "$@" \
		"$(epoch_items 0 "$tx" "$rx")"
}

# words of ovpn_wire on side 1
wire_words() {
	echo "len=${LEN:-32} epoch=1 key=32*b0 rx-key=32*a0" \
		"peer-id=1 inner=udp,10.8.0.1,10.9.9.9,5,9,40"
}

# send_b WORD...: packets from b to the device
send_b() {
	# shellcheck disable=SC2046
	kt_ok "send $*" wire b on=10.99.0.2:7002 to=10.99.0.1:7001 \
		$(wire_words) "$@"
}

# capture WORD...: packets that reach b, in the background
capture() {
	# shellcheck disable=SC2046
	kt_bg_ready got "$BIN/ovpn_wire" -n "$NS-b" on=10.99.0.2:7002 \
		$(wire_words) "$@" seconds=60
	RECEIVER=$KT_PID
}

captured() {
	grep -o 'epoch=[0-9]* pid=[0-9]*' "$TMP/got" | tr '\n' ';'
}

# pings COUNT [OPTION...]: packets from a, none is answered
pings() {
	local count=$1

	shift
	in_a ping -q -c "$count" -i 0.01 -W 0.1 "$@" 10.8.0.1 >/dev/null
}

delivered() {
	peer_field a tun 1 vpn-rx-packets
}

drops() {
	ethtool_stat a tun "$1"
}

# key_state NS DIR FIELD: of the primary key
key_state() {
	local text

	text=$(xcli "$1" get_key tun peer-id=1 slot=0 2>/dev/null)
	text=${text#*" $2{"}
	kt_field "$3" "${text%%\}*}"
}

# is_in NS DIR EPOCH: does a direction come to an epoch?
is_in() {
	kt_until 10 eval "[ \"\$(key_state $1 $2 epoch)\" = $3 ]" ||
		kt_fail "$1 $2: epoch $3" "$(key_state "$1" "$2" epoch)"
}

# opens EPOCH PID: the device has a key for it now, or will soon
opens() {
	local want=$(($(delivered) + 1)) pid=$2 end=$((SECONDS + 10))

	while send_b "epoch=$1" "pids=$pid"; do
		[ "$(delivered)" != "$want" ] || return 0
		[ "$SECONDS" -lt "$end" ] || break
		pid=$((pid + 1))
		kt_pause 0.05
	done
	kt_fail "epoch $1 is not opened"
}

events() {
	kt_until 5 kt_lines events $(($1 + 1)) ||
		[ "$1" = 0 ] || kt_fail "$1 events" "$(cat "$TMP/events")"
	kt_pause 0.2
	kt_is "events" "$(grep -c 'KEY_SWAP_NTF .*peer-id=1 key-id/2=0' \
		"$TMP/events") $(($(wc -l <"$TMP/events") - 1))" "$1 $1"
}

# features: the module tells that it has epochs
test_features() {
	local mask

	need_epochs
	net_new a
	mask=$(xcli a raw GET_FEATURES | sed -n 's/.*mask=\([0-9]*\).*/\1/p')
	kt_is "epochs" "$((${mask:-0} >> 4 & 1))" 1
	kt_is "state of keys" "$((${mask:-0} >> 3 & 1))" 1
}

# known: the published packet is accepted, and once
test_known() {
	need_epochs
	net_pair
	sock_new a 0.0.0.0:7001
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	kt_ok "new peer" cli a new_peer tun id=23 "socket=@sock:$SOCK" \
		remote-ipv4=10.99.0.2 remote-port=7002
	kt_ok "new key" xcli a new_key tun peer-id=23 slot=0 key-id=0 \
		cipher-alg=aes-gcm cipher-len=32 \
		"encrypt{secret=$KNOWN_KEY} decrypt{secret=$KNOWN_KEY}"
	# its payload is no IP packet; that it is authentic moves the peer
	kt_ok "forged" wire b on=10.99.0.2:7010 to=10.99.0.1:7001 \
		"packet=$KNOWN" flip=30
	kt_is "remote port" "$(peer_field a tun 23 remote-port)" 7002
	kt_ok "known" wire b on=10.99.0.2:7009 to=10.99.0.1:7001 \
		"packet=$KNOWN"
	kt_is "remote port" "$(peer_field a tun 23 remote-port)" 7009
	kt_ok "again" wire b on=10.99.0.2:7011 to=10.99.0.1:7001 \
		"packet=$KNOWN"
	kt_is "remote port" "$(peer_field a tun 23 remote-port)" 7009
	kt_is "replayed" "$(drops rx_drop_replay)" 1
}

# sent_by ALG LEN: what the device sends opens elsewhere
sent_by() {
	ALG=cipher-alg=$1 LEN=$2
	device_new
	capture "alg=$1" count=5
	in_a ping -q -c 3 -i 0.01 -W 0.1 -s 33 10.8.0.1 >/dev/null
	in_a ping -q -c 2 -i 0.01 -W 0.1 -s 1300 fd08::1 >/dev/null
	kt_wait "$RECEIVER" || kt_fail "$1 $2" "$(cat "$TMP/got")"
	kt_is "first" "$(sed -n 2p "$TMP/got")" \
		"rx 10.99.0.1:7001 peer-id=1 key-id=0 epoch=1 pid=1 len=89 ok\
 ip4 proto=1 src=10.8.0.2 dst=10.8.0.1"
	kt_is "all" "$(captured)" "epoch=1 pid=1;epoch=1 pid=2;epoch=1 pid=3;\
epoch=1 pid=4;epoch=1 pid=5;"
	kt_is "bytes" "$(peer_field a tun 1 link-tx-bytes)" \
		$((3 * 89 + 2 * 1376))
	kt_is "cleartext" "$(dev_stat a tun tx bytes)" $((3 * 61 + 2 * 1348))
	# and the other way
	send_b "alg=$1" pids=1
	kt_is "delivered" "$(delivered)" 1
	kt_is "cleartext" "$(dev_stat a tun rx bytes)" 68
}

# sent: both directions, with each cipher
test_sent() {
	local row

	for row in "aes-gcm 16" "aes-gcm 24" "aes-gcm 32" \
		"chacha20-poly1305 32"
	do
		# shellcheck disable=SC2086
		sent_by $row
		kt_reset
	done
}

# batch: super-packets, of datagrams with every length of the last block
test_batch() {
	local size n=0

	device_new
	capture count=320 quiet=1
	for size in {1100..1115}; do
		kt_ok "v4" traffic a mode=udp-send to=10.8.0.1:9 count=20 \
			batch=20 "size=$size"
		n=$((n + 20))
	done
	kt_wait "$RECEIVER" || kt_fail "batch" "$(cat "$TMP/got")"
	kt_is "all" "$(tail -n 1 "$TMP/got")" \
		"total=$n bad=0 forged=0 big=$((1115 + 28 + 28)) lost=0"
}

# pair_new FAMILY [ITEM...]: the tunnel of tunnel_new, with epochs
pair_new() {
	local family=$1

	shift
	need_epochs
	net_pair
	tunnel_new aes-gcm 32 "$family" 1400
	kt_ok "new key" xcli a new_key tun peer-id=1 slot=0 key-id=1 \
		cipher-alg=aes-gcm cipher-len=32 "$@" "$(epoch_items 0)"
	kt_ok "new key" xcli b new_key tun peer-id=1 slot=0 key-id=1 \
		cipher-alg=aes-gcm cipher-len=32 "$@" "$(epoch_items 1)"
}

# tunnel: two devices, all sizes of packets and bulk, over both families
test_tunnel() {
	local family size bytes=10000000

	[ "$FAST" = 0 ] || bytes=1000000
	for family in 4 6; do
		pair_new "$family"
		for size in 0 1 2 3 15 16 17 100 1300 1372; do
			ping_all a 10.8.0.1 3 -s "$size"
		done
		ping_all b fd08::2 5 -s 1000
		udp_check a b 10.8.0.1:9001 500 1000 1000
		tcp_check a b 10.8.0.1:9001 "$bytes"
		tcp_check b a "[fd08::2]:9001" "$bytes"
		kt_is "no drops" "$(dev_stat a tun rx dropped) \
$(dev_stat b tun rx dropped)" "0 0"
		kt_is "epochs" "$(key_state a encrypt epoch) \
$(key_state b encrypt epoch)" "1 1"
		kt_reset
	done
}

# moves: an authentic packet of the next epoch retires the current one
test_moves() {
	device_new
	send_b epoch=1 pids=1,2
	kt_is "first" "$(delivered)" 2
	send_b epoch=2 pids=1
	kt_is "second" "$(delivered)" 3
	kt_is "heard" "$(key_state a decrypt epoch)" 2
	# what was on its way
	send_b epoch=1 pids=3
	kt_is "retiring" "$(delivered)" 4
	kt_is "heard" "$(key_state a decrypt epoch)" 2
	opens 3 1
	send_b epoch=1 pids=4
	send_b epoch=2 pids=2
	kt_is "retired" "$(delivered)" 6
	kt_num "counted" "$(drops rx_drop_epoch)" -ge 1
	opens 4 1
	opens 5 1
	opens 6 1
	send_b epoch=5 pids=1000
	kt_is "retiring" "$(delivered)" 10
}

# skipped: epochs that the peer has jumped over are over, and epoch 0 is none
test_skipped() {
	device_new
	send_b epoch=1 pids=1
	send_b epoch=4 pids=1
	kt_is "jump" "$(delivered)" 2
	send_b epoch=2 pids=1
	send_b epoch=3 pids=1
	send_b epoch=0 pids=1
	send_b epoch=65535 pids=1
	kt_is "skipped" "$(delivered)" 2
	kt_is "counted" "$(drops rx_drop_epoch)" 4
	send_b epoch=1 pids=2
	kt_is "retiring" "$(delivered)" 3
}

# follows: the device sends in the epoch in which it hears the peer
test_follows() {
	device_new
	capture count=2
	pings 2
	kt_wait "$RECEIVER"
	kt_is "sent" "$(captured)" "epoch=1 pid=1;epoch=1 pid=2;"
	send_b epoch=3 pids=1
	is_in a encrypt 3
	capture count=2
	pings 2
	kt_wait "$RECEIVER"
	kt_is "sent" "$(captured)" "epoch=3 pid=1;epoch=3 pid=2;"
}

# ahead: packets of later epochs than there are keys for change nothing
test_ahead() {
	device_new
	send_b epoch=5 pids=1
	send_b epoch=9 pids=1
	send_b epoch=18 pids=1
	kt_is "far ahead" "$(delivered)" 0
	kt_is "counted" "$(drops rx_drop_epoch)" 3
	kt_is "heard" "$(key_state a decrypt epoch)" 1
	kt_is "sent in" "$(key_state a encrypt epoch)" 1
	send_b epoch=4 pids=1
	kt_is "the last one with a key" "$(delivered)" 1
	# where the device is itself, the peer may come in one step
	key_new epoch=40 ""
	send_b epoch=5 pids=1
	send_b epoch=41 pids=1
	kt_is "far ahead" "$(delivered)" 1
	# its secret is not that of epoch 1, so only receiving is looked at
	send_b epoch=40 pids=1
	kt_is "the device's own epoch" "$(delivered)" 2
	is_in a decrypt 40
}

# replay: each epoch has its window
test_replay() {
	device_new "" "packet-id=1000"
	send_b epoch=1 pids=1,999,1000
	kt_is "before" "$(delivered)" 0
	send_b epoch=1 pids=1001,1003
	kt_is "after" "$(delivered)" 2
	send_b epoch=2 pids=1,3
	kt_is "next epoch" "$(delivered)" 4
	send_b epoch=2 pids=1,3,0
	kt_is "again" "$(delivered)" 4
	send_b epoch=1 pids=1001,1003
	kt_is "retiring, again" "$(delivered)" 4
	send_b epoch=1 pids=1002
	send_b epoch=2 pids=2
	kt_is "late" "$(delivered)" 6
	kt_is "counted" "$(drops rx_drop_replay)" 8
	# counters have 48 bits
	send_b epoch=2 pids=281474976710655,281474976702600,4294967296
	kt_is "high" "$(delivered)" 8
	send_b epoch=2 pids=281474976710655,281474976702600
	kt_is "high, again" "$(delivered)" 8
}

# forged: a forged packet of another epoch moves nobody and costs one attempt
test_forged() {
	local byte words=

	device_new
	# shellcheck disable=SC2046
	kt_ok "forge" wire b on=10.99.0.2:7002 to=10.99.0.1:7001 \
		$(wire_words) "key=32*77" epoch=1 pids=1-5 -- \
		epoch=2 pids=1-5 -- epoch=3 pids=1-5 -- epoch=4 pids=1-5
	kt_is "delivered" "$(delivered)" 0
	kt_is "not authentic" "$(drops rx_drop_auth)" 20
	kt_pause 0.3
	kt_is "heard" "$(key_state a decrypt epoch)" 1
	kt_is "sent in" "$(key_state a encrypt epoch)" 1
	kt_is "failures of the epoch" "$(key_state a decrypt failures)" 5
	# op and key id, peer id, epoch, counter, payload, tag
	for byte in 0 3 5 6 11 12 79 80 95; do
		words+=" epoch=2 pids=7 flip=$byte --"
	done
	# shellcheck disable=SC2086
	send_b $words
	# one for each, and what is not flipped: no packets
	kt_is "delivered" "$(delivered)" 0
	kt_is "heard" "$(key_state a decrypt epoch)" 1
	send_b epoch=2 pids=7
	kt_is "intact" "$(delivered)" 1
}

# short: packets cut anywhere are dropped
test_short() {
	local size words=

	device_new
	for size in 1 4 5 8 11 12 13 16 23 24 25 27 28 29; do
		words+=" epoch=1 pids=1 cut=$size --"
	done
	# shellcheck disable=SC2086
	send_b $words
	kt_is "delivered" "$(delivered)" 0
	send_b epoch=1 pids=2 inner=hex, -- pids=3 inner=hex,45
	kt_is "delivered" "$(delivered)" 0
	send_b epoch=1 pids=4
	kt_is "a good one" "$(delivered)" 1
}

# stream FROM TO ADDR:PORT: fixed-rate UDP in the background
stream() {
	local rate=500

	[ "$FAST" = 0 ] || rate=50
	kt_bg_ready "sink-$2" "$BIN/ovpn_traffic" -n "$NS-$2" \
		mode=udp-sink "on=$3" idle=3 seconds=300
	SINK=$KT_PID
	kt_bg "send-$1" "$BIN/ovpn_traffic" -n "$NS-$1" \
		mode=udp-send "to=$3" "rate=$rate" size=1000
	SENDER=$KT_PID
}

# stream_end FROM TO SENDER SINK: everything that was sent has arrived
stream_end() {
	local sent

	kill "$3"
	kt_wait "$3" || kt_fail "sender of $1"
	kt_wait "$4" || kt_fail "sink of $2"
	sent=$(sed -n 's/^sent=\([0-9]*\) failed=0$/\1/p' "$TMP/send-$1")
	kt_is "all of $1 at $2" "$(tail -n 1 "$TMP/sink-$2")" \
		"received=$sent lost=0 dup=0 reordered=* corrupt=0"
	kt_num "packets from $1" "${sent:-0}" -gt 50
	kt_note "$1 -> $2: $(tail -n 1 "$TMP/sink-$2")"
}

# together: both send and hear in one epoch, a few packets later
together() {
	local epoch

	ping_all a 10.8.0.1 2
	epoch=$(key_state a encrypt epoch)
	[ "$(key_state a decrypt epoch) $(key_state b encrypt epoch) \
$(key_state b decrypt epoch)" = "$epoch $epoch $epoch" ]
}

# rotation: epochs that are used up are left under load, nothing is lost
test_rotation() {
	local sender sink max=60000 want=5

	# 66 per datagram; in 1/8 of it the next key has to be made
	[ "$FAST" = 0 ] || max=12000 want=3
	pair_new 4 "usage-max=$max"
	stream a b 10.8.0.1:9001
	sender=$SENDER sink=$SINK
	stream b a 10.8.0.2:9001
	kt_until 60 eval "[ \$(key_state a encrypt epoch) -gt $want ]" ||
		kt_fail "no rotation" "$(key_state a encrypt epoch)"
	stream_end a b "$sender" "$sink"
	stream_end b a "$SENDER" "$SINK"
	kt_until 10 together || kt_fail "a and b are not together"
	kt_is "dropped" "$(dev_stat a tun tx dropped) $(dev_stat a tun rx dropped) \
$(dev_stat b tun tx dropped) $(dev_stat b tun rx dropped)" "0 0 0 0"
	kt_note "epoch $(key_state a encrypt epoch)"
}

# busy: epochs change as fast as they can, keys are deleted meanwhile
test_busy() {
	local i rounds=20

	[ "$FAST" = 0 ] || rounds=5
	pair_new 4 usage-max=1024
	kt_bg flood "$BIN/ovpn_traffic" -n "$NS-a" mode=udp-send \
		to=10.8.0.1:9 batch=10 size=1000 rate=2000
	kt_bg back "$BIN/ovpn_traffic" -n "$NS-b" mode=udp-send \
		to=10.8.0.2:9 batch=10 size=1000 rate=2000
	for ((i = 0; i < rounds; i++)); do
		kt_pause 0.1
		xcli a new_key tun peer-id=1 slot=0 key-id=1 \
			cipher-alg=aes-gcm cipher-len=32 usage-max=1024 \
			"$(epoch_items 0)" || kt_fail "a"
		xcli b new_key tun peer-id=1 slot=0 key-id=1 \
			cipher-alg=aes-gcm cipher-len=32 usage-max=1024 \
			"$(epoch_items 1)" || kt_fail "b"
		[ $((i % 3)) != 0 ] ||
			cli a del_key tun peer-id=1 slot=0
	done
	kt_pause 1
	kt_num "delivered" "$(peer_field b tun 1 vpn-rx-packets)" -gt 50
	kt_num "epochs" "$(key_state b encrypt epoch)" -gt 1
	# the peer goes while its keys work
	kt_ok "delete" cli b del_peer tun id=1
	ip -n "$NS-a" link del tun
}

# soft: from epoch 0xf000 on another key is asked for, once
test_soft() {
	device_new "epoch=61439 usage=6990" "epoch=61439" usage-max=8000
	pings 1
	events 0
	# above 7/8: the next epoch
	pings 1
	is_in a encrypt 61440
	pings 1
	events 1
	pings 3
	events 1
	key_new epoch=61441 epoch=61441
	pings 1
	events 2
}

# last: after the last epoch the key is gone
test_last() {
	device_new "epoch=65517 usage=6990" "epoch=65517" usage-max=8000
	pings 2
	is_in a encrypt 65518
	events 1
	# 84 each: up to the limit itself, because there is no next epoch
	pings 95 -s 1300
	kt_ok "the key is there" cli a get_key tun peer-id=1 slot=0
	kt_is "sent in" "$(key_state a encrypt epoch)" 65518
	pings 5 -s 1300
	kt_not "the key is gone" cli a get_key tun peer-id=1 slot=0
	events 2
	kt_is "sent" "$(peer_field a tun 1 link-tx-packets)" $((2 + 96))
}

# counter: the end of the counter is the end of an epoch
test_counter() {
	device_new "packet-id=$(((1 << 48) - 2))"
	capture count=3
	pings 1
	is_in a encrypt 2
	pings 2
	kt_wait "$RECEIVER" || kt_fail "capture" "$(cat "$TMP/got")"
	kt_is "ids" "$(captured)" \
		"epoch=1 pid=281474976710654;epoch=2 pid=1;epoch=2 pid=2;"
}

# worn: what has been received much, or forged, makes the device move on
test_worn() {
	device_new "" "usage=6999" usage-max=8000
	send_b epoch=1 pids=1
	is_in a encrypt 2
	kt_is "heard" "$(key_state a decrypt epoch)" 1
	# and once only
	send_b epoch=1 pids=2-20
	kt_is "sent in" "$(key_state a encrypt epoch)" 2
	send_b epoch=2 pids=1
	kt_is "sent in" "$(key_state a encrypt epoch)" 2
	key_new "" "failures=$((1 << 35))"
	# shellcheck disable=SC2046
	kt_ok "forge" wire b on=10.99.0.2:7002 to=10.99.0.1:7001 \
		$(wire_words) "key=32*77" epoch=1 pids=1-3
	is_in a encrypt 2
	events 0
	kt_is "delivered" "$(delivered)" 21
}

kt_main "$@"
