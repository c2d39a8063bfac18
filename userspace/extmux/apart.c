// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A second socket at the same port, for data packets that a kernel would drop
 * which has the first one.
 *
 * A driver that takes data packets from a socket drops those without a peer id
 * and those of peers that it does not know. So peers that it cannot carry have
 * ids with DP_ID_APART, and the two sockets are a group (SO_REUSEPORT) in which
 * a filter of the kernel's chooses: a packet without a peer id, or with such a
 * one, is for the second socket, and everything else is for the first.
 *
 * When the group is made, packets go to either of them for a moment, and here
 * both are read. In the group that an earlier process has left, the filter is
 * there already.
 */
#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dp/dp.h"
#include "extmux/private.h"

#define APART_BIT	(DP_ID_APART >> 16)	/* in byte 1 of DATA_V2 */

_Static_assert((DP_ID_APART & 0xffff) == 0 && APART_BIT < 0x100,
	       "the filter looks at one byte");

/* The socket by its place in the group; a byte that is not there is 0. */
static struct sock_filter apart_filter[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
	BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 3),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROTO_DATA_V1, 3, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROTO_DATA_V2, 0, 3),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 1),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, APART_BIT, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 1),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static void apart_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct extmux_socket *sock = arg;

	(void)io;
	(void)events;
	extmux_udp_receive(sock, sock->apart_fd);
}

/**
 * extmux_group_filter() - the group of a socket chooses by this one from now on
 * @filter: which of them a datagram is for, by their order
 * @n: of instructions
 *
 * Return: 0 or -errno.
 */
int extmux_group_filter(int fd, struct sock_filter *filter, size_t n)
{
	struct sock_fprog prog;

	/* the kernel gets what is between its fields, too */
	memset(&prog, 0, sizeof(prog));
	prog.len = (unsigned short)n;
	prog.filter = filter;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog,
			  sizeof(prog)) ? -errno : 0;
}

/**
 * extmux_group_join() - one more socket at the address of a bound one
 * @sock: that
 * @filter, @n: as above
 *
 * Context: with the rights that the first one was bound with.
 * Return: a descriptor or -errno.
 */
int extmux_group_join(const struct extmux_socket *sock,
		      struct sock_filter *filter, size_t n)
{
	union net_addr addr = { 0 };
	socklen_t len = sizeof(int);
	int fd, ret, is_v6 = 0, one = 1;

	if (sock->family == AF_INET6)
		getsockopt(sock->fd, IPPROTO_IPV6, IPV6_V6ONLY, &is_v6, &len);
	fd = extmux_socket_second(sock->mux->cfg, sock->family, !is_v6);
	if (fd < 0)
		return fd;
	len = sizeof(addr);
	if (!getsockname(sock->fd, &addr.sa, &len) &&
	    !setsockopt(sock->fd, SOL_SOCKET, SO_REUSEPORT, &one,
			sizeof(one)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) &&
	    !bind(fd, &addr.sa, len))
		ret = extmux_group_filter(fd, filter, n);
	else
		ret = -errno;
	if (!ret) {
		extmux_udp_room(sock->mux->cfg, fd);
		return fd;
	}
	close(fd);
	return ret;
}

/**
 * extmux_apart_open() - make the second socket
 * @sock: of a server, for datagrams
 *
 * Context: with the rights that the first one was bound with.
 * Return: 0 or -errno.
 */
int extmux_apart_open(struct extmux_socket *sock)
{
	int fd = extmux_group_join(sock, apart_filter,
				   sizeof(apart_filter) /
				   sizeof(*apart_filter));

	if (fd < 0)
		return fd;
	sock->apart_io = loop_io_new(sock->mux->loop, fd, LOOP_READABLE,
				     apart_event, sock);
	if (!sock->apart_io) {
		close(fd);
		return -ENOMEM;
	}
	sock->apart_fd = fd;
	return 0;
}

/** extmux_apart_close() - close it, if there is one */
void extmux_apart_close(struct extmux_socket *sock)
{
	if (!sock->apart_io)
		return;
	loop_io_free(sock->apart_io);
	sock->apart_io = NULL;
	close(sock->apart_fd);
}
