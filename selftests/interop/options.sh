# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Options that have no topic of their own: each connection shows several of them.
# Sourced by run, behind policy.sh and auth.sh.

# expect_log ROLE PATTERN WHAT [SECONDS]
expect_log() {
	daemon_wait_for "$1" "$2" "${4:-10}" || fail "$3"
}

# table_routes TABLE: of the client
table_routes() {
	in_c ip route show table "$1" 2>/dev/null
	in_c ip -6 route show table "$1" 2>/dev/null
}

has_table_route() {
	grep -qE "$2" <<<"$(table_routes "$1")"
}

# scenario_process CLIENT: nice, mlock, chroot, machine-readable-output, mute
scenario_process() {
	local pid

	mkdir -p "$DIR/root"
	chmod 755 "$DIR" "$DIR/root"
	DROP=yes
	SERVER_LINES="nice 3
		mlock
		chroot $DIR/root
		machine-readable-output
		mute 1"
	connect ovpnd "$1"
	pid=${DAEMON_PID[server]}
	# daemon_start has given it -15
	[ "$(awk '{ print $19 }' "/proc/$pid/stat")" = 3 ] ||
		fail "nice is $(awk '{ print $19 }' "/proc/$pid/stat"), not 3"
	[ "$(awk '/^VmLck/ { print $2 }' "/proc/$pid/status")" -gt 2000 ] ||
		fail "the process is not locked in memory: $(grep VmLck "/proc/$pid/status")"
	[ "$(readlink "/proc/$pid/root")" = "$DIR/root" ] ||
		fail "its root is $(readlink "/proc/$pid/root")"
	expect_rights server ovpnd
	daemon_says server '^[0-9]{10}\.[0-9]{6} 1 .*client/192\.0\.2\.2' ||
		fail "the log is not machine-readable"
	daemon_says server '^[0-9.]+ 40 ' || fail "no warning has its kind"
	daemon_says server 'variation\(s\) on previous 1 message\(s\) suppressed by --mute' ||
		fail "mute lets everything through"
	stop_clean client
	stop_clean server
	RESULT="nice, mlock, chroot, machine-readable-output, mute"
}

# scenario_timeouts CLIENT: inactive and session-timeout, of the server for one
# client, by a client's file, and pushed to ovpnd.
scenario_timeouts() {
	ccd_write client 'session-timeout 4'
	SERVER_LINES="client-config-dir $DIR/ccd
restart-hold 20"
	server_starts
	client_connects "$1"
	expect_log server 'Session timeout, exiting' "session-timeout ends nothing" 12
	within 5 peer_is_gone || fail "the client is still there"
	daemon_stop client
	ccd_write client 'inactive 3 1000000'
	client_connects "$1"
	expect_log server 'Inactivity timeout' "inactive ends nothing" 12
	daemon_stop client
	# who does something stays
	ccd_write client 'inactive 3'
	client_connects "$1"
	for _ in 1 2 3 4 5 6 7; do
		traffic_ping "$VPN_S4" || fail "inactive ends a busy client"
		sleep 1
	done
	stop_clean client
	# also when another process has taken over
	ccd_write client "session-timeout $((8 * SCALE))"
	client_connects "$1"
	server_again kill
	daemon_says server '1 peers of an earlier run go on' ||
		fail "the client is not taken over"
	expect_log server 'Session timeout, exiting' \
		"session-timeout is forgotten after a restart" 15
	daemon_stop client
	ccd_write client 'push "session-timeout 3"'
	client_connects ovpnd
	within 15 daemon_has_ended client || fail "ovpnd goes on after session-timeout"
	daemon_stop client
	[ "${DAEMON_STATUS[client]}" = 0 ] ||
		fail "session-timeout: status ${DAEMON_STATUS[client]}"
	stop_clean server
	RESULT="inactive and session-timeout, at both ends"
}

peer_is_gone() {
	[ -z "$(peer_key server ovpnd)" ]
}

