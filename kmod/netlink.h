/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_NETLINK_H
#define DCO_NETLINK_H

#include <net/genetlink.h>

#include "../uapi/linux/ovpn.h"

struct dco_dev;
struct dco_endpoint;

/* no id is higher; the highest means "none" on the wire but is accepted */
#define DCO_NL_PEER_ID_MAX	0xffffff

extern struct genl_family dco_nl_family;
extern struct netlink_range_validation dco_nl_peer_id_range;
extern struct netlink_range_validation dco_nl_keepalive_range;

/* index of a multicast group */
enum dco_nl_group {
	DCO_NL_GROUP_PEERS,
};

int dco_nl_call(struct genl_info *info,
		int (*fn)(struct dco_dev *dco, struct genl_info *info));
struct dco_dev *dco_nl_dev_get(struct net *net, struct nlattr **attrs,
			       struct netlink_ext_ack *extack,
			       netdevice_tracker *tracker);
int dco_nl_put_uint(struct sk_buff *msg, int type, u64 value);
int dco_nl_put_remote(struct sk_buff *msg, const struct dco_endpoint *ep);

/* netlink_peer.c */
extern const struct nla_policy dco_nl_peer_new_policy[OVPN_A_PEER + 1];
extern const struct nla_policy dco_nl_peer_set_policy[OVPN_A_PEER + 1];
int dco_nl_peer_new_doit(struct sk_buff *skb, struct genl_info *info);
int dco_nl_peer_set_doit(struct sk_buff *skb, struct genl_info *info);

/* netlink_key.c */
extern const struct nla_policy dco_nl_key_new_policy[OVPN_A_KEYCONF + 1];
extern const struct nla_policy dco_nl_key_get_policy[OVPN_A_KEYCONF + 1];
extern const struct nla_policy dco_nl_key_swap_policy[OVPN_A_KEYCONF + 1];
extern const struct nla_policy dco_nl_key_del_policy[OVPN_A_KEYCONF + 1];
int dco_nl_key_new_doit(struct sk_buff *skb, struct genl_info *info);
int dco_nl_key_get_doit(struct sk_buff *skb, struct genl_info *info);
int dco_nl_key_swap_doit(struct sk_buff *skb, struct genl_info *info);
int dco_nl_key_del_doit(struct sk_buff *skb, struct genl_info *info);

#endif /* DCO_NETLINK_H */
