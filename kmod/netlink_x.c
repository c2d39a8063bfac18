// SPDX-License-Identifier: GPL-2.0-only
/*
 * The genl family "ovpnx": what upstream's family has no place for. Its frame,
 * the features and the settings of a device.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/module.h>
#include <net/genetlink.h>

#include "device.h"
#include "handoff.h"
#include "names.h"
#include "netlink.h"
#include "netlink_x.h"
#include "payload.h"
#include "peer.h"
#include "peer_table.h"
#include "prefix.h"

#define DCO_NLX_FEATURES						\
	((u64)(OVPNX_FEATURE_PEER_DROPS | OVPNX_FEATURE_PAYLOAD |	\
	       OVPNX_FEATURE_USERSPACE | OVPNX_FEATURE_PREFIXES |	\
	       OVPNX_FEATURE_MSS | OVPNX_FEATURE_KEY_STATE |		\
	       OVPNX_FEATURE_USERSPACE_TCP |				\
	       OVPNX_FEATURE_EPOCH))

/* what dco_nl_dev_get() and dco_nl_call() look at has one number in both */
static_assert((int)OVPNX_A_IFINDEX == (int)OVPN_A_IFINDEX);

const struct nla_policy dco_nlx_peer_id_policy[OVPNX_A_PEER_ID + 1] = {
	[OVPNX_A_PEER_ID] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_peer_id_range),
};

struct dco_nlx_peer_call {
	const struct nla_policy *policy;
	int maxtype;
	int (*fn)(struct dco_peer *peer, struct nlattr **attrs,
		  struct genl_info *info);
};

static int dco_nlx_on_peer(struct dco_dev *dco, struct genl_info *info)
{
	const struct dco_nlx_peer_call *call = info->user_ptr[0];
	struct nlattr *attrs[OVPNX_A_PEER_MAX + 1] = {};
	struct dco_peer *peer;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, OVPNX_A_PEER))
		return -EINVAL;
	err = nla_parse_nested(attrs, call->maxtype, info->attrs[OVPNX_A_PEER],
			       call->policy, info->extack);
	if (err)
		return err;
	if (NL_REQ_ATTR_CHECK(info->extack, info->attrs[OVPNX_A_PEER], attrs,
			      OVPNX_A_PEER_ID))
		return -EINVAL;
	peer = dco_peer_get_by_id(dco, nla_get_u32(attrs[OVPNX_A_PEER_ID]));
	if (!peer) {
		NL_SET_ERR_MSG_MOD(info->extack, "no peer has this id");
		NL_SET_BAD_ATTR(info->extack, attrs[OVPNX_A_PEER_ID]);
		return -ENOENT;
	}
	err = call->fn(peer, attrs, info);
	dco_peer_put(peer);
	return err;
}

/**
 * dco_nlx_peer_call() - run a request on the peer that it names
 * @info: the request
 * @policy: of its PEER nest, which has a PEER_ID
 * @maxtype: highest attribute of @policy, at most OVPNX_A_PEER_MAX
 * @fn: does it; the peer stays while it runs, in the table or not
 *
 * Context: process, may sleep.
 * Return: what @fn returns, or -EINVAL, -ENODEV or -ENOENT if there is no such
 * peer.
 */
int dco_nlx_peer_call(struct genl_info *info,
		      const struct nla_policy *policy, int maxtype,
		      int (*fn)(struct dco_peer *peer, struct nlattr **attrs,
				struct genl_info *info))
{
	struct dco_nlx_peer_call call = {
		.policy = policy, .maxtype = maxtype, .fn = fn,
	};

	info->user_ptr[0] = &call;
	return dco_nl_call(info, dco_nlx_on_peer);
}

static int dco_nlx_put_features(struct sk_buff *msg)
{
	struct nlattr *attr;

	attr = nla_nest_start(msg, OVPNX_A_FEATURES);
	if (!attr ||
	    dco_nl_put_uint(msg, OVPNX_A_FEATURES_MASK, DCO_NLX_FEATURES) ||
	    nla_put_u32(msg, OVPNX_A_FEATURES_PAYLOAD_MAX, DCO_PAYLOAD_MAX) ||
	    nla_put_u32(msg, OVPNX_A_FEATURES_PAYLOAD_RATE, DCO_PAYLOAD_RATE) ||
	    nla_put_u32(msg, OVPNX_A_FEATURES_QUEUE_MAX, DCO_HANDOFF_MAX) ||
	    nla_put_u32(msg, OVPNX_A_FEATURES_PREFIXES_MAX, DCO_PREFIX_MAX))
		return -EMSGSIZE;
	nla_nest_end(msg, attr);
	return 0;
}

