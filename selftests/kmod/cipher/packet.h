/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OVT_PACKET_H
#define OVT_PACKET_H

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <linux/udp.h>
#include <net/ip.h>

#define OVT_HEADROOM	256

/**
 * ovt_packet() - the headers of a datagram from 10.8.0.2 to 10.8.0.1, port 9
 * @dev: where it is to be sent
 * @room: bytes behind them
 * @len: of the payload, which is not there yet
 *
 * Return: NULL without memory.
 */
static inline struct sk_buff *ovt_packet(struct net_device *dev,
					 unsigned int room, unsigned int len)
{
	unsigned int head = sizeof(struct iphdr) + sizeof(struct udphdr);
	struct sk_buff *skb = alloc_skb(OVT_HEADROOM + head + room, GFP_KERNEL);
	struct udphdr *uh;
	struct iphdr *iph;

	if (!skb)
		return NULL;
	skb_reserve(skb, OVT_HEADROOM);
	skb_put_zero(skb, head);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, sizeof(*iph));
	skb->dev = dev;
	skb->protocol = htons(ETH_P_IP);

	iph = ip_hdr(skb);
	iph->version = 4;
	iph->ihl = 5;
	iph->ttl = 64;
	iph->protocol = IPPROTO_UDP;
	iph->tot_len = htons(head + len);
	iph->saddr = htonl(0x0a080002);
	iph->daddr = htonl(0x0a080001);
	ip_send_check(iph);
	uh = udp_hdr(skb);
	uh->source = htons(9);
	uh->dest = htons(9);
	uh->len = htons(sizeof(*uh) + len);
	return skb;
}

/**
 * ovt_send() - a parameter is written: a packet for an interface
 * @value: its name, in the writer's namespace
 * @make: makes the packet; NULL: there is no memory
 * @send: takes it
 *
 * Return: 0, -ENODEV, -ENOMEM.
 */
static inline int ovt_send(const char *value,
			   struct sk_buff *(*make)(struct net_device *dev),
			   void (*send)(struct sk_buff *skb))
{
	char name[IFNAMSIZ];
	struct net_device *dev;
	struct sk_buff *skb;

	strscpy(name, value, sizeof(name));
	dev = dev_get_by_name(current->nsproxy->net_ns, strim(name));
	if (!dev)
		return -ENODEV;
	skb = make(dev);
	if (skb)
		send(skb);
	dev_put(dev);
	return skb ? 0 : -ENOMEM;
}

#endif /* OVT_PACKET_H */
