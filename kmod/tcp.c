// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a TCP socket that we have.
 *
 * What moves bytes is one work per socket. It locks the socket as any process
 * would, reads records, writes records, and decides whether the connection is
 * over. Everything that happens queues it: TCP's callbacks, a batch to send,
 * userspace reading or writing a control packet. So there is one place that
 * reads the stream and one that writes it, and no context in which the socket's
 * lock cannot be taken.
 *
 * Who keeps what alive:
 *
 * - The socket's file: userspace. When it is closed, dco_tcp_close() removes
 *   the peer and detaches before TCP closes.
 * - struct sock: struct dco_sock has a reference.
 * - struct dco_sock and this: a reference belongs to the peer (from
 *   dco_sock_get() to dco_sock_put()), one to @work while it is queued or runs,
 *   one to @retry, and one to each call of userspace while it is in tcp_ops.c.
 *   Freed a grace period after the last.
 * - The peer: @peer is valid under RCU and NULL once the peer has left the
 *   table; the work takes no reference.
 * - The device: struct dco_sock has a reference. Works end by themselves, so
 *   unregistering waits for them, but not for long.
 * - The module: see dco_tcp_module_exit() and dco_tcp_ops_wait().
 *
 * dco_tcp_detach() happens once, under the lock of the socket, whoever comes
 * first: the release of the peer or the closing of the file. Then TCP's
 * callbacks are TCP's again, and since they are called with the socket locked,
 * none of ours is running. Senders find the queue closed. A work that is still
 * queued finds @is_attached false.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/tcp.h>

#include "device.h"
#include "names.h"
#include "peer.h"
#include "sock.h"
#include "tcp.h"

/* when TCP has no memory and nothing on its way */
#define DCO_TCP_RETRY		msecs_to_jiffies(20)

static struct workqueue_struct *dco_tcp_wq;

/**
 * dco_tcp_kick() - let the work look at the socket
 * @tcp: the socket; the caller has a reference or is under RCU
 *
 * Does nothing after dco_tcp_detach().
 */
void dco_tcp_kick(struct dco_tcp *tcp)
{
	rcu_read_lock();
	if (READ_ONCE(tcp->is_attached) &&
	    refcount_inc_not_zero(&tcp->dsk->refs) &&
	    !queue_work(dco_tcp_wq, &tcp->work))
		dco_sock_unref(tcp->dsk);
	rcu_read_unlock();
}

static void dco_tcp_retry(struct work_struct *work)
{
	struct dco_tcp *tcp = container_of(to_delayed_work(work),
					   struct dco_tcp, retry);

	dco_tcp_kick(tcp);
	dco_sock_unref(tcp->dsk);
}

static void dco_tcp_retry_later(struct dco_tcp *tcp)
{
	refcount_inc(&tcp->dsk->refs);
	if (!queue_delayed_work(dco_tcp_wq, &tcp->retry, DCO_TCP_RETRY))
		dco_sock_unref(tcp->dsk);
}

/* Reads and writes. Returns false if the connection is over, and why. */
static bool dco_tcp_run(struct dco_tcp *tcp, bool *is_unfinished,
			enum ovpn_del_peer_reason *reason)
{
	switch (dco_tcp_rx_read(tcp)) {
	case DCO_TCP_RX_BAD:
		*reason = OVPN_DEL_PEER_REASON_TRANSPORT_ERROR;
		return false;
	case DCO_TCP_RX_END:
		*reason = OVPN_DEL_PEER_REASON_TRANSPORT_DISCONNECT;
		return false;
	case DCO_TCP_RX_MORE:
		dco_tcp_tx_flush(tcp, is_unfinished);
		*is_unfinished = true;
		return true;
	case DCO_TCP_RX_WAIT:
		break;
	}
	switch (dco_tcp_tx_flush(tcp, is_unfinished)) {
	case 0:
	case -EAGAIN:
		return true;
	case -ENOMEM:
		dco_tcp_retry_later(tcp);
		return true;
	}
	/* a reset is also the end of the stream, and reading will find it */
	*reason = OVPN_DEL_PEER_REASON_TRANSPORT_ERROR;
	return tcp->dsk->sk->sk_state == TCP_CLOSE;
}

