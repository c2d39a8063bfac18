// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's side: what is to be run, and what became of it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hook/wire.h"
#include "log/log.h"

#define RUNNING_MAX	128	/* programs at a time */
#define WAITING_MAX	4096

enum job_state {
	JOB_WAITING,
	JOB_RUNNING,
};

/**
 * struct hook_job - one run; on the list until its last result
 * @done: NULL: nobody asks
 * @request: until it is sent
 */
struct hook_job {
	struct hook_job *next;
	enum job_state state;
	enum hook_event event;
	uint32_t id;
	hook_done_fn *done;
	void *arg;
	struct mem_buf request;
	char key[];
};

/**
 * struct hook - see hook.h
 * @jobs: oldest first
 * @is_dead: the process has ended
 */
struct hook {
	int sock;
	pid_t pid;
	struct loop_io *io;
	bool has_event[HOOK_EVENTS];
	uint32_t timeout;
	struct hook_job *jobs, **tail;
	unsigned int n_jobs, n_running;
	uint32_t next_id;
	bool is_dead;
	uint8_t buf[HOOK_MESSAGE_MAX];
};

const char *hook_name(enum hook_event event)
{
	static const char *const names[HOOK_EVENTS] = {
		[HOOK_UP] = "up",
		[HOOK_DOWN] = "down",
		[HOOK_ROUTE_UP] = "route-up",
		[HOOK_ROUTE_PRE_DOWN] = "route-pre-down",
		[HOOK_IPCHANGE] = "ipchange",
		[HOOK_TLS_VERIFY] = "tls-verify",
		[HOOK_USER_PASS_VERIFY] = "user-pass-verify",
		[HOOK_CLIENT_CONNECT] = "client-connect",
		[HOOK_CLIENT_DISCONNECT] = "client-disconnect",
		[HOOK_LEARN_ADDRESS] = "learn-address",
		[HOOK_CLIENT_CRRESPONSE] = "client-crresponse",
		[HOOK_TLS_CRYPT_V2_VERIFY] = "tls-crypt-v2-verify",
	};

	return names[event];
}

/* ---- life ------------------------------------------------------------ */

static int command_check(const struct hook_setup *setup, enum hook_event event,
			 char *err, size_t err_len)
{
	const char *const *argv = setup->commands[event];

	if (!argv || !access(argv[0], X_OK))
		return 0;
	snprintf(err, err_len, "%s: \"%s\" cannot be run: %s; name a program by its whole path",
		 hook_name(event), argv[0], strerror(errno));
	return -errno;
}

int hook_start(const struct hook_setup *setup, struct hook **out, char *err,
	       size_t err_len)
{
	struct hook *hook;
	const int type = SOCK_SEQPACKET | SOCK_CLOEXEC;
	int pair[2], ret;

	for (int i = 0; i < HOOK_EVENTS; i++) {
		ret = command_check(setup, (enum hook_event)i, err, err_len);
		if (ret)
			return ret;
	}
	hook = calloc(1, sizeof(*hook));
	if (!hook || socketpair(AF_UNIX, type, 0, pair)) {
		ret = hook ? -errno : -ENOMEM;
		goto free_hook;
	}
	for (int i = 0; i < HOOK_EVENTS; i++)
		hook->has_event[i] = setup->commands[i] != NULL;
	hook->timeout = setup->timeout;
	hook->sock = pair[0];
	hook->tail = &hook->jobs;
	hook->next_id = 1;
	hook->pid = fork();
	if (!hook->pid)
		hook_runner_main(setup, pair[1]);
	ret = hook->pid < 0 ? -errno : 0;
	close(pair[1]);
	if (!ret) {
		*out = hook;
		return 0;
	}
	close(hook->sock);
free_hook:
	free(hook);
	snprintf(err, err_len, "cannot start the process that runs programs: %s",
		 strerror(-ret));
	return ret;
}

static struct hook_job **job_find(struct hook *hook, uint32_t id)
{
	struct hook_job **pos = &hook->jobs;

	while (*pos && (*pos)->id != id)
		pos = &(*pos)->next;
	return pos;
}

