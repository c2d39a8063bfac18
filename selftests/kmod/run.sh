#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [TEST[:NAME...]]...: run the tests of the module, all or some, for
# example "run.sh contract key:rotation,replay". KTAP, each script's tests
# below its own line. OVPN_TEST_FAST=1 is the short form; kernels with
# sanitizers get it by default.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

ALL=(contract wire data mp key float keepalive notify lifetime)
LIMIT=$(sed -n 's/^timeout=//p' settings)

# Software emulation and sanitizers are slow; so are the kernels' own checks.
if [ -z "${OVPN_TEST_FAST:-}" ]; then
	OVPN_TEST_FAST=0
	if [ -e /sys/kernel/debug/kmemleak ] || [ -e /proc/lockdep_stats ] ||
	   grep -qE 'QEMU|User Mode Linux' /proc/cpuinfo; then
		OVPN_TEST_FAST=1
	fi
	export OVPN_TEST_FAST
fi

passed=0
failed=0
skipped=0

# count FILE STATUS: add what one script said
count() {
	local ok skip bad

	ok=$(grep -c '^ok ' "$1")
	skip=$(grep -c '^ok .*# SKIP\|^1\.\.0 # SKIP' "$1")
	bad=$(grep -c '^not ok ' "$1")
	[ "$2" = 0 ] || [ "$2" = 4 ] || [ "$bad" -gt 0 ] || bad=1
	passed=$((passed + ok - $(grep -c '^ok .*# SKIP' "$1")))
	skipped=$((skipped + skip))
	failed=$((failed + bad))
}

# script NUMBER TEST[:NAME...]
script() {
	local name=${2%%:*} names=() start=$SECONDS status

	if [[ $2 == *:* ]]; then
		IFS=, read -r -a names <<<"${2#*:}"
	fi
	timeout -k 20 "$LIMIT" "./$name.sh" ${names[@]+"${names[@]}"} \
		2>&1 </dev/null | tee "$out" | sed -u 's/^/    /'
	status=${PIPESTATUS[0]}
	[ "$status" != 124 ] || echo "    # ran out of time ($LIMIT s)"
	count "$out" "$status"
	case $status in
	0)	echo "ok $1 $name" ;;
	4)	echo "ok $1 $name # SKIP $(sed -n 's/^1\.\.0 # SKIP //p' "$out")" ;;
	*)	echo "# repeat: selftests/kmod/run.sh $2"
		echo "not ok $1 $name" ;;
	esac
	echo "# $name took $((SECONDS - start)) s"
}

out=$(mktemp)
trap 'rm -f "$out"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
[ $# -gt 0 ] || set -- "${ALL[@]}"
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
	script "$n" "$test"
done
echo "# $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