static void dco_tcp_work(struct work_struct *work)
{
	struct dco_tcp *tcp = container_of(work, struct dco_tcp, work);
	enum ovpn_del_peer_reason reason;
	struct dco_sock *dsk = tcp->dsk;
	bool is_unfinished = false;
	bool is_alive = true;

	lock_sock(dsk->sk);
	if (tcp->is_attached)
		is_alive = dco_tcp_run(tcp, &is_unfinished, &reason);
	release_sock(dsk->sk);

	if (!is_alive)
		dco_peer_del_by_dsk(dsk, reason);
	else if (is_unfinished)
		dco_tcp_kick(tcp);
	dco_sock_unref(dsk);
}

/* Called by TCP with the socket locked, by a process or in a softirq */
static void dco_tcp_on_event(struct sock *sk)
{
	struct dco_sock *dsk;

	rcu_read_lock();
	dsk = rcu_dereference_sk_user_data(sk);
	if (dsk)
		dco_tcp_kick(dsk->tcp);
	rcu_read_unlock();
}

static void dco_tcp_write_space(struct sock *sk)
{
	/* else it calls again: SOCK_NOSPACE is still set */
	if (sk_stream_is_writeable(sk))
		dco_tcp_on_event(sk);
}

static void dco_tcp_state_change(struct sock *sk)
{
	struct dco_sock *dsk;

	rcu_read_lock();
	dsk = rcu_dereference_sk_user_data(sk);
	if (dsk) {
		dsk->tcp->saved.state_change(sk);
		dco_tcp_kick(dsk->tcp);
	}
	rcu_read_unlock();
}

/**
 * dco_tcp_is_free() - may we take this socket?
 * @sk: a TCP socket, locked
 *
 * Return: true if it is as the kernel made it.
 */
bool dco_tcp_is_free(const struct sock *sk)
{
	const struct proto *prot = READ_ONCE(sk->sk_prot);

	return !rcu_access_pointer(__sk_user_data(sk)) &&
	       !inet_csk(sk)->icsk_ulp_ops &&
	       (prot == &tcp_prot || prot == &tcpv6_prot) &&
	       sk->sk_socket && READ_ONCE(sk->sk_socket->ops)->poll == tcp_poll;
}

static void dco_tcp_save(struct dco_tcp *tcp)
{
	struct dco_tcp_saved *saved = &tcp->saved;
	struct sock *sk = tcp->dsk->sk;

	saved->ops = READ_ONCE(sk->sk_socket->ops);
	saved->data_ready = sk->sk_data_ready;
	saved->write_space = sk->sk_write_space;
	saved->state_change = sk->sk_state_change;
	saved->is_nodelay = tcp_sk(sk)->nonagle & TCP_NAGLE_OFF;
}

/**
 * dco_tcp_attach() - take over a socket
 * @dsk: the socket, locked and free; its file is open
 *
 * Nothing is read before the peer is in the table.
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int dco_tcp_attach(struct dco_sock *dsk)
{
	struct sock *sk = dsk->sk;
	struct dco_tcp *tcp;

	tcp = kzalloc(sizeof(*tcp), GFP_KERNEL);
	if (!tcp)
		return -ENOMEM;
	tcp->dsk = dsk;
	INIT_WORK(&tcp->work, dco_tcp_work);
	INIT_DELAYED_WORK(&tcp->retry, dco_tcp_retry);
	dco_tcp_rx_init(&tcp->rx);
	dco_tcp_tx_init(&tcp->tx);
	dco_tcp_save(tcp);
	dsk->tcp = tcp;
	WRITE_ONCE(tcp->is_attached, true);

	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, dsk);
	/* keeps others from doing the same: kTLS looks at nothing else */
	inet_csk(sk)->icsk_ulp_ops = &dco_tcp_ulp;
	sk->sk_data_ready = dco_tcp_on_event;
	sk->sk_write_space = dco_tcp_write_space;
	sk->sk_state_change = dco_tcp_state_change;
	dco_tcp_ops_install(sk);
	write_unlock_bh(&sk->sk_callback_lock);
	/* records are coalesced here; waiting for more only delays the last */
	tcp_sk(sk)->nonagle |= TCP_NAGLE_OFF;
	return 0;
}

