/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DP_THREADS_H
#define DP_THREADS_H

#include <pthread.h>
#include <sys/queue.h>

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
 *	threads_news.c	what happens to peers, told to the main loop
 *
 * The main loop asks and waits for the answer, which comes between two batches:
 * the data path itself needs no lock. What happens is told the other way round.
 */

#define THREADS_BUCKETS	1024	/* power of two */
#define THREADS_DRAINS	16	/* batches before the threads run */
#define THREADS_STRAYS	32	/* datagrams of one turn of the main loop */
#define THREADS_TURN	64	/* peers of one thread in one turn of it */

/* The main loop's own part, for peers on connections. */
#define THREADS_HOME	DP_THREADS_MAX

/**
 * enum threads_place - where the news of a peer are
 * THREADS_PLACE_NONE: there are none
 * THREADS_PLACE_LISTED: in the list of its thread
 * THREADS_PLACE_LATER: the main loop has seen them, and tells of them later
 */
enum threads_place {
	THREADS_PLACE_NONE,
	THREADS_PLACE_LISTED,
	THREADS_PLACE_LATER,
};

/**
 * struct threads_news - what a thread has to tell of a peer
 * @next_id: the thread's own; all but this and the id is under its lock
 * @exhausted: keys, a bit for each id
 * @fd, @remote: where it has floated to
 */
struct threads_news {
	struct threads_news *next_id;
	uint32_t peer_id;
	TAILQ_ENTRY(threads_news) entry;
	enum threads_place place;
	bool has_floated, has_left, is_deleted;
	uint8_t exhausted;
	enum dp_del_reason reason;
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
 * @loop, @user, @rx, @by_id: its own while it runs
 * @has_stray: likewise: a datagram for the main loop is new in @out
 * @early, @n_early: likewise: data packets whose key is not there as yet
 * @in, @out: rings of datagrams, from the main loop and to it
 * @sockets, @is_running: the main loop's
 * @nest: likewise: it could not be started, and that loop does its part
 * @is_told: likewise: @in has something new
 * @lock: of the rest
 * @call: to be done; NULL: none
 * @news: of peers
 */
struct data_thread {
	struct dp_threads *all;
	unsigned int index;
	struct loop *loop;
	struct loop_wake *wake;
	struct dp *user;
	struct userdp_rx rx;
	struct threads_news *by_id[THREADS_BUCKETS];
	struct threads_socket *sockets;
	bool has_stray;
	unsigned int n_early;
	struct dp_ring *in, *out, *early;
	pthread_t id;
	struct loop_nest *nest;
	bool is_running, is_told;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	const struct threads_call *call;
	bool is_stopping;
	TAILQ_HEAD(, threads_news) news;
};

/* struct threads_behind - a network behind a peer, or its own address */

/**
 * struct threads_peer - where a peer is
 * @behind: what comes by the queue of its thread
 * @thread: THREADS_HOME: the main loop's
 * @serial: no other one has or had it
 * @has_floated: it has been told at @floated_at, in loop time
 * @is_later: in a list, to be told of when some time has passed since
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
	uint64_t serial;
	struct threads_news news;
	bool has_floated, is_later;
	uint64_t floated_at;
	TAILQ_ENTRY(threads_peer) later;
	struct threads_behind *behind;
	char *occ;
};

/**
 * struct dp_threads - the data path; all of it the main loop's
 * @home: for peers on connections; NULL: there are none
 * @tun_fd: of the device; threads have copies, and the caller knows this number
 * @active: DP_MODE_P2P: who reads the device
 * @wake: a thread has something to tell
 * @n_peers: that there ever were
 * @later: peers that moved too often, and @later_timer: while there are any
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
	uint64_t n_peers;
	TAILQ_HEAD(, threads_peer) later;
	struct loop_timer *later_timer;
	struct user_shards shards;
	int steer;
	uint64_t n_lost;
};

/* threads_peer.c: and these operations */
struct dp_threads *threads_get(struct dp *dp);
struct threads_peer *threads_find(struct dp_threads *all, uint32_t id);
void threads_peer_free(struct threads_peer *peer);
/* packets come by the queues of their threads, or all by the first one */
void threads_steer(struct dp_threads *all, bool is_on);
/* out of the table; whoever carried it has let go of it */
void threads_peer_forget(struct dp_threads *all, struct threads_peer *peer);
extern const struct dp_events threads_home_events;
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
/* 0, also when the main loop has to do its part; or -errno */
int threads_thread_start(struct data_thread *thread);
void threads_thread_stop(struct data_thread *thread);
/*
 * What threads that do not run any more have not done: packets in sockets, in
 * rings and in those queues that end with the process. Waits for full sockets,
 * for a moment.
 */
void threads_drain(struct dp_threads *all);
/* ask all of those whose bit is set, at the same time, and wait for them */
void threads_call(struct dp_threads *all, unsigned int mask,
		  void (*fn)(struct dp *user, void *arg), void *const *args);
int threads_socket_add(struct data_thread *thread, int fd, int main_fd);
void threads_socket_del(struct data_thread *thread, int main_fd);
/* the socket that it has for one of the main loop's; or that one */
int threads_socket_of(const struct data_thread *thread, int main_fd);
/* a datagram that the main loop has received, to be told of later */
int threads_pass(struct data_thread *thread, int fd, const uint8_t *pkt,
		 size_t len, const union net_addr *remote,
		 const union net_addr *local);
void threads_told(struct data_thread *thread);
/* in the thread: there is a new key, perhaps for packets that wait */
void threads_early(struct data_thread *thread);
/* on the main loop: what threads have to tell */
void threads_listen(void *arg);

/* threads_news.c */
extern const struct dp_events threads_news_events;
/* in the thread: of a new peer, and of one that goes, if it is still known */
void threads_news_add(struct data_thread *thread, struct threads_news *news);
void threads_news_del(struct data_thread *thread, uint32_t peer_id);
/* on the main loop: what there is of one thread */
void threads_news_listen(struct data_thread *thread);
void threads_news_later(struct loop_timer *timer, void *arg);
/* all that there is; no thread runs any more */
void threads_news_end(struct dp_threads *all);
/* a peer goes, and its thread has let go of it */
void threads_news_forget(struct dp_threads *all, struct threads_peer *peer);
/* a socket of a thread as the main loop knows it */
int threads_main_fd(const struct data_thread *thread, int fd);

#endif
