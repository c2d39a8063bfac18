// SPDX-License-Identifier: GPL-2.0-or-later
#include "nl/rt.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

static size_t nl_family_len(sa_family_t family)
{
	if (family == AF_INET)
		return sizeof(struct in_addr);
	return family == AF_INET6 ? sizeof(struct in6_addr) : 0;
}

static bool nl_prefix_is_valid(const struct net_prefix *prefix)
{
	size_t len = nl_family_len(prefix->ip.family);

	return len && prefix->len <= len * 8;
}

void nl_attr_put_ip(struct nlmsghdr *nlh, uint16_t type,
		    const struct net_ip *ip)
{
	mnl_attr_put(nlh, type, nl_family_len(ip->family), &ip->in6);
}

int nl_attr_get_ip(const struct nlattr *attr, sa_family_t family,
		   struct net_ip *out)
{
	size_t len = nl_family_len(family);

	if (!len || mnl_attr_get_payload_len(attr) != len)
		return -EBADMSG;
	memset(out, 0, sizeof(*out));
	out->family = family;
	memcpy(&out->in6, mnl_attr_get_payload(attr), len);
	return 0;
}

int nl_rt_addr(struct nl_rt *rt, bool is_add, int ifindex,
	       const struct net_prefix *addr, const struct net_ip *peer)
{
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_MAX];
	struct ifaddrmsg *ifa;
	struct nlmsghdr *nlh;

	if (ifindex <= 0 || !nl_prefix_is_valid(addr) ||
	    (peer && peer->family != addr->ip.family))
		return -EINVAL;
	nlh = nl_request_init(&rt->sock, buf,
			      is_add ? RTM_NEWADDR : RTM_DELADDR,
			      NLM_F_ACK | (is_add ? NLM_F_CREATE | NLM_F_EXCL :
						    0));
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = (uint8_t)addr->ip.family;
	ifa->ifa_prefixlen = addr->len;
	ifa->ifa_index = (uint32_t)ifindex;
	/* Nobody else can have it: usable at once, without detection. */
	if (addr->ip.family == AF_INET6)
		ifa->ifa_flags = IFA_F_NODAD;
	nl_attr_put_ip(nlh, IFA_LOCAL, &addr->ip);
	nl_attr_put_ip(nlh, IFA_ADDRESS, peer ? peer : &addr->ip);
	if (is_add)
		mnl_attr_put_u8(nlh, IFA_PROTO, NL_RTPROT_OVPND);
	return nl_request(&rt->sock, nlh, NULL, NULL);
}

/* The kernel refuses host bits in a destination. */
static struct net_ip nl_network(const struct net_prefix *prefix)
{
	struct net_ip ip = prefix->ip;

	net_prefix_nth(prefix, 0, &ip);
	return ip;
}

int nl_rt_route(struct nl_rt *rt, bool is_add, const struct nl_route *route)
{
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_MAX];
	struct nlmsghdr *nlh;
	struct net_ip dst;
	struct rtmsg *rtm;

	if (!nl_prefix_is_valid(&route->dst) || route->ifindex < 0 ||
	    (route->gateway.family &&
	     route->gateway.family != route->dst.ip.family))
		return -EINVAL;
	dst = nl_network(&route->dst);
	nlh = nl_request_init(&rt->sock, buf,
			      is_add ? RTM_NEWROUTE : RTM_DELROUTE,
			      NLM_F_ACK | (is_add ? NLM_F_CREATE | NLM_F_EXCL :
						    0));
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = (uint8_t)dst.family;
	rtm->rtm_dst_len = route->dst.len;
	rtm->rtm_table = route->table && route->table < 256 ?
			 (uint8_t)route->table : RT_TABLE_MAIN;
	rtm->rtm_protocol = NL_RTPROT_OVPND;
	rtm->rtm_type = route->is_unreachable ? RTN_UNREACHABLE :
			is_add ? RTN_UNICAST : RTN_UNSPEC;
	rtm->rtm_scope = RT_SCOPE_NOWHERE;
	if (is_add)
		rtm->rtm_scope = route->gateway.family ||
				 dst.family == AF_INET6 ? RT_SCOPE_UNIVERSE :
							  RT_SCOPE_LINK;
	if (route->dst.len)
		nl_attr_put_ip(nlh, RTA_DST, &dst);
	if (route->gateway.family)
		nl_attr_put_ip(nlh, RTA_GATEWAY, &route->gateway);
	if (route->ifindex)
		mnl_attr_put_u32(nlh, RTA_OIF, (uint32_t)route->ifindex);
	if (route->metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, route->metric);
	if (route->table)
		mnl_attr_put_u32(nlh, RTA_TABLE, route->table);
	return nl_request(&rt->sock, nlh, NULL, NULL);
}

static void nl_get_u32(const struct nlattr *attr, uint32_t *out)
{
	if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		*out = mnl_attr_get_u32(attr);
}

static int nl_route_attr(const struct nlattr *attr, const struct rtmsg *rtm,
			 struct nl_route *out)
{
	uint32_t ifindex = 0;

