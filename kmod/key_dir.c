// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>

#include "key_dir.h"

/**
 * dco_key_tx_new() - make a sending direction
 * @epoch: 0 if the key has no epochs
 * @state: how far it has been used
 * @usage_max: how far it may be used, U64_MAX for a cipher without limit
 *
 * A key without epochs goes on above @usage_max: its successor is a matter of
 * the two daemons, and OpenVPN, too, only asks them for it. An epoch does not.
 *
 * Context: process, may sleep.
 * Return: the direction, its cipher still to be initialised; NULL without
 * memory.
 */
struct dco_key_tx *dco_key_tx_new(u16 epoch, const struct dco_key_state *state,
				  u64 usage_max)
{
	struct dco_key_tx *tx;

	tx = kzalloc(sizeof(*tx), GFP_KERNEL);
	if (!tx)
		return NULL;
	tx->epoch = epoch;
	tx->id_soft = epoch ? DCO_COUNTER_SOFT_MAX : DCO_PACKET_ID_SOFT_MAX;
	tx->id_max = epoch ? DCO_COUNTER_MAX : DCO_PACKET_ID_MAX;
	tx->usage_soft = dco_usage_soft(usage_max);
	tx->usage_max = epoch ? usage_max : U64_MAX;
	atomic64_set(&tx->next_id, state->id ?: 1);
	atomic64_set(&tx->usage, state->usage);
	return tx;
}

/**
 * dco_key_tx_free() - free a sending direction
 * @tx: the direction, which nobody uses any more, or NULL
 *
 * Context: process, may sleep.
 */
void dco_key_tx_free(struct dco_key_tx *tx)
{
	if (!tx)
		return;
	dco_aead_exit(&tx->aead);
	kfree(tx);
}

/**
 * dco_key_tx_reserve() - take packet ids
 * @tx: the direction that they are for
 * @n: how many, at least 1
 * @first: receives the first id; the others follow it
 *
 * Return: 0, or -ERANGE if there are not so many left, or the cipher has been
 * used too much.
 */
int dco_key_tx_reserve(struct dco_key_tx *tx, unsigned int n, u64 *first)
{
	u64 id = atomic64_fetch_add(n, &tx->next_id);

	if (unlikely(id + n - 1 > tx->id_max))
		return -ERANGE;
	if (unlikely(atomic64_read(&tx->usage) > tx->usage_max))
		return -ERANGE;
	*first = id;
	return 0;
}

/**
 * dco_key_tx_next() - the next packet id
 * @tx: a sending direction
 *
 * Return: the id, one above the last if all have been used.
 */
u64 dco_key_tx_next(const struct dco_key_tx *tx)
{
	return min_t(u64, atomic64_read(&tx->next_id), tx->id_max + 1);
}

/**
 * dco_key_rx_new() - make a receiving direction
 * @epoch: 0 if the key has no epochs
 * @state: how far it has been used
 * @usage_max: how far it may be used, U64_MAX for a cipher without limit
 *
 * Context: process, may sleep.
 * Return: the direction, its cipher still to be initialised; NULL without
 * memory.
 */
struct dco_key_rx *dco_key_rx_new(u16 epoch, const struct dco_key_state *state,
				  u64 usage_max)
{
	struct dco_key_rx *rx;

	rx = kzalloc(sizeof(*rx), GFP_KERNEL);
	if (!rx)
		return NULL;
	rx->epoch = epoch;
	rx->usage_soft = dco_usage_soft(usage_max);
	rx->usage = state->usage;
	atomic64_set(&rx->failures, state->failures);
	spin_lock_init(&rx->lock);
	dco_replay_init(&rx->replay, state->id, state->seen, state->seen_len);
	return rx;
}

/**
 * dco_key_rx_free() - free a receiving direction
 * @rx: the direction, which nobody uses any more, or NULL
 *
 * Context: process, may sleep.
 */
void dco_key_rx_free(struct dco_key_rx *rx)
{
	if (!rx)
		return;
	dco_aead_exit(&rx->aead);
	kfree(rx);
}

/**
 * dco_key_rx_accept() - is an authentic packet new?
 * @rx: what has opened it
 * @id: its packet id
 * @len: bytes of cleartext
 * @is_newest: set to whether the id is higher than all before
 *
 * Context: BH disabled.
 * Return: true if the packet is to be accepted; it is then remembered.
 */
bool dco_key_rx_accept(struct dco_key_rx *rx, u64 id, size_t len,
		       bool *is_newest)
{
	bool ok;

	spin_lock(&rx->lock);
	rx->usage += dco_usage(len);
	ok = dco_replay_accept(&rx->replay, id, is_newest);
	spin_unlock(&rx->lock);
	return ok;
}

/**
 * dco_key_rx_is_highest() - has nothing with a higher id come?
 * @rx: the direction
 * @id: id of a packet that it has accepted
 *
 * Context: BH disabled.
 */
bool dco_key_rx_is_highest(struct dco_key_rx *rx, u64 id)
{
	bool is_highest;

	spin_lock(&rx->lock);
	is_highest = id == rx->replay.highest;
	spin_unlock(&rx->lock);
	return is_highest;
}

/**
 * dco_key_rx_fail() - count a forged packet
 * @rx: what could not open it
 *
 * Return: true if there have been too many.
 */
bool dco_key_rx_fail(struct dco_key_rx *rx)
{
	return unlikely(atomic64_inc_return(&rx->failures) >
			DCO_FAILURES_SOFT_MAX);
}

/**
 * dco_key_rx_state() - how far has a direction been used?
 * @rx: the direction
 * @state: receives the answer, without seen
 */
void dco_key_rx_state(struct dco_key_rx *rx, struct dco_key_state *state)
{
	spin_lock_bh(&rx->lock);
	state->id = rx->replay.highest;
	state->usage = rx->usage;
	spin_unlock_bh(&rx->lock);
	state->failures = atomic64_read(&rx->failures);
}
