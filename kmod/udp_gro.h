/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_UDP_GRO_H
#define DCO_UDP_GRO_H

#include <linux/skbuff.h>

struct dco_peer;
struct sock;
struct udp_tunnel_sock_cfg;

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

void dco_udp_gro_config(struct udp_tunnel_sock_cfg *cfg);
bool dco_udp_gro_is_burst(const struct sock *sk, const struct sk_buff *skb,
			  unsigned int off);
struct sk_buff *dco_udp_gro_split(struct dco_peer *peer, struct sk_buff *skb);
bool dco_udp_gro_unpack(struct sk_buff *skb, struct dco_packed *packed);
void dco_udp_gro_put(struct dco_packed *packed);

#endif /* DCO_UDP_GRO_H */
