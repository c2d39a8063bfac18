#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# PEER_DEL_NTF: one event for each end of a peer, with its reason, the reason
# before the id.
#
#	+------- a -------+         +------- c -------+
#	| tun (p2p or mp) |         | tun, moved here |
#	| socket :7001    |         | from a          |
#	+-----------------+         +-----------------+
#
# EXPIRED is in keepalive.sh, PEER_FLOAT_NTF in float.sh.

TESTS="userspace teardown replaced disconnect shared crossed"
. "$(dirname "$0")/lib.sh"

listen() {
	kt_bg_ready events "$BIN/ovpn_cli" -n "$NS-a" listen 600
}

# device MODE IDS...: "tun" with peers on the one socket
device() {
	local mode=$1 id words

	shift
	net_new a
	sock_new a 0.0.0.0:7001
	cli a link_add tun "$mode" || kt_die "link_add"
	for id in "$@"; do
		words="id=$id socket=@sock:$SOCK remote-ipv4=10.99.0.2"
		words+=" remote-port=7002"
		[ "$mode" = p2p ] || words+=" vpn-ipv4=10.8.0.$((id + 10))"
		echo "new_peer tun $words"
	done >"$TMP/batch"
	cli a batch <"$TMP/batch" || kt_die "peers"
	IFINDEX=$(dev_attr a tun ifindex)
	listen
}

# events WHAT COUNT LINE...: exactly these, in any order
events() {
	local what=$1 count=$2 got

	shift 2
	kt_until 10 kt_lines events $((count + 1))
	kt_pause 0.2
	got=$(tail -n +2 "$TMP/events" | sort)
	kt_is "$what" "$got" "$(printf '%s\n' "$@" | sort)"
}

line() {
	echo "PEER_DEL_NTF ifindex=$IFINDEX peer{del-reason=$1 id=$2}"
}

# userspace: PEER_DEL is notified, too
test_userspace() {
	device mp 1 2
	kt_ok "delete" cli a del_peer tun id=2
	events "userspace" 1 "$(line userspace 2)"
}

# teardown: the device goes
test_teardown() {
	device mp 1 2 3
	ip -n "$NS-a" link del tun
	events "teardown" 3 "$(line teardown 1)" "$(line teardown 2)" \
		"$(line teardown 3)"
}

# replaced: a p2p device takes another peer
test_replaced() {
	device p2p 1
	ip -n "$NS-a" link set tun up
	kt_is "carrier" "$(dev_attr a tun carrier)" 1
	kt_ok "new" cli a new_peer tun id=2 "socket=@sock:$SOCK" \
		remote-ipv4=10.99.0.3 remote-port=7002
	events "replaced" 1 "$(line teardown 1)"
	kt_is "carrier" "$(dev_attr a tun carrier)" 1
	kt_ok "delete" cli a del_peer tun id=2
	kt_is "carrier" "$(dev_attr a tun carrier)" 0
}

# disconnect: the descriptor is closed
test_disconnect() {
	device mp 1 2
	kill "$SOCK"
	events "disconnect" 2 "$(line transport-disconnect 1)" \
		"$(line transport-disconnect 2)"
	kt_is "none left" "$(cli a dump tun)" ""
	kt_ok "device is there" ip -n "$NS-a" link show tun
}

# shared: the socket outlives one of its peers and serves a new one
test_shared() {
	device mp 1 2
	kt_ok "delete" cli a del_peer tun id=1
	kt_ok "delete" cli a del_peer tun id=2
	events "both" 2 "$(line userspace 1)" "$(line userspace 2)"
	kt_ok "new" cli a new_peer tun id=3 "socket=@sock:$SOCK" \
		remote-ipv4=10.99.0.3 remote-port=7002 vpn-ipv4=10.8.0.9
	kill "$SOCK"
	events "and the third" 3 "$(line userspace 1)" "$(line userspace 2)" \
		"$(line transport-disconnect 3)"
}

# crossed: events go to the namespace of the socket, not of the device
test_crossed() {
	device p2p 1
	net_new c
	kt_bg_ready events-c "$BIN/ovpn_cli" -n "$NS-c" listen 600
	ip -n "$NS-a" link set tun netns "$NS-c" || kt_die "move"
	kt_is "socket-netnsid" "$(cli c get_peer tun id=1)" \
		"PEER_GET peer{socket-netnsid=* id=1 tx-id=1 *}"
	IFINDEX=$(dev_attr c tun ifindex)
	kt_ok "delete" cli c del_peer tun id=1
	events "at the socket" 1 "$(line userspace 1)"
	kt_is "not at the device" "$(wc -l <"$TMP/events-c")" 1
}

kt_main "$@"
