# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Tunnels of Ethernet. Sourced by run.
#
#   NET-l  a host of the network      NET-s  the server       NET-1, NET-2: clients
#   eth 10.8.0.2 ---- veth ---- lan --[br0 10.8.0.1]-- tun-s == tun-c 10.8.0.50, .51
#
# In VLAN 5 of the same network are NET-l (10.9.5.1) and NET-1 (10.9.5.2), if the
# kernel knows VLANs, as those of the lab do.

tap_up() {
	five_up || return 1
	ip netns add "$NET-l" || return 1
	in_ns l sysctl -qw net.ipv6.conf.all.accept_dad=0 \
		net.ipv6.conf.default.accept_dad=0
	in_ns l ip link set lo up
	in_s ip link add name br0 type bridge || return 1
	# no addresses that come and go with its ports
	in_s sysctl -qw net.ipv6.conf.br0.disable_ipv6=1
	in_s ip link add lan type veth peer name eth netns "$NET-l" || return 1
	in_s ip link set lan master br0
	in_s ip address add 10.8.0.1/24 dev br0
	in_ns l ip address add 10.8.0.2/24 dev eth
	in_ns l ip address add fd00:8::2/64 dev eth
	in_ns l ip link set eth up
	in_s ip link set lan up
	in_s ip link set br0 up
	vlan_up l eth 10.9.5.1
	net_state s >"$DIR/state-s"
}

# vlan_up NET DEVICE ADDRESS
vlan_up() {
	has_vlan=
	in_ns "$1" ip link add link "$2" name v5 type vlan id 5 2>/dev/null ||
		return 0
	has_vlan=yes
	in_ns "$1" ip address add "$3/24" dev v5
	in_ns "$1" ip link set v5 up
}

# tap_start SERVER CLIENT CLIENT [LINE...]: all of them, until they are connected
tap_start() {
	local i

	SERVER_LINES="duplicate-cn
$(printf '%s\n' "${@:4}")"
	peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($1) does not start"
	in_s ip link set tun-s master br0
	in_s ip link set tun-s up
	for i in 1 2; do
		five_start $i "${@:1 + i:1}"
		daemon_wait_for "client-$i" \
			'Initialization Sequence Completed' 20 ||
			fail "client $i does not connect"
		in_ns $i ip address add "fd00:8::5$i/64" dev tun-c nodad
		in_ns $i sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0
	done
	vlan_up 1 tun-c 10.9.5.2
}

tap_stop() {
	daemon_stop client-1
	daemon_stop client-2
	stop_clean server
}

# tap_pings FROM ADDRESS...: small ones, full ones, and some in fragments
tap_pings() {
	local from=$1 to size

	shift
	for to; do
		for size in 16 1400 1472 4000; do
			in_ns "$from" ping -n -q -c 2 -i 0.2 -W 2 -s $size \
				"$to" >/dev/null ||
				fail "ping of $size bytes from $from to $to"
		done
	done
}

# tap_all FROM ADDRESSES: these answer a broadcast, itself included
tap_all() {
	local who

	who=$(in_ns "$1" ping -n -b -c 3 -i 0.3 -W 2 10.8.0.255 2>/dev/null |
		sed -n 's/.* from \(10[0-9.]*\):.*/\1/p' | sort -u | tr '\n' ' ')
	[ "$who" = "$2" ] || fail "a broadcast of $1 is answered by '$who'"
}

# A host that is the first with this address: its frames, and answers to it.
# tap_host N: behind client 1
tap_host() {
	ip netns add "$NET-m$1" || return 1
	in_ns 1 ip link add "m$1" link tun-c type macvlan mode private &&
		in_ns 1 ip link set "m$1" netns "$NET-m$1" &&
		in_ns "m$1" ip address add "10.8.0.6$1/24" dev "m$1" &&
		in_ns "m$1" ip link set "m$1" up
}

