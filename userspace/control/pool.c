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

#define POOL_BUCKETS	4096	/* power of two */
#define POOL_CHUNK	1024u	/* entries that are allocated together */
#define POOL_FRESH	65536u	/* as large as OpenVPN's pools can be */

/**
 * struct control_pool - addresses, by index
 * @by_name: first entry of a bucket; an index plus one, 0 for none
 * @fresh: all entries before it are in use, or have been
 * @few: so many are used before somebody gets what another one had
 * @shift: an index has 2^@shift IPv4 addresses; 2: a net30 for each client
 * @chunks: of entries, POOL_CHUNK in each; NULL: nobody has had one of them
 */
struct control_pool {
	uint32_t by_name[POOL_BUCKETS];
	uint32_t fresh;
	uint32_t first4;	/* host order; valid if has4 */
	bool has4, has6;
	struct net_prefix prefix6;	/* ip: the first address */
	uint32_t range;		/* of both families */
	uint32_t size, few;
	unsigned int shift;
	uint64_t n_released;
	bool is_changed;	/* since the last control_pool_save() */
	struct pool_entry **chunks;
};

/* NULL: as if it were all zero */
static struct pool_entry *pool_entry(const struct control_pool *pool,
				     uint32_t index)
{
	struct pool_entry *chunk = pool->chunks[index / POOL_CHUNK];

	return chunk ? &chunk[index % POOL_CHUNK] : NULL;
}

/* NULL: out of memory */
static struct pool_entry *pool_entry_make(struct control_pool *pool,
					  uint32_t index)
{
	struct pool_entry **chunk = &pool->chunks[index / POOL_CHUNK];

	if (!*chunk)
		*chunk = calloc(POOL_CHUNK, sizeof(**chunk));
	return pool_entry(pool, index);
}

static size_t pool_n_chunks(uint32_t size)
{
	return ((size_t)size + POOL_CHUNK - 1) / POOL_CHUNK;
}

/* How many addresses there are from the first one on. */
static uint32_t range6(const struct net_prefix *prefix6)
{
	uint32_t low, mask;

	if (!prefix6 || prefix6->len <= 96)
		return UINT32_MAX;
	memcpy(&low, &prefix6->ip.in6.s6_addr[12], sizeof(low));
	mask = UINT32_MAX >> (prefix6->len - 96);
	low = ntohl(low) & mask;
	return low || mask != UINT32_MAX ? mask - low + 1 : UINT32_MAX;
}

static uint32_t pool_size(const struct control_pool *pool, uint32_t max)
{
	if (pool->has4)
		return pool->range;
	max = max < POOL_FRESH ? POOL_FRESH : max;
	return max < pool->range ? max : pool->range;
}

struct control_pool *control_pool_new(const struct net_ip *first,
				      const struct net_ip *last,
				      const struct net_prefix *prefix6,
				      bool is_net30, uint32_t max)
{
	bool has4 = first->family == AF_INET && last->family == AF_INET;
	uint32_t from = 0, range = range6(prefix6);
	struct control_pool *pool;

	if (has4) {
		uint32_t to = ntohl(last->in4.s_addr);

		from = ntohl(first->in4.s_addr);
		if (to < from)
			return NULL;
		from = is_net30 ? from & ~3u : from;
		to = is_net30 ? (to - from) >> 2 : to - from;
		if (to < range)
			range = to + 1;
	}
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return NULL;
	pool->has4 = has4;
	pool->first4 = from;
	pool->shift = is_net30 ? 2 : 0;
	pool->has6 = prefix6 != NULL;
	if (prefix6)
		pool->prefix6 = *prefix6;
	pool->range = range;
	pool->size = pool_size(pool, max);
	pool->few = max < POOL_FRESH ? POOL_FRESH : max;
	pool->chunks = calloc(pool_n_chunks(pool->size),
			      sizeof(pool->chunks[0]));
	if (pool->chunks)
		return pool;
	free(pool);
	return NULL;
}

int control_pool_grow(struct control_pool *pool, uint32_t max)
{
	size_t old = pool_n_chunks(pool->size), n;
	uint32_t size = pool_size(pool, max);
	struct pool_entry **more;

	if (pool->few < max)
		pool->few = max;
	if (size <= pool->size)
		return 0;
	n = pool_n_chunks(size);
	more = realloc(pool->chunks, n * sizeof(*more));
	if (!more)
		return -ENOMEM;
	memset(&more[old], 0, (n - old) * sizeof(*more));
	pool->chunks = more;
	pool->size = size;
	return 0;
}

void control_pool_free(struct control_pool *pool)
{
	if (!pool)
		return;
	for (size_t i = 0; i < pool_n_chunks(pool->size); i++) {
		for (uint32_t k = 0; pool->chunks[i] && k < POOL_CHUNK; k++)
			free(pool->chunks[i][k].owner);
		free(pool->chunks[i]);
	}
	free(pool->chunks);
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
		vpn4->in4.s_addr = htonl(pool->first4 +
					 (index << pool->shift));
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
	for (; at; at = pool_entry(pool, at - 1)->next) {
		const struct pool_entry *entry = pool_entry(pool, at - 1);

		if (entry->is_used || !pool_is_owner(entry, name, hash) ||
		    (is_found && *index < at - 1))
			continue;
		*index = at - 1;
		is_found = true;
	}
	return is_found;
}

