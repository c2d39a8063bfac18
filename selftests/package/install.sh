#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# install.sh VERSION RELEASE: in a packaging root with the packages in /deb:
# install, look, remove, look.
set -eu
version=$1
release=$2
modules=/lib/modules/$release

die() {
	echo "FAILED: $*"
	cat /var/lib/dkms/ovpn/*/build/make.log 2>/dev/null | tail -n 30
	exit 1
}

# the file that modprobe would load
found() {
	modinfo -k "$release" -F filename ovpn 2>/dev/null || echo none
}

own=$(found)
dpkg -i /deb/ovpn-dco-dkms_*.deb /deb/ovpnd_*.deb /deb/ovpnctl_*.deb \
	/deb/ovpn-dco-dev_*.deb || die "does not install"

dkms status -m ovpn
dkms status -m ovpn -v "$version" -k "$release" | grep -q ': installed' ||
	die "DKMS has not installed the module for $release"
case $(found) in
"$modules"/updates/dkms/ovpn.ko*) ;;
*) die "modprobe would load $(found)" ;;
esac
[ "$(modinfo -k "$release" -F version ovpn)" = "$version" ] ||
	die "the module has another version"
modinfo -k "$release" ovpn | grep -E '^(filename|version|vermagic|signer|sig)'
grep -q 'rtnl.link.ovpn' "$modules/modules.alias" || die "no alias for links"

ovpnd --version | grep -q "^ovpnd $version" || die "ovpnd --version"
ovpnctl --version | grep -q "$version" || die "ovpnctl --version"
man -w ovpnd ovpnctl >/dev/null || die "no manual pages"
for dir in /etc/openvpn/server /etc/openvpn/client; do
	[ -d "$dir" ] || die "no $dir"
done
grep -q '^111	ovpnd$' /etc/iproute2/rt_protos.d/ovpnd.conf ||
	die "the protocol of its routes has no name"
AUTOPKGTEST_TMP=/tmp sh /debian/tests/headers || die "the headers do not compile"
sh /debian/tests/commands >/dev/null || die "debian/tests/commands"

dkms mktarball -m ovpn -v "$version" -k "$release" --binaries-only \
	--archive "/out/ovpn-$version.dkms.tar.gz" >/dev/null 2>&1 ||
	dkms mktarball -m ovpn -v "$version" -k "$release" \
		--archive "/out/ovpn-$version.dkms.tar.gz" || die "no archive"

# Installed once more, as an upgrade does it; the archive spares a compilation.
mkdir /usr/share/ovpn-dkms
cp "/out/ovpn-$version.dkms.tar.gz" /usr/share/ovpn-dkms/
dpkg -i /deb/ovpn-dco-dkms_*.deb || die "does not install twice"
dkms status -m ovpn -k "$release" | grep -q ': installed' ||
	die "the second time the module is not installed"
rm -r /usr/share/ovpn-dkms

dpkg -P ovpn-dco-dkms ovpnd ovpnctl ovpn-dco-dev || die "cannot be removed"
[ "$(found)" = "$own" ] || die "modprobe would load $(found), was $own"
left=$(find / -xdev \( -path /proc -o -path /deb -o -path /package -o -path /debian -o \
	-path /out -o -path '/usr/src/linux-*' -o -path "/usr$modules/kernel" -o \
	-path /tmp -o -path /var/lib/apt \) -prune -o \
	-name '*ovpn*' -print | grep -v '/linux/ovpn.h$' || :)
[ -z "$left" ] || die "is left over: $left"
[ -z "$(find "$modules/updates" -type f 2>/dev/null)" ] ||
	die "is left in updates: $(ls -R "$modules/updates")"
echo "without the package: $own"
