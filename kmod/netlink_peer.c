// SPDX-License-Identifier: GPL-2.0-only
/* Making and changing peers. */
#include <linux/file.h>
#include <linux/in.h>
#include <linux/net.h>
#include <net/addrconf.h>
#include <net/genetlink.h>
#include <net/ipv6.h>

#include "device.h"
#include "endpoint.h"
#include "keepalive.h"
#include "netlink.h"
#include "peer.h"
#include "peer_table.h"
#include "sock.h"

#define DCO_NL_PEER_COMMON						\
	[OVPN_A_PEER_ID] =						\
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_peer_id_range),	\
	[OVPN_A_PEER_REMOTE_IPV4] = { .type = NLA_BE32 },		\
	[OVPN_A_PEER_REMOTE_IPV6] = NLA_POLICY_EXACT_LEN(16),		\
	[OVPN_A_PEER_REMOTE_IPV6_SCOPE_ID] = { .type = NLA_U32 },	\
	[OVPN_A_PEER_REMOTE_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),	\
	[OVPN_A_PEER_VPN_IPV4] = { .type = NLA_BE32 },			\
	[OVPN_A_PEER_VPN_IPV6] = NLA_POLICY_EXACT_LEN(16),		\
	[OVPN_A_PEER_LOCAL_IPV4] = { .type = NLA_BE32 },		\
	[OVPN_A_PEER_LOCAL_IPV6] = NLA_POLICY_EXACT_LEN(16),		\
	[OVPN_A_PEER_KEEPALIVE_INTERVAL] =				\
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_keepalive_range),\
	[OVPN_A_PEER_KEEPALIVE_TIMEOUT] =				\
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_keepalive_range),\
	[OVPN_A_PEER_TX_ID] =						\
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_peer_id_range)

static const struct nla_policy dco_nl_peer_new_attrs[OVPN_A_PEER_TX_ID + 1] = {
	DCO_NL_PEER_COMMON,
	[OVPN_A_PEER_SOCKET] = { .type = NLA_U32 },
};

static const struct nla_policy dco_nl_peer_set_attrs[OVPN_A_PEER_TX_ID + 1] = {
	DCO_NL_PEER_COMMON,
};

static bool dco_nl_has_remote(struct nlattr **attrs)
{
	return attrs[OVPN_A_PEER_REMOTE_IPV4] ||
	       attrs[OVPN_A_PEER_REMOTE_IPV6];
}

/* An address given as IPv4 or as IPv6, which may be v4-mapped. Returns whether
 * one was given.
 */
static bool dco_nl_get_addr(const struct nlattr *v4, const struct nlattr *v6,
			    struct in6_addr *addr)
{
	if (v4)
		ipv6_addr_set_v4mapped(nla_get_in_addr(v4), addr);
	else if (v6)
		*addr = nla_get_in6_addr(v6);
	return v4 || v6;
}

static int dco_nl_refuse(struct genl_info *info, const char *why)
{
	info->extack->_msg = why;
	return -EINVAL;
}

#define dco_nl_invalid(info, text) ({					\
	static const char __msg[] = KBUILD_MODNAME ": " text;		\
									\
	dco_nl_refuse(info, __msg);					\
})

static int dco_nl_check_family(struct genl_info *info, struct nlattr **attrs)
{
	struct in6_addr remote = {}, local = {};
	bool has_remote, has_local;

	has_remote = dco_nl_get_addr(attrs[OVPN_A_PEER_REMOTE_IPV4],
				     attrs[OVPN_A_PEER_REMOTE_IPV6], &remote);
	has_local = dco_nl_get_addr(attrs[OVPN_A_PEER_LOCAL_IPV4],
				    attrs[OVPN_A_PEER_LOCAL_IPV6], &local);
	if (has_remote && has_local &&
	    ipv6_addr_v4mapped(&remote) != ipv6_addr_v4mapped(&local))
		return dco_nl_invalid(info,
				      "local and remote address differ in family");
	if (attrs[OVPN_A_PEER_REMOTE_IPV6_SCOPE_ID] &&
	    (!has_remote || ipv6_addr_v4mapped(&remote)))
		return dco_nl_invalid(info,
				      "scope id without remote IPv6 address");
	return 0;
}

