// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/if_tun.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "priv/helper.h"

/* What netlink, the socket pair and the C library's heap need. */
static const int priv_calls[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(close),
	SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(sendto),
	SCMP_SYS(recvfrom), SCMP_SYS(bind), SCMP_SYS(getsockname),
	SCMP_SYS(setsockopt), SCMP_SYS(getsockopt), SCMP_SYS(openat),
	SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk),
	SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(futex),
	SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(restart_syscall),
	SCMP_SYS(newfstatat), SCMP_SYS(lstat), SCMP_SYS(unlink),
	SCMP_SYS(unlinkat), SCMP_SYS(rmdir),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
};

static int priv_filter_fill(scmp_filter_ctx ctx)
{
	static const uint64_t families[] = { AF_NETLINK, AF_UNIX };
	size_t i;
	int err;

	for (i = 0; i < sizeof(priv_calls) / sizeof(*priv_calls); i++) {
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, priv_calls[i], 0);
		if (err)
			return err;
	}
	for (i = 0; i < sizeof(families) / sizeof(*families); i++) {
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket),
				       1, SCMP_A0(SCMP_CMP_EQ, families[i], 0));
		if (err)
			return err;
	}
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				SCMP_A1(SCMP_CMP_EQ, TUNSETIFF, 0));
}

int priv_filter_install(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err;

	if (!ctx)
		return -ENOMEM;
	err = priv_filter_fill(ctx);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}
