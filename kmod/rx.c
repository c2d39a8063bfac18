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

/**
 * struct dco_burst - packets of a peer that came together
 * @peer: whose they are
 * @outer: the way that all of them have taken; NULL with TCP
 * @tos: of the packets outside
 * @more: length of those that have not been opened yet, in bytes
 * @key: the key of the last one; NULL: not known
 * @is_heard: has any been opened?
 * @is_current: is the peer known to be where they come from?
 * @merge: what waits for those that continue it
 * @direct: what goes up at once
 * @delivered: what has been given to the stack
 */
struct dco_burst {
	struct dco_peer *peer;
	const struct dco_outer *outer;
	u8 tos;
	unsigned int more;
	struct dco_key *key;
	bool is_heard;
	bool is_current;
	struct dco_merge merge;
	struct list_head direct;
	struct dco_count delivered;
};

static void dco_rx_begin(struct dco_burst *burst, struct dco_peer *peer,
			 const struct dco_outer *outer)
{
	burst->peer = peer;
	burst->outer = outer;
	burst->tos = outer ? outer->tos : 0;
	burst->more = 0;
	burst->key = NULL;
	burst->is_heard = false;
	burst->is_current = !outer;
	dco_merge_init(&burst->merge, peer->dco);
	INIT_LIST_HEAD(&burst->direct);
	burst->delivered = (struct dco_count){};
}

/* Gives the stack what waits to be continued, if anything. A stream's packets
 * come while its socket is locked, and none goes up at once.
 */
static void dco_rx_deliver(struct dco_burst *burst)
{
	struct sk_buff *skb = dco_merge_finish(&burst->merge);
	struct dco_peer *peer = burst->peer;
	enum dco_drop cause;

	if (!skb)
		return;
	skb->dev = peer->dco->dev;
	skb_scrub_packet(skb, true);
	cause = dco_cells_receive(peer->dco, skb,
				  burst->outer ? &burst->direct : NULL);
	if (unlikely(cause != DCO_DROP_MAX)) {
		dco_peer_drop(peer, skb, cause);
		return;
	}
	burst->delivered.packets += burst->merge.packets;
	burst->delivered.bytes += burst->merge.bytes;
}

