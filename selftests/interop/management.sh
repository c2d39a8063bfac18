# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The management interface of ovpnd, beside that of stock OpenVPN: both are asked
# the same, and have to answer with the same bytes. Sourced by run.

# mgmt_mask: what differs from run to run, and nothing else.
mgmt_mask() {
	sed -E 's/\\r$/\\r/
		s/pid=[0-9]+/pid=N/
		s/^(OpenVPN Version: OpenVPN) .*/\1 VERSION\\r/
		s/^(>INFO:.* Version) [56] /\1 N /
		s/(,192\.0\.2\.2,)[0-9]+/\1PORT/
		s/^(TITLE[,\t]OpenVPN) [^\\]*/\1 VERSION/
		s/20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}/DATE/g
		s/\b1[0-9]{9}\b/TIME/g
		s/(192\.0\.2\.2:)[0-9]+/\1PORT/g
		s/(untrusted_port|trusted_port)=[0-9]+/\1=PORT/
		s/(bytesin|bytesout|bytes_received|bytes_sent)=[0-9]+/\1=N/g
		s/^(>BYTECOUNT:|(Auth|TCP\/UDP|TUN\/TAP) (read|write) bytes,)[0-9,]+/\1N/
		s/(time_duration)=[0-9]+/\1=N/
		s/interop\.[A-Za-z0-9]+/interop/
		s/^(>BYTECOUNT_CLI:[0-9]+),[0-9]+,[0-9]+/\1,N,N/
		s/^(client[0-9]?,192\.0\.2\.2:PORT),[0-9]+,[0-9]+/\1,N,N/
		s/^(CLIENT_LIST([,\t])client[0-9]?[,\t]192\.0\.2\.2:PORT[,\t][0-9.]*[,\t][0-9a-f:]*)[,\t][0-9]+[,\t][0-9]+/\1\2N\2N/'
}

# mgmt_help: of this answer only the names of the commands; the words are ours.
mgmt_help() {
	awk '/^> help/ { is_help = 1; print; next }
		is_help && /^END/ { is_help = 0; print; next }
		!is_help { print }'
}

# mgmt_ask NAME PROGRAM [s|c]: the dialogue on standard input with a server, or a
# client, whose answers are written to $DIR/NAME.PROGRAM.
mgmt_ask() {
	local name=$1 program=$2

	cat >"$DIR/$name.dialogue"
	in_ns "${3:-s}" "$TOP/selftests/interop/dialogue" "$MGMT" \
		<"$DIR/$name.dialogue" >"$DIR/$name.$program" 2>&1 || {
		sed 's/^/#   /' "$DIR/$name.$program"
		fail "$name: $program does not answer"
	}
}

# mgmt_same STOCK NAME: the answers of both, after the mask.
mgmt_same() {
	local program stock=$1

	shift
	for program in "$stock" ovpnd; do
		mgmt_mask <"$DIR/$1.$program" | mgmt_help \
			>"$DIR/$1.$program.masked"
	done
	diff -u --label stock --label ovpnd "$DIR/$1.$stock.masked" \
		"$DIR/$1.ovpnd.masked" >"$DIR/$1.diff" && return
	sed 's/^/#   /' "$DIR/$1.diff"
	fail "$1: the answers differ"
}

# mgmt_compare NAME: with those of 2.6.14
mgmt_compare() {
	mgmt_same 2.6.14 "$1"
}

# mgmt_server_starts PROGRAM: a server with a management interface at $MGMT.
mgmt_server_starts() {
	peer_start server "$1"
	daemon_wait_for server "${2:-Initialization Sequence Completed}" 10 ||
		fail "the server ($1) does not start"
}

# mgmt_both NAME DIALOGUE: ask stock, then ovpnd, and compare.
mgmt_both() {
	local program

	for program in 2.6.14 ovpnd; do
		mgmt_server_starts "$program" "${MGMT_READY:-}"
		mgmt_ask "$1" "$program" <<<"$2"
		# a second signal would meet it in the middle of its end
		[[ $2 != *"signal SIGTERM"* ]] ||
			within 8 daemon_has_ended server ||
			fail "$program does not end"
		daemon_stop server
		[ "${DAEMON_STATUS[server]}" = 0 ] ||
			fail "$program ended with status ${DAEMON_STATUS[server]}"
	done
	mgmt_compare "$1"
}

