// SPDX-License-Identifier: GPL-2.0-or-later
/* The userspace data path on Ethernet: where frames go, and whose hosts are. */
#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <cmocka.h>

#include "dp_ether_rig.h"
#include "netns.h"

#define ALL	"\xff\xff\xff\xff\xff\xff"
#define GROUP	"\x33\x33\0\0\0\1"
#define A	"\2\0\0\0\0\xa"
#define B	"\2\0\0\0\0\xb"
#define C	"\2\0\0\0\0\xc"
#define LAN	"\2\0\0\0\0\x1"

static bool is_c2c = true;
static enum proto_framing framing;
static uint32_t max_macs = 256;

static int setup(void **state)
{
	(void)state;
	return ether_open(is_c2c, framing, max_macs);
}

static int teardown(void **state)
{
	(void)state;
	ether_close();
	return 0;
}

static int setup_apart(void **state)
{
	is_c2c = false;
	setup(state);
	is_c2c = true;
	return 0;
}

static int setup_few(void **state)
{
	max_macs = 2;
	setup(state);
	max_macs = 256;
	return 0;
}

static int setup_framed(void **state)
{
	framing = PROTO_FRAMING_V2;
	setup(state);
	framing = PROTO_FRAMING_NONE;
	return 0;
}

/* A frame of @from; the ports that get it, one bit each, whole and once. */
static unsigned int goes(unsigned int from, const char *src, const char *dst,
			 const char *rest)
{
	uint8_t frame[100] = { 0 }, got[200];
	unsigned int ports_got = 0;
	static uint8_t mark;
	size_t len;

	memcpy(frame, dst, USERDP_MAC_LEN);
	memcpy(frame + USERDP_MAC_LEN, src, USERDP_MAC_LEN);
	memcpy(frame + 12, rest ? rest : "\x88\xb5", rest ? 6 : 2);
	frame[20] = ++mark;
	ether_give(from, frame, sizeof(frame));
	for (unsigned int i = 0; i < PORTS; i++) {
		len = ether_take(i, got, sizeof(got));
		if (!len)
			continue;
		assert_int_equal(len, sizeof(frame));
		assert_memory_equal(got, frame, len);
		assert_int_equal(ether_take(i, got, sizeof(got)), 0);
		ports_got |= 1u << i;
	}
	return ports_got;
}

static void test_bridge(void **state)
{
	(void)state;
	assert_int_equal(goes(1, A, ALL, NULL), 0xd);
	assert_int_equal(goes(2, B, A, NULL), 0x2);
	assert_int_equal(goes(1, A, B, NULL), 0x4);
	assert_int_equal(goes(3, C, LAN, NULL), 0x1);
	assert_int_equal(goes(3, C, GROUP, NULL), 0x7);
	/* from the device */
	assert_int_equal(goes(0, LAN, A, NULL), 0x2);
	assert_int_equal(goes(0, LAN, C, NULL), 0x8);
	assert_int_equal(goes(0, LAN, "\2\0\0\0\0\x77", NULL), 0);
	assert_int_equal(goes(0, LAN, ALL, NULL), 0xe);
	assert_int_equal(goes(0, LAN, GROUP, NULL), 0xe);
	/* to somebody behind oneself */
	assert_int_equal(goes(1, A, A, NULL), 0);
	/* a tag stays, and one's own host is the same in each VLAN */
	assert_int_equal(goes(1, A, B, "\x81\0\0\5\x8\0"), 0x4);
	assert_int_equal(goes(0, LAN, ALL, "\x81\0\0\5\x8\0"), 0xe);
}

static void test_clients_apart(void **state)
{
	(void)state;
	assert_int_equal(goes(1, A, ALL, NULL), 0x1);
	assert_int_equal(goes(2, B, A, NULL), 0x1);
	assert_int_equal(goes(2, B, GROUP, NULL), 0x1);
	assert_int_equal(goes(0, LAN, B, NULL), 0x4);
	assert_int_equal(goes(0, LAN, ALL, NULL), 0xe);
}

static void test_moves(void **state)
{
	(void)state;
	goes(1, A, ALL, NULL);
	assert_int_equal(goes(0, LAN, A, NULL), 0x2);
	goes(2, A, ALL, NULL);
	assert_int_equal(goes(0, LAN, A, NULL), 0x4);
	/* behind the device now */
	goes(0, A, ALL, NULL);
	assert_int_equal(goes(3, C, A, NULL), 0x1);
	assert_int_equal(goes(0, LAN, A, NULL), 0);
	/* with its peer it goes */
	goes(1, A, ALL, NULL);
	assert_int_equal(dp_peer_del(ports[0].dp, 1), 0);
	assert_int_equal(goes(0, LAN, A, NULL), 0);
	assert_int_equal(goes(0, LAN, ALL, NULL), 0xc);
}

