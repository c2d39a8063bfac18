/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_REPLAY_H
#define DCO_REPLAY_H

#include <linux/bits.h>
#include <linux/types.h>

#define DCO_REPLAY_BITS		8192
#define DCO_REPLAY_WORDS	(DCO_REPLAY_BITS / BITS_PER_LONG)
/* one word of the ring is always being cleared (RFC 6479) */
#define DCO_REPLAY_WINDOW	(DCO_REPLAY_BITS - BITS_PER_LONG)

/**
 * struct dco_replay - which packet ids of one key have been received
 * @highest: the highest id accepted
 * @seen: a ring of bits, by id
 *
 * Whoever has one serialises its users.
 */
struct dco_replay {
	u64 highest;
	unsigned long seen[DCO_REPLAY_WORDS];
};

void dco_replay_init(struct dco_replay *replay, u64 highest, const u8 *seen,
		     size_t seen_len);
bool dco_replay_accept(struct dco_replay *replay, u64 id, bool *is_newest);

#endif /* DCO_REPLAY_H */
