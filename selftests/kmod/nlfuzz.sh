#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Netlink messages that nobody should send, thousands of them: valid ones of every
# command of both families, damaged in bytes, lengths, types, nests and order. Then
# the tunnel still works, the kernel's log is quiet and the module can be unloaded.
# OVPN_FUZZ_COUNT and OVPN_FUZZ_SEED set the number of inputs of a test and the
# seed, which is printed.
#
#	+------- a -------+                      +------- b -------+
#	| tun p2p         |                      | tun mp          |
#	| 10.8.0.2        |    10.99.0.0/24      | 10.8.0.1        |
#	| many mp         |                      |                 |
#	|   vab .1 :7001  |----------------------|   vba .2 :7002  |
#	+-----------------+                      +-----------------+
#
# Messages are about both devices of a.

TESTS="ovpn ovpnx both"
KT_TEST_LIMIT=1200
LIMIT=1500
ALONE=yes
. "$(dirname "$0")/lib.sh"

if [ "$FAST" = 1 ]; then
	COUNT=${OVPN_FUZZ_COUNT:-15000}
else
	COUNT=${OVPN_FUZZ_COUNT:-100000}
fi
# fixed, so that a run of everything is the same each time
SEED=${OVPN_FUZZ_SEED:-6148914691236517205}

# one of each command at least, so that each can be asked after those before it
OVPN='
PEER_NEW ifindex=@tun peer{id=1 socket=@udp4 remote-ipv4=127.0.0.2 remote-port=5000 local-ipv4=127.0.0.1 keepalive-interval=10 keepalive-timeout=60 tx-id=9}
PEER_NEW ifindex=@tun peer{id=2 socket=@udp6 remote-ipv6=fd09::1 remote-ipv6-scope-id=0 remote-port=5000 local-ipv6=::1}
PEER_NEW ifindex=@many peer{id=1 socket=@udp6m remote-ipv6=::ffff:127.0.0.2 remote-port=5000 vpn-ipv4=10.9.0.2 vpn-ipv6=fd09::2}
PEER_NEW ifindex=@many peer{id=2 socket=@tcp4 vpn-ipv4=10.9.0.3}
PEER_NEW ifindex=@many peer{id=3 socket=@tcp6 vpn-ipv6=fd09::4 keepalive-interval=1 keepalive-timeout=2}
PEER_SET ifindex=@tun peer{id=2 remote-ipv4=127.0.0.3 remote-port=5001 keepalive-interval=0 keepalive-timeout=0 tx-id=16777215}
PEER_SET ifindex=@many peer{id=1 vpn-ipv4=10.9.0.5 vpn-ipv6=fd09::5}
PEER_SET ifindex=@many peer{id=2 vpn-ipv4=10.9.0.6 tx-id=7}
PEER_GET ifindex=@tun peer{id=2}
PEER_GET ifindex=@many nlflags=0x300
KEY_NEW ifindex=@tun keyconf{peer-id=2 slot=0 key-id=3 cipher-alg=aes-gcm encrypt{key=32*a1 nonce=8*a2} decrypt{key=32*b1 nonce=8*b2}}
KEY_NEW ifindex=@many keyconf{peer-id=1 slot=1 key-id=4 cipher-alg=chacha20-poly1305 encrypt{key=32*a1 nonce=8*a2} decrypt{key=32*b1 nonce=8*b2}}
KEY_NEW ifindex=@many keyconf{peer-id=2 slot=0 key-id=4 cipher-alg=aes-gcm encrypt{key=16*a1 nonce=8*a2} decrypt{key=24*b1 nonce=8*b2}}
KEY_GET ifindex=@tun keyconf{peer-id=2 slot=0}
KEY_GET ifindex=@many keyconf{peer-id=1 slot=1}
KEY_SWAP ifindex=@many keyconf{peer-id=1}
KEY_DEL ifindex=@many keyconf{peer-id=2 slot=0}
PEER_DEL ifindex=@many peer{id=3}
'

