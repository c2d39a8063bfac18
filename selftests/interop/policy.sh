# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What ovpnd's administrator says about single clients. Sourced by run.

# ccd_write NAME LINE...: the file of a client.
ccd_write() {
	local file=$DIR/ccd/$1

	shift
	mkdir -p "$DIR/ccd"
	chmod 755 "$DIR" "$DIR/ccd"
	printf '%s\n' "$@" >"$file"
	chmod 644 "$file"
}

# has_route s|c PATTERN: does a route of the namespace match it?
has_route() {
	grep -qE "$2" <<<"$(in_ns "$1" ip route show
		in_ns "$1" ip -6 route show)"
}

has_no_route() {
	! has_route "$@"
}

# has_address DEVICE ADDRESS: has the client's device it?
has_address() {
	grep -qF " $2 " <<<"$(in_c ip -o address show dev "$1")"
}

# ping_from s|c SOURCE DESTINATION
ping_from() {
	in_ns "$1" ping -n -q -c 1 -W 1 -I "$2" "$3" >/dev/null 2>&1
}

server_starts() {
	peer_start server ovpnd
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "ovpnd does not start"
}

# client_connects PROGRAM
client_connects() {
	peer_start client "$1"
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "the client ($1) does not connect"
}

# second_connects PROGRAM
second_connects() {
	peer_start_second "$1"
	daemon_wait_for client2 'Initialization Sequence Completed' 20 ||
		fail "the second client ($1) does not connect"
}

# A network behind the client: addresses in its namespace.
behind_client_up() {
	in_c ip address add 10.77.0.1/24 dev lo
	in_c ip address add fd00:77::1/64 dev lo nodad
	net_state c >"$DIR/state-c"
}

# scenario_ccd CLIENT: its address, what it is pushed, and a network behind it
# come from client-config-dir; another client gets an address of the pool, which
# is written down; "disable" keeps the first out.
scenario_ccd() {
	local ipp=$DIR/pool/ipp.txt

	mkdir -p "$DIR/pool"
	chmod 777 "$DIR/pool"
	chmod 755 "$DIR"
	echo 'client2,10.8.0.50,fd00:8::1030' >"$ipp"
	chmod 666 "$ipp"
	ccd_write client 'ifconfig-push 10.8.0.77 255.255.255.0' \
		'ifconfig-ipv6-push fd00:8::77/64' \
		'iroute 10.77.0.0 255.255.255.0' 'iroute-ipv6 fd00:77::/64' \
		'no-such-option' \
		'push "route 10.79.0.0 255.255.255.0"'
	SERVER_LINES="client-config-dir $DIR/ccd
		ifconfig-pool-persist $ipp
		push \"route 10.77.0.0 255.255.255.0\"
		push \"route 10.78.0.0 255.255.255.0\""
	behind_client_up
	server_starts
	client_connects "$1"
	has_address tun-c 10.8.0.77/24 ||
		fail "the client has not the address of its file"
	has_address tun-c fd00:8::77/64 ||
		fail "the client has not the IPv6 address of its file"
	within 3 has_route c '^10\.78\.0\.0/24 .*tun-c' &&
		has_route c '^10\.79\.0\.0/24 .*tun-c' ||
		fail "the client lacks a route of the server's file, or of its own"
	has_no_route c '^10\.77\.0\.0/24 .*tun-c' ||
		fail "the client was pushed a route to itself"
	daemon_says server 'ccd/client:5: unknown option "no-such-option"' ||
		fail "the wrong line is not reported"
	within 3 ping_from s "$VPN_S4" 10.77.0.1 ||
		fail "the network behind the client is out of reach"
	within 3 ping_from s "$VPN_S6" fd00:77::1 ||
		fail "the IPv6 network behind the client is out of reach"
	ping_from c 10.77.0.1 "$VPN_S4" ||
		fail "the network behind the client does not reach the server"

	# another one: no file, an address that it had before
	second_connects "$1"
	has_address tun-d 10.8.0.50/24 ||
		fail "the second client has not the address of ipp.txt"
	daemon_stop client2

	stop_clean client
	within 5 has_no_route s '^10\.77\.' ||
		fail "the route to a client that has gone is left"
	ccd_write client disable
	peer_start client "$1"
	daemon_wait_for client AUTH_FAILED 20 || fail "disable lets the client in"
	daemon_stop client
	stop_clean server
	grep -q '^client2,10\.8\.0\.50,fd00:8::1030$' "$ipp" || {
		sed 's/^/#   /' "$ipp"
		fail "ipp.txt has lost an address"
	}
	RESULT="data path: server $(peer_data_path ovpnd)"
}

