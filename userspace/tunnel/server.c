// SPDX-License-Identifier: GPL-2.0-or-later
/* The server role: clients from their first packet to their last. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

/* How long the last words of the control channel may take. */
#define GOODBYE_MS 2000

/* When a client shall come again that there is no room for now. */
#define REFUSED_BACKOFF_S 10u

static uint64_t now_of(const struct tunnel_host *host)
{
	return loop_now(host->setup.loop);
}

/* a client connects */

static int server_own_km2(struct tunnel_session *ts, struct proto_km2 *km2)
{
	const struct tunnel_host *host = ts->tunnel->host;

	km2->options = ts->params.is_framed ? host->occ_framed : host->occ;
	return 0;
}

static int server_peer_km2(struct tunnel_session *ts,
			   const struct proto_km2 *km2)
{
	struct tunnel *tunnel = ts->tunnel;
	const struct config *cfg = tunnel->host->setup.cfg;
	const char *info = km2->peer_info ? km2->peer_info : "";
	const char *reason = NULL;

	/* a renegotiation keeps what was agreed first */
	if (tunnel->active == ts && tunnel->state == TUNNEL_STATE_CONNECTED)
		return 0;
	snprintf(tunnel->common_name, sizeof(tunnel->common_name), "%s",
		 ts->identity.common_name);
	if (control_params_negotiate(&ts->params, cfg->data_ciphers,
				     cfg->data_ciphers_fallback, info,
				     km2->options, &reason))
		ts->reject = reason;
	return 0;
}

/* Same name, new client: the new one wins, unless duplicate-cn. */
static void close_duplicates(struct tunnel *tunnel)
{
	struct tunnel_host *host = tunnel->host;

	if (host->setup.cfg->is_duplicate_cn || !tunnel->common_name[0])
		return;
	for (uint32_t i = 0; i < host->reg.max_tunnels; i++) {
		struct tunnel *other = host->reg.by_id[i];

		if (other && other != tunnel &&
		    !strcmp(other->common_name, tunnel->common_name))
			tunnel_close(other, "the same certificate name connected again");
	}
}

static void refuse(struct tunnel *tunnel, const char *reason)
{
	char text[256], label[160];

	log_notice("%s: refused: %s",
		   tunnel_label(tunnel, label, sizeof(label)), reason);
	snprintf(text, sizeof(text), "AUTH_FAILED,%s", reason);
	control_session_send(tunnel->active->control, text);
	tunnel_close_later(tunnel, GOODBYE_MS);
}

/*
 * What may be otherwise in a moment: a plain AUTH_FAILED ends most clients for
 * good. Those that know no better are sent round.
 */
static void refuse_for_now(struct tunnel *tunnel, const char *reason)
{
	bool is_known = tunnel->active->params.iv_proto &
			PROTO_IV_AUTH_FAIL_TEMP;
	char text[256], label[160];

	log_notice("%s: refused for now: %s",
		   tunnel_label(tunnel, label, sizeof(label)), reason);
	if (is_known)
		snprintf(text, sizeof(text), "AUTH_FAILED,TEMP[backoff %u]:%s",
			 REFUSED_BACKOFF_S, reason);
	else
		snprintf(text, sizeof(text), "RESTART");
	control_session_send(tunnel->active->control, text);
	tunnel_close_later(tunnel, GOODBYE_MS);
}

static int assign_addresses(struct tunnel *tunnel)
{
	int ret;

	if (tunnel->has_pool_address)
		return 0;
	ret = control_pool_get(tunnel->host->server->pool, tunnel->common_name,
			       &tunnel->vpn4, &tunnel->vpn6);
	tunnel->has_pool_address = !ret;
	return ret;
}

struct push_iter {
	const struct config_text *at;
};

static const char *push_next(void *arg)
{
	struct push_iter *iter = arg;
	const struct config_text *now = iter->at;

	if (!now)
		return NULL;
	iter->at = now->next;
	return now->text;
}

static int push_reply(struct tunnel *tunnel)
{
	const struct config *cfg = tunnel->host->setup.cfg;
	struct push_iter iter = { .at = cfg->push };
	struct control_push_reply reply = {
		.params = &tunnel->active->params,
		.next = push_next,
		.iter = &iter,
		.peer_id = tunnel->peer_id,
		.vpn4 = tunnel->vpn4,
		.vpn4_remote = cfg->ifconfig.ip,
		.vpn6 = { .ip = tunnel->vpn6, .len = cfg->ifconfig6.len },
		.vpn6_remote = cfg->ifconfig6.ip,
		.tun_mtu = cfg->tun_mtu,
	};
	char mask[NET_PREFIX_STRLEN];

	if (cfg->topology == CONFIG_TOPOLOGY_SUBNET)
		net_ip_parse(net_mask_format(cfg->ifconfig.len, mask),
			     &reply.vpn4_remote);
	return control_push_reply(tunnel->active->control, &reply);
}

