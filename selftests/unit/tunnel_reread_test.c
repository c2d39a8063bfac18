// SPDX-License-Identifier: GPL-2.0-or-later
/* Clients that are connected follow their files when these are read again. */
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

#include "in_dir.h"
#include "tunnel_peer.h"

/* with PUSH_UPDATE, and without */
#define INFO_NEW "IV_VER=2.7.8\nIV_PROTO=5086\nIV_CIPHERS=AES-256-GCM\n"
#define INFO_OLD PEER_INFO

static char dir[64];
static char *base_text;
static bool is_loaded;
static int load_err;

static void remove_file(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(unlink(path), 0);
}

static void start(const char *more)
{
	const struct tunnel_outer outer = {
		.send = outer_send, .fd = outer_fd,
	};
	char text[512];

	strcpy(dir, "/tmp/ovpn-reread.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(text, sizeof(text), "client-config-dir %s\n%s", dir, more);
	base_text = config_text(text);
	begin_config(strdup(base_text));
	begin_host(&outer);
	peers_begin();
}

static void stop(void)
{
	char command[128];

	peers_end();
	end();
	free(base_text);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	assert_int_equal(system(command), 0);
}

static struct peer *connected(unsigned int i, const char *cn, uint16_t port,
			      const char *info)
{
	struct peer *peer = peer_start(i, cn, port, info);

	run_until(peer_has(peer, "PUSH_REPLY"));
	return peer;
}

static struct tunnel *tunnel_of(const struct peer *peer)
{
	return tunnel_registry_addr(&host->reg, &peer->addr, 0);
}

static void reread(void)
{
	assert_int_equal(tunnel_host_reread(host), 0);
}

/* Is the network there in the client's configuration, and for the data path? */
static bool has_network(const struct peer *peer, const char *text)
{
	struct tunnel *tunnel = tunnel_of(peer);
	struct net_prefix dst, what;
	bool is_known = false;

	assert_int_equal(net_prefix_parse(text, &dst), 0);
	for (unsigned int n = 0; tunnel_policy_address(tunnel, n, &what); n++)
		is_known |= what.len == dst.len &&
			    net_ip_is_equal(&what.ip, &dst.ip);
	assert_true(is_known == tunnel_iroute_has(tunnel, &dst));
	return is_known;
}

/* What the data path has: nobody else can have it as well. */
static bool is_behind(const struct peer *peer, const char *text)
{
	struct net_prefix dst;
	int ret;

	assert_int_equal(net_prefix_parse(text, &dst), 0);
	ret = dp_prefix_add(host->dp, tunnel_of(peer)->dp_id, &dst);
	if (!ret)
		assert_int_equal(dp_prefix_del(host->dp,
					       tunnel_of(peer)->dp_id, &dst),
				 0);
	return ret == -EADDRINUSE;
}

static void test_networks(void **state)
{
	struct tunnel *tunnel;
	struct peer *peer;

	(void)state;
	start("");
	write_in(dir, "one", "iroute 10.77.0.0 255.255.255.0\n"
			  "iroute-ipv6 fd00:77::/64\n");
	peer = connected(0, "one", 4000, INFO_OLD);
	tunnel = tunnel_of(peer);
	assert_true(has_network(peer, "10.77.0.0/24"));
	assert_true(is_behind(peer, "10.77.0.0/24"));
	write_in(dir, "one", "iroute-ipv6 fd00:77::/64\n"
			  "iroute 10.78.0.0 255.255.255.0\n");
	reread();
	run_until(has_network(peer, "10.78.0.0/24"));
	assert_false(has_network(peer, "10.77.0.0/24"));
	assert_true(has_network(peer, "fd00:77::/64"));
	assert_true(is_behind(peer, "10.78.0.0/24"));
	assert_true(is_behind(peer, "fd00:77::/64"));
	assert_false(is_behind(peer, "10.77.0.0/24"));
	remove_file("one");
	reread();
	run_until(!has_network(peer, "10.78.0.0/24"));
	assert_false(is_behind(peer, "fd00:77::/64"));
	assert_ptr_equal(tunnel_of(peer), tunnel);
	assert_int_equal(tunnel->state, TUNNEL_STATE_CONNECTED);
	stop();
}

/* From one client to another, whichever file is read first. */
static void test_network_moves(void **state)
{
	struct peer *a, *b;

	(void)state;
	start("");
	write_in(dir, "one", "iroute 10.77.0.0 255.255.255.0\n");
	a = connected(0, "one", 4000, INFO_OLD);
	b = connected(1, "two", 4001, INFO_OLD);
	for (unsigned int i = 0; i < 3; i++) {
		remove_file(i % 2 ? "two" : "one");
		write_in(dir, i % 2 ? "one" : "two",
			   "iroute 10.77.0.0 255.255.255.0\n");
		reread();
		run_until(has_network(i % 2 ? a : b, "10.77.0.0/24"));
		run_until(!has_network(i % 2 ? b : a, "10.77.0.0/24"));
		assert_true(is_behind(a, "10.77.0.0/24"));
	}
	stop();
}

static unsigned int n_updates(const struct peer *peer)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < peer->n_messages; i++)
		n += !strncmp(peer->messages[i], "PUSH_UPDATE", 11);
	return n;
}

