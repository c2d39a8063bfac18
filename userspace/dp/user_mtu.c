// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mtu-test (section 7.6): datagrams of many sizes, each asked for and sent
 * three times; then the other end is asked for the longest one of each
 * direction.
 */
#include "dp/user.h"
#include "log/log.h"

#define STEP_MS		1000
#define TRIES		3
#define SIZE_MIN	64

/* From the datagram of a full tunnel packet. */
static const int deltas[] = {
	-1000, -750, -500, -400, -300, -200, -100, -50, 0, 50, 100,
};

#define N_LOADS		(2 * TRIES * sizeof(deltas) / sizeof(deltas[0]))
#define N_STEPS		(N_LOADS + TRIES)

static uint16_t step_size(const struct dp_user *user,
			  const struct user_key *key)
{
	long base = (long)userdp_codec_wire(&key->seal, user->mtu.tun_mtu);
	long size = base + deltas[user->mtu.step / (2 * TRIES)];

	if (size < SIZE_MIN)
		size = SIZE_MIN;
	return size > UINT16_MAX ? UINT16_MAX : (uint16_t)size;
}

static void mtu_ask(struct dp_user *user, struct user_peer *peer,
		    const struct user_key *key)
{
	uint16_t size;

	if (user->mtu.step >= N_LOADS) {
		user_send_occ(&user->base, peer->cfg.id, PROTO_OCC_MTU_REQUEST);
		return;
	}
	size = step_size(user, key);
	if (size > user->mtu.tried)
		user->mtu.tried = size;
	if (user->mtu.step % 2)
		user_occ_load(user, peer, size);
	else
		user_occ_send(user, peer, PROTO_OCC_MTU_LOAD_REQUEST, size);
}

static void mtu_step(struct loop_timer *timer, void *arg)
{
	struct dp_user *user = arg;
	struct user_peer *peer;
	struct user_key *key;

	if (!user->mtu.is_running)
		return;
	if (user->mtu.step >= N_STEPS) {
		user->mtu.is_running = false;
		log_notice("mtu-test: the other end has not answered");
		return;
	}
	loop_timer_start(timer, user->mtu.step_ms);
	dp_enter(&user->base);
	peer = user_find_first(user);
	key = peer ? user_tx_key(peer) : NULL;
	if (key) {
		mtu_ask(user, peer, key);
		user->mtu.step++;
	}
	dp_leave(&user->base);
}

void user_mtu_begin(struct dp_user *user)
{
	struct user_mtu *mtu = &user->mtu;

	if (!mtu->timer)
		mtu->timer = loop_timer_new(user->base.loop, mtu_step, user);
	if (!mtu->timer)
		return;
	if (!mtu->step_ms)
		mtu->step_ms = STEP_MS;
	mtu->step = 0;
	mtu->tried = 0;
	mtu->is_running = true;
	log_notice("mtu-test begins; it takes %zu seconds",
		   N_STEPS * mtu->step_ms / 1000);
	loop_timer_start(mtu->timer, mtu->step_ms);
}

void user_mtu_end(struct dp_user *user)
{
	if (user->mtu.is_running)
		loop_timer_stop(user->mtu.timer);
	user->mtu.is_running = false;
}

/* The end of the test; what has not been asked for is not listened to. */
void user_mtu_result(struct dp_user *user, const struct user_peer *peer,
		     const struct user_occ *occ)
{
	if (!user->mtu.is_running || user->mtu.step <= N_LOADS ||
	    !occ->has_sent)
		return;
	user_mtu_end(user);
	/* in OpenVPN's words, for programs that look for them */
	log_notice("NOTE: Empirical MTU test completed [Tried,Actual] local->remote=[%u,%u] remote->local=[%u,%u]",
		   peer->tx_longest, occ->size, occ->sent, peer->rx_longest);
	if (occ->size < peer->tx_longest || peer->rx_longest < occ->sent)
		log_notice("NOTE: This connection is unable to accommodate a UDP packet size of %u; use a smaller tun-mtu or mssfix, or fragment",
			   user->mtu.tried);
}
