#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The wire format, against a peer that is OpenSSL in userspace.
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p         |                      | ovpn_wire       |
#	| 10.8.0.2        |    10.99.0.0/24      | (no device)     |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+                      +-----------------+

TESTS="self known tampered sent swapid checksum batch segments ping short
	opcode garbage"
. "$(dirname "$0")/lib.sh"

KNOWN_KEY=616361676163616f3838383838383838515351575153515f72726f7874787073
KNOWN_TAIL=212321272123212f
KNOWN_GCM=48000017000000014b25c6606449c0e04c573546d802e2612262f977d6bb2118fa0ea8
KNOWN_GCM+=2e6b1706d949aefcb5efcbbacd5c09a9ab45f4d391d3f68794cb0b82c3d33389b616
KNOWN_GCM+=22b3281598e2ff6d5cc38b
KNOWN_CCP=4800001700000001f2c9320d1ed7eb8a24d70ccb6f0da0981e9df44cbc61e8e65b6065
KNOWN_CCP+=04faaf107f3b94da1fa1c9b860fbdff86ad8ae6b5fbe762ba5beb3f09ad395efd7b4
KNOWN_CCP+=7656ec824bbd83a44bbed5

# device_new ID TXID ITEMS...: "tun" in a with one peer, towards b's port 7002
device_new() {
	local id=$1 tx=$2

	shift 2
	sock_new a 0.0.0.0:7001
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	cli a batch <<-END || kt_die "set up"
		new_peer tun id=$id tx-id=$tx socket=@sock:$SOCK \
			remote-ipv4=10.99.0.2 remote-port=7002
		new_key tun peer-id=$id slot=0 $*
	END
}

# send_b WORD...: one packet to the device, from port 7002
send_b() {
	kt_ok "send $*" wire b on=10.99.0.2:7002 to=10.99.0.1:7001 "$@"
}

counter() {
	peer_field a tun "${2:-1}" "$1"
}

# self: the userspace peer knows the published answers
test_self() {
	kt_ok "ovpn_wire kat" "$BIN/ovpn_wire" kat
}

# known_packet ALG PACKET: an authentic packet of another address floats the
# peer, which is how its acceptance can be seen: its payload is no IP packet
known_packet() {
	device_new 23 23 key-id=0 "cipher-alg=$1" \
		"encrypt{key=$KNOWN_KEY nonce=$KNOWN_TAIL}" \
		"decrypt{key=$KNOWN_KEY nonce=$KNOWN_TAIL}"
	kt_bg_ready events "$BIN/ovpn_cli" -n "$NS-a" listen 10 1
	kt_ok "forged" wire b on=10.99.0.2:7010 to=10.99.0.1:7001 \
		"packet=$2" flip=30
	kt_is "remote port" "$(counter remote-port 23)" 7002
	kt_ok "known" wire b on=10.99.0.2:7009 to=10.99.0.1:7001 "packet=$2"
	kt_until 5 kt_says events FLOAT
	kt_is "$1 floats" "$(tail -n 1 "$TMP/events")" \
		"PEER_FLOAT_NTF*peer{id=23 remote-ipv4=10.99.0.2 remote-port=7009}"
	kt_is "remote port" "$(counter remote-port 23)" 7009
	kt_is "received" "$(counter link-rx-packets 23)" 2
	kt_is "delivered" "$(counter vpn-rx-packets 23)" 0
	# the same once more is a replay
	kt_ok "again" wire b on=10.99.0.2:7011 to=10.99.0.1:7001 "packet=$2"
	kt_is "remote port after replay" "$(counter remote-port 23)" 7009
}

# known: published packets of AES-256-GCM and ChaCha20-Poly1305 are accepted
test_known() {
	net_pair
	known_packet aes-gcm "$KNOWN_GCM"
	kt_reset
	net_pair
	known_packet chacha20-poly1305 "$KNOWN_CCP"
}

