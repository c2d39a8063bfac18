/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DP_DP_H
#define DP_DP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"
#include "net/net.h"
#include "proto/proto.h"

/*
 * The data-path interface: peers, keys, statistics. Two implementations,
 * dp/kernel.c (generic netlink family "ovpn") and dp/user.c (TUN and OpenSSL),
 * and two on top of them: dp/mixed.c, which has both, and dp/threads.c, which
 * has several of the second in threads of their own. Nothing above knows which
 * one carries a tunnel.
 *
 * Events may call back into the data path, dp_free() included.
 */

struct dp;

#define DP_MSS_ANY	UINT16_MAX

enum dp_mode {
	DP_MODE_P2P,	/* one peer: the client role */
	DP_MODE_MP,	/* many peers, found by their tunnel addresses */
};

enum dp_slot {
	DP_SLOT_PRIMARY,
	DP_SLOT_SECONDARY,
};

/* As the kernel's enum ovpn_del_peer_reason. */
enum dp_del_reason {
	DP_DEL_TEARDOWN,
	DP_DEL_USERSPACE,
	DP_DEL_EXPIRED,
	DP_DEL_TRANSPORT_ERROR,
	DP_DEL_TRANSPORT_DISCONNECT,
};

/**
 * struct dp_events - what the data path reports, on the loop's thread
 * @peer_deleted: the peer is gone already (not called for dp_peer_del())
 * @peer_floated: an authenticated packet came from a new address, or by
 *	another socket; @fd: by which one, -1: not known
 * @key_exhausted: a new key is needed soon; start a renegotiation
 * @peer_exit: the peer said goodbye inside the data channel (OCC exit)
 * @resync: notifications were lost; compare dp_peer_list() with your table
 * @control: a packet that is none of data came by a socket that the data path
 *	reads; @fd: the one of dp_sockets_add() that it stands beside
 */
struct dp_events {
	void (*peer_deleted)(void *arg, uint32_t peer_id,
			     enum dp_del_reason reason);
	void (*peer_floated)(void *arg, uint32_t peer_id, int fd,
			     const union net_addr *remote);
	void (*key_exhausted)(void *arg, uint32_t peer_id, uint8_t key_id);
	void (*peer_exit)(void *arg, uint32_t peer_id);
	void (*resync)(void *arg);
	void (*control)(void *arg, int fd, const uint8_t *pkt, size_t len,
			const union net_addr *remote,
			const union net_addr *local);
};

#define DP_THREADS_MAX	4

/**
 * struct dp_config - borrowed during dp_*_new() only, except @events and @arg
 * @ifindex, @ifname: the device, made by priv/
 * @loop: NULL (kernel only): no events, for a tool that just asks
 * @has_streams: peers may have connections
 * @is_ether: dp_user_new() only: the device is TAP, packets are frames, and in
 *	DP_MODE_MP the source addresses of frames say where peers are
 * @is_client_to_client: with @is_ether: frames go from peer to peer, too
 * @mss: dp_kernel_new() only, for all peers: largest segment of TCP over IPv4
 *	inside; 0: by the MTU of the way to each; DP_MSS_ANY: as it comes
 * @threads: dp_user_new() only: threads that carry datagrams of data, which
 *	dp_start() begins; 0: the loop does; one with DP_MODE_P2P and @is_ether,
 *	none with @is_ether and @has_streams
 * @tun_fd: of a TUN device, owned by the data path when that was made; -1
 *	otherwise
 */
struct dp_config {
	struct loop *loop;
	enum dp_mode mode;
	bool has_streams;
	bool is_ether, is_client_to_client;
	unsigned int threads;
	int ifindex;
	const char *ifname;
	int tun_fd;
	unsigned int mtu;
	uint16_t mss;
	const struct dp_events *events;
	void *arg;
};

/**
 * dp_kernel_new() - the kernel's, with userspace beside it where possible
 *
 * That takes our module, DP_MODE_MP, and a loop.
 *
 * Return: 0, -ENOENT (no family "ovpn"), or another -errno.
 */
int dp_kernel_new(const struct dp_config *cfg, struct dp **out);
int dp_user_new(const struct dp_config *cfg, struct dp **out);
void dp_free(struct dp *dp);

/**
 * dp_start() - begin with the threads that there are; 0 or -errno
 *
 * Context: with the rights that the process keeps.
 */
