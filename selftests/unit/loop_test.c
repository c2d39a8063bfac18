// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/loop.h"

#define GIVE_UP_MS 20000

static struct loop *loop;
static struct loop_timer *watchdog;
static bool is_timed_out;

static void give_up(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	is_timed_out = true;
	loop_stop(loop);
}

static int setup(void **state)
{
	(void)state;
	alarm(60);
	is_timed_out = false;
	loop = loop_new();
	if (!loop)
		return -1;
	watchdog = loop_timer_new(loop, give_up, NULL);
	loop_timer_start(watchdog, GIVE_UP_MS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static void run(void)
{
	assert_int_equal(loop_run(loop), 0);
	assert_false(is_timed_out);
}

static void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static void stop_later(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	loop_stop(loop);
}

/* Let the loop go on for a while, to see what it should not do any more. */
static void run_for(uint64_t ms)
{
	struct loop_timer *timer = loop_timer_new(loop, stop_later, NULL);

	loop_timer_start(timer, ms);
	run();
	loop_timer_free(timer);
}

/* loop and timers */

static int order[8], n_order;

static void note(struct loop_timer *timer, void *arg)
{
	(void)timer;
	order[n_order++] = (int)(intptr_t)arg;
	if (n_order == 3)
		loop_stop(loop);
}

static void test_timer_order(void **state)
{
	uint64_t start = loop_now(loop);

	(void)state;
	n_order = 0;
	for (intptr_t i = 3; i > 0; i--)
		loop_timer_start(loop_timer_new(loop, note, (void *)i),
				 (uint64_t)i * 15);
	run();
	assert_int_equal(order[0], 1);
	assert_int_equal(order[1], 2);
	assert_int_equal(order[2], 3);
	assert_true(loop_now(loop) - start >= 45);
}

static int count;

static void again(struct loop_timer *timer, void *arg)
{
	(void)arg;
	if (++count == 3)
		loop_stop(loop);
	else
		loop_timer_start(timer, 1);
}

static void test_timer_restart(void **state)
{
	struct loop_timer *timer = loop_timer_new(loop, again, NULL);

	(void)state;
	count = 0;
	loop_timer_start(timer, 100000);
	loop_timer_start(timer, 1);
	run();
	assert_int_equal(count, 3);
	/* Once means once. */
	run_for(20);
	assert_int_equal(count, 3);
	loop_timer_start(timer, 1);
	loop_timer_stop(timer);
	run_for(20);
	assert_int_equal(count, 3);
}

static void free_itself(struct loop_timer *timer, void *arg)
{
	count++;
	loop_timer_start(timer, 0);
	loop_timer_free(timer);
	loop_timer_free(arg);
}

static void never(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	fail();
}

static void test_timer_free_inside(void **state)
{
	struct loop_timer *other = loop_timer_new(loop, never, NULL);
	struct loop_timer *timer = loop_timer_new(loop, free_itself, other);

	(void)state;
	count = 0;
	/* Both are due in the same round. */
	loop_timer_start(timer, 1);
	loop_timer_start(other, 2);
	sleep_ms(5);
	run_for(20);
	assert_int_equal(count, 1);
	loop_timer_free(NULL);
}

static void test_stop_before_run(void **state)
{
	(void)state;
	loop_stop(loop);
	run();
	assert_in_range(loop_realtime(), 1700000000, INT64_MAX / 2);
}

/* descriptors */

static unsigned int seen_events;

static void on_io(struct loop_io *io, unsigned int events, void *arg)
{
	char buf[64];
	int fd = *(int *)arg;

	seen_events |= events;
	if (events & LOOP_READABLE)
		(void)!read(fd, buf, sizeof(buf));
	if (events & LOOP_WRITABLE)
		assert_int_equal(loop_io_set(io, LOOP_READABLE), 0);
	count++;
	loop_stop(loop);
}

static void test_io_events(void **state)
{
	struct loop_io *io;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	io = loop_io_new(loop, fds[0], LOOP_WRITABLE, on_io, &fds[0]);
	assert_non_null(io);
	seen_events = 0;
	run();
	assert_int_equal(seen_events, LOOP_WRITABLE);

	count = 0;
	run_for(20);
	assert_int_equal(count, 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	seen_events = 0;
	run();
	assert_int_equal(seen_events, LOOP_READABLE);

	count = 0;
	assert_int_equal(loop_io_set(io, 0), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	run_for(20);
	assert_int_equal(count, 0);
	assert_int_equal(loop_io_set(io, LOOP_READABLE), 0);
	run();
	assert_int_equal(count, 1);

	loop_io_free(io);
	close(fds[0]);
	close(fds[1]);
}

struct two {
	struct loop_io *io[2];
	int fds[4];
};

/* Whoever is first frees both: the other one must not be called. */
static void free_both(struct loop_io *io, unsigned int events, void *arg)
{
	struct two *two = arg;

	(void)io;
	(void)events;
	count++;
	loop_io_free(two->io[0]);
	loop_io_free(two->io[1]);
	for (int i = 0; i < 4; i++)
		close(two->fds[i]);
}

static void test_io_free_inside(void **state)
{
	struct two two;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0,
					    two.fds + 2 * i), 0);
		two.io[i] = loop_io_new(loop, two.fds[2 * i], LOOP_READABLE,
					free_both, &two);
		assert_non_null(two.io[i]);
		assert_int_equal(write(two.fds[2 * i + 1], "x", 1), 1);
	}
	count = 0;
	run_for(20);
	assert_int_equal(count, 1);
}

/* A number can be watched again as soon as the old object is freed. */
static void test_io_same_number(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct loop_io *io;
		int fds[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
		io = loop_io_new(loop, fds[0], LOOP_READABLE, on_io, &fds[0]);
		assert_non_null(io);
		assert_int_equal(write(fds[1], "x", 1), 1);
		seen_events = 0;
		run();
		assert_int_equal(seen_events, LOOP_READABLE);
		loop_io_free(io);
		close(fds[0]);
		close(fds[1]);
	}
	assert_null(loop_io_new(loop, -1, LOOP_READABLE, on_io, NULL));
}

struct udp {
	int fd;
	int error;
	int received;
};

static void on_udp(struct loop_io *io, unsigned int events, void *arg)
{
	struct udp *udp = arg;
	char buf[16];

	(void)io;
	assert_true(events & LOOP_READABLE);
	if (recv(udp->fd, buf, sizeof(buf), 0) >= 0)
		udp->received++;
	else
		udp->error = errno;
	loop_stop(loop);
}

/* An ICMP error on a connected UDP socket is no reason to go deaf. */
static void test_io_survives_error(void **state)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct udp udp = { .fd = socket(AF_INET, SOCK_DGRAM, 0) };
	int peer = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in mine;
	socklen_t len = sizeof(addr);
	struct loop_io *io;

	(void)state;
	assert_int_equal(bind(peer, (void *)&addr, sizeof(addr)), 0);
	getsockname(peer, (void *)&addr, &len);
	assert_int_equal(connect(udp.fd, (void *)&addr, sizeof(addr)), 0);
	getsockname(udp.fd, (void *)&mine, &len);
	close(peer);

	io = loop_io_new(loop, udp.fd, LOOP_READABLE, on_udp, &udp);
	assert_int_equal(send(udp.fd, "x", 1, 0), 1);
	run();
	assert_int_equal(udp.error, ECONNREFUSED);

	peer = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(peer, (void *)&addr, sizeof(addr)), 0);
	assert_int_equal(sendto(peer, "y", 1, 0, (void *)&mine, sizeof(mine)),
			 1);
	run();
	assert_int_equal(udp.received, 1);
	loop_io_free(io);
	close(udp.fd);
	close(peer);
}

