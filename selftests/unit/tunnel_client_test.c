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
	begin_client("proto tcp-client\nconnect-timeout 3");
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
	assert_true(loop_now(loop) - begun >= 3000);
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

/* proxies */

#define PROXY		1003

/* What the client sends next, and that it is this. */
static void expect(int fd, const void *want, size_t len)
{
	uint8_t got[512];

	assert_true(len <= sizeof(got));
	for (unsigned int ms = 0; recv(fd, got, len, MSG_PEEK) < (ssize_t)len;
	     ms += 5) {
		if (ms >= PATIENCE_MS)
			fail_msg("the client says nothing");
		turn(5);
	}
	assert_int_equal(recv(fd, got, len, 0), len);
	assert_memory_equal(got, want, len);
}

/* Nothing of the tunnel's is there before the proxy has said yes. */
static void expect_silence(int fd)
{
	uint8_t byte;

	turn(50);
	assert_int_equal(recv(fd, &byte, 1, MSG_PEEK), -1);
	assert_int_equal(errno, EAGAIN);
}

static void expect_first_record(int fd)
{
	uint8_t head[3];

	for (unsigned int ms = 0; recv(fd, head, 3, MSG_PEEK) < 3; ms += 5) {
		if (ms >= PATIENCE_MS)
			fail_msg("the tunnel does not begin");
		turn(5);
	}
	assert_int_equal(head[0] << 8 | head[1], PROTO_HEAD_LEN + 1 + 4);
	assert_int_equal(proto_byte_opcode(head[2]),
			 PROTO_CONTROL_HARD_RESET_CLIENT_V2);
}

static void put_slowly(int fd, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(send(fd, data + i, 1, MSG_NOSIGNAL), 1);
		if (i % 7 == 3)
			turn(2);
	}
}

static void test_http_proxy(void **state)
{
	static const char *const refusals[] = {
		"HTTP/1.1 403 Forbidden\r\n\r\n",
		"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic x\r\n\r\n",
		"220 mail.test\r\n\r\n", "HTTP/1.0 200 OK\r\nVia: ",
	};
	static const char yes[] = "HTTP/1.0 200 OK\r\nVia: x\r\n\r\n";
	char request[256];
	int p, conn;

	(void)state;
	begin_client("proto tcp\nhttp-proxy 127.0.0.1 1003\nconnect-retry 1 1\n"
		     "http-proxy-option AGENT x\n"
		     "http-proxy-option CUSTOM-HEADER X-A b\n"
		     "<http-proxy-user-pass>\nuser\npass\n"
		     "</http-proxy-user-pass>");
	p = listen_at(PROXY, 5);
	go();
	/* one remote after the other, as without a proxy */
	for (int i = 0; i < 5; i++) {
		conn = accept_at(p);
		snprintf(request, sizeof(request),
			 "CONNECT 127.0.0.1:%d HTTP/1.0\r\n"
			 "Host: 127.0.0.1:%d\r\nUser-Agent: x\r\nX-A: b\r\n"
			 "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n",
			 i % 2 ? B : A, i % 2 ? B : A);
		expect(conn, request, strlen(request));
		expect_silence(conn);
		if (i == 4)
			break;
		put_slowly(conn, refusals[i], strlen(refusals[i]));
		if (i == 3)
			shutdown(conn, SHUT_WR);
		assert_int_equal(read_all(conn), 0);
		close(conn);
	}
	put_slowly(conn, yes, strlen(yes));
	expect_first_record(conn);
	close(conn);
	close(p);
	stop();
}

static void test_socks_proxy(void **state)
{
	int p, conn;

	(void)state;
	begin_client("proto tcp\nsocks-proxy 127.0.0.1 1003\nconnect-retry 1 1");
	p = listen_at(PROXY, 5);
	go();
	/* it wants a login */
	conn = accept_at(p);
	expect(conn, "\5\1\0", 3);
	put_slowly(conn, "\5\xff", 2);
	assert_int_equal(read_all(conn), 0);
	close(conn);
	/* it does not get through */
	conn = accept_at(p);
	expect(conn, "\5\1\0", 3);
	expect_silence(conn);
	put_slowly(conn, "\5\0", 2);
	expect(conn, "\5\1\0\1\x7f\0\0\1\3\xea", 10);
	put_slowly(conn, "\5\5\0\1\0\0\0\0\0\0", 10);
	assert_int_equal(read_all(conn), 0);
	close(conn);
	conn = accept_at(p);
	expect(conn, "\5\1\0", 3);
	put_slowly(conn, "\5\0", 2);
	expect(conn, "\5\1\0\1\x7f\0\0\1\3\xe9", 10);
	expect_silence(conn);
	put_slowly(conn, "\5\0\0\3\2ab\0\1", 9);
	expect_first_record(conn);
	close(conn);
	close(p);
	stop();
}

static int datagrams_at(uint16_t port)
{
	union net_addr addr;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(net_addr_parse("127.0.0.1", port, &addr), 0);
	assert_int_equal(bind(fd, &addr.sa, net_addr_len(&addr)), 0);
	return fd;
}

/* The talk up to where the proxy says that datagrams go to port 1004. */
static int socks_associate(int p)
{
	int conn = accept_at(p);

	expect(conn, "\5\1\0", 3);
	put_slowly(conn, "\5\0", 2);
	expect(conn, "\5\3\0\1\0\0\0\0\0\0", 10);
	put_slowly(conn, "\5\0\0\1\0\0\0\0\3\xec", 10);
	return conn;
}

static void test_socks_datagrams(void **state)
{
	static const char head[] = "\0\0\0\1\x7f\0\0\1\3\xe9";
	union net_addr client = { 0 };
	socklen_t client_len = sizeof(client);
	uint8_t pkt[2048];
	int p, udp, conn;
	ssize_t n = -1;

	(void)state;
	begin_client("proto udp\nsocks-proxy 127.0.0.1 1003\nconnect-retry 1 1");
	p = listen_at(PROXY, 5);
	udp = datagrams_at(1004);
	go();
	conn = socks_associate(p);
	for (unsigned int ms = 0; n < 0 && ms < PATIENCE_MS; ms += 5) {
		turn(5);
		n = recvfrom(udp, pkt, sizeof(pkt), 0, &client.sa,
			     &client_len);
	}
	assert_int_equal(n, 10 + PROTO_HEAD_LEN + 1 + 4);
	assert_memory_equal(pkt, head, 10);
	assert_int_equal(proto_byte_opcode(pkt[10]),
			 PROTO_CONTROL_HARD_RESET_CLIENT_V2);
	/* junk is dropped: the client goes on, and tries again */
	assert_int_equal(sendto(udp, "x", 1, 0, &client.sa, client_len), 1);
	turn(20);
	/* with the connection the way has gone: a new one is asked for */
	close(conn);
	conn = socks_associate(p);
	close(conn);
	close(udp);
	close(p);
	stop();
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
		cmocka_unit_test(test_http_proxy),
		cmocka_unit_test(test_socks_proxy),
		cmocka_unit_test(test_socks_datagrams),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
