// SPDX-License-Identifier: GPL-2.0-only
#include <linux/skbuff.h>

#include "device.h"
#include "drop.h"
#include "peer.h"
#include "stats.h"
#include "trace.h"

/* Names are what users see and never change their meaning. Reasons are the
 * nearest of the kernel's own: a subsystem with reasons of its own needs an id
 * in the kernel's enum skb_drop_reason_subsys, and that has none to spare.
 */
static const struct {
	const char *name;
	enum skb_drop_reason reason;
} dco_drops[DCO_DROP_MAX] = {
	[DCO_DROP_RX_SHORT] = { "rx_drop_short",
		SKB_DROP_REASON_PKT_TOO_SMALL },
	[DCO_DROP_RX_DATA_V1] = { "rx_drop_data_v1",
		SKB_DROP_REASON_UNHANDLED_PROTO },
	[DCO_DROP_RX_NO_PEER] = { "rx_drop_no_peer",
		SKB_DROP_REASON_NO_SOCKET },
	[DCO_DROP_RX_NO_KEY] = { "rx_drop_no_key",
		SKB_DROP_REASON_NOT_SPECIFIED },
	[DCO_DROP_RX_KEY_SPENT] = { "rx_drop_key_spent",
		SKB_DROP_REASON_NOT_SPECIFIED },
	[DCO_DROP_RX_EPOCH] = { "rx_drop_epoch",
		SKB_DROP_REASON_NOT_SPECIFIED },
	[DCO_DROP_RX_NO_MEM] = { "rx_drop_no_mem",
		SKB_DROP_REASON_NOMEM },
	[DCO_DROP_RX_AUTH] = { "rx_drop_auth",
		SKB_DROP_REASON_NOT_SPECIFIED },
	[DCO_DROP_RX_CRYPTO] = { "rx_drop_crypto",
		SKB_DROP_REASON_NOT_SPECIFIED },
	[DCO_DROP_RX_REPLAY] = { "rx_drop_replay",
		SKB_DROP_REASON_NOT_SPECIFIED },
	[DCO_DROP_RX_PROTO] = { "rx_drop_proto",
		SKB_DROP_REASON_UNHANDLED_PROTO },
	[DCO_DROP_RX_SOURCE] = { "rx_drop_source",
		SKB_DROP_REASON_IP_RPFILTER },
	[DCO_DROP_RX_ECN] = { "rx_drop_ecn",
		SKB_DROP_REASON_NOT_SPECIFIED },
	[DCO_DROP_RX_DOWN] = { "rx_drop_down",
		SKB_DROP_REASON_DEV_READY },
	[DCO_DROP_RX_QUEUE] = { "rx_drop_queue",
		SKB_DROP_REASON_CPU_BACKLOG },
	[DCO_DROP_TX_PROTO] = { "tx_drop_proto",
		SKB_DROP_REASON_UNHANDLED_PROTO },
	[DCO_DROP_TX_NO_PEER] = { "tx_drop_no_peer",
		SKB_DROP_REASON_IP_OUTNOROUTES },
	[DCO_DROP_TX_NO_KEY] = { "tx_drop_no_key",
		SKB_DROP_REASON_NOT_SPECIFIED },
	[DCO_DROP_TX_KEY_SPENT] = { "tx_drop_key_spent",
		SKB_DROP_REASON_NOT_SPECIFIED },
	[DCO_DROP_TX_NO_MEM] = { "tx_drop_no_mem",
		SKB_DROP_REASON_NOMEM },
	[DCO_DROP_TX_GSO] = { "tx_drop_gso",
		SKB_DROP_REASON_SKB_GSO_SEG },
	[DCO_DROP_TX_CRYPTO] = { "tx_drop_crypto",
		SKB_DROP_REASON_NOT_SPECIFIED },
	[DCO_DROP_TX_NO_ROUTE] = { "tx_drop_no_route",
		SKB_DROP_REASON_IP_OUTNOROUTES },
	[DCO_DROP_TX_TOO_BIG] = { "tx_drop_too_big",
		SKB_DROP_REASON_PKT_TOO_BIG },
	[DCO_DROP_TX_QUEUE] = { "tx_drop_queue",
		SKB_DROP_REASON_QDISC_DROP },
	[DCO_DROP_TX_HANDOFF] = { "tx_drop_handoff",
		SKB_DROP_REASON_SOCKET_RCVBUFF },
};

/**
 * dco_drop_name() - what people see of a cause
 * @cause: why packets were dropped
 *
 * Return: its name, which always means the same.
 */
