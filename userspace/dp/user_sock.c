// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "dp/user.h"

union user_control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

sa_family_t user_sock_family(int fd)
{
	sa_family_t family = 0;
	socklen_t len = sizeof(int);
	int domain;

	if (!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len))
		family = (sa_family_t)domain;
	return family == AF_INET || family == AF_INET6 ? family : AF_UNSPEC;
}

/* An IPv4 remote on a dual-stack socket has to look like IPv6. */
static union net_addr user_sock_name(const struct user_peer *peer)
{
	union net_addr name = peer->cfg.remote;
	const struct sockaddr_in *in4 = &peer->cfg.remote.in4;

	if (peer->sock_family != AF_INET6 || name.sa.sa_family != AF_INET)
		return name;
	memset(&name, 0, sizeof(name));
	name.in6.sin6_family = AF_INET6;
	name.in6.sin6_port = in4->sin_port;
	name.in6.sin6_addr.s6_addr[10] = 0xff;
	name.in6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&name.in6.sin6_addr.s6_addr[12], &in4->sin_addr, 4);
	return name;
}

/* The address that the peer knows us by; the kernel takes this for mapped
 * destinations, too. */
static void user_sock_local(const union net_addr *local, struct msghdr *msg,
			    union user_control *control)
{
	struct in_pktinfo info4 = { 0 };
	struct in6_pktinfo info6 = { 0 };
	struct cmsghdr *cmsg;
	bool is_ipv4 = local->sa.sa_family == AF_INET;
	size_t len = is_ipv4 ? sizeof(info4) : sizeof(info6);

	memset(control, 0, sizeof(*control));
	msg->msg_control = control->buf;
	msg->msg_controllen = CMSG_SPACE(len);
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_len = CMSG_LEN(len);
	if (is_ipv4) {
		cmsg->cmsg_level = IPPROTO_IP;
		cmsg->cmsg_type = IP_PKTINFO;
		info4.ipi_spec_dst = local->in4.sin_addr;
		memcpy(CMSG_DATA(cmsg), &info4, len);
		return;
	}
	cmsg->cmsg_level = IPPROTO_IPV6;
	cmsg->cmsg_type = IPV6_PKTINFO;
	info6.ipi6_addr = local->in6.sin6_addr;
	info6.ipi6_ifindex = local->in6.sin6_scope_id;
	memcpy(CMSG_DATA(cmsg), &info6, len);
}

static int user_sock_try(struct user_peer *peer, struct msghdr *msg)
{
	ssize_t n;

	do {
		n = sendmsg(peer->cfg.fd, msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int user_sock_stream(struct user_peer *peer, const uint8_t *pkt,
			    size_t len)
{
	const struct dp_stream *stream = &peer->cfg.stream;
	int ret = stream->send(stream->arg, pkt, len);

	if (ret > 0)
		peer->is_stalled = true;
	return ret < 0 ? ret : 0;
}

static int user_sock_datagram(struct user_peer *peer, const uint8_t *pkt,
			      size_t len)
{
	union net_addr name = user_sock_name(peer);
	const union net_addr *local = &peer->cfg.local;
	struct iovec iov = { .iov_base = (void *)pkt, .iov_len = len };
	struct msghdr msg = {
		.msg_name = &name,
		.msg_namelen = net_addr_len(&name),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	union user_control control;
	int err;

	if (local->sa.sa_family &&
	    local->sa.sa_family == peer->cfg.remote.sa.sa_family)
		user_sock_local(local, &msg, &control);
	err = user_sock_try(peer, &msg);
	/* A pending ICMP error of an earlier packet is reported once. */
	if (err == -ECONNREFUSED)
		err = user_sock_try(peer, &msg);
	/* Our address has gone: let routing choose another one from now on. */
	if ((err == -EINVAL || err == -EADDRNOTAVAIL || err == -ENETUNREACH) &&
	    msg.msg_control) {
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
		err = user_sock_try(peer, &msg);
		if (!err)
			memset(&peer->cfg.local, 0, sizeof(peer->cfg.local));
	}
	return err;
}

int user_sock_send(struct user_peer *peer, const uint8_t *pkt, size_t len)
{
	return peer->cfg.is_tcp ? user_sock_stream(peer, pkt, len) :
				  user_sock_datagram(peer, pkt, len);
}
