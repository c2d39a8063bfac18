// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "config/parse.h"

#define IN_MAIN CONFIG_IN_MAIN

#define POOL_MAX (1u << 24)	/* clients have numbers of 24 bits */

static CONFIG_SETTER(set_mode)
{
	static const char *const names[] = { "p2p", "server", NULL };
	int choice = config_choice(ps, arg[0], names);

	(void)row;
	(void)n;
	if (choice < 0)
		return choice;
	ps->cfg->mode = (enum config_mode)choice;
	return 0;
}

/* Return: 0 if @prefix is an IPv4 network usable for clients. */
static int server_check(struct config_parse *ps, char **arg,
			const struct net_prefix *prefix)
{
	char text[NET_PREFIX_STRLEN];
	struct net_ip base;

	if (prefix->len < 8 || prefix->len > 30)
		return config_fail(ps, "netmask %s: the network must have 4 to 16777216 "
				   "addresses (255.0.0.0 to 255.255.255.252)",
				   arg[1]);
	if (net_prefix_nth(prefix, 0, &base))
		return config_fail(ps, "%s %s is not a network", arg[0], arg[1]);
	if (!net_ip_is_equal(&base, &prefix->ip))
		return config_fail(ps, "%s is not the first address of its network; "
				   "write %s %s", arg[0],
				   net_ip_format(&base, text), arg[1]);
	return 0;
}

static CONFIG_SETTER(set_server)
{
	struct net_prefix prefix;

	(void)row;
	if (net_ip_parse(arg[0], &prefix.ip) || prefix.ip.family != AF_INET)
		return config_fail(ps, "\"%s\" is not an IPv4 network", arg[0]);
	if (net_mask_parse(arg[1], &prefix.len))
		return config_fail(ps, "\"%s\" is not a netmask, such as 255.255.255.0",
				   arg[1]);
	if (server_check(ps, arg, &prefix))
		return -EINVAL;
	if (n > 2 && strcmp(arg[2], "nopool"))
		return config_fail(ps, "\"%s\" is unknown; write nopool, or nothing",
				   arg[2]);
	ps->cfg->server = prefix;
	ps->cfg->has_server = true;
	ps->cfg->is_server_nopool = n > 2;
	return 0;
}

static int prefix6_parse(struct config_parse *ps, const char *text,
			 struct net_prefix *prefix)
{
	if (!strchr(text, '/') || net_prefix_parse(text, prefix) ||
	    prefix->ip.family != AF_INET6)
		return config_fail(ps, "\"%s\" is not an IPv6 network with a prefix "
				   "length, such as fd00:1::/64", text);
	if (prefix->len < 64 || prefix->len > 124)
		return config_fail(ps, "/%u: the prefix length must be 64 to 124",
				   prefix->len);
	return 0;
}

static CONFIG_SETTER(set_server_ipv6)
{
	struct net_prefix prefix;

	(void)row;
	(void)n;
	if (prefix6_parse(ps, arg[0], &prefix))
		return -EINVAL;
	if (net_prefix_nth(&prefix, 0, &prefix.ip))
		return config_fail(ps, "\"%s\" is not a network", arg[0]);
	ps->cfg->server6 = prefix;
	ps->cfg->has_server6 = true;
	return 0;
}

static CONFIG_SETTER(set_pool)
{
	struct config *cfg = ps->cfg;
	uint8_t len;

	(void)row;
	if (net_ip_parse(arg[0], &cfg->pool_start) ||
	    net_ip_parse(arg[1], &cfg->pool_end) ||
	    cfg->pool_start.family != AF_INET ||
	    cfg->pool_end.family != AF_INET)
		return config_fail(ps, "write two IPv4 addresses, the first and the "
				   "last");
	if (ntohl(cfg->pool_start.in4.s_addr) > ntohl(cfg->pool_end.in4.s_addr))
		return config_fail(ps, "%s is behind %s", arg[0], arg[1]);
	if (ntohl(cfg->pool_end.in4.s_addr) -
	    ntohl(cfg->pool_start.in4.s_addr) >= POOL_MAX)
		return config_fail(ps, "the pool has more than 16777216 addresses");
	if (n > 2 && net_mask_parse(arg[2], &len))
		return config_fail(ps, "\"%s\" is not a netmask", arg[2]);
	cfg->pool_len = n > 2 ? len : 0;
	cfg->has_pool = true;
	return 0;
}

