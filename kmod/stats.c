// SPDX-License-Identifier: GPL-2.0-only
#include <linux/skbuff.h>

#include "device.h"
#include "peer.h"
#include "stats.h"

/* Counters of peers that are gone, for those that come: memory for each CPU is
 * what costs most of a peer. Peers that come and go are freed by the hundred,
 * at the end of a grace period.
 */
#define DCO_STATS_SPARE_MAX	1024
/* and in bytes, of all CPUs together */
#define DCO_STATS_SPARE_SIZE	(1 << 20)

static struct {
	spinlock_t lock;	/* protects the others */
	unsigned int n;
	struct dco_peer_stats __percpu *stats[DCO_STATS_SPARE_MAX];
} dco_stats_spare = {
	.lock = __SPIN_LOCK_UNLOCKED(dco_stats_spare.lock),
};

static bool dco_stats_spare_is_full(void)
{
	unsigned int n = dco_stats_spare.n;

	return n >= DCO_STATS_SPARE_MAX ||
	       n * sizeof(struct dco_peer_stats) * num_possible_cpus() >=
	       DCO_STATS_SPARE_SIZE;
}

static void dco_peer_stats_clear(struct dco_peer_stats __percpu *stats)
{
	struct dco_peer_stats *one;
	int cpu;

	for_each_possible_cpu(cpu) {
		one = per_cpu_ptr(stats, cpu);
		memset(one->packets, 0, sizeof(one->packets));
		memset(one->bytes, 0, sizeof(one->bytes));
		memset(one->drops, 0, sizeof(one->drops));
	}
}

/**
 * dco_peer_stats_new() - get counters for a peer
 *
 * Context: process, may sleep.
 * Return: per-CPU counters, all zero, to be given to dco_peer_stats_free();
 * NULL without memory.
 */
struct dco_peer_stats __percpu *dco_peer_stats_new(void)
{
	struct dco_peer_stats __percpu *stats = NULL;

	spin_lock_bh(&dco_stats_spare.lock);
	if (dco_stats_spare.n)
		stats = dco_stats_spare.stats[--dco_stats_spare.n];
	spin_unlock_bh(&dco_stats_spare.lock);
	if (!stats)
		return netdev_alloc_pcpu_stats(struct dco_peer_stats);
	dco_peer_stats_clear(stats);
	return stats;
}

/**
 * dco_peer_stats_free() - give counters back
 * @stats: counters that nobody uses any more
 *
 * Context: process or softirq.
 */
void dco_peer_stats_free(struct dco_peer_stats __percpu *stats)
{
	spin_lock_bh(&dco_stats_spare.lock);
	if (!dco_stats_spare_is_full()) {
		dco_stats_spare.stats[dco_stats_spare.n++] = stats;
		stats = NULL;
	}
	spin_unlock_bh(&dco_stats_spare.lock);
	free_percpu(stats);
}

/**
 * dco_stats_module_exit() - free what is spare
 *
 * No peer may exist any more.
 */
void dco_stats_module_exit(void)
{
	while (dco_stats_spare.n)
		free_percpu(dco_stats_spare.stats[--dco_stats_spare.n]);
}

/**
 * dco_peer_stats_add() - count packets of a peer
 * @peer: the peer
 * @flow: which counters
 * @packets: how many packets
 * @bytes: their length
 *
 * Context: BH disabled.
 */
void dco_peer_stats_add(struct dco_peer *peer, enum dco_flow flow,
			u64 packets, u64 bytes)
{
	struct dco_peer_stats *stats = this_cpu_ptr(peer->stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->packets[flow], packets);
	u64_stats_add(&stats->bytes[flow], bytes);
	u64_stats_update_end(&stats->syncp);
}

/**
 * dco_peer_stats_read() - sum up one counter pair of a peer
 * @peer: the peer
 * @flow: which counters
 * @count: receives the sums
 */
void dco_peer_stats_read(const struct dco_peer *peer, enum dco_flow flow,
			 struct dco_count *count)
{
	const struct dco_peer_stats *stats;
	u64 packets, bytes;
	unsigned int start;
	int cpu;

	*count = (struct dco_count){};
	for_each_possible_cpu(cpu) {
		stats = per_cpu_ptr(peer->stats, cpu);
		do {
			start = u64_stats_fetch_begin(&stats->syncp);
			packets = u64_stats_read(&stats->packets[flow]);
			bytes = u64_stats_read(&stats->bytes[flow]);
		} while (u64_stats_fetch_retry(&stats->syncp, start));
		count->packets += packets;
		count->bytes += bytes;
	}
}

