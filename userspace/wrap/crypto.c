// SPDX-License-Identifier: GPL-2.0-or-later
#include "wrap/internal.h"

#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

EVP_MAC_CTX *wrap_mac_new(const char *digest, const uint8_t *key,
			  size_t key_len)
{
	OSSL_PARAM params[2];
	EVP_MAC_CTX *ctx;
	EVP_MAC *mac;

	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (!mac)
		return NULL;
	ctx = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	if (!ctx)
		return NULL;
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						     (char *)digest, 0);
	params[1] = OSSL_PARAM_construct_end();
	if (EVP_MAC_init(ctx, key, key_len, params) != 1) {
		EVP_MAC_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

int wrap_mac(EVP_MAC_CTX *mac, const struct wrap_span *spans, size_t n_spans,
	     uint8_t *tag, size_t tag_len)
{
	size_t i, len = 0;

	/* Without a key: start again with the one that is set. */
	if (EVP_MAC_init(mac, NULL, 0, NULL) != 1)
		return -EIO;
	for (i = 0; i < n_spans; i++) {
		if (spans[i].len &&
		    EVP_MAC_update(mac, spans[i].at, spans[i].len) != 1)
			return -EIO;
	}
	if (EVP_MAC_final(mac, tag, &len, tag_len) != 1 || len != tag_len)
		return -EIO;
	return 0;
}

int wrap_auth_tag(EVP_MAC_CTX *mac, const uint8_t *replay, const uint8_t *head,
		  const uint8_t *body, size_t body_len, uint8_t *tag,
		  size_t tag_len)
{
	const struct wrap_span spans[] = {
		{ replay, WRAP_REPLAY_LEN },
		{ head, PROTO_HEAD_LEN },
		{ body, body_len },
	};

	return wrap_mac(mac, spans, 3, tag, tag_len);
}

int wrap_crypt_tag(EVP_MAC_CTX *mac, const uint8_t *ad, const uint8_t *body,
		   size_t body_len, uint8_t *tag)
{
	const struct wrap_span spans[] = {
		{ ad, WRAP_CRYPT_AD_LEN },
		{ body, body_len },
	};

	return wrap_mac(mac, spans, 2, tag, WRAP_CRYPT_TAG_LEN);
}

int wrap_ctr(EVP_CIPHER_CTX *ctr, const uint8_t *tag, const uint8_t *in,
	     size_t len, uint8_t *out)
{
	int n = 0;

	if (len > INT_MAX)
		return -EIO;
	if (EVP_CipherInit_ex2(ctr, NULL, NULL, tag, 1, NULL) != 1)
		return -EIO;
	if (len && (EVP_CipherUpdate(ctr, out, &n, in, (int)len) != 1 ||
		    (size_t)n != len))
		return -EIO;
	return 0;
}

EVP_CIPHER_CTX *wrap_ctr_new(const uint8_t *key)
{
	EVP_CIPHER_CTX *ctx;
	EVP_CIPHER *cipher;
	int ok;

	cipher = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
	if (!cipher)
		return NULL;
	ctx = EVP_CIPHER_CTX_new();
	/* Counter mode: decryption is encryption. */
	ok = ctx && EVP_CipherInit_ex2(ctx, cipher, key, NULL, 1, NULL) == 1;
	EVP_CIPHER_free(cipher);
	if (ok)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}
