// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/proto.h"

/* How a server sends its client away, and what the client makes of it. */

static const struct {
	const char *text;
	enum proto_verdict_kind kind;
	bool is_temporary, is_password_kept;
	uint32_t backoff;
	enum proto_advance advance;
	const char *reason;
} rows[] = {
	{ "AUTH_FAILED", PROTO_VERDICT_AUTH_FAILED, .reason = "" },
	{ "AUTH_FAILED,", PROTO_VERDICT_AUTH_FAILED, .reason = "" },
	{ "AUTH_FAILED,no such user", PROTO_VERDICT_AUTH_FAILED,
	  .reason = "no such user" },
	{ "AUTH_FAILED,TEMP[backoff 42,advance no]", PROTO_VERDICT_AUTH_FAILED,
	  true, .backoff = 42, .advance = PROTO_ADVANCE_NO, .reason = "" },
	{ "AUTH_FAILED,TEMP[backoff 42,advance addr]:later",
	  PROTO_VERDICT_AUTH_FAILED, true, .backoff = 42,
	  .advance = PROTO_ADVANCE_ADDRESS, .reason = "later" },
	{ "AUTH_FAILED,TEMP[advance remote]:", PROTO_VERDICT_AUTH_FAILED, true,
	  .advance = PROTO_ADVANCE_REMOTE, .reason = "" },
	{ "AUTH_FAILED,TEMP:[backoff 3] x", PROTO_VERDICT_AUTH_FAILED, true,
	  .reason = "[backoff 3] x" },
	{ "AUTH_FAILED,TEMP", PROTO_VERDICT_AUTH_FAILED, true, .reason = "" },
	/* other words begin so, too */
	{ "AUTH_FAILED,TEMPORARY[backoff 3]", PROTO_VERDICT_AUTH_FAILED,
	  .reason = "TEMPORARY[backoff 3]" },
	/* nonsense is passed over, and nobody waits for ever */
	{ "AUTH_FAILED,TEMP[backoff,advance,,advance up,backoff -1]:x",
	  PROTO_VERDICT_AUTH_FAILED, true, .reason = "x" },
	{ "AUTH_FAILED,TEMP[backoff 99999999999999999999]",
	  PROTO_VERDICT_AUTH_FAILED, true, .backoff = 86400, .reason = "" },
	{ "AUTH_FAILED,TEMP[backoff 42", PROTO_VERDICT_AUTH_FAILED, true,
	  .reason = "" },
	{ "AUTH_FAILED,SESSION: token expired", PROTO_VERDICT_AUTH_FAILED,
	  .reason = "SESSION: token expired" },
	{ "RESTART", PROTO_VERDICT_RESTART, .reason = "" },
	{ "RESTART,[N]", PROTO_VERDICT_RESTART,
	  .advance = PROTO_ADVANCE_REMOTE, .reason = "" },
	{ "RESTART,[PN]bye", PROTO_VERDICT_RESTART, .is_password_kept = true,
	  .advance = PROTO_ADVANCE_REMOTE, .reason = "bye" },
	/* only in front of the text */
	{ "RESTART,until [N] comes", PROTO_VERDICT_RESTART,
	  .reason = "until [N] comes" },
	{ "HALT", PROTO_VERDICT_HALT, .reason = "" },
	{ "HALT,[P]over", PROTO_VERDICT_HALT, .is_password_kept = true,
	  .reason = "over" },
};

static void test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proto_verdict got;

		print_message("# %s\n", rows[i].text);
		assert_int_equal(proto_verdict_parse(&got, rows[i].text), 0);
		assert_int_equal(got.kind, rows[i].kind);
		assert_int_equal(got.is_temporary, rows[i].is_temporary);
		assert_int_equal(got.is_password_kept,
				 rows[i].is_password_kept);
		assert_int_equal(got.backoff, rows[i].backoff);
		assert_int_equal(got.advance, rows[i].advance);
		assert_string_equal(got.reason, rows[i].reason);
	}
}

static void test_others(void **state)
{
	static const char *const others[] = {
		"", "AUTH_FAILE", "PUSH_REPLY", "EXIT", "INFO,RESTART",
		"restart",
	};
	struct proto_verdict got;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(proto_verdict_parse(&got, others[i]), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
