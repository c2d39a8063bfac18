# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Who may come in: programs that judge certificates and keys, challenges, and
# plugins. Sourced by run, behind policy.sh.

# client_is_sent_away PROGRAM PATTERN: it says that, and does not come in.
client_is_sent_away() {
	peer_start client "$1"
	daemon_wait_for client "$2" 15 || fail "the client does not say '$2'"
	! daemon_says client 'Initialization Sequence Completed' ||
		fail "the client comes in all the same"
	daemon_stop client
}

# scenario_verify CLIENT: tls-verify judges each certificate, at each
# renegotiation, with the variables and the file that OpenVPN gives it; one that
# hangs holds up nobody else. tls-crypt-v2-verify judges the client's key.
scenario_verify() {
	local digest serial

	mkdir -p "$DIR/certs"
	chmod 777 "$DIR/certs"
	script_write verify '[ ! -e "$OUT/hang-$X509_0_CN" ] || exec sleep 600
		[ ! -e "$OUT/refuse-$1" ] || exit 1
		env >"$OUT/env-$1"
		cp "$peer_cert" "$OUT/cert-$1"
		echo "$*" >>"$OUT/asked"'
	script_write key '[ ! -e "$OUT/refuse-key" ] || exit 1
		env >"$OUT/env-key"
		od -An -tu1 -N1 "$metadata_file" >"$OUT/metadata"
		wc -c <"$metadata_file" >>"$OUT/metadata"'
	SERVER_LINES="script-security 2
		tls-verify \"$DIR/verify\"
		tls-export-cert $DIR/certs
		tls-crypt-v2-verify $DIR/key"
	CLIENT_LINES="hand-window 5"
	RENEG_S=5
	server_starts
	client_connects "$1"
	expect_out asked '^1 CN=test CA$' '^0 CN=client$'
	digest=$(openssl x509 -noout -fingerprint -sha256 \
		-in "$DIR/pki-$KEYS/client.crt" | sed 's/.*=//' | tr A-F a-f)
	serial=$(openssl x509 -noout -serial -in "$DIR/pki-$KEYS/client.crt" |
		sed 's/.*=//; s/../:&/g; s/^://' | tr A-F a-f)
	expect_out env-1 '^tls_id_1=CN=test CA$' '^X509_1_CN=test CA$' \
		'^untrusted_ip=192\.0\.2\.2$' '^script_type=tls-verify$'
	! out_says env-1 '^tls_id_0=' || fail "depth 1 knows of depth 0"
	expect_out env-0 '^tls_id_1=CN=test CA$' '^tls_id_0=CN=client$' \
		"^tls_digest_sha256_0=$digest\$" "^tls_serial_hex_0=$serial\$" \
		'^tls_digest_0=[0-9a-f:]{59}$' '^tls_serial_0=[0-9]+$'
	cmp -s <(openssl x509 -in "$DIR/pki-$KEYS/client.crt") \
		"$DIR/out/cert-0" || fail "peer_cert is not the certificate"
	[ -z "$(ls "$DIR/certs")" ] || fail "a certificate is left behind"
	expect_out env-key '^metadata_type=1$' \
		'^script_type=tls-crypt-v2-verify$'
	# the time in 64 bits
	[ "$(tr -d ' ' <"$DIR/out/metadata" | paste -sd,)" = 0,8 ] ||
		fail "metadata_file holds $(tr '\n' ' ' <"$DIR/out/metadata")"
	within 12 asked_again || fail "not asked again at a renegotiation"
	traffic_ping "$VPN_S4" || fail "no traffic after a renegotiation"
	daemon_stop client

	touch "$DIR/out/refuse-0"
	client_is_sent_away "$1" \
		'TLS Error: TLS (key negotiation|handshake) failed|Connection reset'
	daemon_says server 'tls-verify refuses the certificate of depth 0' ||
		fail "the server does not say why"
	rm "$DIR/out/refuse-0"

	touch "$DIR/out/hang-client"
	peer_start client "$1"
	sleep 2
	second_connects "$1"
	! daemon_says client 'Initialization Sequence Completed' ||
		fail "the client comes in without an answer"
	daemon_stop client
	daemon_stop client2
	rm "$DIR/out/hang-client"

	touch "$DIR/out/refuse-key"
	peer_start client "$1"
	daemon_wait_for server 'tls-crypt-v2-verify refuses its key' 10 ||
		fail "the key is not judged"
	sleep 1
	! daemon_says client 'VERIFY OK|Peer Connection Initiated' ||
		fail "TLS is reached with a key that is refused"
	daemon_stop client
	rm "$DIR/out/refuse-key"
	client_connects "$1"
	stop_clean client
	stop_clean server
	RESULT="data path: server $(peer_data_path ovpnd)"
}

