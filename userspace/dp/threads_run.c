// SPDX-License-Identifier: GPL-2.0-or-later
/* The threads of the data path. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dp/threads.h"
#include "log/log.h"
#include "mem/mem.h"

/* Locked as a whole where mlock says so: no more than it takes. */
#define STACK_BYTES	(1024 * 1024)

/* What is not done by then, when a process ends, is lost. */
#define DRAIN_MS	200

/* So many packets may wait for their key, and so long. */
#define EARLY_MAX	64
#define EARLY_MS	1000

/**
 * struct passed - what stands in front of a datagram in a ring
 * @fd: the socket that it came by, as the receiver of the ring knows it
 * @at: since when it waits for its key, in loop time
 */
struct passed {
	int fd;
	union net_addr remote, local;
	uint64_t at;
};

static bool is_data(const uint8_t *pkt)
{
	unsigned int op = proto_byte_opcode(pkt[0]);

	return op == PROTO_DATA_V2 || op == PROTO_DATA_V1;
}

/* ---- to the main loop -------------------------------------------------- */

/* Datagrams that are none of data: the main loop's, in their order. */
static void listen_strays(struct data_thread *thread)
{
	struct dp *dp = &thread->all->base;
	unsigned int n = 0;
	uint8_t *data;
	size_t len;

	for (; !dp->is_dead; n++) {
		struct passed head;

		data = dp_ring_peek(thread->out, &len);
		if (!data)
			return;
		if (n == THREADS_STRAYS) {
			loop_wake_send(thread->all->wake);
			return;
		}
		memcpy(&head, data, sizeof(head));
		dp_emit_control(dp, threads_main_fd(thread, head.fd),
				data + sizeof(head), len - sizeof(head),
				&head.remote, &head.local);
		dp_ring_pop(thread->out);
	}
}

void threads_listen(void *arg)
{
	struct dp_threads *all = arg;

	dp_enter(&all->base);
	for (unsigned int i = 0; i < all->n && !all->base.is_dead; i++) {
		threads_news_listen(all->threads[i]);
		listen_strays(all->threads[i]);
	}
	if (all->home && all->shards.n && !all->base.is_dead)
		user_shard_wake(all->home);
	dp_leave(&all->base);
}

/* ---- datagrams --------------------------------------------------------- */

static int ring_pass(struct dp_ring *ring, const struct passed *head,
		     const uint8_t *pkt, size_t len)
{
	uint8_t *slot = dp_ring_slot(ring, sizeof(*head) + len);

	if (!slot)
		return -ENOBUFS;
	memcpy(slot, head, sizeof(*head));
	memcpy(slot + sizeof(*head), pkt, len);
	dp_ring_push(ring, sizeof(*head) + len);
	return 0;
}

int threads_pass(struct data_thread *thread, int fd, const uint8_t *pkt,
		 size_t len, const union net_addr *remote,
		 const union net_addr *local)
{
	struct passed head = { .fd = threads_socket_of(thread, fd) };

	if (remote)
		head.remote = *remote;
	if (local)
		head.local = *local;
	thread->is_told = true;
	return ring_pass(thread->in, &head, pkt, len);
}

void threads_told(struct data_thread *thread)
{
	if (thread->is_told)
		loop_wake_send(thread->wake);
	thread->is_told = false;
}

/* ---- packets that come before their key --------------------------------- */

/*
 * A peer uses its new key as soon as it has acknowledged it, and the main loop
 * may not look at that for a while. What comes meanwhile waits here, and is in
 * front of what comes then. Anybody can make up such packets, so they are few.
 */
static void early_expire(struct data_thread *thread)
{
	uint64_t now = loop_now(thread->loop);
	struct passed head;
	uint8_t *data;
	size_t len;

	while ((data = dp_ring_peek(thread->early, &len))) {
		memcpy(&head, data, sizeof(head));
		if (now - head.at < EARLY_MS)
			return;
		dp_ring_pop(thread->early);
		thread->n_early--;
	}
}

static void early_add(struct data_thread *thread, const struct passed *head,
		      const uint8_t *pkt, size_t len)
{
	struct passed own = *head;

	early_expire(thread);
	own.at = loop_now(thread->loop);
	if (thread->n_early < EARLY_MAX &&
	    !ring_pass(thread->early, &own, pkt, len))
		thread->n_early++;
}

static int thread_input(struct data_thread *thread, const struct passed *head,
			const uint8_t *pkt, size_t len)
{
	return dp_input(thread->user, head->fd, pkt, len, &head->remote,
			&head->local);
}

