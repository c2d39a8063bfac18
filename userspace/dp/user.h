/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DP_USER_H
#define DP_USER_H

#include "dp/impl.h"
#include "dp/replay.h"
#include "dp/ring.h"
#include "userdp/userdp.h"

/*
 * The userspace data path: peers and their keys on top of userdp/, in one
 * thread; with several threads each has one of these (threads.c). What arrives
 * in one wake-up is one batch. Private to dp/.
 *
 *   user.c	life of the data path and its peers, the dp_ops table
 *   user_key.c	keys
 *   user_find.c	which peer it is
 *   user_tx.c	TUN -> peer -> sealed -> socket
 *   user_rx.c	socket -> peer -> opened -> TUN
 *   user_layer.c	framing and fragments between the two
 *   user_occ.c	questions of the other end
 *   user_mtu.c	questions to the other end: what sizes get through?
 *   user_shape.c	no more bytes in a second than are wanted
 *   user_mss.c	segments that fit
 *   user_nat.c	other addresses for the other end
 *   user_ping.c	keepalive
 *   user_prefix.c	networks behind peers
 *   user_ether.c	hosts behind peers, on Ethernet
 *   user_shard.c	peers of other threads, and frames for them
 */

#define USER_BUCKETS		1024	/* power of two */
#define USER_PACKET_MAX		65536
#define USER_LAYERED_BYTES	(USERDP_PACKET_MAX + 64)

/* Read from TUN per wake-up, so that the sockets have their turn. */
#define USER_BATCH_FRAMES	128
#define USER_BATCH_BYTES	(256 * 1024)

/* What is sealed goes out when there is so much, while it is in the cache. */
#define USER_FLUSH_BYTES	(64 * 1024)

/* Congestion that was marked outside could not be told to those inside. */
#define USER_CLASS_MASK	0xfc

/**
 * struct user_key - a key slot
 * @head: what sealed packets begin with
 * @replay: the second one with epochs only
 * @live: what the next process begins with; NULL: nothing is kept
 */
struct user_key {
	bool is_set;
	bool is_soft_told;
	uint8_t key_id;
	enum proto_cipher cipher;
	uint8_t head[USERDP_HEAD_V2];
	struct userdp_codec seal, open;
	struct dp_replay replay[2];
	struct dp_counter *live;
};

/**
 * struct user_peer - owned by the tables of its data path
 * @cfg: its ids and VPN addresses; socket and addresses outside are in @dest
 * @key: the slots; @primary is the index of the one that sends
 * @inner_max: of an IP packet that is not fragmented outside; 0: not known
 * @inner_at: loop time when that was looked up
 * @last_tx, @last_rx: loop time, milliseconds
 * @is_stalled: its stream asked to wait for dp_stream_ready()
 * @rx_longest, @tx_longest: datagram
 * @has_layers: something stands between packets and their sealing
 * @join: fragments on their way; NULL before the first one
 * @fragment_seq: of the next payload that is cut
 * @is_foreign: of another thread, @shard; there is nothing of it but its
 *	addresses inside
 */
struct user_peer {
	struct user_peer *next_id, *next_vpn4, *next_vpn6, *next_addr;
	struct dp_peer cfg;
	struct userdp_dest dest;
	struct user_key key[2];
	unsigned int primary;
	unsigned int ping_interval, ping_timeout;	/* seconds */
	size_t inner_max;
	uint64_t inner_at;
	uint64_t last_tx, last_rx;
	uint16_t rx_longest, tx_longest;
	bool is_stalled;
	bool has_layers;
	bool is_foreign;
	uint8_t shard;
	uint8_t fragment_seq;
	struct userdp_join *join;
	struct dp_nat *nat;	/* what cfg.nat points to */
	struct user_prefix *prefixes;
	struct user_mac *macs;
	unsigned int n_macs;
	struct dp_stats stats;
};

/*
 * Why packets did not go through, for the debug log at the end. Those that
 * sockets and the device did not take are counted in userdp/.
 */
struct user_drops {
	uint64_t no_peer, no_key, auth, replay, source, malformed;
	uint64_t compressed, fragment;
	uint64_t ring;	/* frames for the main loop that it had no room for */
	uint64_t send, tun;	/* of userdp/, in a sum */
};

/**
 * struct user_shaper - of the peer of DP_MODE_P2P
 * @timer: lets TUN be read again; NULL before the first peer with a rate
 * @paid_at: microseconds of loop time, when the bytes that have been sent are
 *	paid for; @bytes: how many these are
 */
struct user_shaper {
	struct loop_timer *timer;
	uint64_t paid_at, bytes;
};

