// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server's tunnel host without a network: packets go in through
 * tunnel_host_input() and come out of the test's own "outer network". What a
 * source can make the server keep before it has proved its address is nothing.
 *
 * Runs in a network namespace of its own, where the host makes its device.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tunnel_rig.h"

#define FLOATS	1000

/* Sends a reset and returns the session id that the server answered with. */
static struct proto_sid reset_from(uint16_t port)
{
	const struct proto_control reset = {
		.op = PROTO_CONTROL_HARD_RESET_CLIENT_V2, .sid = client_sid,
	};
	struct proto_control reply;
	unsigned int before = n_sent;

	input(&reset, port);
	assert_int_equal(n_sent, before + 1);
	assert_int_equal(proto_control_parse(&reply, last,
					     last + PROTO_HEAD_LEN,
					     last_len - PROTO_HEAD_LEN), 0);
	assert_int_equal(reply.op, PROTO_CONTROL_HARD_RESET_SERVER_V2);
	assert_int_equal(reply.n_acks, 1);
	assert_int_equal(reply.acks[0], 0);
	assert_int_equal(reply.id, 0);
	assert_true(proto_sid_is_equal(&reply.remote_sid, &client_sid));
	assert_false(proto_sid_is_zero(&reply.sid));
	return reply.sid;
}

/* The packet with which a client opens its session. */
static struct proto_control answer(const struct proto_sid *cookie)
{
	static const uint8_t hello[] = { 0x16, 3, 1 };
	struct proto_control pkt = {
		.op = PROTO_CONTROL_V1, .sid = client_sid, .n_acks = 1,
		.remote_sid = *cookie, .id = 1, .payload = hello,
		.payload_len = sizeof(hello),
	};

	return pkt;
}

/* tests */

static void test_reset_keeps_nothing(void **state)
{
	(void)state;
	begin("connect-freq-initial 2000 10");
	for (uint16_t port = 1; port <= 1000; port++)
		reset_from(port);
	assert_int_equal(n_tunnels(), 0);
	end();
}

static void test_resets_are_limited(void **state)
{
	const struct proto_control reset = {
		.op = PROTO_CONTROL_HARD_RESET_CLIENT_V2, .sid = client_sid,
	};

	(void)state;
	begin("connect-freq-initial 10 60");
	for (uint16_t port = 1; port <= 100; port++)
		input(&reset, port);
	assert_int_equal(n_sent, 10);
	end();
}

static void test_cookie_opens_a_tunnel(void **state)
{
	struct proto_control pkt;
	struct proto_sid cookie, again;

	(void)state;
	begin("");
	cookie = reset_from(4000);
	/* the same within a time slot; a retransmitted reset does no harm */
	again = reset_from(4000);
	if (!proto_sid_is_equal(&cookie, &again))
		cookie = again;
	pkt = answer(&cookie);
	input(&pkt, 4000);
	assert_int_equal(n_tunnels(), 1);
	/* an ACK alone opens one, too */
	cookie = reset_from(4001);
	pkt = answer(&cookie);
	pkt.op = PROTO_ACK_V1;
	input(&pkt, 4001);
	assert_int_equal(n_tunnels(), 2);
	/* and a client that starts again at its address gets no second one */
	cookie = reset_from(4000);
	pkt = answer(&cookie);
	pkt.sid.b[0] ^= 1;
	input(&pkt, 4000);
	assert_int_equal(n_tunnels(), 2);
	end();
}

enum wrong {
	WRONG_ADDRESS,
	WRONG_COOKIE,
	WRONG_SID,
	NO_ACK,
	LATE_ACK,
	LATE_ID,
	OTHER_KEY,
	OTHER_OPCODE,
	N_WRONG,
};

static void test_wrong_answers_open_nothing(void **state)
{
	struct proto_control pkt;
	struct proto_sid cookie;

	(void)state;
	begin("");
	for (int i = 0; i < N_WRONG; i++) {
		enum wrong wrong = (enum wrong)i;

		cookie = reset_from(4000);
		pkt = answer(&cookie);
		if (wrong == WRONG_COOKIE)
			pkt.remote_sid.b[7] ^= 1;
		else if (wrong == WRONG_SID)
			pkt.sid.b[7] ^= 1;
		else if (wrong == NO_ACK)
			pkt.n_acks = 0;
		else if (wrong == LATE_ACK)
			pkt.acks[0] = 2;
		else if (wrong == LATE_ID)
			pkt.id = 2;
		else if (wrong == OTHER_KEY)
			pkt.key_id = 1;
		else if (wrong == OTHER_OPCODE)
			pkt.op = PROTO_CONTROL_SOFT_RESET_V1;
		input(&pkt, wrong == WRONG_ADDRESS ? 4001 : 4000);
		if (n_tunnels())
			fail_msg("case %d opened a tunnel", i);
	}
	end();
}

