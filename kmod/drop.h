/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_DROP_H
#define DCO_DROP_H

#include <linux/types.h>

struct dco_dev;
struct dco_peer;
struct sk_buff;

/**
 * enum dco_drop - why a packet was not forwarded
 * @DCO_DROP_RX_SHORT: too short for a header and a byte of payload
 * @DCO_DROP_RX_DATA_V1: a data packet without peer id
 * @DCO_DROP_RX_NO_PEER: no such peer id, or none with this source address
 * @DCO_DROP_RX_NO_KEY: the peer has no key with this id
 * @DCO_DROP_RX_KEY_SPENT: too many packets did not authenticate with the key
 * @DCO_DROP_RX_EPOCH: of an epoch that is over or too far ahead
 * @DCO_DROP_RX_NO_MEM: could not get memory
 * @DCO_DROP_RX_AUTH: did not authenticate
 * @DCO_DROP_RX_CRYPTO: the cipher failed
 * @DCO_DROP_RX_REPLAY: seen before, or older than the window
 * @DCO_DROP_RX_PROTO: payload is neither IP nor a keepalive, or it is where it
 *	cannot be read
 * @DCO_DROP_RX_SOURCE: inner source address does not belong to the peer
 * @DCO_DROP_RX_ECN: congested outside, and inside not capable of being told
 * @DCO_DROP_RX_DOWN: the interface is down
 * @DCO_DROP_RX_QUEUE: too much is waiting for the stack
 * @DCO_DROP_TX_PROTO: not an IP packet, or nothing that can be read
 * @DCO_DROP_TX_NO_PEER: no peer has this destination
 * @DCO_DROP_TX_NO_KEY: the peer has no primary key
 * @DCO_DROP_TX_KEY_SPENT: the key's packet ids have all been used
 * @DCO_DROP_TX_NO_MEM: could not get memory
 * @DCO_DROP_TX_GSO: the segments could not be made
 * @DCO_DROP_TX_CRYPTO: the cipher failed
 * @DCO_DROP_TX_NO_ROUTE: no route to the peer's endpoint, or only through
 *	the device itself; its connection has ended
 * @DCO_DROP_TX_TOO_BIG: does not fit the path, which must not fragment
 * @DCO_DROP_TX_QUEUE: too much is waiting for the peer's TCP connection, or for
 *	company
 * @DCO_DROP_TX_HANDOFF: for userspace, which does not read it
 * @DCO_DROP_MAX: number of causes
 *
 * Those of reception come first, see dco_drop_is_rx(). The numbers are not
 * stable; what users see are the names in dco_drops[].
 */
enum dco_drop {
	DCO_DROP_RX_SHORT,
	DCO_DROP_RX_DATA_V1,
	DCO_DROP_RX_NO_PEER,
	DCO_DROP_RX_NO_KEY,
	DCO_DROP_RX_KEY_SPENT,
	DCO_DROP_RX_EPOCH,
	DCO_DROP_RX_NO_MEM,
	DCO_DROP_RX_AUTH,
	DCO_DROP_RX_CRYPTO,
	DCO_DROP_RX_REPLAY,
	DCO_DROP_RX_PROTO,
	DCO_DROP_RX_SOURCE,
	DCO_DROP_RX_ECN,
	DCO_DROP_RX_DOWN,
	DCO_DROP_RX_QUEUE,
	DCO_DROP_TX_PROTO,
	DCO_DROP_TX_NO_PEER,
	DCO_DROP_TX_NO_KEY,
	DCO_DROP_TX_KEY_SPENT,
	DCO_DROP_TX_NO_MEM,
	DCO_DROP_TX_GSO,
	DCO_DROP_TX_CRYPTO,
	DCO_DROP_TX_NO_ROUTE,
	DCO_DROP_TX_TOO_BIG,
	DCO_DROP_TX_QUEUE,
	DCO_DROP_TX_HANDOFF,
	DCO_DROP_MAX,
};

static inline bool dco_drop_is_rx(enum dco_drop cause)
{
	return cause < DCO_DROP_TX_PROTO;
}

void dco_drop(struct dco_dev *dco, struct sk_buff *skb, enum dco_drop cause);
void dco_peer_drop(struct dco_peer *peer, struct sk_buff *skb,
		   enum dco_drop cause);
void dco_peer_drop_list(struct dco_peer *peer, struct sk_buff *list,
			enum dco_drop cause);
struct sk_buff *dco_peer_unshare(struct dco_peer *peer, struct sk_buff *skb);
void dco_peer_drop_count(struct dco_peer *peer, enum dco_drop cause);
void dco_peer_drops_read(const struct dco_peer *peer, u64 drops[DCO_DROP_MAX]);
const char *dco_drop_name(enum dco_drop cause);

#endif /* DCO_DROP_H */
