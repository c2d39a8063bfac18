// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"

#define IN_MAIN CONFIG_IN_MAIN
#define IN_PULL (CONFIG_IN_MAIN | CONFIG_IN_PUSH)

bool config_is_tap(const struct config *cfg)
{
	if (cfg->dev_type)
		return !strcmp(cfg->dev_type, "tap");
	return cfg->dev && !strncmp(cfg->dev, "tap", 3);
}

static CONFIG_SETTER(set_dev)
{
	if (!strcmp(arg[0], "null"))
		return config_fail(ps, "\"null\" is not supported in this version; "
				   "write tun");
	if (strlen(arg[0]) >= IFNAMSIZ || strpbrk(arg[0], "/: \t") ||
	    !strcmp(arg[0], ".") || !strcmp(arg[0], ".."))
		return config_fail(ps, "\"%s\" is not a name for a device; use at "
				   "most 15 characters, without / : and spaces",
				   arg[0]);
	return config_set_string(ps, row, arg, n);
}

static CONFIG_SETTER(set_dev_type)
{
	if (strcmp(arg[0], "tun") && strcmp(arg[0], "tap"))
		return config_fail(ps, "\"%s\" is not supported in this version; "
				   "write tun or tap", arg[0]);
	return config_set_string(ps, row, arg, n);
}

static CONFIG_SETTER(set_topology)
{
	static const char *const names[] = { "net30", "p2p", "subnet", NULL };
	int choice = config_choice(ps, arg[0], names);

	(void)row;
	(void)n;
	if (choice < 0)
		return choice;
	/* a network of Ethernet has none but its own */
	if (ps->scope == CONFIG_IN_PUSH && config_is_tap(ps->cfg))
		return 0;
	ps->cfg->topology = (enum config_topology)choice;
	ps->cfg->has_topology = true;
	return ps->scope == CONFIG_IN_PUSH ? config_ifconfig_resolve(ps) : 0;
}

/* What the second address means depends on the topology, known later. */
static CONFIG_SETTER(set_ifconfig)
{
	struct config *cfg = ps->cfg;

	(void)row;
	(void)n;
	cfg->ifconfig_arg[0] = mem_arena_strdup(cfg->arena, arg[0]);
	cfg->ifconfig_arg[1] = mem_arena_strdup(cfg->arena, arg[1]);
	if (!cfg->ifconfig_arg[0] || !cfg->ifconfig_arg[1])
		return config_nomem(ps);
	cfg->has_ifconfig = true;
	return config_ifconfig_resolve(ps);
}

static CONFIG_SETTER(set_ifconfig_ipv6)
{
	struct config *cfg = ps->cfg;
	struct net_prefix addr, peer;

	(void)row;
	(void)n;
	if (net_prefix_parse(arg[0], &addr) || addr.ip.family != AF_INET6)
		return config_fail(ps, "\"%s\" is not an IPv6 address with a prefix "
				   "length, such as 2001:db8::1/64", arg[0]);
	/* OpenVPN: without a length it is 64. */
	if (!strchr(arg[0], '/'))
		addr.len = 64;
	if (net_prefix_parse(arg[1], &peer) || peer.ip.family != AF_INET6)
		return config_fail(ps, "\"%s\" is not an IPv6 address", arg[1]);
	cfg->ifconfig6 = addr;
	cfg->ifconfig6_peer = peer.ip;
	cfg->has_ifconfig6 = true;
	return 0;
}

/* Return: 1 when a pushed route is to be skipped. */
static int route_is_masked(struct config_parse *ps)
{
	return ps->scope == CONFIG_IN_PUSH && ps->cfg->is_route_nopull;
}

static int route_append(struct config_parse *ps, const struct config_route *src)
{
	struct config_route *route, **tail = &ps->cfg->routes;

	route = mem_arena_alloc(ps->cfg->arena, sizeof(*route));
	if (!route)
		return config_nomem(ps);
	*route = *src;
	while (*tail)
		tail = &(*tail)->next;
	*tail = route;
	return 0;
}

static int route_gateway_set(struct config_parse *ps, const char *text,
			     sa_family_t family, struct config_route *route)
{
	struct net_ip ip;

	if (!strcmp(text, "default"))
		return 0;
	if (strcmp(text, "vpn_gateway") && strcmp(text, "net_gateway") &&
	    (net_ip_parse(text, &ip) || ip.family != family))
		return config_fail(ps, "\"%s\" is not a gateway; write an address, "
				   "vpn_gateway or net_gateway", text);
	route->gateway = mem_arena_strdup(ps->cfg->arena, text);
	return route->gateway ? 0 : config_nomem(ps);
}

static int route_metric_set(struct config_parse *ps, const char *text,
			    struct config_route *route)
{
	if (!strcmp(text, "default"))
		return 0;
	route->has_metric = true;
	return config_number(ps, text, 0, INT32_MAX, &route->metric);
}