static const char *last_update(const struct peer *peer)
{
	const char *text = "";

	for (unsigned int i = 0; i < peer->n_messages; i++)
		if (!strncmp(peer->messages[i], "PUSH_UPDATE", 11))
			text = peer->messages[i];
	return text;
}

static void test_push(void **state)
{
	struct peer *peer, *old;

	(void)state;
	start("push \"route 10.1.0.0 255.255.0.0\"");
	write_in(dir, "one", "push \"route 10.2.0.0 255.255.0.0\"\n"
			  "push \"dhcp-option DNS 10.8.0.1\"\n");
	write_in(dir, "two", "push \"route 10.2.0.0 255.255.0.0\"\n");
	peer = connected(0, "one", 4000, INFO_NEW);
	old = connected(1, "two", 4001, INFO_OLD);
	/* the same again is nothing new */
	reread();
	run_for(200);
	assert_int_equal(n_updates(peer), 0);
	/* all lines of a name that has changed, and what has gone */
	write_in(dir, "one", "push \"route 10.3.0.0 255.255.0.0\"\n");
	write_in(dir, "two", "push \"route 10.3.0.0 255.255.0.0\"\n");
	reread();
	run_until(n_updates(peer) == 1);
	assert_string_equal(last_update(peer),
			    "PUSH_UPDATE,route 10.1.0.0 255.255.0.0,"
			    "route 10.3.0.0 255.255.0.0,-dhcp-option");
	/* a route to what is behind itself is not for the client */
	write_in(dir, "one", "push \"route 10.3.0.0 255.255.0.0\"\n"
			  "iroute 10.3.0.0 255.255.0.0\n");
	reread();
	run_until(n_updates(peer) == 2);
	assert_string_equal(last_update(peer),
			    "PUSH_UPDATE,route 10.1.0.0 255.255.0.0");
	/* nobody can be told to use another cipher, or this */
	write_in(dir, "one", "push-reset\npush \"inactive 3600\"\n"
			  "iroute 10.3.0.0 255.255.0.0\n");
	reread();
	run_until(n_updates(peer) == 3);
	assert_null(strstr(last_update(peer), "inactive"));
	assert_non_null(strstr(last_update(peer), "-route"));
	run_for(200);
	assert_int_equal(n_updates(peer), 3);
	assert_int_equal(n_updates(old), 0);
	assert_int_equal(tunnel_of(old)->state, TUNNEL_STATE_CONNECTED);
	stop();
}

static void on_loaded(void *arg, int err, const char *why)
{
	(void)arg;
	(void)why;
	is_loaded = true;
	load_err = err;
}

