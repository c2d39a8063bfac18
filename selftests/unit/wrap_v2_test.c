// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of tls-crypt-v2: protocol sections 2.1, 2.2, 2.4 and 12.4. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hex.h"
#include "wrap/wrap.h"

/* no argument at key generation: a time stamp, here 0 */
static const char wkc_time_hex[] =
	"177da5c074a94619b16be4acb71f1a6ccf24f33c6bbaf498459d5f06c369d495"
	"2c78396efd93c2598f4771e068cafca3d2d387d87151392b1f74b43df2913707"
	"2ca3ceae6bf741153c97b0cf6d8386b0ddd4baa201fd024693fa44510e035c29"
	"691009bc2624ad8995f9171c1c1b02d9a7efc02436e868e90085a8276a19a6f7"
	"ce1daf85e16a18c3dd1a9ba46c5ad3deb70edd52f151e1be45dcd788c4c2a494"
	"a8bc504fd650e46306093e7cfa75a1218f44f3277055aeef56dc2a68b5d36dee"
	"ed3d927c407e90b18edacfdec7a6b037b0fe04c1b5c7d0fcea131721479cde64"
	"459faad7b482e276dadcfa7cfc5b34fa149bbf6b49a33a03f1212516aed22162"
	"6c7224d887cabc7f9c90c6376de16c6efd9e70b4f080674b4ece3e08b5323bed"
	"f04e6114df11acb31e012b";

/* argument AABBCCDD, which is base64 */
static const char wkc_user_hex[] =
	"69eda75582aa170b8c9418fe28248cdb7761bea2d277aa1647eb3a9d94083733"
	"e91489b4f2d96ef38e2941e4daac313d852c1429f3fc8595ebf6622d1ada6f35"
	"294bca123751d2e8feeaa8076b1ca81f8554c76ac7527f651d3133c2ec70609c"
	"ff4b97416128dd21eef4b36dbb7b40cef01fd9abd5e71cfccb744985b6969c00"
	"68939b6064f293a8538169b483f30baf0a2b2eb7b34ea507059cd5b2ef8b0f2a"
	"8b58ad65cc935deba32e34eb060386057db0ac0e1f27dc7f82c3593960d0590d"
	"86093ad55480159785e3babe0a0e9aa0dd234740437855a3d0c4f9290216381f"
	"978158db22c487d655659ae5d5e0f53b087f5f5efc0a41eb049625f4b3504b24"
	"042a50c65b004b43fa58deab6372daf7a55eb630f41d068fb595cb230c225540"
	"0e9753296d6ace0129";

static const char reset_v3_hex[] =
	"50f419cb12d1f9e48f0f00000161d3f8e15a3a97692881913299f475c28f546c"
	"91570aaf5955320e3137993009cd214d3018d4ca4045";

static const char server_reset_hex[] =
	"4001020304050607080000000161d3f8e1ba2e087b56ed00769457b057e5aba3"
	"29493c5ecf0793c57f285765b99d5ae6e21ea62e5a48550c48943ecea285109f"
	"960f96eb7f0b6796";

static const char wkc_v1_hex[] =
	"58f419cb12d1f9e48f0f00000261d3f8e12acd4151d3c0e9c5b6718d76a6d2e2"
	"6433e653c5a181650ca4f4ec11576bac9569a38070dac3c51c41233f52abf2c5"
	"727f";

static const char server_pem[] =
	"-----BEGIN OpenVPN tls-crypt-v2 server key-----\n"
	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v\n"
	"MDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5f\n"
	"YGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn8=\n"
	"-----END OpenVPN tls-crypt-v2 server key-----\n";

static const uint8_t time_zero[9] = { WRAP_V2_METADATA_TIMESTAMP };
static const uint8_t user_data[7] = { WRAP_V2_METADATA_USER, 0x00, 0x00, 0x41,
				      0x08, 0x20, 0xc3 };

static struct wrap_v2 *server_new(void)
{
	uint8_t key[WRAP_V2_SERVER_KEY_LEN];
	struct wrap_v2 *v2 = NULL;

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	assert_int_equal(wrap_v2_new(key, &v2), 0);
	return v2;
}

