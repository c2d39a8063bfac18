// SPDX-License-Identifier: GPL-2.0-only
/* Family "ovpnx": the inner prefixes of a peer. */
#include <linux/slab.h>
#include <net/genetlink.h>

#include "device.h"
#include "netlink.h"
#include "netlink_x.h"
#include "peer.h"
#include "prefix.h"

static const struct nla_policy dco_nlx_prefix_attrs[OVPNX_A_PREFIX_LEN + 1] = {
	[OVPNX_A_PREFIX_IPV4] = { .type = NLA_BE32 },
	[OVPNX_A_PREFIX_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[OVPNX_A_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
};

static const struct nla_policy
dco_nlx_prefix_peer_attrs[OVPNX_A_PEER_PREFIX + 1] = {
	[OVPNX_A_PEER_ID] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_peer_id_range),
	[OVPNX_A_PEER_PREFIX] = NLA_POLICY_NESTED(dco_nlx_prefix_attrs),
};

const struct nla_policy dco_nlx_prefix_policy[OVPNX_A_PEER + 1] = {
	[OVPNX_A_IFINDEX] = { .type = NLA_U32 },
	[OVPNX_A_PEER] = NLA_POLICY_NESTED(dco_nlx_prefix_peer_attrs),
};

static int dco_nlx_prefix_parse(const struct nlattr *attr,
				struct dco_prefix *prefix,
				struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[OVPNX_A_PREFIX_LEN + 1];
	struct in6_addr addr;
	unsigned int len;
	int err;

	err = nla_parse_nested(attrs, OVPNX_A_PREFIX_LEN, attr,
			       dco_nlx_prefix_attrs, extack);
	if (err)
		return err;
	if (NL_REQ_ATTR_CHECK(extack, attr, attrs, OVPNX_A_PREFIX_LEN))
		return -EINVAL;
	if (!attrs[OVPNX_A_PREFIX_IPV4] == !attrs[OVPNX_A_PREFIX_IPV6]) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "a prefix has one address, IPv4 or IPv6");
		return -EINVAL;
	}
	if (attrs[OVPNX_A_PREFIX_IPV4]) {
		dco_prefix_from_v4(prefix,
				   nla_get_be32(attrs[OVPNX_A_PREFIX_IPV4]));
	} else {
		addr = nla_get_in6_addr(attrs[OVPNX_A_PREFIX_IPV6]);
		dco_prefix_from_v6(prefix, &addr);
	}
	len = nla_get_u8(attrs[OVPNX_A_PREFIX_LEN]);
	if (len > prefix->len) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[OVPNX_A_PREFIX_LEN],
				    "an IPv4 prefix has at most 32 bits");
		return -EINVAL;
	}
	prefix->len = len;
	if (!dco_trie_key_fits(&prefix->key, len)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "bits are set behind the prefix");
		return -EINVAL;
	}
	return 0;
}

static bool dco_nlx_is_prefix(const struct nlattr *attr)
{
	return nla_type(attr) == OVPNX_A_PEER_PREFIX;
}

static unsigned int dco_nlx_prefix_count(const struct nlattr *peer)
{
	const struct nlattr *attr;
	unsigned int n = 0;
	int rem;

	nla_for_each_nested(attr, peer, rem)
		n += dco_nlx_is_prefix(attr);
	return n;
}

/* The attribute of the prefix number @n, or NULL */
static const struct nlattr *dco_nlx_prefix_attr(const struct nlattr *peer,
						unsigned int n)
{
	const struct nlattr *attr;
	int rem;

	nla_for_each_nested(attr, peer, rem)
		if (dco_nlx_is_prefix(attr) && !n--)
			return attr;
	return NULL;
}

static int dco_nlx_prefix_list(const struct nlattr *peer,
			       struct dco_prefix *list,
			       struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int err, rem;

	nla_for_each_nested(attr, peer, rem) {
		if (!dco_nlx_is_prefix(attr))
			continue;
		err = dco_nlx_prefix_parse(attr, list++, extack);
		if (err)
			return err;
	}
	return 0;
}

static void dco_nlx_prefix_explain(int err, struct genl_info *info,
				   const struct nlattr *bad)
{
	switch (err) {
	case -EADDRINUSE:
		NL_SET_ERR_MSG_ATTR(info->extack, bad,
				    "another peer has the prefix");
		break;
	case -ENOSPC:
		NL_SET_ERR_MSG_ATTR(info->extack, bad,
				    "the peer would have too many prefixes");
		break;
	case -ENOENT:
		if (bad)
			NL_SET_ERR_MSG_ATTR(info->extack, bad,
					    "the peer does not have the prefix");
		break;
	}
}

static int dco_nlx_prefix_change(struct dco_peer *peer,
				 struct genl_info *info,
				 enum dco_prefix_op op)
{
	const struct nlattr *nest = info->attrs[OVPNX_A_PEER];
	unsigned int n = dco_nlx_prefix_count(nest), bad;
	struct dco_prefix *list;
	int err;

