// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data packets that arrive in a burst go through IP, netfilter and UDP as one.
 *
 * GRO asks us about each datagram of our sockets. We merge those of one peer
 * and key that have one size, as UDP's own GRO does, so that they can be split
 * again, should netfilter send them elsewhere. Others are not merged: control
 * packets are for userspace, one by one, and what passes on its way to another
 * host is none of our business.
 *
 * A mark keeps UDP from splitting what comes for us (udp_unexpected_gso()): it
 * says that the contents are a tunnel's. We split it ourselves, which with a
 * list of packets is nothing but to take the list, and packets that lie behind
 * one another, as our senders make them, are opened from where they are.
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/gro.h>
#include <net/udp.h>

#include "compat/compat.h"
#include "device.h"
#include "drop.h"
#include "endpoint.h"
#include "peer.h"
#include "peer_table.h"
#include "rx.h"
#include "sock.h"
#include "udp_gro.h"
#include "wire.h"

/* the least that any kernel's UDP GSO takes */
#define DCO_GRO_SEGS_MAX	64

/* The packet of the same addresses and ports that GRO holds, if any */
static struct sk_buff *dco_udp_gro_held(struct list_head *head)
{
	struct sk_buff *p;

	list_for_each_entry(p, head, list)
		if (NAPI_GRO_CB(p)->same_flow)
			return p;
	return NULL;
}

/* Do both belong to one peer and key, and have they been treated alike on
 * their way?
 */
static bool dco_udp_gro_is_same(const struct sk_buff *p,
				const struct sk_buff *skb, unsigned int off)
{
	const struct ipv6hdr *ip6a = ipv6_hdr(p), *ip6b = ipv6_hdr(skb);
	const struct iphdr *ip4a = ip_hdr(p), *ip4b = ip_hdr(skb);

	if (skb_headlen(p) < off + sizeof(__be32) ||
	    *(__be32 *)(p->data + off) != *(__be32 *)(skb->data + off))
		return false;
	if (ip4a->version == 4)
		return ip4a->tos == ip4b->tos && ip4a->ttl == ip4b->ttl &&
		       ip4a->frag_off == ip4b->frag_off;
	return *(__be32 *)ip6a == *(__be32 *)ip6b &&
	       ip6a->hop_limit == ip6b->hop_limit;
}

/* A sender on this machine stops being the owner, as it does in IP a little
 * later: it must not be charged with what is merged into its packet. The first
 * packet of a burst may have stood for all of it (dco_split()).
 */
static void dco_udp_gro_orphan(struct sk_buff *skb)
{
	if (likely(!skb->destructor))
		return;
	skb_orphan(skb);
	skb->truesize = SKB_TRUESIZE(skb_end_offset(skb)) + skb->data_len;
}

static void dco_udp_gro_append(struct sk_buff *p, struct sk_buff *skb)
{
	if (NAPI_GRO_CB(p)->last == p)
		skb_shinfo(p)->frag_list = skb;
	else
		NAPI_GRO_CB(p)->last->next = skb;
	NAPI_GRO_CB(p)->last = skb;
	NAPI_GRO_CB(p)->count++;

	skb_pull(skb, skb_gro_offset(skb));
	skb->next = NULL;
	skb_shinfo(p)->flags |= skb_shinfo(skb)->flags & SKBFL_SHARED_FRAG;
	p->len += skb->len;
	p->data_len += skb->len;
	p->truesize += skb->truesize;
	NAPI_GRO_CB(skb)->same_flow = 1;
}

/* Adds to a held packet one of its peer and key. Returns what GRO is to let go:
 * it holds the other then, if that has not been added.
 */
static struct sk_buff *dco_udp_gro_merge(struct sk_buff *p, struct sk_buff *skb)
{
	unsigned int len = skb_gro_len(skb);
	unsigned int size = skb_shinfo(p)->gso_size;

	if (len > size || p->len + len > IP_MAX_MTU)
		return p;
	dco_udp_gro_append(p, skb);
	/* only the last one may be shorter */
	if (len < size || NAPI_GRO_CB(p)->count >= DCO_GRO_SEGS_MAX)
		return p;
	return NULL;
}