asked_again() {
	[ "$(wc -l <"$DIR/out/asked")" -ge 4 ]
}

# management COMMAND: to the client's management interface.
management() {
	printf '%s\n' '< INFO' "> $1" '< SUCCESS' |
		in_c "$TOP/selftests/interop/dialogue" "$DIR/management" \
			>"$DIR/management.log" 2>&1 ||
		fail "the management interface: $(tail -n 2 "$DIR/management.log")"
}

# scenario_challenge CLIENT: a client is asked a question in its connection and
# answers it, right and wrong; another question is put by refusing it (CRV1); a
# password with an answer (SCRV1) reaches the program as it is.
scenario_challenge() {
	local scrv1=SCRV1:c2VjcmV0:MTIzNDU2

	script_write verify '{ read -r username; read -r password; } <"$1"
		case $password in
		SCRV1:*) [ "$password" = '"$scrv1"' ]; exit ;;
		CRV1::abc123::green) exit 0 ;;
		first)
			printf "CRV1:R,E:abc123:%s:which colour has the tree\n" \
				"$(printf %s "$username" | base64)" \
				>"$auth_failed_reason_file"
			exit 1 ;;
		esac
		[ "$password" = ask ] || exit 1
		printf "%s\n" 30 crtext CR_TEXT:R,E:which-colour \
			>"$auth_pending_file"
		exit 2'
	script_write answer 'env >"$OUT/env-answer"
		answer=$(base64 -d <"$1")
		[ "$answer" != green ] || printf 1 >"$auth_control_file"
		[ "$answer" = green ]'
	SERVER_LINES="script-security 2
		auth-user-pass-verify $DIR/verify via-file
		client-crresponse $DIR/answer"
	CLIENT_LINES="auth-user-pass $DIR/login
		push-peer-info
		setenv IV_SSO crtext
		management $DIR/management unix"
	login_files alice ask
	server_starts
	peer_start client "$1"
	daemon_wait_for client 'CR_TEXT:R,E:which-colour' 15 ||
		fail "the client is not asked"
	management "cr-response $(printf green | base64)"
	daemon_wait_for client 'Initialization Sequence Completed' 15 ||
		fail "the right answer does not let the client in"
	expect_out env-answer '^username=alice$' '^common_name=client$' \
		'^auth_control_file=' '^script_type=client-crresponse$'
	daemon_stop client

	peer_start client "$1"
	daemon_wait_for client 'CR_TEXT:R,E:which-colour' 15 ||
		fail "the client is not asked the second time"
	management "cr-response $(printf red | base64)"
	daemon_wait_for client 'AUTH_FAILED' 15 ||
		fail "the wrong answer does not end it"
	daemon_says server 'client-crresponse refuses the answer' ||
		fail "the server does not say why"
	daemon_stop client

	login_files alice first
	client_is_sent_away "$1" \
		'CRV1:R,E:abc123:YWxpY2U=:which colour has the tree'
	login_files alice CRV1::abc123::green
	client_connects "$1"
	daemon_stop client
	login_files alice "$scrv1"
	client_connects "$1"
	daemon_stop client
	stop_clean server
	RESULT="data path: server $(peer_data_path ovpnd)"
}

