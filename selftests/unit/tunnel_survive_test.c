// SPDX-License-Identifier: GPL-2.0-or-later
/* A server's process ends without a word, and the next one goes on. */
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

#include "tunnel_peer.h"

static struct keep *keep;
static char keep_name[40];

static void keep_begin(void)
{
	const struct keep_setup setup = {
		.id = keep_name, .n_records = 16, .hold_s = 20,
	};

	assert_int_equal(keep_open(&setup, &keep), 0);
}

static void host_begin(void)
{
	struct tunnel_host_setup setup = {
		.loop = loop, .cfg = cfg, .priv = priv, .keep = keep,
		.outer = { .send = outer_send, .fd = outer_fd },
	};
	char err[512] = "";

	if (tunnel_host_new(&setup, &host, err, sizeof(err)))
		fail_msg("%s", err);
	if (tunnel_host_start(host, err, sizeof(err)))
		fail_msg("%s", err);
}

/* A pool of @addresses from 10.8.0.2 on; 0: as large as it is */
static void start_pool(const char *more, uint32_t addresses)
{
	static unsigned int n;

	begin_config(config_text(more));
	if (addresses)
		cfg->pool_end.in4.s_addr = htonl(0x0a080001u + addresses);
	snprintf(keep_name, sizeof(keep_name), "survive-%d-%u", getpid(), n++);
	unsetenv("NOTIFY_SOCKET");
	keep_begin();
	host_begin();
	assert_int_equal(wrap_key_new(WRAP_MODE_NONE, NULL,
				      WRAP_DIRECTION_NONE, NULL,
				      &wrap_client), 0);
	peers_begin();
}

static void start(const char *more)
{
	start_pool(more, 0);
}

static void stop(void)
{
	peers_end();
	tunnel_host_free(host);
	keep_close(keep);
	end_config();
}

/* What is left is what a killed process leaves. */
static void next_process(void)
{
	host->is_left = true;
	tunnel_host_free(host);
	keep_leave(keep);
	priv_stop(priv);
	assert_int_equal(priv_start(&priv), 0);
	keep_begin();
	assert_true(keep_is_used(keep));
	host_begin();
}

static struct peer *connected(unsigned int i, const char *cn, uint16_t port)
{
	struct peer *peer = peer_start(i, cn, port, PEER_INFO);

	run_until(peer_has(peer, "PUSH_REPLY"));
	/* the last ack */
	run_for(100);
	return peer;
}

static struct tunnel *tunnel_of(const struct peer *peer)
{
	return tunnel_registry_addr(&host->reg, &peer->addr, 0);
}

static struct dp_peer_info info_of(const struct peer *peer)
{
	struct dp_peer_info info;

	assert_non_null(tunnel_of(peer));
	assert_int_equal(dp_peer_get(host->dp, tunnel_of(peer)->dp_id, &info),
			 0);
	return info;
}

/* The record gets another length, as one that another version has left. */
static void other_version(uint32_t id)
{
	char buf[KEEP_RECORD_MAX];
	size_t len = keep_read(keep, id, buf, sizeof(buf));

	assert_true(len > 4);
	assert_int_equal(keep_write(keep, id, buf, len - 4), 0);
}

static void test_goes_on(void **state)
{
	struct tunnel *tunnel;
	struct peer *a, *b;
	uint64_t cid;
	int64_t since;

	(void)state;
	start("keepalive 7 70");
	connected(0, "zero", 4000);
	a = connected(1, "one", 4001);
	cid = tunnel_of(a)->cid;
	since = tunnel_of(a)->connected_since;
	next_process();
	assert_int_equal(n_tunnels(), 2);
	tunnel = tunnel_of(a);
	assert_non_null(tunnel);
	assert_int_equal(tunnel->state, TUNNEL_STATE_CONNECTED);
	assert_int_equal(tunnel->peer_id, 1);
	assert_int_equal(tunnel->cid, cid);
	assert_int_equal(tunnel->connected_since, since);
	assert_string_equal(tunnel->common_name, "one");
	assert_int_equal(info_of(a).primary_key, 0);
	assert_int_equal(info_of(a).cipher, PROTO_CIPHER_AES_256_GCM);
	assert_int_equal(info_of(a).keepalive_interval, 7);
	assert_int_equal(info_of(a).keepalive_timeout, 140);
	/* nobody else gets their ids and addresses */
	b = connected(2, "two", 4002);
	assert_int_equal(tunnel_of(b)->peer_id, 2);
	assert_true(tunnel_of(b)->cid > cid);
	assert_true(peer_has(b, "ifconfig 10.8.0.4 "));
	stop();
}

