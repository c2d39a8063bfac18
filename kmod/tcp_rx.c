// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the stream to records, read from TCP's own buffers by tcp_read_sock().
 *
 * The kernel's stream parser is not used: it makes each record an skb of its
 * own by cloning what it lies in, so that a received buffer of 64 KB with 45
 * records becomes 45 clones whose data begin far behind their head, and each
 * has to be copied before it can be opened. Here a data record that lies in one
 * buffer is opened out of that buffer into memory of its own, which makes
 * reading, opening and copying one pass. Never in place: buffers of the receive
 * queue share pages with the sender's queue when both are on one host, and
 * coalescing hides that they do (a buffer that is not a clone may hold pages of
 * one). A record that is spread over buffers is put together in memory of its
 * own, and opened there. Of a peer that userspace carries, all records are
 * control packets.
 *
 * Reading is done by the socket's work (tcp.c) and not where packets arrive:
 * packets that are opened wait for a NAPI poll, and that has to run now and
 * then. It does between two calls of dco_tcp_rx_read(), each of which opens few
 * enough. What is not read remains with TCP, which tells the other end.
 *
 * Nothing a peer sends costs more than that: one record of at most 64 KB that
 * is being put together, and DCO_TCP_CTRL_MAX of control packets. When
 * userspace does not read these, the stream is not read on.
 */
#include <linux/sched/signal.h>
#include <linux/tcp.h>
#include <net/tcp.h>

#include "device.h"
#include "drop.h"
#include "peer.h"
#include "rx.h"
#include "sock.h"
#include "tcp.h"
#include "wire.h"

/* records of one call: an eighth of what waits for NAPI at most, by default */
#define DCO_TCP_RX_RECORDS	128
/* memory for control packets; the last one may exceed it */
#define DCO_TCP_CTRL_MAX	(256 << 10)

/**
 * struct dco_tcp_reader - one call of tcp_read_sock()
 * @tcp: the socket
 * @peer: its peer
 * @records: how many more to read
 */
struct dco_tcp_reader {
	struct dco_tcp *tcp;
	struct dco_peer *peer;
	unsigned int records;
};

/**
 * dco_tcp_rx_init() - prepare for a stream that begins with a record
 * @rx: zeroed
 */
void dco_tcp_rx_init(struct dco_tcp_rx *rx)
{
	skb_queue_head_init(&rx->ctrl);
}

/* What to do with the record that begins like this */
static enum dco_record dco_tcp_rx_kind(const struct dco_tcp_reader *reader,
				       const u8 *head, size_t len,
				       size_t *size)
{
	enum dco_record kind = dco_record_parse(head, len, size);

	switch (kind) {
	case DCO_RECORD_DATA:
	case DCO_RECORD_DATA_V1:
		if (unlikely(READ_ONCE(reader->peer->is_userspace)))
			return DCO_RECORD_CONTROL;
		return likely(kind == DCO_RECORD_DATA) ? kind : DCO_RECORD_BAD;
	case DCO_RECORD_MORE:
	case DCO_RECORD_CONTROL:
	case DCO_RECORD_BAD:
		break;
	}
	return kind;
}

/* Is there no room for a control packet? Then whoever makes some will wake the
 * reader. Only the reader adds, so room does not go away.
 */
static bool dco_tcp_ctrl_pause(struct dco_tcp_rx *rx)
{
	bool is_paused;

	spin_lock_bh(&rx->ctrl.lock);
	is_paused = rx->ctrl_bytes >= DCO_TCP_CTRL_MAX;
	rx->is_paused = is_paused;
	spin_unlock_bh(&rx->ctrl.lock);
	return is_paused;
}

static void dco_tcp_ctrl_add_take(struct dco_tcp *tcp, struct sk_buff *skb)
{
	struct dco_tcp_rx *rx = &tcp->rx;

	skb->dev = NULL;	/* it is not held */
	spin_lock_bh(&rx->ctrl.lock);
	__skb_queue_tail(&rx->ctrl, skb);
	rx->ctrl_bytes += skb->truesize;
	spin_unlock_bh(&rx->ctrl.lock);
	tcp->saved.data_ready(tcp->dsk->sk);
}

/* Reads a part of the stream. It is where TCP says, but that may be memory of a
 * device that no CPU can read. Whoever cannot read a record does not know where
 * the next one begins, so that is the end of the stream.
 */
