// SPDX-License-Identifier: GPL-2.0-or-later
#include "wrap/internal.h"

#include <errno.h>

#include "mem/mem.h"

static int seal_none(struct mem_writer *wr, const uint8_t *head,
		     const uint8_t *body, size_t body_len)
{
	mem_write_bytes(wr, head, PROTO_HEAD_LEN);
	if (body_len)
		mem_write_bytes(wr, body, body_len);
	return wr->is_bad ? -ENOBUFS : 0;
}

/* Section 1.4: head | HMAC | id, time | body. */
static int seal_tls_auth(const struct wrap_key *key, const struct wrap_tx *tx,
			 struct mem_writer *wr, const uint8_t *head,
			 const uint8_t *body, size_t body_len)
{
	const uint8_t *replay;
	uint8_t *tag;

	mem_write_bytes(wr, head, PROTO_HEAD_LEN);
	tag = mem_write_reserve(wr, key->tag_len);
	replay = wr->base + wr->len;
	mem_write_be32(wr, tx->next_id);
	mem_write_be32(wr, tx->time);
	if (body_len)
		mem_write_bytes(wr, body, body_len);
	if (wr->is_bad)
		return -ENOBUFS;
	return wrap_auth_tag(key->send.mac, replay, head, body, body_len, tag,
			     key->tag_len);
}

/* Section 1.5: head | id, time | tag | ciphertext. */
static int seal_tls_crypt(const struct wrap_key *key, const struct wrap_tx *tx,
			  struct mem_writer *wr, const uint8_t *head,
			  const uint8_t *body, size_t body_len)
{
	uint8_t *tag, *ciphertext;
	int ret;

	mem_write_bytes(wr, head, PROTO_HEAD_LEN);
	mem_write_be32(wr, tx->next_id);
	mem_write_be32(wr, tx->time);
	tag = mem_write_reserve(wr, key->tag_len);
	ciphertext = mem_write_reserve(wr, body_len);
	if (wr->is_bad)
		return -ENOBUFS;
	ret = wrap_crypt_tag(key->send.mac, wr->base, body, body_len, tag);
	if (ret)
		return ret;
	return wrap_ctr(key->send.ctr, tag, body, body_len, ciphertext);
}

int wrap_seal(struct wrap_key *key, struct wrap_tx *tx, int64_t now,
	      const uint8_t *head, const uint8_t *body, size_t body_len,
	      uint8_t *out, size_t cap, size_t *len)
{
	struct mem_writer wr;
	struct wrap_tx next = { 0 };
	int ret = 0;

	ret = wrap_key_wake(key);
	if (ret)
		return ret;
	mem_writer_init(&wr, out, cap);
	if (key->mode != WRAP_MODE_NONE) {
		next = *tx;
		ret = wrap_replay_next(&next, now);
		if (ret)
			return ret;
	}
	switch (key->mode) {
	case WRAP_MODE_NONE:
		ret = seal_none(&wr, head, body, body_len);
		break;
	case WRAP_MODE_TLS_AUTH:
		ret = seal_tls_auth(key, &next, &wr, head, body, body_len);
		break;
	case WRAP_MODE_TLS_CRYPT:
		ret = seal_tls_crypt(key, &next, &wr, head, body, body_len);
		break;
	}
	if (ret)
		return ret;
	if (key->mode != WRAP_MODE_NONE)
		*tx = next;
	*len = wr.len;
	return 0;
}
