/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_ICMP_H
#define DCO_ICMP_H

#include <linux/skbuff.h>

void dco_icmp_unreachable(struct sk_buff *skb);
void dco_icmp_too_big(struct sk_buff *skb, unsigned int mtu);

#endif /* DCO_ICMP_H */
