// SPDX-License-Identifier: GPL-2.0-or-later
/* Certificate, key and CAs in one file: PKCS#12 (RFC 7292). */
#include <errno.h>
#include <limits.h>

#include <openssl/err.h>
#include <openssl/pkcs12.h>

#include "mem/mem.h"
#include "tls/internal.h"

#define PASS_MAX 1024

#define DER_SEQUENCE 0x30

/* Inline it is base64. Return: the container, NULL when it is none. */
static PKCS12 *container_read(const struct tls_blob *blob)
{
	PKCS12 *p12 = NULL;
	BIO *bio, *decoder;

	if (blob->len > INT_MAX || !blob->len)
		return NULL;
	bio = BIO_new_mem_buf(blob->text, (int)blob->len);
	if (bio && (uint8_t)blob->text[0] != DER_SEQUENCE) {
		decoder = BIO_new(BIO_f_base64());
		bio = decoder ? BIO_push(decoder, bio) : bio;
	}
	if (bio)
		p12 = d2i_PKCS12_bio(bio, NULL);
	BIO_free_all(bio);
	return p12;
}

/* An empty passphrase is two things. */
static bool is_open(PKCS12 *p12, const char *pass)
{
	return !PKCS12_mac_present(p12) ||
	       PKCS12_verify_mac(p12, pass, (int)strlen(pass)) ||
	       (!pass[0] && PKCS12_verify_mac(p12, NULL, 0));
}

static int own_use(struct tls_build *build, const char *file, X509 *cert,
		   EVP_PKEY *key)
{
	int ret;

	if (!cert || !key)
		return tls_build_fail(build, "pkcs12 %s has no %s; put both into it: openssl pkcs12 -export -in CERT -inkey KEY -out %s",
				      file, cert ? "private key" :
				      "certificate for its key", file);
	ret = tls_cert_add(build, file, cert, 0);
	if (ret)
		return ret;
	if (SSL_CTX_use_PrivateKey(build->ctx->ssl, key) != 1)
		return tls_build_fail(build, "pkcs12 %s: the key cannot be used: %s",
				      file, tls_error_reason());
	return 0;
}

/*
 * Other certificates are CAs to be trusted, unless these are given elsewhere;
 * then they are sent along with the own one.
 */
static int others_use(struct tls_build *build, const char *file,
		      STACK_OF(X509) *others)
{
	bool is_trusted = !build->cfg->ca.text && !build->cfg->ca_dir;
	int n = sk_X509_num(others), ret = 0;

	if (is_trusted && n < 1 &&
	    (!build->cfg->n_hashes || build->cfg->is_hash_of_issuer))
		return tls_build_fail(build, "pkcs12 %s has no CA; give it with \"ca FILE\"",
				      file);
	if (is_trusted)
		build->ctx->has_ca = n > 0;
	for (int i = 0; i < n && !ret; i++) {
		X509 *cert = sk_X509_value(others, i);

		ret = is_trusted ? tls_ca_add(build, file, cert, i) :
				   tls_cert_add(build, file, cert, i + 1);
	}
	return ret;
}

static int file_locked(struct tls_build *build, const char *file)
{
	bool has_pass = build->cfg->key_pass.text;

	tls_build_fail(build, "pkcs12 %s has %s passphrase; give it with \"askpass FILE\"",
		       file, has_pass ? "another" : "a");
	return has_pass ? -EKEYREJECTED : -ENOKEY;
}

int tls_pkcs12_load(struct tls_build *build)
{
	const struct tls_blob *blob = &build->cfg->pkcs12;
	const char *file = blob->path ? blob->path : "pkcs12";
	STACK_OF(X509) *others = NULL;
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	char pass[PASS_MAX] = "";
	PKCS12 *p12;
	int ret;

	tls_passphrase(build->cfg, pass, sizeof(pass));
	ERR_clear_error();
	p12 = container_read(blob);
	if (!p12)
		ret = tls_build_fail(build, "pkcs12 %s is not a PKCS#12 file (DER, inline in base64)",
				     file);
	else if (!is_open(p12, pass))
		ret = file_locked(build, file);
	else if (PKCS12_parse(p12, pass, &key, &cert, &others) != 1)
		ret = tls_build_fail(build, "pkcs12 %s cannot be read: %s; what old programs wrote has to be converted: openssl pkcs12 -legacy -in %s -nodes | openssl pkcs12 -export -passout pass: -out NEWFILE",
				     file, tls_error_reason(), file);
	else
		ret = own_use(build, file, cert, key);
	if (!ret)
		ret = others_use(build, file, others);
	EVP_PKEY_free(key);
	X509_free(cert);
	sk_X509_pop_free(others, X509_free);
	PKCS12_free(p12);
	mem_wipe(pass, sizeof(pass));
	return ret;
}
