// SPDX-License-Identifier: GPL-2.0-or-later
/* The reliability layer, step by step: protocol sections 3.1 to 3.4. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reliable/reliable.h"

#define TIMEOUT 2000u
#define CAP 16000u
#define NEVER UINT64_MAX

static struct reliable *rel_new(void)
{
	struct reliable *rel = reliable_new(TIMEOUT, CAP);

	assert_non_null(rel);
	return rel;
}

static void send_byte(struct reliable *rel, uint8_t byte, uint64_t now)
{
	assert_int_equal(reliable_send(rel, PROTO_CONTROL_V1, &byte, 1, now),
			 0);
}

static void assert_due(struct reliable *rel, uint64_t now, uint32_t id)
{
	struct reliable_packet pkt;

	assert_true(reliable_next_due(rel, now, &pkt));
	assert_int_equal(pkt.id, id);
}

static void assert_none_due(struct reliable *rel, uint64_t now)
{
	struct reliable_packet pkt;

	assert_false(reliable_next_due(rel, now, &pkt));
}

static void ack(struct reliable *rel, uint32_t id, uint64_t now)
{
	assert_int_equal(reliable_input_acks(rel, &id, 1, now), 0);
}

/* Send @n packets with ids from 0, all transmitted at @now. */
static struct reliable *rel_with_sent(unsigned int n, uint64_t now)
{
	struct reliable *rel = rel_new();
	unsigned int i;

	for (i = 0; i < n; i++) {
		send_byte(rel, (uint8_t)i, now);
		assert_due(rel, now, i);
	}
	return rel;
}

static int input(struct reliable *rel, uint32_t id)
{
	uint8_t byte = (uint8_t)id;

	return reliable_input(rel, id, &byte, 1);
}

static void assert_delivers(struct reliable *rel, uint32_t first, uint32_t n)
{
	const uint8_t *payload;
	uint32_t i;
	size_t len;

	for (i = first; i < first + n; i++) {
		assert_true(reliable_deliver(rel, &payload, &len));
		assert_int_equal(len, 1);
		assert_int_equal(payload[0], (uint8_t)i);
	}
	assert_false(reliable_deliver(rel, &payload, &len));
}

/* sending */

static void test_send_content(void **state)
{
	struct reliable *rel = rel_new();
	uint8_t payload[PROTO_CONTROL_MAX + 1];
	struct reliable_packet pkt;

	(void)state;
	memset(payload, 0x5a, sizeof(payload));
	assert_int_equal(reliable_send(rel, PROTO_CONTROL_V1, payload,
				       sizeof(payload), 0), -EMSGSIZE);
	assert_int_equal(reliable_send(rel, PROTO_CONTROL_HARD_RESET_CLIENT_V2,
				       NULL, 0, 0), 0);
	assert_int_equal(reliable_send(rel, PROTO_CONTROL_V1, payload,
				       PROTO_CONTROL_MAX, 0), 0);
	assert_true(reliable_next_due(rel, 0, &pkt));
	assert_int_equal(pkt.op, PROTO_CONTROL_HARD_RESET_CLIENT_V2);
	assert_int_equal(pkt.id, 0);
	assert_int_equal(pkt.len, 0);
	assert_true(reliable_next_due(rel, 0, &pkt));
	assert_int_equal(pkt.op, PROTO_CONTROL_V1);
	assert_int_equal(pkt.id, 1);
	assert_int_equal(pkt.len, PROTO_CONTROL_MAX);
	assert_memory_equal(pkt.payload, payload, PROTO_CONTROL_MAX);
	reliable_free(rel);
	reliable_free(NULL);
}

static void test_send_window(void **state)
{
	struct reliable *rel = rel_with_sent(RELIABLE_SEND_WINDOW, 0);
	uint8_t byte = 6;

	(void)state;
	assert_false(reliable_can_send(rel));
	assert_int_equal(reliable_send(rel, PROTO_CONTROL_V1, &byte, 1, 0),
			 -EAGAIN);
	/* Room counts from the oldest: acks behind it make none. */
	ack(rel, 1, 0);
	ack(rel, 5, 0);
	assert_false(reliable_can_send(rel));
	ack(rel, 0, 0);
	assert_true(reliable_can_send(rel));
	/* Oldest is 2 now: 6 and 7 fit, 8 does not. */
	send_byte(rel, 6, 0);
	send_byte(rel, 7, 0);
	assert_false(reliable_can_send(rel));
	assert_due(rel, 0, 6);
	assert_due(rel, 0, 7);
	assert_none_due(rel, 0);
	reliable_free(rel);
}

