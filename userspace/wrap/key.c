// SPDX-License-Identifier: GPL-2.0-or-later
#include "wrap/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mem/mem.h"

/* A static key is two keys of a cipher and an HMAC field (section 1.7). */
#define KEY_LEN		(WRAP_STATIC_KEY_LEN / 2)
#define KEY_FIELD_LEN	(KEY_LEN / 2)

static const uint8_t *key_cipher_field(const uint8_t *static_key,
				       unsigned int index)
{
	return static_key + index * KEY_LEN;
}

static const uint8_t *key_hmac_field(const uint8_t *static_key,
				     unsigned int index)
{
	return static_key + index * KEY_LEN + KEY_FIELD_LEN;
}

static unsigned int key_send_index(enum wrap_direction direction)
{
	return direction == WRAP_DIRECTION_INVERSE ? 1 : 0;
}

static unsigned int key_recv_index(enum wrap_direction direction)
{
	return direction == WRAP_DIRECTION_NORMAL ? 1 : 0;
}

static void key_half_reset(struct wrap_half *half)
{
	EVP_MAC_CTX_free(half->mac);
	EVP_CIPHER_CTX_free(half->ctr);
	memset(half, 0, sizeof(*half));
}

static int key_half_init(struct wrap_half *half, const struct wrap_key *key,
			 unsigned int index, const char *digest)
{
	/* Both algorithms use the first bytes of their field. */
	half->mac = wrap_mac_new(digest, key_hmac_field(key->static_key, index),
				 key->tag_len);
	if (!half->mac)
		return -ENOMEM;
	if (key->mode != WRAP_MODE_TLS_CRYPT)
		return 0;
	half->ctr = wrap_ctr_new(key_cipher_field(key->static_key, index));
	return half->ctr ? 0 : -ENOMEM;
}

/* Return: size of the digest, 0 when it is unknown or no good for an HMAC. */
static size_t key_digest_len(const char *digest)
{
	EVP_MD *md = EVP_MD_fetch(NULL, digest, NULL);
	size_t len = 0;
	int size;

	if (!md)
		return 0;
	size = EVP_MD_get_size(md);
	if (size > 0 && size <= KEY_FIELD_LEN &&
	    !(EVP_MD_get_flags(md) & EVP_MD_FLAG_XOF))
		len = (size_t)size;
	EVP_MD_free(md);
	return len;
}

/* OpenSSL's old names, such as RSA-SHA256, are not known to a fetch. */
static const char *key_digest_name(const char *digest)
{
	const EVP_MD *md = EVP_get_digestbyname(digest);

	return md ? EVP_MD_get0_name(md) : digest;
}

static int key_setup(struct wrap_key *key, const char *digest)
{
	int ret;

	ret = key_half_init(&key->send, key, key_send_index(key->direction),
			    digest);
	if (ret)
		return ret;
	return key_half_init(&key->recv, key, key_recv_index(key->direction),
			     digest);
}

int wrap_key_wake(struct wrap_key *key)
{
	int ret;

	if (key->mode != WRAP_MODE_TLS_CRYPT || key->recv.ctr)
		return 0;
	ret = key_setup(key, "SHA256");
	if (ret)
		wrap_key_rest(key);
	return ret;
}

void wrap_key_rest(struct wrap_key *key)
{
	/* in tls-auth the digest is not remembered */
	if (!key || key->refs || key->mode != WRAP_MODE_TLS_CRYPT)
		return;
	key_half_reset(&key->send);
	key_half_reset(&key->recv);
}

static int key_keep_static(struct wrap_key *key, const uint8_t *static_key)
{
	key->static_key = mem_secret_alloc(WRAP_STATIC_KEY_LEN);
	if (!key->static_key)
		return -ENOMEM;
	memcpy(key->static_key, static_key, WRAP_STATIC_KEY_LEN);
	return 0;
}

int wrap_key_new(enum wrap_mode mode, const uint8_t *static_key,
		 enum wrap_direction direction, const char *digest,
		 struct wrap_key **out)
{
	struct wrap_key *key;
	int ret = 0;

	if (mode == WRAP_MODE_TLS_CRYPT)
		digest = "SHA256";
	if (mode != WRAP_MODE_NONE) {
		if (!static_key || !digest)
			return -EINVAL;
		digest = key_digest_name(digest);
		if (!key_digest_len(digest))
			return -EINVAL;
	}
	key = calloc(1, sizeof(*key));
	if (!key)
		return -ENOMEM;
	key->mode = mode;
	if (mode != WRAP_MODE_NONE) {
		key->tag_len = key_digest_len(digest);
		key->direction = direction;
		ret = key_keep_static(key, static_key);
		if (!ret)
			ret = key_setup(key, digest);
	}
	if (ret) {
		wrap_key_free(key);
		return ret;
	}
	*out = key;
	return 0;
}

int wrap_key_new_dynamic(const uint8_t *ekm, const struct wrap_key *base,
			 bool is_server, struct wrap_key **out)
{
	uint8_t mixed[WRAP_STATIC_KEY_LEN];
	struct wrap_key *key;
	size_t i;
	int ret;

	key = calloc(1, sizeof(*key));
	if (!key)
		return -ENOMEM;
	key->mode = WRAP_MODE_TLS_CRYPT;
	key->tag_len = WRAP_CRYPT_TAG_LEN;
	memcpy(mixed, ekm, sizeof(mixed));
	for (i = 0; base && base->static_key && i < sizeof(mixed); i++)
		mixed[i] ^= base->static_key[i];
	key->direction = is_server ? WRAP_DIRECTION_NORMAL :
				     WRAP_DIRECTION_INVERSE;
	ret = key_keep_static(key, mixed);
	mem_wipe(mixed, sizeof(mixed));
	if (ret) {
		wrap_key_free(key);
		return ret;
	}
	*out = key;
	return 0;
}

struct wrap_key *wrap_key_get(struct wrap_key *key)
{
	if (key)
		key->refs++;
	return key;
}

void wrap_key_free(struct wrap_key *key)
{
	if (!key || key->refs--)
		return;
	key_half_reset(&key->send);
	key_half_reset(&key->recv);
	mem_secret_free(key->static_key);
	free(key);
}

const uint8_t *wrap_key_static(const struct wrap_key *key)
{
	return key->static_key;
}

enum wrap_mode wrap_key_mode(const struct wrap_key *key)
{
	return key->mode;
}

size_t wrap_overhead(const struct wrap_key *key)
{
	/* OpenVPN reserves a cipher block for tls-crypt, so we do, too. */
	const size_t reserved = 16;

	switch (key->mode) {
	case WRAP_MODE_NONE:
		return 0;
	case WRAP_MODE_TLS_AUTH:
		return WRAP_REPLAY_LEN + key->tag_len;
	case WRAP_MODE_TLS_CRYPT:
		return WRAP_REPLAY_LEN + key->tag_len + reserved;
	}
	return 0;
}
