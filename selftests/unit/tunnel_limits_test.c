// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server under a flood: what strangers get is bounded, and a client that has
 * nothing to do with them still gets in. Through tunnel_host_input(), as the
 * other tests of tunnel/; time passes by writing into its records.
 */
#include <errno.h>
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

/* Return: was it answered. */
static bool reset_from(const char *from, uint16_t port)
{
	const struct proto_control reset = {
		.op = PROTO_CONTROL_HARD_RESET_CLIENT_V2, .sid = client_sid,
	};
	unsigned int before = n_sent;

	source = from;
	input(&reset, port);
	return n_sent > before;
}

static struct proto_control hello_for_last(void)
{
	static const uint8_t hello[] = { 0x16, 3, 1 };
	struct proto_control reply, pkt = {
		.op = PROTO_CONTROL_V1, .sid = client_sid, .n_acks = 1,
		.id = 1, .payload = hello, .payload_len = sizeof(hello),
	};

	assert_int_equal(proto_control_parse(&reply, last,
					     last + PROTO_HEAD_LEN,
					     last_len - PROTO_HEAD_LEN), 0);
	pkt.remote_sid = reply.sid;
	return pkt;
}

/* Both packets of a client. Return: is there one more tunnel. */
static bool client_from(const char *from, uint16_t port)
{
	unsigned int before = n_tunnels();
	struct proto_control pkt;

	if (!reset_from(from, port))
		return false;
	pkt = hello_for_last();
	input(&pkt, port);
	return n_tunnels() == before + 1;
}

/* A flood from one address: nobody else notices. */
static void test_flood_from_one(void **state)
{
	unsigned int n = 0;

	(void)state;
	begin("connect-freq-initial 10 60");
	for (uint16_t port = 1; port <= 1000; port++)
		n += reset_from("192.0.2.2", port);
	assert_int_equal(n, 10);
	assert_true(client_from("198.51.100.7", 4000));
	assert_true(client_from("2001:db8:1::1", 4000));
	end();
}

/* From many, each gets one answer: no weapon against any of them. */
static void test_flood_from_many(void **state)
{
	char from[32];
	unsigned int n = 0;

	(void)state;
	begin("connect-freq-initial 10 60");
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < 500; i++) {
			snprintf(from, sizeof(from), "198.18.%u.%u", i / 250,
				 1 + i % 250);
			n += reset_from(from, 4000);
		}
	}
	/* a few addresses share a bit */
	assert_in_range(n, 480, 500);
	/* mapped ones are IPv4, too, and a network of IPv6 is one source */
	assert_false(reset_from("::ffff:198.18.0.1", 4000));
	assert_true(reset_from("2001:db8:1::1", 4000));
	assert_false(reset_from("2001:db8:1::2", 4000));
	assert_true(reset_from("2001:db8:2::1", 4000));
	end();
}

static void wake_up(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	loop_stop(loop);
}

static void wait_ms(uint64_t ms)
{
	struct loop_timer *timer = loop_timer_new(loop, wake_up, NULL);

	loop_timer_start(timer, ms);
	loop_run(loop);
	loop_timer_free(timer);
}

/* A flood from everywhere keeps hardly anybody out, and not for long. */
static void test_flood_from_everywhere(void **state)
{
	char from[32];
	unsigned int n = 0;

	(void)state;
	begin("connect-freq-initial 10 60");
	for (unsigned int i = 0; i < 8000; i++) {
		snprintf(from, sizeof(from), "198.18.%u.%u", i / 250,
			 1 + i % 250);
		reset_from(from, 4000);
	}
	for (unsigned int i = 0; i < 200; i++) {
		snprintf(from, sizeof(from), "203.0.113.%u", 1 + i);
		n += reset_from(from, 4000);
	}
	assert_in_range(n, 195, 200);
	assert_false(reset_from("203.0.113.1", 4000));
	wait_ms(1100);
	assert_true(reset_from("203.0.113.1", 4000));
	assert_false(reset_from("203.0.113.1", 4000));
	end();
}

/* The share of a client that has answered is given back. */
static void test_answers_come_back(void **state)
{
	(void)state;
	begin("connect-freq-initial 2 60");
	for (uint16_t port = 4000; port < 4100; port++)
		assert_true(client_from("192.0.2.2", port));
	end();
}

#define COOKIES	3

/* The first packets of clients that have the same address. */
static void cookies(struct proto_control pkt[COOKIES])
{
	for (unsigned int i = 0; i < COOKIES; i++) {
		const struct proto_control reset = {
			.op = PROTO_CONTROL_HARD_RESET_CLIENT_V2,
			.sid = { { 1, 2, 3, (uint8_t)i } },
		};

		source = "192.0.2.2";
		input(&reset, 4000);
		pkt[i] = hello_for_last();
		pkt[i].sid = reset.sid;
	}
}

