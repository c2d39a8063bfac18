#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The module as a whole: what keeps it loaded, and what does not; what it costs
# the machine's memory. Nothing may run beside this.
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p         |                      | tun mp          |
#	| 10.8.0.2        |    10.99.0.0/24      | 10.8.0.1        |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+                      +-----------------+
#
# OVPN_TEST_ROUNDS: how often the module is loaded (default: 3 fast, else 20).
# OVPN_TEST_SECONDS: how long it is tried while things happen

TESTS="cycles crowd encap addrform unload unload_tcp modunload autoload"
KT_TEST_LIMIT=1200
LIMIT=1500
ALONE=yes
. "$(dirname "$0")/lib.sh"

if [ "$FAST" = 1 ]; then
	ROUNDS=${OVPN_TEST_ROUNDS:-3}
else
	ROUNDS=${OVPN_TEST_ROUNDS:-20}
fi

fire() {
	local ns=$1

	shift
	"$BIN/fire" -n "$NS-$ns" "$@"
}

# slow: a kernel with sanitizers
is_slow() {
	[ -e /sys/kernel/debug/kmemleak ] || [ -e /proc/lockdep_stats ]
}

# field FILE LINE NAME
field() {
	sed -n "$2s/.*\\b$3=\\([0-9]*\\).*/\\1/p" "$TMP/$1"
}

# cycles: thousands of peers come and go, and memory stays what it was
test_cycles() {
	local n=10000 grown

	! is_slow || n=1000
	net_new b
	fire b cycles "$n" >"$TMP/cycles" 2>&1 ||
		kt_fail "cycles" "$(cat "$TMP/cycles")"
	kt_note "$(cat "$TMP/cycles")"
	# 9000 times a leak of 1 KiB are 9000 KiB
	grown=$(($(field cycles 2 unreclaimable) - $(field cycles 1 unreclaimable)))
	is_slow || kt_num "growth of slabs in KiB" "$grown" -lt 4000
	grown=$(($(field cycles 2 percpu) - $(field cycles 1 percpu)))
	kt_num "growth of per-CPU memory in KiB" "$grown" -lt 1000
}

# crowd: many peers are removed one by one, with their socket, with the device
test_crowd() {
	local n=10000

	! is_slow || n=1000
	net_new b
	fire b crowd "$n" >"$TMP/crowd" 2>&1 ||
		kt_fail "crowd" "$(cat "$TMP/crowd")"
	kt_note "$n peers, in ms: $(cat "$TMP/crowd")"
	[ "$DRIVER" != intree ] || return 0
	# a grace period for each would be 10 ms at the least
	kt_num "removal one by one in ms" "$(field crowd 1 del)" -lt $((n * 5))
	kt_num "socket in ms" "$(field crowd 1 close)" -lt $((n * 2))
	kt_num "device in ms" "$(field crowd 1 link-del)" -lt $((n * 2))
}

# The other end of b's veth goes when b has really ended.
veth_gone() {
	! ip -n "$NS-a" link show vab
}

# sock_gone: the peer of a has ended with its socket, and nothing keeps the module
# once the devices are gone
sock_gone() {
	kt_until 10 kt_says events PEER_DEL_NTF
	kt_is "event, $1" "$(grep -o 'peer{.*' "$TMP/events")" \
		"peer{del-reason=transport-disconnect id=1}"
	kt_is "no peer, $1" "$(cli a dump tun)" ""
	kt_reset
	kt_until 20 module_unused ||
		kt_fail "module in use, $1" "$(cat /sys/module/ovpn/refcnt)"
}

