# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2086,SC2046,SC2116,SC2016
# The trees of a suite: a build chroot (compilers, -dev packages), a slim root
# that kernels boot from, and released OpenVPN as bundles that run anywhere.

LAB_BUILD_PACKAGES="build-essential pkg-config libssl-dev libuv1-dev
	libnl-3-dev libnl-genl-3-dev libmnl-dev libcmocka-dev libcap-ng-dev
	libseccomp-dev libsystemd-dev libjansson-dev sparse kmod bc flex bison
	libelf-dev cpio xz-utils ccache"

# Tools for tests, and the libraries that our programs need at run time.
LAB_ROOT_PACKAGES="iproute2 iputils-ping iperf3 ethtool tcpdump procps kmod
	openvpn openssl socat ncat jq nftables conntrack bc psmisc strace
	wireguard-tools libuv1 libnl-3-200 libnl-genl-3-200 libmnl0 libcap-ng0
	libseccomp2 libsystemd0 libjansson4 libcmocka0"

# Names differ between suites: the time_t transition renamed some packages.
lab_root_packages() {
	local packages

	packages=$(echo $LAB_ROOT_PACKAGES)
	if [ "$1" = trixie ]; then
		packages=${packages/libuv1/libuv1t64}
		packages=${packages/openvpn/openvpn\/trixie-backports}
	fi
	echo "$packages"
}

# lab_debootstrap SUITE DIR PACKAGES [mmdebstrap option]...
lab_debootstrap() {
	local suite=$1 dir=$2 packages=$3 what

	shift 3
	lab_need_command mmdebstrap mmdebstrap
	what=(--mode=root --variant=minbase --format=directory --quiet
		--skip=output/dev --architectures=amd64
		--aptopt='Apt::Install-Recommends "false"'
		--dpkgopt='path-exclude=/usr/share/doc/*'
		--dpkgopt='path-exclude=/usr/share/man/*'
		--dpkgopt='path-exclude=/usr/share/info/*'
		--dpkgopt='path-exclude=/usr/share/locale/*'
		--dpkgopt='path-exclude=/usr/share/zoneinfo/*')
	lab_sources "$suite" >"$dir.sources"
	nice mmdebstrap "${what[@]}" --include="${packages// /,}" "$@" \
		"$suite" "$dir" - <"$dir.sources"
	rm -f "$dir.sources"
}

item_key_build() {
	declare -f lab_debootstrap
	echo $LAB_BUILD_PACKAGES
}

item_make_build() {
	lab_say "$1: downloading and unpacking the build chroot"
	lab_debootstrap "$1" "$2/root" "$(echo $LAB_BUILD_PACKAGES)"
	mkdir -p "$2/root/src" "$2/root/out" "$2/root/usr/src/lab/linux" \
		"$2/root/usr/src/lab/out"
}

item_key_root() {
	declare -f lab_debootstrap
	lab_root_packages "$1"
	lab_item_hash peer-2.6
	lab_item_hash peer-2.7
}

# The root also exists as a cpio archive, which is what kernels boot from.
item_make_root() {
	local series peer

	lab_say "$1: downloading and unpacking the root that kernels boot"
	lab_debootstrap "$1" "$2/root" "$(lab_root_packages "$1")" \
		--customize-hook='cd "$1" && rm -rf usr/lib/*/gconv \
			var/cache/apt/* var/lib/apt/lists/*'
	mkdir -p "$2/root/project" "$2/root/lab"
	for series in 2.6 2.7; do
		peer=$(lab_item "peer-$series")
		cp -a "$peer/openvpn" "$2/root/opt/openvpn-$series"
		ln -s "/opt/openvpn-$series/run" \
			"$2/root/usr/sbin/openvpn-$(cat "$peer/version")"
	done
	lab_say "$1: packing the root"
	(cd "$2/root" && find . -xdev ! -path './proc/*' ! -path './sys/*' |
		cpio --quiet -o -H newc >"$2/root.cpio")
}

item_key_peer() {
	lab_item_hash build-trixie
	declare -f lab_peer_suite lab_peer_libraries
}

