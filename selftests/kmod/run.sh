#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [-j N] [TEST[:NAME...]...]: run the tests of the module, all
# or some, for example "run.sh contract key:rotation,replay"; N scripts at a time
# (default 2). KTAP, each script's tests above its own line. OVPN_TEST_FAST=1 is
# the short form; kernels that are emulated or have sanitizers get it by default.
#
# Every executable script here is a test. In its head it may say
#	LIMIT=SECONDS	it may take so long (default: see the file settings); such
#			scripts start first
#	ALONE=yes	nothing runs beside it, for example because it unloads
#			the module; such scripts run last
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

DEFAULT_LIMIT=$(sed -n 's/^timeout=//p' settings)
jobs=2

# property TEST NAME: what a script's head says, nothing if it does not
property() {
	sed -n "/lib\\.sh/q; s/^$2=\"\{0,1\}\([^\"]*\).*/\1/p" \
		"${1%%:*}.sh" | head -n 1
}

is_alone() {
	[ "$(property "$1" ALONE)" = yes ]
}

# all_tests: contract, which explains what others say, first; then those that
# take long
all_tests() {
	local script name long=() short=() alone=()

	[ ! -x ./contract.sh ] || echo contract
	for script in *.sh; do
		name=${script%.sh}
		[ -x "$script" ] || continue
		case $name in
		run | contract) continue ;;
		esac
		if is_alone "$name"; then
			alone+=("$name")
		elif [ -n "$(property "$name" LIMIT)" ]; then
			long+=("$name")
		else
			short+=("$name")
		fi
	done
	printf '%s\n' ${long[@]+"${long[@]}"} ${short[@]+"${short[@]}"} \
		${alone[@]+"${alone[@]}"}
}

while [ $# -gt 0 ]; do
	case $1 in
	-j) jobs=${2:?-j needs a number}; shift 2 ;;
	--list) all_tests; exit ;;
	-*) sed -n '3,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
	*) break ;;
	esac
done
if [ -z "${OVPN_TEST_FAST:-}" ]; then
	export OVPN_TEST_FAST=0
	if [ -e /sys/kernel/debug/kmemleak ] || [ -e /proc/lockdep_stats ] ||
	   grep -qE 'QEMU|User Mode Linux' /proc/cpuinfo; then
		OVPN_TEST_FAST=1
	fi
fi

passed=0
failed=0
skipped=0

# count FILE STATUS: add what one script said
count() {
	local ok skip none bad

	ok=$(grep -c '^ok ' "$1")
	skip=$(grep -c '^ok .*# SKIP' "$1")
	none=$(grep -c '^1\.\.0 # SKIP' "$1")
	bad=$(grep -c '^not ok ' "$1")
	[ "$2" = 0 ] || [ "$2" = 4 ] || [ "$bad" -gt 0 ] || bad=1
	passed=$((passed + ok - skip))
	skipped=$((skipped + skip + none))
	failed=$((failed + bad))
}

# start NUMBER TEST[:NAME...]: in the background
start() {
	local name=${2%%:*} names=() limit

	limit=$(property "$2" LIMIT)
	if [[ $2 == *:* ]]; then
		IFS=, read -r -a names <<<"${2#*:}"
	fi
	(
		begin=$SECONDS
		timeout -k 20 "${limit:-$DEFAULT_LIMIT}" "./$name.sh" \
			${names[@]+"${names[@]}"} >"$tmp/$1" 2>&1 </dev/null &
		child=$!
		trap 'kill "$child"; wait "$child"; exit 143' TERM
		wait "$child"
		echo "$? $((SECONDS - begin)) $2" >"$tmp/$1.end"
	) &
}

# report NUMBER: print what a script said
report() {
	local status seconds test

	read -r status seconds test <"$tmp/$1.end"
	sed 's/^/    /' "$tmp/$1"
	[ "$status" != 124 ] || echo "    # ran out of time ($seconds s)"
	count "$tmp/$1" "$status"
	case $status in
	0)	echo "ok $1 $test" ;;
	4)	echo "ok $1 $test #" \
			"$(sed -n 's/^1\.\.0 # //p' "$tmp/$1")" ;;
	*)	echo "# repeat: selftests/kmod/run.sh $test"
		echo "not ok $1 $test" ;;
	esac
	echo "# $test took $seconds s"
	rm "$tmp/$1" "$tmp/$1.end"
}

# settle N: wait until at most N scripts are running, report those that ended
settle() {
	local end

	while :; do
		for end in "$tmp"/*.end; do
			[ ! -e "$end" ] || report "$(basename "$end" .end)"
		done
		[ "$(find "$tmp" -type f ! -name '*.end' | wc -l)" -gt "$1" ] ||
			break
		wait -n
	done
}

clean_up() {
	trap '' INT TERM HUP
	trap - EXIT
	# the scripts clean up after themselves; end them first
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null
	wait
	rm -rf "$tmp"
}

tmp=$(mktemp -d)
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(all_tests)
echo "KTAP version 1"
echo "1..$#"
n=0
for test in "$@"; do
	n=$((n + 1))
	if [ ! -x "./${test%%:*}.sh" ]; then
		echo "not ok $n $test: no such test"
		failed=$((failed + 1))
		continue
	fi
	room=$jobs
	! is_alone "$test" || room=1
	settle $((room - 1))
	: >"$tmp/$n"
	start "$n" "$test"
	[ "$room" != 1 ] || settle 0
done
settle 0
echo "# $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
