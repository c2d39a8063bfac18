// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives an interface a super-packet that is marked as one whose fragments no
 * CPU can read: echo IF >/sys/module/ovt_cipher/parameters/unreadable, an
 * interface of the writer's namespace. Four datagrams from 10.8.0.2 to
 * 10.8.0.1, port 9.
 *
 * Linux 6.12 hands on what it has received so. Since 6.16 the kernel drops it
 * before it asks the driver, so the driver is asked directly.
 */
#include <linux/bottom_half.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <linux/udp.h>
#include <net/ip.h>

#define UNREADABLE_HEADROOM	256
#define UNREADABLE_SIZE		1000
#define UNREADABLE_SEGS		4
#define UNREADABLE_LEN		(UNREADABLE_SIZE * UNREADABLE_SEGS)

static void unreadable_write_headers(struct sk_buff *skb)
{
	struct iphdr *iph = skb_put_zero(skb, sizeof(*iph));
	struct udphdr *uh = skb_put_zero(skb, sizeof(*uh));

	skb_reset_network_header(skb);
	skb_set_transport_header(skb, sizeof(*iph));
	iph->version = 4;
	iph->ihl = 5;
	iph->ttl = 64;
	iph->protocol = IPPROTO_UDP;
	iph->tot_len = htons(sizeof(*iph) + sizeof(*uh) + UNREADABLE_LEN);
	iph->saddr = htonl(0x0a080002);
	iph->daddr = htonl(0x0a080001);
	ip_send_check(iph);
	uh->source = htons(9);
	uh->dest = htons(9);
	uh->len = htons(sizeof(*uh) + UNREADABLE_LEN);
	uh->check = ~csum_tcpudp_magic(iph->saddr, iph->daddr,
				       sizeof(*uh) + UNREADABLE_LEN,
				       IPPROTO_UDP, 0);
}

static struct sk_buff *unreadable_packet(struct net_device *dev)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	struct sk_buff *skb;

	if (!page)
		return NULL;
	skb = alloc_skb(UNREADABLE_HEADROOM + 100, GFP_KERNEL);
	if (!skb) {
		__free_page(page);
		return NULL;
	}
	skb_reserve(skb, UNREADABLE_HEADROOM);
	unreadable_write_headers(skb);
	skb_add_rx_frag(skb, 0, page, 0, UNREADABLE_LEN, PAGE_SIZE);
	skb->unreadable = true;
	skb->dev = dev;
	skb->protocol = htons(ETH_P_IP);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	skb_shinfo(skb)->gso_size = UNREADABLE_SIZE;
	skb_shinfo(skb)->gso_segs = UNREADABLE_SEGS;
	return skb;
}

static int unreadable_set(const char *value, const struct kernel_param *param)
{
	char name[IFNAMSIZ];
	struct net_device *dev;
	struct sk_buff *skb;

	strscpy(name, value, sizeof(name));
	dev = dev_get_by_name(current->nsproxy->net_ns, strim(name));
	if (!dev)
		return -ENODEV;
	skb = unreadable_packet(dev);
	if (skb) {
		local_bh_disable();
		dev->netdev_ops->ndo_start_xmit(skb, dev);
		local_bh_enable();
	}
	dev_put(dev);
	return skb ? 0 : -ENOMEM;
}

static const struct kernel_param_ops unreadable_ops = {
	.set = unreadable_set,
};

module_param_cb(unreadable, &unreadable_ops, NULL, 0200);
