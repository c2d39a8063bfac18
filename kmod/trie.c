// SPDX-License-Identifier: GPL-2.0-only
/*
 * Longest-prefix match: a binary trie with compressed paths. A node stands for
 * a prefix that somebody has or for the place where two of them part, so there
 * are fewer than two nodes for each prefix, and a search visits at most one for
 * each bit of the address.
 *
 * Readers hold RCU. A change is one pointer that is replaced: of the node above
 * or of a node's value. So a reader sees the trie as it was before or after. A
 * node that is taken out keeps its children until it is freed, a grace period
 * later; a reader that stands on it goes on into the trie.
 *
 * This file knows neither devices nor peers: it is also compiled in userspace,
 * where it is held against a list that is searched one by one.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "trie.h"

/* How many bits in front are the same? */
static unsigned int dco_trie_common(const struct dco_trie_key *a,
				    const struct dco_trie_key *b)
{
	if (a->hi != b->hi)
		return 64 - fls64(a->hi ^ b->hi);
	return DCO_TRIE_BITS - fls64(a->lo ^ b->lo);
}

/* bit number @n, of DCO_TRIE_BITS, counted from the front */
static unsigned int dco_trie_bit(const struct dco_trie_key *key,
				 unsigned int n)
{
	return (n < 64 ? key->hi >> (63 - n) : key->lo >> (127 - n)) & 1;
}

static void dco_trie_cut(struct dco_trie_key *key, unsigned int len)
{
	if (len < 64) {
		key->hi = len ? key->hi & ~0ULL << (64 - len) : 0;
		key->lo = 0;
	} else if (len < DCO_TRIE_BITS) {
		key->lo = len > 64 ? key->lo & ~0ULL << (128 - len) : 0;
	}
}

/**
 * dco_trie_key_fits() - is this a prefix?
 * @key: its bits
 * @len: its length, at most DCO_TRIE_BITS
 *
 * Return: false if there are bits behind its length.
 */
bool dco_trie_key_fits(const struct dco_trie_key *key, unsigned int len)
{
	struct dco_trie_key cut = *key;

	dco_trie_cut(&cut, len);
	return cut.hi == key->hi && cut.lo == key->lo;
}

/**
 * dco_trie_spare_fill() - allocate nodes
 * @spare: receives them
 * @count: how many
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM; dco_trie_spare_free() is due in either case.
 */
int dco_trie_spare_fill(struct dco_trie_spare *spare, unsigned int count)
{
	struct dco_trie_node *node;

	for (; count; count--) {
		node = kzalloc(sizeof(*node), GFP_KERNEL);
		if (!node)
			return -ENOMEM;
		RCU_INIT_POINTER(node->child[0], spare->first);
		spare->first = node;
	}
	return 0;
}

static struct dco_trie_node *dco_trie_spare_take(struct dco_trie_spare *spare)
{
	struct dco_trie_node *node = spare->first;

	spare->first = rcu_dereference_protected(node->child[0], true);
	RCU_INIT_POINTER(node->child[0], NULL);
	return node;
}

/**
 * dco_trie_spare_free() - free the nodes that were not needed
 * @spare: the nodes
 */
void dco_trie_spare_free(struct dco_trie_spare *spare)
{
	while (spare->first)
		kfree(dco_trie_spare_take(spare));
}

/**
 * dco_trie_find() - the longest prefix of an address
 * @root: the trie
 * @key: all bits of the address
 *
 * Context: RCU read side.
 * Return: the value of that prefix, or NULL.
 */
void *dco_trie_find(struct dco_trie_node __rcu *const *root,
		    const struct dco_trie_key *key)
{
	const struct dco_trie_node *node = rcu_dereference(*root);
	void *found = NULL, *value;

	while (node && dco_trie_common(&node->key, key) >= node->len) {
		value = rcu_dereference(node->value);
		if (value)
			found = value;
		if (node->len == DCO_TRIE_BITS)
			break;
		node = rcu_dereference(node->child[dco_trie_bit(key,
								node->len)]);
	}
	return found;
}

static struct dco_trie_node *dco_trie_at(struct dco_trie_node __rcu **slot,
					 spinlock_t *lock)
{
	return rcu_dereference_protected(*slot, lockdep_is_held(lock));
}

/* Goes down as long as the nodes are prefixes of the one looked for. Returns
 * the slot of the first that is not, or of the one looked for; @above receives
 * the slot of the node above it, or NULL.
 */
static struct dco_trie_node __rcu **
dco_trie_descend(struct dco_trie_node __rcu **slot,
		 const struct dco_trie_key *key, unsigned int len,
		 struct dco_trie_node __rcu ***above, spinlock_t *lock)
{
	struct dco_trie_node *node;

