// SPDX-License-Identifier: GPL-2.0-only
/* From a peer to the stack. */
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/route.h>

#include "device.h"
#include "drop.h"
#include "endpoint.h"
#include "keepalive.h"
#include "notify.h"
#include "packet.h"
#include "path.h"
#include "payload.h"
#include "peer.h"
#include "peer_table.h"
#include "prefix.h"
#include "rx.h"
#include "rx_cell.h"
#include "rx_merge.h"
#include "trace.h"
#include "wire.h"

/* Would a packet to this address be sent to this peer? Answers by the FIB, of
 * the device's VRF if it is in one, so that networks behind a client need no
 * list of their own.
 */
static bool dco_rx_routes_to4(const struct dco_peer *peer, __be32 addr)
{
	struct dco_dev *dco = peer->dco;
	struct flowi4 fl = {
		.daddr = addr,
		.flowi4_l3mdev = l3mdev_master_ifindex_rcu(dco->dev),
	};
	struct rtable *rt;
	bool is_v6 = false;
	struct in6_addr gw6;

	rt = ip_route_output_flow(dev_net(dco->dev), &fl, NULL);
	if (!IS_ERR(rt)) {
		if (rt->rt_uses_gateway && rt->rt_gw_family == AF_INET)
			addr = rt->rt_gw4;
		if (rt->rt_uses_gateway && rt->rt_gw_family == AF_INET6) {
			gw6 = rt->rt_gw6;
			is_v6 = true;
		}
		ip_rt_put(rt);
	}
	if (is_v6)
		return dco_table_find_vpn6(dco, &gw6) == peer;
	return dco_table_find_vpn4(dco, addr) == peer;
}

static bool dco_rx_routes_to6(const struct dco_peer *peer,
			      const struct in6_addr *src)
{
	struct dco_dev *dco = peer->dco;
	struct flowi6 fl = {
		.daddr = *src,
		.flowi6_l3mdev = l3mdev_master_ifindex_rcu(dco->dev),
	};
	struct in6_addr addr = *src;
	const struct rt6_info *rt;
	struct dst_entry *dst;

	dst = ip6_dst_lookup_flow(dev_net(dco->dev), NULL, &fl, NULL);
	if (!IS_ERR(dst)) {
		rt = dst_rt6_info(dst);
		if (rt->rt6i_flags & RTF_GATEWAY)
			addr = rt->rt6i_gateway;
		dst_release(dst);
	}
	return dco_table_find_vpn6(dco, &addr) == peer;
}

static bool dco_rx_is_of4(const struct dco_peer *peer, __be32 addr)
{
	const struct dco_peer *owner;

	if (unlikely(dco_prefix_is_used(&peer->dco->prefixes))) {
		owner = dco_prefix_owner4(peer->dco, addr);
		if (owner || READ_ONCE(peer->n_prefixes))
			return owner == peer;
	}
	return dco_rx_routes_to4(peer, addr);
}

static bool dco_rx_is_of6(const struct dco_peer *peer,
			  const struct in6_addr *addr)
{
	const struct dco_peer *owner;

	if (unlikely(dco_prefix_is_used(&peer->dco->prefixes))) {
		owner = dco_prefix_owner6(peer->dco, addr);
		if (owner || READ_ONCE(peer->n_prefixes))
			return owner == peer;
	}
	return dco_rx_routes_to6(peer, addr);
}

/* May a packet with this inner source come from this peer? */
static bool dco_rx_source_is_valid(const struct dco_peer *peer,
				   const struct sk_buff *skb)
{
	const struct dco_vpn_addr *vpn;

	if (peer->dco->mode == OVPN_MODE_P2P)
		return rcu_access_pointer(peer->dco->only_peer) == peer;

	/* most clients send from their own address only */
	if (skb->protocol == htons(ETH_P_IP)) {
		vpn = rcu_dereference(peer->vpn4);
		if (vpn && vpn->addr.s6_addr32[3] == ip_hdr(skb)->saddr)
			return true;
		return dco_rx_is_of4(peer, ip_hdr(skb)->saddr);
	}
	vpn = rcu_dereference(peer->vpn6);
	if (vpn && ipv6_addr_equal(&vpn->addr, &ipv6_hdr(skb)->saddr))
		return true;
	return dco_rx_is_of6(peer, &ipv6_hdr(skb)->saddr);
}

