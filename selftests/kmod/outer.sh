#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The outer packets: addresses, routes, class and congestion marks; and answers
# to senders whose packets have no way.
#
#	+-------- a --------+                      +-------- b --------+
#	| tun p2p           |     10.99.0.0/24     | tun mp, or        |
#	| 10.8.0.2          |     fd99::/64        | ovpn_wire         |
#	|    vab .1, ::1    |----------------------|   vba .2, ::2     |
#	|    lo  10.97.0.1  |     10.98.0.0/24     |   lo  10.97.0.2   |
#	|        fd97::1    |     fd98::/64        |       fd97::2     |
#	|    wab .1, ::1    |----------------------|   wba .2, ::2     |
#	|  :7001            |                      |  :7002            |
#	+-------------------+                      +-------------------+
#
# The second link and the addresses of "lo" are there where a test has two ways.

TESTS="class ecn4 ecn6 nopeer noroute forwarded bound4 bound6 mapped scope
	netns dev dev6 mark mark6 uid multipath vrf vrf_inner vanish4 vanish6"
LIMIT=900
. "$(dirname "$0")/lib.sh"

# second_link: another way between a and b, and addresses reached by both; the
# first is preferred
second_link() {
	ip -n "$NS-a" link add wab type veth peer name wba netns "$NS-b"
	ip -n "$NS-a" -batch - <<-END
		addr add 10.98.0.1/24 dev wab
		addr add fd98::1/64 dev wab nodad
		link set wab up
		addr add 10.97.0.1/32 dev lo
		addr add fd97::1/128 dev lo nodad
		route add 10.97.0.2/32 via 10.99.0.2 metric 10
		route add 10.97.0.2/32 via 10.98.0.2 metric 20
		route add fd97::2/128 via fd99::2 metric 10
		route add fd97::2/128 via fd98::2 metric 20
	END
	ip -n "$NS-b" -batch - <<-END
		addr add 10.98.0.2/24 dev wba
		addr add fd98::2/64 dev wba nodad
		link set wba up
		addr add 10.97.0.2/32 dev lo
		addr add fd97::2/128 dev lo nodad
		route add 10.97.0.1/32 via 10.99.0.1
		route add fd97::1/128 via fd99::1
	END
}

# key_a: the key of a's only peer
key_a() {
	cli a new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
		$(key_items 0 32 0) || kt_die "key of a"
}

# device_new ADDR:PORT ITEM...: "tun" in a with one peer on a socket at ADDR
device_new() {
	sock_new a "$1"
	shift
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	kt_ok "peer" cli a new_peer tun id=1 "socket=@sock:$SOCK" \
		remote-port=7002 "$@"
	key_a
}

# receiver FILE ADDR COUNT: ovpn_wire at b
receiver() {
	kt_bg_ready "$1" "$BIN/ovpn_wire" -n "$NS-b" "on=$2" \
		$(wire_key 0 32) "count=$3" seconds=20
}

# leaves WHAT PATTERN: a ping from a comes from this outer address
leaves() {
	in_a ping -q -c 1 -W 0.1 10.8.0.1 >/dev/null
	kt_wait "$KT_PID" || kt_fail "$1" "$(cat "$TMP/got")"
	kt_is "$1" "$(sed -n 2p "$TMP/got")" "rx $2 *ok*"
}

# packets_on DEV: what b has received on a link, in packets
packets_on() {
	dev_stat b "$1" rx packets
}

# ways WHAT OP N OP N: of 10 pings so many take the first way, so many the
# second; replies take the first. ARP may come on top.
ways() {
	local v w

	v=$(packets_on vba) w=$(packets_on wba)
	ping_all a 10.8.0.1 10
	kt_num "$1: first way" $(($(packets_on vba) - v)) "$2" "$3"
	kt_num "$1: second way" $(($(packets_on wba) - w)) "$4" "$5"
}

# two_ways FAMILY: a tunnel between the addresses of "lo", from a socket of a at
# any address
two_ways() {
	local remote=remote-ipv4=10.97.0.2

	[ "$1" = 4 ] || remote=remote-ipv6=fd97::2
	net_pair
	second_link
	# to ask for a neighbour from, whichever address packets come from
	ip -n "$NS-a" addr add fe80::1/64 dev vab nodad
	ip -n "$NS-a" addr add fe80::1/64 dev wab nodad
	sock_new b "$(outer_any "$1" 7002)"
	SOCK_B=$SOCK
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	cli b batch <<-END || kt_die "set up b"
		new_peer tun id=1 socket=@sock:$SOCK_B vpn-ipv4=10.8.0.2 \
			$(outer_words "$1" 0 1) remote-port=7001
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 0 32 1)
	END
	device_new "$(outer_any "$1" 7001)" "$remote"
}