/* What can be judged without looking at peers. The order of the checks is part
 * of the interface.
 */
static int dco_nl_precheck(const struct dco_dev *dco, struct genl_info *info,
			   struct nlattr **attrs)
{
	int err;

	if (NL_REQ_ATTR_CHECK(info->extack, info->attrs[OVPN_A_PEER], attrs,
			      OVPN_A_PEER_ID))
		return -EINVAL;
	if (attrs[OVPN_A_PEER_REMOTE_IPV4] && attrs[OVPN_A_PEER_REMOTE_IPV6])
		return dco_nl_invalid(info, "two remote addresses");
	if (!dco_nl_has_remote(attrs) && attrs[OVPN_A_PEER_REMOTE_PORT])
		return dco_nl_invalid(info, "remote port without address");
	if (dco_nl_has_remote(attrs) && !attrs[OVPN_A_PEER_REMOTE_PORT])
		return dco_nl_invalid(info, "remote address without port");
	if (!attrs[OVPN_A_PEER_REMOTE_IPV4] && attrs[OVPN_A_PEER_LOCAL_IPV4])
		return dco_nl_invalid(info,
				      "local IPv4 address without a remote one");
	if (!attrs[OVPN_A_PEER_REMOTE_IPV6] && attrs[OVPN_A_PEER_LOCAL_IPV6])
		return dco_nl_invalid(info,
				      "local IPv6 address without a remote one");
	err = dco_nl_check_family(info, attrs);
	if (err)
		return err;
	if (dco->mode == OVPN_MODE_P2P && (attrs[OVPN_A_PEER_VPN_IPV4] ||
					   attrs[OVPN_A_PEER_VPN_IPV6]))
		return dco_nl_invalid(info, "VPN address in P2P mode");
	if (!attrs[OVPN_A_PEER_KEEPALIVE_INTERVAL] !=
	    !attrs[OVPN_A_PEER_KEEPALIVE_TIMEOUT])
		return dco_nl_invalid(info,
				      "keepalive interval and timeout belong together");
	return 0;
}

static void dco_nl_update_vpn(struct nlattr **attrs, struct dco_vpn_pair *vpn)
{
	if (attrs[OVPN_A_PEER_VPN_IPV4])
		vpn->v4 = nla_get_in_addr(attrs[OVPN_A_PEER_VPN_IPV4]);
	if (attrs[OVPN_A_PEER_VPN_IPV6])
		vpn->v6 = nla_get_in6_addr(attrs[OVPN_A_PEER_VPN_IPV6]);
}

static int dco_nl_check_vpn(struct genl_info *info,
			    const struct dco_vpn_pair *vpn)
{
	int type = ipv6_addr_type(&vpn->v6);

	if (!vpn->v4 && ipv6_addr_any(&vpn->v6))
		return dco_nl_invalid(info, "MP mode needs a VPN address");
	if (ipv4_is_multicast(vpn->v4) || ipv4_is_lbcast(vpn->v4) ||
	    ipv4_is_loopback(vpn->v4)) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "VPN IPv4 address is not unicast");
		return -EADDRNOTAVAIL;
	}
	if (ipv6_addr_any(&vpn->v6))
		return 0;
	if (!(type & IPV6_ADDR_UNICAST) ||
	    type & (IPV6_ADDR_LOOPBACK | IPV6_ADDR_COMPATv4)) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "VPN IPv6 address is not unicast");
		return -EADDRNOTAVAIL;
	}
	return 0;
}

/* The endpoint that a request describes; NULL if it does not */
static struct dco_endpoint *dco_nl_endpoint(struct dco_peer *peer,
					    struct genl_info *info,
					    struct nlattr **attrs)
{
	struct dco_remote remote = {};
	struct in6_addr local = {};
	struct dco_endpoint *ep;
	u32 scope_id = 0;

