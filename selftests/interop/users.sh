# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Who may come in, and how many, changes while the server is operated. Sourced by
# run, behind live.sh.

# users_are LINE...: "NAME PASSWORD" of everybody, which the program looks up
users_are() {
	printf '%s\n' "$@" >"$DIR/users.new"
	chmod 644 "$DIR/users.new"
	mv "$DIR/users.new" "$DIR/users"
}

# conf_line OPTION VALUE: in the place of the line that the server's file has
conf_line() {
	sed -i "s|^\\(\\s*\\)$1 .*|\\1$1 $2|" "$DIR/server.conf"
	grep -q "^\\s*$1 $2\$" "$DIR/server.conf" ||
		printf '%s %s\n' "$1" "$2" >>"$DIR/server.conf"
}

# hangup_says PATTERN: what the log says after SIGHUP, and not before
hangup_says() {
	local before

	before=$(grep -cE -- "$1" "$DIR/server.log")
	kill -HUP "${DAEMON_PID[server]}"
	within 5 said_more "$1" "$before" ||
		fail "SIGHUP: the log does not say $1"
	last_report | grep -qE -- "$1" || fail "SIGHUP: said before, not now: $1"
}

said_more() {
	[ "$(grep -cE -- "$1" "$DIR/server.log")" -gt "$2" ]
}

last_report() {
	tac "$DIR/server.log" | sed '/configuration reloaded/q'
}

# second_is USER PASSWORD in|out: who says so comes in, or is sent away
second_is() {
	login_files "$1" "$2"
	if [ "$3" = in ]; then
		second_connects "$CLIENT"
	else
		peer_start_second "$CLIENT"
		daemon_wait_for client2 AUTH_FAILED 15 ||
			fail "$1 with password $2 is not refused"
	fi
	[ "$3" = in ] || daemon_stop client2
}

# the first one, who has been there from the beginning
first_is_there() {
	connected_times client 1 && ! daemon_says client 'SIGUSR1|AUTH_FAILED' &&
		ping_ready
}

# scenario_users CLIENT: the users' file, max-clients and sessions-per-user count
# from SIGHUP on, nobody is dropped for it, and what needs a restart is said: the
# name of the program, which then is the other one's, for the same clients.
scenario_users() {
	CLIENT=$1
	script_write verify '{ read -r username; read -r password; } <"$1"
		echo "$username" >>"$OUT/asked"
		grep -qx "$username $password" '"$DIR/users"
	script_write verify-other 'read -r username <"$1"
		echo "$username" >>"$OUT/asked-other"'
	SERVER_LINES="restart-hold 20
		script-security 2
		auth-user-pass-verify $DIR/verify via-file
		auth-gen-token
		max-clients 1"
	CLIENT_LINES="auth-user-pass $DIR/login
		connect-retry 1 1"
	users_are 'alice secret' 'bob old'
	login_files alice secret
	connect ovpnd "$CLIENT"

	# limits, from below and from above
	login_files bob old
	peer_start_second "$CLIENT"
	daemon_wait_for server 'max-clients \(1\) reached' 10 ||
		fail "more than max-clients"
	conf_line max-clients 3
	hangup_says 'in use at once: max-clients \(.*server\.conf:[0-9]+\)'
	daemon_wait_for client2 'Initialization Sequence Completed' 20 ||
		fail "the second client does not come in"
	conf_line max-clients 1
	hangup_says 'in use at once: max-clients '
	first_is_there || fail "the first client was dropped by a lower limit"
	connected_times client2 1 && ! daemon_says client2 SIGUSR1 ||
		fail "the second client was dropped by a lower limit"
	daemon_stop client2
	conf_line max-clients 3
	hangup_says 'in use at once: max-clients '

	# the file of users is the program's: it counts for the next login
	users_are 'alice other' 'bob new'
	hangup_says 'configuration reloaded, 0 options changed'
	second_is bob old out
	second_is bob new in
	first_is_there || fail "the first client was dropped with its password"
	daemon_stop client2

	# a second session of the same user, then a limit of one
	second_is alice other in
	conf_line sessions-per-user 1
	hangup_says 'connect from now on: sessions-per-user '
	first_is_there || fail "the first client was dropped by sessions-per-user"
	daemon_stop client2

	conf_line auth-user-pass-verify "$DIR/verify-other via-file"
	hangup_says 'not in use before a restart: auth-user-pass-verify '
	second_is bob nonsense out
	second_is bob new in
	# as the file is now; both are above the limit that it began with
	SERVER_LINES="${SERVER_LINES/verify via-file/verify-other via-file}
		sessions-per-user 1"
	SERVER_LINES=${SERVER_LINES/max-clients 1/max-clients 3}
	server_again restart
	daemon_says server '2 peers of an earlier run go on' ||
		fail "not both clients outlive the restart"
	first_is_there || fail "the first client has noticed the restart"
	daemon_stop client2
	second_is bob nonsense in
	grep -qx bob "$DIR/out/asked-other" ||
		fail "the other program was not asked after the restart"
	daemon_stop client2

	# and the limit of one: who was there first goes
	second_is alice nonsense in
	daemon_says server 'closed: the user has connected once more than sessions-per-user' ||
		fail "sessions-per-user does not count"
	RESULT="limits, users and their program at SIGHUP and restart"
	daemon_stop client
	daemon_stop client2
	stop_clean server
}