# tampered: a bit anywhere makes a packet worthless
test_tampered() {
	local byte accepted words=

	net_pair
	device_new 1 1 key-id=3 cipher-alg=aes-gcm "$(key_items 0 16 0)"
	set -- $(wire_key 0 16) peer-id=1 key-id=3
	send_b "$@" pids=1 inner=udp,10.8.0.1,10.8.0.2,5,9,40
	kt_is "intact" "$(counter vpn-rx-packets)" 1
	# op and key id, peer id, packet id, tag, first and last of the payload
	for byte in 0 3 4 7 8 23 24 91; do
		words+=" pids=2 flip=$byte --"
	done
	# shellcheck disable=SC2086
	send_b "$@" inner=udp,10.8.0.1,10.8.0.2,5,9,40 $words
	accepted=$(counter vpn-rx-packets)
	kt_is "accepted" "$accepted" 1
	# none of them has used up its packet id
	send_b "$@" pids=2 inner=udp,10.8.0.1,10.8.0.2,5,9,40
	kt_is "intact again" "$(counter vpn-rx-packets)" 2
	send_b "$@" pids=0 inner=udp,10.8.0.1,10.8.0.2,5,9,40
	kt_is "packet id 0" "$(counter vpn-rx-packets)" 2
}

# receive_b FILE WORD...: in the background, on port 7002
receive_b() {
	local file=$1

	shift
	kt_bg_ready "$file" "$BIN/ovpn_wire" -n "$NS-b" \
		on=10.99.0.2:7002 "$@"
	RECEIVER=$KT_PID
}

# sent_by ALG LEN: header fields and payload of what the module sends
sent_by() {
	device_new 1 0xabcdef key-id=5 "cipher-alg=$1" "$(key_items 1 "$2" 0)"
	receive_b got "alg=$1" $(wire_key 1 "$2") count=5 seconds=60
	in_a ping -q -c 3 -i 0.01 -W 0.1 -s 33 10.8.0.1 >/dev/null
	in_a ping -q -c 2 -i 0.01 -W 0.1 fd08::1 >/dev/null
	kt_wait "$RECEIVER" || kt_fail "$1 $2" "$(cat "$TMP/got")"
	kt_is "first" "$(sed -n 2p "$TMP/got")" \
		"rx 10.99.0.1:7001 peer-id=11259375 key-id=5 pid=1 len=85 ok\
 ip4 proto=1 src=10.8.0.2 dst=10.8.0.1"
	kt_is "ids have no gap" "$(tail -n 1 "$TMP/got")" \
		"total=5 bad=0 forged=0 * lost=0"
}

# sent: what the module sends decrypts, with each cipher
test_sent() {
	local row

	for row in "aes-gcm 16" "aes-gcm 24" "aes-gcm 32" \
		"chacha20-poly1305 32"
	do
		net_pair
		# shellcheck disable=SC2086
		sent_by $row
		kt_reset
	done
}

# swapid: a new tx-id is in the next packet
test_swapid() {
	net_pair
	device_new 1 7 key-id=0 cipher-alg=aes-gcm "$(key_items 0 32 0)"
	receive_b got $(wire_key 0 32) count=2 seconds=60
	in_a ping -q -c 1 -W 0.1 10.8.0.1 >/dev/null
	kt_ok "set" cli a set_peer tun id=1 tx-id=8
	in_a ping -q -c 1 -W 0.1 10.8.0.1 >/dev/null
	kt_wait "$RECEIVER" || kt_fail "swapid" "$(cat "$TMP/got")"
	kt_is "ids" "$(grep -o 'peer-id=[0-9]* key-id=0 pid=[0-9]*' \
		"$TMP/got" | tr '\n' ';')" \
		"peer-id=7 key-id=0 pid=1;peer-id=8 key-id=0 pid=2;"
}

