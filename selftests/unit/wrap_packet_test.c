// SPDX-License-Identifier: GPL-2.0-or-later
/* Wrapped control packets: protocol sections 1.4, 1.5, 6.4, 12.2 and 12.3. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hex.h"
#include "mem/mem.h"
#include "proto/proto.h"
#include "vectors.h"
#include "wrap/internal.h"

static struct wrap_key *key_new(enum wrap_mode mode,
				enum wrap_direction direction,
				const char *digest)
{
	uint8_t static_key[WRAP_STATIC_KEY_LEN];
	struct wrap_key *key = NULL;

	assert_int_equal(hex_bytes(VECTOR_STATIC_KEY, static_key,
				   sizeof(static_key)), WRAP_STATIC_KEY_LEN);
	assert_int_equal(wrap_key_new(mode, static_key, direction, digest,
				      &key), 0);
	assert_non_null(key);
	assert_int_equal(wrap_key_mode(key), mode);
	return key;
}

static int open_bytes(struct wrap_key *key, struct wrap_rx *rx,
		      const uint8_t *pkt, size_t len, uint8_t *body,
		      size_t *body_len, uint32_t *id)
{
	return wrap_open(key, rx, 1000, pkt, len, body, PROTO_PACKET_MAX,
			 body_len, id);
}

/* What a stock client sends, at its right key and at others. */
static void test_open_vectors(void **state)
{
	static const struct {
		const char *hex;
		enum wrap_mode mode;
		enum wrap_direction direction;
		const char *digest;
		int ret;
		size_t body_len;
		uint32_t id;
	} rows[] = {
		{ VECTOR_RESET_NONE, WRAP_MODE_NONE, 0, NULL, 0, 5, 0 },
		{ VECTOR_RESET_TLS_AUTH, WRAP_MODE_NONE, 0, NULL, 0, 33, 0 },
		{ VECTOR_RESET_TLS_CRYPT, WRAP_MODE_NONE, 0, NULL, 0, 45, 0 },
		{ VECTOR_RESET_TLS_AUTH, WRAP_MODE_TLS_AUTH, 0, "SHA1",
		  0, 5, 1 },
		{ VECTOR_HELLO_TLS_AUTH, WRAP_MODE_TLS_AUTH, 0, "SHA1",
		  0, 278, 3 },
		{ VECTOR_RESET_TLS_CRYPT, WRAP_MODE_TLS_CRYPT, 0, NULL,
		  0, 5, 1 },
		/* wrong wrapping */
		{ VECTOR_RESET_NONE, WRAP_MODE_TLS_AUTH, 0, "SHA1",
		  -EBADMSG, 0, 0 },
		{ VECTOR_RESET_NONE, WRAP_MODE_TLS_CRYPT, 0, NULL,
		  -EBADMSG, 0, 0 },
		{ VECTOR_RESET_TLS_AUTH, WRAP_MODE_TLS_CRYPT, 0, NULL,
		  -EBADMSG, 0, 0 },
		{ VECTOR_HELLO_TLS_AUTH, WRAP_MODE_TLS_CRYPT, 0, NULL,
		  -EBADMSG, 0, 0 },
		{ VECTOR_RESET_TLS_CRYPT, WRAP_MODE_TLS_AUTH, 0, "SHA1",
		  -EBADMSG, 0, 0 },
		/* wrong digest, wrong direction */
		{ VECTOR_RESET_TLS_AUTH, WRAP_MODE_TLS_AUTH, 0, "SHA256",
		  -EBADMSG, 0, 0 },
		{ VECTOR_RESET_TLS_AUTH, WRAP_MODE_TLS_AUTH, 1, "SHA1",
		  -EBADMSG, 0, 0 },
		{ VECTOR_RESET_TLS_AUTH, WRAP_MODE_TLS_AUTH,
		  WRAP_DIRECTION_NONE, "SHA1", -EBADMSG, 0, 0 },
		{ VECTOR_RESET_TLS_CRYPT, WRAP_MODE_TLS_CRYPT, 1, NULL,
		  -EBADMSG, 0, 0 },
	};
	uint8_t pkt[512], body[PROTO_PACKET_MAX];
	struct wrap_key *key;
	size_t i, len, body_len;
	uint32_t id;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		key = key_new(rows[i].mode, rows[i].direction, rows[i].digest);
		len = hex_bytes(rows[i].hex, pkt, sizeof(pkt));
		assert_int_equal(open_bytes(key, NULL, pkt, len, body,
					    &body_len, &id), rows[i].ret);
		if (!rows[i].ret) {
			assert_int_equal(body_len, rows[i].body_len);
			assert_int_equal(id, rows[i].id);
		}
		wrap_key_free(key);
	}
}

