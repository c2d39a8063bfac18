// SPDX-License-Identifier: GPL-2.0-only
/*
 * Marks a segment of TCP as one whose data no CPU can read, as a device does
 * that receives into memory of its own (devmem TCP): echo SKIP KEEP
 * >/sys/module/ovt_cipher/parameters/unreadable_stream, for IPv4 in the
 * writer's namespace. SKIP segments with data pass before it; of its own data
 * the first KEEP bytes can be read.
 */
#include <linux/ip.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/net_namespace.h>

#include "stream.h"

/* which namespace waits for its segment, or NULL; only compared */
static const struct net *stream_net;
static unsigned int stream_skip, stream_keep;
static DEFINE_SPINLOCK(stream_lock);

/* Is it this one that has data? */
static bool stream_is_due(const struct net *net, unsigned int *keep)
{
	bool is_due;

	spin_lock_bh(&stream_lock);
	is_due = net == stream_net && !stream_skip;
	if (is_due)
		stream_net = NULL;
	else if (net == stream_net)
		stream_skip--;
	*keep = stream_keep;
	spin_unlock_bh(&stream_lock);
	return is_due;
}

/* skb->data is the IP header */
static unsigned int stream_hook(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	unsigned int head = ip_hdrlen(skb) + sizeof(struct tcphdr), keep;

	if (ip_hdr(skb)->protocol != IPPROTO_TCP || !pskb_may_pull(skb, head))
		return NF_ACCEPT;
	head = ip_hdrlen(skb) + __tcp_hdrlen((void *)(skb->data +
						      ip_hdrlen(skb)));
	if (head >= skb->len || !stream_is_due(state->net, &keep))
		return NF_ACCEPT;
	if (!pskb_may_pull(skb, min(head + keep, skb->len)))
		return NF_DROP;
	skb->unreadable = true;
	return NF_ACCEPT;
}

static const struct nf_hook_ops stream_hook_ops = {
	.hook		= stream_hook,
	.pf		= NFPROTO_IPV4,
	.hooknum	= NF_INET_LOCAL_IN,
	.priority	= NF_IP_PRI_LAST,
};

static int __net_init stream_net_init(struct net *net)
{
	return nf_register_net_hook(net, &stream_hook_ops);
}

static void __net_exit stream_net_exit(struct net *net)
{
	nf_unregister_net_hook(net, &stream_hook_ops);
}

static struct pernet_operations stream_net_ops = {
	.init = stream_net_init,
	.exit = stream_net_exit,
};

static int stream_set(const char *value, const struct kernel_param *param)
{
	unsigned int skip, keep;

	if (sscanf(value, "%u %u", &skip, &keep) != 2)
		return -EINVAL;
	spin_lock_bh(&stream_lock);
	stream_net = current->nsproxy->net_ns;
	stream_skip = skip;
	stream_keep = keep;
	spin_unlock_bh(&stream_lock);
	return 0;
}

static const struct kernel_param_ops stream_ops = {
	.set = stream_set,
};

module_param_cb(unreadable_stream, &stream_ops, NULL, 0200);

int ovt_stream_begin(void)
{
	return register_pernet_subsys(&stream_net_ops);
}

void ovt_stream_end(void)
{
	unregister_pernet_subsys(&stream_net_ops);
}
