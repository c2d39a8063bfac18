// SPDX-License-Identifier: GPL-2.0-only
/*
 * The genl family: which device, reading and removing peers.
 *
 * Requests, errors and replies are those of Linux 7.3, to the order of checks
 * and of attributes. The old kind of operations (struct genl_ops) exists on all
 * kernels, split operations do not.
 */
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "device.h"
#include "endpoint.h"
#include "names.h"
#include "netlink.h"
#include "peer.h"
#include "peer_table.h"
#include "sock.h"

/**
 * dco_nl_dev_get() - the device that a request names
 * @net: namespace of the requester
 * @attrs: top level attributes, OVPN_A_IFINDEX among them
 * @extack: receives why it failed
 * @tracker: of the reference that is taken, for netdev_put()
 *
 * Context: process, may sleep.
 * Return: the device, or ERR_PTR(-ENODEV) or ERR_PTR(-EINVAL).
 */
struct dco_dev *dco_nl_dev_get(struct net *net, struct nlattr **attrs,
			       struct netlink_ext_ack *extack,
			       netdevice_tracker *tracker)
{
	struct net_device *dev;

	dev = dev_get_by_index(net, nla_get_u32(attrs[OVPN_A_IFINDEX]));
	if (!dev) {
		NL_SET_ERR_MSG_MOD(extack, "no interface has this ifindex");
		return ERR_PTR(-ENODEV);
	}
	if (!dco_dev_is_ours(dev)) {
		dev_put(dev);
		NL_SET_ERR_MSG_MOD(extack, "the interface is not of type ovpn");
		NL_SET_BAD_ATTR(extack, attrs[OVPN_A_IFINDEX]);
		return ERR_PTR(-EINVAL);
	}
	netdev_tracker_alloc(dev, tracker, GFP_KERNEL);
	return netdev_priv(dev);
}

/**
 * dco_nl_call() - run a request on the device that it names
 * @info: the request
 * @fn: does it; the device stays while it runs
 *
 * Context: process, may sleep.
 * Return: what @fn returns; -EINVAL or -ENODEV if there is no such device.
 */
int dco_nl_call(struct genl_info *info,
		int (*fn)(struct dco_dev *dco, struct genl_info *info))
{
	netdevice_tracker tracker;
	struct dco_dev *dco;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, OVPN_A_IFINDEX))
		return -EINVAL;
	dco = dco_nl_dev_get(genl_info_net(info), info->attrs, info->extack,
			     &tracker);
	if (IS_ERR(dco))
		return PTR_ERR(dco);
	err = fn(dco, info);
	netdev_put(dco->dev, &tracker);
	return err;
}

/**
 * dco_nl_put_uint() - write a number of type uint
 * @msg: message
 * @type: attribute
 * @value: the number; takes four bytes if they suffice, as with NLA_UINT
 *
 * Return: 0 or -EMSGSIZE.
 */
int dco_nl_put_uint(struct sk_buff *msg, int type, u64 value)
{
	u32 small = value;

	if (small == value)
		return nla_put_u32(msg, type, small);
	return nla_put(msg, type, sizeof(value), &value);
}

static int dco_nl_put_count(struct sk_buff *msg, const struct dco_peer *peer,
			    enum dco_flow flow, int bytes_type,
			    int packets_type)
{
	struct dco_count count;

	dco_peer_stats_read(peer, flow, &count);
	return dco_nl_put_uint(msg, bytes_type, count.bytes) ?:
	       dco_nl_put_uint(msg, packets_type, count.packets);
}

/**
 * dco_nl_put_remote() - write the outer address of a peer
 * @msg: message, in a PEER nest
 * @ep: the endpoint
 *
 * Return: 0 or -EMSGSIZE.
 */
