/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef EXTMUX_PRIVATE_H
#define EXTMUX_PRIVATE_H

#include <netinet/in.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "extmux/extmux.h"
#include "mem/mem.h"
#include "userdp/userdp.h"

/*
 *   extmux.c	the multiplexer, what it offers the tunnel layer
 *   socket.c	sockets and their options
 *   udp.c	datagrams
 *   apart.c	a second socket for datagrams
 *   spread.c	sockets of the threads that carry data
 *   tcp.c	connections: accepted, made, limited, ended
 *   stream.c	records in and out of one connection
 *   proxy.c	a client's connection is to a proxy at first
 *   relay.c	datagrams through a SOCKS proxy
 *   share.c	connections that are for another service
 */

/* Datagrams per system call, when they are control packets. */
#define EXTMUX_CONTROL	16

#define EXTMUX_ACCEPTS	64	/* connections of one wake-up */

/* Connections without a tunnel. One more closes the oldest. */
#define EXTMUX_PENDING_MAX	128

/* Bytes of a connection's queue that are for control packets only. */
#define EXTMUX_CONTROL_ROOM 65536u

/* Asked for the socket when data packets come through it. */
#define EXTMUX_RCVBUF	(2048 * 1024)

/* Room for one IP_PKTINFO or IPV6_PKTINFO. */
union extmux_cmsg {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/**
 * enum extmux_conn_state - of a connection
 *
 * PROXY: it is there, but as yet the other end is a proxy.
 * RELAY: the other end stays a proxy, which forwards datagrams meanwhile.
 * RECORDS: the data path has the stream, and leaves whole packets to us.
 * CLOSED: its memory goes at the next turn of the loop.
 */
enum extmux_conn_state {
	EXTMUX_CONN_CONNECTING,
	EXTMUX_CONN_PROXY,
	EXTMUX_CONN_RELAY,
	EXTMUX_CONN_STREAM,
	EXTMUX_CONN_RECORDS,
	EXTMUX_CONN_CLOSED,
};

/* What the proxy is asked for, and has not yet answered. */
enum extmux_proxy_step {
	EXTMUX_PROXY_HTTP,
	EXTMUX_PROXY_METHOD,
	EXTMUX_PROXY_LOGIN,
	EXTMUX_PROXY_REQUEST,
};

struct addrinfo;
struct sock_filter;
struct extmux_relay;
struct extmux_share;

/**
 * struct extmux_conn - a connection; owned by its multiplexer
 * @link: what the tunnel layer has of it; the first member
 * @timer: in STREAM without a tunnel: its end; in RECORDS: next try to send;
 *	at once: @error is to be reported
 * @via: the remote behind a proxy; NULL: there is none
 * @step: of the talk with the proxy
 * @relay: in RELAY
 * @is_guarded: only whole records are taken from the socket
 * @is_kept: that has an end as soon as none has been looked at
 * @lowat: SO_RCVLOWAT, as set
 * @n_idle: wake-ups for less than that
 * @in: not guarded: the beginning of a record
 * @out: records that wait for the socket, the first one perhaps cut short
 * @part_left: how much of that one is left; 0: all
 * @is_pending: has no tunnel yet, and is in the multiplexer's list of these
 * @is_full: who sends data has been told to wait
 * @error: of sending, to be reported by the timer
 */
struct extmux_conn {
	struct tunnel_link link;
	struct extmux *mux;
	TAILQ_ENTRY(extmux_conn) entry;
	enum extmux_conn_state state;
	int fd;
	struct loop_io *io;
	struct loop_timer *timer;
	const struct config_remote *via;
	enum extmux_proxy_step step;
	struct extmux_relay *relay;
	bool is_guarded, is_kept;
	size_t lowat;
	unsigned int n_idle;
	struct mem_buf in, out;
	size_t part_left;
	bool is_pending;
	bool is_full;
	int error;
};

TAILQ_HEAD(extmux_conns, extmux_conn);

/**
 * struct extmux_socket - one of the sockets
 * @fd: of datagrams, or what connections come in at; -1: none
 * @is_listener: which of the two
 * @apart_fd, @apart_io: another one at the same port, see apart.c; NULL: none
 * @spread_fds, @n_spread: others at the same port, see spread.c
 * @batch: how many datagrams to ask for next
 * @accept_timer: accepts again after there were no descriptors
 * @share: gets connections that are not OpenVPN's; NULL: they are closed
 */
struct extmux_socket {
	struct extmux *mux;
	unsigned int index;
	int fd;
	bool is_listener;
	int apart_fd;
	struct loop_io *apart_io;
	int spread_fds[DP_THREADS_MAX];
	unsigned int n_spread;
	sa_family_t family;
	struct loop_io *io;
	unsigned int batch;
	struct loop_timer *accept_timer;
};

/**
 * struct extmux - the sockets of a process
 * @socks: of a server, one for each "local"; a client's only one comes and goes
 * @buf_len: no packet of a connection is longer
 * @pending: connections without a tunnel, oldest first
 * @conns: the others
 * @dead: closed ones, until @reaper
 * @buf_len: of a client's packets on a connection
 * @is_guarded: of new connections; the data path takes them over, and data
 *	packets do not come through @socks
 * @record: where connections are read; EXTMUX_READ_MAX bytes behind a record
 */
struct extmux {
	struct loop *loop;
	const struct config *cfg;
	struct tunnel_host *host;
	struct extmux_socket socks[CONFIG_LOCALS_MAX];
	unsigned int n_socks;
	size_t buf_len;
	struct userdp_rx rx;
	struct extmux_conns pending, conns, dead;
	unsigned int n_pending;
	bool is_guarded;
	uint8_t *record;
	struct loop_timer *reaper;
	struct extmux_share *share;
};

#define EXTMUX_RECORD_MAX	(2u + 0xffffu)
#define EXTMUX_READ_MAX		65536u

/* socket.c */
bool extmux_socket_is_kept(const struct config *cfg,
			   const struct config_local *local, int fd,
			   bool is_only);
bool extmux_socket_is_passed(const struct config_local *local, int fd,
			     bool is_only);
int extmux_socket_take(const struct config *cfg, int fd, sa_family_t *family);
int extmux_socket_listen(const struct config *cfg,
			 const struct config_local *local, sa_family_t *family,
			 char *err, size_t err_len);
void extmux_socket_files(const struct config *cfg);
int extmux_socket_client(const struct config *cfg, sa_family_t family,
			 int type);
int extmux_socket_resolve(const char *host, uint16_t port,
			  const struct addrinfo *hints, union net_addr *out);
int extmux_socket_plain(const struct config *cfg, sa_family_t family,
			int type);
int extmux_socket_second(const struct config *cfg, sa_family_t family,
			 bool is_dual);
void extmux_socket_nodelay(int fd);
void extmux_socket_local(int fd, union net_addr *local);

/* udp.c */
void extmux_udp_room(const struct config *cfg, int fd);
void extmux_udp_tune(struct extmux_socket *sock);
void extmux_udp_receive(struct extmux_socket *sock, int fd);
int extmux_udp_send(const struct extmux_socket *sock,
		    const union net_addr *remote, const union net_addr *local,
		    const uint8_t *pkt, size_t len);

/* apart.c */
int extmux_group_filter(int fd, struct sock_filter *filter, size_t n);
int extmux_group_join(const struct extmux_socket *sock,
		      struct sock_filter *filter, size_t n);
int extmux_apart_open(struct extmux_socket *sock);
void extmux_apart_close(struct extmux_socket *sock);

/* spread.c */
void extmux_spread_open(struct extmux_socket *sock);
void extmux_spread_gather(const struct extmux_socket *sock);
void extmux_spread_close(struct extmux_socket *sock);

/* tcp.c */
int extmux_tcp_init(struct extmux *mux);
void extmux_tcp_fini(struct extmux *mux);
int extmux_tcp_listen(struct extmux_socket *sock);
void extmux_tcp_accept(struct extmux_socket *sock);
int extmux_tcp_connect(struct extmux *mux, const union net_addr *remote,
		       const struct config_remote *via,
		       struct tunnel_link **link);
void extmux_conn_ready(struct extmux_conn *conn);
void extmux_conn_adopted(struct extmux_conn *conn);
void extmux_conn_down(struct extmux_conn *conn, const char *why);
void extmux_conn_close(struct extmux_conn *conn);

/* proxy.c */
void extmux_proxy_begin(struct extmux_conn *conn);
void extmux_proxy_readable(struct extmux_conn *conn);

/* relay.c */
int extmux_relay_new(struct extmux_conn *conn, const union net_addr *to,
		     struct extmux_relay **out);
void extmux_relay_free(struct extmux_relay *relay);

/* share.c */
int extmux_share_new(const struct config *cfg, struct extmux_share **out,
		     char *err, size_t err_len);
void extmux_share_free(struct extmux_share *share);
int extmux_share_take(struct extmux_share *share, int fd,
		      const union net_addr *remote, const uint8_t *data,
		      size_t len);

/* stream.c */
void extmux_stream_want(struct extmux_conn *conn, size_t len);
void extmux_stream_readable(struct extmux_conn *conn);
void extmux_stream_flush(struct extmux_conn *conn);
extern const struct tunnel_link_ops extmux_link_ops;

#endif
