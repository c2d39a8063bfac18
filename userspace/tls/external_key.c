// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of our provider (provider-keymgmt(7)). */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>

#include "tls/external.h"

/* Where only the public half is meant, or what belongs to it. */
#define HAS_PUBLIC \
	(OSSL_KEYMGMT_SELECT_PUBLIC_KEY | OSSL_KEYMGMT_SELECT_ALL_PARAMETERS)

static void *key_new(const char *type)
{
	struct tls_external_key *key = calloc(1, sizeof(*key));

	if (key)
		key->type = type;
	return key;
}

static void *rsa_new(void *arg)
{
	(void)arg;
	return key_new("RSA");
}

static void *ec_new(void *arg)
{
	(void)arg;
	return key_new("EC");
}

static void *ed25519_new(void *arg)
{
	(void)arg;
	return key_new("ED25519");
}

static void *ed448_new(void *arg)
{
	(void)arg;
	return key_new("ED448");
}

static void key_free(void *arg)
{
	struct tls_external_key *key = arg;

	if (!key)
		return;
	EVP_PKEY_free(key->public);
	free(key);
}

static int key_has(const void *arg, int selection)
{
	const struct tls_external_key *key = arg;

	if (!key || ((selection & HAS_PUBLIC) && !key->public))
		return 0;
	return !(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) ||
	       key->has_private;
}

static int key_match(const void *one, const void *two, int selection)
{
	const struct tls_external_key *a = one, *b = two;

	(void)selection;
	return a->public && b->public &&
	       EVP_PKEY_eq(a->public, b->public) == 1;
}

static int import_own(struct tls_external_key *key, const OSSL_PARAM *param)
{
	struct tls_external_source *source;

	if (param->data_type != OSSL_PARAM_OCTET_STRING ||
	    param->data_size != sizeof(source))
		return 0;
	memcpy(&source, param->data, sizeof(source));
	if (!EVP_PKEY_is_a(source->public, key->type) ||
	    !EVP_PKEY_up_ref(source->public))
		return 0;
	key->public = source->public;
	key->signer = *source->signer;
	key->has_private = true;
	return 1;
}

/* The library's way to compare a key of its own with one of ours. */
static int key_import(void *arg, int selection, const OSSL_PARAM *params)
{
	struct tls_external_key *key = arg;
	const OSSL_PARAM *own = OSSL_PARAM_locate_const(params,
							TLS_EXTERNAL_PARAM);
	EVP_PKEY_CTX *ctx;
	int ret;

	(void)selection;
	if (!key || key->public)
		return 0;
	if (own)
		return import_own(key, own);
	ctx = EVP_PKEY_CTX_new_from_name(NULL, key->type, NULL);
	ret = ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
	      EVP_PKEY_fromdata(ctx, &key->public, EVP_PKEY_PUBLIC_KEY,
				(OSSL_PARAM *)params) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ret;
}

static const OSSL_PARAM *key_import_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_octet_string(TLS_EXTERNAL_PARAM, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)selection;
	return types;
}

/* Bits, size, group: those of the public half. */
static int key_get(void *arg, OSSL_PARAM params[])
{
	struct tls_external_key *key = arg;

	return key->public && EVP_PKEY_get_params(key->public, params);
}

static const OSSL_PARAM *key_gettable(void *arg)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL,
				       0),
		OSSL_PARAM_END,
	};

	(void)arg;
	return types;
}

static const char *key_operation(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? TLS_EXTERNAL_SIGNATURE : NULL;
}

#define FUNCTION(id, function) { id, (void (*)(void))(function) }

#define KEY_TYPE(name, new_fn) \
static const OSSL_DISPATCH name[] = { \
	FUNCTION(OSSL_FUNC_KEYMGMT_NEW, new_fn), \
	FUNCTION(OSSL_FUNC_KEYMGMT_FREE, key_free), \
	FUNCTION(OSSL_FUNC_KEYMGMT_HAS, key_has), \
	FUNCTION(OSSL_FUNC_KEYMGMT_MATCH, key_match), \
	FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT, key_import), \
	FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_import_types), \
	FUNCTION(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get), \
	FUNCTION(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable), \
	FUNCTION(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, key_operation), \
	{ 0, NULL }, \
}

KEY_TYPE(rsa_functions, rsa_new);
KEY_TYPE(ec_functions, ec_new);
KEY_TYPE(ed25519_functions, ed25519_new);
KEY_TYPE(ed448_functions, ed448_new);

/* Names as those of OpenSSL's own: a key is of the type that they say. */
const OSSL_ALGORITHM tls_external_keys[] = {
	{ "RSA:rsaEncryption", "provider=ovpn-external", rsa_functions, NULL },
	{ "EC:id-ecPublicKey", "provider=ovpn-external", ec_functions, NULL },
	{ "ED25519", "provider=ovpn-external", ed25519_functions, NULL },
	{ "ED448", "provider=ovpn-external", ed448_functions, NULL },
	{ NULL, NULL, NULL, NULL },
};
