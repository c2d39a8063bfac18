# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every pair of programs has to show. Sourced by run.

# connect SERVER CLIENT
connect() {
	local ready='Initialization Sequence Completed'

	# of two equals, the one that waits is not complete before it has a peer
	[ "$SHAPE" = mp ] || ready='link remote|Listening for incoming|waiting for the other end'
	peer_start server "$1"
	daemon_wait_for server "$ready" 10 ||
		fail "the server ($1) does not start"
	peer_start client "$2"
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "the client ($2) does not connect"
	within 5 traffic_ready || fail "no traffic through the tunnel"
}

traffic_ready() {
	in_c ping -q -c 1 -W 1 "$VPN_S4" >/dev/null &&
		in_c ping -q -c 1 -W 1 "$VPN_S6" >/dev/null
}

# expect_data_path ROLE PROGRAM: the packets go where this run says they go.
expect_data_path() {
	local want kind

	want=$(peer_data_path "$2" "$1")
	kind=$(in_ns "${1:0:1}" ip -d link show "tun-${1:0:1}" |
		sed -n 's/^ *\(ovpn\|tun\)\b.*/\1/p' | head -n 1)
	case $want,$kind in
	kernel,ovpn | user,tun) ;;
	*) fail "the $1's device is of kind '$kind', wanted data path $want" ;;
	esac
}

# expect_transport ROLE PROGRAM: ovpnctl knows how the peer is reached, and where.
expect_transport() {
	local peer address

	[ "$2" = ovpnd ] || return 0
	address=$([ "$OUTER" = 4 ] && echo 192.0.2. || echo '\[2001:db8::')
	peer=$(peer_json "$1")
	grep -q "\"transport\": *\"$PROTO\"" <<<"$peer" &&
		grep -q "\"remote\": *\"$address" <<<"$peer" ||
		fail "ovpnctl shows another transport at the $1: $peer"
}

# expect_epochs ROLE PROGRAM OTHER: keys of ovpnd have epochs exactly where the
# other end and its own data path know them.
expect_epochs() {
	local want=null

	[ "$2" = ovpnd ] || return 0
	case $3,$CIPHER,$IN_TREE in
	2.7.8,*CBC,*) ;;
	2.7.8,*,) want=1 ;;
	ovpnd,*CBC,*) ;;
	ovpnd,*,) want=1 ;;
	esac
	peer_json "$1" | grep -q "\"tx_epoch\": *$want" ||
		fail "the $1 sends in another epoch than $want: $(peer_json "$1")"
	RESULT_EPOCH="; epochs: ${want/null/none}"
}

# expect_rights ROLE PROGRAM: ovpnd keeps CAP_NET_ADMIN and nothing else.
expect_rights() {
	local status=/proc/${DAEMON_PID[$1]}/status

	[ -n "$DROP" ] && [ "$2" = ovpnd ] || return 0
	grep -q "^Uid:[[:space:]]*$(id -u nobody)[[:space:]]" "$status" &&
		grep -q '^CapEff:[[:space:]]*0*1000$' "$status" ||
		fail "ovpnd as $1 has too many rights:" \
			"$(grep -E '^(Uid|CapEff)' "$status" | tr '\n' ' ')"
}

# stock_lost SERVER CLIENT: packets that came for a key which stock OpenVPN, where
# it is at both ends, had deleted. With a second renegotiation 2.7.8 deletes the
# key that the other end goes on sending with until it has heard of it.
stock_lost() {
	[ "$1 $2" = "$DCO $DCO" ] || { echo 0; return; }
	{
		in_s ethtool -S tun-s
		in_c ethtool -S tun-c
	} | awk '/rx_drop_no_key:/ { n += $2 } END { print n + 0 }'
}

