// SPDX-License-Identifier: GPL-2.0-or-later
/* Networks behind a server's clients: in the data path, and as host routes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/private.h"

/* Better than the server's own routes to the tunnel, as OpenVPN has it. */
#define IROUTE_METRIC 100

/**
 * struct tunnel_iroute - one network, as long as the client is connected
 * @has_route: the host has a route to it through us
 */
struct tunnel_iroute {
	struct tunnel_iroute *next;
	struct priv_route route;
	bool has_prefix;
	bool has_route;
};

static void iroute_undo(struct tunnel *tunnel, struct tunnel_iroute *ir)
{
	struct tunnel_host *host = tunnel->host;

	if (ir->has_route)
		priv_route_del(host->setup.priv, &ir->route);
	/* otherwise it went with its peer */
	if (ir->has_prefix && tunnel->has_dp_peer)
		dp_prefix_del(host->dp, tunnel->dp_id, &ir->route.dst);
	ir->has_prefix = false;
	ir->has_route = false;
}

/* The client that connected last has it, as with addresses. */
static void iroute_take(struct tunnel *tunnel, const struct net_prefix *dst)
{
	struct tunnel_registry *reg = &tunnel->host->reg;
	char text[NET_PREFIX_STRLEN], label[160];

	for (uint32_t i = 0; i < reg->max_tunnels; i++) {
		struct tunnel *other = reg->by_id[i];
		struct tunnel_iroute *ir;

		if (!other || other == tunnel)
			continue;
		for (ir = other->iroutes; ir; ir = ir->next) {
			if ((!ir->has_route && !ir->has_prefix) ||
			    ir->route.dst.len != dst->len ||
			    !net_ip_is_equal(&ir->route.dst.ip, &dst->ip))
				continue;
			log_notice("%s: network %s is behind another client now",
				   tunnel_label(other, label, sizeof(label)),
				   net_prefix_format(dst, text));
			iroute_undo(other, ir);
		}
	}
}

static void iroute_add(struct tunnel *tunnel, const struct net_prefix *dst,
		       const struct net_ip *gateway, bool is_behind)
{
	struct tunnel_host *host = tunnel->host;
	struct tunnel_iroute *ir = calloc(1, sizeof(*ir));
	char text[NET_PREFIX_STRLEN], label[160];
	int ret = ir ? 0 : -ENOMEM;

	if (!ret) {
		iroute_take(tunnel, dst);
		ir->route.dst = *dst;
		ir->route.gateway = *gateway;
		ir->route.ifindex = tunnel_data_is_apart(tunnel) ?
				    host->apart.ifindex : host->link.ifindex;
		ir->route.metric = IROUTE_METRIC;
		ir->next = tunnel->iroutes;
		tunnel->iroutes = ir;
	}
	if (!ret && is_behind)
		ret = dp_prefix_add(host->dp, tunnel->dp_id, dst);
	if (!ret) {
		ir->has_prefix = is_behind;
		ret = priv_route_add(host->setup.priv, &ir->route);
		ir->has_route = !ret;
	}
	if (ret)
		log_error("%s: cannot route %s to this client: %s",
			  tunnel_label(tunnel, label, sizeof(label)),
			  net_prefix_format(dst, text), strerror(-ret));
}

static const struct net_ip *gateway_to(const struct tunnel *tunnel,
				       const struct net_prefix *dst)
{
	return dst->ip.family == AF_INET ? &tunnel->vpn4 : &tunnel->vpn6;
}

/**
 * tunnel_iroutes_add() - install what ifconfig-push and iroute ask for
 * @tunnel: a server's, whose peer is in the data path
 *
 * What fails is logged.
 */
void tunnel_iroutes_add(struct tunnel *tunnel)
{
	const struct config *cfg = tunnel_cfg(tunnel);
	bool is_apart = tunnel_data_is_apart(tunnel);
	const struct net_ip none = { 0 };
	struct net_prefix host4 = { .ip = tunnel->vpn4, .len = 32 };
	struct net_prefix host6 = { .ip = tunnel->vpn6, .len = 128 };

	/* an address outside of the interface's network needs a way, too */
	if (tunnel->vpn4.family &&
	    (is_apart || (cfg->has_ifconfig_push && cfg->has_ifconfig &&
			  !net_prefix_contains(&cfg->ifconfig, &tunnel->vpn4))))
		iroute_add(tunnel, &host4, &none, false);
	if (tunnel->vpn6.family &&
	    (is_apart ||
	     (cfg->has_ifconfig6_push && cfg->has_ifconfig6 &&
	      !net_prefix_contains(&cfg->ifconfig6, &tunnel->vpn6))))
		iroute_add(tunnel, &host6, &none, false);
	for (const struct config_route *in = cfg->iroutes; in; in = in->next)
		iroute_add(tunnel, &in->dst, gateway_to(tunnel, &in->dst),
			   true);
}