/* Both names: the client proves itself with the one of its login. */
static void test_names(void **state)
{
	struct tunnel *tunnel;
	struct peer *a, *b;

	(void)state;
	start("");
	a = connected(0, "one", 4000);
	b = connected(1, "two", 4001);
	tunnel = tunnel_of(a);
	tunnel->has_username = true;
	strcpy(tunnel->username, "other");
	tunnel->login_name = mem_arena_strdup(tunnel->arena, "alice");
	tunnel_survive_save(tunnel);
	for (unsigned int i = 0; i < 2; i++) {
		next_process();
		assert_string_equal(tunnel_of(a)->username, "other");
		assert_non_null(tunnel_of(a)->login_name);
		assert_string_equal(tunnel_of(a)->login_name, "alice");
		assert_null(tunnel_of(b)->login_name);
	}
	stop();
}

/* The client begins a key exchange in a session that this process never saw. */
static void test_client_renegotiates(void **state)
{
	struct peer *peer;

	(void)state;
	start("");
	peer = connected(0, "one", 4000);
	next_process();
	assert_int_equal(control_session_renegotiate(peer->session), 0);
	run_until(peer->n_active == 2);
	assert_int_equal(info_of(peer).secondary_key, 1);
	assert_int_equal(peer->n_failed, 0);
	/* dynamic wrapping, which only the dead process negotiated */
	assert_true(peer->is_dynamic);
	next_process();
	assert_int_equal(info_of(peer).secondary_key, 1);
	assert_int_equal(control_session_renegotiate(peer->session), 0);
	run_until(peer->n_active == 3);
	assert_int_equal(n_tunnels(), 1);
	stop();
}

static void test_server_renegotiates(void **state)
{
	struct peer *peer;

	(void)state;
	start("");
	peer = connected(0, "one", 4000);
	next_process();
	assert_int_equal(control_session_renegotiate(
		tunnel_of(peer)->active->control), 0);
	run_until(peer->n_active == 2);
	run_until(info_of(peer).secondary_key == 1);
	stop();
}

/*
 * A message for the lost TLS session cannot be read: new keys are negotiated,
 * and what is said then is understood.
 */
static void test_client_speaks(void **state)
{
	struct peer *peer;

	(void)state;
	start("");
	peer = connected(0, "one", 4000);
	next_process();
	assert_true(control_session_is_lost(tunnel_of(peer)->active->control));
	assert_int_equal(control_session_send(peer->session, "EXIT"), 0);
	run_until(peer->n_active == 2);
	assert_non_null(tunnel_of(peer));
	assert_false(control_session_is_lost(tunnel_of(peer)->active->control));
	assert_int_equal(control_session_send(peer->session, "EXIT"), 0);
	run_until(tunnel_of(peer) && tunnel_of(peer)->state ==
		  TUNNEL_STATE_EXITING);
	stop();
}

/* The process that ends has not begun the session that it has to say so in. */
static void test_stopped(void **state)
{
	struct peer *a, *b;

	(void)state;
	start("explicit-exit-notify 1");
	a = connected(0, "one", 4000);
	next_process();
	b = connected(1, "two", 4001);
	tunnel_host_stop(host);
	run_until(peer_has(a, "RESTART") && peer_has(b, "RESTART"));
	assert_int_equal(a->n_failed + b->n_failed, 0);
	stop();
}

