/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_HKDF_H
#define DCO_HKDF_H

#include <linux/types.h>

#define DCO_HKDF_SIZE	32

struct crypto_shash;

struct crypto_shash *dco_hkdf_new(void);
void dco_hkdf_free(struct crypto_shash *hmac);
int dco_hkdf_expand_label(struct crypto_shash *hmac, const u8 *secret,
			  const char *label, u8 *out, size_t len);

#endif /* DCO_HKDF_H */
