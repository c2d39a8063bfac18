// SPDX-License-Identifier: GPL-2.0-or-later
/* The client role: from the first answer of a server to the end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/client.h"

#define PUSH_FIRST_MS	1000	/* after the key exchange (section 8.1) */
#define PUSH_REPEAT_MS	5000
#define GOODBYE_POLL_MS	50
#define GOODBYE_MIN_S	2	/* leaves earlier when EXIT has been acked */
#define RESOLVERS	1
#define NAMES_MS	20000	/* for all names of routes */
#define NAMES_END_MS	2000

static uint64_t now_of(const struct tunnel_host *host)
{
	return loop_now(host->setup.loop);
}

static const char *client_state_name(enum client_state state)
{
	switch (state) {
	case CLIENT_STATE_IDLE:
		return "IDLE";
	case CLIENT_STATE_RESOLVE:
		return "RESOLVE";
	case CLIENT_STATE_TCP_CONNECT:
		return "TCP_CONNECT";
	case CLIENT_STATE_WAIT:
		return "WAIT";
	case CLIENT_STATE_GET_CONFIG:
		return "GET_CONFIG";
	case CLIENT_STATE_CONNECTED:
		return "CONNECTED";
	case CLIENT_STATE_RECONNECTING:
		return "RECONNECTING";
	case CLIENT_STATE_EXITING:
		return "EXITING";
	}
	return "?";
}

void tunnel_client_enter_state(struct tunnel_client *client,
			       enum client_state state)
{
	log_debug("client: %s -> %s", client_state_name(client->state),
		  client_state_name(state));
	client->state = state;
}

/* the key exchange */

static int client_own_km2(struct tunnel_session *ts, struct proto_km2 *km2)
{
	struct tunnel_host *host = ts->tunnel->host;
	struct tunnel_client *client = host->client;

	km2->options = tunnel_occ(ts->tunnel, PROTO_FRAMING_NONE);
	km2->peer_info = client->peer_info;
	if (host->setup.cfg->has_auth_user_pass) {
		km2->username = client->username;
		km2->password = host->setup.cfg->is_username_only ?
				PROTO_NO_PASSWORD : client->password;
	}
	/* a token stands for the password from then on, for some with a name */
	if (!client->applied || !client->applied->auth_token)
		return 0;
	if (client->applied->auth_token_user)
		km2->username = client->applied->auth_token_user;
	if (km2->username)
		km2->password = client->applied->auth_token;
	return 0;
}

static int client_peer_km2(struct tunnel_session *ts,
			   const struct proto_km2 *km2)
{
	if (!ts->peer_info)
		ts->peer_info = strdup(km2->peer_info ? km2->peer_info : "");
	ts->tunnel->occ = mem_arena_strdup(ts->tunnel->arena, km2->options);
	return ts->tunnel->occ && ts->peer_info ? 0 : -ENOMEM;
}

/* Stock OpenVPN does not read what came with the key that has been replaced. */
static void client_rekeyed(struct tunnel_session *ts)
{
	if (ts->tunnel->host->client->state == CLIENT_STATE_EXITING)
		control_session_send(ts->control, "EXIT");
}

/* PUSH_REPLY */

static int client_device(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;
	int ret = tunnel_device_apply(host, client->pulled, &client->addr);

	if (ret)
		return ret;
	config_free(client->applied);
	client->applied = client->pulled;
	client->pulled = NULL;
	return 0;
}

/* Everything has been pushed: keys, addresses, routes. */
static void client_up(struct tunnel_session *ts)
{
	struct tunnel *tunnel = ts->tunnel;
	struct tunnel_host *host = tunnel->host;
	struct tunnel_client *client = host->client;
	const struct config *cfg = client->pulled;
	char label[160];
	int ret;

	tunnel_watch_echo(host, cfg);
	if (cfg->is_pull)
		ret = tunnel_pull_params(ts, cfg, &tunnel->dp_id);
	else
		ret = tunnel_pull_alone(ts, cfg, &tunnel->dp_id);
	if (!ret)
		ret = tunnel_data_connect(tunnel, tunnel->dp_id, cfg);
	if (!ret)
		ret = client_device(host);
	if (ret) {
		log_error("cannot bring the tunnel up: %s", strerror(-ret));
		tunnel_close(tunnel, "setup failed");
		return;
	}
	client->n_tries = 0;
	tunnel->connected_since = host->env.realtime();
	tunnel_enter_state(tunnel, TUNNEL_STATE_CONNECTED);
	tunnel_client_enter_state(client, CLIENT_STATE_CONNECTED);
	tunnel_lifetime_begin(tunnel);
	tunnel_set_deadline(tunnel, UINT64_MAX);
	log_notice("%s: connected: peer-id %u, cipher %s",
		   tunnel_label(tunnel, label, sizeof(label)), tunnel->dp_id,
		   proto_cipher_name(ts->params.cipher));
	tunnel_watch_token(host, client->applied);
	tunnel_hook_up(host, client->applied, host->is_hook_up);
}

