// SPDX-License-Identifier: GPL-2.0-or-later
/* Routes to names: a client looks them up before its tunnel is up. */
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
 */
struct client_names {
	struct loop_job job;
	struct tunnel_host *host;
	void (*done)(struct tunnel_host *host);
	size_t n;
	char names[NAMES_MAX][NAME_LEN];
	struct net_ip ips[NAMES_MAX];
};

/* Context: the resolver's thread. */
static void names_work(struct loop_job *job)
{
	struct client_names *names = (struct client_names *)job;
	const struct addrinfo hints = {
		.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM,
	};
	struct addrinfo *list;

	for (size_t i = 0; i < names->n; i++) {
		if (getaddrinfo(names->names[i], NULL, &hints, &list))
			continue;
		names->ips[i].family = AF_INET;
		names->ips[i].in4 =
			((struct sockaddr_in *)list->ai_addr)->sin_addr;
		freeaddrinfo(list);
	}
}

static void route_fill(struct config_route *route,
		       const struct client_names *names)
{
	struct net_ip base;

	for (size_t i = 0; i < names->n; i++) {
		if (strcmp(names->names[i], route->host))
			continue;
		if (!names->ips[i].family)
			return;
		route->host = NULL;
		route->dst.ip = names->ips[i];
		/* the name is that of some address in the network */
		if (!net_prefix_nth(&route->dst, 0, &base))
			route->dst.ip = base;
		return;
	}
}

static void names_done(struct loop_job *job, bool was_run)
{
	struct client_names *names = (struct client_names *)job;
	struct tunnel_host *host = names->host;
	struct config_route *route;

	(void)was_run;
	if (host) {
		host->client->names = NULL;
		for (route = host->client->pulled->routes; route;
		     route = route->next)
			if (route->host)
				route_fill(route, names);
		names->done(host);
	}
	free(names);
}

bool tunnel_client_names(struct tunnel_host *host,
			 void (*done)(struct tunnel_host *host))
{
	struct tunnel_client *client = host->client;
	const struct config_route *route = client->pulled->routes;
	struct client_names *names;

	while (route && !route->host)
		route = route->next;
	names = route ? calloc(1, sizeof(*names)) : NULL;
	if (!names)
		return false;
	names->host = host;
	names->done = done;
	for (; route && names->n < NAMES_MAX; route = route->next)
		if (route->host)
			snprintf(names->names[names->n++], NAME_LEN, "%s",
				 route->host);
	names->job.work = names_work;
	names->job.done = names_done;
	if (loop_pool_submit(client->resolver, &names->job)) {
		free(names);
		return false;
	}
	client->names = names;
	return true;
}

void tunnel_client_forget_names(struct tunnel_client *client)
{
	if (client->names)
		client->names->host = NULL;
	client->names = NULL;
}
