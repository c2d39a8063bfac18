// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A link of two (section 8.14), at the end that waits, the TLS server. Who it
 * is that comes is found out as a server does it (first.c); one of them is the
 * other end. The client role has the code of the end that connects.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

#define GOODBYE_MS	2000
#define GOODBYE_POLL_MS	50

/**
 * struct tunnel_pair - see the functions
 * @tunnel: to the other end; NULL: it is not there
 * @exit_deadline: ms, when the goodbye must have been acked
 */
struct tunnel_pair {
	struct tunnel *tunnel;
	uint64_t exit_deadline;
	char peer_info[PROTO_KM2_MAX];
};

static uint64_t now_of(const struct tunnel_host *host)
{
	return loop_now(host->setup.loop);
}

/* the key exchange */

static int pair_own_km2(struct tunnel_session *ts, struct proto_km2 *km2)
{
	const struct tunnel_host *host = ts->tunnel->host;

	km2->options = tunnel_occ(ts->tunnel, PROTO_FRAMING_NONE);
	km2->peer_info = host->pair->peer_info;
	return 0;
}

static int pair_peer_km2(struct tunnel_session *ts,
			 const struct proto_km2 *km2)
{
	struct tunnel *tunnel = ts->tunnel;

	/* a renegotiation keeps what was agreed first */
	if (ts->peer_info)
		return 0;
	if (ts == tunnel->active)
		snprintf(tunnel->common_name, sizeof(tunnel->common_name),
			 "%s", ts->identity.common_name);
	ts->peer_info = strdup(km2->peer_info ? km2->peer_info : "");
	return ts->peer_info ? 0 : -ENOMEM;
}

/* Who has the same name may have come back from elsewhere. */
static bool pair_make_room(struct tunnel *tunnel)
{
	struct tunnel *other = tunnel->host->pair->tunnel;
	char label[160];

	if (!other || other == tunnel)
		return true;
	if (strcmp(other->common_name, tunnel->common_name)) {
		log_notice("%s: refused, the link is up with \"%s\"",
			   tunnel_label(tunnel, label, sizeof(label)),
			   other->common_name);
		return false;
	}
	tunnel_close(other, "the other end has connected again");
	return true;
}

static int pair_connect(struct tunnel_session *ts)
{
	struct tunnel *tunnel = ts->tunnel;
	const struct config *cfg = tunnel->host->setup.cfg;
	uint32_t id;
	int ret;

	/* by its id of before */
	tunnel_data_disconnect(tunnel);
	ret = tunnel_pull_alone(ts, cfg, &id);
	if (ret)
		return ret;
	tunnel->dp_id = id;
	return tunnel_data_connect(tunnel, id, cfg);
}

static void pair_ready(struct tunnel_session *ts)
{
	struct tunnel *tunnel = ts->tunnel;
	struct tunnel_host *host = tunnel->host;
	char label[160];
	int ret;

	snprintf(tunnel->common_name, sizeof(tunnel->common_name), "%s",
		 ts->identity.common_name);
	if (!pair_make_room(tunnel)) {
		tunnel_close(tunnel, "it is not the other end");
		return;
	}
	tunnel_hook_ipchange(tunnel);
	if (host->hook_env)
		tunnel_hook_exported_env(host->hook_env, ts);
	ret = pair_connect(ts);
	if (ret) {
		log_error("cannot bring the tunnel up: %s", strerror(-ret));
		tunnel_close(tunnel, "setup failed");
		return;
	}
	host->pair->tunnel = tunnel;
	tunnel->connected_since = host->env.realtime();
	tunnel_enter_state(tunnel, TUNNEL_STATE_CONNECTED);
	tunnel_lifetime_begin(tunnel);
	tunnel_set_deadline(tunnel, UINT64_MAX);
	log_notice("%s: connected: peer-id %u, cipher %s",
		   tunnel_label(tunnel, label, sizeof(label)), tunnel->dp_id,
		   proto_cipher_name(ts->params.cipher));
	tunnel_hook_up(host, host->setup.cfg, host->is_hook_up);
}

/* messages, the end of a tunnel */

static void pair_message(struct tunnel_session *ts, const char *text)
{
	static struct log_limit limit = { .burst = 5, .interval_ms = 10000 };
	struct tunnel *tunnel = ts->tunnel;
	char label[160];

	tunnel_label(tunnel, label, sizeof(label));
	if (!strcmp(text, "EXIT")) {
		log_notice("%s: the other end leaves (EXIT)", label);
		tunnel_data_disconnect(tunnel);
		tunnel_close_later(tunnel, GOODBYE_MS);
	} else if (!strcmp(text, "PUSH_REQUEST")) {
		log_limited(&limit, LOG_LEVEL_WARN,
			    "%s: the other end wants to be configured, but this is no server; it needs tls-client in place of client",
			    label);
	} else {
		log_limited(&limit, LOG_LEVEL_DEBUG,
			    "%s: control message ignored: %s", label, text);
	}
}

static void pair_timeout(struct tunnel *tunnel)
{
	if (tunnel->state == TUNNEL_STATE_EXITING)
		tunnel_close(tunnel, "exit");
	else if (tunnel->state == TUNNEL_STATE_LAME_DUCK)
		tunnel_close(tunnel, "its last key has expired");
	else
		tunnel_close(tunnel, "connection was not completed in time");
}

