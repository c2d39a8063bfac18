// SPDX-License-Identifier: GPL-2.0-or-later
/* Peers of the threads: who has them, and asking there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dp/threads.h"
#include "log/log.h"

struct dp_threads *threads_get(struct dp *dp)
{
	return (struct dp_threads *)dp;
}

/* ---- who has a peer ---------------------------------------------------- */

static struct threads_peer **peer_bucket(struct dp_threads *all, uint32_t id)
{
	return &all->peers[id & (THREADS_BUCKETS - 1)];
}

struct threads_peer *threads_find(struct dp_threads *all, uint32_t id)
{
	struct threads_peer *peer = *peer_bucket(all, id);

	while (peer && peer->id != id)
		peer = peer->next;
	return peer;
}

/* ---- by which queue its packets come ------------------------------------ */

/* Those on connections are handed to the main loop by one of the threads. */
static uint32_t queue_of(const struct dp_threads *all,
			 const struct threads_peer *peer)
{
	return peer->thread == THREADS_HOME ? dp_thread_of(peer->id, all->n) :
					      peer->thread;
}

/* What cannot be told to the kernel takes the longer way, through a ring. */
static void behind_add(struct dp_threads *all, struct threads_peer *peer,
		       const struct net_prefix *dst)
{
	static struct log_limit limit = { .burst = 1, .interval_ms = 60000 };
	struct threads_behind *behind;
	char text[NET_PREFIX_STRLEN];
	int ret;

	if (all->steer < 0)
		return;
	behind = malloc(sizeof(*behind));
	if (!behind)
		return;
	ret = userdp_steer_set(all->steer, dst, queue_of(all, peer));
	if (ret) {
		log_limited(&limit, LOG_LEVEL_INFO,
			    "packets to %s come by the first queue: %s",
			    net_prefix_format(dst, text), strerror(-ret));
		free(behind);
		return;
	}
	behind->dst = *dst;
	behind->next = peer->behind;
	peer->behind = behind;
}

static void behind_add_ip(struct dp_threads *all, struct threads_peer *peer,
			  const struct net_ip *ip)
{
	if (ip->family)
		behind_add(all, peer, &(struct net_prefix){
			.ip = *ip, .len = ip->family == AF_INET ? 32 : 128,
		});
}

static void behind_del(struct dp_threads *all, struct threads_peer *peer,
		       const struct net_prefix *dst)
{
	struct threads_behind **pos = &peer->behind, *behind;

	while (*pos && ((*pos)->dst.len != dst->len ||
			!net_ip_is_equal(&(*pos)->dst.ip, &dst->ip)))
		pos = &(*pos)->next;
	behind = *pos;
	if (!behind)
		return;
	*pos = behind->next;
	userdp_steer_drop(all->steer, dst);
	free(behind);
}

void threads_steer(struct dp_threads *all, bool is_on)
{
	if (all->steer < 0)
		return;
	for (size_t i = 0; i < THREADS_BUCKETS; i++)
		for (const struct threads_peer *peer = all->peers[i]; peer;
		     peer = peer->next)
			for (const struct threads_behind *at = peer->behind; at;
			     at = at->next)
				if (is_on)
					userdp_steer_set(all->steer, &at->dst,
							 queue_of(all, peer));
				else
					userdp_steer_drop(all->steer, &at->dst);
}

void threads_peer_free(struct threads_peer *peer)
{
	struct threads_behind *behind;

	while ((behind = peer->behind)) {
		peer->behind = behind->next;
		free(behind);
	}
	free(peer->occ);
	free(peer);
}

static unsigned int peer_thread(const struct dp_threads *all,
				const struct dp_peer *cfg)
{
	if (cfg->is_tcp)
		return THREADS_HOME;
	if (all->base.mode == DP_MODE_P2P || cfg->format.is_v1)
		return 0;
	return dp_thread_of(cfg->id, all->n);
}

/* ---- asking ------------------------------------------------------------ */

/* The parts other than @thread. */
static unsigned int others(const struct dp_threads *all, unsigned int thread)
{
	return ((1u << all->n) - 1) & ~(1u << thread);
}

