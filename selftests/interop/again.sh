# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Clients that do not get in at once, and go on trying. Sourced by run.

# scenario_full_pool CLIENT: the server has one address; a second client is told to
# come later, stays alive, and gets it when the first one has left.
scenario_full_pool() {
	local dir=$DIR/pki-$KEYS

	VPN_MASK=255.255.255.252
	connect ovpnd "$1"
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
		-subj /CN=other -keyout "$dir/other.key" -out "$dir/other.csr" \
		2>>"$dir/openssl.err" &&
		openssl x509 -req -in "$dir/other.csr" -CA "$dir/ca.crt" \
			-CAkey "$dir/ca.key" -days 2 -out "$dir/other.crt" \
			-extfile <(printf '%s\n' extendedKeyUsage=clientAuth \
				keyUsage=digitalSignature) \
			2>>"$dir/openssl.err" || fail "openssl makes no certificate"
	sed "s/dev tun-c/dev tun-d/; s#$dir/client\.#$dir/other.#" \
		"$DIR/client.conf" >"$DIR/other.conf"
	peer_command "$1"
	daemon_start other c "${COMMAND[@]}" --config "$DIR/other.conf"
	daemon_wait_for other 'AUTH_FAILED,TEMP\[backoff 10\]:no free address' 20 ||
		fail "the second client is not told to come later"
	daemon_wait_for other 'SIGUSR1.*(auth|AUTH).*temp' 5 ||
		fail "the second client does not mean to come again"
	stop_clean_but_tun client
	daemon_wait_for other 'Initialization Sequence Completed' 40 ||
		fail "the second client does not get the address"
	daemon_stop other
	daemon_stop server
	RESULT="one address for two clients, one after the other"
}

# stop_clean_but_tun ROLE: another client of the same namespace goes on.
stop_clean_but_tun() {
	daemon_stop "$1"
	[ "${DAEMON_STATUS[$1]}" = 0 ] ||
		fail "the $1 ended with status ${DAEMON_STATUS[$1]}"
}

# scenario_refused_for_now SERVER: a script of the server refuses the first login
# and asks for patience; ovpnd waits so long, and is let in.
scenario_refused_for_now() {
	local verify=$DIR/verify begin

	cat >"$verify" <<-EOT
		#!/bin/sh
		[ -e "$DIR/came" ] && exit 0
		: >"$DIR/came"
		echo 'TEMP[backoff 5,advance no]:come back' \
			>"\$auth_failed_reason_file"
		exit 1
	EOT
	chmod 755 "$verify" "$DIR"
	EXTRA[server]="script-security 2
auth-user-pass-verify $verify via-file"
	printf 'user\npass\n' >"$DIR/login"
	chmod 600 "$DIR/login"
	EXTRA[client]="auth-user-pass $DIR/login
connect-retry 1 1"
	peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($1) does not start"
	peer_start client ovpnd
	daemon_wait_for client 'refuses for the time being: come back' 20 ||
		fail "the client does not hear that it shall come back"
	begin=$SECONDS
	daemon_says client 'next try in 5 s' ||
		fail "the client does not wait as long as it is told"
	daemon_wait_for client 'Initialization Sequence Completed' 30 ||
		fail "the client does not come back"
	[ $((SECONDS - begin)) -ge 4 ] || fail "the client comes too soon"
	within 5 traffic_ready || fail "no traffic"
	RESULT="refused for 5 s"
	stop_clean client
	stop_clean server
}

# scenario_dead_address SERVER: of the two addresses of a name the first one is
# nobody's; ovpnd tries the other one after connect-timeout.
scenario_dead_address() {
	mkdir -p "/etc/netns/$NET-c"
	printf '%s\n' '2001:db8::99 vpn.test' '192.0.2.1 vpn.test' \
		>"/etc/netns/$NET-c/hosts"
	EXTRA[client]="<connection>
remote vpn.test 1194 udp
</connection>
connect-timeout 3
connect-retry 1 1"
	peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($1) does not start"
	peer_start client ovpnd
	daemon_wait_for client 'connecting to \[?2001:db8::99' 10 ||
		fail "the client does not try the first address"
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "the client does not try the second address"
	daemon_says client 'connecting to 192.0.2.1:1194' ||
		fail "it is connected, but not to the second address"
	within 5 traffic_ready || fail "no traffic"
	RESULT="the second address after connect-timeout"
	stop_clean client
	stop_clean server
}

# p2p_stranger PROGRAM: another certificate at the same door, without an interface
p2p_stranger() {
	EXTRA[client]='ifconfig-noexec
route-noexec
connect-retry 1 1'
	peer_start_second "$1"
}

# scenario_p2p_again CLIENT: of a link of two, ovpnd waits. Nobody else gets in
# while the other end is there; that one comes back from another port at once,
# however it has gone, and when it has left, somebody else may come.
scenario_p2p_again() {
	connect ovpnd "$1"
	p2p_stranger "$1"
	daemon_wait_for server 'refused, the link is up with "client"' 20 ||
		fail "the server does not send another certificate away"
	daemon_stop client2 KILL
	traffic_ping "$VPN_S4" || fail "ping after that"
	[ "$(peer_json server | grep -c '"remote"')" = 1 ] ||
		fail "the server has more than one peer: $(peer_json server)"

	daemon_stop client KILL
	EXTRA[client]=
	peer_start client "$1"
	daemon_wait_for server 'closed: the other end has connected again' 15 ||
		fail "the other end does not get in again"
	daemon_wait_for client 'Initialization Sequence Completed' 15 ||
		fail "the client does not connect again"
	within 5 traffic_ready || fail "no traffic after that"
	stop_clean client
	within 5 saw_exit_notify ovpnd || fail "the server saw no exit notification"
	within 5 daemon_says server 'closed: exit' || fail "the link is not free"
	p2p_stranger "$1"
	daemon_wait_for server '^.*client2/.*connected: peer-id' 20 ||
		fail "the link is free, but nobody gets in"
	daemon_stop client2
	stop_clean server
	RESULT="data path: server $(peer_data_path ovpnd)"
}