int dp_start(struct dp *dp);

/** dp_stop() - no packet is carried any more; all else is as it was */
void dp_stop(struct dp *dp);

/** dp_threads() - how many threads carry datagrams of data; 0: the loop does */
unsigned int dp_threads(const struct dp *dp);

/**
 * dp_sockets_add() - sockets beside one, which the data path reads
 * @main_fd: the one that peers name as theirs
 * @fds: dp_threads() of them, at the same address; borrowed
 *
 * Data packets should come to fds[dp_thread_of()], those without a peer id to
 * the first; what comes elsewhere gets there by a longer way.
 *
 * Return: 0 or -ENOMEM.
 */
int dp_sockets_add(struct dp *dp, int main_fd, const int *fds);
void dp_sockets_del(struct dp *dp, int main_fd);

/** dp_thread_of() - which of @n threads carries a peer that has an id */
static inline unsigned int dp_thread_of(uint32_t peer_id, unsigned int n)
{
	return peer_id % n;
}

/** dp_name() - "kernel" or "user" */
const char *dp_name(const struct dp *dp);

/**
 * struct dp_stream - the connection of a peer, where the data path sends on it
 * @send: one packet, behind those before it; must not call back. Return: 0; 1
 *	when it was taken but no more should come before dp_stream_ready(); or
 *	-errno, when it was dropped
 */
struct dp_stream {
	int (*send)(void *arg, const uint8_t *pkt, size_t len);
	void *arg;
};

/* mssfix: how its number is meant (section 7.10) */
enum dp_mss {
	DP_MSS_ROUTE,	/* not given: by the MTU of the way to the peer */
	DP_MSS_LINK,	/* datagrams without the headers of IP and UDP */
	DP_MSS_MTU,	/* datagrams with them */
	DP_MSS_FIXED,	/* packets inside the tunnel */
	DP_MSS_OFF,
};

/**
 * struct dp_format - what packets of a peer look like, apart from its keys
 * @cipher, @is_epoch: of its keys; NONE: one that the kernel has
 * @is_v1: sent without a peer id
 * @framing: of payloads; nothing is ever compressed
 * @fragment: longest datagram, 0: nothing is fragmented (section 7.9)
 * @is_fragment_mtu: that counts the headers of IP and UDP
 * @join_max: longest packet that is put together from fragments, as the MTU of
 *	a device counts
 * @has_class: the DSCP of a packet is also outside
 * @mss, @mss_size: largest segments of TCP in the tunnel; with DP_MSS_ROUTE an
 *	upper limit of that MTU, 0: none
 */
struct dp_format {
	enum proto_cipher cipher;
	bool is_epoch;
	bool is_v1;
	enum proto_framing framing;
	uint16_t fragment;
	bool is_fragment_mtu;
	uint32_t join_max;
	bool has_class;
	enum dp_mss mss;
	uint16_t mss_size;
};

#define DP_NAT_MAX	64

/**
 * struct dp_nat - addresses of a network are others for the peer (client-nat)
 * @is_dst: those of hosts there, otherwise of hosts here
 * @network, @alias: here and at the peer; @mask: of both; in network order
 */
struct dp_nat {
	bool is_dst;
	uint32_t network, mask, alias;
};

/**
 * struct dp_peer - see dp_peer_add()
 * @rate: bytes that are sent in a second; 0: no limit; not in the kernel, only
 *	with DP_MODE_P2P, as is
 * @has_mtu_test: find out what sizes get through, and say it in the log
 */
struct dp_peer {
	uint32_t id;		/* in received packets */
	uint32_t tx_id;		/* in sent packets */
	int fd;			/* transport, borrowed while the peer lives */
	bool is_tcp;
	struct dp_stream stream;	/* on TCP */
	union net_addr remote;	/* AF_UNSPEC on TCP */
	union net_addr local;	/* AF_UNSPEC: chosen by routing */
	struct net_ip vpn4, vpn6;	/* DP_MODE_MP: one, but on Ethernet */
	uint32_t max_macs;	/* on Ethernet, of hosts behind it */
	const char *occ;	/* own options, kept by the caller; or NULL */
	const struct dp_nat *nat;	/* copied; not in the kernel */
	size_t n_nat;
	struct dp_format format;
	uint32_t rate;
	bool has_mtu_test;
};

