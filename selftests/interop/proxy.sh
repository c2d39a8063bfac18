# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Through proxies: they run where the server does. Sourced by run.

# scenario_proxy SERVER: ovpnd connects through an HTTP proxy that wants a login,
# and through a SOCKS proxy with both transports; nothing else lets it through.
scenario_proxy() {
	PROXIES=$("$TOP/selftests/lab/peer" proxies) || fail "no proxies here"
	printf 'user\npass\n' >"$DIR/login"
	chmod 600 "$DIR/login"
	chmod 755 "$DIR"
	block_direct || fail "nft does not block the way to the server"
	proxy_http "$1"
	proxy_socks "$1" tcp
	proxy_socks "$1" udp
	RESULT="HTTP with a login, SOCKS 5 with TCP and with UDP"
}

# From the client's address nobody is heard at the server's port.
block_direct() {
	in_s nft -f - <<-EOT
		table inet test {
			chain in {
				type filter hook input priority 0
				ip saddr 192.0.2.2 tcp dport 1194 drop
				ip saddr 192.0.2.2 udp dport 1194 drop
			}
		}
	EOT
}

# proxy_http_start [LINE]
proxy_http_start() {
	cat >"$DIR/tinyproxy.conf" <<-EOT
		Listen 192.0.2.1
		Port 8888
		User nobody
		Timeout 600
		MaxClients 16
		LogLevel Info
		ConnectPort 1194
		${1:-}
	EOT
	daemon_start proxy s "$PROXIES/tinyproxy" -d -c "$DIR/tinyproxy.conf"
	within 5 proxy_listens 8888 || fail "tinyproxy does not start"
}

proxy_http() {
	proxy_http_start 'BasicAuth user pass'
	PROTO=tcp
	EXTRA[client]="http-proxy 192.0.2.1 8888 $DIR/login
http-proxy-option AGENT interop
script-security 2
up $DIR/script"
	script_write script 'env >"$OUT/env-$script_type"'
	proxy_connects "$1"
	expect_out env-up '^http_proxy_server_1=192\.0\.2\.1$' \
		'^http_proxy_port_1=8888$'
	EXTRA[client]="http-proxy 192.0.2.1 8888
connect-retry 1 1"
	peer_start client ovpnd
	daemon_wait_for client 'proxy: it wants a login .407.*http-proxy-user-pass' \
		10 || fail "the client does not say that a login is missing"
	daemon_stop client
	sed -i "s|^http-proxy .*|http-proxy 192.0.2.1 8888 auto-nct|" \
		"$DIR/client.conf"
	printf '%s\n' "http-proxy-user-pass $DIR/login" >>"$DIR/client.conf"
	daemon_start client c "${COMMAND[@]}" --config "$DIR/client.conf"
	daemon_wait_for client 'proxy: it wants a login .407.*auto-nct' 10 ||
		fail "the login is sent unencrypted"
	daemon_stop client
	daemon_stop server
	daemon_stop proxy
}

proxy_socks_start() {
	cat >"$DIR/danted.conf" <<-EOT
		logoutput: stderr
		internal: 192.0.2.1 port = 1080
		external: 192.0.2.1
		clientmethod: none
		socksmethod: none
		user.privileged: root
		user.unprivileged: nobody
		client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
		socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
	EOT
	daemon_start socks s "$PROXIES/danted" -f "$DIR/danted.conf" \
		-p "$DIR/danted.pid"
	within 5 proxy_listens 1080 || fail "danted does not start"
}

# proxy_socks SERVER tcp|udp
proxy_socks() {
	proxy_socks_start
	PROTO=$2
	EXTRA[client]="socks-proxy 192.0.2.1"
	proxy_connects "$1"
	daemon_stop server
	daemon_stop socks
}

proxy_listens() {
	in_s ss -Hltn "sport = :$1" | grep -q .
}

proxy_connects() {
	connect "$1" ovpnd
	daemon_says client 'through the proxy 192.0.2.1' ||
		fail "the client does not go through the proxy"
	daemon_says server "$(peer_proto server | tr a-z A-Z | cut -c1-3).*192\\.0\\.2\\.1:|192\\.0\\.2\\.1:[0-9]+.*Peer Connection|client/192\\.0\\.2\\.1" ||
		fail "the server sees another address than the proxy's"
	traffic_ping "$VPN_S4" || fail "ping over IPv4 ($PROTO)"
	traffic_server_start || fail "iperf3 does not start"
	traffic_run tcp-up "$VPN_S4" --time 2 || fail "TCP to the server"
	traffic_run tcp-down "$VPN_S6" --time 2 --reverse ||
		fail "TCP from the server"
	daemon_stop iperf3
	say "$PROTO through the proxy: $(traffic_rate tcp-up) up"
	stop_clean client
}

# scenario_share SERVER CLIENT: at the server's port there is a web server, too,
# beside the client's tunnel; it can find out where connections come from.
scenario_share() {
	PROTO=tcp
	mkdir -p "$DIR/notes" "$DIR/www"
	chmod 777 "$DIR" "$DIR/notes"
	head -c 3000000 /dev/urandom >"$DIR/www/file"
	EXTRA[server]="port-share 127.0.0.1 8443 $DIR/notes"
	connect "$1" "$2"
	share_service
	traffic_server_start || fail "iperf3 does not start"
	share_get 192.0.2.1 >"$DIR/got" &
	traffic_run tcp-up "$VPN_S4" --time 2 || fail "TCP through the tunnel"
	wait $!
	cmp -s "$DIR/got" "$DIR/www/file" ||
		fail "the web server's file has $(wc -c <"$DIR/got") bytes"
	share_noted || fail "notes: $(cd "$DIR/notes" && grep -H . ./*)"
	daemon_stop caller
	within 5 share_is_quiet || fail "notes are left: $(ls "$DIR/notes")"
	traffic_ping "$VPN_S4" || fail "ping after that"
	daemon_stop iperf3
	daemon_stop service
	stop_clean client
	stop_clean server
	RESULT="3 MB of HTTPS beside the tunnel of $1"
}

share_service() {
	daemon_start service s sh -c "cd $DIR/www && exec openssl s_server \
		-WWW -accept 127.0.0.1:8443 -cert $DIR/pki-$KEYS/server.crt \
		-key $DIR/pki-$KEYS/server.key"
	daemon_wait_for service ACCEPT 5 || fail "the web server does not start"
}

# share_get ADDRESS: the file, without the head
share_get() {
	printf 'GET /file HTTP/1.0\r\n\r\n' |
		ip netns exec "$NET-c" timeout 20 openssl s_client -quiet \
			-ign_eof -connect "$1:1194" 2>/dev/null |
		sed '1,/^\r*$/d'
}

# While a connection is there, there is a file with the name of its other end.
share_noted() {
	daemon_start caller c bash -c 'exec openssl s_client -quiet \
		-connect 192.0.2.1:1194 < <(exec sleep 20)'
	within 5 share_has_note
}

share_has_note() {
	local name

	name=$(ls "$DIR/notes")
	[[ $name == '[AF_INET]127.0.0.1:'* ]] &&
		[ "$(cut -d: -f1 "$DIR/notes/$name")" = '[AF_INET]192.0.2.2' ] &&
		in_s ss -Htn "sport = :${name##*:} and dport = :8443" |
			grep -q . &&
		in_c ss -Htn "sport = :$(cut -d: -f2 "$DIR/notes/$name")" |
			grep -q .
}

share_is_quiet() {
	[ -z "$(ls "$DIR/notes")" ]
}
