// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections of a server: a real tunnel host behind a real multiplexer, and
 * clients that are sockets of the test.
 *
 *	client sockets --- 127.0.0.1 ---> multiplexer --> tunnel host
 *	      (what they send is up to the test)
 *
 * Each test runs in a network namespace of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "extmux/private.h"
#include "tunnel_rig.h"

#define PORT		1194
#define PATIENCE_MS	20000

static struct extmux *mux;
static bool is_guarded;
static struct loop_timer *turn_timer;

/* set-up */

static void serve(const char *more)
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

static void stop(void)
{
	tunnel_host_free(host);
	extmux_free(mux);
	loop_timer_free(turn_timer);
	turn_timer = NULL;
	loop_free(loop);
	priv_stop(priv);
	config_free(cfg);
	wrap_key_free(wrap_client);
	wrap_client = NULL;
}

static void turn_over(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	loop_stop(loop);
}

/* Let the server do what it has to for so long. */
static void turn(unsigned int ms)
{
	if (!turn_timer)
		turn_timer = loop_timer_new(loop, turn_over, NULL);
	loop_timer_start(turn_timer, ms);
	loop_run(loop);
}

static union net_addr server_addr(void)
{
	union net_addr addr;

	assert_int_equal(net_addr_parse("127.0.0.1", PORT, &addr), 0);
	return addr;
}

static int dial(void)
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

static void put(int fd, const void *data, size_t len)
{
	assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
}

/* One after the other: the records of packets. */
struct stream {
	uint8_t data[16384];
	size_t len;
};

static void add_bytes(struct stream *stream, const void *pkt, size_t len)
{
	assert_true(stream->len + 2 + len <= sizeof(stream->data));
	proto_record_prefix(len, stream->data + stream->len);
	memcpy(stream->data + stream->len + 2, pkt, len);
	stream->len += 2 + len;
}

static void add_packet(struct stream *stream, const struct proto_control *pkt)
{
	uint8_t wire[PROTO_PACKET_MAX];
	size_t len = wire_of(pkt, wire);

	add_bytes(stream, wire, len);
}

static const struct proto_control reset = {
	.op = PROTO_CONTROL_HARD_RESET_CLIENT_V2,
	.sid = { { 1, 2, 3, 4, 5, 6, 7, 8 } },
};

static struct proto_control ack_of(const struct proto_sid *server_sid)
{
	return (struct proto_control){
		.op = PROTO_ACK_V1, .sid = client_sid, .n_acks = 1,
		.remote_sid = *server_sid,
	};
}

/* Waits for one record; false if the connection ends instead. */
static bool get_record(int fd, uint8_t *pkt, size_t *len)
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
static struct proto_control get_control(int fd, uint8_t *pkt)
{
	struct proto_control parsed;
	size_t len;

	assert_true(get_record(fd, pkt, &len));
	assert_int_equal(proto_control_parse(&parsed, pkt, pkt + PROTO_HEAD_LEN,
					     len - PROTO_HEAD_LEN), 0);
	return parsed;
}

static bool is_closed(int fd, unsigned int ms)
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
static int open_tunnel(struct proto_sid *server_sid)
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

static uint64_t cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* tests */

static void test_reset_opens_a_tunnel(void **state)
{
	int fd, other;

	(void)state;
	serve("");
	fd = open_tunnel(NULL);
	assert_int_equal(n_tunnels(), 1);
	assert_int_equal(mux->n_pending, 0);
	/* the same from another port is another client */
	other = open_tunnel(NULL);
	assert_int_equal(n_tunnels(), 2);
	/* and the end of a connection is the end of its tunnel */
	close(fd);
	turn(50);
	assert_int_equal(n_tunnels(), 1);
	assert_false(is_closed(other, 50));
	close(other);
	turn(50);
	assert_int_equal(n_tunnels(), 0);
	assert_true(TAILQ_EMPTY(&mux->conns) && TAILQ_EMPTY(&mux->dead));
	stop();
}

