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
/* for what plugins are asked with, nothing of which stays */
static char files[] = "/tmp/ovpn-login.XXXXXX";

/* @what: "yes", "no", "yes-later", "no-later" */
static void start(const char *what, const char *more)
{
	char *text;

	strcpy(files + sizeof(files) - 7, "XXXXXX");
	assert_non_null(mkdtemp(files));
	assert_true(asprintf(&text, "plugin %s /dev/null\nsetenv do %s\ntmp-dir %s\n%s",
			     plugin, what, files, more) > 0);
	begin(text);
	free(text);
	peers_begin();
}

static void stop(void)
{
	peers_end();
	end();
	for (int i = 0; rmdir(files) && i < 500; i++)
		usleep(10000);
	assert_int_not_equal(access(files, F_OK), 0);
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

/* Two plugins, both of which may take their time. */
static void both(const char *first, const char *second, bool is_in)
{
	char more[600];

	snprintf(more, sizeof(more), "plugin %s /dev/null do=%s", plugin,
		 second);
	if (is_in)
		comes_in(first, more, "alice");
	else
		stays_out(first, more, "alice", "secret", "AUTH_FAILED");
}

/* One who says yes does not speak for the other, whoever is the first. */
static void test_cve_2022_0547_all_have_to_agree(void **state)
{
	(void)state;
	both("yes-later", "yes-later", true);
	both("yes-later", "no-later", false);
	both("no-later", "yes-later", false);
	both("yes", "no-later", false);
	both("no-later", "yes", false);
}

/*
 * What only looks like a token is a wrong password, whatever it is made of.
 * With external-auth the plugin decides: here it says no.
 */
static void test_cve_2026_13122_malformed_tokens(void **state)
{
	static const char *const tokens[] = {
		"SESS_ID_AT_", "SESS_ID_AT_A", "SESS_ID_AT_====",
		"SESS_ID_AT_AAAAAAAAAAAAAAAA",
		/* of the right length, but not of base64, or not of a token */
		"SESS_ID_AT_****************************************"
		"****************************************",
		"SESS_ID_AT_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
		"SESS_ID_AT_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		/* one longer, one shorter */
		"SESS_ID_AT_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"SESS_ID_AT_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	};
	static char longest[PROTO_PASSWORD_MAX];
	struct peer *peer;

	(void)state;
	memset(longest, 'A', sizeof(longest) - 1);
	memcpy(longest, "SESS_ID_AT_", 11);
	start("no-later", "auth-gen-token 0 external-auth");
	peer = client("alice", longest);
	for (size_t i = 0;; i++) {
		run_until(peer_has(peer, "AUTH_FAILED"));
		assert_false(peer_has(peer, "PUSH_REPLY"));
		if (i == sizeof(tokens) / sizeof(tokens[0]))
			break;
		peer->password = tokens[i];
		peer->addr = addr_of((uint16_t)(4100 + i));
		peer_connect(peer);
	}
	stop();
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

/* Another one at the address of @a, which hears nothing there any more. */
static struct peer *second_at(struct peer *a, const char *username)
{
	union net_addr addr = a->addr;
	struct peer *peer;

	a->addr = addr_of(9);
	peer = peer_start(1, "two", net_addr_port(&addr), PEER_INFO);
	peer->username = username;
	peer->password = "guess";
	run_until(peer->n_active);
	return peer;
}

static void says_exit(const char *username, bool is_pending)
{
	struct peer *peer, *other;
	struct tunnel *tunnel;

	start("yes-later", "verify-client-cert none");
	peer = client("alice", "secret");
	run_until(peer_has(peer, "PUSH_REPLY"));
	tunnel = tunnel_registry_addr(&host->reg, &peer->addr, 0);
	other = second_at(peer, username);
	assert_non_null(tunnel->untrusted);
	assert_int_equal(tunnel->untrusted->verdict, is_pending ?
			 TUNNEL_VERDICT_PENDING : TUNNEL_VERDICT_REFUSED);
	control_session_send(other->session, "PUSH_REQUEST");
	control_session_send(other->session, "EXIT");
	run_until(control_session_is_drained(other->session));
	run_for(50);
	assert_int_equal(tunnel->state, TUNNEL_STATE_CONNECTED);
	assert_true(tunnel->has_dp_peer);
	stop();
}

/* Who has not been let in does not end the tunnel of somebody else. */
static void test_exit_of_a_stranger(void **state)
{
	(void)state;
	says_exit("mallory", false);
	says_exit("alice", true);
}

/* Who is refused does not take the name away: the next alice finds it. */
static void test_name_of_a_stranger(void **state)
{
	struct peer *peer, *other, *next;
	struct tunnel *tunnel;

	(void)state;
	start("yes", "verify-client-cert none\nusername-as-common-name");
	peer = client("alice", "secret");
	run_until(peer_has(peer, "PUSH_REPLY"));
	tunnel = tunnel_registry_addr(&host->reg, &peer->addr, 0);
	other = second_at(peer, "mallory");
	run_until(peer_has(other, "AUTH_FAILED"));
	assert_string_equal(tunnel->common_name, "alice");
	next = peer_start(2, "three", 4001, PEER_INFO);
	next->username = "alice";
	next->password = "secret";
	run_until(peer_has(next, "PUSH_REPLY"));
	assert_int_equal(n_tunnels(), 1);
	stop();
}

/* That names are to be common names comes with a reload, while one is asked. */
static void test_name_is_too_long_by_now(void **state)
{
	char name[100];
	struct peer *peer;
	struct tunnel *tunnel;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	start("yes-later", "");
	peer = client(name, "secret");
	tunnel = NULL;
	run_until((tunnel = tunnel_registry_addr(&host->reg, &peer->addr, 0)) &&
		  tunnel->active &&
		  tunnel->active->verdict == TUNNEL_VERDICT_PENDING);
	cfg->is_username_cn = true;
	run_until(peer_has(peer, "AUTH_FAILED") || peer_has(peer, "PUSH_REPLY"));
	assert_false(peer_has(peer, "PUSH_REPLY"));
	stop();
}

/* A name of override-username's: which user it is, is what the login said. */
static void test_sessions_per_user(void **state)
{
	static const char *const users[] = { "alice", "bob", "alice" };
	char dir[] = "/tmp/ovpn-login.XXXXXX", path[64], more[128];
	struct peer *peer[3];
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/DEFAULT", dir);
	file = fopen(path, "w");
	assert_true(file && fputs("override-username guest\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	snprintf(more, sizeof(more),
		 "sessions-per-user 1\nclient-config-dir %s", dir);
	start("yes", more);
	for (unsigned int i = 0; i < 3; i++) {
		peer[i] = peer_start(i, i ? i == 1 ? "b" : "c" : "a",
				     (uint16_t)(4000 + i), PEER_INFO);
		peer[i]->username = users[i];
		peer[i]->password = "secret";
		run_until(peer_has(peer[i], "PUSH_REPLY"));
		assert_int_equal(n_tunnels(), i ? 2 : 1);
	}
	assert_null(tunnel_registry_addr(&host->reg, &peer[0]->addr, 0));
	stop();
	assert_int_equal(unlink(path) + rmdir(dir), 0);
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

/* ---- a day, with a clock that is put forward --------------------------- */

#define HOUR 3600

static int64_t day_now;

static int64_t day_clock(void)
{
	return day_now;
}

/* What the server has given last is the password from then on. */
static void take_token(struct peer *peer, char *token, size_t cap)
{
	for (unsigned int i = 0; i < peer->n_messages; i++) {
		const char *at = strstr(peer->messages[i], "auth-token ");

		if (!at)
			continue;
		at += strlen("auth-token ");
		snprintf(token, cap, "%.*s", (int)strcspn(at, ","), at);
		peer->password = token;
	}
	peer->n_messages = 0;
}

/* One more key each hour; true: it was agreed upon. */
static bool next_hour(struct peer *peer)
{
	unsigned int before = peer->n_active;

	day_now += HOUR;
	assert_int_equal(control_session_renegotiate(peer->session), 0);
	run_until(peer->n_active > before);
	run_for(20);
	return !peer_has(peer, "AUTH_FAILED");
}

/*
 * 24 hours: a key each hour, a token that lives for eight of them, then another
 * login; a second client that does nothing stays where it is.
 */
static void test_a_day(void **state)
{
	unsigned int n_logins = 0, n_keys = 0;
	char token[AUTH_TOKEN_STRLEN + 1];
	struct peer *peer, *other;
	uint64_t cid;

	(void)state;
	start("yes", "auth-gen-token 28800\nreneg-sec 3600");
	day_now = loop_realtime();
	host->env.realtime = day_clock;
	other = peer_start(1, "two", 4001, PEER_INFO);
	other->username = "bob";
	other->password = "secret";
	run_until(peer_has(other, "PUSH_REPLY"));
	cid = host->reg.by_id[0]->cid;
	peer = client("alice", "secret");
	for (unsigned int hour = 0; hour < 24; hour++) {
		if (!peer_has(peer, "PUSH_REPLY") && !n_logins)
			run_until(peer_has(peer, "PUSH_REPLY"));
		n_logins += peer_has(peer, "PUSH_REPLY,");
		take_token(peer, token, sizeof(token));
		assert_string_not_equal(peer->password, "secret");
		if (next_hour(peer)) {
			n_keys++;
			continue;
		}
		assert_true(peer_has(peer, "SESSION: token expired"));
		peer->password = "secret";
		peer->addr = addr_of((uint16_t)(4002 + hour));
		peer_connect(peer);
		run_until(peer_has(peer, "PUSH_REPLY"));
	}
	assert_in_range(n_keys, 21, 22);
	assert_int_equal(host->reg.by_id[0]->cid, cid);
	assert_int_equal(host->reg.by_id[0]->state, TUNNEL_STATE_CONNECTED);
	assert_int_equal(other->n_failed + peer->n_failed, 0);
	assert_false(peer_has(other, "AUTH_FAILED"));
	stop();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_cve_2022_0547_all_have_to_agree),
		cmocka_unit_test(test_cve_2026_13122_malformed_tokens),
		cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_long_password),
		cmocka_unit_test(test_certificate_refused),
		cmocka_unit_test(test_exit_of_a_stranger),
		cmocka_unit_test(test_name_of_a_stranger),
		cmocka_unit_test(test_name_is_too_long_by_now),
		cmocka_unit_test(test_sessions_per_user),
		cmocka_unit_test(test_nobody_asks),
		cmocka_unit_test(test_a_day),
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