/* PUSH_UPDATE: addresses and routes become what they shall be now. */
static void client_update(struct tunnel *tunnel)
{
	struct tunnel_host *host = tunnel->host;

	if (client_device(host)) {
		tunnel_close(tunnel, "setup failed");
		return;
	}
	log_notice("the server has changed the configuration");
	tunnel_names_up(host, host->client->applied);
}

static void client_named(struct tunnel_host *host)
{
	struct tunnel *tunnel = host->client->tunnel;

	if (!tunnel || !tunnel->active)
		return;
	if (tunnel->state == TUNNEL_STATE_AUTHENTICATED)
		client_up(tunnel->active);
	else if (tunnel->state == TUNNEL_STATE_CONNECTED)
		client_update(tunnel);
}

/* Names of routes come first, if there are any, but not for ever. */
static void client_complete(struct tunnel *tunnel)
{
	struct tunnel_host *host = tunnel->host;
	struct tunnel_client *client = host->client;

	if (tunnel_route_names(host, client->pulled, client->name_resolver,
			       &client->names, client_named))
		tunnel_set_deadline(tunnel, now_of(host) + NAMES_MS);
	else
		client_named(host);
}

static void client_names_late(struct tunnel_host *host)
{
	log_warn("the names of some routes are not resolved after %u seconds",
		 NAMES_MS / 1000);
	tunnel_route_names_forget(&host->client->names);
	client_named(host);
}

/* What comes behind the first reply is a token. */
static void client_renewed(struct tunnel_host *host, const char *text)
{
	struct config *applied = host->client->applied;
	const char *before = applied->auth_token;

	tunnel_login_pushed(applied, text);
	/* of a PUSH_UPDATE whose names are being looked up */
	if (host->client->pulled)
		tunnel_login_pushed(host->client->pulled, text);
	if (applied->auth_token != before)
		tunnel_watch_token(host, applied);
}

/* A link of two: nothing is pushed, what is configured counts. */
static void client_up_alone(struct tunnel_session *ts)
{
	struct tunnel_client *client = ts->tunnel->host->client;

	if (!client->pulled)
		client->pulled = config_pull_begin(ts->tunnel->host->setup.cfg);
	if (client->pulled)
		client_complete(ts->tunnel);
	else
		tunnel_close(ts->tunnel, "out of memory");
}

static void client_ready(struct tunnel_session *ts)
{
	struct tunnel_host *host = ts->tunnel->host;
	struct tunnel_client *client = host->client;
	uint64_t now = now_of(host);

	tunnel_hook_ipchange(ts->tunnel);
	if (host->hook_env)
		tunnel_hook_exported_env(host->hook_env, ts);
	tunnel_enter_state(ts->tunnel, TUNNEL_STATE_AUTHENTICATED);
	if (!host->setup.cfg->is_pull) {
		client_up_alone(ts);
		return;
	}
	tunnel_client_enter_state(client, CLIENT_STATE_GET_CONFIG);
	client->has_requested = false;
	client->push_deadline = now + 1000ull * host->setup.cfg->hand_window;
	tunnel_set_deadline(ts->tunnel, now + PUSH_FIRST_MS);
}

