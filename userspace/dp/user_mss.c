// SPDX-License-Identifier: GPL-2.0-or-later
#include "dp/user.h"

/*
 * TCP inside is kept to segments that are not fragmented outside, as the module
 * does it. The way to a peer can change, so it is asked for now and then.
 */

#define USER_MSS_FRESH_MS	10000

static void user_mss_look_up(struct dp_user *user, struct user_peer *peer)
{
	bool is_ip4 = peer->dest.remote.sa.sa_family == AF_INET;
	size_t outer = (is_ip4 ? 20 : 40) + 8 + USER_OVERHEAD;
	size_t mtu = userdp_dest_mtu(&peer->dest);

	peer->inner_max = mtu > outer ? mtu - outer : 0;
	peer->inner_at = loop_now(user->base.loop);
}

void user_mss(struct dp_user *user, struct user_peer *peer, uint8_t *pkt,
	      size_t len)
{
	uint64_t now = loop_now(user->base.loop);

	if (peer->cfg.is_tcp || !userdp_mss_is_syn(pkt, len))
		return;
	if (!peer->inner_at || now - peer->inner_at > USER_MSS_FRESH_MS)
		user_mss_look_up(user, peer);
	if (peer->inner_max)
		userdp_mss_clamp(pkt, len, peer->inner_max);
}