static int dco_nlx_get_features_doit(struct sk_buff *skb,
				     struct genl_info *info)
{
	struct sk_buff *msg;
	void *hdr;

	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &dco_nlx_family, 0,
				OVPNX_CMD_GET_FEATURES);
	if (!hdr || dco_nlx_put_features(msg)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

static u32 dco_nlx_count_peers(struct dco_dev *dco)
{
	unsigned long id = 0;
	u32 count = 0;

	rcu_read_lock();
	for (; dco_table_next(dco, &id); id++)
		count++;
	rcu_read_unlock();
	return count;
}

static int dco_nlx_put_dev(struct sk_buff *msg, struct dco_dev *dco)
{
	struct nlattr *attr;

	if (nla_put_u32(msg, OVPNX_A_IFINDEX, dco->dev->ifindex))
		return -EMSGSIZE;
	attr = nla_nest_start(msg, OVPNX_A_DEV);
	if (!attr ||
	    nla_put_u32(msg, OVPNX_A_DEV_PEERS, dco_nlx_count_peers(dco)) ||
	    nla_put_u32(msg, OVPNX_A_DEV_MSS, READ_ONCE(dco->mss)))
		return -EMSGSIZE;
	nla_nest_end(msg, attr);
	return 0;
}

static int dco_nlx_dev_get(struct dco_dev *dco, struct genl_info *info)
{
	struct sk_buff *msg;
	void *hdr;

	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &dco_nlx_family, 0,
				OVPNX_CMD_DEV_GET);
	if (!hdr || dco_nlx_put_dev(msg, dco)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

static int dco_nlx_dev_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nl_call(info, dco_nlx_dev_get);
}

/* the module's own numbers are those of the interface */
static_assert((int)OVPNX_MSS_AUTO == DCO_MSS_AUTO);
static_assert((int)OVPNX_MSS_OFF == DCO_MSS_OFF);

/* not const: older kernels' policies do not take a const one */
static struct netlink_range_validation dco_nlx_mss_range = {
	.max = OVPNX_MSS_OFF,
};

static const struct nla_policy dco_nlx_dev_set_attrs[OVPNX_A_DEV_MSS + 1] = {
	[OVPNX_A_DEV_MSS] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nlx_mss_range),
};

static int dco_nlx_dev_set(struct dco_dev *dco, struct genl_info *info)
{
	struct nlattr *attrs[OVPNX_A_DEV_MSS + 1];
	u32 mss;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, OVPNX_A_DEV))
		return -EINVAL;
	err = nla_parse_nested(attrs, OVPNX_A_DEV_MSS,
			       info->attrs[OVPNX_A_DEV],
			       dco_nlx_dev_set_attrs, info->extack);
	if (err)
		return err;
	if (NL_REQ_ATTR_CHECK(info->extack, info->attrs[OVPNX_A_DEV], attrs,
			      OVPNX_A_DEV_MSS))
		return -EINVAL;
	mss = nla_get_u32(attrs[OVPNX_A_DEV_MSS]);
	if (mss != OVPNX_MSS_AUTO && mss < OVPNX_MSS_MIN) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[OVPNX_A_DEV_MSS],
				    "no TCP takes so small segments");
		return -ERANGE;
	}
	WRITE_ONCE(dco->mss, mss);
	return 0;
}

static int dco_nlx_dev_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nl_call(info, dco_nlx_dev_set);
}

static int dco_nlx_reply_fd(struct dco_dev *dco, struct genl_info *info, int fd)
{
	struct nlattr *attr = NULL;
	struct sk_buff *msg;
	void *hdr;

	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &dco_nlx_family, 0,
				OVPNX_CMD_DEV_OPEN);
	if (hdr && !nla_put_u32(msg, OVPNX_A_IFINDEX, dco->dev->ifindex))
		attr = nla_nest_start(msg, OVPNX_A_DEV);
	if (!attr || nla_put_s32(msg, OVPNX_A_DEV_FD, fd)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, attr);
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

/* Requests are served in the process that sends them, so its table of files is
 * at hand. A descriptor cannot be taken back, so it comes to life only after
 * the reply has got through.
 */
static int dco_nlx_dev_open(struct dco_dev *dco, struct genl_info *info)
{
	struct file *file;
	int fd, err;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		NL_SET_ERR_MSG_MOD(info->extack, "no file descriptor is free");
		return fd;
	}
	file = dco_handoff_open(dco);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		if (err == -EBUSY)
			NL_SET_ERR_MSG_MOD(info->extack,
					   "the device's file is open");
		goto err_fd;
	}
	err = dco_nlx_reply_fd(dco, info, fd);
	if (err)
		goto err_file;
	fd_install(fd, file);
	return 0;

