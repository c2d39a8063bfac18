/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_STATS_H
#define DCO_STATS_H

#include <linux/netdevice.h>
#include <linux/u64_stats_sync.h>

#include "drop.h"

struct dco_dev;
struct dco_peer;

/**
 * enum dco_flow - what a counter pair of a peer counts
 * @DCO_FLOW_VPN_RX: cleartext delivered
 * @DCO_FLOW_VPN_TX: cleartext accepted for sending
 * @DCO_FLOW_LINK_RX: datagrams received, without UDP and IP headers
 * @DCO_FLOW_LINK_TX: datagrams sent, without UDP and IP headers
 * @DCO_FLOW_MAX: number of pairs
 */
enum dco_flow {
	DCO_FLOW_VPN_RX,
	DCO_FLOW_VPN_TX,
	DCO_FLOW_LINK_RX,
	DCO_FLOW_LINK_TX,
	DCO_FLOW_MAX,
};

/**
 * enum dco_batch - what counts how packets share their way
 * @DCO_BATCH_TX_GSO: super-packets from the stack
 * @DCO_BATCH_TX_SEGMENTS: packets that these became
 * @DCO_BATCH_TX_STAGED: packets that have waited for company
 * @DCO_BATCH_TX_OUTER: packets given to the transport
 * @DCO_BATCH_TX_OUTER_GSO: those of them that carry several
 * @DCO_BATCH_TX_OUTER_SEGMENTS: what all of them carry
 * @DCO_BATCH_TX_PACKED: super-packets whose segments lie behind one another
 * @DCO_BATCH_RX_OUTER: packets and bursts of them from the transport
 * @DCO_BATCH_RX_OUTER_SEGMENTS: packets in these
 * @DCO_BATCH_RX_PACKED: bursts that came so
 * @DCO_BATCH_RX_GRO: packets given to GRO
 * @DCO_BATCH_RX_GRO_FULL: packets that it did not take
 * @DCO_BATCH_RX_DIRECT: packets given to the stack without GRO
 * @DCO_BATCH_MAX: number of counters
 */
enum dco_batch {
	DCO_BATCH_TX_GSO,
	DCO_BATCH_TX_SEGMENTS,
	DCO_BATCH_TX_STAGED,
	DCO_BATCH_TX_OUTER,
	DCO_BATCH_TX_OUTER_GSO,
	DCO_BATCH_TX_OUTER_SEGMENTS,
	DCO_BATCH_TX_PACKED,
	DCO_BATCH_RX_OUTER,
	DCO_BATCH_RX_OUTER_SEGMENTS,
	DCO_BATCH_RX_PACKED,
	DCO_BATCH_RX_GRO,
	DCO_BATCH_RX_GRO_FULL,
	DCO_BATCH_RX_DIRECT,
	DCO_BATCH_MAX,
};

/**
 * struct dco_count - packets and their bytes
 * @packets: number of packets; each segment of a super-packet is one
 * @bytes: their length
 */
struct dco_count {
	u64 packets;
	u64 bytes;
};

/**
 * struct dco_peer_stats - one CPU's counters of a peer
 * @packets: by enum dco_flow
 * @bytes: by enum dco_flow
 * @syncp: makes 64 bit reads whole on 32 bit machines
 * @drops: by enum dco_drop, the lower 32 bits
 *
 * There are many peers, many CPUs and few drops. So drops take half the room,
 * and what does not fit is carried over to the peer.
 */
struct dco_peer_stats {
	u64_stats_t packets[DCO_FLOW_MAX];
	u64_stats_t bytes[DCO_FLOW_MAX];
	struct u64_stats_sync syncp;
	u32 drops[DCO_DROP_MAX];
};

/**
 * struct dco_dev_stats - one CPU's counters of a device
 * @rx_packets: delivered
 * @rx_bytes: delivered, cleartext
 * @tx_packets: sent
 * @tx_bytes: sent, cleartext
 * @drops: by enum dco_drop
 * @batches: by enum dco_batch
 * @syncp: makes 64 bit reads whole on 32 bit machines
 */
struct dco_dev_stats {
	u64_stats_t rx_packets;
	u64_stats_t rx_bytes;
	u64_stats_t tx_packets;
	u64_stats_t tx_bytes;
	u64_stats_t drops[DCO_DROP_MAX];
	u64_stats_t batches[DCO_BATCH_MAX];
	struct u64_stats_sync syncp;
};

void dco_stats_module_exit(void);

struct dco_peer_stats __percpu *dco_peer_stats_new(void);
void dco_peer_stats_free(struct dco_peer_stats __percpu *stats);
void dco_peer_stats_add(struct dco_peer *peer, enum dco_flow flow,
			u64 packets, u64 bytes);
void dco_peer_stats_read(const struct dco_peer *peer, enum dco_flow flow,
			 struct dco_count *count);

void dco_dev_stats_rx(struct dco_dev *dco, u64 packets, u64 bytes);
void dco_dev_stats_tx(struct dco_dev *dco, u64 packets, u64 bytes);
void dco_dev_stats_read(const struct dco_dev *dco,
			struct rtnl_link_stats64 *total);
void dco_dev_drops_read(const struct dco_dev *dco, u64 drops[DCO_DROP_MAX]);
void dco_dev_batch_add(struct dco_dev *dco, enum dco_batch what, u64 n);
void dco_dev_batches_read(const struct dco_dev *dco,
			  u64 batches[DCO_BATCH_MAX]);

#endif /* DCO_STATS_H */
