// SPDX-License-Identifier: GPL-2.0-or-later
/* management-external-key: the context uses a key that is not here. */
#include <errno.h>
#include <stdlib.h>

#include <openssl/err.h>

#include "tls/external.h"

#define PROVIDER "ovpn-external"

/* What an RSA key is good for that can do the old padding only. */
#define PKCS1_SIGALGS \
	"RSA+SHA512:RSA+SHA384:RSA+SHA256:" \
	"ECDSA+SHA512:ECDSA+SHA384:ECDSA+SHA256:ed25519:ed448"

struct tls_external {
	OSSL_LIB_CTX *lib;
	OSSL_PROVIDER *provider;
};

static const OSSL_ALGORITHM *provider_query(void *arg, int operation,
					    int *no_cache)
{
	(void)arg;
	*no_cache = 0;
	if (operation == OSSL_OP_KEYMGMT)
		return tls_external_keys;
	return operation == OSSL_OP_SIGNATURE ? tls_external_signatures : NULL;
}

static int provider_init(const OSSL_CORE_HANDLE *handle,
			 const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
			 void **arg)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION,
		  (void (*)(void))provider_query },
		{ 0, NULL },
	};
	static char none;

	(void)handle;
	(void)in;
	*out = functions;
	*arg = &none;
	return 1;
}

static int external_open(struct tls_external *external)
{
	external->lib = OSSL_LIB_CTX_new();
	if (!external->lib ||
	    OSSL_PROVIDER_add_builtin(external->lib, PROVIDER,
				      provider_init) != 1)
		return -ENOMEM;
	external->provider = OSSL_PROVIDER_load(external->lib, PROVIDER);
	return external->provider ? 0 : -ENOMEM;
}

void tls_external_free(struct tls_external *external)
{
	if (!external)
		return;
	if (external->provider)
		OSSL_PROVIDER_unload(external->provider);
	OSSL_LIB_CTX_free(external->lib);
	free(external);
}

/* Return: the key, NULL: OpenSSL's reason is on this thread. */
static EVP_PKEY *key_new(const struct tls_external *external,
			 struct tls_external_source *source)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(TLS_EXTERNAL_PARAM, &source,
						  sizeof(source)),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key = NULL;

	ctx = EVP_PKEY_CTX_new_from_name(external->lib,
					 EVP_PKEY_get0_type_name(source->public),
					 NULL);
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* TLS 1.3 knows no other padding than PSS. */
static int limit_rsa(struct tls_build *build)
{
	const struct tls_signer *signer = build->cfg->signer;
	SSL_CTX *ssl = build->ctx->ssl;

	if (signer->has_pss || signer->has_none)
		return 0;
	if (SSL_CTX_get_min_proto_version(ssl) > TLS1_2_VERSION)
		return tls_build_fail(build, "management-external-key: TLS 1.3 with an RSA key needs \"pss\" or \"nopadding\" behind it, if the program can do that");
	if (SSL_CTX_set_max_proto_version(ssl, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set1_sigalgs_list(ssl, PKCS1_SIGALGS) != 1)
		return tls_build_fail(build, "management-external-key: OpenSSL has nothing that signs with pkcs1: %s",
				      tls_error_reason());
	tls_build_warn(build, "management-external-key: without \"pss\" or \"nopadding\" behind it, an RSA key cannot do TLS 1.3, which is left out");
	return 0;
}

int tls_external_load(struct tls_build *build)
{
	SSL_CTX *ssl = build->ctx->ssl;
	X509 *cert = SSL_CTX_get0_certificate(ssl);
	struct tls_external_source source = {
		.public = cert ? X509_get0_pubkey(cert) : NULL,
		.signer = build->cfg->signer,
	};
	struct tls_external *external = calloc(1, sizeof(*external));
	EVP_PKEY *key;
	int ret;

	if (!external)
		return -ENOMEM;
	build->ctx->external = external;
	ret = external_open(external);
	if (ret)
		return ret;
	key = source.public ? key_new(external, &source) : NULL;
	if (!key)
		return tls_build_fail(build, "management-external-key: the certificate's key is none of RSA, EC, ED25519 and ED448");
	if (SSL_CTX_use_PrivateKey(ssl, key) != 1)
		ret = tls_build_fail(build, "management-external-key cannot be used: %s",
				     tls_error_reason());
	else if (EVP_PKEY_is_a(key, "RSA"))
		ret = limit_rsa(build);
	EVP_PKEY_free(key);
	return ret;
}
