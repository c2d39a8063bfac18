#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Random sequences of everything that can be asked, with a model that knows what
# has to come of each: see walk.c. Two namespaces, devices of both modes, and
# sockets that come and go:
#
#	+------- 0 --------+   devices move,   +------- 1 --------+
#	| w0 w1 p2p        |  sockets serve    | w0 w1 p2p        |
#	| w2 w3 mp         |  devices of both  | w2 w3 mp         |
#	| sockets 0-5      |<----------------->| sockets 0-5      |
#	+------------------+                   +------------------+

TESTS="fixed random"
KT_TEST_LIMIT=600
LIMIT=900
. "$(dirname "$0")/lib.sh"

STEPS=4000
[ "$FAST" = 0 ] || STEPS=700

# walk SEED STEPS
walk() {
	local words=(--seed "$1" --steps "$2")

	[ "$DRIVER" != intree ] || words+=(--intree)
	if "$BIN/walk" "${words[@]}" >"$TMP/walk" 2>&1; then
		kt_note "$(tail -n 1 "$TMP/walk")"
	else
		kt_fail "seed $1" "$(tail -n 12 "$TMP/walk")"
	fi
}

# fixed: the same steps each time
test_fixed() {
	walk 1 "$STEPS"
	walk 2 "$STEPS"
	walk 3 "$STEPS"
}

# random: other steps each time; OVPN_TEST_SEED repeats them
test_random() {
	walk "${OVPN_TEST_SEED:-$EPOCHSECONDS}" "$STEPS"
}

kt_main "$@"
