// SPDX-License-Identifier: GPL-2.0-or-later
#include "reliable/internal.h"

#include <errno.h>
#include <stdlib.h>

/* Section 3.2: the receive window, delivered in order. */

static struct reliable_in *recv_find(struct reliable *rel, uint32_t id)
{
	size_t i;

	for (i = 0; i < RELIABLE_RECV_WINDOW; i++) {
		if (rel->in[i].is_used && rel->in[i].id == id)
			return &rel->in[i];
	}
	return NULL;
}

static struct reliable_in *recv_free_slot(struct reliable *rel)
{
	size_t i;

	for (i = 0; i < RELIABLE_RECV_WINDOW; i++) {
		if (!rel->in[i].is_used)
			return &rel->in[i];
	}
	return NULL;
}

int reliable_input(struct reliable *rel, uint32_t id, const uint8_t *payload,
		   size_t len)
{
	uint32_t ahead = id - (uint32_t)rel->n_received;
	struct reliable_in *in;

	if (len > PROTO_CONTROL_MAX)
		return -EMSGSIZE;
	/* The ack of what was here before may have been lost: ack again. */
	if (reliable_id_is_past(id, rel->n_received) || recv_find(rel, id)) {
		reliable_ack_note(rel, id);
		return -EALREADY;
	}
	if (ahead >= RELIABLE_RECV_WINDOW)
		return -ERANGE;
	in = recv_free_slot(rel);
	if (!in)
		return -ERANGE;
	if (reliable_payload_copy(&in->payload, payload, len))
		return -ENOMEM;
	in->is_used = true;
	in->id = id;
	in->len = len;
	reliable_ack_note(rel, id);
	return 0;
}

bool reliable_deliver(struct reliable *rel, const uint8_t **payload,
		      size_t *len)
{
	struct reliable_in *in = recv_find(rel, (uint32_t)rel->n_received);

	free(rel->delivered);
	rel->delivered = NULL;
	if (!in)
		return false;
	in->is_used = false;
	rel->delivered = in->payload;
	in->payload = NULL;
	rel->n_received++;
	*payload = rel->delivered;
	*len = in->len;
	return true;
}
