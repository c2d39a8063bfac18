# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The test suites: what "make check" and "make check-full" run, started in this
# order as far as there is room.
# Sourced by selftests/run; paths are relative to the top of the tree.

SUITES=()
declare -A SUITE_IN SUITE_LIMIT SUITE_TITLE SUITE_ALONE SUITE_LIGHT SUITE_IDLE
declare -A SUITE_COMMAND

# part_of both|check|full: of which runs the suites below are a part.
part_of() {
	SUITE_PART=$1
}

# suite NAME LIMIT TITLE COMMAND...: limits are in seconds, several times what
# the suite takes on an idle machine with two cores.
suite() {
	local name=$1

	SUITES+=("$name")
	SUITE_IN[$name]=$SUITE_PART
	SUITE_LIMIT[$name]=$2
	SUITE_TITLE[$name]=$3
	shift 3
	SUITE_COMMAND[$name]="$*"
}

# alone NAME...: nothing else runs beside these suites.
alone() {
	local name

	for name in "$@"; do
		SUITE_ALONE[$name]=yes
	done
}

# idle NAME...: these compute, and no clock matters to them. They may run beside
# those that are alone, with what time of the processors these leave.
idle() {
	local name

	for name in "$@"; do
		SUITE_IDLE[$name]=yes
	done
}

# light NAME: it mostly waits, and may run beside others.
light() {
	SUITE_LIGHT[$1]=yes
}

suite_main() {
	# The commands are words without blanks or quotes.
	# shellcheck disable=SC2086
	exec ${SUITE_COMMAND[$1]}
}

# first, because nothing runs beside them
part_of both
suite kmod-uml 3600 "tests of the module with KASAN and kmemleak" \
	selftests/suite/kmod uml
suite ynl 600 "both netlink families by the kernel's YNL tool" \
	selftests/ynl/run uml
alone kmod-uml ynl
part_of full
suite kmod-uml-faults 3600 "each allocation of the module fails once" \
	selftests/suite/kmod uml fire:fault,memory,scarce,account,account_tcp
alone kmod-uml-faults

# downloads, and the kernel that the lab builds
part_of check
suite kernels 3000 "kernels that the lab compiles" selftests/suite/kernels lockdep
# before suites that keep QEMUs running: UML waits for them
suite lab 3000 "the lab sees planted bugs" selftests/lab/selftest --short
suite module 2400 "the module builds on 6.1, 6.12, 7.3 and 7.3-rt" \
	selftests/suite/module
idle kernels module
suite package 1500 "packages of trixie: built, linted" \
	selftests/suite/package
suite fuzz 900 "fuzzers, a short run each" selftests/fuzz/run --short
part_of full
suite module-all 3600 "the module builds on every kernel that there is" \
	selftests/suite/module --all
suite package-full 7200 "packages, on every kernel that they are for" \
	selftests/suite/package --full
suite fuzz-long 3600 "fuzzers" selftests/fuzz/run
suite lab-all 3600 "the lab sees planted bugs, on every kernel that watches" \
	selftests/lab/selftest
part_of both
suite build 900 "userspace builds without a warning, gcc and clang" \
	selftests/suite/build
suite style 120 "rules of the tree" selftests/style/run
part_of check
suite some-interop-user 1200 "released OpenVPN, userspace data path, some" \
	selftests/interop/run client_2.6.14 client_2.7.8 server_2.6.14 \
	server_2.7.8 ovpnd_both tcp4_client_2.6.14 tcp_break_server_2.6.14 \
	revoked_2.6.14 usage_server_2.6.14 refused_for_now_2.6.14 \
	push_update_2.7.8 ccd_ovpnd scripts_2.6.14 login_ovpnd \
	cbc_2.6.14 epoch_2.7.8 five_2.6.14 routing_2.6.14 \
	networkmanager_2.6.14 sockets_once_2.6.14 threads_2.6.14
part_of both
suite interop-matrix 900 "released OpenVPN, each two choices meet" \
	selftests/interop/matrix --jobs 6
part_of full
suite interop-user 2700 "released OpenVPN, userspace data path" \
	selftests/interop/run
light some-interop-user
light interop-user
light interop-matrix

# long ones first, short ones last
part_of check
suite some-interop-7.3 1500 "released OpenVPN, our module on 7.3, some pairs" \
	selftests/interop/run --kernel 7.3 --short \
	server_2.6.14 module_restart dco_mp_tcp4
suite some-interop-6.1 1200 "released OpenVPN, our module on 6.1, one pair" \
	selftests/interop/run --kernel 6.1 --short client_2.6.14
suite smoke-7.3-rt 900 "the module on 7.3-rt, in short" \
	selftests/suite/smoke 7.3-rt
suite smoke-7.3 900 "the module on 7.3, in short" selftests/suite/smoke 7.3
suite smoke-6.12 900 "the module on 6.12, in short" selftests/suite/smoke 6.12
suite smoke-6.1 900 "the module on 6.1, in short" selftests/suite/smoke 6.1
suite smoke-lockdep 900 "the module on lockdep, in short" \
	selftests/suite/smoke lockdep
part_of full
for kernel in 6.1 6.12 7.3 7.3-rt lockdep lockdep-6.1 lockdep-rt; do
	suite "kmod-$kernel" 7200 "tests of the module on $kernel" \
		selftests/suite/kmod "$kernel"
done
for kernel in 6.1 6.12 7.3; do
	suite "interop-$kernel" 4800 "released OpenVPN, our module on $kernel" \
		selftests/interop/run --kernel "$kernel"
done
suite interop-matrix-7.3 3600 "released OpenVPN, our module on 7.3, each choice once" \
	selftests/interop/matrix --kernel 7.3 --short
suite interop-in-tree 1200 "released OpenVPN, the in-tree driver on 7.3" \
	selftests/interop/run --kernel 7.3 --in-tree client_2.7.8 \
	server_2.6.14 five_2.6.14 five_tcp_2.6.14
suite contract-in-tree 900 "what the contract says is true of the in-tree driver" \
	selftests/suite/kmod --in-tree 7.3 contract:table,libnl walk:fixed
suite unit-7.3 900 "unit tests of the kernel data path on 7.3" \
	selftests/suite/unit --kernel 7.3
suite valgrind 1800 "unit tests under valgrind" selftests/suite/unit --valgrind
suite interop-valgrind 1800 "released OpenVPN, ovpnd under valgrind" \
	selftests/interop/run --valgrind --short client_2.6.14 server_2.7.8 \
	tcp4_client_2.6.14 login_2.6.14 management reload_2.6.14 ccd_2.6.14 \
	push_update_2.7.8 port_share_2.6.14 tcp_break_client_2.6.14 \
	epoch_2.7.8 five_threads_2.6.14
part_of both
suite unit-asan 900 "unit tests with sanitizers" selftests/suite/unit --asan
suite demo 900 "make demo" selftests/suite/demo
suite unit 600 "unit tests" selftests/suite/unit
# most of their time passes in waiting for timers
suite unit-tsan 900 "unit tests of threads with the thread sanitizer" \
	selftests/suite/unit --tsan
light unit-tsan
light unit-asan
light unit
suite demo-user 300 "make demo DP=user" selftests/suite/demo user
