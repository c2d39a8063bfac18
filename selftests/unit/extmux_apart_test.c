// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A second socket at the server's port: which datagrams come to which of the
 * two. Each test runs in a network namespace of its own.
 */
#include "extmux_group_rig.h"

static int teardown(void **state)
{
	(void)state;
	extmux_apart_close(sock);
	group_close();
	return 0;
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
	group_open(AF_INET, "0.0.0.0", 1194);
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
	group_open(AF_INET6, "::", 1194);
	assert_int_equal(extmux_apart_open(sock), 0);
	check_rows(true);
}

/* Where the first one stands alone, another cannot come. */
static void test_no_room(void **state)
{
	union net_addr addr;
	int other = socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	group_open(AF_INET, "127.0.0.1", 1194);
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
		cmocka_unit_test_setup_teardown(test_both, group_setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_dual_stack, group_setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_no_room, group_setup,
						teardown),
	};

	return cmocka_run_group_tests_name("extmux_apart", tests, NULL, NULL);
}