/**
 * dp_is_plain() - can it only do what the kernel can?
 *
 * Return: true: AEAD ciphers in packets with a peer id, without fragments and
 * framing, where that of stub-v2 is as none; what struct dp_format says of
 * segment sizes is ignored.
 */
bool dp_is_plain(const struct dp *dp);

/** dp_has_epochs() - can keys have epochs? Not with every kernel. */
bool dp_has_epochs(const struct dp *dp);

/*
 * Peers apart: with a kernel that knows nothing of peers that userspace carries
 * these are none of its, and have a device of their own. Their datagrams must
 * not come to the kernel's socket, so they have other ids on the wire.
 */
#define DP_ID_APART	0x800000u	/* added to the id here */

/**
 * dp_apart_new() - let userspace carry peers apart from the kernel
 * @cfg: as for dp_kernel_new()
 * @dp: of it, dp_is_plain() and DP_MODE_MP; replaced
 *
 * Return: 0 or -ENOMEM.
 */
int dp_apart_new(const struct dp_config *cfg, struct dp **dp);

/** dp_is_apart() - was it made by dp_apart_new()? */
bool dp_is_apart(const struct dp *dp);

/** dp_apart_open() - give it a TUN device, before the first of its peers */
int dp_apart_open(struct dp *dp, const struct dp_config *cfg);

/** dp_has_kernel() - does the kernel carry those peers that it can? */
bool dp_has_kernel(const struct dp *dp);

/**
 * dp_peer_add() - make a peer, without keys and keepalive
 *
 * DP_MODE_P2P: replaces the peer that is there, without an event.
 *
 * Return: 0; -EEXIST the id is in use; -EADDRINUSE a VPN address is; -EINVAL;
 * -EOPNOTSUPP, see dp_is_plain(); or another -errno.
 */
int dp_peer_add(struct dp *dp, const struct dp_peer *peer);

/**
 * dp_owns_stream() - whose is the connection of a TCP peer?
 *
 * Return: true, but for peers apart: the data path has the stream. What others
 * read and write there are single packets, with their length in front: those of
 * the control channel, and all of a peer that userspace carries.
 * false: its packets come from dp_input_stream() and go to struct dp_stream.
 */
bool dp_owns_stream(const struct dp *dp);

/** dp_stream_ready() - a peer's stream has room again */
void dp_stream_ready(struct dp *dp, uint32_t peer_id);

/** dp_peer_set_remote() - move a peer to another address */
int dp_peer_set_remote(struct dp *dp, uint32_t peer_id,
		       const union net_addr *remote,
		       const union net_addr *local);

/** dp_peer_set_keepalive() - seconds; 0 in either disables both */
int dp_peer_set_keepalive(struct dp *dp, uint32_t peer_id,
			  unsigned int interval, unsigned int timeout);
int dp_peer_del(struct dp *dp, uint32_t peer_id);

/**
 * dp_prefix_add() - a network behind a peer, besides its VPN addresses
 * @dst: host bits do not matter
 *
 * Packets to these addresses go to the peer, and it may send from them; the
 * longest prefix counts. In the kernel data path the host's routes to the
 * peer's VPN address do that, and nothing is done here. They go with the peer.
 *
 * Return: 0, -ENOENT, -EADDRINUSE (it is behind a peer already), -ENOMEM.
 */
int dp_prefix_add(struct dp *dp, uint32_t peer_id,
		  const struct net_prefix *dst);
int dp_prefix_del(struct dp *dp, uint32_t peer_id,
		  const struct net_prefix *dst);

#define DP_EPOCH_SECRET_LEN	32

/** struct dp_key_dir - one direction */
struct dp_key_dir {
	const uint8_t *cipher_key;
	size_t cipher_key_len;
	const uint8_t *nonce_tail;	/* PROTO_NONCE_TAIL_LEN bytes */
	const uint8_t *hmac_key;	/* as long as the digest's result */
	const uint8_t *epoch_secret;	/* DP_EPOCH_SECRET_LEN bytes */
};

/**
 * struct dp_counter - packet ids of a key, where they outlive the process
 * @next: of the packet to be sent next; 0: the key is new
 * @highest: received
 *
 * With epochs: of the latest one, which stands in the upper 16 bits.
 */
struct dp_counter {
	uint64_t next, highest;
};