/* The bodies are control packets that parse. */
static void test_open_content(void **state)
{
	struct wrap_key *key = key_new(WRAP_MODE_TLS_AUTH,
				       WRAP_DIRECTION_NORMAL, "SHA1");
	uint8_t raw[512], body[PROTO_PACKET_MAX];
	struct proto_control pkt;
	size_t len, body_len;
	uint32_t id;

	(void)state;
	len = hex_bytes(VECTOR_HELLO_TLS_AUTH, raw, sizeof(raw));
	assert_int_equal(len, 315);
	assert_int_equal(open_bytes(key, NULL, raw, len, body, &body_len, &id),
			 0);
	assert_int_equal(proto_control_parse(&pkt, raw, body, body_len), 0);
	assert_int_equal(pkt.op, PROTO_CONTROL_V1);
	/* No server session id, so no cookie: dropped without any state. */
	assert_int_equal(pkt.n_acks, 0);
	assert_true(proto_sid_is_zero(&pkt.remote_sid));
	assert_int_equal(pkt.id, 1);
	assert_int_equal(pkt.payload_len, 273);
	assert_int_equal(pkt.payload[0], 0x16);
	wrap_key_free(key);
}

/* Sealing at the client's key and time gives the client's packet. */
static void test_seal_vectors(void **state)
{
	static const struct {
		const char *hex, *head, *body, *digest;
		enum wrap_mode mode;
		enum wrap_direction direction;
		int64_t now;
	} rows[] = {
		{ VECTOR_RESET_NONE, "386891923fa3103437", "0000000000", NULL,
		  WRAP_MODE_NONE, 1, 0 },
		{ VECTOR_RESET_TLS_AUTH, "38de694c5c7bfba274", "0000000000",
		  "SHA1", WRAP_MODE_TLS_AUTH, 1, 0x61d3bf6c },
		{ VECTOR_RESET_TLS_CRYPT, "38f419cb12d1f9e48f", "0000000000",
		  NULL, WRAP_MODE_TLS_CRYPT, 1, 0x61d3f8e1 },
		{ VECTOR_SERVER_TLS_CRYPT, "400102030405060708",
		  "0100000000f419cb12d1f9e48f00000000", NULL,
		  WRAP_MODE_TLS_CRYPT, 0, 0x61d3f8e1 },
		{ VECTOR_SERVER_TLS_AUTH_SHA1, "400102030405060708",
		  "0100000000f419cb12d1f9e48f00000000", "SHA1",
		  WRAP_MODE_TLS_AUTH, 0, 0x61d3f8e1 },
		{ VECTOR_SERVER_TLS_AUTH_SHA256, "400102030405060708",
		  "0100000000f419cb12d1f9e48f00000000", "SHA256",
		  WRAP_MODE_TLS_AUTH, 0, 0x61d3f8e1 },
	};
	uint8_t want[512], head[16], body[64], out[512];
	struct wrap_key *key;
	struct wrap_tx tx;
	size_t i, len, want_len, body_len;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		key = key_new(rows[i].mode, rows[i].direction, rows[i].digest);
		memset(&tx, 0, sizeof(tx));
		want_len = hex_bytes(rows[i].hex, want, sizeof(want));
		assert_int_equal(hex_bytes(rows[i].head, head, sizeof(head)),
				 PROTO_HEAD_LEN);
		body_len = hex_bytes(rows[i].body, body, sizeof(body));
		assert_int_equal(wrap_seal(key, &tx, rows[i].now, head, body,
					   body_len, out, sizeof(out), &len),
				 0);
		assert_int_equal(len, want_len);
		assert_memory_equal(out, want, want_len);
		assert_true(len <= PROTO_HEAD_LEN + body_len +
			    wrap_overhead(key));
		/* No room for the last byte; the id is not used up. */
		memset(&tx, 0, sizeof(tx));
		assert_int_equal(wrap_seal(key, &tx, rows[i].now, head, body,
					   body_len, out, want_len - 1, &len),
				 -ENOBUFS);
		assert_int_equal(tx.next_id, 0);
		wrap_key_free(key);
	}
}

