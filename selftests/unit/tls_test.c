// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>

#include "tls_pair.h"

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

static void pair_default(struct tls_pair *pair, const char *version_max)
{
	struct tls_config c = pair_config(false, &ca, &client);
	struct tls_config s = pair_config(true, &ca, &server);

	c.version_max = version_max;
	pair_init(pair, &c, &s);
}

/* handshakes */

static void assert_delivers(struct tls_end *from, struct tls_end *to,
			    struct tls_pair *pair, const void *msg, size_t len)
{
	const uint8_t *got;

	assert_int_equal(tls_io_put(&from->io.app_in, msg, len), 0);
	end_step(from);
	pair_run(pair, SIZE_MAX);
	assert_int_equal(tls_io_get(&to->io.app_out, &got), len);
	assert_memory_equal(got, msg, len);
	tls_io_drop(&to->io.app_out);
	assert_int_equal(tls_io_get(&to->io.app_out, &got), -ENOENT);
}

static void assert_peer(const struct tls_end *end, const struct pki_cert *cert,
			const char *name, const char *serial)
{
	const struct tls_peer *peer = tls_session_peer(end->session);
	uint8_t digest[32];
	char subject[32];

	X509_digest(cert->cert, EVP_sha256(), digest, NULL);
	snprintf(subject, sizeof(subject), "CN=%s", name);
	assert_true(peer->has_cert);
	assert_string_equal(peer->common_name, name);
	assert_string_equal(peer->subject, subject);
	assert_string_equal(peer->serial, serial);
	assert_memory_equal(peer->fingerprint, digest, sizeof(digest));
}

static void handshake_with(enum pki_type type, const char *version,
			   const char *summary)
{
	struct pki_spec spec = { .type = type, .cn = "srv", .serial = 77 };
	struct pki_cert own = pki_make(&spec, &ca);
	struct tls_config c = pair_config(false, &ca, &client);
	struct tls_config s = pair_config(true, &ca, &own);
	struct tls_pair pair;

	c.version_max = version;
	pair_init(&pair, &c, &s);
	pair_run(&pair, SIZE_MAX);
	assert_established(&pair);
	assert_peer(&pair.client, &own, "srv", "77");
	assert_peer(&pair.server, &client, "client", "4711");
	assert_part(tls_session_summary(pair.client.session), summary);
	assert_part(tls_session_summary(pair.client.session), version);
	assert_part(tls_session_summary(pair.server.session), "256 bits EC");
	assert_string_equal(tls_session_error(pair.client.session), "");
	assert_same_export(&pair);
	assert_delivers(&pair.client, &pair.server, &pair, "hello", 6);
	assert_delivers(&pair.server, &pair.client, &pair, "world", 6);
	pair_free(&pair);
	pki_free(&own);
}

static void test_handshake(void **state)
{
	static const char *const versions[] = { "1.2", "1.3" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		handshake_with(PKI_EC, versions[i], "256 bits EC prime256v1");
		handshake_with(PKI_RSA, versions[i], "2048 bits RSA");
		handshake_with(PKI_ED25519, versions[i], "ED25519");
	}
}

/* One byte per step: no assumption about where packets end. */
static void test_single_bytes(void **state)
{
	static const char *const versions[] = { "1.2", "1.3" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct tls_pair pair;

		pair_default(&pair, versions[i]);
		pair_run(&pair, 1);
		assert_established(&pair);
		assert_same_export(&pair);
		pair_free(&pair);
	}
}

static void test_settings_are_used(void **state)
{
	struct tls_config c = pair_config(false, &ca, &client);
	struct tls_config s = pair_config(true, &ca, &server);
	struct tls_pair pair;

	(void)state;
	s.version_max = "1.2";
	s.cipher_list = "TLS-ECDHE-ECDSA-WITH-CHACHA20-POLY1305-SHA256";
	s.groups = "P-384:P-256";
	pair_init(&pair, &c, &s);
	pair_run(&pair, SIZE_MAX);
	assert_established(&pair);
	assert_part(tls_session_summary(pair.client.session),
		    "TLSv1.2, cipher ECDHE-ECDSA-CHACHA20-POLY1305");
	assert_part(tls_session_summary(pair.client.session),
		    "group secp384r1, ");
	pair_free(&pair);

	s.version_max = NULL;
	s.ciphersuites = "TLS_AES_128_GCM_SHA256";
	pair_init(&pair, &c, &s);
	pair_run(&pair, SIZE_MAX);
	assert_established(&pair);
	assert_part(tls_session_summary(pair.server.session),
		    "TLSv1.3, cipher TLS_AES_128_GCM_SHA256");
	assert_part(tls_session_summary(pair.server.session),
		    "group secp384r1, ");
	pair_free(&pair);
}

