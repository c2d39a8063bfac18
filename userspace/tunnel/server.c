// SPDX-License-Identifier: GPL-2.0-or-later
/* The server role: clients from their first packet to their last. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

/* How long the last words of the control channel may take. */
#define GOODBYE_MS 2000
/* A file that hangs should not keep others from being read. */
#define FILE_THREADS 4
#define FILE_END_MS 2000

/* When a client shall come again that there is no room for now. */
#define REFUSED_BACKOFF_S 10u

static uint64_t now_of(const struct tunnel_host *host)
{
	return loop_now(host->setup.loop);
}

/* a client connects */

static int server_own_km2(struct tunnel_session *ts, struct proto_km2 *km2)
{
	km2->options = tunnel_occ(ts->tunnel, ts->params.framing);
	return 0;
}

/* What is negotiated depends on it once the client's own rules are known. */
static int keep_string(char **to, const char *from)
{
	free(*to);
	*to = strdup(from ? from : "");
	return *to ? 0 : -ENOMEM;
}

static int negotiate(struct tunnel_session *ts, const struct config *cfg)
{
	const struct control_offer offer = {
		.data_ciphers = cfg->data_ciphers,
		.fallback = cfg->data_ciphers_fallback,
		.has_fragment = cfg->fragment,
		.is_plain = dp_is_plain(ts->tunnel->host->dp),
		.has_epochs = dp_has_epochs(ts->tunnel->host->dp),
	};
	int ret;

	ts->reject = NULL;
	ret = control_params_negotiate(&ts->params, &offer, ts->peer_info,
				       ts->occ, &ts->reject);
	if (!ret && cfg->is_ekm_forced && !ts->params.is_ekm)
		ts->reject = "Keying Material Exporters (RFC 5705) support missing. Upgrade to a client that supports this feature (OpenVPN 2.6.0+).";
	return ret;
}

