// SPDX-License-Identifier: GPL-2.0-only
/*
 * Super-packets of TCP and UDP become segments as the kernel's GSO would make
 * them, but in memory that suits what follows: each segment is linear and has
 * room for all the headers in front of it and for the tag behind it, and it is
 * a slice of a page (slice.c), which costs little to allocate and is shared,
 * not copied, by the GRO of a receiver on the same machine. Payload is copied
 * and summed in one pass, by SIMD where that can be had (sum_avx2.c).
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
#include "slice.h"
#include "sum.h"
#include "tx.h"
#include "tx_split.h"
#include "wire.h"

#define DCO_SPLIT_HEADROOM	ALIGN(DCO_TX_HEADROOM, 4)

#define DCO_SPLIT_GSO_TCP	(SKB_GSO_TCPV4 | SKB_GSO_TCPV6)
#define DCO_SPLIT_GSO_PROTO	(DCO_SPLIT_GSO_TCP | SKB_GSO_UDP_L4)
#define DCO_SPLIT_GSO_KNOWN	\
	(DCO_SPLIT_GSO_PROTO | SKB_GSO_TCP_ECN | SKB_GSO_TCP_FIXEDID)

/* segments that are copied while nobody else may have the CPU */
#define DCO_SPLIT_SECTION	16

/**
 * struct dco_split - a super-packet that is being cut
 * @skb: the super-packet, data at the IP header
 * @ip_len: length of the IP headers in bytes
 * @head_len: length of all headers in bytes
 * @size: payload of each segment but the last in bytes
 * @seq: TCP sequence number of the first one
 * @ip_id: IPv4 identification of the first one
 * @ip_id_step: what it grows by
 * @pseudo: sum over the pseudo-header, but for the length
 * @is_v4: IPv4 or IPv6
 * @is_tcp: TCP or UDP
 * @is_fast: between dco_sum_begin() and dco_sum_end(), which use the rest:
 * @at: payload that has not been copied
 * @left: how many bytes of it are in one piece
 * @next: index of the next piece
 */
struct dco_split {
	const struct sk_buff *skb;
	unsigned int ip_len;
	unsigned int head_len;
	unsigned int size;
	u32 seq;
	u16 ip_id;
	u16 ip_id_step;
	__wsum pseudo;
	bool is_v4;
	bool is_tcp;
	bool is_fast;
	const u8 *at;
	unsigned int left;
	unsigned int next;
};

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

static bool dco_split_read(struct dco_split *split, const struct sk_buff *skb)
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

static void dco_split_write_ip(const struct dco_split *split,
			       struct sk_buff *seg, unsigned int n)
{
	struct ipv6hdr *ip6h;
	struct iphdr *iph;

	skb_reset_network_header(seg);
	skb_set_transport_header(seg, split->ip_len);
	if (!split->is_v4) {
		ip6h = ipv6_hdr(seg);
		ip6h->payload_len = htons(seg->len - sizeof(*ip6h));
		return;
	}
	iph = ip_hdr(seg);
	iph->tot_len = htons(seg->len);
	iph->id = htons(split->ip_id + n * split->ip_id_step);
	iph->check = 0;
	iph->check = ip_fast_csum(iph, iph->ihl);
}

/* @sum: over the payload; @offset: of the payload */
static void dco_split_write_tcp(const struct dco_split *split,
				struct sk_buff *seg, unsigned int offset,
				bool is_last, __wsum sum)
{
	struct tcphdr *th = tcp_hdr(seg);

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
				struct sk_buff *seg, __wsum sum)
{
	struct udphdr *uh = udp_hdr(seg);

	uh->len = htons(seg->len - split->ip_len);
	uh->check = 0;
	sum = csum_partial(uh, sizeof(*uh), sum);
	uh->check = csum_fold(csum_add(sum, split->pseudo)) ?: CSUM_MANGLED_0;
}

/* Copies the next bytes of the payload. Returns their sum. */
static __wsum dco_split_copy(struct dco_split *split, u8 *to, unsigned int len)
{
	const skb_frag_t *frag = skb_shinfo(split->skb)->frags + split->next;
	__wsum sum = 0, piece;
	unsigned int done, n;

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

/* Fills in segment number @n, whose payload begins at @offset of the whole. */
static void dco_split_write(struct dco_split *split, struct sk_buff *seg,
			    unsigned int n, unsigned int offset)
{
	unsigned int len = seg->len - split->head_len;
	u8 *payload = seg->data + split->head_len;
	const struct sk_buff *skb = split->skb;
	__wsum sum;

	memcpy(seg->data, skb->data, split->head_len);
	if (likely(split->is_fast))
		sum = dco_split_copy(split, payload, len);
	else
		sum = skb_copy_and_csum_bits(skb, split->head_len + offset,
					     payload, len);
	/* the length, of the pseudo-header */
	sum = csum_add(sum, (__force __wsum)htons(seg->len - split->ip_len));

	dco_split_write_ip(split, seg, n);
	if (split->is_tcp)
		dco_split_write_tcp(split, seg, offset, !seg->next, sum);
	else
		dco_split_write_udp(split, seg, sum);

	seg->dev = skb->dev;
	seg->protocol = skb->protocol;
	seg->priority = skb->priority;
	dco_compat_copy_tstamp(seg, skb);
	skb_copy_hash(seg, skb);
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

static void dco_split_write_all(struct dco_split *split, struct sk_buff *first)
{
	unsigned int n = 0, offset = 0;
	struct sk_buff *seg;

	split->at = split->skb->data + split->head_len;
	split->left = skb_headlen(split->skb) - split->head_len;
	split->next = 0;
	split->is_fast = !skb_has_frag_list(split->skb) && dco_sum_begin();
	for (seg = first; seg; seg = seg->next, offset += split->size) {
		if (n && n % DCO_SPLIT_SECTION == 0)
			dco_split_begin_section(split);
		dco_split_write(split, seg, n++, offset);
	}
	if (split->is_fast)
		dco_sum_end();
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
