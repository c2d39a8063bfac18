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
	on_tunnel 10.91.0.0/16 && on_tunnel 10.92.0.0/16 ||
		fail "the pushed routes are missing"

	push_update "route 10.93.0.0 255.255.0.0,tun-mtu 1400"
	soon on_tunnel 10.93.0.0/16 || fail "there is no new route"
	off_tunnel 10.91.0.0/16 && off_tunnel 10.92.0.0/16 ||
		fail "the old routes are still there"
	in_c ip link show dev tun-c | grep -q 'mtu 1400' ||
		fail "the MTU is the old one"
	traffic_ping "$VPN_S4" || fail "ping after the first update"

	push_update "-route"
	soon off_tunnel 10.93.0.0/16 || fail "the route is still there"
	traffic_ping "$VPN_S6" || fail "ping after the second update"

	push_update "route 10.94.0.0 255.255.0.0,route 10.95.0.0 255.255.0.0"
	soon on_tunnel 10.95.0.0/16 && on_tunnel 10.94.0.0/16 ||
		fail "of two new routes one is missing"
	[ "$(grep -c 'Initialization Sequence Completed' "$DIR/client.log")" = 1 ] ||
		fail "the client has connected again"

	push_update "cipher AES-128-GCM"
	soon daemon_says client 'cannot be applied: it may not change' ||
		fail "the client lets the cipher be changed"
	RESULT="routes and MTU changed while connected"
	stop_clean client
	daemon_stop server
}

# scenario_push_update_server CLIENT: ovpnctl changes routes of a stock client that
# is connected to ovpnd.
scenario_push_update_server() {
	EXTRA[server]='push "route 10.91.0.0 255.255.0.0"'
	connect ovpnd "$1"
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
	ctl_push "no client is called nobody" to nobody "route 10.94.0.0 255.255.0.0"
	ctl_push "is not an option that clients let change" "cipher AES-128-GCM"
	! daemon_says client 'SIGUSR1|Offending' ||
		fail "the client has connected again"
	RESULT="routes and MTU of a client changed by ovpnctl"
	stop_clean client
	stop_clean server
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
