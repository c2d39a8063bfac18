# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What goes on while the server is operated: its configuration is read again, it
# is killed and started again. Sourced by run.

# pings_start SECONDS: one each millisecond, in the background; an address is
# pinged from the client, so that both directions and their keys are needed.
pings_start() {
	pings_start_from c "$1"
}

# pings_start_from SIDE SECONDS
pings_start_from() {
	in_ns "$1" nice -n -15 ping -n -D -i 0.001 -c $(($2 * 1000)) -W 1 \
		"$VPN_S4" >"$DIR/pings" 2>&1 &
	PINGS_PID=$!
	sleep 1
}

# pings_end: sets PINGS_SENT, PINGS_LOST and PINGS_GAP, the longest time without
# an answer, in ms.
pings_end() {
	wait "$PINGS_PID"
	read -r PINGS_SENT PINGS_LOST < <(sed -n \
		's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' \
		"$DIR/pings" | awk '{ print $1, $1 - $2 }')
	PINGS_GAP=$(awk -F '[][]' '/bytes from/ {
		if (before && $2 - before > gap) gap = $2 - before
		before = $2
	} END { printf "%d", 1000 * gap }' "$DIR/pings")
	[ -n "$PINGS_SENT" ] || fail "no pings: $(tail -n 2 "$DIR/pings")"
	say "$PINGS_SENT pings, $PINGS_LOST lost, longest gap $PINGS_GAP ms"
}

# reload_says PATTERN [OPTION...]: ovpnctl has the server reload, and shows this
reload_says() {
	"$OVPNCTL" --control "$DIR/server.sock" "${@:2}" reload \
		>"$DIR/ovpnctl.log" 2>&1
	RELOAD_STATUS=$?
	grep -qE -- "$1" "$DIR/ovpnctl.log" || {
		sed 's/^/#   /' "$DIR/ovpnctl.log"
		fail "ovpnctl reload does not show $1"
	}
}

# doctor_says VERDICT CHECK PATTERN
doctor_says() {
	in_s "$OVPNCTL" --control "$DIR/server.sock" doctor 2>&1 |
		tee "$DIR/ovpnctl.log" |
		grep -qE "^$1 +[^ ]+ +$2 .*($3)"
}

# server_cert_new: another certificate and key for the server, in its place
server_cert_new() {
	local dir=$DIR/pki-$KEYS

	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
		-subj /CN=server -keyout "$dir/new.key" -out "$dir/new.csr" \
		2>>"$dir/openssl.err" &&
		openssl x509 -req -in "$dir/new.csr" -CA "$dir/ca.crt" \
			-CAkey "$dir/ca.key" -days 2 -set_serial 4242 \
			-out "$dir/new.crt" -extfile <(printf '%s\n' \
				extendedKeyUsage=serverAuth \
				keyUsage=digitalSignature) \
			2>>"$dir/openssl.err" || fail "openssl makes no certificate"
	chmod 600 "$dir/new.key"
	mv "$dir/new.key" "$dir/server.key"
	mv "$dir/new.crt" "$dir/server.crt"
}

