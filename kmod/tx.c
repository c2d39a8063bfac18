// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the stack to a peer. A super-packet is one batch: one peer, one key, one
 * range of packet ids, one route.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/dsfield.h>
#include <net/dst_metadata.h>
#include <net/ip6_fib.h>
#include <net/ip_tunnels.h>
#include <net/route.h>

#include "compat/compat.h"
#include "device.h"
#include "drop.h"
#include "handoff.h"
#include "hash.h"
#include "icmp.h"
#include "keepalive.h"
#include "notify.h"
#include "packet.h"
#include "path.h"
#include "peer.h"
#include "peer_table.h"
#include "prefix.h"
#include "tx.h"
#include "tx_split.h"
#include "tx_stage.h"

/* The peer is found by the gateway of the packet's route, which is how networks
 * behind a client are reached, or else by its destination.
 */
static struct dco_peer *dco_tx_find_peer4(struct dco_dev *dco,
					  const struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);
	const struct rtable *rt;

	if (!skb_valid_dst(skb) || dst->ops->family != AF_INET)
		return dco_table_find_vpn4(dco, ip_hdr(skb)->daddr);

	rt = dst_rtable(dst);
	if (rt->rt_uses_gateway && rt->rt_gw_family == AF_INET)
		return dco_table_find_vpn4(dco, rt->rt_gw4);
	if (rt->rt_uses_gateway && rt->rt_gw_family == AF_INET6)
		return dco_table_find_vpn6(dco, &rt->rt_gw6);
	return dco_table_find_vpn4(dco, ip_hdr(skb)->daddr);
}

static struct dco_peer *dco_tx_find_peer6(struct dco_dev *dco,
					  const struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);
	const struct rt6_info *rt;

	if (skb_valid_dst(skb) && dst->ops->family == AF_INET6) {
		rt = dst_rt6_info(dst);
		if (rt->rt6i_flags & RTF_GATEWAY)
			return dco_table_find_vpn6(dco, &rt->rt6i_gateway);
	}
	return dco_table_find_vpn6(dco, &ipv6_hdr(skb)->daddr);
}

static struct dco_peer *dco_tx_route(struct dco_dev *dco,
				     const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return dco_tx_find_peer4(dco, skb);
	return dco_tx_find_peer6(dco, skb);
}

/* Where peers have prefixes these come first, see prefix.c. */
static struct dco_peer *dco_tx_find_by_prefix(struct dco_dev *dco,
					      const struct sk_buff *skb)
{
	struct dco_peer *peer;

	if (skb->protocol == htons(ETH_P_IP))
		peer = dco_prefix_owner4(dco, ip_hdr(skb)->daddr);
	else
		peer = dco_prefix_owner6(dco, &ipv6_hdr(skb)->daddr);
	if (peer)
		return peer;
	peer = dco_tx_route(dco, skb);
	return peer && !READ_ONCE(peer->n_prefixes) ? peer : NULL;
}

static struct dco_peer *dco_tx_find_peer(struct dco_dev *dco,
					 const struct sk_buff *skb)
{
	if (dco->mode == OVPN_MODE_P2P)
		return rcu_dereference(dco->only_peer);
	if (unlikely(dco_prefix_is_used(&dco->prefixes)))
		return dco_tx_find_by_prefix(dco, skb);
	return dco_tx_route(dco, skb);
}

/* What skb_checksum_help() does, but for what it asks about a packet that may
 * be shared or in pieces: @skb is neither.
 */
static int dco_tx_checksum(struct sk_buff *skb)
{
	unsigned int start = skb_checksum_start_offset(skb);
	unsigned int at = start + skb->csum_offset;
	__wsum sum;

	if (unlikely(skb_csum_is_sctp(skb) ||
		     at + sizeof(__sum16) > skb->len))
		return skb_checksum_help(skb);
	sum = csum_partial(skb->data + start, skb->len - start, 0);
	*(__sum16 *)(skb->data + at) = csum_fold(sum) ?: CSUM_MANGLED_0;
	skb->ip_summed = CHECKSUM_NONE;
	return 0;
}

/* Makes a packet linear, private and its checksum final, so that it can be
 * sealed in place.
 */
