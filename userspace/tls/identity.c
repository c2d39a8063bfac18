// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

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

/* @text must not be cut: half a name may be somebody else's. */
static int name_put(const uint8_t *text, int len, char *out, size_t cap)
{
	if (len <= 0)
		return -ENOENT;
	if ((size_t)len >= cap)
		return -E2BIG;
	memcpy(out, text, (size_t)len);
	out[len] = '\0';
	remap(out, (size_t)len);
	return 0;
}

/* The last one of a kind in the subject. */
static int subject_field(const X509 *cert, int nid, char *out, size_t cap)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	ASN1_STRING *value;
	int pos = -1, last = -1;
	unsigned char *utf8;
	int len, ret;

	while ((pos = X509_NAME_get_index_by_NID(subject, nid, pos)) >= 0)
		last = pos;
	if (last < 0)
		return -ENOENT;
	value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last));
	len = ASN1_STRING_to_UTF8(&utf8, value);
	if (len < 0)
		return -ENOENT;
	ret = name_put(utf8, len, out, cap);
	OPENSSL_free(utf8);
	return ret;
}

/* The last mail address of an alternative name. */
static int extension_field(const X509 *cert, int nid, char *out, size_t cap)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, nid, NULL, NULL);
	const ASN1_IA5STRING *mail = NULL;
	int ret = -ENOENT;

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_EMAIL)
			mail = name->d.rfc822Name;
	}
	if (mail && memchr(ASN1_STRING_get0_data(mail), '\0',
			   (size_t)ASN1_STRING_length(mail)))
		ret = -EINVAL;
	else if (mail)
		ret = name_put(ASN1_STRING_get0_data(mail),
			       ASN1_STRING_length(mail), out, cap);
	GENERAL_NAMES_free(names);
	return ret;
}

/* As OpenVPN writes it: the bytes in hexadecimal behind 0x. */
static int serial_field(const X509 *cert, char *out, size_t cap)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	const uint8_t *bytes = ASN1_STRING_get0_data(serial);
	int len = ASN1_STRING_length(serial);

	if (len <= 0)
		return -ENOENT;
	if (2 + 2 * (size_t)len >= cap)
		return -E2BIG;
	out += sprintf(out, "0x");
	for (int i = 0; i < len; i++)
		out += sprintf(out, "%02X", bytes[i]);
	return 0;
}

static int field_get(const struct tls_field *field, const X509 *cert,
		     char *out, size_t cap)
{
	switch (field->kind) {
	case TLS_FIELD_SUBJECT:
		return subject_field(cert, field->nid, out, cap);
	case TLS_FIELD_EXTENSION:
		return extension_field(cert, field->nid, out, cap);
	case TLS_FIELD_SERIAL:
		return serial_field(cert, out, cap);
	}
	return -ENOENT;
}

int tls_username_get(const struct tls_ctx *ctx, const X509 *cert, char *out,
		     size_t cap)
{
	size_t len = 0;
	int ret = 0;

	out[0] = '\0';
	if (!ctx->n_fields)
		return subject_field(cert, NID_commonName, out, cap);
	for (size_t i = 0; !ret && i < ctx->n_fields; i++) {
		if (i && len + 1 >= cap)
			return -E2BIG;
		if (i)
			out[len++] = '_';
		ret = field_get(&ctx->fields[i], cert, out + len, cap - len);
		len += ret ? 0 : strlen(out + len);
	}
	if (ret)
		out[0] = '\0';
	return ret;
}

/* A name as the configuration has it. Return: 0 or -EINVAL. */
int tls_field_parse(const char *text, struct tls_field *out)
{
	char upper[32];
	size_t i;

	*out = (struct tls_field){ .kind = TLS_FIELD_SUBJECT };
	if (!strncmp(text, "ext:", 4)) {
		out->kind = TLS_FIELD_EXTENSION;
		out->nid = OBJ_txt2nid(text + 4);
		return out->nid == NID_subject_alt_name ||
		       out->nid == NID_issuer_alt_name ? 0 : -EINVAL;
	}
	if (!strcmp(text, "serialNumber")) {
		out->kind = TLS_FIELD_SERIAL;
		return 0;
	}
	out->nid = OBJ_txt2nid(text);
	if (out->nid != NID_undef)
		return 0;
	/* "cn" was allowed once */
	for (i = 0; text[i] && i < sizeof(upper) - 1; i++)
		upper[i] = (char)toupper((unsigned char)text[i]);
	upper[i] = '\0';
	out->nid = OBJ_txt2nid(upper);
	return out->nid != NID_undef ? 0 : -EINVAL;
}

void tls_serial_get(const X509 *cert, char *out, size_t cap)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *dec = bn ? BN_bn2dec(bn) : NULL;

	/* a part of a number would be another number */
	snprintf(out, cap, "%s", dec && strlen(dec) < cap ? dec : "");
	OPENSSL_free(dec);
	BN_free(bn);
}

void tls_peer_fill(const struct tls_ctx *ctx, struct tls_peer *peer,
		   const X509 *cert)
{
	char *subject = tls_subject_get(cert);
	unsigned int len = sizeof(peer->fingerprint);

	memset(peer, 0, sizeof(*peer));
	tls_username_get(ctx, cert, peer->common_name,
			 sizeof(peer->common_name));
	snprintf(peer->subject, sizeof(peer->subject), "%s",
		 subject ? subject : "");
	OPENSSL_free(subject);
	tls_serial_get(cert, peer->serial, sizeof(peer->serial));
	peer->has_cert = X509_digest(cert, EVP_sha256(), peer->fingerprint,
				     &len) == 1;
}
