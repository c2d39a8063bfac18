// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each peer has its own timer: a device with many peers need not look at all of
 * them when one has something to do.
 */
#include <linux/jiffies.h>
#include <linux/skbuff.h>
#include <linux/timekeeping.h>

#include "device.h"
#include "keepalive.h"
#include "peer.h"
#include "tx.h"
#include "wire.h"

static const u8 dco_keepalive_bytes[DCO_KEEPALIVE_SIZE] = DCO_KEEPALIVE_BYTES;

/**
 * dco_keepalive_now() - the time that peers' time stamps are in
 *
 * Return: seconds since boot, including suspend.
 */
unsigned long dco_keepalive_now(void)
{
	return ktime_get_boottime_seconds();
}

/**
 * dco_keepalive_is() - is this a keepalive?
 * @payload: an authentic payload
 * @len: its length in bytes
 *
 * Return: true if it is not meant for the stack.
 */
bool dco_keepalive_is(const void *payload, size_t len)
{
	return len == DCO_KEEPALIVE_SIZE &&
	       !memcmp(payload, dco_keepalive_bytes, DCO_KEEPALIVE_SIZE);
}

/* Queues the timer, which holds a reference while it is queued. Under the
 * keepalive lock, so that it cannot be queued again after dco_keepalive_stop().
 */
static void dco_keepalive_arm(struct dco_peer *peer, unsigned long seconds)
{
	lockdep_assert_held(&peer->keepalive_lock);
	dco_peer_get(peer);
	if (mod_delayed_work(dco_wq, &peer->keepalive_work, seconds * HZ))
		dco_peer_put(peer);
}

static void dco_keepalive_send(struct dco_peer *peer)
{
	struct sk_buff *skb;

	skb = alloc_skb(DCO_TX_HEADROOM + DCO_KEEPALIVE_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	skb_reserve(skb, DCO_TX_HEADROOM);
	skb_put_data(skb, dco_keepalive_bytes, DCO_KEEPALIVE_SIZE);

	local_bh_disable();
	rcu_read_lock();
	dco_tx_send(peer, skb);
	rcu_read_unlock();
	local_bh_enable();
}

/* When is something to be done that activity at @stamp puts off for @period,
 * and that must not be done before @not_before? Both clocks start when the
 * periods are set, so the later of the two counts.
 */
static unsigned long dco_keepalive_due(unsigned long stamp,
				       unsigned long period,
				       unsigned long not_before)
{
	return max(stamp + period, not_before);
}

static void dco_keepalive_work(struct work_struct *work)
{
	struct dco_peer *peer = container_of(to_delayed_work(work),
					     struct dco_peer, keepalive_work);
	unsigned long now = dco_keepalive_now();
	bool is_expired = false, is_silent = false;
	unsigned long send_at, expire_at;

	spin_lock_bh(&peer->keepalive_lock);
	if (!peer->keepalive_interval || !peer->keepalive_timeout)
		goto unlock;
	/* who carries a peer judges its silence and breaks its own */
	if (READ_ONCE(peer->is_userspace)) {
		WRITE_ONCE(peer->last_recv, now);
		WRITE_ONCE(peer->last_sent, now);
	}

	expire_at = dco_keepalive_due(READ_ONCE(peer->last_recv),
				      peer->keepalive_timeout,
				      peer->keepalive_expire_at);
	if (expire_at <= now) {
		is_expired = true;
		goto unlock;
	}
	send_at = dco_keepalive_due(READ_ONCE(peer->last_sent),
				    peer->keepalive_interval,
				    peer->keepalive_send_at);
	if (send_at <= now) {
		is_silent = true;
		send_at = now + peer->keepalive_interval;
		peer->keepalive_send_at = send_at;
	}
	dco_keepalive_arm(peer, min(send_at, expire_at) - now);
unlock:
	spin_unlock_bh(&peer->keepalive_lock);

	if (is_expired)
		dco_peer_del(peer, OVPN_DEL_PEER_REASON_EXPIRED);
	else if (is_silent)
		dco_keepalive_send(peer);
	dco_peer_put(peer);
}

/**
 * dco_keepalive_init() - prepare the timer of a new peer
 * @peer: the peer
 */
void dco_keepalive_init(struct dco_peer *peer)
{
	spin_lock_init(&peer->keepalive_lock);
	INIT_DELAYED_WORK(&peer->keepalive_work, dco_keepalive_work);
}

/**
 * dco_keepalive_set() - change the periods; both start anew
 * @peer: the peer
 * @interval: send after so many seconds of silence; 0: neither send nor expire
 * @timeout: expire after so many seconds of silence; 0: neither send nor expire
 */
void dco_keepalive_set(struct dco_peer *peer, u32 interval, u32 timeout)
{
	unsigned long now = dco_keepalive_now();

	spin_lock_bh(&peer->keepalive_lock);
	peer->keepalive_interval = interval;
	peer->keepalive_timeout = timeout;
	peer->keepalive_send_at = now + interval;
	peer->keepalive_expire_at = now + timeout;
	WRITE_ONCE(peer->last_sent, now);
	WRITE_ONCE(peer->last_recv, now);
	spin_unlock_bh(&peer->keepalive_lock);
}

/**
 * dco_keepalive_start() - start the timer, if the peer has periods
 * @peer: a peer in the table
 *
 * Context: table lock held, so that it cannot come after dco_keepalive_stop().
 */
void dco_keepalive_start(struct dco_peer *peer)
{
	unsigned long interval, timeout;

	lockdep_assert_held(&peer->dco->lock);

	spin_lock_bh(&peer->keepalive_lock);
	interval = peer->keepalive_interval;
	timeout = peer->keepalive_timeout;
	if (interval && timeout)
		dco_keepalive_arm(peer, min(interval, timeout));
	spin_unlock_bh(&peer->keepalive_lock);
}

/**
 * dco_keepalive_stop() - stop the timer of a peer that has left the table
 * @peer: the peer
 *
 * A running timer may go on; it finds the periods 0 or the peer out of the
 * table. May be called from the timer itself.
 */
void dco_keepalive_stop(struct dco_peer *peer)
{
	spin_lock_bh(&peer->keepalive_lock);
	peer->keepalive_interval = 0;
	peer->keepalive_timeout = 0;
	spin_unlock_bh(&peer->keepalive_lock);
	/* not every peer has periods, and to cancel takes long */
	if (delayed_work_pending(&peer->keepalive_work) &&
	    cancel_delayed_work(&peer->keepalive_work))
		dco_peer_put(peer);
}
