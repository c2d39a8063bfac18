// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/dh.h>
#include <openssl/err.h>

#include "tls/tls.h"
#include "tls_pki.h"

/* What tls_ctx_new() accepts, and what it tells an operator about the rest. */

static struct pki_cert ca, server, other;
static char err[512];

static struct tls_blob blob(const char *path, const char *text)
{
	return (struct tls_blob){
		.path = path, .text = text, .len = text ? strlen(text) : 0,
	};
}

static struct tls_config good(void)
{
	return (struct tls_config){
		.is_server = true,
		.ca = blob("ca.crt", ca.cert_pem),
		.cert = blob("server.crt", server.cert_pem),
		.key = blob("server.key", server.key_pem),
	};
}

static int setup(void **state)
{
	struct pki_spec spec = { .cn = "Test CA", .is_ca = true };

	(void)state;
	ca = pki_make(&spec, NULL);
	spec = (struct pki_spec){ .cn = "server", .serial = 2 };
	server = pki_make(&spec, &ca);
	spec.cn = "other";
	other = pki_make(&spec, &ca);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pki_free(&ca);
	pki_free(&server);
	pki_free(&other);
	return 0;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" lacks \"%s\"", text, part);
}

/* Refused, and the message has both parts. */
static void assert_refused_as(const struct tls_config *cfg, int ret,
			      const char *part1, const char *part2)
{
	struct tls_ctx *ctx = (void *)1;

	assert_int_equal(tls_ctx_new(cfg, &ctx, err, sizeof(err)), ret);
	assert_null(ctx);
	assert_has(err, part1);
	assert_has(err, part2);
	assert_null(strchr(err, '\n'));
	assert_int_equal(ERR_peek_error(), 0);
}

static void assert_refused(const struct tls_config *cfg, const char *part1,
			   const char *part2)
{
	assert_refused_as(cfg, -EINVAL, part1, part2);
}

/* Accepted; the warnings have @warning, or there are none (NULL). */
static void assert_accepted(const struct tls_config *cfg, const char *warning)
{
	struct tls_ctx *ctx;
	int ret = tls_ctx_new(cfg, &ctx, err, sizeof(err));

	if (ret)
		fail_msg("refused: %s", err);
	assert_string_equal(err, "");
	if (warning)
		assert_has(tls_ctx_warnings(ctx), warning);
	else
		assert_string_equal(tls_ctx_warnings(ctx), "");
	assert_int_equal(ERR_peek_error(), 0);
	tls_ctx_free(ctx);
}

static void test_good(void **state)
{
	struct tls_config cfg = good();

	(void)state;
	assert_accepted(&cfg, NULL);
	cfg.is_server = false;
	assert_accepted(&cfg, NULL);
	/* A client may log in with a password alone. */
	cfg.cert.text = NULL;
	cfg.key.text = NULL;
	assert_accepted(&cfg, NULL);
	tls_ctx_free(NULL);
}

/* A copy with one character of the third line changed. */
static char *damage(const char *pem)
{
	char *copy = strdup(pem);
	char *line = strchr(strchr(copy, '\n') + 1, '\n') + 1;

	line[5] = '!';
	return copy;
}

static void test_ca_errors(void **state)
{
	struct tls_config cfg = good();
	char *bad = damage(ca.cert_pem);

	(void)state;
	cfg.ca.text = NULL;
	assert_refused(&cfg, "no CA", "ca FILE");
	cfg.ca = blob("ca.crt", "hello\n");
	assert_refused(&cfg, "ca.crt: no certificate found", "BEGIN");
	cfg.ca = blob("ca.crt", "");
	assert_refused(&cfg, "ca.crt: no certificate found", "");
	cfg.ca = blob("ca.crt", bad);
	assert_refused(&cfg, "ca.crt: certificate 1 is damaged", "");
	free(bad);
}

