// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/ipv6.h>

#include "device.h"
#include "endpoint.h"
#include "notify.h"
#include "peer.h"
#include "peer_table.h"
#include "sock.h"
#include "trace.h"

static int dco_endpoint_init(struct dco_endpoint *ep, struct dco_peer *peer,
			     gfp_t gfp)
{
	const struct dco_sock *dsk;
	int err = 0;

	rcu_read_lock();
	dsk = rcu_dereference(peer->sock);
	if (!dco_sock_flow(dsk, &ep->flow))
		err = -ENOTCONN;
	else if (!dco_endpoint_is_v4(ep) && dsk->sk->sk_family != AF_INET6)
		err = -EAFNOSUPPORT;
	rcu_read_unlock();

	return err ?: dst_cache_init(&ep->cache, gfp);
}

/**
 * dco_endpoint_new() - make an endpoint
 * @peer: whose it will be; has a socket
 * @remote: where to
 * @scope_id: interface of a link-local remote address, or 0
 * @local: where from
 * @gfp: how to allocate
 *
 * Context: RCU read side, or @peer is not in the table yet.
 * Return: the endpoint, owned by the caller until it is set; ERR_PTR(-ENOMEM),
 * ERR_PTR(-ENOTCONN) without socket, ERR_PTR(-EAFNOSUPPORT) if the socket
 * cannot send to the remote address.
 */
struct dco_endpoint *dco_endpoint_new(struct dco_peer *peer,
				      const struct dco_remote *remote,
				      u32 scope_id,
				      const struct in6_addr *local, gfp_t gfp)
{
	struct dco_endpoint *ep;
	int err;

	ep = kzalloc(sizeof(*ep), gfp);
	if (!ep)
		return ERR_PTR(-ENOMEM);
	ep->peer = peer;
	ep->remote = *remote;
	ep->scope_id = scope_id;
	ep->local = *local;

	err = dco_endpoint_init(ep, peer, gfp);
	if (err) {
		kfree(ep);
		return ERR_PTR(err);
	}
	return ep;
}

/**
 * dco_endpoint_free() - free an endpoint that nobody uses
 * @ep: the endpoint or NULL
 */
void dco_endpoint_free(struct dco_endpoint *ep)
{
	if (!ep)
		return;
	dst_cache_destroy(&ep->cache);
	kfree(ep);
}

static void dco_endpoint_free_rcu(struct rcu_head *rcu)
{
	dco_endpoint_free(container_of(rcu, struct dco_endpoint, rcu));
}

/**
 * dco_endpoint_retire_take() - free an endpoint after a grace period
 * @ep: an endpoint that no peer points to any more; consumed
 */
void dco_endpoint_retire_take(struct dco_endpoint *ep)
{
	call_rcu(&ep->rcu, dco_endpoint_free_rcu);
}

/**
 * dco_remote_from_skb() - where a datagram came from
 * @remote: receives address and port
 * @skb: a received datagram with valid network and transport header
 */
void dco_remote_from_skb(struct dco_remote *remote, const struct sk_buff *skb)
{
	remote->port = udp_hdr(skb)->source;
	remote->pad = 0;
	if (ip_hdr(skb)->version == 4)
		ipv6_addr_set_v4mapped(ip_hdr(skb)->saddr, &remote->addr);
	else
		remote->addr = ipv6_hdr(skb)->saddr;
}

static void dco_local_from_skb(struct in6_addr *local,
			       const struct sk_buff *skb)
{
	if (ip_hdr(skb)->version == 4)
		ipv6_addr_set_v4mapped(ip_hdr(skb)->daddr, local);
	else
		*local = ipv6_hdr(skb)->daddr;
}

/**
 * dco_endpoint_is_current() - did a datagram take this way?
 * @ep: an endpoint
 * @skb: a received datagram with valid network and transport header
 *
 * Return: whether both addresses are those of the endpoint.
 */
