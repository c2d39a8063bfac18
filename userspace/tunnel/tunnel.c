// SPDX-License-Identifier: GPL-2.0-or-later
/* One tunnel: its sessions, its states, its end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

const char *tunnel_state_name(enum tunnel_state state)
{
	switch (state) {
	case TUNNEL_STATE_HANDSHAKE:
		return "handshake";
	case TUNNEL_STATE_ADMISSION:
		return "admission";
	case TUNNEL_STATE_AUTHENTICATED:
		return "authenticated";
	case TUNNEL_STATE_CONNECTED:
		return "connected";
	case TUNNEL_STATE_LAME_DUCK:
		return "lame-duck";
	case TUNNEL_STATE_ADOPTED:
		return "adopted";
	case TUNNEL_STATE_EXITING:
		return "exiting";
	case TUNNEL_STATE_DEAD:
		return "dead";
	}
	return "?";
}

void tunnel_enter_state(struct tunnel *tunnel, enum tunnel_state state)
{
	bool is_other = state != tunnel->state;
	char label[160];

	log_debug("%s: %s -> %s", tunnel_label(tunnel, label, sizeof(label)),
		  tunnel_state_name(tunnel->state), tunnel_state_name(state));
	tunnel->state = state;
	/* its end has been told, while it was still known how it went */
	if (is_other && state != TUNNEL_STATE_DEAD)
		tunnel_monitor_tell(tunnel, TUNNEL_CHANGE_STATE, "");
}

/**
 * tunnel_label() - "name/address:port" for log lines, as OpenVPN writes it
 * @tunnel: the tunnel
 * @out: filled
 * @len: its size
 *
 * Return: @out.
 */
const char *tunnel_label(const struct tunnel *tunnel, char *out, size_t len)
{
	char addr[NET_ADDR_STRLEN];

	net_addr_format(&tunnel->remote, addr);
	if (tunnel->common_name[0])
		snprintf(out, len, "%s/%s", tunnel->common_name, addr);
	else
		snprintf(out, len, "%s", addr);
	return out;
}

static uint64_t now_of(const struct tunnel *tunnel)
{
	return loop_now(tunnel->host->setup.loop);
}

static void tunnel_arm(struct tunnel *tunnel)
{
	uint64_t now = now_of(tunnel);
	uint64_t at = keygen_rotation_deadline(&tunnel->rotation);

	if (tunnel->deadline < at)
		at = tunnel->deadline;
	if (tunnel->usage.look_at < at)
		at = tunnel->usage.look_at;
	if (tunnel_lifetime_deadline(tunnel) < at)
		at = tunnel_lifetime_deadline(tunnel);
	if (at == UINT64_MAX)
		loop_timer_stop(tunnel->timer);
	else
		loop_timer_start(tunnel->timer, at > now ? at - now : 0);
}

static void tunnel_timeout(struct loop_timer *timer, void *arg)
{
	struct tunnel *tunnel = arg;

	(void)timer;
	tunnel_data_step(tunnel);
	tunnel_usage_step(tunnel);
	tunnel_lifetime_step(tunnel);
	if (tunnel->deadline <= now_of(tunnel)) {
		tunnel->deadline = UINT64_MAX;
		tunnel->host->role->timeout(tunnel);
	}
	if (tunnel->state != TUNNEL_STATE_DEAD)
		tunnel_arm(tunnel);
}

void tunnel_set_deadline(struct tunnel *tunnel, uint64_t at)
{
	tunnel->deadline = at;
	tunnel_arm(tunnel);
}

