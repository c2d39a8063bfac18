/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where kernels differ. The answers come from compile probes (probe.sh); no
 * other file of the module tests for a kernel's feature or version.
 */
#ifndef DCO_COMPAT_H
#define DCO_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/if_link.h>
#include <linux/local_lock.h>
#include <linux/netdevice.h>
#include <linux/udp.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/inet_sock.h>
#include <net/route.h>
#include <net/rtnetlink.h>
#include <net/udp_tunnel.h>

#include "config.h"

#ifdef DCO_HAVE_NET_GSO_H
#include <net/gso.h>
#endif

#if !IS_ENABLED(CONFIG_IPV6)
#error "the module needs a kernel with CONFIG_IPV6"
#endif

/* user API of later kernels: same names and numbers */

#ifndef DCO_HAVE_ENCAP_OVPNINUDP
#define UDP_ENCAP_OVPNINUDP	8
#endif

#ifndef IFLA_OVPN_MAX
enum ovpn_mode {
	OVPN_MODE_P2P,
	OVPN_MODE_MP,
};

enum {
	IFLA_OVPN_UNSPEC,
	IFLA_OVPN_MODE,
	__IFLA_OVPN_MAX,
};

#define IFLA_OVPN_MAX		(__IFLA_OVPN_MAX - 1)
#endif

#ifndef dst_rtable
#define dst_rtable(ptr)		container_of(ptr, struct rtable, dst)
#endif

/* a workqueue that is bound to CPUs has to say so on later kernels */
#ifndef DCO_HAVE_WQ_PERCPU
#define WQ_PERCPU		0
#endif

/**
 * DCO_COMPAT_NEWLINK() - define an rtnl_link_ops.newlink
 * @name: the function to define
 * @fn: int fn(struct net_device *, struct nlattr **data,
 *	struct netlink_ext_ack *), which does the work
 */
#ifdef DCO_HAVE_NEWLINK_PARAMS
#define DCO_COMPAT_NEWLINK(name, fn)					\
static int name(struct net_device *dev,					\
		struct rtnl_newlink_params *params,			\
		struct netlink_ext_ack *extack)				\
{									\
	return fn(dev, params->data, extack);				\
}
#else
#define DCO_COMPAT_NEWLINK(name, fn)					\
static int name(struct net *net, struct net_device *dev,		\
		struct nlattr **tb, struct nlattr **data,		\
		struct netlink_ext_ack *extack)				\
{									\
	return fn(dev, data, extack);					\
}
#endif

/* a multicast group that only CAP_NET_ADMIN may join; where the kernel cannot
 * restrict a group, everybody may
 */
#ifdef GENL_MCAST_CAP_NET_ADMIN
#define DCO_COMPAT_MCAST_ADMIN	.flags = GENL_MCAST_CAP_NET_ADMIN,
#else
#define DCO_COMPAT_MCAST_ADMIN
#endif

