// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records of a connection, in a buffer that all connections share.
 *
 * A connection that the data path may be given is guarded: what has come is
 * looked at (MSG_PEEK) and taken up to the end of a record, before a control
 * packet is handed on at the latest, so that the socket stands at a record at
 * any time. That is for a handshake: were it for all, the last bytes of a large
 * buffer could keep TCP from announcing room for the rest of their record. So
 * other connections are read, and the beginning of a record is kept.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "extmux/private.h"
#include "log/log.h"
#include "proto/proto.h"

/* Socket calls of one connection per wake-up; of records each gives one. */
#define ROUNDS		4
#define RECORD_ROUNDS	64

/* Wake-ups without a reason, which TCP's shortage of memory can be. */
#define IDLE_MAX	1000

/* The data path takes no control packet now, and poll() does not say when. */
#define RETRY_MS	5

static struct extmux_conn *conn_of(struct tunnel_link *link)
{
	return (struct extmux_conn *)link;
}

/* ---- in -------------------------------------------------------------- */

static bool conn_is_open(const struct extmux_conn *conn)
{
	return conn->state == EXTMUX_CONN_STREAM ||
	       conn->state == EXTMUX_CONN_RECORDS;
}

/** extmux_stream_want() - wake up when @len bytes are there, not before */
void extmux_stream_want(struct extmux_conn *conn, size_t len)
{
	int value = (int)len;

	if (conn->lowat == len)
		return;
	conn->lowat = len;
	setsockopt(conn->fd, SOL_SOCKET, SO_RCVLOWAT, &value, sizeof(value));
}

/* Take @len bytes that have been looked at; TCP does not copy them again. */
static bool stream_take(struct extmux_conn *conn, size_t len)
{
	uint8_t *buf = conn->mux->record;

	if (!len || !conn->is_guarded ||
	    recv(conn->fd, buf, len, MSG_TRUNC | MSG_DONTWAIT) == (ssize_t)len)
		return true;
	extmux_conn_down(conn, "cannot read what has come");
	return false;
}

/* One packet for the tunnel layer, which may close the connection. */
static void stream_packet(struct extmux_conn *conn, const uint8_t *pkt,
			  size_t len)
{
	int ret = tunnel_link_input(conn->mux->host, &conn->link, pkt, len);

	if (conn->state == EXTMUX_CONN_CLOSED)
		return;
	extmux_conn_adopted(conn);
	if (ret)
		extmux_conn_down(conn, ret == -EBADMSG ?
				 "a packet is not authentic" :
				 "a packet does not belong here");
}

/* The longest packet that a stranger, or a client, may send. */
static size_t stream_packet_max(const struct extmux_conn *conn)
{
	size_t max = EXTMUX_RECORD_MAX - PROTO_RECORD_PREFIX;

	if (!conn->link.tunnel)
		return PROTO_PACKET_MAX;
	return conn->mux->buf_len < max ? conn->mux->buf_len : max;
}

/* A part of a record is there: is that all that will ever come? */
static bool stream_is_cut(struct extmux_conn *conn, size_t need)
{
	struct pollfd at = { .fd = conn->fd, .events = POLLRDHUP };

	if (conn->lowat == need && poll(&at, 1, 0) > 0 &&
	    at.revents & (POLLRDHUP | POLLHUP | POLLERR))
		return true;
	conn->n_idle += conn->lowat == need;
	extmux_stream_want(conn, need);
	return conn->n_idle > IDLE_MAX;
}

/* What has come of a record, and how much has to. False: that is in vain. */
static bool stream_keep(struct extmux_conn *conn, const uint8_t *data,
			size_t len, size_t need)
{
	if (conn->is_guarded)
		return !stream_is_cut(conn, need);
	conn->in.len = 0;
	return !mem_buf_append(&conn->in, data, len);
}

/*
 * Walk through the records among @len bytes, which a guarded socket still has.
 * Return: false when there is nothing more to do with the connection now.
 */
static bool stream_walk(struct extmux_conn *conn, const uint8_t *data,
			size_t len)
{
	size_t at = 0, taken = 0, size;
	int ret;

	while (conn->state == EXTMUX_CONN_STREAM) {
		const uint8_t *pkt = data + at + PROTO_RECORD_PREFIX;

		ret = proto_record_next(data + at, len - at,
					stream_packet_max(conn), &size);
		if (ret == -EAGAIN)
			break;
		if (ret) {
			extmux_conn_down(conn, "framing error");
			return false;
		}
		at += size;
		if (proto_opcode_is_control(proto_byte_opcode(pkt[0]))) {
			if (!stream_take(conn, at - taken))
				return false;
			taken = at;
		}
		stream_packet(conn, pkt, size - PROTO_RECORD_PREFIX);
	}
	if (conn->state != EXTMUX_CONN_STREAM)
		return false;
	if (!stream_take(conn, at - taken))
		return false;
	/* a guarded part is looked at again: more may have come meanwhile */
	if (conn->is_guarded && (at || conn->is_kept)) {
		conn->is_guarded = !conn->is_kept;
		extmux_stream_want(conn, 1);
		return true;
	}
	if (stream_keep(conn, data + at, len - at, size))
		return !conn->is_guarded;
	extmux_conn_down(conn, "closed in the middle of a packet");
	return false;
}

