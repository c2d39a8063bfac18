/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_NETLINK_X_H
#define DCO_NETLINK_X_H

#include <net/genetlink.h>

#include "../uapi/linux/ovpnx.h"

struct dco_peer;

extern struct genl_family dco_nlx_family;

/* index of a multicast group */
enum dco_nlx_group {
	DCO_NLX_GROUP_EVENTS,
};

/* a PEER nest that names a peer and says nothing else */
extern const struct nla_policy dco_nlx_peer_id_policy[OVPNX_A_PEER_ID + 1];

int dco_nlx_peer_call(struct genl_info *info,
		      const struct nla_policy *policy, int maxtype,
		      int (*fn)(struct dco_peer *peer, struct nlattr **attrs,
				struct genl_info *info));

/* netlink_x_peer.c */
int dco_nlx_peer_get_doit(struct sk_buff *skb, struct genl_info *info);
extern const struct nla_policy dco_nlx_peer_set_policy[OVPNX_A_PEER + 1];
int dco_nlx_peer_set_doit(struct sk_buff *skb, struct genl_info *info);
int dco_nlx_peer_get_start(struct netlink_callback *cb);
int dco_nlx_peer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);

/* netlink_x_key.c */
extern const struct nla_policy dco_nlx_key_new_policy[OVPNX_A_KEYCONF + 1];
extern const struct nla_policy dco_nlx_key_get_policy[OVPNX_A_KEYCONF + 1];
int dco_nlx_key_new_doit(struct sk_buff *skb, struct genl_info *info);
int dco_nlx_key_get_doit(struct sk_buff *skb, struct genl_info *info);

/* netlink_x_prefix.c */
extern const struct nla_policy dco_nlx_prefix_policy[OVPNX_A_PEER + 1];
int dco_nlx_prefix_get_doit(struct sk_buff *skb, struct genl_info *info);
int dco_nlx_prefix_set_doit(struct sk_buff *skb, struct genl_info *info);
int dco_nlx_prefix_add_doit(struct sk_buff *skb, struct genl_info *info);
int dco_nlx_prefix_del_doit(struct sk_buff *skb, struct genl_info *info);

#endif /* DCO_NETLINK_X_H */
