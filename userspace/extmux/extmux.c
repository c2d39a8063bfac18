// SPDX-License-Identifier: GPL-2.0-or-later
/* The multiplexer: a server's sockets stay, a client's comes and goes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "extmux/private.h"
#include "log/log.h"

/* A control packet, or a data packet of a full tunnel packet. */
#define BUF_MIN		2048u
#define DATA_OVERHEAD	256u

#define BIND_PAUSE_MS	20

static void sock_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct extmux_socket *sock = arg;

	(void)io;
	(void)events;
	if (sock->is_listener)
		extmux_tcp_accept(sock);
	else
		extmux_udp_receive(sock, sock->fd);
}

static int sock_watch(struct extmux_socket *sock)
{
	if (sock->is_listener && extmux_tcp_listen(sock))
		return -ENOMEM;
	extmux_udp_tune(sock);
	sock->io = loop_io_new(sock->mux->loop, sock->fd, LOOP_READABLE,
			       sock_event, sock);
	if (sock->io)
		extmux_spread_open(sock);
	return sock->io ? 0 : -ENOMEM;
}

static void sock_close(struct extmux_socket *sock)
{
	extmux_apart_close(sock);
	extmux_spread_close(sock);
	loop_io_free(sock->io);
	sock->io = NULL;
	loop_timer_free(sock->accept_timer);
	sock->accept_timer = NULL;
	if (sock->fd >= 0)
		close(sock->fd);
	sock->fd = -1;
}

static int outer_open(void *arg, const union net_addr *remote)
{
	struct extmux *mux = arg;
	struct extmux_socket *sock = &mux->socks[0];
	int fd;

	sock_close(sock);
	fd = extmux_socket_client(mux->cfg, remote->sa.sa_family, SOCK_DGRAM);
	if (fd < 0)
		return fd;
	sock->fd = fd;
	sock->family = remote->sa.sa_family;
	return sock_watch(sock);
}

static void outer_close(void *arg)
{
	struct extmux *mux = arg;

	sock_close(&mux->socks[0]);
}

static int outer_connect(void *arg, const union net_addr *remote,
			 const struct config_remote *via,
			 struct tunnel_link **link)
{
	struct extmux *mux = arg;

	sock_close(&mux->socks[0]);
	return extmux_tcp_connect(mux, remote, via, link);
}

static int outer_send(void *arg, const struct tunnel_way *way,
		      const uint8_t *pkt, size_t len)
{
	static struct log_limit limit = { .burst = 5, .interval_ms = 10000 };
	const struct extmux *mux = arg;
	char text[NET_ADDR_STRLEN];
	int ret;

	/* the last words for a connection that has ended */
	if (way->sock >= mux->n_socks || mux->socks[way->sock].is_listener ||
	    mux->socks[way->sock].fd < 0)
		return -ENOTCONN;
	ret = extmux_udp_send(&mux->socks[way->sock], way->remote, way->local,
			      pkt, len);
	/* not an error of ours: the reliability layer sends again */
	if (ret)
		log_limited(&limit, LOG_LEVEL_INFO, "cannot send to %s: %s",
			    net_addr_format(way->remote, text),
			    strerror(-ret));
	return ret;
}

static int outer_fd(void *arg, unsigned int sock)
{
	const struct extmux *mux = arg;
	const struct extmux_conn *conn = TAILQ_FIRST(&mux->conns);

	if (sock >= mux->n_socks)
		return -ENOENT;
	/* a client has one connection and nothing that it comes in at */
	return mux->socks[sock].fd < 0 && conn ? conn->fd :
						 mux->socks[sock].fd;
}

static int outer_divide(void *arg)
{
	struct extmux *mux = arg;
	int ret = 0;

	for (unsigned int i = 0; i < mux->n_socks && !ret; i++)
		if (!mux->socks[i].is_listener)
			ret = extmux_apart_open(&mux->socks[i]);
	for (unsigned int i = 0; ret && i < mux->n_socks; i++)
		extmux_apart_close(&mux->socks[i]);
	return ret;
}

