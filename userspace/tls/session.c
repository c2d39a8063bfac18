// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "tls/internal.h"

struct tls_session *tls_session_new(struct tls_ctx *ctx)
{
	struct tls_session *session = calloc(1, sizeof(*session));
	BIO *bio = BIO_new(ctx->bio);

	if (session && bio)
		session->ssl = SSL_new(ctx->ssl);
	if (!session || !session->ssl ||
	    !SSL_set_app_data(session->ssl, session)) {
		if (session)
			SSL_free(session->ssl);
		BIO_free(bio);
		free(session);
		ERR_clear_error();
		return NULL;
	}
	BIO_set_data(bio, session);
	SSL_set_bio(session->ssl, bio, bio);
	if (ctx->is_server)
		SSL_set_accept_state(session->ssl);
	else
		SSL_set_connect_state(session->ssl);
	atomic_fetch_add_explicit(&ctx->refs, 1, memory_order_relaxed);
	session->ctx = ctx;
	session->state = TLS_STATE_HANDSHAKE;
	return session;
}

void tls_session_free(struct tls_session *session)
{
	if (!session)
		return;
	SSL_free(session->ssl);
	tls_chain_free(session->chain);
	tls_ctx_free(session->ctx);
	free(session->error);
	free(session->summary);
	mem_wipe(session, sizeof(*session));
	free(session);
}

