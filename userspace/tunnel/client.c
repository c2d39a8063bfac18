// SPDX-License-Identifier: GPL-2.0-or-later
/* The client role: from a list of remotes to a tunnel, again and again. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

#define PUSH_FIRST_MS	1000	/* after the key exchange (section 8.1) */
#define PUSH_REPEAT_MS	5000
#define GOODBYE_POLL_MS	50
#define GOODBYE_MIN_S	2	/* leaves earlier when EXIT has been acked */
#define RESOLVERS	1
#define ADDRS_MAX	16	/* of one name */

/**
 * enum client_state - of the connection as a whole
 */
enum client_state {
	CLIENT_STATE_IDLE,
	CLIENT_STATE_RESOLVE,
	CLIENT_STATE_TCP_CONNECT,
	CLIENT_STATE_WAIT,	/* handshake */
	CLIENT_STATE_GET_CONFIG,
	CLIENT_STATE_CONNECTED,
	CLIENT_STATE_RECONNECTING,	/* before the next try */
	CLIENT_STATE_EXITING,
};

/**
 * struct client_lookup - a name on its way to an address; owned by the worker
 * @host: NULL once the client has gone; then it frees itself
 */
struct client_lookup {
	struct loop_job job;
	struct tunnel_host *host;
	char name[256];
	char port[8];
	int family;
	int error;
	union net_addr addrs[ADDRS_MAX];
	unsigned int n_addrs;
};

/**
 * struct tunnel_client - see the states
 * @link: a connection that is being made; NULL otherwise
 * @has_answer: something authentic has come from this remote
 * @pulled: configuration with the pushed options applied; NULL before
 * @applied: the one that the device has now; NULL before
 * @addrs, @n_addrs: what the name of @remote stands for
 * @at_addr: the one in use; behind the first one they are tried in turn
 * @push_deadline: ms, when PUSH_REPLY must have come
 * @n_tries: consecutive failures, for the back-off
 * @backoff: seconds that the server wants the next try to be away
 */
struct tunnel_client {
	enum client_state state;
	struct tunnel *tunnel;
	struct tunnel_link *link;
	bool has_answer;
	struct config *pulled, *applied;
	const struct config_remote *remote;
	union net_addr addr;
	union net_addr addrs[ADDRS_MAX];
	unsigned int n_addrs, at_addr;
	struct client_lookup *lookup;
	struct loop_pool *resolver;
	struct loop_timer *timer;
	uint64_t push_deadline;
	uint64_t exit_deadline;
	unsigned int n_tries;
	uint32_t backoff;
	char peer_info[512];
	char username[PROTO_USER_PASS_MAX], password[PROTO_USER_PASS_MAX];
};

static void client_connect(struct tunnel_host *host);

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

static void client_enter_state(struct tunnel_client *client,
			       enum client_state state)
{
	log_debug("client: %s -> %s", client_state_name(client->state),
		  client_state_name(state));
	client->state = state;
}

/* one try */

/* 1 s, doubling after the fifth failure, as connect-retry says. */
static uint64_t retry_delay(const struct tunnel_client *client,
			    const struct config *cfg)
{
	uint64_t delay = cfg->connect_retry ? cfg->connect_retry : 1;

	for (unsigned int n = 5; n < client->n_tries && n < 32; n++)
		if (delay < cfg->connect_retry_max_wait)
			delay *= 2;
	if (cfg->connect_retry_max_wait && delay > cfg->connect_retry_max_wait)
		delay = cfg->connect_retry_max_wait;
	return delay * 1000;
}

static void client_drop_link(struct tunnel_client *client)
{
	struct tunnel_link *link = client->link;

	client->link = NULL;
	if (link)
		link->ops->close(link);
}

static void client_retry(struct tunnel_host *host, const char *why)
{
	struct tunnel_client *client = host->client;
	const struct config *cfg = host->setup.cfg;
	uint64_t delay;

	if (client->state == CLIENT_STATE_EXITING)
		return;
	client->n_tries++;
	if (cfg->connect_retry_max &&
	    client->n_tries > cfg->connect_retry_max) {
		log_error("all connections tried %u times, giving up",
			  cfg->connect_retry_max);
		tunnel_host_finish(host, 1);
		return;
	}
	client_enter_state(client, CLIENT_STATE_RECONNECTING);
	client_drop_link(client);
	host->setup.outer.close(host->setup.outer.arg);
	delay = retry_delay(client, cfg);
	if (delay < client->backoff * 1000ull)
		delay = client->backoff * 1000ull;
	client->backoff = 0;
	log_notice("restarting (%s), next try in %llu s", why,
		   (unsigned long long)delay / 1000);
	loop_timer_start(client->timer, delay);
}

