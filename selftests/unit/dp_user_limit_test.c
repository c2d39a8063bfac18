// SPDX-License-Identifier: GPL-2.0-or-later
/* What one of two ends does by itself: shaper and mtu-test (section 7.6). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dp/user.h"
#include "dp_rig.h"

#define GOES_MS		20000
#define LEN		1000u	/* of a packet inside */
#define WIRE		(LEN + 24)

static struct rig rig;

/* The client's peer gets what is tested. */
static void up_with(uint32_t rate, bool has_mtu_test)
{
	struct dp_peer peer = {
		.id = RIG_PEER_ID, .tx_id = RIG_PEER_ID, .rate = rate,
		.has_mtu_test = has_mtu_test,
	};

	rig_up(&rig);
	peer.fd = rig.client.udp;
	peer.remote = rig.server.addr;
	assert_int_equal(dp_peer_add(rig.client.dp, &peer), 0);
	rig_set_key(&rig.client, DP_SLOT_PRIMARY, 1,
		    PROTO_CIPHER_AES_256_GCM, 0);
}

static int setup(void **state)
{
	(void)state;
	memset(&rig_format, 0, sizeof(rig_format));
	return netns_enter();
}

static int teardown(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static void send_some(unsigned int n)
{
	uint8_t pkt[LEN];

	for (unsigned int i = 0; i < n; i++) {
		size_t len = rig_inner(pkt, "10.8.0.2", "10.8.0.1", LEN,
				       (uint8_t)i);

		rig_send(&rig.client, pkt, len);
	}
}

static bool has_all(void *arg)
{
	return rig.server.n_datagrams >= *(unsigned int *)arg;
}

/* So much a second, however much has come at once; nothing is lost. */
static void test_rate(void **state)
{
	unsigned int n = 40;
	uint64_t begun, ms;

	(void)state;
	up_with(20 * WIRE, false);
	begun = loop_now(rig.loop);
	send_some(n);
	rig_settle(&rig, 500);
	/* on a machine that is busy it is less */
	assert_in_range(rig.server.n_datagrams, 2, 13);
	assert_true(rig_run(&rig, has_all, &n, GOES_MS));
	ms = loop_now(rig.loop) - begun;
	/* the last one goes before it is paid for */
	assert_true(ms >= 1800);
	assert_int_equal(rig.server.n_datagrams, n);
}

/* A pause is not saved for later, and what is slow is not held up. */
static void test_no_burst(void **state)
{
	unsigned int before;

	(void)state;
	up_with(20 * WIRE, false);
	send_some(1);
	rig_settle(&rig, 1000);
	assert_int_equal(rig.server.n_datagrams, 1);
	before = rig.server.n_datagrams;
	send_some(20);
	rig_settle(&rig, 300);
	assert_in_range(rig.server.n_datagrams - before, 1, 9);
}

static bool mtu_is_done(void *arg)
{
	const struct user_mtu *mtu = arg;

	return !mtu->is_running;
}

static struct user_mtu *mtu_begin(void)
{
	struct user_mtu *mtu;

	up_with(0, true);
	mtu = &((struct dp_user *)rig.client.dp)->mtu;
	assert_true(mtu->is_running);
	mtu->step_ms = 2;
	return mtu;
}

/* All sizes go both ways; the answer ends it. */
static void test_mtu(void **state)
{
	const uint16_t longest = 1500 + 24 + 100;
	struct user_mtu *mtu = mtu_begin();
	const struct user_peer *here, *there;

	(void)state;
	assert_true(rig_run(&rig, mtu_is_done, mtu, GOES_MS));
	assert_int_equal(mtu->tried, longest);
	/* an answer may come after the next question */
	assert_in_range(mtu->step, 67, 70);
	here = user_find_id((struct dp_user *)rig.client.dp, RIG_PEER_ID);
	there = user_find_id((struct dp_user *)rig.server.dp, RIG_PEER_ID);
	assert_int_equal(here->tx_longest, longest);
	assert_int_equal(here->rx_longest, longest);
	assert_int_equal(there->rx_longest, longest);
	assert_int_equal(there->tx_longest, longest);
}

/* Nobody answers, or the peer goes: it ends as well. */
static void test_mtu_in_vain(void **state)
{
	struct user_mtu *mtu = mtu_begin();

	(void)state;
	rig.server.is_deaf = true;
	assert_true(rig_run(&rig, mtu_is_done, mtu, GOES_MS));
	assert_int_equal(mtu->step, 69);
	assert_true(rig.server.n_datagrams >= 69);
	rig_close(&rig);

	mtu = mtu_begin();
	assert_int_equal(dp_peer_del(rig.client.dp, RIG_PEER_ID), 0);
	assert_false(mtu->is_running);
	rig_settle(&rig, 1100);
	assert_int_equal(mtu->step, 0);
}

#define LIMIT_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIMIT_TEST(test_rate),
		LIMIT_TEST(test_no_burst),
		LIMIT_TEST(test_mtu),
		LIMIT_TEST(test_mtu_in_vain),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
