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
