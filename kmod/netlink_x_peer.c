// SPDX-License-Identifier: GPL-2.0-only
/* Family "ovpnx": what is known about a peer. */
#include <net/genetlink.h>

#include "device.h"
#include "drop.h"
#include "netlink.h"
#include "netlink_x.h"
#include "peer.h"
#include "peer_table.h"
#include "sock.h"

static u32 dco_nlx_peer_flags(const struct dco_peer *peer)
{
	return READ_ONCE(peer->is_userspace) ? OVPNX_PEER_FLAG_USERSPACE : 0;
}

static int dco_nlx_put_transport(struct sk_buff *msg,
				 const struct dco_sock *dsk)
{
	enum ovpnx_transport transport = OVPNX_TRANSPORT_UDP;

	if (dsk->transport == DCO_TRANSPORT_TCP)
		transport = OVPNX_TRANSPORT_TCP;
	return nla_put_u32(msg, OVPNX_A_PEER_TRANSPORT, transport);
}

/* A key's transforms stay while RCU is held, see dco_key_retire_take(). */
static int dco_nlx_put_crypto(struct sk_buff *msg, const struct dco_peer *peer)
{
	const struct dco_key *key;

	key = dco_key_slots_get(&peer->keys, OVPN_KEY_SLOT_PRIMARY);
	if (!key)
		return 0;
	return nla_put_string(msg, OVPNX_A_PEER_CRYPTO_DRIVER,
			      dco_key_driver(key));
}

static int dco_nlx_put_drop(struct sk_buff *msg, const char *name, u64 count)
{
	struct nlattr *attr;

	attr = nla_nest_start(msg, OVPNX_A_PEER_DROP);
	if (!attr || nla_put_string(msg, OVPNX_A_DROP_NAME, name) ||
	    dco_nl_put_uint(msg, OVPNX_A_DROP_COUNT, count))
		return -EMSGSIZE;
	nla_nest_end(msg, attr);
	return 0;
}

static int dco_nlx_put_drops(struct sk_buff *msg, const struct dco_peer *peer)
{
	u64 drops[DCO_DROP_MAX];
	enum dco_drop cause;

	dco_peer_drops_read(peer, drops);
	for (cause = 0; cause < DCO_DROP_MAX; cause++)
		if (drops[cause] &&
		    dco_nlx_put_drop(msg, dco_drop_name(cause), drops[cause]))
			return -EMSGSIZE;
	return 0;
}

static int dco_nlx_put_peer(struct sk_buff *msg, const struct dco_peer *peer,
			    const struct dco_sock *dsk)
{
	struct nlattr *attr;

	if (nla_put_u32(msg, OVPNX_A_IFINDEX, peer->dco->dev->ifindex))
		return -EMSGSIZE;
	attr = nla_nest_start(msg, OVPNX_A_PEER);
	if (!attr || nla_put_u32(msg, OVPNX_A_PEER_ID, peer->id) ||
	    nla_put_u32(msg, OVPNX_A_PEER_FLAGS, dco_nlx_peer_flags(peer)) ||
	    dco_nlx_put_transport(msg, dsk) ||
	    dco_nlx_put_crypto(msg, peer) || dco_nlx_put_drops(msg, peer))
		return -EMSGSIZE;
	nla_nest_end(msg, attr);
	return 0;
}

/* Completes or cancels a message about a peer. -ENOENT: it has lost its socket,
 * and so its place in the table.
 */
static int dco_nlx_end_peer(struct sk_buff *msg, void *hdr,
			    const struct dco_peer *peer)
{
	const struct dco_sock *dsk;
	int err = -ENOENT;

	rcu_read_lock();
	dsk = rcu_dereference(peer->sock);
	if (dsk)
		err = dco_nlx_put_peer(msg, peer, dsk);
	rcu_read_unlock();
	if (err)
		genlmsg_cancel(msg, hdr);
	else
		genlmsg_end(msg, hdr);
	return err;
}

static int dco_nlx_peer_get(struct dco_peer *peer, struct nlattr **attrs,
			    struct genl_info *info)
{
	struct sk_buff *msg;
	int err = -EMSGSIZE;
	void *hdr;

	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &dco_nlx_family, 0,
				OVPNX_CMD_PEER_GET);
	if (hdr)
		err = dco_nlx_end_peer(msg, hdr, peer);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

/**
 * dco_nlx_peer_get_doit() - OVPNX_CMD_PEER_GET for one peer
 * @skb: the request
 * @info: the request, parsed
 *
 * Return: 0 or a negative errno.
 */
int dco_nlx_peer_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nlx_peer_call(info, dco_nlx_peer_id_policy,
				 OVPNX_A_PEER_ID, dco_nlx_peer_get);
}

/* cb->args[0] is the lowest peer id not yet looked at, as in family "ovpn". */
static int dco_nlx_dump_peers(struct dco_dev *dco, struct sk_buff *skb,
			      struct netlink_callback *cb)
{
	unsigned long id = cb->args[0];
	struct dco_peer *peer;
	int err = 0;
	void *hdr;

