// SPDX-License-Identifier: GPL-2.0-or-later
#include "reliable/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	if (!rel)
		return;
	for (size_t i = 0; i < RELIABLE_SEND_WINDOW; i++)
		free(rel->out[i].payload);
	for (size_t i = 0; i < RELIABLE_RECV_WINDOW; i++)
		free(rel->in[i].payload);
	free(rel->delivered);
	free(rel);
}

int reliable_payload_copy(uint8_t **out, const uint8_t *payload, size_t len)
{
	*out = NULL;
	if (!len)
		return 0;
	*out = malloc(len);
	if (!*out)
		return -ENOMEM;
	memcpy(*out, payload, len);
	return 0;
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
