// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server with tls-crypt-v2: what it answers to a client with a key of its
 * own, what it keeps, and whom it refuses (protocol sections 2.2 to 2.4, 2.6).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "tunnel_rig.h"

static struct wrap_v2_client key;
static char server_pem[WRAP_FILE_MAX];

/* A client key with this metadata, made by the server's key number @server. */
static void make_keys(uint8_t server, const uint8_t *metadata, size_t len)
{
	uint8_t server_key[WRAP_V2_SERVER_KEY_LEN];
	struct wrap_v2 *v2 = NULL;

	memset(server_key, server, sizeof(server_key));
	memset(key.key, 0x5a, sizeof(key.key));
	assert_int_equal(wrap_v2_new(server_key, &v2), 0);
	assert_int_equal(wrap_v2_seal(v2, &key, metadata, len), 0);
	wrap_v2_free(v2);
	assert_int_equal(wrap_key_new(WRAP_MODE_TLS_CRYPT, key.key,
				      WRAP_DIRECTION_INVERSE, NULL,
				      &wrap_client), 0);
	v2_client = &key;
	memset(server_key, 1, sizeof(server_key));
	assert_int_equal(wrap_v2_server_format(server_key, server_pem), 0);
}

static void make_keys_aged(uint8_t server, int64_t age)
{
	uint64_t made = (uint64_t)(time(NULL) - age);
	uint8_t metadata[9] = { WRAP_V2_METADATA_TIMESTAMP };

	for (unsigned int i = 0; i < 8; i++)
		metadata[1 + i] = (uint8_t)(made >> (56 - 8 * i));
	make_keys(server, metadata, sizeof(metadata));
}

/* begin() with the server key and further options; @is_early as in 2.6 */
static void begin_v2(const char *more, const char *option, bool is_early)
{
	char text[WRAP_FILE_MAX + 512];

	snprintf(text, sizeof(text), "%s\n%s\n<tls-crypt-v2>\n%s</tls-crypt-v2>\n",
		 more, option, server_pem);
	begin(text);
	if (is_early)
		tx_client.next_id = WRAP_V2_EARLY_START;
}

static void send_reset(uint16_t port)
{
	const struct proto_control reset = {
		.op = PROTO_CONTROL_HARD_RESET_CLIENT_V3, .sid = client_sid,
	};

	input(&reset, port);
}

/* The server's last packet, opened with the client's key. */
static struct proto_control reply_of_server(void)
{
	static uint8_t body[PROTO_PACKET_MAX];
	struct proto_control reply;
	size_t len;

	assert_int_equal(wrap_open(wrap_client, NULL, 0, last, last_len, body,
				   sizeof(body), &len, NULL), 0);
	assert_int_equal(proto_control_parse(&reply, last, body, len), 0);
	assert_int_equal(reply.op, PROTO_CONTROL_HARD_RESET_SERVER_V2);
	assert_true(proto_sid_is_equal(&reply.remote_sid, &client_sid));
	return reply;
}

static struct proto_control answer(enum proto_opcode op,
				   const struct proto_control *reply)
{
	struct proto_control pkt = {
		.op = op, .sid = client_sid, .n_acks = 1,
		.remote_sid = reply->sid, .id = 1,
	};

	return pkt;
}

/* tests */

