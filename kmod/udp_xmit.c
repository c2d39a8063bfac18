// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a sealed packet to IP. For IPv4 it is what the kernel's helper for UDP
 * tunnels does, at a third of its price: what is known about our packets need
 * not be asked, and the identification comes from the packet id, which is
 * counted anyway, in place of a hash and a counter that other tunnels share.
 */
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/udp.h>
#include <net/dst_cache.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "compat/compat.h"
#include "device.h"
#include "drop.h"
#include "endpoint.h"
#include "path.h"
#include "peer.h"
#include "sock.h"
#include "tx_gso.h"
#include "udp.h"

/* how many tunnels may be in one another, as in the kernel's own */
#define DCO_UDP_DEPTH_MAX	5

/* GSO needs checksums, which a socket can turn off */
static bool dco_udp_has_csum(const struct dco_endpoint *ep,
			     const struct sock *sk)
{
	return dco_endpoint_is_v4(ep) ? !sk->sk_no_check_tx :
					!udp_get_no_check6_tx(sk);
}

/**
 * dco_udp_takes_packed() - as dco_path_takes_packed()
 * @path: the way
 *
 * Return: see there.
 */
bool dco_udp_takes_packed(const struct dco_path *path)
{
	const netdev_features_t wanted = NETIF_F_GSO_UDP_L4 | NETIF_F_SG;
	netdev_features_t has = path->dst->dev->features;

	return (has & wanted) == wanted &&
	       dco_udp_has_csum(path->ep, path->dsk->sk);
}

/* What is too big for the path and comes here nevertheless is an inner packet
 * that IPv6 entitles to arrive: it leaves in fragments.
 */
static bool dco_udp_skb_is_df(const struct dco_path *path,
			      const struct sk_buff *skb)
{
	unsigned int len;

	if (likely(!path->is_df))
		return false;
	len = skb_is_gso(skb) ? skb_shinfo(skb)->gso_size : skb->len;
	return len <= dco_udp_mtu(path) +
		      dco_key_slots_overhead(&path->peer->keys);
}

/* The checksum is left to the device, or to whoever splits a GSO packet. */
static void dco_udp_write_udp(const struct dco_path *path, struct sk_buff *skb,
			      __be32 saddr, __be32 daddr)
{
	const struct dco_endpoint *ep = path->ep;
	struct udphdr *uh = __skb_push(skb, sizeof(*uh));
	unsigned int len = skb->len;

	skb_reset_transport_header(skb);
	uh->source = ep->flow.sport;
	uh->dest = ep->remote.port;
	uh->len = htons(len);
	uh->check = 0;
	if (unlikely(path->dsk->sk->sk_no_check_tx))
		return;
	uh->check = ~udp_v4_check(len, saddr, daddr, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);
}

static void dco_udp_write_ip4(struct dco_path *path, struct sk_buff *skb,
			      __be32 saddr, __be32 daddr, bool is_df)
{
	struct iphdr *iph = __skb_push(skb, sizeof(*iph));

	skb_reset_network_header(skb);
	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tos = path->tos;
	iph->id = htons(path->ip_id);
	iph->frag_off = is_df && !ip_mtu_locked(path->dst) ? htons(IP_DF) : 0;
	iph->ttl = ip4_dst_hoplimit(path->dst);
	iph->protocol = IPPROTO_UDP;
	iph->saddr = saddr;
	iph->daddr = daddr;
	path->ip_id += skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 1;
}

static void dco_udp_send4(struct dco_path *path, struct sk_buff *skb,
			  bool is_df)
{
	__be32 daddr = path->ep->remote.addr.s6_addr32[3];
	__be32 saddr = path->saddr.s6_addr32[3];

	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	dco_udp_write_udp(path, skb, saddr, daddr);
	dco_udp_write_ip4(path, skb, saddr, daddr, is_df);
	skb_dst_set(skb, path->dst);
	ip_local_out(dev_net(path->dst->dev), path->dsk->sk, skb);
}

static void dco_udp_send6(struct dco_path *path, struct sk_buff *skb,
			  bool is_df)
{
	const struct dco_endpoint *ep = path->ep;
	struct in6_addr saddr = path->saddr;
	struct in6_addr daddr = ep->remote.addr;

	dco_tx_gso_mark(skb);
	/* without this IPv6 would not fragment what exceeds the path's MTU */
	skb->ignore_df = !is_df;
	dco_compat_udp_tunnel6_xmit(path->dst, path->dsk->sk, skb, &saddr,
				    &daddr, path->tos,
				    ip6_dst_hoplimit(path->dst),
				    ep->flow.sport, ep->remote.port);
}

/* consumes @skb and a reference to the route */
static void dco_udp_send_one(struct dco_path *path, struct sk_buff *skb)
{
	bool is_df = dco_udp_skb_is_df(path, skb);

	if (unlikely(dev_recursion_level() > DCO_UDP_DEPTH_MAX)) {
		dst_release(path->dst);
		dco_peer_drop(path->peer, skb, DCO_DROP_TX_NO_ROUTE);
		return;
	}
	skb_scrub_packet(skb, false);
	skb_clear_hash_if_not_l4(skb);
	skb->dev = NULL;
	skb->mark = path->ep->flow.mark;
	/* the inner packet is payload from here on */
	skb->encapsulation = 0;
	skb->ip_summed = CHECKSUM_NONE;
	if (dco_endpoint_is_v4(path->ep))
		dco_udp_send4(path, skb, is_df);
	else
		dco_udp_send6(path, skb, is_df);
}

/**
 * dco_udp_send() - send sealed packets to a peer
 * @path: the way; its route is used up
 * @list: the packets, linked by next; consumed
 *
 * Context: BH disabled, RCU read side.
 */
void dco_udp_send(struct dco_path *path, struct sk_buff *list)
{
	struct sk_buff *skb, *next;

	if (list->next && dco_udp_has_csum(path->ep, path->dsk->sk))
		list = dco_tx_gso_merge(list);
	dco_tx_gso_count(path->peer, list);
	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		if (next)
			dst_hold(path->dst);
		dco_udp_send_one(path, skb);
	}
	path->dst = NULL;
}