/* signals */

static void on_signal(int signum, void *arg)
{
	*(int *)arg = signum;
	loop_stop(loop);
}

static void test_signal(void **state)
{
	int seen = 0;
	struct loop_signal *sig = loop_signal_new(loop, SIGUSR1, on_signal,
						  &seen);

	(void)state;
	assert_non_null(sig);
	raise(SIGUSR1);
	run();
	assert_int_equal(seen, SIGUSR1);
	loop_signal_free(sig);
	assert_null(loop_signal_new(loop, SIGKILL, on_signal, &seen));
}

/* pool */

struct job {
	struct loop_job job;
	int id;
	long sleep_ms;
	atomic_bool *gate;
	bool was_worked;
	bool had_signals_blocked;
	pthread_t thread;
	struct loop_pool *pool;
	struct loop_pool *free_pool;
	int repeat;
	int result;		/* plain on purpose: handed over, not shared */
};

static int n_done, n_cancelled, done_order[1024], stop_at;

static void job_work(struct loop_job *base)
{
	struct job *job = (struct job *)base;
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	job->had_signals_blocked = sigismember(&mask, SIGTERM) == 1 &&
				   sigismember(&mask, SIGUSR1) == 1;
	while (job->gate && !atomic_load(job->gate))
		sleep_ms(1);
	if (job->sleep_ms)
		sleep_ms(job->sleep_ms);
	job->was_worked = true;
	job->thread = pthread_self();
	job->result++;
}

