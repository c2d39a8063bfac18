// SPDX-License-Identifier: GPL-2.0-only
/*
 * Neighbours in a burst that continue one another become one packet before they
 * reach GRO. They are TCP segments of one flow, which a burst is full of, and
 * GRO would come to the same result: but it asks five functions about each one,
 * and looks among all flows that it holds.
 *
 * The rules are those of TCP's GRO, so that a packet that is forwarded can be
 * cut again into what came. Whatever is unusual is left to it.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "device.h"
#include "rx_merge.h"

/* Only in a segment that stands alone */
#define DCO_MERGE_FLAGS_ALONE	\
	(TCP_FLAG_CWR | TCP_FLAG_URG | TCP_FLAG_RST | TCP_FLAG_SYN)
/* In the last one only */
#define DCO_MERGE_FLAGS_LAST	(TCP_FLAG_PSH | TCP_FLAG_FIN)

static struct tcphdr *dco_merge_tcp(const struct sk_buff *skb,
				    const struct dco_segment *seg)
{
	return (struct tcphdr *)(skb->data + seg->ip_len);
}

static bool dco_merge_read_ip(const struct sk_buff *skb,
			      struct dco_segment *seg)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	const struct iphdr *iph = ip_hdr(skb);

	if (skb->protocol == htons(ETH_P_IP)) {
		seg->ip_len = sizeof(*iph);
		seg->ip_id = ntohs(iph->id);
		return iph->ihl == 5 && iph->protocol == IPPROTO_TCP &&
		       ntohs(iph->tot_len) == skb->len &&
		       !ip_is_fragment(iph) && !ip_fast_csum(iph, 5);
	}
	seg->ip_len = sizeof(*ip6h);
	seg->ip_id = 0;
	return ip6h->nexthdr == IPPROTO_TCP &&
	       ntohs(ip6h->payload_len) + sizeof(*ip6h) == skb->len;
}

/* Is it a TCP segment that can be merged? The network header is valid. */
static bool dco_merge_read(const struct sk_buff *skb, struct dco_segment *seg)
{
	const struct tcphdr *th;

	if (!dco_merge_read_ip(skb, seg) ||
	    seg->ip_len + sizeof(*th) > skb_headlen(skb))
		return false;
	th = dco_merge_tcp(skb, seg);
	seg->head_len = seg->ip_len + th->doff * 4;
	seg->seq = ntohl(th->seq);
	return th->doff * 4 >= sizeof(*th) &&
	       seg->head_len <= skb_headlen(skb) &&
	       seg->head_len < skb->len &&
	       !(tcp_flag_word(th) & DCO_MERGE_FLAGS_ALONE);
}

static bool dco_merge_is_same_ip(const struct sk_buff *a,
				 const struct sk_buff *b)
{
	const struct ipv6hdr *a6 = ipv6_hdr(a), *b6 = ipv6_hdr(b);
	const struct iphdr *a4 = ip_hdr(a), *b4 = ip_hdr(b);

	if (a->protocol != b->protocol)
		return false;
	if (a->protocol == htons(ETH_P_IP))
		return a4->saddr == b4->saddr && a4->daddr == b4->daddr &&
		       a4->tos == b4->tos && a4->ttl == b4->ttl &&
		       a4->frag_off == b4->frag_off;
	/* version, class and flow label are one word */
	return *(__be32 *)a6 == *(__be32 *)b6 &&
	       a6->hop_limit == b6->hop_limit &&
	       ipv6_addr_equal(&a6->saddr, &b6->saddr) &&
	       ipv6_addr_equal(&a6->daddr, &b6->daddr);
}

/* Everything but the sequence number and what the last one may say */
static bool dco_merge_is_same_tcp(const struct tcphdr *a,
				  const struct tcphdr *b)
{
	const u32 *option_a = (const u32 *)(a + 1);
	const u32 *option_b = (const u32 *)(b + 1);
	u32 differs = 0;
	int n;

	if (a->source != b->source || a->dest != b->dest ||
	    a->ack_seq != b->ack_seq ||
	    (tcp_flag_word(a) ^ tcp_flag_word(b)) & ~DCO_MERGE_FLAGS_LAST)
		return false;
	for (n = a->doff - sizeof(*a) / 4; n > 0; n--)
		differs |= *option_a++ ^ *option_b++;
	return !differs;
}

/* IPv4 identifications grow by one, or stay as they are where they do not
 * matter.
 */
static bool dco_merge_is_id_next(const struct dco_merge *merge,
				 const struct sk_buff *skb,
				 const struct dco_segment *seg)
{
	u16 step = seg->ip_id - merge->next.ip_id;

	if (skb->protocol != htons(ETH_P_IP))
		return true;
	if (merge->packets > 1)
		return step == merge->ip_id_step;
	return step == 1 || (step == 0 && ip_hdr(skb)->frag_off);
}

/* A packet whose own memory has room for the next one gets it by a copy from
 * skb_try_coalesce(). Not every kernel can cut a packet with several segments
 * in its head that GRO has appended to another one, so GRO is asked instead.
 */
