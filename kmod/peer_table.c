// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a peer is found. Only this file links and unlinks.
 *
 * Readers hold RCU. What the hash tables link is never changed while it is
 * linked: an inner address or an endpoint that changes is another object, so a
 * reader never finds a half written key.
 */
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "device.h"
#include "endpoint.h"
#include "peer.h"
#include "peer_table.h"
#include "prefix.h"
#include "sock.h"

static const struct rhashtable_params dco_vpn_params = {
	.key_len = sizeof_field(struct dco_vpn_addr, addr),
	.key_offset = offsetof(struct dco_vpn_addr, addr),
	.head_offset = offsetof(struct dco_vpn_addr, node),
	.automatic_shrinking = true,
};

static const struct rhashtable_params dco_remote_params = {
	.key_len = sizeof_field(struct dco_endpoint, remote),
	.key_offset = offsetof(struct dco_endpoint, remote),
	.head_offset = offsetof(struct dco_endpoint, node),
	.automatic_shrinking = true,
};

/**
 * dco_table_init() - prepare the tables of a device
 * @dco: the device
 *
 * Return: 0 or a negative errno.
 */
int dco_table_init(struct dco_dev *dco)
{
	int err;

	err = rhashtable_init(&dco->by_vpn, &dco_vpn_params);
	if (err)
		return err;
	err = rhltable_init(&dco->by_remote, &dco_remote_params);
	if (err)
		rhashtable_destroy(&dco->by_vpn);
	return err;
}

/**
 * dco_table_destroy() - free the tables of a device
 * @dco: a device without peers and without readers
 */
void dco_table_destroy(struct dco_dev *dco)
{
	rhltable_destroy(&dco->by_remote);
	rhashtable_destroy(&dco->by_vpn);
	xa_destroy(&dco->peers);
}

/**
 * dco_table_find_id() - the peer with this id
 * @dco: the device
 * @id: peer id
 *
 * Context: RCU read side.
 * Return: the peer or NULL.
 */
struct dco_peer *dco_table_find_id(struct dco_dev *dco, u32 id)
{
	struct dco_peer *peer;

	if (dco->mode == OVPN_MODE_MP)
		return xa_load(&dco->peers, id);
	peer = rcu_dereference(dco->only_peer);
	return peer && peer->id == id ? peer : NULL;
}

/**
 * dco_table_next() - walk over the peers by id
 * @dco: the device
 * @id: lowest id to look at; becomes the id of the peer found
 *
 * Context: RCU read side.
 * Return: the peer or NULL at the end.
 */
struct dco_peer *dco_table_next(struct dco_dev *dco, unsigned long *id)
{
	struct dco_peer *peer;

	if (dco->mode == OVPN_MODE_MP)
		return xa_find(&dco->peers, id, ULONG_MAX, XA_PRESENT);
	peer = rcu_dereference(dco->only_peer);
	if (!peer || peer->id < *id)
		return NULL;
	*id = peer->id;
	return peer;
}

/**
 * dco_table_find_vpn6() - the peer with this inner address
 * @dco: the device, in MP mode
 * @addr: IPv6 address, or IPv4 address as v4-mapped IPv6
 *
 * Context: RCU read side.
 * Return: the peer or NULL.
 */
struct dco_peer *dco_table_find_vpn6(struct dco_dev *dco,
				     const struct in6_addr *addr)
{
	struct dco_vpn_addr *vpn;

	vpn = rhashtable_lookup(&dco->by_vpn, addr, dco_vpn_params);
	return vpn ? vpn->peer : NULL;
}

/**
 * dco_table_find_vpn4() - the peer with this inner IPv4 address
 * @dco: the device, in MP mode
 * @addr: IPv4 address
 *
 * Context: RCU read side.
 * Return: the peer or NULL.
 */
struct dco_peer *dco_table_find_vpn4(struct dco_dev *dco, __be32 addr)
{
	struct in6_addr mapped;

	ipv6_addr_set_v4mapped(addr, &mapped);
	return dco_table_find_vpn6(dco, &mapped);
}

/**
 * dco_table_find_remote() - a peer with this outer address
 * @dco: the device
 * @remote: address and port
 *
 * Context: RCU read side.
 * Return: the peer or NULL.
 */
struct dco_peer *dco_table_find_remote(struct dco_dev *dco,
				       const struct dco_remote *remote)
{
	struct rhlist_head *list;

	list = rhltable_lookup(&dco->by_remote, remote, dco_remote_params);
	if (!list)
		return NULL;
	return container_of(list, struct dco_endpoint, node)->peer;
}

static struct dco_vpn_addr *dco_vpn_insert(struct dco_peer *peer,
					   const struct in6_addr *addr)
{
	struct dco_vpn_addr *vpn;
	int err;

	vpn = kmalloc(sizeof(*vpn), GFP_ATOMIC);
	if (!vpn)
		return ERR_PTR(-ENOMEM);
	vpn->addr = *addr;
	vpn->peer = peer;

	err = rhashtable_lookup_insert_fast(&peer->dco->by_vpn, &vpn->node,
					    dco_vpn_params);
	if (err) {
		kfree(vpn);
		return ERR_PTR(err == -EEXIST ? -EADDRINUSE : err);
	}
	return vpn;
}

