// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ethtool.h>
#include <linux/netdevice.h>

#include "device.h"

static const char dco_drop_name[DCO_DROP_MAX][ETH_GSTRING_LEN] = {
	[DCO_DROP_RX_SHORT]	= "rx_drop_short",
	[DCO_DROP_RX_DATA_V1]	= "rx_drop_data_v1",
	[DCO_DROP_RX_NO_PEER]	= "rx_drop_no_peer",
	[DCO_DROP_RX_NO_KEY]	= "rx_drop_no_key",
	[DCO_DROP_RX_NO_MEM]	= "rx_drop_no_mem",
	[DCO_DROP_RX_AUTH]	= "rx_drop_auth",
	[DCO_DROP_RX_REPLAY]	= "rx_drop_replay",
	[DCO_DROP_RX_PROTO]	= "rx_drop_proto",
	[DCO_DROP_RX_SOURCE]	= "rx_drop_source",
	[DCO_DROP_TX_PROTO]	= "tx_drop_proto",
	[DCO_DROP_TX_NO_PEER]	= "tx_drop_no_peer",
	[DCO_DROP_TX_NO_KEY]	= "tx_drop_no_key",
	[DCO_DROP_TX_KEY_SPENT]	= "tx_drop_key_spent",
	[DCO_DROP_TX_NO_MEM]	= "tx_drop_no_mem",
	[DCO_DROP_TX_GSO]	= "tx_drop_gso",
	[DCO_DROP_TX_CRYPTO]	= "tx_drop_crypto",
	[DCO_DROP_TX_NO_ROUTE]	= "tx_drop_no_route",
};

static void dco_get_drvinfo(struct net_device *dev,
			    struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "ovpn", sizeof(info->driver));
	strscpy(info->bus_info, "ovpn", sizeof(info->bus_info));
}

static int dco_get_sset_count(struct net_device *dev, int sset)
{
	return sset == ETH_SS_STATS ? DCO_DROP_MAX : -EOPNOTSUPP;
}

static void dco_get_strings(struct net_device *dev, u32 sset, u8 *data)
{
	if (sset == ETH_SS_STATS)
		memcpy(data, dco_drop_name, sizeof(dco_drop_name));
}

static void dco_get_ethtool_stats(struct net_device *dev,
				  struct ethtool_stats *stats, u64 *data)
{
	dco_dev_drops_read(netdev_priv(dev), data);
}

const struct ethtool_ops dco_ethtool_ops = {
	.get_drvinfo		= dco_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_ts_info		= ethtool_op_get_ts_info,
	.get_sset_count		= dco_get_sset_count,
	.get_strings		= dco_get_strings,
	.get_ethtool_stats	= dco_get_ethtool_stats,
};
