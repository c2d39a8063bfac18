// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records on their way to TCP.
 *
 * Senders only append; the socket's work (tcp.c) gives records to TCP, many in
 * one call. So nobody who transmits a packet ever waits for, or spins on, the
 * lock of the outer socket, which may be held by somebody whose packet is going
 * through this very device.
 *
 * Backpressure. A data packet keeps the memory of the socket that it came from
 * charged until its record has been given to TCP. When TCP's send buffer is
 * full, records stay here, and inner senders of this host are held back by
 * their own buffers (TCP small queues, SO_SNDBUF), without loss. What is
 * forwarded cannot be held back: beyond DCO_TCP_DATA_MAX new batches are
 * dropped, before they are sealed, which tells their senders to slow down.
 *
 * Control packets go first at the next record border, and have a limit of their
 * own, so neither kind can keep the other out. Userspace writes few of them.
 */
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/tcp.h>
#include <net/tcp.h>

#include "drop.h"
#include "path.h"
#include "peer.h"
#include "sock.h"
#include "tcp.h"

/* Limits of memory; the last batch or packet may exceed it. Inner TCP of this
 * host has less than this outside its own queue unless it is very fast, and at
 * 10 Mbit/s it drains in about a second.
 */
#define DCO_TCP_DATA_MAX	(2 << 20)
#define DCO_TCP_CTRL_MAX	(64 << 10)
/* calls of TCP before others may have the socket */
#define DCO_TCP_TX_ROUNDS	8

struct dco_tcp_tx_cb {
	bool is_ctrl;
};

static struct dco_tcp_tx_cb *dco_tcp_tx_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct dco_tcp_tx_cb) > sizeof(skb->cb));
	return (struct dco_tcp_tx_cb *)skb->cb;
}

/**
 * dco_tcp_tx_init() - prepare empty queues
 * @tx: zeroed
 */
void dco_tcp_tx_init(struct dco_tcp_tx *tx)
{
	spin_lock_init(&tx->lock);
	__skb_queue_head_init(&tx->ctrl);
	__skb_queue_head_init(&tx->data);
}

/* a batch of records for TCP: the part that is left of one, then the first so
 * many of each list
 */
struct dco_tcp_batch {
	unsigned int count;
	unsigned int ctrl;
	size_t bytes;
	bool is_last;
};

static bool dco_tcp_batch_add(struct dco_tcp_tx *tx,
			      struct dco_tcp_batch *batch, void *data,
			      size_t len)
{
	struct kvec *vec = &tx->vec[batch->count];

	if (batch->count == DCO_TCP_TX_BATCH)
		return false;
	vec->iov_base = data;
	vec->iov_len = len;
	batch->count++;
	batch->bytes += len;
	return true;
}

static void dco_tcp_batch_make(struct dco_tcp_tx *tx,
			       struct dco_tcp_batch *batch)
{
	struct sk_buff *skb;

	*batch = (struct dco_tcp_batch){};
	if (tx->part)
		dco_tcp_batch_add(tx, batch, tx->part->data + tx->part_sent,
				  tx->part->len - tx->part_sent);

	spin_lock_bh(&tx->lock);
	skb_queue_walk(&tx->ctrl, skb) {
		if (!dco_tcp_batch_add(tx, batch, skb->data, skb->len))
			goto unlock;
		batch->ctrl++;
	}
	skb_queue_walk(&tx->data, skb) {
		if (!dco_tcp_batch_add(tx, batch, skb->data, skb->len))
			goto unlock;
	}
	batch->is_last = true;
unlock:
	spin_unlock_bh(&tx->lock);
}

/* Takes the next record of a batch for TCP's having it, or a part of it */
static struct sk_buff *dco_tcp_tx_next(struct dco_tcp_tx *tx,
				       struct dco_tcp_batch *batch)
{
	struct sk_buff *skb = tx->part;