/* What a packet says about the way that it came is none of its receiver's
 * business.
 */
static void dco_rx_clear(const struct dco_dev *dco, struct sk_buff *skb)
{
	skb_reset_mac_header(skb);
	skb_reset_transport_header(skb);
	skb_reset_inner_headers(skb);
	skb->encapsulation = 0;
	skb_gso_reset(skb);
	skb_clear_hash(skb);
	skb_set_queue_mapping(skb, 0);
	__vlan_hwaccel_clear_tag(skb);

	/* the sender's packet is what has been authenticated, checksum and
	 * all; what a checksum could still find happened before it was sealed
	 */
	skb->ip_summed = CHECKSUM_NONE;
	skb->csum_level = 0;
	if (dco->dev->features & NETIF_F_RXCSUM) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		skb->csum_level = ~0;
	}
}

/* Gives the stack what waits in @merge, if anything; @direct: as for
 * dco_cells_receive()
 */
static void dco_rx_deliver(struct dco_peer *peer, struct dco_merge *merge,
			   struct list_head *direct,
			   struct dco_count *delivered)
{
	struct sk_buff *skb = dco_merge_finish(merge);
	enum dco_drop cause;

	if (!skb)
		return;
	skb->dev = peer->dco->dev;
	skb_scrub_packet(skb, true);
	cause = dco_cells_receive(peer->dco, skb, direct);
	if (unlikely(cause != DCO_DROP_MAX)) {
		dco_peer_drop(peer, skb, cause);
		return;
	}
	delivered->packets += merge->packets;
	delivered->bytes += merge->bytes;
}

static void dco_rx_count(struct dco_peer *peer,
			 const struct dco_count *delivered)
{
	u64 packets = delivered->packets;

	if (unlikely(!packets))
		return;
	dco_peer_stats_add(peer, DCO_FLOW_VPN_RX, packets, delivered->bytes);
	dco_dev_stats_rx(peer->dco, packets, delivered->bytes);
}

static u8 dco_rx_tos(const struct sk_buff *skb)
{
	if (ip_hdr(skb)->version == 4)
		return ipv4_get_dsfield(ip_hdr(skb));
	return ipv6_get_dsfield(ipv6_hdr(skb));
}

/* Congestion on the way is for the receiver of the inner packet to see
 * (RFC 6040). Returns false if it cannot be told, so that it has to see a loss.
 * The inner class stays what its sender chose.
 */
static bool dco_rx_ecn(struct sk_buff *skb, u8 outer)
{
	if (likely(INET_ECN_is_not_ect(outer)))
		return true;
	return INET_ECN_decapsulate(skb, outer, dco_rx_tos(skb)) < 2;
}

