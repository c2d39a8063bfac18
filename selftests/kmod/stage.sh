#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Datagrams of a program that does not wait between them go together, in their
# order; those of others go at once.
#
#	+------- a -------+                 +------- b -------+
#	| tun p2p         |                 | tun mp          |
#	| 10.8.0.2        |  10.99.0.0/24   | 10.8.0.1        |
#	|   vab .1 :7001  |-----------------|   vba .2 :7002  |
#	+-----------------+                 +-----------------+

TESTS="flood lone several stream gone carried"
. "$(dirname "$0")/lib.sh"

COUNT=20000
ROUNDS=10
[ "$FAST" = 0 ] || COUNT=3000 ROUNDS=3

set_up() {
	net_pair
	tunnel_new aes-gcm 32 4 1400
}

staged() {
	ethtool_stat a tun tx_staged_packets
}

# sink NAME PORT COUNT: reads in b
sink() {
	kt_bg_ready "$1" "$BIN/ovpn_traffic" -n "$NS-b" mode=udp-sink \
		"on=${4:-10.8.0.1}:$2" "count=$3" idle=3 seconds=60
}

# send NAME PORT COUNT WORD...: as fast as it can, from a
send() {
	local name=$1 port=$2 count=$3

	shift 3
	kt_bg "$name" taskset -c 0 "$BIN/ovpn_traffic" -n "$NS-a" mode=udp-send \
		"to=10.8.0.1:$port" "count=$count" size=64 "$@"
}

# arrived PID NAME COUNT: each once, in order
arrived() {
	kt_wait "$1"
	kt_is "$2" "$(cat "$TMP/$2")" \
		"ready
received=$3 lost=0 dup=0 reordered=0 corrupt=0"
}

# flood: a program's datagrams share their way, the last ones included
test_flood() {
	local pid

	set_up
	sink sink 9002 "$COUNT"
	pid=$KT_PID
	send flood 9002 "$COUNT"
	arrived "$pid" sink "$COUNT"
	kt_num "staged" "$(staged)" -ge $((COUNT / 4))
	kt_num "in GSO packets" "$(ethtool_stat a tun tx_outer_gso_packets)" -ge 1
	kt_is "on the way" "$(ethtool_stat a tun tx_outer_segments)" "$COUNT"
	kt_is "interface" "$(dev_stat a tun tx packets)" "$COUNT"
	kt_is "nothing dropped" "$(drop_causes a)$(drop_causes b)" ""
}

# lone: who waits in between is served at once, and so is a short burst
test_lone() {
	set_up
	udp_check a b 10.8.0.1:9002 20 50 60
	kt_ok "burst" traffic a mode=udp-send to=10.8.0.1:9 count=30
	ping_all a 10.8.0.1 5
	kt_is "staged" "$(staged)" 0
}

# several: programs that send at the same time, one of them super-packets, and
# the order of each
test_several() {
	local sinks=() n

	set_up
	for n in 1 2 3; do
		sink "sink$n" $((9010 + n)) "$COUNT"
		sinks+=("$KT_PID")
	done
	send send1 9011 "$COUNT"
	send send2 9012 "$COUNT"
	send send3 9013 "$COUNT" batch=20
	for n in 1 2 3; do
		arrived "${sinks[n - 1]}" "sink$n" "$COUNT"
	done
	kt_num "staged" "$(staged)" -ge $((COUNT / 4))
	kt_is "nothing dropped" "$(drop_causes a)$(drop_causes b)" ""
}

# stream: TCP beside a flood: every byte arrives
test_stream() {
	local flood

	set_up
	kt_bg flood "$BIN/ovpn_traffic" -n "$NS-a" mode=udp-send \
		to=10.8.0.1:9 size=300
	flood=$KT_PID
	tcp_check a b 10.8.0.1:9001 $((COUNT * 100))
	tcp_check b a 10.8.0.2:9001 $((COUNT * 100))
	kill "$flood"
	kt_wait "$flood"
	kt_num "staged" "$(staged)" -ge 1
}

# gone: peer, socket and device go while datagrams wait
test_gone() {
	local n

	for ((n = 0; n < ROUNDS; n++)); do
		set_up
		send flood1 9 0
		send flood2 9 0 size=1000
		kt_until 10 eval '[ "$(staged)" -ge 100 ]' ||
			kt_fail "nothing waits"
		case $((n % 3)) in
		0) kt_ok "peer" cli a del_peer tun id=1 ;;
		1) kill -KILL "$SOCK_A" ;;
		2) kt_ok "device" timeout 20 ip -n "$NS-a" link del tun ;;
		esac
		kt_pause 0.1
		kt_reset
	done
}

# carried: what waits when userspace takes a peer over is not sealed any more
test_carried() {
	local sent

	set_up
	send flood 9 0
	kt_until 10 eval '[ "$(staged)" -ge 100 ]' || kt_fail "nothing waits"
	kt_ok "userspace" "$BIN/ovpnx_cli" -n "$NS-a" raw PEER_SET \
		ifindex=@tun "peer{id=1 flags=1}"
	kt_pause 0.1
	sent=$(ethtool_stat a tun tx_outer_segments)
	kt_pause 0.3
	kt_is "sealed since" "$(ethtool_stat a tun tx_outer_segments)" "$sent"
}

kt_main "$@"
