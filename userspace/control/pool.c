// SPDX-License-Identifier: GPL-2.0-or-later
/* Tunnel addresses for clients: one index gives the IPv4 and the IPv6 one. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control.h"

/**
 * struct pool_entry - one index
 * @owner: the name that had it last, NULL for nobody; owned
 * @hash: of @owner
 * @next: in the same bucket; an index plus one, 0 for none
 * @released: when it became free, in a count of its own; 0: never used
 * @is_fixed: for @owner only
 */
struct pool_entry {
	char *owner;
	uint32_t hash, next;
	uint64_t released;
	bool is_used;
	bool is_fixed;
};

#define POOL_BUCKETS 4096	/* power of two */

/**
 * struct control_pool - addresses, by index
 * @by_name: first entry of a bucket; an index plus one, 0 for none
 * @fresh: all entries before it are in use, or have been
 */
struct control_pool {
	uint32_t by_name[POOL_BUCKETS];
	uint32_t fresh;
	uint32_t first4;	/* host order; valid if has4 */
	bool has4, has6;
	struct net_prefix prefix6;	/* ip: the first address */
	uint32_t range;		/* of IPv4; UINT32_MAX without */
	uint32_t size;
	uint64_t n_released;
	bool is_changed;	/* since the last control_pool_save() */
	struct pool_entry entries[];
};

struct control_pool *control_pool_new(const struct net_ip *first,
				      const struct net_ip *last,
				      const struct net_prefix *prefix6,
				      uint32_t max)
{
	bool has4 = first->family == AF_INET && last->family == AF_INET;
	struct control_pool *pool;
	uint32_t size = max, range = UINT32_MAX;

	if (has4) {
		uint32_t from = ntohl(first->in4.s_addr);
		uint32_t to = ntohl(last->in4.s_addr);

		if (to < from)
			return NULL;
		if (to - from < UINT32_MAX)
			range = to - from + 1;
		if (range < size)
			size = range;
	}
	pool = calloc(1, sizeof(*pool) + size * sizeof(pool->entries[0]));
	if (!pool)
		return NULL;
	pool->has4 = has4;
	pool->first4 = has4 ? ntohl(first->in4.s_addr) : 0;
	pool->has6 = prefix6 != NULL;
	if (prefix6)
		pool->prefix6 = *prefix6;
	pool->range = range;
	pool->size = size;
	return pool;
}

int control_pool_grow(struct control_pool **pool, uint32_t max)
{
	uint32_t old = (*pool)->size;
	uint32_t size = max < (*pool)->range ? max : (*pool)->range;
	struct control_pool *more;

	if (size <= old)
		return 0;
	more = realloc(*pool, sizeof(*more) + size * sizeof(more->entries[0]));
	if (!more)
		return -ENOMEM;
	memset(&more->entries[old], 0, (size - old) * sizeof(*more->entries));
	more->size = size;
	*pool = more;
	return 0;
}