static void job_free(struct hook *hook, struct hook_job **pos)
{
	struct hook_job *job = *pos;

	*pos = job->next;
	if (hook->tail == &job->next)
		hook->tail = pos;
	hook->n_jobs--;
	if (job->state == JOB_RUNNING)
		hook->n_running--;
	mem_buf_reset(&job->request);
	free(job);
}

void hook_free(struct hook *hook)
{
	if (!hook)
		return;
	while (hook->jobs)
		job_free(hook, &hook->jobs);
	loop_io_free(hook->io);
	close(hook->sock);
	/* it may have to wait for a program, and is not waited for */
	waitpid(hook->pid, NULL, WNOHANG);
	mem_wipe(hook->buf, sizeof(hook->buf));
	free(hook);
}

bool hook_has(const struct hook *hook, enum hook_event event)
{
	return hook && hook->has_event[event];
}

/* ---- requests -------------------------------------------------------- */

/* Is an older one of the same key not over yet? */
static bool job_has_to_wait(const struct hook *hook,
			    const struct hook_job *job)
{
	const struct hook_job *older;

	for (older = hook->jobs; older != job; older = older->next)
		if (!strcmp(older->key, job->key))
			return true;
	return false;
}

static int job_send(struct hook *hook, struct hook_job *job)
{
	ssize_t n;

	do {
		n = send(hook->sock, job->request.data, job->request.len,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	mem_buf_reset(&job->request);
	job->state = JOB_RUNNING;
	hook->n_running++;
	return 0;
}

static void job_finish(struct hook *hook, struct hook_job **pos,
		       const struct hook_result *result);

static void hook_watch(struct hook *hook, unsigned int events)
{
	if (hook->io)
		loop_io_set(hook->io, events);
}

/* Everything that may run now. */
static void hook_dispatch(struct hook *hook)
{
	struct hook_job **pos = &hook->jobs;
	int ret = 0;

	while (*pos && !ret && hook->n_running < RUNNING_MAX &&
	       !hook->is_dead) {
		if ((*pos)->state == JOB_WAITING &&
		    !job_has_to_wait(hook, *pos))
			ret = job_send(hook, *pos);
		pos = &(*pos)->next;
	}
	if (ret == -EAGAIN)
		hook_watch(hook, LOOP_READABLE | LOOP_WRITABLE);
}

struct hook_job *hook_run(struct hook *hook, const struct hook_run *run,
			  hook_done_fn *done, void *arg)
{
	static struct log_limit limit = { .burst = 5, .interval_ms = 10000 };
	const char *const *env;
	struct hook_job *job;
	size_t n_env;

	if (!hook_has(hook, run->event))
		return NULL;
	if (hook->is_dead || hook->n_jobs >= WAITING_MAX) {
		log_limited(&limit, LOG_LEVEL_ERROR, "%s: %s",
			    hook_name(run->event), hook->is_dead ?
			    "the process that runs programs has ended" :
			    "too many programs wait to be run");
		return NULL;
	}
	job = calloc(1, sizeof(*job) + strlen(run->key) + 1);
	if (!job)
		return NULL;
	strcpy(job->key, run->key);
	job->event = run->event;
	job->id = hook->next_id++;
	if (!hook->next_id)
		hook->next_id = 1;
	job->done = done;
	job->arg = arg;
	mem_buf_init(&job->request, HOOK_MESSAGE_MAX);
	env = hook_env_list(run->env, &n_env);
	if (hook_wire_request(&job->request, job->id,
			      run->ref ? run->ref->id : 0, run, env, n_env,
			      run->timeout ? run->timeout : hook->timeout)) {
		log_limited(&limit, LOG_LEVEL_ERROR,
			    "%s: variables and arguments are too long",
			    hook_name(run->event));
		mem_buf_reset(&job->request);
		free(job);
		return NULL;
	}
	*hook->tail = job;
	hook->tail = &job->next;
	hook->n_jobs++;
	hook_dispatch(hook);
	return job;
}

void hook_job_drop(struct hook_job *job)
{
	if (job)
		job->done = NULL;
}

/* ---- results --------------------------------------------------------- */

static const char *explain(int32_t code, char *out, size_t len)
{
	if (code <= -1000)
		snprintf(out, len, "%s", code == -1000 - ETIMEDOUT ?
			 "it took too long" : strerror(-(code + 1000)));
	else if (code < 0)
		snprintf(out, len, "signal %d", -code);
	else if (code)
		snprintf(out, len, "exit status %d", code);
	else
		snprintf(out, len, "it said no in its file");
	return out;
}

static void job_finish(struct hook *hook, struct hook_job **pos,
		       const struct hook_result *result)
{
	struct hook_job *job = *pos;
	hook_done_fn *done = job->done;
	void *arg = job->arg;

	if (result->status == HOOK_FAILED && !done)
		log_warn("%s: %s", hook_name(job->event), result->why);
	if (result->status != HOOK_DEFERRED)
		job_free(hook, pos);
	if (done)
		done(arg, result);
}

static void reply_handle(struct hook *hook, const uint8_t *msg, size_t len)
{
	struct hook_result result = { 0 };
	struct hook_reply reply;
	struct hook_job **pos;
	char why[128];

	if (hook_wire_reply_parse(msg, len, &reply))
		return;
	pos = job_find(hook, reply.id);
	if (!*pos)
		return;
	result.status = reply.status;
	result.why = explain(reply.code, why, sizeof(why));
	for (size_t i = 0; i < HOOK_FILES_MAX; i++) {
		result.files[i].data = "";
		if (i >= reply.n_files || !reply.files[i].data)
			continue;
		result.files[i].data = reply.files[i].data;
		result.files[i].len = reply.files[i].len;
	}
	job_finish(hook, pos, &result);
}

/* The process has ended: nothing will ever be run again. */
static void hook_die(struct hook *hook)
{
	struct hook_result result = {
		.status = HOOK_FAILED,
		.why = "the process that runs programs has ended",
	};

	if (hook->is_dead)
		return;
	hook->is_dead = true;
	log_error("%s", result.why);
	for (size_t i = 0; i < HOOK_FILES_MAX; i++)
		result.files[i].data = "";
	loop_io_free(hook->io);
	hook->io = NULL;
	while (hook->jobs)
		job_finish(hook, &hook->jobs, &result);
}

/* Return: was there a message. */
static bool hook_read(struct hook *hook)
{
	ssize_t n;

	do {
		n = recv(hook->sock, hook->buf, sizeof(hook->buf),
			 MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		reply_handle(hook, hook->buf, (size_t)n);
	else if (!n || errno != EAGAIN)
		hook_die(hook);
	return n > 0;
}

static void hook_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct hook *hook = arg;

	(void)io;
	(void)events;
	hook_watch(hook, LOOP_READABLE);
	for (int i = 0; i < 64 && !hook->is_dead && hook_read(hook); i++)
		continue;
	hook_dispatch(hook);
}

int hook_attach(struct hook *hook, struct loop *loop)
{
	hook->io = loop_io_new(loop, hook->sock, LOOP_READABLE, hook_event,
			       hook);
	return hook->io ? 0 : -ENOMEM;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool hook_is_question(enum hook_event event)
{
	return event != HOOK_UP && event != HOOK_DOWN &&
	       event != HOOK_ROUTE_UP && event != HOOK_ROUTE_PRE_DOWN &&
	       event != HOOK_IPCHANGE && event != HOOK_CLIENT_DISCONNECT &&
	       event != HOOK_LEARN_ADDRESS;
}

/* Does something run, or wait, that has to come to its end? */
static bool has_to_drain(const struct hook *hook)
{
	const struct hook_job *job = hook->jobs;

	while (job && hook_is_question(job->event) && !job->done)
		job = job->next;
	return job != NULL;
}

void hook_drain(struct hook *hook, unsigned int limit_ms)
{
	struct pollfd fd = { .events = POLLIN };
	uint64_t end = now_ms() + limit_ms, now;

	if (!hook)
		return;
	loop_io_free(hook->io);
	hook->io = NULL;
	fd.fd = hook->sock;
	while (has_to_drain(hook) && !hook->is_dead && (now = now_ms()) < end) {
		fd.events = POLLIN;
		hook_dispatch(hook);
		if (poll(&fd, 1, (int)(end - now)) > 0)
			hook_read(hook);
	}
}
