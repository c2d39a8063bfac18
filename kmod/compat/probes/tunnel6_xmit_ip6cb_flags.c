// SPDX-License-Identifier: GPL-2.0-only
#include "probes.h"

void probe(struct dst_entry *dst, struct sock *sk, struct sk_buff *skb,
	   struct in6_addr *addr)
{
	udp_tunnel6_xmit_skb(dst, sk, skb, NULL, addr, addr, 0, 0, 0, 0, 0,
			     false, 0);
}
