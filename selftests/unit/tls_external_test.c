// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A private key that is elsewhere: whole handshakes, in which the test signs
 * what it is asked to.
 */
#include <errno.h>

#include <openssl/rsa.h>

#include "tls_pair.h"

static const struct pki_spec spec_ca = {
	.cn = "Test CA", .is_ca = true, .key_usage = "keyCertSign,cRLSign",
};

/* What the signer has, what it does, and what it was asked last. */
static struct {
	EVP_PKEY *key;
	int err;
	bool is_bad;
	unsigned int n_asked;
	enum tls_sign_scheme scheme;
	bool is_message;
	char digest[32];
	size_t len;
} asked;

static void note(const struct tls_sign *what)
{
	asked.n_asked++;
	asked.scheme = what->scheme;
	asked.is_message = what->is_message;
	asked.len = what->len;
	snprintf(asked.digest, sizeof(asked.digest), "%s",
		 what->digest ? what->digest : "");
}

static int padding_of(enum tls_sign_scheme scheme)
{
	return scheme == TLS_SIGN_RSA_PSS ? RSA_PKCS1_PSS_PADDING :
	       scheme == TLS_SIGN_RSA_NONE ? RSA_NO_PADDING :
	       RSA_PKCS1_PADDING;
}

static void set_rsa(EVP_PKEY_CTX *ctx, const struct tls_sign *what)
{
	if (!EVP_PKEY_is_a(asked.key, "RSA"))
		return;
	assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx,
						 padding_of(what->scheme)) > 0);
	if (what->scheme == TLS_SIGN_RSA_PSS)
		assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx,
						RSA_PSS_SALTLEN_DIGEST) > 0);
}

static void sign_message(const struct tls_sign *what, uint8_t *out, size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;

	assert_int_equal(EVP_DigestSignInit_ex(ctx, &pctx, what->digest, NULL,
					       NULL, asked.key, NULL), 1);
	set_rsa(pctx, what);
	assert_int_equal(EVP_DigestSign(ctx, out, len, what->data, what->len),
			 1);
	EVP_MD_CTX_free(ctx);
}

static void sign_digest(const struct tls_sign *what, uint8_t *out, size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(asked.key, NULL);

	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	set_rsa(ctx, what);
	if (what->scheme == TLS_SIGN_RSA_PSS)
		assert_true(EVP_PKEY_CTX_set_signature_md(ctx,
				EVP_get_digestbyname(what->digest)) > 0);
	assert_int_equal(EVP_PKEY_sign(ctx, out, len, what->data, what->len),
			 1);
	EVP_PKEY_CTX_free(ctx);
}

static int sign(void *arg, const struct tls_sign *what, uint8_t *out,
		size_t *len)
{
	assert_ptr_equal(arg, &asked);
	note(what);
	if (asked.err)
		return asked.err;
	*len = TLS_SIGN_MAX;
	if (what->is_message)
		sign_message(what, out, len);
	else
		sign_digest(what, out, len);
	assert_true(what->is_good(what, out, *len));
	out[*len / 2] ^= asked.is_bad;
	assert_int_equal(what->is_good(what, out, *len), !asked.is_bad);
	assert_false(what->is_good(what, out, 0));
	return 0;
}

/* struct run - one handshake: which end asks, with which key, and how */
struct run {
	enum pki_type type;
	bool is_server;
	const char *version;
	bool has_pkcs1, has_pss, has_none, has_digest;
	/* what is expected */
	enum tls_sign_scheme scheme;
	bool is_message;
};

