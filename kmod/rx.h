/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_RX_H
#define DCO_RX_H

#include <linux/skbuff.h>

struct dco_outer;
struct dco_packed;
struct dco_peer;

int dco_rx_inject(struct dco_peer *peer, struct sk_buff *skb);
void dco_rx(struct dco_peer *peer, struct sk_buff *list,
	    const struct dco_outer *outer);
void dco_rx_packed(struct dco_peer *peer, struct sk_buff *skb,
		   const struct dco_packed *rest,
		   const struct dco_outer *outer);
void dco_rx_from(struct dco_peer *peer, struct sk_buff *from,
		 unsigned int offset, unsigned int len);

#endif /* DCO_RX_H */
