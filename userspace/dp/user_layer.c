// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Section 7.5: framing and fragments, between a packet and its sealing. Only
 * peers that are configured for it come here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dp/user.h"

/* The longest piece of a payload with its framing; section 7.9. */
static size_t layer_piece_max(const struct user_peer *peer,
			      const struct user_key *key)
{
	const struct dp_format *format = &peer->cfg.format;
	size_t outer = format->is_fragment_mtu ? user_outer_len(peer) : 0;
	size_t size;

	if (format->fragment <= outer)
		return 0;
	size = userdp_codec_payload(&key->seal, format->fragment - outer);
	return size > USERDP_FRAGMENT_HEAD ? size - USERDP_FRAGMENT_HEAD : 0;
}

void user_layer_need(const struct user_peer *peer, const struct user_key *key,
		     size_t len, unsigned int *n, size_t *size)
{
	size_t piece;

	*n = 1;
	len += USERDP_FRAMING_MAX;
	if (peer->cfg.format.fragment) {
		piece = layer_piece_max(peer, key) & ~(size_t)3;
		if (piece && len > piece) {
			*n = (unsigned int)((len + piece - 1) / piece);
			/* what is not cut may be a little longer */
			len = piece + 3;
		}
		len += USERDP_FRAGMENT_HEAD;
	}
	*size = userdp_codec_wire(&key->seal, len);
}

/*
 * Each header is written over the end of the piece before it, which has been
 * sealed by then.
 */
static int layer_send_pieces(struct dp_user *user, struct user_peer *peer,
			     uint8_t *data, size_t len, size_t size,
			     int (*seal)(struct dp_user *user,
					 struct user_peer *peer,
					 const uint8_t *payload, size_t len))
{
	uint8_t seq = peer->fragment_seq++;
	unsigned int n = 0;
	int err = 0;

	if (len > size * USERDP_FRAGMENTS_MAX) {
		user->drops.fragment++;
		return -EMSGSIZE;
	}
	for (; len && !err; data += size, n++) {
		bool is_last = len <= size;
		size_t part = is_last ? len : size;
		uint8_t *at = data - USERDP_FRAGMENT_HEAD;

		userdp_fragment_head(at, is_last, seq, n, size);
		err = seal(user, peer, at, part + USERDP_FRAGMENT_HEAD);
		len -= part;
	}
	return err;
}

int user_layer_send(struct dp_user *user, struct user_peer *peer,
		    const uint8_t *payload, size_t len,
		    int (*seal)(struct dp_user *user, struct user_peer *peer,
				const uint8_t *payload, size_t len))
{
	const struct user_key *key = user_tx_key(peer);
	uint8_t *data;
	size_t size;

	if (!key)
		return -ENOKEY;
	if (!user->layered)
		user->layered = malloc(USER_LAYERED_BYTES);
	if (!user->layered)
		return -ENOMEM;
	data = user->layered + USERDP_FRAGMENT_HEAD;
	len = userdp_framing_add(peer->cfg.format.framing, data, payload, len);
	if (!peer->cfg.format.fragment)
		return seal(user, peer, data, len);
	size = layer_piece_max(peer, key);
	if (!size)
		return -EMSGSIZE;
	size = userdp_fragment_size(len, size);
	if (size)
		return layer_send_pieces(user, peer, data, len, size, seal);
	userdp_fragment_whole(user->layered);
	return seal(user, peer, user->layered, len + USERDP_FRAGMENT_HEAD);
}

/* 0: it waits for its other pieces */
static ssize_t layer_join(struct dp_user *user, struct user_peer *peer,
			  uint8_t **payload, size_t len)
{
	uint64_t now = loop_now(user->base.loop);
	size_t extra = USERDP_FRAMING_MAX;
	uint8_t *out;
	ssize_t n;

	n = userdp_join_add(peer->join, *payload, len, now, &out);
	if (n == -ENOBUFS) {
		if (user->ether)
			extra += USERDP_ETHER_MAX;
		peer->join = userdp_join_new(peer->cfg.format.join_max +
					     extra);
		if (!peer->join)
			return -ENOMEM;
		n = userdp_join_add(peer->join, *payload, len, now, &out);
	}
	if (n <= 0)
		return n;
	/* a slot of what came may be shorter than the whole */
	if (out != *payload + USERDP_FRAGMENT_HEAD)
		*payload = userdp_merge_slot(&user->merge, (size_t)n);
	memmove(*payload, out, (size_t)n);
	return n;
}

ssize_t user_layer_receive(struct dp_user *user, struct user_peer *peer,
			   uint8_t **payload, size_t len)
{
	ssize_t n = (ssize_t)len;

	if (peer->cfg.format.fragment) {
		n = layer_join(user, peer, payload, len);
		if (n < 0)
			user->drops.fragment++;
		if (n <= 0)
			return n;
	}
	n = userdp_framing_strip(peer->cfg.format.framing, *payload,
				 (size_t)n);
	if (n == -EPROTONOSUPPORT)
		user->drops.compressed++;
	else if (n < 0)
		user->drops.malformed++;
	return n;
}