static void pair_begin(struct tls_pair *pair, const struct run *run)
{
	const struct tls_signer signer = {
		.sign = sign, .arg = &asked, .has_pkcs1 = run->has_pkcs1,
		.has_pss = run->has_pss, .has_none = run->has_none,
		.has_digest = run->has_digest,
	};
	const struct pki_spec spec = {
		.type = run->type, .cn = "far", .serial = 7,
		.key_usage = "digitalSignature",
	};
	struct pki_cert ca = pki_make(&spec_ca, NULL);
	struct pki_cert far = pki_make(&spec, &ca), near = pki_make(&spec, &ca);
	struct tls_config client, server;

	client = pair_config(false, &ca, run->is_server ? &near : &far);
	server = pair_config(true, &ca, run->is_server ? &far : &near);
	client.version_min = client.version_max = run->version;
	if (run->is_server) {
		server.key = (struct tls_blob){ 0 };
		server.signer = &signer;
	} else {
		client.key = (struct tls_blob){ 0 };
		client.signer = &signer;
	}
	EVP_PKEY_free(asked.key);
	asked.key = far.key;
	EVP_PKEY_up_ref(far.key);
	asked.n_asked = 0;
	pair_init(pair, &client, &server);
	pki_free(&near);
	pki_free(&far);
	pki_free(&ca);
}

static void run_one(const struct run *run)
{
	struct tls_pair pair;

	pair_begin(&pair, run);
	pair_run(&pair, SIZE_MAX);
	assert_established(&pair);
	assert_int_equal(asked.n_asked, 1);
	assert_int_equal(asked.scheme, run->scheme);
	assert_int_equal(asked.is_message, run->is_message);
	if (run->scheme == TLS_SIGN_RSA_NONE)
		assert_int_equal(asked.len, 256);
	if (run->scheme == TLS_SIGN_RSA_PKCS1 && !run->is_message)
		assert_true(asked.len > 32);	/* a digest with its name */
	pair_free(&pair);
}

