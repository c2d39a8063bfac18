// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/slab.h>

#include "device.h"
#include "epoch.h"
#include "key.h"
#include "trace.h"

static void dco_key_free(struct dco_key *key)
{
	int i;

	/* its work makes directions */
	dco_epoch_free(key->epoch);
	dco_key_tx_free(rcu_dereference_protected(key->tx, true));
	for (i = 0; i < DCO_KEY_RX_MAX; i++)
		dco_key_rx_free(rcu_dereference_protected(key->rx[i], true));
	kfree(key);
}

static void dco_key_free_work(struct work_struct *work)
{
	dco_key_free(container_of(to_rcu_work(work), struct dco_key,
				  free_work));
}

/* Frees a key that no slot points to any more, when the last packet that may
 * be using it is done. In a worker, because freeing a transform may sleep.
 */
static void dco_key_retire_take(struct dco_key *key)
{
	if (key)
		queue_rcu_work(dco_wq, &key->free_work);
}

static int dco_key_aead_init(const struct dco_key *key, struct dco_aead *aead,
			     const struct dco_key_dir *dir)
{
	u8 iv[DCO_NONCE_SIZE] = {};

	memcpy(iv + sizeof(iv) - DCO_NONCE_TAIL_SIZE, dir->nonce_tail,
	       DCO_NONCE_TAIL_SIZE);
	return dco_aead_init(aead, key->alg, dir->key, dir->key_len, iv);
}

/* The directions of a key without epochs. */
static int dco_key_init(struct dco_key *key,
			const struct dco_key_config *config)
{
	struct dco_key_tx *tx;
	struct dco_key_rx *rx;
	int err;

	tx = dco_key_tx_new(0, &config->encrypt.state, config->usage_max);
	if (!tx)
		return -ENOMEM;
	RCU_INIT_POINTER(key->tx, tx);
	rx = dco_key_rx_new(0, &config->decrypt.state, config->usage_max);
	if (!rx)
		return -ENOMEM;
	RCU_INIT_POINTER(key->rx[0], rx);

	err = dco_key_aead_init(key, &tx->aead, &config->encrypt);
	return err ?: dco_key_aead_init(key, &rx->aead, &config->decrypt);
}

/**
 * dco_key_new() - make a key
 * @config: what it is made of; usage_max is set if it is 0
 *
 * Context: process, may sleep and load modules.
 * Return: the key, owned by the caller until it is installed, or an ERR_PTR().
 */
struct dco_key *dco_key_new(struct dco_key_config *config)
{
	struct dco_key *key;
	int err;

	key = kzalloc(sizeof(*key), GFP_KERNEL);
	if (!key)
		return ERR_PTR(-ENOMEM);

	key->id = config->id;
	key->alg = config->alg;
	INIT_RCU_WORK(&key->free_work, dco_key_free_work);
	if (!config->usage_max)
		config->usage_max = config->alg == OVPN_CIPHER_ALG_AES_GCM ?
				    DCO_USAGE_MAX : U64_MAX;

	if (config->encrypt.epoch)
		err = dco_epoch_new(key, config);
	else
		err = dco_key_init(key, config);
	if (err) {
		dco_key_free(key);
		return ERR_PTR(err);
	}
	return key;
}

/* A key has been used so much that another has to follow: an epoch, as long as
 * there are more, else a key of another exchange.
 */
static void dco_key_wear(struct dco_key *key, unsigned long *is_worn)
{
	if (test_bit(0, is_worn) || test_and_set_bit(0, is_worn))
		return;
	if (key->epoch)
		dco_epoch_kick(key->epoch);
	else
		dco_key_want_swap(key);
}

/**
 * dco_key_reserve() - take packet ids
 * @key: the key they are for
 * @n: how many, at least 1
 * @seal: receives key and ids
 *
 * Context: RCU read side.
 * Return: 0; -ERANGE if the key has not so many left; -EAGAIN if this epoch has
 * not and the next one is being made.
 */
int dco_key_reserve(struct dco_key *key, unsigned int n, struct dco_seal *seal)
{
	struct dco_key_tx *tx = rcu_dereference(key->tx);

	seal->key = key;
	seal->tx = tx;
	seal->usage = 0;
	if (unlikely(dco_key_tx_reserve(tx, n, &seal->id))) {
		if (!key->epoch || tx->epoch >= DCO_EPOCH_MAX)
			return -ERANGE;
		dco_key_wear(key, &tx->is_worn);
		return -EAGAIN;
	}
	if (unlikely(seal->id + n - 1 >= tx->id_soft))
		dco_key_wear(key, &tx->is_worn);
	return 0;
}

/**
 * dco_key_used() - count what has been sealed
 * @seal: a batch, sealed
 *
 * Context: RCU read side.
 */
