// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets on their way to the device: what becomes one super-packet and what
 * does not. A socket pair stands for the device. What was merged is cut again
 * by the other half of userdp/: the packets that went in have to come out.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "userdp/private.h"
#include "userdp_packet.h"

#define PACKETS_MAX	600

static struct userdp_merge merge;
static struct userdp_tun tun;
static int device;
static const struct userdp_tun with_vnet = { .has_vnet = true };
static struct userdp_frame frame;
static uint8_t data[USERDP_VNET_LEN + PACKET_CAP];
static size_t data_len;
static uint8_t *const pkt = data + USERDP_VNET_LEN;

/* What went in, in order. */
static struct {
	uint8_t *pkt;
	size_t len;
} in[PACKETS_MAX];
static unsigned int n_in;

static int setup(void **state)
{
	int pair[2], size = 4 << 20;

	(void)state;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) ||
	    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &size,
		       sizeof(size)))
		return -1;
	device = pair[1];
	tun = (struct userdp_tun){
		.fd = pair[0], .has_vnet = true, .has_uso = true,
	};
	n_in = 0;
	return userdp_merge_init(&merge, &tun);
}

static int teardown(void **state)
{
	(void)state;
	userdp_merge_free(&merge);
	close(tun.fd);
	close(device);
	while (n_in)
		free(in[--n_in].pkt);
	return 0;
}

static void put(const uint8_t *bytes, size_t len)
{
	memcpy(userdp_merge_slot(&merge, len), bytes, len);
	userdp_merge_add(&merge, 0, len);
	in[n_in].pkt = malloc(len);
	assert_non_null(in[n_in].pkt);
	memcpy(in[n_in].pkt, bytes, len);
	in[n_in++].len = len;
}

static void put_spec(const struct packet_spec *spec)
{
	static uint8_t made[PACKET_CAP];

	put(made, packet_make(spec, made));
}

/* @n packets of one stream, @size bytes in each. */
static void put_stream(struct packet_spec spec, unsigned int n, size_t size)
{
	unsigned int i;

	spec.payload = size;
	for (i = 0; i < n; i++) {
		put_spec(&spec);
		spec.id++;
		spec.seq += (uint32_t)size;
		spec.from += (unsigned int)size;
	}
}

/* The next frame that the device got; false when there is none. */
static bool take(void)
{
	ssize_t n = read(device, data, sizeof(data));

	data_len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static struct userdp_vnet vnet_of(void)
{
	struct userdp_vnet vnet;

	userdp_vnet_read(&vnet, data);
	return vnet;
}

/* Cut what the device has got and compare it; returns the number of frames. */
static unsigned int compare(void)
{
	unsigned int frames = 0, i = 0;
	const uint8_t *got;
	size_t len;

	userdp_merge_flush(&merge);
	while (take()) {
		frames++;
		assert_int_equal(userdp_frame_parse(&frame, &with_vnet, data,
						    data_len), 0);
		while ((got = userdp_frame_next(&frame, &len))) {
			assert_true(i < n_in);
			assert_int_equal(len, in[i].len);
			assert_memory_equal(got, in[i].pkt, len);
			i++;
		}
	}
	assert_int_equal(i, n_in);
	assert_int_equal(merge.lost, 0);
	return frames;
}

struct stream {
	const char *name;
	struct packet_spec spec;
	unsigned int n;
	size_t size;
	unsigned int frames;
};

static const struct stream streams[] = {
	{ "TCP", { .n_options = 12 }, 40, 1448, 1 },
	{ "TCP, odd size", { .flags = 0x10 }, 30, 333, 1 },
	{ "more than a packet holds", { .n_options = 12 }, 100, 1448, 3 },
	{ "one packet", { .flags = 0x10 }, 1, 1448, 1 },
	{ "without DF", { .no_df = true, .id = 0xfffe }, 10, 1000, 1 },
	{ "sequence number at its end", { .seq = 0xffffff00 }, 10, 100, 1 },
	{ "IPv6", { .is_ip6 = true, .n_options = 12 }, 40, 1428, 1 },
	{ "UDP", { .is_udp = true }, 40, 1350, 1 },
	{ "UDP, 64 in a packet", { .is_udp = true }, 130, 64, 3 },
	{ "UDP over IPv6", { .is_udp = true, .is_ip6 = true }, 10, 77, 1 },
	{ "hundreds", { .is_udp = true }, 600, 20, 11 },
};

static void test_streams(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
		print_message("# %s\n", streams[i].name);
		put_stream(streams[i].spec, streams[i].n, streams[i].size);
		assert_int_equal(compare(), streams[i].frames);
		teardown(state);
		setup(state);
	}
}

