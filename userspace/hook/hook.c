// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's side: what is to be run, and what became of it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hook/host.h"
#include "log/log.h"

#define RUNNING_MAX	128	/* of one process at a time */
#define WAITING_MAX	4096
#define HOSTS_MAX	(HOOK_PLUGINS_MAX + 1)
#define TICK_MS		1000
#define SLACK_MS	5000	/* a process keeps time itself, if it can */

enum job_state {
	JOB_WAITING,
	JOB_RUNNING,
};

/**
 * struct hook_job - one run; on the list until its last result
 * @at: the process whose turn it is
 * @done: NULL: nobody asks
 * @program, @plugin: the request to either
 * @limit: ms, of a plugin's answer
 * @timeout, @defer_timeout: ms
 * @lines: of all before, for a client
 */
struct hook_job {
	struct hook_job *next;
	enum job_state state;
	size_t at;
	enum hook_event event;
	uint32_t id;
	hook_done_fn *done;
	void *arg;
	struct mem_buf program, plugin;
	uint64_t limit;
	uint32_t timeout, defer_timeout;
	struct mem_buf lines;
	char key[];
};

/**
 * struct hook - see hook.h
 * @hosts: plugins, then what runs programs
 * @jobs: oldest first
 */
struct hook {
	struct hook_host *hosts[HOSTS_MAX];
	size_t n_hosts;
	struct loop *loop;
	struct loop_timer *tick;
	bool is_ticking;
	uint32_t timeout;
	struct hook_job *jobs, **tail;
	unsigned int n_jobs;
	uint32_t next_id;
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
		[HOOK_DNS_UP] = "dns-up",
		[HOOK_DNS_DOWN] = "dns-down",
	};

	if (event == HOOK_WIRE_REREAD)
		return "auth-pam";
	return (int)event < HOOK_EVENTS ? names[event] : "";
}

/* ---- life ------------------------------------------------------------ */

static const struct hook_host_ops host_ops;

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

static int hosts_start(struct hook *hook, const struct hook_setup *setup,
		       char *err, size_t err_len)
{
	bool has_programs = false;
	int ret = 0;

	for (size_t i = 0; i < setup->n_plugins && !ret; i++)
		ret = hook_host_start(setup, &setup->plugins[i], &host_ops,
				      hook, &hook->hosts[hook->n_hosts++], err,
				      err_len);
	for (int i = 0; i < HOOK_EVENTS; i++)
		has_programs |= setup->commands[i] != NULL;
	if (!ret && has_programs)
		ret = hook_host_start(setup, NULL, &host_ops, hook,
				      &hook->hosts[hook->n_hosts++], err,
				      err_len);
	return ret;
}

int hook_start(const struct hook_setup *setup, struct hook **out, char *err,
	       size_t err_len)
{
	struct hook *hook;
	int ret;

	for (int i = 0; i < HOOK_EVENTS; i++) {
		ret = command_check(setup, (enum hook_event)i, err, err_len);
		if (ret)
			return ret;
	}
	if (setup->n_plugins > HOOK_PLUGINS_MAX) {
		snprintf(err, err_len, "plugin: there can be %d at most",
			 HOOK_PLUGINS_MAX);
		return -E2BIG;
	}
	hook = calloc(1, sizeof(*hook));
	snprintf(err, err_len, "out of memory");
	if (!hook)
		return -ENOMEM;
	hook->timeout = setup->timeout;
	hook->tail = &hook->jobs;
	hook->next_id = HOOK_ID_READY + 1;
	ret = hosts_start(hook, setup, err, err_len);
	if (ret)
		hook_free(hook);
	else
		*out = hook;
	return ret;
}

static struct hook_host *host_of(const struct hook *hook,
				 const struct hook_job *job)
{
	return hook->hosts[job->at];
}

static void job_free(struct hook *hook, struct hook_job **pos)
{
	struct hook_job *job = *pos;

	*pos = job->next;
	if (hook->tail == &job->next)
		hook->tail = pos;
	hook->n_jobs--;
	if (job->state == JOB_RUNNING)
		host_of(hook, job)->n_running--;
	mem_buf_reset(&job->program);
	mem_buf_reset(&job->plugin);
	mem_buf_reset(&job->lines);
	free(job);
}

void hook_free(struct hook *hook)
{
	if (!hook)
		return;
	while (hook->jobs)
		job_free(hook, &hook->jobs);
	loop_timer_free(hook->tick);
	for (size_t i = 0; i < hook->n_hosts; i++)
		hook_host_free(hook->hosts[i]);
	free(hook);
}

static bool host_is_for(const struct hook_host *host, enum hook_event event)
{
	/* who is to forget a client has heard of one */
	if (event == HOOK_WIRE_GONE)
		return host->label != NULL;
	return host->events & (1u << event);
}

