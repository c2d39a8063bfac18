# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What others bring along, unchanged: the sample configurations of Debian's
# openvpn, a PKI of its easy-rsa, files in the shape that common installers write,
# and the command line of NetworkManager. Sourced by run.

# samples_get: sets SAMPLES
samples_get() {
	SAMPLES=$("$TOP/selftests/lab/peer" samples) ||
		fail "no sample configurations"
}

# easyrsa_pki DIR: a PKI as easy-rsa makes it, with the names of the samples
easyrsa_pki() {
	local dir=$1

	mkdir -p "$dir"
	(
		cd "$dir" || exit
		export EASYRSA=$SAMPLES/easy-rsa EASYRSA_BATCH=1 \
			EASYRSA_PKI=$dir/pki EASYRSA_ALGO=ec \
			EASYRSA_CURVE=prime256v1 EASYRSA_OPENSSL=openssl
		rsa() {
			sh "$EASYRSA/easyrsa" "$@"
		}
		rsa init-pki &&
			EASYRSA_REQ_CN="Easy CA" rsa build-ca nopass &&
			rsa build-server-full server nopass &&
			rsa build-client-full client nopass &&
			rsa gen-crl
	) >"$dir/easyrsa.log" 2>&1 </dev/null ||
		fail "easy-rsa: $(tail -n 5 "$dir/easyrsa.log")"
	cp "$dir"/pki/{ca.crt,crl.pem,issued/server.crt,issued/client.crt} \
		"$dir"/pki/private/{server,client}.key "$dir"
	cp "$SAMPLES/openvpn/sample-keys/dh2048.pem" "$dir"
	cp "$SAMPLES/openvpn/sample-keys/ta.key" "$dir"
}

# In the namespace of a daemon: folders that Debian's package makes.
with_folders() {
	cat >"$DIR/with-folders" <<-'EOT'
		#!/bin/sh
		# ip netns exec has given us mounts of our own
		mount -t tmpfs none /var/log && mkdir /var/log/openvpn &&
			exec "$@"
	EOT
	chmod 755 "$DIR/with-folders"
}

# sample_start ROLE PROGRAM FILE
sample_start() {
	peer_command "$2" || fail "no OpenVPN $2 here"
	daemon_start "$1" "${1:0:1}" "$DIR/with-folders" "${COMMAND[@]}" \
		--cd "$DIR/etc" --config "$3"
	daemon_wait_for "$1" 'Initialization Sequence Completed' 20 ||
		fail "$3 does not work with $2"
}

# scenario_samples PEER: Debian's server.conf and client.conf, each by ovpnd with
# the other by stock, on a PKI by easy-rsa; all samples load, or say why not.
scenario_samples() {
	local server client

	samples_get
	easyrsa_pki "$DIR/etc"
	with_folders
	cp "$SAMPLES"/openvpn/sample-config-files/{server,client}.conf "$DIR/etc"
	# the name in client.conf
	mkdir -p "/etc/netns/$NET-c"
	printf '127.0.0.1 localhost\n192.0.2.1 my-server-1\n' \
		>"/etc/netns/$NET-c/hosts"
	for server in server client; do
		"$OVPND" --cd "$DIR/etc" --check "$server.conf" >"$DIR/check" ||
			fail "$server.conf does not load"
		grep -q 'data path: kernel' "$DIR/check" ||
			fail "$server.conf: $(cat "$DIR/check")"
	done
	"$OVPND" --cd "$SAMPLES/openvpn" \
		--check sample-config-files/loopback-server >"$DIR/check" 2>&1
	grep -q 'null.*not supported' "$DIR/check" ||
		fail "loopback-server: $(cat "$DIR/check")"

	for server in ovpnd "$1"; do
		client=$([ "$server" = ovpnd ] && echo "$1" || echo ovpnd)
		sample_start server "$server" server.conf
		sample_start client "$client" client.conf
		in_c ping -q -c 1 -W 2 10.8.0.1 >/dev/null ||
			fail "no traffic from $client to $server"
		stop_clean client
		stop_clean server
	done
	RESULT="server.conf and client.conf, both ways, easy-rsa"
}

# installer_runs SHAPE PEER CLIENT-LINES: the server's file is $DIR/etc/SHAPE.conf
installer_runs() {
	daemon_start server s "$DIR/with-folders" "$OVPND" --cd "$DIR/etc" \
		--config "$1.conf"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "$1: the server does not start"
	{
		printf '%s\n' client "dev tun" nobind persist-key persist-tun \
			"remote 192.0.2.1 1194" "ca ca.crt" "cert client.crt" \
			"key client.key" "remote-cert-tls server" "verb 4" \
			"route-nopull"
		echo "$3"
	} >"$DIR/etc/client-$1.conf"
	peer_command "$2" || fail "no OpenVPN $2 here"
	daemon_start client c "${COMMAND[@]}" --cd "$DIR/etc" \
		--config "client-$1.conf"
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "$1: the client does not connect"
	within 3 in_c ping -q -c 1 -W 1 "$4" >/dev/null || fail "$1: no traffic"
	daemon_stop client
	daemon_stop server
	[ "${DAEMON_STATUS[server]}" = 0 ] ||
		fail "$1: ended with status ${DAEMON_STATUS[server]}"
}

