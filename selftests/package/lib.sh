# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Packaging roots with a layer of their own to write to. Needs the lab's parts.

# Where the results of this run are kept.
PKG=$BUILD/check/package
VERSION=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$TREE/dkms.conf")

# layer_new NAME: an empty layer; prints its folder.
layer_new() {
	local dir=$PKG/layer-$1

	rm -rf --one-file-system "$dir"
	mkdir -p "$dir/upper" "$dir/work" "$dir/merged"
	echo "$dir"
}

# layer_run LAYER SUITE [SRC:DST[:ro]]... -- COMMAND...: run COMMAND in the
# packaging root of SUITE; what it changes stays in LAYER.
layer_run() {
	local layer=$1 root binds=()

	root=$(lab_item "package-$2")/root
	shift 2
	while [ "$1" != -- ]; do
		binds+=("$1")
		shift
	done
	shift
	# The words are for the inner shell.
	# shellcheck disable=SC2016
	LAB_BINDS="${binds[*]}" unshare --mount --pid --fork --kill-child \
		bash -ec 'mount --make-rprivate /
			mount -t overlay overlay -o "$1" "$2"
			exec bash "$3" "$2" "${@:4}"' - \
		"lowerdir=$root,upperdir=$layer/upper,workdir=$layer/work" \
		"$layer/merged" "$LAB/chroot-enter" "$@"
}

# layer_kernel LAYER KERNEL: its modules, as the image's package installs them,
# and the link to its headers. The words for layer_run are in KERNEL_BINDS.
layer_kernel() {
	local dir release base to

	dir=$(lab_item "kernel-$2")
	release=$(cat "$dir/release")
	to=$1/upper/usr/lib/modules
	mkdir -p "$to"
	cp -a "$dir/modules/usr/lib/modules/$release" "$to/"
	ln -s "/usr/src/linux-headers-$release" "$to/$release/build"
	KERNEL_BINDS=()
	for base in "$dir"/devel/usr/src/*; do
		KERNEL_BINDS+=("$base:/usr/src/${base##*/}:ro")
	done
	for base in "$dir"/devel/usr/lib/linux-kbuild-*; do
		[ -L "$base" ] ||
			KERNEL_BINDS+=("$base:/usr/lib/${base##*/}:ro")
	done
	RELEASE=$release
}