	if (!dco_nl_get_addr(attrs[OVPN_A_PEER_REMOTE_IPV4],
			     attrs[OVPN_A_PEER_REMOTE_IPV6], &remote.addr))
		return NULL;
	remote.port = nla_get_be16(attrs[OVPN_A_PEER_REMOTE_PORT]);
	if (attrs[OVPN_A_PEER_REMOTE_IPV6_SCOPE_ID])
		scope_id = nla_get_u32(attrs[OVPN_A_PEER_REMOTE_IPV6_SCOPE_ID]);
	/* without a local address the kernel chooses one, of the family */
	if (!dco_nl_get_addr(attrs[OVPN_A_PEER_LOCAL_IPV4],
			     attrs[OVPN_A_PEER_LOCAL_IPV6], &local) &&
	    ipv6_addr_v4mapped(&remote.addr))
		ipv6_addr_set_v4mapped(0, &local);

	ep = dco_endpoint_new(peer, &remote, scope_id, &local, GFP_KERNEL);
	if (IS_ERR(ep)) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "cannot send to the remote address");
		if (PTR_ERR(ep) == -EAFNOSUPPORT)
			return ERR_PTR(-EINVAL);
	}
	return ep;
}

/* what needs no lock of the table */
static void dco_nl_set_simple(struct dco_peer *peer, struct nlattr **attrs)
{
	if (attrs[OVPN_A_PEER_TX_ID])
		WRITE_ONCE(peer->tx_id, nla_get_u32(attrs[OVPN_A_PEER_TX_ID]));
	if (attrs[OVPN_A_PEER_KEEPALIVE_INTERVAL])
		dco_keepalive_set(peer,
				  nla_get_u32(attrs[OVPN_A_PEER_KEEPALIVE_INTERVAL]),
				  nla_get_u32(attrs[OVPN_A_PEER_KEEPALIVE_TIMEOUT]));
}

/* Every failure to attach is -ENOTSOCK to userspace, the reason is text */
static struct dco_sock *dco_nl_attach(struct socket *sock, struct dco_dev *dco,
				      struct genl_info *info)
{
	struct dco_sock *dsk;

	dsk = dco_sock_get(sock, dco);
	if (!IS_ERR(dsk))
		return dsk;

	switch (PTR_ERR(dsk)) {
	case -EOPNOTSUPP:
		NL_SET_ERR_MSG_MOD(info->extack,
				   "the socket is neither UDP nor TCP");
		break;
	case -EINVAL:
		NL_SET_ERR_MSG_MOD(info->extack,
				   "the TCP socket is not connected");
		break;
	case -EBUSY:
		NL_SET_ERR_MSG_MOD(info->extack,
				   "the socket has another user");
		break;
	default:
		NL_SET_ERR_MSG_MOD(info->extack, "cannot attach the socket");
	}
	return ERR_PTR(-ENOTSOCK);
}

static int dco_nl_check_transport(const struct socket *sock,
				  struct genl_info *info,
				  struct nlattr **attrs)
{
	if (sock->sk->sk_protocol == IPPROTO_UDP && !dco_nl_has_remote(attrs))
		return dco_nl_invalid(info, "UDP needs a remote address");
	if (sock->sk->sk_protocol == IPPROTO_TCP && dco_nl_has_remote(attrs))
		return dco_nl_invalid(info, "TCP takes no remote address");
	return 0;
}

static void dco_nl_explain_add(struct genl_info *info, int err)
{
	switch (err) {
	case -EEXIST:
		NL_SET_ERR_MSG_MOD(info->extack, "another peer has this id");
		break;
	case -EADDRINUSE:
		NL_SET_ERR_MSG_MOD(info->extack,
				   "another peer has the VPN address");
		break;
	default:
		NL_SET_ERR_MSG_MOD(info->extack, "cannot add the peer");
	}
}

/* Completes a peer with its socket and puts it into the table. The socket's
 * file is open all the time, so it cannot be closed before its peer is there to
 * be removed with it.
 */
