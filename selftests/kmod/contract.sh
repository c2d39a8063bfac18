#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The netlink contract: every documented refusal and answer, attribute by
# attribute, and what tools print about a device.
#
#	+--- namespace a ---+
#	| t0 (p2p) t1 (mp)  |
#	+-------------------+

TESTS="table details ethtool features redirects"
SMOKE="table details ethtool features"
. "$(dirname "$0")/lib.sh"

# table: errno, order of checks, replies (see contract_rows.c)
test_table() {
	local words=()

	[ "$DRIVER" = intree ] || words=(--ours)
	if ! "$BIN/contract" ${words[@]+"${words[@]}"} >"$TMP/table"; then
		kt_fail "contract ${words[*]-}"
	fi
	# The rows are subtests of this one.
	sed 's/^/    /' "$TMP/table"
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
	kt_is "carrier of p2p without peer" \
		"$(in_a sh -c 'ip link set t0 up; cat /sys/class/net/t0/carrier')" 0
	kt_is "carrier of mp" \
		"$(in_a sh -c 'ip link set t1 up; cat /sys/class/net/t1/carrier')" 1
	kt_is "device type" "$(in_a cat /sys/class/net/t0/uevent)" \
		"*DEVTYPE=ovpn*"
	kt_is "arphrd" "$(in_a cat /sys/class/net/t0/type)" 65534
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