# class: the class inside is that outside, both families in both
test_class() {
	local family

	for family in 4 6; do
		net_pair
		tunnel_new aes-gcm 32 "$family"
		kt_bg_ready seen "$BIN/ovpn_wire" -n "$NS-b" sniff=vba \
			to=x:7002 $(wire_key 0 32) count=4 seconds=20
		ping_all a 10.8.0.1 1 -Q 0xb8
		ping_all a fd08::1 1 -Q 0x2a
		ping_all a 10.8.0.1 1
		ping_all a 10.8.0.1 1 -Q 0x03
		kt_wait "$KT_PID"
		kt_is "over IPv$family" "$(sed -n 's/^rx wire//p' "$TMP/seen" |
			sed 's/peer-id.*tos/in/; s/peer-id.*/in=00/' |
			tr '\n' ';')" \
			" tos=b8 in=b8; tos=2a in=2a; in=00; tos=03 in=03;"
		kt_reset
	done
}

# Rows of ECN: outside, inside, delivered; "-" is a drop. 0 is not capable, 2
# is ECT(0), 1 is ECT(1), 3 is congestion experienced (RFC 6040, figure 4).
ECN="0:0:0 2:0:0 1:0:0 3:0:- 0:2:2 2:2:2 1:2:1 3:2:3 0:1:1 2:1:1 1:1:1 3:1:3
	0:3:3 2:3:3 1:3:3 3:3:3"

# ecn FAMILY: from b into the tunnel; inside both families, of a class of its
# own, which stays
ecn() {
	local row outer inner result n=0 want='' send=() src

	net_pair
	device_new "$(outer_any "$1" 7001)" $(outer_words "$1" 0 2)
	for src in 10.8.0.1,10.8.0.2 fd08::1,fd08::2; do
		for row in $ECN; do
			IFS=: read -r outer inner result <<<"$row"
			n=$((n + 1))
			send+=("pids=$n" "tos=$outer" "inner-tos=$((40 + inner))"
				"inner=udp,$src,$((1000 + n)),9,20" --)
			[ "$result" = - ] ||
				want+="$(printf %02x $((40 + result))) "
		done
	done
	send+=(pids=)
	kt_bg_ready got "$BIN/ovpn_wire" -n "$NS-a" via=tun count=30 seconds=20
	if [ "$1" = 4 ]; then
		set -- on=10.99.0.2:7002 to=10.99.0.1:7001
	else
		set -- "on=[fd99::2]:7002" "to=[fd99::1]:7001"
	fi
	kt_ok "send" wire b "$@" $(wire_key 0 32) peer-id=1 "${send[@]}"
	kt_wait "$KT_PID" || kt_fail "received" "$(tail -n 3 "$TMP/got")"
	kt_is "delivered" "$(sed -n 's/.* ok .*proto=17 .*tos=//p' "$TMP/got" |
		tr '\n' ' ')" "$want"
	kt_is "dropped" "$(dev_stat a tun rx dropped)" 2
}

# ecn4: congestion outside is seen inside, over IPv4
test_ecn4() {
	ecn 4
}

# ecn6: congestion outside is seen inside, over IPv6
test_ecn6() {
	ecn 6
}

# unreachable NS ADDRESS [OPTION...]: the answer to a ping is that
unreachable() {
	local ns=$1 to=$2

	shift 2
	ip netns exec "$NS-$ns" ping -n -c 1 -W 2 "$@" "$to" \
		>"$TMP/ping" 2>&1
	kt_is "ping $to" "$(grep -io 'host unreachable\|address unreachable' \
		"$TMP/ping" | head -n 1)" "*[Uu]nreachable" ||
		kt_note "$(cat "$TMP/ping")"
}

# nopeer: a destination that no peer has
test_nopeer() {
	net_pair
	tunnel_new aes-gcm 32 4
	unreachable b 10.8.0.99
	unreachable b fd08::99
	kt_is "counted" "$(dev_stat b tun tx dropped)" 2
	# and the peer is still there
	ping_all b 10.8.0.2 2
}

