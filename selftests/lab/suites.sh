# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2086,SC2046,SC2116,SC2016
# Which kernel belongs to which suite, and how the distribution's packages are
# found: from the mirror that this machine's own apt uses, through an apt state
# of the lab's own, so that the machine's apt is not touched.

LAB_KERNELS="6.1 6.12 7.3 7.3-rt uml uml-fast uml-builtin"
LAB_KERNELS+=" lockdep lockdep-6.1 lockdep-rt"

# The suite whose compiler and root go with a kernel (or a suite's own name).
lab_suite() {
	case $1 in
	*6.1 | bookworm) echo bookworm ;;
	[0-9]*.[0-9]* | uml* | lockdep | lockdep-rt | trixie*) echo trixie ;;
	*) lab_die "unknown kernel '$1' (there are: $LAB_KERNELS)" ;;
	esac
}

# The suite that a stock kernel's packages come from.
lab_kernel_suite() {
	case $1 in
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	[0-9]*.[0-9]*) echo trixie-backports ;;
	*) lab_die "$1 is no stock kernel" ;;
	esac
}

# Other series that the mirror has: for what has to build on all of them.
lab_kernels_other() {
	lab_apt trixie apt-cache pkgnames linux-headers- |
		sed -n 's/^linux-headers-\([0-9]*\.[0-9]*\)\..*-cloud-amd64$/\1/p' |
		sort -uV | while read -r series; do
			[[ " $LAB_KERNELS " == *" $series "* ]] || echo "$series"
		done
}

# lab_is_uml KERNEL: is it User-Mode Linux, a program and no machine?
lab_is_uml() {
	[ "${1%%-*}" = uml ]
}

lab_is_kernel() {
	[[ " $LAB_KERNELS " == *" $1 "* ]] ||
		lab_kernels_other | grep -xF -e "$1" >/dev/null ||
		lab_die "unknown kernel '$1' (there are: $LAB_KERNELS)"
}

# The URI of the machine's Debian mirror; with "security", that of its security
# archive (nothing if it has none). One-line and deb822 sources alike.
lab_mirror() {
	local want=${1:-main} uri origin release

	apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(RELEASE)' \
		'Identifier: Packages' 2>/dev/null |
		while read -r uri origin release; do
			[ "$origin" = Debian ] || continue
			case $release,$want in
			*-security,security) echo "$uri" ;;
			*-security,main) ;;
			*,main) echo "$uri" ;;
			esac
		done | awk 'NR == 1'
}

# The sources of a suite, one-line format.
lab_sources() {
	local main security=''

	main=$(lab_mirror)
	[ -n "$main" ] ||
		lab_die "apt has no Debian mirror yet; run: apt-get update"
	security=$(lab_mirror security)
	echo "deb $main $1 main"
	# of what has left the archive for the most part, only that is there
	[ "$1" != bullseye ] || return 0
	echo "deb $main $1-updates main"
	[ -z "$security" ] || echo "deb $security $1-security main"
	[ "$1" != trixie ] || echo "deb $main trixie-backports main"
}

# Make the lab's own apt state for a suite, print its configuration file.
# The lists are fetched again after half a day; without a network the old
# ones serve.
lab_apt_state() {
	local dir=$CACHE/apt/$1

	[ -z "$(find "$dir/fresh" -mmin -720 2>/dev/null)" ] || return 0
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	lab_sources "$1" >"$dir/sources.list.new"
	mv "$dir/sources.list.new" "$dir/sources.list"
	cat >"$dir/apt.conf" <<-EOF
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::trustedparts "/usr/share/keyrings";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State "$dir";
		Dir::State::lists "$dir/lists";
		Dir::State::status "/dev/null";
		Dir::Cache "$dir";
		APT::Sandbox::User "root";
		APT::Architecture "amd64";
		APT::Architectures "amd64";
	EOF
	lab_say "$1: reading package lists"
	if APT_CONFIG="$dir/apt.conf" apt-get -qq update >&2; then
		touch "$dir/fresh"
	elif [ ! -e "$dir/fresh" ]; then
		lab_die "cannot read the package lists of $1"
	fi
}

# lab_apt SUITE COMMAND...: run an apt command on the lab's state.
lab_apt() {
	local base=${1%-backports}

	lab_lock_run "apt-$base" lab_apt_state "$base"
	shift
	# Containers switch apt's own cache off, in a file that is read later.
	APT_CONFIG="$CACHE/apt/$base/apt.conf" "$1" \
		-o Dir::Cache::pkgcache=pkgcache.bin \
		-o Dir::Cache::srcpkgcache=srcpkgcache.bin "${@:2}"
}

# The newest version of PACKAGE in SUITE itself.
lab_version() {
	local suite=$1 package=$2 version

	version=$(lab_apt "$suite" apt-cache madison "$package" |
		awk -F ' *\\| *' -v suite="$suite" '
			$3 ~ " " suite "(-updates|-security)?/" { print $2; exit }')
	[ -n "$version" ] || lab_die "no package $package in $suite"
	echo "$version"
}

# lab_field SUITE PACKAGE VERSION FIELD
lab_field() {
	lab_apt "$1" apt-cache show "$2=$3" |
		sed -n "s/^$4: //p" | awk 'NR == 1'
}

# lab_fetch SUITE DIR PACKAGE=VERSION...: download packages, unpack into DIR.
lab_fetch() {
	local suite=$1 dir=$2 deb tmp

	shift 2
	tmp=$(mktemp -d "$dir.XXXXXX")
	(
		cd "$tmp" || exit
		lab_apt "$suite" apt-get -qq download "$@"
	)
	for deb in "$tmp"/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -rf "$tmp"
}
