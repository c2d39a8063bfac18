// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one peer of a client or of a link of two, with a data thread: over UDP it
 * is the thread's, over a connection the main loop's.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "dp_rig.h"

static struct rig rig;
static struct rig_end *end = &rig.server;
static union net_addr far_addr;
static int far;

static unsigned int n_streamed;
static pthread_t streamer;

static int stream_send(void *arg, const uint8_t *pkt, size_t len)
{
	(void)arg;
	assert_in_range(len, 100, 2000);
	assert_int_equal(pkt[0] >> 3, PROTO_DATA_V2);
	streamer = pthread_self();
	n_streamed++;
	return 0;
}

static bool has_streamed(void *arg)
{
	return n_streamed == *(unsigned int *)arg;
}

static void link_peer(bool is_tcp)
{
	struct dp_peer peer = {
		.id = RIG_PEER_ID, .tx_id = RIG_PEER_ID, .fd = end->udp,
		.is_tcp = is_tcp, .stream.send = stream_send,
	};

	if (!is_tcp)
		peer.remote = far_addr;
	assert_int_equal(dp_peer_add(end->dp, &peer), 0);
	rig_set_key(end, DP_SLOT_PRIMARY, 1, PROTO_CIPHER_AES_256_GCM, 0);
}

static void link_open(void)
{
	struct dp_config cfg = {
		.mode = DP_MODE_P2P, .ifname = "tun-s", .mtu = 1500,
		.threads = 1, .has_streams = true,
	};

	memset(&rig, 0, sizeof(rig));
	rig_hush();
	cfg.loop = rig.loop = loop_new();
	rig.guard = loop_timer_new(rig.loop, rig_late, &rig);
	end->rig = &rig;
	cfg.tun_fd = netns_tun_with("tun-s", IFF_VNET_HDR, &end->ifindex);
	end->packet = rig_packet_socket(end->ifindex);
	assert_int_equal(dp_user_new(&cfg, &end->dp), 0);
	assert_int_equal(dp_threads(end->dp), 1);
	assert_int_equal(dp_start(end->dp), 0);
	far = rig_udp("127.0.0.1", &far_addr);
	end->udp = rig_udp("127.0.0.1", &end->addr);
}

static void link_close(void)
{
	dp_free(end->dp);
	close(end->packet);
	close(end->udp);
	close(far);
	loop_timer_free(rig.guard);
	loop_free(rig.loop);
}

/* Who has the peer reads the device. */
static void test_link_of_two(void **state)
{
	uint8_t pkt[200], buf[400];
	size_t len = rig_inner(pkt, "10.8.0.1", "10.8.0.2", 200, 7);
	struct dp_peer_info info;

	(void)state;
	assert_int_equal(netns_enter(), 0);
	link_open();
	for (unsigned int round = 1; round < 4; round++) {
		link_peer(false);
		assert_int_equal(dp_peer_get(end->dp, RIG_PEER_ID, &info), 0);
		assert_int_equal(info.thread, 1);
		rig_send(end, pkt, len);
		/* the main loop has no part in it */
		assert_in_range(recv(far, buf, sizeof(buf), 0), 200, 400);
		link_peer(true);
		assert_int_equal(dp_peer_get(end->dp, RIG_PEER_ID, &info), 0);
		assert_int_equal(info.thread, 0);
		rig_send(end, pkt, len);
		assert_true(rig_run(&rig, has_streamed, &round, 5000));
		assert_true(pthread_equal(streamer, pthread_self()));
	}
	link_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link_of_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
