// SPDX-License-Identifier: GPL-2.0-or-later
/* Routes to names: a client looks them up before it sets them. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/client.h"

#define NAMES_MAX	64
#define NAME_LEN	256

/**
 * struct client_names - names on their way to addresses; owned by the worker
 * @host: NULL: nobody wants to know any more
 * @at: the one that is being looked up; what is before has been used
 * @ip: its address
 */
struct client_names {
	struct loop_job job;
	struct tunnel_host *host;
	void (*done)(struct tunnel_host *host);
	size_t n, at;
	char names[NAMES_MAX][NAME_LEN];
	struct net_ip ip;
};

/* Context: the resolver's thread. */
static void names_work(struct loop_job *job)
{
	struct client_names *names = (struct client_names *)job;
	const struct addrinfo hints = {
		.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM,
	};
	struct addrinfo *list;

	names->ip.family = AF_UNSPEC;
	if (getaddrinfo(names->names[names->at], NULL, &hints, &list))
		return;
	names->ip.family = AF_INET;
	names->ip.in4 = ((struct sockaddr_in *)list->ai_addr)->sin_addr;
	freeaddrinfo(list);
}

static bool is_unknown(const struct config_route *route)
{
	return route->host && !route->is_host_known;
}

static void names_fill(const struct client_names *names)
{
	struct config_route *route = names->host->client->pulled->routes;
	struct net_ip base;

	for (; route && names->ip.family; route = route->next) {
		if (!is_unknown(route) ||
		    strcmp(names->names[names->at], route->host))
			continue;
		route->is_host_known = true;
		route->dst.ip = names->ip;
		/* the name is that of some address in the network */
		if (!net_prefix_nth(&route->dst, 0, &base))
			route->dst.ip = base;
	}
}

/* One after the other: what is known when time is up is used. */
static void names_done(struct loop_job *job, bool was_run)
{
	struct client_names *names = (struct client_names *)job;
	struct tunnel_host *host = names->host;

	if (host && was_run) {
		names_fill(names);
		if (++names->at < names->n &&
		    !loop_pool_submit(host->client->name_resolver, job))
			return;
	}
	if (host) {
		host->client->names = NULL;
		names->done(host);
	}
	free(names);
}

static void names_add(struct client_names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->names[i], name))
			return;
	if (names->n < NAMES_MAX)
		snprintf(names->names[names->n++], NAME_LEN, "%s", name);
}

bool tunnel_client_names(struct tunnel_host *host,
			 void (*done)(struct tunnel_host *host))
{
	struct tunnel_client *client = host->client;
	const struct config_route *route = client->pulled->routes;
	struct client_names *names;

	while (route && !is_unknown(route))
		route = route->next;
	names = route ? calloc(1, sizeof(*names)) : NULL;
	if (!names)
		return false;
	names->host = host;
	names->done = done;
	for (; route; route = route->next)
		if (is_unknown(route))
			names_add(names, route->host);
	names->job.work = names_work;
	names->job.done = names_done;
	if (loop_pool_submit(client->name_resolver, &names->job)) {
		free(names);
		return false;
	}
	client->names = names;
	return true;
}

void tunnel_client_keep_names(struct tunnel_client *client)
{
	const struct config_route *known;
	struct config_route *route;

	for (route = client->pulled->routes; route; route = route->next) {
		if (!is_unknown(route))
			continue;
		for (known = client->applied->routes; known;
		     known = known->next)
			if (known->is_host_known &&
			    known->dst.len == route->dst.len &&
			    !strcmp(known->host, route->host))
				break;
		if (!known)
			continue;
		route->dst = known->dst;
		route->is_host_known = true;
	}
}

void tunnel_client_forget_names(struct tunnel_client *client)
{
	if (client->names)
		client->names->host = NULL;
	client->names = NULL;
}