	if (skb) {
		tx->part = NULL;
		return skb;
	}
	tx->part_sent = 0;
	spin_lock_bh(&tx->lock);
	if (batch->ctrl) {
		batch->ctrl--;
		skb = __skb_dequeue(&tx->ctrl);
	} else {
		skb = __skb_dequeue(&tx->data);
	}
	spin_unlock_bh(&tx->lock);
	return skb;
}

/* A record that TCP has. Returns whether there is room for control packets now
 * and was not before.
 */
static bool dco_tcp_tx_done_take(struct dco_tcp_tx *tx, struct sk_buff *skb)
{
	bool was_full;

	spin_lock_bh(&tx->lock);
	was_full = !dco_tcp_tx_has_ctrl_room(tx);
	if (dco_tcp_tx_cb(skb)->is_ctrl)
		WRITE_ONCE(tx->ctrl_bytes, tx->ctrl_bytes - skb->truesize);
	else
		WRITE_ONCE(tx->data_bytes, tx->data_bytes - skb->truesize);
	was_full &= dco_tcp_tx_has_ctrl_room(tx);
	spin_unlock_bh(&tx->lock);
	consume_skb(skb);
	return was_full;
}

/* TCP has taken so many bytes of a batch. Returns whether that made room for
 * control packets.
 */
static bool dco_tcp_tx_sent(struct dco_tcp_tx *tx, struct dco_tcp_batch *batch,
			    size_t bytes)
{
	bool has_new_room = false;
	struct sk_buff *skb;
	size_t left;

	while (bytes) {
		skb = dco_tcp_tx_next(tx, batch);
		left = skb->len - tx->part_sent;
		if (bytes < left) {
			tx->part = skb;
			tx->part_sent += bytes;
			break;
		}
		bytes -= left;
		has_new_room |= dco_tcp_tx_done_take(tx, skb);
	}
	return has_new_room;
}

static int dco_tcp_tx_call(struct sock *sk, struct dco_tcp_tx *tx,
			   const struct dco_tcp_batch *batch)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	unsigned int noio;
	int ret;

	if (!batch->is_last)
		msg.msg_flags |= MSG_MORE;
	iov_iter_kvec(&msg.msg_iter, WRITE, tx->vec, batch->count,
		      batch->bytes);
	/* what reclaims memory may do so over this very connection */
	noio = memalloc_noio_save();
	ret = tcp_sendmsg_locked(sk, &msg, batch->bytes);
	memalloc_noio_restore(noio);
	return ret;
}

static void dco_tcp_tx_wake(struct sock *sk)
{
	struct socket_wq *wq;

	rcu_read_lock();
	wq = rcu_dereference(sk->sk_wq);
	if (skwq_has_sleeper(wq))
		wake_up_interruptible_poll(&wq->wait, EPOLLOUT |
					   EPOLLWRNORM | EPOLLWRBAND);
	sk_wake_async(sk, SOCK_WAKE_SPACE, POLL_OUT);
	rcu_read_unlock();
}

/**
 * dco_tcp_tx_flush() - give TCP what it takes
 * @tcp: an attached socket, locked
 * @is_unfinished: receives whether to call again soon
 *
 * Context: process, may sleep for memory.
 * Return: 0 if everything has been sent or @is_unfinished; -EAGAIN if TCP will
 * call sk_write_space(); -ENOMEM if nobody will call; otherwise the error that
 * ends the connection.
 */
int dco_tcp_tx_flush(struct dco_tcp *tcp, bool *is_unfinished)
{
	struct dco_tcp_tx *tx = &tcp->tx;
	struct sock *sk = tcp->dsk->sk;
	struct dco_tcp_batch batch;
	int i, ret;

	*is_unfinished = false;
	for (i = 0; i < DCO_TCP_TX_ROUNDS; i++) {
		dco_tcp_batch_make(tx, &batch);
		ret = 0;
		if (!batch.count)
			break;
		/* TCP sets it again when it calls us back for it */
		if (sk->sk_socket)
			clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		ret = dco_tcp_tx_call(sk, tx, &batch);
		if (ret <= 0)
			break;
		if (dco_tcp_tx_sent(tx, &batch, ret))
			dco_tcp_tx_wake(sk);
		ret = 0;
	}
	*is_unfinished = i == DCO_TCP_TX_ROUNDS;
	/* with nothing on its way there is no reply to wait for */
	if (ret == -EAGAIN && sk_stream_memory_free(sk))
		ret = -ENOMEM;
	return ret;
}

