#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Datagrams of who does not wait between them go together, in their order; those
# of others go at once. No test asks how fast the machine is: where packets have
# to wait for each other, they may do so for longer than any machine takes.
#
#	+-- c --+         +------- a -------+                 +------- b -------+
#	|       |  .1.0   | tun p2p         |                 | tun mp          |
#	|  vca  |---------| 10.8.0.2        |  10.99.0.0/24   | 10.8.0.1        |
#	+-------+         |   vab .1 :7001  |-----------------|   vba .2 :7002  |
#	                  +-----------------+                 +-----------------+

TESTS="flood company lone spin small watched mixed several stream forward rekey off gone
	carried"
# where the kernel has queues for devices
[ ! -e /proc/net/psched ] || TESTS+=" queued"
. "$(dirname "$0")/lib.sh"

COUNT=20000
ROUNDS=16
[ "$FAST" = 0 ] || COUNT=3000 ROUNDS=4
CPUS=$(nproc)

set_up() {
	net_pair
	tunnel_new aes-gcm 32 4 1400
	# neighbours know each other
	kt_ok "link" in_a ping -q -n -c 1 -W 5 10.99.0.2
}

tx_usecs() {
	in_a ethtool -c tun | awk '/^tx-usecs:/ { print $2 }'
}

# wait_for USECS: how long a packet of a may wait for others. Without netlink,
# ethtool fails if there is nothing to change.
wait_for() {
	[ "$(tx_usecs)" = "$1" ] ||
		kt_ok "tx-usecs $1" in_a ethtool -C tun tx-usecs "$1"
}

staged() {
	ethtool_stat a tun tx_staged_packets
}

# sink NAME PORT COUNT: reads in b
sink() {
	kt_bg_ready "$1" "$BIN/ovpn_traffic" -n "$NS-b" mode=udp-sink \
		"on=10.8.0.1:$2" "count=$3" idle=3 seconds=60
}

# send NAME NS CPU PORT COUNT WORD...: as fast as it can
send() {
	local name=$1 ns=$2 cpu=$3 port=$4 count=$5

	shift 5
	kt_bg "$name" taskset -c $((cpu % CPUS)) "$BIN/ovpn_traffic" \
		-n "$NS-$ns" mode=udp-send "to=10.8.0.1:$port" \
		"count=$count" size=64 "$@"
}

# arrived PID NAME COUNT: each once, in order
arrived() {
	kt_wait "$1"
	kt_is "$2" "$(cat "$TMP/$2")" \
		"ready
received=$3 lost=0 dup=0 reordered=0 corrupt=0" || lost_where
}

# lost_where: by any counter that there is
lost_where() {
	local ns

	kt_counters
	for ns in a b; do
		kt_note "$ns: rx_gro_full=$(ethtool_stat "$ns" tun rx_gro_full)"
	done
	kt_note "softnet: $(awk '{ print $2 "/" $3 }' /proc/net/softnet_stat |
		tr '\n' ' ')"
}

# none_dropped: neither on the way nor at its end
none_dropped() {
	kt_is "nothing dropped" "$(drop_causes a)$(drop_causes b)" ""
	kt_is "GRO full" "$(ethtool_stat b tun rx_gro_full)" 0
}

# flood: a program's datagrams all arrive, the last ones included
test_flood() {
	local pid

	set_up
	sink sink 9002 "$COUNT"
	pid=$KT_PID
	send flood a 0 9002 "$COUNT"
	arrived "$pid" sink "$COUNT"
	kt_note "$(staged) of them have waited"
	kt_is "on the way" "$(ethtool_stat a tun tx_outer_segments)" "$COUNT"
	kt_is "interface" "$(dev_stat a tun tx packets)" "$COUNT"
	none_dropped
}

# flooded NS: what comes from there in a row arrives, and shares its way
flooded() {
	local pid

	wait_for 200000
	sink sink 9002 "$COUNT"
	pid=$KT_PID
	send flood "$1" 0 9002 "$COUNT"
	arrived "$pid" sink "$COUNT"
	kt_num "staged" "$(staged)" -ge $((COUNT / 2))
	kt_num "packets for them" "$(ethtool_stat a tun tx_outer_packets)" \
		-le $((COUNT / 2))
}

