#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ends of things while they are in use. What these tests look for shows in the
# kernel log, and best on a kernel with KASAN, lockdep or kmemleak.
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p         |                      | tun mp          |
#	| 10.8.0.2        |    10.99.0.0/24      | 10.8.0.1        |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+                      +-----------------+
#
# OVPN_TEST_ROUNDS: how often each is done (default: 3 fast, else 20).

TESTS="closefd deldev delnetns move downup commands keys connects"
LIMIT=1200
. "$(dirname "$0")/lib.sh"

if [ "$FAST" = 1 ]; then
	ROUNDS=${OVPN_TEST_ROUNDS:-3}
else
	ROUNDS=${OVPN_TEST_ROUNDS:-20}
fi

# load: traffic both ways that does not end by itself
load() {
	local rate=0

	[ "$FAST" = 0 ] || rate=2000
	kt_bg load1 "$BIN/ovpn_traffic" -n "$NS-a" mode=udp-send \
		to=10.8.0.1:9 size=1300 "rate=$rate"
	kt_bg load2 "$BIN/ovpn_traffic" -n "$NS-b" mode=udp-send \
		"to=[fd08::2]:9" size=300 rate=2000
	kt_bg load3 "$BIN/ovpn_traffic" -n "$NS-b" mode=tcp-sink \
		on=10.8.0.1:9001 seconds=100
	kt_bg load4 "$BIN/ovpn_traffic" -n "$NS-a" mode=tcp-send \
		to=10.8.0.1:9001 bytes=100000000000
	kt_pause 0.5
}

loaded_pair() {
	net_pair
	tunnel_new aes-gcm 32 4
	load
}

# closefd: the socket of a peer is closed under load
test_closefd() {
	local n

	for ((n = 0; n < ROUNDS; n++)); do
		loaded_pair
		kill -KILL "$SOCK_A"
		kt_until 20 eval '[ -z "$(cli a dump tun)" ]' ||
			kt_fail "peer of a outlives its socket"
		kill -KILL "$SOCK_B"
		kt_until 20 eval '[ -z "$(cli b dump tun)" ]' ||
			kt_fail "peer of b outlives its socket"
		kt_reset
	done
}

# deldev: the device is deleted under load
test_deldev() {
	local n

	for ((n = 0; n < ROUNDS; n++)); do
		loaded_pair
		kt_ok "delete b's" timeout 20 ip -n "$NS-b" link del tun
		kt_ok "delete a's" timeout 20 ip -n "$NS-a" link del tun
		# the sockets are free again
		cli a link_add tun p2p
		kt_ok "new" cli a new_peer tun id=1 "socket=@sock:$SOCK_A" \
			remote-ipv4=10.99.0.2 remote-port=7002
		kt_reset
	done
}

# The other end of b's veth goes when b has really ended.
veth_gone() {
	! ip -n "$NS-a" link show vab
}

# delnetns: a namespace goes with everything in it
test_delnetns() {
	local n pid

	for ((n = 0; n < ROUNDS; n++)); do
		loaded_pair
		ip netns del "$NS-b"
		for pid in "${kt_pids[@]}"; do
			kill -KILL "$pid" 2>/dev/null
		done
		kt_until 30 veth_gone || kt_fail "namespace does not end"
		kt_reset
	done
}

# move: a device in another namespace than its socket, which goes first
test_move() {
	local n

	for ((n = 0; n < ROUNDS; n++)); do
		net_pair
		net_new c
		tunnel_new aes-gcm 32 4
		ip -n "$NS-a" link set tun netns "$NS-c"
		ip -n "$NS-c" -batch - <<-END
			addr add 10.8.0.2/24 dev tun
			link set tun up
		END
		ping_all c 10.8.0.1 2
		kt_bg ping ip netns exec "$NS-c" ping -q -i 0.01 10.8.0.1
		if [ $((n % 2)) = 0 ]; then
			kill -KILL "$SOCK_A"
			ip netns del "$NS-a"
			kt_until 20 eval '[ -z "$(cli c dump tun)" ]' ||
				kt_fail "peer outlives its socket's namespace"
		else
			kill -KILL "$KT_PID"
			# the device does not come back, it ends
			ip netns del "$NS-c"
			kt_until 20 eval '! cli a dump tun' ||
				kt_fail "device came back"
		fi
		kt_reset
	done
}

