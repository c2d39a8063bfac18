// SPDX-License-Identifier: GPL-2.0-or-later
/* What programs are told of routes (section 11). */
#include <stdio.h>
#include <string.h>

#include "tunnel/private.h"

/* Where routes without a gateway lead, as programs are told it; NULL: nowhere.
 * A server in a subnet routes to the device, and OpenVPN says the address
 * behind its own.
 */
static const char *env_gateway(const struct config *cfg, sa_family_t family,
			       char text[NET_PREFIX_STRLEN])
{
	struct net_ip ip = family == AF_INET ? cfg->ifconfig_peer :
					       cfg->ifconfig6_peer;

	if (family == AF_INET && cfg->route_gateway)
		return cfg->route_gateway;
	if (family == AF_INET && !ip.family && cfg->has_server &&
	    net_prefix_nth(&cfg->server, 2, &ip))
		return NULL;
	return ip.family ? net_ip_format(&ip, text) : NULL;
}

/* The gateway of one, which may be a word for another. */
static const char *env_route_gateway(struct tunnel_host *host,
				     const struct config *cfg,
				     const struct config_route *route,
				     char text[NET_PREFIX_STRLEN])
{
	sa_family_t family = route->dst.ip.family;
	struct net_ip ip;

	if (!route->gateway || !strcmp(route->gateway, "vpn_gateway"))
		return env_gateway(cfg, family, text);
	if (strcmp(route->gateway, "net_gateway"))
		return route->gateway;
	tunnel_device_gateway(host, family, &ip);
	return ip.family ? net_ip_format(&ip, text) : NULL;
}

static void env_route(struct tunnel_host *host, const struct config *cfg,
		      const struct config_route *route, unsigned int n)
{
	struct hook_env *env = host->hook_env;
	char name[40], text[NET_PREFIX_STRLEN];
	bool is_v4 = route->dst.ip.family == AF_INET;
	const char *kind = is_v4 ? "route" : "route_ipv6";

	snprintf(name, sizeof(name), "%s_network_%u", kind, n);
	hook_env_set(env, name, is_v4 ? net_ip_format(&route->dst.ip, text) :
					net_prefix_format(&route->dst, text));
	if (is_v4) {
		snprintf(name, sizeof(name), "route_netmask_%u", n);
		hook_env_set(env, name, net_mask_format(route->dst.len, text));
	}
	snprintf(name, sizeof(name), "%s_gateway_%u", kind, n);
	hook_env_set(env, name, env_route_gateway(host, cfg, route, text));
	if (!route->has_metric)
		return;
	snprintf(name, sizeof(name), "%s_metric_%u", kind, n);
	hook_env_setf(env, name, "%u", route->metric);
}

static bool is_redirected(const struct config *cfg, bool is_v6)
{
	return cfg->redirect_gateway & CONFIG_REDIRECT_ENABLED &&
	       (is_v6 ? cfg->redirect_gateway & CONFIG_REDIRECT_IPV6 :
			!(cfg->redirect_gateway & CONFIG_REDIRECT_NO_IPV4));
}

/* OpenVPN looks at gateways for the sake of routes: without, it tells none. */
static bool has_routes(const struct config *cfg, bool is_v6)
{
	const struct config_route *route;

	for (route = cfg->routes; route; route = route->next)
		if ((route->dst.ip.family == AF_INET6) == is_v6)
			return true;
	return is_v6 ? is_redirected(cfg, true) :
		       cfg->redirect_gateway & CONFIG_REDIRECT_ENABLED;
}

/* The way out of the host, and what of it becomes the tunnel's. */
static void env_gateways(struct tunnel_host *host, const struct config *cfg)
{
	static const struct {
		const char *name, *redirect;
		sa_family_t family;
	} ways[] = {
		{ "route_net_gateway", "route_redirect_gateway_ipv4", AF_INET },
		{ "net_gateway_ipv6", "route_redirect_gateway_ipv6", AF_INET6 },
	};
	unsigned int flags = cfg->redirect_gateway;
	char text[NET_PREFIX_STRLEN];

	for (size_t i = 0; i < 2; i++) {
		bool is_known = has_routes(cfg, i);
		struct net_ip ip = { 0 };

		if (is_known)
			tunnel_device_gateway(host, ways[i].family, &ip);
		/* without one, OpenVPN says so for IPv4 only */
		hook_env_set(host->hook_env, ways[i].name, !is_known ? NULL :
			     ip.family ? net_ip_format(&ip, text) :
			     i ? NULL : "0.0.0.0");
		hook_env_set(host->hook_env, ways[i].redirect,
			     !is_redirected(cfg, i) ? NULL :
			     flags & CONFIG_REDIRECT_BLOCK_LOCAL ? "2" : "1");
	}
}

/**
 * tunnel_hook_routes_env() - the routes, as configured or pushed
 * @host: its variables get them
 * @cfg: what counts now
 */
void tunnel_hook_routes_env(struct tunnel_host *host, const struct config *cfg)
{
	const struct config_route *route;
	char text[NET_PREFIX_STRLEN];
	unsigned int n4 = 0, n6 = 0;

	hook_env_set(host->hook_env, "route_vpn_gateway",
		     has_routes(cfg, false) ? env_gateway(cfg, AF_INET, text) :
					      NULL);
	env_gateways(host, cfg);
	/* a name that nobody knows has no route either */
	for (route = cfg->routes; route; route = route->next)
		if (!route->host)
			env_route(host, cfg, route,
				  route->dst.ip.family == AF_INET ? ++n4 :
								    ++n6);
}
