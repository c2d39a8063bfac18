// SPDX-License-Identifier: GPL-2.0-or-later
/* A server that gets another configuration while clients are connected. */
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

static char *base_text;		/* of the configuration it starts with */
static struct config *old_cfg;
static bool is_done;
static int done_err;
static char done_why[512];

static void start(const char *more)
{
	const struct tunnel_outer outer = {
		.send = outer_send, .fd = outer_fd,
	};

	base_text = config_text(more);
	begin_config(strdup(base_text));
	begin_host(&outer);
	peers_begin();
}

static void stop(void)
{
	peers_end();
	end();
	free(base_text);
}

static void on_done(void *arg, int err, const char *why)
{
	(void)arg;
	is_done = true;
	done_err = err;
	snprintf(done_why, sizeof(done_why), "%s", why);
}

/* Takes @text. */
static int reload_text(char *text)
{
	struct config *next;
	char err[512] = "";

	if (config_parse("test", text, strlen(text), false, &next, err,
			 sizeof(err)))
		fail_msg("%s", err);
	/* as a program does that has read it: nothing of it stays */
	mem_wipe(text, strlen(text));
	free(text);
	is_done = false;
	assert_int_equal(tunnel_host_reload(host, next, on_done, NULL), 0);
	run_until(is_done);
	if (done_err) {
		config_free(next);
		return done_err;
	}
	old_cfg = cfg;
	cfg = next;
	config_free(old_cfg);
	return 0;
}

static int reload(const char *more)
{
	char *text;

	assert_true(asprintf(&text, "%s\n%s\n", base_text, more) > 0);
	return reload_text(text);
}

static struct peer *connected(unsigned int i, const char *cn, uint16_t port)
{
	struct peer *peer = peer_start(i, cn, port, PEER_INFO);

	run_until(peer_has(peer, "PUSH_REPLY"));
	return peer;
}

static struct tunnel *tunnel_of(const struct peer *peer)
{
	return tunnel_registry_addr(&host->reg, &peer->addr, 0);
}

static void renegotiate(struct peer *peer)
{
	unsigned int before = peer->n_active;

	assert_int_equal(control_session_renegotiate(peer->session), 0);
	run_until(peer->n_active > before);
}

static void test_nobody_is_dropped(void **state)
{
	struct tunnel *tunnel;
	struct peer *a, *b;

	(void)state;
	start("push \"route 10.9.0.0 255.255.0.0\"");
	a = connected(0, "one", 4000);
	tunnel = tunnel_of(a);
	assert_int_equal(reload("push \"route 10.10.0.0 255.255.0.0\""), 0);
	assert_ptr_equal(tunnel_of(a), tunnel);
	assert_int_equal(tunnel->state, TUNNEL_STATE_CONNECTED);
	/* with what the session had of the old one, and with the new one */
	renegotiate(a);
	renegotiate(a);
	assert_int_equal(a->n_failed, 0);
	assert_ptr_equal(tunnel_of(a), tunnel);
	b = connected(1, "two", 4001);
	assert_true(peer_has(b, "route 10.10.0.0 255.255.0.0"));
	stop();
}

/* in the middle of a handshake, which a worker may hold */
static void test_handshake_goes_on(void **state)
{
	struct peer *peer;

	(void)state;
	start("");
	peer = peer_start(0, "one", 4000, PEER_INFO);
	run_until(n_tunnels());
	assert_int_equal(reload("verb 0"), 0);
	run_until(peer_has(peer, "PUSH_REPLY"));
	assert_int_equal(peer->n_failed, 0);
	stop();
}

static void test_limit(void **state)
{
	struct peer *a, *c;

	(void)state;
	start("max-clients 2");
	a = connected(0, "one", 4000);
	connected(1, "two", 4001);
	c = peer_start(2, "three", 4002, PEER_INFO);
	run_for(300);
	assert_int_equal(c->n_messages, 0);
	assert_int_equal(reload("max-clients 3"), 0);
	run_until(peer_has(c, "PUSH_REPLY"));
	assert_int_equal(n_tunnels(), 3);
	/* fewer than there are: they stay, and nobody else comes in */
	assert_int_equal(reload("max-clients 1"), 0);
	assert_int_equal(n_tunnels(), 3);
	renegotiate(a);
	c = peer_start(3, "four", 4003, PEER_INFO);
	run_for(300);
	assert_int_equal(c->n_messages, 0);
	stop();
}

