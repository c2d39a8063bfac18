/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of the kernel in userspace, as far as the module's functions over
 * them need them. Each piece of memory is an allocation of its own, as large as
 * the kernel's, so that the sanitizer sees who leaves it. Functions have the
 * kernel's names and do what its do.
 */
#ifndef FUZZ_KMOD_SKB_H
#define FUZZ_KMOD_SKB_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdlib.h>

#include "csum.h"
#include "kmod.h"

#define MAX_SKB_FRAGS		17
#define PAGE_SIZE		4096UL
#define SMP_CACHE_BYTES		64
#define IP_MAX_MTU		0xffffU

#define CHECKSUM_NONE		0
#define CHECKSUM_UNNECESSARY	1
#define CHECKSUM_PARTIAL	3

#define SKB_GSO_DODGY		(1 << 1)
#define SKB_GSO_TCP_ECN		(1 << 2)
#define SKB_GSO_TCP_FIXEDID	(1 << 3)
#define SKB_GSO_TCPV4		(1 << 0)
#define SKB_GSO_TCPV6		(1 << 4)
#define SKB_GSO_UDP_L4		(1 << 17)
#define SKBTX_ANY_TSTAMP	7

#define NETIF_F_RXCSUM		(1ULL << 29)

typedef int netdev_tx_t;

struct net_device {
	unsigned int gro_max_size;
	u64 features;
};

struct sock {
	bool is_tcp;
};

/**
 * struct skb_frag - a piece of a packet
 * @memory: the allocation that it is in
 * @data: where it begins
 * @len: its length in bytes
 * @put: gives its reference to @memory back; NULL: it has all of that
 */
struct skb_frag {
	u8 *memory;
	u8 *data;
	unsigned int len;
	void (*put)(u8 *memory);
};

typedef struct skb_frag skb_frag_t;

struct skb_shared_info {
	u8 tx_flags;
	u8 nr_frags;
	u16 gso_size;
	u16 gso_segs;
	unsigned int gso_type;
	struct skb_frag frags[MAX_SKB_FRAGS];
};

/**
 * struct sk_buff - a packet
 * @is_locked: its memory is somebody else's, too, and stays where it is
 *
 * The others are the kernel's.
 */
struct sk_buff {
	struct sk_buff *next;
	struct sock *sk;
	struct net_device *dev;
	void (*destructor)(struct sk_buff *skb);
	unsigned int len;
	unsigned int data_len;
	unsigned int truesize;
	unsigned int priority;
	u32 hash;
	__be16 protocol;
	u8 ip_summed;
	bool encapsulation;
	bool is_locked;
	u16 csum_start;
	u16 csum_offset;
	u16 network_header;
	u16 transport_header;
	u8 *head;
	u8 *data;
	u8 *tail;
	u8 *end;
	struct skb_shared_info shinfo;
};

#define skb_shinfo(skb)		(&(skb)->shinfo)
#define SKB_DATA_ALIGN(x)	ALIGN((x), 64)
/* what the kernel's takes at the end of the memory */
#define SKB_SHINFO_SIZE		320
#define SKB_HEAD_ALIGN(x)	(SKB_DATA_ALIGN(x) + SKB_SHINFO_SIZE)

static inline void *ERR_PTR(long err)
{
	return (void *)err;
}

static inline long PTR_ERR(const void *ptr)
{
	return (long)ptr;
}

static inline bool IS_ERR(const void *ptr)
{
	return (unsigned long)ptr >= (unsigned long)-4095;
}

static inline unsigned int skb_headlen(const struct sk_buff *skb)
{
	return skb->len - skb->data_len;
}

static inline unsigned int skb_headroom(const struct sk_buff *skb)
{
	return (unsigned int)(skb->data - skb->head);
}

#define skb_frag_address(frag)	((frag)->data)
#define skb_frag_size_add(frag, n)	((void)((frag)->len += (n)))
#define skb_frag_size(frag)	((frag)->len)

static inline bool skb_has_frag_list(const struct sk_buff *skb)
{
	(void)skb;
	return false;
}

static inline unsigned int skb_tailroom(const struct sk_buff *skb)
{
	return skb->data_len ? 0 : (unsigned int)(skb->end - skb->tail);
}

/* The kernel does not look either: the sanitizer does. */
static inline void *__skb_push(struct sk_buff *skb, unsigned int len)
{
	skb->data -= len;
	skb->len += len;
	return skb->data;
}

