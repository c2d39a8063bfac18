#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bursts of data packets are merged by GRO before they come to the module: on
# a device with GRO, from a sender that sends each by itself, as on a wire.
#
#	+------- a -------+                 +------- b -------+        +-- c --+
#	| tun p2p         |   10.99.0.0/24  | tun mp          |  .1.0  |       |
#	|   vab .1 :7001  |-----------------|   vba .2 :7002  |--------|  vcb  |
#	+-----------------+                 +-----------------+        +-------+

TESTS="wire6 wire4 linklocal whole unsplit packed single merge reader off cut capture transit vlan class
	float again userspace late"
. "$(dirname "$0")/lib.sh"

BYTES=20000000
[ "$FAST" = 0 ] || BYTES=2000000

# wire_like NS DEV: single packets leave, and those that come are merged; veth
# leaves that out where the other side has TSO
wire_like() {
	kt_ok "ethtool of $2" "$BIN/ovpn_ns" -n "$NS-$1" ethtool -K "$2" \
		tso off tx-udp-segmentation off gro on
}

# link_new FAMILY: a pair whose link is like a wire, and a tunnel
link_new() {
	net_pair
	wire_like a vab
	wire_like b vba
	tunnel_new aes-gcm 32 "$1" 1400
}

# bursts NS TENTHS: of packets that came, on average, in one burst; a slow machine
# makes them small
bursts() {
	local outer segments

	outer=$(ethtool_stat "$1" tun rx_outer_packets)
	segments=$(ethtool_stat "$1" tun rx_outer_segments)
	kt_note "$1: $segments packets in $outer bursts"
	kt_num "packets per burst, times ten" $((10 * segments / outer)) -ge "$2"
}

# ip_forwarded NS: datagrams that IPv4 forwarded
ip_forwarded() {
	"$BIN/ovpn_ns" -n "$NS-$1" awk '/^Ip:/ { if (!n++) split($0, name)
		else for (i in name) if (name[i] == "ForwDatagrams")
			{ split($0, value); print value[i] } }' /proc/net/snmp
}

both_ways() {
	tcp_check a b 10.8.0.1:9001 "$BYTES"
	tcp_check b a "[fd08::2]:9001" "$BYTES"
	udp_check a b "[fd08::1]:9002" 60 200 1300
	kt_is "nothing dropped by a" "$(drop_causes a)" ""
	kt_is "nothing dropped by b" "$(drop_causes b)" ""
}

# wire6: over IPv6, both ways, every byte
test_wire6() {
	link_new 6
	both_ways
	bursts a 11
	bursts b 11
}

# wire4: over IPv4, both ways, every byte
test_wire4() {
	link_new 4
	both_ways
	bursts a 11
	bursts b 11
}

# linklocal: between addresses that are of their link only
test_linklocal() {
	link_new 6
	ip -n "$NS-a" addr add fe80::1/64 dev vab nodad
	ip -n "$NS-b" addr add fe80::2/64 dev vba nodad
	kt_ok "a" cli a set_peer tun id=1 remote-ipv6=fe80::2 \
		remote-port=7002 remote-ipv6-scope-id=@vab
	kt_ok "b" cli b set_peer tun id=1 remote-ipv6=fe80::1 \
		remote-port=7001 remote-ipv6-scope-id=@vba
	both_ways
	bursts a 11
	bursts b 11
}

# whole: a sender's burst crosses unsplit and is taken as it is
test_whole() {
	net_pair
	in_a ethtool -K vab tso off gro on
	in_b ethtool -K vba tso off gro on
	tunnel_new aes-gcm 32 4 1400
	both_ways
	bursts a 11
	bursts b 11
}

# unsplit: so it is where the device that it comes to has no GRO
test_unsplit() {
	local family

	for family in 4 6; do
		net_pair
		in_a ethtool -K vab gro off
		in_b ethtool -K vba gro off
		tunnel_new aes-gcm 32 "$family" 1400
		both_ways
		bursts a 11
		bursts b 11
		kt_reset
	done
}

# packed NS NS: are bursts of the first NS given to the second NS in one piece?
packed() {
	kt_num "packed by $1" "$(ethtool_stat "$1" tun tx_packed)" -ge 5
	kt_num "came so to $2" "$(ethtool_stat "$2" tun rx_packed)" -ge 5
}

