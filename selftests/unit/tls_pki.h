/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TLS_PKI_H
#define TLS_PKI_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/*
 * Certificates for tests, made when they are needed: none in the tree expires.
 * Each test program has its own copy, it is the only source of its binary.
 */

#define PKI_DAY	86400L

enum pki_type {
	PKI_EC,
	PKI_RSA,
	PKI_ED25519,
};

struct pki_spec {
	enum pki_type type;
	int rsa_bits;		/* 0: 2048 */
	const char *cn;		/* NULL: no common name */
	int cn_len;		/* 0: up to its NUL */
	const char *org;	/* NULL: none */
	bool is_ca;
	const char *key_usage;	/* "digitalSignature", NULL: none */
	const char *ext_usage;	/* "serverAuth", NULL: none */
	const char *alt_name;	/* "email:a@b", NULL: none */
	const char *mail;	/* emailAddress of the subject, NULL: none */
	long serial;
	long starts;		/* seconds from now; 0: a day ago */
	long ends;		/* seconds from now; 0: in a year */
};

struct pki_cert {
	EVP_PKEY *key;
	X509 *cert;
	char *cert_pem;
	char *key_pem;
};

static inline char *pki_text(BIO *bio)
{
	char *data, *text;
	long len = BIO_get_mem_data(bio, &data);

	text = strndup(data, (size_t)len);
	BIO_free(bio);
	return text;
}

/* Made once for all certificates: it takes 10 s under valgrind. */
static inline EVP_PKEY *pki_rsa_key(void)
{
	static EVP_PKEY *key;

	if (!key)
		key = EVP_RSA_gen(2048u);
	EVP_PKEY_up_ref(key);
	return key;
}

static inline EVP_PKEY *pki_key(const struct pki_spec *spec)
{
	switch (spec->type) {
	case PKI_RSA:
		return spec->rsa_bits ?
		       EVP_RSA_gen((unsigned int)spec->rsa_bits) :
		       pki_rsa_key();
	case PKI_ED25519:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	case PKI_EC:
		break;
	}
	return EVP_EC_gen("P-256");
}

static inline void pki_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;

	if (!value)
		return;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (!ext || !X509_add_ext(cert, ext, -1))
		abort();
	X509_EXTENSION_free(ext);
}

static inline void pki_name(X509 *cert, const struct pki_spec *spec)
{
	X509_NAME *name = X509_get_subject_name(cert);
	const unsigned char *cn = (const unsigned char *)spec->cn;
	const unsigned char *org = (const unsigned char *)spec->org;

	if (org)
		X509_NAME_add_entry_by_NID(name, NID_organizationName,
					   MBSTRING_UTF8, org, -1, -1, 0);
	if (spec->mail)
		X509_NAME_add_entry_by_NID(name, NID_pkcs9_emailAddress,
					   MBSTRING_ASC,
					   (const unsigned char *)spec->mail,
					   -1, -1, 0);
	/* Tests need common names that are longer than the standard allows. */
	if (cn)
		X509_NAME_add_entry_by_NID(name, NID_commonName,
					   V_ASN1_UTF8STRING, cn,
					   spec->cn_len ? spec->cn_len : -1,
					   -1, 0);
}

/* @issuer NULL: self-signed */
static inline struct pki_cert pki_make(const struct pki_spec *spec,
				       const struct pki_cert *issuer)
{
	struct pki_cert made = { .key = pki_key(spec), .cert = X509_new() };
	EVP_PKEY *signer = issuer ? issuer->key : made.key;
	X509 *issuer_cert = issuer ? issuer->cert : made.cert;
	const EVP_MD *md = EVP_PKEY_is_a(signer, "ED25519") ? NULL :
							     EVP_sha256();
	X509 *cert = made.cert;
	BIO *bio;

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert),
			 spec->serial ? spec->serial : 1);
	X509_gmtime_adj(X509_getm_notBefore(cert),
			spec->starts ? spec->starts : -PKI_DAY);
	X509_gmtime_adj(X509_getm_notAfter(cert),
			spec->ends ? spec->ends : 365 * PKI_DAY);
	pki_name(cert, spec);
	X509_set_issuer_name(cert, X509_get_subject_name(issuer_cert));
	X509_set_pubkey(cert, made.key);
	if (spec->is_ca)
		pki_ext(cert, issuer_cert, NID_basic_constraints,
			"critical,CA:TRUE");
	pki_ext(cert, issuer_cert, NID_key_usage, spec->key_usage);
	pki_ext(cert, issuer_cert, NID_ext_key_usage, spec->ext_usage);
	pki_ext(cert, issuer_cert, NID_subject_alt_name, spec->alt_name);
	if (!X509_sign(cert, signer, md))
		abort();

	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(bio, cert);
	made.cert_pem = pki_text(bio);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, made.key, NULL, NULL, 0, NULL, NULL);
	made.key_pem = pki_text(bio);
	return made;
}

static inline void pki_free(struct pki_cert *cert)
{
	EVP_PKEY_free(cert->key);
	X509_free(cert->cert);
	free(cert->cert_pem);
	free(cert->key_pem);
	*cert = (struct pki_cert){ 0 };
}

/* A revocation list with one serial number, or none (0). */
static inline char *pki_crl(const struct pki_cert *ca, long serial, long ends)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *when = X509_gmtime_adj(NULL, -2 * PKI_DAY);
	BIO *bio = BIO_new(BIO_s_mem());

	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->cert));
	X509_CRL_set1_lastUpdate(crl, when);
	if (serial) {
		X509_REVOKED *revoked = X509_REVOKED_new();
		ASN1_INTEGER *number = ASN1_INTEGER_new();

		ASN1_INTEGER_set(number, serial);
		X509_REVOKED_set_serialNumber(revoked, number);
		X509_REVOKED_set_revocationDate(revoked, when);
		X509_CRL_add0_revoked(crl, revoked);
		ASN1_INTEGER_free(number);
	}
	X509_gmtime_adj(when, ends);
	X509_CRL_set1_nextUpdate(crl, when);
	if (!X509_CRL_sign(crl, ca->key, EVP_sha256()))
		abort();
	PEM_write_bio_X509_CRL(bio, crl);
	ASN1_TIME_free(when);
	X509_CRL_free(crl);
	return pki_text(bio);
}

#endif
