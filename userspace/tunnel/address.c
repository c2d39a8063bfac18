// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Another address for a client that is connected, by PUSH_UPDATE (8.12). In
 * the data path it keeps the one that it came with, and is reached through that
 * as a network behind it would be; so it is with every kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tunnel/private.h"

/** tunnel_address() - the one that a client has now; AF_UNSPEC: none */
const struct net_ip *tunnel_address(const struct tunnel *tunnel,
				    sa_family_t family)
{
	const struct net_ip *later = family == AF_INET ? &tunnel->later4 :
							 &tunnel->later6;

	if (later->family)
		return later;
	return family == AF_INET ? &tunnel->vpn4 : &tunnel->vpn6;
}

/** tunnel_address_is() - has it this address, or had it when it came? */
bool tunnel_address_is(const struct tunnel *tunnel, const struct net_ip *ip)
{
	return ip->family && (net_ip_is_equal(&tunnel->vpn4, ip) ||
			      net_ip_is_equal(&tunnel->vpn6, ip) ||
			      net_ip_is_equal(&tunnel->later4, ip) ||
			      net_ip_is_equal(&tunnel->later6, ip));
}

static struct net_prefix host_of(const struct net_ip *ip)
{
	return (struct net_prefix){
		.ip = *ip, .len = ip->family == AF_INET ? 32 : 128,
	};
}

static bool has_learn(const struct tunnel *tunnel)
{
	return hook_has(tunnel->host->setup.hook, HOOK_LEARN_ADDRESS);
}

/**
 * tunnel_address_check() - may a client get this address?
 * @tunnel: one that is connected
 * @ip: it
 *
 * Return: NULL, or why not.
 */
const char *tunnel_address_check(const struct tunnel *tunnel,
				 const struct net_ip *ip)
{
	const struct tunnel_host *host = tunnel->host;
	const struct config *cfg = host->setup.cfg;
	const struct net_ip *first = ip->family == AF_INET ? &tunnel->vpn4 :
							     &tunnel->vpn6;

	if (!first->family)
		return "is of a family that the client has no address of";
	if ((cfg->has_ifconfig && net_ip_is_equal(&cfg->ifconfig.ip, ip)) ||
	    (cfg->has_ifconfig6 && net_ip_is_equal(&cfg->ifconfig6.ip, ip)))
		return "is the server's address";
	if (has_learn(tunnel) && tunnel->job)
		return "has to wait: a program is being asked about the client";
	for (uint32_t i = 0; i < host->reg.max_tunnels; i++)
		if (host->reg.by_id[i] && host->reg.by_id[i] != tunnel &&
		    tunnel_address_is(host->reg.by_id[i], ip))
			return "is the address of another client";
	return NULL;
}

static void address_learned(void *arg, const struct hook_result *result)
{
	struct tunnel *tunnel = arg;

	if (result->status == HOOK_DEFERRED)
		return;
	tunnel->job = NULL;
	if (result->status != HOOK_OK &&
	    tunnel->state == TUNNEL_STATE_CONNECTED)
		tunnel_server_refuse(tunnel, "learn-address refuses its new address");
}

static void address_release(struct tunnel *tunnel, struct net_ip *later)
{
	const struct net_prefix before = host_of(later);
	const struct net_ip none = { 0 };

	tunnel_iroute_del(tunnel, &before);
	control_pool_put(tunnel->host->server->pool, later, &none);
	*later = none;
}

/**
 * tunnel_address_set() - a client has been told to have another address
 * @tunnel: one that is connected
 * @ip: has been checked
 *
 * What fails is logged. A client whose address learn-address refuses has to go.
 */
void tunnel_address_set(struct tunnel *tunnel, const struct net_ip *ip)
{
	struct net_ip *later = ip->family == AF_INET ? &tunnel->later4 :
						       &tunnel->later6;
	const struct net_prefix before =
		host_of(tunnel_address(tunnel, ip->family));
	const struct net_prefix now = host_of(ip);
	char label[160], text[NET_PREFIX_STRLEN];

	if (net_ip_is_equal(&before.ip, ip))
		return;
	log_notice("%s: has the address %s now",
		   tunnel_label(tunnel, label, sizeof(label)),
		   net_ip_format(ip, text));
	if (has_learn(tunnel))
		tunnel_hook_learn(tunnel, &before, false, NULL);
	if (later->family)
		address_release(tunnel, later);
	if (!net_ip_is_equal(ip, ip->family == AF_INET ? &tunnel->vpn4 :
							 &tunnel->vpn6)) {
		*later = *ip;
		if (control_pool_reserve(tunnel->host->server->pool, ip))
			log_error("%s: the pool may give its address away: out of memory",
				  label);
		tunnel_iroute_add(tunnel, &now);
	}
	if (has_learn(tunnel) &&
	    tunnel_hook_learn(tunnel, &now, true, address_learned))
		tunnel_server_refuse(tunnel, "learn-address cannot be asked about its new address");
	tunnel_survive_save(tunnel);
}

/** tunnel_address_drop() - of a client that goes, as its routes have */
void tunnel_address_drop(struct tunnel *tunnel)
{
	const struct net_ip none = { 0 };

	control_pool_put(tunnel->host->server->pool, &tunnel->later4,
			 &tunnel->later6);
	tunnel->later4 = none;
	tunnel->later6 = none;
}
