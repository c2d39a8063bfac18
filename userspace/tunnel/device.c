// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual interface: which data path carries it, addresses and routes. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tunnel/private.h"

#define ROUTES_MAX 1024
/* Of a server's routes in the kernel data path, as OpenVPN has it. */
#define SERVER_METRIC 200
#define LOOPBACK_IFINDEX 1	/* in every network namespace */

/**
 * struct tunnel_applied - addresses and routes of the interface
 *
 * What a configuration asks for is written down as one of these first, then
 * compared with what is there: the same again changes nothing.
 */
struct tunnel_applied {
	struct net_prefix addr4, addr6;
	struct net_ip peer4;
	/* without the tunnel, to what no other route covers; ifindex 0: none */
	struct priv_route out4, out6;
	struct priv_route *routes;
	size_t n_routes, cap_routes;
};

static bool is_user(enum priv_link_kind kind)
{
	return kind == PRIV_LINK_TUN || kind == PRIV_LINK_TAP ||
	       kind == PRIV_LINK_TUN_QUEUES;
}

/**
 * tunnel_device_threads() - how many threads carry data in userspace
 * @cfg: the configuration
 *
 * What has to see all peers has one, and so has the only peer. Connections are
 * the main loop's, and on Ethernet they would be a part of what has to be seen.
 *
 * Return: 0: the main loop carries it.
 */
unsigned int tunnel_device_threads(const struct config *cfg)
{
	unsigned int n = cfg->data_threads;
	bool is_tap = config_is_tap(cfg);

	if (!config_has_udp(cfg) || (is_tap && config_has_tcp(cfg)))
		return 0;
	if (n > 1 && (is_tap || cfg->mode != CONFIG_MODE_SERVER))
		n = 1;
	return n;
}

/*
 * A server on a driver that is not ours: what that cannot carry is for
 * userspace, apart.
 */
static void data_path_divide(struct tunnel_host *host,
			     const struct dp_config *dp)
{
	const struct tunnel_outer *outer = &host->setup.outer;
	int ret = -EOPNOTSUPP;

	if (dp->mode != DP_MODE_MP || !dp_is_plain(host->dp))
		return;
	if (outer->divide)
		ret = outer->divide(outer->arg);
	if (!ret)
		ret = dp_apart_new(dp, &host->dp);
	if (ret && ret != -EOPNOTSUPP)
		log_warn("userspace will carry no peers beside the kernel's: %s",
			 strerror(-ret));
}

static int data_path_new(struct tunnel_host *host, enum priv_link_kind kind)
{
	const struct config *cfg = host->setup.cfg;
	const struct dp_config dp = {
		.loop = host->setup.loop,
		.mode = cfg->mode == CONFIG_MODE_SERVER ? DP_MODE_MP :
							  DP_MODE_P2P,
		.has_streams = config_has_tcp(cfg),
		.is_ether = config_is_tap(cfg),
		.is_client_to_client = cfg->is_client_to_client,
		.threads = tunnel_device_threads(cfg),
		.ifindex = host->link.ifindex,
		.ifname = host->link.name,
		.tun_fd = host->link.fd,
		.mtu = cfg->tun_mtu,
		.mss = tunnel_data_mss(cfg),
		.events = &tunnel_data_events,
		.arg = host,
	};

	int ret;

	if (is_user(kind))
		return dp_user_new(&dp, &host->dp);
	ret = dp_kernel_new(&dp, &host->dp);
	if (!ret)
		data_path_divide(host, &dp);
	return ret;
}

static int device_link(struct tunnel_host *host, enum priv_link_kind kind)
{
	const char *name = host->setup.cfg->dev;
	char kept[IFNAMSIZ];
	int ret = -ENOENT;

	if (is_user(kind))
		ret = tunnel_kept_tun(host);
	else if (!tunnel_kept_name(host, kept))
		name = kept;
	if (ret)
		ret = priv_link_open(host->setup.priv, kind, name, &host->link);
	return ret;
}