static struct sk_buff *dco_tx_prepare(struct dco_peer *peer,
				      struct sk_buff *skb)
{
	skb = dco_peer_unshare(peer, skb);
	if (unlikely(!skb))
		return NULL;
	if (skb_linearize(skb) || skb_cow(skb, DCO_TX_HEADROOM))
		goto drop;
	if (skb->ip_summed == CHECKSUM_PARTIAL && dco_tx_checksum(skb))
		goto drop;
	return skb;
drop:
	dco_peer_drop(peer, skb, DCO_DROP_TX_NO_MEM);
	return NULL;
}

/* Seals what can be sealed of a list. Returns the sealed packets. */
static struct sk_buff *dco_tx_seal_list(const struct dco_path *path,
					struct dco_seal *seal,
					struct sk_buff *list,
					struct dco_count *sealed)
{
	struct sk_buff *first = NULL, **tail = &first;
	struct dco_peer *peer = path->peer;
	u32 peer_id = READ_ONCE(peer->tx_id);
	bool is_batch = list->next;
	struct sk_buff *skb, *next;

	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		skb = dco_tx_prepare(peer, skb);
		if (unlikely(!skb))
			continue;
		/* a SYN is never one of many */
		if (!is_batch)
			dco_path_clamp_mss(peer, path, skb);
		if (unlikely(dco_packet_seal(seal, skb, peer_id))) {
			dco_peer_drop(peer, skb, DCO_DROP_TX_CRYPTO);
			continue;
		}
		sealed->packets++;
		sealed->bytes += skb->len;
		*tail = skb;
		tail = &skb->next;
	}
	return first;
}

/* Takes the primary key and ids for a batch. Returns DCO_DROP_MAX, or why the
 * batch cannot be sealed.
 */
static enum dco_drop dco_tx_take_key(struct dco_peer *peer, unsigned int n,
				     struct dco_seal *seal)
{
	struct dco_key *key;
	int err;

	key = dco_key_slots_get(&peer->keys, OVPN_KEY_SLOT_PRIMARY);
	if (unlikely(!key))
		return DCO_DROP_TX_NO_KEY;

	err = dco_key_reserve(key, n, seal);
	if (likely(!err))
		return DCO_DROP_MAX;
	if (err == -ERANGE && dco_key_slots_kill(&peer->keys, key))
		dco_notify_key_swap(peer, key->id);
	return DCO_DROP_TX_KEY_SPENT;
}

/* Sends what has been sealed, with ids from @first on. Returns false if it has
 * been dropped.
 */
static bool dco_tx_send_sealed(struct dco_path *path, struct dco_seal *seal,
			       u64 first, struct sk_buff *list,
			       const struct dco_count *sealed)
{
	struct dco_peer *peer = path->peer;
	int err;

	dco_key_used(seal);
	path->ip_id = peer->ip_id + first;
	if (dco_key_swap_is_due(seal->key))
		dco_notify_key_swap(peer, seal->key->id);
	if (unlikely(!list))
		return false;
	err = dco_path_send(path, list);
	if (unlikely(err)) {
		dco_peer_drop_list(peer, list, dco_path_cause(err));
		return false;
	}
	dco_peer_touch(&peer->last_sent, dco_keepalive_now());
	dco_peer_stats_add(peer, DCO_FLOW_LINK_TX, sealed->packets,
			   sealed->bytes);
	return true;
}

static void dco_tx_send_by(struct dco_path *path, struct sk_buff *list,
			   unsigned int n, struct dco_count *sent)
{
	struct dco_peer *peer = path->peer;
	struct dco_count sealed = {};
	struct dco_seal seal;
	enum dco_drop cause;
	u64 first;

	cause = dco_tx_take_key(peer, n, &seal);
	if (unlikely(cause != DCO_DROP_MAX)) {
		dco_peer_drop_list(peer, list, cause);
		return;
	}
	first = seal.id;
	list = dco_tx_seal_list(path, &seal, list, &sealed);
	if (dco_tx_send_sealed(path, &seal, first, list, &sealed) && sent) {
		sent->packets = sealed.packets;
		sent->bytes = sealed.bytes -
			      sealed.packets * dco_key_overhead(seal.key);
	}
}

/**
 * dco_tx_send() - seal a packet of our own and send it
 * @peer: to whom
 * @skb: cleartext packet; consumed
 *
 * Context: BH disabled, RCU read side.
 */
