// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What threads have to tell the main loop of peers. Each peer has a place for
 * it, made with the peer, in which a thing stands once however often it
 * happens; so nothing is lost, and nothing that a peer does makes it more. Of
 * its moves only the last one counts, and is told once in a while: each is a
 * line in the log and a record written for the next process.
 *
 * A thread knows the places of its peers by their ids, which is its own table.
 * What is in a place, and the list of those with something in them, is under
 * the thread's lock.
 */
#include "dp/threads.h"

/* Between two reports of where a peer is now. */
#define FLOAT_MS	1000
#define LATER_MS	250

/* ---- in the thread ----------------------------------------------------- */

static struct threads_news **news_find(struct data_thread *thread, uint32_t id)
{
	struct threads_news **pos = &thread->by_id[id & (THREADS_BUCKETS - 1)];

	while (*pos && (*pos)->peer_id != id)
		pos = &(*pos)->next_id;
	return pos;
}

void threads_news_add(struct data_thread *thread, struct threads_news *news)
{
	struct threads_news **head;

	head = &thread->by_id[news->peer_id & (THREADS_BUCKETS - 1)];
	news->next_id = *head;
	*head = news;
}

void threads_news_del(struct data_thread *thread, uint32_t peer_id)
{
	struct threads_news **pos = news_find(thread, peer_id);

	if (*pos)
		*pos = (*pos)->next_id;
}

/* NULL: the peer is not told of any more; otherwise locked. */
static struct threads_news *news_lock(struct data_thread *thread, uint32_t id)
{
	struct threads_news *news = *news_find(thread, id);

	if (news)
		pthread_mutex_lock(&thread->lock);
	return news;
}

static void news_unlock(struct data_thread *thread, struct threads_news *news,
			bool may_wait)
{
	bool is_new = news->place == THREADS_PLACE_NONE ||
		      (news->place == THREADS_PLACE_LATER && !may_wait);

	if (is_new) {
		news->place = THREADS_PLACE_LISTED;
		TAILQ_INSERT_TAIL(&thread->news, news, entry);
	}
	pthread_mutex_unlock(&thread->lock);
	if (is_new)
		loop_wake_send(thread->all->wake);
}

static void thread_deleted(void *arg, uint32_t peer_id,
			   enum dp_del_reason reason)
{
	struct data_thread *thread = arg;
	struct threads_news *news = news_lock(thread, peer_id);

	if (!news)
		return;
	/* what has its id from now on is another one, and it may be freed */
	threads_news_del(thread, peer_id);
	news->is_deleted = true;
	news->reason = reason;
	news_unlock(thread, news, false);
}

static void thread_floated(void *arg, uint32_t peer_id, int fd,
			   const union net_addr *remote)
{
	struct data_thread *thread = arg;
	struct threads_news *news = news_lock(thread, peer_id);

	if (!news)
		return;
	news->has_floated = true;
	news->fd = fd;
	news->remote = *remote;
	news_unlock(thread, news, true);
}

static void thread_exhausted(void *arg, uint32_t peer_id, uint8_t key_id)
{
	struct data_thread *thread = arg;
	struct threads_news *news = news_lock(thread, peer_id);

	if (!news)
		return;
	news->exhausted |= (uint8_t)(1u << (key_id & 7));
	news_unlock(thread, news, false);
}

static void thread_exit(void *arg, uint32_t peer_id)
{
	struct data_thread *thread = arg;
	struct threads_news *news = news_lock(thread, peer_id);

	if (!news)
		return;
	news->has_left = true;
	news_unlock(thread, news, false);
}

const struct dp_events threads_news_events = {
	.peer_deleted = thread_deleted,
	.peer_floated = thread_floated,
	.key_exhausted = thread_exhausted,
	.peer_exit = thread_exit,
};

/* ---- on the main loop -------------------------------------------------- */

static struct threads_peer *peer_of(struct threads_news *news)
{
	return (struct threads_peer *)((char *)news -
				       offsetof(struct threads_peer, news));
}

/* Locked: out of the list; @now gets what there was. */
static void news_take(struct data_thread *thread, struct threads_news *news,
		      struct threads_news *now)
{
	if (news->place == THREADS_PLACE_LISTED)
		TAILQ_REMOVE(&thread->news, news, entry);
	*now = *news;
	news->place = THREADS_PLACE_NONE;
	news->has_floated = news->has_left = news->is_deleted = false;
	news->exhausted = 0;
}

static bool may_wait(const struct threads_news *news)
{
	return news->has_floated && !news->has_left && !news->is_deleted &&
	       !news->exhausted;
}

static bool has_just_moved(const struct dp_threads *all,
			   const struct threads_peer *peer)
{
	return peer->has_floated &&
	       loop_now(all->base.loop) < peer->floated_at + FLOAT_MS;
}

/* A socket of a thread as the main loop knows it. */
int threads_main_fd(const struct data_thread *thread, int fd)
{
	const struct threads_socket *sock;

	for (sock = thread->sockets; sock; sock = sock->next)
		if (sock->fd == fd)
			return sock->main_fd;
	return fd;
}

