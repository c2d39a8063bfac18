# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A server with several sockets: a client at each of them. Sourced by run.
#
#   NET-1: udp4 to port 1194 --\
#   NET-2: tcp4 to port 443  ---+-- NET-s, the server
#   NET-c: udp6 to port 1195 --/

SOCKETS_SIDES='1 2 c'

# Port and protocol of the first one are those of "lport" and "proto".
SOCKETS_LINES='local 0.0.0.0
local * 443 tcp4
local 2001:db8::1 1195 udp6'

sockets_role() {
	[ "$1" = c ] && echo client || echo "client-$1"
}

# sockets_connect CLIENT: all three
sockets_connect() {
	local side

	five_up || fail "cannot make the clients' namespaces"
	SERVER_LINES+="
client-to-client
duplicate-cn
$SOCKETS_LINES"
	CLIENT_LINES="connect-retry 1 1"
	server_starts
	five_start 1 "$1"
	PROTO=tcp REMOTE_PORT=443 five_start 2 "$1"
	OUTER=6 REMOTE_PORT=1195 peer_start client "$1"
	for side in $SOCKETS_SIDES; do
		daemon_wait_for "$(sockets_role "$side")" \
			'Initialization Sequence Completed' 20 ||
			fail "client $side does not connect"
	done
}

# Each client reaches the server and the others.
sockets_traffic() {
	local from to

	for from in $SOCKETS_SIDES; do
		for to in $SOCKETS_SIDES s; do
			[ "$from" != "$to" ] || continue
			sockets_ping "$from" "$to" ||
				fail "ping from $from to $to"
		done
	done
}

sockets_ping() {
	local to=$VPN_S4

	[ "$2" = s ] || to=$(five_address "$2")
	in_ns "$1" ping -n -q -c 3 -i 0.2 -W 2 "$to" >/dev/null &&
		in_ns "$1" ping -n -q -c 2 -i 0.2 -W 2 -s 1372 "$to" >/dev/null
}

# Which socket each client has come by, and what else is said of them.
sockets_shown() {
	local peers status pattern

	peers=$(peer_json server | tr -d ' \n')
	for pattern in '"local":"198.51.100.5:1194","transport":"udp"' \
		'"local":"198.51.100.9:443","transport":"tcp"' \
		'"local":"\[2001:db8::1\]:1195","transport":"udp"'; do
		grep -q "$pattern" <<<"$peers" ||
			fail "no peer has $pattern: $peers"
	done
	status=$(in_s "$OVPNCTL" --control "$DIR/server.sock" status)
	for pattern in 'udp 0.0.0.0:1194, peers: 1' 'tcp 0.0.0.0:443, peers: 1' \
		'udp \[2001:db8::1\]:1195, peers: 1'; do
		grep -q "socket  *$pattern" <<<"$status" ||
			fail "status has no socket $pattern: $status"
		doctor_says ok socket "$pattern" ||
			fail "doctor has no socket $pattern"
	done
}

# The keys that the server sends with, by peer.
sockets_keys() {
	peer_json server | tr -d ' \n' | grep -o '"primary_key":[0-9]*'
}

# sockets_rekeyed BEFORE: has each another one?
sockets_rekeyed() {
	local before after

	mapfile -t before <<<"$1"
	mapfile -t after < <(sockets_keys)
	[ "${#after[@]}" = 3 ] && [ "${before[0]}" != "${after[0]}" ] &&
		[ "${before[1]}" != "${after[1]}" ] &&
		[ "${before[2]}" != "${after[2]}" ]
}

# sockets_again kill|restart: those over UDP go on, the third comes back.
sockets_again() {
	local times

	daemon_says server 'clients survive a restart of ovpnd' ||
		fail "nobody keeps the sockets: $(grep -i survive "$DIR/server.log")"
	[ -n "$(holders)" ] || fail "ovpnd-keep has gone"
	times=$(grep -c 'Initialization Sequence' "$DIR/client-2.log")
	server_again "$1"
	daemon_says server '2 peers of an earlier run go on' ||
		fail "$1: the clients over UDP are not taken over"
	within 30 connected_times client-2 $((times + 1)) ||
		fail "$1: the client over TCP has not come back"
}

# scenario_sockets_once CLIENT: each at its socket, and among each other
scenario_sockets_once() {
	sockets_connect "$1"
	sockets_traffic
	sockets_shown
	RESULT="three sockets at once, data path: server $(peer_data_path ovpnd)"
	sockets_stop
}

sockets_stop() {
	daemon_stop client-1
	daemon_stop client-2
	stop_clean client
	stop_clean server
	[ -z "$(holders)" ] || fail "ovpnd-keep is left: $(holders)"
}

# scenario_sockets CLIENT: with new keys, kill -9, and lines in another order
scenario_sockets() {
	local keys role

	SERVER_LINES="restart-hold 20"
	RENEG_S=$((14 * SCALE)) RENEG_C=0
	sockets_connect "$1"
	expect_data_path server ovpnd
	sockets_traffic
	sockets_shown
	keys=$(sockets_keys)
	within 25 sockets_rekeyed "$keys" || fail "keys: $keys, $(sockets_keys)"
	sockets_traffic

	pings_start $((6 * SCALE))
	sockets_again kill
	pings_end
	[ "$PINGS_LOST" -le $((PINGS_SENT / 100)) ] ||
		fail "$PINGS_LOST of $PINGS_SENT pings lost"
	# sockets are found by what they are, not by their order
	SOCKETS_LINES=$(tac <<<"$SOCKETS_LINES")
	SERVER_LINES="restart-hold 20
client-to-client
duplicate-cn
$SOCKETS_LINES"
	sockets_again restart
	sockets_traffic
	sockets_shown
	[ -n "$SHORT" ] || {
		keys=$(sockets_keys)
		within 25 sockets_rekeyed "$keys" ||
			fail "keys after it: $keys, $(sockets_keys)"
		sockets_traffic
	}
	for role in client client-1; do
		! daemon_says $role 'SIGUSR1|Restart pause|TLS Error' &&
			[ "$(grep -c 'Initialization Sequence' \
				"$DIR/$role.log")" = 1 ] ||
			fail "$role was dropped"
	done
	RESULT="three sockets; kill -9: $PINGS_LOST of $PINGS_SENT pings lost"
	sockets_stop
}
