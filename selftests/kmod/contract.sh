#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The netlink contract: every documented refusal and answer, attribute by
# attribute, and what tools print about a device.
#
#	+--- namespace a ---+
#	| t0 (p2p) t1 (mp)  |
#	+-------------------+

TESTS="table libnl details carrier netns ethtool features redirects"
. "$(dirname "$0")/lib.sh"

# contract_run WORD...: its rows are subtests of this one
contract_run() {
	local words=("$@")

	[ "$DRIVER" = intree ] || words+=(--ours)
	if ! "$BIN/contract" ${words[@]+"${words[@]}"} >"$TMP/table"; then
		kt_fail "contract ${words[*]-}"
	fi
	sed 's/^/    /' "$TMP/table"
	[ "$DRIVER" != intree ] ||
		kt_note "what ours does otherwise on purpose:" \
			"$(grep -c -e '# SKIP in-tree' -e '# *differs: ' "$TMP/table") rows"
}

# table: errno, order of checks, replies, dumps (see contract_rows.c)
test_table() {
	contract_run
}

# libnl: the same, with messages made and read by libnl
test_libnl() {
	contract_run --libnl
}

# details: "ip -d link" names the kind and the mode
test_details() {
	local text

	net_new a
	ip -n "$NS-a" link add t0 type ovpn
	cli a link_add t1 mp
	text=$(ip -n "$NS-a" -d link show t0 | tr -s '\n ' ' ')
	kt_is "flags" "$text" "*<*POINTOPOINT*NOARP*>*"
	kt_not "no multicast" grep -q MULTICAST <<<"$text"
	kt_not "no broadcast" grep -q BROADCAST <<<"$text"
	kt_is "no queue" "$text" "*link/none*"
	# iproute2 before 6.16 does not know the mode and prints the kind only
	if ip link help ovpn 2>&1 | grep -q mode; then
		kt_is "p2p" "$text" "*ovpn mode p2p*"
		text=$(ip -n "$NS-a" -d link show t1 | tr -s '\n ' ' ')
		kt_is "mp" "$text" "*ovpn mode mp*"
	else
		kt_is "kind" "$text" "* ovpn *"
	fi
	kt_is "limits" "$text" "*mtu 1416 *minmtu 68 maxmtu 65451*"
	kt_is "default state" "$text" "*<POINTOPOINT,NOARP> *"
	kt_is "device type" "$(dev_attr a t0 uevent)" \
		"*DEVTYPE=ovpn*"
	kt_is "arphrd" "$(dev_attr a t0 type)" 65534
}

carrier() {
	dev_attr a "$1" carrier
}

# carrier: mp always has it, p2p while it has a peer
test_carrier() {
	net_new a
	sock_new a 0.0.0.0:7001
	cli a link_add t0 p2p
	cli a link_add t1 mp
	ip -n "$NS-a" link set t0 up
	ip -n "$NS-a" link set t1 up
	kt_is "p2p without peer" "$(carrier t0)" 0
	kt_is "mp without peer" "$(carrier t1)" 1
	kt_ok "peer" cli a new_peer t0 id=1 "socket=@sock:$SOCK" \
		remote-ipv4=10.99.0.2 remote-port=7002
	kt_is "p2p with a peer" "$(carrier t0)" 1
	ip -n "$NS-a" link set t0 down
	ip -n "$NS-a" link set t0 up
	kt_is "after down and up" "$(carrier t0)" 1
	kt_ok "another peer" cli a new_peer t0 id=2 "socket=@sock:$SOCK" \
		remote-ipv4=10.99.0.3 remote-port=7002
	kt_is "p2p with another peer" "$(carrier t0)" 1
	kt_ok "delete" cli a del_peer t0 id=2
	kt_is "p2p without peer again" "$(carrier t0)" 0
	kt_ok "peer" cli a new_peer t0 id=1 "socket=@sock:$SOCK" \
		remote-ipv4=10.99.0.2 remote-port=7002
	kill "$SOCK"
	kt_until 10 eval '[ "$(carrier t0)" = 0 ]' ||
		kt_fail "carrier stays when the socket is closed"
	kt_is "mp in the end" "$(carrier t1)" 1
}