# scenario_management: each command that needs no client, with right and wrong
# words; what happens to lines that are odd.
scenario_management() {
	local program missing

	MGMT=127.0.0.1:7505
	SERVER_LINES='management 127.0.0.1 7505
		echo first words
		echo "second  words"'
	mgmt_both commands '
		< INFO
		> version
		< END
		> version 3
		> pid
		< pid
		> help
		< ^END
		> nclients
		< nclients
		> load-stats
		< SUCCESS
		> nonsense 1 2
		< ERROR
		> # nothing
		>
		> kill
		< ERROR
		> kill nobody
		< ERROR
		> kill "some body"
		< ERROR
		> kill :
		< ERROR
		> kill 192.0.2.7:1194
		< ERROR
		> kill 192.0.2.7:70000
		< ERROR
		> kill nobody:1194
		< ERROR.*pars
		> client-kill
		< ERROR
		> client-kill x
		< ERROR
		> client-kill 17
		< ERROR
		> client-kill 17 HALT
		< ERROR
		> state
		< END
		> state 0
		< ERROR
		> state foo
		< ERROR
		> state on
		< SUCCESS
		> state all
		< END
		> state on 2
		< END
		> state off
		< SUCCESS
		> log
		< ERROR
		> log foo
		< ERROR
		> log off
		< SUCCESS
		> echo
		< ERROR
		> echo all
		< END
		> echo 1
		< END
		> echo on all
		< END
		> echo off
		< SUCCESS
		> verb
		< SUCCESS
		> verb 16
		< ERROR
		> verb -1
		< ERROR
		> verb 3
		< SUCCESS
		> verb
		< SUCCESS
		> mute
		< SUCCESS
		> mute -1
		< ERROR
		> mute 7
		< SUCCESS
		> mute
		< SUCCESS
		> bytecount
		< ERROR
		> bytecount 5
		< SUCCESS
		> bytecount 0
		< SUCCESS
		> status
		< END
		> status 1
		< END
		> status 2
		< END
		> status 3
		< END
		> status 4
		< ERROR
		> hold
		< SUCCESS
		> hold on
		< SUCCESS
		> hold
		< SUCCESS
		> hold off
		< SUCCESS
		> hold release
		< SUCCESS
		> hold foo
		< ERROR
		> signal
		< ERROR
		> signal SIGKILL
		< ERROR
		> signal SIGUSR2
		< SUCCESS
		> net
		< ERROR
		> username Auth me
		< ERROR
		> username Auth
		< ERROR
		> password "Auth" "x"
		< ERROR
		> needok a ok
		< ERROR
		> needstr a b
		< ERROR
		> proxy
		< ERROR
		> proxy NONE
		< ERROR
		> remote ACCEPT
		< ERROR
		> remote-entry-count
		< ERROR
		> remote-entry-get 0
		< ERROR
		> cr-response x
		< ERROR
		> cr-response
		< ERROR
		> rsa-sig
		< ERROR
		> pk-sig
		< ERROR
		> certificate
		< ERROR
		> pkcs11-id-count
		< PKCS11
		> pkcs11-id-get
		< ERROR
		> pkcs11-id-get 3
		< PKCS11
		> env-filter
		< SUCCESS
		> env-filter 2
		< SUCCESS
		> test
		< ERROR
		> test 3
		< .2.
		> kill "open
		< ERROR
		> kill '"'"'open
		< ERROR
		> kill end\
		< ERROR
		> kill a b c d
		< ERROR
		> pid extra words
		< pid
		> signal SIGTERM
		< SUCCESS
		. 1'
	# of the help the names of the commands: ours has all that stock has
	for program in 2.6.14 ovpnd; do
		sed -n '/^> help/,/^END/s/^\([a-z][a-z0-9|-]*\) .* : .*/\1/p' \
			"$DIR/commands.$program" | tr '|' '\n' | sort -u \
			>"$DIR/names.$program"
	done
	missing=$(comm -23 "$DIR/names.2.6.14" "$DIR/names.ovpnd")
	[ -s "$DIR/names.2.6.14" ] || fail "the help of stock has no commands"
	[ -z "$missing" ] || fail "commands that ovpnd's help lacks: $missing"
	RESULT="commands of a server"
}