/* Call @fn on one part, in its thread, and wait. */
static void ask(struct dp_threads *all, unsigned int thread,
		void (*fn)(struct dp *user, void *arg), void *arg)
{
	void *args[DP_THREADS_MAX] = { NULL };

	if (thread == THREADS_HOME) {
		fn(all->home, arg);
		return;
	}
	args[thread] = arg;
	threads_call(all, 1u << thread, fn, args);
}

/**
 * struct peer_args - what most operations take
 * @slot, @key: of a key; @remote, @local; @dst: of a prefix; @op: of a message
 * @times: of keepalive
 */
struct peer_args {
	uint32_t id;
	int ret;
	enum dp_slot slot;
	const struct dp_key *key;
	const union net_addr *remote, *local;
	const struct net_prefix *dst;
	enum proto_occ_op op;
	unsigned int times[2];
	struct dp_peer_info *info;
};

static int ask_peer(struct dp *dp, void (*fn)(struct dp *user, void *arg),
		    struct peer_args *args)
{
	struct dp_threads *all = threads_get(dp);
	const struct threads_peer *peer = threads_find(all, args->id);

	if (!peer)
		return -ENOENT;
	ask(all, peer->thread, fn, args);
	return args->ret;
}

/* ---- peers come and go ------------------------------------------------- */

/* @news: NULL: of the main loop, where they are told at once */
struct add_args {
	const struct dp_peer *cfg;
	struct threads_news *news;
	int ret;
};

static void call_add(struct dp *user, void *arg)
{
	struct add_args *args = arg;

	if (args->news)
		threads_news_add(user->arg, args->news);
	args->ret = user->ops->peer_add(user, args->cfg);
	if (args->news && args->ret)
		threads_news_del(user->arg, args->news->peer_id);
}

static void call_del(struct dp *user, void *arg)
{
	struct peer_args *args = arg;

	args->ret = user->ops->peer_del(user, args->id);
	threads_news_del(user->arg, args->id);
}

static void call_del_home(struct dp *user, void *arg)
{
	struct peer_args *args = arg;

	args->ret = user->ops->peer_del(user, args->id);
}

static void call_forget(struct dp *user, void *arg)
{
	user_shard_forget(user, *(uint32_t *)arg);
}

static void call_pause(struct dp *user, void *arg)
{
	user_pause(user_get(user), *(bool *)arg);
}

struct foreign_args {
	const struct dp_peer *cfg;
	unsigned int thread;
	int ret;
};

static void call_foreign(struct dp *user, void *arg)
{
	struct foreign_args *args = arg;

	args->ret = user_shard_foreign(user, args->cfg, args->thread);
}

/* Where a part stands in the shards. */
static unsigned int shard_of(const struct dp_threads *all, unsigned int thread)
{
	return thread == THREADS_HOME ? all->n : thread;
}

/* All others learn where it is. */
static int tell_others(struct dp_threads *all, unsigned int thread,
		       const struct dp_peer *cfg)
{
	struct foreign_args args[DP_THREADS_MAX + 1];
	void *list[DP_THREADS_MAX] = { NULL };
	int ret = 0;

	if (!all->shards.n)
		return 0;
	for (unsigned int i = 0; i <= all->n; i++) {
		args[i] = (struct foreign_args){
			.cfg = cfg, .thread = shard_of(all, thread),
		};
		if (i < all->n)
			list[i] = &args[i];
	}
	threads_call(all, others(all, thread), call_foreign, list);
	if (all->home && thread != THREADS_HOME)
		call_foreign(all->home, &args[all->n]);
	for (unsigned int i = 0; i <= all->n && !ret; i++)
		ret = args[i].ret;
	return ret;
}

static void forget_others(struct dp_threads *all, unsigned int thread,
			  uint32_t id)
{
	void *args[DP_THREADS_MAX];

	if (!all->shards.n)
		return;
	for (unsigned int i = 0; i < DP_THREADS_MAX; i++)
		args[i] = &id;
	threads_call(all, others(all, thread), call_forget, args);
	if (all->home && thread != THREADS_HOME)
		call_forget(all->home, &id);
}

