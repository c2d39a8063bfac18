// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cleartext of peers that userspace carries: a file per device. What the stack
 * sends to such a peer is read from it, what is written to it comes from such a
 * peer.
 *
 * Lifetime. A struct dco_handoff is counted by its file and, while the device
 * points to it, by the device. The file does not hold the device, or it could
 * not be deleted while a daemon has the file open; it holds the module. Device
 * and handoff point to each other, both pointers are set and cleared together
 * under the device's lock, by whichever of them ends first:
 *
 * - The file is closed: dco_handoff_release() finds the device, which stays
 *   while RCU is held because dco_dev_uninit() waits for a grace period after
 *   it has cleared the pointer.
 * - The device is deleted: dco_handoff_detach(). Readers get an end of file,
 *   writers -ENODEV.
 *
 * A sender that found the handoff before may still hold it, under RCU, so it is
 * freed after a grace period. It queues nothing any more, because a queue that
 * is closed, under its own lock, takes nothing.
 *
 * A packet that waits must not be read when its peer is gone and its id
 * another's: dco_handoff_forget() drops what waits after the peer has left the
 * table, or is no longer userspace's, and a sender that comes later sees that.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ip.h>
#include <linux/poll.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "../uapi/linux/ovpnx.h"
#include "device.h"
#include "drop.h"
#include "handoff.h"
#include "names.h"
#include "peer.h"
#include "peer_table.h"
#include "rx.h"
#include "stats.h"

/**
 * struct dco_handoff - packets on their way to userspace
 * @dco: the device, NULL when it is gone; written under its lock
 * @queue: packets; its lock protects the next two fields
 * @bytes: memory that they take
 * @is_closed: takes no packets any more
 * @wait: readers
 * @ref: the file and @dco hold one each
 * @rcu: to free it
 */
struct dco_handoff {
	struct dco_dev __rcu *dco;
	struct sk_buff_head queue;
	unsigned int bytes;
	bool is_closed;
	wait_queue_head_t wait;
	struct kref ref;
	struct rcu_head rcu;
};

/* what a queued packet carries along; @peer is compared, never followed */
struct dco_handoff_cb {
	const struct dco_peer *peer;
	u32 peer_id;
};

#define DCO_HANDOFF_CB(skb)	((struct dco_handoff_cb *)(skb)->cb)

static_assert(sizeof(struct dco_handoff_cb) <=
	      sizeof_field(struct sk_buff, cb));

static void dco_handoff_free(struct kref *ref)
{
	struct dco_handoff *h = container_of(ref, struct dco_handoff, ref);

	kfree_rcu(h, rcu);
}

static void dco_handoff_put(struct dco_handoff *h)
{
	kref_put(&h->ref, dco_handoff_free);
}

/* Takes nothing any more and drops what it has. @dco: its device; without one
 * nothing is left in it.
 *
 * Context: process, RCU read side.
 */
static void dco_handoff_close(struct dco_handoff *h, struct dco_dev *dco)
{
	struct sk_buff_head rest;
	struct sk_buff *skb;

	__skb_queue_head_init(&rest);
	local_bh_disable();
	spin_lock(&h->queue.lock);
	WRITE_ONCE(h->is_closed, true);
	h->bytes = 0;
	skb_queue_splice_init(&h->queue, &rest);
	spin_unlock(&h->queue.lock);
	/* whose they were may be gone */
	while ((skb = __skb_dequeue(&rest)))
		dco_drop(dco, skb, DCO_DROP_TX_HANDOFF);
	local_bh_enable();
}

/* Parts @h from its device, if they are still together. */
static void dco_handoff_unlink(struct dco_dev *dco, struct dco_handoff *h)
{
	bool is_linked;

	spin_lock_bh(&dco->lock);
	is_linked = h && rcu_access_pointer(dco->handoff) == h;
	if (is_linked) {
		RCU_INIT_POINTER(dco->handoff, NULL);
		RCU_INIT_POINTER(h->dco, NULL);
	}
	spin_unlock_bh(&dco->lock);
	if (is_linked)
		dco_handoff_put(h);
}

