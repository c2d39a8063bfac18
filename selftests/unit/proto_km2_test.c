// SPDX-License-Identifier: GPL-2.0-or-later
/* The key-method-2 message: protocol section 5.1. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mem/mem.h"
#include "proto/proto.h"

#define CLIENT_FIXED (4 + 1 + 48 + 32 + 32)
#define SERVER_FIXED (4 + 1 + 32 + 32)

static void fill_random(struct proto_random *random)
{
	memset(random->pre_master, 0x11, sizeof(random->pre_master));
	memset(random->random1, 0x22, sizeof(random->random1));
	memset(random->random2, 0x33, sizeof(random->random2));
}

/* The message's fixed part; the options string comes next. */
static void write_fixed(struct mem_writer *wr, bool is_from_client,
			uint8_t method)
{
	struct proto_random random;

	fill_random(&random);
	mem_write_be32(wr, 0);
	mem_write_u8(wr, method);
	if (is_from_client)
		mem_write_bytes(wr, random.pre_master, 48);
	mem_write_bytes(wr, random.random1, 32);
	mem_write_bytes(wr, random.random2, 32);
}

static void write_string(struct mem_writer *wr, const char *str)
{
	mem_write_be16(wr, (uint16_t)(strlen(str) + 1));
	mem_write_bytes(wr, str, strlen(str) + 1);
}

static void test_build_layout(void **state)
{
	struct proto_km2 km2 = { .options = "V4", .username = "u",
				 .password = "p" };
	static const uint8_t tail[] = {
		0, 3, 'V', '4', 0, 0, 2, 'u', 0, 0, 2, 'p', 0, 0, 0,
	};
	uint8_t msg[PROTO_KM2_MAX];
	size_t len;

	(void)state;
	fill_random(&km2.random);
	assert_int_equal(proto_km2_build(&km2, true, msg, sizeof(msg), &len),
			 0);
	assert_int_equal(len, CLIENT_FIXED + sizeof(tail));
	assert_memory_equal(msg, "\0\0\0\0\2\x11", 6);
	assert_int_equal(msg[5 + 48], 0x22);
	assert_int_equal(msg[5 + 48 + 32], 0x33);
	assert_memory_equal(msg + CLIENT_FIXED, tail, sizeof(tail));

	/* A server has no pre-master secret to send. */
	km2.username = NULL;
	km2.password = NULL;
	assert_int_equal(proto_km2_build(&km2, false, msg, sizeof(msg), &len),
			 0);
	assert_int_equal(len, SERVER_FIXED + 5 + 6);
	assert_int_equal(msg[5], 0x22);
	assert_memory_equal(msg + SERVER_FIXED + 5, "\0\0\0\0\0\0", 6);
}

static void test_build_refuses(void **state)
{
	struct proto_km2 km2 = { .options = NULL };
	char text[PROTO_KM2_MAX];
	uint8_t msg[2 * PROTO_KM2_MAX];
	size_t len;

	(void)state;
	assert_int_equal(proto_km2_build(&km2, true, msg, sizeof(msg), &len),
			 -EINVAL);
	km2.options = "V4";
	assert_int_equal(proto_km2_build(&km2, true, msg, CLIENT_FIXED + 5,
					 &len), -ENOBUFS);
	memset(text, 'x', sizeof(text));
	text[PROTO_USER_PASS_MAX] = '\0';
	km2.username = text;
	assert_int_equal(proto_km2_build(&km2, true, msg, sizeof(msg), &len),
			 -ENOBUFS);
	text[PROTO_USER_PASS_MAX - 1] = '\0';
	assert_int_equal(proto_km2_build(&km2, true, msg, sizeof(msg), &len),
			 0);
	/* More than a receiver reads at once, though there is room for it. */
	km2.username = NULL;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	km2.peer_info = text;
	assert_int_equal(proto_km2_build(&km2, true, msg, sizeof(msg), &len),
			 -ENOBUFS);
}

static void test_round_trip(void **state)
{
	static const bool sides[] = { true, false };
	struct proto_km2 in = {
		.options = "V4,dev-type tun", .username = "user",
		.password = "", .peer_info = "IV_VER=2.7.6\n",
	};
	struct proto_km2 out;
	uint8_t msg[PROTO_KM2_MAX];
	size_t i, len;

	(void)state;
	fill_random(&in.random);
	for (i = 0; i < 2; i++) {
		assert_int_equal(proto_km2_build(&in, sides[i], msg,
						 sizeof(msg), &len), 0);
		assert_int_equal(proto_km2_parse(&out, sides[i], msg, len), 0);
		assert_string_equal(out.options, in.options);
		assert_string_equal(out.username, in.username);
		/* An empty string is there; an empty field is not. */
		assert_string_equal(out.password, "");
		assert_string_equal(out.peer_info, in.peer_info);
		assert_false(out.is_userpass_too_long);
		assert_memory_equal(out.random.random1, in.random.random1, 32);
		assert_memory_equal(out.random.random2, in.random.random2, 32);
		assert_int_equal(out.random.pre_master[47],
				 sides[i] ? 0x11 : 0);
	}
}

