# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Formats of data packets that only userspace carries. Sourced by run.

# ping_sizes s|c ADDRESS4 ADDRESS6: what fits into a datagram and what does not
# have to get through.
ping_sizes() {
	local size

	for size in 16 600 1100 1172 1173 1400 1472; do
		in_ns "$1" ping -n -q -c 2 -i 0.2 -W 2 -s "$size" "$2" \
			>/dev/null || fail "ping of $size bytes to $2"
	done
	in_ns "$1" ping -n -q -c 2 -i 0.2 -W 2 -s 1400 "$3" >/dev/null ||
		fail "ping of 1400 bytes to $3"
}

# scenario_format SERVER CLIENT [PATTERN]: traffic of all sizes both ways; one of
# the logs has the pattern.
scenario_format() {
	connect "$1" "$2"
	traffic_server_start || fail "iperf3 does not start"
	ping_sizes c "$VPN_S4" "$VPN_S6"
	[ -z "${3:-}" ] || daemon_says client "$3" || daemon_says server "$3" ||
		fail "no log has '$3'"
	traffic_run tcp-up "$VPN_S4" --time 2 || fail "TCP to the server"
	traffic_run tcp-down "$VPN_S6" --time 2 --reverse ||
		fail "TCP from the server"
	RESULT="$CIPHER; TCP $(traffic_rate tcp-up) up"
	RESULT+=" $(traffic_rate tcp-down) down"
	daemon_stop iperf3
	stop_clean client
	stop_clean server
}

# first_data PATTERN...: is there a datagram of the client whose first bytes
# match, in hexadecimal? The capture runs while the tunnel is pinged.
first_data() {
	in_s timeout 3 tcpdump -i out -c 40 -n -x udp dst port 1194 \
		>"$DIR/capture" 2>/dev/null &
	sleep 0.5
	in_c ping -n -q -c 10 -i 0.1 "$VPN_S4" >/dev/null
	wait $!
	# IP header of 20 bytes, UDP of 8, then the packet
	awk '/^\t0x0010:/ { print $8 }' "$DIR/capture" | grep -qE "^$1"
}

# scenario_v1 CLIENT: a stock client that is not told its peer id sends without
# one.
scenario_v1() {
	EXTRA[client]='pull-filter ignore "peer-id"'
	connect ovpnd "$1"
	first_data '3[0-7]' || fail "the client does not send DATA_V1"
	ping_sizes c "$VPN_S4" "$VPN_S6"
	RESULT="data path: server $(peer_data_path ovpnd)"
	stop_clean client
	stop_clean server
}

# scenario_mss SERVER CLIENT LINE CIPHER: segments are as long as the stock end
# says that they should be, in its log; in the kernel, which has one number for
# all peers, as the peer with the longest headers needs it.
scenario_mss() {
	local role=server want got less=0

	[ "$1" != ovpnd ] || role=client
	EXTRA[server]=$3 EXTRA[client]=$3 CIPHER=$4
	connect "$1" "$2"
	want=$(sed -n 's/.*Data Channel MTU parms.* mss_fix:\([0-9]*\) .*/\1/p' \
		"$DIR/$role.log" | tail -n 1)
	in_s timeout 5 tcpdump -i tun-s -c 1 -n -v 'tcp[tcpflags] & tcp-syn != 0' \
		>"$DIR/syn" 2>/dev/null &
	sleep 0.7
	in_c timeout 2 bash -c "exec 3<>/dev/tcp/$VPN_S4/9" 2>/dev/null
	wait $!
	got=$(sed -n 's/.*mss \([0-9]*\).*/\1/p' "$DIR/syn" | head -n 1)
	# of tun-mtu 1500
	[ "$want" != 0 ] || want=1460
	[ "${DP:-}" != kernel ] || [ "$want" = 1460 ] || less=24
	[ "${got:-0}" -gt 0 ] && [ "$got" -le "$want" ] &&
		[ "$got" -ge $((want - less)) ] ||
		fail "segments of '$got' bytes, stock OpenVPN has '$want' ($3, $4)"
	say "$3, $4: segments of $got bytes"
	stop_clean client
	stop_clean server
}