void threads_early(struct data_thread *thread)
{
	struct passed head;
	unsigned int n;
	uint8_t *data;
	size_t len;

	early_expire(thread);
	n = thread->n_early;
	if (!n)
		return;
	dp_batch_begin(thread->user);
	while (n-- && (data = dp_ring_peek(thread->early, &len))) {
		memcpy(&head, data, sizeof(head));
		data += sizeof(head);
		len -= sizeof(head);
		/* of another peer: it goes on waiting, behind the others */
		if (thread_input(thread, &head, data, len) != -ENOKEY ||
		    ring_pass(thread->early, &head, data, len))
			thread->n_early--;
		dp_ring_pop(thread->early);
	}
	dp_batch_end(thread->user);
}

/* ---- datagrams of a thread ---------------------------------------------- */

static void thread_data(struct data_thread *thread, const struct passed *head,
			const uint8_t *pkt, size_t len)
{
	if (thread_input(thread, head, pkt, len) == -ENOKEY)
		early_add(thread, head, pkt, len);
}

/* What the main loop has passed on. */
static void thread_take(struct data_thread *thread)
{
	unsigned int n = 0;
	uint8_t *data;
	size_t len;

	if (!dp_ring_peek(thread->in, &len))
		return;
	dp_batch_begin(thread->user);
	while ((data = dp_ring_peek(thread->in, &len))) {
		struct passed head;

		if (n++ == USERDP_RX_BATCH) {
			loop_wake_send(thread->wake);
			break;
		}
		memcpy(&head, data, sizeof(head));
		thread_data(thread, &head, data + sizeof(head),
			    len - sizeof(head));
		dp_ring_pop(thread->in);
	}
	dp_batch_end(thread->user);
}

static void socket_datagram(struct threads_socket *sock,
			    const struct userdp_datagram *gram,
			    const uint8_t *pkt, size_t len)
{
	struct data_thread *thread = sock->thread;
	const struct passed head = {
		.fd = sock->fd, .remote = gram->from, .local = gram->local,
	};

	if (is_data(pkt))
		thread_data(thread, &head, pkt, len);
	/* a lost one is sent again */
	else if (!ring_pass(thread->out, &head, pkt, len))
		thread->has_stray = true;
}

/* One call; true: there may be more. */
static bool socket_batch(struct threads_socket *sock, uint16_t port,
			 size_t *n_bytes)
{
	struct userdp_datagram grams[USERDP_RX_BATCH];
	struct data_thread *thread = sock->thread;
	unsigned int batch = sock->batch;
	size_t before = *n_bytes, at, len;
	int n = userdp_rx_receive(&thread->rx, sock->fd, port, batch, grams);

	dp_batch_begin(thread->user);
	for (int i = 0; i < n; i++) {
		*n_bytes += grams[i].len;
		for (at = 0; at < grams[i].len; at += len) {
			len = grams[i].len - at;
			if (len > grams[i].size)
				len = grams[i].size;
			socket_datagram(sock, &grams[i], grams[i].data + at,
					len);
		}
	}
	dp_batch_end(thread->user);
	sock->batch = userdp_rx_batch(batch, n, *n_bytes - before);
	return n == (int)batch;
}

static void socket_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct threads_socket *sock = arg;
	struct data_thread *thread = sock->thread;
	union net_addr addr = { 0 };
	socklen_t len = sizeof(addr);
	size_t n_bytes = 0;
	uint16_t port;

	(void)io;
	(void)events;
	if (getsockname(sock->fd, &addr.sa, &len))
		return;
	port = net_addr_port(&addr);
	for (int i = 0; i < USERDP_RX_ROUNDS; i++)
		if (!socket_batch(sock, port, &n_bytes) ||
		    n_bytes >= USERDP_RX_BYTES)
			break;
	if (thread->has_stray)
		loop_wake_send(thread->all->wake);
	thread->has_stray = false;
}

/* ---- sockets ----------------------------------------------------------- */

struct socket_args {
	struct threads_socket *sock;
	int ret;
};

static void socket_watch(struct dp *user, void *arg)
{
	struct socket_args *args = arg;
	struct threads_socket *sock = args->sock;

	sock->io = loop_io_new(user->loop, sock->fd, LOOP_READABLE,
			       socket_event, sock);
	args->ret = sock->io ? 0 : -ENOMEM;
}

