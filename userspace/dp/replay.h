/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DP_REPLAY_H
#define DP_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The sliding window over received packet ids. The ring is at least twice the
 * window, so that a word that is still needed is never the one that is being
 * reused.
 *
 * With a limit of time, what has been behind the newest packet for that long is
 * too old as well. The newest id is written down DP_REPLAY_MARKS times in that
 * time, so a packet may be that much later.
 */

#define DP_REPLAY_WINDOW	2048u		/* unless configured */
#define DP_REPLAY_WINDOW_MAX	65536u
#define DP_REPLAY_MARKS		4u

/**
 * struct dp_replay - a window
 * @highest: 0: nothing received yet
 * @ring: @mask + 1 words, a power of two
 * @floor: this id and those below are too old
 * @mark_at: when the next mark is due; UINT64_MAX without a limit of time
 * @marks: @highest as it was, @at_mark is the oldest
 */
struct dp_replay {
	uint64_t highest;
	uint64_t window;
	uint64_t *ring;
	uint64_t mask;
	uint64_t floor;
	uint64_t mark_at, interval;
	uint64_t marks[DP_REPLAY_MARKS];
	unsigned int at_mark;
};

/**
 * dp_replay_init() - an empty window
 * @window: ids, at most DP_REPLAY_WINDOW_MAX; 0: every id has to be newer than
 *	those before
 * @time_ms: limit of lateness, 0: none
 *
 * Return: 0 or -ENOMEM. Freed by dp_replay_free().
 */
int dp_replay_init(struct dp_replay *replay, uint32_t window,
		   uint64_t time_ms, uint64_t now_ms);

/** dp_replay_reset() - forget everything that was received */
void dp_replay_reset(struct dp_replay *replay);
void dp_replay_free(struct dp_replay *replay);

/**
 * dp_replay_accept() - take an authenticated packet id once
 * @is_newest: set when it is above everything received before
 *
 * Return: 0, -EALREADY (seen, or too old), -EINVAL (id 0).
 */
int dp_replay_accept(struct dp_replay *replay, uint64_t id, uint64_t now_ms,
		     bool *is_newest);

/** dp_replay_resume() - a new window: up to @highest, all have been seen */
void dp_replay_resume(struct dp_replay *replay, uint64_t highest);

#endif