/* The first address of a name is asked for anew: it may have changed. */
static void client_next_remote(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;

	client->n_addrs = 0;
	client->at_addr = 0;
	client->remote = client->remote && client->remote->next ?
			 client->remote->next : host->setup.cfg->remotes;
}

/* The transport is there: over it, the first packet. */
static void client_begin(struct tunnel_host *host, struct tunnel_link *link)
{
	struct tunnel_client *client = host->client;
	const union net_addr none = { .sa.sa_family = AF_UNSPEC };

	client_enter_state(client, CLIENT_STATE_WAIT);
	config_free(client->pulled);
	client->pulled = NULL;
	if (tunnel_host_occ(host, link)) {
		client_retry(host, "options string is too long");
		return;
	}
	client->tunnel = tunnel_new(host, 0, &client->addr,
				    link ? &link->local : &none);
	if (!client->tunnel) {
		client_retry(host, "out of memory");
		return;
	}
	if (link)
		tunnel_link_bind(client->tunnel, link);
	client->link = NULL;
	if (tunnel_session_open(client->tunnel, NULL))
		tunnel_close(client->tunnel, "out of memory");
}

/* A name may stand for several machines, or for one that lost a family. */
static void client_next_address(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;

	if (client->at_addr + 1 < client->n_addrs)
		client->at_addr++;
	else
		client_next_remote(host);
}

static void client_open(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;
	const struct tunnel_outer *outer = &host->setup.outer;
	bool is_tcp = config_proto_is_tcp(client->remote->proto);
	char addr[NET_ADDR_STRLEN];
	int ret;

	net_addr_format(&client->addr, addr);
	if (is_tcp)
		ret = outer->connect(outer->arg, &client->addr, &client->link);
	else
		ret = outer->open(outer->arg, &client->addr);
	if (ret) {
		log_warn("cannot open a socket to %s: %s", addr,
			 strerror(-ret));
		client_next_remote(host);
		client_retry(host, "socket");
		return;
	}
	log_notice("connecting to %s%s", addr, is_tcp ? " over TCP" : "");
	client->has_answer = false;
	loop_timer_start(client->timer,
			 1000ull * client->remote->connect_timeout);
	if (is_tcp)
		client_enter_state(client, CLIENT_STATE_TCP_CONNECT);
	else
		client_begin(host, NULL);
}

static void client_link_up(struct tunnel_host *host, struct tunnel_link *link)
{
	if (host->client->link == link)
		client_begin(host, link);
}

/* Only one that was not there yet; the end of others ends their tunnel. */
static void client_link_down(struct tunnel_host *host,
			     struct tunnel_link *link, const char *why)
{
	struct tunnel_client *client = host->client;
	char addr[NET_ADDR_STRLEN];

	if (client->link != link)
		return;
	client->link = NULL;
	log_warn("cannot connect to %s: %s",
		 net_addr_format(&client->addr, addr), why);
	client_next_address(host);
	client_retry(host, "connect");
}

/* Context: the resolver's thread. */
static void lookup_work(struct loop_job *job)
{
	struct client_lookup *look = (struct client_lookup *)job;
	struct addrinfo hints = {
		.ai_family = look->family,
		.ai_socktype = SOCK_DGRAM,
	};
	struct addrinfo *list = NULL, *at;

	look->error = getaddrinfo(look->name, look->port, &hints, &list);
	for (at = list; at && look->n_addrs < ADDRS_MAX; at = at->ai_next)
		if (at->ai_addrlen <= sizeof(look->addrs[0]))
			memcpy(&look->addrs[look->n_addrs++], at->ai_addr,
			       at->ai_addrlen);
	if (!look->error && !look->n_addrs)
		look->error = EAI_NODATA;
	if (list)
		freeaddrinfo(list);
}

