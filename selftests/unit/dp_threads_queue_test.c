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

static int stream_takes(void *arg, const uint8_t *pkt, size_t len)
{
	(void)arg;
	(void)pkt;
	(void)len;
	n_streamed++;
	return 0;
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

/* All that there is is a peer on a connection that stalls. */
static void stall(void)
{
	n_streamed = 0;
	trig_open(IFF_MULTI_QUEUE, true);
	trig_add_tcp(TCP_ID, stream_stalls);
	trig_send(TCP_ID, 2000);
	assert_true(rig_run(&trig.rig, is_blocked, NULL, 5000));
	/* no wake-up is on its way any more */
	rig_settle(&trig.rig, 100);
	assert_true(is_blocked(NULL));
	assert_int_equal(n_streamed, 1);
}

/*
 * What is for it waits in the device and in a ring. When it goes, another one
 * of the kind must be served.
 */
static void test_stalled_goes(void **state)
{
	(void)state;
	stall();
	assert_int_equal(dp_peer_del(trig.end->dp, TCP_ID), 0);
	rig_settle(&trig.rig, 100);
	trig_add_tcp(TCP_ID + TRIG_THREADS, stream_takes);
	rig_settle(&trig.rig, 100);
	trig_send(TCP_ID + TRIG_THREADS, 10);
	rig_settle(&trig.rig, 100);
	assert_int_equal(n_streamed, 11);
	trig_close();
}

/* The same with one that comes while the other one stalls and stays. */
static void test_stalled_stays(void **state)
{
	(void)state;
	stall();
	trig_add_tcp(TCP_ID + TRIG_THREADS, stream_takes);
	rig_settle(&trig.rig, 300);
	trig_send(TCP_ID + TRIG_THREADS, 10);
	rig_settle(&trig.rig, 200);
	/* with several, the one that stalls loses its own */
	assert_int_equal(n_streamed, 2010);
	assert_false(is_blocked(NULL));
	trig_close();
}

/* One by UDP does not wait for the main loop either. */
static void test_stalled_beside(void **state)
{
	(void)state;
	stall();
	trig_add_udp(UDP_ID);
	rig_settle(&trig.rig, 100);
	trig_send(UDP_ID, 10);
	rig_settle(&trig.rig, 100);
	assert_int_equal(trig_received(UDP_ID, 10, 1000), 10);
	assert_false(is_blocked(NULL));
	trig_close();
}

static void look_drops(struct dp *user, void *arg)
{
	user_drops_add(arg, user_get(user));
}

/* While the main loop does something else, those of the threads are served. */
static void test_busy_loop(void **state)
{
	struct user_drops drops = { 0 };
	void *args[DP_THREADS_MAX] = { NULL, NULL, &drops };

	(void)state;
	n_streamed = 0;
	trig_open(IFF_MULTI_QUEUE, true);
	trig_add_tcp(TCP_ID, stream_takes);
	trig_add_udp(UDP_ID);
	trig_send(TCP_ID, 2000);
	trig_send(UDP_ID, 10);
	assert_int_equal(trig_received(UDP_ID, 10, 5000), 10);
	threads_call(trig_threads(), 4, look_drops, args);
	assert_in_range(drops.ring, 100, 1900);
	/* the rest goes when it looks */
	rig_settle(&trig.rig, 200);
	assert_int_equal(n_streamed + drops.ring, 2000);
	trig_send(TCP_ID, 10);
	rig_settle(&trig.rig, 200);
	assert_int_equal(n_streamed + drops.ring, 2010);
	trig_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stalled_goes),
		cmocka_unit_test(test_stalled_stays),
		cmocka_unit_test(test_stalled_beside),
		cmocka_unit_test(test_busy_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