/* The packet at the head, if @room bytes take it. NULL: none will ever come. */
static struct sk_buff *dco_handoff_pop(struct dco_handoff *h, size_t room)
{
	struct sk_buff *skb;

	spin_lock_bh(&h->queue.lock);
	skb = skb_peek(&h->queue);
	if (!skb) {
		skb = h->is_closed ? NULL : ERR_PTR(-EAGAIN);
	} else if (room < sizeof(struct ovpnx_packet) + skb->len) {
		/* it stays, so that nothing is lost */
		skb = ERR_PTR(-EMSGSIZE);
	} else {
		__skb_unlink(skb, &h->queue);
		h->bytes -= skb->truesize;
	}
	spin_unlock_bh(&h->queue.lock);
	return skb;
}

static bool dco_handoff_is_readable(const struct dco_handoff *h)
{
	return !skb_queue_empty_lockless(&h->queue) || READ_ONCE(h->is_closed);
}

static struct sk_buff *dco_handoff_wait(struct dco_handoff *h, size_t room,
					bool is_nonblocking)
{
	struct sk_buff *skb;
	int err;

	for (;;) {
		skb = dco_handoff_pop(h, room);
		if (skb != ERR_PTR(-EAGAIN) || is_nonblocking)
			return skb;
		err = wait_event_interruptible(h->wait,
					       dco_handoff_is_readable(h));
		if (err)
			return ERR_PTR(err);
	}
}

static bool dco_handoff_is_nonblocking(const struct kiocb *kiocb)
{
	return kiocb->ki_filp->f_flags & O_NONBLOCK ||
	       kiocb->ki_flags & IOCB_NOWAIT;
}

static ssize_t dco_handoff_read(struct kiocb *kiocb, struct iov_iter *to)
{
	struct dco_handoff *h = kiocb->ki_filp->private_data;
	struct ovpnx_packet hdr = {};
	struct sk_buff *skb;
	ssize_t len;

	skb = dco_handoff_wait(h, iov_iter_count(to),
			       dco_handoff_is_nonblocking(kiocb));
	if (IS_ERR_OR_NULL(skb))
		return PTR_ERR(skb);

	hdr.peer_id = DCO_HANDOFF_CB(skb)->peer_id;
	len = sizeof(hdr) + skb->len;
	if (copy_to_iter(&hdr, sizeof(hdr), to) != sizeof(hdr) ||
	    skb_copy_datagram_iter(skb, 0, to, skb->len))
		len = -EFAULT;
	consume_skb(skb);
	return len;
}

static struct sk_buff *dco_handoff_packet(struct iov_iter *from, u32 *peer_id)
{
	struct ovpnx_packet hdr;
	struct sk_buff *skb;
	size_t len;

	if (iov_iter_count(from) <= sizeof(hdr))
		return ERR_PTR(-EINVAL);
	if (!copy_from_iter_full(&hdr, sizeof(hdr), from))
		return ERR_PTR(-EFAULT);
	if (hdr.reserved)
		return ERR_PTR(-EINVAL);
	*peer_id = hdr.peer_id;

	len = iov_iter_count(from);
	if (len > IP_MAX_MTU)
		return ERR_PTR(-EMSGSIZE);
	skb = alloc_skb(NET_SKB_PAD + len, GFP_KERNEL | __GFP_NOWARN);
	if (!skb)
		return ERR_PTR(-ENOMEM);
	skb_reserve(skb, NET_SKB_PAD);
	if (!copy_from_iter_full(skb_put(skb, len), len, from)) {
		kfree_skb(skb);
		return ERR_PTR(-EFAULT);
	}
	return skb;
}

