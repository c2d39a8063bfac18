// SPDX-License-Identifier: GPL-2.0-or-later
/* The client role: the remotes, one after the other, until one answers. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/client.h"

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
	union net_addr addrs[CLIENT_ADDRS_MAX];
	unsigned int n_addrs;
};

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

void tunnel_client_drop_link(struct tunnel_client *client)
{
	struct tunnel_link *links[] = { client->link, client->relay };

	client->link = NULL;
	client->relay = NULL;
	for (unsigned int i = 0; i < 2; i++)
		if (links[i])
			links[i]->ops->close(links[i]);
}

void tunnel_client_retry(struct tunnel_host *host, const char *why)
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
	tunnel_client_enter_state(client, CLIENT_STATE_RECONNECTING);
	tunnel_client_drop_link(client);
	host->setup.outer.close(host->setup.outer.arg);
	delay = retry_delay(client, cfg);
	if (delay < client->backoff * 1000ull)
		delay = client->backoff * 1000ull;
	client->backoff = 0;
	tunnel_watch_phase(host, TUNNEL_PHASE_RECONNECTING, why);
	if (tunnel_watch_hold(host, delay))
		return;
	log_notice("restarting (%s), next try in %llu s", why,
		   (unsigned long long)delay / 1000);
	loop_timer_start(client->timer, delay);
}

/* The first address of a name is asked for anew: it may have changed. */
void tunnel_client_next_remote(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;

	client->n_addrs = 0;
	client->at_addr = 0;
	client->remote = client->remote && client->remote->next ?
			 client->remote->next : host->setup.cfg->remotes;
}

/*
 * The transport is there: over it, the first packet.
 * @link: NULL: datagrams to @addr
 */
static void client_begin(struct tunnel_host *host, struct tunnel_link *link,
			 const union net_addr *addr)
{
	struct tunnel_client *client = host->client;
	const union net_addr none = { .sa.sa_family = AF_UNSPEC };

	tunnel_client_enter_state(client, CLIENT_STATE_WAIT);
	tunnel_watch_phase(host, TUNNEL_PHASE_WAIT, NULL);
	tunnel_route_names_forget(&client->names);
	config_free(client->pulled);
	client->pulled = NULL;
	tunnel_pull_clear(&client->pull);
	tunnel_client_tell(host);
	client->tunnel = tunnel_new(host, 0, &(struct tunnel_way){
		addr, link ? &link->local : &none, 0,
	});
	if (!client->tunnel) {
		tunnel_client_retry(host, "out of memory");
		return;
	}
	if (link)
		tunnel_link_bind(client->tunnel, link);
	client->link = NULL;
	if (tunnel_session_open(client->tunnel, NULL))
		tunnel_close(client->tunnel, "out of memory");
}

/* A name may stand for several machines, or for one that lost a family. */
void tunnel_client_next_address(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;

	if (client->at_addr + 1 < client->n_addrs)
		client->at_addr++;
	else
		tunnel_client_next_remote(host);
}

void tunnel_client_follow(struct tunnel_host *host,
			  const union net_addr *remote)
{
	static struct log_limit limit = { .burst = 5, .interval_ms = 10000 };
	struct tunnel *tunnel = host->client->tunnel;
	char from[NET_ADDR_STRLEN], to[NET_ADDR_STRLEN];

	/* the packet may have been its end */
	if (!tunnel)
		return;
	log_limited(&limit, LOG_LEVEL_NOTICE,
		    "the server has moved from %s to %s (float)",
		    net_addr_format(&tunnel->remote, from),
		    net_addr_format(remote, to));
	tunnel_registry_move(&host->reg, tunnel, remote, tunnel->sock);
	/* where its route leads, unless a proxy is in front of it */
	if (!host->client->relay)
		host->client->addr = *remote;
	tunnel_monitor_tell(tunnel, TUNNEL_CHANGE_REMOTE, "");
}

static void client_open(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;
	const struct tunnel_outer *outer = &host->setup.outer;
	const struct config_remote *remote = client->remote;
	bool is_tcp = remote->proxy || config_proto_is_tcp(remote->proto);
	char addr[NET_ADDR_STRLEN];
	int ret;

	net_addr_format(&client->addr, addr);
	if (is_tcp)
		ret = outer->connect(outer->arg, &client->addr, remote,
				     &client->link);
	else
		ret = outer->open(outer->arg, &client->addr);
	if (ret) {
		log_warn("cannot open a socket to %s: %s", addr,
			 strerror(-ret));
		tunnel_client_next_remote(host);
		tunnel_client_retry(host, "socket");
		return;
	}
	if (remote->proxy)
		log_notice("connecting to %s:%u through the proxy %s",
			   remote->host, remote->port, addr);
	else
		log_notice("connecting to %s%s", addr,
			   is_tcp ? " over TCP" : "");
	client->has_answer = false;
	loop_timer_start(client->timer,
			 1000ull * client->remote->connect_timeout);
	if (is_tcp) {
		tunnel_client_enter_state(client, CLIENT_STATE_TCP_CONNECT);
		tunnel_watch_phase(host, TUNNEL_PHASE_TCP_CONNECT, NULL);
	} else {
		client_begin(host, NULL, &client->addr);
	}
}