static void outer_drain(void *arg)
{
	struct extmux *mux = arg;

	for (unsigned int i = 0; mux->host && i < mux->n_socks; i++)
		if (mux->socks[i].fd >= 0 && !mux->socks[i].is_listener)
			extmux_udp_receive(&mux->socks[i], mux->socks[i].fd);
}

static void outer_gather(void *arg)
{
	const struct extmux *mux = arg;

	for (unsigned int i = 0; i < mux->n_socks; i++)
		extmux_spread_gather(&mux->socks[i]);
}

void extmux_set_config(struct extmux *mux, const struct config *cfg)
{
	mux->cfg = cfg;
}

struct tunnel_outer extmux_outer(struct extmux *mux)
{
	return (struct tunnel_outer){
		.open = outer_open,
		.close = outer_close,
		.connect = outer_connect,
		.send = outer_send,
		.fd = outer_fd,
		.divide = outer_divide,
		.drain = outer_drain,
		.gather = outer_gather,
		.arg = mux,
	};
}

/* ---- a server's ------------------------------------------------------ */

/* One of @kept, best the one that had its number. */
static void sock_keep(struct extmux_socket *sock, struct extmux_kept *kept)
{
	const struct config *cfg = sock->mux->cfg;
	bool is_only = cfg->n_locals == 1 && kept->n == 1;

	for (size_t i = 0; i < kept->n && sock->fd < 0; i++) {
		int *fd = &kept->fds[(sock->index + i) % kept->n];

		if (*fd < 0 ||
		    !extmux_socket_is_kept(cfg, &cfg->locals[sock->index], *fd,
					   is_only))
			continue;
		sock->fd = extmux_socket_take(cfg, *fd, &sock->family);
		if (sock->fd >= 0)
			*fd = -1;
	}
}

static bool is_taken(const struct extmux *mux, int fd)
{
	for (unsigned int i = 0; i < mux->n_socks; i++)
		if (mux->socks[i].fd == fd)
			return true;
	return false;
}

/* One from the service manager. */
static void sock_pass(struct extmux_socket *sock)
{
	const struct config *cfg = sock->mux->cfg;
	const struct config_local *local = &cfg->locals[sock->index];
	char **names = NULL;
	int n = sd_listen_fds_with_names(0, &names);

	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		/* what has our name is ours already, from keep/ */
		if (sock->fd < 0 && strncmp(names[i], "ovpnd-", 6) &&
		    !is_taken(sock->mux, fd) &&
		    extmux_socket_is_passed(local, fd, cfg->n_locals == 1)) {
			sock->fd = extmux_socket_take(cfg, fd, &sock->family);
			if (sock->fd >= 0)
				log_info("using the socket that was passed (LISTEN_FDS)");
		}
		free(names[i]);
	}
	free(names);
}

/* @wait_ms: how long an address may be somebody's who is about to leave */
static int sock_bind(struct extmux_socket *sock, unsigned int wait_ms,
		     char *err, size_t err_len)
{
	const struct timespec pause = { .tv_nsec = BIND_PAUSE_MS * 1000000 };
	const struct config *cfg = sock->mux->cfg;
	const struct config_local *local = &cfg->locals[sock->index];

	for (unsigned int ms = 0;; ms += BIND_PAUSE_MS) {
		sock->fd = extmux_socket_listen(cfg, local, &sock->family, err,
						err_len);
		if (sock->fd != -EADDRINUSE || ms >= wait_ms)
			return sock->fd;
		nanosleep(&pause, NULL);
	}
}

static int sock_open(struct extmux_socket *sock, unsigned int wait_ms,
		     char *err, size_t err_len)
{
	const struct config *cfg = sock->mux->cfg;
	union net_addr at = { 0 };
	char text[NET_ADDR_STRLEN];
	socklen_t len = sizeof(at);

	sock->is_listener =
		config_proto_is_tcp(cfg->locals[sock->index].proto);
	if (sock->fd < 0)
		sock_pass(sock);
	if (sock->fd < 0 && sock_bind(sock, wait_ms, err, err_len) < 0)
		return sock->fd;
	if (cfg->n_locals > 1 && !getsockname(sock->fd, &at.sa, &len))
		log_info("listening at %s over %s", net_addr_format(&at, text),
			 sock->is_listener ? "TCP" : "UDP");
	snprintf(err, err_len, "out of memory");
	return sock_watch(sock);
}

