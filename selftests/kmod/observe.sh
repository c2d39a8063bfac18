#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each cause of a drop is provoked and seen in every place where it is shown:
# "ethtool -S", the counters of the peer, a trace event. The other events and
# counters likewise.
#
#	+------- a -------+                      +------- b -------+
#	| obs0 mp         |                      | ovpn_wire       |
#	| 10.8.0.1        |    10.99.0.0/24      | (no device)     |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+                      +-----------------+
#
# Peer 1 has a key, peer 2 (10.8.0.3) has none. The device's name is not that of
# other tests, because trace events know no namespaces.

TESTS="short data_v1 no_peer no_key auth replay proto source ecn tx_proto
	tx_no_peer tx_no_key tx_key_spent tx_no_route tx_too_big down queue
	segments quiet life batches documented tested"
. "$(dirname "$0")/lib.sh"

TRACING=/sys/kernel/tracing
TRACE=$TRACING/instances/ovt-$$

need_ours() {
	[ "$DRIVER" = ours ] || kt_skip "upstream's module has no such counters"
	command -v ethtool >/dev/null || kt_skip "no ethtool here"
}

trace_on() {
	[ -d "$TRACING/events/ovpn" ] || kt_die "no trace events"
	mkdir "$TRACE" || kt_die "no instance for tracing"
	trap 'rmdir "$TRACE"' EXIT
	echo 'dev == "obs0"' >"$TRACE/events/ovpn/filter"
	echo 1 >"$TRACE/events/ovpn/enable"
}

# event NAME PATTERN: an event of this name that matches has come
event() {
	grep -q " $1: $2" "$TRACE/trace" ||
		kt_fail "event $1: $2" "$(grep -v '^#' "$TRACE/trace" | tail)"
}

# set_up: the device with peers 1 and 2, traced
set_up() {
	need_ours
	net_pair
	sock_new a 0.0.0.0:7001
	dev_new a obs0 mp 10.8.0.1/24 fd08::1/64
	trace_on
	cli a batch <<-END || kt_die "set up"
		new_peer obs0 id=1 socket=@sock:$SOCK vpn-ipv4=10.8.0.2 \
			vpn-ipv6=fd08::2 remote-ipv4=10.99.0.2 remote-port=7002
		new_key obs0 peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 0 16 0)
		new_peer obs0 id=2 socket=@sock:$SOCK vpn-ipv4=10.8.0.3 \
			remote-ipv4=10.99.0.2 remote-port=7003
	END
}

# stat_of NAME: a counter of ethtool -S
stat_of() {
	ethtool_stat a obs0 "$1"
}

# peer_drops ID NAME: a drop counter of a peer, 0 if it is not there
peer_drops() {
	local text

	text=$("$BIN/ovpnx_cli" -n "$NS-a" raw PEER_GET ifindex=@obs0 \
		"peer{id=$1}") || kt_fail "PEER_GET $1"
	text=$(grep -o "name=$2 count=[0-9]*" <<<"$text")
	echo "${text##*=}" | grep . || echo 0
}

# dropped N NAME PEER: N packets under this cause and no other; PEER is -1 if
# it is not known
dropped() {
	local all id

	kt_is "ethtool $2" "$(stat_of "$2")" "$1"
	all=$(in_a ethtool -S obs0 | awk '/_drop_/ { n += $2 } END { print n }')
	kt_is "all drops" "$all" "$1"
	kt_is "ip -s link" "$(dev_stat a obs0 "${2%%_*}" dropped)" "$1"
	kt_is "events" "$(grep -c " dco_drop: dev=obs0 peer=$3 cause=$2 len=" \
		"$TRACE/trace")" "$1"
	kt_is "all events" "$(grep -c " dco_drop: " "$TRACE/trace")" "$1"
	[ -x "$BIN/ovpnx_cli" ] || return 0
	for id in 1 2; do
		kt_is "peer $id" "$(peer_drops "$id" "$2")" \
			$((id == $3 ? $1 : 0))
	done
}

# send_b WORD...: packets to the device, from port 7002
send_b() {
	kt_ok "send $*" wire b on=10.99.0.2:7002 to=10.99.0.1:7001 \
		$(wire_key 0 16) peer-id=1 inner=udp,10.8.0.2,10.8.0.1,5,9,40 \
		"$@"
}

# short: less than a header, and a header without payload
test_short() {
	set_up
	send_b pids=1 cut=8 -- pids=2 cut=8
	dropped 2 rx_drop_short 1
}

# data_v1: a data packet without peer id
test_data_v1() {
	set_up
	send_b pids=1 op=6
	dropped 1 rx_drop_data_v1 -1
}

# no_peer: an id that nobody has
test_no_peer() {
	set_up
	send_b pids=1-3 peer-id=77
	dropped 3 rx_drop_no_peer -1
}

# no_key: a key id that the peer does not have
test_no_key() {
	set_up
	kt_ok "another key" cli a new_key obs0 peer-id=1 slot=1 key-id=1 \
		cipher-alg=aes-gcm $(key_items 1 16 0)
	send_b pids=1,2 key-id=5
	dropped 2 rx_drop_no_key 1
}

