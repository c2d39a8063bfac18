// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server whose peers the kernel carries: what it does when the kernel refuses
 * one of them, or says nothing of what became of one.
 */
#include <errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dp/kernel.h"
#include "dp/mixed.h"
#include "tunnel_peer.h"

#define FOREIGN 4000	/* a peer of somebody else's */

static struct dp *other;	/* the device in the eyes of another program */

static void start(void)
{
	struct dp_config there = { .tun_fd = -1, .mode = DP_MODE_MP };

	begin("data-path kernel\nkeepalive 10 60");
	peers_begin();
	assert_true(dp_has_kernel(host->dp));
	there.ifindex = host->link.ifindex;
	assert_int_equal(dp_kernel_new(&there, &other), 0);
	assert_int_equal(log_history_open(64, NULL, NULL), 0);
	log_set_verb(3);
}

static void stop(void)
{
	log_set_verb(0);
	log_history_close();
	dp_free(other);
	peers_end();
	end();
}

static unsigned int n_logged(const char *part)
{
	static struct log_line line;
	unsigned int n = 0;

	for (uint64_t i = 0; i < log_history_end(); i++)
		if (log_history_get(i, &line) && line.number == i &&
		    strstr(line.text, part))
			n++;
	return n;
}

static struct tunnel *tunnel_of(const struct peer *peer)
{
	return tunnel_registry_addr(&host->reg, &peer->addr, 0);
}

static bool is_carried(const struct peer *peer)
{
	const struct tunnel *tunnel = tunnel_of(peer);
	struct dp_peer_info info;

	return tunnel && tunnel->state == TUNNEL_STATE_CONNECTED &&
	       !dp_peer_get(other, tunnel->dp_id, &info) &&
	       info.primary_key >= 0;
}

/* Somebody else's peer, on the server's own socket. */
static int foreign_add(uint32_t id, const char *vpn4)
{
	struct dp_peer peer = { .id = id, .tx_id = id, .fd = rig_fd };

	assert_int_equal(net_ip_parse(vpn4, &peer.vpn4), 0);
	assert_int_equal(net_addr_parse("192.0.2.99", 99, &peer.remote), 0);
	return dp_peer_add(other, &peer);
}

/*
 * The kernel has given the address away that a client is to get: it is told to
 * come again, and the one that is there does not notice. When it comes again,
 * all is well.
 */
static void test_refused(void **state)
{
	struct peer *one, *two;

	(void)state;
	start();
	one = peer_start(0, "one", 4000, PEER_INFO);
	run_until(peer_has(one, "PUSH_REPLY"));
	assert_true(is_carried(one));
	assert_int_equal(foreign_add(FOREIGN, "10.8.0.3"), 0);
	two = peer_start(1, "two", 4001, PEER_INFO);
	run_until(peer_has(two, "RESTART"));
	assert_false(peer_has(two, "PUSH_REPLY"));
	assert_int_equal(n_logged("cannot set up the data channel"), 1);
	assert_true(is_carried(one));
	assert_int_equal(dp_peer_del(other, FOREIGN), 0);
	run_until(!tunnel_of(two));
	peer_connect(two);
	run_until(peer_has(two, "PUSH_REPLY"));
	assert_true(is_carried(two));
	assert_true(is_carried(one));
	stop();
}

/* The socket that notifications come over has room for next to nothing. */
static void make_deaf(void)
{
	struct dp *kernel = dp_is_plain(host->dp) ? host->dp :
						    mixed_kernel(host->dp);
	int size = 1;

	assert_int_equal(setsockopt(nl_socket_get_fd(
					kernel_get(kernel)->event_sock),
				    SOL_SOCKET, SO_RCVBUF, &size,
				    sizeof(size)), 0);
}

/*
 * So many notifications come that the one about a client's end is not among
 * those that are read. It is found out even so, said once, and the others stay.
 */
static void test_lost(void **state)
{
	struct peer *one, *two;
	struct tunnel *tunnel;

	(void)state;
	start();
	one = peer_start(0, "one", 4000, PEER_INFO);
	two = peer_start(1, "two", 4001, PEER_INFO);
	run_until(peer_has(one, "PUSH_REPLY") && peer_has(two, "PUSH_REPLY"));
	make_deaf();
	for (uint32_t i = 0; i < 30; i++) {
		assert_int_equal(foreign_add(FOREIGN + i, "10.8.0.99"), 0);
		assert_int_equal(dp_peer_del(other, FOREIGN + i), 0);
	}
	tunnel = tunnel_of(two);
	assert_non_null(tunnel);
	assert_int_equal(dp_peer_del(other, tunnel->dp_id), 0);
	run_until(n_logged("notifications"));
	run_until(!tunnel_of(two));
	assert_int_equal(n_logged("notifications"), 1);
	assert_true(is_carried(one));
	/* it comes again, and what is told then is heard */
	peer_connect(two);
	run_until(peer_has(two, "PUSH_REPLY"));
	assert_true(is_carried(two));
	assert_int_equal(dp_peer_del(other, tunnel_of(two)->dp_id), 0);
	run_until(!tunnel_of(two));
	assert_true(is_carried(one));
	assert_int_equal(n_logged("notifications"), 1);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