bool dco_endpoint_is_current(const struct dco_endpoint *ep,
			     const struct sk_buff *skb)
{
	const struct iphdr *ip4;
	const struct ipv6hdr *ip6;

	if (udp_hdr(skb)->source != ep->remote.port)
		return false;

	ip4 = ip_hdr(skb);
	if (ip4->version == 4)
		return dco_endpoint_is_v4(ep) &&
		       ip4->saddr == ep->remote.addr.s6_addr32[3] &&
		       ip4->daddr == ep->local.s6_addr32[3];

	ip6 = ipv6_hdr(skb);
	return ipv6_addr_equal(&ip6->saddr, &ep->remote.addr) &&
	       ipv6_addr_equal(&ip6->daddr, &ep->local);
}

/**
 * dco_endpoint_learn() - follow a peer to another address
 * @peer: the peer
 * @skb: an authentic packet of the peer, the newest so far, with valid outer
 *	network and transport header
 *
 * Userspace is told if the peer's address has changed, and not if only ours
 * has.
 *
 * Context: RCU read side.
 */
void dco_endpoint_learn(struct dco_peer *peer, const struct sk_buff *skb)
{
	struct dco_dev *dco = peer->dco;
	struct dco_endpoint *old, *new;
	struct dco_remote remote;
	struct in6_addr local;
	bool is_float = false;
	u32 scope_id = 0;

	dco_remote_from_skb(&remote, skb);
	dco_local_from_skb(&local, skb);
	if (ip_hdr(skb)->version == 6)
		scope_id = ipv6_iface_scope_id(&remote.addr, skb->skb_iif);

	new = dco_endpoint_new(peer, &remote, scope_id, &local, GFP_ATOMIC);
	if (IS_ERR(new))
		return;

	spin_lock_bh(&dco->lock);
	old = rcu_dereference_protected(peer->endpoint,
					lockdep_is_held(&dco->lock));
	if (!peer->is_in_table || dco_endpoint_is_current(old, skb))
		goto unlock_free;
	is_float = memcmp(&old->remote, &remote, sizeof(remote));
	if (dco_table_set_endpoint_take(peer, new))
		goto unlock_free;
	spin_unlock_bh(&dco->lock);

	/* still there: the caller holds RCU */
	if (is_float) {
		trace_dco_peer_float(peer, &remote);
		dco_notify_peer_float(peer, new);
	}
	return;

unlock_free:
	spin_unlock_bh(&dco->lock);
	dco_endpoint_free(new);
}

/**
 * dco_endpoint_refresh() - replace an endpoint by one without old routes
 * @peer: the peer
 * @ep: its endpoint when the caller looked
 * @is_local_kept: false if the local address is to be chosen anew
 *
 * For when the socket's mark, port or device has changed, or our address has
 * vanished.
 *
 * Context: RCU read side.
 * Return: the endpoint to use, valid under the caller's RCU; NULL if there is
 * none.
 */
struct dco_endpoint *dco_endpoint_refresh(struct dco_peer *peer,
					  struct dco_endpoint *ep,
					  bool is_local_kept)
{
	struct dco_dev *dco = peer->dco;
	struct in6_addr local = ep->local;
	struct dco_endpoint *new;

	if (!is_local_kept && dco_endpoint_is_v4(ep))
		ipv6_addr_set_v4mapped(0, &local);
	else if (!is_local_kept)
		local = in6addr_any;

	new = dco_endpoint_new(peer, &ep->remote, ep->scope_id, &local,
			       GFP_ATOMIC);
	if (IS_ERR(new))
		return NULL;

	spin_lock_bh(&dco->lock);
	if (!peer->is_in_table || rcu_access_pointer(peer->endpoint) != ep ||
	    dco_table_set_endpoint_take(peer, new)) {
		spin_unlock_bh(&dco->lock);
		dco_endpoint_free(new);
		return rcu_dereference(peer->endpoint);
	}
	spin_unlock_bh(&dco->lock);
	return new;
}