err_file:
	fput(file);
err_fd:
	put_unused_fd(fd);
	return err;
}

static int dco_nlx_dev_open_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nl_call(info, dco_nlx_dev_open);
}

/* A request takes no attribute but those of its policy, or none without. */

static const struct nla_policy dco_nlx_dev_get_policy[] = {
	[OVPNX_A_IFINDEX] = { .type = NLA_U32 },
};

static const struct nla_policy dco_nlx_dev_set_policy[OVPNX_A_DEV + 1] = {
	[OVPNX_A_IFINDEX] = { .type = NLA_U32 },
	[OVPNX_A_DEV] = NLA_POLICY_NESTED(dco_nlx_dev_set_attrs),
};

static const struct nla_policy dco_nlx_peer_get_policy[OVPNX_A_PEER + 1] = {
	[OVPNX_A_IFINDEX] = { .type = NLA_U32 },
	[OVPNX_A_PEER] = NLA_POLICY_NESTED(dco_nlx_peer_id_policy),
};

static const struct genl_ops dco_nlx_ops[] = {
	{
		.cmd		= OVPNX_CMD_GET_FEATURES,
		.doit		= dco_nlx_get_features_doit,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPNX_CMD_DEV_GET,
		.doit		= dco_nlx_dev_get_doit,
		.policy		= dco_nlx_dev_get_policy,
		.maxattr	= ARRAY_SIZE(dco_nlx_dev_get_policy) - 1,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPNX_CMD_DEV_SET,
		.doit		= dco_nlx_dev_set_doit,
		.policy		= dco_nlx_dev_set_policy,
		.maxattr	= ARRAY_SIZE(dco_nlx_dev_set_policy) - 1,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPNX_CMD_DEV_OPEN,
		.doit		= dco_nlx_dev_open_doit,
		.policy		= dco_nlx_dev_get_policy,
		.maxattr	= ARRAY_SIZE(dco_nlx_dev_get_policy) - 1,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPNX_CMD_PEER_GET,
		.doit		= dco_nlx_peer_get_doit,
		.start		= dco_nlx_peer_get_start,
		.dumpit		= dco_nlx_peer_get_dumpit,
		.policy		= dco_nlx_peer_get_policy,
		.maxattr	= ARRAY_SIZE(dco_nlx_peer_get_policy) - 1,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPNX_CMD_PEER_SET,
		.doit		= dco_nlx_peer_set_doit,
		.policy		= dco_nlx_peer_set_policy,
		.maxattr	= OVPNX_A_PEER,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPNX_CMD_PREFIX_GET,
		.doit		= dco_nlx_prefix_get_doit,
		.policy		= dco_nlx_peer_get_policy,
		.maxattr	= OVPNX_A_PEER,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPNX_CMD_PREFIX_SET,
		.doit		= dco_nlx_prefix_set_doit,
		.policy		= dco_nlx_prefix_policy,
		.maxattr	= OVPNX_A_PEER,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPNX_CMD_PREFIX_ADD,
		.doit		= dco_nlx_prefix_add_doit,
		.policy		= dco_nlx_prefix_policy,
		.maxattr	= OVPNX_A_PEER,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPNX_CMD_PREFIX_DEL,
		.doit		= dco_nlx_prefix_del_doit,
		.policy		= dco_nlx_prefix_policy,
		.maxattr	= OVPNX_A_PEER,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPNX_CMD_KEY_NEW,
		.doit		= dco_nlx_key_new_doit,
		.policy		= dco_nlx_key_new_policy,
		.maxattr	= OVPNX_A_KEYCONF,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= OVPNX_CMD_KEY_GET,
		.doit		= dco_nlx_key_get_doit,
		.policy		= dco_nlx_key_get_policy,
		.maxattr	= OVPNX_A_KEYCONF,
		.flags		= GENL_ADMIN_PERM,
	},
};

static const struct genl_multicast_group dco_nlx_groups[] = {
	[DCO_NLX_GROUP_EVENTS] = {
		.name = OVPNX_MCGRP_EVENTS,
		DCO_COMPAT_MCAST_ADMIN
	},
};

struct genl_family dco_nlx_family __ro_after_init = {
	.name		= DCO_NAME_X,
	.version	= OVPNX_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= dco_nlx_ops,
	.n_ops		= ARRAY_SIZE(dco_nlx_ops),
	.mcgrps		= dco_nlx_groups,
	.n_mcgrps	= ARRAY_SIZE(dco_nlx_groups),
};
