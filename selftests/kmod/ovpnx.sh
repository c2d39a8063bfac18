#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Family "ovpnx": what this module has beyond upstream's.
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p or mp   |                      | ovpn_wire       |
#	| 10.8.0.2        |    10.99.0.0/24      | (no device)     |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+                      +-----------------+

TESTS="table alias admin drops dump payload flood quiet
	carry datagrams records paused queue ends stale silent segments storm
	trie prefix model routes"
KT_TEST_LIMIT=600
LIMIT=900
. "$(dirname "$0")/lib.sh"

need_ours() {
	[ "$DRIVER" = ours ] || kt_skip "the in-tree driver has no such family"
}

# mp_new IDS...: "tun" in a, mode mp, with peers on one socket
mp_new() {
	local id

	sock_new a 0.0.0.0:7001
	cli a link_add tun mp || kt_die "link_add"
	for id in "$@"; do
		echo "new_peer tun id=$id socket=@sock:$SOCK" \
			"remote-ipv4=10.99.0.2 remote-port=7002" \
			"vpn-ipv4=10.8.$((id / 200)).$((id % 200 + 10))"
	done >"$TMP/batch"
	cli a batch <"$TMP/batch" || kt_die "peers"
}

# p2p_new: "tun" in a with peer 1 in b, which is ovpn_wire
p2p_new() {
	net_pair
	sock_new a 0.0.0.0:7001
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	cli a batch <<-END || kt_die "set up"
		new_peer tun id=1 socket=@sock:$SOCK remote-ipv4=10.99.0.2 \
			remote-port=7002
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 0 16 0)
	END
}

# send_b WORD...: packets from peer 1 to the device
send_b() {
	# shellcheck disable=SC2046
	kt_ok "send $*" wire b on=10.99.0.2:7002 to=10.99.0.1:7001 \
		$(wire_key 0 16) peer-id=1 key-id=0 "$@"
}

# table: errno, message and order of checks of each request
test_table() {
	need_ours
	net_new a
	mp_new 1 2
	cli a link_add p2p p2p || kt_die "link_add"
	if ! xcli a table <"$KT_DIR/ovpnx.rows" >"$TMP/table"; then
		kt_fail "ovpnx_cli table"
	fi
	# The rows are subtests of this one.
	sed 's/^/    /' "$TMP/table"
}

# alias: looking for the family loads the module
test_alias() {
	local text

	need_ours
	text=$(modinfo -F alias ovpn) || kt_skip "no modinfo here"
	kt_is "alias" "$text" "*net-pf-16-proto-16-family-ovpnx*"
}

# admin: without CAP_NET_ADMIN nothing is answered and no event is seen
test_admin() {
	need_ours
	command -v setpriv >/dev/null || kt_skip "no setpriv here"
	net_new a
	kt_not "features" in_a setpriv --bounding-set -net_admin \
		--inh-caps -net_admin "$BIN/ovpnx_cli" raw GET_FEATURES
	kt_is "errno" "$(cat "$TMP/out")" "*EPERM*"
	kt_not "events" in_a setpriv --bounding-set -net_admin \
		--inh-caps -net_admin "$BIN/ovpnx_cli" listen 1
}

# drops: of a peer, by the name of the cause
test_drops() {
	local text

	need_ours
	p2p_new
	send_b pids=100 inner=udp,10.8.0.1,10.8.0.2,5,9,20
	text=$(xcli a raw PEER_GET ifindex=@tun "peer{id=1}")
	kt_is "transport and driver" "$text" \
		"*peer{id=1 flags=0 transport=udp crypto-driver=*gcm*}"
	kt_is "no drops yet" "${text/drop/}" "$text"
	# the same once more is a replay
	send_b pids=100,100,100 inner=udp,10.8.0.1,10.8.0.2,5,9,20
	send_b pids=101 flip=30 inner=udp,10.8.0.1,10.8.0.2,5,9,20
	text=$(xcli a raw PEER_GET ifindex=@tun "peer{id=1}")
	kt_is "replays" "$text" "*drop{name=rx_drop_replay count=3}*"
	kt_is "forged" "$text" "*drop{name=rx_drop_auth count=1}*"
	kt_is "in a dump" "$(xcli a raw_dump PEER_GET ifindex=@tun)" "$text"
}

