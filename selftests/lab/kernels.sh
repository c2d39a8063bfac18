# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2086,SC2046,SC2116,SC2016
# The kernels: stock ones from packages, and some of our own configuration from
# the distribution's source. A kernel item holds: release (its version string),
# vmlinuz (or linux, the UML program), modules/ (a tree with lib/modules), and
# what modules are built against: devel/ of a stock kernel, build/ of ours.

# The parts of a stock module tree that a network test can want.
LAB_MODULE_DIRS="net crypto lib arch/x86/crypto arch/x86/lib drivers/net
	drivers/crypto drivers/block drivers/char fs/fuse fs/overlayfs"

item_key_kernel() {
	case $1 in
	uml* | lockdep*)
		lab_kernel_configs "$1" | while read -r file; do
			cat "$LAB/$file"
		done
		lab_item_hash "$(lab_kernel_source "$1")"
		lab_item_hash "build-$(lab_suite "$1")"
		! lab_is_uml "$1" || cat "$LAB/uml-stacktrace.c"
		if [ "$1" = uml-fast ]; then
			cat "$LAB"/uml-simd/*
			declare -f lab_kernel_uml_simd
		fi
		declare -f lab_kernel_compile lab_kernel_strip lab_kernel_pack
		;;
	*)
		echo $LAB_MODULE_DIRS
		declare -f lab_kernel_unpack lab_kernel_modules lab_kernel_pack
		declare -f lab_kernel_images lab_kernel_devel
		;;
	esac
}

item_make_kernel() {
	case $1 in
	uml* | lockdep*) lab_kernel_compile "$1" "$2" ;;
	*) lab_kernel_unpack "$1" "$2" ;;
	esac
}

# The configuration files of one of our kernels, in the order of merging.
lab_kernel_configs() {
	echo guest.config
	echo "${1%%-*}.config"
	[ "$1" = "${1%%-*}" ] || echo "$1.config"
}

# The source item that one of our kernels is compiled from.
lab_kernel_source() {
	case $1 in
	*-6.1) echo source-6.1 ;;
	*) echo source-7.3 ;;
	esac
}

# The packages that the image and the modules of a release are in.
lab_kernel_images() {
	local suite=$1 release=$2

	if [ -z "$(lab_apt "$suite" apt-cache pkgnames "linux-modules-$release")" ]
	then
		echo "linux-image-$release"
	else
		printf "linux-%s-$release\n" base binary modules
	fi
}

# The newest release of stock kernel K that its suite has, as in uname -r. Its
# headers are there earlier than its image, by hours or days: that is signed.
lab_kernel_release() {
	local suite release flavour=cloud

	[ "$1" = "${1%-rt}" ] || flavour=rt
	suite=$(lab_kernel_suite "$1")
	for release in $(
		lab_apt "$suite" apt-cache pkgnames "linux-headers-${1%-rt}." |
			sed -n "s/^linux-headers-\(.*-$flavour-amd64\)$/\1/p" |
			sort -rV); do
		lab_kernel_is_whole "$suite" "$release" || continue
		echo "$release"
		return
	done
	lab_die "$suite has no kernel $1 (any more)"
}

lab_kernel_is_whole() {
	local name

	for name in $(lab_kernel_images "$@") "linux-headers-$2"; do
		[ -n "$(lab_apt "$1" apt-cache madison "$name")" ] || return 1
	done
}

# What a release's headers need, as NAME=VERSION: of tools that serve all releases
# only the newest may be there.
lab_kernel_devel() {
	local suite=$1 release=$2 version=$3 name

	for name in $(lab_field "$suite" "linux-headers-$release" "$version" \
		Depends | tr ',|' '\n\n' | sed 's/ *(.*//; s/^ *//' |
		grep -E '^linux-(headers|kbuild)-'); do
		if [ -n "$(lab_field "$suite" "$name" "$version" Version)" ]; then
			echo "$name=$version"
		else
			echo "$name=$(lab_version "$suite" "$name")"
		fi
	done
}