void control_pool_free(struct control_pool *pool)
{
	for (uint32_t i = 0; pool && i < pool->size; i++)
		free(pool->entries[i].owner);
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

static bool pool_is_owner(const struct pool_entry *entry, const char *name,
			  uint32_t hash)
{
	return entry->owner && entry->hash == hash &&
	       !strcmp(entry->owner, name);
}

static uint32_t *pool_bucket(struct control_pool *pool, uint32_t hash)
{
	return &pool->by_name[hash & (POOL_BUCKETS - 1)];
}

/* The lowest free index that the name had. */
static bool pool_find_owned(struct control_pool *pool, const char *name,
			    uint32_t *index)
{
	uint32_t hash = name_hash(name), at = *pool_bucket(pool, hash);
	bool is_found = false;

	*index = 0;
	for (; at; at = pool->entries[at - 1].next) {
		const struct pool_entry *entry = &pool->entries[at - 1];

		if (entry->is_used || !pool_is_owner(entry, name, hash) ||
		    (is_found && *index < at - 1))
			continue;
		*index = at - 1;
		is_found = true;
	}
	return is_found;
}

/* The lowest one that nobody has had yet. */
static bool pool_find_fresh(struct control_pool *pool, uint32_t *index)
{
	for (; pool->fresh < pool->size; pool->fresh++) {
		const struct pool_entry *entry = &pool->entries[pool->fresh];

		if (entry->is_used || entry->is_fixed || entry->released)
			continue;
		*index = pool->fresh;
		return true;
	}
	return false;
}

/* The index that @name had; else the one that has been free for longest. */
static int pool_pick(struct control_pool *pool, const char *name,
		     uint32_t *index)
{
	const struct pool_entry *best = NULL;

	if ((name && pool_find_owned(pool, name, index)) ||
	    pool_find_fresh(pool, index))
		return 0;
	for (uint32_t i = 0; i < pool->size; i++) {
		const struct pool_entry *entry = &pool->entries[i];

		if (entry->is_used || entry->is_fixed ||
		    (best && best->released <= entry->released))
			continue;
		best = entry;
		*index = i;
	}
	return best ? 0 : -ENOSPC;
}

static void pool_unlink(struct control_pool *pool, struct pool_entry *entry)
{
	uint32_t id = (uint32_t)(entry - pool->entries) + 1;
	uint32_t *pos = pool_bucket(pool, entry->hash);

	while (*pos && *pos != id)
		pos = &pool->entries[*pos - 1].next;
	if (*pos)
		*pos = entry->next;
	entry->next = 0;
}

static void pool_link(struct control_pool *pool, struct pool_entry *entry)
{
	uint32_t *pos = pool_bucket(pool, entry->hash);

	entry->next = *pos;
	*pos = (uint32_t)(entry - pool->entries) + 1;
}

/* 0 or -ENOMEM; NULL leaves the entry without a name. */
static int pool_own(struct control_pool *pool, struct pool_entry *entry,
		    const char *name)
{
	char *copy = name ? strdup(name) : NULL;

	if (name && !copy)
		return -ENOMEM;
	if (entry->owner)
		pool_unlink(pool, entry);
	free(entry->owner);
	entry->owner = copy;
	entry->hash = name ? name_hash(name) : 0;
	if (copy)
		pool_link(pool, entry);
	pool->is_changed = true;
	return 0;
}

int control_pool_get(struct control_pool *pool, const char *name,
		     struct net_ip *vpn4, struct net_ip *vpn6)
{
	struct pool_entry *entry;
	uint32_t index = 0;
	int ret;

	ret = pool_pick(pool, name, &index);
	if (ret)
		return ret;
	ret = pool_address(pool, index, vpn4, vpn6);
	if (ret)
		return -ENOSPC;
	entry = &pool->entries[index];
	if (!name || !pool_is_owner(entry, name, name_hash(name)))
		ret = pool_own(pool, entry, name);
	if (!ret)
		entry->is_used = true;
	return ret;
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
	const struct net_ip *const both[] = { vpn4, vpn6 };
	uint32_t index;

	for (unsigned int i = 0; i < 2; i++) {
		if (pool_index(pool, both[i], &index) ||
		    !pool->entries[index].is_used)
			continue;
		pool->entries[index].released = ++pool->n_released;
		pool->entries[index].is_used = false;
	}
}

void control_pool_reserve(struct control_pool *pool, const struct net_ip *ip)
{
	uint32_t index;

	if (!pool_index(pool, ip, &index))
		pool->entries[index].is_used = true;
}

int control_pool_restore(struct control_pool *pool, const char *name,
			 const struct net_ip *vpn4, const struct net_ip *vpn6)
{
	uint32_t index;

	/* what was given by name does not lie there */
	if (pool_index(pool, vpn4, &index) && pool_index(pool, vpn6, &index))
		return 0;
	pool->entries[index].is_used = true;
	return name ? pool_own(pool, &pool->entries[index], name) : 0;
}

/* ---- ifconfig-pool-persist ------------------------------------------- */

#define FIELD_MAX 128

/* The field in front of the next comma; false if it is too long. */
static bool field_next(const char **pos, const char *end, char out[FIELD_MAX])
{
	const char *comma = memchr(*pos, ',', (size_t)(end - *pos));
	const char *stop = comma ? comma : end;
	size_t len = (size_t)(stop - *pos);

	if (len >= FIELD_MAX || memchr(*pos, '\0', len))
		return false;
	memcpy(out, *pos, len);
	out[len] = '\0';
	*pos = comma ? comma + 1 : end;
	return true;
}

static bool field_index(const struct control_pool *pool, const char *text,
			sa_family_t family, uint32_t *index)
{
	struct net_ip ip;

	return text[0] && !net_ip_parse(text, &ip) && ip.family == family &&
	       !pool_index(pool, &ip, index);
}

/* 1: a line without use, 0, or -ENOMEM. If both are there, IPv4 counts. */
static int pool_load_line(struct control_pool *pool, const char *pos,
			  const char *end, bool is_fixed)
{
	char name[FIELD_MAX], ip4[FIELD_MAX], ip6[FIELD_MAX];
	struct pool_entry *entry;
	uint32_t index;

	if (pos < end && end[-1] == '\r')
		end--;
	if (pos == end || *pos == '#' || *pos == ';')
		return 0;
	if (!field_next(&pos, end, name) || !name[0] ||
	    !field_next(&pos, end, ip4) || !field_next(&pos, end, ip6) ||
	    (!field_index(pool, ip4, AF_INET, &index) &&
	     !field_index(pool, ip6, AF_INET6, &index)))
		return 1;
	entry = &pool->entries[index];
	if (pool_own(pool, entry, name))
		return -ENOMEM;
	entry->is_fixed = is_fixed;
	entry->released = ++pool->n_released;
	return 0;
}

int control_pool_load(struct control_pool *pool, const char *text, size_t len,
		      bool is_fixed)
{
	const char *end = len ? text + len : text;
	int n_useless = 0, ret;

	while (text != end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));

		if (!eol)
			eol = end;
		ret = pool_load_line(pool, text, eol, is_fixed);
		if (ret < 0)
			return ret;
		n_useless += ret;
		text = eol < end ? eol + 1 : end;
	}
	pool->is_changed = false;
	return n_useless;
}

bool control_pool_is_changed(const struct control_pool *pool)
{
	return pool->is_changed;
}

void control_pool_touch(struct control_pool *pool)
{
	pool->is_changed = true;
}

static bool name_is_plain(const char *name)
{
	return name[0] != '#' && name[0] != ';' && name[0] &&
	       strlen(name) < FIELD_MAX && !strpbrk(name, ",\r\n");
}

int control_pool_save(struct control_pool *pool, struct mem_buf *out)
{
	char line[FIELD_MAX + 2 * NET_PREFIX_STRLEN];
	char a[NET_PREFIX_STRLEN], b[NET_PREFIX_STRLEN];
	struct net_ip vpn4, vpn6;
	int ret = 0;

	for (uint32_t i = 0; i < pool->size && !ret; i++) {
		const char *name = pool->entries[i].owner;
		int len;

		if (!name || !name_is_plain(name) ||
		    pool_address(pool, i, &vpn4, &vpn6))
			continue;
		len = snprintf(line, sizeof(line), "%s,%s,%s\n", name,
			       pool->has4 ? net_ip_format(&vpn4, a) : "",
			       pool->has6 ? net_ip_format(&vpn6, b) : "");
		ret = mem_buf_append(out, line, (size_t)len);
	}
	if (!ret)
		pool->is_changed = false;
	return ret;
}
