# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2046,SC2116
# The kernel's own YNL tool with the schemas of its specifications, below /ynl
# in a small root with a Python of its own; the roots that kernels boot have
# none. The packages are unpacked only, which is enough to run them.

LAB_YNL_PACKAGES="base-files python3-minimal python3-yaml python3-jsonschema"

item_key_ynl() {
	declare -f lab_debootstrap item_make_ynl
	echo $LAB_YNL_PACKAGES
}

# item_make_ynl 7.3 DIR
item_make_ynl() {
	local suite version tmp=$2/deb

	suite=$(lab_kernel_suite "$1")
	version=$(lab_version "$suite" "linux-source-$1")
	lab_say "ynl of $version: downloading and unpacking"
	lab_debootstrap "$(lab_suite "$1")" "$2/root" \
		"$(echo $LAB_YNL_PACKAGES)" --variant=extract
	mkdir -p "$tmp" "$2/root/ynl"
	lab_fetch "$suite" "$tmp" "linux-source-$1=$version"
	xz -dc "$tmp"/usr/src/linux-source-*.tar.xz |
		tar -x -C "$2/root/ynl" --strip-components=1 --anchored \
			--wildcards "linux-source-$1/tools/net/ynl/pyynl" \
			"linux-source-$1/Documentation/netlink/*.yaml"
	rm -rf "$tmp" "$2/root/ynl/Documentation/netlink/specs"
	mkdir "$2/root/ynl/Documentation/netlink/specs"
}