struct tunnel *tunnel_new(struct tunnel_host *host, uint32_t peer_id,
			  const struct tunnel_way *way)
{
	struct mem_arena *arena = mem_arena_new("tunnel");
	struct tunnel *tunnel;

	if (!arena)
		return NULL;
	tunnel = mem_arena_alloc(arena, sizeof(*tunnel));
	if (tunnel)
		tunnel->timer = loop_timer_new(host->setup.loop,
					       tunnel_timeout, tunnel);
	if (!tunnel || !tunnel->timer) {
		mem_arena_free(arena);
		return NULL;
	}
	tunnel->host = host;
	tunnel->arena = arena;
	tunnel->peer_id = peer_id;
	tunnel->dp_id = peer_id;
	tunnel->cid = host->next_cid++;
	tunnel->remote = *way->remote;
	tunnel->local = *way->local;
	tunnel->sock = way->sock;
	tunnel->occ = "";
	tunnel->next_kid = 1;
	tunnel->opened_at = now_of(tunnel);
	tunnel->deadline = UINT64_MAX;
	tunnel->usage.look_at = UINT64_MAX;
	tunnel->lifetime.ends_at = UINT64_MAX;
	tunnel->lifetime.look_at = UINT64_MAX;
	keygen_rotation_init(&tunnel->rotation);
	tunnel_registry_insert(&host->reg, tunnel);
	return tunnel;
}

/**
 * tunnel_session_open() - begin a session; the active one if there is none
 * @tunnel: the tunnel
 * @origin: see control_session_new()
 *
 * A session of a tunnel that has one already is untrusted, and replaces an
 * older untrusted one.
 *
 * Return: 0 or -ENOMEM.
 */
int tunnel_session_open(struct tunnel *tunnel,
			const struct control_origin *origin)
{
	struct tunnel_session *ts = calloc(1, sizeof(*ts));

	if (!ts)
		return -ENOMEM;
	ts->tunnel = tunnel;
	ts->control = control_session_new(&tunnel->host->env, origin, ts);
	if (!ts->control) {
		free(ts);
		return -ENOMEM;
	}
	ts->has_cookie = origin && origin->has_cookie;
	if (!tunnel->active && tunnel->state == TUNNEL_STATE_HANDSHAKE) {
		tunnel->active = ts;
		return 0;
	}
	tunnel_session_drop_untrusted(tunnel);
	tunnel->untrusted = ts;
	return 0;
}

static void session_free(struct tunnel_session *ts)
{
	if (!ts)
		return;
	control_session_free(ts->control);
	hook_job_drop(ts->job);
	hook_job_drop(ts->answer_job);
	loop_timer_free(ts->token_timer);
	loop_timer_free(ts->answer_timer);
	free(ts->reason);
	free(ts->pending);
	free(ts->lines);
	free(ts->peer_info);
	free(ts->occ);
	free(ts);
}

void tunnel_session_drop_untrusted(struct tunnel *tunnel)
{
	session_free(tunnel->untrusted);
	tunnel->untrusted = NULL;
}

static void tunnel_free(struct tunnel *tunnel)
{
	tunnel_policy_drop(tunnel);
	tunnel_v2_drop(tunnel);
	session_free(tunnel->active);
	session_free(tunnel->untrusted);
	tunnel_hook_gone(tunnel);
	loop_timer_free(tunnel->timer);
	mem_arena_free(tunnel->arena);
}

/* Tunnels are freed from here only, when no callback of theirs is running. */
void tunnel_host_reap(struct tunnel_host *host)
{
	while (host->dead) {
		struct tunnel *tunnel = host->dead;

		host->dead = tunnel->dead_next;
		tunnel_free(tunnel);
	}
}

/**
 * tunnel_close() - end a tunnel; its memory goes at the next turn of the loop
 * @tunnel: gone from the registry and from the data path on return
 * @why: for the log
 */
void tunnel_close(struct tunnel *tunnel, const char *why)
{
	struct tunnel_host *host = tunnel->host;

	if (tunnel->state == TUNNEL_STATE_DEAD)
		return;
	tunnel_monitor_tell(tunnel, TUNNEL_CHANGE_GONE, why);
	tunnel_data_disconnect(tunnel);
	tunnel_survive_end(tunnel);
	tunnel_link_release(tunnel);
	host->role->closed(tunnel, why);
	tunnel_registry_remove(&host->reg, tunnel);
	loop_timer_stop(tunnel->timer);
	tunnel_enter_state(tunnel, TUNNEL_STATE_DEAD);
	tunnel->dead_next = host->dead;
	host->dead = tunnel;
	loop_timer_start(host->reaper, 0);
}

