/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WRAP_INTERNAL_H
#define WRAP_INTERNAL_H

#include <openssl/evp.h>

#include "wrap/wrap.h"

/* Shared by the files of wrap/ only. Layouts: protocol sections 1.4 and 1.5. */

#define WRAP_REPLAY_LEN		8	/* u32 id, u32 time */
#define WRAP_CRYPT_TAG_LEN	32
#define WRAP_CRYPT_AD_LEN	(PROTO_HEAD_LEN + WRAP_REPLAY_LEN)
#define WRAP_TAG_MAX		EVP_MAX_MD_SIZE

/**
 * struct wrap_half - prepared contexts of one direction
 *
 * Keyed once; each packet only restarts them. @ctr is NULL for tls-auth, both
 * are while the key rests.
 */
struct wrap_half {
	EVP_MAC_CTX *mac;
	EVP_CIPHER_CTX *ctr;
};

/**
 * struct wrap_key - a wrapping
 * @refs: owners besides the first
 * @static_key: what it was made from; NULL with WRAP_MODE_NONE
 * @direction: which part of it is for what
 *
 * The contexts are scratch space, so that one thread at a time may use a key.
 */
struct wrap_key {
	unsigned int refs;
	enum wrap_mode mode;
	size_t tag_len;
	uint8_t *static_key;
	enum wrap_direction direction;
	struct wrap_half send;
	struct wrap_half recv;
};

/** wrap_key_wake() - make the contexts of a key that rests; 0 or -ENOMEM */
int wrap_key_wake(struct wrap_key *key);

/** struct wrap_span - one input of an HMAC */
struct wrap_span {
	const uint8_t *at;
	size_t len;
};

/**
 * wrap_mac_new() - keyed HMAC context
 *
 * Return: context to be freed by EVP_MAC_CTX_free(), NULL on failure.
 */
EVP_MAC_CTX *wrap_mac_new(const char *digest, const uint8_t *key,
			  size_t key_len);

/** wrap_ctr_new() - AES-256-CTR with @key; EVP_CIPHER_CTX_free(), or NULL */
EVP_CIPHER_CTX *wrap_ctr_new(const uint8_t *key);

/** wrap_mac() - HMAC over the spans; 0 or -EIO */
int wrap_mac(EVP_MAC_CTX *mac, const struct wrap_span *spans, size_t n_spans,
	     uint8_t *tag, size_t tag_len);

/** wrap_auth_tag() - HMAC of tls-auth, the head comes late (section 1.4) */
int wrap_auth_tag(EVP_MAC_CTX *mac, const uint8_t *replay, const uint8_t *head,
		  const uint8_t *body, size_t body_len, uint8_t *tag,
		  size_t tag_len);

/**
 * wrap_crypt_tag() - HMAC of tls-crypt (section 1.5)
 * @ad: the packet's first WRAP_CRYPT_AD_LEN bytes
 * @tag: WRAP_CRYPT_TAG_LEN bytes
 */
int wrap_crypt_tag(EVP_MAC_CTX *mac, const uint8_t *ad, const uint8_t *body,
		   size_t body_len, uint8_t *tag);

/** wrap_ctr() - AES-256-CTR, both ways, IV = the tag's start; 0 or -EIO */
int wrap_ctr(EVP_CIPHER_CTX *ctr, const uint8_t *tag, const uint8_t *in,
	     size_t len, uint8_t *out);

/** wrap_replay_accept() - 0 and noted, or -EALREADY (section 1.6) */
int wrap_replay_accept(struct wrap_rx *rx, uint64_t now_ms, uint32_t id,
		       uint32_t time);

/** wrap_replay_next() - id and time of the next packet; 0 or -EOVERFLOW */
int wrap_replay_next(struct wrap_tx *tx, int64_t now);

#endif
