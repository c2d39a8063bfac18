# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Who sets name servers really runs: systemd-resolved on a bus of its own, and both
# programs named resolvconf. They, and ovpnd, have a mount namespace in which they
# are laid over this machine's files. Sourced by run.

# names_up KIND: resolved, openresolv or resolvconf, as daemon "names".
names_up() {
	NAMES=$("$TOP/selftests/lab/peer" names) || fail "no resolvconf here"
	cat >"$DIR/bus.conf" <<-EOT
		<busconfig>
		<type>system</type>
		<listen>unix:path=/run/dbus/system_bus_socket</listen>
		<auth>EXTERNAL</auth>
		<policy context="default">
		<allow user="*"/>
		<allow own="*"/>
		<allow send_type="method_call"/>
		<allow send_type="signal"/>
		<allow send_type="method_return"/>
		<allow send_type="error"/>
		<allow receive_type="method_call"/>
		<allow receive_type="signal"/>
		<allow receive_type="method_return"/>
		<allow receive_type="error"/>
		</policy>
		</busconfig>
	EOT
	cat >"$DIR/names-up" <<-'EOT'
		set -e
		dir=$1 tree=$2/$3
		mount -t tmpfs tmpfs /mnt
		mkdir -p /mnt/etc /mnt/work
		for part in sbin bin lib; do
			low=
			[ ! -d "$tree/$part" ] || low=$tree/$part:
			[ ! -d "$tree/usr/$part" ] || low=$low$tree/usr/$part:
			[ -z "$low" ] || mount -t overlay overlay \
				-o "lowerdir=$low/usr/$part" "/usr/$part"
		done
		mount -t overlay overlay -o \
			"lowerdir=$tree/etc:/etc,upperdir=/mnt/etc,workdir=/mnt/work" /etc
		mount -t tmpfs tmpfs /run
		mkdir -p /run/dbus /run/systemd/netif /run/resolvconf/interface
		rm -f /etc/resolv.conf
		mount -t tmpfs tmpfs /var/cache/ldconfig
		ldconfig
		if [ "$3" = resolved ]; then
			echo "systemd-resolve:x:9999:9999::/:/bin/false" >>/etc/passwd
			echo "systemd-resolve:x:9999:" >>/etc/group
			echo "[Resolve]
		DNS=192.0.2.99
		FallbackDNS=
		LLMNR=no
		MulticastDNS=no" >/etc/systemd/resolved.conf
			dbus-daemon --config-file="$dir/bus.conf" --nofork &
			sleep 1
			exec /lib/systemd/systemd-resolved
		fi
		if [ "$3" = resolvconf ]; then
			ln -s /run/resolvconf/resolv.conf /etc/resolv.conf
			resolvconf --enable-updates
		fi
		echo "nameserver 192.0.2.99" | resolvconf -a out
		touch "$dir/names-ready"
		exec sleep 1000
	EOT
	daemon_start names c unshare --mount sh "$DIR/names-up" "$DIR" "$NAMES" "$1"
	if [ "$1" = resolved ]; then
		within 10 resolved_answers || {
			sed 's/^/#   /' "$DIR/names.log"
			fail "systemd-resolved does not start"
		}
	else
		within 10 test -e "$DIR/names-ready" || {
			sed 's/^/#   /' "$DIR/names.log"
			fail "$1 does not work here"
		}
	fi
}

# names_in COMMAND...: where they run
names_in() {
	in_c nsenter --mount="/proc/${DAEMON_PID[names]}/ns/mnt" "$@"
}

resolved_answers() {
	names_in resolvectl status >/dev/null 2>&1
}

# names_connect SERVER: ovpnd as client in their namespace
names_connect() {
	peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($1) does not start"
	peer_start client ovpnd nsenter --mount="/proc/${DAEMON_PID[names]}/ns/mnt"
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "ovpnd does not connect"
	within 5 traffic_ready || fail "no traffic through the tunnel"
}