# scenario_pending SERVER: somebody takes longer than hand-window to decide about a
# client, and says so: it waits.
scenario_pending() {
	local dialogue

	HAND_WINDOW=5 RENEG_S=3600 RENEG_C=3600
	SERVER_LINES="management $DIR/management unix
		management-client-auth
		verify-client-cert none"
	CLIENT_LINES="auth-user-pass $DIR/login
		push-peer-info
		setenv IV_SSO webauth"
	login_files alice secret
	peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($1) does not start"
	in_s "$TOP/selftests/interop/dialogue" "$DIR/management" \
		>"$DIR/management.log" 2>&1 <<-'EOT' &
		< INFO
		< CLIENT:CONNECT,0,([0-9]+)
		= KID
		< ENV,END
		. 1
		> client-pending-auth 0 $KID WEB_AUTH::https://192.0.2.1/ 30
		< SUCCESS
		. 10
		> client-auth-nt 0 $KID
		< SUCCESS
	EOT
	dialogue=$!
	within 5 grep -q INFO "$DIR/management.log" ||
		fail "there is no management interface"
	peer_start client ovpnd
	wait "$dialogue" ||
		fail "the management interface: $(tail -n 3 "$DIR/management.log")"
	daemon_wait_for client 'Initialization Sequence Completed' 10 ||
		fail "the client has not waited"
	! daemon_says client 'no-push-reply' || fail "the client has given up"
	daemon_says client 'waiting up to 30 s' ||
		fail "the client has not heard for how long"
	within 5 traffic_ready || fail "no traffic through the tunnel"
	stop_clean client
	stop_clean server
	RESULT="11 s of 30, with hand-window 5"
}

# scenario_token_user SERVER: with a token comes a name, which is not the one that
# the client has logged in with, if it has at all. With both it comes again.
scenario_token_user() {
	local want='^AuthenticatedEmptyUser,'

	RENEG_S=3600 RENEG_C=3600
	script_write verify 'echo "$session_state,$username,$password" >>"$OUT/asked"'
	SERVER_LINES="script-security 3
		auth-user-pass-verify $DIR/verify via-env
		auth-user-pass-optional
		auth-gen-token 0 external-auth"
	if [ "$1" = ovpnd ]; then
		want='^Authenticated,guest,SESS_ID'
		script_write connect 'echo "override-username guest" >"$1"'
		SERVER_LINES+="
			client-connect $DIR/connect"
		CLIENT_LINES="auth-user-pass $DIR/login"
		login_files alice secret
	else
		# without a user name stock OpenVPN's token has none, either
		SERVER_LINES+="
			push \"auth-token-user Ym9i\""
	fi
	peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($1) does not start"
	client_connects ovpnd
	expect_out asked '^Initial,'
	kill -USR1 "${DAEMON_PID[client]}"
	within 20 out_says asked "$want" ||
		fail "the client's second login is: $(tail -n 1 "$DIR/out/asked")"
	within 20 traffic_ready || fail "no traffic after that"
	stop_clean client
	stop_clean server
	RESULT="with a token of $1"
}

# plugin_find NAME: OpenVPN's plugin, as Debian has built it; sets PLUGIN.
plugin_find() {
	local found

	found=$(ls /usr/lib/*/openvpn/plugins/"$1" 2>/dev/null | head -n 1)
	if [ -z "$found" ]; then
		(cd "$DIR" && apt-get -qq download openvpn &&
			dpkg-deb -x openvpn_*.deb package) >/dev/null 2>&1
		found=$(ls "$DIR"/package/usr/lib/*/openvpn/plugins/"$1" \
			2>/dev/null | head -n 1)
	fi
	PLUGIN=$found
	[ -n "$PLUGIN" ]
}

