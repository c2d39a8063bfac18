/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RELIABLE_INTERNAL_H
#define RELIABLE_INTERNAL_H

#include "reliable/reliable.h"

/* Shared by the files of reliable/ only. */

/**
 * struct reliable_out - an outstanding packet
 * @n_later_acks: acks seen for later packets since its last transmission
 * @payload: owned while @is_used; NULL if it is empty
 */
struct reliable_out {
	bool is_used;
	enum proto_opcode op;
	uint32_t id;
	uint64_t next_try;	/* ms */
	uint32_t timeout;	/* ms, of the next transmission */
	unsigned int n_later_acks;
	size_t len;
	uint8_t *payload;
};

/**
 * struct reliable_in - a packet that waits for its turn
 * @payload: owned while @is_used; NULL if it is empty
 */
struct reliable_in {
	bool is_used;
	uint32_t id;
	size_t len;
	uint8_t *payload;
};

/** struct reliable_ids - a short list of packet ids */
struct reliable_ids {
	uint32_t id[PROTO_ACK_MAX];
	size_t n;
};

/**
 * struct reliable - both directions of one key state
 * @n_queued, @n_sent, @n_received: counts since the start, whose low 32 bits
 *	are the next id to assign, the next one never transmitted yet and the
 *	next one to deliver. They tell an id that was from one that will be.
 * @pending: acks not sent yet, oldest first
 * @recent: acks sent before, most recent first (section 3.4)
 * @delivered: payload that was lent last; owned
 *
 * Most of its life a session waits: payloads are allocated while they are
 * needed, so that an idle one keeps less than a kilobyte.
 */
struct reliable {
	uint32_t timeout;	/* ms */
	uint32_t max_timeout;	/* ms */
	uint64_t n_queued;
	uint64_t n_sent;
	uint64_t n_received;
	struct reliable_ids pending;
	struct reliable_ids recent;
	uint8_t *delivered;
	struct reliable_out out[RELIABLE_SEND_WINDOW];
	struct reliable_in in[RELIABLE_RECV_WINDOW];
};

/** reliable_id_is_past() - is @id one of the @count ids before the next one */
bool reliable_id_is_past(uint32_t id, uint64_t count);

/**
 * reliable_payload_copy() - own copy of a payload
 * @out: receives it; NULL when there is nothing to copy
 *
 * Return: 0 or -ENOMEM.
 */
int reliable_payload_copy(uint8_t **out, const uint8_t *payload, size_t len);

/** reliable_ack_note() - remember to ack @id, if there is room */
void reliable_ack_note(struct reliable *rel, uint32_t id);

#endif