static void kept_close(const struct extmux_kept *kept)
{
	for (size_t i = 0; i < kept->n; i++)
		if (kept->fds[i] >= 0)
			close(kept->fds[i]);
}

/* What is kept and not wanted goes first: others may want its place. */
static int mux_listen(struct extmux *mux, struct extmux_kept *kept, char *err,
		      size_t err_len)
{
	unsigned int wait_ms = 0;
	int ret = 0;

	mux->n_socks = (unsigned int)mux->cfg->n_locals;
	for (unsigned int i = 0; i < mux->n_socks; i++)
		sock_keep(&mux->socks[i], kept);
	for (unsigned int i = 0; kept->drop && i < kept->n; i++) {
		if (kept->fds[i] < 0)
			continue;
		kept->drop(kept->arg, i);
		wait_ms = EXTMUX_DROP_MS;
	}
	kept_close(kept);
	kept->n = 0;
	extmux_socket_files(mux->cfg);
	for (unsigned int i = 0; i < mux->n_socks && !ret; i++)
		ret = sock_open(&mux->socks[i], wait_ms, err, err_len);
	/* not for programs that are started from here */
	sd_listen_fds(1);
	return ret;
}

static int mux_init(struct extmux *mux, struct extmux_kept *kept, char *err,
		    size_t err_len)
{
	const struct config *cfg = mux->cfg;
	int ret = 0;

	mux->buf_len = cfg->tun_mtu + DATA_OVERHEAD;
	if (mux->buf_len < BUF_MIN)
		mux->buf_len = BUF_MIN;
	snprintf(err, err_len, "out of memory");
	if (userdp_rx_init(&mux->rx) || extmux_tcp_init(mux))
		return -ENOMEM;
	mux->n_socks = 1;
	if (!cfg->is_tls_server)
		return 0;
	if (config_has_tcp(cfg) && cfg->share_host)
		ret = extmux_share_new(cfg, &mux->share, err, err_len);
	return ret ? ret : mux_listen(mux, kept, err, err_len);
}

/* ---- life ------------------------------------------------------------ */

int extmux_new(struct loop *loop, const struct config *cfg,
	       struct extmux **out, char *err, size_t err_len)
{
	return extmux_new_on(loop, cfg, &(struct extmux_kept){ .n = 0 }, out,
			     err, err_len);
}

int extmux_new_on(struct loop *loop, const struct config *cfg,
		  const struct extmux_kept *kept, struct extmux **out,
		  char *err, size_t err_len)
{
	struct extmux *mux = calloc(1, sizeof(*mux));
	struct extmux_kept left = *kept;
	int ret;

	if (!mux) {
		snprintf(err, err_len, "out of memory");
		kept_close(kept);
		return -ENOMEM;
	}
	mux->loop = loop;
	mux->cfg = cfg;
	for (unsigned int i = 0; i < CONFIG_LOCALS_MAX; i++)
		mux->socks[i] = (struct extmux_socket){
			.mux = mux, .index = i, .fd = -1,
			.batch = USERDP_RX_BATCH,
		};
	TAILQ_INIT(&mux->pending);
	TAILQ_INIT(&mux->conns);
	TAILQ_INIT(&mux->dead);
	ret = mux_init(mux, &left, err, err_len);
	kept_close(&left);
	if (ret) {
		extmux_free(mux);
		return ret;
	}
	*out = mux;
	return 0;
}

void extmux_set_host(struct extmux *mux, struct tunnel_host *host)
{
	mux->host = host;
	mux->is_guarded = tunnel_host_hands_over(host);
	for (unsigned int i = 0; i < mux->n_socks; i++) {
		extmux_udp_tune(&mux->socks[i]);
		extmux_spread_open(&mux->socks[i]);
	}
}

void extmux_free(struct extmux *mux)
{
	if (!mux)
		return;
	/* it has gone before, and let go of the sockets */
	mux->host = NULL;
	for (unsigned int i = 0; i < mux->n_socks; i++)
		sock_close(&mux->socks[i]);
	extmux_tcp_fini(mux);
	extmux_share_free(mux->share);
	userdp_rx_free(&mux->rx);
	free(mux);
}
