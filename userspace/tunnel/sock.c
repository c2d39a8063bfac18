// SPDX-License-Identifier: GPL-2.0-or-later
/* The outer sockets, as the tunnels see them: by number. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tunnel/private.h"

/** tunnel_sock_fd() - see the fd of struct tunnel_outer */
int tunnel_sock_fd(const struct tunnel_host *host, unsigned int sock)
{
	const struct tunnel_outer *outer = &host->setup.outer;

	return outer->fd(outer->arg, sock);
}

/** tunnel_sock_of_fd() - the socket of a descriptor; false: it is none */
bool tunnel_sock_of_fd(const struct tunnel_host *host, int fd,
		       unsigned int *sock)
{
	int each;

	if (fd < 0)
		return false;
	for (unsigned int i = 0; (each = tunnel_sock_fd(host, i)) != -ENOENT;
	     i++) {
		if (each == fd) {
			*sock = i;
			return true;
		}
	}
	return false;
}

/**
 * tunnel_sock_id() - what a socket is known by in the next process, too
 * @host: the host
 * @sock: which one
 *
 * Return: its inode, which is the same as long as somebody holds it; 0: none.
 */
uint64_t tunnel_sock_id(const struct tunnel_host *host, unsigned int sock)
{
	int fd = tunnel_sock_fd(host, sock);
	struct stat st;

	return fd < 0 || fstat(fd, &st) ? 0 : st.st_ino;
}

/** tunnel_sock_of_id() - the way back; false: it is not there any more */
bool tunnel_sock_of_id(const struct tunnel_host *host, uint64_t id,
		       unsigned int *sock)
{
	for (unsigned int i = 0; tunnel_sock_fd(host, i) != -ENOENT; i++) {
		if (tunnel_sock_id(host, i) == id) {
			*sock = i;
			return true;
		}
	}
	return false;
}

static bool socket_fill(int fd, struct tunnel_socket_info *out)
{
	socklen_t len = sizeof(out->local), type_len = sizeof(int);
	int type = 0;

	memset(out, 0, sizeof(*out));
	if (fd < 0 || getsockname(fd, &out->local.sa, &len) ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len)) {
		out->local.sa.sa_family = AF_UNSPEC;
		return false;
	}
	out->is_tcp = type == SOCK_STREAM;
	return true;
}

static bool is_same_ip(const union net_addr *a, const union net_addr *b)
{
	union net_addr x = *a, y = *b;

	net_addr_unmap(&x);
	net_addr_unmap(&y);
	net_addr_set_port(&x, net_addr_port(&y));
	return net_addr_is_equal(&x, &y);
}

/**
 * tunnel_sock_at() - by which socket datagrams to an address come
 * @host: the host
 * @local: the address, with its port
 *
 * Return: the one that is bound there, or else one with that port, or else 0.
 */
unsigned int tunnel_sock_at(const struct tunnel_host *host,
			    const union net_addr *local)
{
	unsigned int best = 0, n_alike = 0;
	struct tunnel_socket_info info;
	int fd;

	for (unsigned int i = 0; (fd = tunnel_sock_fd(host, i)) != -ENOENT;
	     i++) {
		if (!socket_fill(fd, &info) || info.is_tcp ||
		    net_addr_port(&info.local) != net_addr_port(local))
			continue;
		if (is_same_ip(&info.local, local))
			return i;
		if (!n_alike++)
			best = i;
	}
	return best;
}

bool tunnel_host_socket(const struct tunnel_host *host, unsigned int n,
			struct tunnel_socket_info *out)
{
	int fd = tunnel_sock_fd(host, n);

	if (fd == -ENOENT)
		return false;
	socket_fill(fd, out);
	for (uint32_t i = 0; i < host->reg.max_tunnels; i++)
		out->n_tunnels += host->reg.by_id[i] &&
				  host->reg.by_id[i]->sock == n;
	return true;
}
