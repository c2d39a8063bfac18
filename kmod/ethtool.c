// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ethtool.h>
#include <linux/netdevice.h>

#include "device.h"
#include "drop.h"
#include "names.h"

static void dco_get_drvinfo(struct net_device *dev,
			    struct ethtool_drvinfo *info)
{
	strscpy(info->driver, DCO_NAME, sizeof(info->driver));
	strscpy(info->bus_info, DCO_NAME, sizeof(info->bus_info));
}

static int dco_get_sset_count(struct net_device *dev, int sset)
{
	return sset == ETH_SS_STATS ? DCO_DROP_MAX : -EOPNOTSUPP;
}

static void dco_get_strings(struct net_device *dev, u32 sset, u8 *data)
{
	enum dco_drop cause;

	if (sset != ETH_SS_STATS)
		return;
	for (cause = 0; cause < DCO_DROP_MAX; cause++)
		strscpy(data + cause * ETH_GSTRING_LEN, dco_drop_name(cause),
			ETH_GSTRING_LEN);
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