	if (peer->dco->mode != OVPN_MODE_MP) {
		NL_SET_ERR_MSG_MOD(info->extack,
				   "in P2P mode all addresses are the peer's");
		return -EOPNOTSUPP;
	}
	if (!n && op != DCO_PREFIX_SET) {
		NL_SET_ERR_ATTR_MISS(info->extack, nest, OVPNX_A_PEER_PREFIX);
		return -EINVAL;
	}
	if (n > DCO_PREFIX_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    dco_nlx_prefix_attr(nest, DCO_PREFIX_MAX),
				    "too many prefixes");
		return -ENOSPC;
	}
	list = kcalloc(n ?: 1, sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	err = dco_nlx_prefix_list(nest, list, info->extack);
	if (!err) {
		err = dco_prefix_change(peer, op, list, n, &bad);
		dco_nlx_prefix_explain(err, info,
				       dco_nlx_prefix_attr(nest, bad));
	}
	kfree(list);
	return err;
}

static int dco_nlx_prefix_set(struct dco_peer *peer, struct nlattr **attrs,
			      struct genl_info *info)
{
	return dco_nlx_prefix_change(peer, info, DCO_PREFIX_SET);
}

static int dco_nlx_prefix_add(struct dco_peer *peer, struct nlattr **attrs,
			      struct genl_info *info)
{
	return dco_nlx_prefix_change(peer, info, DCO_PREFIX_ADD);
}

static int dco_nlx_prefix_del(struct dco_peer *peer, struct nlattr **attrs,
			      struct genl_info *info)
{
	return dco_nlx_prefix_change(peer, info, DCO_PREFIX_DEL);
}

static int dco_nlx_put_prefix(struct sk_buff *msg, bool is_v6,
			      const struct dco_trie_node *node)
{
	struct nlattr *attr;
	struct in6_addr addr;
	int err;

	attr = nla_nest_start(msg, OVPNX_A_PEER_PREFIX);
	if (!attr)
		return -EMSGSIZE;
	dco_prefix_to_addr(&node->key, &addr);
	if (is_v6)
		err = nla_put_in6_addr(msg, OVPNX_A_PREFIX_IPV6, &addr);
	else
		err = nla_put_in_addr(msg, OVPNX_A_PREFIX_IPV4,
				      addr.s6_addr32[0]);
	if (err || nla_put_u8(msg, OVPNX_A_PREFIX_LEN, node->len))
		return -EMSGSIZE;
	nla_nest_end(msg, attr);
	return 0;
}

static int dco_nlx_put_prefixes(struct sk_buff *msg, struct dco_peer *peer)
{
	struct dco_trie_node *node;
	int err = 0;

	spin_lock_bh(&peer->dco->lock);
	list_for_each_entry(node, &peer->prefixes4, link)
		err = err ?: dco_nlx_put_prefix(msg, false, node);
	list_for_each_entry(node, &peer->prefixes6, link)
		err = err ?: dco_nlx_put_prefix(msg, true, node);
	spin_unlock_bh(&peer->dco->lock);
	return err;
}

static size_t dco_nlx_prefixes_size(void)
{
	size_t one = nla_total_size(nla_total_size(sizeof(struct in6_addr)) +
				    nla_total_size(sizeof(u8)));

	return nla_total_size(sizeof(u32)) +	/* IFINDEX */
	       nla_total_size(nla_total_size(sizeof(u32)) + /* PEER, ID */
			      DCO_PREFIX_MAX * one);
}

static int dco_nlx_prefix_get(struct dco_peer *peer, struct nlattr **attrs,
			      struct genl_info *info)
{
	struct nlattr *attr = NULL;
	struct sk_buff *msg;
	void *hdr;

	msg = genlmsg_new(dco_nlx_prefixes_size(), GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &dco_nlx_family, 0,
				OVPNX_CMD_PREFIX_GET);
	if (hdr && !nla_put_u32(msg, OVPNX_A_IFINDEX, peer->dco->dev->ifindex))
		attr = nla_nest_start(msg, OVPNX_A_PEER);
	if (!attr || nla_put_u32(msg, OVPNX_A_PEER_ID, peer->id) ||
	    dco_nlx_put_prefixes(msg, peer)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, attr);
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

/**
 * dco_nlx_prefix_get_doit() - OVPNX_CMD_PREFIX_GET
 * @skb: the request
 * @info: the request, parsed
 *
 * Return: 0 or a negative errno.
 */
int dco_nlx_prefix_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nlx_peer_call(info, dco_nlx_peer_id_policy,
				 OVPNX_A_PEER_ID, dco_nlx_prefix_get);
}

/**
 * dco_nlx_prefix_set_doit() - OVPNX_CMD_PREFIX_SET
 * @skb: the request
 * @info: the request, parsed
 *
 * Return: 0 or a negative errno.
 */
int dco_nlx_prefix_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nlx_peer_call(info, dco_nlx_prefix_peer_attrs,
				 OVPNX_A_PEER_PREFIX, dco_nlx_prefix_set);
}

/**
 * dco_nlx_prefix_add_doit() - OVPNX_CMD_PREFIX_ADD
 * @skb: the request
 * @info: the request, parsed
 *
 * Return: 0 or a negative errno.
 */
int dco_nlx_prefix_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nlx_peer_call(info, dco_nlx_prefix_peer_attrs,
				 OVPNX_A_PEER_PREFIX, dco_nlx_prefix_add);
}

/**
 * dco_nlx_prefix_del_doit() - OVPNX_CMD_PREFIX_DEL
 * @skb: the request
 * @info: the request, parsed
 *
 * Return: 0 or a negative errno.
 */
int dco_nlx_prefix_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nlx_peer_call(info, dco_nlx_prefix_peer_attrs,
				 OVPNX_A_PEER_PREFIX, dco_nlx_prefix_del);
}
