// SPDX-License-Identifier: GPL-2.0-or-later
/* Early negotiation: protocol section 2.4. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hex.h"
#include "proto/proto.h"

static void test_parse(void **state)
{
	static const struct {
		const char *hex;
		int ret;
		uint16_t flags;
	} rows[] = {
		{ "", 0, 0 },
		{ "000100020001", 0, 1 },
		{ "000100028003", 0, 0x8003 },
		/* what is unknown is skipped, in front and behind */
		{ "00020003aabbcc000100020001", 0, 1 },
		{ "00010002000100090000", 0, 1 },
		{ "00", -EBADMSG, 0 },
		{ "000100", -EBADMSG, 0 },
		{ "00010002", -EBADMSG, 0 },
		{ "0001000200", -EBADMSG, 0 },
		{ "0001000101", -EBADMSG, 0 },
		{ "00010003000001", -EBADMSG, 0 },
		{ "0002ffff00", -EBADMSG, 0 },
		{ "00010002000100", -EBADMSG, 1 },
	};
	uint8_t in[64];
	uint16_t flags;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = hex_bytes(rows[i].hex, in, sizeof(in));

		if (proto_early_parse(in, len, &flags) != rows[i].ret ||
		    (!rows[i].ret && flags != rows[i].flags))
			fail_msg("%s", rows[i].hex);
	}
}

static void test_build(void **state)
{
	static const uint8_t want[PROTO_EARLY_LEN] = { 0, 1, 0, 2, 0, 1 };
	uint8_t out[PROTO_EARLY_LEN];

	(void)state;
	proto_early_build(PROTO_EARLY_RESEND_WKC, out);
	assert_memory_equal(out, want, sizeof(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
