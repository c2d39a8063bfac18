// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mgmt/iface.h"

static struct mgmt_line line;
static struct mgmt_words words;
static char err[512];

/* ---- lines ---------------------------------------------------------- */

static bool feed(const char *text)
{
	bool is_whole = false;

	while (*text)
		is_whole = mgmt_line_feed(&line, (unsigned char)*text++);
	return is_whole;
}

static void test_line(void **state)
{
	(void)state;
	memset(&line, 0, sizeof(line));
	assert_false(feed("pid"));
	assert_true(feed("\r\n"));
	assert_string_equal(line.text, "pid");
	assert_true(feed("\n"));
	assert_string_equal(line.text, "");
	/* control characters are left out, UTF-8 stays */
	assert_true(feed("a\tb\x7f\x01 \xc3\xa4\n"));
	assert_string_equal(line.text, "ab \xc3\xa4");
}

static void test_line_too_long(void **state)
{
	(void)state;
	memset(&line, 0, sizeof(line));
	for (unsigned int i = 0; i < MGMT_LINE_MAX_LEN; i++)
		assert_false(mgmt_line_feed(&line, 'x'));
	/* one more: all is forgotten, also this one */
	assert_false(mgmt_line_feed(&line, 'y'));
	assert_true(feed("pid\n"));
	assert_string_equal(line.text, "pid");
	/* the end has no room */
	for (unsigned int i = 0; i < MGMT_LINE_MAX_LEN; i++)
		assert_false(mgmt_line_feed(&line, 'x'));
	assert_false(mgmt_line_feed(&line, '\n'));
	assert_true(feed("z\n"));
	assert_string_equal(line.text, "z");
}

/* ---- words ---------------------------------------------------------- */

static void expect(const char *text, int n, const char *const *want)
{
	assert_int_equal(mgmt_words_split(text, &words, err, sizeof(err)), 0);
	assert_int_equal(words.n, n);
	for (int i = 0; i < n; i++)
		assert_string_equal(words.word[i], want[i]);
	assert_null(words.word[n]);
}

#define EXPECT(text, ...) do { \
	static const char *const want[] = { __VA_ARGS__ }; \
	expect(text, sizeof(want) / sizeof(want[0]), want); \
} while (0)

static void test_words(void **state)
{
	(void)state;
	expect("", 0, NULL);
	expect("   ", 0, NULL);
	expect("# nothing", 0, NULL);
	expect("; nothing", 0, NULL);
	EXPECT("status 2", "status", "2");
	EXPECT("  a   b ", "a", "b");
	EXPECT("a#b c", "a#b", "c");
	EXPECT("a #b c", "a");
	EXPECT("password \"Auth\" \"a \\\"b\\\\ c\"", "password", "Auth",
	       "a \"b\\ c");
	EXPECT("username 'Auth' 'it \\ is'", "username", "Auth", "it \\ is");
	EXPECT("x \"\" ''", "x", "", "");
	EXPECT("a\\ b", "a b");
	EXPECT("a\"b\"", "a\"b\"");
	EXPECT("\"a\"b", "a", "b");
	EXPECT("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18", "1", "2", "3",
	       "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14",
	       "15", "16");
}

static void refuse(const char *text, const char *want)
{
	assert_int_equal(mgmt_words_split(text, &words, err, sizeof(err)),
			 -EINVAL);
	assert_int_equal(words.n, 0);
	assert_string_equal(err, want);
}

static void test_words_refused(void **state)
{
	char text[400], want[400];

	(void)state;
	refuse("kill \"x", "ERROR: Options error: No closing quotation (\") in TCP:0");
	refuse("kill 'x", "ERROR: Options error: No closing single quotation (') in TCP:0");
	refuse("kill x\\", "ERROR: Options error: Residual parse state (2) in TCP:0");
	refuse("kill \\x", "ERROR: Options warning: Bad backslash ('\\') usage in TCP:0: write two of them");
	/* 256 bytes are a word still */
	memset(text, 'w', sizeof(text));
	text[MGMT_WORD_MAX] = '\0';
	assert_int_equal(mgmt_words_split(text, &words, err, sizeof(err)), 0);
	assert_int_equal(strlen(words.word[0]), MGMT_WORD_MAX);
	text[MGMT_WORD_MAX] = 'w';
	text[MGMT_WORD_MAX + 1] = '\0';
	snprintf(want, sizeof(want), "ERROR: Options error: Parameter at TCP:0 is too long (256 chars max): %.255s",
		 text);
	refuse(text, want);
}

/* ---- what is kept --------------------------------------------------- */

static void test_ring(void **state)
{
	struct mgmt_ring ring;

	(void)state;
	assert_int_equal(mgmt_ring_init(&ring, 3), 0);
	assert_null(mgmt_ring_get(&ring, 0));
	mgmt_ring_add(&ring, "a");
	mgmt_ring_add(&ring, "b");
	assert_string_equal(mgmt_ring_get(&ring, 0), "b");
	assert_string_equal(mgmt_ring_get(&ring, 1), "a");
	assert_null(mgmt_ring_get(&ring, 2));
	mgmt_ring_add(&ring, "c");
	mgmt_ring_add(&ring, "d");
	assert_string_equal(mgmt_ring_get(&ring, 0), "d");
	assert_string_equal(mgmt_ring_get(&ring, 2), "b");
	assert_null(mgmt_ring_get(&ring, 3));
	mgmt_ring_fini(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_line_too_long),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_words_refused),
		cmocka_unit_test(test_ring),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
