// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Peers of the userspace data path whose packets go over a connection: in place
 * of it the test takes what is sent, and says when there is room.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dp_rig.h"

#define INNER_LEN	200

/**
 * struct pipe - a connection to @to, or nowhere
 * @ret: what send() says to a packet that it takes
 */
struct pipe {
	struct dp *to;
	int ret;
	unsigned int n;
	int last_ret;
	uint32_t last_pid;
};

static int pipe_send(void *arg, const uint8_t *pkt, size_t len)
{
	struct pipe *pipe = arg;

	assert_true(len > 8);
	if (pipe->ret < 0)
		return pipe->ret;
	pipe->n++;
	pipe->last_pid = (uint32_t)pkt[4] << 24 | (uint32_t)pkt[5] << 16 |
			 (uint32_t)pkt[6] << 8 | pkt[7];
	if (pipe->to)
		pipe->last_ret = dp_input_stream(pipe->to, RIG_PEER_ID, pkt,
						 len);
	return pipe->ret;
}

static struct dp_peer peer_of(struct pipe *pipe, uint32_t id, const char *vpn4)
{
	return (struct dp_peer){
		.id = id,
		.tx_id = id,
		.fd = -1,
		.is_tcp = true,
		.stream = { .send = pipe_send, .arg = pipe },
		.vpn4 = rig_ip(vpn4),
	};
}

static void peer_add(struct rig_end *end, struct pipe *pipe)
{
	struct dp_peer peer = peer_of(pipe, RIG_PEER_ID, "10.8.0.2");

	assert_int_equal(dp_peer_add(end->dp, &peer), 0);
	rig_set_key(end, DP_SLOT_PRIMARY, 1, PROTO_CIPHER_AES_256_GCM, 0);
}

static void send_to_client(struct rig *rig, unsigned int n)
{
	uint8_t pkt[INNER_LEN];
	size_t len;

	for (unsigned int i = 0; i < n; i++) {
		len = rig_inner(pkt, "10.8.0.1", "10.8.0.2", sizeof(pkt),
				(uint8_t)i);
		rig_send(&rig->server, pkt, len);
	}
}

struct count {
	const struct pipe *pipe;
	unsigned int n;
};

static bool has_count(void *arg)
{
	const struct count *count = arg;

	return count->pipe->n >= count->n;
}

static void wait_for(struct rig *rig, const struct pipe *pipe, unsigned int n)
{
	struct count count = { pipe, n };

	assert_true(rig_run(rig, has_count, &count, 5000));
}

static void test_both_ways(void **state)
{
	struct pipe to_client = { 0 }, to_server = { 0 };
	struct dp_peer_info info;
	uint8_t pkt[INNER_LEN];
	struct rig rig;
	size_t len;

	(void)state;
	rig_open(&rig, "127.0.0.1", "127.0.0.1");
	to_client.to = rig.client.dp;
	to_server.to = rig.server.dp;
	peer_add(&rig.server, &to_client);
	peer_add(&rig.client, &to_server);
	assert_false(dp_owns_stream(rig.server.dp));
	len = rig_inner(pkt, "10.8.0.1", "10.8.0.2", sizeof(pkt), 1);
	rig_send(&rig.server, pkt, len);
	assert_true(rig_arrives(&rig, &rig.client, pkt, len, 5000));
	len = rig_inner(pkt, "10.8.0.2", "10.8.0.1", sizeof(pkt), 2);
	rig_send(&rig.client, pkt, len);
	assert_true(rig_arrives(&rig, &rig.server, pkt, len, 5000));
	assert_int_equal(dp_peer_get(rig.server.dp, RIG_PEER_ID, &info), 0);
	assert_int_equal(info.stats.vpn_rx_packets, 1);
	assert_int_equal(info.stats.vpn_tx_packets, 1);
	/* a connection does not float */
	assert_int_equal(info.remote.sa.sa_family, AF_UNSPEC);
	assert_int_equal(rig.server.n_floated + rig.client.n_floated, 0);
	rig_close(&rig);
}

