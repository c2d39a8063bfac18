# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What ovpnctl finds wrong, and what a shell completes for it. Sourced by run,
# behind live.sh.

# crl_for ARGUMENT...: another list, which is valid as long as openssl ca is told
crl_for() {
	local dir=$DIR/pki-$KEYS

	openssl ca -gencrl "$@" -config <(printf '%s\n' "[ca]" default_ca=x \
		"[x]" "database=$dir/crl.index" default_md=sha256 \
		default_crl_days=2) -keyfile "$dir/ca.key" \
		-cert "$dir/ca.crt" -out "$DIR/crl.new" \
		2>>"$dir/openssl.err" || fail "openssl makes no list"
	chmod 644 "$DIR/crl.new"
	mv "$DIR/crl.new" "$dir/crl.pem"
}

# server_cert_from SECONDS: the server's certificate, good from then on for a day
server_cert_from() {
	local dir=$DIR/pki-$KEYS

	: >"$dir/from.index"
	openssl ca -batch -notext -in "$dir/server.csr" -config <(printf '%s\n' \
		"[ca]" default_ca=x "[x]" "database=$dir/from.index" \
		default_md=sha256 "new_certs_dir=$dir" rand_serial=yes \
		policy=y x509_extensions=z "[y]" commonName=supplied "[z]" \
		extendedKeyUsage=serverAuth keyUsage=digitalSignature) \
		-keyfile "$dir/ca.key" -cert "$dir/ca.crt" \
		-startdate "$(date -u -d "@$(($(date +%s) + $1))" +%Y%m%d%H%M%SZ)" \
		-enddate "$(date -u -d "@$(($(date +%s) + $1 + 86400))" +%Y%m%d%H%M%SZ)" \
		-out "$dir/server.crt" 2>>"$dir/openssl.err" ||
		fail "openssl makes no certificate"
}

# doctor_finds VERDICT CHECK PATTERN: whatever its status is
doctor_finds() {
	doctor_says "$@" || grep -qE "^$1 +[^ ]+ +$2 .*($3)" "$DIR/ovpnctl.log" || {
		sed 's/^/#   /' "$DIR/ovpnctl.log"
		fail "ovpnctl doctor does not say $1 $2 $3"
	}
}

# doctor_status WORD...: sets DOCTOR_STATUS
doctor_status() {
	in_s "$OVPNCTL" --control "$DIR/server.sock" "$@" \
		>"$DIR/ovpnctl.log" 2>&1
	DOCTOR_STATUS=$?
}

