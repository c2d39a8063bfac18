// SPDX-License-Identifier: GPL-2.0-only
/* What the data path sees of the transports. */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/minmax.h>
#include <linux/tcp.h>
#include <net/tcp.h>

#include "device.h"
#include "mss.h"
#include "path.h"
#include "peer.h"
#include "sock.h"
#include "tcp.h"
#include "tx_gso.h"
#include "udp.h"

/**
 * dco_path_find() - how to reach a peer now
 * @peer: the peer
 * @path: receives the way; given to dco_path_put() if this succeeds
 *
 * Context: BH disabled, RCU read side.
 * Return: 0, -ENOBUFS if the transport has enough to do already, or another
 * negative errno if there is no way to the peer; see dco_path_cause().
 */
int dco_path_find(struct dco_peer *peer, struct dco_path *path)
{
	path->peer = peer;
	path->dsk = rcu_dereference(peer->sock);
	path->dst = NULL;
	path->tos = 0;
	path->is_df = false;
	if (unlikely(!path->dsk))
		return -ENOTCONN;
	switch (path->dsk->transport) {
	case DCO_TRANSPORT_UDP:
		return dco_udp_find_path(path);
	case DCO_TRANSPORT_TCP:
		return dco_tcp_find_path(path);
	}
	return -EOPNOTSUPP;
}

/**
 * dco_path_cause() - why packets are dropped for which there is no way
 * @err: what dco_path_find() or dco_path_send() returned
 *
 * Return: the cause.
 */
enum dco_drop dco_path_cause(int err)
{
	return err == -ENOBUFS ? DCO_DROP_TX_QUEUE : DCO_DROP_TX_NO_ROUTE;
}

/**
 * dco_path_takes_packed() - is one packet of many segments for the device?
 * @path: the way
 *
 * If not it is split on the way, which is faster with packets in a list.
 *
 * Return: true if it takes UDP GSO packets whose segments are in fragments.
 */
bool dco_path_takes_packed(const struct dco_path *path)
{
	return path->dsk->transport == DCO_TRANSPORT_UDP &&
	       dco_udp_takes_packed(path);
}

/**
 * dco_path_put() - be done with a way, used or not
 * @path: what dco_path_find() made
 */
void dco_path_put(struct dco_path *path)
{
	if (path->dsk->transport == DCO_TRANSPORT_UDP)
		dco_udp_put_path(path);
}

/**
 * dco_path_mtu() - the largest packet that leaves in one piece
 * @path: the way
 *
 * Return: length of a cleartext packet in bytes, UINT_MAX if the transport cuts
 * by itself.
 */
unsigned int dco_path_mtu(const struct dco_path *path)
{
	return path->dst ? dco_udp_mtu(path) : UINT_MAX;
}

/* by how much the header of IPv6 is longer than that of IPv4 */
#define DCO_MSS_IPV6_LESS	(sizeof(struct ipv6hdr) - sizeof(struct iphdr))

static u16 dco_path_mss(const struct dco_path *path, bool is_v4)
{
	const size_t headers = sizeof(struct tcphdr) +
			       (is_v4 ? sizeof(struct iphdr) :
					sizeof(struct ipv6hdr));

	return clamp_t(size_t, dco_path_mtu(path), headers + TCP_MIN_MSS,
		       headers + U16_MAX) - headers;
}

/* A cheap question, which spares most packets that are not TCP the other one */
static bool dco_path_may_be_tcp(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = (const struct ipv6hdr *)skb->data;
	const struct iphdr *iph = (const struct iphdr *)skb->data;

	if (unlikely(skb->len < sizeof(*iph)))
		return false;
	return iph->version == 4 ? iph->protocol == IPPROTO_TCP :
				   ip6h->nexthdr != IPPROTO_UDP;
}

/**
 * dco_path_clamp_mss() - keep inner TCP to segments that leave in one piece
 * @peer: where the packet goes to or comes from
 * @path: the way to @peer, or NULL if the caller has not looked for it
 * @skb: an inner packet, linear and private, its checksums final
 *
 * What a host announces in either direction becomes the size of packets in the
 * other one, and both take this way.
 *
 * Context: BH disabled, RCU read side.
 */
void dco_path_clamp_mss(struct dco_peer *peer, const struct dco_path *path,
			struct sk_buff *skb)
{
	bool is_v4 = skb->data[0] >> 4 == 4;
	u16 max = READ_ONCE(peer->dco->mss);
	struct dco_path found;
	size_t tcp;

	if (max == DCO_MSS_OFF || !dco_path_may_be_tcp(skb))
		return;
	tcp = dco_mss_find_syn(skb->data, skb->len);
	if (likely(!tcp))
		return;

	if (max == DCO_MSS_AUTO && path) {
		max = dco_path_mss(path, is_v4);
	} else if (max == DCO_MSS_AUTO) {
		if (dco_path_find(peer, &found))
			return;
		max = dco_path_mss(&found, is_v4);
		dco_path_put(&found);
	} else if (!is_v4) {
		/* packets as long as those of IPv4 */
		max = max_t(int, max - (int)DCO_MSS_IPV6_LESS, TCP_MIN_MSS);
	}
	dco_mss_clamp(skb->data, skb->len, tcp, max);
}

/**
 * dco_path_send() - send sealed packets
 * @path: the way, which takes one batch
 * @list: the packets, linked by next; consumed if this succeeds
 *
 * Context: BH disabled, RCU read side.
 * Return: 0, or a negative errno if the transport takes no packets.
 */
int dco_path_send(struct dco_path *path, struct sk_buff *list)
{
	if (path->dsk->transport == DCO_TRANSPORT_TCP) {
		dco_tx_gso_count(path->peer, list);
		return dco_tcp_send(path, list);
	}
	dco_udp_send(path, list);
	return 0;
}
