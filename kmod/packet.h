/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_PACKET_H
#define DCO_PACKET_H

#include <linux/types.h>

#include "drop.h"

struct dco_key;
struct dco_key_tx;
struct sk_buff;

/**
 * struct dco_seal - a batch of packets being sealed
 * @key: the key; RCU keeps it
 * @tx: its sending direction; RCU keeps it
 * @id: id of the next packet
 * @usage: what has been sealed, see dco_usage()
 */
struct dco_seal {
	struct dco_key *key;
	struct dco_key_tx *tx;
	u64 id;
	u64 usage;
};

int dco_packet_seal(struct dco_seal *seal, struct sk_buff *skb, u32 peer_id);
enum dco_drop dco_packet_open(struct dco_key *key, struct sk_buff *skb,
			      bool *is_newest);

#endif /* DCO_PACKET_H */