static bool dco_tcp_rx_copy(struct dco_tcp_reader *reader,
			    const struct sk_buff *from, unsigned int offset,
			    void *to, size_t len)
{
	struct dco_tcp_rx *rx = &reader->tcp->rx;

	if (unlikely(skb_copy_bits(from, offset, to, len)))
		rx->is_bad = true;
	return !rx->is_bad;
}

/* Memory for a record of which, without its prefix, the words are aligned */
static struct sk_buff *dco_tcp_rx_alloc(const struct dco_tcp_reader *reader,
					size_t size)
{
	const size_t pad = sizeof(__be32) - DCO_RECORD_PREFIX;
	struct sk_buff *skb;

	skb = netdev_alloc_skb(reader->peer->dco->dev, pad + size);
	if (likely(skb))
		skb_reserve(skb, pad);
	else
		dco_peer_drop_count(reader->peer, DCO_DROP_RX_NO_MEM);
	return skb;
}

/* consumes a whole record, with its prefix */
static void dco_tcp_rx_record_take(struct dco_tcp_reader *reader,
				   struct sk_buff *skb)
{
	size_t size;

	reader->records--;
	switch (dco_tcp_rx_kind(reader, skb->data, skb->len, &size)) {
	case DCO_RECORD_CONTROL:
		dco_tcp_ctrl_add_take(reader->tcp, skb);
		return;
	case DCO_RECORD_DATA:
		__skb_pull(skb, DCO_RECORD_PREFIX);
		dco_rx(reader->peer, skb, NULL);
		return;
	case DCO_RECORD_DATA_V1:
	case DCO_RECORD_MORE:
	case DCO_RECORD_BAD:
		break;
	}
	/* it was userspace's when it began, and is not any more */
	reader->tcp->rx.is_bad = true;
	dco_peer_drop(reader->peer, skb, DCO_DROP_RX_DATA_V1);
}

/* A record in one buffer. Returns its size, or 0 if it has to wait or cannot be
 * read.
 */
static size_t dco_tcp_rx_whole(struct dco_tcp_reader *reader,
			       struct sk_buff *from, unsigned int offset,
			       size_t size, enum dco_record kind)
{
	struct sk_buff *skb;

	if (kind == DCO_RECORD_CONTROL && dco_tcp_ctrl_pause(&reader->tcp->rx))
		return 0;
	reader->records--;
	if (kind == DCO_RECORD_DATA) {
		dco_rx_from(reader->peer, from, offset + DCO_RECORD_PREFIX,
			    size - DCO_RECORD_PREFIX);
		return size;
	}
	skb = dco_tcp_rx_alloc(reader, size);
	if (unlikely(!skb))
		return size;
	if (!dco_tcp_rx_copy(reader, from, offset, skb_put(skb, size), size)) {
		kfree_skb(skb);
		return 0;
	}
	dco_tcp_ctrl_add_take(reader->tcp, skb);
	return size;
}

/* The head of a record is there: makes room for the rest. False if it cannot be
 * read now.
 */
static bool dco_tcp_rx_start(struct dco_tcp_reader *reader)
{
	struct dco_tcp_rx *rx = &reader->tcp->rx;
	enum dco_record kind;
	size_t size;

	kind = dco_tcp_rx_kind(reader, rx->head, rx->head_len, &size);
	switch (kind) {
	case DCO_RECORD_MORE:
		return true;
	case DCO_RECORD_DATA_V1:
	case DCO_RECORD_BAD:
		rx->is_bad = true;
		return false;
	case DCO_RECORD_CONTROL:
		if (dco_tcp_ctrl_pause(rx))
			return false;
		break;
	case DCO_RECORD_DATA:
		break;
	}
	rx->part_left = size - rx->head_len;
	rx->part = dco_tcp_rx_alloc(reader, size);
	if (unlikely(!rx->part))
		rx->skip = rx->part_left;
	else
		skb_put_data(rx->part, rx->head, rx->head_len);
	rx->head_len = 0;
	return true;
}

/* Continues the record that is being put together */
static size_t dco_tcp_rx_continue(struct dco_tcp_reader *reader,
				  struct sk_buff *from, unsigned int offset,
				  size_t len)
{
	struct dco_tcp_rx *rx = &reader->tcp->rx;
	struct sk_buff *skb = rx->part;

	len = min(len, rx->part_left);
	if (!dco_tcp_rx_copy(reader, from, offset, skb_put(skb, len), len))
		return 0;
	rx->part_left -= len;
	if (!rx->part_left) {
		rx->part = NULL;
		dco_tcp_rx_record_take(reader, skb);
	}
	return len;
}