static void client_push_reply(struct tunnel_session *ts, const char *text)
{
	struct tunnel *tunnel = ts->tunnel;
	struct tunnel_host *host = tunnel->host;
	struct tunnel_client *client = host->client;
	const char *pos = text + strlen("PUSH_REPLY");
	char option[PROTO_PUSH_OPTION_MAX * 2], err[256];

	if (tunnel->state == TUNNEL_STATE_CONNECTED && client->applied)
		client_renewed(host, text);
	if (tunnel->state != TUNNEL_STATE_AUTHENTICATED || client->names)
		return;
	if (!client->pulled)
		client->pulled = config_pull_begin(host->setup.cfg);
	if (!client->pulled) {
		tunnel_close(tunnel, "out of memory");
		return;
	}
	client->pulled->push_continuation = 0;
	while (proto_push_next(&pos, option, sizeof(option))) {
		int ret = config_apply_pushed(client->pulled, option, err,
					      sizeof(err));

		if (tunnel_pull_add(&client->pull, option)) {
			tunnel_close(tunnel, "too many pushed options");
			return;
		}
		if (ret == -ECANCELED) {
			log_error("pushed option \"%s\" rejected: %s", option,
				  err);
			tunnel_close(tunnel, "offending option received");
			return;
		}
		if (ret)
			log_warn("pushed option \"%s\" ignored: %s", option,
				 err);
	}
	if (client->pulled->push_continuation != 2)
		client_complete(tunnel);
}

/* The tunnel stays up meanwhile, as it is. */
static void client_push_update(struct tunnel *tunnel, const char *text)
{
	struct tunnel_host *host = tunnel->host;
	struct tunnel_client *client = host->client;
	int ret;

	if (tunnel->state != TUNNEL_STATE_CONNECTED)
		return;
	ret = tunnel_pull_message(&client->pull, text);
	if (!ret)
		return;
	/* an earlier one may still wait for its names */
	tunnel_route_names_forget(&client->names);
	config_free(client->pulled);
	client->pulled = NULL;
	if (ret > 0)
		ret = tunnel_pull_config(&client->pull, host->setup.cfg,
					 client->applied, &client->pulled);
	if (ret) {
		tunnel_close(tunnel, "offending option received");
		return;
	}
	tunnel_route_names_keep(client->pulled, client->applied);
	client_complete(tunnel);
}

/* other messages, the end */

static void client_advance(struct tunnel_host *host, enum proto_advance advance)
{
	switch (advance) {
	case PROTO_ADVANCE_DEFAULT:
	case PROTO_ADVANCE_NO:
		break;
	case PROTO_ADVANCE_ADDRESS:
		tunnel_client_next_address(host);
		break;
	case PROTO_ADVANCE_REMOTE:
		tunnel_client_next_remote(host);
		break;
	}
}

/*
 * Not now, but later (section 8.7). Without an order the next address has its
 * turn: the server knows of others, it would say so otherwise.
 */
static void client_auth_later(struct tunnel *tunnel,
			      const struct proto_verdict *verdict)
{
	struct tunnel_host *host = tunnel->host;

	log_notice("the server refuses for the time being: %s",
		   verdict->reason);
	host->client->backoff = verdict->backoff;
	client_advance(host, verdict->advance == PROTO_ADVANCE_DEFAULT ?
			     PROTO_ADVANCE_ADDRESS : verdict->advance);
	tunnel_close(tunnel, "auth-temp-failure");
}

/* An old token may be the reason: then the password gets its turn (8.7). */
static void client_auth_failed(struct tunnel *tunnel, const char *text,
			       const char *reason)
{
	struct tunnel_host *host = tunnel->host;
	struct config *applied = host->client->applied;

	log_error("AUTH: Received control message: %s", text);
	if (host->watch->login_failed)
		host->watch->login_failed(host->watch_arg, reason);
	if (applied && applied->auth_token) {
		applied->auth_token = NULL;
		applied->auth_token_user = NULL;
		tunnel_close(tunnel, "auth-token was refused");
		return;
	}
	if (host->retry == TUNNEL_RETRY_INTERACT)
		tunnel_host_forget(host);
	if (host->retry != TUNNEL_RETRY_NONE) {
		tunnel_close(tunnel, "auth-failure");
		return;
	}
	tunnel_watch_phase(host, TUNNEL_PHASE_EXITING, "auth-failure");
	tunnel_client_enter_state(host->client, CLIENT_STATE_EXITING);
	tunnel_close(tunnel, "authentication failed");
	tunnel_host_finish(host, 1);
}

static void client_auth_pending(struct tunnel *tunnel, const char *text)
{
	struct tunnel_host *host = tunnel->host;

	if (tunnel->state != TUNNEL_STATE_AUTHENTICATED)
		return;
	tunnel_watch_phase(host, TUNNEL_PHASE_AUTH_PENDING, NULL);
	host->client->push_deadline = now_of(host) +
			tunnel_login_wait(host->setup.cfg, text);
}

static void client_notify(struct tunnel_host *host, const char *what,
			  const char *text)
{
	if (host->watch->notify)
		host->watch->notify(host->watch_arg, what, text);
}

