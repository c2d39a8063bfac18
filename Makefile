# SPDX-License-Identifier: GPL-2.0-or-later
#
# Plain make. Everything is built out of source, under build/.
#
#   O=DIR        output folder of the userspace build (build/user)
#   CC=gcc|clang compiler
#   SAN=1        with the address and undefined-behaviour sanitizers
#   SAN=thread   with the thread sanitizer
#   WERROR=      do not turn warnings into errors
#   KDIR=DIR     kernel build folder for the module
#   DCO_NAMES=own  module "ovpn_own", for kernels with their own ovpn built in
#   DP=user      demo on the userspace data path
#   DESTDIR= PREFIX=  as usual, for install and uninstall

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:

ifneq ($(filter 0 1 2 3 4.0 4.1 4.2,$(basename $(MAKE_VERSION)) $(MAKE_VERSION)),)
$(error GNU make 4.3 or newer is needed, this is $(MAKE_VERSION))
endif

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
COMPDIR ?= $(PREFIX)/share/bash-completion/completions
INCDIR ?= $(PREFIX)/include
PCDIR ?= $(PREFIX)/share/pkgconfig
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
MODDIR ?= /lib/modules/$(KVER)/updates

ifeq ($(origin CC),default)
CC := gcc
endif

# Not where it is: the suites that start make read what it prints.
MAKEFLAGS += --no-print-directory

O ?= build/user$(if $(filter 1,$(SAN)),-asan)$(patsubst %,-%,$(filter fuzz thread,$(SAN)))
KO ?= build/kmod/$(KVER)$(if $(filter own,$(DCO_NAMES)),-own)
MODULE := $(if $(filter own,$(DCO_NAMES)),ovpn_own,ovpn)

PKGS := libuv openssl libnl-3.0 libnl-genl-3.0 libmnl libcap-ng libsystemd \
	libseccomp jansson
WERROR ?= 1
WARN := -Wall -Wextra -Wshadow -Wswitch-enum -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith $(if $(WERROR),-Werror)
# With sanitizers nobody is fast, and compiling takes two thirds of the time. What
# there is to warn of, the other builds say.
CFLAGS ?= $(if $(SAN),-O1 -g1 -w,-O2 -g)
HARDEN := -fstack-protector-strong $(if $(SAN),,-D_FORTIFY_SOURCE=2)
SAN_1 := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
SAN_fuzz := $(SAN_1) -fsanitize=fuzzer-no-link
SAN_thread := -fsanitize=thread -fno-omit-frame-pointer
SANFLAGS := $(SAN_$(SAN))

# Only goals that compile need the libraries.
NO_PKG_GOALS := clean help modules kmod-tools uninstall install-% dist demo bench \
	bench-quick bench-wall fuzz interop interop-matrix compat check check-%
ifneq ($(filter-out $(NO_PKG_GOALS),$(or $(MAKECMDGOALS),all)),)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS))
PKG_LIBS := $(shell pkg-config --libs $(PKGS))
ifeq ($(PKG_LIBS),)
$(error pkg-config does not find all of: $(PKGS); see README.md, Requirements)
endif
endif

ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE \
	-Iuserspace -Iuapi $(WARN) $(HARDEN) $(SANFLAGS) $(PKG_CFLAGS) -fPIE \
	-pthread $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SANFLAGS) -pthread $(LDFLAGS)

