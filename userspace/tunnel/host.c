// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tunnels of one process share: keys, workers, device, data path. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tunnel/private.h"

#define WORKERS_MAX	16
#define JOBS_PER_CLIENT	2	/* an active and an untrusted session */
#define HOOK_END_MS	20000	/* what systemd gives is 90 s */

/* set-up */

/* Those that wait for signatures are beside those that compute. */
static unsigned int n_workers(const struct tunnel_host *host)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 1)
		n = 1;
	if (n > WORKERS_MAX)
		n = WORKERS_MAX;
	return (unsigned int)n + (host->signer ? TUNNEL_SIGN_WAITERS : 0);
}

/** tunnel_host_env() - what the control sessions of a host share */
void tunnel_host_env(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;

	host->env = (struct control_env){
		.loop = host->setup.loop,
		.pool = host->tls_pool,
		.tls = host->tls,
		.wrap = host->wrap,
		.v2 = host->v2_client,
		.ops = &tunnel_control_ops,
		.is_server = cfg->is_tls_server,
		.hand_window = cfg->hand_window,
		.reneg_sec = cfg->reneg_sec,
		.tls_timeout = cfg->tls_timeout,
		.max_packet_size = cfg->max_packet_size,
		.realtime = loop_realtime,
		.random = keygen_random,
	};
}

/* The one that is told to peers that do not negotiate (section 5.2). */
static enum proto_cipher occ_cipher(const struct config *cfg)
{
	enum proto_cipher cipher = PROTO_CIPHER_NONE;

	if (cfg->cipher)
		cipher = proto_cipher_find(cfg->cipher);
	if (proto_cipher_is_aead(cipher) ||
	    proto_cipher_list_has(cfg->data_ciphers, proto_cipher_name(cipher)))
		return cipher;
	return PROTO_CIPHER_NONE;
}

static int occ_build(const struct config *cfg, bool is_tcp,
		     struct tunnel_occ *out)
{
	enum proto_cipher cipher = occ_cipher(cfg);
	bool is_aead = proto_cipher_is_aead(cipher);
	bool is_client = cfg->mode != CONFIG_MODE_SERVER;
	struct proto_occ occ = {
		.is_server = cfg->is_tls_server,
		.is_tcp = is_tcp,
		.is_tap = config_is_tap(cfg),
		.tun_mtu = cfg->tun_mtu,
		.cipher = cipher ? proto_cipher_name(cipher) : NULL,
		.auth = is_aead ? "[null-digest]" : cfg->auth,
		.keysize = cipher ?
			8 * (unsigned int)proto_cipher_key_len(cipher) : 128,
		.has_tls_auth = cfg->tls_auth.text != NULL,
		.has_framing = is_client && cfg->framing,
		.has_fragment = cfg->fragment && !is_tcp,
		.key_direction = cfg->tls_auth.text ? cfg->key_direction : -1,
	};
	int ret;

	ret = proto_occ_build(&occ, out->plain, sizeof(out->plain));
	occ.has_framing = true;
	return ret ? ret : proto_occ_build(&occ, out->framed,
					   sizeof(out->framed));
}

/**
 * tunnel_host_occ() - the own options strings, of both transports
 * @host: gets @occ
 *
 * Informational since 2.6, but a sane one avoids the peer's warnings.
 *
 * Return: 0 or -ENOBUFS.
 */
int tunnel_host_occ(struct tunnel_host *host)
{
	int ret = occ_build(host->setup.cfg, false, &host->occ[0]);

	return ret ? ret : occ_build(host->setup.cfg, true, &host->occ[1]);
}

/** tunnel_occ() - the one of a tunnel whose peer wants @framing */
const char *tunnel_occ(const struct tunnel *tunnel, enum proto_framing framing)
{
	const struct tunnel_occ *occ = &tunnel->host->occ[tunnel->link != NULL];

	return framing ? occ->framed : occ->plain;
}

static void reap(struct loop_timer *timer, void *arg)
{
	(void)timer;
	tunnel_host_reap(arg);
}

