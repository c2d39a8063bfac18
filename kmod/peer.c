// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "device.h"
#include "endpoint.h"
#include "handoff.h"
#include "keepalive.h"
#include "notify.h"
#include "payload.h"
#include "peer.h"
#include "peer_table.h"
#include "sock.h"
#include "stats.h"
#include "trace.h"
#include "tx_stage.h"

/* how many peers are removed before others get the table's lock */
#define DCO_PEER_DEL_BATCH	64

static void dco_peer_free(struct dco_peer *peer)
{
	dco_stage_free(peer);
	dco_endpoint_free(rcu_dereference_protected(peer->endpoint, true));
	dco_peer_stats_free(peer->stats);
	netdev_put(peer->dco->dev, &peer->dev_tracker);
	kfree(peer);
}

static void dco_peer_free_rcu(struct rcu_head *rcu)
{
	dco_peer_free(container_of(rcu, struct dco_peer, free_work.rcu));
}

static void dco_peer_free_work(struct work_struct *work)
{
	struct dco_peer *peer = container_of(to_rcu_work(work),
					     struct dco_peer, free_work);

	dco_key_slots_free(&peer->keys);
	dco_peer_free(peer);
}

/**
 * dco_peer_new() - make a peer
 * @dco: its device, which the caller holds
 * @id: its id
 *
 * Context: process, may sleep.
 * Return: the peer with one reference, not in the table; NULL without memory.
 */
struct dco_peer *dco_peer_new(struct dco_dev *dco, u32 id)
{
	struct dco_peer *peer;

	peer = kzalloc(sizeof(*peer), GFP_KERNEL);
	if (!peer)
		return NULL;
	peer->stats = dco_peer_stats_new();
	if (!peer->stats) {
		kfree(peer);
		return NULL;
	}
	peer->dco = dco;
	peer->id = id;
	peer->tx_id = id;
	peer->ip_id = get_random_u32();
	dco_key_slots_init(&peer->keys);
	dco_keepalive_init(peer);
	dco_payload_init(peer);
	INIT_HLIST_NODE(&peer->sock_node);
	INIT_LIST_HEAD(&peer->prefixes4);
	INIT_LIST_HEAD(&peer->prefixes6);
	kref_init(&peer->ref);
	INIT_RCU_WORK(&peer->free_work, dco_peer_free_work);
	netdev_hold(dco->dev, &peer->dev_tracker, GFP_KERNEL);
	return peer;
}

/**
 * dco_peer_get() - take a reference
 * @peer: a peer to which the caller has one
 *
 * Return: @peer.
 */
struct dco_peer *dco_peer_get(struct dco_peer *peer)
{
	kref_get(&peer->ref);
	return peer;
}

static void dco_peer_release(struct kref *ref)
{
	struct dco_peer *peer = container_of(ref, struct dco_peer, ref);

	/* to free a key may sleep */
	if (dco_key_slots_are_empty(&peer->keys))
		call_rcu(&peer->free_work.rcu, dco_peer_free_rcu);
	else
		queue_rcu_work(dco_wq, &peer->free_work);
}

/**
 * dco_peer_put() - drop a reference
 * @peer: the peer
 */
void dco_peer_put(struct dco_peer *peer)
{
	kref_put(&peer->ref, dco_peer_release);
}

/**
 * dco_peer_get_by_id() - find a peer for more than an RCU section
 * @dco: the device
 * @id: peer id
 *
 * The peer may leave the table at any time, so whoever goes on to change what
 * depends on that takes the table lock and looks at is_in_table.
 *
 * Return: the peer with a reference, or NULL.
 */
struct dco_peer *dco_peer_get_by_id(struct dco_dev *dco, u32 id)
{
	struct dco_peer *peer;

	rcu_read_lock();
	peer = dco_table_find_id(dco, id);
	if (peer && !kref_get_unless_zero(&peer->ref))
		peer = NULL;
	rcu_read_unlock();
	return peer;
}

/* Ends what a peer does outside the table: timers, socket, the table's
 * reference. Userspace hears of it while the socket says in which namespace.
 */
static void dco_peer_release_list(struct list_head *removed)
{
	struct dco_peer *peer, *next;
	struct dco_sock *dsk;

	list_for_each_entry_safe(peer, next, removed, release_node) {
		list_del(&peer->release_node);
		dco_keepalive_stop(peer);
		trace_dco_peer_del(peer);
		dco_handoff_forget(peer);
		dco_notify_peer_del(peer, peer->del_reason);
		/* only this function clears it, and once per peer */
		dsk = rcu_dereference_protected(peer->sock, true);
		RCU_INIT_POINTER(peer->sock, NULL);
		dco_sock_put(dsk);
		dco_peer_put(peer);
	}
}

/**
 * dco_peer_add() - put a peer into the table
 * @peer: a complete peer; the table takes over the caller's reference if this
 *	succeeds
 * @pair: its inner addresses, none in P2P mode
 *
 * In P2P mode a peer that is there already is removed.
 *
 * Context: process, may sleep.
 * Return: 0 or what dco_table_insert() returns.
 */
