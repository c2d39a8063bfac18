/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_EXTMUX_RIG_H
#define UNIT_EXTMUX_RIG_H

/*
 * A real multiplexer with a real tunnel host behind it; at the other end of its
 * connections are sockets of the test.
 *
 *	the test's sockets --- TCP, 127.0.0.1 ---- multiplexer --> tunnel host
 *	     (what they send is up to the test)
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <time.h>

#include "extmux/private.h"
#include "tunnel_rig.h"

#define PORT		1194
#define PATIENCE_MS	20000

static struct extmux *mux;
static bool is_guarded;
static struct loop_timer *turn_timer;

/* set-up */

static inline void serve(const char *more)
{
	char text[512], err[512] = "";
	struct tunnel_outer outer;

	snprintf(text, sizeof(text), "proto tcp\n%s", more);
	begin_config(config_text(text));
	if (extmux_new(loop, cfg, &mux, err, sizeof(err)))
		fail_msg("%s", err);
	outer = extmux_outer(mux);
	begin_host(&outer);
	extmux_set_host(mux, host);
	assert_false(mux->is_guarded);
	mux->is_guarded = is_guarded;
}

static inline void stop(void)
{
	tunnel_host_free(host);
	extmux_free(mux);
	loop_timer_free(turn_timer);
	turn_timer = NULL;
	end_config();
}

static inline void turn_over(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	loop_stop(loop);
}

/* Let the server do what it has to for so long. */
static inline void turn(unsigned int ms)
{
	if (!turn_timer)
		turn_timer = loop_timer_new(loop, turn_over, NULL);
	loop_timer_start(turn_timer, ms);
	loop_run(loop);
}

static inline union net_addr server_addr(void)
{
	union net_addr addr;

	assert_int_equal(net_addr_parse("127.0.0.1", PORT, &addr), 0);
	return addr;
}

static inline int dial(void)
{
	union net_addr addr = server_addr();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int mss = 1400;

	assert_true(fd >= 0);
	/* as on a network; with 64 KB of lo, windows open late */
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &mss,
				    sizeof(mss)), 0);
	assert_int_equal(connect(fd, &addr.sa, net_addr_len(&addr)), 0);
	return fd;
}

static inline void put(int fd, const void *data, size_t len)
{
	assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
}

/* One after the other: the records of packets. */
struct stream {
	uint8_t data[16384];
	size_t len;
};

static inline void add_bytes(struct stream *stream, const void *pkt, size_t len)
{
	assert_true(stream->len + 2 + len <= sizeof(stream->data));
	proto_record_prefix(len, stream->data + stream->len);
	memcpy(stream->data + stream->len + 2, pkt, len);
	stream->len += 2 + len;
}

static inline void add_packet(struct stream *stream,
			      const struct proto_control *pkt)
{
	uint8_t wire[PROTO_PACKET_MAX];
	size_t len = wire_of(pkt, wire);

	add_bytes(stream, wire, len);
}

static const struct proto_control reset = {
	.op = PROTO_CONTROL_HARD_RESET_CLIENT_V2,
	.sid = { { 1, 2, 3, 4, 5, 6, 7, 8 } },
};

static inline struct proto_control ack_of(const struct proto_sid *server_sid)
{
	return (struct proto_control){
		.op = PROTO_ACK_V1, .sid = client_sid, .n_acks = 1,
		.remote_sid = *server_sid,
	};
}

/* Waits for one record; false if the connection ends instead. */
static inline bool get_record(int fd, uint8_t *pkt, size_t *len)
{
	uint8_t record[PROTO_RECORD_MAX];
	size_t have = 0, size = 2;
	ssize_t n;

	for (unsigned int ms = 0; ms < PATIENCE_MS; ms += n < 0 ? 5 : 0) {
		n = recv(fd, record + have, size - have, MSG_DONTWAIT);
		if (!n)
			return false;
		if (n < 0) {
			turn(5);
			continue;
		}
		have += (size_t)n;
		if (!proto_record_next(record, have, 0xffff, &size)) {
			*len = size - 2;
			memcpy(pkt, record + 2, *len);
			return true;
		}
	}
	fail_msg("no answer in time");
	return false;
}

/* What the server answers to a reset; the packet is in @pkt. */
static inline struct proto_control get_control(int fd, uint8_t *pkt)
{
	struct proto_control parsed;
	size_t len = 0;

	assert_true(get_record(fd, pkt, &len));
	assert_int_equal(proto_control_parse(&parsed, pkt, pkt + PROTO_HEAD_LEN,
					     len - PROTO_HEAD_LEN), 0);
	return parsed;
}

static inline bool is_closed(int fd, unsigned int ms)
{
	uint8_t buf[4096];

	for (unsigned int waited = 0;; waited += 5) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (!n || (n < 0 && errno != EAGAIN))
			return true;
		if (waited >= ms)
			return false;
		turn(5);
	}
}

/* A connection with a tunnel. */
static inline int open_tunnel(struct proto_sid *server_sid)
{
	struct stream stream = { 0 };
	struct proto_control reply;
	uint8_t pkt[65536];
	int fd = dial();

	add_packet(&stream, &reset);
	put(fd, stream.data, stream.len);
	reply = get_control(fd, pkt);
	assert_int_equal(reply.op, PROTO_CONTROL_HARD_RESET_SERVER_V2);
	assert_int_equal(reply.n_acks, 1);
	assert_int_equal(reply.acks[0], 0);
	assert_true(proto_sid_is_equal(&reply.remote_sid, &client_sid));
	if (server_sid)
		*server_sid = reply.sid;
	return fd;
}

static inline uint64_t cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Turning in circles costs far more, also on a machine that has much to do. */
static inline void assert_idle(void)
{
	uint64_t begun;

	turn(50);
	begun = cpu_ms();
	turn(500);
	assert_true(cpu_ms() - begun < 25);
}

static inline int plain(void **state)
{
	(void)state;
	is_guarded = false;
	return 0;
}

static inline int guarded(void **state)
{
	(void)state;
	is_guarded = true;
	return 0;
}

#define PLAIN(test) \
	{ #test, test, plain, NULL, NULL }
#define GUARDED(test) \
	{ #test "_guarded", test, guarded, NULL, NULL }

#endif
