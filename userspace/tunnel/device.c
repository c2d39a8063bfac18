// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual interface: which data path carries it, addresses and routes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

#define ROUTES_MAX 1024

/**
 * struct tunnel_applied - what tunnel_device_apply() has set
 * @is_up: something is set
 */
struct tunnel_applied {
	bool is_up;
	struct net_prefix addr4, addr6;
	struct priv_route *routes;
	size_t n_routes, cap_routes;
};

static int data_path_new(struct tunnel_host *host, enum priv_link_kind kind)
{
	const struct config *cfg = host->setup.cfg;
	const struct dp_config dp = {
		.loop = host->setup.loop,
		.mode = cfg->mode == CONFIG_MODE_SERVER ? DP_MODE_MP :
							  DP_MODE_P2P,
		.ifindex = host->link.ifindex,
		.ifname = host->link.name,
		.tun_fd = host->link.fd,
		.mtu = cfg->tun_mtu,
		.events = &tunnel_data_events,
		.arg = host,
	};

	return kind == PRIV_LINK_TUN ? dp_user_new(&dp, &host->dp) :
				       dp_kernel_new(&dp, &host->dp);
}

static int device_try(struct tunnel_host *host, enum priv_link_kind kind)
{
	const struct config *cfg = host->setup.cfg;
	int ret;

	ret = priv_link_open(host->setup.priv, kind, cfg->dev, &host->link);
	if (ret)
		return ret;
	ret = data_path_new(host, kind);
	if (ret)
		priv_link_close(host->setup.priv, host->link.ifindex);
	else
		host->has_link = true;
	return ret;
}

static int device_kernel(struct tunnel_host *host)
{
	const struct config *cfg = host->setup.cfg;

	return device_try(host, cfg->mode == CONFIG_MODE_SERVER ?
				PRIV_LINK_OVPN_MP : PRIV_LINK_OVPN_P2P);
}

static bool is_missing(int ret)
{
	return ret == -EOPNOTSUPP || ret == -ENOENT || ret == -ENODEV;
}

/**
 * tunnel_device_open() - make the interface on the best data path there is
 * @host: gets @link, @dp and @dp_reason
 * @err: one line for the operator
 * @err_len: its size
 *
 * Return: 0 or -errno.
 */
int tunnel_device_open(struct tunnel_host *host, char *err, size_t err_len)
{
	const struct config *cfg = host->setup.cfg;
	const char *what = "data-path user was configured";
	int ret = -EOPNOTSUPP;

	if (cfg->data_path != CONFIG_DATA_PATH_USER) {
		ret = device_kernel(host);
		what = "this kernel has no ovpn module";
		if (!ret)
			snprintf(host->dp_reason, sizeof(host->dp_reason),
				 "the kernel module carries the data");
	}
	if (is_missing(ret) && cfg->data_path != CONFIG_DATA_PATH_KERNEL) {
		ret = device_try(host, PRIV_LINK_TUN);
		snprintf(host->dp_reason, sizeof(host->dp_reason), "%s", what);
	}
	if (ret) {
		const char *why = priv_error(host->setup.priv);

		snprintf(err, err_len, "cannot create device \"%s\": %s%s%s",
			 cfg->dev, why && why[0] ? why : strerror(-ret),
			 is_missing(ret) ? "; load the module with: modprobe ovpn" : "",
			 ret == -EBUSY || ret == -EEXIST ?
			 "; another program holds a device of this name" : "");
		return ret;
	}
	log_notice("%s: data path %s: %s", host->link.name, dp_name(host->dp),
		   host->dp_reason);
	return 0;
}

static int device_addr(struct tunnel_host *host, const struct net_prefix *addr,
		       const struct net_ip *peer)
{
	char text[NET_PREFIX_STRLEN];
	int ret = priv_addr_add(host->setup.priv, host->link.ifindex, addr,
				peer);

	/* an adopted device still has its addresses */
	if (ret == -EEXIST)
		ret = 0;
	if (ret)
		log_error("cannot set address %s on %s: %s",
			  net_prefix_format(addr, text), host->link.name,
			  priv_error(host->setup.priv));
	return ret;
}

