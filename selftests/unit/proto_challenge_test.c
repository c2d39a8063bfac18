// SPDX-License-Identifier: GPL-2.0-or-later
/* Passwords that hold the answer of a static challenge, and what looks so. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/proto.h"

static void test_split(void **state)
{
	static const struct {
		const char *text, *password, *response;
	} rows[] = {
		{ "SCRV1:c2VjcmV0:MTIzNDU2", "secret", "123456" },
		{ "SCRV1:YQ==:YWI=", "a", "ab" },
		{ "SCRV1::", "", "" },
		{ "SCRV1:+/+/:", "\xfb\xff\xbf", "" },
		{ "secret", NULL, NULL },
		{ "SCRV1", NULL, NULL },
		{ "SCRV1:c2VjcmV0", NULL, NULL },
		{ "scrv1:YQ==:YQ==", NULL, NULL },
		{ "SCRV1:YQ=:YQ==", NULL, NULL },
		{ "SCRV1:YQ==:YQ", NULL, NULL },
		{ "SCRV1:YQ==YQ==:YQ==", NULL, NULL },
		{ "SCRV1:Y===:YQ==", NULL, NULL },
		{ "SCRV1:Y=Q=:YQ==", NULL, NULL },
		{ "SCRV1:Y Q=:YQ==", NULL, NULL },
		{ "SCRV1:YQ==:YQ==:YQ==", NULL, NULL },
		/* a NUL would hide the rest */
		{ "SCRV1:YQBi:YQ==", NULL, NULL },
	};
	char password[16], response[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool is_split = proto_challenge_split(rows[i].text, password,
						      response, 16);

		if (is_split != (rows[i].password != NULL))
			fail_msg("%s", rows[i].text);
		if (!is_split)
			continue;
		assert_string_equal(password, rows[i].password);
		assert_string_equal(response, rows[i].response);
	}
}

static void test_room(void **state)
{
	char password[7], response[7];

	(void)state;
	assert_true(proto_challenge_split("SCRV1:c2VjcmV0:MTIzNDU2", password,
					  response, 7));
	assert_false(proto_challenge_split("SCRV1:c2VjcmV0:MTIzNDU2", password,
					   response, 6));
}

static void test_join(void **state)
{
	char out[64], pass[64], answer[64];

	(void)state;
	assert_int_equal(proto_challenge_join("secret", "12345678", false, out,
					      sizeof(out)), 0);
	assert_string_equal(out, "SCRV1:c2VjcmV0:MTIzNDU2Nzg=");
	assert_int_equal(proto_challenge_join("secret", "12345678", true, out,
					      sizeof(out)), 0);
	assert_string_equal(out, "secret12345678");
	/* of each length, there and back */
	for (size_t n = 0; n <= 8; n++) {
		char text[9] = "\xc3\xa4 /+?z";

		text[n] = '\0';
		assert_int_equal(proto_challenge_join(text, "", false, out,
						      sizeof(out)), 0);
		assert_true(proto_challenge_split(out, pass, answer,
						  sizeof(pass)));
		assert_string_equal(pass, text);
		assert_string_equal(answer, "");
	}
	for (size_t cap = 0; cap <= 27; cap++)
		assert_int_equal(proto_challenge_join("secret", "12345678",
						      false, out, cap),
				 -ENOBUFS);
	assert_int_equal(proto_challenge_join("secret", "12345678", false, out,
					      28), 0);
	assert_int_equal(proto_challenge_join("a", "b", true, out, 2),
			 -ENOBUFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_join),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
