// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/dsfield.h>
#include <net/ipv6.h>

#include "device.h"
#include "endpoint.h"
#include "notify.h"
#include "packet.h"
#include "peer.h"
#include "peer_table.h"
#include "sock.h"
#include "trace.h"

static int dco_endpoint_init(struct dco_endpoint *ep, struct dco_peer *peer)
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

	return err;
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

	err = dco_endpoint_init(ep, peer);
	if (err) {
		kfree(ep);
		return ERR_PTR(err);
	}
	return ep;
}

/**
 * dco_endpoint_make_cache() - remember routes from now on
 * @ep: an endpoint that a packet is being sent to
 *
 * Memory for each CPU is what costs most of a peer, and a peer that moves, or
 * goes without a word, does not need it. Without memory nothing is remembered.
 *
 * Context: BH disabled, RCU read side.
 */
void dco_endpoint_make_cache(struct dco_endpoint *ep)
{
	struct dco_dev *dco = ep->peer->dco;
	struct dst_cache made = {};

	spin_lock(&dco->lock);
	if (!ep->cache.cache && !dst_cache_init(&made, GFP_ATOMIC)) {
		ep->cache.reset_ts = made.reset_ts;
		/* a CPU that sees it finds what is in it */
		smp_store_release(&ep->cache.cache, made.cache);
	}
	spin_unlock(&dco->lock);
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
 * dco_outer_read() - note the way that a datagram has taken
 * @outer: receives it
 * @skb: a received datagram with valid network header
 * @uh: its UDP header
 */
void dco_outer_read(struct dco_outer *outer, const struct sk_buff *skb,
		    const struct udphdr *uh)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);

	outer->remote.port = uh->source;
	outer->remote.pad = 0;
	outer->iif = 0;
	if (likely(iph->version == 4)) {
		ipv6_addr_set_v4mapped(iph->saddr, &outer->remote.addr);
		ipv6_addr_set_v4mapped(iph->daddr, &outer->local);
		outer->tos = ipv4_get_dsfield(iph);
	} else {
		outer->remote.addr = ip6h->saddr;
		outer->local = ip6h->daddr;
		outer->tos = ipv6_get_dsfield(ip6h);
	}
}

/**
 * dco_outer_read_link() - note the link that a datagram has come by
 * @outer: receives it
 * @skb: as UDP got it from IP, so not in GRO
 *
 * Of a link-local address the link counts, not its VRF.
 */
void dco_outer_read_link(struct dco_outer *outer, const struct sk_buff *skb)
{
	outer->iif = skb->skb_iif;
	if (ip_hdr(skb)->version == 6)
		outer->iif = inet6_sdif(skb) ?: skb->skb_iif;
}

/**
 * dco_endpoint_has_addresses() - is a datagram from and to these addresses?
 * @ep: an endpoint
 * @outer: its way
 */
bool dco_endpoint_has_addresses(const struct dco_endpoint *ep,
				const struct dco_outer *outer)
{
	return outer->remote.port == ep->remote.port &&
	       ipv6_addr_equal(&outer->remote.addr, &ep->remote.addr) &&
	       ipv6_addr_equal(&outer->local, &ep->local);
}

/**
 * dco_endpoint_is_current() - did a datagram take this way?
 * @ep: an endpoint
 * @outer: its way, with its link
 *
 * Return: whether both addresses are those of the endpoint, and its link is if
 * they count there only.
 */
bool dco_endpoint_is_current(const struct dco_endpoint *ep,
			     const struct dco_outer *outer)
{
	return dco_endpoint_has_addresses(ep, outer) &&
	       likely(!ep->scope_id || ep->scope_id == outer->iif);
}

/**
 * dco_endpoint_learn() - follow a peer to another address
 * @peer: the peer
 * @outer: the way of an authentic packet of the peer
 * @newest: that packet, which was the newest when it was accepted
 *
 * Since that packet was opened another CPU may have followed the peer to where
 * it sent from after that; then nothing is done. (If that packet came
 * from where the peer is known to be, nobody looked, and its next one puts
 * right what this one has done.)
 *
 * Userspace is told if the peer's address has changed, and not if only ours
 * has; under the lock, so that the last notification is of the last change.
 *
 * Context: RCU read side.
 */
void dco_endpoint_learn(struct dco_peer *peer, const struct dco_outer *outer,
			const struct dco_newest *newest)
{
	struct dco_dev *dco = peer->dco;
	struct dco_endpoint *old, *new;
	u32 scope_id;
	bool is_float;

	scope_id = ipv6_iface_scope_id(&outer->remote.addr, outer->iif);
	new = dco_endpoint_new(peer, &outer->remote, scope_id, &outer->local,
			       GFP_ATOMIC);
	if (IS_ERR(new))
		return;

	spin_lock_bh(&dco->lock);
	old = rcu_dereference_protected(peer->endpoint,
					lockdep_is_held(&dco->lock));
	if (!peer->is_in_table || dco_endpoint_is_current(old, outer) ||
	    !dco_key_slots_see(&peer->keys, newest->key) ||
	    !dco_packet_is_newest(newest))
		goto unlock_free;
	is_float = old->scope_id != scope_id ||
		   memcmp(&old->remote, &outer->remote, sizeof(old->remote));
	if (dco_table_set_endpoint_take(peer, new))
		goto unlock_free;
	if (is_float) {
		trace_dco_peer_float(peer, &outer->remote);
		dco_notify_peer_float(peer, new);
	}
	spin_unlock_bh(&dco->lock);
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
