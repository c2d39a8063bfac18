// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "dp/user.h"
#include "log/log.h"

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

/* ---- streams --------------------------------------------------------- */

static bool user_is_only(const struct dp_user *user)
{
	return user->n_peers == 1 && !(user->shard && user->shard->n_foreign);
}

/*
 * The device is not read while the socket takes no more, and while a stream
 * takes no more: that holds back the only peer's packets in the device. Among
 * several peers a slow one loses its own, as in any router.
 */
void user_tun_rearm(struct dp_user *user)
{
	struct user_peer *only = user_is_only(user) ? user_find_first(user) :
						      NULL;
	bool was_held = user->is_held, is_read;

	user->is_held = only && only->is_stalled;
	is_read = !user->is_held && !user->tx_io && !user->is_gone &&
		  !user->is_shaped && !user->is_paused && !user->is_blocked;
	loop_io_set(user->tun_io, is_read ? LOOP_READABLE : 0);
	if (was_held && !user->is_held)
		user_shard_poke(user);
}

static int user_stream_send(struct dp_user *user, struct user_peer *peer,
			    const uint8_t *wire, size_t len)
{
	const struct dp_stream *stream = &peer->cfg.stream;
	int ret = stream->send(stream->arg, wire, len);

	if (ret < 0) {
		user->tx.lost++;
		return ret;
	}
	peer->dest.packets++;
	peer->dest.bytes += len;
	if (ret > 0) {
		peer->is_stalled = true;
		user_tun_rearm(user);
	}
	return 0;
}

/* ---- sealing --------------------------------------------------------- */

/* There is room in the queue. */
static int user_seal(struct dp_user *user, struct user_peer *peer,
		     const uint8_t *payload, size_t len)
{
	struct user_key *key = user_tx_key(peer);
	uint8_t *wire = userdp_tx_slot(&user->tx);
	ssize_t n;

	if (!key) {
		user->drops.no_key++;
		return -ENOKEY;
	}
	memcpy(wire, key->head, sizeof(key->head));
	n = key->seal.ops->seal(&key->seal, wire, payload, len);
	if (n < 0)
		return (int)n;
	if (key->live)
		key->live->next = key->seal.next;
	if (n > peer->tx_longest)
		peer->tx_longest = (uint16_t)n;
	if (peer->cfg.is_tcp)
		return user_stream_send(user, peer, wire, (size_t)n);
	userdp_tx_commit(&user->tx, &peer->dest, (size_t)n);
	user->tx_peer = peer;
	return 0;
}

/*
 * On a kernel that breaks runs of equal datagrams a ping ends each of them, in
 * the run's own class.
 * @next, @len, @class: the payload that follows, NULL: none
 */
static void user_end_run(struct dp_user *user, struct user_peer *next,
			 size_t len, uint8_t class)
{
	const struct user_key *key, *next_key = NULL;
	const struct userdp_run *run = NULL;

	if (!user->tx.needs_tail || !user->tx_peer)
		return;
	key = user_tx_key(user->tx_peer);
	if (next)
		next_key = user_tx_key(next);
	if (key)
		run = userdp_tx_wants_tail(&user->tx,
			userdp_codec_wire(&key->seal, PROTO_PING_LEN),
			next_key ? &next->dest : NULL,
			next_key ? userdp_codec_wire(&next_key->seal, len) : 0,
			class);
	if (!run)
		return;
	user->tx.class = run->class;
	user_seal(user, user->tx_peer, proto_ping, PROTO_PING_LEN);
}

/* passtos: the class of an IP packet, without the bits of ECN */
static uint8_t user_class(const uint8_t *pkt, size_t len)
{
	if (len >= 20 && pkt[0] >> 4 == 4)
		return pkt[1] & USER_CLASS_MASK;
	if (len >= 40 && pkt[0] >> 4 == 6)
		return (uint8_t)(pkt[0] << 4 | pkt[1] >> 4) & USER_CLASS_MASK;
	return 0;
}

