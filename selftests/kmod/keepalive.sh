#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Keepalive: pings when nothing else was sent, expiry when nothing came.
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p         |                      | ovpn_wire       |
#	| 10.8.0.2        |    10.99.0.0/24      | (no device)     |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+                      +-----------------+

TESTS="ping expire alive quiet off"
. "$(dirname "$0")/lib.sh"

device_new() {
	net_pair
	sock_new a 0.0.0.0:7001
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	kt_bg_ready events "$BIN/ovpn_cli" -n "$NS-a" listen 600
	cli a batch <<-END || kt_die "set up"
		new_peer tun id=1 socket=@sock:$SOCK \
			remote-ipv4=10.99.0.2 remote-port=7002
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 0 32 0)
	END
}

# keepalive INTERVAL TIMEOUT
keepalive() {
	kt_ok "keepalive $1 $2" cli a set_peer tun id=1 \
		"keepalive-interval=$1" "keepalive-timeout=$2"
}

# ping: one each interval, exactly the well-known payload
test_ping() {
	device_new
	kt_bg_ready got "$BIN/ovpn_wire" -n "$NS-b" \
		on=10.99.0.2:7002 $(wire_key 0 32) count=3 seconds=60
	keepalive 1 60
	kt_wait "$KT_PID" || kt_fail "pings" "$(cat "$TMP/got")"
	kt_is "payload" "$(grep -c 'len=40 ok ping' "$TMP/got")" 3
	# not counted as traffic inside
	kt_is "inside" "$(peer_field a tun 1 vpn-tx-packets)" 0
	kt_num "outside" "$(peer_field a tun 1 link-tx-packets)" -ge 3
}

# expire: the peer is removed, which is notified
test_expire() {
	local start=$SECONDS

	device_new
	keepalive 1 3
	kt_until 15 kt_says events DEL_NTF
	kt_is "event" "$(tail -n 1 "$TMP/events")" \
		"PEER_DEL_NTF ifindex=* peer{del-reason=expired id=1}"
	kt_num "not early" $((SECONDS - start)) -ge 3
	kt_not "peer is gone" cli a get_peer tun id=1
	kt_is "carrier" "$(dev_attr a tun carrier)" 0
}

# alive: whatever is authentic keeps a peer alive, also pings
test_alive() {
	local n

	device_new
	keepalive 1 4
	for n in 1 2 3 4 5 6; do
		kt_pause 1
		kt_ok "send" wire b on=10.99.0.2:7002 to=10.99.0.1:7001 \
			$(wire_key 0 32) peer-id=1 "pids=$n" inner=ping
	done
	kt_ok "peer is there" cli a get_peer tun id=1
	kt_is "no event" "$(wc -l <"$TMP/events")" 1
	# forged ones do not
	for n in 7 8 9 10 11; do
		wire b on=10.99.0.2:7002 to=10.99.0.1:7001 $(wire_key 0 32) \
			peer-id=1 "pids=$n" inner=ping flip=30 >/dev/null
		kt_pause 1
	done
	kt_until 5 kt_says events del-reason=expired ||
		kt_fail "forged packets keep a peer alive"
}

# quiet: no ping while data is sent, here for 5 s
test_quiet() {
	device_new
	keepalive 2 60
	kt_bg_ready got "$BIN/ovpn_wire" -n "$NS-b" \
		on=10.99.0.2:7002 $(wire_key 0 32) count=20 seconds=60
	in_a ping -q -c 22 -i 0.25 -W 0.1 10.8.0.1 >/dev/null
	kt_wait "$KT_PID" || kt_fail "packets" "$(cat "$TMP/got")"
	# before the first one ping may come
	kt_num "data" "$(grep -c ' ip4 proto=1 ' "$TMP/got")" -ge 18
}

# off: zero switches both off
test_off() {
	device_new
	keepalive 1 2
	keepalive 0 0
	kt_bg_ready got "$BIN/ovpn_wire" -n "$NS-b" \
		on=10.99.0.2:7002 $(wire_key 0 32) seconds=3
	kt_wait "$KT_PID"
	kt_is "pings" "$(tail -n 1 "$TMP/got")" "total=0 *"
	kt_ok "peer is there" cli a get_peer tun id=1
}

kt_main "$@"
