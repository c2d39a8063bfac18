/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_AEAD_H
#define DCO_AEAD_H

#include <linux/types.h>

#include "../uapi/linux/ovpn.h"
#include "wire.h"

struct crypto_aead;
struct sk_buff;

/**
 * struct dco_aead - one direction of a key
 * @tfm: does the work, synchronously; may be the SIMD wrapper
 * @fallback: used instead where SIMD may not be; NULL if @tfm works anywhere
 * @iv: what each nonce is made from
 *
 * Owned by the key that contains it. See aead.c for how @tfm is chosen.
 */
struct dco_aead {
	struct crypto_aead *tfm;
	struct crypto_aead *fallback;
	u8 iv[DCO_NONCE_SIZE];
};

/**
 * struct dco_aead_packet - where the parts of a packet are
 * @ad: associated data
 * @ad_len: its length in bytes
 * @text: cleartext or ciphertext, in place; with @from, where cleartext goes
 * @len: its length in bytes, at least 1
 * @tag: DCO_TAG_SIZE bytes
 * @id: what the front of the IV is XORed with; differs for each packet
 * @from: NULL, or to open: whose data the ciphertext is a part of, and stays
 * @from_offset: where it begins in there
 * @to: NULL, or to open, without @from: where cleartext goes, so that the
 *	packet stays as it is; also in one piece of the linear mapping
 *
 * All but @from's data is in one piece of the linear mapping, @ad before the
 * others.
 */
struct dco_aead_packet {
	void *ad;
	unsigned int ad_len;
	void *text;
	size_t len;
	void *tag;
	__be64 id;
	struct sk_buff *from;
	unsigned int from_offset;
	void *to;
};

int dco_aead_module_init(void);
void dco_aead_module_exit(void);

int dco_aead_init(struct dco_aead *aead, enum ovpn_cipher_alg alg,
		  const u8 *key, size_t key_len, const u8 *iv);
void dco_aead_exit(struct dco_aead *aead);
const char *dco_aead_driver(const struct dco_aead *aead);
int dco_aead_seal(const struct dco_aead *aead,
		  const struct dco_aead_packet *packet);
int dco_aead_open(const struct dco_aead *aead,
		  const struct dco_aead_packet *packet);

#endif /* DCO_AEAD_H */