/* The offload header, and a checksum that is only prepared. */
static void test_header(void **state)
{
	static const struct packet_spec spec = { .n_options = 12 };
	struct userdp_vnet vnet;
	uint16_t word;
	size_t len;

	(void)state;
	put_stream(spec, 3, 1000);
	userdp_merge_flush(&merge);
	assert_true(take());
	vnet = vnet_of();
	len = 52 + 3000;
	assert_int_equal(data_len, USERDP_VNET_LEN + len);
	assert_int_equal(vnet.flags, VNET_NEEDS_CSUM);
	assert_int_equal(vnet.gso_type, VNET_GSO_TCPV4);
	assert_int_equal(vnet.gso_size, 1000);
	assert_int_equal(vnet.hdr_len, 52);
	assert_int_equal(vnet.csum_start, 20);
	assert_int_equal(vnet.csum_offset, TCP_SUM);
	assert_int_equal(packet_get16(pkt + 2), len);
	assert_int_equal(packet_sum(pkt, 20, 0), 0xffff);
	/* the kernel sums from csum_start on and finds the right checksum */
	word = (uint16_t)~packet_sum(pkt + 20, len - 20, 0);
	packet_be16(pkt + 36, word);
	assert_int_equal(packet_l4_sum(pkt, len), 0xffff);
}

/* What is alone stays as it is. */
static void test_alone(void **state)
{
	static const struct packet_spec spec = { .payload = 300 };

	(void)state;
	put_spec(&spec);
	userdp_merge_flush(&merge);
	assert_true(take());
	assert_int_equal(vnet_of().flags, VNET_DATA_VALID);
	assert_int_equal(vnet_of().gso_type, VNET_GSO_NONE);
	assert_memory_equal(pkt, in[0].pkt, in[0].len);
	assert_false(take());
}

/* A shorter one ends a super-packet, and so do PSH and FIN. */
static void test_tails(void **state)
{
	struct packet_spec spec = { .flags = 0x10 };

	put_stream(spec, 3, 1000);
	spec.id = 3;
	spec.seq = 3000;
	put_stream(spec, 1, 999);
	spec.id = 4;
	spec.seq = 3999;
	put_stream(spec, 2, 999);
	assert_int_equal(compare(), 2);
	teardown(state);
	setup(state);
	spec = (struct packet_spec){ .flags = 0x10 };
	put_stream(spec, 2, 1000);
	spec.id = 2;
	spec.seq = 2000;
	spec.flags |= TCP_PSH;
	put_stream(spec, 1, 1000);
	spec.id = 3;
	spec.seq = 3000;
	spec.flags = 0x10 | TCP_FIN;
	put_stream(spec, 1, 1000);
	assert_int_equal(compare(), 2);
	/* a longer one does not fit */
	teardown(state);
	setup(state);
	spec = (struct packet_spec){ .is_udp = true };
	put_stream(spec, 1, 500);
	spec.id = 1;
	put_stream(spec, 1, 501);
	assert_int_equal(compare(), 2);
}

/* ---- neighbours that do not belong together -------------------------- */

struct neighbour {
	const char *name;
	struct packet_spec spec;
	size_t at;		/* byte that is changed, 0: none */
	uint8_t value;
	bool is_broken;		/* no checksum is made afterwards */
};