	switch (mnl_attr_get_type(attr)) {
	case RTA_GATEWAY:
		return nl_attr_get_ip(attr, rtm->rtm_family, &out->gateway);
	case RTA_OIF:
		nl_get_u32(attr, &ifindex);
		out->ifindex = (int)ifindex;
		break;
	case RTA_TABLE:
		nl_get_u32(attr, &out->table);
		break;
	case RTA_PRIORITY:
		nl_get_u32(attr, &out->metric);
		break;
	}
	return 0;
}

static int nl_route_on_data(void *arg, const struct nlmsghdr *nlh)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct nl_route *out = arg;
	int err;

	if (nlh->nlmsg_type != RTM_NEWROUTE ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm))
		return -EBADMSG;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		err = nl_route_attr(attr, rtm, out);
		if (err)
			return err;
	}
	return 0;
}

struct nl_route_walk {
	int (*fn)(void *arg, const struct nl_route *route);
	void *arg;
};

static int nl_route_on_dump(void *arg, const struct nlmsghdr *nlh)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nl_route_walk *walk = arg;
	struct nl_route route = { 0 };
	const struct nlattr *attr;
	int err;

	err = nl_route_on_data(&route, nlh);
	if (err)
		return err;
	/* multicast and whatever else has no address of ours */
	if (!nl_family_len(rtm->rtm_family) || rtm->rtm_flags & RTM_F_CLONED)
		return 0;
	route.dst.ip.family = rtm->rtm_family;
	route.dst.len = rtm->rtm_dst_len;
	route.protocol = rtm->rtm_protocol;
	route.is_unreachable = rtm->rtm_type == RTN_UNREACHABLE;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		if (mnl_attr_get_type(attr) == RTA_DST &&
		    nl_attr_get_ip(attr, rtm->rtm_family, &route.dst.ip))
			return 0;
	}
	return walk->fn(walk->arg, &route);
}

static int nl_list(struct nl_rt *rt, uint16_t type, size_t head_len,
		   int (*on_data)(void *arg, const struct nlmsghdr *nlh),
		   void *arg)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_MAX];
	struct nlmsghdr *nlh;
	uint8_t *head;
	int err;

	for (size_t i = 0; i < sizeof(families); i++) {
		nlh = nl_request_init(&rt->sock, buf, type, NLM_F_DUMP);
		/* the family is the first byte of either */
		head = mnl_nlmsg_put_extra_header(nlh, head_len);
		*head = families[i];
		err = nl_request(&rt->sock, nlh, on_data, arg);
		if (err)
			return err;
	}
	return 0;
}

int nl_rt_route_list(struct nl_rt *rt,
		     int (*fn)(void *arg, const struct nl_route *route),
		     void *arg)
{
	struct nl_route_walk walk = { .fn = fn, .arg = arg };

	return nl_list(rt, RTM_GETROUTE, sizeof(struct rtmsg),
		       nl_route_on_dump, &walk);
}

struct nl_addr_walk {
	int (*fn)(void *arg, const struct nl_addr *addr);
	void *arg;
};

/* IFA_LOCAL is there with IPv4, and with IPv6 if there is another end. */
static int nl_addr_on_dump(void *arg, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct net_ip local = { 0 }, other = { 0 };
	const struct nl_addr_walk *walk = arg;
	struct nl_addr addr = { 0 };
	const struct nlattr *attr;
	int err = 0;

	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa))
		return -EBADMSG;
	mnl_attr_for_each(attr, nlh, sizeof(*ifa)) {
		if (mnl_attr_get_type(attr) == IFA_LOCAL)
			err = nl_attr_get_ip(attr, ifa->ifa_family, &local);
		else if (mnl_attr_get_type(attr) == IFA_ADDRESS)
			err = nl_attr_get_ip(attr, ifa->ifa_family, &other);
		else if (mnl_attr_get_type(attr) == IFA_PROTO &&
			 mnl_attr_validate(attr, MNL_TYPE_U8) >= 0)
			addr.protocol = mnl_attr_get_u8(attr);
		if (err)
			return err;
	}
	addr.ifindex = (int)ifa->ifa_index;
	addr.addr.len = ifa->ifa_prefixlen;
	addr.addr.ip = local.family ? local : other;
	if (local.family && !net_ip_is_equal(&local, &other))
		addr.peer = other;
	return walk->fn(walk->arg, &addr);
}

int nl_rt_addr_list(struct nl_rt *rt,
		    int (*fn)(void *arg, const struct nl_addr *addr),
		    void *arg)
{
	struct nl_addr_walk walk = { .fn = fn, .arg = arg };

	return nl_list(rt, RTM_GETADDR, sizeof(struct ifaddrmsg),
		       nl_addr_on_dump, &walk);
}

int nl_rt_route_get(struct nl_rt *rt, const struct net_ip *dst,
		    struct nl_route *out)
{
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_MAX];
	size_t len = nl_family_len(dst->family);
	struct nlmsghdr *nlh;
	struct rtmsg *rtm;

	if (!len)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	out->dst.ip = *dst;
	out->dst.len = (uint8_t)(len * 8);
	nlh = nl_request_init(&rt->sock, buf, RTM_GETROUTE, NLM_F_ACK);
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = (uint8_t)dst->family;
	rtm->rtm_dst_len = out->dst.len;
	nl_attr_put_ip(nlh, RTA_DST, dst);
	return nl_request(&rt->sock, nlh, nl_route_on_data, out);
}