# packed: where the device takes bursts they are sent in one piece and received
# from there, every byte; where somebody else keeps them they have to be cut, and
# what he has stays whole; a device that does not take them gets none
test_packed() {
	local family before watch

	for family in 4 6; do
		net_pair
		tunnel_new aes-gcm 32 "$family" 1400
		both_ways
		packed a b
		packed b a
		# so that they are known for ours before he sees them
		in_a ethtool -K vab tso off gro on
		in_b ethtool -K vba tso off gro on
		kt_bg_ready watch "$BIN/ovpn_traffic" -n "$NS-b" mode=watch \
			dev=vba seconds=200
		watch=$KT_PID
		both_ways
		kill "$watch"
		kt_wait "$watch" || kt_fail "kept" "$(cat "$TMP/watch")"
		kt_note "$(tail -n 1 "$TMP/watch")"
		kt_num "largest" "$(sed -n 's/.* big=//p' "$TMP/watch")" -ge 3000
		in_a ethtool -K vab tx-udp-segmentation off
		before=$(ethtool_stat a tun tx_packed)
		both_ways
		kt_is "none" "$(ethtool_stat a tun tx_packed)" "$before"
		kt_reset
	done
}

# single: with GRO off nothing is merged, and nothing else is different
test_single() {
	net_pair
	in_a ethtool -K vab tx-udp-segmentation off gro off
	in_b ethtool -K vba tx-udp-segmentation off gro off
	tunnel_new aes-gcm 32 4 1400
	both_ways
	kt_is "bursts" "$(ethtool_stat b tun rx_outer_packets)" \
		"$(ethtool_stat b tun rx_outer_segments)"
}

# given NS: packets that the stack was given
given() {
	echo $(($(ethtool_stat "$1" tun rx_gro_packets) +
		$(ethtool_stat "$1" tun rx_direct_packets)))
}

# merged NS TENTHS: of packets that the stack was given, on average, as one
merged() {
	local given packets

	given=$(given "$1")
	packets=$(peer_field "$1" tun 1 vpn-rx-packets)
	kt_note "$1: $packets packets, $given given to the stack"
	kt_num "packets in one, times ten" $((10 * packets / given)) -ge "$2"
}

# merge: neighbours that continue one another are given to the stack as one,
# those of several connections among each other, too
test_merge() {
	link_new 4
	kt_bg_ready sink traffic b mode=tcp-sink on=10.8.0.1:9003 \
		bytes="$BYTES" seconds=60
	kt_bg other traffic a mode=tcp-send to=10.8.0.1:9003 bytes="$BYTES"
	both_ways
	kt_wait "$KT_PID" || kt_fail "the other" "$(cat "$TMP/other")"
	merged a 11
	merged b 11
}

# reader: who takes several datagrams at once is given them so, IPv6 like IPv4,
# in their order
test_reader() {
	local to pid

	net_pair
	in_a ethtool -K vab tso off gro on
	in_b ethtool -K vba tso off gro on
	tunnel_new aes-gcm 32 4 1400
	for to in 10.8.0.1:9004 "[fd08::1]:9004"; do
		kt_bg_ready sink "$BIN/ovpn_traffic" -n "$NS-b" mode=udp-sink \
			"on=$to" gro=1 count=2000 idle=3 seconds=60
		pid=$KT_PID
		kt_ok "to $to" traffic a mode=udp-send "to=$to" count=2000 \
			size=1300 batch=40
		kt_wait "$pid" || kt_fail "to $to" "$(cat "$TMP/sink")"
		kt_note "$(tail -n 1 "$TMP/sink")"
		kt_ok "order" grep -q reordered=0 "$TMP/sink"
		kt_num "reads" "$(sed -n 's/.*reads=//p' "$TMP/sink")" -le 1000
	done
}

# off: without GRO or checksums of the device, each packet comes by itself
test_off() {
	local feature

	link_new 4
	for feature in gro rx; do
		in_b ethtool -K tun "$feature" off
		both_ways
		kt_is "given without $feature" "$(given b)" \
			"$(peer_field b tun 1 vpn-rx-packets)"
	done
}

