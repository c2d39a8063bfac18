# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the management interface asks of the program there: proxies, passwords in
# lines, user names alone; of 2.6 and 2.7. Sourced by run, behind the files of
# both.

QUESTIONS='management 127.0.0.1 7505
		management-hold
		persist-tun
		connect-retry 1'

# proxied COUNT: so many connections have come to the server from a proxy
proxied() {
	local n

	n=$(grep -cE 'TCP connection established with .*192\.0\.2\.1:' \
		"$DIR/server.log")
	[ "$n" = "$1" ] || fail "$n connections of the proxies, not $1"
}

# scenario_management_proxy: through HTTP, SOCKS and no proxy, as the program says
# each time; over UDP no HTTP.
scenario_management_proxy() {
	local program n=0

	PROXIES=$("$TOP/selftests/lab/peer" proxies) || fail "no proxies here"
	chmod 755 "$DIR"
	MGMT=127.0.0.1:7505
	CLIENT_LINES="$QUESTIONS
		management-query-proxy"
	proxy_http_start
	proxy_socks_start
	PROTO=tcp
	mgmt_server_starts 2.6.14
	for program in 2.6.14 ovpnd; do
		peer_start client "$program"
		mgmt_ask proxy "$program" c <<-'EOT'
			< HOLD
			> proxy NONE
			< ERROR
			> hold off
			< SUCCESS
			> state on
			< SUCCESS
			> hold release
			< PROXY:1,TCP
			> proxy HTTP 192.0.2.1 8888
			< CONNECTED
			> proxy
			< ERROR
			> proxy FOO
			< ERROR
			> proxy FOO 192.0.2.1 1
			< ERROR
			> proxy HTTP 192.0.2.1
			< ERROR
			> proxy NONE
			< SUCCESS
			> signal SIGUSR1
			< PROXY
			> proxy SOCKS 192.0.2.1 1080
			< CONNECTED
			> signal SIGUSR1
			< PROXY
			> remote ACCEPT
			< ERROR
			> proxy NONE
			< CONNECTED
			> signal SIGTERM
			< EXITING
		EOT
		within 8 daemon_has_ended client ||
			fail "$program does not end"
		daemon_stop client
		n=$((n + 2))
		proxied "$n"
	done
	daemon_stop server
	mgmt_compare proxy
	PROTO=udp
	mgmt_server_starts 2.6.14
	for program in 2.6.14 ovpnd; do
		peer_start client "$program"
		mgmt_ask udp "$program" c <<-'EOT'
			< HOLD
			> hold off
			< SUCCESS
			> state on
			< SUCCESS
			> hold release
			< PROXY:1,UDP
			> proxy HTTP 192.0.2.1 8888
			< ERROR
			. 1
			> proxy NONE
			< CONNECTED
			> signal SIGTERM
			< EXITING
		EOT
		within 8 daemon_has_ended client ||
			fail "$program does not end"
		daemon_stop client
	done
	mgmt_compare udp
	RESULT="HTTP, SOCKS, none, as it is said"
}

# scenario_management_login: what a program of version 5 may say, and is asked;
# as 2.7 has it.
scenario_management_login() {
	local program lines

	MGMT=127.0.0.1:7505
	script_write verify 'cat "$1" >>"$OUT/logins"'
	SERVER_LINES="script-security 2
		auth-user-pass-verify $DIR/verify via-file"
	mgmt_server_starts 2.6.14
	lines=$(printf 'sec"ret \\ %s' "$(printf %0100d 7)" | base64 -w 60)
	lines=$(sed 's/^/> /' <<<"$lines")
	CLIENT_LINES="$QUESTIONS
		management-query-passwords
		auth-user-pass"
	for program in 2.7.8 ovpnd; do
		peer_start client "$program"
		mgmt_ask lines "$program" c <<-EOT
			< HOLD
			> state on
			< SUCCESS
			> version 3
			> password Auth
			< ERROR
			> version 4
			< SUCCESS
			> password Auth
			< ERROR
			> version 5
			< SUCCESS
			> password
			< ERROR
			> password Auth
			< ERROR
			> hold off
			< SUCCESS
			> hold release
			< Need
			> password "Private Key"
			< ERROR
			> username Auth alice
			< SUCCESS
			> password Auth
			> no base64
			> END
			< ERROR
			> password Auth
			$lines
			> END
			< CONNECTED
			> password Auth
			< ERROR
			> signal SIGTERM
			< EXITING
		EOT
		within 8 daemon_has_ended client ||
			fail "$program does not end"
		daemon_stop client
	done
	mgmt_same 2.7.8 lines
	CLIENT_LINES="$QUESTIONS
		management-query-passwords
		auth-user-pass username-only"
	for program in 2.7.8 ovpnd; do
		peer_start client "$program"
		mgmt_ask name "$program" c <<-'EOT'
			< HOLD
			> state on
			< SUCCESS
			> version 4
			< SUCCESS
			> hold off
			< SUCCESS
			> hold release
			< Need
			> password Auth x
			< ERROR
			> username Auth bob
			< CONNECTED
			> signal SIGTERM
			< EXITING
		EOT
		within 8 daemon_has_ended client ||
			fail "$program does not end"
		daemon_stop client
	done
	mgmt_same 2.7.8 name
	daemon_stop server
	[ "$(sort "$DIR/out/logins" | uniq -c | awk '{ print $1 }' |
		sort -u)" = 2 ] || {
		sed 's/^/#   /' "$DIR/out/logins"
		fail "the server has not seen the same logins of both"
	}
	grep -qxF 'sec"ret \ '"$(printf %0100d 7)" "$DIR/out/logins" ||
		fail "the password has not arrived"
	RESULT="passwords in lines, a user name alone"
}
