// SPDX-License-Identifier: GPL-2.0-or-later
/* ovpnd: parse, build, drop privileges, run. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "config/config.h"
#include "extmux/extmux.h"
#include "log/log.h"
#include "loop/loop.h"
#include "priv/priv.h"
#include "tunnel/tunnel.h"

/* Everything that runs, in the order in which it is made. */
struct daemon {
	struct config *cfg;
	struct loop *loop;
	struct priv *priv;
	struct extmux *mux;
	struct tunnel_host *host;
	struct loop_signal *signals[5];
	int status;
};

static void on_datagram(void *arg, const uint8_t *pkt, size_t len,
			const union net_addr *remote,
			const union net_addr *local)
{
	struct daemon *d = arg;

	if (d->host)
		tunnel_host_input(d->host, pkt, len, remote, local);
}

static void on_stopped(void *arg, int status)
{
	struct daemon *d = arg;

	d->status = status;
	loop_stop(d->loop);
}

static void on_signal(int signum, void *arg)
{
	struct daemon *d = arg;

	log_notice("signal %s received", sigabbrev_np(signum));
	if (signum == SIGHUP || signum == SIGUSR1)
		tunnel_host_restart(d->host, "signal");
	else
		tunnel_host_stop(d->host);
}

/*
 * Keys do not survive a fork (they are wiped from children), so what the
 * launcher has checked is read again.
 */
static int go_background(int argc, char **argv, struct config **cfg)
{
	int cwd = open(".", O_PATH | O_CLOEXEC);

	config_free(*cfg);
	*cfg = NULL;
	if (cwd < 0 || priv_background() || fchdir(cwd))
		return -errno;
	close(cwd);
	return config_load(argc, argv, cfg) == CONFIG_RUN ? 0 : -EINVAL;
}

static int open_log(const struct config *cfg)
{
	const struct log_config log = {
		.target = cfg->log_path ? LOG_TARGET_FILE :
			  cfg->is_syslog || cfg->is_daemon ?
			  LOG_TARGET_SYSLOG : LOG_TARGET_STDOUT,
		.path = cfg->log_path,
		.ident = cfg->daemon_name ? cfg->daemon_name : "ovpnd",
		.is_append = cfg->is_log_append,
		.has_timestamps = !cfg->has_suppress_timestamps,
		.verb = cfg->verb,
	};
	int ret = log_open(&log);

	if (ret)
		log_error("log %s: %s", cfg->log_path, strerror(-ret));
	return ret;
}

/* What needs root's rights: helper, socket, keys, device. */
static int build(struct daemon *d, char *err, size_t err_len)
{
	struct extmux_setup mux = {
		.cfg = d->cfg,
		.input = on_datagram,
		.arg = d,
	};
	struct tunnel_host_setup host = {
		.cfg = d->cfg,
		.stopped = on_stopped,
		.arg = d,
	};
	int ret;

	snprintf(err, err_len, "cannot start the privileged helper or the event loop");
	ret = priv_start(&d->priv);
	if (ret)
		return ret;
	d->loop = loop_new();
	if (!d->loop)
		return -ENOMEM;
	mux.loop = d->loop;
	ret = extmux_new(&mux, &d->mux, err, err_len);
	if (ret)
		return ret;
	host.loop = d->loop;
	host.priv = d->priv;
	host.outer = extmux_outer(d->mux);
	return tunnel_host_new(&host, &d->host, err, err_len);
}

static int watch_signals(struct daemon *d)
{
	static const int signums[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(signums) / sizeof(signums[0]); i++) {
		d->signals[i] = loop_signal_new(d->loop, signums[i], on_signal,
						d);
		if (!d->signals[i])
			return -ENOMEM;
	}
	return 0;
}

static void tear_down(struct daemon *d)
{
	tunnel_host_free(d->host);
	extmux_free(d->mux);
	for (size_t i = 0; i < sizeof(d->signals) / sizeof(d->signals[0]); i++)
		if (d->signals[i])
			loop_signal_free(d->signals[i]);
	if (d->loop)
		loop_free(d->loop);
	if (d->priv)
		priv_stop(d->priv);
	if (d->cfg && d->cfg->writepid)
		unlink(d->cfg->writepid);
	config_free(d->cfg);
	log_close();
}

static int run(struct daemon *d)
{
	char err[512];
	int ret;

	log_notice("ovpnd %s starting, process %d", config_version(),
		   getpid());
	config_log_warnings(d->cfg);
	ret = build(d, err, sizeof(err));
	if (!ret)
		ret = watch_signals(d);
	if (!ret && d->cfg->writepid)
		ret = priv_write_pid(d->cfg->writepid);
	if (!ret)
		ret = priv_drop(d->cfg->user, d->cfg->group, err, sizeof(err));
	if (ret) {
		log_error("%s", err);
		return 1;
	}
	ret = tunnel_host_start(d->host);
	if (ret) {
		log_error("cannot start: %s", strerror(-ret));
		return 1;
	}
	priv_background_ready();
	sd_notify(0, "READY=1\nSTATUS=Initialization Sequence Completed");
	loop_run(d->loop);
	sd_notify(0, "STOPPING=1");
	return d->status;
}

int main(int argc, char **argv)
{
	struct daemon d = { 0 };
	int status = 1;

	switch (config_load(argc, argv, &d.cfg)) {
	case CONFIG_EXIT_OK:
		return 0;
	case CONFIG_EXIT_USAGE:
		return 1;
	case CONFIG_RUN:
		break;
	}
	if (d.cfg->is_daemon && go_background(argc, argv, &d.cfg))
		return 1;
	if (!open_log(d.cfg))
		status = run(&d);
	tear_down(&d);
	return status;
}