/* The server's order counts, and finite field Diffie-Hellman works. */
static void test_dhe(void **state)
{
	struct pki_spec spec = { .type = PKI_RSA, .cn = "rsa" };
	struct pki_cert rsa = pki_make(&spec, &ca);
	struct tls_config c = pair_config(false, &ca, &client);
	struct tls_config s = pair_config(true, &ca, &rsa);
	struct tls_pair pair;

	(void)state;
	c.version_max = "1.2";
	s.cipher_list = "DHE-RSA-AES256-GCM-SHA384:"
			"ECDHE-RSA-AES256-GCM-SHA384";
	pair_init(&pair, &c, &s);
	pair_run(&pair, SIZE_MAX);
	assert_established(&pair);
	assert_part(tls_session_summary(pair.client.session),
		    "cipher DHE-RSA-AES256-GCM-SHA384, group none, ");
	pair_free(&pair);
	pki_free(&rsa);
}

static void assert_mismatch(const struct tls_config *c,
			    const struct tls_config *s, const char *server_says,
			    const char *client_says)
{
	struct tls_pair pair;

	pair_init(&pair, c, s);
	pair_run(&pair, SIZE_MAX);
	assert_error(&pair.server, server_says);
	assert_error(&pair.client, client_says);
	pair_free(&pair);
}

static void test_no_common_ground(void **state)
{
	struct tls_config c = pair_config(false, &ca, &client);
	struct tls_config s = pair_config(true, &ca, &server);

	(void)state;
	c.version_max = "1.2";
	s.version_min = "1.3";
	assert_mismatch(&c, &s, "compare tls-version-min",
			"compare tls-version-min");
	s.version_min = NULL;
	s.cipher_list = "ECDHE-ECDSA-AES128-GCM-SHA256";
	c.cipher_list = "ECDHE-ECDSA-AES256-GCM-SHA384";
	assert_mismatch(&c, &s, "no shared cipher; compare tls-cipher",
			"compare tls-cipher");
}

/* messages */

static void test_io_framing(void **state)
{
	static uint8_t big[TLS_RECORD_MAX + 1];
	const uint8_t *msg;
	struct tls_io io;
	int n = 0;

	(void)state;
	tls_io_init(&io);
	assert_int_equal(tls_io_get(&io.app_in, &msg), -ENOENT);
	tls_io_drop(&io.app_in);
	assert_int_equal(tls_io_put(&io.app_in, big, 0), -EMSGSIZE);
	assert_int_equal(tls_io_put(&io.app_in, big, sizeof(big)), -EMSGSIZE);
	assert_int_equal(tls_io_put(&io.app_in, "ab", 2), 0);
	assert_int_equal(tls_io_put(&io.app_in, "c", 1), 0);
	assert_int_equal(tls_io_get(&io.app_in, &msg), 2);
	assert_memory_equal(msg, "ab", 2);
	tls_io_drop(&io.app_in);
	assert_int_equal(tls_io_get(&io.app_in, &msg), 1);
	assert_memory_equal(msg, "c", 1);
	tls_io_drop(&io.app_in);

	/* Bounded, and a message that does not fit leaves nothing behind. */
	while (tls_io_put(&io.app_in, big, TLS_RECORD_MAX) == 0)
		n++;
	assert_in_range(n, 10, 1000);
	assert_int_equal(tls_io_put(&io.app_in, big, TLS_RECORD_MAX),
			 -ENOBUFS);
	while (tls_io_get(&io.app_in, &msg) >= 0) {
		tls_io_drop(&io.app_in);
		n--;
	}
	assert_int_equal(n, 0);
	assert_int_equal(io.app_in.len, 0);
	tls_io_reset(&io);
}

static const size_t sizes[] = { 1, 2, 100, 1, 1500, 2047, 2048, 3 };

#define N_SIZES (sizeof(sizes) / sizeof(*sizes))

static void fill(uint8_t *msg, size_t len, size_t seed)
{
	for (size_t i = 0; i < len; i++)
		msg[i] = (uint8_t)(i * 7 + seed);
}

static void put_all(struct tls_end *end)
{
	uint8_t msg[TLS_RECORD_MAX];

	for (size_t i = 0; i < N_SIZES; i++) {
		fill(msg, sizes[i], i);
		assert_int_equal(tls_io_put(&end->io.app_in, msg, sizes[i]),
				 0);
	}
}

