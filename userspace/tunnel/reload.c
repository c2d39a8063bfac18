// SPDX-License-Identifier: GPL-2.0-or-later
/* Another configuration for a host that goes on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

/**
 * struct tunnel_reload - owned by its job
 * @host: NULL once it has gone
 * @next: what is loaded from files: only those members
 */
struct tunnel_reload {
	struct loop_job job;
	struct tunnel_host *host;
	struct tunnel_host next;
	void (*done)(void *arg, int err, const char *why);
	void *arg;
	int err;
	char why[512];
};

static struct tunnel_reload *reload_of(struct loop_job *job)
{
	return (struct tunnel_reload *)((char *)job -
					offsetof(struct tunnel_reload, job));
}

/* Context: a worker thread. */
static void reload_work(struct loop_job *job)
{
	struct tunnel_reload *reload = reload_of(job);
	struct tunnel_host *next = &reload->next;

	reload->err = tunnel_tls_load(next, reload->why, sizeof(reload->why));
	if (!reload->err)
		reload->err = tunnel_keys_load(next, reload->why,
					       sizeof(reload->why));
	if (!reload->err)
		reload->err = tunnel_login_load(next, reload->why,
						sizeof(reload->why));
	if (!reload->err)
		reload->err = tunnel_host_occ(next);
}

static void reload_free(struct tunnel_reload *reload)
{
	tls_ctx_free(reload->next.tls);
	tunnel_identity_free(&reload->next);
	tunnel_keys_free(&reload->next);
	auth_keys_free(reload->next.token_keys);
	free(reload);
}

/* What sessions have of the old ones they keep, until they end. */
static void reload_swap(struct tunnel_host *host, struct tunnel_host *next)
{
	struct tunnel_host old = *host;

	host->tls = next->tls;
	host->wrap = next->wrap;
	host->v2 = next->v2;
	host->v2_client = next->v2_client;
	host->token_keys = next->token_keys;
	memcpy(host->occ, next->occ, sizeof(host->occ));
	host->setup.cfg = next->setup.cfg;
	next->tls = old.tls;
	next->wrap = old.wrap;
	next->v2 = old.v2;
	next->v2_client = old.v2_client;
	next->token_keys = old.token_keys;
	next->setup.cfg = old.setup.cfg;
	tunnel_host_env(host);
}

static int reload_commit(struct tunnel_reload *reload)
{
	struct tunnel_host *host = reload->host;
	int err;

	reload_swap(host, &reload->next);
	err = host->role->reloaded(host, reload->next.setup.cfg);
	if (err) {
		snprintf(reload->why, sizeof(reload->why), "%s",
			 strerror(-err));
		reload_swap(host, &reload->next);
		return err;
	}
	tunnel_hook_reloaded(host);
	log_set_verb(host->setup.cfg->verb);
	return 0;
}

static void reload_done(struct loop_job *job, bool was_run)
{
	struct tunnel_reload *reload = reload_of(job);

	if (!was_run || !reload->host) {
		reload->err = -ECANCELED;
		snprintf(reload->why, sizeof(reload->why), "stopping");
	}
	if (reload->host)
		reload->host->reload = NULL;
	if (!reload->err)
		reload->err = reload_commit(reload);
	reload->done(reload->arg, reload->err, reload->why);
	reload_free(reload);
}

int tunnel_host_reload(struct tunnel_host *host, const struct config *cfg,
		       void (*done)(void *arg, int err, const char *why),
		       void *arg)
{
	struct tunnel_reload *reload;
	int ret;

	if (host->reload || host->is_stopping || !host->is_started)
		return -EBUSY;
	reload = calloc(1, sizeof(*reload));
	if (!reload)
		return -ENOMEM;
	reload->host = host;
	reload->next.setup = host->setup;
	reload->next.setup.cfg = cfg;
	reload->next.token_seed = host->token_seed;
	reload->next.signer = host->signer;
	reload->done = done;
	reload->arg = arg;
	reload->job.work = reload_work;
	reload->job.done = reload_done;
	ret = tunnel_identity_copy(host, &reload->next);
	if (!ret && loop_pool_submit(host->tls_pool, &reload->job))
		ret = -EBUSY;
	if (ret) {
		tunnel_identity_free(&reload->next);
		free(reload);
		return ret;
	}
	host->reload = reload;
	return 0;
}

int tunnel_host_reread(struct tunnel_host *host)
{
	if (host->is_stopping || !host->is_started || !host->role->reread)
		return 0;
	tunnel_hook_reloaded(host);
	return host->role->reread(host);
}

/** tunnel_reload_forget() - the host goes before the worker has finished */
void tunnel_reload_forget(struct tunnel_host *host)
{
	if (host->reload)
		host->reload->host = NULL;
	host->reload = NULL;
}
