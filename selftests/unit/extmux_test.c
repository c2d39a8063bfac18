// SPDX-License-Identifier: GPL-2.0-or-later
/* The outer socket: control packets beside a flood of data. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "extmux/private.h"
#include "netns.h"

static struct extmux mux;
static struct extmux_socket *sock = &mux.socks[0];
static union net_addr to;
static int sink;

static int setup(void **state)
{
	socklen_t len = sizeof(to);

	(void)state;
	if (netns_enter() || net_addr_parse("127.0.0.1", 0, &to))
		return -1;
	memset(&mux, 0, sizeof(mux));
	sock->family = AF_INET;
	sock->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	sink = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	return bind(sink, &to.sa, net_addr_len(&to)) ||
	       getsockname(sink, &to.sa, &len);
}

static int teardown(void **state)
{
	(void)state;
	close(sock->fd);
	close(sink);
	return 0;
}

static int sndbuf(void)
{
	int size = 0;
	socklen_t len = sizeof(size);

	getsockopt(sock->fd, SOL_SOCKET, SO_SNDBUF, &size, &len);
	return size;
}

/* Until there is no more room; some leaves meanwhile. */
static void fill(const uint8_t *data, size_t len)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if (sendto(sock->fd, data, len, MSG_DONTWAIT, &to.sa,
			   net_addr_len(&to)) < 0)
			break;
	}
	assert_true(i < 1000);
	assert_int_equal(errno, EAGAIN);
}

/* A slow interface, and a buffer that data has filled. */
static void test_full_buffer(void **state)
{
	static const union net_addr any;
	static uint8_t data[1000], got[1000];
	bool has_control = false;
	int size = 8192, before, i;

	(void)state;
	assert_int_equal(system("tc qdisc add dev lo root tbf rate 2mbit "
				"burst 4k latency 20s"), 0);
	assert_int_equal(setsockopt(sock->fd, SOL_SOCKET, SO_SNDBUF, &size,
				    sizeof(size)), 0);
	before = sndbuf();
	fill(data, sizeof(data));
	assert_int_equal(extmux_udp_send(sock, &to, &any,
					 (const uint8_t *)"control", 7), 0);
	assert_int_equal(sndbuf(), before);
	/* and it has an end for data, as before */
	fill(data, sizeof(data));
	for (i = 0; i < 200 && !has_control; i++) {
		usleep(10000);
		while (recv(sink, got, sizeof(got), 0) > 0)
			has_control |= !memcmp(got, "control", 7);
	}
	assert_true(has_control);
}

/* Not more than a few of them, whatever they are: it is bounded. */
static void test_bounded(void **state)
{
	static const union net_addr any;
	static uint8_t data[1000];
	int size = 4608, i, ret = 0;

	(void)state;
	assert_int_equal(system("tc qdisc add dev lo root tbf rate 8kbit "
				"burst 4k latency 100s"), 0);
	assert_int_equal(setsockopt(sock->fd, SOL_SOCKET, SO_SNDBUF, &size,
				    sizeof(size)), 0);
	for (i = 0; i < 1000 && !ret; i++)
		ret = extmux_udp_send(sock, &to, &any, data, sizeof(data));
	assert_int_equal(ret, -EAGAIN);
}

/* What mtu-disc says, of both families on a socket for both. */
static void test_mtu_disc(void **state)
{
	static const struct {
		enum config_mtu_disc choice;
		int want;
	} rows[] = {
		{ CONFIG_MTU_DISC_NO, IP_PMTUDISC_DONT },
		{ CONFIG_MTU_DISC_MAYBE, IP_PMTUDISC_WANT },
		{ CONFIG_MTU_DISC_YES, IP_PMTUDISC_DO },
	};
	socklen_t len = sizeof(int);
	int fd, value;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct config cfg = { .mtu_disc = rows[i].choice };

		fd = extmux_socket_plain(&cfg, AF_INET6, SOCK_DGRAM);
		assert_true(fd >= 0);
		assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER,
					    &value, &len), 0);
		assert_int_equal(value, rows[i].want);
		assert_int_equal(getsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
					    &value, &len), 0);
		assert_int_equal(value, rows[i].want);
		close(fd);
	}
}