int dco_nl_put_remote(struct sk_buff *msg, const struct dco_endpoint *ep)
{
	const struct in6_addr *addr = &ep->remote.addr;

	if (dco_endpoint_is_v4(ep)) {
		if (nla_put_in_addr(msg, OVPN_A_PEER_REMOTE_IPV4,
				    addr->s6_addr32[3]))
			return -EMSGSIZE;
	} else {
		if (nla_put_in6_addr(msg, OVPN_A_PEER_REMOTE_IPV6, addr) ||
		    nla_put_u32(msg, OVPN_A_PEER_REMOTE_IPV6_SCOPE_ID,
				ep->scope_id))
			return -EMSGSIZE;
	}
	return nla_put_net16(msg, OVPN_A_PEER_REMOTE_PORT, ep->remote.port);
}

static int dco_nl_put_endpoint(struct sk_buff *msg,
			       const struct dco_endpoint *ep)
{
	/* the address of a TCP peer is its socket's business */
	if (!ep)
		return 0;
	if (dco_nl_put_remote(msg, ep))
		return -EMSGSIZE;
	if (dco_endpoint_is_v4(ep))
		return nla_put_in_addr(msg, OVPN_A_PEER_LOCAL_IPV4,
				       ep->local.s6_addr32[3]);
	return nla_put_in6_addr(msg, OVPN_A_PEER_LOCAL_IPV6, &ep->local);
}

static int dco_nl_put_netnsid(struct sk_buff *msg, struct net *net,
			      const struct dco_sock *dsk)
{
	struct net *sock_netns = sock_net(dsk->sk);

	if (net_eq(net, sock_netns))
		return 0;
	return nla_put_s32(msg, OVPN_A_PEER_SOCKET_NETNSID,
			   peernet2id_alloc(net, sock_netns, GFP_ATOMIC));
}

static int dco_nl_put_peer(struct sk_buff *msg, struct net *net,
			   const struct dco_peer *peer,
			   const struct dco_sock *dsk)
{
	const struct dco_endpoint *ep = rcu_dereference(peer->endpoint);
	struct dco_vpn_pair vpn;

	dco_table_vpn_pair(peer, &vpn);
	if (dco_nl_put_netnsid(msg, net, dsk) ||
	    nla_put_u32(msg, OVPN_A_PEER_ID, peer->id) ||
	    nla_put_u32(msg, OVPN_A_PEER_TX_ID, READ_ONCE(peer->tx_id)))
		return -EMSGSIZE;
	if (vpn.v4 && nla_put_in_addr(msg, OVPN_A_PEER_VPN_IPV4, vpn.v4))
		return -EMSGSIZE;
	if (!ipv6_addr_any(&vpn.v6) &&
	    nla_put_in6_addr(msg, OVPN_A_PEER_VPN_IPV6, &vpn.v6))
		return -EMSGSIZE;
	if (nla_put_u32(msg, OVPN_A_PEER_KEEPALIVE_INTERVAL,
			READ_ONCE(peer->keepalive_interval)) ||
	    nla_put_u32(msg, OVPN_A_PEER_KEEPALIVE_TIMEOUT,
			READ_ONCE(peer->keepalive_timeout)) ||
	    dco_nl_put_endpoint(msg, ep) ||
	    nla_put_net16(msg, OVPN_A_PEER_LOCAL_PORT,
			  READ_ONCE(inet_sk(dsk->sk)->inet_sport)))
		return -EMSGSIZE;

	return dco_nl_put_count(msg, peer, DCO_FLOW_VPN_RX,
				OVPN_A_PEER_VPN_RX_BYTES,
				OVPN_A_PEER_VPN_RX_PACKETS) ?:
	       dco_nl_put_count(msg, peer, DCO_FLOW_VPN_TX,
				OVPN_A_PEER_VPN_TX_BYTES,
				OVPN_A_PEER_VPN_TX_PACKETS) ?:
	       dco_nl_put_count(msg, peer, DCO_FLOW_LINK_RX,
				OVPN_A_PEER_LINK_RX_BYTES,
				OVPN_A_PEER_LINK_RX_PACKETS) ?:
	       dco_nl_put_count(msg, peer, DCO_FLOW_LINK_TX,
				OVPN_A_PEER_LINK_TX_BYTES,
				OVPN_A_PEER_LINK_TX_PACKETS);
}

