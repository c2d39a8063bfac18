/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef EXTMUX_GROUP_RIG_H
#define EXTMUX_GROUP_RIG_H

/*
 * A server's socket, which others at the same port are to be put beside, and a
 * client's, in a network namespace of their own. Included by one file.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "extmux/private.h"
#include "netns.h"

static struct config cfg;
static struct extmux mux;
static struct extmux_socket *sock = &mux.socks[0];
static int client;

/* @port: 0: it is not bound */
static void group_open(sa_family_t family, const char *any, uint16_t port)
{
	union net_addr addr;
	int zero = 0;

	memset(&mux, 0, sizeof(mux));
	sock->mux = &mux;
	mux.cfg = &cfg;
	mux.loop = loop_new();
	sock->family = family;
	sock->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (family == AF_INET6)
		setsockopt(sock->fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero,
			   sizeof(zero));
	if (!port)
		return;
	assert_int_equal(net_addr_parse(any, port, &addr), 0);
	assert_int_equal(bind(sock->fd, &addr.sa, net_addr_len(&addr)), 0);
}

static int group_setup(void **state)
{
	(void)state;
	if (netns_enter())
		return -1;
	client = socket(AF_INET, SOCK_DGRAM, 0);
	return client < 0;
}

/* after those beside it */
static void group_close(void)
{
	close(sock->fd);
	close(client);
	loop_free(mux.loop);
}

static bool takes(int fd, const uint8_t *data, size_t len)
{
	uint8_t buf[64];

	return recv(fd, buf, sizeof(buf), MSG_DONTWAIT) == (ssize_t)len &&
	       !memcmp(buf, data, len);
}

static bool is_empty(int fd)
{
	uint8_t buf[64];

	return recv(fd, buf, sizeof(buf), MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

#endif
