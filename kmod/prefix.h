/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_PREFIX_H
#define DCO_PREFIX_H

#include <linux/in6.h>
#include <linux/skbuff.h>

#include "trie.h"

struct dco_dev;
struct dco_peer;

/* how many prefixes a peer may have */
#define DCO_PREFIX_MAX	256

/**
 * struct dco_prefix - a range of inner addresses
 * @key: its bits
 * @len: its length
 * @is_v6: of which family
 */
struct dco_prefix {
	struct dco_trie_key key;
	u8 len;
	bool is_v6;
};

/**
 * struct dco_prefix_table - whose addresses are whose, for a device
 * @v4: of IPv4; values are struct dco_peer
 * @v6: of IPv6
 */
struct dco_prefix_table {
	struct dco_trie_node __rcu *v4;
	struct dco_trie_node __rcu *v6;
};

/**
 * enum dco_prefix_op - what to do with a list of prefixes
 * @DCO_PREFIX_SET: these are all that the peer has
 * @DCO_PREFIX_ADD: it has these, too
 * @DCO_PREFIX_DEL: it has these no more
 */
enum dco_prefix_op {
	DCO_PREFIX_SET,
	DCO_PREFIX_ADD,
	DCO_PREFIX_DEL,
};

/* has any peer of the device prefixes? */
static inline bool dco_prefix_is_used(const struct dco_prefix_table *table)
{
	return rcu_access_pointer(table->v4) || rcu_access_pointer(table->v6);
}

void dco_prefix_from_v4(struct dco_prefix *prefix, __be32 addr);
void dco_prefix_from_v6(struct dco_prefix *prefix, const struct in6_addr *addr);
void dco_prefix_to_addr(const struct dco_trie_key *key, struct in6_addr *addr);

struct dco_peer *dco_prefix_owner4(struct dco_dev *dco, __be32 addr);
struct dco_peer *dco_prefix_owner6(struct dco_dev *dco,
				   const struct in6_addr *addr);

int dco_prefix_change(struct dco_peer *peer, enum dco_prefix_op op,
		      const struct dco_prefix *list, unsigned int n,
		      unsigned int *bad);
void dco_prefix_forget(struct dco_peer *peer);

#endif /* DCO_PREFIX_H */