/* INFO,text and INFO_PRE,text are for who sits there. */
static void client_info(struct tunnel_host *host, const char *text)
{
	const char *rest = text + (strncmp(text, "INFO_PRE", 8) ? 4 : 8);

	log_notice("the server says: %s", text);
	if (host->watch->info && *rest == ',' && rest[1])
		host->watch->info(host->watch_arg, rest + 1);
}

/* Section 8.10: what was entered, once; a token goes on. */
static void client_forget_password(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;
	const struct config *cfg = host->setup.cfg;

	if (!cfg->is_management_query || cfg->auth_user_pass.text)
		return;
	mem_wipe(client->password, sizeof(client->password));
	client->has_login = false;
}

static void client_verdict(struct tunnel *tunnel,
			   const struct proto_verdict *verdict,
			   const char *text)
{
	struct tunnel_host *host = tunnel->host;

	switch (verdict->kind) {
	case PROTO_VERDICT_AUTH_FAILED:
		if (verdict->is_temporary)
			client_auth_later(tunnel, verdict);
		else
			client_auth_failed(tunnel, text, verdict->reason);
		break;
	case PROTO_VERDICT_RESTART:
		log_notice("the server asks to reconnect: %s", text);
		client_notify(host, "server-pushed-connection-reset",
			      verdict->reason);
		client_advance(host, verdict->advance);
		if (!verdict->is_password_kept)
			client_forget_password(host);
		tunnel_close(tunnel, "server-pushed-connection-reset");
		break;
	case PROTO_VERDICT_HALT:
		log_notice("the server ends the connection: %s", text);
		client_notify(host, "server-pushed-halt", verdict->reason);
		tunnel_watch_phase(host, TUNNEL_PHASE_EXITING,
				   "server-pushed-halt");
		tunnel_client_enter_state(host->client, CLIENT_STATE_EXITING);
		tunnel_close(tunnel, "server-pushed-halt");
		tunnel_host_finish(host, 0);
		break;
	}
}

static void client_message(struct tunnel_session *ts, const char *text)
{
	struct tunnel *tunnel = ts->tunnel;
	struct proto_verdict verdict;

	if (!proto_verdict_parse(&verdict, text)) {
		client_verdict(tunnel, &verdict, text);
	} else if (!strncmp(text, "PUSH_REPLY", 10)) {
		client_push_reply(ts, text);
	} else if (!strncmp(text, "PUSH_UPDATE", 11)) {
		client_push_update(tunnel, text + 11);
	} else if (!strncmp(text, "AUTH_PENDING", 12)) {
		client_auth_pending(tunnel, text);
	} else if (!strncmp(text, "INFO", 4)) {
		client_info(tunnel->host, text);
	} else if (!strncmp(text, "EXIT", 4)) {
		client_notify(tunnel->host, "remote-exit", "EXIT");
		log_notice("the server leaves (EXIT)");
		tunnel_close(tunnel, "remote-exit");
	} else {
		log_info("control message: %s", text);
	}
}

static void client_timeout(struct tunnel *tunnel)
{
	struct tunnel_host *host = tunnel->host;
	struct tunnel_client *client = host->client;

	/* everything has come */
	if (client->names) {
		client_names_late(host);
		return;
	}
	if (tunnel->state != TUNNEL_STATE_AUTHENTICATED)
		return;
	if (now_of(host) >= client->push_deadline) {
		tunnel_close(tunnel, "no-push-reply");
		return;
	}
	if (!client->has_requested)
		tunnel_watch_phase(host, TUNNEL_PHASE_GET_CONFIG, NULL);
	client->has_requested = true;
	control_session_send(tunnel->active->control, "PUSH_REQUEST");
	tunnel_set_deadline(tunnel, now_of(host) + PUSH_REPEAT_MS);
}

/* Return: the option by which the end of the tunnel is the program's; NULL */
static const char *client_exit_option(const struct tunnel *tunnel)
{
	const struct tunnel_host *host = tunnel->host;

	if (host->client->state == CLIENT_STATE_EXITING)
		return NULL;
	if (tunnel->is_expired && !host->client->applied->ping_restart)
		return "ping-exit";
	return tunnel->is_tls_failed && host->setup.cfg->is_tls_exit ?
	       "tls-exit" : NULL;
}

