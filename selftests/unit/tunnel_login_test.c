// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Clients about whom somebody is asked: a plugin, which does what the variable
 * "do" of the administrator's says.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tunnel_peer.h"

static char plugin[512];

/* @what: "yes", "no", "yes-later", "no-later" */
static void start(const char *what, const char *more)
{
	char *text;

	assert_true(asprintf(&text, "plugin %s /dev/null\nsetenv do %s\n%s",
			     plugin, what, more) > 0);
	begin(text);
	free(text);
	peers_begin();
}

static void stop(void)
{
	peers_end();
	end();
}

static struct peer *client(const char *username, const char *password)
{
	struct peer *peer = peer_start(0, "one", 4000, PEER_INFO);

	peer->username = username;
	peer->password = password;
	return peer;
}

static void comes_in(const char *what, const char *more, const char *username)
{
	struct peer *peer;

	start(what, more);
	peer = client(username, "secret");
	run_until(peer_has(peer, "PUSH_REPLY"));
	assert_int_equal(n_tunnels(), 1);
	stop();
}

static void stays_out(const char *what, const char *more, const char *username,
		      const char *password, const char *message)
{
	struct peer *peer;

	start(what, more);
	peer = client(username, password);
	run_until(peer_has(peer, "AUTH_FAILED"));
	assert_string_equal(peer->messages[0], message);
	assert_false(peer_has(peer, "PUSH_REPLY"));
	stop();
}

static void test_answers(void **state)
{
	(void)state;
	comes_in("yes", "", "alice");
	comes_in("yes-later", "", "alice");
	stays_out("no-later", "", "alice", "secret", "AUTH_FAILED");
}

/* Who says no name is not asked about, unless that is allowed. */
static void test_no_name(void **state)
{
	(void)state;
	stays_out("yes", "", NULL, NULL, "AUTH_FAILED");
	stays_out("yes", "", "", "secret", "AUTH_FAILED");
	stays_out("yes", "", "alice", NULL, "AUTH_FAILED");
	comes_in("yes", "auth-user-pass-optional", "");
	comes_in("yes", "auth-user-pass-optional", NULL);
}

static void test_long_password(void **state)
{
	char password[PROTO_PASSWORD_MAX + 1];
	struct peer *peer;

	(void)state;
	memset(password, 'x', sizeof(password));
	password[sizeof(password) - 2] = '\0';
	start("yes", "");
	peer = client("alice", password);
	run_until(peer_has(peer, "PUSH_REPLY"));
	stop();
}

/* The plugin refuses the certificate: nothing is said to the client. */
static void test_certificate_refused(void **state)
{
	struct peer *peer;

	(void)state;
	start("no", "");
	peer = client("alice", "secret");
	run_until(peer->n_failed);
	assert_int_equal(peer->n_active + peer->n_messages, 0);
	run_until(!n_tunnels());
	stop();
}

/* Without a certificate, somebody has to ask for a password. */
static void test_nobody_asks(void **state)
{
	struct tunnel_host_setup setup = { 0 };
	char err[256];

	(void)state;
	begin_config(config_text("auth-pam login\nverify-client-cert none"));
	/* as if the plugin that was configured had no use for passwords */
	setup = (struct tunnel_host_setup){
		.loop = loop, .cfg = cfg, .priv = priv,
	};
	assert_int_equal(tunnel_host_new(&setup, &host, err, sizeof(err)),
			 -EINVAL);
	assert_non_null(strstr(err, "anybody could come in"));
	end_config();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_long_password),
		cmocka_unit_test(test_certificate_refused),
		cmocka_unit_test(test_nobody_asks),
	};
	char *here = realpath(argv[0], NULL);

	(void)argc;
	if (!here)
		return 1;
	*strrchr(here, '/') = '\0';
	snprintf(plugin, sizeof(plugin), "%s/plugin_v2.so", here);
	free(here);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
