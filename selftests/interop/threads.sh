# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A server whose data is carried by three threads: clients in each of them.
# Sourced by run.
#
#   NET-1 ... NET-5, a client in each      NET-s, the server with data-threads 3

THREADS_CLIENTS='1 2 3 4 5'

# threads_up CLIENT: all of them
threads_up() {
	local i

	five_up || fail "cannot make the clients' namespaces"
	# where the first one will float to
	in_s ip route add 203.0.113.1/32 dev c1
	net_state s >"$DIR/state-s"
	SERVER_LINES="client-to-client
		duplicate-cn
		data-threads 3
		restart-hold 20"
	server_starts
	for i in $THREADS_CLIENTS; do
		five_start "$i" "$1"
	done
	for i in $THREADS_CLIENTS; do
		daemon_wait_for "client-$i" 'Initialization Sequence Completed' \
			20 || fail "client $i does not connect"
	done
}

# What can be seen of the threads, and of who is where.
threads_shown() {
	local names peers

	names=$(sort "/proc/${DAEMON_PID[server]}"/task/*/comm |
		grep -c '^ovpnd-data[123]$')
	[ "$names" = 3 ] || fail "$names threads have the names of data threads"
	in_s ip -d link show tun-s | grep -q multi_queue ||
		fail "the device has one queue"
	peers=$(peer_json server | grep -o '"data_thread": *[0-9]*' | sort |
		uniq -c | tr -s ' \n' ' ')
	[ "$peers" = \
		' 2 "data_thread": 1 2 "data_thread": 2 1 "data_thread": 3 ' ] ||
		fail "clients in other threads: $peers"
}

# threads_stream FROM TO SECONDS: datagrams both ways at a fixed rate; sets LOST,
# SENT and EARLY, how many came before an older one.
threads_stream() {
	local there

	daemon_start iperf3 "$2" iperf3 --server --one-off --forceflush
	daemon_wait_for iperf3 listening 10 || fail "iperf3 does not start"
	nice -n -15 ip netns exec "$NET-$1" timeout $((40 * SCALE + $3)) \
		iperf3 --client "$(five_address "$2")" --udp --bidir --json \
		--time "$3" --bitrate 1M --length 1000 \
		>"$DIR/stream.json" 2>&1 || {
		tail -n 20 "$DIR/stream.json" | sed 's/^/#   /'
		fail "UDP between clients $1 and $2"
	}
	daemon_stop iperf3
	there=$(sed -n 's/.* \([0-9]*\) datagrams received out-of-order.*/\1/p' \
		"$DIR/iperf3.log" | awk '{ n += $1 } END { print n + 0 }')
	read -r LOST SENT EARLY < <(jq -r --argjson there "$there" \
		'[.end.streams[].udp] | [(map(.lost_packets) | add),
		(map(.packets) | add), $there + (map(select(.sender | not) |
		.out_of_order) | add)] | @tsv' "$DIR/stream.json")
	[ -n "$EARLY" ] || fail "iperf3 says nothing of order"
	say "$1 and $2: $SENT datagrams, $LOST lost, $EARLY out of order"
}

# One client gets another address outside, without knowing it.
threads_float() {
	in_ns 1 ip address add 203.0.113.1/32 dev out
	in_ns 1 ip route replace 198.51.100.4/30 dev out src 203.0.113.1
}

threads_has_floated() {
	daemon_says server 'floated from 198\.51\.100\.6:[0-9]* to 203\.0\.113\.1:'
}

# meanwhile SECONDS COMMAND...: in the background, after that time
meanwhile() {
	local wait=$1

	shift
	{ sleep "$wait" && "$@"; } &
	MEANWHILE=$!
}

# scenario_threads CLIENT: each reaches each; order is kept through renegotiation,
# float and restart.
scenario_threads() {
	local i k keys

	RENEG_S=$((12 * SCALE)) RENEG_C=0
	threads_up "$1"
	expect_data_path server ovpnd
	threads_shown
	keys=$(sockets_keys | sort)
	for i in $THREADS_CLIENTS; do
		for k in $THREADS_CLIENTS s; do
			[ "$i" != "$k" ] || continue
			sockets_ping "$i" "$k" || fail "ping from $i to $k"
		done
	done
	threads_stream 1 2 $((14 * SCALE))
	[ "$LOST $EARLY" = '0 0' ] ||
		fail "renegotiation: $LOST of $SENT lost, $EARLY out of order"
	[ "$(sockets_keys | sort)" != "$keys" ] || fail "the keys are the same"
	RESULT="three threads: of $SENT datagrams over a renegotiation none lost"

	meanwhile 2 threads_float
	threads_stream 1 3 5
	wait "$MEANWHILE"
	within 5 threads_has_floated || fail "the server has not seen a float"
	# who moves may lose some on the way, as on any network
	[ "$LOST" -le $((SENT / 100)) ] && [ "$EARLY" = 0 ] ||
		fail "float: $LOST of $SENT lost, $EARLY out of order"
	threads_restart
	for i in $THREADS_CLIENTS; do
		daemon_stop "client-$i"
	done
	stop_clean server
}

# Told to, and by kill -9, while datagrams pass.
threads_restart() {
	local i index

	index=$(in_s cat /sys/class/net/tun-s/ifindex)
	pings_start_from 4 8
	server_again restart
	daemon_says server '5 peers of an earlier run go on' ||
		fail "the clients' sessions are not taken over"
	sleep 2
	server_again kill
	daemon_says server '5 peers of an earlier run go on' ||
		fail "kill -9: the clients' sessions are not taken over"
	pings_end
	[ "$PINGS_LOST" -le $((PINGS_SENT / 100)) ] ||
		fail "$PINGS_LOST of $PINGS_SENT pings lost"
	[ "$(in_s cat /sys/class/net/tun-s/ifindex)" = "$index" ] ||
		fail "the device is another one"
	threads_shown
	for i in 2 3 4 5; do
		sockets_ping "$i" 1 || fail "ping from $i to 1 after the restart"
	done
	threads_stream 2 5 3
	[ "$LOST $EARLY" = '0 0' ] ||
		fail "after the restart: $LOST lost, $EARLY out of order"
	RESULT+="; restarted twice, $PINGS_LOST of $PINGS_SENT pings lost"
}
