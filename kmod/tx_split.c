// SPDX-License-Identifier: GPL-2.0-only
/*
 * Super-packets of TCP and UDP become segments as the kernel's GSO would make
 * them, but in memory that suits what follows (slice.c), with room for what
 * sealing puts in front of each segment and behind it. Segments of TCP lie
 * behind one another in a few packets, which have all but the first of theirs
 * in fragments (dco_split_pack()). Where that cannot be, and with UDP, each
 * segment is a linear packet with room for all the headers (dco_split()), which
 * is shared, not copied, by the GRO of a receiver on the same machine. Payload
 * is copied and summed in one pass, by SIMD where that can be had (sum_avx2.c).
 *
 * Whatever is unusual about a super-packet is left to the kernel.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/sock.h>

#include "compat/compat.h"
#include "row.h"
#include "slice.h"
#include "sum.h"
#include "tx.h"
#include "tx_gso.h"
#include "tx_split.h"
#include "wire.h"

#define DCO_SPLIT_HEADROOM	ALIGN(DCO_TX_HEADROOM, 4)

#define DCO_SPLIT_GSO_TCP	(SKB_GSO_TCPV4 | SKB_GSO_TCPV6)
#define DCO_SPLIT_GSO_PROTO	(DCO_SPLIT_GSO_TCP | SKB_GSO_UDP_L4)
#define DCO_SPLIT_GSO_KNOWN	\
	(DCO_SPLIT_GSO_PROTO | SKB_GSO_TCP_ECN | SKB_GSO_TCP_FIXEDID)

/* segments that are copied while nobody else may have the CPU */
#define DCO_SPLIT_SECTION	16

/* Is it what the stack makes and GRO merges: one IP header, then TCP or UDP,
 * whose checksum is to be made?
 */
static bool dco_split_is_plain(const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);

	return !(shinfo->gso_type & ~DCO_SPLIT_GSO_KNOWN) &&
	       hweight32(shinfo->gso_type & DCO_SPLIT_GSO_PROTO) == 1 &&
	       !(shinfo->tx_flags & SKBTX_ANY_TSTAMP) &&
	       !skb->encapsulation && skb->len <= IP_MAX_MTU &&
	       skb->ip_summed == CHECKSUM_PARTIAL &&
	       skb_network_offset(skb) == 0 &&
	       skb_checksum_start_offset(skb) == skb_transport_offset(skb);
}

static bool dco_split_read_ip(struct dco_split *split)
{
	const struct sk_buff *skb = split->skb;
	unsigned int type = skb_shinfo(skb)->gso_type;

	split->is_v4 = skb->protocol == htons(ETH_P_IP);
	split->ip_len = skb_transport_offset(skb);
	if (split->is_v4) {
		split->ip_id = ntohs(ip_hdr(skb)->id);
		split->ip_id_step = !(type & SKB_GSO_TCP_FIXEDID);
		return !(type & SKB_GSO_TCPV6) &&
		       split->ip_len == ip_hdrlen(skb) &&
		       split->ip_len >= sizeof(struct iphdr);
	}
	return !(type & SKB_GSO_TCPV4) &&
	       split->ip_len >= sizeof(struct ipv6hdr);
}

static bool dco_split_read_tcp(struct dco_split *split)
{
	const struct sk_buff *skb = split->skb;
	const struct tcphdr *th = tcp_hdr(skb);

	if (split->ip_len + sizeof(*th) > skb_headlen(skb) ||
	    th->doff * 4 < sizeof(*th) ||
	    skb->csum_offset != offsetof(struct tcphdr, check))
		return false;
	split->head_len = split->ip_len + th->doff * 4;
	split->seq = ntohl(th->seq);
	split->pseudo = csum_unfold(th->check);
	return true;
}

static bool dco_split_read_udp(struct dco_split *split)
{
	const struct sk_buff *skb = split->skb;
	const struct udphdr *uh = udp_hdr(skb);

	split->head_len = split->ip_len + sizeof(*uh);
	if (split->head_len > skb_headlen(skb) ||
	    skb->csum_offset != offsetof(struct udphdr, check))
		return false;
	split->pseudo = csum_unfold(uh->check);
	return true;
}

/**
 * dco_split_read() - look at a super-packet
 * @split: receives what is to be known about it
 * @skb: GSO packet, data at the IP header
 *
 * Return: false if it is for the kernel to cut.
 */
