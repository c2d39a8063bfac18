// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets through the rules of client-nat, both ways: checksums that were
 * right stay right, and nothing changes but addresses and checksums.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "dp/user.h"
#include "fuzz.h"

#define CAP	2048

/* 10.0.0.0/8 is 172.0.0.0/8 and 192.168.1.0/24 is 192.168.2.0/24 there */
static const struct dp_nat rules[] = {
	{ .is_dst = false, .network = 0x0000000a, .mask = 0x000000ff,
	  .alias = 0x000000ac },
	{ .is_dst = true, .network = 0x0001a8c0, .mask = 0x00ffffff,
	  .alias = 0x0002a8c0 },
};

static uint32_t sum_of(const uint8_t *at, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++) {
		sum += i & 1 ? at[i] : (uint32_t)at[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* Of addresses, protocol and what follows the header, where it is whole. */
static uint32_t l4_sum(const uint8_t *pkt, size_t len)
{
	size_t head = (pkt[0] & 15u) * 4;

	return sum_of(pkt + head, len - head,
		      sum_of(pkt + 12, 8, pkt[9] + (uint32_t)(len - head)));
}

static bool has_l4(const uint8_t *pkt, size_t len)
{
	size_t head = (pkt[0] & 15u) * 4;

	return head >= 20 && !((pkt[6] & 0x1f) | pkt[7]) &&
	       ((pkt[9] == IPPROTO_TCP && len >= head + 20) ||
		(pkt[9] == IPPROTO_UDP && len >= head + 8 &&
		 (pkt[head + 6] | pkt[head + 7])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct user_peer peer = {
		.cfg.nat = rules, .cfg.n_nat = 2,
	};
	bool is_sent = size && data[0] & 1;
	uint8_t *pkt, before[CAP];
	uint32_t head, l4 = 0;
	size_t len;

	if (!size || size > CAP)
		return 0;
	len = size - 1;
	/* of its own size, so that each byte too many is seen */
	pkt = malloc(len ? len : 1);
	FUZZ_CHECK(pkt);
	memcpy(pkt, data + 1, len);
	memcpy(before, pkt, len);
	head = len >= 20 ? sum_of(pkt, 20, 0) : 0;
	if (len >= 20 && has_l4(pkt, len))
		l4 = l4_sum(pkt, len);
	user_nat(&peer, is_sent, pkt, len);
	if (len < 20 || pkt[0] >> 4 != 4)
		FUZZ_CHECK(!memcmp(pkt, before, len));
	else if (head == 0xffff)
		FUZZ_CHECK(sum_of(pkt, 20, 0) == 0xffff);
	if (l4 == 0xffff && pkt[0] >> 4 == 4)
		FUZZ_CHECK(l4_sum(pkt, len) == 0xffff);
	if (len >= 20 && pkt[0] >> 4 == 4)
		FUZZ_CHECK(!memcmp(pkt + 20, before + 20,
				   len < 26 ? len - 20 : 6));
	free(pkt);
	return 0;
}
