# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What programs are told: arguments and variables of every hook, with the same
# configuration under stock OpenVPN and under ovpnd, compared name by name and value
# by value. Sourced by run, behind policy.sh.

# environ_script: a program that writes down what it gets, each time into a file
# of its own, HOOK.N, or HOOK-WHAT.N where it is asked about several things.
environ_script() {
	script_write script 'name=$script_type
		case $name in
		tls-verify)
			for word; do
				case $word in [0-9]) name=$name-$word ;; esac
			done ;;
		learn-address) name=$name-$1-$(printf %s "$2" | tr / _) ;;
		esac
		n=1
		while [ -e "$OUT/$name.$n" ]; do n=$((n + 1)); done
		{
			echo "$# arguments"
			for word; do echo "argument $word"; done
			tr "\0" "\n" </proc/$$/environ | LC_ALL=C sort
		} >"$OUT/.new.$$"
		mv "$OUT/.new.$$" "$OUT/$name.$n"'
}

# environ_mask: what may differ from run to run of one and the same program, and
# nothing else:
#	the process, when it began, when the client came, what it has sent
#	ports that the system has chosen
#	names of temporary files
#	values that are random: session, exported secret
environ_mask() {
	sed -E '
		s/^(daemon_pid|daemon_start_time|time_unix|time_duration)=[0-9]+$/\1=N/
		s/^(bytes_received|bytes_sent)=[0-9]+$/\1=N/
		s/^(time_ascii)=[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}$/\1=DATE/
		s/^((un)?trusted_port)=[0-9]+$/\1=PORT/
		s/^((auth_control|auth_pending|auth_failed_reason|metadata)_file)=\/.+$/\1=FILE/
		s/^(client_connect_(config|deferred)_file|peer_cert)=\/.+$/\1=FILE/
		s/^argument \/.*\.tmp$/argument FILE/
		s/^(session_id)=[A-Za-z0-9+\/=]+$/\1=ID/
		s/^(exported_keying_material)=[0-9A-F]{32}$/\1=SECRET/'
}

# environ_known HOOK: without what differs, and why:
#	exported_keying_material	stock tells it where a plugin asks for TLS_FINAL,
#		ovpnd wherever keying-material-exporter is given
#	auth_*_file	what stock tells later programs about are names of files that
#		are gone; ovpnd tells those that may write to them
#	ipchange	the manual of stock says address and port, which it hands over
#		as one word with the family before it
#	route-up of a restart	stock has kept the routes with persist-tun, ovpnd sets
#		them anew, and says so
#	learn-address delete, tls-crypt-v2-verify	stock tells nothing but what it
#		is about; ovpnd besides what it tells every program
environ_known() {
	case $1 in
	learn-address-delete-* | tls-crypt-v2-verify.*)
		grep -E '^([0-9]+ arguments$|argument |script_type=|metadata_)' ;;
	ipchange.*) grep -vE '^([0-9]+ arguments$|argument .*[0-9])' ;;
	user-pass-verify.*) grep -v '^exported_keying_material=' ;;
	*) grep -vE '^(exported_keying_material|auth_(control|pending|failed_reason)_file)=' ;;
	esac
}

# environ_keep PROGRAM: the files of this program, as they are compared
environ_keep() {
	local file to=$DIR/environ-$1

	rm -rf "$to"
	mkdir -p "$to"
	for file in "$DIR"/out/*; do
		environ_mask <"$file" | environ_known "${file##*/}" \
			>"$to/${file##*/}"
	done
	rm -rf "$DIR/out"
	mkdir -m 777 "$DIR/out"
}

# environ_again: of the second time, what stock has forgotten meanwhile, although it
# is still there, such as the routes
environ_again() {
	local file stock

	rm -f "$DIR"/environ-ovpnd/route-up.2
	for file in "$DIR"/environ-ovpnd/*.2 "$DIR"/environ-ovpnd/route-pre-down.1; do
		stock=$DIR/environ-2.6.14/${file##*/}
		[ -e "$stock" ] || continue
		grep -xFf "$stock" "$file" >"$file.new"
		mv "$file.new" "$file"
	done
}

