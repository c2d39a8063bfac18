// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls/internal.h"

#define WARN_DAYS	30
#define DAY_SEC		(24 * 60 * 60)
#define KEY_MARK	"PRIVATE KEY-----"	/* every kind ends so */

static const char *blob_name(const struct tls_blob *blob, const char *option)
{
	return blob->path ? blob->path : option;
}

static BIO *blob_open(const struct tls_blob *blob)
{
	if (blob->len > INT_MAX)
		return NULL;
	return BIO_new_mem_buf(blob->text, (int)blob->len);
}

/* The PEM reader's way to say that there is no (further) block. */
static bool is_end_of_pem(void)
{
	unsigned long code = ERR_peek_last_error();

	return ERR_GET_LIB(code) == ERR_LIB_PEM &&
	       ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

/* expiry */

static void time_print(const ASN1_TIME *when, char *out, size_t cap)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(when, &tm) ||
	    !strftime(out, cap, "%Y-%m-%d %H:%M UTC", &tm))
		out[0] = '\0';
}

void tls_expiry_warn(struct tls_build *build, const char *file,
		     const char *what, const ASN1_TIME *end)
{
	time_t now = time(NULL);
	time_t soon = now + (time_t)WARN_DAYS * DAY_SEC;
	char date[64];

	if (!end)
		return;
	time_print(end, date, sizeof(date));
	if (X509_cmp_time(end, &now) < 0)
		tls_build_warn(build, "%s: %s has expired on %s, peers will refuse; renew it",
			       file, what, date);
	else if (X509_cmp_time(end, &soon) < 0)
		tls_build_warn(build, "%s: %s expires on %s, in less than %d days; renew it",
			       file, what, date, WARN_DAYS);
}

static void cert_dates_warn(struct tls_build *build, const char *file,
			    const X509 *cert)
{
	char *subject = tls_subject_get(cert);
	time_t now = time(NULL);
	char what[160], date[64];

	snprintf(what, sizeof(what), "certificate %.120s",
		 subject ? subject : "");
	OPENSSL_free(subject);
	tls_expiry_warn(build, file, what, X509_get0_notAfter(cert));
	if (X509_cmp_time(X509_get0_notBefore(cert), &now) > 0) {
		time_print(X509_get0_notBefore(cert), date, sizeof(date));
		tls_build_warn(build, "%s: %s is not valid before %s; check this machine's clock",
			       file, what, date);
	}
}

/* lists of certificates */

/**
 * certs_each() - call @fn for each certificate of a PEM text
 * @fn: takes ownership of nothing; 0 goes on, else stops with that value
 *
 * Return: number of certificates, or a negative error.
 */
static int certs_each(struct tls_build *build, const struct tls_blob *blob,
		      const char *file,
		      int (*fn)(struct tls_build *build, const char *file,
				X509 *cert, int index))
{
	BIO *bio = blob_open(blob);
	int count = 0, ret = 0;
	X509 *cert;

	if (!bio)
		return -ENOMEM;
	ERR_clear_error();
	while (!ret && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		ret = fn(build, file, cert, count++);
		X509_free(cert);
	}
	if (!ret && !is_end_of_pem())
		ret = tls_build_fail(build, "%s: certificate %d is damaged: %s",
				     file, count + 1, tls_error_reason());
	else if (!ret && !count)
		ret = tls_build_fail(build, "%s: no certificate found; a PEM file with \"-----BEGIN CERTIFICATE-----\" is expected",
				     file);
	ERR_clear_error();
	BIO_free(bio);
	return ret ? ret : count;
}

/* CA */

int tls_ca_add(struct tls_build *build, const char *file, X509 *cert,
	       int index)
{
	SSL_CTX *ssl = build->ctx->ssl;

	cert_dates_warn(build, file, cert);
	if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), cert) != 1)
		return tls_build_fail(build, "%s: CA certificate %d cannot be used: %s",
				      file, index + 1, tls_error_reason());
	/* Tells clients which certificates are of use. */
	if (build->cfg->is_server && SSL_CTX_add_client_CA(ssl, cert) != 1)
		return -ENOMEM;
	return 0;
}

