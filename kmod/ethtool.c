// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ethtool.h>
#include <linux/netdevice.h>

#include "device.h"
#include "drop.h"
#include "names.h"
#include "tx_stage.h"

/* names never change their meaning, as those of drops */
static const char * const dco_batch_names[DCO_BATCH_MAX] = {
	[DCO_BATCH_TX_GSO]		= "tx_gso_packets",
	[DCO_BATCH_TX_SEGMENTS]		= "tx_gso_segments",
	[DCO_BATCH_TX_STAGED]		= "tx_staged_packets",
	[DCO_BATCH_TX_OUTER]		= "tx_outer_packets",
	[DCO_BATCH_TX_OUTER_GSO]	= "tx_outer_gso_packets",
	[DCO_BATCH_TX_OUTER_SEGMENTS]	= "tx_outer_segments",
	[DCO_BATCH_TX_PACKED]		= "tx_packed",
	[DCO_BATCH_RX_OUTER]		= "rx_outer_packets",
	[DCO_BATCH_RX_OUTER_SEGMENTS]	= "rx_outer_segments",
	[DCO_BATCH_RX_PACKED]		= "rx_packed",
	[DCO_BATCH_RX_GRO]		= "rx_gro_packets",
	[DCO_BATCH_RX_GRO_FULL]		= "rx_gro_full",
	[DCO_BATCH_RX_DIRECT]		= "rx_direct_packets",
};

static void dco_get_drvinfo(struct net_device *dev,
			    struct ethtool_drvinfo *info)
{
	strscpy(info->driver, DCO_NAME, sizeof(info->driver));
	strscpy(info->bus_info, DCO_NAME, sizeof(info->bus_info));
}

static int dco_get_sset_count(struct net_device *dev, int sset)
{
	if (sset != ETH_SS_STATS)
		return -EOPNOTSUPP;
	return DCO_DROP_MAX + DCO_BATCH_MAX;
}

static void dco_get_strings(struct net_device *dev, u32 sset, u8 *data)
{
	int i;

	if (sset != ETH_SS_STATS)
		return;
	for (i = 0; i < DCO_DROP_MAX; i++, data += ETH_GSTRING_LEN)
		strscpy(data, dco_drop_name(i), ETH_GSTRING_LEN);
	for (i = 0; i < DCO_BATCH_MAX; i++, data += ETH_GSTRING_LEN)
		strscpy(data, dco_batch_names[i], ETH_GSTRING_LEN);
}

static void dco_get_ethtool_stats(struct net_device *dev,
				  struct ethtool_stats *stats, u64 *data)
{
	dco_dev_drops_read(netdev_priv(dev), data);
	dco_dev_batches_read(netdev_priv(dev), data + DCO_DROP_MAX);
}

static int dco_get_coalesce(struct net_device *dev, struct ethtool_coalesce *ec,
			    struct kernel_ethtool_coalesce *kernel_ec,
			    struct netlink_ext_ack *extack)
{
	const struct dco_dev *dco = netdev_priv(dev);

	ec->tx_coalesce_usecs = dco->stage_usecs;
	return 0;
}

static int dco_set_coalesce(struct net_device *dev, struct ethtool_coalesce *ec,
			    struct kernel_ethtool_coalesce *kernel_ec,
			    struct netlink_ext_ack *extack)
{
	struct dco_dev *dco = netdev_priv(dev);

	if (ec->tx_coalesce_usecs > DCO_STAGE_USECS_MAX) {
		NL_SET_ERR_MSG(extack, "tx-usecs is a second at most");
		return -ERANGE;
	}
	dco_stage_set_usecs(dco, ec->tx_coalesce_usecs);
	return 0;
}

const struct ethtool_ops dco_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_TX_USECS,
	.get_coalesce		= dco_get_coalesce,
	.set_coalesce		= dco_set_coalesce,
	.get_drvinfo		= dco_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_ts_info		= ethtool_op_get_ts_info,
	.get_sset_count		= dco_get_sset_count,
	.get_strings		= dco_get_strings,
	.get_ethtool_stats	= dco_get_ethtool_stats,
};