static void client_closed(struct tunnel *tunnel, const char *why)
{
	struct tunnel_host *host = tunnel->host;
	struct tunnel_client *client = host->client;
	const char *option;

	if (client->tunnel != tunnel)
		return;
	client->tunnel = NULL;
	if (client->state == CLIENT_STATE_CONNECTED) {
		tunnel_hook_down(host, client->applied, true,
				 tunnel->is_expired ? "ping-restart" :
						      "sigusr1");
		/* they lie in the tunnel, and the remote's name is asked for */
		tunnel_names_down(host);
	}
	option = client_exit_option(tunnel);
	if (option) {
		log_notice("exiting (%s)", option);
		host->last_signal = option;
		tunnel_client_enter_state(client, CLIENT_STATE_EXITING);
		tunnel_host_finish(host, 0);
		return;
	}
	/* from the timer: this may be inside a callback of the tunnel */
	if (client->state != CLIENT_STATE_EXITING) {
		if (client->state == CLIENT_STATE_WAIT)
			tunnel_client_next_address(host);
		tunnel_client_retry(host, why);
	}
}

static struct tunnel *client_find(struct tunnel_host *host, uint32_t dp_id)
{
	/* while it is held there is none yet */
	struct tunnel *tunnel = host->client ? host->client->tunnel : NULL;

	return tunnel && tunnel->dp_id == dp_id ? tunnel : NULL;
}

static void client_answered(struct tunnel_host *host)
{
	if (!host->client->has_answer)
		tunnel_watch_phase(host, TUNNEL_PHASE_AUTH, NULL);
	host->client->has_answer = true;
}

static void client_input(struct tunnel_host *host, const uint8_t *pkt,
			 size_t len, const struct tunnel_way *way)
{
	struct tunnel *tunnel = host->client->tunnel;
	bool is_elsewhere;

	if (!tunnel || !tunnel->active)
		return;
	is_elsewhere = !net_addr_is_equal(way->remote, &tunnel->remote);
	if ((is_elsewhere && !host->setup.cfg->is_float) ||
	    control_session_input(tunnel->active->control, pkt, len))
		return;
	client_answered(host);
	if (is_elsewhere)
		tunnel_client_follow(host, way->remote);
}

static int client_link_input(struct tunnel_host *host,
			     struct tunnel_link *link, const uint8_t *pkt,
			     size_t len)
{
	struct tunnel *tunnel = link->tunnel;
	int ret;

	if (!tunnel || !tunnel->active)
		return -EPROTO;
	ret = control_session_input(tunnel->active->control, pkt, len);
	if (!ret)
		client_answered(host);
	/* a late packet of an earlier exchange has done nothing wrong */
	return ret == -EBADMSG ? ret : 0;
}

/* life of the client */

/* The goodbye has been acked, or has had its time. */
static void client_exit_poll(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;
	struct tunnel *tunnel = client->tunnel;

	if (!tunnel || now_of(host) >= client->exit_deadline ||
	    control_session_is_drained(tunnel->active->control))
		tunnel_host_finish(host, 0);
	else
		loop_timer_start(client->timer, GOODBYE_POLL_MS);
}

static void client_timer(struct loop_timer *timer, void *arg)
{
	struct tunnel_host *host = arg;
	struct tunnel_client *client = host->client;

	(void)timer;
	switch (client->state) {
	case CLIENT_STATE_RECONNECTING:
		tunnel_client_connect(host);
		break;
	case CLIENT_STATE_TCP_CONNECT:
		tunnel_client_next_address(host);
		tunnel_client_retry(host, "connect-timeout");
		break;
	case CLIENT_STATE_WAIT:
		if (!client->has_answer && client->tunnel)
			tunnel_close(client->tunnel, "server-poll-timeout");
		break;
	case CLIENT_STATE_EXITING:
		client_exit_poll(host);
		break;
	case CLIENT_STATE_IDLE:
	case CLIENT_STATE_RESOLVE:
	case CLIENT_STATE_GET_CONFIG:
	case CLIENT_STATE_CONNECTED:
		break;
	}
}

static void client_peer_info(const struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;

	tunnel_info_abilities(host, client->peer_info,
			      sizeof(client->peer_info));
	client->peer_info_base = strlen(client->peer_info);
}