void threads_peer_forget(struct dp_threads *all, struct threads_peer *peer)
{
	struct threads_peer **pos = peer_bucket(all, peer->id);

	while (*pos != peer)
		pos = &(*pos)->next;
	*pos = peer->next;
	while (peer->behind)
		behind_del(all, peer, &peer->behind->dst);
	forget_others(all, peer->thread, peer->id);
	threads_news_forget(all, peer);
	threads_peer_free(peer);
}

static int peer_end(struct dp_threads *all, struct threads_peer *peer)
{
	struct peer_args args = { .id = peer->id };

	ask(all, peer->thread, peer->thread == THREADS_HOME ? call_del_home :
							      call_del, &args);
	threads_peer_forget(all, peer);
	return args.ret;
}

int threads_peer_del(struct dp *dp, uint32_t peer_id)
{
	struct threads_peer *peer = threads_find(threads_get(dp), peer_id);

	return peer ? peer_end(threads_get(dp), peer) : -ENOENT;
}

/* The device is read by the part that has the peer. */
static void activate(struct dp_threads *all, unsigned int thread)
{
	bool is_paused = true;

	if (all->active == thread)
		return;
	ask(all, all->active, call_pause, &is_paused);
	is_paused = false;
	ask(all, thread, call_pause, &is_paused);
	all->active = thread;
}

static void call_get(struct dp *user, void *arg)
{
	struct peer_args *args = arg;

	args->ret = user->ops->peer_get(user, args->id, args->info);
}

/* Make room for a peer: that of a link of two, or one that ended unseen. */
static int make_room(struct dp_threads *all, uint32_t id)
{
	struct dp_peer_info info;
	struct peer_args args = { .id = id, .info = &info };
	struct threads_peer *peer;

	if (all->base.mode == DP_MODE_P2P) {
		for (size_t i = 0; i < THREADS_BUCKETS; i++)
			while (all->peers[i])
				peer_end(all, all->peers[i]);
		return 0;
	}
	peer = threads_find(all, id);
	if (!peer)
		return 0;
	ask(all, peer->thread, call_get, &args);
	if (!args.ret)
		return -EEXIST;
	threads_peer_forget(all, peer);
	return 0;
}

static int peer_new(const struct dp_peer *cfg, unsigned int thread,
		    struct threads_peer **out)
{
	struct threads_peer *peer = calloc(1, sizeof(*peer));

	if (peer && cfg->occ)
		peer->occ = strdup(cfg->occ);
	if (!peer || (cfg->occ && !peer->occ)) {
		free(peer);
		return -ENOMEM;
	}
	peer->id = cfg->id;
	peer->news.peer_id = cfg->id;
	peer->thread = thread;
	*out = peer;
	return 0;
}

static int peer_add(struct dp_threads *all, const struct dp_peer *cfg,
		    struct threads_peer *peer)
{
	struct dp_peer own = *cfg;
	struct add_args args = { .cfg = &own };
	struct threads_peer **head = peer_bucket(all, cfg->id);

	own.occ = peer->occ;
	if (peer->thread != THREADS_HOME) {
		own.fd = threads_socket_of(all->threads[peer->thread], cfg->fd);
		args.news = &peer->news;
	}
	ask(all, peer->thread, call_add, &args);
	if (args.ret)
		return args.ret;
	peer->serial = all->n_peers++;
	peer->next = *head;
	*head = peer;
	behind_add_ip(all, peer, &cfg->vpn4);
	behind_add_ip(all, peer, &cfg->vpn6);
	return 0;
}

int threads_peer_add(struct dp *dp, const struct dp_peer *cfg)
{
	struct dp_threads *all = threads_get(dp);
	unsigned int thread = peer_thread(all, cfg);
	struct threads_peer *peer = NULL;
	int ret;

	if (thread == THREADS_HOME && !all->home)
		return -EINVAL;
	ret = make_room(all, cfg->id);
	if (!ret)
		ret = peer_new(cfg, thread, &peer);
	if (ret)
		return ret;
	if (dp->mode == DP_MODE_P2P)
		activate(all, thread);
	ret = peer_add(all, cfg, peer);
	if (ret) {
		threads_peer_free(peer);
		return ret;
	}
	ret = tell_others(all, thread, cfg);
	if (ret)
		peer_end(all, peer);
	return ret;
}

