// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A second socket at the server's port: which datagrams come to which of the
 * two. Each test runs in a network namespace of its own.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "extmux/private.h"
#include "netns.h"

static struct config cfg;
static struct extmux mux;
static struct extmux_socket *sock = &mux.socks[0];
static int client;

static void open_main(sa_family_t family, const char *any)
{
	union net_addr addr;
	int zero = 0;

	assert_int_equal(net_addr_parse(any, 1194, &addr), 0);
	memset(&mux, 0, sizeof(mux));
	sock->mux = &mux;
	mux.cfg = &cfg;
	mux.loop = loop_new();
	sock->family = family;
	sock->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (family == AF_INET6)
		setsockopt(sock->fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero,
			   sizeof(zero));
	assert_int_equal(bind(sock->fd, &addr.sa, net_addr_len(&addr)), 0);
}

static int setup(void **state)
{
	(void)state;
	if (netns_enter())
		return -1;
	client = socket(AF_INET, SOCK_DGRAM, 0);
	return client < 0;
}

static int teardown(void **state)
{
	(void)state;
	extmux_apart_close(sock);
	close(sock->fd);
	close(client);
	loop_free(mux.loop);
	return 0;
}

static bool takes(int fd, const uint8_t *data, size_t len)
{
	uint8_t buf[64];

	return recv(fd, buf, sizeof(buf), MSG_DONTWAIT) == (ssize_t)len &&
	       !memcmp(buf, data, len);
}

static bool is_empty(int fd)
{
	uint8_t buf[64];

	return recv(fd, buf, sizeof(buf), MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

struct row {
	bool is_apart;
	size_t len;
	uint8_t data[8];
};

static const struct row rows[] = {
	{ false, 5, { 0x38, 0xff, 0xff, 0xff, 1 } },	/* control */
	{ false, 5, { 0x28, 0x80, 0, 0, 1 } },
	{ false, 5, { 0x48, 0, 0, 5, 1 } },
	{ false, 5, { 0x4f, 0x7f, 0xff, 0xff, 1 } },
	{ true, 5, { 0x48, 0x80, 0, 5, 1 } },
	{ true, 5, { 0x4b, 0xff, 0xff, 0xff, 1 } },
	{ true, 5, { 0x30, 0, 0, 5, 1 } },		/* DATA_V1 */
	{ true, 5, { 0x37, 0x80, 0, 5, 1 } },
	{ true, 1, { 0x30 } },
	{ false, 1, { 0x48 } },
	{ false, 1, { 0xff } },
	{ false, 0, { 0 } },
};

/* @has_apart: the other socket is there */
static void check_rows(bool has_apart)
{
	union net_addr to;

	assert_int_equal(net_addr_parse("127.0.0.1", 1194, &to), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		bool is_apart = has_apart && row->is_apart;

		assert_int_equal(sendto(client, row->data, row->len, 0, &to.sa,
					net_addr_len(&to)), row->len);
		if (!takes(is_apart ? sock->apart_fd : sock->fd, row->data,
			   row->len))
			fail_msg("row %zu", i);
		assert_true(is_empty(sock->fd));
		assert_true(!has_apart || is_empty(sock->apart_fd));
	}
}

/* Also when the second one is of the next process. */
static void test_both(void **state)
{
	(void)state;
	open_main(AF_INET, "0.0.0.0");
	check_rows(false);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(extmux_apart_open(sock), 0);
		check_rows(true);
		extmux_apart_close(sock);
		check_rows(false);
	}
}

static void test_dual_stack(void **state)
{
	(void)state;
	open_main(AF_INET6, "::");
	assert_int_equal(extmux_apart_open(sock), 0);
	check_rows(true);
}

/* Where the first one stands alone, another cannot come. */
static void test_no_room(void **state)
{
	union net_addr addr;
	int other = socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	open_main(AF_INET, "127.0.0.1");
	assert_int_equal(net_addr_parse("0.0.0.0", 1194, &addr), 0);
	assert_int_equal(bind(other, &addr.sa, net_addr_len(&addr)), -1);
	assert_int_equal(extmux_apart_open(sock), 0);
	assert_int_equal(bind(other, &addr.sa, net_addr_len(&addr)), -1);
	check_rows(true);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_both, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dual_stack, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
	};

	return cmocka_run_group_tests_name("extmux_apart", tests, NULL, NULL);
}
