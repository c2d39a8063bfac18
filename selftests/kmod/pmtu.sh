#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Packets that do not fit the way to the peer: fragmented outside, or, if the
# socket forbids it (IP_MTU_DISCOVER), answered with the size that would fit.
#
#	+-- d --+     +------ a ------+     +---- c ----+     +------ b ------+
#	| host  |     | tun p2p       |     |  router   |     | tun mp        |
#	|       |     | 10.8.0.2      |     |           |     | 10.8.0.1      |
#	|  vda  |-----|vad         vac|-----|vca     vcb|-----|vbc            |
#	|  .1   |  2  | .2 :7001   .1 |  0  | .2     .1 |  1  | .2 :7002      |
#	+-------+     +---------------+     +-----------+     +---------------+
#
# Network N is 10.99.N.0/24 and fd99:N::/64. Over IPv4 a packet of 1500 bytes
# has room for 1448 inside, over IPv6 for 1428; with epochs it is 4 less each.

TESTS="off df4 df6 probe learned4 learned6 forwarded super least epoch_df4
	epoch_df6 epoch_learned4 epoch_learned6 epoch_super"
. "$(dirname "$0")/lib.sh"

# what ovpn_wire opens with, and what sealing adds
WIRE_KEY=$(wire_key 0 32)
SEAL=24
EPOCHS=0

# with_epochs: tunnels of this test have keys with epochs
with_epochs() {
	need_epochs
	WIRE_KEY=$(epoch_wire)
	SEAL=28
	EPOCHS=1
}

# routed: namespaces a, c and b and the way between a and b
routed() {
	net_new a b c
	net_join a c 0
	net_join c b 1
	net_router c vca vcb
	ip -n "$NS-a" route add 10.99.1.0/24 via 10.99.0.2
	ip -n "$NS-a" route add fd99:1::/64 via fd99::2
	ip -n "$NS-b" route add 10.99.0.0/24 via 10.99.1.1
	ip -n "$NS-b" route add fd99::/64 via fd99:1::1
}

# tunnel FAMILY [PMTUDISC]: both devices with MTU 1500
tunnel() {
	sock_new a "$(outer_any "$1" 7001)"
	SOCK_A=$SOCK
	sock_new b "$(outer_any "$1" 7002)"
	[ $# -lt 2 ] || cli a sock_set "$SOCK_A" pmtudisc "$2" ||
		kt_die "pmtudisc"
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	ip -n "$NS-a" link set tun mtu 1500
	ip -n "$NS-b" link set tun mtu 1500
	cli a batch <<-END || kt_die "set up a"
		new_peer tun id=1 socket=@sock:$SOCK_A \
			$(outer_words "$1" 1 2) remote-port=7002
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 0 32 0)
	END
	cli b batch <<-END || kt_die "set up b"
		new_peer tun id=1 socket=@sock:$SOCK vpn-ipv4=10.8.0.2 \
			vpn-ipv6=fd08::2 $(outer_words "$1" 0 1) remote-port=7001
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 0 32 1)
	END
	[ "$EPOCHS" = 0 ] || {
		epoch_key a 0
		epoch_key b 1
	}
}

# mtu_of NS ADDRESS: what the sender has learned
mtu_of() {
	ip -n "$NS-$1" route get "$2" | sed -n 's/.* mtu \([0-9]*\).*/\1/p'
}

# frag_creates NS: outer fragments made so far, of both families
frag_creates() {
	ip netns exec "$NS-$1" sh -c '
		awk "/^Ip: [0-9]/ { print \$20 }" /proc/net/snmp
		awk "/^Ip6FragCreates/ { print \$2 }" /proc/net/snmp6' |
		awk '{ n += $1 } END { print n }'
}

# too_big NS ADDRESS SIZE MTU: a ping of SIZE with DF does not go, and the
# sender learns MTU
too_big() {
	ping_none "$1" "$2" -M "do" -s "$3"
	kt_is "size learned for $2" "$(mtu_of "$1" "$2")" "$4"
}

# off: by default what does not fit leaves in fragments, DF inside or not
test_off() {
	local family before

	for family in 4 6; do
		routed
		tunnel "$family"
		before=$(frag_creates a)
		ping_all a 10.8.0.1 2 -M "do" -s 1472
		ping_all a 10.8.0.1 2 -M dont -s 1472
		ping_all a fd08::1 2 -M "do" -s 1452
		kt_num "fragments" "$(($(frag_creates a) - before))" -ge 12
		kt_is "nothing learned" "$(mtu_of a 10.8.0.1)" ""
		kt_is "no drop" "$(dev_stat a tun tx dropped)" 0
		kt_reset
	done
}

# forbidden FAMILY FITS: with IP_PMTUDISC_DO
forbidden() {
	local before family=$1 fits=$2 note=wire

	routed
	tunnel "$family" 2
	before=$(frag_creates a)
	too_big a 10.8.0.1 1472 "$fits"
	too_big a fd08::1 1452 "$fits"
	[ "$family" = 6 ] || note="wire df"
	kt_bg_ready seen "$BIN/ovpn_wire" -n "$NS-b" sniff=vbc to=x:7002 \
		$WIRE_KEY count=3 seconds=20
	ping_all a 10.8.0.1 1 -M "do" -s $((fits - 28))
	ping_all a fd08::1 1 -M "do" -s $((fits - 48))
	# a sender that does not care about DF makes smaller packets
	ping_all a 10.8.0.1 1 -M dont -s 1472
	kt_wait "$KT_PID" || kt_fail "seen" "$(cat "$TMP/seen")"
	kt_is "outside" "$(sed -n 2p "$TMP/seen")" \
		"rx $note peer-id=1 *len=$((fits + SEAL)) ok ip4 *"
	# the last ping is cut before it is sealed
	kt_is "no fragments outside" "$(($(frag_creates a) - before))" "$3"
	kt_num "counted" "$(dev_stat a tun tx dropped)" -ge 2
	# and allowed again
	kt_ok "allow" cli a sock_set "$SOCK_A" pmtudisc 0
	ip -n "$NS-a" route flush cache
	ping_all a 10.8.0.1 1 -M "do" -s 1472
	kt_reset
}

