#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What inner TCP announces as its largest segment is lowered to what fits.
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p         |                      | ovpn_wire, or   |
#	| 10.8.0.2        |    10.99.0.0/24      | tun mp 10.8.0.1 |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+                      +-----------------+
#
# Over IPv4 a packet of 1500 bytes has room for 1448 inside: MSS 1408 (0580) of
# IPv4, 1388 (056c) of IPv6; over IPv6 for 1428: 1388 (056c), 1368 (0558). With
# epochs it is 4 less each.

TESTS="bulk4 bulk6 outbound inbound options headers route floor set epoch4 epoch6
	epoch_bulk"
. "$(dirname "$0")/lib.sh"

# what ovpn_wire opens and seals with
WIRE_KEY=$(wire_key 0 32)

# device_new FAMILY: "tun" in a with one peer, which is ovpn_wire at b
device_new() {
	sock_new a "$(outer_any "$1" 7001)"
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	ip -n "$NS-a" link set tun mtu 1500
	cli a batch <<-END || kt_die "set up"
		new_peer tun id=1 socket=@sock:$SOCK \
			$(outer_words "$1" 0 2) remote-port=7002
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 0 32 0)
	END
}

# address FAMILY HOST PORT: an outer one
address() {
	if [ "$1" = 4 ]; then echo "10.99.0.$2:$3"; else echo "[fd99::$2]:$3"; fi
}