# downup: down and up under load
test_downup() {
	local n

	loaded_pair
	for ((n = 0; n < ROUNDS * 2; n++)); do
		ip -n "$NS-b" link set tun down
		ip -n "$NS-b" link set tun up
	done
	ping_all a 10.8.0.1 5
}

# again FILE SECONDS NS: run a batch of commands over and over
again() {
	local end=$((SECONDS + $2))

	while [ "$SECONDS" -lt "$end" ]; do
		cli "$3" batch <"$TMP/$1"
	done
}

# peers_of_b: their ids
peers_of_b() {
	cli b dump tun | sed -n 's/.*{id=\([0-9]*\) .*/\1/p'
}

# commands: new, set, get, dump and del of the same peers from four shells
test_commands() {
	local n shell seconds=10

	[ "$FAST" = 0 ] || seconds=3
	net_pair
	sock_new b 0.0.0.0:7002
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	for n in 1 2 3 4 5 6 7 8; do
		echo "new_peer tun id=$n socket=@sock:$SOCK" \
			"vpn-ipv4=10.8.0.1$n remote-ipv4=10.99.0.1" \
			"remote-port=700$n keepalive-interval=1" \
			"keepalive-timeout=1"
		echo "del_peer tun id=$((9 - n))" >>"$TMP/batch-del"
		echo "set_peer tun id=$n vpn-ipv4=10.8.0.2$n" \
			"remote-ipv4=10.99.0.9 remote-port=800$n" \
			>>"$TMP/batch-set"
		echo "new_key tun peer-id=$n slot=0 key-id=0" \
			"cipher-alg=aes-gcm $(key_items 0 32 1)" \
			>>"$TMP/batch-key"
		echo "swap_keys tun peer-id=$n" >>"$TMP/batch-key"
	done >"$TMP/batch-new"
	for n in 1 2 3 4; do
		echo "dump tun"
	done >"$TMP/batch-dump"
	for shell in new del set key dump; do
		again "batch-$shell" "$seconds" b >/dev/null 2>&1 &
		kt_pids+=("$!")
	done
	kt_pause "$((seconds + 1))"
	# whatever remains is consistent: each can be seen and deleted, unless
	# its time is over just now
	for n in $(peers_of_b); do
		cli b batch >"$TMP/out" 2>&1 <<-END && continue
			get_peer tun id=$n
			del_peer tun id=$n
		END
		! peers_of_b | grep -qx "$n" ||
			kt_fail "peer $n" "$(cat "$TMP/out")"
	done
	kt_is "none left" "$(cli b dump tun)" ""
}

# keys: keys come and go under load
test_keys() {
	local n

	loaded_pair
	for ((n = 0; n < ROUNDS * 3; n++)); do
		cat <<-END
			new_key tun peer-id=1 slot=1 key-id=$((n % 8)) \
				cipher-alg=aes-gcm $(key_items $((n % 9)) 32 1)
			swap_keys tun peer-id=1
			del_key tun peer-id=1 slot=1
		END
	done >"$TMP/batch"
	kt_ok "keys" cli b batch <"$TMP/batch"
	cli b new_key tun peer-id=1 slot=0 key-id=1 cipher-alg=aes-gcm \
		$(key_items 9 32 1)
	cli a new_key tun peer-id=1 slot=0 key-id=1 cipher-alg=aes-gcm \
		$(key_items 9 32 0)
	ping_all b 10.8.0.2 5
}

# connects: hundreds of peers come and go
test_connects() {
	local n

	net_pair
	sock_new b 0.0.0.0:7002
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	for ((n = 0; n < ROUNDS * 20; n++)); do
		cat <<-END
			new_peer tun id=$n socket=@sock:$SOCK \
				vpn-ipv4=10.8.0.$((n % 100 + 2)) \
				remote-ipv4=10.99.0.1 remote-port=7001
			new_key tun peer-id=$n slot=0 key-id=0 \
				cipher-alg=aes-gcm $(key_items 0 32 1)
			set_peer tun id=$n keepalive-interval=10 \
				keepalive-timeout=60
			del_peer tun id=$n
		END
	done >"$TMP/batch"
	kt_ok "connects" cli b batch <"$TMP/batch"
	kt_is "none left" "$(cli b dump tun)" ""
}

kt_main "$@"
