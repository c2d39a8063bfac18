// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/stat.h>
#include <unistd.h>

#include "tls/internal.h"
#include "tls_pair.h"

/*
 * A chain whose signatures were verified once is not verified again, and all
 * the rest of it is: dates, revocation, and whether it is that chain.
 */

#define MANY	400
#define CLIENT	4711L	/* serial number of the client's certificate */

static struct pki_cert ca, false_ca, server, client;

static int setup(void **state)
{
	struct pki_spec spec = { .cn = "Test CA", .is_ca = true };

	(void)state;
	pair_pki_make(&ca, &server, &client);
	false_ca = pki_make(&spec, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_pki_free(&ca, &server, &client);
	pki_free(&false_ca);
	return 0;
}

/* A client with the certificate @own comes to the server @ctx. */
static void come(struct tls_pair *pair, struct tls_ctx *ctx,
		 const struct pki_cert *own)
{
	struct tls_config cfg = pair_config(false, &ca, own);
	struct tls_ctx *client_ctx = pair_ctx(&cfg);

	end_init(&pair->client, client_ctx);
	end_init(&pair->server, ctx);
	tls_ctx_free(client_ctx);
	pair_run(pair, SIZE_MAX);
}

static void come_in(struct tls_ctx *ctx, const struct pki_cert *own)
{
	struct tls_pair pair;

	come(&pair, ctx, own);
	assert_established(&pair);
	assert_string_equal(tls_session_peer(pair.server.session)->common_name,
			    "client");
	pair_free(&pair);
}

static void be_refused(struct tls_ctx *ctx, const struct pki_cert *own,
		       const char *reason)
{
	struct tls_pair pair;

	come(&pair, ctx, own);
	assert_error(&pair.server, reason);
	pair_free(&pair);
}

static struct tls_ctx *server_ctx(void)
{
	struct tls_config cfg = pair_config(true, &ca, &server);

	return pair_ctx(&cfg);
}

static void test_known(void **state)
{
	struct tls_ctx *ctx = server_ctx();

	(void)state;
	come_in(ctx, &client);
	assert_int_equal(tls_seen_hits(ctx->seen), 0);
	come_in(ctx, &client);
	come_in(ctx, &client);
	assert_int_equal(tls_seen_hits(ctx->seen), 2);
	tls_ctx_free(ctx);
}

/* Names and number of one that is known, and another signature. */
static void test_forged(void **state)
{
	struct pki_spec spec = { .cn = "client", .serial = CLIENT };
	struct pki_cert forged = pki_make(&spec, &false_ca);
	struct tls_ctx *ctx = server_ctx();

	(void)state;
	come_in(ctx, &client);
	be_refused(ctx, &forged, "signature");
	be_refused(ctx, &forged, "signature");
	assert_int_equal(tls_seen_hits(ctx->seen), 0);
	come_in(ctx, &client);
	assert_int_equal(tls_seen_hits(ctx->seen), 1);
	tls_ctx_free(ctx);
	pki_free(&forged);
}

static void test_expires(void **state)
{
	struct pki_spec spec = { .cn = "client", .serial = 4, .ends = 3 };
	struct pki_cert brief = pki_make(&spec, &ca);
	struct tls_ctx *ctx = server_ctx();
	uint64_t hits;

	(void)state;
	come_in(ctx, &brief);
	come_in(ctx, &brief);
	hits = tls_seen_hits(ctx->seen);
	sleep(4);
	be_refused(ctx, &brief, "expired");
	assert_int_equal(tls_seen_hits(ctx->seen), hits);
	tls_ctx_free(ctx);
	pki_free(&brief);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* The list is looked at for those, too, whose signatures are known. */
static void test_revoked(void **state)
{
	char path[] = "/tmp/tls_seen_test.XXXXXX";
	int fd = mkstemp(path);
	struct tls_config cfg = pair_config(true, &ca, &server);
	char *nobody = pki_crl(&ca, 99, PKI_DAY);
	char *him = pki_crl(&ca, CLIENT, PKI_DAY);
	struct tls_ctx *ctx;

	(void)state;
	assert_true(fd >= 0);
	write_text(path, nobody);
	cfg.crl = pair_blob(path, nobody);
	ctx = pair_ctx(&cfg);
	come_in(ctx, &client);
	come_in(ctx, &client);
	assert_int_equal(tls_seen_hits(ctx->seen), 1);
	/* of another size, so that a coarse clock does not hide it */
	write_text(path, him);
	be_refused(ctx, &client, "revoked");
	tls_ctx_free(ctx);
	close(fd);
	unlink(path);
	free(nobody);
	free(him);
}

/* one directory that names the revoked: asked through the callback */
static void test_revoked_by_number(void **state)
{
	char dir[] = "/tmp/tls_seen_test.XXXXXX", path[sizeof(dir) + 8];
	struct tls_config cfg = pair_config(true, &ca, &server);
	struct tls_ctx *ctx;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/%ld", dir, CLIENT);
	cfg.crl_dir = dir;
	ctx = pair_ctx(&cfg);
	come_in(ctx, &client);
	come_in(ctx, &client);
	assert_int_equal(tls_seen_hits(ctx->seen), 1);
	write_text(path, "");
	be_refused(ctx, &client, "revoked");
	tls_ctx_free(ctx);
	unlink(path);
	rmdir(dir);
}

/* the table as it grows */

static struct tls_seen *many_seen;

static int many_verify(X509_STORE_CTX *store)
{
	return tls_seen_verify(many_seen, store);
}

static void verify_one(X509_STORE *trusted, X509 *cert)
{
	X509_STORE_CTX *store = X509_STORE_CTX_new();

	assert_int_equal(X509_STORE_CTX_init(store, trusted, cert, NULL), 1);
	X509_STORE_CTX_set_verify(store, many_verify);
	assert_int_equal(X509_verify_cert(store), 1);
	X509_STORE_CTX_free(store);
}

static void test_many(void **state)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_method());
	X509_STORE *trusted = SSL_CTX_get_cert_store(ssl);
	X509 *certs[MANY];

	(void)state;
	X509_STORE_add_cert(trusted, ca.cert);
	many_seen = tls_seen_new(ssl);
	for (long i = 0; i < MANY; i++) {
		certs[i] = X509_dup(client.cert);
		ASN1_INTEGER_set(X509_get_serialNumber(certs[i]), 1000 + i);
		assert_true(X509_sign(certs[i], ca.key, EVP_sha256()) > 0);
		verify_one(trusted, certs[i]);
	}
	assert_int_equal(tls_seen_hits(many_seen), 0);
	for (int i = 0; i < MANY; i++)
		verify_one(trusted, certs[i]);
	/* some may have lost their places to others */
	assert_in_range(tls_seen_hits(many_seen), MANY * 3 / 4, MANY);
	for (int i = 0; i < MANY; i++)
		X509_free(certs[i]);
	tls_seen_free(many_seen);
	SSL_CTX_free(ssl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_expires),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_revoked_by_number),
		cmocka_unit_test(test_many),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
