// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One of several threads: each has its own peers, which nobody else touches,
 * and knows of those of the others where they are inside. What has one
 * destination comes by one queue (userdp/steer.c), as a rule that of its peer's
 * thread. A frame for a peer of another thread goes there through a ring, so
 * that the order is kept; a thread that finds it full reads no more. Not so for
 * the main loop, which may do something long: there a frame is lost, as among
 * several peers a slow one loses its own, unless there is nobody else to wait.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dp/user.h"

/* The packet itself begins at a round address. */
#define GIVEN_ALIGN	64u

/* What is copied of a frame in front of its packet. */
static size_t given_fields(const struct userdp_frame *frame)
{
	size_t head = frame->gso == USERDP_GSO_NONE ? 0 : frame->head_len;

	return offsetof(struct userdp_frame, head) + head;
}

static size_t given_offset(const struct userdp_frame *frame)
{
	size_t size = DP_RING_HEAD + given_fields(frame);

	return ((size + GIVEN_ALIGN - 1) & ~(size_t)(GIVEN_ALIGN - 1)) -
	       DP_RING_HEAD;
}

int user_shard_new(struct dp *dp, struct user_shards *all, unsigned int self)
{
	struct dp_user *user = user_get(dp);
	struct user_shard *shard = calloc(1, sizeof(*shard));

	if (!shard)
		return -ENOMEM;
	user->shard = shard;
	shard->all = all;
	shard->self = self;
	return 0;
}

void user_shard_free(struct dp_user *user)
{
	struct user_shard *shard = user->shard;

	if (!shard)
		return;
	for (size_t i = 0; i < USER_BUCKETS; i++)
		while (shard->foreign[i])
			user_shard_forget(&user->base,
					  shard->foreign[i]->cfg.id);
	free(shard);
}

/* ---- peers of others --------------------------------------------------- */

/* Ids are the server's choice. */
static struct user_peer **foreign_bucket(struct user_shard *shard, uint32_t id)
{
	return &shard->foreign[id & (USER_BUCKETS - 1)];
}

struct user_peer *user_shard_find(struct dp_user *user, uint32_t id)
{
	struct user_peer *peer = *foreign_bucket(user->shard, id);

	while (peer && peer->cfg.id != id)
		peer = peer->next_id;
	return peer;
}

int user_shard_foreign(struct dp *dp, const struct dp_peer *peer,
		       unsigned int shard)
{
	struct dp_user *user = user_get(dp);
	struct user_peer *foreign, **head;

	if (user_find_vpn(user, &peer->vpn4) ||
	    user_find_vpn(user, &peer->vpn6))
		return -EADDRINUSE;
	foreign = calloc(1, sizeof(*foreign));
	if (!foreign)
		return -ENOMEM;
	foreign->is_foreign = true;
	foreign->shard = (uint8_t)shard;
	foreign->cfg.id = peer->id;
	foreign->cfg.vpn4 = peer->vpn4;
	foreign->cfg.vpn6 = peer->vpn6;
	head = foreign_bucket(user->shard, peer->id);
	foreign->next_id = *head;
	*head = foreign;
	user->shard->n_foreign++;
	user->shard->n_home += shard == user->shard->all->home;
	user_link_vpn(user, foreign);
	user_tun_rearm(user);
	/* it may wait for nobody but the main loop so far */
	user_shard_poke(user);
	return 0;
}

void user_shard_forget(struct dp *dp, uint32_t peer_id)
{
	struct dp_user *user = user_get(dp);
	struct user_peer *foreign = user_shard_find(user, peer_id);
	struct user_peer **pos = foreign_bucket(user->shard, peer_id);

	if (!foreign)
		return;
	while (*pos != foreign)
		pos = &(*pos)->next_id;
	*pos = foreign->next_id;
	user->shard->n_foreign--;
	user->shard->n_home -= foreign->shard == user->shard->all->home;
	user_prefix_drop(user, foreign);
	user_unlink_vpn(user, foreign);
	free(foreign);
}

/* ---- frames for others ------------------------------------------------- */

static bool is_whole(const struct userdp_frame *frame)
{
	return frame->pos == (frame->gso == USERDP_GSO_NONE ? 0 :
							       frame->head_len);
}

/* Is it better to wait than to lose a frame? */
static bool may_wait(const struct dp_user *user, unsigned int shard)
{
	return shard != user->shard->all->home ||
	       (!user->n_peers &&
		user->shard->n_foreign == user->shard->n_home);
}

