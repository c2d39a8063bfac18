// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AES in CBC mode with an HMAC over IV and ciphertext (section 7.4):
 *
 *   header | HMAC | IV | encrypted packet id and payload, padded (PKCS#7)
 *
 * The HMAC is looked at first and in constant time, so that nothing is learned
 * from how a forgery fails: the padding is that of the holder of the key.
 */
#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

#include "mem/mem.h"
#include "userdp/private.h"

static const EVP_CIPHER *cbc_cipher(enum proto_cipher cipher)
{
	switch (cipher) {
	case PROTO_CIPHER_AES_128_CBC:
		return EVP_aes_128_cbc();
	case PROTO_CIPHER_AES_192_CBC:
		return EVP_aes_192_cbc();
	case PROTO_CIPHER_AES_256_CBC:
		return EVP_aes_256_cbc();
	case PROTO_CIPHER_NONE:
	case PROTO_CIPHER_AES_128_GCM:
	case PROTO_CIPHER_AES_192_GCM:
	case PROTO_CIPHER_AES_256_GCM:
	case PROTO_CIPHER_CHACHA20_POLY1305:
		break;
	}
	return NULL;
}

static int cbc_init_mac(struct userdp_cbc *cbc, const char *digest,
			const uint8_t *key)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	EVP_MD *md = EVP_MD_fetch(NULL, digest, NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						 (char *)digest, 0),
		OSSL_PARAM_construct_end(),
	};
	int len = md ? EVP_MD_get_size(md) : 0;
	int ret = -EINVAL;

	if (mac && len > 0 && len <= USERDP_MAC_MAX) {
		cbc->mac_len = (size_t)len;
		cbc->mac = EVP_MAC_CTX_new(mac);
		ret = !cbc->mac ? -ENOMEM :
		      EVP_MAC_init(cbc->mac, key, cbc->mac_len, params) == 1 ?
		      0 : -EIO;
	}
	EVP_MD_free(md);
	EVP_MAC_free(mac);
	return ret;
}

int userdp_cbc_init(struct userdp_cbc *cbc, enum proto_cipher cipher,
		    const uint8_t *key, const char *digest,
		    const uint8_t *mac_key, enum userdp_aead_dir dir)
{
	const EVP_CIPHER *evp = cbc_cipher(cipher);
	int ret = -EINVAL;

	memset(cbc, 0, sizeof(*cbc));
	if (evp && digest)
		ret = cbc_init_mac(cbc, digest, mac_key);
	if (!ret) {
		cbc->ctx = EVP_CIPHER_CTX_new();
		ret = cbc->ctx ? 0 : -ENOMEM;
	}
	if (!ret && EVP_CipherInit_ex(cbc->ctx, evp, NULL, key, NULL,
				      dir == USERDP_AEAD_SEAL) != 1)
		ret = -EIO;
	if (ret) {
		ERR_clear_error();
		userdp_cbc_wipe(cbc);
	}
	return ret;
}

void userdp_cbc_wipe(struct userdp_cbc *cbc)
{
	EVP_CIPHER_CTX_free(cbc->ctx);
	EVP_MAC_CTX_free(cbc->mac);
	cbc->ctx = NULL;
	cbc->mac = NULL;
}

static bool cbc_mac(struct userdp_cbc *cbc, const uint8_t *data, size_t len,
		    uint8_t *out)
{
	size_t n;

	/* without a key: the one of before */
	return EVP_MAC_init(cbc->mac, NULL, 0, NULL) == 1 &&
	       EVP_MAC_update(cbc->mac, data, len) == 1 &&
	       EVP_MAC_final(cbc->mac, out, &n, cbc->mac_len) == 1;
}

ssize_t userdp_cbc_seal(struct userdp_cbc *cbc, uint32_t pid,
			const uint8_t *src, size_t len, uint8_t *dst)
{
	uint8_t *iv = dst + cbc->mac_len, *at = iv + USERDP_CBC_BLOCK;
	uint8_t id[PROTO_DATA_PID_LEN];
	int n, all = 0;

	put32(id, pid);
	if (len > INT_MAX / 2 || RAND_bytes(iv, USERDP_CBC_BLOCK) != 1 ||
	    EVP_CipherInit_ex(cbc->ctx, NULL, NULL, NULL, iv, -1) != 1 ||
	    EVP_CipherUpdate(cbc->ctx, at, &n, id, sizeof(id)) != 1)
		return -EIO;
	all += n;
	if (EVP_CipherUpdate(cbc->ctx, at + all, &n, src, (int)len) != 1)
		return -EIO;
	all += n;
	if (EVP_CipherFinal_ex(cbc->ctx, at + all, &n) != 1)
		return -EIO;
	all += n;
	if (!cbc_mac(cbc, iv, USERDP_CBC_BLOCK + (size_t)all, dst))
		return -EIO;
	return (ssize_t)cbc->mac_len + USERDP_CBC_BLOCK + all;
}

/* What is authentic; -EBADMSG also when its padding makes no sense. */
static ssize_t cbc_decrypt(struct userdp_cbc *cbc, const uint8_t *iv,
			   size_t len, uint8_t *dst)
{
	int n, last;

	if (EVP_CipherInit_ex(cbc->ctx, NULL, NULL, NULL, iv, -1) != 1 ||
	    EVP_CipherUpdate(cbc->ctx, dst, &n, iv + USERDP_CBC_BLOCK,
			     (int)len) != 1 ||
	    EVP_CipherFinal_ex(cbc->ctx, dst + n, &last) != 1) {
		ERR_clear_error();
		return -EBADMSG;
	}
	return n + last;
}

ssize_t userdp_cbc_open(struct userdp_cbc *cbc, const uint8_t *src, size_t len,
			uint8_t *dst, uint32_t *pid)
{
	size_t head = cbc->mac_len + USERDP_CBC_BLOCK;
	uint8_t mac[USERDP_MAC_MAX];
	ssize_t n;

	if (len < head + USERDP_CBC_BLOCK || len > INT_MAX ||
	    (len - head) % USERDP_CBC_BLOCK)
		return -EBADMSG;
	if (!cbc_mac(cbc, src + cbc->mac_len, len - cbc->mac_len, mac) ||
	    CRYPTO_memcmp(mac, src, cbc->mac_len))
		return -EBADMSG;
	n = cbc_decrypt(cbc, src + cbc->mac_len, len - head, dst);
	if (n <= PROTO_DATA_PID_LEN)
		return -EBADMSG;
	*pid = get32(dst);
	n -= PROTO_DATA_PID_LEN;
	memmove(dst, dst + PROTO_DATA_PID_LEN, (size_t)n);
	return n;
}