/**
 * dco_tcp_detach() - leave a socket as it was found, unless it has been left
 * @dsk: the socket, locked
 *
 * What TCP takes at once is still sent, because userspace may have written its
 * good-bye just now. If TCP has only a part of a record after that, the
 * connection is of no more use to anybody.
 *
 * Context: process, may sleep.
 */
void dco_tcp_detach(struct dco_sock *dsk)
{
	struct dco_tcp *tcp = dsk->tcp;
	struct sock *sk = dsk->sk;
	bool is_unfinished;

	if (!tcp->is_attached)
		return;
	dco_tcp_tx_flush(tcp, &is_unfinished);

	WRITE_ONCE(tcp->is_attached, false);
	write_lock_bh(&sk->sk_callback_lock);
	dco_tcp_ops_remove(sk, tcp->saved.ops);
	sk->sk_data_ready = tcp->saved.data_ready;
	sk->sk_write_space = tcp->saved.write_space;
	sk->sk_state_change = tcp->saved.state_change;
	inet_csk(sk)->icsk_ulp_ops = NULL;
	rcu_assign_sk_user_data(sk, NULL);
	write_unlock_bh(&sk->sk_callback_lock);
	if (!tcp->saved.is_nodelay)
		tcp_sk(sk)->nonagle &= ~TCP_NAGLE_OFF;

	dco_tcp_tx_close(tcp);
	dco_tcp_rx_purge(&tcp->rx);
	/* whoever waits is not waiting for us any more */
	sk->sk_state_change(sk);
	sk->sk_data_ready(sk);
}

/**
 * dco_tcp_link() - begin to read for a peer
 * @tcp: the socket
 * @peer: its peer, which enters the table
 *
 * Context: table lock held.
 */
void dco_tcp_link(struct dco_tcp *tcp, struct dco_peer *peer)
{
	rcu_assign_pointer(tcp->peer, peer);
	/* there may be something to read already, or the end of it */
	dco_tcp_kick(tcp);
}

/**
 * dco_tcp_unlink() - read no more
 * @tcp: the socket, whose peer leaves the table
 *
 * Context: table lock held.
 */
void dco_tcp_unlink(struct dco_tcp *tcp)
{
	RCU_INIT_POINTER(tcp->peer, NULL);
}

/**
 * dco_tcp_free() - free what dco_tcp_attach() allocated
 * @tcp: a detached socket's, or NULL
 */
void dco_tcp_free(struct dco_tcp *tcp)
{
	kfree(tcp);
}

/**
 * dco_tcp_module_init() - prepare for the first socket
 *
 * Return: 0 or -ENOMEM.
 */
int dco_tcp_module_init(void)
{
	/* unbound: works open packets, and whoever receives need not wait */
	dco_tcp_wq = alloc_workqueue(DCO_NAME "-tcp",
				     WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return dco_tcp_wq ? 0 : -ENOMEM;
}

/**
 * dco_tcp_module_exit() - see the last of it
 *
 * All devices are gone, and a device stays until every struct dco_sock that has
 * a reference to it has been freed. So no work is left, not even a delayed one.
 */
void dco_tcp_module_exit(void)
{
	dco_tcp_ops_wait();
	destroy_workqueue(dco_tcp_wq);
}
