// SPDX-License-Identifier: GPL-2.0-only
/*
 * Neighbours in a burst that continue one another become one packet before they
 * reach GRO. They are TCP segments of one flow, which a burst is full of, and
 * GRO would come to the same result: but it asks five functions about each one,
 * and looks among all flows that it holds. What is likely to continue another
 * one is opened to where it belongs then (rx_row.c).
 *
 * The rules are those of TCP's GRO, so that a packet that is forwarded can be
 * cut again into what came. Whatever is unusual is left to it.
 */
#include <linux/etherdevice.h>
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

/* What has to be the same in a segment that continues another one: all but the
 * lengths, identification, checksums, sequence number, urgent pointer (which
 * means nothing without its flag), PSH and FIN. Options are, to the last byte.
 */
static const u8 dco_merge_mask4[40] __aligned(8) = {
	[0 ... 1] = 0xff, [6 ... 9] = 0xff, [12 ... 23] = 0xff,
	[28 ... 32] = 0xff, [33] = 0xf6, [34 ... 35] = 0xff,
};

static const u8 dco_merge_mask6[56] __aligned(8) = {
	[0 ... 3] = 0xff, [6 ... 43] = 0xff,
	[48 ... 52] = 0xff, [53] = 0xf6, [54 ... 55] = 0xff,
};

static struct tcphdr *dco_merge_tcp(const u8 *data,
				    const struct dco_segment *seg)
{
	return (struct tcphdr *)(data + seg->ip_len);
}

/* The checksum of IPv4 and the length, of @len bytes that are to be TCP */
static bool dco_merge_is_ip_valid(const u8 *data, unsigned int len, bool is_v4)
{
	const struct ipv6hdr *ip6h = (struct ipv6hdr *)data;
	const struct iphdr *iph = (struct iphdr *)data;

	if (is_v4)
		return ntohs(iph->tot_len) == len && !ip_fast_csum(iph, 5);
	return ntohs(ip6h->payload_len) + sizeof(*ip6h) == len;
}

static bool dco_merge_read_ip(const struct sk_buff *skb,
			      struct dco_segment *seg)
{
	const struct ipv6hdr *ip6h = (struct ipv6hdr *)skb->data;
	const struct iphdr *iph = (struct iphdr *)skb->data;

	if (skb->protocol == htons(ETH_P_IP)) {
		seg->ip_len = sizeof(*iph);
		seg->ip_id = ntohs(iph->id);
		return iph->ihl == 5 && iph->protocol == IPPROTO_TCP &&
		       !ip_is_fragment(iph) &&
		       dco_merge_is_ip_valid(skb->data, skb->len, true);
	}
	seg->ip_len = sizeof(*ip6h);
	seg->ip_id = 0;
	return ip6h->nexthdr == IPPROTO_TCP &&
	       dco_merge_is_ip_valid(skb->data, skb->len, false);
}

/* Is it a TCP segment that others can continue? The IP header is there. */
static bool dco_merge_read(const struct sk_buff *skb, struct dco_segment *seg)
{
	const struct tcphdr *th;

	if (!dco_merge_read_ip(skb, seg) ||
	    seg->ip_len + sizeof(*th) > skb_headlen(skb))
		return false;
	th = dco_merge_tcp(skb->data, seg);
	seg->head_len = seg->ip_len + th->doff * 4;
	seg->seq = ntohl(th->seq);
	return th->doff * 4 >= sizeof(*th) &&
	       seg->head_len <= skb_headlen(skb) &&
	       seg->head_len < skb->len &&
	       !(tcp_flag_word(th) & DCO_MERGE_FLAGS_ALONE);
}

static __always_inline u64 dco_merge_differs(const u8 *a, const u8 *b,
					     const u8 *mask, unsigned int word)
{
	unsigned int at = word * sizeof(u64);

	return (get_unaligned((const u64 *)(a + at)) ^
		get_unaligned((const u64 *)(b + at))) &
	       *(const u64 *)(mask + at);
}

/* 40 bytes of IPv4 and TCP */
static u64 dco_merge_differs4(const u8 *a, const u8 *b)
{
	return dco_merge_differs(a, b, dco_merge_mask4, 0) |
	       dco_merge_differs(a, b, dco_merge_mask4, 1) |
	       dco_merge_differs(a, b, dco_merge_mask4, 2) |
	       dco_merge_differs(a, b, dco_merge_mask4, 3) |
	       dco_merge_differs(a, b, dco_merge_mask4, 4);
}