has_lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# scenario_class SERVER CLIENT: with passtos, what is urgent inside is urgent
# outside, from both ends; without, from neither.
scenario_class() {
	local line count

	for line in passtos ''; do
		EXTRA[server]=$line EXTRA[client]=$line
		connect "$1" "$2"
		ip netns exec "$NET-s" timeout 10 tcpdump -i out -c 8 -n -l \
			'udp port 1194 and ip[1] & 0xfc = 0xb8' \
			>"$DIR/class" 2>/dev/null &
		sleep 0.7
		# who answers an echo takes its class over
		in_c ping -n -q -c 4 -i 0.1 -Q 0xb8 "$VPN_S4" >/dev/null ||
			fail "ping"
		[ -n "$line" ] || sleep 0.5
		[ -z "$line" ] || within 3 has_lines "$DIR/class" 8
		kill $! 2>/dev/null
		wait $! 2>/dev/null
		count="$(grep -c '1194 > ' "$DIR/class") from the server,"
		count+=" $(grep -c '1194: ' "$DIR/class") from the client"
		case $line,$count in
		'passtos,4 from the server, 4 from the client') ;;
		',0 from the server, 0 from the client') ;;
		*) fail "'$line': urgent datagrams: $count" ;;
		esac
		stop_clean client
		stop_clean server
	done
	RESULT="DSCP of both ends outside"
}

# scenario_nat CLIENT: with client-nat the client reaches the server at another
# address than it has, and is reached at another one, with good checksums.
scenario_nat() {
	SHAPE=p2p
	EXTRA[client]='client-nat dnat 10.99.0.0 255.255.255.0 10.8.0.0
client-nat snat 172.30.1.0 255.255.255.0 172.31.1.0'
	connect 2.6.14 "$1"
	in_c ip address add 172.30.1.5/32 dev lo
	in_c ip route add 10.99.0.0/24 dev tun-c src "$VPN_C4"
	in_s ip route add 172.31.1.0/24 dev tun-s
	traffic_server_start || fail "iperf3 does not start"
	in_c ping -n -q -c 3 -i 0.2 -W 2 10.99.0.1 >/dev/null ||
		fail "ping to 10.99.0.1, which is $VPN_S4"
	in_s ping -n -q -c 3 -i 0.2 -W 2 172.31.1.5 >/dev/null ||
		fail "ping to 172.31.1.5, which is 172.30.1.5"
	in_s ping -n -q -c 1 -W 1 172.30.1.5 >/dev/null &&
		fail "172.30.1.5 is known to the server"
	traffic_run tcp-up 10.99.0.1 --time 1 || fail "TCP"
	traffic_udp 10.99.0.1 1 || fail "UDP"
	[ "$UDP_LOST" = 0 ] && [ "$UDP_SENT" -gt 0 ] ||
		fail "UDP: $UDP_LOST of $UDP_SENT lost"
	daemon_stop iperf3
	in_c ip address del 172.30.1.5/32 dev lo
	stop_clean client
	stop_clean server
	RESULT="$1: both rules; TCP $(traffic_rate tcp-up)"
}

# scenario_mtu_test ROLE: stock at the other end asks us for datagrams of all sizes
# and finds that every one of them gets through.
scenario_mtu_test() {
	local other=client server=ovpnd client=2.6.14

	[ "$1" = server ] || { other=server server=2.6.14 client=ovpnd; }
	EXTRA[$other]=mtu-test
	SHAPE=$2 connect $server $client
	daemon_wait_for $other 'Empirical MTU test completed' 280 ||
		fail "no result of mtu-test"
	RESULT=$(sed -n 's/.*\(local->remote.*\)/\1/p' "$DIR/$other.log" |
		tail -n 1)
	# sizes tried and seen are the same, and as large as they get
	grep -qE 'local->remote=\[(1[45][0-9]{2}),\1\] remote->local=\[(1[45][0-9]{2}),\2\]' \
		<<<"$RESULT" || fail "mtu-test: $RESULT"
	stop_clean client
	stop_clean server
}

