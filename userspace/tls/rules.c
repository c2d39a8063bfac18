// SPDX-License-Identifier: GPL-2.0-or-later
/* What the peer's own certificate must be like, beside being of our CA. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "tls/internal.h"

/**
 * struct rule - one check in progress
 * @cert: the peer's own certificate
 * @chain: up to the CA; NULL when fingerprints alone decide
 * @username: of the fields that x509-username-field names
 * @why: the reason of a refusal
 */
struct rule {
	const struct tls_ctx *ctx;
	const X509 *cert;
	STACK_OF(X509) *chain;
	char username[TLS_USERNAME_MAX];
	char *why;
	size_t why_len;
};

static int __attribute__((format(printf, 3, 4)))
refuse(const struct rule *rule, int error, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(rule->why, rule->why_len, fmt, args);
	va_end(args);
	return error;
}

static int username_check(struct rule *rule)
{
	int ret = tls_username_get(rule->ctx, rule->cert, rule->username,
				   sizeof(rule->username));
	const char *name = rule->ctx->n_fields ? "user name field" :
						 "common name (CN)";

	if (!ret)
		return 0;
	return refuse(rule, X509_V_ERR_APPLICATION_VERIFICATION, "its %s is %s",
		      name, ret == -E2BIG ? "longer than 64 bytes" :
		      ret == -EINVAL ? "not a plain text" : "missing");
}

/* remote-cert-tls: both extensions must be there */
static int purpose_check(struct rule *rule)
{
	X509 *cert = (X509 *)rule->cert;	/* the library caches in it */
	uint32_t flags = X509_get_extension_flags(cert);
	uint32_t wanted = XKU_SSL_SERVER;
	const char *name = "server";

	if (rule->ctx->peer_purpose == TLS_PURPOSE_ANY)
		return 0;
	if (rule->ctx->peer_purpose == TLS_PURPOSE_CLIENT) {
		wanted = XKU_SSL_CLIENT;
		name = "client";
	}
	if (!(flags & EXFLAG_KUSAGE))
		return refuse(rule, X509_V_ERR_INVALID_PURPOSE,
			      "it has no key usage, which \"remote-cert-tls %s\" needs",
			      name);
	if (!(flags & EXFLAG_XKUSAGE) ||
	    !(X509_get_extended_key_usage(cert) & wanted))
		return refuse(rule, X509_V_ERR_INVALID_PURPOSE,
			      "its extended key usage lacks %sAuth, which \"remote-cert-tls %s\" needs",
			      name, name);
	return 0;
}

/* remote-cert-ku: all bits of one of the values; without values, any usage */
static int key_usage_check(struct rule *rule)
{
	const struct tls_ctx *ctx = rule->ctx;
	X509 *cert = (X509 *)rule->cert;
	uint32_t has;

	if (!ctx->needs_key_usage)
		return 0;
	if (!(X509_get_extension_flags(cert) & EXFLAG_KUSAGE))
		return refuse(rule, X509_V_ERR_INVALID_PURPOSE,
			      "it has no key usage, which remote-cert-ku needs");
	if (!ctx->n_key_usages)
		return 0;
	has = X509_get_key_usage(cert);
	for (size_t i = 0; i < ctx->n_key_usages; i++)
		if ((has & ctx->key_usages[i]) == ctx->key_usages[i])
			return 0;
	return refuse(rule, X509_V_ERR_INVALID_PURPOSE,
		      "its key usage is %02x, which remote-cert-ku does not list",
		      has);
}

static bool ext_usage_has(const X509 *cert, const ASN1_OBJECT *wanted)
{
	EXTENDED_KEY_USAGE *list = X509_get_ext_d2i(cert, NID_ext_key_usage,
						    NULL, NULL);
	bool is_found = false;

	for (int i = 0; list && i < sk_ASN1_OBJECT_num(list); i++)
		is_found |= !OBJ_cmp(sk_ASN1_OBJECT_value(list, i), wanted);
	sk_ASN1_OBJECT_pop_free(list, ASN1_OBJECT_free);
	return is_found;
}

static int ext_usage_check(struct rule *rule)
{
	char name[80];

	if (!rule->ctx->ext_usage ||
	    ext_usage_has(rule->cert, rule->ctx->ext_usage))
		return 0;
	OBJ_obj2txt(name, sizeof(name), rule->ctx->ext_usage, 0);
	return refuse(rule, X509_V_ERR_INVALID_PURPOSE,
		      "its extended key usage lacks \"%s\" (remote-cert-eku)",
		      name);
}

static int name_check(struct rule *rule)
{
	const char *want = rule->ctx->peer_name;
	bool is_match = false;
	char *subject;

	switch (rule->ctx->name_type) {
	case TLS_NAME_NONE:
		return 0;
	case TLS_NAME_SUBJECT:
		subject = tls_subject_get(rule->cert);
		is_match = subject && !strcmp(subject, want);
		OPENSSL_free(subject);
		break;
	case TLS_NAME_NAME:
		is_match = !strcmp(rule->username, want);
		break;
	case TLS_NAME_PREFIX:
		is_match = !strncmp(rule->username, want, strlen(want));
		break;
	}
	if (is_match)
		return 0;
	return refuse(rule, X509_V_ERR_APPLICATION_VERIFICATION,
		      "verify-x509-name expects \"%.150s\"", want);
}

static bool hash_is(const struct tls_hash *hash, const X509 *cert)
{
	const EVP_MD *md = hash->len == TLS_HASH_SHA1_LEN ? EVP_sha1() :
							    EVP_sha256();
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	return X509_digest(cert, md, digest, &len) == 1 && len == hash->len &&
	       !CRYPTO_memcmp(digest, hash->digest, len);
}

/* peer-fingerprint is about the certificate, verify-hash about its issuer. */
static int hash_check(struct rule *rule)
{
	const struct tls_ctx *ctx = rule->ctx;
	const X509 *cert = rule->cert;

	if (!ctx->n_hashes)
		return 0;
	if (ctx->is_hash_of_issuer)
		cert = sk_X509_num(rule->chain) > 1 ?
		       sk_X509_value(rule->chain, 1) : NULL;
	for (size_t i = 0; cert && i < ctx->n_hashes; i++)
		if (hash_is(&ctx->hashes[i], cert))
			return 0;
	return refuse(rule, X509_V_ERR_APPLICATION_VERIFICATION, "%s",
		      ctx->is_hash_of_issuer ?
		      "its issuer is none of verify-hash" :
		      "its fingerprint is none of peer-fingerprint");
}

int tls_rules_check(const struct tls_ctx *ctx, const X509 *cert,
		    STACK_OF(X509) *chain, char *why, size_t why_len)
{
	static int (*const checks[])(struct rule *rule) = {
		username_check, hash_check, purpose_check, key_usage_check,
		ext_usage_check, name_check,
	};
	struct rule rule = {
		.ctx = ctx, .cert = cert, .chain = chain,
		.why = why, .why_len = why_len,
	};
	int error = 0;

	if (!cert)
		return refuse(&rule, X509_V_ERR_APPLICATION_VERIFICATION,
			      "there is none");
	for (size_t i = 0; !error && i < sizeof(checks) / sizeof(*checks); i++)
		error = checks[i](&rule);
	return error;
}
