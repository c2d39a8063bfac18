/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_TRIE_H
#define DCO_TRIE_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#define DCO_TRIE_BITS	128

/**
 * struct dco_trie_key - an address as a string of bits
 * @hi: the first 64, the very first on top
 * @lo: the others
 *
 * A shorter address has its bits in front and zeroes behind.
 */
struct dco_trie_key {
	u64 hi;
	u64 lo;
};

/**
 * struct dco_trie_node - a prefix, or where two branches part
 * @child: what begins with this and goes on with 0 or 1
 * @value: whose it is; NULL if it only joins its children
 * @key: the prefix; bits behind @len are 0
 * @len: its length
 * @link: for the owner of @value; not looked at here
 * @rcu: to free it
 *
 * @key and @len never change while readers can see the node.
 */
struct dco_trie_node {
	struct dco_trie_node __rcu *child[2];
	void __rcu *value;
	struct dco_trie_key key;
	u8 len;
	struct list_head link;
	struct rcu_head rcu;
};

/**
 * struct dco_trie_spare - nodes in advance, so that an insertion cannot fail
 * @first: the nodes, linked by child[0]
 */
struct dco_trie_spare {
	struct dco_trie_node *first;
};

/* how many nodes one insertion may take */
#define DCO_TRIE_NODES_PER_PREFIX	2

int dco_trie_spare_fill(struct dco_trie_spare *spare, unsigned int count);
void dco_trie_spare_free(struct dco_trie_spare *spare);

bool dco_trie_key_fits(const struct dco_trie_key *key, unsigned int len);
void *dco_trie_find(struct dco_trie_node __rcu *const *root,
		    const struct dco_trie_key *key);

struct dco_trie_node *dco_trie_get(struct dco_trie_node __rcu **root,
				   const struct dco_trie_key *key,
				   unsigned int len, spinlock_t *lock);
struct dco_trie_node *dco_trie_insert(struct dco_trie_node __rcu **root,
				      const struct dco_trie_key *key,
				      unsigned int len, void *value,
				      struct dco_trie_spare *spare,
				      spinlock_t *lock);
void dco_trie_remove(struct dco_trie_node __rcu **root,
		     struct dco_trie_node *node, spinlock_t *lock);

#endif /* DCO_TRIE_H */