/* Certificates are found there by the hash of their name, in handshakes. */
static int ca_dir_load(struct tls_build *build)
{
	const char *dir = build->cfg->ca_dir;
	SSL_CTX *ssl = build->ctx->ssl;
	struct stat st;

	if (stat(dir, &st) || !S_ISDIR(st.st_mode))
		return tls_build_fail(build, "capath: \"%s\" is not a directory that can be read",
				      dir);
	if (SSL_CTX_load_verify_dir(ssl, dir) != 1)
		return tls_build_fail(build, "capath: \"%s\" cannot be used: %s",
				      dir, tls_error_reason());
	/* it may have lists of revoked certificates, too */
	X509_STORE_set_flags(SSL_CTX_get_cert_store(ssl),
			     X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return 0;
}

static int ca_load(struct tls_build *build)
{
	const struct tls_config *cfg = build->cfg;
	int ret = 0;

	if (!cfg->ca.text && !cfg->ca_dir && !cfg->n_hashes &&
	    !cfg->pkcs12.text)
		return tls_build_fail(build, "no CA: give the certificate that signs the peers with \"ca FILE\" or <ca>, or name the peers' own certificates with peer-fingerprint");
	if (cfg->ca.text)
		ret = certs_each(build, &cfg->ca, blob_name(&cfg->ca, "ca"),
				 tls_ca_add);
	if (ret >= 0 && cfg->ca_dir)
		ret = ca_dir_load(build);
	return ret < 0 ? ret : 0;
}

/* own certificate, chain and key */

int tls_cert_add(struct tls_build *build, const char *file, X509 *cert,
		 int index)
{
	SSL_CTX *ssl = build->ctx->ssl;

	cert_dates_warn(build, file, cert);
	if (!index && SSL_CTX_use_certificate(ssl, cert) != 1)
		return tls_build_fail(build, "%s: certificate cannot be used: %s (tls-cert-profile is %s)",
				      file, tls_error_reason(),
				      build->cfg->cert_profile ?
				      build->cfg->cert_profile : "legacy");
	if (index && SSL_CTX_add1_chain_cert(ssl, cert) != 1)
		return tls_build_fail(build, "%s: chain certificate %d cannot be used: %s",
				      file, index + 1, tls_error_reason());
	return 0;
}

static int extra_add(struct tls_build *build, const char *file, X509 *cert,
		     int index)
{
	return tls_cert_add(build, file, cert, index + 1);
}

static int extra_load(struct tls_build *build)
{
	const struct tls_blob *blob = &build->cfg->extra_certs;
	int ret = 0;

	if (blob->text)
		ret = certs_each(build, blob, blob_name(blob, "extra-certs"),
				 extra_add);
	return ret < 0 ? ret : 0;
}

bool tls_passphrase(const struct tls_config *cfg, char *out, size_t cap)
{
	size_t len = 0;

	if (!cfg->key_pass.text)
		return false;
	while (len < cfg->key_pass.len && !strchr("\r\n", cfg->key_pass.text[len]))
		len++;
	if (len >= cap)
		return false;
	memcpy(out, cfg->key_pass.text, len);
	out[len] = '\0';
	return true;
}

/* struct key_secret - @is_asked: the key has a passphrase */
struct key_secret {
	const struct tls_config *cfg;
	bool is_asked;
};

/* Nobody is asked from here: a daemon has nobody to ask. */
static int key_passphrase(char *buf, int size, int is_write, void *arg)
{
	struct key_secret *secret = arg;

	(void)is_write;
	secret->is_asked = true;
	return size > 0 && tls_passphrase(secret->cfg, buf, (size_t)size) ?
	       (int)strlen(buf) : -1;
}

static int key_locked(struct tls_build *build, const char *file)
{
	if (build->cfg->key_pass.text) {
		tls_build_fail(build, "key %s: the passphrase of askpass is not the right one",
			       file);
		return -EKEYREJECTED;
	}
	tls_build_fail(build, "key %s is encrypted; give its passphrase with \"askpass FILE\", or decrypt it: openssl pkey -in %s -out NEWFILE",
		       file, file);
	return -ENOKEY;
}

static int key_load(struct tls_build *build, const char *cert_file)
{
	const struct tls_blob *blob = &build->cfg->key;
	const char *file = blob_name(blob, "key");
	BIO *bio = blob_open(blob);
	struct key_secret secret = { build->cfg, false };
	EVP_PKEY *key;
	int ret = 0;

	if (!bio)
		return -ENOMEM;
	ERR_clear_error();
	key = PEM_read_bio_PrivateKey(bio, NULL, key_passphrase, &secret);
	if (!key && secret.is_asked)
		ret = key_locked(build, file);
	else if (!key && !memmem(blob->text, blob->len, KEY_MARK,
				 strlen(KEY_MARK)))
		ret = tls_build_fail(build, "key %s: no private key found; a PEM file with \"-----BEGIN PRIVATE KEY-----\" is expected",
				     file);
	else if (!key)
		ret = tls_build_fail(build, "key %s is damaged or of an unknown kind: %s", file,
				     tls_error_reason());
	else if (X509_check_private_key(SSL_CTX_get0_certificate(
						build->ctx->ssl), key) != 1)
		ret = tls_build_fail(build, "key %s does not match certificate %s; give the key that the certificate was made with",
				     file, cert_file);
	else if (SSL_CTX_use_PrivateKey(build->ctx->ssl, key) != 1)
		ret = tls_build_fail(build, "key %s cannot be used: %s", file,
				     tls_error_reason());
	EVP_PKEY_free(key);
	BIO_free(bio);
	return ret;
}

static int identity_load(struct tls_build *build)
{
	const struct tls_config *cfg = build->cfg;
	const char *cert_file = blob_name(&cfg->cert, "cert");
	int ret;

	if (cfg->pkcs12.text) {
		ret = tls_pkcs12_load(build);
		return ret ? ret : extra_load(build);
	}
	if (!cfg->cert.text && !cfg->key.text && !cfg->signer) {
		if (cfg->is_server)
			return tls_build_fail(build, "a server needs \"cert FILE\" and \"key FILE\"");
		return 0;
	}
	if (!cfg->cert.text)
		return tls_build_fail(build, "\"%s\" is given without \"cert\"",
				      cfg->signer ? "management-external-key" :
						    "key");
	if (!cfg->key.text && !cfg->signer)
		return tls_build_fail(build, "\"cert\" is given without \"key\"");

	ret = certs_each(build, &cfg->cert, cert_file, tls_cert_add);
	if (ret < 0)
		return ret;
	ret = extra_load(build);
	if (ret)
		return ret;
	return cfg->signer ? tls_external_load(build) :
			     key_load(build, cert_file);
}

/*
 * Without certificates of a chain the library looks for them among those of the
 * CAs, as OpenVPN lets it, and verifies them: for each handshake, unless it is
 * done here. A directory of CAs may change, and is left to the library.
 */
static void chain_build(struct tls_build *build)
{
	SSL_CTX *ssl = build->ctx->ssl;
	STACK_OF(X509) *chain = NULL;

	if (build->cfg->ca_dir || !SSL_CTX_get0_certificate(ssl) ||
	    SSL_CTX_get0_chain_certs(ssl, &chain) != 1 || chain)
		return;
	if (SSL_CTX_build_cert_chain(ssl, SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR |
					  SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR) > 0)
		SSL_CTX_set_mode(ssl, SSL_MODE_NO_AUTO_CHAIN);
	ERR_clear_error();
}

/* finite field Diffie-Hellman */

/* "dh none" has no text: the library then picks a group of fitting size. */
static int dh_load(struct tls_build *build)
{
	const struct tls_blob *blob = &build->cfg->dh;
	const char *file = blob_name(blob, "dh");
	EVP_PKEY *params;
	BIO *bio;
	int ret = 0;

	if (!build->cfg->is_server)
		return 0;
	if (!blob->text) {
		SSL_CTX_set_dh_auto(build->ctx->ssl, 1);
		return 0;
	}
	bio = blob_open(blob);
	if (!bio)
		return -ENOMEM;
	params = PEM_read_bio_Parameters(bio, NULL);
	BIO_free(bio);
	if (!params || (!EVP_PKEY_is_a(params, "DH") &&
			!EVP_PKEY_is_a(params, "DHX"))) {
		ret = tls_build_fail(build, "%s: no Diffie-Hellman parameters found; write \"dh none\" or make them: openssl dhparam -out %s 2048",
				     file, file);
	} else if (SSL_CTX_set0_tmp_dh_pkey(build->ctx->ssl, params) != 1) {
		ret = tls_build_fail(build, "%s: Diffie-Hellman parameters cannot be used: %s; \"dh none\" needs none",
				     file, tls_error_reason());
	} else {
		params = NULL;	/* the context's now */
	}
	EVP_PKEY_free(params);
	return ret;
}

int tls_load_all(struct tls_build *build)
{
	int ret = ca_load(build);

	if (!ret)
		ret = identity_load(build);
	if (!ret)
		ret = tls_crl_load(build);
	if (!ret)
		ret = dh_load(build);
	if (!ret)
		chain_build(build);
	return ret;
}
