// SPDX-License-Identifier: GPL-2.0-or-later
/* How much one key without epochs may carry (sections 4.4, 6.5 and 12.9). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "userdp/userdp.h"

/* 2^36 - 1 blocks and packets: 1600 bytes are 100 blocks. */
#define LEN		1600u
#define USE		101u
#define PACKETS		UINT64_C(680390858)

static struct userdp_codec seal, open;
static uint8_t plain[LEN], wire[LEN + 64], out[LEN + 64];

static void begin(enum proto_cipher cipher)
{
	static const uint8_t key[32] = { 1 }, tail[8] = { 2 };
	const struct userdp_secret secret = {
		.cipher = cipher, .key = key, .tail = tail,
	};

	assert_int_equal(userdp_codec_init(&seal, &secret, USERDP_HEAD_V2,
					   USERDP_AEAD_SEAL), 0);
	assert_int_equal(userdp_codec_init(&open, &secret, USERDP_HEAD_V2,
					   USERDP_AEAD_OPEN), 0);
}

static void end(void)
{
	userdp_codec_wipe(&seal);
	userdp_codec_wipe(&open);
}

static size_t seal_one(size_t len)
{
	static const uint8_t head[] = { 0x48, 0, 0, 1 };
	ssize_t n;

	memcpy(wire, head, sizeof(head));
	n = seal.ops->seal(&seal, wire, plain, len);
	assert_int_equal(n, len + 24);
	return (size_t)n;
}

static ssize_t open_one(size_t len)
{
	struct userdp_id id = { 0 };

	return open.ops->open(&open, wire, USERDP_HEAD_V2, len, out, &id);
}

/* A block that is begun counts, and so does the packet. */
static void test_counts(void **state)
{
	(void)state;
	begin(PROTO_CIPHER_AES_256_GCM);
	assert_int_equal(open_one(seal_one(LEN)), LEN);
	assert_int_equal(seal.usage, USE);
	assert_int_equal(open.usage, USE);
	assert_int_equal(open_one(seal_one(1)), 1);
	assert_int_equal(seal.usage, USE + 2);
	assert_int_equal(open_one(seal_one(17)), 17);
	assert_int_equal(seal.usage, USE + 5);
	assert_int_equal(open.usage, USE + 5);
	end();
}

static void test_ends(void **state)
{
	(void)state;
	begin(PROTO_CIPHER_AES_128_GCM);
	seal.usage = (PACKETS - 1) * USE;
	seal_one(LEN);
	assert_false(userdp_codec_is_spent(&seal));
	seal_one(LEN);
	assert_true(userdp_codec_is_spent(&seal));
	end();
}

/* In either direction, at seven eighths. */
static void test_wears(void **state)
{
	const uint64_t soft = UINT64_C(60129542143);

	(void)state;
	begin(PROTO_CIPHER_AES_256_GCM);
	seal.usage = soft - USE;
	open.usage = soft - USE;
	assert_int_equal(open_one(seal_one(LEN)), LEN);
	assert_false(userdp_codec_is_worn(&seal));
	assert_false(userdp_codec_is_worn(&open));
	assert_int_equal(open_one(seal_one(1)), 1);
	assert_true(userdp_codec_is_worn(&seal));
	assert_true(userdp_codec_is_worn(&open));
	assert_false(userdp_codec_is_spent(&seal));
	end();
}

/* ChaCha20-Poly1305 has packet ids and forgeries only. */
static void test_unlimited(void **state)
{
	(void)state;
	begin(PROTO_CIPHER_CHACHA20_POLY1305);
	seal.usage = UINT64_C(1) << 40;
	seal_one(LEN);
	assert_false(userdp_codec_is_worn(&seal));
	assert_false(userdp_codec_is_spent(&seal));
	seal.next = USERDP_PID_SOFT;
	seal_one(LEN);
	assert_true(userdp_codec_is_worn(&seal));
	end();
}

/* Too many of them, and what is authentic is not believed either. */
static void test_forgeries(void **state)
{
	size_t len;

	(void)state;
	begin(PROTO_CIPHER_CHACHA20_POLY1305);
	len = seal_one(LEN);
	open.forged = (UINT64_C(1) << 35) - 1;
	wire[len - 1] ^= 1;
	assert_int_equal(open_one(len), -EBADMSG);
	assert_false(userdp_codec_is_worn(&open));
	assert_int_equal(open_one(len), -EBADMSG);
	assert_true(userdp_codec_is_worn(&open));
	wire[len - 1] ^= 1;
	assert_int_equal(open_one(len), LEN);
	open.forged = (UINT64_C(1) << 36) - 1;
	wire[len - 1] ^= 1;
	assert_int_equal(open_one(len), -EBADMSG);
	wire[len - 1] ^= 1;
	assert_int_equal(open_one(len), LEN);
	wire[len - 1] ^= 1;
	assert_int_equal(open_one(len), -EBADMSG);
	wire[len - 1] ^= 1;
	assert_int_equal(open_one(len), -EBADMSG);
	end();
}

/* Of another process only the packets are known: soon over, not at once. */
static void test_resumed(void **state)
{
	(void)state;
	begin(PROTO_CIPHER_AES_256_GCM);
	userdp_codec_resume(&seal, 1000);
	assert_int_equal(seal.usage, 1000 * 564);
	userdp_codec_resume(&seal, 0xff000000u);
	assert_false(userdp_codec_is_spent(&seal));
	seal_one(1);
	assert_true(userdp_codec_is_worn(&seal));
	assert_false(userdp_codec_is_spent(&seal));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_wears),
		cmocka_unit_test(test_unlimited),
		cmocka_unit_test(test_forgeries),
		cmocka_unit_test(test_resumed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