	rcu_read_lock();
	for (; (peer = dco_table_next(dco, &id)); id++) {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &dco_nlx_family,
				  NLM_F_MULTI, OVPNX_CMD_PEER_GET);
		err = hdr ? dco_nlx_end_peer(skb, hdr, peer) : -EMSGSIZE;
		if (err == -EMSGSIZE)
			break;
		if (!err)
			genl_dump_check_consistent(cb, hdr);
	}
	rcu_read_unlock();
	cb->args[0] = id;
	return skb->len ?: err == -EMSGSIZE ? err : 0;
}

static const struct nla_policy
dco_nlx_peer_dump_policy[OVPNX_A_IFINDEX + 1] = {
	[OVPNX_A_IFINDEX] = { .type = NLA_U32 },
};

static int dco_nlx_peer_dump_parse(struct netlink_callback *cb,
				   struct nlattr **attrs)
{
	int err;

	err = nlmsg_parse(cb->nlh, GENL_HDRLEN, attrs, OVPNX_A_IFINDEX,
			  dco_nlx_peer_dump_policy, cb->extack);
	if (err)
		return err;
	if (!attrs[OVPNX_A_IFINDEX]) {
		NL_SET_ERR_MSG_MOD(cb->extack, "which interface?");
		return -EINVAL;
	}
	return 0;
}

/**
 * dco_nlx_peer_get_start() - begin a dump
 * @cb: state of the dump
 *
 * A dump takes fewer attributes than the request for one peer, and kernels
 * without split operations have one policy for both. So a dump is parsed, and
 * its device looked for, here, where a refusal can still say what it is about.
 *
 * Return: 0 or a negative errno.
 */
int dco_nlx_peer_get_start(struct netlink_callback *cb)
{
	struct nlattr *attrs[OVPNX_A_IFINDEX + 1];
	netdevice_tracker tracker;
	struct dco_dev *dco;
	int err;

	err = dco_nlx_peer_dump_parse(cb, attrs);
	if (err)
		return err;
	dco = dco_nl_dev_get(sock_net(cb->skb->sk), attrs, cb->extack,
			     &tracker);
	if (IS_ERR(dco))
		return PTR_ERR(dco);
	netdev_put(dco->dev, &tracker);
	return 0;
}

/**
 * dco_nlx_peer_get_dumpit() - OVPNX_CMD_PEER_GET for all peers of a device
 * @skb: receives the messages
 * @cb: state of the dump
 *
 * Messages carry NLM_F_DUMP_INTR when peers have come or gone since the dump
 * began.
 *
 * Return: length of @skb, 0 at the end, or a negative errno.
 */
int dco_nlx_peer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *attrs[OVPNX_A_IFINDEX + 1];
	netdevice_tracker tracker;
	struct dco_dev *dco;
	int ret;

	ret = dco_nlx_peer_dump_parse(cb, attrs);
	if (ret)
		return ret;
	dco = dco_nl_dev_get(sock_net(cb->skb->sk), attrs, cb->extack,
			     &tracker);
	if (IS_ERR(dco))
		return PTR_ERR(dco);
	cb->seq = READ_ONCE(dco->generation);
	ret = dco_nlx_dump_peers(dco, skb, cb);
	netdev_put(dco->dev, &tracker);
	return ret;
}

static const struct nla_policy
dco_nlx_peer_set_attrs[OVPNX_A_PEER_FLAGS + 1] = {
	[OVPNX_A_PEER_ID] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_peer_id_range),
	[OVPNX_A_PEER_FLAGS] =
		NLA_POLICY_MASK(NLA_U32, OVPNX_PEER_FLAG_USERSPACE),
};

const struct nla_policy dco_nlx_peer_set_policy[OVPNX_A_PEER + 1] = {
	[OVPNX_A_IFINDEX] = { .type = NLA_U32 },
	[OVPNX_A_PEER] = NLA_POLICY_NESTED(dco_nlx_peer_set_attrs),
};

static int dco_nlx_peer_set(struct dco_peer *peer, struct nlattr **attrs,
			    struct genl_info *info)
{
	u32 flags;

	if (NL_REQ_ATTR_CHECK(info->extack, info->attrs[OVPNX_A_PEER], attrs,
			      OVPNX_A_PEER_FLAGS))
		return -EINVAL;
	flags = nla_get_u32(attrs[OVPNX_A_PEER_FLAGS]);
	return dco_peer_set_userspace(peer,
				      flags & OVPNX_PEER_FLAG_USERSPACE);
}

/**
 * dco_nlx_peer_set_doit() - OVPNX_CMD_PEER_SET
 * @skb: the request
 * @info: the request, parsed
 *
 * Return: 0 or a negative errno.
 */
int dco_nlx_peer_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nlx_peer_call(info, dco_nlx_peer_set_attrs,
				 OVPNX_A_PEER_FLAGS, dco_nlx_peer_set);
}