static void test_junk_is_ignored(void **state)
{
	union net_addr remote = addr_of(4000), local = addr_of(1194);
	uint8_t junk[300];
	uint32_t x = 1;

	(void)state;
	begin("");
	for (unsigned int i = 0; i < 20000; i++) {
		size_t len = i % sizeof(junk);

		for (size_t j = 0; j < len; j++) {
			x = x * 1664525u + 1013904223u;
			junk[j] = (uint8_t)(x >> 24);
		}
		tunnel_host_input(host, junk, len, &(struct tunnel_way){
			&remote, &local, 0,
		});
	}
	assert_int_equal(n_tunnels(), 0);
	end();
}

static void test_max_clients(void **state)
{
	struct proto_control pkt;
	struct proto_sid cookie;

	(void)state;
	begin("max-clients 2");
	for (uint16_t port = 4000; port < 4004; port++) {
		cookie = reset_from(port);
		pkt = answer(&cookie);
		input(&pkt, port);
	}
	assert_int_equal(n_tunnels(), 2);
	end();
}

static struct tunnel *tunnel_from(uint16_t port)
{
	struct proto_sid cookie = reset_from(port);
	struct proto_control pkt = answer(&cookie);
	union net_addr addr = addr_of(port);
	struct tunnel *tunnel;

	input(&pkt, port);
	tunnel = tunnel_registry_addr(&host->reg, &addr, input_sock);
	assert_non_null(tunnel);
	return tunnel;
}

static void identify(struct tunnel *tunnel, uint8_t fingerprint)
{
	tunnel->active->has_identity = true;
	tunnel->active->identity.has_cert = true;
	tunnel->active->identity.fingerprint[0] = fingerprint;
	tunnel->state = TUNNEL_STATE_CONNECTED;
}

static void float_to(const struct tunnel *tunnel, uint16_t port)
{
	union net_addr addr = addr_of(port);

	tunnel_data_events.peer_floated(host, tunnel->dp_id, -1, &addr);
}

static bool is_at(const struct tunnel *tunnel, uint16_t port)
{
	union net_addr addr = addr_of(port);

	return tunnel_registry_addr(&host->reg, &addr, 0) == tunnel;
}

/*
 * A client that writes another one's address into its packets moves there only
 * if the other one is itself, or has not shown yet who it is.
 */
static void test_float_to_a_taken_address(void **state)
{
	struct tunnel *a, *b, *c;

	(void)state;
	begin("");
	a = tunnel_from(4000);
	b = tunnel_from(4001);
	c = tunnel_from(4002);
	identify(a, 1);
	identify(b, 2);
	float_to(a, 4001);
	assert_true(is_at(a, 4000) && is_at(b, 4001));
	assert_int_equal(n_tunnels(), 3);
	/* nobody is there */
	float_to(a, 5000);
	assert_true(is_at(a, 5000) && is_at(NULL, 4000));
	/* a handshake is no proof */
	float_to(a, 4002);
	assert_true(is_at(a, 4002));
	assert_int_equal(c->state, TUNNEL_STATE_DEAD);
	assert_int_equal(n_tunnels(), 2);
	/* an earlier connection of the same client */
	b->active->identity.fingerprint[0] = 1;
	float_to(a, 4001);
	assert_true(is_at(a, 4001));
	assert_int_equal(b->state, TUNNEL_STATE_DEAD);
	assert_int_equal(n_tunnels(), 1);
	/* what an earlier daemon left carries somebody's traffic */
	b = tunnel_from(4003);
	b->state = TUNNEL_STATE_ADOPTED;
	float_to(a, 4003);
	assert_true(is_at(a, 4001) && is_at(b, 4003));
	end();
}

/* A client can move with each packet; each time counts, few are in the log. */
static void test_floats_in_the_log(void **state)
{
	static struct log_line line;
	unsigned int n = 0;
	struct tunnel *a;

	(void)state;
	begin("");
	log_set_verb(1);
	assert_int_equal(log_history_open(FLOATS, NULL, NULL), 0);
	a = tunnel_from(4000);
	identify(a, 1);
	for (uint16_t i = 0; i < FLOATS; i++) {
		float_to(a, (uint16_t)(5000 + i % 2));
		assert_true(is_at(a, (uint16_t)(5000 + i % 2)));
	}
	for (uint64_t i = 0; i < log_history_end(); i++)
		n += log_history_get(i, &line) &&
		     strstr(line.text, "floated from 192.0.2.2:");
	assert_in_range(n, 50, 110);
	log_set_verb(0);
	log_history_close();
	end();
}

