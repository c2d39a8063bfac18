// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"
#include "userdp/userdp.h"

/* Section 12.7. */
static const char plain[] =
	"The quick little fox jumps over the bureaucratic hurdles";
#define PLAIN_LEN	(sizeof(plain) - 1)

static const char key_hex[] =
	"616361676163616f3838383838383838515351575153515f72726f7874787073";
static const char tail_hex[] = "212321272123212f";

static uint8_t key2[256];

static int setup(void **state)
{
	static const char text[] = "abcdefgh01234567ABCDEFGHjkuchenl";

	(void)state;
	for (unsigned int i = 0; i < sizeof(key2); i++)
		key2[i] = (uint8_t)((uint8_t)text[i % 32] ^ i);
	return 0;
}

/* The key of the vectors, which is that of both directions. */
static void make(struct userdp_codec *codec, enum proto_cipher cipher,
		 const char *digest, size_t head_len,
		 enum userdp_aead_dir dir)
{
	uint8_t key[32], tail[8];
	const struct userdp_secret secret = {
		.cipher = cipher, .key = key, .tail = tail,
		.digest = digest, .mac_key = key2 + 64,
	};

	assert_int_equal(hex_bytes(key_hex, key, sizeof(key)), 32);
	assert_memory_equal(key, key2, 32);
	assert_int_equal(hex_bytes(tail_hex, tail, sizeof(tail)), 8);
	assert_memory_equal(tail, key2 + 64, 8);
	assert_int_equal(userdp_codec_init(codec, &secret, head_len, dir), 0);
}

static ssize_t open_at(struct userdp_codec *codec, const uint8_t *pkt,
		       size_t head_len, size_t len, uint8_t *out,
		       struct userdp_id *id)
{
	return codec->ops->open(codec, pkt, head_len, len, out, id);
}

/* ---- known answers ---------------------------------------------------- */

static const char cbc_vector[] =
	"480000179852193ce8e7453960fb29e3b314f318e3ed1a4f5f59887c5e9ef25d"
	"a1d426a8000102030405060708090a0b0c0d0e0f6efb40f40151bc2120079cb5"
	"d676f055e407fe553da2d47cb279fc4d89726fc92fc27adbb27f09103a3a4f18"
	"2f432f6a3224844c6ae9b6d18ea5e141d79303ef";
#define CBC_LEN		(4 + 32 + 16 + 64)

