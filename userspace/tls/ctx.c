// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "tls/internal.h"

int tls_build_fail(struct tls_build *build, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(build->err, build->err_len, fmt, args);
	va_end(args);
	ERR_clear_error();
	return -EINVAL;
}

void tls_build_warn(struct tls_build *build, const char *fmt, ...)
{
	char *warnings = build->ctx->warnings;
	size_t len = strlen(warnings);
	va_list args;

	if (len) {
		snprintf(warnings + len, TLS_WARNINGS_MAX - len, "; ");
		len = strlen(warnings);
	}
	va_start(args, fmt);
	vsnprintf(warnings + len, TLS_WARNINGS_MAX - len, fmt, args);
	va_end(args);
}

const char *tls_error_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason ? reason : "unknown error";
}

static int name_copy(struct tls_build *build)
{
	const struct tls_config *cfg = build->cfg;
	struct tls_ctx *ctx = build->ctx;

	ctx->name_type = cfg->name_type;
	if (cfg->name_type == TLS_NAME_NONE)
		return 0;
	if (!cfg->peer_name || !*cfg->peer_name)
		return tls_build_fail(build, "verify-x509-name: the name is missing");
	ctx->peer_name = strdup(cfg->peer_name);
	return ctx->peer_name ? 0 : -ENOMEM;
}

static int hashes_copy(struct tls_build *build)
{
	const struct tls_config *cfg = build->cfg;
	struct tls_ctx *ctx = build->ctx;

	ctx->is_hash_of_issuer = cfg->is_hash_of_issuer;
	if (!cfg->n_hashes)
		return 0;
	if (cfg->is_hash_of_issuer && !ctx->has_ca)
		return tls_build_fail(build, "verify-hash is about the certificate that signed the peer's; give it with \"ca FILE\"");
	ctx->hashes = calloc(cfg->n_hashes, sizeof(*ctx->hashes));
	if (!ctx->hashes)
		return -ENOMEM;
	memcpy(ctx->hashes, cfg->hashes,
	       cfg->n_hashes * sizeof(*ctx->hashes));
	ctx->n_hashes = cfg->n_hashes;
	return 0;
}

static int usages_copy(struct tls_build *build)
{
	const struct tls_config *cfg = build->cfg;
	struct tls_ctx *ctx = build->ctx;

	ctx->needs_key_usage = cfg->needs_key_usage;
	if (cfg->n_key_usages > TLS_KEY_USAGES_MAX)
		return tls_build_fail(build, "remote-cert-ku: at most %d values",
				      TLS_KEY_USAGES_MAX);
	for (size_t i = 0; i < cfg->n_key_usages; i++)
		ctx->key_usages[i] = cfg->key_usages[i];
	ctx->n_key_usages = cfg->n_key_usages;
	if (!cfg->ext_usage)
		return 0;
	ctx->ext_usage = OBJ_txt2obj(cfg->ext_usage, 0);
	if (ctx->ext_usage)
		return 0;
	return tls_build_fail(build, "remote-cert-eku: \"%s\" is no usage that OpenSSL knows; write its number, as 1.3.6.1.5.5.7.3.2",
			      cfg->ext_usage);
}

static int fields_copy(struct tls_build *build)
{
	const char *const *name = build->cfg->username_fields;
	struct tls_ctx *ctx = build->ctx;

	for (; name && *name; name++) {
		if (ctx->n_fields == TLS_FIELDS_MAX)
			return tls_build_fail(build, "x509-username-field: at most %d fields",
					      TLS_FIELDS_MAX);
		if (tls_field_parse(*name, &ctx->fields[ctx->n_fields++]))
			return tls_build_fail(build, "x509-username-field: unknown field \"%s\"; write for example CN, emailAddress, serialNumber or ext:subjectAltName",
					      *name);
	}
	return 0;
}

