// SPDX-License-Identifier: GPL-2.0-or-later
#include "dp/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log/log.h"

/* ---- packets ----------------------------------------------------------- */

/* The main loop's part; packets of a batch of ours are one of its. */
static struct dp *home_taker(struct dp_threads *all)
{
	if (all->base.batches && !all->home->batches)
		dp_batch_begin(all->home);
	return all->home;
}

/* Whose is a datagram that has come by a socket of the main loop? */
static unsigned int input_thread(struct dp_threads *all, const uint8_t *pkt,
				 size_t len)
{
	const struct threads_peer *peer;
	uint32_t id;

	if (all->base.mode == DP_MODE_P2P)
		return all->active;
	if (len < 4 || proto_byte_opcode(pkt[0]) != PROTO_DATA_V2)
		return 0;
	id = (uint32_t)pkt[1] << 16 | (uint32_t)pkt[2] << 8 | pkt[3];
	peer = threads_find(all, id);
	return peer ? peer->thread : dp_thread_of(id, all->n);
}

static int threads_input(struct dp *dp, int fd, const uint8_t *pkt, size_t len,
			 const union net_addr *remote,
			 const union net_addr *local)
{
	struct dp_threads *all = threads_get(dp);
	unsigned int thread = input_thread(all, pkt, len);
	int ret;

	if (thread == THREADS_HOME)
		return dp_input(home_taker(all), fd, pkt, len, remote, local);
	if (!all->threads[thread]->is_running)
		return dp_input(all->threads[thread]->user,
				threads_socket_of(all->threads[thread], fd),
				pkt, len, remote, local);
	ret = threads_pass(all->threads[thread], fd, pkt, len, remote, local);
	all->n_lost += ret != 0;
	if (!dp->batches)
		threads_told(all->threads[thread]);
	return ret;
}

static int threads_input_stream(struct dp *dp, uint32_t peer_id,
				const uint8_t *pkt, size_t len)
{
	struct dp_threads *all = threads_get(dp);

	return all->home ? dp_input_stream(home_taker(all), peer_id, pkt, len) :
			   -ENOENT;
}

static void threads_batch_end(struct dp *dp)
{
	struct dp_threads *all = threads_get(dp);

	for (unsigned int i = 0; i < all->n; i++)
		threads_told(all->threads[i]);
	if (all->home && all->home->batches)
		dp_batch_end(all->home);
}

static void threads_stream_ready(struct dp *dp, uint32_t peer_id)
{
	struct dp_threads *all = threads_get(dp);

	if (all->home)
		dp_stream_ready(all->home, peer_id);
}

/* ---- sockets ----------------------------------------------------------- */

static void threads_sockets_del(struct dp *dp, int main_fd)
{
	struct dp_threads *all = threads_get(dp);

	for (unsigned int i = 0; i < all->n; i++)
		threads_socket_del(all->threads[i], main_fd);
}

static int threads_sockets_add(struct dp *dp, int main_fd, const int *fds)
{
	struct dp_threads *all = threads_get(dp);
	int ret = 0;

	for (unsigned int i = 0; i < all->n && !ret; i++)
		ret = threads_socket_add(all->threads[i], fds[i], main_fd);
	if (ret)
		threads_sockets_del(dp, main_fd);
	return ret;
}

/* ---- life -------------------------------------------------------------- */

static unsigned int threads_n(const struct dp *dp)
{
	return ((const struct dp_threads *)dp)->n;
}

/*
 * Frames that wait since before there were other queues are in the first one;
 * nobody runs as yet, so that they can be taken here.
 */
static void drain_queue(struct dp_threads *all)
{
	struct dp_user *first = user_get(all->threads[0]->user);

	for (unsigned int n = 0; n < THREADS_DRAINS; n++) {
		struct pollfd queue = { .fd = first->tun.fd, .events = POLLIN };

		if (poll(&queue, 1, 0) <= 0)
			return;
		user_tun_event(first->tun_io, LOOP_READABLE, first);
		for (unsigned int i = 0; i < all->n; i++)
			user_shard_wake(all->threads[i]->user);
	}
}

