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
# "fault", "fault_attach", "memory", "scarce", "account" and "account_tcp" need a
# kernel with fault injection (uml) and have to be named: "fire.sh fault" makes
# thousands of devices there.

TESTS="race race_tcp form"
KT_TEST_LIMIT=1200
LIMIT=1500
. "$(dirname "$0")/lib.sh"

TRACE=/sys/kernel/tracing/instances/fire-$$
FORMS=300
[ "$FAST" = 0 ] || FORMS=100

fire() {
	local ns=$1

	shift
	"$BIN/fire" -n "$NS-$ns" "$@"
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

# raced: what "fire race" said; requests of both families came through
raced() {
	local text

	text=$(cat "$TMP/out")
	kt_note "$text"
	[ "$DRIVER" = ours ] || return 0
	kt_num "requests of ovpnx" "$(kt_field x-calls "$text")" -gt \
		$(($(kt_field x-refused "$text") + 20))
}

# race: everything about the same peers at once, while packets move them
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
	raced
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
	raced
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

# form: an IPV6_ADDRFORM that has waited while the socket became a peer's
test_form() {
	local text

	[ "$DRIVER" = ours ] || kt_skip "in-tree lets it change"
	net_new b
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	kt_ok "race" timeout 200 "$BIN/fire" -n "$NS-b" form "$FORMS"
	text=$(cat "$TMP/out")
	kt_note "$text"
	kt_is "peers without a socket" "$(kt_field left "$text")" 0
	kt_num "changed behind the peer" "$(kt_field late "$text")" -ge 4
	kt_num "brought back" "$(kt_field mended "$text")" -gt 0
	kt_num "brought back by itself" "$(kt_field healed "$text")" -gt 0
	kt_num "closed with UDP_ENCAP 0" "$(kt_field freed "$text")" -gt 0
	kt_ok "delete" timeout 20 ip -n "$NS-b" link del tun
}

# fault: each allocation of each command fails, by itself
test_fault() {
	[ -d /sys/kernel/debug/failslab ] ||
		kt_skip "the kernel has no fault injection"
	net_new b
	fire b fault >"$TMP/fault" 2>&1 || kt_fail "fault"
	sed 's/^/    /' "$TMP/fault"
}

# fault_attach: of these only the commands that take a socket
test_fault_attach() {
	local name

	[ -d /sys/kernel/debug/failslab ] ||
		kt_skip "the kernel has no fault injection"
	for name in "peer new, first of a socket" "peer new, TCP" \
		"peer new, p2p, TCP replaces"; do
		net_new b
		fire b fault "$name" >"$TMP/fault" 2>&1 || kt_fail "$name"
		kt_note "$(cat "$TMP/fault")"
		kt_reset
	done
}

# inject PROBABILITY TIMES [WHAT [ORDER]]: allocations that cannot wait fail, of
# pages only those of so many and more
inject() {
	local dir=/sys/kernel/debug/${3:-failslab}

	echo Y >$dir/ignore-gfp-wait
	[ ! -e $dir/min-order ] || echo "${4:-0}" >$dir/min-order
	echo 0 >$dir/verbose
	echo 1 >$dir/interval
	echo "$2" >$dir/times
	echo "$1" >$dir/probability
}

# inject_below NAME|"": pages fail only where this function of the module asks for
# them; "": wherever they are asked for
inject_below() {
	local dir=/sys/kernel/debug/fail_page_alloc range="0 ffffffffffffffff"

	[ -z "$1" ] || range=$(sort /proc/kallsyms | awk -v name="$1" '
		from && $1 != from { print from, $1; exit }
		$3 == name { from = $1 }')
	[ -n "$range" ] || kt_die "no function $1"
	echo "0x${range% *}" >$dir/require-start
	echo "0x${range#* }" >$dir/require-end
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

# scarce: there is memory, but not in pieces of 32 KB; bulk takes what there is
test_scarce() {
	local pid failed most=1000000

	[ -d /sys/kernel/debug/failslab ] ||
		kt_skip "the kernel has no fault injection"
	net_pair
	tunnel_new aes-gcm 32 4
	ping_all a 10.8.0.1 3
	# who does not read keeps what would be used again
	kt_bg_ready watch "$BIN/ovpn_traffic" -n "$NS-a" mode=watch dev=vab \
		seconds=200
	pid=$KT_PID
	# what comes is opened where it is
	inject_below dco_rx_row_open
	inject 100 $most fail_page_alloc 3
	tcp_check a b 10.8.0.1:9001 8000000
	tcp_check b a "[fd08::2]:9001" 8000000
	failed=$((most - $(cat /sys/kernel/debug/fail_page_alloc/times)))
	inject_below ""
	kt_num "asked in vain by who receives" "$failed" -ge 5
	inject 100 -1 fail_page_alloc 3
	tcp_check a b 10.8.0.1:9001 8000000
	tcp_check b a "[fd08::2]:9001" 8000000
	inject 0 0 fail_page_alloc
	kill "$pid"
	kt_wait "$pid"
	kt_num "not packed" $(($(ethtool_stat a tun tx_gso_packets) -
		$(ethtool_stat a tun tx_packed))) -ge 5
	kt_is "nothing dropped by a" "$(drop_causes a)" ""
	kt_is "nothing dropped by b" "$(drop_causes b)" ""
}

# lost NS DEV: the datagrams that do not arrive, by all counters that there are,
# added to LOST. Devices, IP and who sends count a super-packet as one: how many
# packets is in PACKETS.
lost() {
	local tun dev names packets datagrams skip=-

	# what IP loses of a TCP connection comes again
	[ "${OVER_TCP:-no}" = no ] || skip=Ip
	tun=$("$BIN/ovpn_ns" -n "$NS-$1" ethtool -S tun |
		awk '/_drop_/ { n += $2 } END { print n + 0 }')
	dev=$(($(dev_stat "$1" "$2" rx dropped) +
		$(dev_stat "$1" "$2" tx dropped)))
	names=$("$BIN/ovpn_ns" -n "$NS-$1" nstat -as | awk '
		/^Ip(In|Out)(Discards|NoRoutes)|^Udp(InErrors|SndbufErrors)/ {
			print $1 "=" $2 }')
	kt_note "$1: $tun by tun, $dev by $2," $names
	packets=$(awk -F= -v "skip=^$skip" '$1 !~ skip && !/^UdpIn/ { n += $2 }
		END { print n + 0 }' <<<"$names")
	datagrams=$(awk -F= '/^UdpIn/ { n += $2 } END { print n + 0 }' <<<"$names")
	PACKETS=$((PACKETS + dev + packets))
	LOST=$((LOST + tun + dev + packets + datagrams))
}

lost_all() {
	LOST=0 PACKETS=0
	lost a vab
	lost b vba
}

# freed on|off: where packets end that nobody gets, wherever in the kernel
freed() {
	local switch=$TRACE/events/skb/kfree_skb/enable

	if [ "$1" = on ]; then
		if [ ! -d "$TRACE" ]; then
			mkdir "$TRACE" || kt_die "no instance for tracing"
			trap 'rmdir "$TRACE"' EXIT
		fi
		: >"$TRACE/trace"
		echo 1 >"$switch"
		return
	fi
	echo 0 >"$switch"
	grep -o 'location=[^ ]*' "$TRACE/trace" | sort | uniq -c >"$TMP/freed"
}

# send_without_memory COUNT [WORD...]: datagrams from a to b while memory fails.
# SENT and RECEIVED, REFUSED by the kernel, and by the counters LOST; of these
# PACKETS may have been more than one each.
send_without_memory() {
	local lost packets pid batch

	lost_all
	lost=$LOST packets=$PACKETS
	kt_bg_ready sink "$BIN/ovpn_traffic" -n "$NS-b" mode=udp-sink \
		on=10.8.0.1:9002 idle=4 seconds=90
	pid=$KT_PID
	freed on
	inject 10 100000
	inject 10 100000 fail_page_alloc
	traffic a mode=udp-send to=10.8.0.1:9002 "count=$1" size=1200 \
		"${@:2}" >"$TMP/out" 2>&1
	inject 0 0
	inject 0 0 fail_page_alloc
	kt_wait "$pid"
	freed off
	lost_all
	LOST=$((LOST - lost)) PACKETS=$((PACKETS - packets))
	batch=$(kt_field batch "$*")
	SENT=$(kt_field sent "$(cat "$TMP/out")")
	REFUSED=$(($(kt_field failed "$(cat "$TMP/out")") * ${batch:-1}))
	RECEIVED=$(kt_field received "$(cat "$TMP/sink")")
}

# account_for WHAT COUNT [WORD...]: each of the datagrams has arrived or is in a
# counter
account_for() {
	local gso most

	gso=$(ethtool_stat a tun tx_outer_gso_packets)
	send_without_memory "${@:2}"
	# how many a packet may have been; those that wait for each other are 64
	most=$(kt_field batch "$*")
	[ -n "$most" ] || most=64
	[ "$most" != 64 ] ||
		[ "$gso" != "$(ethtool_stat a tun tx_outer_gso_packets)" ] ||
		most=1
	kt_note "$1: $SENT sent, $RECEIVED received, $REFUSED refused," \
		"$LOST lost by the counters"
	# one that is refused may have been counted, too
	kt_num "$1: received or lost" $((RECEIVED + LOST)) -le "$SENT" &&
		kt_num "$1: received, lost, or refused" $((RECEIVED + LOST +
			REFUSED + PACKETS * (most - 1))) -ge "$SENT" ||
		kt_note "$(cat "$TMP/freed")"
}

# wide MTU: the tunnel's and, with room for what sealing adds, the link's
wide() {
	ip -n "$NS-a" link set vab mtu $(($1 + 200))
	ip -n "$NS-b" link set vba mtu $(($1 + 200))
	ip -n "$NS-a" link set tun mtu "$1"
	ip -n "$NS-b" link set tun mtu "$1"
	# routes are made anew, and who has no memory for one does not count it
	ping_all a 10.8.0.1 3
}

# account: of datagrams sent while there is no memory, each arrives or is counted
test_account() {
	local n

	[ -d /sys/kernel/debug/failslab ] ||
		kt_skip "the kernel has no fault injection"
	net_pair
	tunnel_new aes-gcm 32 4
	ping_all a 10.8.0.1 3
	account_for "one by one" 2000 rate=1000
	# they are cut into memory that is used again, so this takes a while
	for ((n = 0; n < 10; n++)); do
		account_for "in bursts" 4000 batch=40 rate=4000
		[ "$(ethtool_stat a tun tx_drop_no_mem)" = 0 ] || break
	done
	kt_num "bursts that could not be cut" \
		"$(ethtool_stat a tun tx_drop_no_mem)" -ge 40
	# so large that the kernel has to cut them
	wide 9000
	account_for "in bursts of large ones" 600 batch=6 rate=1000 size=5000
	kt_num "bursts that the kernel could not cut" \
		"$(ethtool_stat a tun tx_drop_gso)" -ge 6
	wide 1500
	# who looks on has them, too, until he reads: they are copied
	kt_bg look in_b timeout 200 socat -u INTERFACE:vba OPEN:/dev/null
	kt_until 10 eval "in_b cat /proc/net/packet | grep -q ' 0003 '" ||
		kt_fail "socat" "$(cat "$TMP/look")"
	account_for "one by one, seen by others" 2000 rate=1000
	account_for "in bursts, seen by others" 4000 batch=40 rate=2000
	kt_num "packets that could not be copied" \
		"$(ethtool_stat b tun rx_drop_no_mem)" -gt 0
	ping_all a 10.8.0.1 5
	ping_all b fd08::2 5
}

# account_tcp: the same over TCP
test_account_tcp() {
	[ -d /sys/kernel/debug/failslab ] ||
		kt_skip "the kernel has no fault injection"
	net_pair
	tunnel_new_tcp 4
	ping_all a 10.8.0.1 3
	OVER_TCP=yes
	account_for "over TCP, one by one" 2000 rate=1000
	account_for "over TCP, in bursts" 4000 batch=40 rate=2000
	kt_num "records that could not be opened" \
		"$(ethtool_stat b tun rx_drop_no_mem)" -gt 0
	ping_all b fd08::2 5
}

kt_main "$@"