static void test_ca_several(void **state)
{
	struct tls_config cfg = good();
	struct pki_spec spec = { .cn = "Second CA", .is_ca = true };
	struct pki_cert second = pki_make(&spec, NULL);
	char *bad = damage(second.cert_pem);
	char text[8192];

	(void)state;
	snprintf(text, sizeof(text), "# two\n%s\n%s\n", ca.cert_pem,
		 second.cert_pem);
	cfg.ca = blob("ca.crt", text);
	assert_accepted(&cfg, NULL);
	snprintf(text, sizeof(text), "%s%s", ca.cert_pem, bad);
	cfg.ca = blob("ca.crt", text);
	assert_refused(&cfg, "ca.crt: certificate 2 is damaged", "");
	/* A copy that was cut off. */
	snprintf(text, strlen(ca.cert_pem) + 200, "%s%s", ca.cert_pem,
		 second.cert_pem);
	cfg.ca = blob("ca.crt", text);
	assert_refused(&cfg, "ca.crt: certificate 2 is damaged", "");
	free(bad);
	pki_free(&second);
}

static void test_cert_errors(void **state)
{
	struct tls_config cfg = good();
	char *bad = damage(server.cert_pem);

	(void)state;
	cfg.cert = blob("server.crt", server.key_pem);
	assert_refused(&cfg, "server.crt: no certificate found", "");
	cfg.cert = blob("server.crt", bad);
	assert_refused(&cfg, "server.crt: certificate 1 is damaged", "");
	cfg.cert.text = NULL;
	assert_refused(&cfg, "\"key\" is given without \"cert\"", "");
	cfg = good();
	cfg.key.text = NULL;
	assert_refused(&cfg, "\"cert\" is given without \"key\"", "");
	cfg.cert.text = NULL;
	assert_refused(&cfg, "server needs", "cert FILE");
	cfg = good();
	cfg.extra_certs = blob("chain.pem", "nothing");
	assert_refused(&cfg, "chain.pem: no certificate found", "");
	cfg.extra_certs = blob("chain.pem", ca.cert_pem);
	assert_accepted(&cfg, NULL);
	free(bad);
}

static char *encrypted_key(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), "secret", 6,
				      NULL, NULL);
	return pki_text(bio);
}

static char *legacy_encrypted_key(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_PrivateKey_traditional(bio, key, EVP_aes_128_cbc(),
					     (const unsigned char *)"secret",
					     6, NULL, NULL);
	return pki_text(bio);
}

static void test_key_errors(void **state)
{
	struct tls_config cfg = good();
	char *bad = damage(server.key_pem);
	char *encrypted = encrypted_key(server.key);
	char *legacy = legacy_encrypted_key(server.key);

	(void)state;
	cfg.key = blob("server.key", other.key_pem);
	assert_refused(&cfg,
		       "key server.key does not match certificate server.crt",
		       "");
	cfg.key = blob("server.key", encrypted);
	assert_refused_as(&cfg, -ENOKEY, "key server.key is encrypted", "openssl pkey");
	cfg.key = blob("server.key", legacy);
	assert_refused_as(&cfg, -ENOKEY, "key server.key is encrypted", "openssl pkey");
	cfg.key = blob("server.key", server.cert_pem);
	assert_refused(&cfg, "server.key: no private key found", "BEGIN");
	cfg.key = blob("server.key", bad);
	assert_refused(&cfg, "key server.key is damaged", "");
	free(bad);
	free(encrypted);
	free(legacy);
}

