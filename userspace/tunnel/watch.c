// SPDX-License-Identifier: GPL-2.0-or-later
/* What onlookers are told, and what they may ask for (section 10). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/client.h"

#define GOODBYE_MS 2000

const struct tunnel_watch tunnel_watch_none = { 0 };

void tunnel_host_watch(struct tunnel_host *host,
		       const struct tunnel_watch *watch, void *arg)
{
	host->watch = watch ? watch : &tunnel_watch_none;
	host->watch_arg = arg;
}

/* The addresses that the device has, or is about to get. */
static const struct config *cfg_now(const struct tunnel_host *host)
{
	const struct tunnel_client *client = host->client;

	if (client && client->pulled)
		return client->pulled;
	return client && client->applied ? client->applied : host->setup.cfg;
}

static void event_addresses(const struct tunnel_host *host,
			    struct tunnel_event *event)
{
	const struct config *cfg = cfg_now(host);
	const struct tunnel *tunnel = host->client ? host->client->tunnel :
						     NULL;

	if (cfg->has_ifconfig)
		event->vpn4 = cfg->ifconfig.ip;
	if (cfg->has_ifconfig6)
		event->vpn6 = cfg->ifconfig6.ip;
	if (event->phase == TUNNEL_PHASE_ASSIGN_IP || !tunnel)
		return;
	event->remote = tunnel->remote;
	/* a socket for datagrams has none of its own in OpenVPN */
	if (tunnel->link)
		event->local = tunnel->link->local;
}

/**
 * tunnel_watch_phase() - the host has come to a phase
 * @host: the host
 * @phase: which
 * @detail: why, or how it went; NULL: nothing to say
 */
void tunnel_watch_phase(struct tunnel_host *host, enum tunnel_phase phase,
			const char *detail)
{
	struct tunnel_event event = {
		.phase = phase,
		.detail = detail ? detail : "",
	};

	if (!host->watch->phase)
		return;
	if (phase == TUNNEL_PHASE_ASSIGN_IP || phase == TUNNEL_PHASE_CONNECTED)
		event_addresses(host, &event);
	host->watch->phase(host->watch_arg, &event);
}

/** tunnel_watch_hold() - true: wait for tunnel_host_release() */
bool tunnel_watch_hold(struct tunnel_host *host, uint64_t delay_ms)
{
	if (!host->watch->hold || host->is_stopping)
		return false;
	host->is_held = host->watch->hold(host->watch_arg,
					  (uint32_t)(delay_ms / 1000));
	return host->is_held;
}

void tunnel_host_release(struct tunnel_host *host)
{
	char err[512];

	if (!host->is_held || host->is_stopping)
		return;
	host->is_held = false;
	if (host->is_started) {
		host->role->resume(host);
	} else if (tunnel_host_start(host, err, sizeof(err))) {
		log_error("%s", err);
		if (host->watch->fatal)
			host->watch->fatal(host->watch_arg, err);
		tunnel_host_finish(host, 1);
	}
}

bool tunnel_host_is_held(const struct tunnel_host *host)
{
	return host->is_held;
}

void tunnel_watch_token(struct tunnel_host *host, const struct config *cfg)
{
	if (host->watch->token && cfg->auth_token)
		host->watch->token(host->watch_arg, cfg->auth_token);
}

void tunnel_watch_updown(struct tunnel_host *host, bool is_up)
{
	if (host->watch->updown && host->hook_env)
		host->watch->updown(host->watch_arg, is_up, host->hook_env);
}

/* ---- a client ----------------------------------------------------------- */

void tunnel_host_set_retry(struct tunnel_host *host, enum tunnel_retry retry)
{
	host->retry = retry;
}

enum tunnel_retry tunnel_host_retry(const struct tunnel_host *host)
{
	return host->retry;
}

void tunnel_host_login(struct tunnel_host *host, const char *username,
		       const char *password)
{
	struct tunnel_client *client = host->client;

	if (!client || !client->is_asking)
		return;
	snprintf(client->username, sizeof(client->username), "%s", username);
	snprintf(client->password, sizeof(client->password), "%s", password);
	client->has_login = true;
	client->is_asking = false;
	/* from the timer: this may be inside a call of the onlooker's */
	loop_timer_start(client->timer, 0);
}

