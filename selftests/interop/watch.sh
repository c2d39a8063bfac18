# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# ovpnd under valgrind, with each process that it forks; what it executes is not
# watched. Sourced by run.
#
# Each process has a file in $WATCH, without a line of "==" if it does nothing wrong;
# system calls that valgrind does not know (seccomp) are in it, too.

WATCH=

# watch_begin: OVPND is a script from here on that starts it under valgrind.
watch_begin() {
	local option
	local -a options=(-q --vgdb=no --error-exitcode=99 --num-callers=25
		--leak-check=full --show-leak-kinds=definite
		--errors-for-leak-kinds=definite
		--trace-children=yes "--trace-children-skip=*/bin/*,*/sbin/*,*/ovpn-*")

	command -v valgrind >/dev/null || return 1
	WATCH=$(mktemp -d "${TMPDIR:-/tmp}/ovpn-watch.XXXXXX") || return 1
	# ovpnd gives its rights up before it forks some of them
	chmod 1777 "$WATCH"
	{
		echo '#!/bin/sh'
		printf 'exec valgrind'
		for option in "${options[@]}" "--log-file=$WATCH/report.%p"; do
			printf " '%s'" "$option"
		done
		printf " '%s' \"\$@\"\n" "$OVPND"
	} >"$WATCH/ovpnd"
	chmod 755 "$WATCH/ovpnd"
	OVPND=$WATCH/ovpnd
}

# watch_end: to be called when nothing of it is needed any more
watch_end() {
	[ -z "$WATCH" ] || rm -rf "$WATCH"
}

watch_has_ended() {
	! pgrep -f -- "--log-file=$WATCH/" >/dev/null
}

# watch_is_clean: of all processes since it was called last. Prints what is wrong.
watch_is_clean() {
	local file good=yes
	local -a files

	[ -n "$WATCH" ] || return 0
	within 5 watch_has_ended || say "a process of ovpnd has not ended"
	files=("$WATCH"/report.*)
	if [ ! -e "${files[0]}" ]; then
		say "FAILED: no ovpnd was started under valgrind"
		return 1
	fi
	for file in "${files[@]}"; do
		grep -q '^==' "$file" || continue
		[ -z "$good" ] || say "FAILED: what valgrind says of ovpnd:"
		good=
		head -n 60 "$file" | sed 's/^/#   /'
	done
	rm -f "${files[@]}"
	[ -n "$good" ]
}