# scenario_routing SERVER: route-table, block-ipv6, route-nopull, route-noexec and
# the mark of the protocol in ovpnd's routes.
scenario_routing() {
	EXTRA[server]='push "route 10.79.0.0 255.255.255.0"
push "route-ipv6 fd00:79::/64"'
	EXTRA[client]="route-table 123
route 10.78.0.0 255.255.255.0"
	connect "$1" ovpnd
	within 3 has_table_route 123 '^10\.79\.0\.0/24 .*tun-c proto 111' &&
		has_table_route 123 '^10\.78\.0\.0/24 .*tun-c' &&
		has_table_route 123 '^fd00:79::/64 .*tun-c proto 111' ||
		fail "route-table: $(table_routes 123)"
	! has_table_route main '10\.7[89]\.' || fail "route-table: also in main"
	stop_clean client
	! has_table_route 123 . || fail "routes are left: $(table_routes 123)"

	EXTRA[client]='block-ipv6'
	peer_start client ovpnd
	expect_log client 'Initialization Sequence Completed' "no connection"
	within 3 has_table_route main '^unreachable fd00:79::/64 .*proto 111' ||
		fail "block-ipv6: $(table_routes main)"
	in_c ping -c 1 -W 1 fd00:79::1 >"$DIR/ping" 2>&1
	grep -qiE 'unreachable|no route' "$DIR/ping" ||
		fail "block-ipv6: nobody says that it is unreachable: $(cat "$DIR/ping"; table_routes main)"
	has_table_route main '^10\.79\.0\.0/24 .*tun-c' ||
		fail "block-ipv6 takes IPv4, too"
	stop_clean client

	EXTRA[client]='route-nopull
route 10.78.0.0 255.255.255.0'
	peer_start client ovpnd
	expect_log client 'Initialization Sequence Completed' "no connection"
	within 3 has_table_route main '^10\.78\.0\.0/24 .*tun-c' &&
		! has_table_route main '10\.79\.|fd00:79' ||
		fail "route-nopull: $(table_routes main)"
	stop_clean client

	# names: of its own, and of the server's if it may
	mkdir -p "/etc/netns/$NET-c"
	printf '%s\n' '10.78.0.9 own.test' '10.79.0.9 their.test' \
		>"/etc/netns/$NET-c/hosts"
	stop_clean server
	EXTRA[server]='push "route their.test"'
	EXTRA[client]='route own.test 255.255.255.0
allow-pull-fqdn'
	connect "$1" ovpnd
	within 3 has_table_route main '^10\.78\.0\.0/24 .*tun-c' &&
		has_table_route main '^10\.79\.0\.9 .*tun-c' ||
		fail "names of routes: $(table_routes main)"
	stop_clean client
	EXTRA[client]=
	peer_start client ovpnd
	expect_log client 'Initialization Sequence Completed' "no connection"
	daemon_says client 'their.test.*with allow-pull-fqdn only' ||
		fail "a pushed name is taken without allow-pull-fqdn"
	stop_clean client

	EXTRA[client]='route-noexec
ifconfig-noexec'
	peer_start client ovpnd
	expect_log client 'Initialization Sequence Completed' "no connection"
	sleep 1
	! has_table_route main 'tun-c' || fail "route-noexec: $(table_routes main)"
	! in_c ip -o address show dev tun-c | grep -q 10\.8\. ||
		fail "ifconfig-noexec sets an address"
	stop_clean client
	stop_clean server
	RESULT="route-table, block-ipv6, route-nopull, route-noexec"
}

# socket_says SIDE PATTERN: of ovpnd's outer UDP socket there
socket_says() {
	in_ns "$1" ss -Hunaem | tr '\n' ' ' | grep -qE "$2"
}

# scenario_socket: what is asked of the outer socket: bind-dev, mark, buffers,
# several ways to name ports.
scenario_socket() {
	EXTRA[client]='bind-dev out
mark 77
sndbuf 131072
rcvbuf 262144
lport 2222'
	EXTRA[server]='multihome
float'
	in_s ip address add 192.0.2.9/24 dev out
	net_state s >"$DIR/state-s"
	peer_start server ovpnd
	expect_log server 'Initialization Sequence Completed' "no start"
	peer_config_client ovpnd | sed '/^nobind/d; s/^remote 192.0.2.1/remote 192.0.2.9/' \
		>"$DIR/client.conf"
	daemon_start client c "$OVPND" --config "$DIR/client.conf"
	expect_log client 'Initialization Sequence Completed' "no connection to the second address"
	socket_says c '%out:2222 .*fwmark:0x4d' ||
		fail "bind-dev, mark, lport: $(in_c ss -Hunae)"
	socket_says c '%out:2222 .*rb524288,.*tb262144' ||
		fail "sndbuf, rcvbuf: $(in_c ss -Hunaem)"
	peer_json server | grep -q '"remote": *"192.0.2.2:2222"' ||
		fail "the server sees another port"
	stop_clean client
	# a device that is not there is a mistake, not a hint
	sed -i 's/^bind-dev out/bind-dev nowhere/' "$DIR/client.conf"
	daemon_start client c "$OVPND" --config "$DIR/client.conf"
	expect_log client 'bind-dev nowhere: No such device' "bind-dev is not obeyed"
	daemon_stop client
	stop_clean server
	RESULT="bind-dev, mark, sndbuf, rcvbuf, multihome, lport"
}

