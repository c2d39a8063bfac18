// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "replay.h"

/* All up to the highest id has been received, but for what @seen says. Of the
 * word of the highest id, the bits of later ids are those that nobody clears
 * when the window moves.
 */
static void dco_replay_restore(struct dco_replay *replay, const u8 *seen,
			       size_t seen_len)
{
	u64 top = replay->highest | (BITS_PER_LONG - 1);
	u64 n = min3((u64)DCO_REPLAY_WINDOW, replay->highest,
		     (u64)seen_len * BITS_PER_BYTE);
	u64 id, i;

	memset(replay->seen, 0xff, sizeof(replay->seen));
	for (id = replay->highest + 1; id <= top; id++)
		__clear_bit(id % DCO_REPLAY_BITS, replay->seen);
	for (i = 0; i < n; i++)
		if (!(seen[i / BITS_PER_BYTE] & BIT(i % BITS_PER_BYTE)))
			__clear_bit((replay->highest - i) % DCO_REPLAY_BITS,
				    replay->seen);
}

/**
 * dco_replay_init() - start with what has been received before
 * @replay: the window
 * @highest: the highest id received, 0 for none
 * @seen: bit i, the lowest of a byte first, tells whether the id @highest - i
 *	has been received
 * @seen_len: bytes at @seen; ids below them count as received
 */
void dco_replay_init(struct dco_replay *replay, u64 highest, const u8 *seen,
		     size_t seen_len)
{
	replay->highest = highest;
	if (highest)
		dco_replay_restore(replay, seen, seen_len);
	else
		memset(replay->seen, 0, sizeof(replay->seen));
}

/* Words between the old and the new highest id are cleared as the window
 * moves over them, so that no bits have to be shifted.
 */
static void dco_replay_advance(struct dco_replay *replay, u64 id)
{
	u64 word = replay->highest / BITS_PER_LONG;
	u64 n = min_t(u64, id / BITS_PER_LONG - word, DCO_REPLAY_WORDS);

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
 * Return: true if the packet is to be accepted; it is then remembered.
 */
bool dco_replay_accept(struct dco_replay *replay, u64 id, bool *is_newest)
{
	*is_newest = false;
	if (unlikely(!id))
		return false;

	if (likely(id > replay->highest)) {
		dco_replay_advance(replay, id);
		*is_newest = true;
	} else if (replay->highest - id >= DCO_REPLAY_WINDOW) {
		return false;
	}
	return !__test_and_set_bit(id % DCO_REPLAY_BITS, replay->seen);
}