/* Whoever is told something may delete the peer, and make another one. */
static bool is_there(struct dp_threads *all, uint32_t id, uint64_t serial)
{
	const struct threads_peer *peer = threads_find(all, id);

	return !all->base.is_dead && peer && peer->serial == serial;
}

static void tell(struct data_thread *thread, struct threads_peer *peer,
		 const struct threads_news *now)
{
	struct dp_threads *all = thread->all;
	struct dp *dp = &all->base;
	uint64_t serial = peer->serial;
	uint32_t id = peer->id;

	if (now->has_floated) {
		peer->has_floated = true;
		peer->floated_at = loop_now(dp->loop);
		dp_emit_floated(dp, id, threads_main_fd(thread, now->fd),
				&now->remote);
	}
	for (uint8_t key_id = 0; key_id < 8; key_id++)
		if (now->exhausted >> key_id & 1 && is_there(all, id, serial))
			dp_emit_exhausted(dp, id, key_id);
	if (now->has_left && is_there(all, id, serial))
		dp_emit_exit(dp, id);
	if (now->is_deleted && is_there(all, id, serial)) {
		threads_peer_forget(all, threads_find(all, id));
		dp_emit_deleted(dp, id, now->reason);
	}
}

static void tell_later(struct dp_threads *all, struct threads_peer *peer)
{
	if (peer->is_later)
		return;
	if (TAILQ_EMPTY(&all->later))
		loop_timer_start(all->later_timer, LATER_MS);
	peer->is_later = true;
	TAILQ_INSERT_TAIL(&all->later, peer, later);
}

/* Return: one of the list, or NULL. @now: what there is of it. */
static struct threads_peer *news_next(struct data_thread *thread,
				      struct threads_news *now, bool is_last)
{
	struct threads_peer *peer = NULL;
	struct threads_news *news;

	pthread_mutex_lock(&thread->lock);
	news = TAILQ_FIRST(&thread->news);
	if (news) {
		peer = peer_of(news);
		if (!is_last && may_wait(news) &&
		    has_just_moved(thread->all, peer)) {
			TAILQ_REMOVE(&thread->news, news, entry);
			news->place = THREADS_PLACE_LATER;
			*now = *news;
		} else {
			news_take(thread, news, now);
			now->place = THREADS_PLACE_NONE;
		}
	}
	pthread_mutex_unlock(&thread->lock);
	return peer;
}

void threads_news_listen(struct data_thread *thread)
{
	struct dp_threads *all = thread->all;
	struct threads_peer *peer;
	struct threads_news now;

	for (unsigned int n = 0; !all->base.is_dead; n++) {
		/* others have their turn, whatever peers make happen */
		if (n == THREADS_TURN) {
			loop_wake_send(all->wake);
			return;
		}
		peer = news_next(thread, &now, false);
		if (!peer)
			return;
		if (now.place == THREADS_PLACE_LATER)
			tell_later(all, peer);
		else
			tell(thread, peer, &now);
	}
}

static void tell_now(struct dp_threads *all, struct threads_peer *peer)
{
	struct data_thread *thread = all->threads[peer->thread];
	struct threads_news now;

	TAILQ_REMOVE(&all->later, peer, later);
	peer->is_later = false;
	pthread_mutex_lock(&thread->lock);
	news_take(thread, &peer->news, &now);
	pthread_mutex_unlock(&thread->lock);
	tell(thread, peer, &now);
}

/* Return: one whose time has come; NULL. */
static struct threads_peer *later_due(struct dp_threads *all)
{
	struct threads_peer *peer;

	TAILQ_FOREACH(peer, &all->later, later)
		if (!has_just_moved(all, peer))
			return peer;
	return NULL;
}

void threads_news_later(struct loop_timer *timer, void *arg)
{
	struct dp_threads *all = arg;
	struct threads_peer *peer;

	(void)timer;
	dp_enter(&all->base);
	while (!all->base.is_dead && (peer = later_due(all)))
		tell_now(all, peer);
	if (!all->base.is_dead && !TAILQ_EMPTY(&all->later))
		loop_timer_start(all->later_timer, LATER_MS);
	dp_leave(&all->base);
}

void threads_news_end(struct dp_threads *all)
{
	struct threads_peer *peer;
	struct threads_news now;

	for (unsigned int i = 0; i < all->n; i++)
		while (!all->base.is_dead &&
		       (peer = news_next(all->threads[i], &now, true)))
			tell(all->threads[i], peer, &now);
	while (!all->base.is_dead && (peer = TAILQ_FIRST(&all->later)))
		tell_now(all, peer);
}

void threads_news_forget(struct dp_threads *all, struct threads_peer *peer)
{
	struct data_thread *thread;
	struct threads_news now;

	if (peer->is_later)
		TAILQ_REMOVE(&all->later, peer, later);
	peer->is_later = false;
	if (peer->thread == THREADS_HOME)
		return;
	thread = all->threads[peer->thread];
	pthread_mutex_lock(&thread->lock);
	news_take(thread, &peer->news, &now);
	pthread_mutex_unlock(&thread->lock);
}
