// SPDX-License-Identifier: GPL-2.0-or-later
#include "wrap/internal.h"

#include <errno.h>
#include <string.h>

#include "mem/mem.h"

/**
 * struct open_parts - a packet cut up, borrowed from it
 * @replay: the 8 bytes of id and time; NULL without wrapping
 */
struct open_parts {
	const uint8_t *head;
	const uint8_t *tag;
	const uint8_t *replay;
	const uint8_t *rest;
	size_t rest_len;
};

static int open_cut(const struct wrap_key *key, const uint8_t *pkt,
		    size_t pkt_len, struct open_parts *parts)
{
	struct mem_reader rd;

	memset(parts, 0, sizeof(*parts));
	mem_reader_init(&rd, pkt, pkt_len);
	parts->head = mem_read_ref(&rd, PROTO_HEAD_LEN);
	switch (key->mode) {
	case WRAP_MODE_NONE:
		break;
	case WRAP_MODE_TLS_AUTH:
		parts->tag = mem_read_ref(&rd, key->tag_len);
		parts->replay = mem_read_ref(&rd, WRAP_REPLAY_LEN);
		break;
	case WRAP_MODE_TLS_CRYPT:
		parts->replay = mem_read_ref(&rd, WRAP_REPLAY_LEN);
		parts->tag = mem_read_ref(&rd, key->tag_len);
		break;
	}
	parts->rest_len = rd.left;
	parts->rest = mem_read_ref(&rd, rd.left);
	return rd.is_bad ? -EBADMSG : 0;
}

static int open_tls_auth(const struct wrap_key *key,
			 const struct open_parts *parts, uint8_t *body)
{
	uint8_t tag[WRAP_TAG_MAX];

	if (wrap_auth_tag(key->recv.mac, parts->replay, parts->head,
			  parts->rest, parts->rest_len, tag, key->tag_len))
		return -EBADMSG;
	if (!mem_equal(tag, parts->tag, key->tag_len))
		return -EBADMSG;
	if (parts->rest_len)
		memcpy(body, parts->rest, parts->rest_len);
	return 0;
}

static int open_tls_crypt(const struct wrap_key *key,
			  const struct open_parts *parts, uint8_t *body)
{
	uint8_t tag[WRAP_CRYPT_TAG_LEN];

	if (wrap_ctr(key->recv.ctr, parts->tag, parts->rest, parts->rest_len,
		     body))
		return -EBADMSG;
	if (wrap_crypt_tag(key->recv.mac, parts->head, body, parts->rest_len,
			   tag))
		return -EBADMSG;
	return mem_equal(tag, parts->tag, sizeof(tag)) ? 0 : -EBADMSG;
}

static int open_authenticate(const struct wrap_key *key,
			     const struct open_parts *parts, uint8_t *body)
{
	switch (key->mode) {
	case WRAP_MODE_NONE:
		if (parts->rest_len)
			memcpy(body, parts->rest, parts->rest_len);
		return 0;
	case WRAP_MODE_TLS_AUTH:
		return open_tls_auth(key, parts, body);
	case WRAP_MODE_TLS_CRYPT:
		return open_tls_crypt(key, parts, body);
	}
	return -EBADMSG;
}

int wrap_open(struct wrap_key *key, struct wrap_rx *rx, uint64_t now_ms,
	      const uint8_t *pkt, size_t pkt_len, uint8_t *body, size_t cap,
	      size_t *body_len, uint32_t *replay_id)
{
	struct open_parts parts;
	struct mem_reader rd;
	uint32_t id = 0, time = 0;
	int ret;

	ret = open_cut(key, pkt, pkt_len, &parts);
	if (ret)
		return ret;
	if (parts.rest_len > cap)
		return -ENOBUFS;
	ret = wrap_key_wake(key);
	if (ret)
		return ret;
	ret = open_authenticate(key, &parts, body);
	if (!ret && parts.replay) {
		mem_reader_init(&rd, parts.replay, WRAP_REPLAY_LEN);
		id = mem_read_be32(&rd);
		time = mem_read_be32(&rd);
		if (rx)
			ret = wrap_replay_accept(rx, now_ms, id, time);
	}
	if (ret) {
		/* Nobody gets to see what is not authentic. */
		if (parts.rest_len)
			mem_wipe(body, parts.rest_len);
		return ret;
	}
	*body_len = parts.rest_len;
	if (replay_id)
		*replay_id = id;
	return 0;
}