# scenario_told CLIENT: what programs are told: x509-track, setenv-safe,
# keying-material-exporter at both ends, push-peer-info; override-username, and
# a network too many.
scenario_told() {
	local there here

	script_write script 'env >"$OUT/env-$script_type-$1"; true'
	script_write connect 'env >"$OUT/env-connect"; echo "override-username bob" >"$1"'
	script_write gone 'env >"$OUT/env-gone"'
	: >"$DIR/status"
	chmod 666 "$DIR/status"
	script_write judge 'true'
	ccd_write client 'iroute 10.77.0.0 255.255.255.0' \
		'iroute 10.78.0.0 255.255.255.0' 'iroute 10.79.0.0 255.255.255.0'
	login_files alice secret
	SERVER_LINES="script-security 3
		setenv-safe ROOM 12
		keying-material-exporter EXPORTER-test 32
		x509-track +CN
		x509-track SHA256
		auth-gen-token
		status $DIR/status 1
		status-version 2
		auth-user-pass-verify $DIR/judge via-env
		client-connect $DIR/connect
		client-disconnect $DIR/gone
		max-routes-per-client 2
		client-config-dir $DIR/ccd"
	CLIENT_LINES="auth-user-pass $DIR/login
		push-peer-info
		setenv UV_ROOM cellar
		keying-material-exporter EXPORTER-test 32
		script-security 2
		up $DIR/script"
	server_starts
	client_connects "$1"
	expect_out env-connect '^OPENVPN_ROOM=12$' '^X509_0_CN=client$' \
		'^X509_1_CN=test CA$' '^X509_0_SHA256=[0-9a-f:]{95}$' \
		'^UV_ROOM=cellar$' \
		'^IV_SSL=OpenSSL' '^exported_keying_material=[0-9A-F]{64}$' \
		'^username=alice$'
	# stock's client does not tell its programs
	if [ "$1" = ovpnd ]; then
		expect_out env-up-tun-c '^exported_keying_material='
		here=$(grep '^exported_keying_m' "$DIR/out/env-up-tun-c")
		there=$(grep '^exported_keying_m' "$DIR/out/env-connect")
		[ "$here" = "$there" ] || fail "the two ends export differently"
	fi
	# stock knows that of the way to its default gateway only
	[ "$1" != ovpnd ] || expect_out env-connect \
		'^IV_HWADDR=([0-9a-f]{2}:){5}[0-9a-f]{2}$'
	! out_says env-connect '^X509_1_SHA256=' ||
		fail "x509-track without + is for the whole chain"
	daemon_says server 'at most 2 networks' ||
		fail "max-routes-per-client is not obeyed"
	within 5 grep -qE '^CLIENT_LIST,client,.*,bob,' "$DIR/status" ||
		fail "override-username is not obeyed: $(cat "$DIR/status")"
	daemon_stop client
	expect_out env-gone '^username=bob$'
	stop_clean server
	RESULT="x509-track, keying-material-exporter, push-peer-info, override-username"
}

# scenario_old CLIENT: force-tls-key-material-export, ecdh-curve, providers
scenario_old() {
	TLS=1.3
	SERVER_LINES="ecdh-curve secp384r1
		providers default legacy
		force-tls-key-material-export"
	connect ovpnd "$1"
	stop_clean client
	CLIENT_LINES='tls-groups X25519'
	peer_start client "$1"
	expect_log server 'TLS Error|no (shared|suitable)' "a client without that curve comes in" 15
	! daemon_says client 'Initialization Sequence Completed' ||
		fail "ecdh-curve is not obeyed"
	daemon_stop client
	CLIENT_LINES=
	stop_clean server
	SERVER_LINES='providers no-such-provider'
	peer_start server ovpnd
	expect_log server 'providers: OpenSSL cannot load "no-such-provider"' \
		"a provider that is not there goes unnoticed"
	daemon_stop server
	RESULT="ecdh-curve, providers, force-tls-key-material-export"
}

