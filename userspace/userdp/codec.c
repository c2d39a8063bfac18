// SPDX-License-Identifier: GPL-2.0-or-later
/* One key in one direction, whatever its kind: whole packets in and out. */
#include <errno.h>
#include <string.h>

#include "userdp/private.h"

#define LONG_PACKET	9000u	/* as they are in fast networks */

/* The first byte of a DATA_V1 packet is not authenticated (section 7.2). */
static size_t codec_ad_skip(size_t head_len)
{
	return head_len == USERDP_HEAD_V1 ? USERDP_HEAD_V1 : 0;
}

static ssize_t codec_aead_seal(struct userdp_codec *codec, uint8_t *wire,
			       const uint8_t *src, size_t len)
{
	size_t head = codec->head_len + PROTO_DATA_PID_LEN;
	size_t skip = codec_ad_skip(codec->head_len);
	int err;

	put32(wire + codec->head_len, (uint32_t)codec->next++);
	err = userdp_aead_seal(&codec->aead, wire + skip, head - skip, src,
			       len, wire + head,
			       wire + head + PROTO_AEAD_TAG_LEN);
	if (err)
		return err;
	codec->usage += userdp_usage(len);
	return (ssize_t)(head + PROTO_AEAD_TAG_LEN + len);
}

static ssize_t codec_aead_open(struct userdp_codec *codec, const uint8_t *pkt,
			       size_t head_len, size_t len, uint8_t *dst,
			       struct userdp_id *id)
{
	size_t head = head_len + PROTO_DATA_PID_LEN;
	size_t skip = codec_ad_skip(head_len);
	int err;

	if (len <= head + PROTO_AEAD_TAG_LEN)
		return -EINVAL;
	if (codec->forged > USERDP_FORGED_MAX)
		return -EBADMSG;
	len -= head + PROTO_AEAD_TAG_LEN;
	id->number = get32(pkt + head_len);
	err = userdp_aead_open(&codec->aead, pkt + skip, head - skip,
			       pkt + head + PROTO_AEAD_TAG_LEN, len,
			       pkt + head, dst);
	if (err) {
		codec->forged++;
		return err;
	}
	codec->usage += userdp_usage(len);
	return (ssize_t)len;
}

static void codec_aead_wipe(struct userdp_codec *codec)
{
	userdp_aead_wipe(&codec->aead);
}

static const struct userdp_codec_ops codec_aead = {
	.seal = codec_aead_seal,
	.open = codec_aead_open,
	.wipe = codec_aead_wipe,
};

static ssize_t codec_cbc_seal(struct userdp_codec *codec, uint8_t *wire,
			      const uint8_t *src, size_t len)
{
	ssize_t n = userdp_cbc_seal(&codec->cbc, (uint32_t)codec->next++, src,
				    len, wire + codec->head_len);

	return n < 0 ? n : n + (ssize_t)codec->head_len;
}

static ssize_t codec_cbc_open(struct userdp_codec *codec, const uint8_t *pkt,
			      size_t head_len, size_t len, uint8_t *dst,
			      struct userdp_id *id)
{
	uint32_t number = 0;
	ssize_t n;

	n = userdp_cbc_open(&codec->cbc, pkt + head_len, len - head_len, dst,
			    &number);
	id->number = number;
	return n;
}

static void codec_cbc_wipe(struct userdp_codec *codec)
{
	userdp_cbc_wipe(&codec->cbc);
}

static const struct userdp_codec_ops codec_cbc = {
	.seal = codec_cbc_seal,
	.open = codec_cbc_open,
	.wipe = codec_cbc_wipe,
};

static int codec_init_aead(struct userdp_codec *codec,
			   const struct userdp_secret *secret,
			   enum userdp_aead_dir dir)
{
	codec->ops = &codec_aead;
	codec->fixed = codec->head_len + PROTO_DATA_PID_LEN +
		       PROTO_AEAD_TAG_LEN;
	codec->mask = SIZE_MAX;
	codec->is_limited = secret->cipher != PROTO_CIPHER_CHACHA20_POLY1305;
	return userdp_aead_init(&codec->aead, secret->cipher, secret->key,
				secret->tail, dir);
}

static int codec_init_cbc(struct userdp_codec *codec,
			  const struct userdp_secret *secret,
			  enum userdp_aead_dir dir)
{
	int err;

	codec->ops = &codec_cbc;
	err = userdp_cbc_init(&codec->cbc, secret->cipher, secret->key,
			      secret->digest, secret->mac_key, dir);
	codec->fixed = codec->head_len + codec->cbc.mac_len + USERDP_CBC_BLOCK;
	codec->add = PROTO_DATA_PID_LEN + USERDP_CBC_BLOCK;
	codec->mask = ~(size_t)(USERDP_CBC_BLOCK - 1);
	return err;
}

int userdp_codec_init(struct userdp_codec *codec,
		      const struct userdp_secret *secret, size_t head_len,
		      enum userdp_aead_dir dir)
{
	memset(codec, 0, sizeof(*codec));
	codec->head_len = head_len;
	codec->next = 1;
	codec->soft = USERDP_PID_SOFT;
	codec->end = USERDP_PID_END;
	return proto_cipher_is_aead(secret->cipher) ?
	       codec_init_aead(codec, secret, dir) :
	       codec_init_cbc(codec, secret, dir);
}

void userdp_codec_wipe(struct userdp_codec *codec)
{
	if (codec->ops)
		codec->ops->wipe(codec);
	codec->ops = NULL;
}

uint64_t userdp_usage_of(uint64_t n)
{
	uint64_t most = USERDP_USAGE_SOFT / userdp_usage(LONG_PACKET);

	return n < most ? n * userdp_usage(LONG_PACKET) : USERDP_USAGE_SOFT;
}

void userdp_codec_resume(struct userdp_codec *codec, uint64_t n)
{
	codec->usage = userdp_usage_of(n);
}

size_t userdp_codec_payload(const struct userdp_codec *codec, size_t size)
{
	/* at least one byte of padding */
	size_t less = codec->add ? codec->add - USERDP_CBC_BLOCK + 1 : 0;

	if (size < codec->fixed)
		return 0;
	size = (size - codec->fixed) & codec->mask;
	return size > less ? size - less : 0;
}
