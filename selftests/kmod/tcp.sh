#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TCP as transport: records in a stream, control packets between data packets,
# backpressure, and the end of a connection.
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p         |                      | tun mp          |
#	| 10.8.0.2        |                      | 10.8.0.1        |
#	| fd08::2         |    10.99.0.0/24      | fd08::1         |
#	|   vab .1        |----------------------|   vba .2 :7002  |
#	+-----------------+    fd99:0::/64       +-----------------+
#
# In the tests of the stream, a has no device but a program that writes bytes.
# many adds c, the second client, behind another link of b (10.99.1.0/24).

TESTS="basic4 basic6 bulk many control early stream chunks forged malformed
	pieces urgent stall full reader close reset poll recv send attach restore
	addrform routed closefd deldev delpeer epoch4 epoch6 epoch_stream epoch_forged"
LIMIT=1500
. "$(dirname "$0")/lib.sh"

if [ "$FAST" = 1 ]; then
	BYTES=1000000 PACKETS=60 ROUNDS=${OVPN_TEST_ROUNDS:-3}
else
	BYTES=20000000 PACKETS=500 ROUNDS=${OVPN_TEST_ROUNDS:-20}
fi

# 1: keys have epochs; more items of theirs
EPOCHS=0
EPOCH_ITEMS=()

# steps PID STEP...: what a program does with the socket that PID holds
steps() {
	timeout 30 "$BIN/ovpn_tcp" "pid=$1" "${@:2}"
}

# peer_a, peer_b: the peer of each side, with key 0
peer_a() {
	cli a batch <<-END || kt_die "set up a"
		new_peer tun id=1 socket=@sock:$SOCK_A
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 0 32 0)
	END
	[ "$EPOCHS" = 0 ] || epoch_key a 0 ${EPOCH_ITEMS[@]+"${EPOCH_ITEMS[@]}"}
}

peer_b() {
	cli b batch <<-END || kt_die "set up b"
		new_peer tun id=1 socket=@sock:$SOCK_B vpn-ipv4=10.8.0.2 \
			vpn-ipv6=fd08::2
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 0 32 1)
	END
	[ "$EPOCHS" = 0 ] || epoch_key b 1 ${EPOCH_ITEMS[@]+"${EPOCH_ITEMS[@]}"}
}

# tunnel FAMILY [WORD...]: both sides
tunnel() {
	net_pair
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	stream_new "$@"
	peer_a
	peer_b
}

# no_drops: nothing was dropped on either side
no_drops() {
	kt_is "drops of a" "$(drop_causes a)" ""
	kt_is "drops of b" "$(drop_causes b)" ""
}

# events NS, then event NS REASON: the one event that has come
events() {
	kt_bg_ready "events-$1" "$BIN/ovpn_cli" -n "$NS-$1" listen 600
}

event() {
	kt_until 15 kt_says "events-$1" PEER_DEL_NTF
	kt_is "event in $1" "$(grep -o 'peer{.*' "$TMP/events-$1")" \
		"peer{del-reason=$2 id=1}"
	kt_is "no peer in $1" "$(cli "$1" dump tun)" ""
}

basic() {
	tunnel "$1"
	ping_all a 10.8.0.1 10
	ping_all b fd08::2 10
	ping_all a 10.8.0.1 5 -s 0
	ping_all b 10.8.0.2 5 -s 8001
	tcp_check a b 10.8.0.1:9001 "$BYTES"
	tcp_check b a "[fd08::2]:9001" "$BYTES"
	udp_check b a "[fd08::2]:9002" "$PACKETS" 200 1300
	udp_check a b 10.8.0.1:9002 "$PACKETS" 200 5
	kt_is "no remote address" "$(cli b get_peer tun id=1)" \
		"PEER_GET peer{id=1 tx-id=1 vpn-ipv4=10.8.0.2 vpn-ipv6=fd08::2 keepalive-interval=0 keepalive-timeout=0 local-port=7002 vpn-rx-bytes=*"
	kt_num "counted" "$(peer_field a tun 1 link-tx-bytes)" -eq \
		"$(peer_field b tun 1 link-rx-bytes)"
	kt_num "counted" "$(peer_field a tun 1 link-rx-packets)" -eq \
		"$(peer_field b tun 1 link-tx-packets)"
	no_drops
}

# basic4: both inner families over IPv4, every byte
test_basic4() {
	basic 4
}

# basic6: the same over IPv6, with a socket that could do both
test_basic6() {
	basic 6
}