static void lookup_done(struct loop_job *job, bool was_run)
{
	struct client_lookup *look = (struct client_lookup *)job;
	struct tunnel_host *host = look->host;

	if (host) {
		host->client->lookup = NULL;
		memcpy(host->client->addrs, look->addrs, sizeof(look->addrs));
		host->client->n_addrs = look->n_addrs;
		host->client->at_addr = 0;
	}
	if (host && was_run && !look->error) {
		host->client->addr = look->addrs[0];
		client_open(host);
	} else if (host && host->client->state == CLIENT_STATE_RESOLVE) {
		log_warn("cannot resolve \"%s\": %s", look->name,
			 gai_strerror(look->error));
		client_next_remote(host);
		client_retry(host, "resolve");
	}
	free(look);
}

static void client_connect(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;
	const struct config_remote *remote = client->remote;
	struct client_lookup *look;

	client_enter_state(client, CLIENT_STATE_RESOLVE);
	if (client->at_addr && client->at_addr < client->n_addrs) {
		client->addr = client->addrs[client->at_addr];
		client_open(host);
		return;
	}
	if (!net_addr_parse(remote->host, remote->port, &client->addr)) {
		client_open(host);
		return;
	}
	look = calloc(1, sizeof(*look));
	if (!look) {
		client_retry(host, "out of memory");
		return;
	}
	look->host = host;
	look->family = config_proto_family(remote->proto);
	snprintf(look->name, sizeof(look->name), "%s", remote->host);
	snprintf(look->port, sizeof(look->port), "%u", remote->port);
	look->job.work = lookup_work;
	look->job.done = lookup_done;
	client->lookup = look;
	if (loop_pool_submit(client->resolver, &look->job)) {
		client->lookup = NULL;
		free(look);
		client_retry(host, "resolver is busy");
	}
}

/* the key exchange */

static int client_own_km2(struct tunnel_session *ts, struct proto_km2 *km2)
{
	struct tunnel_host *host = ts->tunnel->host;
	struct tunnel_client *client = host->client;

	km2->options = host->occ;
	km2->peer_info = client->peer_info;
	if (host->setup.cfg->has_auth_user_pass) {
		km2->username = client->username;
		km2->password = client->password;
		/* a token stands for the password from then on */
		if (client->applied && client->applied->auth_token)
			km2->password = client->applied->auth_token;
	}
	return 0;
}

static int client_peer_km2(struct tunnel_session *ts,
			   const struct proto_km2 *km2)
{
	ts->tunnel->occ = mem_arena_strdup(ts->tunnel->arena, km2->options);
	return ts->tunnel->occ ? 0 : -ENOMEM;
}

static void client_ready(struct tunnel_session *ts)
{
	struct tunnel_host *host = ts->tunnel->host;
	struct tunnel_client *client = host->client;
	uint64_t now = now_of(host);

	tunnel_enter_state(ts->tunnel, TUNNEL_STATE_AUTHENTICATED);
	client_enter_state(client, CLIENT_STATE_GET_CONFIG);
	client->push_deadline = now + 1000ull * host->setup.cfg->hand_window;
	tunnel_set_deadline(ts->tunnel, now + PUSH_FIRST_MS);
}

/* PUSH_REPLY */

static bool client_may_use(const struct config *cfg, const char *cipher)
{
	return proto_cipher_list_has(cfg->data_ciphers, cipher) ||
	       (cfg->data_ciphers_fallback &&
		!strcmp(cfg->data_ciphers_fallback, cipher));
}

static enum proto_cipher client_cipher(const struct tunnel *tunnel,
				       const struct config *cfg)
{
	char name[64];

	if (cfg->has_pushed_cipher)
		return client_may_use(cfg, cfg->cipher) ?
		       proto_cipher_find(cfg->cipher) : PROTO_CIPHER_NONE;
	/* a server without negotiation says its cipher in the options string */
	if (proto_occ_get(tunnel->occ, "cipher", name, sizeof(name)) > 0 &&
	    proto_cipher_list_has(cfg->data_ciphers, name))
		return proto_cipher_find(name);
	if (cfg->data_ciphers_fallback)
		return proto_cipher_find(cfg->data_ciphers_fallback);
	return PROTO_CIPHER_NONE;
}