# noroute: no way to the peer's outer address
test_noroute() {
	net_pair
	device_new 0.0.0.0:7001 remote-ipv4=10.77.0.2
	unreachable a 10.8.0.1
	unreachable a fd08::1
	kt_is "counted" "$(dev_stat a tun tx dropped)" 2
	kt_is "sent" "$(peer_field a tun 1 link-tx-packets)" 0
}

# forwarded: the answer reaches a sender behind us, at a limited rate
test_forwarded() {
	local before after

	net_pair
	net_new c
	net_join c b 3
	net_router b vbc
	ip -n "$NS-c" route add 10.8.0.0/24 via 10.99.3.2
	ip -n "$NS-c" route add fd08::/64 via fd99:3::2
	tunnel_new aes-gcm 32 4
	unreachable c 10.8.0.99
	unreachable c fd08::99
	before=$(in_b awk '/^Icmp: [0-9]/ { print $16 }' /proc/net/snmp)
	traffic c mode=udp-send to=10.8.0.98:9 count=300 rate=3000 >/dev/null
	after=$(in_b awk '/^Icmp: [0-9]/ { print $16 }' /proc/net/snmp)
	kt_num "answers to 300 packets" $((after - before)) -lt 100
}

# bound4: without a local address packets leave from the socket's, IPv4
test_bound4() {
	net_pair
	ip -n "$NS-a" addr add 10.99.0.11/24 dev vab
	device_new 10.99.0.11:7001 remote-ipv4=10.99.0.2
	kt_is "as userspace gave it" "$(peer_field a tun 1 local-ipv4)" 0.0.0.0
	receiver got 10.99.0.2:7002 1
	leaves "bound" 10.99.0.11:7001
	# what userspace gives is stronger
	kt_ok "set" cli a set_peer tun id=1 remote-ipv4=10.99.0.2 \
		remote-port=7002 local-ipv4=10.99.0.1
	receiver got 10.99.0.2:7002 1
	leaves "given" 10.99.0.1:7001
}

# bound6: without a local address packets leave from the socket's, IPv6
test_bound6() {
	net_pair
	ip -n "$NS-a" addr add fd99::11/64 dev vab nodad preferred_lft 0
	device_new "[fd99::11]:7001" remote-ipv6=fd99::2
	receiver got "[fd99::2]:7002" 1
	leaves "bound" "[[]fd99::11[]]:7001"
}

# mapped: IPv4 over a socket of both families, addresses given as v4-mapped
test_mapped() {
	net_pair
	device_new "[::]:7001" remote-ipv6=::ffff:10.99.0.2 \
		local-ipv6=::ffff:10.99.0.1
	kt_is "remote" "$(peer_field a tun 1 remote-ipv4)" 10.99.0.2
	receiver got 10.99.0.2:7002 1
	leaves "mapped" 10.99.0.1:7001
	# no scope, no IPv6 on the wire; and back
	kt_ok "back" wire b on=10.99.0.2:7002 to=10.99.0.1:7001 \
		$(wire_key 0 32) peer-id=1 pids=1 \
		inner=udp,10.8.0.1,10.8.0.2,5,9,20
	kt_is "received" "$(peer_field a tun 1 vpn-rx-packets)" 1
}

# scope: the same link-local address on two links; the peer floats between them
test_scope() {
	net_pair
	second_link
	ip -n "$NS-a" addr add fe80::1/64 dev vab nodad
	ip -n "$NS-a" addr add fe80::1/64 dev wab nodad
	ip -n "$NS-b" addr add fe80::2/64 dev vba nodad
	ip -n "$NS-b" addr add fe80::2/64 dev wba nodad
	device_new "[::]:7001" remote-ipv6=fe80::2 remote-ipv6-scope-id=@wab
	receiver got "[fe80::2%wba]:7002" 1
	leaves "second link" "[[]fe80::1[]]:7001"
	kt_ok "set" cli a set_peer tun id=1 remote-ipv6=fe80::2 \
		remote-port=7002 remote-ipv6-scope-id=@vab
	receiver got "[fe80::2%vba]:7002" 1
	leaves "first link" "[[]fe80::1[]]:7001"
	kt_ok "float" wire b "on=[fe80::2%wba]:7003" "to=[fe80::1%wba]:7001" \
		$(wire_key 0 32) peer-id=1 pids=1 inner=ping
	kt_is "scope" "$(peer_field a tun 1 remote-ipv6-scope-id)" \
		"$(dev_attr a wab ifindex)"
	receiver got "[fe80::2%wba]:7003" 1
	leaves "where it floated" "[[]fe80::1[]]:7001"
	# nothing but the link is another one
	kt_bg_ready events "$BIN/ovpn_cli" -n "$NS-a" listen 600
	kt_ok "back" wire b "on=[fe80::2%vba]:7003" "to=[fe80::1%vab]:7001" \
		$(wire_key 0 32) peer-id=1 pids=2 inner=ping
	kt_is "scope after it" "$(peer_field a tun 1 remote-ipv6-scope-id)" \
		"$(dev_attr a vab ifindex)"
	kt_until 10 kt_lines events 2
	kt_is "told" "$(tail -n 1 "$TMP/events")" \
		"PEER_FLOAT_NTF *remote-ipv6-scope-id=$(dev_attr a vab ifindex) *"
	receiver got "[fe80::2%vba]:7003" 1
	leaves "after the float of the link" "[[]fe80::1[]]:7001"
}

