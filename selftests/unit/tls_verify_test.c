// SPDX-License-Identifier: GPL-2.0-or-later
#include "tls_pair.h"

/*
 * Who is let in and who is not: every refusal is seen by the side that
 * verifies, with depth, subject and reason, and by the other one as an alert.
 */

static struct pki_cert ca, other_ca, server, client;

static int setup(void **state)
{
	struct pki_spec spec = { .cn = "Test CA", .is_ca = true };

	(void)state;
	ca = pki_make(&spec, NULL);
	spec.cn = "Other CA";
	other_ca = pki_make(&spec, NULL);
	spec = (struct pki_spec){
		.cn = "server-1", .org = "Test", .serial = 2,
		.key_usage = "digitalSignature", .ext_usage = "serverAuth",
	};
	server = pki_make(&spec, &ca);
	spec = (struct pki_spec){
		.cn = "client-1", .org = "Test", .serial = 3,
		.key_usage = "digitalSignature", .ext_usage = "clientAuth",
	};
	client = pki_make(&spec, &ca);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pki_free(&ca);
	pki_free(&other_ca);
	pki_free(&server);
	pki_free(&client);
	return 0;
}

static struct tls_config client_cfg(void)
{
	return pair_config(false, &ca, &client);
}

static struct tls_config server_cfg(void)
{
	return pair_config(true, &ca, &server);
}

static void test_wrong_ca(void **state)
{
	struct tls_config c = client_cfg(), s = server_cfg();

	(void)state;
	/* Both send their own CA along. */
	c.ca = pair_blob("ca.crt", other_ca.cert_pem);
	assert_refused(&c, &s, false,
		       "depth 1, subject \"CN=Test CA\": self-signed");
	assert_refused(&c, &s, false, "no certificate of our CA file");
	assert_refused(&c, &s, false, "(ca.crt)");

	c = client_cfg();
	s.ca = pair_blob("ca.crt", other_ca.cert_pem);
	assert_refused(&c, &s, true,
		       "depth 1, subject \"CN=Test CA\": self-signed");
}

/*
 * The certificate between the server's and the root lies in the server's CA
 * file only: it is sent along, in each of several handshakes.
 */
static void test_chain_of_ca_file(void **state)
{
	struct pki_spec spec = { .cn = "Middle CA", .is_ca = true };
	struct pki_cert middle = pki_make(&spec, &ca), leaf;
	struct tls_config c = client_cfg(), s;
	char both[4096];

	(void)state;
	spec = (struct pki_spec){ .cn = "server-2", .serial = 9 };
	leaf = pki_make(&spec, &middle);
	s = pair_config(true, &ca, &leaf);
	/* without it nothing leads from the leaf to the root */
	assert_refused(&c, &s, false, "unable to get local issuer");
	snprintf(both, sizeof(both), "%s%s", ca.cert_pem, middle.cert_pem);
	s.ca = pair_blob("ca.crt", both);
	assert_accepted(&c, &s);
	assert_accepted(&c, &s);
	pki_free(&leaf);
	pki_free(&middle);
}

static void test_self_signed(void **state)
{
	struct pki_spec spec = { .cn = "me" };
	struct pki_cert self = pki_make(&spec, NULL);
	struct tls_config c = pair_config(false, &ca, &self);
	struct tls_config s = server_cfg();

	(void)state;
	assert_refused(&c, &s, true, "self-signed certificate");
	pki_free(&self);
}

static void assert_dates(long starts, long ends, const char *reason)
{
	struct pki_spec spec = { .cn = "dated", .starts = starts,
				 .ends = ends };
	struct pki_cert cert = pki_make(&spec, &ca);
	struct tls_config c = pair_config(false, &ca, &cert);
	struct tls_config s = pair_config(true, &ca, &cert);
	struct tls_config good_c = client_cfg(), good_s = server_cfg();

	assert_refused(&c, &good_s, true, reason);
	assert_refused(&good_c, &s, false, reason);
	pki_free(&cert);
}

static void test_dates(void **state)
{
	(void)state;
	assert_dates(-2 * PKI_DAY, -60, "certificate has expired; renew it");
	assert_dates(PKI_DAY, 2 * PKI_DAY, "not yet valid; check the clocks");
}

