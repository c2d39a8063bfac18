#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Traffic of every cipher, over both outer families, with both inner ones; every
# byte and every counter is accounted for.
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p         |                      | tun mp          |
#	| 10.8.0.2        |                      | 10.8.0.1        |
#	| fd08::2         |    10.99.0.0/24      | fd08::1         |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+    fd99:0::/64       +-----------------+
#
# forward adds c behind a: c (10.99.1.2) - a - b.

TESTS="aes128 aes192 aes256 chacha outer6 fragments mtu counters forward iperf
	shutdown"
. "$(dirname "$0")/lib.sh"

if [ "$FAST" = 1 ]; then
	BYTES=1000000 PACKETS=60
else
	BYTES=20000000 PACKETS=500
fi

# basics ALG LEN FAMILY: both inner families, both ways
basics() {
	net_pair
	tunnel_new "$1" "$2" "$3"
	ping_all a 10.8.0.1 10
	ping_all b fd08::2 10
	tcp_check a b 10.8.0.1:9001 "$BYTES"
	udp_check b a "[fd08::2]:9002" "$PACKETS" 200 1300
}

# everything ALG LEN FAMILY
everything() {
	basics "$@"
	ping_all b 10.8.0.2 5
	ping_all a fd08::1 5
	ping_all a 10.8.0.1 5 -s 0
	ping_all a 10.8.0.1 5 -s 1388 -M do
	# inner fragments
	ping_all a 10.8.0.1 5 -s 8001
	ping_all b fd08::2 5 -s 8001
	tcp_check b a "[fd08::2]:9001" "$BYTES"
	udp_check a b 10.8.0.1:9002 "$PACKETS" 200 5
}

# aes128: AES-128-GCM over IPv4
test_aes128() {
	basics aes-gcm 16 4
}

# aes192: AES-192-GCM over IPv4
test_aes192() {
	basics aes-gcm 24 4
}

# aes256: AES-256-GCM over IPv4
test_aes256() {
	everything aes-gcm 32 4
}

# chacha: ChaCha20-Poly1305 over IPv4
test_chacha() {
	basics chacha20-poly1305 32 4
}

# outer6: AES-256-GCM over IPv6
test_outer6() {
	everything aes-gcm 32 6
}

# fragments: sealed packets that do not fit the path are fragmented by IP
test_fragments() {
	local family

	for family in 4 6; do
		net_pair
		tunnel_new aes-gcm 32 "$family" 1500
		ping_all a 10.8.0.1 5 -s 1472 -M do
		ping_all b fd08::2 5 -s 1452
		tcp_check a b 10.8.0.1:9001 "$((BYTES / 2))"
		tcp_check b a "[fd08::2]:9001" "$((BYTES / 2))"
		udp_check a b 10.8.0.1:9002 "$((PACKETS / 2))" 200 1472
		kt_reset
	done
}

# mtu: a tunnel of jumbo packets over a jumbo path
test_mtu() {
	net_pair
	ip -n "$NS-a" link set vab mtu 9000
	ip -n "$NS-b" link set vba mtu 9000
	tunnel_new aes-gcm 32 4 8900
	ping_all a 10.8.0.1 5 -s 8872 -M do
	tcp_check a b 10.8.0.1:9001 "$BYTES"
	tcp_check b a "[fd08::2]:9001" "$BYTES"
	# the largest device MTU: what does not fit a datagram is no crash
	ip -n "$NS-a" link set tun mtu 65451
	ip -n "$NS-b" link set tun mtu 65451
	ping_all a 10.8.0.1 5 -s 60000 -M do
	tcp_check a b 10.8.0.1:9001 "$BYTES"
}

# same WHAT X Y: two counters are equal
same() {
	kt_num "$1" "$2" -eq "$3"
}

