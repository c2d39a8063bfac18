// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who reads a datagram that has come through the tunnel? Most sockets take one
 * at a time, and GRO has nothing to do with what is theirs. Others take what
 * belongs together as one: readers with UDP_GRO, as QUIC's are, and tunnels
 * that end here. Their datagrams are worth the way through GRO.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/l3mdev.h>
#include <net/udp.h>

#include "compat/compat.h"
#include "rx_reader.h"

/**
 * struct dco_reader - what was found out last, good for a tick
 * @saddr: the lower half of the source address, as everything here in network
 *	byte order
 * @daddr: that of the destination
 * @ports: both
 * @ifindex: of the device
 * @tick: when, in jiffies
 * @net: the network namespace; compared, never followed
 * @does_merge: the answer
 */
struct dco_reader {
	__be32 saddr;
	__be32 daddr;
	__be32 ports;
	int ifindex;
	unsigned long tick;
	const struct net *net;
	bool does_merge;
};

/* With PREEMPT_RT another thread may come in between, and then an answer may be
 * wrong, for a tick: either way is a right one.
 */
static DEFINE_PER_CPU(struct dco_reader, dco_reader_last);

static bool dco_reader_is_known(const struct dco_reader *last,
				const struct dco_reader *now)
{
	return last->saddr == now->saddr && last->daddr == now->daddr &&
	       last->ports == now->ports && last->ifindex == now->ifindex &&
	       last->net == now->net && last->tick == now->tick;
}

/* Returns the UDP header, or NULL if it is none of a whole datagram's. */
static const struct udphdr *dco_reader_udp(const struct sk_buff *skb,
					   struct dco_reader *now)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int len = sizeof(*ip6h);
	bool is_udp;

	if (skb->protocol == htons(ETH_P_IP)) {
		len = iph->ihl * 4;
		is_udp = iph->protocol == IPPROTO_UDP && !ip_is_fragment(iph);
		now->saddr = iph->saddr;
		now->daddr = iph->daddr;
	} else {
		is_udp = ip6h->nexthdr == IPPROTO_UDP;
		now->saddr = ip6h->saddr.s6_addr32[3];
		now->daddr = ip6h->daddr.s6_addr32[3];
	}
	if (!is_udp || len + sizeof(struct udphdr) > skb_headlen(skb))
		return NULL;
	now->ports = *(const __be32 *)(skb->data + len);
	return (const struct udphdr *)(skb->data + len);
}

static const struct sock *dco_reader_find(struct net *net,
					  const struct net_device *dev,
					  const struct sk_buff *skb,
					  const struct udphdr *uh)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	const struct iphdr *iph = ip_hdr(skb);
	int master = l3mdev_master_ifindex_rcu(dev);
	int sdif = master ? dev->ifindex : 0;
	int dif = master ?: dev->ifindex;

	if (skb->protocol == htons(ETH_P_IP))
		return __udp4_lib_lookup(net, iph->saddr, uh->source,
					 iph->daddr, uh->dest, dif, sdif,
					 DCO_COMPAT_UDP_TABLE(net) NULL);
	return __udp6_lib_lookup(net, &ip6h->saddr, uh->source, &ip6h->daddr,
				 uh->dest, dif, sdif,
				 DCO_COMPAT_UDP_TABLE(net) NULL);
}

/**
 * dco_reader_merges() - would a reader like datagrams merged?
 * @dev: the device that it comes from
 * @skb: an IP packet, at skb->data
 *
 * Context: BH disabled, RCU read side.
 * Return: true if a local socket would take this datagram and those that follow
 * as one.
 */
bool dco_reader_merges(const struct net_device *dev, const struct sk_buff *skb)
{
	struct dco_reader *last = this_cpu_ptr(&dco_reader_last);
	struct net *net = dev_net(dev);
	struct dco_reader now = {
		.ifindex = dev->ifindex, .tick = jiffies, .net = net,
	};
	const struct udphdr *uh;
	const struct sock *sk;

	uh = dco_reader_udp(skb, &now);
	if (!uh)
		return false;
	if (likely(dco_reader_is_known(last, &now)))
		return last->does_merge;
	sk = dco_reader_find(net, dev, skb, uh);
	now.does_merge = sk && (udp_test_bit(GRO_ENABLED, sk) ||
				READ_ONCE(udp_sk(sk)->gro_receive));
	*last = now;
	return now.does_merge;
}
