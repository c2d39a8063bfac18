// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/slab.h>

#include "device.h"
#include "key.h"

static void dco_key_free(struct dco_key *key)
{
	dco_aead_exit(&key->encrypt);
	dco_aead_exit(&key->decrypt);
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

/**
 * dco_key_new() - make a key
 * @config: what it is made of
 *
 * Context: process, may sleep and load modules.
 * Return: the key, owned by the caller until it is installed, or an ERR_PTR().
 */
struct dco_key *dco_key_new(const struct dco_key_config *config)
{
	struct dco_key *key;
	int err;

	key = kzalloc(sizeof(*key), GFP_KERNEL);
	if (!key)
		return ERR_PTR(-ENOMEM);

	key->id = config->id;
	key->alg = config->alg;
	atomic64_set(&key->next_id, 1);
	dco_replay_init(&key->replay);
	INIT_RCU_WORK(&key->free_work, dco_key_free_work);

	err = dco_aead_init(&key->encrypt, config->alg, config->encrypt.key,
			    config->encrypt.key_len,
			    config->encrypt.nonce_tail);
	if (!err)
		err = dco_aead_init(&key->decrypt, config->alg,
				    config->decrypt.key,
				    config->decrypt.key_len,
				    config->decrypt.nonce_tail);
	if (err) {
		dco_key_free(key);
		return ERR_PTR(err);
	}
	return key;
}

/**
 * dco_key_reserve() - take packet ids
 * @key: the key they are for
 * @n: how many, at least 1
 * @first: receives the first id; the others follow it
 *
 * Return: 0, or -ERANGE if the key has not so many left.
 */
int dco_key_reserve(struct dco_key *key, unsigned int n, u32 *first)
{
	u64 id = atomic64_fetch_add(n, &key->next_id);

	if (unlikely(id + n - 1 > DCO_PACKET_ID_MAX))
		return -ERANGE;
	*first = id;
	return 0;
}

/**
 * dco_key_swap_is_due() - is it time to ask for a new key?
 * @key: a key in use
 * @last_id: the highest packet id taken
 *
 * Return: true once in the life of a key.
 */
bool dco_key_swap_is_due(struct dco_key *key, u32 last_id)
{
	return unlikely(last_id >= DCO_PACKET_ID_SOFT_MAX) &&
	       !test_and_set_bit(0, &key->is_swap_due);
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
	spin_lock_bh(&slots->lock);
	WRITE_ONCE(slots->primary, !slots->primary);
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
	if (is_found)
		dco_key_retire_take(key);
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
	return rcu_dereference(slots->key[dco_key_slots_index(slots, slot)]);
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
	struct dco_key *key;

	key = dco_key_slots_get(slots, OVPN_KEY_SLOT_PRIMARY);
	if (likely(key && key->id == id))
		return key;
	key = dco_key_slots_get(slots, OVPN_KEY_SLOT_SECONDARY);
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