/* With one peer, packets wait in the TUN device for its stream. */
static void test_stalled_peer_holds_tun(void **state)
{
	struct pipe pipe = { .ret = 1 };
	struct rig rig;

	(void)state;
	rig_open(&rig, "127.0.0.1", "127.0.0.1");
	peer_add(&rig.server, &pipe);
	send_to_client(&rig, 20);
	wait_for(&rig, &pipe, 1);
	rig_settle(&rig, 100);
	assert_int_equal(pipe.n, 1);
	/* room for one more */
	dp_stream_ready(rig.server.dp, RIG_PEER_ID);
	wait_for(&rig, &pipe, 2);
	rig_settle(&rig, 100);
	assert_int_equal(pipe.n, 2);
	pipe.ret = 0;
	dp_stream_ready(rig.server.dp, RIG_PEER_ID);
	wait_for(&rig, &pipe, 20);
	assert_int_equal(pipe.last_pid, 20);
	rig_close(&rig);
}

/* One of several loses its own packets, and holds up nobody. */
static void test_stalled_among_several(void **state)
{
	struct pipe stalled = { .ret = 1 }, other = { 0 };
	struct dp_peer peer = peer_of(&other, 8, "10.8.0.8");
	struct rig rig;

	(void)state;
	rig_open(&rig, "127.0.0.1", "127.0.0.1");
	peer_add(&rig.server, &stalled);
	send_to_client(&rig, 1);
	wait_for(&rig, &stalled, 1);
	send_to_client(&rig, 9);
	rig_settle(&rig, 100);
	assert_int_equal(stalled.n, 1);
	assert_int_equal(dp_peer_add(rig.server.dp, &peer), 0);
	wait_for(&rig, &stalled, 10);
	/* alone again, it holds the device */
	assert_int_equal(dp_peer_del(rig.server.dp, 8), 0);
	send_to_client(&rig, 5);
	rig_settle(&rig, 100);
	assert_int_equal(stalled.n, 10);
	/* and when it has gone, its packets go nowhere, but they go */
	assert_int_equal(dp_peer_del(rig.server.dp, RIG_PEER_ID), 0);
	rig_settle(&rig, 50);
	peer_add(&rig.server, &other);
	send_to_client(&rig, 1);
	wait_for(&rig, &other, 1);
	rig_settle(&rig, 50);
	assert_int_equal(other.n, 1);
	rig_close(&rig);
}

static void test_refused(void **state)
{
	struct pipe pipe = { .ret = -ENOBUFS };
	struct dp_peer_info info;
	union net_addr addr;
	struct dp_peer peer;
	struct rig rig;

	(void)state;
	rig_open(&rig, "127.0.0.1", "127.0.0.1");
	peer = peer_of(&pipe, RIG_PEER_ID, "10.8.0.2");
	peer.stream.send = NULL;
	assert_int_equal(dp_peer_add(rig.server.dp, &peer), -EINVAL);
	peer_add(&rig.server, &pipe);
	assert_int_equal(net_addr_parse("127.0.0.1", 5, &addr), 0);
	assert_int_equal(dp_peer_set_remote(rig.server.dp, RIG_PEER_ID, &addr,
					    NULL), -EINVAL);
	/* what the stream does not take is not counted as sent */
	send_to_client(&rig, 3);
	rig_settle(&rig, 100);
	assert_int_equal(dp_peer_get(rig.server.dp, RIG_PEER_ID, &info), 0);
	assert_int_equal(info.stats.link_tx_packets, 0);
	assert_int_equal(info.stats.vpn_tx_packets, 0);
	dp_stream_ready(rig.server.dp, 99);
	rig_close(&rig);
}

static int enter(void **state)
{
	(void)state;
	return netns_enter();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_both_ways, enter),
		cmocka_unit_test_setup(test_stalled_peer_holds_tun, enter),
		cmocka_unit_test_setup(test_stalled_among_several, enter),
		cmocka_unit_test_setup(test_refused, enter),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