static void assert_all(struct tls_end *end)
{
	uint8_t want[TLS_RECORD_MAX];
	const uint8_t *msg;

	for (size_t i = 0; i < N_SIZES; i++) {
		fill(want, sizes[i], i);
		assert_int_equal(tls_io_get(&end->io.app_out, &msg), sizes[i]);
		assert_memory_equal(msg, want, sizes[i]);
		tls_io_drop(&end->io.app_out);
	}
	assert_int_equal(end->io.app_out.len, 0);
}

/* Each message arrives as one, also those that were put in too early. */
static void test_message_boundaries(void **state)
{
	static const size_t chunks[] = { 7, 500, 1250, SIZE_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
		struct tls_pair pair;

		pair_default(&pair, i & 1 ? "1.2" : "1.3");
		put_all(&pair.client);
		put_all(&pair.server);
		pair_run(&pair, chunks[i]);
		assert_established(&pair);
		assert_int_equal(pair.client.io.app_in.len, 0);
		assert_all(&pair.server);
		assert_all(&pair.client);
		pair_free(&pair);
	}
}

/* A reader that does not empty its buffer stops the flow, and loses nothing. */
static void test_full_app_out(void **state)
{
	uint8_t msg[TLS_RECORD_MAX];
	const uint8_t *got;
	struct tls_pair pair;
	int sent = 0, received = 0;

	(void)state;
	pair_default(&pair, NULL);
	pair_run(&pair, SIZE_MAX);
	assert_established(&pair);
	for (; sent < 150; sent++) {
		fill(msg, sizeof(msg), (size_t)sent);
		assert_int_equal(tls_io_put(&pair.client.io.app_in, msg,
					    sizeof(msg)), 0);
		end_step(&pair.client);
		pair_move(&pair.client, &pair.server, SIZE_MAX);
	}
	assert_true(pair.server.io.app_out.len <=
		    pair.server.io.app_out.limit);
	while (received < sent) {
		assert_int_equal(tls_io_get(&pair.server.io.app_out, &got),
				 sizeof(msg));
		fill(msg, sizeof(msg), (size_t)received++);
		assert_memory_equal(got, msg, sizeof(msg));
		tls_io_drop(&pair.server.io.app_out);
		end_step(&pair.server);
	}
	assert_int_equal(pair.server.io.app_out.len, 0);
	pair_free(&pair);
}

static void test_full_net_out(void **state)
{
	uint8_t msg[TLS_RECORD_MAX] = { 1 };
	const uint8_t *got;
	struct tls_pair pair;
	int sent = 0, received = 0;

	(void)state;
	pair_default(&pair, NULL);
	pair_run(&pair, SIZE_MAX);
	while (sent < 200) {
		if (!tls_io_put(&pair.client.io.app_in, msg, sizeof(msg)))
			sent++;
		else if (!pair_move(&pair.client, &pair.server, 5000))
			end_step(&pair.client);
		if (sent % 3 == 0)
			end_step(&pair.client);
		while (tls_io_get(&pair.server.io.app_out, &got) >= 0) {
			received++;
			tls_io_drop(&pair.server.io.app_out);
		}
	}
	for (int i = 0; i < 1000; i++) {
		end_step(&pair.client);
		pair_move(&pair.client, &pair.server, 5000);
		while (tls_io_get(&pair.server.io.app_out, &got) >= 0) {
			received++;
			tls_io_drop(&pair.server.io.app_out);
		}
	}
	assert_int_equal(received, sent);
	assert_established(&pair);
	pair_free(&pair);
}

static void test_not_yet(void **state)
{
	struct tls_pair pair;
	uint8_t out[8];

	(void)state;
	pair_default(&pair, NULL);
	assert_int_equal(tls_session_export(pair.client.session, "EXPORTER-x",
					    out, sizeof(out)), -ENOTCONN);
	assert_false(tls_session_peer(pair.client.session)->has_cert);
	assert_string_equal(tls_session_summary(pair.client.session), "");
	pair_free(&pair);
	tls_session_free(NULL);
}

/* a peer that is not ours */

struct raw {
	SSL_CTX *ctx;
	SSL *ssl;
	struct tls_end server;
};

static void raw_move(struct raw *raw)
{
	uint8_t buf[4096];
	int n;

	while ((n = BIO_read(SSL_get_wbio(raw->ssl), buf, sizeof(buf))) > 0)
		mem_buf_append(&raw->server.io.net_in, buf, (size_t)n);
	end_step(&raw->server);
	if (raw->server.io.net_out.len)
		BIO_write(SSL_get_rbio(raw->ssl), raw->server.io.net_out.data,
			  (int)raw->server.io.net_out.len);
	mem_buf_consume(&raw->server.io.net_out, SIZE_MAX);
}

