// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * OpenSSL 3.0 and 3.1 read a certificate's public key by asking each decoder of
 * each algorithm whether it is of use, and ask anew for each certificate: 1.5
 * million instructions, more than verifying a signature. 3.2 remembers the
 * answer. Before that, what helps is to have few decoders: the TLS contexts
 * live in a library context of their own, whose provider is the default one
 * without what no certificate in a handshake needs.
 *
 *	library context "lean"          library context "whole"
 *	  provider "ovpnd-lean"  ------>  provider "default"
 *	    algorithms of it, fewer
 *	    decoders and key types
 *
 * The algorithms are the default provider's, called directly: nothing is
 * implemented here. Keys are loaded elsewhere, in the library's own context,
 * where all formats are known; the library moves them over when it signs. Where
 * the administrator has chosen providers, FIPS or a token, nothing of this
 * happens: tls_lean_get() says that there is no such context.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include "tls/internal.h"

#define LEAN_FROM	0x30000000ul
#define LEAN_UNTIL	0x30200000ul	/* 3.2.0 */

/* of certificates, and what else TLS 1.2 and 1.3 make keys of */
static const char *const cert_keys[] = {
	"RSA", "RSA-PSS", "EC", "ED25519", "ED448",
};
static const char *const all_keys[] = {
	"RSA", "RSA-PSS", "EC", "ED25519", "ED448", "X25519", "X448", "DH",
	"DHX", "HMAC",
};

/*
 * Made once and never freed: contexts of TLS come and go with the
 * configuration. Read-only afterwards.
 */
static pthread_once_t lean_once = PTHREAD_ONCE_INIT;
static OSSL_LIB_CTX *lean, *whole;
static OSSL_PROVIDER *whole_default;
static OSSL_ALGORITHM *lean_decoders, *lean_keys;

/* Names of an algorithm are separated by colons, the usual one is first. */
static bool is_one_of(const OSSL_ALGORITHM *algorithm,
		      const char *const *names, size_t n)
{
	const char *first = algorithm->algorithm_names;
	size_t len = strcspn(first, ":");

	for (size_t i = 0; i < n; i++)
		if (strlen(names[i]) == len &&
		    !strncasecmp(first, names[i], len))
			return true;
	return false;
}

static bool is_lean_decoder(const OSSL_ALGORITHM *it)
{
	return strstr(it->property_definition, "input=der") &&
	       strstr(it->property_definition,
		      "structure=SubjectPublicKeyInfo") &&
	       is_one_of(it, cert_keys, sizeof(cert_keys) / sizeof(*cert_keys));
}

static bool is_lean_key(const OSSL_ALGORITHM *it)
{
	return is_one_of(it, all_keys, sizeof(all_keys) / sizeof(*all_keys));
}

/* Return: an array with an empty element behind; NULL: none, or no memory. */
static OSSL_ALGORITHM *choose(int operation,
			      bool (*is_wanted)(const OSSL_ALGORITHM *it))
{
	const OSSL_ALGORITHM *all;
	OSSL_ALGORITHM *few;
	int no_cache = 0;
	size_t n = 0, k = 0;

	all = OSSL_PROVIDER_query_operation(whole_default, operation,
					    &no_cache);
	while (all && all[n].algorithm_names)
		n++;
	few = n && !no_cache ? calloc(n + 1, sizeof(*few)) : NULL;
	for (size_t i = 0; few && i < n; i++)
		if (is_wanted(&all[i]))
			few[k++] = all[i];
	if (k)
		return few;
	free(few);
	return NULL;
}

/* the provider: @ctx is the default one's */

static const OSSL_ALGORITHM *lean_query(void *ctx, int operation, int *no_cache)
{
	(void)ctx;
	*no_cache = 0;
	switch (operation) {
	case OSSL_OP_DECODER:
		return lean_decoders;
	case OSSL_OP_KEYMGMT:
		return lean_keys;
	default:
		return OSSL_PROVIDER_query_operation(whole_default, operation,
						     no_cache);
	}
}

static const OSSL_PARAM *lean_gettable(void *ctx)
{
	(void)ctx;
	return OSSL_PROVIDER_gettable_params(whole_default);
}

static int lean_get_params(void *ctx, OSSL_PARAM params[])
{
	(void)ctx;
	return OSSL_PROVIDER_get_params(whole_default, params);
}

/* Groups of TLS are capabilities. */
static int lean_capabilities(void *ctx, const char *name, OSSL_CALLBACK *tell,
			     void *arg)
{
	(void)ctx;
	return OSSL_PROVIDER_get_capabilities(whole_default, name, tell, arg);
}

static int lean_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
		     const OSSL_DISPATCH **out, void **ctx)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION,
		  (void (*)(void))lean_query },
		{ OSSL_FUNC_PROVIDER_GETTABLE_PARAMS,
		  (void (*)(void))lean_gettable },
		{ OSSL_FUNC_PROVIDER_GET_PARAMS,
		  (void (*)(void))lean_get_params },
		{ OSSL_FUNC_PROVIDER_GET_CAPABILITIES,
		  (void (*)(void))lean_capabilities },
		{ 0, NULL },
	};

	(void)core;
	(void)in;
	*out = functions;
	*ctx = OSSL_PROVIDER_get0_provider_ctx(whole_default);
	return 1;
}

static int is_plain(OSSL_PROVIDER *provider, void *arg)
{
	static const char *const plain[] = { "default", "base", "legacy" };
	const char *name = OSSL_PROVIDER_get0_name(provider);

	(void)arg;
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (!strcmp(name, plain[i]))
			return 1;
	return 0;
}

static void lean_make(void)
{
	unsigned long version = OpenSSL_version_num();

	if (version < LEAN_FROM || version >= LEAN_UNTIL)
		return;
	whole = OSSL_LIB_CTX_new();
	lean = OSSL_LIB_CTX_new();
	whole_default = whole ? OSSL_PROVIDER_load(whole, "default") : NULL;
	if (lean && whole_default) {
		lean_decoders = choose(OSSL_OP_DECODER, is_lean_decoder);
		lean_keys = choose(OSSL_OP_KEYMGMT, is_lean_key);
		if (lean_decoders && lean_keys &&
		    OSSL_PROVIDER_add_builtin(lean, "ovpnd-lean", lean_init) &&
		    OSSL_PROVIDER_load(lean, "ovpnd-lean"))
			return;
	}
	/* what was made stays: this does not happen twice */
	ERR_clear_error();
	OSSL_LIB_CTX_free(lean);
	lean = NULL;
}

/**
 * tls_lean_get() - a library context that reads certificates faster
 * @cfg: what is configured
 *
 * Return: valid for ever; NULL: the library's own one is to be used, because it
 * is fast, or because the administrator has chosen what is in it.
 */
OSSL_LIB_CTX *tls_lean_get(const struct tls_config *cfg)
{
	if ((cfg->providers && cfg->providers[0]) || cfg->signer ||
	    EVP_default_properties_is_fips_enabled(NULL) ||
	    OSSL_PROVIDER_do_all(NULL, is_plain, NULL) != 1)
		return NULL;
	pthread_once(&lean_once, lean_make);
	return lean;
}