# bulk: TCP both ways at once, jumbo packets, nothing lost or dropped
test_bulk() {
	local pid mtu

	tunnel 4
	for mtu in 1416 9000 65000; do
		ip -n "$NS-a" link set tun mtu $mtu
		ip -n "$NS-b" link set tun mtu $mtu
		kt_bg_ready sink2 "$BIN/ovpn_traffic" -n "$NS-a" mode=tcp-sink \
			"on=[fd08::2]:9005" "bytes=$((BYTES * 2))" seconds=100
		pid=$KT_PID
		kt_bg send2 "$BIN/ovpn_traffic" -n "$NS-b" mode=tcp-send \
			"to=[fd08::2]:9005" "bytes=$((BYTES * 2))"
		tcp_check a b 10.8.0.1:9001 "$((BYTES * 2))"
		kt_wait "$pid" || kt_fail "b -> a, mtu $mtu" "$(cat "$TMP/sink2")"
	done
	no_drops
}

# many: two clients of one device, and from one to the other
test_many() {
	net_pair
	net_new c
	net_join c b 1
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	dev_new c tun p2p 10.8.0.3/24 fd08::3/64
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	in_b sysctl -qw net.ipv4.ip_forward=1
	stream_new 4
	peer_a
	peer_b
	kt_bg tcp-b2 "$BIN/ovpn_tcp" -n "$NS-b" "accept=0.0.0.0:7003"
	SOCK_B2=$KT_PID
	stream_hold c connect=10.99.1.2:7003
	kt_until 15 kt_says tcp-b2 ready || kt_die "c does not connect"
	cli b batch <<-END || kt_die "b, peer 2"
		new_peer tun id=2 socket=@sock:$SOCK_B2 vpn-ipv4=10.8.0.3
		new_key tun peer-id=2 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 1 32 1)
	END
	cli c batch <<-END || kt_die "c"
		new_peer tun id=2 socket=@sock:$SOCK
		new_key tun peer-id=2 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 1 32 0)
	END
	ping_all c 10.8.0.1 5
	tcp_check a c 10.8.0.3:9001 "$((BYTES / 2))"
	tcp_check c a 10.8.0.2:9001 "$((BYTES / 2))"
	tcp_check b c 10.8.0.3:9001 "$((BYTES / 2))"
	# a source that is not the peer's own
	in_c ip addr add 10.8.0.77/32 dev tun
	ping_none c 10.8.0.1 -I 10.8.0.77
	kt_is "drops of b" "$(drop_causes b)" "rx_drop_source=2 "
	# the end of one is not that of the other
	kill "$SOCK_B2"
	kt_until 10 eval '[ -z "$(peer_field b tun 2 id)" ]' ||
		kt_fail "peer 2 stays"
	ping_all a 10.8.0.1 5
}

# control_hex N: a control packet with its prefix, N in it
control_hex() {
	printf '001020%02x%02x%s' $(($1 / 256)) $(($1 % 256)) \
		"$(hex_of 13 5a)"
}

# control: packets of userspace keep their order and borders beside bulk data
test_control() {
	local n count=200 words=() want

	[ "$FAST" = 0 ] || count=60
	tunnel 4 read=1
	kill -USR1 "$SOCK_A" "$SOCK_B"
	kt_bg bulk1 "$BIN/ovpn_traffic" -n "$NS-b" mode=tcp-sink \
		on=10.8.0.1:9001 seconds=100
	kt_bg bulk2 "$BIN/ovpn_traffic" -n "$NS-a" mode=tcp-send \
		to=10.8.0.1:9001 bytes=100000000000
	kt_pause 0.3
	for ((n = 0; n < count; n++)); do
		words+=("send=$(control_hex "$n")" usleep=1000)
	done
	steps "$SOCK_A" "${words[@]}" >"$TMP/sent-a" || kt_fail "send at a"
	steps "$SOCK_B" "${words[@]}" >"$TMP/sent-b" || kt_fail "send at b"
	kt_is "accepted" "$(sort -u "$TMP/sent-a" "$TMP/sent-b")" "send=18"
	want=$(for ((n = 0; n < count; n++)); do
		echo "rx len=18 $(control_hex "$n")"
	done)
	for n in a b; do
		kt_until 20 kt_lines "tcp-$n" $((count + 1))
		kt_is "received by $n" "$(tail -n +2 "$TMP/tcp-$n")" "$want"
	done
	kt_num "while data flowed" "$(peer_field b tun 1 vpn-rx-bytes)" -gt \
		500000
	no_drops
}

