/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_KEY_H
#define DCO_KEY_H

#include <linux/atomic.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "aead.h"
#include "replay.h"

#define DCO_KEY_SLOTS	2

/**
 * struct dco_key_dir - key material of one direction, as it comes in
 * @key: cipher key; borrowed
 * @key_len: its length in bytes
 * @nonce_tail: DCO_NONCE_TAIL_SIZE bytes; borrowed
 */
struct dco_key_dir {
	const u8 *key;
	size_t key_len;
	const u8 *nonce_tail;
};

/**
 * struct dco_key_config - a key, as it comes in
 * @id: 3 bit key id on the wire
 * @alg: cipher
 * @encrypt: what we send with
 * @decrypt: what we receive with
 */
struct dco_key_config {
	u8 id;
	enum ovpn_cipher_alg alg;
	struct dco_key_dir encrypt;
	struct dco_key_dir decrypt;
};

/**
 * struct dco_key - both directions of one key
 * @encrypt: seals
 * @decrypt: opens
 * @id: 3 bit key id on the wire
 * @generation: later keys of a peer have higher ones; set when it is installed
 * @alg: cipher
 * @is_swap_due: bit 0: userspace has been told to make a new key
 * @free_work: frees the key after a grace period
 * @next_id: packet ids below this have been used; 64 bits do not wrap
 * @replay: packet ids received
 *
 * Used under RCU. Owned by the slot that points to it, then by @free_work.
 */
struct dco_key {
	struct dco_aead encrypt;
	struct dco_aead decrypt;
	u8 id;
	u32 generation;
	enum ovpn_cipher_alg alg;
	unsigned long is_swap_due;
	struct rcu_work free_work;

	atomic64_t next_id ____cacheline_aligned_in_smp;
	struct dco_replay replay ____cacheline_aligned_in_smp;
};

/**
 * struct dco_key_slots - the keys of a peer
 * @lock: serialises writers
 * @key: the keys, in no particular order
 * @primary: index of the primary key, the one that we send with
 * @generation: that of the key which was installed last
 * @seen: highest generation that the peer has sent with, as long as the key is
 *	there, else 0
 */
struct dco_key_slots {
	spinlock_t lock;
	struct dco_key __rcu *key[DCO_KEY_SLOTS];
	u8 primary;
	u32 generation;
	u32 seen;
};

struct dco_key *dco_key_new(const struct dco_key_config *config);
int dco_key_reserve(struct dco_key *key, unsigned int n, u32 *first);
bool dco_key_swap_is_due(struct dco_key *key, u32 last_id);

void dco_key_slots_init(struct dco_key_slots *slots);
void dco_key_slots_free(struct dco_key_slots *slots);
void dco_key_slots_install_take(struct dco_key_slots *slots,
				enum ovpn_key_slot slot, struct dco_key *key);
void dco_key_slots_swap(struct dco_key_slots *slots);
void dco_key_slots_delete(struct dco_key_slots *slots,
			  enum ovpn_key_slot slot);
bool dco_key_slots_kill(struct dco_key_slots *slots, struct dco_key *key);
struct dco_key *dco_key_slots_get(const struct dco_key_slots *slots,
				  enum ovpn_key_slot slot);
struct dco_key *dco_key_slots_find(const struct dco_key_slots *slots, u8 id);
bool dco_key_slots_see(struct dco_key_slots *slots, const struct dco_key *key);

#endif /* DCO_KEY_H */
