// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that runs programs, or calls a plugin: a loop and a socket to the
 * daemon. It ends when the daemon has gone and its last run, too.
 */
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hook/run.h"

/* ---- requests -------------------------------------------------------- */

int runner_reply(const struct hook_reply *reply)
{
	struct mem_buf out;
	ssize_t n = -1;
	int ret;

	mem_buf_init(&out, HOOK_MESSAGE_MAX);
	ret = hook_wire_reply(&out, reply);
	if (!ret) {
		do {
			n = send(RUNNER_SOCK_FD, out.data, out.len,
				 MSG_NOSIGNAL);
		} while (n < 0 && errno == EINTR);
	}
	mem_buf_reset(&out);
	return n < 0 ? -EPIPE : 0;
}

void runner_check_end(struct runner *runner)
{
	if (runner->is_orphan && !runner->runs)
		loop_stop(runner->loop);
}

bool runner_has_first_rights(enum hook_event event)
{
	return event == HOOK_UP || event == HOOK_DOWN ||
	       event == HOOK_ROUTE_UP || event == HOOK_ROUTE_PRE_DOWN ||
	       event == HOOK_DNS_UP || event == HOOK_DNS_DOWN;
}

static void request_handle(struct runner *runner, size_t len)
{
	static struct hook_request req;
	struct run *run;
	int ret;

	if (hook_wire_request_parse(runner->buf, len, &req))
		return;
	if (req.event == HOOK_WIRE_GONE) {
		if (runner->kind->gone)
			runner->kind->gone(runner, req.client);
		runner_reply(&(struct hook_reply){ .id = req.id });
		return;
	}
	if (req.event == HOOK_WIRE_REREAD) {
		if (runner->kind->reread)
			runner->kind->reread(runner);
		runner_reply(&(struct hook_reply){ .id = req.id });
		return;
	}
	run = run_new(runner, &req);
	if (!run)
		return;
	ret = runner->kind->start(run, &req);
	if (ret)
		run_finish(run, HOOK_FAILED, -1000 + ret);
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
		if (run->process)
			loop_timer_start(run->timer, 0);
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

/*
 * The daemon's right to steer the queues of its device is no right of programs
 * and plugins: it goes from what they have, and from what a program can get.
 */
static int runner_rights(void)
{
	prctl(PR_CAPBSET_DROP, CAP_BPF, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_BPF, 0, 0);
	if (capng_get_caps_process())
		return -EPERM;
	capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED |
		     CAPNG_INHERITABLE, CAP_BPF);
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

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

/**
 * runner_drop() - the process itself becomes who it shall be
 * @runner: has the ids; forgets them
 *
 * Return: 0, also when it has done so already; -errno.
 */
int runner_drop(struct runner *runner)
{
	if (!runner->has_ids)
		return 0;
	if (setgroups(1, &runner->gid) ||
	    setresgid(runner->gid, runner->gid, runner->gid) ||
	    setresuid(runner->uid, runner->uid, runner->uid))
		return -errno;
	runner->has_ids = false;
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

/* Load the plugin, and tell the daemon what it is for. */
static int runner_begin(struct runner *runner, const struct hook_plugin *plugin)
{
	struct hook_reply reply = { .id = HOOK_ID_READY, .n_files = 1 };
	uint32_t events = 0;
	char err[512];
	int ret;

	if (!plugin)
		return 0;
	if (plugin->is_pam)
		runner->home = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (runner->home < 0)
		return -errno;
	if (runner->setup->cwd && chdir(runner->setup->cwd))
		return -errno;
	if (plugin->is_pam) {
		ret = pam_open(runner, plugin->argv, err, sizeof(err));
		events = 1u << HOOK_USER_PASS_VERIFY | 1u << HOOK_WIRE_REREAD;
	} else if (plugin->is_dns) {
		events = 1u << HOOK_DNS_UP | 1u << HOOK_DNS_DOWN;
		ret = 0;
	} else {
		ret = plugin_open(runner, plugin, &events, err, sizeof(err));
	}
	reply.status = ret ? HOOK_FAILED : HOOK_OK;
	reply.code = (int32_t)events;
	if (ret) {
		reply.files[0].data = err;
		reply.files[0].len = strlen(err);
	}
	return runner_reply(&reply) || ret ? -EIO : 0;
}

static void runner_name(struct runner *runner,
			const struct hook_plugin *plugin)
{
	if (plugin && plugin->is_pam) {
		runner->kind = &runner_pam;
		prctl(PR_SET_NAME, "ovpnd-pam", 0, 0, 0);
	} else if (plugin && plugin->is_dns) {
		runner->kind = &runner_dns;
		prctl(PR_SET_NAME, "ovpnd-dns", 0, 0, 0);
	} else if (plugin) {
		runner->kind = &runner_plugin;
		prctl(PR_SET_NAME, "ovpnd-plugin", 0, 0, 0);
	} else {
		runner->kind = &runner_program;
		prctl(PR_SET_NAME, "ovpnd-hook", 0, 0, 0);
	}
}

void hook_runner_main(const struct hook_setup *setup,
		      const struct hook_plugin *plugin, int sock)
{
	struct runner *runner = calloc(1, sizeof(*runner));

	runner_signals();
	if (!runner || runner_rights() || runner_fds(setup, sock))
		_exit(1);
	runner->setup = setup;
	runner_name(runner, plugin);
	if (runner_ids(runner) || runner_begin(runner, plugin))
		_exit(1);
	runner->loop = loop_new();
	if (runner->loop)
		runner->io = loop_io_new(runner->loop, RUNNER_SOCK_FD,
					 LOOP_READABLE, runner_readable,
					 runner);
	if (!runner->io)
		_exit(1);
	loop_run(runner->loop);
	if (runner->kind->end)
		runner->kind->end(runner);
	loop_free(runner->loop);
	free(runner);
	_exit(0);
}
