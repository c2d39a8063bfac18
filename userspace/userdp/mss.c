// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a TCP host announces when it connects: segments that fit, because those
 * that do not would be fragmented outside, and could not leave in runs.
 */
#include <netinet/in.h>

#include "userdp/private.h"

#define MSS_MIN		88	/* hosts take nothing less */

#define OPT_END		0
#define OPT_NOP		1
#define OPT_MSS		2
#define OPT_MSS_LEN	4

/* Where TCP begins in a packet that is not fragmented and whole; else 0. */
static size_t mss_find_tcp(const uint8_t *pkt, size_t len)
{
	size_t tcp = IP6_LEN;

	if (len >= IP4_LEN && is_ip4(pkt)) {
		tcp = (pkt[0] & 0xfu) * 4;
		if (pkt[IP4_PROTO] != IPPROTO_TCP || tcp < IP4_LEN ||
		    get16(pkt + IP4_FRAG) & IP4_FRAG_MASK)
			return 0;
	} else if (len < IP6_LEN || pkt[0] >> 4 != 6 ||
		   pkt[IP6_NEXT] != IPPROTO_TCP) {
		return 0;
	}
	return tcp + TCP_LEN <= len ? tcp : 0;
}

bool userdp_mss_is_syn(const uint8_t *pkt, size_t len)
{
	size_t tcp = mss_find_tcp(pkt, len);

	return tcp && pkt[tcp + TCP_FLAGS] & TCP_SYN;
}

/* Another value at @at, with the checksum changed to match (RFC 1624). */
static void mss_replace(uint8_t *tcp, size_t at, uint16_t value)
{
	uint16_t old = get16(tcp + at), new = value;
	uint32_t sum = (uint16_t)~get16(tcp + TCP_SUM);

	if (at & 1) {
		old = (uint16_t)(old << 8 | old >> 8);
		new = (uint16_t)(new << 8 | new >> 8);
	}
	sum += (uint16_t)~old;
	sum += new;
	put16(tcp + TCP_SUM, (uint16_t)~userdp_fold(sum));
	put16(tcp + at, value);
}

/* Of the option at @at, which ends at @end at the latest; 0: makes no sense. */
static size_t mss_option_len(const uint8_t *tcp, size_t at, size_t end)
{
	if (tcp[at] == OPT_NOP)
		return 1;
	if (end - at < 2 || tcp[at + 1] < 2 || tcp[at + 1] > end - at)
		return 0;
	return tcp[at + 1];
}

bool userdp_mss_clamp(uint8_t *pkt, size_t len, size_t max)
{
	size_t l4 = mss_find_tcp(pkt, len), at, end, size;
	uint8_t *tcp = pkt + l4;
	bool is_changed = false;

	if (!l4 || max < l4 + TCP_LEN)
		return false;
	max -= l4 + TCP_LEN;
	if (max < MSS_MIN)
		max = MSS_MIN;
	end = (tcp[TCP_OFFSET] >> 4) * 4u;
	if (end > len - l4)
		return false;
	for (at = TCP_LEN; at < end && tcp[at] != OPT_END; at += size) {
		size = mss_option_len(tcp, at, end);
		if (!size)
			break;
		/* hosts take the last of several */
		if (tcp[at] == OPT_MSS && size == OPT_MSS_LEN &&
		    get16(tcp + at + 2) > max) {
			mss_replace(tcp, at + 2, (uint16_t)max);
			is_changed = true;
		}
	}
	return is_changed;
}
