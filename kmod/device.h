/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_DEVICE_H
#define DCO_DEVICE_H

#include <linux/netdevice.h>
#include <linux/rhashtable-types.h>
#include <linux/xarray.h>

#include "compat/compat.h"
#include "prefix.h"
#include "stats.h"

struct dco_cell;
struct dco_handoff;
struct dco_peer;

/* what the path to the peer carries in one piece */
#define DCO_MSS_AUTO	0
/* whatever TCP wants: no segment can be larger than this */
#define DCO_MSS_OFF	U16_MAX

/* all work of the module; drained before it is unloaded */
extern struct workqueue_struct *dco_wq;

extern struct rtnl_link_ops dco_link_ops;
extern const struct ethtool_ops dco_ethtool_ops;

/**
 * struct dco_dev - private part of a net_device
 * @dev: the net_device that contains this
 * @mode: one peer or many; never changes
 * @stats: per-CPU counters
 * @cells: where received packets go
 * @mss: largest segment that inner TCP over IPv4 may announce, or DCO_MSS_*
 * @stage_usecs: how long packets may wait for company, in microseconds; 0: none
 *	waits
 * @stage_ticks: how far packets in a row may be apart, in jiffies
 * @only_peer: P2P mode: the peer, if there is one
 * @handoff: takes cleartext for peers that userspace carries, or NULL
 * @prefixes: peers by inner prefix; used in MP mode
 * @lock: serialises writers of everything below, of @only_peer, @handoff and
 *	@prefixes
 * @is_dying: no peer may be inserted any more
 * @generation: grows when a peer enters or leaves the table; never 0
 * @peers: peers by id
 * @by_vpn: struct dco_vpn_addr by inner address; used in MP mode
 * @by_remote: struct dco_endpoint by outer address; several peers may have one
 *
 * A peer is "in the table" from dco_table_insert() to dco_table_remove(). Both
 * run under @lock, and nothing else changes whether it is.
 */
struct dco_dev {
	struct net_device *dev;
	enum ovpn_mode mode;
	struct dco_dev_stats __percpu *stats;
	struct dco_cell __percpu *cells;
	u16 mss;
	u32 stage_usecs;
	unsigned long stage_ticks;
	struct dco_peer __rcu *only_peer;
	struct dco_handoff __rcu *handoff;
	struct dco_prefix_table prefixes;

	spinlock_t lock ____cacheline_aligned_in_smp;
	bool is_dying;
	u32 generation;
	struct xarray peers;
	struct rhashtable by_vpn;
	struct rhltable by_remote;
};

bool dco_dev_is_ours(const struct net_device *dev);

#endif /* DCO_DEVICE_H */
