// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/parse.h"

/* Short forms (client, server, keepalive, …) to what they stand for. */

/* Two options that exclude each other: the later one is the one to blame. */
static int conflict(struct config_parse *ps, const char *a, const char *b)
{
	const struct config_place *pa = config_place_of(ps, a);
	const struct config_place *pb = config_place_of(ps, b);
	char where[CONFIG_PLACE_STRLEN];

	if (!pa || !pb)
		return 0;
	if (pa->line > pb->line) {
		const struct config_place *place = pa;
		const char *name = a;

		pa = pb;
		a = b;
		pb = place;
		b = name;
	}
	return config_fail_at(ps, pb, "%s cannot be used together with %s (%s)",
			      b, a, config_place_format(pa, where));
}

/* A program is never looked for, but found where its name says. */
static int scripts_expand(struct config_parse *ps)
{
	struct config *cfg = ps->cfg;

	for (size_t i = 0; i < CONFIG_SCRIPTS; i++) {
		const char **argv = cfg->scripts[i];

		if (!argv)
			continue;
		if (!strchr(argv[0], '/'))
			argv[0] = mem_arena_printf(cfg->arena, "./%s", argv[0]);
		if (argv[0])
			argv[0] = config_path_resolve(cfg, argv[0]);
		if (!argv[0])
			return config_nomem(ps);
	}
	return 0;
}

/* "cd" holds for what is opened later, too. */
int config_expand_paths(struct config_parse *ps)
{
	const char **const paths[] = {
		&ps->cfg->log_path, &ps->cfg->status_path, &ps->cfg->writepid,
		&ps->cfg->control_path, &ps->cfg->ca_dir, &ps->cfg->crl_dir,
		&ps->cfg->ccd_path, &ps->cfg->pool_path, &ps->cfg->tmp_dir,
		&ps->cfg->cert_dir, &ps->cfg->share_dir,
	};
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (!*paths[i])
			continue;
		*paths[i] = config_path_resolve(ps->cfg, *paths[i]);
		if (!*paths[i])
			return config_nomem(ps);
	}
	if (ps->cfg->management_host && !ps->cfg->management_port) {
		ps->cfg->management_host = config_path_resolve(ps->cfg,
						ps->cfg->management_host);
		if (!ps->cfg->management_host)
			return config_nomem(ps);
	}
	return scripts_expand(ps);
}

int config_expand_role(struct config_parse *ps)
{
	struct config *cfg = ps->cfg;

	if (conflict(ps, "server", "client") ||
	    conflict(ps, "server-ipv6", "client") ||
	    conflict(ps, "tls-server", "client") ||
	    conflict(ps, "tls-server", "tls-client") ||
	    conflict(ps, "server", "tls-client") ||
	    conflict(ps, "server", "pull") ||
	    conflict(ps, "server", "ifconfig") ||
	    conflict(ps, "server", "ifconfig-pool") ||
	    conflict(ps, "server-bridge", "client") ||
	    conflict(ps, "server-bridge", "tls-client") ||
	    conflict(ps, "server-bridge", "server") ||
	    conflict(ps, "server-bridge", "ifconfig-pool"))
		return -EINVAL;
	if (ps->is_client) {
		cfg->is_pull = true;
		cfg->is_tls_client = true;
	}
	if (cfg->has_server || cfg->has_server6 || cfg->has_bridge) {
		cfg->mode = CONFIG_MODE_SERVER;
		cfg->is_tls_server = true;
	}
	if (cfg->is_daemon && !cfg->log_path)
		cfg->is_syslog = true;
	if (!ps->has_reneg_min)
		cfg->reneg_sec_min = cfg->mode == CONFIG_MODE_SERVER ?
			cfg->reneg_sec - cfg->reneg_sec / 10 : cfg->reneg_sec;
	return 0;
}

/* ---- addresses ----------------------------------------------------- */

int config_ifconfig_resolve(struct config_parse *ps)
{
	struct config *cfg = ps->cfg;
	const char *local = cfg->ifconfig_arg[0];
	const char *second = cfg->ifconfig_arg[1];
	struct net_prefix prefix = { .len = 32 };
	struct net_ip peer;

	if (!local)
		return 0;
	if (net_ip_parse(local, &prefix.ip) || prefix.ip.family != AF_INET)
		return config_fail(ps, "\"%s\" is not an IPv4 address",
				   local);
	if (net_ip_parse(second, &peer) || peer.family != AF_INET)
		return config_fail(ps, "\"%s\" is not an IPv4 address or a "
				   "netmask", second);
	if (cfg->topology == CONFIG_TOPOLOGY_SUBNET) {
		if (net_mask_parse(second, &prefix.len))
			return config_fail(ps, "\"%s\" must be a netmask "
					   "with topology subnet", second);
		memset(&peer, 0, sizeof(peer));
	}
	cfg->ifconfig = prefix;
	cfg->ifconfig_peer = peer;
	return 0;
}

