// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/log.h"
#include "tls_pair.h"

/*
 * Certificates that are revoked while the program runs: a context is made once,
 * the file or directory changes under it.
 */

static struct pki_cert ca, server, client;
static char *revoked, *not_revoked;
static char dir[] = "/tmp/tls_crl_test.XXXXXX";
static char crl_path[sizeof(dir) + 8];

static int setup(void **state)
{
	struct pki_spec spec = { .cn = "Test CA", .is_ca = true };

	(void)state;
	log_set_verb(0);
	if (!mkdtemp(dir))
		return -1;
	snprintf(crl_path, sizeof(crl_path), "%s/crl.pem", dir);
	ca = pki_make(&spec, NULL);
	spec = (struct pki_spec){ .cn = "server", .serial = 2 };
	server = pki_make(&spec, &ca);
	spec = (struct pki_spec){ .cn = "client", .serial = 1234567 };
	client = pki_make(&spec, &ca);
	revoked = pki_crl(&ca, 1234567, 90 * PKI_DAY);
	not_revoked = pki_crl(&ca, 99, 90 * PKI_DAY);
	return 0;
}

static void dir_empty(void)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
}

static int teardown(void **state)
{
	(void)state;
	dir_empty();
	rmdir(dir);
	pki_free(&ca);
	pki_free(&server);
	pki_free(&client);
	free(revoked);
	free(not_revoked);
	return 0;
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Put another file in its place, as careful programs do. */
static void replace_crl(const char *text)
{
	char next[sizeof(crl_path) + 4];

	snprintf(next, sizeof(next), "%s.new", crl_path);
	write_text(next, text);
	assert_int_equal(rename(next, crl_path), 0);
}

/* A handshake with the server's context; @reason NULL: it succeeds. */
static void handshake(struct tls_ctx *server_ctx, const char *reason)
{
	struct tls_config cfg = pair_config(false, &ca, &client);
	struct tls_ctx *ctx = pair_ctx(&cfg);
	struct tls_pair pair;

	end_init(&pair.client, ctx);
	end_init(&pair.server, server_ctx);
	tls_ctx_free(ctx);
	pair_run(&pair, SIZE_MAX);
	if (reason) {
		assert_error(&pair.server, reason);
		assert_error(&pair.client, "ended by the peer");
		assert_part(tls_session_error(pair.client.session), "revoked");
	} else {
		assert_established(&pair);
	}
	pair_free(&pair);
}

static struct tls_ctx *ctx_with_file(const char *text)
{
	struct tls_config cfg = pair_config(true, &ca, &server);

	write_text(crl_path, text);
	cfg.crl = pair_blob(crl_path, text);
	return pair_ctx(&cfg);
}

static void test_file_is_read_again(void **state)
{
	struct tls_ctx *ctx = ctx_with_file(not_revoked);

	(void)state;
	handshake(ctx, NULL);
	replace_crl(revoked);
	handshake(ctx, "certificate revoked (/tmp/tls_crl_test.");
	/* lists do not pile up: what is not in the new one is good again */
	replace_crl(not_revoked);
	handshake(ctx, NULL);
	tls_ctx_free(ctx);
}

static void test_bad_files_change_nothing(void **state)
{
	struct tls_ctx *ctx = ctx_with_file(revoked);
	char *half = strndup(revoked, strlen(revoked) / 2);

	(void)state;
	replace_crl(half);
	handshake(ctx, "certificate revoked");
	replace_crl("");
	handshake(ctx, "certificate revoked");
	unlink(crl_path);
	handshake(ctx, "certificate revoked");
	assert_int_equal(mkfifo(crl_path, 0600), 0);
	alarm(20);	/* nobody writes into it */
	handshake(ctx, "certificate revoked");
	alarm(0);
	unlink(crl_path);
	/* and a good one is found behind them */
	replace_crl(not_revoked);
	handshake(ctx, NULL);
	tls_ctx_free(ctx);
	free(half);
}

static void test_inline_is_no_file(void **state)
{
	struct tls_config cfg = pair_config(true, &ca, &server);
	struct tls_ctx *ctx;

	(void)state;
	cfg.crl = pair_blob("[inline]", revoked);
	ctx = pair_ctx(&cfg);
	handshake(ctx, "certificate revoked (crl-verify)");
	tls_ctx_free(ctx);
}

static void test_directory(void **state)
{
	struct tls_config cfg = pair_config(true, &ca, &server);
	char path[64], away[64];
	struct tls_ctx *ctx;

	(void)state;
	dir_empty();
	cfg.crl_dir = dir;
	ctx = pair_ctx(&cfg);
	handshake(ctx, NULL);
	snprintf(path, sizeof(path), "%s/123456", dir);
	write_text(path, "");
	handshake(ctx, NULL);
	snprintf(path, sizeof(path), "%s/1234567", dir);
	write_text(path, "");
	handshake(ctx, "certificate revoked (/tmp/tls_crl_test.");
	unlink(path);
	handshake(ctx, NULL);
	/* the CA itself, too: its number is 1 */
	snprintf(path, sizeof(path), "%s/1", dir);
	write_text(path, "");
	handshake(ctx, "depth 1, subject \"CN=Test CA\": certificate revoked");
	unlink(path);
	/* without the directory nobody knows */
	snprintf(away, sizeof(away), "%s.away", dir);
	assert_int_equal(rename(dir, away), 0);
	handshake(ctx, "directory of revoked certificates cannot be read");
	assert_int_equal(rename(away, dir), 0);
	handshake(ctx, NULL);
	tls_ctx_free(ctx);
}

/* capath: the list lies beside the CA's certificate. */
static void test_ca_directory(void **state)
{
	struct tls_config cfg = pair_config(true, &ca, &server);
	char name[64], path[256];
	struct tls_ctx *ctx;

	(void)state;
	dir_empty();
	snprintf(name, sizeof(name), "%08lx",
		 X509_NAME_hash_ex(X509_get_subject_name(ca.cert), NULL, NULL,
				   NULL));
	cfg.ca.text = NULL;
	cfg.ca_dir = dir;
	ctx = pair_ctx(&cfg);
	snprintf(path, sizeof(path), "%s/%s.0", dir, name);
	write_text(path, ca.cert_pem);
	/* no list is no revocation */
	handshake(ctx, NULL);
	snprintf(path, sizeof(path), "%s/%s.r0", dir, name);
	write_text(path, revoked);
	handshake(ctx, "certificate revoked");
	tls_ctx_free(ctx);
}

static void test_missing_directory(void **state)
{
	struct tls_config cfg = pair_config(true, &ca, &server);
	struct tls_ctx *ctx;
	char err[512];

	(void)state;
	cfg.crl_dir = "/nonexistent";
	assert_int_equal(tls_ctx_new(&cfg, &ctx, err, sizeof(err)), -EINVAL);
	assert_part(err, "crl-verify: \"/nonexistent\" is not a directory");
}

/* Handshakes on several threads while the file changes. */

#define N_THREADS	4
#define N_SHAKES	12

static void *shake(void *arg)
{
	struct tls_config cfg = pair_config(false, &ca, &client);

	for (int i = 0; i < N_SHAKES; i++) {
		struct tls_ctx *ctx = pair_ctx(&cfg);
		struct tls_pair pair;

		end_init(&pair.client, ctx);
		end_init(&pair.server, arg);
		tls_ctx_free(ctx);
		pair_run(&pair, SIZE_MAX);
		/* one or the other, but decided */
		if (pair.server.state != TLS_STATE_ESTABLISHED)
			assert_error(&pair.server, "certificate revoked");
		pair_free(&pair);
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct tls_ctx *ctx = ctx_with_file(not_revoked);
	pthread_t threads[N_THREADS];

	(void)state;
	for (int i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, shake, ctx),
				 0);
	for (int i = 0; i < 50; i++) {
		replace_crl(i & 1 ? not_revoked : revoked);
		usleep(2000);
	}
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	replace_crl(revoked);
	handshake(ctx, "certificate revoked");
	tls_ctx_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_is_read_again),
		cmocka_unit_test(test_bad_files_change_nothing),
		cmocka_unit_test(test_inline_is_no_file),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_ca_directory),
		cmocka_unit_test(test_missing_directory),
		cmocka_unit_test(test_threads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