/* Each comes between 1000 bytes at 0 and what would be the third. */
static const struct neighbour neighbours[] = {
	{ "a gap", { .id = 1, .seq = 1001 }, 0, 0, false },
	{ "again", { .id = 1, .seq = 0 }, 0, 0, false },
	{ "SYN", { .id = 1, .seq = 1000, .flags = 0x10 | TCP_SYN },
	  0, 0, false },
	{ "RST", { .id = 1, .seq = 1000, .flags = 0x10 | TCP_RST },
	  0, 0, false },
	{ "URG", { .id = 1, .seq = 1000, .flags = 0x10 | TCP_URG },
	  0, 0, false },
	{ "CWR", { .id = 1, .seq = 1000, .flags = 0x10 | TCP_CWR },
	  0, 0, false },
	{ "ECE", { .id = 1, .seq = 1000, .flags = 0x10 | 0x40 }, 0, 0, false },
	{ "marked as congested", { .id = 1, .seq = 1000, .tos = 3 },
	  0, 0, false },
	{ "other options", { .id = 1, .seq = 1000, .n_options = 4 },
	  0, 0, false },
	{ "without DF", { .id = 1, .seq = 1000, .no_df = true }, 0, 0, false },
	{ "an id that does not follow", { .id = 7, .seq = 1000 },
	  0, 0, false },
	{ "time to live", { .id = 1, .seq = 1000 }, 8, 63, false },
	{ "more fragments", { .id = 1, .seq = 1000 }, 6, 0x20, false },
	{ "options of IP", { .id = 1, .seq = 1000 }, 0, 0x46, true },
	{ "acknowledges more", { .id = 1, .seq = 1000 }, 31, 1, false },
	{ "another window", { .id = 1, .seq = 1000 }, 35, 7, false },
	{ "another source", { .id = 1, .seq = 1000 }, 15, 7, false },
	{ "another destination", { .id = 1, .seq = 1000 }, 19, 7, false },
	{ "another port", { .id = 1, .seq = 1000, .sport = 4001 },
	  0, 0, false },
	{ "UDP", { .id = 1, .is_udp = true }, 0, 0, false },
	{ "IPv6", { .is_ip6 = true, .seq = 1000 }, 0, 0, false },
	{ "a wrong IP checksum", { .id = 1, .seq = 1000 }, 10, 1, true },
	{ "a wrong length", { .id = 1, .seq = 1000 }, 3, 7, true },
};

static void test_neighbours(void **state)
{
	struct packet_spec spec;
	uint8_t made[2000];
	size_t i, len;

	for (i = 0; i < sizeof(neighbours) / sizeof(*neighbours); i++) {
		const struct neighbour *n = &neighbours[i];

		print_message("# %s\n", n->name);
		spec = (struct packet_spec){ .flags = 0x10, .payload = 1000 };
		put_spec(&spec);
		spec = n->spec;
		spec.payload = 1000;
		spec.flags = spec.flags ? spec.flags : 0x10;
		len = packet_make(&spec, made);
		if (n->value)
			made[n->at] = n->value;
		if (n->value && !n->is_broken)
			packet_finish(made, len);
		put(made, len);
		userdp_merge_flush(&merge);
		assert_true(take());
		assert_int_equal(data_len, USERDP_VNET_LEN + in[0].len);
		assert_memory_equal(pkt, in[0].pkt, in[0].len);
		assert_true(take());
		assert_int_equal(data_len, USERDP_VNET_LEN + in[1].len);
		assert_memory_equal(pkt, in[1].pkt, in[1].len);
		assert_false(take());
		teardown(state);
		setup(state);
	}
}

/* With DF all ids may be the same, but then all of them. */
static void test_fixed_id(void **state)
{
	struct packet_spec spec = { .flags = 0x10, .id = 5, .payload = 100 };
	unsigned int i, frames = 0;

	(void)state;
	for (i = 0; i < 6; i++) {
		spec.id = i < 4 ? 5 : 6;
		put_spec(&spec);
		spec.seq += 100;
	}
	userdp_merge_flush(&merge);
	while (take())
		frames++;
	assert_int_equal(frames, 2);
}