/* The proxy forwards datagrams, as long as the connection to it lasts. */
static void client_relayed(struct tunnel_host *host, struct tunnel_link *link)
{
	const struct tunnel_outer *outer = &host->setup.outer;
	struct tunnel_client *client = host->client;

	client->relay = link;
	client->link = NULL;
	if (outer->open(outer->arg, &link->relay))
		tunnel_client_retry(host, "socket");
	else
		client_begin(host, NULL, &link->relay);
}

void tunnel_client_link_up(struct tunnel_host *host, struct tunnel_link *link)
{
	struct tunnel_client *client = host->client;

	if (client->link != link)
		return;
	if (link->relay.sa.sa_family != AF_UNSPEC)
		client_relayed(host, link);
	else
		client_begin(host, link, &client->addr);
}

/* Only one that was not there yet; the end of others ends their tunnel. */
void tunnel_client_link_down(struct tunnel_host *host,
			     struct tunnel_link *link, const char *why)
{
	struct tunnel_client *client = host->client;
	char addr[NET_ADDR_STRLEN];

	if (client->relay == link) {
		client->relay = NULL;
		if (client->tunnel)
			tunnel_close(client->tunnel, why);
		return;
	}
	if (client->link != link)
		return;
	client->link = NULL;
	log_warn("cannot connect to %s: %s",
		 net_addr_format(&client->addr, addr), why);
	tunnel_client_next_address(host);
	tunnel_client_retry(host, "connect");
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
	for (at = list; at && look->n_addrs < CLIENT_ADDRS_MAX;
	     at = at->ai_next)
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
		tunnel_client_next_remote(host);
		tunnel_client_retry(host, "resolve");
	}
	free(look);
}

/* Nobody has said yet who logs in. */
static bool client_asks(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;

	client->is_asking = host->setup.cfg->has_auth_user_pass &&
			    !client->has_login &&
			    !(client->applied && client->applied->auth_token);
	if (!client->is_asking)
		return false;
	tunnel_client_enter_state(client, CLIENT_STATE_RECONNECTING);
	if (host->watch->need_login)
		host->watch->need_login(host->watch_arg);
	return true;
}

/* remote-random-hostname: twelve hexadecimal digits and a dot in front */
static void lookup_name(const struct tunnel_host *host,
			const struct config_proxy *proxy, const char *name,
			char *out, size_t cap)
{
	uint8_t random[6];

	if (proxy || !host->setup.cfg->has_random_hostname ||
	    host->env.random(random, sizeof(random)))
		snprintf(out, cap, "%s", name);
	else
		snprintf(out, cap, "%02x%02x%02x%02x%02x%02x.%s", random[0],
			 random[1], random[2], random[3], random[4], random[5],
			 name);
}

void tunnel_client_connect(struct tunnel_host *host)
{
	struct tunnel_client *client = host->client;
	const struct config_remote *remote;
	const struct config_proxy *proxy;
	const char *host_name;
	uint16_t port;
	struct client_lookup *look;

	if (client_asks(host) || tunnel_client_chooses(host))
		return;
	client->is_chosen = false;
	remote = client->remote;
	proxy = remote->proxy;
	host_name = proxy ? proxy->host : remote->host;
	port = proxy ? proxy->port : remote->port;
	tunnel_client_enter_state(client, CLIENT_STATE_RESOLVE);
	if (client->at_addr && client->at_addr < client->n_addrs) {
		client->addr = client->addrs[client->at_addr];
		client_open(host);
		return;
	}
	if (!net_addr_parse(host_name, port, &client->addr)) {
		client_open(host);
		return;
	}
	tunnel_watch_phase(host, TUNNEL_PHASE_RESOLVE, NULL);
	look = calloc(1, sizeof(*look));
	if (!look) {
		tunnel_client_retry(host, "out of memory");
		return;
	}
	look->host = host;
	look->family = proxy ? AF_UNSPEC :
			       config_proto_family(remote->proto);
	lookup_name(host, proxy, host_name, look->name, sizeof(look->name));
	snprintf(look->port, sizeof(look->port), "%u", port);
	look->job.work = lookup_work;
	look->job.done = lookup_done;
	client->lookup = look;
	if (loop_pool_submit(client->resolver, &look->job)) {
		client->lookup = NULL;
		free(look);
		tunnel_client_retry(host, "resolver is busy");
	}
}

void tunnel_client_forget_lookup(struct tunnel_client *client)
{
	if (client->lookup)
		client->lookup->host = NULL;
}
