// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers to senders of packets that cannot be sent on. The kernel limits their
 * rate. They have to be made while a packet has its route and its connection
 * tracking entry, which tell where it really came from.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <net/dst.h>
#include <net/icmp.h>

#include "icmp.h"

/**
 * dco_icmp_unreachable() - the host cannot be reached
 * @skb: an IP packet, as ndo_start_xmit receives it
 *
 * Context: BH disabled, RCU read side.
 */
void dco_icmp_unreachable(struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	else
		icmpv6_ndo_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH,
				0);
}

/**
 * dco_icmp_too_big() - send smaller packets
 * @skb: an IP packet, as ndo_start_xmit receives it
 * @mtu: what would fit, in bytes
 *
 * Context: BH disabled, RCU read side.
 */
void dco_icmp_too_big(struct sk_buff *skb, unsigned int mtu)
{
	/* a sender on this machine learns it even where nobody may send it a
	 * message
	 */
	skb_dst_update_pmtu_no_confirm(skb, mtu);
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			      htonl(mtu));
	else
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
}
