// SPDX-License-Identifier: GPL-2.0-only
/*
 * A burst that nothing has split on its way, as between containers, comes whole
 * to a device without GRO, and UDP would split it for us: it takes only what
 * GRO has marked as a tunnel's (udp_gro.c). So what is certain to be ours is
 * marked here, behind all that netfilter has to say about it. The sender cannot
 * mark it: a device on the way that knows tunnels would look for one in it.
 *
 * What is no such burst passes with one question, and that only in namespaces
 * where a socket of ours is, or has been.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/udp.h>

#include "compat/compat.h"
#include "udp.h"
#include "udp_gro.h"
#include "udp_whole.h"

/**
 * struct dco_udp_whole_net - of a network namespace
 * @is_hooked: do we look at what comes in? To its end, once it is so
 */
struct dco_udp_whole_net {
	bool is_hooked;
};

static unsigned int dco_udp_whole_net_id;
/* while @is_hooked becomes true */
static DEFINE_MUTEX(dco_udp_whole_lock);

static bool dco_udp_whole_is_burst(const struct sk_buff *skb)
{
	unsigned int type = skb_shinfo(skb)->gso_type;

	return skb_is_gso(skb) && type & SKB_GSO_UDP_L4 &&
	       !(type & (SKB_GSO_UDP_TUNNEL | SKB_GSO_UDP_TUNNEL_CSUM)) &&
	       !skb_cloned(skb) && skb->ip_summed == CHECKSUM_PARTIAL;
}

/* @len: of the IP header, which UDP follows */
static void dco_udp_whole_mark(const struct sock *sk, struct sk_buff *skb,
			       unsigned int len)
{
	if (sk && dco_udp_is_attached(sk) &&
	    dco_udp_gro_is_burst(sk, skb, len + sizeof(struct udphdr)))
		skb_shinfo(skb)->gso_type |= SKB_GSO_UDP_TUNNEL_CSUM;
}

/* skb->data is the IP header.
 *
 * Context: softirq or BH disabled, RCU read side.
 */
static unsigned int dco_udp_whole_in4(void *priv, struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int len = iph->ihl * 4;
	const struct udphdr *uh;

	if (likely(!skb_is_gso(skb)) || !dco_udp_whole_is_burst(skb) ||
	    iph->protocol != IPPROTO_UDP ||
	    !pskb_may_pull(skb, len + sizeof(*uh) + sizeof(__be32)))
		return NF_ACCEPT;
	iph = ip_hdr(skb);
	uh = (struct udphdr *)(skb->data + len);
	dco_udp_whole_mark(__udp4_lib_lookup(state->net, iph->saddr, uh->source,
					     iph->daddr, uh->dest,
					     inet_iif(skb), inet_sdif(skb),
					     DCO_COMPAT_UDP_TABLE(state->net)
					     NULL), skb, len);
	return NF_ACCEPT;
}

/* Context: as above. */
static unsigned int dco_udp_whole_in6(void *priv, struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	unsigned int len = sizeof(*ip6h);
	const struct udphdr *uh;

	if (likely(!skb_is_gso(skb)) || !dco_udp_whole_is_burst(skb) ||
	    ip6h->nexthdr != IPPROTO_UDP ||
	    !pskb_may_pull(skb, len + sizeof(*uh) + sizeof(__be32)))
		return NF_ACCEPT;
	ip6h = ipv6_hdr(skb);
	uh = (struct udphdr *)(skb->data + len);
	dco_udp_whole_mark(__udp6_lib_lookup(state->net, &ip6h->saddr,
					     uh->source, &ip6h->daddr, uh->dest,
					     inet6_iif(skb), inet6_sdif(skb),
					     DCO_COMPAT_UDP_TABLE(state->net)
					     NULL), skb, len);
	return NF_ACCEPT;
}

static const struct nf_hook_ops dco_udp_whole_ops[] = {
	{
		.hook		= dco_udp_whole_in4,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= INT_MAX,
	},
	{
		.hook		= dco_udp_whole_in6,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= INT_MAX,
	},
};

/**
 * dco_udp_whole_begin() - look at what comes in to a namespace
 * @net: where a socket is that becomes ours, and which it keeps
 *
 * Without memory it comes split, as it would without us.
 *
 * Context: process, may sleep.
 */
void dco_udp_whole_begin(struct net *net)
{
	struct dco_udp_whole_net *whole = net_generic(net,
						      dco_udp_whole_net_id);

	if (READ_ONCE(whole->is_hooked))
		return;
	mutex_lock(&dco_udp_whole_lock);
	if (!whole->is_hooked &&
	    !nf_register_net_hooks(net, dco_udp_whole_ops,
				   ARRAY_SIZE(dco_udp_whole_ops)))
		WRITE_ONCE(whole->is_hooked, true);
	mutex_unlock(&dco_udp_whole_lock);
}

/* No socket is left in it. */
static void __net_exit dco_udp_whole_net_exit(struct net *net)
{
	struct dco_udp_whole_net *whole = net_generic(net,
						      dco_udp_whole_net_id);

	if (whole->is_hooked)
		nf_unregister_net_hooks(net, dco_udp_whole_ops,
					ARRAY_SIZE(dco_udp_whole_ops));
}

static struct pernet_operations dco_udp_whole_net_ops = {
	.exit = dco_udp_whole_net_exit,
	.id = &dco_udp_whole_net_id,
	.size = sizeof(struct dco_udp_whole_net),
};

/**
 * dco_udp_whole_module_init() - be ready for dco_udp_whole_begin()
 *
 * Return: 0 or a negative errno.
 */
int dco_udp_whole_module_init(void)
{
	return register_pernet_subsys(&dco_udp_whole_net_ops);
}

/**
 * dco_udp_whole_module_exit() - undo dco_udp_whole_module_init()
 */
void dco_udp_whole_module_exit(void)
{
	unregister_pernet_subsys(&dco_udp_whole_net_ops);
}
