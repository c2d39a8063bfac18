// SPDX-License-Identifier: GPL-2.0-or-later
/* The multiplexer: a server's socket stays, a client's comes and goes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "extmux/private.h"
#include "log/log.h"

/* A control packet, or a data packet of a full tunnel packet. */
#define BUF_MIN		2048u
#define DATA_OVERHEAD	256u

static void mux_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct extmux *mux = arg;

	(void)io;
	(void)events;
	if (mux->is_listener)
		extmux_tcp_accept(mux);
	else
		extmux_udp_receive(mux, mux->fd);
}

static int mux_watch(struct extmux *mux)
{
	extmux_udp_tune(mux);
	mux->io = loop_io_new(mux->loop, mux->fd, LOOP_READABLE,
			      mux_event, mux);
	return mux->io ? 0 : -ENOMEM;
}

static void mux_close(struct extmux *mux)
{
	if (mux->io)
		loop_io_free(mux->io);
	mux->io = NULL;
	if (mux->fd >= 0)
		close(mux->fd);
	mux->fd = -1;
}

static int outer_open(void *arg, const union net_addr *remote)
{
	struct extmux *mux = arg;
	int fd;

	mux_close(mux);
	fd = extmux_socket_client(mux->cfg, remote->sa.sa_family, SOCK_DGRAM);
	if (fd < 0)
		return fd;
	mux->fd = fd;
	mux->family = remote->sa.sa_family;
	return mux_watch(mux);
}

static void outer_close(void *arg)
{
	mux_close(arg);
}

static int outer_connect(void *arg, const union net_addr *remote,
			 const struct config_remote *via,
			 struct tunnel_link **link)
{
	struct extmux *mux = arg;

	mux_close(mux);
	return extmux_tcp_connect(mux, remote, via, link);
}

static int outer_send(void *arg, const union net_addr *remote,
		      const union net_addr *local, const uint8_t *pkt,
		      size_t len)
{
	static struct log_limit limit = { .burst = 5, .interval_ms = 10000 };
	struct extmux *mux = arg;
	char text[NET_ADDR_STRLEN];
	int ret;

	/* the last words for a connection that has ended */
	if (mux->is_listener || mux->fd < 0)
		return -ENOTCONN;
	ret = extmux_udp_send(mux, remote, local, pkt, len);
	/* not an error of ours: the reliability layer sends again */
	if (ret)
		log_limited(&limit, LOG_LEVEL_INFO, "cannot send to %s: %s",
			    net_addr_format(remote, text),
			    strerror(-ret));
	return ret;
}

static int outer_fd(void *arg)
{
	const struct extmux *mux = arg;
	const struct extmux_conn *conn = TAILQ_FIRST(&mux->conns);

	/* a client has one connection and nothing that it comes in at */
	return mux->fd < 0 && conn ? conn->fd : mux->fd;
}

static int outer_divide(void *arg)
{
	return extmux_apart_open(arg);
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
		.arg = mux,
	};
}

static int mux_init(struct extmux *mux, int fd, char *err, size_t err_len)
{
	const struct config *cfg = mux->cfg;

	mux->buf_len = cfg->tun_mtu + DATA_OVERHEAD;
	if (mux->buf_len < BUF_MIN)
		mux->buf_len = BUF_MIN;
	snprintf(err, err_len, "out of memory");
	mux->bufs = malloc(EXTMUX_BATCH * EXTMUX_BUF_LEN);
	if (!mux->bufs || extmux_tcp_init(mux))
		return -ENOMEM;
	if (!cfg->is_tls_server)
		return 0;
	mux->is_listener = config_proto_is_tcp(cfg->proto);
	if (mux->is_listener && cfg->share_host) {
		int ret = extmux_share_new(cfg, &mux->share, err, err_len);

		if (ret)
			return ret;
	}
	mux->fd = extmux_socket_kept(cfg, fd, &mux->family);
	if (mux->fd < 0)
		mux->fd = extmux_socket_listen(cfg, &mux->family, err,
					       err_len);
	return mux->fd < 0 ? mux->fd : mux_watch(mux);
}

int extmux_new(struct loop *loop, const struct config *cfg,
	       struct extmux **out, char *err, size_t err_len)
{
	return extmux_new_on(loop, cfg, -1, out, err, err_len);
}

int extmux_new_on(struct loop *loop, const struct config *cfg, int fd,
		  struct extmux **out, char *err, size_t err_len)
{
	struct extmux *mux = calloc(1, sizeof(*mux));
	int ret;

	if (!mux) {
		snprintf(err, err_len, "out of memory");
		if (fd >= 0)
			close(fd);
		return -ENOMEM;
	}
	mux->loop = loop;
	mux->cfg = cfg;
	mux->fd = -1;
	TAILQ_INIT(&mux->pending);
	TAILQ_INIT(&mux->conns);
	TAILQ_INIT(&mux->dead);
	mux->batch = EXTMUX_BATCH;
	ret = mux_init(mux, fd, err, err_len);
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
	extmux_udp_tune(mux);
}

void extmux_free(struct extmux *mux)
{
	if (!mux)
		return;
	extmux_apart_close(mux);
	mux_close(mux);
	extmux_tcp_fini(mux);
	extmux_share_free(mux->share);
	free(mux->bufs);
	free(mux);
}