# early: what came before the peer existed is not lost
test_early() {
	net_pair
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	stream_hold b accept=0.0.0.0:7002
	SOCK_B=$SOCK
	# shellcheck disable=SC2046
	kt_bg wire-a "$BIN/ovpn_wire" -n "$NS-a" tcp=connect to=10.99.0.2:7002 \
		alg=aes-gcm $(wire_key 0 32 | sed 's/ rx.*//; s/=b/=a/; s/=d/=c/') \
		peer-id=1 inner=udp,10.8.0.2,10.8.0.1,5,6,100 pids=1-5 \
		-- packet=2801020304 -- pids=6-7 seconds=30
	kt_until 15 kt_says wire-a ready || kt_die "no connection"
	kt_pause 0.5
	peer_b
	kt_is "control" "$(steps "$SOCK_B" pollin=5000 recv=100)" \
		$'poll=in,\nrecv=7 flags=none 00052801020304'
	# the keys came too late for some of the data
	kt_until 5 eval '[ "$(peer_field b tun 1 link-rx-packets)" = 7 ]' ||
		kt_fail "data" "$(cli b get_peer tun id=1)"
}

# stream_side [WORD...]: a program at a writes what WORDs say to b's peer
stream_side() {
	[ -e "/run/netns/$NS-a" ] || {
		net_pair
		dev_new b tun mp 10.8.0.1/24 fd08::1/64
	}
	kt_bg tcp-b "$BIN/ovpn_tcp" -n "$NS-b" accept=0.0.0.0:7002
	SOCK_B=$KT_PID
	mkfifo "$TMP/go" "$TMP/more" 2>/dev/null
	kt_bg wire-a "$BIN/ovpn_wire" -n "$NS-a" tcp=connect to=10.99.0.2:7002 \
		alg=aes-gcm "key=32*a0" "nonce=8*c0" \
		"rx-key=32*b0" "rx-nonce=8*d0" peer-id=1 \
		inner=udp,10.8.0.2,10.8.0.1,5,6,100 -- "wait=$TMP/go" "$@" \
		seconds=60
	WIRE=$KT_PID
	kt_until 15 kt_says tcp-b ready || kt_die "no connection"
	peer_b
	echo go >"$TMP/go"
}

# rx_packets N: b's peer has got so many data packets, and delivered them
rx_packets() {
	kt_until 15 eval '[ "$(peer_field b tun 1 vpn-rx-packets)" = '"$1"' ]' ||
		kt_fail "$1 packets" "$(cli b get_peer tun id=1)" "$(drop_causes b)"
}

# stream: many records in one write, of both kinds
test_stream() {
	stream_side pids=1-60 -- packet=28010101 -- pids=61-100
	rx_packets 100
	kt_is "drops" "$(drop_causes b)" ""
	kill "$WIRE"
	kt_reset
	stream_side join=1 pids=1-40 -- packet=28010101 -- pids=41-300 -- \
		packet=28020202 -- join=0 pids=301-302
	rx_packets 302
	kt_is "drops" "$(drop_causes b)" ""
	kt_is "control" "$(steps "$SOCK_B" pollin=5000 recv=100 recv=100 \
		recv=100)" $'poll=in,\nrecv=6 flags=none 000428010101\nrecv=6 flags=none 000428020202\nrecv=-EAGAIN'
}

# chunks: records cut anywhere: each byte alone, and other sizes
test_chunks() {
	local chunk id=1 total=0

	stream_side chunk=1 pids=1-10 -- packet=28010203 -- \
		chunk=2 pids=11-20 -- chunk=3 pids=21-30 -- \
		chunk=127 join=1 pids=31-60 -- packet=28040506 -- pids=61-70 -- \
		chunk=1447 pids=71-200 -- chunk=25 join=0 pids=201-220 -- \
		inner=udp,10.8.0.2,10.8.0.1,5,6,60000 chunk=0 pids=221-230 -- \
		chunk=1000 join=1 pids=231-240 -- join=0 pids=241
	rx_packets 241
	kt_is "drops" "$(drop_causes b)" ""
	kt_is "control" "$(steps "$SOCK_B" recv=100 recv=100)" \
		$'recv=6 flags=none 000428010203\nrecv=6 flags=none 000428040506'
}

