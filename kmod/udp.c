// SPDX-License-Identifier: GPL-2.0-only
#include <linux/inetdevice.h>
#include <linux/security.h>
#include <linux/udp.h>
#include <net/addrconf.h>
#include <net/dst_cache.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "device.h"
#include "drop.h"
#include "endpoint.h"
#include "path.h"
#include "peer.h"
#include "peer_table.h"
#include "rx.h"
#include "sock.h"
#include "udp.h"
#include "udp_gro.h"
#include "udp_life.h"
#include "udp_whole.h"
#include "wire.h"

static struct dco_peer *dco_udp_find_peer(struct dco_dev *dco,
					  const struct dco_remote *remote,
					  u32 id)
{
	if (likely(id != DCO_PEER_ID_UNDEF))
		return dco_table_find_id(dco, id);
	return dco_table_find_remote(dco, remote);
}

/* A datagram is for userspace. One that has been merged for us before it became
 * so goes through UDP once more, without the mark that keeps it from being
 * split there. Returns what encap_rcv() has to.
 */
static int dco_udp_leave(struct sk_buff *skb)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (likely(!skb_is_gso(skb)) ||
	    !(shinfo->gso_type & SKB_GSO_UDP_TUNNEL_CSUM))
		return 1;
	shinfo->gso_type &= ~SKB_GSO_UDP_TUNNEL_CSUM;
	return -IPPROTO_UDP;
}

/* @skb: data packets of a peer, data at the UDP header; consumed */
static void dco_udp_receive(struct dco_peer *peer, struct sk_buff *skb,
			    const struct dco_outer *outer)
{
	struct dco_packed packed;

	if (skb_is_gso(skb) && dco_udp_gro_unpack(skb, &packed)) {
		dco_rx_packed(peer, skb, &packed, outer);
		dco_udp_gro_put(&packed);
		return;
	}
	if (skb_is_gso(skb)) {
		skb = dco_udp_gro_split(peer, skb);
	} else {
		__skb_pull(skb, sizeof(struct udphdr));
		skb_mark_not_on_list(skb);
	}
	if (likely(skb))
		dco_rx(peer, skb, outer);
}

/* Takes the data packets out of a socket's datagrams, but for those of peers
 * that userspace carries. Returns 1 to leave a datagram to userspace, 0 if it
 * has been consumed, or what dco_udp_leave() says.
 *
 * Context: softirq or BH disabled, RCU read side; skb->data is the UDP header.
 */
static int dco_udp_encap_rcv(struct sock *sk, struct sk_buff *skb)
{
	const size_t peek = sizeof(struct udphdr) + sizeof(__be32);
	struct dco_outer outer;
	bool is_v1 = false;
	struct dco_sock *dsk;
	struct dco_peer *peer;
	u32 word, id;

	dsk = rcu_dereference_sk_user_data(sk);
	if (unlikely(!dsk || READ_ONCE(udp_sk(sk)->encap_type) !=
		     UDP_ENCAP_OVPNINUDP))
		return dco_udp_leave(skb);

	if (unlikely(!pskb_may_pull(skb, peek))) {
		dco_drop(dsk->dco, skb, skb->len < peek ? DCO_DROP_RX_SHORT :
							  DCO_DROP_RX_NO_MEM);
		return 0;
	}
	word = be32_to_cpup((__be32 *)(skb->data + sizeof(struct udphdr)));
	id = word & DCO_PEER_ID_MASK;
	switch (word >> DCO_OPCODE_SHIFT) {
	case DCO_OPCODE_DATA_V2:
		break;
	case DCO_OPCODE_DATA_V1:
		/* it names no peer, and only userspace can open it */
		is_v1 = true;
		id = DCO_PEER_ID_UNDEF;
		break;
	default:
		return 1;
	}

	dco_outer_read(&outer, skb, udp_hdr(skb));
	dco_outer_read_link(&outer, skb);
	peer = dco_udp_find_peer(dsk->dco, &outer.remote, id);
	if (unlikely(peer && READ_ONCE(peer->is_userspace)))
		return dco_udp_leave(skb);
	if (unlikely(is_v1)) {
		dco_drop(dsk->dco, skb, DCO_DROP_RX_DATA_V1);
		return 0;
	}
	if (unlikely(!peer)) {
		net_dbg_ratelimited("%s: data from unknown peer %u\n",
				    dsk->dco->dev->name, id);
		dco_drop(dsk->dco, skb, DCO_DROP_RX_NO_PEER);
		return 0;
	}
	dco_udp_receive(peer, skb, &outer);
	return 0;
}

