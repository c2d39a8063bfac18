// SPDX-License-Identifier: GPL-2.0-only
/*
 * Epoch data keys. Each direction of a key goes through epochs, of which each
 * has a cipher key, ids and a replay window of its own and whose secrets follow
 * one from the other. A sender moves on when an epoch has been used much, and
 * to the epoch in which it hears the other.
 *
 * Received packets are opened with the current epoch's key, that of the epoch
 * before it and of up to DCO_EPOCH_AHEAD later ones: the next ones, and the one
 * that we send in, because that is where the other goes when it hears us. Later
 * epochs exist as a secret only. An authentic packet of a later epoch makes
 * that one the current one. So a packet that is not authentic costs one attempt
 * to open it and changes nothing.
 *
 * Keys are made and freed in a work, because setting a cipher's key may sleep.
 * It is queued by the paths of packets, once per reason.
 */
#include <crypto/hash.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "device.h"
#include "epoch.h"
#include "key.h"

/* later epochs with a key for receiving */
#define DCO_EPOCH_AHEAD		3
/* until what failed for lack of memory is tried again */
#define DCO_EPOCH_RETRY		HZ

static_assert(DCO_KEY_RX_MAX == 2 + DCO_EPOCH_AHEAD);

/**
 * struct dco_epoch_chain - the secrets of one direction
 * @secret: the secret of @number, from which all later ones follow
 * @number: the first epoch that is not the past
 */
struct dco_epoch_chain {
	u8 secret[DCO_EPOCH_SECRET_SIZE];
	u16 number;
};

/**
 * struct dco_epoch - what a key with epochs has in addition
 * @key: the key, which owns this
 * @hmac: derives secrets
 * @cipher_len: length of a cipher key in bytes
 * @usage_max: see struct dco_key_tx; of each epoch
 * @lock: serialises writers of @current_no, @retiring_no, @index and of the
 *	key's rx pointers
 * @current_no: the epoch in which we hear the other
 * @retiring_no: the one before it; 0: none
 * @index: of the current epoch in the key's rx
 * @tx_chain: secrets for sending; the next epoch's on
 * @rx_chain: secrets for receiving; the next epoch's on
 * @work: dco_epoch_work(); the only user of @hmac and the chains, once the key
 *	is complete, and the only writer of the key's tx pointer
 */
struct dco_epoch {
	struct dco_key *key;
	struct crypto_shash *hmac;
	size_t cipher_len;
	u64 usage_max;
	spinlock_t lock;
	u16 current_no;
	u16 retiring_no;
	u8 index;
	struct dco_epoch_chain tx_chain;
	struct dco_epoch_chain rx_chain;
	struct delayed_work work;
};

/**
 * struct dco_epoch_old - what to free when nobody uses it any more
 * @tx: sending direction or NULL
 * @rx: receiving directions
 * @n_rx: their number
 */
struct dco_epoch_old {
	struct dco_key_tx *tx;
	struct dco_key_rx *rx[DCO_KEY_RX_MAX];
	unsigned int n_rx;
};

static const struct dco_key_state dco_epoch_unused;

/* Moves on until @chain is at @number. */
static int dco_epoch_chain_to(struct dco_epoch *epoch,
			      struct dco_epoch_chain *chain, u16 number)
{
	u8 next[DCO_EPOCH_SECRET_SIZE];
	int err = 0;

	while (!err && chain->number < number) {
		err = dco_hkdf_expand_label(epoch->hmac, chain->secret,
					    "datakey upd", next, sizeof(next));
		if (err)
			break;
		memcpy(chain->secret, next, sizeof(next));
		chain->number++;
		cond_resched();
	}
	memzero_explicit(next, sizeof(next));
	return err;
}

/* Makes the cipher of the epoch that @chain is at. */
static int dco_epoch_expand(struct dco_epoch *epoch,
			    const struct dco_epoch_chain *chain,
			    struct dco_aead *aead)
{
	u8 key[DCO_HKDF_SIZE], iv[DCO_NONCE_SIZE];
	int err;

	err = dco_hkdf_expand_label(epoch->hmac, chain->secret, "data_key",
				    key, epoch->cipher_len);
	if (!err)
		err = dco_hkdf_expand_label(epoch->hmac, chain->secret,
					    "data_iv", iv, sizeof(iv));
	if (!err)
		err = dco_aead_init(aead, epoch->key->alg, key,
				    epoch->cipher_len, iv);
	memzero_explicit(key, sizeof(key));
	memzero_explicit(iv, sizeof(iv));
	return err;
}

