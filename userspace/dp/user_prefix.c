// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dp/user.h"

/*
 * Networks behind peers. A hash of all prefixes; a search tries the lengths
 * that occur, the longest first.
 */

#define PREFIX_BUCKETS	1024	/* power of two */
#define PREFIX_LENGTHS	129

/**
 * struct user_prefix - a network of one peer
 * @next: in its bucket
 * @next_own: of the same peer
 */
struct user_prefix {
	struct user_prefix *next, *next_own;
	struct net_prefix dst;	/* without host bits */
	struct user_peer *peer;
};

struct user_prefixes {
	struct user_prefix *buckets[PREFIX_BUCKETS];
	unsigned int n4[33], n6[PREFIX_LENGTHS];
	unsigned int n;
};

static unsigned int *prefix_count(struct user_prefixes *table,
				  const struct net_prefix *dst)
{
	return dst->ip.family == AF_INET ? &table->n4[dst->len] :
					   &table->n6[dst->len];
}

/* Clear all bits of @ip behind the first @len. */
static struct net_ip prefix_mask(const struct net_ip *ip, unsigned int len)
{
	struct net_ip out = *ip;
	uint8_t *bytes = (uint8_t *)&out.in6;
	unsigned int size = ip->family == AF_INET ? 4 : 16;

	for (unsigned int i = len / 8; i < size; i++)
		bytes[i] &= i == len / 8 ? (uint8_t)(0xff00u >> (len % 8)) : 0;
	return out;
}

static size_t prefix_bucket(const struct net_ip *ip, unsigned int len)
{
	uint32_t w[4] = { 0 };

	memcpy(w, &ip->in6, ip->family == AF_INET ? 4 : 16);
	return ((w[0] ^ w[1] * 3 ^ w[2] * 5 ^ w[3] * 7 ^ len) *
		0x9e3779b1u) >> 22 & (PREFIX_BUCKETS - 1);
}

static struct user_prefix *prefix_get(struct user_prefixes *table,
				      const struct net_ip *ip,
				      unsigned int len)
{
	struct net_ip base = prefix_mask(ip, len);
	struct user_prefix *prefix = table->buckets[prefix_bucket(&base, len)];

	while (prefix && (prefix->dst.len != len ||
			  prefix->dst.ip.family != base.family ||
			  !net_ip_is_equal(&prefix->dst.ip, &base)))
		prefix = prefix->next;
	return prefix;
}

/* Of other threads, too. */
static struct user_peer *prefix_peer(struct dp_user *user, uint32_t peer_id)
{
	struct user_peer *peer = user_find_id(user, peer_id);

	return peer || !user->shard ? peer : user_shard_find(user, peer_id);
}

int user_prefix_add(struct dp *dp, uint32_t peer_id,
		    const struct net_prefix *dst)
{
	struct dp_user *user = user_get(dp);
	struct user_peer *peer = prefix_peer(user, peer_id);
	struct user_prefix *prefix, **head;

	if (!peer)
		return -ENOENT;
	if (!user->prefixes)
		user->prefixes = calloc(1, sizeof(*user->prefixes));
	if (!user->prefixes)
		return -ENOMEM;
	if (prefix_get(user->prefixes, &dst->ip, dst->len))
		return -EADDRINUSE;
	prefix = calloc(1, sizeof(*prefix));
	if (!prefix)
		return -ENOMEM;
	prefix->dst.ip = prefix_mask(&dst->ip, dst->len);
	prefix->dst.len = dst->len;
	prefix->peer = peer;
	head = &user->prefixes->buckets[prefix_bucket(&prefix->dst.ip,
						      dst->len)];
	prefix->next = *head;
	*head = prefix;
	prefix->next_own = peer->prefixes;
	peer->prefixes = prefix;
	(*prefix_count(user->prefixes, dst))++;
	user->prefixes->n++;
	return 0;
}

static void prefix_remove(struct user_prefixes *table,
			  struct user_prefix *prefix)
{
	struct user_prefix **pos;

	pos = &table->buckets[prefix_bucket(&prefix->dst.ip,
					    prefix->dst.len)];
	while (*pos != prefix)
		pos = &(*pos)->next;
	*pos = prefix->next;
	(*prefix_count(table, &prefix->dst))--;
	table->n--;
	free(prefix);
}

int user_prefix_del(struct dp *dp, uint32_t peer_id,
		    const struct net_prefix *dst)
{
	struct dp_user *user = user_get(dp);
	struct user_peer *peer = prefix_peer(user, peer_id);
	struct user_prefix *prefix = NULL, **pos;

	if (peer && user->prefixes)
		prefix = prefix_get(user->prefixes, &dst->ip, dst->len);
	if (!prefix || prefix->peer != peer)
		return -ENOENT;
	for (pos = &peer->prefixes; *pos != prefix; )
		pos = &(*pos)->next_own;
	*pos = prefix->next_own;
	prefix_remove(user->prefixes, prefix);
	return 0;
}

void user_prefix_drop(struct dp_user *user, struct user_peer *peer)
{
	while (peer->prefixes) {
		struct user_prefix *prefix = peer->prefixes;

		peer->prefixes = prefix->next_own;
		prefix_remove(user->prefixes, prefix);
	}
}

struct user_peer *user_find_inner(struct dp_user *user, const struct net_ip *ip)
{
	struct user_peer *peer = user_find_vpn(user, ip);
	struct user_prefixes *table = user->prefixes;
	bool is_v4 = ip->family == AF_INET;

	if (peer || !table || !table->n)
		return peer;
	for (int len = is_v4 ? 32 : 128; len >= 0; len--) {
		struct user_prefix *prefix;

		if (!(is_v4 ? table->n4[len] : table->n6[len]))
			continue;
		prefix = prefix_get(table, ip, (unsigned int)len);
		if (prefix)
			return prefix->peer;
	}
	return NULL;
}