/* What files say, and whom to ask for the rest. */
static int host_load(struct tunnel_host *host, char *err, size_t err_len)
{
	bool is_server = host->setup.cfg->mode == CONFIG_MODE_SERVER;
	int ret;

	snprintf(err, err_len, "out of memory or descriptors");
	ret = tunnel_sign_open(host);
	if (!ret)
		ret = tunnel_identity_open(host);
	if (!ret)
		ret = tunnel_tls_load(host, err, err_len);
	if (tunnel_identity_can_wait(host, ret))
		ret = 0;
	if (!ret)
		ret = tunnel_keys_load(host, err, err_len);
	if (!ret && is_server)
		ret = tunnel_survive_seed(host);
	if (!ret)
		ret = tunnel_login_load(host, err, err_len);
	if (!ret && is_server)
		ret = tunnel_persist_open(host, err, err_len);
	return ret;
}

static int host_init(struct tunnel_host *host, char *err, size_t err_len)
{
	const struct config *cfg = host->setup.cfg;
	bool is_server = cfg->mode == CONFIG_MODE_SERVER;
	/* who waits lets in more than one that says to be the other end */
	uint32_t seed, max = cfg->is_tls_server ? cfg->max_clients : 1;
	int ret = host_load(host, err, err_len);

	if (ret)
		return ret;
	snprintf(err, err_len, "out of memory or descriptors");
	host->role = is_server ? &tunnel_server_role : cfg->is_tls_server ?
		     &tunnel_pair_role : &tunnel_client_role;
	host->started = loop_realtime();
	host->last_signal = "sigterm";
	host->reaper = loop_timer_new(host->setup.loop, reap, host);
	host->tls_pool = loop_pool_new(host->setup.loop, n_workers(host),
				       JOBS_PER_CLIENT * max);
	ret = keygen_random(&seed, sizeof(seed));
	if (!ret)
		ret = tunnel_registry_init(&host->reg, max, seed);
	if (!ret)
		ret = tunnel_host_occ(host);
	if (!ret && (!host->reaper || !host->tls_pool))
		ret = -ENOMEM;
	if (ret)
		return ret;
	tunnel_host_env(host);
	ret = tunnel_hook_init(host);
	if (ret)
		return ret;
	return tunnel_device_open(host, err, err_len);
}

int tunnel_host_new(const struct tunnel_host_setup *setup,
		    struct tunnel_host **out, char *err, size_t err_len)
{
	struct tunnel_host *host = calloc(1, sizeof(*host));
	int ret;

	if (!host) {
		snprintf(err, err_len, "out of memory");
		return -ENOMEM;
	}
	host->setup = *setup;
	host->watch = &tunnel_watch_none;
	if (setup->cfg->has_auth_retry)
		host->retry = setup->cfg->is_auth_interact ?
			      TUNNEL_RETRY_INTERACT : TUNNEL_RETRY_NOINTERACT;
	ret = host_init(host, err, err_len);
	if (ret) {
		tunnel_host_free(host);
		return ret;
	}
	*out = host;
	return 0;
}

/* Tunnels of an earlier process are there; what waits for them goes first. */
static int host_start_data(struct tunnel_host *host, char *err, size_t err_len)
{
	const struct tunnel_outer *outer = &host->setup.outer;
	int ret;

	if (outer->drain && dp_threads(host->dp))
		outer->drain(outer->arg);
	ret = dp_start(host->dp);
	if (ret)
		snprintf(err, err_len, "cannot start the data threads: %s",
			 strerror(-ret));
	return ret;
}

int tunnel_host_start(struct tunnel_host *host, char *err, size_t err_len)
{
	int ret;

	if (tunnel_watch_hold(host, 0))
		return 0;
	if (!host->tls) {
		tunnel_identity_ask(host);
		return 0;
	}
	host->is_started = true;
	ret = host->role->start(host);
	if (ret)
		snprintf(err, err_len, "cannot start as %s: %s",
			 host->role->name, strerror(-ret));
	else
		ret = host_start_data(host, err, err_len);
	return ret;
}

/* packets */

