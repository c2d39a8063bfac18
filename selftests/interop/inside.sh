# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What cannot be seen from outside of ovpnd: small libraries are preloaded into it.
# Sourced by run.

# preload NAME: sets PRELOAD
preload() {
	mkdir -p build/interop
	${CC:-gcc} -O1 -Wall -Wextra -shared -fPIC -o "build/interop/$1.so" \
		"selftests/interop/$1.c" -ldl || fail "$1.c does not build"
	PRELOAD=LD_PRELOAD=$(realpath "build/interop/$1.so")
}

# inside_connect SERVER CLIENT WORD...: the words go in front of ovpnd
inside_connect() {
	local server=$1 client=$2
	local -a before=() behind=()

	shift 2
	[ "$server" != ovpnd ] || before=(env "$@")
	[ "$client" != ovpnd ] || behind=(env "$@")
	peer_start server "$server" "${before[@]}"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($server) does not start"
	peer_start client "$client" "${behind[@]}"
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "the client ($client) does not connect"
	within 5 traffic_ready || fail "no traffic through the tunnel"
}

# scenario_signs: with both versions of TLS, in both roles and at renegotiations too,
# private keys are used by workers and never by the loop.
scenario_signs() {
	local kind tls

	preload signs
	RENEG_S=6 RENEG_C=3600
	for kind in ec:1.3 rsa:1.2 ec:1.2 rsa:1.3; do
		KEYS=${kind%:*} TLS=${kind#*:}
		rm -f "$DIR/signs"
		inside_connect ovpnd ovpnd "$PRELOAD" SIGNS="$DIR/signs"
		# each end, for the first key and for the second
		within 20 signs_are 4 ||
			fail "TLS $TLS, $KEYS: $(sort "$DIR/signs" | uniq -c)"
		tls=$(peer_json server | sed -n 's/.*"tls": *"\([^,"]*\).*/\1/p')
		[ "$tls" = "TLSv$TLS" ] || fail "the connection is $tls"
		stop_clean client
		stop_clean server
		! grep loop "$DIR/signs" >&2 ||
			fail "TLS $TLS, $KEYS: a private key is used by the loop"
	done
	RESULT="TLS 1.2 and 1.3, server and client, renegotiated"
}

# signs_are N: so many at least
signs_are() {
	[ "$(grep -cE '^(sign|decrypt) ' "$DIR/signs")" -ge "$1" ]
}