void dco_key_used(const struct dco_seal *seal)
{
	struct dco_key_tx *tx = seal->tx;

	if (unlikely(atomic64_add_return(seal->usage, &tx->usage) >
		     tx->usage_soft))
		dco_key_wear(seal->key, &tx->is_worn);
}

/**
 * dco_key_rx_wear() - a receiving direction wants a successor
 * @key: the key
 * @rx: its direction
 *
 * Context: RCU read side.
 */
void dco_key_rx_wear(struct dco_key *key, struct dco_key_rx *rx)
{
	dco_key_wear(key, &rx->is_worn);
}

/**
 * dco_key_swap_is_due() - is it time to ask for a new key?
 * @key: a key in use
 *
 * Return: true once in the life of a key.
 */
bool dco_key_swap_is_due(struct dco_key *key)
{
	return unlikely(READ_ONCE(key->flags) == BIT(DCO_KEY_IS_SWAP_WANTED)) &&
	       !test_and_set_bit(DCO_KEY_IS_SWAP_ASKED, &key->flags);
}

/**
 * dco_key_overhead() - what sealing adds to a packet
 * @key: the key
 *
 * Return: number of bytes.
 */
unsigned int dco_key_overhead(const struct dco_key *key)
{
	return key->epoch ? DCO_WIRE_EPOCH_OVERHEAD : DCO_WIRE_OVERHEAD;
}

/**
 * dco_key_get_info() - how far has a key been used?
 * @key: the key
 * @info: receives the answer; of the current epoch, if the key has epochs
 *
 * Context: RCU read side.
 */
void dco_key_get_info(const struct dco_key *key, struct dco_key_info *info)
{
	const struct dco_key_tx *tx = rcu_dereference(key->tx);
	struct dco_key_rx *rx;

	rx = key->epoch ? dco_epoch_current(key->epoch) :
			  rcu_dereference(key->rx[0]);
	*info = (struct dco_key_info){ .tx_epoch = tx->epoch };
	info->tx.id = dco_key_tx_next(tx);
	info->tx.usage = atomic64_read(&tx->usage);
	/* or it has just moved to another place */
	if (!rx)
		return;
	info->rx_epoch = rx->epoch;
	dco_key_rx_state(rx, &info->rx);
}

/**
 * dco_key_driver() - which implementation of the cipher works for a key
 * @key: the key
 *
 * Context: RCU read side, which the answer needs, too.
 * Return: its driver name, as in /proc/crypto.
 */
const char *dco_key_driver(const struct dco_key *key)
{
	return dco_aead_driver(&rcu_dereference(key->tx)->aead);
}

/**
 * dco_key_slots_init() - start without keys
 * @slots: the slots of a peer
 */
void dco_key_slots_init(struct dco_key_slots *slots)
{
	spin_lock_init(&slots->lock);
}

/**
 * dco_key_slots_free() - free all keys
 * @slots: slots that nobody uses any more, a grace period included
 *
 * Context: process, may sleep.
 */
void dco_key_slots_free(struct dco_key_slots *slots)
{
	struct dco_key *key;
	int i;

	for (i = 0; i < DCO_KEY_SLOTS; i++) {
		key = rcu_dereference_protected(slots->key[i], true);
		RCU_INIT_POINTER(slots->key[i], NULL);
		if (key)
			dco_key_free(key);
	}
}

static const struct dco_peer *
dco_key_slots_peer(const struct dco_key_slots *slots)
{
	return container_of(slots, struct dco_peer, keys);
}

static u8 dco_key_slots_index(const struct dco_key_slots *slots,
			      enum ovpn_key_slot slot)
{
	u8 primary = READ_ONCE(slots->primary);

	return slot == OVPN_KEY_SLOT_PRIMARY ? primary : !primary;
}

static struct dco_key *dco_key_slots_replace(struct dco_key_slots *slots,
					     u8 index, struct dco_key *key)
{
	struct dco_key *old;

	old = rcu_replace_pointer(slots->key[index], key,
				  lockdep_is_held(&slots->lock));
	if (old && old->generation == READ_ONCE(slots->seen))
		WRITE_ONCE(slots->seen, 0);
	return old;
}

/**
 * dco_key_slots_install_take() - put a key into a slot
 * @slots: the slots of a peer
 * @slot: which one; a key in it is replaced
 * @key: the key; consumed
 */
void dco_key_slots_install_take(struct dco_key_slots *slots,
				enum ovpn_key_slot slot, struct dco_key *key)
{
	struct dco_key *old;

	trace_dco_key_install(dco_key_slots_peer(slots), slot, key->id);
	spin_lock_bh(&slots->lock);
	key->generation = ++slots->generation;
	old = dco_key_slots_replace(slots, dco_key_slots_index(slots, slot),
				    key);
	spin_unlock_bh(&slots->lock);
	dco_key_retire_take(old);
}