/* auth-user-pass file: username and password, a line each */
static void client_credentials(struct tunnel_client *client,
			       const struct config *cfg)
{
	const struct config_blob *blob = &cfg->auth_user_pass;
	const char *text = blob->text ? blob->text : "";
	size_t user = strcspn(text, "\r\n");
	const char *second = text + user;
	size_t pass;

	second += strspn(second, "\r\n");
	pass = strcspn(second, "\r\n");
	snprintf(client->username, sizeof(client->username), "%.*s",
		 (int)user, text);
	snprintf(client->password, sizeof(client->password), "%.*s",
		 (int)pass, second);
}

static int client_start(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;
	struct tunnel_client *client = mem_secret_alloc(sizeof(*client));

	if (!client)
		return -ENOMEM;
	host->client = client;
	client->timer = loop_timer_new(host->setup.loop, client_timer, host);
	client->resolver = loop_pool_new(host->setup.loop, RESOLVERS, 4);
	client->name_resolver = loop_pool_new(host->setup.loop, RESOLVERS, 4);
	if (!client->timer || !client->resolver || !client->name_resolver)
		return -ENOMEM;
	client->remote = cfg->remotes;
	client_peer_info(host);
	client_credentials(client, cfg);
	client->has_login = !cfg->is_management_query ||
			    cfg->auth_user_pass.text;
	tunnel_client_connect(host);
	return 0;
}

static void client_stop(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;
	const struct config *cfg = host->setup.cfg;
	struct tunnel *tunnel = client->tunnel;

	tunnel_client_enter_state(client, CLIENT_STATE_EXITING);
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
	client->exit_deadline = now_of(host) + 1000ull *
		(cfg->explicit_exit_notify > GOODBYE_MIN_S ?
		 cfg->explicit_exit_notify : GOODBYE_MIN_S);
	loop_timer_start(client->timer, GOODBYE_POLL_MS);
}

static void client_resume(struct tunnel_host *host)
{
	if (host->client->state == CLIENT_STATE_RECONNECTING)
		loop_timer_start(host->client->timer, 0);
}

static void client_restart(struct tunnel_host *host, const char *why)
{
	struct tunnel_client *client = host->client;

	if (client->tunnel)
		tunnel_close(client->tunnel, why);
	else if (client->state == CLIENT_STATE_TCP_CONNECT)
		tunnel_client_retry(host, why);
	else if (client->state == CLIENT_STATE_RECONNECTING)
		loop_timer_start(client->timer, 0);
}

static bool remote_is_equal(const struct config_remote *a,
			    const struct config_remote *b)
{
	return a->port == b->port && a->proto == b->proto &&
	       !strcmp(a->host, b->host);
}

/* The remote whose turn it is keeps it, if it is still there. */
static int client_reloaded(struct tunnel_host *host,
			   const struct config *before)
{
	struct tunnel_client *client = host->client;
	const struct config *cfg = host->setup.cfg;
	const struct config_remote *at = cfg->remotes;

	(void)before;
	while (at && !remote_is_equal(at, client->remote))
		at = at->next;
	client->remote = at ? at : cfg->remotes;
	client->origin = NULL;
	client_peer_info(host);
	client->has_told = false;
	tunnel_client_tell(host);
	/* without a file they have been asked for, once */
	if (cfg->auth_user_pass.text)
		client_credentials(client, cfg);
	return 0;
}

static void client_free(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;

	if (!client)
		return;
	if (client->applied)
		tunnel_hook_down(host, client->applied, false,
				 host->last_signal);
	tunnel_client_drop_link(client);
	tunnel_client_forget_lookup(client);
	tunnel_route_names_forget(&client->names);
	loop_pool_free_within(client->resolver, NAMES_END_MS);
	loop_pool_free_within(client->name_resolver, NAMES_END_MS);
	loop_timer_free(client->timer);
	config_free(client->pulled);
	config_free(client->applied);
	tunnel_pull_clear(&client->pull);
	mem_secret_free(client);
	host->client = NULL;
}

const struct tunnel_role tunnel_client_role = {
	.name = "client",
	.start = client_start,
	.find = client_find,
	.input = client_input,
	.link_input = client_link_input,
	.link_up = tunnel_client_link_up,
	.link_down = tunnel_client_link_down,
	.own_km2 = client_own_km2,
	.peer_km2 = client_peer_km2,
	.ready = client_ready,
	.rekeyed = client_rekeyed,
	.message = client_message,
	.timeout = client_timeout,
	.closed = client_closed,
	.stop = client_stop,
	.restart = client_restart,
	.resume = client_resume,
	.reloaded = client_reloaded,
	.free = client_free,
};
