// SPDX-License-Identifier: GPL-2.0-or-later
#include "userdp/private.h"

/* Words of 64 bits, whose carries are counted: the fastest that C can say. */
uint64_t userdp_sum(const uint8_t *data, size_t len, uint64_t sum)
{
	uint64_t w[4], wide = 0, carries = 0;
	uint32_t last;

	for (; len >= sizeof(w); len -= sizeof(w), data += sizeof(w)) {
		memcpy(w, data, sizeof(w));
		carries += __builtin_add_overflow(wide, w[0], &wide);
		carries += __builtin_add_overflow(wide, w[1], &wide);
		carries += __builtin_add_overflow(wide, w[2], &wide);
		carries += __builtin_add_overflow(wide, w[3], &wide);
	}
	sum += (wide & 0xffffffff) + (wide >> 32) + carries;
	for (; len >= sizeof(last); len -= sizeof(last), data += sizeof(last)) {
		memcpy(&last, data, sizeof(last));
		sum += last;
	}
	last = 0;
	memcpy(&last, data, len);
	return sum + last;
}

uint64_t userdp_sum_pseudo(const uint8_t *pkt, uint8_t proto)
{
	uint64_t sum = userdp_sum16(proto);

	return is_ip4(pkt) ? userdp_sum(pkt + IP4_ADDRS, 8, sum) :
			     userdp_sum(pkt + IP6_ADDRS, 32, sum);
}