void dco_tx_send(struct dco_peer *peer, struct sk_buff *skb)
{
	struct dco_path path;
	int err;

	err = dco_path_find(peer, &path);
	if (unlikely(err)) {
		dco_peer_drop(peer, skb, dco_path_cause(err));
		return;
	}
	dco_tx_send_by(&path, skb, 1, NULL);
	dco_path_put(&path);
}

/* A super-packet becomes a list of packets, any other a list of one. NULL: it
 * has been dropped.
 */
static struct sk_buff *dco_tx_split(struct dco_peer *peer, struct sk_buff *skb)
{
	struct sk_buff *list;

	if (!skb_is_gso(skb)) {
		skb_mark_not_on_list(skb);
		return skb;
	}
	list = dco_split(skb);
	if (likely(!IS_ERR(list)))
		return list;
	if (list == ERR_PTR(-ENOMEM)) {
		dco_peer_drop(peer, skb, DCO_DROP_TX_NO_MEM);
		return NULL;
	}
	/* no features: linear segments with their checksums made */
	list = skb_gso_segment(skb, 0);
	if (IS_ERR_OR_NULL(list)) {
		dco_peer_drop(peer, skb, DCO_DROP_TX_GSO);
		return NULL;
	}
	consume_skb(skb);
	return list;
}

static void dco_tx_batch(struct dco_path *path, struct sk_buff *list,
			 bool is_gso)
{
	struct dco_count vpn = {}, sent = {};
	struct dco_peer *peer = path->peer;
	struct sk_buff *skb, *next;

	skb_list_walk_safe(list, skb, next) {
		vpn.packets++;
		vpn.bytes += skb->len;
	}
	if (is_gso && list->next) {
		dco_dev_batch_add(peer->dco, DCO_BATCH_TX_GSO, 1);
		dco_dev_batch_add(peer->dco, DCO_BATCH_TX_SEGMENTS,
				  vpn.packets);
	}
	dco_peer_stats_add(peer, DCO_FLOW_VPN_TX, vpn.packets, vpn.bytes);
	dco_tx_send_by(path, list, vpn.packets, &sent);
	dco_dev_stats_tx(peer->dco, sent.packets, sent.bytes);
}

/**
 * dco_tx_tos() - what a packet asks of the outside (RFC 6040, normal mode)
 * @skb: an inner packet
 *
 * Return: its class and whether its sender reacts to congestion.
 */
u8 dco_tx_tos(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return ipv4_get_dsfield(ip_hdr(skb));
	return ipv6_get_dsfield(ipv6_hdr(skb));
}

/* Is the sender to make smaller packets? It is told so. Every IPv6 packet of
 * the least MTU has to arrive, in fragments if need be.
 */
static bool dco_tx_is_too_big(const struct dco_path *path, struct sk_buff *skb)
{
	bool is_v4 = skb->protocol == htons(ETH_P_IP);
	unsigned int mtu;

	if (likely(!path->is_df))
		return false;
	mtu = max_t(unsigned int, dco_path_mtu(path),
		    is_v4 ? IPV4_MIN_MTU : IPV6_MIN_MTU);
	if (skb_is_gso(skb) ? skb_gso_validate_network_len(skb, mtu) :
			      skb->len <= mtu)
		return false;
	dco_icmp_too_big(skb, mtu);
	return true;
}

static void dco_tx_handoff(struct dco_peer *peer, struct sk_buff *skb)
{
	struct dco_count sent = {};

	nf_reset_ct(skb);
	skb_dst_drop(skb);
	skb = dco_tx_split(peer, skb);
	if (unlikely(!skb))
		return;
	dco_handoff_send(peer, skb, &sent);
	dco_peer_stats_add(peer, DCO_FLOW_VPN_TX, sent.packets, sent.bytes);
	dco_dev_stats_tx(peer->dco, sent.packets, sent.bytes);
}

