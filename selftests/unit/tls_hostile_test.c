// SPDX-License-Identifier: GPL-2.0-or-later
#include "tls_pair.h"

/* Bytes that no honest peer sends: no crash, no way in, a useful error. */

static struct pki_cert ca, server, client;

static int setup(void **state)
{
	(void)state;
	pair_pki_make(&ca, &server, &client);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_pki_free(&ca, &server, &client);
	return 0;
}

static void pair_default(struct tls_pair *pair, const char *version_max)
{
	struct tls_config c = pair_config(false, &ca, &client);
	struct tls_config s = pair_config(true, &ca, &server);

	c.version_max = version_max;
	pair_init(pair, &c, &s);
}

static uint32_t rand_state;

static uint32_t prng(void)
{
	rand_state ^= rand_state << 13;
	rand_state ^= rand_state >> 17;
	rand_state ^= rand_state << 5;
	return rand_state;
}

static void test_garbage(void **state)
{
	struct tls_config c = pair_config(false, &ca, &client);
	struct tls_config s = pair_config(true, &ca, &server);
	struct tls_ctx *ctx[2] = { pair_ctx(&c), pair_ctx(&s) };

	(void)state;
	rand_state = 1;
	for (int i = 0; i < 200; i++) {
		struct tls_end end;
		uint8_t data[600];

		for (size_t j = 0; j < sizeof(data); j++)
			data[j] = (uint8_t)prng();
		if (i & 2)
			memcpy(data, "\x16\x03\x01\x02\x00\x01", 6);
		end_init(&end, ctx[i & 1]);
		end_step(&end);
		mem_buf_append(&end.io.net_in, data, sizeof(data));
		end_step(&end);
		assert_int_equal(end.state, TLS_STATE_FAILED);
		assert_part(tls_session_error(end.session), "TLS handshake");
		end_free(&end);
	}
	tls_ctx_free(ctx[0]);
	tls_ctx_free(ctx[1]);
}

/* One bit wrong anywhere: no handshake, and both sides get to know. */
static void test_corrupted_handshake(void **state)
{
	(void)state;
	rand_state = 7;
	for (unsigned int i = 0; i < 30; i++) {
		size_t at = prng() % 1500, seen = 0;
		bool is_moving = true;
		struct tls_pair pair;

		pair_default(&pair, i & 1 ? "1.2" : "1.3");
		end_step(&pair.client);
		while (is_moving) {
			struct mem_buf *out = &pair.client.io.net_out;

			if (at >= seen && at < seen + out->len)
				out->data[at - seen] ^= (uint8_t)
							(1u << prng() % 8);
			seen += out->len;
			is_moving = pair_move(&pair.client, &pair.server,
					      SIZE_MAX);
			is_moving |= pair_move(&pair.server, &pair.client,
					       SIZE_MAX);
		}
		if (at < seen)
			assert_int_not_equal(pair.server.state,
					     TLS_STATE_ESTABLISHED);
		pair_free(&pair);
	}
}

static void test_corrupted_record(void **state)
{
	struct tls_pair pair;

	(void)state;
	pair_default(&pair, NULL);
	pair_run(&pair, SIZE_MAX);
	tls_io_put(&pair.client.io.app_in, "hello", 5);
	end_step(&pair.client);
	pair.client.io.net_out.data[9] ^= 1;
	pair_move(&pair.client, &pair.server, SIZE_MAX);
	assert_error(&pair.server, "TLS session failed");
	assert_int_equal(pair.server.io.app_out.len, 0);
	assert_true(pair.server.io.net_out.len > 0);
	pair_move(&pair.server, &pair.client, SIZE_MAX);
	assert_error(&pair.client, "TLS session ended by the peer");
	pair_free(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_corrupted_handshake),
		cmocka_unit_test(test_corrupted_record),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