static void dco_rx_end(struct dco_burst *burst)
{
	const struct dco_count *delivered = &burst->delivered;

	dco_rx_deliver(burst);
	dco_merge_exit(&burst->merge);
	dco_cells_flush(&burst->direct);
	if (unlikely(!delivered->packets))
		return;
	dco_peer_stats_add(burst->peer, DCO_FLOW_VPN_RX, delivered->packets,
			   delivered->bytes);
	dco_dev_stats_rx(burst->peer->dco, delivered->packets,
			 delivered->bytes);
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

/* An authentic packet that continues no other; skb->data is the cleartext */
static void dco_rx_payload(struct dco_burst *burst, struct sk_buff *skb)
{
	struct dco_peer *peer = burst->peer;
	u8 tos = burst->tos;

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
	if (INET_ECN_is_not_ect(tos) && dco_merge_append(&burst->merge, skb))
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
	if (unlikely(!INET_ECN_is_not_ect(tos)) &&
	    dco_merge_append(&burst->merge, skb))
		return;
	dco_rx_deliver(burst);
	dco_rx_clear(peer->dco, skb);
	dco_merge_begin(&burst->merge, skb);
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
	struct dco_burst burst;

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
	dco_rx_begin(&burst, peer, NULL);
	dco_merge_begin(&burst.merge, skb);
	dco_rx_end(&burst);
	return 0;
}

/* A packet that was delayed must not move a peer back. */
static void dco_rx_learn(struct dco_burst *burst,
			 const struct dco_newest *newest)
{
	const struct dco_endpoint *ep;

	ep = rcu_dereference(burst->peer->endpoint);
	burst->is_current = !ep || dco_endpoint_is_current(ep, burst->outer);
	if (unlikely(!burst->is_current))
		dco_endpoint_learn(burst->peer, burst->outer, newest);
}

/* The key that a packet names, or NULL. Those of a burst name the same. */
static struct dco_key *dco_rx_key(struct dco_burst *burst, const void *data)
{
	u8 id = be32_to_cpup(data) >> DCO_KEY_ID_SHIFT & DCO_KEY_ID_MASK;

	if (unlikely(!burst->key || burst->key->id != id))
		burst->key = dco_key_slots_find(&burst->peer->keys, id);
	return burst->key;
}

/* A packet has been opened with a key, or not, for a cause. */
static void dco_rx_opened(struct dco_burst *burst, struct dco_key *key,
			  enum dco_drop cause, struct dco_newest *newest)
{
	struct dco_peer *peer = burst->peer;

	if (dco_key_swap_is_due(key))
		dco_notify_key_swap(peer, key->id);
	if (unlikely(cause != DCO_DROP_MAX))
		return;
	if (!dco_key_slots_see(&peer->keys, key))
		newest->rx = NULL;
	if (unlikely(!burst->is_heard)) {
		dco_peer_touch(&peer->last_recv, dco_keepalive_now());
		burst->is_heard = true;
	}
	if (unlikely(!burst->is_current && newest->rx))
		dco_rx_learn(burst, newest);
}

/* Can it be opened at all? Returns why not, or DCO_DROP_MAX. */
static enum dco_drop dco_rx_prepare(struct sk_buff *skb)
{
	if (unlikely(skb->len <= DCO_WIRE_OVERHEAD))
		return DCO_DROP_RX_SHORT;
	/* frags and clones may belong to somebody else */
	if (unlikely(skb_linearize_cow(skb)))
		return DCO_DROP_RX_NO_MEM;
	return DCO_DROP_MAX;
}

/* Where to open a packet of @len bytes, if it may continue another one; NULL:
 * in place.
 */
static u8 *dco_rx_place(struct dco_burst *burst, unsigned int len)
{
	if (unlikely(!INET_ECN_is_not_ect(burst->tos)))
		return NULL;
	return dco_merge_place(&burst->merge, len - DCO_WIRE_OVERHEAD,
			       burst->more - DCO_WIRE_OVERHEAD);
}

static void dco_rx_drop(struct dco_burst *burst, struct sk_buff *skb,
			enum dco_drop cause)
{
	net_dbg_ratelimited("%s: packet of peer %u dropped: %d\n",
			    burst->peer->dco->dev->name, burst->peer->id,
			    cause);
	if (skb)
		dco_peer_drop(burst->peer, skb, cause);
	else
		dco_peer_drop_count(burst->peer, cause);
}

/* Opens a packet and gives it to the stack, or has it continue another one. */
static void dco_rx_one(struct dco_burst *burst, struct sk_buff *skb,
		       const struct dco_packet_from *from)
{
	struct dco_newest newest;
	enum dco_drop cause;
	struct dco_key *key;
	u8 *to = NULL;

	cause = dco_rx_prepare(skb);
	if (unlikely(cause != DCO_DROP_MAX))
		goto drop;
	cause = DCO_DROP_RX_NO_KEY;
	key = dco_rx_key(burst, skb->data);
	if (unlikely(!key))
		goto drop;
	if (likely(!from))
		to = dco_rx_place(burst, skb->len);
	cause = dco_packet_open(key, skb, from, to, &newest);
	dco_rx_opened(burst, key, cause, &newest);
	if (to && likely(cause == DCO_DROP_MAX)) {
		if (likely(dco_merge_take(&burst->merge, to, skb->len))) {
			napi_consume_skb(skb, 1);
			return;
		}
		memcpy(skb->data, to, skb->len);
	}
	if (to)
		dco_merge_restore(&burst->merge);
	if (unlikely(cause != DCO_DROP_MAX))
		goto drop;
	dco_rx_payload(burst, skb);
	return;
drop:
	dco_rx_drop(burst, skb, cause);
}

/* As dco_rx_one(), with a packet that is in memory of others. */
static void dco_rx_copy(struct dco_burst *burst, const u8 *data,
			unsigned int len)
{
	struct sk_buff *skb;

	skb = netdev_alloc_skb(burst->peer->dco->dev, len + DCO_TAG_SIZE);
	if (unlikely(!skb)) {
		dco_rx_drop(burst, NULL, DCO_DROP_RX_NO_MEM);
		return;
	}
	skb_put_data(skb, data, len);
	dco_rx_one(burst, skb, NULL);
}

/* As dco_rx_copy(), but that what continues another packet is not copied. */
static void dco_rx_piece(struct dco_burst *burst, const u8 *data,
			 unsigned int len)
{
	enum dco_drop cause = DCO_DROP_RX_NO_KEY;
	struct dco_newest newest;
	struct sk_buff *skb;
	struct dco_key *key;
	u8 *to = NULL;

	if (likely(len > DCO_WIRE_OVERHEAD))
		to = dco_rx_place(burst, len);
	if (!to) {
		dco_rx_copy(burst, data, len);
		return;
	}
	key = dco_rx_key(burst, data);
	if (likely(key)) {
		cause = dco_packet_open_to(key, data, &len, to, &newest);
		dco_rx_opened(burst, key, cause, &newest);
	}
	if (likely(cause == DCO_DROP_MAX &&
		   dco_merge_take(&burst->merge, to, len)))
		return;
	skb = NULL;
	if (cause == DCO_DROP_MAX) {
		cause = DCO_DROP_RX_NO_MEM;
		skb = netdev_alloc_skb(burst->peer->dco->dev, len);
		if (likely(skb))
			skb_put_data(skb, to, len);
	}
	dco_merge_restore(&burst->merge);
	if (skb)
		dco_rx_payload(burst, skb);
	else
		dco_rx_drop(burst, NULL, cause);
}

static void dco_rx_count(struct dco_burst *burst, unsigned int packets)
{
	struct dco_peer *peer = burst->peer;

	dco_peer_stats_add(peer, DCO_FLOW_LINK_RX, packets, burst->more);
	dco_dev_batch_add(peer->dco, DCO_BATCH_RX_OUTER, 1);
	dco_dev_batch_add(peer->dco, DCO_BATCH_RX_OUTER_SEGMENTS, packets);
	trace_dco_rx_batch(peer, packets, burst->more);
}

static void dco_rx_batch(struct dco_peer *peer, struct sk_buff *list,
			 const struct dco_outer *outer,
			 const struct dco_packet_from *from)
{
	unsigned int packets = 0, len;
	struct sk_buff *skb, *next;
	struct dco_burst burst;

	dco_rx_begin(&burst, peer, outer);
	for (skb = list; skb; skb = skb->next) {
		packets++;
		burst.more += skb->len;
	}
	dco_rx_count(&burst, packets);
	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		len = skb->len;
		dco_rx_one(&burst, skb, from);
		burst.more -= len;
	}
	dco_rx_end(&burst);
}

