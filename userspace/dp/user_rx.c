// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "dp/user.h"

/* From the peers to the TUN device. */

/**
 * struct user_rx - one received packet
 * @peer: known already on a stream, otherwise NULL first
 * @payload, @payload_len: opened, in a slot of user->merge
 */
struct user_rx {
	int fd;
	const uint8_t *pkt;
	size_t len;
	const union net_addr *remote, *local;
	struct user_peer *peer;
	uint8_t key_id;
	uint32_t peer_id;
	size_t head_len;
	uint8_t *payload;
	size_t payload_len;
	bool is_newest;
};

static int user_rx_parse(struct user_rx *rx)
{
	unsigned int op;

	if (rx->len < USERDP_HEAD_V2 || rx->len > USER_PACKET_MAX)
		return -EINVAL;
	op = proto_byte_opcode(rx->pkt[0]);
	rx->key_id = proto_byte_key_id(rx->pkt[0]);
	if (op == PROTO_DATA_V2) {
		rx->head_len = USERDP_HEAD_V2;
		rx->peer_id = (uint32_t)rx->pkt[1] << 16 |
			      (uint32_t)rx->pkt[2] << 8 | rx->pkt[3];
		return 0;
	}
	rx->head_len = USERDP_HEAD_V1;
	rx->peer_id = PROTO_PEER_ID_NONE;
	return op == PROTO_DATA_V1 ? 0 : -EINVAL;
}

/*
 * A client has one peer, and what that calls it does not matter (7.1). A server
 * finds the sender of a packet without a number by its address.
 */
static struct user_peer *user_rx_peer(struct dp_user *user,
				      const struct user_rx *rx)
{
	if (rx->peer)
		return rx->peer;
	if (user->base.mode == DP_MODE_P2P)
		return user_find_first(user);
	if (rx->peer_id != PROTO_PEER_ID_NONE)
		return user_find_id(user, rx->peer_id & user->id_mask);
	return rx->remote ? user_find_addr(user, rx->remote, rx->fd) : NULL;
}

static struct user_key *user_rx_key(struct user_peer *peer, uint8_t key_id)
{
	struct user_key *key = &peer->key[peer->primary];

	if (key->is_set && key->key_id == key_id)
		return key;
	key = &peer->key[peer->primary ^ 1];
	return key->is_set && key->key_id == key_id ? key : NULL;
}

static int user_rx_open(struct dp_user *user, struct user_peer *peer,
			struct user_rx *rx)
{
	struct user_key *key = user_rx_key(peer, rx->key_id);
	uint64_t now = loop_now(user->base.loop);
	struct userdp_id id = { 0 };
	struct dp_replay *replay;
	ssize_t n;

	if (!key) {
		user->drops.no_key++;
		return -ENOKEY;
	}
	rx->payload = userdp_merge_slot(&user->merge, rx->len);
	n = key->open.ops->open(&key->open, rx->pkt, rx->head_len, rx->len,
				rx->payload, &id);
	if (n < 0) {
		*(n == -EINVAL ? &user->drops.malformed :
				 &user->drops.auth) += 1;
		return (int)n;
	}
	replay = &key->replay[id.window];
	if (id.is_fresh)
		dp_replay_reset(replay);
	if (dp_replay_accept(replay, id.number, now, &rx->is_newest)) {
		user->drops.replay++;
		return -EALREADY;
	}
	rx->is_newest = rx->is_newest && !id.is_late;
	if (key->live && rx->is_newest)
		key->live->highest = (uint64_t)id.epoch << USERDP_COUNTER_BITS |
				     id.number;
	rx->payload_len = (size_t)n;
	peer->last_rx = now;
	if (rx->len > peer->rx_longest)
		peer->rx_longest = (uint16_t)rx->len;
	peer->stats.link_rx_packets++;
	peer->stats.link_rx_bytes += rx->len;
	return 0;
}

/*
 * Section 9.3: only the newest packet may move a peer, or one that was delayed
 * would move it back. Return: true when the remote address or the socket
 * changed.
 */
static bool user_rx_follow(struct dp_user *user, struct user_peer *peer,
			   const struct user_rx *rx)
{
	bool is_floated;

	if (!rx->is_newest || !rx->remote || !net_addr_len(rx->remote))
		return false;
	is_floated = !net_addr_is_equal(rx->remote, &peer->dest.remote);
	if (is_floated) {
		user_unlink_addr(user, peer);
		userdp_dest_set_remote(&peer->dest, rx->remote, NULL);
		user_link_addr(user, peer);
		peer->inner_at = 0;
	}
	if (rx->local && net_addr_len(rx->local))
		userdp_dest_set_local(&peer->dest, rx->local);
	if (rx->fd >= 0 && rx->fd != peer->dest.fd)
		is_floated |= !userdp_dest_set_fd(&peer->dest, rx->fd);
	return is_floated;
}

static void user_rx_count(struct user_peer *peer, const struct user_rx *rx)
{
	peer->stats.vpn_rx_packets++;
	peer->stats.vpn_rx_bytes += rx->payload_len;
}