/* Every single bit counts, but for the header, which is not authenticated. */
static void test_cbc_vector(void **state)
{
	uint8_t pkt[CBC_LEN], out[CBC_LEN];
	struct userdp_codec codec;
	struct userdp_id id;

	(void)state;
	assert_int_equal(hex_bytes(cbc_vector, pkt, sizeof(pkt)), CBC_LEN);
	make(&codec, PROTO_CIPHER_AES_256_CBC, "SHA256", USERDP_HEAD_V2,
	     USERDP_AEAD_OPEN);
	assert_int_equal(open_at(&codec, pkt, 4, CBC_LEN, out, &id),
			 PLAIN_LEN);
	assert_memory_equal(out, plain, PLAIN_LEN);
	assert_int_equal(id.number, 1);
	for (size_t bit = 32; bit < 8 * sizeof(pkt); bit++) {
		pkt[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(open_at(&codec, pkt, 4, CBC_LEN, out, &id),
				 -EBADMSG);
		pkt[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t len = 4; len < CBC_LEN; len++)
		assert_int_equal(open_at(&codec, pkt, 4, len, out, &id),
				 -EBADMSG);
	userdp_codec_wipe(&codec);
}

/* DATA_V1 and DATA_V2 with AES-GCM through a codec. */
static void test_aead_vectors(void **state)
{
	static const struct {
		size_t head_len;
		const char *packet;
	} vectors[] = {
		{ USERDP_HEAD_V1,
		  "300000000115dac3c372a148256d36dae123e08b932262f977d6bb21"
		  "18fa0ea82e6b1706d949aefcb5efcbbacd5c09a9ab45f4d391d3f687"
		  "94cb0b82c3d33389b61622b3281598e2ff6d5cc38b" },
		{ USERDP_HEAD_V2,
		  "48000017000000014b25c6606449c0e04c573546d802e2612262f977"
		  "d6bb2118fa0ea82e6b1706d949aefcb5efcbbacd5c09a9ab45f4d391"
		  "d3f68794cb0b82c3d33389b61622b3281598e2ff6d5cc38b" },
	};
	struct userdp_codec seal, open;
	uint8_t want[96], got[96], out[96];
	struct userdp_id id;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t head = vectors[i].head_len;
		size_t len = head + 20 + PLAIN_LEN;

		assert_int_equal(hex_bytes(vectors[i].packet, want,
					   sizeof(want)), len);
		make(&seal, PROTO_CIPHER_AES_256_GCM, NULL, head,
		     USERDP_AEAD_SEAL);
		make(&open, PROTO_CIPHER_AES_256_GCM, NULL, head,
		     USERDP_AEAD_OPEN);
		memcpy(got, want, head);
		assert_int_equal(userdp_codec_wire(&seal, PLAIN_LEN), len);
		assert_int_equal(seal.ops->seal(&seal, got,
				 (const uint8_t *)plain, PLAIN_LEN), len);
		assert_memory_equal(got, want, len);
		assert_int_equal(open_at(&open, want, head, len, out, &id),
				 PLAIN_LEN);
		assert_memory_equal(out, plain, PLAIN_LEN);
		assert_int_equal(id.number, 1);
		/* the first byte of V1 is not part of it, all others are */
		want[0] ^= 1;
		assert_int_equal(open_at(&open, want, head, len, out, &id),
				 head == USERDP_HEAD_V1 ? (int)PLAIN_LEN :
							  -EBADMSG);
		want[0] ^= 1;
		want[1] ^= 1;
		assert_int_equal(open_at(&open, want, head, len, out, &id),
				 -EBADMSG);
		/* too short to hold anything */
		assert_int_equal(open_at(&open, want, head, head + 20, out,
					 &id), -EINVAL);
		userdp_codec_wipe(&seal);
		userdp_codec_wipe(&open);
	}
}

/* ---- there and back --------------------------------------------------- */

static void check_round(enum proto_cipher cipher, const char *digest,
			size_t head_len)
{
	struct userdp_codec seal, open;
	uint8_t wire[256] = { 0 }, out[256], text[100];
	struct userdp_id id;

	make(&seal, cipher, digest, head_len, USERDP_AEAD_SEAL);
	make(&open, cipher, digest, head_len, USERDP_AEAD_OPEN);
	memset(text, 0x5a, sizeof(text));
	for (size_t len = 1; len <= sizeof(text); len++) {
		ssize_t n = seal.ops->seal(&seal, wire, text, len);

		assert_int_equal(n, userdp_codec_wire(&seal, len));
		assert_int_equal(open_at(&open, wire, head_len, (size_t)n,
					 out, &id), len);
		assert_memory_equal(out, text, len);
		assert_int_equal(id.number, len);
		/* the inverse of the length: as much as goes in, and no more */
		assert_true(userdp_codec_payload(&seal, (size_t)n) >= len);
		assert_true(userdp_codec_wire(&seal,
			userdp_codec_payload(&seal, (size_t)n)) <= (size_t)n);
		assert_true(userdp_codec_wire(&seal, 1 +
			userdp_codec_payload(&seal, (size_t)n)) > (size_t)n);
	}
	assert_int_equal(userdp_codec_payload(&seal, seal.fixed), 0);
	userdp_codec_wipe(&seal);
	userdp_codec_wipe(&open);
}

static void test_rounds(void **state)
{
	static const char *const digests[] = {
		"SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "MD5",
	};
	static const enum proto_cipher ciphers[] = {
		PROTO_CIPHER_AES_128_CBC, PROTO_CIPHER_AES_192_CBC,
		PROTO_CIPHER_AES_256_CBC,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(digests) / sizeof(*digests); i++)
		check_round(ciphers[i % 3], digests[i],
			    i % 2 ? USERDP_HEAD_V1 : USERDP_HEAD_V2);
	check_round(PROTO_CIPHER_AES_192_GCM, NULL, USERDP_HEAD_V1);
	check_round(PROTO_CIPHER_CHACHA20_POLY1305, NULL, USERDP_HEAD_V2);
}

static void test_two_ivs(void **state)
{
	struct userdp_codec seal;
	uint8_t a[128] = { 0 }, b[128] = { 0 };

	(void)state;
	make(&seal, PROTO_CIPHER_AES_128_CBC, "SHA1", USERDP_HEAD_V1,
	     USERDP_AEAD_SEAL);
	seal.ops->seal(&seal, a, (const uint8_t *)plain, PLAIN_LEN);
	seal.ops->seal(&seal, b, (const uint8_t *)plain, PLAIN_LEN);
	assert_memory_not_equal(a + 1 + 20, b + 1 + 20, USERDP_CBC_BLOCK);
	userdp_codec_wipe(&seal);
}

/* Authentic, but nothing behind the packet id: there is no such packet. */
static void test_empty(void **state)
{
	struct userdp_codec seal, open;
	uint8_t wire[128] = { 0 }, out[128];
	struct userdp_id id;
	ssize_t n;

	(void)state;
	make(&seal, PROTO_CIPHER_AES_128_CBC, "SHA1", USERDP_HEAD_V1,
	     USERDP_AEAD_SEAL);
	make(&open, PROTO_CIPHER_AES_128_CBC, "SHA1", USERDP_HEAD_V1,
	     USERDP_AEAD_OPEN);
	n = seal.ops->seal(&seal, wire, (const uint8_t *)plain, 0);
	assert_int_equal(n, 1 + 20 + 16 + 16);
	assert_int_equal(open_at(&open, wire, 1, (size_t)n, out, &id),
			 -EBADMSG);
	userdp_codec_wipe(&seal);
	userdp_codec_wipe(&open);
}

static void test_refused(void **state)
{
	const struct userdp_secret bad[] = {
		{ .cipher = PROTO_CIPHER_NONE, .key = key2, .tail = key2,
		  .digest = "SHA1", .mac_key = key2 },
		{ .cipher = PROTO_CIPHER_AES_128_CBC, .key = key2,
		  .digest = "no such digest", .mac_key = key2 },
		{ .cipher = PROTO_CIPHER_AES_128_CBC, .key = key2,
		  .mac_key = key2 },
	};
	struct userdp_codec codec;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(userdp_codec_init(&codec, &bad[i],
				 USERDP_HEAD_V2, USERDP_AEAD_SEAL), -EINVAL);
		userdp_codec_wipe(&codec);
	}
}

