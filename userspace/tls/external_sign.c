// SPDX-License-Identifier: GPL-2.0-or-later
/* Signatures of our provider (provider-signature(7)): somebody is asked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "tls/external.h"

#define DER_MAX		(EVP_MAX_MD_SIZE + 64)	/* a DigestInfo */
#define PSS_TRAILER	0xbc

/* struct signing - one signature in the making; @digest NULL: none */
struct signing {
	const struct tls_external_key *key;
	EVP_MD *digest;
	int padding;
	const uint8_t *message;
	size_t message_len;
};

/**
 * struct question - a signature that is asked for
 * @what: what is asked
 * @signing: what the answer is checked with
 * @data: that @what points to, if it is not the message
 */
struct question {
	struct tls_sign what;
	const struct signing *signing;
	uint8_t data[TLS_SIGN_MAX];
};

static void *sign_new(void *arg, const char *properties)
{
	struct signing *signing = calloc(1, sizeof(*signing));

	(void)arg;
	(void)properties;
	if (signing)
		signing->padding = RSA_PKCS1_PADDING;
	return signing;
}

static void sign_free(void *arg)
{
	struct signing *signing = arg;

	if (!signing)
		return;
	EVP_MD_free(signing->digest);
	free(signing);
}

/* ---- what libssl says about it ---------------------------------------- */

static int padding_set(struct signing *signing, const OSSL_PARAM *param)
{
	int padding = 0;

	if (param->data_type == OSSL_PARAM_UTF8_STRING)
		padding = !strcmp(param->data, OSSL_PKEY_RSA_PAD_MODE_PSS) ?
			  RSA_PKCS1_PSS_PADDING :
			  !strcmp(param->data, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) ?
			  RSA_PKCS1_PADDING : 0;
	else if (!OSSL_PARAM_get_int(param, &padding))
		return 0;
	if (padding != RSA_PKCS1_PADDING && padding != RSA_PKCS1_PSS_PADDING)
		return 0;
	signing->padding = padding;
	return 1;
}

/* TLS has no other length than that of the digest. */
static int salt_check(const OSSL_PARAM *param)
{
	int len = 0;

	if (param->data_type == OSSL_PARAM_UTF8_STRING)
		return !strcmp(param->data, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST);
	return OSSL_PARAM_get_int(param, &len) && len == RSA_PSS_SALTLEN_DIGEST;
}

static int sign_set(void *arg, const OSSL_PARAM params[])
{
	struct signing *signing = arg;
	const OSSL_PARAM *param;

	if (!params)
		return 1;
	param = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
	if (param && !padding_set(signing, param))
		return 0;
	param = OSSL_PARAM_locate_const(params,
					OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
	return !param || salt_check(param);
}

static const OSSL_PARAM *sign_settable(void *arg, void *provider)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL,
				       0),
		OSSL_PARAM_END,
	};

	(void)arg;
	(void)provider;
	return types;
}

static int sign_init(void *arg, const char *digest, void *key,
		     const OSSL_PARAM params[])
{
	struct signing *signing = arg;

	if (key)
		signing->key = key;
	if (!signing->key || !signing->key->has_private)
		return 0;
	EVP_MD_free(signing->digest);
	signing->digest = NULL;
	if (digest && *digest) {
		signing->digest = EVP_MD_fetch(NULL, digest, NULL);
		if (!signing->digest)
			return 0;
	}
	return sign_set(signing, params);
}

/* ---- what is asked ---------------------------------------------------- */

static size_t digest_len(const struct signing *signing)
{
	return (size_t)EVP_MD_get_size(signing->digest);
}

static int digest_of(const struct signing *signing, uint8_t *out)
{
	return EVP_Digest(signing->message, signing->message_len, out, NULL,
			  signing->digest, NULL) == 1 ? 0 : -EIO;
}

/* RFC 8017, 9.2: the digest with its name around it. */
static int digest_info(const struct signing *signing, uint8_t *out,
		       size_t *len)
{
	uint8_t digest[EVP_MAX_MD_SIZE], *at = out;
	ASN1_OCTET_STRING *value;
	X509_ALGOR *name;
	X509_SIG *info;
	int n = -1;

	info = X509_SIG_new();
	if (info && !digest_of(signing, digest)) {
		X509_SIG_getm(info, &name, &value);
		if (X509_ALGOR_set0(name, OBJ_nid2obj(EVP_MD_get_type(
							signing->digest)),
				    V_ASN1_NULL, NULL) &&
		    ASN1_OCTET_STRING_set(value, digest,
					  (int)digest_len(signing)) &&
		    i2d_X509_SIG(info, NULL) <= DER_MAX)
			n = i2d_X509_SIG(info, &at);
	}
	X509_SIG_free(info);
	*len = n > 0 ? (size_t)n : 0;
	return n > 0 ? 0 : -EIO;
}