bool hook_has(const struct hook *hook, enum hook_event event)
{
	for (size_t i = 0; hook && i < hook->n_hosts; i++)
		if (host_is_for(hook->hosts[i], event))
			return true;
	return false;
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

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* What nobody asks about is only told, to everybody who is there. */
static bool is_told(enum hook_event event, hook_done_fn *done)
{
	return !done && !hook_is_question(event);
}

/* The first process from @at on whose turn it can be; n_hosts: none. */
static size_t job_host(const struct hook *hook, const struct hook_job *job,
		       size_t at)
{
	bool is_skipping = is_told(job->event, job->done);

	while (at < hook->n_hosts &&
	       (!host_is_for(hook->hosts[at], job->event) ||
		(is_skipping && hook->hosts[at]->is_dead)))
		at++;
	return at;
}

static void job_send(struct hook *hook, struct hook_job *job)
{
	struct hook_host *host = host_of(hook, job);

	if (host->is_full || host->n_running >= RUNNING_MAX ||
	    hook_host_send(host, host->label ? &job->plugin : &job->program))
		return;
	job->state = JOB_RUNNING;
	host->n_running++;
	job->limit = now_ms() + job->timeout + SLACK_MS;
	if (host->label && hook->tick && !hook->is_ticking) {
		hook->is_ticking = true;
		loop_timer_start(hook->tick, TICK_MS);
	}
	/* it may hold a password */
	if (job_host(hook, job, job->at + 1) < hook->n_hosts)
		return;
	mem_buf_reset(&job->program);
	mem_buf_reset(&job->plugin);
}

/* Everything that may run now. */
static void hook_dispatch(struct hook *hook)
{
	for (struct hook_job *job = hook->jobs; job; job = job->next)
		if (job->state == JOB_WAITING && !job_has_to_wait(hook, job))
			job_send(hook, job);
}

/* Both forms of the request, as far as there is somebody for them. */
static int job_fill(const struct hook *hook, struct hook_job *job,
		    const struct hook_run *run)
{
	uint32_t timeout = run->timeout ? run->timeout : hook->timeout;
	uint32_t ref = run->ref ? run->ref->id : 0;
	struct hook_run plugin = *run;
	const char *const *env;
	size_t n_env;
	int ret;

	job->timeout = 1000 * timeout;
	job->defer_timeout = 1000 * (run->defer_timeout ? run->defer_timeout :
							  timeout);
	env = hook_env_list(run->env, &n_env);
	ret = hook_wire_request(&job->program, job->id, ref, run, env, n_env,
				timeout);
	if (run->plugin_env)
		env = hook_env_list(run->plugin_env, &n_env);
	while (plugin.n_files &&
	       plugin.files[plugin.n_files - 1].flags & HOOK_FILE_PROGRAM)
		plugin.n_files--;
	return ret ? ret : hook_wire_request(&job->plugin, job->id, ref,
					     &plugin, env, n_env, timeout);
}

static struct hook_job *job_new(struct hook *hook, const struct hook_run *run)
{
	struct hook_job *job = calloc(1, sizeof(*job) + strlen(run->key) + 1);

	if (!job)
		return NULL;
	strcpy(job->key, run->key);
	job->event = run->event;
	job->id = hook->next_id++;
	if (hook->next_id == HOOK_ID_LOG)
		hook->next_id = HOOK_ID_READY + 1;
	mem_buf_init(&job->program, HOOK_MESSAGE_MAX);
	mem_buf_init(&job->plugin, HOOK_MESSAGE_MAX);
	mem_buf_init(&job->lines, HOOK_RESULT_MAX);
	return job;
}

/* One that is needed and has ended; NULL: all are well. */
static const struct hook_host *host_missing(const struct hook *hook,
					    enum hook_event event)
{
	for (size_t i = 0; i < hook->n_hosts; i++)
		if (hook->hosts[i]->is_dead &&
		    host_is_for(hook->hosts[i], event))
			return hook->hosts[i];
	return NULL;
}

static void dead_text(const struct hook_host *host, char *out, size_t len)
{
	if (host->label)
		snprintf(out, len, "the process of %s has ended",
			 host->label);
	else
		snprintf(out, len, "the process that runs programs has ended");
}

struct hook_job *hook_run(struct hook *hook, const struct hook_run *run,
			  hook_done_fn *done, void *arg)
{
	static struct log_limit limit = { .burst = 5, .interval_ms = 10000 };
	const struct hook_host *missing;
	struct hook_job *job;
	char why[256] = "too many programs wait to be run";

	if (!hook_has(hook, run->event))
		return NULL;
	missing = is_told(run->event, done) ? NULL :
					      host_missing(hook, run->event);
	if (missing)
		dead_text(missing, why, sizeof(why));
	if (missing || hook->n_jobs >= WAITING_MAX) {
		log_limited(&limit, LOG_LEVEL_ERROR, "%s: %s",
			    hook_name(run->event), why);
		return NULL;
	}
	job = job_new(hook, run);
	if (!job)
		return NULL;
	job->done = done;
	job->arg = arg;
	job->at = job_host(hook, job, 0);
	if (job->at == hook->n_hosts) {
		free(job);
		return NULL;
	}
	*hook->tail = job;
	hook->tail = &job->next;
	hook->n_jobs++;
	if (job_fill(hook, job, run)) {
		struct hook_job **pos = &hook->jobs;

		log_limited(&limit, LOG_LEVEL_ERROR,
			    "%s: variables and arguments are too long",
			    hook_name(run->event));
		while (*pos != job)
			pos = &(*pos)->next;
		job_free(hook, pos);
		return NULL;
	}
	hook_dispatch(hook);
	return job;
}

void hook_job_drop(struct hook_job *job)
{
	if (job)
		job->done = NULL;
}

void hook_gone(struct hook *hook, uint64_t client, const char *key)
{
	struct hook_run run = {
		.event = HOOK_WIRE_GONE, .key = key, .client = client,
	};

	if (hook)
		hook_run(hook, &run, NULL, NULL);
}

void hook_reread(struct hook *hook, const char *service)
{
	struct hook_run run = { .event = HOOK_WIRE_REREAD, .key = "reread" };

	if (!hook_has(hook, run.event))
		return;
	if (!hook_run(hook, &run, NULL, NULL))
		log_error("auth-pam: its process does not hear of %s, and goes on with what it was; restart ovpnd",
			  service);
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
		       struct hook_result *result)
{
	struct hook_job *job = *pos;
	hook_done_fn *done = job->done;
	void *arg = job->arg;
	struct mem_buf lines = job->lines;

	if (result->status == HOOK_FAILED && !done &&
	    job->event != HOOK_WIRE_GONE)
		log_warn("%s: %s", hook_name(job->event), result->why);
	if (result->status == HOOK_OK && job->event == HOOK_CLIENT_CONNECT &&
	    lines.len) {
		result->files[0].data = (const char *)lines.data;
		result->files[0].len = lines.len - 1;
	}
	if (result->status != HOOK_DEFERRED) {
		mem_buf_init(&job->lines, 0);
		job_free(hook, pos);
	}
	if (done)
		done(arg, result);
	if (result->status != HOOK_DEFERRED)
		mem_buf_reset(&lines);
}

static void job_fail(struct hook *hook, struct hook_job **pos, const char *why)
{
	struct hook_result result = { .status = HOOK_FAILED, .why = why };

	for (size_t i = 0; i < HOOK_FILES_MAX; i++)
		result.files[i].data = "";
	job_finish(hook, pos, &result);
}

/* What several say for a client are the lines of one file, with a NUL. */
static int job_collect(struct hook_job *job, const struct hook_result *result)
{
	int ret = 0;

	if (job->event != HOOK_CLIENT_CONNECT || result->status != HOOK_OK)
		return 0;
	if (job->lines.len)
		job->lines.data[job->lines.len - 1] = '\n';
	ret = mem_buf_append(&job->lines, result->files[0].data,
			     result->files[0].len);
	return ret ? ret : mem_buf_append(&job->lines, "", 1);
}

/* The next one is asked when all before have agreed. */
static bool job_goes_on(const struct hook *hook, struct hook_job *job,
			enum hook_status status)
{
	size_t next = job_host(hook, job, job->at + 1);

	if (next == hook->n_hosts || status == HOOK_DEFERRED ||
	    !(is_told(job->event, job->done) ||
	      (status == HOOK_OK && job->done)))
		return false;
	if (job->state == JOB_RUNNING)
		hook->hosts[job->at]->n_running--;
	job->at = next;
	job->state = JOB_WAITING;
	return true;
}

static void host_reply(struct hook_host *host, const struct hook_reply *reply)
{
	struct hook *hook = host->owner;
	struct hook_job **pos = &hook->jobs;
	struct hook_result result = { 0 };
	char why[128];

	while (*pos && ((*pos)->id != reply->id ||
			(*pos)->state != JOB_RUNNING ||
			host_of(hook, *pos) != host))
		pos = &(*pos)->next;
	if (!*pos)
		return;
	result.status = reply->status;
	result.why = explain(reply->code, why, sizeof(why));
	for (size_t i = 0; i < HOOK_FILES_MAX; i++) {
		result.files[i].data = "";
		if (i >= reply->n_files || !reply->files[i].data)
			continue;
		result.files[i].data = reply->files[i].data;
		result.files[i].len = reply->files[i].len;
	}
	if (result.status == HOOK_DEFERRED)
		(*pos)->limit = now_ms() + (*pos)->defer_timeout + SLACK_MS;
	if (job_collect(*pos, &result))
		job_fail(hook, pos, "what it has written is too long");
	else if (!job_goes_on(hook, *pos, result.status))
		job_finish(hook, pos, &result);
	else if (host_of(hook, *pos)->is_dead)
		job_fail(hook, pos, "the process has ended");
}

static void host_ready(struct hook_host *host)
{
	hook_dispatch(host->owner);
}

/* What it was asked, and what it would have to be asked, is not to be had. */
static void host_died(struct hook_host *host)
{
	struct hook *hook = host->owner;
	struct hook_job **pos = &hook->jobs;
	char why[256];

	dead_text(host, why, sizeof(why));
	log_error("%s", why);
	while (*pos) {
		if (host_of(hook, *pos) != host ||
		    job_goes_on(hook, *pos, HOOK_FAILED)) {
			pos = &(*pos)->next;
			continue;
		}
		job_fail(hook, pos, why);
		pos = &hook->jobs;
	}
	hook_dispatch(hook);
}

static const struct hook_host_ops host_ops = {
	.reply = host_reply,
	.ready = host_ready,
	.died = host_died,
};

/* A plugin that blocks cannot keep time. */
static void hook_tick(struct loop_timer *timer, void *arg)
{
	struct hook *hook = arg;
	struct hook_job **pos = &hook->jobs;
	uint64_t now = now_ms();
	bool is_needed = false;

	while (*pos) {
		bool is_plugin = (*pos)->state == JOB_RUNNING &&
				 host_of(hook, *pos)->label;

		is_needed |= is_plugin;
		if (is_plugin && (*pos)->limit <= now) {
			job_fail(hook, pos, "it took too long");
			pos = &hook->jobs;
			continue;
		}
		pos = &(*pos)->next;
	}
	hook->is_ticking = is_needed;
	if (is_needed)
		loop_timer_start(timer, TICK_MS);
	hook_dispatch(hook);
}

int hook_attach(struct hook *hook, struct loop *loop)
{
	hook->loop = loop;
	hook->tick = loop_timer_new(loop, hook_tick, hook);
	if (!hook->tick)
		return -ENOMEM;
	for (size_t i = 0; i < hook->n_hosts; i++)
		if (hook_host_attach(hook->hosts[i], loop))
			return -ENOMEM;
	return 0;
}

bool hook_is_question(enum hook_event event)
{
	return event != HOOK_UP && event != HOOK_DOWN &&
	       event != HOOK_ROUTE_UP && event != HOOK_ROUTE_PRE_DOWN &&
	       event != HOOK_IPCHANGE && event != HOOK_CLIENT_DISCONNECT &&
	       event != HOOK_LEARN_ADDRESS && event != HOOK_DNS_UP &&
	       event != HOOK_DNS_DOWN && event != HOOK_WIRE_GONE &&
	       event != HOOK_WIRE_REREAD;
}

/* Does something run, or wait, that has to come to its end? */
static bool has_to_drain(const struct hook *hook)
{
	const struct hook_job *job = hook->jobs;

	while (job && ((hook_is_question(job->event) && !job->done) ||
		       job->event == HOOK_WIRE_GONE ||
		       job->event == HOOK_WIRE_REREAD ||
		       host_of(hook, job)->is_dead))
		job = job->next;
	return job != NULL;
}

void hook_drain(struct hook *hook, unsigned int limit_ms)
{
	struct pollfd fds[HOSTS_MAX];
	uint64_t end = now_ms() + limit_ms, now;

	if (!hook)
		return;
	loop_timer_free(hook->tick);
	hook->tick = NULL;
	for (size_t i = 0; i < hook->n_hosts; i++)
		hook_host_detach(hook->hosts[i]);
	while (has_to_drain(hook) && (now = now_ms()) < end) {
		for (size_t i = 0; i < hook->n_hosts; i++) {
			fds[i].fd = hook->hosts[i]->is_dead ? -1 :
				    hook->hosts[i]->sock;
			fds[i].events = POLLIN;
		}
		hook_dispatch(hook);
		if (poll(fds, hook->n_hosts, (int)(end - now)) <= 0)
			continue;
		for (size_t i = 0; i < hook->n_hosts; i++)
			if (fds[i].revents && !hook->hosts[i]->is_dead)
				hook_host_read(hook->hosts[i]);
	}
}