/* Keys first, then the reply: the client may send data at once. */
static void server_connect(struct tunnel *tunnel)
{
	static struct log_limit limit = { .burst = 20, .interval_ms = 1000 };
	const struct config *cfg = tunnel->host->setup.cfg;
	char label[160], a[NET_PREFIX_STRLEN], b[NET_PREFIX_STRLEN];
	int ret;

	ret = tunnel_data_connect(tunnel, tunnel->peer_id, cfg);
	if (!ret)
		ret = push_reply(tunnel);
	tunnel_label(tunnel, label, sizeof(label));
	if (ret) {
		/* it may be that the client has just closed its connection */
		log_limited(&limit, LOG_LEVEL_ERROR,
			    "%s: cannot set up the data channel: %s", label,
			    strerror(-ret));
		tunnel_close(tunnel, "data channel setup failed");
		return;
	}
	tunnel->connected_since = tunnel->host->env.realtime();
	tunnel_enter_state(tunnel, TUNNEL_STATE_CONNECTED);
	tunnel_set_deadline(tunnel, UINT64_MAX);
	log_notice("%s: connected: peer-id %u, cipher %s, address %s %s",
		   label, tunnel->peer_id,
		   proto_cipher_name(tunnel->active->params.cipher),
		   net_ip_format(&tunnel->vpn4, a),
		   tunnel->vpn6.family ? net_ip_format(&tunnel->vpn6, b) : "");
}

static void server_ready(struct tunnel_session *ts)
{
	struct tunnel *tunnel = ts->tunnel;

	snprintf(tunnel->common_name, sizeof(tunnel->common_name), "%s",
		 ts->identity.common_name);
	if (ts->reject) {
		refuse(tunnel, ts->reject);
		return;
	}
	close_duplicates(tunnel);
	if (assign_addresses(tunnel)) {
		refuse_for_now(tunnel, "no free address in the pool");
		return;
	}
	tunnel_enter_state(tunnel, TUNNEL_STATE_AUTHENTICATED);
	tunnel_set_deadline(tunnel, now_of(tunnel->host) +
			    1000ull * tunnel->host->setup.cfg->hand_window);
	if (ts->params.iv_proto & PROTO_IV_REQUEST_PUSH || tunnel->push_wanted)
		server_connect(tunnel);
}

static void server_message(struct tunnel_session *ts, const char *text)
{
	struct tunnel *tunnel = ts->tunnel;
	static struct log_limit limit = { .burst = 20, .interval_ms = 1000 };
	char label[160];

	if (!strcmp(text, "PUSH_REQUEST")) {
		tunnel->push_wanted = true;
		if (tunnel->state == TUNNEL_STATE_AUTHENTICATED &&
		    tunnel->active == ts)
			server_connect(tunnel);
		return;
	}
	tunnel_label(tunnel, label, sizeof(label));
	if (!strcmp(text, "EXIT")) {
		log_notice("%s: the client is leaving (EXIT)", label);
		tunnel_data_disconnect(tunnel);
		tunnel_close_later(tunnel, GOODBYE_MS);
		return;
	}
	log_limited(&limit, LOG_LEVEL_DEBUG,
		    "%s: control message ignored: %s", label, text);
}

static void server_timeout(struct tunnel *tunnel)
{
	switch (tunnel->state) {
	case TUNNEL_STATE_EXITING:
		tunnel_close(tunnel, "exit");
		break;
	case TUNNEL_STATE_LAME_DUCK:
		tunnel_close(tunnel, "its last key has expired");
		break;
	case TUNNEL_STATE_HANDSHAKE:
	case TUNNEL_STATE_AUTHENTICATED:
	case TUNNEL_STATE_CONNECTED:
	case TUNNEL_STATE_ADOPTED:
	case TUNNEL_STATE_DEAD:
		tunnel_close(tunnel, "connection was not completed in time");
		break;
	}
}

static void server_closed(struct tunnel *tunnel, const char *why)
{
	static struct log_limit limit = { .burst = 50, .interval_ms = 1000 };
	char label[160];

	if (tunnel->has_pool_address)
		control_pool_put(tunnel->host->server->pool, &tunnel->vpn4,
				 &tunnel->vpn6);
	tunnel->has_pool_address = false;
	log_limited(&limit, LOG_LEVEL_NOTICE, "%s: closed: %s",
		    tunnel_label(tunnel, label, sizeof(label)), why);
}

