// SPDX-License-Identifier: GPL-2.0-or-later
/* Certificate, key and CA out of one PKCS#12 file. */
#include <errno.h>

#include <openssl/err.h>
#include <openssl/pkcs12.h>

#include "tls_pair.h"

static struct pki_cert ca, server, client, middle, far;
static char err[512];

static int setup(void **state)
{
	struct pki_spec spec = {
		.cn = "Test CA", .is_ca = true, .key_usage = "keyCertSign",
	};

	(void)state;
	ca = pki_make(&spec, NULL);
	spec.cn = "Between";
	spec.serial = 5;
	middle = pki_make(&spec, &ca);
	spec = (struct pki_spec){ .cn = "server", .serial = 2 };
	server = pki_make(&spec, &ca);
	spec = (struct pki_spec){ .cn = "client", .serial = 3 };
	client = pki_make(&spec, &ca);
	spec = (struct pki_spec){ .cn = "far", .serial = 4 };
	far = pki_make(&spec, &middle);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pki_free(&ca);
	pki_free(&middle);
	pki_free(&server);
	pki_free(&client);
	pki_free(&far);
	return 0;
}

/* A file with @own's certificate and key as asked for, and @other's. */
static struct tls_blob file_of(const char *pass, const struct pki_cert *own,
			       bool has_key, const struct pki_cert *other,
			       bool is_base64)
{
	STACK_OF(X509) *others = other ? sk_X509_new_null() : NULL;
	BIO *bio = BIO_new(BIO_s_mem()), *top = bio;
	struct tls_blob blob = { .path = "x.p12" };
	PKCS12 *p12;
	char *data, *copy;

	if (other)
		sk_X509_push(others, other->cert);
	p12 = PKCS12_create(pass, "x", has_key ? own->key : NULL, own->cert,
			    others, 0, 0, 0, 0, 0);
	assert_non_null(p12);
	if (is_base64)
		top = BIO_push(BIO_new(BIO_f_base64()), bio);
	assert_int_equal(i2d_PKCS12_bio(top, p12), 1);
	assert_int_equal(BIO_flush(top), 1);
	blob.len = (size_t)BIO_get_mem_data(bio, &data);
	copy = malloc(blob.len);
	memcpy(copy, data, blob.len);
	blob.text = copy;
	PKCS12_free(p12);
	sk_X509_free(others);
	BIO_free_all(top);
	ERR_clear_error();
	return blob;
}

static void blob_free(struct tls_blob *blob)
{
	free((void *)(uintptr_t)blob->text);
}

static struct tls_config config_of(const struct tls_blob *p12)
{
	return (struct tls_config){ .pkcs12 = *p12 };
}

/* With everything in it, in each of its forms. */
static void test_all_in_one(void **state)
{
	static const struct {
		const char *pass;
		bool is_base64;
	} rows[] = {
		{ "", false }, { "", true }, { NULL, false },
	};
	struct tls_config server_cfg = pair_config(true, &ca, &server);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tls_blob p12 = file_of(rows[i].pass, &client, true, &ca,
					      rows[i].is_base64);
		struct tls_config cfg = config_of(&p12);

		assert_accepted(&cfg, &server_cfg);
		blob_free(&p12);
	}
}

/* The CA of the file is the one that counts: others' servers are refused. */
static void test_trusts_only_its_ca(void **state)
{
	struct pki_spec spec = { .cn = "Other CA", .is_ca = true };
	struct pki_cert other_ca = pki_make(&spec, NULL);
	struct tls_blob p12 = file_of("", &client, true, &other_ca, false);
	struct tls_config server_cfg = pair_config(true, &ca, &server);
	struct tls_config cfg = config_of(&p12);

	(void)state;
	assert_refused(&cfg, &server_cfg, false, "certificate");
	/* given apart, it counts, and the file's is none */
	cfg.ca = pair_blob("ca.crt", ca.cert_pem);
	assert_accepted(&cfg, &server_cfg);
	pki_free(&other_ca);
	blob_free(&p12);
}

/* With a CA of its own the rest of the file is sent: the server needs it. */
static void test_chain(void **state)
{
	struct tls_blob p12 = file_of("", &far, true, &middle, false);
	struct tls_blob bare = file_of("", &far, true, NULL, false);
	struct tls_config server_cfg = pair_config(true, &ca, &server);
	struct tls_config cfg = config_of(&p12);

	(void)state;
	cfg.ca = pair_blob("ca.crt", ca.cert_pem);
	assert_accepted(&cfg, &server_cfg);
	cfg.pkcs12 = bare;
	assert_refused(&cfg, &server_cfg, true, "");
	/* and what extra-certs has */
	cfg.extra_certs = pair_blob("middle.crt", middle.cert_pem);
	assert_accepted(&cfg, &server_cfg);
	blob_free(&p12);
	blob_free(&bare);
}

static void assert_says_as(const struct tls_config *cfg, int ret,
			   const char *part)
{
	struct tls_ctx *ctx = (void *)1;

	assert_int_equal(tls_ctx_new(cfg, &ctx, err, sizeof(err)), ret);
	assert_null(ctx);
	assert_part(err, part);
	assert_part(err, "x.p12");
	assert_null(strchr(err, '\n'));
	assert_int_equal(ERR_peek_error(), 0);
}

static void assert_says(const struct tls_config *cfg, const char *part)
{
	assert_says_as(cfg, -EINVAL, part);
}

static void test_refused(void **state)
{
	struct tls_blob locked = file_of("secret", &client, true, &ca, false);
	struct tls_blob no_key = file_of("", &client, false, &ca, false);
	struct tls_blob no_ca = file_of("", &client, true, NULL, false);
	struct tls_blob cut = file_of("", &client, true, &ca, false);
	struct tls_blob junk = pair_blob("x.p12", "hello\n");
	struct tls_config cfg = config_of(&locked);
	struct tls_hash hash = { .len = TLS_HASH_SHA256_LEN };

	(void)state;
	assert_says_as(&cfg, -ENOKEY, "has a passphrase");
	cfg.pkcs12 = no_key;
	assert_says(&cfg, "has no");
	cfg.pkcs12 = no_ca;
	assert_says(&cfg, "has no CA");
	/* the hash of an issuer is one of a CA, that of a peer is enough */
	cfg.hashes = &hash;
	cfg.n_hashes = 1;
	cfg.is_hash_of_issuer = true;
	assert_says(&cfg, "has no CA");
	cfg.is_hash_of_issuer = false;
	tls_ctx_free(pair_ctx(&cfg));
	cfg.n_hashes = 0;
	cfg.pkcs12 = junk;
	assert_says(&cfg, "is not a PKCS#12 file");
	cfg.pkcs12 = cut;
	for (size_t len = 0; len < cut.len; len += 97) {
		cfg.pkcs12.len = len;
		assert_says(&cfg, "is not a PKCS#12 file");
	}
	blob_free(&locked);
	blob_free(&no_key);
	blob_free(&no_ca);
	blob_free(&cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_in_one),
		cmocka_unit_test(test_trusts_only_its_ca),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tls_pkcs12", tests, setup,
					   teardown);
}
