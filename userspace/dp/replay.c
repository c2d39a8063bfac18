// SPDX-License-Identifier: GPL-2.0-or-later
#include "dp/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int dp_replay_init(struct dp_replay *replay, uint32_t window,
		   uint64_t time_ms, uint64_t now_ms)
{
	uint64_t words = 2;

	while (words * 64 < 2 * (uint64_t)window)
		words *= 2;
	memset(replay, 0, sizeof(*replay));
	replay->window = window;
	replay->mask = words - 1;
	replay->mark_at = UINT64_MAX;
	if (time_ms) {
		replay->interval = time_ms / DP_REPLAY_MARKS;
		replay->interval += !replay->interval;
		replay->mark_at = now_ms + replay->interval;
	}
	replay->ring = calloc(words, sizeof(*replay->ring));
	return replay->ring ? 0 : -ENOMEM;
}

void dp_replay_reset(struct dp_replay *replay)
{
	memset(replay->ring, 0, (replay->mask + 1) * sizeof(*replay->ring));
	memset(replay->marks, 0, sizeof(replay->marks));
	replay->highest = 0;
	replay->floor = 0;
}

void dp_replay_free(struct dp_replay *replay)
{
	free(replay->ring);
	replay->ring = NULL;
}

/* Forget what the words between the old and the new highest id stood for. */
static void dp_replay_advance(struct dp_replay *replay, uint64_t id)
{
	uint64_t word = replay->highest / 64, last = id / 64;

	if (last - word > replay->mask)
		memset(replay->ring, 0,
		       (replay->mask + 1) * sizeof(*replay->ring));
	else
		while (word != last)
			replay->ring[++word & replay->mask] = 0;
	replay->highest = id;
}

/* Time has passed: what was the newest long ago is the oldest that counts. */
static void dp_replay_mark(struct dp_replay *replay, uint64_t now_ms)
{
	unsigned int n = 0;

	while (replay->mark_at <= now_ms && n++ < DP_REPLAY_MARKS + 1) {
		replay->floor = replay->marks[replay->at_mark];
		replay->marks[replay->at_mark] = replay->highest;
		replay->at_mark = (replay->at_mark + 1) % DP_REPLAY_MARKS;
		replay->mark_at += replay->interval;
	}
	if (replay->mark_at <= now_ms)
		replay->mark_at = now_ms + replay->interval;
}

int dp_replay_accept(struct dp_replay *replay, uint64_t id, uint64_t now_ms,
		     bool *is_newest)
{
	uint64_t bit = UINT64_C(1) << id % 64;
	uint64_t *word = &replay->ring[id / 64 & replay->mask];

	*is_newest = false;
	if (!id)
		return -EINVAL;
	if (now_ms >= replay->mark_at)
		dp_replay_mark(replay, now_ms);
	if (id > replay->highest) {
		dp_replay_advance(replay, id);
		*is_newest = true;
	} else if (replay->highest - id >= replay->window || *word & bit ||
		   id <= replay->floor) {
		return -EALREADY;
	}
	*word |= bit;
	return 0;
}

void dp_replay_resume(struct dp_replay *replay, uint64_t highest)
{
	dp_replay_reset(replay);
	replay->highest = highest;
	replay->floor = highest;
	for (unsigned int i = 0; i < DP_REPLAY_MARKS; i++)
		replay->marks[i] = highest;
}
