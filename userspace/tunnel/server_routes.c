// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The interface of a server: addresses and routes, at the start and when the
 * configuration has changed. Routes to names come later, when they are known.
 */
#include <errno.h>
#include <stdlib.h>

#include "tunnel/private.h"

#define RESOLVERS	1
#define NAMES_END_MS	2000

/* What is not known by now is left out; device.c says so. */
static void routes_known(struct tunnel_host *host)
{
	if (tunnel_device_apply(host, host->server->routes, NULL))
		log_error("routes to names cannot be set");
}

static bool has_names(const struct config *cfg)
{
	const struct config_route *route = cfg->routes;

	while (route && !route->host)
		route = route->next;
	return route != NULL;
}

/* A copy of the configuration, in which names get addresses. */
static int routes_begin(struct tunnel_host *host, struct config **out)
{
	struct tunnel_server *server = host->server;

	*out = config_pull_begin(host->setup.cfg);
	if (!server->resolver)
		server->resolver = loop_pool_new(host->setup.loop, RESOLVERS,
						 4);
	if (!*out || !server->resolver)
		return -ENOMEM;
	tunnel_route_names(host, *out, server->resolver, &server->names,
			   routes_known);
	if (server->routes)
		tunnel_route_names_keep(*out, server->routes);
	return 0;
}

/**
 * tunnel_server_routes() - addresses, MTU and routes as they are configured
 * @host: a server's
 *
 * Names are looked up by a thread, each time anew; until that has an answer a
 * route leads to where the name was before.
 *
 * Return: as tunnel_device_apply().
 */
int tunnel_server_routes(struct tunnel_host *host)
{
	struct tunnel_server *server = host->server;
	const struct config *cfg = host->setup.cfg;
	struct config *routes = NULL;
	int ret = 0;

	tunnel_route_names_forget(&server->names);
	if (has_names(cfg))
		ret = routes_begin(host, &routes);
	if (ret) {
		tunnel_route_names_forget(&server->names);
		config_free(routes);
		return ret;
	}
	config_free(server->routes);
	server->routes = routes;
	return tunnel_device_apply(host, routes ? routes : cfg, NULL);
}

/** tunnel_server_routes_free() - nobody is waited for but for a moment */
void tunnel_server_routes_free(struct tunnel_server *server)
{
	tunnel_route_names_forget(&server->names);
	loop_pool_free_within(server->resolver, NAMES_END_MS);
	config_free(server->routes);
	server->routes = NULL;
}