# pam_write: a service of PAM, a user alice with the password "secret", and slow,
# for whom PAM does not come back, all of which only $DIR/in-pam COMMAND sees.
pam_write() {
	local hash

	hash=$(openssl passwd -6 secret)
	cp -r /etc/pam.d "$DIR/pam.d"
	printf '%s\n' "auth required pam_exec.so quiet $DIR/pam-step" \
		'auth required pam_unix.so nodelay' \
		'account required pam_unix.so' >"$DIR/pam.d/ovpnd-test"
	for user in alice slow; do
		echo "$user:x:4242:4242::/nonexistent:/usr/sbin/nologin"
	done | cat /etc/passwd - >"$DIR/passwd"
	for user in alice slow; do
		echo "$user:$hash:19000:0:99999:7:::"
	done | cat /etc/shadow - >"$DIR/shadow"
	chmod 640 "$DIR/shadow"
	script_write pam-step '[ "$PAM_USER" != slow ] || exec sleep 600
		exit 0'
	cat >"$DIR/in-pam" <<-EOT
		#!/bin/sh
		mount --make-rprivate / &&
			mount --bind $DIR/pam.d /etc/pam.d &&
			mount --bind $DIR/passwd /etc/passwd &&
			mount --bind $DIR/shadow /etc/shadow &&
			exec "\$@"
	EOT
	chmod 755 "$DIR/in-pam"
}

# server_starts_in_pam: ovpnd, with the PAM of pam_write.
server_starts_in_pam() {
	peer_start server ovpnd unshare -m "$DIR/in-pam"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "ovpnd does not start"
}

# helper_pid NAME: of a process of the server's.
helper_pid() {
	local pid

	for pid in $(ip netns pids "$NET-s"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$1" ] || {
			echo "$pid"
			return
		}
	done
	return 1
}

# who_logs_in CLIENT HELPER: right and wrong passwords, one user for whom there is
# no answer, and the end of the process that would know.
who_logs_in() {
	login_files alice secret
	client_connects "$1"
	daemon_says server 'alice/192\.0\.2\.2:[0-9]+: connected' ||
		fail "the user name is not the common name"
	traffic_ping "$VPN_S4" || fail "no traffic"
	daemon_stop client
	login_files alice wrong
	client_is_sent_away "$1" AUTH_FAILED
	login_files nobody-here secret
	client_is_sent_away "$1" AUTH_FAILED

	# no answer for one, and others come and go
	login_files slow secret
	peer_start_second "$1"
	daemon_wait_for client2 'Peer Connection Initiated|TLSv1' 15 ||
		fail "the slow client does not get as far as its login"
	sleep 1
	login_files alice secret
	client_connects "$1"
	daemon_stop client
	client_connects "$1"
	! daemon_says client2 'Initialization Sequence Completed' ||
		fail "the slow client comes in without an answer"
	daemon_stop client
	daemon_stop client2

	kill -KILL "$(helper_pid "$2")" || fail "there is no process $2"
	daemon_wait_for server 'process of .* has ended' 5 ||
		fail "its end is not noticed"
	client_is_sent_away "$1" AUTH_FAILED
}

# scenario_plugin CLIENT: OpenVPN's plugin for PAM, as Debian builds it, with a
# stack of PAM of the test's.
scenario_plugin() {
	plugin_find openvpn-plugin-auth-pam.so ||
		fail "no openvpn-plugin-auth-pam.so: install openvpn"
	pam_write
	SERVER_LINES="plugin $PLUGIN ovpnd-test
		username-as-common-name"
	CLIENT_LINES="auth-user-pass $DIR/login"
	server_starts_in_pam
	who_logs_in "$1" ovpnd-plugin
	stop_clean server
	! grep -qE 'secret|wrong' "$DIR/server.log" ||
		fail "a password stands in the server's log"
	RESULT="data path: server $(peer_data_path ovpnd)"
}

# scenario_pam CLIENT: the same by PAM without a plugin, then with prompts and an
# answer of a static challenge.
scenario_pam() {
	pam_write
	SERVER_LINES="auth-pam ovpnd-test
		username-as-common-name"
	CLIENT_LINES="auth-user-pass $DIR/login"
	server_starts_in_pam
	who_logs_in "$1" ovpnd-pam
	daemon_says server 'auth-pam: ovpnd-test: alice: Auth' ||
		fail "the log does not say what PAM says"
	stop_clean server

	# the module checks a password that is made of two answers
	script_write pam-otp 'read -r word
		[ "$PAM_USER" = alice ] && [ "$word" = secret-123456-alice ]'
	printf '%s\n' \
		"auth required pam_exec.so expose_authtok quiet $DIR/pam-otp" \
		'account required pam_permit.so' >"$DIR/pam.d/ovpnd-otp"
	SERVER_LINES="auth-pam ovpnd-otp password PASSWORD-OTP-USERNAME
		username-as-common-name"
	server_starts_in_pam
	login_files alice \
		"SCRV1:$(printf secret | base64):$(printf 123456 | base64)"
	client_connects "$1"
	daemon_stop client
	login_files alice secret
	client_is_sent_away "$1" AUTH_FAILED
	stop_clean server
	! grep -qE 'secret|wrong' "$DIR/server.log" ||
		fail "a password stands in the server's log"
	RESULT="data path: server $(peer_data_path ovpnd)"
}