/* One message about a peer. -EINVAL: it has lost its socket, and so its place
 * in the table.
 */
static int dco_nl_send_peer(struct sk_buff *msg, struct net *net,
			    const struct dco_peer *peer, u32 portid, u32 seq,
			    int flags)
{
	const struct dco_sock *dsk;
	struct nlattr *attr;
	int err = -EINVAL;
	void *hdr;

	hdr = genlmsg_put(msg, portid, seq, &dco_nl_family, flags,
			  OVPN_CMD_PEER_GET);
	if (!hdr)
		return -ENOBUFS;
	attr = nla_nest_start(msg, OVPN_A_PEER);
	if (!attr) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}

	rcu_read_lock();
	dsk = rcu_dereference(peer->sock);
	if (dsk)
		err = dco_nl_put_peer(msg, net, peer, dsk);
	rcu_read_unlock();
	if (err) {
		genlmsg_cancel(msg, hdr);
		return err;
	}
	nla_nest_end(msg, attr);
	genlmsg_end(msg, hdr);
	return 0;
}

/* indexed by attribute; counters can only be read */
static const struct nla_policy dco_nl_peer_policy[OVPN_A_PEER_TX_ID + 1] = {
	[OVPN_A_PEER_ID] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_peer_id_range),
	[OVPN_A_PEER_REMOTE_IPV4] = { .type = NLA_BE32 },
	[OVPN_A_PEER_REMOTE_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[OVPN_A_PEER_REMOTE_IPV6_SCOPE_ID] = { .type = NLA_U32 },
	[OVPN_A_PEER_REMOTE_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
	[OVPN_A_PEER_SOCKET] = { .type = NLA_U32 },
	[OVPN_A_PEER_SOCKET_NETNSID] = { .type = NLA_S32 },
	[OVPN_A_PEER_VPN_IPV4] = { .type = NLA_BE32 },
	[OVPN_A_PEER_VPN_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[OVPN_A_PEER_LOCAL_IPV4] = { .type = NLA_BE32 },
	[OVPN_A_PEER_LOCAL_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[OVPN_A_PEER_LOCAL_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
	[OVPN_A_PEER_KEEPALIVE_INTERVAL] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_keepalive_range),
	[OVPN_A_PEER_KEEPALIVE_TIMEOUT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_keepalive_range),
	[OVPN_A_PEER_DEL_REASON] = NLA_POLICY_MAX(NLA_U32, 4),
	[OVPN_A_PEER_VPN_RX_BYTES] = { .type = NLA_REJECT },
	[OVPN_A_PEER_VPN_TX_BYTES] = { .type = NLA_REJECT },
	[OVPN_A_PEER_VPN_RX_PACKETS] = { .type = NLA_REJECT },
	[OVPN_A_PEER_VPN_TX_PACKETS] = { .type = NLA_REJECT },
	[OVPN_A_PEER_LINK_RX_BYTES] = { .type = NLA_REJECT },
	[OVPN_A_PEER_LINK_TX_BYTES] = { .type = NLA_REJECT },
	[OVPN_A_PEER_LINK_RX_PACKETS] = { .type = NLA_REJECT },
	[OVPN_A_PEER_LINK_TX_PACKETS] = { .type = NLA_REJECT },
	[OVPN_A_PEER_TX_ID] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_peer_id_range),
};

static int dco_nl_parse_peer_id(struct genl_info *info, struct nlattr **attrs,
				const struct nla_policy *policy, int maxtype,
				u32 *id)
{
	int err;

	if (GENL_REQ_ATTR_CHECK(info, OVPN_A_PEER))
		return -EINVAL;
	err = nla_parse_nested(attrs, maxtype, info->attrs[OVPN_A_PEER],
			       policy, info->extack);
	if (err)
		return err;
	if (NL_REQ_ATTR_CHECK(info->extack, info->attrs[OVPN_A_PEER], attrs,
			      OVPN_A_PEER_ID))
		return -EINVAL;
	*id = nla_get_u32(attrs[OVPN_A_PEER_ID]);
	return 0;
}

static int dco_nl_peer_get(struct dco_dev *dco, struct genl_info *info)
{
	struct nlattr *attrs[OVPN_A_PEER_MAX + 1] = {};
	struct dco_peer *peer;
	struct sk_buff *msg;
	int err, i;
	u32 id;

	err = dco_nl_parse_peer_id(info, attrs, dco_nl_peer_policy,
				   ARRAY_SIZE(dco_nl_peer_policy) - 1, &id);
	if (err)
		return err;
	for (i = 0; i <= OVPN_A_PEER_MAX; i++) {
		if (i == OVPN_A_PEER_ID || !attrs[i])
			continue;
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[i],
				    "unexpected attribute");
		return -EINVAL;
	}

	peer = dco_peer_get_by_id(dco, id);
	if (!peer) {
		NL_SET_ERR_MSG_MOD(info->extack, "no peer has this id");
		return -ENOENT;
	}
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	err = -ENOMEM;
	if (msg)
		err = dco_nl_send_peer(msg, genl_info_net(info), peer,
				       info->snd_portid, info->snd_seq, 0);
	dco_peer_put(peer);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

/* What is in the nest is no matter of the policy that dumps have, too; but as
 * policy it comes before the device.
 */
static int dco_nl_peer_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err = 0;

	if (info->attrs[OVPN_A_PEER])
		err = nla_validate_nested(info->attrs[OVPN_A_PEER],
					  ARRAY_SIZE(dco_nl_peer_policy) - 1,
					  dco_nl_peer_policy, info->extack);
	if (err)
		return err;
	return dco_nl_call(info, dco_nl_peer_get);
}

/* cb->args[0] is the lowest peer id not yet looked at: peers that come and go
 * meanwhile do not make others appear twice or not at all.
 */
static int dco_nl_dump_peers(struct dco_dev *dco, struct sk_buff *skb,
			     struct netlink_callback *cb)
{
	struct net *net = sock_net(cb->skb->sk);
	unsigned long id = cb->args[0];
	struct dco_peer *peer;
	int err;

	rcu_read_lock();
	while ((peer = dco_table_next(dco, &id))) {
		err = dco_nl_send_peer(skb, net, peer,
				       NETLINK_CB(cb->skb).portid,
				       cb->nlh->nlmsg_seq, NLM_F_MULTI);
		if (err && err != -EINVAL)
			break;
		id++;
	}
	rcu_read_unlock();
	cb->args[0] = id;
	return skb->len;
}

/* A dump has the policy of a request for one peer, but takes no peer. It is
 * refused here, where the refusal can still say which attribute it is about.
 */
static int dco_nl_peer_get_start(struct netlink_callback *cb)
{
	struct nlattr **attrs = dco_compat_dump_attrs(cb);

	if (!attrs[OVPN_A_PEER])
		return 0;
	NL_SET_ERR_MSG_ATTR(cb->extack, attrs[OVPN_A_PEER],
			    "unexpected attribute");
	return -EINVAL;
}

static int dco_nl_peer_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb)
{
	struct nlattr **attrs = dco_compat_dump_attrs(cb);
	netdevice_tracker tracker;
	struct dco_dev *dco;
	int ret;

	if (!attrs[OVPN_A_IFINDEX]) {
		NL_SET_ERR_MSG_MOD(cb->extack, "which interface?");
		return -EINVAL;
	}
	dco = dco_nl_dev_get(sock_net(cb->skb->sk), attrs, cb->extack,
			     &tracker);
	if (IS_ERR(dco))
		return PTR_ERR(dco);
	ret = dco_nl_dump_peers(dco, skb, cb);
	netdev_put(dco->dev, &tracker);
	return ret;
}

