// SPDX-License-Identifier: GPL-2.0-or-later
/* A run that is a program. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "hook/run.h"

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

static void program_ended(struct loop_child *child, int status, int signum,
			  void *arg)
{
	(void)child;
	run_ended(arg, status, signum);
}

/*
 * Without CAP_KILL it takes the program's own user to end it. What of it has
 * the first rights ("sudo") hears it as well: the real user stays.
 */
static void program_kill(struct run *run, int signum)
{
	uid_t self = geteuid();

	if (loop_child_kill(run->process, signum) != -EPERM ||
	    run->uid == self || seteuid(run->uid))
		return;
	loop_child_kill(run->process, signum);
	if (seteuid(self))
		_exit(1);
}

static int program_start(struct run *run, const struct hook_request *req)
{
	static struct run_env env;
	const struct runner *runner = run->runner;
	bool has_ids = runner->has_ids && !runner_has_first_rights(req->event);
	char *argv[2 * HOOK_ARGS_MAX + HOOK_FILES_MAX + 2];
	struct loop_child_setup setup = {
		.argv = argv, .envp = env.list, .cwd = runner->setup->cwd,
		.has_ids = has_ids, .uid = runner->uid, .gid = runner->gid,
	};
	int ret = 0;

	if (!runner->setup->commands[req->event])
		return -ENOENT;
	run->uid = has_ids ? runner->uid : geteuid();
	for (size_t i = 0; i < req->n_files && !ret; i++)
		ret = run_file_make(run, &req->files[i]);
	if (!ret)
		ret = argv_fill(argv, sizeof(argv) / sizeof(argv[0]), run,
				req);
	if (ret)
		return ret;
	run_env_fill(&env, run, req);
	run->kill = program_kill;
	run->process = loop_child_new(runner->loop, &setup, program_ended,
				      run);
	return run->process ? 0 : -errno;
}

const struct runner_kind runner_program = {
	.start = program_start,
};