# udp_over_renegotiation SERVER CLIENT: a steady stream while one new key is
# negotiated and taken into use at both ends, by each after half of its
# reneg-sec; nothing is lost, the key id changes.
udp_over_renegotiation() {
	local soon=$((RENEG_S < RENEG_C ? RENEG_S : RENEG_C))
	local late=$((RENEG_S < RENEG_C ? RENEG_C : RENEG_S))
	local seconds=$((soon + late / 2 + 1)) role program lost
	local -A before=()

	for role in server client; do
		program=$([ $role = server ] && echo "$1" || echo "$2")
		before[$role]=$(peer_key "$role" "$program")
		[[ ${before[$role]} == *[0-9]* ]] || fail "no key at the $role"
	done
	lost=-$(stock_lost "$1" "$2")
	traffic_udp "$VPN_S4" "$seconds" || fail "UDP stream"
	say "UDP: $UDP_SENT datagrams received or lost, $UDP_LOST lost"
	lost=$((lost + $(stock_lost "$1" "$2")))
	[ "$lost" = 0 ] || say "stock OpenVPN had deleted the key of $lost"
	[ "$UDP_LOST" = "$lost" ] || {
		# When, and in which direction.
		grep -E ' [1-9][0-9]*/[0-9]+ ' "$DIR/udp" | sed 's/^/#   /'
		fail "$UDP_LOST of $UDP_SENT datagrams lost"
	}
	[ "$UDP_SENT" -ge $((seconds * 75)) ] ||
		fail "only $UDP_SENT datagrams in $seconds s both ways"
	for role in server client; do
		program=$([ $role = server ] && echo "$1" || echo "$2")
		[ "$(peer_key "$role" "$program")" != "${before[$role]}" ] ||
			fail "the $role's key is still ${before[$role]}"
	done
}

# stop_clean ROLE: exit status 0, and nothing of it is left.
stop_clean() {
	daemon_stop "$1"
	[ "${DAEMON_STATUS[$1]}" = 0 ] ||
		fail "the $1 ended with status ${DAEMON_STATUS[$1]}"
	within 3 net_is_clean "${1:0:1}" || {
		diff "$DIR/state-${1:0:1}" "$DIR/state-${1:0:1}.now" |
			sed 's/^/#   /'
		fail "the $1 left something behind"
	}
}

# The server has dropped the client long before a timeout would do it.
saw_exit_notify() {
	case $1 in
	ovpnd) [ -z "$(peer_key server ovpnd)" ] ;;
	*)
		# over TCP, the end of the connection says it
		daemon_says server 'remote-exit|exit message received' || {
			[ "$PROTO" = tcp ] &&
				daemon_says server 'Connection reset, restarting'
		}
		;;
	esac
}

# Which parts of a machine carried the data, for the result line.
describe() {
	local path crypto=OpenSSL

	path="server $(peer_data_path "$1" server),"
	path+=" client $(peer_data_path "$2" client)"
	[[ $path != *kernel* ]] ||
		crypto="$(crypto_driver "$CIPHER")"
	RESULT="data path: $path; crypto: $crypto; $WRAP TLS $TLS $CIPHER"
	RESULT+=" ${PROTO^^} over IPv$OUTER; TCP $(traffic_rate tcp-up)"
	RESULT+=" up $(traffic_rate tcp-down) down${RESULT_EPOCH:-}"
}

# scenario SERVER CLIENT: two connections. In the first, $FIRST renegotiates and
# the client ends first; in the second the other way round. With SHORT only the
# first.
scenario() {
	local soon=8 late=10

	# The next renegotiation shall not fall into the stream: stock OpenVPN
	# with a module may send with the old key until then (see peer_key).
	[ "$SCALE" = 1 ] || soon=14 late=16
	# To try the tests themselves: a stock program in ovpnd's place.
	set -- "${1/#ovpnd/${STANDIN:-ovpnd}}" "${2/#ovpnd/${STANDIN:-ovpnd}}"
	RENEG_S=$soon RENEG_C=$late
	[ "$FIRST" = server ] || RENEG_S=$late RENEG_C=$soon
	connection_first "$1" "$2"
	[ -z "$SHORT" ] || return 0
	RENEG_S=$((soon + late - RENEG_S)) RENEG_C=$((soon + late - RENEG_C))
	connection_second "$1" "$2"
}

connection_first() {
	connect "$1" "$2"
	expect_data_path server "$1"
	expect_data_path client "$2"
	expect_transport server "$1"
	expect_transport client "$2"
	expect_epochs server "$1" "$2"
	expect_epochs client "$2" "$1"
	expect_rights server "$1"
	expect_rights client "$2"
	traffic_server_start || fail "iperf3 does not start"
	udp_over_renegotiation "$1" "$2"
	expect_epochs server "$1" "$2"
	expect_epochs client "$2" "$1"
	traffic_ping "$VPN_S4" || fail "ping over IPv4"
	traffic_ping "$VPN_S6" || fail "ping over IPv6"
	traffic_run tcp-up "$VPN_S4" --time 2 || fail "TCP to the server"
	traffic_run tcp-down "$VPN_S6" --time 2 --reverse ||
		fail "TCP from the server"
	describe "$1" "$2"
	stop_clean client
	within 3 saw_exit_notify "$1" || fail "the server saw no exit notification"
	daemon_stop iperf3
	stop_clean server
	say "first connection, renegotiation from the $FIRST: done"
}

