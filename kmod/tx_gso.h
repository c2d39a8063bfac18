/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_TX_GSO_H
#define DCO_TX_GSO_H

#include <linux/skbuff.h>

struct dco_peer;

void dco_tx_gso_count(struct dco_peer *peer, const struct sk_buff *list);
struct sk_buff *dco_tx_gso_merge(struct sk_buff *list);
void dco_tx_gso_mark(struct sk_buff *skb);

#endif /* DCO_TX_GSO_H */