/* Section 7.10 and 12.9: AES-GCM with a peer id takes 24 bytes. */
static void test_payload(void **state)
{
	static const struct {
		enum proto_cipher cipher;
		const char *digest;
		size_t size, want;
	} rows[] = {
		{ PROTO_CIPHER_AES_256_GCM, NULL, 1000, 976 },
		{ PROTO_CIPHER_AES_256_GCM, NULL, 24, 0 },
		{ PROTO_CIPHER_AES_256_GCM, NULL, 25, 1 },
		/* 4 + 20 + 16, blocks of 16, at least a byte of padding, id */
		{ PROTO_CIPHER_AES_128_CBC, "SHA1", 1000, 960 - 1 - 4 },
		{ PROTO_CIPHER_AES_128_CBC, "SHA1", 999, 944 - 1 - 4 },
		{ PROTO_CIPHER_AES_128_CBC, "SHA1", 1015, 960 - 1 - 4 },
		{ PROTO_CIPHER_AES_128_CBC, "SHA1", 55, 0 },
		{ PROTO_CIPHER_AES_128_CBC, "SHA1", 0, 0 },
	};
	struct userdp_codec codec;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		make(&codec, rows[i].cipher, rows[i].digest, USERDP_HEAD_V2,
		     USERDP_AEAD_SEAL);
		assert_int_equal(userdp_codec_payload(&codec, rows[i].size),
				 rows[i].want);
		userdp_codec_wipe(&codec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cbc_vector),
		cmocka_unit_test(test_aead_vectors),
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_two_ivs),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_payload),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, NULL);
}
