// SPDX-License-Identifier: GPL-2.0-or-later
/* What programs are told of a peer's certificates (section 11.3). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls/internal.h"

static char *printable_dup(const char *text, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		copy[i] = c < 0x20 || c == 0x7f ? '_' : (char)c;
	}
	copy[len] = '\0';
	return copy;
}

static char *pem_dup(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *copy = NULL;
	long len;

	if (bio && PEM_write_bio_X509(bio, cert)) {
		len = BIO_get_mem_data(bio, &data);
		copy = len > 0 ? strndup(data, (size_t)len) : NULL;
	}
	BIO_free(bio);
	return copy;
}

/* A part of a number would be another number. */
static void serial_hex(const X509 *cert, char out[TLS_SERIAL_HEX_MAX])
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	const uint8_t *bytes = ASN1_STRING_get0_data(serial);
	int len = ASN1_STRING_length(serial);

	out[0] = '\0';
	if (len <= 0 || 3 * (size_t)len > TLS_SERIAL_HEX_MAX)
		return;
	for (int i = 0; i < len; i++)
		out += sprintf(out, "%s%02x", i ? ":" : "", bytes[i]);
}

/* Of a subject's attributes those that have a name, in their order. */
static bool attributes_fill(struct tls_cert *out, const X509 *cert)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	int n = X509_NAME_entry_count(subject);

	for (int i = 0; i < n && out->n_attributes < TLS_ATTRIBUTES_MAX; i++) {
		X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, i);
		struct tls_attribute *to;
		const char *name = OBJ_nid2sn(OBJ_obj2nid(
					X509_NAME_ENTRY_get_object(entry)));
		unsigned char *utf8;
		int len;

		to = &out->attributes[out->n_attributes];
		if (!name || strlen(name) >= sizeof(to->name))
			continue;
		len = ASN1_STRING_to_UTF8(&utf8,
					  X509_NAME_ENTRY_get_data(entry));
		if (len < 0)
			continue;
		strcpy(to->name, name);
		to->value = printable_dup((const char *)utf8, (size_t)len);
		OPENSSL_free(utf8);
		if (!to->value)
			return false;
		out->n_attributes++;
	}
	return true;
}

static bool cert_fill(struct tls_cert *out, X509 *cert)
{
	char *subject = tls_subject_get(cert);
	unsigned int sha1_len = sizeof(out->sha1);
	unsigned int sha256_len = sizeof(out->sha256);

	out->subject = subject ? strdup(subject) : NULL;
	OPENSSL_free(subject);
	/* it becomes an argument, and must not look like an option */
	for (char *c = out->subject; c && *c == '-'; c++)
		*c = '_';
	tls_serial_get(cert, out->serial, sizeof(out->serial));
	serial_hex(cert, out->serial_hex);
	out->pem = pem_dup(cert);
	return out->subject && out->pem && attributes_fill(out, cert) &&
	       X509_digest(cert, EVP_sha1(), out->sha1, &sha1_len) == 1 &&
	       X509_digest(cert, EVP_sha256(), out->sha256, &sha256_len) == 1;
}

/* The leaf alone, when its fingerprint was all that was asked for. */
struct tls_chain *tls_chain_new(const SSL *ssl, X509 *leaf)
{
	STACK_OF(X509) *verified = SSL_get0_verified_chain(ssl);
	int n = verified ? sk_X509_num(verified) : 0;
	struct tls_chain *chain;

	if (n > TLS_CHAIN_MAX)
		return NULL;
	chain = calloc(1, sizeof(*chain));
	for (int i = 0; chain && i < (n ? n : 1); i++) {
		chain->n++;
		if (cert_fill(&chain->certs[i],
			      n ? sk_X509_value(verified, i) : leaf))
			continue;
		tls_chain_free(chain);
		return NULL;
	}
	return chain;
}

void tls_chain_free(struct tls_chain *chain)
{
	if (!chain)
		return;
	for (size_t i = 0; i < chain->n; i++) {
		struct tls_cert *cert = &chain->certs[i];

		for (size_t k = 0; k < cert->n_attributes; k++)
			free(cert->attributes[k].value);
		free(cert->subject);
		free(cert->pem);
	}
	free(chain);
}
