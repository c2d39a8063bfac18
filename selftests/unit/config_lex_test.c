// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/parse.h"

static void test_split(void **state)
{
	static const struct {
		const char *line;
		const char *want;	/* parameters in brackets */
	} rows[] = {
		{ "", "" },
		{ " \t\r", "" },
		{ "# all of it", "" },
		{ "  ; all of it", "" },
		{ "a", "[a]" },
		{ "a b\tc\r", "[a][b][c]" },
		{ "\va\fb", "[a][b]" },
		{ "a # b", "[a]" },
		{ "a ;b", "[a]" },
		{ "a#b c;d", "[a#b][c;d]" },
		{ "a \"b c\" d", "[a][b c][d]" },
		{ "a 'b c' d", "[a][b c][d]" },
		{ "a \"\" ''", "[a][][]" },
		{ "a \"it's\" 'say \"x\"'", "[a][it's][say \"x\"]" },
		{ "a b\"c d\"", "[a][b\"c][d\"]" },
		{ "a b'c", "[a][b'c]" },
		{ "a b\\ c", "[a][b c]" },
		{ "a \"b\\\"c\\\\d\"", "[a][b\"c\\d]" },
		{ "a b\\\\c", "[a][b\\c]" },
		{ "a \\\"b", "[a][\"b]" },
		{ "a \\ b", "[a][b]" },
		{ "a 'b\\c'", "[a][b\\c]" },
		{ "\"a\"b \"c\"\"d\"", "[a][b][c][d]" },
		{ "a \"#\" '; x'", "[a][#][; x]" },
		{ "1 2 3 4 5 6 7 8 9 a b c d e f g h",
		  "[1][2][3][4][5][6][7][8][9][a][b][c][d][e][f][g][h]" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config_params params;
		char got[256] = "";
		const char *why;
		int n;

		assert_int_equal(config_lex(rows[i].line,
					    strlen(rows[i].line), &params,
					    &why), 0);
		for (n = 0; n < params.n; n++) {
			strcat(got, "[");
			strcat(got, params.arg[n]);
			strcat(got, "]");
		}
		assert_string_equal(got, rows[i].want);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *line;
		const char *why;
	} rows[] = {
		{ "a \"b", "closing quotation mark (\")" },
		{ "a 'b", "closing quotation mark (')" },
		{ "a \"b'", "closing quotation mark (\")" },
		{ "a b\\", "backslash at the end" },
		{ "a b\\n", "backslash escapes only" },
		{ "a \\#", "backslash escapes only" },
		{ "log C:\\Users\\x", "backslash escapes only" },
		{ "1 2 3 4 5 6 7 8 9 a b c d e f g h i", "more than 16" },
	};
	struct config_params params;
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(config_lex(rows[i].line,
					    strlen(rows[i].line), &params,
					    &why), -EINVAL);
		assert_non_null(strstr(why, rows[i].why));
	}
	assert_int_equal(config_lex("a\0b", 3, &params, &why), -EINVAL);
	assert_non_null(strstr(why, "NUL"));
}

static void test_limits(void **state)
{
	static char line[CONFIG_LINE_MAX + 2];
	struct config_params params;
	const char *why;
	size_t i;

	(void)state;
	memset(line, 'x', sizeof(line));
	assert_int_equal(config_lex(line, CONFIG_PARAM_MAX - 1, &params, &why),
			 0);
	assert_int_equal(strlen(params.arg[0]), CONFIG_PARAM_MAX - 1);
	assert_int_equal(config_lex(line, CONFIG_PARAM_MAX, &params, &why),
			 -EINVAL);
	assert_non_null(strstr(why, "longer than 1023"));
	memset(line, ' ', sizeof(line));
	assert_int_equal(config_lex(line, CONFIG_LINE_MAX, &params, &why), 0);
	assert_int_equal(config_lex(line, CONFIG_LINE_MAX + 1, &params, &why),
			 -EINVAL);
	assert_non_null(strstr(why, "longer than 4096"));

	/* The most that one line can hold. */
	for (i = 0; i < 17; i++)
		memset(line + i * 240, 'a' + (int)i, 239);
	assert_int_equal(config_lex(line, 17 * 240, &params, &why), 0);
	assert_int_equal(params.n, 17);
	assert_int_equal(strlen(params.arg[16]), 239);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