# names_expect COMMAND PATTERN...: what resolvectl says about the device
names_expect() {
	local got command=$1

	shift
	got=$(names_in resolvectl "$command" tun-c 2>&1)
	while [ $# -gt 0 ]; do
		grep -qE -- "$1" <<<"$got" ||
			fail "resolvectl $command: no '$1' in: $got"
		shift
	done
}

# names_resolv_conf PATTERN...: each is in the file that programs read
names_resolv_conf() {
	local got

	got=$(names_in cat /etc/resolv.conf 2>&1)
	while [ $# -gt 0 ]; do
		grep -qE -- "$1" <<<"$got" ||
			fail "resolv.conf: no '$1' in: $got"
		shift
	done
}

names_are_undone() {
	local got

	got=$(names_in cat /etc/resolv.conf 2>&1)
	grep -q '192\.0\.2\.99' <<<"$got" && ! grep -q '10\.8\.0' <<<"$got"
}

# A query for a name of theirs goes to the server that was pushed.
names_query() {
	in_s timeout 6 tcpdump -i tun-s -c 1 -n 'udp dst port 53 and dst host 10.8.0.1' \
		>"$DIR/query" 2>/dev/null &
	sleep 1
	names_in timeout 3 resolvectl query "$1" >/dev/null 2>&1
	wait $!
	grep -q "$1" "$DIR/query"
}

# scenario_resolved SERVER: "dns" as it is pushed, and what of it changes
scenario_resolved() {
	names_up resolved
	EXTRA[server]='push "dns server 0 address 10.8.0.1 fd00:8::1"
push "dns server 0 resolve-domains inner.test"
push "dns server 0 dnssec no"
push "dns search-domains search.test"'
	EXTRA[client]='dns server 7 address 192.0.2.77'
	names_connect "$1"
	daemon_wait_for client 'set by systemd-resolved' 5 ||
		fail "ovpnd does not say who sets the name servers"
	names_expect dns '10\.8\.0\.1' 'fd00:8::1'
	names_expect domain 'search\.test' '~inner\.test'
	names_expect default-route ': no'
	names_expect dnssec ': no'
	names_query host.inner.test || fail "no query through the tunnel"
	! names_query elsewhere.test || fail "a query that is not for the tunnel"
	# while it connects again, nobody asks a server in the tunnel
	daemon_stop server
	kill -USR1 "${DAEMON_PID[client]}"
	within 5 names_server_is_gone ||
		fail "the name server stays without the tunnel"
	peer_start server "$1"
	within 30 connected_times client 2 || fail "ovpnd does not come back"
	within 5 names_server_is_there || fail "the name server is not set again"
	stop_clean client
	daemon_stop server
	names_server_is_gone || fail "the name server is still there"

	# without domains it is for everything; another port, a certificate's name
	EXTRA[server]='push "dns server 1 address 10.8.0.1:5353"
push "dns server 1 transport DoT"
push "dns server 1 sni ns.inner.test"
push "dns server 0 address 10.8.0.9"
push "dns server 0 transport DoH"'
	names_connect "$1"
	daemon_wait_for client 'set by systemd-resolved' 5 || fail "not set"
	names_expect dns '10\.8\.0\.1:5353#ns\.inner\.test'
	names_expect domain '~\.'
	names_expect default-route ': yes'
	names_expect dnsovertls ': yes'
	# nobody else hears of it when ovpnd is killed
	daemon_stop client KILL
	within 5 names_link_gone || fail "the device stays behind a killed ovpnd"
	daemon_stop server
	daemon_stop names
	RESULT="resolved: servers, domains, port, DoT"
}

names_server_is_there() {
	names_in resolvectl status 2>&1 | grep -q '10\.8\.0\.1'
}

names_server_is_gone() {
	! names_server_is_there
}

names_link_gone() {
	! in_c ip link show tun-c >/dev/null 2>&1
}

# scenario_resolvconf SERVER KIND: an older server's options
scenario_resolvconf() {
	names_up "$2"
	EXTRA[server]='push "dhcp-option DNS 10.8.0.1"
push "dhcp-option DNS6 fd00:8::1"
push "dhcp-option DOMAIN-SEARCH search.test"
push "dhcp-option DOMAIN inner.test"'
	EXTRA[client]=
	names_connect "$1"
	daemon_wait_for client 'set by /' 5 || fail "not set"
	names_resolv_conf '^nameserver 10\.8\.0\.1$' '^nameserver fd00:8::1$' \
		'^search .*inner\.test search\.test'
	stop_clean client
	names_are_undone || fail "resolv.conf is still $(names_in cat /etc/resolv.conf)"

	names_client_again ''
	daemon_wait_for client 'set by /' 5 || fail "not set"
	daemon_stop client KILL
	within 5 names_are_undone || fail "a killed ovpnd leaves its name server"

	# with "up" it is left to that, unless it is forced
	printf '#!/bin/sh\nenv >"%s/env"\n' "$DIR" >"$DIR/script"
	chmod 755 "$DIR" "$DIR/script"
	names_client_again "script-security 2
up $DIR/script"
	names_are_undone || fail "it is set although there is an up"
	grep -q '^foreign_option_1=dhcp-option DNS 10\.8\.0\.1$' "$DIR/env" ||
		fail "up has not heard of it"
	stop_clean client
	names_client_again "script-security 2
up $DIR/script
dns-updown force"
	daemon_wait_for client 'set by /' 5 || fail "it is not set by force"
	stop_clean client
	names_command
	daemon_stop server
	daemon_stop names
	RESULT="$2: set, undone, also when killed; up, force, command, disable"
}

# names_client_again LINES
names_client_again() {
	EXTRA[client]=$1
	peer_start client ovpnd nsenter --mount="/proc/${DAEMON_PID[names]}/ns/mnt"
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "ovpnd does not connect with $1"
}

names_command() {
	printf '#!/bin/sh\nenv >"%s/env-$script_type"\n' "$DIR" >"$DIR/script"
	names_client_again "script-security 2
dns-updown $DIR/script"
	within 3 test -s "$DIR/env-dns-up" || fail "dns-updown is not run"
	names_are_undone || fail "it is set although there is a command"
	grep -q '^dns_server_1_address_1=10\.8\.0\.1$' "$DIR/env-dns-up" &&
		grep -q '^dns_server_1_address_2=fd00:8::1$' "$DIR/env-dns-up" &&
		grep -q '^dns_search_domain_1=inner\.test$' "$DIR/env-dns-up" &&
		grep -q '^dns_search_domain_2=search\.test$' "$DIR/env-dns-up" &&
		grep -q '^dev=tun-c$' "$DIR/env-dns-up" ||
		fail "dns-updown gets: $(grep dns_ "$DIR/env-dns-up" | tr '\n' ' ')"
	stop_clean client
	grep -q '^dns_server_1_address_1=10\.8\.0\.1$' "$DIR/env-dns-down" ||
		fail "dns-updown is not run at the end"
	names_client_again "dns-updown disable"
	sleep 1
	names_are_undone || fail "it is set although it is disabled"
	stop_clean client
}
