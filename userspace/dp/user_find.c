// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables in which peers are found. */
#include <string.h>

#include "dp/user.h"

/* Ids and VPN addresses are the server's choice: nobody aims at a bucket. */
static size_t user_bucket(uint32_t word)
{
	return (word * 0x9e3779b1u) >> 22 & (USER_BUCKETS - 1);
}

static size_t user_bucket_ip(const struct net_ip *ip)
{
	uint32_t w[4];

	if (ip->family == AF_INET)
		return user_bucket(ip->in4.s_addr);
	memcpy(w, &ip->in6, sizeof(w));
	return user_bucket(w[0] ^ w[1] * 3 ^ w[2] * 5 ^ w[3] * 7);
}

struct user_peer *user_find_id(struct dp_user *user, uint32_t id)
{
	struct user_peer *peer = user->by_id[user_bucket(id)];

	while (peer && peer->cfg.id != id)
		peer = peer->next_id;
	return peer;
}

struct user_peer *user_find_first(struct dp_user *user)
{
	size_t i;

	/* asked for each packet */
	if (user->base.mode == DP_MODE_P2P)
		return user->only;
	for (i = 0; user->n_peers && i < USER_BUCKETS; i++) {
		if (user->by_id[i])
			return user->by_id[i];
	}
	return NULL;
}

struct user_peer *user_find_vpn(struct dp_user *user, const struct net_ip *ip)
{
	struct user_peer *peer;
	size_t bucket;

	if (ip->family != AF_INET && ip->family != AF_INET6)
		return NULL;
	bucket = user_bucket_ip(ip);
	if (ip->family == AF_INET) {
		peer = user->by_vpn4[bucket];
		while (peer && !net_ip_is_equal(&peer->cfg.vpn4, ip))
			peer = peer->next_vpn4;
	} else {
		peer = user->by_vpn6[bucket];
		while (peer && !net_ip_is_equal(&peer->cfg.vpn6, ip))
			peer = peer->next_vpn6;
	}
	return peer;
}

/* ---- by the address outside ------------------------------------------ */

static size_t user_bucket_addr(const union net_addr *addr)
{
	uint32_t w[4];

	if (addr->sa.sa_family == AF_INET)
		return user_bucket(addr->in4.sin_addr.s_addr ^
				   (uint32_t)addr->in4.sin_port << 16);
	memcpy(w, &addr->in6.sin6_addr, sizeof(w));
	return user_bucket(w[0] ^ w[1] * 3 ^ w[2] * 5 ^ w[3] * 7 ^
			   (uint32_t)addr->in6.sin6_port << 16);
}

static bool user_has_addr(const struct dp_user *user,
			  const struct user_peer *peer)
{
	return user->base.mode == DP_MODE_MP && !peer->cfg.is_tcp;
}

/* Of several at one address, who talks to this socket. */
struct user_peer *user_find_addr(struct dp_user *user,
				 const union net_addr *addr, int fd)
{
	struct user_peer *peer, *found = NULL;
	union net_addr plain = *addr;

	net_addr_unmap(&plain);
	peer = user->by_addr[user_bucket_addr(&plain)];
	for (; peer; peer = peer->next_addr) {
		if (!net_addr_is_equal(&peer->dest.remote, &plain))
			continue;
		if (!found || peer->dest.fd == fd)
			found = peer;
	}
	return found;
}

void user_link_addr(struct dp_user *user, struct user_peer *peer)
{
	struct user_peer **head;

	if (!user_has_addr(user, peer))
		return;
	head = &user->by_addr[user_bucket_addr(&peer->dest.remote)];
	peer->next_addr = *head;
	*head = peer;
}

void user_unlink_addr(struct dp_user *user, struct user_peer *peer)
{
	struct user_peer **pos;

	if (!user_has_addr(user, peer))
		return;
	pos = &user->by_addr[user_bucket_addr(&peer->dest.remote)];
	while (*pos != peer)
		pos = &(*pos)->next_addr;
	*pos = peer->next_addr;
}

/* ---- all of them ----------------------------------------------------- */

void user_link_vpn(struct dp_user *user, struct user_peer *peer)
{
	struct user_peer **head;

	if (peer->cfg.vpn4.family) {
		head = &user->by_vpn4[user_bucket_ip(&peer->cfg.vpn4)];
		peer->next_vpn4 = *head;
		*head = peer;
	}
	if (peer->cfg.vpn6.family) {
		head = &user->by_vpn6[user_bucket_ip(&peer->cfg.vpn6)];
		peer->next_vpn6 = *head;
		*head = peer;
	}
}

void user_link(struct dp_user *user, struct user_peer *peer)
{
	struct user_peer **head = &user->by_id[user_bucket(peer->cfg.id)];

	peer->next_id = *head;
	*head = peer;
	user_link_vpn(user, peer);
	user_link_addr(user, peer);
	if (user->base.mode == DP_MODE_P2P)
		user->only = peer;
	user->n_peers++;
}

void user_unlink_vpn(struct dp_user *user, struct user_peer *peer)
{
	struct user_peer **pos;

	if (peer->cfg.vpn4.family) {
		pos = &user->by_vpn4[user_bucket_ip(&peer->cfg.vpn4)];
		while (*pos != peer)
			pos = &(*pos)->next_vpn4;
		*pos = peer->next_vpn4;
	}
	if (peer->cfg.vpn6.family) {
		pos = &user->by_vpn6[user_bucket_ip(&peer->cfg.vpn6)];
		while (*pos != peer)
			pos = &(*pos)->next_vpn6;
		*pos = peer->next_vpn6;
	}
}

void user_unlink(struct dp_user *user, struct user_peer *peer)
{
	struct user_peer **pos = &user->by_id[user_bucket(peer->cfg.id)];

	while (*pos != peer)
		pos = &(*pos)->next_id;
	*pos = peer->next_id;
	user_unlink_vpn(user, peer);
	user_unlink_addr(user, peer);
	if (user->only == peer)
		user->only = NULL;
	user->n_peers--;
}