# scenario_installers PEER: server configurations as installers write them
scenario_installers() {
	samples_get
	easyrsa_pki "$DIR/etc"
	with_folders
	mkdir -p "$DIR/etc/ccd"
	chmod 755 "$DIR" "$DIR/etc" "$DIR/etc/ccd"
	chmod 644 "$DIR/etc/crl.pem"
	# a script for the shell of a cloud machine
	cat >"$DIR/etc/cloud.conf" <<-'EOT'
		port 1194
		proto udp
		dev tun
		user nobody
		group nogroup
		persist-key
		persist-tun
		keepalive 10 120
		topology subnet
		server 10.8.0.0 255.255.255.0
		ifconfig-pool-persist ipp.txt
		push "dhcp-option DNS 9.9.9.9"
		push "redirect-gateway def1 bypass-dhcp"
		server-ipv6 fd42:42:42:42::/112
		tun-ipv6
		push tun-ipv6
		push "route-ipv6 2000::/3"
		push "redirect-gateway ipv6"
		dh none
		ecdh-curve prime256v1
		tls-crypt ta.key
		crl-verify crl.pem
		ca ca.crt
		cert server.crt
		key server.key
		auth SHA256
		cipher AES-128-GCM
		ncp-ciphers AES-128-GCM
		tls-server
		tls-version-min 1.2
		tls-cipher TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256
		client-config-dir ccd
		status /var/log/openvpn/status.log
		verb 3
	EOT
	installer_runs cloud "$1" "tls-crypt ta.key
auth SHA256
cipher AES-128-GCM
ignore-unknown-option block-outside-dns
setenv opt block-outside-dns" 10.8.0.1
	# another one, with an address and Diffie-Hellman
	cat >"$DIR/etc/road.conf" <<-'EOT'
		local 192.0.2.1
		port 1194
		proto udp
		dev tun
		ca ca.crt
		cert server.crt
		key server.key
		dh dh2048.pem
		auth SHA512
		tls-crypt ta.key
		topology subnet
		server 10.8.0.0 255.255.255.0
		push "redirect-gateway def1 bypass-dhcp"
		ifconfig-pool-persist ipp.txt
		push "dhcp-option DNS 192.0.2.53"
		push "block-outside-dns"
		keepalive 10 120
		user nobody
		group nogroup
		persist-key
		persist-tun
		verb 3
		crl-verify crl.pem
		explicit-exit-notify
	EOT
	installer_runs road "$1" "tls-crypt ta.key
auth SHA512" 10.8.0.1
	# a container's
	cat >"$DIR/etc/container.conf" <<-'EOT'
		server 192.168.255.0 255.255.255.0
		verb 3
		key server.key
		ca ca.crt
		cert server.crt
		dh dh2048.pem
		tls-auth ta.key
		key-direction 0
		keepalive 10 60
		persist-key
		persist-tun
		proto udp
		port 1194
		dev tun0
		status /tmp/openvpn-status.log
		user nobody
		group nogroup
		comp-lzo no
		route 192.168.254.0 255.255.255.0
		push "block-outside-dns"
		push "dhcp-option DNS 192.0.2.53"
		push "comp-lzo no"
		duplicate-cn
		client-to-client
		mute 20
	EOT
	sed -i "s|/tmp/openvpn-status|$DIR/status|" "$DIR/etc/container.conf"
	installer_runs container "$1" "tls-auth ta.key 1
comp-lzo no" 192.168.255.1
	installers_of_firewalls "$1"
	RESULT="four shapes"
}