/* consumes @skb */
static int dco_handoff_inject(struct dco_handoff *h, u32 peer_id,
			      struct sk_buff *skb)
{
	struct dco_dev *dco = rcu_dereference(h->dco);
	struct dco_peer *peer;
	int err = -ENODEV;

	if (!dco)
		goto drop;
	err = -ENETDOWN;
	if (!netif_running(dco->dev))
		goto drop;
	err = -ENOENT;
	peer = dco_table_find_id(dco, peer_id);
	if (!peer)
		goto drop;
	err = -EOPNOTSUPP;
	if (!READ_ONCE(peer->is_userspace))
		goto drop;
	return dco_rx_inject(peer, skb);
drop:
	kfree_skb(skb);
	return err;
}

static ssize_t dco_handoff_write(struct kiocb *kiocb, struct iov_iter *from)
{
	struct dco_handoff *h = kiocb->ki_filp->private_data;
	size_t len = iov_iter_count(from);
	struct sk_buff *skb;
	u32 peer_id;
	int err;

	skb = dco_handoff_packet(from, &peer_id);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	local_bh_disable();
	rcu_read_lock();
	err = dco_handoff_inject(h, peer_id, skb);
	rcu_read_unlock();
	local_bh_enable();
	return err ?: len;
}

static __poll_t dco_handoff_poll(struct file *file, poll_table *wait)
{
	struct dco_handoff *h = file->private_data;

	poll_wait(file, &h->wait, wait);
	if (READ_ONCE(h->is_closed))
		return EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	if (skb_queue_empty_lockless(&h->queue))
		return EPOLLOUT | EPOLLWRNORM;
	return EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;
}

static int dco_handoff_release(struct inode *inode, struct file *file)
{
	struct dco_handoff *h = file->private_data;
	struct dco_dev *dco;

	rcu_read_lock();
	dco = rcu_dereference(h->dco);
	dco_handoff_close(h, dco);
	if (dco)
		dco_handoff_unlink(dco, h);
	rcu_read_unlock();
	dco_handoff_put(h);
	return 0;
}

static const struct file_operations dco_handoff_fops = {
	.owner		= THIS_MODULE,
	.read_iter	= dco_handoff_read,
	.write_iter	= dco_handoff_write,
	.poll		= dco_handoff_poll,
	.release	= dco_handoff_release,
};

/**
 * dco_handoff_open() - make the file of a device
 * @dco: the device, which the caller holds
 *
 * Context: process, may sleep.
 * Return: the file; ERR_PTR(-EBUSY) if there is one already, ERR_PTR(-ENODEV)
 * if the device is going away, or another ERR_PTR().
 */
struct file *dco_handoff_open(struct dco_dev *dco)
{
	struct dco_handoff *h;
	struct file *file;
	int err = 0;

	h = kzalloc(sizeof(*h), GFP_KERNEL);
	if (!h)
		return ERR_PTR(-ENOMEM);
	skb_queue_head_init(&h->queue);
	init_waitqueue_head(&h->wait);
	kref_init(&h->ref);
	file = anon_inode_getfile("[" DCO_NAME "]", &dco_handoff_fops, h, O_RDWR);
	if (IS_ERR(file)) {
		kfree(h);
		return file;
	}

	spin_lock_bh(&dco->lock);
	if (dco->is_dying) {
		err = -ENODEV;
	} else if (rcu_access_pointer(dco->handoff)) {
		err = -EBUSY;
	} else {
		kref_get(&h->ref);
		rcu_assign_pointer(h->dco, dco);
		rcu_assign_pointer(dco->handoff, h);
	}
	spin_unlock_bh(&dco->lock);
	if (err) {
		fput(file);
		return ERR_PTR(err);
	}
	return file;
}

/**
 * dco_handoff_detach() - the device goes away
 * @dco: a device that is dying, so that no file is made for it any more
 *
 * Context: process; a grace period has to pass before @dco is freed.
 */
