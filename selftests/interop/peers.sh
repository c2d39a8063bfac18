# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The programs at the two ends and their configuration. A program is one of
#   ovpnd      ours, on the data path $DP
#   2.5.1      stock OpenVPN without the TLS exporter, only on this machine
#   2.6.14     stock OpenVPN, userspace data path
#   2.7.8      stock OpenVPN with --disable-dco
#   2.7.8-dco  stock OpenVPN driving our kernel module
#
# A scenario's variant is in these variables:
PROTO=udp		# udp, tcp
SHAPE=mp		# mp: a server and its client; p2p: two equals; bridge:
			# a server in a network of Ethernet, and its client
DEV_TYPE=tun		# tun, tap
WRAP=plain		# plain, tls-auth, tls-crypt, tls-crypt-v2
TLS=1.3			# version of TLS, enforced by the server
CIPHER=AES-256-GCM	# data channel
KEYS=ec			# certificates: ec, rsa
OUTER=4			# family of the transport
HAND_WINDOW=60
TRAN_WINDOW=3600
DROP=			# "yes": ovpnd becomes nobody
IN_UNIT=		# "yes": ovpnd has the rights of its unit of systemd
FIRST=server		# who renegotiates in the first connection
RENEG_S=0		# reneg-sec at the server: who has less starts, and
RENEG_C=0		# each sends with the new key after half of its own
PIN=			# "yes": certificates by fingerprint, without a CA
REMOTE_PORT=1194	# that the client sends to
NO_CERT=		# role that has no certificate
EXTERNAL=		# role whose certificate and key are elsewhere
P12=			# role whose certificate, key and CA are one file
declare -A EXTRA=()	# more lines of configuration, by role
declare -A DP_OF=()	# data path of ovpnd, by role, where it is not $DP
VPN_MASK=255.255.255.0
SERVER_LINES=		# more lines for the configuration of either
CLIENT_LINES=

DP=${DP:-user}

# peer_command PROGRAM: sets COMMAND, an array.
peer_command() {
	local version=${1%-dco}

	case $1 in
	ovpnd) COMMAND=("$OVPND") ;;
	*)
		if command -v "openvpn-$version" >/dev/null; then
			COMMAND=("openvpn-$version")
		else
			read -ra COMMAND < <("$TOP/selftests/lab/peer" "$version")
		fi
		;;
	esac
	[ "${#COMMAND[@]}" -gt 0 ]
}

# peer_data_path PROGRAM [ROLE]: where its packets travel, "kernel" or "user".
peer_data_path() {
	case $1 in
	ovpnd) echo "${DP_OF[${2:-any}]:-$DP}" ;;
	*-dco) echo kernel ;;
	*) echo user ;;
	esac
}

peer_config_common() {
	local program=$1 name=$2 direction=$3

	cat <<-EOT
		dev tun-${name:0:1}
		dev-type $DEV_TYPE
		data-ciphers $CIPHER
		tls-version-min $TLS
		hand-window $HAND_WINDOW
		tran-window $TRAN_WINDOW
		verb 4
	EOT
	peer_config_trust "$name"
	[ -z "${EXTRA[$name]:-}" ] || echo "${EXTRA[$name]}"
	[ "$PROTO" = tcp ] || echo "explicit-exit-notify 1"
	case $WRAP in
	tls-auth) echo "tls-auth $DIR/pki-$KEYS/ta.key $direction" ;;
	tls-crypt) echo "tls-crypt $DIR/pki-$KEYS/ta.key" ;;
	tls-crypt-v2) echo "tls-crypt-v2 $DIR/v2-$name.key" ;;
	esac
	[ "$TLS" != 1.2 ] || echo "tls-version-max 1.2"
	case $program in
	ovpnd)
		echo "data-path $(peer_data_path ovpnd "$name")"
		echo "control $DIR/$name.sock"
		[ -z "$DROP" ] || printf '%s\n' "user nobody" "group nogroup"
		;;
	2.7.8) echo "disable-dco" ;;
	esac
}

# peer_config_trust ROLE: its certificate, and whose are good
peer_config_trust() {
	local other=server

	if [ "$P12" = "$1" ]; then
		echo "pkcs12 $DIR/$1.p12"
		return
	fi
	[ "$NO_CERT" = "$1" ] || [ "$EXTERNAL" = "$1" ] || printf '%s\n' \
		"cert $DIR/pki-$KEYS/$1.crt" "key $DIR/pki-$KEYS/$1.key"
	[ "$1" = client ] || other=client
	if [ -z "$PIN" ]; then
		echo "ca $DIR/pki-$KEYS/ca.crt"
		return
	fi
	echo "<peer-fingerprint>"
	openssl x509 -noout -fingerprint -sha256 \
		-in "$DIR/pki-$KEYS/$other.crt" | sed 's/.*=//'
	echo "</peer-fingerprint>"
}

# peer_proto ROLE: as OpenVPN names it
peer_proto() {
	case $PROTO in
	udp) echo "udp$OUTER" ;;
	tcp) echo "tcp$OUTER-$1" ;;
	esac
}

