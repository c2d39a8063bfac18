// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to the family "ovpn" by libnl: a second implementation of netlink,
 * so that an error of one in making or reading messages does not hide.
 */
#include <errno.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "ovpn_libnl.h"

/* NLMSGERR_ATTR_MISS_TYPE is younger than some build machines' headers */
#define LIBNL_MISS_TYPE 5

struct libnl_call {
	struct ovpn_libnl *nl;
	struct nl_msg *msg;
	ovpn_nl_reply_fn *reply;
	void *data;
	uint16_t flags;
	bool is_done;
	int err;
};

static int libnl_start(void *data, uint8_t command)
{
	struct libnl_call *call = data;

	return genlmsg_put(call->msg, NL_AUTO_PORT, NL_AUTO_SEQ,
			   call->nl->family, 0, call->flags, command, 1) ?
		0 : -ENOSPC;
}

static struct nlmsghdr *libnl_header(void *data)
{
	struct libnl_call *call = data;

	return nlmsg_hdr(call->msg);
}

static int libnl_put(void *data, uint16_t type, const void *value, size_t len)
{
	struct libnl_call *call = data;

	return nla_put(call->msg, type, (int)len, value) ? -ENOSPC : 0;
}

static int libnl_put_raw(void *data, const void *value, size_t len)
{
	struct libnl_call *call = data;

	return nlmsg_append(call->msg, (void *)value, len, 0) ? -ENOSPC : 0;
}

/* nla_nest_start() would set the flag in any case */
static void *libnl_nest_start(void *data, uint16_t type)
{
	struct libnl_call *call = data;

	return nla_reserve(call->msg, type, 0);
}

/* nla_nest_end() would drop an empty one, and round up the length of one that
 * "raw=" has made odd
 */
static void libnl_nest_end(void *data, void *nest)
{
	struct libnl_call *call = data;
	struct nlmsghdr *nlh = nlmsg_hdr(call->msg);
	struct nlattr *attr = nest;
	size_t odd = nlh->nlmsg_len % NLMSG_ALIGNTO;

	if (!odd) {
		nla_nest_end_keep_empty(call->msg, nest);
		return;
	}
	attr->nla_len = (uint16_t)((char *)nlh + nlh->nlmsg_len -
				   (char *)attr);
	nlmsg_reserve(call->msg, NLMSG_ALIGNTO - odd, 0);
}

static const struct spec_sink libnl_sink = {
	.start = libnl_start,
	.header = libnl_header,
	.put = libnl_put,
	.put_raw = libnl_put_raw,
	.nest_start = libnl_nest_start,
	.nest_end = libnl_nest_end,
};

static void libnl_extack(struct libnl_call *call, struct nlattr *attr, int len)
{
	struct ovpn_nl_error *out = &call->nl->error;

	while (nla_ok(attr, len)) {
		switch (nla_type(attr)) {
		case NLMSGERR_ATTR_MSG:
			nla_strlcpy(out->text, attr, sizeof(out->text));
			break;
		case NLMSGERR_ATTR_OFFS:
			snprintf(out->attr, sizeof(out->attr), "%s",
				 spec_attr_name(nlmsg_hdr(call->msg),
						nla_get_u32(attr)));
			break;
		case LIBNL_MISS_TYPE:
			out->miss_type = nla_get_u32(attr);
			break;
		}
		attr = nla_next(attr, &len);
	}
}

static int libnl_on_valid(struct nl_msg *msg, void *data)
{
	struct libnl_call *call = data;

	if (call->reply)
		call->reply(nlmsg_hdr(msg), call->data);
	return NL_OK;
}

static int libnl_on_ack(struct nl_msg *msg, void *data)
{
	struct libnl_call *call = data;

	(void)msg;
	call->is_done = true;
	return NL_STOP;
}

static int libnl_on_finish(struct nl_msg *msg, void *data)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct libnl_call *call = data;
	int size = NLMSG_ALIGN(sizeof(int));

	call->is_done = true;
	if (nlmsg_datalen(nlh) < size)
		return NL_STOP;
	call->err = *(int *)nlmsg_data(nlh);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		libnl_extack(call, nlmsg_attrdata(nlh, size),
			     nlmsg_attrlen(nlh, size));
	return NL_STOP;
}

static int libnl_on_error(struct sockaddr_nl *from, struct nlmsgerr *error,
			  void *data)
{
	struct nlmsghdr *nlh = (void *)((char *)error - NLMSG_HDRLEN);
	struct libnl_call *call = data;
	int size = sizeof(*error);

	(void)from;
	call->is_done = true;
	call->err = error->error;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return NL_STOP;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		size += NLMSG_ALIGN(error->msg.nlmsg_len - NLMSG_HDRLEN);
	libnl_extack(call, nlmsg_attrdata(nlh, size),
		     nlmsg_attrlen(nlh, size));
	return NL_STOP;
}

static int libnl_run(struct libnl_call *call)
{
	struct nl_cb *cb;
	int err;

	err = nl_send_auto(call->nl->sock, call->msg);
	if (err < 0)
		return -EIO;
	cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!cb)
		return -ENOMEM;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, libnl_on_valid, call);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, libnl_on_ack, call);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, libnl_on_finish, call);
	nl_cb_err(cb, NL_CB_CUSTOM, libnl_on_error, call);
	err = 0;
	while (!call->is_done && err >= 0)
		err = nl_recvmsgs(call->nl->sock, cb);
	nl_cb_put(cb);
	return call->is_done ? call->err : -EIO;
}

int ovpn_libnl_request(struct ovpn_libnl *nl, const char *text, bool is_dump,
		       ovpn_nl_reply_fn *reply, spec_resolve_fn *resolve,
		       void *data)
{
	struct libnl_call call = {
		.nl = nl, .reply = reply, .data = data,
		.flags = is_dump ? NLM_F_DUMP : NLM_F_ACK,
	};
	int err;

	memset(&nl->error, 0, sizeof(nl->error));
	call.msg = nlmsg_alloc();
	if (!call.msg)
		return -ENOMEM;
	err = spec_encode_to(&libnl_sink, &call, text, resolve, data);
	if (!err)
		err = libnl_run(&call);
	nlmsg_free(call.msg);
	return err;
}

int ovpn_libnl_open(struct ovpn_libnl *nl)
{
	struct timeval limit = { .tv_sec = 20 };
	int one = 1;

	memset(nl, 0, sizeof(*nl));
	nl->sock = nl_socket_alloc();
	if (!nl->sock)
		return -ENOMEM;
	if (genl_connect(nl->sock))
		goto err;
	/* an acknowledgement is asked for where the text says so */
	nl_socket_disable_auto_ack(nl->sock);
	setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_EXT_ACK,
		   &one, sizeof(one));
	setsockopt(nl_socket_get_fd(nl->sock), SOL_SOCKET, SO_RCVTIMEO, &limit,
		   sizeof(limit));
	nl->family = genl_ctrl_resolve(nl->sock, "ovpn");
	if (nl->family >= 0)
		return 0;
err:
	ovpn_libnl_close(nl);
	return -ENOENT;
}

void ovpn_libnl_close(struct ovpn_libnl *nl)
{
	nl_socket_free(nl->sock);
	nl->sock = NULL;
}
