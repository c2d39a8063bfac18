// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "tls_pair.h"

/* Rules for the peer's certificate: fingerprints, usages, names, or none. */

static struct pki_cert ca, other_ca, server, client;

static int setup(void **state)
{
	struct pki_spec spec = { .cn = "Test CA", .is_ca = true };

	(void)state;
	ca = pki_make(&spec, NULL);
	spec.cn = "Other CA";
	other_ca = pki_make(&spec, NULL);
	spec = (struct pki_spec){
		.cn = "server-1", .serial = 2, .key_usage = "digitalSignature",
		.ext_usage = "serverAuth",
	};
	server = pki_make(&spec, &ca);
	spec = (struct pki_spec){
		.cn = "client-1", .serial = 0xa03,
		.key_usage = "digitalSignature,keyAgreement",
		.ext_usage = "clientAuth", .mail = "one@example.org",
		.alt_name = "email:first@example.org,DNS:x,email:two@example.org",
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

static struct tls_hash hash_of(const struct pki_cert *cert, const EVP_MD *md)
{
	struct tls_hash hash = { .len = (size_t)EVP_MD_get_size(md) };

	assert_int_equal(X509_digest(cert->cert, md, hash.digest, NULL), 1);
	return hash;
}

/* With a CA both must be right. */
static void test_fingerprint_with_ca(void **state)
{
	struct tls_config c = client_cfg(), s = server_cfg();
	struct tls_hash hashes[2] = {
		hash_of(&server, EVP_sha256()), hash_of(&client, EVP_sha256()),
	};

	(void)state;
	s.hashes = hashes;
	s.n_hashes = 2;
	assert_accepted(&c, &s);
	s.n_hashes = 1;
	assert_refused(&c, &s, true, "its fingerprint is none of peer-fingerprint");
	hashes[0] = hash_of(&client, EVP_sha256());
	hashes[0].digest[31] ^= 1;
	assert_refused(&c, &s, true, "its fingerprint is none of");
	hashes[0].digest[31] ^= 1;
	assert_accepted(&c, &s);
	s.ca = pair_blob("ca.crt", other_ca.cert_pem);
	assert_refused(&c, &s, true, "self-signed");
}

/* Without one, certificates that nobody has signed are good, even old ones. */
static void test_fingerprint_without_ca(void **state)
{
	struct pki_spec spec = { .cn = "self-client", .ends = -60 };
	struct pki_cert self_c = pki_make(&spec, NULL), self_s;
	struct tls_config c, s, foreign = client_cfg();
	struct tls_hash hash_c, hash_s;

	(void)state;
	spec = (struct pki_spec){ .cn = "self-server" };
	self_s = pki_make(&spec, NULL);
	hash_c = hash_of(&self_c, EVP_sha256());
	hash_s = hash_of(&self_s, EVP_sha256());
	c = pair_config(false, &self_c, &self_c);
	s = pair_config(true, &self_s, &self_s);
	c.ca = s.ca = (struct tls_blob){ 0 };
	c.hashes = &hash_s;
	s.hashes = &hash_c;
	c.n_hashes = s.n_hashes = 1;
	assert_accepted(&c, &s);
	/* signed by somebody, of the right name, but not the one */
	foreign.ca = (struct tls_blob){ 0 };
	foreign.hashes = &hash_s;
	foreign.n_hashes = 1;
	assert_refused(&foreign, &s, true,
		       "depth 0, subject \"emailAddress=one@example.org, CN=client-1\": its fingerprint");
	s.hashes = &hash_s;
	assert_refused(&c, &s, true, "its fingerprint");
	/* a client without a certificate is not let in either */
	s.hashes = &hash_c;
	c.cert.text = c.key.text = NULL;
	assert_refused(&c, &s, true, "peer has no certificate");
	pki_free(&self_c);
	pki_free(&self_s);
}

static void test_verify_hash(void **state)
{
	struct tls_config c = client_cfg(), s = server_cfg();
	struct tls_hash hash = hash_of(&ca, EVP_sha1());

	(void)state;
	c.hashes = &hash;
	c.n_hashes = 1;
	c.is_hash_of_issuer = true;
	assert_accepted(&c, &s);
	hash = hash_of(&ca, EVP_sha256());
	assert_accepted(&c, &s);
	hash = hash_of(&server, EVP_sha256());
	assert_refused(&c, &s, false, "its issuer is none of verify-hash");
}

/* A certificate that is its own authority has no issuer to look at. */
static void test_verify_hash_of_a_root(void **state)
{
	struct pki_spec spec = { .cn = "root", .is_ca = true };
	struct pki_cert root = pki_make(&spec, NULL);
	struct tls_config c = client_cfg();
	struct tls_config s = pair_config(true, &ca, &root);
	struct tls_hash hash = hash_of(&root, EVP_sha256());

	(void)state;
	c.ca = pair_blob("ca.crt", root.cert_pem);
	assert_accepted(&c, &s);
	c.hashes = &hash;
	c.n_hashes = 1;
	c.is_hash_of_issuer = true;
	assert_refused(&c, &s, false, "its issuer is none of verify-hash");
	pki_free(&root);
}

static void test_key_usage(void **state)
{
	unsigned int usages[] = { 0x20, 0x80 };
	struct tls_config c = client_cfg(), s = server_cfg();
	struct pki_spec spec = { .cn = "plain" };
	struct pki_cert plain = pki_make(&spec, &ca);
	struct tls_config p = pair_config(false, &ca, &plain);

	(void)state;
	s.needs_key_usage = true;
	assert_accepted(&c, &s);
	assert_refused(&p, &s, true, "no key usage, which remote-cert-ku needs");
	s.key_usages = usages;
	s.n_key_usages = 2;
	assert_accepted(&c, &s);
	s.n_key_usages = 1;
	assert_refused(&c, &s, true, "its key usage is 88, which");
	usages[0] = 0x88;
	assert_accepted(&c, &s);
	usages[0] = 0xa0;
	assert_refused(&c, &s, true, "remote-cert-ku");
	pki_free(&plain);
}

static void test_ext_usage(void **state)
{
	static const char *const good[] = {
		"1.3.6.1.5.5.7.3.2", "TLS Web Client Authentication",
		"clientAuth",
	};
	struct tls_config c = client_cfg(), s = server_cfg();
	struct pki_spec spec = { .cn = "plain" };
	struct pki_cert plain = pki_make(&spec, &ca);
	struct tls_config p = pair_config(false, &ca, &plain);

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		s.ext_usage = good[i];
		assert_accepted(&c, &s);
	}
	assert_refused(&p, &s, true, "lacks \"TLS Web Client Authentication\"");
	s.ext_usage = "1.3.6.1.4.1.311.20.2.2";
	assert_refused(&c, &s, true, "(remote-cert-eku)");
	pki_free(&plain);
}

static void assert_username(const char *const *fields, const char *name)
{
	struct tls_config c = client_cfg(), s = server_cfg();
	struct tls_pair pair;

	s.username_fields = fields;
	/* it is what names are compared with, too */
	s.name_type = TLS_NAME_NAME;
	s.peer_name = name;
	pair_init(&pair, &c, &s);
	pair_run(&pair, SIZE_MAX);
	assert_established(&pair);
	assert_string_equal(tls_session_peer(pair.server.session)->common_name,
			    name);
	pair_free(&pair);
}

#define FIELDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void test_username_field(void **state)
{
	struct tls_config c = client_cfg(), s = server_cfg();

	(void)state;
	assert_username(FIELDS("CN"), "client-1");
	assert_username(FIELDS("cn"), "client-1");
	assert_username(FIELDS("emailAddress"), "one@example.org");
	assert_username(FIELDS("serialNumber"), "0x0A03");
	assert_username(FIELDS("ext:subjectAltName"), "two@example.org");
	assert_username(FIELDS("CN", "serialNumber"), "client-1_0x0A03");
	s.username_fields = FIELDS("OU");
	assert_refused(&c, &s, true, "its user name field is missing");
	s.username_fields = FIELDS("CN", "emailAddress", "emailAddress",
				   "emailAddress", "emailAddress");
	assert_refused(&c, &s, true, "longer than 64 bytes");
}

static void test_no_certificate_wanted(void **state)
{
	struct tls_config c = client_cfg(), s = server_cfg();
	const struct tls_peer *peer;
	struct tls_pair pair;

	(void)state;
	s.peer_cert = TLS_PEER_CERT_NONE;
	pair_init(&pair, &c, &s);
	pair_run(&pair, SIZE_MAX);
	assert_established(&pair);
	peer = tls_session_peer(pair.server.session);
	assert_false(peer->has_cert);
	assert_string_equal(peer->common_name, "");
	assert_part(tls_session_summary(pair.server.session),
		    "no peer certificate");
	/* the client has verified the server all the same */
	assert_true(tls_session_peer(pair.client.session)->has_cert);
	pair_free(&pair);
	c.ca = pair_blob("ca.crt", other_ca.cert_pem);
	assert_refused(&c, &s, false, "self-signed");
}

static void test_optional_certificate(void **state)
{
	struct tls_config c = client_cfg(), s = server_cfg();
	struct pki_spec spec = { .cn = "self" };
	struct pki_cert self = pki_make(&spec, NULL);
	struct tls_config bad = pair_config(false, &ca, &self);

	(void)state;
	s.peer_cert = TLS_PEER_CERT_OPTIONAL;
	assert_accepted(&c, &s);
	c.cert.text = c.key.text = NULL;
	assert_accepted(&c, &s);
	/* one that is shown has to be good */
	assert_refused(&bad, &s, true, "self-signed");
	pki_free(&self);
}

/* It is an option of the server alone: no client goes without. */
static void test_clients_always_verify(void **state)
{
	struct tls_config c = client_cfg(), s = server_cfg();

	(void)state;
	c.peer_cert = TLS_PEER_CERT_NONE;
	c.ca = pair_blob("ca.crt", other_ca.cert_pem);
	assert_refused(&c, &s, false, "self-signed");
}

static void assert_not_made(const struct tls_config *cfg, const char *part)
{
	struct tls_ctx *ctx;
	char err[512];

	assert_int_equal(tls_ctx_new(cfg, &ctx, err, sizeof(err)), -EINVAL);
	assert_part(err, part);
}

static void test_bad_settings(void **state)
{
	struct tls_config cfg = server_cfg();
	struct tls_hash hash = hash_of(&ca, EVP_sha256());
	unsigned int usages[17] = { 0 };

	(void)state;
	cfg.ext_usage = "nonsense";
	assert_not_made(&cfg, "\"nonsense\" is no usage");
	cfg.ext_usage = NULL;
	cfg.username_fields = FIELDS("ext:keyUsage");
	assert_not_made(&cfg, "unknown field \"ext:keyUsage\"");
	cfg.username_fields = FIELDS("CN", "nonsense");
	assert_not_made(&cfg, "unknown field \"nonsense\"");
	cfg.username_fields = FIELDS("1", "2", "3", "4", "5", "6", "7", "8",
				     "9");
	assert_not_made(&cfg, "x509-username-field");
	cfg.username_fields = NULL;
	cfg.key_usages = usages;
	cfg.n_key_usages = 17;
	assert_not_made(&cfg, "remote-cert-ku: at most");
	cfg.n_key_usages = 0;
	cfg.ca.text = NULL;
	cfg.hashes = &hash;
	cfg.n_hashes = 1;
	cfg.is_hash_of_issuer = true;
	assert_not_made(&cfg, "verify-hash is about the certificate that signed");
	cfg.ca_dir = "/dev/null";
	assert_not_made(&cfg, "capath: \"/dev/null\" is not a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fingerprint_with_ca),
		cmocka_unit_test(test_fingerprint_without_ca),
		cmocka_unit_test(test_verify_hash),
		cmocka_unit_test(test_verify_hash_of_a_root),
		cmocka_unit_test(test_key_usage),
		cmocka_unit_test(test_ext_usage),
		cmocka_unit_test(test_username_field),
		cmocka_unit_test(test_no_certificate_wanted),
		cmocka_unit_test(test_optional_certificate),
		cmocka_unit_test(test_clients_always_verify),
		cmocka_unit_test(test_bad_settings),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