/* ---- events ------------------------------------------------------------ */

/* One of the main loop's own, which tells at once; NULL. */
static struct threads_peer *home_peer(struct dp_threads *all, uint32_t id)
{
	struct threads_peer *peer = threads_find(all, id);

	return peer && peer->thread == THREADS_HOME ? peer : NULL;
}

static void home_deleted(void *arg, uint32_t peer_id,
			 enum dp_del_reason reason)
{
	struct dp_threads *all = arg;
	struct threads_peer *peer = home_peer(all, peer_id);

	if (!peer)
		return;
	threads_peer_forget(all, peer);
	dp_emit_deleted(&all->base, peer_id, reason);
}

static void home_exhausted(void *arg, uint32_t peer_id, uint8_t key_id)
{
	struct dp_threads *all = arg;

	if (home_peer(all, peer_id))
		dp_emit_exhausted(&all->base, peer_id, key_id);
}

static void home_exit(void *arg, uint32_t peer_id)
{
	struct dp_threads *all = arg;

	if (home_peer(all, peer_id))
		dp_emit_exit(&all->base, peer_id);
}

/* A connection does not float. */
const struct dp_events threads_home_events = {
	.peer_deleted = home_deleted,
	.key_exhausted = home_exhausted,
	.peer_exit = home_exit,
};

/* ---- what is done with a peer ------------------------------------------ */

static void call_set_remote(struct dp *user, void *arg)
{
	struct peer_args *args = arg;

	args->ret = user->ops->peer_set_remote(user, args->id, args->remote,
					       args->local);
}

int threads_peer_set_remote(struct dp *dp, uint32_t peer_id,
			    const union net_addr *remote,
			    const union net_addr *local)
{
	return ask_peer(dp, call_set_remote, &(struct peer_args){
		.id = peer_id, .remote = remote, .local = local,
	});
}

static void call_set_keepalive(struct dp *user, void *arg)
{
	struct peer_args *args = arg;

	args->ret = user->ops->peer_set_keepalive(user, args->id,
						  args->times[0],
						  args->times[1]);
}

int threads_peer_set_keepalive(struct dp *dp, uint32_t peer_id,
			       unsigned int interval, unsigned int timeout)
{
	return ask_peer(dp, call_set_keepalive, &(struct peer_args){
		.id = peer_id, .times = { interval, timeout },
	});
}

static void call_prefix_add(struct dp *user, void *arg)
{
	struct peer_args *args = arg;

	args->ret = user->ops->prefix_add(user, args->id, args->dst);
}

static void call_prefix_del(struct dp *user, void *arg)
{
	struct peer_args *args = arg;

	args->ret = user->ops->prefix_del(user, args->id, args->dst);
}

/* Where a prefix is everybody knows. */
static int ask_prefix(struct dp *dp, uint32_t peer_id,
		      const struct net_prefix *dst,
		      void (*fn)(struct dp *user, void *arg))
{
	struct dp_threads *all = threads_get(dp);
	struct threads_peer *peer = threads_find(all, peer_id);
	struct peer_args args = { .id = peer_id, .dst = dst };
	struct peer_args each[DP_THREADS_MAX];
	void *list[DP_THREADS_MAX] = { NULL };
	int ret = ask_peer(dp, fn, &args);

	if (ret || !all->shards.n)
		return ret;
	for (unsigned int i = 0; i < all->n; i++) {
		each[i] = args;
		list[i] = &each[i];
	}
	threads_call(all, others(all, peer->thread), fn, list);
	if (all->home && peer->thread != THREADS_HOME)
		fn(all->home, &args);
	if (fn == call_prefix_add)
		behind_add(all, peer, dst);
	else
		behind_del(all, peer, dst);
	return 0;
}

int threads_prefix_add(struct dp *dp, uint32_t peer_id,
		       const struct net_prefix *dst)
{
	return ask_prefix(dp, peer_id, dst, call_prefix_add);
}

int threads_prefix_del(struct dp *dp, uint32_t peer_id,
		       const struct net_prefix *dst)
{
	return ask_prefix(dp, peer_id, dst, call_prefix_del);
}