no_device() {
	! cli a dump "$1"
}

# netns: a device moves with its peers, and ends where it is; its socket stays
test_netns() {
	net_new a c
	sock_new a 0.0.0.0:7001
	cli a link_add t0 mp
	kt_ok "peer" cli a new_peer t0 id=1 "socket=@sock:$SOCK" \
		remote-ipv4=10.99.0.2 remote-port=7002 vpn-ipv4=10.8.0.2
	kt_bg_ready events "$BIN/ovpn_cli" -n "$NS-a" listen 600
	kt_not "socket is here" grep -q netnsid <(cli a get_peer t0 id=1)
	kt_ok "move" ip -n "$NS-a" link set t0 netns "$NS-c"
	kt_not "not here any more" cli a dump t0
	kt_is "get there" "$(cli c get_peer t0 id=1)" \
		"PEER_GET peer{socket-netnsid=* id=1 tx-id=1 vpn-ipv4=*"
	kt_is "dump there" "$(cli c dump t0)" \
		"PEER_GET peer{socket-netnsid=* id=1 tx-id=1 vpn-ipv4=*"
	kt_ok "a peer from there, socket from here" cli c new_peer t0 id=2 \
		"socket=@sock:$SOCK" remote-ipv4=10.99.0.3 remote-port=7002 \
		vpn-ipv4=10.8.0.3
	IFINDEX=$(dev_attr c t0 ifindex)
	ip netns del "$NS-c"
	kt_until 20 eval '[ "$(wc -l <"$TMP/events")" = 3 ]' ||
		kt_fail "peers outlive the namespace of their device"
	kt_is "events at the socket" "$(tail -n +2 "$TMP/events" | sort)" \
"PEER_DEL_NTF ifindex=$IFINDEX peer{del-reason=teardown id=1}
PEER_DEL_NTF ifindex=$IFINDEX peer{del-reason=teardown id=2}"
	kt_ok "did not come back" no_device t0
	cli a link_add t0 p2p
	kt_ok "the socket is free" cli a new_peer t0 id=1 \
		"socket=@sock:$SOCK" remote-ipv4=10.99.0.2 remote-port=7002
}

# ethtool: driver and bus are "ovpn"
test_ethtool() {
	local text

	command -v ethtool >/dev/null ||
		kt_skip "no ethtool here"
	net_new a
	ip -n "$NS-a" link add t0 type ovpn
	text=$(in_a ethtool -i t0)
	kt_is "driver" "$text" "*driver: ovpn*"
	kt_is "bus" "$text" "*bus-info: ovpn*"
}

# features: scatter-gather and segmentation are offered; ours: checksums, too
test_features() {
	local text word want="scatter-gather generic-segmentation-offload"

	command -v ethtool >/dev/null ||
		kt_skip "no ethtool here"
	net_new a
	ip -n "$NS-a" link add t0 type ovpn
	text=$(in_a ethtool -k t0)
	# The in-tree driver offers no checksums: what ours adds on purpose.
	[ "$DRIVER" = intree ] ||
		want+=" tx-checksumming rx-checksumming tcp-segmentation-offload"
	for word in $want; do
		kt_is "feature $word" "$text" "*$word: on*"
	done
}

# redirects: mp turns ICMP redirects off when it goes up
test_redirects() {
	net_new a
	in_a sh -c 'for f in all default; do
		echo 1 >/proc/sys/net/ipv4/conf/$f/send_redirects; done'
	ip -n "$NS-a" link add t0 type ovpn
	ip -n "$NS-a" link set t0 up
	kt_is "p2p leaves them" \
		"$(in_a cat /proc/sys/net/ipv4/conf/all/send_redirects)" 1
	cli a link_add t1 mp
	ip -n "$NS-a" link set t1 up
	kt_is "all" "$(in_a cat /proc/sys/net/ipv4/conf/all/send_redirects)" 0
	kt_is "t1" "$(in_a cat /proc/sys/net/ipv4/conf/t1/send_redirects)" 0
}

kt_main "$@"