static void client_init(struct wrap_v2_client *client)
{
	memset(client, 0, sizeof(*client));
	for (size_t i = 0; i < sizeof(client->key); i++)
		client->key[i] = (uint8_t)i;
}

static void check_wkc(const uint8_t *metadata, size_t len, const char *hex)
{
	uint8_t want[WRAP_V2_WKC_MAX], key[WRAP_STATIC_KEY_LEN];
	uint8_t got[WRAP_V2_METADATA_MAX];
	struct wrap_v2 *v2 = server_new();
	struct wrap_v2_client client;
	size_t want_len = hex_bytes(hex, want, sizeof(want)), got_len = 0;

	client_init(&client);
	assert_int_equal(wrap_v2_seal(v2, &client, metadata, len), 0);
	assert_int_equal(client.wkc_len, want_len);
	assert_memory_equal(client.wkc, want, want_len);
	assert_int_equal(wrap_v2_open(v2, want, want_len, key, got, &got_len),
			 0);
	assert_memory_equal(key, client.key, sizeof(key));
	assert_int_equal(got_len, len);
	assert_memory_equal(got, metadata, len);
	wrap_v2_free(v2);
}

static void test_vectors(void **state)
{
	(void)state;
	check_wkc(time_zero, sizeof(time_zero), wkc_time_hex);
	check_wkc(user_data, sizeof(user_data), wkc_user_hex);
}

/* Every bit counts: key, metadata, tag and length. */
static void test_tampered(void **state)
{
	uint8_t wkc[WRAP_V2_WKC_MAX], key[WRAP_STATIC_KEY_LEN];
	uint8_t metadata[WRAP_V2_METADATA_MAX];
	struct wrap_v2 *v2 = server_new();
	size_t len = hex_bytes(wkc_time_hex, wkc, sizeof(wkc)), n;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		wkc[i] ^= 0x10;
		assert_int_equal(wrap_v2_open(v2, wkc, len, key, metadata, &n),
				 -EBADMSG);
		wkc[i] ^= 0x10;
	}
	for (size_t i = 0; i < len; i++)
		assert_int_equal(wrap_v2_open(v2, wkc, i, key, metadata, &n),
				 -EBADMSG);
	wrap_v2_free(v2);
}

static void test_limits(void **state)
{
	uint8_t metadata[WRAP_V2_METADATA_MAX + 1] = { 0 };
	uint8_t key[WRAP_STATIC_KEY_LEN];
	struct wrap_v2 *v2 = server_new();
	struct wrap_v2_client client;
	size_t n = 0;

	(void)state;
	client_init(&client);
	assert_int_equal(wrap_v2_seal(v2, &client, metadata, sizeof(metadata)),
			 -EMSGSIZE);
	assert_int_equal(wrap_v2_seal(v2, &client, metadata,
				      WRAP_V2_METADATA_MAX), 0);
	assert_int_equal(client.wkc_len, WRAP_V2_WKC_MAX);
	assert_int_equal(wrap_v2_open(v2, client.wkc, client.wkc_len, key,
				      metadata, &n), 0);
	assert_int_equal(n, WRAP_V2_METADATA_MAX);
	assert_int_equal(wrap_v2_seal(v2, &client, NULL, 0), 0);
	assert_int_equal(client.wkc_len, WRAP_V2_WKC_MIN);
	assert_int_equal(wrap_v2_open(v2, client.wkc, client.wkc_len, key,
				      metadata, &n), 0);
	assert_int_equal(n, 0);
	wrap_v2_free(v2);
}

