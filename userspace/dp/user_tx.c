// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dp/user.h"
#include "mem/mem.h"

/* From the TUN device to the peers. */

bool user_inner_addr(const uint8_t *pkt, size_t len, bool is_source,
		     struct net_ip *out)
{
	memset(out, 0, sizeof(*out));
	if (len >= 20 && pkt[0] >> 4 == 4) {
		out->family = AF_INET;
		memcpy(&out->in4, pkt + (is_source ? 12 : 16), 4);
		return true;
	}
	if (len >= 40 && pkt[0] >> 4 == 6) {
		out->family = AF_INET6;
		memcpy(&out->in6, pkt + (is_source ? 8 : 24), 16);
		return true;
	}
	return false;
}

static int user_seal(struct dp_user *user, struct user_peer *peer,
		     struct user_key *key, const uint8_t *payload, size_t len)
{
	uint32_t head = (uint32_t)proto_opcode_byte(PROTO_DATA_V2,
						    key->key_id) << 24 |
			(peer->cfg.tx_id & PROTO_PEER_ID_NONE);
	struct mem_writer wr;

	mem_writer_init(&wr, user->wire, USER_HEAD_LEN);
	mem_write_be32(&wr, head);
	mem_write_be32(&wr, (uint32_t)key->next_pid);
	key->next_pid++;
	return userdp_aead_seal(&key->seal, user->wire, USER_HEAD_LEN, payload,
			    len, user->wire + USER_HEAD_LEN,
			    user->wire + USER_OVERHEAD);
}

int user_send(struct dp_user *user, struct user_peer *peer,
	      const uint8_t *payload, size_t len)
{
	struct user_key *key = &peer->key[peer->primary];
	int err;

	if (!key->is_set || key->next_pid >= USER_PID_END) {
		user->drops.no_key++;
		return -ENOKEY;
	}
	err = user_seal(user, peer, key, payload, len);
	if (!err)
		err = user_sock_send(peer, user->wire, len + USER_OVERHEAD);
	if (err) {
		user->drops.send++;
	} else {
		peer->stats.link_tx_packets++;
		peer->stats.link_tx_bytes += len + USER_OVERHEAD;
		peer->last_tx = loop_now(user->base.loop);
	}
	if (key->next_pid > USER_PID_SOFT && !key->is_soft_told) {
		key->is_soft_told = true;
		dp_emit_exhausted(&user->base, peer->cfg.id, key->key_id);
	}
	return err;
}

static struct user_peer *user_route(struct dp_user *user, const uint8_t *pkt,
				    size_t len)
{
	struct net_ip dst;

	if (!user_inner_addr(pkt, len, false, &dst))
		return NULL;
	if (user->base.mode == DP_MODE_P2P)
		return user_find_first(user);
	return user_find_vpn(user, &dst);
}

/*
 * A stream that takes no more holds back the only peer's packets in the TUN
 * device. Among several peers a slow one loses its own, as in any router.
 */
void user_tun_rearm(struct dp_user *user)
{
	struct user_peer *only = user->n_peers == 1 ? user_find_first(user) :
						      NULL;

	user->is_held = only && only->is_stalled;
	loop_io_set(user->tun_io, user->is_held ? 0 : LOOP_READABLE);
}

void user_stream_ready(struct dp *dp, uint32_t peer_id)
{
	struct dp_user *user = user_get(dp);
	struct user_peer *peer = user_find_id(user, peer_id);

	if (!peer)
		return;
	peer->is_stalled = false;
	user_tun_rearm(user);
}

static void user_forward(struct dp_user *user, size_t len)
{
	struct user_peer *peer = user_route(user, user->plain, len);
	uint32_t id;

	if (!peer) {
		user->drops.no_peer++;
		return;
	}
	id = peer->cfg.id;
	if (user_send(user, peer, user->plain, len))
		return;
	/* An event may have taken the peer away. */
	peer = user_find_id(user, id);
	if (peer) {
		peer->stats.vpn_tx_packets++;
		peer->stats.vpn_tx_bytes += len;
		if (peer->is_stalled)
			user_tun_rearm(user);
	}
}

void user_tun_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct dp_user *user = arg;
	ssize_t n;
	int i;

	(void)io;
	(void)events;
	dp_enter(&user->base);
	for (i = 0; i < USER_BATCH && !user->base.is_dead && !user->is_held;
	     i++) {
		n = read(user->tun_fd, user->plain, sizeof(user->plain));
		if (n <= 0)
			break;
		user_forward(user, (size_t)n);
	}
	dp_leave(&user->base);
}

int user_send_occ(struct dp *dp, uint32_t peer_id, enum proto_occ_op op)
{
	uint8_t payload[PROTO_OCC_MAGIC_LEN + 1];
	struct dp_user *user = user_get(dp);
	struct user_peer *peer = user_find_id(user, peer_id);

	if (!peer)
		return -ENOENT;
	memcpy(payload, proto_occ_magic, PROTO_OCC_MAGIC_LEN);
	payload[PROTO_OCC_MAGIC_LEN] = (uint8_t)op;
	return user_send(user, peer, payload, sizeof(payload));
}