/**
 * dco_key_slots_swap() - make the secondary key the primary one and vice versa
 * @slots: the slots of a peer
 */
void dco_key_slots_swap(struct dco_key_slots *slots)
{
	struct dco_key *key;

	spin_lock_bh(&slots->lock);
	WRITE_ONCE(slots->primary, !slots->primary);
	key = rcu_dereference_protected(slots->key[slots->primary],
					lockdep_is_held(&slots->lock));
	trace_dco_key_swap(dco_key_slots_peer(slots), OVPN_KEY_SLOT_PRIMARY,
			   key ? key->id : -1);
	spin_unlock_bh(&slots->lock);
}

/**
 * dco_key_slots_delete() - empty a slot
 * @slots: the slots of a peer
 * @slot: which one; it may be empty already
 */
void dco_key_slots_delete(struct dco_key_slots *slots,
			  enum ovpn_key_slot slot)
{
	struct dco_key *old;

	spin_lock_bh(&slots->lock);
	old = dco_key_slots_replace(slots, dco_key_slots_index(slots, slot),
				    NULL);
	trace_dco_key_del(dco_key_slots_peer(slots), slot, old ? old->id : -1);
	spin_unlock_bh(&slots->lock);
	dco_key_retire_take(old);
}

/**
 * dco_key_slots_kill() - remove a key wherever it is
 * @slots: the slots of a peer
 * @key: a key found in them
 *
 * Context: RCU read side, BH disabled or not.
 * Return: true if this call removed it.
 */
bool dco_key_slots_kill(struct dco_key_slots *slots, struct dco_key *key)
{
	bool is_found = false;
	int i;

	spin_lock_bh(&slots->lock);
	for (i = 0; i < DCO_KEY_SLOTS; i++) {
		if (rcu_access_pointer(slots->key[i]) != key)
			continue;
		dco_key_slots_replace(slots, i, NULL);
		is_found = true;
	}
	spin_unlock_bh(&slots->lock);
	if (is_found) {
		trace_dco_key_kill(dco_key_slots_peer(slots), -1, key->id);
		dco_key_retire_take(key);
	}
	return is_found;
}

/**
 * dco_key_slots_get() - the key in a slot
 * @slots: the slots of a peer
 * @slot: which one
 *
 * Context: RCU read side.
 * Return: the key or NULL.
 */
struct dco_key *dco_key_slots_get(const struct dco_key_slots *slots,
				  enum ovpn_key_slot slot)
{
	struct dco_key *key;

	key = rcu_dereference(slots->key[dco_key_slots_index(slots, slot)]);
	if (likely(key))
		return key;
	/* or there was a swap between the two reads, and then this key's
	 * deletion, which came after the swap
	 */
	smp_rmb();
	return rcu_dereference(slots->key[dco_key_slots_index(slots, slot)]);
}

/**
 * dco_key_slots_overhead() - what sealing adds to a packet
 * @slots: the slots of a peer
 *
 * Context: RCU read side.
 * Return: number of bytes, with the primary key.
 */
unsigned int dco_key_slots_overhead(const struct dco_key_slots *slots)
{
	const struct dco_key *key;

	key = dco_key_slots_get(slots, OVPN_KEY_SLOT_PRIMARY);
	return likely(key) ? dco_key_overhead(key) : DCO_WIRE_OVERHEAD;
}

/**
 * dco_key_slots_find() - the key with this id
 * @slots: the slots of a peer
 * @id: 3 bit key id; if both keys have it the primary one is returned
 *
 * Context: RCU read side.
 * Return: the key or NULL.
 */
struct dco_key *dco_key_slots_find(const struct dco_key_slots *slots, u8 id)
{
	/* read once: with a swap between two reads one key would be looked at
	 * twice and the other one never
	 */
	u8 primary = READ_ONCE(slots->primary);
	struct dco_key *key;

	key = rcu_dereference(slots->key[primary]);
	if (likely(key && key->id == id))
		return key;
	key = rcu_dereference(slots->key[!primary]);
	return key && key->id == id ? key : NULL;
}

/**
 * dco_key_slots_see() - the peer has sent with a key
 * @slots: the slots of the peer
 * @key: the key that opened a packet which is not a replay
 *
 * Context: RCU read side.
 * Return: false if the peer has sent with a later key, so that this packet is
 * older than others.
 */
bool dco_key_slots_see(struct dco_key_slots *slots, const struct dco_key *key)
{
	u32 seen = READ_ONCE(slots->seen);

	if (likely(key->generation == seen))
		return true;
	if ((s32)(key->generation - seen) < 0)
		return false;
	WRITE_ONCE(slots->seen, key->generation);
	return true;
}
