# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Released OpenVPN at both ends, each driving our module: what it does with the
# in-tree driver, it does with ours. Sourced by run.

DCO=2.7.8-dco

# scenario_dco: everything a tunnel lives through, on one connection
scenario_dco() {
	RENEG_S=14 RENEG_C=16
	connect $DCO $DCO
	expect_data_path server $DCO
	expect_data_path client $DCO
	traffic_server_start || fail "iperf3 does not start"
	# before a second renegotiation, which stock OpenVPN loses packets over
	traffic_ping "$VPN_S4" || fail "ping over IPv4"
	traffic_ping "$VPN_S6" || fail "ping over IPv6"
	udp_over_renegotiation $DCO $DCO
	traffic_run tcp-up "$VPN_S4" --time 2 || fail "TCP to the server"
	traffic_run tcp-down "$VPN_S6" --time 2 --reverse ||
		fail "TCP from the server"
	describe $DCO $DCO
	RESULT+="; $SHAPE over $PROTO"
	[ "$PROTO" = tcp ] || float_and_back
	daemon_stop iperf3
	restart
	stop_clean client
	stop_clean server
}

# The client's machine gets another address, and its old one later.
float_and_back() {
	float 2 3
	float 3 2
	say "float: done"
}

# float FROM TO: last part of the client's address
float() {
	local net=192.0.2. length=24 nodad=

	[ "$OUTER" = 4 ] || { net=2001:db8:: length=64 nodad=nodad; }
	# without this the new address, of the same net, goes with the old one
	in_c sysctl -qw net.ipv4.conf.out.promote_secondaries=1
	# shellcheck disable=SC2086
	in_c ip address add "$net$2/$length" dev out $nodad
	in_c ip address del "$net$1/$length" dev out
	within 10 traffic_ready || fail "no traffic from $net$2"
	within 5 server_sees "$net$2" ||
		fail "the server's peer is not at $net$2"
	traffic_ping "$VPN_S4" || fail "ping from $net$2"
}

server_sees() {
	peer_json server | grep -qF "$1"
}

# A server tells its client that it will be back; of two equals, the one that
# begins is started again.
restart() {
	local role=server

	[ "$SHAPE" = mp ] || role=client
	kill -USR1 "${DAEMON_PID[$role]}"
	within 60 is_connected_again || fail "no connection after a restart"
	within 10 traffic_ready || fail "no traffic after a restart"
	traffic_ping "$VPN_S4" || fail "ping after a restart"
	say "restart of the $role: done"
}

is_connected_again() {
	[ "$(grep -c 'Initialization Sequence Completed' \
		"$DIR/client.log")" -ge 2 ]
}
