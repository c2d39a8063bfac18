#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One server device, eight peers on one socket.
#
#	+-------- a --------+                    +--------- b ---------+
#	| srv mp            |                    | cl1..cl8 p2p        |
#	| 10.8.0.1, fd08::1 |   10.99.0.0/24     | 10.8.0.11 .. .18    |
#	|                   |--------------------| fd08::11 .. ::18    |
#	|   vab .1 :7001    |                    |   vba .2 :7011..18  |
#	+-------------------+                    +---------------------+
#
# Behind cl3 is 192.168.50.0/24. Peer ids at a: 1..8; at b each device has its
# own peer 100+n, so that ids of one direction are not those of the other.

TESTS="routing gateway source unknown address isolation move"
. "$(dirname "$0")/lib.sh"

PEERS=8

# clients_new: devices, sockets and peers of b, and a's peers, as two batches
clients_new() {
	local n text_a='' text_b='' links=''

	for ((n = 1; n <= PEERS; n++)); do
		cli b link_add "cl$n" p2p || kt_die "link_add cl$n"
		sock_new b "0.0.0.0:701$n"
		links+="addr add 10.8.0.1$n/32 dev cl$n
			addr add fd08::1$n/128 dev cl$n nodad
			link set cl$n up
			route add 10.8.0.1 dev cl$n src 10.8.0.1$n metric 1$n
			route add fd08::1 dev cl$n src fd08::1$n metric 1$n"$'\n'
		text_b+="new_peer cl$n id=10$n tx-id=$n socket=@sock:$SOCK"
		text_b+=" remote-ipv4=10.99.0.1 remote-port=7001"$'\n'
		text_b+="new_key cl$n peer-id=10$n slot=0 key-id=$((n % 8))"
		text_b+=" cipher-alg=aes-gcm $(key_items "$n" 16 0)"$'\n'
		text_a+="new_peer srv id=$n tx-id=10$n socket=@sock:$SOCK_A"
		text_a+=" remote-ipv4=10.99.0.2 remote-port=701$n"
		text_a+=" vpn-ipv4=10.8.0.1$n vpn-ipv6=fd08::1$n"$'\n'
		text_a+="new_key srv peer-id=$n slot=0 key-id=$((n % 8))"
		text_a+=" cipher-alg=aes-gcm $(key_items "$n" 16 1)"$'\n'
	done
	ip -n "$NS-b" -batch - <<<"$links" || kt_die "addresses of b"
	cli b batch <<<"$text_b" || kt_die "peers of b"
	cli a batch <<<"$text_a" || kt_die "peers of a"
}

server_new() {
	net_pair
	sock_new a 0.0.0.0:7001
	SOCK_A=$SOCK
	dev_new a srv mp 10.8.0.1/24 fd08::1/64
	clients_new
}

# from_client N TO: one ping through device cl$N
from_client() {
	ping_all b "$2" 2 -I "cl$1"
}

# routing: each peer gets what is for its VPN addresses, and nothing else
test_routing() {
	local n rx

	server_new
	kt_is "peers" "$(cli a dump srv | wc -l)" "$PEERS"
	for ((n = 1; n <= PEERS; n++)); do
		from_client "$n" 10.8.0.1
		from_client "$n" fd08::1
	done
	rx=$(for ((n = 1; n <= PEERS; n++)); do
		peer_field b "cl$n" "10$n" vpn-rx-packets
	done | sort | uniq -c | tr -s ' ')
	kt_is "answers to each" "$rx" " $PEERS 4"
	rx=$(cli a dump srv | grep -c 'vpn-rx-packets=4 .*vpn-tx-packets=4 ')
	kt_is "peers with 4 packets each way" "$rx" "$PEERS"
	kt_is "drops" "$(dev_stat a srv rx dropped)" 0
	# an address of nobody is dropped here
	ping_none a 10.8.0.99
	kt_num "not sent" "$(dev_stat a srv tx dropped)" -ge 1
}

# gateway: a network behind a peer, by the route's gateway
test_gateway() {
	server_new
	ip -n "$NS-b" addr add 192.168.50.1/32 dev lo
	ip -n "$NS-b" addr add fd50::1/128 dev lo
	ip -n "$NS-a" route add 192.168.50.0/24 via 10.8.0.13 dev srv
	ip -n "$NS-a" route add fd50::/64 via fd08::13 dev srv
	# answers leave through cl3, as well
	ip -n "$NS-b" route replace 10.8.0.1 dev cl3 metric 1
	ip -n "$NS-b" route replace fd08::1 dev cl3 metric 1
	ping_all a 192.168.50.1 2
	ping_all a fd50::1 2
	kt_is "peer 3" "$(peer_field a srv 3 vpn-tx-packets)" 4
	kt_is "back" "$(peer_field a srv 3 vpn-rx-packets)" 4
	# and via another peer they go to that one
	ip -n "$NS-a" route replace 192.168.50.0/24 via 10.8.0.14 dev srv
	ping_none a 192.168.50.1
	kt_num "peer 4" "$(peer_field a srv 4 vpn-tx-packets)" -ge 1
}

# spoof N SOURCE...: peer N sends from these to the server
spoof() {
	local n=$1 source dst words=

	shift
	for source in "$@"; do
		dst=10.8.0.1
		[[ $source != *:* ]] || dst=fd08::1
		PID_NEXT=$((PID_NEXT + 1))
		words+=" pids=$PID_NEXT inner=udp,$source,$dst,5,9,20 --"
	done
	# side 0 of key N is what b's devices use
	# shellcheck disable=SC2086
	kt_ok "send" wire b on=10.99.0.2:7100 to=10.99.0.1:7001 \
		"key=16*a$n" "nonce=8*c$n" \
		"peer-id=$n" "key-id=$((n % 8))" $words
}

