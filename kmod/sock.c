// SPDX-License-Identifier: GPL-2.0-only
#include <linux/in.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <net/inet_sock.h>

#include "device.h"
#include "endpoint.h"
#include "peer.h"
#include "sock.h"
#include "tcp.h"
#include "udp.h"
#include "udp_life.h"

static bool dco_sock_is_udp(const struct sock *sk)
{
	/* the protocol alone would also match a raw socket */
	return (sk->sk_family == AF_INET || sk->sk_family == AF_INET6) &&
	       sk->sk_type == SOCK_DGRAM && sk->sk_protocol == IPPROTO_UDP;
}

static bool dco_sock_is_tcp(const struct sock *sk)
{
	return (sk->sk_family == AF_INET || sk->sk_family == AF_INET6) &&
	       sk->sk_type == SOCK_STREAM && sk->sk_protocol == IPPROTO_TCP;
}

static struct dco_sock *dco_sock_new(struct sock *sk, struct dco_dev *dco,
				     enum dco_transport transport)
{
	struct dco_sock *dsk;

	dsk = kzalloc(sizeof(*dsk), GFP_KERNEL);
	if (!dsk)
		return ERR_PTR(-ENOMEM);
	dsk->sk = sk;
	dsk->dco = dco;
	dsk->transport = transport;
	dsk->users = 1;
	refcount_set(&dsk->refs, 1);
	sock_hold(sk);
	netdev_hold(dco->dev, &dsk->dev_tracker, GFP_KERNEL);
	return dsk;
}

static void dco_sock_free(struct dco_sock *dsk)
{
	netdev_put(dsk->dco->dev, &dsk->dev_tracker);
	sock_put(dsk->sk);
	dco_tcp_free(dsk->tcp);
	kfree(dsk);
}

static void dco_sock_free_rcu(struct rcu_head *rcu)
{
	dco_sock_free(container_of(rcu, struct dco_sock, rcu));
}

static struct dco_sock *dco_sock_attach(struct sock *sk, struct dco_dev *dco,
					enum dco_transport transport)
{
	struct dco_sock *dsk;
	int err;

	dsk = dco_sock_new(sk, dco, transport);
	if (IS_ERR(dsk))
		return dsk;
	err = transport == DCO_TRANSPORT_UDP ? dco_udp_attach(dsk) :
					       dco_tcp_attach(dsk);
	if (err) {
		dco_sock_free(dsk);
		return ERR_PTR(err);
	}
	return dsk;
}

static struct dco_sock *dco_sock_get_udp(struct sock *sk, struct dco_dev *dco)
{
	struct dco_sock *dsk;

	if (dco_udp_is_attached(sk)) {
		dsk = rcu_dereference_protected(__sk_user_data(sk),
						lockdep_sock_is_held(sk));
		if (dsk->dco != dco)
			return ERR_PTR(-EBUSY);
		/* it has been held before, so this does not fail */
		if (dco_udp_can_hold(sk))
			dco_udp_hold(sk);
		dsk->users++;
		return dsk;
	}
	if (!dco_udp_is_free(sk))
		return ERR_PTR(-EBUSY);
	return dco_sock_attach(sk, dco, DCO_TRANSPORT_UDP);
}

static struct dco_sock *dco_sock_get_tcp(struct sock *sk, struct dco_dev *dco)
{
	if (sk->sk_state != TCP_ESTABLISHED)
		return ERR_PTR(-EINVAL);
	if (!dco_tcp_is_free(sk))
		return ERR_PTR(-EBUSY);
	return dco_sock_attach(sk, dco, DCO_TRANSPORT_TCP);
}

/**
 * dco_sock_get() - take a socket for a peer
 * @sock: the socket; the caller keeps its file open until the peer is in the
 *	table or the result is put
 * @dco: the device of the peer
 *
 * Peers of one device share a UDP socket. A TCP socket has one peer.
 *
 * Context: process, may sleep.
 * Return: the socket, to be given to dco_sock_put(); ERR_PTR(-EOPNOTSUPP) if it
 * is of another protocol, ERR_PTR(-EBUSY) if somebody else has it,
 * ERR_PTR(-EINVAL) if it is TCP and not connected, or another ERR_PTR().
 */