static bool dco_merge_fits(const struct dco_merge *merge,
			   const struct sk_buff *skb,
			   const struct dco_segment *seg)
{
	const struct sk_buff *head = merge->head;
	unsigned int len = skb->len - seg->head_len;

	return seg->seq == merge->next.seq && len <= merge->size &&
	       len > skb_tailroom(head) &&
	       head->len + len <= merge->max &&
	       seg->head_len == merge->next.head_len &&
	       dco_merge_is_same_ip(head, skb) &&
	       dco_merge_is_same_tcp(dco_merge_tcp(head, seg),
				     dco_merge_tcp(skb, seg)) &&
	       dco_merge_is_id_next(merge, skb, seg);
}

/* after a segment with so much payload */
static void dco_merge_expect(struct dco_merge *merge,
			     const struct dco_segment *seg, __be32 flags,
			     unsigned int len)
{
	merge->next = *seg;
	merge->next.seq += len;
	merge->is_open = len == merge->size && !(flags & DCO_MERGE_FLAGS_LAST);
}

static void dco_merge_read_head(struct dco_merge *merge)
{
	const struct sk_buff *head = merge->head;
	struct dco_segment seg;

	merge->is_read = true;
	merge->is_open = false;
	if (!dco_merge_read(head, &seg))
		return;
	merge->size = head->len - seg.head_len;
	dco_merge_expect(merge, &seg, tcp_flag_word(dco_merge_tcp(head, &seg)),
			 merge->size);
}

/**
 * dco_merge_init() - begin with nothing
 * @merge: to be set up
 * @dco: the device that packets will come from
 */
void dco_merge_init(struct dco_merge *merge, const struct dco_dev *dco)
{
	merge->head = NULL;
	merge->max = min_t(unsigned int, READ_ONCE(dco->dev->gro_max_size),
			   IP_MAX_MTU);
	merge->is_allowed = (dco->dev->features & NETIF_F_RXCSUM) &&
			    !netif_elide_gro(dco->dev);
}

/**
 * dco_merge_begin() - a packet that others may continue
 * @merge: without a packet
 * @skb: an IP packet with protocol and network header set; consumed
 */
void dco_merge_begin(struct dco_merge *merge, struct sk_buff *skb)
{
	merge->head = skb;
	merge->packets = 1;
	merge->bytes = skb->len;
	merge->is_read = !merge->is_allowed;
	merge->is_open = false;
}

/**
 * dco_merge_append() - does a packet continue the one before it?
 * @merge: with a packet or without
 * @skb: an IP packet with protocol and network header set; consumed if so
 *
 * Return: whether it has become a part of that packet.
 */
bool dco_merge_append(struct dco_merge *merge, struct sk_buff *skb)
{
	struct sk_buff *head = merge->head;
	unsigned int len = skb->len;
	struct dco_segment seg;
	bool is_stolen;
	__be32 flags;
	int delta;

	if (!head)
		return false;
	if (!merge->is_read)
		dco_merge_read_head(merge);
	if (!merge->is_open || !dco_merge_read(skb, &seg) ||
	    !dco_merge_fits(merge, skb, &seg))
		return false;

	/* its memory changes hands: it is nobody else's from here on */
	skb_orphan(head);
	flags = tcp_flag_word(dco_merge_tcp(skb, &seg));
	__skb_pull(skb, seg.head_len);
	if (!skb_try_coalesce(head, skb, &is_stolen, &delta)) {
		__skb_push(skb, seg.head_len);
		return false;
	}
	kfree_skb_partial(skb, is_stolen);

	tcp_flag_word(dco_merge_tcp(head, &seg)) |=
		flags & DCO_MERGE_FLAGS_LAST;
	if (merge->packets++ == 1)
		merge->ip_id_step = seg.ip_id - merge->next.ip_id;
	merge->bytes += len;
	dco_merge_expect(merge, &seg, flags, len - seg.head_len);
	return true;
}

/* the headers of a super-packet, as GRO makes them */
static void dco_merge_write(const struct dco_merge *merge, struct sk_buff *skb)
{
	unsigned int len = skb->len - merge->next.ip_len;
	struct tcphdr *th = dco_merge_tcp(skb, &merge->next);
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct iphdr *iph = ip_hdr(skb);

	if (skb->protocol == htons(ETH_P_IP)) {
		iph->tot_len = htons(skb->len);
		iph->check = 0;
		iph->check = ip_fast_csum(iph, iph->ihl);
		th->check = ~tcp_v4_check(len, iph->saddr, iph->daddr, 0);
		shinfo->gso_type = SKB_GSO_TCPV4;
		if (!merge->ip_id_step)
			shinfo->gso_type |= SKB_GSO_TCP_FIXEDID;
	} else {
		ip6h->payload_len = htons(len);
		th->check = ~tcp_v6_check(len, &ip6h->saddr, &ip6h->daddr, 0);
		shinfo->gso_type = SKB_GSO_TCPV6;
	}
	shinfo->gso_size = merge->size;
	shinfo->gso_segs = merge->packets;
	skb_set_transport_header(skb, merge->next.ip_len);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = (u8 *)th - skb->head;
	skb->csum_offset = offsetof(struct tcphdr, check);
}

/**
 * dco_merge_finish() - nothing more will continue the packet
 * @merge: with a packet or without; what it says about it stays
 *
 * Return: the packet, or NULL.
 */
struct sk_buff *dco_merge_finish(struct dco_merge *merge)
{
	struct sk_buff *skb = merge->head;

	if (skb && merge->packets > 1)
		dco_merge_write(merge, skb);
	merge->head = NULL;
	return skb;
}