# counters: what one side sent the other received, to the byte
test_counters() {
	local name a_tx b_rx b_tx a_rx

	net_pair
	tunnel_new aes-gcm 32 4
	tcp_check a b 10.8.0.1:9001 "$BYTES"
	udp_check b a 10.8.0.2:9002 50 500 700
	ping_all a fd08::1 10 -s 333
	kt_pause 0.2
	for name in vpn link; do
		a_tx=$(peer_field a tun 1 $name-tx-bytes)
		b_rx=$(peer_field b tun 1 $name-rx-bytes)
		b_tx=$(peer_field b tun 1 $name-tx-bytes)
		a_rx=$(peer_field a tun 1 $name-rx-bytes)
		same "$name bytes a -> b" "$a_tx" "$b_rx"
		same "$name bytes b -> a" "$b_tx" "$a_rx"
	done
	same "packets a -> b" "$(peer_field a tun 1 link-tx-packets)" \
		"$(peer_field b tun 1 link-rx-packets)"
	same "packets b -> a" "$(peer_field b tun 1 link-tx-packets)" \
		"$(peer_field a tun 1 link-rx-packets)"
	# each packet costs 24 bytes
	same "overhead" "$((a_tx - $(peer_field a tun 1 vpn-tx-bytes)))" \
		"$((24 * $(peer_field a tun 1 link-tx-packets)))"
	same "device and peer, rx bytes" "$(dev_stat b tun rx bytes)" \
		"$(peer_field b tun 1 vpn-rx-bytes)"
	same "device and peer, rx packets" "$(dev_stat b tun rx packets)" \
		"$(peer_field b tun 1 vpn-rx-packets)"
	kt_num "volume" "$(peer_field b tun 1 vpn-rx-bytes)" -gt "$BYTES"
	same "dropped by b" "$(dev_stat b tun rx dropped)" 0
	same "dropped by a" "$(dev_stat a tun rx dropped)" 0
	same "not sent by b" "$(dev_stat b tun tx dropped)" 0
	same "not sent by a" "$(dev_stat a tun tx dropped)" 0
	# Upstream's tx_bytes counts head room, too: only ours is exact.
	[ "$DRIVER" = intree ] ||
		same "device and peer, tx packets" \
			"$(dev_stat a tun tx packets)" \
			"$(peer_field a tun 1 vpn-tx-packets)"
}

# forward: packets that were not made here (routed through a)
test_forward() {
	net_pair
	net_new c
	net_join a c 1
	tunnel_new aes-gcm 32 4
	net_router a vac
	ip -n "$NS-c" route add 10.8.0.0/24 via 10.99.1.1
	ip -n "$NS-c" route add fd08::/64 via fd99:1::1
	ip -n "$NS-b" route add 10.99.1.0/24 via 10.8.0.2 dev tun
	ip -n "$NS-b" route add fd99:1::/64 via fd08::2 dev tun
	ping_all c 10.8.0.1 5
	ping_all c fd08::1 5
	tcp_check c b 10.8.0.1:9001 "$BYTES"
	tcp_check b c 10.99.1.2:9001 "$BYTES"
	tcp_check b c "[fd99:1::2]:9001" "$BYTES"
	udp_check c b 10.8.0.1:9002 "$PACKETS" 200 1300
}

# iperf: the figures people compare, TCP and UDP both ways
test_iperf() {
	local seconds=5 direction

	command -v iperf3 >/dev/null ||
		kt_skip "no iperf3 here"
	[ "$FAST" = 0 ] || seconds=1
	net_pair
	tunnel_new aes-gcm 32 4
	kt_bg iperf-server ip netns exec "$NS-b" iperf3 -s
	kt_until 10 in_b ss -Hltn "sport = :5201" || kt_fail "iperf3 -s"
	kt_pause 0.3
	for direction in "" -R; do
		kt_ok "iperf3 tcp $direction" in_a timeout 60 \
			iperf3 -c 10.8.0.1 -t "$seconds" $direction
		kt_note "tcp ${direction:---} $(grep receiver "$TMP/out")"
		kt_ok "iperf3 udp $direction" in_a timeout 60 iperf3 \
			-c 10.8.0.1 -t "$seconds" -u -b 2M -l 1300 $direction
		kt_note "udp ${direction:---} $(grep receiver "$TMP/out")"
	done
}

# shutdown: a device that is down neither sends nor delivers
test_shutdown() {
	local before

	net_pair
	tunnel_new aes-gcm 32 4
	ping_all a 10.8.0.1 3
	ip -n "$NS-b" link set tun down
	before=$(peer_field b tun 1 vpn-tx-packets)
	ping_none a 10.8.0.1
	kt_is "b sent nothing" "$(peer_field b tun 1 vpn-tx-packets)" "$before"
	ip -n "$NS-b" link set tun up
	ping_all a 10.8.0.1 3
}

kt_main "$@"
