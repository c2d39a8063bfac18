// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "loop/internal.h"

struct loop_timer {
	uv_timer_t uv;
	loop_timer_fn *fn;
	void *arg;
};

struct loop_io {
	uv_poll_t uv;
	unsigned int events;
	loop_io_fn *fn;
	void *arg;
};

struct loop_signal {
	uv_signal_t uv;
	loop_signal_fn *fn;
	void *arg;
};

struct loop_wake {
	uv_async_t uv;
	loop_wake_fn *fn;
	void *arg;
};

/* libuv reports -errno on Unix. */
static void *fail(int uv_error)
{
	errno = -uv_error;
	return NULL;
}

static void handle_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* ->data is the object that holds the handle; freed when libuv lets go. */
static void handle_close(uv_handle_t *handle)
{
	uv_close(handle, handle_closed);
}

/* the loop */

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int ret;

	if (!loop)
		return NULL;
	ret = uv_loop_init(&loop->uv);
	if (ret)
		goto free_loop;
	ret = uv_async_init(&loop->uv, &loop->keep, NULL);
	if (ret)
		goto close_uv;
	return loop;

close_uv:
	uv_loop_close(&loop->uv);
free_loop:
	free(loop);
	return fail(ret);
}

static void walk_close(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		handle_close(handle);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	while (loop->pools)
		loop_pool_free(loop->pools);
	uv_walk(&loop->uv, walk_close, NULL);
	/* A loop_stop() that nobody waited for makes uv_run() return early. */
	while (uv_loop_close(&loop->uv) == UV_EBUSY)
		uv_run(&loop->uv, UV_RUN_DEFAULT);
	free(loop);
}

int loop_run(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	return loop->status;
}

void loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

void loop_exit(struct loop *loop, int status)
{
	loop->status = status;
	loop_stop(loop);
}

uint64_t loop_now(const struct loop *loop)
{
	return uv_now(&loop->uv);
}

int64_t loop_realtime(void)
{
	return (int64_t)time(NULL);
}

/* timers */

static void timer_fired(uv_timer_t *uv)
{
	struct loop_timer *timer = uv->data;

	timer->fn(timer, timer->arg);
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_timer_fn *fn,
				  void *arg)
{
	struct loop_timer *timer = calloc(1, sizeof(*timer));

	if (!timer)
		return NULL;
	uv_timer_init(&loop->uv, &timer->uv);
	timer->uv.data = timer;
	timer->fn = fn;
	timer->arg = arg;
	return timer;
}

void loop_timer_free(struct loop_timer *timer)
{
	if (timer)
		handle_close((uv_handle_t *)&timer->uv);
}

void loop_timer_start(struct loop_timer *timer, uint64_t delay_ms)
{
	/* the loop's clock stands still while it does something long */
	uv_update_time(timer->uv.loop);
	uv_timer_start(&timer->uv, timer_fired, delay_ms, 0);
}

void loop_timer_stop(struct loop_timer *timer)
{
	uv_timer_stop(&timer->uv);
}

/* descriptors */

static void io_ready(uv_poll_t *uv, int status, int uv_events);

static int io_arm(struct loop_io *io)
{
	int uv_events = 0;

	if (!io->events)
		return uv_poll_stop(&io->uv);
	if (io->events & LOOP_READABLE)
		uv_events |= UV_READABLE;
	if (io->events & LOOP_WRITABLE)
		uv_events |= UV_WRITABLE;
	return uv_poll_start(&io->uv, uv_events, io_ready);
}

/*
 * libuv stops polling when the kernel reports POLLERR. For a socket that is no
 * end: a connected UDP socket does so for each ICMP error. Its owner is woken
 * for what it waits for and fetches the error with its next system call.
 */
static void io_ready(uv_poll_t *uv, int status, int uv_events)
{
	struct loop_io *io = uv->data;
	unsigned int events = 0;

	if (status < 0) {
		events = io->events;
		io_arm(io);
	} else {
		if (uv_events & UV_READABLE)
			events |= LOOP_READABLE;
		if (uv_events & UV_WRITABLE)
			events |= LOOP_WRITABLE;
	}
	if (events)
		io->fn(io, events, io->arg);
}

struct loop_io *loop_io_new(struct loop *loop, int fd, unsigned int events,
			    loop_io_fn *fn, void *arg)
{
	struct loop_io *io = calloc(1, sizeof(*io));
	int ret;

	if (!io)
		return NULL;
	ret = uv_poll_init(&loop->uv, &io->uv, fd);
	if (ret) {
		free(io);
		return fail(ret);
	}
	io->uv.data = io;
	io->events = events;
	io->fn = fn;
	io->arg = arg;
	ret = io_arm(io);
	if (ret) {
		loop_io_free(io);
		return fail(ret);
	}
	return io;
}

int loop_io_set(struct loop_io *io, unsigned int events)
{
	if (io->events == events)
		return 0;
	io->events = events;
	return io_arm(io);
}

void loop_io_free(struct loop_io *io)
{
	if (io)
		handle_close((uv_handle_t *)&io->uv);
}

/* signals */

static void signal_caught(uv_signal_t *uv, int signum)
{
	struct loop_signal *sig = uv->data;

	sig->fn(signum, sig->arg);
}

struct loop_signal *loop_signal_new(struct loop *loop, int signum,
				    loop_signal_fn *fn, void *arg)
{
	struct loop_signal *sig = calloc(1, sizeof(*sig));
	int ret;

	if (!sig)
		return NULL;
	ret = uv_signal_init(&loop->uv, &sig->uv);
	if (ret) {
		free(sig);
		return fail(ret);
	}
	sig->uv.data = sig;
	sig->fn = fn;
	sig->arg = arg;
	ret = uv_signal_start(&sig->uv, signal_caught, signum);
	if (ret) {
		loop_signal_free(sig);
		return fail(ret);
	}
	return sig;
}

void loop_signal_free(struct loop_signal *sig)
{
	if (sig)
		handle_close((uv_handle_t *)&sig->uv);
}

/* from another thread */

static void wake_fired(uv_async_t *uv)
{
	struct loop_wake *wake = uv->data;

	wake->fn(wake->arg);
}

struct loop_wake *loop_wake_new(struct loop *loop, loop_wake_fn *fn, void *arg)
{
	struct loop_wake *wake = calloc(1, sizeof(*wake));
	int ret;

	if (!wake)
		return NULL;
	ret = uv_async_init(&loop->uv, &wake->uv, wake_fired);
	if (ret) {
		free(wake);
		return fail(ret);
	}
	wake->uv.data = wake;
	wake->fn = fn;
	wake->arg = arg;
	return wake;
}

void loop_wake_free(struct loop_wake *wake)
{
	if (wake)
		handle_close((uv_handle_t *)&wake->uv);
}

void loop_wake_send(struct loop_wake *wake)
{
	uv_async_send(&wake->uv);
}
