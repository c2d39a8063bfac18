#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A peer that changes its address (float): notified, and traffic follows.
#
#	+------- a -------+                        +------- b ----------+
#	| tun p2p         |                        | tun mp             |
#	| 10.8.0.2        |  10.99.0.0/24          | 10.8.0.1           |
#	|  vab .1, .11    |------------------------|  vba .2 :7002      |
#	|  :7001, :7003   |  fd99::1, fd99::11     |                    |
#	+-----------------+                        +--------------------+
#
# The peer at a moves to another address by getting another socket.

TESTS="port4 address4 address6 family forged replayed delayed old oldkey
	local"
. "$(dirname "$0")/lib.sh"

listen_b() {
	kt_bg_ready events "$BIN/ovpn_cli" -n "$NS-b" listen 600
}

# event WHAT PATTERN: the last event, waited for
event() {
	kt_until 10 kt_lines events 2
	kt_is "$1" "$(tail -n 1 "$TMP/events")" "$2"
}

# moved ADDR:PORT ADDRESSES: a's peer once more, on a socket at ADDR:PORT
moved() {
	sock_new a "$1"
	cli a batch <<-END || kt_die "move to $1"
		new_peer tun id=1 socket=@sock:$SOCK $2 remote-port=7002
		new_key tun peer-id=1 slot=0 key-id=1 cipher-alg=aes-gcm \
			$(key_items 1 32 0)
	END
	cli b new_key tun peer-id=1 slot=0 key-id=1 cipher-alg=aes-gcm \
		$(key_items 1 32 1) || kt_die "key of b"
}

ifindex_b() {
	dev_attr b tun ifindex
}

# port4: another port of the same IPv4 address
test_port4() {
	net_pair
	tunnel_new aes-gcm 32 4
	ping_all a 10.8.0.1 2
	listen_b
	moved 10.99.0.1:7003 remote-ipv4=10.99.0.2
	# the server does not know the address until the peer sends
	ping_all a 10.8.0.1 2
	event "float" "PEER_FLOAT_NTF ifindex=$(ifindex_b)\
 peer{id=1 remote-ipv4=10.99.0.1 remote-port=7003}"
	ping_all b 10.8.0.2 2
	kt_is "remote port" "$(peer_field b tun 1 remote-port)" 7003
	kt_pause 0.2
	kt_is "one event" "$(wc -l <"$TMP/events")" 2
}

# address4: another IPv4 address; bulk traffic follows
test_address4() {
	net_pair
	ip -n "$NS-a" addr add 10.99.0.11/24 dev vab
	tunnel_new aes-gcm 32 4
	ping_all a 10.8.0.1 2
	listen_b
	moved 10.99.0.11:7003 "remote-ipv4=10.99.0.2 local-ipv4=10.99.0.11"
	ping_all a 10.8.0.1 2
	event "float" "PEER_FLOAT_NTF ifindex=$(ifindex_b)\
 peer{id=1 remote-ipv4=10.99.0.11 remote-port=7003}"
	ip -n "$NS-a" addr del 10.99.0.1/24 dev vab
	ip -n "$NS-a" addr show dev vab | grep -q 10.99.0.11 ||
		ip -n "$NS-a" addr add 10.99.0.11/24 dev vab
	ping_all b 10.8.0.2 2
	tcp_check b a 10.8.0.2:9001 500000
	kt_is "local address" "$(peer_field b tun 1 local-ipv4)" 10.99.0.2
}

# address6: another IPv6 address
test_address6() {
	net_pair
	ip -n "$NS-a" addr add fd99::11/64 dev vab nodad
	tunnel_new aes-gcm 32 6
	ping_all a 10.8.0.1 2
	listen_b
	moved "[fd99::11]:7003" "remote-ipv6=fd99::2 local-ipv6=fd99::11"
	ping_all a 10.8.0.1 2
	event "float" "PEER_FLOAT_NTF ifindex=$(ifindex_b)\
 peer{id=1 remote-ipv6=fd99::11 remote-ipv6-scope-id=0 remote-port=7003}"
	ping_all b fd08::2 2
	tcp_check b a "[fd08::2]:9001" 500000
	kt_is "local address" "$(peer_field b tun 1 local-ipv6)" fd99::2
}

# family: from IPv6 to IPv4, on a dual-stack socket
test_family() {
	net_pair
	tunnel_new aes-gcm 32 6
	ping_all a 10.8.0.1 2
	listen_b
	moved 10.99.0.1:7003 remote-ipv4=10.99.0.2
	ping_all a 10.8.0.1 2
	event "float" "PEER_FLOAT_NTF ifindex=$(ifindex_b)\
 peer{id=1 remote-ipv4=10.99.0.1 remote-port=7003}"
	ping_all b 10.8.0.2 2
}