/* A packet of its own that is a part of another one */
static struct sk_buff *dco_tx_copy_part(struct dco_peer *peer,
					const struct sk_buff *whole,
					unsigned int offset, unsigned int len)
{
	struct sk_buff *skb = alloc_skb(DCO_TX_HEADROOM + len, GFP_ATOMIC);

	if (unlikely(!skb)) {
		dco_peer_drop_count(peer, DCO_DROP_TX_NO_MEM);
		return NULL;
	}
	skb_reserve(skb, DCO_TX_HEADROOM);
	skb_copy_bits(whole, offset, __skb_put(skb, len), len);
	skb->dev = whole->dev;
	skb->protocol = whole->protocol;
	skb->priority = whole->priority;
	skb_copy_hash(skb, whole);
	return skb;
}

/* Takes those out of packed segments that have been sealed, and appends them to
 * a list, the end of which it returns.
 */
static struct sk_buff **dco_tx_rescue(struct dco_peer *peer,
				      struct sk_buff *skb, u64 failed,
				      struct sk_buff **tail)
{
	unsigned int size = skb_is_gso(skb) ? skb_shinfo(skb)->gso_size :
					      skb->len;
	unsigned int offset, len;

	for (offset = 0; offset < skb->len; offset += len, failed >>= 1) {
		len = min(size, skb->len - offset);
		if (failed & 1) {
			dco_peer_drop_count(peer, DCO_DROP_TX_CRYPTO);
			continue;
		}
		*tail = dco_tx_copy_part(peer, skb, offset, len);
		if (likely(*tail))
			tail = &(*tail)->next;
	}
	kfree_skb(skb);
	return tail;
}

/* Seals what can be sealed of a list of packed segments. Returns that. */
static struct sk_buff *dco_tx_seal_packed(struct dco_peer *peer,
					  struct dco_seal *seal,
					  struct sk_buff *list,
					  struct dco_count *sealed)
{
	struct sk_buff *first = NULL, **tail = &first;
	u32 peer_id = READ_ONCE(peer->tx_id);
	struct sk_buff *skb, *next;
	u64 failed;

	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		failed = dco_packet_seal_pack(seal, skb, peer_id);
		if (unlikely(failed)) {
			tail = dco_tx_rescue(peer, skb, failed, tail);
			continue;
		}
		*tail = skb;
		tail = &skb->next;
	}
	for (skb = first; skb; skb = skb->next) {
		sealed->packets += skb_is_gso(skb) ?
				   skb_shinfo(skb)->gso_segs : 1;
		sealed->bytes += skb->len;
	}
	return first;
}

/* Cuts and seals a super-packet, whose segments lie behind one another if there
 * is memory in pieces that are large enough. Returns the packets; NULL if there
 * is no memory at all, with @skb as it was, or if none could be sealed.
 */
static struct sk_buff *dco_tx_seal_whole(struct dco_path *path,
					 struct dco_split *split,
					 struct sk_buff **skb,
					 struct dco_seal *seal,
					 struct dco_count *sealed)
{
	unsigned int front = dco_packet_front(seal->key);
	struct dco_peer *peer = path->peer;
	struct sk_buff *list;

	list = dco_split_pack(split, *skb, front,
			      dco_key_overhead(seal->key) - front);
	if (likely(list)) {
		dco_dev_batch_add(peer->dco, DCO_BATCH_TX_PACKED, 1);
		*skb = NULL;
		return dco_tx_seal_packed(peer, seal, list, sealed);
	}
	list = dco_split(*skb);
	if (IS_ERR(list))
		return NULL;
	*skb = NULL;
	return dco_tx_seal_list(path, seal, list, sealed);
}

/* Sends a super-packet whose segments may lie behind one another. */
static void dco_tx_send_packed(struct dco_path *path, struct dco_split *split,
			       struct sk_buff *skb)
{
	struct dco_peer *peer = path->peer;
	struct dco_count sealed = {};
	struct sk_buff *list;
	struct dco_seal seal;
	enum dco_drop cause;
	u64 first;

	dco_dev_batch_add(peer->dco, DCO_BATCH_TX_GSO, 1);
	dco_dev_batch_add(peer->dco, DCO_BATCH_TX_SEGMENTS, split->segs);
	dco_peer_stats_add(peer, DCO_FLOW_VPN_TX, split->segs, skb->len +
			   (split->segs - 1) * split->head_len);
	cause = dco_tx_take_key(peer, split->segs, &seal);
	if (unlikely(cause != DCO_DROP_MAX)) {
		dco_peer_drop(peer, skb, cause);
		return;
	}
	first = seal.id;
	list = dco_tx_seal_whole(path, split, &skb, &seal, &sealed);
	if (unlikely(skb))
		dco_peer_drop(peer, skb, DCO_DROP_TX_NO_MEM);
	if (dco_tx_send_sealed(path, &seal, first, list, &sealed))
		dco_dev_stats_tx(peer->dco, sealed.packets, sealed.bytes -
				 sealed.packets * dco_key_overhead(seal.key));
}