/* @text with another certificate and, unless @is_torn, its key */
static char *with_certificate(const char *text, const char *cn, bool is_torn)
{
	const struct pki_spec spec = {
		.cn = cn, .key_usage = "digitalSignature",
		.ext_usage = "serverAuth", .serial = 99,
	};
	struct pki_cert cert = pki_make(&spec, &rig_ca);
	const char *at = strstr(text, "<cert>"), *key = strstr(text, "<key>");
	char *out;

	assert_true(at && key);
	assert_true(asprintf(&out, "%.*s<cert>\n%s</cert>\n<key>\n%s",
			     (int)(at - text), text, cert.cert_pem,
			     is_torn ? key + strlen("<key>\n") :
			     cert.key_pem) > 0);
	if (!is_torn) {
		char *whole;

		assert_true(asprintf(&whole, "%s</key>\n", out) > 0);
		free(out);
		out = whole;
	}
	pki_free(&cert);
	return out;
}

static void test_certificate(void **state)
{
	struct peer *a, *b;

	(void)state;
	start("");
	a = connected(0, "one", 4000);
	assert_string_equal(control_session_peer(a->session)->common_name,
			    "test");
	assert_int_equal(reload_text(with_certificate(base_text, "renewed",
						      false)), 0);
	b = connected(1, "two", 4001);
	assert_string_equal(control_session_peer(b->session)->common_name,
			    "renewed");
	renegotiate(a);
	assert_string_equal(control_session_peer(a->session)->common_name,
			    "renewed");
	stop();
}

static void test_refused(void **state)
{
	const struct config *before;
	struct peer *a, *b;

	(void)state;
	start("");
	a = connected(0, "one", 4000);
	before = cfg;
	assert_int_not_equal(reload_text(with_certificate(base_text, "other",
							  true)), 0);
	assert_true(done_why[0]);
	assert_ptr_equal(host->setup.cfg, before);
	renegotiate(a);
	b = connected(1, "two", 4001);
	assert_string_equal(control_session_peer(b->session)->common_name,
			    "test");
	/* and a good one after it */
	assert_int_equal(reload(""), 0);
	stop();
}

/* One at a time; and the end of the host ends it. */
static void test_busy(void **state)
{
	struct config *next;
	char err[512];

	(void)state;
	start("");
	assert_int_equal(config_parse("test", base_text, strlen(base_text),
				      false, &next, err, sizeof(err)), 0);
	is_done = false;
	assert_int_equal(tunnel_host_reload(host, next, on_done, NULL), 0);
	assert_int_equal(tunnel_host_reload(host, next, on_done, NULL),
			 -EBUSY);
	stop();
	assert_true(is_done);
	assert_int_equal(done_err, -ECANCELED);
	config_free(next);
}

/* SIGUSR1: they are told, and get the time to hear it. */
static void test_restart(void **state)
{
	struct peer *a;

	(void)state;
	start("explicit-exit-notify 1\nproto udp");
	a = connected(0, "one", 4000);
	run_for(100);
	tunnel_host_restart(host, "signal");
	assert_int_equal(n_tunnels(), 1);
	run_until(!n_tunnels());
	assert_true(peer_has(a, "RESTART"));
	/* who has come back is not dropped again */
	peer_connect(a);
	run_until(peer_has(a, "PUSH_REPLY"));
	run_for(700);
	assert_int_equal(n_tunnels(), 1);
	stop();
}

static void test_restart_at_once(void **state)
{
	(void)state;
	start("");
	connected(0, "one", 4000);
	tunnel_host_restart(host, "signal");
	assert_int_equal(n_tunnels(), 0);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_is_dropped),
		cmocka_unit_test(test_handshake_goes_on),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_restart_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
