/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TLS_INTERNAL_H
#define TLS_INTERNAL_H

#include <stdatomic.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "tls/tls.h"

#define TLS_ERROR_MAX		512
#define TLS_WARNINGS_MAX	1024

/*
 * Read-only once tls_ctx_new() has returned, except @refs; sessions on several
 * threads share it. Each session holds a reference: a reload may free the
 * owner's while handshakes run.
 */
struct tls_ctx {
	atomic_uint refs;
	SSL_CTX *ssl;
	bool is_server;
	enum tls_purpose peer_purpose;
	enum tls_name_type name_type;
	char *peer_name;
	char *ca_path;
	char *crl_path;			/* NULL: no revocation check */
	char warnings[TLS_WARNINGS_MAX];
};

struct tls_session {
	struct tls_ctx *ctx;		/* a reference */
	SSL *ssl;			/* owns both memory BIOs */
	BIO *from_net;
	BIO *to_net;
	enum tls_state state;
	struct tls_peer peer;
	char error[TLS_ERROR_MAX];
	char summary[256];
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

/* load.c: CA, certificates, key, CRL, DH. Return: 0, -EINVAL or -ENOMEM. */
int tls_load_all(struct tls_build *build);

/* verify.c */
int tls_verify_callback(int is_ok, X509_STORE_CTX *store);

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
 * tls_common_name_get() - the last CN of the subject
 *
 * Return: 0, -ENOENT (there is none), -E2BIG (longer than @cap allows).
 */
int tls_common_name_get(const X509 *cert, char *out, size_t cap);

/* tls_peer_fill() - who @cert belongs to */
void tls_peer_fill(struct tls_peer *peer, const X509 *cert);

#endif