# scenario_reload CLIENT: the server, without rights to its files, is told by
# signal and by ovpnctl to read them again; what is wrong is refused, nothing is
# lost, and who comes later sees the new ones.
scenario_reload() {
	local conf=$DIR/server.conf first

	connect ovpnd "$1"
	expect_rights server ovpnd
	pings_start 12
	first=$(peer_json server)
	cp "$conf" "$conf.old"

	doctor_says warn certificate 'ends in 1 days' ||
		fail "ovpnctl doctor does not know when the certificate ends"
	doctor_says ok mtu 'tun-mtu' || doctor_says warn mtu 'tun-mtu 1448' ||
		fail "ovpnctl doctor does not look at the MTU"
	doctor_says warn forwarding 'IPv4: is off' ||
		fail "ovpnctl doctor does not look at forwarding"
	in_s "$OVPNCTL" --control "$DIR/server.sock" explain client |
		grep -qE "client: .*offloaded \\(udp\\): ." ||
		fail "ovpnctl explain says nothing of the client"
	! in_s "$OVPNCTL" --control "$DIR/server.sock" explain nobody \
		2>/dev/null || fail "ovpnctl explains a client that is not there"

	reload_says 'reloaded, 0 options changed'
	[ "$RELOAD_STATUS" = 0 ] || fail "ovpnctl reload: status $RELOAD_STATUS"

	echo 'no-such-option 1' >>"$conf"
	reload_says "server\.conf:$(wc -l <"$conf"): .*no-such-option"
	[ "$RELOAD_STATUS" = 1 ] || fail "ovpnctl reload: status $RELOAD_STATUS"
	kill -HUP "${DAEMON_PID[server]}"
	within 5 daemon_says server 'not reloaded.*no-such-option' ||
		fail "SIGHUP: the mistake is not in the log"
	cp "$conf.old" "$conf"
	: >"$DIR/pki-$KEYS/server.crt"
	reload_says 'cert: .*server\.crt" is empty'

	server_cert_new
	cat >>"$conf" <<-EOT
		push "route 198.51.100.0 255.255.255.0"
		lport 1195
	EOT
	kill -HUP "${DAEMON_PID[server]}"
	within 5 daemon_says server 'configuration reloaded, 4 options' ||
		fail "SIGHUP: not reloaded"
	daemon_says server 'next key exchange on: cert .*, key ' &&
		daemon_says server 'connect from now on: push .*server.conf' &&
		daemon_says server 'not in use before a restart: lport .*conf' ||
		fail "what has changed is not reported"
	reload_says '"effect": *"restart"' --json
	pings_end
	[ "$PINGS_LOST" = 0 ] || fail "$PINGS_LOST pings lost"
	daemon_is_running client &&
		[ "$(grep -c 'Initialization Sequence' "$DIR/client.log")" = 1 ] ||
		fail "the client was dropped"
	[ "$(grep '"client_id"' <<<"$first")" = \
		"$(grep '"client_id"' <<<"$(peer_json server)")" ] ||
		fail "the server has another tunnel for the client"

	stop_clean client
	peer_start client "$1"
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "the client does not connect with the new certificate"
	in_c ip route show dev tun-c | grep -q '^198\.51\.100\.0/24' ||
		fail "the new route was not pushed"
	traffic_ping "$VPN_S4" || fail "ping over IPv4"
	RESULT="$PINGS_SENT pings over six reloads, none lost"
	stop_clean client
	stop_clean server
}

ctl() {
	in_s "$OVPNCTL" --control "$DIR/server.sock" "$@" 2>&1
}

# ctl_says PATTERN WORD...: what ovpnctl says to it
ctl_says() {
	local pattern=$1 text

	shift
	text=$(ctl "$@")
	grep -qE -- "$pattern" <<<"$text" ||
		fail "ovpnctl $*: \"$text\" without \"$pattern\""
}

has_no_session() {
	! ctl session show client >/dev/null
}

monitor_says() {
	grep -qE -- "$1" "$DIR/monitor.log"
}

