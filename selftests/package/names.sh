#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# names.sh MODULE: in a guest whose kernel has an ovpn of its own: MODULE, ours
# under other names, works beside it while it is loaded and has a link. If the
# kernel's is built in, /ovpn.ko, ours under the usual names, is refused.
set -u
updates=/lib/modules/$(uname -r)/updates
builtin=no
! grep -q '/ovpn\.ko$' "/lib/modules/$(uname -r)/modules.builtin" || builtin=yes

die() {
	echo "FAILED: $*"
	exit 1
}

mkdir -p "$updates"
cp "$1" "$updates/"
depmod
modprobe ovpn || die "the kernel's own ovpn does not load"
[ ! -e /sys/module/ovpn/version ] || die "ovpn is not the kernel's own"
ip link add tun-a type ovpn || die "a link of the kernel's own"
# loads the module
ip link add tun-b type ovpn_own || die "a link of ours"
[ -e /sys/module/ovpn_own/version ] || die "ours is not loaded"
grep -E '^ovpn' /proc/modules
for name in a:ovpn b:ovpn_own; do
	ip -d link show "tun-${name%:*}" | grep -qw "${name#*:}" ||
		die "tun-${name%:*} is not of type ${name#*:}"
	ethtool -i "tun-${name%:*}" | grep -qx "driver: ${name#*:}" ||
		die "tun-${name%:*} has another driver"
done
grep -qx DEVTYPE=ovpn_own /sys/class/net/tun-b/uevent || die "DEVTYPE"

for name in ovpn ovpn_own; do
	OVPN_TEST_NAME=$name OVPN_TEST_FAST=1 selftests/kmod/run.sh \
		data:aes128 notify || die "tests of links of type $name"
done
# ovpnd takes the one that only somebody who wants it has loaded
selftests/suite/unit --built nl || die "links as ovpnd makes them"
# at the end: KASAN's marks around the variables of a module that has not been loaded
# would stay, for the next one, where the kernel does not check vmalloc()
if [ "$builtin" = yes ]; then
	! insmod /ovpn.ko 2>/tmp/refused || die "a second ovpn is loaded"
	cat /tmp/refused
	grep -q 'resource busy' /tmp/refused || die "another reason"
	dmesg | grep 'CONFIG_OVPN=y.*DCO_NAMES=own' || die "no advice in the log"
	! grep -q '^ovpn ' /proc/modules || die "it stays half loaded"
fi
ip link del tun-a
ip link del tun-b
[ "$builtin" = yes ] || modprobe -r ovpn || die "ovpn does not unload"
modprobe -r ovpn_own || die "ovpn_own does not unload"
! grep -E '^ovpn' /proc/modules || die "one is still loaded"
