// SPDX-License-Identifier: GPL-2.0-or-later
#include "dp/user.h"

/*
 * Section 7.6: a ping when nothing was sent for an interval; the peer is gone
 * when nothing authentic came for the timeout. One timer for all peers, which
 * fires at the earliest deadline.
 */

/* one walk serves several peers */
#define USER_PING_MIN_MS	50
/* of one walk; others wait for the next */
#define USER_PING_BATCH		256

/* Later than this, the process stood still and packets are waiting. */
#define USER_PING_LATE_MS	500

static void user_ping_start(struct dp_user *user, uint64_t delay_ms)
{
	user->has_ping = true;
	user->ping_at = loop_now(user->base.loop) + delay_ms;
	loop_timer_start(user->ping_timer, delay_ms);
}

static uint64_t user_ping_deadline(const struct user_peer *peer)
{
	uint64_t ping = peer->last_tx + peer->ping_interval * 1000ull;
	uint64_t expiry = peer->last_rx + peer->ping_timeout * 1000ull;

	return ping < expiry ? ping : expiry;
}

void user_ping_rearm(struct dp_user *user)
{
	uint64_t now = loop_now(user->base.loop), first = UINT64_MAX, at;
	const struct user_peer *peer;
	size_t i;

	for (i = 0; i < USER_BUCKETS; i++) {
		for (peer = user->by_id[i]; peer; peer = peer->next_id) {
			if (!peer->ping_interval)
				continue;
			at = user_ping_deadline(peer);
			first = at < first ? at : first;
		}
	}
	if (first == UINT64_MAX) {
		user->has_ping = false;
		loop_timer_stop(user->ping_timer);
	} else if (first < now + USER_PING_MIN_MS) {
		user_ping_start(user, USER_PING_MIN_MS);
	} else {
		user_ping_start(user, first - now);
	}
}

void user_ping_arm(struct dp_user *user, const struct user_peer *peer)
{
	uint64_t now = loop_now(user->base.loop), at;

	if (!peer->ping_interval)
		return;
	at = user_ping_deadline(peer);
	/* what comes too early looks for itself when the next one is due */
	if (user->has_ping && user->ping_at <= at)
		return;
	user_ping_start(user, at > now + USER_PING_MIN_MS ? at - now :
							    USER_PING_MIN_MS);
}

static bool user_ping_is_due(const struct user_peer *peer, uint64_t now)
{
	return peer->ping_interval && user_ping_deadline(peer) <= now;
}

/* Peers that have something to do now, as many as there is room for. */
static size_t user_ping_due(const struct dp_user *user, uint64_t now,
			    uint32_t ids[USER_PING_BATCH])
{
	const struct user_peer *peer;
	size_t n = 0, i;

	for (i = 0; i < USER_BUCKETS; i++)
		for (peer = user->by_id[i]; peer; peer = peer->next_id)
			if (n < USER_PING_BATCH && user_ping_is_due(peer, now))
				ids[n++] = peer->cfg.id;
	return n;
}

static void user_ping_peer(struct dp_user *user, struct user_peer *peer,
			   uint64_t now)
{
	uint32_t id = peer->cfg.id;

	if (peer->last_rx + peer->ping_timeout * 1000ull <= now) {
		user_peer_remove(user, peer);
		dp_emit_deleted(&user->base, id, DP_DEL_EXPIRED);
		return;
	}
	/* Set first: an attempt that fails is repeated an interval later. */
	peer->last_tx = now;
	user_send(user, peer, proto_ping, PROTO_PING_LEN);
}

void user_ping_event(struct loop_timer *timer, void *arg)
{
	struct dp_user *user = arg;
	uint64_t now = loop_now(user->base.loop);
	uint32_t ids[USER_PING_BATCH];
	struct user_peer *peer;
	size_t n;

	(void)timer;
	/* Read before judging: timers come before sockets in a wake-up. */
	if (now > user->ping_at + USER_PING_LATE_MS) {
		user_ping_start(user, USER_PING_MIN_MS);
		return;
	}
	dp_enter(&user->base);
	n = user_ping_due(user, now, ids);
	/* Looked up again: an event may change any peer. */
	for (size_t i = 0; i < n && !user->base.is_dead; i++) {
		peer = user_find_id(user, ids[i]);
		if (peer && user_ping_is_due(peer, now))
			user_ping_peer(user, peer, now);
	}
	if (!user->base.is_dead)
		user_ping_rearm(user);
	dp_leave(&user->base);
}