static int threads_start(struct dp *dp)
{
	struct dp_threads *all = threads_get(dp);
	int ret = 0;

	threads_steer(all, true);
	if (all->shards.n && !all->threads[0]->is_running)
		drain_queue(all);
	for (unsigned int i = 0; i < all->n && !ret; i++)
		ret = threads_thread_start(all->threads[i]);
	return ret;
}

/* What waits goes first: on its way, or to whoever comes next. */
static void threads_halt(struct dp_threads *all)
{
	for (unsigned int i = 0; i < all->n; i++)
		threads_thread_stop(all->threads[i]);
	threads_steer(all, false);
	threads_drain(all);
}

static void threads_stop(struct dp *dp)
{
	struct dp_threads *all = threads_get(dp);

	threads_halt(all);
	dp_enter(dp);
	threads_news_end(all);
	dp_leave(dp);
}

static void log_drops(const struct dp_threads *all)
{
	struct user_drops sum = { .no_peer = 0 };

	for (unsigned int i = 0; i < all->n; i++)
		user_drops_add(&sum, user_get(all->threads[i]->user));
	if (all->home)
		user_drops_add(&sum, user_get(all->home));
	user_drops_log(&sum);
	if (all->n_lost)
		log_debug("data path: %llu datagrams came by the main loop and were lost there",
			  (unsigned long long)all->n_lost);
}

/* All but the descriptor of the device, which is the caller's at first. */
static void threads_dispose(struct dp_threads *all)
{
	threads_halt(all);
	if (all->home)
		threads_batch_end(&all->base);
	log_drops(all);
	userdp_steer_close(all->steer, all->tun_fd);
	for (unsigned int i = 0; i < all->n; i++)
		threads_thread_free(all->threads[i]);
	dp_free(all->home);
	loop_wake_free(all->wake);
	loop_timer_free(all->later_timer);
	for (unsigned int i = 0; i < USER_SHARDS_MAX; i++)
		for (unsigned int k = 0; k < USER_SHARDS_MAX; k++)
			dp_ring_free(all->shards.rings[i][k]);
	for (size_t i = 0; i < THREADS_BUCKETS; i++) {
		struct threads_peer *peer;

		while ((peer = all->peers[i])) {
			all->peers[i] = peer->next;
			threads_peer_free(peer);
		}
	}
}

static void threads_free(struct dp *dp)
{
	struct dp_threads *all = threads_get(dp);

	threads_dispose(all);
	close(all->tun_fd);
	free(all);
}

static const struct dp_ops threads_ops = {
	.name = "user",
	.free = threads_free,
	.peer_add = threads_peer_add,
	.peer_set_remote = threads_peer_set_remote,
	.peer_set_keepalive = threads_peer_set_keepalive,
	.peer_del = threads_peer_del,
	.prefix_add = threads_prefix_add,
	.prefix_del = threads_prefix_del,
	.key_set = threads_key_set,
	.key_swap = threads_key_swap,
	.key_del = threads_key_del,
	.peer_get = threads_peer_get,
	.peer_list = threads_peer_list,
	.input = threads_input,
	.input_stream = threads_input_stream,
	.batch_end = threads_batch_end,
	.send_occ = threads_send_occ,
	.stream_ready = threads_stream_ready,
	.threads = threads_n,
	.start = threads_start,
	.stop = threads_stop,
	.sockets_add = threads_sockets_add,
	.sockets_del = threads_sockets_del,
};

/* ---- making them ------------------------------------------------------- */

static void shards_wake(void *arg, unsigned int to)
{
	struct dp_threads *all = arg;

	loop_wake_send(to < all->n ? all->threads[to]->wake : all->wake);
}

/* What they share, when there is more than one part with peers. */
static int shards_new(struct dp_threads *all)
{
	struct user_shards *shards = &all->shards;
	unsigned int n = all->n + (all->home ? 1 : 0);
	int ret = 0;

	if (all->base.mode == DP_MODE_P2P || n < 2)
		return 0;
	shards->n = n;
	shards->home = all->n;
	shards->wake = shards_wake;
	shards->arg = all;
	for (unsigned int i = 0; i < n; i++) {
		struct dp *user = i < all->n ? all->threads[i]->user :
					       all->home;

		for (unsigned int k = 0; k < n && !ret; k++) {
			if (k == i)
				continue;
			shards->rings[i][k] = dp_ring_new(k == all->n ?
				USER_HOME_BYTES : DP_RING_BYTES);
			ret = shards->rings[i][k] ? 0 : -ENOMEM;
		}
		if (!ret)
			ret = user_shard_new(user, shards, i);
	}
	return ret;
}

