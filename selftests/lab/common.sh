# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# What every part of the lab shares: paths, messages, locks, the cache.
# Sourced by the entry points; never run by itself.

set -euo pipefail
shopt -s inherit_errexit

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TREE=$(cd "$LAB/../.." && pwd)
BUILD=${OVPN_BUILD:-$TREE/build}
CACHE=${OVPN_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ovpn-lab}
LOCKS=${OVPN_LAB_LOCKS:-/run/lock/ovpn-lab}

# Exit statuses that are the lab's own, not the command's.
LAB_SPLAT=123
LAB_TIMEOUT=124
LAB_ERROR=125
export LC_ALL=C
umask 022

lab_say() {
	printf 'lab: %s\n' "$*" >&2
}

lab_die() {
	lab_say "$@"
	exit "$LAB_ERROR"
}

lab_need_root() {
	[ "$(id -u)" = 0 ] ||
		lab_die "needs root (chroot, mount); run it with sudo"
}

# lab_need_command COMMAND PACKAGE: stop with the command that installs it.
lab_need_command() {
	command -v "$1" >/dev/null ||
		lab_die "$1 is missing; install it: apt-get install $2" \
			"(or all that the project needs: selftests/lab/host-deps)"
}

# lab_lock_run NAME COMMAND...: run COMMAND while holding lock NAME of the
# cache. The lock is a file descriptor: no way to exit leaves it behind.
lab_lock_run() {
	local name=$1 fd rc=0

	shift
	mkdir -p "$CACHE/lock"
	exec {fd}>"$CACHE/lock/$name"
	if ! flock -n "$fd"; then
		lab_say "$name: waiting for another lab that makes it"
		flock "$fd"
	fi
	# Not in a condition, so that "set -e" holds inside.
	set +e
	(
		set -e
		"$@"
	)
	rc=$?
	set -e
	exec {fd}>&-
	return "$rc"
}

# The cache holds items named TYPE-ARG, each in a directory
# TYPE-ARG-HASH. item_key_TYPE ARG prints what the item depends on (the
# hash is of that and of the text of the maker), item_make_TYPE ARG DIR
# makes it. DIR is renamed into place when it is complete.

lab_item_hash() {
	local type=${1%%-*} arg=${1#*-}

	{
		declare -f "item_make_$type"
		"item_key_$type" "$arg"
	} | sha256sum | cut -c1-12
}

# Where item NAME is or will be.
lab_item_dir() {
	local hash

	hash=$(lab_item_hash "$1")
	printf '%s/%s-%s\n' "$CACHE" "$1" "$hash"
}

# The seconds of CPU time that what this shell started has used.
lab_cpu_seconds() {
	local stat

	read -ra stat <"/proc/$$/stat"
	# cutime and cstime, in ticks of 10 ms
	echo $(((stat[15] + stat[16]) / 100))
}

lab_item_make() {
	local name=$1 dir=$2 tmp=$2.tmp start=$SECONDS

	[ ! -d "$dir" ] || return 0
	rm -rf --one-file-system "$tmp"
	mkdir -p "$tmp"
	"item_make_${name%%-*}" "${name#*-}" "$tmp"
	mv -T "$tmp" "$dir"
	lab_say "$name: done in $((SECONDS - start)) s," \
		"$(lab_cpu_seconds) s of CPU time"
	lab_item_prune "$name" "$dir"
}

# Old recipes' results go when nobody has used them for a week: another
# checkout may still work with them.
lab_item_prune() {
	local old

	find "$CACHE" -mindepth 1 -maxdepth 1 -type d -name "$1-????????????" \
		! -path "$2" -mtime +7 -print |
		while read -r old; do
			lab_say "$1: removing $old, unused for a week"
			rm -rf --one-file-system "$old"
		done
}

# lab_item NAME: make the item unless it is there, print its directory.
lab_item() {
	local dir

	dir=$(lab_item_dir "$1")
	if [ ! -d "$dir" ]; then
		lab_need_root
		lab_lock_run "$1" unshare --mount --pid --fork --kill-child \
			"$BASH" "$LAB/make-item" "$1" "$dir" >&2
	fi
	touch -c "$dir" 2>/dev/null || true
	printf '%s\n' "$dir"
}

# lab_chroot ROOT [SRC:DST[:ro]]... -- COMMAND...: run in ROOT with /proc and
# /dev and the binds. Mounts and processes are in namespaces of their own, so
# that they end with the command, however it ends.
lab_chroot() {
	local root=$1 binds=()

	shift
	while [ "$1" != -- ]; do
		binds+=("$1")
		shift
	done
	shift
	LAB_BINDS="${binds[*]}" LAB_CCACHE=$CACHE/ccache \
		unshare --mount --pid --fork --kill-child \
		bash "$LAB/chroot-enter" "$root" "$@"
}
