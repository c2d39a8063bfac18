// SPDX-License-Identifier: GPL-2.0-or-later
/* One process that runs programs or calls a plugin, seen from the daemon. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook/host.h"
#include "log/log.h"

#define BEGIN_MS	60000	/* a plugin may talk to others when it begins */
#define END_MS	200	/* what only waits ends at once */
#define READS_MAX	64	/* messages in one turn of the loop */

/* ---- messages -------------------------------------------------------- */

static void host_log(const struct hook_host *host,
		     const struct hook_reply *reply)
{
	static struct log_limit limit = { .burst = 50, .interval_ms = 10000 };
	const char *text = reply->n_files ? reply->files[0].data : NULL;

	if (!text || reply->code < LOG_LEVEL_ERROR ||
	    reply->code > LOG_LEVEL_DEBUG)
		return;
	log_limited(&limit, (enum log_level)reply->code, "%s: %s",
		    host->label ? host->label : "programs", text);
}

static void host_die(struct hook_host *host)
{
	if (host->is_dead)
		return;
	host->is_dead = true;
	hook_host_detach(host);
	host->ops->died(host);
}

bool hook_host_read(struct hook_host *host)
{
	struct hook_reply reply;
	ssize_t n;

	do {
		n = recv(host->sock, host->buf, sizeof(host->buf),
			 MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n <= 0) {
		if (!n || errno != EAGAIN)
			host_die(host);
		return false;
	}
	if (hook_wire_reply_parse(host->buf, (size_t)n, &reply))
		return true;
	if (reply.id != HOOK_ID_LOG && reply.status != HOOK_DEFERRED &&
	    host->n_open)
		host->n_open--;
	if (reply.id == HOOK_ID_LOG)
		host_log(host, &reply);
	else if (reply.id != HOOK_ID_READY)
		host->ops->reply(host, &reply);
	return true;
}

static void host_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct hook_host *host = arg;

	if (events & LOOP_WRITABLE) {
		loop_io_set(io, LOOP_READABLE);
		host->is_full = false;
	}
	for (int i = 0; i < READS_MAX && !host->is_dead; i++)
		if (!hook_host_read(host))
			break;
	if (!host->is_dead)
		host->ops->ready(host);
}

/* What it has said before is heard. */
static void host_dead(struct loop_io *io, unsigned int events, void *arg)
{
	struct hook_host *host = arg;

	(void)io;
	(void)events;
	while (!host->is_dead && hook_host_read(host))
		continue;
	host_die(host);
}