static void test_versions(void **state)
{
	static const struct {
		const char *min, *max, *error;
	} rows[] = {
		{ NULL, NULL, NULL },
		{ "1.0", NULL, NULL },
		{ "1.3", "1.3", NULL },
		{ NULL, "1.2", NULL },
		/* The default minimum gives way to an explicit maximum. */
		{ NULL, "1.1", NULL },
		{ "1.4", NULL, "tls-version-min: unknown version \"1.4\"" },
		{ "", NULL, "tls-version-min: unknown version \"\"" },
		{ NULL, "TLS1.2", "tls-version-max: unknown version" },
		{ "1.3", "1.2", "tls-version-max 1.2 is below" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tls_config cfg = good();

		cfg.version_min = rows[i].min;
		cfg.version_max = rows[i].max;
		if (rows[i].error)
			assert_refused(&cfg, rows[i].error, "");
		else
			assert_accepted(&cfg, NULL);
	}
}

static void test_ciphers(void **state)
{
	static const struct {
		const char *list, *error;
	} rows[] = {
		{ "ECDHE-ECDSA-AES256-GCM-SHA384", NULL },
		{ "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384", NULL },
		{ "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", NULL },
		{ "TLS-ECDHE-ECDSA-WITH-CHACHA20-POLY1305-SHA256", NULL },
		{ "DEFAULT:!TLS-RSA-WITH-AES-128-CBC-SHA:@SECLEVEL=1", NULL },
		{ "TLS-ROT13-WITH-NULL", "unknown cipher \"TLS-ROT13" },
		{ "NONSENSE", "none of \"NONSENSE\"" },
		{ "", "none of" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tls_config cfg = good();

		cfg.cipher_list = rows[i].list;
		if (rows[i].error)
			assert_refused(&cfg, "tls-cipher", rows[i].error);
		else
			assert_accepted(&cfg, NULL);
	}
}

static void test_long_names(void **state)
{
	struct tls_config cfg = good();
	char text[6000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	cfg.cipher_list = text;
	assert_refused(&cfg, "tls-cipher: name is too long", "");
	for (size_t i = 50; i < sizeof(text) - 1; i += 50)
		text[i] = ':';
	assert_refused(&cfg, "tls-cipher: list is too long", "");
	cfg.cipher_list = NULL;
	cfg.ciphersuites = text;
	assert_refused(&cfg, "tls-ciphersuites", "");
	cfg.ciphersuites = NULL;
	cfg.groups = text;
	assert_refused(&cfg, "tls-groups", "");
}

static void test_ciphersuites(void **state)
{
	struct tls_config cfg = good();

	(void)state;
	cfg.ciphersuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384";
	assert_accepted(&cfg, NULL);
	cfg.ciphersuites = "TLS-AES-128-GCM-SHA256";
	assert_accepted(&cfg, NULL);
	cfg.ciphersuites = "TLS_FOO";
	assert_refused(&cfg, "tls-ciphersuites", "TLS_FOO");
}

static void test_groups(void **state)
{
	struct tls_config cfg = good();

	(void)state;
	cfg.groups = "X25519:secp256r1:P-384";
	assert_accepted(&cfg, NULL);
	cfg.groups = "X25519:frobnicate:secp256r1";
	assert_accepted(&cfg, "tls-groups: \"frobnicate\" is unknown");
	cfg.groups = "frobnicate";
	assert_refused(&cfg, "tls-groups: no usable group", "X25519");
}

static void test_profiles(void **state)
{
	struct pki_spec spec = {
		.type = PKI_RSA, .rsa_bits = 1024, .cn = "weak",
	};
	struct pki_cert weak = pki_make(&spec, &ca);
	struct tls_config cfg = good();

	(void)state;
	cfg.cert_profile = "preferred";
	assert_accepted(&cfg, NULL);
	cfg.cert_profile = "suiteb";
	assert_accepted(&cfg, NULL);
	cfg.cert_profile = "nice";
	assert_refused(&cfg, "tls-cert-profile: unknown profile \"nice\"",
		       "preferred");
	cfg.cert = blob("weak.crt", weak.cert_pem);
	cfg.key = blob("weak.key", weak.key_pem);
	cfg.cert_profile = "preferred";
	assert_refused(&cfg, "weak.crt: certificate cannot be used",
		       "tls-cert-profile is preferred");
	cfg.cert_profile = "legacy";
	assert_accepted(&cfg, NULL);
	pki_free(&weak);
}

static char *dh_params(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	BIO *bio = BIO_new(BIO_s_mem());
	EVP_PKEY *params = NULL;

	assert_true(EVP_PKEY_paramgen_init(ctx) > 0);
	assert_true(EVP_PKEY_CTX_set_dh_nid(ctx, NID_ffdhe2048) > 0);
	assert_true(EVP_PKEY_generate(ctx, &params) > 0);
	PEM_write_bio_Parameters(bio, params);
	EVP_PKEY_free(params);
	EVP_PKEY_CTX_free(ctx);
	return pki_text(bio);
}

static void test_dh(void **state)
{
	struct tls_config cfg = good();
	char *params = dh_params();

	(void)state;
	cfg.dh = blob("dh.pem", params);
	assert_accepted(&cfg, NULL);
	cfg.dh = blob("dh.pem", "nothing");
	assert_refused(&cfg, "dh.pem: no Diffie-Hellman parameters",
		       "dh none");
	cfg.dh = blob("dh.pem", server.cert_pem);
	assert_refused(&cfg, "dh.pem: no Diffie-Hellman parameters", "");
	cfg.dh = blob("none", NULL);
	assert_accepted(&cfg, NULL);
	free(params);
}

static void test_crl(void **state)
{
	char *crl = pki_crl(&ca, 7, 90 * PKI_DAY);
	char *soon = pki_crl(&ca, 0, 10 * PKI_DAY);
	char *old = pki_crl(&ca, 0, -PKI_DAY);
	char *bad = damage(crl);
	struct tls_config cfg = good();

	(void)state;
	cfg.crl = blob("crl.pem", crl);
	assert_accepted(&cfg, NULL);
	cfg.crl = blob("crl.pem", soon);
	assert_accepted(&cfg, "crl.pem: revocation list expires on ");
	cfg.crl = blob("crl.pem", old);
	assert_accepted(&cfg, "crl.pem: revocation list has expired on ");
	cfg.crl = blob("crl.pem", bad);
	assert_refused(&cfg, "crl.pem: revocation list 1 is damaged", "");
	cfg.crl = blob("crl.pem", server.cert_pem);
	assert_refused(&cfg, "crl.pem: no revocation list found", "BEGIN");
	free(crl);
	free(soon);
	free(old);
	free(bad);
}

static void assert_dates(long starts, long ends, const char *warning)
{
	struct pki_spec spec = { .cn = "dated", .starts = starts,
				 .ends = ends };
	struct pki_cert cert = pki_make(&spec, &ca);
	struct tls_config cfg = good();

	cfg.cert = blob("dated.crt", cert.cert_pem);
	cfg.key = blob("dated.key", cert.key_pem);
	assert_accepted(&cfg, warning);
	pki_free(&cert);
}

static void test_expiry_warnings(void **state)
{
	(void)state;
	assert_dates(0, 31 * PKI_DAY, NULL);
	assert_dates(0, 29 * PKI_DAY,
		     "dated.crt: certificate CN=dated expires on ");
	assert_dates(0, -60, "dated.crt: certificate CN=dated has expired on");
	assert_dates(PKI_DAY, 365 * PKI_DAY, "is not valid before");
}

static void test_names(void **state)
{
	struct tls_config cfg = good();

	(void)state;
	cfg.name_type = TLS_NAME_NAME;
	assert_refused(&cfg, "verify-x509-name", "missing");
	cfg.peer_name = "";
	assert_refused(&cfg, "verify-x509-name", "missing");
	cfg.peer_name = "client";
	assert_accepted(&cfg, NULL);
}

/* Messages are cut, never overrun. */
static void test_small_error_buffer(void **state)
{
	struct tls_config cfg = good();
	struct tls_ctx *ctx;
	char small[8];

	(void)state;
	cfg.ca.text = NULL;
	memset(small, 'x', sizeof(small));
	assert_int_equal(tls_ctx_new(&cfg, &ctx, small, 4), -EINVAL);
	assert_memory_equal(small, "no \0xxxx", 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_ca_errors),
		cmocka_unit_test(test_ca_several),
		cmocka_unit_test(test_cert_errors),
		cmocka_unit_test(test_key_errors),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_ciphers),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_ciphersuites),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_dh),
		cmocka_unit_test(test_crl),
		cmocka_unit_test(test_expiry_warnings),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_small_error_buffer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
