// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a UDP socket that has, or has had, peers.
 *
 * The kernel calls our functions for as long as it can find the socket, and
 * reads the pointers to them more than once for a packet. So they are not taken
 * back when the last peer leaves, and the module stays until the socket is no
 * more.
 *
 * Nothing that a program can change decides about that. UDP calls encap_destroy
 * only while encap_type is not 0, which UDP_ENCAP sets to anything, and other
 * tunnels that take the socket after us put their own there. Instead:
 *
 * - sk_prot is a copy of UDP's that differs in its end: dco_udp_destroy() is
 *   called once when the file is closed, and removes the peers.
 * - sk_destruct is called when the last reference to the socket is gone, by
 *   RCU, as UDP's sockets are freed: nobody who found the socket is in our
 *   functions any more. The module goes a grace period later, because this very
 *   function is one of them.
 *
 * Both stay to the end. What would replace sk_prot is refused: IPV6_ADDRFORM,
 * as by the kernel for TCP sockets with functions of others, and socket maps.
 * Except that an IPV6_ADDRFORM which found the socket's old functions before we
 * took it, and then had to wait, cannot be refused any more. It replaces
 * sk_prot of a connected socket, once. Then encap_destroy, which is
 * dco_udp_end(), too, removes the peers, unless UDP_ENCAP is 0 by then. So the
 * next peer brings our functions back, and without one dco_udp_watch_work()
 * does within seconds; it removes the peers if the file has been closed
 * meanwhile, of which nobody tells.
 */
#include <linux/hashtable.h>
#include <linux/in6.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/sock.h>
#include <net/udp.h>

#include "compat/compat.h"
#include "device.h"
#include "peer.h"
#include "sock.h"
#include "udp_life.h"

/* how often a socket is looked at that IPV6_ADDRFORM may have changed */
#define DCO_UDP_WATCH	(5 * HZ)

/**
 * struct dco_udp_family - functions for the sockets of an address family
 * @prot: UDP's with ours in it
 * @base: UDP's
 */
struct dco_udp_family {
	struct proto prot;
	struct proto *base;
};

/**
 * struct dco_udp_pin - keeps the module while a socket lives
 * @node: in dco_udp_pins
 * @sk: the socket; not held
 * @destruct: its sk_destruct
 * @is_attached: is its user data ours?
 * @rcu: to let the module go
 */
struct dco_udp_pin {
	struct hlist_node node;
	const struct sock *sk;
	void (*destruct)(struct sock *sk);
	bool is_attached;
	struct rcu_head rcu;
};

static struct dco_udp_family dco_udp_families[2];
static DEFINE_HASHTABLE(dco_udp_pins, 8);
/* of both, and of what they are made of */
static DEFINE_SPINLOCK(dco_udp_lock);

static struct dco_udp_family *dco_udp_family_of(const struct sock *sk)
{
	struct proto *prot = READ_ONCE(sk->sk_prot);

	return container_of(prot, struct dco_udp_family, prot);
}

/* Of a socket that has functions of this file */
static struct dco_udp_pin *dco_udp_pin_of(const struct sock *sk)
{
	struct dco_udp_pin *pin;

	lockdep_assert_held(&dco_udp_lock);
	hash_for_each_possible(dco_udp_pins, pin, node, (unsigned long)sk)
		if (pin->sk == sk)
			break;
	return pin;
}

/**
 * dco_udp_end() - remove the peers of a socket whose file is closed
 * @sk: a socket that dco_udp_hold() has taken; no peer gets it any more
 *
 * May be called more than once.
 *
 * Context: process, may sleep.
 */
void dco_udp_end(struct sock *sk)
{
	bool is_attached;

	/* what hangs on the socket may be another tunnel's by now */
	spin_lock_bh(&dco_udp_lock);
	is_attached = dco_udp_pin_of(sk)->is_attached;
	spin_unlock_bh(&dco_udp_lock);
	if (is_attached)
		dco_peer_del_by_sock(sk,
				     OVPN_DEL_PEER_REASON_TRANSPORT_DISCONNECT);
}

static void dco_udp_destroy(struct sock *sk)
{
	dco_udp_end(sk);
	dco_udp_family_of(sk)->base->destroy(sk);
}

static int dco_udp_setsockopt(struct sock *sk, int level, int name,
			      sockptr_t value, unsigned int len)
{
	if (level == SOL_IPV6 && name == IPV6_ADDRFORM)
		return -EBUSY;
	return dco_udp_family_of(sk)->base->setsockopt(sk, level, name, value,
						       len);
}

static void dco_udp_unpin_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct dco_udp_pin, rcu));
	/* whoever unloads the module waits for us (rcu_barrier()) */
	module_put(THIS_MODULE);
}

/* Context: RCU callback. */
static void dco_udp_destruct(struct sock *sk)
{
	struct dco_udp_pin *pin;

	spin_lock_bh(&dco_udp_lock);
	pin = dco_udp_pin_of(sk);
	hash_del(&pin->node);
	spin_unlock_bh(&dco_udp_lock);

	pin->destruct(sk);
	call_rcu(&pin->rcu, dco_udp_unpin_rcu);
}

/* The functions of IPv6 sockets are not exported, so the first socket of each
 * family shows them.
 */
