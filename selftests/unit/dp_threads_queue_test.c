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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dp_threads_rig.h"

#define TCP_ID		50	/* its queue is that of the third thread */
#define UDP_ID		2	/* likewise */

/* A connection that takes one packet, and then no more. */
static int stream_stalls(void *arg, const uint8_t *pkt, size_t len)
{
	(void)arg;
	(void)pkt;
	assert_in_range(len, TRIG_LEN, TRIG_LEN + 100);
	trig.n_streamed++;
	return 1;
}

static bool has_streamed(void *arg)
{
	return trig.n_streamed >= *(unsigned int *)arg;
}

/* So many packets, and no more, are taken by connections in the end. */
static void check_streamed(unsigned int n)
{
	rig_run(&trig.rig, has_streamed, &n, 5000);
	rig_settle(&trig.rig, 20);
	assert_int_equal(trig.n_streamed, n);
}

/*
 * To the end: again if it was the time that has ended it, as on a machine that
 * others use.
 */
static void stop(void)
{
	struct timespec begin, end;
	int64_t ms;

	for (int i = 0; i < 50; i++) {
		clock_gettime(CLOCK_MONOTONIC, &begin);
		dp_stop(trig.end->dp);
		clock_gettime(CLOCK_MONOTONIC, &end);
		ms = (end.tv_sec - begin.tv_sec) * 1000 +
		     (end.tv_nsec - begin.tv_nsec) / 1000000;
		if (ms < 190)
			return;
	}
	fail_msg("what waits is not sent in 50 times");
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
	trig.n_streamed = 0;
	trig_open(IFF_MULTI_QUEUE, true);
	trig_add_tcp(TCP_ID, stream_stalls);
	trig_send(TCP_ID, 2000);
	assert_true(rig_run(&trig.rig, is_blocked, NULL, 5000));
	/* no wake-up is on its way any more */
	rig_settle(&trig.rig, 100);
	assert_true(is_blocked(NULL));
	assert_int_equal(trig.n_streamed, 1);
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
	trig_add_tcp(TCP_ID + TRIG_THREADS, trig_stream_takes);
	rig_settle(&trig.rig, 100);
	trig_send(TCP_ID + TRIG_THREADS, 10);
	check_streamed(11);
	trig_close();
}

