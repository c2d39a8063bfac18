// SPDX-License-Identifier: GPL-2.0-or-later
#include "userdp/private.h"

/*
 * Words of 32 bits in 64-bit sums: no carry can be lost in a packet, and the
 * four sums do not wait for each other.
 */
uint64_t userdp_sum(const uint8_t *data, size_t len, uint64_t sum)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;
	uint32_t w[4], last = 0;

	for (; len >= sizeof(w); len -= sizeof(w), data += sizeof(w)) {
		memcpy(w, data, sizeof(w));
		a += w[0];
		b += w[1];
		c += w[2];
		d += w[3];
	}
	for (; len >= sizeof(last); len -= sizeof(last), data += sizeof(last)) {
		memcpy(&last, data, sizeof(last));
		a += last;
	}
	last = 0;
	memcpy(&last, data, len);
	return sum + a + b + c + d + last;
}

uint64_t userdp_sum_pseudo(const uint8_t *pkt, uint8_t proto)
{
	uint64_t sum = userdp_sum16(proto);

	return is_ip4(pkt) ? userdp_sum(pkt + IP4_ADDRS, 8, sum) :
			     userdp_sum(pkt + IP6_ADDRS, 32, sum);
}