static void test_overhead(void **state)
{
	struct wrap_key *none = key_new(WRAP_MODE_NONE, 0, NULL);
	struct wrap_key *sha1 = key_new(WRAP_MODE_TLS_AUTH, 0, "SHA1");
	struct wrap_key *sha512 = key_new(WRAP_MODE_TLS_AUTH, 0, "SHA512");
	struct wrap_key *crypt = key_new(WRAP_MODE_TLS_CRYPT, 0, NULL);

	(void)state;
	assert_int_equal(wrap_overhead(none), 0);
	assert_int_equal(wrap_overhead(sha1), 28);
	assert_int_equal(wrap_overhead(sha512), 72);
	assert_int_equal(wrap_overhead(crypt), 56);
	wrap_key_free(none);
	wrap_key_free(sha1);
	wrap_key_free(sha512);
	wrap_key_free(crypt);
}

/* Any change of any byte is seen, and nothing of the body is shown. */
static void test_open_flipped(void **state)
{
	static const struct {
		const char *hex, *digest;
		enum wrap_mode mode;
	} rows[] = {
		{ VECTOR_RESET_TLS_AUTH, "SHA1", WRAP_MODE_TLS_AUTH },
		{ VECTOR_HELLO_TLS_AUTH, "SHA1", WRAP_MODE_TLS_AUTH },
		{ VECTOR_RESET_TLS_CRYPT, NULL, WRAP_MODE_TLS_CRYPT },
	};
	static const uint8_t zero[PROTO_PACKET_MAX];
	uint8_t raw[512], pkt[512], body[PROTO_PACKET_MAX];
	struct wrap_key *key;
	struct wrap_rx rx;
	size_t i, at, bit, len, body_len;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		key = key_new(rows[i].mode, WRAP_DIRECTION_NORMAL,
			      rows[i].digest);
		len = hex_bytes(rows[i].hex, raw, sizeof(raw));
		memset(&rx, 0, sizeof(rx));
		for (at = 0; at < 9 * len; at++) {
			bit = at % 9;
			memcpy(pkt, raw, len);
			/* every bit, and the value 0x23 */
			pkt[at / 9] = bit == 8 ? 0x23 :
				(uint8_t)(raw[at / 9] ^ 1u << bit);
			if (pkt[at / 9] == raw[at / 9])
				continue;
			memset(body, 0, sizeof(body));
			assert_int_equal(open_bytes(key, &rx, pkt, len, body,
						    &body_len, NULL), -EBADMSG);
			assert_memory_equal(body, zero, sizeof(body));
		}
		/* None of them has touched the replay window. */
		assert_int_equal(rx.highest, 0);
		assert_int_equal(open_bytes(key, &rx, raw, len, body,
					    &body_len, NULL), 0);
		wrap_key_free(key);
	}
}

static void test_open_truncated(void **state)
{
	static const struct {
		const char *hex, *digest;
		enum wrap_mode mode;
	} rows[] = {
		{ VECTOR_RESET_TLS_AUTH, "SHA1", WRAP_MODE_TLS_AUTH },
		{ VECTOR_RESET_TLS_CRYPT, NULL, WRAP_MODE_TLS_CRYPT },
	};
	uint8_t raw[512], body[PROTO_PACKET_MAX], *exact;
	struct wrap_key *key;
	size_t i, len, n, body_len;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		key = key_new(rows[i].mode, WRAP_DIRECTION_NORMAL,
			      rows[i].digest);
		len = hex_bytes(rows[i].hex, raw, sizeof(raw));
		for (n = 1; n < len; n++) {
			exact = malloc(n);
			assert_non_null(exact);
			memcpy(exact, raw, n);
			assert_int_equal(open_bytes(key, NULL, exact, n, body,
						    &body_len, NULL), -EBADMSG);
			free(exact);
		}
		wrap_key_free(key);
	}
}

