// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "keygen/keygen.h"

static void from_hex(const char *hex, uint8_t *out, size_t len)
{
	assert_int_equal(strlen(hex), 2 * len);
	for (size_t i = 0; i < len; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
}

static void fill(uint8_t *out, size_t len, uint8_t first)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(first + i);
}

/* derivation */

static void test_tls1_prf(void **state)
{
	static const char secret[] =
		"Lorem ipsum dolor sit amet, consectetur adipisici elit, sed eiusmod tempor incidunt ut labore et dolore magna aliqua.";
	static const char seed[] =
		"Quis aute iure reprehenderit in voluptate velit esse cillum dolore";
	uint8_t want[32], out[32];

	(void)state;
	from_hex("d98c8518c85e946927916acfc2d592fbb1567e4b4b1459e6a904ac2ddab72d67",
		 want, sizeof(want));
	assert_int_equal(keygen_tls1_prf(secret, strlen(secret), seed,
					 strlen(seed), out, sizeof(out)), 0);
	assert_memory_equal(out, want, sizeof(out));
}

static const char key2_hex[] =
	"5f55fce5fcbf1345f7287765e26b01f71d17712425900e1adf7f5752a3f26131"
	"49b30744c51aada7351205df906d9d17120b36b17cb64f9f0d643ecc5e53dc7a"
	"a1f4ec72dee732398cb5f701a2b3329e901ab0530dcf172c586373c763e24741"
	"cf9064a102c5907c12ff88a00b1c6fd77f52779c066fff79b16bdd6782022033"
	"72cd8a845d827854399052337a6f8cdf947255829e69473b3515b5826b0dc62f"
	"703cf374d0a73f350ac32be0eb61cf70419010456f1b574f22784767fe07db87"
	"9aeadb982a7a67672a6c0b42e6df288f50cc1798a7474c466c81f58c58f0ac0b"
	"5f630743c81e9e870ddf105e91aa4629d3b5cde61746d8e5b0c3440d1cec4058";

static void derive(uint8_t key2[KEYGEN_KEY2_LEN])
{
	struct proto_random client, server;
	struct proto_sid client_sid, server_sid;

	memset(&server, 0, sizeof(server));
	fill(client.pre_master, sizeof(client.pre_master), 0x00);
	fill(client.random1, sizeof(client.random1), 0x40);
	fill(client.random2, sizeof(client.random2), 0x60);
	fill(server.random1, sizeof(server.random1), 0x80);
	fill(server.random2, sizeof(server.random2), 0xa0);
	fill(client_sid.b, sizeof(client_sid.b), 0x01);
	fill(server_sid.b, sizeof(server_sid.b), 0x11);
	assert_int_equal(keygen_prf(&client, &server, &client_sid, &server_sid,
				    key2), 0);
}

static void test_full_derivation(void **state)
{
	uint8_t key2[KEYGEN_KEY2_LEN], want[KEYGEN_KEY2_LEN];

	(void)state;
	from_hex(key2_hex, want, sizeof(want));
	derive(key2);
	assert_memory_equal(key2, want, sizeof(want));
}

static void assert_dir(const struct keygen_dir *dir, const uint8_t *key2,
		       size_t offset, size_t key_len)
{
	static const uint8_t zero[32];

	assert_int_equal(dir->cipher_key_len, key_len);
	assert_memory_equal(dir->cipher_key, key2 + offset, key_len);
	assert_memory_equal(dir->cipher_key + key_len, zero, 32 - key_len);
	assert_memory_equal(dir->nonce_tail, key2 + offset + 64, 8);
}

static void test_split(void **state)
{
	static const struct {
		enum proto_cipher cipher;
		size_t key_len;
	} rows[] = {
		{ PROTO_CIPHER_AES_128_GCM, 16 },
		{ PROTO_CIPHER_AES_192_GCM, 24 },
		{ PROTO_CIPHER_AES_256_GCM, 32 },
		{ PROTO_CIPHER_CHACHA20_POLY1305, 32 },
	};
	uint8_t key2[KEYGEN_KEY2_LEN];
	struct keygen_pair pair;

	(void)state;
	fill(key2, sizeof(key2), 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		keygen_split(key2, rows[i].cipher, false, &pair);
		assert_dir(&pair.send, key2, 0, rows[i].key_len);
		assert_dir(&pair.recv, key2, 128, rows[i].key_len);
		keygen_split(key2, rows[i].cipher, true, &pair);
		assert_dir(&pair.send, key2, 128, rows[i].key_len);
		assert_dir(&pair.recv, key2, 0, rows[i].key_len);
	}
}