static struct tunnel_iroute **iroute_find(struct tunnel *tunnel,
					  const struct net_prefix *dst)
{
	struct tunnel_iroute **pos = &tunnel->iroutes;

	while (*pos && ((*pos)->route.dst.len != dst->len ||
			!net_ip_is_equal(&(*pos)->route.dst.ip, &dst->ip)))
		pos = &(*pos)->next;
	return pos;
}

/** tunnel_iroute_has() - has it been tried to install this network? */
bool tunnel_iroute_has(struct tunnel *tunnel, const struct net_prefix *dst)
{
	return *iroute_find(tunnel, dst);
}

/** tunnel_iroute_add() - one network more behind a client that is connected */
void tunnel_iroute_add(struct tunnel *tunnel, const struct net_prefix *dst)
{
	if (!*iroute_find(tunnel, dst))
		iroute_add(tunnel, dst, gateway_to(tunnel, dst), true);
}

/** tunnel_iroute_del() - one less */
void tunnel_iroute_del(struct tunnel *tunnel, const struct net_prefix *dst)
{
	struct tunnel_iroute **pos = iroute_find(tunnel, dst), *ir = *pos;

	if (!ir)
		return;
	*pos = ir->next;
	iroute_undo(tunnel, ir);
	free(ir);
}

/**
 * tunnel_iroutes_save() - the networks behind a client, for another process
 *
 * Return: how many, or -E2BIG.
 */
int tunnel_iroutes_save(const struct tunnel *tunnel,
			struct tunnel_iroute_saved *out, size_t max)
{
	const struct tunnel_iroute *ir;
	size_t n = 0;

	for (ir = tunnel->iroutes; ir; ir = ir->next) {
		if (!ir->has_route && !ir->has_prefix)
			continue;
		if (n == max)
			return -E2BIG;
		out[n].dst = ir->route.dst;
		out[n++].is_behind = ir->has_prefix;
	}
	return (int)n;
}

/* As if the client's file said so. */
static int iroute_configure(struct tunnel *tunnel, const struct net_prefix *dst)
{
	const struct config_route made = { .dst = *dst };
	struct config_route **tail;

	if (!tunnel->own_cfg)
		tunnel->own_cfg = config_client_begin(tunnel->host->setup.cfg);
	if (!tunnel->own_cfg)
		return -ENOMEM;
	for (tail = &tunnel->own_cfg->iroutes; *tail; tail = &(*tail)->next)
		;
	*tail = mem_arena_memdup(tunnel->own_cfg->arena, &made, sizeof(made));
	return *tail ? 0 : -ENOMEM;
}

/**
 * tunnel_iroutes_restore() - the way they were, in the same order
 *
 * Return: 0 or -ENOMEM: routed, but not all of them in the client's
 * configuration.
 */
int tunnel_iroutes_restore(struct tunnel *tunnel,
			   const struct tunnel_iroute_saved *in, size_t n)
{
	const struct net_ip none = { 0 };
	int ret = 0;

	while (n--) {
		const struct net_prefix *dst = &in[n].dst;

		iroute_add(tunnel, dst, in[n].is_behind ?
			   gateway_to(tunnel, dst) : &none, in[n].is_behind);
		/* an address of its own is nothing that a file says */
		if (in[n].is_behind && !tunnel_address_is(tunnel, &dst->ip) &&
		    iroute_configure(tunnel, dst))
			ret = -ENOMEM;
	}
	return ret;
}

/** tunnel_iroutes_del() - take them away again */
void tunnel_iroutes_del(struct tunnel *tunnel)
{
	while (tunnel->iroutes) {
		struct tunnel_iroute *ir = tunnel->iroutes;

		tunnel->iroutes = ir->next;
		iroute_undo(tunnel, ir);
		free(ir);
	}
}
