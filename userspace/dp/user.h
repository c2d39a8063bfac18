/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DP_USER_H
#define DP_USER_H

#include "dp/impl.h"
#include "dp/replay.h"
#include "userdp/userdp.h"

/*
 * The userspace data path: peers and their keys on top of userdp/, in one
 * thread. What arrives in one wake-up is one batch. Private to dp/.
 *
 *   user.c	life of the data path and its peers, keys, the dp_ops table
 *   user_tx.c	TUN -> peer -> sealed -> socket
 *   user_rx.c	socket -> peer -> opened -> TUN
 *   user_mss.c	segments that fit
 *   user_ping.c	keepalive
 *   user_prefix.c	networks behind peers
 */

#define USER_BUCKETS		1024	/* power of two */
#define USER_PACKET_MAX		65536

/* Read from TUN per wake-up, so that the sockets have their turn. */
#define USER_BATCH_FRAMES	128
#define USER_BATCH_BYTES	(256 * 1024)

/* What is sealed goes out when there is so much, while it is in the cache. */
#define USER_FLUSH_BYTES	(64 * 1024)
#define USER_HEAD_LEN		(PROTO_DATA_V2_HEAD_LEN + PROTO_DATA_PID_LEN)
#define USER_OVERHEAD		(USER_HEAD_LEN + PROTO_AEAD_TAG_LEN)

/* Section 7.2: ask for a new key here, and never use the id behind the last. */
#define USER_PID_SOFT		0xff000000u
#define USER_PID_END		0x100000000u

/**
 * struct user_key - a key slot
 * @next_pid: USER_PID_END when used up
 */
struct user_key {
	bool is_set;
	bool is_soft_told;
	uint8_t key_id;
	enum proto_cipher cipher;
	uint64_t next_pid;
	struct userdp_aead seal, open;
	struct dp_replay replay;
};

/**
 * struct user_peer - owned by the tables of its data path
 * @cfg: its ids and VPN addresses; socket and addresses outside are in @dest
 * @key: the slots; @primary is the index of the one that sends
 * @inner_max: of an IP packet that is not fragmented outside; 0: not known
 * @inner_at: loop time when that was looked up
 * @last_tx, @last_rx: loop time, milliseconds
 * @is_stalled: its stream asked to wait for dp_stream_ready()
 */
struct user_peer {
	struct user_peer *next_id, *next_vpn4, *next_vpn6;
	struct dp_peer cfg;
	struct userdp_dest dest;
	struct user_key key[2];
	unsigned int primary;
	unsigned int ping_interval, ping_timeout;	/* seconds */
	size_t inner_max;
	uint64_t inner_at;
	uint64_t last_tx, last_rx;
	bool is_stalled;
	struct user_prefix *prefixes;
	struct dp_stats stats;
};

/*
 * Why packets did not go through, for the debug log at the end. Those that
 * sockets and the device did not take are counted in userdp/.
 */
struct user_drops {
	uint64_t no_peer, no_key, auth, replay, source, malformed;
};

/**
 * struct dp_user - the userspace data path
 * @has_frame: a part of @frame waits, for room in @tx or the peer's stream
 * @is_held: TUN is not read, for the peer's stream
 * @is_gone: TUN does not come back
 * @tx_io, @tx_fd: while the socket takes no more: waits for it, on a copy of
 *	the descriptor, whose original somebody else watches for reading
 * @tx_peer: whose datagrams stand last in @tx
 */
struct dp_user {
	struct dp base;
	struct userdp_tun tun;
	struct loop_io *tun_io;
	struct userdp_frame frame;
	bool has_frame, is_held, is_gone;
	struct userdp_tx tx;
	struct loop_io *tx_io;
	int tx_fd;
	struct user_peer *tx_peer;
	struct userdp_merge merge;
	struct loop_timer *ping_timer;
	uint64_t ping_at;	/* loop time at which it should fire */
	struct user_peer *by_id[USER_BUCKETS];
	struct user_peer *by_vpn4[USER_BUCKETS];
	struct user_peer *by_vpn6[USER_BUCKETS];
	struct user_prefixes *prefixes;	/* NULL before the first one */
	unsigned int n_peers;
	struct user_drops drops;
};

/* user.c */
struct dp_user *user_get(struct dp *dp);
struct user_peer *user_find_id(struct dp_user *user, uint32_t id);
/* any peer, there is at most one in DP_MODE_P2P; NULL when there is none */
struct user_peer *user_find_first(struct dp_user *user);
struct user_peer *user_find_vpn(struct dp_user *user, const struct net_ip *ip);
void user_peer_remove(struct dp_user *user, struct user_peer *peer);
/* source or destination address of an IP packet; false when it is none */
bool user_inner_addr(const uint8_t *pkt, size_t len, bool is_source,
		     struct net_ip *out);

/* user_prefix.c */
int user_prefix_add(struct dp *dp, uint32_t peer_id,
		    const struct net_prefix *dst);
int user_prefix_del(struct dp *dp, uint32_t peer_id,
		    const struct net_prefix *dst);
void user_prefix_drop(struct dp_user *user, struct user_peer *peer);
/* the peer with this address, or with the longest prefix of it; NULL */
struct user_peer *user_find_inner(struct dp_user *user,
				  const struct net_ip *ip);

/* user_tx.c */
/* to be called when peers come, go, stall or go on */
void user_tun_rearm(struct dp_user *user);
void user_stream_ready(struct dp *dp, uint32_t peer_id);
void user_tun_event(struct loop_io *io, unsigned int events, void *arg);
void user_tx_stop(struct dp_user *user);
/* a peer goes: nothing in the queue belongs to it any more */
void user_tx_forget(struct dp_user *user, struct user_peer *peer);
/* may emit key_exhausted at its end: @peer can be gone afterwards */
int user_send(struct dp_user *user, struct user_peer *peer,
	      const uint8_t *payload, size_t len);
int user_send_occ(struct dp *dp, uint32_t peer_id, enum proto_occ_op op);

/* user_rx.c */
int user_input(struct dp *dp, int fd, const uint8_t *pkt, size_t len,
	       const union net_addr *remote, const union net_addr *local);
void user_batch_end(struct dp *dp);

/* user_mss.c: a packet to or from @peer, in the clear */
void user_mss(struct dp_user *user, struct user_peer *peer, uint8_t *pkt,
	      size_t len);

/* user_ping.c */
void user_ping_event(struct loop_timer *timer, void *arg);
void user_ping_rearm(struct dp_user *user);

#endif