# cut: what was merged is forwarded in packets of its own size, with checksums
# that a receiver finds good that makes its own
test_cut() {
	local dump

	link_new 4
	net_new c
	net_join b c 1
	in_b sysctl -qw net.ipv4.ip_forward=1
	ip -n "$NS-c" route add default via 10.99.1.1
	ip -n "$NS-a" route add 10.99.1.0/24 via 10.8.0.1
	in_b ethtool -K vbc tx off tso off gso off >"$TMP/out" 2>&1
	in_c ethtool -K vcb rx off gro off >"$TMP/out" 2>&1
	kt_bg dump in_c timeout 60 tcpdump -n -i vcb -s 100 -w "$TMP/pcap" \
		tcp and dst port 9001
	dump=$KT_PID
	kt_until 10 kt_says dump listening || kt_fail "tcpdump"
	tcp_check a c 10.99.1.2:9001 "$BYTES"
	merged b 11
	kill "$dump"
	kt_wait "$dump"
	kt_is "larger than they were" "$(tcpdump -n -r "$TMP/pcap" \
		'greater 1415' 2>/dev/null | wc -l)" 0
	kt_is "bad checksums" "$(in_c nstat -asz TcpInCsumErrors |
		awk '/Csum/ { print $2 }')" 0
}

# capture: somebody else reads the same packets meanwhile
test_capture() {
	link_new 4
	kt_bg dump in_b timeout 60 tcpdump -n -i vba -s 2000 -w "$TMP/pcap" \
		udp port 7002
	kt_until 10 kt_says dump listening || kt_fail "tcpdump"
	both_ways
	bursts b 11
}

# transit: what is for another host's tunnel passes a host with one
test_transit() {
	net_new c
	link_new 4
	net_join b c 1
	in_b sysctl -qw net.ipv4.ip_forward=1
	ip -n "$NS-c" route add default via 10.99.1.1
	ip -n "$NS-a" route add 10.99.1.0/24 via 10.99.0.2
	wire_like b vbc
	# b's socket has the port that they go to
	# shellcheck disable=SC2046
	kt_bg sink "$BIN/ovpn_wire" -n "$NS-c" on=0.0.0.0:7002 \
		$(wire_key 0 32) count=200 seconds=40
	kt_until 10 eval "in_c ss -Hlun 'sport = 7002' | grep -q ." ||
		kt_fail "c does not listen"
	kt_ok "set_peer" cli a set_peer tun id=1 remote-ipv4=10.99.1.2 \
		remote-port=7002
	kt_ok "bulk" traffic a mode=udp-send to=10.8.0.1:9 count=200 batch=40 \
		size=1201
	kt_wait "$KT_PID" || kt_fail "c receives" "$(tail -n 3 "$TMP/sink")"
	kt_is "all open" "$(grep -c ' len=1253 ok ip4 ' "$TMP/sink")" 200
	kt_is "b took nothing" "$(ethtool_stat b tun rx_outer_packets)" 0
	kt_num "each by itself" "$(ip_forwarded b)" -ge 200
}

# vlan: below a VLAN whose tag the device takes off; what is inside has none
test_vlan() {
	local ns

	net_pair
	for ns in a b; do
		[ "$ns" = a ] && set -- vab 1 || set -- vba 2
		wire_like "$ns" "$1"
		ip -n "$NS-$ns" -batch - <<-END || kt_die "VLAN of $ns"
			link add link $1 name vlan type vlan id 100
			link set vlan up
			addr flush dev $1
			addr add 10.99.0.$2/24 dev vlan
		END
	done
	tunnel_new aes-gcm 32 4 1390
	both_ways
	bursts b 11
	kt_is "taken as another host's" "$(ip -n "$NS-b" -s -s -j link show tun |
		grep -o 'otherhost":[1-9][0-9]*')" ""
}

# class: packets of different classes, and congestion, are told apart
test_class() {
	link_new 4
	kt_bg ping-1 in_a ping -q -n -c 200 -i 0.002 -Q 0x00 10.8.0.1
	ping_all a 10.8.0.1 200 -i 0.002 -Q 0xb8
	kt_wait "$KT_PID" || kt_fail "ping" "$(cat "$TMP/ping-1")"
	tcp_check a b 10.8.0.1:9001 "$BYTES"
	kt_is "nothing dropped" "$(drop_causes b)" ""
}

# float: a peer that moves within a burst is followed
test_float() {
	link_new 4
	tcp_check a b 10.8.0.1:9001 "$BYTES"
	in_a ip addr add 10.99.0.9/24 dev vab
	cli a set_peer tun id=1 local-ipv4=10.99.0.9 remote-ipv4=10.99.0.2 \
		remote-port=7002 || kt_fail "set_peer"
	tcp_check a b 10.8.0.1:9001 "$BYTES"
	kt_is "endpoint" "$(peer_field b tun 1 remote-ipv4)" 10.99.0.9
	tcp_check b a 10.8.0.2:9001 "$BYTES"
	bursts b 11
}