/**
 * tunnel_close_later() - let the control channel finish its last words
 * @tunnel: closed after @delay_ms
 * @delay_ms: how long it may take
 */
void tunnel_close_later(struct tunnel *tunnel, uint64_t delay_ms)
{
	/* asked again, it does not take longer */
	if (tunnel->state == TUNNEL_STATE_DEAD ||
	    tunnel->state == TUNNEL_STATE_EXITING)
		return;
	tunnel_enter_state(tunnel, TUNNEL_STATE_EXITING);
	tunnel_set_deadline(tunnel, now_of(tunnel) + delay_ms);
}

/* operations that the control sessions ask for */

static int op_send(void *arg, struct control_session *session,
		   const uint8_t *pkt, size_t len)
{
	struct tunnel_session *ts = arg;
	const struct tunnel *tunnel = ts->tunnel;
	const struct tunnel_outer *outer = &tunnel->host->setup.outer;
	const struct tunnel_way way = {
		&tunnel->remote, &tunnel->local, tunnel->sock,
	};

	(void)session;
	if (tunnel->link)
		return tunnel->link->ops->send(tunnel->link, pkt, len, false);
	return outer->send(outer->arg, &way, pkt, len);
}

static int op_own_km2(void *arg, struct control_session *session,
		      struct proto_km2 *km2)
{
	struct tunnel_session *ts = arg;

	(void)session;
	return ts->tunnel->host->role->own_km2(ts, km2);
}

/* The identity of a tunnel is the first one; later exchanges must prove it. */
static int session_check_identity(struct tunnel_session *ts)
{
	const struct tls_peer *peer = control_session_peer(ts->control);
	const struct tunnel_session *active = ts->tunnel->active;
	const struct tls_peer *known = NULL;

	if (!peer)
		return -EACCES;
	if (ts->has_identity)
		known = &ts->identity;
	else if (active && active != ts && active->has_identity)
		known = &active->identity;
	if (known && (peer->has_cert != known->has_cert ||
		      strcmp(peer->common_name, known->common_name) ||
		      memcmp(peer->fingerprint, known->fingerprint,
			     sizeof(peer->fingerprint)))) {
		log_warn("%s: certificate changed to \"%s\" within the tunnel, refused",
			 ts->tunnel->common_name, peer->common_name);
		return -EACCES;
	}
	ts->identity = *peer;
	ts->has_identity = true;
	return 0;
}

static bool op_verify(void *arg, struct control_session *session)
{
	(void)session;
	return tunnel_verify_start(arg);
}

static int op_peer_km2(void *arg, struct control_session *session,
		       const struct proto_km2 *km2)
{
	struct tunnel_session *ts = arg;
	int ret = session_check_identity(ts);

	(void)session;
	if (ts->tunnel->state == TUNNEL_STATE_DEAD)
		return -ESHUTDOWN;
	return ret ? ret : ts->tunnel->host->role->peer_km2(ts, km2);
}

/* A new session has proved itself and takes the tunnel over. */
static void session_promote(struct tunnel_session *ts)
{
	struct tunnel *tunnel = ts->tunnel;

	if (tunnel->untrusted != ts)
		return;
	session_free(tunnel->active);
	tunnel->active = ts;
	tunnel->untrusted = NULL;
	tunnel->push_wanted = false;
	tunnel_enter_state(tunnel, TUNNEL_STATE_HANDSHAKE);
}

/**
 * tunnel_session_proceed() - a key exchange is complete, and decided upon
 * @ts: its @verdict is not pending
 */
