// SPDX-License-Identifier: GPL-2.0-or-later
/* Tokens against OpenVPN's own vectors (section 12.10). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "auth/auth.h"

#define NAME "test user name"
#define BEGIN "-----BEGIN OpenVPN auth-token server key-----\n"
#define END "-----END OpenVPN auth-token server key-----\n"
#define KEY \
	"+mmmf7IQ5cymtMVjKYTWk8IOcYanRlpQmV9Tb3EjkHYxueBVDg3yqRgzeBlVGzNL\n" \
	"D//rAPiOVhau3NDBjNOQB8951bfs7Cc2mYfay92Bh2gRJ5XEM/DMfzCWN+7uU6NW\n" \
	"oTTHr4FuojnIQtjtqVAj/JS9w+dTSp/vYHl+c7uHd19uVRu/qLqV85+rm4tUGIjO\n" \
	"7FfYuwyPqwmhuIsi3hs9QkSimh888FmBpoKY/tbKVTJZmSERKti9KEwtV2eVAR0z\n" \
	"nN5KW7lCB3mHVAhN7bUpcoDjfCzYIFARxwswTFu9gFkwqUMYI1KUOgIsVNs4llAC\n" \
	"ioeXplYekWETR+YkJwDc/A==\n"
#define TOKEN "SESS_ID_AT_ThhRItzOKNKrh3dfAAAAAFwzHpwAAAAAXDMenDdrq0RoH3dkA1" \
	"f7O3wO+7kZcx2DusVZrRmFlWQM9HOb"
#define MADE 0x5c331e9c

static struct auth_keys *keys_of(const char *text)
{
	struct auth_keys *keys = NULL;

	assert_int_equal(auth_keys_load(text, text ? strlen(text) : 0, &keys),
			 0);
	assert_non_null(keys);
	return keys;
}

/* A key file of 128 bytes, all @byte. */
static const char *key_file(uint8_t byte)
{
	static char text[512];
	uint8_t raw[128];
	char body[256];

	memset(raw, byte, sizeof(raw));
	EVP_EncodeBlock((uint8_t *)body, raw, sizeof(raw));
	/* lines of 64 characters, as PEM wants them */
	snprintf(text, sizeof(text), BEGIN "%.64s\n%.64s\n%s\n" END, body,
		 body + 64, body + 128);
	return text;
}

static struct auth_session session_of(const char *base64, int64_t initial)
{
	struct auth_session session = { .initial = initial };

	assert_int_equal(EVP_DecodeBlock(session.id, (const uint8_t *)base64,
					 16), 12);
	return session;
}

static const struct auth_token_rules rules = { .lifetime = 0, .renewal = 10 };

static enum auth_verdict check(const struct auth_keys *keys, const char *token,
			       const char *name, int64_t now)
{
	struct auth_session session;
	bool is_empty;

	return auth_token_check(keys, &rules, token, name, now, &session,
				&is_empty);
}

static void test_vectors(void **state)
{
	struct auth_session session = session_of("0123456789abcdef", 0);
	struct auth_keys *keys = keys_of(key_file(0));
	char token[AUTH_TOKEN_STRLEN], text[AUTH_SESSION_STRLEN];

	(void)state;
	assert_int_equal(auth_token_make(keys, NAME, &session, 0, token), 0);
	assert_string_equal(token, "SESS_ID_AT_0123456789abcdefAAAAAAAAAAAAAAA"
			    "AAAAAAE5JsQJOVfo8jnI3RL3tBaR5NkE4yPfcylFUHmHSc5Bu");
	auth_keys_free(keys);
	keys = keys_of(BEGIN KEY END);
	session = session_of("ThhRItzOKNKrh3df", MADE);
	assert_int_equal(auth_token_make(keys, NAME, &session, MADE, token),
			 0);
	assert_string_equal(token, TOKEN);
	assert_string_equal(auth_session_format(&session, text),
			    "ThhRItzOKNKrh3df");
	auth_keys_free(keys);
}

