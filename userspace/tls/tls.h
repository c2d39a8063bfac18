/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem/mem.h"

/*
 * Control channel TLS: the only user of OpenSSL's SSL_* functions. A session
 * talks through memory, never through a socket. tls_session_step() does the
 * expensive work, and runs on a worker thread until the session is established:
 * it and its struct tls_io are handed over whole and touched by nobody else
 * meanwhile. After that only short records are left, for any thread.
 */

struct tls_ctx;
struct tls_session;

/** struct tls_blob - a file, or the text of an inline block */
struct tls_blob {
	const char *path;	/* for messages; "[inline]" for blocks */
	const char *text;	/* NULL: not configured */
	size_t len;
};

enum tls_name_type {
	TLS_NAME_NONE,
	TLS_NAME_SUBJECT,	/* verify-x509-name … subject */
	TLS_NAME_NAME,		/* … name: CN equals */
	TLS_NAME_PREFIX,	/* … name-prefix */
};

enum tls_purpose {
	TLS_PURPOSE_ANY,
	TLS_PURPOSE_SERVER,	/* remote-cert-tls server */
	TLS_PURPOSE_CLIENT,	/* remote-cert-tls client */
};

/* whether clients have to show a certificate (verify-client-cert) */
enum tls_peer_cert {
	TLS_PEER_CERT_REQUIRED,
	TLS_PEER_CERT_OPTIONAL,
	TLS_PEER_CERT_NONE,	/* they are not asked for one */
};

/* a private key that somebody else has */

#define TLS_SIGN_MAX	2048	/* bytes: RSA with 16384 bits */

enum tls_sign_scheme {
	TLS_SIGN_RSA_PKCS1,
	TLS_SIGN_RSA_PSS,	/* with a salt as long as the digest */
	TLS_SIGN_RSA_NONE,	/* padded already, as long as the modulus */
	TLS_SIGN_ECDSA,
	TLS_SIGN_ED25519,
	TLS_SIGN_ED448,
};

/**
 * struct tls_sign - a signature that a handshake needs
 * @digest: "SHA256"; NULL: the scheme has its own
 * @is_message: @data is what is to be hashed and signed. If not, it is a
 *	digest, with TLS_SIGN_RSA_PKCS1 in its DigestInfo (RFC 8017, 9.2)
 * @is_good: is it a signature by the key? @self: this structure
 */
struct tls_sign {
	enum tls_sign_scheme scheme;
	const char *digest;
	bool is_message;
	const uint8_t *data;
	size_t len;
	bool (*is_good)(const struct tls_sign *self, const uint8_t *sig,
			size_t len);
};

/**
 * struct tls_signer - who signs
 * @sign: @out has room for TLS_SIGN_MAX bytes. Return: 0 or -errno
 * @has_pkcs1, @has_pss, @has_none: what it can do with an RSA key, one at least
 * @has_digest: it gets messages, and hashes them itself
 *
 * Context of @sign: a thread that steps a session; it may wait, and the
 * handshake does, too.
 */
struct tls_signer {
	int (*sign)(void *arg, const struct tls_sign *what, uint8_t *out,
		    size_t *len);
	void *arg;
	bool has_pkcs1, has_pss, has_none, has_digest;
};

#define TLS_HASH_SHA1_LEN	20
#define TLS_HASH_SHA256_LEN	32
#define TLS_SERIAL_MAX		64
#define TLS_USERNAME_MAX	65

/** struct tls_hash - fingerprint of a certificate; the length says which */
struct tls_hash {
	uint8_t digest[TLS_HASH_SHA256_LEN];
	size_t len;
};

/**
 * struct tls_config - borrowed during tls_ctx_new() only
 * @ca_dir: directory of CA certificates and lists of revoked ones, by hash
 * @crl: when it has a path, the file is read again when it has changed
 * @crl_dir: directory with a file named after each serial number revoked
 * @pkcs12: in the place of @cert, @key and, if that is missing, @ca; DER, or
 *	base64
 * @hashes: one of them the peer's certificate must have; without @ca and
 *	@ca_dir nothing else is asked of its chain
 * @is_hash_of_issuer: ... or the certificate that signed it
 * @needs_key_usage: there must be a key usage, with all bits of one of
 *	@key_usages if there are any
 * @ext_usage: name or number of an extended key usage
 * @username_fields: NULL-terminated; NULL: the common name
 * @keeps_chain: tls_session_chain() is wanted
 * @signer: in the place of @key; NULL: nobody
 */
struct tls_config {
	bool is_server;
	struct tls_blob ca, cert, key, dh, extra_certs, crl, pkcs12;
	const char *ca_dir, *crl_dir;
	const char *version_min;	/* "1.2"; NULL: 1.2 */
	const char *version_max;	/* NULL: highest */
	struct tls_blob key_pass;	/* of key or pkcs12: the first line */
	const char *cipher_list;	/* TLS ≤ 1.2, IANA or OpenSSL names */
	const char *ciphersuites;	/* TLS 1.3 */
	const char *const *providers;	/* NULL-terminated, or NULL */
	const char *groups;
	const char *cert_profile;	/* "preferred"…; NULL: legacy */
	enum tls_purpose peer_purpose;
	enum tls_name_type name_type;
	const char *peer_name;
	enum tls_peer_cert peer_cert;	/* server role */
	const struct tls_hash *hashes;
	size_t n_hashes;
	bool is_hash_of_issuer;
	bool needs_key_usage;
	const unsigned int *key_usages;
	size_t n_key_usages;
	const char *ext_usage;
	const char *const *username_fields;
	bool keeps_chain;
	const struct tls_signer *signer;
};

