# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Whose certificate is good, and what the other end hears when it is not.
# Sourced by run.

# scenario_pinned SERVER CLIENT: no CA at either end, but fingerprints; a client
# with another certificate of the same CA is not let in.
scenario_pinned() {
	PIN=yes
	connect "$1" "$2"
	traffic_ping "$VPN_S4" || fail "ping over IPv4"
	stop_clean client
	stop_clean server
	RESULT="fingerprints at both ends"
	[ "$1" = ovpnd ] || return 0
	PIN=yes peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server does not start again"
	pki_make "$DIR/pki-other" ec || fail "openssl makes no second PKI"
	cp "$DIR/pki-other/client.crt" "$DIR/pki-other/client.key" \
		"$DIR/pki-$KEYS/"
	peer_start client "$2"
	within 20 daemon_says server 'fingerprint is none of peer-fingerprint' ||
		fail "the server does not refuse another certificate"
	within 10 daemon_says client '[Aa]lert' ||
		fail "the client hears no TLS alert"
	! daemon_says client 'Initialization Sequence Completed' ||
		fail "the client is connected with another certificate"
	daemon_stop client
	daemon_stop server
}

# scenario_pkcs12 SERVER CLIENT: certificate, key and CA of ovpnd in one file. As
# client, with tls-exit, it ends when the server has another CA's certificate.
scenario_pkcs12() {
	local dir=$DIR/pki-$KEYS

	P12=client
	[ "$2" = ovpnd ] || P12=server
	pki_make "$dir" "$KEYS" &&
		openssl pkcs12 -export -passout pass: -in "$dir/$P12.crt" \
			-inkey "$dir/$P12.key" -certfile "$dir/ca.crt" \
			-out "$DIR/$P12.p12" 2>>"$dir/openssl.err" &&
		chmod 600 "$DIR/$P12.p12" ||
		fail "openssl makes no PKCS#12 file: $(tail -n 3 "$dir/openssl.err")"
	EXTRA[client]="tls-exit
connect-retry 1 1"
	connect "$1" "$2"
	traffic_ping "$VPN_S4" || fail "ping over IPv4"
	RESULT="the $P12's certificate, key and CA in one file"
	if [ $P12 = server ]; then
		stop_clean client
		stop_clean server
		return
	fi
	stop_clean server
	pki_make "$DIR/pki-other" "$KEYS" || fail "openssl makes no second PKI"
	cp "$DIR/pki-other/"{ca,server}.* "$dir/"
	peer_start server "$1"
	within 40 daemon_has_ended client ||
		fail "the client goes on without a good certificate"
	stop_clean client
	daemon_says client 'exiting \(tls-exit\)' ||
		fail "the client ends for another reason"
	RESULT+=", the end by tls-exit"
	daemon_stop server
}

# scenario_revoked CLIENT: connected, revoked while the server runs, and in again
# when the list has been corrected. The server has no rights beyond its user's.
scenario_revoked() {
	local dir=$DIR/pki-$KEYS

	# after the alert a client waits until this is over
	HAND_WINDOW=10

	pki_make "$dir" "$KEYS" && pki_crl "$dir" ||
		fail "openssl makes no PKI: $(tail -n 3 "$dir/openssl.err")"
	chmod 755 "$DIR" "$dir"
	EXTRA[server]="crl-verify $dir/crl.pem"
	connect ovpnd "$1"
	expect_rights server ovpnd
	stop_clean client
	pki_crl "$dir" client || fail "openssl revokes nothing"
	EXTRA[client]="connect-retry 1 1"
	peer_start client "$1"
	within 20 daemon_says server 'certificate revoked' ||
		fail "the server lets a revoked certificate in"
	within 10 daemon_says client 'alert:? certificate revoked' ||
		fail "the client does not hear that it is revoked"
	! daemon_says client 'Initialization Sequence Completed' ||
		fail "the client is connected though it is revoked"
	pki_crl "$dir" || fail "openssl makes no list"
	daemon_wait_for client 'Initialization Sequence Completed' 80 ||
		fail "the client does not come back"
	within 5 traffic_ready || fail "no traffic after that"
	RESULT="revoked and taken back while the server runs"
	stop_clean client
	stop_clean server
}

# scenario_pq PEER: with a library that knows it, keys are exchanged by a group that
# quantum computers do not break, without anybody having to ask for it. The first
# message of the client takes more than one packet then.
scenario_pq() {
	pq_connect ovpnd "$1" server X25519MLKEM768
	pq_in_parts || fail "the client's first message comes in one packet"
	pq_connect "$1" ovpnd client X25519MLKEM768
	pq_in_parts || fail "ovpnd's first message goes in one packet"
	EXTRA[server]='tls-groups secp384r1:X25519MLKEM768'
	EXTRA[client]='tls-groups X25519MLKEM768'
	pq_connect ovpnd "$1" server X25519MLKEM768
	EXTRA[client]='tls-groups secp384r1'
	pq_connect ovpnd "$1" server 'secp384r1|P-384'
	RESULT="X25519MLKEM768 by default, in $PARTS packets; secp384r1 where configured"
}

# pq_connect SERVER CLIENT ROLE GROUP: says ovpnd's log, it being ROLE
pq_connect() {
	daemon_start capture s timeout 60 tcpdump -i out -n -l -x -c 12 \
		'udp port 1194 and udp[8] & 0xf8 = 0x20'
	daemon_wait_for capture listening 10 || fail "tcpdump does not start"
	connect "$1" "$2"
	daemon_says "$3" "Control Channel: TLSv1.3, .*group ($4)," ||
		fail "not the group $4: $(grep 'Control Channel:' "$DIR/$3.log")"
	traffic_ping "$VPN_S4" || fail "ping"
	daemon_stop capture
	stop_clean client
	stop_clean server
}

# How many control packets with content come before the server's first?
pq_in_parts() {
	PARTS=$(awk '/ > 192.0.2.1.1194: / { n++ } / 192.0.2.1.1194 > / { exit }
		END { print n + 0 }' "$DIR/capture.log")
	[ "$PARTS" -ge 2 ]
}