static struct tunnel *server_find(struct tunnel_host *host, uint32_t dp_id)
{
	return tunnel_registry_peer(&host->reg, dp_id);
}

/* life of the server */

/* A peer that an earlier daemon left: it keeps its id and its addresses. */
static int adopt_peer(void *arg, const struct dp_peer_info *info)
{
	struct tunnel_host *host = arg;
	struct tunnel *tunnel;

	if (info->id >= host->reg.max_tunnels ||
	    tunnel_registry_peer(&host->reg, info->id))
		return 0;
	tunnel = tunnel_new(host, info->id, &info->remote, &info->local);
	if (!tunnel)
		return -ENOMEM;
	tunnel->has_dp_peer = true;
	tunnel->vpn4 = info->vpn4;
	tunnel->vpn6 = info->vpn6;
	tunnel->has_pool_address = true;
	control_pool_reserve(host->server->pool, &info->vpn4);
	control_pool_reserve(host->server->pool, &info->vpn6);
	tunnel_enter_state(tunnel, TUNNEL_STATE_ADOPTED);
	return 0;
}

static int server_pool_new(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;
	struct net_ip none = { 0 };

	host->server->pool = control_pool_new(
		cfg->has_pool ? &cfg->pool_start : &none,
		cfg->has_pool ? &cfg->pool_end : &none,
		cfg->has_pool6 ? &cfg->pool6 : NULL, cfg->max_clients);
	return host->server->pool ? 0 : -ENOMEM;
}

static int server_start(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;
	uint32_t seed;
	int ret;

	host->server = calloc(1, sizeof(*host->server));
	if (!host->server)
		return -ENOMEM;
	ret = host->env.random(&seed, sizeof(seed));
	if (ret)
		return ret;
	host->server->limits = tunnel_limits_new(seed);
	host->server->cookie = wrap_cookie_new(cfg->hand_window);
	if (!host->server->limits || !host->server->cookie)
		return -ENOMEM;
	ret = server_pool_new(host);
	if (!ret)
		ret = tunnel_device_apply(host, cfg, NULL);
	if (!ret)
		ret = dp_peer_list(host->dp, adopt_peer, host);
	if (ret)
		return ret;
	if (host->reg.n_tunnels)
		log_notice("%u peers of an earlier run go on",
			   host->reg.n_tunnels);
	log_notice("Initialization Sequence Completed");
	return 0;
}

static void for_each(struct tunnel_host *host,
		     void (*fn)(struct tunnel *tunnel, const char *arg),
		     const char *arg)
{
	for (uint32_t i = 0; i < host->reg.max_tunnels; i++)
		if (host->reg.by_id[i])
			fn(host->reg.by_id[i], arg);
}

static void say_restart(struct tunnel *tunnel, const char *text)
{
	if (tunnel->active)
		control_session_send(tunnel->active->control, text);
}

static void exit_timeout(struct loop_timer *timer, void *arg)
{
	(void)timer;
	tunnel_host_finish(arg, 0);
}

/* explicit-exit-notify 1|2: tell the clients to come back, or to go on. */
static void server_stop(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;

	if (!cfg->explicit_exit_notify || !host->reg.n_tunnels ||
	    config_proto_is_tcp(cfg->proto)) {
		tunnel_host_finish(host, 0);
		return;
	}
	for_each(host, say_restart, cfg->explicit_exit_notify == 2 ?
		 "RESTART,[N]" : "RESTART");
	host->exit_timer = loop_timer_new(host->setup.loop, exit_timeout,
					  host);
	if (host->exit_timer)
		loop_timer_start(host->exit_timer, GOODBYE_MS);
	else
		tunnel_host_finish(host, 0);
}

static void server_restart(struct tunnel_host *host, const char *why)
{
	for_each(host, tunnel_close, why);
}

static void server_free(struct tunnel_host *host)
{
	if (!host->server)
		return;
	wrap_cookie_free(host->server->cookie);
	tunnel_limits_free(host->server->limits);
	control_pool_free(host->server->pool);
	free(host->server);
	host->server = NULL;
}

const struct tunnel_role tunnel_server_role = {
	.name = "server",
	.is_patient = true,
	.start = server_start,
	.find = server_find,
	.input = tunnel_first_input,
	.link_input = tunnel_first_link,
	.own_km2 = server_own_km2,
	.peer_km2 = server_peer_km2,
	.ready = server_ready,
	.message = server_message,
	.timeout = server_timeout,
	.closed = server_closed,
	.stop = server_stop,
	.restart = server_restart,
	.free = server_free,
};
