// SPDX-License-Identifier: GPL-2.0-only
/*
 * OVPN-Expand-Label: the HKDF-Expand of RFC 5869 with SHA-256, its info made as
 * in TLS 1.3 but with another prefix. Nothing that is derived is longer than
 * one hash, so there is one round.
 */
#include <crypto/hash.h>
#include <linux/string.h>

#include "hkdf.h"

#define DCO_HKDF_PREFIX		"ovpn "
#define DCO_HKDF_INFO_MAX	32

/**
 * dco_hkdf_new() - get what derives keys
 *
 * Context: process, may sleep and load modules.
 * Return: the hash or an ERR_PTR().
 */
struct crypto_shash *dco_hkdf_new(void)
{
	return crypto_alloc_shash("hmac(sha256)", 0, 0);
}

/**
 * dco_hkdf_free() - forget the last secret
 * @hmac: what dco_hkdf_new() returned
 *
 * Context: process, may sleep.
 */
void dco_hkdf_free(struct crypto_shash *hmac)
{
	crypto_free_shash(hmac);
}

/**
 * dco_hkdf_expand_label() - derive key material
 * @hmac: from dco_hkdf_new(); one call at a time
 * @secret: DCO_HKDF_SIZE bytes
 * @label: what for
 * @out: receives it
 * @len: bytes at @out, at most DCO_HKDF_SIZE
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int dco_hkdf_expand_label(struct crypto_shash *hmac, const u8 *secret,
			  const char *label, u8 *out, size_t len)
{
	u8 info[DCO_HKDF_INFO_MAX], digest[DCO_HKDF_SIZE];
	size_t prefix = strlen(DCO_HKDF_PREFIX);
	size_t size = strlen(label), n = 0;
	int err;

	if (len > sizeof(digest) || prefix + size + 5 > sizeof(info))
		return -EINVAL;
	info[n++] = 0;
	info[n++] = len;
	info[n++] = prefix + size;
	memcpy(info + n, DCO_HKDF_PREFIX, prefix);
	n += prefix;
	memcpy(info + n, label, size);
	n += size;
	/* no context; the first round */
	info[n++] = 0;
	info[n++] = 1;

	err = crypto_shash_setkey(hmac, secret, DCO_HKDF_SIZE);
	if (!err)
		err = crypto_shash_tfm_digest(hmac, info, n, digest);
	if (!err)
		memcpy(out, digest, len);
	memzero_explicit(digest, sizeof(digest));
	return err;
}