# scenario_management_password: a local socket, a password, three times wrong; one
# program at a time; who is not the right user is sent away.
scenario_management_password() {
	MGMT=$DIR/management.sock
	echo "let me in" >"$DIR/management.pass"
	chmod 600 "$DIR/management.pass"
	SERVER_LINES="management $MGMT unix $DIR/management.pass
		management-client-user root"
	MGMT_READY='listening on|socket listening'
	mgmt_both password '
		< ENTER PASSWORD:
		> wrong
		< ENTER PASSWORD:
		> let me in
		< INFO
		> pid
		< pid
		> quit
		. 1'
	mgmt_both wrong '
		< ENTER PASSWORD:
		> help
		< ENTER PASSWORD:
		>
		< ENTER PASSWORD:'
	SERVER_LINES="management $MGMT unix
		management-client-user nobody"
	mgmt_both user '. 1'
	RESULT="a password, a user"
}

# scenario_management_hold: nothing begins before it is released, signals are
# ignored; a restart holds again.
scenario_management_hold() {
	MGMT=127.0.0.1:7505
	SERVER_LINES='management 127.0.0.1 7505
		management-hold
		persist-tun'
	MGMT_READY='[Hh]old release|waiting'
	mgmt_both hold '
		< HOLD
		> state on all
		< END
		> status 2
		< ERROR
		> kill nobody
		< ERROR
		> nclients
		< ERROR
		> load-stats
		< SUCCESS
		> net
		< ERROR
		> client-kill 0
		< ERROR
		> signal SIGHUP
		< HOLD
		> signal SIGUSR1
		< HOLD
		> hold
		< SUCCESS
		> hold release
		< CONNECTED
		> signal SIGUSR1
		< HOLD
		> hold off
		< SUCCESS
		> hold release
		< CONNECTED
		> signal SIGTERM
		< EXITING'
	mgmt_both held '
		< HOLD
		> signal SIGTERM
		< SUCCESS
		. 1'
	RESULT="held at the start and at a restart"
}

# scenario_management_clients CLIENT: what a client looks like in all formats, in
# the status files too; it is ended in three ways.
scenario_management_clients() {
	local program

	MGMT=127.0.0.1:7505
	SERVER_LINES="management 127.0.0.1 7505
		client-config-dir $DIR/ccd
		management-log-cache 5
		status $DIR/status 1"
	ccd_write client 'iroute 10.77.0.0 255.255.255.0' \
		'iroute-ipv6 fd00:77::/64'
	CLIENT_LINES='connect-retry 1'
	for program in 2.6.14 ovpnd; do
		mgmt_server_starts "$program"
		peer_start client 2.6.14
		daemon_wait_for client 'Initialization Sequence Completed' 20 ||
			fail "the client does not connect to $program"
		sleep 2
		mgmt_sort_routes <"$DIR/status" >"$DIR/file.$program"
		mgmt_ask clients "$program" <<-'EOT'
			> log 100
			< END
			> status 1
			< END
			> status 2
			< END
			> status 3
			< END
			> load-stats
			< SUCCESS
			> bytecount 1
			< BYTECOUNT_CLI
			> bytecount 0
			< SUCCESS
			> client-kill 0
			< ESTABLISHED,1
			< END
			> nclients
			< SUCCESS
			> kill client
			< SUCCESS
			> nclients
			< SUCCESS
		EOT
		daemon_stop client
		daemon_stop server
		mgmt_no_log <"$DIR/clients.$program" | mgmt_no_env |
			mgmt_sort_routes >"$DIR/sorted.$program"
		mv "$DIR/sorted.$program" "$DIR/clients.$program"
	done
	mgmt_compare file
	mgmt_compare clients
	RESULT="a client in all formats, ended twice"
}