/* An authentic packet; skb->data is the cleartext */
static void dco_rx_payload(struct dco_peer *peer, struct sk_buff *skb, u8 tos,
			   struct dco_merge *merge, struct list_head *direct,
			   struct dco_count *delivered)
{
	skb_reset_network_header(skb);
	skb->protocol = ip_tunnel_parse_protocol(skb);
	if (unlikely(!skb->protocol)) {
		if (likely(dco_keepalive_is(skb->data, skb->len)) ||
		    dco_payload_notify(peer, skb->data, skb->len)) {
			consume_skb(skb);
			return;
		}
		dco_peer_drop(peer, skb, DCO_DROP_RX_PROTO);
		return;
	}
	/* what continues another packet has its source, which was found valid,
	 * and is no SYN
	 */
	if (INET_ECN_is_not_ect(tos) && dco_merge_append(merge, skb))
		return;
	if (unlikely(!dco_rx_source_is_valid(peer, skb))) {
		net_dbg_ratelimited("%s: source of peer %u is not its own\n",
				    peer->dco->dev->name, peer->id);
		dco_peer_drop(peer, skb, DCO_DROP_RX_SOURCE);
		return;
	}
	if (unlikely(!dco_rx_ecn(skb, tos))) {
		dco_peer_drop(peer, skb, DCO_DROP_RX_ECN);
		return;
	}
	dco_path_clamp_mss(peer, NULL, skb);
	if (unlikely(!INET_ECN_is_not_ect(tos)) && dco_merge_append(merge, skb))
		return;
	dco_rx_deliver(peer, merge, direct, delivered);
	dco_rx_clear(peer->dco, skb);
	dco_merge_begin(merge, skb);
}

/**
 * dco_rx_inject() - receive cleartext that userspace has opened
 * @peer: whose it is
 * @skb: an IP packet; consumed
 *
 * Context: BH disabled, RCU read side.
 * Return: 0; -EINVAL if it is not an IP packet, -EACCES if its source is not
 * the peer's.
 */
int dco_rx_inject(struct dco_peer *peer, struct sk_buff *skb)
{
	struct dco_count delivered = {};
	struct dco_merge merge;

	skb_reset_network_header(skb);
	skb->protocol = ip_tunnel_parse_protocol(skb);
	if (!skb->protocol) {
		dco_peer_drop(peer, skb, DCO_DROP_RX_PROTO);
		return -EINVAL;
	}
	if (!dco_rx_source_is_valid(peer, skb)) {
		dco_peer_drop(peer, skb, DCO_DROP_RX_SOURCE);
		return -EACCES;
	}
	dco_rx_clear(peer->dco, skb);
	dco_merge_init(&merge, peer->dco);
	dco_merge_begin(&merge, skb);
	dco_rx_deliver(peer, &merge, NULL, &delivered);
	dco_rx_count(peer, &delivered);
	return 0;
}

/* Opens a packet; skb->data becomes the cleartext. Returns why it failed, or
 * DCO_DROP_MAX.
 */
static enum dco_drop dco_rx_open(struct dco_peer *peer, struct sk_buff *skb,
				 const struct dco_packet_from *from,
				 struct dco_newest *newest)
{
	enum dco_drop cause;
	struct dco_key *key;
	u32 word;

	if (unlikely(skb->len <= DCO_WIRE_OVERHEAD))
		return DCO_DROP_RX_SHORT;
	/* frags and clones may belong to somebody else */
	if (unlikely(skb_linearize_cow(skb)))
		return DCO_DROP_RX_NO_MEM;

	word = be32_to_cpup((__be32 *)skb->data);
	key = dco_key_slots_find(&peer->keys,
				 word >> DCO_KEY_ID_SHIFT & DCO_KEY_ID_MASK);
	if (unlikely(!key))
		return DCO_DROP_RX_NO_KEY;
	cause = dco_packet_open(key, skb, from, newest);
	if (dco_key_swap_is_due(key))
		dco_notify_key_swap(peer, key->id);
	if (cause == DCO_DROP_MAX && !dco_key_slots_see(&peer->keys, key))
		newest->rx = NULL;
	return cause;
}

/* Opens what can be opened of a list, whose packets are counted. Returns the
 * cleartext packets; @newest: the newest one of all so far, if it is of these.
 */
static struct sk_buff *dco_rx_open_list(struct dco_peer *peer,
					struct sk_buff *list,
					const struct dco_packet_from *from,
					struct dco_newest *newest)
{
	struct sk_buff *first = NULL, **tail = &first;
	struct dco_count received = {};
	struct sk_buff *skb, *next;
	struct dco_newest newer;
	enum dco_drop cause;

