/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_TX_STAGE_H
#define DCO_TX_STAGE_H

#include <linux/hrtimer.h>
#include <linux/skbuff.h>

struct dco_path;
struct dco_peer;

/**
 * struct dco_stage - datagrams to a peer that wait for company
 * @queue: cleartext packets; its lock protects the other fields
 * @timer: sends what waits; runs, and holds a reference to the peer, as long as
 *	@is_busy
 * @cpu: the only one that sends, as long as @is_busy
 * @is_busy: some wait, or may still be on their way; read without lock
 * @is_draining: somebody sends
 */
struct dco_stage {
	struct sk_buff_head queue;
	struct hrtimer timer;
	int cpu;
	bool is_busy;
	bool is_draining;
};

void dco_stage_init(struct dco_peer *peer);
void dco_stage_purge(struct dco_peer *peer);
bool dco_stage_wants(const struct dco_path *path, const struct sk_buff *skb);
void dco_stage_add(struct dco_peer *peer, struct sk_buff *skb);

#endif /* DCO_TX_STAGE_H */
