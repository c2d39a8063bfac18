// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server on Ethernet: the TAP device and the peers are ports of one network.
 * A host is behind the peer that its last frame came from. Frames of the device
 * for hosts that are behind nobody are dropped, as OpenVPN does it; frames for
 * groups go to all peers. Tags of VLANs are not looked at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "dp/user.h"

/* Who has not been heard for so long makes room for another host. */
#define MAC_FRESH_MS	300000

/**
 * struct user_mac - a host
 * @next: in its bucket; @next_own: behind the same peer
 * @seen: loop time of its last frame
 */
struct user_mac {
	struct user_mac *next, *next_own;
	struct user_peer *peer;
	uint64_t seen;
	uint8_t addr[USERDP_MAC_LEN];
};

/**
 * struct user_ether - the table of hosts
 * @own: address of the device, which nobody else has
 * @seed: so that peers cannot choose a bucket
 */
struct user_ether {
	struct user_mac *buckets[USER_BUCKETS];
	uint8_t own[USERDP_MAC_LEN];
	bool has_own, is_client_to_client;
	uint64_t seed;
};

int user_ether_new(struct dp_user *user, const struct dp_config *cfg)
{
	struct user_ether *ether;

	if (!cfg->is_ether)
		return 0;
	/* what stands for the device in a test may be none */
	user->tun.is_ether = true;
	ether = calloc(1, sizeof(*ether));
	if (!ether)
		return -ENOMEM;
	user->ether = ether;
	ether->is_client_to_client = cfg->is_client_to_client;
	ether->has_own = !userdp_ether_own(cfg->tun_fd, ether->own);
	return RAND_bytes((uint8_t *)&ether->seed, sizeof(ether->seed)) == 1 ?
	       0 : -EIO;
}

/* ---- the table -------------------------------------------------------- */

static struct user_mac **mac_bucket(struct user_ether *ether,
				    const uint8_t *mac)
{
	uint64_t word = ether->seed;

	for (int i = 0; i < USERDP_MAC_LEN; i++)
		word = (word ^ mac[i]) * 0x9e3779b97f4a7c15u;
	return &ether->buckets[word >> 40 & (USER_BUCKETS - 1)];
}

static struct user_mac *mac_find(struct user_ether *ether, const uint8_t *mac)
{
	struct user_mac *host = *mac_bucket(ether, mac);

	while (host && memcmp(host->addr, mac, sizeof(host->addr)) != 0)
		host = host->next;
	return host;
}

static void mac_own_link(struct user_mac *host, struct user_peer *peer)
{
	host->peer = peer;
	host->next_own = peer->macs;
	peer->macs = host;
	peer->n_macs++;
}

static void mac_own_unlink(struct user_mac *host)
{
	struct user_mac **pos = &host->peer->macs;

	while (*pos != host)
		pos = &(*pos)->next_own;
	*pos = host->next_own;
	host->peer->n_macs--;
}

static void mac_free(struct user_ether *ether, struct user_mac *host)
{
	struct user_mac **pos = mac_bucket(ether, host->addr);

	while (*pos != host)
		pos = &(*pos)->next;
	*pos = host->next;
	mac_own_unlink(host);
	free(host);
}

/* Is there room for one more host behind a peer? */
static bool mac_make_room(struct user_ether *ether, struct user_peer *peer,
			  uint64_t now)
{
	struct user_mac *oldest = peer->macs, *host;

	if (peer->n_macs < peer->cfg.max_macs)
		return true;
	for (host = oldest; host; host = host->next_own)
		if (host->seen < oldest->seen)
			oldest = host;
	if (!oldest || now - oldest->seen < MAC_FRESH_MS)
		return false;
	mac_free(ether, oldest);
	return true;
}

/* A frame came from there. Return: can that be? */
static bool mac_learn(struct dp_user *user, struct user_peer *peer,
		      const uint8_t *mac)
{
	static const uint8_t none[USERDP_MAC_LEN];
	struct user_ether *ether = user->ether;
	struct user_mac *host = mac_find(ether, mac), **bucket;
	uint64_t now = loop_now(user->base.loop);

	if (host && host->peer == peer) {
		host->seen = now;
		return true;
	}
	if (userdp_ether_is_group(mac) || !memcmp(mac, none, sizeof(none)) ||
	    (ether->has_own && !memcmp(mac, ether->own, sizeof(ether->own))) ||
	    !mac_make_room(ether, peer, now))
		return false;
	if (host) {
		mac_own_unlink(host);
	} else {
		host = calloc(1, sizeof(*host));
		if (!host)
			return false;
		memcpy(host->addr, mac, sizeof(host->addr));
		bucket = mac_bucket(ether, mac);
		host->next = *bucket;
		*bucket = host;
	}
	host->seen = now;
	mac_own_link(host, peer);
	return true;
}

void user_ether_forget(struct dp_user *user, struct user_peer *peer)
{
	while (peer->macs)
		mac_free(user->ether, peer->macs);
}

/* ---- frames ----------------------------------------------------------- */

struct user_peer *user_ether_find(struct dp_user *user, const uint8_t *mac)
{
	struct user_mac *host = mac_find(user->ether, mac);

	return host ? host->peer : NULL;
}

void user_ether_local(struct dp_user *user, const uint8_t *frame)
{
	struct user_mac *host = mac_find(user->ether,
					 userdp_ether_src(frame));

	if (host)
		mac_free(user->ether, host);
}

void user_ether_flood(struct dp_user *user, const struct user_peer *but,
		      const uint8_t *frame, size_t len)
{
	struct user_peer *peer;

	for (size_t i = 0; i < USER_BUCKETS; i++)
		for (peer = user->by_id[i]; peer; peer = peer->next_id)
			if (peer != but && user_relay(user, peer, frame, len))
				user->tx.lost++;
}

int user_ether_receive(struct dp_user *user, struct user_peer *peer,
		       const uint8_t *frame, size_t len)
{
	const uint8_t *dst = userdp_ether_dst(frame);
	struct user_peer *to;

	if (!mac_learn(user, peer, userdp_ether_src(frame)))
		return -EADDRNOTAVAIL;
	if (!user->ether->is_client_to_client)
		return 1;
	if (userdp_ether_is_group(dst)) {
		user_ether_flood(user, peer, frame, len);
		return 1;
	}
	to = user_ether_find(user, dst);
	if (!to)
		return 1;
	if (to != peer && user_relay(user, to, frame, len))
		user->tx.lost++;
	return 0;
}

bool user_ip(const struct dp_user *user, uint8_t **pkt, size_t *len)
{
	size_t at;

	if (!user->ether)
		return true;
	at = userdp_ether_ip(*pkt, *len);
	*pkt += at;
	*len -= at;
	return at;
}
