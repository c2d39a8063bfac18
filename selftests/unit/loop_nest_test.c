// SPDX-License-Identifier: GPL-2.0-or-later
/* A loop that is run by another one. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/loop.h"

static struct loop *loop;
static bool is_late;

static void give_up(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	is_late = true;
	loop_stop(loop);
}

/* struct inner - @n: what has happened there */
struct inner {
	struct loop *loop;
	struct loop_io *io;
	int pipe[2];
	unsigned int n_io, n_timer, n_wake;
};

static void inner_done(const struct inner *inner)
{
	if (inner->n_io == 3 && inner->n_timer == 1 && inner->n_wake == 1)
		loop_stop(loop);
}

static void inner_io(struct loop_io *io, unsigned int events, void *arg)
{
	struct inner *inner = arg;
	char byte;

	(void)io;
	(void)events;
	assert_int_equal(read(inner->pipe[0], &byte, 1), 1);
	inner->n_io++;
	inner_done(inner);
}

static void inner_timer(struct loop_timer *timer, void *arg)
{
	struct inner *inner = arg;

	(void)timer;
	inner->n_timer++;
	inner_done(inner);
}

static void inner_wake(void *arg)
{
	struct inner *inner = arg;

	inner->n_wake++;
	inner_done(inner);
}

/* A watcher that was off is put on by the outer loop's own business. */
static void outer_timer(struct loop_timer *timer, void *arg)
{
	struct inner *inner = arg;

	(void)timer;
	loop_io_set(inner->io, LOOP_READABLE);
}

static void *wake_it(void *arg)
{
	usleep(30000);
	loop_wake_send(arg);
	return NULL;
}

static int setup(void **state)
{
	(void)state;
	loop = loop_new();
	return !loop;
}

static int teardown(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static void test_nest(void **state)
{
	struct inner inner = { .loop = loop_new() };
	struct loop_timer *timer = loop_timer_new(inner.loop, inner_timer,
						  &inner);
	struct loop_timer *outer = loop_timer_new(loop, outer_timer, &inner);
	struct loop_wake *wake = loop_wake_new(inner.loop, inner_wake, &inner);
	struct loop_timer *guard = loop_timer_new(loop, give_up, NULL);
	struct loop_nest *nest;
	pthread_t thread;

	(void)state;
	assert_int_equal(pipe(inner.pipe), 0);
	inner.io = loop_io_new(inner.loop, inner.pipe[0], 0, inner_io, &inner);
	nest = loop_nest_new(loop, inner.loop);
	assert_non_null(nest);
	assert_int_equal(write(inner.pipe[1], "abc", 3), 3);
	loop_timer_start(timer, 60);
	loop_timer_start(outer, 20);
	assert_int_equal(pthread_create(&thread, NULL, wake_it, wake), 0);
	loop_timer_start(guard, 10000);
	loop_run(loop);
	assert_false(is_late);
	pthread_join(thread, NULL);
	assert_int_equal(inner.n_io, 3);
	loop_nest_free(nest);
	/* nobody runs it any more */
	loop_wake_send(wake);
	loop_timer_start(outer, 0);
	loop_timer_start(guard, 50);
	loop_run(loop);
	assert_int_equal(inner.n_wake, 1);
	assert_true(is_late);
	loop_timer_free(guard);
	loop_timer_free(outer);
	loop_timer_free(timer);
	loop_wake_free(wake);
	loop_io_free(inner.io);
	loop_free(inner.loop);
	close(inner.pipe[0]);
	close(inner.pipe[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nest, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
