// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

socklen_t net_addr_len(const union net_addr *addr)
{
	switch (addr->sa.sa_family) {
	case AF_INET:
		return sizeof(addr->in4);
	case AF_INET6:
		return sizeof(addr->in6);
	}
	return 0;
}

uint16_t net_addr_port(const union net_addr *addr)
{
	switch (addr->sa.sa_family) {
	case AF_INET:
		return ntohs(addr->in4.sin_port);
	case AF_INET6:
		return ntohs(addr->in6.sin6_port);
	}
	return 0;
}

void net_addr_set_port(union net_addr *addr, uint16_t port)
{
	if (addr->sa.sa_family == AF_INET)
		addr->in4.sin_port = htons(port);
	else if (addr->sa.sa_family == AF_INET6)
		addr->in6.sin6_port = htons(port);
}

void net_addr_unmap(union net_addr *addr)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };

	if (addr->sa.sa_family != AF_INET6 ||
	    !IN6_IS_ADDR_V4MAPPED(&addr->in6.sin6_addr))
		return;
	in4.sin_port = addr->in6.sin6_port;
	memcpy(&in4.sin_addr, &addr->in6.sin6_addr.s6_addr[12], 4);
	memset(addr, 0, sizeof(*addr));
	addr->in4 = in4;
}

bool net_addr_is_equal(const union net_addr *a, const union net_addr *b)
{
	union net_addr x = *a, y = *b;

	net_addr_unmap(&x);
	net_addr_unmap(&y);
	if (x.sa.sa_family != y.sa.sa_family)
		return false;
	switch (x.sa.sa_family) {
	case AF_INET:
		return x.in4.sin_port == y.in4.sin_port &&
		       x.in4.sin_addr.s_addr == y.in4.sin_addr.s_addr;
	case AF_INET6:
		return x.in6.sin6_port == y.in6.sin6_port &&
		       x.in6.sin6_scope_id == y.in6.sin6_scope_id &&
		       IN6_ARE_ADDR_EQUAL(&x.in6.sin6_addr, &y.in6.sin6_addr);
	}
	return true;
}

/* HalfSipHash-1-3 state: addresses come from strangers, the seed does not. */
struct net_hash {
	uint32_t v[4];
};

static uint32_t net_rotl(uint32_t x, unsigned int n)
{
	return x << n | x >> (32 - n);
}

static void net_hash_round(struct net_hash *h)
{
	uint32_t *v = h->v;

	v[0] += v[1];
	v[1] = net_rotl(v[1], 5) ^ v[0];
	v[0] = net_rotl(v[0], 16);
	v[2] += v[3];
	v[3] = net_rotl(v[3], 8) ^ v[2];
	v[0] += v[3];
	v[3] = net_rotl(v[3], 7) ^ v[0];
	v[2] += v[1];
	v[1] = net_rotl(v[1], 13) ^ v[2];
	v[2] = net_rotl(v[2], 16);
}

static void net_hash_word(struct net_hash *h, uint32_t word)
{
	h->v[3] ^= word;
	net_hash_round(h);
	h->v[0] ^= word;
}

static void net_hash_bytes(struct net_hash *h, const uint8_t *src, size_t len)
{
	uint32_t word;

	for (; len >= sizeof(word); src += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, src, sizeof(word));
		net_hash_word(h, word);
	}
}

uint32_t net_addr_hash(const union net_addr *addr, uint32_t seed)
{
	struct net_hash h = {
		.v = { seed, ~seed, 0x6c796765u ^ seed, 0x74656462u ^ ~seed },
	};
	union net_addr x = *addr;

	net_addr_unmap(&x);
	net_hash_word(&h, (uint32_t)x.sa.sa_family << 16 | net_addr_port(&x));
	if (x.sa.sa_family == AF_INET)
		net_hash_word(&h, x.in4.sin_addr.s_addr);
	else if (x.sa.sa_family == AF_INET6)
		net_hash_bytes(&h, x.in6.sin6_addr.s6_addr, 16);
	h.v[2] ^= 0xff;
	net_hash_round(&h);
	net_hash_round(&h);
	net_hash_round(&h);
	return h.v[1] ^ h.v[3];
}

const char *net_addr_format(const union net_addr *addr,
			    char out[NET_ADDR_STRLEN])
{
	char host[INET6_ADDRSTRLEN] = "";
	char scope[16] = "";
	union net_addr x = *addr;

	net_addr_unmap(&x);
	switch (x.sa.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &x.in4.sin_addr, host, sizeof(host));
		snprintf(out, NET_ADDR_STRLEN, "%s:%u", host,
			 net_addr_port(&x));
		return out;
	case AF_INET6:
		inet_ntop(AF_INET6, &x.in6.sin6_addr, host, sizeof(host));
		if (x.in6.sin6_scope_id)
			snprintf(scope, sizeof(scope), "%%%u",
				 x.in6.sin6_scope_id);
		snprintf(out, NET_ADDR_STRLEN, "[%s%s]:%u", host, scope,
			 net_addr_port(&x));
		return out;
	}
	snprintf(out, NET_ADDR_STRLEN, "[undef]");
	return out;
}

static int net_scope_parse(const char *str, uint32_t *scope)
{
	char *end;
	unsigned long v;

	v = strtoul(str, &end, 10);
	if (*str && !*end && *str >= '0' && *str <= '9' && v <= UINT32_MAX)
		*scope = (uint32_t)v;
	else
		*scope = if_nametoindex(str);
	return *scope ? 0 : -EINVAL;
}

int net_addr_parse(const char *host, uint16_t port, union net_addr *out)
{
	const char *percent = strchr(host, '%');
	char bare[INET6_ADDRSTRLEN];
	size_t len = percent ? (size_t)(percent - host) : strlen(host);
	union net_addr addr = { 0 };

	if (len >= sizeof(bare))
		return -EINVAL;
	memcpy(bare, host, len);
	bare[len] = '\0';
	if (!percent && inet_pton(AF_INET, bare, &addr.in4.sin_addr) == 1) {
		addr.in4.sin_family = AF_INET;
	} else if (inet_pton(AF_INET6, bare, &addr.in6.sin6_addr) == 1) {
		addr.in6.sin6_family = AF_INET6;
		if (percent &&
		    net_scope_parse(percent + 1, &addr.in6.sin6_scope_id))
			return -EINVAL;
	} else {
		return -EINVAL;
	}
	net_addr_set_port(&addr, port);
	*out = addr;
	return 0;
}