static void raw_init(struct raw *raw, int version)
{
	struct tls_config s = pair_config(true, &ca, &server);
	struct tls_ctx *ctx = pair_ctx(&s);

	end_init(&raw->server, ctx);
	tls_ctx_free(ctx);
	raw->ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_max_proto_version(raw->ctx, version);
	SSL_CTX_use_certificate(raw->ctx, client.cert);
	SSL_CTX_use_PrivateKey(raw->ctx, client.key);
	raw->ssl = SSL_new(raw->ctx);
	SSL_set_bio(raw->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	for (int i = 0; i < 10; i++) {
		SSL_connect(raw->ssl);
		raw_move(raw);
	}
	assert_int_equal(raw->server.state, TLS_STATE_ESTABLISHED);
}

static void raw_free(struct raw *raw)
{
	SSL_free(raw->ssl);
	SSL_CTX_free(raw->ctx);
	end_free(&raw->server);
}

static void test_large_record(void **state)
{
	static uint8_t big[5000];
	const uint8_t *msg;
	struct raw raw;

	(void)state;
	raw_init(&raw, TLS1_3_VERSION);
	assert_int_equal(SSL_write(raw.ssl, big, sizeof(big)), sizeof(big));
	raw_move(&raw);
	assert_int_equal(tls_io_get(&raw.server.io.app_out, &msg), 2048);
	tls_io_drop(&raw.server.io.app_out);
	assert_int_equal(tls_io_get(&raw.server.io.app_out, &msg), 2048);
	tls_io_drop(&raw.server.io.app_out);
	assert_int_equal(tls_io_get(&raw.server.io.app_out, &msg), 904);
	raw_free(&raw);
}

static void test_close_notify(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	const uint8_t *msg;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct raw raw;

		raw_init(&raw, versions[i]);
		SSL_write(raw.ssl, "last", 4);
		SSL_shutdown(raw.ssl);
		raw_move(&raw);
		assert_int_equal(raw.server.state, TLS_STATE_CLOSED);
		/* What came before the end is delivered. */
		assert_int_equal(tls_io_get(&raw.server.io.app_out, &msg), 4);
		assert_string_equal(tls_session_error(raw.server.session), "");
		/* Our close_notify went back. */
		assert_int_equal(SSL_shutdown(raw.ssl), 1);
		raw_move(&raw);
		assert_int_equal(raw.server.state, TLS_STATE_CLOSED);
		raw_free(&raw);
	}
}

static void test_renegotiation_refused(void **state)
{
	struct raw raw;
	int ret;

	(void)state;
	raw_init(&raw, TLS1_2_VERSION);
	assert_int_equal(SSL_renegotiate(raw.ssl), 1);
	SSL_do_handshake(raw.ssl);
	raw_move(&raw);
	ERR_clear_error();
	ret = SSL_do_handshake(raw.ssl);
	assert_int_equal(SSL_get_error(raw.ssl, ret), SSL_ERROR_SSL);
	assert_int_equal(ERR_GET_REASON(ERR_peek_error()),
			 SSL_R_NO_RENEGOTIATION);
	ERR_clear_error();
	assert_int_equal(raw.server.state, TLS_STATE_ESTABLISHED);
	raw_free(&raw);
}

static void test_no_resumption(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct raw raw;
		char buf[16];

		raw_init(&raw, versions[i]);
		/* Tickets would come with the first data of the server. */
		tls_io_put(&raw.server.io.app_in, "x", 1);
		raw_move(&raw);
		assert_int_equal(SSL_read(raw.ssl, buf, sizeof(buf)), 1);
		assert_false(SSL_SESSION_is_resumable(
						SSL_get_session(raw.ssl)));
		raw_free(&raw);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshake),
		cmocka_unit_test(test_single_bytes),
		cmocka_unit_test(test_settings_are_used),
		cmocka_unit_test(test_dhe),
		cmocka_unit_test(test_no_common_ground),
		cmocka_unit_test(test_io_framing),
		cmocka_unit_test(test_message_boundaries),
		cmocka_unit_test(test_full_app_out),
		cmocka_unit_test(test_full_net_out),
		cmocka_unit_test(test_not_yet),
		cmocka_unit_test(test_large_record),
		cmocka_unit_test(test_close_notify),
		cmocka_unit_test(test_renegotiation_refused),
		cmocka_unit_test(test_no_resumption),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