/* An acknowledgement without data is not overtaken by what came after it. */
static void test_order(void **state)
{
	struct packet_spec spec = { .flags = 0x10 };
	struct packet_spec other = { .flags = 0x10, .sport = 9, .payload = 50 };

	(void)state;
	put_stream(spec, 1, 1000);
	spec.seq = 1000;
	put_stream(spec, 1, 0);
	put_stream(spec, 1, 1000);
	assert_int_equal(compare(), 3);
	teardown(state);
	setup(state);
	/* nor is a packet of which nobody knows whose it is */
	spec = (struct packet_spec){ .flags = 0x10 };
	put_stream(spec, 1, 1000);
	put((const uint8_t *)"\x45no packet of any kind", 20);
	spec.id = 1;
	spec.seq = 1000;
	put_stream(spec, 1, 1000);
	userdp_merge_flush(&merge);
	assert_true(take());
	assert_int_equal(data_len, USERDP_VNET_LEN + 1040);
	assert_true(take());
	assert_int_equal(data_len, USERDP_VNET_LEN + 20);
	assert_true(take());
	assert_false(take());
	teardown(state);
	setup(state);
	/* but flows do not disturb each other */
	spec = (struct packet_spec){ .flags = 0x10, .payload = 100 };
	for (unsigned int i = 0; i < 20; i++) {
		put_spec(&spec);
		put_spec(&other);
		spec.id++;
		spec.seq += 100;
		other.id++;
		other.seq += 50;
	}
	userdp_merge_flush(&merge);
	assert_true(take());
	assert_int_equal(data_len, USERDP_VNET_LEN + 40 + 2000);
	assert_true(take());
	assert_int_equal(data_len, USERDP_VNET_LEN + 40 + 1000);
	assert_false(take());
}

/* More flows than are remembered: nothing is lost, and order is kept. */
static void test_many_flows(void **state)
{
	struct packet_spec spec = { .flags = 0x10, .payload = 100 };
	uint32_t seen[20] = { 0 };
	const uint8_t *got;
	unsigned int i, n = 0, flow;
	size_t len;

	(void)state;
	for (i = 0; i < 400; i++) {
		flow = i % 20;
		spec.sport = (uint16_t)(1000 + flow);
		spec.id = (uint16_t)(i / 20);
		spec.seq = i / 20 * 100;
		put_spec(&spec);
	}
	userdp_merge_flush(&merge);
	while (take()) {
		assert_int_equal(userdp_frame_parse(&frame, &with_vnet, data,
						    data_len), 0);
		while ((got = userdp_frame_next(&frame, &len))) {
			flow = packet_get16(got + 20) - 1000;
			assert_true(flow < 20);
			assert_int_equal(packet_get32(got + 24), seen[flow]);
			seen[flow] += 100;
			n++;
		}
	}
	assert_int_equal(n, 400);
}

/* Old kernels take no super-packets of UDP; some devices none at all. */
static void test_without(void **state)
{
	static const struct packet_spec udp = { .is_udp = true };
	static const struct packet_spec tcp = { .flags = 0x10 };

	tun.has_uso = false;
	put_stream(udp, 5, 200);
	assert_int_equal(compare(), 5);
	teardown(state);
	setup(state);
	tun.has_vnet = false;
	put_stream(tcp, 5, 200);
	userdp_merge_flush(&merge);
	for (unsigned int i = 0; i < 5; i++) {
		assert_true(take());
		assert_int_equal(data_len, in[i].len);
		assert_memory_equal(data, in[i].pkt, data_len);
	}
	assert_false(take());
}

/* UDP without a checksum cannot be told apart from UDP with a wrong one. */
static void test_no_checksum(void **state)
{
	struct packet_spec spec = { .is_udp = true, .payload = 100 };
	uint8_t made[200];
	size_t len;

	(void)state;
	for (spec.id = 0; spec.id < 3; spec.id++) {
		len = packet_make(&spec, made);
		packet_be16(made + 26, 0);
		put(made, len);
	}
	assert_int_equal(compare(), 3);
}

/* A device that takes nothing costs packets, not the process. */
static void test_full(void **state)
{
	static const struct packet_spec spec = { .flags = 0x10 };

	(void)state;
	close(device);
	device = open("/dev/null", O_RDONLY);
	put_stream(spec, 20, 1000);
	userdp_merge_flush(&merge);
	assert_int_equal(merge.lost, 20);
	assert_int_equal(merge.n_supers, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_streams),
		TEST(test_header),
		TEST(test_alone),
		TEST(test_tails),
		TEST(test_neighbours),
		TEST(test_fixed_id),
		TEST(test_order),
		TEST(test_many_flows),
		TEST(test_without),
		TEST(test_no_checksum),
		TEST(test_full),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
