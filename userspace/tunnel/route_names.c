// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routes to names: they are looked up before they are set, by a thread, because
 * a name server may be slow, or in the tunnel.
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

#define NAMES_MAX	64
#define NAME_LEN	256

/**
 * struct tunnel_route_names - names that become addresses; owned by the worker
 * @host: NULL: nobody wants to know any more
 * @cfg: whose routes get the addresses
 * @slot: of the host's, that points here
 * @at: the one that is being looked up; what is before has been used
 * @ip: its address
 */
struct tunnel_route_names {
	struct loop_job job;
	struct tunnel_host *host;
	struct config *cfg;
	struct loop_pool *pool;
	struct tunnel_route_names **slot;
	void (*done)(struct tunnel_host *host);
	size_t n, at;
	char names[NAMES_MAX][NAME_LEN];
	struct net_ip ip;
};

/* Context: the resolver's thread. */
static void names_work(struct loop_job *job)
{
	struct tunnel_route_names *names = (struct tunnel_route_names *)job;
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

static void names_fill(const struct tunnel_route_names *names)
{
	struct config_route *route = names->cfg->routes;
	struct net_ip base;

	for (; route && names->ip.family; route = route->next) {
		if (!route->host ||
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
	struct tunnel_route_names *names = (struct tunnel_route_names *)job;
	struct tunnel_host *host = names->host;

	if (host && was_run) {
		names_fill(names);
		if (++names->at < names->n &&
		    !loop_pool_submit(names->pool, job))
			return;
	}
	if (host) {
		*names->slot = NULL;
		names->done(host);
	}
	free(names);
}

static void names_add(struct tunnel_route_names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->names[i], name))
			return;
	if (names->n < NAMES_MAX)
		snprintf(names->names[names->n++], NAME_LEN, "%s", name);
}

bool tunnel_route_names(struct tunnel_host *host, struct config *cfg,
			struct loop_pool *pool,
			struct tunnel_route_names **slot,
			void (*done)(struct tunnel_host *host))
{
	const struct config_route *route = cfg->routes;
	struct tunnel_route_names *names;

	while (route && !is_unknown(route))
		route = route->next;
	names = route ? calloc(1, sizeof(*names)) : NULL;
	if (!names)
		return false;
	names->host = host;
	names->cfg = cfg;
	names->pool = pool;
	names->slot = slot;
	names->done = done;
	for (; route; route = route->next)
		if (is_unknown(route))
			names_add(names, route->host);
	names->job.work = names_work;
	names->job.done = names_done;
	if (loop_pool_submit(pool, &names->job)) {
		free(names);
		return false;
	}
	*slot = names;
	return true;
}

void tunnel_route_names_keep(struct config *cfg, const struct config *before)
{
	const struct config_route *known;
	struct config_route *route;

	for (route = cfg->routes; route; route = route->next) {
		if (!is_unknown(route))
			continue;
		for (known = before->routes; known; known = known->next)
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

void tunnel_route_names_forget(struct tunnel_route_names **slot)
{
	if (*slot)
		(*slot)->host = NULL;
	*slot = NULL;
}
