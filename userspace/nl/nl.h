/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NL_NL_H
#define NL_NL_H

#include <stdbool.h>
#include <stdint.h>

#include "net/net.h"

/*
 * rtnetlink by libmnl: links, addresses, routes. Requests are synchronous; the
 * kernel answers them without waiting for anything outside. All return 0 or
 * the kernel's -errno; nl_rt_error() holds its extended message, "" if none.
 *
 * Generic netlink (libnl-genl) is used by dp/kernel.c directly.
 */

struct nl_rt;

struct nl_rt *nl_rt_open(void);
void nl_rt_close(struct nl_rt *rt);
const char *nl_rt_error(const struct nl_rt *rt);

enum nl_ovpn_mode {
	NL_OVPN_P2P,
	NL_OVPN_MP,
};

/** nl_rt_link_add_ovpn() - create a link of kind "ovpn"; @name may hold "%d" */
int nl_rt_link_add_ovpn(struct nl_rt *rt, const char *name,
			enum nl_ovpn_mode mode);
int nl_rt_link_del(struct nl_rt *rt, int ifindex);
int nl_rt_link_set(struct nl_rt *rt, int ifindex, unsigned int mtu,
		   unsigned int txqueuelen, bool is_up);

/**
 * nl_rt_addr() - add or delete an address
 * @peer: the other end of a point-to-point link, or NULL
 */
int nl_rt_addr(struct nl_rt *rt, bool is_add, int ifindex,
	       const struct net_prefix *addr, const struct net_ip *peer);

struct nl_route {
	struct net_prefix dst;
	struct net_ip gateway;		/* AF_UNSPEC: directly on the link */
	int ifindex;			/* 0: left to the kernel */
	uint32_t metric;		/* 0: default */
	uint32_t table;			/* 0: main */
};

int nl_rt_route(struct nl_rt *rt, bool is_add, const struct nl_route *route);

/** nl_rt_route_get() - how the kernel reaches @dst now (gateway, ifindex) */
int nl_rt_route_get(struct nl_rt *rt, const struct net_ip *dst,
		    struct nl_route *out);

#endif
