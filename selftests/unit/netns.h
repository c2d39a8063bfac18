/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_NETNS_H
#define UNIT_NETNS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * A network namespace of the test's own, which ends with the test. Without the
 * right to make one the tests fail; they do not pretend to have run.
 */

static inline int netns_enter(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd, err = 0;

	if (unshare(CLONE_NEWNET)) {
		fprintf(stderr, "unshare(CLONE_NEWNET): %s; root is needed\n",
			strerror(errno));
		return -1;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr))
		err = -1;
	close(fd);
	return err;
}

/* A TUN device that is up, with @flags of TUNSETIFF; its descriptor, or -1. */
static inline int netns_tun_with(const char *name, int flags, int *ifindex)
{
	struct ifreq ifr = {
		.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | flags),
	};
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr)) {
		fprintf(stderr, "TUN device: %s\n", strerror(errno));
		goto fail;
	}
	ifr.ifr_flags = IFF_UP;
	if (ioctl(sock, SIOCSIFFLAGS, &ifr))
		goto fail;
	*ifindex = (int)if_nametoindex(name);
	close(sock);
	return fd;
fail:
	close(sock);
	close(fd);
	return -1;
}

static inline int netns_tun(const char *name, int *ifindex)
{
	return netns_tun_with(name, 0, ifindex);
}

#endif
