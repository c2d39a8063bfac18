// SPDX-License-Identifier: GPL-2.0-or-later
/* Super-packets cut into packets, and frames that make no sense. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "userdp/private.h"
#include "userdp_packet.h"

static const struct userdp_tun with_vnet = { .has_vnet = true };
static const struct userdp_tun without;
static struct userdp_frame frame;
static uint8_t data[USERDP_VNET_LEN + PACKET_CAP];
static uint8_t *const pkt = data + USERDP_VNET_LEN;

/* A frame as the kernel hands it out: only the pseudo header is summed. */
static size_t super(const struct packet_spec *spec, uint16_t size)
{
	size_t len = packet_make(spec, pkt), ip = packet_ip_len(pkt);
	struct userdp_vnet vnet = {
		.flags = VNET_NEEDS_CSUM,
		.gso_type = spec->is_udp ? VNET_GSO_UDP_L4 :
			    spec->is_ip6 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4,
		.hdr_len = (uint16_t)packet_head_len(pkt),
		.gso_size = size,
		.csum_start = (uint16_t)ip,
		.csum_offset = spec->is_udp ? UDP_SUM : TCP_SUM,
	};

	packet_be16(packet_check(pkt), 0);
	userdp_sum_put(packet_check(pkt),
		       userdp_fold(userdp_sum_pseudo(pkt, spec->is_udp ?
						     IPPROTO_UDP :
						     IPPROTO_TCP) +
				   userdp_sum16(len - ip)));
	userdp_vnet_write(&vnet, data);
	return USERDP_VNET_LEN + len;
}

struct cut {
	const char *name;
	struct packet_spec spec;
	uint16_t size;
};

static const struct cut cuts[] = {
	{ "even", { .payload = 4 * 1448, .n_options = 12 }, 1448 },
	{ "short tail", { .payload = 3 * 1448 + 1, .n_options = 12 }, 1448 },
	{ "odd size", { .payload = 5 * 1447 + 600 }, 1447 },
	{ "one segment", { .payload = 700 }, 1448 },
	{ "full size", { .payload = 65535 - 20 - 32, .n_options = 12 }, 1448 },
	{ "smaller than the headers", { .payload = 999, .n_options = 40 }, 33 },
	{ "without DF", { .payload = 9000, .no_df = true, .id = 0xfffe },
	  1400 },
	{ "IPv6", { .is_ip6 = true, .payload = 7 * 1428 + 11,
		    .n_options = 12 }, 1428 },
	{ "IPv6, full size", { .is_ip6 = true, .payload = 65535 - 20 }, 1428 },
	{ "UDP", { .is_udp = true, .payload = 10 * 1200 + 77 }, 1200 },
	{ "UDP, odd size", { .is_udp = true, .payload = 3 * 333 }, 333 },
	{ "UDP over IPv6", { .is_udp = true, .is_ip6 = true,
			     .payload = 40 * 1350 + 1 }, 1350 },
};

static void check_segment(const struct cut *cut, const uint8_t *seg,
			  size_t len, unsigned int index, size_t at)
{
	size_t head = packet_head_len(seg), ip = packet_ip_len(seg), i;

	if (seg[0] >> 4 == 4) {
		assert_int_equal(packet_get16(seg + 2), len);
		assert_int_equal(packet_get16(seg + 4),
				 (uint16_t)(cut->spec.id + index));
		assert_int_equal(packet_sum(seg, ip, 0), 0xffff);
	} else {
		assert_int_equal(packet_get16(seg + 4), len - 40);
	}
	assert_int_equal(packet_l4_sum(seg, len), 0xffff);
	if (cut->spec.is_udp)
		assert_int_equal(packet_get16(seg + ip + 4), len - ip);
	else
		assert_int_equal(packet_get32(seg + ip + 4),
				 (uint32_t)(cut->spec.seq + at));
	for (i = 0; i < len - head; i++)
		assert_int_equal(seg[head + i],
				 packet_byte((unsigned int)(at + i)));
}

static void check_cut(const struct cut *cut)
{
	size_t len = super(&cut->spec, cut->size), n, at = 0;
	unsigned int index = 0;
	const uint8_t *seg;

	assert_int_equal(userdp_frame_parse(&frame, &with_vnet, data, len), 0);
	while ((seg = userdp_frame_next(&frame, &n))) {
		check_segment(cut, seg, n, index++, at);
		at += n - packet_head_len(seg);
		assert_true(n <= userdp_frame_longest(&frame));
		if (at < cut->spec.payload)
			assert_int_equal(n, packet_head_len(seg) + cut->size);
	}
	assert_int_equal(at, cut->spec.payload);
	assert_int_equal(index, frame.n_segs);
}

static void test_cut(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		print_message("# %s\n", cuts[i].name);
		check_cut(&cuts[i]);
	}
}

