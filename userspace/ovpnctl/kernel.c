// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dp/dp.h"
#include "nl/nl.h"
#include "ovpnctl/ctl.h"

/* ---- devices --------------------------------------------------------- */

struct kernel_walk {
	const char *dev;
	json_t *devices;
};

static int kernel_on_link(void *arg, const struct nl_link *link)
{
	struct kernel_walk *walk = arg;

	if (strcmp(link->kind, nl_ovpn_name()) ||
	    (walk->dev && strcmp(link->name, walk->dev)))
		return 0;
	json_object_set_new(walk->devices, link->name,
			    json_pack("{si ss sb}", "ifindex", link->ifindex,
				      "mode", link->mode == NL_OVPN_MP ? "mp" :
									 "p2p",
				      "up", (int)link->is_up));
	return 0;
}

json_t *ctl_kernel_devices(const char *dev)
{
	struct kernel_walk walk = { .dev = dev, .devices = json_object() };
	struct nl_rt *rt = nl_rt_open();

	if (rt && walk.devices)
		nl_rt_link_list(rt, kernel_on_link, &walk);
	nl_rt_close(rt);
	return walk.devices;
}

/* ---- peers ----------------------------------------------------------- */

static json_t *kernel_addr(const union net_addr *addr)
{
	char text[NET_ADDR_STRLEN];

	if (!net_addr_len(addr))
		return json_null();
	return json_string(net_addr_format(addr, text));
}

static json_t *kernel_ip(const struct net_ip *ip)
{
	char text[NET_PREFIX_STRLEN];

	return ip->family ? json_string(net_ip_format(ip, text)) : json_null();
}

static json_t *kernel_key_id(int key_id)
{
	return key_id < 0 ? json_null() : json_integer(key_id);
}

/* null: packets without epochs */
static json_t *kernel_epoch(unsigned int epoch)
{
	return epoch ? json_integer((json_int_t)epoch) : json_null();
}

static json_t *kernel_stats(const struct dp_stats *s)
{
	return json_pack("{sI sI sI sI sI sI sI sI}",
			 "vpn_rx_bytes", (json_int_t)s->vpn_rx_bytes,
			 "vpn_rx_packets", (json_int_t)s->vpn_rx_packets,
			 "vpn_tx_bytes", (json_int_t)s->vpn_tx_bytes,
			 "vpn_tx_packets", (json_int_t)s->vpn_tx_packets,
			 "link_rx_bytes", (json_int_t)s->link_rx_bytes,
			 "link_rx_packets", (json_int_t)s->link_rx_packets,
			 "link_tx_bytes", (json_int_t)s->link_tx_bytes,
			 "link_tx_packets", (json_int_t)s->link_tx_packets);
}

static json_t *kernel_peer(const struct dp_peer_info *info)
{
	return json_pack("{sI sI ss ss so so so so so so so so so}",
			 "id", (json_int_t)info->id,
			 "tx_id", (json_int_t)info->tx_id,
			 "cipher", info->cipher_name, "data_path", "kernel",
			 "remote", kernel_addr(&info->remote),
			 "vpn4", kernel_ip(&info->vpn4),
			 "vpn6", kernel_ip(&info->vpn6),
			 "keepalive",
			 json_pack("{si si}", "interval",
				   (int)info->keepalive_interval, "timeout",
				   (int)info->keepalive_timeout),
			 "primary_key", kernel_key_id(info->primary_key),
			 "secondary_key", kernel_key_id(info->secondary_key),
			 "tx_epoch", kernel_epoch(info->tx_epoch),
			 "rx_epoch", kernel_epoch(info->rx_epoch),
			 "stats", kernel_stats(&info->stats));
}

struct kernel_peers {
	struct dp *dp;
	json_t *peers;
};

static int kernel_on_peer(void *arg, const struct dp_peer_info *listed)
{
	struct kernel_peers *walk = arg;
	struct dp_peer_info info;

	/* With the keys; gone meanwhile is no error. */
	if (dp_peer_get(walk->dp, listed->id, &info))
		return 0;
	json_array_append_new(walk->peers, kernel_peer(&info));
	return 0;
}

static const char *kernel_why(int err)
{
	if (err == -EPERM)
		return "permission denied (CAP_NET_ADMIN is needed)";
	return strerror(-err);
}

json_t *ctl_kernel_peers(int ifindex, char *err, size_t err_len)
{
	struct dp_config cfg = {
		.mode = DP_MODE_MP,
		.ifindex = ifindex,
		.tun_fd = -1,
	};
	struct kernel_peers walk = { .peers = json_array() };
	int ret;

	ret = dp_kernel_new(&cfg, &walk.dp);
	if (!ret)
		ret = dp_peer_list(walk.dp, kernel_on_peer, &walk);
	dp_free(walk.dp);
	if (!ret)
		return walk.peers;
	snprintf(err, err_len, "the kernel does not tell its peers: %s",
		 kernel_why(ret));
	json_decref(walk.peers);
	return NULL;
}
