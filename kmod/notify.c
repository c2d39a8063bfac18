// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events go to the network namespace of the peer's socket. Consumers compare
 * decoded messages, so the order of attributes is part of the interface.
 */
#include <net/genetlink.h>

#include "device.h"
#include "endpoint.h"
#include "netlink.h"
#include "notify.h"
#include "peer.h"
#include "sock.h"

/* The longest: interface, and of a peer its id and an IPv6 address with scope
 * and port. A page would be cleared, for nothing.
 */
#define DCO_NOTIFY_SIZE	(nla_total_size(sizeof(u32)) + nla_total_size(0) + \
			 nla_total_size(sizeof(u32)) + \
			 nla_total_size(sizeof(struct in6_addr)) + \
			 nla_total_size(sizeof(u32)) + \
			 nla_total_size(sizeof(u16)))

static bool dco_notify_is_heard(struct dco_peer *peer)
{
	const struct dco_sock *dsk;
	bool is_heard;

	rcu_read_lock();
	dsk = rcu_dereference(peer->sock);
	is_heard = dsk && genl_has_listeners(&dco_nl_family, sock_net(dsk->sk),
					     DCO_NL_GROUP_PEERS);
	rcu_read_unlock();
	return is_heard;
}

/* NULL if nobody would get it, too */
static struct sk_buff *dco_notify_new(struct dco_peer *peer, u8 cmd, int nest,
				      void **hdr, struct nlattr **attr)
{
	struct sk_buff *msg;

	if (!dco_notify_is_heard(peer))
		return NULL;
	msg = genlmsg_new(DCO_NOTIFY_SIZE, GFP_ATOMIC);
	if (!msg)
		return NULL;

	*hdr = genlmsg_put(msg, 0, 0, &dco_nl_family, 0, cmd);
	if (!*hdr || nla_put_u32(msg, OVPN_A_IFINDEX, peer->dco->dev->ifindex))
		goto err;
	*attr = nla_nest_start(msg, nest);
	if (!*attr)
		goto err;
	return msg;
err:
	nlmsg_free(msg);
	return NULL;
}

static void dco_notify_send_take(struct dco_peer *peer, struct sk_buff *msg,
				 void *hdr, struct nlattr *attr)
{
	struct dco_sock *dsk;

	nla_nest_end(msg, attr);
	genlmsg_end(msg, hdr);

	rcu_read_lock();
	dsk = rcu_dereference(peer->sock);
	if (dsk)
		genlmsg_multicast_netns(&dco_nl_family, sock_net(dsk->sk), msg,
					0, DCO_NL_GROUP_PEERS, GFP_ATOMIC);
	else
		nlmsg_free(msg);
	rcu_read_unlock();
}

/**
 * dco_notify_peer_del() - tell that a peer has been removed
 * @peer: the peer, which still has its socket
 * @reason: why
 */
void dco_notify_peer_del(struct dco_peer *peer,
			 enum ovpn_del_peer_reason reason)
{
	struct nlattr *attr;
	struct sk_buff *msg;
	void *hdr;

	netdev_dbg(peer->dco->dev, "peer %u removed, reason %d\n", peer->id,
		   reason);
	msg = dco_notify_new(peer, OVPN_CMD_PEER_DEL_NTF, OVPN_A_PEER, &hdr,
			     &attr);
	if (!msg)
		return;
	if (nla_put_u32(msg, OVPN_A_PEER_DEL_REASON, reason) ||
	    nla_put_u32(msg, OVPN_A_PEER_ID, peer->id)) {
		nlmsg_free(msg);
		return;
	}
	dco_notify_send_take(peer, msg, hdr, attr);
}

/**
 * dco_notify_peer_float() - tell that a peer has another outer address
 * @peer: the peer
 * @ep: where it is now
 */
void dco_notify_peer_float(struct dco_peer *peer,
			   const struct dco_endpoint *ep)
{
	struct nlattr *attr;
	struct sk_buff *msg;
	void *hdr;

	msg = dco_notify_new(peer, OVPN_CMD_PEER_FLOAT_NTF, OVPN_A_PEER, &hdr,
			     &attr);
	if (!msg)
		return;
	if (nla_put_u32(msg, OVPN_A_PEER_ID, peer->id) ||
	    dco_nl_put_remote(msg, ep)) {
		nlmsg_free(msg);
		return;
	}
	dco_notify_send_take(peer, msg, hdr, attr);
}

/**
 * dco_notify_key_swap() - ask for a new key
 * @peer: the peer
 * @key_id: the key that has few packet ids left, or none
 */
void dco_notify_key_swap(struct dco_peer *peer, u8 key_id)
{
	struct nlattr *attr;
	struct sk_buff *msg;
	void *hdr;

	msg = dco_notify_new(peer, OVPN_CMD_KEY_SWAP_NTF, OVPN_A_KEYCONF, &hdr,
			     &attr);
	if (!msg)
		return;
	if (nla_put_u32(msg, OVPN_A_KEYCONF_PEER_ID, peer->id) ||
	    nla_put_u16(msg, OVPN_A_KEYCONF_KEY_ID, key_id)) {
		nlmsg_free(msg);
		return;
	}
	dco_notify_send_take(peer, msg, hdr, attr);
}