/* At SIGUSR1, over a way that long: when the client hears of it. */
static uint64_t told_after(struct peer *peer, uint64_t delay_ms)
{
	uint64_t begun = loop_now(loop), heard;

	peer_delay_ms = delay_ms;
	tunnel_host_restart(host, "test");
	run_until(peer_has(peer, "RESTART") || !(n_tunnels() + n_peer_flights));
	heard = loop_now(loop) - begun;
	assert_true(peer_has(peer, "RESTART"));
	assert_int_equal(peer->n_failed, 0);
	peer_delay_ms = 0;
	run_until(!n_tunnels());
	return heard;
}

/* Who has to be told in a new key has the time for it; others need less. */
static void test_restarted(void **state)
{
	struct peer *a, *b;
	uint64_t begun;

	(void)state;
	start("explicit-exit-notify 1");
	a = connected(0, "one", 4000);
	next_process();
	b = connected(1, "two", 4001);
	/* more than others get */
	assert_in_range(told_after(a, 120), 1000, 1999);
	assert_true(peer_has(b, "RESTART"));
	peer_connect(a);
	peer_connect(b);
	run_until(peer_has(a, "PUSH_REPLY") && peer_has(b, "PUSH_REPLY"));
	run_for(100);
	begun = loop_now(loop);
	told_after(a, 0);
	assert_in_range(loop_now(loop) - begun, 500, 1500);
	/* who is about to have another key, here as well */
	peer_connect(a);
	run_until(peer_has(a, "PUSH_REPLY"));
	run_for(100);
	assert_int_equal(control_session_renegotiate(
				 tunnel_of(a)->active->control), 0);
	assert_in_range(told_after(a, 120), 600, 1999);
	/* who is being told so already, as it cannot go on */
	peer_connect(a);
	run_until(peer_has(a, "PUSH_REPLY"));
	run_for(100);
	other_version(tunnel_of(a)->peer_id);
	next_process();
	assert_true(tunnel_of(a)->is_farewell);
	assert_in_range(told_after(a, 120), 1000, 1999);
	stop();
}

/* The client has gone and comes anew, while its old session goes on. */
static void test_client_comes_anew(void **state)
{
	struct peer *peer;

	(void)state;
	start("");
	peer = connected(0, "one", 4000);
	next_process();
	peer_connect(peer);
	run_until(peer_has(peer, "PUSH_REPLY"));
	assert_int_equal(n_tunnels(), 1);
	assert_int_equal(info_of(peer).primary_key, 0);
	stop();
}

/* No packet id is used twice, and none accepted twice. */
static void test_packet_ids(void **state)
{
	const uint8_t *key = (const uint8_t *)"0123456789abcdef0123456789abcdef";
	struct dp_counter live = { 0 };
	const struct dp_key dp_key = {
		.key_id = 2, .cipher = PROTO_CIPHER_AES_256_GCM,
		.send = { .cipher_key = key, .cipher_key_len = 32,
			  .nonce_tail = key },
		.recv = { .cipher_key = key, .cipher_key_len = 32,
			  .nonce_tail = key },
		.live = &live,
	};
	uint64_t *counter;
	struct peer *peer;

	(void)state;
	start("");
	peer = connected(0, "one", 4000);
	counter = keep_counter(keep, 0, 0);
	assert_int_equal(counter[0], 1);
	assert_int_equal(dp_send_occ(host->dp, tunnel_of(peer)->dp_id,
				     PROTO_OCC_EXIT), 0);
	assert_int_equal(counter[0], 2);
	counter[0] = 5000;
	counter[1] = 700;
	next_process();
	counter = keep_counter(keep, 0, 0);
	assert_int_equal(counter[0], 5000);
	assert_int_equal(counter[1], 700);
	/* a key that is new begins at the beginning, whatever was there */
	assert_int_equal(dp_key_set(host->dp, tunnel_of(peer)->dp_id,
				    DP_SLOT_SECONDARY, &dp_key), 0);
	assert_int_equal(live.next, 1);
	assert_int_equal(dp_key_del(host->dp, tunnel_of(peer)->dp_id,
				    DP_SLOT_SECONDARY), 0);
	stop();
}

