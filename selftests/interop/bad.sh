# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Bad days: what goes wrong for one, or around the daemon, is noticed by nobody
# else. Sourced by run, behind live.sh. A hanging program is in scripts_ and
# verify_, PAM that hangs or dies in pam_ and plugin_, an empty pool in full_pool_.

# tiny PATH: a file in the full file system of the server
tiny() {
	echo "/proc/${DAEMON_PID[server]}/root$DIR/tiny/$1"
}

# scenario_full_disk CLIENT: nothing that the server writes finds room, and then
# it does again; clients come, stay and go.
scenario_full_disk() {
	mkdir -p "$DIR/tiny"
	cat >"$DIR/in-tiny" <<-EOT
		#!/bin/sh
		# ip netns exec has given us mounts of our own
		mount -t tmpfs -o size=32k none $DIR/tiny &&
			: >$DIR/tiny/log && : >$DIR/tiny/status &&
			: >$DIR/tiny/ipp &&
			head -c 1M /dev/zero >$DIR/tiny/fill 2>/dev/null
		exec "\$@"
	EOT
	chmod 755 "$DIR/in-tiny"
	SERVER_LINES="status $DIR/tiny/status 1
log-append $DIR/tiny/log
ifconfig-pool-persist $DIR/tiny/ipp 1"
	peer_start server ovpnd "$DIR/in-tiny"
	client_connects "$1"
	[ ! -s "$(tiny log)" ] && [ ! -s "$(tiny status)" ] ||
		fail "the disk is not full: $(ls -l "$(tiny .)")"
	pings_start 6
	second_connects "$1"
	sleep 2
	daemon_stop client2
	pings_end
	[ "$PINGS_LOST" = 0 ] || fail "$PINGS_LOST pings lost"
	rm "$(tiny fill)"
	within 5 grep -q '^client,' "$(tiny status)" ||
		fail "no status when there is room again"
	within 5 grep -q '^client,10\.8\.0\.2' "$(tiny ipp)" ||
		fail "no ipp when there is room again: $(cat "$(tiny ipp)")"
	second_connects "$1"
	within 5 grep -q 'client2/.*connected' "$(tiny log)" ||
		fail "no log when there is room again"
	daemon_stop client2
	stop_clean client
	stop_clean server
	RESULT="$PINGS_SENT pings over a full disk, none lost"
}

# scenario_expiry CLIENT: a token that has expired ends one client's login, and a
# list of revoked certificates that has expired keeps others out; who is connected
# goes on.
scenario_expiry() {
	script_write judge '{ read -r u; read -r p; } <"$1"
		[ "$p" = secret ]'
	SERVER_LINES="script-security 2
auth-user-pass-verify $DIR/judge via-file
auth-gen-token $((6 * SCALE))
reneg-sec 3600"
	login_files alice secret
	# the token is of no use to who renegotiates after its time
	CLIENT_LINES="auth-user-pass $DIR/login
auth-nocache
reneg-sec $((9 * SCALE))"
	server_starts
	client_connects "$1"
	CLIENT_LINES="auth-user-pass $DIR/login"
	second_connects "$1"
	daemon_wait_for server 'its token has expired' 20 ||
		fail "a token does not expire"
	sleep 2
	in_c ping -q -c 2 -W 1 -I tun-d "$VPN_S4" >/dev/null ||
		fail "the other client has noticed"
	daemon_is_running client2 || fail "the other client has ended"
	daemon_stop client
	daemon_stop client2
	stop_clean server

	SERVER_LINES="crl-verify $DIR/pki-$KEYS/crl.pem"
	CLIENT_LINES=
	pki_crl "$DIR/pki-$KEYS" || fail "openssl makes no list"
	server_starts
	client_connects "$1"
	openssl ca -gencrl -crlsec 2 -config <(printf '%s\n' "[ca]" \
		default_ca=x "[x]" "database=$DIR/pki-$KEYS/crl.index" \
		default_md=sha256 default_crl_days=2) \
		-keyfile "$DIR/pki-$KEYS/ca.key" -cert "$DIR/pki-$KEYS/ca.crt" \
		-out "$DIR/crl.new" 2>>"$DIR/openssl.err" ||
		fail "openssl makes no short list"
	chmod 644 "$DIR/crl.new"
	mv "$DIR/crl.new" "$DIR/pki-$KEYS/crl.pem"
	sleep 4
	peer_start_second "$1"
	daemon_wait_for server 'CRL has expired' 20 ||
		fail "nothing is said of a list that has expired"
	traffic_ping "$VPN_S4" || fail "who is connected has noticed"
	daemon_stop client2
	stop_clean client
	stop_clean server
	RESULT="a token and a list"
}