static const struct nla_policy dco_nl_peer_id_policy[OVPN_A_PEER_ID + 1] = {
	[OVPN_A_PEER_ID] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_peer_id_range),
};

static int dco_nl_peer_del(struct dco_dev *dco, struct genl_info *info)
{
	struct nlattr *attrs[OVPN_A_PEER_MAX + 1] = {};
	struct dco_peer *peer;
	int err;
	u32 id;

	err = dco_nl_parse_peer_id(info, attrs, dco_nl_peer_id_policy,
				   ARRAY_SIZE(dco_nl_peer_id_policy) - 1, &id);
	if (err)
		return err;
	peer = dco_peer_get_by_id(dco, id);
	if (!peer) {
		NL_SET_ERR_MSG_MOD(info->extack, "no peer has this id");
		return -ENOENT;
	}
	/* its socket is released when this returns; no waiting for packets that
	 * are on their way, which would be a grace period for each peer
	 */
	err = dco_peer_del(peer, OVPN_DEL_PEER_REASON_USERSPACE);
	dco_peer_put(peer);
	return err;
}

static int dco_nl_peer_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nl_call(info, dco_nl_peer_del);
}

static const struct nla_policy dco_nl_peer_get_policy[OVPN_A_PEER + 1] = {
	[OVPN_A_IFINDEX] = { .type = NLA_U32 },
	[OVPN_A_PEER] = { .type = NLA_NESTED },
};