static void test_sources(void **state)
{
	(void)state;
	assert_int_equal(goes(1, ALL, LAN, NULL), 0);
	assert_int_equal(goes(1, GROUP, ALL, NULL), 0);
	assert_int_equal(goes(1, "\0\0\0\0\0", ALL, NULL), 0);
	assert_int_equal(user_get(ports[0].dp)->drops.source, 3);
}

/* Nobody can take the place of all the others. */
static void test_few(void **state)
{
	(void)state;
	assert_int_equal(goes(1, A, LAN, NULL), 0x1);
	assert_int_equal(goes(1, B, LAN, NULL), 0x1);
	assert_int_equal(goes(1, C, LAN, NULL), 0);
	assert_int_equal(goes(1, A, LAN, NULL), 0x1);
	/* what has gone makes room, and so does what is elsewhere */
	assert_int_equal(goes(2, A, LAN, NULL), 0x1);
	assert_int_equal(goes(1, C, LAN, NULL), 0x1);
	assert_int_equal(goes(2, C, LAN, NULL), 0x1);
	assert_int_equal(goes(2, B, LAN, NULL), 0);
	assert_int_equal(goes(0, LAN, B, NULL), 0x2);
}

static void test_short(void **state)
{
	uint8_t frame[13] = { 2 }, got[64];

	(void)state;
	for (size_t len = 1; len <= sizeof(frame); len++)
		for (unsigned int i = 0; i < PORTS; i++)
			ether_give(i, frame, len);
	for (unsigned int i = 0; i < PORTS; i++)
		assert_int_equal(ether_take(i, got, sizeof(got)), 0);
	/* not even the client's end sends them */
	assert_int_equal(user_get(ports[1].dp)->drops.malformed, 13);
	assert_int_equal(goes(1, A, ALL, NULL), 0xd);
}

/* Addresses that look as the beginning of what is compressed. */
static void test_framed(void **state)
{
	static const char odd[] = "\x50\0\0\0\0\1", other[] = "\x50\1\0\0\0\1";

	(void)state;
	assert_int_equal(goes(1, odd, ALL, NULL), 0xd);
	assert_int_equal(goes(2, other, odd, NULL), 0x2);
	assert_int_equal(goes(0, LAN, other, NULL), 0x4);
	assert_int_equal(goes(1, odd, LAN, NULL), 0x1);
}

/* A device of the kernel: its own address is nobody else's. */
static void test_own(void **state)
{
	struct dp_config cfg = {
		.mode = DP_MODE_MP, .mtu = 1500, .is_ether = true,
	};
	struct ifreq ifr = {
		.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR,
	};
	char own[USERDP_MAC_LEN];
	struct ether_port server;

	(void)state;
	assert_int_equal(netns_enter(), 0);
	cfg.loop = ether_loop;
	cfg.tun_fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	assert_int_equal(ioctl(cfg.tun_fd, TUNSETIFF, &ifr), 0);
	assert_int_equal(ioctl(cfg.tun_fd, SIOCGIFHWADDR, &ifr), 0);
	memcpy(own, ifr.ifr_hwaddr.sa_data, sizeof(own));
	server = ports[0];
	assert_int_equal(dp_user_new(&cfg, &ports[0].dp), 0);
	assert_true(user_get(ports[0].dp)->tun.is_ether);
	assert_true(user_get(ports[0].dp)->tun.has_vnet);
	assert_int_equal(ether_peer(&ports[1], PROTO_FRAMING_NONE, 9), 0);
	goes(1, own, ALL, NULL);
	assert_int_equal(user_get(ports[0].dp)->drops.source, 1);
	goes(1, A, ALL, NULL);
	assert_int_equal(user_get(ports[0].dp)->drops.source, 1);
	dp_free(ports[0].dp);
	ports[0] = server;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bridge, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clients_apart,
						setup_apart, teardown),
		cmocka_unit_test_setup_teardown(test_moves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sources, setup, teardown),
		cmocka_unit_test_setup_teardown(test_few, setup_few, teardown),
		cmocka_unit_test_setup_teardown(test_short, setup, teardown),
		cmocka_unit_test_setup_teardown(test_framed, setup_framed,
						teardown),
		cmocka_unit_test_setup_teardown(test_own, setup, teardown),
	};

	return cmocka_run_group_tests_name("dp_ether", tests, NULL, NULL);
}