/* Epochs go on behind those that have been used. */
static void test_epochs(void **state)
{
	struct peer *peer;
	uint64_t *counter;

	(void)state;
	start("");
	peer = peer_start(0, "new", 4000, "IV_VER=2.7.0\nIV_PROTO=2014\n"
			  "IV_CIPHERS=AES-256-GCM\nIV_MTU=1600\n");
	run_until(peer_has(peer, "PUSH_REPLY"));
	run_for(100);
	assert_true(tunnel_of(peer)->active->params.is_epoch);
	counter = keep_counter(keep, 0, 0);
	assert_int_equal(counter[0], UINT64_C(1) << 48 | 1);
	assert_int_equal(dp_send_occ(host->dp, tunnel_of(peer)->dp_id,
				     PROTO_OCC_EXIT), 0);
	assert_int_equal(counter[0], UINT64_C(1) << 48 | 2);
	counter[1] = UINT64_C(7) << 48 | 70;
	for (unsigned int i = 0; i < 2; i++) {
		next_process();
		assert_int_equal(n_tunnels(), 1);
		assert_int_equal(info_of(peer).tx_epoch, 2);
		assert_int_equal(info_of(peer).rx_epoch, 7);
		counter = keep_counter(keep, 0, 0);
		/* nothing has been sent in it yet */
		assert_int_equal(counter[0], UINT64_C(2) << 48 | 1);
	}
	/* so many that nobody waits for it: the client has to come again */
	counter[0] = UINT64_MAX;
	next_process();
	assert_true(tunnel_of(peer)->is_farewell);
	run_until(peer_has(peer, "RESTART,[P]"));
	stop();
}

/* Who has left, or was never connected, does not come back. */
static void test_gone(void **state)
{
	struct peer *a;
	char buf[KEEP_RECORD_MAX];

	(void)state;
	start("");
	a = connected(0, "one", 4000);
	assert_int_equal(control_session_send(a->session, "EXIT"), 0);
	run_until(!tunnel_of(a));
	assert_int_equal(keep_read(keep, 0, buf, sizeof(buf)), 0);
	peer_start(1, "two", 4001, PEER_INFO);
	run_until(n_tunnels());
	next_process();
	assert_int_equal(n_tunnels(), 0);
	stop();
}

/* Each format of packets is kept. */
static void test_other_format(void **state)
{
	struct peer *cbc, *v1;

	(void)state;
	start("data-ciphers AES-256-GCM:AES-256-CBC");
	cbc = peer_start(0, "cbc", 4000, "IV_VER=2.6.14\nIV_PROTO=990\n"
			 "IV_CIPHERS=AES-256-CBC\nIV_MTU=1600\n");
	run_until(peer_has(cbc, "PUSH_REPLY"));
	v1 = peer_start(1, "v1", 4001, "IV_VER=2.6.14\nIV_PROTO=988\n"
			"IV_CIPHERS=AES-256-GCM\nIV_MTU=1600\n");
	run_until(peer_has(v1, "PUSH_REPLY"));
	run_for(100);
	assert_true(tunnel_of(v1)->active->params.is_v1);
	assert_int_equal(n_tunnels(), 2);
	next_process();
	assert_int_equal(n_tunnels(), 2);
	assert_int_equal(info_of(cbc).cipher, PROTO_CIPHER_AES_256_CBC);
	assert_true(tunnel_of(v1)->active->params.is_v1);
	stop();
}

