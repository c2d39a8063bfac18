# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A configuration that changes while the tunnel is up. Sourced by run.

# scenario_push_update SERVER: routes, an address and the MTU of ovpnd's device
# follow what the server's administrator says; the tunnel stays as it is.
scenario_push_update() {
	EXTRA[server]='management 127.0.0.1 7505
push "route 10.91.0.0 255.255.0.0"
push "route 10.92.0.0 255.255.0.0"'
	connect "$1" ovpnd
	expect_data_path client ovpnd
	on_tunnel 10.91.0.0/16 && on_tunnel 10.92.0.0/16 ||
		fail "the pushed routes are missing"

	updates_begin
	push_update "route 10.93.0.0 255.255.0.0,tun-mtu 1400"
	soon on_tunnel 10.93.0.0/16 || fail "there is no new route"
	off_tunnel 10.91.0.0/16 && off_tunnel 10.92.0.0/16 ||
		fail "the old routes are still there"
	in_c ip link show dev tun-c | grep -q 'mtu 1400' ||
		fail "the MTU is the old one"
	pings_end
	[ "$PINGS_LOST" = 0 ] || fail "$PINGS_LOST pings lost over an update"

	push_update "-route"
	soon off_tunnel 10.93.0.0/16 || fail "the route is still there"
	traffic_ping "$VPN_S6" || fail "ping after the second update"

	push_update "route 10.94.0.0 255.255.0.0,route 10.95.0.0 255.255.0.0"
	soon on_tunnel 10.95.0.0/16 && on_tunnel 10.94.0.0/16 ||
		fail "of two new routes one is missing"
	push_update_address
	[ "$(grep -c 'Initialization Sequence Completed' "$DIR/client.log")" = 1 ] ||
		fail "the client has connected again"

	push_update "cipher AES-128-GCM"
	soon daemon_says client 'cannot be applied: it may not change' ||
		fail "the client lets the cipher be changed"
	RESULT="routes, MTU and addresses changed while connected, "
	RESULT+="$PINGS_SENT pings over it"
	stop_clean client
	daemon_stop server
}

# Other addresses inside, of both families; the routes stay.
push_update_address() {
	push_update "ifconfig 10.8.0.77 $VPN_MASK,ifconfig-ipv6 fd00:8::77/64 $VPN_S6"
	soon has_address tun-c 10.8.0.77/24 && has_address tun-c fd00:8::77/64 ||
		fail "the addresses are the old ones"
	! has_address tun-c 10.8.0.2/24 && ! has_address tun-c fd00:8::1000/64 ||
		fail "the old addresses are still there"
	on_tunnel 10.95.0.0/16 && on_tunnel 10.94.0.0/16 ||
		fail "the routes have gone with the address"
	traffic_ping "$VPN_S4" || fail "ping with the new address"
	traffic_ping "$VPN_S6" || fail "ping with the new IPv6 address"
	ping_from s "$VPN_S4" 10.8.0.77 && ping_from s "$VPN_S6" fd00:8::77 ||
		fail "the server does not reach the new addresses"
}

# scenario_push_update_server CLIENT: ovpnctl changes routes, MTU, addresses and, with
# ours, name servers of a client that is connected to ovpnd.
scenario_push_update_server() {
	[ "$1" != ovpnd ] || {
		script_write script 'env >"$OUT/env-$script_type"'
		EXTRA[client]="script-security 2
dns-updown $DIR/script"
	}
	EXTRA[server]='management 127.0.0.1 7505
push "route 10.91.0.0 255.255.0.0"'
	connect ovpnd "$1"
	expect_data_path server ovpnd
	on_tunnel 10.91.0.0/16 || fail "the pushed route is missing"
	ctl_push "sent to 1 client" "route 10.93.0.0 255.255.0.0" "tun-mtu 1400"
	soon on_tunnel 10.93.0.0/16 || fail "there is no new route"
	off_tunnel 10.91.0.0/16 || fail "the old route is still there"
	# a stock client makes its device anew
	within 10 is_up_again || fail "no traffic after the first update"
	traffic_ping "$VPN_S4" || fail "ping after the first update"
	ctl_push "sent to 1 client" to client -- -route
	soon off_tunnel 10.93.0.0/16 || fail "the route is still there"
	within 10 is_up_again || fail "no traffic after the second update"
	traffic_ping "$VPN_S6" || fail "ping after the second update"
	push_update "route 10.94.0.0 255.255.0.0"
	soon on_tunnel 10.94.0.0/16 ||
		fail "the management interface's route is not there"
	within 10 is_up_again || fail "no traffic after the third update"
	push_update_server_address
	[ "$1" != ovpnd ] || push_update_server_dns
	ctl_push "no client is called nobody" to nobody "route 10.94.0.0 255.255.0.0"
	ctl_push "is not an option that clients let change" "cipher AES-128-GCM"
	! daemon_says client 'SIGUSR1|Offending' ||
		fail "the client has connected again"
	RESULT="routes, MTU and addresses of a client changed by ovpnctl and management"
	stop_clean client
	stop_clean server
}