bool dco_split_read(struct dco_split *split, const struct sk_buff *skb)
{
	bool is_good;

	split->skb = skb;
	split->size = skb_shinfo(skb)->gso_size;
	split->is_tcp = skb_shinfo(skb)->gso_type & DCO_SPLIT_GSO_TCP;
	if (!dco_split_is_plain(skb) || !dco_split_read_ip(split))
		return false;
	is_good = split->is_tcp ? dco_split_read_tcp(split) :
				  dco_split_read_udp(split);
	if (!is_good || split->head_len > skb_headlen(skb) ||
	    split->head_len + split->size >= skb->len)
		return false;
	/* a larger slice may not be had at all */
	if (SKB_HEAD_ALIGN(DCO_SPLIT_HEADROOM + split->head_len + split->size +
			   DCO_TAG_SIZE) > PAGE_SIZE)
		return false;
	split->pseudo = csum_sub(split->pseudo, (__force __wsum)
				 htons(skb->len - split->ip_len));
	split->segs = DIV_ROUND_UP(skb->len - split->head_len, split->size);
	return true;
}

/* The crypto API takes memory page by page, and a packet that crosses from one
 * to another costs it a third more. Half a page is what a full packet nearly
 * takes anyway.
 */
static void *dco_split_alloc_slice(unsigned int *size)
{
	const unsigned int half = PAGE_SIZE / 2;

	if (*size > half || *size <= half - half / 4)
		return dco_slice_alloc(*size, SMP_CACHE_BYTES);
	*size = half;
	return dco_slice_alloc(half, half);
}

static struct sk_buff *dco_split_alloc(unsigned int len)
{
	unsigned int size = SKB_HEAD_ALIGN(DCO_SPLIT_HEADROOM + len +
					   DCO_TAG_SIZE);
	struct sk_buff *skb;
	void *data;

	data = dco_split_alloc_slice(&size);
	if (unlikely(!data))
		return NULL;
	skb = napi_build_skb(data, size);
	if (unlikely(!skb)) {
		skb_free_frag(data);
		return NULL;
	}
	skb_reserve(skb, DCO_SPLIT_HEADROOM);
	__skb_put(skb, len);
	return skb;
}

/* Writes what differs from segment to segment; @data is segment number @n with
 * the headers of the whole, @len its length.
 */
static void dco_split_write_ip(const struct dco_split *split, u8 *data,
			       unsigned int len, unsigned int n)
{
	struct ipv6hdr *ip6h = (struct ipv6hdr *)data;
	struct iphdr *iph = (struct iphdr *)data;

	if (!split->is_v4) {
		ip6h->payload_len = htons(len - sizeof(*ip6h));
		return;
	}
	iph->tot_len = htons(len);
	iph->id = htons(split->ip_id + n * split->ip_id_step);
	iph->check = 0;
	iph->check = ip_fast_csum(iph, iph->ihl);
}

/* @sum: over the payload, which begins at @offset of the whole */
static void dco_split_write_tcp(const struct dco_split *split,
				struct tcphdr *th, unsigned int offset,
				bool is_last, __wsum sum)
{
	th->seq = htonl(split->seq + offset);
	if (offset)
		th->cwr = 0;
	if (!is_last) {
		th->fin = 0;
		th->psh = 0;
	}
	th->check = 0;
	sum = csum_partial(th, split->head_len - split->ip_len, sum);
	th->check = csum_fold(csum_add(sum, split->pseudo));
}

static void dco_split_write_udp(const struct dco_split *split,
				struct udphdr *uh, unsigned int len, __wsum sum)
{
	uh->len = htons(len);
	uh->check = 0;
	sum = csum_partial(uh, sizeof(*uh), sum);
	uh->check = csum_fold(csum_add(sum, split->pseudo)) ?: CSUM_MANGLED_0;
}

