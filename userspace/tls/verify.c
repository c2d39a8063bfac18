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
		return ctx->crl_path ? ctx->crl_path : "";
	default:
		return ctx->ca_path;
	}
}

static void __attribute__((format(printf, 4, 5)))
verify_refuse(struct tls_session *session, X509_STORE_CTX *store, int error,
	      const char *fmt, ...)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	char *subject = cert ? tls_subject_get(cert) : NULL;
	char reason[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	snprintf(session->error, sizeof(session->error),
		 "peer certificate refused, depth %d, subject \"%.200s\": %s",
		 X509_STORE_CTX_get_error_depth(store),
		 subject ? subject : "", reason);
	OPENSSL_free(subject);
	X509_STORE_CTX_set_error(store, error);
}

/* rules for the peer's own certificate */

static bool purpose_check(struct tls_session *session, X509_STORE_CTX *store,
			  X509 *cert)
{
	uint32_t flags = X509_get_extension_flags(cert);
	uint32_t wanted = XKU_SSL_SERVER;
	const char *name = "server";

	if (session->ctx->peer_purpose == TLS_PURPOSE_ANY)
		return true;
	if (session->ctx->peer_purpose == TLS_PURPOSE_CLIENT) {
		wanted = XKU_SSL_CLIENT;
		name = "client";
	}
	if (!(flags & EXFLAG_KUSAGE)) {
		verify_refuse(session, store, X509_V_ERR_INVALID_PURPOSE,
			      "it has no key usage, which \"remote-cert-tls %s\" needs",
			      name);
		return false;
	}
	if (!(flags & EXFLAG_XKUSAGE) ||
	    !(X509_get_extended_key_usage(cert) & wanted)) {
		verify_refuse(session, store, X509_V_ERR_INVALID_PURPOSE,
			      "its extended key usage lacks %sAuth, which \"remote-cert-tls %s\" needs",
			      name, name);
		return false;
	}
	return true;
}

static bool name_check(struct tls_session *session, X509_STORE_CTX *store,
		       X509 *cert, const char *common_name)
{
	const char *want = session->ctx->peer_name;
	bool is_match = false;
	char *subject;

	switch (session->ctx->name_type) {
	case TLS_NAME_NONE:
		return true;
	case TLS_NAME_SUBJECT:
		subject = tls_subject_get(cert);
		is_match = subject && !strcmp(subject, want);
		OPENSSL_free(subject);
		break;
	case TLS_NAME_NAME:
		is_match = !strcmp(common_name, want);
		break;
	case TLS_NAME_PREFIX:
		is_match = !strncmp(common_name, want, strlen(want));
		break;
	}
	if (!is_match)
		verify_refuse(session, store,
			      X509_V_ERR_APPLICATION_VERIFICATION,
			      "verify-x509-name expects \"%.150s\"", want);
	return is_match;
}

static bool leaf_check(struct tls_session *session, X509_STORE_CTX *store)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	char common_name[sizeof(session->peer.common_name)];
	int ret = tls_common_name_get(cert, common_name, sizeof(common_name));

	if (ret) {
		verify_refuse(session, store,
			      X509_V_ERR_APPLICATION_VERIFICATION,
			      "its common name (CN) is %s",
			      ret == -E2BIG ? "longer than 64 bytes" :
					      "missing");
		return false;
	}
	return purpose_check(session, store, cert) &&
	       name_check(session, store, cert, common_name);
}

int tls_verify_callback(int is_ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store,
				SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_session *session = SSL_get_app_data(ssl);
	int error = X509_STORE_CTX_get_error(store);

	if (!is_ok) {
		verify_refuse(session, store, error, "%s%s (%s)",
			      X509_verify_cert_error_string(error),
			      verify_hint(error),
			      verify_file(session->ctx, error));
		return 0;
	}
	/*
	 * Called for depth 0 last, when all of the chain is fine; more than
	 * once when a list of revoked certificates is checked.
	 */
	if (X509_STORE_CTX_get_error_depth(store) == 0)
		return leaf_check(session, store);
	return 1;
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
	if (session->error[0])
		return;
	if (ERR_GET_LIB(code) == ERR_LIB_SSL &&
	    reason >= SSL_AD_REASON_OFFSET) {
		int alert = reason - SSL_AD_REASON_OFFSET;

		snprintf(session->error, sizeof(session->error),
			 "TLS %s ended by the peer: %s%s", phase,
			 SSL_alert_desc_string_long(alert), alert_hint(alert));
		return;
	}
	if (code)
		snprintf(session->error, sizeof(session->error),
			 "TLS %s failed: %s%s", phase, tls_error_reason(),
			 reason_hint(reason));
	else
		snprintf(session->error, sizeof(session->error),
			 "TLS %s failed: library error %d", phase, ssl_error);
}