/* Is it a data packet of a peer of ours, for the module, from where the peer
 * is? Packets that are passing by on their way to another host have peer ids,
 * too.
 */
static bool dco_udp_gro_is_ours(const struct sock *sk,
				const struct sk_buff *skb, unsigned int off)
{
	const struct dco_sock *dsk = rcu_dereference_sk_user_data(sk);
	u32 word = be32_to_cpup((__be32 *)(skb->data + off));
	const struct dco_endpoint *ep;
	const struct dco_peer *peer;
	struct dco_outer outer;

	if (unlikely(!dsk || word >> DCO_OPCODE_SHIFT != DCO_OPCODE_DATA_V2))
		return false;
	/* a program has turned it off (UDP_ENCAP), and gets its datagrams */
	if (unlikely(READ_ONCE(udp_sk(sk)->encap_type) != UDP_ENCAP_OVPNINUDP))
		return false;
	peer = dco_table_find_id(dsk->dco, word & DCO_PEER_ID_MASK);
	if (unlikely(!peer || READ_ONCE(peer->is_userspace)))
		return false;
	ep = rcu_dereference(peer->endpoint);
	dco_outer_read(&outer, skb, (struct udphdr *)(skb->data + off) - 1);
	return likely(ep) && dco_endpoint_has_addresses(ep, &outer);
}

/* Is it as our senders pack it, one linear packet with the others in fragments,
 * none of them in two? The first begins at @off.
 */
static bool dco_udp_gro_is_packed(const struct sk_buff *skb, unsigned int off)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int i;

	if (!shinfo->nr_frags || shinfo->frag_list ||
	    skb_headlen(skb) != off + shinfo->gso_size)
		return false;
	for (i = 0; i + 1 < shinfo->nr_frags; i++)
		if (skb_frag_size(&shinfo->frags[i]) % shinfo->gso_size)
			return false;
	/* they are read where they are, and are not aligned */
	return !IS_ENABLED(CONFIG_HIGHMEM) &&
	       IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) &&
	       dco_compat_frags_readable(skb);
}

/* Do all packets in fragments begin with this word? */
static bool dco_udp_gro_begin_all(const struct sk_buff *skb, __be32 word)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int i, left, len;
	const u8 *at;

	for (i = 0; i < shinfo->nr_frags; i++) {
		at = skb_frag_address(&shinfo->frags[i]);
		left = skb_frag_size(&shinfo->frags[i]);
		for (; left; left -= len, at += len) {
			if (left < sizeof(word) || *(__be32 *)at != word)
				return false;
			len = min_t(unsigned int, left, shinfo->gso_size);
		}
	}
	return true;
}

/* Are all segments of a GSO packet data of one peer and key? */
static bool dco_udp_gro_is_uniform(const struct sk_buff *skb, unsigned int off)
{
	const struct sk_buff *one = skb_shinfo(skb)->frag_list;
	unsigned int size = skb_shinfo(skb)->gso_size;
	__be32 first = *(__be32 *)(skb->data + off);
	const void *word;
	__be32 buf;

	/* as our senders make them; to search from the front takes longer */
	if (dco_udp_gro_is_packed(skb, off))
		return dco_udp_gro_begin_all(skb, first);
	if (skb_pagelen(skb) == off + size)
		for (; one && skb_headlen(one) >= sizeof(first) &&
		     one->len <= size && *(__be32 *)one->data == first &&
		     (one->len == size || !one->next); one = one->next)
			off += size;
	for (off += size; off < skb->len; off += size) {
		word = skb_header_pointer(skb, off, sizeof(buf), &buf);
		if (!word || get_unaligned((__be32 *)word) != first)
			return false;
	}
	return true;
}

/**
 * dco_udp_gro_is_burst() - is a GSO packet data for a peer?
 * @sk: the socket that it comes to, ours
 * @skb: a UDP GSO packet
 * @off: where in its data the first data packet begins, linear for 4 bytes
 *
 * Context: softirq or BH disabled, RCU read side.
 * Return: true if it is to be received as a whole.
 */