# dump: more than one message, each peer once, and a change is noticed
test_dump() {
	local got

	need_ours
	net_new a
	mp_new $(seq 1 300)
	got=$(xcli a dump_amid true PEER_GET ifindex=@tun)
	kt_is "peers" "$(wc -l <<<"$got")" 300
	kt_is "quiet" "$(grep -c INTR <<<"$got")" 0
	got=$(xcli a dump_amid \
		"$BIN/ovpn_cli -n $NS-a del_peer tun id=290" \
		PEER_GET ifindex=@tun)
	kt_is "survivors" "$(grep -o ' peer{id=[0-9]* ' <<<"$got" | sort -u |
		wc -l)" "$(grep -vc 'id=290 ' <<<"$got")"
	kt_is "no survivor is missing" "$(grep -vc 'id=290 ' <<<"$got")" 299
	kt_num "the change is noticed" "$(grep -c INTR <<<"$got")" -ge 1
	kt_is "the next dump is whole" \
		"$(xcli a raw_dump PEER_GET ifindex=@tun | grep -c INTR)" 0
}

# An OCC message: its magic and the code of an exit notification
OCC_EXIT=287f346bd4ef7a812d56b8d3afc5459c06

listen_x() {
	kt_bg_ready events "$BIN/ovpnx_cli" -n "$NS-a" listen 600
	IFINDEX=$(dev_attr a tun ifindex)
}

