// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames of the TUN device, with hostile offload headers. The first byte says
 * whether there is such a header, and whether it is a TAP device. What comes of
 * a frame must be complete: all of the payload, right lengths, right checksums.
 */
#include <errno.h>
#include <netinet/in.h>

#include "fuzz.h"
#include "userdp/private.h"

static uint16_t sum_of(const uint8_t *at, size_t len, uint32_t sum)
{
	size_t i;

	for (i = 0; i < len; i++) {
		sum += i & 1 ? at[i] : (uint32_t)at[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static void check_segment(const struct userdp_frame *frame,
			  const uint8_t *pkt, size_t len)
{
	uint32_t sum = frame->gso == USERDP_GSO_TCP ? IPPROTO_TCP :
						      IPPROTO_UDP;
	bool is_v4 = pkt[0] >> 4 == 4;

	FUZZ_CHECK(len > frame->head_len);
	if (is_v4) {
		FUZZ_CHECK(get16(pkt + IP4_TOTAL) == len);
		FUZZ_CHECK(sum_of(pkt, frame->l4, 0) == 0xffff);
	} else {
		FUZZ_CHECK(get16(pkt + IP6_PAYLOAD) == len - IP6_LEN);
	}
	sum = sum_of(pkt + (is_v4 ? IP4_ADDRS : IP6_ADDRS), is_v4 ? 8 : 32,
		     sum);
	sum = sum_of(pkt + frame->l4, len - frame->l4,
		     sum + (uint32_t)(len - frame->l4));
	FUZZ_CHECK(sum == 0xffff);
}

static void check(uint8_t *data, size_t size, const struct userdp_tun *tun)
{
	static struct userdp_frame frame;
	size_t len, payload = 0;
	unsigned int n = 0;
	uint8_t *pkt;

	if (userdp_frame_parse(&frame, tun, data, size))
		return;
	while ((pkt = userdp_frame_next(&frame, &len))) {
		n++;
		FUZZ_CHECK(len <= userdp_frame_longest(&frame));
		if (frame.gso == USERDP_GSO_NONE)
			continue;
		FUZZ_CHECK(len > frame.ether_len &&
			   !memcmp(pkt, frame.ether, frame.ether_len));
		check_segment(&frame, pkt + frame.ether_len,
			      len - frame.ether_len);
		payload += len - frame.ether_len - frame.head_len;
	}
	FUZZ_CHECK(n == frame.n_segs);
	if (frame.gso != USERDP_GSO_NONE)
		FUZZ_CHECK(payload == frame.len - frame.head_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct userdp_tun tun = { 0 };
	uint8_t *copy;

	if (!size)
		return 0;
	tun.has_vnet = data[0] & 1;
	tun.is_ether = data[0] & 2;
	/* on the heap, for the sanitizer to guard, to the last byte */
	copy = malloc(size > 1 ? size - 1 : 1);
	FUZZ_CHECK(copy);
	memcpy(copy, data + 1, size - 1);
	userdp_mss_clamp(copy, size - 1, 1000);
	memcpy(copy, data + 1, size - 1);
	check(copy, size - 1, &tun);
	free(copy);
	return 0;
}