static void test_random(void **state)
{
	uint8_t a[64] = { 0 }, b[64] = { 0 };

	(void)state;
	assert_int_equal(keygen_random(a, sizeof(a)), 0);
	assert_int_equal(keygen_random(b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(keygen_random(a, 0), 0);
	assert_true(keygen_random(a, SIZE_MAX) < 0);
}

/* rotation */

enum op {
	ADD_PRIMARY,	/* goes to the primary */
	ADD_SECONDARY,	/* goes to the secondary */
	ROOM_NONE,
	ROOM_SWAP,
	STEP_NONE,
	STEP_SWAP,
	STEP_DELETE,
	DEADLINE,	/* @a: expected */
	KEYS,		/* @a: primary's key id, @b: secondary's, -1: none */
	END,
};

struct script {
	enum op op;
	uint64_t now;	/* also the key id of ADD_* */
	int64_t a, b;	/* ADD_*: usable_at and old_must_die; -1: never */
};

static uint64_t at(int64_t time)
{
	return time < 0 ? UINT64_MAX : (uint64_t)time;
}

static int key_of(const struct keygen_slot *slot)
{
	return slot->is_used ? slot->key_id : -1;
}

static void script_step(struct keygen_rotation *rot, const struct script *s)
{
	switch (s->op) {
	case ADD_PRIMARY:
	case ADD_SECONDARY:
		assert_int_equal(keygen_rotation_add(rot, (uint8_t)s->now,
						     at(s->a), at(s->b)),
				 s->op == ADD_SECONDARY);
		break;
	case ROOM_NONE:
	case ROOM_SWAP:
		assert_int_equal(keygen_rotation_make_room(rot),
				 s->op == ROOM_SWAP ? KEYGEN_ACTION_SWAP :
						      KEYGEN_ACTION_NONE);
		break;
	case STEP_NONE:
		assert_int_equal(keygen_rotation_step(rot, s->now),
				 KEYGEN_ACTION_NONE);
		break;
	case STEP_SWAP:
		assert_int_equal(keygen_rotation_step(rot, s->now),
				 KEYGEN_ACTION_SWAP);
		break;
	case STEP_DELETE:
		assert_int_equal(keygen_rotation_step(rot, s->now),
				 KEYGEN_ACTION_DELETE_SECONDARY);
		break;
	case DEADLINE:
		assert_true(keygen_rotation_deadline(rot) == at(s->a));
		break;
	case KEYS:
		assert_int_equal(key_of(&rot->primary), s->a);
		assert_int_equal(key_of(&rot->secondary), s->b);
		break;
	case END:
		break;
	}
}

static void script_run(const struct script *script)
{
	struct keygen_rotation rot;

	keygen_rotation_init(&rot);
	for (; script->op != END; script++)
		script_step(&rot, script);
}

static void test_rotation_first(void **state)
{
	static const struct script script[] = {
		{ DEADLINE, 0, -1, 0 },
		{ STEP_NONE, 1000000, 0, 0 },
		/* The first key sends at once, whatever usable_at says. */
		{ ADD_PRIMARY, 0, 60000, -1 },
		{ KEYS, 0, 0, -1 },
		{ DEADLINE, 0, -1, 0 },
		{ STEP_NONE, UINT64_MAX - 1, 0, 0 },
		{ END, 0, 0, 0 },
	};

	(void)state;
	script_run(script);
}

static void test_rotation_rekey(void **state)
{
	static const struct script script[] = {
		{ ADD_PRIMARY, 0, 0, -1 },
		{ ROOM_NONE, 0, 0, 0 },
		/* Rekey at 3600 s: send after 60 s, old key dies at 7200. */
		{ ADD_SECONDARY, 1, 3660000, 7200000 },
		{ KEYS, 0, 0, 1 },
		{ DEADLINE, 0, 3660000, 0 },
		{ STEP_NONE, 3659999, 0, 0 },
		{ STEP_SWAP, 3660000, 0, 0 },
		{ KEYS, 0, 1, 0 },
		{ STEP_NONE, 3660000, 0, 0 },
		{ DEADLINE, 0, 7200000, 0 },
		{ STEP_NONE, 7199999, 0, 0 },
		{ STEP_DELETE, 7200000, 0, 0 },
		{ KEYS, 0, 1, -1 },
		{ STEP_NONE, 7200000, 0, 0 },
		{ DEADLINE, 0, -1, 0 },
		/* The next round. */
		{ ADD_SECONDARY, 2, 7260000, 10800000 },
		{ STEP_SWAP, 7260000, 0, 0 },
		{ KEYS, 0, 2, 1 },
		{ END, 0, 0, 0 },
	};

	(void)state;
	script_run(script);
}

static void test_rotation_late_step(void **state)
{
	static const struct script script[] = {
		{ ADD_PRIMARY, 0, 0, -1 },
		{ ADD_SECONDARY, 1, 100, 200 },
		/* One step at a time, even when both are overdue. */
		{ STEP_SWAP, 5000, 0, 0 },
		{ STEP_DELETE, 5000, 0, 0 },
		{ STEP_NONE, 5000, 0, 0 },
		{ KEYS, 0, 1, -1 },
		{ END, 0, 0, 0 },
	};

	(void)state;
	script_run(script);
}

/* tran-window shorter than the wait: the old key must not send any more. */
static void test_rotation_short_window(void **state)
{
	static const struct script script[] = {
		{ ADD_PRIMARY, 0, 0, -1 },
		{ ADD_SECONDARY, 1, 60000, 10000 },
		{ DEADLINE, 0, 10000, 0 },
		{ STEP_NONE, 9999, 0, 0 },
		{ STEP_SWAP, 10000, 0, 0 },
		{ STEP_DELETE, 10000, 0, 0 },
		{ KEYS, 0, 1, -1 },
		{ END, 0, 0, 0 },
	};

	(void)state;
	script_run(script);
}

static void test_rotation_retired_replaced(void **state)
{
	static const struct script script[] = {
		{ ADD_PRIMARY, 0, 0, -1 },
		{ ADD_SECONDARY, 1, 100, 10000 },
		{ STEP_SWAP, 100, 0, 0 },
		/* The lame duck is freed when another rekey comes. */
		{ ROOM_NONE, 0, 0, 0 },
		{ ADD_SECONDARY, 2, 300, 12000 },
		{ KEYS, 0, 1, 2 },
		{ STEP_SWAP, 300, 0, 0 },
		{ KEYS, 0, 2, 1 },
		{ DEADLINE, 0, 12000, 0 },
		{ END, 0, 0, 0 },
	};

	(void)state;
	script_run(script);
}

static void test_rotation_make_room(void **state)
{
	static const struct script script[] = {
		{ ADD_PRIMARY, 0, 0, -1 },
		{ ADD_SECONDARY, 1, 1000, 5000 },
		/* Key 2 comes while 1 still waits: 1 takes over, 0 is lost. */
		{ ROOM_SWAP, 0, 0, 0 },
		{ KEYS, 0, 1, 0 },
		{ ADD_SECONDARY, 2, 2000, 6000 },
		{ KEYS, 0, 1, 2 },
		{ STEP_NONE, 1500, 0, 0 },
		{ STEP_SWAP, 2000, 0, 0 },
		{ STEP_DELETE, 6000, 0, 0 },
		{ KEYS, 0, 2, -1 },
		{ END, 0, 0, 0 },
	};

	(void)state;
	script_run(script);
}

static void test_rotation_never_dies(void **state)
{
	static const struct script script[] = {
		{ ADD_PRIMARY, 0, 0, -1 },
		{ ADD_SECONDARY, 1, 1000, -1 },
		{ STEP_SWAP, 1000, 0, 0 },
		{ DEADLINE, 0, -1, 0 },
		/* Retired is not waiting: no swap back. */
		{ STEP_NONE, 1000000000, 0, 0 },
		{ KEYS, 0, 1, 0 },
		{ END, 0, 0, 0 },
	};

	(void)state;
	script_run(script);
}

static void test_next_key_id(void **state)
{
	static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 1 };

	(void)state;
	for (uint8_t i = 0; i < 8; i++)
		assert_int_equal(keygen_next_key_id(i), want[i]);
}

static void test_reneg_delay(void **state)
{
	static const struct {
		uint32_t sec, min;
		uint32_t random;
		uint64_t want;
	} rows[] = {
		{ 0, 0, 5, UINT64_MAX },
		{ 3600, 3600, 359, 3600000 },
		{ 3600, 3240, 0, 3600000 },
		{ 3600, 3240, 359, 3241000 },
		{ 3600, 3240, 360, 3600000 },
		{ 3600, 3240, UINT32_MAX, 3600000 - UINT32_MAX % 360 * 1000 },
		{ 3600, 0, 3599, 1000 },
		{ 100, 50, 49, 51000 },
		{ 100, 50, 50, 100000 },
		{ 5, 5, 12345, 5000 },
		{ 1, 1, 1, 1000 },
		{ UINT32_MAX, UINT32_MAX, 0, (uint64_t)UINT32_MAX * 1000 },
		{ UINT32_MAX, 0, UINT32_MAX - 1, 1000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_true(keygen_reneg_delay(rows[i].sec, rows[i].min,
					       rows[i].random) ==
			    rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls1_prf),
		cmocka_unit_test(test_full_derivation),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_rotation_first),
		cmocka_unit_test(test_rotation_rekey),
		cmocka_unit_test(test_rotation_late_step),
		cmocka_unit_test(test_rotation_short_window),
		cmocka_unit_test(test_rotation_retired_replaced),
		cmocka_unit_test(test_rotation_make_room),
		cmocka_unit_test(test_rotation_never_dies),
		cmocka_unit_test(test_next_key_id),
		cmocka_unit_test(test_reneg_delay),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