/* Now that the topology is known; errors belong to ifconfig's line. */
static int ifconfig_expand(struct config_parse *ps)
{
	const struct config_place *place = config_place_of(ps, "ifconfig");
	struct config_place at = ps->at;
	int ret;

	if (!place)
		return 0;
	ps->at = *place;
	ps->option = "ifconfig";
	ret = config_ifconfig_resolve(ps);
	ps->at = at;
	ps->option = NULL;
	return ret;
}

static int push_pair(struct config_parse *ps, const char *name,
		     const char *value)
{
	const char *text;

	text = mem_arena_printf(ps->cfg->arena, "%s %s", name, value);
	return text ? config_push_add(ps, text) : config_nomem(ps);
}

static int push_number(struct config_parse *ps, const char *name,
		       uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	return push_pair(ps, name, text);
}

static uint64_t prefix_last(const struct net_prefix *prefix)
{
	return (1ull << (32 - prefix->len)) - 1;
}

/* Route to @prefix through the tunnel, for the point-to-point topologies. */
static int server_route(struct config_parse *ps,
			const struct net_prefix *prefix)
{
	struct config_route *route;

	route = mem_arena_alloc(ps->cfg->arena, sizeof(*route));
	if (!route)
		return config_nomem(ps);
	route->dst = *prefix;
	route->next = ps->cfg->routes;
	ps->cfg->routes = route;
	return 0;
}

/*
 * Each client has a link to the server only; others need a route, and so does
 * the server's own address with net30.
 */
static int server_push_link(struct config_parse *ps)
{
	const struct net_prefix *net = &ps->cfg->server;
	char base[NET_PREFIX_STRLEN], mask[NET_PREFIX_STRLEN];
	char text[2 * NET_PREFIX_STRLEN];

	if (!ps->cfg->is_client_to_client)
		return ps->cfg->topology == CONFIG_TOPOLOGY_NET30 ?
		       push_pair(ps, "route",
				 net_ip_format(&ps->cfg->ifconfig.ip, base)) :
		       0;
	snprintf(text, sizeof(text), "%s %s", net_ip_format(&net->ip, base),
		 net_mask_format(net->len, mask));
	return push_pair(ps, "route", text);
}

static int server_subnet(struct config_parse *ps)
{
	struct config *cfg = ps->cfg;
	const struct net_prefix *net = &cfg->server;
	char text[NET_PREFIX_STRLEN];

	cfg->ifconfig.len = net->len;
	if (net_prefix_nth(net, 1, &cfg->ifconfig.ip) ||
	    net_prefix_nth(net, 2, &cfg->pool_start) ||
	    net_prefix_nth(net, prefix_last(net) - 1, &cfg->pool_end))
		return config_fail_at(ps, config_place_of(ps, "server"),
				      "server: the network is too small");
	return push_pair(ps, "route-gateway",
			 net_ip_format(&cfg->ifconfig.ip, text));
}

/* The first and the last four addresses are nobody's, as with OpenVPN, so that
 * its ifconfig-pool-persist files say the same here.
 */
static int server_link(struct config_parse *ps)
{
	struct config *cfg = ps->cfg;
	const struct net_prefix *net = &cfg->server;
	uint64_t last = prefix_last(net);
	uint64_t end = last > 7 ? last - 4 : last;

	cfg->ifconfig.len = 32;
	if (last < 7 || net_prefix_nth(net, 1, &cfg->ifconfig.ip) ||
	    net_prefix_nth(net, 2, &cfg->ifconfig_peer) ||
	    net_prefix_nth(net, 4, &cfg->pool_start) ||
	    net_prefix_nth(net, end, &cfg->pool_end))
		return config_fail_at(ps, config_place_of(ps, "server"),
				      "server: the network is too small for topology "
				      "p2p and net30; use at least 255.255.255.248");
	if (server_route(ps, net))
		return -ENOMEM;
	return server_push_link(ps);
}