static void test_check(void **state)
{
	struct auth_keys *keys = keys_of(BEGIN KEY END);
	struct auth_session session, want = session_of("ThhRItzOKNKrh3df",
						       MADE);
	char token[AUTH_TOKEN_STRLEN];
	bool is_empty = true;

	(void)state;
	assert_int_equal(auth_token_check(keys, &rules, TOKEN, NAME, MADE,
					  &session, &is_empty), AUTH_VALID);
	assert_memory_equal(session.id, want.id, sizeof(want.id));
	assert_int_equal(session.initial, MADE);
	assert_false(is_empty);
	/* twice the renewal, and not from the future */
	assert_int_equal(check(keys, TOKEN, NAME, MADE + 19), AUTH_VALID);
	assert_int_equal(check(keys, TOKEN, NAME, MADE + 20), AUTH_EXPIRED);
	assert_int_equal(check(keys, TOKEN, NAME, MADE - 1), AUTH_EXPIRED);
	/* somebody else's, or changed anywhere */
	assert_int_equal(check(keys, TOKEN, "other", MADE), AUTH_INVALID);
	assert_int_equal(check(keys, TOKEN, "", MADE), AUTH_INVALID);
	for (size_t i = 0; i < AUTH_TOKEN_LEN; i++) {
		strcpy(token, TOKEN);
		token[i] = token[i] == 'B' ? 'C' : 'B';
		if (check(keys, token, NAME, MADE) != AUTH_INVALID)
			fail_msg("changed at %zu", i);
	}
	assert_int_equal(check(keys, TOKEN "A", NAME, MADE), AUTH_INVALID);
	assert_int_equal(check(keys, "SESS_ID_AT_", NAME, MADE), AUTH_INVALID);
	assert_int_equal(check(keys, "", NAME, MADE), AUTH_INVALID);
	strcpy(token, TOKEN);
	memcpy(token + AUTH_TOKEN_LEN - 4, "====", 4);
	assert_int_equal(check(keys, token, NAME, MADE), AUTH_INVALID);
	assert_true(auth_token_is(TOKEN));
	assert_false(auth_token_is("sess_id_at_x"));
	auth_keys_free(keys);
}

static void test_lifetime(void **state)
{
	const struct auth_token_rules limited = { .lifetime = 100,
						  .renewal = 10 };
	struct auth_session session = session_of("ThhRItzOKNKrh3df", 1000);
	struct auth_keys *keys = keys_of(NULL);
	char token[AUTH_TOKEN_STRLEN];
	struct auth_session out;
	bool is_empty;

	(void)state;
	/* made late, it does not live longer */
	assert_int_equal(auth_token_make(keys, "", &session, 1095, token), 0);
	assert_int_equal(auth_token_check(keys, &limited, token, "any", 1100,
					  &out, &is_empty), AUTH_VALID);
	assert_true(is_empty);
	assert_int_equal(auth_token_check(keys, &limited, token, "", 1101,
					  &out, &is_empty), AUTH_EXPIRED);
	assert_false(is_empty);
	/* never made before its beginning */
	assert_int_equal(auth_token_make(keys, "", &session, 999, token), 0);
	assert_int_equal(auth_token_check(keys, &limited, token, "", 1000,
					  &out, &is_empty), AUTH_EXPIRED);
	auth_keys_free(keys);
}

/* While a key is replaced, tokens of both are good; new ones use the first. */
static void test_two_keys(void **state)
{
	struct auth_session session = session_of("ThhRItzOKNKrh3df", MADE);
	struct auth_keys *both, *first, *second;
	char text[1024], token[AUTH_TOKEN_STRLEN];

	(void)state;
	first = keys_of(key_file(1));
	snprintf(text, sizeof(text), "%s%s", key_file(1), BEGIN KEY END);
	both = keys_of(text);
	second = keys_of(BEGIN KEY END);
	assert_int_equal(check(both, TOKEN, NAME, MADE), AUTH_VALID);
	assert_int_equal(check(first, TOKEN, NAME, MADE), AUTH_INVALID);
	assert_int_equal(auth_token_make(both, NAME, &session, MADE, token),
			 0);
	assert_int_equal(check(first, token, NAME, MADE), AUTH_VALID);
	assert_int_equal(check(second, token, NAME, MADE), AUTH_INVALID);
	auth_keys_free(first);
	auth_keys_free(second);
	auth_keys_free(both);
}

static void test_bad_files(void **state)
{
	static const char *const files[] = {
		"", "x", BEGIN END, BEGIN "AAAA\n" END, BEGIN KEY,
		"-----BEGIN OpenVPN tls-crypt-v2 server key-----\n" KEY
		"-----END OpenVPN tls-crypt-v2 server key-----\n",
	};
	struct auth_keys *keys;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_int_equal(auth_keys_load(files[i], strlen(files[i]),
						&keys), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_lifetime),
		cmocka_unit_test(test_two_keys),
		cmocka_unit_test(test_bad_files),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
