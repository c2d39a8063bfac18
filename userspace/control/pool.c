// SPDX-License-Identifier: GPL-2.0-or-later
/* Tunnel addresses for clients: one index gives the IPv4 and the IPv6 one. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/control.h"

/**
 * struct pool_entry - one index
 * @owner: hash of the name that had it last, 0 for nobody
 */
struct pool_entry {
	uint32_t owner;
	bool is_used;
};

struct control_pool {
	uint32_t first4;	/* host order; valid if has4 */
	bool has4, has6;
	struct net_prefix prefix6;	/* ip: the first address */
	uint32_t size;
	uint32_t next;
	struct pool_entry entries[];
};

struct control_pool *control_pool_new(const struct net_ip *first,
				      const struct net_ip *last,
				      const struct net_prefix *prefix6,
				      uint32_t max)
{
	bool has4 = first->family == AF_INET && last->family == AF_INET;
	struct control_pool *pool;
	uint32_t size = max;

	if (has4) {
		uint32_t from = ntohl(first->in4.s_addr);
		uint32_t to = ntohl(last->in4.s_addr);

		if (to < from)
			return NULL;
		if (to - from < size)
			size = to - from + 1;
	}
	pool = calloc(1, sizeof(*pool) + size * sizeof(pool->entries[0]));
	if (!pool)
		return NULL;
	pool->has4 = has4;
	pool->first4 = has4 ? ntohl(first->in4.s_addr) : 0;
	pool->has6 = prefix6 != NULL;
	if (prefix6)
		pool->prefix6 = *prefix6;
	pool->size = size;
	return pool;
}

void control_pool_free(struct control_pool *pool)
{
	free(pool);
}

static uint32_t name_hash(const char *name)
{
	uint32_t hash = 2166136261u;	/* FNV-1a */

	while (*name)
		hash = (hash ^ (uint8_t)*name++) * 16777619u;
	return hash ? hash : 1;
}

/* The address @n behind @first. */
static struct net_ip pool6_nth(const struct net_ip *first, uint32_t n)
{
	struct net_ip ip = *first;
	uint32_t carry = n;

	for (int i = 15; i >= 0 && carry; i--) {
		carry += ip.in6.s6_addr[i];
		ip.in6.s6_addr[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return ip;
}

static int pool_address(const struct control_pool *pool, uint32_t index,
			struct net_ip *vpn4, struct net_ip *vpn6)
{
	memset(vpn4, 0, sizeof(*vpn4));
	memset(vpn6, 0, sizeof(*vpn6));
	if (pool->has4) {
		vpn4->family = AF_INET;
		vpn4->in4.s_addr = htonl(pool->first4 + index);
	}
	if (!pool->has6)
		return 0;
	*vpn6 = pool6_nth(&pool->prefix6.ip, index);
	return net_prefix_contains(&pool->prefix6, vpn6) ? 0 : -ERANGE;
}

/* The index that @owner had; else one nobody had; else any free one. */
static int pool_pick(const struct control_pool *pool, uint32_t owner,
		     uint32_t *index)
{
	bool has_fresh = false, has_free = false;
	uint32_t fresh = 0, any = 0;

	for (uint32_t n = 0; n < pool->size; n++) {
		uint32_t i = (pool->next + n) % pool->size;
		const struct pool_entry *entry = &pool->entries[i];

		if (entry->is_used)
			continue;
		if (entry->owner == owner) {
			*index = i;
			return 0;
		}
		if (!has_fresh && !entry->owner) {
			fresh = i;
			has_fresh = true;
		}
		if (!has_free) {
			any = i;
			has_free = true;
		}
	}
	*index = has_fresh ? fresh : any;
	return has_free ? 0 : -ENOSPC;
}

int control_pool_get(struct control_pool *pool, const char *name,
		     struct net_ip *vpn4, struct net_ip *vpn6)
{
	uint32_t owner = name_hash(name);
	uint32_t index;
	int ret;

	ret = pool_pick(pool, owner, &index);
	if (ret)
		return ret;
	ret = pool_address(pool, index, vpn4, vpn6);
	if (ret)
		return -ENOSPC;
	pool->entries[index].is_used = true;
	pool->entries[index].owner = owner;
	pool->next = (index + 1) % pool->size;
	return 0;
}

static int pool_index(const struct control_pool *pool, const struct net_ip *ip,
		      uint32_t *index)
{
	uint32_t a, b;

	if (ip->family == AF_INET && pool->has4) {
		*index = ntohl(ip->in4.s_addr) - pool->first4;
		return *index < pool->size ? 0 : -ENOENT;
	}
	if (ip->family != AF_INET6 || !pool->has6 ||
	    !net_prefix_contains(&pool->prefix6, ip))
		return -ENOENT;
	/* a pool never has 2^32 addresses: the last 32 bits give the index */
	memcpy(&a, &ip->in6.s6_addr[12], sizeof(a));
	memcpy(&b, &pool->prefix6.ip.in6.s6_addr[12], sizeof(b));
	*index = ntohl(a) - ntohl(b);
	return *index < pool->size ? 0 : -ENOENT;
}

void control_pool_put(struct control_pool *pool, const struct net_ip *vpn4,
		      const struct net_ip *vpn6)
{
	uint32_t index;

	if (!pool_index(pool, vpn4, &index) || !pool_index(pool, vpn6, &index))
		pool->entries[index].is_used = false;
}

void control_pool_reserve(struct control_pool *pool, const struct net_ip *ip)
{
	uint32_t index;

	if (!pool_index(pool, ip, &index))
		pool->entries[index].is_used = true;
}
