// SPDX-License-Identifier: GPL-2.0-only
/*
 * How received packets enter the stack. What others may continue waits in a
 * queue of its CPU for a NAPI poll, where GRO merges it. What GRO would not
 * hold goes up at once, those of a burst together: the queue, another softirq
 * and GRO's questions cost such a packet more than it costs to open it. Nor can
 * a queue overflow that they do not enter: a poll of a device may bring 64
 * bursts of 64 datagrams before ours comes.
 *
 * Order: a packet goes up at once only if neither this CPU's queue nor GRO
 * holds any, so that it overtakes none, and before another one is queued.
 *
 * Stack: a packet that goes up at once may be a datagram for us again, which a
 * peer can repeat as often as there is room in one. So only the outermost goes
 * up at once, and none that comes while something is being sent: who sends may
 * hold locks.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/ip.h>

#include "compat/compat.h"
#include "device.h"
#include "rx_cell.h"
#include "rx_reader.h"
#include "stats.h"

/* what may wait for a poll of one CPU: what a poll of a device may bring */
#define DCO_CELL_LEN_MAX	4096

/* GRO ends a merge at once at any of these */
#define DCO_CELL_FLAGS_LAST	\
	(TCP_FLAG_PSH | TCP_FLAG_FIN | TCP_FLAG_SYN | TCP_FLAG_RST | \
	 TCP_FLAG_URG)

/**
 * struct dco_cell - what one CPU needs to receive for one device
 * @queue: packets for GRO; its lock matters where a thread polls, which may run
 *	on another CPU
 * @napi: takes them from there
 */
struct dco_cell {
	struct sk_buff_head queue;
	struct napi_struct napi;
};

/* Has this CPU a packet on its way up, on whatever device? With PREEMPT_RT it
 * may be that of another thread, and then the queue is as good.
 */
static DEFINE_PER_CPU(unsigned int, dco_cells_depth);

static struct sk_buff *dco_cell_take(struct dco_cell *cell)
{
	struct sk_buff *skb;

	spin_lock(&cell->queue.lock);
	skb = __skb_dequeue(&cell->queue);
	spin_unlock(&cell->queue.lock);
	return skb;
}

static int dco_cell_poll(struct napi_struct *napi, int budget)
{
	struct dco_cell *cell = container_of(napi, struct dco_cell, napi);
	struct sk_buff *skb;
	int done = 0;

	while (done < budget) {
		skb = dco_cell_take(cell);
		if (!skb)
			break;
		napi_gro_receive(napi, skb);
		done++;
	}
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

/**
 * dco_cells_init() - prepare a device to receive
 * @dco: the device
 *
 * Context: process, RTNL held.
 * Return: 0 or -ENOMEM.
 */
int dco_cells_init(struct dco_dev *dco)
{
	struct dco_cell *cell;
	int cpu;

	dco->cells = alloc_percpu(struct dco_cell);
	if (!dco->cells)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		cell = per_cpu_ptr(dco->cells, cpu);
		skb_queue_head_init(&cell->queue);
		/* nobody can find it by an id of a socket's */
		set_bit(NAPI_STATE_NO_BUSY_POLL, &cell->napi.state);
		netif_napi_add(dco->dev, &cell->napi, dco_cell_poll);
		napi_enable(&cell->napi);
	}
	return 0;
}

/**
 * dco_cells_stop() - receive no more
 * @dco: the device, for which no packet comes any more
 *
 * The memory stays until dco_cells_free(), because others may look at the
 * device's NAPI instances under RCU.
 *
 * Context: process, RTNL held.
 */
void dco_cells_stop(struct dco_dev *dco)
{
	struct dco_cell *cell;
	struct sk_buff *skb;
	int cpu;

	for_each_possible_cpu(cpu) {
		cell = per_cpu_ptr(dco->cells, cpu);
		napi_disable(&cell->napi);
		__netif_napi_del(&cell->napi);
		local_bh_disable();
		while ((skb = __skb_dequeue(&cell->queue)))
			dco_drop(dco, skb, DCO_DROP_RX_DOWN);
		local_bh_enable();
	}
}

/**
 * dco_cells_free() - free what dco_cells_init() made
 * @dco: the device, stopped, with a grace period since
 */
void dco_cells_free(struct dco_dev *dco)
{
	free_percpu(dco->cells);
	dco->cells = NULL;
}

/* Has GRO nothing to do with it, unless its reader takes several at once
 * (rx_reader.c)? Other protocols may be tunnels, with streams inside.
 */
static bool dco_cells_is_single(u8 protocol)
{
	return protocol == IPPROTO_UDP || protocol == IPPROTO_ICMP ||
	       protocol == IPPROTO_ICMPV6;
}