# environ_same HOOK...: each has run under both, and was told the same
environ_same() {
	local hook n

	for hook in "$@"; do
		[ -s "$DIR/environ-2.6.14/$hook.1" ] ||
			fail "$hook has not run under stock OpenVPN: $(cd \
				"$DIR/environ-2.6.14" && echo ./*)"
	done
	n=$(find "$DIR/environ-2.6.14" -type f | wc -l)
	diff -ru "$DIR/environ-2.6.14" "$DIR/environ-ovpnd" \
		>"$DIR/environ.diff" || {
		sed -E "s|$DIR/||g; s/^/#   /" "$DIR/environ.diff"
		fail "programs are not told the same ($1 and others)"
	}
	ENVIRON_N=$((${ENVIRON_N:-0} + n))
}

# environ_has COUNT HOOK: has it run so often?
environ_has() {
	[ -e "$DIR/out/$2.$1" ]
}

# environ_server via-file|via-env: hooks of a server, one client
environ_server() {
	local script=$DIR/script program

	environ_script
	mkdir -p "$DIR/certs"
	chmod 777 "$DIR/certs"
	ccd_write alice 'iroute 10.77.0.0 255.255.255.0' \
		'iroute-ipv6 fd00:77::/64'
	SERVER_LINES="script-security 3
		tmp-dir $DIR
		client-config-dir $DIR/ccd
		setenv ADMIN \"yes or no\"
		setenv ODD-NAME Zo\xc3\xab
		setenv-safe KIND safe
		route 10.77.0.0 255.255.255.0
		route 10.55.0.0 255.255.255.0 10.8.0.9 7
		route-ipv6 fd00:55::/64
		push \"route 10.78.0.0 255.255.255.0\"
		auth-user-pass-optional
		username-as-common-name
		duplicate-cn
		tls-export-cert $DIR/certs
		keying-material-exporter EXPORTER-test 16
		up \"$script one 'two words'\"
		route-up \"$script more\"
		route-pre-down $script
		down $script
		client-connect \"$script more\"
		client-disconnect $script
		learn-address $script
		tls-verify \"$script more\"
		auth-user-pass-verify $script $1
		tls-crypt-v2-verify $script"
	SERVER_LINES=$(printf '%b' "$SERVER_LINES")
	login_files alice 'sec ret'
	CLIENT_LINES="auth-user-pass $DIR/login
		setenv UV_ROOM 7
		push-peer-info"
	for program in 2.6.14 ovpnd; do
		connect "$program" 2.6.14
		within 5 environ_has 1 learn-address-add-fd00_77___64 || :
		daemon_stop client
		within 5 environ_has 1 client-disconnect ||
			fail "$program: client-disconnect has not run"
		daemon_stop server
		within 5 environ_has 1 down || fail "$program: down has not run"
		environ_keep "$program"
	done
	environ_same up down route-up route-pre-down client-connect \
		client-disconnect learn-address-add-10.8.0.2 \
		learn-address-delete-10.8.0.2 learn-address-add-10.77.0.0_24 \
		tls-verify-0 tls-verify-1 user-pass-verify tls-crypt-v2-verify
}

# environ_client: hooks of a client, over a restart
environ_client() {
	local script=$DIR/script program

	environ_script
	SERVER_LINES='push "route 10.78.0.0 255.255.255.0"
		push "route 10.79.0.0 255.255.255.0 vpn_gateway 9"
		push "route-ipv6 fd00:78::/64"
		push "dhcp-option DNS 10.8.0.53"
		push "dhcp-option DOMAIN inner.test"
		push "setenv-safe PUSHED yes"'
	CLIENT_LINES="script-security 2
		tmp-dir $DIR
		remote 192.0.2.9 1195 tcp-client
		connect-retry 1
		persist-tun
		setenv ADMIN yes
		route 10.56.0.0 255.255.255.0 192.0.2.1
		up-restart
		up \"$script one\"
		down \"$script one\"
		route-up $script
		route-pre-down $script
		ipchange \"$script one\"
		tls-verify $script"
	for program in 2.6.14 ovpnd; do
		connect 2.6.14 "$program"
		kill -USR1 "${DAEMON_PID[client]}"
		within 20 environ_has 2 up ||
			fail "$program: no second up: $(ls "$DIR/out")"
		within 5 traffic_ready || fail "$program: no traffic again"
		daemon_stop client
		within 5 environ_has 2 down || fail "$program: down has not run"
		daemon_stop server
		environ_keep "$program"
	done
	environ_again
	environ_same up down route-up route-pre-down ipchange tls-verify-0 \
		tls-verify-1
}

# scenario_environ: all of that, with both kinds of login
scenario_environ() {
	environ_server via-file
	environ_server via-env
	CLIENT_LINES='' environ_client
	RESULT="$ENVIRON_N calls, the same arguments and variables"
}