/* Begins a record that is not, or may not be, whole in one buffer */
static size_t dco_tcp_rx_begin(struct dco_tcp_reader *reader,
			       struct sk_buff *from, unsigned int offset,
			       size_t len)
{
	struct dco_tcp_rx *rx = &reader->tcp->rx;

	len = min_t(size_t, len, DCO_RECORD_HEAD - rx->head_len);
	if (!dco_tcp_rx_copy(reader, from, offset, rx->head + rx->head_len,
			     len))
		return 0;
	rx->head_len += len;
	/* if this fails, the head is kept and the bytes have been read */
	dco_tcp_rx_start(reader);
	return len;
}

/* Reads at most one record, or a part of one. Returns how much has been read, 0
 * if nothing can be.
 */
static size_t dco_tcp_rx_step(struct dco_tcp_reader *reader,
			      struct sk_buff *from, unsigned int offset,
			      size_t len)
{
	struct dco_tcp_rx *rx = &reader->tcp->rx;
	u8 head[DCO_RECORD_HEAD];
	enum dco_record kind;
	size_t size;

	/* a record's head has been read, but there was no room for it */
	if (rx->head_len == DCO_RECORD_HEAD && !dco_tcp_rx_start(reader))
		return 0;
	if (unlikely(rx->skip)) {
		len = min(len, rx->skip);
		rx->skip -= len;
		return len;
	}
	if (rx->part)
		return dco_tcp_rx_continue(reader, from, offset, len);
	if (rx->head_len || len < DCO_RECORD_HEAD)
		return dco_tcp_rx_begin(reader, from, offset, len);

	if (!dco_tcp_rx_copy(reader, from, offset, head, sizeof(head)))
		return 0;
	kind = dco_tcp_rx_kind(reader, head, sizeof(head), &size);
	if (unlikely(kind == DCO_RECORD_BAD)) {
		rx->is_bad = true;
		return 0;
	}
	if (size > len)
		return dco_tcp_rx_begin(reader, from, offset, len);
	return dco_tcp_rx_whole(reader, from, offset, size, kind);
}

static int dco_tcp_rx_actor(read_descriptor_t *desc, struct sk_buff *skb,
			    unsigned int offset, size_t len)
{
	struct dco_tcp_reader *reader = desc->arg.data;
	struct dco_tcp_rx *rx = &reader->tcp->rx;
	size_t used = 0, n;

	while (used < len && reader->records && !rx->is_bad && !rx->is_paused) {
		n = dco_tcp_rx_step(reader, skb, offset + used, len - used);
		if (!n)
			break;
		used += n;
	}
	/* checked at the end of a buffer only; until then we return 0 */
	desc->count = reader->records;
	return used;
}

/* Returns whether userspace has read all control packets already; if not, the
 * reading of the last one wakes us.
 */
static bool dco_tcp_ctrl_finish(struct dco_tcp_rx *rx)
{
	bool is_empty;

	spin_lock_bh(&rx->ctrl.lock);
	WRITE_ONCE(rx->is_eof, true);
	is_empty = skb_queue_empty(&rx->ctrl);
	spin_unlock_bh(&rx->ctrl.lock);
	return is_empty;
}

/* TCP gives no byte from an urgent one on, which nobody sends */
static bool dco_tcp_rx_is_urgent(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return tp->urg_data && tp->urg_seq == tp->copied_seq;
}

/**
 * dco_tcp_rx_read() - read some records
 * @tcp: an attached socket, locked
 *
 * Context: process, BH enabled.
 * Return: how to go on.
 */
enum dco_tcp_rx_next dco_tcp_rx_read(struct dco_tcp *tcp)
{
	struct dco_tcp_reader reader = {
		.tcp = tcp,
		.records = DCO_TCP_RX_RECORDS,
	};
	read_descriptor_t desc = {
		.arg.data = &reader,
		.count = DCO_TCP_RX_RECORDS,
	};
	struct dco_tcp_rx *rx = &tcp->rx;
	struct sock *sk = tcp->dsk->sk;

	rx->is_paused = false;
	local_bh_disable();
	rcu_read_lock();
	reader.peer = rcu_dereference(tcp->peer);
	if (reader.peer)
		tcp_read_sock(sk, &desc, dco_tcp_rx_actor);
	rcu_read_unlock();
	local_bh_enable();