static int user_send_one(struct dp_user *user, struct user_peer *peer,
			 const uint8_t *payload, size_t len)
{
	uint8_t *ip = (uint8_t *)(uintptr_t)payload;
	size_t ip_len = len;
	uint8_t class = 0;

	if (peer->cfg.format.has_class && user_ip(user, &ip, &ip_len))
		class = user_class(ip, ip_len);
	user_end_run(user, peer, len, class);
	user->tx.class = class;
	if (peer->has_layers)
		return user_layer_send(user, peer, payload, len, user_seal);
	return user_seal(user, peer, payload, len);
}

/* ---- a socket that takes no more ------------------------------------- */

void user_tx_stop(struct dp_user *user)
{
	if (!user->tx_io)
		return;
	loop_io_free(user->tx_io);
	close(user->tx_fd);
	user->tx_io = NULL;
}

void user_tx_forget(struct dp_user *user, struct user_peer *peer)
{
	userdp_tx_forget(&user->tx, &peer->dest);
	if (user->tx_peer == peer)
		user->tx_peer = NULL;
	if (!user->tx_io || userdp_tx_fd(&user->tx) >= 0)
		return;
	/* it was the only one: its socket must not be held open */
	user_tx_stop(user);
	userdp_tx_drop(&user->tx);
	user->has_frame = false;
	user_shard_poke(user);
}

static void user_tx_event(struct loop_io *io, unsigned int events, void *arg);

/*
 * What is sealed waits, and so does the device, whose queue is what senders in
 * front of it see. Where waiting is not possible it is lost.
 */
static void user_tx_wait(struct dp_user *user)
{
	if (user->tx_io)
		return;
	user->tx_fd = dup(userdp_tx_fd(&user->tx));
	if (user->tx_fd >= 0) {
		user->tx_io = loop_io_new(user->base.loop, user->tx_fd,
					  LOOP_WRITABLE, user_tx_event, user);
		if (!user->tx_io)
			close(user->tx_fd);
	}
	if (user->tx_io)
		user_tun_rearm(user);
	else
		userdp_tx_drop(&user->tx);
}

int user_tx_flush(struct dp_user *user)
{
	int err;

	if (user->tx_io)
		return -EAGAIN;
	user_end_run(user, NULL, 0, 0);
	err = userdp_tx_flush(&user->tx);
	if (err)
		user_tx_wait(user);
	else
		user->tx_peer = NULL;
	return user->tx_io ? err : 0;
}

/* For @n payloads of @len bytes or less; of a peer with layers for one. */
static int user_make_room(struct dp_user *user, const struct user_peer *peer,
			  const struct user_key *key, unsigned int n,
			  size_t len)
{
	size_t size = userdp_codec_wire(&key->seal, len);

	if (peer->has_layers)
		user_layer_need(peer, key, len, &n, &size);
	if (userdp_tx_has_room(&user->tx, n, size))
		return 0;
	if (user_tx_flush(user))
		return -EAGAIN;
	return userdp_tx_has_room(&user->tx, n, size) ? 0 : -EMSGSIZE;
}

/* An event at the end: @peer may be gone afterwards. */
static void user_tx_check_key(struct dp_user *user, struct user_peer *peer)
{
	struct user_key *key = &peer->key[peer->primary];

	if (key->is_soft_told || (!userdp_codec_is_worn(&key->seal) &&
				  !userdp_codec_is_worn(&key->open)))
		return;
	key->is_soft_told = true;
	dp_emit_exhausted(&user->base, peer->cfg.id, key->key_id);
}

/* Sealed, behind those before it; nothing leaves that has room. */
static int user_queue(struct dp_user *user, struct user_peer *peer,
		      const uint8_t *payload, size_t len)
{
	const struct user_key *key = user_tx_key(peer);
	int err = -ENOKEY;

	if (key)
		err = user_make_room(user, peer, key, 1, len);
	else
		user->drops.no_key++;
	if (!err)
		err = user_send_one(user, peer, payload, len);
	if (!err)
		peer->last_tx = loop_now(user->base.loop);
	return err;
}

int user_send(struct dp_user *user, struct user_peer *peer,
	      const uint8_t *payload, size_t len)
{
	int err = user_queue(user, peer, payload, len);

	user_tx_flush(user);
	user_tx_check_key(user, peer);
	return err;
}

