// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Section 7.6: what the two ends say to each other inside the data channel. A
 * request is answered at once; nothing of it is kept.
 */
#include <errno.h>
#include <string.h>

#include "dp/user.h"

/* The longest payload in answer to a question for a datagram of a length. */
#define OCC_LOAD_MAX	2000

/* As stock fills it. */
#define OCC_FILLER	0xff

static size_t occ_head(uint8_t *out, enum proto_occ_op op)
{
	memcpy(out, proto_occ_magic, PROTO_OCC_MAGIC_LEN);
	out[PROTO_OCC_MAGIC_LEN] = (uint8_t)op;
	return PROTO_OCC_MAGIC_LEN + 1;
}

static void occ_put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static int occ_reply(struct dp_user *user, struct user_peer *peer)
{
	uint8_t out[PROTO_OCC_MAGIC_LEN + 1 + PROTO_OPTIONS_MAX];
	size_t len = occ_head(out, PROTO_OCC_REPLY);
	size_t n = peer->cfg.occ ? strlen(peer->cfg.occ) + 1 : 0;

	if (!n || n > sizeof(out) - len)
		return -EOPNOTSUPP;
	memcpy(out + len, peer->cfg.occ, n);
	return user_send(user, peer, out, len + n);
}

int user_occ_load(struct dp_user *user, struct user_peer *peer, size_t size)
{
	const struct user_key *key = user_tx_key(peer);
	uint8_t out[OCC_LOAD_MAX];
	size_t len = occ_head(out, PROTO_OCC_MTU_LOAD), want = 0;

	if (key)
		want = userdp_codec_payload(&key->seal, size);
	if (peer->cfg.format.fragment)
		want -= want > USERDP_FRAGMENT_HEAD ? USERDP_FRAGMENT_HEAD : 0;
	if (want > sizeof(out))
		want = sizeof(out);
	if (want > len)
		memset(out + len, OCC_FILLER, want - len);
	return user_send(user, peer, out, want > len ? want : len);
}

int user_occ_send(struct dp_user *user, struct user_peer *peer,
		  enum proto_occ_op op, uint16_t number)
{
	uint8_t out[PROTO_OCC_MAGIC_LEN + 1 + 2];
	size_t len = occ_head(out, op);

	occ_put16(out + len, number);
	return user_send(user, peer, out, len + 2);
}

static int occ_sizes(struct dp_user *user, struct user_peer *peer)
{
	uint8_t out[PROTO_OCC_MAGIC_LEN + 1 + 4];
	size_t len = occ_head(out, PROTO_OCC_MTU_REPLY);

	occ_put16(out + len, peer->rx_longest);
	occ_put16(out + len + 2, peer->tx_longest);
	return user_send(user, peer, out, len + 4);
}

void user_occ_answer(struct dp_user *user, struct user_peer *peer,
		     const struct user_occ *occ)
{
	switch (occ->op) {
	case PROTO_OCC_REQUEST:
		occ_reply(user, peer);
		break;
	case PROTO_OCC_MTU_LOAD_REQUEST:
		if (occ->has_size)
			user_occ_load(user, peer, occ->size);
		break;
	case PROTO_OCC_MTU_REQUEST:
		occ_sizes(user, peer);
		break;
	case PROTO_OCC_MTU_REPLY:
		user_mtu_result(user, peer, occ);
		break;
	case PROTO_OCC_REPLY:
	case PROTO_OCC_MTU_LOAD:
	case PROTO_OCC_EXIT:
		break;
	}
}

bool user_occ_parse(const uint8_t *payload, size_t len, struct user_occ *out)
{
	const uint8_t *body = payload + PROTO_OCC_MAGIC_LEN + 1;

	if (!proto_occ_is(payload, len, &out->op))
		return false;
	out->has_size = len >= PROTO_OCC_MAGIC_LEN + 3;
	if (out->has_size)
		out->size = (uint16_t)(body[0] << 8 | body[1]);
	out->has_sent = len >= PROTO_OCC_MAGIC_LEN + 5;
	if (out->has_sent)
		out->sent = (uint16_t)(body[2] << 8 | body[3]);
	return true;
}

int user_send_occ(struct dp *dp, uint32_t peer_id, enum proto_occ_op op)
{
	uint8_t payload[PROTO_OCC_MAGIC_LEN + 1];
	struct dp_user *user = user_get(dp);
	struct user_peer *peer = user_find_id(user, peer_id);

	if (!peer)
		return -ENOENT;
	return user_send(user, peer, payload, occ_head(payload, op));
}
