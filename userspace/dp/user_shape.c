// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shaper: what has been sent has to be paid for, with time, before the TUN
 * device is read again; its queue is what senders in front of it see.
 * Super-packets of 64 KB would be bursts, so that the device makes none.
 */
#include <errno.h>

#include "dp/user.h"

#define US_PER_S	1000000u
#define US_PER_MS	1000u

/* What a late wake-up may make up for. */
#define CREDIT_US	(20 * US_PER_MS)

static void shape_timeout(struct loop_timer *timer, void *arg)
{
	struct dp_user *user = arg;

	(void)timer;
	user->is_shaped = false;
	user_tun_rearm(user);
}

int user_shape_begin(struct dp_user *user, const struct user_peer *peer)
{
	struct user_shaper *shaper = &user->shaper;

	if (!shaper->timer)
		shaper->timer = loop_timer_new(user->base.loop, shape_timeout,
					       user);
	if (!shaper->timer)
		return -ENOMEM;
	shaper->paid_at = 0;
	shaper->bytes = peer->dest.bytes;
	userdp_tun_set_segments(&user->tun, false);
	return 0;
}

void user_shape_end(struct dp_user *user)
{
	if (!user->shaper.timer)
		return;
	loop_timer_stop(user->shaper.timer);
	user->is_shaped = false;
	userdp_tun_set_segments(&user->tun, true);
}

bool user_shape(struct dp_user *user)
{
	struct user_shaper *shaper = &user->shaper;
	const struct user_peer *peer = user->only;
	uint64_t now = loop_now(user->base.loop) * US_PER_MS;

	if (!peer || !peer->cfg.rate || user->is_shaped)
		return user->is_shaped;
	/* time in which nothing was sent is not saved for later */
	if (shaper->paid_at + CREDIT_US < now)
		shaper->paid_at = now - CREDIT_US;
	shaper->paid_at += (peer->dest.bytes - shaper->bytes) * US_PER_S /
			   peer->cfg.rate;
	shaper->bytes = peer->dest.bytes;
	if (shaper->paid_at < now + US_PER_MS)
		return false;
	user->is_shaped = true;
	loop_timer_start(shaper->timer, (shaper->paid_at - now) / US_PER_MS);
	user_tun_rearm(user);
	return true;
}
