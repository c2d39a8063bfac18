// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two ends of the reliability layer over a network that loses, repeats and
 * reorders:
 *
 *	end 0 --(link)--> end 1
 *	end 0 <--(link)-- end 1
 *
 * Each end has N_MESSAGES for the other. All of them have to arrive, once and
 * in order, within a bounded number of steps. Seeds are fixed, so a failure
 * repeats itself.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reliable/reliable.h"

#define N_MESSAGES 300u
#define N_FLYING 256u
#define MAX_STEPS 200000u
#define TIMEOUT 2000u
#define CAP 8000u

struct flying {
	bool is_used;
	uint64_t arrives;
	unsigned int to;
	struct proto_control pkt;
	uint8_t payload[64];
};

struct end {
	struct reliable *rel;
	unsigned int n_queued;
	unsigned int n_delivered;
	unsigned int n_transmitted;
};

struct net {
	uint32_t rnd;
	unsigned int loss, repeat;	/* percent */
	uint32_t max_delay;		/* ms */
	uint64_t now;
	struct end ends[2];
	struct flying flying[N_FLYING];
};

static uint32_t net_random(struct net *net, uint32_t below)
{
	net->rnd ^= net->rnd << 13;
	net->rnd ^= net->rnd >> 17;
	net->rnd ^= net->rnd << 5;
	return net->rnd % below;
}

static void net_throw(struct net *net, unsigned int to,
		      const struct proto_control *pkt)
{
	size_t i;

	if (net_random(net, 100) < net->loss)
		return;
	for (i = 0; i < N_FLYING && net->flying[i].is_used; i++)
		;
	/* A full network loses packets as well. */
	if (i == N_FLYING)
		return;
	net->flying[i].is_used = true;
	net->flying[i].to = to;
	net->flying[i].arrives = net->now + 1 +
		net_random(net, net->max_delay);
	net->flying[i].pkt = *pkt;
	if (pkt->payload_len)
		memcpy(net->flying[i].payload, pkt->payload,
		       pkt->payload_len);
}

static void net_transmit(struct net *net, unsigned int from,
			 struct proto_control *pkt)
{
	net->ends[from].n_transmitted++;
	do
		net_throw(net, !from, pkt);
	while (net_random(net, 100) < net->repeat);
}

/* Message @n of end @from: its length and its bytes follow from both. */
static size_t message_fill(unsigned int from, unsigned int n, uint8_t *out)
{
	size_t len = n * 7 % 60;

	memset(out, (int)(n + from * 100), len);
	return len;
}

static void end_queue(struct net *net, unsigned int who)
{
	struct end *end = &net->ends[who];
	uint8_t message[64];
	size_t len;

	while (end->n_queued < N_MESSAGES && reliable_can_send(end->rel)) {
		len = message_fill(who, end->n_queued, message);
		assert_int_equal(reliable_send(end->rel, PROTO_CONTROL_V1,
					       message, len, net->now), 0);
		end->n_queued++;
	}
	if (end->n_queued < N_MESSAGES)
		assert_int_equal(reliable_send(end->rel, PROTO_CONTROL_V1,
					       message, 0, net->now), -EAGAIN);
}

static void end_flush(struct net *net, unsigned int who)
{
	struct end *end = &net->ends[who];
	struct proto_control pkt = { .key_id = 0 };
	struct reliable_packet due;
	size_t room;

	while (reliable_next_due(end->rel, net->now, &due)) {
		pkt.op = due.op;
		pkt.id = due.id;
		pkt.payload = due.payload;
		pkt.payload_len = due.len;
		room = reliable_ack_room(end->rel, PROTO_ACK_PIGGYBACK_MAX);
		pkt.n_acks = (uint8_t)reliable_take_acks(end->rel, pkt.acks,
				PROTO_ACK_PIGGYBACK_MAX);
		assert_int_equal(pkt.n_acks, room);
		net_transmit(net, who, &pkt);
	}
	pkt.op = PROTO_ACK_V1;
	pkt.payload = (const uint8_t *)"";
	pkt.payload_len = 0;
	while (reliable_has_acks(end->rel)) {
		pkt.n_acks = (uint8_t)reliable_take_acks(end->rel, pkt.acks,
							 PROTO_ACK_MAX);
		assert_true(pkt.n_acks > 0);
		net_transmit(net, who, &pkt);
	}
}