void tunnel_host_input(struct tunnel_host *host, const uint8_t *pkt,
		       size_t len, const struct tunnel_way *way)
{
	unsigned int op;

	if (!len || host->is_held || !host->is_started)
		return;
	op = proto_byte_opcode(pkt[0]);
	if (op == PROTO_DATA_V2 || op == PROTO_DATA_V1)
		dp_input(host->dp, tunnel_sock_fd(host, way->sock), pkt, len,
			 way->remote, way->local);
	else if (proto_opcode_is_control(op) && len >= PROTO_HEAD_LEN)
		host->role->input(host, pkt, len, way);
}

void tunnel_host_batch_begin(struct tunnel_host *host)
{
	dp_batch_begin(host->dp);
}

void tunnel_host_batch_end(struct tunnel_host *host)
{
	dp_batch_end(host->dp);
}

unsigned int tunnel_host_data_threads(const struct tunnel_host *host)
{
	return dp_threads(host->dp);
}

int tunnel_host_sockets_add(struct tunnel_host *host, int main_fd,
			    const int *fds)
{
	return dp_sockets_add(host->dp, main_fd, fds);
}

void tunnel_host_sockets_del(struct tunnel_host *host, int main_fd)
{
	dp_sockets_del(host->dp, main_fd);
}

/* the end */

void tunnel_host_finish(struct tunnel_host *host, int status)
{
	loop_exit(host->setup.loop, status);
}

void tunnel_host_stop(struct tunnel_host *host)
{
	if (host->is_stopping) {
		tunnel_host_finish(host, 0);
		return;
	}
	host->is_stopping = true;
	if (host->is_started)
		host->role->stop(host);
	else
		tunnel_host_finish(host, 0);
}

int tunnel_host_leave(struct tunnel_host *host)
{
	const struct tunnel_outer *outer = &host->setup.outer;

	if (!host->setup.keep || !host->server || host->is_stopping)
		return -ENOENT;
	log_notice("leaving %u tunnels to the next process",
		   host->reg.n_tunnels);
	host->is_left = true;
	host->is_stopping = true;
	/* the next one goes on where this one has stopped */
	if (outer->gather)
		outer->gather(outer->arg);
	dp_stop(host->dp);
	tunnel_host_finish(host, TUNNEL_STATUS_LEFT);
	return 0;
}

void tunnel_host_restart(struct tunnel_host *host, const char *why)
{
	if (!host->is_stopping && host->is_started && !host->is_held)
		host->role->restart(host, why);
}

/*
 * In the order of dependence: tunnels with their sessions, then the workers
 * (which may still hold TLS sessions of freed tunnels), then what those used.
 */
void tunnel_host_free(struct tunnel_host *host)
{
	if (!host)
		return;
	host->is_stopping = true;
	tunnel_reload_forget(host);
	for (uint32_t i = 0; host->reg.by_id && i < host->reg.max_tunnels; i++)
		if (host->reg.by_id[i])
			tunnel_close(host->reg.by_id[i], "shutdown");
	tunnel_host_reap(host);
	tunnel_persist_close(host);
	if (host->role)
		host->role->free(host);
	tunnel_sign_close(host);
	if (host->tls_pool)
		loop_pool_free(host->tls_pool);
	tunnel_sign_free(host);
	if (host->dp)
		dp_free(host->dp);
	if (host->has_apart)
		priv_link_close(host->setup.priv, host->apart.ifindex);
	if (host->has_link) {
		tunnel_hook_down(host, host->setup.cfg, false,
				 host->last_signal);
		hook_drain(host->setup.hook, HOOK_END_MS);
		tunnel_device_undo(host);
		priv_link_close(host->setup.priv, host->link.ifindex);
	}
	tls_ctx_free(host->tls);
	tunnel_identity_free(host);
	tunnel_keys_free(host);
	auth_keys_free(host->token_keys);
	mem_secret_free(host->token_seed);
	tunnel_registry_fini(&host->reg);
	hook_job_drop(host->names_job);
	hook_env_free(host->names);
	hook_env_free(host->hook_env);
	loop_timer_free(host->reaper);
	loop_timer_free(host->exit_timer);
	free(host);
}