/* Would GRO let it go at once, with nothing to merge it into? */
static bool dco_cells_is_last4(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct tcphdr *th;
	unsigned int len = iph->ihl * 4;

	if (iph->protocol != IPPROTO_TCP)
		return dco_cells_is_single(iph->protocol);
	if (len + sizeof(*th) > skb_headlen(skb) || ip_is_fragment(iph))
		return false;
	th = (struct tcphdr *)(skb->data + len);
	return tcp_flag_word(th) & DCO_CELL_FLAGS_LAST ||
	       len + th->doff * 4 == skb->len;
}

static bool dco_cells_is_last6(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	unsigned int len = sizeof(*ip6h);
	const struct tcphdr *th;

	if (ip6h->nexthdr != IPPROTO_TCP)
		return dco_cells_is_single(ip6h->nexthdr);
	if (len + sizeof(*th) > skb_headlen(skb))
		return false;
	th = (struct tcphdr *)(skb->data + len);
	return tcp_flag_word(th) & DCO_CELL_FLAGS_LAST ||
	       len + th->doff * 4 == skb->len;
}

static bool dco_cells_is_idle(const struct dco_cell *cell)
{
	return !test_bit(NAPI_STATE_SCHED, &cell->napi.state) &&
	       !dco_compat_gro_holds(&cell->napi) &&
	       skb_queue_empty_lockless(&cell->queue);
}

/* @is_first: of a burst; alone it is sooner up than its reader is found */
static bool dco_cells_is_direct(const struct dco_dev *dco,
				const struct dco_cell *cell,
				const struct sk_buff *skb, bool is_first)
{
	bool is_last;

	if (dev_recursion_level() || this_cpu_read(dco_cells_depth) ||
	    !dco_cells_is_idle(cell) || skb_is_gso(skb))
		return false;
	/* who forwards datagrams may want them merged (ethtool -K) */
	if (unlikely(dco->dev->features & (NETIF_F_GRO_FRAGLIST |
					   NETIF_F_GRO_UDP_FWD)))
		return false;
	is_last = skb->protocol == htons(ETH_P_IP) ? dco_cells_is_last4(skb) :
						     dco_cells_is_last6(skb);
	return is_last && (is_first || !dco_reader_merges(dco->dev, skb));
}

static enum dco_drop dco_cells_queue(struct dco_dev *dco,
				     struct dco_cell *cell,
				     struct sk_buff *skb)
{
	unsigned int n;

	spin_lock(&cell->queue.lock);
	n = skb_queue_len(&cell->queue);
	if (likely(n < DCO_CELL_LEN_MAX))
		__skb_queue_tail(&cell->queue, skb);
	spin_unlock(&cell->queue.lock);

	dco_dev_batch_add(dco, DCO_BATCH_RX_GRO, 1);
	if (likely(n < DCO_CELL_LEN_MAX)) {
		if (!n)
			napi_schedule(&cell->napi);
		return DCO_DROP_MAX;
	}
	dco_dev_batch_add(dco, DCO_BATCH_RX_GRO_FULL, 1);
	return DCO_DROP_RX_QUEUE;
}

/**
 * dco_cells_flush() - give the stack what dco_cells_receive() has collected
 * @direct: the packets; empty when this returns
 *
 * Context: softirq or BH disabled, without any lock, RCU read side.
 */
void dco_cells_flush(struct list_head *direct)
{
	struct sk_buff *skb;

	if (list_empty(direct))
		return;
	this_cpu_inc(dco_cells_depth);
	if (list_is_singular(direct)) {
		skb = list_first_entry(direct, struct sk_buff, list);
		skb_list_del_init(skb);
		netif_receive_skb(skb);
	} else {
		netif_receive_skb_list(direct);
		INIT_LIST_HEAD(direct);
	}
	this_cpu_dec(dco_cells_depth);
}

/**
 * dco_cells_receive() - give the stack a packet
 * @dco: the device that it comes from
 * @skb: an IP packet, ready; consumed if it is taken
 * @direct: where to collect what may go up at once, given to dco_cells_flush()
 *	before RCU's read side ends; NULL if the caller holds a lock
 *
 * Context: BH disabled, RCU read side.
 * Return: DCO_DROP_MAX, or why the packet is to be dropped.
 */
enum dco_drop dco_cells_receive(struct dco_dev *dco, struct sk_buff *skb,
				struct list_head *direct)
{
	struct dco_cell *cell = this_cpu_ptr(dco->cells);

	if (unlikely(!(dco->dev->flags & IFF_UP)))
		return DCO_DROP_RX_DOWN;
	if (direct && dco_cells_is_direct(dco, cell, skb, list_empty(direct))) {
		dco_dev_batch_add(dco, DCO_BATCH_RX_DIRECT, 1);
		list_add_tail(&skb->list, direct);
		return DCO_DROP_MAX;
	}
	if (direct)
		dco_cells_flush(direct);
	return dco_cells_queue(dco, cell, skb);
}
