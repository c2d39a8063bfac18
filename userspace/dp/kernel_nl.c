// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "dp/kernel.h"
#include "log/log.h"
#include "mem/mem.h"
#include "nl/nl.h"

#define KERNEL_REPLY_MAX	32768	/* a dump fills at most 32 KiB */
#define KERNEL_TIMEOUT_S	10	/* deleting a peer waits for RCU */

static int kernel_nl_errno(int nle)
{
	switch (-nle) {
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_AGAIN:
		return -ETIMEDOUT;
	}
	return -EIO;
}

int kernel_nl_open(struct nl_sock **sock, int *family)
{
	struct timeval limit = { .tv_sec = KERNEL_TIMEOUT_S };
	struct nl_sock *sk = nl_socket_alloc();
	int on = 1, ret;

	if (!sk)
		return -ENOMEM;
	ret = genl_connect(sk);
	if (ret < 0)
		goto free;
	setsockopt(nl_socket_get_fd(sk), SOL_SOCKET, SO_RCVTIMEO, &limit,
		   sizeof(limit));
	/* Better messages only; requests work without. */
	setsockopt(nl_socket_get_fd(sk), SOL_NETLINK, NETLINK_EXT_ACK, &on,
		   sizeof(on));
	setsockopt(nl_socket_get_fd(sk), SOL_NETLINK, NETLINK_CAP_ACK, &on,
		   sizeof(on));
	ret = genl_ctrl_resolve(sk, nl_ovpn_name());
	if (ret < 0)
		goto free;
	*family = ret;
	*sock = sk;
	return 0;
free:
	nl_socket_free(sk);
	return kernel_nl_errno(ret);
}

/* @ifindex: 0: a request that is about no device */
static struct nl_msg *kernel_msg_make(uint32_t ifindex, int family,
				      uint8_t cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg)
		return NULL;
	/* version and first attribute are the same in both families */
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0,
			 NLM_F_REQUEST | flags, cmd, OVPN_FAMILY_VERSION) ||
	    (ifindex && nla_put_u32(msg, OVPN_A_IFINDEX, ifindex))) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

struct nl_msg *kernel_msg_new(struct dp_kernel *kernel, uint8_t cmd, int flags)
{
	return kernel_msg_make((uint32_t)kernel->base.ifindex, kernel->family,
			       cmd, flags);
}

struct nl_msg *kernel_x_msg_new(struct dp_kernel *kernel, uint8_t cmd,
				int flags)
{
	return kernel_msg_make(cmd == OVPNX_CMD_GET_FEATURES ? 0 :
			       (uint32_t)kernel->base.ifindex,
			       kernel->family_x, cmd, flags);
}

struct nlattr *kernel_nest_start(struct nl_msg *msg, int type)
{
	struct nlattr *nest = nla_nest_start(msg, type);

	/* libnl leaves the flag out, the kernel is strict. */
	if (nest)
		nest->nla_type |= NLA_F_NESTED;
	return nest;
}

void kernel_msg_free_take(struct nl_msg *msg)
{
	mem_wipe(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len);
	nlmsg_free(msg);
}

int kernel_msg_parse(struct nlmsghdr *nlh, struct nlattr **attrs)
{
	struct genlmsghdr *genl;

	if (!genlmsg_valid_hdr(nlh, 0))
		return -EBADMSG;
	genl = genlmsg_hdr(nlh);
	if (nla_parse(attrs, KERNEL_A_MAX, genlmsg_attrdata(genl, 0),
		      genlmsg_attrlen(genl, 0), NULL))
		return -EBADMSG;
	return genl->cmd;
}

