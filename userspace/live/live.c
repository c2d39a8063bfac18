// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live/private.h"
#include "log/log.h"
#include "priv/priv.h"

/* max-clients may become as much later; what is not used costs nothing, but 16
 * MB of LimitMEMLOCK, which is 64 in the units
 */
#define RECORDS_MIN 4096u

static void on_signal(int signum, void *arg)
{
	struct live *live = arg;
	char name[16];
	int ret;

	snprintf(name, sizeof(name), "SIG%s", sigabbrev_np(signum));
	log_notice("signal %s received", name + 3);
	if (signum == SIGUSR1 && (*live->parts.cfg)->remap_usr1) {
		signum = (*live->parts.cfg)->remap_usr1;
		snprintf(name, sizeof(name), "SIG%s", sigabbrev_np(signum));
		log_notice("remap-usr1: it is taken for %s", name);
	}
	if (signum == SIGUSR1) {
		tunnel_host_restart(live->parts.host, name);
	} else if (signum == SIGUSR2) {
		mgmt_status_now(live->parts.mgmt);
	} else if (signum == SIGHUP) {
		ret = live_reload(live);
		if (ret)
			log_error("cannot reload: %s", strerror(-ret));
	} else if (signum == SIGTERM) {
		live_job_terminated(live, name);
	} else {
		mgmt_exiting(live->parts.mgmt, name);
		tunnel_host_stop(live->parts.host);
	}
}

int live_leave(void *arg)
{
	struct live *live = arg;

	return live->parts.host ? tunnel_host_leave(live->parts.host) :
				  -ENOENT;
}

int live_left_status(const struct live *live)
{
	return live->is_restart ? 0 : TUNNEL_STATUS_LEFT;
}

int live_start(int argc, char **argv, struct live **out)
{
	struct live *live = calloc(1, sizeof(*live));
	int ret;

	if (!live)
		return -ENOMEM;
	live->argc = argc;
	live->argv = argv;
	ret = live_reader_start(argc, argv, &live->reader);
	if (ret)
		free(live);
	else
		*out = live;
	return ret;
}

/* The next process has the same command line, in the same place. */
static void keep_id(const struct live *live, char out[17])
{
	uint64_t id = 14695981039346656037ull;	/* FNV-1a */
	char cwd[PATH_MAX] = "";

	if (!getcwd(cwd, sizeof(cwd)))
		cwd[0] = '\0';
	for (int i = 0; i <= live->argc; i++) {
		const char *text = i ? live->argv[i] : cwd;

		for (; text; text = *text ? text + 1 : NULL)
			id = (id ^ (uint8_t)*text) * 1099511628211ull;
	}
	snprintf(out, 17, "%016llx", (unsigned long long)id);
}

struct keep *live_keep(struct live *live, const struct config *cfg)
{
	struct keep_setup setup = {
		.n_records = cfg->max_clients > RECORDS_MIN ?
			     cfg->max_clients : RECORDS_MIN,
		.hold_s = cfg->restart_hold,
	};
	bool has_manager = getenv("NOTIFY_SOCKET");
	char id[17];
	int ret;

	if (cfg->mode != CONFIG_MODE_SERVER)
		return NULL;
	keep_id(live, id);
	setup.id = id;
	setup.is_storeless = has_manager && !getenv("FDSTORE") &&
			     live_job_lacks_store();
	ret = keep_open(&setup, &live->keep);
	if (ret)
		log_warn("clients will not survive a restart of ovpnd: %s",
			 ret == -EBUSY ? "another ovpnd with this command line runs" :
			 strerror(-ret));
	else if (live->keep)
		log_info("clients survive a restart of ovpnd, by %s",
			 keep_by(live->keep));
	else if (has_manager)
		log_notice("clients will not survive a restart of ovpnd: the unit lacks FileDescriptorStoreMax=%u",
			   KEEP_FDS_MAX);
	return live->keep;
}

/*
 * That this comes shows that the loop goes round: a hanging callback, or a
 * storm of events that leaves no turn for timers, ends it.
 */
static void on_watchdog(struct loop_timer *timer, void *arg)
{
	priv_alive();
	loop_timer_start(timer, priv_watchdog());
	(void)arg;
}

int live_open(struct live *live, struct loop *loop)
{
	static const int caught[] = {
		SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, 0,
	};

	live->loop = loop;
	for (const int *signum = caught; *signum; signum++)
		if (!loop_signal_new(loop, *signum, on_signal, live))
			return -ENOMEM;
	if (priv_watchdog()) {
		live->watchdog = loop_timer_new(loop, on_watchdog, live);
		if (!live->watchdog)
			return -ENOMEM;
		loop_timer_start(live->watchdog, 0);
	}
	live->timer = loop_timer_new(loop, live_reload_timeout, live);
	live->io = loop_io_new(loop, live_reader_fd(live->reader),
			       LOOP_READABLE, live_reload_event, live);
	live->job_timer = loop_timer_new(loop, live_job_timeout, live);
	live->job_io = loop_io_new(loop, live_reader_job_fd(live->reader),
				   LOOP_READABLE, live_job_event, live);
	return live->timer && live->io && live->job_timer && live->job_io ?
	       0 : -ENOMEM;
}

static void socket_drop(void *arg, unsigned int n)
{
	const struct live *live = arg;
	char name[KEEP_NAME_MAX];

	keep_fd_drop(live->keep, keep_fd_name("socket", n, name));
}

void live_sockets(struct live *live, struct extmux_kept *out)
{
	char name[KEEP_NAME_MAX];

	*out = (struct extmux_kept){ .drop = socket_drop, .arg = live };
	for (unsigned int i = 0; i < CONFIG_LOCALS_MAX; i++) {
		out->fds[i] = keep_fd_take(live->keep,
					   keep_fd_name("socket", i, name));
		if (out->fds[i] >= 0)
			out->n = i + 1;
	}
	live->n_sockets = out->n;
}

/* Those that are there now, and not those that the file does not name. */
static int sockets_put(struct live *live)
{
	struct tunnel_outer outer = extmux_outer(live->parts.mux);
	char name[KEEP_NAME_MAX];
	unsigned int i;
	int fd, ret = 0;

	for (i = 0; !ret && (fd = outer.fd(outer.arg, i)) != -ENOENT; i++)
		ret = keep_fd_put(live->keep, keep_fd_name("socket", i, name),
				  fd);
	for (; !ret && i < live->n_sockets; i++)
		keep_fd_drop(live->keep, keep_fd_name("socket", i, name));
	return ret;
}

void live_set_parts(struct live *live, const struct live_parts *parts)
{
	int ret;

	live->parts = *parts;
	if (!live->keep)
		return;
	ret = sockets_put(live);
	if (ret)
		log_warn("clients will not survive a restart of ovpnd: %s",
			 strerror(-ret));
}

void live_free(struct live *live)
{
	if (!live)
		return;
	loop_timer_free(live->timer);
	loop_timer_free(live->watchdog);
	loop_io_free(live->io);
	loop_timer_free(live->job_timer);
	loop_io_free(live->job_io);
	live_reader_stop(live->reader);
	/* what could not be begun leaves it to the next try */
	if (live->parts.host)
		keep_close(live->keep);
	else
		keep_leave(live->keep);
	live_answer_drop(&live->answer);
	config_free(live->next);
	free(live);
}