# Another address of each family, twice, and what cannot be one.
push_update_server_address() {
	local n

	for n in 77 78; do
		ctl_push "sent to 1 client" to client \
			"ifconfig 10.8.0.$n $VPN_MASK" "ifconfig-ipv6 fd00:8::$n/64 $VPN_S6"
		soon has_address tun-c "10.8.0.$n/24" 2>/dev/null &&
			soon has_address tun-c "fd00:8::$n/64" 2>/dev/null ||
			fail "the addresses are the old ones"
		within 10 is_up_again || fail "no traffic with the new addresses"
		ping_from c "10.8.0.$n" "$VPN_S4" && ping_from c "fd00:8::$n" "$VPN_S6" ||
			fail "the new addresses do not reach the server"
		ping_from s "$VPN_S4" "10.8.0.$n" && ping_from s "$VPN_S6" "fd00:8::$n" ||
			fail "the server does not reach the new addresses"
		in_s "$OVPNCTL" --control "$DIR/server.sock" explain "10.8.0.$n" |
			grep -q client || fail "ovpnctl knows another address"
	done
	has_no_route s '^10\.8\.0\.77 ' || fail "the route to the address of before is left"
	ctl_push "is the server's address" to client "ifconfig $VPN_S4 $VPN_MASK"
	ctl_push "is not an address with its netmask" to client "ifconfig nowhere $VPN_MASK"
	ctl_push "cannot be changed so" to client -- -ifconfig
}

# What the client's program for name servers hears
push_update_server_dns() {
	ctl_push "sent to 1 client" to client "dns server 1 address 10.8.0.9" \
		"dns search-domains new.test"
	within 5 out_says env-dns-up '^dns_server_1_address_1=10\.8\.0\.9$' &&
		out_says env-dns-up '^dns_search_domain_1=new\.test$' ||
		fail "no name server from an update"
	ctl_push "sent to 1 client" to client "dns server 1 address 10.8.0.10"
	within 5 out_says env-dns-up '^dns_server_1_address_1=10\.8\.0\.10$' ||
		fail "no other name server from an update"
	! out_says env-dns-up 'new\.test' || fail "the old search domain is still there"
}

# scenario_push_unable CLIENT: one that does not want such messages gets none, is
# counted, and goes on.
scenario_push_unable() {
	EXTRA[server]='push "route 10.91.0.0 255.255.0.0"'
	connect ovpnd "$1"
	expect_data_path server ovpnd
	expect_data_path client "$1"
	updates_begin
	ctl_push "1 cannot be changed while connected" \
		"route 10.93.0.0 255.255.0.0"
	pings_end
	[ "$PINGS_LOST" = 0 ] || fail "$PINGS_LOST pings lost"
	on_tunnel 10.91.0.0/16 && off_tunnel 10.93.0.0/16 ||
		fail "the client's routes have changed"
	! daemon_says client 'PUSH_UPDATE|SIGUSR1' ||
		fail "the client was sent an update"
	stop_clean client
	stop_clean server
}

# scenario_management_push: both programs are asked for updates, right and wrong.
scenario_management_push() {
	local program

	MGMT=127.0.0.1:7505
	EXTRA[server]='management 127.0.0.1 7505'
	for program in 2.7.8 ovpnd; do
		mgmt_server_starts "$program"
		mgmt_ask push.none "$program" <<-'EOT'
			< INFO
			> push-update-broad
			< ERROR
			> push-update-cid 0
			< ERROR
			> push-update-cid x -route
			< ERROR.*push-update
			> push-update-cid 17 -route
			< ERROR.*push-update
			> push-update-broad -route
			< ERROR.*push-update
			> exit
		EOT
		client_connects ovpnd
		within 5 traffic_ready || fail "no traffic"
		mgmt_ask push.one "$program" <<-'EOT'
			< INFO
			> push-update-cid 17 "route 10.94.0.0 255.255.0.0"
			< ERROR.*push-update
			> push-update-cid 0 "route 10.94.0.0 255.255.0.0,tun-mtu 1400"
			< SUCCESS.*push-update
			> exit
		EOT
		soon on_tunnel 10.94.0.0/16 || fail "$program: there is no new route"
		mgmt_ask push.all "$program" <<-'EOT'
			< INFO
			> push-update-broad "-route"
			< SUCCESS.*push-update
			> exit
		EOT
		soon off_tunnel 10.94.0.0/16 || fail "$program: the route is still there"
		daemon_stop client
		daemon_stop server
		# not what this is about
		sed -i 's/Interface Version [56] /Interface Version N /' \
			"$DIR"/push.*."$program"
	done
	mgmt_same 2.7.8 push.none
	mgmt_same 2.7.8 push.one
	mgmt_same 2.7.8 push.all
	RESULT="push-update-broad and push-update-cid as 2.7.8"
}

