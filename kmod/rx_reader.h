/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_RX_READER_H
#define DCO_RX_READER_H

#include <linux/types.h>

struct net_device;
struct sk_buff;

bool dco_reader_merges(const struct net_device *dev, const struct sk_buff *skb);

#endif /* DCO_RX_READER_H */
