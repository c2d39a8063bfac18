// SPDX-License-Identifier: GPL-2.0-or-later
#include "dp/replay.h"

#include <errno.h>
#include <string.h>

/* Forget what the words between the old and the new highest id stood for. */
static void dp_replay_advance(struct dp_replay *replay, uint32_t id)
{
	uint32_t word = replay->highest / 64, last = id / 64;

	if (last - word >= DP_REPLAY_WORDS)
		memset(replay->ring, 0, sizeof(replay->ring));
	else
		while (word != last)
			replay->ring[++word % DP_REPLAY_WORDS] = 0;
	replay->highest = id;
}

int dp_replay_accept(struct dp_replay *replay, uint32_t id, bool *is_newest)
{
	uint64_t bit = UINT64_C(1) << id % 64;
	uint64_t *word = &replay->ring[id / 64 % DP_REPLAY_WORDS];

	*is_newest = false;
	if (!id)
		return -EINVAL;
	if (id > replay->highest) {
		dp_replay_advance(replay, id);
		*is_newest = true;
	} else if (replay->highest - id >= DP_REPLAY_WINDOW || *word & bit) {
		return -EALREADY;
	}
	*word |= bit;
	return 0;
}
