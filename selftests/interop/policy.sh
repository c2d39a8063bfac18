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