/**
 * dco_rx_packed() - receive data packets of a peer that came as one
 * @peer: whose they are, by their peer id
 * @skb: the first of them, data at its wire header; consumed
 * @rest: the others, as dco_udp_gro_unpack() finds them
 * @outer: the way that they have taken
 *
 * Context: BH disabled, RCU read side.
 */
void dco_rx_packed(struct dco_peer *peer, struct sk_buff *skb,
		   const struct dco_packed *rest,
		   const struct dco_outer *outer)
{
	struct dco_burst burst;
	unsigned int i, left, len;
	const u8 *at;

	dco_rx_begin(&burst, peer, outer);
	len = skb->len;
	burst.more = len + rest->len;
	dco_rx_count(&burst, rest->packets + 1);
	dco_dev_batch_add(peer->dco, DCO_BATCH_RX_PACKED, 1);
	dco_rx_one(&burst, skb, NULL);
	burst.more -= len;
	for (i = 0; i < rest->n; i++) {
		at = skb_frag_address(&rest->frags[i]);
		left = skb_frag_size(&rest->frags[i]);
		for (; left; left -= len, at += len) {
			len = min(left, rest->size);
			dco_rx_piece(&burst, at, len);
			burst.more -= len;
		}
	}
	dco_rx_end(&burst);
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
	if (unlikely(!skb)) {
		dco_peer_drop_count(peer, DCO_DROP_RX_NO_MEM);
		return;
	}
	/* a packet whose ends can be read can be read */
	if (unlikely(skb_copy_bits(from, offset, __skb_put(skb, len), head) ||
		     skb_copy_bits(from, offset + len - tail,
				   skb->data + len - tail, tail)))
		dco_peer_drop(peer, skb, DCO_DROP_RX_PROTO);
	else
		dco_rx_batch(peer, skb, NULL, &source);
}
