/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_TX_H
#define DCO_TX_H

#include <linux/netdevice.h>

#include "wire.h"

struct dco_peer;

/* what has to be free in front of a packet: ours, and room for a link layer
 * header, for which the stack would otherwise reallocate each packet
 */
#define DCO_TX_HEADROOM		(DCO_HEADROOM + 16)

netdev_tx_t dco_xmit(struct sk_buff *skb, struct net_device *dev);
void dco_tx_send(struct dco_peer *peer, struct sk_buff *skb);
void dco_tx_send_list(struct dco_peer *peer, struct sk_buff *list);
u8 dco_tx_tos(const struct sk_buff *skb);

#endif /* DCO_TX_H */