int hook_host_send(struct hook_host *host, const struct mem_buf *request)
{
	ssize_t n;

	if (host->is_dead)
		return -EPIPE;
	do {
		n = send(host->sock, request->data, request->len,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n >= 0) {
		host->n_open++;
		return 0;
	}
	if (errno == EAGAIN && host->io) {
		host->is_full = true;
		loop_io_set(host->io, LOOP_READABLE | LOOP_WRITABLE);
	}
	return -errno;
}

/* ---- life ------------------------------------------------------------ */

/*
 * A plugin says what it is for, or why it cannot begin. Blocks, and so does the
 * daemon's start.
 */
static int host_wait(struct hook_host *host, char *err, size_t err_len)
{
	struct pollfd fds[] = {
		{ .fd = host->sock, .events = POLLIN },
		{ .fd = host->pidfd, .events = POLLIN },
	};
	struct hook_reply reply;
	ssize_t n;

	for (;;) {
		if (poll(fds, 2, BEGIN_MS) <= 0) {
			snprintf(err, err_len, "%s: it takes longer than %d seconds to begin",
				 host->label, BEGIN_MS / 1000);
			return -ETIMEDOUT;
		}
		n = recv(host->sock, host->buf, sizeof(host->buf),
			 MSG_DONTWAIT);
		if (n <= 0) {
			snprintf(err, err_len, "%s: its process has ended when it was to begin",
				 host->label);
			return -EPIPE;
		}
		if (hook_wire_reply_parse(host->buf, (size_t)n, &reply))
			return -EBADMSG;
		if (reply.id != HOOK_ID_READY) {
			host_log(host, &reply);
			continue;
		}
		host->events = (uint32_t)reply.code;
		if (reply.status == HOOK_OK)
			return 0;
		snprintf(err, err_len, "%s: %s", host->label,
			 reply.n_files && reply.files[0].data ?
			 reply.files[0].data : "");
		return -ENOEXEC;
	}
}

/* Into a process of its own; 0 or -errno. */
static int host_fork(struct hook_host *host, const struct hook_setup *setup,
		     const struct hook_plugin *plugin)
{
	const int type = SOCK_SEQPACKET | SOCK_CLOEXEC;
	int pair[2];

	if (socketpair(AF_UNIX, type, 0, pair))
		return -errno;
	host->sock = pair[0];
	host->pid = fork();
	if (!host->pid)
		hook_runner_main(setup, plugin, pair[1]);
	close(pair[1]);
	if (host->pid < 0)
		return -errno;
	/* without, its end is seen when nobody has the socket any more */
	host->pidfd = (int)syscall(SYS_pidfd_open, host->pid, 0);
	return 0;
}

int hook_host_start(const struct hook_setup *setup,
		    const struct hook_plugin *plugin,
		    const struct hook_host_ops *ops, void *owner,
		    struct hook_host **out, char *err, size_t err_len)
{
	struct hook_host *host = calloc(1, sizeof(*host));
	int ret = -ENOMEM;

	*out = host;
	snprintf(err, err_len, "out of memory");
	if (!host)
		return -ENOMEM;
	host->ops = ops;
	host->owner = owner;
	host->sock = -1;
	host->pidfd = -1;
	if (plugin && plugin->is_pam)
		host->label = strdup("auth-pam");
	else if (plugin && asprintf(&host->label, "%s %s", plugin->is_dns ?
				    "the setting of" : "plugin",
				    plugin->argv[0]) < 0)
		host->label = NULL;
	if (!plugin || host->label)
		ret = host_fork(host, setup, plugin);
	if (ret) {
		snprintf(err, err_len, "cannot start the process of programs or plugins: %s",
			 strerror(-ret));
		return ret;
	}
	if (plugin)
		return host_wait(host, err, err_len);
	for (int i = 0; i < HOOK_EVENTS; i++)
		if (setup->commands[i])
			host->events |= 1u << i;
	return 0;
}

int hook_host_attach(struct hook_host *host, struct loop *loop)
{
	host->io = loop_io_new(loop, host->sock, LOOP_READABLE, host_event,
			       host);
	if (host->pidfd >= 0)
		host->death = loop_io_new(loop, host->pidfd, LOOP_READABLE,
					  host_dead, host);
	return host->io && (host->death || host->pidfd < 0) ? 0 : -ENOMEM;
}

void hook_host_detach(struct hook_host *host)
{
	loop_io_free(host->io);
	loop_io_free(host->death);
	host->io = NULL;
	host->death = NULL;
}

/* A plugin that blocks would stay for ever. */
static void host_end(struct hook_host *host)
{
	struct pollfd ended = { .fd = host->pidfd, .events = POLLIN };

	if (host->pidfd < 0 || poll(&ended, 1, END_MS) <= 0)
		kill(host->pid, SIGKILL);
}

/* It may have to wait for a program, and is not waited for. */
void hook_host_free(struct hook_host *host)
{
	if (!host)
		return;
	hook_host_detach(host);
	if (host->sock >= 0)
		close(host->sock);
	if (host->label && host->n_open && host->pid > 0 && !host->is_dead)
		host_end(host);
	if (host->pidfd >= 0)
		close(host->pidfd);
	if (host->pid > 0)
		waitpid(host->pid, NULL, WNOHANG);
	free(host->label);
	mem_wipe(host->buf, sizeof(host->buf));
	free(host);
}
