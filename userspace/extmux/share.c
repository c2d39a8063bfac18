// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * port-share: connections that are for another service, a web server above all.
 *
 * They have a thread and a loop of their own, so that what they carry is not in
 * the way of the tunnels' packets. The main loop is the only one that produces
 * them, the thread the only one that consumes them: a pointer at a time,
 * through a pipe that never blocks, and whose end is the thread's. From then on
 * a connection is the thread's; only the number of them is of both.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "extmux/private.h"
#include "log/log.h"

#define SHARE_MAX	256	/* at a time */
#define SHARE_BUF	16384u	/* of one direction */
#define SHARE_ROUNDS	4	/* of reading and writing, for one wake-up */

/* How long the other service may take to answer. */
#define SHARE_CONNECT_MS	10000
/* Nothing more comes from one end, and so long nothing from the other. */
#define SHARE_HALF_MS	60000

#define SHARE_NAME_LEN	(NET_ADDR_STRLEN + 16)

/**
 * struct share_way - one direction
 * @data: SHARE_BUF bytes or, at first, as many as have come already
 * @at, @len: what has been read, but not written
 * @is_eof: nothing more comes
 * @is_shut: and the other end knows
 */
struct share_way {
	uint8_t *data;
	size_t at, len;
	bool is_eof, is_shut;
};

/**
 * struct share_conn - a connection that is forwarded
 * @fd, @io: 0 of who has come, 1 of the other service
 * @way: from @fd of this index to the other one
 * @timer: ends it when nothing happens
 * @note: file below the folder; "": none
 */
struct share_conn {
	TAILQ_ENTRY(share_conn) entry;
	struct extmux_share *share;
	union net_addr remote;
	int fd[2];
	struct loop_io *io[2];
	struct share_way way[2];
	struct loop_timer *timer;
	bool is_connected;
	char note[SHARE_NAME_LEN];
};

/**
 * struct extmux_share - owned by the multiplexer
 * @to: the other service
 * @dir: folder of notes; -1: none
 * @pipe: of pointers to new connections
 * @loop, @pipe_io, @conns: the thread's
 * @n_conns: of both; also those in the pipe
 */
struct extmux_share {
	union net_addr to;
	int dir;
	int pipe[2];
	pthread_t thread;
	bool is_running;
	struct loop *loop;
	struct loop_io *pipe_io;
	TAILQ_HEAD(, share_conn) conns;
	atomic_uint n_conns;
};

/* ---- notes of where connections come from ------------------------------ */

static void note_address(const union net_addr *addr, char out[SHARE_NAME_LEN])
{
	struct net_ip ip = { .family = addr->sa.sa_family };
	char text[NET_PREFIX_STRLEN];

	if (ip.family == AF_INET)
		ip.in4 = addr->in4.sin_addr;
	else
		ip.in6 = addr->in6.sin6_addr;
	snprintf(out, SHARE_NAME_LEN, "[AF_INET%s]%s:%u",
		 ip.family == AF_INET ? "" : "6", net_ip_format(&ip, text),
		 net_addr_port(addr));
}

