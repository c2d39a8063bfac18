// SPDX-License-Identifier: GPL-2.0-or-later
/* Datagrams, with the local address that each came to. */
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include "extmux/private.h"

/* Is it a data packet (section 1.2)? A run is of one flow, and of these. */
static bool is_data(const struct userdp_datagram *gram)
{
	uint8_t op = gram->len ? gram->data[0] >> 3 : 0;

	return op == PROTO_DATA_V1 || op == PROTO_DATA_V2;
}

/* One datagram, or a run of them. */
static void receive_run(struct extmux_socket *sock,
			const struct userdp_datagram *gram)
{
	const struct tunnel_way way = {
		&gram->from, &gram->local, sock->index,
	};
	size_t left = gram->len, len;
	const uint8_t *pkt = gram->data;

	for (; left && sock->fd >= 0; left -= len, pkt += len) {
		len = left < gram->size ? left : gram->size;
		tunnel_host_input(sock->mux->host, pkt, len, &way);
	}
}

/*
 * Data packets first: they are many and cost little, and those whose they are
 * wait for nobody's handshake. With many control packets the rest of the loop
 * has its turn before more are taken.
 *
 * Return: is there perhaps more? Adds what there was to @n_bytes.
 */
static bool receive_batch(struct extmux_socket *sock, int fd, uint16_t port,
			  size_t *n_bytes)
{
	struct userdp_datagram grams[USERDP_RX_BATCH];
	unsigned int batch = sock->batch, n_control = 0;
	struct extmux *mux = sock->mux;
	size_t before = *n_bytes;
	int n = userdp_rx_receive(&mux->rx, fd, port, batch, grams);

	tunnel_host_batch_begin(mux->host);
	for (int i = 0; i < n && sock->fd >= 0; i++) {
		*n_bytes += grams[i].len;
		if (is_data(&grams[i]))
			receive_run(sock, &grams[i]);
		else
			n_control++;
	}
	tunnel_host_batch_end(mux->host);
	for (int i = 0; n_control && i < n && sock->fd >= 0; i++)
		if (!is_data(&grams[i]))
			receive_run(sock, &grams[i]);
	sock->batch = userdp_rx_batch(batch, n, *n_bytes - before);
	if (n_control >= EXTMUX_CONTROL)
		sock->batch = EXTMUX_CONTROL;
	return n == (int)batch && n_control <= EXTMUX_CONTROL / 2;
}

/**
 * extmux_udp_receive() - take what has arrived, a bounded amount
 * @sock: a client's may be closed by what is received
 * @fd: its own, or the second one
 */
void extmux_udp_receive(struct extmux_socket *sock, int fd)
{
	union net_addr addr = { 0 };
	socklen_t len = sizeof(addr);
	size_t n_bytes = 0;
	uint16_t port;

	if (getsockname(fd, &addr.sa, &len))
		return;
	port = net_addr_port(&addr);
	for (int i = 0; i < USERDP_RX_ROUNDS && sock->fd >= 0; i++)
		if (!receive_batch(sock, fd, port, &n_bytes) ||
		    n_bytes >= USERDP_RX_BYTES)
			return;
}

/**
 * extmux_udp_room() - room for a few bursts of data packets
 * @cfg: may say how much
 * @fd: the system's default holds hardly two
 */
void extmux_udp_room(const struct config *cfg, int fd)
{
	int room = EXTMUX_RCVBUF;

	/* an old kernel may refuse any of these */
	if (!cfg->rcvbuf &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
}

/**
 * extmux_udp_tune() - prepare a socket for whoever takes data packets from it
 * @sock: any
 *
 * Where they come through the socket, bursts are received in one piece, and
 * there is room for a few of them. The module merges by itself and must not get
 * what the kernel has merged; the socket may be an older one that was passed
 * on.
 */
void extmux_udp_tune(struct extmux_socket *sock)
{
	const struct extmux *mux = sock->mux;
	int is_read;

	if (sock->fd < 0 || !mux->host || sock->is_listener)
		return;
	is_read = !mux->is_guarded;
	setsockopt(sock->fd, SOL_UDP, UDP_GRO, &is_read, sizeof(is_read));
	if (is_read)
		extmux_udp_room(mux->cfg, sock->fd);
}

static void put_cmsg(struct msghdr *hdr, int level, int type, const void *data,
		     size_t len)
{
	struct cmsghdr *cm = hdr->msg_control;

	hdr->msg_controllen = CMSG_SPACE(len);
	cm->cmsg_level = level;
	cm->cmsg_type = type;
	cm->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(cm), data, len);
}

/* IPv4 addresses on a dual-stack socket are v4-mapped ones. */
static void map_in4(const union net_addr *addr, union net_addr *out)
{
	memset(out, 0, sizeof(*out));
	out->in6.sin6_family = AF_INET6;
	out->in6.sin6_port = addr->in4.sin_port;
	out->in6.sin6_addr.s6_addr[10] = 0xff;
	out->in6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&out->in6.sin6_addr.s6_addr[12], &addr->in4.sin_addr, 4);
}

static void set_local(const struct extmux_socket *sock, struct msghdr *hdr,
		      const union net_addr *local)
{
	if (local->sa.sa_family == AF_INET && sock->family == AF_INET) {
		struct in_pktinfo info = {
			.ipi_spec_dst = local->in4.sin_addr,
		};

		put_cmsg(hdr, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else if (local->sa.sa_family != AF_UNSPEC) {
		struct in6_pktinfo info = { 0 };
		union net_addr mapped = *local;

		if (local->sa.sa_family == AF_INET)
			map_in4(local, &mapped);
		info.ipi6_addr = mapped.in6.sin6_addr;
		info.ipi6_ifindex = mapped.in6.sin6_scope_id;
		put_cmsg(hdr, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
}

/*
 * Data packets may have filled the socket's buffer, and do so again as soon as
 * there is room. Control packets are few and must not wait for that: for one of
 * them the buffer is larger.
 */
static int send_in_front(int fd, const struct msghdr *hdr)
{
	int size, wide, narrow, ret;
	socklen_t len = sizeof(size);

	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len))
		return -EAGAIN;
	/* the kernel doubles what it is given */
	wide = size;
	narrow = size / 2;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wide, sizeof(wide)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wide, sizeof(wide));
	ret = sendmsg(fd, hdr, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &narrow,
		       sizeof(narrow)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &narrow,
			   sizeof(narrow));
	return ret;
}

/**
 * extmux_udp_send() - one datagram
 * @sock: of datagrams
 * @remote: destination
 * @local: source address, AF_UNSPEC to let routing choose
 * @pkt: payload
 * @len: its size
 *
 * Return: 0 or -errno.
 */
int extmux_udp_send(const struct extmux_socket *sock,
		    const union net_addr *remote, const union net_addr *local,
		    const uint8_t *pkt, size_t len)
{
	union net_addr to = *remote;
	union extmux_cmsg cmsg = { 0 };
	struct iovec iov = { (void *)(uintptr_t)pkt, len };
	struct msghdr hdr = {
		.msg_name = &to,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &cmsg,
	};

	if (sock->fd < 0)
		return -ENOTCONN;
	if (sock->family == AF_INET6 && remote->sa.sa_family == AF_INET)
		map_in4(remote, &to);
	hdr.msg_namelen = net_addr_len(&to);
	set_local(sock, &hdr, local);
	if (sendmsg(sock->fd, &hdr, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	return errno == EAGAIN ? send_in_front(sock->fd, &hdr) : -errno;
}
