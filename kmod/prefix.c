// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which inner addresses belong to which peer, where userspace says so. Then it
 * is not the host's routes that choose a packet's peer and check its source:
 *
 * - An address that is a peer's own VPN address is that peer's.
 * - Else it is the peer's that has the longest prefix of it.
 * - Else the host's routes say which peer's it is, as ever, but never one that
 *   has prefixes: for such a peer they are all that there is.
 *
 * A source is a peer's exactly if a packet to that address would be sent to it.
 *
 * Prefixes are of a peer that is in the table: they come under the table's lock
 * after a look at that, and go when it leaves. So what readers find is valid
 * under RCU, like everything in the table.
 */
#include <net/ipv6.h>

#include "device.h"
#include "peer.h"
#include "peer_table.h"
#include "prefix.h"

static u64 dco_prefix_half(const __be32 *words)
{
	return (u64)be32_to_cpu(words[0]) << 32 | be32_to_cpu(words[1]);
}

static void dco_prefix_put_half(u64 half, __be32 *words)
{
	words[0] = cpu_to_be32(half >> 32);
	words[1] = cpu_to_be32(half);
}

/**
 * dco_prefix_from_v4() - the prefix that is one IPv4 address
 * @prefix: receives it
 * @addr: the address
 */
void dco_prefix_from_v4(struct dco_prefix *prefix, __be32 addr)
{
	*prefix = (struct dco_prefix){
		.key.hi = (u64)be32_to_cpu(addr) << 32,
		.len = 32,
	};
}

/**
 * dco_prefix_from_v6() - the prefix that is one IPv6 address
 * @prefix: receives it
 * @addr: the address
 */
void dco_prefix_from_v6(struct dco_prefix *prefix, const struct in6_addr *addr)
{
	*prefix = (struct dco_prefix){
		.key.hi = dco_prefix_half(&addr->s6_addr32[0]),
		.key.lo = dco_prefix_half(&addr->s6_addr32[2]),
		.len = 128,
		.is_v6 = true,
	};
}

/**
 * dco_prefix_to_addr() - the first address of a prefix
 * @key: the bits of the prefix
 * @addr: receives it; in the first four bytes if it is IPv4
 */
void dco_prefix_to_addr(const struct dco_trie_key *key, struct in6_addr *addr)
{
	dco_prefix_put_half(key->hi, &addr->s6_addr32[0]);
	dco_prefix_put_half(key->lo, &addr->s6_addr32[2]);
}

/**
 * dco_prefix_owner4() - whose is this IPv4 address?
 * @dco: the device, in MP mode
 * @addr: the address
 *
 * Context: RCU read side.
 * Return: the peer, or NULL if the host's routes have to say it.
 */
struct dco_peer *dco_prefix_owner4(struct dco_dev *dco, __be32 addr)
{
	struct dco_prefix prefix;

	dco_prefix_from_v4(&prefix, addr);
	return dco_table_find_vpn4(dco, addr) ?:
	       dco_trie_find(&dco->prefixes.v4, &prefix.key);
}

/**
 * dco_prefix_owner6() - whose is this IPv6 address?
 * @dco: the device, in MP mode
 * @addr: the address
 *
 * Context: RCU read side.
 * Return: the peer, or NULL if the host's routes have to say it.
 */
struct dco_peer *dco_prefix_owner6(struct dco_dev *dco,
				   const struct in6_addr *addr)
{
	struct dco_prefix prefix;

	dco_prefix_from_v6(&prefix, addr);
	return dco_table_find_vpn6(dco, addr) ?:
	       dco_trie_find(&dco->prefixes.v6, &prefix.key);
}

static struct dco_trie_node __rcu **dco_prefix_root(struct dco_dev *dco,
						    bool is_v6)
{
	return is_v6 ? &dco->prefixes.v6 : &dco->prefixes.v4;
}

static struct list_head *dco_prefix_list(struct dco_peer *peer, bool is_v6)
{
	return is_v6 ? &peer->prefixes6 : &peer->prefixes4;
}

static struct dco_trie_node *dco_prefix_get(struct dco_dev *dco,
					    const struct dco_prefix *prefix)
{
	return dco_trie_get(dco_prefix_root(dco, prefix->is_v6), &prefix->key,
			    prefix->len, &dco->lock);
}

static bool dco_prefix_is_of(const struct dco_trie_node *node,
			     const struct dco_peer *peer)
{
	return node && rcu_access_pointer(node->value) == peer;
}

/* Is it one address, and the VPN address of another peer? */
static bool dco_prefix_is_foreign(struct dco_peer *peer,
				  const struct dco_prefix *prefix)
{
	struct dco_peer *owner;
	struct in6_addr addr;

	if (prefix->len != (prefix->is_v6 ? 128 : 32))
		return false;
	dco_prefix_to_addr(&prefix->key, &addr);
	rcu_read_lock();
	owner = prefix->is_v6 ?
		dco_table_find_vpn6(peer->dco, &addr) :
		dco_table_find_vpn4(peer->dco, addr.s6_addr32[0]);
	rcu_read_unlock();
	return owner && owner != peer;
}

static int dco_prefix_check_new(struct dco_peer *peer,
				const struct dco_prefix *list, unsigned int n,
				unsigned int *bad)
{
	struct dco_trie_node *node;

	for (*bad = 0; *bad < n; ++*bad) {
		node = dco_prefix_get(peer->dco, &list[*bad]);
		if ((node && !dco_prefix_is_of(node, peer)) ||
		    dco_prefix_is_foreign(peer, &list[*bad]))
			return -EADDRINUSE;
	}
	return 0;
}