static void test_open_limits(void **state)
{
	struct wrap_key *none = key_new(WRAP_MODE_NONE, 0, NULL);
	struct wrap_key *crypt = key_new(WRAP_MODE_TLS_CRYPT, 0, NULL);
	uint8_t pkt[64], body[8];
	size_t len, body_len = 99;

	(void)state;
	len = hex_bytes(VECTOR_RESET_NONE, pkt, sizeof(pkt));
	assert_int_equal(wrap_open(none, NULL, 0, pkt, len, body, 4, &body_len,
				   NULL), -ENOBUFS);
	assert_int_equal(wrap_open(none, NULL, 0, pkt, 8, body, 4, &body_len,
				   NULL), -EBADMSG);
	assert_int_equal(wrap_open(none, NULL, 0, pkt, 9, body, 0, &body_len,
				   NULL), 0);
	assert_int_equal(body_len, 0);
	len = hex_bytes(VECTOR_RESET_TLS_CRYPT, pkt, sizeof(pkt));
	assert_int_equal(wrap_open(crypt, NULL, 0, pkt, len, body, 4,
				   &body_len, NULL), -ENOBUFS);
	assert_int_equal(wrap_open(crypt, NULL, 0, pkt, len, body, 5,
				   &body_len, NULL), 0);
	wrap_key_free(none);
	wrap_key_free(crypt);
}

static void test_replayed(void **state)
{
	struct wrap_key *key = key_new(WRAP_MODE_TLS_CRYPT, 0, NULL);
	uint8_t pkt[64], body[PROTO_PACKET_MAX];
	struct wrap_rx rx = { 0 };
	size_t len, body_len;
	uint32_t id = 0;

	(void)state;
	len = hex_bytes(VECTOR_RESET_TLS_CRYPT, pkt, sizeof(pkt));
	assert_int_equal(open_bytes(key, &rx, pkt, len, body, &body_len, &id),
			 0);
	assert_int_equal(id, 1);
	assert_int_equal(rx.time, 0x61d3f8e1);
	assert_int_equal(open_bytes(key, &rx, pkt, len, body, &body_len, &id),
			 -EALREADY);
	/* Without a window every time is the first. */
	assert_int_equal(open_bytes(key, NULL, pkt, len, body, &body_len, &id),
			 0);
	wrap_key_free(key);
}

/* Both ends with all digests, body sizes, and each transmission a new id. */
static void test_round_trip(void **state)
{
	static const struct {
		enum wrap_mode mode;
		enum wrap_direction a, b;
		const char *digest;
	} rows[] = {
		{ WRAP_MODE_NONE, 0, 1, NULL },
		{ WRAP_MODE_TLS_AUTH, 0, 1, "SHA1" },
		{ WRAP_MODE_TLS_AUTH, 1, 0, "SHA512" },
		{ WRAP_MODE_TLS_AUTH, -1, -1, "MD5" },
		{ WRAP_MODE_TLS_AUTH, 0, 1, "SHA3-256" },
		{ WRAP_MODE_TLS_AUTH, 0, 1, "RSA-SHA256" },
		{ WRAP_MODE_TLS_CRYPT, 0, 1, NULL },
	};
	static uint8_t body[1500], pkt[PROTO_PACKET_MAX], got[PROTO_PACKET_MAX];
	uint8_t head[PROTO_HEAD_LEN] = { 0x20, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct wrap_key *a, *b;
	size_t i, n, len, got_len;
	uint32_t id;

	(void)state;
	for (n = 0; n < sizeof(body); n++)
		body[n] = (uint8_t)(n * 7);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wrap_tx tx = { 0 };
		struct wrap_rx rx = { 0 };

		a = key_new(rows[i].mode, rows[i].a, rows[i].digest);
		b = key_new(rows[i].mode, rows[i].b, rows[i].digest);
		for (n = 0; n <= sizeof(body); n += 75) {
			assert_int_equal(wrap_seal(a, &tx, 5000, head, body, n,
						   pkt, sizeof(pkt), &len), 0);
			assert_int_equal(open_bytes(b, &rx, pkt, len, got,
						    &got_len, &id), 0);
			assert_int_equal(got_len, n);
			assert_memory_equal(got, body, n);
			assert_int_equal(id, rows[i].mode == WRAP_MODE_NONE ?
					 0 : n / 75 + 1);
		}
		wrap_key_free(a);
		wrap_key_free(b);
	}
}