# pam_is LINE: what the server is to ask PAM from its next reload on; "" for none
pam_is() {
	sed -i '/^[[:space:]]*auth-pam /d' "$DIR/server.conf"
	echo "${1:-#}" >>"$DIR/server.conf"
}

# scenario_pam_reload CLIENT: logins go by what is written at SIGHUP, and who is
# being asked about meanwhile is asked about to the end, by what was written before.
# What takes a restart is said, and nobody comes in without being asked about.
scenario_pam_reload() {
	local otp

	pam_write
	# slow has to wait until a file says so
	script_write pam-step '[ "$PAM_USER" = slow ] || exit 0
		: >"$OUT/slow-waits"
		until [ -e "$OUT/slow-comes" ]; do sleep 0.1; done'
	script_write pam-otp 'read -r word
		echo "$word" >>"$OUT/words"
		[ "$word" = "$PAM_USER-secret-123456" ]'
	printf '%s\n' \
		"auth required pam_exec.so expose_authtok quiet $DIR/pam-otp" \
		'account required pam_permit.so' >"$DIR/pam.d/ovpnd-otp"
	SERVER_LINES="auth-pam ovpnd-test
		username-as-common-name"
	CLIENT_LINES="auth-user-pass $DIR/login"
	server_starts_in_pam
	otp="SCRV1:$(printf secret | base64):$(printf 123456 | base64)"

	login_files slow secret
	peer_start_second "$1"
	within 20 test -e "$DIR/out/slow-waits" ||
		fail "nobody is asked about the slow client"
	pam_is 'auth-pam ovpnd-otp password USERNAME-PASSWORD-OTP'
	kill -HUP "${DAEMON_PID[server]}"
	within 5 daemon_says server 'next key exchange on: auth-pam .*conf' ||
		fail "SIGHUP: what has changed is not reported"
	login_files alice "$otp"
	client_connects "$1"
	daemon_stop client
	login_files alice secret
	client_is_sent_away "$1" AUTH_FAILED
	! daemon_says client2 'Initialization Sequence Completed' ||
		fail "the slow client comes in without an answer"
	: >"$DIR/out/slow-comes"
	daemon_wait_for client2 'Initialization Sequence Completed' 15 ||
		fail "the login that was under way is lost"
	daemon_stop client2
	daemon_says server 'auth-pam: ovpnd-otp: alice: ' ||
		fail "the log does not say whom it asks now"

	# the prompts alone
	pam_is 'auth-pam ovpnd-otp password USERNAME-PASSWORD-123456'
	reload_says 'auth-pam'
	login_files alice secret
	client_connects "$1"
	daemon_stop client

	# a mistake changes nothing, and neither does what takes a restart
	pam_is 'auth-pam ovpnd-test password'
	reload_says 'has no answer'
	pam_is ''
	sed -i '/username-as-common-name/d' "$DIR/server.conf"
	reload_says 'restart.*auth-pam|auth-pam.*restart'
	[ "$RELOAD_STATUS" = 0 ] || fail "ovpnctl reload: status $RELOAD_STATUS"
	client_connects "$1"
	daemon_stop client
	login_files alice wrong
	client_is_sent_away "$1" AUTH_FAILED
	stop_clean server
	! grep -qE 'secret|wrong' "$DIR/server.log" ||
		fail "a password stands in the server's log"
	RESULT="data path: server $(peer_data_path ovpnd)"
}
