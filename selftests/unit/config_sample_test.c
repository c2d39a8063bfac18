// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

/*
 * Configurations as people write them. The second line of each says what is
 * to happen: "# expect: ok" or "# expect: " and how the error goes on behind
 * the file's name. They are seeds of the fuzzer, too.
 */
#define SAMPLES "selftests/fuzz/corpus/config/"

static size_t sample_read(const char *path, char *out, size_t cap)
{
	FILE *file = fopen(path, "rb");
	size_t len;

	assert_non_null(file);
	len = fread(out, 1, cap - 1, file);
	fclose(file);
	out[len] = '\0';
	return len;
}

static bool sample_check(const char *path)
{
	static const char mark[] = "# expect: ";
	char text[16384], want[256], err[512];
	struct config *cfg;
	size_t len;
	char *expect;

	len = sample_read(path, text, sizeof(text));
	expect = strstr(text, mark);
	assert_non_null(expect);
	expect += strlen(mark);
	snprintf(want, sizeof(want), "%.*s", (int)strcspn(expect, "\r\n"),
		 expect);
	if (!config_parse("s", text, len, false, &cfg, err, sizeof(err)))
		snprintf(err, sizeof(err), "s:ok");
	config_free(cfg);
	if (!strncmp(err + 2, want, strlen(want)))
		return true;
	print_error("%s: \"%s\" instead of \"%s\"\n", path, err + 2, want);
	return false;
}

static void samples_check(const char *pattern)
{
	size_t i, n_wrong = 0;
	glob_t found;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 10);
	for (i = 0; i < found.gl_pathc; i++)
		n_wrong += !sample_check(found.gl_pathv[i]);
	globfree(&found);
	assert_int_equal(n_wrong, 0);
}

static void test_servers(void **state)
{
	(void)state;
	samples_check(SAMPLES "server-*.conf");
}

static void test_clients(void **state)
{
	(void)state;
	samples_check(SAMPLES "client-*.ovpn");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_clients),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