/* The lowest one that nobody has had yet, if it is before @end. */
static bool pool_find_fresh(struct control_pool *pool, uint32_t end,
			    uint32_t *index)
{
	if (end > pool->size)
		end = pool->size;
	for (; pool->fresh < end; pool->fresh++) {
		const struct pool_entry *entry = pool_entry(pool, pool->fresh);

		if (entry && (entry->is_used || entry->is_fixed ||
			      entry->released))
			continue;
		*index = pool->fresh;
		return true;
	}
	return false;
}

static bool pool_find_oldest(const struct control_pool *pool, uint32_t *index)
{
	const struct pool_entry *best = NULL;

	for (uint32_t i = 0; i < pool->fresh; i++) {
		const struct pool_entry *entry = pool_entry(pool, i);

		if (!entry || entry->is_used || entry->is_fixed ||
		    (best && best->released <= entry->released))
			continue;
		best = entry;
		*index = i;
	}
	return best;
}

/* The index that @name had; else the one that has been free for longest. */
static int pool_pick(struct control_pool *pool, const char *name,
		     uint32_t *index)
{
	if ((name && pool_find_owned(pool, name, index)) ||
	    pool_find_fresh(pool, pool->few, index) ||
	    pool_find_oldest(pool, index) ||
	    pool_find_fresh(pool, pool->size, index))
		return 0;
	return -ENOSPC;
}

static void pool_unlink(struct control_pool *pool, uint32_t index)
{
	struct pool_entry *entry = pool_entry(pool, index);
	uint32_t *pos = pool_bucket(pool, entry->hash);

	while (*pos && *pos != index + 1)
		pos = &pool_entry(pool, *pos - 1)->next;
	if (*pos)
		*pos = entry->next;
	entry->next = 0;
}

static void pool_link(struct control_pool *pool, uint32_t index)
{
	struct pool_entry *entry = pool_entry(pool, index);
	uint32_t *pos = pool_bucket(pool, entry->hash);

	entry->next = *pos;
	*pos = index + 1;
}

/* 0 or -ENOMEM; NULL leaves the entry without a name. */
static int pool_own(struct control_pool *pool, uint32_t index,
		    const char *name)
{
	struct pool_entry *entry = pool_entry_make(pool, index);
	char *copy = entry && name ? strdup(name) : NULL;

	if (!entry || (name && !copy))
		return -ENOMEM;
	if (entry->owner)
		pool_unlink(pool, index);
	free(entry->owner);
	entry->owner = copy;
	entry->hash = name ? name_hash(name) : 0;
	if (copy)
		pool_link(pool, index);
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
	entry = pool_entry_make(pool, index);
	if (!entry)
		return -ENOMEM;
	if (!name || !pool_is_owner(entry, name, name_hash(name)))
		ret = pool_own(pool, index, name);
	if (!ret)
		entry->is_used = true;
	/* behind its network's address there is the server's, then its own */
	if (pool->has4 && pool->shift)
		vpn4->in4.s_addr |= htonl(2);
	return ret;
}

static int pool_index(const struct control_pool *pool, const struct net_ip *ip,
		      uint32_t *index)
{
	uint32_t a, b;

	if (ip->family == AF_INET && pool->has4) {
		*index = (ntohl(ip->in4.s_addr) - pool->first4) >> pool->shift;
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
	struct pool_entry *entry;
	uint32_t index;

	for (unsigned int i = 0; i < 2; i++) {
		entry = pool_index(pool, both[i], &index) ?
			NULL : pool_entry(pool, index);
		if (!entry || !entry->is_used)
			continue;
		entry->released = ++pool->n_released;
		entry->is_used = false;
	}
}

int control_pool_reserve(struct control_pool *pool, const struct net_ip *ip)
{
	struct pool_entry *entry;
	uint32_t index;

	if (pool_index(pool, ip, &index))
		return 0;
	entry = pool_entry_make(pool, index);
	if (!entry)
		return -ENOMEM;
	entry->is_used = true;
	return 0;
}

int control_pool_restore(struct control_pool *pool, const char *name,
			 const struct net_ip *vpn4, const struct net_ip *vpn6)
{
	struct pool_entry *entry;
	uint32_t index;

	/* what was given by name does not lie there */
	if (pool_index(pool, vpn4, &index) && pool_index(pool, vpn6, &index))
		return 0;
	entry = pool_entry_make(pool, index);
	if (!entry)
		return -ENOMEM;
	entry->is_used = true;
	return name ? pool_own(pool, index, name) : 0;
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
	if (pool_own(pool, index, name))
		return -ENOMEM;
	entry = pool_entry(pool, index);
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
		const struct pool_entry *entry = pool_entry(pool, i);
		const char *name = entry ? entry->owner : NULL;
		int len;

		if (!pool->chunks[i / POOL_CHUNK])
			i += POOL_CHUNK - 1 - i % POOL_CHUNK;

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