# forged: what is wrong inside a record is dropped, and the stream goes on
test_forged() {
	stream_side pids=1-5 -- flip=30 pids=6 -- pids=7 -- pids=7 -- \
		cut=24 pids=8 -- cut=4 pids=9 -- key-id=3 pids=10 -- \
		key-id=0 pids=11
	rx_packets 7
	kt_is "drops" "$(drop_causes b)" \
		"rx_drop_short=2 rx_drop_no_key=1 rx_drop_auth=1 rx_drop_replay=1 "
}

# epoch FAMILY: keys with epochs, which are left while data flows
epoch() {
	local size bytes=0 inner=0

	need_epochs
	# from 52500 on the next one is made, which may take some time
	EPOCHS=1 EPOCH_ITEMS=(usage-max=60000) EPOCH_TX=usage=50000
	tunnel "$1"
	for size in 0 1 15 16 17 1372; do
		ping_all a 10.8.0.1 3 -s "$size"
		inner=$((inner + 3 * (size + 28)))
		bytes=$((bytes + 3 * (size + 28 + 28)))
	done
	kt_is "sent" "$(peer_field a tun 1 link-tx-bytes)" "$bytes"
	kt_is "of that inside" "$(dev_stat a tun tx bytes)" "$inner"
	kt_is "received" "$(peer_field b tun 1 link-rx-bytes)" "$bytes"
	ping_all b fd08::2 3 -s 8001
	# 66 each
	udp_check a b 10.8.0.1:9001 300 100 1000
	udp_check b a "[fd08::2]:9001" 300 100 1000
	kt_num "epoch of a" "$(epoch_of a)" -ge 2
	kt_num "epoch of b" "$(epoch_of b)" -ge 2
	no_drops
	EPOCH_ITEMS=() EPOCH_TX=
	epoch_key a 0
	epoch_key b 1
	tcp_check a b 10.8.0.1:9001 "$BYTES"
	tcp_check b a "[fd08::2]:9001" "$BYTES"
	no_drops
}

# epoch_of NS: in which it sends
epoch_of() {
	kt_field epoch "$(xcli "$1" get_key tun peer-id=1 slot=0)"
}

# epoch4: keys with epochs, over IPv4
test_epoch4() {
	epoch 4
}

# epoch6: keys with epochs, over IPv6
test_epoch6() {
	epoch 6
}

# epoch_stream: records of that format, cut anywhere, and of the next epoch
test_epoch_stream() {
	need_epochs
	EPOCHS=1
	stream_side len=32 epoch=1 chunk=1 pids=1-5 -- packet=28010203 -- \
		chunk=29 pids=6-15 -- chunk=1447 join=1 pids=16-30 -- \
		packet=28040506 -- epoch=2 pids=1-20 -- epoch=1 pids=31 -- \
		inner=udp,10.8.0.2,10.8.0.1,5,6,60000 chunk=0 join=0 epoch=2 \
		pids=21-25
	rx_packets 56
	kt_is "drops" "$(drop_causes b)" ""
	kt_is "control" "$(steps "$SOCK_B" recv=100 recv=100)" \
		$'recv=6 flags=none 000428010203\nrecv=6 flags=none 000428040506'
}

# epoch_forged: what is wrong inside such a record is dropped
test_epoch_forged() {
	need_epochs
	EPOCHS=1
	# header, id, ciphertext, the tag's last byte
	stream_side len=32 epoch=1 pids=1-5 -- flip=3 pids=6 -- flip=11 pids=6 -- \
		flip=30 pids=6 -- flip=155 pids=6 -- cut=155 pids=6 -- \
		cut=29 pids=6 -- cut=28 pids=6 -- cut=25 pids=6 -- cut=4 pids=6 -- \
		pids=5,6 -- epoch=9 pids=1 -- epoch=1 pids=7
	rx_packets 7
	kt_is "drops" "$(drop_causes b)" "rx_drop_short=3 rx_drop_epoch=1 \
rx_drop_auth=6 rx_drop_replay=1 "
}

# malformed CHUNK: streams that stop making sense
malformed() {
	local raw chunk=$1

	# lengths 0 to 3, and DATA_V1
	for raw in 0000 0001ff 0002ffff 0003ffffff 000430010203; do
		# not the fifo that stream_side uses: its writer may still be
		# there when it is opened again, and its end would count
		stream_side pids=1-3 -- wait="$TMP/more" "chunk=$chunk" \
			"raw=$raw"
		rx_packets 3
		events b
		echo go >"$TMP/more"
		event b transport-error
		kt_is "the socket is free" "$(steps "$SOCK_B" opt=ulp)" "opt=none"
		kt_reset
	done
}

# malformed: what is no record ends the peer with an error
test_malformed() {
	malformed 0
}

