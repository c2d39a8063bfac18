#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Everything at once, often, and with memory that is not there. What these tests
# look for shows in the kernel log, and best on a kernel with KASAN, kmemleak or
# lockdep.
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p, or     |                      | tun mp          |
#	| ovpn_wire       |    10.99.0.0/24      | 10.8.0.1        |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+                      +-----------------+
#
# OVPN_TEST_SECONDS: how long the race lasts
#
# "fault" and "memory" need a kernel with fault injection (uml) and have to be
# named: "fire.sh fault" makes thousands of devices there.

TESTS="race race_tcp cycles crowd modunload autoload"
KT_TEST_LIMIT=1200
LIMIT=1500
ALONE=yes
. "$(dirname "$0")/lib.sh"

fire() {
	local ns=$1

	shift
	"$BIN/fire" -n "$NS-$ns" "$@"
}

# slow: a kernel with sanitizers
is_slow() {
	[ -e /sys/kernel/debug/kmemleak ] || [ -e /proc/lockdep_stats ]
}

# floats SECONDS: authentic packets of peer 1, each from another port
floats() {
	local end=$((SECONDS + $1)) n=0

	while [ "$SECONDS" -lt "$end" ]; do
		n=$((n + 1))
		wire a "on=10.99.0.1:$((7100 + n % 9))" to=10.99.0.2:7002 \
			$(wire_key 0 32) peer-id=1 key-id=0 "pids=$n" \
			inner=ping >/dev/null 2>&1
	done
}

# race: new, set, get, dump, del, keys, keepalives and floats of the same peers
test_race() {
	local seconds=${OVPN_TEST_SECONDS:-10} start events

	net_pair
	sock_new b 0.0.0.0:7002
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	kt_bg_ready events "$BIN/ovpn_cli" -n "$NS-b" listen 600
	floats "$((seconds + 1))" &
	kt_pids+=("$!")
	# packets towards the peers, in more than one softirq
	kt_bg load "$BIN/ovpn_traffic" -n "$NS-b" mode=udp-send \
		to=10.8.0.11:9 size=300 rate=500
	kt_bg load6 "$BIN/ovpn_traffic" -n "$NS-b" mode=udp-send \
		"to=[fd08::12]:9" size=300 rate=500
	kt_ok "race" timeout $((seconds + 60)) "$BIN/fire" -n "$NS-b" race \
		"$seconds" "$SOCK" "$(key_items 0 32 0)"
	kt_note "$(cat "$TMP/out")"
	start=$(cli b dump tun | wc -l)
	for id in 1 2 3 4; do
		cli b del_peer tun "id=$id" >/dev/null 2>&1
	done
	kt_is "none left of $start" "$(cli b dump tun)" ""
	events=$(grep -c DEL_NTF "$TMP/events")
	kt_note "$events peers removed," \
		"$(grep -c expired "$TMP/events") by their timer," \
		"$(grep -c FLOAT_NTF "$TMP/events") floats"
	kt_num "peers were removed" "$events" -gt 0
	kt_num "peers floated" "$(grep -c FLOAT_NTF "$TMP/events")" -gt 0
	# whatever was left to be done is done when the device is gone
	kt_ok "delete" timeout 20 ip -n "$NS-b" link del tun
}

# race_tcp: the same where peers come and go with their connections
test_race_tcp() {
	local seconds=${OVPN_TEST_SECONDS:-10} id

	net_new b
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	kt_bg_ready events "$BIN/ovpn_cli" -n "$NS-b" listen 600
	for id in 11 12 13; do
		kt_bg load$id "$BIN/ovpn_traffic" -n "$NS-b" mode=udp-send \
			"to=10.8.0.$id:9" size=300 batch=10 rate=100
	done
	kt_ok "race" timeout $((seconds + 60)) "$BIN/fire" -n "$NS-b" race \
		"$seconds" tcp "$(key_items 0 32 0)"
	kt_note "$(cat "$TMP/out")"
	kt_note "ends: $(grep -o 'del-reason=[a-z-]*' "$TMP/events" | sort |
		uniq -c | xargs)"
	for id in 1 2 3 4; do
		cli b del_peer tun "id=$id" >/dev/null 2>&1
	done
	kt_is "none left" "$(cli b dump tun)" ""
	for id in userspace transport-error transport-disconnect; do
		kt_ok "ended by $id" kt_says events "del-reason=$id"
	done
	kt_num "forged records" "$(ethtool_stat b tun rx_drop_auth)" -gt 0
	kt_ok "delete" timeout 20 ip -n "$NS-b" link del tun
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

# fault: each allocation of each command fails, by itself
test_fault() {
	[ -d /sys/kernel/debug/failslab ] ||
		kt_skip "the kernel has no fault injection"
	net_new b
	fire b fault >"$TMP/fault" 2>&1 || kt_fail "fault"
	sed 's/^/    /' "$TMP/fault"
}

# inject VALUE...: for failslab: probability, times
inject() {
	local dir=/sys/kernel/debug/failslab

	echo Y >$dir/ignore-gfp-wait
	echo 0 >$dir/verbose
	echo 1 >$dir/interval
	echo "$2" >$dir/times
	echo "$1" >$dir/probability
}

# memory: packets while allocations that cannot wait fail, then again without
test_memory() {
	[ -d /sys/kernel/debug/failslab ] ||
		kt_skip "the kernel has no fault injection"
	net_pair
	tunnel_new aes-gcm 32 4
	ping_all a 10.8.0.1 3
	kt_bg load1 "$BIN/ovpn_traffic" -n "$NS-a" mode=udp-send \
		to=10.8.0.1:9 size=1300 batch=20 rate=300
	kt_bg load2 "$BIN/ovpn_traffic" -n "$NS-b" mode=udp-send \
		"to=[fd08::2]:9" size=1300 rate=300
	inject 10 2000
	kt_pause 8
	inject 0 0
	kt_note "$(cat /sys/kernel/debug/failslab/times) of 2000 not used"
	kt_num "packets lost for want of memory" \
		"$(ethtool_stat a tun tx_drop_no_mem)" -gt 0
	ping_all a 10.8.0.1 5
	ping_all b fd08::2 5
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

module_unused() {
	[ "$(cat /sys/module/ovpn/refcnt)" = 0 ]
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
	kt_until 20 module_unused || kt_fail "module stays in use"
	kt_ok "clean unload" rmmod ovpn
	kt_ok "load" modprobe ovpn
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