static void note_write(struct share_conn *conn)
{
	static struct log_limit limit = { .burst = 2, .interval_ms = 60000 };
	char text[SHARE_NAME_LEN];
	union net_addr own;
	int fd;

	if (conn->share->dir < 0)
		return;
	extmux_socket_local(conn->fd[1], &own);
	note_address(&own, conn->note);
	note_address(&conn->remote, text);
	fd = openat(conn->share->dir, conn->note,
		    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    0640);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		log_limited(&limit, LOG_LEVEL_WARN,
			    "port-share: cannot write %s: %s", conn->note,
			    strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* ---- one connection ---------------------------------------------------- */

/* Also one that the thread has not seen. */
static void conn_free(struct share_conn *conn)
{
	atomic_fetch_sub(&conn->share->n_conns, 1);
	for (int i = 0; i < 2; i++) {
		if (conn->fd[i] >= 0)
			close(conn->fd[i]);
		free(conn->way[i].data);
	}
	free(conn);
}

static void conn_close(struct share_conn *conn)
{
	if (conn->note[0])
		unlinkat(conn->share->dir, conn->note, 0);
	loop_io_free(conn->io[0]);
	loop_io_free(conn->io[1]);
	loop_timer_free(conn->timer);
	TAILQ_REMOVE(&conn->share->conns, conn, entry);
	conn_free(conn);
}

static void conn_timeout(struct loop_timer *timer, void *arg)
{
	(void)timer;
	conn_close(arg);
}

/* Return: false when nothing comes, or more than could be kept; or an error. */
static bool way_read(struct share_conn *conn, int i, bool *is_over)
{
	struct share_way *way = &conn->way[i];
	ssize_t n;

	if (way->len || way->is_eof)
		return way->len;
	n = recv(conn->fd[i], way->data, SHARE_BUF, MSG_DONTWAIT);
	if (n < 0) {
		*is_over = errno != EAGAIN && errno != EINTR;
		return false;
	}
	way->is_eof = !n;
	way->at = 0;
	way->len = (size_t)n;
	return n;
}

static bool way_write(struct share_conn *conn, int i, bool *is_over)
{
	struct share_way *way = &conn->way[i];
	ssize_t n = send(conn->fd[!i], way->data + way->at, way->len,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0) {
		*is_over = errno != EAGAIN && errno != EINTR;
		return false;
	}
	way->at += (size_t)n;
	way->len -= (size_t)n;
	return !way->len;
}

/* Return: false when the connection is over. */
static bool way_move(struct share_conn *conn, int i)
{
	struct share_way *way = &conn->way[i];
	bool is_over = false;

	for (int n = 0; n < SHARE_ROUNDS; n++)
		if (!way_read(conn, i, &is_over) ||
		    !way_write(conn, i, &is_over))
			break;
	if (is_over)
		return false;
	if (way->is_eof && !way->len && !way->is_shut) {
		shutdown(conn->fd[!i], SHUT_WR);
		way->is_shut = true;
	}
	return !conn->way[0].is_shut || !conn->way[1].is_shut;
}

static void conn_arm(struct share_conn *conn)
{
	for (int i = 0; i < 2; i++) {
		const struct share_way *in = &conn->way[i];
		unsigned int events = 0;

		if (!in->is_eof && !in->len)
			events |= LOOP_READABLE;
		if (conn->way[!i].len)
			events |= LOOP_WRITABLE;
		loop_io_set(conn->io[i], events);
	}
	if (conn->way[0].is_shut || conn->way[1].is_shut)
		loop_timer_start(conn->timer, SHARE_HALF_MS);
}

/* Return: false when the other service cannot be reached. */
static bool conn_connected(struct share_conn *conn)
{
	static struct log_limit limit = { .burst = 2, .interval_ms = 60000 };
	socklen_t len = sizeof(int);
	char to[NET_ADDR_STRLEN];
	int error = 0;

	if (getsockopt(conn->fd[1], SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	if (error) {
		log_limited(&limit, LOG_LEVEL_WARN,
			    "port-share: cannot connect to %s: %s",
			    net_addr_format(&conn->share->to, to),
			    strerror(error));
		return false;
	}
	conn->is_connected = true;
	loop_timer_stop(conn->timer);
	note_write(conn);
	return true;
}

static void conn_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct share_conn *conn = arg;

	(void)io;
	(void)events;
	if (!conn->is_connected && !conn_connected(conn)) {
		conn_close(conn);
		return;
	}
	if (way_move(conn, 0) && way_move(conn, 1))
		conn_arm(conn);
	else
		conn_close(conn);
}

static int conn_connect(struct share_conn *conn)
{
	const union net_addr *to = &conn->share->to;
	int on = 1;

	conn->fd[1] = socket(to->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK |
			     SOCK_CLOEXEC, 0);
	if (conn->fd[1] < 0)
		return -errno;
	extmux_socket_nodelay(conn->fd[1]);
	/* or who has gone without a word would keep his place for ever */
	setsockopt(conn->fd[0], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (connect(conn->fd[1], &to->sa, net_addr_len(to)) &&
	    errno != EINPROGRESS)
		return -errno;
	return 0;
}

/* The thread takes over; what fails ends the one connection. */
static void conn_begin(struct share_conn *conn)
{
	struct loop *loop = conn->share->loop;
	int ret = conn_connect(conn);

	TAILQ_INSERT_TAIL(&conn->share->conns, conn, entry);
	if (!ret) {
		conn->io[0] = loop_io_new(loop, conn->fd[0], 0, conn_event,
					  conn);
		conn->io[1] = loop_io_new(loop, conn->fd[1], LOOP_WRITABLE,
					  conn_event, conn);
		conn->timer = loop_timer_new(loop, conn_timeout, conn);
	}
	if (ret || !conn->io[0] || !conn->io[1] || !conn->timer) {
		log_debug("port-share: %s", strerror(ret ? -ret : ENOMEM));
		conn_close(conn);
		return;
	}
	loop_timer_start(conn->timer, SHARE_CONNECT_MS);
}

/* ---- the thread -------------------------------------------------------- */

static void share_order(struct loop_io *io, unsigned int events, void *arg)
{
	struct extmux_share *share = arg;
	struct share_conn *conn;
	ssize_t n;

	(void)io;
	(void)events;
	while ((n = read(share->pipe[0], &conn, sizeof(conn))) ==
	       (ssize_t)sizeof(conn))
		conn_begin(conn);
	if (!n)
		loop_stop(share->loop);
}

static void *share_run(void *arg)
{
	struct extmux_share *share = arg;
	struct share_conn *conn;

	loop_run(share->loop);
	while ((conn = TAILQ_FIRST(&share->conns)))
		conn_close(conn);
	return NULL;
}

/* Not before it is needed: by then the process has given up its rights. */
static int share_start(struct extmux_share *share)
{
	sigset_t all, before;
	int ret;

	if (share->is_running)
		return 0;
	share->loop = loop_new();
	if (share->loop)
		share->pipe_io = loop_io_new(share->loop, share->pipe[0],
					     LOOP_READABLE, share_order,
					     share);
	ret = share->pipe_io ? 0 : ENOMEM;
	if (!ret) {
		/* they are for the main loop */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		ret = pthread_create(&share->thread, NULL, share_run, share);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	if (ret) {
		loop_free(share->loop);
		share->loop = NULL;
		share->pipe_io = NULL;
	}
	share->is_running = !ret;
	return -ret;
}

/* ---- for the main loop ------------------------------------------------- */

static struct share_conn *conn_new(struct extmux_share *share, int fd,
				   const union net_addr *remote,
				   const uint8_t *data, size_t len)
{
	struct share_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->share = share;
	conn->remote = *remote;
	conn->fd[0] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	conn->fd[1] = -1;
	atomic_fetch_add(&share->n_conns, 1);
	conn->way[0].data = malloc(len > SHARE_BUF ? len : SHARE_BUF);
	conn->way[1].data = malloc(SHARE_BUF);
	if (conn->fd[0] < 0 || !conn->way[0].data || !conn->way[1].data) {
		conn_free(conn);
		return NULL;
	}
	memcpy(conn->way[0].data, data, len);
	conn->way[0].len = len;
	return conn;
}

/**
 * extmux_share_take() - forward a connection to the other service
 * @share: which
 * @fd: of the connection; stays the caller's, who closes it
 * @remote: where it comes from
 * @data, @len: what was read from it
 *
 * Return: 0, or -errno: it is not forwarded.
 */
int extmux_share_take(struct extmux_share *share, int fd,
		      const union net_addr *remote, const uint8_t *data,
		      size_t len)
{
	static struct log_limit limit = { .burst = 2, .interval_ms = 60000 };
	struct share_conn *conn = NULL;
	char from[NET_ADDR_STRLEN];
	int ret = -EBUSY;

	if (atomic_load(&share->n_conns) < SHARE_MAX)
		ret = share_start(share);
	if (!ret) {
		conn = conn_new(share, fd, remote, data, len);
		ret = conn ? 0 : -ENOMEM;
	}
	if (!ret && write(share->pipe[1], &conn, sizeof(conn)) !=
		    (ssize_t)sizeof(conn)) {
		conn_free(conn);
		ret = -EAGAIN;
	}
	if (ret)
		log_limited(&limit, LOG_LEVEL_WARN,
			    "port-share: a connection from %s is closed: %s",
			    net_addr_format(remote, from), ret == -EBUSY ?
			    "there are too many" : strerror(-ret));
	return ret;
}

static int share_resolve(const struct config *cfg, union net_addr *out,
			 char *err, size_t err_len)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	int ret;

	ret = extmux_socket_resolve(cfg->share_host, cfg->share_port, &hints,
				    out);
	if (!ret)
		return 0;
	snprintf(err, err_len, "port-share %s: %s", cfg->share_host,
		 gai_strerror(ret));
	return -EADDRNOTAVAIL;
}

static int share_open_dir(struct extmux_share *share, const struct config *cfg,
			  char *err, size_t err_len)
{
	int ret;

	if (!cfg->share_dir)
		return 0;
	share->dir = open(cfg->share_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (share->dir >= 0)
		return 0;
	ret = -errno;
	snprintf(err, err_len, "port-share: folder %s: %s", cfg->share_dir,
		 strerror(-ret));
	return ret;
}

/**
 * extmux_share_new() - look up where strangers' connections go
 * @cfg: has port-share
 * @out: freed by extmux_share_free()
 * @err: one line for the operator
 * @err_len: its size
 *
 * Return: 0 or -errno.
 */
int extmux_share_new(const struct config *cfg, struct extmux_share **out,
		     char *err, size_t err_len)
{
	struct extmux_share *share = calloc(1, sizeof(*share));
	int ret;

	if (!share)
		return -ENOMEM;
	share->dir = -1;
	TAILQ_INIT(&share->conns);
	atomic_init(&share->n_conns, 0);
	if (pipe2(share->pipe, O_CLOEXEC | O_NONBLOCK)) {
		ret = -errno;
		free(share);
		return ret;
	}
	ret = share_resolve(cfg, &share->to, err, err_len);
	if (!ret)
		ret = share_open_dir(share, cfg, err, err_len);
	if (ret) {
		extmux_share_free(share);
		return ret;
	}
	*out = share;
	return 0;
}

/** extmux_share_free() - end all connections; NULL is allowed */
void extmux_share_free(struct extmux_share *share)
{
	if (!share)
		return;
	close(share->pipe[1]);
	if (share->is_running)
		pthread_join(share->thread, NULL);
	loop_free(share->loop);
	close(share->pipe[0]);
	if (share->dir >= 0)
		close(share->dir);
	free(share);
}