/**
 * struct dp_key - a key
 * @digest: of the HMAC, for ciphers that are not AEAD
 * @is_epoch: epoch data keys (section 6.5), which only have @epoch_secret
 * @has_window: @replay_window and @replay_time count, which the kernel ignores;
 *	otherwise the data path's own window
 * @replay_window: packet ids; 0: only newer ones are taken
 * @replay_time: seconds that a packet may be late; 0: any
 * @live: the userspace data path begins with these, and keeps them up to date
 *	while the key is there; NULL: at the beginning, by itself. What was
 *	received before is not accepted again
 */
struct dp_key {
	uint8_t key_id;
	enum proto_cipher cipher;
	const char *digest;
	bool is_epoch;
	struct dp_key_dir send, recv;
	bool has_window;
	uint32_t replay_window, replay_time;
	struct dp_counter *live;
};

/** dp_key_set() - install into a slot; a key that was there is replaced */
int dp_key_set(struct dp *dp, uint32_t peer_id, enum dp_slot slot,
	       const struct dp_key *key);
int dp_key_swap(struct dp *dp, uint32_t peer_id);
int dp_key_del(struct dp *dp, uint32_t peer_id, enum dp_slot slot);

/** struct dp_stats - vpn: inside the tunnel; link: on the transport */
struct dp_stats {
	uint64_t vpn_rx_bytes, vpn_rx_packets, vpn_tx_bytes, vpn_tx_packets;
	uint64_t link_rx_bytes, link_rx_packets, link_tx_bytes, link_tx_packets;
};

/**
 * struct dp_peer_info - a peer as the data path knows it
 * @path: which data path carries it, as dp_name() has it
 * @thread: of the threads of that, from 1 on; 0: the loop does it, or a kernel
 * @primary_key, @secondary_key: key ids, -1 when the slot is empty
 * @cipher: of the primary key; NONE without one. The kernel does not tell the
 *	length of an AES key: NONE, too
 * @cipher_name: as far as it is known ("AES-GCM"), "" without a key; static
 * @tx_epoch, @rx_epoch: of the primary key, as far as it has been used; 0: it
 *	has none
 */
struct dp_peer_info {
	uint32_t id, tx_id;
	const char *path;
	unsigned int thread;
	union net_addr remote, local;
	struct net_ip vpn4, vpn6;
	unsigned int keepalive_interval, keepalive_timeout;
	int primary_key, secondary_key;
	enum proto_cipher cipher;
	const char *cipher_name;
	unsigned int tx_epoch, rx_epoch;
	struct dp_stats stats;
};

int dp_peer_get(struct dp *dp, uint32_t peer_id, struct dp_peer_info *out);

/**
 * dp_peer_list() - call @fn for every peer (without key ids and cipher)
 *
 * Return: 0, the first non-zero value of @fn, or -errno.
 */
int dp_peer_list(struct dp *dp,
		 int (*fn)(void *arg, const struct dp_peer_info *info),
		 void *arg);

/**
 * dp_input() - a data packet that arrived on a transport socket
 * @fd: the socket
 * @remote: where it came from
 * @local: where it arrived, AF_UNSPEC or NULL if not known
 *
 * The kernel data path takes its packets before the socket sees them; what
 * still comes here is counted and dropped there. Return: 0, or -errno why the
 * packet was dropped (-ENOENT no such peer, -ENOKEY, -EBADMSG, -EALREADY).
 */
int dp_input(struct dp *dp, int fd, const uint8_t *pkt, size_t len,
	     const union net_addr *remote, const union net_addr *local);

/** dp_input_stream() - the same for a packet of a peer's connection */
int dp_input_stream(struct dp *dp, uint32_t peer_id, const uint8_t *pkt,
		    size_t len);

/**
 * dp_batch_begin() - packets follow that arrived together
 *
 * Until dp_batch_end() what dp_input() takes may wait for its neighbours, so
 * that those of one flow go on as one. dp_free() waits for the end, too.
 */
void dp_batch_begin(struct dp *dp);
void dp_batch_end(struct dp *dp);

/**
 * dp_send_occ() - one OCC message inside the data channel (exit notification)
 *
 * Return: 0, -EOPNOTSUPP when the data path cannot (kernel).
 */
int dp_send_occ(struct dp *dp, uint32_t peer_id, enum proto_occ_op op);

#endif