/**
 * dco_udp_is_free() - may we take this socket?
 * @sk: a UDP socket, locked
 *
 * Return: true if no tunnel has it.
 */
bool dco_udp_is_free(const struct sock *sk)
{
	int type = READ_ONCE(udp_sk(sk)->encap_type);

	if (rcu_access_pointer(__sk_user_data(sk)) || !dco_udp_can_hold(sk))
		return false;
	return !type || (type == UDP_ENCAP_OVPNINUDP && dco_udp_is_held(sk));
}

/**
 * dco_udp_is_attached() - do we have this socket?
 * @sk: a UDP socket, locked
 *
 * Return: true if its user data is a struct dco_sock.
 */
bool dco_udp_is_attached(const struct sock *sk)
{
	return READ_ONCE(udp_sk(sk)->encap_rcv) == dco_udp_encap_rcv &&
	       rcu_access_pointer(__sk_user_data(sk));
}

static void dco_udp_attach_new(struct dco_sock *dsk)
{
	struct udp_tunnel_sock_cfg cfg = {
		.sk_user_data = dsk,
		.encap_type = UDP_ENCAP_OVPNINUDP,
		.encap_rcv = dco_udp_encap_rcv,
		.encap_destroy = dco_udp_end,
	};

	dco_udp_gro_config(&cfg);
	dco_compat_setup_udp_tunnel(dsk->sk, &cfg);
	/* checksums of tunnels in it are none of IP's business, and would be
	 * made for each datagram of a burst that IP has to split
	 */
	inet_dec_convert_csum(dsk->sk);
}

/* What setup_udp_tunnel_sock() does, but for what it must not do twice */
static void dco_udp_attach_again(struct dco_sock *dsk)
{
	struct sock *sk = dsk->sk;

	dco_compat_set_mc_loop(sk, false);
	rcu_assign_sk_user_data(sk, dsk);
	WRITE_ONCE(udp_sk(sk)->encap_rcv, dco_udp_encap_rcv);
	WRITE_ONCE(udp_sk(sk)->encap_destroy, dco_udp_end);
	WRITE_ONCE(udp_sk(sk)->encap_type, UDP_ENCAP_OVPNINUDP);
}

/**
 * dco_udp_attach() - receive what comes to a socket
 * @dsk: the socket, locked and free
 *
 * Context: process, may sleep.
 * Return: 0 or what dco_udp_hold() returns.
 */
int dco_udp_attach(struct dco_sock *dsk)
{
	bool was_held = dco_udp_is_held(dsk->sk);
	int err;

	err = dco_udp_hold(dsk->sk);
	if (err)
		return err;
	if (was_held)
		dco_udp_attach_again(dsk);
	else
		dco_udp_attach_new(dsk);
	dco_udp_set_attached(dsk->sk, true);
	dco_udp_watch_begin(dsk);
	udp_set_bit(ACCEPT_L4, dsk->sk);
	dco_udp_whole_begin(sock_net(dsk->sk));
	return 0;
}

/**
 * dco_udp_detach() - leave everything that comes to a socket to userspace
 * @dsk: the socket, locked
 *
 * Packets that are being received may still use @dsk until a grace period has
 * passed.
 */