# scenario_net30 CLIENT: four addresses for each client, by the pool, by a line of
# ipp.txt as OpenVPN has written it, and by a client's file.
scenario_net30() {
	mkdir -p "$DIR/pool"
	chmod 777 "$DIR/pool"
	echo 'client2,10.8.0.40,' >"$DIR/pool/ipp.txt"
	chmod 666 "$DIR/pool/ipp.txt"
	SERVER_LINES="remap-usr1 SIGTERM
		topology net30
		client-config-dir $DIR/ccd
		ifconfig-pool-persist $DIR/pool/ipp.txt"
	ccd_write nobody disable
	server_starts
	client_connects "$1"
	has_address tun-c 10.8.0.6 || fail "the client has not 10.8.0.6"
	has_route c '^10\.8\.0\.5 dev tun-c .*10\.8\.0\.6' ||
		fail "the other end of its link is not 10.8.0.5"
	has_route c '^10\.8\.0\.1 via 10\.8\.0\.5 dev tun-c' ||
		fail "no route to the server"
	traffic_ping "$VPN_S4" || fail "no traffic"
	second_connects "$1"
	has_address tun-d 10.8.0.42 ||
		fail "the second client has not the address of ipp.txt"
	daemon_stop client2
	stop_clean client
	ccd_write client 'ifconfig-push 10.8.0.90 10.8.0.89'
	client_connects "$1"
	has_address tun-c 10.8.0.90 || fail "ifconfig-push does not count"
	traffic_ping "$VPN_S4" || fail "no traffic with it"
	stop_clean client
	kill -USR1 "${DAEMON_PID[server]}"
	within 5 daemon_has_ended server || fail "remap-usr1 does not count"
	stop_clean server
	grep -qx 'client2,10.8.0.40,fd00:8::1009' "$DIR/pool/ipp.txt" &&
		grep -qx 'client,10.8.0.4,fd00:8::1000' "$DIR/pool/ipp.txt" || {
		sed 's/^/#   /' "$DIR/pool/ipp.txt"
		fail "ipp.txt is not as OpenVPN writes it"
	}
	RESULT="10.8.0.6, 10.8.0.42, 10.8.0.90"
}

# script_write NAME LINE...: a program for ovpnd; $OUT is a folder for it.
script_write() {
	local file=$DIR/$1

	shift
	mkdir -p "$DIR/out"
	chmod 755 "$DIR"
	chmod 777 "$DIR/out"
	printf '%s\n' '#!/bin/sh' "OUT=$DIR/out" \
		'export PATH=/usr/sbin:/usr/bin:/sbin:/bin' "$@" >"$file"
	chmod 755 "$file"
}

# out_says FILE PATTERN: has a program written it?
out_says() {
	grep -qE -- "$2" "$DIR/out/$1" 2>/dev/null
}

# expect_out FILE PATTERN...: each, soon.
expect_out() {
	local file=$1

	shift
	for pattern in "$@"; do
		within 5 out_says "$file" "$pattern" && continue
		say "$file:"
		sort "$DIR/out/$file" 2>/dev/null | sed 's/^/#   /'
		fail "$file does not say '$pattern'"
	done
}

# scenario_dhcp_options SERVER: what a server pushes about names reaches "up" of
# ovpnd, in the variables of OpenVPN, and so do those of its own configuration.
scenario_dhcp_options() {
	script_write script 'env >"$OUT/env-$script_type"'
	EXTRA[server]='push "dhcp-option DNS 10.8.0.53"
push "dhcp-option DNS6 fd00:8::53"
push "dhcp-option DOMAIN-SEARCH inner.test"
push "redirect-gateway def1 ipv6"'
	EXTRA[client]="script-security 2
route-noexec
dhcp-option DOMAIN own.test
up $DIR/script
down $DIR/script"
	connect "$1" ovpnd
	expect_out env-up '^foreign_option_1=dhcp-option DOMAIN own\.test$' \
		'^foreign_option_2=dhcp-option DNS 10\.8\.0\.53$' \
		'^foreign_option_3=dhcp-option DNS6 fd00:8::53$' \
		'^foreign_option_4=dhcp-option DOMAIN-SEARCH inner\.test$' \
		'^route_redirect_gateway_ipv4=1$' \
		'^route_redirect_gateway_ipv6=1$'
	# that is told when it has happened
	! grep -q '^redirect_gateway=' "$DIR/out/env-up" ||
		fail "up hears of routes that are not there"
	stop_clean client
	expect_out env-down '^foreign_option_2=dhcp-option DNS 10\.8\.0\.53$' \
		'^redirect_gateway=1$'
	stop_clean server
	RESULT="four options for up and down"
}

