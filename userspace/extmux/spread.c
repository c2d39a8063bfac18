// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sockets for data packets, one for each thread that carries them, beside one
 * of the main loop's. They are a group (SO_REUSEPORT) in which a filter of the
 * kernel's chooses: data packets are for the thread whose peer they name, those
 * without a peer id for the first one, and everything else is for the socket
 * that was there before. Packets that come while the group is made, or behind
 * one of another kind in a run, find their way, too.
 *
 * When the process ends, its sockets leave the group; what comes before the
 * next one has made its own waits in the first socket, if that is kept. So does
 * what comes from extmux_spread_gather() on, with which an orderly end begins.
 */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "extmux/private.h"
#include "log/log.h"

/* In words of the wire; the socket by its place in the group. */
static int spread_join(const struct extmux_socket *sock, unsigned int n)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 3),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROTO_DATA_V1, 7, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROTO_DATA_V2, 0, 7),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PROTO_PEER_ID_NONE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROTO_PEER_ID_NONE, 3, 0),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, n),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1),
		BPF_STMT(BPF_RET | BPF_A, 0),
		BPF_STMT(BPF_RET | BPF_K, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	int one = 1, fd;

	fd = extmux_group_join(sock, filter, sizeof(filter) / sizeof(*filter));
	if (fd >= 0)
		setsockopt(fd, SOL_UDP, UDP_GRO, &one, sizeof(one));
	return fd;
}

/* A client's socket may have no port yet, and gets the one it would get. */
static int spread_bind(const struct extmux_socket *sock)
{
	union net_addr addr = { 0 };
	socklen_t len = sizeof(addr);

	if (getsockname(sock->fd, &addr.sa, &len))
		return -errno;
	if (net_addr_port(&addr))
		return 0;
	return bind(sock->fd, &addr.sa, len) ? -errno : 0;
}

/**
 * extmux_spread_open() - make sockets for the threads that carry data
 * @sock: any; without threads, and for connections, nothing is done
 *
 * If that fails, @sock gets their packets.
 */
void extmux_spread_open(struct extmux_socket *sock)
{
	struct tunnel_host *host = sock->mux->host;
	unsigned int n;
	int ret, fd;

	if (!host || sock->fd < 0 || sock->is_listener)
		return;
	n = tunnel_host_data_threads(host);
	if (!n)
		return;
	ret = spread_bind(sock);
	while (!ret && sock->n_spread < n) {
		fd = spread_join(sock, n);
		if (fd < 0)
			ret = fd;
		else
			sock->spread_fds[sock->n_spread++] = fd;
	}
	if (!ret)
		ret = tunnel_host_sockets_add(host, sock->fd, sock->spread_fds);
	if (!ret)
		return;
	log_info("data packets come through the main loop: %s",
		 strerror(-ret));
	extmux_spread_close(sock);
}

/** extmux_spread_gather() - everything that comes is for the first socket */
void extmux_spread_gather(const struct extmux_socket *sock)
{
	struct sock_filter filter[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	int ret;

	if (!sock->n_spread)
		return;
	ret = extmux_group_filter(sock->fd, filter, 1);
	if (ret)
		log_debug("SO_ATTACH_REUSEPORT_CBPF: %s", strerror(-ret));
}

/** extmux_spread_close() - close them, if there are any */
void extmux_spread_close(struct extmux_socket *sock)
{
	if (sock->n_spread && sock->mux->host)
		tunnel_host_sockets_del(sock->mux->host, sock->fd);
	while (sock->n_spread)
		close(sock->spread_fds[--sock->n_spread]);
}