# pieces: the same in pieces
test_pieces() {
	malformed 1
}

# urgent: out-of-band data ends the peer, it would stop the stream
test_urgent() {
	tunnel 4
	ping_all a 10.8.0.1 2
	events b
	# a gives its socket back and sends as plain TCP
	cli a del_peer tun id=1
	kt_is "sent" "$(steps "$SOCK_A" flags=oob,dontwait send=28)" "send=1"
	event b transport-error
}

control_count() {
	grep -c 'rx len=60000' "$TMP/tcp-a"
}

control_came() {
	[ "$(control_count)" -ge "$1" ]
}

# fill PID: control packets that nobody at the other end reads, as many as the
# socket that PID holds takes; how many bytes each time in $TMP/fill
fill() {
	local n

	: >"$TMP/fill"
	for ((n = 0; n < 60; n++)); do
		steps "$1" fill=60000 usleep=500000 >>"$TMP/fill"
		! tail -n 2 "$TMP/fill" | grep -c fill=0 | grep -q 2 || break
	done
	kt_is "in the end none is accepted" "$(tail -n 1 "$TMP/fill")" \
		"fill=0 errno=EAGAIN lies=0"
}

# stall: a reader that does not read stalls everything without loss
test_stall() {
	local pid before n

	tunnel 4 read=1
	kill -USR1 "$SOCK_B"
	kt_bg_ready sink "$BIN/ovpn_traffic" -n "$NS-a" mode=tcp-sink \
		on=10.8.0.2:9001 "bytes=$((BYTES * 2))" seconds=100
	pid=$KT_PID
	# control packets that nobody at a reads, as many as b accepts
	fill "$SOCK_B"
	kt_bg send "$BIN/ovpn_traffic" -n "$NS-b" mode=tcp-send \
		to=10.8.0.2:9001 "bytes=$((BYTES * 2))"
	kt_pause 2
	before=$(peer_field a tun 1 vpn-rx-packets)
	kt_pause 1
	kt_num "a's data is held, too" "$(peer_field a tun 1 vpn-rx-packets)" \
		-eq "$before"
	# a reads: all that had been accepted comes, the data go on
	kill -USR1 "$SOCK_A"
	kt_wait "$pid" || kt_fail "data" "$(cat "$TMP/sink")"
	kt_is "writable" "$(steps "$SOCK_B" pollout=10000)" "poll=out,"
	n=$(sed 's/fill=\([0-9]*\).*/\1/' "$TMP/fill" | paste -sd+ | bc)
	kt_until 10 control_came "$n"
	kt_is "all control packets came" "$(control_count)" "$n"
	no_drops
}

# full: what is forwarded to a connection that stalls is dropped beyond 2 MB
test_full() {
	local n before

	[ "$DRIVER" = ours ] || kt_skip "the in-tree driver has no such queue"
	tunnel 4 read=1
	net_new c
	net_join c a 1
	net_router a vac
	ip -n "$NS-c" route add 10.8.0.0/24 via 10.99.1.2
	# b reads none of the control packets that stand before the data
	kill -USR1 "$SOCK_A"
	fill "$SOCK_A"
	before=$(peer_field b tun 1 link-rx-bytes)
	kt_ok "send" traffic c mode=udp-send to=10.8.0.1:9 count=12000 \
		rate=1000000 batch=40 size=1300
	kt_until 10 dropped_from_queue || kt_fail "nothing was dropped"
	kt_is "for this reason only" "$(drop_causes a)" "tx_drop_queue=* "
	# b reads: what has waited comes, and it goes on
	kill -USR1 "$SOCK_B"
	kt_until 30 answers
	n=$(($(peer_field b tun 1 link-rx-bytes) - before))
	kt_num "bytes that have waited" "$n" -ge 1000000
	kt_num "bytes that have waited" "$n" -le 8000000
	ping_all a 10.8.0.1 5
}

dropped_from_queue() {
	[ "$(ethtool_stat a tun tx_drop_queue)" -gt 0 ]
}

answers() {
	in_a ping -q -c 1 -W 1 10.8.0.1
}

# reader: a device without a reader at its control packets takes little memory
test_reader() {
	local n

	stream_side join=1 $(for n in $(seq 600); do
		echo "packet=28$(hex_of 999 01) --"; done) join=0 pids=1
	kt_pause 2
	kt_is "the data behind them waits" "$(peer_field b tun 1 vpn-rx-packets)" 0
	n=$(steps "$SOCK_B" $(for n in $(seq 600); do
		echo "pollin=5000 recv=2000"; done) | grep -c 'recv=1002 flags=none')
	kt_is "all come" "$n" 600
	rx_packets 1
}

