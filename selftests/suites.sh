# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The test suites: what "make check" runs, started in this order: first what
# downloads and builds kernels. Sourced by selftests/run; paths are relative to
# the top of the tree.

SUITES=()
declare -A SUITE_LIMIT SUITE_TITLE SUITE_ALONE SUITE_COMMAND

# suite NAME LIMIT TITLE COMMAND...: limits are in seconds, several times what
# the suite takes on an idle machine with two cores.
suite() {
	local name=$1

	SUITES+=("$name")
	SUITE_LIMIT[$name]=$2
	SUITE_TITLE[$name]=$3
	shift 3
	SUITE_COMMAND[$name]="$*"
}

# alone NAME: nothing else runs beside this suite.
alone() {
	SUITE_ALONE[$1]=yes
}

suite_main() {
	# The commands are words without blanks or quotes.
	# shellcheck disable=SC2086
	exec ${SUITE_COMMAND[$1]}
}

suite module 2400 "the module builds on 6.1, 6.12 and 7.3, W=1 and sparse" \
	selftests/suite/module
suite lab 2400 "the lab sees planted bugs" selftests/lab/selftest
suite style 120 "rules of the tree" selftests/style/run
suite build 900 "userspace builds without a warning, gcc and clang" \
	selftests/suite/build
suite package 1500 "packages: built, linted, installed on 7.3, removed" \
	selftests/suite/package
suite unit 600 "unit tests" selftests/suite/unit
suite unit-asan 900 "unit tests with sanitizers" selftests/suite/unit --asan
suite valgrind 1200 "unit tests under valgrind" selftests/suite/unit --valgrind
suite fuzz 900 "fuzzers, a short run each" selftests/fuzz/run
suite interop-user 900 "released OpenVPN, userspace data path" \
	selftests/interop/run
suite unit-7.3 900 "unit tests of the kernel data path on 7.3" \
	selftests/suite/unit --kernel 7.3
suite kmod-6.1 1900 "tests of the module on 6.1" selftests/suite/kmod 6.1
suite kmod-6.12 1900 "tests of the module on 6.12" selftests/suite/kmod 6.12
suite kmod-7.3 1900 "tests of the module on 7.3" selftests/suite/kmod 7.3
suite interop-6.1 2400 "released OpenVPN, our module on 6.1" \
	selftests/interop/run --kernel 6.1
suite interop-7.3 2400 "released OpenVPN, our module on 7.3" \
	selftests/interop/run --kernel 7.3
# What takes locks; the rest would take half an hour on this kernel.
suite kmod-lockdep 1900 "tests of the module with lockdep" \
	selftests/suite/kmod lockdep data:aes128 key float lifetime
suite demo-user 300 "make demo DP=user" selftests/suite/demo user
suite demo 900 "make demo" selftests/suite/demo
suite kmod-uml 1900 "tests of the module with KASAN and kmemleak" \
	selftests/suite/kmod uml
alone kmod-uml
