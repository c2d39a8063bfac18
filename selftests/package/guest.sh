#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# guest.sh VERSION: in a guest, with packages in /packages and the module that
# DKMS built elsewhere: there is no compiler here, so the archive brings it, by
# the way that dkms has for that.
set -u
version=$1
kernel=$(uname -r)
modules=/lib/modules/$kernel

die() {
	echo "FAILED: $*"
	exit 1
}

# the file that modprobe would load
found() {
	modinfo -F filename ovpn 2>/dev/null || echo none
}

# unloads ovpn, and loads it as the first user of a link does
reload() {
	[ ! -d /sys/module/ovpn ] || modprobe -r ovpn || die "modprobe -r ovpn"
	[ ! -d /sys/module/ovpn ] || die "ovpn does not go"
	"$@" || die "$*"
	[ -d /sys/module/ovpn ] || die "$* has not loaded ovpn"
}

intree=$(found)
echo "Linux $kernel, its own module: $intree"
# Headers in name only: what is built for a kernel is looked for if it has any.
mkdir -p "$modules/build/include"
rm -f /etc/dpkg/dpkg.cfg.d/*
mkdir -p /usr/share/ovpn-dkms
cp /packages/ovpn-*.dkms.tar.gz "/usr/share/ovpn-dkms/ovpn-$version.dkms.tar.gz"
dpkg --force-depends -i /packages/*.deb || die "dpkg -i"

dkms status
dkms status ovpn | grep -q ': installed' || die "not installed by DKMS"
case $(found) in
*/updates/dkms/ovpn.ko*) echo "found first: $(found)" ;;
*) die "modprobe would load $(found)" ;;
esac
reload ip link add tun-t type ovpn
[ "$(cat /sys/module/ovpn/version)" = "$version" ] ||
	die "another module is loaded"
ip -d link show tun-t | grep -w ovpn || die "the link is not of type ovpn"
ip link del tun-t
ip link set lo up
ip route add 192.0.2.0/24 dev lo proto 111
ip route show proto ovpnd | grep -q '^192\.0\.2\.0/24 ' ||
	die "ip route does not know the protocol ovpnd"
ip route del 192.0.2.0/24 dev lo

sh debian/tests/commands || die "debian/tests/commands"
sh debian/tests/module || die "debian/tests/module"
[ ! -e /etc/systemd/system/multi-user.target.wants/ovpnd-server@.service ] ||
	die "a unit is enabled"

[ ! -d /sys/module/ovpn ] || modprobe -r ovpn
dpkg --force-depends -P ovpn-dco-dkms ovpnd ovpnctl ovpn-dco-dev ||
	die "dpkg -P"
[ "$(found)" = "$intree" ] || die "left: $(found), was $intree"
[ ! -e /usr/sbin/ovpnd ] && [ ! -e /var/lib/dkms/ovpn ] ||
	die "something is left"
if [ "$intree" = none ]; then
	! ip link add tun-t type ovpn 2>/dev/null || die "there still is ovpn"
	echo "without the package: no ovpn"
else
	reload modprobe ovpn
	[ ! -e /sys/module/ovpn/version ] || die "this is not the kernel's own"
	echo "without the package: the kernel's own ovpn is back"
	modprobe -r ovpn
fi