/* It is told to come again, and comes to what it had. */
static void comes_again(struct peer *peer, uint16_t port)
{
	struct tunnel *tunnel = tunnel_of(peer);

	assert_non_null(tunnel);
	assert_true(tunnel->is_farewell);
	assert_false(tunnel->has_dp_peer);
	run_until(peer_has(peer, "RESTART"));
	assert_int_equal(peer->n_failed, 0);
	assert_int_equal(tunnel->state, TUNNEL_STATE_EXITING);
	peer->addr = addr_of(port);
	peer_connect(peer);
	run_until(peer_has(peer, "PUSH_REPLY"));
	assert_true(peer_has(peer, "ifconfig 10.8.0.3 "));
	assert_int_equal(n_tunnels(), 2);
	assert_false(tunnel_of(peer)->is_farewell);
	run_for(100);
}

/* What this process cannot read of a client is enough to send it round. */
static void test_other_version(void **state)
{
	struct peer *stays, *peer;

	(void)state;
	start("");
	stays = connected(0, "zero", 4000);
	peer = connected(1, "one", 4001);
	other_version(1);
	next_process();
	/* from another port, as with "nobind", and from the same one */
	comes_again(peer, 4002);
	other_version(tunnel_of(peer)->peer_id);
	next_process();
	comes_again(peer, 4002);
	assert_non_null(tunnel_of(stays));
	assert_false(peer_has(stays, "RESTART"));
	stop();
}

/* More networks behind it than are kept. */
static void test_too_much(void **state)
{
	struct net_prefix net;
	struct peer *peer;

	(void)state;
	start("");
	connected(0, "zero", 4000);
	peer = connected(1, "one", 4001);
	assert_int_equal(net_prefix_parse("10.77.0.0/24", &net), 0);
	for (uint32_t i = 0; i < 25; i++) {
		net.ip.in4.s_addr = htonl(0x0a4d0000u + (i << 8));
		tunnel_iroute_add(tunnel_of(peer), &net);
	}
	tunnel_survive_save(tunnel_of(peer));
	next_process();
	comes_again(peer, 4001);
	/* until it has been told, each process tells it */
	tunnel_iroute_add(tunnel_of(peer), &net);
	other_version(1);
	next_process();
	next_process();
	comes_again(peer, 4002);
	stop();
}

/* Who is there may stay, also when there are to be fewer, and then more. */
static void test_fewer(void **state)
{
	struct peer *clients[3];
	char name[8];

	(void)state;
	start("");
	for (unsigned int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		clients[i] = connected(i, name, (uint16_t)(4000 + i));
	}
	cfg->max_clients = 1;
	for (int turn = 0; turn < 2; turn++) {
		next_process();
		for (unsigned int i = 0; i < 3; i++) {
			assert_non_null(tunnel_of(clients[i]));
			assert_int_equal(tunnel_of(clients[i])->peer_id, i);
			assert_false(tunnel_of(clients[i])->is_farewell);
		}
	}
	tunnel_close(tunnel_of(clients[2]), "test");
	cfg->max_clients = 8;
	next_process();
	assert_null(tunnel_of(clients[2]));
	assert_int_equal(n_tunnels(), 2);
	stop();
}

/* While it has not been told, its address may have become another one's. */
static void test_address_of_another(void **state)
{
	struct net_ip vpn4, vpn6;
	struct peer *a, *b, *c;

	(void)state;
	start_pool("", 2);
	a = connected(0, "one", 4000);
	b = connected(1, "two", 4001);
	other_version(1);
	b->is_deaf = true;
	next_process();
	assert_true(tunnel_of(b)->is_farewell);
	tunnel_close(tunnel_of(a), "test");
	c = connected(2, "three", 4002);
	assert_true(peer_has(c, "ifconfig 10.8.0.3 "));
	assert_int_equal(tunnel_of(c)->peer_id, 0);
	next_process();
	assert_true(tunnel_of(b)->is_farewell);
	assert_false(tunnel_of(c)->is_farewell);
	assert_int_equal(control_pool_get(host->server->pool, "four", &vpn4,
					  &vpn6), 0);
	assert_int_equal(control_pool_get(host->server->pool, "five", &vpn4,
					  &vpn6), -ENOSPC);
	stop();
}