static inline void *__skb_pull(struct sk_buff *skb, unsigned int len)
{
	skb->len -= len;
	if (skb->len < skb->data_len)
		abort();
	return skb->data += len;
}

static inline void *__skb_put(struct sk_buff *skb, unsigned int len)
{
	u8 *at = skb->tail;

	skb->tail += len;
	skb->len += len;
	return at;
}

static inline void skb_reserve(struct sk_buff *skb, unsigned int len)
{
	skb->data += len;
	skb->tail += len;
}

/* of a linear packet */
static inline void skb_trim(struct sk_buff *skb, unsigned int len)
{
	if (skb->len <= len)
		return;
	skb->len = len;
	skb->tail = skb->data + len;
}

static inline int skb_network_offset(const struct sk_buff *skb)
{
	return skb->network_header - (int)skb_headroom(skb);
}

static inline int skb_transport_offset(const struct sk_buff *skb)
{
	return skb->transport_header - (int)skb_headroom(skb);
}

static inline int skb_checksum_start_offset(const struct sk_buff *skb)
{
	return skb->csum_start - (int)skb_headroom(skb);
}

static inline void skb_reset_network_header(struct sk_buff *skb)
{
	skb->network_header = (u16)skb_headroom(skb);
}

static inline void skb_set_transport_header(struct sk_buff *skb, int offset)
{
	skb->transport_header = (u16)((int)skb_headroom(skb) + offset);
}

static inline struct iphdr *ip_hdr(const struct sk_buff *skb)
{
	return (struct iphdr *)(skb->head + skb->network_header);
}

static inline struct ipv6hdr *ipv6_hdr(const struct sk_buff *skb)
{
	return (struct ipv6hdr *)(skb->head + skb->network_header);
}

static inline struct tcphdr *tcp_hdr(const struct sk_buff *skb)
{
	return (struct tcphdr *)(skb->head + skb->transport_header);
}

static inline struct udphdr *udp_hdr(const struct sk_buff *skb)
{
	return (struct udphdr *)(skb->head + skb->transport_header);
}

static inline unsigned int ip_hdrlen(const struct sk_buff *skb)
{
	return ip_hdr(skb)->ihl * 4u;
}

static inline bool ip_is_fragment(const struct iphdr *iph)
{
	return iph->frag_off & htons(0x3fff);
}

