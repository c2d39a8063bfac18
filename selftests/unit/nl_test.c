// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "netns.h"
#include "nl/nl.h"

static struct nl_rt *rt;
static int tun_fd, tun;

static int setup(void **state)
{
	(void)state;
	if (netns_enter())
		return -1;
	rt = nl_rt_open();
	tun_fd = netns_tun("tun0", &tun);
	return rt && tun_fd >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	nl_rt_close(rt);
	close(tun_fd);
	return 0;
}

static struct net_prefix prefix(const char *str)
{
	struct net_prefix out;

	assert_int_equal(net_prefix_parse(str, &out), 0);
	return out;
}

static struct net_ip ip(const char *str)
{
	struct net_ip out;

	assert_int_equal(net_ip_parse(str, &out), 0);
	return out;
}

static void test_link_get(void **state)
{
	struct nl_link link;

	(void)state;
	assert_int_equal(nl_rt_link_get(rt, "tun0", &link), 0);
	assert_int_equal(link.ifindex, tun);
	assert_string_equal(link.name, "tun0");
	assert_string_equal(link.kind, "tun");
	assert_true(link.is_up);
	assert_int_equal(nl_rt_link_get(rt, "none0", &link), -ENODEV);
	assert_int_equal(nl_rt_link_get(rt, "", &link), -EINVAL);
	assert_int_equal(nl_rt_link_get(rt, "a-name-that-is-too-long", &link),
			 -EINVAL);
}

/* The port of the socket that asks; there is one. */
static uint32_t port_of_rt(void)
{
	struct sockaddr_nl addr;

	for (int fd = 3; fd < 64; fd++) {
		socklen_t len = sizeof(addr);

		if (!getsockname(fd, (struct sockaddr *)&addr, &len) &&
		    addr.nl_family == AF_NETLINK)
			return addr.nl_pid;
	}
	fail_msg("no netlink socket");
	return 0;
}

/* Answers of somebody else, with each number that the next request may have. */
static void lie(uint32_t port, uint32_t seq)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
	} msg = {
		.head = { .nlmsg_len = sizeof(msg), .nlmsg_type = NLMSG_ERROR,
			  .nlmsg_seq = seq, .nlmsg_pid = port },
		.err = { .error = -EPERM },
	};
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = port };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, &msg, sizeof(msg), 0,
				(struct sockaddr *)&to, sizeof(to)),
			 sizeof(msg));
	close(fd);
}

/* Only the kernel answers, and only what it was asked. */
static void test_answers_of_others(void **state)
{
	uint32_t port = port_of_rt();
	struct nl_link link;

	(void)state;
	for (uint32_t seq = 0; seq < 40; seq++)
		lie(port, seq);
	assert_int_equal(nl_rt_link_get(rt, "tun0", &link), 0);
	assert_int_equal(link.ifindex, tun);
}

static void test_link_set(void **state)
{
	struct nl_link link;

	(void)state;
	assert_int_equal(nl_rt_link_set(rt, tun, 1387, 77, true), 0);
	assert_int_equal(nl_rt_link_set_alias(rt, tun, "an alias"), 0);
	assert_int_equal(nl_rt_link_get(rt, "tun0", &link), 0);
	assert_int_equal(link.mtu, 1387);
	assert_string_equal(link.alias, "an alias");
	/* 0 leaves it alone */
	assert_int_equal(nl_rt_link_set(rt, tun, 0, 0, true), 0);
	assert_int_equal(nl_rt_link_get(rt, "tun0", &link), 0);
	assert_int_equal(link.mtu, 1387);
	assert_int_equal(nl_rt_link_set(rt, 9999, 1400, 0, true), -ENODEV);
	assert_int_equal(nl_rt_link_set(rt, 0, 1400, 0, true), -EINVAL);
}

static void test_error_text(void **state)
{
	(void)state;
	/* The kernel explains this one. */
	assert_int_equal(nl_rt_link_set(rt, tun, 1, 0, true), -EINVAL);
	assert_string_not_equal(nl_rt_error(rt), "");
	assert_int_equal(nl_rt_link_set(rt, tun, 1400, 0, true), 0);
	assert_string_equal(nl_rt_error(rt), "");
}

static int on_link(void *arg, const struct nl_link *link)
{
	unsigned int *seen = arg;

	if (!strcmp(link->name, "lo"))
		*seen |= 1;
	if (link->ifindex == tun)
		*seen |= 2;
	return 0;
}

static int on_link_stop(void *arg, const struct nl_link *link)
{
	(void)link;
	++*(unsigned int *)arg;
	return -ECANCELED;
}

static void test_link_list(void **state)
{
	unsigned int seen = 0, n = 0;
	struct nl_link link;

	(void)state;
	assert_int_equal(nl_rt_link_list(rt, on_link, &seen), 0);
	assert_int_equal(seen, 3);
	assert_int_equal(nl_rt_link_list(rt, on_link_stop, &n), -ECANCELED);
	assert_int_equal(n, 1);
	/* the rest of the dump was read */
	assert_int_equal(nl_rt_link_get(rt, "lo", &link), 0);
}