static void test_send_is_acked(void **state)
{
	struct reliable *rel = rel_new();

	(void)state;
	assert_true(reliable_is_acked(rel));
	assert_int_equal(reliable_deadline(rel), NEVER);
	send_byte(rel, 0, 100);
	assert_false(reliable_is_acked(rel));
	assert_int_equal(reliable_deadline(rel), 100);
	assert_due(rel, 100, 0);
	assert_int_equal(reliable_deadline(rel), 100 + TIMEOUT);
	ack(rel, 0, 200);
	assert_true(reliable_is_acked(rel));
	assert_int_equal(reliable_deadline(rel), NEVER);
	/* Acked twice is harmless. */
	ack(rel, 0, 200);
	reliable_free(rel);
}

static void test_send_back_off(void **state)
{
	static const uint32_t waits[] = {
		2000, 4000, 8000, 16000, 16000, 16000,
	};
	struct reliable *rel = rel_with_sent(1, 1000);
	uint64_t now = 1000;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		assert_none_due(rel, now + waits[i] - 1);
		assert_int_equal(reliable_deadline(rel), now + waits[i]);
		now += waits[i];
		assert_due(rel, now, 0);
		assert_none_due(rel, now);
	}
	reliable_free(rel);
}

/* Timeouts that make no sense do not make it spin or overflow. */
static void test_send_odd_timeouts(void **state)
{
	static const struct {
		uint32_t timeout, max;
		uint64_t first, second, third;
	} rows[] = {
		{ 0, 0, 1, 1, 1 },
		{ 1, 3, 1, 2, 3 },
		{ 5, 1, 5, 5, 5 },
		{ 0x80000000u, UINT32_MAX, 0x80000000u, UINT32_MAX,
		  UINT32_MAX },
	};
	struct reliable *rel;
	uint64_t now;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rel = reliable_new(rows[i].timeout, rows[i].max);
		assert_non_null(rel);
		now = 7;
		send_byte(rel, 0, now);
		assert_due(rel, now, 0);
		now += rows[i].first;
		assert_int_equal(reliable_deadline(rel), now);
		assert_due(rel, now, 0);
		now += rows[i].second;
		assert_int_equal(reliable_deadline(rel), now);
		assert_due(rel, now, 0);
		now += rows[i].third;
		assert_int_equal(reliable_deadline(rel), now);
		reliable_free(rel);
	}
}

static void test_send_lowest_first(void **state)
{
	struct reliable *rel = rel_with_sent(3, 0);

	(void)state;
	ack(rel, 1, 0);
	assert_due(rel, TIMEOUT, 0);
	assert_due(rel, TIMEOUT, 2);
	assert_none_due(rel, TIMEOUT);
	reliable_free(rel);
}

static void test_fast_retransmit(void **state)
{
	struct reliable *rel = rel_with_sent(6, 0);

	(void)state;
	ack(rel, 1, 10);
	ack(rel, 2, 11);
	assert_none_due(rel, 11);
	/* A third one, even of an id that is not outstanding any more. */
	ack(rel, 2, 12);
	assert_int_equal(reliable_deadline(rel), 12);
	assert_due(rel, 12, 0);
	assert_none_due(rel, 12);
	/* The counter started again. */
	ack(rel, 3, 13);
	ack(rel, 4, 14);
	assert_none_due(rel, 14);
	ack(rel, 5, 15);
	assert_due(rel, 15, 0);
	assert_none_due(rel, 15);
	ack(rel, 0, 16);
	assert_true(reliable_is_acked(rel));
	reliable_free(rel);
}