static void dco_tx_split_and_send(struct dco_path *path, struct sk_buff *skb)
{
	bool is_gso = skb_is_gso(skb);
	struct dco_split split;

	if (is_gso && skb_is_gso_tcp(skb) && dco_path_takes_packed(path) &&
	    dco_split_read(&split, skb) && dco_split_can_pack(&split)) {
		dco_tx_send_packed(path, &split, skb);
		return;
	}
	skb = dco_tx_split(path->peer, skb);
	if (likely(skb))
		dco_tx_batch(path, skb, is_gso);
}

/**
 * dco_tx_send_list() - send what has waited for company
 * @peer: to whom
 * @list: one super-packet, or packets of one sender and class linked by next,
 *	as dco_stage_add() took them; consumed
 *
 * Context: BH disabled, RCU read side.
 */
void dco_tx_send_list(struct dco_peer *peer, struct sk_buff *list)
{
	struct sk_buff *skb, *next;
	struct dco_path path;
	int err;

	if (unlikely(READ_ONCE(peer->is_userspace))) {
		skb_list_walk_safe(list, skb, next) {
			skb_mark_not_on_list(skb);
			dco_tx_handoff(peer, skb);
		}
		return;
	}
	err = dco_path_find(peer, &path);
	if (unlikely(err)) {
		dco_peer_drop_list(peer, list, dco_path_cause(err));
		return;
	}
	path.tos = dco_tx_tos(list);
	if (list->next)
		dco_tx_batch(&path, list, false);
	else
		dco_tx_split_and_send(&path, list);
	dco_path_put(&path);
}

/**
 * dco_xmit() - ndo_start_xmit
 * @skb: an IP packet or super-packet; consumed
 * @dev: the device
 *
 * Return: always NETDEV_TX_OK.
 */
netdev_tx_t dco_xmit(struct sk_buff *skb, struct net_device *dev)
{
	enum dco_drop cause = DCO_DROP_TX_PROTO;
	struct dco_dev *dco = netdev_priv(dev);
	struct dco_peer *peer = NULL;
	struct dco_path path;
	int err;

	rcu_read_lock();
	if (unlikely(!skb->protocol ||
		     skb->protocol != ip_tunnel_parse_protocol(skb)))
		goto drop;
	/* memory of a device, which not every kernel keeps from us */
	if (unlikely(!dco_compat_frags_readable(skb)))
		goto drop;

	peer = dco_tx_find_peer(dco, skb);
	cause = DCO_DROP_TX_NO_PEER;
	if (unlikely(!peer)) {
		net_dbg_ratelimited("%s: no peer for a packet\n", dev->name);
		goto unreachable;
	}
	if (unlikely(READ_ONCE(peer->is_userspace))) {
		dco_tx_handoff(peer, skb);
		rcu_read_unlock();
		return NETDEV_TX_OK;
	}
	err = dco_path_find(peer, &path);
	cause = dco_path_cause(err);
	if (unlikely(err == -ENOBUFS))
		goto drop;
	if (unlikely(err))
		goto unreachable;
	cause = DCO_DROP_TX_TOO_BIG;
	if (unlikely(dco_tx_is_too_big(&path, skb)))
		goto put_path;
	path.tos = dco_tx_tos(skb);

	nf_reset_ct(skb);
	skb_dst_drop(skb);
	dco_hash_flow(skb);

	if (!dco_stage_add(&path, skb))
		dco_tx_split_and_send(&path, skb);
	dco_path_put(&path);
	rcu_read_unlock();
	return NETDEV_TX_OK;

put_path:
	dco_path_put(&path);
	goto drop;
unreachable:
	dco_icmp_unreachable(skb);
drop:
	skb_tx_error(skb);
	if (peer)
		dco_peer_drop(peer, skb, cause);
	else
		dco_drop(dco, skb, cause);
	rcu_read_unlock();
	return NETDEV_TX_OK;
}