static void call_key_set_home(struct dp *user, void *arg)
{
	struct peer_args *args = arg;

	args->ret = user->ops->key_set(user, args->id, args->slot, args->key);
}

static void call_key_set(struct dp *user, void *arg)
{
	call_key_set_home(user, arg);
	threads_early(user->arg);
}

int threads_key_set(struct dp *dp, uint32_t peer_id, enum dp_slot slot,
		    const struct dp_key *key)
{
	const struct threads_peer *peer = threads_find(threads_get(dp),
						       peer_id);
	bool is_home = peer && peer->thread == THREADS_HOME;

	return ask_peer(dp, is_home ? call_key_set_home : call_key_set,
			&(struct peer_args){
		.id = peer_id, .slot = slot, .key = key,
	});
}

static void call_key_swap(struct dp *user, void *arg)
{
	struct peer_args *args = arg;

	args->ret = user->ops->key_swap(user, args->id);
}

int threads_key_swap(struct dp *dp, uint32_t peer_id)
{
	return ask_peer(dp, call_key_swap, &(struct peer_args){
		.id = peer_id,
	});
}

static void call_key_del(struct dp *user, void *arg)
{
	struct peer_args *args = arg;

	args->ret = user->ops->key_del(user, args->id, args->slot);
}

int threads_key_del(struct dp *dp, uint32_t peer_id, enum dp_slot slot)
{
	return ask_peer(dp, call_key_del, &(struct peer_args){
		.id = peer_id, .slot = slot,
	});
}

static void call_send_occ(struct dp *user, void *arg)
{
	struct peer_args *args = arg;

	args->ret = dp_send_occ(user, args->id, args->op);
}

int threads_send_occ(struct dp *dp, uint32_t peer_id, enum proto_occ_op op)
{
	return ask_peer(dp, call_send_occ, &(struct peer_args){
		.id = peer_id, .op = op,
	});
}

/* ---- looking ----------------------------------------------------------- */

static unsigned int thread_number(unsigned int thread)
{
	return thread == THREADS_HOME ? 0 : thread + 1;
}

int threads_peer_get(struct dp *dp, uint32_t peer_id, struct dp_peer_info *out)
{
	const struct threads_peer *peer = threads_find(threads_get(dp),
						       peer_id);
	int ret = ask_peer(dp, call_get, &(struct peer_args){
		.id = peer_id, .info = out,
	});

	if (!ret)
		out->thread = thread_number(peer->thread);
	return ret;
}

/** struct list_args - peers of one part, copied */
struct list_args {
	struct dp_peer_info *infos;
	size_t n, cap;
	int ret;
};

static int list_copy(void *arg, const struct dp_peer_info *info)
{
	struct list_args *args = arg;
	struct dp_peer_info *infos;

	if (args->n == args->cap) {
		args->cap = args->cap ? 2 * args->cap : 64;
		infos = realloc(args->infos, args->cap * sizeof(*infos));
		if (!infos)
			return -ENOMEM;
		args->infos = infos;
	}
	args->infos[args->n++] = *info;
	return 0;
}

static void call_list(struct dp *user, void *arg)
{
	struct list_args *args = arg;

	args->ret = user->ops->peer_list(user, list_copy, args);
}

static int list_part(struct dp_threads *all, unsigned int thread,
		     int (*fn)(void *arg, const struct dp_peer_info *info),
		     void *arg)
{
	struct list_args args = { 0 };

	ask(all, thread, call_list, &args);
	for (size_t i = 0; i < args.n && !args.ret; i++) {
		args.infos[i].thread = thread_number(thread);
		args.ret = fn(arg, &args.infos[i]);
	}
	free(args.infos);
	return args.ret;
}

int threads_peer_list(struct dp *dp,
		      int (*fn)(void *arg, const struct dp_peer_info *info),
		      void *arg)
{
	struct dp_threads *all = threads_get(dp);
	int ret = 0;

	for (unsigned int i = 0; i < all->n && !ret; i++)
		ret = list_part(all, i, fn, arg);
	if (!ret && all->home)
		ret = list_part(all, THREADS_HOME, fn, arg);
	return ret;
}