/* Acks of earlier ids say nothing about later packets. */
static void test_fast_retransmit_not(void **state)
{
	static const uint32_t acks[] = { 0, 0, 0, 0, 1, 1, 1 };
	struct reliable *rel = rel_with_sent(4, 0);

	(void)state;
	assert_int_equal(reliable_input_acks(rel, acks, 7, 10), 0);
	assert_none_due(rel, 10);
	assert_int_equal(reliable_deadline(rel), TIMEOUT);
	reliable_free(rel);
}

static void test_schedule_now(void **state)
{
	struct reliable *rel = rel_with_sent(2, 0);

	(void)state;
	assert_due(rel, TIMEOUT, 0);
	assert_due(rel, TIMEOUT, 1);
	assert_int_equal(reliable_deadline(rel), 3 * TIMEOUT);
	reliable_schedule_now(rel, 2500);
	assert_int_equal(reliable_deadline(rel), 2500);
	assert_due(rel, 2500, 0);
	assert_due(rel, 2500, 1);
	assert_none_due(rel, 2500);
	assert_int_equal(reliable_deadline(rel), 2500 + TIMEOUT);
	ack(rel, 0, 2500);
	ack(rel, 1, 2500);
	/* Nothing outstanding, nothing to schedule. */
	reliable_schedule_now(rel, 3000);
	assert_int_equal(reliable_deadline(rel), NEVER);
	reliable_free(rel);
}

static void test_acks_forged(void **state)
{
	static const uint32_t mixed[] = { 0, 1, 3 };
	static const uint32_t never[] = {
		3, 4, 100, 0x7fffffff, 0x80000000u, UINT32_MAX,
	};
	struct reliable *rel = rel_new();
	uint32_t id;
	size_t i;

	(void)state;
	/* Nothing was sent. */
	id = 0;
	assert_int_equal(reliable_input_acks(rel, &id, 1, 0), -EBADMSG);
	assert_int_equal(reliable_input_acks(rel, NULL, 0, 0), 0);
	/* Queued is not sent. */
	send_byte(rel, 0, 0);
	assert_int_equal(reliable_input_acks(rel, &id, 1, 0), -EBADMSG);
	assert_false(reliable_is_acked(rel));
	assert_due(rel, 0, 0);
	assert_int_equal(reliable_input_acks(rel, &id, 1, 0), 0);
	assert_true(reliable_is_acked(rel));
	reliable_free(rel);

	rel = rel_with_sent(3, 0);
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_int_equal(reliable_input_acks(rel, &never[i], 1, 0),
				 -EBADMSG);
	/* One bad id spoils the packet: 0 and 1 are still outstanding. */
	assert_int_equal(reliable_input_acks(rel, mixed, 3, 0), -EBADMSG);
	assert_due(rel, TIMEOUT, 0);
	assert_due(rel, TIMEOUT, 1);
	assert_due(rel, TIMEOUT, 2);
	reliable_free(rel);
}

static void test_acks_old(void **state)
{
	struct reliable *rel = rel_new();
	uint32_t i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		send_byte(rel, (uint8_t)i, i);
		assert_due(rel, i, i);
		ack(rel, i, i);
		/* Repeated acks, however old. */
		ack(rel, i / 2, i);
		ack(rel, 0, i);
	}
	assert_true(reliable_is_acked(rel));
	reliable_free(rel);
}

/* receiving */

static void test_receive_order(void **state)
{
	static const uint32_t ids[] = { 3, 1, 0, 2, 5, 4 };
	struct reliable *rel = rel_new();
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++)
		assert_int_equal(input(rel, ids[i]), 0);
	assert_delivers(rel, 0, 0);
	assert_int_equal(input(rel, ids[2]), 0);
	assert_delivers(rel, 0, 2);
	assert_int_equal(input(rel, ids[3]), 0);
	assert_delivers(rel, 2, 2);
	assert_int_equal(input(rel, ids[4]), 0);
	assert_delivers(rel, 4, 0);
	assert_int_equal(input(rel, ids[5]), 0);
	assert_delivers(rel, 4, 2);
	reliable_free(rel);
}