static inline bool ipv6_addr_equal(const struct in6_addr *a,
				   const struct in6_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* memory */

static inline void *napi_alloc_frag(unsigned int size)
{
	return malloc(size);
}

static inline void *napi_alloc_frag_align(unsigned int size, unsigned int align)
{
	return aligned_alloc(align, size);
}

#define skb_free_frag(data)	free(data)

static inline struct sk_buff *napi_build_skb(void *data, unsigned int size)
{
	struct sk_buff *skb = calloc(1, sizeof(*skb));

	if (!skb)
		return NULL;
	skb->head = skb->data = skb->tail = data;
	skb->end = skb->head + size - SKB_SHINFO_SIZE;
	skb->truesize = size;
	return skb;
}

static inline void skb_frag_put(struct skb_frag *frag)
{
	if (frag->put)
		frag->put(frag->memory);
	else
		free(frag->memory);
}

static inline void kfree_skb(struct sk_buff *skb)
{
	unsigned int i;

	if (!skb)
		return;
	if (skb->destructor)
		skb->destructor(skb);
	for (i = 0; i < skb->shinfo.nr_frags; i++)
		skb_frag_put(&skb->shinfo.frags[i]);
	free(skb->head);
	free(skb);
}

#define consume_skb(skb)	kfree_skb(skb)
#define napi_consume_skb(skb, budget)	kfree_skb(skb)

static inline void skb_mark_not_on_list(struct sk_buff *skb)
{
	skb->next = NULL;
}

static inline struct sk_buff *skb_behind(const struct sk_buff *skb)
{
	return skb ? skb->next : NULL;
}

#define skb_list_walk_safe(list, skb, after)				\
	for (skb = (list), after = skb_behind(skb); skb;		\
	     skb = after, after = skb_behind(skb))

static inline void kfree_skb_list(struct sk_buff *skb)
{
	struct sk_buff *next;

	for (; skb; skb = next) {
		next = skb->next;
		kfree_skb(skb);
	}
}

static inline void skb_orphan(struct sk_buff *skb)
{
	if (skb->destructor)
		skb->destructor(skb);
	skb->destructor = NULL;
	skb->sk = NULL;
}

static inline void skb_copy_bits(const struct sk_buff *skb, unsigned int offset,
				 void *to, unsigned int len)
{
	unsigned int size = skb_headlen(skb), n, i;
	const u8 *from = skb->data;
	u8 *at = to;

	if (offset > skb->len || len > skb->len - offset)
		abort();
	for (i = 0; len; i++) {
		n = offset < size ? min(size - offset, len) : 0;
		memcpy(at, from + offset, n);
		at += n;
		len -= n;
		offset += n - size;
		if (len) {
			from = skb->shinfo.frags[i].data;
			size = skb->shinfo.frags[i].len;
		}
	}
}

static inline __wsum skb_copy_and_csum_bits(const struct sk_buff *skb,
					    unsigned int offset, u8 *to,
					    unsigned int len)
{
	skb_copy_bits(skb, offset, to, len);
	return csum_partial(to, (int)len, 0);
}

/* Whose memory was taken is a shell. */
static inline void kfree_skb_partial(struct sk_buff *skb, bool is_stolen)
{
	if (is_stolen) {
		skb->head = NULL;
		skb->shinfo.nr_frags = 0;
	}
	kfree_skb(skb);
}

static inline bool skb_try_coalesce(struct sk_buff *to, struct sk_buff *from,
				    bool *is_stolen, int *delta)
{
	struct skb_shared_info *a = skb_shinfo(to), *b = skb_shinfo(from);
	unsigned int len = from->len, own = skb_headlen(from) != 0, i;

	*is_stolen = false;
	*delta = (int)len;
	if (to->is_locked)
		return false;
	if (len <= skb_tailroom(to)) {
		if (len)
			skb_copy_bits(from, 0, __skb_put(to, len), len);
		return true;
	}
	if (a->nr_frags + b->nr_frags + own > MAX_SKB_FRAGS || from->is_locked)
		return false;
	if (own)
		a->frags[a->nr_frags++] = (struct skb_frag){
			from->head, from->data, skb_headlen(from), NULL,
		};
	else
		free(from->head);
	for (i = 0; i < b->nr_frags; i++)
		a->frags[a->nr_frags++] = b->frags[i];
	to->len += len;
	to->data_len += len;
	*is_stolen = true;
	return true;
}

/* sockets and devices */

static inline void sock_wfree(struct sk_buff *skb)
{
	(void)skb;
}

static inline bool sk_is_tcp(const struct sock *sk)
{
	return sk->is_tcp;
}

static inline bool netif_elide_gro(const struct net_device *dev)
{
	return !dev->gro_max_size;
}

static inline void skb_copy_hash(struct sk_buff *to, const struct sk_buff *from)
{
	to->hash = from->hash;
}

/* for fuzzers */

/**
 * skb_of() - a packet of these bytes
 * @data: what is in it
 * @len: bytes at @data
 * @headroom: bytes free in front of it
 * @tailroom: bytes free behind it, if all of it is in one piece
 * @linear: bytes that are in one piece; the rest is in another
 *
 * Return: the packet, with network header; to be freed by kfree_skb().
 */
static inline struct sk_buff *skb_of(const u8 *data, unsigned int len,
				     unsigned int headroom,
				     unsigned int tailroom, unsigned int linear)
{
	struct sk_buff *skb = calloc(1, sizeof(*skb));
	unsigned int rest = len - min(linear, len), size;
	struct skb_frag *frag;

	if (!skb)
		abort();
	linear = len - rest;
	size = headroom + linear + (rest ? 0 : tailroom);
	skb->head = malloc(size ? size : 1);
	if (!skb->head)
		abort();
	skb->end = skb->head + size;
	skb->data = skb->tail = skb->head + headroom;
	memcpy(skb->data, data, linear);
	skb->tail += linear;
	skb->len = len;
	skb_reset_network_header(skb);
	if (rest) {
		frag = &skb->shinfo.frags[skb->shinfo.nr_frags++];
		frag->memory = frag->data = malloc(rest);
		if (!frag->memory)
			abort();
		memcpy(frag->data, data + linear, rest);
		frag->len = rest;
		skb->data_len = rest;
	}
	skb->protocol = htons(len && data[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6);
	return skb;
}

#endif