static void job_done(struct loop_job *base, bool was_run)
{
	struct job *job = (struct job *)base;

	assert_int_equal(job->was_worked, was_run);
	done_order[n_done++ % 1024] = job->id;
	n_cancelled += !was_run;
	if (was_run && job->repeat-- > 0) {
		n_done--;
		assert_int_equal(loop_pool_submit(job->pool, base), 0);
	}
	if (job->free_pool)
		loop_pool_free(job->free_pool);
	if (n_done == stop_at)
		loop_stop(loop);
}

static void jobs_reset(struct job *jobs, int n)
{
	memset(jobs, 0, sizeof(*jobs) * (size_t)n);
	for (int i = 0; i < n; i++) {
		jobs[i].job.work = job_work;
		jobs[i].job.done = job_done;
		jobs[i].id = i;
	}
	n_done = 0;
	n_cancelled = 0;
	stop_at = n;
}

static void test_pool_runs(void **state)
{
	static struct job jobs[200];
	struct loop_pool *pool = loop_pool_new(loop, 4, 200);

	(void)state;
	assert_non_null(pool);
	jobs_reset(jobs, 200);
	for (int i = 0; i < 200; i++)
		assert_int_equal(loop_pool_submit(pool, &jobs[i].job), 0);
	run();
	assert_int_equal(n_done, 200);
	for (int i = 0; i < 200; i++) {
		assert_true(jobs[i].was_worked);
		assert_true(jobs[i].had_signals_blocked);
		assert_false(pthread_equal(jobs[i].thread, pthread_self()));
		assert_int_equal(jobs[i].result, 1);
	}
	loop_pool_free(pool);
}

static void test_pool_order(void **state)
{
	static struct job jobs[100];
	struct loop_pool *pool = loop_pool_new(loop, 1, 100);

	(void)state;
	jobs_reset(jobs, 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(loop_pool_submit(pool, &jobs[i].job), 0);
	run();
	for (int i = 0; i < 100; i++)
		assert_int_equal(done_order[i], i);
	loop_pool_free(pool);
}

/* A slow job does not hold back what others finish meanwhile. */
static void test_pool_completion_order(void **state)
{
	static struct job jobs[3];
	struct loop_pool *pool = loop_pool_new(loop, 2, 10);
	atomic_bool gate = false;

	(void)state;
	jobs_reset(jobs, 3);
	jobs[0].gate = &gate;
	stop_at = 2;
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_pool_submit(pool, &jobs[i].job), 0);
	run();
	assert_int_equal(done_order[0], 1);
	assert_int_equal(done_order[1], 2);
	atomic_store(&gate, true);
	stop_at = 3;
	run();
	assert_int_equal(done_order[2], 0);
	loop_pool_free(pool);
}