/* How many bytes have come behind the @skip that are in the buffer. */
static ssize_t conn_recv(struct extmux_conn *conn, size_t skip, int flags)
{
	ssize_t n;

	do {
		n = recv(conn->fd, conn->mux->record + skip,
			 skip ? EXTMUX_READ_MAX : EXTMUX_RECORD_MAX,
			 flags | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (!n)
		extmux_conn_down(conn, "connection closed by the peer");
	else if (n < 0 && errno != EAGAIN)
		extmux_conn_down(conn, strerror(errno));
	return n;
}

/* Each call gives one packet, whole. */
static bool records_walk(struct extmux_conn *conn, const uint8_t *data,
			 size_t len)
{
	size_t size;

	if (proto_record_next(data, len, PROTO_RECORD_MAX, &size) ||
	    size != len) {
		extmux_conn_down(conn, "framing error");
		return false;
	}
	stream_packet(conn, data + PROTO_RECORD_PREFIX,
		      size - PROTO_RECORD_PREFIX);
	return conn->state == EXTMUX_CONN_RECORDS;
}

/*
 * port-share: a connection that has not been a client's yet, and perhaps cannot
 * become one. What was looked at is still in a guarded socket, which is asked
 * for a byte more than that while the beginning is too short.
 */
static bool conn_is_foreign(struct extmux_conn *conn, const uint8_t *data,
			    size_t len)
{
	struct extmux_share *share = conn->mux->share;

	if (!share || !conn->is_pending)
		return false;
	switch (proto_record_stream(data, len)) {
	case PROTO_STREAM_OPENVPN:
		return false;
	case PROTO_STREAM_UNKNOWN:
		if (conn->is_guarded && stream_is_cut(conn, len + 1))
			extmux_conn_down(conn, "closed in the middle of a packet");
		return conn->is_guarded;
	case PROTO_STREAM_FOREIGN:
		break;
	}
	extmux_stream_want(conn, 1);
	extmux_share_take(share, conn->fd, &conn->link.remote, data,
			  conn->is_guarded ? 0 : len);
	extmux_conn_close(conn);
	return true;
}

static bool conn_read(struct extmux_conn *conn)
{
	bool is_stream = conn->state == EXTMUX_CONN_STREAM;
	uint8_t *data = conn->mux->record;
	size_t left = is_stream ? conn->in.len : 0;
	ssize_t n;

	if (left)
		memcpy(data, conn->in.data, left);
	n = conn_recv(conn, left,
		      is_stream && conn->is_guarded ? MSG_PEEK : 0);
	if (n <= 0 || conn_is_foreign(conn, data, left + (size_t)n))
		return false;
	return is_stream ? stream_walk(conn, data, left + (size_t)n) :
			   records_walk(conn, data, (size_t)n);
}

/**
 * extmux_stream_readable() - take what has come, a bounded amount
 * @conn: an open connection; may be closed by what is received
 */
void extmux_stream_readable(struct extmux_conn *conn)
{
	struct tunnel_host *host = conn->mux->host;
	int n = conn->state == EXTMUX_CONN_RECORDS ? RECORD_ROUNDS : ROUNDS;

	tunnel_host_batch_begin(host);
	while (n-- > 0 && conn_read(conn))
		;
	tunnel_host_batch_end(host);
}

/* ---- out ------------------------------------------------------------- */

/* How much of it the socket takes now; 0 for nothing, or -errno. */
static ssize_t conn_write(struct extmux_conn *conn, struct iovec *iov,
			  size_t n_iov)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n_iov };
	ssize_t n;

	do {
		n = sendmsg(conn->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	return n;
}

/* From the timer: whoever sends is not prepared for the end. */
static void conn_fail(struct extmux_conn *conn, ssize_t error)
{
	conn->error = (int)-error;
	loop_timer_start(conn->timer, 0);
}

static void conn_wait_for_room(struct extmux_conn *conn)
{
	if (conn->state == EXTMUX_CONN_RECORDS)
		loop_timer_start(conn->timer, RETRY_MS);
	else
		loop_io_set(conn->io, LOOP_READABLE | LOOP_WRITABLE);
}

static int conn_append(struct extmux_conn *conn, const struct iovec *iov,
		       size_t skip)
{
	int ret = 0;

	for (int i = 0; i < 2 && !ret; i++) {
		const uint8_t *base = iov[i].iov_base;
		size_t off = skip < iov[i].iov_len ? skip : iov[i].iov_len;

		skip -= off;
		ret = mem_buf_append(&conn->out, base + off,
				     iov[i].iov_len - off);
	}
	return ret;
}

/*
 * Queue what the socket has not taken. Without memory for the rest of a packet
 * the stream has no meaning any more.
 */
static int conn_queue(struct extmux_conn *conn, const struct iovec *iov,
		      size_t sent, size_t size)
{
	size_t before = conn->out.len;
	int ret = conn_append(conn, iov, sent);

	if (ret && sent) {
		conn_fail(conn, ret);
	} else if (ret) {
		/* nothing of it stays */
		conn->out.len = before;
	} else {
		if (sent)
			conn->part_left = size - sent;
		conn_wait_for_room(conn);
	}
	return ret;
}

static int conn_send(struct extmux_conn *conn, const uint8_t *pkt, size_t len)
{
	uint8_t prefix[PROTO_RECORD_PREFIX];
	struct iovec iov[] = {
		{ prefix, sizeof(prefix) },
		{ (void *)(uintptr_t)pkt, len },
	};
	size_t size = sizeof(prefix) + len;
	ssize_t n = 0;

	proto_record_prefix(len, prefix);
	if (!conn->out.len)
		n = conn_write(conn, iov, 2);
	if (n < 0) {
		conn_fail(conn, n);
		return (int)n;
	}
	return (size_t)n == size ? 0 : conn_queue(conn, iov, (size_t)n, size);
}

static int link_send(struct tunnel_link *link, const uint8_t *pkt, size_t len,
		     bool is_data)
{
	struct extmux_conn *conn = conn_of(link);
	size_t limit = conn->out.limit;
	int ret;

	if (!conn_is_open(conn) || conn->error)
		return -ENOTCONN;
	/* data leaves room for control packets, which keep the tunnel alive */
	if (is_data)
		limit -= EXTMUX_CONTROL_ROOM;
	if (conn->out.len + PROTO_RECORD_PREFIX + len > limit)
		return -ENOBUFS;
	ret = conn_send(conn, pkt, len);
	if (ret || !is_data || conn->out.len <= limit / 2)
		return ret;
	conn->is_full = true;
	return 1;
}

/* The first @n bytes of the queue have been sent. */
static void queue_sent(struct extmux_conn *conn, size_t n)
{
	const uint8_t *data = conn->out.data;
	size_t at = 0, step, size;

	while (at < n) {
		if (!conn->part_left) {
			proto_record_next(data + at, conn->out.len - at,
					  PROTO_RECORD_MAX, &size);
			conn->part_left = size;
		}
		step = conn->part_left < n - at ? conn->part_left : n - at;
		conn->part_left -= step;
		at += step;
	}
	if (n == conn->out.len)
		mem_buf_reset(&conn->out);
	else
		mem_buf_consume(&conn->out, n);
}

/* As many bytes as may go with one call. */
static size_t queue_head(const struct extmux_conn *conn)
{
	size_t size = conn->out.len;

	if (conn->state == EXTMUX_CONN_RECORDS)
		proto_record_next(conn->out.data, conn->out.len,
				  PROTO_RECORD_MAX, &size);
	return size;
}

/**
 * extmux_stream_flush() - send what waits
 * @conn: an open connection; may be closed on return
 */
void extmux_stream_flush(struct extmux_conn *conn)
{
	while (conn->out.len) {
		struct iovec iov = { conn->out.data, queue_head(conn) };
		ssize_t n = conn_write(conn, &iov, 1);

		if (n < 0) {
			extmux_conn_down(conn, strerror((int)-n));
			return;
		}
		if (!n)
			break;
		queue_sent(conn, (size_t)n);
	}
	if (conn->out.len)
		conn_wait_for_room(conn);
	else
		loop_io_set(conn->io, LOOP_READABLE);
	if (!conn->is_full || conn->out.len > conn->out.limit / 4)
		return;
	conn->is_full = false;
	tunnel_link_ready(conn->mux->host, &conn->link);
}

/* ---- what the tunnel layer can do ------------------------------------ */

static int link_fd(const struct tunnel_link *link)
{
	return ((const struct extmux_conn *)link)->fd;
}

static int link_hand_over(struct tunnel_link *link)
{
	struct extmux_conn *conn = conn_of(link);

	if (!conn_is_open(conn))
		return -ENOTCONN;
	if (conn->part_left || !conn->is_guarded)
		return -EBUSY;
	/* or TCP would not tell the data path of what is shorter */
	extmux_stream_want(conn, 1);
	conn->state = EXTMUX_CONN_RECORDS;
	loop_io_set(conn->io, LOOP_READABLE);
	if (conn->out.len)
		conn_wait_for_room(conn);
	return 0;
}

static void link_keep(struct tunnel_link *link)
{
	conn_of(link)->is_kept = true;
}

static void link_close(struct tunnel_link *link)
{
	extmux_conn_close(conn_of(link));
}

const struct tunnel_link_ops extmux_link_ops = {
	.send = link_send,
	.fd = link_fd,
	.hand_over = link_hand_over,
	.keep = link_keep,
	.close = link_close,
};
