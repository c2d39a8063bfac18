// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends a datagram while this CPU's vector registers are somebody's, as they
 * are for an interrupt that comes in the midst of another cipher:
 * echo IF >/sys/module/ovt_cipher/parameters/nested, an interface of the
 * writer's namespace. From 10.8.0.2 to 10.8.0.1, port 9.
 */
#include <asm/fpu/api.h>
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

#define NESTED_HEADROOM	256
#define NESTED_LEN	100

static struct sk_buff *nested_packet(struct net_device *dev)
{
	struct sk_buff *skb;
	struct udphdr *uh;
	struct iphdr *iph;

	skb = alloc_skb(NESTED_HEADROOM + NESTED_LEN, GFP_KERNEL);
	if (!skb)
		return NULL;
	skb_reserve(skb, NESTED_HEADROOM);
	skb_put_zero(skb, NESTED_LEN);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, sizeof(*iph));
	skb->dev = dev;
	skb->protocol = htons(ETH_P_IP);

	iph = ip_hdr(skb);
	iph->version = 4;
	iph->ihl = 5;
	iph->ttl = 64;
	iph->protocol = IPPROTO_UDP;
	iph->tot_len = htons(NESTED_LEN);
	iph->saddr = htonl(0x0a080002);
	iph->daddr = htonl(0x0a080001);
	ip_send_check(iph);
	uh = udp_hdr(skb);
	uh->source = htons(9);
	uh->dest = htons(9);
	uh->len = htons(NESTED_LEN - sizeof(*iph));
	return skb;
}

static int nested_set(const char *value, const struct kernel_param *param)
{
	char name[IFNAMSIZ];
	struct net_device *dev;
	struct sk_buff *skb;

	strscpy(name, value, sizeof(name));
	dev = dev_get_by_name(current->nsproxy->net_ns, strim(name));
	if (!dev)
		return -ENODEV;
	skb = nested_packet(dev);
	if (skb) {
		kernel_fpu_begin();
		dev_queue_xmit(skb);
		kernel_fpu_end();
	}
	dev_put(dev);
	return skb ? 0 : -ENOMEM;
}

static const struct kernel_param_ops nested_ops = {
	.set = nested_set,
};

module_param_cb(nested, &nested_ops, NULL, 0200);
