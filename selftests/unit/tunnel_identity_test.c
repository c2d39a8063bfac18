// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A host that has to be told its certificate, or the passphrase of its key,
 * before it begins: what it asks for, and what becomes of the answer.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tunnel_rig.h"
#include "tunnel_run.h"

static unsigned int n_pass, n_wrong, n_cert, n_fatal;
static char hint[64];
static struct pki_cert own;

static void on_pass(void *arg)
{
	(void)arg;
	n_pass++;
}

static void on_wrong(void *arg)
{
	(void)arg;
	n_wrong++;
}

static void on_cert(void *arg, const char *text)
{
	(void)arg;
	n_cert++;
	snprintf(hint, sizeof(hint), "%s", text);
}

static void on_fatal(void *arg, const char *text)
{
	(void)arg;
	(void)text;
	n_fatal++;
}

static bool on_hold(void *arg, uint32_t seconds)
{
	(void)arg;
	(void)seconds;
	return false;
}

static const struct tunnel_watch watch = {
	.hold = on_hold, .need_passphrase = on_pass,
	.passphrase_failed = on_wrong, .need_certificate = on_cert,
	.fatal = on_fatal,
};

/* The own certificate and its key, which has the passphrase "sesame". */
static char *locked_key(void)
{
	const struct pki_spec spec_ca = {
		.cn = "Test CA", .is_ca = true, .key_usage = "keyCertSign",
	};
	const struct pki_spec spec = {
		.cn = "test", .key_usage = "digitalSignature",
		.ext_usage = "serverAuth", .serial = 2,
	};
	BIO *bio = BIO_new(BIO_s_mem());

	rig_ca = pki_make(&spec_ca, NULL);
	own = pki_make(&spec, &rig_ca);
	assert_int_equal(PEM_write_bio_PrivateKey(bio, own.key,
				EVP_aes_256_cbc(), NULL, 0, NULL,
				(void *)"sesame"), 1);
	return pki_text(bio);
}

#define SERVER \
	"dev tun\nserver 10.8.0.0 255.255.255.0\ntopology subnet\ndh none\n" \
	"verb 0\ndata-path user\nmanagement /nowhere unix\n"

static char *text_locked(const char *more)
{
	char *key = locked_key(), *text;

	assert_true(asprintf(&text, SERVER "%s\n<ca>\n%s</ca>\n"
			     "<cert>\n%s</cert>\n<key>\n%s</key>\n", more,
			     rig_ca.cert_pem, own.cert_pem, key) > 0);
	free(key);
	return text;
}

static char *text_external(void)
{
	char *key = locked_key(), *text;

	assert_true(asprintf(&text, SERVER "management-external-key pss\n"
			     "management-external-cert \"the hint\"\n"
			     "<ca>\n%s</ca>\n", rig_ca.cert_pem) > 0);
	free(key);
	return text;
}

/* It is there, and waits. */
static void start(char *text)
{
	const struct tunnel_host_setup setup = {
		.outer = { .send = outer_send, .fd = outer_fd },
	};
	struct tunnel_host_setup now = setup;
	char err[512] = "";

	n_pass = n_wrong = n_cert = n_fatal = 0;
	begin_config(text);
	now.loop = loop;
	now.cfg = cfg;
	now.priv = priv;
	if (tunnel_host_new(&now, &host, err, sizeof(err)))
		fail_msg("%s", err);
	tunnel_host_watch(host, &watch, NULL);
	if (tunnel_host_start(host, err, sizeof(err)))
		fail_msg("%s", err);
	assert_false(host->is_started);
	/* nobody is served, and nobody is surprised */
	assert_int_equal(n_tunnels(), 0);
}

static void stop(void)
{
	end();
	pki_free(&own);
}

static void input_something(void)
{
	const uint8_t reset[14] = { 7 << 3, 1 };
	union net_addr remote = addr_of(4000);
	const struct tunnel_way way = { .remote = &remote };

	tunnel_host_input(host, reset, sizeof(reset), &way);
}