static void dco_vpn_remove_take(struct dco_peer *peer,
				struct dco_vpn_addr *vpn)
{
	if (!vpn)
		return;
	rhashtable_remove_fast(&peer->dco->by_vpn, &vpn->node, dco_vpn_params);
	kfree_rcu(vpn, rcu);
}

/* Puts the address at @slot in the table unless it is there, or is none. The
 * caller decides between *old and *new afterwards.
 */
static int dco_vpn_prepare(struct dco_peer *peer,
			   struct dco_vpn_addr __rcu **slot, bool is_none,
			   const struct in6_addr *addr,
			   struct dco_vpn_addr **old, struct dco_vpn_addr **new)
{
	*old = rcu_dereference_protected(*slot,
					 lockdep_is_held(&peer->dco->lock));
	*new = NULL;
	if (is_none)
		return 0;
	if (*old && ipv6_addr_equal(&(*old)->addr, addr)) {
		*new = *old;
		return 0;
	}
	*new = dco_vpn_insert(peer, addr);
	if (IS_ERR(*new)) {
		int err = PTR_ERR(*new);

		*new = NULL;
		return err;
	}
	return 0;
}

static void dco_vpn_commit(struct dco_peer *peer,
			   struct dco_vpn_addr __rcu **slot,
			   struct dco_vpn_addr *old, struct dco_vpn_addr *new)
{
	if (old == new)
		return;
	rcu_assign_pointer(*slot, new);
	dco_vpn_remove_take(peer, old);
}

/**
 * dco_table_vpn_pair() - inner addresses of a peer
 * @peer: the peer
 * @pair: receives them
 *
 * Context: RCU read side, or the table's lock.
 */
void dco_table_vpn_pair(const struct dco_peer *peer, struct dco_vpn_pair *pair)
{
	const struct dco_vpn_addr *vpn;

	*pair = (struct dco_vpn_pair){};
	vpn = rcu_dereference_check(peer->vpn4,
				    lockdep_is_held(&peer->dco->lock));
	if (vpn)
		pair->v4 = vpn->addr.s6_addr32[3];
	vpn = rcu_dereference_check(peer->vpn6,
				    lockdep_is_held(&peer->dco->lock));
	if (vpn)
		pair->v6 = vpn->addr;
}

/**
 * dco_table_set_vpn() - change the inner addresses of a peer
 * @peer: the peer, in the table or about to enter it
 * @pair: the new addresses
 *
 * Context: table lock held.
 * Return: 0, -EADDRINUSE if another peer has one of them, or another negative
 * errno. On failure nothing has changed.
 */
int dco_table_set_vpn(struct dco_peer *peer, const struct dco_vpn_pair *pair)
{
	struct dco_vpn_addr *old4, *old6, *new4, *new6;
	struct in6_addr mapped;
	int err;

	lockdep_assert_held(&peer->dco->lock);

	ipv6_addr_set_v4mapped(pair->v4, &mapped);
	err = dco_vpn_prepare(peer, &peer->vpn4, !pair->v4, &mapped,
			      &old4, &new4);
	if (err)
		return err;
	err = dco_vpn_prepare(peer, &peer->vpn6, ipv6_addr_any(&pair->v6),
			      &pair->v6, &old6, &new6);
	if (err) {
		if (new4 != old4)
			dco_vpn_remove_take(peer, new4);
		return err;
	}
	dco_vpn_commit(peer, &peer->vpn4, old4, new4);
	dco_vpn_commit(peer, &peer->vpn6, old6, new6);
	return 0;
}

/* peers without endpoint cannot be found by one */
static int dco_endpoint_link(struct dco_endpoint *ep)
{
	if (!ep)
		return 0;
	return rhltable_insert(&ep->peer->dco->by_remote, &ep->node,
			       dco_remote_params);
}

static void dco_endpoint_unlink(struct dco_endpoint *ep)
{
	if (!ep)
		return;
	rhltable_remove(&ep->peer->dco->by_remote, &ep->node,
			dco_remote_params);
}

/**
 * dco_table_set_endpoint_take() - change where a peer is
 * @peer: the peer, in the table
 * @ep: its new endpoint; consumed if this succeeds
 *
 * Context: table lock held.
 * Return: 0 or a negative errno; then nothing has changed.
 */
int dco_table_set_endpoint_take(struct dco_peer *peer,
				struct dco_endpoint *ep)
{
	struct dco_endpoint *old;
	int err;

	lockdep_assert_held(&peer->dco->lock);

	err = dco_endpoint_link(ep);
	if (err)
		return err;
	old = rcu_replace_pointer(peer->endpoint, ep,
				  lockdep_is_held(&peer->dco->lock));
	dco_endpoint_unlink(old);
	dco_endpoint_retire_take(old);
	return 0;
}

/* Tells dumps that the set of peers is another one; 0 would mean "not known" */
static void dco_table_changed(struct dco_dev *dco)
{
	WRITE_ONCE(dco->generation, dco->generation + 1 ?: 1);
}

