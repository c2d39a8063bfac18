/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RELIABLE_RELIABLE_H
#define RELIABLE_RELIABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/proto.h"

/*
 * The reliability layer: reliable, sequential transport of control messages
 * for one key state (protocol sections 3.1 to 3.4). No sockets, no TLS; the
 * clock is passed in, in milliseconds.
 */

#define RELIABLE_SEND_WINDOW	6
#define RELIABLE_RECV_WINDOW	12

struct reliable;

/**
 * struct reliable_packet - one packet to transmit, borrowed until the next call
 */
struct reliable_packet {
	enum proto_opcode op;
	uint32_t id;
	const uint8_t *payload;
	size_t len;
};

/**
 * reliable_new() - empty queues, ids from 0
 * @timeout_ms: first retransmission (tls-timeout)
 * @max_timeout_ms: cap of the doubling back-off
 *
 * Return: object of the caller, NULL when out of memory.
 */
struct reliable *reliable_new(uint32_t timeout_ms, uint32_t max_timeout_ms);
void reliable_free(struct reliable *rel);

/**
 * reliable_skip_reset() - start behind a reset exchange done without state
 *
 * For a server session created by a valid cookie (section 2.6): own id 0 counts
 * as sent and acked, the peer's id 0 as received.
 */
void reliable_skip_reset(struct reliable *rel);

/** reliable_can_send() - is there room in the send window */
bool reliable_can_send(const struct reliable *rel);

/**
 * reliable_send() - queue one packet; it is due at once
 *
 * Return: 0, -EAGAIN (window full), -ENOMEM or -EMSGSIZE (over
 * PROTO_CONTROL_MAX).
 */
int reliable_send(struct reliable *rel, enum proto_opcode op,
		  const uint8_t *payload, size_t len, uint64_t now);

/**
 * reliable_next_due() - the packet to transmit now, lowest id first
 *
 * Counts the transmission: doubles its timeout and sets its next try.
 *
 * Return: true with @pkt filled; false when nothing is due.
 */
bool reliable_next_due(struct reliable *rel, uint64_t now,
		       struct reliable_packet *pkt);

/** reliable_deadline() - when the next packet is due; UINT64_MAX if none */
uint64_t reliable_deadline(const struct reliable *rel);

/** reliable_is_acked() - has the peer acked everything that was sent */
bool reliable_is_acked(const struct reliable *rel);

/** reliable_schedule_now() - all outstanding is due, back-off restarts */
void reliable_schedule_now(struct reliable *rel, uint64_t now);

/**
 * reliable_input_acks() - process received acks
 *
 * Ids that are not outstanding are ignored but count for fast retransmit.
 * An ack of an id never sent is refused.
 *
 * Return: 0, or -EBADMSG when an id lies outside what was ever sent.
 */
int reliable_input_acks(struct reliable *rel, const uint32_t *acks,
			size_t n_acks, uint64_t now);

/**
 * reliable_input() - store a received packet and note its ack
 *
 * Return: 0 stored; -EALREADY replay, acked again; -ERANGE outside the window,
 * not acked; -EMSGSIZE too long or -ENOMEM, not acked.
 */
int reliable_input(struct reliable *rel, uint32_t id, const uint8_t *payload,
		   size_t len);

/**
 * reliable_deliver() - next packet in order
 * @payload: borrowed until the next reliable_deliver(); NULL if @len is 0
 *
 * Return: true when there was one; it is consumed.
 */
bool reliable_deliver(struct reliable *rel, const uint8_t **payload,
		      size_t *len);

/** reliable_has_acks() - are there acks that were not sent yet */
bool reliable_has_acks(const struct reliable *rel);

/**
 * reliable_take_acks() - acks to put into the next packet (section 3.4)
 * @max: PROTO_ACK_PIGGYBACK_MAX or PROTO_ACK_MAX
 *
 * Return: number written to @acks.
 */
size_t reliable_take_acks(struct reliable *rel, uint32_t *acks, size_t max);

/** reliable_ack_room() - acks that the next packet will carry, for its size */
size_t reliable_ack_room(const struct reliable *rel, size_t max);

#endif