lab_kernel_unpack() {
	local kernel=$1 dir=$2 suite release version images names name

	suite=$(lab_kernel_suite "$kernel")
	release=$(lab_kernel_release "$kernel")
	images=$(lab_kernel_images "$suite" "$release")
	version=$(lab_version "$suite" "${images%%[[:space:]]*}")
	lab_say "$kernel: downloading kernel $release ($version)"
	mkdir -p "$dir/image" "$dir/devel"
	lab_fetch "$suite" "$dir/image" $(
		for name in $images; do echo "$name=$version"; done)
	lab_fetch "$suite" "$dir/devel" "linux-headers-$release=$version" \
		$(lab_kernel_devel "$suite" "$release" "$version")
	mv "$(find "$dir/image" -name 'vmlinuz*' -type f)" "$dir/vmlinuz"
	echo "$release" >"$dir/release"
	lab_kernel_modules "$dir" "$release"
	rm -rf "$dir/image"
}

# Keep the modules that matter, decompressed: emulated xz is slow.
lab_kernel_modules() {
	local from to part

	from=$(echo "$1"/image/{usr/lib,lib}/modules/"$2")
	from=$(for part in $from; do [ ! -d "$part" ] || echo "$part"; done)
	to=$1/modules/usr/lib/modules/$2
	mkdir -p "$to/kernel"
	ln -s usr/lib "$1/modules/lib"
	cp "$from"/modules.{order,builtin,builtin.modinfo} "$to/"
	for part in $LAB_MODULE_DIRS; do
		[ -d "$from/kernel/$part" ] || continue
		mkdir -p "$to/kernel/$part"
		cp -a "$from/kernel/$part/." "$to/kernel/$part/"
	done
	rm -rf "$to"/kernel/drivers/net/{ethernet,wireless,usb,phy}
	find "$to" -name '*.ko.xz' -exec xz -d {} +
	find "$to" -name '*.ko.zst' -exec zstd -q -d --rm {} +
	lab_kernel_pack "$1" "$2"
}

# The module tree as an archive that goes after the root's.
lab_kernel_pack() {
	depmod -b "$1/modules" "$2" 2>/dev/null
	(cd "$1/modules" && find usr | cpio --quiet -o -H newc) \
		>"$1/modules.cpio"
}

item_key_source() {
	echo $LAB_SOURCE_OMIT
}

# What neither ARCH=um nor ARCH=x86 compiles here; Kconfig files and Makefiles
# stay, because the configuration reads them all.
LAB_SOURCE_OMIT="drivers/gpu drivers/media drivers/scsi drivers/net/ethernet
	drivers/net/wireless drivers/clk drivers/pinctrl drivers/iio
	drivers/infiniband drivers/staging sound arch/[a-tv-wyz]* Documentation
	tools/perf"

item_make_source() {
	local suite version part omit=() tmp=$2/deb

	suite=$(lab_kernel_suite "$1")
	version=$(lab_version "$suite" "linux-source-$1")
	lab_say "$1: downloading the kernel's source ($version)"
	for part in $LAB_SOURCE_OMIT; do
		omit+=(--exclude="linux-source-$1/$part/*."{c,h,S,dts,dtsi,rst,yaml,json,svg})
	done
	mkdir -p "$tmp" "$2/linux"
	lab_fetch "$suite" "$tmp" "linux-source-$1=$version"
	lab_say "$1: unpacking the kernel's source"
	xz -dc "$tmp"/usr/src/linux-source-*.tar.xz |
		tar -x -C "$2/linux" --strip-components=1 --anchored \
			--wildcards "${omit[@]}"
	rm -rf "$tmp"
}

# lab_kernel_uml_simd SOURCE DIR: what gives uml-fast the ciphers that use vector
# registers, as folders to bind over the source. They are in its tree, and only
# Kconfig and three headers of x86 keep them from it: UML is a program, so its
# registers are kept by the system that it runs on.
lab_kernel_uml_simd() {
	local source=$1/linux to=/usr/src/lab/linux dir=$2/simd file

	mkdir -p "$dir"
	for file in crypto/Kconfig lib/crypto/Kconfig lib/crypto/Makefile \
		lib/crypto/x86/poly1305.h; do
		sed -e 's/^if X86$/if X86 || UML_X86/' \
			-e '/CHACHA\|POLY1305/s/ && !UML//' \
			-e 's/\$(CONFIG_X86)/y/; s/\$(SRCARCH)/x86/' \
			-e 's/boot_cpu_data.x86_vfm != INTEL_SKYLAKE_X/true/' \
			"$source/$file" >"$dir/${file//\//-}"
		echo "$dir/${file//\//-}:$to/$file:ro"
	done
	echo "$LAB/uml-simd/simd.h:$to/arch/x86/include/asm/simd.h:ro"
	echo "$LAB/uml-simd/cpu_device_id.h:$to/arch/x86/include/asm/cpu_device_id.h:ro"
}