void tls_session_say(struct tls_session *session, const char *fmt, ...)
{
	char text[TLS_ERROR_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	free(session->error);
	session->error = strdup(text);
}

/* what the other side is */

/* The group of the key exchange; "none" where there is none. */
static const char *group_name(SSL *ssl)
{
	int id = (int)SSL_get_negotiated_group(ssl);
	const char *name = id ? SSL_group_to_name(ssl, id) : NULL;

	return name ? name : id ? OBJ_nid2sn(id) : "none";
}

static void summary_fill(struct tls_session *session, X509 *cert)
{
	EVP_PKEY *key = cert ? X509_get0_pubkey(cert) : NULL;
	const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
	char out[256], group[64] = "";
	size_t len;
	int n;

	if (key && EVP_PKEY_is_a(key, "EC"))
		EVP_PKEY_get_group_name(key, group, sizeof(group), &len);
	n = snprintf(out, sizeof(out), "%s, cipher %s, group %s, ",
		     SSL_get_version(session->ssl),
		     SSL_CIPHER_get_name(SSL_get_current_cipher(session->ssl)),
		     group_name(session->ssl));
	len = sizeof(out) - (size_t)n;
	if (!cert)
		snprintf(out + n, len, "no peer certificate");
	else
		snprintf(out + n, len,
			 "peer certificate: %d bits %s%s%s, signature: %s",
			 key ? EVP_PKEY_get_bits(key) : 0,
			 type ? type : "unknown", group[0] ? " " : "", group,
			 OBJ_nid2sn(X509_get_signature_nid(cert)));
	session->summary = strdup(out);
}

static enum tls_state enter_failed(struct tls_session *session, int ssl_error)
{
	tls_verify_explain(session, ssl_error);
	session->state = TLS_STATE_FAILED;
	return session->state;
}

static enum tls_state enter_established(struct tls_session *session)
{
	X509 *cert = SSL_get1_peer_certificate(session->ssl);
	bool is_needed = session->ctx->peer_cert == TLS_PEER_CERT_REQUIRED;

	/* Verification is mandatory, whatever a cipher list allows. */
	if ((!cert && is_needed) ||
	    SSL_get_verify_result(session->ssl) != X509_V_OK) {
		tls_session_say(session,
				"TLS handshake failed: peer is not authenticated");
		X509_free(cert);
		return enter_failed(session, SSL_ERROR_SSL);
	}
	if (cert)
		tls_peer_fill(session->ctx, &session->peer, cert);
	if (cert && session->ctx->keeps_chain) {
		session->chain = tls_chain_new(session->ssl, cert);
		if (!session->chain) {
			tls_session_say(session,
					"TLS handshake failed: the peer's chain of certificates is too long");
			X509_free(cert);
			return enter_failed(session, SSL_ERROR_SSL);
		}
	}
	summary_fill(session, cert);
	X509_free(cert);
	session->state = TLS_STATE_ESTABLISHED;
	return session->state;
}

/* one step */

static bool is_retry(int ssl_error)
{
	return ssl_error == SSL_ERROR_WANT_READ ||
	       ssl_error == SSL_ERROR_WANT_WRITE;
}

static enum tls_state handshake(struct tls_session *session)
{
	int ret, ssl_error;

	ERR_clear_error();
	ret = SSL_do_handshake(session->ssl);
	if (ret == 1)
		return enter_established(session);
	ssl_error = SSL_get_error(session->ssl, ret);
	if (is_retry(ssl_error))
		return session->state;
	return enter_failed(session, ssl_error);
}

/* One SSL_write() per message: the receiver reads one record at a time. */
static enum tls_state write_messages(struct tls_session *session,
				     struct tls_io *io)
{
	const uint8_t *msg;
	int len, ret, ssl_error;

	while ((len = tls_io_get(&io->app_in, &msg)) >= 0) {
		ERR_clear_error();
		ret = SSL_write(session->ssl, msg, len);
		if (ret <= 0) {
			ssl_error = SSL_get_error(session->ssl, ret);
			if (is_retry(ssl_error))
				break;
			return enter_failed(session, ssl_error);
		}
		tls_io_drop(&io->app_in);
	}
	return session->state;
}

static enum tls_state read_messages(struct tls_session *session,
				    struct tls_io *io)
{
	uint8_t record[TLS_RECORD_MAX];
	int ret, ssl_error = SSL_ERROR_NONE;

	/* Read only what can be handed over; the rest waits in the library. */
	while (io->app_out.limit - io->app_out.len >=
	       sizeof(uint16_t) + sizeof(record)) {
		ERR_clear_error();
		ret = SSL_read(session->ssl, record, sizeof(record));
		if (ret <= 0) {
			ssl_error = SSL_get_error(session->ssl, ret);
			break;
		}
		if (tls_io_put(&io->app_out, record, (size_t)ret)) {
			tls_session_say(session,
					"TLS session failed: out of memory");
			session->state = TLS_STATE_FAILED;
			break;
		}
	}
	mem_wipe(record, sizeof(record));
	if (ssl_error == SSL_ERROR_NONE || is_retry(ssl_error))
		return session->state;
	if (ssl_error != SSL_ERROR_ZERO_RETURN)
		return enter_failed(session, ssl_error);
	(void)SSL_shutdown(session->ssl);
	session->state = TLS_STATE_CLOSED;
	return session->state;
}

void tls_session_refuse(struct tls_session *session)
{
	session->is_refused = true;
}

enum tls_state tls_session_step(struct tls_session *session,
				struct tls_io *io)
{
	session->io = io;
	if (session->is_refused && session->state == TLS_STATE_ESTABLISHED) {
		(void)SSL_shutdown(session->ssl);
		session->state = TLS_STATE_CLOSED;
	}
	if (session->state == TLS_STATE_HANDSHAKE)
		handshake(session);
	if (session->state == TLS_STATE_ESTABLISHED)
		read_messages(session, io);
	if (session->state == TLS_STATE_ESTABLISHED)
		write_messages(session, io);
	/* nobody will read the rest */
	if (session->state == TLS_STATE_FAILED ||
	    session->state == TLS_STATE_CLOSED)
		mem_buf_consume(&io->net_in, io->net_in.len);
	session->io = NULL;
	ERR_clear_error();
	return session->state;
}

const char *tls_session_error(const struct tls_session *session)
{
	return session->error ? session->error : "";
}

const char *tls_session_summary(const struct tls_session *session)
{
	return session->summary ? session->summary : "";
}

const struct tls_peer *tls_session_peer(const struct tls_session *session)
{
	return &session->peer;
}

const struct tls_chain *tls_session_chain(const struct tls_session *session)
{
	return session->chain;
}

int tls_session_export(struct tls_session *session, const char *label,
		       uint8_t *out, size_t len)
{
	int ret;

	if (session->state != TLS_STATE_ESTABLISHED)
		return -ENOTCONN;
	ret = SSL_export_keying_material(session->ssl, out, len, label,
					 strlen(label), NULL, 0, 0);
	ERR_clear_error();
	if (ret != 1) {
		mem_wipe(out, len);
		return -EIO;
	}
	return 0;
}
