# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Who has no terminal is asked by systemd-ask-password as it is; and a name server
# with a wildcard. Sourced by run, behind policy.sh. On a terminal: options.sh.

# asked_start HOW: the client, with a /run of its own, in which the program leaves its
# questions. HOW: answer, cancel, nobody who answers, or systemd is "absent".
asked_start() {
	cat >"$DIR/agent" <<-EOT
		#!/bin/sh
		how=$1 out=$DIR/out
	EOT
	cat >>"$DIR/agent" <<-'EOT'
		# ip netns exec has given us mounts of our own
		mount -t tmpfs tmpfs /run || exit 1
		[ $how = absent ] || mkdir -p /run/systemd/system
		reply() {
			/lib/systemd/systemd-reply-password "$1" \
				"$(sed -n 's/^Socket=//p' "$file")"
		}
		look() {
			for file in /run/systemd/ask-password/ask.*; do
				[ -e "$file" ] || continue
				sed -n '/^Message=\|^Echo=/p' "$file" |
					sort -r | paste -sd' ' >>"$out/asked"
				[ $how != cancel ] || reply 0
				case $(sed -n 's/^Message=//p' "$file") in
				*Private\ Key*) answer=sesame ;;
				*Username*) answer=alice ;;
				*Password*) answer=secret ;;
				CHALLENGE:\ PIN\ please) answer=123456 ;;
				esac
				[ $how != answer ] || echo "$answer" | reply 1
			done
		}
		(
			n=0
			while [ $n -lt 150 ]; do
				n=$((n + 1))
				look
				sleep 0.2
			done
		) &
		"$@"
		status=$?
		kill $!
		exit $status
	EOT
	chmod 755 "$DIR/agent"
	rm -f "$DIR/out/asked"
	peer_start client ovpnd "$DIR/agent"
}

asked_program() {
	ip netns pids "$NET-c" | xargs -r ps -o pid=,comm= -p |
		awk '$2 ~ /^systemd-ask-pas/ { print $1 }'
}

asked_program_runs() {
	[ -n "$(asked_program)" ]
}

asked_program_has_ended() {
	! asked_program_runs
}

# scenario_asked SERVER: a client whose key has a passphrase, with a login and a
# challenge, and none of it in a file
scenario_asked() {
	local dir=$DIR/pki-$KEYS

	pki_make "$dir" "$KEYS"
	pki_lock "$dir/client.key"
	script_write judge '{ read -r u; read -r p; } <"$1"
		echo "$u $p" >>"$OUT/login"
		[ "$u $p" = "alice SCRV1:c2VjcmV0:MTIzNDU2" ]'
	EXTRA[server]="script-security 2
auth-user-pass-verify $DIR/judge via-file"
	peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($1) does not start"
	CLIENT_LINES="writepid $DIR/pid
askpass
auth-user-pass
static-challenge \"PIN please\" 1"

	asked_start answer
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "ovpnd does not come in with what was entered;" \
			"the server got: $(cat "$DIR/out/login" 2>/dev/null)"
	within 5 traffic_ready || fail "no traffic"
	expect_out asked '^Message=Enter Private Key Password: Echo=0$' \
		'^Message=Enter Auth Username: Echo=1$' \
		'^Message=Enter Auth Password: Echo=0$' \
		'^Message=CHALLENGE: PIN please Echo=1$'
	! daemon_says client 'sesame|secret|123456' ||
		fail "what was entered is in the log"
	asked_program_has_ended || fail "the program is still there"
	kill -TERM "$(cat "$DIR/pid")"
	within 10 daemon_has_ended client || fail "ovpnd does not end"
	stop_clean client

	asked_in_vain
	stop_clean server
	RESULT="passphrase, login and challenge by systemd-ask-password"
}

# Nobody answers, in three ways.
asked_in_vain() {
	asked_start cancel
	daemon_wait_for client 'askpass: systemd-ask-password got no answer; write askpass FILE' 10 ||
		fail "a question that is dismissed goes unnoticed"
	within 5 daemon_has_ended client || fail "ovpnd waits for an answer"
	daemon_stop client

	asked_start nobody
	within 10 asked_program_runs || fail "nobody is asked"
	# ovpnd
	ps -o ppid= -p "$(asked_program)" | xargs kill -TERM
	within 5 asked_program_has_ended || fail "the question outlives ovpnd"
	within 5 daemon_has_ended client || fail "ovpnd does not end"
	daemon_stop client

	asked_start absent
	daemon_wait_for client 'askpass: there is no terminal to ask on, and no systemd-ask-password; write askpass FILE' 10 ||
		fail "asked without systemd"
	daemon_stop client
}

# wildcard_start [s|c [ADDRESS [SECONDS]]]: a name server in the server's namespace
# for one of them: every name below vpn.test is that address, said after that time.
wildcard_start() {
	local side=${1:-c} address=${2:-192.0.2.1}

	cat >"$DIR/wildcard" <<-'EOT'
		use IO::Socket::INET;
		$| = 1;
		my ($address, $wait) = @ARGV;
		my $s = IO::Socket::INET->new(LocalAddr => "192.0.2.1",
			LocalPort => 53, Proto => "udp") or die "$!";
		print "ready\n";
		while (defined($s->recv(my $q, 512))) {
			my ($at, @labels) = 12;
			while (my $len = ord(substr($q, $at, 1))) {
				push @labels, substr($q, $at + 1, $len);
				$at += $len + 1;
			}
			my $type = unpack("n", substr($q, $at + 1, 2));
			my $has = $type == 1 && @labels == 3 && "@labels[1,2]" eq "vpn test";
			print "query $type ", join(".", @labels), "\n";
			sleep $wait;
			$s->send(substr($q, 0, 2) . pack("n5", 0x8180, 1, $has, 0, 0) .
				substr($q, 12, $at - 7) . ($has ?
				pack("n3Nn", 0xc00c, 1, 1, 0, 4) . pack("C4", split(/\./, $address)) : ""));
		}
	EOT
	daemon_start wildcard s perl "$DIR/wildcard" "$address" "${3:-0}"
	daemon_wait_for wildcard ready 5 || fail "no name server: $(cat "$DIR/wildcard.log")"
	mkdir -p "/etc/netns/$NET-$side"
	echo "nameserver 192.0.2.1" >"/etc/netns/$NET-$side/resolv.conf"
}

random_hostname_connects() {
	daemon_start client c "$OVPND" --config "$DIR/client.conf"
	daemon_wait_for client 'Initialization Sequence Completed' 20 ||
		fail "the client does not connect to a name with a random label"
	within 5 traffic_ready || fail "no traffic"
	stop_clean client
}

# scenario_random_hostname SERVER: another name below it for each attempt
scenario_random_hostname() {
	wildcard_start
	peer_start server "$1"
	daemon_wait_for server 'Initialization Sequence Completed' 10 ||
		fail "the server ($1) does not start"
	CLIENT_LINES=remote-random-hostname
	peer_config_client ovpnd | sed 's/^remote .*/remote vpn.test 1194/' \
		>"$DIR/client.conf"
	random_hostname_connects
	random_hostname_connects
	stop_clean server
	[ "$(grep -oE 'query 1 [0-9a-f]{12}\.vpn\.test$' "$DIR/wildcard.log" |
		sort -u | wc -l)" = 2 ] ||
		fail "asked for: $(grep query "$DIR/wildcard.log" | tr '\n' ' ')"
	daemon_stop wildcard
	RESULT="two attempts, two names"
}
