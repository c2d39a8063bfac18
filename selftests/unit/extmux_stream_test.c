// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A connection's bytes: more than fit at once, what waits for a client that
 * does not read, and the stream in the hands of the data path. Each test runs
 * in a network namespace of its own.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "extmux_rig.h"

/* tests */

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

/* One that is not handed over is read to the last byte, and loses none. */
static void test_keep(void **state)
{
	struct stream stream = { 0 };
	struct proto_control pkt;
	struct extmux_conn *conn;
	struct proto_sid sid;
	uint8_t answer[65536];
	int fd;

	(void)state;
	serve("");
	fd = open_tunnel(&sid);
	conn = (struct extmux_conn *)the_link();
	for (uint8_t id = 1; id <= 2; id++) {
		stream.len = 0;
		pkt = ack_of(&sid);
		pkt.op = PROTO_CONTROL_V1;
		pkt.id = id;
		pkt.payload = (const uint8_t *)"\x16\x03\x01";
		pkt.payload_len = 3;
		add_packet(&stream, &pkt);
		put(fd, stream.data, 4);
		turn(20);
		assert_int_equal(conn->is_guarded, id == 1);
		assert_int_equal(conn->in.len, id == 1 ? 0 : 4);
		conn->link.ops->keep(&conn->link);
		put(fd, stream.data + 4, stream.len - 4);
		pkt = get_control(fd, answer);
		assert_int_equal(pkt.op, PROTO_ACK_V1);
	}
	assert_int_equal(conn->link.ops->hand_over(&conn->link), -EBUSY);
	close(fd);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(test_bulk),
		PLAIN(test_queue),
		GUARDED(test_bulk),
		GUARDED(test_hand_over),
		GUARDED(test_records),
		GUARDED(test_keep),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