/* What it reads of the device the threads read instead; it only writes. */
static int home_new(struct dp_threads *all, const struct dp_config *cfg)
{
	struct dp_config own = *cfg;
	int ret;

	own.events = &threads_home_events;
	own.arg = all;
	own.tun_fd = fcntl(cfg->tun_fd, F_DUPFD_CLOEXEC, 0);
	if (own.tun_fd < 0)
		return -errno;
	ret = user_new_alone(&own, &all->home);
	if (ret) {
		close(own.tun_fd);
		return ret;
	}
	user_get(all->home)->is_part = true;
	user_pause(user_get(all->home), true);
	return 0;
}

/*
 * The first thread has the queue that is there, others make theirs. Where the
 * kernel cannot be told by which queue packets have to come, or the device has
 * only one, the first one reads for all.
 */
static int thread_queue(struct dp_threads *all, const struct dp_config *cfg)
{
	int fd;

	if (all->n && all->steer >= 0)
		return userdp_tun_queue(cfg->tun_fd);
	fd = fcntl(cfg->tun_fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static void steer_open(struct dp_threads *all, const struct dp_config *cfg)
{
	int queue;

	if (cfg->threads < 2 || cfg->mode == DP_MODE_P2P)
		return;
	queue = userdp_tun_queue(cfg->tun_fd);
	all->steer = queue;
	if (queue >= 0) {
		close(queue);
		all->steer = userdp_steer_open(cfg->tun_fd);
	}
	if (all->steer < 0)
		log_notice("%s: the first data thread reads the device for all: %s",
			   cfg->ifname, strerror(-all->steer));
}

static int thread_add(struct dp_threads *all, const struct dp_config *cfg)
{
	struct data_thread **thread = &all->threads[all->n];
	int fd = thread_queue(all, cfg), ret;

	ret = fd < 0 ? fd : threads_thread_new(all, cfg, fd, thread);
	if (ret)
		return ret;
	if (all->n && all->steer < 0)
		user_pause(user_get((*thread)->user), true);
	all->n++;
	return 0;
}

static int threads_make(struct dp_threads *all, const struct dp_config *cfg)
{
	int ret = 0;

	steer_open(all, cfg);
	while (all->n < cfg->threads && all->n < DP_THREADS_MAX && !ret)
		ret = thread_add(all, cfg);
	if (ret && all->n) {
		log_warn("%s: %u data threads instead of %u: %s", cfg->ifname,
			 all->n, cfg->threads, strerror(-ret));
		ret = 0;
	}
	if (!ret && cfg->has_streams)
		ret = home_new(all, cfg);
	return ret ? ret : shards_new(all);
}

static int threads_new(const struct dp_config *cfg, struct dp **out)
{
	struct dp_threads *all;
	int ret;

	if (!cfg->loop || cfg->tun_fd < 0)
		return -EINVAL;
	all = calloc(1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	dp_init(&all->base, &threads_ops, cfg);
	all->steer = -1;
	all->tun_fd = cfg->tun_fd;
	TAILQ_INIT(&all->later);
	all->wake = loop_wake_new(cfg->loop, threads_listen, all);
	all->later_timer = loop_timer_new(cfg->loop, threads_news_later, all);
	ret = all->wake && all->later_timer ? threads_make(all, cfg) : -ENOMEM;
	if (ret) {
		threads_dispose(all);
		free(all);
		return ret;
	}
	*out = &all->base;
	return 0;
}

int dp_user_new(const struct dp_config *cfg, struct dp **out)
{
	int ret = cfg->threads ? threads_new(cfg, out) : -ENOENT;

	if (!ret)
		return 0;
	if (cfg->threads)
		log_warn("%s: no data threads: %s", cfg->ifname,
			 strerror(-ret));
	return user_new_alone(cfg, out);
}
