/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_UDP_GRO_H
#define DCO_UDP_GRO_H

#include <linux/types.h>

struct dco_packed;
struct dco_peer;
struct sk_buff;
struct sock;
struct udp_tunnel_sock_cfg;

void dco_udp_gro_config(struct udp_tunnel_sock_cfg *cfg);
bool dco_udp_gro_is_burst(const struct sock *sk, const struct sk_buff *skb,
			  unsigned int off);
struct sk_buff *dco_udp_gro_split(struct dco_peer *peer, struct sk_buff *skb);
bool dco_udp_gro_unpack(struct sk_buff *skb, struct dco_packed *packed);
void dco_udp_gro_put(struct dco_packed *packed);

#endif /* DCO_UDP_GRO_H */
