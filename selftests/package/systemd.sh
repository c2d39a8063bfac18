#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In a system whose first process is systemd: the units do what they promise.
# Server and client are in network namespaces, as drop-ins of the units can have
# it; the data goes through the userspace data path, which is there everywhere.
set -u
NET=lab$$
export LC_ALL=C
OVPND=/usr/sbin/ovpnd
OVPNCTL=/usr/sbin/ovpnctl
DIR=/var/lib/lab
UNIT=ovpnd-server@lab
mkdir -p "$DIR"
. /tree/selftests/interop/lib.sh

on_exit() {
	local status=$?

	trap '' INT TERM HUP
	[ "$status" = 0 ] || {
		show_logs
		systemctl status --no-pager -l "$UNIT" | sed 's/^/#   /'
		journalctl --no-pager -n 60 -u "$UNIT" | sed 's/^/#   /'
	}
	systemctl stop "$UNIT" ovpnd-client@lab 2>/dev/null
	net_down
	exit "$status"
}
trap on_exit EXIT

# unit PROPERTY [UNIT]: its value
unit() {
	systemctl show --value -p "$1" "${2:-$UNIT}"
}

unit_is() {
	[ "$(unit "$1")" = "$2" ]
}

# in_namespace UNIT s|c [LINE...]: a drop-in that puts the unit there
in_namespace() {
	local dir=/etc/systemd/system/$1.service.d side=$2

	shift 2
	mkdir -p "$dir"
	{
		echo "[Service]"
		echo "NetworkNamespacePath=/run/netns/$NET-$side"
		printf '%s\n' "$@"
	} >"$dir/lab.conf"
	systemctl daemon-reload
}

# pings COUNT: through the tunnel, to the server; prints how many were lost
pings() {
	in_c ping -q -n -i 0.05 -c "$1" -W 2 "$VPN_S4" |
		sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) .*/\1 \2/p' |
		awk '{ print $1 - $2 }'
}

# answered: the tunnel carries data
answered() {
	in_c ping -q -n -c 1 -W 1 "$VPN_S4" >/dev/null 2>&1
}

# sessions: TLS handshakes of the client
sessions() {
	grep -c "Initialization Sequence Completed" "$DIR/client.log"
}

# goes_on WHAT: the unit has come back, and the client has noticed nothing
goes_on() {
	within 20 unit_is ActiveState active || fail "$1: the unit is not active"
	within 20 answered || fail "$1: no answer through the tunnel"
	[ "$(sessions)" = 1 ] || fail "$1: the client has connected again"
	daemon_is_running client || fail "$1: the client has ended"
	echo "$1: ok, restarts: $(unit NRestarts)"
}

# restarts_unnoticed: systemctl restart, while there is a ping each millisecond; of
# 4000 none is lost
restarts_unnoticed() {
	local pid lost

	pid=$(unit MainPID)
	in_c ping -q -n -i 0.001 -c 4000 -W 2 "$VPN_S4" >"$DIR/pings" &
	sleep 1
	systemctl restart "$UNIT" || fail "restart"
	wait $!
	lost=$(sed -n 's/^4000 packets transmitted, \([0-9]*\) .*/\1/p' \
		"$DIR/pings")
	[ "$lost" = 4000 ] || fail "restart: $(grep transm "$DIR/pings")"
	! unit_is MainPID "$pid" || fail "restart: it is the same process"
	unit_is Result success || fail "the unit's result is $(unit Result)"
	echo "systemctl restart $UNIT: 0 of 4000 lost"
}

uname -r
systemctl --version | head -n 1
dpkg -i /out/ovpn*.deb || fail "dpkg -i"
id ovpnd || fail "there is no user ovpnd"
[ -d /run/openvpn-server ] || systemd-tmpfiles --create ||
	fail "systemd-tmpfiles"
systemd-analyze --man=no verify "$UNIT.service" ovpnd-client@lab.service ||
	fail "systemd-analyze verify"

net_up || fail "no network"
pki_make "$DIR/pki" ec || fail "no PKI"
mkdir -p /etc/openvpn/server /etc/openvpn/client
cp "$DIR"/pki/{ca.crt,server.crt,server.key,ta.key,client.crt,client.key} \
	/etc/openvpn/server/
cp "$DIR"/pki/{ca.crt,ta.key,client2.crt,client2.key} /etc/openvpn/client/
cat >/etc/openvpn/server/lab.conf <<-END
	port 1194
	proto udp
	dev tun-s
	dev-type tun
	disable-dco
	ca ca.crt
	cert server.crt
	key server.key
	dh none
	tls-crypt ta.key
	topology subnet
	server $VPN_NET4 255.255.255.0
	keepalive 2 20
	user ovpnd
	persist-tun
	script-security 2
	client-connect /etc/openvpn/server/connect
END
cat >/etc/openvpn/server/connect <<-'END'
	#!/bin/sh
	out=/run/openvpn-server/connect-$common_name
	grep -E "^(NoNewPrivs|Seccomp|CapBnd)" /proc/self/status >$out
	/usr/bin/strace -o /dev/null /usr/bin/true 2>>$out ||
		echo "strace is refused" >>$out