# One folder is one module; sources are found, not listed.
SRCS := $(sort $(wildcard userspace/*/*.c))
CTL_SRCS := $(filter userspace/ovpnctl/%,$(SRCS))
LIB_SRCS := $(filter-out userspace/ovpnctl/%,$(SRCS))
UNIT_SRCS := $(sort $(wildcard selftests/unit/*_test.c))
FUZZ_SRCS := $(sort $(wildcard selftests/fuzz/*_fuzz.c))
LOAD_SRCS := $(sort $(wildcard selftests/bench/load/*.c))

obj = $(patsubst %.c,$(O)/obj/%.o,$(1))
LIB := $(O)/libovpnd.a
DAEMON := $(if $(wildcard userspace/main.c),$(O)/ovpnd)
CTL := $(if $(CTL_SRCS),$(O)/ovpnctl)
UNITS := $(patsubst selftests/unit/%.c,$(O)/unit/%,$(UNIT_SRCS))
PLUGINS := $(patsubst %,$(O)/unit/plugin_v%.so,1 2 3)
FUZZERS := $(patsubst selftests/fuzz/%.c,$(O)/fuzz/%,$(FUZZ_SRCS))

all: userspace ## userspace, and the module when this kernel's headers are installed
ifneq ($(wildcard $(KDIR)/Makefile),)
all: modules
endif

userspace: $(LIB) $(DAEMON) $(CTL) ## build/user/ovpnd and build/user/ovpnctl (O= CC= SAN=1)

units: $(UNITS) $(PLUGINS) ## unit test programs, into build/user/unit (or O=)

fuzzers: ## fuzz programs with clang, into build/user-fuzz/fuzz (or O=)
	$(MAKE) SAN=fuzz CC=clang O=$(if $(filter command,$(origin O)),$(O),build/user-fuzz) fuzzers-here

fuzzers-here: $(FUZZERS)

modules: ## ovpn.ko for KDIR (default: the running kernel), into build/kmod
	sh kmod/build.sh $(KDIR) $(KO) $(if $(DCO_NAMES),DCO_NAMES=$(DCO_NAMES))

kmod-tools: ## tools of the module's tests, into build/user/kmod (or O=)
	$(MAKE) -C selftests/kmod OUTPUT=$(abspath $(O))/kmod

# Objects are rebuilt when the command that makes them changes.
$(O)/.flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(subst ','\'',$(ALL_CFLAGS))' > $@.new; \
	if cmp -s $@.new $@; then rm -f $@.new; else mv $@.new $@; fi

$(O)/obj/%.o: %.c $(O)/.flags
	@mkdir -p $(@D)
	@echo '  CC    $<'
	@$(CC) $(ALL_CFLAGS) $(EXTRA_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/obj/selftests/unit/%.o: EXTRA_CFLAGS = -Iselftests/unit
# Functions of the kernel, under its rules about types.
$(O)/obj/selftests/fuzz/kmod_%.o: EXTRA_CFLAGS = -Iselftests/fuzz/kmod \
	-fno-strict-aliasing -fno-sanitize=alignment -Wno-pointer-arith \
	-Wno-sign-compare

$(LIB): $(call obj,$(LIB_SRCS))
	@echo '  AR    $@'
	@rm -f $@; ar rcs $@ $^

$(O)/ovpnd: $(call obj,userspace/main.c) $(LIB)
	@echo '  LD    $@'
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(O)/ovpnctl: $(call obj,$(CTL_SRCS)) $(LIB)
	@echo '  LD    $@'
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

bench-load: $(O)/bench/load

$(O)/bench/load: $(call obj,$(LOAD_SRCS)) $(LIB)
	@mkdir -p $(@D)
	@echo '  LD    $@'
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(O)/bench/packets: $(call obj,selftests/bench/packets.c) $(LIB)
	@mkdir -p $(@D)
	@echo '  LD    $@'
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(O)/unit/%: $(O)/obj/selftests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	@echo '  LD    $@'
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka

# Loaded by hook_plugin_test, one for each version of the interface.
$(O)/unit/hook_plugin_test $(O)/unit/tunnel_login_test: | $(PLUGINS)

$(O)/unit/plugin_v%.so: selftests/unit/plugin/plugin.c $(O)/.flags
	@mkdir -p $(@D)
	@echo '  CC    $@'
	@$(CC) $(filter-out -fPIE,$(ALL_CFLAGS)) -fPIC -shared -DGENERATION=$* \
		-o $@ $<

$(O)/fuzz/%: $(O)/obj/selftests/fuzz/%.o $(LIB)
	@mkdir -p $(@D)
	@echo '  LD    $@'
	@$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS)

# Nothing of userspace is in these.
$(O)/fuzz/kmod_%: $(O)/obj/selftests/fuzz/kmod_%.o
	@mkdir -p $(@D)
	@echo '  LD    $@'
	@$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(EXTRA_LIBS)

$(O)/fuzz/kmod_packet_fuzz: $(call obj,selftests/kmod/ovpn_sock.c)
$(O)/fuzz/kmod_packet_fuzz: EXTRA_LIBS = $(PKG_LIBS)

.SECONDARY:
-include $(wildcard $(O)/obj/userspace/*.d $(O)/obj/userspace/*/*.d \
	$(O)/obj/selftests/*/*.d $(O)/obj/selftests/bench/load/*.d)

MAN_PAGES := $(wildcard Documentation/man/*.[0-9])
COMPLETIONS := $(wildcard userspace/ovpnctl/ovpnctl.bash packaging/completion/*)
completion_name = $(basename $(notdir $(1)))
# where iproute2 looks in every version that has such a folder
PROTOSDIR := $(SYSCONFDIR)/iproute2/rt_protos.d

install: userspace ## ovpnd, ovpnctl, manual pages, completion; the module if it was built (DESTDIR= PREFIX=)
	install -d '$(DESTDIR)$(SBINDIR)'
	install -m 0755 $(DAEMON) $(CTL) '$(DESTDIR)$(SBINDIR)'
	$(foreach m,$(MAN_PAGES),install -D -m 0644 $(m) \
		'$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m))' &&) true
	$(foreach c,$(COMPLETIONS),install -D -m 0644 $(c) \
		'$(DESTDIR)$(COMPDIR)/$(call completion_name,$(c))' &&) true
	install -D -m 0644 packaging/rt_protos.d/ovpnd.conf \
		'$(DESTDIR)$(PROTOSDIR)/ovpnd.conf'
ifneq ($(wildcard $(KO)/$(MODULE).ko),)
	install -D -m 0644 $(KO)/$(MODULE).ko '$(DESTDIR)$(MODDIR)/$(MODULE).ko'
	$(if $(DESTDIR),,depmod $(KVER))
	$(if $(DESTDIR),,@packaging/load $(MODULE) $(KVER))
else
	@echo 'No module for $(KVER) in $(KO): "make modules" first to install it, too.'
endif

install-headers: ## the module's netlink interface, for programs that use it
	install -d '$(DESTDIR)$(INCDIR)/ovpn-dco/linux' '$(DESTDIR)$(PCDIR)'
	install -m 0644 uapi/linux/*.h '$(DESTDIR)$(INCDIR)/ovpn-dco/linux'
	sed 's|/usr/include|$(INCDIR)|' packaging/ovpn-dco.pc \
		> '$(DESTDIR)$(PCDIR)/ovpn-dco.pc'

DKMS_FILES = Kbuild dkms.conf packaging/dkms-hint packaging/secure-boot \
	$(shell find kmod uapi -name '*.[ch]' -o -name '*.sh')
DKMS_DIR = $(DESTDIR)/usr/src/ovpn-$(VERSION)

install-dkms: ## the module's sources, for DKMS
	@$(foreach f,$(DKMS_FILES),install -D -m $(if \
		$(filter %.sh packaging/%,$f),0755,0644) $f '$(DKMS_DIR)/$f' &&) true
	@$(if $(DESTDIR),true,echo 'Build and install it with: dkms install ovpn/$(VERSION)')

dist: ## a tarball of the sources, into build/dist
	packaging/dist build/dist

uninstall: ## remove what install put there
	rm -f '$(DESTDIR)$(SBINDIR)/ovpnd' '$(DESTDIR)$(SBINDIR)/ovpnctl' \
		'$(DESTDIR)$(PROTOSDIR)/ovpnd.conf' \
		'$(DESTDIR)$(MODDIR)/$(MODULE).ko' \
		$(foreach c,$(COMPLETIONS),'$(DESTDIR)$(COMPDIR)/$(call completion_name,$(c))') \
		$(foreach m,$(MAN_PAGES),'$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m))')
	$(if $(DESTDIR),,-depmod $(KVER))

demo: ## a stock client, ovpnd, real traffic, the proof (DP=user: without the module)
	@selftests/demo/demo $(DP)

check: ## what CI runs; ends with "N passed, N failed, N skipped"
	@selftests/lab/host-deps
	@selftests/run

check-full: ## every test, on every kernel (hours)
	@selftests/lab/host-deps
	@selftests/run --full

check-%: ## one suite of selftests/run, for example check-unit ("selftests/run --list")
	@selftests/run $*

interop: ## released OpenVPN, every scenario (KERNEL=7.3: in the lab, with the module)
	@selftests/lab/host-deps
	@selftests/interop/run $(if $(KERNEL),--kernel $(KERNEL)) $(TESTS)

interop-matrix: ## released OpenVPN: each two choices of a connection meet (KERNEL=7.3)
	@selftests/lab/host-deps
	@selftests/interop/matrix $(if $(KERNEL),--kernel $(KERNEL)) $(foreach r,$(ROW),--row $r)

compat: ## runs what Documentation/compatibility.rst names, and writes that page (half an hour)
	@selftests/lab/host-deps
	@selftests/compat/run

check-mutants: ## plants bugs one by one; for each a test has to turn red (not part of check)
	@selftests/mutants/run $(MUTANTS)

FUZZ_RUNS ?= 500000
fuzz: ## each fuzzer for FUZZ_RUNS inputs or T seconds, and the module in the lab
	@selftests/fuzz/run $(if $(T),--seconds '$(T)',--) '' $(FUZZ_RUNS)
	@selftests/fuzz/lab

bench: ## measures ours against its peers, by instructions; ROW=name for one row
	@selftests/lab/host-deps
	@selftests/bench/run $(ROW)

bench-quick: ## five rows of it
	@selftests/lab/host-deps
	@selftests/bench/run --quick

bench-wall: ## by the clock, in User-Mode Linux; ROW=name, ROUNDS=n
	@selftests/lab/host-deps
	@selftests/bench/wall $(ROW)

bench-user: userspace ## measures the userspace data path against its peers, here (ROUNDS=10)
	@selftests/lab/host-deps
	@selftests/bench/user $(if $(ROUNDS),--rounds $(ROUNDS)) $(ROW)

bench-control: userspace bench-load ## measures the control channel against OpenVPN's, here (ROUNDS=3)
	@selftests/lab/host-deps
	@selftests/bench/control $(if $(ROUNDS),--rounds $(ROUNDS)) $(ROW)

clean: ## remove what was built; the lab's cache stays
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z%-]*\):.* ## \(.*\)/  \1	\2/p' $(MAKEFILE_LIST) \
		| awk -F'\t' '{ printf "%-16s %s\n", $$1, $$2 }'
	@echo
	@sed -n '/^#   [A-Z]/s/^# //p' $(firstword $(MAKEFILE_LIST))

FORCE:
.PHONY: all userspace units fuzzers fuzzers-here modules kmod-tools install \
	install-headers install-dkms dist uninstall demo check check-full \
	interop interop-matrix compat check-mutants fuzz bench bench-quick bench-wall bench-user bench-load \
	bench-control clean help FORCE
