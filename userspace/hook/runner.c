// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The process that runs programs: a loop, a socket to the daemon, children. It
 * ends when the daemon has gone and its last program, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hook/wire.h"

#define RUNNER_SOCK_FD	3
#define KILL_MS		2000	/* between SIGTERM and SIGKILL */
#define POLL_MS		200	/* looks at a control file */
#define ENV_EXTRA_MAX	256	/* the administrator's, and paths of files */

struct runner {
	struct loop *loop;
	struct loop_io *io;
	const struct hook_setup *setup;
	bool has_ids;
	uid_t uid;
	gid_t gid;
	struct run *runs;
	bool is_orphan;
	uint8_t buf[HOOK_MESSAGE_MAX];
};

struct run_file {
	char path[PATH_MAX];
	char env[64];
	unsigned int flags;
	char *data;	/* as read at the end; wiped */
	size_t len;
};

/**
 * struct run - a program and its files
 * @child: NULL once it has ended
 * @end: loop time
 */
struct run {
	struct run *next;
	struct runner *runner;
	uint32_t id;
	enum hook_event event;
	enum hook_defer defer;
	struct loop_child *child;
	struct loop_timer *timer;
	uint64_t end;
	bool is_killed;
	uid_t uid;
	size_t n_files;
	struct run_file files[HOOK_FILES_MAX];
};

/* ---- files ----------------------------------------------------------- */

static int file_write(int fd, const char *data, size_t len)
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

