// SPDX-License-Identifier: GPL-2.0-or-later
#include "reliable/internal.h"

#include <stdlib.h>

struct reliable *reliable_new(uint32_t timeout_ms, uint32_t max_timeout_ms)
{
	struct reliable *rel;

	rel = calloc(1, sizeof(*rel));
	if (!rel)
		return NULL;
	/* With 0 a packet would stay due for ever. */
	rel->timeout = timeout_ms ? timeout_ms : 1;
	rel->max_timeout = max_timeout_ms > rel->timeout ?
		max_timeout_ms : rel->timeout;
	return rel;
}

void reliable_free(struct reliable *rel)
{
	free(rel);
}

void reliable_skip_reset(struct reliable *rel)
{
	rel->n_queued = 1;
	rel->n_sent = 1;
	rel->n_received = 1;
}

bool reliable_id_is_past(uint32_t id, uint64_t count)
{
	const uint64_t half = UINT32_C(1) << 31;
	uint32_t last = (uint32_t)(count - 1);

	/* Ids are compared modulo 2^32: the older half is the past. */
	if (count > half)
		count = half;
	return (uint32_t)(last - id) < count;
}
