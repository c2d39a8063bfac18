// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "loop/internal.h"

#define WORKER_NICE	5

/* Of a wake-up: what follows a handshake takes some 100 us. */
#define JOBS_PER_TURN	4

struct job_list {
	struct loop_job *head;
	struct loop_job **tail;
	unsigned int count;
};

/*
 * @lock covers @waiting, @finished, @is_stopping and @is_given_up (then nobody
 * is told of a job that has finished). A job is on one list at a time, or on
 * none while a worker runs it. Freed by libuv's close callback, so that done()
 * may call loop_pool_free().
 */
struct loop_pool {
	uv_async_t uv;
	struct loop *loop;
	struct loop_pool *next;

	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct job_list waiting;
	struct job_list finished;
	bool is_stopping;
	bool is_given_up;

	unsigned int max_queued;
	unsigned int n_threads;
	pthread_t threads[];
};

static void list_init(struct job_list *list)
{
	list->head = NULL;
	list->tail = &list->head;
	list->count = 0;
}

static void list_push(struct job_list *list, struct loop_job *job)
{
	job->next = NULL;
	*list->tail = job;
	list->tail = &job->next;
	list->count++;
}

static struct loop_job *list_pop(struct job_list *list)
{
	struct loop_job *job = list->head;

	if (!job)
		return NULL;
	list->head = job->next;
	if (!list->head)
		list->tail = &list->head;
	list->count--;
	job->next = NULL;
	return job;
}

/*
 * The loop carries everybody's packets, a worker computes for one: it never
 * pushes the loop's thread off a processor, and leaves when that has something
 * to do. On Linux both belong to the thread. What is not allowed is done
 * without.
 */
static void worker_yields(void)
{
	const struct sched_param none = { 0 };

	sched_setscheduler(0, SCHED_BATCH, &none);
	setpriority(PRIO_PROCESS, (id_t)gettid(),
		    getpriority(PRIO_PROCESS, 0) + WORKER_NICE);
}

static void *worker(void *arg)
{
	struct loop_pool *pool = arg;
	struct loop_job *job;

	worker_yields();
	pthread_mutex_lock(&pool->lock);
	while (!pool->is_stopping) {
		job = list_pop(&pool->waiting);
		if (!job) {
			pthread_cond_wait(&pool->wake, &pool->lock);
			continue;
		}
		pthread_mutex_unlock(&pool->lock);
		job->work(job);
		pthread_mutex_lock(&pool->lock);
		list_push(&pool->finished, job);
		if (!pool->is_given_up)
			uv_async_send(&pool->uv);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static struct loop_job *pop_locked(struct loop_pool *pool,
				   struct job_list *list)
{
	struct loop_job *job;

	pthread_mutex_lock(&pool->lock);
	job = list_pop(list);
	pthread_mutex_unlock(&pool->lock);
	return job;
}

/*
 * Takes some of what has finished by now: however many handshakes end at the
 * same time, the other events of the loop get their turn in between. A job that
 * finishes meanwhile has sent another wake-up.
 */
static void jobs_finished(uv_async_t *uv)
{
	struct loop_pool *pool = uv->data;
	struct loop_job *job;
	unsigned int count;

	pthread_mutex_lock(&pool->lock);
	count = pool->finished.count;
	pthread_mutex_unlock(&pool->lock);

	if (count > JOBS_PER_TURN) {
		count = JOBS_PER_TURN;
		uv_async_send(uv);
	}
	while (count--) {
		/* Empty when done() has freed the pool. */
		job = pop_locked(pool, &pool->finished);
		if (!job)
			return;
		job->done(job, true);
	}
}

/* Signals are for the loop's thread; a worker inherits a mask without any. */
static int start_threads(struct loop_pool *pool, unsigned int threads)
{
	sigset_t all, old;
	int ret = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (!ret && pool->n_threads < threads) {
		ret = pthread_create(&pool->threads[pool->n_threads], NULL,
				     worker, pool);
		if (!ret)
			pool->n_threads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}

struct loop_pool *loop_pool_new(struct loop *loop, unsigned int threads,
				unsigned int max_queued)
{
	struct loop_pool *pool;
	int ret;

	if (!threads)
		threads = 1;
	pool = calloc(1, sizeof(*pool) + threads * sizeof(pool->threads[0]));
	if (!pool)
		return NULL;
	ret = uv_async_init(&loop->uv, &pool->uv, jobs_finished);
	if (ret) {
		free(pool);
		errno = -ret;
		return NULL;
	}
	pool->uv.data = pool;
	pool->loop = loop;
	pool->max_queued = max_queued ? max_queued : 1;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);
	list_init(&pool->waiting);
	list_init(&pool->finished);
	pool->next = loop->pools;
	loop->pools = pool;

	ret = start_threads(pool, threads);
	if (ret) {
		loop_pool_free(pool);
		errno = ret;
		return NULL;
	}
	return pool;
}

int loop_pool_submit(struct loop_pool *pool, struct loop_job *job)
{
	int ret = -EAGAIN;

	pthread_mutex_lock(&pool->lock);
	if (!pool->is_stopping && pool->waiting.count < pool->max_queued) {
		list_push(&pool->waiting, job);
		pthread_cond_signal(&pool->wake);
		ret = 0;
	}
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

static void pool_unlink(struct loop_pool *pool)
{
	struct loop_pool **pos = &pool->loop->pools;

	while (*pos != pool)
		pos = &(*pos)->next;
	*pos = pool->next;
}

static void pool_closed(uv_handle_t *handle)
{
	struct loop_pool *pool = handle->data;

	if (pool->is_given_up)
		return;
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* Nothing comes back from here; a list, so that it counts as in use. */
static struct loop_pool *given_up;

static void join_all(struct loop_pool *pool)
{
	for (unsigned int i = 0; i < pool->n_threads; i++)
		pthread_join(pool->threads[i], NULL);
}

static void join_within(struct loop_pool *pool, unsigned int limit_ms)
{
	struct timespec end;
	bool is_late = false;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += limit_ms / 1000;
	end.tv_nsec += (long)(limit_ms % 1000) * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	for (unsigned int i = 0; i < pool->n_threads; i++) {
		if (!pthread_clockjoin_np(pool->threads[i], NULL,
					  CLOCK_MONOTONIC, &end))
			continue;
		pthread_detach(pool->threads[i]);
		is_late = true;
	}
	pthread_mutex_lock(&pool->lock);
	pool->is_given_up = is_late;
	pthread_mutex_unlock(&pool->lock);
}

static void give_up(struct loop_pool *pool)
{
	pool->next = given_up;
	given_up = pool;
}

static void pool_free(struct loop_pool *pool, const unsigned int *limit_ms)
{
	struct loop_job *job;
	bool was_stopping;

	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	was_stopping = pool->is_stopping;
	pool->is_stopping = true;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
	/* Called again by a done() below: the outer call does it all. */
	if (was_stopping)
		return;

	if (limit_ms)
		join_within(pool, *limit_ms);
	else
		join_all(pool);
	pool_unlink(pool);

	while ((job = pop_locked(pool, &pool->finished)))
		job->done(job, true);
	while ((job = pop_locked(pool, &pool->waiting)))
		job->done(job, false);

	if (pool->is_given_up)
		give_up(pool);
	uv_close((uv_handle_t *)&pool->uv, pool_closed);
}

void loop_pool_free(struct loop_pool *pool)
{
	pool_free(pool, NULL);
}

void loop_pool_free_within(struct loop_pool *pool, unsigned int limit_ms)
{
	pool_free(pool, &limit_ms);
}