# A firewall's: everything by name, nothing by short forms.
installers_of_firewalls() {
	cat >"$DIR/etc/firewall.conf" <<-EOT
		dev ovpns1
		verb 1
		dev-type tun
		dev-node /dev/tun1
		writepid $DIR/server1.pid
		script-security 3
		keepalive 10 60
		ping-timer-rem
		persist-tun
		persist-key
		proto udp4
		auth SHA256
		multihome
		mode server
		tls-server
		topology subnet
		push "topology subnet"
		ifconfig 10.3.0.1 255.255.255.0
		ifconfig-pool 10.3.0.20 10.3.0.40 255.255.255.0
		ifconfig-ipv6 fd03::1/64 fd03::2
		ifconfig-ipv6-pool fd03::20/64
		push "route-gateway 10.3.0.1"
		client-config-dir ccd
		tls-verify /bin/true
		lport 1194
		management $DIR/sock unix
		max-clients 20
		remote-cert-tls client
		capath $DIR/etc/ca.d
		ca ca.crt
		cert server.crt
		key server.key
		dh none
		tls-auth ta.key 0
		data-ciphers AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305
		data-ciphers-fallback AES-256-CBC
		allow-compression no
		hash-size 256 256
		connect-freq 100 1
		inactive 300
		reneg-sec 0
		sndbuf 0
		rcvbuf 0
		tun-mtu 1400
		mssfix 1300
		txqueuelen 500
		bind
		route-gateway 10.3.0.2
		route-metric 50
		route 10.99.0.0 255.255.255.0
		suppress-timestamps
		explicit-exit-notify 1
	EOT
	mkdir -p "$DIR/etc/ca.d"
	installer_runs firewall "$1" "tls-auth ta.key 1
auth SHA256
tun-mtu 1400" 10.3.0.1
}

# scenario_networkmanager SERVER: its command line, through the launcher, with the
# dialogue at the management socket and the program that gets the addresses.
scenario_networkmanager() {
	local line

	line=$(OVPND="$OVPND" "$TOP/packaging/openvpn" --version | head -n 1)
	[[ $line =~ ^OpenVPN\ 2\.[0-9]+(\.[0-9]+)?\  ]] ||
		fail "--version begins with '$line'"
	mkdir -p "$DIR/root" "$DIR/run"
	script_write helper 'echo "$*" >"$OUT/args"; env >"$OUT/env"'
	script_write judge '{ read -r u; read -r p; } <"$1"
		[ "$u $p" = "alice s\"bread" ]'
	SERVER_LINES="script-security 2
auth-user-pass-verify $DIR/judge via-file
push \"route 10.79.0.0 255.255.255.0\"
push \"dhcp-option DNS 10.8.0.53\""
	peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($1) does not start"
	daemon_start client c env OVPND="$OVPND" "$TOP/packaging/openvpn" \
		--remote 192.0.2.1 1194 udp --explicit-exit-notify \
		--remote-random --tun-ipv6 --ping 10 --ping-restart 30 \
		--connect-timeout 60 --nobind --max-routes 100 --dev tun-c \
		--dev-type tun --cipher AES-256-GCM \
		--data-ciphers AES-256-GCM:AES-128-GCM \
		--data-ciphers-fallback AES-256-GCM --auth SHA256 --auth-nocache \
		--tls-version-min 1.2 or-highest --remote-cert-tls server \
		--verify-x509-name server name --reneg-sec 0 --verb 1 \
		--syslog nm-openvpn --tun-mtu 1500 --mssfix 1400 --mtu-disc no \
		--script-security 2 --up "$DIR/helper --debug 0 1 --bus-name org.freedesktop.NetworkManager.openvpn.Connection_1 --tun --" \
		--up-restart --persist-key --persist-tun \
		--management "$DIR/run/nm-openvpn-1" unix \
		--management-client-user root --management-client-group root \
		--management-query-passwords --auth-retry interact \
		--route-noexec --ifconfig-noexec --push-peer-info --client \
		--ca "$DIR/pki-$KEYS/ca.crt" --cert "$DIR/pki-$KEYS/client.crt" \
		--key "$DIR/pki-$KEYS/client.key" --auth-user-pass \
		--user nobody --group nogroup --chroot "$DIR/root"
	MGMT=$DIR/run/nm-openvpn-1
	mgmt_ask first ovpnd c <<-'EOT'
		< PASSWORD:Need 'Auth' username/password
		> username "Auth" "alice"
		> password "Auth" "wrong"
		< PASSWORD:Verification Failed: 'Auth'
		< PASSWORD:Need 'Auth' username/password
		> username "Auth" "alice"
		> password "Auth" "s\"bread"
		. 1
	EOT
	expect_out args '^--debug 0 1 --bus-name [^ ]+ --tun -- tun-c 1500 0 10\.8\.0\.2 255\.255\.255\.0 init$'
	expect_out env '^trusted_ip=192\.0\.2\.1$' '^route_vpn_gateway=10\.8\.0\.1$' \
		'^ifconfig_netmask=255\.255\.255\.0$' '^tun_mtu=1500$' \
		'^ifconfig_ipv6_netbits=64$' '^route_network_1=10\.79\.0\.0$' \
		'^foreign_option_1=dhcp-option DNS 10\.8\.0\.53$' '^remote_1=192\.0\.2\.1$'
	! in_c ip route | grep -q tun-c || fail "routes are NetworkManager's"
	daemon_stop client
	[ "${DAEMON_STATUS[client]}" = 0 ] ||
		fail "ended with status ${DAEMON_STATUS[client]}"
	stop_clean server
	RESULT="version, command line, dialogue, helper"
}
