/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_KEY_DIR_H
#define DCO_KEY_DIR_H

#include <linux/atomic.h>
#include <linux/math.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "aead.h"
#include "replay.h"

/* the unit in which use of a cipher is limited, beside the packet */
#define DCO_USAGE_BLOCK		16
/* AES-GCM: so many blocks and packets under one key */
#define DCO_USAGE_MAX		((1ULL << 36) - 1)
/* no key opens anything after so many forged packets; from the first number on
 * a new key is wanted
 */
#define DCO_FAILURES_SOFT_MAX	(1ULL << 35)
#define DCO_FAILURES_MAX	(1ULL << 36)

/**
 * struct dco_key_state - how far a direction of a key has been used before
 * @id: sending: the next packet id, 0 for the first; receiving: the highest
 *	received, 0 for none
 * @usage: see dco_usage()
 * @failures: forged packets
 * @seen: receiving: see dco_replay_init(); borrowed
 * @seen_len: bytes at @seen
 */
struct dco_key_state {
	u64 id;
	u64 usage;
	u64 failures;
	const u8 *seen;
	size_t seen_len;
};

/**
 * struct dco_key_tx - sending direction of a key, or of one epoch of it
 * @aead: seals
 * @epoch: 0 if the key has no epochs
 * @id_soft: from this id on a successor is wanted
 * @id_max: the last id
 * @usage_soft: above this usage a successor is wanted
 * @usage_max: above this usage nothing is sealed
 * @is_worn: bit 0: a successor is wanted
 * @next_id: ids below this have been used; 64 bits do not wrap
 * @usage: see dco_usage()
 */
struct dco_key_tx {
	struct dco_aead aead;
	u16 epoch;
	u64 id_soft;
	u64 id_max;
	u64 usage_soft;
	u64 usage_max;
	unsigned long is_worn;

	atomic64_t next_id ____cacheline_aligned_in_smp;
	atomic64_t usage;
};

/**
 * struct dco_key_rx - receiving direction of a key, or of one epoch of it
 * @aead: opens
 * @epoch: 0 if the key has no epochs
 * @usage_soft: above this usage a successor is wanted
 * @is_worn: bit 0: a successor is wanted
 * @failures: forged packets
 * @lock: protects @usage and @replay
 * @usage: see dco_usage()
 * @replay: packet ids received
 */
struct dco_key_rx {
	struct dco_aead aead;
	u16 epoch;
	u64 usage_soft;
	unsigned long is_worn;
	atomic64_t failures;

	spinlock_t lock ____cacheline_aligned_in_smp;
	u64 usage;
	struct dco_replay replay;
};

/* what a packet with @len bytes of cleartext is counted as */
static inline u64 dco_usage(size_t len)
{
	return 1 + DIV_ROUND_UP(len, DCO_USAGE_BLOCK);
}

/* a successor is wanted before @max is reached: early enough for a key exchange
 * on the fastest of links
 */
static inline u64 dco_usage_soft(u64 max)
{
	return max - max / 8;
}

struct dco_key_tx *dco_key_tx_new(u16 epoch, const struct dco_key_state *state,
				  u64 usage_max);
void dco_key_tx_free(struct dco_key_tx *tx);
int dco_key_tx_reserve(struct dco_key_tx *tx, unsigned int n, u64 *first);
u64 dco_key_tx_next(const struct dco_key_tx *tx);

struct dco_key_rx *dco_key_rx_new(u16 epoch, const struct dco_key_state *state,
				  u64 usage_max);
void dco_key_rx_free(struct dco_key_rx *rx);
bool dco_key_rx_accept(struct dco_key_rx *rx, u64 id, size_t len,
		       bool *is_newest);
bool dco_key_rx_is_highest(struct dco_key_rx *rx, u64 id);
bool dco_key_rx_fail(struct dco_key_rx *rx);
void dco_key_rx_state(struct dco_key_rx *rx, struct dco_key_state *state);

/* too much use, or too many forgeries? May be asked without a lock. */
static inline bool dco_key_rx_is_worn(const struct dco_key_rx *rx)
{
	return READ_ONCE(rx->usage) > rx->usage_soft ||
	       atomic64_read(&rx->failures) > DCO_FAILURES_SOFT_MAX;
}

static inline bool dco_key_rx_is_spent(const struct dco_key_rx *rx)
{
	return atomic64_read(&rx->failures) > DCO_FAILURES_MAX;
}

#endif /* DCO_KEY_DIR_H */