/* Prepares the headers that most segments have. */
static void dco_split_make_middle(struct dco_split *split)
{
	unsigned int len = split->head_len + split->size;
	unsigned int below = len - split->ip_len;
	u8 *data = split->middle, *l4 = data + split->ip_len;
	struct ipv6hdr *ip6h = (struct ipv6hdr *)data;
	struct iphdr *iph = (struct iphdr *)data;
	struct tcphdr *th = (struct tcphdr *)l4;
	struct udphdr *uh = (struct udphdr *)l4;

	split->has_middle = split->head_len <= sizeof(split->middle) &&
			    len >= sizeof(split->middle);
	if (unlikely(!split->has_middle))
		return;
	memcpy(data, split->skb->data, split->head_len);
	if (split->is_v4) {
		iph->tot_len = htons(len);
		iph->id = 0;
		iph->check = 0;
		split->ip_sum = csum_partial(iph, split->ip_len, 0);
	} else {
		ip6h->payload_len = htons(len - sizeof(*ip6h));
	}
	if (split->is_tcp) {
		th->seq = 0;
		th->cwr = 0;
		th->fin = 0;
		th->psh = 0;
		th->check = 0;
	} else {
		uh->len = htons(below);
		uh->check = 0;
	}
	/* the length, of the pseudo-header */
	split->l4_sum = csum_partial(l4, split->head_len - split->ip_len,
				     csum_add(split->pseudo, (__force __wsum)
					      htons(below)));
}

/* Completes such headers; @sum: over the payload. */
static void dco_split_write_middle(const struct dco_split *split, u8 *data,
				   unsigned int n, __wsum sum)
{
	struct tcphdr *th = (struct tcphdr *)(data + split->ip_len);
	struct udphdr *uh = (struct udphdr *)(data + split->ip_len);
	struct iphdr *iph = (struct iphdr *)data;

	if (split->is_v4) {
		iph->id = htons(split->ip_id + n * split->ip_id_step);
		iph->check = csum_fold(csum_add(split->ip_sum, (__force __wsum)
						iph->id));
	}
	sum = csum_add(sum, split->l4_sum);
	if (split->is_tcp) {
		th->seq = htonl(split->seq + n * split->size);
		th->check = csum_fold(csum_add(sum, (__force __wsum)th->seq));
	} else {
		uh->check = csum_fold(sum) ?: CSUM_MANGLED_0;
	}
}

/* Copies the next bytes of the payload. Returns their sum. */
static __wsum dco_split_copy(struct dco_split *split, u8 *to, unsigned int len)
{
	const skb_frag_t *frag = skb_shinfo(split->skb)->frags + split->next;
	__wsum sum = 0, piece;
	unsigned int done, n;

	if (likely(split->left >= len)) {
		sum = dco_sum_copy(split->at, to, len);
		split->at += len;
		split->left -= len;
		return sum;
	}
	for (done = 0; done < len; done += n) {
		if (!split->left) {
			split->at = skb_frag_address(frag);
			split->left = skb_frag_size(frag++);
			split->next++;
		}
		n = min(split->left, len - done);
		piece = dco_sum_copy(split->at, to + done, n);
		sum = csum_block_add(sum, piece, done);
		split->at += n;
		split->left -= n;
	}
	return sum;
}

/* Others may run between sections. What is not fast once is not fast again,
 * because it does not count what it has copied.
 */
static void dco_split_begin_section(struct dco_split *split)
{
	if (split->is_fast)
		dco_sum_end();
	split->is_fast = split->is_fast && dco_sum_begin();
}

/* Writes segment number @n, of @len bytes. */
static void dco_split_write(struct dco_split *split, u8 *data, unsigned int len,
			    unsigned int n)
{
	unsigned int below = len - split->ip_len, offset = n * split->size;
	bool is_last = n + 1 == split->segs;
	const struct sk_buff *skb = split->skb;
	u8 *payload = data + split->head_len;
	void *l4 = data + split->ip_len;
	bool is_middle;
	__wsum sum;

	if (n && n % DCO_SPLIT_SECTION == 0)
		dco_split_begin_section(split);
	is_middle = likely(split->has_middle) && n && !is_last;
	/* a number of bytes that is known is copied without a loop */
	if (likely(is_middle))
		memcpy(data, split->middle, sizeof(split->middle));
	else
		memcpy(data, skb->data, split->head_len);
	if (likely(split->is_fast))
		sum = dco_split_copy(split, payload, len - split->head_len);
	else
		sum = skb_copy_and_csum_bits(skb, split->head_len + offset,
					     payload, len - split->head_len);
	if (likely(is_middle)) {
		dco_split_write_middle(split, data, n, sum);
		return;
	}
	/* the length, of the pseudo-header */
	sum = csum_add(sum, (__force __wsum)htons(below));

	dco_split_write_ip(split, data, len, n);
	if (split->is_tcp)
		dco_split_write_tcp(split, l4, offset, is_last, sum);
	else
		dco_split_write_udp(split, l4, below, sum);
}

