// SPDX-License-Identifier: GPL-2.0-only
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/dst.h>
#include <net/ip.h>

#include "device.h"
#include "handoff.h"
#include "names.h"
#include "peer.h"
#include "peer_table.h"
#include "rx_cell.h"
#include "tx.h"
#include "tx_stage.h"

#define DCO_FEATURES	(NETIF_F_HW_CSUM | NETIF_F_RXCSUM | NETIF_F_SG |   \
			 NETIF_F_GSO | NETIF_F_GSO_SOFTWARE |		    \
			 NETIF_F_HIGHDMA | NETIF_F_FRAGLIST)

static int dco_dev_init(struct net_device *dev)
{
	struct dco_dev *dco = netdev_priv(dev);
	int err;

	dco->stats = netdev_alloc_pcpu_stats(struct dco_dev_stats);
	if (!dco->stats)
		return -ENOMEM;
	err = dco_cells_init(dco);
	if (err)
		goto err_stats;
	err = dco_table_init(dco);
	if (err)
		goto err_cells;
	return 0;

err_cells:
	dco_cells_stop(dco);
	dco_cells_free(dco);
err_stats:
	free_percpu(dco->stats);
	dco->stats = NULL;
	return err;
}

/* The device is down and being unregistered. Netlink requests that found it
 * before may still come, and peers' sockets still bring packets until their
 * peers are removed. After the grace period nobody looks into the tables.
 */
static void dco_dev_uninit(struct net_device *dev)
{
	struct dco_dev *dco = netdev_priv(dev);

	spin_lock_bh(&dco->lock);
	dco->is_dying = true;
	spin_unlock_bh(&dco->lock);
	dco_peer_del_all(dco, OVPN_DEL_PEER_REASON_TEARDOWN);
	dco_handoff_detach(dco);
	synchronize_net();
	dco_cells_stop(dco);
}

/* Runs when the last reference is gone, those of peers and sockets included */
static void dco_dev_free(struct net_device *dev)
{
	struct dco_dev *dco = netdev_priv(dev);

	dco_table_destroy(dco);
	dco_cells_free(dco);
	free_percpu(dco->stats);
}

/* An MP device routes between hosts that look as if they were on one link, and
 * would send them redirects. The device's own switch does not prevent that: the
 * kernel sends redirects if the device's switch or that of "all" is on, and
 * "all" is by default. So both have to be off. The address configuration is
 * made anew when the device moves to another namespace, hence at each start.
 */
static int dco_dev_open(struct net_device *dev)
{
	struct dco_dev *dco = netdev_priv(dev);
	struct in_device *in_dev;

	if (dco->mode != OVPN_MODE_MP)
		return 0;
	in_dev = __in_dev_get_rtnl(dev);
	if (in_dev) {
		IN_DEV_CONF_SET(in_dev, SEND_REDIRECTS, false);
		IPV4_DEVCONF_ALL(dev_net(dev), SEND_REDIRECTS) = false;
	}
	return 0;
}

static void dco_dev_get_stats64(struct net_device *dev,
				struct rtnl_link_stats64 *total)
{
	dco_dev_stats_read(netdev_priv(dev), total);
}

static const struct net_device_ops dco_dev_ops = {
	.ndo_init		= dco_dev_init,
	.ndo_uninit		= dco_dev_uninit,
	.ndo_open		= dco_dev_open,
	.ndo_start_xmit		= dco_xmit,
	.ndo_get_stats64	= dco_dev_get_stats64,
};

static const struct device_type dco_dev_type = {
	.name = DCO_NAME,
};

/**
 * dco_dev_is_ours() - has this module made the device?
 * @dev: a device
 *
 * Return: true if its private part is a struct dco_dev.
 */
bool dco_dev_is_ours(const struct net_device *dev)
{
	return dev->netdev_ops == &dco_dev_ops;
}

static void dco_dev_setup(struct net_device *dev)
{
	dev->netdev_ops = &dco_dev_ops;
	dev->ethtool_ops = &dco_ethtool_ops;
	dev->needs_free_netdev = true;
	dev->priv_destructor = dco_dev_free;
	SET_NETDEV_DEVTYPE(dev, &dco_dev_type);

	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP;
	dev->hard_header_len = 0;
	dev->addr_len = 0;
	dev->mtu = ETH_DATA_LEN - DCO_HEADROOM;
	dev->min_mtu = IPV4_MIN_MTU;
	dev->max_mtu = IP_MAX_MTU - DCO_HEADROOM;
	dev->needed_headroom = ALIGN(DCO_TX_HEADROOM, 4);

	/* netpoll may send from hard interrupts, where the cipher's per-CPU
	 * memory may be in use
	 */
	dev->priv_flags |= IFF_NO_QUEUE | IFF_DISABLE_NETPOLL;
	/* the route of a packet says which peer is its gateway */
	netif_keep_dst(dev);
	dev->features |= DCO_FEATURES;
	dev->hw_features |= DCO_FEATURES;
	dev->hw_enc_features |= DCO_FEATURES;
	dco_compat_set_lltx(dev);
}

static int dco_dev_new(struct net_device *dev, struct nlattr **data,
		       struct netlink_ext_ack *extack)
{
	struct dco_dev *dco = netdev_priv(dev);

	dco->dev = dev;
	dco->mode = OVPN_MODE_P2P;
	if (data && data[IFLA_OVPN_MODE])
		dco->mode = nla_get_u8(data[IFLA_OVPN_MODE]);
	dco->generation = 1;
	dco_stage_set_usecs(dco, DCO_STAGE_USECS);
	spin_lock_init(&dco->lock);
	xa_init_flags(&dco->peers, XA_FLAGS_LOCK_BH);

	/* with one peer the carrier tells whether it is there */
	if (dco->mode == OVPN_MODE_MP)
		netif_carrier_on(dev);
	else
		netif_carrier_off(dev);

	return register_netdevice(dev);
}

DCO_COMPAT_NEWLINK(dco_dev_newlink, dco_dev_new)

static size_t dco_dev_get_size(const struct net_device *dev)
{
	return nla_total_size(sizeof(u8));	/* IFLA_OVPN_MODE */
}

static int dco_dev_fill_info(struct sk_buff *skb, const struct net_device *dev)
{
	const struct dco_dev *dco = netdev_priv(dev);

	return nla_put_u8(skb, IFLA_OVPN_MODE, dco->mode);
}

static const struct nla_policy dco_dev_policy[IFLA_OVPN_MAX + 1] = {
	[IFLA_OVPN_MODE] = NLA_POLICY_RANGE(NLA_U8, OVPN_MODE_P2P,
					    OVPN_MODE_MP),
};

struct rtnl_link_ops dco_link_ops = {
	.kind		= DCO_NAME,
	.priv_size	= sizeof(struct dco_dev),
	.setup		= dco_dev_setup,
	.maxtype	= IFLA_OVPN_MAX,
	.policy		= dco_dev_policy,
	.newlink	= dco_dev_newlink,
	.get_size	= dco_dev_get_size,
	.fill_info	= dco_dev_fill_info,
};
