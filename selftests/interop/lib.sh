# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests against released OpenVPN and the demo share: two network
# namespaces, a throw-away PKI, daemons with their logs. Sourced.
#
#      namespace NET-s                          namespace NET-c
#   +--------------------+                  +--------------------+
#   | server        out  |------ veth ------|  out        client |
#   | tun-s    192.0.2.1 |                  | 192.0.2.2    tun-c |
#   |      2001:db8::1   |                  |   2001:db8::2      |
#   +--------------------+                  +--------------------+
#     inside: 10.8.0.0/24 and fd00:8::/64, the server is .1 and ::1
#
# NET is $NET (unique to the process), files are in $DIR. Everything is undone
# by net_down, which the caller runs in its EXIT trap.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
OVPND=${OVPND:-$TOP/build/user/ovpnd}
OVPNCTL=${OVPNCTL:-$TOP/build/user/ovpnctl}
SCALE=${SCALE:-1}	# how many times slower than a normal machine this is
IN_LAB=${IN_LAB:-}
IN_TREE=${IN_TREE:-}	# "yes": the kernel's own driver, not ours
VPN_NET4=10.8.0.0
VPN_S4=10.8.0.1
VPN_S6=fd00:8::1
VPN_C4=10.8.0.2		# with SHAPE=p2p; a server gives its clients others
VPN_C6=fd00:8::1000
declare -A DAEMON_PID=() DAEMON_STATUS=()

# Diagnostics of KTAP; the demo has its own.
say() {
	printf '# %s\n' "$*"
}

fail() {
	say "FAILED: $*"
	exit 1
}