static void pair_closed(struct tunnel *tunnel, const char *why)
{
	static struct log_limit limit = { .burst = 50, .interval_ms = 1000 };
	struct tunnel_host *host = tunnel->host;
	struct tunnel_pair *pair = host->pair;
	char label[160];

	log_limited(&limit, LOG_LEVEL_NOTICE, "%s: closed: %s",
		    tunnel_label(tunnel, label, sizeof(label)), why);
	if (!pair || pair->tunnel != tunnel)
		return;
	pair->tunnel = NULL;
	if (host->is_stopping)
		return;
	tunnel_hook_down(host, host->setup.cfg, true,
			 tunnel->is_expired ? "ping-restart" : "sigusr1");
	if (tunnel->is_expired && !host->setup.cfg->ping_restart) {
		log_notice("exiting (ping-exit)");
		tunnel_host_finish(host, 0);
		return;
	}
	tunnel_watch_phase(host, TUNNEL_PHASE_RECONNECTING, why);
	tunnel_watch_phase(host, TUNNEL_PHASE_WAIT, NULL);
}

static struct tunnel *pair_find(struct tunnel_host *host, uint32_t dp_id)
{
	struct tunnel *tunnel = host->pair ? host->pair->tunnel : NULL;

	return tunnel && tunnel->dp_id == dp_id ? tunnel : NULL;
}

/* life of the end */

static int pair_start(struct tunnel_host *host)
{
	int ret;

	host->pair = calloc(1, sizeof(*host->pair));
	if (!host->pair)
		return -ENOMEM;
	tunnel_info_abilities(host, host->pair->peer_info,
			      sizeof(host->pair->peer_info));
	ret = tunnel_first_start(host);
	if (!ret)
		ret = tunnel_device_apply(host, host->setup.cfg, NULL);
	if (ret)
		return ret;
	log_notice("waiting for the other end");
	tunnel_watch_phase(host, TUNNEL_PHASE_WAIT, NULL);
	return 0;
}

/* The goodbye has been acked, or has had its time. */
static void pair_exit_poll(struct loop_timer *timer, void *arg)
{
	struct tunnel_host *host = arg;
	const struct tunnel *tunnel = host->pair->tunnel;

	if (!tunnel || now_of(host) >= host->pair->exit_deadline ||
	    control_session_is_drained(tunnel->active->control))
		tunnel_host_finish(host, 0);
	else
		loop_timer_start(timer, GOODBYE_POLL_MS);
}

static void pair_stop(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;
	const struct tunnel *tunnel = host->pair->tunnel;

	/* on TCP the end of the connection says it */
	if (!tunnel || tunnel->state != TUNNEL_STATE_CONNECTED ||
	    tunnel->link || !cfg->explicit_exit_notify) {
		tunnel_host_finish(host, 0);
		return;
	}
	host->last_signal = "exit-with-notification";
	tunnel_watch_phase(host, TUNNEL_PHASE_EXITING, host->last_signal);
	if (!tunnel->active->params.is_cc_exit) {
		dp_send_occ(host->dp, tunnel->dp_id, PROTO_OCC_EXIT);
		tunnel_host_finish(host, 0);
		return;
	}
	control_session_send(tunnel->active->control, "EXIT");
	host->pair->exit_deadline = now_of(host) + GOODBYE_MS;
	host->exit_timer = loop_timer_new(host->setup.loop, pair_exit_poll,
					  host);
	if (host->exit_timer)
		loop_timer_start(host->exit_timer, GOODBYE_POLL_MS);
	else
		tunnel_host_finish(host, 0);
}

static void pair_resume(struct tunnel_host *host)
{
	tunnel_watch_phase(host, TUNNEL_PHASE_WAIT, NULL);
}

/* The other end comes back by itself. */
static void pair_restart(struct tunnel_host *host, const char *why)
{
	if (host->pair->tunnel)
		tunnel_close(host->pair->tunnel, why);
	if (!tunnel_watch_hold(host, host->setup.cfg->connect_retry * 1000ull))
		pair_resume(host);
}

static int pair_reloaded(struct tunnel_host *host, const struct config *before)
{
	(void)before;
	tunnel_info_abilities(host, host->pair->peer_info,
			      sizeof(host->pair->peer_info));
	return tunnel_device_apply(host, host->setup.cfg, NULL);
}

static void pair_free(struct tunnel_host *host)
{
	tunnel_first_free(host);
	free(host->pair);
	host->pair = NULL;
}

const struct tunnel_role tunnel_pair_role = {
	.name = "tls-server",
	.is_patient = true,
	.start = pair_start,
	.find = pair_find,
	.input = tunnel_first_input,
	.link_input = tunnel_first_link,
	.own_km2 = pair_own_km2,
	.peer_km2 = pair_peer_km2,
	.ready = pair_ready,
	.message = pair_message,
	.timeout = pair_timeout,
	.closed = pair_closed,
	.stop = pair_stop,
	.restart = pair_restart,
	.resume = pair_resume,
	.reloaded = pair_reloaded,
	.free = pair_free,
};
