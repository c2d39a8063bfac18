// SPDX-License-Identifier: GPL-2.0-or-later
#include "priv/priv.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "priv/helper.h"
#include "priv/message.h"

#define PRIV_STOP_S	10	/* the helper's work after BYE is bounded */

struct priv {
	int sock;
	pid_t pid;
	char text[PRIV_TEXT_LEN];
};

/* Take the descriptor out of the control data, -1 when there is none. */
static int priv_control_fd(struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (cmsg && cmsg->cmsg_level == SOL_SOCKET &&
	    cmsg->cmsg_type == SCM_RIGHTS &&
	    cmsg->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

static int priv_read_reply(struct priv *priv, struct priv_reply *reply)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = reply, .iov_len = sizeof(*reply) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	ssize_t n;

	do {
		n = recvmsg(priv->sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(*reply)) {
		snprintf(priv->text, sizeof(priv->text),
			 "the privileged helper has ended");
		return -EPIPE;
	}
	reply->link.fd = priv_control_fd(&msg);
	memcpy(priv->text, reply->text, sizeof(priv->text));
	priv->text[sizeof(priv->text) - 1] = '\0';
	return reply->err;
}

static int priv_write_request(struct priv *priv,
			      const struct priv_request *req)
{
	ssize_t n;

	do {
		n = send(priv->sock, req, sizeof(*req), MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*req) ? 0 : -EPIPE;
}

static int priv_call(struct priv *priv, const struct priv_request *req,
		     struct priv_reply *reply)
{
	if (priv_write_request(priv, req)) {
		snprintf(priv->text, sizeof(priv->text),
			 "the privileged helper has ended");
		return -EPIPE;
	}
	return priv_read_reply(priv, reply);
}

int priv_start(struct priv **out)
{
	struct priv_reply reply;
	struct priv *priv;
	int pair[2], err;

	priv = calloc(1, sizeof(*priv));
	if (!priv)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		err = -errno;
		goto free;
	}
	priv->sock = pair[0];
	priv->pid = fork();
	if (priv->pid < 0) {
		err = -errno;
		close(pair[1]);
		goto close;
	}
	if (!priv->pid)
		priv_helper_main(pair[1]);
	close(pair[1]);
	err = priv_read_reply(priv, &reply);
	if (err) {
		waitpid(priv->pid, NULL, 0);
		goto close;
	}
	*out = priv;
	return 0;
close:
	close(priv->sock);
free:
	free(priv);
	return err;
}

void priv_stop(struct priv *priv)
{
	struct timeval limit = { .tv_sec = PRIV_STOP_S };
	struct priv_request bye = { .op = PRIV_OP_BYE };
	char byte;

	if (!priv)
		return;
	setsockopt(priv->sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	/* The end of the stream says that all is undone. */
	if (!priv_write_request(priv, &bye)) {
		while (recv(priv->sock, &byte, 1, 0) < 0 && errno == EINTR)
			;
	}
	close(priv->sock);
	/* Not our child any more when the daemon went to the background. */
	waitpid(priv->pid, NULL, 0);
	free(priv);
}

const char *priv_error(const struct priv *priv)
{
	return priv->text;
}

int priv_link_open(struct priv *priv, enum priv_link_kind kind,
		   const char *name, struct priv_link *out)
{
	struct priv_request req = { .op = PRIV_OP_LINK_OPEN, .kind = kind };
	struct priv_reply reply;
	int err;

	if (strlen(name) >= sizeof(req.name)) {
		snprintf(priv->text, sizeof(priv->text),
			 "device name is too long");
		return -EINVAL;
	}
	memcpy(req.name, name, strlen(name));
	err = priv_call(priv, &req, &reply);
	if (err)
		return err;
	*out = reply.link;
	out->name[sizeof(out->name) - 1] = '\0';
	return 0;
}

int priv_link_adopt(struct priv *priv, int fd, struct priv_link *out)
{
	struct priv_request req = { .op = PRIV_OP_LINK_ADOPT };
	struct priv_reply reply;
	struct ifreq ifr;
	int err;

	memset(&ifr, 0, sizeof(ifr));
	if (ioctl(fd, TUNGETIFF, &ifr))
		return -errno;
	memcpy(req.name, ifr.ifr_name, sizeof(req.name) - 1);
	req.kind = ifr.ifr_flags & IFF_MULTI_QUEUE ? PRIV_LINK_TUN_QUEUES :
						     PRIV_LINK_TUN;
	err = priv_call(priv, &req, &reply);
	if (err)
		return err;
	*out = reply.link;
	out->name[sizeof(out->name) - 1] = '\0';
	out->fd = fd;
	return 0;
}

int priv_link_hold(struct priv *priv, int ifindex, int *fd)
{
	struct priv_request req = {
		.op = PRIV_OP_LINK_HOLD,
		.ifindex = ifindex,
	};
	struct priv_reply reply;
	int err = priv_call(priv, &req, &reply);

	*fd = err ? -1 : reply.link.fd;
	return err;
}

int priv_hold_name(int fd, char name[16])
{
	static const char prefix[] = PRIV_LOCK_PREFIX PRIV_HOLD_PREFIX;
	const size_t begin = offsetof(struct sockaddr_un, sun_path) + 1;
	struct sockaddr_un addr;
	socklen_t len = sizeof(addr);
	size_t n = sizeof(prefix) - 1;

	if (getsockname(fd, (struct sockaddr *)&addr, &len) ||
	    addr.sun_family != AF_UNIX || len > sizeof(addr) ||
	    len <= begin + n || len - begin - n >= IFNAMSIZ ||
	    addr.sun_path[0] || memcmp(addr.sun_path + 1, prefix, n))
		return -EINVAL;
	len -= (socklen_t)(begin + n);
	memcpy(name, addr.sun_path + 1 + n, len);
	name[len] = '\0';
	return 0;
}

int priv_link_close(struct priv *priv, int ifindex)
{
	struct priv_request req = {
		.op = PRIV_OP_LINK_CLOSE,
		.ifindex = ifindex,
	};
	struct priv_reply reply;

	return priv_call(priv, &req, &reply);
}

int priv_link_up(struct priv *priv, int ifindex, unsigned int mtu,
		 unsigned int txqueuelen)
{
	struct priv_request req = {
		.op = PRIV_OP_LINK_UP,
		.ifindex = ifindex,
		.mtu = mtu,
		.txqueuelen = txqueuelen,
	};
	struct priv_reply reply;

	return priv_call(priv, &req, &reply);
}

/*
 * What goes to another process is fields and zeros, not what the stack had
 * where an address of its family has nothing.
 */
static void priv_put_ip(struct net_ip *out, const struct net_ip *ip)
{
	out->family = ip->family;
	if (ip->family == AF_INET)
		out->in4 = ip->in4;
	else if (ip->family == AF_INET6)
		out->in6 = ip->in6;
}

static void priv_put_prefix(struct net_prefix *out,
			    const struct net_prefix *prefix)
{
	priv_put_ip(&out->ip, &prefix->ip);
	out->len = prefix->len;
}

int priv_addr_add(struct priv *priv, int ifindex,
		  const struct net_prefix *addr, const struct net_ip *peer)
{
	struct priv_request req = {
		.op = PRIV_OP_ADDR_ADD,
		.ifindex = ifindex,
	};
	struct priv_reply reply;

	priv_put_prefix(&req.addr, addr);
	if (peer)
		priv_put_ip(&req.peer, peer);
	return priv_call(priv, &req, &reply);
}

int priv_addr_del(struct priv *priv, int ifindex,
		  const struct net_prefix *addr)
{
	struct priv_request req = {
		.op = PRIV_OP_ADDR_DEL,
		.ifindex = ifindex,
	};
	struct priv_reply reply;

	priv_put_prefix(&req.addr, addr);
	return priv_call(priv, &req, &reply);
}

int priv_socket_remove_later(struct priv *priv, const char *path)
{
	struct priv_request req = { .op = PRIV_OP_SOCKET };
	struct priv_reply reply;

	if (strlen(path) >= sizeof(req.path))
		return -EPERM;
	memcpy(req.path, path, strlen(path));
	return priv_call(priv, &req, &reply);
}

static int priv_route_call(struct priv *priv, enum priv_op op,
			   const struct priv_route *route)
{
	struct priv_request req = { .op = op };
	struct priv_reply reply;

	priv_put_prefix(&req.route.dst, &route->dst);
	priv_put_ip(&req.route.gateway, &route->gateway);
	req.route.ifindex = route->ifindex;
	req.route.metric = route->metric;
	req.route.table = route->table;
	req.route.is_unreachable = route->is_unreachable;
	return priv_call(priv, &req, &reply);
}

int priv_route_add(struct priv *priv, const struct priv_route *route)
{
	return priv_route_call(priv, PRIV_OP_ROUTE_ADD, route);
}

int priv_route_del(struct priv *priv, const struct priv_route *route)
{
	return priv_route_call(priv, PRIV_OP_ROUTE_DEL, route);
}

int priv_route_get(struct priv *priv, const struct net_ip *dst,
		   struct priv_route *out)
{
	struct priv_request req = { .op = PRIV_OP_ROUTE_GET };
	struct priv_reply reply;
	int err;

	priv_put_ip(&req.route.dst.ip, dst);
	err = priv_call(priv, &req, &reply);
	if (!err)
		*out = reply.route;
	return err;
}