/**
 * dco_table_change_take() - change inner addresses and endpoint, or nothing
 * @peer: the peer, in the table
 * @pair: the new inner addresses
 * @ep: its new endpoint, consumed in any case; or NULL to keep the old one
 *
 * Context: table lock held.
 * Return: 0, -EADDRINUSE if another peer has an inner address, or another
 * negative errno. On failure nothing has changed.
 */
int dco_table_change_take(struct dco_peer *peer,
			  const struct dco_vpn_pair *pair,
			  struct dco_endpoint *ep)
{
	struct dco_endpoint *old;
	int err;

	lockdep_assert_held(&peer->dco->lock);

	if (!ep)
		return dco_table_set_vpn(peer, pair);
	/* what can fail comes first; the peer can be found by both endpoints
	 * until one of them goes
	 */
	err = dco_endpoint_link(ep);
	if (err) {
		dco_endpoint_free(ep);
		return err;
	}
	err = dco_table_set_vpn(peer, pair);
	old = ep;
	if (!err)
		old = rcu_replace_pointer(peer->endpoint, ep,
					  lockdep_is_held(&peer->dco->lock));
	dco_endpoint_unlink(old);
	dco_endpoint_retire_take(old);
	return err;
}

/* The last step of an insertion, which cannot be undone */
static int dco_table_publish(struct dco_peer *peer, struct list_head *removed)
{
	struct dco_dev *dco = peer->dco;
	struct dco_peer *old;
	int err;

	if (dco->mode == OVPN_MODE_MP) {
		err = xa_insert_bh(&dco->peers, peer->id, peer, GFP_ATOMIC);
		return err == -EBUSY ? -EEXIST : err;
	}

	old = rcu_dereference_protected(dco->only_peer,
					lockdep_is_held(&dco->lock));
	if (old)
		dco_table_remove(old, OVPN_DEL_PEER_REASON_TEARDOWN, removed);
	rcu_assign_pointer(dco->only_peer, peer);
	netif_carrier_on(dco->dev);
	return 0;
}

/**
 * dco_table_insert() - make a peer findable
 * @peer: a complete peer; the table takes over the caller's reference if this
 *	succeeds
 * @pair: its inner addresses
 * @removed: P2P mode: receives the peer that this one replaces
 *
 * Context: table lock held.
 * Return: 0, -ENODEV if the device is going away, -EEXIST if the id is in use,
 * -EADDRINUSE if an inner address is, or another negative errno. On failure
 * nothing has changed.
 */
int dco_table_insert(struct dco_peer *peer, const struct dco_vpn_pair *pair,
		     struct list_head *removed)
{
	static const struct dco_vpn_pair none;
	struct dco_dev *dco = peer->dco;
	struct dco_endpoint *ep;
	int err;

	lockdep_assert_held(&dco->lock);

	if (dco->is_dying)
		return -ENODEV;
	/* tells -EEXIST from -EADDRINUSE when both apply */
	if (dco->mode == OVPN_MODE_MP && xa_load(&dco->peers, peer->id))
		return -EEXIST;

	err = dco_table_set_vpn(peer, pair);
	if (err)
		return err;
	ep = rcu_dereference_protected(peer->endpoint,
				       lockdep_is_held(&dco->lock));
	err = dco_endpoint_link(ep);
	if (err)
		goto err_vpn;
	err = dco_table_publish(peer, removed);
	if (err)
		goto err_endpoint;

	dco_sock_link(peer);
	WRITE_ONCE(peer->is_in_table, true);
	dco_table_changed(dco);
	return 0;

err_endpoint:
	dco_endpoint_unlink(ep);
err_vpn:
	dco_table_set_vpn(peer, &none);
	return err;
}

/**
 * dco_table_remove() - make a peer unfindable
 * @peer: the peer
 * @reason: why, for the notification
 * @removed: the peer is added to it, with the table's reference, for
 *	dco_peer_release_list() to do what cannot be done under the lock
 *
 * Context: table lock held.
 * Return: false if the peer was not in the table.
 */
bool dco_table_remove(struct dco_peer *peer, enum ovpn_del_peer_reason reason,
		      struct list_head *removed)
{
	static const struct dco_vpn_pair none;
	struct dco_dev *dco = peer->dco;

	lockdep_assert_held(&dco->lock);

	if (!peer->is_in_table)
		return false;
	WRITE_ONCE(peer->is_in_table, false);
	peer->del_reason = reason;
	dco_table_changed(dco);

	if (dco->mode == OVPN_MODE_MP) {
		xa_erase_bh(&dco->peers, peer->id);
	} else {
		RCU_INIT_POINTER(dco->only_peer, NULL);
		netif_carrier_off(dco->dev);
	}
	dco_sock_unlink(peer);
	/* the endpoint stays: readers may be sending to it */
	dco_endpoint_unlink(rcu_dereference_protected(peer->endpoint,
						      lockdep_is_held(&dco->lock)));
	dco_table_set_vpn(peer, &none);
	dco_prefix_forget(peer);
	list_add_tail(&peer->release_node, removed);
	return true;
}
