# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The systems under test: system_NAME makes the tunnel between a and b and sets
# ADDR_A and ADDR_B. MTU is "default" (what users have: 1500 where the system's
# own default is no other) or "fit" (nothing is fragmented). WORLD is what kind of
# tunnel: "plain" (UDP, AES-256-GCM, of WireGuard its only cipher), "chacha",
# "stream" (TCP as transport), "none" (the module is there).

# world_of ROW
world_of() {
	case $1 in
	chacha_*) echo chacha ;;
	tcp_transport) echo stream ;;
	peer* | device) echo none ;;
	*) echo plain ;;
	esac
}

# world_exists SYSTEM WORLD: is there such a thing?
world_exists() {
	case $1:$2 in
	intree:none | ours:none) return 0 ;;
	*:none | vxlan:stream | wireguard:stream) return 1 ;;
	*) return 0 ;;
	esac
}

mtu_of() {
	case $MTU in
	default) echo "$1" ;;
	fit) echo "$2" ;;
	*) echo "$MTU" ;;
	esac
}

# crypto_in_use: drivers with users, from /proc/crypto
crypto_in_use() {
	awk '$1 == "driver" { driver = $3 }
		$1 == "refcnt" && $3 > 1 { count = $3 }
		$1 == "type" { if (count && $3 == "aead") print driver
			count = 0 }' /proc/crypto | sort -u | paste -sd,
}

tunnel_addresses() {
	ip -n "$NS-a" addr add 10.8.0.2/24 dev tun
	ip -n "$NS-b" addr add 10.8.0.1/24 dev tun
	ip -n "$NS-a" link set tun mtu "$1" up
	ip -n "$NS-b" link set tun mtu "$1" up
	ADDR_A=10.8.0.2 ADDR_B=10.8.0.1
}

# the floor: no tunnel
system_bare() {
	ADDR_A=10.99.0.1 ADDR_B=10.99.0.2
}

# a tunnel without a cipher
system_vxlan() {
	ip -n "$NS-a" link add tun type vxlan id 1 dstport 4789 \
		local 10.99.0.1 remote 10.99.0.2
	ip -n "$NS-b" link add tun type vxlan id 1 dstport 4789 \
		local 10.99.0.2 remote 10.99.0.1
	tunnel_addresses "$(mtu_of 1450 1420)"
}

# insert_ovpn PATH: this module and no other
insert_ovpn() {
	rmmod ovpn 2>/dev/null
	modprobe -a udp_tunnel ip6_udp_tunnel gcm aesni_intel chacha20poly1305 \
		dst_cache 2>/dev/null
	insmod "$1" || kt_die "insmod $1"
}

# stream_tunnel MTU: as tunnel_new, with a TCP connection
stream_tunnel() {
	stream_new 4
	dev_new a tun p2p 10.8.0.2/24 fd08::2/64
	dev_new b tun mp 10.8.0.1/24 fd08::1/64
	ip -n "$NS-a" link set tun mtu "$1"
	ip -n "$NS-b" link set tun mtu "$1"
	cli a batch <<-END || kt_die "set up a"
		new_peer tun id=1 socket=@sock:$SOCK_A
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 0 32 0)
	END
	cli b batch <<-END || kt_die "set up b"
		new_peer tun id=1 socket=@sock:$SOCK_B vpn-ipv4=10.8.0.2
		new_key tun peer-id=1 slot=0 key-id=0 cipher-alg=aes-gcm \
			$(key_items 0 32 1)
	END
}

ovpn_tunnel() {
	case $WORLD in
	plain) tunnel_new aes-gcm 32 4 "$(mtu_of 1500 1420)" ;;
	chacha) tunnel_new chacha20-poly1305 32 4 "$(mtu_of 1500 1420)" ;;
	stream) stream_tunnel "$(mtu_of 1500 1420)" ;;
	none) ;;
	esac
	ADDR_A=10.8.0.2 ADDR_B=10.8.0.1
}

system_intree() {
	insert_ovpn "/lib/modules/$(uname -r)/kernel/drivers/net/ovpn/ovpn.ko"
	ovpn_tunnel
}

system_ours() {
	insert_ovpn "/lib/modules/$(uname -r)/updates/ovpn.ko"
	ovpn_tunnel
}

wg_side() {
	local ns=$1 peer=$2

	ip -n "$NS-$ns" link add tun type wireguard
	ip netns exec "$NS-$ns" wg set tun private-key "$TMP/wg-$ns" \
		listen-port 51820 peer "$(wg pubkey <"$TMP/wg-$peer")" \
		allowed-ips 0.0.0.0/0 endpoint "$3:51820"
}

system_wireguard() {
	modprobe wireguard || kt_die "modprobe wireguard"
	(umask 077 && wg genkey >"$TMP/wg-a" && wg genkey >"$TMP/wg-b")
	wg_side a b 10.99.0.2
	wg_side b a 10.99.0.1
	tunnel_addresses "$(mtu_of 1420 1420)"
}

# a certificate that signs itself; its fingerprint is all that the peer checks
ovpn_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 30 -subj "/CN=$1" -keyout "$TMP/$1.key" \
		-out "$TMP/$1.crt" 2>/dev/null
	openssl x509 -in "$TMP/$1.crt" -noout -fingerprint -sha256 |
		sed 's/.*=//' >"$TMP/$1.print"
}

openvpn_side() {
	local ns=$1 peer=$2 proto=udp cipher=AES-256-GCM

	shift 2
	[ "$WORLD" != chacha ] || cipher=CHACHA20-POLY1305
	[ "$WORLD" != stream ] || proto=tcp-$([ "$ns" = a ] && echo client ||
		echo server)
	kt_bg "openvpn-$ns" ip netns exec "$NS-$ns" openvpn-2.7.8 --dev tun \
		--dev-type tun --disable-dco --proto "$proto" --port 1194 \
		--cert "$TMP/$ns.crt" --key "$TMP/$ns.key" --verb 3 \
		--peer-fingerprint "$(cat "$TMP/$peer.print")" \
		--data-ciphers "$cipher" --tun-mtu "$(mtu_of 1500 1420)" "$@"
}

system_openvpn() {
	ovpn_certificate a
	ovpn_certificate b
	openvpn_side b a --tls-server --dh none --ifconfig 10.8.0.1 10.8.0.2
	openvpn_side a b --tls-client --remote 10.99.0.2 \
		--ifconfig 10.8.0.2 10.8.0.1
	ADDR_A=10.8.0.2 ADDR_B=10.8.0.1
	kt_until 60 grep -q "Initialization Sequence Completed" \
		"$TMP/openvpn-a" || kt_die "openvpn: $(tail -n 5 "$TMP/openvpn-a")"
}
