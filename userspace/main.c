// SPDX-License-Identifier: GPL-2.0-or-later
/* ovpnd: parse, build, drop privileges, run. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "control/control.h"
#include "extmux/extmux.h"
#include "live/live.h"
#include "log/log.h"
#include "loop/loop.h"
#include "mgmt/mgmt.h"
#include "priv/priv.h"
#include "tunnel/tunnel.h"

/* Everything that runs, in the order in which it is made. */
struct daemon {
	int argc;
	char **argv;
	struct config *cfg;
	struct priv *priv;
	struct hook *hook;
	struct live *live;
	struct loop *loop;
	struct extmux *mux;
	struct tunnel_host *host;
	struct mgmt_service *mgmt;
};

/*
 * Keys do not survive a fork (they are wiped from children), so what the
 * launcher has checked is read again.
 */
static int go_background(int argc, char **argv, struct config **cfg)
{
	config_free(*cfg);
	*cfg = NULL;
	return priv_background() || config_load(argc, argv, cfg) != CONFIG_RUN;
}

static int build_loop(struct daemon *d)
{
	signal(SIGPIPE, SIG_IGN);
	d->loop = loop_new();
	return d->loop ? live_open(d->live, d->loop) : -ENOMEM;
}

/* What needs root's rights: helper, socket, keys, device, control socket. */
static int build(struct daemon *d, char *err, size_t err_len)
{
	struct tunnel_host_setup host;
	struct extmux_kept kept;
	struct keep *keep;
	int ret;

	snprintf(err, err_len, "out of memory or descriptors");
	ret = priv_start(&d->priv);
	if (!ret)
		ret = tunnel_hook_start(d->cfg, &d->hook, err, err_len);
	if (!ret)
		ret = live_start(d->argc, d->argv, &d->live);
	if (ret)
		return ret;
	keep = live_keep(d->live, d->cfg);
	live_sockets(d->live, &kept);
	ret = build_loop(d);
	if (!ret)
		ret = extmux_new_on(d->loop, d->cfg, &kept, &d->mux, err,
				    err_len);
	if (ret)
		return ret;
	host = (struct tunnel_host_setup){
		d->loop, d->cfg, d->priv, extmux_outer(d->mux), d->hook,
		keep
	};
	ret = tunnel_host_new(&host, &d->host, err, err_len);
	if (ret)
		return ret;
	extmux_set_host(d->mux, d->host);
	ret = mgmt_start(&(struct mgmt_setup){ d->loop, d->cfg, d->priv,
					       d->host, live_reload, live_leave,
					       d->live },
			 &d->mgmt, err, err_len);
	live_set_parts(d->live, &(struct live_parts){
		&d->cfg, d->host, d->mux, d->mgmt,
	});
	return ret;
}

/* Names of users are looked up before the files with them are out of sight. */
static int confine(const struct config *cfg, char *err, size_t err_len)
{
	const struct priv_limits limits = {
		.nice = cfg->nice, .is_mlock = cfg->is_mlock,
		.chroot = cfg->chroot, .context = cfg->setcon,
	};

	return priv_drop(cfg->user, cfg->group, &limits, err, err_len);
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
		ret = confine(d->cfg, err, sizeof(err));
	if (!ret)
		ret = tunnel_host_start(d->host, err, sizeof(err));
	if (ret) {
		log_error("%s", err);
		return 1;
	}
	priv_ready();
	return loop_run(d->loop);
}

/* Whoever is impatient gets the same orderly end, and its status. */
static void block_ends(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void tear_down(struct daemon *d)
{
	block_ends();
	priv_done();
	mgmt_stop(d->mgmt);
	tunnel_host_free(d->host);
	mgmt_free(d->mgmt);
	live_free(d->live);
	extmux_free(d->mux);
	hook_free(d->hook);
	loop_free(d->loop);
	priv_stop(d->priv);
	config_free(d->cfg);
	log_close();
}

int main(int argc, char **argv)
{
	struct daemon d = { .argc = argc, .argv = argv };
	enum config_verdict verdict = config_load(argc, argv, &d.cfg);
	int status = 1;

	if (verdict == CONFIG_EXIT_OK || verdict == CONFIG_EXIT_USAGE)
		return verdict == CONFIG_EXIT_OK ? 0 : 1;
	if (verdict == CONFIG_CHECK)
		return tunnel_check(d.cfg);
	if (d.cfg->is_daemon && go_background(argc, argv, &d.cfg))
		return 1;
	if (verdict == CONFIG_GENKEY)
		status = control_genkey(d.cfg);
	else if (!config_open_log(d.cfg))
		status = run(&d);
	/* the next process goes on with what is there */
	if (status == TUNNEL_STATUS_LEFT)
		return live_left_status(d.live);
	tear_down(&d);
	return status;
}
