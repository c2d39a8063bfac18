# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests of the module share. A test script sets TESTS to the names of
# its test functions (test_NAME, with "# NAME: title" above), sources this and
# calls "kt_main $@"; arguments select tests by name. Output is KTAP.
#
# Environment: OVPN_TEST_BIN (folder of the tools), OVPN_TEST_FAST=1 (short
# form, for slow kernels), OVPN_TEST_DRIVER=ours|intree (default: looked up),
# OVPN_TEST_NAME (of the module and what it registers, default: ovpn),
# LAB_KERNEL (set in the lab: what cannot be tested has failed).

set -uo pipefail
export LC_ALL=C

KT_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
KT_SKIP=4
# seconds that one test may take; scripts may set it before they source this
: "${KT_TEST_LIMIT:=240}"
FAST=${OVPN_TEST_FAST:-0}
KIND=${OVPN_TEST_NAME:-ovpn}
# nothing is ever written to it: where to wait without a process
exec {KT_NEVER}<> <(:)

# Where the module has been provided, not being able to test is a failure.
kt_unable() {
	if [ -n "${LAB_KERNEL:-}" ]; then
		echo "1..1"
		echo "not ok 1 $*"
		exit 1
	fi
	echo "1..0 # SKIP $*"
	exit $KT_SKIP
}

kt_find_tools() {
	local dir

	for dir in "${OVPN_TEST_BIN:-}" "$KT_DIR" "${LAB_BUILD:-}/kmod" \
		"$KT_DIR/../../build/user/kmod" "$KT_DIR/../../build/kmodtests"
	do
		if [ -n "$dir" ] && [ -x "$dir/ovpn_cli" ]; then
			BIN=$(cd "$dir" && pwd)
			return 0
		fi
	done
	kt_unable "tools are missing; make -C selftests/kmod"
}

# life of a test

kt_failed=0
kt_pids=()

# Nothing of the tests remains: processes and namespaces are ours by name.
kt_cleanup() {
	trap '' INT TERM HUP
	trap - EXIT
	kt_reset
	rm -rf "$TMP"
}

# Between tests: no process, no namespace of the last one.
kt_reset() {
	local ns pid

	for pid in ${kt_pids[@]+"${kt_pids[@]}"}; do
		kill "$pid" 2>/dev/null
	done
	for ns in a b c d; do
		[ -e "/run/netns/$NS-$ns" ] || continue
		for pid in $(ip netns pids "$NS-$ns"); do
			kill -KILL "$pid" 2>/dev/null
		done
		echo "netns del $NS-$ns"
	done >"$TMP/netns"
	[ ! -s "$TMP/netns" ] || ip -batch "$TMP/netns"
	for pid in ${kt_pids[@]+"${kt_pids[@]}"}; do
		wait "$pid" 2>/dev/null
	done
	kt_pids=()
}

kt_begin() {
	[ "$(id -u)" = 0 ] || kt_unable "needs root"
	kt_find_tools
	NS=ovt-$$
	TMP=$(mktemp -d "${TMPDIR:-/tmp}/ovt.XXXXXX")
	trap kt_cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	# The in-tree module does not load by link kind.
	[ -e "/sys/module/$KIND" ] || modprobe "$KIND" 2>/dev/null
	ip netns add "$NS-a" 2>/dev/null
	if ! ip -n "$NS-a" link add probe type "$KIND" 2>"$TMP/probe"; then
		kt_unable "no link kind $KIND: $(cat "$TMP/probe")"
	fi
	ip netns del "$NS-a"
	kt_driver
}

# Upstream's module has no version.
kt_driver() {
	DRIVER=${OVPN_TEST_DRIVER:-intree}
	[ -n "${OVPN_TEST_DRIVER:-}" ] ||
		[ ! -e "/sys/module/$KIND/version" ] || DRIVER=ours
}

kt_title() {
	sed -n "s/^# $1: //p" "$0" | head -n 1
}

# kt_stop_hung PID: say what the machine is doing, and end a test
kt_stop_hung() {
	local children pid

	{
		echo "FAILED: still running after $KT_TEST_LIMIT s"
		ps -eo pid,ppid,stat,etimes,wchan:32,args | grep -v "\]$"
		for pid in $(ps -eo pid=,stat= | sed -n 's/ D.*//p'); do
			sed "s/^/$pid: /" "/proc/$pid/stack"
		done
	} 2>/dev/null | sed 's/^/#   /'
	children=$(ps -o pid= --ppid "$1")
	kill -TERM "$1"
	# shellcheck disable=SC2086
	kill -KILL $children 2>/dev/null
}