# encap: a program sets UDP_ENCAP on the socket of a peer, or of one that was
test_encap() {
	local value family values="0 2 3"	# none, ESP, L2TP

	[ -e /sys/module/ovpn/refcnt ] || kt_skip "ovpn is built in"
	[ "$DRIVER" = ours ] || kt_skip "in-tree peers outlive such a socket"
	[ -e /proc/sys/net/core/xfrm_acq_expires ] || values="0 3"
	kt_until 20 module_unused || kt_fail "module in use before"
	for family in 4 6; do
		for value in $values; do
			net_pair
			tunnel_new aes-gcm 32 "$family"
			ping_all a 10.8.0.1 2
			kt_bg_ready events "$BIN/ovpn_cli" -n "$NS-a" listen 600
			kt_ok "UDP_ENCAP $value" cli a sock_set "$SOCK_A" \
				encap "$value"
			# what comes is the program's, or another protocol's
			kt_not "ping" in_a ping -q -n -c 2 -i 0.1 -W 0.2 10.8.0.1
			kill -KILL "$SOCK_A"
			sock_gone "UDP_ENCAP $value, IPv$family"
		done
		values=0
	done
	# after its last peer
	net_pair
	tunnel_new aes-gcm 32 4
	cli a del_peer tun id=1
	kt_ok "UDP_ENCAP 0" cli a sock_set "$SOCK_A" encap 0
	# it can be taken again, as if nothing had been
	kt_ok "again" cli a new_peer tun id=1 "socket=@sock:$SOCK_A" \
		$(outer_words 4 0 2) remote-port=7002
	kt_ok "key" cli a new_key tun peer-id=1 slot=0 key-id=0 \
		cipher-alg=aes-gcm $(key_items 0 32 0)
	ping_all a 10.8.0.1 2
	cli a del_peer tun id=1
	kt_ok "UDP_ENCAP 0" cli a sock_set "$SOCK_A" encap 0
	kill -KILL "$SOCK_A"
	kt_reset
	kt_until 20 module_unused || kt_fail "module in use" \
		"$(cat /sys/module/ovpn/refcnt)"
	# nor does such a socket keep a namespace, with all that is in it
	net_pair
	tunnel_new aes-gcm 32 4
	kt_ok "UDP_ENCAP 0" cli b sock_set "$SOCK_B" encap 0
	kill -KILL "$SOCK_B"
	ip netns del "$NS-b"
	kt_until 30 veth_gone || kt_fail "namespace does not end"
	kt_reset
	kt_until 20 module_unused || kt_fail "module in use, namespace"
}

# addrform: an IPv6 socket that could become one of IPv4 stays what it is
test_addrform() {
	local before

	[ -e /sys/module/ovpn/refcnt ] || kt_skip "ovpn is built in"
	[ "$DRIVER" = ours ] || kt_skip "in-tree lets it change"
	net_pair
	sock_new a '[::]:7001'
	cli a link_add tun p2p
	kt_ok "before it is taken" cli a sock_set "$SOCK" connect \
		'[::ffff:10.99.0.2]:7002'
	kt_ok "peer" cli a new_peer tun id=1 "socket=@sock:$SOCK" \
		remote-ipv4=10.99.0.2 remote-port=7002
	kt_not "refused" cli a sock_set "$SOCK" addrform 2
	kt_ok "other options" cli a sock_set "$SOCK" pmtudisc 2
	cli a del_peer tun id=1
	kt_not "afterwards" cli a sock_set "$SOCK" addrform 2
	# one that has become one before is taken like any other
	kt_reset
	net_pair
	sock_new a '[::]:7001'
	cli a link_add tun p2p
	kt_ok "connect" cli a sock_set "$SOCK" connect '[::ffff:10.99.0.2]:7002'
	kt_ok "free" cli a sock_set "$SOCK" addrform 2
	kt_ok "peer" cli a new_peer tun id=1 "socket=@sock:$SOCK" \
		remote-ipv4=10.99.0.2 remote-port=7002
	kt_bg_ready events "$BIN/ovpn_cli" -n "$NS-a" listen 600
	kill -KILL "$SOCK"
	sock_gone "IPv4 by IPV6_ADDRFORM"
}

# unload: refused while a device exists or goes away with it; clean afterwards
test_unload() {
	local text n

	[ -e /sys/module/ovpn/refcnt ] || kt_skip "ovpn is built in"
	for ((n = 0; n < ROUNDS; n++)); do
		net_pair
		tunnel_new aes-gcm 32 4
		ping_all a 10.8.0.1 2
		# With a device the core refuses or the module takes its
		# devices along; either way nothing may be left behind.
		text=$(rmmod ovpn 2>&1) || true
		if [ -e /sys/module/ovpn ]; then
			kt_ok "still works: $text" cli a dump tun
		fi
		kt_reset
		[ -e /sys/module/ovpn ] || modprobe ovpn
	done
	module_reload
	net_new a
	kt_ok "device" cli a link_add tun p2p
}