# company: they share their way
test_company() {
	set_up
	flooded a
	none_dropped
}

# lone: who waits in between is served at once, and so is a short burst
test_lone() {
	set_up
	wait_for 1000000
	udp_check a b 10.8.0.1:9002 20 50 60
	kt_ok "burst" traffic a mode=udp-send to=10.8.0.1:9 count=30
	ping_all a 10.8.0.1 5
	kt_is "staged" "$(staged)" 0
}

# asks NS: one question at a time, without sleeping; few of them wait
asks() {
	local before

	kt_bg_ready echo taskset -c $((1 % CPUS)) "$BIN/ovpn_traffic" \
		-n "$NS-b" mode=udp-echo on=10.8.0.1:9003 seconds=60
	wait_for 200000
	before=$(staged)
	kt_ok "asking from $1" taskset -c 0 "$BIN/ovpn_traffic" -n "$NS-$1" \
		mode=udp-ask to=10.8.0.1:9003 count=300
	kt_num "waited" $(($(staged) - before)) -le 8
}

# spin: who waits without sleeping is found out
test_spin() {
	set_up
	asks a
	# on one processor the other end sends in between
	[ "$CPUS" = 1 ] || kt_num "tried" "$(staged)" -ge 1
}

# limited PORT: how long a program takes that may have few packets on their way
limited() {
	local pid start=$SECONDS

	sink "sink$1" "$1" 1000
	pid=$KT_PID
	send flood a 0 "$1" 1000 sndbuf=20000
	arrived "$pid" "sink$1" 1000
	TOOK=$((SECONDS - start))
}

# small: such a program does not wait for the timer, which would be 20 times
test_small() {
	local least

	set_up
	wait_for 0
	limited 9002
	least=$TOOK
	wait_for 1000000
	limited 9004
	kt_num "staged" "$(staged)" -ge 1
	kt_num "seconds" "$TOOK" -le $((least + 9))
}

# watched: somebody reads none of the packets that he looks at, and keeps them;
# the sender, who may have few on their way, is not charged for that, and goes on
# as before
test_watched() {
	local pid watch

	set_up
	wait_for 200000
	kt_bg_ready watch "$BIN/ovpn_traffic" -n "$NS-a" mode=watch dev=vab
	watch=$KT_PID
	sink sink 9002 "$COUNT"
	pid=$KT_PID
	send flood a 0 9002 "$COUNT" sndbuf=40000
	arrived "$pid" sink "$COUNT"
	kill "$watch"
	kt_wait "$watch"
	kt_note "watched: $(tail -n 1 "$TMP/watch")"
	kt_num "packets kept" "$(sed -n 's/^kept=\([0-9]*\) .*/\1/p' \
		"$TMP/watch")" -le $((COUNT / 4))
}

# mixed: single ones and super-packets of one socket keep their order
test_mixed() {
	local pid

	set_up
	wait_for 200000
	sink sink 9002 "$COUNT"
	pid=$KT_PID
	send flood a 0 9002 "$COUNT" batch=20 single=40
	arrived "$pid" sink "$COUNT"
	kt_num "staged" "$(staged)" -ge 1
	none_dropped
}

# several: programs that send at the same time, on all CPUs, one of them
# super-packets, and the order of each
test_several() {
	local sinks=() n

	set_up
	wait_for 5000
	for n in 1 2 3; do
		sink "sink$n" $((9010 + n)) "$COUNT"
		sinks+=("$KT_PID")
	done
	send send1 a 0 9011 "$COUNT"
	send send2 a 1 9012 "$COUNT"
	send send3 a 0 9013 "$COUNT" batch=20
	for n in 1 2 3; do
		arrived "${sinks[n - 1]}" "sink$n" "$COUNT"
	done
	kt_num "staged" "$(staged)" -ge 1
	none_dropped
}

