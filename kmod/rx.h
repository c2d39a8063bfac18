/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_RX_H
#define DCO_RX_H

#include <linux/skbuff.h>

struct dco_outer;
struct dco_peer;

/**
 * struct dco_packed - data packets behind one another in few pieces of memory
 * @frags: the pieces, each with a reference of ours
 * @n: how many pieces
 * @size: length of each packet but the last of all, in bytes
 * @packets: how many packets
 * @len: their length in bytes
 */
struct dco_packed {
	skb_frag_t frags[MAX_SKB_FRAGS];
	unsigned int n;
	unsigned int size;
	unsigned int packets;
	unsigned int len;
};

int dco_rx_inject(struct dco_peer *peer, struct sk_buff *skb);
void dco_rx(struct dco_peer *peer, struct sk_buff *list,
	    const struct dco_outer *outer);
void dco_rx_packed(struct dco_peer *peer, struct sk_buff *skb,
		   const struct dco_packed *rest,
		   const struct dco_outer *outer);
void dco_rx_from(struct dco_peer *peer, struct sk_buff *from,
		 unsigned int offset, unsigned int len);

#endif /* DCO_RX_H */