/* A socket is taken over only if it is where bind-dev says now. */
static void test_kept_on_device(void **state)
{
	struct config lo = { .bind_dev = "lo" }, any = { .is_bind = true };
	const struct config *made[] = { &any, &lo, &lo, &any };
	const struct config *wanted[] = { &any, &lo, &any, &lo };
	struct config_local local = { .host = "127.0.0.1" };
	union net_addr addr;
	socklen_t len;
	int fd;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		fd = extmux_socket_plain(made[i], AF_INET, SOCK_DGRAM);
		assert_true(fd >= 0);
		assert_int_equal(net_addr_parse("127.0.0.1", 0, &addr), 0);
		assert_int_equal(bind(fd, &addr.sa, net_addr_len(&addr)), 0);
		len = sizeof(addr);
		assert_int_equal(getsockname(fd, &addr.sa, &len), 0);
		local.port = net_addr_port(&addr);
		assert_int_equal(extmux_socket_is_kept(wanted[i], &local, fd,
						       false),
				 made[i] == wanted[i]);
		close(fd);
	}
}

/* ---- which socket is where a line wants one ---------------------------- */

static int bound(const char *host, uint16_t port, int type, bool is_only)
{
	union net_addr addr;
	int fd, one = 1, only = is_only;

	assert_int_equal(net_addr_parse(host, port, &addr), 0);
	fd = socket(addr.sa.sa_family, type, 0);
	assert_true(fd >= 0);
	if (addr.sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, &addr.sa, net_addr_len(&addr)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void test_where(void **state)
{
	static const struct config none;
	static const struct {
		const char *host;	/* of the socket */
		int type;
		bool is_only;
		struct config_local local;
		bool is_at, is_alone;	/* among several, or as the only one */
	} rows[] = {
		{ "127.0.0.1", SOCK_DGRAM, false,
		  { "127.0.0.1", 1194, CONFIG_PROTO_UDP, true }, true, true },
		{ "127.0.0.1", SOCK_DGRAM, false,
		  { "127.0.0.1", 1195, CONFIG_PROTO_UDP, true }, false, false },
		{ "127.0.0.1", SOCK_DGRAM, false,
		  { "127.0.0.2", 1194, CONFIG_PROTO_UDP, true }, false, true },
		{ "127.0.0.1", SOCK_DGRAM, false,
		  { NULL, 1194, CONFIG_PROTO_UDP, false }, false, true },
		{ "127.0.0.1", SOCK_DGRAM, false,
		  { "127.0.0.1", 1194, CONFIG_PROTO_TCP, true }, false, false },
		{ "127.0.0.1", SOCK_STREAM, false,
		  { "127.0.0.1", 1194, CONFIG_PROTO_TCP4, true }, true, true },
		{ "127.0.0.1", SOCK_DGRAM, false,
		  { "a.example", 1194, CONFIG_PROTO_UDP, true }, true, true },
		{ "0.0.0.0", SOCK_DGRAM, false,
		  { NULL, 1194, CONFIG_PROTO_UDP4, false }, true, true },
		{ "0.0.0.0", SOCK_DGRAM, false,
		  { NULL, 1194, CONFIG_PROTO_UDP6, false }, false, true },
		{ "0.0.0.0", SOCK_DGRAM, false,
		  { NULL, 1194, CONFIG_PROTO_UDP, false }, false, true },
		{ "::", SOCK_DGRAM, false,
		  { NULL, 1194, CONFIG_PROTO_UDP, false }, true, true },
		{ "::", SOCK_DGRAM, true,
		  { NULL, 1194, CONFIG_PROTO_UDP, false }, false, true },
		{ "::", SOCK_DGRAM, true,
		  { NULL, 1194, CONFIG_PROTO_UDP6, true }, true, true },
		{ "::1", SOCK_DGRAM, true,
		  { "::1", 1194, CONFIG_PROTO_UDP, true }, true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int fd = bound(rows[i].host, 1194, rows[i].type,
			       rows[i].is_only);

		if (extmux_socket_is_kept(&none, &rows[i].local, fd, false) !=
		    rows[i].is_at ||
		    extmux_socket_is_passed(&rows[i].local, fd, false) !=
		    rows[i].is_at ||
		    extmux_socket_is_kept(&none, &rows[i].local, fd, true) !=
		    rows[i].is_alone)
			fail_msg("row %zu", i);
		close(fd);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_full_buffer),
		TEST(test_bounded),
		TEST(test_mtu_disc),
		TEST(test_kept_on_device),
		TEST(test_where),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