static void test_key_refuses(void **state)
{
	static const char *const digests[] = {
		"no-such-digest", "", "none", "SHAKE128", "[null-digest]",
	};
	uint8_t static_key[WRAP_STATIC_KEY_LEN] = { 0 };
	struct wrap_key *key = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		assert_int_equal(wrap_key_new(WRAP_MODE_TLS_AUTH, static_key, 0,
					      digests[i], &key), -EINVAL);
	assert_int_equal(wrap_key_new(WRAP_MODE_TLS_AUTH, static_key, 0, NULL,
				      &key), -EINVAL);
	assert_int_equal(wrap_key_new(WRAP_MODE_TLS_CRYPT, NULL, 0, NULL,
				      &key), -EINVAL);
	assert_null(key);
	wrap_key_free(NULL);
}

/* dynamic tls-crypt */

/* The known outputs have no opcode and no session id, hence the inner calls. */
static void assert_dynamic(struct wrap_key *base, const char *want_hex)
{
	static const uint8_t ad[] = { 0, 0, 0, 1, 0, 0, 0, 0 };
	static const uint8_t text[] = "1234567890";
	uint8_t ekm[WRAP_STATIC_KEY_LEN], out[64], want[64];
	const struct wrap_span spans[] = { { ad, 8 }, { text, 10 } };
	struct wrap_key *key = NULL;
	size_t want_len;

	memset(ekm, 0xba, sizeof(ekm));
	assert_int_equal(wrap_key_new_dynamic(ekm, base, false, &key), 0);
	assert_int_equal(wrap_key_mode(key), WRAP_MODE_TLS_CRYPT);
	assert_int_equal(wrap_key_wake(key), 0);
	memcpy(out, ad, 8);
	assert_int_equal(wrap_mac(key->send.mac, spans, 2, out + 8, 32), 0);
	assert_int_equal(wrap_ctr(key->send.ctr, out + 8, text, 10, out + 40),
			 0);
	want_len = hex_bytes(want_hex, want, sizeof(want));
	assert_int_equal(want_len, 50);
	assert_memory_equal(out, want, want_len);
	wrap_key_free(key);
}

static void test_dynamic_vectors(void **state)
{
	static const char plain[] =
		"0000000100000000e319277f1c8d6e6a7796a855337b9cfb56e1f13a870e66"
		"47dfa195c92c17a015ba4967a11d55ea1a06a7";
	static const char mixed[] =
		"0000000100000000d445c02e1b566c0260da4aa50360ec0b309c91ee9bad3a"
		"4f7013694b51cf962d7b92aeeb15b679553741";
	uint8_t static_key[WRAP_STATIC_KEY_LEN] = { 0 };
	struct wrap_key *base;

	(void)state;
	assert_dynamic(NULL, plain);
	assert_int_equal(wrap_key_new(WRAP_MODE_NONE, NULL, 0, NULL, &base),
			 0);
	assert_dynamic(base, plain);
	wrap_key_free(base);
	/* All-zero base key; then one that changes the result. */
	assert_int_equal(wrap_key_new(WRAP_MODE_TLS_AUTH, static_key, 0, "SHA1",
				      &base), 0);
	assert_dynamic(base, plain);
	wrap_key_free(base);
	memset(static_key, 0x42, sizeof(static_key));
	assert_int_equal(wrap_key_new(WRAP_MODE_TLS_CRYPT, static_key, 1, NULL,
				      &base), 0);
	assert_dynamic(base, mixed);
	wrap_key_free(base);
}

/* A key that rests has no contexts, and is as good as before. */
static void test_rest(void **state)
{
	uint8_t static_key[WRAP_STATIC_KEY_LEN], pkt[128], body[128];
	uint8_t head[PROTO_HEAD_LEN] = { 0x21, 1 };
	struct wrap_key *client, *server;
	struct wrap_tx tx = { 0 };
	size_t len, body_len;

	(void)state;
	memset(static_key, 0x42, sizeof(static_key));
	assert_int_equal(wrap_key_new(WRAP_MODE_TLS_CRYPT, static_key,
				      WRAP_DIRECTION_INVERSE, NULL, &client),
			 0);
	assert_int_equal(wrap_key_new(WRAP_MODE_TLS_CRYPT, static_key,
				      WRAP_DIRECTION_NORMAL, NULL, &server), 0);
	for (int i = 0; i < 3; i++) {
		wrap_key_rest(client);
		wrap_key_rest(server);
		assert_null(client->send.mac);
		assert_null(server->recv.ctr);
		assert_int_equal(wrap_seal(client, &tx, 1000, head,
					   (const uint8_t *)"rest", 4, pkt,
					   sizeof(pkt), &len), 0);
		assert_int_equal(wrap_open(server, NULL, 0, pkt, len, body,
					   sizeof(body), &body_len, NULL), 0);
		assert_int_equal(body_len, 4);
		assert_memory_equal(body, "rest", 4);
	}
	/* what others may be about to use stays */
	assert_ptr_equal(wrap_key_get(server), server);
	wrap_key_rest(server);
	assert_non_null(server->recv.ctr);
	wrap_key_free(server);
	wrap_key_free(server);
	wrap_key_free(client);
}

