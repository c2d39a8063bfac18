// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "userdp/userdp.h"
#include "hex.h"

/* Section 12.7. */
static const char plain[] =
	"The quick little fox jumps over the bureaucratic hurdles";
#define PLAIN_LEN	(sizeof(plain) - 1)

static const char key_hex[] =
	"616361676163616f3838383838383838515351575153515f72726f7874787073";
static const char tail_hex[] = "212321272123212f";

struct vector {
	enum proto_cipher cipher;
	size_t ad_len;
	const char *packet;
};

static const struct vector vectors[] = {
	{ PROTO_CIPHER_AES_256_GCM, 8,
	  "07000017000000011fdd908f0e9dc25e79d832020d58e73f2262f977d6bb2118"
	  "fa0ea82e6b1706d949aefcb5efcbbacd5c09a9ab45f4d391d3f68794cb0b82c3"
	  "d33389b61622b3281598e2ff6d5cc38b" },
	{ PROTO_CIPHER_AES_256_GCM, 8,
	  "48000017000000014b25c6606449c0e04c573546d802e2612262f977d6bb2118"
	  "fa0ea82e6b1706d949aefcb5efcbbacd5c09a9ab45f4d391d3f68794cb0b82c3"
	  "d33389b61622b3281598e2ff6d5cc38b" },
	{ PROTO_CIPHER_CHACHA20_POLY1305, 8,
	  "4800001700000001f2c9320d1ed7eb8a24d70ccb6f0da0981e9df44cbc61e8e6"
	  "5b606504faaf107f3b94da1fa1c9b860fbdff86ad8ae6b5fbe762ba5beb3f09a"
	  "d395efd7b47656ec824bbd83a44bbed5" },
};

#define N_VECTORS	(sizeof(vectors) / sizeof(*vectors))
#define PACKET_LEN	(8 + PROTO_AEAD_TAG_LEN + PLAIN_LEN)

static void make(struct userdp_aead *aead, enum proto_cipher cipher,
		 enum userdp_aead_dir dir)
{
	uint8_t key[32], tail[8];

	assert_int_equal(hex_bytes(key_hex, key, sizeof(key)), 32);
	assert_int_equal(hex_bytes(tail_hex, tail, sizeof(tail)), 8);
	assert_int_equal(userdp_aead_init(aead, cipher, key, tail, dir), 0);
}

static int seal_plain(struct userdp_aead *aead, uint8_t *to)
{
	return userdp_aead_seal(aead, to, 8, (const uint8_t *)plain, PLAIN_LEN,
				to + 8, to + 24);
}

static int open_plain(struct userdp_aead *aead, const uint8_t *from,
		      uint8_t *out)
{
	return userdp_aead_open(aead, from, 8, from + 24, PLAIN_LEN, from + 8,
				out);
}

static void test_seal(void **state)
{
	uint8_t want[PACKET_LEN], got[PACKET_LEN];
	struct userdp_aead aead;
	size_t i;

	(void)state;
	for (i = 0; i < N_VECTORS; i++) {
		assert_int_equal(hex_bytes(vectors[i].packet, want,
					   sizeof(want)), sizeof(want));
		make(&aead, vectors[i].cipher, USERDP_AEAD_SEAL);
		memcpy(got, want, 8);
		assert_int_equal(seal_plain(&aead, got), 0);
		assert_memory_equal(got, want, sizeof(want));
		userdp_aead_wipe(&aead);
	}
}

/* Every single bit counts, in header, packet id, tag and ciphertext. */
static void test_open(void **state)
{
	uint8_t pkt[PACKET_LEN], out[PLAIN_LEN];
	struct userdp_aead aead;
	size_t i, bit;

	(void)state;
	for (i = 0; i < N_VECTORS; i++) {
		hex_bytes(vectors[i].packet, pkt, sizeof(pkt));
		make(&aead, vectors[i].cipher, USERDP_AEAD_OPEN);
		for (bit = 0; bit < 8 * sizeof(pkt); bit++) {
			pkt[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(open_plain(&aead, pkt, out),
					 -EBADMSG);
			pkt[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		assert_int_equal(open_plain(&aead, pkt, out), 0);
		assert_memory_equal(out, plain, PLAIN_LEN);
		userdp_aead_wipe(&aead);
	}
}

static void test_ciphers(void **state)
{
	static const enum proto_cipher ciphers[] = {
		PROTO_CIPHER_AES_128_GCM, PROTO_CIPHER_AES_192_GCM,
		PROTO_CIPHER_AES_256_GCM, PROTO_CIPHER_CHACHA20_POLY1305,
	};
	uint8_t pkt[PACKET_LEN] = { 0x48, 0, 0, 1, 0, 0, 0, 9 };
	struct userdp_aead seal, open;
	uint8_t out[PLAIN_LEN], key[32] = { 0 }, tail[8] = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ciphers) / sizeof(*ciphers); i++) {
		make(&seal, ciphers[i], USERDP_AEAD_SEAL);
		make(&open, ciphers[i], USERDP_AEAD_OPEN);
		assert_int_equal(seal_plain(&seal, pkt), 0);
		assert_int_equal(open_plain(&open, pkt, out), 0);
		assert_memory_equal(out, plain, PLAIN_LEN);
		userdp_aead_wipe(&seal);
		userdp_aead_wipe(&open);
	}
	assert_int_equal(userdp_aead_init(&seal, PROTO_CIPHER_NONE, key, tail,
					  USERDP_AEAD_SEAL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_ciphers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