static int server_ipv4(struct config_parse *ps)
{
	static const char *const names[] = { "net30", "p2p", "subnet" };
	struct config *cfg = ps->cfg;
	int ret;

	if (!cfg->has_server)
		return 0;
	cfg->has_ifconfig = true;
	cfg->has_pool = !cfg->is_server_nopool;
	if (cfg->topology == CONFIG_TOPOLOGY_SUBNET)
		ret = server_subnet(ps);
	else
		ret = server_link(ps);
	if (ret || config_is_tap(cfg))
		return ret;
	return push_pair(ps, "topology", names[cfg->topology]);
}

#define POOL6_SKIP 0x1000

static int server_ipv6(struct config_parse *ps)
{
	struct config *cfg = ps->cfg;
	const struct net_prefix *net = &cfg->server6;

	if (!cfg->has_server6)
		return 0;
	if (conflict(ps, "server-ipv6", "ifconfig-ipv6") ||
	    conflict(ps, "server-ipv6", "ifconfig-ipv6-pool"))
		return -EINVAL;
	cfg->ifconfig6.len = net->len;
	cfg->pool6.len = net->len;
	if (net_prefix_nth(net, 1, &cfg->ifconfig6.ip) ||
	    net_prefix_nth(net, 2, &cfg->ifconfig6_peer) ||
	    net_prefix_nth(net, net->len < 112 ? POOL6_SKIP : 2,
			   &cfg->pool6.ip))
		return config_fail_at(ps, config_place_of(ps, "server-ipv6"),
				      "server-ipv6: the network is too small");
	cfg->has_ifconfig6 = true;
	cfg->has_pool6 = true;
	return config_push_add(ps, "tun-ipv6");
}

/* compat-mode */
static int compat_expand(struct config_parse *ps)
{
	struct config *cfg = ps->cfg;
	const char *list;

	if (!ps->compat)
		return 0;
	if (ps->compat < 20700 && cfg->mode == CONFIG_MODE_SERVER &&
	    !cfg->has_topology) {
		cfg->topology = CONFIG_TOPOLOGY_NET30;
		cfg->has_topology = true;
	}
	if (!cfg->cipher || ps->compat >= 20500 ||
	    proto_cipher_find(cfg->cipher) == PROTO_CIPHER_NONE)
		return 0;
	if (ps->compat < 20400 && !cfg->data_ciphers_fallback)
		cfg->data_ciphers_fallback = cfg->cipher;
	if (proto_cipher_list_has(cfg->data_ciphers, cfg->cipher))
		return 0;
	list = mem_arena_printf(cfg->arena, "%s:%s", cfg->data_ciphers,
				cfg->cipher);
	if (!list)
		return config_nomem(ps);
	cfg->data_ciphers = list;
	return 0;
}

int config_expand_server(struct config_parse *ps)
{
	struct config *cfg = ps->cfg;
	int ret = compat_expand(ps);

	if (ret)
		return ret;

	if (cfg->sessions_per_user > 1)
		cfg->is_duplicate_cn = true;
	if (config_is_tap(cfg)) {
		cfg->topology = CONFIG_TOPOLOGY_SUBNET;
		cfg->has_topology = true;
	}
	if (cfg->mode == CONFIG_MODE_SERVER && !cfg->has_topology) {
		cfg->topology = CONFIG_TOPOLOGY_SUBNET;
		if (cfg->has_server)
			ret = config_warn_at(ps, config_place_of(ps, "server"),
				"server: no topology is given; subnet is used, as in OpenVPN 2.7");
	}
	if (!ret)
		ret = ifconfig_expand(ps);
	if (!ret)
		ret = server_ipv6(ps);
	return ret ? ret : server_ipv4(ps);
}

int config_expand_keepalive(struct config_parse *ps)
{
	struct config *cfg = ps->cfg;
	int ret;

	if (conflict(ps, "keepalive", "ping") ||
	    conflict(ps, "keepalive", "ping-restart") ||
	    conflict(ps, "keepalive", "ping-exit"))
		return -EINVAL;
	if (!ps->has_keepalive) {
		/* Until the server says otherwise. */
		if (cfg->is_pull && !config_place_of(ps, "ping-restart") &&
		    !cfg->ping_exit)
			cfg->ping_restart = 120;
		return 0;
	}
	cfg->ping = ps->keepalive_ping;
	cfg->ping_restart = ps->keepalive_restart;
	if (cfg->mode != CONFIG_MODE_SERVER)
		return 0;
	cfg->ping_restart = 2 * ps->keepalive_restart;
	ret = push_number(ps, "ping", ps->keepalive_ping);
	if (ret)
		return ret;
	return push_number(ps, "ping-restart", ps->keepalive_restart);
}

