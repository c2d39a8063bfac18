// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends a datagram while this CPU's vector registers are somebody's, as they
 * are for an interrupt that comes in the midst of another cipher:
 * echo IF >/sys/module/ovt_cipher/parameters/nested, an interface of the
 * writer's namespace. From 10.8.0.2 to 10.8.0.1, port 9.
 */
#include <asm/fpu/api.h>
#include <linux/module.h>

#include "packet.h"

#define NESTED_LEN	72

static struct sk_buff *nested_packet(struct net_device *dev)
{
	struct sk_buff *skb = ovt_packet(dev, NESTED_LEN, NESTED_LEN);

	if (skb)
		skb_put_zero(skb, NESTED_LEN);
	return skb;
}

static void nested_send(struct sk_buff *skb)
{
	kernel_fpu_begin();
	dev_queue_xmit(skb);
	kernel_fpu_end();
}

static int nested_set(const char *value, const struct kernel_param *param)
{
	return ovt_send(value, nested_packet, nested_send);
}

static const struct kernel_param_ops nested_ops = {
	.set = nested_set,
};

module_param_cb(nested, &nested_ops, NULL, 0200);