/* The sequence number passes its end inside a super-packet. */
static void test_wrap(void **state)
{
	const struct cut cut = {
		"", { .payload = 9000, .seq = 0xfffffff0 }, 1000
	};

	(void)state;
	check_cut(&cut);
}

/* FIN and PSH belong to the last segment, CWR to the first. */
static void test_flags(void **state)
{
	const struct packet_spec spec = {
		.payload = 3000, .flags = 0x10 | 0x40 | TCP_FIN | TCP_PSH |
					  TCP_CWR,
	};
	static const uint8_t want[] = { 0x10 | 0x40 | TCP_CWR, 0x10 | 0x40,
					0x10 | 0x40 | TCP_FIN | TCP_PSH };
	size_t len = super(&spec, 1000), n;
	unsigned int i;
	uint8_t *seg;

	(void)state;
	data[1] |= VNET_GSO_ECN;
	assert_int_equal(userdp_frame_parse(&frame, &with_vnet, data, len), 0);
	for (i = 0; i < 3; i++) {
		seg = userdp_frame_next(&frame, &n);
		assert_non_null(seg);
		assert_int_equal(seg[20 + TCP_FLAGS], want[i]);
	}
	assert_null(userdp_frame_next(&frame, &n));
}

/* One packet whose checksum was left to us; others are not touched. */
static void test_checksum(void **state)
{
	struct packet_spec spec = { .payload = 101, .is_udp = true };
	uint8_t want[200];
	size_t len, n, i;

	(void)state;
	for (i = 0; i < 300; i++) {
		/* some of them sum up to 0, which UDP writes as 0xffff */
		spec.from = (unsigned int)(i * 13);
		spec.is_ip6 = i & 1;
		spec.is_udp = !(i & 2);
		len = packet_make(&spec, want);
		super(&spec, 0);
		data[1] = VNET_GSO_NONE;
		assert_int_equal(userdp_frame_parse(&frame, &with_vnet, data,
						    USERDP_VNET_LEN + len), 0);
		assert_ptr_equal(userdp_frame_next(&frame, &n), pkt);
		assert_int_equal(n, len);
		assert_int_equal(packet_l4_sum(pkt, len), 0xffff);
		assert_memory_equal(pkt, want, len);
		assert_null(userdp_frame_next(&frame, &n));
	}
	memset(data, 0, USERDP_VNET_LEN);
	packet_be16(packet_check(pkt), 0x1234);
	assert_int_equal(userdp_frame_parse(&frame, &with_vnet, data,
					    USERDP_VNET_LEN + len), 0);
	assert_ptr_equal(userdp_frame_next(&frame, &n), pkt);
	assert_int_equal(packet_get16(packet_check(pkt)), 0x1234);
	assert_int_equal(userdp_frame_parse(&frame, &without, pkt, len), 0);
	assert_ptr_equal(userdp_frame_next(&frame, &n), pkt);
	assert_int_equal(n, len);
}

static void test_udp_zero(void **state)
{
	const struct packet_spec spec = { .payload = 2, .is_udp = true };
	uint32_t sum;
	size_t len, n;

	(void)state;
	super(&spec, 0);
	data[1] = VNET_GSO_NONE;
	/* a payload with which the checksum becomes 0 */
	len = packet_make(&spec, pkt);
	packet_be16(packet_check(pkt), 0);
	memset(pkt + len - 2, 0, 2);
	sum = packet_l4_sum(pkt, len);
	packet_be16(pkt + len - 2, 0xffff - sum);
	userdp_sum_put(packet_check(pkt),
		       userdp_fold(userdp_sum_pseudo(pkt, IPPROTO_UDP) +
				   userdp_sum16(len - 20)));
	assert_int_equal(userdp_frame_parse(&frame, &with_vnet, data,
					    USERDP_VNET_LEN + len), 0);
	assert_non_null(userdp_frame_next(&frame, &n));
	assert_int_equal(packet_get16(packet_check(pkt)), 0xffff);
}

/* ---- what makes no sense --------------------------------------------- */

struct hostile {
	const char *name;
	size_t at;		/* byte of the frame */
	uint8_t value;
	size_t len;		/* 0: all of it */
};

/* Native order: a single byte is enough to break each of these fields. */
static const struct hostile hostiles[] = {
	{ "empty", 0, 1, 1 },
	{ "no packet", 0, 1, USERDP_VNET_LEN },
	{ "half an IP header", 0, 1, USERDP_VNET_LEN + 19 },
	{ "unknown type", 1, 9, 0 },
	{ "UFO", 1, 3, 0 },
	{ "no checksum wanted", 0, 0, 0 },
	{ "checksum begins in the IP header", 6, 16, 0 },
	{ "checksum begins behind the IP header", 6, 24, 0 },
	{ "checksum begins behind the packet", 7, 0xff, 0 },
	{ "neither IPv4 nor IPv6", USERDP_VNET_LEN, 0x55, 0 },
	{ "IP header too short", USERDP_VNET_LEN, 0x44, 0 },
	{ "TCP header too short", USERDP_VNET_LEN + 20 + 12, 0x40, 0 },
	{ "TCP header without payload", 0, 1, USERDP_VNET_LEN + 40 },
	{ "TCP header cut", 0, 1, USERDP_VNET_LEN + 39 },
};