# close: the side that closes and the other one see a disconnect
test_close() {
	local side

	for side in A B; do
		tunnel 4
		events a
		events b
		# the last words come before the end
		if [ $side = A ]; then
			steps "$SOCK_A" send=000428010203 >"$TMP/words"
			kill -KILL "$SOCK_A"
			event a transport-disconnect
			kt_is "last words" "$(steps "$SOCK_B" pollin=5000 recv=99)" \
				$'poll=in,*\nrecv=6 flags=none 000428010203'
			event b transport-disconnect
			kt_is "then the end" "$(steps "$SOCK_B" recv=99)" \
				"recv=0 flags=none "
		else
			kill -KILL "$SOCK_B"
			event a transport-disconnect
			event b transport-disconnect
		fi
		kt_ok "device is there" ip -n "$NS-a" link show tun
		kt_reset
	done
}

# reset: a connection that is reset, and one that is shut down
test_reset() {
	tunnel 4
	events a
	events b
	# unread bytes make TCP reset: b leaves its socket, a sends
	cli b del_peer tun id=1
	steps "$SOCK_A" send=000428010203 >"$TMP/words"
	kt_until 5 eval '[ "$(steps $SOCK_B pollin=100)" = poll=in, ]'
	kill -KILL "$SOCK_B"
	event b userspace
	event a transport-disconnect
	kt_reset
	tunnel 6
	events a
	events b
	kt_is "shutdown" "$(steps "$SOCK_A" shutdown=wr)" "shutdown=0"
	event b transport-disconnect
	kt_is "no more words" "$(steps "$SOCK_A" send=000428010203)" "send=-EPIPE"
	# and no more data
	in_a ping -c 1 -W 1 10.8.0.1 >"$TMP/out" 2>&1
	event a transport-error
}

# poll: readable with a control packet, writable with room for one
test_poll() {
	tunnel 4
	ping_all a 10.8.0.1 5
	kt_is "nothing" "$(steps "$SOCK_B" pollin=100 poll=0)" \
		$'poll=\npoll=out,'
	steps "$SOCK_A" send=000428010203 >"$TMP/words"
	kt_is "a packet" "$(steps "$SOCK_B" pollin=5000 poll=0 recv=99 poll=0)" \
		$'poll=in,\npoll=in,out,\nrecv=6 flags=none 000428010203\npoll=out,'
	# "out" is what the next send says, all the way
	kt_is "fill" "$(steps "$SOCK_A" fill=30000)" \
		"fill=* errno=EAGAIN lies=0"
	# whoever waits for room gets it
	kt_is "room" "$(steps "$SOCK_A" block=20000 flags=none \
		send=000428010203 & steps "$SOCK_B" block=1000 flags=none \
		drain=9 >"$TMP/out"; wait)" "send=6"
	kt_is "nothing is left" "$(cat "$TMP/out")" "drain=[1-9]* errno=EAGAIN"
}

# recv: one packet at a time, cut like a datagram
test_recv() {
	tunnel 6
	steps "$SOCK_A" send=000828010203aabbccdd send=000428010203 \
		send=000428040506 >"$TMP/words"
	kt_is "peek" "$(steps "$SOCK_B" pollin=5000 flags=peek,dontwait recv=99)" \
		$'poll=in,\nrecv=10 flags=none 000828010203aabbccdd'
	kt_is "cut" "$(steps "$SOCK_B" recv=4)" "recv=4 flags=trunc 00082801"
	kt_is "cut, full length" \
		"$(steps "$SOCK_B" usleep=200000 flags=trunc,dontwait recv=4)" \
		"recv=6 flags=trunc 00042801"
	kt_is "by splice" "$(steps "$SOCK_B" splice=99)" "splice=6 000428040506"
	kt_is "empty" "$(steps "$SOCK_B" recv=99 flags=dontwait,oob recv=9)" \
		$'recv=-EAGAIN\nrecv=-EOPNOTSUPP'
	kt_is "waits in vain" "$(steps "$SOCK_B" block=300 flags=none recv=99)" \
		"recv=-EAGAIN"
	kt_bg waits "$BIN/ovpn_tcp" "pid=$SOCK_B" block=20000 flags=none recv=99 \
		recv=99
	kt_pause 0.3
	steps "$SOCK_A" send=000428070809 >"$TMP/words"
	kt_until 10 kt_says waits recv
	kt_is "waits" "$(cat "$TMP/waits")" "recv=6 flags=none 000428070809"
	# and no longer than the peer is there
	cli b del_peer tun id=1
	kt_wait "$KT_PID"
	kt_is "in vain" "$(tail -n 1 "$TMP/waits")" "recv=-EBADF"
}