# max-routes-per-client: the client's own host and one more
tap_few() {
	tap_host 1 && tap_host 2 || fail "cannot make hosts behind the client"
	in_ns m1 ping -n -q -c 2 -i 0.2 -W 2 10.8.0.2 >/dev/null ||
		fail "no ping of the second host behind a client"
	in_ns m2 ping -n -q -c 2 -i 0.2 -W 1 10.8.0.2 >/dev/null &&
		fail "a third host behind a client is let in"
	in_ns 1 ping -n -q -c 2 -i 0.2 -W 2 10.8.0.2 >/dev/null ||
		fail "the first one has lost its place"
}

# tap_tcp FROM TO ADDRESS WORD...
tap_tcp() {
	daemon_start iperf3 "$2" iperf3 --server --one-off --forceflush
	daemon_wait_for iperf3 listening 10 || fail "iperf3 does not start"
	in_ns "$1" timeout 20 iperf3 --client "$3" --time 2 "${@:4}" \
		>"$DIR/tap" 2>&1 || {
		sed 's/^/#   /' "$DIR/tap"
		fail "TCP from $1 to $2 ${*:4}"
	}
	daemon_stop iperf3
}

# scenario_tap SERVER CLIENT CLIENT: what is in one network works
scenario_tap() {
	SHAPE=bridge
	DEV_TYPE=tap
	DP_OF[client]=user DP_OF[server]=user
	tap_up || fail "cannot make the network"
	# frames go from client to client, and the program sees to it
	tap_start "$@" client-to-client 'max-routes-per-client 2'
	[ "$(five_address 1) $(five_address 2)" = '10.8.0.50 10.8.0.51' ] ||
		fail "addresses: $(five_address 1) $(five_address 2)"
	tap_pings 1 10.8.0.2 10.8.0.1 10.8.0.51 fd00:8::2 fd00:8::52
	tap_pings l 10.8.0.50 10.8.0.51 fd00:8::51
	tap_pings 2 10.8.0.50 fd00:8::51
	[ -z "$has_vlan" ] || tap_pings 1 10.9.5.1
	tap_all 1 '10.8.0.50 10.8.0.51 '
	in_ns l sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0
	tap_all 1 '10.8.0.2 10.8.0.50 10.8.0.51 '
	tap_all l '10.8.0.2 10.8.0.50 10.8.0.51 '
	[ "$(in_ns l cat /proc/net/arp | awk '$1 == "10.8.0.50" { print $4 }')" = \
		"$(in_ns 1 cat /sys/class/net/tun-c/address)" ] ||
		fail "another address than the client's own is known"
	tap_few
	tap_tcp 1 l 10.8.0.2
	tap_tcp 1 l fd00:8::2 --reverse
	[ -z "$has_vlan" ] || tap_tcp 1 l 10.9.5.1
	tap_tcp 2 1 10.8.0.50
	tap_stop
	# without, a client sees the network, and not the other client
	in_ns l ip neigh flush dev eth
	in_s ip neigh flush dev br0
	tap_start "$@"
	tap_pings 1 10.8.0.2
	tap_pings l 10.8.0.51
	in_ns 1 ping -n -q -c 2 -i 0.2 -W 1 10.8.0.51 >/dev/null &&
		fail "one client reaches the other"
	tap_all 1 '10.8.0.2 10.8.0.50 '
	tap_stop
	RESULT="a bridge with two clients${has_vlan:+ and a VLAN}, broadcasts, MACs"
}

# Addresses that begin as what is packed with stub-v2 does.
scenario_tap_escape() {
	EXTRA[server]='compress stub-v2' EXTRA[client]='compress stub-v2'
	CIPHER=AES-256-GCM
	connect 2.6.14 ovpnd
	in_s ip link set tun-s address 50:00:00:00:00:01
	in_c ip neigh flush dev tun-c
	in_c ping -n -q -c 3 -i 0.2 -W 2 "$VPN_S4" >/dev/null ||
		fail "no ping to a host whose address begins with 0x50"
	stop_clean client
	stop_clean server
}
