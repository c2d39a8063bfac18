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
 * Generic netlink (libnl-genl) is used by dp/kernel.c directly; here is only
 * the one question that priv/ has to ask.
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

#define NL_KIND_LEN	16
#define NL_ALIAS_LEN	64

/** struct nl_link - what the kernel says about a link; strings may be "" */
struct nl_link {
	int ifindex;
	char name[16];
	char kind[NL_KIND_LEN];
	char alias[NL_ALIAS_LEN];
	enum nl_ovpn_mode mode;		/* of kind nl_ovpn_name() */
	unsigned int mtu;
	bool is_up;
	bool is_persistent;		/* of kind "tun": stays without user */
};

/** nl_rt_link_get() - look up by name; -ENODEV when there is none */
int nl_rt_link_get(struct nl_rt *rt, const char *name, struct nl_link *out);

/**
 * nl_rt_link_list() - call @fn for every link
 *
 * @fn must not send requests of its own. Return: 0, the first non-zero value
 * of @fn, or -errno.
 */
int nl_rt_link_list(struct nl_rt *rt,
		    int (*fn)(void *arg, const struct nl_link *link),
		    void *arg);

/** nl_rt_link_set_alias() - the free text that `ip link` shows */
int nl_rt_link_set_alias(struct nl_rt *rt, int ifindex, const char *alias);

/** nl_rt_link_set() - @mtu and @txqueuelen: 0 leaves them alone */
int nl_rt_link_set(struct nl_rt *rt, int ifindex, unsigned int mtu,
		   unsigned int txqueuelen, bool is_up);

/**
 * nl_rt_addr() - add or delete an address
 * @peer: the other end of a point-to-point link, or NULL
 */
int nl_rt_addr(struct nl_rt *rt, bool is_add, int ifindex,
	       const struct net_prefix *addr, const struct net_ip *peer);

/* Who made a route or address: "proto 111", which rt_protos.d calls ovpnd. */
#define NL_RTPROT_OVPND	111

/* What the kernel takes for a route where 0 is said. */
#define NL_TABLE_MAIN	254
#define NL_METRIC_V6	1024

/** struct nl_addr - of a link; @protocol 0 before Linux 5.18 */
struct nl_addr {
	struct net_prefix addr;
	struct net_ip peer;		/* AF_UNSPEC: none */
	int ifindex;
	uint8_t protocol;
};

/** nl_rt_addr_list() - call @fn for every address, as nl_rt_link_list() */
int nl_rt_addr_list(struct nl_rt *rt,
		    int (*fn)(void *arg, const struct nl_addr *addr),
		    void *arg);

struct nl_route {
	struct net_prefix dst;
	struct net_ip gateway;		/* AF_UNSPEC: directly on the link */
	int ifindex;			/* 0: left to the kernel */
	uint32_t metric;		/* 0: default */
	uint32_t table;			/* 0: main */
	bool is_unreachable;
	uint8_t protocol;		/* of one that is there */
};

/** nl_rt_route() - add (-EEXIST if it is there) or delete (-ESRCH if not) */
int nl_rt_route(struct nl_rt *rt, bool is_add, const struct nl_route *route);

/** nl_rt_route_list() - call @fn for every route, as nl_rt_link_list() */
int nl_rt_route_list(struct nl_rt *rt,
		     int (*fn)(void *arg, const struct nl_route *route),
		     void *arg);

/** nl_rt_route_get() - how the kernel reaches @dst now (gateway, ifindex) */
int nl_rt_route_get(struct nl_rt *rt, const struct net_ip *dst,
		    struct nl_route *out);

/**
 * nl_ovpn_name() - name of the module, its link kind and its netlink family
 *
 * It is "ovpn", or "ovpn_own" where a module of that name is loaded: the kernel
 * then has an ovpn of its own that cannot be displaced. Looked up once.
 */
const char *nl_ovpn_name(void);

/** nl_ovpnx_name() - the second netlink family of that module */
const char *nl_ovpnx_name(void);

/**
 * nl_ovpn_has_peers() - does a link of kind "ovpn" carry peers now
 *
 * Return: 1 or 0, or -errno (-ENOENT: no such generic netlink family).
 */
int nl_ovpn_has_peers(int ifindex);

#endif