# within SECONDS COMMAND...: until the command succeeds; status 1 if it never
# does. The time is multiplied by SCALE.
within() {
	local deadline=$((SECONDS + $1 * SCALE + 1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

in_s() {
	ip netns exec "$NET-s" "$@"
}

in_c() {
	ip netns exec "$NET-c" "$@"
}

# in_ns s|c COMMAND...
in_ns() {
	local side=$1

	shift
	ip netns exec "$NET-$side" "$@"
}

net_up() {
	local side

	# A stock peer does not read while its TLS computes, which takes seconds
	# in the lab; these buffers are the whole machine's, so only there.
	[ -z "$IN_LAB" ] || sysctl -qw net.core.rmem_max=4194304 \
		net.core.rmem_default=4194304
	NET=${NET:-ovi$$-$RANDOM}
	DIR=${DIR:-$(mktemp -d "${TMPDIR:-/tmp}/ovpn-interop.XXXXXX")}
	for side in s c; do
		ip netns add "$NET-$side" || return 1
		in_ns $side sysctl -qw net.ipv6.conf.all.accept_dad=0 \
			net.ipv6.conf.default.accept_dad=0
		in_ns $side ip link set lo up
	done
	in_s ip link add out type veth peer name out netns "$NET-c" || return 1
	for side in s c; do
		in_ns $side ip link set out up
	done
	in_s ip address add 192.0.2.1/24 dev out
	in_c ip address add 192.0.2.2/24 dev out
	in_s ip address add 2001:db8::1/64 dev out nodad
	in_c ip address add 2001:db8::2/64 dev out nodad
	within 5 net_is_ready || return 1
	for side in s c; do
		net_state $side >"$DIR/state-$side"
	done
}

net_is_ready() {
	in_c ping -q -c 1 -W 1 192.0.2.1 >/dev/null &&
		in_c ping -q -c 1 -W 1 2001:db8::1 >/dev/null
}

net_down() {
	local role side pid

	for role in "${!DAEMON_PID[@]}"; do
		daemon_stop "$role" KILL
	done
	# also those that a scenario has added
	for side in $(ip netns list | sed -n "s/^$NET-\([a-z0-9]*\).*/\1/p"); do
		pid=$(ip netns pids "$NET-$side" 2>/dev/null)
		# shellcheck disable=SC2086
		[ -z "$pid" ] || kill -KILL $pid 2>/dev/null
		ip netns del "$NET-$side" 2>/dev/null
	done
	rm -rf "/etc/netns/$NET-c" "/etc/netns/$NET-s"
	[ -z "${DIR:-}" ] || rm -rf "$DIR"
}

# What a daemon may change, in a form that can be compared.
net_state() {
	{
		in_ns "$1" ip -o address show | sed 's/^[0-9]*: //; s/ *\\.*//'
		in_ns "$1" ip route show table all
		in_ns "$1" ip -6 route show table all |
			sed 's/ expires [0-9]*sec//'
		in_ns "$1" ip rule show
	} | sort
}

# Nothing of the daemon's is left in a namespace.
net_is_clean() {
	net_state "$1" >"$DIR/state-$1.now"
	cmp -s "$DIR/state-$1" "$DIR/state-$1.now"
}

# daemon_start ROLE s|c COMMAND...: in a namespace, output in $DIR/ROLE.log (of
# the run before in ROLE.before.log).
daemon_start() {
	local role=$1 side=$2

	shift 2
	[ ! -e "$DIR/$role.log" ] || mv "$DIR/$role.log" "$DIR/$role.before.log"
	echo "--- $*" >"$DIR/$role.log"
	# What else runs on the machine must not look like lost packets.
	nice -n -15 ip netns exec "$NET-$side" "$@" \
		>>"$DIR/$role.log" 2>&1 </dev/null &
	DAEMON_PID[$role]=$!
}

daemon_is_running() {
	kill -0 "${DAEMON_PID[$1]}" 2>/dev/null
}

daemon_has_ended() {
	! daemon_is_running "$1"
}

# daemon_stop ROLE [SIGNAL]: sets DAEMON_STATUS[ROLE] to the exit status, or
# to "hangs" after it had to be killed.
daemon_stop() {
	local role=$1 pid=${DAEMON_PID[$1]:-}

	[ -n "$pid" ] || return 0
	DAEMON_STATUS[$role]=
	# The shell's own remark about a killed child is not wanted.
	{
		kill "-${2:-TERM}" "$pid"
		if ! within 8 daemon_has_ended "$role"; then
			DAEMON_STATUS[$role]=hangs
			kill -KILL "$pid"
		fi
		wait "$pid"
	} 2>/dev/null
	DAEMON_STATUS[$role]=${DAEMON_STATUS[$role]:-$?}
	unset "DAEMON_PID[$role]"
}

# daemon_says ROLE PATTERN: is the (extended) pattern in its log?
daemon_says() {
	grep -qE -- "$2" "$DIR/$1.log"
}

# daemon_says_or_ends ROLE PATTERN: do not wait for the dead.
daemon_says_or_ends() {
	daemon_says "$1" "$2" || daemon_has_ended "$1"
}

daemon_wait_for() {
	within "$3" daemon_says_or_ends "$1" "$2" && daemon_says "$1" "$2"
}

# what the module has dropped at each end, and the datagrams that UDP has
show_drops() {
	local side text

	for side in s c; do
		text=$(ip netns exec "$NET-$side" sh -c "
			ethtool -S tun-$side 2>/dev/null | grep -v ' 0$' | tr -d ' '
			sed -n 's/^Udp: /Udp:/p' /proc/net/snmp
			cat /proc/net/snmp6 | grep -E '^Udp6.*[1-9]'" 2>/dev/null)
		[ -z "$text" ] || say "counters of tun-$side:
$(printf '%s\n' "$text" | paste -sd' ' | fold -s -w 100 | sed 's/^/#   /')"
	done
}

show_logs() {
	local log

	show_drops
	for log in "$DIR"/{server,client,client2,client-?,iperf3}{.before,}.log \
		"$DIR/ovpnctl.log"; do
		[ -s "$log" ] || continue
		say "$(basename "$log"):"
		tail -n "${LOG_LINES:-40}" "$log" | sed 's/^/#   /'
	done
}

# pki_lock FILE: a private key gets the passphrase "sesame"
pki_lock() {
	openssl pkey -aes256 -passout pass:sesame -in "$1" \
		-out "$1.locked" 2>/dev/null && mv "$1.locked" "$1"
}

# pki_make DIR ec|rsa: ca.crt, and {server,client,client2}.{crt,key}; ta.key for
# tls-auth and tls-crypt.
pki_make() {
	local dir=$1 name usage
	local -a new=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1)

	[ "$2" = ec ] || new=(-newkey rsa:2048)
	mkdir -p "$dir"
	openssl req -x509 "${new[@]}" -nodes -days 2 -subj "/CN=test CA" \
		-keyout "$dir/ca.key" -out "$dir/ca.crt" \
		-addext keyUsage=critical,keyCertSign,cRLSign \
		2>"$dir/openssl.err" || return 1
	for name in server client client2; do
		usage=${name%2}Auth
		openssl req "${new[@]}" -nodes -subj "/CN=$name" \
			-keyout "$dir/$name.key" -out "$dir/$name.csr" \
			2>>"$dir/openssl.err" || return 1
		openssl x509 -req -in "$dir/$name.csr" -CA "$dir/ca.crt" \
			-CAkey "$dir/ca.key" -CAcreateserial -days 2 \
			-out "$dir/$name.crt" -extfile <(
				echo "basicConstraints=CA:FALSE"
				echo "extendedKeyUsage=$usage"
				echo "keyUsage=digitalSignature,keyEncipherment"
			) 2>>"$dir/openssl.err" || return 1
	done
	{
		echo '-----BEGIN OpenVPN Static key V1-----'
		openssl rand -hex 256 | tr -d '\n' | fold -w 32
		echo
		echo '-----END OpenVPN Static key V1-----'
	} >"$dir/ta.key"
	chmod 600 "$dir"/*.key
}

# pki_crl DIR [NAME]: crl.pem, in which the certificate NAME is revoked, or none.
# It replaces the one before as a whole.
pki_crl() {
	local dir=$1 conf

	conf="[ca]
default_ca=x
[x]
database=$dir/crl.index
default_md=sha256
default_crl_days=2
"
	: >"$dir/crl.index"
	[ -z "${2:-}" ] || openssl ca -batch -config <(echo "$conf") \
		-keyfile "$dir/ca.key" -cert "$dir/ca.crt" \
		-revoke "$dir/$2.crt" 2>>"$dir/openssl.err" || return 1
	openssl ca -gencrl -config <(echo "$conf") \
		-keyfile "$dir/ca.key" -cert "$dir/ca.crt" \
		-out "$dir/crl.new" 2>>"$dir/openssl.err" &&
		chmod 644 "$dir/crl.new" && mv "$dir/crl.new" "$dir/crl.pem"
}

# crypto_driver CIPHER: which driver of the kernel is at work for it.
crypto_driver() {
	local name='gcm(aes)'

	[[ $1 != CHACHA* ]] || name='rfc7539(chacha20,poly1305)'
	awk -F ' *: *' -v want="$name" '
		$1 == "name" { name = $2 }
		$1 == "driver" { driver = $2 }
		$1 == "refcnt" && name == want && $2 > most {
			most = $2; best = driver }
		END { print best == "" ? "none" : best }' /proc/crypto
}