# drop_in NAME TEXT: a counter of drops in what PEER_GET says; nothing if none is
drop_in() {
	[[ $2 =~ "name=$1 count="([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# drop_count NAME: of peer 1
drop_count() {
	drop_in "$1" "$(xcli a raw PEER_GET ifindex=@tun "peer{id=1}")"
}

# payload: what is not IP goes to the listeners, a keepalive does not
test_payload() {
	need_ours
	p2p_new
	listen_x
	send_b pids=100 "inner=hex,$OCC_EXIT"
	send_b pids=101 inner=hex,2a187bf3641eb4cb07ed2d0a981fc748
	send_b pids=102 "inner=hex,$(hex_of 1024 01)"
	send_b pids=103 "inner=hex,$(hex_of 1025 02)"
	send_b pids=104 inner=hex,ff
	# forged and replayed ones are not payloads
	send_b pids=105 flip=30 "inner=hex,$OCC_EXIT"
	send_b pids=100 "inner=hex,$OCC_EXIT"
	kt_until 5 kt_lines events 4
	kt_pause 0.2
	kt_is "events" "$(tail -n +2 "$TMP/events")" "$(
		for text in "$OCC_EXIT" "$(hex_of 1024 01)" ff; do
			echo "PEER_PAYLOAD_NTF ifindex=$IFINDEX" \
				"peer{id=1 payload=$text}"
		done)"
	kt_is "too long" "$(drop_count rx_drop_proto)" 1
	kt_is "nothing for the stack" "$(dev_stat a tun rx packets)" 0
}

# flood: a peer gets so many events in a second, another peer still its own
test_flood() {
	local seen

	need_ours
	p2p_new
	listen_x
	send_b pids=100-299 "inner=hex,$OCC_EXIT"
	kt_until 5 kt_lines events 2
	kt_pause 0.3
	seen=$(($(wc -l <"$TMP/events") - 1))
	kt_num "some" "$seen" -ge 8
	kt_num "not all" "$seen" -le 80
	kt_is "the others are counted" "$(drop_count rx_drop_proto)" \
		$((200 - seen))
	kt_pause 1.1
	send_b pids=300 inner=hex,aa
	kt_until 5 kt_says events payload=aa || kt_fail "a second later"
}

# quiet: without a listener it is dropped and counted
test_quiet() {
	need_ours
	p2p_new
	send_b pids=100 "inner=hex,$OCC_EXIT"
	kt_is "dropped" "$(drop_count rx_drop_proto)" 1
	kt_is "of the device" "$(dev_stat a tun rx dropped)" 1
}

# Peers that userspace carries, and prefixes, on one server:
#
#	+-------- a --------+                    +--------- b ---------+
#	| srv mp 10.8.0.1   |    10.99.0.0/24    | ovpn_wire           |
#	| ovpnx_carry       |--------------------| (no device)         |
#	|   vab .1 :7001    |                    |   vba .2 :7011..13  |
#	+-------------------+                    +---------------------+
#
# Peer n is 10.8.0.1n, fd08::1n.

# srv_new [COUNT]: the device, with so many peers (default 2)
srv_new() {
	local n

	net_pair
	sock_new a 0.0.0.0:7001
	dev_new a srv mp 10.8.0.1/24 fd08::1/64
	for ((n = 1; n <= ${1:-2}; n++)); do
		peer_new "$n"
	done
}

peer_new() {
	kt_ok "peer $1" cli a new_peer srv "id=$1" "socket=@sock:$SOCK" \
		remote-ipv4=10.99.0.2 "remote-port=701$1" \
		"vpn-ipv4=10.8.0.1$1" "vpn-ipv6=fd08::1$1"
}

# userspace ID...: their flag
userspace() {
	local id

	for id; do
		kt_ok "peer $id is userspace's" xcli a raw PEER_SET \
			ifindex=@srv "peer{id=$id flags=1}"
	done
}

carry_new() {
	rm -f "$TMP/fifo"
	mkfifo "$TMP/fifo"
	kt_bg_ready carry "$BIN/ovpnx_carry" -n "$NS-a" srv "$TMP/fifo"
	CARRY=$KT_PID
	kt_is "the file" "$(head -n 1 "$TMP/carry")" ready
	exec 8<>"$TMP/fifo"
}

# said PATTERN [COUNT]: so many lines (default 1) will have been said
said() {
	kt_until 10 eval "[ \$(grep -c '$1' $TMP/carry) -ge ${2:-1} ]" ||
		kt_fail "the carrier says $1" "$(tail -n 5 "$TMP/carry")"
}

# tell WHAT LINE ANSWER: a line to the carrier, and what it has to say
tell() {
	local word=${2%% *} before line

	kt_read "$TMP/carry"
	before=${#KT_TEXT}
	echo "$2" >&8
	kt_until 10 told "$word" "$before"
	line=${KT_TEXT#*$'\n'"$word"}
	kt_is "$1" "$word${line%%$'\n'*}" "$3"
}

# told WORD BEFORE: does a line behind so many characters begin with it? Those
# lines, and one empty one, are in KT_TEXT.
told() {
	kt_read "$TMP/carry"
	KT_TEXT=$'\n'${KT_TEXT:$2}
	[[ $KT_TEXT == *$'\n'"$1"*$'\n'* ]]
}

# packet SOURCE: an inner packet of 48 bytes (68 with IPv6) to the server
packet() {
	if [[ $1 == *:* ]]; then
		echo "udp,$1,fd08::1,5,9,20"
	else
		echo "udp,$1,10.8.0.1,5,9,20"
	fi
}

# sink: takes what packet() makes, so that nobody answers by ICMP
sink() {
	kt_bg_ready sink "$BIN/ovpn_traffic" -n "$NS-a" mode=udp-sink \
		on=0.0.0.0:9 seconds=600
}

# drops_of ID NAME
drops_of() {
	drop_in "$2" "$(xcli a raw PEER_GET ifindex=@srv "peer{id=$1}")"
}

# carry: cleartext both ways, and what is refused
test_carry() {
	need_ours
	srv_new
	carry_new
	kt_bg app "$BIN/ovpn_cli" -n "$NS-a" sock 10.8.0.1:9
	tell "a peer of the module" "tx 1 $(packet 10.8.0.11)" "tx EOPNOTSUPP"
	ping_none a 10.8.0.11
	kt_is "it has no key" "$(drops_of 1 tx_drop_no_key)" 2
	userspace 1
	ping_none a 10.8.0.11 -s 100
	ping_none a fd08::11 -s 100
	said "^rx peer=1 size=128 good=1 ip4 .*dst=10.8.0.11" 2
	said "^rx peer=1 size=148 good=1 ip6 .*dst=fd08::11" 2
	kt_is "sent" "$(peer_field a srv 1 vpn-tx-packets)" 6
	kt_is "nothing on the wire" "$(peer_field a srv 1 link-tx-packets)" 0

	tell "from it" "tx 1 $(packet 10.8.0.11)" "tx 0"
	kt_until 5 grep -q "^rx 10.8.0.11:5 len=20" "$TMP/app" ||
		kt_fail "it arrives" "$(cat "$TMP/app")"
	tell "from it" "tx 1 $(packet fd08::11)" "tx 0"
	kt_is "received" "$(peer_field a srv 1 vpn-rx-packets)" 2
	kt_is "bytes" "$(peer_field a srv 1 vpn-rx-bytes)" 116
	kt_is "of the device" "$(dev_stat a srv rx packets)" 2
	tell "another's source" "tx 1 $(packet 10.8.0.12)" "tx EACCES"
	tell "another's source" "tx 1 $(packet fd08::12)" "tx EACCES"
	kt_is "counted" "$(drops_of 1 rx_drop_source)" 2
	tell "of nobody" "tx 3 $(packet 10.8.0.13)" "tx ENOENT"
	tell "of the module's" "tx 2 $(packet 10.8.0.12)" "tx EOPNOTSUPP"
	tell "no IP packet" "tx 1 hex,ff00" "tx EINVAL"
	tell "half a header" "tx 1 hex,4500" "tx EINVAL"
	tell "no packet" "raw 0100000000000000" "raw EINVAL"
	tell "less than that" "raw 01000000" "raw EINVAL"
	tell "reserved field" "raw 010000000100000045" "raw EINVAL"
	ip -n "$NS-a" link set srv down
	tell "down" "tx 1 $(packet 10.8.0.11)" "tx ENETDOWN"
	kt_is "received in the end" "$(peer_field a srv 1 vpn-rx-packets)" 2
}

# datagrams: all of a userspace peer goes to the socket, of others as ever
test_datagrams() {
	local words

	words="key=16*a1 nonce=8*c1 inner=hex,0102"

	need_ours
	srv_new
	# shellcheck disable=SC2086
	from() {
		local port=$1

		shift
		kt_ok "send $*" wire b "on=10.99.0.2:$port" \
			to=10.99.0.1:7001 $words "$@"
	}
	got() {
		kt_until 3 eval "[ \$(grep -c ^rx $TMP/sock-a) -ge $2 ]"
		kt_is "$1" "$(grep -c ^rx "$TMP/sock-a")" "$2"
	}
	from 7011 peer-id=1 pids=1
	from 7011 peer-id=1 pids=1 op=6
	from 7012 peer-id=2 pids=1 op=6
	kt_is "none yet" "$(grep -c ^rx "$TMP/sock-a")" 0
	kt_is "DATA_V1" "$(dev_stat a srv rx dropped)" 3
	userspace 1
	from 7011 peer-id=1 pids=2
	got "DATA_V2" 1
	from 7011 peer-id=77 pids=3 op=6
	got "DATA_V1" 2
	from 7099 peer-id=1 pids=4
	got "DATA_V2 from elsewhere" 3
	from 7011 peer-id=0xffffff pids=5
	got "by address" 4
	from 7011 peer-id=1 pids=6 cut=5
	got "short" 5
	kt_is "untouched" "$(grep -c "rx 10.99.0.2:7011 len=5 4[89a-f]000001" \
		"$TMP/sock-a")" 1
	from 7012 peer-id=2 pids=7 op=6
	from 7099 peer-id=1 pids=8 op=6
	from 7012 peer-id=2 pids=9
	from 7099 peer-id=9 pids=9
	got "of nobody else" 5
	kt_is "not counted" "$(peer_field a srv 1 link-rx-packets)" 1
	kt_ok "back" xcli a raw PEER_SET ifindex=@srv "peer{id=1 flags=0}"
	from 7011 peer-id=1 pids=10
	from 7011 peer-id=1 pids=11 op=6
	got "the module's again" 5
}

# stream_srv: as srv_new, with peer 1 over TCP; programs that hold the ends of the
# connection in NEAR and FAR, the latter plain TCP
stream_srv() {
	net_pair
	stream_hold a accept=0.0.0.0:7001
	NEAR=$SOCK
	stream_hold b connect=10.99.0.1:7001
	FAR=$SOCK
	kt_until 15 kt_says tcp-a ready || kt_die "not accepted"
	kt_until 15 kt_says tcp-b ready || kt_die "no connection"
	dev_new a srv mp 10.8.0.1/24 fd08::1/64
	kt_ok "peer 1" cli a new_peer srv id=1 "socket=@sock:$NEAR" \
		vpn-ipv4=10.8.0.11 vpn-ipv6=fd08::11
}

# steps PID STEP...: what a program does with the socket that PID holds
steps() {
	timeout 30 "$BIN/ovpn_tcp" "pid=$1" "${@:2}"
}

# record HEX: a packet with its prefix
record() {
	printf '%04x%s' $((${#1} / 2)) "$1"
}

# far HEX...: these bytes come to peer 1, in as many writes
far() {
	local hex words=()

	for hex; do
		words+=("send=$hex" usleep=20000)
	done
	steps "$FAR" "${words[@]}" >"$TMP/far" || kt_fail "far" "$*"
}

# near WHAT RECORD...: these have come to the socket of peer 1, and no more
near() {
	local what=$1 record words=() want=()

	shift
	for record; do
		words+=(pollin=5000 recv=70000)
		want+=('poll=in,' "recv=$((${#record} / 2)) flags=none $record")
	done
	kt_is "$what" "$(steps "$NEAR" "${words[@]}" usleep=50000 recv=99)" \
		"$(printf '%s\n' ${want[@]+"${want[@]}"} recv=-EAGAIN)"
}

# no_key_drops N: so many records were for the module, which has no key
no_key_drops() {
	kt_until 10 eval "[ \"\$(drops_of 1 rx_drop_no_key)\" = '$1' ]" ||
		kt_fail "for the module" "$(drops_of 1 rx_drop_no_key)" "not $1"
}

# records: all of a userspace peer over TCP goes to the socket, record by record
test_records() {
	local v2 v2other v1 control big split

	need_ours
	v2=$(record "48000001$(hex_of 30 11)")
	v2other=$(record "4a000077$(hex_of 30 22)")
	v1=$(record "30$(hex_of 40 33)")
	control=$(record 28010203)
	big=$(record "48000001$(hex_of 40000 44)")
	stream_srv
	far "$v2"
	no_key_drops 1
	near "none yet"
	userspace 1
	kt_is "flag" "$(xcli a raw PEER_GET ifindex=@srv "peer{id=1}")" \
		"*peer{id=1 flags=1 transport=tcp *"
	far "$v2" "$v1" "$control" "$v2other"
	near "one by one" "$v2" "$v1" "$control" "$v2other"
	far "$v2$v1$v2$control$v1"
	near "at once" "$v2" "$v1" "$v2" "$control" "$v1"
	far "${v1:0:2}" "${v1:2:2}" "${v1:4:2}" "${v1:6}${v2:0:4}" \
		"${v2:4:2}" "${v2:6}"
	near "in pieces" "$v1" "$v2"
	far "$big$v2"
	near "a large one" "$big" "$v2"
	kt_is "not counted" "$(peer_field a srv 1 link-rx-packets)" 1

	# whatever userspace sends goes out as it is, cleartext does not
	kt_is "send" "$(steps "$NEAR" "send=$v2" "send=$v1" "send=${v1}00")" \
		"send=$((${#v2} / 2))"$'\n'"send=$((${#v1} / 2))"$'\nsend=-EINVAL'
	kt_is "sent" "$(steps "$FAR" pollin=5000 usleep=100000 recv=999)" \
		$'poll=in,\nrecv=*'" $v2$v1"
	carry_new
	sink
	ping_none a 10.8.0.11 -s 100
	ping_none a fd08::11 -s 100
	said "^rx peer=1 size=128 good=1 ip4 .*dst=10.8.0.11" 2
	said "^rx peer=1 size=148 good=1 ip6 .*dst=fd08::11" 2
	kt_is "nothing on the wire" "$(steps "$FAR" recv=99)" "recv=-EAGAIN"
	tell "from it" "tx 1 $(packet 10.8.0.11)" "tx 0"
	kt_is "received" "$(peer_field a srv 1 vpn-rx-packets)" 1
	tell "another's source" "tx 1 $(packet 10.8.0.12)" "tx EACCES"

	# the flag changes in the middle of a record
	split=${#v2}
	split=$((split / 4 * 2))
	far "${v2:0:split}"
	kt_ok "back" xcli a raw PEER_SET ifindex=@srv "peer{id=1 flags=0}"
	far "${v2:split}$v2"
	no_key_drops 3
	near "the module's again"
	far "${v2:0:split}"
	userspace 1
	far "${v2:split}"
	near "userspace's again" "$v2"
	kt_bg_ready events "$BIN/ovpn_cli" -n "$NS-a" listen 600
	split=$((${#v1} / 4 * 2))
	far "${v1:0:split}"
	kt_ok "back" xcli a raw PEER_SET ifindex=@srv "peer{id=1 flags=0}"
	far "${v1:split}"
	kt_until 10 kt_says events PEER_DEL_NTF
	kt_is "nobody's" "$(grep -o 'peer{.*' "$TMP/events")" \
		"peer{del-reason=transport-error id=1}"
}

# paused: records wait in the stream for a reader, but not those of the module
test_paused() {
	local n count=400 words=() one

	need_ours
	stream_srv
	userspace 1
	one=send=$(record "48000001$(hex_of 996 55)")
	for ((n = 0; n < count; n++)); do
		words+=("$one")
	done
	kt_bg far "$BIN/ovpn_tcp" "pid=$FAR" block=60000 flags=none "${words[@]}"
	kt_until 10 eval "[ \$(steps $NEAR pollin=100) = poll=in, ]"
	kt_pause 1
	kt_is "the module takes none" "$(drops_of 1 rx_drop_no_key)" ""
	kt_ok "back" xcli a raw PEER_SET ifindex=@srv "peer{id=1 flags=0}"
	# the next record waited for room, and nobody makes some
	kt_until 10 eval "[ -n \"\$(drops_of 1 rx_drop_no_key)\" ]" ||
		kt_fail "the module does not go on"
	kt_wait "$KT_PID" || kt_fail "far" "$(sort "$TMP/far" | uniq -c)"
	n=$(steps "$NEAR" usleep=300000 drain=2000)
	n=${n#drain=}
	n=${n%% *}
	kt_num "some had been read" "$n" -gt 0
	no_key_drops $((count - n))
}

# queue: what nobody reads is bounded and counted, readers are woken
test_queue() {
	local waiting dropped

	need_ours
	srv_new
	userspace 1
	ping_none a 10.8.0.11
	kt_is "no file, no packet" "$(drops_of 1 tx_drop_handoff)" 2
	carry_new
	tell "only one" open "open EBUSY*"
	tell "closed on exec" cloexec "cloexec 1"
	tell "empty" nonblock "nonblock EAGAIN"
	tell "nothing to read" poll "poll OUT"
	echo block >&8
	kt_pause 0.3
	ping_none a 10.8.0.11 -s 20
	said "^block 56"
	said "^rx peer=1 size=48" 2
	tell "leave them" hold hold
	traffic a mode=udp-send to=10.8.0.11:9 count=2000 rate=20000 \
		size=1000 >/dev/null
	dropped=$(($(drops_of 1 tx_drop_handoff) - 2))
	kt_num "some are dropped" "$dropped" -gt 200
	kt_num "some wait" "$dropped" -lt 1900
	tell "something to read" poll "poll IN OUT"
	tell "too little room" short "short EMSGSIZE"
	waiting=$((2000 - dropped))
	tell "read" go go
	said "^rx peer=1 size=1028 good=1" "$waiting"
	kt_pause 0.2
	kt_is "each once" "$(grep -c "^rx peer=1 size=1028 good=1" \
		"$TMP/carry")" "$waiting"
	ping_none a 10.8.0.11 -s 33
	said "^rx peer=1 size=61" 2
}

# ends: of the file, of the device, of a reader that waits
test_ends() {
	need_ours
	srv_new
	userspace 1
	carry_new
	tell "leave them" hold hold
	ping_none a 10.8.0.11
	tell "close and open" close "close 0"
	tell "what waited is gone" nonblock "nonblock EAGAIN"
	ping_none a 10.8.0.11 -s 77
	tell "as before" go go
	said "^rx peer=1 size=105" 2
	kill -KILL "$CARRY"
	kt_wait "$CARRY"
	ping_none a 10.8.0.11
	kt_num "nobody reads" "$(drops_of 1 tx_drop_handoff)" -ge 2
	carry_new
	kt_num "the file holds the module" \
		"$(cat /sys/module/ovpn/refcnt)" -ge 1
	net_new c
	ip -n "$NS-a" link set srv netns "$NS-c"
	tell "moved and down" "tx 1 $(packet 10.8.0.11)" "tx ENETDOWN"
	echo block >&8
	kt_pause 0.3
	ip -n "$NS-c" link del srv
	said "^block 0"
	said "^eof"
	tell "gone" poll "poll IN HUP"
	tell "gone" "tx 1 $(packet 10.8.0.11)" "tx ENODEV"
	tell "gone" nonblock "nonblock 0"
}

# stale: what waits for a peer is not read as another's
test_stale() {
	need_ours
	srv_new
	userspace 1 2
	carry_new
	tell "leave them" hold hold
	ping_none a 10.8.0.11 -s 10
	ping_none a 10.8.0.12 -s 20
	kt_ok "delete" cli a del_peer srv id=1
	peer_new 1
	tell "the new one is the module's" "tx 1 $(packet 10.8.0.11)" \
		"tx EOPNOTSUPP"
	userspace 1
	ping_none a 10.8.0.11 -s 30
	kt_ok "back" xcli a raw PEER_SET ifindex=@srv "peer{id=2 flags=0}"
	tell "read" go go
	said "size=58" 2
	kt_is "of the old one" "$(grep -c size=38 "$TMP/carry")" 0
	kt_is "of the other" "$(grep -c size=48 "$TMP/carry")" 0
}

# silent: the module neither keeps a userspace peer alive nor lets it expire
test_silent() {
	need_ours
	srv_new
	userspace 1
	kt_ok "times" cli a set_peer srv id=1 keepalive-interval=1 \
		keepalive-timeout=2
	kt_ok "times" cli a set_peer srv id=2 keepalive-interval=1 \
		keepalive-timeout=2
	kt_until 6 eval "! $BIN/ovpn_cli -n $NS-a get_peer srv id=2" ||
		kt_fail "the module's expires"
	kt_pause 1
	kt_ok "userspace's stays" cli a get_peer srv id=1
	kt_is "nothing sent" "$(drops_of 1 tx_drop_no_key)" ""
	kt_ok "back" xcli a raw PEER_SET ifindex=@srv "peer{id=1 flags=0}"
	kt_until 6 eval "! $BIN/ovpn_cli -n $NS-a get_peer srv id=1" ||
		kt_fail "it expires then"
}

# segments: a packet of many segments comes as many packets, checksums made
test_segments() {
	need_ours
	srv_new
	userspace 1
	carry_new
	kt_ok "send" traffic a mode=udp-send to=10.8.0.11:9 count=40 \
		rate=4000 size=900 batch=20
	said "^rx peer=1 size=928 good=1" 40
	kt_is "no other" "$(grep -c ^rx "$TMP/carry")" 40
}

# storm: files, flags, peers and devices go while packets fly
test_storm() {
	local n rounds=12 pid

	need_ours
	[ "$FAST" = 0 ] || rounds=4
	srv_new
	userspace 1
	kt_bg flood "$BIN/ovpn_traffic" -n "$NS-a" mode=udp-send \
		to=10.8.0.11:9 rate=2000 size=500
	pid=$KT_PID
	for ((n = 0; n < rounds; n++)); do
		carry_new
		for _ in 1 2 3; do
			echo "tx 1 $(packet 10.8.0.11)" >&8
			xcli a raw PEER_SET ifindex=@srv "peer{id=1 flags=0}"
			xcli a raw PEER_SET ifindex=@srv "peer{id=1 flags=1}"
			xcli a raw PREFIX_SET ifindex=@srv \
				"peer{id=1 prefix{ipv4=10.8.0.$n len=32}}"
			echo "tx 1 $(packet 10.8.0.11)" >&8
		done >"$TMP/storm" 2>&1
		case $((n % 3)) in
		0)	cli a del_peer srv id=1 ;;
		1)	ip -n "$NS-a" link del srv
			dev_new a srv mp 10.8.0.1/24 fd08::1/64 ;;
		2)	kill -KILL "$CARRY"
			cli a del_peer srv id=1 ;;
		esac
		kill -KILL "$CARRY" 2>/dev/null
		kt_wait "$CARRY"
		peer_new 1
		userspace 1
	done
	kill "$pid"
	kt_wait "$pid"
	carry_new
	ping_none a 10.8.0.11 -s 55
	said "^rx peer=1 size=83" 1
}

# trie: the module's longest match, compiled here, against a simple search
test_trie() {
	kt_ok "trie_test" "$BIN/trie_test"
}

# prefix: chooses the peer and checks the source; VPN addresses come first
test_prefix() {
	local n id list=''

	need_ours
	srv_new 3
	userspace 1 2 3
	sink
	carry_new
	ip -n "$NS-a" route add 10.0.0.0/8 dev srv
	ip -n "$NS-a" route add fd00::/8 dev srv
	prefix() {
		kt_ok "$*" xcli a raw "$1" ifindex=@srv "peer{id=$2 $3}"
	}
	# of N ADDRESS: it belongs to peer N and no other; 0: nobody's
	of() {
		local n

		ping_none a "$2" -s 4
		for n in 1 2 3; do
			if [ "$n" = "$1" ]; then
				said "^rx peer=$n .* dst=$2\$" 2
				tell "$2 of $n" "tx $n $(packet "$2")" "tx 0"
			else
				kt_is "$2 not of $n" "$(grep -c \
					"^rx peer=$n .* dst=$2\$" \
					"$TMP/carry")" 0
				tell "$2 of $n" "tx $n $(packet "$2")" \
					"tx EACCES"
			fi
		done
	}
	of 0 10.20.1.1
	prefix PREFIX_SET 1 "prefix{ipv4=10.20.0.0 len=16}
		prefix{ipv6=fd20:: len=32}"
	prefix PREFIX_SET 2 "prefix{ipv4=10.20.2.0 len=24}
		prefix{ipv6=fd20:0:2:: len=48}"
	of 1 10.20.1.2
	of 2 10.20.2.1
	of 1 fd20:0:1::1
	of 2 fd20:0:2::1
	of 0 10.21.0.1
	prefix PREFIX_ADD 3 "prefix{ipv4=0.0.0.0 len=0}
		prefix{ipv6=:: len=0}"
	of 3 10.21.0.2
	of 1 10.8.0.11
	of 2 fd08::12
	prefix PREFIX_DEL 2 "prefix{ipv4=10.20.2.0 len=24}"
	of 1 10.20.2.2
	kt_ok "delete" cli a del_peer srv id=1
	peer_new 1
	userspace 1
	of 3 10.20.2.3
	prefix PREFIX_SET 2 "prefix{ipv4=10.20.0.0 len=16}"
	of 2 10.20.3.1
	# as many as it may have, and one more
	for ((n = 0; n < 256; n++)); do
		list+=" prefix{ipv4=10.30.$n.0 len=24}"
	done
	kt_ok "many" xcli a raw PREFIX_SET ifindex=@srv "peer{id=1$list}"
	of 1 10.30.255.1
	kt_is "all are there" "$(xcli a raw PREFIX_GET ifindex=@srv \
		"peer{id=1}" | grep -o "prefix{" | wc -l)" 256
	for id in PREFIX_SET PREFIX_ADD; do
		kt_not "too many" xcli a raw "$id" ifindex=@srv \
			"peer{id=1$list prefix{ipv4=10.31.0.0 len=24}}"
		kt_is "errno" "$(cat "$TMP/out")" "*ENOSPC*too many*"
	done
	kt_not "one more" xcli a raw PREFIX_ADD ifindex=@srv \
		"peer{id=1 prefix{ipv4=10.31.0.0 len=24}}"
	kt_is "errno" "$(cat "$TMP/out")" "*ENOSPC*too many*"
	of 3 10.31.0.1
}

# model: random prefixes of 16 addresses, each address both ways, against the
# longest of a list
test_model() {
	local round rounds=6 i n len net addr best owner max

	need_ours
	[ "$FAST" = 0 ] || rounds=3
	srv_new 3
	userspace 1 2 3
	ip -n "$NS-a" route add 10.20.0.0/16 dev srv
	sink
	carry_new
	RANDOM=7
	for ((round = 1; round <= rounds; round++)); do
		local -A given=()
		local -a list=('' '' '' '')

		for ((i = 0; i < 10; i++)); do
			len=$((28 + RANDOM % 5))
			net=$((RANDOM % 16 & ~((1 << (32 - len)) - 1)))
			[ -z "${given[$net/$len]:-}" ] || continue
			n=$((RANDOM % 3 + 1))
			given[$net/$len]=$n
			list[n]+=" prefix{ipv4=10.20.$round.$net len=$len}"
		done
		for n in 1 2 3; do
			kt_ok "none" xcli a raw PREFIX_SET ifindex=@srv \
				"peer{id=$n}"
		done
		for n in 1 2 3; do
			kt_ok "prefixes" xcli a raw PREFIX_SET ifindex=@srv \
				"peer{id=$n${list[n]}}"
		done
		: >"$TMP/wanted"
		: >"$TMP/wanted-tx"
		max=$(wc -l <"$TMP/carry")
		for ((addr = 0; addr < 16; addr++)); do
			best=-1
			owner=0
			for i in "${!given[@]}"; do
				net=${i%/*}
				len=${i#*/}
				[ $((addr >> (32 - len))) = \
					$((net >> (32 - len))) ] || continue
				[ "$len" -gt "$best" ] || continue
				best=$len
				owner=${given[$i]}
			done
			[ "$owner" = 0 ] ||
				echo "rx peer=$owner dst=10.20.$round.$addr" \
					>>"$TMP/wanted"
			for n in 1 2 3; do
				echo "tx $n udp,10.20.$round.$addr,10.8.0.1,5,9,20" >&8
				if [ "$n" = "$owner" ]; then
					echo "tx 0"
				else
					echo "tx EACCES"
				fi >>"$TMP/wanted-tx"
			done
			traffic a mode=udp-send "to=10.20.$round.$addr:9" \
				count=1 rate=1000 size=20 >/dev/null
		done
		kt_until 10 eval "[ \$(tail -n +$((max + 1)) $TMP/carry |
			grep -c ^tx) -ge 48 ]"
		kt_pause 0.2
		tail -n +$((max + 1)) "$TMP/carry" >"$TMP/round"
		kt_is "sources, round $round: ${list[*]}" \
			"$(grep ^tx "$TMP/round")" "$(cat "$TMP/wanted-tx")"
		kt_is "destinations, round $round: ${list[*]}" \
			"$(sed -n 's/^\(rx peer=[0-9]\) .* \(dst=.*\)/\1 \2/p' \
				"$TMP/round" | sort)" \
			"$(sort "$TMP/wanted")"
	done
}

# routes: the host's count for peers without prefixes only
test_routes() {
	need_ours
	srv_new
	userspace 1 2
	sink
	carry_new
	ip -n "$NS-a" route add 10.40.1.0/24 via 10.8.0.11 dev srv
	ip -n "$NS-a" route add 10.40.2.0/24 via 10.8.0.12 dev srv
	tell "by the route" "tx 1 $(packet 10.40.1.1)" "tx 0"
	tell "by the route" "tx 2 $(packet 10.40.2.1)" "tx 0"
	kt_ok "prefix" xcli a raw PREFIX_SET ifindex=@srv \
		"peer{id=2 prefix{ipv4=10.50.0.0 len=16}}"
	tell "the other's stays" "tx 1 $(packet 10.40.1.1)" "tx 0"
	tell "not in the list" "tx 2 $(packet 10.40.2.1)" "tx EACCES"
	tell "in the list" "tx 2 $(packet 10.50.2.1)" "tx 0"
	ping_none a 10.40.1.1 -s 11
	ping_none a 10.40.2.1 -s 12
	said "^rx peer=1 size=39 .*dst=10.40.1.1" 2
	kt_is "not sent there" "$(grep -c dst=10.40.2.1 "$TMP/carry")" 0
	kt_ok "none again" xcli a raw PREFIX_SET ifindex=@srv "peer{id=2}"
	ping_none a 10.40.2.1 -s 13
	said "^rx peer=2 size=41 .*dst=10.40.2.1" 2
	tell "by the route again" "tx 2 $(packet 10.40.2.1)" "tx 0"
}

kt_main "$@"
