// SPDX-License-Identifier: GPL-2.0-or-later
#include <openssl/decoder.h>
#include <openssl/provider.h>

#include "tls/internal.h"
#include "tls_pair.h"

/*
 * Old libraries get a context with few decoders, new ones do not; whatever a
 * certificate or a suite needs is there.
 */

static struct pki_cert ca, server, client;

static int setup(void **state)
{
	(void)state;
	pair_pki_make(&ca, &server, &client);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_pki_free(&ca, &server, &client);
	return 0;
}

static void count_one(OSSL_DECODER *decoder, void *arg)
{
	(void)decoder;
	++*(unsigned int *)arg;
}

static unsigned int n_decoders(OSSL_LIB_CTX *ctx)
{
	unsigned int n = 0;

	OSSL_DECODER_do_all_provided(ctx, count_one, &n);
	return n;
}

static void test_where(void **state)
{
	static const char *const providers[] = { "default", NULL };
	struct tls_config cfg = pair_config(true, &ca, &server);
	OSSL_LIB_CTX *lean = tls_lean_get(&cfg);

	(void)state;
	if (OpenSSL_version_num() >= 0x30200000ul) {
		assert_null(lean);
		return;
	}
	assert_non_null(lean);
	assert_ptr_equal(tls_lean_get(&cfg), lean);
	assert_in_range(n_decoders(lean), 1, 5);
	assert_true(n_decoders(NULL) > 20);
	/* what the administrator chooses is what he gets */
	cfg.providers = providers;
	assert_null(tls_lean_get(&cfg));
}

static void test_another_provider(void **state)
{
	struct tls_config cfg = pair_config(true, &ca, &server);
	OSSL_PROVIDER *null = OSSL_PROVIDER_load(NULL, "null");

	(void)state;
	assert_non_null(null);
	assert_null(tls_lean_get(&cfg));
	OSSL_PROVIDER_unload(null);
}

static void connect_types(enum pki_type server_type, enum pki_type client_type)
{
	struct pki_spec spec = {
		.type = server_type, .cn = "server", .serial = 4,
	};
	struct pki_cert s = pki_make(&spec, &ca), c;
	struct tls_config server_cfg = pair_config(true, &ca, &s), client_cfg;

	spec = (struct pki_spec){
		.type = client_type, .cn = "client", .serial = 5,
	};
	c = pki_make(&spec, &ca);
	client_cfg = pair_config(false, &ca, &c);
	assert_accepted(&client_cfg, &server_cfg);
	client_cfg.version_max = "1.2";
	assert_accepted(&client_cfg, &server_cfg);
	pki_free(&s);
	pki_free(&c);
}

static void test_types(void **state)
{
	(void)state;
	connect_types(PKI_EC, PKI_RSA);
	connect_types(PKI_RSA, PKI_ED25519);
	connect_types(PKI_ED25519, PKI_EC);
}

/* A suite whose records have an HMAC, and a group of finite numbers. */
static void test_suites(void **state)
{
	struct tls_config s = pair_config(true, &ca, &server);
	struct tls_config c = pair_config(false, &ca, &client);

	(void)state;
	c.version_max = "1.2";
	c.cipher_list = "ECDHE-ECDSA-AES256-SHA";
	s.cipher_list = c.cipher_list;
	assert_accepted(&c, &s);
	s = pair_config(true, &ca, &server);
	c = pair_config(false, &ca, &client);
	s.groups = "ffdhe2048";
	c.groups = s.groups;
	assert_accepted(&c, &s);
	s.groups = "X448:P-384";
	c.groups = "P-384";
	assert_accepted(&c, &s);
	c.groups = "X448";
	assert_accepted(&c, &s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_another_provider),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_suites),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