static int bridge_push(struct config_parse *ps, const char *gateway)
{
	const char *text = mem_arena_printf(ps->cfg->arena, "route-gateway %s",
					    gateway);

	return text ? config_push_add(ps, text) : config_nomem(ps);
}

/* GATEWAY NETMASK FIRST LAST, or nothing: somebody there gives out addresses */
static CONFIG_SETTER(set_server_bridge)
{
	struct config *cfg = ps->cfg;
	struct net_prefix net;
	char *pool[] = { n > 3 ? arg[2] : NULL, n > 3 ? arg[3] : NULL,
			 n > 3 ? arg[1] : NULL };

	if (cfg->has_bridge)
		return config_fail(ps, "is there twice");
	cfg->has_bridge = true;
	if (n == 1 && !strcmp(arg[0], "nogw"))
		return 0;
	if (!n)
		return bridge_push(ps, "dhcp");
	if (n != 4)
		return config_fail(ps, "write GATEWAY NETMASK FIRST LAST, nogw, or nothing");
	if (net_ip_parse(arg[0], &net.ip) || net.ip.family != AF_INET)
		return config_fail(ps, "\"%s\" is not an IPv4 address", arg[0]);
	if (set_pool(ps, row, pool, 3))
		return -EINVAL;
	net.len = cfg->pool_len;
	if (!net_prefix_contains(&net, &cfg->pool_start) ||
	    !net_prefix_contains(&net, &cfg->pool_end))
		return config_fail(ps, "%s to %s are not in the network of %s %s",
				   arg[2], arg[3], arg[0], arg[1]);
	return bridge_push(ps, arg[0]);
}

static CONFIG_SETTER(set_pool_ipv6)
{
	(void)row;
	(void)n;
	if (prefix6_parse(ps, arg[0], &ps->cfg->pool6))
		return -EINVAL;
	ps->cfg->has_pool6 = true;
	return 0;
}

/*
 * Clients are told to use no framing if they are configured for one; what an
 * old configuration pushes would make all the others use it.
 */
static bool is_framing(const struct config_params *params)
{
	const char *name = params->arg[0];

	if (!strcmp(name, "comp-lzo"))
		return true;
	return !strcmp(name, "compress") &&
	       (params->n < 2 || (strcmp(params->arg[1], "stub-v2") &&
				  strcmp(params->arg[1], "migrate")));
}

static CONFIG_SETTER(set_push)
{
	struct config_params params;
	const char *why;

	(void)row;
	(void)n;
	if (config_lex(arg[0], strlen(arg[0]), &params, &why))
		return config_fail(ps, "%s", why);
	if (!params.n)
		return config_fail(ps, "nothing to push");
	if (is_framing(&params))
		return config_warn(ps, "\"%s\" is not pushed: nothing is ever compressed; remove the line",
				   arg[0]);
	return config_push_add(ps, arg[0]);
}

static CONFIG_SETTER(set_freq)
{
	(void)row;
	(void)n;
	if (config_number(ps, arg[0], 1, 1u << 30, &ps->cfg->connect_freq_n))
		return -EINVAL;
	return config_number(ps, arg[1], 1, 86400, &ps->cfg->connect_freq_sec);
}

static CONFIG_SETTER(set_freq_initial)
{
	(void)row;
	(void)n;
	if (config_number(ps, arg[0], 1, 1u << 30,
			  &ps->cfg->connect_freq_initial_n))
		return -EINVAL;
	return config_number(ps, arg[1], 1, 86400,
			     &ps->cfg->connect_freq_initial_sec);
}