# scenario_management_auth: a program at the management interface decides about
# logins, with lines of configuration, at renegotiations, with a reason.
scenario_management_auth() {
	local program

	MGMT=127.0.0.1:7505
	SERVER_LINES='management 127.0.0.1 7505
		management-client-auth
		verify-client-cert none
		username-as-common-name'
	CLIENT_LINES="auth-user-pass $DIR/login
		auth-retry nointeract
		connect-retry 1
		push-peer-info"
	RENEG_S=8
	login_files alice 'sec"ret'
	for program in 2.6.14 ovpnd; do
		mgmt_server_starts "$program"
		# when the program that asks is there
		peer_start client 2.6.14 sh -c 'sleep 1; exec "$@"' sh
		mgmt_ask auth "$program" <<-'EOT'
			> client-auth-nt 0 1
			< ERROR
			> client-auth-nt x 1
			< ERROR
			> client-auth-nt 0 x
			< ERROR
			> client-auth 0
			< ERROR
			> client-deny 0 1
			< ERROR
			> client-deny 0 1 why
			< ERROR
			> client-pending-auth 0 1 x
			< ERROR
			> client-pending-auth 0 1 text x
			< ERROR
			> client-pending-auth 0 1 text 10
			< ERROR
			< CLIENT:CONNECT,0,([0-9]+)
			= KID
			< ENV,END
			> client-pending-auth 0 $KID WEB_AUTH::https://192.0.2.1/ 20
			< SUCCESS
			. 1
			> client-auth 0 77
			> push "route 10.78.0.0 255.255.255.0"
			> END
			< ERROR
			> client-auth-nt 5 $KID
			< ERROR
			> client-auth 0 $KID
			> push "route 10.79.0.0 255.255.255.0"
			> iroute 10.77.0.0 255.255.255.0
			> END
			< SUCCESS
			< ESTABLISHED
			< ENV,END
			> client-auth-nt 0 $KID
			< SUCCESS
			> env-filter 2
			< SUCCESS
			< REAUTH,0,([0-9]+)
			= KID
			< ENV,END
			> client-auth-nt 0 $KID
			< SUCCESS
			> client-kill 0
			< SUCCESS
			< DISCONNECT
			< ENV,END
			< CONNECT,1,([0-9]+)
			= KID
			< ENV,END
			> client-deny 1 $KID "not today" "come back tomorrow"
			< SUCCESS
			< DISCONNECT
			< ENV,END
			< CONNECT,2,([0-9]+)
			= KID
			< ENV,END
			> client-auth-nt 2 $KID
			< SUCCESS
			< ESTABLISHED
			< ENV,END
		EOT
		has_route c '^10\.79\.0\.0/24 .*tun-c' &&
			fail "$program: the route of the first login is there again"
		daemon_stop client
		daemon_says client 'AUTH_FAILED,come back tomorrow' ||
			fail "$program: the client is not told why"
		daemon_says client 'WEB_AUTH::https://192.0.2.1/' ||
			fail "$program: the client is not told what to do"
		daemon_says client '10\.79\.0\.0' ||
			fail "$program: the client was not pushed the route"
		daemon_stop server
		grep '^>CLIENT:ENV' "$DIR/auth.$program" |
			mgmt_mask | mgmt_env >"$DIR/env.$program"
		mgmt_no_env <"$DIR/auth.$program" >"$DIR/auth"
		mv "$DIR/auth" "$DIR/auth.$program"
	done
	mgmt_compare auth
	mgmt_compare env
	! grep -qF 'sec"ret' "$DIR/server.log" ||
		fail "a password stands in the server's log"
	RESULT="logins decided at the management interface"
}