static void test_receive_window(void **state)
{
	struct reliable *rel = rel_new();
	uint32_t acks[PROTO_ACK_MAX];
	uint32_t i;

	(void)state;
	assert_int_equal(input(rel, RELIABLE_RECV_WINDOW), -ERANGE);
	assert_int_equal(input(rel, 1000), -ERANGE);
	/* Never received, though "below" by its number modulo 2^32. */
	assert_int_equal(input(rel, UINT32_MAX), -ERANGE);
	assert_int_equal(input(rel, 0x80000000u), -ERANGE);
	assert_false(reliable_has_acks(rel));
	/* The whole window, backwards. */
	for (i = RELIABLE_RECV_WINDOW; i-- > 0;)
		assert_int_equal(input(rel, i), 0);
	assert_int_equal(input(rel, RELIABLE_RECV_WINDOW), -ERANGE);
	assert_int_equal(reliable_take_acks(rel, acks, PROTO_ACK_MAX), 8);
	for (i = 0; i < 8; i++)
		assert_int_equal(acks[i], RELIABLE_RECV_WINDOW - 1 - i);
	assert_delivers(rel, 0, RELIABLE_RECV_WINDOW);
	assert_int_equal(input(rel, RELIABLE_RECV_WINDOW), 0);
	assert_int_equal(input(rel, UINT32_MAX), -ERANGE);
	reliable_free(rel);
}

static void test_receive_replay(void **state)
{
	struct reliable *rel = rel_new();
	uint32_t acks[PROTO_ACK_MAX];

	(void)state;
	assert_int_equal(input(rel, 0), 0);
	assert_int_equal(input(rel, 2), 0);
	assert_delivers(rel, 0, 1);
	assert_int_equal(reliable_take_acks(rel, acks, PROTO_ACK_MAX), 2);
	assert_false(reliable_has_acks(rel));
	/* Delivered, and waiting: each is acked again, once. */
	assert_int_equal(input(rel, 0), -EALREADY);
	assert_int_equal(input(rel, 0), -EALREADY);
	assert_int_equal(input(rel, 2), -EALREADY);
	assert_true(reliable_has_acks(rel));
	assert_int_equal(reliable_take_acks(rel, acks, PROTO_ACK_MAX), 2);
	assert_int_equal(acks[0], 0);
	assert_int_equal(acks[1], 2);
	/* The second copy did not change anything. */
	assert_int_equal(input(rel, 1), 0);
	assert_delivers(rel, 1, 2);
	reliable_free(rel);
}

static void test_receive_sizes(void **state)
{
	struct reliable *rel = rel_new();
	uint8_t payload[PROTO_CONTROL_MAX + 1];
	const uint8_t *got;
	size_t len;

	(void)state;
	memset(payload, 0xa5, sizeof(payload));
	assert_int_equal(reliable_input(rel, 0, payload, sizeof(payload)),
			 -EMSGSIZE);
	assert_false(reliable_has_acks(rel));
	assert_int_equal(reliable_input(rel, 0, payload, PROTO_CONTROL_MAX),
			 0);
	assert_int_equal(reliable_input(rel, 1, NULL, 0), 0);
	assert_true(reliable_deliver(rel, &got, &len));
	assert_int_equal(len, PROTO_CONTROL_MAX);
	assert_memory_equal(got, payload, PROTO_CONTROL_MAX);
	assert_true(reliable_deliver(rel, &got, &len));
	assert_int_equal(len, 0);
	reliable_free(rel);
}

static void test_skip_reset(void **state)
{
	struct reliable *rel = rel_new();
	uint32_t id = 1;

	(void)state;
	reliable_skip_reset(rel);
	assert_true(reliable_is_acked(rel));
	/* The peer acks our reset, which it got without this object. */
	ack(rel, 0, 0);
	assert_int_equal(reliable_input_acks(rel, &id, 1, 0), -EBADMSG);
	/* Its reset counts as received; its first packet is 1. */
	assert_int_equal(input(rel, 0), -EALREADY);
	assert_int_equal(input(rel, 1), 0);
	assert_delivers(rel, 1, 1);
	send_byte(rel, 0, 0);
	assert_due(rel, 0, 1);
	ack(rel, 1, 0);
	assert_true(reliable_is_acked(rel));
	reliable_free(rel);
}

/* acks */