/**
 * struct user_mtu - a test that runs with the peer of DP_MODE_P2P
 * @timer: of the next step; NULL: there has been none
 * @step: of the next question; @tried: longest datagram that was asked for
 * @step_ms: between two
 * @tun_mtu: of the device
 */
struct user_mtu {
	struct loop_timer *timer;
	unsigned int step;
	uint16_t tried;
	unsigned int step_ms, tun_mtu;
	bool is_running;
};

/**
 * struct dp_user - the userspace data path
 * @has_frame: a part of @frame waits, for room in @tx or the peer's stream
 * @is_held: TUN is not read, for the peer's stream
 * @is_gone: TUN does not come back
 * @is_shaped: TUN is not read, because enough has been sent for now
 * @is_paused: TUN is not read, because another one of these does that
 * @is_blocked: TUN is not read, because @frame waits for another thread
 * @tx_io, @tx_fd: while the socket takes no more: waits for it, on a copy of
 *	the descriptor, whose original somebody else watches for reading
 * @tx_peer: whose datagrams stand last in @tx
 * @id_mask: of ids on the wire, what they are here
 * @only: the peer of DP_MODE_P2P
 * @by_addr: for packets without a peer id, of several peers the latest
 * @layered: a payload on its way out, with framing; NULL before the first one
 * @shard: NULL: all peers are here
 * @is_part: of a whole that counts for it, too
 */
struct dp_user {
	struct dp base;
	struct userdp_tun tun;
	struct loop_io *tun_io;
	struct userdp_frame frame;
	bool has_frame, is_held, is_gone, is_shaped, is_paused, is_blocked;
	struct userdp_tx tx;
	struct loop_io *tx_io;
	int tx_fd;
	struct user_peer *tx_peer;
	struct userdp_merge merge;
	struct loop_timer *ping_timer;
	uint64_t ping_at;	/* loop time at which it should fire */
	bool has_ping;		/* it runs */
	uint32_t id_mask;
	struct user_peer *only;
	struct user_peer *by_id[USER_BUCKETS];
	struct user_peer *by_vpn4[USER_BUCKETS];
	struct user_peer *by_vpn6[USER_BUCKETS];
	struct user_peer *by_addr[USER_BUCKETS];
	uint8_t *layered;
	struct user_prefixes *prefixes;	/* NULL before the first one */
	struct user_ether *ether;	/* NULL: packets are of IP */
	unsigned int n_peers;
	struct user_drops drops;
	struct user_shaper shaper;
	struct user_mtu mtu;
	struct user_shard *shard;
	bool is_part;
};

/* user.c */
struct dp_user *user_get(struct dp *dp);
/**
 * user_new_carried() - for peers of a kernel device that userspace carries
 * @cfg: as for dp_user_new(); tun_fd is the file of "ovpnx" instead
 *
 * That device says which peer a packet is for, and checks where it came from.
 */
int user_new_carried(const struct dp_config *cfg, struct dp **out);
/** user_new_alone() - as dp_user_new(), in the thread of its loop */
int user_new_alone(const struct dp_config *cfg, struct dp **out);
/** user_new_apart() - for peers with DP_ID_APART on the wire */
int user_new_apart(const struct dp_config *cfg, struct dp **out);
void user_peer_remove(struct dp_user *user, struct user_peer *peer);
void user_pause(struct dp_user *user, bool is_paused);
void user_drops_add(struct user_drops *sum, const struct dp_user *user);
void user_drops_log(const struct user_drops *sum);

/* user_find.c */
struct user_peer *user_find_id(struct dp_user *user, uint32_t id);
/* any peer, there is at most one in DP_MODE_P2P; NULL when there is none */
struct user_peer *user_find_first(struct dp_user *user);
struct user_peer *user_find_vpn(struct dp_user *user, const struct net_ip *ip);
struct user_peer *user_find_addr(struct dp_user *user,
				 const union net_addr *addr, int fd);
void user_link(struct dp_user *user, struct user_peer *peer);
void user_unlink(struct dp_user *user, struct user_peer *peer);
/* its address outside changes */
void user_unlink_addr(struct dp_user *user, struct user_peer *peer);
void user_link_addr(struct dp_user *user, struct user_peer *peer);
/* its addresses inside, as the two above do it, too */
void user_link_vpn(struct dp_user *user, struct user_peer *peer);
void user_unlink_vpn(struct dp_user *user, struct user_peer *peer);

/* user_key.c */
struct user_key *user_key_slot(struct user_peer *peer, enum dp_slot slot);
void user_key_clear(struct user_key *key);
/* the one that sends, NULL when there is none or it is used up */
struct user_key *user_tx_key(struct user_peer *peer);
int user_key_set(struct dp *dp, uint32_t peer_id, enum dp_slot slot,
		 const struct dp_key *key);
