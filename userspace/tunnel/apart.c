// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device of peers apart: those that the kernel's driver cannot carry, where
 * that is not ours. It is a TUN device beside the kernel's, made for the first
 * of them, with a route to each (iroute.c). It has the server's addresses, too,
 * so that what the host sends there comes from them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tunnel/private.h"

#define APART_SUFFIX	"-u"

static int apart_address(struct tunnel_host *host,
			 const struct net_prefix *from)
{
	struct net_prefix own = *from;

	own.len = own.ip.family == AF_INET ? 32 : 128;
	return priv_addr_add(host->setup.priv, host->apart.ifindex, &own, NULL);
}

static int apart_set_up(struct tunnel_host *host, const struct config *cfg)
{
	const struct dp_config dp = {
		.loop = host->setup.loop,
		.mode = DP_MODE_MP,
		.has_streams = config_has_tcp(cfg),
		.ifindex = host->apart.ifindex,
		.ifname = host->apart.name,
		.tun_fd = host->apart.fd,
		.mtu = cfg->tun_mtu,
	};
	int ret = 0;

	if (!cfg->is_ifconfig_noexec) {
		if (cfg->has_ifconfig)
			ret = apart_address(host, &cfg->ifconfig);
		if (!ret && cfg->has_ifconfig6)
			ret = apart_address(host, &cfg->ifconfig6);
	}
	if (!ret)
		ret = priv_link_up(host->setup.priv, host->apart.ifindex,
				   cfg->tun_mtu, cfg->txqueuelen);
	return ret ? ret : dp_apart_open(host->dp, &dp);
}

/**
 * tunnel_device_apart() - make sure that the device is there
 * @host: whose data path is dp_is_apart()
 *
 * Return: 0 or -errno, which is logged.
 */
int tunnel_device_apart(struct tunnel_host *host)
{
	static struct log_limit limit = { .burst = 5, .interval_ms = 60000 };
	struct priv *priv = host->setup.priv;
	char name[sizeof(host->apart.name)];
	int room = (int)sizeof(name) - (int)sizeof(APART_SUFFIX), ret;

	if (host->has_apart)
		return 0;
	snprintf(name, sizeof(name), "%.*s" APART_SUFFIX, room,
		 host->link.name);
	ret = priv_link_open(priv, PRIV_LINK_TUN, name, &host->apart);
	if (!ret) {
		ret = apart_set_up(host, host->setup.cfg);
		if (ret) {
			close(host->apart.fd);
			priv_link_close(priv, host->apart.ifindex);
		}
	}
	if (ret) {
		log_limited(&limit, LOG_LEVEL_ERROR,
			    "cannot create device %s for clients that the kernel module cannot carry: %s",
			    name, priv_error(priv));
		return ret;
	}
	host->has_apart = true;
	log_notice("%s: device of clients that the kernel module cannot carry",
		   name);
	return 0;
}