# checksum: checksums that were left to the device are right on the wire
test_checksum() {
	local size n=0

	net_pair
	device_new 1 1 key-id=0 cipher-alg=aes-gcm "$(key_items 0 32 0)"
	# one packet each: UDP v4 and v6, a TCP SYN, sizes even and odd
	receive_b got $(wire_key 0 32) count=9 seconds=60
	for size in 4 5 999 1388; do
		traffic a mode=udp-send to=10.8.0.1:9 count=1 "size=$size"
		traffic a mode=udp-send "to=[fd08::1]:9" count=1 \
			"size=$((size - size / 1388 * 20))"
	done >/dev/null
	kt_bg syn timeout 1 "$BIN/ovpn_traffic" -n "$NS-a" \
		mode=tcp-send to=10.8.0.1:9 bytes=1
	kt_wait "$RECEIVER" || kt_fail "checksum" "$(cat "$TMP/got")"
	n=$(grep -c ' ok ip[46] proto=17 ' "$TMP/got")
	kt_is "datagrams" "$n" 8
	kt_is "a SYN" "$(grep -c ' ok ip4 proto=6 ' "$TMP/got")" 1
}

# batch: a buffer that is to become many datagrams (UDP_SEGMENT)
test_batch() {
	net_pair
	device_new 1 1 key-id=0 cipher-alg=aes-gcm "$(key_items 0 32 0)"
	receive_b got $(wire_key 0 32) count=40 seconds=60
	kt_ok "v4" traffic a mode=udp-send to=10.8.0.1:9 count=20 batch=20 \
		size=1201
	kt_ok "v6" traffic a mode=udp-send "to=[fd08::1]:9" count=20 batch=20 \
		size=300
	kt_wait "$RECEIVER" || kt_fail "batch" "$(cat "$TMP/got")"
	kt_is "v4" "$(grep -c ' len=1253 ok ip4 proto=17 ' "$TMP/got")" 20
	kt_is "v6" "$(grep -c ' len=372 ok ip6 proto=17 ' "$TMP/got")" 20
	kt_is "packet ids" "$(grep -o ' pid=[0-9]*' "$TMP/got" | sort -u |
		wc -l)" 40
}

