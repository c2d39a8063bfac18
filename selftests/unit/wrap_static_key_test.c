// SPDX-License-Identifier: GPL-2.0-or-later
/* Static key files: protocol section 1.7. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hex.h"
#include "vectors.h"
#include "wrap/wrap.h"

#define BEGIN "-----BEGIN OpenVPN Static key V1-----\n"
#define END "-----END OpenVPN Static key V1-----\n"
#define LINE "00112233445566778899aabbccddeeff\n"
#define LINE4 LINE LINE LINE LINE
#define LINE8 LINE4 LINE4
#define LINE15 LINE8 LINE4 LINE LINE LINE
#define LINE16 LINE8 LINE8

static int parse(const char *text, uint8_t *key, unsigned int *line)
{
	/* Without a NUL, so that reading too far is seen. */
	size_t len = strlen(text);
	char *exact = malloc(len ? len : 1);
	int ret;

	assert_non_null(exact);
	memcpy(exact, text, len);
	ret = wrap_static_key_parse(exact, len, key, line);
	free(exact);
	return ret;
}

static void test_good(void **state)
{
	static const char *const files[] = {
		BEGIN LINE16 END,
		"#\n# 2048 bit OpenVPN static key\n#\n" BEGIN LINE16 END,
		"\n\n  \t" BEGIN "\n" LINE16 "\n" END "anything\n",
		BEGIN LINE16 "-----END OpenVPN Static key V1-----",
		/* any line length, any case, white space anywhere */
		BEGIN "00 11\t2233445566778899AABBCCDDEEFF\r\n"
			"0\n0112233445566778899aabbccddeeff\n" LINE4 LINE8
			LINE "001122334455667788 99aabbccddeeff" "\r\n"
			"-----END OpenVPN Static key V1-----\r\n",
	};
	uint8_t key[WRAP_STATIC_KEY_LEN];
	unsigned int line;
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		memset(key, 0xff, sizeof(key));
		assert_int_equal(parse(files[i], key, &line), 0);
		for (n = 0; n < sizeof(key); n++)
			assert_int_equal(key[n], n % 16 * 0x11);
	}
}

static void test_known(void **state)
{
	uint8_t key[WRAP_STATIC_KEY_LEN], want[WRAP_STATIC_KEY_LEN];
	unsigned int line;

	(void)state;
	hex_bytes(VECTOR_STATIC_KEY, want, sizeof(want));
	assert_int_equal(parse(BEGIN VECTOR_STATIC_KEY "\n" END, key, &line),
			 0);
	assert_memory_equal(key, want, sizeof(want));
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		int ret;
		unsigned int line;
	} rows[] = {
		{ "", -ENODATA, 1 },
		{ "\n\nnothing here\n", -ENODATA, 3 },
		{ LINE16 END, -ENODATA, 17 },
		/* 15 lines, 128 bytes, none at all */
		{ BEGIN LINE15 END, -ENODATA, 17 },
		{ BEGIN LINE8 END, -ENODATA, 10 },
		{ BEGIN END, -ENODATA, 2 },
		/* no end */
		{ BEGIN LINE16, -EBADMSG, 17 },
		{ BEGIN LINE8, -EBADMSG, 9 },
		{ BEGIN, -EBADMSG, 1 },
		/* too much */
		{ BEGIN LINE16 "0\n" END, -EBADMSG, 18 },
		{ BEGIN LINE16 LINE END, -EBADMSG, 18 },
		/* half a byte too little */
		{ BEGIN LINE15 "00112233445566778899aabbccddeef\n" END,
		  -ENODATA, 18 },
		/* not hexadecimal */
		{ BEGIN LINE4 "00112233445566778899aabbccddeefg\n" END,
		  -EBADMSG, 6 },
		{ BEGIN LINE4 "# comment\n" LINE8 LINE4 END, -EBADMSG, 6 },
		{ "#\n" BEGIN "0x112233\n", -EBADMSG, 3 },
		{ BEGIN BEGIN LINE16 END, -EBADMSG, 2 },
		{ BEGIN LINE16 "-----END OpenVPN Static key V2-----\n",
		  -EBADMSG, 18 },
	};
	static const uint8_t zero[WRAP_STATIC_KEY_LEN];
	uint8_t key[WRAP_STATIC_KEY_LEN];
	unsigned int line;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		line = 0;
		assert_int_equal(parse(rows[i].text, key, &line), rows[i].ret);
		assert_int_equal(line, rows[i].line);
		/* Half a key is not left behind. */
		assert_memory_equal(key, zero, sizeof(key));
	}
}

/* A NUL or another odd byte is no white space. */
static void test_binary(void **state)
{
	static const char text[] = BEGIN LINE4 "00\0" "11\n" END;
	uint8_t key[WRAP_STATIC_KEY_LEN];
	unsigned int line = 0;

	(void)state;
	assert_int_equal(wrap_static_key_parse(text, sizeof(text) - 1, key,
					       &line), -EBADMSG);
	assert_int_equal(line, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_binary),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("wrap_static_key", tests, NULL,
					   NULL);
}
