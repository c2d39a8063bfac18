/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_HASH_H
#define DCO_HASH_H

struct sk_buff;

void dco_hash_flow(struct sk_buff *skb);

#endif /* DCO_HASH_H */
