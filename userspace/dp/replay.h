/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DP_REPLAY_H
#define DP_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The sliding window over received packet ids. The ring is twice the window,
 * so that a word that is still needed is never the one that is being reused.
 */

#define DP_REPLAY_WINDOW	2048u
#define DP_REPLAY_WORDS		(2 * DP_REPLAY_WINDOW / 64)

struct dp_replay {
	uint32_t highest;	/* 0: nothing received yet */
	uint64_t ring[DP_REPLAY_WORDS];
};

/**
 * dp_replay_accept() - take an authenticated packet id once
 * @is_newest: set when it is above everything received before
 *
 * Return: 0, -EALREADY (seen, or older than the window), -EINVAL (id 0).
 */
int dp_replay_accept(struct dp_replay *replay, uint32_t id, bool *is_newest);

#endif