# netns: the device in another namespace than the socket
test_netns() {
	net_pair
	net_new c
	tunnel_new aes-gcm 32 4
	ip -n "$NS-a" link set tun netns "$NS-c"
	ip -n "$NS-c" -batch - <<-END
		addr add 10.8.0.2/24 dev tun
		addr add fd08::2/64 dev tun nodad
		link set tun up
	END
	ping_all c 10.8.0.1 2
	ping_all b fd08::2 2
	tcp_check c b 10.8.0.1:9001 200000
	# too big to leave in one piece: the answer is made in the device's
	cli a sock_set "$SOCK_A" pmtudisc 2
	ip -n "$NS-c" link set tun mtu 1500
	ping_none c 10.8.0.1 -M "do" -s 1472
	kt_is "size learned" "$(ip -n "$NS-c" route get 10.8.0.1 |
		sed -n 's/.* mtu \([0-9]*\).*/\1/p')" 1448
}

# bound FAMILY: the device that the socket is bound to, also when that changes
bound() {
	two_ways "$1"
	ways "not bound" -ge 10 -le 4
	kt_ok "bind" cli a sock_set "$SOCK" dev wab
	ways "bound to the second" -le 4 -ge 10
	kt_ok "bind" cli a sock_set "$SOCK" dev vab
	ways "bound to the first" -ge 10 -le 4
}

# dev: a socket that is bound to a device, over IPv4
test_dev() {
	bound 4
}

# dev6: a socket that is bound to a device, over IPv6
test_dev6() {
	bound 6
}

# marked FAMILY: a rule for the socket's mark, also when that changes
marked() {
	local to=10.97.0.2/32 via=10.98.0.2

	[ "$1" = 4 ] || to=fd97::2/128 via=fd98::2
	two_ways "$1"
	ip -n "$NS-a" route add "$to" via "$via" table 77
	ip -n "$NS-a" "-$1" rule add fwmark 7 table 77 ||
		kt_skip "no rules in this kernel"
	ways "without mark" -ge 10 -le 4
	kt_ok "mark" cli a sock_set "$SOCK" mark 7
	ways "with mark" -le 4 -ge 10
	kt_ok "unmark" cli a sock_set "$SOCK" mark 0
	ways "without mark again" -ge 10 -le 4
}

# mark: a rule for the mark of the socket, over IPv4
test_mark() {
	marked 4
}

# mark6: a rule for the mark of the socket, over IPv6
test_mark6() {
	marked 6
}

# uid: a rule for the owner of the socket
test_uid() {
	two_ways 4
	ip -n "$NS-a" route add 10.97.0.2/32 via 10.98.0.2 table 78
	ip -n "$NS-a" rule add uidrange 1234-1234 table 78 ||
		kt_skip "no rules in this kernel"
	ways "of root" -ge 10 -le 4
	kt_ok "owner" cli a sock_set "$SOCK" uid 1234
	# a route is kept until routing changes
	ip -n "$NS-a" route flush cache
	ways "of another" -le 4 -ge 10
}

