/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_TX_SPLIT_H
#define DCO_TX_SPLIT_H

struct sk_buff;

struct sk_buff *dco_split(struct sk_buff *skb);

#endif /* DCO_TX_SPLIT_H */
