// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>

#include "tls/internal.h"

#define SUBJECT_FLAGS	(XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN | \
			 ASN1_STRFLGS_UTF8_CONVERT | ASN1_STRFLGS_ESC_CTRL)

/* Section 11.5; an embedded NUL must not shorten a name. */
static void remap(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f)
			text[i] = '_';
	}
}

char *tls_subject_get(const X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *text = NULL;
	long len;

	if (!bio)
		return NULL;
	if (X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0,
			       SUBJECT_FLAGS) < 0)
		goto free_bio;
	len = BIO_get_mem_data(bio, &data);
	if (len < 0)
		goto free_bio;
	text = OPENSSL_malloc((size_t)len + 1);
	if (!text)
		goto free_bio;
	if (len)
		memcpy(text, data, (size_t)len);
	text[len] = '\0';
	remap(text, (size_t)len);
free_bio:
	BIO_free(bio);
	return text;
}

int tls_common_name_get(const X509 *cert, char *out, size_t cap)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	ASN1_STRING *value;
	int pos = -1, last = -1;
	unsigned char *utf8;
	int len;

	out[0] = '\0';
	while ((pos = X509_NAME_get_index_by_NID(subject, NID_commonName,
						 pos)) >= 0)
		last = pos;
	if (last < 0)
		return -ENOENT;
	value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last));
	len = ASN1_STRING_to_UTF8(&utf8, value);
	if (len < 0)
		return -ENOENT;
	if (!len || (size_t)len >= cap) {
		OPENSSL_free(utf8);
		return len ? -E2BIG : -ENOENT;
	}
	memcpy(out, utf8, (size_t)len);
	out[len] = '\0';
	remap(out, (size_t)len);
	OPENSSL_free(utf8);
	return 0;
}

static void serial_print(const X509 *cert, char *out, size_t cap)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *dec = bn ? BN_bn2dec(bn) : NULL;

	snprintf(out, cap, "%s", dec ? dec : "");
	OPENSSL_free(dec);
	BN_free(bn);
}

void tls_peer_fill(struct tls_peer *peer, const X509 *cert)
{
	char *subject = tls_subject_get(cert);
	unsigned int len = sizeof(peer->fingerprint);

	memset(peer, 0, sizeof(*peer));
	tls_common_name_get(cert, peer->common_name,
			    sizeof(peer->common_name));
	snprintf(peer->subject, sizeof(peer->subject), "%s",
		 subject ? subject : "");
	OPENSSL_free(subject);
	serial_print(cert, peer->serial, sizeof(peer->serial));
	peer->has_cert = X509_digest(cert, EVP_sha256(), peer->fingerprint,
				     &len) == 1;
}