static const struct nla_policy dco_nl_peer_del_policy[OVPN_A_PEER + 1] = {
	[OVPN_A_IFINDEX] = { .type = NLA_U32 },
	[OVPN_A_PEER] = NLA_POLICY_NESTED(dco_nl_peer_id_policy),
};

/* not const: older kernels' policies do not take a const one */
struct netlink_range_validation dco_nl_peer_id_range = {
	.max = DCO_NL_PEER_ID_MAX,
};

struct netlink_range_validation dco_nl_keepalive_range = {
	.max = 86400,
};

static const struct genl_ops dco_nl_ops[] = {
	{
		.cmd		= OVPN_CMD_PEER_NEW,
		.doit		= dco_nl_peer_new_doit,
		.policy		= dco_nl_peer_new_policy,
		.maxattr	= OVPN_A_PEER,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPN_CMD_PEER_SET,
		.doit		= dco_nl_peer_set_doit,
		.policy		= dco_nl_peer_set_policy,
		.maxattr	= OVPN_A_PEER,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPN_CMD_PEER_GET,
		.doit		= dco_nl_peer_get_doit,
		.start		= dco_nl_peer_get_start,
		.dumpit		= dco_nl_peer_get_dumpit,
		.policy		= dco_nl_peer_get_policy,
		.maxattr	= OVPN_A_PEER,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPN_CMD_PEER_DEL,
		.doit		= dco_nl_peer_del_doit,
		.policy		= dco_nl_peer_del_policy,
		.maxattr	= OVPN_A_PEER,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPN_CMD_KEY_NEW,
		.doit		= dco_nl_key_new_doit,
		.policy		= dco_nl_key_new_policy,
		.maxattr	= OVPN_A_KEYCONF,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPN_CMD_KEY_GET,
		.doit		= dco_nl_key_get_doit,
		.policy		= dco_nl_key_get_policy,
		.maxattr	= OVPN_A_KEYCONF,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPN_CMD_KEY_SWAP,
		.doit		= dco_nl_key_swap_doit,
		.policy		= dco_nl_key_swap_policy,
		.maxattr	= OVPN_A_KEYCONF,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPN_CMD_KEY_DEL,
		.doit		= dco_nl_key_del_doit,
		.policy		= dco_nl_key_del_policy,
		.maxattr	= OVPN_A_KEYCONF,
		.flags		= GENL_ADMIN_PERM,
	},
};

static const struct genl_multicast_group dco_nl_groups[] = {
	[DCO_NL_GROUP_PEERS] = { .name = OVPN_MCGRP_PEERS },
};

struct genl_family dco_nl_family __ro_after_init = {
	.name		= DCO_NAME,
	.version	= OVPN_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= dco_nl_ops,
	.n_ops		= ARRAY_SIZE(dco_nl_ops),
	.mcgrps		= dco_nl_groups,
	.n_mcgrps	= ARRAY_SIZE(dco_nl_groups),
};
