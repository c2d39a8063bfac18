#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# names.sh MODULE: in a guest whose kernel has an ovpn of its own: MODULE, ours
# under other names, works beside it while it is loaded and has a link.
set -u
updates=/lib/modules/$(uname -r)/updates

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
ip link del tun-a
ip link del tun-b
modprobe -r ovpn && modprobe -r ovpn_own || die "they do not unload"
[ ! -d /sys/module/ovpn ] && [ ! -d /sys/module/ovpn_own ] ||
	die "one is still loaded"
