/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Internet checksums under the kernel's names. */
#ifndef FUZZ_KMOD_CSUM_H
#define FUZZ_KMOD_CSUM_H

#include <arpa/inet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "kmod.h"

#define CSUM_MANGLED_0	((__sum16)0xffff)

static inline __wsum csum_add(__wsum a, __wsum b)
{
	a += b;
	return a + (a < b);
}

static inline __wsum csum_sub(__wsum a, __wsum b)
{
	return csum_add(a, ~b);
}

/* @b is of what begins @offset bytes behind that of @a */
static inline __wsum csum_block_add(__wsum a, __wsum b, unsigned int offset)
{
	return csum_add(a, offset & 1 ? b << 24 | b >> 8 : b);
}

static inline __wsum csum_unfold(__sum16 sum)
{
	return sum;
}

static inline __sum16 csum_fold(__wsum sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__sum16)~sum;
}

static inline __wsum csum_partial(const void *data, int len, __wsum sum)
{
	const u8 *bytes = data;
	u16 word;
	int i;

	for (i = 0; i + 1 < len; i += 2) {
		memcpy(&word, bytes + i, sizeof(word));
		sum = csum_add(sum, word);
	}
	/* the missing byte is 0 */
	if (len & 1)
		sum = csum_add(sum, htons((u16)(bytes[len - 1] << 8)));
	return sum;
}

static inline __sum16 ip_fast_csum(const void *iph, unsigned int ihl)
{
	return csum_fold(csum_partial(iph, (int)ihl * 4, 0));
}

static inline __sum16 pseudo_csum(const void *addrs, int size,
				  unsigned int len, u8 proto, __wsum sum)
{
	sum = csum_partial(addrs, size, sum);
	sum = csum_add(sum, htons((u16)len));
	return csum_fold(csum_add(sum, htons(proto)));
}

static inline __sum16 tcp_v4_check(unsigned int len, __be32 saddr,
				   __be32 daddr, __wsum sum)
{
	__be32 addrs[2] = { saddr, daddr };

	return pseudo_csum(addrs, sizeof(addrs), len, 6, sum);
}

static inline __sum16 tcp_v6_check(unsigned int len,
				   const struct in6_addr *saddr,
				   const struct in6_addr *daddr, __wsum sum)
{
	struct in6_addr addrs[2] = { *saddr, *daddr };

	return pseudo_csum(addrs, sizeof(addrs), len, 6, sum);
}

#endif