/* A record that has waited in vain; the peer may be gone */
static void dco_tcp_tx_forget(struct dco_tcp *tcp, struct sk_buff *skb)
{
	if (dco_tcp_tx_cb(skb)->is_ctrl)
		consume_skb(skb);
	else
		dco_drop(tcp->dsk->dco, skb, DCO_DROP_TX_NO_ROUTE);
}

/**
 * dco_tcp_tx_close() - take no more and forget what is left
 * @tcp: the socket, locked
 */
void dco_tcp_tx_close(struct dco_tcp *tcp)
{
	struct dco_tcp_tx *tx = &tcp->tx;
	struct sk_buff_head left;
	struct sk_buff *skb;

	__skb_queue_head_init(&left);
	spin_lock_bh(&tx->lock);
	tx->is_closed = true;
	skb_queue_splice_init(&tx->ctrl, &left);
	skb_queue_splice_init(&tx->data, &left);
	spin_unlock_bh(&tx->lock);

	local_bh_disable();
	while ((skb = __skb_dequeue(&left)))
		dco_tcp_tx_forget(tcp, skb);
	if (tx->part)
		dco_tcp_tx_forget(tcp, tx->part);
	tx->part = NULL;
	local_bh_enable();
}

/**
 * dco_tcp_tx_has_ctrl_room() - may userspace write?
 * @tx: the queues
 *
 * Only userspace's own writing can turn the answer from yes to no.
 *
 * Return: true if a control packet would be accepted.
 */
bool dco_tcp_tx_has_ctrl_room(const struct dco_tcp_tx *tx)
{
	return READ_ONCE(tx->ctrl_bytes) < DCO_TCP_CTRL_MAX;
}

/* One whole record of userspace */
static struct sk_buff *dco_tcp_tx_read_user(struct msghdr *msg, size_t len)
{
	struct sk_buff *skb;
	size_t size;

	if (len < DCO_RECORD_HEAD)
		return ERR_PTR(-EINVAL);
	if (len > DCO_RECORD_MAX)
		return ERR_PTR(-EMSGSIZE);
	skb = alloc_skb(len, GFP_KERNEL);
	if (!skb)
		return ERR_PTR(-ENOMEM);
	if (!copy_from_iter_full(skb_put(skb, len), len, &msg->msg_iter)) {
		kfree_skb(skb);
		return ERR_PTR(-EFAULT);
	}
	/* anything else would put the other end out of step for good */
	size = DCO_RECORD_PREFIX + (skb->data[0] << 8 | skb->data[1]);
	if (size != len) {
		kfree_skb(skb);
		return ERR_PTR(-EINVAL);
	}
	dco_tcp_tx_cb(skb)->is_ctrl = true;
	return skb;
}

/* consumes @skb if this succeeds */
static int dco_tcp_tx_add_ctrl(struct dco_tcp *tcp, struct sk_buff *skb)
{
	struct dco_tcp_tx *tx = &tcp->tx;
	struct sock *sk = tcp->dsk->sk;
	int err = 0;

	if (READ_ONCE(sk->sk_err) || READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN)
		return -EPIPE;
	spin_lock_bh(&tx->lock);
	if (tx->is_closed) {
		err = -EIO;
	} else if (!dco_tcp_tx_has_ctrl_room(tx)) {
		err = -EAGAIN;
	} else {
		__skb_queue_tail(&tx->ctrl, skb);
		WRITE_ONCE(tx->ctrl_bytes, tx->ctrl_bytes + skb->truesize);
	}
	spin_unlock_bh(&tx->lock);
	if (!err)
		dco_tcp_kick(tcp);
	return err;
}

