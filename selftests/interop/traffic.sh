# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Traffic through the tunnel, from the client's namespace to the server's.

# traffic_ping ADDRESS [COUNT]: not one may be lost.
traffic_ping() {
	local log

	log=$(in_c ping -n -q -i 0.2 -c "${2:-10}" -W "$((2 * SCALE))" \
		"$1" 2>&1)
	grep -q ' 0% packet loss' <<<"$log" && return
	say "ping $1:"
	sed 's/^/#   /' <<<"$log"
	return 1
}

traffic_server_start() {
	daemon_start iperf3 s iperf3 --server --forceflush
	daemon_wait_for iperf3 'listening' 10
}

# iperf3 does not listen while it ends a test, which it may still do when the
# client has finished.
traffic_server_is_free() {
	[ "$(grep -c '^Server listening' "$DIR/iperf3.log")" -gt \
		"$(grep -c '^Accepted connection' "$DIR/iperf3.log")" ]
}

# traffic_run FILE ARGUMENT...: one iperf3 client, its output in $DIR/FILE.
traffic_run() {
	local file=$DIR/$1

	shift
	within 5 traffic_server_is_free || {
		say "iperf3's server is not free"
		return 1
	}
	nice -n -15 ip netns exec "$NET-c" timeout "$((40 * SCALE + 40))" \
		iperf3 --client "$@" --format m >"$file" 2>&1 && return
	say "iperf3 --client $*:"
	tail -n 20 "$file" | sed 's/^/#   /'
	return 1
}

# The throughput that the receiver saw, "123 Mbits/sec".
traffic_rate() {
	sed -n 's/.* \([0-9.]* Mbits\/sec\).*receiver.*/\1/p' "$DIR/$1" |
		head -n 1
}

# traffic_udp ADDRESS SECONDS: at a fixed rate, both ways at once. Sets
# UDP_SENT and UDP_LOST (both directions together).
traffic_udp() {
	traffic_run udp "$1" --udp --bidir --time "$2" --bitrate 400K \
		--length 1000 || return 1
	read -r UDP_LOST UDP_SENT < <(awk '/receiver/ {
		for (i = 1; i <= NF; i++)
			if ($i ~ /^-?[0-9]+\/[0-9]+$/) {
				split($i, part, "/")
				lost += part[1]; sent += part[2]; n++
			}
		} END { if (n == 2) print lost, sent; else print "-1 0" }' \
		"$DIR/udp")
}