END
chmod +x /etc/openvpn/server/connect
chown ovpnd /run/openvpn-server
cat >"$DIR/client.conf" <<-END
	client
	dev tun-c
	dev-type tun
	proto udp
	remote 192.0.2.1 1194
	nobind
	disable-dco
	ca $DIR/pki/ca.crt
	cert $DIR/pki/client.crt
	key $DIR/pki/client.key
	tls-crypt $DIR/pki/ta.key
	remote-cert-tls server
	verb 3
END

in_namespace "$UNIT" s WatchdogSec=4
systemctl start "$UNIT" || fail "the unit does not start"
unit_is ActiveState active || fail "started, and not active"
unit_is StatusText "Initialization Sequence Completed" ||
	fail "the status is $(unit StatusText)"
echo "start: ok, $(unit StatusText)"
daemon_start client c openvpn --config "$DIR/client.conf"
daemon_wait_for client "Initialization Sequence Completed" 20 ||
	fail "the client does not connect"
within 10 answered || fail "no answer through the tunnel"
echo "stock client: ok, $(pings 20) of 20 lost"

pid=$(unit MainPID)
grep -E "^(NoNewPrivs|Seccomp|Cap)" "/proc/$pid/status"
grep -qx "Seccomp:.2" "/proc/$pid/status" || fail "no filter of system calls"
cat /run/openvpn-server/connect-client || fail "the program has not run"
grep -q "strace is refused" /run/openvpn-server/connect-client ||
	fail "programs may trace others"
echo "rights: ok"

systemctl reload "$UNIT" || fail "reload"
within 10 unit_is ActiveState active || fail "not active after reload"
unit_is MainPID "$pid" || fail "reload has restarted it"
goes_on reload

systemctl kill -s KILL --kill-whom=main "$UNIT"
within 10 unit_is NRestarts 1 || fail "not started again"
goes_on "kill -9"
[ "$(unit NFileDescriptorStore)" -gt 0 ] || fail "nothing is in the store"

pid=$(unit MainPID)
kill -STOP "$pid"
within 20 unit_is NRestarts 2 || fail "the watchdog has not noticed"
goes_on watchdog

ovpnctl restart || fail "ovpnctl restart"
within 20 unit_is NRestarts 3 || fail "not started again"
goes_on "ovpnctl restart"

restarts_unnoticed
goes_on "systemctl restart"

# to stop for itself is no restart, also when it was one before
systemctl stop "$UNIT" || fail "stop"
within 5 unit_is ActiveState inactive || fail "the unit is $(unit ActiveState)"
unit_is Result success || fail "the unit's result is $(unit Result)"
unit_is NFileDescriptorStore 0 || fail "something is left in the store"
within 5 net_is_clean s || fail "left behind: $(diff "$DIR/state-s" \
	"$DIR/state-s.now")"
echo "stop: ok"
daemon_stop client

# The unit of the distribution, with the drop-in that ovpnd(8) has
UNIT=openvpn-server@lab
lines=$(sed -n '/^\[Service\]/,/^\.fi/ {
	//d; s/\\e$/\\/; s/\\-/-/g; p
}' /tree/Documentation/man/ovpnd.8)
sed -i '/^user/d' /etc/openvpn/server/lab.conf
in_namespace "$UNIT" s "$(grep -v FileDescriptorStoreMax= <<<"$lines")"
systemctl start "$UNIT" || fail "the distribution's unit does not start"
journalctl -u "$UNIT" | grep "the unit lacks FileDescriptorStoreMax=72" ||
	fail "the log does not say what the unit lacks"
systemctl stop "$UNIT" || fail "stop"
in_namespace "$UNIT" s "$lines"
cat "/etc/systemd/system/$UNIT.service.d/lab.conf"
systemctl start "$UNIT" || fail "the distribution's unit does not start"
unit_is StatusText "Initialization Sequence Completed" ||
	fail "the status is $(unit StatusText)"
echo "the distribution's unit: ok"

cat >/etc/openvpn/client/lab.conf <<-END
	client
	dev tun-c
	dev-type tun
	remote 192.0.2.1 1194
	disable-dco
	ca ca.crt
	cert client2.crt
	key client2.key
	tls-crypt ta.key
	remote-cert-tls server
END
in_namespace ovpnd-client@lab c
systemctl start ovpnd-client@lab || fail "the client's unit does not start"
within 10 answered || fail "no answer to the client's unit"
echo "client unit: ok, $(pings 20) of 20 lost"
# its data keys have epochs; a stock client of this version has none
restarts_unnoticed
systemctl stop ovpnd-client@lab || fail "stop"

daemon_start client c openvpn --config "$DIR/client.conf"
daemon_wait_for client "Initialization Sequence Completed" 20 ||
	fail "the stock client does not connect"
within 10 answered || fail "no answer to the stock client"
restarts_unnoticed
goes_on "systemctl restart of $UNIT"
ovpnctl restart || fail "ovpnctl restart"
within 20 unit_is NRestarts 1 || fail "not started again"
goes_on "ovpnctl restart of $UNIT"
systemctl reload "$UNIT" || fail "reload"
goes_on "reload of $UNIT"
daemon_stop client
systemctl stop "$UNIT" || fail "stop"
within 5 net_is_clean c || fail "left behind: $(diff "$DIR/state-c" \
	"$DIR/state-c.now")"

dpkg -P ovpnd ovpnctl || fail "dpkg -P"
echo "all of it"
