#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Family "ovpnx": what this module has beyond upstream's.
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p or mp   |                      | ovpn_wire       |
#	| 10.8.0.2        |    10.99.0.0/24      | (no device)     |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+                      +-----------------+

TESTS="table alias admin drops dump payload flood quiet"
. "$(dirname "$0")/lib.sh"

xcli() {
	local ns=$1

	shift
	"$BIN/ovpnx_cli" -n "$NS-$ns" "$@"
}

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
	kt_ok "send $*" wire b on=10.99.0.2:7002 to=10.99.0.1:7001 \
		"key=$(hex_of 16 a0)" "nonce=$(hex_of 8 c0)" \
		"rx-key=$(hex_of 16 b0)" "rx-nonce=$(hex_of 8 d0)" \
		peer-id=1 key-id=0 "$@"
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
	IFINDEX=$(in_a cat /sys/class/net/tun/ifindex)
}

# drop_count NAME: of peer 1
drop_count() {
	local count

	count=$(xcli a raw PEER_GET ifindex=@tun "peer{id=1}" |
		grep -o "name=$1 count=[0-9]*")
	echo "${count##*=}"
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
	kt_until 5 eval "[ \$(wc -l <$TMP/events) -ge 4 ]"
	sleep 0.2
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
	kt_until 5 eval "[ \$(wc -l <$TMP/events) -ge 2 ]"
	sleep 0.3
	seen=$(($(wc -l <"$TMP/events") - 1))
	kt_num "some" "$seen" -ge 8
	kt_num "not all" "$seen" -le 80
	kt_is "the others are counted" "$(drop_count rx_drop_proto)" \
		$((200 - seen))
	sleep 1.1
	send_b pids=300 inner=hex,aa
	kt_until 5 grep -q payload=aa "$TMP/events" || kt_fail "a second later"
}

# quiet: without a listener it is dropped and counted
test_quiet() {
	need_ours
	p2p_new
	send_b pids=100 "inner=hex,$OCC_EXIT"
	kt_is "dropped" "$(drop_count rx_drop_proto)" 1
	kt_is "of the device" "$(dev_stat a tun rx dropped)" 1
}

kt_main "$@"
