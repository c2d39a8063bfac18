// SPDX-License-Identifier: GPL-2.0-or-later
/* What a client tells of itself, and how much of it there may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "extmux_rig.h"
#include "tunnel/client.h"

static void begin_client(const char *more)
{
	struct tunnel_outer outer;
	char err[512] = "";

	begin_config(config_text_as("client\nremote 127.0.0.1 1001",
				    "clientAuth", more));
	if (extmux_new(loop, cfg, &mux, err, sizeof(err)))
		fail_msg("%s", err);
	outer = extmux_outer(mux);
	begin_host(&outer);
	extmux_set_host(mux, host);
	for (int i = 0; i < 400 && !host->client->tunnel; i++)
		turn(5);
	assert_non_null(host->client->tunnel);
}

static bool is_told(const char *line)
{
	return strstr(host->client->peer_info, line) != NULL;
}

static void test_variables(void **state)
{
	(void)state;
	begin_client("setenv UV_A 1\nsetenv IV_GUI_VER x_1\n"
		     "setenv IV_SSO webauth\nsetenv IV_ROOM 2");
	assert_true(is_told("\nIV_GUI_VER=x_1\n"));
	assert_true(is_told("\nIV_SSO=webauth\n"));
	assert_false(is_told("IV_ROOM"));
	assert_false(is_told("UV_A"));
	stop();
}

/* after SIGHUP, renegotiations say the same */
static void test_reloaded(void **state)
{
	char before[PROTO_KM2_MAX];

	(void)state;
	begin_client("push-peer-info\nsetenv UV_A 1");
	assert_true(is_told("\nUV_A=1\n"));
	assert_true(is_told("\nIV_SSL="));
	strcpy(before, host->client->peer_info);
	assert_int_equal(host->role->reloaded(host, cfg), 0);
	assert_string_equal(host->client->peer_info, before);
	stop();
}

/* As many variables as @n, of 100 bytes each. */
static char *variables(const char *more, unsigned int n)
{
	char *text = strdup(more), *longer;

	for (unsigned int i = 0; i < n; i++) {
		assert_true(asprintf(&longer, "%s\nsetenv UV_%02u %094u", text,
				     i, i) > 0);
		free(text);
		text = longer;
	}
	return text;
}

static void fill(char *out, size_t len)
{
	memset(out, 'x', len);
	out[len] = '\0';
}

/*
 * The largest exchange that there may be with them: does it fit? A server may
 * give a token and a name for it to a client that has no login of its own.
 */
static void expect_km2_fits(void)
{
	char user[PROTO_USER_PASS_MAX], token[2 * PROTO_PUSH_OPTION_MAX];
	struct proto_km2 km2 = {
		.options = host->occ[0].plain,
		.peer_info = host->client->peer_info,
	};
	uint8_t msg[PROTO_KM2_MAX];
	size_t len;

	fill(user, sizeof(user) - 1);
	fill(token, sizeof(token) - 1);
	km2.username = user;
	km2.password = token;
	assert_int_equal(proto_km2_build(&km2, true, msg, sizeof(msg), &len),
			 0);
	/* and no room is wasted */
	assert_true(sizeof(msg) - len < 110);
}

static void test_too_many(void **state)
{
	char *text = variables("push-peer-info", 30);

	(void)state;
	begin_client(text);
	assert_true(is_told("\nUV_00="));
	assert_false(is_told("\nUV_29="));
	/* the last one is whole */
	assert_int_equal(host->client->peer_info[
		strlen(host->client->peer_info) - 1], '\n');
	expect_km2_fits();
	stop();
	free(text);
}

static void test_too_many_and_login(void **state)
{
	char *text = variables("push-peer-info\n<auth-user-pass>\nme\nsecret\n"
			       "</auth-user-pass>", 30);

	(void)state;
	begin_client(text);
	assert_true(is_told("\nUV_00="));
	expect_km2_fits();
	stop();
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_reloaded),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_too_many_and_login),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