/* A name that the client looks up when it is connected. */
static int route_name(struct config_parse *ps, const char *name,
		      struct config_route *route)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (!strpbrk(name, letters) || strlen(name) > 253 ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789-._") != strlen(name))
		return config_fail(ps, "\"%s\" is not an IPv4 network, and not a name",
				   name);
	if (ps->scope == CONFIG_IN_PUSH && !ps->cfg->is_fqdn_pulled)
		return config_fail(ps, "\"%s\" is not an IPv4 network; names are taken from a server with allow-pull-fqdn only",
				   name);
	route->dst.ip = (struct net_ip){ .family = AF_INET };
	route->host = mem_arena_strdup(ps->cfg->arena, name);
	return route->host ? 0 : config_nomem(ps);
}

static int route_destination(struct config_parse *ps, char **arg, int n,
			     struct config_route *route)
{
	char text[NET_PREFIX_STRLEN];

	if ((net_ip_parse(arg[0], &route->dst.ip) ||
	     route->dst.ip.family != AF_INET) && route_name(ps, arg[0], route))
		return -EINVAL;
	route->dst.len = 32;
	if (n < 2 || !strcmp(arg[1], "default"))
		return 0;
	if (net_mask_parse(arg[1], &route->dst.len))
		return config_fail(ps, "\"%s\" is not a netmask, such as %s",
				   arg[1], net_mask_format(24, text));
	return 0;
}

/* The network of an address; the kernel refuses routes with host bits. */
static bool prefix_has_host_bits(const struct net_prefix *prefix)
{
	struct net_ip base;

	return net_prefix_nth(prefix, 0, &base) ||
	       !net_ip_is_equal(&base, &prefix->ip);
}

static CONFIG_SETTER(set_route)
{
	struct config_route route = { 0 };
	int ret;

	(void)row;
	if (route_is_masked(ps))
		return 0;
	ret = route_destination(ps, arg, n, &route);
	if (!ret && !route.host && prefix_has_host_bits(&route.dst))
		ret = config_fail(ps, "%s %s: the address is not the first of its "
				  "network", arg[0], arg[1]);
	if (!ret && n > 2)
		ret = route_gateway_set(ps, arg[2], AF_INET, &route);
	if (!ret && n > 3)
		ret = route_metric_set(ps, arg[3], &route);
	return ret ? ret : route_append(ps, &route);
}

static CONFIG_SETTER(set_route_ipv6)
{
	struct config_route route = { 0 };
	int ret = 0;

	(void)row;
	if (route_is_masked(ps))
		return 0;
	if (net_prefix_parse(arg[0], &route.dst) ||
	    route.dst.ip.family != AF_INET6)
		return config_fail(ps, "\"%s\" is not an IPv6 network, such as "
				   "2001:db8::/64", arg[0]);
	/* As upstream, host bits are dropped without a word. */
	net_prefix_nth(&route.dst, 0, &route.dst.ip);
	if (n > 1)
		ret = route_gateway_set(ps, arg[1], AF_INET6, &route);
	if (!ret && n > 2)
		ret = route_metric_set(ps, arg[2], &route);
	return ret ? ret : route_append(ps, &route);
}

static CONFIG_SETTER(set_route_gateway)
{
	struct net_ip ip;

	if (route_is_masked(ps))
		return 0;
	if (!strcmp(arg[0], "dhcp"))
		return config_warn(ps, "dhcp: no DHCP client is run; have one on the device");
	if (net_ip_parse(arg[0], &ip) || ip.family != AF_INET)
		return config_fail(ps, "\"%s\" is not an IPv4 address", arg[0]);
	return config_set_string(ps, row, arg, n);
}

static CONFIG_SETTER(set_redirect_gateway)
{
	static const struct {
		const char *name;
		unsigned int flag;
	} flags[] = {
		{ "local", CONFIG_REDIRECT_LOCAL },
		{ "def1", CONFIG_REDIRECT_DEF1 },
		{ "ipv6", CONFIG_REDIRECT_IPV6 },
		{ "!ipv4", CONFIG_REDIRECT_NO_IPV4 },
		{ "autolocal", CONFIG_REDIRECT_AUTOLOCAL },
		{ "bypass-dhcp", CONFIG_REDIRECT_BYPASS },
		{ "bypass-dns", CONFIG_REDIRECT_BYPASS },
		{ "block-local", CONFIG_REDIRECT_BLOCK_LOCAL },
	};
	const size_t n_flags = sizeof(flags) / sizeof(flags[0]);
	size_t k;
	int i;

	(void)row;
	if (route_is_masked(ps))
		return 0;
	for (i = 0; i < n; i++) {
		for (k = 0; k < n_flags && strcmp(flags[k].name, arg[i]); k++)
			continue;
		if (k == n_flags)
			return config_fail(ps, "\"%s\" is not one of: local, def1, "
					   "ipv6, !ipv4, autolocal, bypass-dhcp, "
					   "bypass-dns, block-local", arg[i]);
		ps->cfg->redirect_gateway |= flags[k].flag;
	}
	ps->cfg->redirect_gateway |= CONFIG_REDIRECT_ENABLED;
	return 0;
}

