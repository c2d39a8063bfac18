/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TLS_INTERNAL_H
#define TLS_INTERNAL_H

#include <stdatomic.h>

#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "tls/tls.h"

#define TLS_ERROR_MAX		512
#define TLS_WARNINGS_MAX	1024
#define TLS_FIELDS_MAX		8
#define TLS_KEY_USAGES_MAX	16
#define TLS_PROVIDERS_MAX	8

struct tls_crl;
struct tls_external;
struct tls_seen;

enum tls_field_kind {
	TLS_FIELD_SUBJECT,
	TLS_FIELD_EXTENSION,	/* mail address in an alternative name */
	TLS_FIELD_SERIAL,
};

/* struct tls_field - one of x509-username-field */
struct tls_field {
	enum tls_field_kind kind;
	int nid;
};

/*
 * Read-only once tls_ctx_new() has returned, except @refs; sessions on several
 * threads share it. Each session holds a reference: a reload may free the
 * owner's while handshakes run.
 */
struct tls_ctx {
	atomic_uint refs;
	SSL_CTX *ssl;
	BIO_METHOD *bio;
	bool is_server;
	enum tls_purpose peer_purpose;
	enum tls_name_type name_type;
	char *peer_name;
	char *ca_path;
	enum tls_peer_cert peer_cert;
	bool has_ca;			/* false: fingerprints alone decide */
	bool is_crl_optional;		/* of issuers without a list */
	bool is_hash_of_issuer;
	struct tls_hash *hashes;
	size_t n_hashes;
	bool needs_key_usage;
	unsigned int key_usages[TLS_KEY_USAGES_MAX];
	size_t n_key_usages;
	ASN1_OBJECT *ext_usage;		/* NULL: any */
	struct tls_field fields[TLS_FIELDS_MAX];
	size_t n_fields;		/* 0: the common name */
	struct tls_crl *crl;		/* NULL: no revocation check */
	struct tls_seen *seen;
	bool keeps_chain;
	struct tls_external *external;	/* NULL: the key is here */
	OSSL_PROVIDER *providers[TLS_PROVIDERS_MAX];
	size_t n_providers;
	char warnings[TLS_WARNINGS_MAX];
};

struct tls_session {
	struct tls_ctx *ctx;		/* a reference */
	SSL *ssl;
	struct tls_io *io;		/* of the step that runs, or NULL */
	enum tls_state state;
	struct tls_peer peer;
	struct tls_chain *chain;	/* NULL: not kept, or none */
	bool is_refused;
	char *error;			/* NULL: none */
	char *summary;			/* NULL: not established */
};

/* struct tls_build - a context in the making, and where its errors go */
struct tls_build {
	const struct tls_config *cfg;
	struct tls_ctx *ctx;
	char *err;
	size_t err_len;
};

