// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections from accept() or connect() to their end. One without a tunnel
 * costs a descriptor and at most one packet. There are EXTMUX_PENDING_MAX of
 * these at most, for hand-window seconds, and as many others as there may be
 * tunnels.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "extmux/private.h"
#include "log/log.h"

/* How long nobody is accepted when there is no descriptor for him. */
#define ACCEPT_PAUSE_MS	200

static void tcp_reap(struct loop_timer *timer, void *arg)
{
	struct extmux *mux = arg;
	struct extmux_conn *conn;

	(void)timer;
	while ((conn = TAILQ_FIRST(&mux->dead))) {
		TAILQ_REMOVE(&mux->dead, conn, entry);
		free(conn);
	}
}

static void tcp_accept_again(struct loop_timer *timer, void *arg)
{
	struct extmux_socket *sock = arg;

	(void)timer;
	if (sock->io)
		loop_io_set(sock->io, LOOP_READABLE);
}

/** extmux_tcp_init() - prepare for connections; 0 or -ENOMEM */
int extmux_tcp_init(struct extmux *mux)
{
	mux->record = malloc(EXTMUX_RECORD_MAX + EXTMUX_READ_MAX);
	mux->reaper = loop_timer_new(mux->loop, tcp_reap, mux);
	return mux->record && mux->reaper ? 0 : -ENOMEM;
}

/** extmux_tcp_listen() - a socket is to accept connections; 0 or -ENOMEM */
int extmux_tcp_listen(struct extmux_socket *sock)
{
	sock->accept_timer = loop_timer_new(sock->mux->loop, tcp_accept_again,
					    sock);
	return sock->accept_timer ? 0 : -ENOMEM;
}

/** extmux_tcp_fini() - close connections, whose tunnels have gone */
void extmux_tcp_fini(struct extmux *mux)
{
	struct extmux_conn *conn;

	while ((conn = TAILQ_FIRST(&mux->pending)) ||
	       (conn = TAILQ_FIRST(&mux->conns)))
		extmux_conn_close(conn);
	if (mux->reaper)
		tcp_reap(mux->reaper, mux);
	loop_timer_free(mux->reaper);
	free(mux->record);
}

/* ---- the end of a connection ----------------------------------------- */

/**
 * extmux_conn_close() - close, without a word to the tunnel layer
 * @conn: its memory lasts until the next turn of the loop
 */
void extmux_conn_close(struct extmux_conn *conn)
{
	struct extmux *mux = conn->mux;

	if (conn->state == EXTMUX_CONN_CLOSED)
		return;
	conn->state = EXTMUX_CONN_CLOSED;
	loop_io_free(conn->io);
	loop_timer_free(conn->timer);
	conn->io = NULL;
	conn->timer = NULL;
	close(conn->fd);
	conn->fd = -1;
	extmux_relay_free(conn->relay);
	conn->relay = NULL;
	mem_buf_reset(&conn->in);
	mem_buf_reset(&conn->out);
	TAILQ_REMOVE(conn->is_pending ? &mux->pending : &mux->conns, conn,
		     entry);
	mux->n_pending -= conn->is_pending;
	TAILQ_INSERT_TAIL(&mux->dead, conn, entry);
	loop_timer_start(mux->reaper, 0);
}

/**
 * extmux_conn_down() - a connection is over
 * @conn: closed on return
 * @why: for the log
 */
void extmux_conn_down(struct extmux_conn *conn, const char *why)
{
	static struct log_limit limit = { .burst = 10, .interval_ms = 10000 };
	char addr[NET_ADDR_STRLEN];

	if (conn->state == EXTMUX_CONN_CLOSED)
		return;
	if (conn->is_pending)
		log_limited(&limit, LOG_LEVEL_INFO,
			    "TCP connection from %s closed before it was a client's: %s",
			    net_addr_format(&conn->link.remote, addr), why);
	tunnel_link_down(conn->mux->host, &conn->link, why);
	extmux_conn_close(conn);
}

/* ---- their beginning ------------------------------------------------- */

/** extmux_conn_ready() - the other end is the remote */
void extmux_conn_ready(struct extmux_conn *conn)
{
	conn->state = EXTMUX_CONN_STREAM;
	tunnel_link_up(conn->mux->host, &conn->link);
}

static void conn_connected(struct extmux_conn *conn)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	if (error) {
		extmux_conn_down(conn, strerror(error));
		return;
	}
	extmux_socket_local(conn->fd, &conn->link.local);
	loop_io_set(conn->io, LOOP_READABLE);
	if (conn->via)
		extmux_proxy_begin(conn);
	else
		extmux_conn_ready(conn);
}

static void conn_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct extmux_conn *conn = arg;

	(void)io;
	if (conn->state == EXTMUX_CONN_CONNECTING) {
		conn_connected(conn);
		return;
	}
	if (conn->state == EXTMUX_CONN_PROXY ||
	    conn->state == EXTMUX_CONN_RELAY) {
		extmux_proxy_readable(conn);
		return;
	}
	if (events & LOOP_WRITABLE)
		extmux_stream_flush(conn);
	if (events & LOOP_READABLE && conn->state != EXTMUX_CONN_CLOSED)
		extmux_stream_readable(conn);
}