# send: one whole packet, and no flags that mean anything
test_send() {
	tunnel 4
	kt_is "flags" "$(steps "$SOCK_A" flags=dontwait,more send=000428010203 \
		flags=oob send=000428010203)" $'send=-EOPNOTSUPP\nsend=-EOPNOTSUPP'
	kt_is "no record" "$(steps "$SOCK_A" send= send=00 send=0000 \
		send=000528010203 send=000328010203 | sort | uniq -c)" \
		"*5 send=-EINVAL"
	kt_is "two records" "$(steps "$SOCK_A" \
		send=000428010203000428010203)" "send=-EINVAL"
	kt_is "disconnect" "$(steps "$SOCK_A" disconnect=1)" "disconnect=-EBUSY"
	kt_is "kTLS" "$(steps "$SOCK_A" opt=set-ulp)" "opt=-E*"
	kt_is "one record" "$(steps "$SOCK_A" send=000428010203)" "send=6"
	kt_is "comes alone" "$(steps "$SOCK_B" pollin=5000 recv=99 recv=99)" \
		$'poll=in,\nrecv=6 flags=none 000428010203\nrecv=-EAGAIN'
	ping_all a 10.8.0.1 2
}

# refused WHAT TEXT ITEM...: a PEER_NEW at b that fails
refused() {
	local what=$1 text=$2

	shift 2
	kt_not "$what" cli b new_peer tun "$@"
	kt_is "$what" "$(cat "$TMP/out")" "*: $text*"
}

# attach: which sockets are taken
test_attach() {
	local items="vpn-ipv4=10.8.0.9"

	tunnel 4
	refused "a second peer" "ENOTSOCK: ovpn: the socket has another user" \
		id=2 "socket=@sock:$SOCK_B" $items
	refused "a remote address" "EINVAL: ovpn: TCP takes no remote address" \
		id=2 "socket=@sock:$SOCK_B" $items remote-ipv4=10.99.0.1 \
		remote-port=7001
	kt_not "a remote address later" cli b set_peer tun id=1 \
		remote-ipv4=10.99.0.1 remote-port=7001
	kt_is "a remote address later" "$(cat "$TMP/out")" \
		"*: EINVAL: ovpn: TCP takes no remote address*"
	kt_ok "other things later" cli b set_peer tun id=1 tx-id=1 \
		keepalive-interval=10 keepalive-timeout=60
	# an id that is taken leaves the socket as it was
	cli b del_peer tun id=1
	kt_ok "again" cli b new_peer tun id=1 "socket=@sock:$SOCK_B" $items
	stream_hold b accept=0.0.0.0:7005
	stream_hold a connect=10.99.0.2:7005
	kt_until 10 kt_says tcp-b ready
	SOCK_C=$(pgrep -f "ovpn_tcp -n $NS-b accept=0.0.0.0:7005")
	kt_not "the id" cli b new_peer tun id=1 "socket=@sock:$SOCK_C" \
		vpn-ipv4=10.8.0.10
	kt_is "the id" "$(cat "$TMP/out")" "*: EEXIST*"
	kt_is "free" "$(steps "$SOCK_C" opt=ulp poll=0)" $'opt=none\npoll=out,'
	kill "$SOCK"
	kt_until 10 eval '[[ $(steps $SOCK_C pollin=100) == *rdhup* ]]'
	refused "closed by the other" \
		"ENOTSOCK: ovpn: the TCP socket is not connected" \
		id=2 "socket=@sock:$SOCK_C" $items
}

# restore: after its peer a socket is TCP as before
test_restore() {
	local family

	for family in 4 6; do
		tunnel $family
		kt_is "taken" "$(steps "$SOCK_A" opt=ulp opt=nodelay)" \
			$'opt=ovpn\nopt=1'
		ping_all a 10.8.0.1 3
		cli a del_peer tun id=1
		cli b del_peer tun id=1
		kt_is "given back" "$(steps "$SOCK_A" opt=ulp opt=nodelay)" \
			$'opt=none\nopt=0'
		kt_is "any bytes" "$(steps "$SOCK_A" send=ff send=0102030405)" \
			$'send=1\nsend=5'
		kt_until 10 eval '[ "$(steps $SOCK_B flags=peek,dontwait recv=9)" = "recv=6 flags=none ff0102030405" ]' ||
			kt_fail "do not come"
		steps "$SOCK_B" recv=9 >"$TMP/words"
		# and it can be taken again
		peer_a
		peer_b
		ping_all a fd08::1 3
		no_drops
		kt_reset
	done
}