# auth: a flipped bit
test_auth() {
	set_up
	send_b pids=1 flip=30 -- pids=2 flip=9
	dropped 2 rx_drop_auth 1
	event dco_rx_batch "dev=obs0 peer=1 packets=1 bytes=92"
}

# replay: the same packet id once more
test_replay() {
	set_up
	send_b pids=5,5,6,5
	dropped 2 rx_drop_replay 1
}

# proto: an authentic payload that is not IP
test_proto() {
	set_up
	send_b pids=1 inner=text,GET
	dropped 1 rx_drop_proto 1
}

# source: an inner source address that is not the peer's
test_source() {
	set_up
	send_b pids=1 inner=udp,10.8.0.3,10.8.0.1,5,9,40
	dropped 1 rx_drop_source 1
}

# ecn: congested outside, and inside nobody can be told
test_ecn() {
	set_up
	send_b pids=1,2 tos=3
	dropped 2 rx_drop_ecn 1
}

# tx_proto: a frame that is not IP
test_tx_proto() {
	set_up
	kt_ok "frame" "$BIN/ovpn_fuzz" -n "$NS-a" frame obs0 0x88b5 45000000
	kt_ok "frame" "$BIN/ovpn_fuzz" -n "$NS-a" frame obs0 0x0800 60000000
	dropped 2 tx_drop_proto -1
}

# tx_no_peer: an address behind nobody
test_tx_no_peer() {
	set_up
	kt_ok "send" traffic a mode=udp-send to=10.8.0.99:9 count=3
	dropped 3 tx_drop_no_peer -1
}

# tx_no_key: a peer without a key
test_tx_no_key() {
	set_up
	kt_ok "send" traffic a mode=udp-send to=10.8.0.3:9 count=2
	dropped 2 tx_drop_no_key 2
}

# tx_key_spent: a key that has one packet id left
test_tx_key_spent() {
	set_up
	kt_ok "key" xcli a new_key obs0 peer-id=1 slot=0 key-id=0 \
		cipher-alg=aes-gcm \
		"encrypt{key=16*a0 nonce=8*c0 packet-id=4294967295}" \
		"decrypt{key=16*b0 nonce=8*d0}"
	kt_ok "send" traffic a mode=udp-send to=10.8.0.2:9 count=2
	dropped 1 tx_drop_key_spent 1
}

# tx_no_route: no way to the peer's outer address
test_tx_no_route() {
	set_up
	ip -n "$NS-a" link set vab down
	kt_ok "send" traffic a mode=udp-send to=10.8.0.2:9 count=2
	dropped 2 tx_drop_no_route 1
}

# tx_too_big: what does not fit, where nothing may be cut
test_tx_too_big() {
	set_up
	ip -n "$NS-a" link set obs0 mtu 1500
	kt_ok "forbid" cli a sock_set "$SOCK" pmtudisc 2
	kt_ok "send" traffic a mode=udp-send to=10.8.0.2:9 count=1 size=1472
	dropped 1 tx_drop_too_big 1
}

# down: an interface that is down
test_down() {
	set_up
	ip -n "$NS-a" link set obs0 down
	send_b pids=1-3
	dropped 3 rx_drop_down 1
}

# threaded: threads give obs0's packets to the stack, on the first processor
threaded() {
	local pid

	ip netns exec "$NS-a" sh -c 'echo 1 >/sys/class/net/obs0/threaded' ||
		kt_die "no thread"
	for pid in $(pgrep '^napi/obs0-'); do
		taskset -p -c 0 "$pid" >"$TMP/out" || kt_fail "taskset $pid"
	done
	# what comes is handled where it is sent, and not left to another thread
	kt_ok "ethtool" in_a ethtool -K vab gro on
}

# arrived COUNT: has IPv6 of a seen so many packets, or a few of its own more?
arrived() {
	[ "$(in_a nstat -asz Ip6InReceives |
		awk '/^Ip6InReceives/ { print $2 }')" -ge "$1" ]
}

# queue: more than may wait for a thread that does not run
test_queue() {
	local round n=0 count=6000

	set_up
	threaded
	# who sends does not leave it the processor
	# a protocol that GRO could continue, and that nobody answers
	for ((round = 0; round < 3 && n == 0; round++)); do
		kt_ok "send" chrt -f 50 taskset -c 0 "$BIN/ovpn_wire" -n "$NS-b" \
			on=10.99.0.2:7002 to=10.99.0.1:7001 $(wire_key 0 16) \
			peer-id=1 inner=tcp,fd08::2,fd08::1,10,,59,00000000 \
			"pids=$((round * count + 1))-$(((round + 1) * count))"
		n=$(stat_of rx_drop_queue)
	done
	kt_note "$n of $((round * count)) dropped"
	kt_num "dropped" "$n" -gt 0
	dropped "$n" rx_drop_queue 1
	kt_is "for which there was no room" "$(stat_of rx_gro_full)" "$n"
	kt_is "not dropped" "$(peer_field a obs0 1 vpn-rx-packets)" \
		$((round * count - n))
	kt_until 30 arrived $((round * count - n)) || kt_fail "given to the stack" \
		"$(in_a nstat -asz Ip6InReceives)"
	send_b "pids=$((round * count + 1))"
	kt_is "and then the next" "$(stat_of rx_drop_queue)" "$n"
}

