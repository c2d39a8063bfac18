/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The main event loop (libuv underneath). Everything here is called from the
 * loop's own thread, except where a comment says otherwise. Objects are freed
 * through their _free function, from inside a callback too; the callback is
 * never called again afterwards.
 */

struct loop;
struct loop_timer;
struct loop_io;
struct loop_signal;
struct loop_wake;
struct loop_nest;
struct loop_pool;

/** loop_new() - Return: a loop, NULL when out of memory or descriptors. */
struct loop *loop_new(void);

/** loop_free() - close everything that is still registered and free */
void loop_free(struct loop *loop);

/**
 * loop_run() - handle events until loop_stop() or loop_exit()
 *
 * Return: the status of loop_exit(), 0 after loop_stop().
 */
int loop_run(struct loop *loop);

/** loop_stop() - let loop_run() return after the current callback */
void loop_stop(struct loop *loop);

/** loop_exit() - the same, with an exit status for loop_run() to return */
void loop_exit(struct loop *loop, int status);

/** loop_now() - monotonic milliseconds, as of the start of this wake-up */
uint64_t loop_now(const struct loop *loop);

/** loop_realtime() - seconds since 1970 */
int64_t loop_realtime(void);

/* timers */

typedef void loop_timer_fn(struct loop_timer *timer, void *arg);

struct loop_timer *loop_timer_new(struct loop *loop, loop_timer_fn *fn,
				  void *arg);
void loop_timer_free(struct loop_timer *timer);

/**
 * loop_timer_start() - fire once, @delay_ms from now; restarts if running
 *
 * It moves loop_now() on to now.
 */
void loop_timer_start(struct loop_timer *timer, uint64_t delay_ms);
void loop_timer_stop(struct loop_timer *timer);

/* descriptors */

enum loop_events {
	LOOP_READABLE = 1,
	LOOP_WRITABLE = 2,
};

typedef void loop_io_fn(struct loop_io *io, unsigned int events, void *arg);

/**
 * loop_io_new() - watch a descriptor
 * @fd: borrowed; the caller closes it after loop_io_free()
 * @events: of enum loop_events
 */
struct loop_io *loop_io_new(struct loop *loop, int fd, unsigned int events,
			    loop_io_fn *fn, void *arg);
int loop_io_set(struct loop_io *io, unsigned int events);
void loop_io_free(struct loop_io *io);

/* signals */

typedef void loop_signal_fn(int signum, void *arg);

struct loop_signal *loop_signal_new(struct loop *loop, int signum,
				    loop_signal_fn *fn, void *arg);
void loop_signal_free(struct loop_signal *sig);

/* child processes */

struct loop_child;

/**
 * loop_child_fn - a child has ended
 * @status: its exit status
 * @signum: the signal that ended it, 0: none
 *
 * The child is freed after this call.
 */
typedef void loop_child_fn(struct loop_child *child, int status, int signum,
			   void *arg);

/**
 * struct loop_child_setup - what is run; borrowed for the call
 * @argv: NULL-terminated; the first is the file, as it is
 * @envp: NULL-terminated, "NAME=value": all that it gets
 * @cwd: NULL: ours
 * @has_ids: become @uid and @gid, without other groups
 */
struct loop_child_setup {
	char *const *argv;
	char *const *envp;
	const char *cwd;
	bool has_ids;
	uid_t uid;
	gid_t gid;
};

/**
 * loop_child_new() - run a program in a session of its own
 *
 * It reads from /dev/null, writes where we write, and has no other descriptor.
 *
 * Return: the child, or NULL with errno, also when there is no such program.
 */
struct loop_child *loop_child_new(struct loop *loop,
				  const struct loop_child_setup *setup,
				  loop_child_fn *fn, void *arg);

/** loop_child_kill() - a signal to it and what it has started; 0 or -errno */
int loop_child_kill(struct loop_child *child, int signum);

/* from another thread */

/** loop_wake_fn - called once for one or more loop_wake_send() before it */
typedef void loop_wake_fn(void *arg);

struct loop_wake *loop_wake_new(struct loop *loop, loop_wake_fn *fn, void *arg);
void loop_wake_free(struct loop_wake *wake);

/** loop_wake_send() - Context: any thread, as long as it is not freed */
void loop_wake_send(struct loop_wake *wake);

/* a loop in another one */

/**
 * loop_nest_new() - handle the events of a loop in the turns of another one
 * @outer: that one
 * @inner: nobody runs it meanwhile
 *
 * Return: to be freed before both of them, or NULL.
 */
struct loop_nest *loop_nest_new(struct loop *outer, struct loop *inner);
void loop_nest_free(struct loop_nest *nest);

/* worker threads */

/*
 * A pool of its own threads (libuv's shared one also resolves names). A job is
 * handed over whole: between submit and done() only the worker touches it.
 */
struct loop_job {
	/* on a worker thread */
	void (*work)(struct loop_job *job);
	/* back on the loop's thread; always called, also when cancelled */
	void (*done)(struct loop_job *job, bool was_run);
	/* private */
	struct loop_job *next;
};

/**
 * loop_pool_new() - start workers
 * @threads: number of threads, at least 1
 * @max_queued: jobs that may wait; bounded, so that a storm cannot eat memory
 */
struct loop_pool *loop_pool_new(struct loop *loop, unsigned int threads,
				unsigned int max_queued);

/**
 * loop_pool_submit() - queue a job
 * @job: owned by the pool until done() is called
 *
 * Return: 0, or -EAGAIN when @max_queued jobs wait (done() is not called).
 */
int loop_pool_submit(struct loop_pool *pool, struct loop_job *job);

/** loop_pool_free() - wait for running jobs, cancel waiting ones, join */
void loop_pool_free(struct loop_pool *pool);

/**
 * loop_pool_free_within() - the same for jobs that may hang, at a process's end
 * @limit_ms: after this time running jobs are given up: they, their memory and
 *	the pool's stay until the process ends, and done() is not called
 */
void loop_pool_free_within(struct loop_pool *pool, unsigned int limit_ms);

#endif
