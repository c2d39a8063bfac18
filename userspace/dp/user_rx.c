// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "dp/user.h"
#include "mem/mem.h"

/* From the peers to the TUN device. */

/**
 * struct user_rx - one received packet
 * @payload, @payload_len: opened, in a slot of user->merge
 */
struct user_rx {
	int fd;
	const uint8_t *pkt;
	size_t len;
	const union net_addr *remote, *local;
	uint8_t key_id;
	uint32_t peer_id;
	uint32_t pid;
	uint8_t *payload;
	size_t payload_len;
	bool is_newest;
};

static int user_rx_parse(struct user_rx *rx)
{
	struct mem_reader rd;
	uint32_t head;

	mem_reader_init(&rd, rx->pkt, rx->len);
	head = mem_read_be32(&rd);
	rx->pid = mem_read_be32(&rd);
	if (rd.is_bad || rx->len <= USER_OVERHEAD ||
	    rx->len > USER_PACKET_MAX ||
	    proto_byte_opcode(rx->pkt[0]) != PROTO_DATA_V2)
		return -EINVAL;
	rx->key_id = proto_byte_key_id(rx->pkt[0]);
	rx->peer_id = head & PROTO_PEER_ID_NONE;
	return 0;
}

/* A client has one peer, and what that calls it does not matter (7.1). */
static struct user_peer *user_rx_peer(struct dp_user *user,
				      const struct user_rx *rx)
{
	if (user->base.mode == DP_MODE_P2P)
		return user_find_first(user);
	return user_find_id(user, rx->peer_id);
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
	int err;

	if (!key) {
		user->drops.no_key++;
		return -ENOKEY;
	}
	rx->payload_len = rx->len - USER_OVERHEAD;
	rx->payload = userdp_merge_slot(&user->merge, rx->payload_len);
	err = userdp_aead_open(&key->open, rx->pkt, USER_HEAD_LEN,
			       rx->pkt + USER_OVERHEAD, rx->payload_len,
			       rx->pkt + USER_HEAD_LEN, rx->payload);
	if (err) {
		user->drops.auth++;
		return err;
	}
	err = dp_replay_accept(&key->replay, rx->pid, &rx->is_newest);
	if (err) {
		user->drops.replay++;
		return -EALREADY;
	}
	peer->last_rx = loop_now(user->base.loop);
	peer->stats.link_rx_packets++;
	peer->stats.link_rx_bytes += rx->len;
	return 0;
}

/*
 * Section 9.3: only the newest packet may move a peer, or one that was delayed
 * would move it back. Return: true when the remote address changed.
 */
static bool user_rx_follow(struct user_peer *peer, const struct user_rx *rx)
{
	bool is_floated;

	if (!rx->is_newest || !rx->remote || !net_addr_len(rx->remote))
		return false;
	is_floated = !net_addr_is_equal(rx->remote, &peer->dest.remote);
	if (is_floated) {
		userdp_dest_set_remote(&peer->dest, rx->remote, NULL);
		peer->inner_at = 0;
	}
	if (rx->local && net_addr_len(rx->local))
		userdp_dest_set_local(&peer->dest, rx->local);
	if (rx->fd >= 0 && rx->fd != peer->dest.fd)
		userdp_dest_set_fd(&peer->dest, rx->fd);
	return is_floated;
}

static int user_rx_deliver(struct dp_user *user, struct user_peer *peer,
			   const struct user_rx *rx)
{
	size_t len = rx->payload_len;
	struct net_ip src;

	if (!user_inner_addr(rx->payload, len, true, &src)) {
		user->drops.malformed++;
		return -EINVAL;
	}
	if (user->base.mode == DP_MODE_MP &&
	    user_find_inner(user, &src) != peer) {
		user->drops.source++;
		return -EADDRNOTAVAIL;
	}
	user_mss(user, peer, rx->payload, len);
	userdp_merge_add(&user->merge, len);
	peer->stats.vpn_rx_packets++;
	peer->stats.vpn_rx_bytes += len;
	return 0;
}

void user_batch_end(struct dp *dp)
{
	userdp_merge_flush(&user_get(dp)->merge);
}

/* Section 7.6; requests of OCC get no answer, as without them in stock. */
static bool user_is_occ(const struct user_rx *rx)
{
	return rx->payload_len > PROTO_OCC_MAGIC_LEN &&
	       !memcmp(rx->payload, proto_occ_magic, PROTO_OCC_MAGIC_LEN);
}

static bool user_is_ping(const struct user_rx *rx)
{
	return rx->payload_len == PROTO_PING_LEN &&
	       !memcmp(rx->payload, proto_ping, PROTO_PING_LEN);
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
	struct dp_user *user = user_get(dp);
	bool is_floated, is_exit = false;
	struct user_peer *peer;
	union net_addr now;
	uint32_t id;
	int err;

	err = user_rx_parse(&rx);
	if (err) {
		user->drops.malformed++;
		return err;
	}
	peer = user_rx_peer(user, &rx);
	if (!peer) {
		user->drops.no_peer++;
		return -ENOENT;
	}
	err = user_rx_open(user, peer, &rx);
	if (err)
		return err;
	is_floated = user_rx_follow(peer, &rx);
	if (user_is_occ(&rx))
		is_exit = rx.payload[PROTO_OCC_MAGIC_LEN] == PROTO_OCC_EXIT;
	else if (!user_is_ping(&rx))
		err = user_rx_deliver(user, peer, &rx);
	if (!dp->batches)
		user_batch_end(dp);
	/* Events last: they may take the peer away. */
	id = peer->cfg.id;
	now = peer->dest.remote;
	if (is_floated)
		dp_emit_floated(dp, id, &now);
	if (is_exit)
		dp_emit_exit(dp, id);
	return err;
}
