// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/proto.h"

/* The length is big endian, and does not count itself. */
static void test_prefix(void **state)
{
	uint8_t prefix[PROTO_RECORD_PREFIX];

	(void)state;
	proto_record_prefix(1, prefix);
	assert_memory_equal(prefix, "\x00\x01", 2);
	proto_record_prefix(0x1234, prefix);
	assert_memory_equal(prefix, "\x12\x34", 2);
	proto_record_prefix(0xffff, prefix);
	assert_memory_equal(prefix, "\xff\xff", 2);
}

static void test_whole(void **state)
{
	static const uint8_t two[] = { 0, 3, 'a', 'b', 'c', 0, 1, 'd', 0 };
	size_t size;

	(void)state;
	assert_int_equal(proto_record_next(two, sizeof(two), 3, &size), 0);
	assert_int_equal(size, 5);
	assert_int_equal(proto_record_next(two + 5, sizeof(two) - 5, 3, &size),
			 0);
	assert_int_equal(size, 3);
	/* half a prefix is left */
	assert_int_equal(proto_record_next(two + 8, 1, 3, &size), -EAGAIN);
	assert_int_equal(size, PROTO_RECORD_PREFIX);
}

/* Byte by byte the answer is "more" until all of it is there, and how much. */
static void test_partial(void **state)
{
	uint8_t record[2 + 300] = { 300 >> 8, 300 & 0xff };
	size_t size, len;

	(void)state;
	for (len = 0; len < sizeof(record); len++) {
		/* what lies behind must not be looked at */
		uint8_t *part = malloc(len ? len : 1);

		memcpy(part, record, len);
		assert_int_equal(proto_record_next(part, len, 300, &size),
				 -EAGAIN);
		assert_int_equal(size, len < 2 ? 2 : sizeof(record));
		free(part);
	}
	assert_int_equal(proto_record_next(record, len, 300, &size), 0);
	assert_int_equal(size, sizeof(record));
}

static void test_wrong_lengths(void **state)
{
	static const uint8_t zero[] = { 0, 0, 'a' };
	static const uint8_t over[] = { 1, 1 };
	uint8_t longest[PROTO_RECORD_MAX] = { 0xff, 0xff };
	size_t size;

	(void)state;
	assert_int_equal(proto_record_next(zero, sizeof(zero), 100, &size),
			 -EBADMSG);
	/* known to be wrong before the packet has come */
	assert_int_equal(proto_record_next(over, sizeof(over), 256, &size),
			 -EBADMSG);
	assert_int_equal(proto_record_next(over, sizeof(over), 257, &size),
			 -EAGAIN);
	assert_int_equal(proto_record_next(longest, sizeof(longest), 0xffff,
					   &size), 0);
	assert_int_equal(size, PROTO_RECORD_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_wrong_lengths),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
