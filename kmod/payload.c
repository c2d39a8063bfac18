// SPDX-License-Identifier: GPL-2.0-only
/*
 * Authentic payloads that are neither IP nor a keepalive: OCC messages and exit
 * notifications of OpenVPN 2.4 and 2.5, which have no control channel message
 * for them. They go to whoever listens to the events of family "ovpnx".
 *
 * Nothing is kept here. An event is made only if somebody listens, is bounded
 * in length and, per peer, in rate, and waits in the listener's socket, which
 * is bounded by its receive buffer.
 */
#include <linux/ratelimit.h>
#include <net/genetlink.h>

#include "device.h"
#include "netlink_x.h"
#include "payload.h"
#include "peer.h"
#include "sock.h"

/**
 * dco_payload_init() - prepare the limit of a new peer
 * @peer: the peer
 */
void dco_payload_init(struct dco_peer *peer)
{
	ratelimit_state_init(&peer->payload_limit, HZ, DCO_PAYLOAD_RATE);
	/* the limit itself must not write to the log */
	ratelimit_set_flags(&peer->payload_limit, RATELIMIT_MSG_ON_RELEASE);
}

static int dco_payload_put(struct sk_buff *msg, const struct dco_peer *peer,
			   const void *data, size_t len)
{
	struct nlattr *attr;
	void *hdr;

	hdr = genlmsg_put(msg, 0, 0, &dco_nlx_family, 0,
			  OVPNX_CMD_PEER_PAYLOAD_NTF);
	if (!hdr || nla_put_u32(msg, OVPNX_A_IFINDEX, peer->dco->dev->ifindex))
		return -EMSGSIZE;
	attr = nla_nest_start(msg, OVPNX_A_PEER);
	if (!attr || nla_put_u32(msg, OVPNX_A_PEER_ID, peer->id) ||
	    nla_put(msg, OVPNX_A_PEER_PAYLOAD, len, data))
		return -EMSGSIZE;
	nla_nest_end(msg, attr);
	genlmsg_end(msg, hdr);
	return 0;
}

/**
 * dco_payload_notify() - hand a payload to userspace
 * @peer: whose it is
 * @data: the payload, authentic
 * @len: its length in bytes
 *
 * Context: BH disabled, RCU read side.
 * Return: false if nobody got it.
 */
bool dco_payload_notify(struct dco_peer *peer, const void *data, size_t len)
{
	struct dco_sock *dsk = rcu_dereference(peer->sock);
	struct sk_buff *msg;
	struct net *net;

	if (!dsk || !len || len > DCO_PAYLOAD_MAX)
		return false;
	net = sock_net(dsk->sk);
	if (!genl_has_listeners(&dco_nlx_family, net, DCO_NLX_GROUP_EVENTS) ||
	    !__ratelimit(&peer->payload_limit))
		return false;

	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!msg)
		return false;
	if (dco_payload_put(msg, peer, data, len)) {
		nlmsg_free(msg);
		return false;
	}
	return !genlmsg_multicast_netns(&dco_nlx_family, net, msg, 0,
					DCO_NLX_GROUP_EVENTS, GFP_ATOMIC);
}