static int dco_tcp_tx_wait(struct dco_tcp *tcp, long *timeo)
{
	struct dco_tcp_tx *tx = &tcp->tx;
	struct sock *sk = tcp->dsk->sk;
	long left;

	if (!*timeo)
		return -EAGAIN;
	left = wait_event_interruptible_timeout(*sk_sleep(sk),
						dco_tcp_tx_has_ctrl_room(tx) ||
						READ_ONCE(tx->is_closed) ||
						READ_ONCE(sk->sk_err) ||
						READ_ONCE(sk->sk_shutdown) &
						SEND_SHUTDOWN, *timeo);
	if (left < 0)
		return sock_intr_errno(*timeo);
	*timeo = left;
	return 0;
}

/**
 * dco_tcp_tx_write() - take a control packet of userspace
 * @tcp: the socket, not locked
 * @msg: the packet with its prefix
 * @len: its length
 *
 * Context: process, may sleep.
 * Return: @len, or a negative errno: -EINVAL if it is not one whole record,
 * -EAGAIN if there is no room and it must not wait, -EIO if the socket is no
 * longer ours.
 */
int dco_tcp_tx_write(struct dco_tcp *tcp, struct msghdr *msg, size_t len)
{
	struct sock *sk = tcp->dsk->sk;
	struct sk_buff *skb;
	long timeo;
	int err;

	skb = dco_tcp_tx_read_user(msg, len);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	timeo = sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT);
	do {
		err = dco_tcp_tx_add_ctrl(tcp, skb);
		if (!err)
			return len;
		if (err == -EAGAIN)
			err = dco_tcp_tx_wait(tcp, &timeo);
		else if (err == -EPIPE)
			err = sk_stream_error(sk, msg->msg_flags, err);
	} while (!err);
	kfree_skb(skb);
	return err;
}

/**
 * dco_tcp_find_path() - may a batch be sent?
 * @path: the way: peer and socket are set
 *
 * Context: BH disabled, RCU read side.
 * Return: 0; -ENOBUFS if too much is waiting already.
 */
int dco_tcp_find_path(const struct dco_path *path)
{
	if (unlikely(READ_ONCE(path->dsk->tcp->tx.data_bytes) >=
		     DCO_TCP_DATA_MAX))
		return -ENOBUFS;
	return 0;
}

/**
 * dco_tcp_send() - queue sealed packets
 * @path: the way
 * @list: the packets, linear and private, linked by next; consumed if this
 *	succeeds
 *
 * Context: BH disabled, RCU read side.
 * Return: 0; -ENOTCONN if the socket is no longer ours; -ELOOP if the outer
 * connection itself is routed into the tunnel.
 */
int dco_tcp_send(const struct dco_path *path, struct sk_buff *list)
{
	struct dco_tcp *tcp = path->dsk->tcp;
	struct dco_tcp_tx *tx = &tcp->tx;
	struct sk_buff *skb, *next;
	size_t bytes = 0, size;

	if (unlikely(list->sk == path->dsk->sk))
		return -ELOOP;
	skb_list_walk_safe(list, skb, next) {
		size = skb->len;
		dco_record_prefix(__skb_push(skb, DCO_RECORD_PREFIX), size);
		dco_tcp_tx_cb(skb)->is_ctrl = false;
		bytes += skb->truesize;
	}

	spin_lock(&tx->lock);
	if (unlikely(tx->is_closed)) {
		spin_unlock(&tx->lock);
		return -ENOTCONN;
	}
	WRITE_ONCE(tx->data_bytes, tx->data_bytes + bytes);
	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		__skb_queue_tail(&tx->data, skb);
	}
	spin_unlock(&tx->lock);
	dco_tcp_kick(tcp);
	return 0;
}