int dco_peer_add(struct dco_peer *peer, const struct dco_vpn_pair *pair)
{
	struct dco_dev *dco = peer->dco;
	LIST_HEAD(removed);
	int err;

	spin_lock_bh(&dco->lock);
	err = dco_table_insert(peer, pair, &removed);
	if (!err) {
		dco_keepalive_start(peer);
		trace_dco_peer_add(peer);
	}
	spin_unlock_bh(&dco->lock);
	dco_peer_release_list(&removed);
	return err;
}

/**
 * dco_peer_set_userspace() - say who carries a peer
 * @peer: the peer; the caller has a reference
 * @is_userspace: true if userspace does, false if the module does
 *
 * Context: process.
 * Return: 0, or -ENOENT if the peer is no longer in the table.
 */
int dco_peer_set_userspace(struct dco_peer *peer, bool is_userspace)
{
	struct dco_dev *dco = peer->dco;
	int err = -ENOENT;

	spin_lock_bh(&dco->lock);
	if (peer->is_in_table) {
		WRITE_ONCE(peer->is_userspace, is_userspace);
		err = 0;
	}
	spin_unlock_bh(&dco->lock);
	if (!is_userspace)
		dco_handoff_forget(peer);
	/* the next record may have waited for a reader, and not need one now */
	dco_sock_kick(peer);
	return err;
}

/**
 * dco_peer_del() - remove a peer
 * @peer: the peer; the caller has a reference
 * @reason: why
 *
 * Its socket is released when this returns, but packets may still be on their
 * way.
 *
 * Context: process, may sleep.
 * Return: 0, or -ENOENT if somebody else has removed it.
 */
int dco_peer_del(struct dco_peer *peer, enum ovpn_del_peer_reason reason)
{
	struct dco_dev *dco = peer->dco;
	LIST_HEAD(removed);
	bool is_mine;

	spin_lock_bh(&dco->lock);
	is_mine = dco_table_remove(peer, reason, &removed);
	spin_unlock_bh(&dco->lock);
	dco_peer_release_list(&removed);
	return is_mine ? 0 : -ENOENT;
}

/* Removes some peers of a socket; returns how many. */
static unsigned int dco_peer_remove_by_dsk(struct dco_sock *dsk,
					   enum ovpn_del_peer_reason reason,
					   struct list_head *removed)
{
	struct hlist_node *next;
	struct dco_peer *peer;
	unsigned int n = 0;

	spin_lock_bh(&dsk->dco->lock);
	hlist_for_each_entry_safe(peer, next, &dsk->peers, sock_node) {
		dco_table_remove(peer, reason, removed);
		if (++n == DCO_PEER_DEL_BATCH)
			break;
	}
	spin_unlock_bh(&dsk->dco->lock);
	return n;
}

/**
 * dco_peer_del_by_dsk() - remove all peers of a socket
 * @dsk: the socket, not locked; the caller has a reference
 * @reason: why
 *
 * Context: process, may sleep.
 */
void dco_peer_del_by_dsk(struct dco_sock *dsk,
			 enum ovpn_del_peer_reason reason)
{
	unsigned int n;

	do {
		LIST_HEAD(removed);

		n = dco_peer_remove_by_dsk(dsk, reason, &removed);
		dco_peer_release_list(&removed);
		cond_resched();
	} while (n == DCO_PEER_DEL_BATCH);
}

/**
 * dco_peer_del_by_sock() - remove all peers of a socket
 * @sk: the socket, not locked; no peer gets it any more
 * @reason: why
 *
 * Context: process, may sleep.
 */
void dco_peer_del_by_sock(struct sock *sk, enum ovpn_del_peer_reason reason)
{
	struct dco_sock *dsk;
	unsigned int n;

	do {
		LIST_HEAD(removed);

		n = 0;
		/* RCU keeps dsk if its last peer is leaving right now */
		rcu_read_lock();
		dsk = rcu_dereference_sk_user_data(sk);
		if (dsk)
			n = dco_peer_remove_by_dsk(dsk, reason, &removed);
		rcu_read_unlock();
		dco_peer_release_list(&removed);
		cond_resched();
	} while (n == DCO_PEER_DEL_BATCH);
}

/* Removes some peers of a device; returns how many. */
static unsigned int dco_peer_del_some(struct dco_dev *dco,
				      enum ovpn_del_peer_reason reason)
{
	struct dco_peer *peer;
	unsigned long id = 0;
	LIST_HEAD(removed);
	unsigned int n = 0;

	spin_lock_bh(&dco->lock);
	rcu_read_lock();
	while (n < DCO_PEER_DEL_BATCH && (peer = dco_table_next(dco, &id))) {
		dco_table_remove(peer, reason, &removed);
		n++;
	}
	rcu_read_unlock();
	spin_unlock_bh(&dco->lock);
	dco_peer_release_list(&removed);
	return n;
}

/**
 * dco_peer_del_all() - remove all peers of a device
 * @dco: the device, to which no peer is added any more
 * @reason: why
 *
 * Context: process, may sleep.
 */
void dco_peer_del_all(struct dco_dev *dco, enum ovpn_del_peer_reason reason)
{
	while (dco_peer_del_some(dco, reason) == DCO_PEER_DEL_BATCH)
		cond_resched();
}
