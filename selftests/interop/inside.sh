# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What cannot be seen from outside of ovpnd: small libraries are preloaded into it.
# Sourced by run.

# preload_build NAME FOLDER: the lab has no compiler
preload_build() {
	# shellcheck disable=SC2046
	${CC:-gcc} -O1 -Wall -Wextra -shared -fPIC -o "$2/$1.so" \
		$(pkg-config --cflags libnl-genl-3.0) -Iuapi \
		"selftests/interop/$1.c" -ldl
}

# preload NAME: sets PRELOAD
preload() {
	local folder=build/interop

	if [ -n "$IN_LAB" ]; then
		folder=$LAB_BUILD
	else
		mkdir -p $folder
		preload_build "$1" $folder || fail "$1.c does not build"
	fi
	PRELOAD=LD_PRELOAD=$(realpath $folder)/$1.so
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

# scenario_worn SERVER CLIENT: the packet ids of the first key come to their end. The
# module asks for another key, which is negotiated and used, without a packet lost.
# That is later than hand-window: a stock peer that has just connected would send with
# the new key at once, whether the other end has it or not.
scenario_worn() {
	local role=server

	[ "$1" = ovpnd ] || role=client
	preload worn
	HAND_WINDOW=$((4 * SCALE))
	inside_connect "$1" "$2" "$PRELOAD" WORN_LEFT=600
	expect_data_path "$role" ovpnd
	[ "$(peer_key $role ovpnd)" = 0 ] || fail "the first key is not 0"
	! daemon_says $role 'renegotiating' || fail "it negotiates too soon"
	traffic_server_start || fail "iperf3 does not start"
	traffic_udp "$VPN_S4" $((15 + 5 * SCALE)) || fail "UDP stream"
	daemon_says $role 'key 0 is nearly used up, renegotiating' ||
		fail "the module has not asked for another key"
	[ "$UDP_LOST" = 0 ] || fail "$UDP_LOST of $UDP_SENT datagrams lost"
	within 10 other_key $role || fail "the new key is not used"
	[ "$(peer_key $role ovpnd)" = 1 ] ||
		fail "more than one key was negotiated"
	traffic_ping "$VPN_S4" || fail "ping with the new key"
	RESULT="key 0 was worn, $UDP_SENT datagrams over it, none lost"
	daemon_stop iperf3
	stop_clean client
	stop_clean server
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