# scenario_mtu_here SERVER: ovpnd asks, first on a path that carries everything,
# then on one that is narrower than its datagrams.
scenario_mtu_here() {
	EXTRA[client]=mtu-test
	connect "$1" ovpnd
	mtu_result
	[ "${SIZES[0]}" = "${SIZES[1]}" ] && [ "${SIZES[2]}" = "${SIZES[3]}" ] &&
		[ "${SIZES[0]}" -ge 1500 ] && [ "${SIZES[2]}" -ge 1500 ] ||
		fail "mtu-test on a wide path: ${SIZES[*]}"
	stop_clean client
	stop_clean server
	connect "$1" ovpnd
	narrow_up || fail "nft does not drop fragments"
	mtu_result
	[ "${SIZES[1]}" -lt 1473 ] && [ "${SIZES[0]}" -gt 1472 ] &&
		[ "${SIZES[3]}" -lt 1473 ] && [ "${SIZES[2]}" -gt 1472 ] ||
		fail "mtu-test on a narrow path: ${SIZES[*]}"
	daemon_says client 'unable to accommodate a UDP packet size' ||
		fail "the client does not say that the path is narrow"
	stop_clean client
	stop_clean server
	RESULT="narrow path: of ${SIZES[0]} bytes ${SIZES[1]} get there, of ${SIZES[2]} ${SIZES[3]} back"
}

# SIZES: tried and seen there, tried and seen back
mtu_result() {
	daemon_wait_for client 'Empirical MTU test completed' 100 ||
		fail "no result of mtu-test"
	read -ra SIZES < <(sed -n 's/.*local->remote=\[\([0-9]*\),\([0-9]*\)\] remote->local=\[\([0-9]*\),\([0-9]*\)\].*/\1 \2 \3 \4/p' \
		"$DIR/client.log" | tail -n 1)
}

# Datagrams in fragments get lost behind their sender, who does not notice it.
narrow_up() {
	local side

	for side in s c; do
		in_ns $side nft -f - <<-EOT || return 1
			table inet test {
				chain in {
					type filter hook prerouting priority -450
					iifname "out" ip frag-off & 0x3fff != 0 drop
				}
			}
		EOT
	done
}

# scenario_shaper SERVER CLIENT LINE ROLE: with the line at ROLE the client sends at
# most 200000 bytes in a second; it takes more, and pings are not lost.
scenario_shaper() {
	local rate

	EXTRA[$4]=$3
	connect "$1" "$2"
	traffic_server_start || fail "iperf3 does not start"
	traffic_run tcp-up "$VPN_S4" --time 6 || fail "TCP to the server"
	rate=$(sed -n 's/.* \([0-9.]*\) Mbits\/sec.*receiver.*/\1/p' "$DIR/tcp-up")
	awk -v r="$rate" 'BEGIN { exit !(r > 0.6 && r < 1.7) }' ||
		fail "$rate Mbit/s to the server, of 200000 bytes in a second"
	traffic_run tcp-down "$VPN_S6" --time 2 --reverse ||
		fail "TCP from the server"
	awk -v r="$(traffic_rate tcp-down)" 'BEGIN { exit !(r + 0 > 5) }' ||
		fail "only $(traffic_rate tcp-down) from the server"
	traffic_ping "$VPN_S4" || fail "ping"
	daemon_stop iperf3
	stop_clean client
	stop_clean server
	RESULT+="$2: $rate Mbit/s of 1.6; "
}

# ---- five at once ------------------------------------------------------
#
#   NET-1 ... NET-5, a client in each      NET-s, the server
#   out 198.51.100.4n+2/30  ------ veth ------  cn 198.51.100.4n+1/30

five_up() {
	local i

	in_s sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	for i in 1 2 3 4 5; do
		ip netns add "$NET-$i" || return 1
		in_ns $i sysctl -qw net.ipv6.conf.all.accept_dad=0 \
			net.ipv6.conf.default.accept_dad=0
		in_ns $i ip link set lo up
		in_s ip link add "c$i" type veth peer name out \
			netns "$NET-$i" || return 1
		in_s ip address add "198.51.100.$((4 * i + 1))/30" dev "c$i"
		in_ns $i ip address add "198.51.100.$((4 * i + 2))/30" dev out
		in_s ip link set "c$i" up
		in_ns $i ip link set out up
	done
	net_state s >"$DIR/state-s"
}

# peer_before_v2 VERSION NAME: sets COMMAND to a stock program that does not say what it
# can do, as those did not that sent without a peer id only.
peer_before_v2() {
	local copy=$DIR/before-v2-$2

	peer_command "$1" || return 1
	cp -a "$(dirname "$(readlink -f "$(command -v "${COMMAND[0]}")")")" \
		"$copy" || return 1
	sed -i 's/IV_PROTO=/XV_PROTO=/g' "$copy/openvpn.bin" || return 1
	COMMAND=("$copy/run")
}

