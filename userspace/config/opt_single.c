// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "config/parse.h"

/* What a server knows about its clients one by one. */

#define IN_MAIN		CONFIG_IN_MAIN
#define IN_CLIENT	CONFIG_IN_CLIENT

static CONFIG_SETTER(set_pool_persist)
{
	if (n > 1 && config_number(ps, arg[1], 0, 365u * 86400u,
				   &ps->cfg->pool_interval))
		return -EINVAL;
	return config_set_string(ps, row, arg, 1);
}

/* The second address is a netmask with topology subnet. */
static CONFIG_SETTER(set_ifconfig_push)
{
	struct config *cfg = ps->cfg;
	struct net_ip local, remote;
	uint8_t len;

	(void)row;
	(void)n;
	if (net_ip_parse(arg[0], &local) || local.family != AF_INET)
		return config_fail(ps, "\"%s\" is not an IPv4 address", arg[0]);
	if (net_ip_parse(arg[1], &remote) || remote.family != AF_INET)
		return config_fail(ps, "\"%s\" is not an IPv4 address or a "
				   "netmask", arg[1]);
	if (cfg->topology == CONFIG_TOPOLOGY_SUBNET &&
	    net_mask_parse(arg[1], &len))
		return config_fail(ps, "\"%s\" must be a netmask with topology "
				   "subnet", arg[1]);
	cfg->ifconfig_push = local;
	cfg->ifconfig_push_remote = remote;
	cfg->has_ifconfig_push = true;
	return 0;
}

static CONFIG_SETTER(set_ifconfig6_push)
{
	struct config *cfg = ps->cfg;
	struct net_prefix local;
	struct net_ip remote = cfg->ifconfig6.ip;

	(void)row;
	if (!strchr(arg[0], '/') || net_prefix_parse(arg[0], &local) ||
	    local.ip.family != AF_INET6)
		return config_fail(ps, "\"%s\" is not an IPv6 address with a prefix "
				   "length, such as fd00:1::2/64", arg[0]);
	if (n > 1 && (net_ip_parse(arg[1], &remote) ||
		      remote.family != AF_INET6))
		return config_fail(ps, "\"%s\" is not an IPv6 address", arg[1]);
	if (n < 2 && !cfg->has_ifconfig6)
		return config_fail(ps, "the server has no IPv6 address; give one as "
				   "the second argument");
	cfg->ifconfig6_push = local;
	cfg->ifconfig6_push_remote = remote;
	cfg->has_ifconfig6_push = true;
	return 0;
}

static int iroute_add(struct config_parse *ps, const char *text,
		      const struct net_prefix *dst)
{
	struct config_route **tail = &ps->cfg->iroutes;
	char base[NET_PREFIX_STRLEN];
	unsigned int count = 0;
	struct net_ip first;

	if (net_prefix_nth(dst, 0, &first) ||
	    !net_ip_is_equal(&first, &dst->ip))
		return config_fail(ps, "%s is not the first address of its network, "
				   "%s", text, net_ip_format(&first, base));
	for (; *tail; tail = &(*tail)->next)
		count++;
	if (count >= ps->cfg->max_routes_per_client)
		return config_fail(ps, "a client has at most %u networks; see max-routes-per-client",
				   ps->cfg->max_routes_per_client);
	*tail = mem_arena_alloc(ps->cfg->arena, sizeof(**tail));
	if (!*tail)
		return config_nomem(ps);
	(*tail)->dst = *dst;
	return 0;
}

static CONFIG_SETTER(set_iroute)
{
	struct net_prefix dst = { .len = 32 };

	(void)row;
	if (net_ip_parse(arg[0], &dst.ip) || dst.ip.family != AF_INET)
		return config_fail(ps, "\"%s\" is not an IPv4 network", arg[0]);
	if (n > 1 && net_mask_parse(arg[1], &dst.len))
		return config_fail(ps, "\"%s\" is not a netmask, such as 255.255.255.0",
				   arg[1]);
	return iroute_add(ps, arg[0], &dst);
}

static CONFIG_SETTER(set_iroute6)
{
	struct net_prefix dst;

	(void)row;
	(void)n;
	if (!strchr(arg[0], '/') || net_prefix_parse(arg[0], &dst) ||
	    dst.ip.family != AF_INET6)
		return config_fail(ps, "\"%s\" is not an IPv6 network with a prefix "
				   "length, such as fd00:2::/64", arg[0]);
	return iroute_add(ps, arg[0], &dst);
}

static CONFIG_SETTER(set_push_reset)
{
	(void)row;
	(void)arg;
	(void)n;
	ps->cfg->push = NULL;
	return 0;
}