void tunnel_host_forget(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;

	tunnel_identity_forget(host);
	if (!client)
		return;
	if (client->applied) {
		client->applied->auth_token = NULL;
		client->applied->auth_token_user = NULL;
	}
	if (!host->setup.cfg->is_management_query)
		return;
	mem_wipe(client->username, sizeof(client->username));
	mem_wipe(client->password, sizeof(client->password));
	client->has_login = false;
}

int tunnel_host_respond(struct tunnel_host *host, const char *text)
{
	const struct tunnel_client *client = host->client;
	char message[1024];
	int len;

	if (host->role != &tunnel_client_role)
		return -EOPNOTSUPP;
	if (!client || !client->tunnel || !client->tunnel->active)
		return -ENOTCONN;
	len = snprintf(message, sizeof(message), "CR_RESPONSE,%s", text);
	if (len < 0 || (size_t)len >= sizeof(message))
		return -EMSGSIZE;
	return control_session_send(client->tunnel->active->control, message);
}

const struct config_remote *tunnel_host_remote(const struct tunnel_host *host,
					       unsigned int n)
{
	const struct config_remote *remote = host->setup.cfg->remotes;

	while (remote && n--)
		remote = remote->next;
	return remote;
}

/* ---- a server's clients ------------------------------------------------ */

static struct tunnel_note note_of(const struct tunnel_session *ts,
				  const struct hook_env *env)
{
	const struct tunnel *tunnel = ts->tunnel;

	return (struct tunnel_note){
		.cid = tunnel->cid, .kid = ts->kid,
		.is_again = tunnel->is_established,
		.peer_info = ts->peer_info, .env = env,
	};
}

/** tunnel_watch_login() - somebody has to say whether a client comes in */
void tunnel_watch_login(struct tunnel_session *ts, const struct hook_env *env)
{
	const struct tunnel_host *host = ts->tunnel->host;
	struct tunnel_note note = note_of(ts, env);

	ts->is_asked = true;
	ts->tunnel->is_watched = true;
	if (host->watch->login)
		host->watch->login(host->watch_arg, &note);
}

static void watch_addresses(const struct tunnel *tunnel)
{
	const struct tunnel_host *host = tunnel->host;
	struct net_prefix what;
	bool is_own;

	for (unsigned int n = 0; tunnel_policy_address(tunnel, n, &what); n++) {
		is_own = tunnel_address_is(tunnel, &what.ip);
		host->watch->address(host->watch_arg, tunnel->cid, &what,
				     is_own);
	}
}

void tunnel_watch_established(struct tunnel *tunnel)
{
	const struct tunnel_host *host = tunnel->host;
	struct tunnel_note note;

	tunnel->is_established = true;
	if (!host->watch->established)
		return;
	if (tunnel->is_watched)
		watch_addresses(tunnel);
	note = note_of(tunnel->active, tunnel_hook_connected_env(tunnel));
	host->watch->established(host->watch_arg, &note);
}

/** tunnel_watch_left() - a client goes; it has left the data path */
void tunnel_watch_left(struct tunnel *tunnel)
{
	const struct tunnel_host *host = tunnel->host;
	struct tunnel_note note;

	if (!tunnel->is_watched || !host->watch->left || !tunnel->active)
		return;
	tunnel->is_watched = false;
	note = note_of(tunnel->active, tunnel->is_established ?
				       tunnel_hook_left_env(tunnel) : NULL);
	host->watch->left(host->watch_arg, &note);
}

void tunnel_watch_response(struct tunnel_session *ts, const char *text)
{
	const struct tunnel_host *host = ts->tunnel->host;
	struct hook_env *env;
	struct tunnel_note note;

	if (!host->watch->response || !ts->has_identity)
		return;
	env = tunnel_hook_session_env(ts);
	note = note_of(ts, env);
	host->watch->response(host->watch_arg, &note, text);
	hook_env_free(env);
}

/** tunnel_watch_echo() - what the server wants to be said */
void tunnel_watch_echo(struct tunnel_host *host, const struct config *cfg)
{
	const struct config_text *text;

	for (text = cfg->echoes; text && host->watch->echo; text = text->next)
		host->watch->echo(host->watch_arg, text->text);
}

