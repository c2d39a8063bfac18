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
	ctl_push "no such client" to nobody "route 10.94.0.0 255.255.0.0"
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