struct dco_sock *dco_sock_get(struct socket *sock, struct dco_dev *dco)
{
	struct sock *sk = sock->sk;
	struct dco_sock *dsk;

	if (!dco_sock_is_udp(sk) && !dco_sock_is_tcp(sk))
		return ERR_PTR(-EOPNOTSUPP);

	lock_sock(sk);
	if (dco_sock_is_udp(sk))
		dsk = dco_sock_get_udp(sk, dco);
	else
		dsk = dco_sock_get_tcp(sk, dco);
	release_sock(sk);
	return dsk;
}

/**
 * dco_sock_unref() - drop one of the references that keep the structure
 * @dsk: the socket
 */
void dco_sock_unref(struct dco_sock *dsk)
{
	if (refcount_dec_and_test(&dsk->refs))
		call_rcu(&dsk->rcu, dco_sock_free_rcu);
}

/**
 * dco_sock_put() - give a socket back
 * @dsk: what dco_sock_get() returned
 *
 * The last user detaches the socket. All that comes is userspace's then; a UDP
 * socket keeps our functions, see udp_life.c.
 *
 * Context: process, may sleep.
 */
void dco_sock_put(struct dco_sock *dsk)
{
	struct sock *sk = dsk->sk;
	bool is_last;

	lock_sock(sk);
	is_last = !--dsk->users;
	if (is_last && dsk->transport == DCO_TRANSPORT_UDP)
		dco_udp_detach(dsk);
	else if (is_last)
		dco_tcp_detach(dsk);
	release_sock(sk);
	if (is_last)
		dco_sock_unref(dsk);
}

/**
 * dco_sock_link() - a peer enters the table
 * @peer: the peer, whose socket cannot be closed yet
 *
 * Context: table lock held.
 */
void dco_sock_link(struct dco_peer *peer)
{
	struct dco_sock *dsk;

	dsk = rcu_dereference_protected(peer->sock,
					lockdep_is_held(&peer->dco->lock));
	hlist_add_head(&peer->sock_node, &dsk->peers);
	if (dsk->transport == DCO_TRANSPORT_TCP)
		dco_tcp_link(dsk->tcp, peer);
}

/**
 * dco_sock_unlink() - a peer leaves the table
 * @peer: the peer
 *
 * Context: table lock held.
 */
void dco_sock_unlink(struct dco_peer *peer)
{
	struct dco_sock *dsk;

	dsk = rcu_dereference_protected(peer->sock,
					lockdep_is_held(&peer->dco->lock));
	hlist_del_init(&peer->sock_node);
	if (dsk->transport == DCO_TRANSPORT_TCP)
		dco_tcp_unlink(dsk->tcp);
}

/**
 * dco_sock_kick() - look again at what has come for a peer
 * @peer: a peer for which something has changed
 *
 * What comes to a UDP socket does not wait.
 */
void dco_sock_kick(struct dco_peer *peer)
{
	struct dco_sock *dsk;

	rcu_read_lock();
	dsk = rcu_dereference(peer->sock);
	if (dsk && dsk->transport == DCO_TRANSPORT_TCP)
		dco_tcp_kick(dsk->tcp);
	rcu_read_unlock();
}

/**
 * dco_sock_flow() - what the route through a socket depends on
 * @dsk: the socket or NULL
 * @flow: receives it
 *
 * Return: false without a socket.
 */
bool dco_sock_flow(const struct dco_sock *dsk, struct dco_flow_key *flow)
{
	if (!dsk)
		return false;
	flow->mark = READ_ONCE(dsk->sk->sk_mark);
	flow->oif = READ_ONCE(dsk->sk->sk_bound_dev_if);
	flow->sport = READ_ONCE(inet_sk(dsk->sk)->inet_sport);
	return true;
}

/**
 * dco_sock_flow_is_current() - has the socket changed since?
 * @dsk: the socket
 * @flow: what dco_sock_flow() said before
 *
 * Return: true if not.
 */
bool dco_sock_flow_is_current(const struct dco_sock *dsk,
			      const struct dco_flow_key *flow)
{
	return READ_ONCE(dsk->sk->sk_mark) == flow->mark &&
	       READ_ONCE(dsk->sk->sk_bound_dev_if) == flow->oif &&
	       READ_ONCE(inet_sk(dsk->sk)->inet_sport) == flow->sport;
}
