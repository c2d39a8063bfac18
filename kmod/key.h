/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_KEY_H
#define DCO_KEY_H

#include <linux/atomic.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "key_dir.h"
#include "packet.h"

struct dco_epoch;

#define DCO_KEY_SLOTS	2
/* receiving directions: epochs in use and prepared */
#define DCO_KEY_RX_MAX	5

/**
 * struct dco_key_dir - key material of one direction, as it comes in
 * @key: cipher key, or the secret of an epoch; borrowed
 * @key_len: its length in bytes
 * @nonce_tail: DCO_NONCE_TAIL_SIZE bytes; borrowed; not for epochs
 * @epoch: epoch of @key; 0: the key has no epochs
 * @state: how far it has been used
 */
struct dco_key_dir {
	const u8 *key;
	size_t key_len;
	const u8 *nonce_tail;
	u16 epoch;
	struct dco_key_state state;
};

/**
 * struct dco_key_config - a key, as it comes in
 * @id: 3 bit key id on the wire
 * @alg: cipher
 * @cipher_len: length of a cipher key in bytes; for epochs only
 * @usage_max: see struct dco_key_tx; 0: as the cipher allows
 * @encrypt: what we send with
 * @decrypt: what we receive with
 */
struct dco_key_config {
	u8 id;
	enum ovpn_cipher_alg alg;
	size_t cipher_len;
	u64 usage_max;
	struct dco_key_dir encrypt;
	struct dco_key_dir decrypt;
};

/* bits of struct dco_key.flags */
enum dco_key_flag {
	DCO_KEY_IS_SWAP_WANTED,
	DCO_KEY_IS_SWAP_ASKED,
};

/**
 * struct dco_key - both directions of one key
 * @id: 3 bit key id on the wire
 * @generation: later keys of a peer have higher ones; set when it is installed
 * @alg: cipher
 * @flags: a new key is wanted; userspace has been told
 * @epoch: makes the directions; NULL if the key has no epochs
 * @tx: seals
 * @rx: opens; the first only, if the key has no epochs
 * @free_work: frees the key after a grace period
 *
 * Used under RCU. Owned by the slot that points to it, then by @free_work.
 */
struct dco_key {
	u8 id;
	u32 generation;
	enum ovpn_cipher_alg alg;
	unsigned long flags;
	struct dco_epoch *epoch;
	struct dco_key_tx __rcu *tx;
	struct dco_key_rx __rcu *rx[DCO_KEY_RX_MAX];
	struct rcu_work free_work;
};

/**
 * struct dco_key_info - how far a key has been used
 * @tx_epoch: epoch of sending; 0: the key has no epochs
 * @rx_epoch: epoch of receiving
 * @tx: sending
 * @rx: receiving
 */
struct dco_key_info {
	u16 tx_epoch;
	u16 rx_epoch;
	struct dco_key_state tx;
	struct dco_key_state rx;
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

struct dco_key *dco_key_new(struct dco_key_config *config);
int dco_key_reserve(struct dco_key *key, unsigned int n, struct dco_seal *seal);
void dco_key_used(const struct dco_seal *seal);
void dco_key_rx_wear(struct dco_key *key, struct dco_key_rx *rx);
bool dco_key_swap_is_due(struct dco_key *key);
unsigned int dco_key_overhead(const struct dco_key *key);
void dco_key_get_info(const struct dco_key *key, struct dco_key_info *info);
const char *dco_key_driver(const struct dco_key *key);

static inline void dco_key_want_swap(struct dco_key *key)
{
	set_bit(DCO_KEY_IS_SWAP_WANTED, &key->flags);
}

/* may be asked when nobody installs keys any more */
static inline bool dco_key_slots_are_empty(const struct dco_key_slots *slots)
{
	return !rcu_access_pointer(slots->key[0]) &&
	       !rcu_access_pointer(slots->key[1]);
}

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
unsigned int dco_key_slots_overhead(const struct dco_key_slots *slots);
struct dco_key *dco_key_slots_find(const struct dco_key_slots *slots, u8 id);
bool dco_key_slots_see(struct dco_key_slots *slots, const struct dco_key *key);

#endif /* DCO_KEY_H */