# pings over what follows, slow enough for emulated machines; ends with pings_end
updates_begin() {
	in_c ping -n -D -i 0.02 -c 150 -W $((2 * SCALE)) "$VPN_S4" \
		>"$DIR/pings" 2>&1 &
	PINGS_PID=$!
}

is_up_again() {
	traffic_ready 2>/dev/null
}

# ctl_push EXPECTED WORD...: what ovpnctl says to it
ctl_push() {
	local expected=$1 text

	shift
	text=$(in_s "$OVPNCTL" --control "$DIR/server.sock" push "$@" 2>&1)
	grep -qF -- "$expected" <<<"$text" ||
		fail "ovpnctl push $*: \"$text\" instead of \"$expected\""
}

# on_tunnel NETWORK, off_tunnel NETWORK: has the client a route there?
on_tunnel() {
	has_route c "^$1 .*dev tun-c"
}

off_tunnel() {
	! on_tunnel "$1"
}

# soon COMMAND...: an idle stock server keeps an update until something wakes it up
soon() {
	within 10 woken "$@"
}

woken() {
	in_c ping -q -c 1 -W 1 "$VPN_S4" >/dev/null 2>&1
	"$@"
}

# push_update OPTIONS: to all clients, through the server's management interface
push_update() {
	# shellcheck disable=SC2016
	in_s timeout 3 bash -c '
		exec 3<>/dev/tcp/127.0.0.1/7505 || exit 1
		printf "push-update-broad \"%s\"\n" "$1" >&3
		while read -r line <&3; do
			case $line in
			SUCCESS:*) exit 0 ;;
			ERROR:*) echo "# $line"; exit 1 ;;
			esac
		done
		exit 1' - "$1" || fail "the server does not send \"$1\""
}

# goes_by ADDRESS DEVICE: what the client sends there leaves by it
goes_by() {
	in_c ip route get "$1" 2>/dev/null | grep -q " dev $2 "
}

# redirect_connect SERVER FLAGS [LINE]: pushed; the client's own line
redirect_connect() {
	EXTRA[server]="push \"redirect-gateway $2\""
	EXTRA[client]=${3:-}
	connect "$1" ovpnd
}

redirect_stop() {
	stop_clean client
	stop_clean server
}

# scenario_redirect SERVER: where the client's packets go, by each flag. The
# server is in the client's own network, behind no gateway.
scenario_redirect() {
	in_c ip route add default via 192.0.2.254
	net_state c >"$DIR/state-c"
	redirect_connect "$1" "def1 ipv6"
	goes_by 198.51.100.1 tun-c && goes_by 2001:db8:9::1 tun-c ||
		fail "def1 ipv6: not into the tunnel"
	goes_by 192.0.2.1 out && goes_by 192.0.2.3 out ||
		fail "def1: server or local network into the tunnel"
	has_route c '^192\.0\.2\.1 dev out' || fail "def1: no way to the server"
	redirect_stop
	redirect_connect "$1" "autolocal !ipv4 ipv6"
	goes_by 198.51.100.1 out || fail "!ipv4: IPv4 goes into the tunnel"
	goes_by 2001:db8:9::1 tun-c || fail "!ipv4 ipv6: not into the tunnel"
	! has_route c '^192\.0\.2\.1 dev out' ||
		fail "autolocal: a route to a server that is near"
	redirect_stop
	redirect_connect "$1" "def1 block-local bypass-dhcp bypass-dns"
	goes_by 192.0.2.3 tun-c && goes_by 192.0.2.200 tun-c ||
		fail "block-local: the local network is not in the tunnel"
	goes_by 192.0.2.1 out || fail "block-local: the server is"
	traffic_ping "$VPN_S4" || fail "block-local: ping"
	redirect_stop
	redirect_connect "$1" "autolocal block-local"
	goes_by 192.0.2.3 tun-c && goes_by 192.0.2.1 out ||
		fail "autolocal block-local: the server is in the tunnel"
	traffic_ping "$VPN_S4" || fail "autolocal block-local: ping"
	redirect_stop
	redirect_connect "$1" "def1" 'pull-filter ignore "redirect-"'
	goes_by 198.51.100.1 out || fail "pull-filter does not keep it away"
	redirect_stop
	RESULT="def1, ipv6, !ipv4, autolocal, block-local, pull-filter"
}
