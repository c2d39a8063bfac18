# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What a stock server says to ovpnd as its client. Sourced by run, behind policy.sh
# and management.sh.

# stock_starts PROGRAM: with a management interface, and a program that judges logins
stock_starts() {
	SERVER_LINES="management 127.0.0.1 7505
		${SERVER_LINES:-}"
	peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($1) does not start"
}

# stock_kill CID TEXT: said to a client, through the server's management interface
stock_kill() {
	printf '%s\n' '< INFO' "> client-kill $1 $2" '< SUCCESS' |
		in_s "$TOP/selftests/interop/dialogue" 127.0.0.1:7505 \
			>"$DIR/server.mgmt" 2>&1 ||
		fail "the server does not say $2: $(tail -n 2 "$DIR/server.mgmt")"
}

# expect_client PATTERN WHAT
expect_client() {
	daemon_wait_for client "$1" 15 || fail "$2"
}

# scenario_said_end SERVER: RESTART brings the client back, with [P] and with a reason;
# HALT ends it, and it says why.
scenario_said_end() {
	CLIENT_LINES="connect-retry 1 1
		auth-user-pass $DIR/login"
	script_write verify 'cat "$1" >>"$OUT/asked"'
	SERVER_LINES="script-security 2
		auth-user-pass-verify $DIR/verify via-file"
	login_files alice secret
	stock_starts "$1"
	client_connects ovpnd
	stock_kill 0 RESTART
	expect_client 'the server asks to reconnect: RESTART' \
		"the client does not hear of the restart"
	within 15 connected_times client 2 || fail "the client does not come back"
	stock_kill 1 '"RESTART,[P]:maintenance"'
	expect_client 'asks to reconnect: RESTART,\[P\]:maintenance' \
		"the client does not hear why"
	within 15 connected_times client 3 ||
		fail "the client does not come back the second time"
	within 5 traffic_ready || fail "no traffic after that"
	stock_kill 2 '"HALT,closed for today"'
	within 10 daemon_has_ended client || fail "the client goes on"
	expect_client 'ends the connection: HALT,closed for today' \
		"the client does not say why it ends"
	stop_clean client
	stop_clean server
	RESULT="two restarts and a halt"
}

# scenario_said_challenge SERVER: a server answers a login with a question (CRV1). The
# client's management interface is told what stock's is, and answers.
scenario_said_challenge() {
	local program

	script_write verify '{ read -r u; read -r p; } <"$1"
		case $p in
		CRV1::abc123::green) exit 0 ;;
		first)
			printf "CRV1:R,E:abc123:%s:which colour has the tree\n" \
				"$(printf %s "$u" | base64)" \
				>"$auth_failed_reason_file" ;;
		esac
		exit 1'
	SERVER_LINES="script-security 2
		auth-user-pass-verify $DIR/verify via-file"
	CLIENT_LINES="auth-user-pass
		auth-retry interact
		connect-retry 1 1
		management $DIR/mgmt unix
		management-query-passwords"
	MGMT=$DIR/mgmt
	stock_starts "$1"
	for program in "$1" ovpnd; do
		peer_start client "$program"
		mgmt_ask challenge "$program" c <<-'EOT'
			< PASSWORD:Need 'Auth'
			> username "Auth" alice
			< SUCCESS
			> password "Auth" first
			< Verification Failed: 'Auth' \['CRV1:R,E:abc123:YWxpY2U=:which colour has the tree'\]
			< PASSWORD:Need 'Auth'
			> username "Auth" alice
			< SUCCESS
			> password "Auth" CRV1::abc123::red
			< Verification Failed: 'Auth'
			< PASSWORD:Need 'Auth'
			> username "Auth" alice
			< SUCCESS
			> password "Auth" CRV1::abc123::green
			< SUCCESS
		EOT
		daemon_wait_for client 'Initialization Sequence Completed' 15 ||
			fail "$program does not come in with the answer"
		! daemon_says client 'abc123::' ||
			fail "$program: the answer is in the log"
		daemon_stop client
	done
	mgmt_same "$1" challenge
	daemon_stop server
	RESULT="asked as stock is"
}