static int client_params(struct tunnel_session *ts, const struct config *cfg)
{
	struct control_params *params = &ts->params;

	if (!cfg->has_peer_id || cfg->peer_id >= PROTO_PEER_ID_NONE) {
		log_error("the server pushed no peer-id: it does not speak DATA_V2");
		return -EPROTO;
	}
	if (cfg->is_aead_epoch) {
		log_error("the server insists on epoch data keys");
		return -EPROTO;
	}
	params->cipher = client_cipher(ts->tunnel, cfg);
	if (params->cipher == PROTO_CIPHER_NONE) {
		log_error("no common cipher: the server wants %s, data-ciphers has %s",
			  cfg->cipher ? cfg->cipher : "an unknown one",
			  cfg->data_ciphers);
		return -EPROTO;
	}
	params->is_ekm = cfg->is_tls_ekm;
	params->is_cc_exit = cfg->is_cc_exit;
	params->is_dyn_tls_crypt = cfg->is_dyn_tls_crypt;
	return 0;
}

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

	ret = client_params(ts, cfg);
	if (!ret) {
		tunnel->dp_id = cfg->peer_id;
		ret = tunnel_data_connect(tunnel, cfg->peer_id, cfg);
	}
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
	client_enter_state(client, CLIENT_STATE_CONNECTED);
	tunnel_set_deadline(tunnel, UINT64_MAX);
	log_notice("%s: connected: peer-id %u, cipher %s",
		   tunnel_label(tunnel, label, sizeof(label)), tunnel->dp_id,
		   proto_cipher_name(ts->params.cipher));
	log_notice("Initialization Sequence Completed");
}

static void client_push_reply(struct tunnel_session *ts, const char *text)
{
	struct tunnel *tunnel = ts->tunnel;
	struct tunnel_host *host = tunnel->host;
	struct tunnel_client *client = host->client;
	const char *pos = text + strlen("PUSH_REPLY");
	char option[PROTO_PUSH_OPTION_MAX * 2], err[256];

	if (tunnel->state != TUNNEL_STATE_AUTHENTICATED)
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
		client_up(ts);
}

/* other messages, the end */