	if (!reader.peer)
		return DCO_TCP_RX_WAIT;
	if (unlikely(rx->is_bad || dco_tcp_rx_is_urgent(sk)))
		return DCO_TCP_RX_BAD;
	if (rx->is_paused)
		return DCO_TCP_RX_WAIT;
	if (!reader.records)
		return DCO_TCP_RX_MORE;
	if (sk->sk_shutdown & RCV_SHUTDOWN || sk->sk_state == TCP_CLOSE)
		return dco_tcp_ctrl_finish(rx) ? DCO_TCP_RX_END :
						 DCO_TCP_RX_WAIT;
	return DCO_TCP_RX_WAIT;
}

/**
 * dco_tcp_rx_purge() - forget what has been read
 * @rx: of a locked socket
 */
void dco_tcp_rx_purge(struct dco_tcp_rx *rx)
{
	skb_queue_purge(&rx->ctrl);
	kfree_skb(rx->part);
	rx->part = NULL;
}

/* The next control packet, which the caller has to free. NULL: there is none */
static struct sk_buff *dco_tcp_ctrl_next(struct dco_tcp *tcp, bool is_peek)
{
	struct dco_tcp_rx *rx = &tcp->rx;
	bool is_resumed = false;
	struct sk_buff *skb;

	spin_lock_bh(&rx->ctrl.lock);
	skb = skb_peek(&rx->ctrl);
	if (skb && is_peek) {
		skb_get(skb);
	} else if (skb) {
		__skb_unlink(skb, &rx->ctrl);
		rx->ctrl_bytes -= skb->truesize;
		/* the reader waits for room, or for the last to be read */
		is_resumed = rx->is_paused || rx->is_eof;
	}
	spin_unlock_bh(&rx->ctrl.lock);
	if (is_resumed)
		dco_tcp_kick(tcp);
	return skb;
}

/* Would looking again help? */
static bool dco_tcp_ctrl_has_news(const struct dco_tcp *tcp)
{
	return !skb_queue_empty_lockless(&tcp->rx.ctrl) ||
	       !READ_ONCE(tcp->is_attached) || READ_ONCE(tcp->rx.is_eof) ||
	       READ_ONCE(tcp->dsk->sk->sk_err);
}

static int dco_tcp_ctrl_wait(struct dco_tcp *tcp, long *timeo)
{
	struct sock *sk = tcp->dsk->sk;
	long left;

	if (!*timeo)
		return -EAGAIN;
	left = wait_event_interruptible_timeout(*sk_sleep(sk),
						dco_tcp_ctrl_has_news(tcp),
						*timeo);
	if (left < 0)
		return sock_intr_errno(*timeo);
	*timeo = left;
	return 0;
}

static int dco_tcp_ctrl_copy(struct sk_buff *skb, struct msghdr *msg,
			     size_t len, int flags)
{
	size_t copied = min_t(size_t, len, skb->len);
	int err;

	err = skb_copy_datagram_msg(skb, 0, msg, copied);
	if (err)
		return err;
	if (copied < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	return flags & MSG_TRUNC ? skb->len : copied;
}

/**
 * dco_tcp_rx_recv() - give userspace a control packet
 * @tcp: the socket, not locked
 * @msg: receives the packet with its prefix
 * @len: room in @msg
 * @flags: MSG_*
 *
 * Context: process, may sleep.
 * Return: its length, as for datagrams; 0 at the end of the stream; or a
 * negative errno, -EBADF if the socket is no longer ours.
 */
int dco_tcp_rx_recv(struct dco_tcp *tcp, struct msghdr *msg, size_t len,
		    int flags)
{
	long timeo = sock_rcvtimeo(tcp->dsk->sk, flags & MSG_DONTWAIT);
	struct sock *sk = tcp->dsk->sk;
	struct sk_buff *skb;
	bool is_end;
	int ret;

	if (flags & (MSG_OOB | MSG_ERRQUEUE))
		return -EOPNOTSUPP;
	for (;;) {
		/* in this order: what came before the end is read first */
		is_end = READ_ONCE(tcp->rx.is_eof);
		skb = dco_tcp_ctrl_next(tcp, flags & MSG_PEEK);
		if (skb)
			break;
		if (!READ_ONCE(tcp->is_attached))
			return -EBADF;
		ret = sock_error(sk);
		if (ret || is_end)
			return ret;
		ret = dco_tcp_ctrl_wait(tcp, &timeo);
		if (ret)
			return ret;
	}
	ret = dco_tcp_ctrl_copy(skb, msg, len, flags);
	consume_skb(skb);
	return ret;
}