void dco_udp_detach(struct dco_sock *dsk)
{
	struct sock *sk = dsk->sk;

	dco_udp_watch_end(dsk);
	udp_assign_bit(ACCEPT_L4, sk, udp_test_bit(GRO_ENABLED, sk));
	dco_compat_set_mc_loop(sk, true);
	dco_udp_set_attached(sk, false);
	rcu_assign_sk_user_data(sk, NULL);
}

static bool dco_udp_has_addr4(const struct sock *sk, __be32 addr)
{
	return addr && inet_confirm_addr(sock_net(sk), NULL, 0, addr,
					 RT_SCOPE_HOST);
}

static bool dco_udp_has_addr6(const struct sock *sk,
			      const struct in6_addr *addr)
{
	return !ipv6_addr_any(addr) &&
	       ipv6_chk_addr(sock_net(sk), addr, NULL, 0);
}

static int dco_udp_route4(struct dco_path *path)
{
	struct sock *sk = path->dsk->sk;
	struct dco_endpoint *ep = path->ep;
	struct flowi4 fl = {
		.saddr = ep->local.s6_addr32[3],
		.daddr = ep->remote.addr.s6_addr32[3],
		.fl4_sport = ep->flow.sport,
		.fl4_dport = ep->remote.port,
		.flowi4_oif = ep->flow.oif,
		.flowi4_mark = ep->flow.mark,
		.flowi4_proto = IPPROTO_UDP,
		.flowi4_uid = sock_net_uid(sock_net(sk), sk),
	};
	struct rtable *rt;

	rt = dst_cache_get_ip4(&ep->cache, &fl.saddr);
	if (likely(rt))
		goto out;

	/* the address that the peer has reached may be gone */
	if (fl.saddr && !dco_udp_has_addr4(sk, fl.saddr)) {
		ep = dco_endpoint_refresh(path->peer, ep, false);
		if (!ep || !dco_endpoint_is_v4(ep))
			return -EHOSTUNREACH;
		path->ep = ep;
		fl.saddr = ep->local.s6_addr32[3];
	}
	/* what the socket is bound to, else let the kernel choose */
	if (!fl.saddr && dco_udp_has_addr4(sk, inet_sk(sk)->inet_saddr))
		fl.saddr = inet_sk(sk)->inet_saddr;
	security_sk_classify_flow(sk, flowi4_to_flowi_common(&fl));
	rt = ip_route_output_flow(sock_net(sk), &fl, sk);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	if (unlikely(!ep->cache.cache))
		dco_endpoint_make_cache(ep);
	dst_cache_set_ip4(&ep->cache, &rt->dst, fl.saddr);
out:
	path->dst = &rt->dst;
	ipv6_addr_set_v4mapped(fl.saddr, &path->saddr);
	return 0;
}

static int dco_udp_route6(struct dco_path *path)
{
	struct sock *sk = path->dsk->sk;
	struct dco_endpoint *ep = path->ep;
	struct flowi6 fl = {
		.saddr = ep->local,
		.daddr = ep->remote.addr,
		.fl6_sport = ep->flow.sport,
		.fl6_dport = ep->remote.port,
		.flowi6_oif = ep->scope_id ?: ep->flow.oif,
		.flowi6_mark = ep->flow.mark,
		.flowi6_proto = IPPROTO_UDP,
		.flowi6_uid = sock_net_uid(sock_net(sk), sk),
	};
	struct dst_entry *dst;

	dst = dst_cache_get_ip6(&ep->cache, &fl.saddr);
	if (likely(dst))
		goto out;

	if (!ipv6_addr_any(&fl.saddr) && !dco_udp_has_addr6(sk, &fl.saddr)) {
		ep = dco_endpoint_refresh(path->peer, ep, false);
		if (!ep || dco_endpoint_is_v4(ep))
			return -EHOSTUNREACH;
		path->ep = ep;
		fl.saddr = ep->local;
	}
	if (ipv6_addr_any(&fl.saddr) &&
	    dco_udp_has_addr6(sk, &inet6_sk(sk)->saddr))
		fl.saddr = inet6_sk(sk)->saddr;
	security_sk_classify_flow(sk, flowi6_to_flowi_common(&fl));
	dst = ip6_dst_lookup_flow(sock_net(sk), sk, &fl, NULL);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	if (unlikely(!ep->cache.cache))
		dco_endpoint_make_cache(ep);
	dst_cache_set_ip6(&ep->cache, dst, &fl.saddr);
out:
	path->dst = dst;
	path->saddr = fl.saddr;
	return 0;
}

