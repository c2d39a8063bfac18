// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The routes of a client's device, around its tunnel and into it.
 *
 *	tun --- client --- lan 192.0.2.0/24, 2001:db8:1::/64 --- .254, ::fe
 *	                                                         |
 *	     servers: near 192.0.2.1, far 198.51.100.1, 2001:db8:2::1
 *
 * Nobody is there: only the kernel's tables are looked at.
 */
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
#include "tunnel/client.h"

#define LOOPBACK 1
#define TUNNEL "ifconfig 10.8.0.2 255.255.255.0\ntopology subnet\n"

static int tun, lan;

static void host_network(void)
{
	assert_int_equal(system(
		"ip link add lan type veth peer lan-peer && ip link set lan up && "
		"ip addr add 192.0.2.2/24 dev lan && "
		"ip route add default via 192.0.2.254 && "
		"ip addr add 2001:db8:1::2/64 dev lan nodad && "
		"ip route add default via 2001:db8:1::fe"), 0);
	lan = (int)if_nametoindex("lan");
}

static void begin_client(const char *more)
{
	struct tunnel_outer outer;
	char err[512] = "";

	begin_config(config_text_as("client\nremote 192.0.2.1",
				    "clientAuth", more));
	host_network();
	if (extmux_new(loop, cfg, &mux, err, sizeof(err)))
		fail_msg("%s", err);
	outer = extmux_outer(mux);
	begin_host(&outer);
	extmux_set_host(mux, host);
	tun = host->link.ifindex;
}

static void apply(const char *server)
{
	union net_addr addr;

	assert_int_equal(net_addr_parse(server, 1194, &addr), 0);
	assert_int_equal(tunnel_device_apply(host, cfg, &addr), 0);
}

/* The device that leads there, as a fact of the kernel's. */
static int way_to(const char *text)
{
	struct priv_route route;
	struct net_ip ip;

	assert_int_equal(net_ip_parse(text, &ip), 0);
	assert_int_equal(priv_route_get(priv, &ip, &route), 0);
	return route.ifindex;
}

/* block-local: all of the network, but the gateway and a server in it */
static void expect_blocked(void)
{
	assert_int_equal(way_to("192.0.2.3"), tun);
	assert_int_equal(way_to("192.0.2.200"), tun);
	assert_int_equal(way_to("192.0.2.254"), lan);
	assert_int_equal(way_to("203.0.113.1"), tun);
	assert_int_equal(way_to("127.0.0.2"), LOOPBACK);
}

static void test_near(void **state)
{
	static const char *const flags[] = {
		"def1 block-local", "autolocal block-local",
		"local block-local", "def1 autolocal",
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		char text[256];

		snprintf(text, sizeof(text), TUNNEL "redirect-gateway %s",
			 flags[i]);
		begin_client(text);
		apply("192.0.2.1");
		assert_int_equal(way_to("192.0.2.1"), lan);
		if (i < 3)
			assert_int_equal(way_to("192.0.2.3"), tun);
		assert_int_equal(way_to("203.0.113.1"), tun);
		stop();
	}
}

static void test_far(void **state)
{
	(void)state;
	begin_client(TUNNEL "redirect-gateway def1 block-local");
	for (int i = 0; i < 2; i++) {
		apply("198.51.100.1");
		expect_blocked();
		assert_int_equal(way_to("198.51.100.1"), lan);
	}
	stop();
}

/* IPv4 of its host's is not on the way to it; and the same again */
static void test_far_ipv6(void **state)
{
	(void)state;
	begin_client(TUNNEL "redirect-gateway def1 block-local\n"
		     "route 10.77.0.0 255.255.0.0 net_gateway");
	for (int i = 0; i < 2; i++) {
		apply("2001:db8:2::1");
		expect_blocked();
		assert_int_equal(way_to("2001:db8:2::1"), lan);
		assert_int_equal(way_to("10.77.0.1"), lan);
	}
	stop();
}

/* Without IPv4 there is nothing to take along. */
static void test_no_ipv4(void **state)
{
	(void)state;
	begin_client(TUNNEL "redirect-gateway def1 block-local");
	assert_int_equal(system("ip -4 addr flush dev lan"), 0);
	apply("2001:db8:2::1");
	assert_int_equal(way_to("127.0.0.2"), LOOPBACK);
	assert_int_equal(way_to("192.0.2.3"), tun);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_far),
		cmocka_unit_test(test_far_ipv6),
		cmocka_unit_test(test_no_ipv4),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