static void device_route(struct tunnel_host *host,
			 const struct priv_route *route)
{
	struct tunnel_applied *applied = host->applied;
	char dst[NET_PREFIX_STRLEN];
	int ret = priv_route_add(host->setup.priv, route);

	net_prefix_format(&route->dst, dst);
	if (ret == -EEXIST) {
		log_info("route %s exists already", dst);
		return;
	}
	if (ret) {
		log_warn("cannot add route %s: %s", dst,
			 priv_error(host->setup.priv));
		return;
	}
	if (applied->n_routes == applied->cap_routes) {
		size_t cap = applied->cap_routes ? 2 * applied->cap_routes : 8;
		struct priv_route *routes;

		routes = realloc(applied->routes, cap * sizeof(*routes));
		if (!routes)
			return;	/* the helper still undoes it at the end */
		applied->routes = routes;
		applied->cap_routes = cap;
	}
	applied->routes[applied->n_routes++] = *route;
}

/* Keywords and defaults of a route's gateway; false: leave the route out. */
static bool route_resolve(struct tunnel_host *host, const struct config *cfg,
			  const struct config_route *in,
			  const union net_addr *server, struct priv_route *out)
{
	struct net_ip gateway = { 0 };

	memset(out, 0, sizeof(*out));
	out->dst = in->dst;
	out->metric = in->has_metric ? in->metric : cfg->route_metric;
	if (in->gateway && !strcmp(in->gateway, "net_gateway")) {
		struct priv_route now;
		struct net_ip any = { .family = in->dst.ip.family };

		/* the way to the server, or to the default gateway */
		if (server && server->sa.sa_family == any.family &&
		    any.family == AF_INET)
			any.in4 = server->in4.sin_addr;
		else if (server && server->sa.sa_family == any.family)
			any.in6 = server->in6.sin6_addr;
		if (priv_route_get(host->setup.priv, &any, &now))
			return false;
		out->gateway = now.gateway;
		out->ifindex = now.ifindex;
		return true;
	}
	out->ifindex = host->link.ifindex;
	if (in->gateway && strcmp(in->gateway, "vpn_gateway") &&
	    net_ip_parse(in->gateway, &gateway))
		return false;
	if (!gateway.family && in->dst.ip.family == AF_INET) {
		if (cfg->route_gateway)
			net_ip_parse(cfg->route_gateway, &gateway);
		else if (cfg->topology != CONFIG_TOPOLOGY_SUBNET)
			gateway = cfg->ifconfig_peer;
	}
	/* a gateway outside the tunnel's own network would be refused */
	if (gateway.family == AF_INET && cfg->has_ifconfig &&
	    (net_prefix_contains(&cfg->ifconfig, &gateway) ||
	     net_ip_is_equal(&cfg->ifconfig_peer, &gateway)))
		out->gateway = gateway;
	else if (gateway.family == AF_INET6 && cfg->has_ifconfig6 &&
		 net_prefix_contains(&cfg->ifconfig6, &gateway))
		out->gateway = gateway;
	return true;
}

static void device_routes(struct tunnel_host *host, const struct config *cfg,
			  const union net_addr *server)
{
	const struct config_route *in;
	struct priv_route route;
	unsigned int n = 0;

	for (in = cfg->routes; in && n < ROUTES_MAX; in = in->next, n++) {
		char dst[NET_PREFIX_STRLEN];

		if (route_resolve(host, cfg, in, server, &route))
			device_route(host, &route);
		else
			log_warn("route %s: gateway \"%s\" cannot be resolved, left out",
				 net_prefix_format(&in->dst, dst),
				 in->gateway ? in->gateway : "");
	}
}

static void redirect_half(struct tunnel_host *host, const struct config *cfg,
			  const char *prefix)
{
	struct config_route in = { 0 };
	struct priv_route route;

	if (!net_prefix_parse(prefix, &in.dst) &&
	    route_resolve(host, cfg, &in, NULL, &route))
		device_route(host, &route);
}