# scenario_watch CLIENT: ovpnctl shows the session, tells what happens, and ends a
# client by its number, its name and its address.
scenario_watch() {
	local number pid

	RENEG_S=$((6 * SCALE)) RENEG_C=0
	CLIENT_LINES="connect-retry 1 1"
	connect ovpnd "$1"
	daemon_start monitor s "$OVPNCTL" --control "$DIR/server.sock" monitor
	daemon_start monitor-json s "$OVPNCTL" -j --control "$DIR/server.sock" \
		monitor
	ctl_says 'state +generated-keys' session show
	ctl_says 'session +[0-9a-f]{16}$' session show client
	ctl_says 'renewed in +00:0' session client dev tun-s
	ctl_says '"key_id": 0' -j session show 10.8.0.2
	ctl_says 'no client with a session' session show nobody
	within $((12 * SCALE)) monitor_says 'client/.*: new key, AES' ||
		fail "the monitor does not see a new key"
	ctl_says 'key id +1$' session show

	number=$(ctl -j peer show | sed -n 's/.*"id": *\([0-9]*\).*/\1/p')
	ctl_says "peer $number client: ended" peer kill "$number"
	within 5 daemon_says client 'restart' ||
		fail "$1 does not hear that it is to restart"
	within 20 connected_times client 2 || fail "$1 does not come back"
	within 5 monitor_says 'client/.*: gone: ' ||
		fail "the monitor does not see a client go"
	within 5 monitor_says 'client/.*: connected, address 10\.8\.' ||
		fail "the monitor does not see a client come"
	traffic_ping "$VPN_S4" || fail "ping"
	ctl_says 'client: ended' peer kill client restart
	within 20 connected_times client 3 || fail "$1 does not come back again"
	ctl_says 'no client is called nobody' peer kill nobody
	ctl_says 'client: ended' peer kill 192.0.2.2 halt 'closed for today'
	within 10 daemon_has_ended client || fail "$1 goes on"
	daemon_says client 'closed for today' || fail "$1 is not told the reason"
	within 5 has_no_session || fail "its session is still shown"
	daemon_stop client
	grep '^{' "$DIR/monitor-json.log" |
		jq -es 'map(.event) | index("key") and index("gone")' \
			>/dev/null ||
		fail "what ovpnctl -j monitor prints is something else"
	stop_clean server
	within 5 daemon_has_ended monitor || fail "the monitor goes on"
	monitor_says 'has ended$' || fail "the monitor does not say why it ends"
	RESULT="session, monitor, three kills"
}

# server_again kill|restart: it ends without a word to anybody, and comes back
server_again() {
	local pid=${DAEMON_PID[server]} status

	# the shell's own remark about a killed child is not wanted
	{
		if [ "$1" = kill ]; then
			kill -KILL "$pid"
		else
			in_s "$OVPNCTL" --control "$DIR/server.sock" restart
		fi
		wait "$pid"
		status=$?
	} 2>/dev/null
	[ "$1:$status" = kill:137 ] || [ "$1:$status" = restart:75 ] ||
		fail "$1: ovpnd ends with status $status"
	unset "DAEMON_PID[server]"
	peer_start server ovpnd
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server does not start again"
}

# scenario_kill CLIENT: ovpnd is killed, told to restart, and killed again, while
# pings pass each millisecond. The client does not notice; its data keys go on,
# and are renegotiated when it is time, in the same session.
scenario_kill() {
	local first how

	SERVER_LINES+="
restart-hold 20"
	RENEG_S=$((14 * SCALE)) RENEG_C=0
	connect ovpnd "$1"
	expect_data_path server ovpnd
	first=$(peer_json server)
	pings_start 8
	for how in kill restart kill; do
		server_again $how
		daemon_says server '1 peers of an earlier run go on' ||
			fail "the client's session is not taken over"
		sleep 1
	done
	echo 'hand-window 50' >>"$DIR/server.conf"
	reload_says 'reloaded, 1 option changed'
	pings_end
	[ "$PINGS_LOST" = 0 ] ||
		fail "$PINGS_LOST of $PINGS_SENT pings lost"
	[ "$PINGS_GAP" -le $((1000 * SCALE)) ] ||
		fail "no answer for $PINGS_GAP ms"
	expect_same_peer "$first"

	# the next key exchange, begun by who does not know the TLS session
	first=$(peer_key server ovpnd)
	within 25 key_has_changed server ovpnd "$first" ||
		fail "no renegotiation after the restart"
	traffic_ping "$VPN_S4" || fail "ping over IPv4 after it"
	traffic_ping "$VPN_S6" || fail "ping over IPv6 after it"
	! daemon_says client 'SIGUSR1|Restart pause|TLS Error' ||
		fail "the client has noticed"
	[ "$(grep -c 'Initialization Sequence' "$DIR/client.log")" = 1 ] ||
		fail "the client was dropped"
	RESULT="away three times: $PINGS_LOST of $PINGS_SENT pings lost, "
	RESULT+="longest gap $PINGS_GAP ms"
	stop_clean client
	stop_clean server
	[ -z "$(holders)" ] || fail "ovpnd-keep is left: $(holders)"
}