/* From one peer to another: an event could take away the first one. */
int user_relay(struct dp_user *user, struct user_peer *peer,
	       const uint8_t *payload, size_t len)
{
	int err = user_queue(user, peer, payload, len);

	if (err)
		return err;
	peer->stats.vpn_tx_packets++;
	peer->stats.vpn_tx_bytes += len;
	return 0;
}

void user_relay_end(struct dp_user *user)
{
	if (user->tx.used)
		user_tx_flush(user);
}

/* ---- frames of the device -------------------------------------------- */

static struct user_peer *user_route(struct dp_user *user,
				    const struct userdp_frame *frame,
				    const uint8_t *pkt, size_t len)
{
	struct net_ip dst;

	if (user->tun.has_peers)
		return user_find_id(user, frame->peer_id);
	if (!user->ether && !user_inner_addr(pkt, len, false, &dst))
		return NULL;
	if (user->base.mode == DP_MODE_P2P)
		return user_find_first(user);
	if (user->ether)
		return user_ether_find(user, userdp_ether_dst(pkt));
	return user_find_inner(user, &dst);
}

/*
 * What a packet takes can be much for a peer with layers: there is room for one
 * after the other, not for all of a frame at once.
 */
static int user_layer_room(struct dp_user *user, const struct user_peer *peer,
			   const struct user_key *key,
			   const struct userdp_frame *frame)
{
	if (!peer->has_layers)
		return 0;
	return user_make_room(user, peer, key, 1,
			      userdp_frame_longest(frame));
}

/* A frame of the device of a bridge. Return: it was for all, and is gone. */
static bool user_bridge(struct dp_user *user, struct userdp_frame *frame,
			const uint8_t *head)
{
	const uint8_t *pkt;
	size_t len;

	if (!user->ether || user->base.mode != DP_MODE_MP)
		return false;
	user_ether_local(user, head);
	if (!userdp_ether_is_group(userdp_ether_dst(head)))
		return false;
	while ((pkt = userdp_frame_next(frame, &len)))
		user_ether_flood(user, NULL, pkt, len);
	return true;
}

/* What is at the beginning of each packet of the frame. */
static const uint8_t *user_head(const struct userdp_frame *frame, size_t *len)
{
	const uint8_t *head = userdp_frame_head(frame, len);

	return frame->ether_len ? frame->ether : head;
}

/* In a packet that goes to @peer. */
static void user_touch(struct dp_user *user, struct user_peer *peer,
		       const struct userdp_frame *frame, uint8_t *pkt,
		       size_t len)
{
	if (!user_ip(user, &pkt, &len))
		return;
	if (frame->gso == USERDP_GSO_NONE)
		user_mss(user, peer, pkt, len);
	if (peer->cfg.n_nat)
		user_nat(peer, true, pkt, len);
}

/* All packets of @frame that there is room for; 0, or -EAGAIN. */
static int user_seal_frame(struct dp_user *user, struct user_peer *peer,
			   const struct user_key *key,
			   struct userdp_frame *frame)
{
	uint8_t *pkt;
	size_t len;
	int err;

	while (userdp_frame_has_more(frame)) {
		err = user_layer_room(user, peer, key, frame);
		if (err)
			return err;
		pkt = userdp_frame_next(frame, &len);
		user_touch(user, peer, frame, pkt, len);
		if (user_send_one(user, peer, pkt, len))
			return 0;
		peer->stats.vpn_tx_packets++;
		peer->stats.vpn_tx_bytes += len;
		if (user->is_held)
			return -EAGAIN;
	}
	return 0;
}