static void test_schemes(void **state)
{
	static const struct run runs[] = {
		{ PKI_EC, false, "1.3", .has_pkcs1 = true,
		  .scheme = TLS_SIGN_ECDSA },
		{ PKI_EC, true, "1.3", .has_pkcs1 = true,
		  .scheme = TLS_SIGN_ECDSA },
		{ PKI_EC, false, "1.2", .has_pkcs1 = true,
		  .scheme = TLS_SIGN_ECDSA },
		{ PKI_EC, true, "1.2", .has_pkcs1 = true, .has_digest = true,
		  .scheme = TLS_SIGN_ECDSA, .is_message = true },
		{ PKI_RSA, false, "1.3", .has_pss = true,
		  .scheme = TLS_SIGN_RSA_PSS },
		{ PKI_RSA, true, "1.3", .has_pkcs1 = true, .has_pss = true,
		  .scheme = TLS_SIGN_RSA_PSS },
		{ PKI_RSA, true, "1.3", .has_pss = true, .has_digest = true,
		  .scheme = TLS_SIGN_RSA_PSS, .is_message = true },
		{ PKI_RSA, false, "1.3", .has_none = true,
		  .scheme = TLS_SIGN_RSA_NONE },
		{ PKI_RSA, true, "1.3", .has_none = true,
		  .scheme = TLS_SIGN_RSA_NONE },
		{ PKI_RSA, false, "1.2", .has_pkcs1 = true,
		  .scheme = TLS_SIGN_RSA_PKCS1 },
		{ PKI_RSA, true, "1.2", .has_pkcs1 = true,
		  .scheme = TLS_SIGN_RSA_PKCS1 },
		{ PKI_RSA, true, "1.2", .has_pkcs1 = true, .has_digest = true,
		  .scheme = TLS_SIGN_RSA_PKCS1, .is_message = true },
		{ PKI_RSA, true, "1.2", .has_none = true,
		  .scheme = TLS_SIGN_RSA_NONE },
		/* what can only do the old padding keeps away from TLS 1.3 */
		{ PKI_RSA, true, NULL, .has_pkcs1 = true,
		  .scheme = TLS_SIGN_RSA_PKCS1 },
		{ PKI_RSA, false, NULL, .has_pkcs1 = true,
		  .scheme = TLS_SIGN_RSA_PKCS1 },
		{ PKI_ED25519, false, "1.3", .has_pkcs1 = true,
		  .scheme = TLS_SIGN_ED25519, .is_message = true },
		{ PKI_ED25519, true, "1.2", .has_pkcs1 = true,
		  .scheme = TLS_SIGN_ED25519, .is_message = true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		run_one(&runs[i]);
	assert_string_equal(asked.digest, "");
	run_one(&runs[0]);
	assert_string_equal(asked.digest, "SHA256");
}

/* The own padding where the modulus does not fill its bytes. */
static void test_padding(void **state)
{
	static const int bits[] = { 2041, 2042 };

	(void)state;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		const struct tls_signer signer = {
			.sign = sign, .arg = &asked, .has_none = true,
		};
		const struct pki_spec spec = {
			.type = PKI_RSA, .rsa_bits = bits[i], .cn = "far",
			.key_usage = "digitalSignature",
		};
		struct pki_cert ca = pki_make(&spec_ca, NULL);
		struct pki_cert far = pki_make(&spec, &ca);
		struct tls_config client = pair_config(false, &ca, &far);
		struct tls_config server = pair_config(true, &ca, &far);
		struct tls_pair pair;

		assert_int_equal(EVP_PKEY_get_bits(far.key), bits[i]);
		server.key = (struct tls_blob){ 0 };
		server.signer = &signer;
		EVP_PKEY_free(asked.key);
		asked.key = far.key;
		EVP_PKEY_up_ref(far.key);
		pair_init(&pair, &client, &server);
		pair_run(&pair, SIZE_MAX);
		assert_established(&pair);
		assert_int_equal(asked.scheme, TLS_SIGN_RSA_NONE);
		pair_free(&pair);
		pki_free(&far);
		pki_free(&ca);
	}
}

static const struct run plain = {
	PKI_EC, true, "1.3", .has_pkcs1 = true, .scheme = TLS_SIGN_ECDSA
};

static void assert_fails(void)
{
	struct tls_pair pair;

	pair_begin(&pair, &plain);
	pair_run(&pair, SIZE_MAX);
	assert_int_equal(pair.server.state, TLS_STATE_FAILED);
	assert_int_not_equal(pair.client.state, TLS_STATE_ESTABLISHED);
	assert_int_equal(asked.n_asked, 1);
	pair_free(&pair);
}

static void test_refused(void **state)
{
	(void)state;
	asked.err = -ETIMEDOUT;
	assert_fails();
	asked.err = 0;
	run_one(&plain);
}

/* A signature that is none is told from a good one by who is asked. */
static void test_bad(void **state)
{
	struct tls_pair pair;

	(void)state;
	asked.is_bad = true;
	pair_begin(&pair, &plain);
	pair_run(&pair, SIZE_MAX);
	assert_int_equal(pair.client.state, TLS_STATE_FAILED);
	pair_free(&pair);
	asked.is_bad = false;
}

static void assert_not_made(const struct tls_config *cfg, const char *why)
{
	struct tls_ctx *ctx;
	char err[512];

	assert_int_equal(tls_ctx_new(cfg, &ctx, err, sizeof(err)), -EINVAL);
	if (!strstr(err, why))
		fail_msg("\"%s\" does not say \"%s\"", err, why);
}

static void test_config(void **state)
{
	const struct tls_signer signer = {
		.sign = sign, .arg = &asked, .has_pkcs1 = true,
	};
	const struct pki_spec spec = {
		.type = PKI_RSA, .cn = "far", .key_usage = "digitalSignature",
	};
	struct pki_cert ca = pki_make(&spec_ca, NULL);
	struct pki_cert far = pki_make(&spec, &ca);
	struct tls_config cfg = pair_config(true, &ca, &far);
	struct tls_ctx *ctx;
	char err[512];

	(void)state;
	cfg.key = (struct tls_blob){ 0 };
	cfg.signer = &signer;
	assert_int_equal(tls_ctx_new(&cfg, &ctx, err, sizeof(err)), 0);
	assert_non_null(strstr(tls_ctx_warnings(ctx), "cannot do TLS 1.3"));
	tls_ctx_free(ctx);
	cfg.version_min = "1.3";
	assert_not_made(&cfg, "needs \"pss\" or \"nopadding\"");
	cfg.cert = (struct tls_blob){ 0 };
	assert_not_made(&cfg, "management-external-key");
	pki_free(&far);
	pki_free(&ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schemes),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_config),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	EVP_PKEY_free(asked.key);
	EVP_PKEY_free(pki_rsa_key());
	return failed;
}