static int rules_copy(struct tls_build *build)
{
	const struct tls_config *cfg = build->cfg;
	struct tls_ctx *ctx = build->ctx;
	int ret;

	ctx->is_server = cfg->is_server;
	ctx->peer_purpose = cfg->peer_purpose;
	ctx->peer_cert = cfg->is_server ? cfg->peer_cert :
					  TLS_PEER_CERT_REQUIRED;
	ctx->has_ca = cfg->ca.text || cfg->ca_dir || cfg->pkcs12.text;
	ctx->is_crl_optional = cfg->ca_dir && !cfg->crl.text;
	ctx->keeps_chain = cfg->keeps_chain;
	ctx->ca_path = strdup(cfg->ca.path ? cfg->ca.path :
			      cfg->ca_dir ? cfg->ca_dir : "ca");
	if (!ctx->ca_path)
		return -ENOMEM;
	ret = name_copy(build);
	if (!ret)
		ret = hashes_copy(build);
	if (!ret)
		ret = usages_copy(build);
	return ret ? ret : fields_copy(build);
}

static int verify_mode(const struct tls_ctx *ctx)
{
	switch (ctx->peer_cert) {
	case TLS_PEER_CERT_REQUIRED:
		return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	case TLS_PEER_CERT_OPTIONAL:
		return SSL_VERIFY_PEER;
	case TLS_PEER_CERT_NONE:
		return SSL_VERIFY_NONE;
	}
	return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

/* Before anything else is asked of the library. */
static int providers_load(struct tls_build *build)
{
	const char *const *name = build->cfg->providers;
	struct tls_ctx *ctx = build->ctx;

	for (; name && *name; name++) {
		OSSL_PROVIDER *it = OSSL_PROVIDER_load(NULL, *name);

		if (!it || ctx->n_providers == TLS_PROVIDERS_MAX)
			return tls_build_fail(build, "providers: OpenSSL cannot load \"%s\"; see: openssl list -providers -provider %s",
					      *name, *name);
		ctx->providers[ctx->n_providers++] = it;
	}
	return 0;
}

int tls_ctx_new(const struct tls_config *cfg, struct tls_ctx **out, char *err,
		size_t err_len)
{
	struct tls_build build = {
		.cfg = cfg, .err = err, .err_len = err_len,
	};
	struct tls_ctx *ctx;
	int ret;

	*out = NULL;
	snprintf(err, err_len, "out of memory");
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	atomic_init(&ctx->refs, 1);
	build.ctx = ctx;
	ret = providers_load(&build);
	if (!ret) {
		ctx->bio = tls_bio_method_new();
		ctx->ssl = SSL_CTX_new_ex(tls_lean_get(cfg), NULL,
					  TLS_method());
		ret = ctx->bio && ctx->ssl ? rules_copy(&build) : -ENOMEM;
	}
	if (!ret)
		ret = tls_settings_apply(&build);
	if (!ret)
		ret = tls_load_all(&build);
	ERR_clear_error();
	if (ret) {
		tls_ctx_free(ctx);
		return ret;
	}
	ctx->seen = tls_seen_new(ctx->ssl);
	if (!ctx->seen) {
		snprintf(err, err_len, "out of memory");
		tls_ctx_free(ctx);
		return -ENOMEM;
	}
	SSL_CTX_set_verify(ctx->ssl, verify_mode(ctx), tls_verify_callback);
	SSL_CTX_set_cert_verify_callback(ctx->ssl, tls_verify_chain, ctx);
	err[0] = '\0';
	*out = ctx;
	return 0;
}

void tls_ctx_free(struct tls_ctx *ctx)
{
	if (!ctx)
		return;
	if (atomic_fetch_sub_explicit(&ctx->refs, 1, memory_order_acq_rel) > 1)
		return;
	SSL_CTX_free(ctx->ssl);
	BIO_meth_free(ctx->bio);
	tls_external_free(ctx->external);
	tls_crl_free(ctx->crl);
	tls_seen_free(ctx->seen);
	ASN1_OBJECT_free(ctx->ext_usage);
	while (ctx->n_providers)
		OSSL_PROVIDER_unload(ctx->providers[--ctx->n_providers]);
	free(ctx->hashes);
	free(ctx->peer_name);
	free(ctx->ca_path);
	free(ctx);
}

const char *tls_ctx_warnings(const struct tls_ctx *ctx)
{
	return ctx->warnings;
}

const char *tls_library(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}