static void test_hostile(void **state)
{
	const struct packet_spec spec = { .payload = 5000 };
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(hostiles) / sizeof(*hostiles); i++) {
		len = super(&spec, 1000);
		data[hostiles[i].at] = hostiles[i].value;
		print_message("# %s\n", hostiles[i].name);
		assert_int_equal(userdp_frame_parse(&frame, &with_vnet, data,
						    hostiles[i].len ?
						    hostiles[i].len : len),
				 -EBADMSG);
	}
	/* segments so small that one frame would become thousands */
	len = super(&spec, 2);
	assert_int_equal(userdp_frame_parse(&frame, &with_vnet, data, len),
			 -EBADMSG);
	/* a checksum that would be written behind the packet */
	len = super(&spec, 1000);
	data[1] = VNET_GSO_NONE;
	assert_int_equal(userdp_frame_parse(&frame, &with_vnet, data,
					    USERDP_VNET_LEN + 37), -EBADMSG);
}

/* ---- segment sizes --------------------------------------------------- */

static size_t syn(bool is_ip6, const uint8_t *options, uint8_t len)
{
	const struct packet_spec spec = {
		.is_ip6 = is_ip6, .flags = TCP_SYN, .n_options = len,
	};
	size_t n = packet_make(&spec, pkt);

	memcpy(pkt + (is_ip6 ? 60 : 40), options, len);
	packet_finish(pkt, n);
	return n;
}

static void test_mss(void **state)
{
	static const uint8_t plain[] = { 2, 4, 0x05, 0xb4 };
	static const uint8_t odd[] = { 1, 2, 4, 0x05, 0xb4, 1, 1, 0 };
	static const uint8_t twice[] = { 2, 4, 0x05, 0xb4, 2, 4, 0x05, 0xb5 };
	size_t len;

	(void)state;
	len = syn(false, plain, sizeof(plain));
	assert_true(userdp_mss_is_syn(pkt, len));
	assert_false(userdp_mss_clamp(pkt, len, 1500));
	assert_true(userdp_mss_clamp(pkt, len, 1448));
	assert_int_equal(packet_get16(pkt + 42), 1408);
	assert_int_equal(packet_l4_sum(pkt, len), 0xffff);
	len = syn(false, plain, sizeof(plain));
	assert_true(userdp_mss_clamp(pkt, len, 100));
	assert_int_equal(packet_get16(pkt + 42), 88);
	len = syn(true, odd, sizeof(odd));
	assert_true(userdp_mss_is_syn(pkt, len));
	assert_true(userdp_mss_clamp(pkt, len, 1428));
	assert_int_equal(packet_get16(pkt + 63), 1368);
	assert_int_equal(packet_l4_sum(pkt, len), 0xffff);
	len = syn(false, twice, sizeof(twice));
	assert_true(userdp_mss_clamp(pkt, len, 1448));
	assert_int_equal(packet_get16(pkt + 42), 1408);
	assert_int_equal(packet_get16(pkt + 46), 1408);
	assert_int_equal(packet_l4_sum(pkt, len), 0xffff);
}

static void test_mss_hostile(void **state)
{
	static const uint8_t bad[][8] = {
		{ 3, 0, 2, 4, 0x05, 0xb4 },	/* no length */
		{ 3, 1, 2, 4, 0x05, 0xb4 },
		{ 3, 9, 2, 4, 0x05, 0xb4 },	/* ends behind the header */
		{ 0, 0, 2, 4, 0x05, 0xb4 },	/* behind the end */
		{ 2, 6, 0x05, 0xb4, 1, 1, 1, 1 },
		{ 1, 1, 1, 1, 1, 1, 1, 2 },	/* cut */
	};
	uint8_t before[100];
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		len = syn(i & 1, bad[i], 8);
		memcpy(before, pkt, len);
		assert_false(userdp_mss_clamp(pkt, len, 1000));
		assert_memory_equal(pkt, before, len);
	}
	/* a fragment, another protocol, a header that is longer than it */
	len = syn(false, bad[0], 8);
	pkt[7] = 1;
	assert_false(userdp_mss_is_syn(pkt, len));
	pkt[7] = 0;
	pkt[9] = 17;
	assert_false(userdp_mss_is_syn(pkt, len));
	pkt[9] = 6;
	pkt[20 + TCP_OFFSET] = 0xf0;
	assert_false(userdp_mss_clamp(pkt, len, 1000));
	for (i = 0; i < 40; i++)
		assert_false(userdp_mss_clamp(pkt, i, 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_udp_zero),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_mss),
		cmocka_unit_test(test_mss_hostile),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