# scenario_doctor CLIENT: each thing that it looks at, in order and not
scenario_doctor() {
	local module='load it with: modprobe ovpn' want=warn

	pki_make "$DIR/pki-$KEYS" "$KEYS" && pki_crl "$DIR/pki-$KEYS" ||
		fail "openssl makes no list"
	SERVER_LINES="crl-verify $DIR/pki-$KEYS/crl.pem
		max-clients 1"
	server_starts
	client_connects "$1"

	[ ! -e /sys/module/ovpn ] || want=ok module=loaded
	doctor_finds $want module "$module"
	doctor_finds '(ok|warn)' clock 'synchronised'
	doctor_finds warn certificate 'ends in [12] days .*renew it'
	doctor_finds warn ca 'ends in [12] days .*renew it'
	doctor_finds warn crl 'ends in [12] days .*renew it'
	doctor_finds ok firewall 'no chain drops'
	doctor_finds warn forwarding 'IPv4: is off'
	doctor_finds warn forwarding 'IPv6: is off'
	doctor_finds '(ok|warn)' mtu tun-mtu
	doctor_finds warn limit '1 of 1 clients, nobody else is let in'
	doctor_status doctor
	[ "$DOCTOR_STATUS" = 0 ] || fail "warnings only: status $DOCTOR_STATUS"

	in_s sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	doctor_finds ok forwarding 'IPv4: is on'
	doctor_finds ok forwarding 'IPv6: is on'
	in_s sysctl -q -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0

	in_s nft add table inet lab
	in_s nft 'add chain inet lab through { type filter hook forward priority 0; policy drop; }'
	doctor_finds warn firewall 'chain through of table lab drops .*device'
	in_s nft delete table inet lab

	sed -i 's/max-clients 1$/max-clients 2/' "$DIR/server.conf"
	reload_says 'reloaded, 1 option changed'
	doctor_finds warn limit '1 of 2 clients, max-clients is near'
	sed -i 's/max-clients 2$/max-clients 11/' "$DIR/server.conf"
	reload_says 'reloaded, 1 option changed'
	doctor_finds ok limit '1 of 11 clients'

	server_cert_from 7200
	reload_says 'reloaded, 1 option changed'
	doctor_finds fail certificate 'is not valid before .* UTC, peers refuse it'
	doctor_status doctor
	[ "$DOCTOR_STATUS" = 1 ] ||
		fail "a certificate of tomorrow: status $DOCTOR_STATUS"
	server_cert_from -7200
	reload_says 'reloaded, 1 option changed'
	doctor_finds warn certificate 'ends in 0 days'

	crl_for -crldays 90
	reload_says 'reloaded'
	doctor_finds ok crl 'ends in (89|90) days'
	crl_for -crlsec 1
	sleep 2
	reload_says 'reloaded'
	doctor_finds fail crl 'has ended on .*, peers are refused'
	doctor_status doctor
	[ "$DOCTOR_STATUS" = 1 ] || fail "a failure: status $DOCTOR_STATUS"
	doctor_status -j doctor
	jq -e '[.findings[] | select(.verdict == "fail")] |
		length == 1 and .[0].check == "crl" and .[0].dev == "tun-s"' \
		"$DIR/ovpnctl.log" >/dev/null || {
		sed 's/^/#   /' "$DIR/ovpnctl.log"
		fail "ovpnctl -j doctor prints something else"
	}
	traffic_ping "$VPN_S4" || fail "who is connected has noticed"
	stop_clean client
	stop_clean server
	doctor_finds fail daemon '.'
	RESULT="module, clock, certificates, list, limit, firewall, forwarding, MTU"
}

# completes WORD...: what is offered for the last one
completes() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	"_${1##*/}"
	printf '%s\n' "${COMPREPLY[@]}" | sed 's/ *$//' | sort -u
}

# offers WANTED WORD...
offers() {
	local wanted=$1

	shift
	completes "$@" | grep -qxF -e "$wanted" ||
		fail "after '$*' a shell offers '$(completes "$@" | xargs)', without $wanted"
}

# scenario_completion: each command and option that the programs have
scenario_completion() {
	local word n=0

	# shellcheck source=/dev/null
	. "$TOP/userspace/ovpnctl/ovpnctl.bash" || fail "ovpnctl.bash"
	# shellcheck source=/dev/null
	. "$TOP/packaging/completion/ovpnd" || fail "completion of ovpnd"
	for word in $("$OVPNCTL" --help | sed -n \
		's/.*ovpnctl \[OPTIONS\] \([a-z]*\).*/\1/p' | sort -u); do
		offers "$word" ovpnctl "${word:0:1}"
		n=$((n + 1))
	done
	[ "$n" -ge 9 ] || fail "ovpnctl --help has $n commands"
	for word in $("$OVPNCTL" --help | grep -oE -- '--[a-z]+' | sort -u); do
		[ "$word" = -- ] || offers "$word" ovpnctl -
	done
	offers show ovpnctl peer ''
	offers kill ovpnctl peer k
	offers dev ovpnctl reload ''
	offers show ovpnctl session ''
	for word in client server port cipher management restart-hold; do
		offers "--$word" "$OVPND" "--${word:0:2}"
		n=$((n + 1))
	done
	offers kernel "$OVPND" --data-path k
	RESULT="$n words"
}