/* What a packet made of the whole inherits */
static void dco_split_inherit(const struct dco_split *split,
			      struct sk_buff *seg)
{
	const struct sk_buff *skb = split->skb;

	skb_reset_network_header(seg);
	skb_set_transport_header(seg, split->ip_len);
	seg->dev = skb->dev;
	seg->protocol = skb->protocol;
	seg->priority = skb->priority;
	dco_compat_copy_tstamp(seg, skb);
	skb_copy_hash(seg, skb);
}

static void dco_split_begin(struct dco_split *split)
{
	split->at = split->skb->data + split->head_len;
	split->left = skb_headlen(split->skb) - split->head_len;
	split->next = 0;
	dco_split_make_middle(split);
	split->is_fast = !skb_has_frag_list(split->skb) && dco_sum_begin();
}

static void dco_split_end(struct dco_split *split)
{
	if (split->is_fast)
		dco_sum_end();
}

static void dco_split_write_all(struct dco_split *split, struct sk_buff *first)
{
	struct sk_buff *seg;
	unsigned int n = 0;

	dco_split_begin(split);
	for (seg = first; seg; seg = seg->next) {
		dco_split_write(split, seg->data, seg->len, n++);
		dco_split_inherit(split, seg);
	}
	dco_split_end(split);
}

/* The sender's socket owns the first segment, which the others will travel with
 * (tx_gso.c), at the price of all: small queues of TCP, pacing and limits of
 * UDP see what is on its way. Other owners may keep more in the super-packet
 * than can be handed over.
 */
static void dco_split_hand_over(struct sk_buff *skb, struct sk_buff *first)
{
	if (!skb->sk || (skb->destructor != sock_wfree && !sk_is_tcp(skb->sk)))
		return;
	swap(first->sk, skb->sk);
	swap(first->destructor, skb->destructor);
	swap(first->truesize, skb->truesize);
}

static void dco_split_undo(struct sk_buff *list)
{
	struct sk_buff *skb, *next;

	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		consume_skb(skb);
	}
}

/* Returns empty segments linked by next, or NULL if there is no memory. */
static struct sk_buff *dco_split_alloc_all(const struct dco_split *split)
{
	unsigned int rest = split->skb->len - split->head_len, len;
	struct sk_buff *first = NULL, **tail = &first, *seg;

	for (; rest; rest -= len) {
		len = min(rest, split->size);
		seg = dco_split_alloc(split->head_len + len);
		if (unlikely(!seg)) {
			dco_split_undo(first);
			return NULL;
		}
		*tail = seg;
		tail = &seg->next;
	}
	return first;
}

/**
 * dco_split() - cut a super-packet
 * @skb: GSO packet, data at the IP header; consumed if this succeeds
 *
 * Context: BH disabled.
 * Return: its segments linked by next, linear, private, their checksums made;
 * -EOPNOTSUPP if it is for the kernel to cut, -ENOMEM.
 */
struct sk_buff *dco_split(struct sk_buff *skb)
{
	struct dco_split split;
	struct sk_buff *first;

	if (!dco_split_read(&split, skb))
		return ERR_PTR(-EOPNOTSUPP);
	first = dco_split_alloc_all(&split);
	/* the whole is still there, and is what is dropped */
	if (unlikely(!first))
		return ERR_PTR(-ENOMEM);
	dco_split_write_all(&split, first);
	dco_split_hand_over(skb, first);
	consume_skb(skb);
	return first;
}

/* Appends to a packet as many of @n segments as lie behind one another, at
 * least one; @payload: of these and of those to come. Behind all memory is room
 * for a tag. Returns how many; 0: no memory, or no room for a fragment.
 */
static unsigned int dco_split_append(const struct dco_split *split,
				     struct dco_row *row, struct sk_buff *skb,
				     unsigned int n, unsigned int payload,
				     unsigned int around)
{
	unsigned int head = around + split->head_len, full = head + split->size;
	unsigned int len = head * n + min(payload, n * split->size);

	if (unlikely(row->left < min(len, full) + DCO_TAG_SIZE) &&
	    unlikely(!dco_row_refill(row, payload + head * n + DCO_TAG_SIZE)))
		return 0;
	if (len + DCO_TAG_SIZE > row->left) {
		n = (row->left - DCO_TAG_SIZE) / full;
		len = full * n;
	}
	return dco_row_append(row, skb, len) ? n : 0;
}