static int dco_nl_peer_connect(struct dco_peer *peer, struct socket *sock,
			       struct genl_info *info, struct nlattr **attrs,
			       const struct dco_vpn_pair *vpn)
{
	struct dco_endpoint *ep;
	struct dco_sock *dsk;
	int err;

	err = dco_nl_check_transport(sock, info, attrs);
	if (err)
		return err;
	dsk = dco_nl_attach(sock, peer->dco, info);
	if (IS_ERR(dsk))
		return PTR_ERR(dsk);
	rcu_assign_pointer(peer->sock, dsk);

	ep = dco_nl_endpoint(peer, info, attrs);
	err = PTR_ERR_OR_ZERO(ep);
	if (!err) {
		rcu_assign_pointer(peer->endpoint, ep);
		dco_nl_set_simple(peer, attrs);
		err = dco_peer_add(peer, vpn);
	}
	if (err) {
		if (!info->extack->_msg)
			dco_nl_explain_add(info, err);
		RCU_INIT_POINTER(peer->sock, NULL);
		dco_sock_put(dsk);
	}
	return err;
}

static int dco_nl_peer_new(struct dco_dev *dco, struct genl_info *info)
{
	struct nlattr *attrs[OVPN_A_PEER_MAX + 1];
	struct dco_vpn_pair vpn = {};
	struct dco_peer *peer;
	struct socket *sock;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, OVPN_A_PEER))
		return -EINVAL;
	err = nla_parse_nested(attrs, OVPN_A_PEER_MAX,
			       info->attrs[OVPN_A_PEER], dco_nl_peer_new_attrs,
			       info->extack);
	if (!err)
		err = dco_nl_precheck(dco, info, attrs);
	if (err)
		return err;
	if (NL_REQ_ATTR_CHECK(info->extack, info->attrs[OVPN_A_PEER], attrs,
			      OVPN_A_PEER_SOCKET))
		return -EINVAL;
	if (dco->mode == OVPN_MODE_MP) {
		dco_nl_update_vpn(attrs, &vpn);
		err = dco_nl_check_vpn(info, &vpn);
		if (err)
			return err;
	}

	peer = dco_peer_new(dco, nla_get_u32(attrs[OVPN_A_PEER_ID]));
	if (!peer)
		return -ENOMEM;
	sock = sockfd_lookup(nla_get_u32(attrs[OVPN_A_PEER_SOCKET]), &err);
	if (!sock) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "the descriptor is not a socket");
		dco_peer_put(peer);
		return -ENOTSOCK;
	}
	err = dco_nl_peer_connect(peer, sock, info, attrs, &vpn);
	/* the table owns the peer if it took it */
	if (err)
		dco_peer_put(peer);
	sockfd_put(sock);
	return err;
}

/**
 * dco_nl_peer_new_doit() - OVPN_CMD_PEER_NEW
 * @skb: the request
 * @info: the request, parsed
 *
 * Return: 0 or a negative errno.
 */
int dco_nl_peer_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nl_call(info, dco_nl_peer_new);
}

static bool dco_nl_vpn_conflicts(struct dco_peer *peer, struct nlattr **attrs,
				 const struct dco_vpn_pair *vpn)
{
	struct dco_dev *dco = peer->dco;
	struct dco_peer *owner;

	if (attrs[OVPN_A_PEER_VPN_IPV4] && vpn->v4) {
		owner = dco_table_find_vpn4(dco, vpn->v4);
		if (owner && owner != peer)
			return true;
	}
	if (attrs[OVPN_A_PEER_VPN_IPV6] && !ipv6_addr_any(&vpn->v6)) {
		owner = dco_table_find_vpn6(dco, &vpn->v6);
		if (owner && owner != peer)
			return true;
	}
	return false;
}

/* The inner addresses that a peer is to have; refuses what it must not */
static int dco_nl_get_vpn(struct dco_peer *peer, struct genl_info *info,
			  struct nlattr **attrs, struct dco_vpn_pair *vpn)
{
	bool is_conflict;

	dco_table_vpn_pair(peer, vpn);
	if (peer->dco->mode != OVPN_MODE_MP)
		return 0;