	newest->rx = NULL;
	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		received.packets++;
		received.bytes += skb->len;
		cause = dco_rx_open(peer, skb, from, &newer);
		if (unlikely(cause != DCO_DROP_MAX)) {
			net_dbg_ratelimited("%s: packet of peer %u dropped: %d\n",
					    peer->dco->dev->name, peer->id,
					    cause);
			dco_peer_drop(peer, skb, cause);
			continue;
		}
		if (likely(newer.rx))
			*newest = newer;
		*tail = skb;
		tail = &skb->next;
	}
	dco_peer_stats_add(peer, DCO_FLOW_LINK_RX, received.packets,
			   received.bytes);
	dco_dev_batch_add(peer->dco, DCO_BATCH_RX_OUTER, 1);
	dco_dev_batch_add(peer->dco, DCO_BATCH_RX_OUTER_SEGMENTS,
			  received.packets);
	trace_dco_rx_batch(peer, received.packets, received.bytes);
	return first;
}

static void dco_rx_batch(struct dco_peer *peer, struct sk_buff *list,
			 const struct dco_outer *outer,
			 const struct dco_packet_from *from)
{
	u8 tos = outer ? outer->tos : 0;
	struct dco_count delivered = {};
	const struct dco_endpoint *ep;
	struct sk_buff *skb, *next;
	struct dco_newest newest;
	struct list_head *direct;
	struct dco_merge merge;
	LIST_HEAD(collected);

	list = dco_rx_open_list(peer, list, from, &newest);
	if (unlikely(!list))
		return;
	dco_peer_touch(&peer->last_recv, dco_keepalive_now());

	/* a packet that was delayed must not move a peer back */
	if (likely(outer && newest.rx)) {
		ep = rcu_dereference(peer->endpoint);
		if (unlikely(ep && !dco_endpoint_is_current(ep, outer)))
			dco_endpoint_learn(peer, outer, &newest);
	}
	/* a stream's packets come while its socket is locked */
	direct = outer ? &collected : NULL;
	dco_merge_init(&merge, peer->dco);
	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		dco_rx_payload(peer, skb, tos, &merge, direct, &delivered);
	}
	dco_rx_deliver(peer, &merge, direct, &delivered);
	dco_cells_flush(&collected);
	dco_rx_count(peer, &delivered);
}

/**
 * dco_rx() - receive data packets of a peer
 * @peer: whose they are, by their peer id
 * @list: the packets, linked by next, data at the wire header; consumed
 * @outer: the way that all of them have taken; NULL with TCP
 *
 * Context: BH disabled, RCU read side.
 */
void dco_rx(struct dco_peer *peer, struct sk_buff *list,
	    const struct dco_outer *outer)
{
	dco_rx_batch(peer, list, outer, NULL);
}

/**
 * dco_rx_from() - receive a data packet that lies in a stream
 * @peer: whose it is; has no endpoint
 * @from: whose data it is a part of, and stays
 * @offset: where the packet begins in there
 * @len: its length
 *
 * It is opened from there into memory of its own, without being copied.
 *
 * Context: BH disabled, RCU read side.
 */
void dco_rx_from(struct dco_peer *peer, struct sk_buff *from,
		 unsigned int offset, unsigned int len)
{
	struct dco_packet_from source = { .skb = from, .offset = offset };
	unsigned int head = min_t(unsigned int, len, DCO_WIRE_OVERHEAD);
	unsigned int tail = min_t(unsigned int, len, DCO_TAG_SIZE);
	struct sk_buff *skb;

	skb = netdev_alloc_skb(peer->dco->dev, len);
	if (likely(skb)) {
		skb_copy_bits(from, offset, __skb_put(skb, len), head);
		skb_copy_bits(from, offset + len - tail,
			      skb->data + len - tail, tail);
		dco_rx_batch(peer, skb, NULL, &source);
	} else {
		dco_peer_drop_count(peer, DCO_DROP_RX_NO_MEM);
	}
}
