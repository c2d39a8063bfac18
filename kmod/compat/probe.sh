#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Asks a kernel which interfaces it has, by compiling one small file for each.
#
#   kmod/compat/probe.sh KDIR OUTDIR [MAKE-ARGUMENT...]
#
# Writes OUTDIR/config.h with DCO_HAVE_<NAME> for every probes/<name>.c that
# compiles under this kernel's own flags. Version numbers are not asked: stable
# and distribution kernels carry interfaces of later versions.
#
# A probe must fail for its own reason only. So sanity_pass.c, which includes
# what all the probes include, has to compile, and sanity_fail.c must not.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
kdir=$1
out=$2
shift 2
dir=$out/probe

stamp() {
	cat "$here"/probe.sh "$here"/probes/*.c "$here"/probes/*.h
	cat "$kdir/include/generated/autoconf.h" \
	    "$kdir/include/generated/utsrelease.h" 2>/dev/null || :
	echo "$kdir" "$@"
}
key=$(stamp "$@" | cksum)
if [ -e "$out/config.h" ] && [ "$(cat "$out/config.key" 2>/dev/null)" = "$key" ]
then
	exit 0
fi

rm -rf "$dir"
mkdir -p "$dir"
cp "$here"/probes/*.[ch] "$dir/"
names=$(cd "$dir" && echo *.c | sed 's/\.c//g')
objects=$(for n in $names; do echo "$n.o"; done)
{
	echo "obj-m :=" $objects
	echo "ccflags-y := -Werror=incompatible-pointer-types" \
		"-Werror=int-conversion -Werror=implicit-function-declaration" \
		"-Wno-missing-prototypes -Wno-missing-declarations"
} > "$dir/Kbuild"

# -k: a probe that does not compile must not keep the others from it
make -k -C "$kdir" M="$dir" "$@" C=0 W= $objects > "$dir/log" 2>&1 || :

if [ ! -e "$dir/sanity_pass.o" ] || [ -e "$dir/sanity_fail.o" ]; then
	tail -n 30 "$dir/log" >&2
	echo "probe.sh: $kdir cannot compile a module" >&2
	exit 1
fi
{
	echo "/* SPDX-License-Identifier: GPL-2.0-only */"
	echo "/* made by probe.sh */"
	for n in $names; do
		case $n in sanity_*) continue ;; esac
		name=DCO_HAVE_$(echo "$n" | tr '[:lower:]' '[:upper:]')
		if [ -e "$dir/$n.o" ]; then
			echo "#define $name 1"
		else
			echo "/* $name is not defined */"
		fi
	done
} > "$out/config.h.new"
cmp -s "$out/config.h.new" "$out/config.h" 2>/dev/null ||
	cp "$out/config.h.new" "$out/config.h"
rm -f "$out/config.h.new"
echo "$key" > "$out/config.key"