# With more CPUs, those that empty the queue overtake each other below the tunnel.
# queued: a queue of the device lets packets go when others on the CPU run, too
test_queued() {
	local pid

	set_up
	wait_for 200000
	kt_ok "queue" in_a tc qdisc add dev tun root pfifo limit 30000
	sink sink 9002 "$COUNT"
	pid=$KT_PID
	send flood a 0 9002 "$COUNT"
	send other a 0 9 "$COUNT" size=300
	arrived "$pid" sink "$COUNT"
	kt_num "staged" "$(staged)" -ge 1
	none_dropped
}

# stream: TCP beside a flood: every byte arrives
test_stream() {
	local flood

	set_up
	wait_for 200000
	kt_bg flood "$BIN/ovpn_traffic" -n "$NS-a" mode=udp-send \
		to=10.8.0.1:9 size=300
	flood=$KT_PID
	tcp_check a b 10.8.0.1:9001 $((COUNT * 100))
	tcp_check b a 10.8.0.2:9001 $((COUNT * 100))
	kill "$flood"
	kt_wait "$flood"
	kt_num "staged" "$(staged)" -ge 1
}

# forward: what is forwarded shares its way, too, if it comes in a row
test_forward() {
	net_new c
	set_up
	net_join c a 1
	in_a sysctl -qw net.ipv4.ip_forward=1
	ip -n "$NS-c" route add default via 10.99.1.2
	ip -n "$NS-b" route add 10.99.1.0/24 via 10.8.0.2
	flooded c
	asks c
	none_dropped
}

# rekey: the key changes in the middle of a flood, and nothing is lost
test_rekey() {
	local pid

	set_up
	wait_for 200000
	sink sink 9002 "$COUNT"
	pid=$KT_PID
	send flood a 0 9002 "$COUNT"
	kt_until 10 eval '[ "$(staged)" -ge 1 ]' || kt_fail "nothing waits"
	cli b new_key tun peer-id=1 slot=1 key-id=1 cipher-alg=aes-gcm \
		$(key_items 1 32 1) || kt_fail "new key of b"
	cli a batch <<-END || kt_fail "new key of a"
		new_key tun peer-id=1 slot=1 key-id=1 cipher-alg=aes-gcm \
			$(key_items 1 32 0)
		swap_keys tun peer-id=1
	END
	arrived "$pid" sink "$COUNT"
	none_dropped
}

# off: nobody waits, if that is what the administrator wants
test_off() {
	local pid

	set_up
	kt_is "at first" "$(tx_usecs)" 100
	kt_not "more than a second" in_a ethtool -C tun tx-usecs 1000001
	wait_for 0
	sink sink 9002 "$COUNT"
	pid=$KT_PID
	send flood a 0 9002 "$COUNT"
	arrived "$pid" sink "$COUNT"
	kt_is "staged" "$(staged)" 0
}

# gone: peer, socket and device go while datagrams wait, which may be for long
test_gone() {
	local n

	for ((n = 0; n < ROUNDS; n++)); do
		set_up
		wait_for $(((n + n / 4) % 2 ? 20000 : 200000))
		send flood1 a 0 9 0
		[ "$CPUS" = 1 ] || send flood2 a 1 9 0 size=1000
		kt_until 10 eval '[ "$(staged)" -ge 1 ]' ||
			kt_fail "nothing waits"
		case $((n % 4)) in
		0) kt_ok "peer" cli a del_peer tun id=1 ;;
		1) kill -KILL "$SOCK_A" ;;
		2) kt_ok "device" timeout 20 ip -n "$NS-a" link del tun ;;
		3) kt_ok "down" ip -n "$NS-a" link set tun down ;;
		esac
		kt_pause 0.1
		kt_reset
	done
}

# carried: what waits when userspace takes a peer over is not sealed any more
test_carried() {
	local sent

	set_up
	wait_for 1000000
	send flood a 0 9 0
	kt_until 10 eval '[ "$(staged)" -ge 100 ]' || kt_fail "nothing waits"
	kt_ok "userspace" "$BIN/ovpnx_cli" -n "$NS-a" raw PEER_SET \
		ifindex=@tun "peer{id=1 flags=1}"
	kt_pause 0.1
	sent=$(ethtool_stat a tun tx_outer_segments)
	kt_pause 1.2
	kt_is "sealed since" "$(ethtool_stat a tun tx_outer_segments)" "$sent"
}

kt_main "$@"
