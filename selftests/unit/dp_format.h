/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DP_FORMAT_H
#define DP_FORMAT_H

#include "dp_rig.h"

/* Two ends of the userspace data path, of any format of packets. */

#define GOES_MS	3000

#define RIG_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static struct rig rig;
static uint8_t pkt[RIG_PACKET_MAX];

static inline int setup(void **state)
{
	(void)state;
	memset(&rig_format, 0, sizeof(rig_format));
	return netns_enter();
}

static inline int teardown(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static inline void up(enum proto_cipher cipher)
{
	rig_open(&rig, "127.0.0.1", "127.0.0.1");
	rig_peers(&rig);
	rig_set_key(&rig.server, DP_SLOT_PRIMARY, 1, cipher, 2);
	rig_set_key(&rig.client, DP_SLOT_PRIMARY, 1, cipher, 2);
}

static inline bool goes(struct rig_end *from, const char *src,
			const char *dst, size_t len)
{
	struct rig_end *to = from == &rig.server ? &rig.client : &rig.server;
	static uint8_t mark;

	rig_inner(pkt, src, dst, len, ++mark);
	rig_send(from, pkt, len);
	return rig_arrives(&rig, to, pkt, len, GOES_MS);
}

static inline bool goes_both(size_t len)
{
	return goes(&rig.client, "10.8.0.2", "10.8.0.1", len) &&
	       goes(&rig.server, "10.8.0.1", "10.8.0.2", len) &&
	       goes(&rig.client, "fd00::2", "fd00::1", len) &&
	       goes(&rig.server, "fd00::1", "fd00::2", len);
}

static inline bool has_datagram(void *arg)
{
	return ((struct rig_end *)arg)->last_len > 0;
}

/* The next datagram of the client comes to the server's socket, no further. */
static inline void catch_packet(size_t len)
{
	rig.server.is_deaf = true;
	rig.server.last_len = 0;
	rig_inner(pkt, "10.8.0.2", "10.8.0.1", len, 0x55);
	rig_send(&rig.client, pkt, len);
	assert_true(rig_run(&rig, has_datagram, &rig.server, GOES_MS));
	rig.server.is_deaf = false;
}

static inline int feed(const uint8_t *data, size_t len)
{
	return dp_input(rig.server.dp, rig.server.udp, data, len,
			&rig.client.addr, NULL);
}

#endif