static struct dco_key_tx *dco_epoch_tx_new(struct dco_epoch *epoch,
					   const struct dco_key_state *state)
{
	struct dco_key_tx *tx;
	int err;

	tx = dco_key_tx_new(epoch->tx_chain.number, state, epoch->usage_max);
	if (!tx)
		return ERR_PTR(-ENOMEM);
	err = dco_epoch_expand(epoch, &epoch->tx_chain, &tx->aead);
	if (err) {
		dco_key_tx_free(tx);
		return ERR_PTR(err);
	}
	return tx;
}

static struct dco_key_rx *dco_epoch_rx_new(struct dco_epoch *epoch,
					   const struct dco_epoch_chain *chain,
					   const struct dco_key_state *state)
{
	struct dco_key_rx *rx;
	int err;

	rx = dco_key_rx_new(chain->number, state, epoch->usage_max);
	if (!rx)
		return ERR_PTR(-ENOMEM);
	err = dco_epoch_expand(epoch, chain, &rx->aead);
	if (err) {
		dco_key_rx_free(rx);
		return ERR_PTR(err);
	}
	return rx;
}

/* Index in the key's rx, or -1. Context: RCU read side, @lock or the work. */
static int dco_epoch_index(const struct dco_epoch *epoch, u16 number)
{
	const struct dco_key_rx *rx;
	int i;

	for (i = 0; i < DCO_KEY_RX_MAX; i++) {
		/* the works frees only what it has taken out before */
		rx = rcu_dereference_check(epoch->key->rx[i], true);
		if (rx && rx->epoch == number)
			return i;
	}
	return -1;
}

/**
 * dco_epoch_current() - what opens the packets of the current epoch
 * @epoch: the epochs of a key
 *
 * Context: RCU read side.
 * Return: the receiving direction.
 */
struct dco_key_rx *dco_epoch_current(const struct dco_epoch *epoch)
{
	return rcu_dereference(epoch->key->rx[READ_ONCE(epoch->index)]);
}

/**
 * dco_epoch_find() - what opens the packets of an epoch
 * @epoch: the epochs of a key
 * @number: the epoch
 *
 * Context: RCU read side.
 * Return: the receiving direction, or NULL if packets of this epoch are not to
 * be opened.
 */
struct dco_key_rx *dco_epoch_find(const struct dco_epoch *epoch, u16 number)
{
	struct dco_key_rx *rx = dco_epoch_current(epoch);
	int i;

	if (likely(rx && rx->epoch == number))
		return rx;
	/* epochs that have been skipped are still there until the work ran */
	if (number < smp_load_acquire(&epoch->current_no) &&
	    number != READ_ONCE(epoch->retiring_no))
		return NULL;
	i = dco_epoch_index(epoch, number);
	if (i < 0)
		return NULL;
	rx = rcu_dereference(epoch->key->rx[i]);
	return rx && rx->epoch == number ? rx : NULL;
}

/**
 * dco_epoch_kick() - look soon whether keys have to be made or freed
 * @epoch: the epochs of a key
 *
 * Context: RCU read side; any.
 */
void dco_epoch_kick(struct dco_epoch *epoch)
{
	mod_delayed_work(dco_wq, &epoch->work, 0);
}

/**
 * dco_epoch_heard() - the other has sent in an epoch
 * @epoch: the epochs of a key
 * @rx: what has opened the packet; it was authentic and new
 *
 * Context: BH disabled, RCU read side.
 * Return: true if this is the current epoch, possibly since now.
 */
bool dco_epoch_heard(struct dco_epoch *epoch, const struct dco_key_rx *rx)
{
	bool has_moved = false;
	int i;

	if (likely(rx->epoch <= READ_ONCE(epoch->current_no)))
		return rx->epoch == READ_ONCE(epoch->current_no);

	spin_lock(&epoch->lock);
	i = dco_epoch_index(epoch, rx->epoch);
	if (rx->epoch > epoch->current_no && i >= 0) {
		WRITE_ONCE(epoch->retiring_no, epoch->current_no);
		/* see dco_epoch_find(): who sees that an epoch is not the
		 * current one any more has to see that it is retiring
		 */
		smp_store_release(&epoch->current_no, rx->epoch);
		WRITE_ONCE(epoch->index, i);
		has_moved = true;
	}
	spin_unlock(&epoch->lock);
	if (has_moved)
		dco_epoch_kick(epoch);
	return has_moved;
}