/* the device does its own locking in ndo_start_xmit */
static inline void dco_compat_set_lltx(struct net_device *dev)
{
#ifdef DCO_HAVE_LLTX_BIT
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

/**
 * DCO_COMPAT_RECVMSG() - define a proto.recvmsg
 * @name: the function to define
 * @fn: int fn(struct sock *, struct msghdr *, size_t len, int flags), which
 *	does the work and gives no address
 */
#ifdef DCO_HAVE_RECVMSG_ADDR_LEN
#define DCO_COMPAT_RECVMSG(name, fn)					\
static int name(struct sock *sk, struct msghdr *msg, size_t len,	\
		int flags, int *addr_len)				\
{									\
	return fn(sk, msg, len, flags);					\
}
#else
#define DCO_COMPAT_RECVMSG(name, fn)					\
static int name(struct sock *sk, struct msghdr *msg, size_t len,	\
		int flags)						\
{									\
	return fn(sk, msg, len, flags);					\
}
#endif

/* Let pages be sent as everything else is; later kernels have no other way.
 * Without the function the socket layer calls sendmsg.
 */
static inline void dco_compat_no_sendpage(struct proto *prot)
{
#ifdef DCO_HAVE_PROTO_SENDPAGE
	prot->sendpage = NULL;
#endif
}

/* no socket map takes a socket whose functions cannot be adapted */
static inline void dco_compat_no_sockmap(struct proto *prot)
{
#ifdef CONFIG_BPF_SYSCALL
	prot->psock_update_sk_prot = NULL;
#endif
}

/* the attributes of a dump request */
static inline struct nlattr **dco_compat_dump_attrs(struct netlink_callback *cb)
{
#ifdef DCO_HAVE_GENL_INFO_DUMP
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

static inline void dco_compat_setup_udp_tunnel(struct sock *sk,
					       struct udp_tunnel_sock_cfg *cfg)
{
#ifdef DCO_HAVE_TUNNEL_SOCK_TAKES_SK
	setup_udp_tunnel_sock(sock_net(sk), sk, cfg);
#else
	setup_udp_tunnel_sock(sock_net(sk), sk->sk_socket, cfg);
#endif
}

/* when a packet is to leave, for what paces it */
static inline void dco_compat_copy_tstamp(struct sk_buff *to,
					  const struct sk_buff *from)
{
	to->tstamp = from->tstamp;
#ifdef DCO_HAVE_SKB_TSTAMP_TYPE
	to->tstamp_type = from->tstamp_type;
#else
	to->mono_delivery_time = from->mono_delivery_time;
#endif
}

/* IP_MULTICAST_LOOP of a socket */
static inline void dco_compat_set_mc_loop(struct sock *sk, bool is_on)
{
#ifdef DCO_HAVE_INET_SET_BIT
	inet_assign_bit(MC_LOOP, sk, is_on);
#else
	inet_sk(sk)->mc_loop = is_on;
#endif
}

static inline void
dco_compat_udp_tunnel6_xmit(struct dst_entry *dst, struct sock *sk,
			    struct sk_buff *skb, struct in6_addr *saddr,
			    struct in6_addr *daddr, u8 tos, u8 ttl,
			    __be16 sport, __be16 dport)
{
	/* device NULL: the helper would write statistics of a kind that
	 * differs between kernels; the module counts by itself
	 */
#ifdef DCO_HAVE_TUNNEL6_XMIT_IP6CB_FLAGS
	udp_tunnel6_xmit_skb(dst, sk, skb, NULL, saddr, daddr, tos, ttl, 0,
			     sport, dport, udp_get_no_check6_tx(sk), 0);
#else
	udp_tunnel6_xmit_skb(dst, sk, skb, NULL, saddr, daddr, tos, ttl, 0,
			     sport, dport, udp_get_no_check6_tx(sk));
#endif
}

/* what __udp4_lib_lookup() and __udp6_lib_lookup() want before the packet */
#ifndef DCO_HAVE_UDP_LOOKUP_TABLE
#define DCO_COMPAT_UDP_TABLE(net)
#elif defined(DCO_HAVE_NETNS_UDP_TABLE)
#define DCO_COMPAT_UDP_TABLE(net)	(net)->ipv4.udp_table,
#else
#define DCO_COMPAT_UDP_TABLE(net)	&udp_table,
#endif

/* a timer of a clock that does not stop, for softirqs of its own CPU */
static inline void
dco_compat_hrtimer_setup(struct hrtimer *timer,
			 enum hrtimer_restart (*fn)(struct hrtimer *timer))
{
#ifdef DCO_HAVE_HRTIMER_SETUP
	hrtimer_setup(timer, fn, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_SOFT);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_SOFT);
	timer->function = fn;
#endif
}

/* may this CPU look at what a packet's fragments hold? */
static inline bool dco_compat_frags_readable(const struct sk_buff *skb)
{
#ifdef DCO_HAVE_SKB_FRAGS_READABLE
	return skb_frags_readable(skb);
#else
	return true;
#endif
}

/* does GRO hold packets of a NAPI instance? */
static inline bool dco_compat_gro_holds(const struct napi_struct *napi)
{
#ifdef DCO_HAVE_GRO_NODE
	return READ_ONCE(napi->gro.bitmask);
#else
	return READ_ONCE(napi->gro_bitmask);
#endif
}

/*
 * A lock of per-CPU data that softirqs and BH-disabled code share. On
 * PREEMPT_RT before this lock existed local_bh_disable() itself serialised
 * them; elsewhere it costs nothing.
 */
#ifdef DCO_HAVE_LOCAL_LOCK_NESTED_BH
#define dco_compat_local_lock_bh(lock)		local_lock_nested_bh(lock)
#define dco_compat_local_unlock_bh(lock)	local_unlock_nested_bh(lock)
#else
#define dco_compat_local_lock_bh(lock)		lockdep_assert_in_softirq_bh()
#define dco_compat_local_unlock_bh(lock)	do { } while (0)
#define lockdep_assert_in_softirq_bh()					\
	WARN_ON_ONCE(IS_ENABLED(CONFIG_PROVE_LOCKING) && !in_softirq())
#endif

#endif /* DCO_COMPAT_H */
