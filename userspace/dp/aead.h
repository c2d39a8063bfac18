/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DP_AEAD_H
#define DP_AEAD_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/proto.h"

/*
 * Data packets sealed as in section 7.2. The associated data is the header up
 * to and including the packet id, whose four bytes also begin the nonce.
 */

enum dp_aead_dir {
	DP_AEAD_OPEN,
	DP_AEAD_SEAL,
};

/** struct dp_aead - one key in one direction */
struct dp_aead {
	EVP_CIPHER_CTX *ctx;
	uint8_t tail[PROTO_NONCE_TAIL_LEN];
};

/** dp_aead_init() - 0, -EINVAL (cipher), -ENOMEM, or -EIO (library) */
int dp_aead_init(struct dp_aead *aead, enum proto_cipher cipher,
		 const uint8_t *key, const uint8_t *tail,
		 enum dp_aead_dir dir);
void dp_aead_wipe(struct dp_aead *aead);

/**
 * dp_aead_seal() - encrypt
 * @ad: header ‖ packet id, @ad_len bytes
 * @tag: PROTO_AEAD_TAG_LEN bytes, written
 *
 * Return: 0 or -EIO.
 */
int dp_aead_seal(struct dp_aead *aead, const uint8_t *ad, size_t ad_len,
		 const uint8_t *src, size_t len, uint8_t *tag, uint8_t *dst);

/** dp_aead_open() - decrypt. Return: 0, -EBADMSG when it is not authentic */
int dp_aead_open(struct dp_aead *aead, const uint8_t *ad, size_t ad_len,
		 const uint8_t *src, size_t len, const uint8_t *tag,
		 uint8_t *dst);

#endif