# source: an inner source that is not the peer's is dropped
test_source() {
	server_new
	PID_NEXT=100
	ip -n "$NS-a" route add 192.168.50.0/24 via 10.8.0.13 dev srv
	spoof 3 10.8.0.13 fd08::13 192.168.50.7
	kt_is "accepted" "$(peer_field a srv 3 vpn-rx-packets)" 3
	spoof 3 10.8.0.14 10.8.0.99 10.8.0.1 8.8.8.8 0.0.0.0 fd08::14 \
		fd08::99 2001:db8::1
	# behind peer 3, but sent by peer 4
	spoof 4 192.168.50.7 10.8.0.13
	kt_is "spoofed" "$(peer_field a srv 3 vpn-rx-packets)" 3
	kt_is "spoofed by 4" "$(peer_field a srv 4 vpn-rx-packets)" 0
	kt_is "dropped" "$(dev_stat a srv rx dropped)" 10
	# what was dropped counts on the link
	kt_is "link" "$(peer_field a srv 3 link-rx-packets)" 11
}

# unknown: packets of no peer, and DATA_V1
test_unknown() {
	local words

	server_new
	words="key=16*a1 nonce=8*c1 key-id=1 pids=100"
	words+=" inner=udp,10.8.0.11,10.8.0.1,5,9,20"
	# shellcheck disable=SC2086
	kt_ok "send" wire b on=10.99.0.2:7100 to=10.99.0.1:7001 $words \
		peer-id=0 -- pids=100 peer-id=9 -- \
		pids=100 peer-id=0xfffffe -- pids=100 peer-id=1000
	kt_is "dropped" "$(dev_stat a srv rx dropped)" 4
	kt_ok "send" wire b on=10.99.0.2:7100 to=10.99.0.1:7001 $words \
		peer-id=1 op=6
	kt_is "nothing at peer 1" "$(peer_field a srv 1 link-rx-packets)" 0
	kt_is "nothing at the socket" "$(grep -c ^rx "$TMP/sock-a")" 0
	# a key id that the peer has no key for
	kt_ok "send" wire b on=10.99.0.2:7100 to=10.99.0.1:7001 $words \
		peer-id=1 key-id=2
	kt_is "no key" "$(peer_field a srv 1 vpn-rx-packets)" 0
	# control packets of everybody reach the one socket
	kt_ok "send" wire b on=10.99.0.2:7100 to=10.99.0.1:7001 $words \
		peer-id=77 op=7
	kt_until 3 grep -q ^rx "$TMP/sock-a" || kt_fail "control packet"
	kt_ok "send" wire b on=10.99.0.2:7100 to=10.99.0.1:7001 $words \
		peer-id=1
	kt_is "a good one" "$(peer_field a srv 1 vpn-rx-packets)" 1
}

# address: the undefined peer id is looked up by address
test_address() {
	local words

	server_new
	words="key=16*a2 nonce=8*c2 key-id=2"
	words+=" peer-id=0xffffff inner=udp,10.8.0.12,10.8.0.1,5,9,20"
	kt_ok "another port" wire b on=10.99.0.2:7100 to=10.99.0.1:7001 \
		$words pids=100
	kt_is "not its address" "$(peer_field a srv 2 link-rx-packets)" 0
	kt_ok "set" cli a set_peer srv id=2 remote-ipv4=10.99.0.2 \
		remote-port=7100
	kt_ok "its address" wire b on=10.99.0.2:7100 to=10.99.0.1:7001 \
		$words pids=101
	kt_is "found by address" "$(peer_field a srv 2 vpn-rx-packets)" 1
}

# isolation: deleting one peer leaves the others and the socket
test_isolation() {
	server_new
	ping_all a 10.8.0.11 2
	kt_ok "delete" cli a del_peer srv id=1
	ping_none a 10.8.0.11
	from_client 2 10.8.0.1
	kt_is "peers" "$(cli a dump srv | wc -l)" $((PEERS - 1))
	kt_ok "again" cli a new_peer srv id=1 tx-id=101 \
		"socket=@sock:$SOCK_A" remote-ipv4=10.99.0.2 remote-port=7011 \
		vpn-ipv4=10.8.0.11
	# a fresh key: the old one's packet ids would be replays at the client
	kt_ok "key a" cli a new_key srv peer-id=1 slot=0 key-id=0 \
		cipher-alg=aes-gcm $(key_items 9 16 1)
	kt_ok "key b" cli b new_key cl1 peer-id=101 slot=0 key-id=0 \
		cipher-alg=aes-gcm $(key_items 9 16 0)
	ping_all a 10.8.0.11 2
}

# move: a VPN address that moves to another peer
test_move() {
	server_new
	kt_ok "free" cli a set_peer srv id=1 vpn-ipv4=0.0.0.0
	ping_none a 10.8.0.11
	ping_all a fd08::11 1
	ip -n "$NS-b" route replace 10.8.0.1 dev cl2 metric 1
	kt_ok "take" cli a set_peer srv id=2 vpn-ipv4=10.8.0.11
	ping_all a 10.8.0.11 2
	kt_is "peer 2" "$(peer_field a srv 2 vpn-tx-packets)" 2
}

kt_main "$@"
