/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NL_REQUEST_H
#define NL_REQUEST_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

/* One synchronous request and its answers. Private to nl/. */

#define NL_REQUEST_MAX	4096	/* ours; the largest holds a few attributes */
#define NL_REPLY_MAX	32768	/* a kernel dump fills at most 32 KiB */
#define NL_TIMEOUT_S	5
#define NL_ERROR_LEN	160

struct nl_socket {
	struct mnl_socket *mnl;
	uint32_t seq;
	uint32_t portid;
	char error[NL_ERROR_LEN];
};

/** nl_socket_init() - open and bind; 0 or -errno */
int nl_socket_init(struct nl_socket *sock, int bus);
void nl_socket_close(struct nl_socket *sock);

/**
 * nl_request_init() - start a message
 * @buf: NL_REQUEST_MAX bytes, aligned for struct nlmsghdr
 */
struct nlmsghdr *nl_request_init(struct nl_socket *sock, void *buf,
				 uint16_t type, uint16_t flags);

/**
 * nl_request() - send and read until acknowledged
 * @on_data: called for each message that is not an error or the end of a dump;
 *	0 or -errno, the first of which is returned after the rest is read
 *
 * Return: 0 or the kernel's -errno; its extended message is in @sock.
 */
int nl_request(struct nl_socket *sock, struct nlmsghdr *nlh,
	       int (*on_data)(void *arg, const struct nlmsghdr *nlh),
	       void *arg);

#endif
