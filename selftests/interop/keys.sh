# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Key files that ovpnd has made, in the hands of released OpenVPN. Sourced by run,
# behind policy.sh.

# ours_make KIND FILE
ours_make() {
	rm -f "$2"
	"$OVPND" --genkey "$1" "$2" || fail "ovpnd makes no key: $1"
	[ "$(stat -c %a "$2")" = 600 ] || fail "others can read the key: $1"
}

# scenario_genkey_secret A B: two stock programs, each as server and as client, with
# a key of ours for tls-auth and tls-crypt. Another key of ours does not open it.
scenario_genkey_secret() {
	local wrap

	pki_make "$DIR/pki-$KEYS" "$KEYS" || fail "openssl makes no PKI"
	for wrap in tls-auth tls-crypt; do
		WRAP=$wrap
		ours_make secret "$DIR/pki-$KEYS/ta.key"
		genkey_pair "$1" "$2"
		genkey_pair "$2" "$1"
	done
	peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($1) does not start"
	ours_make secret "$DIR/pki-$KEYS/ta.key"
	peer_start client "$2"
	daemon_wait_for server 'tls-crypt.*(failed|error)|TLS Error' 10 ||
		fail "the server does not say that the key is another one"
	! daemon_says client 'Initialization Sequence Completed' ||
		fail "two different keys fit"
	daemon_stop client
	daemon_stop server
	RESULT="tls-auth and tls-crypt, $1 and $2"
}

genkey_pair() {
	peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($1) does not start with our key"
	peer_start client "$2"
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "$WRAP: the client ($2) does not connect to $1"
	daemon_stop client
	daemon_stop server
}

# token_server PROGRAM: the one that stands at the address from now on
token_server() {
	daemon_stop server
	peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($1) does not start"
}

# scenario_genkey_token CLIENT SERVER...: a farm of servers, ours and stock, with one
# key of ours for tokens. A password that is good once brings the client in; from
# then on each server takes the token of the one before. With another key no more.
scenario_genkey_token() {
	local client=$1 program n=0 first

	shift
	first=$1
	script_write verify '{ read -r u; read -r p; } <"$1"
		echo "$u $p" >>"$OUT/asked"
		[ "$p" = once ] && [ "$(wc -l <"$OUT/asked")" = 1 ]'
	ours_make auth-token "$DIR/token.key"
	SERVER_LINES="script-security 2
		auth-user-pass-verify $DIR/verify via-file
		auth-gen-token 0
		auth-gen-token-secret $DIR/token.key"
	CLIENT_LINES="auth-user-pass $DIR/login
		connect-retry 1 1"
	RENEG_S=3600 RENEG_C=3600
	login_files alice once
	for program in "$@"; do
		n=$((n + 1))
		token_server "$program"
		[ $n != 1 ] || peer_start client "$client"
		within 30 connected_times client $n ||
			fail "$program does not take the token of the server before"
		[ "$(n_asked)" = 1 ] ||
			fail "$program asks for the password again"
	done
	within 5 ping_ready || fail "no traffic"
	# a farm with another key
	ours_make auth-token "$DIR/token.key"
	token_server "$first"
	within 30 asked_times 2 || fail "a token of another key is taken"
	daemon_stop client
	daemon_stop server
	RESULT="one password, $n servers: $*"
}

asked_times() {
	[ "$(n_asked)" -ge "$1" ]
}