# segments: bulk TCP leaves as right packets that fit, sealed one by one
test_segments() {
	local bytes=20000000 row family mtu pid line

	command -v ethtool >/dev/null ||
		kt_skip "no ethtool here"
	[ "$FAST" = 0 ] || bytes=2000000
	for row in "4 1416" "6 1400"; do
		family=${row% *} mtu=${row#* }
		net_pair
		# so that the capture sees packets, not super-packets
		in_a ethtool -K vab gso off tso off tx-udp-segmentation off \
			>/dev/null 2>&1
		tunnel_new aes-gcm 16 "$family" "$mtu"
		kt_bg_ready seen "$BIN/ovpn_wire" -n "$NS-b" \
			sniff=vba to=x:7002 $(wire_key 0 16) quiet=1 seconds=120
		pid=$KT_PID
		tcp_check a b 10.8.0.1:9001 "$bytes"
		tcp_check a b "[fd08::1]:9001" "$bytes"
		kt_pause 0.2
		kill "$pid"
		kt_wait "$pid"
		line=$(tail -n 1 "$TMP/seen")
		kt_is "packets over IPv$family" "$line" \
			"total=* bad=0 forged=0 big=* lost=*"
		kt_num "enough of them: $line" \
			"$(sed 's/total=\([0-9]*\).*/\1/' <<<"$line")" -gt \
			$((bytes * 2 / 1500))
		kt_num "largest: $line" \
			"$(sed 's/.*big=\([0-9]*\).*/\1/' <<<"$line")" -le \
			$((mtu + 24))
		kt_reset
	done
}

# ping: the keepalive payload is swallowed, not answered, and counts as alive
test_ping() {
	net_pair
	device_new 1 1 key-id=0 cipher-alg=aes-gcm "$(key_items 0 32 0)"
	send_b $(wire_key 0 32) peer-id=1 pids=1-3 inner=ping
	kt_is "received" "$(counter link-rx-packets)" 3
	kt_is "bytes" "$(counter link-rx-bytes)" 120
	kt_is "delivered" "$(counter vpn-rx-packets)" 0
	kt_is "answered" "$(counter link-tx-packets)" 0
	kt_is "no drop" "$(dev_stat a tun rx dropped)" 0
}

# short: packets cut anywhere are dropped, empty ones too
test_short() {
	local size words=

	net_pair
	device_new 1 1 key-id=0 cipher-alg=aes-gcm "$(key_items 0 32 0)"
	for size in 1 3 4 5 7 8 9 23 24 25; do
		words+=" pids=1 cut=$size --"
	done
	send_b $(wire_key 0 32) peer-id=1 inner=ping $words
	kt_is "delivered" "$(counter vpn-rx-packets)" 0
	kt_num "dropped" "$(dev_stat a tun rx dropped)" -ge 7
	send_b $(wire_key 0 32) peer-id=1 pids=2 inner=hex, -- \
		pids=3 inner=hex,45 -- pids=4 inner=hex,60
	kt_is "delivered" "$(counter vpn-rx-packets)" 0
	send_b $(wire_key 0 32) peer-id=1 pids=5 \
		inner=udp,10.8.0.1,10.8.0.2,5,9,40
	kt_is "a good one" "$(counter vpn-rx-packets)" 1
}

# opcode: control packets reach the socket, DATA_V1 is dropped
test_opcode() {
	local op seen words=

	net_pair
	device_new 1 1 key-id=0 cipher-alg=aes-gcm "$(key_items 0 32 0)"
	for op in 0 1 2 3 4 5 7 8 10 11 12 31; do
		words+=" pids=1 op=$op --"
	done
	# shellcheck disable=SC2086
	send_b $(wire_key 0 32) peer-id=1 $words
	kt_until 3 eval "[ \$(grep -c ^rx $TMP/sock-a) -ge 12 ]"
	seen=$(sed -n 's/^rx 10.99.0.2:7002 len=40 \(..\).*/\1/p' \
		"$TMP/sock-a" | tr '\n' ' ')
	kt_is "at the socket" "$seen" "00 08 10 18 20 28 38 40 50 58 60 f8 "
	send_b $(wire_key 0 32) peer-id=1 pids=1 op=6
	kt_is "DATA_V1 not at the socket" "$(grep -c ^rx "$TMP/sock-a")" 12
	kt_is "nothing received" "$(counter link-rx-packets)" 0
	# and the socket still sends
	kt_bg back "$BIN/ovpn_cli" -n "$NS-b" sock 10.99.0.2:7002
	kt_until 10 eval 'cli a sock_send "$SOCK" 10.99.0.2:7002 28aabb &&
		grep -q "^rx 10.99.0.1:7001 len=3 28aabb" "$TMP/back"' ||
		kt_fail "the socket does not send"
}

# garbage: authentic packets whose inside is no valid IP
test_garbage() {
	local inner n=0 words=

	net_pair
	device_new 1 1 key-id=0 cipher-alg=aes-gcm "$(key_items 0 32 0)"
	for inner in hex,00 hex,ffffffff \
		hex,287f346bd4ef7a812d56b8d3afc5459c06 text,GET \
		hex,2a187bf3641eb4cb07ed2d0a981fc7 \
		hex,2a187bf3641eb4cb07ed2d0a981fc74800
	do
		n=$((n + 1))
		words+=" pids=$n inner=$inner --"
	done
	# shellcheck disable=SC2086
	send_b $(wire_key 0 32) peer-id=1 $words
	kt_is "received" "$(counter link-rx-packets)" "$n"
	kt_is "delivered" "$(counter vpn-rx-packets)" 0
	kt_is "dropped" "$(dev_stat a tun rx dropped)" "$n"
}

kt_main "$@"