# The suite that has an OpenVPN series.
lab_peer_suite() {
	case $1 in
	2.5) echo bullseye ;;
	2.6) echo trixie ;;
	*) echo trixie-backports ;;
	esac
}

# A released OpenVPN with its loader and libraries, so that it runs on this
# machine and in every root, whatever their own libraries are. The loader is
# started under the name "openvpn" because that becomes the process's name.
item_make_peer() {
	local suite version tree=$2/tree to=$2/openvpn package lib
	local path=/src/usr/lib/x86_64-linux-gnu:/src/lib/x86_64-linux-gnu

	suite=$(lab_peer_suite "$1")
	version=$(lab_version "$suite" openvpn)
	case $version in
	"$1".*) ;;
	*) lab_die "$suite has openvpn $version, not $1" ;;
	esac
	lab_say "openvpn $version: downloading"
	package=$(lab_item build-trixie)/root
	mkdir -p "$tree" "$to/lib"
	lab_fetch "$suite" "$tree" "openvpn=$version" \
		$(lab_peer_libraries "$suite" "$version")
	cp "$tree/usr/sbin/openvpn" "$to/openvpn.bin"
	cp "$package/lib64/ld-linux-x86-64.so.2" "$to/openvpn"
	lab_chroot "$package" "$tree:/src:ro" -- \
		sh -c "LD_LIBRARY_PATH=$path ldd /src/usr/sbin/openvpn" |
		awk '$2 == "=>" { print $3 }' |
		while read -r lib; do
			case $lib in
			/src/*) cp -L "$tree${lib#/src}" "$to/lib/" ;;
			/*) cp -L "$package$lib" "$to/lib/" ;;
			*) lab_die "openvpn $version: a library is missing" ;;
			esac
		done
	cat >"$to/run" <<-'EOF'
		#!/bin/sh
		# Runs this OpenVPN with its own loader and libraries.
		dir=$(dirname "$(readlink -f "$0")")
		exec "$dir/openvpn" --library-path "$dir/lib" "$dir/openvpn.bin" "$@"
	EOF
	chmod +x "$to/run"
	echo "${version%%-*}" >"$2/version"
	rm -rf "$tree"
}

item_key_wireguard() {
	lab_item_hash build-trixie
}

# WireGuard in userspace and its tool, as a folder of two programs.
item_make_wireguard() {
	local suite=trixie tree=$2/tree to=$2/bin package name

	lab_say "wireguard-go: downloading"
	package=$(lab_item build-trixie)/root
	mkdir -p "$tree" "$to/lib"
	lab_fetch "$suite" "$tree" \
		"wireguard-go=$(lab_version "$suite" wireguard-go)" \
		"wireguard-tools=$(lab_version "$suite" wireguard-tools)"
	cp "$package/lib64/ld-linux-x86-64.so.2" \
		"$package/lib/x86_64-linux-gnu/libc.so.6" "$to/lib/"
	for name in wireguard-go wg; do
		cp "$tree/usr/bin/$name" "$to/lib/$name.bin"
		cat >"$to/$name" <<-EOF
			#!/bin/sh
			lib=\$(dirname "\$(readlink -f "\$0")")/lib
			exec "\$lib/ld-linux-x86-64.so.2" --library-path "\$lib" \\
				"\$lib/$name.bin" "\$@"
		EOF
		chmod +x "$to/$name"
	done
	rm -rf "$tree"
}

item_key_proxies() {
	lab_item_hash build-bookworm
}

# An HTTP and a SOCKS proxy, as a folder of two programs.
item_make_proxies() {
	local suite=bookworm tree=$2/tree to=$2/bin package name lib
	local -a packages=(tinyproxy-bin dante-server libwrap0 libpam0g
		libcrypt1 libnsl2 libtirpc3 libaudit1 libcap-ng0)

	lab_say "proxies: downloading"
	package=$(lab_item build-bookworm)/root
	mkdir -p "$tree" "$to/lib"
	lab_fetch "$suite" "$tree" $(for name in "${packages[@]}"; do
		echo "$name=$(lab_version "$suite" "$name")"
	done)
	cp "$package/lib64/ld-linux-x86-64.so.2" "$to/lib/"
	for name in usr/bin/tinyproxy usr/sbin/danted; do
		cp "$tree/$name" "$to/lib/$(basename $name).bin"
		lab_chroot "$package" "$tree:/src:ro" -- sh -c \
			"LD_LIBRARY_PATH=/src/usr/lib/x86_64-linux-gnu ldd /src/$name" |
			awk '$2 == "=>" { print $3 }' |
			while read -r lib; do
				case $lib in
				/src/*) cp -L "$tree${lib#/src}" "$to/lib/" ;;
				/*) cp -L "$package$lib" "$to/lib/" ;;
				*) lab_die "$name: a library is missing" ;;
				esac
			done
		name=$(basename $name)
		cat >"$to/$name" <<-EOF
			#!/bin/sh
			lib=\$(dirname "\$(readlink -f "\$0")")/lib
			exec "\$lib/ld-linux-x86-64.so.2" --library-path "\$lib" \\
				"\$lib/$name.bin" "\$@"
		EOF
		chmod +x "$to/$name"
	done
	rm -rf "$tree"
}

item_key_names() {
	lab_version bookworm systemd-resolved
}

# Who sets name servers, unpacked: folders to lay over /usr, "resolved" with
# dbus-daemon, "openresolv" and "resolvconf". With this machine's own libraries.
item_make_names() {
	local suite=bookworm name

	lab_say "systemd-resolved and resolvconf: downloading"
	mkdir -p "$2/resolved" "$2/openresolv" "$2/resolvconf"
	lab_fetch "$suite" "$2/resolved" $(for name in systemd-resolved \
		libsystemd-shared dbus-daemon libdbus-1-3 libapparmor1 \
		libfdisk1 libcryptsetup12 libdevmapper1.02.1 libjson-c5 \
		libip4tc2 libargon2-1 libkmod2 libidn2-0 libunistring2; do
		echo "$name=$(lab_version "$suite" "$name")"
	done)
	for name in openresolv resolvconf; do
		lab_fetch "$suite" "$2/$name" \
			"$name=$(lab_version "$suite" "$name")"
	done
}

item_key_samples() {
	echo 1
}

# What Debian's openvpn and easy-rsa bring beside the programs: openvpn/ has the
# sample configurations, systemd/ the units, easy-rsa/ the scripts for a PKI.
item_make_samples() {
	local suite=bookworm tree=$2/tree name

	lab_say "sample configurations and easy-rsa: downloading"
	mkdir -p "$tree" "$2/openvpn" "$2/systemd"
	for name in openvpn easy-rsa; do
		lab_fetch "$suite" "$tree" "$name=$(lab_version "$suite" "$name")"
	done
	cp -r "$tree/usr/share/doc/openvpn/examples/." "$2/openvpn/"
	cp "$tree"/lib/systemd/system/openvpn*.service "$2/systemd/"
	cp -r "$tree/usr/share/easy-rsa" "$2/easy-rsa"
	rm -rf "$tree"
}

# The libraries that openvpn needs beyond the build chroot's, as PACKAGE=VERSION:
# trixie's, but for a suite whose own are older, with what those need in turn. The
# C library is the build chroot's.
lab_peer_libraries() {
	local suite=$1 version=$2 from=trixie more='' name

	if [ "$suite" = bullseye ]; then
		from=bullseye
		more="libaudit1 libcap-ng0 libgcrypt20 libgpg-error0 liblzma5 libzstd1"
	fi
	{
		lab_field "$suite" openvpn "$version" Depends | tr ',' '\n' |
			sed 's/ *(.*//; s/ *|.*//; s/^ *//' |
			grep '^lib' | grep -vx libc6
		printf '%s\n' $more
	} | while read -r name; do
		[ -z "$name" ] || echo "$name=$(lab_version "$from" "$name")"
	done
}
