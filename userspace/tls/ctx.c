// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static int rules_copy(struct tls_build *build)
{
	const struct tls_config *cfg = build->cfg;
	struct tls_ctx *ctx = build->ctx;

	ctx->is_server = cfg->is_server;
	ctx->peer_purpose = cfg->peer_purpose;
	ctx->name_type = cfg->name_type;
	if (cfg->name_type != TLS_NAME_NONE) {
		if (!cfg->peer_name || !*cfg->peer_name)
			return tls_build_fail(build, "verify-x509-name: the name is missing");
		ctx->peer_name = strdup(cfg->peer_name);
		if (!ctx->peer_name)
			return -ENOMEM;
	}
	ctx->ca_path = strdup(cfg->ca.path ? cfg->ca.path : "ca");
	if (!ctx->ca_path)
		return -ENOMEM;
	if (cfg->crl.text) {
		ctx->crl_path = strdup(cfg->crl.path ? cfg->crl.path : "crl");
		if (!ctx->crl_path)
			return -ENOMEM;
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
	int ret = -ENOMEM;

	*out = NULL;
	snprintf(err, err_len, "out of memory");
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	atomic_init(&ctx->refs, 1);
	build.ctx = ctx;
	ctx->ssl = SSL_CTX_new(TLS_method());
	if (ctx->ssl)
		ret = rules_copy(&build);
	if (!ret)
		ret = tls_settings_apply(&build);
	if (!ret)
		ret = tls_load_all(&build);
	ERR_clear_error();
	if (ret) {
		tls_ctx_free(ctx);
		return ret;
	}
	SSL_CTX_set_verify(ctx->ssl,
			   SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			   tls_verify_callback);
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
	free(ctx->peer_name);
	free(ctx->ca_path);
	free(ctx->crl_path);
	free(ctx);
}

const char *tls_ctx_warnings(const struct tls_ctx *ctx)
{
	return ctx->warnings;
}
