// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests to a generic netlink family and to rtnetlink, by libmnl. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "ovpn_nl.h"
#include "ovpn_spec_priv.h"

/* NLMSGERR_ATTR_MISS_TYPE is younger than some build machines' headers */
#define OVPN_NL_MISS_TYPE 5
#define OVPN_NL_LINK_MODE 1

/* Link kind and family: those of another module's name, if asked for. */
static const char *nl_kind(void)
{
	const char *name = getenv("OVPN_TEST_NAME");

	return name ? name : "ovpn";
}

size_t ovpn_nl_piece;

struct ovpn_nl_call {
	struct ovpn_nl *nl;
	const struct nlmsghdr *request;
	ovpn_nl_reply_fn *reply;
	void *data;
	uint16_t type;
	int err;
	bool is_done;
};

const char *ovpn_nl_error_name(int err)
{
	const char *name = strerrorname_np(-err);

	return name ? name : "E?";
}

static void call_extack(struct ovpn_nl_call *call, const struct nlmsghdr *nlh,
			size_t offset)
{
	struct ovpn_nl_error *out = &call->nl->error;
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	mnl_attr_for_each(attr, nlh, (unsigned int)offset) {
		switch (mnl_attr_get_type(attr)) {
		case NLMSGERR_ATTR_MSG:
			snprintf(out->text, sizeof(out->text), "%.*s",
				 (int)mnl_attr_get_payload_len(attr),
				 mnl_attr_get_str(attr));
			break;
		case NLMSGERR_ATTR_OFFS:
			snprintf(out->attr, sizeof(out->attr), "%s",
				 spec_attr_name(call->request,
						mnl_attr_get_u32(attr)));
			break;
		case OVPN_NL_MISS_TYPE:
			out->miss_type = mnl_attr_get_u32(attr);
			break;
		}
	}
}

static void call_error(struct ovpn_nl_call *call, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	size_t offset = sizeof(*err);

	call->err = err->error;
	call->is_done = true;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += mnl_nlmsg_get_payload_len(&err->msg);
	call_extack(call, nlh, offset);
}

static void call_message(struct ovpn_nl_call *call, const struct nlmsghdr *nlh)
{
	const int *done = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type == NLMSG_ERROR) {
		call_error(call, nlh);
	} else if (nlh->nlmsg_type == NLMSG_DONE) {
		if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(*done))
			call->err = *done;
		call->is_done = true;
		call_extack(call, nlh, sizeof(*done));
	} else if (nlh->nlmsg_type != call->type) {
		call->err = -EBADMSG;
		call->is_done = true;
	} else if (call->reply) {
		call->reply(nlh, call->data);
	}
}

static int nl_call(struct ovpn_nl_call *call)
{
	unsigned int portid = mnl_socket_get_portid(call->nl->sock);
	char buf[32768] __attribute__((aligned(8)));
	const struct nlmsghdr *nlh;
	ssize_t len;
	int rest;

	memset(&call->nl->error, 0, sizeof(call->nl->error));
	if (mnl_socket_sendto(call->nl->sock, call->request,
			      call->request->nlmsg_len) < 0)
		return -errno;
	while (!call->is_done) {
		len = mnl_socket_recvfrom(call->nl->sock, buf,
					  ovpn_nl_piece ?: sizeof(buf));
		if (len < 0)
			return -errno;
		nlh = (const void *)buf;
		for (rest = (int)len; mnl_nlmsg_ok(nlh, rest);
		     nlh = mnl_nlmsg_next(nlh, &rest)) {
			if (nlh->nlmsg_pid != portid ||
			    nlh->nlmsg_seq != call->request->nlmsg_seq)
				return -EBADMSG;
			call_message(call, nlh);
		}
	}
	return call->err;
}

int ovpn_nl_request(struct ovpn_nl *nl, const char *text, bool is_dump,
		    ovpn_nl_reply_fn *reply, spec_resolve_fn *resolve,
		    void *data)
{
	char buf[16384] __attribute__((aligned(8)));
	struct ovpn_nl_call call = {
		.nl = nl, .reply = reply, .data = data, .type = nl->family,
	};
	struct nlmsghdr *nlh;
	int err;

	spec_family = nl->spec;
	memset(buf, 0, sizeof(buf));
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = nl->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | (is_dump ? NLM_F_DUMP : NLM_F_ACK);
	nlh->nlmsg_seq = ++nl->seq;
	err = spec_encode(nlh, sizeof(buf), text, resolve, data);
	if (err)
		return err;
	call.request = nlh;
	return nl_call(&call);
}