# five_start N PROGRAM LINE...: client N, with more lines.
five_start() {
	local i=$1 program=${2%-before-v2}

	if [ "$program" != "$2" ]; then
		peer_before_v2 "$program" "$i" || fail "cannot make OpenVPN $2"
	else
		peer_command "$program" || fail "no OpenVPN $program here"
	fi
	shift 2
	EXTRA[client]=$(printf '%s\n' "$@")
	peer_config_client "$program" |
		sed "s/remote 192.0.2.1 /remote 198.51.100.$((4 * i + 1)) /" \
		>"$DIR/client-$i.conf"
	daemon_start "client-$i" "$i" "${COMMAND[@]}" \
		--config "$DIR/client-$i.conf"
}

five_address() {
	in_ns "$1" ip -o -4 address show dev tun-c |
		sed -n 's/.* inet \([0-9.]*\).*/\1/p'
}

# five_fourth CLIENT: over TCP nothing is fragmented, so it is of two formats
five_fourth() {
	if [ "$PROTO" = tcp ]; then
		CIPHER=AES-256-CBC
		five_start 4 "$1-before-v2" 'auth SHA256'
	else
		five_start 4 "$1" 'fragment 1200'
	fi
}

# scenario_five CLIENT: clients of five formats beside each other, each talks to
# each.
scenario_five() {
	local i k to

	five_up || fail "cannot make the clients' namespaces"
	CIPHER=AES-256-GCM:AES-256-CBC
	SERVER_LINES="client-to-client
		duplicate-cn
		auth SHA256
		${SERVER_MORE:-}"
	[ "$PROTO" = tcp ] || SERVER_LINES+=$'\nfragment 1200'
	peer_start server ovpnd
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "ovpnd does not start"
	CIPHER=AES-256-GCM
	five_start 1 "$1"
	CIPHER=AES-256-CBC
	five_start 2 "$1" 'auth SHA256'
	CIPHER=AES-256-GCM
	five_start 3 "$1" 'comp-lzo no'
	five_fourth "$1"
	CIPHER=AES-256-GCM
	five_start 5 "$1-before-v2"
	for i in 1 2 3 4 5; do
		daemon_wait_for "client-$i" 'Initialization Sequence Completed' \
			20 || fail "client $i does not connect"
	done
	for i in 1 2 3 4 5; do
		for k in 1 2 3 4 5; do
			to=$(five_address $k)
			[ $i != $k ] || to=$VPN_S4
			in_ns $i ping -n -q -c 3 -i 0.2 -W 2 "$to" \
				>/dev/null || fail "ping from $i to $k ($to)"
			in_ns $i ping -n -q -c 2 -i 0.2 -W 2 -s 1372 "$to" \
				>/dev/null ||
				fail "long ping from $i to $k ($to)"
		done
	done
	five_shown || fail "ovpnctl shows other peers: $(peer_json server)"
	five_tcp || fail "TCP between clients"
	for i in 1 2 3 4 5; do
		daemon_stop "client-$i"
	done
	stop_clean server
	RESULT="five formats at one server, each to each"
}

five_shown() {
	local all cbc=1 why=fragments

	[ "$PROTO" != tcp ] || cbc=2 why='packets without a peer id'
	all=$(peer_json server)
	[ "$(grep -o '"cipher": *"AES-256-GCM"' <<<"$all" | wc -l)" = \
		$((5 - cbc)) ] &&
		[ "$(grep -o '"cipher": *"AES-256-CBC"' <<<"$all" |
			wc -l)" = $cbc ] &&
		grep -q 'only userspace carries AES-256-CBC' <<<"$all" &&
		grep -q "only userspace carries $why" <<<"$all" &&
		grep -q 'only userspace carries packets without a peer id' \
			<<<"$all" || return 1
	# of which the kernel carries what it can
	[ "$DP" != kernel ] ||
		[ "$(grep -o '"data_path": *"[a-z]*"' <<<"$all" | sort | uniq -c |
			tr -s ' \n' ' ')" = \
		' 2 "data_path": "kernel" 3 "data_path": "user" ' ]
}

# The client with CBC to the fourth, through the server.
five_tcp() {
	daemon_start iperf3 4 iperf3 --server --one-off --forceflush
	daemon_wait_for iperf3 listening 10 || return 1
	in_ns 2 timeout 20 iperf3 --client "$(five_address 4)" --time 2 \
		>"$DIR/five" 2>&1 || {
		sed 's/^/#   /' "$DIR/five"
		return 1
	}
	daemon_stop iperf3
}