# scenario_kill_login CLIENT: the same with a password that is good only once, as
# of a token generator: nobody is asked for another one.
scenario_kill_login() {
	script_write verify '{ read -r username; read -r password; } <"$1"
		echo "$username $password" >>"$OUT/asked"
		[ "$(wc -l <"$OUT/asked")" = 1 ]'
	SERVER_LINES="script-security 2
auth-user-pass-verify $DIR/verify via-file
auth-gen-token"
	CLIENT_LINES="auth-user-pass $DIR/login
auth-nocache"
	login_files alice 123456
	scenario_kill "$1"
	[ "$(n_asked)" = 1 ] || fail "the program was asked $(n_asked) times"
	RESULT+="; one password"
}

# scenario_kill_told CLIENT: programs, the status and the management interface go
# on, too: who was there before is known to each, and its end is told.
scenario_kill_told() {
	local since

	MGMT=127.0.0.1:7505
	script_write script 'env >"$OUT/env-$script_type"
		echo "$*" >>"$OUT/args-$script_type"'
	SERVER_LINES="management 127.0.0.1 7505
		management-client-auth
		verify-client-cert none
		username-as-common-name
		restart-hold 20
		script-security 2
		client-disconnect $DIR/script
		learn-address $DIR/script"
	CLIENT_LINES="auth-user-pass $DIR/login
		push-peer-info
		setenv UV_PLACE here"
	RENEG_S=$((12 * SCALE)) RENEG_C=0
	login_files alice secret
	server_starts
	peer_start client "$1" sh -c 'sleep 1; exec "$@"' sh
	mgmt_ask first ovpnd <<-'EOT'
		< CLIENT:CONNECT,0,([0-9]+)
		= KID
		< ENV,END
		> client-auth 0 $KID
		> iroute 10.77.0.0 255.255.255.0
		> END
		< SUCCESS
		< ESTABLISHED
		< ENV,END
	EOT
	since=$(sed -n 's/^>CLIENT:ENV,\(time_unix=[0-9]*\).*/\1/p' \
		"$DIR/first.ovpnd" | tail -n 1)
	daemon_wait_for client 'Initialization Sequence Completed' 10 ||
		fail "the client does not connect"
	sleep 2
	server_again kill
	daemon_says server '1 peers of an earlier run go on' ||
		fail "the client's session is not taken over"
	# there is no status file
	kill -USR2 "${DAEMON_PID[server]}"
	daemon_wait_for server '10\.77\.0\.0/24,alice,192\.0\.2\.2' 5 ||
		fail "SIGUSR2 does not write the status to the log"
	mgmt_ask second ovpnd <<-'EOT'
		> status 3
		< ROUTING_TABLE.10\.77\.0\.0/24.alice
		< END
		< CLIENT:(?:CONNECT|REAUTH),0,([0-9]+)
		= KID
		< ENV,END
		> client-auth-nt 0 $KID
		< SUCCESS
		> client-kill 0
		< SUCCESS
		< DISCONNECT,0
		< ENV,END
	EOT
	grep -q '^>CLIENT:REAUTH,0,' "$DIR/second.ovpnd" ||
		fail "the renegotiation is told as another connect"
	expect_out env-client-disconnect '^common_name=alice$' '^IV_VER=' \
		'^UV_PLACE=here$' "^${since:-none}\$" \
		'^ifconfig_pool_remote_ip=10\.8\.0\.2$' '^time_duration=[1-9]'
	expect_out args-learn-address '^delete 10\.8\.0\.2$' \
		'^delete 10\.77\.0\.0/24$'
	daemon_stop client
	stop_clean server
	RESULT="reauth, disconnect, learn-address and networks of a survivor"
}

