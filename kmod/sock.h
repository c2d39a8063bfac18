/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_SOCK_H
#define DCO_SOCK_H

#include <linux/netdevice.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/sock.h>

struct dco_dev;
struct dco_flow_key;
struct dco_peer;
struct dco_tcp;

/**
 * enum dco_transport - what carries packets
 * @DCO_TRANSPORT_UDP: a datagram each, udp.c
 * @DCO_TRANSPORT_TCP: a record of a stream each, tcp.c; one peer per socket
 */
enum dco_transport {
	DCO_TRANSPORT_UDP,
	DCO_TRANSPORT_TCP,
};

/**
 * struct dco_sock - a transport socket that carries peers of one device
 * @sk: the socket; held, but not its file: closing that ends the peers
 * @dco: the device; held
 * @transport: what kind of socket it is; never changes
 * @tcp: what TCP needs more; owned; NULL with UDP
 * @watch: looks after a UDP socket of IPv6, see udp_life.c
 * @users: peers that have it, in the table or not; under lock_sock(@sk)
 * @peers: those in the table; under @dco->lock
 * @refs: one for all of @users, and one for each work of the transport
 * @rcu: to free it
 * @dev_tracker: of the reference to @dco->dev
 *
 * It is the user data of @sk while @users is not 0. Freed a grace period after
 * the last of @refs, so that whoever finds it under RCU may use it and what it
 * holds.
 */
struct dco_sock {
	struct sock *sk;
	struct dco_dev *dco;
	enum dco_transport transport;
	struct dco_tcp *tcp;
	struct delayed_work watch;
	unsigned int users;
	struct hlist_head peers;
	refcount_t refs;
	struct rcu_head rcu;
	netdevice_tracker dev_tracker;
};

struct dco_sock *dco_sock_get(struct socket *sock, struct dco_dev *dco);
void dco_sock_put(struct dco_sock *dsk);
void dco_sock_unref(struct dco_sock *dsk);
void dco_sock_link(struct dco_peer *peer);
void dco_sock_unlink(struct dco_peer *peer);
void dco_sock_kick(struct dco_peer *peer);
bool dco_sock_flow(const struct dco_sock *dsk, struct dco_flow_key *flow);

bool dco_sock_flow_is_current(const struct dco_sock *dsk,
			      const struct dco_flow_key *flow);

#endif /* DCO_SOCK_H */