# multipath: all packets of a peer take one of two equal ways, and peers that
# differ by a port take both
test_multipath() {
	local port v w first=0 second=0

	two_ways 4
	in_a sh -c 'echo 1 >/proc/sys/net/ipv4/fib_multipath_hash_policy' ||
		kt_skip "no multipath in this kernel"
	ip -n "$NS-a" route flush 10.97.0.2/32
	ip -n "$NS-a" route add 10.97.0.2/32 nexthop via 10.99.0.2 \
		nexthop via 10.98.0.2
	for port in 7002 7003 7004 7005 7006 7007 7008 7009 7010 7011 7012; do
		kt_ok "port" cli a set_peer tun id=1 remote-ipv4=10.97.0.2 \
			"remote-port=$port"
		v=$(packets_on vba) w=$(packets_on wba)
		in_a ping -q -c 8 -i 0.01 -W 0.1 10.8.0.1 >/dev/null
		[ $(($(packets_on vba) - v)) -lt 8 ] || first=$((first + 1))
		[ $(($(packets_on wba) - w)) -lt 8 ] || second=$((second + 1))
	done
	kt_is "one way each" $((first + second)) 11
	kt_num "peers on the first way" "$first" -ge 1
	kt_num "peers on the second way" "$second" -ge 1
}

# vrf_inner: the device is in a VRF, whose routes say what is behind a peer
test_vrf_inner() {
	net_pair
	ip -n "$NS-b" link add red type vrf table 11 2>/dev/null ||
		kt_skip "no VRF in this kernel"
	ip -n "$NS-b" link set red up
	tunnel_new aes-gcm 32 4
	ip -n "$NS-b" link set tun master red
	ip -n "$NS-b" addr replace fd08::1/64 dev tun nodad
	ip -n "$NS-b" -batch - <<-END || kt_die "routes"
		route add 192.168.50.0/24 via 10.8.0.2 dev tun table 11
		route add fd50::/64 via fd08::2 dev tun table 11
	END
	ip -n "$NS-a" addr add 192.168.50.1/32 dev lo
	ip -n "$NS-a" addr add fd50::1/128 dev lo nodad
	ping_all a 10.8.0.1 2 -I 192.168.50.1
	ping_all a fd08::1 2 -I fd50::1
	# and not of others
	ip -n "$NS-a" addr add 192.168.51.1/32 dev lo
	ping_none a 10.8.0.1 -I 192.168.51.1
	kt_is "of nobody" "$(drop_causes b)" "rx_drop_source=2 "
}

# vrf: the peer is in a VRF, the device is not
test_vrf() {
	local family

	for family in 4 6; do
		net_pair
		ip -n "$NS-a" link add blue type vrf table 10 2>/dev/null ||
			kt_skip "no VRF in this kernel"
		ip -n "$NS-a" link set blue up
		ip -n "$NS-a" link set vab master blue
		# IPv6 addresses go when a device changes its master
		ip -n "$NS-a" addr replace fd99::1/64 dev vab nodad
		tunnel_new aes-gcm 32 "$family"
		ping_none a 10.8.0.1
		kt_ok "bind" cli a sock_set "$SOCK_A" dev blue
		ping_all a 10.8.0.1 2
		ping_all b fd08::2 2
		tcp_check a b 10.8.0.1:9001 200000
		kt_reset
	done
}

# vanish FAMILY FROM TO PATTERN: the peer at TO has reached us at FROM, which
# goes; the address of PATTERN is left
vanish() {
	local family=$1 from=$2 to=$3

	net_pair
	second_link
	device_new "$(outer_any "$family" 7001)" $(outer_words "$family" 0 2)
	kt_ok "reach" wire b "on=$to" "to=$from:7001" $(wire_key 0 32) \
		peer-id=1 pids=1 inner=ping
	receiver got "$to" 1
	leaves "what the peer reached" "${from//\[/[[]}:7001"
	if [ "$family" = 4 ]; then
		ip -n "$NS-a" addr del 10.97.0.1/32 dev lo
	else
		ip -n "$NS-a" addr del fd97::1/128 dev lo
	fi
	receiver got "$to" 1
	leaves "what is left" "$4"
	kt_is "sent" "$(dev_stat a tun tx dropped)" 0
}

# vanish4: our address goes away; another one of the host is used, IPv4
test_vanish4() {
	vanish 4 10.97.0.1 10.99.0.2:7002 10.99.0.1:7001
}

# vanish6: our address goes away; another one of the host is used, IPv6
test_vanish6() {
	vanish 6 "[fd97::1]" "[fd99::2]:7002" "[[]fd99::1]:7001"
}

kt_main "$@"