/* It has noticed by itself, or not even that, and nobody has to wait for it. */
static void test_not_told(void **state)
{
	struct peer *peer;

	(void)state;
	start("hand-window 2");
	peer = connected(0, "one", 4000);
	other_version(0);
	next_process();
	assert_int_equal(n_tunnels(), 1);
	peer_connect(peer);
	run_until(peer_has(peer, "PUSH_REPLY"));
	assert_int_equal(n_tunnels(), 1);
	run_for(100);
	other_version(0);
	peer->is_deaf = true;
	next_process();
	assert_int_equal(n_tunnels(), 1);
	run_until(!n_tunnels());
	next_process();
	assert_int_equal(n_tunnels(), 0);
	stop();
}

static bool are_told(void)
{
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		if (!peer_has(&peers[i], "RESTART"))
			return false;
	return true;
}

/* Each of @first and those behind it, to or from a client each. */
static void loses_and_comes(unsigned int first)
{
	for (unsigned int i = 0; i < PEERS_MAX; i++) {
		struct peer *peer = &peers[i];

		run_until(peer_has(peer, "PUSH_REPLY"));
		run_for(100);
		other_version(tunnel_of(peer)->peer_id);
		peer->n_datagrams = 0;
		peer->loses = first + i;
	}
	next_process();
	run_until(are_told());
	for (unsigned int i = 0; i < PEERS_MAX; i++) {
		assert_int_equal(peers[i].n_failed, 0);
		peers[i].loses = 0;
	}
}

/* Whichever datagram of the farewell is lost, the client hears it. */
static void test_lost(void **state)
{
	static const char *const names[PEERS_MAX] = { "a", "b", "c", "d" };
	unsigned int first;

	(void)state;
	start("tls-timeout 1");
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		peer_start(i, names[i], (uint16_t)(4000 + i), PEER_INFO);
	/* until it takes fewer than that */
	for (first = 1; peers[0].n_datagrams + PEERS_MAX >= first;
	     first += PEERS_MAX) {
		if (first > 1)
			for (unsigned int i = 0; i < PEERS_MAX; i++)
				peer_connect(&peers[i]);
		loses_and_comes(first);
	}
	assert_in_range(first, 2 * PEERS_MAX + 1, 8 * PEERS_MAX);
	stop();
}

static struct tunnel *tunnel_at(const struct peer *peer, unsigned int sock)
{
	return tunnel_registry_addr(&host->reg, &peer->addr, sock);
}

/* Sockets are known by what they are, not by their number. */
static void test_sockets(void **state)
{
	struct peer *a, *b;
	int fd;

	(void)state;
	start("");
	rig_fd2 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(rig_fd2 >= 0);
	rig_socks = 2;
	a = connected(0, "one", 4000);
	input_sock = 1;
	b = connected(1, "two", 4001);
	input_sock = 0;
	assert_non_null(tunnel_at(a, 0));
	assert_non_null(tunnel_at(b, 1));
	fd = rig_fd;
	rig_fd = rig_fd2;
	rig_fd2 = fd;
	next_process();
	assert_int_equal(n_tunnels(), 2);
	assert_non_null(tunnel_at(a, 1));
	assert_non_null(tunnel_at(b, 0));
	/* the one that b came by has gone */
	fd = rig_fd;
	rig_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(rig_fd >= 0);
	close(fd);
	next_process();
	assert_int_equal(n_tunnels(), 1);
	assert_non_null(tunnel_at(a, 1));
	close(rig_fd2);
	rig_fd2 = -1;
	rig_socks = 1;
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_client_renegotiates),
		cmocka_unit_test(test_server_renegotiates),
		cmocka_unit_test(test_client_speaks),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_restarted),
		cmocka_unit_test(test_client_comes_anew),
		cmocka_unit_test(test_packet_ids),
		cmocka_unit_test(test_epochs),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_other_format),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_other_version),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_fewer),
		cmocka_unit_test(test_address_of_another),
		cmocka_unit_test(test_not_told),
		cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