static void take(struct reliable *rel, size_t max, const uint32_t *want,
		 size_t n)
{
	uint32_t acks[PROTO_ACK_MAX];

	assert_int_equal(reliable_ack_room(rel, max), n);
	assert_int_equal(reliable_take_acks(rel, acks, max), n);
	if (n)
		assert_memory_equal(acks, want, n * sizeof(acks[0]));
}

#define TAKE(rel, max, ...) do { \
	static const uint32_t want_[] = { __VA_ARGS__ }; \
	take(rel, max, want_, sizeof(want_) / sizeof(want_[0])); \
} while (0)

/* The example of section 3.4. */
static void test_ack_repeat_example(void **state)
{
	struct reliable *rel = rel_new();
	uint32_t i;

	(void)state;
	input(rel, 2);
	input(rel, 1);
	input(rel, 3);
	input(rel, 2);
	TAKE(rel, PROTO_ACK_PIGGYBACK_MAX, 2, 1, 3);
	assert_int_equal(input(rel, 3), -EALREADY);
	assert_int_equal(input(rel, 2), -EALREADY);
	TAKE(rel, PROTO_ACK_PIGGYBACK_MAX, 3, 2, 1);
	reliable_free(rel);

	rel = rel_new();
	input(rel, 2);
	input(rel, 1);
	input(rel, 3);
	TAKE(rel, PROTO_ACK_MAX, 2, 1, 3);
	for (i = 5; i <= 11; i++)
		assert_int_equal(input(rel, i), 0);
	TAKE(rel, PROTO_ACK_MAX, 5, 6, 7, 8, 9, 10, 11, 2);
	reliable_free(rel);
}

static void test_ack_piggyback(void **state)
{
	struct reliable *rel = rel_new();
	uint32_t i;

	(void)state;
	take(rel, PROTO_ACK_MAX, NULL, 0);
	for (i = 0; i < 6; i++)
		assert_int_equal(input(rel, i), 0);
	/* Oldest first, four at a time; then what was sent fills up. */
	TAKE(rel, PROTO_ACK_PIGGYBACK_MAX, 0, 1, 2, 3);
	assert_true(reliable_has_acks(rel));
	TAKE(rel, PROTO_ACK_PIGGYBACK_MAX, 4, 5, 0, 1);
	assert_false(reliable_has_acks(rel));
	TAKE(rel, PROTO_ACK_PIGGYBACK_MAX, 4, 5, 0, 1);
	TAKE(rel, PROTO_ACK_MAX, 4, 5, 0, 1, 2, 3);
	take(rel, 0, NULL, 0);
	reliable_free(rel);
}

/* More than 8 at once: the rest is acked when the peer repeats it. */
static void test_ack_overflow(void **state)
{
	struct reliable *rel = rel_new();
	uint32_t i;

	(void)state;
	for (i = 0; i < 10; i++)
		assert_int_equal(input(rel, i), 0);
	TAKE(rel, PROTO_ACK_MAX, 0, 1, 2, 3, 4, 5, 6, 7);
	assert_false(reliable_has_acks(rel));
	assert_int_equal(input(rel, 8), -EALREADY);
	TAKE(rel, PROTO_ACK_MAX, 8, 0, 1, 2, 3, 4, 5, 6);
	assert_delivers(rel, 0, 10);
	reliable_free(rel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_send_content),
		cmocka_unit_test(test_send_window),
		cmocka_unit_test(test_send_is_acked),
		cmocka_unit_test(test_send_back_off),
		cmocka_unit_test(test_send_odd_timeouts),
		cmocka_unit_test(test_send_lowest_first),
		cmocka_unit_test(test_fast_retransmit),
		cmocka_unit_test(test_fast_retransmit_not),
		cmocka_unit_test(test_schedule_now),
		cmocka_unit_test(test_acks_forged),
		cmocka_unit_test(test_acks_old),
		cmocka_unit_test(test_receive_order),
		cmocka_unit_test(test_receive_window),
		cmocka_unit_test(test_receive_replay),
		cmocka_unit_test(test_receive_sizes),
		cmocka_unit_test(test_skip_reset),
		cmocka_unit_test(test_ack_repeat_example),
		cmocka_unit_test(test_ack_piggyback),
		cmocka_unit_test(test_ack_overflow),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("reliable", tests, NULL, NULL);
}
