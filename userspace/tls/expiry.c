// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <string.h>

#include "tls/internal.h"

/* When what a context works with ends. */

int64_t tls_asn1_seconds(const ASN1_TIME *when)
{
	struct tm tm;

	return when && ASN1_TIME_to_tm(when, &tm) ? timegm(&tm) : 0;
}

static void take_earlier(int64_t *out, const ASN1_TIME *when)
{
	int64_t at = tls_asn1_seconds(when);

	if (at && (!*out || at < *out))
		*out = at;
}

void tls_ctx_expiry(const struct tls_ctx *ctx, struct tls_expiry *out)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx->ssl);
	const X509 *cert = SSL_CTX_get0_certificate(ctx->ssl);
	STACK_OF(X509) *all = X509_STORE_get1_all_certs(store);

	memset(out, 0, sizeof(*out));
	if (cert) {
		out->cert = tls_asn1_seconds(X509_get0_notAfter(cert));
		out->cert_from = tls_asn1_seconds(X509_get0_notBefore(cert));
	}
	for (int i = 0; all && i < sk_X509_num(all); i++)
		take_earlier(&out->ca,
			     X509_get0_notAfter(sk_X509_value(all, i)));
	sk_X509_pop_free(all, X509_free);
	if (ctx->crl)
		out->crl = tls_crl_expiry(ctx->crl);
}