/* The attributes of an acknowledgement follow the header that it echoes. */
static void kernel_log_error(struct nlmsghdr *nlh, const struct nlmsgerr *nlerr)
{
	struct nlattr *attrs[NLMSGERR_ATTR_MAX + 1] = { 0 };
	size_t offset = sizeof(*nlerr);
	const char *text = "";
	int len = 0;

	if (!(nlh->nlmsg_flags & NLM_F_CAPPED) &&
	    nlerr->msg.nlmsg_len >= sizeof(nlerr->msg))
		offset += nlerr->msg.nlmsg_len - sizeof(nlerr->msg);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS &&
	    offset < (size_t)nlmsg_datalen(nlh) &&
	    !nla_parse(attrs, NLMSGERR_ATTR_MAX,
		       (struct nlattr *)((char *)nlmsg_data(nlh) + offset),
		       nlmsg_datalen(nlh) - (int)offset, NULL) &&
	    attrs[NLMSGERR_ATTR_MSG]) {
		text = nla_data(attrs[NLMSGERR_ATTR_MSG]);
		len = nla_len(attrs[NLMSGERR_ATTR_MSG]);
	}
	log_debug("ovpn netlink: %s%s%.*s", strerror(-nlerr->error),
		  len ? ": " : "", len, text);
}

static int kernel_receive(struct nl_sock *sock, void *buf, size_t *len)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = buf, .iov_len = KERNEL_REPLY_MAX };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t n;

	do {
		n = recvmsg(nl_socket_get_fd(sock), &msg, 0);
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
static int kernel_message(struct nlmsghdr *nlh, int *err)
{
	const struct nlmsgerr *nlerr;

	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
		if (nlmsg_datalen(nlh) < (int)sizeof(*nlerr))
			return 0;
		nlerr = nlmsg_data(nlh);
		*err = nlerr->error;
		if (*err)
			kernel_log_error(nlh, nlerr);
		return 1;
	case NLMSG_DONE:
		*err = 0;
		if (nlmsg_datalen(nlh) >= (int)sizeof(int))
			memcpy(err, nlmsg_data(nlh), sizeof(*err));
		if (*err > 0)
			*err = 0;
		return 1;
	}
	return 0;
}

static bool kernel_is_family(const struct dp_kernel *kernel, int type)
{
	return type == kernel->family ||
	       (kernel->family_x && type == kernel->family_x);
}

static int kernel_answers(struct dp_kernel *kernel, uint32_t seq,
			  int (*on_data)(void *arg, struct nlattr **attrs),
			  void *arg)
{
	static _Thread_local _Alignas(struct nlmsghdr) char
		buf[KERNEL_REPLY_MAX];
	uint32_t port = nl_socket_get_local_port(kernel->sock);
	struct nlattr *attrs[KERNEL_A_MAX + 1];
	int err = 0, data_err = 0, left;
	struct nlmsghdr *nlh;
	size_t len = 0;

	for (;;) {
		err = kernel_receive(kernel->sock, buf, &len);
		if (err)
			return err;
		left = (int)len;
		for (nlh = (void *)buf; nlmsg_ok(nlh, left);
		     nlh = nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_seq != seq || nlh->nlmsg_pid != port)
				continue;
			if (kernel_message(nlh, &err))
				return err ? err : data_err;
			if (!kernel_is_family(kernel, nlh->nlmsg_type) ||
			    !on_data || data_err)
				continue;
			data_err = kernel_msg_parse(nlh, attrs);
			if (data_err >= 0)
				data_err = on_data(arg, attrs);
		}
	}
}

int kernel_msg_send_take(struct dp_kernel *kernel, struct nl_msg *msg,
			 int (*on_data)(void *arg, struct nlattr **attrs),
			 void *arg)
{
	uint32_t seq;
	int err;

	/* A dump ends by itself. */
	if (!(nlmsg_hdr(msg)->nlmsg_flags & NLM_F_DUMP))
		nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
	nl_socket_disable_auto_ack(kernel->sock);
	err = nl_send_auto(kernel->sock, msg);
	seq = nlmsg_hdr(msg)->nlmsg_seq;
	kernel_msg_free_take(msg);
	if (err < 0)
		return kernel_nl_errno(err);
	return kernel_answers(kernel, seq, on_data, arg);
}