static void socket_leave(struct dp *user, void *arg)
{
	struct threads_socket *sock = arg;

	(void)user;
	loop_io_free(sock->io);
}

static void thread_call(struct data_thread *thread,
			void (*fn)(struct dp *user, void *arg), void *arg)
{
	void *args[DP_THREADS_MAX] = { NULL };

	args[thread->index] = arg;
	threads_call(thread->all, 1u << thread->index, fn, args);
}

int threads_socket_add(struct data_thread *thread, int fd, int main_fd)
{
	struct threads_socket *sock = calloc(1, sizeof(*sock));
	struct socket_args args = { .sock = sock };

	if (!sock)
		return -ENOMEM;
	sock->thread = thread;
	sock->fd = fd;
	sock->main_fd = main_fd;
	sock->batch = USERDP_RX_BATCH;
	thread_call(thread, socket_watch, &args);
	if (args.ret) {
		free(sock);
		return args.ret;
	}
	sock->next = thread->sockets;
	thread->sockets = sock;
	return 0;
}

void threads_socket_del(struct data_thread *thread, int main_fd)
{
	struct threads_socket **pos = &thread->sockets, *sock;

	while (*pos && (*pos)->main_fd != main_fd)
		pos = &(*pos)->next;
	sock = *pos;
	if (!sock)
		return;
	thread_call(thread, socket_leave, sock);
	*pos = sock->next;
	free(sock);
}

int threads_socket_of(const struct data_thread *thread, int main_fd)
{
	const struct threads_socket *sock;

	for (sock = thread->sockets; sock; sock = sock->next)
		if (sock->main_fd == main_fd)
			return sock->fd;
	return main_fd;
}

/* ---- asking ------------------------------------------------------------ */

void threads_call(struct dp_threads *all, unsigned int mask,
		  void (*fn)(struct dp *user, void *arg), void *const *args)
{
	struct threads_call calls[DP_THREADS_MAX];

	for (unsigned int i = 0; i < all->n; i++) {
		struct data_thread *thread = all->threads[i];

		if (!(mask & 1u << i))
			continue;
		calls[i] = (struct threads_call){ fn, args[i] };
		if (!thread->is_running) {
			fn(thread->user, args[i]);
			continue;
		}
		pthread_mutex_lock(&thread->lock);
		thread->call = &calls[i];
		pthread_mutex_unlock(&thread->lock);
		loop_wake_send(thread->wake);
	}
	for (unsigned int i = 0; i < all->n; i++) {
		struct data_thread *thread = all->threads[i];

		if (!(mask & 1u << i) || !thread->is_running)
			continue;
		pthread_mutex_lock(&thread->lock);
		while (thread->call)
			pthread_cond_wait(&thread->answered, &thread->lock);
		pthread_mutex_unlock(&thread->lock);
	}
}

static void thread_answer(struct data_thread *thread)
{
	const struct threads_call *call;

	pthread_mutex_lock(&thread->lock);
	call = thread->call;
	pthread_mutex_unlock(&thread->lock);
	if (!call)
		return;
	call->fn(thread->user, call->arg);
	pthread_mutex_lock(&thread->lock);
	thread->call = NULL;
	pthread_cond_signal(&thread->answered);
	pthread_mutex_unlock(&thread->lock);
}

static void thread_woken(void *arg)
{
	struct data_thread *thread = arg;
	bool is_stopping;

	thread_answer(thread);
	pthread_mutex_lock(&thread->lock);
	is_stopping = thread->is_stopping;
	pthread_mutex_unlock(&thread->lock);
	if (is_stopping) {
		loop_stop(thread->loop);
		return;
	}
	thread_take(thread);
	if (thread->all->shards.n)
		user_shard_wake(thread->user);
}

/* ---- life -------------------------------------------------------------- */

static void *thread_main(void *arg)
{
	struct data_thread *thread = arg;
	char name[16];

	snprintf(name, sizeof(name), "ovpnd-data%u", thread->index + 1);
	pthread_setname_np(pthread_self(), name);
	loop_run(thread->loop);
	return NULL;
}

/* Signals are for the main loop; a thread inherits a mask without any. */
static int thread_create(struct data_thread *thread)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int ret;

	thread->is_stopping = false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	ret = pthread_create(&thread->id, &attr, thread_main, thread);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	thread->is_running = !ret;
	return -ret;
}