# log_of NAME PATTERN
log_of() {
	grep -qE -- "$2" "$DIR/out/$1" 2>/dev/null
}

# pid_is_gone PID
pid_is_gone() {
	! kill -0 "$1" 2>/dev/null
}

# daemon_in_background: sets PID; the command that started it has ended with 0
daemon_in_background() {
	peer_config_server ovpnd >"$DIR/server.conf"
	in_s "$OVPND" --config "$DIR/server.conf" --daemon >"$DIR/server.log" \
		2>&1 </dev/null || fail "daemon: status $?"
	PID=$(cat "$DIR/out/pid") || fail "writepid writes nothing"
	[ "$(cat "/proc/$PID/comm")" = ovpnd ] || fail "writepid: $PID is no ovpnd"
}

# scenario_daemon CLIENT: in the background, with its number, log and temporary
# files where they shall be.
scenario_daemon() {
	[ -d "$DIR/pki-$KEYS" ] || pki_make "$DIR/pki-$KEYS" "$KEYS"
	script_write connect 'echo "$1" >"$OUT/file"'
	mkdir -p "$DIR/tmp"
	chmod 777 "$DIR/tmp"
	echo before >"$DIR/out/log"
	SERVER_LINES="writepid $DIR/out/pid
		log $DIR/out/log
		suppress-timestamps
		tmp-dir $DIR/tmp
		script-security 2
		client-connect $DIR/connect"
	daemon_in_background
	within 5 log_of log '^Initialization Sequence Completed' ||
		fail "log: $(head -n 5 "$DIR/out/log")"
	! log_of log before || fail "log has kept what was there"
	client_connects "$1"
	expect_out file "^$DIR/tmp/[^/]+\$"
	[ -z "$(ls "$DIR/tmp")" ] || fail "tmp-dir: a file is left"
	daemon_stop client
	kill "$PID"
	within 8 pid_is_gone "$PID" || fail "the daemon does not end"
	[ ! -e "$DIR/out/pid" ] || fail "writepid: the file is left"
	SERVER_LINES=${SERVER_LINES/log /log-append }
	SERVER_LINES=${SERVER_LINES/suppress-timestamps/}
	echo before >"$DIR/out/log"
	daemon_in_background
	within 5 log_of log '^[0-9-]+ [0-9:]+ Initialization Sequence Completed' ||
		fail "log-append: $(head -n 5 "$DIR/out/log")"
	log_of log '^before$' || fail "log-append has not kept what was there"
	kill "$PID"
	within 8 pid_is_gone "$PID" || fail "the daemon does not end"
	RESULT="daemon, writepid, log, log-append, tmp-dir"
}

# scenario_challenge_static SERVER: an answer goes with the password, asked for at
# the management interface as stock asks, or on a terminal.
scenario_challenge_static() {
	local program

	script_write judge '{ read -r u; read -r p; } <"$1"
		echo "$u $p" >>"$OUT/asked"
		[ "$p" = SCRV1:c2VjcmV0:MTIzNDU2 ]'
	SERVER_LINES="script-security 2
auth-user-pass-verify $DIR/judge via-file"
	CLIENT_LINES="auth-user-pass
static-challenge \"PIN please\" 1
management $DIR/mgmt unix
management-query-passwords"
	MGMT=$DIR/mgmt
	peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($1) does not start"
	for program in "$1" ovpnd; do
		peer_start client "$program"
		mgmt_ask challenge "$program" c <<-'EOT'
			< PASSWORD:Need 'Auth' username/password SC:1,PIN please
			> username "Auth" alice
			< SUCCESS
			> password "Auth" SCRV1:c2VjcmV0:MTIzNDU2
			< SUCCESS
		EOT
		daemon_wait_for client 'Initialization Sequence Completed' 10 ||
			fail "$program does not come in"
		daemon_stop client
	done
	CLIENT_LINES="auth-user-pass
static-challenge \"PIN please\" 1"
	peer_config_client ovpnd >"$DIR/client.conf"
	: >"$DIR/out/asked"
	{
		for program in alice secret 123456; do
			sleep 2
			echo "$program"
		done
		sleep 10
	} | in_c timeout 20 script -qec "$OVPND --config $DIR/client.conf" \
		/dev/null >"$DIR/client.log" 2>&1 &
	within 20 out_says asked '^alice SCRV1:c2VjcmV0:MTIzNDU2$' ||
		fail "the answer does not come with the password: $(cat "$DIR/out/asked")"
	within 5 daemon_says client 'CHALLENGE: PIN please' ||
		fail "the question is not put"
	within 10 daemon_says client 'Initialization Sequence Completed' ||
		fail "no way in from the terminal"
	daemon_stop server
	wait
	RESULT="by management as stock, and on a terminal"
}