bool dco_udp_gro_is_burst(const struct sock *sk, const struct sk_buff *skb,
			  unsigned int off)
{
	return dco_udp_gro_is_ours(sk, skb, off) &&
	       dco_udp_gro_is_uniform(skb, off);
}

/* Can it be one of a burst? What is split again gets a checksum. */
static bool dco_udp_gro_can_merge(const struct sk_buff *skb, unsigned int off)
{
	const struct udphdr *uh = (struct udphdr *)(skb->data + off) - 1;

	return !NAPI_GRO_CB(skb)->flush && !skb_is_gso(skb) && uh->check &&
	       ntohs(uh->len) == skb_gro_len(skb) + sizeof(*uh);
}

/* udp_sk(sk)->gro_receive. What does not continue the packet that GRO holds
 * ends it, so that none overtakes another.
 *
 * Context: softirq, RCU read side.
 */
static struct sk_buff *dco_udp_gro_receive(struct sock *sk,
					   struct list_head *head,
					   struct sk_buff *skb)
{
	struct sk_buff *p = dco_udp_gro_held(head);
	unsigned int off = skb_gro_offset(skb);

	/* below a VLAN tag in the packet the IP header is not where it says */
	if (unlikely((skb->protocol != htons(ETH_P_IP) &&
		      skb->protocol != htons(ETH_P_IPV6)) ||
		     !pskb_may_pull(skb, off + sizeof(__be32))))
		goto alone;
	if (likely(dco_udp_gro_can_merge(skb, off))) {
		if (likely(p && dco_udp_gro_is_same(p, skb, off))) {
			dco_udp_gro_orphan(skb);
			return dco_udp_gro_merge(p, skb);
		}
		if (likely(dco_udp_gro_is_ours(sk, skb, off))) {
			dco_udp_gro_orphan(skb);
			return p;
		}
	} else if (skb_is_gso(skb) && dco_udp_gro_is_burst(sk, skb, off)) {
		skb_shinfo(skb)->gso_type |= SKB_GSO_UDP_TUNNEL_CSUM;
	}
alone:
	NAPI_GRO_CB(skb)->flush |= 1;
	return p;
}

/* udp_sk(sk)->gro_complete: a UDP GSO packet, with UDP's mark of a tunnel.
 * Context: softirq, RCU read side.
 */
static int dco_udp_gro_complete(struct sock *sk, struct sk_buff *skb, int nhoff)
{
	skb->csum_start = skb_headroom(skb) + nhoff - sizeof(struct udphdr);
	skb->csum_offset = offsetof(struct udphdr, check);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->encapsulation = 0;
	skb_shinfo(skb)->gso_segs = NAPI_GRO_CB(skb)->count;
	skb_shinfo(skb)->gso_type |= SKB_GSO_UDP_L4 | SKB_GSO_UDP_TUNNEL_CSUM;
	return 0;
}

/**
 * dco_udp_gro_config() - have GRO ask us about a socket's packets
 * @cfg: how the socket is about to be set up
 *
 * The kernel reads these pointers more than once for a packet, so they stay as
 * long as the socket can be found.
 */
void dco_udp_gro_config(struct udp_tunnel_sock_cfg *cfg)
{
	cfg->gro_receive = dco_udp_gro_receive;
	cfg->gro_complete = dco_udp_gro_complete;
}

/* the list behind a packet, which is ours alone */
static struct sk_buff *dco_udp_gro_take_list(struct sk_buff *skb)
{
	struct sk_buff *list = skb_shinfo(skb)->frag_list, *one;

	skb_orphan(skb);
	for (one = list; one; one = one->next) {
		skb->len -= one->len;
		skb->data_len -= one->len;
		dco_udp_gro_orphan(one);
	}
	skb_shinfo(skb)->frag_list = NULL;
	/* from here on it is one packet, also if it is dropped */
	skb_gso_reset(skb);
	skb->truesize = SKB_TRUESIZE(skb_end_offset(skb)) + skb->data_len;
	skb->next = list;
	return skb;
}

/* Can the list be taken? Each of its packets has to be one, which a sender's
 * need not be, and nobody else's, even where there are several heads.
 */
