// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sockets of the threads that carry data, beside the main loop's: which
 * datagrams come to which of them. Each test runs in a network namespace of its
 * own; the threads are not started, so that the test reads in their place.
 */
#include "extmux_group_rig.h"
#include "tunnel/private.h"

static struct tunnel_host host;

static void open_main(sa_family_t family, const char *any, uint16_t port,
		      unsigned int threads)
{
	struct dp_config dp = { .mode = DP_MODE_MP, .ifname = "tun-s",
				.mtu = 1500, .threads = threads };

	group_open(family, any, port);
	mux.host = &host;
	dp.loop = mux.loop;
	dp.tun_fd = netns_tun_with("tun-s", IFF_VNET_HDR | IFF_MULTI_QUEUE,
				   &dp.ifindex);
	assert_true(dp.tun_fd >= 0);
	assert_int_equal(dp_user_new(&dp, &host.dp), 0);
	assert_int_equal(dp_threads(host.dp), threads);
}

static int teardown(void **state)
{
	(void)state;
	extmux_spread_close(sock);
	dp_free(host.dp);
	group_close();
	return 0;
}

#define TO_MAIN	-1

struct row {
	int thread;	/* of three */
	size_t len;
	uint8_t data[8];
};

static const struct row rows[] = {
	{ TO_MAIN, 5, { 0x38, 0, 0, 1, 1 } },	/* control */
	{ TO_MAIN, 5, { 0x28, 0, 0, 1, 1 } },
	{ TO_MAIN, 1, { 0x48 } },
	{ TO_MAIN, 0, { 0 } },
	{ 0, 5, { 0x48, 0, 0, 0, 1 } },
	{ 1, 5, { 0x4f, 0, 0, 1, 1 } },
	{ 2, 5, { 0x48, 0, 0, 2, 1 } },
	{ 0, 5, { 0x48, 0, 0, 3, 1 } },
	{ 0x10000 % 3, 5, { 0x48, 1, 0, 0, 1 } },
	{ 0xfffffe % 3, 4, { 0x49, 0xff, 0xff, 0xfe } },
	{ 0, 5, { 0x48, 0xff, 0xff, 0xff, 1 } },	/* no peer id */
	{ 0, 5, { 0x30, 0, 0, 5, 1 } },			/* DATA_V1 */
	{ 0, 1, { 0x37 } },
};

static void check_rows(uint16_t port, unsigned int threads)
{
	union net_addr to;

	assert_int_equal(net_addr_parse("127.0.0.1", port, &to), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		int fd = sock->fd;

		if (row->thread != TO_MAIN && threads)
			fd = sock->spread_fds[threads > 1 ? row->thread : 0];
		assert_int_equal(sendto(client, row->data, row->len, 0, &to.sa,
					net_addr_len(&to)), row->len);
		if (!takes(fd, row->data, row->len))
			fail_msg("row %zu", i);
		assert_true(is_empty(sock->fd));
		for (unsigned int k = 0; k < threads; k++)
			assert_true(is_empty(sock->spread_fds[k]));
	}
}

/* Also when the others are of the next process. */
static void check_three(sa_family_t family, const char *any)
{
	open_main(family, any, 1194, 3);
	check_rows(1194, 0);
	for (int i = 0; i < 2; i++) {
		extmux_spread_open(sock);
		assert_int_equal(sock->n_spread, 3);
		check_rows(1194, 3);
		extmux_spread_close(sock);
		assert_int_equal(sock->n_spread, 0);
		check_rows(1194, 0);
	}
}

static void test_three(void **state)
{
	(void)state;
	check_three(AF_INET, "0.0.0.0");
}

static void test_dual_stack(void **state)
{
	(void)state;
	check_three(AF_INET6, "::");
}

/* A client's socket, which has no port before it sends. */
static void test_unbound(void **state)
{
	union net_addr addr;
	socklen_t len = sizeof(addr);

	(void)state;
	open_main(AF_INET, NULL, 0, 1);
	extmux_spread_open(sock);
	assert_int_equal(sock->n_spread, 1);
	assert_int_equal(getsockname(sock->fd, &addr.sa, &len), 0);
	assert_int_not_equal(net_addr_port(&addr), 0);
	check_rows(net_addr_port(&addr), 1);
}

/* Somebody else cannot join by accident, and nothing changes if we cannot. */
static void test_alone(void **state)
{
	union net_addr addr;
	int other, one = 1;

	(void)state;
	open_main(AF_INET, "0.0.0.0", 1194, 2);
	extmux_spread_open(sock);
	assert_int_equal(sock->n_spread, 2);
	assert_int_equal(net_addr_parse("0.0.0.0", 1194, &addr), 0);
	other = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(other, &addr.sa, net_addr_len(&addr)), -1);
	assert_int_equal(errno, EADDRINUSE);
	close(other);
	extmux_spread_close(sock);
	/* another user's sockets are no group with ours */
	assert_int_equal(seteuid(65534), 0);
	other = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setsockopt(other, SOL_SOCKET, SO_REUSEPORT, &one,
				    sizeof(one)), 0);
	assert_int_equal(bind(other, &addr.sa, net_addr_len(&addr)), -1);
	close(other);
	check_rows(1194, 0);
}

/* At the end everything stays in the one that is kept. */
static void test_gather(void **state)
{
	union net_addr to;

	(void)state;
	open_main(AF_INET, "0.0.0.0", 1194, 3);
	extmux_spread_open(sock);
	assert_int_equal(sock->n_spread, 3);
	assert_int_equal(net_addr_parse("127.0.0.1", 1194, &to), 0);
	extmux_spread_gather(sock);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(sendto(client, rows[i].data, rows[i].len, 0,
					&to.sa, net_addr_len(&to)),
				 rows[i].len);
		if (!takes(sock->fd, rows[i].data, rows[i].len))
			fail_msg("row %zu", i);
	}
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, group_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_three), TEST(test_dual_stack), TEST(test_unbound),
		TEST(test_alone), TEST(test_gather),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
