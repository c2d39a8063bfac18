/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_PATH_H
#define DCO_PATH_H

#include <linux/in6.h>
#include <linux/skbuff.h>

#include "drop.h"

struct dco_endpoint;
struct dco_peer;
struct dco_sock;
struct dst_entry;

/**
 * struct dco_path - the way of one batch of packets to a peer
 * @peer: the peer
 * @dsk: its socket
 * @ep: UDP: addresses
 * @dst: UDP: route, with a reference; NULL after the batch has been sent
 * @saddr: UDP: source address, IPv4 as v4-mapped IPv6
 * @ip_id: UDP: IPv4 identification of the next packet
 * @tos: UDP: type of service or traffic class, of the inner packets
 * @is_df: UDP: routers and this host must not fragment
 *
 * Found before the batch is sealed, because what the way allows decides about
 * cleartext. Lives on the stack of one RCU section.
 */
struct dco_path {
	struct dco_peer *peer;
	struct dco_sock *dsk;
	struct dco_endpoint *ep;
	struct dst_entry *dst;
	struct in6_addr saddr;
	u16 ip_id;
	u8 tos;
	bool is_df;
};

int dco_path_find(struct dco_peer *peer, struct dco_path *path);
enum dco_drop dco_path_cause(int err);
void dco_path_put(struct dco_path *path);
unsigned int dco_path_mtu(const struct dco_path *path);
void dco_path_clamp_mss(struct dco_peer *peer, const struct dco_path *path,
			struct sk_buff *skb);
bool dco_path_takes_packed(const struct dco_path *path);
int dco_path_send(struct dco_path *path, struct sk_buff *list);

#endif /* DCO_PATH_H */
