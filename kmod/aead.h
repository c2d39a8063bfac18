/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_AEAD_H
#define DCO_AEAD_H

#include <linux/types.h>

#include "../uapi/linux/ovpn.h"
#include "wire.h"

struct crypto_aead;

/**
 * struct dco_aead - one direction of a key
 * @tfm: does the work, synchronously; may be the SIMD wrapper
 * @fallback: used instead where SIMD may not be; NULL if @tfm works anywhere
 * @nonce_tail: end of each nonce
 *
 * Owned by the key that contains it. See aead.c for how @tfm is chosen.
 */
struct dco_aead {
	struct crypto_aead *tfm;
	struct crypto_aead *fallback;
	u8 nonce_tail[DCO_NONCE_TAIL_SIZE];
};

int dco_aead_module_init(void);
void dco_aead_module_exit(void);

int dco_aead_init(struct dco_aead *aead, enum ovpn_cipher_alg alg,
		  const u8 *key, size_t key_len, const u8 *nonce_tail);
void dco_aead_exit(struct dco_aead *aead);
const char *dco_aead_driver(const struct dco_aead *aead);
int dco_aead_seal(const struct dco_aead *aead, struct dco_wire_hdr *hdr,
		  size_t len);
int dco_aead_open(const struct dco_aead *aead, struct dco_wire_hdr *hdr,
		  size_t len);

#endif /* DCO_AEAD_H */