void tunnel_session_proceed(struct tunnel_session *ts)
{
	struct control_session *session = ts->control;
	struct tunnel *tunnel = ts->tunnel;
	char label[160];
	int ret;

	if (ts->verdict == TUNNEL_VERDICT_REFUSED) {
		tunnel->host->role->refused(ts);
		return;
	}
	session_promote(ts);
	log_info("%s: Control Channel: %s",
		 tunnel_label(tunnel, label, sizeof(label)),
		 control_session_tls(session));
	if (tunnel->is_farewell) {
		tunnel_farewell_heard(tunnel);
		return;
	}
	if (tunnel->state == TUNNEL_STATE_HANDSHAKE)
		tunnel->host->role->ready(ts);
	if (tunnel->state != TUNNEL_STATE_CONNECTED ||
	    control_session_state(session) != CONTROL_STATE_ACTIVE)
		return;
	ret = tunnel_data_rekey(tunnel);
	if (ret) {
		log_error("%s: cannot install the new data key: %s",
			  tunnel_label(tunnel, label, sizeof(label)),
			  strerror(-ret));
		tunnel_close(tunnel, "key installation failed");
		return;
	}
	tunnel_monitor_tell(tunnel, TUNNEL_CHANGE_KEY, "");
	if (tunnel->host->role->rekeyed)
		tunnel->host->role->rekeyed(ts);
}

static void op_active(void *arg, struct control_session *session)
{
	struct tunnel_session *ts = arg;

	(void)session;
	if (ts->tunnel->state == TUNNEL_STATE_DEAD)
		return;
	if (ts->verdict == TUNNEL_VERDICT_PENDING)
		tunnel_login_hold(ts);
	else
		tunnel_session_proceed(ts);
}

static void op_next_key(void *arg, struct control_session *session)
{
	struct tunnel_session *ts = arg;

	(void)session;
	if (ts->tunnel->active == ts)
		tunnel_data_next_key(ts->tunnel);
}

static void op_message(void *arg, struct control_session *session,
		       const char *text)
{
	struct tunnel_session *ts = arg;

	(void)session;
	if (ts->tunnel->state != TUNNEL_STATE_DEAD)
		ts->tunnel->host->role->message(ts, text);
}

/* What is connected stays so until its keys die, counted as the peer does. */
static bool tunnel_outlives(struct tunnel *tunnel)
{
	const struct tunnel_host *host = tunnel->host;
	uint32_t window = host->setup.cfg->tran_window;
	char label[160];
	uint64_t until;

	if (!host->role->is_patient || tunnel->state != TUNNEL_STATE_CONNECTED)
		return false;
	until = control_session_started(tunnel->active->control) +
		window * 1000ull;
	if (until <= now_of(tunnel))
		return false;
	tunnel_enter_state(tunnel, TUNNEL_STATE_LAME_DUCK);
	tunnel_set_deadline(tunnel, until);
	log_notice("%s: renegotiation failed; data goes on with the old key for up to %u seconds",
		   tunnel_label(tunnel, label, sizeof(label)), window);
	return true;
}

static void op_failed(void *arg, struct control_session *session,
		      const char *reason)
{
	struct tunnel_session *ts = arg;
	struct tunnel *tunnel = ts->tunnel;
	static struct log_limit limit = { .burst = 20, .interval_ms = 1000 };
	char label[160];

	(void)session;
	if (tunnel->state == TUNNEL_STATE_DEAD)
		return;
	log_limited(&limit, LOG_LEVEL_NOTICE, "%s: TLS Error: %s",
		    tunnel_label(tunnel, label, sizeof(label)), reason);
	/* an untrusted session that failed waits for its successor */
	if (tunnel->untrusted == ts || tunnel_outlives(tunnel))
		return;
	tunnel->is_tls_failed = true;
	tunnel_close(tunnel, "tls-error");
}

const struct control_ops tunnel_control_ops = {
	.send = op_send,
	.own_km2 = op_own_km2,
	.verify = op_verify,
	.peer_km2 = op_peer_km2,
	.active = op_active,
	.next_key = op_next_key,
	.message = op_message,
	.failed = op_failed,
};