/* An empty packet for @n segments; @payload: of these and of those to come */
static struct sk_buff *dco_split_pack_one(const struct dco_split *split,
					  struct dco_row *row, unsigned int n,
					  unsigned int payload,
					  unsigned int around)
{
	unsigned int len = min(payload, split->size), i, added;
	struct sk_buff *skb;

	skb = dco_split_alloc(split->head_len + len);
	if (unlikely(!skb))
		return NULL;
	row->is_last = false;
	for (i = 1; i < n; i += added) {
		added = dco_split_append(split, row, skb, n - i,
					 payload - i * split->size, around);
		if (unlikely(!added)) {
			consume_skb(skb);
			return NULL;
		}
	}
	if (n > 1) {
		skb_shinfo(skb)->gso_size = around + split->head_len +
					    split->size;
		skb_shinfo(skb)->gso_segs = n;
		skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	}
	return skb;
}

/* Returns empty packets linked by next, or NULL if there is no memory. */
static struct sk_buff *dco_split_pack_alloc(const struct dco_split *split,
					    unsigned int around)
{
	unsigned int full = around + split->head_len + split->size, n, segs;
	unsigned int most = min_t(unsigned int, DCO_GSO_LEN_MAX / full,
				  DCO_GSO_SEGS_MAX);
	struct sk_buff *first = NULL, **tail = &first;
	struct dco_row row;

	dco_row_init(&row);
	for (n = 0; n < split->segs; n += segs) {
		segs = min(most, split->segs - n);
		*tail = dco_split_pack_one(split, &row, segs,
					   split->skb->len - split->head_len -
					   n * split->size, around);
		if (unlikely(!*tail)) {
			dco_split_undo(first);
			first = NULL;
			break;
		}
		tail = &(*tail)->next;
	}
	dco_row_end(&row);
	return first;
}

/* Returns the number of the next segment. */
static unsigned int dco_split_pack_write(struct dco_split *split,
					 struct sk_buff *skb, unsigned int n,
					 unsigned int front,
					 unsigned int around)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int full = split->head_len + split->size;
	unsigned int i, len, left;
	u8 *at;

	dco_split_inherit(split, skb);
	dco_split_write(split, skb->data, skb_headlen(skb), n++);
	for (i = 0; i < shinfo->nr_frags; i++) {
		at = skb_frag_address(&shinfo->frags[i]);
		left = skb_frag_size(&shinfo->frags[i]);
		for (; left; left -= len, at += len) {
			len = min(left, full + around);
			dco_split_write(split, at + front, len - around, n++);
		}
	}
	return n;
}

/**
 * dco_split_can_pack() - may dco_split_pack() be asked?
 * @split: what dco_split_read() found
 *
 * Datagrams are for the other end's stack one by one, which can have them out
 * of a list without copying. Segments that lie behind one another are nowhere
 * aligned, and one has to fit into what there is of memory in one piece.
 *
 * Return: false if dco_split() is better, or the only way.
 */
bool dco_split_can_pack(const struct dco_split *split)
{
	return IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) &&
	       split->is_tcp && split->head_len + split->size <=
	       DCO_SLICE_LEAST - DCO_WIRE_EPOCH_OVERHEAD - DCO_TAG_SIZE;
}

/**
 * dco_split_pack() - cut a super-packet into few packets
 * @split: what dco_split_read() found
 * @skb: the super-packet; consumed if this succeeds
 * @front: bytes to leave free in front of each segment
 * @back: bytes to leave free behind it
 *
 * The segments lie behind one another, with what is left free, so that they are
 * the datagrams of a UDP GSO packet when they have been sealed; the first of
 * each packet is linear, and has what is left free beyond its data.
 *
 * Context: BH disabled.
 * Return: the packets, linked by next; NULL if there was not so much memory in
 * one piece, dco_split() may have some then.
 */
struct sk_buff *dco_split_pack(struct dco_split *split, struct sk_buff *skb,
			       unsigned int front, unsigned int back)
{
	struct sk_buff *first, *one;
	unsigned int n = 0;

	first = dco_split_pack_alloc(split, front + back);
	if (unlikely(!first))
		return NULL;
	dco_split_begin(split);
	for (one = first; one; one = one->next)
		n = dco_split_pack_write(split, one, n, front, front + back);
	dco_split_end(split);
	dco_split_hand_over(skb, first);
	consume_skb(skb);
	return first;
}
