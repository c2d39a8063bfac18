/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_TX_GSO_H
#define DCO_TX_GSO_H

#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ip.h>

/* what fits an IP packet, beside the headers in front of it */
#define DCO_GSO_LEN_MAX	\
	(IP_MAX_MTU - sizeof(struct udphdr) - sizeof(struct ipv6hdr))
/* the least that any kernel's UDP takes */
#define DCO_GSO_SEGS_MAX	64

struct dco_peer;

void dco_tx_gso_count(struct dco_peer *peer, const struct sk_buff *list);
struct sk_buff *dco_tx_gso_merge(struct sk_buff *list);
void dco_tx_gso_mark(struct sk_buff *skb);

#endif /* DCO_TX_GSO_H */