static void test_byte_by_byte(void **state)
{
	struct stream stream = { 0 };
	uint8_t pkt[65536];
	uint64_t cpu;
	int fd;

	(void)state;
	serve("");
	fd = dial();
	add_packet(&stream, &reset);
	for (size_t i = 0; i + 1 < stream.len; i++) {
		put(fd, stream.data + i, 1);
		turn(2);
		assert_int_equal(n_tunnels(), 0);
	}
	/* waiting for the last one costs nothing */
	cpu = cpu_ms();
	turn(300);
	assert_true(cpu_ms() - cpu < 100);
	put(fd, stream.data + stream.len - 1, 1);
	assert_int_equal(get_control(fd, pkt).op,
			 PROTO_CONTROL_HARD_RESET_SERVER_V2);
	assert_int_equal(n_tunnels(), 1);
	close(fd);
	stop();
}

/* Several records in one segment, and the last one in two. */
static void test_coalesced(void **state)
{
	static const uint8_t data[] = { 0x48, 0, 0, 0, 0, 0, 0, 1, 9 };
	struct stream stream = { 0 };
	struct proto_control ack;
	struct proto_sid sid;
	uint8_t pkt[65536];
	size_t cut;
	int fd;

	(void)state;
	serve("");
	fd = open_tunnel(&sid);
	ack = ack_of(&sid);
	/* data before there are keys is passed over */
	add_packet(&stream, &ack);
	add_bytes(&stream, data, sizeof(data));
	add_packet(&stream, &ack);
	add_bytes(&stream, data, sizeof(data));
	cut = stream.len + 5;
	/* acknowledged, so that we see that it has been read */
	ack.op = PROTO_CONTROL_V1;
	ack.id = 1;
	ack.payload = (const uint8_t *)"\x16\x03\x01";
	ack.payload_len = 3;
	add_packet(&stream, &ack);
	put(fd, stream.data, cut);
	assert_false(is_closed(fd, 100));
	put(fd, stream.data + cut, stream.len - cut);
	ack = get_control(fd, pkt);
	assert_int_equal(ack.op, PROTO_ACK_V1);
	assert_int_equal(ack.acks[0], 1);
	assert_int_equal(n_tunnels(), 1);
	close(fd);
	stop();
}