/* Does the socket forbid fragments (IP_MTU_DISCOVER, IPV6_MTU_DISCOVER)? It has
 * to do so expressly: what a socket does by default would lose what upstream
 * delivers in fragments.
 */
static bool dco_udp_is_df(const struct dco_path *path)
{
	const struct sock *sk = path->dsk->sk;
	u8 mode;

	if (dco_endpoint_is_v4(path->ep)) {
		mode = inet_sk(sk)->pmtudisc;
		return unlikely(mode == IP_PMTUDISC_DO ||
				mode == IP_PMTUDISC_PROBE) &&
		       !ip_mtu_locked(path->dst);
	}
	mode = inet6_sk(sk)->pmtudisc;
	return unlikely(mode == IPV6_PMTUDISC_DO ||
			mode == IPV6_PMTUDISC_PROBE);
}

/**
 * dco_udp_find_path() - addresses and route to a peer
 * @path: peer and socket are set; receives the rest
 *
 * Context: BH disabled, RCU read side.
 * Return: 0, or a negative errno if there is no route.
 */
int dco_udp_find_path(struct dco_path *path)
{
	const struct sock *sk = path->dsk->sk;
	struct dco_peer *peer = path->peer;
	struct dco_endpoint *ep;
	int err;

	ep = rcu_dereference(peer->endpoint);
	if (unlikely(!dco_sock_flow_is_current(path->dsk, &ep->flow)))
		/* on another device another address of ours is right */
		ep = dco_endpoint_refresh(peer, ep, ep->flow.oif ==
					  READ_ONCE(sk->sk_bound_dev_if));
	if (unlikely(!ep))
		return -ENOMEM;

	path->ep = ep;
	if (dco_endpoint_is_v4(ep))
		err = dco_udp_route4(path);
	else
		err = dco_udp_route6(path);
	if (unlikely(err))
		goto no_route;

	path->is_df = dco_udp_is_df(path);
	if (likely(path->dst->dev != peer->dco->dev))
		return 0;
	/* the tunnel would carry itself */
	dco_udp_put_path(path);
	err = -ELOOP;
no_route:
	net_dbg_ratelimited("%s: no route to peer %u: %d\n",
			    peer->dco->dev->name, peer->id, err);
	return err;
}

/**
 * dco_udp_put_path() - be done with a route
 * @path: what dco_udp_find_path() made
 */
void dco_udp_put_path(struct dco_path *path)
{
	dst_release(path->dst);
	path->dst = NULL;
}

/**
 * dco_udp_mtu() - the largest packet that leaves in one piece
 * @path: the way
 *
 * Return: length of a cleartext packet in bytes, at least 1.
 */
unsigned int dco_udp_mtu(const struct dco_path *path)
{
	unsigned int overhead = sizeof(struct udphdr) +
				dco_key_slots_overhead(&path->peer->keys);
	const struct sock *sk = path->dsk->sk;
	bool is_learned;
	u32 mtu;

	/* a socket may choose not to believe what routers say */
	if (dco_endpoint_is_v4(path->ep)) {
		overhead += sizeof(struct iphdr);
		is_learned = inet_sk(sk)->pmtudisc < IP_PMTUDISC_PROBE;
	} else {
		overhead += sizeof(struct ipv6hdr);
		is_learned = inet6_sk(sk)->pmtudisc < IPV6_PMTUDISC_PROBE;
	}
	mtu = is_learned ? dst_mtu(path->dst) : READ_ONCE(path->dst->dev->mtu);
	return mtu > overhead ? mtu - overhead : 1;
}
