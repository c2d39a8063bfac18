// SPDX-License-Identifier: GPL-2.0-or-later
/* One run: its files, its variables, its answers, now or later. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hook/run.h"

#define KILL_MS		2000	/* between SIGTERM and SIGKILL */
#define POLL_MS		200	/* looks at a control file */

/* ---- files ----------------------------------------------------------- */

static int fd_write(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/*
 * For files, this process becomes who the program is, and itself again with
 * ids that are its own: a service manager may leave it neither CAP_CHOWN nor
 * CAP_FOWNER. Nobody can signal or trace it meanwhile.
 */
static void files_as(uid_t uid, gid_t gid)
{
	setfsgid(gid);
	setfsuid(uid);
}

static int temp_open(const struct run *run, char *path)
{
	size_t at = strlen(path) - strlen("XXXXXXXXXX.tmp");
	int fd;

	if (run->uid == geteuid())
		return mkostemps(path, 4, O_CLOEXEC);
	files_as(run->uid, run->runner->gid);
	fd = mkostemps(path, 4, O_CLOEXEC);
	files_as(geteuid(), getegid());
	if (fd >= 0 || errno != EACCES)
		return fd;
	/* a folder in which only the first rights can make one */
	memcpy(path + at, "XXXXXXXXXX", 10);
	fd = mkostemps(path, 4, O_CLOEXEC);
	if (fd < 0 || !fchown(fd, run->uid, run->runner->gid))
		return fd;
	unlink(path);
	close(fd);
	errno = EACCES;
	return -1;
}

static void temp_unlink(const struct run *run, const char *path)
{
	if (!unlink(path) || errno != EPERM)
		return;
	files_as(run->uid, run->runner->gid);
	unlink(path);
	files_as(geteuid(), getegid());
}

int run_file_make(struct run *run, const struct hook_file *in)
{
	const struct runner *runner = run->runner;
	struct run_file *file = &run->files[run->n_files];
	const char *dir = in->flags & HOOK_FILE_CERT ?
			  runner->setup->cert_dir : runner->setup->tmp_dir;
	int fd, ret;

	file->flags = in->flags;
	if (!dir) {
		run->n_files++;
		return 0;
	}
	snprintf(file->path, sizeof(file->path), "%s/openvpn_XXXXXXXXXX.tmp",
		 dir);
	snprintf(file->env, sizeof(file->env), "%s", in->env);
	fd = temp_open(run, file->path);
	if (fd < 0)
		return -errno;
	run->n_files++;
	ret = fd_write(fd, in->data, in->len);
	close(fd);
	return ret;
}

/* run_file_append() - to the file, as if the program had; 0 or -errno */
int run_file_append(struct run *run, size_t i, const char *text)
{
	int fd = open(run->files[i].path,
		      O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	int ret;

	if (fd < 0)
		return -errno;
	ret = fd_write(fd, text, strlen(text));
	close(fd);
	return ret;
}

/*
 * The program may have put another file in its place, but not one of somebody
 * else, nor a link to it.
 */
static void file_read(struct run *run, struct run_file *file)
{
	int fd = open(file->path,
		      O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t n;

	free(file->data);
	file->data = NULL;
	file->len = 0;
	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) &&
	    (st.st_uid == run->uid || st.st_uid == geteuid()))
		file->data = calloc(1, HOOK_RESULT_MAX / 2);
	while (file->data && file->len < HOOK_RESULT_MAX / 2) {
		n = read(fd, file->data + file->len,
			 HOOK_RESULT_MAX / 2 - file->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		file->len += (size_t)n;
	}
	close(fd);
}

static char control_char(struct run *run)
{
	for (size_t i = 0; i < run->n_files; i++) {
		struct run_file *file = &run->files[i];

		if (!(file->flags & HOOK_FILE_CONTROL))
			continue;
		file_read(run, file);
		return file->len ? file->data[0] : '\0';
	}
	return '\0';
}

/* ---- answers --------------------------------------------------------- */

static void run_answer(struct run *run, enum hook_status status, int32_t code)
{
	struct hook_reply reply = {
		.id = run->id, .status = status, .code = code,
		.n_files = run->n_files,
	};
	unsigned int wanted = status == HOOK_DEFERRED ? HOOK_FILE_EARLY :
							HOOK_FILE_RESULT;

	for (size_t i = 0; i < run->n_files; i++) {
		struct run_file *file = &run->files[i];

		if (!(file->flags & wanted))
			continue;
		file_read(run, file);
		/* half a configuration would be a wrong one */
		if (file->len >= HOOK_RESULT_MAX / 2) {
			reply.status = HOOK_FAILED;
			reply.code = -1000 - EFBIG;
			continue;
		}
		reply.files[i].data = file->data;
		reply.files[i].len = file->len;
	}
	/* before anybody knows the end, nothing is left */
	for (size_t i = 0; i < run->n_files && status != HOOK_DEFERRED; i++)
		temp_unlink(run, run->files[i].path);
	runner_reply(&reply);
}

void run_free(struct run *run)
{
	struct runner *runner = run->runner;
	struct run **pos = &runner->runs;

	while (*pos != run)
		pos = &(*pos)->next;
	*pos = run->next;
	for (size_t i = 0; i < run->n_files; i++) {
		temp_unlink(run, run->files[i].path);
		if (run->files[i].data)
			mem_wipe(run->files[i].data, run->files[i].len);
		free(run->files[i].data);
	}
	loop_timer_free(run->timer);
	free(run->data);
	free(run);
	runner_check_end(runner);
}

void run_finish(struct run *run, enum hook_status status, int32_t code)
{
	run_answer(run, status, code);
	run_free(run);
}

static void run_wait(struct run *run, bool is_first)
{
	uint64_t now = loop_now(run->runner->loop);
	uint64_t left = now < run->end ? run->end - now : 0;

	if (is_first)
		run_answer(run, HOOK_DEFERRED, 0);
	loop_timer_start(run->timer, left < POLL_MS ? left : POLL_MS);
}

/* What has become of a run that is put off. */
void run_look(struct run *run, bool is_first)
{
	char control = control_char(run);
	enum hook_status status = HOOK_DEFERRED;

	if (control == '1' || (is_first && !control && !run->look &&
			       run->defer == HOOK_DEFER_FILE))
		status = HOOK_OK;
	else if (control && control != '2')
		status = HOOK_FAILED;
	else if (run->look && !is_first)
		status = run->look(run);
	if (status != HOOK_DEFERRED)
		run_finish(run, status, 0);
	else if (run->end <= loop_now(run->runner->loop))
		run_finish(run, HOOK_FAILED, -1000 - ETIMEDOUT);
	else
		run_wait(run, is_first);
}

void run_ended(struct run *run, int status, int signum)
{
	run->process = NULL;
	loop_timer_stop(run->timer);
	if (run->is_killed)
		run_finish(run, HOOK_FAILED, -1000 - ETIMEDOUT);
	else if (signum)
		run_finish(run, HOOK_FAILED, -signum);
	else if ((run->defer == HOOK_DEFER_STATUS && status == 2) ||
		 (run->defer == HOOK_DEFER_FILE && !status))
		run_look(run, true);
	else
		run_finish(run, status ? HOOK_FAILED : HOOK_OK, status);
}

static void run_timeout(struct loop_timer *timer, void *arg)
{
	struct run *run = arg;

	(void)timer;
	if (!run->process) {
		run_look(run, false);
		return;
	}
	run->kill(run, run->is_killed ? SIGKILL : SIGTERM);
	run->is_killed = true;
	loop_timer_start(run->timer, KILL_MS);
}

/* ---- variables ------------------------------------------------------- */

static void env_add(struct run_env *env, const char *assignment)
{
	if (env->n < RUN_ENV_MAX)
		env->list[env->n++] = (char *)assignment;
}

static void env_add_files(struct run_env *env, const struct run *run)
{
	for (size_t i = 0; run && i < run->n_files; i++) {
		const struct run_file *file = &run->files[i];
		char *text = env->paths[env->n_paths];

		if (!file->env[0])
			continue;
		snprintf(text, sizeof(env->paths[0]), "%s=%s", file->env,
			 file->path);
		env->n_paths++;
		env_add(env, text);
	}
}

struct run *run_by_id(const struct runner *runner, uint32_t id)
{
	struct run *run = runner->runs;

	while (run && run->id != id)
		run = run->next;
	return run;
}

void run_env_fill(struct run_env *env, const struct run *run,
		  const struct hook_request *req)
{
	const char *const *own = run->runner->setup->env;

	env->n = 0;
	env->n_paths = 0;
	for (size_t i = 0; own && own[i]; i++)
		env_add(env, own[i]);
	for (size_t i = 0; i < req->n_env; i++)
		env_add(env, req->env[i]);
	snprintf(env->type, sizeof(env->type), "script_type=%s",
		 hook_name(req->event));
	env_add(env, env->type);
	env_add_files(env, run);
	if (req->ref)
		env_add_files(env, run_by_id(run->runner, req->ref));
	env->list[env->n] = NULL;
}

static bool env_has(const struct run_env *env, const char *assignment)
{
	size_t len = strcspn(assignment, "=") + 1;

	for (size_t i = 0; i < env->n; i++)
		if (!strncmp(env->list[i], assignment, len))
			return true;
	return false;
}

/* run_env_fill_up() - what is not set by any of these is as at the beginning */
void run_env_fill_up(struct run_env *env, const struct hook_env *begin)
{
	const char *const *list;
	size_t n;

	list = hook_env_list(begin, &n);
	for (size_t i = 0; i < n; i++)
		if (!env_has(env, list[i]))
			env_add(env, list[i]);
	env->list[env->n] = NULL;
}

/* ---- life ------------------------------------------------------------ */

/* run_new() - with a clock that runs; NULL when out of memory */
struct run *run_new(struct runner *runner, const struct hook_request *req)
{
	struct run *run = calloc(1, sizeof(*run));

	if (run)
		run->timer = loop_timer_new(runner->loop, run_timeout, run);
	if (!run || !run->timer) {
		free(run);
		return NULL;
	}
	run->runner = runner;
	run->id = req->id;
	run->client = req->client;
	run->event = req->event;
	run->defer = req->defer;
	run->end = loop_now(runner->loop) + req->defer_timeout * 1000ull;
	run->next = runner->runs;
	runner->runs = run;
	loop_timer_start(run->timer, req->timeout * 1000ull);
	return run;
}