const char *dco_drop_name(enum dco_drop cause)
{
	return dco_drops[cause].name;
}

/* A super-packet is as many as it would have become. */
static unsigned int dco_drop_packets(const struct sk_buff *skb)
{
	if (likely(!skb_is_gso(skb)))
		return 1;
	return max_t(unsigned int, skb_shinfo(skb)->gso_segs, 1);
}

static void dco_dev_drop_count(struct dco_dev *dco, enum dco_drop cause,
			       unsigned int n)
{
	struct dco_dev_stats *stats = this_cpu_ptr(dco->stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->drops[cause], n);
	u64_stats_update_end(&stats->syncp);
}

static void dco_peer_drop_add(struct dco_peer *peer, enum dco_drop cause,
			      unsigned int n)
{
	if (unlikely(this_cpu_add_return(peer->stats->drops[cause], n) < n))
		atomic_inc(&peer->drops_carry[cause]);
}

static void dco_drop_one(struct dco_dev *dco, const struct dco_peer *peer,
			 struct sk_buff *skb, enum dco_drop cause)
{
	dco_dev_drop_count(dco, cause, dco_drop_packets(skb));
	trace_dco_drop(dco, peer, skb, cause);
	kfree_skb_reason(skb, dco_drops[cause].reason);
}

/**
 * dco_drop() - count and free a packet of nobody known
 * @dco: the device that drops it
 * @skb: the packet; consumed
 * @cause: why
 *
 * Context: BH disabled.
 */
void dco_drop(struct dco_dev *dco, struct sk_buff *skb, enum dco_drop cause)
{
	dco_drop_one(dco, NULL, skb, cause);
}

/**
 * dco_peer_drop() - count and free a packet from or to a peer
 * @peer: the peer
 * @skb: the packet; consumed
 * @cause: why
 *
 * The device's counter includes it.
 *
 * Context: BH disabled.
 */
void dco_peer_drop(struct dco_peer *peer, struct sk_buff *skb,
		   enum dco_drop cause)
{
	dco_peer_drop_add(peer, cause, dco_drop_packets(skb));
	dco_drop_one(peer->dco, peer, skb, cause);
}

/**
 * dco_peer_drop_list() - count and free a list of packets
 * @peer: the peer from or to which they are
 * @list: the first packet, linked by next; all are consumed
 * @cause: why
 *
 * Context: BH disabled.
 */
void dco_peer_drop_list(struct dco_peer *peer, struct sk_buff *list,
			enum dco_drop cause)
{
	struct sk_buff *skb, *next;

	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		dco_peer_drop(peer, skb, cause);
	}
}

/**
 * dco_peer_drops_read() - sum up the drop counters of a peer
 * @peer: the peer
 * @drops: receives the sums, by enum dco_drop
 */
void dco_peer_drops_read(const struct dco_peer *peer, u64 drops[DCO_DROP_MAX])
{
	const struct dco_peer_stats *stats;
	enum dco_drop cause;
	int cpu;

	for (cause = 0; cause < DCO_DROP_MAX; cause++)
		drops[cause] =
			(u64)(u32)atomic_read(&peer->drops_carry[cause]) << 32;
	for_each_possible_cpu(cpu) {
		stats = per_cpu_ptr(peer->stats, cpu);
		for (cause = 0; cause < DCO_DROP_MAX; cause++)
			drops[cause] += READ_ONCE(stats->drops[cause]);
	}
}

/**
 * dco_peer_drop_count() - count a packet that there was no memory to make
 * @peer: the peer from or to which it was
 * @cause: why
 *
 * Context: BH disabled.
 */
void dco_peer_drop_count(struct dco_peer *peer, enum dco_drop cause)
{
	dco_peer_drop_add(peer, cause, 1);
	dco_dev_drop_count(peer->dco, cause, 1);
}

/**
 * dco_peer_unshare() - get a packet that may be changed
 * @peer: to whom it is
 * @skb: the packet; consumed
 *
 * Context: BH disabled.
 * Return: it, or a clone of one that others have, too; NULL if there was no
 * memory, which has been counted.
 */
struct sk_buff *dco_peer_unshare(struct dco_peer *peer, struct sk_buff *skb)
{
	struct sk_buff *clone;

	if (likely(!skb_shared(skb)))
		return skb;
	clone = skb_clone(skb, GFP_ATOMIC);
	if (likely(clone))
		consume_skb(skb);
	else
		dco_peer_drop(peer, skb, DCO_DROP_TX_NO_MEM);
	return clone;
}