/* All traffic through the tunnel, except the tunnel's own packets. */
static void device_redirect(struct tunnel_host *host, const struct config *cfg,
			    const union net_addr *server)
{
	struct priv_route host_route = { 0 };

	if (server->sa.sa_family == AF_INET) {
		host_route.dst.ip.family = AF_INET;
		host_route.dst.ip.in4 = server->in4.sin_addr;
		host_route.dst.len = 32;
	} else {
		host_route.dst.ip.family = AF_INET6;
		host_route.dst.ip.in6 = server->in6.sin6_addr;
		host_route.dst.len = 128;
	}
	if (!(cfg->redirect_gateway & CONFIG_REDIRECT_LOCAL)) {
		struct priv_route now;

		if (!priv_route_get(host->setup.priv, &host_route.dst.ip,
				    &now)) {
			host_route.gateway = now.gateway;
			host_route.ifindex = now.ifindex;
			device_route(host, &host_route);
		}
	}
	if (!(cfg->redirect_gateway & CONFIG_REDIRECT_NO_IPV4)) {
		redirect_half(host, cfg, "0.0.0.0/1");
		redirect_half(host, cfg, "128.0.0.0/1");
	}
	if (cfg->redirect_gateway & CONFIG_REDIRECT_IPV6) {
		redirect_half(host, cfg, "::/3");
		redirect_half(host, cfg, "2000::/4");
		redirect_half(host, cfg, "3000::/4");
		redirect_half(host, cfg, "fc00::/7");
	}
}

static int device_addresses(struct tunnel_host *host, const struct config *cfg)
{
	struct tunnel_applied *applied = host->applied;
	int ret = 0;

	if (cfg->has_ifconfig) {
		const struct net_ip *peer = NULL;

		if (cfg->topology != CONFIG_TOPOLOGY_SUBNET &&
		    cfg->ifconfig_peer.family)
			peer = &cfg->ifconfig_peer;
		ret = device_addr(host, &cfg->ifconfig, peer);
		if (!ret)
			applied->addr4 = cfg->ifconfig;
	}
	if (!ret && cfg->has_ifconfig6) {
		ret = device_addr(host, &cfg->ifconfig6, NULL);
		if (!ret)
			applied->addr6 = cfg->ifconfig6;
	}
	return ret;
}

/**
 * tunnel_device_apply() - addresses, MTU, routes as configured or pushed
 * @host: the host
 * @cfg: the configuration that counts now
 * @server: client role: the server's address, for routes around the tunnel;
 *	else NULL
 *
 * What an earlier call had set is undone first.
 *
 * Return: 0 or -errno; routes that fail are only logged.
 */
int tunnel_device_apply(struct tunnel_host *host, const struct config *cfg,
			const union net_addr *server)
{
	int ret;

	if (!host->applied)
		host->applied = calloc(1, sizeof(*host->applied));
	if (!host->applied)
		return -ENOMEM;
	tunnel_device_undo(host);
	host->applied->is_up = true;
	if (!cfg->is_ifconfig_noexec) {
		ret = device_addresses(host, cfg);
		if (!ret)
			ret = priv_link_up(host->setup.priv,
					   host->link.ifindex, cfg->tun_mtu,
					   cfg->txqueuelen);
		if (ret)
			return ret;
	}
	if (cfg->is_route_noexec)
		return 0;
	device_routes(host, cfg, server);
	if (server && cfg->redirect_gateway & CONFIG_REDIRECT_ENABLED)
		device_redirect(host, cfg, server);
	return 0;
}

void tunnel_device_undo(struct tunnel_host *host)
{
	struct tunnel_applied *applied = host->applied;
	struct priv *priv = host->setup.priv;

	if (!applied || !applied->is_up)
		return;
	while (applied->n_routes)
		priv_route_del(priv, &applied->routes[--applied->n_routes]);
	if (applied->addr4.ip.family)
		priv_addr_del(priv, host->link.ifindex, &applied->addr4);
	if (applied->addr6.ip.family)
		priv_addr_del(priv, host->link.ifindex, &applied->addr6);
	memset(&applied->addr4, 0, sizeof(applied->addr4));
	memset(&applied->addr6, 0, sizeof(applied->addr6));
	applied->is_up = false;
}

/** tunnel_device_free() - the record only; see tunnel_device_undo() */
void tunnel_device_free(struct tunnel_host *host)
{
	if (host->applied)
		free(host->applied->routes);
	free(host->applied);
	host->applied = NULL;
}
