/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DP_THREADS_H
#define DP_THREADS_H

#include <pthread.h>

#include "dp/user.h"

/*
 * The userspace data path in threads of its own, so that the main loop is never
 * behind data. They share nothing: each has a loop, a struct dp_user that
 * nobody else touches while it runs, a queue of the TUN device, a socket beside
 * each of the main loop's, and the peers whose id says so. Private to dp/.
 *
 *	threads.c	the dp_ops table, life, packets
 *	threads_peer.c	who has a peer, and asking there
 *	threads_run.c	the threads; from the main loop to them and back
 *
 * The main loop asks and waits for the answer, which comes between two batches:
 * the data path itself needs no lock. What happens is told the other way round
 * through a queue.
 */

#define THREADS_BUCKETS	1024	/* power of two */
#define THREADS_EVENTS	1024	/* more are lost, and a resync follows */
#define THREADS_DRAINS	16	/* batches before the threads run */
#define THREADS_STRAYS	32	/* datagrams of one turn of the main loop */
#define THREADS_TURN	64	/* events of one thread in one turn of it */

/* The main loop's own part, for peers on connections. */
#define THREADS_HOME	DP_THREADS_MAX

enum threads_event_kind {
	THREADS_EVENT_DELETED,
	THREADS_EVENT_FLOATED,
	THREADS_EVENT_EXHAUSTED,
	THREADS_EVENT_EXIT,
};

/** struct threads_event - what a thread has to tell */
struct threads_event {
	enum threads_event_kind kind;
	uint32_t peer_id;
	enum dp_del_reason reason;
	uint8_t key_id;
	int fd;
	union net_addr remote;
};

/** struct threads_call - what is asked of a thread; the asker waits */
struct threads_call {
	void (*fn)(struct dp *user, void *arg);
	void *arg;
};

/** struct threads_socket - one that a thread reads */
struct threads_socket {
	struct threads_socket *next;
	struct data_thread *thread;
	struct loop_io *io;
	int fd, main_fd;
	unsigned int batch;
};

/**
 * struct data_thread - one of them
 * @loop, @user, @rx: its own while it runs
 * @has_stray: likewise: a datagram that is none of data is new in @out
 * @in, @out: rings of datagrams, from the main loop and to it
 * @sockets, @is_running: the main loop's
 * @is_told: likewise: @in has something new
 * @lock: of the rest
 * @call: to be done; NULL: none
 * @events: of numbers [@first, @end)
 * @is_lost: there were more
 */
struct data_thread {
	struct dp_threads *all;
	unsigned int index;
	struct loop *loop;
	struct loop_wake *wake;
	struct dp *user;
	struct userdp_rx rx;
	struct threads_socket *sockets;
	bool has_stray;
	struct dp_ring *in, *out;
	pthread_t id;
	bool is_running, is_told;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	const struct threads_call *call;
	bool is_stopping, is_lost;
	uint64_t first, end;
	struct threads_event events[THREADS_EVENTS];
};

/* struct threads_behind - a network behind a peer, or its own address */

/**
 * struct threads_peer - where a peer is
 * @behind: what comes by the queue of its thread
 * @thread: THREADS_HOME: the main loop's
 * @born: number of the first event that can be about it
 * @occ: its options, which the caller may change while a thread reads them
 */
struct threads_behind {
	struct threads_behind *next;
	struct net_prefix dst;
};

struct threads_peer {
	struct threads_peer *next;
	uint32_t id;
	unsigned int thread;
	uint64_t born;
	struct threads_behind *behind;
	char *occ;
};

/**
 * struct dp_threads - the data path; all of it the main loop's
 * @home: for peers on connections; NULL: there are none
 * @tun_fd: of the device; threads have copies, and the caller knows this number
 * @active: DP_MODE_P2P: who reads the device
 * @wake: a thread has something to tell
 * @shards: with more than one part; n 0: there is one
 * @steer: by which queue packets come; -1: there is one, which the first reads
 * @n_lost: datagrams that a thread could not take in time
 */
struct dp_threads {
	struct dp base;
	unsigned int n;
	struct data_thread *threads[DP_THREADS_MAX];
	struct dp *home;
	int tun_fd;
	unsigned int active;
	struct loop_wake *wake;
	struct threads_peer *peers[THREADS_BUCKETS];
	struct user_shards shards;
	int steer;
	uint64_t n_lost;
};

/* threads_peer.c: and these operations */
struct dp_threads *threads_get(struct dp *dp);
struct threads_peer *threads_find(struct dp_threads *all, uint32_t id);
void threads_peer_free(struct threads_peer *peer);
extern const struct dp_events threads_home_events;
/* an event of a peer that is there; it may be gone afterwards */
void threads_tell(struct dp_threads *all, const struct threads_event *event);
int threads_peer_add(struct dp *dp, const struct dp_peer *cfg);
int threads_peer_del(struct dp *dp, uint32_t peer_id);
int threads_peer_set_remote(struct dp *dp, uint32_t peer_id,
			    const union net_addr *remote,
			    const union net_addr *local);
int threads_peer_set_keepalive(struct dp *dp, uint32_t peer_id,
			       unsigned int interval, unsigned int timeout);
int threads_prefix_add(struct dp *dp, uint32_t peer_id,
		       const struct net_prefix *dst);
int threads_prefix_del(struct dp *dp, uint32_t peer_id,
		       const struct net_prefix *dst);
int threads_key_set(struct dp *dp, uint32_t peer_id, enum dp_slot slot,
		    const struct dp_key *key);
int threads_key_swap(struct dp *dp, uint32_t peer_id);
int threads_key_del(struct dp *dp, uint32_t peer_id, enum dp_slot slot);
int threads_send_occ(struct dp *dp, uint32_t peer_id, enum proto_occ_op op);
int threads_peer_get(struct dp *dp, uint32_t peer_id,
		     struct dp_peer_info *out);
int threads_peer_list(struct dp *dp,
		      int (*fn)(void *arg, const struct dp_peer_info *info),
		      void *arg);

/* threads_run.c */
/* @tun_fd: taken */
int threads_thread_new(struct dp_threads *all, const struct dp_config *cfg,
		       int tun_fd, struct data_thread **out);
void threads_thread_free(struct data_thread *thread);
int threads_thread_start(struct data_thread *thread);
void threads_thread_stop(struct data_thread *thread);
/* what its sockets have got before it was stopped */
void threads_drain(struct data_thread *thread);
/* ask all of those whose bit is set, at the same time, and wait for them */
void threads_call(struct dp_threads *all, unsigned int mask,
		  void (*fn)(struct dp *user, void *arg), void *const *args);
/* the number of the next event; called by the thread itself */
uint64_t threads_next_event(struct data_thread *thread);
int threads_socket_add(struct data_thread *thread, int fd, int main_fd);
void threads_socket_del(struct data_thread *thread, int main_fd);
/* the socket that it has for one of the main loop's; or that one */
int threads_socket_of(const struct data_thread *thread, int main_fd);
/* a datagram that the main loop has received, to be told of later */
int threads_pass(struct data_thread *thread, int fd, const uint8_t *pkt,
		 size_t len, const union net_addr *remote,
		 const union net_addr *local);
void threads_told(struct data_thread *thread);
/* on the main loop: what threads have to tell */
void threads_listen(void *arg);

#endif
