// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of one thread for peers of another: they wait, go on, or are lost. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "dp_threads_rig.h"

#define TCP_ID		50	/* its queue is that of the third thread */
#define UDP_ID		2	/* likewise */

static unsigned int n_streamed;

/* A connection that takes one packet, and then no more. */
static int stream_stalls(void *arg, const uint8_t *pkt, size_t len)
{
	(void)arg;
	(void)pkt;
	assert_in_range(len, TRIG_LEN, TRIG_LEN + 100);
	n_streamed++;
	return 1;
}

static void look_blocked(struct dp *user, void *arg)
{
	*(bool *)arg = user_get(user)->is_blocked;
}

/* Does any of the threads wait for room in a ring? */
static bool is_blocked(void *arg)
{
	bool blocked[TRIG_THREADS];
	void *args[DP_THREADS_MAX] = { &blocked[0], &blocked[1], &blocked[2] };

	(void)arg;
	threads_call(trig_threads(), 7, look_blocked, args);
	return blocked[0] || blocked[1] || blocked[2];
}

/*
 * All that there is is a peer on a connection that stalls: what is for it waits
 * in the device. When it goes, somebody else must be served.
 */
static void test_stalled_goes(void **state)
{
	(void)state;
	n_streamed = 0;
	trig_open(IFF_MULTI_QUEUE, true);
	trig_add_tcp(TCP_ID, stream_stalls);
	trig_send(TCP_ID, 2000);
	assert_true(rig_run(&trig.rig, is_blocked, NULL, 5000));
	assert_int_equal(n_streamed, 1);
	assert_int_equal(dp_peer_del(trig.end->dp, TCP_ID), 0);
	trig_add_udp(UDP_ID);
	rig_settle(&trig.rig, 100);
	trig_send(UDP_ID, 10);
	rig_settle(&trig.rig, 100);
	assert_int_equal(trig_received(UDP_ID, 10, 1000), 10);
	trig_close();
}

/* The same with one that comes while the other one stalls and stays. */
static void test_stalled_stays(void **state)
{
	(void)state;
	n_streamed = 0;
	trig_open(IFF_MULTI_QUEUE, true);
	trig_add_tcp(TCP_ID, stream_stalls);
	trig_send(TCP_ID, 2000);
	assert_true(rig_run(&trig.rig, is_blocked, NULL, 5000));
	trig_add_udp(UDP_ID);
	rig_settle(&trig.rig, 100);
	trig_send(UDP_ID, 10);
	rig_settle(&trig.rig, 100);
	assert_int_equal(trig_received(UDP_ID, 10, 1000), 10);
	assert_false(is_blocked(NULL));
	trig_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stalled_goes),
		cmocka_unit_test(test_stalled_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
