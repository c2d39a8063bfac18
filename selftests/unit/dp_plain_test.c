// SPDX-License-Identifier: GPL-2.0-or-later
/* What a data path that can do no more than the kernel's is never asked for. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dp/impl.h"

static unsigned int n_calls;

static int peer_add(struct dp *dp, const struct dp_peer *peer)
{
	(void)dp;
	(void)peer;
	n_calls++;
	return 0;
}

static int key_set(struct dp *dp, uint32_t peer_id, enum dp_slot slot,
		   const struct dp_key *key)
{
	(void)dp;
	(void)peer_id;
	(void)slot;
	(void)key;
	n_calls++;
	return 0;
}

static struct dp_ops ops = { .peer_add = peer_add, .key_set = key_set };
static struct dp dp = { .ops = &ops, .mode = DP_MODE_P2P };

static void test_format(void **state)
{
	static const struct {
		struct dp_format format;
		bool is_tcp;
		int plain, user;
	} rows[] = {
		{ { .mss = DP_MSS_LINK, .mss_size = 1400 }, false, 0, 0 },
		{ { .is_v1 = true }, false, -EOPNOTSUPP, 0 },
		{ { .framing = PROTO_FRAMING_LZO }, false, -EOPNOTSUPP, 0 },
		{ { .framing = PROTO_FRAMING_SWAP }, false, -EOPNOTSUPP, 0 },
		{ { .framing = PROTO_FRAMING_V2 }, false, 0, 0 },
		{ { .fragment = 1300 }, false, -EOPNOTSUPP, 0 },
		{ { .fragment = 1300 }, true, -EINVAL, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct dp_peer peer = {
			.format = rows[i].format, .is_tcp = rows[i].is_tcp,
		};

		ops.is_plain = true;
		n_calls = 0;
		assert_true(dp_is_plain(&dp));
		assert_int_equal(dp_peer_add(&dp, &peer), rows[i].plain);
		assert_int_equal(n_calls, rows[i].plain ? 0 : 1);
		ops.is_plain = false;
		assert_int_equal(dp_peer_add(&dp, &peer), rows[i].user);
	}
}

static void test_key(void **state)
{
	static const struct {
		enum proto_cipher cipher;
		bool is_epoch;
		int plain, epochs;
	} rows[] = {
		{ PROTO_CIPHER_AES_256_GCM, false, 0, 0 },
		{ PROTO_CIPHER_CHACHA20_POLY1305, false, 0, 0 },
		{ PROTO_CIPHER_AES_256_GCM, true, -EOPNOTSUPP, 0 },
		{ PROTO_CIPHER_AES_256_CBC, false, -EOPNOTSUPP, -EOPNOTSUPP },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct dp_key key = {
			.cipher = rows[i].cipher, .is_epoch = rows[i].is_epoch,
		};

		key.send.cipher_key_len = key.recv.cipher_key_len =
			proto_cipher_key_len(key.cipher);
		ops.is_plain = true;
		dp.has_epochs = false;
		assert_int_equal(dp_key_set(&dp, 1, DP_SLOT_PRIMARY, &key),
				 rows[i].plain);
		dp.has_epochs = true;
		assert_int_equal(dp_key_set(&dp, 1, DP_SLOT_PRIMARY, &key),
				 rows[i].epochs);
		ops.is_plain = false;
		assert_int_equal(dp_key_set(&dp, 1, DP_SLOT_PRIMARY, &key), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_key),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
