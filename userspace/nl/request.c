// SPDX-License-Identifier: GPL-2.0-or-later
#include "nl/request.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

int nl_socket_init(struct nl_socket *sock, int bus)
{
	struct timeval timeout = { .tv_sec = NL_TIMEOUT_S };
	int on = 1, err;

	memset(sock, 0, sizeof(*sock));
	sock->mnl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!sock->mnl)
		return -errno;
	if (mnl_socket_bind(sock->mnl, 0, MNL_SOCKET_AUTOPID) ||
	    setsockopt(mnl_socket_get_fd(sock->mnl), SOL_SOCKET, SO_RCVTIMEO,
		       &timeout, sizeof(timeout))) {
		err = -errno;
		nl_socket_close(sock);
		return err;
	}
	/* Better messages only; requests work without. */
	mnl_socket_setsockopt(sock->mnl, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(sock->mnl, NETLINK_CAP_ACK, &on, sizeof(on));
	sock->portid = mnl_socket_get_portid(sock->mnl);
	return 0;
}

void nl_socket_close(struct nl_socket *sock)
{
	if (sock->mnl)
		mnl_socket_close(sock->mnl);
	sock->mnl = NULL;
}

struct nlmsghdr *nl_request_init(struct nl_socket *sock, void *buf,
				 uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh;

	memset(buf, 0, NL_REQUEST_MAX);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++sock->seq;
	return nlh;
}

/* The attributes of an acknowledgement follow the header that it echoes. */
static void nl_error_text(struct nl_socket *sock, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *nlerr = mnl_nlmsg_get_payload(nlh);
	size_t offset = sizeof(*nlerr);
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
		if (nlerr->msg.nlmsg_len < sizeof(nlerr->msg))
			return;
		offset += nlerr->msg.nlmsg_len - sizeof(nlerr->msg);
	}
	if (offset > mnl_nlmsg_get_payload_len(nlh))
		return;
	mnl_attr_for_each(attr, nlh, offset) {
		if (mnl_attr_get_type(attr) != NLMSGERR_ATTR_MSG ||
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
			continue;
		snprintf(sock->error, sizeof(sock->error), "%s",
			 mnl_attr_get_str(attr));
	}
}

static int nl_receive(struct nl_socket *sock, void *buf, size_t *len)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = buf, .iov_len = NL_REPLY_MAX };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t n;

	do {
		n = recvmsg(mnl_socket_get_fd(sock->mnl), &msg, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	/* Only the kernel answers; others are ignored. */
	*len = from.nl_pid ? 0 : (size_t)n;
	return 0;
}

/* 1: the request is finished, *err says how */
static int nl_message(struct nl_socket *sock, const struct nlmsghdr *nlh,
		      int *err)
{
	const struct nlmsgerr *nlerr;
	const int *done;

	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
		nlerr = mnl_nlmsg_get_payload(nlh);
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*nlerr))
			return 0;
		*err = nlerr->error;
		if (*err)
			nl_error_text(sock, nlh);
		return 1;
	case NLMSG_DONE:
		done = mnl_nlmsg_get_payload(nlh);
		*err = mnl_nlmsg_get_payload_len(nlh) >= sizeof(*done) &&
		       *done < 0 ? *done : 0;
		return 1;
	}
	return 0;
}

int nl_request(struct nl_socket *sock, struct nlmsghdr *nlh,
	       int (*on_data)(void *arg, const struct nlmsghdr *nlh),
	       void *arg)
{
	static _Thread_local _Alignas(struct nlmsghdr) char buf[NL_REPLY_MAX];
	int err = 0, data_err = 0, left;
	struct nlmsghdr *pos;
	size_t len = 0;

	sock->error[0] = '\0';
	if (mnl_socket_sendto(sock->mnl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		err = nl_receive(sock, buf, &len);
		if (err)
			return err;
		left = (int)len;
		for (pos = (void *)buf; mnl_nlmsg_ok(pos, left);
		     pos = mnl_nlmsg_next(pos, &left)) {
			if (pos->nlmsg_seq != nlh->nlmsg_seq ||
			    pos->nlmsg_pid != sock->portid)
				continue;
			if (nl_message(sock, pos, &err))
				return err ? err : data_err;
			if (pos->nlmsg_type >= NLMSG_MIN_TYPE && on_data &&
			    !data_err)
				data_err = on_data(arg, pos);
		}
	}
}