/* RFC 8017, 9.2: the old padding */
static int pad_pkcs1(const struct signing *signing, uint8_t *out, size_t size)
{
	uint8_t info[DER_MAX];
	size_t len;
	int ret = digest_info(signing, info, &len);

	if (ret || size < len + 11)
		return -EIO;
	out[0] = 0;
	out[1] = 1;
	memset(out + 2, 0xff, size - len - 3);
	out[size - len - 1] = 0;
	memcpy(out + size - len, info, len);
	return 0;
}

/* RFC 8017, B.2.1: xor a mask that is made of @seed over @out */
static int mask_xor(const EVP_MD *md, const uint8_t *seed, uint8_t *out,
		    size_t len)
{
	size_t hash_len = (size_t)EVP_MD_get_size(md);
	uint8_t in[EVP_MAX_MD_SIZE + 4], mask[EVP_MAX_MD_SIZE];

	memcpy(in, seed, hash_len);
	for (uint32_t n = 0; len; n++) {
		size_t part = len < hash_len ? len : hash_len;

		in[hash_len] = (uint8_t)(n >> 24);
		in[hash_len + 1] = (uint8_t)(n >> 16);
		in[hash_len + 2] = (uint8_t)(n >> 8);
		in[hash_len + 3] = (uint8_t)n;
		if (EVP_Digest(in, hash_len + 4, mask, NULL, md, NULL) != 1)
			return -EIO;
		for (size_t i = 0; i < part; i++)
			out[i] ^= mask[i];
		out += part;
		len -= part;
	}
	return 0;
}

/*
 * RFC 8017, 9.1.1, for a modulus of @bits:
 * mask(0 ... 0 1 salt) | hash(0*8 | digest | salt) | 0xbc
 */
static int pad_pss(const struct signing *signing, uint8_t *out, size_t size,
		   unsigned int bits)
{
	uint8_t in[8 + 2 * EVP_MAX_MD_SIZE] = { 0 }, *hash, *salt;
	size_t n = digest_len(signing), unused = 8 * size - (bits - 1);

	/* a modulus that begins with a whole byte of nothing has one more */
	if (unused >= 8) {
		*out++ = 0;
		size--;
		unused -= 8;
	}
	if (size < 2 * n + 2 || digest_of(signing, in + 8))
		return -EIO;
	hash = out + size - 1 - n;
	salt = hash - n;
	if (RAND_bytes(salt, (int)n) != 1)
		return -EIO;
	memcpy(in + 8 + n, salt, n);
	if (EVP_Digest(in, 8 + 2 * n, hash, NULL, signing->digest, NULL) != 1)
		return -EIO;
	memset(out, 0, (size_t)(salt - out));
	salt[-1] = 1;
	out[size - 1] = PSS_TRAILER;
	if (mask_xor(signing->digest, hash, out, (size_t)(hash - out)))
		return -EIO;
	out[0] &= (uint8_t)(0xff >> unused);
	return 0;
}

static int ask_unpadded(struct question *question)
{
	const struct signing *signing = question->signing;
	EVP_PKEY *public = signing->key->public;
	size_t size = (size_t)EVP_PKEY_get_size(public);

	if (size > sizeof(question->data))
		return -EMSGSIZE;
	question->what.scheme = TLS_SIGN_RSA_NONE;
	question->what.data = question->data;
	question->what.len = size;
	if (signing->padding == RSA_PKCS1_PADDING)
		return pad_pkcs1(signing, question->data, size);
	return pad_pss(signing, question->data, size,
		       (unsigned int)EVP_PKEY_get_bits(public));
}

static int ask_message(struct question *question)
{
	question->what.data = question->signing->message;
	question->what.len = question->signing->message_len;
	question->what.is_message = true;
	return 0;
}

static int ask_digest(struct question *question)
{
	question->what.data = question->data;
	question->what.len = digest_len(question->signing);
	return digest_of(question->signing, question->data);
}