/* ---- ends of a server's clients -------------------------------------- */

static unsigned int kill_all(struct tunnel_host *host,
			     bool (*matches)(const struct tunnel *tunnel,
					     const void *arg),
			     const void *arg)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < host->reg.max_tunnels; i++) {
		struct tunnel *tunnel = host->reg.by_id[i];

		if (!tunnel || !matches(tunnel, arg))
			continue;
		tunnel_close(tunnel, "ended through the management interface");
		n++;
	}
	return n;
}

static bool has_name(const struct tunnel *tunnel, const void *arg)
{
	return !strcmp(tunnel->common_name, arg);
}

struct kill_addr {
	const union net_addr *addr;
	enum tunnel_kill_proto proto;
};

static bool has_addr(const struct tunnel *tunnel, const void *arg)
{
	const struct kill_addr *want = arg;
	enum tunnel_kill_proto proto = tunnel->link ? TUNNEL_KILL_TCP :
						      TUNNEL_KILL_UDP;

	return net_addr_is_equal(&tunnel->remote, want->addr) &&
	       (want->proto == TUNNEL_KILL_ANY || want->proto == proto);
}

unsigned int tunnel_host_kill_name(struct tunnel_host *host, const char *name)
{
	return kill_all(host, has_name, name);
}

unsigned int tunnel_host_kill_addr(struct tunnel_host *host,
				   const union net_addr *addr,
				   enum tunnel_kill_proto proto)
{
	const struct kill_addr want = { .addr = addr, .proto = proto };

	return kill_all(host, has_addr, &want);
}

static struct tunnel *find_client(struct tunnel_host *host, uint64_t cid)
{
	for (uint32_t i = 0; i < host->reg.max_tunnels; i++)
		if (host->reg.by_id[i] && host->reg.by_id[i]->cid == cid)
			return host->reg.by_id[i];
	return NULL;
}

static struct tunnel_session *find_exchange(struct tunnel_host *host,
					    uint64_t cid, uint32_t kid)
{
	struct tunnel *tunnel = find_client(host, cid);

	if (!tunnel)
		return NULL;
	if (tunnel->active && tunnel->active->kid == kid)
		return tunnel->active;
	if (tunnel->untrusted && tunnel->untrusted->kid == kid)
		return tunnel->untrusted;
	return NULL;
}

int tunnel_host_login_accept(struct tunnel_host *host, uint64_t cid,
			     uint32_t kid, const char *lines, size_t len)
{
	struct tunnel_session *ts = find_exchange(host, cid, kid);
	char *copy;

	if (!ts)
		return -ENOENT;
	if (!ts->is_asked)
		return 0;
	copy = strndup(lines, len);
	if (!copy)
		return -ENOMEM;
	free(ts->lines);
	ts->lines = copy;
	ts->lines_len = len;
	return tunnel_login_answer(ts, NULL, NULL);
}

int tunnel_host_login_refuse(struct tunnel_host *host, uint64_t cid,
			     uint32_t kid, const char *why,
			     const char *for_client)
{
	struct tunnel_session *ts = find_exchange(host, cid, kid);

	if (!ts)
		return -ENOENT;
	return ts->is_asked ? tunnel_login_answer(ts, why, for_client) : 0;
}

int tunnel_host_login_pending(struct tunnel_host *host, uint64_t cid,
			      uint32_t kid, const char *text, uint32_t timeout)
{
	struct tunnel_session *ts = find_exchange(host, cid, kid);

	if (!ts)
		return -ENOENT;
	return ts->is_asked ? tunnel_login_wait_for(ts, text, timeout) : 0;
}

int tunnel_host_kill(struct tunnel_host *host, uint64_t cid, const char *text)
{
	struct tunnel *tunnel = find_client(host, cid);
	char label[160];

	if (!tunnel)
		return -ENOENT;
	log_notice("%s: ended through the management interface: %s",
		   tunnel_label(tunnel, label, sizeof(label)), text);
	if (!tunnel->active ||
	    control_session_send(tunnel->active->control, text)) {
		tunnel_close(tunnel, "ended through the management interface");
		return 0;
	}
	tunnel_data_disconnect(tunnel);
	tunnel_close_later(tunnel, GOODBYE_MS);
	return 0;
}