/* The epoch to send in. */
static u16 dco_epoch_target(struct dco_epoch *epoch, u16 heard_no,
			    const struct dco_key_tx *tx)
{
	struct dco_key_rx *rx;
	u16 target = tx->epoch;

	if (target < heard_no)
		return heard_no;
	if (target >= DCO_EPOCH_MAX)
		return target;
	if (test_bit(0, &tx->is_worn))
		return target + 1;
	/* moving on is how to ask the other to do so */
	rcu_read_lock();
	rx = dco_epoch_find(epoch, heard_no);
	if (rx && rx->epoch == target && test_bit(0, &rx->is_worn))
		target++;
	rcu_read_unlock();
	return target;
}

/* Later epochs to have keys of, ascending; 0 at the end: there are no more. */
static void dco_epoch_wanted(u16 heard_no, u16 target,
			     u16 wanted[DCO_EPOCH_AHEAD])
{
	unsigned int i;

	for (i = 0; i < DCO_EPOCH_AHEAD; i++)
		wanted[i] = heard_no + 1 + i;
	/* the other may have heard our last move, or only the one before */
	if (target > wanted[DCO_EPOCH_AHEAD - 1]) {
		wanted[DCO_EPOCH_AHEAD - 2] = target - 1;
		wanted[DCO_EPOCH_AHEAD - 1] = target;
	}
	for (i = 0; i < DCO_EPOCH_AHEAD; i++)
		if (wanted[i] > DCO_EPOCH_MAX)
			wanted[i] = 0;
}

static bool dco_epoch_is_wanted(const struct dco_epoch *epoch, u16 number,
				const u16 wanted[DCO_EPOCH_AHEAD])
{
	unsigned int i;

	if (number == epoch->current_no || number == epoch->retiring_no)
		return true;
	for (i = 0; i < DCO_EPOCH_AHEAD; i++)
		if (number == wanted[i])
			return true;
	return false;
}

/* Takes out what is not wanted; what has just become current is. */
static void dco_epoch_retire(struct dco_epoch *epoch,
			     const u16 wanted[DCO_EPOCH_AHEAD],
			     struct dco_epoch_old *old)
{
	struct dco_key_rx *rx;
	int i;

	spin_lock_bh(&epoch->lock);
	for (i = 0; i < DCO_KEY_RX_MAX; i++) {
		rx = rcu_dereference_protected(epoch->key->rx[i],
					       lockdep_is_held(&epoch->lock));
		if (!rx || dco_epoch_is_wanted(epoch, rx->epoch, wanted))
			continue;
		RCU_INIT_POINTER(epoch->key->rx[i], NULL);
		old->rx[old->n_rx++] = rx;
	}
	spin_unlock_bh(&epoch->lock);
}

static int dco_epoch_insert(struct dco_epoch *epoch, struct dco_key_rx *rx)
{
	int i;

	for (i = 0; i < DCO_KEY_RX_MAX; i++) {
		if (rcu_access_pointer(epoch->key->rx[i]))
			continue;
		rcu_assign_pointer(epoch->key->rx[i], rx);
		return 0;
	}
	return -EAGAIN;
}

/* Makes the keys of later epochs. */
static int dco_epoch_prepare(struct dco_epoch *epoch, u16 heard_no,
			     const u16 wanted[DCO_EPOCH_AHEAD])
{
	struct dco_epoch_chain chain;
	struct dco_key_rx *rx;
	unsigned int i;
	int err;

	err = dco_epoch_chain_to(epoch, &epoch->rx_chain, heard_no + 1);
	if (err)
		return err;
	chain = epoch->rx_chain;
	for (i = 0; !err && i < DCO_EPOCH_AHEAD; i++) {
		if (!wanted[i] || dco_epoch_index(epoch, wanted[i]) >= 0)
			continue;
		err = dco_epoch_chain_to(epoch, &chain, wanted[i]);
		if (err)
			break;
		rx = dco_epoch_rx_new(epoch, &chain, &dco_epoch_unused);
		err = PTR_ERR_OR_ZERO(rx);
		if (err)
			break;
		err = dco_epoch_insert(epoch, rx);
		if (err)
			dco_key_rx_free(rx);
	}
	memzero_explicit(&chain, sizeof(chain));
	return err;
}

static int dco_epoch_send_in(struct dco_epoch *epoch, u16 number,
			     struct dco_epoch_old *old)
{
	struct dco_key *key = epoch->key;
	struct dco_key_tx *tx;
	int err;

	err = dco_epoch_chain_to(epoch, &epoch->tx_chain, number);
	if (err)
		return err;
	tx = dco_epoch_tx_new(epoch, &dco_epoch_unused);
	if (IS_ERR(tx))
		return PTR_ERR(tx);
	old->tx = rcu_replace_pointer(key->tx, tx, true);
	if (number >= DCO_EPOCH_SOFT_MAX)
		dco_key_want_swap(key);
	/* forget the secret of what is in use */
	return dco_epoch_chain_to(epoch, &epoch->tx_chain, number + 1);
}

