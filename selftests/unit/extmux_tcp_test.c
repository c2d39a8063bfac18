// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections of a server: what strangers and clients can say, and how many of
 * them there may be. Each test runs in a network namespace of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "extmux_rig.h"

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
	assert_idle();
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
	/* at once, and not after waking the server too often for nothing */
	for (int i = 0; i < 100; i++)
		turn(0);
	assert_int_equal(mux->n_pending, 0);
	assert_true(is_closed(fd, PATIENCE_MS));
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

/* Without descriptors the server waits, and does not turn in circles. */
static void test_no_descriptors(void **state)
{
	struct rlimit limit, few;
	int fds[4], client;

	(void)state;
	serve("");
	client = open_tunnel(NULL);
	for (unsigned int i = 0; i < 3; i++)
		fds[i] = dial();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = limit;
	few.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_idle();
	assert_int_equal(n_tunnels(), 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	/* valgrind refuses a descriptor after the kernel's accept() */
	fds[3] = dial();
	for (unsigned int i = 0; i < 100 && !mux->n_pending; i++)
		turn(50);
	assert_in_range(mux->n_pending, 1, 4);
	for (unsigned int i = 0; i < 4; i++)
		close(fds[i]);
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
	assert_int_equal(mux->socks[0].fd, 3);
	client = dial();
	close(client);
	extmux_free(mux);
	if (saved >= 0) {
		assert_int_equal(dup2(saved, 3), 3);
		close(saved);
	}
	end_config();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(test_reset_opens_a_tunnel),
		PLAIN(test_byte_by_byte),
		PLAIN(test_coalesced),
		PLAIN(test_strangers),
		PLAIN(test_clients_mistakes),
		PLAIN(test_cut_in_the_middle),
		PLAIN(test_hand_window),
		PLAIN(test_pending_limit),
		PLAIN(test_no_descriptors),
		PLAIN(test_max_clients),
		PLAIN(test_listen_fds),
		GUARDED(test_reset_opens_a_tunnel),
		GUARDED(test_byte_by_byte),
		GUARDED(test_coalesced),
		GUARDED(test_strangers),
		GUARDED(test_clients_mistakes),
		GUARDED(test_cut_in_the_middle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