static void test_expired_ca(void **state)
{
	struct pki_spec spec = { .cn = "Old CA", .is_ca = true,
				 .starts = -9 * PKI_DAY, .ends = -PKI_DAY };
	struct pki_cert old = pki_make(&spec, NULL);
	struct tls_config c, s;
	struct pki_cert cert;

	(void)state;
	spec = (struct pki_spec){ .cn = "below" };
	cert = pki_make(&spec, &old);
	c = pair_config(false, &old, &cert);
	s = pair_config(true, &old, &cert);
	assert_refused(&c, &s, false, "depth 1, subject \"CN=Old CA\"");
	pki_free(&cert);
	pki_free(&old);
}

static void test_no_client_certificate(void **state)
{
	struct tls_config c = client_cfg(), s = server_cfg();

	(void)state;
	c.cert.text = NULL;
	c.key.text = NULL;
	assert_refused(&c, &s, true, "peer has no certificate");
}

struct usage_row {
	const char *key_usage, *ext_usage;
	const char *reason;	/* NULL: accepted */
};

static void test_remote_cert_tls_server(void **state)
{
	static const struct usage_row rows[] = {
		{ "digitalSignature", "serverAuth", NULL },
		{ "digitalSignature,keyAgreement", "serverAuth,clientAuth",
		  NULL },
		{ NULL, "serverAuth", "it has no key usage" },
		{ "digitalSignature", NULL, "lacks serverAuth" },
		{ NULL, NULL, "it has no key usage" },
		/* The library's own rule says so before ours. */
		{ "digitalSignature", "clientAuth", "purpose" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pki_spec spec = {
			.cn = "server", .key_usage = rows[i].key_usage,
			.ext_usage = rows[i].ext_usage,
		};
		struct pki_cert cert = pki_make(&spec, &ca);
		struct tls_config s = pair_config(true, &ca, &cert);
		struct tls_config c = client_cfg();

		c.peer_purpose = TLS_PURPOSE_SERVER;
		if (rows[i].reason)
			assert_refused(&c, &s, false, rows[i].reason);
		else
			assert_accepted(&c, &s);
		pki_free(&cert);
	}
}

static void test_remote_cert_tls_client(void **state)
{
	static const struct usage_row rows[] = {
		{ "digitalSignature", "clientAuth", NULL },
		{ NULL, "clientAuth", "it has no key usage" },
		{ "digitalSignature", NULL, "lacks clientAuth" },
		{ "digitalSignature", "serverAuth", "purpose" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pki_spec spec = {
			.cn = "client", .key_usage = rows[i].key_usage,
			.ext_usage = rows[i].ext_usage,
		};
		struct pki_cert cert = pki_make(&spec, &ca);
		struct tls_config c = pair_config(false, &ca, &cert);
		struct tls_config s = server_cfg();

		s.peer_purpose = TLS_PURPOSE_CLIENT;
		if (rows[i].reason)
			assert_refused(&c, &s, true, rows[i].reason);
		else
			assert_accepted(&c, &s);
		pki_free(&cert);
	}
}

/* Without remote-cert-tls the extensions may be missing, but not be wrong. */
static void test_purpose_by_default(void **state)
{
	struct pki_spec spec = { .cn = "plain" };
	struct pki_cert plain = pki_make(&spec, &ca);
	struct tls_config c = client_cfg();
	struct tls_config s = pair_config(true, &ca, &plain);

	(void)state;
	assert_accepted(&c, &s);
	/* A client's certificate is no server's: no client can pose as one. */
	s = pair_config(true, &ca, &client);
	assert_refused(&c, &s, false, "purpose");
	pki_free(&plain);
}

static void test_revocation(void **state)
{
	char *revoked = pki_crl(&ca, 3, 90 * PKI_DAY);
	char *other = pki_crl(&ca, 4, 90 * PKI_DAY);
	char *old = pki_crl(&ca, 4, -PKI_DAY);
	char *foreign = pki_crl(&other_ca, 3, 90 * PKI_DAY);
	struct tls_config c = client_cfg(), s = server_cfg();

	(void)state;
	s.crl = pair_blob("crl.pem", revoked);
	assert_refused(&c, &s, true, "certificate revoked (crl.pem)");
	s.crl = pair_blob("crl.pem", other);
	assert_accepted(&c, &s);
	s.crl = pair_blob("crl.pem", old);
	assert_refused(&c, &s, true, "CRL has expired; make a new");
	s.crl = pair_blob("crl.pem", foreign);
	assert_refused(&c, &s, true, "has no list of its issuer (crl.pem)");
	free(revoked);
	free(other);
	free(old);
	free(foreign);
}

static void test_names(void **state)
{
	static const struct {
		enum tls_name_type type;
		const char *name;
		bool is_good;
	} rows[] = {
		{ TLS_NAME_SUBJECT, "O=Test, CN=server-1", true },
		{ TLS_NAME_SUBJECT, "CN=server-1", false },
		{ TLS_NAME_SUBJECT, "O=Test, CN=server-1 ", false },
		{ TLS_NAME_NAME, "server-1", true },
		{ TLS_NAME_NAME, "server", false },
		{ TLS_NAME_NAME, "server-12", false },
		{ TLS_NAME_NAME, "SERVER-1", false },
		{ TLS_NAME_PREFIX, "server", true },
		{ TLS_NAME_PREFIX, "server-", true },
		{ TLS_NAME_PREFIX, "server-1", true },
		{ TLS_NAME_PREFIX, "server-12", false },
		{ TLS_NAME_PREFIX, "erver", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tls_config c = client_cfg(), s = server_cfg();

		c.name_type = rows[i].type;
		c.peer_name = rows[i].name;
		if (rows[i].is_good)
			assert_accepted(&c, &s);
		else
			assert_refused(&c, &s, false, "verify-x509-name");
	}
}

static void assert_client_name(const char *cn, const char *reason)
{
	struct pki_spec spec = { .cn = cn, .org = "Test" };
	struct pki_cert cert = pki_make(&spec, &ca);
	struct tls_config c = pair_config(false, &ca, &cert);
	struct tls_config s = server_cfg();

	if (reason)
		assert_refused(&c, &s, true, reason);
	else
		assert_accepted(&c, &s);
	pki_free(&cert);
}

static void test_common_name(void **state)
{
	char name[66];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[64] = '\0';
	assert_client_name(name, NULL);
	name[64] = 'n';
	name[65] = '\0';
	assert_client_name(name, "longer than 64 bytes");
	assert_client_name(NULL, "its common name (CN) is missing");
}

static void test_name_is_cleaned(void **state)
{
	struct pki_spec spec = { .cn = "a\nb\x7f" "c\xc3\xa9", .org = "Test" };
	struct pki_cert cert = pki_make(&spec, &ca);
	struct tls_config c = pair_config(false, &ca, &cert);
	struct tls_config s = server_cfg();
	struct tls_pair pair;

	(void)state;
	pair_init(&pair, &c, &s);
	pair_run(&pair, SIZE_MAX);
	assert_established(&pair);
	assert_string_equal(tls_session_peer(pair.server.session)->common_name,
			    "a_b_c\xc3\xa9");
	pair_free(&pair);
	pki_free(&cert);
}

/* What stands behind a NUL is a part of the name: it is not that of another. */
static void test_cve_2026_84790_name_with_nul(void **state)
{
	struct pki_spec spec = { .cn = "server\0x", .cn_len = 8,
				 .org = "Test" };
	struct pki_cert cert = pki_make(&spec, &ca);
	struct tls_config c = pair_config(false, &ca, &cert);
	struct tls_config s = server_cfg();
	struct tls_pair pair;
	const char *subject;

	(void)state;
	pair_init(&pair, &c, &s);
	pair_run(&pair, SIZE_MAX);
	assert_established(&pair);
	assert_string_equal(tls_session_peer(pair.server.session)->common_name,
			    "server_x");
	subject = strstr(tls_session_peer(pair.server.session)->subject,
			 "CN=server");
	assert_non_null(subject);
	assert_null(strchr(",", subject[strlen("CN=server")]));
	pair_free(&pair);
	pki_free(&cert);
	/* likewise at a client, which wants "server" */
	spec.key_usage = "digitalSignature";
	spec.ext_usage = "serverAuth";
	cert = pki_make(&spec, &ca);
	c = client_cfg();
	s = pair_config(true, &ca, &cert);
	c.name_type = TLS_NAME_NAME;
	c.peer_name = "server";
	assert_refused(&c, &s, false, "verify-x509-name");
	pki_free(&cert);
}

/* The chain may be in "cert", in "extra-certs", or be missing. */
static void test_intermediate(void **state)
{
	struct pki_spec spec = { .cn = "Middle", .is_ca = true, .serial = 9 };
	struct pki_cert middle = pki_make(&spec, &ca), leaf;
	struct tls_config c = client_cfg(), s;
	char chain[8192];

	(void)state;
	spec = (struct pki_spec){ .cn = "leaf" };
	leaf = pki_make(&spec, &middle);
	s = pair_config(true, &ca, &leaf);
	assert_refused(&c, &s, false, "unable to get local issuer");

	s.extra_certs = pair_blob("chain.pem", middle.cert_pem);
	assert_accepted(&c, &s);

	s.extra_certs.text = NULL;
	snprintf(chain, sizeof(chain), "%s%s", leaf.cert_pem, middle.cert_pem);
	s.cert = pair_blob("leaf.crt", chain);
	assert_accepted(&c, &s);
	pki_free(&leaf);
	pki_free(&middle);
}

/* What programs are told: from the peer's own certificate up to the CA. */
static void test_chain(void **state)
{
	struct pki_spec spec = {
		.cn = "-leaf\n", .org = "Org", .serial = 0x1a2b,
	};
	struct pki_cert cert = pki_make(&spec, &ca);
	struct tls_config c = pair_config(false, &ca, &cert);
	struct tls_config s = server_cfg();
	const struct tls_chain *chain;
	uint8_t sha1[20], sha256[32];
	struct tls_pair pair;

	(void)state;
	s.keeps_chain = true;
	pair_init(&pair, &c, &s);
	assert_null(tls_session_chain(pair.server.session));
	pair_run(&pair, SIZE_MAX);
	assert_established(&pair);
	assert_null(tls_session_chain(pair.client.session));
	chain = tls_session_chain(pair.server.session);
	assert_non_null(chain);
	assert_int_equal(chain->n, 2);
	assert_string_equal(chain->certs[1].subject, "CN=Test CA");
	assert_string_equal(chain->certs[0].serial, "6699");
	assert_string_equal(chain->certs[0].serial_hex, "1a:2b");
	assert_string_equal(chain->certs[0].pem, cert.cert_pem);
	assert_int_equal(X509_digest(cert.cert, EVP_sha1(), sha1, NULL), 1);
	assert_int_equal(X509_digest(cert.cert, EVP_sha256(), sha256, NULL),
			 1);
	assert_memory_equal(chain->certs[0].sha1, sha1, sizeof(sha1));
	assert_memory_equal(chain->certs[0].sha256, sha256, sizeof(sha256));
	assert_int_equal(chain->certs[0].n_attributes, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct tls_attribute *it =
			&chain->certs[0].attributes[i];

		assert_string_equal(it->value, strcmp(it->name, "CN") ? "Org" :
							"-leaf_");
	}
	pair_free(&pair);
	pki_free(&cert);
}

/* Without a CA there is only the certificate itself. */
static void test_chain_pinned(void **state)
{
	struct tls_config c = client_cfg(), s = server_cfg();
	struct tls_hash hash = { .len = TLS_HASH_SHA256_LEN };
	struct tls_pair pair;

	(void)state;
	assert_int_equal(X509_digest(client.cert, EVP_sha256(), hash.digest,
				     NULL), 1);
	s.ca.text = NULL;
	s.hashes = &hash;
	s.n_hashes = 1;
	s.keeps_chain = true;
	pair_init(&pair, &c, &s);
	pair_run(&pair, SIZE_MAX);
	assert_established(&pair);
	assert_int_equal(tls_session_chain(pair.server.session)->n, 1);
	assert_part(tls_session_chain(pair.server.session)->certs[0].subject,
		    "client-1");
	pair_free(&pair);
}

/* Who is refused behind the handshake gets to know that it is over. */
static void test_refused_late(void **state)
{
	struct tls_config c = client_cfg(), s = server_cfg();
	struct tls_pair pair;

	(void)state;
	pair_init(&pair, &c, &s);
	pair_run(&pair, SIZE_MAX);
	assert_established(&pair);
	tls_session_refuse(pair.server.session);
	tls_io_put(&pair.server.io.app_in, "secret", 6);
	pair_run(&pair, SIZE_MAX);
	assert_int_equal(pair.server.state, TLS_STATE_CLOSED);
	assert_int_equal(pair.client.state, TLS_STATE_CLOSED);
	assert_int_equal(pair.client.io.app_out.len, 0);
	pair_free(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_chain_pinned),
		cmocka_unit_test(test_refused_late),
		cmocka_unit_test(test_wrong_ca),
		cmocka_unit_test(test_chain_of_ca_file),
		cmocka_unit_test(test_self_signed),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_expired_ca),
		cmocka_unit_test(test_no_client_certificate),
		cmocka_unit_test(test_remote_cert_tls_server),
		cmocka_unit_test(test_remote_cert_tls_client),
		cmocka_unit_test(test_purpose_by_default),
		cmocka_unit_test(test_revocation),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_common_name),
		cmocka_unit_test(test_name_is_cleaned),
		cmocka_unit_test(test_cve_2026_84790_name_with_nul),
		cmocka_unit_test(test_intermediate),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