# peer_config_shape ROLE
peer_config_shape() {
	case $SHAPE,$1 in
	mp,server)
		echo "server $VPN_NET4 $VPN_MASK"
		echo "server-ipv6 fd00:8::/64"
		echo "topology subnet"
		;;
	mp,client | bridge,client) echo client ;;
	bridge,server)
		echo "server-bridge 10.8.0.1 255.255.255.0 10.8.0.50 10.8.0.99"
		;;
	p2p,server)
		echo tls-server
		echo "ifconfig $VPN_S4 $VPN_C4"
		echo "ifconfig-ipv6 $VPN_S6/64 $VPN_C6"
		;;
	p2p,client)
		echo tls-client
		echo "ifconfig $VPN_C4 $VPN_S4"
		echo "ifconfig-ipv6 $VPN_C6/64 $VPN_S6"
		;;
	esac
}

# peer_config_server PROGRAM
peer_config_server() {
	peer_config_common "$1" server 0
	peer_config_shape server
	cat <<-EOT
		proto $(peer_proto server)
		lport 1194
		dh none
		$([ "$NO_CERT" = client ] || echo remote-cert-tls client)
		keepalive $((4 * SCALE)) $((20 * SCALE))
		reneg-sec $RENEG_S
		$SERVER_LINES
	EOT
}

# peer_config_client PROGRAM
peer_config_client() {
	peer_config_common "$1" client 1
	peer_config_shape client
	cat <<-EOT
		nobind
		remote $([ "$OUTER" = 4 ] && echo 192.0.2.1 || echo 2001:db8::1) $REMOTE_PORT
		proto $(peer_proto client)
		remote-cert-tls server
		verify-x509-name server name
		reneg-sec $RENEG_C
		$CLIENT_LINES
	EOT
	[ "$SHAPE" != p2p ] ||
		echo "keepalive $((4 * SCALE)) $((20 * SCALE))"
}

# Both keys are made by the server's program, as administrators do.
v2_keys_make() {
	"${COMMAND[@]}" --genkey tls-crypt-v2-server "$DIR/v2-server.key" &&
		"${COMMAND[@]}" --tls-crypt-v2 "$DIR/v2-server.key" \
			--genkey tls-crypt-v2-client "$DIR/v2-client.key"
}

# unit_rights ROLE: sets WORDS, which leave what the unit of systemd leaves
unit_rights() {
	local unit="$TOP/packaging/systemd/ovpnd-$1@.service" list

	list=$(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | tr ' ' '\n' |
		sed 's/^CAP_/,+/' | tr -d '\n' | tr '[:upper:]' '[:lower:]')
	[ -n "$list" ] || fail "$unit has no CapabilityBoundingSet"
	WORDS=(setpriv "--bounding-set=-all$list")
}

# peer_start ROLE PROGRAM [WORD...]: ROLE is server or client; the words go in
# front of the command.
peer_start() {
	local role=$1 program=$2
	local -a WORDS=()

	shift 2
	[ -z "$IN_UNIT" ] || [ "$program" != ovpnd ] || unit_rights "$role"
	[ -d "$DIR/pki-$KEYS" ] || pki_make "$DIR/pki-$KEYS" "$KEYS" ||
		fail "openssl makes no PKI: $(tail -n 3 "$DIR/pki-$KEYS/openssl.err")"
	peer_command "$program" || fail "no OpenVPN ${program%-dco} here"
	[ "$WRAP" != tls-crypt-v2 ] || [ -e "$DIR/v2-server.key" ] ||
		v2_keys_make || fail "$program makes no tls-crypt-v2 keys"
	"peer_config_$role" "$program" >"$DIR/$role.conf"
	daemon_start "$role" "${role:0:1}" "$@" "${WORDS[@]}" \
		"${COMMAND[@]}" --config "$DIR/$role.conf"
}

# peer_start_second PROGRAM: another client, with certificate and device of its
# own, as daemon client2.
peer_start_second() {
	local program=$1

	peer_command "$program" || fail "no OpenVPN ${program%-dco} here"
	peer_config_client "$program" | sed 's|/client\.|/client2.|; s|tun-c|tun-d|' \
		>"$DIR/client2.conf"
	daemon_start client2 c "${COMMAND[@]}" --config "$DIR/client2.conf"
}

# The peers of a program as JSON, from ovpnd and from our module.
peer_json() {
	local role=$1 control=()

	[ ! -S "$DIR/$role.sock" ] || control=(--control "$DIR/$role.sock")
	in_ns "${role:0:1}" "$OVPNCTL" "${control[@]}" \
		peer show -j dev "tun-${role:0:1}" 2>>"$DIR/ovpnctl.log"
}

# peer_key ROLE PROGRAM: a value that changes with every new key. Of ovpnd the id
# of the key that it sends with. Stock OpenVPN with a module puts a new key into
# the other slot at once, but takes it into use when it wakes up the next time,
# which may be the next renegotiation: the ids in both slots. Of a stock program
# on its own data path, how many keys its log mentions.
peer_key() {
	case $2 in
	ovpnd) peer_json "$1" | peer_number primary_key ;;
	*-dco)
		peer_json "$1" >"$DIR/keys"
		echo "$(peer_number primary_key <"$DIR/keys")" \
			"$(peer_number secondary_key <"$DIR/keys")"
		;;
	*)
		grep -cE 'Data Channel( Encrypt)?: [Cc]ipher|Outgoing Epoch Data key 1:' \
			"$DIR/$1.log"
		;;
	esac
}

# peer_number NAME: the first number of that name in JSON.
peer_number() {
	sed -n "s/.*\"$1\": *\(-\{0,1\}[0-9][0-9]*\).*/\1/p" | head -n 1
}
