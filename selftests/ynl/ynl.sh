#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Both families through the kernel's YNL tool, which is below /ynl with its own
# Python (selftests/ynl/run). Needs no address of a peer: nothing is sent.
#
#	+------- a -------+
#	| tun mp          |
#	| socket :7001    |
#	+-----------------+

TESTS="numbers ovpn ovpnx prefixes events refusals"
. "$(dirname "$0")/../kmod/lib.sh"

SPECS=$(cd "$KT_DIR/../.." && pwd)/Documentation/netlink/specs
UAPI=$(cd "$KT_DIR/../.." && pwd)/uapi/linux

[ -x /ynl/usr/bin/python3 ] || kt_unable "no /ynl; call selftests/ynl/run"
mkdir -p /ynl/proc /ynl/ynl/Documentation/netlink/specs
cp "$SPECS"/*.yaml /ynl/ynl/Documentation/netlink/specs/
cp "$UAPI"/ovpn*.h "$(dirname "$0")/check.py" /ynl/ynl/

# with its output checked against the schema
TOOL=(chroot /ynl /usr/bin/python3 -u
	/ynl/tools/net/ynl/pyynl/cli.py --output-json --spec)

# spec FAMILY: where its specification is, for the tool
spec() {
	echo "/ynl/Documentation/netlink/specs/$1.yaml"
}

# ynl FAMILY ARGUMENT...: in namespace a
ynl() {
	local family=$1

	shift
	in_a "${TOOL[@]}" "$(spec "$family")" "$@"
}

# ask WHAT FAMILY COMMAND JSON: the answer in $TMP/out
ask() {
	kt_ok "$1" ynl "$2" --do "$3" --json "$4"
}

# got WHAT FILTER WANTED: a part of the last answer
got() {
	kt_is "$1" "$(jq -c "$2" "$TMP/out")" "$3"
}

# tun_new: the device, its index in IFINDEX; its socket is descriptor 7
tun_new() {
	net_new a
	cli a link_add tun mp || kt_die "link_add"
	IFINDEX=$(dev_attr a tun ifindex)
	# a UDP socket of this shell that its children have, too
	exec 7<>/dev/udp/127.0.0.1/9
}

peer_new() {
	ask "peer-new" ovpn peer-new "{\"ifindex\": $IFINDEX, \"peer\":
		{\"id\": $1, \"socket\": 7, \"remote-ipv4\": \"10.99.0.2\",
		\"remote-port\": 7002, \"vpn-ipv4\": \"10.8.0.1$1\",
		\"vpn-ipv6\": \"fd08::1$1\", \"tx-id\": 10$1}}"
}

# numbers: those of the specifications are those of the headers
test_numbers() {
	local family

	net_new a
	for family in ovpn ovpnx; do
		kt_ok "$family.yaml has the right form" ynl "$family" --validate
		kt_ok "$family" chroot /ynl /usr/bin/python3 /ynl/check.py \
			"/ynl/Documentation/netlink/specs/$family.yaml" \
			"/ynl/$family.h"
		kt_note "$family.yaml: $(cat "$TMP/out")"
	done
	# it can fail
	sed -i 's/OVPN_CMD_KEY_DEL\t= 10/OVPN_CMD_KEY_DEL\t= 12/' /ynl/ynl/ovpn.h
	kt_not "a wrong number" chroot /ynl /usr/bin/python3 /ynl/check.py \
		/ynl/Documentation/netlink/specs/ovpn.yaml /ynl/ovpn.h
	cp "$UAPI/ovpn.h" /ynl/ynl/
}

# ovpn: peers and keys
test_ovpn() {
	local dir key

	tun_new
	peer_new 1
	peer_new 2
	ask "peer-get" ovpn peer-get "{\"ifindex\": $IFINDEX,
		\"peer\": {\"id\": 2}}"
	got "peer" '.peer | [.id, ."tx-id", ."remote-ipv4", ."remote-port",
		."vpn-ipv4", ."vpn-ipv6", ."link-rx-packets"]' \
		'?2,102,"10.99.0.2",7002,"10.8.0.12","fd08::12",0?'
	ask "peer-set" ovpn peer-set "{\"ifindex\": $IFINDEX, \"peer\":
		{\"id\": 2, \"keepalive-interval\": 10,
		\"keepalive-timeout\": 60}}"
	kt_ok "dump" ynl ovpn --dump peer-get --json "{\"ifindex\": $IFINDEX}"
	got "all peers" '[.[].peer | [.id, ."keepalive-timeout"]]' \
		'??1,0?,?2,60??'
	dir="{\"cipher-key\": \"$(hex_of 16 a1)\",
		\"nonce-tail\": \"$(hex_of 8 c1)\"}"
	key="\"peer-id\": 1, \"slot\": \"primary\""
	ask "key-new" ovpn key-new "{\"ifindex\": $IFINDEX, \"keyconf\":
		{$key, \"key-id\": 3, \"cipher-alg\": \"aes-gcm\",
		\"encrypt-dir\": $dir, \"decrypt-dir\": $dir}}"
	ask "key-get" ovpn key-get "{\"ifindex\": $IFINDEX,
		\"keyconf\": {$key}}"
	got "key" '.keyconf | [."peer-id", .slot, ."key-id", ."cipher-alg"]' \
		'?1,"primary",3,"aes-gcm"?'
	ask "key-swap" ovpn key-swap "{\"ifindex\": $IFINDEX,
		\"keyconf\": {\"peer-id\": 1}}"
	ask "key-get" ovpn key-get "{\"ifindex\": $IFINDEX, \"keyconf\":
		{\"peer-id\": 1, \"slot\": \"secondary\"}}"
	got "swapped" '.keyconf."key-id"' 3
	ask "key-del" ovpn key-del "{\"ifindex\": $IFINDEX, \"keyconf\":
		{\"peer-id\": 1, \"slot\": \"secondary\"}}"
	ask "peer-del" ovpn peer-del "{\"ifindex\": $IFINDEX,
		\"peer\": {\"id\": 1}}"
	kt_ok "dump" ynl ovpn --dump peer-get --json "{\"ifindex\": $IFINDEX}"
	got "the rest" '[.[].peer.id]' '?2?'
}

# ovpnx: features, settings, peers
test_ovpnx() {
	tun_new
	peer_new 1
	peer_new 2
	ask "get-features" ovpnx get-features "{}"
	got "features" '.features.mask | index("peer-drops", "prefixes")' \
		"*[0-9]*"
	got "limits" '.features."prefixes-max"' 256
	ask "dev-set" ovpnx dev-set "{\"ifindex\": $IFINDEX,
		\"dev\": {\"mss\": 1300}}"
	ask "dev-get" ovpnx dev-get "{\"ifindex\": $IFINDEX}"
	got "settings" '[.dev.peers, .dev.mss]' '?2,1300?'
	ask "peer-set" ovpnx peer-set "{\"ifindex\": $IFINDEX, \"peer\":
		{\"id\": 2, \"flags\": \"userspace\"}}"
	ping_none a 10.8.0.12 -I tun
	kt_ok "dump" ynl ovpnx --dump peer-get --json "{\"ifindex\": $IFINDEX}"
	got "peers" '[.[].peer | [.id, .flags, .transport]]' \
		'??1,??,"udp"?,?2,?"userspace"?,"udp"??'
	ask "dev-open" ovpnx dev-open "{\"ifindex\": $IFINDEX}"
	got "file" '.dev.fd > 2' true
}

# prefixes: many in one request, of both families
test_prefixes() {
	tun_new
	peer_new 1
	ask "prefix-set" ovpnx prefix-set "{\"ifindex\": $IFINDEX, \"peer\":
		{\"id\": 1, \"prefix\": [{\"ipv4\": \"10.20.0.0\", \"len\": 16},
		{\"ipv6\": \"fd20::\", \"len\": 32}]}}"
	ask "prefix-add" ovpnx prefix-add "{\"ifindex\": $IFINDEX, \"peer\":
		{\"id\": 1, \"prefix\": [{\"ipv4\": \"10.21.0.0\",
		\"len\": 24}]}}"
	ask "prefix-del" ovpnx prefix-del "{\"ifindex\": $IFINDEX, \"peer\":
		{\"id\": 1, \"prefix\": [{\"ipv4\": \"10.20.0.0\",
		\"len\": 16}]}}"
	ask "prefix-get" ovpnx prefix-get "{\"ifindex\": $IFINDEX,
		\"peer\": {\"id\": 1}}"
	got "prefixes" '[.peer.prefix[] | [.ipv4 // .ipv6, .len]]' \
		'??"10.21.0.0",24?,?"fd20::",32??'
}

# events: one for each peer that is gone, where the socket is
test_events() {
	tun_new
	peer_new 1
	peer_new 2
	# the list comes when the tool has subscribed
	kt_bg_ready heard "${TOOL[@]}" "$(spec ovpn)" --subscribe peers \
		--duration 6 --list-ops
	ask "peer-del" ovpn peer-del "{\"ifindex\": $IFINDEX,
		\"peer\": {\"id\": 2}}"
	ip -n "$NS-a" link del tun
	kt_wait "$KT_PID" || kt_fail "subscriber" "$(cat "$TMP/heard")"
	grep '^{' "$TMP/heard" >"$TMP/out"
	got "events" '[.name, .msg.ifindex, .msg.peer.id,
		.msg.peer."del-reason"]' \
		"?\"peer-del-ntf\",$IFINDEX,2,\"userspace\"?
?\"peer-del-ntf\",$IFINDEX,1,\"teardown\"?"
}

# refusals: come with the module's words
test_refusals() {
	tun_new
	kt_not "no peer" ynl ovpnx --do peer-get \
		--json "{\"ifindex\": $IFINDEX, \"peer\": {\"id\": 9}}"
	kt_is "says why" "$(cat "$TMP/out")" "*no peer has this id*"
	kt_not "not of the specification" ynl ovpnx --do dev-get \
		--json "{\"ifindex\": $IFINDEX, \"colour\": 1}"
}

kt_main "$@"