# lab_kernel_compile uml[-fast]|lockdep[-6.1] DIR
lab_kernel_compile() {
	local kernel=$1 dir=$2 source chroot arch=x86_64 target=bzImage release
	local configs binds optimize

	binds="$dir/build:/usr/src/lab/out $LAB:/src:ro"
	source=$(lab_item "$(lab_kernel_source "$kernel")")
	if lab_is_uml "$kernel"; then
		arch=um
		target=linux
		binds+=" $LAB/uml-stacktrace.c"
		binds+=":/usr/src/lab/linux/arch/um/kernel/stacktrace.c:ro"
	fi
	# Those that watch are slow anyway, and compile in four fifths of the time; the
	# one that is measured is what a distribution would make of it. Constants go
	# into functions: what follows only from them is not there to be linked.
	# Warnings, which are not about our code, take a tenth.
	optimize="-O1 -fipa-cp"
	if [ "$kernel" = uml-fast ]; then
		optimize=-O2
		binds+=" $(lab_kernel_uml_simd "$source" "$dir" | tr '\n' ' ')"
	fi
	chroot=$(lab_item "build-$(lab_suite "$kernel")")
	configs=$(lab_kernel_configs "$kernel" | sed 's,^,/src/,' | tr '\n' ' ')
	mkdir -p "$dir/build"
	lab_say "$kernel: compiling the kernel (minutes; log: $dir/compile.log)"
	nice "$BASH" -c '. "$1/lab.sh"; shift; lab_chroot "$@"' - "$LAB" \
		"$chroot/root" "$source/linux:/usr/src/lab/linux:ro" \
		$binds -- sh -ec "
			cd /usr/src/lab/linux
			make -s ARCH=$arch O=/usr/src/lab/out tinyconfig
			cd /usr/src/lab/out
			/usr/src/lab/linux/scripts/kconfig/merge_config.sh \
				-m .config $configs
			make -s ARCH=$arch olddefconfig
			make ARCH=$arch KCFLAGS='$optimize -w' -j$(nproc) $target modules
			make ARCH=$arch INSTALL_MOD_PATH=/usr/src/lab/out/inst \
				INSTALL_MOD_STRIP=1 modules_install
		" >"$dir/compile.log" 2>&1 || {
		tail -n 20 "$dir/compile.log" >&2
		lab_die "$kernel: the kernel does not compile"
	}
	release=$(cat "$dir/build/include/config/kernel.release")
	echo "$release" >"$dir/release"
	mkdir -p "$dir/modules/usr"
	mv "$dir/build/inst/lib" "$dir/modules/usr/"
	ln -s usr/lib "$dir/modules/lib"
	rm -f "$dir/modules/lib/modules/$release"/{build,source}
	lab_kernel_pack "$dir" "$release"
	if lab_is_uml "$kernel"; then
		cp "$dir/build/linux" "$dir/linux"
	else
		cp "$dir/build/arch/x86/boot/bzImage" "$dir/vmlinuz"
	fi
	lab_kernel_strip "$dir/build"
}

# Keep of a build tree what building modules needs.
lab_kernel_strip() {
	rm -rf "$1/vmlinux" "$1/vmlinux.o" "$1/vmlinux.a" "$1/linux" \
		"$1/arch/x86/boot" "$1/inst"
	rm -f "$1"/vmlinux.* "$1"/.tmp_vmlinux*
	find "$1" \( -name scripts -o -name tools \) -prune -o -type f \
		\( -name '*.o' -o -name '*.a' -o -name '*.ko' -o -name '*.cmd' \
		-o -name '*.mod.c' \) -exec rm -f {} +
}
