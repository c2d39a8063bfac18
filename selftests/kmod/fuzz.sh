#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Packets that nobody should send, thousands of them; then the tunnel still
# works, and the kernel's log is quiet. OVPN_FUZZ_COUNT and OVPN_FUZZ_SEED
# set the number of inputs of a test and the seed, which is printed.
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p         |                      | tun mp          |
#	| 10.8.0.2        |    10.99.0.0/24      | 10.8.0.1        |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+                      +-----------------+

TESTS="datagrams stream forwarded frames"
. "$(dirname "$0")/lib.sh"

if [ "$FAST" = 1 ]; then
	COUNT=${OVPN_FUZZ_COUNT:-4000}
else
	COUNT=${OVPN_FUZZ_COUNT:-40000}
fi
# fixed, so that a run of everything is the same each time
SEED=${OVPN_FUZZ_SEED:-6148914691236517205}

# fuzz NS WORD...: a fuzzer that comes to its end
fuzz() {
	local ns=$1

	shift
	kt_note "ovpn_fuzz $1 count=$COUNT seed=$SEED"
	kt_ok "$*" timeout 600 "$BIN/ovpn_fuzz" -n "$NS-$ns" "$@" \
		"count=$COUNT" "seed=$SEED"
	kt_note "$(tail -n 1 "$TMP/out")"
}

# fuzz_a WORD...: as b, to a's socket, with the key that a receives with
fuzz_a() {
	fuzz b datagrams on=10.99.0.2:7010 to=10.99.0.1:7001 \
		$(wire_key 0 32 | tr ' ' '\n' | grep -v ^rx) peer-id=1 key-id=0 \
		"$@"
}

# datagrams: authentic ones with a broken payload, and broken ones
test_datagrams() {
	local lines

	net_pair
	tunnel_new aes-gcm 32 4
	lines=$(log_lines)
	fuzz_a
	# most were received, so the fuzzer has reached the inside
	kt_num "delivered" "$(peer_field a tun 1 vpn-rx-packets)" -gt \
		$((COUNT / 5))
	still_well "$lines"
}

# acceptor: takes one connection after the other at a, and makes it peer 1
acceptor() {
	local pid

	while [ ! -e "$TMP/stop" ]; do
		"$BIN/ovpn_tcp" -n "$NS-a" accept=10.99.0.1:7001 read=1 \
			>"$TMP/accepted" &
		pid=$!
		echo "$pid" >"$TMP/accept-pid"
		until grep -q ready "$TMP/accepted"; do
			kill -0 "$pid" 2>/dev/null || continue 2
			kt_pause 0.02
		done
		cli a batch <<-END >/dev/null 2>&1
			new_peer tun id=1 socket=@sock:$pid
			new_key tun peer-id=1 slot=0 key-id=0 \
				cipher-alg=aes-gcm $(key_items 0 32 0)
		END
		echo peer
		# somebody reads what is no data
		kill -USR1 "$pid"
		# the fuzzer waits for a sign of it
		in_a ping -q -c 1 -W 0.01 10.8.0.1 >/dev/null 2>&1
		while cli a get_peer tun id=1 >"$TMP/peer" 2>&1; do
			grep -o 'vpn-rx-packets=[0-9]*' "$TMP/peer" >"$TMP/rx"
			kt_pause 0.02
		done
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
}

# stream: the same in records of connections, also of wrong lengths, which end
# the peer
test_stream() {
	local lines pid

	net_pair
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	lines=$(log_lines)
	kt_bg accept acceptor
	pid=$KT_PID
	fuzz b stream to=10.99.0.1:7001 \
		$(wire_key 0 32 | tr ' ' '\n' | grep -v ^rx) peer-id=1 key-id=0
	: >"$TMP/stop"
	kill "$(cat "$TMP/accept-pid")"
	wait "$pid" 2>/dev/null
	kt_num "connections" "$(grep -c peer "$TMP/accept")" -ge $((COUNT / 500))
	kt_num "delivered" "$(dev_stat a tun rx packets)" -gt $((COUNT / 5))
	kt_until 10 kt_not_there || kt_fail "the last peer does not go"
	stream_new 4
	cli a new_peer tun id=1 "socket=@sock:$SOCK_A" || kt_die "peer of a"
	cli b new_peer tun id=1 "socket=@sock:$SOCK_B" vpn-ipv4=10.8.0.2 \
		vpn-ipv6=fd08::2 || kt_die "peer of b"
	still_well "$lines"
}

kt_not_there() {
	! cli a get_peer tun id=1
}

# forwarded: the same to a host that sends on what it gets
test_forwarded() {
	local lines

	net_pair
	net_new c
	net_join a c 1
	tunnel_new aes-gcm 32 4
	net_router a vac
	# what is for a goes on to c instead
	ip -n "$NS-a" addr del 10.8.0.2/24 dev tun
	ip -n "$NS-a" addr del fd08::2/64 dev tun
	ip -n "$NS-a" route add 10.8.0.2 via 10.99.1.2
	ip -n "$NS-a" route add fd08::2 via fd99:1::2
	lines=$(log_lines)
	fuzz_a
	kt_num "sent on" "$(dev_attr a vac statistics/tx_packets)" \
		-gt $((COUNT / 20))
	ip -n "$NS-a" route del 10.8.0.2 via 10.99.1.2
	ip -n "$NS-a" route del fd08::2 via fd99:1::2
	ip -n "$NS-a" addr add 10.8.0.2/24 dev tun
	ip -n "$NS-a" addr add fd08::2/64 dev tun nodad
	still_well "$lines"
}

# frames: to the interface, GSO packets with wrong headers among them
test_frames() {
	local lines

	net_pair
	tunnel_new aes-gcm 32 4
	lines=$(log_lines)
	fuzz a frames tun
	kt_num "sent" "$(peer_field a tun 1 vpn-tx-packets)" -gt $((COUNT / 5))
	still_well "$lines"
}

kt_main "$@"