/**
 * dco_dev_stats_rx() - count packets that the device delivered
 * @dco: the device
 * @packets: how many packets
 * @bytes: their cleartext length
 *
 * Context: BH disabled.
 */
void dco_dev_stats_rx(struct dco_dev *dco, u64 packets, u64 bytes)
{
	struct dco_dev_stats *stats = this_cpu_ptr(dco->stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->rx_packets, packets);
	u64_stats_add(&stats->rx_bytes, bytes);
	u64_stats_update_end(&stats->syncp);
}

/**
 * dco_dev_stats_tx() - count packets that the device sent
 * @dco: the device
 * @packets: how many packets
 * @bytes: their cleartext length
 *
 * Context: BH disabled.
 */
void dco_dev_stats_tx(struct dco_dev *dco, u64 packets, u64 bytes)
{
	struct dco_dev_stats *stats = this_cpu_ptr(dco->stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->tx_packets, packets);
	u64_stats_add(&stats->tx_bytes, bytes);
	u64_stats_update_end(&stats->syncp);
}

static void dco_dev_stats_add_cpu(const struct dco_dev_stats *stats,
				  struct rtnl_link_stats64 *total)
{
	struct rtnl_link_stats64 one;
	enum dco_drop cause;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&stats->syncp);
		one.rx_packets = u64_stats_read(&stats->rx_packets);
		one.rx_bytes = u64_stats_read(&stats->rx_bytes);
		one.tx_packets = u64_stats_read(&stats->tx_packets);
		one.tx_bytes = u64_stats_read(&stats->tx_bytes);
		one.rx_dropped = 0;
		one.tx_dropped = 0;
		for (cause = 0; cause < DCO_DROP_MAX; cause++) {
			if (dco_drop_is_rx(cause))
				one.rx_dropped +=
					u64_stats_read(&stats->drops[cause]);
			else
				one.tx_dropped +=
					u64_stats_read(&stats->drops[cause]);
		}
	} while (u64_stats_fetch_retry(&stats->syncp, start));

	total->rx_packets += one.rx_packets;
	total->rx_bytes += one.rx_bytes;
	total->rx_dropped += one.rx_dropped;
	total->tx_packets += one.tx_packets;
	total->tx_bytes += one.tx_bytes;
	total->tx_dropped += one.tx_dropped;
}

/**
 * dco_dev_stats_read() - sum up the device's counters
 * @dco: the device
 * @total: the sums are added to it
 */
void dco_dev_stats_read(const struct dco_dev *dco,
			struct rtnl_link_stats64 *total)
{
	int cpu;

	for_each_possible_cpu(cpu)
		dco_dev_stats_add_cpu(per_cpu_ptr(dco->stats, cpu), total);
}

static u64 dco_dev_stats_sum(const struct dco_dev *dco, size_t offset)
{
	const struct dco_dev_stats *stats;
	unsigned int start;
	u64 value, sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		stats = per_cpu_ptr(dco->stats, cpu);
		do {
			start = u64_stats_fetch_begin(&stats->syncp);
			value = u64_stats_read((void *)stats + offset);
		} while (u64_stats_fetch_retry(&stats->syncp, start));
		sum += value;
	}
	return sum;
}

/**
 * dco_dev_drops_read() - sum up the device's drop counters
 * @dco: the device
 * @drops: receives the sums, by enum dco_drop
 */
void dco_dev_drops_read(const struct dco_dev *dco, u64 drops[DCO_DROP_MAX])
{
	enum dco_drop i;

	for (i = 0; i < DCO_DROP_MAX; i++)
		drops[i] = dco_dev_stats_sum(dco, offsetof(struct dco_dev_stats,
							   drops[i]));
}

/**
 * dco_dev_batch_add() - count how packets share their way
 * @dco: the device
 * @what: which counter
 * @n: how many
 *
 * Context: BH disabled.
 */
void dco_dev_batch_add(struct dco_dev *dco, enum dco_batch what, u64 n)
{
	struct dco_dev_stats *stats = this_cpu_ptr(dco->stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->batches[what], n);
	u64_stats_update_end(&stats->syncp);
}

/**
 * dco_dev_batches_read() - sum up what dco_dev_batch_add() counted
 * @dco: the device
 * @batches: receives the sums, by enum dco_batch
 */
void dco_dev_batches_read(const struct dco_dev *dco,
			  u64 batches[DCO_BATCH_MAX])
{
	enum dco_batch i;

	for (i = 0; i < DCO_BATCH_MAX; i++)
		batches[i] =
			dco_dev_stats_sum(dco, offsetof(struct dco_dev_stats,
							batches[i]));
}
