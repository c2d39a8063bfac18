/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_PACKET_H
#define DCO_PACKET_H

#include <linux/types.h>

#include "drop.h"

struct dco_key;
struct dco_key_rx;
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

/**
 * struct dco_packet_from - where a packet is that has to stay as it is
 * @skb: whose data it is a part of; may be shared with anybody
 * @offset: where it begins in there
 */
struct dco_packet_from {
	struct sk_buff *skb;
	unsigned int offset;
};

/**
 * struct dco_newest - a packet that was newer than all before it
 * @key: its key; RCU keeps it
 * @rx: what has opened it; NULL if there is no such packet
 * @id: its packet id
 */
struct dco_newest {
	struct dco_key *key;
	struct dco_key_rx *rx;
	u64 id;
};

int dco_packet_seal(struct dco_seal *seal, struct sk_buff *skb, u32 peer_id);
u64 dco_packet_seal_pack(struct dco_seal *seal, struct sk_buff *skb,
			 u32 peer_id);
unsigned int dco_packet_front(const struct dco_key *key);
enum dco_drop dco_packet_open(struct dco_key *key, struct sk_buff *skb,
			      const struct dco_packet_from *from, void *to,
			      struct dco_newest *newest);
enum dco_drop dco_packet_open_to(struct dco_key *key, const u8 *data,
				 unsigned int *len, void *to,
				 struct dco_newest *newest);
bool dco_packet_is_newest(const struct dco_newest *newest);

#endif /* DCO_PACKET_H */