static int dco_prefix_check_old(struct dco_peer *peer,
				const struct dco_prefix *list, unsigned int n,
				unsigned int *bad)
{
	for (*bad = 0; *bad < n; ++*bad)
		if (!dco_prefix_is_of(dco_prefix_get(peer->dco, &list[*bad]),
				      peer))
			return -ENOENT;
	return 0;
}

static void dco_prefix_remove(struct dco_peer *peer, bool is_v6,
			      struct dco_trie_node *node)
{
	list_del(&node->link);
	WRITE_ONCE(peer->n_prefixes, peer->n_prefixes - 1);
	dco_trie_remove(dco_prefix_root(peer->dco, is_v6), node,
			&peer->dco->lock);
}

/* Those that the peer has already move to its list from wherever they are */
static void dco_prefix_insert(struct dco_peer *peer,
			      const struct dco_prefix *list, unsigned int n,
			      struct dco_trie_spare *spare)
{
	struct dco_dev *dco = peer->dco;
	struct dco_trie_node *node;
	struct list_head *own;

	for (; n; list++, n--) {
		own = dco_prefix_list(peer, list->is_v6);
		node = dco_prefix_get(dco, list);
		if (node) {
			list_move_tail(&node->link, own);
			continue;
		}
		node = dco_trie_insert(dco_prefix_root(dco, list->is_v6),
				       &list->key, list->len, peer, spare,
				       &dco->lock);
		list_add_tail(&node->link, own);
		WRITE_ONCE(peer->n_prefixes, peer->n_prefixes + 1);
	}
}

static void dco_prefix_remove_all(struct dco_peer *peer, bool is_v6,
				  struct list_head *list)
{
	struct dco_trie_node *node, *next;

	list_for_each_entry_safe(node, next, list, link)
		dco_prefix_remove(peer, is_v6, node);
}

/* What stays is never missing meanwhile: new ones come before old ones go. */
static int dco_prefix_set(struct dco_peer *peer, const struct dco_prefix *list,
			  unsigned int n, struct dco_trie_spare *spare,
			  unsigned int *bad)
{
	LIST_HEAD(old4);
	LIST_HEAD(old6);
	int err;

	err = dco_prefix_check_new(peer, list, n, bad);
	if (err)
		return err;
	list_splice_init(&peer->prefixes4, &old4);
	list_splice_init(&peer->prefixes6, &old6);
	dco_prefix_insert(peer, list, n, spare);
	dco_prefix_remove_all(peer, false, &old4);
	dco_prefix_remove_all(peer, true, &old6);
	return 0;
}

static int dco_prefix_add(struct dco_peer *peer, const struct dco_prefix *list,
			  unsigned int n, struct dco_trie_spare *spare,
			  unsigned int *bad)
{
	unsigned int count = peer->n_prefixes;
	int err;

	err = dco_prefix_check_new(peer, list, n, bad);
	if (err)
		return err;
	for (*bad = 0; *bad < n; ++*bad)
		if (!dco_prefix_get(peer->dco, &list[*bad]) &&
		    ++count > DCO_PREFIX_MAX)
			return -ENOSPC;
	dco_prefix_insert(peer, list, n, spare);
	return 0;
}

static int dco_prefix_del(struct dco_peer *peer, const struct dco_prefix *list,
			  unsigned int n, unsigned int *bad)
{
	struct dco_trie_node *node;
	int err;

	err = dco_prefix_check_old(peer, list, n, bad);
	if (err)
		return err;
	for (; n; list++, n--) {
		/* the same one may stand there twice */
		node = dco_prefix_get(peer->dco, list);
		if (node)
			dco_prefix_remove(peer, list->is_v6, node);
	}
	return 0;
}

/**
 * dco_prefix_change() - change the prefixes of a peer
 * @peer: the peer, of a device in MP mode; the caller has a reference
 * @op: how
 * @list: prefixes; no more than DCO_PREFIX_MAX
 * @n: their number
 * @bad: receives the index of the prefix that is the reason of a failure
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno and nothing has changed: -EADDRINUSE if
 * another peer has a prefix of the list or, as its VPN address, the only
 * address of one; -ENOENT if a prefix to be removed is not this peer's, or the
 * peer has left the table, and then *@bad is @n; -ENOSPC if it would have too
 * many; -ENOMEM.
 */
int dco_prefix_change(struct dco_peer *peer, enum dco_prefix_op op,
		      const struct dco_prefix *list, unsigned int n,
		      unsigned int *bad)
{
	struct dco_trie_spare spare = {};
	struct dco_dev *dco = peer->dco;
	int err = 0;

	*bad = n;
	if (op != DCO_PREFIX_DEL)
		err = dco_trie_spare_fill(&spare,
					  n * DCO_TRIE_NODES_PER_PREFIX);
	if (err)
		goto out;

	spin_lock_bh(&dco->lock);
	if (!peer->is_in_table)
		err = -ENOENT;
	else if (op == DCO_PREFIX_SET)
		err = dco_prefix_set(peer, list, n, &spare, bad);
	else if (op == DCO_PREFIX_ADD)
		err = dco_prefix_add(peer, list, n, &spare, bad);
	else
		err = dco_prefix_del(peer, list, n, bad);
	spin_unlock_bh(&dco->lock);
out:
	dco_trie_spare_free(&spare);
	return err;
}

/**
 * dco_prefix_forget() - remove all prefixes of a peer
 * @peer: a peer that leaves the table
 *
 * Context: table lock held.
 */
void dco_prefix_forget(struct dco_peer *peer)
{
	lockdep_assert_held(&peer->dco->lock);
	dco_prefix_remove_all(peer, false, &peer->prefixes4);
	dco_prefix_remove_all(peer, true, &peer->prefixes6);
}