static void test_pool_bounded(void **state)
{
	static struct job jobs[10];
	struct loop_pool *pool = loop_pool_new(loop, 1, 3);
	atomic_bool gate = false;
	int accepted = 0;

	(void)state;
	jobs_reset(jobs, 10);
	for (int i = 0; i < 10; i++) {
		int ret;

		jobs[i].gate = &gate;
		ret = loop_pool_submit(pool, &jobs[i].job);
		assert_true(ret == 0 || ret == -EAGAIN);
		accepted += !ret;
	}
	/* The worker may have taken one off the queue, or not yet. */
	assert_in_range(accepted, 3, 4);
	stop_at = accepted;
	atomic_store(&gate, true);
	run();
	run_for(20);
	assert_int_equal(n_done, accepted);
	assert_int_equal(loop_pool_submit(pool, &jobs[9].job), 0);
	stop_at = accepted + 1;
	run();
	loop_pool_free(pool);
}

static void test_pool_free_cancels(void **state)
{
	static struct job jobs[5];
	struct loop_pool *pool = loop_pool_new(loop, 1, 10);

	(void)state;
	jobs_reset(jobs, 5);
	jobs[0].sleep_ms = 100;
	for (int i = 0; i < 5; i++)
		assert_int_equal(loop_pool_submit(pool, &jobs[i].job), 0);
	sleep_ms(30);
	loop_pool_free(pool);
	/* The running one is waited for, the waiting ones come back. */
	assert_int_equal(n_done, 5);
	assert_int_equal(n_cancelled, 4);
	assert_int_equal(done_order[0], 0);
	assert_true(jobs[0].was_worked);
	run_for(20);
	assert_int_equal(n_done, 5);
}

static struct loop_wake *wake;
static atomic_int n_posted;
static int n_seen;

static void *wake_thread(void *arg)
{
	(void)arg;
	for (int i = 0; i < 1000; i++) {
		atomic_fetch_add(&n_posted, 1);
		loop_wake_send(wake);
	}
	return NULL;
}

static void wake_seen(void *arg)
{
	assert_true(pthread_equal(*(pthread_t *)arg, pthread_self()));
	n_seen = atomic_load(&n_posted);
	if (n_seen == 1000)
		loop_stop(loop);
}

/* What was there before a wake-up is seen by one behind it. */
static void test_wake(void **state)
{
	pthread_t self = pthread_self(), thread;

	(void)state;
	wake = loop_wake_new(loop, wake_seen, &self);
	assert_non_null(wake);
	assert_int_equal(pthread_create(&thread, NULL, wake_thread, NULL), 0);
	run();
	assert_int_equal(n_seen, 1000);
	pthread_join(thread, NULL);
	loop_wake_free(wake);
	run_for(20);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* A job that hangs is not waited for; nobody hears of it when it comes back. */
static void test_pool_free_within(void **state)
{
	static struct job jobs[3];
	static atomic_bool gate;
	struct loop_pool *pool = loop_pool_new(loop, 1, 10);
	uint64_t begun, took;

	(void)state;
	jobs_reset(jobs, 3);
	jobs[0].gate = &gate;
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_pool_submit(pool, &jobs[i].job), 0);
	sleep_ms(30);
	begun = now_ns();
	loop_pool_free_within(pool, 100);
	took = (now_ns() - begun) / 1000000;
	assert_in_range(took, 90, 3000);
	assert_int_equal(n_done, 2);
	assert_int_equal(n_cancelled, 2);
	atomic_store(&gate, true);
	run_for(50);
	assert_int_equal(n_done, 2);
	/* in time, it is as without a limit */
	pool = loop_pool_new(loop, 2, 10);
	jobs_reset(jobs, 3);
	jobs[0].sleep_ms = 100;
	assert_int_equal(loop_pool_submit(pool, &jobs[0].job), 0);
	sleep_ms(30);
	loop_pool_free_within(pool, 3000);
	assert_int_equal(n_done, 1);
	assert_int_equal(n_cancelled, 0);
}