static void family_group(struct ovpn_nl *nl, const struct nlattr *groups)
{
	const struct nlattr *group, *attr;

	mnl_attr_for_each_nested(group, groups) {
		const char *name = "";
		uint32_t id = 0;

		mnl_attr_for_each_nested(attr, group) {
			uint16_t type = mnl_attr_get_type(attr);

			if (type == CTRL_ATTR_MCAST_GRP_NAME)
				name = mnl_attr_get_str(attr);
			else if (type == CTRL_ATTR_MCAST_GRP_ID)
				id = mnl_attr_get_u32(attr);
		}
		if (!strcmp(name, spec_family->group))
			nl->group = id;
	}
}

static void family_reply(const struct nlmsghdr *nlh, void *data)
{
	struct ovpn_nl *nl = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case CTRL_ATTR_FAMILY_ID:
			nl->family = mnl_attr_get_u16(attr);
			break;
		case CTRL_ATTR_MCAST_GROUPS:
			family_group(nl, attr);
			break;
		}
	}
}

static int family_find(struct ovpn_nl *nl)
{
	char buf[256] __attribute__((aligned(8)));
	struct ovpn_nl_call call = {
		.nl = nl, .reply = family_reply, .data = nl,
		.type = GENL_ID_CTRL,
	};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;
	char name[GENL_NAMSIZ];

	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	snprintf(name, sizeof(name), "%s%s", nl_kind(),
		 spec_family->suffix);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, name);
	call.request = nlh;
	return nl_call(&call);
}

static int nl_open(struct ovpn_nl *nl, int protocol)
{
	struct timeval limit = { .tv_sec = 20 };
	int one = 1, size = 1 << 20, err;

	memset(nl, 0, sizeof(*nl));
	nl->seq = (uint32_t)time(NULL);
	nl->sock = mnl_socket_open(protocol);
	if (!nl->sock)
		return -errno;
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		mnl_socket_close(nl->sock);
		return err;
	}
	/* best effort: without them only less is said */
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl->sock, NETLINK_GET_STRICT_CHK, &one,
			      sizeof(one));
	setsockopt(mnl_socket_get_fd(nl->sock), SOL_SOCKET, SO_RCVTIMEO,
		   &limit, sizeof(limit));
	setsockopt(mnl_socket_get_fd(nl->sock), SOL_SOCKET, SO_RCVBUFFORCE,
		   &size, sizeof(size));
	return 0;
}

int ovpn_nl_open(struct ovpn_nl *nl)
{
	int err = nl_open(nl, NETLINK_GENERIC);

	if (err)
		return err;
	nl->spec = spec_family;
	err = family_find(nl);
	if (err)
		ovpn_nl_close(nl);
	return err;
}

int ovpn_nl_open_as(struct ovpn_nl *nl, const struct spec_family *spec)
{
	const struct spec_family *before = spec_family;
	int err;

	spec_family = spec;
	err = ovpn_nl_open(nl);
	spec_family = before;
	return err;
}

int ovpn_nl_open_rtnl(struct ovpn_nl *nl)
{
	return nl_open(nl, NETLINK_ROUTE);
}

void ovpn_nl_close(struct ovpn_nl *nl)
{
	mnl_socket_close(nl->sock);
	nl->sock = NULL;
}

int ovpn_nl_join(struct ovpn_nl *nl, uint32_t group)
{
	struct timeval forever = { 0 };

	setsockopt(mnl_socket_get_fd(nl->sock), SOL_SOCKET, SO_RCVTIMEO,
		   &forever, sizeof(forever));
	if (mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)) < 0)
		return -errno;
	return 0;
}

static struct nlmsghdr *link_header(struct ovpn_nl *nl, char *buf,
				    uint16_t type, uint16_t flags,
				    const char *name)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = ++nl->seq;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return nlh;
}

static int link_call(struct ovpn_nl *nl, const struct nlmsghdr *nlh)
{
	struct ovpn_nl_call call = { .nl = nl, .request = nlh };

	return nl_call(&call);
}

int ovpn_nl_link_add(struct ovpn_nl *nl, const char *name, const void *mode,
		     size_t len, bool is_new)
{
	char buf[512] __attribute__((aligned(8)));
	struct nlattr *info, *data;
	struct nlmsghdr *nlh;

	nlh = link_header(nl, buf, RTM_NEWLINK,
			  is_new ? NLM_F_CREATE | NLM_F_EXCL : 0, name);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, nl_kind());
	if (mode) {
		data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
		mnl_attr_put(nlh, OVPN_NL_LINK_MODE, len, mode);
		mnl_attr_nest_end(nlh, data);
	}
	mnl_attr_nest_end(nlh, info);
	return link_call(nl, nlh);
}

int ovpn_nl_link_mtu(struct ovpn_nl *nl, const char *name, uint32_t mtu)
{
	char buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *nlh;

	nlh = link_header(nl, buf, RTM_NEWLINK, 0, name);
	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	return link_call(nl, nlh);
}

int ovpn_nl_link_del(struct ovpn_nl *nl, const char *name)
{
	char buf[256] __attribute__((aligned(8)));

	return link_call(nl, link_header(nl, buf, RTM_DELLINK, 0, name));
}