int user_forward(struct dp_user *user, struct userdp_frame *frame)
{
	const struct user_key *key = NULL;
	struct user_peer *peer;
	const uint8_t *head;
	size_t len;
	int err;

	head = user_head(frame, &len);
	if (user_bridge(user, frame, head))
		return 0;
	peer = user_route(user, frame, head, len);
	if (peer && peer->is_foreign)
		return user_shard_give(user, peer, frame);
	if (peer)
		key = user_tx_key(peer);
	if (!key) {
		*(peer ? &user->drops.no_key : &user->drops.no_peer) +=
			frame->n_segs;
		return 0;
	}
	err = user_make_room(user, peer, key, frame->n_segs,
			     userdp_frame_longest(frame));
	if (err == -EAGAIN)
		return err;
	if (err) {
		user->drops.malformed++;
		return 0;
	}
	err = user_seal_frame(user, peer, key, frame);
	peer->last_tx = loop_now(user->base.loop);
	if (user->tx.used >= USER_FLUSH_BYTES)
		user_tx_flush(user);
	user_tx_check_key(user, peer);
	return err == -EAGAIN && userdp_frame_has_more(frame) ? -EAGAIN : 0;
}

/* The device does not come back: without this the loop would spin. */
static void user_tun_gone(struct dp_user *user, int err)
{
	log_error("the device is gone (%s); restart to make it again",
		  strerror(-err));
	user->is_gone = true;
	user_tun_rearm(user);
}

/* 1: there may be more; 0: there is not, or it has to wait */
static int user_tun_read(struct dp_user *user)
{
	int ret = userdp_frame_read(&user->frame, &user->tun);

	if (ret == -EBADFD || ret == -EFAULT || ret == -ENODEV) {
		user_tun_gone(user, ret);
		return 0;
	}
	if (ret < 0) {
		user->drops.malformed++;
		return 1;
	}
	if (!ret)
		return 0;
	user->has_frame = user_forward(user, &user->frame) == -EAGAIN;
	return !user->has_frame;
}

/* With a rate, what has been read goes out, and is paid for, one by one. */
static bool user_may_read(struct dp_user *user)
{
	if (user->only && user->only->cfg.rate && !user->base.is_dead)
		user_tx_flush(user);
	return !user->base.is_dead && !user->tx_io && !user->is_held &&
	       !user->is_blocked && !user->is_paused && !user_shape(user);
}

void user_tun_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct dp_user *user = arg;
	size_t n_bytes = 0;
	unsigned int n = 0;

	(void)io;
	(void)events;
	dp_enter(&user->base);
	while (user_may_read(user) && user_tun_read(user)) {
		n_bytes += user->frame.len;
		if (++n == USER_BATCH_FRAMES || n_bytes >= USER_BATCH_BYTES)
			break;
	}
	user_shard_flush(user);
	if (!user->base.is_dead)
		user_tx_flush(user);
	dp_leave(&user->base);
}

void user_go_on(struct dp_user *user)
{
	dp_enter(&user->base);
	user_tun_rearm(user);
	if (user->has_frame && !user->is_held && !user->tx_io)
		user->has_frame = user_forward(user, &user->frame) == -EAGAIN;
	user_shard_flush(user);
	if (!user->base.is_dead) {
		user_tx_flush(user);
		user_tun_rearm(user);
		user_shard_take(user);
	}
	dp_leave(&user->base);
}

/* The socket takes datagrams again: first those that have waited. */
static void user_tx_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct dp_user *user = arg;

	(void)io;
	(void)events;
	user_tx_stop(user);
	if (!user_tx_flush(user))
		user_go_on(user);
}

void user_stream_ready(struct dp *dp, uint32_t peer_id)
{
	struct dp_user *user = user_get(dp);
	struct user_peer *peer = user_find_id(user, peer_id);

	if (!peer)
		return;
	peer->is_stalled = false;
	user_go_on(user);
}

bool user_drain(struct dp_user *user)
{
	struct pollfd room = { .fd = user->tx_fd, .events = POLLOUT };

	if (user->tx_io && poll(&room, 1, 1) > 0)
		user_tx_event(user->tx_io, LOOP_WRITABLE, user);
	user->is_blocked = false;
	user_go_on(user);
	return user->tx_io || user->has_frame || user_shard_has_frames(user);
}

void user_drain_queue(struct dp_user *user)
{
	if (!user->has_frame)
		user_tun_event(user->tun_io, LOOP_READABLE, user);
}
