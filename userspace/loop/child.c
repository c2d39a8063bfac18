// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "loop/internal.h"

struct loop_child {
	uv_process_t uv;
	loop_child_fn *fn;
	void *arg;
};

static void child_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void child_exited(uv_process_t *uv, int64_t status, int signum)
{
	struct loop_child *child = uv->data;

	child->fn(child, (int)status, signum, child->arg);
	uv_close((uv_handle_t *)uv, child_closed);
}

struct loop_child *loop_child_new(struct loop *loop,
				  const struct loop_child_setup *setup,
				  loop_child_fn *fn, void *arg)
{
	struct loop_child *child = calloc(1, sizeof(*child));
	uv_stdio_container_t stdio[3] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_INHERIT_FD, .data.fd = STDOUT_FILENO },
		{ .flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO },
	};
	uv_process_options_t options = {
		.exit_cb = child_exited,
		.file = setup->argv[0],
		.args = (char **)setup->argv,
		.env = (char **)setup->envp,
		.cwd = setup->cwd,
		.flags = UV_PROCESS_DETACHED,
		.stdio = stdio,
		.stdio_count = 3,
	};
	int ret;

	if (!child)
		return NULL;
	if (setup->has_ids) {
		options.flags |= UV_PROCESS_SETUID | UV_PROCESS_SETGID;
		options.uid = setup->uid;
		options.gid = setup->gid;
	}
	child->uv.data = child;
	child->fn = fn;
	child->arg = arg;
	ret = uv_spawn(&loop->uv, &child->uv, &options);
	if (!ret)
		return child;
	uv_close((uv_handle_t *)&child->uv, child_closed);
	errno = -ret;
	return NULL;
}

int loop_child_kill(struct loop_child *child, int signum)
{
	pid_t pid = uv_process_get_pid(&child->uv);

	if (pid <= 1)
		return -ESRCH;
	return kill(-pid, signum) ? -errno : 0;
}