	dco_nl_update_vpn(attrs, vpn);
	rcu_read_lock();
	is_conflict = dco_nl_vpn_conflicts(peer, attrs, vpn);
	rcu_read_unlock();
	if (is_conflict) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "another peer has the VPN address");
		return -EADDRINUSE;
	}
	return dco_nl_check_vpn(info, vpn);
}

/* consumes @ep */
static int dco_nl_peer_apply_take(struct dco_peer *peer,
				  struct genl_info *info,
				  struct nlattr **attrs,
				  struct dco_endpoint *ep)
{
	struct dco_dev *dco = peer->dco;
	struct dco_vpn_pair vpn;
	int err = -ENOENT;

	spin_lock_bh(&dco->lock);
	if (!peer->is_in_table)
		goto err;
	err = dco_nl_get_vpn(peer, info, attrs, &vpn);
	if (err)
		goto err;
	err = dco_table_change_take(peer, &vpn, ep);
	if (err) {
		spin_unlock_bh(&dco->lock);
		return err;
	}
	dco_nl_set_simple(peer, attrs);
	if (attrs[OVPN_A_PEER_KEEPALIVE_INTERVAL])
		dco_keepalive_start(peer);
	spin_unlock_bh(&dco->lock);
	return 0;
err:
	spin_unlock_bh(&dco->lock);
	dco_endpoint_free(ep);
	return err;
}

static bool dco_nl_is_tcp(const struct dco_peer *peer)
{
	const struct dco_sock *dsk;
	bool is_tcp;

	rcu_read_lock();
	dsk = rcu_dereference(peer->sock);
	is_tcp = dsk && dsk->transport == DCO_TRANSPORT_TCP;
	rcu_read_unlock();
	return is_tcp;
}

static int dco_nl_peer_set(struct dco_dev *dco, struct genl_info *info)
{
	struct nlattr *attrs[OVPN_A_PEER_MAX + 1];
	struct dco_endpoint *ep;
	struct dco_peer *peer;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, OVPN_A_PEER))
		return -EINVAL;
	err = nla_parse_nested(attrs, OVPN_A_PEER_MAX,
			       info->attrs[OVPN_A_PEER], dco_nl_peer_set_attrs,
			       info->extack);
	if (!err)
		err = dco_nl_precheck(dco, info, attrs);
	if (err)
		return err;

	peer = dco_peer_get_by_id(dco, nla_get_u32(attrs[OVPN_A_PEER_ID]));
	if (!peer) {
		NL_SET_ERR_MSG_MOD(info->extack, "no peer has this id");
		return -ENOENT;
	}
	if (dco_nl_has_remote(attrs) && dco_nl_is_tcp(peer)) {
		dco_peer_put(peer);
		return dco_nl_invalid(info, "TCP takes no remote address");
	}
	ep = dco_nl_endpoint(peer, info, attrs);
	err = PTR_ERR_OR_ZERO(ep);
	if (!err)
		err = dco_nl_peer_apply_take(peer, info, attrs, ep);
	else if (err == -ENOTCONN)
		err = -ENOENT;
	dco_peer_put(peer);
	return err;
}

/**
 * dco_nl_peer_set_doit() - OVPN_CMD_PEER_SET
 * @skb: the request
 * @info: the request, parsed
 *
 * Return: 0 or a negative errno.
 */
int dco_nl_peer_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nl_call(info, dco_nl_peer_set);
}

const struct nla_policy dco_nl_peer_new_policy[OVPN_A_PEER + 1] = {
	[OVPN_A_IFINDEX] = { .type = NLA_U32 },
	[OVPN_A_PEER] = NLA_POLICY_NESTED(dco_nl_peer_new_attrs),
};

const struct nla_policy dco_nl_peer_set_policy[OVPN_A_PEER + 1] = {
	[OVPN_A_IFINDEX] = { .type = NLA_U32 },
	[OVPN_A_PEER] = NLA_POLICY_NESTED(dco_nl_peer_set_attrs),
};