# scenario_said_pending SERVER: somebody has to decide first, and puts a question
# (CR_TEXT) to which the client's management interface knows the answer.
scenario_said_pending() {
	local dialogue

	SERVER_LINES="management-client-auth
		verify-client-cert none"
	CLIENT_LINES="auth-user-pass $DIR/login
		push-peer-info
		setenv IV_SSO crtext
		management $DIR/mgmt unix"
	MGMT=$DIR/mgmt
	HAND_WINDOW=10 RENEG_S=3600 RENEG_C=3600
	login_files alice secret
	stock_starts "$1"
	in_s "$TOP/selftests/interop/dialogue" 127.0.0.1:7505 \
		>"$DIR/server.mgmt" 2>&1 <<-'EOT' &
		< INFO
		< CLIENT:CONNECT,0,([0-9]+)
		= KID
		< ENV,END
		. 1
		> client-pending-auth 0 $KID CR_TEXT:R,E:which-colour 30
		< SUCCESS
		< CLIENT:CR_RESPONSE,0,[0-9]+,Z3JlZW4=
		< ENV,END
		> client-auth-nt 0 $KID
		< SUCCESS
	EOT
	dialogue=$!
	within 5 grep -q INFO "$DIR/server.mgmt" ||
		fail "there is no management interface"
	peer_start client ovpnd
	mgmt_ask pending ovpnd c <<-'EOT'
		< INFOMSG:CR_TEXT:R,E:which-colour
		> cr-response Z3JlZW4=
		< SUCCESS
	EOT
	wait "$dialogue" ||
		fail "the server's management: $(tail -n 3 "$DIR/server.mgmt")"
	expect_client 'Initialization Sequence Completed' \
		"the client does not come in with its answer"
	within 5 traffic_ready || fail "no traffic"
	stop_clean client
	stop_clean server
	RESULT="CR_TEXT and its answer"
}

# scenario_said_much SERVER: more options than one message holds
scenario_said_much() {
	local i lines= n

	for i in $(seq 1 120); do
		lines+="push \"route 10.90.$i.0 255.255.255.0\"
"
	done
	EXTRA[server]=$lines
	connect "$1" ovpnd
	n=$(grep -c "SENT CONTROL.*PUSH_REPLY.*push-continuation 2'" \
		"$DIR/server.log")
	[ "$n" -ge 2 ] || fail "the server has sent $n messages to be continued"
	for i in $(seq 1 120); do
		on_tunnel "10.90.$i.0/24" || fail "route $i is missing"
	done
	n=$((n + 1))
	stop_clean client
	stop_clean server
	RESULT="120 routes in $n messages"
}
# scenario_said_token SERVER: a token takes the password's place at renegotiations and
# when the client comes again; each key exchange brings the next one.
scenario_said_token() {
	script_write verify '{ read -r u; read -r p; } <"$1"
		echo "$session_state $u $p" >>"$OUT/asked"
		case $session_state in
		Initial) [ "$p" = once ] && [ "$(wc -l <"$OUT/asked")" = 1 ] ;;
		Authenticated) ;;
		*) exit 1 ;;
		esac'
	SERVER_LINES="script-security 2
		auth-user-pass-verify $DIR/verify via-file
		hand-window 4
		auth-gen-token 0 external-auth"
	CLIENT_LINES="auth-user-pass $DIR/login
		connect-retry 1 1"
	# stock sends the next token when it looks at the session, each 15 s
	RENEG_S=20 RENEG_C=3600
	login_files alice once
	stock_starts "$1"
	client_connects ovpnd
	expect_out asked '^Initial alice once$'
	within 60 asked_times 3 || fail "no two renegotiations"
	sleep 16
	kill -USR1 "${DAEMON_PID[client]}"
	within 20 connected_times client 2 || fail "the client does not come back"
	within 5 traffic_ready || fail "no traffic after that"
	! out_says asked '^Initial .*SESS_ID' && [ "$(n_asked)" -ge 4 ] ||
		fail "logins: $(cut -c 1-40 "$DIR/out/asked" | tr '\n' ';')"
	[ "$(sed -n 's/^Authenticated alice //p' "$DIR/out/asked" | sort -u |
		wc -l)" -ge 3 ] ||
		fail "the client does not take the latest token"
	! daemon_says client 'SESS_ID' || fail "a token is in the client's log"
	stop_clean client
	stop_clean server
	RESULT="$(n_asked) logins, one password"
}
