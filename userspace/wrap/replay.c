// SPDX-License-Identifier: GPL-2.0-or-later
#include "wrap/internal.h"

#include <errno.h>
#include <string.h>

/* Section 1.6: replay ids of wrapped control packets. */

#define REPLAY_EXPIRE_MS	15000
#define REPLAY_REAP_MS		5000
#define REPLAY_UNSEEN		0
#define REPLAY_EXPIRED		UINT32_MAX

int wrap_replay_next(struct wrap_tx *tx, int64_t now)
{
	uint32_t clock = (uint32_t)now;

	if (!tx->time)
		tx->time = clock;
	if (tx->next_id == UINT32_MAX) {
		if (clock <= tx->time)
			return -EOVERFLOW;
		tx->time = clock;
		tx->next_id = 0;
	}
	tx->next_id++;
	return 0;
}

/* Low bits of a time, other than those with a meaning of their own. */
static uint32_t replay_stamp(uint64_t now_ms)
{
	uint32_t low = (uint32_t)now_ms;

	return low == REPLAY_UNSEEN || low == REPLAY_EXPIRED ? 1 : low;
}

static uint32_t *replay_slot(struct wrap_rx *rx, uint32_t id)
{
	return &rx->seen_at[id % WRAP_REPLAY_WINDOW];
}

/*
 * From the newest id downwards: behind one that was received too long ago
 * nothing is accepted any more.
 */
static void replay_reap(struct wrap_rx *rx, uint64_t now_ms)
{
	bool is_expired = false;
	uint32_t *slot;
	uint32_t i;

	if (now_ms - rx->last_reap < REPLAY_REAP_MS)
		return;
	rx->last_reap = now_ms;
	for (i = 0; i < rx->n_tracked; i++) {
		slot = replay_slot(rx, rx->highest - i);
		if (*slot == REPLAY_EXPIRED)
			break;
		if (*slot != REPLAY_UNSEEN &&
		    (uint32_t)now_ms - *slot > REPLAY_EXPIRE_MS)
			is_expired = true;
		if (is_expired)
			*slot = REPLAY_EXPIRED;
	}
}

static bool replay_is_fresh(struct wrap_rx *rx, uint32_t id, uint32_t time)
{
	uint32_t behind;

	if (!id || time < rx->time)
		return false;
	if (time > rx->time || id > rx->highest)
		return true;
	behind = rx->highest - id;
	return behind < rx->n_tracked && *replay_slot(rx, id) == REPLAY_UNSEEN;
}

/* A jump over the whole window leaves nothing of it. */
static void replay_advance(struct wrap_rx *rx, uint32_t id)
{
	uint32_t ahead = id - rx->highest;

	if (!rx->n_tracked || ahead > WRAP_REPLAY_WINDOW) {
		memset(rx->seen_at, 0, sizeof(rx->seen_at));
		rx->n_tracked = id < WRAP_REPLAY_WINDOW ?
			id : WRAP_REPLAY_WINDOW;
		rx->highest = id;
		return;
	}
	while (rx->highest != id) {
		rx->highest++;
		*replay_slot(rx, rx->highest) = REPLAY_UNSEEN;
		if (rx->n_tracked < WRAP_REPLAY_WINDOW)
			rx->n_tracked++;
	}
}

int wrap_replay_accept(struct wrap_rx *rx, uint64_t now_ms, uint32_t id,
		       uint32_t time)
{
	replay_reap(rx, now_ms);
	if (!replay_is_fresh(rx, id, time))
		return -EALREADY;
	if (time > rx->time) {
		rx->time = time;
		rx->highest = 0;
		rx->n_tracked = 0;
	}
	if (id > rx->highest)
		replay_advance(rx, id);
	*replay_slot(rx, id) = replay_stamp(now_ms);
	return 0;
}

void wrap_rx_resume(struct wrap_rx *rx, uint32_t time, uint32_t highest,
		    uint64_t now_ms)
{
	memset(rx, 0, sizeof(*rx));
	rx->time = time;
	rx->highest = highest;
	rx->n_tracked = highest < WRAP_REPLAY_WINDOW ? highest :
						       WRAP_REPLAY_WINDOW;
	for (unsigned int i = 0; i < WRAP_REPLAY_WINDOW; i++)
		rx->seen_at[i] = replay_stamp(now_ms);
}