# again: the last peer leaves and another comes to the same socket, in the midst
# of bursts
test_again() {
	local n

	link_new 4
	kt_bg bulk "$BIN/ovpn_traffic" -n "$NS-a" mode=udp-send to=10.8.0.1:9 \
		count=100000000 batch=40 size=1201
	for ((n = 0; n < 30; n++)); do
		cli b batch <<-END || kt_die "round $n"
			del_peer tun id=1
			new_peer tun id=1 socket=@sock:$SOCK_B \
				vpn-ipv4=10.8.0.2 vpn-ipv6=fd08::2 \
				remote-ipv4=10.99.0.1 remote-port=7001
			new_key tun peer-id=1 slot=0 key-id=0 \
				cipher-alg=aes-gcm $(key_items 0 32 1)
		END
	done
	kt_until 10 eval '[ "$(peer_field b tun 1 vpn-rx-packets)" -gt 0 ]' ||
		kt_fail "nothing is received"
	kill "$KT_PID"
	kt_wait "$KT_PID"
	# the ids of this side have begun anew, which the other takes as old
	cli a batch <<-END || kt_die "new key of a"
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 0 32 0)
	END
	cli b new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
		$(key_items 0 32 1) || kt_die "new key of b"
	tcp_check a b 10.8.0.1:9001 "$BYTES"
}

# userspace: what userspace carries comes to it one by one
test_userspace() {
	link_new 4
	kt_ok "to userspace" "$BIN/ovpnx_cli" -n "$NS-b" raw PEER_SET \
		ifindex=@tun "peer{id=1 flags=1}"
	kt_ok "send" traffic a mode=udp-send to=10.8.0.1:9 count=40 batch=20 \
		size=1201
	kt_until 10 eval '[ "$(grep -c "^rx" "$TMP/sock-b")" = 40 ]' ||
		kt_fail "one by one" "$(cut -c1-60 "$TMP/sock-b" | sort |
			uniq -c | tail -n 5)"
}

# late_link FAMILY: what comes to b as one waits for two seconds behind GRO
late_link() {
	net_pair
	in_a ethtool -K vab tso off gro on
	in_b ethtool -K vba tso off gro on
	tunnel_new aes-gcm 32 "$1" 1400
	ping_all a 10.8.0.1 2
	ip -n "$NS-b" -batch - <<-END || kt_die "ifb"
		link add wait type ifb
		link set wait up
	END
	tc -n "$NS-b" -batch - <<-END || kt_die "tc"
		qdisc add dev wait root netem delay 2s limit 1000
		qdisc add dev vba ingress
		filter add dev vba ingress matchall action mirred egress redirect dev wait
	END
	kt_bg dump in_b timeout 60 tcpdump --immediate-mode -U -n -i wait -s 64 \
		-w "$TMP/pcap" greater 2000
	LATE_DUMP=$KT_PID
	kt_until 10 kt_says dump listening || kt_fail "tcpdump"
}

# late_case FAMILY WHAT COMMAND...: makes the packets userspace's while they wait
late_case() {
	late_link "$1"
	kt_ok "send" traffic a mode=udp-send to=10.8.0.1:9 count=40 batch=20 \
		size=1201
	kt_ok "$2" "${@:3}"
	kt_is "came already" "$(grep -c "^rx" "$TMP/sock-b")" 0
	kt_until 10 eval '[ "$(grep -c "^rx" "$TMP/sock-b")" = 40 ]' ||
		kt_fail "$2, IPv$1: one by one" "$(cut -c1-60 "$TMP/sock-b" |
			sort | uniq -c | tail -n 5)"
	kt_until 5 eval '[ "$(tcpdump -n -r "$TMP/pcap" 2>&1 | grep -c 7002)" -gt 0 ]' ||
		kt_fail "not as one"
	kill "$LATE_DUMP"
	kt_wait "$LATE_DUMP"
	kt_is "dropped" "$(drop_causes b)" ""
	kt_reset
}

# late: what comes as one for a peer is userspace's, one by one, if the peer has
# left or become userspace's when it arrives
test_late() {
	local family

	for family in 4 6; do
		late_case "$family" "the peer leaves" cli b del_peer tun id=1
		late_case "$family" "to userspace" "$BIN/ovpnx_cli" -n "$NS-b" \
			raw PEER_SET ifindex=@tun "peer{id=1 flags=1}"
	done
}

kt_main "$@"