/* 56 bytes of IPv6 and TCP; the rest of its 60 does not count */
static u64 dco_merge_differs6(const u8 *a, const u8 *b)
{
	return dco_merge_differs(a, b, dco_merge_mask6, 0) |
	       dco_merge_differs(a, b, dco_merge_mask6, 1) |
	       dco_merge_differs(a, b, dco_merge_mask6, 2) |
	       dco_merge_differs(a, b, dco_merge_mask6, 3) |
	       dco_merge_differs(a, b, dco_merge_mask6, 4) |
	       dco_merge_differs(a, b, dco_merge_mask6, 5) |
	       dco_merge_differs(a, b, dco_merge_mask6, 6);
}

/* Are headers of @len bytes the same, as far as they have to be? */
static bool dco_merge_is_same(const u8 *a, const u8 *b, bool is_v4,
			      unsigned int len)
{
	u64 differs = is_v4 ? dco_merge_differs4(a, b) :
			      dco_merge_differs6(a, b);
	unsigned int i = is_v4 ? 40 : 60;

	for (; i + sizeof(u64) <= len; i += sizeof(u64))
		differs |= get_unaligned((const u64 *)(a + i)) ^
			   get_unaligned((const u64 *)(b + i));
	if (i < len)
		differs |= get_unaligned((const u32 *)(a + i)) ^
			   get_unaligned((const u32 *)(b + i));
	return !differs;
}

/* IPv4 identifications grow by one, or stay as they are where they do not
 * matter.
 */
static bool dco_merge_is_id_next(const struct dco_merge *merge,
				 const struct iphdr *iph)
{
	u16 step = ntohs(iph->id) - merge->next.ip_id;

	if (merge->packets > 1)
		return step == merge->ip_id_step;
	return step == 1 || (step == 0 && iph->frag_off);
}

/* Does a packet continue the one that waits, which is open? The first @linear
 * of its @len bytes are at @data.
 */
static bool dco_merge_fits(const struct dco_merge *merge, const u8 *data,
			   unsigned int linear, unsigned int len)
{
	unsigned int head_len = merge->next.head_len, more = len - head_len;
	bool is_v4 = merge->next.ip_len == sizeof(struct iphdr);
	const struct sk_buff *head = merge->head;
	const struct tcphdr *th;

	if (linear < head_len || len <= head_len || more > merge->size ||
	    head->len + more > merge->max ||
	    !dco_merge_is_same(head->data, data, is_v4, head_len))
		return false;
	th = dco_merge_tcp(data, &merge->next);
	return ntohl(th->seq) == merge->next.seq &&
	       dco_merge_is_ip_valid(data, len, is_v4) &&
	       (!is_v4 || dco_merge_is_id_next(merge, (struct iphdr *)data));
}

/* after a segment with so much payload */
static void dco_merge_expect(struct dco_merge *merge, __be32 flags,
			     unsigned int len)
{
	merge->next.seq += len;
	merge->is_open = len == merge->size && !(flags & DCO_MERGE_FLAGS_LAST);
}

