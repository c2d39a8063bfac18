// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which inner flow a packet belongs to, for queues below, to which a tunnel
 * would be one flow otherwise.
 *
 * The kernel finds flows in whatever a packet may be; nearly all are TCP or UDP
 * behind a plain IP header, and with these it is three words or nine.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/once.h>
#include <linux/siphash.h>
#include <linux/skbuff.h>
#include <net/ip.h>

#include "hash.h"

static hsiphash_key_t dco_hash_key;

static bool dco_hash_has_ports(u8 protocol)
{
	return protocol == IPPROTO_UDP || protocol == IPPROTO_TCP;
}

/* Ports follow the addresses in both. Returns false if it is something else. */
static bool dco_hash_plain(const struct sk_buff *skb, u32 *hash)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	const struct iphdr *iph = ip_hdr(skb);

	net_get_random_once(&dco_hash_key, sizeof(dco_hash_key));
	if (skb->protocol == htons(ETH_P_IP)) {
		if (iph->ihl != 5 || !dco_hash_has_ports(iph->protocol) ||
		    ip_is_fragment(iph) ||
		    skb_headlen(skb) < sizeof(*iph) + sizeof(__be32))
			return false;
		*hash = hsiphash_3u32((__force u32)iph->saddr,
				      (__force u32)iph->daddr,
				      *(const u32 *)(iph + 1), &dco_hash_key);
		return true;
	}
	if (!dco_hash_has_ports(ip6h->nexthdr) ||
	    skb_headlen(skb) < sizeof(*ip6h) + sizeof(__be32))
		return false;
	*hash = hsiphash(&ip6h->saddr, 2 * sizeof(ip6h->saddr) + sizeof(__be32),
			 &dco_hash_key);
	return true;
}

/**
 * dco_hash_flow() - note which flow a packet belongs to
 * @skb: an IP packet, data at its header
 *
 * A hash that it has already stays.
 */
void dco_hash_flow(struct sk_buff *skb)
{
	u32 hash;

	if (skb->l4_hash || skb->sw_hash)
		return;
	if (likely(dco_hash_plain(skb, &hash)))
		__skb_set_sw_hash(skb, hash, true);
	else
		skb_get_hash(skb);
}