/* The server's own lines: with a file for the client, and without one. */
static void test_push_of_all(void **state)
{
	struct config *next, *before;
	struct peer *a, *b, *old;
	char *text, err[512];

	(void)state;
	start("push \"route 10.1.0.0 255.255.0.0\"");
	write_in(dir, "one", "push \"route 10.2.0.0 255.255.0.0\"\n");
	a = connected(0, "one", 4000, INFO_NEW);
	b = connected(1, "two", 4001, INFO_NEW);
	old = connected(2, "three", 4002, INFO_OLD);
	assert_true(asprintf(&text, "%s\npush \"route 10.9.0.0 255.255.0.0\"\n",
			     base_text) > 0);
	assert_int_equal(config_parse("test", text, strlen(text), false, &next,
				      err, sizeof(err)), 0);
	free(text);
	assert_int_equal(tunnel_host_reload(host, next, on_loaded, NULL), 0);
	run_until(is_loaded);
	assert_int_equal(load_err, 0);
	before = cfg;
	cfg = next;
	config_free(before);
	run_until(n_updates(a) && n_updates(b));
	assert_string_equal(last_update(a),
			    "PUSH_UPDATE,route 10.1.0.0 255.255.0.0,"
			    "route 10.9.0.0 255.255.0.0,"
			    "route 10.2.0.0 255.255.0.0");
	assert_string_equal(last_update(b),
			    "PUSH_UPDATE,route 10.1.0.0 255.255.0.0,"
			    "route 10.9.0.0 255.255.0.0");
	reread();
	run_for(200);
	assert_int_equal(n_updates(a) + n_updates(b), 2);
	assert_int_equal(n_updates(old), 0);
	stop();
}

static void test_ping(void **state)
{
	struct dp_peer_info info;
	struct peer *peer;

	(void)state;
	start("");
	write_in(dir, "one", "ping 7\nping-restart 70\n");
	peer = connected(0, "one", 4000, INFO_OLD);
	assert_int_equal(dp_peer_get(host->dp, tunnel_of(peer)->dp_id, &info),
			 0);
	assert_int_equal(info.keepalive_interval, 7);
	write_in(dir, "one", "ping 9\nping-restart 90\n");
	reread();
	run_for(200);
	assert_int_equal(dp_peer_get(host->dp, tunnel_of(peer)->dp_id, &info),
			 0);
	assert_int_equal(info.keepalive_interval, 9);
	assert_int_equal(info.keepalive_timeout, 90);
	remove_file("one");
	reread();
	run_for(200);
	assert_int_equal(dp_peer_get(host->dp, tunnel_of(peer)->dp_id, &info),
			 0);
	assert_int_equal(info.keepalive_interval, 0);
	stop();
}

static void test_disable(void **state)
{
	struct peer *a, *b;

	(void)state;
	start("");
	a = connected(0, "one", 4000, INFO_OLD);
	b = connected(1, "two", 4001, INFO_OLD);
	write_in(dir, "one", "disable\n");
	reread();
	run_until(peer_has(a, "AUTH_FAILED"));
	assert_false(tunnel_of(a) && tunnel_of(a)->has_dp_peer);
	assert_int_equal(tunnel_of(b)->state, TUNNEL_STATE_CONNECTED);
	assert_false(peer_has(b, "AUTH_FAILED"));
	stop();
}

static void test_exclusive(void **state)
{
	struct peer *a, *b;

	(void)state;
	start("ccd-exclusive");
	write_in(dir, "one", "ping 7\n");
	write_in(dir, "two", "ping 7\n");
	a = connected(0, "one", 4000, INFO_OLD);
	b = connected(1, "two", 4001, INFO_OLD);
	remove_file("one");
	reread();
	run_until(peer_has(a, "AUTH_FAILED"));
	assert_int_equal(tunnel_of(b)->state, TUNNEL_STATE_CONNECTED);
	stop();
}

/* ---- another address ----------------------------------------------------- */

static int push_to(const struct peer *peer, const char *options)
{
	struct tunnel_push push = { .options = options };
	struct tunnel_push_result result;
	char err[200];

	push.has_cid = peer;
	push.cid = peer ? tunnel_of(peer)->cid : 0;
	return tunnel_host_push(host, &push, &result, err, sizeof(err));
}

/* Is this address the client's, and has the data path heard of it? */
static bool has_address(const struct peer *peer, const char *text)
{
	struct net_ip ip;

	assert_int_equal(net_ip_parse(text, &ip), 0);
	return net_ip_is_equal(tunnel_address(tunnel_of(peer), ip.family), &ip);
}