int user_key_swap(struct dp *dp, uint32_t peer_id);
int user_key_del(struct dp *dp, uint32_t peer_id, enum dp_slot slot);
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

/* user_ether.c */
int user_ether_new(struct dp_user *user, const struct dp_config *cfg);
/* a peer goes, and with it the hosts behind it */
void user_ether_forget(struct dp_user *user, struct user_peer *peer);
/* behind which peer a host is; NULL */
struct user_peer *user_ether_find(struct dp_user *user, const uint8_t *mac);
/* a frame of the device: its source is not behind a peer */
void user_ether_local(struct dp_user *user, const uint8_t *frame);
/* a copy for each peer but @but; who cannot take it now loses it */
void user_ether_flood(struct dp_user *user, const struct user_peer *but,
		      const uint8_t *frame, size_t len);
/**
 * user_ether_receive() - a frame of a peer of a bridge
 *
 * Those for other peers are sent there. Return: 1: for the device; 0: not; or
 * -EADDRNOTAVAIL: its source cannot be behind this peer.
 */
int user_ether_receive(struct dp_user *user, struct user_peer *peer,
		       const uint8_t *frame, size_t len);
/*
 * The packet of IP in what goes through the device; false: there is none. @len
 * is changed with it.
 */
bool user_ip(const struct dp_user *user, uint8_t **pkt, size_t *len);

/* user_tx.c */
/* as user_send(), without events; goes with user_batch_end() at the latest */
int user_relay(struct dp_user *user, struct user_peer *peer,
	       const uint8_t *payload, size_t len);
void user_relay_end(struct dp_user *user);
/* to be called when peers come, go, stall or go on */
void user_tun_rearm(struct dp_user *user);
void user_stream_ready(struct dp *dp, uint32_t peer_id);
/* there may be room again: first for what has waited */
void user_go_on(struct dp_user *user);
/* 0, or -EAGAIN: the socket has to become writable first */
int user_tx_flush(struct dp_user *user);
/* seals what is left of @frame; 0, or -EAGAIN when it has to wait */
int user_forward(struct dp_user *user, struct userdp_frame *frame);
/* outside of the loop, one step; true: there is more, or it has to wait */
bool user_drain(struct dp_user *user);
/* likewise: what the device has now, if nothing has to wait */
void user_drain_queue(struct dp_user *user);
void user_tun_event(struct loop_io *io, unsigned int events, void *arg);
void user_tx_stop(struct dp_user *user);
/* a peer goes: nothing in the queue belongs to it any more */
void user_tx_forget(struct dp_user *user, struct user_peer *peer);
/* may emit key_exhausted at its end: @peer can be gone afterwards */
int user_send(struct dp_user *user, struct user_peer *peer,
	      const uint8_t *payload, size_t len);

/* user_rx.c */
int user_input(struct dp *dp, int fd, const uint8_t *pkt, size_t len,
	       const union net_addr *remote, const union net_addr *local);
int user_input_stream(struct dp *dp, uint32_t peer_id, const uint8_t *pkt,
		      size_t len);
void user_batch_end(struct dp *dp);

/* user_layer.c */
/**
 * user_layer_need() - room for a payload of @len bytes, with all that comes on
 * @n: datagrams that are made of it; @size: of each, at most
 */
void user_layer_need(const struct user_peer *peer, const struct user_key *key,
		     size_t len, unsigned int *n, size_t *size);
/* calls @seal for each part of the payload; its value, or -errno */
int user_layer_send(struct dp_user *user, struct user_peer *peer,
		    const uint8_t *payload, size_t len,
		    int (*seal)(struct dp_user *user, struct user_peer *peer,
				const uint8_t *payload, size_t len));
/*
 * What was opened, in a slot of user->merge, becomes a payload there. Return:
 * its length, 0 when it has to wait for the rest, or -errno.
 */
ssize_t user_layer_receive(struct dp_user *user, struct user_peer *peer,
			   uint8_t **payload, size_t len);

/* user_occ.c */

/**
 * struct user_occ - a message
 * @size: of op MTU_LOAD_REQUEST, or of MTU_REPLY the longest one received;
 * @sent: of that, the longest one sent; with @has_size, @has_sent
 */
struct user_occ {
	enum proto_occ_op op;
	bool has_size, has_sent;
	uint16_t size, sent;
};

/* false: it is none, and @out is as it was */
bool user_occ_parse(const uint8_t *payload, size_t len, struct user_occ *out);
/* as user_send(): @peer can be gone afterwards */
void user_occ_answer(struct dp_user *user, struct user_peer *peer,
		     const struct user_occ *occ);