# kt_watch: in the background; the test has written its PID to $TMP/test
kt_watch() {
	kt_pause "$KT_TEST_LIMIT"
	kt_stop_hung "$(cat "$TMP/test")"
}

# A test runs in a subshell, which it may leave by kt_die or kt_skip.
kt_run_test() {
	local name=$1 number=$2 status start=${EPOCHREALTIME/./} watch

	kt_watch &
	watch=$!
	(
		echo "$BASHPID" >"$TMP/test"
		"test_$name"
		kt_end
	)
	status=$?
	kill "$watch" 2>/dev/null
	wait "$watch" 2>/dev/null
	[ "$status" -lt 128 ] || kt_reset
	echo "# $name took $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
	if [ "$status" = 0 ]; then
		echo "ok $number $name: $(kt_title "$name")"
	elif [ "$status" = $KT_SKIP ]; then
		echo "ok $number $name: $(kt_title "$name")" \
			"# SKIP $(cat "$TMP/skip")"
	else
		echo "# repeat: selftests/kmod/${0##*/} $name"
		echo "not ok $number $name: $(kt_title "$name")"
		kt_bad=1
	fi
}

kt_end() {
	kt_reset
	exit "$kt_failed"
}

kt_main() {
	local name number=0
	# shellcheck disable=SC2086
	local -a names=($TESTS)

	[ $# = 0 ] || names=("$@")
	kt_bad=0
	kt_begin
	echo "KTAP version 1"
	echo "# driver $DRIVER, kernel $(uname -r)"
	echo "1..${#names[@]}"
	for name in "${names[@]}"; do
		number=$((number + 1))
		kt_run_test "$name" "$number"
	done
	exit "$kt_bad"
}

# kt_skip REASON: ends the test
kt_skip() {
	echo "$*" >"$TMP/skip"
	kt_reset
	exit $KT_SKIP
}

# kt_die WHAT [MORE...]: ends the test, which has failed
kt_die() {
	kt_fail "$@"
	kt_end
}

kt_note() {
	printf '%s\n' "$*" | sed 's/^/#   /'
}

# kt_fail WHAT [MORE...]
kt_fail() {
	kt_failed=1
	kt_note "FAILED: $1"
	shift
	[ $# = 0 ] || kt_note "$@"
}

# kt_ok WHAT COMMAND...: the command has to succeed
kt_ok() {
	local what=$1

	shift
	if ! "$@" >"$TMP/out" 2>&1; then
		kt_fail "$what" "$*" "$(tail -n 5 "$TMP/out")"
		return 1
	fi
}

# kt_not WHAT COMMAND...: the command has to fail
kt_not() {
	local what=$1

	shift
	if "$@" >"$TMP/out" 2>&1; then
		kt_fail "$what" "$*" "$(tail -n 5 "$TMP/out")"
	fi
}

# kt_is WHAT GOT WANT: WANT is a shell pattern
kt_is() {
	# shellcheck disable=SC2053
	if [[ $2 != $3 ]]; then
		kt_fail "$1" "got    $2" "wanted $3"
		return 1
	fi
}

# kt_num WHAT A OP B: an integer comparison
kt_num() {
	if ! test "$2" "$3" "$4"; then
		kt_fail "$1" "not $2 $3 $4"
		return 1
	fi
}

# kt_pause SECONDS
kt_pause() {
	# shellcheck disable=SC2034
	read -r -t "$1" -u "$KT_NEVER" nothing || :
}

# kt_until SECONDS COMMAND...: wait for a command to succeed
kt_until() {
	local end=$((SECONDS + $1 + 1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		kt_pause 0.05
	done
}

# kt_bg FILE COMMAND...: in the background, output to $TMP/FILE; PID in KT_PID
kt_bg() {
	local file=$TMP/$1

	shift
	: >"$file"
	"$@" >"$file" 2>&1 </dev/null &
	KT_PID=$!
	kt_pids+=("$KT_PID")
}

# kt_bg_ready FILE COMMAND...: as kt_bg, until the first line is there
kt_bg_ready() {
	kt_bg "$@"
	kt_until 10 test -s "$TMP/$1" || kt_fail "$1 does not start" "$*"
}

# kt_read FILE: its contents in KT_TEXT, by no process
kt_read() {
	IFS= read -r -d '' KT_TEXT <"$1" || :
}

# kt_says FILE TEXT: is it somewhere in $TMP/FILE?
kt_says() {
	kt_read "$TMP/$1"
	[[ $KT_TEXT == *"$2"* ]]
}

# kt_lines FILE COUNT: does $TMP/FILE have so many?
kt_lines() {
	local lines

	mapfile -t lines <"$TMP/$1"
	[ ${#lines[@]} -ge "$2" ]
}

# kt_wait PID: its exit status
kt_wait() {
	local pid rest=()

	wait "$1"
	local status=$?
	for pid in "${kt_pids[@]}"; do
		[ "$pid" = "$1" ] || rest+=("$pid")
	done
	kt_pids=(${rest[@]+"${rest[@]}"})
	return $status
}

# namespaces and addresses

in_a() { "$BIN/ovpn_ns" -n "$NS-a" "$@"; }
in_b() { "$BIN/ovpn_ns" -n "$NS-b" "$@"; }
in_c() { "$BIN/ovpn_ns" -n "$NS-c" "$@"; }

# dev_attr NS DEV NAME: what a file of sysfs says about a device
dev_attr() {
	ip netns exec "$NS-$1" cat "/sys/class/net/$2/$3"
}

# net_new NAME...: namespaces with "lo" up, where the kernel sends nothing by
# itself: counters count what tests send
net_new() {
	local ns

	for ns in "$@"; do
		echo "netns add $NS-$ns"
	done >"$TMP/batch"
	# a kernel without file locks makes ip warn
	ip -batch "$TMP/batch" 2>"$TMP/netns" ||
		kt_die "ip netns add" "$(cat "$TMP/netns")"
	for ns in "$@"; do
		"$BIN/ovpn_ns" -n "$NS-$ns" sh -c '
			cd /proc/sys/net/ipv6/conf/default
			echo 0 >accept_dad
			echo 0 >accept_ra
			echo 0 >router_solicitations
			echo 1 >addr_gen_mode
			echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
			echo 0 >/proc/sys/net/ipv4/conf/default/rp_filter
			exec ip link set lo up'
	done
}

# net_join A B NET: a veth pair, 10.99.NET.1 and .2, fd99:NET::1 and ::2
net_join() {
	local left=v$1$2 right=v$2$1

	ip -n "$NS-$1" link add "$left" type veth peer name "$right" \
		netns "$NS-$2"
	ip -n "$NS-$1" -batch - <<-END
		addr add 10.99.$3.1/24 dev $left
		addr add fd99:$3::1/64 dev $left nodad
		link set $left up
	END
	ip -n "$NS-$2" -batch - <<-END
		addr add 10.99.$3.2/24 dev $right
		addr add fd99:$3::2/64 dev $right nodad
		link set $right up
	END
}

# net_router NS DEV...: it forwards; for others it asks for its neighbours on these
# devices from a link-local address, of which net_new() lets the kernel make none
net_router() {
	local ns=$1 dev

	shift
	"$BIN/ovpn_ns" -n "$NS-$ns" sh -c '
		echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	for dev in "$@"; do
		echo "addr add fe80::1/64 dev $dev nodad"
	done | ip -n "$NS-$ns" -batch -
}

# net_pair: namespaces a and b, joined by vab and vba
net_pair() {
	net_new a b
	net_join a b 0
}

# ovpn devices

cli() {
	local ns=$1

	shift
	"$BIN/ovpn_cli" -n "$NS-$ns" "$@"
}

# xcli NS WORD...: the same in family "ovpnx"
xcli() {
	local ns=$1

	shift
	"$BIN/ovpnx_cli" -n "$NS-$ns" "$@"
}

# sock_new NS ADDR:PORT: hold a socket; its process in SOCK; received
# datagrams are shown in $TMP/sock-NS
sock_new() {
	kt_bg "sock-$1" "$BIN/ovpn_cli" -n "$NS-$1" sock "$2"
	SOCK=$KT_PID
}

# dev_new NS DEV MODE ADDR4 ADDR6: with prefix lengths
dev_new() {
	# by our tool: iproute2 before 6.16 cannot give the mode
	cli "$1" link_add "$2" "$3" || kt_die "link_add $2 $3"
	ip -n "$NS-$1" -batch - <<-END || kt_die "addresses of $2"
		addr add $4 dev $2
		addr add $5 dev $2 nodad
		link set $2 up
	END
}

# hex_of COUNT XX: COUNT times the byte XX, as hex digits
hex_of() {
	local text

	printf -v text "%${1}s" ''
	echo "${text// /$2}"
}

# key_items N LEN SIDE: the directions of key number N (0..9) for a KEY_NEW;
# SIDE is 0 or 1
key_items() {
	local up="key=$2*a$1 nonce=8*c$1" down="key=$2*b$1 nonce=8*d$1"

	if [ "$3" = 0 ]; then
		echo "encrypt{$up} decrypt{$down}"
	else
		echo "encrypt{$down} decrypt{$up}"
	fi
}

# wire_key N LEN: key number N as words for ovpn_wire on side 1
wire_key() {
	echo "key=$2*b$1 nonce=8*d$1 rx-key=$2*a$1 rx-nonce=8*c$1"
}

# epoch_items SIDE [TX [RX]]: the directions of a key with epochs, with more items
# for each
epoch_items() {
	local up=32*a0 down=32*b0

	[ "$1" = 0 ] || up=32*b0 down=32*a0
	echo "encrypt{secret=$up ${2:-}} decrypt{secret=$down ${3:-}}"
}

# epoch_key NS SIDE [ITEM...]: peer 1 of "tun" gets it, in place of key 0; EPOCH_TX is
# an item of sending
epoch_key() {
	kt_ok "key of $1" xcli "$1" new_key tun peer-id=1 slot=0 key-id=0 \
		cipher-alg=aes-gcm cipher-len=32 "${@:3}" \
		"$(epoch_items "$2" "${EPOCH_TX:-}")"
}

# epoch_wire: it as words for ovpn_wire on side 1
epoch_wire() {
	echo "len=32 epoch=1 key=32*b0 rx-key=32*a0"
}

# need_epochs: ends a test that needs them
need_epochs() {
	[ "$DRIVER" = ours ] || kt_skip "the in-tree driver has no epochs"
	[ -x "$BIN/ovpnx_cli" ] || kt_skip "the tools have no ovpnx_cli"
}

# kt_field NAME TEXT: the value of the first NAME=VALUE in what ovpn_cli says
kt_field() {
	[[ $2 =~ (^|[[:space:]{}])"$1="([^[:space:]{}]*) ]] &&
		echo "${BASH_REMATCH[2]}"
}

# peer_field NS DEV ID FIELD
peer_field() {
	kt_field "$4" "$(cli "$1" get_peer "$2" "id=$3" 2>/dev/null)"
}

# ethtool_stat NS DEV NAME: a counter of "ethtool -S"
ethtool_stat() {
	local text

	text=$("$BIN/ovpn_ns" -n "$NS-$1" ethtool -S "$2")
	[[ $text =~ [[:space:]]"$3: "([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# drop_causes NS: those for which "tun" has dropped something
drop_causes() {
	"$BIN/ovpn_ns" -n "$NS-$1" ethtool -S tun 2>/dev/null |
		awk '/[rt]x_drop_/ && $2 > 0 { printf "%s%s ", $1, $2 }' |
		tr ':' '='
}

# dev_stat NS DEV rx|tx bytes|packets|dropped: a counter of the interface
dev_stat() {
	local ns=$1

	shift
	cli "$ns" stat "$@"
}

# outer_words FAMILY NET HOST: remote address of a peer
outer_words() {
	if [ "$1" = 4 ]; then
		echo "remote-ipv4=10.99.$2.$3"
	else
		echo "remote-ipv6=fd99:$2::$3"
	fi
}

# outer_any FAMILY PORT: what to bind
outer_any() {
	if [ "$1" = 4 ]; then echo "0.0.0.0:$2"; else echo "[::]:$2"; fi
}

# stream_hold NS accept=ADDR:PORT|connect=ADDR:PORT [read=1]: its process in SOCK
stream_hold() {
	kt_bg "tcp-$1" "$BIN/ovpn_tcp" -n "$NS-$1" "${@:2}"
	SOCK=$KT_PID
}

# stream_new FAMILY [WORD...]: a TCP connection from a to b, holders in SOCK_A and
# SOCK_B
stream_new() {
	local to=10.99.0.2:7002

	[ "$1" = 4 ] || to='[fd99:0::2]:7002'
	stream_hold b "accept=$(outer_any "$1" 7002)" "${@:2}"
	SOCK_B=$SOCK
	stream_hold a "connect=$to" "${@:2}"
	SOCK_A=$SOCK
	kt_until 15 kt_says tcp-a ready || kt_die "no connection" \
		"$(cat "$TMP/tcp-a")"
	kt_until 15 kt_says tcp-b ready || kt_die "not accepted"
}

# tunnel_new ALG LEN FAMILY [MTU]: after net_pair; p2p "tun" in a (10.8.0.2,
# fd08::2, port 7001) and mp "tun" in b (10.8.0.1, fd08::1, port 7002), peer 1
# on both sides, over IPv4 or IPv6
tunnel_new() {
	sock_new a "$(outer_any "$3" 7001)"
	SOCK_A=$SOCK
	sock_new b "$(outer_any "$3" 7002)"
	SOCK_B=$SOCK
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	[ $# -lt 4 ] || {
		ip -n "$NS-a" link set tun mtu "$4"
		ip -n "$NS-b" link set tun mtu "$4"
	}
	cli a batch <<-END || kt_die "set up a"
		new_peer tun id=1 socket=@sock:$SOCK_A \
			$(outer_words "$3" 0 2) remote-port=7002
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=$1 \
			$(key_items 0 "$2" 0)
	END
	cli b batch <<-END || kt_die "set up b"
		new_peer tun id=1 socket=@sock:$SOCK_B vpn-ipv4=10.8.0.2 \
			vpn-ipv6=fd08::2 $(outer_words "$3" 0 1) remote-port=7001
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=$1 \
			$(key_items 0 "$2" 1)
	END
}

# tunnel_new_tcp FAMILY [WORD...]: the same with AES-256-GCM over TCP; WORDs are
# stream_new's
tunnel_new_tcp() {
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	stream_new "$@"
	cli a batch <<-END || kt_die "set up a"
		new_peer tun id=1 socket=@sock:$SOCK_A
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 0 32 0)
	END
	cli b batch <<-END || kt_die "set up b"
		new_peer tun id=1 socket=@sock:$SOCK_B vpn-ipv4=10.8.0.2 \
			vpn-ipv6=fd08::2
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 0 32 1)
	END
}

# traffic

# ping_all NS ADDRESS COUNT [OPTION...]: no loss
ping_all() {
	local ns=$1 to=$2 count=$3 what

	shift 3
	what="ping $to from $ns $*"
	"$BIN/ovpn_ns" -n "$NS-$ns" ping -q -n -c "$count" -i 0.01 -W 2 "$@" \
		"$to" >"$TMP/ping" 2>&1
	kt_read "$TMP/ping"
	[[ $KT_TEXT =~ [0-9.]+"% packet loss" ]]
	[ "${BASH_REMATCH[0]:-}" != "0% packet loss" ] || return 0
	kt_note "$KT_TEXT"
	# on a busy machine ping misses a reply now and then that the kernel
	# has given it
	if echoes_arrived; then
		kt_note "but all echoes and replies have arrived"
		return 0
	fi
	kt_counters
	kt_is "$what" "${BASH_REMATCH[0]:-no answer at all}" "0% packet loss"
}

# echoes_arrived: have the namespaces received as many echoes and replies, and
# as many of each, as they have sent?
echoes_arrived() {
	local ns

	for ns in a b c d; do
		[ ! -e "/run/netns/$NS-$ns" ] ||
			"$BIN/ovpn_ns" -n "$NS-$ns" nstat -asz
	done | awk '
		/^Icmp6?(In|Out)Echo/ {
			sent = sub(/Out/, "", $1)
			sub(/In/, "", $1)
			n[$1] += sent ? $2 : -$2
			all += sent ? $2 : 0
		}
		END {
			for (name in n)
				if (n[name]) exit 1
			exit !all
		}'
}

# kt_counters: what each namespace has dropped or lost, by every counter that
# there is
kt_counters() {
	local ns

	for ns in a b c d; do
		[ -e "/run/netns/$NS-$ns" ] || continue
		kt_note "$ns: $("$BIN/ovpn_ns" -n "$NS-$ns" nstat -asz |
			awk '/Drop|Err|Discard|NoRoute|Fail|Unreach/ && $2 > 0 {
				printf "%s=%s ", $1, $2 }')"
		kt_note "$ns: $(ip -n "$NS-$ns" -s -j link 2>/dev/null |
			grep -oE '"ifname":"[a-z0-9]*"|"dropped":[1-9][0-9]*' |
			tr '\n' ' ')"
		kt_note "$ns: $(drop_causes "$ns")"
	done
}

# ping_none NS ADDRESS [OPTION...]: nothing comes back
ping_none() {
	local ns=$1 to=$2

	shift 2
	kt_not "ping $to from $ns must not work" \
		"$BIN/ovpn_ns" -n "$NS-$ns" ping -q -n -c 2 -i 0.05 -W 0.3 \
		"$@" "$to"
}

traffic() {
	local ns=$1

	shift
	"$BIN/ovpn_traffic" -n "$NS-$ns" "$@"
}

wire() {
	local ns=$1

	shift
	"$BIN/ovpn_wire" -n "$NS-$ns" "$@"
}

# tcp_check FROM TO ADDR:PORT BYTES [WORD...]: every byte arrives as it was sent
tcp_check() {
	local from=$1 to=$2 addr=$3 bytes=$4 pid

	shift 4
	kt_bg_ready tcp-sink "$BIN/ovpn_traffic" -n "$NS-$to" \
		mode=tcp-sink "on=$addr" "bytes=$bytes" seconds=60
	pid=$KT_PID
	kt_ok "tcp $from -> $to" timeout 70 "$BIN/ovpn_traffic" -n "$NS-$from" \
		 mode=tcp-send "to=$addr" "bytes=$bytes" "$@" ||
		tcp_note "$from" "$to"
	kt_wait "$pid" || kt_fail "tcp $from -> $to" "$(cat "$TMP/tcp-sink")"
}

# tcp_note NS...: was it slow, or did it stall? Segments, those that were sent
# again, and timers that ran out.
tcp_note() {
	local ns

	for ns in "$@"; do
		kt_note "$ns: $(awk '/^(Tcp|TcpExt):/ {
			if (!($1 in names)) { names[$1] = $0; next }
			n = split(names[$1], name); split($0, value)
			for (i = 2; i <= n; i++)
				if (name[i] ~ /^(Out|Retrans)Segs|TCPTimeouts$/)
					printf "%s=%s ", name[i], value[i]
			}' <("$BIN/ovpn_ns" -n "$NS-$ns" \
				cat /proc/self/net/{snmp,netstat}))"
	done
}

# udp_check FROM TO ADDR:PORT COUNT RATE SIZE: no datagram is lost
udp_check() {
	local pid

	kt_bg_ready udp-sink "$BIN/ovpn_traffic" -n "$NS-$2" \
		mode=udp-sink "on=$3" "count=$4" idle=3 seconds=60
	pid=$KT_PID
	kt_ok "udp $1 -> $2" traffic "$1" mode=udp-send "to=$3" "count=$4" \
		"rate=$5" "size=$6"
	kt_wait "$pid" || kt_fail "udp $1 -> $2 size $6" \
		"$(cat "$TMP/udp-sink")"
}

# after something bad

# log_lines: of the kernel's log; what everybody can cause does not count
log_lines() {
	dmesg | grep -cvE 'entered (promiscuous|allmulticast) mode|netlink: '
}

# still_well LINES: the tunnel of tunnel_new gets new keys, and everything works; the
# log had LINES before
still_well() {
	cli a new_key tun peer-id=1 slot=0 key-id=1 cipher-alg=aes-gcm \
		$(key_items 1 32 0) || kt_die "key of a"
	cli b new_key tun peer-id=1 slot=0 key-id=1 cipher-alg=aes-gcm \
		$(key_items 1 32 1) || kt_die "key of b"
	# a may have followed a fuzzer, and b comes first
	in_b ping -q -c 2 -i 0.05 -W 1 10.8.0.2 >/dev/null 2>&1
	ping_all b 10.8.0.2 5
	ping_all a fd08::1 5
	tcp_check a b 10.8.0.1:9001 100000
	# tests beside this one may have caused a few
	kt_num "new lines in the log" $(($(log_lines) - $1)) -le 5 ||
		kt_note "$(dmesg | tail -n 5)"
}

# module_unused: nothing needs it
module_unused() {
	[ "$(cat /sys/module/ovpn/refcnt)" = 0 ]
}

# module_reload: nothing is left that needs it
module_reload() {
	# namespaces end in the background
	kt_until 20 module_unused || kt_fail "module stays in use"
	kt_ok "clean unload" rmmod ovpn
	kt_ok "load" modprobe ovpn
}