# client_again HOW N ADDRESS WORDS: another server, whose log has these words of the
# client, which has to connect for the Nth time and gets its address again. Adds how
# long that takes to "took".
client_again() {
	local begun

	begun=$(date +%s%N)
	server_again "$1"
	daemon_says server "client: has to connect again$4" ||
		fail "$1: the log does not say who has to connect again"
	within 15 connected_times client "$2" ||
		fail "$1: the client has not come back"
	took="$took $((($(date +%s%N) - begun) / 1000000)) ms"
	within 5 ping_ready || fail "$1: no traffic after that"
	[[ $(in_c ip -o address show dev tun-c) == *"$3"/* ]] ||
		fail "$1: the client has another address"
}

# scenario_kill_tcp CLIENT: connections end with the process, which the next one
# says, and the client notices at once. The port, the device, the client's
# addresses and its token outlive it: it comes back within seconds, to what it had,
# though another one could have taken its place, and nobody is asked for a password
# that was good once.
scenario_kill_tcp() {
	local index took='' how n=1

	script_write verify '{ read -r username; read -r password; } <"$1"
		echo "$username $password" >>"$OUT/asked"
		[ "$(grep -c "^$username " "$OUT/asked")" = 1 ]'
	# a token is good for two of these times
	RENEG_S=600
	SERVER_LINES="restart-hold 20
		script-security 2
		auth-user-pass-verify $DIR/verify via-file
		auth-gen-token"
	CLIENT_LINES="connect-retry 1 1
		auth-user-pass $DIR/login"
	login_files bob 111111
	peer_start server ovpnd
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server does not start"
	# takes the first address, and is not there any more when it matters
	peer_start_second "$1"
	daemon_wait_for client2 'Initialization Sequence Completed' 20 ||
		fail "the other client does not connect"
	login_files alice 123456
	peer_start client "$1"
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "the client does not connect"
	[[ $(in_c ip -o address show dev tun-c) == *10.8.0.3/* ]] ||
		fail "the client has the other one's address"
	daemon_stop client2
	index=$(in_s cat /sys/class/net/tun-s/ifindex)
	for how in kill restart; do
		n=$((n + 1))
		client_again $how $n 10.8.0.3 \
			': its TCP connection has ended with the process'
		[ "$(in_s cat /sys/class/net/tun-s/ifindex)" = "$index" ] ||
			fail "$how: the device is another one"
	done
	[ "$(grep -c alice "$DIR/out/asked")" = 1 ] ||
		fail "the program was asked again"
	RESULT="device, address and token stay, the client is back after$took"
	daemon_stop client
	stop_clean server
}

# scenario_kill_away CLIENT: more lies behind the client than is kept. The next
# process tells it to come again, as soon as it is there, and nobody is asked for a
# password that was good once.
scenario_kill_away() {
	local took='' how n=1 lines

	mapfile -t lines < <(seq -f 'iroute 10.77.%g.0 255.255.255.0' 1 25)
	ccd_write client "${lines[@]}"
	script_write verify '{ read -r username; read -r password; } <"$1"
		echo "$username $password" >>"$OUT/asked"
		[ "$(wc -l <"$OUT/asked")" = 1 ]'
	RENEG_S=600
	SERVER_LINES="restart-hold 20
		client-config-dir $DIR/ccd
		script-security 2
		auth-user-pass-verify $DIR/verify via-file
		auth-gen-token"
	CLIENT_LINES="connect-retry 1 1
		auth-user-pass $DIR/login
		auth-nocache"
	login_files alice 123456
	connect ovpnd "$1"
	expect_data_path server ovpnd
	for how in kill restart kill; do
		n=$((n + 1))
		client_again $how $n 10.8.0.2 \
			', and is told so: it could not be kept'
	done
	! daemon_says client 'Inactivity timeout' ||
		fail "the client has found out by itself"
	[ "$(n_asked)" = 1 ] || fail "the program was asked $(n_asked) times"
	RESULT="told by the next process, the client is back after$took"
	stop_clean client
	stop_clean server
}

ping_ready() {
	in_c ping -q -c 1 -W 1 -I tun-c "$VPN_S4" >/dev/null
}

holders() {
	local pid

	for pid in $(ip netns pids "$NET-s"); do
		grep -sl '^ovpnd-keep' "/proc/$pid/comm"
	done
}

# expect_same_peer JSON: name, ids and addresses of the client are what they were
expect_same_peer() {
	local now key

	now=$(peer_json server)
	for key in id client_id common_name vpn4 vpn6 remote cipher since; do
		[ "$(grep "\"$key\"" <<<"$1")" = "$(grep "\"$key\"" <<<"$now")" ] ||
			fail "$key of the client was $(grep "\"$key\"" <<<"$1"), is $(grep "\"$key\"" <<<"$now")"
	done
}

# scenario_iroute_live CLIENT: networks behind a client that is connected follow its
# file at SIGHUP, as does "disable"; those of a program stay.
scenario_iroute_live() {
	in_c ip address add 10.77.0.1/24 dev lo
	in_c ip address add 10.78.0.1/24 dev lo
	in_c ip address add 10.76.0.1/24 dev lo
	in_c ip address add fd00:77::1/64 dev lo nodad
	net_state c >"$DIR/state-c"
	script_write script '
		[ "$script_type" = learn-address ] ||
			exec echo "iroute 10.76.0.0 255.255.255.0" >"$1"
		echo "$*" >>"$OUT/learn"
		[ "$2" != 10.66.0.0/24 ]'
	ccd_write client 'iroute 10.77.0.0 255.255.255.0' 'iroute-ipv6 fd00:77::/64'
	SERVER_LINES="client-config-dir $DIR/ccd
		script-security 2
		client-connect $DIR/script
		learn-address $DIR/script"
	connect ovpnd "$1"
	expect_data_path server ovpnd
	within 3 ping_from s "$VPN_S4" 10.77.0.1 &&
		within 3 ping_from s "$VPN_S4" 10.76.0.1 ||
		fail "the networks behind the client are out of reach"

	iroutes_are 'iroute 10.78.0.0 255.255.255.0' \
		'iroute 10.66.0.0 255.255.255.0' 'iroute-ipv6 fd00:77::/64'
	within 5 has_route s '^10\.78\.0\.0/24 ' ||
		fail "the network that is new has no route"
	has_no_route s '^10\.77\.' || fail "the old network still has a route"
	! ping_from s "$VPN_S4" 10.77.0.1 || fail "the old network is within reach"
	! ping_from c 10.77.0.1 "$VPN_S4" ||
		fail "the client may still send from the old network"
	within 3 ping_from s "$VPN_S4" 10.78.0.1 && ping_from c 10.78.0.1 "$VPN_S4" ||
		fail "the new network is out of reach"
	ping_from s "$VPN_S4" 10.76.0.1 ||
		fail "the program's network has gone"
	ping_from s "$VPN_S6" fd00:77::1 || fail "the IPv6 network has gone"
	has_no_route s '^10\.66\.' ||
		fail "a network that learn-address refuses is routed"
	expect_out learn '^delete 10\.77\.0\.0/24$' \
		'^add 10\.78\.0\.0/24 client$' '^add 10\.66\.0\.0/24 client$'

	rm "$DIR/ccd/client"
	kill -HUP "${DAEMON_PID[server]}"
	within 5 has_no_route s '^10\.78\.' ||
		fail "a network without a file still has a route"
	ping_from s "$VPN_S4" 10.76.0.1 ||
		fail "the program's network has gone with the file"
	[ "$(grep -c 'Initialization Sequence' "$DIR/client.log")" = 1 ] ||
		fail "the client has connected again"

	ccd_write client disable
	kill -HUP "${DAEMON_PID[server]}"
	within 10 daemon_says client AUTH_FAILED ||
		fail "a client that is disabled stays connected"
	within 10 out_says learn '^delete 10\.76\.0\.0/24$' ||
		fail "the network of a client that has gone is not deleted"
	daemon_stop client
	! out_says learn 'delete 10\.66' || fail "deletes what it never had"
	stop_clean server
	RESULT="data path: server $(peer_data_path ovpnd)"
}

# iroutes_are LINE...: the file of the client from now on
iroutes_are() {
	ccd_write client "$@"
	kill -HUP "${DAEMON_PID[server]}"
	daemon_wait_for server 'configuration reloaded' 5 || fail "not reloaded"
}

# scenario_push_live CLIENT: what a client that is connected is pushed follows its
# file and the server's own lines at SIGHUP.
scenario_push_live() {
	ccd_write client 'push "route 10.91.0.0 255.255.0.0"'
	SERVER_LINES="client-config-dir $DIR/ccd"
	connect ovpnd "$1"
	on_tunnel 10.91.0.0/16 || fail "the pushed route is missing"
	ccd_write client 'push "route 10.93.0.0 255.255.0.0"'
	kill -HUP "${DAEMON_PID[server]}"
	soon on_tunnel 10.93.0.0/16 || fail "there is no new route"
	off_tunnel 10.91.0.0/16 || fail "the old route is still there"
	within 10 is_up_again || fail "no traffic after the client's file has changed"
	echo 'push "route 10.94.0.0 255.255.0.0"' >>"$DIR/server.conf"
	kill -HUP "${DAEMON_PID[server]}"
	soon on_tunnel 10.94.0.0/16 || fail "there is no route of the server's"
	on_tunnel 10.93.0.0/16 || fail "the route of the client's file has gone"
	within 10 is_up_again || fail "no traffic after the server's file has changed"
	! daemon_says client 'SIGUSR1|Offending' ||
		fail "the client has connected again"
	RESULT="routes of a connected client changed by files"
	stop_clean client
	stop_clean server
}

# scenario_route_name CLIENT: a server's route to a name, of which a name server knows
# that takes its time; clients do not wait for it.
scenario_route_name() {
	wildcard_start s 10.99.7.1 4
	SERVER_LINES='route inner.vpn.test 255.255.255.0
		route 10.98.0.0 255.255.0.0'
	server_starts
	has_route s '^10\.98\.0\.0/16 .*tun-s' || fail "no route to a network"
	client_connects "$1"
	has_no_route s '^10\.99\.' ||
		fail "the name server has not taken its time"
	! daemon_says server 'not resolved' ||
		fail "a name that is being asked for is given up"
	within 8 has_route s '^10\.99\.7\.0/24 .*tun-s' ||
		fail "no route to the name"
	daemon_stop wildcard
	wildcard_start s 10.99.8.1 0
	kill -HUP "${DAEMON_PID[server]}"
	within 8 has_route s '^10\.99\.8\.0/24 .*tun-s' ||
		fail "the route does not follow the name"
	has_no_route s '^10\.99\.7\.' || fail "the old route is left"
	# what nobody knows leaves it where it is
	daemon_stop wildcard
	kill -HUP "${DAEMON_PID[server]}"
	sleep 2
	has_route s '^10\.99\.8\.0/24 .*tun-s' ||
		fail "without a name server the route has gone"
	stop_clean client
	stop_clean server
	RESULT="route to a name, after 4 s, and to another address"
}