/* What gave its share back does not do so again, in whatever order it comes. */
static void test_answers_come_back_once(void **state)
{
	struct proto_control pkt[COOKIES];
	unsigned int n = 0;

	(void)state;
	begin("connect-freq-initial 10 60");
	cookies(pkt);
	/* the first one is the tunnel's, the others replace each other */
	for (unsigned int i = 0; i < 100; i++)
		input(&pkt[i % COOKIES], 4000);
	assert_int_equal(n_tunnels(), 1);
	for (uint16_t i = 0; i < 100; i++) {
		n += reset_from("192.0.2.2", 5000 + i);
		input(&pkt[1 + i % 2], 4000);
	}
	assert_int_equal(n, 10);
	end();
}

static bool is_untrusted_of(uint32_t id, const struct proto_control *pkt)
{
	const struct tunnel_session *ts = host->reg.by_id[id]->untrusted;

	return proto_sid_is_equal(control_session_remote(ts->control),
				  &pkt->sid);
}

/* Who may come has no more sessions made by what has come already. */
static void test_cookies_again(void **state)
{
	struct proto_control pkt[COOKIES];

	(void)state;
	begin("connect-freq-initial 10 60");
	cookies(pkt);
	for (unsigned int i = 0; i < COOKIES; i++)
		input(&pkt[i], 4000);
	for (unsigned int i = 0; i < 10; i++) {
		input(&pkt[1 + i % 2], 4000);
		assert_true(is_untrusted_of(0, &pkt[1 + i % 2]));
	}
	input(&pkt[1], 4000);
	assert_true(is_untrusted_of(0, &pkt[2]));
	end();
}

/* A new session of a tunnel that is there counts as a new tunnel does. */
static void test_connect_freq_again(void **state)
{
	struct proto_control pkt[COOKIES];

	(void)state;
	begin("connect-freq 5 60");
	cookies(pkt);
	assert_true(client_from("192.0.2.2", 4001));
	input(&pkt[0], 4000);
	for (unsigned int i = 0; i < 3; i++)
		input(&pkt[1 + i % 2], 4000);
	assert_false(client_from("192.0.2.2", 4002));
	assert_true(is_untrusted_of(1, &pkt[1]));
	/* and now it stays */
	input(&pkt[2], 4000);
	assert_true(is_untrusted_of(1, &pkt[1]));
	end();
}

static void test_connect_freq(void **state)
{
	(void)state;
	begin("connect-freq 3 60");
	for (uint16_t port = 4000; port < 4003; port++)
		assert_true(client_from("192.0.2.2", port));
	assert_false(client_from("192.0.2.2", 4003));
	assert_false(client_from("198.51.100.7", 4000));
	end();
}

static void age(uint64_t by_ms)
{
	for (uint32_t i = 0; i < host->reg.max_tunnels; i++)
		if (host->reg.by_id[i])
			host->reg.by_id[i]->opened_at -= by_ms;
}

/* Handshakes that go nowhere do not fill the server. */
static void test_half_open_make_room(void **state)
{
	union net_addr addr;
	char from[32];

	(void)state;
	begin("max-clients 32");
	for (unsigned int i = 0; i < 32; i++) {
		snprintf(from, sizeof(from), "198.18.0.%u", i + 1);
		assert_true(client_from(from, 4000));
	}
	/* they may still come to something */
	assert_false(client_from("192.0.2.2", 4000));
	assert_int_equal(n_tunnels(), 32);
	age(11000);
	host->reg.by_id[5]->opened_at -= 1000;
	client_from("192.0.2.2", 4000);
	assert_int_equal(n_tunnels(), 32);
	addr = addr_of(4000);
	assert_true(net_addr_is_equal(&host->reg.by_id[5]->remote, &addr));
	end();
}

/* Clients that are connected are never put out for a new one. */
static void test_connected_stay(void **state)
{
	char from[32];

	(void)state;
	begin("max-clients 4");
	for (unsigned int i = 0; i < 4; i++) {
		snprintf(from, sizeof(from), "198.18.0.%u", i + 1);
		assert_true(client_from(from, 4000));
		host->reg.by_id[i]->state = TUNNEL_STATE_CONNECTED;
	}
	age(1000000);
	assert_false(client_from("192.0.2.2", 4000));
	assert_int_equal(n_tunnels(), 4);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(host->reg.by_id[i]->state,
				 TUNNEL_STATE_CONNECTED);
	end();
}

/* One address cannot take the last places with handshakes alone. */
static void test_one_address_has_a_share(void **state)
{
	unsigned int n = 0;

	(void)state;
	begin("max-clients 64");
	for (uint16_t port = 4000; port < 4064; port++)
		n += client_from("192.0.2.2", port);
	assert_int_equal(n, 48);
	assert_true(client_from("198.51.100.7", 4000));
	assert_true(client_from("198.51.100.8", 4000));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flood_from_one),
		cmocka_unit_test(test_flood_from_many),
		cmocka_unit_test(test_flood_from_everywhere),
		cmocka_unit_test(test_answers_come_back),
		cmocka_unit_test(test_answers_come_back_once),
		cmocka_unit_test(test_cookies_again),
		cmocka_unit_test(test_connect_freq),
		cmocka_unit_test(test_connect_freq_again),
		cmocka_unit_test(test_half_open_make_room),
		cmocka_unit_test(test_connected_stay),
		cmocka_unit_test(test_one_address_has_a_share),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