OVPNX='
GET_FEATURES
DEV_GET ifindex=@tun
DEV_SET ifindex=@many dev{mss=1300}
DEV_OPEN ifindex=@many
PEER_GET ifindex=@many peer{id=1}
PEER_GET ifindex=@many nlflags=0x300
PEER_SET ifindex=@many peer{id=1 flags=1}
PEER_SET ifindex=@many peer{id=2 flags=0}
KEY_NEW ifindex=@many keyconf{peer-id=1 slot=0 key-id=1 cipher-alg=aes-gcm cipher-len=32 usage-max=4096 encrypt{secret=32*a0 epoch=3 packet-id=5 usage=6} decrypt{secret=32*b0 epoch=2 packet-id=7 usage=8 failures=9 seen=16*ff}}
KEY_NEW ifindex=@many keyconf{peer-id=2 slot=1 key-id=2 cipher-alg=chacha20-poly1305 encrypt{key=32*a1 nonce=8*a2 packet-id=77} decrypt{key=32*b1 nonce=8*b2 packet-id=99 seen=3*55}}
KEY_GET ifindex=@many keyconf{peer-id=1 slot=0}
KEY_GET ifindex=@many keyconf{peer-id=2 slot=1}
PREFIX_SET ifindex=@many peer{id=1 prefix{ipv4=10.20.0.0 len=16} prefix{ipv6=fd20:: len=32} prefix{ipv4=10.21.1.1 len=32}}
PREFIX_SET ifindex=@many peer{id=2}
PREFIX_ADD ifindex=@many peer{id=2 prefix{ipv4=10.22.0.0 len=15}}
PREFIX_GET ifindex=@many peer{id=1}
PREFIX_DEL ifindex=@many peer{id=2 prefix{ipv4=10.22.0.0 len=15}}
PREFIX_ADD ifindex=@many peer{id=1 prefix{ipv6=:: len=0}}
'

# devices: the tunnel, and what messages are about
devices() {
	net_pair
	tunnel_new aes-gcm 32 4
	cli a link_add many mp || kt_die "link_add"
	ip -n "$NS-a" link set many up
	LOG_BEFORE=$(log_lines)
}

# peers: two of "many", one of them over TCP
peers() {
	local sock

	sock_new a 0.0.0.0:7005
	sock=$SOCK
	stream_new 4
	cli a batch <<-END || kt_die "peers"
		new_peer many id=1 socket=@sock:$sock vpn-ipv4=10.9.0.2 \
			remote-ipv4=127.0.0.2 remote-port=5000
		new_peer many id=2 socket=@sock:$SOCK_A vpn-ipv4=10.9.0.3
	END
}

# nlfuzz FAMILY MESSAGES [WORD]: in the background, output to $TMP/FAMILY
nlfuzz() {
	kt_note "$1_nlfuzz count=$COUNT seed=$SEED"
	echo "$2" >"$TMP/messages-$1"
	kt_bg "$1" sh -c 'exec timeout 1000 "$@" <"$0"' "$TMP/messages-$1" \
		"$BIN/$1_nlfuzz" -n "$NS-a" "count=$COUNT" "seed=$SEED" \
		${3:+"$3"}
}

# came_through PID FILE COMMAND...: it has come to its end, and has reached the
# inside of each command
came_through() {
	local pid=$1 file=$2 command

	shift 2
	kt_wait "$pid" || kt_fail "$file" "$(tail -n 4 "$TMP/$file")"
	kt_note "$(tail -n 1 "$TMP/$file")"
	for command in "$@"; do
		grep -q "^command=$command accepted=[1-9][0-9]* refused=[1-9]" \
			"$TMP/$file" || kt_fail "command $command" \
			"$(grep command= "$TMP/$file")"
	done
}

# all_well: a dialogue as it should be, a tunnel, and nothing is left of it
all_well() {
	kt_ok "new peer" cli a new_peer tun id=1 "socket=@sock:$1" \
		remote-ipv4=10.99.0.2 remote-port=7002
	still_well "$LOG_BEFORE"
	kt_reset
	[ ! -e /sys/module/ovpn/refcnt ] || [ "$KIND" != ovpn ] ||
		module_reload
}

# ovpn: peers and keys
test_ovpn() {
	devices
	nlfuzz ovpn "$OVPN"
	came_through "$KT_PID" ovpn 1 2 3 4 6 7 8 10
	all_well "$SOCK_A"
}

need_ours() {
	[ "$DRIVER" = ours ] || kt_skip "the in-tree driver has no ovpnx"
}

# ovpnx: what is told about devices and peers, prefixes, keys with epochs
test_ovpnx() {
	local sock

	need_ours
	devices
	sock=$SOCK_A
	peers
	nlfuzz ovpnx "$OVPNX"
	came_through "$KT_PID" ovpnx 1 2 3 4 5 7 8 9 10 11 12 13
	all_well "$sock"
}

# both: one family beside the other, about the same peers
test_both() {
	local pid

	need_ours
	devices
	nlfuzz ovpn "$OVPN" shared=1
	pid=$KT_PID
	nlfuzz ovpnx "$OVPNX" shared=1
	came_through "$KT_PID" ovpnx 1 2 3 4 5 7 8 9 10 11 12 13
	came_through "$pid" ovpn 1 2 3 4 6 7 8 10
	all_well "$SOCK_A"
}

kt_main "$@"
