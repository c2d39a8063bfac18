// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sealed packets of one batch travel as few UDP GSO packets: one trip through
 * UDP, IP, netfilter and queues for dozens of them. They are split again by the
 * device, or right before it.
 *
 * Segments of TCP have been made as such (tx_split.c). Other packets stay where
 * they were sealed. The first carries the others as its
 * frag_list, and skb_segment() turns each of these into a datagram without
 * copying, because it is linear, exactly one segment long, and its header is
 * released: nobody but the one who splits writes in front of it.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/sock.h>

#include "device.h"
#include "peer.h"
#include "stats.h"
#include "trace.h"
#include "tx_gso.h"

static bool dco_tx_gso_fits(const struct sk_buff *head,
			    const struct sk_buff *skb, unsigned int size,
			    unsigned int segs)
{
	return segs < DCO_GSO_SEGS_MAX && !skb_is_gso(skb) &&
	       skb->len <= size &&
	       head->len + skb->len <= DCO_GSO_LEN_MAX;
}

/* Lets @head answer to their socket for @skb, too, of which it becomes the
 * owner. Who looks at the packet on its way, and takes his time, has a clone of
 * it, which is nobody's, but keeps what is in it: what still were the socket's
 * would be missing from what it may have on the way.
 */
static void dco_tx_gso_charge(struct sk_buff *head, struct sk_buff *skb)
{
	if (skb->destructor == sock_wfree && head->destructor == sock_wfree &&
	    skb->sk == head->sk) {
		skb->destructor = NULL;
		skb->sk = NULL;
		head->truesize += skb->truesize;
		return;
	}
	if (unlikely(skb->destructor))
		skb_orphan(skb);
	/* what a whole that was split answers for has been counted there */
	if (!head->destructor)
		head->truesize += skb->truesize;
}

/* Appends to @head the packets that follow it in the list, as many as can be
 * one GSO packet: of its size, but for the last. Returns what remains.
 */
static struct sk_buff *dco_tx_gso_collect(struct sk_buff *head)
{
	struct sk_buff **tail = &skb_shinfo(head)->frag_list;
	struct sk_buff *skb = head->next;
	unsigned int size = head->len;
	unsigned int segs = 1;
	/* one that has been packed is complete */
	bool is_last = skb_is_gso(head);

	while (skb && !is_last && dco_tx_gso_fits(head, skb, size, segs)) {
		is_last = skb->len < size;
		__skb_header_release(skb);
		head->len += skb->len;
		head->data_len += skb->len;
		dco_tx_gso_charge(head, skb);
		segs++;
		*tail = skb;
		tail = &skb->next;
		skb = skb->next;
	}
	*tail = NULL;
	if (segs > 1) {
		skb_shinfo(head)->gso_size = size;
		skb_shinfo(head)->gso_segs = segs;
		skb_shinfo(head)->gso_type = SKB_GSO_UDP_L4;
	}
	return skb;
}

/**
 * dco_tx_gso_merge() - make a list of packets shorter
 * @list: sealed packets, private, linked by next: linear, or GSO packets that
 *	dco_split_pack() has made; consumed
 *
 * Return: the same packets in their order, in GSO packets where linear ones
 * have the same size.
 */
struct sk_buff *dco_tx_gso_merge(struct sk_buff *list)
{
	struct sk_buff *skb;

	for (skb = list; skb; skb = skb->next)
		skb->next = dco_tx_gso_collect(skb);
	return list;
}

/**
 * dco_tx_gso_count() - count and trace what a batch has become
 * @peer: to whom it goes
 * @list: packets as they are given to the transport, linked by next
 *
 * Context: BH disabled.
 */
void dco_tx_gso_count(struct dco_peer *peer, const struct sk_buff *list)
{
	unsigned int outer = 0, gso = 0, packets = 0, bytes = 0, most = 1;
	const struct sk_buff *skb;
	unsigned int segs;

	for (skb = list; skb; skb = skb->next) {
		segs = skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 1;
		most = max(most, segs);
		packets += segs;
		bytes += skb->len;
		gso += segs > 1;
		outer++;
	}
	dco_dev_batch_add(peer->dco, DCO_BATCH_TX_OUTER, outer);
	dco_dev_batch_add(peer->dco, DCO_BATCH_TX_OUTER_GSO, gso);
	dco_dev_batch_add(peer->dco, DCO_BATCH_TX_OUTER_SEGMENTS, packets);
	trace_dco_tx_batch(peer, packets, bytes, outer, most);
}

/**
 * dco_tx_gso_mark() - prepare the checksum of a packet
 * @skb: a packet, to which the UDP header is about to be prepended
 *
 * The UDP helper does it for packets that are not GSO.
 */
void dco_tx_gso_mark(struct sk_buff *skb)
{
	skb->ip_summed = CHECKSUM_NONE;
	if (!skb_is_gso(skb))
		return;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) - sizeof(struct udphdr);
	skb->csum_offset = offsetof(struct udphdr, check);
}