static void test_pool_free_inside(void **state)
{
	static struct job jobs[8];
	struct loop_pool *pool = loop_pool_new(loop, 2, 10);

	(void)state;
	jobs_reset(jobs, 8);
	for (int i = 0; i < 8; i++)
		assert_int_equal(loop_pool_submit(pool, &jobs[i].job), 0);
	jobs[0].free_pool = NULL;
	sleep_ms(30);
	/* All have finished and wait for the loop; each frees the pool. */
	for (int i = 0; i < 8; i++)
		jobs[i].free_pool = pool;
	run();
	assert_int_equal(n_done, 8);
}

static void test_pool_resubmit(void **state)
{
	static struct job jobs[16];
	struct loop_pool *pool = loop_pool_new(loop, 3, 16);

	(void)state;
	jobs_reset(jobs, 16);
	for (int i = 0; i < 16; i++) {
		jobs[i].pool = pool;
		jobs[i].repeat = 99;
	}
	for (int i = 0; i < 16; i++)
		assert_int_equal(loop_pool_submit(pool, &jobs[i].job), 0);
	run();
	for (int i = 0; i < 16; i++)
		assert_int_equal(jobs[i].result, 100);
	loop_pool_free(pool);
}

/* loop_free() takes along what nobody freed. */
static void test_loop_free_all(void **state)
{
	static struct job jobs[3];
	struct loop_pool *pool = loop_pool_new(loop, 2, 10);
	int fds[2];

	(void)state;
	jobs_reset(jobs, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_pool_submit(pool, &jobs[i].job), 0);
	assert_int_equal(pipe(fds), 0);
	assert_non_null(loop_io_new(loop, fds[0], LOOP_READABLE, on_io,
				    &fds[0]));
	assert_non_null(loop_signal_new(loop, SIGUSR2, on_signal, NULL));
	loop_timer_start(loop_timer_new(loop, never, NULL), 1);
	loop_stop(loop);
	loop_free(loop);
	assert_int_equal(n_done, 3);
	close(fds[0]);
	close(fds[1]);
	loop = loop_new();
	assert_non_null(loop);
	loop_free(NULL);
}

/* A delay counts from when it is asked for, also at the end of long work. */
static void test_timer_after_work(void **state)
{
	struct loop_timer *timer = loop_timer_new(loop, stop_later, NULL);
	struct timespec from, to;

	(void)state;
	sleep_ms(300);
	clock_gettime(CLOCK_MONOTONIC, &from);
	loop_timer_start(timer, 200);
	run();
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_true((to.tv_sec - from.tv_sec) * 1000 +
		    (to.tv_nsec - from.tv_nsec) / 1000000 >= 199);
	loop_timer_free(timer);
}

#define LOOP_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(test_timer_after_work),
		LOOP_TEST(test_timer_order),
		LOOP_TEST(test_timer_restart),
		LOOP_TEST(test_timer_free_inside),
		LOOP_TEST(test_stop_before_run),
		LOOP_TEST(test_io_events),
		LOOP_TEST(test_io_free_inside),
		LOOP_TEST(test_io_same_number),
		LOOP_TEST(test_io_survives_error),
		LOOP_TEST(test_signal),
		LOOP_TEST(test_wake),
		LOOP_TEST(test_pool_runs),
		LOOP_TEST(test_pool_order),
		LOOP_TEST(test_pool_completion_order),
		LOOP_TEST(test_pool_bounded),
		LOOP_TEST(test_pool_free_cancels),
		LOOP_TEST(test_pool_free_within),
		LOOP_TEST(test_pool_free_inside),
		LOOP_TEST(test_pool_resubmit),
		LOOP_TEST(test_loop_free_all),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