# df4: a socket that forbids fragments, over IPv4
test_df4() {
	forbidden 4 1448 2
}

# df6: a socket that forbids fragments, over IPv6
test_df6() {
	forbidden 6 1428 2
}

# probe: IP_PMTUDISC_PROBE goes by the device, not by what was learned
test_probe() {
	routed
	ip -n "$NS-a" route change 10.99.1.0/24 via 10.99.0.2 mtu 1400
	tunnel 4 3
	ping_all a 10.8.0.1 1 -M "do" -s $((1448 - 28))
	too_big a 10.8.0.1 1472 1448
}

# learned FAMILY FITS: a router on the way has a smaller link
learned() {
	routed
	ip -n "$NS-c" link set vcb mtu 1400
	ip -n "$NS-b" link set vbc mtu 1400
	tunnel "$1" 2
	# the router tells our host about a packet outside, which is lost: the
	# largest that our own link takes
	ping_none a 10.8.0.1 -M "do" -s $(($2 + 100 - 28))
	too_big a 10.8.0.1 $(($2 + 100 - 28)) "$2"
	ping_all a 10.8.0.1 2 -M "do" -s $(($2 - 28))
	too_big a fd08::1 $(($2 + 100 - 48)) "$2"
	kt_reset
}

# epoch_df4: a socket that forbids fragments, over IPv4, and a key with epochs
test_epoch_df4() {
	with_epochs
	forbidden 4 1444 2
}

# epoch_df6: a socket that forbids fragments, over IPv6, and a key with epochs
test_epoch_df6() {
	with_epochs
	forbidden 6 1424 2
}

# learned4: what routers say about the outer packets counts, IPv4
test_learned4() {
	learned 4 1348
}

# learned6: what routers say about the outer packets counts, IPv6
test_learned6() {
	learned 6 1328
}

# epoch_learned4: the same with a key that has epochs, IPv4
test_epoch_learned4() {
	with_epochs
	learned 4 1344
}

# epoch_learned6: the same with a key that has epochs, IPv6
test_epoch_learned6() {
	with_epochs
	learned 6 1324
}

# forwarded: the answer reaches a sender behind us
test_forwarded() {
	routed
	net_new d
	net_join d a 2
	net_router a vad
	ip -n "$NS-d" route add 10.8.0.0/24 via 10.99.2.2
	ip -n "$NS-d" route add fd08::/64 via fd99:2::2
	tunnel 4 2
	ip -n "$NS-b" route add 10.99.2.0/24 via 10.8.0.2 dev tun
	ip -n "$NS-b" route add fd99:2::/64 via fd08::2 dev tun
	ping_all d 10.8.0.1 1 -M "do" -s $((1448 - 28))
	too_big d 10.8.0.1 1472 1448
	ping_all d fd08::1 1 -M "do" -s $((1448 - 48))
	too_big d fd08::1 1452 1448
}

# sent_since N: the device has sent so many packets more
sent_since() {
	[ "$(dev_stat a tun tx packets)" -gt $(($1 + 500)) ]
}

was_too_big() {
	[ "$(dev_stat a tun tx dropped)" -ge 1 ]
}

# super FITS: the segments of a connection become too big while it lasts
super() {
	local before

	routed
	tunnel 4 2
	before=$(frag_creates a)
	# it lasts until the test ends
	kt_bg_ready tcp-sink "$BIN/ovpn_traffic" -n "$NS-b" \
		mode=tcp-sink on=10.8.0.1:9001 seconds=300
	kt_bg tcp-send "$BIN/ovpn_traffic" -n "$NS-a" \
		mode=tcp-send to=10.8.0.1:9001 bytes=1000000000000
	kt_until 20 sent_since 0 || kt_fail "no traffic"
	ip -n "$NS-a" route change 10.99.1.0/24 via 10.99.0.2 mtu 1300
	kt_until 20 was_too_big || kt_fail "nothing is too big"
	kt_until 20 sent_since "$(dev_stat a tun tx packets)" ||
		kt_fail "traffic does not go on"
	kt_is "size learned" "$(mtu_of a 10.8.0.1)" "$1"
	kt_is "no fragments" "$(frag_creates a)" "$before"
}

# super: the segments of a connection become too big while it lasts
test_super() {
	super 1248
}

# epoch_super: the same where sealing adds more
test_epoch_super() {
	with_epochs
	super 1244
}

# least: an IPv6 packet of 1280 bytes arrives on any path
test_least() {
	local before

	routed
	ip -n "$NS-a" route change 10.99.1.0/24 via 10.99.0.2 mtu 1300
	tunnel 4 2
	before=$(frag_creates a)
	ping_all a fd08::1 1 -M "do" -s $((1280 - 48))
	kt_is "in fragments" "$(($(frag_creates a) - before))" 2
	too_big a fd08::1 $((1281 - 48)) 1280
	too_big a 10.8.0.1 $((1249 - 28)) 1248
}

kt_main "$@"
