// SPDX-License-Identifier: GPL-2.0-only
/* What the data path sees of the transports. */
#include "path.h"
#include "peer.h"
#include "sock.h"
#include "udp.h"

/**
 * dco_path_find() - how to reach a peer now
 * @peer: the peer
 * @path: receives the way; given to dco_path_put() if this succeeds
 *
 * Context: BH disabled, RCU read side.
 * Return: 0, or a negative errno if there is no way to the peer.
 */
int dco_path_find(struct dco_peer *peer, struct dco_path *path)
{
	path->peer = peer;
	path->dsk = rcu_dereference(peer->sock);
	path->tos = 0;
	if (unlikely(!path->dsk))
		return -ENOTCONN;
	switch (path->dsk->transport) {
	case DCO_TRANSPORT_UDP:
		return dco_udp_find_path(path);
	case DCO_TRANSPORT_TCP:
		break;
	}
	return -EOPNOTSUPP;
}

/**
 * dco_path_put() - be done with a way, used or not
 * @path: what dco_path_find() made
 */
void dco_path_put(struct dco_path *path)
{
	dco_udp_put_path(path);
}

/**
 * dco_path_mtu() - the largest packet that leaves in one piece
 * @path: the way
 *
 * Return: length of a cleartext packet in bytes, UINT_MAX if the transport cuts
 * by itself.
 */
unsigned int dco_path_mtu(const struct dco_path *path)
{
	return dco_udp_mtu(path);
}

/**
 * dco_path_send() - send sealed packets
 * @path: the way, which takes one batch
 * @list: the packets, linked by next; consumed if this succeeds
 *
 * Context: BH disabled, RCU read side.
 * Return: 0, or a negative errno if the transport takes no packets.
 */
int dco_path_send(struct dco_path *path, struct sk_buff *list)
{
	dco_udp_send(path, list);
	return 0;
}