# words ROW...: each ROW is FLAGS,OPTIONS[,NEXT,HEADERS]/RESULT or, with IPv6
# inside, 6:ROW; sets SEND and WANT
words() {
	local row n=0 from=$FROM to=$TO

	SEND=() WANT=
	for row in "$@"; do
		n=$((n + 1))
		SEND+=("pids=$n")
		if [ "${row#6:}" = "$row" ]; then
			SEND+=("inner=tcp,10.8.0.$from,10.8.0.$to,${row%/*}" --)
		else
			row=${row#6:}
			SEND+=("inner=tcp,fd08::$from,fd08::$to,${row%/*}" --)
		fi
		WANT+="${row#*/} "
	done
	SEND+=(pids=)
	COUNT=$n
}

results() {
	sed -n 's/.* ok .* options=//p' "$1" | tr '\n' ' '
}

# outbound_rows FAMILY ROW...: through the device, out of the tunnel
outbound_rows() {
	local family=$1

	shift
	FROM=2 TO=1
	words "$@"
	kt_bg_ready got "$BIN/ovpn_wire" -n "$NS-b" \
		"on=$(address "$family" 2 7002)" $WIRE_KEY \
		"count=$COUNT" seconds=20
	kt_ok "send" wire a via=tun "${SEND[@]}"
	kt_wait "$KT_PID" || kt_fail "receive" "$(cat "$TMP/got")"
	kt_is "announced, over IPv$family" "$(results "$TMP/got")" "$WANT"
}

# inbound_rows FAMILY ROW...: into the tunnel, out of the device
inbound_rows() {
	local family=$1

	shift
	FROM=1 TO=2
	words "$@"
	kt_bg_ready got "$BIN/ovpn_wire" -n "$NS-a" via=tun \
		"count=$COUNT" seconds=20
	kt_ok "send" wire b "on=$(address "$family" 2 7002)" \
		"to=$(address "$family" 1 7001)" $WIRE_KEY peer-id=1 \
		"${SEND[@]}"
	kt_wait "$KT_PID" || kt_fail "receive" "$(cat "$TMP/got")"
	kt_is "announced, over IPv$family" "$(results "$TMP/got")" "$WANT"
}

# frag_creates NS: outer fragments made so far, of both families
frag_creates() {
	ip netns exec "$NS-$1" sh -c '
		awk "/^Ip: [0-9]/ { print \$20 }" /proc/net/snmp
		awk "/^Ip6FragCreates/ { print \$2 }" /proc/net/snmp6' |
		awk '{ n += $1 } END { print n }'
}

# bulk FAMILY [COMMAND]: TCP both ways with the MTU that users have on both devices;
# the command changes their keys
bulk() {
	local bytes=20000000 before_a before_b

	[ "$FAST" = 0 ] || bytes=2000000
	net_pair
	tunnel_new aes-gcm 32 "$1" 1500
	${2:-:}
	# the counter counts
	ping_all a 10.8.0.1 1 -s 1472
	kt_num "fragments of a large ping" "$(frag_creates a)" -ge 2
	before_a=$(frag_creates a) before_b=$(frag_creates b)
	tcp_check a b 10.8.0.1:9001 "$bytes"
	tcp_check b a "[fd08::2]:9002" "$bytes"
	tcp_check b a 10.8.0.2:9003 "$bytes"
	tcp_check a b "[fd08::1]:9004" "$bytes"
	kt_is "fragments made by a" "$(frag_creates a)" "$before_a"
	kt_is "fragments made by b" "$(frag_creates b)" "$before_b"
}

# bulk4: with MTU 1500 inside and outside nothing is fragmented, over IPv4
test_bulk4() {
	bulk 4
}

# bulk6: with MTU 1500 inside and outside nothing is fragmented, over IPv6
test_bulk6() {
	bulk 6
}

keys_with_epochs() {
	epoch_key a 0
	epoch_key b 1
}

# epoch_bulk: the same with keys that have epochs, and the longer packets of these
test_epoch_bulk() {
	need_epochs
	bulk 4 keys_with_epochs
	kt_reset
	bulk 6 keys_with_epochs
}

# rows of SYN, SYN-ACK, a modest SYN, one without the option, and no SYN
ROWS4="02,020405b4/02040580 12,020405b4/02040580 02,02040218/02040218 02,/
	10,020405b4/020405b4 6:02,020405b4/0204056c 6:12,0204ffff/0204056c
	02,02040580/02040580 02,02040581/02040580"
ROWS6="02,020405b4/0204056c 12,0204ffff/0204056c 6:02,020405b4/02040558
	10,020405b4/020405b4"

# set: another size than that of the path, or any
test_set() {
	[ -x "$BIN/ovpnx_cli" ] || kt_skip "the tools have no ovpnx_cli"
	net_pair
	device_new 4
	kt_ok "1300" xcli a raw DEV_SET ifindex=@tun "dev{mss=1300}"
	# 0514; over IPv6 1280
	outbound_rows 4 02,020405b4/02040514 6:02,020405b4/02040500 \
		02,02040513/02040513
	inbound_rows 4 12,020405b4/02040514 6:12,020405b4/02040500
	kt_ok "off" xcli a raw DEV_SET ifindex=@tun "dev{mss=65535}"
	outbound_rows 4 02,020405b4/020405b4 6:02,0204ffff/0204ffff
	kt_ok "least" xcli a raw DEV_SET ifindex=@tun "dev{mss=88}"
	outbound_rows 4 02,020405b4/02040058 6:02,020405b4/02040058
	kt_ok "by the path" xcli a raw DEV_SET ifindex=@tun "dev{mss=0}"
	outbound_rows 4 02,020405b4/02040580
}

# outbound: SYNs that leave
test_outbound() {
	net_pair
	device_new 4
	# shellcheck disable=SC2086
	outbound_rows 4 $ROWS4
	kt_reset
	net_pair
	device_new 6
	# shellcheck disable=SC2086
	outbound_rows 6 $ROWS6
}

# inbound: SYNs that arrive
test_inbound() {
	net_pair
	device_new 4
	# shellcheck disable=SC2086
	inbound_rows 4 $ROWS4
	kt_reset
	net_pair
	device_new 6
	# shellcheck disable=SC2086
	inbound_rows 6 $ROWS6
}

# Rows of options: at odd places, behind others, repeated; then what makes no
# sense: size 0, size 1, longer than the header, cut, of another size, behind
# the end.
OPTIONS="02,01020405b4/0102040580000000
	02,0101020405b4/0101020405800000
	02,0402080a0011223344556677020405b4/0402080a001122334455667702040580
	02,020405b401030307020405dc/020405800103030702040580
	02,0300020405b4/0300020405b40000
	02,0301020405b4/0301020405b40000
	02,08ff020405b4/08ff020405b40000
	02,01010204/01010204
	02,0101fd/0101fd00
	02,020305020405b4/0203050204058000
	02,0000020405b4/0000020405b40000"

# epoch FAMILY ROW...: with a key that has epochs
epoch() {
	need_epochs
	net_pair
	device_new "$1"
	epoch_key a 0
	WIRE_KEY=$(epoch_wire)
	outbound_rows "$@"
	inbound_rows "$@"
}

# epoch4: room for 1444 inside, over IPv4
test_epoch4() {
	epoch 4 02,020405b4/0204057c 12,020405b4/0204057c \
		6:02,020405b4/02040568 6:12,0204ffff/02040568 \
		02,0204057c/0204057c 02,0204057d/0204057c
}

# epoch6: room for 1424 inside, over IPv6
test_epoch6() {
	epoch 6 02,020405b4/02040568 12,0204ffff/02040568 \
		6:02,020405b4/02040554 6:02,02040554/02040554
}

# options: the option is found wherever it may be, and nothing else is touched
test_options() {
	net_pair
	device_new 4
	# shellcheck disable=SC2086
	outbound_rows 4 $OPTIONS
	# shellcheck disable=SC2086
	inbound_rows 4 $OPTIONS
}

# headers: IPv6 headers before TCP
test_headers() {
	local one=0600010400000000
	local two=2b0001040000000006010000000000000000000000000000

	net_pair
	device_new 4
	outbound_rows 4 "6:02,020405b4,0,$one/0204056c" \
		"6:02,020405b4,60,$two/0204056c"
	inbound_rows 4 "6:02,020405b4,60,$two/0204056c"
}

# route: the route's MTU decides, also when it changes
test_route() {
	net_pair
	device_new 4
	ip -n "$NS-a" route add 10.99.0.2/32 dev vab mtu 1300
	outbound_rows 4 02,020405b4/020404b8 6:02,020405b4/020404a4
	ip -n "$NS-a" route change 10.99.0.2/32 dev vab mtu 1400
	outbound_rows 4 02,020405b4/0204051c
	kt_reset
	net_pair
	device_new 4
	ip -n "$NS-a" link set vab mtu 9000
	outbound_rows 4 02,020405b4/020405b4 02,0204ffff/020422cc
}

# floor: a path that is next to nothing does not end TCP
test_floor() {
	net_pair
	device_new 4
	ip -n "$NS-a" route add 10.99.0.2/32 dev vab mtu lock 120
	outbound_rows 4 02,020405b4/02040058 6:02,020405b4/02040058
}

kt_main "$@"
