# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A private key and a certificate that a program at the management interface has,
# and a passphrase that it knows. Sourced by run.

# external_starts ROLE PROGRAM VERSION FLAGS...: with its key at the signer, which
# says that it is of this version.
external_starts() {
	local role=$1 program=$2 version=$3 side=${1:0:1} dir=$DIR/pki-$KEYS
	local -n lines=${1^^}_LINES

	shift 3
	lines="management 127.0.0.1 7505
		management-hold
		management-external-key $*
		management-external-cert \"the:hint with words\""
	[ -d "$dir" ] || pki_make "$dir" "$KEYS" || fail "no PKI"
	EXTERNAL=$role peer_start "$role" "$program"
	in_ns "$side" "$TOP/selftests/interop/signer" 127.0.0.1:7505 \
		"$version" "$dir/$role.key" "$dir/$role.crt" \
		>"$DIR/signer.$role.$program" 2>&1 &
	DAEMON_PID[signer-$role]=$!
}

# external_run OUR-ROLE PROGRAM VERSION FLAGS...: it connects with a stock peer
external_run() {
	local role=$1 program=$2

	if [ "$role" = server ]; then
		external_starts "$@"
		daemon_wait_for server 'Initialization Sequence Completed' 15 ||
			fail "the server ($program) does not start"
		CLIENT_LINES='connect-retry 1' peer_start client 2.6.14
	else
		SERVER_LINES='' peer_start server 2.6.14
		daemon_wait_for server 'Initialization Sequence Completed' 10 ||
			fail "the server does not start"
		external_starts "$@"
	fi
	daemon_wait_for client 'Initialization Sequence Completed' 20 || {
		sed 's/^/#   /' "$DIR/signer.$role.$program"
		fail "$program as $role ($KEYS, TLS $TLS, ${*:4}) does not connect"
	}
	in_c ping -q -c 2 -i 0.2 -W 2 "$VPN_S4" >/dev/null ||
		fail "no ping through the tunnel"
	daemon_stop client
	daemon_stop server
	daemon_stop "signer-$role"
}

# external_both ROLE VERSION FLAGS...: stock, then ovpnd, which say the same
external_both() {
	local role=$1 program

	shift
	for program in 2.6.14 ovpnd; do
		external_run "$role" "$program" "$@"
	done
	grep -q '^>\(PK\|RSA\)_SIGN' "$DIR/signer.$role.2.6.14" ||
		fail "stock asks for no signature"
	# what 2.7 answers, and 2.6 does not
	sed -i '/^SUCCESS: Management client version set to /d' \
		"$DIR/signer.$role.ovpnd"
	diff -u --label stock --label ovpnd "$DIR/signer.$role.2.6.14" \
		"$DIR/signer.$role.ovpnd" >"$DIR/signer.diff" && return
	sed 's/^/#   /' "$DIR/signer.diff"
	fail "$role, $KEYS, TLS $TLS, $*: the dialogues differ"
}

# scenario_external: what ovpnd asks is what stock asks, with each kind of key
scenario_external() {
	external_both client 5
	external_both server 5
	KEYS=ec TLS=1.2 external_both client 2
	KEYS=ec external_both client 5 digest
	KEYS=rsa external_both client 5 pss
	KEYS=rsa external_both server 5 pkcs1 pss
	KEYS=rsa external_both client 5 pss digest
	KEYS=rsa TLS=1.2 external_both server 3 pss
	RESULT="EC and RSA, TLS 1.2 and 1.3, client and server"
}

