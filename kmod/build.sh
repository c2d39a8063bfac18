#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Builds ovpn.ko for one kernel, outside the source tree.
#
#   kmod/build.sh KDIR OUTDIR [MAKE-ARGUMENT...]
#
# KDIR is a configured kernel build tree or its headers (as in
# /lib/modules/VERSION/build). OUTDIR receives a copy of the sources, the
# answers of the compile probes (kmod/compat/config.h) and OUTDIR/ovpn.ko.
# Further arguments go to make as they are: W=1 C=1, ARCH=um, V=1, -j4.
# Calling it again rebuilds only what changed.
set -eu

if [ $# -lt 2 ]; then
	sed -n 's/^# \{0,1\}//; 3,10p' "$0" >&2
	exit 2
fi

top=$(cd "$(dirname "$0")/.." && pwd)
kdir=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
shift 2

# Older kernels cannot build a module's objects outside its source, so the
# sources come to the objects. Copies and not links: OUTDIR may be seen from
# a chroot in which the source is not.
cd "$top"
files="Kbuild $(find kmod uapi/linux -name '*.[ch]' ! -path '*/probes/*')"
for f in $files; do
	if ! cmp -s "$f" "$out/$f"; then
		mkdir -p "$out/$(dirname "$f")"
		cp "$f" "$out/$f"
	fi
done
(cd "$out" && find kmod -name '*.[ch]' ! -path kmod/compat/config.h \
	! -name '*.mod.c' ! -path 'kmod/compat/probe/*') | while read -r f; do
	[ -e "$top/$f" ] || rm -f "$out/$f"
done

sh "$top/kmod/compat/probe.sh" "$kdir" "$out/kmod/compat" "$@"
exec make -C "$kdir" M="$out" "$@" modules