static const struct config_row server_rows[] = {
	CONFIG_SPECIAL("mode", 1, 1, IN_MAIN, set_mode, "p2p|server",
		"Be a server of many clients, which --server implies, or one of two "
		"(p2p, the default): a client, or an end of a link of two "
		"(--tls-server, --tls-client)."),
	CONFIG_SPECIAL("server", 2, 3, IN_MAIN, set_server,
		"NETWORK NETMASK [nopool]",
		"Serve clients with addresses of this IPv4 network.\nShort for "
		"--mode server and --tls-server; with topology subnet the first "
		"address becomes the server's (--ifconfig), the others form "
		"the pool (--ifconfig-pool, unless nopool), and route-gateway "
		"and topology are pushed. With tap there is no topology."),
	CONFIG_SPECIAL("server-bridge", 0, 4, IN_MAIN, set_server_bridge,
		"[GATEWAY NETMASK FIRST LAST | nogw]",
		"Serve clients that become part of a network of Ethernet.\nShort "
		"for --mode server and --tls-server, with --dev tap. Their "
		"addresses are from FIRST to LAST, of the network that GATEWAY is "
		"in, which is pushed as route-gateway; or somebody in that network "
		"gives them out, and dhcp is pushed, unless nogw. The device is to "
		"be put into a bridge by whoever makes that, for example by --up."),
	CONFIG_SPECIAL("server-ipv6", 1, 1, IN_MAIN, set_server_ipv6,
		"NETWORK/BITS",
		"Serve clients with addresses of this IPv6 network.\nThe first "
		"address becomes the server's; the pool begins 4096 addresses "
		"further on, or with the third address in networks longer "
		"than /112."),
	CONFIG_SPECIAL("ifconfig-pool", 2, 3, IN_MAIN, set_pool,
		"FIRST LAST [NETMASK]",
		"Give out the addresses from FIRST to LAST to clients."),
	CONFIG_SPECIAL("ifconfig-ipv6-pool", 1, 1, IN_MAIN, set_pool_ipv6,
		"FIRST/BITS", "Give out IPv6 addresses from FIRST on to clients."),
	CONFIG_SPECIAL("push", 1, 1, IN_MAIN | CONFIG_IN_CLIENT, set_push,
		"\"OPTION ...\"",
		"Send an option to every client; at most 255 bytes.\nWhat "
		"changes at SIGHUP is also sent to clients that are connected, "
		"if they can be told (OpenVPN 2.7, ovpnd)."),
	{ "max-clients", 1, 1, CONFIG_KIND_APPLY, IN_MAIN, config_set_u32,
	  CONFIG_FIELD(max_clients), 1, 0xfffffe, "N",
	  "Serve at most N clients at a time; default 1024." },
	CONFIG_FLAG("duplicate-cn", IN_MAIN, is_duplicate_cn,
		"Let several clients have the same common name."),
	CONFIG_NUMBER("sessions-per-user", IN_MAIN, sessions_per_user, 1,
		1000000, "N",
		"Let each user be connected N times at most.\nThe longest of these "
		"connections ends when there is one more. Users are told apart by "
		"the name that they log in with, or else by their common name. N "
		"above 1 includes --duplicate-cn."),
	CONFIG_NUMBER("max-routes-per-client",
		CONFIG_IN_MAIN | CONFIG_IN_CLIENT, max_routes_per_client, 1,
		65536, "N",
		"Let a client have at most N networks behind it; default 256.\n"
		"With tap, hosts: frames of more are dropped, until one of them has "
		"been silent for 5 minutes."),
	CONFIG_FLAG("force-tls-key-material-export", IN_MAIN, is_ekm_forced,
		"Refuse clients that cannot take data keys from the TLS session."
		"\nThat are those before OpenVPN 2.6."),
	CONFIG_FLAG("client-to-client", IN_MAIN, is_client_to_client,
		"Route clients to each other.\nThe packets take the host's routing and "
		"its packet filter; forwarding must be enabled there. With tap, "
		"frames go from client to client, and the host does not see those "
		"for one of them."),
	CONFIG_SPECIAL("connect-freq", 2, 2, IN_MAIN, set_freq, "N SECONDS",
		"Let at most N clients begin per SECONDS; default no limit.\n"
		"Counts addresses that have proved that they can receive."),
	CONFIG_SPECIAL("connect-freq-initial", 2, 2, IN_MAIN, set_freq_initial,
		"N SECONDS",
		"Answer at most N first packets per SECONDS; default 100 10.\n"
		"Counts packets of addresses that have not yet proved that they "
		"can receive. Beyond N an address gets one answer in a second, "
		"so that a flood does not keep others out."),
};

CONFIG_TABLE(server, "Server");