# scenario_management_client: a client that is held, asks for its login, is refused,
# asks again, and tells what becomes of it.
scenario_management_client() {
	local program missing

	MGMT=127.0.0.1:7505
	script_write verify 'read -r username <"$1"
		grep -q "^sec.ret$" "$1" && exit 0
		[ "$username" != dave ] || echo "come back" \
			>"$auth_failed_reason_file"
		exit 1'
	SERVER_LINES="script-security 2
		auth-user-pass-verify $DIR/verify via-file
		echo not pushed
		push \"echo pushed words\""
	CLIENT_LINES='management 127.0.0.1 7505
		management-hold
		management-query-passwords
		management-up-down
		persist-tun
		connect-retry 1
		auth-user-pass'
	mgmt_server_starts 2.6.14
	for program in 2.6.14 ovpnd; do
		peer_start client "$program"
		mgmt_ask client "$program" c <<-'EOT'
			< HOLD
			> state on all
			< END
			> status
			< ERROR
			> auth-retry
			< SUCCESS
			> auth-retry foo
			< ERROR
			> auth-retry interact
			< SUCCESS
			> auth-retry
			< SUCCESS
			> forget-passwords
			< SUCCESS
			> echo on
			< SUCCESS
			> username Auth alice
			< ERROR
			> hold off
			< SUCCESS
			> hold release
			< Need
			> status
			< ERROR
			> kill nobody
			< ERROR
			> needok x ok
			< ERROR
			> needok Auth ok
			< ERROR
			> needok Auth maybe
			< ERROR
			> needok "token-insertion-request" cancel
			< ERROR
			> needstr Auth alice
			< ERROR
			> needstr "pkcs11-id-request" "a b"
			< ERROR
			> needok Auth
			< ERROR
			> needstr
			< ERROR
			> username Other alice
			< ERROR
			> username Auth alice
			< SUCCESS
			> password "Private Key" x
			< ERROR
			> password Auth wrong
			< Verification Failed
			< Need
			> password "Auth" "wrong"
			< SUCCESS
			> username "Auth" "dave"
			< Verification Failed
			< Need
			> username "Auth" "alice"
			< SUCCESS
			> password Auth "sec\"ret"
			< UPDOWN:ENV,END
			< CONNECTED
			> username Auth alice
			< ERROR
			> status 2
			< END
			> load-stats
			< SUCCESS
			> nclients
			< ERROR
			> kill nobody
			< ERROR
			> client-kill 0
			< ERROR
			> client-auth-nt 0 0
			< ERROR
			> remote-entry-count
			< END
			> remote-entry-get 0
			< END
			> remote-entry-get all
			< END
			> remote-entry-get 1 5
			< END
			> echo all
			< END
			> bytecount 1
			< BYTECOUNT:
			> bytecount 0
			< SUCCESS
			> cr-response eA==
			< SUCCESS
			> state 1
			< END
			> signal SIGUSR1
			< RECONNECTING
			< CONNECTED
			> signal SIGTERM
			< EXITING
		EOT
		within 8 daemon_has_ended client ||
			fail "$program does not end"
		daemon_stop client
		grep '^>UPDOWN:ENV' "$DIR/client.$program" | mgmt_mask |
			mgmt_env >"$DIR/updown.$program"
		grep -v '^>UPDOWN:ENV,[^E]' "$DIR/client.$program" \
			>"$DIR/client.answers"
		mv "$DIR/client.answers" "$DIR/client.$program"
		! grep -q 'wrong\|sec.ret' "$DIR/client.log" ||
			fail "$program: a password stands in the log"
	done
	mgmt_compare client
	# the end before anything has begun
	peer_start client ovpnd
	mgmt_ask end ovpnd c <<-'EOT'
		< HOLD
		> state on
		< SUCCESS
		> signal SIGUSR1
		< HOLD
		> signal SIGTERM
		< EXITING
	EOT
	within 8 daemon_has_ended client || fail "a held client does not end"
	daemon_stop client
	[ "${DAEMON_STATUS[client]}" = 0 ] ||
		fail "a held client ended with status ${DAEMON_STATUS[client]}"
	# ovpnd has some more variables
	missing=$(comm -23 <(sort -u "$DIR/updown.2.6.14") \
		<(sort -u "$DIR/updown.ovpnd"))
	[ -z "$missing" ] || fail "variables that ovpnd lacks: $missing"
	grep -q 'ENV,ifconfig_local=10.8.0.2' "$DIR/updown.2.6.14" ||
		fail "stock tells no variables"
	RESULT="a client that asks for its login"
}

# scenario_management_remote: a program says which server to take, or to take another.
scenario_management_remote() {
	local program

	MGMT=127.0.0.1:7505
	CLIENT_LINES='remote 192.0.2.9 1194
		management 127.0.0.1 7505
		management-hold
		management-query-remote
		connect-retry 1'
	mgmt_server_starts 2.6.14
	for program in 2.6.14 ovpnd; do
		peer_start client "$program"
		mgmt_ask remote "$program" c <<-'EOT'
			< HOLD
			> hold off
			< SUCCESS
			> state on
			< SUCCESS
			> hold release
			< REMOTE:192.0.2.1
			> remote
			< ERROR
			> remote FOO
			< ERROR
			> remote MOD 192.0.2.1
			< ERROR
			> remote SKIP
			< REMOTE:192.0.2.9
			> remote MOD 192.0.2.1 1194
			< CONNECTED
			> remote ACCEPT
			< ERROR
			> signal SIGTERM
			< EXITING
		EOT
		within 8 daemon_has_ended client ||
			fail "$program does not end"
		daemon_stop client
	done
	mgmt_compare remote
	RESULT="a server chosen and changed"
}

# Variables of each block in the order of their names.
mgmt_env() {
	awk '/ENV,END/ { close("LC_ALL=C sort"); print; next }
		{ print | "LC_ALL=C sort" }'
}

# Of the log only how many lines there are, and their form: the words are ours.
mgmt_no_log() {
	sed -E 's/^[0-9]+,[IWNDF]*,.*\\r$/TIME,FLAGS,text\\r/'
}

# What the program says about a client, as names in an order of their own.
mgmt_no_env() {
	grep -v '^>CLIENT:ENV,[^E]'
}

# The table of routes has no order.
mgmt_sort_routes() {
	awk '/^(ROUTING_TABLE|10\.|fd00:)/ { print | "LC_ALL=C sort"; next }
		{ close("LC_ALL=C sort"); print }'
}