int user_shard_give(struct dp_user *user, const struct user_peer *peer,
		    const struct userdp_frame *frame)
{
	struct user_shard *shard = user->shard;
	struct dp_ring *ring = shard->all->rings[shard->self][peer->shard];
	size_t offset = given_offset(frame);
	bool is_patient;
	uint8_t *slot;

	/* its peer has moved on its way, or in the middle of it: it is lost */
	if (frame != &user->frame || !is_whole(frame)) {
		user->drops.no_peer++;
		return 0;
	}
	is_patient = may_wait(user, peer->shard);
	slot = is_patient ? dp_ring_want(ring, offset + frame->len) :
			    dp_ring_slot(ring, offset + frame->len);
	if (!slot && !is_patient) {
		user->drops.ring += frame->n_segs;
		return 0;
	}
	if (!slot) {
		user->is_blocked = true;
		user_tun_rearm(user);
		return -EAGAIN;
	}
	memcpy(slot, frame, given_fields(frame));
	memcpy(slot + offset, frame->pkt, frame->len);
	dp_ring_push(ring, offset + frame->len);
	shard->woken |= 1u << peer->shard;
	return 0;
}

static void shard_flush(struct user_shard *shard)
{
	for (unsigned int i = 0; shard->woken; i++, shard->woken >>= 1)
		if (shard->woken & 1)
			shard->all->wake(shard->all->arg, i);
}

void user_shard_flush(struct dp_user *user)
{
	if (user->shard)
		shard_flush(user->shard);
}

void user_shard_poke(struct dp_user *user)
{
	const struct user_shard *shard = user->shard;

	if (shard)
		shard->all->wake(shard->all->arg, shard->self);
}

/* ---- frames of others -------------------------------------------------- */

/* It is cut where it lies: its place is given back when it has gone. */
static void given_load(struct userdp_frame *frame, uint8_t *data)
{
	memcpy(frame, data, offsetof(struct userdp_frame, head));
	if (frame->gso != USERDP_GSO_NONE)
		memcpy(frame->head, data + offsetof(struct userdp_frame, head),
		       frame->head_len);
	frame->pkt = data + given_offset(frame);
}

/* The next frame, of whoever has one. */
static bool shard_load(struct user_shard *shard)
{
	const struct user_shards *all = shard->all;
	uint8_t *data;
	size_t len;

	for (unsigned int i = 0; i < all->n; i++) {
		unsigned int from = (shard->next + i) % all->n;

		if (from == shard->self)
			continue;
		data = dp_ring_peek(all->rings[from][shard->self], &len);
		if (!data)
			continue;
		given_load(&shard->given, data);
		shard->given_by = from;
		shard->next = from + 1;
		return true;
	}
	return false;
}

static void shard_unload(struct user_shard *shard)
{
	const struct user_shards *all = shard->all;

	if (dp_ring_pop(all->rings[shard->given_by][shard->self]))
		shard->woken |= 1u << shard->given_by;
	shard->has_given = false;
}

/* Return: is there, perhaps, more that can go now? */
static bool shard_take_one(struct dp_user *user)
{
	struct user_shard *shard = user->shard;

	if (user->base.is_dead || user->tx_io || user->is_held ||
	    (!shard->has_given && !shard_load(shard)))
		return false;
	shard->has_given = true;
	if (user_forward(user, &shard->given) == -EAGAIN)
		return false;
	shard_unload(shard);
	return true;
}

void user_shard_take(struct dp_user *user)
{
	struct user_shard *shard = user->shard;
	size_t n_bytes = 0;
	unsigned int n = 0;

	if (!shard)
		return;
	while (shard_take_one(user)) {
		n_bytes += shard->given.len;
		if (++n < USER_BATCH_FRAMES && n_bytes < USER_BATCH_BYTES)
			continue;
		/* others have their turn in between */
		shard->woken |= 1u << shard->self;
		break;
	}
	if (n && !user->base.is_dead)
		user_tx_flush(user);
	shard_flush(shard);
}

bool user_shard_has_frames(const struct dp_user *user)
{
	const struct user_shard *shard = user->shard;
	bool has_frames = shard && shard->has_given;

	for (unsigned int i = 0; shard && i < shard->all->n; i++)
		has_frames |= i != shard->self &&
			!dp_ring_is_empty(shard->all->rings[i][shard->self]);
	return has_frames;
}

void user_shard_wake(struct dp *dp)
{
	struct dp_user *user = user_get(dp);

	user->is_blocked = false;
	user_go_on(user);
}