static void test_parse_missing(void **state)
{
	struct proto_km2 km2;
	struct mem_writer wr;
	uint8_t msg[256];

	(void)state;
	/* Ends behind the options string. */
	mem_writer_init(&wr, msg, sizeof(msg));
	write_fixed(&wr, false, 2);
	write_string(&wr, "V4");
	assert_int_equal(proto_km2_parse(&km2, false, msg, wr.len), 0);
	assert_string_equal(km2.options, "V4");
	assert_null(km2.username);
	assert_null(km2.password);
	assert_null(km2.peer_info);

	/* Only the low four bits are the key method. */
	mem_writer_init(&wr, msg, sizeof(msg));
	write_fixed(&wr, false, 0xf2);
	write_string(&wr, "V4");
	mem_write_be16(&wr, 0);
	mem_write_be16(&wr, 0);
	write_string(&wr, "IV_VER=1\n");
	mem_write_be32(&wr, 0xffffffff);
	assert_int_equal(proto_km2_parse(&km2, false, msg, wr.len), 0);
	assert_null(km2.username);
	assert_null(km2.password);
	assert_string_equal(km2.peer_info, "IV_VER=1\n");

	/* A field that claims more than there is. */
	mem_writer_init(&wr, msg, sizeof(msg));
	write_fixed(&wr, false, 2);
	write_string(&wr, "V4");
	mem_write_be16(&wr, 100);
	mem_write_bytes(&wr, "user", 4);
	assert_int_equal(proto_km2_parse(&km2, false, msg, wr.len), 0);
	assert_null(km2.username);
	assert_null(km2.peer_info);
}

static void test_parse_refuses(void **state)
{
	struct proto_km2 km2;
	struct mem_writer wr;
	uint8_t msg[1024];
	char text[PROTO_OPTIONS_MAX + 1];

	(void)state;
	mem_writer_init(&wr, msg, sizeof(msg));
	write_fixed(&wr, true, 1);
	write_string(&wr, "V4");
	assert_int_equal(proto_km2_parse(&km2, true, msg, wr.len), -EBADMSG);

	/* Options: an empty field, and one that is too long. */
	mem_writer_init(&wr, msg, sizeof(msg));
	write_fixed(&wr, true, 2);
	mem_write_be16(&wr, 0);
	write_string(&wr, "user");
	assert_int_equal(proto_km2_parse(&km2, true, msg, wr.len), -EBADMSG);
	assert_null(km2.username);

	memset(text, 'x', sizeof(text));
	text[PROTO_OPTIONS_MAX] = '\0';
	mem_writer_init(&wr, msg, sizeof(msg));
	write_fixed(&wr, true, 2);
	write_string(&wr, text);
	assert_int_equal(proto_km2_parse(&km2, true, msg, wr.len), -EBADMSG);
	text[PROTO_OPTIONS_MAX - 1] = '\0';
	mem_writer_init(&wr, msg, sizeof(msg));
	write_fixed(&wr, true, 2);
	write_string(&wr, text);
	assert_int_equal(proto_km2_parse(&km2, true, msg, wr.len), 0);
}

static void test_parse_long_user(void **state)
{
	char text[PROTO_USER_PASS_MAX + 1];
	struct proto_km2 km2;
	struct mem_writer wr;
	uint8_t msg[1024];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[PROTO_USER_PASS_MAX] = '\0';
	mem_writer_init(&wr, msg, sizeof(msg));
	write_fixed(&wr, true, 2);
	write_string(&wr, "V4");
	write_string(&wr, text);
	write_string(&wr, "password");
	write_string(&wr, "IV_VER=1\n");
	assert_int_equal(proto_km2_parse(&km2, true, msg, wr.len), 0);
	assert_true(km2.is_userpass_too_long);
	assert_null(km2.username);
	/* The fields behind it are still understood. */
	assert_string_equal(km2.password, "password");
	assert_string_equal(km2.peer_info, "IV_VER=1\n");
}

/* Strings end where they say, even if the sender left out the NUL. */
static void test_parse_unterminated(void **state)
{
	struct proto_km2 km2;
	struct mem_writer wr;
	uint8_t msg[256];

	(void)state;
	mem_writer_init(&wr, msg, sizeof(msg));
	write_fixed(&wr, false, 2);
	mem_write_be16(&wr, 4);
	mem_write_bytes(&wr, "V4,x", 4);
	assert_int_equal(proto_km2_parse(&km2, false, msg, wr.len), 0);
	assert_string_equal(km2.options, "V4,");
}

static void test_parse_truncated(void **state)
{
	struct proto_km2 in = { .options = "V4", .username = "u",
				.password = "p", .peer_info = "A=1\n" };
	struct proto_km2 out;
	uint8_t msg[PROTO_KM2_MAX], *exact;
	size_t len, n;

	(void)state;
	fill_random(&in.random);
	assert_int_equal(proto_km2_build(&in, true, msg, sizeof(msg), &len),
			 0);
	for (n = 1; n < len; n++) {
		exact = malloc(n);
		assert_non_null(exact);
		memcpy(exact, msg, n);
		assert_int_equal(proto_km2_parse(&out, true, exact, n),
				 n < CLIENT_FIXED + 5 ? -EBADMSG : 0);
		assert_null(out.peer_info);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_layout),
		cmocka_unit_test(test_build_refuses),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_parse_missing),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_parse_long_user),
		cmocka_unit_test(test_parse_unterminated),
		cmocka_unit_test(test_parse_truncated),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("proto_km2", tests, NULL, NULL);
}
