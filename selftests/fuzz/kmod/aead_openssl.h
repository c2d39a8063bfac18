/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the module's aead.c does by the kernel's ciphers, by those of OpenSSL.
 * To be included once, behind the module's files.
 */
#ifndef FUZZ_KMOD_AEAD_OPENSSL_H
#define FUZZ_KMOD_AEAD_OPENSSL_H

#include <openssl/evp.h>

#include "skb.h"

struct crypto_aead {
	const EVP_CIPHER *cipher;
	u8 key[32];
};

static void aead_nonce(const struct dco_aead *aead, __be64 id, u8 *nonce)
{
	u8 front[8];
	size_t i;

	memcpy(front, &id, sizeof(front));
	memcpy(nonce, aead->iv, DCO_NONCE_SIZE);
	for (i = 0; i < sizeof(front); i++)
		nonce[i] ^= front[i];
}

int dco_aead_seal(const struct dco_aead *aead,
		  const struct dco_aead_packet *packet)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	u8 nonce[DCO_NONCE_SIZE];
	int n, is_ok;

	aead_nonce(aead, packet->id, nonce);
	is_ok = ctx &&
		EVP_EncryptInit_ex(ctx, aead->tfm->cipher, NULL,
				   aead->tfm->key, nonce) &&
		EVP_EncryptUpdate(ctx, NULL, &n, packet->ad,
				  (int)packet->ad_len) &&
		EVP_EncryptUpdate(ctx, packet->text, &n, packet->text,
				  (int)packet->len) &&
		EVP_EncryptFinal_ex(ctx, (u8 *)packet->text + n, &n) &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, DCO_TAG_SIZE,
				    packet->tag);
	EVP_CIPHER_CTX_free(ctx);
	return is_ok ? 0 : -EINVAL;
}

int dco_aead_open(const struct dco_aead *aead,
		  const struct dco_aead_packet *packet)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	u8 *to = packet->to ? packet->to : packet->text;
	u8 nonce[DCO_NONCE_SIZE];
	int n, is_ok;

	if (packet->from)
		skb_copy_bits(packet->from, packet->from_offset, packet->text,
			      (unsigned int)packet->len);
	aead_nonce(aead, packet->id, nonce);
	is_ok = ctx &&
		EVP_DecryptInit_ex(ctx, aead->tfm->cipher, NULL,
				   aead->tfm->key, nonce) &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, DCO_TAG_SIZE,
				    packet->tag) &&
		EVP_DecryptUpdate(ctx, NULL, &n, packet->ad,
				  (int)packet->ad_len) &&
		EVP_DecryptUpdate(ctx, to, &n, packet->text,
				  (int)packet->len) &&
		EVP_DecryptFinal_ex(ctx, to + n, &n) > 0;
	EVP_CIPHER_CTX_free(ctx);
	return is_ok ? 0 : -EBADMSG;
}

void dco_aead_exit(struct dco_aead *aead)
{
	(void)aead;
}

#endif