# from_port PORT WORD...: a packet of peer 1 to b, from another port of a
from_port() {
	local port=$1

	shift
	kt_ok "send from $port" wire a "on=10.99.0.1:$port" to=10.99.0.2:7002 \
		"key=32*a0" "nonce=8*c0" peer-id=1 \
		key-id=0 inner=udp,10.8.0.2,10.8.0.1,5,9,20 "$@"
}

# forged: what is not authentic moves nobody
test_forged() {
	net_pair
	tunnel_new aes-gcm 32 4
	ping_all a 10.8.0.1 2
	listen_b
	from_port 7100 pids=100 flip=40
	from_port 7100 pids=101 flip=5
	kt_is "remote port" "$(peer_field b tun 1 remote-port)" 7001
	kt_is "events" "$(wc -l <"$TMP/events")" 1
	from_port 7101 pids=102
	event "float" "PEER_FLOAT_NTF*remote-port=7101}"
}

# replayed: a copy of a packet sent from elsewhere moves nobody
test_replayed() {
	net_pair
	tunnel_new aes-gcm 32 4
	from_port 7101 pids=100
	listen_b
	from_port 7102 pids=100
	kt_is "remote port" "$(peer_field b tun 1 remote-port)" 7101
	kt_is "events" "$(wc -l <"$TMP/events")" 1
}

# delayed: an authentic packet that others have overtaken moves nobody back
test_delayed() {
	local before

	net_pair
	tunnel_new aes-gcm 32 4
	from_port 7101 pids=100
	listen_b
	before=$(peer_field b tun 1 vpn-rx-packets)
	from_port 7102 pids=99
	kt_is "received" "$(peer_field b tun 1 vpn-rx-packets)" \
		$((before + 1))
	kt_is "remote port" "$(peer_field b tun 1 remote-port)" 7101
	kt_is "events" "$(wc -l <"$TMP/events")" 1
}

# old: after SET the peer floats again from what was set
test_old() {
	net_pair
	tunnel_new aes-gcm 32 4
	listen_b
	from_port 7101 pids=100
	event "float" "PEER_FLOAT_NTF*remote-port=7101}"
	kt_ok "set" cli b set_peer tun id=1 remote-ipv4=10.99.0.1 \
		remote-port=7102
	from_port 7102 pids=101
	kt_is "no event for what was set" "$(wc -l <"$TMP/events")" 2
	from_port 7101 pids=102
	kt_until 5 kt_lines events 3
	event "float back" "PEER_FLOAT_NTF*remote-port=7101}"
}

# oldkey: packets of the old key move nobody once the new one is in use
test_oldkey() {
	local new

	new="key=32*a1 nonce=8*c1 key-id=1"
	net_pair
	tunnel_new aes-gcm 32 4
	kt_ok "key" cli b new_key tun peer-id=1 slot=1 key-id=1 \
		cipher-alg=aes-gcm $(key_items 1 32 1)
	from_port 7101 pids=100
	kt_is "the old one until then" "$(peer_field b tun 1 remote-port)" 7101
	# one that only says that it is of the new key
	# shellcheck disable=SC2086
	from_port 7103 $new pids=1 flip=30
	from_port 7104 pids=101
	kt_is "the old one still" "$(peer_field b tun 1 remote-port)" 7104
	# shellcheck disable=SC2086
	from_port 7102 $new pids=1
	kt_is "the new one" "$(peer_field b tun 1 remote-port)" 7102
	from_port 7101 pids=200
	kt_is "the old one late" "$(peer_field b tun 1 remote-port)" 7102
	kt_is "received all the same" \
		"$(peer_field b tun 1 vpn-rx-packets)" 4
	# shellcheck disable=SC2086
	from_port 7103 $new pids=2
	kt_is "the new one again" "$(peer_field b tun 1 remote-port)" 7103
	# without the new key the old one is the newest
	kt_ok "delete" cli b del_key tun peer-id=1 slot=1
	from_port 7104 pids=300
	kt_is "the old one alone" "$(peer_field b tun 1 remote-port)" 7104
}

# local: answers leave from the address that the peer has reached
test_local() {
	net_pair
	ip -n "$NS-b" addr add 10.99.0.22/24 dev vba
	tunnel_new aes-gcm 32 4
	listen_b
	kt_ok "send" wire a on=10.99.0.1:7105 to=10.99.0.22:7002 \
		"key=32*a0" "nonce=8*c0" peer-id=1 \
		pids=100 inner=udp,10.8.0.2,10.8.0.1,5,9,20
	kt_is "local" "$(peer_field b tun 1 local-ipv4)" 10.99.0.22
	kt_bg_ready got "$BIN/ovpn_wire" -n "$NS-a" \
		on=10.99.0.1:7105 "key=32*b0" \
		"nonce=8*d0" count=1 seconds=60
	in_b ping -q -c 1 -W 0.1 10.8.0.2 >/dev/null
	kt_wait "$KT_PID"
	kt_is "from" "$(sed -n 2p "$TMP/got")" "rx 10.99.0.22:7002 *ok*"
}

kt_main "$@"