static void test_address(void **state)
{
	struct peer *a, *b, *c;
	char first[NET_PREFIX_STRLEN], text[128];

	(void)state;
	start("");
	write_in(dir, "one", "iroute 10.77.0.0 255.255.255.0\n");
	a = connected(0, "one", 4000, INFO_NEW);
	b = connected(1, "two", 4001, INFO_NEW);
	net_ip_format(&tunnel_of(a)->vpn4, first);
	/* of one client only, and of nobody else */
	assert_int_equal(push_to(NULL, "ifconfig 10.8.0.77 255.255.255.0"),
			 -EINVAL);
	assert_int_equal(push_to(a, "ifconfig 10.8.0.77 255.255.255.0,tun-mtu 1400"),
			 0);
	run_until(n_updates(a) == 1);
	assert_int_equal(n_updates(b), 0);
	assert_true(has_address(a, "10.8.0.77"));
	assert_true(is_behind(a, "10.8.0.77/32"));
	assert_int_equal(push_to(b, "ifconfig 10.8.0.77 255.255.255.0"),
			 -EINVAL);
	snprintf(text, sizeof(text), "ifconfig %s 255.255.255.0", first);
	assert_int_equal(push_to(b, text), -EINVAL);
	/* files do not take it away */
	reread();
	run_for(200);
	assert_true(has_address(a, "10.8.0.77") &&
		    is_behind(a, "10.8.0.77/32") &&
		    is_behind(a, "10.77.0.0/24"));
	/* once more, and back; the pool gives neither of them to others */
	assert_int_equal(push_to(a, "ifconfig 10.8.0.4 255.255.255.0"), 0);
	assert_true(is_behind(a, "10.8.0.4/32"));
	assert_false(is_behind(a, "10.8.0.77/32"));
	c = connected(2, "three", 4002, INFO_NEW);
	assert_true(has_address(c, "10.8.0.5"));
	assert_int_equal(push_to(a, text), 0);
	assert_true(has_address(a, first));
	assert_false(is_behind(a, "10.8.0.4/32"));
	/* the client goes, and its address with it */
	assert_int_equal(push_to(a, "ifconfig 10.8.0.77 255.255.255.0"), 0);
	tunnel_close(tunnel_of(a), "test");
	assert_int_equal(push_to(b, "ifconfig 10.8.0.77 255.255.255.0"), 0);
	assert_true(is_behind(b, "10.8.0.77/32"));
	stop();
}

/* Files change faster than they are read; the last one counts. */
static void test_in_a_row(void **state)
{
	char text[64], network[32];
	struct peer *peer;

	(void)state;
	start("");
	peer = connected(0, "one", 4000, INFO_OLD);
	for (unsigned int i = 1; i <= 20; i++) {
		snprintf(text, sizeof(text), "iroute 10.%u.0.0 255.255.0.0\n",
			 100 + i);
		write_in(dir, "one", text);
		reread();
	}
	run_until(has_network(peer, "10.120.0.0/16"));
	run_for(200);
	for (unsigned int i = 1; i < 20; i++) {
		snprintf(network, sizeof(network), "10.%u.0.0/16", 100 + i);
		assert_false(has_network(peer, network));
	}
	/* and the client may go in the middle of it */
	reread();
	tunnel_close(tunnel_of(peer), "test");
	run_for(200);
	assert_int_equal(n_tunnels(), 0);
	stop();
}

/* What cannot be read leaves everything as it is, a wrong line the others. */
static void test_mistakes(void **state)
{
	char path[128], other[128];
	struct peer *peer;

	(void)state;
	start("");
	write_in(dir, "one", "iroute 10.77.0.0 255.255.255.0\n");
	peer = connected(0, "one", 4000, INFO_OLD);
	snprintf(path, sizeof(path), "%s/one", dir);
	snprintf(other, sizeof(other), "%s/away", dir);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink("one", path), 0);
	reread();
	run_for(200);
	assert_true(has_network(peer, "10.77.0.0/24"));
	remove_file("one");
	write_in(dir, "one",
		 "no-such-option\niroute 10.78.0.0 255.255.255.0\n");
	reread();
	run_until(has_network(peer, "10.78.0.0/24"));
	assert_false(has_network(peer, "10.77.0.0/24"));
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_network_moves),
		cmocka_unit_test(test_push),
		cmocka_unit_test(test_push_of_all),
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_disable),
		cmocka_unit_test(test_exclusive),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_in_a_row),
		cmocka_unit_test(test_mistakes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
