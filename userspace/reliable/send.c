// SPDX-License-Identifier: GPL-2.0-or-later
#include "reliable/internal.h"

#include <errno.h>
#include <stdlib.h>

/* Section 3.1: the send window and its retransmissions. */

#define SEND_FAST_RETRANSMIT	3	/* acks for later packets */

/* Of two outstanding ids: they are close, so this works modulo 2^32. */
static bool send_is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static struct reliable_out *send_oldest(struct reliable_out *out,
					uint64_t due_at)
{
	struct reliable_out *oldest = NULL;
	size_t i;

	for (i = 0; i < RELIABLE_SEND_WINDOW; i++) {
		if (!out[i].is_used || out[i].next_try > due_at)
			continue;
		if (!oldest || send_is_before(out[i].id, oldest->id))
			oldest = &out[i];
	}
	return oldest;
}

bool reliable_can_send(const struct reliable *rel)
{
	uint32_t next = (uint32_t)rel->n_queued;
	size_t i;

	for (i = 0; i < RELIABLE_SEND_WINDOW; i++) {
		if (rel->out[i].is_used &&
		    next - rel->out[i].id >= RELIABLE_SEND_WINDOW)
			return false;
	}
	return true;
}

static struct reliable_out *send_free_slot(struct reliable *rel)
{
	size_t i;

	for (i = 0; i < RELIABLE_SEND_WINDOW; i++) {
		if (!rel->out[i].is_used)
			return &rel->out[i];
	}
	return NULL;
}

int reliable_send(struct reliable *rel, enum proto_opcode op,
		  const uint8_t *payload, size_t len, uint64_t now)
{
	struct reliable_out *out;

	if (len > PROTO_CONTROL_MAX)
		return -EMSGSIZE;
	if (!reliable_can_send(rel))
		return -EAGAIN;
	out = send_free_slot(rel);
	if (!out)
		return -EAGAIN;
	if (reliable_payload_copy(&out->payload, payload, len))
		return -ENOMEM;
	out->is_used = true;
	out->op = op;
	out->id = (uint32_t)rel->n_queued++;
	out->next_try = now;
	out->timeout = rel->timeout;
	out->n_later_acks = 0;
	out->len = len;
	return 0;
}

bool reliable_next_due(struct reliable *rel, uint64_t now,
		       struct reliable_packet *pkt)
{
	struct reliable_out *out = send_oldest(rel->out, now);

	if (!out)
		return false;
	out->next_try = now + out->timeout;
	out->timeout = out->timeout > rel->max_timeout / 2 ?
		rel->max_timeout : 2 * out->timeout;
	out->n_later_acks = 0;
	/* First transmissions go in order, as new packets are due at once. */
	if (!reliable_id_is_past(out->id, rel->n_sent))
		rel->n_sent += out->id - (uint32_t)rel->n_sent + 1;
	pkt->op = out->op;
	pkt->id = out->id;
	pkt->payload = out->payload;
	pkt->len = out->len;
	return true;
}

uint64_t reliable_deadline(const struct reliable *rel)
{
	uint64_t deadline = UINT64_MAX;
	size_t i;

	for (i = 0; i < RELIABLE_SEND_WINDOW; i++) {
		if (rel->out[i].is_used && rel->out[i].next_try < deadline)
			deadline = rel->out[i].next_try;
	}
	return deadline;
}

bool reliable_is_acked(const struct reliable *rel)
{
	size_t i;

	for (i = 0; i < RELIABLE_SEND_WINDOW; i++) {
		if (rel->out[i].is_used)
			return false;
	}
	return true;
}

void reliable_schedule_now(struct reliable *rel, uint64_t now)
{
	size_t i;

	for (i = 0; i < RELIABLE_SEND_WINDOW; i++) {
		rel->out[i].next_try = now;
		rel->out[i].timeout = rel->timeout;
	}
}

static void send_take_ack(struct reliable *rel, uint32_t id, uint64_t now)
{
	struct reliable_out *out;
	size_t i;

	for (i = 0; i < RELIABLE_SEND_WINDOW; i++) {
		out = &rel->out[i];
		if (!out->is_used)
			continue;
		if (out->id == id) {
			out->is_used = false;
			free(out->payload);
			out->payload = NULL;
			continue;
		}
		if (send_is_before(out->id, id) &&
		    ++out->n_later_acks >= SEND_FAST_RETRANSMIT &&
		    out->next_try > now)
			out->next_try = now;
	}
}

int reliable_input_acks(struct reliable *rel, const uint32_t *acks,
			size_t n_acks, uint64_t now)
{
	size_t i;

	/* All of them first: a packet with one forged ack has no effect. */
	for (i = 0; i < n_acks; i++) {
		if (!reliable_id_is_past(acks[i], rel->n_sent))
			return -EBADMSG;
	}
	for (i = 0; i < n_acks; i++)
		send_take_ack(rel, acks[i], now);
	return 0;
}