connection_second() {
	connect "$1" "$2"
	traffic_server_start || fail "iperf3 does not start"
	udp_over_renegotiation "$1" "$2"
	daemon_stop iperf3
	stop_clean server
	stop_clean client
	say "second connection, renegotiation from the other side: done"
}

# scenario_restart CLIENT: ovpnd gets its socket from a holder and is killed;
# the module goes on, and the next ovpnd finds the peer.
scenario_restart() {
	local ping

	peer_start server ovpnd "$TOP/selftests/interop/holder" "$DIR/pid" 1194
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server does not start on a socket of LISTEN_FDS"
	peer_start client "$1"
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "the client does not connect"
	within 5 traffic_ready || fail "no traffic through the tunnel"
	expect_data_path server ovpnd

	in_c ping -n -q -i 0.1 -c 60 -W "$((2 * SCALE))" "$VPN_S4" \
		>"$DIR/ping" 2>&1 &
	ping=$!
	sleep 1
	kill -KILL "$(cat "$DIR/pid")" || fail "cannot kill ovpnd"
	sleep 3
	[ -n "$(peer_key server ovpnd)" ] ||
		fail "the module has lost its peer with ovpnd"
	kill -USR1 "${DAEMON_PID[server]}"
	within 10 restarted || fail "the server does not start again"
	wait "$ping"
	grep -q ' 0% packet loss' "$DIR/ping" || {
		sed 's/^/#   /' "$DIR/ping"
		fail "packets were lost over the restart"
	}
	[ -n "$(peer_key server ovpnd)" ] ||
		fail "the new ovpnd does not list the peer"
	traffic_ping "$VPN_S6" || fail "ping over IPv6 after the restart"
	RESULT="data path: server kernel; crypto: $(crypto_driver "$CIPHER")"
	stop_clean client
	stop_clean server
}

# scenario_lame SERVER CLIENT: no renegotiation can be completed, because control
# packets are lost; data goes on, and later the client comes back by itself.
scenario_lame() {
	local window=4

	HAND_WINDOW=$window TRAN_WINDOW=60 RENEG_S=6
	connect "$1" "$2"
	traffic_server_start || fail "iperf3 does not start"
	control_block || fail "nft does not drop control packets"
	traffic_udp "$VPN_S4" $((RENEG_S + 2 * window)) || fail "UDP stream"
	say "UDP: $UDP_SENT datagrams received or lost, $UDP_LOST lost"
	[ "$UDP_LOST" = 0 ] || fail "$UDP_LOST of $UDP_SENT datagrams lost"
	daemon_says server 'renegotiation failed; data goes on' ||
		fail "the renegotiation has not failed at the server"
	in_c nft delete table inet test
	within 30 connected_again || fail "the client has not come back"
	within 5 traffic_ready || fail "no traffic after that"
	traffic_ping "$VPN_S4" || fail "ping after that"
	RESULT="data path: server $(peer_data_path "$1")"
	daemon_stop iperf3
	stop_clean client
	stop_clean server
}

# scenario_break SERVER CLIENT: over TCP, the connection breaks at the client
# while the server still believes in it; then the server goes and comes back.
scenario_break() {
	connect "$1" "$2"
	expect_data_path server "$1"
	expect_data_path client "$2"
	tcp_block || fail "nft does not reset connections"
	within 10 came_again client "$2" 1 ||
		fail "the client has not noticed that its connection is broken"
	in_c nft delete table inet test
	within 30 connected_times client 2 || fail "the client has not come back"
	within 5 traffic_ready || fail "no traffic after that"
	traffic_ping "$VPN_S4" || fail "ping after that"

	stop_clean server
	within 10 came_again client "$2" 2 ||
		fail "the client has not noticed that the server has gone"
	peer_start server "$1"
	within 40 connected_times client 3 ||
		fail "the client has not come back to the new server"
	within 5 traffic_ready || fail "no traffic with the new server"
	traffic_ping "$VPN_S6" || fail "ping to the new server"
	RESULT="data path: server $(peer_data_path "$1"),"
	RESULT+=" client $(peer_data_path "$2")"
	stop_clean client
	within 3 saw_exit_notify "$1" ||
		fail "the server did not see the connection end"
	stop_clean server
}

# What the client sends is answered with a reset, which the server never sees;
# the ping makes it send.
tcp_block() {
	in_c nft -f - <<-EOT || return 1
		table inet test {
			chain out {
				type filter hook output priority 0
				tcp dport 1194 reject with tcp reset
			}
		}
	EOT
	in_c ping -q -c 3 -i 0.2 -W 1 "$VPN_S4" >/dev/null
	return 0
}