static int user_rx_frame(struct dp_user *user, struct user_peer *peer,
			 const struct user_rx *rx)
{
	uint8_t *ip = rx->payload;
	size_t len = rx->payload_len;
	int ret = 1;

	if (len < USERDP_ETHER_LEN) {
		user->drops.malformed++;
		return -EINVAL;
	}
	if (user_ip(user, &ip, &len)) {
		if (peer->cfg.n_nat)
			user_nat(peer, false, ip, len);
		user_mss(user, peer, ip, len);
	}
	if (user->base.mode == DP_MODE_MP)
		ret = user_ether_receive(user, peer, rx->payload,
					 rx->payload_len);
	if (ret < 0) {
		user->drops.source++;
		return ret;
	}
	if (ret)
		userdp_merge_add(&user->merge, peer->cfg.id, rx->payload_len);
	user_rx_count(peer, rx);
	return 0;
}

static int user_rx_deliver(struct dp_user *user, struct user_peer *peer,
			   const struct user_rx *rx)
{
	size_t len = rx->payload_len;
	struct net_ip src;

	if (user->ether)
		return user_rx_frame(user, peer, rx);
	if (peer->cfg.n_nat)
		user_nat(peer, false, rx->payload, len);
	if (!user_inner_addr(rx->payload, len, true, &src)) {
		/* what is packed in stub-v2, where IP needs no framing */
		if (peer->cfg.format.framing == PROTO_FRAMING_V2)
			user->drops.compressed++;
		else
			user->drops.malformed++;
		return -EINVAL;
	}
	if (user->base.mode == DP_MODE_MP && !user->tun.has_peers &&
	    user_find_inner(user, &src) != peer) {
		user->drops.source++;
		return -EADDRNOTAVAIL;
	}
	user_mss(user, peer, rx->payload, len);
	userdp_merge_add(&user->merge, peer->cfg.id, len);
	user_rx_count(peer, rx);
	return 0;
}

void user_batch_end(struct dp *dp)
{
	struct dp_user *user = user_get(dp);

	userdp_merge_flush(&user->merge);
	if (user->ether)
		user_relay_end(user);
}

static bool user_is_ping(const struct user_rx *rx)
{
	return rx->payload_len == PROTO_PING_LEN &&
	       !memcmp(rx->payload, proto_ping, PROTO_PING_LEN);
}

/* The payload of an authentic packet. @occ: set if it was a message. */
static int user_rx_payload(struct dp_user *user, struct user_peer *peer,
			   struct user_rx *rx, struct user_occ *occ)
{
	ssize_t n;

	if (peer->has_layers) {
		n = user_layer_receive(user, peer, &rx->payload,
				       rx->payload_len);
		if (n <= 0)
			return (int)n;
		rx->payload_len = (size_t)n;
	}
	if (user_occ_parse(rx->payload, rx->payload_len, occ) ||
	    user_is_ping(rx))
		return 0;
	return user_rx_deliver(user, peer, rx);
}

static int user_rx(struct dp_user *user, struct user_rx *rx)
{
	struct user_occ occ = { .op = PROTO_OCC_REPLY };
	bool is_floated;
	struct dp *dp = &user->base;
	struct user_peer *peer;
	union net_addr now;
	uint32_t id;
	int err;

	err = user_rx_parse(rx);
	if (err) {
		user->drops.malformed++;
		return err;
	}
	peer = user_rx_peer(user, rx);
	if (!peer) {
		user->drops.no_peer++;
		return -ENOENT;
	}
	err = user_rx_open(user, peer, rx);
	if (err)
		return err;
	is_floated = user_rx_follow(user, peer, rx);
	err = user_rx_payload(user, peer, rx, &occ);
	if (!dp->batches)
		user_batch_end(dp);
	/* Events last: they may take the peer away. */
	id = peer->cfg.id;
	now = peer->dest.remote;
	if (is_floated)
		dp_emit_floated(dp, id, rx->fd, &now);
	if (occ.op == PROTO_OCC_EXIT)
		dp_emit_exit(dp, id);
	else if (occ.op != PROTO_OCC_REPLY && !dp->is_dead &&
		 (peer = user_find_id(user, id)))
		user_occ_answer(user, peer, &occ);
	return err;
}

int user_input(struct dp *dp, int fd, const uint8_t *pkt, size_t len,
	       const union net_addr *remote, const union net_addr *local)
{
	struct user_rx rx = {
		.fd = fd,
		.pkt = pkt,
		.len = len,
		.remote = remote,
		.local = local,
	};

	return user_rx(user_get(dp), &rx);
}

int user_input_stream(struct dp *dp, uint32_t peer_id, const uint8_t *pkt,
		      size_t len)
{
	struct user_rx rx = {
		.fd = -1,
		.pkt = pkt,
		.len = len,
		.peer = user_find_id(user_get(dp), peer_id),
	};

	if (!rx.peer) {
		user_get(dp)->drops.no_peer++;
		return -ENOENT;
	}
	return user_rx(user_get(dp), &rx);
}
