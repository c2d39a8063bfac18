// SPDX-License-Identifier: GPL-2.0-only
/*
 * What userspace can do with a TCP socket that we have: read and write control
 * packets, poll for them, close. The data packets of the stream are not its
 * business.
 */
#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <net/tcp.h>

#include "compat/compat.h"
#include "names.h"
#include "peer.h"
#include "sock.h"
#include "tcp.h"

/**
 * struct dco_tcp_family - functions for the sockets of an address family
 * @prot: TCP's with ours in it
 * @ops: the socket layer's with ours in it
 */
struct dco_tcp_family {
	struct proto prot;
	struct proto_ops ops;
};

static struct dco_tcp_family dco_tcp_families[2];
static DEFINE_SPINLOCK(dco_tcp_families_lock);

/* calls of userspace that are in this file */
static atomic_t dco_tcp_calls = ATOMIC_INIT(0);

/* What kTLS and others look for before they take a socket. Nobody can ask for
 * it by name, because it is not registered.
 */
struct tcp_ulp_ops dco_tcp_ulp = {
	.name	= DCO_NAME,
	.owner	= THIS_MODULE,
};

/**
 * dco_tcp_ops_are_ours() - does a socket have functions of this file?
 * @sk: a TCP socket
 *
 * Return: true if its user data is a struct dco_sock, under sk_callback_lock.
 */
bool dco_tcp_ops_are_ours(const struct sock *sk)
{
	const struct proto *prot = READ_ONCE(sk->sk_prot);

	return prot == &dco_tcp_families[0].prot ||
	       prot == &dco_tcp_families[1].prot;
}

/* The state behind a socket; NULL if it is not ours any more. To be given to
 * dco_tcp_leave() either way.
 */
static struct dco_tcp *dco_tcp_enter(struct sock *sk)
{
	struct dco_sock *dsk = NULL;

	atomic_inc(&dco_tcp_calls);
	read_lock_bh(&sk->sk_callback_lock);
	if (dco_tcp_ops_are_ours(sk))
		dsk = rcu_dereference_raw(__sk_user_data(sk));
	/* still attached, so the peer's reference is there */
	if (dsk)
		refcount_inc(&dsk->refs);
	read_unlock_bh(&sk->sk_callback_lock);
	return dsk ? dsk->tcp : NULL;
}

static void dco_tcp_leave(struct dco_tcp *tcp)
{
	if (tcp)
		dco_sock_unref(tcp->dsk);
	atomic_dec(&dco_tcp_calls);
}

static int dco_tcp_do_recvmsg(struct sock *sk, struct msghdr *msg, size_t len,
			      int flags)
{
	struct dco_tcp *tcp = dco_tcp_enter(sk);
	int ret = -EBADF;

	if (tcp)
		ret = dco_tcp_rx_recv(tcp, msg, len, flags);
	dco_tcp_leave(tcp);
	return ret;
}

DCO_COMPAT_RECVMSG(dco_tcp_recvmsg, dco_tcp_do_recvmsg)

static int dco_tcp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct dco_tcp *tcp;
	int ret = -EIO;

	/* the compat flag only says how the message was described */
	if (msg->msg_flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_CMSG_COMPAT))
		return -EOPNOTSUPP;
	tcp = dco_tcp_enter(sk);
	if (tcp)
		ret = dco_tcp_tx_write(tcp, msg, len);
	dco_tcp_leave(tcp);
	return ret;
}

static int dco_tcp_disconnect(struct sock *sk, int flags)
{
	return -EBUSY;
}

/* The file is closed. Somebody who removes the peer at the same time may not
 * have detached the socket yet, so this does.
 */
static void dco_tcp_close(struct sock *sk, long timeout)
{
	struct dco_tcp *tcp = dco_tcp_enter(sk);

	if (tcp) {
		dco_peer_del_by_dsk(tcp->dsk,
				    OVPN_DEL_PEER_REASON_TRANSPORT_DISCONNECT);
		lock_sock(sk);
		dco_tcp_detach(tcp->dsk);
		release_sock(sk);
	}
	tcp_close(sk, timeout);
	dco_tcp_leave(tcp);
}

