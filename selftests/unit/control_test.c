// SPDX-License-Identifier: GPL-2.0-or-later
/* Control sessions, two at a time, with each other. */
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

#include "control_rig.h"

/* tests */

static void connects_with(enum wrap_mode mode, unsigned int loss,
			  unsigned int seed)
{
	begin(mode, loss, seed);
	run_until(both_active);
	assert_int_equal(client.n_failed + server.n_failed, 0);
	assert_string_equal(client.peer_cn, "server");
	assert_string_equal(server.peer_cn, "client");
	assert_memory_equal(client.key2, server.key2, sizeof(client.key2));
	assert_int_equal(control_session_key_id(client.session), 0);
	end();
}

static void test_connects(void **state)
{
	(void)state;
	connects_with(WRAP_MODE_NONE, 0, 1);
	connects_with(WRAP_MODE_TLS_AUTH, 0, 1);
	connects_with(WRAP_MODE_TLS_CRYPT, 0, 1);
}

static void test_connects_over_loss(void **state)
{
	(void)state;
	connects_with(WRAP_MODE_NONE, 10, 11);
	connects_with(WRAP_MODE_TLS_CRYPT, 20, 12);
}

static void test_prf_keys_agree(void **state)
{
	(void)state;
	begin(WRAP_MODE_TLS_CRYPT, 0, 1);
	client.is_ekm = false;
	server.is_ekm = false;
	run_until(both_active);
	assert_memory_equal(client.key2, server.key2, sizeof(client.key2));
	end();
}

static bool has_message(void)
{
	return client.n_messages;
}

/* As OpenVPN's server does: PUSH_REPLY in the packet of its key message. */
static void test_early_message(void **state)
{
	(void)state;
	begin(WRAP_MODE_TLS_CRYPT, 0, 1);
	server.early = "PUSH_REPLY,early";
	run_until(has_message);
	assert_int_equal(client.n_active, 1);
	assert_string_equal(client.messages[0], "PUSH_REPLY,early");
	end();
}

static bool ten_messages(void)
{
	return server.n_messages == 10 && client.n_messages == 10;
}

static void test_messages_keep_order(void **state)
{
	char text[32];

	(void)state;
	begin(WRAP_MODE_TLS_CRYPT, 10, 21);
	assert_int_equal(control_session_send(client.session, "too early"),
			 -ENOTCONN);
	run_until(both_active);
	for (int i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "message %d", i);
		assert_int_equal(control_session_send(client.session, text),
				 0);
		assert_int_equal(control_session_send(server.session, text),
				 0);
	}
	run_until(ten_messages);
	for (unsigned int i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "message %u", i);
		assert_string_equal(server.messages[i], text);
		assert_string_equal(client.messages[i], text);
	}
	end();
}

static void renegotiates(bool by_client, bool by_server, bool is_dynamic,
			 unsigned int loss)
{
	uint8_t old[KEYGEN_KEY2_LEN];

	begin(WRAP_MODE_TLS_AUTH, loss, 31);
	run_until(both_active);
	memcpy(old, client.key2, sizeof(old));
	if (is_dynamic) {
		assert_int_equal(
			control_session_dynamic_wrap(client.session), 0);
		assert_int_equal(
			control_session_dynamic_wrap(server.session), 0);
	}
	if (by_client)
		assert_int_equal(control_session_renegotiate(client.session),
				 0);
	if (by_server)
		assert_int_equal(control_session_renegotiate(server.session),
				 0);
	run_until(both_active_twice);
	assert_int_equal(client.n_failed + server.n_failed, 0);
	assert_int_equal(control_session_key_id(client.session), 1);
	assert_int_equal(control_session_key_id(server.session), 1);
	assert_memory_equal(client.key2, server.key2, sizeof(client.key2));
	assert_memory_not_equal(client.key2, old, sizeof(old));
	end();
}

static void test_renegotiation(void **state)
{
	(void)state;
	renegotiates(true, false, false, 0);
	renegotiates(false, true, false, 0);
	renegotiates(true, true, false, 0);
	renegotiates(true, false, true, 0);
	renegotiates(false, true, true, 15);
}

static bool goodbye_came(void)
{
	return server.n_messages == 1 && client.n_active == 2;
}

