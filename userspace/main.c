// SPDX-License-Identifier: GPL-2.0-or-later
/* ovpnd: parse, build, drop privileges, run. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "config/config.h"
#include "extmux/extmux.h"
#include "log/log.h"
#include "loop/loop.h"
#include "mgmt/mgmt.h"
#include "priv/priv.h"
#include "tunnel/tunnel.h"

#define N_SIGNALS 5

/* Everything that runs, in the order in which it is made. */
struct daemon {
	struct config *cfg;
	struct priv *priv;
	struct loop *loop;
	struct loop_signal *signals[N_SIGNALS];
	struct extmux *mux;
	struct tunnel_host *host;
	struct mgmt_service *mgmt;
	int status;
};

static void on_datagram(void *arg, const uint8_t *pkt, size_t len,
			const union net_addr *remote,
			const union net_addr *local)
{
	struct daemon *d = arg;

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
	if (signum == SIGTERM || signum == SIGINT)
		tunnel_host_stop(d->host);
	else if (signum == SIGUSR2)
		mgmt_status_now(d->mgmt);
	else
		tunnel_host_restart(d->host, "signal");
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

static int build_loop(struct daemon *d)
{
	static const int signums[N_SIGNALS] = {
		SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2,
	};

	signal(SIGPIPE, SIG_IGN);
	d->loop = loop_new();
	for (size_t i = 0; d->loop && i < N_SIGNALS; i++) {
		d->signals[i] = loop_signal_new(d->loop, signums[i], on_signal,
						d);
		if (!d->signals[i])
			return -ENOMEM;
	}
	return d->loop ? 0 : -ENOMEM;
}

/* What needs root's rights: helper, socket, keys, device, control socket. */
static int build(struct daemon *d, char *err, size_t err_len)
{
	struct extmux_setup mux = {
		.cfg = d->cfg, .input = on_datagram, .arg = d,
	};
	struct tunnel_host_setup host = {
		.cfg = d->cfg, .stopped = on_stopped, .arg = d,
	};
	struct mgmt_setup mgmt;
	int ret;

	snprintf(err, err_len, "out of memory or descriptors");
	ret = priv_start(&d->priv);
	if (!ret)
		ret = build_loop(d);
	mux.loop = d->loop;
	if (!ret)
		ret = extmux_new(&mux, &d->mux, err, err_len);
	if (ret)
		return ret;
	host.loop = d->loop;
	host.priv = d->priv;
	host.outer = extmux_outer(d->mux);
	ret = tunnel_host_new(&host, &d->host, err, err_len);
	if (ret)
		return ret;
	mgmt = (struct mgmt_setup){ d->loop, d->cfg, d->priv, d->host };
	return mgmt_start(&mgmt, &d->mgmt, err, err_len);
}

static int run(struct daemon *d)
{
	char err[512];
	int ret;

	log_notice("ovpnd %s starting, process %d", config_version(),
		   getpid());
	config_log_warnings(d->cfg);
	ret = build(d, err, sizeof(err));
	if (!ret && d->cfg->writepid)
		ret = priv_write_pid(d->cfg->writepid, err, sizeof(err));
	if (!ret)
		ret = priv_drop(d->cfg->user, d->cfg->group, err, sizeof(err));
	if (!ret)
		ret = tunnel_host_start(d->host, err, sizeof(err));
	if (ret) {
		log_error("%s", err);
		return 1;
	}
	priv_background_ready();
	sd_notify(0, "READY=1\nSTATUS=Initialization Sequence Completed");
	ret = loop_run(d->loop);
	sd_notify(0, "STOPPING=1");
	return ret ? 1 : d->status;
}

static void tear_down(struct daemon *d)
{
	mgmt_stop(d->mgmt);
	tunnel_host_free(d->host);
	extmux_free(d->mux);
	for (size_t i = 0; i < N_SIGNALS; i++)
		loop_signal_free(d->signals[i]);
	loop_free(d->loop);
	priv_stop(d->priv);
	if (d->cfg && d->cfg->writepid)
		unlink(d->cfg->writepid);
	config_free(d->cfg);
	log_close();
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
	if (!config_open_log(d.cfg))
		status = run(&d);
	tear_down(&d);
	return status;
}