static const struct config_row device_rows[] = {
	{ "dev", 1, 1, CONFIG_KIND_APPLY, IN_MAIN, set_dev, CONFIG_FIELD(dev),
	  0, 0, "NAME",
	  "Name the network device.\n\"tun\" takes the first free tunN, and "
	  "\"tap\" tapN; any other name is used as it is. A device whose name "
	  "begins with tap is one of Ethernet, which userspace carries: a "
	  "server knows its clients' hosts by the addresses that they send "
	  "from. Tags of VLANs stay as they are." },
	{ "dev-type", 1, 1, CONFIG_KIND_APPLY, IN_MAIN, set_dev_type,
	  CONFIG_FIELD(dev_type), 0, 0, "tun|tap",
	  "Say what kind the device is, whatever its name." },
	{ "tun-mtu", 1, 2, CONFIG_KIND_APPLY, IN_PULL, config_set_u32,
	  CONFIG_FIELD(tun_mtu), 100, 65536, "BYTES [MAX]",
	  "Set the MTU of the device; default 1500." },
	{ "txqueuelen", 1, 1, CONFIG_KIND_APPLY, IN_MAIN, config_set_u32,
	  CONFIG_FIELD(txqueuelen), 0, 1u << 20, "PACKETS",
	  "Set the length of the device's transmit queue." },
	CONFIG_SPECIAL("topology", 1, 1, IN_PULL, set_topology,
		"subnet|p2p|net30",
		"Choose how addresses are given out.\nsubnet: each client has one "
		"address in a common network. Servers default to it; p2p and "
		"net30 are point-to-point links. With net30 each client takes "
		"four addresses of the server's network."),
	CONFIG_SPECIAL("ifconfig", 2, 2, IN_PULL, set_ifconfig,
		"LOCAL REMOTE|NETMASK",
		"Set the device's IPv4 address.\nThe second argument is a netmask "
		"with topology subnet and with tap, otherwise the peer's address."),
	CONFIG_SPECIAL("ifconfig-ipv6", 2, 2, IN_PULL, set_ifconfig_ipv6,
		"LOCAL/BITS REMOTE", "Set the device's IPv6 address."),
	CONFIG_FLAG("ifconfig-noexec", IN_PULL, is_ifconfig_noexec,
		"Leave the device's addresses alone."),
	CONFIG_SPECIAL("route", 1, 4, IN_PULL, set_route,
		"NETWORK [NETMASK [GATEWAY [METRIC]]]",
		"Add an IPv4 route when the tunnel is up.\nNETWORK may be a name: "
		"a client looks it up when it is connected, a server at the "
		"start and at SIGHUP, and waits for neither. GATEWAY is an "
		"address, vpn_gateway (the default) or net_gateway; \"default\" leaves an "
		"argument at its default."),
	CONFIG_SPECIAL("route-ipv6", 1, 3, IN_PULL, set_route_ipv6,
		"NETWORK/BITS [GATEWAY [METRIC]]",
		"Add an IPv6 route when the tunnel is up."),
	{ "route-gateway", 1, 1, CONFIG_KIND_APPLY, IN_PULL, set_route_gateway,
	  CONFIG_FIELD(route_gateway), 0, 0, "ADDRESS",
	  "Set the default gateway of --route.\nThat a server pushes dhcp is no "
	  "mistake, but no DHCP client is run." },
	{ "route-metric", 1, 1, CONFIG_KIND_APPLY, IN_PULL, config_set_u32,
	  CONFIG_FIELD(route_metric), 0, INT32_MAX, "N",
	  "Set the default metric of --route and --route-ipv6." },
	CONFIG_NUMBER("route-table", IN_MAIN, route_table, 0, INT32_MAX, "N",
		"Put the routes of the tunnel into this table; default main.\n"
		"Which packets look there is said by rules, see ip-rule(8). "
		"Routes to single clients of a server are not among them."),
	CONFIG_FLAG("block-ipv6", IN_PULL, is_ipv6_blocked,
		"Answer IPv6 packets for the tunnel as unreachable.\nThe routes "
		"for IPv6 that the tunnel would have are made, and lead nowhere. "
		"On a server it has no effect of its own: push it."),
	CONFIG_FLAG("allow-pull-fqdn", IN_MAIN, is_fqdn_pulled,
		"Let the server push names as networks of routes."),
	CONFIG_FLAG("route-noexec", IN_MAIN, is_route_noexec,
		"Leave the system's routes alone."),
	CONFIG_SPECIAL("redirect-gateway", 0, 8, IN_PULL, set_redirect_gateway,
		"[def1] [local] [ipv6] [!ipv4] ...",
		"Send all traffic through the tunnel.\ndef1 covers the default "
		"route with two halves instead of replacing it, local skips the "
		"route to the server, autolocal too if no gateway leads there, ipv6 "
		"redirects IPv6 too, and !ipv4 only that. block-local takes the "
		"local network along, all of it but its gateway and the server. "
		"bypass-dhcp and bypass-dns mean something on Windows only."),
};

CONFIG_TABLE(device, "Device, addresses and routes");
