// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509v3.h>

#include "tls/internal.h"

/* the chain */

/* What an operator can do about it; "" when the reason says it all. */
static const char *verify_hint(int error)
{
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "; renew it, or check this machine's clock";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "; check the clocks of both machines";
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return "; no certificate of our CA file signed it";
	case X509_V_ERR_UNABLE_TO_GET_CRL:
		return "; the revocation file has no list of its issuer";
	case X509_V_ERR_CRL_HAS_EXPIRED:
		return "; make a new revocation list";
	case X509_V_ERR_INVALID_PURPOSE:
		return "; its extended key usage does not fit its role";
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return "; tls-cert-profile sets the limit";
	default:
		return "";
	}
}

static const char *verify_file(const struct tls_ctx *ctx, int error)
{
	switch (error) {
	case X509_V_ERR_CERT_REVOKED:
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_CRL_NOT_YET_VALID:
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
		return tls_crl_path(ctx->crl);
	default:
		return ctx->ca_path;
	}
}

/*
 * The certificate is not good enough: say why, and what the library shall tell
 * the peer.
 */
static void verify_refuse(struct tls_session *session, X509_STORE_CTX *store,
			  const X509 *cert, int depth, int error,
			  const char *reason)
{
	char *subject = cert ? tls_subject_get(cert) : NULL;

	tls_session_say(session, "peer certificate refused, depth %d, subject \"%.200s\": %.250s",
		 depth, subject ? subject : "", reason);
	OPENSSL_free(subject);
	X509_STORE_CTX_set_error(store, error);
}

static struct tls_session *session_of(X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store,
				SSL_get_ex_data_X509_STORE_CTX_idx());

	return SSL_get_app_data(ssl);
}

/* A list that is missing is only asked for where there is a file of lists. */
static bool is_forgivable(const struct tls_ctx *ctx, int error)
{
	return error == X509_V_ERR_UNABLE_TO_GET_CRL && ctx->is_crl_optional;
}

int tls_verify_callback(int is_ok, X509_STORE_CTX *store)
{
	struct tls_session *session = session_of(store);
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	int depth = X509_STORE_CTX_get_error_depth(store);
	int error = X509_STORE_CTX_get_error(store);
	char reason[TLS_ERROR_MAX];
	const char *why;

	if (!is_ok && is_forgivable(session->ctx, error)) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		is_ok = 1;
	}
	if (!is_ok) {
		snprintf(reason, sizeof(reason), "%s%s (%s)",
			 X509_verify_cert_error_string(error),
			 verify_hint(error), verify_file(session->ctx, error));
		verify_refuse(session, store, cert, depth, error, reason);
		return 0;
	}
	if (cert && !tls_crl_dir_check(session->ctx->crl, cert, &why)) {
		snprintf(reason, sizeof(reason), "%s (%s)", why,
			 tls_crl_path(session->ctx->crl));
		verify_refuse(session, store, cert, depth,
			      X509_V_ERR_CERT_REVOKED, reason);
		return 0;
	}
	return 1;
}

static int verify_signatures(X509_STORE_CTX *store)
{
	return tls_seen_verify(session_of(store)->ctx->seen, store);
}

/*
 * The whole of it: the chain up to a CA, unless fingerprints alone decide, then
 * the rules for the peer's own certificate.
 */
int tls_verify_chain(X509_STORE_CTX *store, void *arg)
{
	const struct tls_ctx *ctx = arg;
	struct tls_session *session = session_of(store);
	X509 *leaf = X509_STORE_CTX_get0_cert(store);
	char reason[TLS_ERROR_MAX];
	int ret = 1, error;

	X509_STORE_CTX_set_verify(store, verify_signatures);
	if (ctx->has_ca)
		ret = tls_crl_verify(ctx->crl, store);
	if (ret != 1)
		return ret;
	error = tls_rules_check(ctx, leaf, X509_STORE_CTX_get0_chain(store),
				reason, sizeof(reason));
	X509_STORE_CTX_set_error(store, X509_V_OK);
	if (!error)
		return 1;
	verify_refuse(session, store, leaf, 0, error, reason);
	return 0;
}

/* the handshake */

static const char *alert_hint(int alert)
{
	switch (alert) {
	case SSL_AD_UNKNOWN_CA:
		return "; it does not know the CA of our certificate";
	case SSL_AD_CERTIFICATE_EXPIRED:
		return "; our certificate has expired, or its clock is wrong";
	case SSL_AD_CERTIFICATE_REVOKED:
		return "; our certificate is revoked";
	case SSL_AD_PROTOCOL_VERSION:
		return "; compare tls-version-min and -max of both sides";
	case SSL_AD_HANDSHAKE_FAILURE:
		return "; compare tls-cipher, tls-groups and the certificates of both sides";
	case SSL3_AD_NO_CERTIFICATE:
	case TLS13_AD_CERTIFICATE_REQUIRED:
		return "; it wants a certificate of us: give \"cert\" and \"key\"";
	default:
		return "; its log says why";
	}
}

static const char *reason_hint(int reason)
{
	switch (reason) {
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
		return "; the peer has no certificate, or none of our CA";
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_NO_SUITABLE_KEY_SHARE:
	case SSL_R_NO_SHARED_GROUPS:
		return "; compare tls-cipher, tls-ciphersuites and tls-groups of both sides";
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_VERSION_TOO_LOW:
	case SSL_R_NO_PROTOCOLS_AVAILABLE:
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
		return "; compare tls-version-min and -max of both sides";
	case SSL_R_WRONG_CURVE:
		return "; tls-groups must have the curves of the certificates";
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_UNEXPECTED_MESSAGE:
		return "; the peer does not speak TLS, or not in this role";
	default:
		return "";
	}
}

void tls_verify_explain(struct tls_session *session, int ssl_error)
{
	unsigned long code = ERR_peek_last_error();
	int reason = ERR_GET_REASON(code);
	const char *phase = session->state == TLS_STATE_HANDSHAKE ?
			    "handshake" : "session";

	/* The verify callback knows better than "certificate verify failed". */
	if (session->error)
		return;
	if (ERR_GET_LIB(code) == ERR_LIB_SSL &&
	    reason >= SSL_AD_REASON_OFFSET) {
		int alert = reason - SSL_AD_REASON_OFFSET;

		tls_session_say(session, "TLS %s ended by the peer: %s%s", phase,
			 SSL_alert_desc_string_long(alert), alert_hint(alert));
		return;
	}
	if (code)
		tls_session_say(session, "TLS %s failed: %s%s", phase,
				tls_error_reason(), reason_hint(reason));
	else
		tls_session_say(session, "TLS %s failed: library error %d",
				phase, ssl_error);
}