# scenario_impatient: SIGTERM again and again until ovpnd has ended
scenario_impatient() {
	local pid n=0

	script_write down 'sleep 1; echo done >"$OUT/down"'
	SERVER_LINES="script-security 2
down $DIR/down
$(for n in $(seq 0 250); do echo "route 10.99.$n.0 255.255.255.0"; done)"
	server_starts
	pid=${DAEMON_PID[server]}
	# as fast as it can be: the window to hit is narrow
	n=$(perl -e 'my ($pid, $n) = ($ARGV[0], 0);
		my $end = time + 20;
		while (time < $end && kill TERM => $pid) {
			last if ++$n % 50 == 0 && (!open(my $f, "<",
				"/proc/$pid/stat") || <$f> =~ /\) Z /);
		}
		print $n' "$pid")
	# it has ended, only its status is to be taken
	stop_clean server
	out_says down done || fail "down was not waited for"
	[ $n -gt 20 ] || fail "only $n signals"
	RESULT="$n times SIGTERM, status 0, nothing left"
}

# scenario_askpass CLIENT: a passphrase of key and of pkcs12, from a file and from
# a terminal
scenario_askpass() {
	local dir=$DIR/pki-$KEYS

	pki_make "$dir" "$KEYS"
	pki_lock "$dir/server.key"
	echo sesame >"$DIR/pass"
	chmod 600 "$DIR/pass"
	peer_start server ovpnd
	expect_log server 'is encrypted; give its passphrase with "askpass FILE"' \
		"a locked key goes unnoticed"
	daemon_stop server
	SERVER_LINES="askpass $DIR/pass"
	connect ovpnd "$1"
	stop_clean client
	# it is read again with the key
	reload_says 'reloaded, 0 options changed'
	stop_clean server
	echo wrong >"$DIR/pass"
	peer_start server ovpnd
	expect_log server 'passphrase of askpass is not the right one' \
		"a wrong passphrase goes unnoticed"
	daemon_stop server

	SERVER_LINES=askpass
	peer_config_server ovpnd >"$DIR/server.conf"
	{
		sleep 2
		echo sesame
		sleep 10
	} | in_s timeout 12 script -qec "$OVPND --config $DIR/server.conf" \
		/dev/null >"$DIR/server.log" 2>&1 &
	within 12 daemon_says server 'Initialization Sequence Completed' ||
		fail "no start from the terminal"
	daemon_says server 'Enter Private Key Password:' ||
		fail "nobody is asked"
	! daemon_says server sesame || fail "the passphrase is shown"
	wait
	RESULT="by file and on a terminal"
}

# scenario_check: --check says what is wrong, and what will be offloaded
scenario_check() {
	[ -d "$DIR/pki-$KEYS" ] || pki_make "$DIR/pki-$KEYS" "$KEYS"
	SERVER_LINES='compress lzo'
	CIPHER=AES-256-GCM:AES-256-CBC
	WRAP=tls-crypt
	peer_config_server ovpnd | sed 's/^data-path .*//' >"$DIR/server.conf"
	in_s "$OVPND" --check "$DIR/server.conf" >"$DIR/server.log" 2>&1 ||
		fail "--check refuses a good one"
	for line in 'server\.conf: good' 'data path: kernel, or userspace' \
		'offloaded: clients with peer ids .*AES-256-GCM$' \
		'not offloaded: clients that know none .*AES-256-CBC' \
		'warning: .*compress: ignored'; do
		daemon_says server "$line" || fail "--check does not say '$line'"
	done
	! in_s ip link show tun-s >/dev/null 2>&1 || fail "--check makes a device"
	echo 'disable-dco' >>"$DIR/server.conf"
	in_s "$OVPND" --check --config "$DIR/server.conf" 2>&1 |
		grep -q 'nothing is offloaded: .*was configured' ||
		fail "--check does not know disable-dco"
	: >"$DIR/pki-$KEYS/server.crt"
	! in_s "$OVPND" --check "$DIR/server.conf" >"$DIR/server.log" 2>&1 ||
		fail "--check takes an empty certificate"
	daemon_says server 'server\.crt' || fail "--check does not name the file"
	RESULT="a good one, one that is not offloaded, a broken one"
}
