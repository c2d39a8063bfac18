/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_PEER_TABLE_H
#define DCO_PEER_TABLE_H

#include <linux/in6.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>

#include "../uapi/linux/ovpn.h"

struct dco_dev;
struct dco_endpoint;
struct dco_peer;
struct dco_remote;

/**
 * struct dco_vpn_addr - inner address of a peer
 * @node: in the table of peers by inner address
 * @addr: address, IPv4 as v4-mapped IPv6
 * @peer: whose it is; valid under RCU
 * @rcu: to free it
 *
 * Never changes. Owned by @peer.
 */
struct dco_vpn_addr {
	struct rhash_head node;
	struct in6_addr addr;
	struct dco_peer *peer;
	struct rcu_head rcu;
};

/**
 * struct dco_vpn_pair - inner addresses as userspace gives them
 * @v4: IPv4 address, or 0.0.0.0 for none
 * @v6: IPv6 address, or :: for none
 */
struct dco_vpn_pair {
	__be32 v4;
	struct in6_addr v6;
};

int dco_table_init(struct dco_dev *dco);
void dco_table_destroy(struct dco_dev *dco);

struct dco_peer *dco_table_find_id(struct dco_dev *dco, u32 id);
struct dco_peer *dco_table_find_vpn4(struct dco_dev *dco, __be32 addr);
struct dco_peer *dco_table_find_vpn6(struct dco_dev *dco,
				     const struct in6_addr *addr);
struct dco_peer *dco_table_find_remote(struct dco_dev *dco,
				       const struct dco_remote *remote);

struct dco_peer *dco_table_next(struct dco_dev *dco, unsigned long *id);

int dco_table_insert(struct dco_peer *peer, const struct dco_vpn_pair *pair,
		     struct list_head *removed);
bool dco_table_remove(struct dco_peer *peer, enum ovpn_del_peer_reason reason,
		      struct list_head *removed);

void dco_table_vpn_pair(const struct dco_peer *peer, struct dco_vpn_pair *pair);
int dco_table_set_vpn(struct dco_peer *peer, const struct dco_vpn_pair *pair);
int dco_table_change_take(struct dco_peer *peer,
			  const struct dco_vpn_pair *pair,
			  struct dco_endpoint *ep);
int dco_table_set_endpoint_take(struct dco_peer *peer,
				struct dco_endpoint *ep);

#endif /* DCO_PEER_TABLE_H */