static __poll_t dco_tcp_poll_mask(struct dco_tcp *tcp, struct sock *sk)
{
	u8 shutdown = READ_ONCE(sk->sk_shutdown);
	bool is_end = READ_ONCE(tcp->rx.is_eof);
	__poll_t mask = 0;

	if (READ_ONCE(sk->sk_err) ||
	    !skb_queue_empty_lockless(&sk->sk_error_queue))
		mask |= EPOLLERR;
	if (shutdown == SHUTDOWN_MASK || inet_sk_state_load(sk) == TCP_CLOSE)
		mask |= EPOLLHUP;
	if (is_end)
		mask |= EPOLLRDHUP;
	if (is_end || !skb_queue_empty_lockless(&tcp->rx.ctrl))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (dco_tcp_tx_has_ctrl_room(&tcp->tx) || shutdown & SEND_SHUTDOWN)
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

/* Readable: recv() has a control packet or the end. Writable: send() accepts
 * one. What TCP itself could give or take does not count.
 */
static __poll_t dco_tcp_sock_poll(struct file *file, struct socket *sock,
				  poll_table *wait)
{
	struct sock *sk = sock->sk;
	struct dco_tcp *tcp;
	__poll_t mask;

	tcp = dco_tcp_enter(sk);
	if (tcp) {
		sock_poll_wait(file, sock, wait);
		mask = dco_tcp_poll_mask(tcp, sk);
		/* waking by signal is asked for here */
		if (!(mask & EPOLLOUT))
			sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	} else {
		mask = tcp_poll(file, sock, wait);
	}
	dco_tcp_leave(tcp);
	return mask;
}

static void dco_tcp_family_make(struct dco_tcp_family *family,
				const struct proto *prot,
				const struct proto_ops *ops)
{
	family->prot = *prot;
	family->prot.recvmsg = dco_tcp_recvmsg;
	family->prot.sendmsg = dco_tcp_sendmsg;
	family->prot.disconnect = dco_tcp_disconnect;
	family->prot.close = dco_tcp_close;
	dco_compat_no_sendpage(&family->prot);

	family->ops = *ops;
	family->ops.poll = dco_tcp_sock_poll;
	/* without it, splice() reads as recv() does */
	family->ops.splice_read = NULL;
}

/**
 * dco_tcp_ops_install() - put our functions in place of TCP's
 * @sk: a socket, locked and free, its file open
 *
 * The functions of IPv6 sockets are not exported by all kernels, so the first
 * socket of each family shows them. All have the same: dco_tcp_is_free() made
 * sure that nobody has changed them.
 *
 * Context: sk_callback_lock held.
 */
void dco_tcp_ops_install(struct sock *sk)
{
	struct dco_tcp_family *family;

	family = &dco_tcp_families[sk->sk_prot == &tcpv6_prot];
	spin_lock(&dco_tcp_families_lock);
	if (!family->prot.close)
		dco_tcp_family_make(family, sk->sk_prot,
				    READ_ONCE(sk->sk_socket->ops));
	spin_unlock(&dco_tcp_families_lock);

	WRITE_ONCE(sk->sk_prot, &family->prot);
	WRITE_ONCE(sk->sk_socket->ops, &family->ops);
}

/**
 * dco_tcp_ops_remove() - put TCP's functions back
 * @sk: the socket, locked
 * @ops: what the socket layer had
 *
 * Context: sk_callback_lock held.
 */
void dco_tcp_ops_remove(struct sock *sk, const struct proto_ops *ops)
{
	bool is_v6 = sk->sk_prot == &dco_tcp_families[1].prot;

	WRITE_ONCE(sk->sk_prot, is_v6 ? &tcpv6_prot : &tcp_prot);
	/* without file there is none: TCP has let go of it, under the lock */
	if (sk->sk_socket)
		WRITE_ONCE(sk->sk_socket->ops, ops);
}

/**
 * dco_tcp_ops_wait() - see the last call of userspace end
 *
 * Before the module goes. No socket has our functions any more, but somebody
 * may have looked them up, or be on his way out, or be asleep in between and
 * has been woken. The first wait is for those who are about to come in, the
 * last for those who have left but for the final instructions.
 *
 * Context: process, may sleep.
 */
void dco_tcp_ops_wait(void)
{
	if (!dco_tcp_families[0].prot.close && !dco_tcp_families[1].prot.close)
		return;
	synchronize_rcu_tasks();
	while (atomic_read(&dco_tcp_calls))
		schedule_timeout_uninterruptible(1);
	synchronize_rcu_tasks();
}