/* ---- transport ----------------------------------------------------- */

int config_side_check(struct config_parse *ps,
		      const struct config_place *place, enum config_side side)
{
	bool is_waiting = ps->cfg->is_tls_server;

	if (side == CONFIG_SIDE_SERVER && !is_waiting)
		return config_fail_at(ps, place, "a client makes the "
				      "connection; write tcp-client");
	if (side == CONFIG_SIDE_CLIENT && is_waiting)
		return config_fail_at(ps, place, "a server waits for "
				      "connections; write tcp-server");
	return 0;
}

static int remote_add(struct config_parse *ps, const struct config_conn *conn,
		      struct config_remote **tail)
{
	sa_family_t family = conn->is_block ? conn->family :
			     config_proto_family(ps->cfg->proto);
	struct config_remote *remote;

	if (conn->has_proto &&
	    config_side_check(ps, &conn->place, conn->side))
		return -EINVAL;
	remote = mem_arena_alloc(ps->cfg->arena, sizeof(*remote));
	if (!remote)
		return config_nomem(ps);
	remote->host = conn->host;
	remote->port = conn->has_port ? conn->port : ps->cfg->rport;
	remote->proto = conn->has_proto ? conn->proto : ps->cfg->proto;
	/* "remote HOST PORT tcp" says nothing of the family; proto may have */
	if (conn->has_word && family && !config_proto_family(conn->proto))
		remote->proto = config_proto_of(conn->proto, family);
	remote->connect_timeout = conn->connect_timeout ?
				  conn->connect_timeout :
				  ps->cfg->connect_timeout;
	remote->proxy = conn->proxy ? conn->proxy : ps->proxy;
	*tail = remote;
	if (!remote->proxy || remote->proxy->is_socks ||
	    config_proto_is_tcp(remote->proto))
		return 0;
	return config_fail_at(ps, &conn->place,
			      "http-proxy carries connections only; write proto tcp");
}

static int remotes_expand(struct config_parse *ps)
{
	struct config_remote **tail = &ps->cfg->remotes;
	const struct config_conn *conn;
	int ret;

	for (conn = ps->blocks ? ps->blocks : ps->remotes; conn;
	     conn = conn->next) {
		ret = remote_add(ps, conn, tail);
		if (ret)
			return ret;
		tail = &(*tail)->next;
	}
	if (ps->blocks && ps->remotes)
		return config_warn_at(ps, &ps->remotes->place,
			"remote outside of <connection> blocks is ignored");
	return 0;
}

/* What depends on the transport. */
static int tcp_expand(struct config_parse *ps)
{
	struct config *cfg = ps->cfg;
	int ret = 0;

	if (cfg->explicit_exit_notify && !config_has_udp(cfg)) {
		cfg->explicit_exit_notify = 0;
		ret = config_warn_at(ps,
			config_place_of(ps, "explicit-exit-notify"),
			"explicit-exit-notify has no effect over TCP, where the end of the connection says it");
	}
	if (!ret && ps->is_nodelay_pushed && cfg->mode == CONFIG_MODE_SERVER)
		ret = config_push_add(ps, "socket-flags TCP_NODELAY");
	return ret;
}

/* "bind ipv6only" */
static void only_ipv6(struct config_parse *ps)
{
	struct config *cfg = ps->cfg;

	if (ps->is_ipv6only)
		cfg->proto = config_proto_is_tcp(cfg->proto) ?
			     CONFIG_PROTO_TCP6 : CONFIG_PROTO_UDP6;
}

int config_expand_transport(struct config_parse *ps)
{
	struct config *cfg = ps->cfg;
	int ret;

	if (conflict(ps, "nobind", "lport") || conflict(ps, "nobind", "bind") ||
	    conflict(ps, "nobind", "local") ||
	    config_side_check(ps, config_place_of(ps, "proto"), ps->side))
		return -EINVAL;
	if (cfg->is_pull && !ps->has_bind && !ps->has_lport && !ps->locals)
		cfg->is_bind = false;
	if (!cfg->is_tls_server)
		only_ipv6(ps);
	ret = remotes_expand(ps);
	if (ret)
		return ret;
	if (cfg->remotes)
		cfg->proto = cfg->remotes->proto;
	ret = config_expand_locals(ps);
	if (ret)
		return ret;
	/* of the sockets of who waits each has its own */
	if (cfg->is_tls_server)
		only_ipv6(ps);
	return tcp_expand(ps);
}