/* tls_build_fail() - say what is wrong. Return: -EINVAL, always. */
int tls_build_fail(struct tls_build *build, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void tls_build_warn(struct tls_build *build, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* tls_error_reason() - text of the library's last error on this thread */
const char *tls_error_reason(void);

/* settings.c: versions, ciphers, groups, profile. Return: 0 or -EINVAL. */
int tls_settings_apply(struct tls_build *build);

/* load.c: CA, certificates, key, DH. Return: 0, -EINVAL or -ENOMEM. */
int tls_load_all(struct tls_build *build);

/* what askpass has given; false: nothing, or more than fits */
bool tls_passphrase(const struct tls_config *cfg, char *out, size_t cap);

/* A CA to trust; the own certificate (@index 0) and its chain. */
int tls_ca_add(struct tls_build *build, const char *file, X509 *cert,
	       int index);
int tls_cert_add(struct tls_build *build, const char *file, X509 *cert,
		 int index);

/* external.c: a private key that is not here, after the certificate */
int tls_external_load(struct tls_build *build);
void tls_external_free(struct tls_external *external);

/* bio.c: SSL_read() and SSL_write() of a session end in its struct tls_io */
BIO_METHOD *tls_bio_method_new(void);

/* lean.c: NULL: the library's own */
OSSL_LIB_CTX *tls_lean_get(const struct tls_config *cfg);

/* pkcs12.c */
int tls_pkcs12_load(struct tls_build *build);

/* tls_asn1_seconds() - since 1970; 0: @when is NULL, or no time (expiry.c) */
int64_t tls_asn1_seconds(const ASN1_TIME *when);

/* tls_expiry_warn() - @what in @file ends soon, or has; @end NULL: never */
void tls_expiry_warn(struct tls_build *build, const char *file,
		     const char *what, const ASN1_TIME *end);

/* crl.c */
int tls_crl_load(struct tls_build *build);
void tls_crl_free(struct tls_crl *crl);

/* tls_crl_verify() - X509_verify_cert() with the lists as they are now */
int tls_crl_verify(struct tls_crl *crl, X509_STORE_CTX *store);

/* tls_crl_dir_check() - false: revoked, or not to be found out; @why says */
bool tls_crl_dir_check(const struct tls_crl *crl, const X509 *cert,
		       const char **why);

/* tls_crl_expiry() - the first next update, seconds since 1970; 0: none */
int64_t tls_crl_expiry(struct tls_crl *crl);

/* tls_crl_path() - of the file or directory, for messages; "" if none */
const char *tls_crl_path(const struct tls_crl *crl);

/* seen.c: chains whose signatures need not be verified again */
struct tls_seen *tls_seen_new(SSL_CTX *ssl);
void tls_seen_free(struct tls_seen *seen);

/*
 * tls_seen_verify() - in the place of the library's function for signatures and
 * dates. Context: any thread.
 */
int tls_seen_verify(struct tls_seen *seen, X509_STORE_CTX *store);

/* tls_seen_hits() - how many chains were known */
uint64_t tls_seen_hits(struct tls_seen *seen);

/* verify.c: the library's two callbacks; @arg is the context */
int tls_verify_callback(int is_ok, X509_STORE_CTX *store);
int tls_verify_chain(X509_STORE_CTX *store, void *arg);

/**
 * tls_rules_check() - is the peer's own certificate what we want (rules.c)
 * @chain: up to the CA; NULL when fingerprints alone decide
 * @why: reason of a refusal, filled
 *
 * Return: 0, or an X509_V_ERR_... for the library to make an alert of.
 */
int tls_rules_check(const struct tls_ctx *ctx, const X509 *cert,
		    STACK_OF(X509) *chain, char *why, size_t why_len);

/* tls_session_say() - keep why a step fails; what is known already is lost */
void tls_session_say(struct tls_session *session, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* tls_verify_explain() - put into @session->error why a step failed */
void tls_verify_explain(struct tls_session *session, int ssl_error);

/* identity.c */

/**
 * tls_subject_get() - subject as OpenVPN prints it (section 11.5)
 *
 * Return: string to be released with OPENSSL_free(), NULL when out of memory.
 */
char *tls_subject_get(const X509 *cert);

/**
 * tls_username_get() - the common name, or what x509-username-field says
 * @out: several fields are joined by underscores
 *
 * Return: 0, -ENOENT (there is none), -E2BIG (longer than @cap allows), -EINVAL
 * (not a text).
 */
int tls_username_get(const struct tls_ctx *ctx, const X509 *cert, char *out,
		     size_t cap);

/* tls_field_parse() - a field's name as configured; 0 or -EINVAL */
int tls_field_parse(const char *text, struct tls_field *out);

/* tls_serial_get() - in decimal; "" if it does not fit */
void tls_serial_get(const X509 *cert, char *out, size_t cap);

/* chain.c: of an established session; NULL: -ENOMEM, or longer than allowed */
struct tls_chain *tls_chain_new(const SSL *ssl, X509 *leaf);
void tls_chain_free(struct tls_chain *chain);

/* tls_peer_fill() - who @cert belongs to */
void tls_peer_fill(const struct tls_ctx *ctx, struct tls_peer *peer,
		   const X509 *cert);

#endif
