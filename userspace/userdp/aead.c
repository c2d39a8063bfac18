// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

#include "mem/mem.h"
#include "userdp/private.h"

const EVP_CIPHER *userdp_aead_cipher(enum proto_cipher cipher)
{
	switch (cipher) {
	case PROTO_CIPHER_AES_128_GCM:
		return EVP_aes_128_gcm();
	case PROTO_CIPHER_AES_192_GCM:
		return EVP_aes_192_gcm();
	case PROTO_CIPHER_AES_256_GCM:
		return EVP_aes_256_gcm();
	case PROTO_CIPHER_CHACHA20_POLY1305:
		return EVP_chacha20_poly1305();
	case PROTO_CIPHER_NONE:
	case PROTO_CIPHER_AES_128_CBC:
	case PROTO_CIPHER_AES_192_CBC:
	case PROTO_CIPHER_AES_256_CBC:
		break;
	}
	return NULL;
}

int userdp_aead_init(struct userdp_aead *aead, enum proto_cipher cipher,
		     const uint8_t *key, const uint8_t *tail,
		     enum userdp_aead_dir dir)
{
	const EVP_CIPHER *evp = userdp_aead_cipher(cipher);

	if (!evp)
		return -EINVAL;
	aead->ctx = EVP_CIPHER_CTX_new();
	if (!aead->ctx)
		return -ENOMEM;
	if (EVP_CipherInit_ex(aead->ctx, evp, NULL, key, NULL,
			      dir == USERDP_AEAD_SEAL) != 1) {
		userdp_aead_wipe(aead);
		return -EIO;
	}
	memcpy(aead->tail, tail, sizeof(aead->tail));
	return 0;
}

void userdp_aead_wipe(struct userdp_aead *aead)
{
	EVP_CIPHER_CTX_free(aead->ctx);
	aead->ctx = NULL;
	mem_wipe(aead->tail, sizeof(aead->tail));
}

/* What EVP_CIPHER_CTX_ctrl() does for a tag, without its detours. */
static OSSL_PARAM userdp_aead_tag(const uint8_t *tag)
{
	return OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
						 (void *)tag,
						 PROTO_AEAD_TAG_LEN);
}

static bool userdp_aead_start(struct userdp_aead *aead, const uint8_t *ad,
			      size_t ad_len)
{
	uint8_t nonce[PROTO_AEAD_NONCE_LEN];
	int n;

	memcpy(nonce, ad + ad_len - PROTO_DATA_PID_LEN, PROTO_DATA_PID_LEN);
	memcpy(nonce + PROTO_DATA_PID_LEN, aead->tail, sizeof(aead->tail));
	return EVP_CipherInit_ex(aead->ctx, NULL, NULL, NULL, nonce, -1) == 1 &&
	       EVP_CipherUpdate(aead->ctx, NULL, &n, ad, (int)ad_len) == 1;
}

int userdp_aead_seal(struct userdp_aead *aead, const uint8_t *ad, size_t ad_len,
		     const uint8_t *src, size_t len, uint8_t *tag, uint8_t *dst)
{
	OSSL_PARAM params[] = { userdp_aead_tag(tag), OSSL_PARAM_END };
	int n;

	if (len > INT_MAX || !userdp_aead_start(aead, ad, ad_len) ||
	    EVP_CipherUpdate(aead->ctx, dst, &n, src, (int)len) != 1 ||
	    EVP_CipherFinal_ex(aead->ctx, dst + n, &n) != 1 ||
	    EVP_CIPHER_CTX_get_params(aead->ctx, params) != 1)
		return -EIO;
	return 0;
}

int userdp_aead_open(struct userdp_aead *aead, const uint8_t *ad, size_t ad_len,
		     const uint8_t *src, size_t len, const uint8_t *tag,
		     uint8_t *dst)
{
	OSSL_PARAM params[] = { userdp_aead_tag(tag), OSSL_PARAM_END };
	int n;

	if (len > INT_MAX || !userdp_aead_start(aead, ad, ad_len) ||
	    EVP_CIPHER_CTX_set_params(aead->ctx, params) != 1 ||
	    EVP_CipherUpdate(aead->ctx, dst, &n, src, (int)len) != 1 ||
	    EVP_CipherFinal_ex(aead->ctx, dst + n, &n) != 1) {
		/* Strangers must not leave errors behind for others to find. */
		ERR_clear_error();
		return -EBADMSG;
	}
	return 0;
}