# scenario_scripts CLIENT: client-connect gives an address, a network and a
# pushed route, late; learn-address hears of them and forbids another; a program
# that hangs holds up only its own client; the programs of the device.
scenario_scripts() {
	local script=$DIR/script

	script_write script 'if [ "$script_type" = client-connect ]; then
			[ ! -e "$OUT/hang-$common_name" ] || exec sleep 600
			[ ! -e "$OUT/refuse-$common_name" ] || exit 1
			env >"$OUT/env-connect"
			printf 2 >"$client_connect_deferred_file"
			(sleep 1
			{
				echo "ifconfig-push 10.8.0.88 255.255.255.0"
				echo "iroute 10.77.0.0 255.255.255.0"
				echo "iroute 10.66.0.0 255.255.255.0"
				echo "push \"route 10.79.0.0 255.255.255.0\""
			} >"$1"
			printf 1 >"$client_connect_deferred_file") &
			exit 0
		fi
		[ "$script_type" != learn-address ] || {
			echo "$script_type $*" >>"$OUT/learn"
			[ "$2" != 10.66.0.0/24 ]
			exit
		}
		env >"$OUT/env-$script_type"
		echo "$(id -un): $*" >"$OUT/args-$script_type"'
	# of gateways they are told where there are routes
	SERVER_LINES="script-security 2
		route 10.55.0.0 255.255.255.0
		route-ipv6 fd00:55::/64
		setenv ADMIN yes
		client-connect $script
		client-disconnect $script
		learn-address $script
		up \"$script first\"
		route-up $script
		route-pre-down $script
		down $script"
	behind_client_up
	in_s ip route add default via 192.0.2.77
	in_s ip -6 route add default via 2001:db8::77
	net_state s >"$DIR/state-s"
	server_starts
	expect_out args-up \
		'^root: first tun-s 1500 0 10\.8\.0\.1 255\.255\.255\.0 init$'
	expect_out env-up '^script_type=up$' '^dev=tun-s$' '^ADMIN=yes$' \
		'^ifconfig_local=10\.8\.0\.1$' '^script_context=init$' \
		'^dev_type=tun$' '^route_net_gateway=192\.0\.2\.77$' \
		'^net_gateway_ipv6=2001:db8::77$'
	expect_out env-route-up '^ifconfig_ipv6_local=fd00:8::1$'
	client_connects "$1"
	has_address tun-c 10.8.0.88/24 ||
		fail "the client has not the address of client-connect"
	within 3 has_route c '^10\.79\.0\.0/24 .*tun-c' ||
		fail "the client lacks the route of client-connect"
	within 3 ping_from s "$VPN_S4" 10.77.0.1 ||
		fail "the network behind the client is out of reach"
	expect_out env-connect '^common_name=client$' '^trusted_ip=192\.0\.2\.2$' \
		'^ifconfig_pool_remote_ip=10\.8\.0\.2$' '^IV_PLAT=linux$' \
		'^tls_id_0=CN=client$' '^time_unix=[0-9]+$' \
		'^ifconfig_pool_netmask=255\.255\.255\.0$'
	expect_out learn '^learn-address add 10\.8\.0\.88 client$' \
		'^learn-address add 10\.77\.0\.0/24 client$' \
		'^learn-address add 10\.66\.0\.0/24 client$'
	has_no_route s '^10\.66\.' ||
		fail "a network that learn-address refuses is routed"

	# one client hangs, the others go on
	touch "$DIR/out/hang-client2"
	peer_start_second "$1"
	daemon_wait_for server 'client2/.*admission' 10 ||
		fail "the second client does not come as far as its program"
	traffic_ping "$VPN_S4" || fail "traffic beside a program that hangs"
	daemon_stop client
	expect_out env-client-disconnect '^bytes_received=[1-9][0-9]{3,}$' \
		'^bytes_sent=[1-9][0-9]{3,}$' '^time_duration=[0-9]+$'
	expect_out learn '^learn-address delete 10\.8\.0\.88$' \
		'^learn-address delete 10\.77\.0\.0/24$'
	! out_says learn 'delete 10\.66' || fail "deletes what it never had"
	client_connects "$1"
	daemon_stop client
	daemon_stop client2

	touch "$DIR/out/refuse-client"
	peer_start client "$1"
	daemon_wait_for client AUTH_FAILED 20 ||
		fail "client-connect lets a client in that it refuses"
	daemon_stop client
	daemon_stop server
	expect_out env-route-pre-down '^script_type=route-pre-down$'
	expect_out args-down '^root: tun-s 1500 0 10\.8\.0\.1 255\.255\.255\.0 init$'
	[ "${DAEMON_STATUS[server]}" = 0 ] ||
		fail "the server ended with status ${DAEMON_STATUS[server]}"
	within 3 net_is_clean s || fail "the server left something behind"
	RESULT="data path: server $(peer_data_path ovpnd)"
}

# login_files NAME PASSWORD: what the client logs in with.
login_files() {
	printf '%s\n%s\n' "$1" "$2" >"$DIR/login"
	chmod 600 "$DIR/login"
}