/* The length at the end of a packet is the peer's word. */
static void test_split(void **state)
{
	uint8_t pkt[PROTO_PACKET_MAX] = { 0 };
	size_t len = PROTO_HEAD_LEN + 45 + WRAP_V2_WKC_MIN, n = 0;
	static const struct {
		size_t claimed;
		int ret;
	} rows[] = {
		{ 0, -EBADMSG },
		{ WRAP_V2_WKC_MIN - 1, -EBADMSG },
		{ WRAP_V2_WKC_MIN, 0 },
		{ WRAP_V2_WKC_MIN + 45, 0 },
		{ WRAP_V2_WKC_MIN + 46, -EBADMSG },
		{ WRAP_V2_WKC_MAX + 1, -EBADMSG },
		{ 0xffff, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pkt[len - 2] = (uint8_t)(rows[i].claimed >> 8);
		pkt[len - 1] = (uint8_t)rows[i].claimed;
		assert_int_equal(wrap_v2_split(pkt, len, &n), rows[i].ret);
		if (!rows[i].ret)
			assert_int_equal(n, rows[i].claimed);
	}
	for (len = 0; len < PROTO_HEAD_LEN + WRAP_V2_WKC_MIN; len++)
		assert_int_equal(wrap_v2_split(pkt, len, &n), -EBADMSG);
}

/* The client's key wraps packets as a tls-crypt key does. */
static void check_packet(const char *hex, enum wrap_direction receiver,
			 size_t body_len, uint32_t want_id)
{
	uint8_t pkt[PROTO_PACKET_MAX], body[PROTO_PACKET_MAX];
	size_t len = hex_bytes(hex, pkt, sizeof(pkt)), n = 0;
	struct wrap_v2_client client;
	struct wrap_key *key = NULL;
	uint32_t id = 0;

	client_init(&client);
	assert_int_equal(wrap_key_new(WRAP_MODE_TLS_CRYPT, client.key, receiver,
				      NULL, &key), 0);
	assert_int_equal(wrap_open(key, NULL, 0, pkt, len, body, sizeof(body),
				   &n, &id), 0);
	assert_int_equal(n, body_len);
	assert_int_equal(id, want_id);
	wrap_key_free(key);
}

static void test_packets(void **state)
{
	(void)state;
	check_packet(reset_v3_hex, WRAP_DIRECTION_NORMAL, 5,
		     WRAP_V2_EARLY_START + 1);
	check_packet(server_reset_hex, WRAP_DIRECTION_INVERSE, 23, 1);
	check_packet(wkc_v1_hex, WRAP_DIRECTION_NORMAL, 17,
		     WRAP_V2_EARLY_START + 2);
	assert_true(wrap_v2_is_early(WRAP_V2_EARLY_START + 1));
	assert_false(wrap_v2_is_early(1));
	assert_false(wrap_v2_is_early(0x0e000001));
}

static void test_files(void **state)
{
	uint8_t key[WRAP_V2_SERVER_KEY_LEN];
	struct wrap_v2 *v2 = server_new();
	struct wrap_v2_client client, again;
	char text[WRAP_FILE_MAX];

	(void)state;
	assert_int_equal(wrap_v2_server_parse(server_pem, strlen(server_pem),
					      key), 0);
	for (size_t i = 0; i < sizeof(key); i++)
		assert_int_equal(key[i], i);
	assert_int_equal(wrap_v2_server_format(key, text), 0);
	assert_string_equal(text, server_pem);

	client_init(&client);
	assert_int_equal(wrap_v2_seal(v2, &client, user_data,
				      sizeof(user_data)), 0);
	assert_int_equal(wrap_v2_client_format(&client, text), 0);
	assert_int_equal(wrap_v2_client_parse(text, strlen(text), &again), 0);
	assert_memory_equal(again.key, client.key, sizeof(client.key));
	assert_int_equal(again.wkc_len, client.wkc_len);
	assert_memory_equal(again.wkc, client.wkc, client.wkc_len);

	/* one for the other, and half of one */
	assert_int_equal(wrap_v2_client_parse(server_pem, strlen(server_pem),
					      &again), -EBADMSG);
	assert_int_equal(wrap_v2_server_parse(text, strlen(text), key),
			 -EBADMSG);
	assert_int_equal(wrap_v2_client_parse(text, strlen(text) / 2, &again),
			 -EBADMSG);
	assert_int_equal(wrap_v2_server_parse("", 0, key), -EBADMSG);
	wrap_v2_free(v2);
}

static void test_static_key_format(void **state)
{
	uint8_t key[WRAP_STATIC_KEY_LEN], again[WRAP_STATIC_KEY_LEN];
	char text[WRAP_FILE_MAX];
	unsigned int line = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 7);
	wrap_static_key_format(key, text);
	assert_int_equal(wrap_static_key_parse(text, strlen(text), again,
					       &line), 0);
	assert_memory_equal(key, again, sizeof(key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_tampered),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_static_key_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