static int file_make(struct run *run, const struct hook_file *in)
{
	const struct runner *runner = run->runner;
	struct run_file *file = &run->files[run->n_files];
	int fd, ret;

	snprintf(file->path, sizeof(file->path), "%s/openvpn_XXXXXXXXXX.tmp",
		 runner->setup->tmp_dir);
	snprintf(file->env, sizeof(file->env), "%s", in->env);
	file->flags = in->flags;
	fd = mkostemps(file->path, 4, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	run->n_files++;
	ret = file_write(fd, in->data, in->len);
	if (!ret && run->uid != geteuid() && fchown(fd, run->uid, runner->gid))
		ret = -errno;
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
	struct mem_buf out;
	ssize_t n;

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
		unlink(run->files[i].path);
	mem_buf_init(&out, HOOK_MESSAGE_MAX);
	if (!hook_wire_reply(&out, &reply)) {
		do {
			n = send(RUNNER_SOCK_FD, out.data, out.len,
				 MSG_NOSIGNAL);
		} while (n < 0 && errno == EINTR);
	}
	mem_buf_reset(&out);
}

static void runner_check_end(struct runner *runner)
{
	if (runner->is_orphan && !runner->runs)
		loop_stop(runner->loop);
}

static void run_free(struct run *run)
{
	struct runner *runner = run->runner;
	struct run **pos = &runner->runs;

	while (*pos != run)
		pos = &(*pos)->next;
	*pos = run->next;
	for (size_t i = 0; i < run->n_files; i++) {
		unlink(run->files[i].path);
		if (run->files[i].data)
			mem_wipe(run->files[i].data, run->files[i].len);
		free(run->files[i].data);
	}
	loop_timer_free(run->timer);
	free(run);
	runner_check_end(runner);
}

static void run_finish(struct run *run, enum hook_status status, int32_t code)
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

/* What stands in the control file of a program that has ended. */
static void run_look(struct run *run, bool is_first)
{
	char control = control_char(run);

	if (control == '1' || (is_first && !control &&
			       run->defer == HOOK_DEFER_FILE))
		run_finish(run, HOOK_OK, 0);
	else if (control && control != '2')
		run_finish(run, HOOK_FAILED, 0);
	else if (run->end <= loop_now(run->runner->loop))
		run_finish(run, HOOK_FAILED, -1000 - ETIMEDOUT);
	else
		run_wait(run, is_first);
}

static void run_ended(struct loop_child *child, int status, int signum,
		      void *arg)
{
	struct run *run = arg;

	(void)child;
	run->child = NULL;
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
	if (!run->child) {
		run_look(run, false);
		return;
	}
	loop_child_kill(run->child, run->is_killed ? SIGKILL : SIGTERM);
	run->is_killed = true;
	loop_timer_start(run->timer, KILL_MS);
}

/* ---- requests -------------------------------------------------------- */

struct run_env {
	char *list[HOOK_ENV_MAX + ENV_EXTRA_MAX + 1];
	size_t n;
	char paths[2 * HOOK_FILES_MAX][PATH_MAX + 66];
	size_t n_paths;
	char type[64];
};

static void env_add(struct run_env *env, const char *assignment)
{
	if (env->n < HOOK_ENV_MAX + ENV_EXTRA_MAX)
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

static struct run *run_by_id(const struct runner *runner, uint32_t id)
{
	struct run *run = runner->runs;

	while (run && run->id != id)
		run = run->next;
	return run;
}

static void env_fill(struct run_env *env, const struct run *run,
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

/* The command as configured, then what the event adds. */
static int argv_fill(char **argv, size_t cap, const struct run *run,
		     const struct hook_request *req)
{
	const char *const *command = run->runner->setup->commands[req->event];
	size_t n = 0, i;

	for (i = 0; command[i] && n < cap - 1; i++)
		argv[n++] = (char *)command[i];
	for (i = 0; i < req->n_args && n < cap - 1; i++)
		argv[n++] = (char *)req->args[i];
	for (i = 0; i < run->n_files && n < cap - 1; i++)
		if (run->files[i].flags & HOOK_FILE_ARG)
			argv[n++] = (char *)run->files[i].path;
	argv[n] = NULL;
	return n < cap - 1 ? 0 : -E2BIG;
}

static bool has_first_rights(enum hook_event event)
{
	return event == HOOK_UP || event == HOOK_DOWN ||
	       event == HOOK_ROUTE_UP || event == HOOK_ROUTE_PRE_DOWN;
}

static int run_start(struct run *run, const struct hook_request *req)
{
	static struct run_env env;
	const struct runner *runner = run->runner;
	bool has_ids = runner->has_ids && !has_first_rights(req->event);
	char *argv[2 * HOOK_ARGS_MAX + HOOK_FILES_MAX + 2];
	struct loop_child_setup setup = {
		.argv = argv, .envp = env.list, .cwd = runner->setup->cwd,
		.has_ids = has_ids, .uid = runner->uid, .gid = runner->gid,
	};
	int ret = 0;

	run->uid = has_ids ? runner->uid : geteuid();
	for (size_t i = 0; i < req->n_files && !ret; i++)
		ret = file_make(run, &req->files[i]);
	if (!ret)
		ret = argv_fill(argv, sizeof(argv) / sizeof(argv[0]), run,
				req);
	if (ret)
		return ret;
	env_fill(&env, run, req);
	run->child = loop_child_new(runner->loop, &setup, run_ended, run);
	return run->child ? 0 : -errno;
}

static void request_handle(struct runner *runner, size_t len)
{
	static struct hook_request req;
	struct run *run;
	int ret;

	if (hook_wire_request_parse(runner->buf, len, &req) ||
	    !runner->setup->commands[req.event])
		return;
	run = calloc(1, sizeof(*run));
	if (run)
		run->timer = loop_timer_new(runner->loop, run_timeout, run);
	if (!run || !run->timer) {
		free(run);
		return;
	}
	run->runner = runner;
	run->id = req.id;
	run->event = req.event;
	run->defer = req.defer;
	run->end = loop_now(runner->loop) + req.defer_timeout * 1000ull;
	run->next = runner->runs;
	runner->runs = run;
	ret = run_start(run, &req);
	if (ret)
		run_finish(run, HOOK_FAILED, -1000 + ret);
	else
		loop_timer_start(run->timer, req.timeout * 1000ull);
}

/* The daemon has gone: nobody is interested in answers. */
static void runner_orphaned(struct runner *runner)
{
	struct run *run, *next;

	runner->is_orphan = true;
	for (run = runner->runs; run; run = next) {
		next = run->next;
		if (!hook_is_question(run->event))
			continue;
		if (run->child)
			run_timeout(run->timer, run);
		else
			run_free(run);
	}
	runner_check_end(runner);
}

static void runner_readable(struct loop_io *io, unsigned int events, void *arg)
{
	struct runner *runner = arg;
	ssize_t n;

	(void)events;
	n = recv(RUNNER_SOCK_FD, runner->buf, sizeof(runner->buf),
		 MSG_DONTWAIT);
	if (n > 0) {
		request_handle(runner, (size_t)n);
		/* a password, perhaps */
		mem_wipe(runner->buf, (size_t)n);
	} else if (!n || (errno != EAGAIN && errno != EINTR)) {
		loop_io_free(io);
		runner_orphaned(runner);
	}
}

/* ---- the process ----------------------------------------------------- */

static int runner_ids(struct runner *runner)
{
	const struct passwd *pw = NULL;
	const struct group *gr = NULL;

	if (runner->setup->user) {
		pw = getpwnam(runner->setup->user);
		if (!pw)
			return -ENOENT;
	}
	if (runner->setup->group) {
		gr = getgrnam(runner->setup->group);
		if (!gr)
			return -ENOENT;
	}
	runner->uid = pw ? pw->pw_uid : geteuid();
	runner->gid = gr ? gr->gr_gid : pw ? pw->pw_gid : getegid();
	runner->has_ids = pw || gr;
	return 0;
}

/* Standard input is nobody's; of the rest, only the socket stays. */
static int runner_fds(const struct hook_setup *setup, int sock)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int out;

	if (null < 0 || (sock != RUNNER_SOCK_FD &&
			 dup2(sock, RUNNER_SOCK_FD) < 0))
		return -errno;
	if (dup2(null, STDIN_FILENO) < 0)
		return -errno;
	if (setup->output) {
		out = open(setup->output,
			   O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
		if (out < 0)
			out = null;
		if (dup2(out, STDOUT_FILENO) < 0 ||
		    dup2(out, STDERR_FILENO) < 0)
			return -errno;
	}
	fcntl(RUNNER_SOCK_FD, F_SETFD, FD_CLOEXEC);
	return close_range(RUNNER_SOCK_FD + 1, ~0u, 0) ? -errno : 0;
}

static void runner_signals(void)
{
	static const int ignored[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE,
	};
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void hook_runner_main(const struct hook_setup *setup, int sock)
{
	struct runner *runner = calloc(1, sizeof(*runner));

	runner_signals();
	prctl(PR_SET_NAME, "ovpnd-hook", 0, 0, 0);
	if (!runner || runner_fds(setup, sock))
		_exit(1);
	runner->setup = setup;
	if (runner_ids(runner))
		_exit(1);
	runner->loop = loop_new();
	if (runner->loop)
		runner->io = loop_io_new(runner->loop, RUNNER_SOCK_FD,
					 LOOP_READABLE, runner_readable,
					 runner);
	if (!runner->io)
		_exit(1);
	loop_run(runner->loop);
	_exit(0);
}
