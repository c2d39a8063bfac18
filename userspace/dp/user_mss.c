// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/socket.h>

#include "dp/user.h"

/*
 * TCP inside is kept to segments that are not fragmented outside, as the module
 * does it, or as mssfix says (section 7.10). The way to a peer can change, so
 * it is asked for now and then.
 */

#define USER_MSS_FRESH_MS	10000

#define IP4_LEN		20
#define IP6_LEN		40
#define UDP_LEN		8
#define TCP_LEN		20

static bool user_is_outer_ip4(const struct user_peer *peer)
{
	union net_addr addr = peer->dest.remote;
	socklen_t len = sizeof(addr);

	if (peer->cfg.is_tcp && getpeername(peer->cfg.fd, &addr.sa, &len))
		return true;
	net_addr_unmap(&addr);
	return addr.sa.sa_family == AF_INET;
}

size_t user_outer_len(const struct user_peer *peer)
{
	return (user_is_outer_ip4(peer) ? IP4_LEN : IP6_LEN) +
	       (peer->cfg.is_tcp ? TCP_LEN : UDP_LEN);
}

/* Of Ethernet, as much as OpenVPN allows for. */
#define ETHER_EXTRA	32

/* The longest packet inside whose datagram has @size bytes; 0: not known. */
static size_t user_mss_inner(const struct user_peer *peer,
			     const struct user_key *key, size_t size)
{
	const struct dp_format *format = &peer->cfg.format;
	size_t extra = 0;

	if (peer->cfg.is_tcp)
		size = size > PROTO_RECORD_PREFIX ?
		       size - PROTO_RECORD_PREFIX : 0;
	if (format->framing == PROTO_FRAMING_LZO ||
	    format->framing == PROTO_FRAMING_SWAP)
		extra++;
	if (format->fragment)
		extra += USERDP_FRAGMENT_HEAD;
	size = userdp_codec_payload(&key->seal, size);
	return size > extra ? size - extra : 0;
}

static size_t user_mss_route(const struct user_peer *peer)
{
	size_t limit = peer->cfg.format.mss_size;
	size_t mtu = peer->cfg.is_tcp ? 0 : userdp_dest_mtu(&peer->dest);

	if (!mtu || (limit && limit < mtu))
		return limit;
	return mtu;
}

static size_t user_mss_look_up(const struct dp_user *user,
			       const struct user_peer *peer,
			       const struct user_key *key)
{
	const struct dp_format *format = &peer->cfg.format;
	size_t extra = user->ether ? ETHER_EXTRA : 0;
	size_t size = format->mss_size;

	switch (format->mss) {
	case DP_MSS_OFF:
		return 0;
	case DP_MSS_FIXED:
		return size;
	case DP_MSS_LINK:
		size = user_mss_inner(peer, key, size);
		return size > extra ? size - extra : 0;
	case DP_MSS_ROUTE:
		size = user_mss_route(peer);
		break;
	case DP_MSS_MTU:
		break;
	}
	if (size <= user_outer_len(peer))
		return 0;
	size = user_mss_inner(peer, key, size - user_outer_len(peer));
	return size > extra ? size - extra : 0;
}

void user_mss(struct dp_user *user, struct user_peer *peer, uint8_t *pkt,
	      size_t len)
{
	uint64_t now = loop_now(user->base.loop);
	const struct user_key *key;

	if (!userdp_mss_is_syn(pkt, len))
		return;
	if (!peer->inner_at || now - peer->inner_at > USER_MSS_FRESH_MS) {
		key = user_key_slot(peer, DP_SLOT_PRIMARY);
		if (!key->is_set)
			return;
		peer->inner_max = user_mss_look_up(user, peer, key);
		peer->inner_at = now;
	}
	if (peer->inner_max)
		userdp_mss_clamp(pkt, len, peer->inner_max);
}