# unload_tcp: the same with TCP peers, and programs that wait in its functions
test_unload_tcp() {
	local n sock

	[ -e /sys/module/ovpn/refcnt ] || kt_skip "ovpn is built in"
	for ((n = 0; n < ROUNDS; n++)); do
		net_pair
		kt_bg tcp-a "$BIN/ovpn_wire" -n "$NS-a" tcp=accept \
			on=10.99.0.1:7001 packet=28010203 seconds=60
		kt_bg_ready tcp-b "$BIN/ovpn_tcp" -n "$NS-b" \
			connect=10.99.0.1:7001
		sock=$KT_PID
		cli b link_add tun p2p
		kt_ok "new" cli b new_peer tun id=1 "socket=@sock:$sock"
		kt_bg waits "$BIN/ovpn_tcp" "pid=$sock" flags=none block=20000 \
			recv=99 recv=99
		kt_bg polls "$BIN/ovpn_tcp" "pid=$sock" pollin=20000
		kt_until 10 kt_says waits recv=6 || kt_fail "no packet"
		rmmod ovpn 2>/dev/null || ip -n "$NS-b" link del tun
		kt_until 20 kt_says waits EBADF ||
			kt_fail "still waits" "$(cat "$TMP/waits")"
		kt_reset
		[ -e /sys/module/ovpn ] || modprobe ovpn
	done
	module_reload
}

# devices SECONDS: with peers, come and go; so does their socket, which keeps the
# module for as long as it is open
devices() {
	local end=$((SECONDS + $1))

	while [ "$SECONDS" -lt "$end" ]; do
		sock_new b 0.0.0.0:7002
		cli b link_add "tun" mp
		sed "s/@SOCK/@sock:$SOCK/" "$TMP/batch" | cli b batch
		ip -n "$NS-b" addr add 10.8.0.1/24 dev tun
		ip -n "$NS-b" link set tun up
		in_b ping -c 1 -W 0.1 10.8.0.12
		[ $((RANDOM % 2)) = 0 ] || ip -n "$NS-b" link del tun
		kill "$SOCK"
		kt_wait "$SOCK"
	done
}

# modunload: refused, or clean, at any moment
test_modunload() {
	local seconds=${OVPN_TEST_SECONDS:-10} id end done=0 refused=0

	[ -e /sys/module/ovpn/refcnt ] || kt_skip "ovpn is built in"
	net_pair
	for id in 1 2 3 4 5 6 7 8; do
		echo "new_peer tun id=$id socket=@SOCK" \
			"vpn-ipv4=10.8.0.1$id remote-ipv4=10.99.0.1" \
			"remote-port=700$id keepalive-interval=1" \
			"keepalive-timeout=2"
		echo "new_key tun peer-id=$id slot=0 key-id=0" \
			"cipher-alg=aes-gcm $(key_items 0 32 1)"
	done >"$TMP/batch"
	devices "$seconds" >/dev/null 2>&1 &
	kt_pids+=("$!")
	end=$((SECONDS + seconds))
	while [ "$SECONDS" -lt "$end" ]; do
		if rmmod ovpn 2>/dev/null; then
			done=$((done + 1))
			modprobe ovpn
		else
			refused=$((refused + 1))
		fi
	done
	kt_note "unloaded $done times, refused $refused times"
	wait "${kt_pids[-1]}"
	kt_num "unloaded" "$done" -gt 0
	[ -e /sys/module/ovpn ] || modprobe ovpn
	kt_reset
	module_reload
}

# autoload: a device of the kind, or a look for the family, loads the module
test_autoload() {
	[ -e /sys/module/ovpn/refcnt ] || kt_skip "ovpn is built in"
	[ "$DRIVER" != intree ] || kt_skip "in-tree has no alias for the kind"
	net_new a
	kt_until 20 module_unused
	kt_ok "unload" rmmod ovpn
	kt_ok "link" ip -n "$NS-a" link add t0 type ovpn
	kt_ok "module" test -e /sys/module/ovpn
	kt_ok "delete" ip -n "$NS-a" link del t0
	kt_until 20 module_unused
	kt_ok "unload" rmmod ovpn
	kt_not "family" cli a dump t0
	kt_ok "module" test -e /sys/module/ovpn
}

kt_main "$@"