static void client_advance(struct tunnel_host *host, enum proto_advance advance)
{
	switch (advance) {
	case PROTO_ADVANCE_DEFAULT:
	case PROTO_ADVANCE_NO:
		break;
	case PROTO_ADVANCE_ADDRESS:
		client_next_address(host);
		break;
	case PROTO_ADVANCE_REMOTE:
		client_next_remote(host);
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
static void client_auth_failed(struct tunnel *tunnel, const char *text)
{
	struct tunnel_host *host = tunnel->host;
	struct config *applied = host->client->applied;

	log_error("AUTH: Received control message: %s", text);
	if (applied && applied->auth_token) {
		applied->auth_token = NULL;
		tunnel_close(tunnel, "auth-token was refused");
		return;
	}
	client_enter_state(host->client, CLIENT_STATE_EXITING);
	tunnel_close(tunnel, "authentication failed");
	tunnel_host_finish(host, 1);
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
			client_auth_failed(tunnel, text);
		break;
	case PROTO_VERDICT_RESTART:
		log_notice("the server asks to reconnect: %s", text);
		client_advance(host, verdict->advance);
		tunnel_close(tunnel, "server-pushed-connection-reset");
		break;
	case PROTO_VERDICT_HALT:
		log_notice("the server ends the connection: %s", text);
		client_enter_state(host->client, CLIENT_STATE_EXITING);
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
	} else if (!strncmp(text, "EXIT", 4)) {
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

	if (tunnel->state != TUNNEL_STATE_AUTHENTICATED)
		return;
	if (now_of(host) >= client->push_deadline) {
		tunnel_close(tunnel, "no-push-reply");
		return;
	}
	control_session_send(tunnel->active->control, "PUSH_REQUEST");
	tunnel_set_deadline(tunnel, now_of(host) + PUSH_REPEAT_MS);
}

static void client_closed(struct tunnel *tunnel, const char *why)
{
	struct tunnel_host *host = tunnel->host;
	struct tunnel_client *client = host->client;

	if (client->tunnel != tunnel)
		return;
	client->tunnel = NULL;
	if (tunnel->is_expired && !client->applied->ping_restart) {
		log_notice("exiting (ping-exit)");
		client_enter_state(client, CLIENT_STATE_EXITING);
		tunnel_host_finish(host, 0);
		return;
	}
	/* from the timer: this may be inside a callback of the tunnel */
	if (client->state != CLIENT_STATE_EXITING) {
		if (client->state == CLIENT_STATE_WAIT)
			client_next_address(host);
		client_retry(host, why);
	}
}

static struct tunnel *client_find(struct tunnel_host *host, uint32_t dp_id)
{
	struct tunnel *tunnel = host->client->tunnel;

	return tunnel && tunnel->dp_id == dp_id ? tunnel : NULL;
}

static void client_input(struct tunnel_host *host, const uint8_t *pkt,
			 size_t len, const union net_addr *remote,
			 const union net_addr *local)
{
	struct tunnel *tunnel = host->client->tunnel;

	(void)local;
	if (tunnel && tunnel->active &&
	    net_addr_is_equal(remote, &tunnel->remote) &&
	    !control_session_input(tunnel->active->control, pkt, len))
		host->client->has_answer = true;
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
		host->client->has_answer = true;
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
		client_connect(host);
		break;
	case CLIENT_STATE_TCP_CONNECT:
		client_next_address(host);
		client_retry(host, "connect-timeout");
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

static void client_peer_info(struct tunnel_client *client,
			     const struct config *cfg)
{
	unsigned int iv = PROTO_IV_DATA_V2 | PROTO_IV_REQUEST_PUSH |
			  PROTO_IV_TLS_KEY_EXPORT | PROTO_IV_CC_EXIT_NOTIFY |
			  PROTO_IV_AUTH_FAIL_TEMP | PROTO_IV_DYN_TLS_CRYPT;
	bool has_ncp = proto_cipher_list_has(cfg->data_ciphers,
					     "AES-128-GCM") &&
		       proto_cipher_list_has(cfg->data_ciphers, "AES-256-GCM");

	snprintf(client->peer_info, sizeof(client->peer_info),
		 "IV_VER=%s\nIV_PLAT=linux\nIV_TCPNL=1\nIV_MTU=%u\n%sIV_CIPHERS=%s\nIV_PROTO=%u\n",
		 config_version(), cfg->tun_mtu > 1600 ? cfg->tun_mtu : 1600,
		 has_ncp ? "IV_NCP=2\n" : "", cfg->data_ciphers, iv);
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
	if (!client->timer || !client->resolver)
		return -ENOMEM;
	client->remote = cfg->remotes;
	client_peer_info(client, cfg);
	client_credentials(client, cfg);
	client_connect(host);
	return 0;
}

static void client_stop(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;
	const struct config *cfg = host->setup.cfg;
	struct tunnel *tunnel = client->tunnel;

	client_enter_state(client, CLIENT_STATE_EXITING);
	/* on TCP the end of the connection says it */
	if (!tunnel || tunnel->state != TUNNEL_STATE_CONNECTED ||
	    tunnel->link || !cfg->explicit_exit_notify) {
		tunnel_host_finish(host, 0);
		return;
	}
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

static void client_restart(struct tunnel_host *host, const char *why)
{
	struct tunnel_client *client = host->client;

	if (client->tunnel)
		tunnel_close(client->tunnel, why);
	else if (client->state == CLIENT_STATE_TCP_CONNECT)
		client_retry(host, why);
	else if (client->state == CLIENT_STATE_RECONNECTING)
		loop_timer_start(client->timer, 0);
}

static void client_free(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;

	if (!client)
		return;
	client_drop_link(client);
	if (client->lookup)
		client->lookup->host = NULL;
	if (client->resolver)
		loop_pool_free(client->resolver);
	loop_timer_free(client->timer);
	config_free(client->pulled);
	config_free(client->applied);
	mem_secret_free(client);
	host->client = NULL;
}

const struct tunnel_role tunnel_client_role = {
	.name = "client",
	.start = client_start,
	.find = client_find,
	.input = client_input,
	.link_input = client_link_input,
	.link_up = client_link_up,
	.link_down = client_link_down,
	.own_km2 = client_own_km2,
	.peer_km2 = client_peer_km2,
	.ready = client_ready,
	.message = client_message,
	.timeout = client_timeout,
	.closed = client_closed,
	.stop = client_stop,
	.restart = client_restart,
	.free = client_free,
};
