// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "replay.h"

/**
 * dco_replay_init() - start with an empty window
 * @replay: the window
 */
void dco_replay_init(struct dco_replay *replay)
{
	spin_lock_init(&replay->lock);
	replay->highest = 0;
	memset(replay->seen, 0, sizeof(replay->seen));
}

/* Words between the old and the new highest id are cleared as the window
 * moves over them, so that no bits have to be shifted.
 */
static void dco_replay_advance(struct dco_replay *replay, u32 id)
{
	u32 word = replay->highest / BITS_PER_LONG;
	u32 n = min_t(u32, id / BITS_PER_LONG - word, DCO_REPLAY_WORDS);

	while (n--)
		replay->seen[++word % DCO_REPLAY_WORDS] = 0;
	replay->highest = id;
}

/**
 * dco_replay_accept() - is this packet id new?
 * @replay: the window of the key
 * @id: id of a packet that has been authenticated
 * @is_newest: set to whether the id is higher than all before
 *
 * Context: BH disabled.
 * Return: true if the packet is to be accepted; it is then remembered.
 */
bool dco_replay_accept(struct dco_replay *replay, u32 id, bool *is_newest)
{
	bool ok = false;

	*is_newest = false;
	if (unlikely(!id))
		return false;

	spin_lock(&replay->lock);
	if (likely(id > replay->highest)) {
		dco_replay_advance(replay, id);
		*is_newest = true;
	} else if (replay->highest - id >= DCO_REPLAY_WINDOW) {
		goto out;
	}
	ok = !__test_and_set_bit(id % DCO_REPLAY_BITS, replay->seen);
out:
	spin_unlock(&replay->lock);
	return ok;
}