static void test_nothing_is_kept(void **state)
{
	struct proto_control reply, pkt;
	uint16_t flags = 0;

	(void)state;
	make_keys_aged(1, 0);
	begin_v2("connect-freq-initial 2000 10", "", true);
	for (uint16_t port = 1; port <= 300; port++) {
		send_reset(port);
		assert_int_equal(n_sent, port);
	}
	assert_int_equal(n_tunnels(), 0);
	reply = reply_of_server();
	assert_int_equal(proto_early_parse(reply.payload, reply.payload_len,
					   &flags), 0);
	assert_int_equal(flags, PROTO_EARLY_RESEND_WKC);
	/* without the key again there is nothing to open the packet with */
	pkt = answer(PROTO_CONTROL_V1, &reply);
	input(&pkt, 300);
	pkt = answer(PROTO_ACK_V1, &reply);
	input(&pkt, 300);
	assert_int_equal(n_tunnels(), 0);
	pkt = answer(PROTO_CONTROL_WKC_V1, &reply);
	input(&pkt, 299);
	assert_int_equal(n_tunnels(), 0);
	input(&pkt, 300);
	assert_int_equal(n_tunnels(), 1);
	/* sent again, it belongs to the session that it made */
	input(&pkt, 300);
	assert_int_equal(n_tunnels(), 1);
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

static void run_ms(uint64_t ms)
{
	struct loop_timer *timer = loop_timer_new(loop, over, NULL);

	loop_timer_start(timer, ms);
	loop_run(loop);
	loop_timer_free(timer);
	assert_true(is_over);
}

/* A client that cannot send its key twice gets its state at once. */
static void test_without_early_negotiation(void **state)
{
	struct proto_control reply;

	(void)state;
	make_keys_aged(1, 0);
	begin_v2("", "", false);
	send_reset(4000);
	assert_int_equal(n_tunnels(), 1);
	run_ms(50);
	assert_int_equal(n_sent, 1);
	reply = reply_of_server();
	assert_int_equal(reply.payload_len, 0);
	assert_int_equal(reply.acks[0], 0);
	/* its retransmission goes to the session, which acks it */
	send_reset(4000);
	assert_int_equal(n_tunnels(), 1);
	assert_true(n_sent > 1);
	end();
}

/* What makes state is bounded, wherever it says it comes from. */
static void test_state_is_limited(void **state)
{
	char from[32];

	(void)state;
	make_keys_aged(1, 0);
	begin_v2("connect-freq-initial 5 60", "", false);
	for (unsigned int i = 1; i <= 50; i++) {
		snprintf(from, sizeof(from), "198.18.0.%u", i);
		source = from;
		send_reset(4000);
	}
	source = "192.0.2.2";
	assert_int_equal(n_tunnels(), 5);
	end();
}

static void test_force_cookie(void **state)
{
	(void)state;
	make_keys_aged(1, 0);
	begin_v2("", "", false);
	/* "tls-crypt-v2 FILE force-cookie": the test's configuration is one
	 * text, without files
	 */
	cfg->is_cookie_forced = true;
	send_reset(4000);
	assert_int_equal(n_tunnels(), 0);
	assert_int_equal(n_sent, 0);
	end();
}

static void test_foreign_key(void **state)
{
	(void)state;
	make_keys_aged(2, 0);
	begin_v2("", "", true);
	send_reset(4000);
	assert_int_equal(n_sent, 0);
	assert_int_equal(n_tunnels(), 0);
	end();
}

/* A plain client of a server with tls-crypt-v2, and the other way round. */
static void test_other_wrapping(void **state)
{
	struct proto_control reset = {
		.op = PROTO_CONTROL_HARD_RESET_CLIENT_V2, .sid = client_sid,
	};

	(void)state;
	make_keys_aged(1, 0);
	wrap_key_free(wrap_client);
	wrap_client = NULL;
	begin_v2("", "", true);
	input(&reset, 4000);
	reset.op = PROTO_CONTROL_HARD_RESET_CLIENT_V3;
	input(&reset, 4000);
	assert_int_equal(n_sent, 0);
	end();

	make_keys_aged(1, 0);
	begin("");
	send_reset(4000);
	assert_int_equal(n_sent, 0);
	end();
}

static void check_age(const char *option, bool is_accepted)
{
	struct proto_control pkt, reply;

	begin_v2("", option, true);
	send_reset(4000);
	/* age is not looked at before the client has proved its address */
	assert_int_equal(n_sent, 1);
	reply = reply_of_server();
	pkt = answer(PROTO_CONTROL_WKC_V1, &reply);
	input(&pkt, 4000);
	assert_int_equal(n_tunnels(), is_accepted);
	end();
}

static void test_max_age(void **state)
{
	static const uint8_t user[3] = { WRAP_V2_METADATA_USER, 1, 2 };

	(void)state;
	make_keys_aged(1, 9 * 86400);
	check_age("tls-crypt-v2-max-age 10", true);
	make_keys_aged(1, 11 * 86400);
	check_age("tls-crypt-v2-max-age 10", false);
	make_keys_aged(1, 11 * 86400);
	check_age("", true);
	make_keys(1, user, sizeof(user));
	check_age("tls-crypt-v2-max-age 10", false);
	make_keys(1, NULL, 0);
	check_age("tls-crypt-v2-max-age 10", false);
	make_keys(1, NULL, 0);
	check_age("", true);
}

static void send_raw(const uint8_t *pkt, size_t len)
{
	union net_addr remote = addr_of(4000), local = addr_of(1194);
	uint8_t *copy = malloc(len ? len : 1);

	/* on the heap, so that reading too far is seen */
	memcpy(copy, pkt, len);
	tunnel_host_input(host, copy, len, &(struct tunnel_way){
		&remote, &local, 0,
	});
	free(copy);
}

/* Every length, with every claim about the length of the key in it. */
static void send_odd_packets(enum proto_opcode op, const struct proto_sid *sid)
{
	static const uint16_t claims[] = {
		0, 1, 2, 34, 289, 290, 291, 1023, 1024, 1025, 65535,
	};
	uint8_t pkt[1400];

	for (size_t len = 0; len <= sizeof(pkt); len += len < 80 ? 1 : 37) {
		memset(pkt, 0x5a, sizeof(pkt));
		pkt[0] = (uint8_t)(op << 3);
		memcpy(pkt + 1, sid->b, sizeof(sid->b));
		for (size_t i = 0; len >= 2 && i < 13; i++) {
			size_t claim = i < 11 ? claims[i] : len - (i - 11);

			pkt[len - 2] = (uint8_t)(claim >> 8);
			pkt[len - 1] = (uint8_t)claim;
			send_raw(pkt, len);
		}
		send_raw(pkt, len);
	}
}

/* A key that is genuine, behind packets that are not, or are cut. */
static void send_cut_packets(enum proto_opcode op, const struct proto_sid *sid)
{
	uint8_t pkt[PROTO_PACKET_MAX];

	for (size_t len = PROTO_HEAD_LEN; len < 120; len++) {
		memset(pkt, 0xa5, len);
		pkt[0] = (uint8_t)(op << 3);
		memcpy(pkt + 1, sid->b, sizeof(sid->b));
		memcpy(pkt + len, v2_client->wkc, v2_client->wkc_len);
		send_raw(pkt, len + v2_client->wkc_len);
		/* and something behind it */
		send_raw(pkt, len + v2_client->wkc_len - 1);
	}
}

static void send_hostile(const struct proto_sid *sid)
{
	send_odd_packets(PROTO_CONTROL_HARD_RESET_CLIENT_V3, sid);
	send_odd_packets(PROTO_CONTROL_WKC_V1, sid);
	send_cut_packets(PROTO_CONTROL_HARD_RESET_CLIENT_V3, sid);
	send_cut_packets(PROTO_CONTROL_WKC_V1, sid);
}

/*
 * Packets with a wrapped key reached assertions, before a session and in one.
 * Also CVE-2026-35058 (the key is genuine) and CVE-2026-12932, CVE-2026-13698:
 * under the sanitizers no key of all these is left in memory.
 */
static void test_cve_2025_2704_hostile_keys(void **state)
{
	static const struct proto_sid other = { { 9, 9, 9 } };
	struct proto_control reply, pkt;

	(void)state;
	make_keys_aged(1, 0);
	begin_v2("connect-freq-initial 100000 10", "", true);
	send_hostile(&client_sid);
	assert_int_equal(n_sent, 0);
	assert_int_equal(n_tunnels(), 0);
	send_reset(4000);
	reply = reply_of_server();
	pkt = answer(PROTO_CONTROL_WKC_V1, &reply);
	input(&pkt, 4000);
	assert_int_equal(n_tunnels(), 1);
	send_hostile(&client_sid);
	send_hostile(&other);
	assert_int_equal(n_tunnels(), 1);
	run_ms(20);
	end();

	/* and where no such keys are expected */
	make_keys_aged(1, 0);
	begin("");
	send_hostile(&client_sid);
	assert_int_equal(n_tunnels(), 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_kept),
		cmocka_unit_test(test_without_early_negotiation),
		cmocka_unit_test(test_state_is_limited),
		cmocka_unit_test(test_force_cookie),
		cmocka_unit_test(test_foreign_key),
		cmocka_unit_test(test_other_wrapping),
		cmocka_unit_test(test_max_age),
		cmocka_unit_test(test_cve_2025_2704_hostile_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
