// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client's tunnel host and multiplexer against servers that are sockets of
 * the test and do not do what a client hopes for.
 *
 *	tunnel host --> multiplexer --- TCP, 127.0.0.1 ---> ports A and B
 *
 * Each test runs in a network namespace of its own.
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

#define A		1001
#define B		1002

static void begin_client(const char *more)
{
	begin_config(config_text_as("client\nremote 127.0.0.1 1001\n"
				    "remote 127.0.0.1 1002", "clientAuth",
				    more));
}

/* With the servers ready. */
static void go(void)
{
	struct tunnel_outer outer;
	char err[512] = "";

	if (extmux_new(loop, cfg, &mux, err, sizeof(err)))
		fail_msg("%s", err);
	outer = extmux_outer(mux);
	begin_host(&outer);
	extmux_set_host(mux, host);
}

static int listen_at(uint16_t port, int backlog)
{
	union net_addr addr;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(net_addr_parse("127.0.0.1", port, &addr), 0);
	assert_int_equal(bind(fd, &addr.sa, net_addr_len(&addr)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

/* The client's connection; after so long a time it is an error. */
static int accept_at(int fd)
{
	for (unsigned int ms = 0; ms < PATIENCE_MS; ms += 5) {
		int conn = accept4(fd, NULL, NULL,
				   SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (conn >= 0)
			return conn;
		turn(5);
	}
	fail_msg("the client has not come");
	return -1;
}

/* Reads until the client ends the connection: how many bytes. */
static size_t read_all(int fd)
{
	uint8_t buf[4096];
	size_t len = 0;

	for (unsigned int ms = 0; ms < PATIENCE_MS; ms += 5) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		if (!n || (n < 0 && errno != EAGAIN))
			return len;
		if (n > 0)
			len += (size_t)n;
		turn(5);
	}
	fail_msg("the client does not let go");
	return 0;
}

/* tests */

/* Its first packet is a record, and it does not wait for an answer forever. */
static void test_silent_server(void **state)
{
	uint8_t head[3] = { 0 };
	uint64_t begun;
	int a, b, conn;

	(void)state;
	begin_client("proto tcp-client\nconnect-timeout 1");
	a = listen_at(A, 5);
	b = listen_at(B, 5);
	begun = loop_now(loop);
	go();
	conn = accept_at(a);
	for (unsigned int ms = 0; ms < PATIENCE_MS &&
	     recv(conn, head, sizeof(head), MSG_PEEK) < 3; ms += 5)
		turn(5);
	assert_int_equal(head[0] << 8 | head[1], PROTO_HEAD_LEN + 1 + 4);
	assert_int_equal(proto_byte_opcode(head[2]),
			 PROTO_CONTROL_HARD_RESET_CLIENT_V2);
	assert_true(read_all(conn) >= 16);
	assert_true(loop_now(loop) - begun >= 1000);
	close(conn);
	/* and takes the next remote */
	conn = accept_at(b);
	close(conn);
	close(a);
	close(b);
	stop();
}

/* The same where it cannot even connect: the queue of A is full. */
static void test_unreachable_server(void **state)
{
	int a, b, conn, full[3];
	union net_addr addr;
	uint64_t begun;

	(void)state;
	begin_client("proto tcp\nconnect-timeout 1");
	a = listen_at(A, 0);
	b = listen_at(B, 5);
	assert_int_equal(net_addr_parse("127.0.0.1", A, &addr), 0);
	for (int i = 0; i < 3; i++) {
		full[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC |
				 SOCK_NONBLOCK, 0);
		connect(full[i], &addr.sa, net_addr_len(&addr));
	}
	begun = loop_now(loop);
	go();
	conn = accept_at(b);
	assert_true(loop_now(loop) - begun >= 1000);
	for (int i = 0; i < 3; i++)
		close(full[i]);
	close(conn);
	close(a);
	close(b);
	stop();
}

static void test_refused(void **state)
{
	int b, conn;

	(void)state;
	begin_client("proto tcp");
	b = listen_at(B, 5);
	go();
	conn = accept_at(b);
	close(conn);
	close(b);
	stop();
}

/* It comes back after each end of its connection, at the next remote. */
static void test_comes_back(void **state)
{
	int a, b, conn;

	(void)state;
	begin_client("proto tcp4");
	a = listen_at(A, 5);
	b = listen_at(B, 5);
	go();
	for (int i = 0; i < 2; i++) {
		conn = accept_at(a);
		turn(20);
		close(conn);
		conn = accept_at(b);
		/* nothing that is a record */
		assert_int_equal(send(conn, "\0\0", 2, MSG_NOSIGNAL), 2);
		read_all(conn);
		close(conn);
	}
	close(a);
	close(b);
	stop();
}

/* Going down, in the middle of connecting. */
static void test_stop_while_connecting(void **state)
{
	int a, conn;

	(void)state;
	begin_client("proto tcp");
	a = listen_at(A, 5);
	go();
	conn = accept_at(a);
	tunnel_host_stop(host);
	turn(20);
	stop();
	assert_true(recv(conn, &a, 0, MSG_PEEK) >= 0);
	close(conn);
	close(a);
}

/* With tls-exit a handshake that fails is the end, without a second try. */
static void test_tls_exit(void **state)
{
	int a, b, conn;

	(void)state;
	begin_client("proto tcp\ntls-exit\nhand-window 1\nconnect-retry 1 1");
	a = listen_at(A, 5);
	b = listen_at(B, 5);
	go();
	conn = accept_at(a);
	read_all(conn);
	close(conn);
	turn(2500);
	assert_int_equal(accept4(a, NULL, NULL, SOCK_CLOEXEC), -1);
	assert_int_equal(accept4(b, NULL, NULL, SOCK_CLOEXEC), -1);
	close(a);
	close(b);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silent_server),
		cmocka_unit_test(test_unreachable_server),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_stop_while_connecting),
		cmocka_unit_test(test_tls_exit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