static void dco_merge_read_head(struct dco_merge *merge)
{
	const struct sk_buff *head = merge->head;

	merge->is_read = true;
	merge->is_open = false;
	if (!dco_merge_read(head, &merge->next))
		return;
	merge->size = head->len - merge->next.head_len;
	dco_merge_expect(merge, tcp_flag_word(dco_merge_tcp(head->data,
							    &merge->next)),
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
	dco_rx_row_init(&merge->row);
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
	dco_rx_row_begin(&merge->row);
}

/* A packet of @len bytes becomes a part of the one before. */
static void dco_merge_count(struct dco_merge *merge, __be32 flags, u16 ip_id,
			    unsigned int len)
{
	struct tcphdr *th = dco_merge_tcp(merge->head->data, &merge->next);

	if (unlikely(flags & DCO_MERGE_FLAGS_LAST))
		tcp_flag_word(th) |= flags & DCO_MERGE_FLAGS_LAST;
	/* of IPv6 it is something else that nobody asks for */
	if (merge->packets++ == 1)
		merge->ip_id_step = ip_id - merge->next.ip_id;
	merge->next.ip_id = ip_id;
	merge->bytes += len;
	dco_merge_expect(merge, flags, len - merge->next.head_len);
}

/**
 * dco_merge_place() - where to open what may continue a packet
 * @merge: with a packet or without
 * @len: length of the cleartext at most
 * @more: the same, with what comes after it
 *
 * To be followed by dco_merge_take() or dco_merge_restore().
 *
 * Context: BH disabled.
 * Return: where the cleartext is to be; NULL: in place.
 */
u8 *dco_merge_place(struct dco_merge *merge, unsigned int len,
		    unsigned int more)
{
	const struct sk_buff *head = merge->head;
	unsigned int over;

	/* headers there are nowhere aligned */
	if (!head || !IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS))
		return NULL;
	if (!merge->is_read)
		dco_merge_read_head(merge);
	over = merge->next.head_len;
	if (!merge->is_open || len <= over ||
	    head->len + len - over > merge->max)
		return NULL;
	return dco_rx_row_open(&merge->row, over, len, more);
}

/**
 * dco_merge_restore() - the place is not used
 * @merge: after dco_merge_place()
 *
 * What is there may be gone afterwards.
 */
void dco_merge_restore(struct dco_merge *merge)
{
	dco_rx_row_restore(&merge->row);
}

/**
 * dco_merge_take() - does a packet continue the one before it?
 * @merge: after dco_merge_place()
 * @data: the place, with the packet in it
 * @len: its length in bytes
 *
 * Return: whether it has become a part of that packet; dco_merge_restore() has
 * to be called if not.
 */
bool dco_merge_take(struct dco_merge *merge, const u8 *data, unsigned int len)
{
	__be32 flags;
	u16 ip_id;

	if (unlikely(!dco_merge_fits(merge, data, len, len)))
		return false;
	/* they are overwritten */
	flags = tcp_flag_word(dco_merge_tcp(data, &merge->next));
	ip_id = ntohs(((struct iphdr *)data)->id);
	skb_orphan(merge->head);
	if (unlikely(!dco_rx_row_give(&merge->row, merge->head,
				      len - merge->next.head_len)))
		return false;
	dco_merge_count(merge, flags, ip_id, len);
	return true;
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
	unsigned int head_len, len = skb->len;
	struct sk_buff *head = merge->head;
	const u8 *data = skb->data;
	bool is_stolen;
	__be32 flags;
	u16 ip_id;
	int delta;

	if (!head)
		return false;
	if (!merge->is_read)
		dco_merge_read_head(merge);
	/* A packet whose own memory has room for the next one gets it by a copy
	 * from skb_try_coalesce(). Not every kernel can cut a packet with
	 * several segments in its head that GRO has appended to another one, so
	 * GRO is asked instead.
	 */
	head_len = merge->next.head_len;
	if (!merge->is_open ||
	    !dco_merge_fits(merge, data, skb_headlen(skb), len) ||
	    len - head_len <= skb_tailroom(head))
		return false;

	/* its memory changes hands: it is nobody else's from here on */
	skb_orphan(head);
	flags = tcp_flag_word(dco_merge_tcp(data, &merge->next));
	ip_id = ntohs(((struct iphdr *)data)->id);
	__skb_pull(skb, head_len);
	if (!skb_try_coalesce(head, skb, &is_stolen, &delta)) {
		__skb_push(skb, head_len);
		return false;
	}
	merge->row.mem.is_last = false;
	dco_merge_count(merge, flags, ip_id, len);
	kfree_skb_partial(skb, is_stolen);
	return true;
}

/* the headers of a super-packet, as GRO makes them */
static void dco_merge_write(const struct dco_merge *merge, struct sk_buff *skb)
{
	unsigned int len = skb->len - merge->next.ip_len;
	struct tcphdr *th = dco_merge_tcp(skb->data, &merge->next);
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

/**
 * dco_merge_exit() - give back what dco_merge_place() has allocated
 * @merge: without a packet
 */
void dco_merge_exit(struct dco_merge *merge)
{
	dco_rx_row_end(&merge->row);
}