/**
 * tls_ctx_new() - load certificates and settings
 * @err: what is wrong with which file, one line, for the operator
 *
 * Return: 0 and @out (of the caller), or with @err filled -EINVAL, -ENOMEM,
 * -ENOKEY (there is no passphrase, but one is needed) or -EKEYREJECTED (it is
 * the wrong one).
 */
int tls_ctx_new(const struct tls_config *cfg, struct tls_ctx **out, char *err,
		size_t err_len);
void tls_ctx_free(struct tls_ctx *ctx);

/** tls_ctx_warnings() - expiring certificates and the like; "" if none */
const char *tls_ctx_warnings(const struct tls_ctx *ctx);

/**
 * struct tls_expiry - seconds since 1970; 0: there is none
 * @cert, @cert_from: the own certificate, its end and beginning
 * @ca: the first of the trusted ones
 * @crl: the first of the revocation lists, by its next update
 */
struct tls_expiry {
	int64_t cert, cert_from, ca, crl;
};

/** tls_ctx_expiry() - when what the context works with ends */
void tls_ctx_expiry(const struct tls_ctx *ctx, struct tls_expiry *out);

enum tls_state {
	TLS_STATE_HANDSHAKE,
	TLS_STATE_ESTABLISHED,
	TLS_STATE_CLOSED,	/* peer sent close_notify */
	TLS_STATE_FAILED,
};

#define TLS_RECORD_MAX 2048	/* one message of the control channel (4.7) */

/**
 * struct tls_io - what goes into a step and what comes out of it
 * @net_in: ciphertext from the peer; consumed
 * @app_in: messages to encrypt: u16 length in host order, then the bytes, each
 *	message written by one SSL_write; left in place while the handshake runs
 * @net_out: ciphertext for the peer, appended
 * @app_out: messages received: u16 length in host order, then the bytes, one
 *	per SSL_read of at most TLS_RECORD_MAX
 */
struct tls_io {
	struct mem_buf net_in;
	struct mem_buf app_in;
	struct mem_buf net_out;
	struct mem_buf app_out;
};

void tls_io_init(struct tls_io *io);

/** tls_io_trim() - free the storage of what is empty */
void tls_io_trim(struct tls_io *io);
void tls_io_reset(struct tls_io *io);

/** tls_io_put() - append one message to @app_in or @app_out */
int tls_io_put(struct mem_buf *buf, const void *msg, size_t len);

/**
 * tls_io_get() - the first message of @app_in or @app_out
 *
 * Return: its length with @msg borrowed, -ENOENT when empty; drop it with
 * tls_io_drop().
 */
int tls_io_get(const struct mem_buf *buf, const uint8_t **msg);
void tls_io_drop(struct mem_buf *buf);

struct tls_session *tls_session_new(struct tls_ctx *ctx);
void tls_session_free(struct tls_session *session);

/**
 * tls_session_step() - drive handshake, reads and writes as far as they go
 *
 * Context: any thread, one at a time per session.
 * Return: the state afterwards. On TLS_STATE_FAILED a pending alert is in
 * @io->net_out and tls_session_error() says why.
 */
enum tls_state tls_session_step(struct tls_session *session,
				struct tls_io *io);

/**
 * tls_session_refuse() - the next step tells the peer that this is the end
 *
 * For a peer that has been found wanting behind the handshake. The step returns
 * TLS_STATE_CLOSED.
 */
void tls_session_refuse(struct tls_session *session);
const char *tls_session_error(const struct tls_session *session);

/*
 * Summary and peer do not change any more once a step has returned
 * TLS_STATE_ESTABLISHED: they may be read while a later step runs.
 */

/** tls_session_summary() - "TLSv1.3, cipher …, peer certificate: 256 bits EC …" */
const char *tls_session_summary(const struct tls_session *session);

/**
 * struct tls_peer - who the other side proved to be; valid when established
 */
struct tls_peer {
	char common_name[TLS_USERNAME_MAX];	/* or x509-username-field */
	char subject[256];
	char serial[TLS_SERIAL_MAX];	/* decimal */
	uint8_t fingerprint[32];	/* SHA-256 of the leaf certificate */
	bool has_cert;
};

const struct tls_peer *tls_session_peer(const struct tls_session *session);

#define TLS_CHAIN_MAX		16
#define TLS_SERIAL_HEX_MAX	64
#define TLS_ATTRIBUTES_MAX	32

/** struct tls_attribute - one of a subject; printable, @name is short: "CN" */
struct tls_attribute {
	char name[32];
	char *value;
};

/**
 * struct tls_cert - a certificate, for programs that judge it
 * @subject: as OpenVPN prints it (section 11.5)
 * @serial: decimal; @serial_hex: bytes, separated by colons; "" when too long
 */
struct tls_cert {
	char *subject;
	char serial[TLS_SERIAL_MAX];
	char serial_hex[TLS_SERIAL_HEX_MAX];
	uint8_t sha1[TLS_HASH_SHA1_LEN];
	uint8_t sha256[TLS_HASH_SHA256_LEN];
	char *pem;
	struct tls_attribute attributes[TLS_ATTRIBUTES_MAX];
	size_t n_attributes;
};

/** struct tls_chain - from the peer's own certificate up to the CA */
struct tls_chain {
	struct tls_cert certs[TLS_CHAIN_MAX];
	size_t n;
};

/**
 * tls_session_chain() - the peer's certificates, with @keeps_chain
 *
 * Return: NULL when the peer has shown none. Constant once established.
 */
const struct tls_chain *tls_session_chain(const struct tls_session *session);

/** tls_library() - name and version of what does the work, as it says */
const char *tls_library(void);

/**
 * tls_session_export() - keying material, RFC 5705 and 8446, without context
 *
 * Return: 0, -ENOTCONN (not established), -EIO.
 */
int tls_session_export(struct tls_session *session, const char *label,
		       uint8_t *out, size_t len);

#endif