# came_again ROLE PROGRAM TIMES: it has lost its connection so often
came_again() {
	local text='Connection reset, restarting'

	[ "$2" != ovpnd ] || text='restarting \(.*next try'
	[ "$(grep -cE "$text" "$DIR/$1.log")" -ge "$3" ]
}

# connected_times ROLE TIMES
connected_times() {
	[ "$(grep -c 'Initialization Sequence Completed' "$DIR/$1.log")" = "$2" ]
}

# scenario_usage SERVER CLIENT [bytes]: no key is negotiated by time, but ovpnd
# begins when so many packets, or bytes, have passed; nothing is lost.
scenario_usage() {
	local role=server size=56 what='300 packets'

	[ "$1" = ovpnd ] || role=client
	EXTRA[$role]="reneg-pkts 300
reneg-bytes 10000000"
	if [ -n "${3:-}" ]; then
		# the packets of the first ping have 22 kB, of the second 750
		size=1000 what='400000 bytes'
		EXTRA[$role]="reneg-pkts 100000
reneg-bytes 400000"
	fi
	HAND_WINDOW=4
	connect "$1" "$2"
	[ "$(peer_key $role ovpnd)" = 0 ] || fail "the first key is not 0"
	in_c ping -n -q -i 0.01 -c 100 "$VPN_S4" >"$DIR/ping" 2>&1 ||
		fail "ping"
	sleep 2
	! daemon_says $role 'renegotiating' || fail "it negotiates too soon"
	in_c ping -n -q -i 0.02 -c 350 -W 2 -s "$size" "$VPN_S4" \
		>"$DIR/ping" 2>&1
	grep -q ' 0% packet loss' "$DIR/ping" || {
		sed 's/^/#   /' "$DIR/ping"
		fail "packets were lost"
	}
	daemon_says $role 'key 0 has carried .* renegotiating' ||
		fail "no renegotiation after $what"
	within 8 other_key $role || fail "the new key is not used"
	traffic_ping "$VPN_S4" || fail "ping with the new key"
	RESULT="a new key after $what"
	stop_clean client
	stop_clean server
}

# scenario_ping_exit SERVER: ovpnd ends when it has heard nothing of the server for
# so long, and not as long as it hears its pings.
scenario_ping_exit() {
	local pid

	EXTRA[client]="pull-filter ignore ping
ping 1
ping-exit $((8 * SCALE))"
	connect "$1" ovpnd
	sleep $((12 * SCALE))
	! daemon_has_ended client || fail "it ends though the server pings it"
	pid=${DAEMON_PID[server]}
	kill -STOP "$pid" || fail "cannot stop the server"
	within $((16 * SCALE)) daemon_has_ended client || {
		kill -CONT "$pid"
		fail "ovpnd goes on without a server"
	}
	kill -CONT "$pid"
	daemon_says client 'exiting \(ping-exit\)' ||
		fail "the client does not say why it ends"
	stop_clean client
	stop_clean server
	RESULT="after $((8 * SCALE)) s of silence"
}

other_key() {
	[ "$(peer_key "$1" ovpnd)" != 0 ]
}

# scenario_framing CLIENT: old configurations compress, or make others do so. What
# is pushed to them leaves packets as they are.
scenario_framing() {
	local line

	for line in "comp-lzo" "compress lz4-v2" "compress"; do
		EXTRA[server]='comp-lzo no
push "comp-lzo no"'
		EXTRA[client]=$line
		connect ovpnd "$1"
		traffic_ping "$VPN_S4" || fail "ping, client with $line"
		traffic_ping "$VPN_S6" || fail "ping of IPv6, client with $line"
		! daemon_says client "WARNING: '(comp-lzo|link-mtu)'" ||
			fail "the client finds that the options differ"
		stop_clean client
		stop_clean server
	done
	EXTRA[client]=
	connect ovpnd "$1"
	traffic_ping "$VPN_S4" || fail "ping, client without compression"
	RESULT="data path: server $(peer_data_path ovpnd)"
	stop_clean client
	stop_clean server
}

# Everything from the client but data packets (opcode 9) gets lost.
control_block() {
	in_c nft -f - <<-EOT
		table inet test {
			chain out {
				type filter hook output priority 0
				udp dport 1194 @th,64,8 & 0xf8 != 0x48 drop
			}
		}
	EOT
}

connected_again() {
	[ "$(grep -c 'connected: peer-id' "$DIR/server.log")" = 2 ]
}

restarted() {
	[ "$(grep -c 'Initialization Sequence Completed' "$DIR/server.log")" = 2 ]
}
