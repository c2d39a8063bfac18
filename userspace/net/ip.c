// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static uint8_t net_family_bits(sa_family_t family)
{
	if (family == AF_INET)
		return 32;
	return family == AF_INET6 ? 128 : 0;
}

/* The bytes of the address; both families are in network order. */
static const uint8_t *net_ip_bytes(const struct net_ip *ip)
{
	return ip->in6.s6_addr;
}

int net_ip_parse(const char *str, struct net_ip *out)
{
	struct net_ip ip = { 0 };

	if (inet_pton(AF_INET, str, &ip.in4) == 1)
		ip.family = AF_INET;
	else if (inet_pton(AF_INET6, str, &ip.in6) == 1)
		ip.family = AF_INET6;
	else
		return -EINVAL;
	*out = ip;
	return 0;
}

bool net_ip_is_equal(const struct net_ip *a, const struct net_ip *b)
{
	if (a->family != b->family)
		return false;
	return !memcmp(net_ip_bytes(a), net_ip_bytes(b),
		       net_family_bits(a->family) / 8);
}

const char *net_ip_format(const struct net_ip *ip, char out[NET_PREFIX_STRLEN])
{
	if (!net_family_bits(ip->family) ||
	    !inet_ntop(ip->family, net_ip_bytes(ip), out, NET_PREFIX_STRLEN))
		snprintf(out, NET_PREFIX_STRLEN, "[undef]");
	return out;
}

static int net_len_parse(const char *str, uint8_t max, uint8_t *len)
{
	unsigned int v = 0;

	if (!*str || strlen(str) > 3)
		return -EINVAL;
	for (; *str; str++) {
		if (*str < '0' || *str > '9')
			return -EINVAL;
		v = v * 10 + (unsigned int)(*str - '0');
	}
	if (v > max)
		return -EINVAL;
	*len = (uint8_t)v;
	return 0;
}

int net_prefix_parse(const char *str, struct net_prefix *out)
{
	const char *slash = strchr(str, '/');
	struct net_prefix prefix = { 0 };
	char bare[INET6_ADDRSTRLEN];
	size_t len = slash ? (size_t)(slash - str) : strlen(str);
	uint8_t bits;

	if (len >= sizeof(bare))
		return -EINVAL;
	memcpy(bare, str, len);
	bare[len] = '\0';
	if (net_ip_parse(bare, &prefix.ip))
		return -EINVAL;
	bits = net_family_bits(prefix.ip.family);
	prefix.len = bits;
	if (slash && net_len_parse(slash + 1, bits, &prefix.len))
		return -EINVAL;
	*out = prefix;
	return 0;
}

int net_mask_parse(const char *mask, uint8_t *len)
{
	struct in_addr in4;
	uint32_t bits, inverse;

	if (inet_pton(AF_INET, mask, &in4) != 1)
		return -EINVAL;
	bits = ntohl(in4.s_addr);
	inverse = ~bits;
	if (inverse & (inverse + 1))
		return -EINVAL;
	*len = (uint8_t)__builtin_popcount(bits);
	return 0;
}

const char *net_mask_format(uint8_t len, char out[NET_PREFIX_STRLEN])
{
	struct net_ip ip = { .family = AF_INET };
	uint32_t bits = 0;

	if (len)
		bits = len >= 32 ? UINT32_MAX : ~(UINT32_MAX >> len);
	ip.in4.s_addr = htonl(bits);
	return net_ip_format(&ip, out);
}

const char *net_prefix_format(const struct net_prefix *prefix,
			      char out[NET_PREFIX_STRLEN])
{
	char ip[NET_PREFIX_STRLEN];

	/* 45 characters are the longest address: "/128" always fits. */
	snprintf(out, NET_PREFIX_STRLEN, "%.46s/%u",
		 net_ip_format(&prefix->ip, ip), prefix->len);
	return out;
}

bool net_prefix_contains(const struct net_prefix *prefix,
			 const struct net_ip *ip)
{
	const uint8_t *a = net_ip_bytes(&prefix->ip), *b = net_ip_bytes(ip);
	unsigned int whole = prefix->len / 8, rest = prefix->len % 8;
	uint8_t mask;

	if (prefix->ip.family != ip->family ||
	    prefix->len > net_family_bits(ip->family) || !ip->family)
		return false;
	if (memcmp(a, b, whole))
		return false;
	if (!rest)
		return true;
	mask = (uint8_t)(0xff00u >> rest);
	return !((a[whole] ^ b[whole]) & mask);
}

int net_prefix_nth(const struct net_prefix *prefix, uint64_t n,
		   struct net_ip *out)
{
	unsigned int bits = net_family_bits(prefix->ip.family);
	unsigned int host, i, keep;
	struct net_ip ip = prefix->ip;
	uint8_t *bytes = ip.in6.s6_addr;

	if (!bits || prefix->len > bits)
		return -EINVAL;
	host = bits - prefix->len;
	if (host < 64 && n >> host)
		return -ERANGE;
	/* Replace the host bits, last byte first. */
	for (i = bits / 8; i-- > 0 && host; n >>= 8) {
		keep = host < 8 ? 0xffu << host & 0xffu : 0;
		bytes[i] = (uint8_t)((bytes[i] & keep) | (n & 0xff & ~keep));
		host -= host < 8 ? host : 8;
	}
	*out = ip;
	return 0;
}