static void end_deliver(struct net *net, unsigned int who)
{
	struct end *end = &net->ends[who];
	const uint8_t *payload;
	uint8_t want[64];
	size_t len;

	while (reliable_deliver(end->rel, &payload, &len)) {
		assert_true(end->n_delivered < N_MESSAGES);
		assert_int_equal(len, message_fill(!who, end->n_delivered,
						   want));
		assert_memory_equal(payload, want, len);
		end->n_delivered++;
	}
}

static void end_input(struct net *net, struct flying *flying)
{
	struct end *end = &net->ends[flying->to];
	struct proto_control *pkt = &flying->pkt;
	int ret;

	flying->is_used = false;
	/* An honest peer never acks what was not sent. */
	assert_int_equal(reliable_input_acks(end->rel, pkt->acks, pkt->n_acks,
					     net->now), 0);
	if (pkt->op == PROTO_ACK_V1)
		return;
	ret = reliable_input(end->rel, pkt->id, flying->payload,
			     pkt->payload_len);
	/* Its window is no larger than ours, so nothing is out of range. */
	assert_true(ret == 0 || ret == -EALREADY);
	end_deliver(net, flying->to);
}

static uint64_t net_next_event(const struct net *net)
{
	uint64_t next = UINT64_MAX;
	size_t i;

	for (i = 0; i < 2; i++) {
		if (reliable_deadline(net->ends[i].rel) < next)
			next = reliable_deadline(net->ends[i].rel);
	}
	for (i = 0; i < N_FLYING; i++) {
		if (net->flying[i].is_used && net->flying[i].arrives < next)
			next = net->flying[i].arrives;
	}
	return next;
}

static void net_step(struct net *net)
{
	uint64_t next = net_next_event(net);
	unsigned int i;

	/* With anything left to do there is always a next time. */
	assert_true(next != UINT64_MAX);
	if (next > net->now)
		net->now = next;
	for (i = 0; i < N_FLYING; i++) {
		if (net->flying[i].is_used &&
		    net->flying[i].arrives <= net->now)
			end_input(net, &net->flying[i]);
	}
	for (i = 0; i < 2; i++) {
		end_queue(net, i);
		end_flush(net, i);
	}
}

static bool net_is_done(const struct net *net)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		if (net->ends[i].n_delivered < N_MESSAGES ||
		    !reliable_is_acked(net->ends[i].rel))
			return false;
	}
	return true;
}

/* Return: packets transmitted by both ends together. */
static unsigned int run(uint32_t seed, unsigned int loss, unsigned int repeat,
			uint32_t max_delay)
{
	struct net *net = calloc(1, sizeof(*net));
	unsigned int i, steps, n_transmitted;

	assert_non_null(net);
	net->rnd = seed * 2654435761u | 1;
	net->loss = loss;
	net->repeat = repeat;
	net->max_delay = max_delay;
	for (i = 0; i < 2; i++) {
		net->ends[i].rel = reliable_new(TIMEOUT, CAP);
		assert_non_null(net->ends[i].rel);
		end_queue(net, i);
	}
	for (steps = 0; !net_is_done(net); steps++) {
		if (steps == MAX_STEPS)
			fail_msg("seed %u: %u and %u of %u after %u steps",
				 seed, net->ends[0].n_delivered,
				 net->ends[1].n_delivered, N_MESSAGES, steps);
		net_step(net);
	}
	n_transmitted = net->ends[0].n_transmitted + net->ends[1].n_transmitted;
	for (i = 0; i < 2; i++)
		reliable_free(net->ends[i].rel);
	free(net);
	return n_transmitted;
}

static void test_perfect(void **state)
{
	(void)state;
	/* No loss and no delay to speak of: nothing is sent twice. */
	assert_true(run(1, 0, 0, 1) <= 4 * N_MESSAGES);
}

static void test_reordering(void **state)
{
	uint32_t seed;

	(void)state;
	for (seed = 1; seed <= 20; seed++)
		run(seed, 0, 10, 500);
}

static void test_losses(void **state)
{
	static const unsigned int losses[] = { 1, 10, 30, 60 };
	uint32_t seed;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		for (seed = 1; seed <= 10; seed++)
			run(seed, losses[i], 0, 50);
	}
}

static void test_everything(void **state)
{
	uint32_t seed;

	(void)state;
	/* Delays far beyond the timeout: packets of long ago come back. */
	for (seed = 1; seed <= 30; seed++)
		run(seed, seed % 5 * 10, seed % 7 * 5, seed * 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_perfect),
		cmocka_unit_test(test_reordering),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_everything),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("reliable_lossy", tests, NULL, NULL);
}