/* What is said in the middle of a renegotiation is said after it. */
static void test_message_in_renegotiation(void **state)
{
	(void)state;
	begin(WRAP_MODE_TLS_CRYPT, 0, 1);
	run_until(both_active);
	assert_int_equal(control_session_send(client.session, "EXIT"), 0);
	assert_int_equal(control_session_renegotiate(client.session), 0);
	assert_false(control_session_is_drained(client.session));
	run_until(goodbye_came);
	assert_string_equal(server.messages[0], "EXIT");
	end();
	begin(WRAP_MODE_TLS_CRYPT, 0, 1);
	run_until(both_active);
	assert_int_equal(control_session_renegotiate(client.session), 0);
	assert_int_equal(control_session_send(client.session, "EXIT"), 0);
	run_until(goodbye_came);
	end();
}

static bool word_came(void)
{
	return client.n_messages == 1 && client.n_active;
}

/*
 * What the server says at once may be there before the client knows that the
 * exchange is complete: the keys come first, as active() sees.
 */
static void test_word_at_once(void **state)
{
	(void)state;
	begin(WRAP_MODE_NONE, 0, 1);
	busy_pool = loop_pool_new(loop, 1, 64);
	client.env.pool = busy_pool;
	server.on_active = "PUSH_REPLY,ping 1";
	run_until(word_came);
	assert_int_equal(client.n_failed, 0);
	control_session_free(client.session);
	client.session = NULL;
	loop_pool_free(busy_pool);
	busy_pool = NULL;
	end();
}

static void test_renegotiation_needs_a_key(void **state)
{
	(void)state;
	begin(WRAP_MODE_NONE, 0, 1);
	assert_int_equal(control_session_renegotiate(client.session), -EBUSY);
	run_until(both_active);
	end();
}

static void test_refused_peer(void **state)
{
	(void)state;
	begin(WRAP_MODE_NONE, 0, 1);
	server.is_refusing = true;
	run_until(somebody_failed);
	assert_string_equal(server.failure, "peer refused");
	assert_int_equal(server.n_active, 0);
	end();
}

static void test_hand_window(void **state)
{
	(void)state;
	begin(WRAP_MODE_NONE, 100, 1);
	client.env.hand_window = 1;
	control_session_free(client.session);
	client.session = control_session_new(&client.env, NULL, &client);
	run_until(somebody_failed);
	assert_non_null(strstr(client.failure, "within 1 seconds"));
	assert_true(client.n_sent >= 1);
	end();
}

/* Junk, foreign and truncated packets change nothing. */
static bool long_message_came(void)
{
	return client.n_messages == 1;
}

#define OUTER_LEN	48u	/* IPv6 and UDP */

/* Two key exchanges and a long message in packets of @max bytes. */
static void fits(enum wrap_mode mode, uint32_t max)
{
	char text[501];

	begin(mode, 0, 1);
	client.env.max_packet_size = max;
	server.env.max_packet_size = max;
	run_until(both_active);
	assert_int_equal(control_session_dynamic_wrap(client.session), 0);
	assert_int_equal(control_session_dynamic_wrap(server.session), 0);
	assert_int_equal(control_session_renegotiate(client.session), 0);
	run_until(both_active_twice);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(control_session_send(server.session, text), 0);
	run_until(long_message_came);
	if (longest + OUTER_LEN > max)
		fail_msg("a packet has %zu bytes of %u", longest + OUTER_LEN,
			 max);
	/* and what is allowed is used */
	if (max < 600)
		assert_true(longest + OUTER_LEN + 64 > max);
	end();
}

/* max-packet-size (section 1.8), also of keys with dynamic tls-crypt. */
static void test_packets_fit(void **state)
{
	static const uint32_t sizes[] = { 160, 400, 1250, 2048 };
	static const enum wrap_mode modes[] = {
		WRAP_MODE_NONE, WRAP_MODE_TLS_AUTH, WRAP_MODE_TLS_CRYPT,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (size_t k = 0; k < sizeof(modes) / sizeof(*modes); k++)
			fits(modes[k], sizes[i]);
}

static void test_junk_is_dropped(void **state)
{
	uint8_t pkt[PROTO_PACKET_MAX] = { 0x20, 1, 2, 3, 4, 5, 6, 7, 8 };

	(void)state;
	begin(WRAP_MODE_TLS_CRYPT, 0, 1);
	run_until(both_active);
	for (size_t len = 0; len < 200; len++) {
		assert_true(control_session_input(server.session, pkt, len) <
			    0);
		assert_true(control_session_input(client.session, pkt, len) <
			    0);
	}
	assert_int_equal(client.n_failed + server.n_failed, 0);
	assert_int_equal(control_session_state(server.session),
			 CONTROL_STATE_GENERATED_KEYS);
	end();
}

/* A session is freed while a worker holds its TLS session. */
static void test_free_while_stepping(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		begin(WRAP_MODE_NONE, 0, 1);
		goal = never;
		loop_timer_start(watchdog, i);
		loop_run(loop);
		end();
	}
}

