# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2046,SC2086,SC2116
# The root in which packages are built, checked and installed: the build
# chroot with packagers' tools on top.

LAB_PACKAGE_PACKAGES="debhelper dh-dkms dkms lintian fakeroot rpm man-db
	pahole pkgconf systemd-standalone-sysusers"

# What only one suite has in a version that is of use.
lab_package_packages() {
	echo $LAB_BUILD_PACKAGES $LAB_PACKAGE_PACKAGES
	[ "$1" != trixie ] || echo rpmlint
}

item_key_package() {
	declare -f lab_debootstrap
	lab_package_packages "$1"
}

# Packages that get installed later shall bring their manual pages. The file
# of dkms itself is kept, for guests: they have no network.
item_make_package() {
	lab_say "$1: downloading and unpacking the packaging chroot"
	lab_debootstrap "$1" "$2/root" "$(echo $(lab_package_packages "$1"))" \
		--customize-hook='rm -f "$1"/etc/dpkg/dpkg.cfg.d/99mmdebstrap' \
		--customize-hook='rm -rf "$1"/var/cache/apt/* \
			"$1"/var/lib/apt/lists/*'
	mkdir -p "$2/root/src" "$2/root/out" "$2/deb"
	(cd "$2/deb" && lab_apt "$1" apt-get -qq download \
		"dkms=$(lab_version "$1" dkms)")
}

# A system with systemd, for the units: what the packages depend on, and stock
# OpenVPN at the other end.
LAB_SYSTEM_PACKAGES="systemd dbus iproute2 iputils-ping procps openssl openvpn
	strace ethtool libuv1t64 libnl-3-200 libnl-genl-3-200 libcap-ng0
	libseccomp2 libsystemd0 libjansson4 libmnl0"

item_key_system() {
	declare -f lab_debootstrap
	echo $LAB_SYSTEM_PACKAGES
}

item_make_system() {
	lab_say "$1: downloading and unpacking a system with systemd"
	lab_debootstrap "$1" "$2/root" "$(echo $LAB_SYSTEM_PACKAGES)" \
		--customize-hook='rm -rf "$1"/var/cache/apt/* \
			"$1"/var/lib/apt/lists/*'
}
