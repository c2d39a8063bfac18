// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams through a SOCKS proxy. Each has a header in front, which neither
 * the module nor the userspace data path knows of. So they go to a socket of
 * ours on lo, whose other side talks to the proxy:
 *
 *	tunnel's socket <--- lo ---> @inner | @outer <--- header ---> proxy
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "extmux/private.h"
#include "log/log.h"
#include "proto/proto.h"

#define BATCH		32	/* datagrams for each wake-up and direction */
#define DATAGRAM_MAX	65536

/**
 * struct extmux_relay - owned by the connection to the proxy
 * @client: the tunnel's socket; AF_UNSPEC: it has not sent yet
 * @head, @head_len: in front of what goes to the proxy
 * @buf: room for a header and a datagram
 */
struct extmux_relay {
	struct extmux *mux;
	int inner, outer;
	struct loop_io *inner_io, *outer_io;
	union net_addr client;
	uint8_t head[PROTO_SOCKS_REQUEST_MAX];
	size_t head_len;
	uint8_t buf[PROTO_SOCKS_REQUEST_MAX + DATAGRAM_MAX];
};

/* Anybody on this machine can send here; only the tunnel's socket is heard. */
static bool is_client(struct extmux_relay *relay, const union net_addr *from)
{
	union net_addr own = { 0 };
	socklen_t len = sizeof(own);
	int fd = relay->mux->socks[0].fd;

	if (relay->client.sa.sa_family != AF_UNSPEC)
		return net_addr_is_equal(from, &relay->client);
	if (fd < 0 || getsockname(fd, &own.sa, &len) ||
	    net_addr_port(&own) != net_addr_port(from))
		return false;
	relay->client = *from;
	return true;
}

static void relay_out(struct loop_io *io, unsigned int events, void *arg)
{
	struct extmux_relay *relay = arg;
	uint8_t *data = relay->buf + relay->head_len;

	(void)io;
	(void)events;
	for (unsigned int i = 0; i < BATCH; i++) {
		union net_addr from = { 0 };
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(relay->inner, data, DATAGRAM_MAX,
				     MSG_DONTWAIT, &from.sa, &from_len);

		if (n < 0)
			return;
		if (!is_client(relay, &from))
			continue;
		memcpy(relay->buf, relay->head, relay->head_len);
		/* what cannot be sent is lost, as on any network */
		(void)!send(relay->outer, relay->buf,
			    relay->head_len + (size_t)n, MSG_DONTWAIT);
	}
}

static void relay_in(struct loop_io *io, unsigned int events, void *arg)
{
	struct extmux_relay *relay = arg;
	size_t head_len;

	(void)io;
	(void)events;
	for (unsigned int i = 0; i < BATCH; i++) {
		ssize_t n = recv(relay->outer, relay->buf, sizeof(relay->buf),
				 MSG_DONTWAIT);

		/* an ICMP error of an earlier datagram is not the end */
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 || relay->client.sa.sa_family == AF_UNSPEC ||
		    proto_socks_udp_parse(relay->buf, (size_t)n, &head_len))
			continue;
		(void)!sendto(relay->inner, relay->buf + head_len,
			      (size_t)n - head_len, MSG_DONTWAIT,
			      &relay->client.sa,
			      net_addr_len(&relay->client));
	}
}

/* The side of the tunnel: an address on lo. */
static int inner_open(struct extmux_relay *relay, union net_addr *addr)
{
	socklen_t len = sizeof(*addr);

	relay->inner = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK |
			      SOCK_CLOEXEC, 0);
	if (relay->inner < 0)
		return -errno;
	memset(addr, 0, sizeof(*addr));
	addr->in4.sin_family = AF_INET;
	addr->in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(relay->inner, &addr->sa, net_addr_len(addr)) ||
	    getsockname(relay->inner, &addr->sa, &len))
		return -errno;
	return 0;
}

static int outer_open(struct extmux_relay *relay, const union net_addr *to)
{
	/* a port that is configured is the tunnel's socket's */
	relay->outer = extmux_socket_plain(relay->mux->cfg, to->sa.sa_family,
					   SOCK_DGRAM);
	if (relay->outer < 0)
		return relay->outer;
	return connect(relay->outer, &to->sa, net_addr_len(to)) ? -errno : 0;
}

static int relay_open(struct extmux_relay *relay, struct extmux_conn *conn,
		      const union net_addr *to)
{
	struct loop *loop = relay->mux->loop;
	int ret;

	if (proto_socks_udp_head(conn->via->host, conn->via->port, relay->head,
				 sizeof(relay->head), &relay->head_len))
		return -ENAMETOOLONG;
	ret = outer_open(relay, to);
	if (!ret)
		ret = inner_open(relay, &conn->link.relay);
	if (ret)
		return ret;
	relay->inner_io = loop_io_new(loop, relay->inner, LOOP_READABLE,
				      relay_out, relay);
	relay->outer_io = loop_io_new(loop, relay->outer, LOOP_READABLE,
				      relay_in, relay);
	return relay->inner_io && relay->outer_io ? 0 : -ENOMEM;
}

/**
 * extmux_relay_new() - forward datagrams through a proxy
 * @conn: to the proxy; its link gets the address that the tunnel sends to
 * @to: where the proxy takes them
 * @out: freed by extmux_relay_free()
 *
 * Return: 0 or -errno.
 */
int extmux_relay_new(struct extmux_conn *conn, const union net_addr *to,
		     struct extmux_relay **out)
{
	struct extmux_relay *relay = calloc(1, sizeof(*relay));
	int ret;

	if (!relay)
		return -ENOMEM;
	relay->mux = conn->mux;
	relay->inner = -1;
	relay->outer = -1;
	ret = relay_open(relay, conn, to);
	if (ret) {
		extmux_relay_free(relay);
		return ret;
	}
	*out = relay;
	return 0;
}

void extmux_relay_free(struct extmux_relay *relay)
{
	if (!relay)
		return;
	loop_io_free(relay->inner_io);
	loop_io_free(relay->outer_io);
	if (relay->inner >= 0)
		close(relay->inner);
	if (relay->outer >= 0)
		close(relay->outer);
	free(relay);
}