/* It has peers, sockets and a queue by now: they must be somebody's. */
int threads_thread_start(struct data_thread *thread)
{
	static struct log_limit limit = { .burst = 1, .interval_ms = 60000 };
	int ret;

	if (thread->is_running || thread->nest)
		return 0;
	ret = thread_create(thread);
	if (!ret)
		return 0;
	log_limited(&limit, LOG_LEVEL_WARN,
		    "data thread %u cannot be started (%s), the main loop does its part",
		    thread->index + 1, strerror(-ret));
	thread->nest = loop_nest_new(thread->all->base.loop, thread->loop);
	return thread->nest ? 0 : -ENOMEM;
}

void threads_thread_stop(struct data_thread *thread)
{
	loop_nest_free(thread->nest);
	thread->nest = NULL;
	if (!thread->is_running)
		return;
	pthread_mutex_lock(&thread->lock);
	thread->is_stopping = true;
	pthread_mutex_unlock(&thread->lock);
	loop_wake_send(thread->wake);
	pthread_join(thread->id, NULL);
	thread->is_running = false;
}

static bool is_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0;
}

/* Return: is there more to do? */
static bool drain_sockets(struct data_thread *thread)
{
	struct threads_socket *sock;
	bool is_more = false;

	for (sock = thread->sockets; sock; sock = sock->next) {
		if (!is_readable(sock->fd))
			continue;
		socket_event(sock->io, LOOP_READABLE, sock);
		is_more = true;
	}
	return is_more;
}

/* The first queue stays, and what waits there is for the next one to read. */
static bool drain_thread(struct data_thread *thread)
{
	bool is_more = drain_sockets(thread);
	struct dp_user *user = user_get(thread->user);
	bool has_queue = thread->index && thread->all->steer >= 0;
	size_t len;

	thread_take(thread);
	is_more |= dp_ring_peek(thread->in, &len) != NULL;
	if (has_queue && is_readable(user->tun.fd)) {
		user_drain_queue(user);
		is_more = true;
	}
	return user_drain(user) || is_more;
}

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void threads_drain(struct dp_threads *all)
{
	uint64_t end = clock_ms() + DRAIN_MS;
	bool is_more = true;

	while (is_more && clock_ms() < end) {
		is_more = false;
		for (unsigned int i = 0; i < all->n; i++)
			is_more |= drain_thread(all->threads[i]);
		if (is_more)
			poll(NULL, 0, 1);
	}
}

int threads_thread_new(struct dp_threads *all, const struct dp_config *cfg,
		       int tun_fd, struct data_thread **out)
{
	struct data_thread *thread = calloc(1, sizeof(*thread));
	struct dp_config own = *cfg;
	int ret;

	if (!thread) {
		close(tun_fd);
		return -ENOMEM;
	}
	thread->all = all;
	thread->index = all->n;
	TAILQ_INIT(&thread->news);
	pthread_mutex_init(&thread->lock, NULL);
	pthread_cond_init(&thread->answered, NULL);
	errno = 0;
	thread->loop = loop_new();
	thread->in = dp_ring_new(DP_RING_BYTES);
	thread->out = dp_ring_new(DP_RING_BYTES);
	thread->early = dp_ring_new(DP_RING_BYTES);
	own.loop = thread->loop;
	own.tun_fd = tun_fd;
	own.events = &threads_news_events;
	own.arg = thread;
	if (thread->loop)
		thread->wake = loop_wake_new(thread->loop, thread_woken,
					     thread);
	if (!thread->wake || !thread->in || !thread->out || !thread->early ||
	    userdp_rx_init(&thread->rx) ||
	    user_new_alone(&own, &thread->user)) {
		ret = errno ? -errno : -ENOMEM;
		close(tun_fd);
		threads_thread_free(thread);
		return ret;
	}
	user_get(thread->user)->is_part = true;
	*out = thread;
	return 0;
}

void threads_thread_free(struct data_thread *thread)
{
	struct threads_socket *sock;

	if (!thread)
		return;
	threads_thread_stop(thread);
	while ((sock = thread->sockets)) {
		thread->sockets = sock->next;
		loop_io_free(sock->io);
		free(sock);
	}
	dp_free(thread->user);
	userdp_rx_free(&thread->rx);
	loop_wake_free(thread->wake);
	loop_free(thread->loop);
	dp_ring_free(thread->in);
	dp_ring_free(thread->out);
	dp_ring_free(thread->early);
	pthread_cond_destroy(&thread->answered);
	pthread_mutex_destroy(&thread->lock);
	free(thread);
}