static int server_peer_km2(struct tunnel_session *ts,
			   const struct proto_km2 *km2)
{
	struct tunnel *tunnel = ts->tunnel;

	/* who is sent away need not be judged */
	if (tunnel->is_farewell)
		return 0;
	/* a renegotiation keeps what was agreed first */
	if (tunnel->active == ts && tunnel->state == TUNNEL_STATE_CONNECTED)
		return tunnel_login_check(ts, km2);
	/* who comes again has yet to be let in: until then it is who it was */
	if (tunnel->active == ts)
		snprintf(tunnel->common_name, sizeof(tunnel->common_name),
			 "%s", ts->identity.common_name);
	if (keep_string(&ts->peer_info, km2->peer_info) ||
	    keep_string(&ts->occ, km2->options))
		return -ENOMEM;
	negotiate(ts, tunnel->host->setup.cfg);
	return tunnel_login_check(ts, km2);
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

/* override-username does not make another user of somebody. */
static const char *user_of(const struct tunnel *tunnel)
{
	return tunnel->login_name ? tunnel->login_name : tunnel->username;
}

/* Is it a connection that the same user has been let in with? */
static bool is_of_user(const struct tunnel *other, const struct tunnel *tunnel)
{
	if (!other || other == tunnel ||
	    (other->state != TUNNEL_STATE_ADMISSION &&
	     other->state != TUNNEL_STATE_AUTHENTICATED &&
	     other->state != TUNNEL_STATE_CONNECTED &&
	     other->state != TUNNEL_STATE_LAME_DUCK))
		return false;
	if (tunnel->has_username && tunnel->username[0])
		return !strcmp(user_of(other), user_of(tunnel));
	return tunnel->common_name[0] &&
	       !strcmp(other->common_name, tunnel->common_name);
}

/* sessions-per-user: the oldest ones make room. */
static void close_oldest(struct tunnel *tunnel)
{
	struct tunnel_host *host = tunnel->host;
	uint32_t most = host->setup.cfg->sessions_per_user, n;
	struct tunnel *oldest;

	do {
		oldest = NULL;
		n = 0;
		for (uint32_t i = 0; most && i < host->reg.max_tunnels; i++) {
			struct tunnel *other = host->reg.by_id[i];

			if (!is_of_user(other, tunnel))
				continue;
			n++;
			if (!oldest || other->cid < oldest->cid)
				oldest = other;
		}
		if (oldest && n >= most)
			tunnel_close(oldest, "the user has connected once more than sessions-per-user allows");
	} while (oldest && n > most);
}

static void refuse_session(struct tunnel_session *ts, const char *reason)
{
	struct tunnel *tunnel = ts->tunnel;
	bool has_reason = reason && reason[0];
	char text[1000], label[160];

	log_notice("%s: refused%s%s",
		   tunnel_label(tunnel, label, sizeof(label)),
		   has_reason ? ": " : "", has_reason ? reason : "");
	snprintf(text, sizeof(text), "AUTH_FAILED%s%s", has_reason ? "," : "",
		 has_reason ? reason : "");
	control_session_send(ts->control, text);
	/* who has not proved anything does not end the tunnel of another */
	if (ts == tunnel->untrusted)
		return;
	tunnel_data_disconnect(tunnel);
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

static void refuse(struct tunnel *tunnel, const char *reason)
{
	refuse_session(tunnel->active, reason);
}

/** tunnel_server_refuse() - a client that is connected may not be any more */
void tunnel_server_refuse(struct tunnel *tunnel, const char *why)
{
	char label[160];

	log_notice("%s: %s", tunnel_label(tunnel, label, sizeof(label)), why);
	refuse(tunnel, NULL);
}

static void server_refused(struct tunnel_session *ts)
{
	refuse_session(ts, ts->reason);
}

/* An address that was given by name belongs to the client that came last. */
static int take_address(struct tunnel *tunnel, const struct net_ip *ip)
{
	struct tunnel_host *host = tunnel->host;

	for (uint32_t i = 0; i < host->reg.max_tunnels; i++) {
		struct tunnel *other = host->reg.by_id[i];

		if (other && other != tunnel && tunnel_address_is(other, ip))
			tunnel_close(other, "its address belongs to another client");
	}
	return control_pool_reserve(host->server->pool, ip);
}

static void release_addresses(struct tunnel *tunnel)
{
	tunnel_address_drop(tunnel);
	if (tunnel->has_pool_address)
		control_pool_put(tunnel->host->server->pool, &tunnel->vpn4,
				 &tunnel->vpn6);
	tunnel->has_pool_address = false;
}

/* ifconfig-push, else the pool; with the former there is no IPv6 of the pool */
int tunnel_server_assign(struct tunnel *tunnel)
{
	const struct config *cfg = tunnel_cfg(tunnel);
	struct control_pool *pool = tunnel->host->server->pool;
	const char *name = cfg->is_duplicate_cn ? NULL : tunnel->common_name;
	bool is_given = cfg->has_ifconfig_push || cfg->has_ifconfig6_push;
	const struct net_ip none = { 0 };
	int ret;

	/* a program has been told those */
	if (tunnel->has_pool_address && tunnel->is_pooled && !is_given)
		return 0;
	release_addresses(tunnel);
	if (cfg->has_ifconfig_push) {
		ret = take_address(tunnel, &cfg->ifconfig_push);
		tunnel->vpn4 = cfg->ifconfig_push;
		tunnel->vpn6 = none;
	} else {
		ret = control_pool_get(pool, name, &tunnel->vpn4,
				       &tunnel->vpn6);
	}
	if (ret)
		return ret;
	if (cfg->has_ifconfig6_push) {
		ret = take_address(tunnel, &cfg->ifconfig6_push.ip);
		if (ret)
			return ret;
		tunnel->vpn6 = cfg->ifconfig6_push.ip;
	}
	tunnel->has_pool_address = true;
	tunnel->is_pooled = !is_given;
	return 0;
}

/* @user, @token: the last lines; "" */
struct push_iter {
	const struct config *cfg;
	const struct config_text *at;
	char user[TUNNEL_USER_LINE_MAX];
	char token[TUNNEL_TOKEN_LINE_MAX];
	bool is_user_out, is_token_out;
};

static const char *push_next(void *arg)
{
	struct push_iter *iter = arg;
	const struct config_text *now;

	do {
		now = iter->at;
		if (now)
			iter->at = now->next;
	} while (now && tunnel_push_is_own(iter->cfg, now->text));
	if (now)
		return now->text;
	if (!iter->is_user_out && iter->user[0]) {
		iter->is_user_out = true;
		return iter->user;
	}
	if (iter->is_token_out || !iter->token[0])
		return NULL;
	iter->is_token_out = true;
	return iter->token;
}

void tunnel_server_addresses(const struct tunnel *tunnel,
			     struct control_push_reply *reply)
{
	const struct config *cfg = tunnel_cfg(tunnel);
	char mask[NET_PREFIX_STRLEN];

	if (!cfg->is_ifconfig_hidden)
		reply->vpn4 = tunnel->vpn4;
	if (cfg->has_ifconfig_push)
		reply->vpn4_remote = cfg->ifconfig_push_remote;
	else if (cfg->topology == CONFIG_TOPOLOGY_SUBNET)
		net_ip_parse(net_mask_format(cfg->has_pool && cfg->pool_len ?
					     cfg->pool_len : cfg->ifconfig.len,
					     mask), &reply->vpn4_remote);
	else
		reply->vpn4_remote = cfg->ifconfig.ip;
	/* the server's end of its network of four */
	if (cfg->topology == CONFIG_TOPOLOGY_NET30 && !cfg->has_ifconfig_push &&
	    tunnel->vpn4.family) {
		reply->vpn4_remote = tunnel->vpn4;
		reply->vpn4_remote.in4.s_addr ^= htonl(3);
	}
	if (cfg->is_ifconfig6_hidden)
		return;
	reply->vpn6.ip = tunnel->vpn6;
	reply->vpn6.len = cfg->has_ifconfig6_push ? cfg->ifconfig6_push.len :
						    cfg->ifconfig6.len;
	reply->vpn6_remote = cfg->has_ifconfig6_push ?
			     cfg->ifconfig6_push_remote : cfg->ifconfig6.ip;
}

static int push_reply(struct tunnel *tunnel)
{
	const struct config *cfg = tunnel_cfg(tunnel);
	struct push_iter iter = { .cfg = cfg, .at = cfg->push };
	struct control_push_reply reply = {
		.params = &tunnel->active->params,
		.next = push_next,
		.iter = &iter,
		.peer_id = tunnel_data_wire_id(tunnel),
		.tun_mtu = cfg->tun_mtu,
	};
	int ret;

	if (tunnel_login_token(tunnel->active, iter.token)) {
		tunnel_login_user(tunnel->active, iter.user);
		tunnel_login_arm(tunnel->active);
	}
	tunnel_server_addresses(tunnel, &reply);
	ret = control_push_reply(tunnel->active->control, &reply);
	mem_wipe(&iter, sizeof(iter));
	return ret;
}

/* It comes again, and need not find out for itself that nobody answers. */
static void server_send_away(struct tunnel *tunnel)
{
	tunnel_data_disconnect(tunnel);
	if (control_session_send(tunnel->active->control, "RESTART"))
		tunnel_close(tunnel, "data channel setup failed");
	else
		tunnel_close_later(tunnel, GOODBYE_MS);
}

/* Keys first, then the reply: the client may send data at once. */
static void server_connect(struct tunnel *tunnel)
{
	static struct log_limit limit = { .burst = 20, .interval_ms = 1000 };
	char label[160], a[NET_PREFIX_STRLEN], b[NET_PREFIX_STRLEN];
	int ret;

	ret = tunnel_data_connect(tunnel, tunnel_data_wire_id(tunnel),
				  tunnel_cfg(tunnel));
	if (!ret)
		tunnel_iroutes_add(tunnel);
	if (!ret)
		ret = push_reply(tunnel);
	tunnel_label(tunnel, label, sizeof(label));
	if (ret) {
		/* it may be that the client has just closed its connection */
		log_limited(&limit, LOG_LEVEL_ERROR,
			    "%s: cannot set up the data channel: %s", label,
			    strerror(-ret));
		server_send_away(tunnel);
		return;
	}
	tunnel_enter_state(tunnel, TUNNEL_STATE_CONNECTED);
	tunnel_lifetime_begin(tunnel);
	tunnel_set_deadline(tunnel, UINT64_MAX);
	tunnel_survive_save(tunnel);
	tunnel_watch_established(tunnel);
	log_notice("%s: connected: peer-id %u, cipher %s, address %s %s",
		   label, tunnel->peer_id,
		   proto_cipher_name(tunnel->active->params.cipher),
		   net_ip_format(&tunnel->vpn4, a),
		   tunnel->vpn6.family ? net_ip_format(&tunnel->vpn6, b) : "");
}

void tunnel_server_admitted(struct tunnel *tunnel, bool is_allowed)
{
	struct tunnel_session *ts = tunnel->active;
	const char *name = tunnel_cfg(tunnel)->override_username;

	if (is_allowed && tunnel->own_cfg)
		negotiate(ts, tunnel->own_cfg);
	if (name)
		tunnel_login_override(ts, name);
	if (!is_allowed || tunnel_cfg(tunnel)->is_disabled || ts->reject) {
		refuse(tunnel, is_allowed ? ts->reject : NULL);
		return;
	}
	/* what client-connect has said may be another address */
	if ((!tunnel->has_pool_address || tunnel->own_cfg) &&
	    tunnel_server_assign(tunnel)) {
		refuse_for_now(tunnel, "no free address in the pool");
		return;
	}
	tunnel_policy_learn(tunnel);
}

void tunnel_server_learned(struct tunnel *tunnel, bool is_allowed)
{
	if (!is_allowed) {
		refuse(tunnel, NULL);
		return;
	}
	tunnel_enter_state(tunnel, TUNNEL_STATE_AUTHENTICATED);
	tunnel_set_deadline(tunnel, now_of(tunnel->host) +
			    1000ull * tunnel->host->setup.cfg->hand_window);
	if (tunnel->active->params.iv_proto & PROTO_IV_REQUEST_PUSH ||
	    tunnel->push_wanted)
		server_connect(tunnel);
}

static void server_ready(struct tunnel_session *ts)
{
	struct tunnel *tunnel = ts->tunnel;

	if (!tunnel_login_name_fits(ts)) {
		refuse(tunnel, NULL);
		return;
	}
	snprintf(tunnel->common_name, sizeof(tunnel->common_name), "%.64s",
		 tunnel->host->setup.cfg->is_username_cn ?
		 ts->username : ts->identity.common_name);
	snprintf(tunnel->username, sizeof(tunnel->username), "%s",
		 ts->username);
	tunnel->has_username = tunnel_login_is_on(tunnel->host);
	close_duplicates(tunnel);
	close_oldest(tunnel);
	tunnel_policy_start(tunnel);
}

/* Who looks on hears of it; programs are only asked where there are some. */
static void server_answer(struct tunnel_session *ts, const char *text)
{
	const struct tunnel_host *host = ts->tunnel->host;

	tunnel_watch_response(ts, text);
	if (!host->setup.cfg->is_management_auth ||
	    hook_has(host->setup.hook, HOOK_CLIENT_CRRESPONSE))
		tunnel_verify_answer(ts, text);
}

/*
 * Who has not been let in speaks for itself, not for the tunnel (section 4.7):
 * all that it may say is the answer that its own login waits for.
 */
static bool may_say(const struct tunnel_session *ts, bool is_answer)
{
	return ts == ts->tunnel->active ||
	       (is_answer && ts->verdict == TUNNEL_VERDICT_PENDING);
}

static void server_message(struct tunnel_session *ts, const char *text)
{
	bool is_answer = !strncmp(text, "CR_RESPONSE,", strlen("CR_RESPONSE,"));
	static struct log_limit limit = { .burst = 20, .interval_ms = 1000 };
	struct tunnel *tunnel = ts->tunnel;
	char label[160];

	tunnel_label(tunnel, label, sizeof(label));
	if (!may_say(ts, is_answer)) {
		log_limited(&limit, LOG_LEVEL_INFO,
			    "%s: a message of a session that is not let in is ignored",
			    label);
		return;
	}
	if (is_answer) {
		server_answer(ts, text + strlen("CR_RESPONSE,"));
		return;
	}
	if (!strcmp(text, "PUSH_REQUEST")) {
		tunnel->push_wanted = true;
		if (tunnel->state == TUNNEL_STATE_AUTHENTICATED)
			server_connect(tunnel);
		return;
	}
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
		tunnel_close(tunnel, tunnel->is_farewell ?
			     "has to connect again" : "exit");
		break;
	case TUNNEL_STATE_LAME_DUCK:
		tunnel_close(tunnel, "its last key has expired");
		break;
	case TUNNEL_STATE_HANDSHAKE:
	case TUNNEL_STATE_ADMISSION:
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

	tunnel_watch_left(tunnel);
	tunnel_policy_drop(tunnel);
	release_addresses(tunnel);
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
	const struct tunnel_way way = {
		&info->remote, &info->local, tunnel_sock_at(host, &info->local),
	};
	struct tunnel *tunnel;

	if (info->id >= host->reg.max_tunnels ||
	    tunnel_registry_peer(&host->reg, info->id))
		return 0;
	tunnel = tunnel_new(host, info->id, &way);
	if (!tunnel)
		return -ENOMEM;
	tunnel->has_dp_peer = true;
	tunnel->vpn4 = info->vpn4;
	tunnel->vpn6 = info->vpn6;
	tunnel->has_pool_address = true;
	tunnel_enter_state(tunnel, TUNNEL_STATE_ADOPTED);
	if (control_pool_reserve(host->server->pool, &info->vpn4) ||
	    control_pool_reserve(host->server->pool, &info->vpn6))
		return -ENOMEM;
	return 0;
}

static int server_files(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;

	if (host->server->files || (!cfg->ccd_path && !cfg->pool_path))
		return 0;
	host->server->files = loop_pool_new(host->setup.loop, FILE_THREADS,
					    cfg->max_clients);
	return host->server->files ? 0 : -ENOMEM;
}

static int server_pool_new(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;
	struct net_ip none = { 0 };

	if (server_files(host))
		return -ENOMEM;
	host->server->pool = control_pool_new(
		cfg->has_pool ? &cfg->pool_start : &none,
		cfg->has_pool ? &cfg->pool_end : &none,
		cfg->has_pool6 ? &cfg->pool6 : NULL,
		cfg->topology == CONFIG_TOPOLOGY_NET30, cfg->max_clients);
	return host->server->pool ? 0 : -ENOMEM;
}

/* Without records, peers of the kernel only keep their addresses. */
static int server_go_on(struct tunnel_host *host)
{
	int ret;

	if (keep_is_used(host->setup.keep))
		return tunnel_survive_restore(host);
	ret = dp_peer_list(host->dp, adopt_peer, host);
	if (!ret && host->reg.n_tunnels)
		log_notice("%u peers of an earlier run go on",
			   host->reg.n_tunnels);
	return ret;
}

static int server_start(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;
	int ret;

	host->server = calloc(1, sizeof(*host->server));
	if (!host->server)
		return -ENOMEM;
	ret = tunnel_first_start(host);
	if (!ret)
		ret = server_pool_new(host);
	if (!ret)
		ret = tunnel_persist_start(host);
	if (!ret)
		ret = tunnel_server_routes(host);
	if (!ret)
		ret = server_go_on(host);
	if (ret)
		return ret;
	/* where tunnels go on, the device has never been down */
	if (keep_is_used(host->setup.keep) && host->link.is_adopted)
		tunnel_hook_resumed(host, cfg);
	else
		tunnel_hook_up(host, cfg, false);
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

static void exit_timeout(struct loop_timer *timer, void *arg)
{
	(void)timer;
	tunnel_host_finish(arg, 0);
}

static void server_stop(struct tunnel_host *host)
{
	if (!tunnel_farewell_all(host)) {
		tunnel_host_finish(host, 0);
		return;
	}
	loop_timer_free(host->exit_timer);
	host->exit_timer = loop_timer_new(host->setup.loop, exit_timeout,
					  host);
	if (host->exit_timer)
		loop_timer_start(host->exit_timer, GOODBYE_MS);
	else
		tunnel_host_finish(host, 0);
}

static void server_resume(struct tunnel_host *host)
{
	tunnel_watch_phase(host, TUNNEL_PHASE_CONNECTED, "SUCCESS");
}

/* All clients have gone. */
static void server_again(struct tunnel_host *host)
{
	if (!tunnel_watch_hold(host, host->setup.cfg->connect_retry * 1000ull))
		server_resume(host);
}

static void restart_timeout(struct loop_timer *timer, void *arg)
{
	struct tunnel_host *host = arg;

	(void)timer;
	for_each(host, tunnel_close, "restart");
	server_again(host);
}

/* The clients come back by themselves, at once if they are told. */
static void server_restart(struct tunnel_host *host, const char *why)
{
	uint32_t time;

	tunnel_watch_phase(host, TUNNEL_PHASE_RECONNECTING, why);
	time = tunnel_farewell_all(host);
	if (!time) {
		for_each(host, tunnel_close, why);
		server_again(host);
		return;
	}
	if (!host->exit_timer)
		host->exit_timer = loop_timer_new(host->setup.loop,
						  restart_timeout, host);
	if (host->exit_timer)
		loop_timer_start(host->exit_timer, time);
	else
		restart_timeout(NULL, host);
}

static bool is_same_push(const struct config *a, const struct config *b)
{
	const struct config_text *x = a->push, *y = b->push;

	for (; x && y && !strcmp(x->text, y->text); x = x->next)
		y = y->next;
	return !x && !y;
}

/* Who has no lines of its own was pushed the server's, as they were. */
static void remember_push(struct tunnel *tunnel, const struct config *before)
{
	if (tunnel->state == TUNNEL_STATE_CONNECTED && !tunnel->own_cfg &&
	    !tunnel->is_resumed)
		tunnel->own_cfg = config_client_begin(before);
}

static void reread_one(struct tunnel *tunnel, const char *arg)
{
	(void)arg;
	tunnel_reread(tunnel);
}

/* What is not in the configuration's own files: those of clients, and names. */
static int server_reread(struct tunnel_host *host)
{
	int ret = tunnel_server_routes(host);

	if (!ret)
		for_each(host, reread_one, NULL);
	return ret;
}

/* The networks of the server stay as they are. */
static int server_reloaded(struct tunnel_host *host,
			   const struct config *before)
{
	const struct config *cfg = host->setup.cfg;
	int ret;

	ret = server_files(host);
	if (!ret)
		ret = tunnel_registry_resize(&host->reg, cfg->max_clients);
	if (!ret)
		ret = control_pool_grow(host->server->pool, cfg->max_clients);
	if (!ret && !is_same_push(before, cfg))
		for (uint32_t i = 0; i < host->reg.max_tunnels; i++)
			if (host->reg.by_id[i])
				remember_push(host->reg.by_id[i], before);
	return ret ? ret : server_reread(host);
}

static void server_free(struct tunnel_host *host)
{
	if (!host->server)
		return;
	loop_pool_free_within(host->server->files, FILE_END_MS);
	tunnel_first_free(host);
	tunnel_server_routes_free(host->server);
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
	.refused = server_refused,
	.rekeyed = tunnel_login_renew,
	.message = server_message,
	.timeout = server_timeout,
	.closed = server_closed,
	.stop = server_stop,
	.restart = server_restart,
	.resume = server_resume,
	.reloaded = server_reloaded,
	.reread = server_reread,
	.free = server_free,
};