static void test_dynamic_sides(void **state)
{
	uint8_t ekm[WRAP_STATIC_KEY_LEN], pkt[128], body[128];
	uint8_t head[PROTO_HEAD_LEN] = { 0x21, 1 };
	struct wrap_key *client, *server;
	struct wrap_tx tx = { 0 };
	size_t i, len, body_len;

	(void)state;
	for (i = 0; i < sizeof(ekm); i++)
		ekm[i] = (uint8_t)i;
	assert_int_equal(wrap_key_new_dynamic(ekm, NULL, false, &client), 0);
	assert_int_equal(wrap_key_new_dynamic(ekm, NULL, true, &server), 0);
	assert_int_equal(wrap_seal(client, &tx, 1, head, head, 9, pkt,
				   sizeof(pkt), &len), 0);
	assert_int_equal(wrap_open(server, NULL, 0, pkt, len, body,
				   sizeof(body), &body_len, NULL), 0);
	assert_memory_equal(body, head, 9);
	assert_int_equal(wrap_open(client, NULL, 0, pkt, len, body,
				   sizeof(body), &body_len, NULL), -EBADMSG);
	wrap_key_free(client);
	wrap_key_free(server);
}

/* Mixing in the base key makes the tls-crypt key of both, byte by byte. */
static void test_dynamic_mix(void **state)
{
	uint8_t ekm[WRAP_STATIC_KEY_LEN], base_key[WRAP_STATIC_KEY_LEN];
	uint8_t mixed[WRAP_STATIC_KEY_LEN], pkt[128], body[128];
	uint8_t head[PROTO_HEAD_LEN] = { 0x21, 1 };
	struct wrap_key *base, *dynamic, *plain;
	size_t i, side, len, body_len;

	(void)state;
	for (i = 0; i < sizeof(ekm); i++) {
		ekm[i] = (uint8_t)(i * 3 + 1);
		base_key[i] = (uint8_t)(i * 11 + 7);
		mixed[i] = ekm[i] ^ base_key[i];
	}
	assert_int_equal(wrap_key_new(WRAP_MODE_TLS_AUTH, base_key, 0, "SHA1",
				      &base), 0);
	for (side = 0; side < 2; side++) {
		struct wrap_tx tx = { 0 };

		assert_int_equal(wrap_key_new_dynamic(ekm, base, side == 0,
						      &dynamic), 0);
		assert_int_equal(wrap_key_new(WRAP_MODE_TLS_CRYPT, mixed,
					      side == 0 ? 1 : 0, NULL, &plain),
				 0);
		assert_int_equal(wrap_seal(dynamic, &tx, 1, head, head, 9, pkt,
					   sizeof(pkt), &len), 0);
		assert_int_equal(wrap_open(plain, NULL, 0, pkt, len, body,
					   sizeof(body), &body_len, NULL), 0);
		assert_int_equal(wrap_seal(plain, &tx, 1, head, head, 9, pkt,
					   sizeof(pkt), &len), 0);
		assert_int_equal(wrap_open(dynamic, NULL, 0, pkt, len, body,
					   sizeof(body), &body_len, NULL), 0);
		wrap_key_free(dynamic);
		wrap_key_free(plain);
	}
	wrap_key_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_vectors),
		cmocka_unit_test(test_open_content),
		cmocka_unit_test(test_seal_vectors),
		cmocka_unit_test(test_overhead),
		cmocka_unit_test(test_open_flipped),
		cmocka_unit_test(test_open_truncated),
		cmocka_unit_test(test_open_limits),
		cmocka_unit_test(test_replayed),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_key_refuses),
		cmocka_unit_test(test_dynamic_vectors),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_dynamic_sides),
		cmocka_unit_test(test_dynamic_mix),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("wrap_packet", tests, NULL, NULL);
}