/* The same with one that comes while the other one stalls and stays. */
static void test_stalled_stays(void **state)
{
	(void)state;
	stall();
	trig_add_tcp(TCP_ID + TRIG_THREADS, trig_stream_takes);
	rig_settle(&trig.rig, 300);
	trig_send(TCP_ID + TRIG_THREADS, 10);
	/* with several, the one that stalls loses its own */
	check_streamed(2010);
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

/* The end does not wait for one that takes nothing. */
static void test_stalled_at_the_end(void **state)
{
	uint64_t begin;

	(void)state;
	stall();
	begin = loop_now(trig.rig.loop);
	dp_stop(trig.end->dp);
	assert_int_equal(trig.n_streamed, 1);
	/* it may go on for the next start */
	assert_int_equal(dp_start(trig.end->dp), 0);
	rig_settle(&trig.rig, 1);
	assert_in_range(loop_now(trig.rig.loop) - begin, 0, 2000);
	assert_int_equal(dp_peer_del(trig.end->dp, TCP_ID), 0);
	rig_settle(&trig.rig, 100);
	trig_add_tcp(TCP_ID + TRIG_THREADS, trig_stream_takes);
	trig_send(TCP_ID + TRIG_THREADS, 10);
	check_streamed(11);
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
	trig.n_streamed = 0;
	trig_open(IFF_MULTI_QUEUE, true);
	trig_add_tcp(TCP_ID, trig_stream_takes);
	trig_add_udp(UDP_ID);
	trig_send(TCP_ID, 2000);
	trig_send(UDP_ID, 10);
	assert_int_equal(trig_received(UDP_ID, 10, 5000), 10);
	threads_call(trig_threads(), 4, look_drops, args);
	assert_in_range(drops.ring, 100, 1900);
	/* the rest goes when it looks */
	check_streamed(2000 - (unsigned int)drops.ring);
	trig_send(TCP_ID, 10);
	check_streamed(2010 - (unsigned int)drops.ring);
	trig_close();
}

static size_t waiting(unsigned int from, unsigned int to)
{
	const struct dp_ring *ring = trig_threads()->shards.rings[from][to];

	return ring->head - ring->tail;
}

/* A thread that does not run, or not as yet, reads its queue once. */
static void read_queue(unsigned int thread)
{
	struct dp_user *user = user_get(trig_threads()->threads[thread]->user);

	user_tun_event(user->tun_io, LOOP_READABLE, user);
}

/* What has been read for another thread goes out before the end. */
static void test_end_rings(void **state)
{
	(void)state;
	trig_open(0, false);
	trig_add_udp(UDP_ID);
	stop();
	trig_send(UDP_ID, 100);
	read_queue(0);
	assert_in_range(waiting(0, UDP_ID % TRIG_THREADS), TRIG_LEN, SIZE_MAX);
	stop();
	assert_int_equal(waiting(0, UDP_ID % TRIG_THREADS), 0);
	assert_int_equal(trig_received(UDP_ID, 100, 100), 100);
	trig_close();
}

/*
 * Queues that end with the process are read to their end; what comes after that
 * waits in the first one, which stays.
 */
static void test_end_queues(void **state)
{
	const struct net_prefix there = {
		.ip = rig_ip("10.8.0.4"), .len = 32,
	};
	struct pollfd first = { .events = POLLIN };

	(void)state;
	trig_open(IFF_MULTI_QUEUE, false);
	trig_add_udp(UDP_ID);
	first.fd = trig_threads()->tun_fd;
	stop();
	/* as if it had been read by nobody so far */
	assert_int_equal(userdp_steer_set(trig_threads()->steer, &there,
					  UDP_ID % TRIG_THREADS), 0);
	trig_send(UDP_ID, 500);
	assert_int_equal(poll(&first, 1, 0), 0);
	stop();
	assert_int_equal(trig_received(UDP_ID, 500, 100), 500);
	trig_send(UDP_ID, 500);
	assert_int_equal(trig_received(UDP_ID, 500, 100), 0);
	assert_int_equal(poll(&first, 1, 0), 1);
	/* and goes first when somebody begins again */
	assert_int_equal(dp_start(trig.end->dp), 0);
	assert_int_equal(trig_received(UDP_ID, 500, 1000), 500);
	trig_send(UDP_ID, 500);
	assert_int_equal(trig_received(UDP_ID, 500, 1000), 500);
	trig_close();
}

static uint64_t received(uint32_t id)
{
	const struct dp_user *user;

	user = user_get(trig_threads()->threads[id % TRIG_THREADS]->user);
	return user->drops.no_key + user->drops.auth;
}

/* What the main loop has passed on, and what waits in sockets, is looked at. */
static void test_end_sockets(void **state)
{
	static const uint8_t wire[64] = { 0x48, 0, 0, UDP_ID };
	const union net_addr *to = &trig.thread_addr[UDP_ID % TRIG_THREADS];

	(void)state;
	trig_open(IFF_MULTI_QUEUE, false);
	trig_add_udp(UDP_ID);
	dp_batch_begin(trig.end->dp);
	for (int i = 0; i < 200; i++)
		assert_int_equal(dp_input(trig.end->dp, trig.main_udp, wire,
					  sizeof(wire), &trig.far_addr[UDP_ID],
					  NULL), 0);
	stop();
	dp_batch_end(trig.end->dp);
	assert_int_equal(received(UDP_ID), 200);
	/* more than is read in one turn */
	for (int i = 0; i < 3000; i++)
		assert_int_equal(sendto(trig.far[UDP_ID], wire, sizeof(wire), 0,
					&to->sa, net_addr_len(to)),
				 sizeof(wire));
	stop();
	assert_int_equal(received(UDP_ID), 3200);
	trig_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stalled_goes),
		cmocka_unit_test(test_stalled_stays),
		cmocka_unit_test(test_stalled_beside),
		cmocka_unit_test(test_stalled_at_the_end),
		cmocka_unit_test(test_busy_loop),
		cmocka_unit_test(test_end_rings),
		cmocka_unit_test(test_end_queues),
		cmocka_unit_test(test_end_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