static void dco_udp_family_make(struct dco_udp_family *family,
				struct proto *base)
{
	family->prot = *base;
	family->prot.destroy = dco_udp_destroy;
	family->prot.setsockopt = dco_udp_setsockopt;
	dco_compat_no_sockmap(&family->prot);
	family->base = base;
}

static bool dco_udp_has_functions(const struct sock *sk)
{
	const struct proto *prot = READ_ONCE(sk->sk_prot);

	return prot == &dco_udp_families[0].prot ||
	       prot == &dco_udp_families[1].prot;
}

/**
 * dco_udp_is_held() - has a socket been taken by dco_udp_hold()?
 * @sk: a UDP socket, locked
 *
 * Return: true if it has, whether or not the socket has peers now.
 */
bool dco_udp_is_held(const struct sock *sk)
{
	return sk->sk_destruct == dco_udp_destruct;
}

/**
 * dco_udp_can_hold() - may this socket get functions of this file?
 * @sk: a UDP socket, locked
 *
 * Return: true if it has them, or those that the kernel gave it. An IPv6 socket
 * may have become one of IPv4.
 */
bool dco_udp_can_hold(const struct sock *sk)
{
	const struct proto *prot = READ_ONCE(sk->sk_prot);

	return dco_udp_has_functions(sk) || prot == &udp_prot ||
	       prot == sk->sk_prot_creator;
}

/* Keeps the module until the socket is freed */
static int dco_udp_pin(struct sock *sk)
{
	struct dco_udp_pin *pin;

	pin = kzalloc(sizeof(*pin), GFP_KERNEL);
	if (!pin)
		return -ENOMEM;
	if (!try_module_get(THIS_MODULE)) {
		kfree(pin);
		return -ENODEV;
	}
	pin->sk = sk;
	pin->destruct = sk->sk_destruct;

	spin_lock_bh(&dco_udp_lock);
	hash_add(dco_udp_pins, &pin->node, (unsigned long)sk);
	spin_unlock_bh(&dco_udp_lock);

	/* as UDP does when it gives a socket its port */
	sock_set_flag(sk, SOCK_RCU_FREE);
	sk->sk_destruct = dco_udp_destruct;
	return 0;
}

/**
 * dco_udp_hold() - give a socket the functions of this file, if it has none
 * @sk: a UDP socket, locked, that dco_udp_can_hold() agrees to
 *
 * The module stays loaded until the socket is freed.
 *
 * Context: process, may sleep.
 * Return: 0; -ENODEV if the module is being unloaded; -ENOMEM. 0 if it has been
 * called before.
 */
int dco_udp_hold(struct sock *sk)
{
	struct dco_udp_family *family;
	int err;

	if (dco_udp_has_functions(sk))
		return 0;
	if (!dco_udp_is_held(sk)) {
		err = dco_udp_pin(sk);
		if (err)
			return err;
	}
	family = &dco_udp_families[sk->sk_prot != &udp_prot];

	spin_lock_bh(&dco_udp_lock);
	if (!family->base)
		dco_udp_family_make(family, sk->sk_prot);
	spin_unlock_bh(&dco_udp_lock);
	WRITE_ONCE(sk->sk_prot, &family->prot);
	return 0;
}

/**
 * dco_udp_set_attached() - say whether a socket's user data is ours
 * @sk: a socket that dco_udp_hold() has taken, locked
 * @is_attached: is it?
 */
void dco_udp_set_attached(struct sock *sk, bool is_attached)
{
	spin_lock_bh(&dco_udp_lock);
	dco_udp_pin_of(sk)->is_attached = is_attached;
	spin_unlock_bh(&dco_udp_lock);
}

static void dco_udp_watch_later(struct dco_sock *dsk)
{
	refcount_inc(&dsk->refs);
	queue_delayed_work(dco_wq, &dsk->watch, DCO_UDP_WATCH);
}

/* Goes on until the last peer has left. Also after our functions are back:
 * whoever closes the file may have looked up the others just before.
 */
static void dco_udp_watch_work(struct work_struct *work)
{
	struct dco_sock *dsk = container_of(to_delayed_work(work),
					    struct dco_sock, watch);
	struct sock *sk = dsk->sk;
	bool is_closed = false;

	lock_sock(sk);
	if (dsk->users) {
		is_closed = sock_flag(sk, SOCK_DEAD);
		/* it has been held before, so this does not fail */
		if (!is_closed && dco_udp_can_hold(sk))
			dco_udp_hold(sk);
		dco_udp_watch_later(dsk);
	}
	release_sock(sk);
	if (is_closed)
		dco_peer_del_by_dsk(dsk,
				    OVPN_DEL_PEER_REASON_TRANSPORT_DISCONNECT);
	dco_sock_unref(dsk);
}

/**
 * dco_udp_watch_begin() - see to it that a socket keeps our functions
 * @dsk: a socket that dco_udp_hold() has taken, locked
 */
void dco_udp_watch_begin(struct dco_sock *dsk)
{
	INIT_DELAYED_WORK(&dsk->watch, dco_udp_watch_work);
	if (dsk->sk->sk_family == AF_INET6)
		dco_udp_watch_later(dsk);
}

/**
 * dco_udp_watch_end() - let a socket be
 * @dsk: the socket, locked, whose last peer has left
 *
 * A look that is being taken ends without another.
 */
void dco_udp_watch_end(struct dco_sock *dsk)
{
	if (cancel_delayed_work(&dsk->watch))
		dco_sock_unref(dsk);
}