static int dco_epoch_update(struct dco_epoch *epoch, struct dco_epoch_old *old)
{
	const struct dco_key_tx *tx;
	u16 wanted[DCO_EPOCH_AHEAD];
	u16 heard_no, target;
	int err;

	heard_no = READ_ONCE(epoch->current_no);
	tx = rcu_dereference_protected(epoch->key->tx, true);
	target = dco_epoch_target(epoch, heard_no, tx);
	dco_epoch_wanted(heard_no, target, wanted);
	dco_epoch_retire(epoch, wanted, old);
	/* first be able to receive what the other answers to a move */
	err = dco_epoch_prepare(epoch, heard_no, wanted);
	if (!err && target > tx->epoch)
		err = dco_epoch_send_in(epoch, target, old);
	return err;
}

static void dco_epoch_work(struct work_struct *work)
{
	struct dco_epoch *epoch = container_of(to_delayed_work(work),
					       struct dco_epoch, work);
	struct dco_epoch_old old = {};
	int err;

	err = dco_epoch_update(epoch, &old);
	if (old.tx || old.n_rx)
		synchronize_rcu();
	dco_key_tx_free(old.tx);
	while (old.n_rx)
		dco_key_rx_free(old.rx[--old.n_rx]);
	if (err)
		queue_delayed_work(dco_wq, &epoch->work, DCO_EPOCH_RETRY);
}

static void dco_epoch_chain_init(struct dco_epoch_chain *chain,
				 const struct dco_key_dir *dir)
{
	memcpy(chain->secret, dir->key, sizeof(chain->secret));
	chain->number = dir->epoch;
}

/* The first epochs, and the keys of those that follow. */
static int dco_epoch_start(struct dco_epoch *epoch,
			   const struct dco_key_config *config)
{
	struct dco_key *key = epoch->key;
	struct dco_epoch_old old = {};
	struct dco_key_tx *tx;
	struct dco_key_rx *rx;
	int err;

	tx = dco_epoch_tx_new(epoch, &config->encrypt.state);
	if (IS_ERR(tx))
		return PTR_ERR(tx);
	RCU_INIT_POINTER(key->tx, tx);
	rx = dco_epoch_rx_new(epoch, &epoch->rx_chain, &config->decrypt.state);
	if (IS_ERR(rx))
		return PTR_ERR(rx);
	RCU_INIT_POINTER(key->rx[0], rx);
	epoch->current_no = rx->epoch;
	if (tx->epoch >= DCO_EPOCH_SOFT_MAX)
		dco_key_want_swap(key);

	err = dco_epoch_chain_to(epoch, &epoch->tx_chain, tx->epoch + 1);
	if (!err)
		err = dco_epoch_update(epoch, &old);
	/* nobody has seen the key yet */
	dco_key_tx_free(old.tx);
	return err;
}

/**
 * dco_epoch_new() - give epochs to a key
 * @key: the key, without directions; owns the result, also if this fails
 * @config: what it is made of
 *
 * Context: process, may sleep and load modules.
 * Return: 0 or a negative errno.
 */
int dco_epoch_new(struct dco_key *key, const struct dco_key_config *config)
{
	struct dco_epoch *epoch;

	epoch = kzalloc(sizeof(*epoch), GFP_KERNEL);
	if (!epoch)
		return -ENOMEM;
	key->epoch = epoch;
	epoch->key = key;
	epoch->cipher_len = config->cipher_len;
	epoch->usage_max = config->usage_max;
	spin_lock_init(&epoch->lock);
	INIT_DELAYED_WORK(&epoch->work, dco_epoch_work);
	dco_epoch_chain_init(&epoch->tx_chain, &config->encrypt);
	dco_epoch_chain_init(&epoch->rx_chain, &config->decrypt);

	epoch->hmac = dco_hkdf_new();
	if (IS_ERR(epoch->hmac)) {
		int err = PTR_ERR(epoch->hmac);

		epoch->hmac = NULL;
		return err;
	}
	return dco_epoch_start(epoch, config);
}

/**
 * dco_epoch_free() - free the epochs of a key
 * @epoch: the epochs, of a key that no packet uses any more, or NULL
 *
 * The directions belong to the key.
 *
 * Context: process, may sleep.
 */
void dco_epoch_free(struct dco_epoch *epoch)
{
	if (!epoch)
		return;
	cancel_delayed_work_sync(&epoch->work);
	if (epoch->hmac)
		dco_hkdf_free(epoch->hmac);
	kfree_sensitive(epoch);
}