/* The two addresses are not in the list, so they are known by their names. */
static CONFIG_SETTER(set_push_remove)
{
	struct config_text **pos = &ps->cfg->push;

	(void)row;
	(void)n;
	if (!arg[0][0])
		return config_fail(ps, "the argument is empty; to remove everything, "
				   "write push-reset");
	if (!strcmp(arg[0], "ifconfig")) {
		ps->cfg->is_ifconfig_hidden = true;
		return 0;
	}
	if (!strcmp(arg[0], "ifconfig-ipv6")) {
		ps->cfg->is_ifconfig6_hidden = true;
		return 0;
	}
	while (*pos) {
		if (!strncmp((*pos)->text, arg[0], strlen(arg[0])))
			*pos = (*pos)->next;
		else
			pos = &(*pos)->next;
	}
	return 0;
}

static const struct config_row single_rows[] = {
	CONFIG_STRING("client-config-dir", IN_MAIN, ccd_path, "DIR",
		"Read what is special about a client from a file in DIR.\nThe "
		"file has the client's common name, with _ in place of a "
		"slash; a client without one gets the file DEFAULT, if there is "
		"one. It may hold push, push-reset, push-remove, "
		"ifconfig-push, ifconfig-ipv6-push, iroute, iroute-ipv6, "
		"disable, ping, ping-restart, ping-exit, data-ciphers and "
		"data-ciphers-fallback. It is read at each connect, with the "
		"rights of --user; a line that is wrong is reported and left "
		"out, and a client whose file cannot be read is refused. At "
		"SIGHUP it is read for clients that are connected, too: "
		"networks, ping and disable count at once, as does what is "
		"pushed to clients that can be told (OpenVPN 2.7, ovpnd); "
		"what has to wait until a client connects again is said in "
		"the log."),
	CONFIG_FLAG("ccd-exclusive", IN_MAIN, is_ccd_exclusive,
		"Refuse clients without a file in client-config-dir.\nThe file "
		"DEFAULT does not count."),
	{ "ifconfig-pool-persist", 1, 2, CONFIG_KIND_APPLY, IN_MAIN,
	  set_pool_persist, CONFIG_FIELD(pool_path), 0, 0, "FILE [SECONDS]",
	  "Remember in FILE which client has which address of the pool.\nIt is "
	  "read at start and written every SECONDS, default 600, when something "
	  "has changed, and at the end. With 0 it is never written, and its "
	  "addresses are for these clients only. A line holds common name, IPv4 "
	  "and IPv6 address, separated by commas. FILE is replaced whole if "
	  "--user may write to its directory, else overwritten." },
	CONFIG_SPECIAL("ifconfig-push", 2, 2, IN_CLIENT, set_ifconfig_push,
		"ADDRESS NETMASK|PEER",
		"Give the client this address instead of one of the pool.\nThe "
		"second argument is a netmask with topology subnet, else the "
		"address of the other end. Another client that has the address "
		"is disconnected. No IPv6 address comes from the pool then; "
		"use --ifconfig-ipv6-push."),
	CONFIG_SPECIAL("ifconfig-ipv6-push", 1, 2, IN_CLIENT,
		set_ifconfig6_push, "ADDRESS/BITS [PEER]",
		"Give the client this IPv6 address."),
	CONFIG_STRING("override-username", IN_CLIENT, override_username,
		"NAME",
		"Go on under this name, whatever the client has logged in with.\n"
		"It is told to the client, if that gets a token, and is the "
		"name in status and programs from then on."),
	CONFIG_SPECIAL("iroute", 1, 2, IN_CLIENT, set_iroute,
		"NETWORK [NETMASK]",
		"Reach this network behind the client.\nThe server gets a "
		"route to it while the client is connected, with metric 100. "
		"The client may send from these addresses, and the same route "
		"is not pushed to it. The client that connected last wins. At "
		"most 256 of them."),
	CONFIG_SPECIAL("iroute-ipv6", 1, 1, IN_CLIENT, set_iroute6,
		"NETWORK/BITS", "Reach this IPv6 network behind the client."),
	CONFIG_SPECIAL("push-reset", 0, 0, IN_CLIENT, set_push_reset, NULL,
		"Push nothing of what the server's file says.\nThis includes "
		"topology, route-gateway and ping times that --server and "
		"--keepalive stand for."),
	CONFIG_SPECIAL("push-remove", 1, 1, IN_CLIENT, set_push_remove,
		"\"TEXT\"",
		"Do not push what begins with TEXT.\nLines that follow may push "
		"it again. ifconfig and ifconfig-ipv6 keep the addresses back."),
	CONFIG_FLAG("disable", IN_CLIENT, is_disabled, "Refuse this client."),
};

CONFIG_TABLE(single, "Single clients of a server");
