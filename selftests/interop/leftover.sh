# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What ovpnd leaves behind when it is killed together with the helper that would
# undo it, and what the next one makes of that. Sourced by run.

# kill_both ROLE: the daemon and its helper, by one command
kill_both() {
	local side=${1:0:1} pid=${DAEMON_PID[$1]} helper='' each

	for each in $(ip netns pids "$NET-$side"); do
		[ "$(cat "/proc/$each/comm")" != ovpnd-priv ] || helper=$each
	done
	[ -n "$helper" ] || fail "the $1 has no helper"
	# the shell's own remark about a killed child is not wanted
	{
		kill -KILL "$pid" "$helper"
		wait "$pid"
	} 2>/dev/null
	unset "DAEMON_PID[$1]"
}

# ours s|c: addresses and routes that carry our number, a line each
ours() {
	in_ns "$1" ip -o route show table all proto 111
	in_ns "$1" ip -6 -o route show table all proto 111
}

# scenario_leftover_server CLIENT: on a device that stays without it
scenario_leftover_server() {
	[ "$(peer_data_path ovpnd server)" != user ] ||
		in_s ip tuntap add dev tun-s mode tun || fail "no TUN device"
	SERVER_LINES='route 10.77.0.0 255.255.0.0
		route-ipv6 fd00:77::/48'
	CLIENT_LINES='connect-retry 1'
	connect ovpnd "$1"
	kill_both server
	daemon_stop client
	[[ $(in_s ip -o address show dev tun-s) == *10.8.0.1/* &&
		$(ours s) == *10.77.0.0/* ]] || fail "nothing was left behind"

	peer_config_server ovpnd | sed 's/10\.8\./10.9./; s/fd00:8:/fd00:9:/
		s/tun-s$/tun-t/; s/10\.77\./10.78./; s/fd00:77:/fd00:78:/' \
		>"$DIR/server.conf"
	daemon_start server s "$OVPND" --config "$DIR/server.conf"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "no start with another configuration"
	daemon_says server 'removed [0-9]+ links, addresses and routes' ||
		fail "the log does not say that something was removed"
	! in_s ip -o address show | grep '10\.8\.0\|fd00:8::' ||
		fail "an address is left"
	! ours s | grep -v tun-t || fail "a route is left"
	[[ $(ours s) == *10.78.0.0/* ]] || fail "the own route is not there"
	# the administrator's device, and what the kernel has put on it
	in_s ip link del tun-s 2>/dev/null
	stop_clean server
	[ -z "$(ours s)" ] || fail "a route is left at the end: $(ours s)"
}

# scenario_leftover_client SERVER: the client's way to the server, and what keeps
# other packets from leaking, lie outside of its device
scenario_leftover_client() {
	SERVER_LINES='push "redirect-gateway def1 ipv6"
		push block-ipv6'
	CLIENT_LINES='connect-retry 1'
	in_c ip route add default via 192.0.2.254
	net_state c >"$DIR/state-c"
	connect "$1" ovpnd
	kill_both client
	[ -n "$(ours c)" ] || fail "nothing was left behind"
	CLIENT_LINES='route-nopull
		connect-retry 1'
	peer_start client ovpnd
	daemon_wait_for client 'Initialization Sequence Completed' 40 ||
		fail "no connection with another configuration"
	! ours c | grep -v tun-c || fail "a route is left"
	stop_clean client
	daemon_stop server
}

# scenario_leftover PEER
scenario_leftover() {
	scenario_leftover_server "$1"
	if [ "$(peer_data_path ovpnd server)" = user ]; then
		scenario_leftover_client "$1"
	fi
	RESULT="nothing is left over of a daemon killed with its helper"
}
