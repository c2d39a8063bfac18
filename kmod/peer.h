/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DCO_PEER_H
#define DCO_PEER_H

#include <linux/kref.h>
#include <linux/netdevice.h>
#include <linux/ratelimit_types.h>
#include <linux/workqueue.h>

#include "../uapi/linux/ovpn.h"
#include "drop.h"
#include "key.h"

struct dco_dev;
struct dco_endpoint;
struct dco_peer_stats;
struct dco_sock;
struct dco_stage;
struct dco_vpn_addr;
struct dco_vpn_pair;

/**
 * struct dco_peer - the other end of a tunnel
 * @dco: the device; held until the peer is freed
 * @id: peer id in packets that we receive
 * @tx_id: peer id in packets that we send
 * @sock: how to reach it; NULL as soon as the peer has left the table
 * @endpoint: where to reach it, NULL with TCP, whose socket knows; written
 *	under @dco->lock
 * @vpn4: its inner IPv4 address or NULL; written under @dco->lock
 * @vpn6: its inner IPv6 address or NULL; written under @dco->lock
 * @n_prefixes: how many inner prefixes it has; written under @dco->lock
 * @is_userspace: userspace carries it, see handoff.c; written under @dco->lock
 * @ip_id: random; with a packet id it makes an IPv4 identification
 * @keys: what to talk to it with
 * @stats: per-CPU counters
 * @drops_carry: how often a CPU's counter of drops went round
 * @stages: packets to it that wait for company, or NULL if none ever did; set
 *	once, owned by the peer
 * @last_sent: second of boot time of the last packet to it
 * @last_recv: second of boot time of the last authentic packet from it
 * @keepalive_lock: protects the other keepalive_* fields
 * @keepalive_interval: seconds of silence after which to send; 0: never
 * @keepalive_timeout: seconds of silence after which it is gone; 0: never
 * @keepalive_send_at: do not send before this second
 * @keepalive_expire_at: do not expire before this second
 * @keepalive_work: sends and expires; holds a reference while it is queued
 * @payload_limit: of events about its payloads, see payload.c
 * @prefixes4: its IPv4 prefixes, under @dco->lock
 * @prefixes6: its IPv6 prefixes, under @dco->lock
 * @is_in_table: see struct dco_dev; written under @dco->lock
 * @del_reason: why it left the table
 * @sock_node: in @sock's list of peers, under @dco->lock
 * @release_node: in a list of peers that have left the table
 * @ref: the table, @keepalive_work, a stage and netlink requests each hold one
 * @free_work: frees it after the last reference and a grace period; only the
 *	latter's part is used if there is no key
 * @dev_tracker: of the reference to @dco->dev
 *
 * The data path finds peers under RCU and takes no reference.
 */
struct dco_peer {
	struct dco_dev *dco;
	u32 id;
	u32 tx_id;
	struct dco_sock __rcu *sock;
	struct dco_endpoint __rcu *endpoint;
	struct dco_vpn_addr __rcu *vpn4;
	struct dco_vpn_addr __rcu *vpn6;
	unsigned int n_prefixes;
	bool is_userspace;
	u16 ip_id;
	struct dco_key_slots keys;
	struct dco_peer_stats __percpu *stats;
	atomic_t drops_carry[DCO_DROP_MAX];
	struct dco_stage *stages;

	unsigned long last_sent ____cacheline_aligned_in_smp;
	unsigned long last_recv ____cacheline_aligned_in_smp;

	spinlock_t keepalive_lock ____cacheline_aligned_in_smp;
	unsigned long keepalive_interval;
	unsigned long keepalive_timeout;
	unsigned long keepalive_send_at;
	unsigned long keepalive_expire_at;
	struct delayed_work keepalive_work;

	struct ratelimit_state payload_limit;
	struct list_head prefixes4;
	struct list_head prefixes6;
	bool is_in_table;
	enum ovpn_del_peer_reason del_reason;
	struct hlist_node sock_node;
	struct list_head release_node;
	struct kref ref;
	struct rcu_work free_work;
	netdevice_tracker dev_tracker;
};

struct dco_peer *dco_peer_new(struct dco_dev *dco, u32 id);
struct dco_peer *dco_peer_get(struct dco_peer *peer);
void dco_peer_put(struct dco_peer *peer);

struct dco_peer *dco_peer_get_by_id(struct dco_dev *dco, u32 id);

int dco_peer_add(struct dco_peer *peer, const struct dco_vpn_pair *pair);
int dco_peer_set_userspace(struct dco_peer *peer, bool is_userspace);
int dco_peer_del(struct dco_peer *peer, enum ovpn_del_peer_reason reason);
void dco_peer_del_by_dsk(struct dco_sock *dsk,
			 enum ovpn_del_peer_reason reason);
void dco_peer_del_by_sock(struct sock *sk, enum ovpn_del_peer_reason reason);
void dco_peer_del_all(struct dco_dev *dco, enum ovpn_del_peer_reason reason);

/* marks a time of activity; written only when the second has changed */
static inline void dco_peer_touch(unsigned long *stamp, unsigned long now)
{
	if (READ_ONCE(*stamp) != now)
		WRITE_ONCE(*stamp, now);
}

#endif /* DCO_PEER_H */