static void test_passphrase(void **state)
{
	(void)state;
	start(text_locked("management-query-passwords\nauth-retry interact"));
	input_something();
	assert_int_equal(n_pass, 1);
	assert_int_equal(n_cert, 0);
	assert_int_equal(tunnel_host_certificate(host, "x"), -ENOENT);
	assert_int_equal(tunnel_host_passphrase(host, "wrong"), 0);
	assert_int_equal(tunnel_host_passphrase(host, "sesame"), -ENOENT);
	run_until(n_pass == 2);
	assert_int_equal(n_wrong, 1);
	assert_false(host->is_started);
	assert_int_equal(tunnel_host_passphrase(host, ""), 0);
	run_until(n_pass == 3);
	assert_int_equal(tunnel_host_passphrase(host, "sesame"), 0);
	run_until(host->is_started);
	assert_int_equal(n_pass, 3);
	assert_int_equal(n_fatal, 0);
	input_something();
	assert_int_equal(tunnel_host_passphrase(host, "sesame"), -ENOENT);
	stop();
}

static void test_passphrase_once(void **state)
{
	(void)state;
	start(text_locked("management-query-passwords"));
	assert_int_equal(n_pass, 1);
	assert_int_equal(tunnel_host_passphrase(host, "wrong"), 0);
	run_until(n_fatal);
	assert_int_equal(n_wrong, 1);
	assert_int_equal(n_pass, 1);
	stop();
}

/* Without somebody to be asked it is an error, as before. */
static void test_nobody(void **state)
{
	struct tunnel_host_setup setup = {
		.outer = { .send = outer_send, .fd = outer_fd },
	};
	char err[512] = "";

	(void)state;
	begin_config(text_locked(""));
	setup.loop = loop;
	setup.cfg = cfg;
	setup.priv = priv;
	assert_int_equal(tunnel_host_new(&setup, &host, err, sizeof(err)),
			 -ENOKEY);
	assert_non_null(strstr(err, "is encrypted; give its passphrase"));
	end_config();
	pki_free(&own);
}

static int reload_err;
static bool is_reloaded;

static void on_reloaded(void *arg, int err, const char *why)
{
	(void)arg;
	(void)why;
	reload_err = err;
	is_reloaded = true;
}

static void reload(int expected)
{
	is_reloaded = false;
	assert_int_equal(tunnel_host_reload(host, cfg, on_reloaded, NULL), 0);
	run_until(is_reloaded);
	assert_int_equal(reload_err, expected);
}

/* What was entered is good for a reload, until it is forgotten. */
static void test_reload(void **state)
{
	(void)state;
	start(text_locked("management-query-passwords"));
	assert_int_equal(tunnel_host_reload(host, cfg, on_reloaded, NULL),
			 -EBUSY);
	assert_int_equal(tunnel_host_passphrase(host, "sesame"), 0);
	run_until(host->is_started);
	reload(0);
	tunnel_host_forget(host);
	reload(-ENOKEY);
	stop();
}

static void test_certificate(void **state)
{
	(void)state;
	start(text_external());
	input_something();
	assert_int_equal(n_cert, 1);
	assert_int_equal(n_pass, 0);
	assert_string_equal(hint, "the hint");
	assert_int_equal(tunnel_host_passphrase(host, "x"), -ENOENT);
	assert_int_equal(tunnel_host_certificate(host, own.cert_pem), 0);
	run_until(host->is_started);
	assert_int_equal(n_fatal, 0);
	assert_false(tunnel_host_signs(host));
	reload(0);
	stop();
}

static void test_certificate_bad(void **state)
{
	(void)state;
	start(text_external());
	assert_int_equal(tunnel_host_certificate(host, "nothing of the kind"),
			 0);
	run_until(n_fatal);
	assert_false(host->is_started);
	stop();
}

/* The end comes before the answer, or while it is looked at. */
static void test_end(void **state)
{
	(void)state;
	start(text_external());
	stop();
	start(text_external());
	tunnel_host_certificate(host, own.cert_pem);
	tunnel_host_stop(host);
	run_for(20);
	assert_false(host->is_started);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passphrase),
		cmocka_unit_test(test_passphrase_once),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_certificate_bad),
		cmocka_unit_test(test_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