static void test_addr(void **state)
{
	struct net_prefix v4 = prefix("10.8.0.1/24");
	struct net_prefix p2p = prefix("10.9.0.1/32");
	struct net_prefix v6 = prefix("fd00::1/64");
	struct net_ip peer = ip("10.9.0.2"), wrong = ip("::1");

	(void)state;
	assert_int_equal(nl_rt_addr(rt, true, tun, &v4, NULL), 0);
	assert_int_equal(nl_rt_addr(rt, true, tun, &v4, NULL), -EEXIST);
	assert_int_equal(nl_rt_addr(rt, true, tun, &v6, NULL), 0);
	assert_int_equal(nl_rt_addr(rt, true, tun, &p2p, &peer), 0);
	assert_int_equal(nl_rt_addr(rt, true, tun, &p2p, &wrong), -EINVAL);
	assert_int_equal(nl_rt_addr(rt, false, tun, &p2p, &peer), 0);
	assert_int_equal(nl_rt_addr(rt, false, tun, &p2p, &peer),
			 -EADDRNOTAVAIL);
	assert_int_equal(nl_rt_addr(rt, false, tun, &v4, NULL), 0);
	assert_int_equal(nl_rt_addr(rt, false, tun, &v6, NULL), 0);
	v4.len = 33;
	assert_int_equal(nl_rt_addr(rt, true, tun, &v4, NULL), -EINVAL);
}

static void check_route(const char *addr, const char *net,
			const char *gateway, const char *inside)
{
	struct net_prefix own = prefix(addr);
	struct nl_route route = { .dst = prefix(net), .metric = 50 };
	struct net_ip host = ip(inside);
	struct nl_route got;

	assert_int_equal(nl_rt_addr(rt, true, tun, &own, NULL), 0);
	route.gateway = ip(gateway);
	assert_int_equal(nl_rt_route(rt, true, &route), 0);
	assert_int_equal(nl_rt_route(rt, true, &route), -EEXIST);
	assert_int_equal(nl_rt_route_get(rt, &host, &got), 0);
	assert_int_equal(got.ifindex, tun);
	assert_true(net_ip_is_equal(&got.gateway, &route.gateway));
	assert_int_equal(nl_rt_route(rt, false, &route), 0);
	assert_int_equal(nl_rt_route(rt, false, &route), -ESRCH);
	/* directly on the link */
	memset(&route.gateway, 0, sizeof(route.gateway));
	route.ifindex = tun;
	assert_int_equal(nl_rt_route(rt, true, &route), 0);
	assert_int_equal(nl_rt_route_get(rt, &host, &got), 0);
	assert_int_equal(got.ifindex, tun);
	assert_int_equal(got.gateway.family, AF_UNSPEC);
	assert_int_equal(nl_rt_route(rt, false, &route), 0);
	assert_true(nl_rt_route_get(rt, &host, &got) < 0);
	assert_int_equal(nl_rt_addr(rt, false, tun, &own, NULL), 0);
}

static void test_route(void **state)
{
	(void)state;
	/* host bits in the destination are cut off */
	check_route("10.8.0.1/24", "192.0.2.77/24", "10.8.0.9", "192.0.2.200");
	check_route("fd00::1/64", "2001:db8::77/32", "fd00::9",
		    "2001:db8:1::1");
}

static void test_route_table(void **state)
{
	struct nl_route route = {
		.dst = prefix("0.0.0.0/0"), .ifindex = tun, .table = 1000,
	};
	struct net_ip host = ip("192.0.2.1");
	struct nl_route got;

	(void)state;
	assert_int_equal(nl_rt_route(rt, true, &route), 0);
	/* not in the main table */
	assert_int_equal(nl_rt_route_get(rt, &host, &got), -ENETUNREACH);
	assert_int_equal(nl_rt_route(rt, false, &route), 0);
	route.gateway = ip("::1");
	assert_int_equal(nl_rt_route(rt, true, &route), -EINVAL);
}

/* Without the module the kernel says so; with it the link is there. */
static void test_ovpn(void **state)
{
	struct nl_link link;
	int err;

	(void)state;
	err = nl_rt_link_add_ovpn(rt, "ovpn0", NL_OVPN_MP);
	if (err == -EOPNOTSUPP) {
		assert_string_not_equal(nl_rt_error(rt), "");
		assert_int_equal(nl_ovpn_has_peers(tun), -ENOENT);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(nl_rt_link_add_ovpn(rt, "ovpn0", NL_OVPN_MP), -EEXIST);
	assert_int_equal(nl_rt_link_get(rt, "ovpn0", &link), 0);
	assert_string_equal(link.kind, nl_ovpn_name());
	assert_int_equal(link.mode, NL_OVPN_MP);
	assert_int_equal(nl_ovpn_has_peers(link.ifindex), 0);
	assert_int_equal(nl_rt_link_del(rt, link.ifindex), 0);
	assert_int_equal(nl_rt_link_get(rt, "ovpn0", &link), -ENODEV);
	assert_int_equal(nl_rt_link_add_ovpn(rt, "ovpn0", NL_OVPN_P2P), 0);
	assert_int_equal(nl_rt_link_get(rt, "ovpn0", &link), 0);
	assert_int_equal(link.mode, NL_OVPN_P2P);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_of_others),
		cmocka_unit_test(test_link_get),
		cmocka_unit_test(test_link_set),
		cmocka_unit_test(test_error_text),
		cmocka_unit_test(test_link_list),
		cmocka_unit_test(test_addr),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_route_table),
		cmocka_unit_test(test_ovpn),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
