// SPDX-License-Identifier: GPL-2.0-or-later
#include "reliable/internal.h"

#include <string.h>

/* Sections 3.3 and 3.4: acks to send, and their repetition. */

static bool ids_has(const struct reliable_ids *ids, uint32_t id)
{
	size_t i;

	for (i = 0; i < ids->n; i++) {
		if (ids->id[i] == id)
			return true;
	}
	return false;
}

static void ids_move_to_front(struct reliable_ids *ids, uint32_t id)
{
	size_t i;

	/* Everything in front of its old place moves back by one. */
	for (i = 0; i < ids->n && ids->id[i] != id; i++)
		;
	if (i == PROTO_ACK_MAX)
		i--;
	else if (i == ids->n)
		ids->n++;
	memmove(&ids->id[1], &ids->id[0], i * sizeof(ids->id[0]));
	ids->id[0] = id;
}

static void ids_drop_front(struct reliable_ids *ids, size_t n)
{
	ids->n -= n;
	memmove(&ids->id[0], &ids->id[n], ids->n * sizeof(ids->id[0]));
}

static size_t ack_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

void reliable_ack_note(struct reliable *rel, uint32_t id)
{
	struct reliable_ids *pending = &rel->pending;

	/* Without room the peer repeats the packet, and it is acked then. */
	if (pending->n == PROTO_ACK_MAX || ids_has(pending, id))
		return;
	pending->id[pending->n++] = id;
}

bool reliable_has_acks(const struct reliable *rel)
{
	return rel->pending.n > 0;
}

size_t reliable_take_acks(struct reliable *rel, uint32_t *acks, size_t max)
{
	size_t n_new = ack_min(rel->pending.n, max);
	size_t i, n;

	for (i = n_new; i > 0; i--)
		ids_move_to_front(&rel->recent, rel->pending.id[i - 1]);
	ids_drop_front(&rel->pending, n_new);
	n = ack_min(rel->recent.n, max);
	memcpy(acks, rel->recent.id, n * sizeof(acks[0]));
	return n;
}

size_t reliable_ack_room(const struct reliable *rel, size_t max)
{
	size_t n_new = ack_min(rel->pending.n, max);
	size_t n = rel->recent.n;
	size_t i;

	for (i = 0; i < n_new; i++) {
		if (!ids_has(&rel->recent, rel->pending.id[i]))
			n++;
	}
	return ack_min(n, max);
}