int user_send_occ(struct dp *dp, uint32_t peer_id, enum proto_occ_op op);
/* the same with a number of 16 bits */
int user_occ_send(struct dp_user *user, struct user_peer *peer,
		  enum proto_occ_op op, uint16_t number);
/* a datagram of @size bytes, as far as padding can make one */
int user_occ_load(struct dp_user *user, struct user_peer *peer, size_t size);

/* user_mtu.c */
void user_mtu_begin(struct dp_user *user);
void user_mtu_end(struct dp_user *user);
void user_mtu_result(struct dp_user *user, const struct user_peer *peer,
		     const struct user_occ *occ);

/* user_shape.c */
int user_shape_begin(struct dp_user *user, const struct user_peer *peer);
void user_shape_end(struct dp_user *user);
/* true: enough has been sent, and TUN has to wait */
bool user_shape(struct dp_user *user);

/* user_nat.c: a packet in the clear; only of peers with rules */
void user_nat(const struct user_peer *peer, bool is_sent, uint8_t *pkt,
	      size_t len);
/* the peer gets rules of its own; 0 or -ENOMEM */
int user_nat_copy(struct user_peer *peer);

/* user_mss.c: a packet to or from @peer, in the clear */
void user_mss(struct dp_user *user, struct user_peer *peer, uint8_t *pkt,
	      size_t len);
/* of IP and the transport, outside */
size_t user_outer_len(const struct user_peer *peer);

/* user_shard.c */

#define USER_SHARDS_MAX	5	/* four threads, and the main loop */

/* Of the ring to the main loop: for bursts, while that does something else. */
#define USER_HOME_BYTES	(1024 * 1024)

/**
 * struct user_shards - what all threads of a data path know of each other
 * @home: which of them is the main loop's; @n: none
 * @rings: of frames, from the one whose queue they were read from to the one
 *	whose peer they are for
 * @wake: something was pushed to, or popped by, @to: user_shard_wake()
 */
struct user_shards {
	unsigned int n, home;
	struct dp_ring *rings[USER_SHARDS_MAX][USER_SHARDS_MAX];
	void (*wake)(void *arg, unsigned int to);
	void *arg;
};

/**
 * struct user_shard - one of them
 * @foreign: peers of the others, by id; @n_foreign: how many; @n_home: of them,
 *	of the main loop
 * @given: a frame that another one has read, in the ring of @given_by
 * @has_given: a part of it waits
 * @next: whose ring is looked at first
 * @woken: whom user_shard_flush() will wake, bit by bit
 */
struct user_shard {
	struct user_shards *all;
	unsigned int self;
	struct user_peer *foreign[USER_BUCKETS];
	unsigned int n_foreign, n_home;
	struct userdp_frame given;
	unsigned int given_by;
	bool has_given;
	unsigned int next;
	unsigned int woken;
};

/* make @dp one of several, before its first peer; 0 or -ENOMEM */
int user_shard_new(struct dp *dp, struct user_shards *all, unsigned int self);
void user_shard_free(struct dp_user *user);

/**
 * user_shard_foreign() - a peer of another one, with its VPN addresses
 *
 * Return: 0, -EADDRINUSE, -ENOMEM.
 */
int user_shard_foreign(struct dp *dp, const struct dp_peer *peer,
		       unsigned int shard);
void user_shard_forget(struct dp *dp, uint32_t peer_id);
/* one of these peers; NULL */
struct user_peer *user_shard_find(struct dp_user *user, uint32_t id);

/*
 * A whole frame for one of these peers. Return: 0, also when it is lost; or
 * -EAGAIN: its ring is full, and the device is not read until there is room.
 */
int user_shard_give(struct dp_user *user, const struct user_peer *peer,
		    const struct userdp_frame *frame);
/*
 * It was stopped and goes on, not by an event of its own: what others have read
 * for it is waiting, and so are they if their rings are full.
 */
void user_shard_poke(struct dp_user *user);
/* wake those who were given something */
void user_shard_flush(struct dp_user *user);
/* take frames that others have read; may be called too often */
void user_shard_take(struct dp_user *user);
/* is there one, or more, to be taken? */
bool user_shard_has_frames(const struct dp_user *user);
/* the same, and what has waited for room is tried again */
void user_shard_wake(struct dp *dp);

/* user_ping.c */
void user_ping_event(struct loop_timer *timer, void *arg);
void user_ping_rearm(struct dp_user *user);
/* the timer fires no later than the peer needs it */
void user_ping_arm(struct dp_user *user, const struct user_peer *peer);

#endif