# scenario_external_slow: a program that does not answer holds up no client but
# the new ones, and for no longer than hand-window.
scenario_external_slow() {
	HAND_WINDOW=5
	external_starts server ovpnd 5
	daemon_wait_for server 'Initialization Sequence Completed' 15 ||
		fail "the server does not start"
	CLIENT_LINES='connect-retry 1'
	peer_start client 2.6.14
	daemon_wait_for client 'Initialization Sequence Completed' 15 ||
		fail "no connection"
	kill -STOP "$(ip netns pids "$NET-s" | xargs ps -o pid=,args= -p |
		awk '/interop\/signer/ { print $1 }')"
	in_c ping -q -c 400 -i 0.02 -W 1 "$VPN_S4" >"$DIR/ping" &
	DAEMON_PID[ping]=$!
	peer_start_second 2.6.14
	daemon_wait_for server 'management-external-key: no signature within 5 s' 15 ||
		fail "it waits for longer"
	wait "${DAEMON_PID[ping]}"
	unset 'DAEMON_PID[ping]'
	grep -q '400 packets transmitted, 400 received' "$DIR/ping" ||
		fail "the one that is connected loses packets: $(grep packets "$DIR/ping")"
	kill -CONT "$(ip netns pids "$NET-s" | xargs ps -o pid=,args= -p |
		awk '/interop\/signer/ { print $1 }')"
	daemon_wait_for client2 'Initialization Sequence Completed' 40 ||
		fail "no connection once the program answers again"
	daemon_stop client2
	stop_clean client
	stop_clean server
	daemon_stop signer-server
	RESULT="the others go on"
}

# passphrase_both NAME ROLE DIALOGUE: stock, then ovpnd, with a locked key
passphrase_both() {
	local role=$2 program other=client

	[ "$role" = server ] || other=server
	for program in 2.6.14 ovpnd; do
		[ "$role" = server ] || SERVER_LINES='' peer_start server 2.6.14
		peer_start "$role" "$program"
		[ "$role" = client ] ||
			CLIENT_LINES='connect-retry 1' peer_start client 2.6.14
		mgmt_ask "$1" "$program" "${role:0:1}" <<<"$3"
		within 8 daemon_has_ended "$role" || fail "$program does not end"
		daemon_stop "$role"
		daemon_stop $other
		! grep -q 'sesame\|mistaken' "$DIR/$role.log" ||
			fail "$program: the passphrase stands in the log"
		grep -v '^>CLIENT' "$DIR/$1.$program" >"$DIR/answers"
		mv "$DIR/answers" "$DIR/$1.$program"
	done
	mgmt_compare "$1"
}

# scenario_passphrase: of the private key, asked for at the management interface
scenario_passphrase() {
	local dir=$DIR/pki-$KEYS asked='
		< HOLD
		> hold off
		< SUCCESS
		> username "Private Key" x
		< ERROR
		> hold release
		< Private Key
		> username "Private Key" x
		< ERROR
		> password Auth x
		< ERROR'
	local lines='management 127.0.0.1 7505
		management-hold
		management-query-passwords'

	MGMT=127.0.0.1:7505
	pki_make "$dir" "$KEYS" || fail "no PKI"
	pki_lock "$dir/client.key"
	CLIENT_LINES="$lines
		connect-retry 1"
	passphrase_both once client "$asked"'
		> password "Private Key" mistaken
		< FATAL'
	passphrase_both again client "$asked"'
		> auth-retry interact
		< SUCCESS
		> password "Private Key" mistaken
		< Verification Failed
		< Need
		> password "Private Key" sesame
		< SUCCESS
		! sleep 4
		> state
		< CONNECTED
		< END
		> password "Private Key" sesame
		< ERROR
		> signal SIGTERM
		< SUCCESS'
	openssl pkcs12 -export -passout pass:sesame -passin pass:sesame \
		-inkey "$dir/client.key" -in "$dir/client.crt" \
		-certfile "$dir/ca.crt" -out "$DIR/client.p12" 2>/dev/null
	P12=client passphrase_both bundle client "$asked"'
		> password "Private Key" sesame
		< SUCCESS
		! sleep 4
		> state
		< CONNECTED
		< END
		> signal SIGTERM
		< SUCCESS'
	openssl pkey -in "$dir/client.key" -passin pass:sesame \
		-out "$dir/open.key" 2>/dev/null
	mv "$dir/open.key" "$dir/client.key"
	pki_lock "$dir/server.key"
	SERVER_LINES=$lines
	passphrase_both server server "$asked"'
		> password "Private Key" "sesame"
		< ESTABLISHED
		. 1
		> signal SIGTERM
		< SUCCESS'
	RESULT="of key and pkcs12, client and server"
}
