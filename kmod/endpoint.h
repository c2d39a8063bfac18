/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_ENDPOINT_H
#define DCO_ENDPOINT_H

#include <linux/in6.h>
#include <linux/rhashtable-types.h>
#include <linux/skbuff.h>
#include <net/dst_cache.h>

struct dco_dev;
struct dco_newest;
struct dco_peer;
struct dco_sock;
struct udphdr;

/**
 * struct dco_remote - outer address of a peer; key of the table
 * @addr: address, IPv4 as v4-mapped IPv6
 * @port: UDP port
 * @pad: zero
 */
struct dco_remote {
	struct in6_addr addr;
	__be16 port;
	__be16 pad;
};

/**
 * struct dco_outer - what a received datagram says about its way
 * @remote: where from
 * @local: where to, IPv4 as v4-mapped IPv6
 * @iif: interface that it came in by; 0 if that was not asked for
 * @tos: type of service or traffic class
 */
struct dco_outer {
	struct dco_remote remote;
	struct in6_addr local;
	int iif;
	u8 tos;
};

/**
 * struct dco_flow_key - what else the route to a peer depends on
 * @mark: mark of the socket
 * @oif: device that the socket is bound to, or 0
 * @sport: port that the socket is bound to
 */
struct dco_flow_key {
	u32 mark;
	int oif;
	__be16 sport;
};

/**
 * struct dco_endpoint - how packets to a peer are addressed
 * @node: in the table of endpoints by address
 * @remote: where to
 * @local: where from, IPv4 as v4-mapped IPv6; :: or ::ffff:0.0.0.0 if any
 * @flow: what the socket says
 * @scope_id: interface of a link-local @remote, or 0
 * @peer: whose endpoint it is; valid under RCU
 * @cache: routes, per CPU; made when the first is found
 * @rcu: to free it
 *
 * Never changes: a new endpoint takes its place. So a route can never enter the
 * cache of an endpoint that it was not made for. Owned by @peer.
 */
struct dco_endpoint {
	struct rhlist_head node;
	struct dco_remote remote;
	struct in6_addr local;
	struct dco_flow_key flow;
	u32 scope_id;
	struct dco_peer *peer;
	struct dst_cache cache;
	struct rcu_head rcu;
};

/* is the outer protocol IPv4? */
static inline bool dco_endpoint_is_v4(const struct dco_endpoint *ep)
{
	return ipv6_addr_v4mapped(&ep->remote.addr);
}

struct dco_endpoint *dco_endpoint_new(struct dco_peer *peer,
				      const struct dco_remote *remote,
				      u32 scope_id,
				      const struct in6_addr *local, gfp_t gfp);
void dco_endpoint_make_cache(struct dco_endpoint *ep);
void dco_endpoint_free(struct dco_endpoint *ep);
void dco_endpoint_retire_take(struct dco_endpoint *ep);

void dco_outer_read(struct dco_outer *outer, const struct sk_buff *skb,
		    const struct udphdr *uh);
void dco_outer_read_link(struct dco_outer *outer, const struct sk_buff *skb);
bool dco_endpoint_has_addresses(const struct dco_endpoint *ep,
				const struct dco_outer *outer);
bool dco_endpoint_is_current(const struct dco_endpoint *ep,
			     const struct dco_outer *outer);
void dco_endpoint_learn(struct dco_peer *peer, const struct dco_outer *outer,
			const struct dco_newest *newest);
struct dco_endpoint *dco_endpoint_refresh(struct dco_peer *peer,
					  struct dco_endpoint *ep,
					  bool is_local_kept);

#endif /* DCO_ENDPOINT_H */