void dco_handoff_detach(struct dco_dev *dco)
{
	struct dco_handoff *h;

	rcu_read_lock();
	h = rcu_dereference(dco->handoff);
	if (h) {
		dco_handoff_close(h, dco);
		wake_up_interruptible_poll(&h->wait, EPOLLIN | EPOLLRDNORM |
					   EPOLLHUP);
		dco_handoff_unlink(dco, h);
	}
	rcu_read_unlock();
}

/* Packets of a peer that left meanwhile are refused, see the top. */
static bool dco_handoff_push(struct dco_handoff *h, struct dco_peer *peer,
			     struct sk_buff *skb)
{
	bool is_taken;

	DCO_HANDOFF_CB(skb)->peer = peer;
	DCO_HANDOFF_CB(skb)->peer_id = peer->id;
	spin_lock_bh(&h->queue.lock);
	is_taken = !h->is_closed && READ_ONCE(peer->is_in_table) &&
		   READ_ONCE(peer->is_userspace) &&
		   h->bytes + skb->truesize <= DCO_HANDOFF_MAX;
	if (is_taken) {
		h->bytes += skb->truesize;
		__skb_queue_tail(&h->queue, skb);
	}
	spin_unlock_bh(&h->queue.lock);
	return is_taken;
}

/* A packet that may wait: nothing of its sender's, its checksum final. */
static struct sk_buff *dco_handoff_prepare(struct dco_peer *peer,
					   struct sk_buff *skb)
{
	skb = dco_peer_unshare(peer, skb);
	if (unlikely(!skb))
		return NULL;
	if ((skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb)) ||
	    skb_orphan_frags_rx(skb, GFP_ATOMIC)) {
		dco_peer_drop(peer, skb, DCO_DROP_TX_NO_MEM);
		return NULL;
	}
	skb_orphan(skb);
	skb->dev = NULL;
	return skb;
}

/**
 * dco_handoff_send() - send a batch to a peer that userspace carries
 * @peer: to whom
 * @list: cleartext packets, linked by next; consumed
 * @sent: receives what waits for a reader now
 *
 * Context: BH disabled, RCU read side.
 */
void dco_handoff_send(struct dco_peer *peer, struct sk_buff *list,
		      struct dco_count *sent)
{
	struct dco_handoff *h = rcu_dereference(peer->dco->handoff);
	struct sk_buff *skb, *next;
	unsigned int len;

	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		skb = dco_handoff_prepare(peer, skb);
		if (unlikely(!skb))
			continue;
		/* a packet that waits may be gone at once */
		len = skb->len;
		if (unlikely(!h || !dco_handoff_push(h, peer, skb))) {
			dco_peer_drop(peer, skb, DCO_DROP_TX_HANDOFF);
			continue;
		}
		sent->packets++;
		sent->bytes += len;
	}
	if (sent->packets)
		wake_up_interruptible_poll(&h->wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * dco_handoff_forget() - drop what waits for a peer
 * @peer: a peer that has left the table or is no longer userspace's
 *
 * Context: process or BH disabled.
 */
void dco_handoff_forget(struct dco_peer *peer)
{
	struct sk_buff_head rest;
	struct sk_buff *skb, *next;
	struct dco_handoff *h;

	__skb_queue_head_init(&rest);
	rcu_read_lock();
	h = rcu_dereference(peer->dco->handoff);
	if (h) {
		spin_lock_bh(&h->queue.lock);
		skb_queue_walk_safe(&h->queue, skb, next) {
			if (DCO_HANDOFF_CB(skb)->peer != peer)
				continue;
			__skb_unlink(skb, &h->queue);
			h->bytes -= skb->truesize;
			__skb_queue_tail(&rest, skb);
		}
		spin_unlock_bh(&h->queue.lock);
	}
	rcu_read_unlock();

	local_bh_disable();
	while ((skb = __skb_dequeue(&rest)))
		dco_peer_drop(peer, skb, DCO_DROP_TX_HANDOFF);
	local_bh_enable();
}