/* Behind one address, two clients of two sockets: they are told apart. */
static void test_two_sockets(void **state)
{
	struct tunnel *a, *b;
	union net_addr addr = addr_of(4000);

	(void)state;
	begin("");
	rig_socks = 2;
	rig_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	rig_fd2 = open("/dev/null", O_RDONLY | O_CLOEXEC);
	a = tunnel_from(4000);
	assert_int_equal(last_sock, 0);
	input_sock = 1;
	b = tunnel_from(4000);
	assert_int_equal(last_sock, 1);
	assert_ptr_not_equal(a, b);
	assert_int_equal(n_tunnels(), 2);
	assert_int_equal(a->sock, 0);
	assert_int_equal(b->sock, 1);
	assert_true(is_at(a, 4000));
	assert_ptr_equal(tunnel_registry_addr(&host->reg, &addr, 1), b);
	identify(a, 1);
	identify(b, 2);
	/* at the other socket there is somebody with that address */
	tunnel_data_events.peer_floated(host, b->dp_id, rig_fd, &addr);
	assert_int_equal(b->sock, 1);
	assert_int_equal(n_tunnels(), 2);
	tunnel_close(a, "test");
	tunnel_data_events.peer_floated(host, b->dp_id, rig_fd, &addr);
	assert_int_equal(b->sock, 0);
	assert_true(is_at(b, 4000));
	/* where the data path does not know, it is the same socket */
	float_to(b, 4001);
	assert_int_equal(b->sock, 0);
	assert_true(is_at(b, 4001));
	close(rig_fd);
	close(rig_fd2);
	rig_fd = -1;
	rig_fd2 = -1;
	rig_socks = 1;
	input_sock = 0;
	end();
}

static bool is_over;

static void over(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	is_over = true;
	loop_stop(loop);
}

/* A session that goes on with junk instead of TLS dies, and its tunnel too. */
static void test_tls_junk_closes(void **state)
{
	static uint8_t junk[600];
	struct loop_timer *timer;
	struct proto_control pkt;
	struct proto_sid cookie;

	(void)state;
	begin("");
	cookie = reset_from(4000);
	pkt = answer(&cookie);
	memset(junk, 0xaa, sizeof(junk));
	pkt.payload = junk;
	pkt.payload_len = 200;
	input(&pkt, 4000);
	assert_int_equal(n_tunnels(), 1);
	timer = loop_timer_new(loop, over, NULL);
	for (unsigned int i = 0; i < 100 && n_tunnels(); i++) {
		is_over = false;
		loop_timer_start(timer, 20);
		assert_int_equal(loop_run(loop), 0);
		assert_true(is_over);
	}
	assert_int_equal(n_tunnels(), 0);
	loop_timer_free(timer);
	end();
}

static void test_registry(void **state)
{
	static struct tunnel tunnels[300];
	struct tunnel_registry reg = { 0 };
	union net_addr moved = addr_of(9999);
	uint32_t id;

	(void)state;
	assert_int_equal(tunnel_registry_init(&reg, 300, 7), 0);
	for (unsigned int i = 0; i < 300; i++) {
		assert_int_equal(tunnel_registry_id(&reg, &id), 0);
		assert_int_equal(id, i);
		tunnels[i].peer_id = id;
		tunnels[i].remote = addr_of((uint16_t)(1000 + i));
		tunnel_registry_insert(&reg, &tunnels[i]);
	}
	assert_int_equal(tunnel_registry_id(&reg, &id), -ENOSPC);
	for (unsigned int i = 0; i < 300; i++) {
		union net_addr addr = addr_of((uint16_t)(1000 + i));

		assert_ptr_equal(tunnel_registry_addr(&reg, &addr, 0),
				 &tunnels[i]);
		assert_ptr_equal(tunnel_registry_peer(&reg, i), &tunnels[i]);
	}
	assert_null(tunnel_registry_peer(&reg, 300));
	tunnel_registry_move(&reg, &tunnels[17], &moved, 0);
	assert_ptr_equal(tunnel_registry_addr(&reg, &moved, 0), &tunnels[17]);
	tunnel_registry_remove(&reg, &tunnels[17]);
	tunnel_registry_remove(&reg, &tunnels[17]);
	assert_null(tunnel_registry_addr(&reg, &moved, 0));
	assert_int_equal(reg.n_tunnels, 299);
	/* the lowest free id comes back */
	assert_int_equal(tunnel_registry_id(&reg, &id), 0);
	assert_int_equal(id, 17);
	tunnel_registry_fini(&reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset_keeps_nothing),
		cmocka_unit_test(test_resets_are_limited),
		cmocka_unit_test(test_cookie_opens_a_tunnel),
		cmocka_unit_test(test_wrong_answers_open_nothing),
		cmocka_unit_test(test_junk_is_ignored),
		cmocka_unit_test(test_max_clients),
		cmocka_unit_test(test_float_to_a_taken_address),
		cmocka_unit_test(test_floats_in_the_log),
		cmocka_unit_test(test_two_sockets),
		cmocka_unit_test(test_tls_junk_closes),
		cmocka_unit_test(test_registry),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