# segments: a super-packet counts as the packets that it stands for
test_segments() {
	set_up
	ip -n "$NS-a" link set vab down
	kt_ok "send" traffic a mode=udp-send to=10.8.0.2:9 count=20 batch=20 \
		size=100
	kt_is "counted" "$(stat_of tx_drop_no_route) \
$(dev_stat a obs0 tx dropped) $(peer_drops 1 tx_drop_no_route)" "20 20 20"
	kt_is "events" "$(grep -c " dco_drop: " "$TRACE/trace")" 1
}

# quiet: good packets both ways raise no drop counter and no event of one
test_quiet() {
	set_up
	kt_ok "send" traffic a mode=udp-send to=10.8.0.2:9 count=3
	kt_is "outer" "$(stat_of tx_outer_packets)" 3
	send_b pids=1-5
	kt_is "given to the stack" "$(stat_of rx_direct_packets)" 5
	event dco_tx_batch \
		"dev=obs0 peer=1 packets=1 bytes=116 outer=1 segs=1"
	dropped 0 rx_drop_auth 1
}

# life: of peers and keys, each step an event
test_life() {
	set_up
	event dco_peer_add "dev=obs0 peer=2"
	event dco_key_install "dev=obs0 peer=1 slot=0 key_id=0"
	kt_ok "second key" cli a new_key obs0 peer-id=1 slot=1 key-id=3 \
		cipher-alg=aes-gcm $(key_items 1 16 0)
	kt_ok "swap" cli a swap_keys obs0 peer-id=1
	kt_ok "delete" cli a del_key obs0 peer-id=1 slot=1
	event dco_key_install "dev=obs0 peer=1 slot=1 key_id=3"
	event dco_key_swap "dev=obs0 peer=1 slot=0 key_id=3"
	event dco_key_del "dev=obs0 peer=1 slot=1 key_id=0"
	# from another port: the peer floats
	kt_ok "float" wire b on=10.99.0.2:7009 to=10.99.0.1:7001 key-id=3 \
		$(wire_key 1 16) peer-id=1 pids=1 \
		inner=udp,10.8.0.2,10.8.0.1,5,9,40
	event dco_peer_float "dev=obs0 peer=1 addr=::ffff:10.99.0.2 port=7009"
	kt_ok "delete peer" cli a del_peer obs0 id=2
	event dco_peer_del "dev=obs0 peer=2 reason=1"
	kt_is "no kill" "$(grep -c dco_key_kill: "$TRACE/trace")" 0
}

# batches: a super-packet is counted, traced and leaves as few outer packets
test_batches() {
	set_up
	kt_ok "batch" traffic a mode=udp-send to=10.8.0.2:9 count=20 batch=20 \
		size=1000
	kt_is "super-packets" "$(stat_of tx_gso_packets)" 1
	kt_is "became" "$(stat_of tx_gso_segments)" 20
	kt_is "outer" "$(stat_of tx_outer_packets)" 1
	kt_is "outer GSO" "$(stat_of tx_outer_gso_packets)" 1
	kt_is "carried" "$(stat_of tx_outer_segments)" 20
	event dco_tx_batch \
		"dev=obs0 peer=1 packets=20 bytes=21040 outer=1 segs=20"
}

# documented: Documentation/observability.rst has each name, and no other
test_documented() {
	local file=$KT_DIR/../../Documentation/observability.rst

	need_ours
	[ -e "$file" ] || kt_skip "the documentation is not here"
	net_new a
	cli a link_add obs0 mp || kt_die "link_add"
	kt_is "counters" "$(sed -n '/^``[rt]x_/s/[`,]//gp' "$file" |
		tr ' ' '\n' | sort)" "$(in_a ethtool -S obs0 |
		sed -n 's/^ *\([rt]x_[a-z0-9_]*\): .*/\1/p' | sort)"
	kt_is "events" "$(sed -n 's/^``\(dco_[a-z_]*\)``.*/\1/p' "$file" | sort)" \
		"$(find $TRACING/events/ovpn -name 'dco_*' -printf '%f\n' |
		sort)"
}

# tested: each cause that there is has a test that looks for it
test_tested() {
	local name

	need_ours
	net_new a
	cli a link_add obs0 mp || kt_die "link_add"
	for name in $(in_a ethtool -S obs0 |
		sed -n 's/^ *\([rt]x_drop_[a-z0-9_]*\): .*/\1/p'); do
		grep -qw "$name" "$KT_DIR"/*.sh || kt_fail "no test for $name"
	done
}

kt_main "$@"