static int device_try(struct tunnel_host *host, enum priv_link_kind kind)
{
	int ret;

	ret = device_link(host, kind);
	if (ret)
		return ret;
	if (host->link.n_leftover)
		log_notice("removed %u links, addresses and routes that a killed ovpnd had left behind",
			   host->link.n_leftover);
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

static void warn_left_out(const struct tunnel_host *host)
{
	const char *ciphers = host->setup.cfg->data_ciphers;
	char aead[PROTO_CIPHER_LIST_MAX];

	proto_cipher_list_aead(ciphers, aead);
	if (dp_is_plain(host->dp) && strcmp(aead, ciphers))
		log_warn("data-ciphers: the kernel data path has AEAD ciphers only, of %s it uses %s",
			 ciphers, aead);
}

static const char no_fragment[] = "the kernel data path has no fragment option";

/** tunnel_device_user_only() - why the kernel cannot carry it; NULL: it can */
const char *tunnel_device_user_only(const struct config *cfg)
{
	bool is_server = cfg->mode == CONFIG_MODE_SERVER;
	char aead[PROTO_CIPHER_LIST_MAX];

	if (cfg->data_path == CONFIG_DATA_PATH_USER)
		return "data-path user was configured";
	if (config_is_tap(cfg))
		return "the kernel data path has no Ethernet";
	/* a server's clients may need it or not, see fragment_too() */
	if (cfg->fragment && !is_server)
		return no_fragment;
	if (!is_server && cfg->nat)
		return "the kernel data path has no client-nat";
	if (cfg->shaper)
		return "the kernel data path has no shaper";
	if (cfg->is_mtu_test)
		return "the kernel data path has no mtu-test";
	if (!is_server && (cfg->framing == PROTO_FRAMING_LZO ||
			   cfg->framing == PROTO_FRAMING_SWAP))
		return "the kernel data path has no compression framing";
	proto_cipher_list_aead(cfg->data_ciphers, aead);
	return aead[0] ? NULL : "the kernel data path has AEAD ciphers only";
}

/*
 * With "fragment" a kernel data path does only if userspace can carry clients
 * that need it beside the others. Return: does it? If not, it is gone.
 */
static bool fragment_too(struct tunnel_host *host)
{
	if (!host->setup.cfg->fragment || !dp_is_plain(host->dp))
		return true;
	dp_free(host->dp);
	host->dp = NULL;
	host->has_link = false;
	priv_link_close(host->setup.priv, host->link.ifindex);
	return false;
}

static enum priv_link_kind device_user_kind(const struct config *cfg)
{
	if (config_is_tap(cfg))
		return PRIV_LINK_TAP;
	return tunnel_device_threads(cfg) > 1 ? PRIV_LINK_TUN_QUEUES :
						PRIV_LINK_TUN;
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
	const char *what = tunnel_device_user_only(cfg);
	int ret = -EOPNOTSUPP;

	if (!what && tunnel_kept_goes_on(host))
		what = "clients go on with the data path that they had before a restart";
	if (!what) {
		ret = device_kernel(host);
		what = "this kernel has no ovpn module";
		if (!ret && !fragment_too(host)) {
			ret = -EOPNOTSUPP;
			what = no_fragment;
		}
		if (!ret)
			snprintf(host->dp_reason, sizeof(host->dp_reason),
				 "the kernel module carries the data");
	}
	if (is_missing(ret) && cfg->data_path != CONFIG_DATA_PATH_KERNEL) {
		ret = device_try(host, device_user_kind(cfg));
		snprintf(host->dp_reason, sizeof(host->dp_reason), "%s", what);
	}
	if (ret) {
		const char *why = priv_error(host->setup.priv);

		snprintf(err, err_len, "cannot create device \"%s\": %s%s%s",
			 cfg->dev, why && why[0] ? why : strerror(-ret),
			 what == no_fragment ? "; for fragment it takes this project's module, or data-path user" :
			 is_missing(ret) ? "; load the module with: modprobe ovpn" : "",
			 ret == -EBUSY || ret == -EEXIST ?
			 "; another program holds a device of this name" : "");
		return ret;
	}
	tunnel_keep_device(host);
	log_notice("%s: data path %s: %s", host->link.name, dp_name(host->dp),
		   host->dp_reason);
	if (dp_threads(host->dp))
		log_info("%s: %u data thread(s)", host->link.name,
			 dp_threads(host->dp));
	warn_left_out(host);
	return 0;
}

static bool prefix_is_equal(const struct net_prefix *a,
			    const struct net_prefix *b)
{
	return a->ip.family == b->ip.family && a->len == b->len &&
	       (!a->ip.family || net_ip_is_equal(&a->ip, &b->ip));
}

static bool route_is_equal(const struct priv_route *a,
			   const struct priv_route *b)
{
	return prefix_is_equal(&a->dst, &b->dst) &&
	       a->gateway.family == b->gateway.family &&
	       (!a->gateway.family ||
		net_ip_is_equal(&a->gateway, &b->gateway)) &&
	       a->ifindex == b->ifindex && a->metric == b->metric &&
	       a->table == b->table && a->is_unreachable == b->is_unreachable;
}

static bool plan_has_route(const struct tunnel_applied *plan,
			   const struct priv_route *route)
{
	for (size_t i = 0; i < plan->n_routes; i++)
		if (route_is_equal(&plan->routes[i], route))
			return true;
	return false;
}

static int plan_route(struct tunnel_applied *plan,
		      const struct priv_route *route)
{
	if (plan_has_route(plan, route))
		return 0;
	if (plan->n_routes == plan->cap_routes) {
		size_t cap = plan->cap_routes ? 2 * plan->cap_routes : 8;
		struct priv_route *routes;

		if (plan->n_routes >= ROUTES_MAX)
			return -E2BIG;
		routes = realloc(plan->routes, cap * sizeof(*routes));
		if (!routes)
			return -ENOMEM;
		plan->routes = routes;
		plan->cap_routes = cap;
	}
	plan->routes[plan->n_routes++] = *route;
	return 0;
}

static void plan_free(struct tunnel_applied *plan)
{
	if (plan)
		free(plan->routes);
	free(plan);
}

/*
 * The kernel data path finds a client by the host's routes, so those to a
 * network behind one have to win over the server's own of the same network
 * (iroute.c).
 */
static uint32_t route_metric(const struct tunnel_host *host,
			     const struct config *cfg,
			     const struct config_route *in)
{
	if (in->has_metric)
		return in->metric;
	if (!cfg->route_metric && cfg->mode == CONFIG_MODE_SERVER &&
	    host->link.fd < 0)
		return SERVER_METRIC;
	return cfg->route_metric;
}

/*
 * The way around the tunnel: to the server or, if that is of the other family
 * or there is none, to the default gateway. Once the tunnel has the default
 * route it is the one that was found before.
 */
static int way_out(struct tunnel_host *host, sa_family_t family,
		   const union net_addr *server, struct tunnel_applied *plan,
		   struct priv_route *out)
{
	struct priv_route *kept = family == AF_INET ? &plan->out4 :
						      &plan->out6;
	struct net_ip to = { .family = family };

	if (server && server->sa.sa_family != family)
		server = NULL;
	if (family == AF_INET)
		to.in4.s_addr = htonl(0xf0000001);	/* reserved */
	if (server && family == AF_INET)
		to.in4 = server->in4.sin_addr;
	else if (server)
		to.in6 = server->in6.sin6_addr;
	if (priv_route_get(host->setup.priv, &to, out))
		return -ENETUNREACH;
	if (out->ifindex == host->link.ifindex)
		*out = *kept;
	if (!out->ifindex || out->ifindex == LOOPBACK_IFINDEX)
		return -ENETUNREACH;
	*kept = *out;
	return 0;
}

/**
 * tunnel_device_gateway() - the host's own default gateway, not the tunnel
 * @out: family AF_UNSPEC when there is none
 */
void tunnel_device_gateway(struct tunnel_host *host, sa_family_t family,
			   struct net_ip *out)
{
	struct tunnel_applied plan = { 0 };
	struct priv_route way;

	if (host->applied) {
		plan.out4 = host->applied->out4;
		plan.out6 = host->applied->out6;
	}
	memset(out, 0, sizeof(*out));
	if (!way_out(host, family, NULL, &plan, &way))
		*out = way.gateway;
}

static bool is_around(const struct config_route *in)
{
	return in->gateway && !strcmp(in->gateway, "net_gateway");
}

static bool route_around(struct tunnel_host *host, const struct config *cfg,
			 const struct config_route *in,
			 const union net_addr *server,
			 struct tunnel_applied *plan, struct priv_route *out)
{
	struct priv_route now;

	if (way_out(host, in->dst.ip.family, server, plan, &now))
		return false;
	*out = (struct priv_route){
		.dst = in->dst, .metric = route_metric(host, cfg, in),
		.gateway = now.gateway, .ifindex = now.ifindex,
	};
	return true;
}

/* Keywords and defaults of a route's gateway; false: leave the route out. */
static bool route_resolve(struct tunnel_host *host, const struct config *cfg,
			  const struct config_route *in,
			  struct priv_route *out)
{
	struct net_ip gateway = { 0 };

	if (in->host && !in->is_host_known)
		return false;
	memset(out, 0, sizeof(*out));
	out->dst = in->dst;
	out->metric = route_metric(host, cfg, in);
	out->ifindex = host->link.ifindex;
	out->table = cfg->route_table;
	out->is_unreachable = cfg->is_ipv6_blocked &&
			      cfg->mode != CONFIG_MODE_SERVER &&
			      in->dst.ip.family == AF_INET6;
	if (out->is_unreachable) {
		out->ifindex = 0;
		return true;
	}
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

/* Unless it is being asked for. */
static void warn_unknown(const struct tunnel_host *host,
			 const struct config_route *in)
{
	if (!host->server || !host->server->names)
		log_warn("route %s: the name is not resolved, left out",
			 in->host);
}

static int plan_routes(struct tunnel_host *host, const struct config *cfg,
		       const union net_addr *server,
		       struct tunnel_applied *plan)
{
	const struct config_route *in;
	struct priv_route route;
	int ret = 0;

	for (in = cfg->routes; in && !ret; in = in->next) {
		char dst[NET_PREFIX_STRLEN];

		if (!in->host && is_around(in) ?
		    route_around(host, cfg, in, server, plan, &route) :
		    route_resolve(host, cfg, in, &route))
			ret = plan_route(plan, &route);
		else if (in->host && !in->is_host_known)
			warn_unknown(host, in);
		else
			log_warn("route %s: gateway \"%s\" cannot be resolved, left out",
				 net_prefix_format(&in->dst, dst),
				 in->gateway ? in->gateway : "");
	}
	return ret;
}

/* The server itself must not be reached through the tunnel. */
static int plan_bypass(struct tunnel_host *host, const union net_addr *server,
		       bool is_auto, struct tunnel_applied *plan)
{
	struct priv_route route = { 0 }, now;

	if (server->sa.sa_family == AF_INET) {
		route.dst.ip.family = AF_INET;
		route.dst.ip.in4 = server->in4.sin_addr;
		route.dst.len = 32;
	} else {
		route.dst.ip.family = AF_INET6;
		route.dst.ip.in6 = server->in6.sin6_addr;
		route.dst.len = 128;
	}
	if (priv_route_get(host->setup.priv, &route.dst.ip, &now))
		return 0;
	/* after a reconnect the way leads over the own bypass route */
	if (now.ifindex == host->link.ifindex ||
	    (is_auto && !now.gateway.family))
		return 0;
	route.gateway = now.gateway;
	route.ifindex = now.ifindex;
	return plan_route(plan, &route);
}

/* Both halves of a network, which win over it, into the tunnel. */
static int plan_network(struct tunnel_host *host, const struct config *cfg,
			struct in_addr ip, struct in_addr mask,
			struct tunnel_applied *plan)
{
	struct config_route in = { .dst.ip.family = AF_INET };
	uint32_t first = ntohl(ip.s_addr & mask.s_addr);
	char text[INET_ADDRSTRLEN];
	struct priv_route route;
	uint8_t len;
	int ret = 0;

	if (!inet_ntop(AF_INET, &mask, text, sizeof(text)) ||
	    net_mask_parse(text, &len) || !len || len > 30)
		return 0;
	in.dst.len = (uint8_t)(len + 1);
	for (uint32_t i = 0; i < 2 && !ret; i++) {
		in.dst.ip.in4.s_addr = htonl(first | i << (31 - len));
		if (route_resolve(host, cfg, &in, &route))
			ret = plan_route(plan, &route);
	}
	return ret;
}

static struct in_addr in4_of(const struct sockaddr *addr)
{
	union net_addr in;

	memcpy(&in.in4, addr, sizeof(in.in4));
	return in.in4.sin_addr;
}

/* block-local: the networks of the device that leads to the server */
static int plan_local(struct tunnel_host *host, const struct config *cfg,
		      const union net_addr *server, struct tunnel_applied *plan)
{
	struct priv_route route = { .dst.len = 32 }, now;
	struct ifaddrs *list, *at;
	int ret = 0;

	if (way_out(host, AF_INET, server, plan, &now) || getifaddrs(&list))
		return 0;
	route.dst.ip = now.gateway;
	route.ifindex = now.ifindex;
	if (now.gateway.family == AF_INET)
		ret = plan_route(plan, &route);
	for (at = list; at && !ret; at = at->ifa_next)
		if (at->ifa_addr && at->ifa_addr->sa_family == AF_INET &&
		    at->ifa_netmask &&
		    (int)if_nametoindex(at->ifa_name) == now.ifindex)
			ret = plan_network(host, cfg, in4_of(at->ifa_addr),
					   in4_of(at->ifa_netmask), plan);
	freeifaddrs(list);
	return ret;
}

/* redirect-gateway: halves that win over the default route, as def1 does */
static int plan_redirect(struct tunnel_host *host, const struct config *cfg,
			 const union net_addr *server,
			 struct tunnel_applied *plan)
{
	static const char *const halves4[] = { "0.0.0.0/1", "128.0.0.0/1" };
	static const char *const parts6[] = {
		"::/3", "2000::/4", "3000::/4", "fc00::/7",
	};
	bool is_v4 = !(cfg->redirect_gateway & CONFIG_REDIRECT_NO_IPV4);
	bool is_v6 = cfg->redirect_gateway & CONFIG_REDIRECT_IPV6;
	bool is_blocked = cfg->redirect_gateway & CONFIG_REDIRECT_BLOCK_LOCAL;
	bool is_auto = cfg->redirect_gateway & CONFIG_REDIRECT_AUTOLOCAL;
	struct config_route in = { 0 };
	struct priv_route route;
	int ret = 0;

	/* a server in a network that is taken along needs one, however near */
	if (is_blocked || !(cfg->redirect_gateway & CONFIG_REDIRECT_LOCAL))
		ret = plan_bypass(host, server, is_auto && !is_blocked, plan);
	if (!ret && is_blocked)
		ret = plan_local(host, cfg, server, plan);
	for (size_t i = 0; is_v4 && !ret && i < 2; i++)
		if (!net_prefix_parse(halves4[i], &in.dst) &&
		    route_resolve(host, cfg, &in, &route))
			ret = plan_route(plan, &route);
	for (size_t i = 0; is_v6 && !ret && i < 4; i++)
		if (!net_prefix_parse(parts6[i], &in.dst) &&
		    route_resolve(host, cfg, &in, &route))
			ret = plan_route(plan, &route);
	return ret;
}

static int plan_build(struct tunnel_host *host, const struct config *cfg,
		      const union net_addr *server,
		      struct tunnel_applied *plan)
{
	int ret = 0;

	if (host->applied) {
		plan->out4 = host->applied->out4;
		plan->out6 = host->applied->out6;
	}
	if (!cfg->is_ifconfig_noexec) {
		if (cfg->has_ifconfig)
			plan->addr4 = cfg->ifconfig;
		if (cfg->topology != CONFIG_TOPOLOGY_SUBNET)
			plan->peer4 = cfg->ifconfig_peer;
		if (cfg->has_ifconfig6)
			plan->addr6 = cfg->ifconfig6;
	}
	if (cfg->is_route_noexec)
		return 0;
	ret = plan_routes(host, cfg, server, plan);
	if (!ret && server && cfg->redirect_gateway & CONFIG_REDIRECT_ENABLED)
		ret = plan_redirect(host, cfg, server, plan);
	return ret;
}

static int device_addr(struct tunnel_host *host, const struct net_prefix *addr,
		       const struct net_ip *peer)
{
	char text[NET_PREFIX_STRLEN];
	int ret = priv_addr_add(host->setup.priv, host->link.ifindex, addr,
				peer && peer->family ? peer : NULL);

	/* an adopted device still has its addresses */
	if (ret == -EEXIST)
		ret = 0;
	if (ret)
		log_error("cannot set address %s on %s: %s",
			  net_prefix_format(addr, text), host->link.name,
			  priv_error(host->setup.priv));
	return ret;
}

/* Take away what @now has and @next has not. */
static void device_remove(struct tunnel_host *host,
			  const struct tunnel_applied *now,
			  const struct tunnel_applied *next)
{
	struct priv *priv = host->setup.priv;

	for (size_t i = now->n_routes; i--; )
		if (!plan_has_route(next, &now->routes[i]))
			priv_route_del(priv, &now->routes[i]);
	if (now->addr4.ip.family && !prefix_is_equal(&now->addr4, &next->addr4))
		priv_addr_del(priv, host->link.ifindex, &now->addr4);
	if (now->addr6.ip.family && !prefix_is_equal(&now->addr6, &next->addr6))
		priv_addr_del(priv, host->link.ifindex, &now->addr6);
}

static int device_add_addresses(struct tunnel_host *host,
				const struct tunnel_applied *now,
				const struct tunnel_applied *next)
{
	int ret = 0;

	if (next->addr4.ip.family &&
	    !prefix_is_equal(&now->addr4, &next->addr4))
		ret = device_addr(host, &next->addr4, &next->peer4);
	if (!ret && next->addr6.ip.family &&
	    !prefix_is_equal(&now->addr6, &next->addr6))
		ret = device_addr(host, &next->addr6, NULL);
	return ret;
}

static void device_add_routes(struct tunnel_host *host,
			      const struct tunnel_applied *now,
			      const struct tunnel_applied *next)
{
	char dst[NET_PREFIX_STRLEN];

	for (size_t i = 0; i < next->n_routes; i++) {
		const struct priv_route *route = &next->routes[i];
		bool is_kept = plan_has_route(now, route) &&
			       prefix_is_equal(&now->addr4, &next->addr4);
		int ret = is_kept ? 0 : priv_route_add(host->setup.priv, route);

		if (ret && ret != -EEXIST)
			log_warn("cannot add route %s: %s",
				 net_prefix_format(&route->dst, dst),
				 priv_error(host->setup.priv));
	}
}

static bool has_new_address(const struct tunnel_applied *now,
			    const struct tunnel_applied *next)
{
	return (next->addr4.ip.family &&
		!prefix_is_equal(&now->addr4, &next->addr4)) ||
	       (next->addr6.ip.family &&
		!prefix_is_equal(&now->addr6, &next->addr6));
}

static bool has_new_route(const struct tunnel_applied *now,
			  const struct tunnel_applied *next)
{
	for (size_t i = 0; i < next->n_routes; i++)
		if (!plan_has_route(now, &next->routes[i]))
			return true;
	return false;
}

/**
 * tunnel_device_apply() - addresses, MTU, routes as configured or pushed
 * @host: the host
 * @cfg: the configuration that counts now
 * @server: client role: the server's address, for routes around the tunnel;
 *	else NULL
 *
 * Only what differs from an earlier call is changed.
 *
 * Return: 0 or -errno; routes that fail are only logged.
 */
int tunnel_device_apply(struct tunnel_host *host, const struct config *cfg,
			const union net_addr *server)
{
	const struct tunnel_applied none = { 0 };
	const struct tunnel_applied *now = host->applied ? host->applied :
							   &none;
	struct tunnel_applied *next = calloc(1, sizeof(*next));
	int ret = next ? 0 : -ENOMEM;

	if (!ret)
		ret = plan_build(host, cfg, server, next);
	if (ret) {
		plan_free(next);
		return ret;
	}
	device_remove(host, now, next);
	if (has_new_address(now, next))
		tunnel_watch_phase(host, TUNNEL_PHASE_ASSIGN_IP, NULL);
	ret = device_add_addresses(host, now, next);
	if (!ret && !cfg->is_ifconfig_noexec)
		ret = priv_link_up(host->setup.priv, host->link.ifindex,
				   cfg->tun_mtu, cfg->txqueuelen);
	if (!ret && has_new_route(now, next))
		tunnel_watch_phase(host, TUNNEL_PHASE_ADD_ROUTES, NULL);
	if (!ret)
		device_add_routes(host, now, next);
	plan_free(host->applied);
	host->applied = next;
	return ret;
}

/** tunnel_device_undo() - take away all addresses and routes */
void tunnel_device_undo(struct tunnel_host *host)
{
	const struct tunnel_applied none = { 0 };

	if (!host->applied)
		return;
	device_remove(host, host->applied, &none);
	plan_free(host->applied);
	host->applied = NULL;
}