# n_asked: how often the program has been asked.
n_asked() {
	wc -l <"$DIR/out/asked"
}

# key_has_changed ROLE PROGRAM BEFORE
key_has_changed() {
	[ "$(peer_key "$1" "$2")" != "$3" ]
}

# scenario_login CLIENT: user name and password decide, without a certificate; the
# answer may come late, or be no, with a reason; in a renegotiation a token
# stands for the password, and the program is not asked again.
scenario_login() {
	local before

	script_write verify 'case $# in
		1) { read -r username; read -r password; } <"$1" ;;
		esac
		echo "$username $password $session_state $untrusted_ip" \
			>>"$OUT/asked"
		case $username:$password in
		alice:secret) exit 0 ;;
		grace:*) [ ${#password} = 600 ]; exit ;;
		carol:*)	# says so later
			(sleep 1; printf 1 >"$auth_control_file") &
			exit 2 ;;
		dave:*)
			(sleep 1
			echo "come back tomorrow" >"$auth_failed_reason_file"
			printf 0 >"$auth_control_file") &
			exit 2 ;;
		erin:*) exec sleep 600 ;;
		frank:*)
			[ ! -e "$OUT/frank" ] || exit 0
			printf "%s\n" 20 webauth WEB_AUTH::https://192.0.2.1/ \
				>"$auth_pending_file"
			[ "$IV_SSO" ] || printf "" >"$auth_pending_file"
			touch "$OUT/frank"
			(sleep 1; printf 0 >"$auth_control_file") &
			exit 2 ;;
		esac
		exit 1'
	SERVER_LINES="script-security 3
		auth-user-pass-verify $DIR/verify $1
		verify-client-cert none
		username-as-common-name
		auth-gen-token 0 4"
	CLIENT_LINES="auth-user-pass $DIR/login"
	RENEG_S=5
	login_files alice secret
	server_starts
	peer_start client "$2" && sed -i '/^cert\|^key/d' "$DIR/client.conf"
	daemon_stop client
	client_without_cert() {
		daemon_start client c "${COMMAND[@]}" --config "$DIR/client.conf"
	}
	rm -f "$DIR/out/asked"
	client_without_cert
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "alice does not come in"
	expect_out asked '^alice secret Initial 192\.0\.2\.2$'
	daemon_says server 'alice/192\.0\.2\.2:[0-9]+: connected' ||
		fail "the user name is not the common name"
	within 5 traffic_ready || fail "no traffic through the tunnel"

	# a token in the place of the password; the first one expires after 8 s
	for _ in 1 2 3; do
		before=$(peer_key server ovpnd)
		within 12 key_has_changed server ovpnd "$before" ||
			fail "no renegotiation"
	done
	[ "$(n_asked)" = 1 ] || {
		sed 's/^/#   /' "$DIR/out/asked"
		fail "the program was asked $(n_asked) times"
	}
	traffic_ping "$VPN_S4" || fail "ping with the new key"
	daemon_stop client

	# a client of ours takes no more than 127 bytes from a file
	if [ "$2" != ovpnd ]; then
		login_files grace "$(printf %0600d 7)"
		client_without_cert
		daemon_wait_for client 'Initialization Sequence Completed' 20 ||
			fail "a long password does not arrive"
		daemon_stop client
	fi

	login_files carol x
	client_without_cert
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "carol does not come in, late"
	daemon_stop client

	# no from the start, no with a reason and late, and no answer at all
	login_files alice wrong
	client_without_cert
	daemon_wait_for client AUTH_FAILED 20 || fail "a wrong password is taken"
	daemon_stop client
	login_files dave x
	client_without_cert
	daemon_wait_for client 'AUTH_FAILED,come back tomorrow' 20 ||
		fail "dave is not told why"
	daemon_stop client
	login_files erin x
	client_without_cert
	sleep 2
	! daemon_says client 'Initialization Sequence Completed' ||
		fail "erin comes in without an answer"
	daemon_stop client
	login_files alice secret
	client_without_cert
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "alice does not come in again"
	daemon_stop client

	# refused once, and back by itself
	login_files frank x
	printf '%s\n' 'auth-retry nointeract' 'push-peer-info' \
		'setenv IV_SSO webauth' >>"$DIR/client.conf"
	client_without_cert
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "frank does not try again"
	daemon_says client 'AUTH_FAILED' || fail "frank was not refused at first"
	[ "$2" = ovpnd ] || daemon_says client 'WEB_AUTH::https://192.0.2.1/' ||
		fail "frank was not told where to log in"
	daemon_stop client
	stop_clean server
	! grep -qE 'secret|wrong|SESS_ID' "$DIR/server.log" ||
		fail "a password or token stands in the server's log"
	RESULT="data path: server $(peer_data_path ovpnd)"
}