	*above = NULL;
	while ((node = dco_trie_at(slot, lock)) && node->len < len &&
	       dco_trie_common(&node->key, key) >= node->len) {
		*above = slot;
		slot = &node->child[dco_trie_bit(key, node->len)];
	}
	return slot;
}

static bool dco_trie_is_same(const struct dco_trie_node *node,
			     const struct dco_trie_key *key, unsigned int len)
{
	return node && node->len == len && node->key.hi == key->hi &&
	       node->key.lo == key->lo;
}

/**
 * dco_trie_get() - the node of exactly this prefix
 * @root: the trie
 * @key: its bits
 * @len: its length
 * @lock: serialises writers; held
 *
 * Return: the node, or NULL if nobody has the prefix.
 */
struct dco_trie_node *dco_trie_get(struct dco_trie_node __rcu **root,
				   const struct dco_trie_key *key,
				   unsigned int len, spinlock_t *lock)
{
	struct dco_trie_node __rcu **above;
	struct dco_trie_node *node;

	node = dco_trie_at(dco_trie_descend(root, key, len, &above, lock),
			   lock);
	if (!dco_trie_is_same(node, key, len) ||
	    !rcu_access_pointer(node->value))
		return NULL;
	return node;
}

/**
 * dco_trie_insert() - add a prefix
 * @root: the trie
 * @key: its bits, see dco_trie_key_fits()
 * @len: its length
 * @value: whose it is, not NULL; nobody has it yet
 * @spare: has DCO_TRIE_NODES_PER_PREFIX nodes or more
 * @lock: serialises writers; held
 *
 * Return: its node.
 */
struct dco_trie_node *dco_trie_insert(struct dco_trie_node __rcu **root,
				      const struct dco_trie_key *key,
				      unsigned int len, void *value,
				      struct dco_trie_spare *spare,
				      spinlock_t *lock)
{
	struct dco_trie_node __rcu **slot, **above;
	struct dco_trie_node *node, *leaf, *join;
	unsigned int common;

	slot = dco_trie_descend(root, key, len, &above, lock);
	node = dco_trie_at(slot, lock);
	if (dco_trie_is_same(node, key, len)) {
		rcu_assign_pointer(node->value, value);
		return node;
	}

	leaf = dco_trie_spare_take(spare);
	leaf->key = *key;
	leaf->len = len;
	RCU_INIT_POINTER(leaf->value, value);
	if (!node) {
		rcu_assign_pointer(*slot, leaf);
		return leaf;
	}
	common = min(dco_trie_common(&node->key, key),
		     min_t(unsigned int, node->len, len));
	if (common == len) {
		/* @node begins with the new prefix */
		RCU_INIT_POINTER(leaf->child[dco_trie_bit(&node->key, len)],
				 node);
		rcu_assign_pointer(*slot, leaf);
		return leaf;
	}
	join = dco_trie_spare_take(spare);
	join->key = *key;
	join->len = common;
	dco_trie_cut(&join->key, common);
	RCU_INIT_POINTER(join->child[dco_trie_bit(&node->key, common)], node);
	RCU_INIT_POINTER(join->child[dco_trie_bit(key, common)], leaf);
	rcu_assign_pointer(*slot, join);
	return leaf;
}

/* Takes a node out that has neither a value nor two children. Returns whether
 * its place is empty now.
 */
static bool dco_trie_collapse(struct dco_trie_node __rcu **slot,
			      spinlock_t *lock)
{
	struct dco_trie_node *node = dco_trie_at(slot, lock);
	struct dco_trie_node *left = dco_trie_at(&node->child[0], lock);
	struct dco_trie_node *right = dco_trie_at(&node->child[1], lock);

	if (rcu_access_pointer(node->value) || (left && right))
		return false;
	rcu_assign_pointer(*slot, left ?: right);
	kfree_rcu(node, rcu);
	return !left && !right;
}

/**
 * dco_trie_remove() - remove a prefix
 * @root: the trie
 * @node: its node; not to be used any more
 * @lock: serialises writers; held
 */
void dco_trie_remove(struct dco_trie_node __rcu **root,
		     struct dco_trie_node *node, spinlock_t *lock)
{
	struct dco_trie_node __rcu **slot, **above;

	slot = dco_trie_descend(root, &node->key, node->len, &above, lock);
	RCU_INIT_POINTER(node->value, NULL);
	/* the node above may have joined two of which one is left */
	if (dco_trie_collapse(slot, lock) && above)
		dco_trie_collapse(above, lock);
}