/* addresses and parameters */

static struct net_ip ip(const char *text)
{
	struct net_ip out;

	assert_int_equal(net_ip_parse(text, &out), 0);
	return out;
}

static const char *push_lines[] = {
	"route-gateway 10.8.0.1", "topology subnet", "has,comma", "ping 10",
	NULL,
};

static const char *push_next(void *iter)
{
	unsigned int *at = iter;

	return push_lines[(*at)++];
}

static bool got_reply(void)
{
	return client.n_messages > 0;
}

static void test_push_reply(void **state)
{
	unsigned int at = 0;
	const struct control_params params = {
		.cipher = PROTO_CIPHER_AES_128_GCM,
		.is_cipher_pushable = true,
		.is_ekm = true,
		.is_cc_exit = true,
		.framing = PROTO_FRAMING_V2,
		.iv_mtu = 1600,
	};
	struct control_push_reply reply = {
		.params = &params,
		.next = push_next,
		.iter = &at,
		.peer_id = 7,
		.vpn4 = ip("10.8.0.2"),
		.vpn4_remote = ip("255.255.255.0"),
		.vpn6 = { .ip = ip("fd00::2"), .len = 64 },
		.vpn6_remote = ip("fd00::1"),
		.tun_mtu = 1400,
	};
	static const char want[] =
		"PUSH_REPLY,route-gateway 10.8.0.1,topology subnet,ping 10,"
		"ifconfig-ipv6 fd00::2/64 fd00::1,ifconfig 10.8.0.2 "
		"255.255.255.0,peer-id 7,cipher AES-128-GCM,"
		"compress stub-v2,protocol-flags cc-exit tls-ekm,tun-mtu 1400";

	(void)state;
	begin(WRAP_MODE_NONE, 0, 1);
	run_until(both_active);
	assert_int_equal(control_push_reply(server.session, &reply), 0);
	run_until(got_reply);
	assert_string_equal(client.messages[0], want);
	end();
}

static bool server_holds(void)
{
	return server.n_held;
}

static bool time_has_passed(void)
{
	static unsigned int n;
	return ++n % 100 == 0;
}

/* A peer that is held is not heard, and nothing is said to it. */
static void test_held(void **state)
{
	(void)state;
	begin(WRAP_MODE_TLS_CRYPT, 0, 1);
	server.is_holding = true;
	client.is_holding = true;
	run_until(server_holds);
	run_until(time_has_passed);
	assert_int_equal(client.n_held, 1);
	assert_int_equal(server.n_km2 + client.n_km2, 0);
	control_session_verified(server.session, NULL);
	run_until(time_has_passed);
	assert_int_equal(server.n_km2, 0);
	control_session_verified(client.session, NULL);
	run_until(both_active);
	end();
}

static bool both_failed(void)
{
	return client.n_failed && server.n_failed;
}

static void test_held_and_refused(void **state)
{
	(void)state;
	begin(WRAP_MODE_NONE, 0, 1);
	server.is_holding = true;
	run_until(server_holds);
	control_session_verified(server.session, "not you");
	run_until(both_failed);
	assert_int_equal(server.n_km2, 0);
	assert_string_equal(server.failure, "not you");
	assert_non_null(strstr(client.failure, "closed its TLS session"));
	end();

	begin(WRAP_MODE_NONE, 0, 1);
	client.at_once = "nor you";
	run_until(both_failed);
	assert_int_equal(server.n_km2, 0);
	assert_string_equal(client.failure, "nor you");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_held_and_refused),
		cmocka_unit_test(test_connects),
		cmocka_unit_test(test_connects_over_loss),
		cmocka_unit_test(test_prf_keys_agree),
		cmocka_unit_test(test_early_message),
		cmocka_unit_test(test_messages_keep_order),
		cmocka_unit_test(test_renegotiation),
		cmocka_unit_test(test_message_in_renegotiation),
		cmocka_unit_test(test_renegotiation_needs_a_key),
		cmocka_unit_test(test_refused_peer),
		cmocka_unit_test(test_hand_window),
		cmocka_unit_test(test_packets_fit),
		cmocka_unit_test(test_junk_is_dropped),
		cmocka_unit_test(test_free_while_stepping),
		cmocka_unit_test(test_word_at_once),
		cmocka_unit_test(test_push_reply),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