static void conn_timeout(struct loop_timer *timer, void *arg)
{
	struct extmux_conn *conn = arg;

	(void)timer;
	if (conn->error)
		extmux_conn_down(conn, strerror(conn->error));
	else if (conn->is_pending)
		extmux_conn_down(conn, "nothing valid within hand-window");
	else
		extmux_stream_flush(conn);
}

/* Takes @fd, also when it fails. */
static struct extmux_conn *conn_new(struct extmux *mux, int fd,
				    const union net_addr *remote,
				    enum extmux_conn_state state)
{
	bool is_connecting = state == EXTMUX_CONN_CONNECTING;
	const struct config *cfg = mux->cfg;
	struct extmux_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		goto close_fd;
	conn->link.ops = &extmux_link_ops;
	conn->link.remote = *remote;
	net_addr_unmap(&conn->link.remote);
	conn->mux = mux;
	conn->state = state;
	conn->fd = fd;
	conn->is_guarded = mux->is_guarded;
	conn->lowat = 1;
	mem_buf_init(&conn->in, EXTMUX_RECORD_MAX);
	mem_buf_init(&conn->out, cfg->tcp_queue_limit * mux->buf_len +
		     EXTMUX_CONTROL_ROOM);
	conn->timer = loop_timer_new(mux->loop, conn_timeout, conn);
	conn->io = loop_io_new(mux->loop, fd, is_connecting ? LOOP_WRITABLE :
			       LOOP_READABLE, conn_event, conn);
	if (!conn->timer || !conn->io)
		goto free_conn;
	extmux_socket_nodelay(fd);
	TAILQ_INSERT_TAIL(&mux->conns, conn, entry);
	return conn;

free_conn:
	loop_timer_free(conn->timer);
	loop_io_free(conn->io);
	free(conn);
close_fd:
	close(fd);
	return NULL;
}

/**
 * extmux_conn_adopted() - has a pending connection got a tunnel?
 * @conn: any connection; what it brought has been looked at
 */
void extmux_conn_adopted(struct extmux_conn *conn)
{
	struct extmux *mux = conn->mux;

	if (!conn->is_pending || !conn->link.tunnel)
		return;
	TAILQ_REMOVE(&mux->pending, conn, entry);
	conn->is_pending = false;
	mux->n_pending--;
	TAILQ_INSERT_TAIL(&mux->conns, conn, entry);
	if (!conn->error)
		loop_timer_stop(conn->timer);
}

static void conn_accepted(struct extmux_socket *sock, int fd,
			  const union net_addr *remote)
{
	struct extmux *mux = sock->mux;
	struct extmux_conn *conn;

	if (mux->n_pending >= EXTMUX_PENDING_MAX)
		extmux_conn_down(TAILQ_FIRST(&mux->pending),
				 "too many that have not said anything valid");
	conn = conn_new(mux, fd, remote, EXTMUX_CONN_STREAM);
	if (!conn)
		return;
	extmux_socket_local(fd, &conn->link.local);
	conn->link.sock = sock->index;
	TAILQ_REMOVE(&mux->conns, conn, entry);
	conn->is_pending = true;
	mux->n_pending++;
	TAILQ_INSERT_TAIL(&mux->pending, conn, entry);
	loop_timer_start(conn->timer, 1000ull * mux->cfg->hand_window);
}

/* Some errors are those of the one connection, others last. */
static void accept_failed(struct extmux_socket *sock, int error)
{
	struct extmux *mux = sock->mux;
	static struct log_limit limit = { .burst = 2, .interval_ms = 60000 };

	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		log_limited(&limit, LOG_LEVEL_WARN,
			    "cannot accept a connection: %s", strerror(error));
		if (mux->n_pending)
			extmux_conn_down(TAILQ_FIRST(&mux->pending),
					 strerror(error));
		loop_io_set(sock->io, 0);
		loop_timer_start(sock->accept_timer, ACCEPT_PAUSE_MS);
		break;
	}
}

/**
 * extmux_tcp_accept() - take the connections that wait, a bounded number
 * @sock: a listening one
 */
void extmux_tcp_accept(struct extmux_socket *sock)
{
	for (unsigned int i = 0; i < EXTMUX_ACCEPTS; i++) {
		union net_addr remote = { 0 };
		socklen_t len = sizeof(remote);
		int fd = accept4(sock->fd, &remote.sa, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			accept_failed(sock, errno);
			return;
		}
		conn_accepted(sock, fd, &remote);
	}
}

/**
 * extmux_tcp_connect() - begin a connection
 * @mux: of a client
 * @remote: the server, or the proxy
 * @via: has the proxy, if there is one
 * @link: the connection, which is there when tunnel_link_up() says so
 *
 * Return: 0 or -errno.
 */
int extmux_tcp_connect(struct extmux *mux, const union net_addr *remote,
		       const struct config_remote *via,
		       struct tunnel_link **link)
{
	struct extmux_conn *conn;
	int fd;

	fd = extmux_socket_client(mux->cfg, remote->sa.sa_family, SOCK_STREAM);
	if (fd < 0)
		return fd;
	if (connect(fd, &remote->sa, net_addr_len(remote)) &&
	    errno != EINPROGRESS) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	conn = conn_new(mux, fd, remote, EXTMUX_CONN_CONNECTING);
	if (!conn)
		return -ENOMEM;
	conn->via = via->proxy ? via : NULL;
	*link = &conn->link;
	return 0;
}