static int ask_rsa(struct question *question)
{
	const struct signing *signing = question->signing;
	const struct tls_signer *signer = &signing->key->signer;
	bool is_pss = signing->padding == RSA_PKCS1_PSS_PADDING;

	if (is_pss ? !signer->has_pss : !signer->has_pkcs1)
		return signer->has_none ? ask_unpadded(question) : -EOPNOTSUPP;
	question->what.scheme = is_pss ? TLS_SIGN_RSA_PSS : TLS_SIGN_RSA_PKCS1;
	if (signer->has_digest)
		return ask_message(question);
	if (is_pss)
		return ask_digest(question);
	question->what.data = question->data;
	return digest_info(signing, question->data, &question->what.len);
}

static int ask_any(struct question *question)
{
	const struct signing *signing = question->signing;
	const char *type = signing->key->type;

	if (!strcmp(type, "ED25519") || !strcmp(type, "ED448")) {
		question->what.scheme = !strcmp(type, "ED448") ?
					TLS_SIGN_ED448 : TLS_SIGN_ED25519;
		return ask_message(question);
	}
	if (!signing->digest)
		return -EOPNOTSUPP;
	question->what.digest = OBJ_nid2sn(EVP_MD_get_type(signing->digest));
	if (!strcmp(type, "RSA"))
		return ask_rsa(question);
	question->what.scheme = TLS_SIGN_ECDSA;
	return signing->key->signer.has_digest ? ask_message(question) :
						 ask_digest(question);
}

/* ---- what is answered ------------------------------------------------- */

static bool sign_is_good(const struct tls_sign *self, const uint8_t *sig,
			 size_t len)
{
	const struct signing *signing =
		((const struct question *)self)->signing;
	const char *digest = signing->digest ?
			     EVP_MD_get0_name(signing->digest) : NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	bool is_good;

	is_good = ctx && EVP_DigestVerifyInit_ex(ctx, &pctx, digest, NULL, NULL,
						 signing->key->public,
						 NULL) == 1;
	if (is_good && !strcmp(signing->key->type, "RSA"))
		is_good = EVP_PKEY_CTX_set_rsa_padding(pctx,
						       signing->padding) > 0;
	if (is_good && signing->padding == RSA_PKCS1_PSS_PADDING)
		is_good = EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx,
						RSA_PSS_SALTLEN_DIGEST) > 0;
	is_good = is_good && EVP_DigestVerify(ctx, sig, len, signing->message,
					      signing->message_len) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return is_good;
}

static int sign_ask(const struct signing *signing, uint8_t *out, size_t *len)
{
	const struct tls_signer *signer = &signing->key->signer;
	struct question *question = calloc(1, sizeof(*question));
	int ret;

	if (!question)
		return -ENOMEM;
	question->signing = signing;
	question->what.is_good = sign_is_good;
	ret = ask_any(question);
	if (!ret)
		ret = signer->sign(signer->arg, &question->what, out, len);
	free(question);
	return ret;
}

/* Without @out only the greatest length is wanted. */
static int sign_message(void *arg, unsigned char *out, size_t *len, size_t cap,
			const unsigned char *message, size_t message_len)
{
	struct signing *signing = arg;
	uint8_t sig[TLS_SIGN_MAX];

	if (!out) {
		*len = (size_t)EVP_PKEY_get_size(signing->key->public);
		return 1;
	}
	signing->message = message;
	signing->message_len = message_len;
	if (sign_ask(signing, sig, len) || *len > cap) {
		ERR_raise(ERR_LIB_PROV, ERR_R_OPERATION_FAIL);
		return 0;
	}
	memcpy(out, sig, *len);
	return 1;
}

#define FUNCTION(id, function) { id, (void (*)(void))(function) }

static const OSSL_DISPATCH sign_functions[] = {
	FUNCTION(OSSL_FUNC_SIGNATURE_NEWCTX, sign_new),
	FUNCTION(OSSL_FUNC_SIGNATURE_FREECTX, sign_free),
	FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, sign_init),
	FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign_message),
	FUNCTION(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, sign_set),
	FUNCTION(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, sign_settable),
	{ 0, NULL },
};

const OSSL_ALGORITHM tls_external_signatures[] = {
	{ TLS_EXTERNAL_SIGNATURE, "provider=ovpn-external", sign_functions,
	  NULL },
	{ NULL, NULL, NULL, NULL },
};
