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
#include <linux/module.h>

#include "packet.h"

#define UNREADABLE_SIZE		1000
#define UNREADABLE_SEGS		4
#define UNREADABLE_LEN		(UNREADABLE_SIZE * UNREADABLE_SEGS)

static struct sk_buff *unreadable_packet(struct net_device *dev)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	struct sk_buff *skb;

	if (!page)
		return NULL;
	skb = ovt_packet(dev, 0, UNREADABLE_LEN);
	if (!skb) {
		__free_page(page);
		return NULL;
	}
	udp_hdr(skb)->check = ~csum_tcpudp_magic(ip_hdr(skb)->saddr,
						 ip_hdr(skb)->daddr,
						 sizeof(struct udphdr) +
						 UNREADABLE_LEN,
						 IPPROTO_UDP, 0);
	skb_add_rx_frag(skb, 0, page, 0, UNREADABLE_LEN, PAGE_SIZE);
	skb->unreadable = true;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	skb_shinfo(skb)->gso_size = UNREADABLE_SIZE;
	skb_shinfo(skb)->gso_segs = UNREADABLE_SEGS;
	return skb;
}

static void unreadable_send(struct sk_buff *skb)
{
	local_bh_disable();
	skb->dev->netdev_ops->ndo_start_xmit(skb, skb->dev);
	local_bh_enable();
}

static int unreadable_set(const char *value, const struct kernel_param *param)
{
	return ovt_send(value, unreadable_packet, unreadable_send);
}

static const struct kernel_param_ops unreadable_ops = {
	.set = unreadable_set,
};

module_param_cb(unreadable, &unreadable_ops, NULL, 0200);
