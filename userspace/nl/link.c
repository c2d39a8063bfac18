// SPDX-License-Identifier: GPL-2.0-or-later
#include "nl/rt.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NL_OVPN_ATTR_MODE	1	/* IFLA_OVPN_MODE of newer if_link.h */

struct nl_rt *nl_rt_open(void)
{
	struct nl_rt *rt = calloc(1, sizeof(*rt));

	if (rt && nl_socket_init(&rt->sock, NETLINK_ROUTE)) {
		free(rt);
		return NULL;
	}
	return rt;
}

void nl_rt_close(struct nl_rt *rt)
{
	if (!rt)
		return;
	nl_socket_close(&rt->sock);
	free(rt);
}

const char *nl_rt_error(const struct nl_rt *rt)
{
	return rt->sock.error;
}

static struct nlmsghdr *nl_link_init(struct nl_rt *rt, void *buf,
				     uint16_t type, uint16_t flags,
				     int ifindex)
{
	struct nlmsghdr *nlh = nl_request_init(&rt->sock, buf, type, flags);
	struct ifinfomsg *ifi;

	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = ifindex;
	return nlh;
}

int nl_rt_link_add_ovpn(struct nl_rt *rt, const char *name,
			enum nl_ovpn_mode mode)
{
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_MAX];
	struct nlattr *info, *data;
	struct nlmsghdr *nlh;

	if (!*name || strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	nlh = nl_link_init(rt, buf, RTM_NEWLINK,
			   NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, nl_ovpn_name());
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u8(nlh, NL_OVPN_ATTR_MODE, mode == NL_OVPN_MP ? 1 : 0);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return nl_request(&rt->sock, nlh, NULL, NULL);
}

int nl_rt_link_del(struct nl_rt *rt, int ifindex)
{
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_MAX];

	if (ifindex <= 0)
		return -EINVAL;
	return nl_request(&rt->sock, nl_link_init(rt, buf, RTM_DELLINK,
						  NLM_F_ACK, ifindex),
			  NULL, NULL);
}

int nl_rt_link_set(struct nl_rt *rt, int ifindex, unsigned int mtu,
		   unsigned int txqueuelen, bool is_up)
{
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_MAX];
	struct nlmsghdr *nlh;
	struct ifinfomsg *ifi;

	if (ifindex <= 0)
		return -EINVAL;
	nlh = nl_link_init(rt, buf, RTM_NEWLINK, NLM_F_ACK, ifindex);
	ifi = mnl_nlmsg_get_payload(nlh);
	ifi->ifi_flags = is_up ? IFF_UP : 0;
	ifi->ifi_change = IFF_UP;
	if (mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	if (txqueuelen)
		mnl_attr_put_u32(nlh, IFLA_TXQLEN, txqueuelen);
	return nl_request(&rt->sock, nlh, NULL, NULL);
}

int nl_rt_link_set_alias(struct nl_rt *rt, int ifindex, const char *alias)
{
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_MAX];
	struct nlmsghdr *nlh;

	if (ifindex <= 0 || strlen(alias) >= NL_ALIAS_LEN)
		return -EINVAL;
	nlh = nl_link_init(rt, buf, RTM_NEWLINK, NLM_F_ACK, ifindex);
	mnl_attr_put_str(nlh, IFLA_IFALIAS, alias);
	return nl_request(&rt->sock, nlh, NULL, NULL);
}

/* Strings of the kernel may lack their NUL. */
static void nl_attr_copy_str(const struct nlattr *attr, char *out, size_t cap)
{
	snprintf(out, cap, "%.*s", (int)mnl_attr_get_payload_len(attr),
		 (const char *)mnl_attr_get_payload(attr));
}

static void nl_tun_info(const struct nlattr *data, struct nl_link *out)
{
	const struct nlattr *pos;

	mnl_attr_for_each_nested(pos, data) {
		if (mnl_attr_get_type(pos) == IFLA_TUN_PERSIST &&
		    mnl_attr_validate(pos, MNL_TYPE_U8) >= 0)
			out->is_persistent = mnl_attr_get_u8(pos);
	}
}

static void nl_link_info(const struct nlattr *info, struct nl_link *out)
{
	const struct nlattr *attr, *data = NULL, *pos;

	mnl_attr_for_each_nested(attr, info) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			nl_attr_copy_str(attr, out->kind, sizeof(out->kind));
		else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA)
			data = attr;
	}
	if (data && !strcmp(out->kind, "tun"))
		nl_tun_info(data, out);
	if (!data || strcmp(out->kind, nl_ovpn_name()))
		return;
	mnl_attr_for_each_nested(pos, data) {
		if (mnl_attr_get_type(pos) == NL_OVPN_ATTR_MODE &&
		    mnl_attr_validate(pos, MNL_TYPE_U8) >= 0)
			out->mode = mnl_attr_get_u8(pos) == 1 ? NL_OVPN_MP :
								NL_OVPN_P2P;
	}
}

static int nl_link_on_data(void *arg, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct nl_link *out = arg;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return -EBADMSG;
	out->ifindex = ifi->ifi_index;
	out->is_up = ifi->ifi_flags & IFF_UP;
	mnl_attr_for_each(attr, nlh, sizeof(*ifi)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IFNAME:
			nl_attr_copy_str(attr, out->name, sizeof(out->name));
			break;
		case IFLA_IFALIAS:
			nl_attr_copy_str(attr, out->alias, sizeof(out->alias));
			break;
		case IFLA_MTU:
			if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
				out->mtu = mnl_attr_get_u32(attr);
			break;
		case IFLA_LINKINFO:
			nl_link_info(attr, out);
			break;
		}
	}
	return 0;
}

struct nl_link_walk {
	int (*fn)(void *arg, const struct nl_link *link);
	void *arg;
};

static int nl_link_on_dump(void *arg, const struct nlmsghdr *nlh)
{
	const struct nl_link_walk *walk = arg;
	struct nl_link link = { 0 };
	int err;

	err = nl_link_on_data(&link, nlh);
	return err ? err : walk->fn(walk->arg, &link);
}

int nl_rt_link_list(struct nl_rt *rt,
		    int (*fn)(void *arg, const struct nl_link *link),
		    void *arg)
{
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_MAX];
	struct nl_link_walk walk = { .fn = fn, .arg = arg };

	return nl_request(&rt->sock, nl_link_init(rt, buf, RTM_GETLINK,
						  NLM_F_DUMP, 0),
			  nl_link_on_dump, &walk);
}

int nl_rt_link_get(struct nl_rt *rt, const char *name, struct nl_link *out)
{
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_MAX];
	struct nlmsghdr *nlh;

	if (!*name || strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	/* NLM_F_ACK: an end marker behind the data, whatever it is. */
	nlh = nl_link_init(rt, buf, RTM_GETLINK, NLM_F_ACK, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return nl_request(&rt->sock, nlh, nl_link_on_data, out);
}