# addrform: an IPv6 socket that could become one of IPv4 stays what it is while it
# has a peer; one that has become one is taken like any other
test_addrform() {
	net_pair
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	stream_hold b accept=0.0.0.0:7002
	SOCK_B=$SOCK
	stream_hold a "connect=[::ffff:10.99.0.2]:7002"
	SOCK_A=$SOCK
	kt_until 15 kt_says tcp-a ready || kt_die "no connection"
	kt_until 15 kt_says tcp-b ready || kt_die "not accepted"
	peer_a
	peer_b
	kt_not "refused" cli a sock_set "$SOCK_A" addrform 2
	ping_all a 10.8.0.1 5
	cli a del_peer tun id=1
	cli b del_peer tun id=1
	kt_ok "free" cli a sock_set "$SOCK_A" addrform 2
	peer_a
	peer_b
	ping_all b fd08::2 5
	kill -KILL "$SOCK_A"
	kt_until 10 eval '[ -z "$(cli a dump tun)$(cli b dump tun)" ]' ||
		kt_fail "a peer outlives its connection"
	no_drops
}

# routed: the outer connection is routed into its own tunnel
test_routed() {
	tunnel 4
	ping_all a 10.8.0.1 2
	ip -n "$NS-a" route add 10.99.0.2/32 dev tun
	in_a ping -c 3 -i 0.2 -W 1 10.8.0.1 >"$TMP/out" 2>&1
	kt_is "drops of a" "$(drop_causes a)" "tx_drop_no_route=*"
	kt_ok "out of the loop" ip -n "$NS-a" route del 10.99.0.2/32 dev tun
	kt_until 20 in_a ping -c 1 -W 1 10.8.0.1 || kt_fail "does not recover"
}

# load: traffic both ways that does not end by itself
load() {
	kt_bg load1 "$BIN/ovpn_traffic" -n "$NS-a" mode=udp-send \
		to=10.8.0.1:9 size=1300 rate=2000
	kt_bg load2 "$BIN/ovpn_traffic" -n "$NS-b" mode=udp-send \
		"to=[fd08::2]:9" size=300 rate=2000
	kt_bg load3 "$BIN/ovpn_traffic" -n "$NS-b" mode=tcp-sink \
		on=10.8.0.1:9001 seconds=100
	kt_bg load4 "$BIN/ovpn_traffic" -n "$NS-a" mode=tcp-send \
		to=10.8.0.1:9001 bytes=100000000000
	kt_pause 0.5
}

# closefd: the socket is closed under load
test_closefd() {
	local n

	for ((n = 0; n < ROUNDS; n++)); do
		tunnel 4 read=1
		load
		kill -USR1 "$SOCK_A"
		kill -KILL "$SOCK_A"
		kt_until 20 eval '[ -z "$(cli a dump tun)" ]' ||
			kt_fail "peer of a outlives its socket"
		kt_until 20 eval '[ -z "$(cli b dump tun)" ]' ||
			kt_fail "peer of b outlives its connection"
		kt_reset
	done
}

# deldev: the device is deleted under load
test_deldev() {
	local n

	for ((n = 0; n < ROUNDS; n++)); do
		tunnel 6 read=1
		kill -USR1 "$SOCK_A" "$SOCK_B"
		load
		kt_ok "delete b's" timeout 20 ip -n "$NS-b" link del tun
		kt_ok "delete a's" timeout 20 ip -n "$NS-a" link del tun
		kt_reset
	done
}

# delpeer: peers come and go on one socket, under load, from both sides
test_delpeer() {
	local n

	tunnel 4
	load
	for ((n = 0; n < ROUNDS; n++)); do
		# at any place of the stream, so it is of no more use
		cli a del_peer tun id=1 2>"$TMP/out"
		cli b del_peer tun id=1 2>"$TMP/out"
		kill "$SOCK_A" "$SOCK_B"
		stream_new 4
		peer_a
		peer_b
		# what is too much for the connection is dropped
		kt_until 20 in_a ping -q -n -c 1 -W 1 10.8.0.1 ||
			kt_fail "round $n: no way through"
	done
}

kt_main "$@"