static bool dco_udp_gro_is_list(const struct sk_buff *skb)
{
	const struct sk_buff *one = skb_shinfo(skb)->frag_list;
	unsigned int size = skb_shinfo(skb)->gso_size;

	if (!one || skb_cloned(skb) ||
	    skb_pagelen(skb) != size + sizeof(struct udphdr))
		return false;
	for (; one; one = one->next)
		if (one->len > size || (one->next && one->len != size) ||
		    skb_is_gso(one) || skb_has_frag_list(one) ||
		    skb_shared(one))
			return false;
	return true;
}

/* What UDP does where it splits, but that what fails is counted here. The
 * checksums are of no more use.
 */
static struct sk_buff *dco_udp_gro_cut(struct dco_peer *peer,
				       struct sk_buff *skb)
{
	struct sk_buff *list;

	/* as the loopback of IP's broadcasts leaves it */
	if (skb->pkt_type == PACKET_LOOPBACK)
		skb->ip_summed = CHECKSUM_PARTIAL;
	list = __skb_gso_segment(skb, NETIF_F_SG | NETIF_F_IP_CSUM |
				 NETIF_F_IPV6_CSUM, false);
	if (IS_ERR_OR_NULL(list)) {
		dco_peer_drop(peer, skb, DCO_DROP_RX_NO_MEM);
		return NULL;
	}
	consume_skb(skb);
	return list;
}

/**
 * dco_udp_gro_split() - the packets that came as one
 * @peer: whose they are
 * @skb: a GSO datagram, data at the UDP header; consumed
 *
 * Context: BH disabled, RCU read side.
 * Return: the packets linked by next, data at what follows the UDP header; NULL
 * if there was no memory, which has been counted.
 */
struct sk_buff *dco_udp_gro_split(struct dco_peer *peer, struct sk_buff *skb)
{
	struct sk_buff *list, *one;

	if (likely(dco_udp_gro_is_list(skb))) {
		__skb_pull(skb, sizeof(struct udphdr));
		return dco_udp_gro_take_list(skb);
	}
	__skb_push(skb, -skb_mac_offset(skb));
	list = dco_udp_gro_cut(peer, skb);
	for (one = list; one; one = one->next)
		__skb_pull(one, skb_transport_offset(one) +
				sizeof(struct udphdr));
	return list;
}

/**
 * dco_udp_gro_unpack() - take the packets that came in fragments
 * @skb: a GSO datagram, data at the UDP header
 * @packed: receives them; to be given to dco_udp_gro_put()
 *
 * Others may write to fragments that are not the packet's alone, while they are
 * being opened, and those of a device go back to it in a way of their own: such
 * are left where they are.
 *
 * Context: BH disabled.
 * Return: true if @skb is the first packet now, data at what follows the UDP
 * header.
 */
bool dco_udp_gro_unpack(struct sk_buff *skb, struct dco_packed *packed)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (skb_cloned(skb) || skb_has_shared_frag(skb) || skb->pp_recycle ||
	    skb_zcopy(skb) ||
	    !dco_udp_gro_is_packed(skb, sizeof(struct udphdr)))
		return false;
	packed->n = shinfo->nr_frags;
	packed->size = shinfo->gso_size;
	packed->len = skb->data_len;
	packed->packets = DIV_ROUND_UP(packed->len, packed->size);
	memcpy(packed->frags, shinfo->frags, packed->n * sizeof(skb_frag_t));
	skb_orphan(skb);
	shinfo->nr_frags = 0;
	skb_gso_reset(skb);
	skb->len -= skb->data_len;
	skb->data_len = 0;
	skb->truesize = SKB_TRUESIZE(skb_end_offset(skb));
	__skb_pull(skb, sizeof(struct udphdr));
	skb_mark_not_on_list(skb);
	return true;
}

/**
 * dco_udp_gro_put() - give fragments back
 * @packed: what dco_udp_gro_unpack() took
 */
void dco_udp_gro_put(struct dco_packed *packed)
{
	unsigned int i;

	for (i = 0; i < packed->n; i++)
		put_page(skb_frag_page(&packed->frags[i]));
}