/* What a stranger cannot say: his connection is closed, and nothing is kept. */
static void test_strangers(void **state)
{
	static const uint8_t http[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	static const uint8_t over[] = { 0x08, 0x01, 0x38 };
	struct proto_sid sid = { { 9 } };
	struct stream streams[9] = { 0 };
	struct proto_control pkt;
	uint8_t junk[100];
	size_t n = 0;

	(void)state;
	serve("");
	add_bytes(&streams[n++], "", 0);
	memcpy(streams[n].data, over, sizeof(over));
	streams[n++].len = sizeof(over);
	memcpy(streams[n].data, http, sizeof(http));
	streams[n++].len = sizeof(http);
	memset(junk, 0x48, sizeof(junk));
	add_bytes(&streams[n++], junk, sizeof(junk));
	memset(junk, 0xff, sizeof(junk));
	add_bytes(&streams[n++], junk, sizeof(junk));
	pkt = ack_of(&sid);
	add_packet(&streams[n++], &pkt);
	pkt = reset;
	pkt.key_id = 1;
	add_packet(&streams[n++], &pkt);
	/* what would follow a reset */
	pkt = reset;
	pkt.op = PROTO_CONTROL_V1;
	pkt.id = 1;
	add_packet(&streams[n++], &pkt);
	/* cut off behind its head */
	add_bytes(&streams[n++], "\x38" "12345678", 9);
	assert_int_equal(n, sizeof(streams) / sizeof(streams[0]));
	for (size_t i = 0; i < n; i++) {
		int fd = dial();

		put(fd, streams[i].data, streams[i].len);
		if (!is_closed(fd, PATIENCE_MS))
			fail_msg("stream %zu is still open", i);
		assert_int_equal(n_tunnels(), 0);
		close(fd);
	}
	assert_int_equal(mux->n_pending, 0);
	stop();
}

/* The same from somebody who has a tunnel ends that. */
static void test_clients_mistakes(void **state)
{
	struct proto_sid sid;
	struct stream streams[5];
	struct proto_control pkt;

	(void)state;
	serve("");
	for (size_t i = 0; i < 5; i++) {
		int fd = open_tunnel(&sid);

		memset(streams, 0, sizeof(streams));
		add_bytes(&streams[0], "", 0);
		/* the packet of another client's data */
		add_bytes(&streams[1], "\x48\0\0\x05" "12345678901234567890",
			  24);
		/* of another session */
		pkt = ack_of(&sid);
		pkt.sid.b[0] ^= 1;
		add_packet(&streams[2], &pkt);
		/* a second one */
		pkt = reset;
		pkt.sid.b[0] ^= 1;
		add_packet(&streams[3], &pkt);
		/* malformed */
		add_bytes(&streams[4], "\x28\1\2\3\4\5\6\7\x8\x9", 10);
		put(fd, streams[i].data, streams[i].len);
		if (!is_closed(fd, PATIENCE_MS))
			fail_msg("stream %zu is still open", i);
		assert_int_equal(n_tunnels(), 0);
		close(fd);
	}
	stop();
}

/* More than socket buffers hold, then something that is answered. */
static void test_bulk(void **state)
{
	struct stream stream = { 0 };
	struct proto_control ack;
	struct proto_sid sid;
	uint8_t data[1400] = { 0x48 };
	uint8_t pkt[65536];
	int fd;

	(void)state;
	serve("rcvbuf 1");
	fd = open_tunnel(&sid);
	for (unsigned int i = 0; i < 4000; i++) {
		size_t sent = 0;

		stream.len = 0;
		add_bytes(&stream, data, sizeof(data));
		while (sent < stream.len) {
			ssize_t n = send(fd, stream.data + sent,
					 stream.len - sent,
					 MSG_DONTWAIT | MSG_NOSIGNAL);

			if (n > 0)
				sent += (size_t)n;
			else
				turn(1);
		}
	}
	ack = ack_of(&sid);
	ack.op = PROTO_CONTROL_V1;
	ack.id = 1;
	stream.len = 0;
	add_packet(&stream, &ack);
	put(fd, stream.data, stream.len);
	assert_int_equal(get_control(fd, pkt).op, PROTO_ACK_V1);
	close(fd);
	stop();
}

static void test_cut_in_the_middle(void **state)
{
	struct stream stream = { 0 };
	int fd;

	(void)state;
	serve("");
	fd = dial();
	add_packet(&stream, &reset);
	put(fd, stream.data, stream.len - 3);
	turn(20);
	assert_int_equal(mux->n_pending, 1);
	shutdown(fd, SHUT_WR);
	assert_true(is_closed(fd, PATIENCE_MS));
	assert_int_equal(mux->n_pending, 0);
	close(fd);
	stop();
}

/* Who says nothing, or half a packet, or a little now and then. */
static void test_hand_window(void **state)
{
	struct stream stream = { 0 };
	int silent, half, slow;
	uint64_t begun;

	(void)state;
	serve("hand-window 1");
	add_packet(&stream, &reset);
	begun = loop_now(loop);
	silent = dial();
	half = dial();
	slow = dial();
	put(half, stream.data, 5);
	turn(20);
	assert_int_equal(mux->n_pending, 3);
	/* the last bytes would come too late */
	for (size_t i = 0; i < stream.len - 2 && !is_closed(slow, 100); i++)
		send(slow, stream.data + i, 1, MSG_NOSIGNAL);
	assert_true(is_closed(slow, 0));
	assert_true(is_closed(silent, PATIENCE_MS));
	assert_true(is_closed(half, PATIENCE_MS));
	assert_true(loop_now(loop) - begun >= 1000);
	assert_int_equal(mux->n_pending, 0);
	close(silent);
	close(half);
	close(slow);
	stop();
}

/* A flood of connections that say nothing takes the place of its own oldest. */
static void test_pending_limit(void **state)
{
	int fds[EXTMUX_PENDING_MAX + 10], client;

	(void)state;
	serve("");
	client = open_tunnel(NULL);
	for (unsigned int i = 0; i < EXTMUX_PENDING_MAX + 10; i++) {
		fds[i] = dial();
		turn(1);
	}
	turn(20);
	assert_int_equal(mux->n_pending, EXTMUX_PENDING_MAX);
	for (unsigned int i = 0; i < EXTMUX_PENDING_MAX + 10; i++) {
		assert_int_equal(is_closed(fds[i], 0), i < 10);
		close(fds[i]);
	}
	assert_int_equal(n_tunnels(), 1);
	assert_false(is_closed(client, 0));
	close(client);
	stop();
}

static void test_max_clients(void **state)
{
	struct stream stream = { 0 };
	int a, b, c;

	(void)state;
	serve("max-clients 2");
	a = open_tunnel(NULL);
	b = open_tunnel(NULL);
	c = dial();
	add_packet(&stream, &reset);
	put(c, stream.data, stream.len);
	assert_true(is_closed(c, PATIENCE_MS));
	assert_int_equal(n_tunnels(), 2);
	close(c);
	/* whose place is free again */
	close(a);
	turn(20);
	c = open_tunnel(NULL);
	assert_int_equal(n_tunnels(), 2);
	close(b);
	close(c);
	stop();
}

/* The connection of the only tunnel. */
static struct tunnel_link *the_link(void)
{
	struct extmux_conn *conn = TAILQ_FIRST(&mux->conns);

	assert_non_null(conn);
	return &conn->link;
}

#define DATA_LEN 1400

/* Data packets with numbers inside, until one is refused: how many were not. */
static unsigned int fill(struct tunnel_link *link, unsigned int *n_full)
{
	uint8_t pkt[DATA_LEN] = { 0x48 };
	unsigned int n = 0;
	int ret;

	*n_full = 0;
	for (;;) {
		pkt[4] = (uint8_t)(n >> 16);
		pkt[5] = (uint8_t)(n >> 8);
		pkt[6] = (uint8_t)n;
		ret = link->ops->send(link, pkt, sizeof(pkt), true);
		if (ret < 0)
			break;
		n++;
		*n_full += ret > 0;
		assert_true(n < 100000);
	}
	assert_int_equal(ret, -ENOBUFS);
	return n;
}

/* A client that does not read: what waits for it is bounded, and in order. */
static void test_queue(void **state)
{
	const uint8_t control[] = { 0x28, 'c', 'o', 'n', 't', 'r', 'o', 'l' };
	struct extmux_conn *conn;
	unsigned int n, n_full;
	uint8_t pkt[65536];
	size_t len;
	int fd;

	(void)state;
	serve("tcp-queue-limit 50\nsndbuf 65536");
	fd = open_tunnel(NULL);
	conn = (struct extmux_conn *)the_link();
	n = fill(&conn->link, &n_full);
	assert_true(conn->out.len <= 50 * mux->buf_len);
	assert_true(conn->is_full);
	/* asked to wait long before packets are lost */
	assert_in_range(n_full, 20, 40);
	/* control packets still find a place, behind what is there */
	assert_int_equal(conn->link.ops->send(&conn->link, control,
					      sizeof(control), false), 0);
	for (unsigned int i = 0; i < n; i++) {
		assert_true(get_record(fd, pkt, &len));
		assert_int_equal(len, DATA_LEN);
		assert_int_equal((unsigned int)pkt[4] << 16 |
				 (unsigned int)pkt[5] << 8 | pkt[6], i);
	}
	assert_true(get_record(fd, pkt, &len));
	assert_int_equal(len, sizeof(control));
	assert_memory_equal(pkt, control, len);
	assert_false(conn->is_full);
	assert_int_equal(conn->out.len, 0);
	assert_null(conn->out.data);
	/* and control packets have a limit, too */
	for (n = 0; n < 100000; n++)
		if (conn->link.ops->send(&conn->link, pkt, 1000, false))
			break;
	assert_true(conn->out.len <= 50 * mux->buf_len + EXTMUX_CONTROL_ROOM);
	close(fd);
	turn(20);
	assert_int_equal(n_tunnels(), 0);
	stop();
}

/* The data path gets the stream at the beginning of a record, or not at all. */
static void test_hand_over(void **state)
{
	struct stream stream = { 0 };
	struct tunnel_link *link;
	struct extmux_conn *conn;
	struct proto_control ack;
	struct proto_sid sid;
	socklen_t len = sizeof(int);
	unsigned int n_full;
	int fd, lowat;

	(void)state;
	serve("sndbuf 65536");
	fd = open_tunnel(&sid);
	link = the_link();
	conn = (struct extmux_conn *)link;
	/* a record has come in part */
	ack = ack_of(&sid);
	add_packet(&stream, &ack);
	put(fd, stream.data, 4);
	turn(20);
	assert_int_equal(getsockopt(conn->fd, SOL_SOCKET, SO_RCVLOWAT, &lowat,
				    &len), 0);
	assert_int_equal(lowat, stream.len);
	assert_int_equal(link->ops->hand_over(link), 0);
	assert_int_equal(conn->state, EXTMUX_CONN_RECORDS);
	assert_int_equal(getsockopt(conn->fd, SOL_SOCKET, SO_RCVLOWAT, &lowat,
				    &len), 0);
	assert_int_equal(lowat, 1);
	/* all of it is still there */
	assert_int_equal(recv(conn->fd, stream.data + 100, 100,
			      MSG_DONTWAIT | MSG_PEEK), 4);
	close(fd);
	turn(20);

	fd = open_tunnel(NULL);
	link = the_link();
	conn = (struct extmux_conn *)link;
	do {
		fill(link, &n_full);
		if (!conn->part_left) {
			uint8_t some[10000];

			assert_true(recv(fd, some, sizeof(some), 0) > 0);
			turn(10);
		}
	} while (!conn->part_left);
	assert_int_equal(link->ops->hand_over(link), -EBUSY);
	close(fd);
	stop();
}

/* What the module gives: one control packet per call, with its length. */
static void test_records(void **state)
{
	struct stream stream = { 0 };
	struct proto_control pkt;
	struct tunnel_link *link;
	struct proto_sid sid;
	uint8_t answer[65536];
	int fd;

	(void)state;
	serve("");
	fd = open_tunnel(&sid);
	link = the_link();
	assert_int_equal(link->ops->hand_over(link), 0);
	pkt = ack_of(&sid);
	pkt.op = PROTO_CONTROL_V1;
	pkt.id = 1;
	pkt.payload = (const uint8_t *)"\x16\x03\x01";
	pkt.payload_len = 3;
	add_packet(&stream, &pkt);
	put(fd, stream.data, stream.len);
	pkt = get_control(fd, answer);
	assert_int_equal(pkt.op, PROTO_ACK_V1);
	/* two at once are none */
	stream.len = 0;
	pkt = ack_of(&sid);
	add_packet(&stream, &pkt);
	add_packet(&stream, &pkt);
	put(fd, stream.data, stream.len);
	assert_true(is_closed(fd, PATIENCE_MS));
	assert_int_equal(n_tunnels(), 0);
	close(fd);
	stop();
}

/* A listening socket of the service manager. */
static void test_listen_fds(void **state)
{
	union net_addr addr = server_addr();
	char text[512], pid[16];
	int saved = fcntl(3, F_DUPFD_CLOEXEC, 100), fd, client;

	(void)state;
	begin_config(config_text("proto tcp\nport 1"));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, &addr.sa, net_addr_len(&addr)), 0);
	assert_int_equal(listen(fd, 5), 0);
	/* what is there belongs to the loop, whose own it is meanwhile */
	if (saved >= 0)
		close(saved);
	saved = fcntl(3, F_DUPFD_CLOEXEC, 100);
	assert_int_equal(dup2(fd, 3), 3);
	close(fd);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", pid, 1);
	assert_int_equal(extmux_new(loop, cfg, &mux, text, sizeof(text)), 0);
	assert_null(getenv("LISTEN_FDS"));
	assert_int_equal(mux->fd, 3);
	client = dial();
	close(client);
	extmux_free(mux);
	if (saved >= 0) {
		assert_int_equal(dup2(saved, 3), 3);
		close(saved);
	}
	loop_free(loop);
	priv_stop(priv);
	config_free(cfg);
}

static int plain(void **state)
{
	(void)state;
	is_guarded = false;
	return 0;
}

static int guarded(void **state)
{
	(void)state;
	is_guarded = true;
	return 0;
}

#define PLAIN(test) \
	{ #test, test, plain, NULL, NULL }
#define GUARDED(test) \
	{ #test "_guarded", test, guarded, NULL, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(test_reset_opens_a_tunnel),
		PLAIN(test_byte_by_byte),
		PLAIN(test_coalesced),
		PLAIN(test_strangers),
		PLAIN(test_clients_mistakes),
		PLAIN(test_bulk),
		PLAIN(test_cut_in_the_middle),
		PLAIN(test_hand_window),
		PLAIN(test_pending_limit),
		PLAIN(test_max_clients),
		PLAIN(test_queue),
		PLAIN(test_listen_fds),
		GUARDED(test_reset_opens_a_tunnel),
		GUARDED(test_byte_by_byte),
		GUARDED(test_coalesced),
		GUARDED(test_strangers),
		GUARDED(test_clients_mistakes),
		GUARDED(test_bulk),
		GUARDED(test_cut_in_the_middle),
		GUARDED(test_hand_over),
		GUARDED(test_records),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
