// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "dp_kernel_rig.h"
#include "log/log.h"

static void test_kernel_with_ovpn(void **state)
{
	(void)state;
	skip();
}

static bool has_deleted(void *arg)
{
	return ((struct rig_end *)arg)->n_deleted > 0;
}

static void test_family(void **state)
{
	struct dp_config cfg = { .tun_fd = -1, .ifindex = 1 };
	struct dp *dp = NULL;

	(void)state;
	if (has_ovpn) {
		assert_int_equal(dp_kernel_new(&cfg, &dp), 0);
		assert_string_equal(dp_name(dp), "kernel");
		/* lo is no such device: an error, not a crash */
		assert_true(dp_peer_list(dp, NULL, NULL) < 0);
		dp_free(dp);
	} else {
		assert_int_equal(dp_kernel_new(&cfg, &dp), -ENOENT);
	}
}

/* ---- peers and keys ---------------------------------------------------- */

static void test_traffic(void **state)
{
	static const enum proto_cipher ciphers[] = {
		PROTO_CIPHER_AES_128_GCM, PROTO_CIPHER_AES_192_GCM,
		PROTO_CIPHER_AES_256_GCM, PROTO_CIPHER_CHACHA20_POLY1305,
	};
	struct dp_peer_info info;
	size_t i;

	(void)state;
	assert_true(goes_both_ways());
	for (i = 0; i < sizeof(ciphers) / sizeof(*ciphers); i++) {
		rig_set_keys(&rig, DP_SLOT_PRIMARY, 9, ciphers[i], 5);
		assert_true(goes_both_ways());
	}
	info = info_of(&rig.server);
	assert_string_equal(info.cipher_name, "CHACHA20-POLY1305");
	assert_int_equal(info.stats.vpn_rx_packets, 5);
	assert_int_equal(info.stats.vpn_rx_bytes, 500);
	assert_int_equal(info.stats.vpn_tx_bytes, 500);
	assert_int_equal(info.stats.link_tx_bytes, 620);
}

static int on_peer(void *arg, const struct dp_peer_info *info)
{
	assert_int_equal(info->id, RIG_PEER_ID);
	++*(int *)arg;
	return 0;
}

static void test_peer(void **state)
{
	union net_addr mapped, local, want;
	struct dp_peer_info info;
	struct dp_peer peer = { .id = RIG_PEER_ID, .tx_id = RIG_PEER_ID };
	int n = 0;

	(void)state;
	info = info_of(&rig.server);
	assert_int_equal(info.id, RIG_PEER_ID);
	assert_true(net_addr_is_equal(&info.remote, &rig.client.addr));
	assert_int_equal(info.vpn4.family, AF_INET);
	assert_int_equal(info.vpn6.family, AF_INET6);
	assert_int_equal(info.primary_key, 0);
	assert_int_equal(info.secondary_key, -1);
	assert_string_equal(info.cipher_name, "AES-GCM");
	/* v4-mapped is sent as IPv4 */
	net_addr_parse("::ffff:192.0.2.9", 99, &mapped);
	net_addr_parse("192.0.2.9", 99, &want);
	net_addr_parse("::ffff:127.0.0.1", 0, &local);
	assert_int_equal(dp_peer_set_remote(rig.server.dp, RIG_PEER_ID,
					    &mapped, &local), 0);
	info = info_of(&rig.server);
	assert_int_equal(info.remote.sa.sa_family, AF_INET);
	assert_true(net_addr_is_equal(&info.remote, &want));
	assert_int_equal(info.local.in4.sin_addr.s_addr,
			 htonl(INADDR_LOOPBACK));
	assert_int_equal(dp_peer_set_keepalive(rig.server.dp, RIG_PEER_ID, 7,
					       77), 0);
	info = info_of(&rig.server);
	assert_int_equal(info.keepalive_interval, 7);
	assert_int_equal(info.keepalive_timeout, 77);
	assert_int_equal(dp_peer_list(rig.server.dp, on_peer, &n), 0);
	assert_int_equal(n, 1);
	peer.fd = rig.server.udp;
	peer.remote = rig.client.addr;
	peer.vpn4 = rig_ip("10.8.0.77");
	assert_int_equal(dp_peer_add(rig.server.dp, &peer), -EEXIST);
	peer.id = 9;
	peer.vpn4 = rig_ip("10.8.0.2");
	assert_int_equal(dp_peer_add(rig.server.dp, &peer), -EADDRINUSE);
	assert_int_equal(dp_peer_del(rig.server.dp, 9), -ENOENT);
	assert_int_equal(dp_key_swap(rig.server.dp, 9), -ENOENT);
	assert_int_equal(dp_send_occ(rig.server.dp, RIG_PEER_ID,
				     PROTO_OCC_EXIT), -EOPNOTSUPP);
}

static void test_keys(void **state)
{
	struct dp_peer_info info;

	(void)state;
	rig_set_keys(&rig, DP_SLOT_SECONDARY, 2, PROTO_CIPHER_CHACHA20_POLY1305,
		     1);
	assert_true(goes_both_ways());
	assert_int_equal(dp_key_swap(rig.server.dp, RIG_PEER_ID), 0);
	info = info_of(&rig.server);
	assert_int_equal(info.primary_key, 1);
	assert_int_equal(info.secondary_key, 0);
	assert_int_equal(info.cipher, PROTO_CIPHER_CHACHA20_POLY1305);
	assert_true(goes_both_ways());
	assert_int_equal(dp_key_swap(rig.client.dp, RIG_PEER_ID), 0);
	assert_int_equal(dp_key_del(rig.server.dp, RIG_PEER_ID,
				    DP_SLOT_SECONDARY), 0);
	info = info_of(&rig.server);
	assert_int_equal(info.secondary_key, -1);
	assert_true(goes_both_ways());
}

static void set_epoch_key(struct rig_end *end)
{
	uint8_t material[RIG_MATERIAL];
	struct dp_key key = rig_key(material, 3, PROTO_CIPHER_AES_192_GCM, 6,
				    end == &rig.client);

	key.is_epoch = true;
	assert_int_equal(dp_key_set(end->dp, RIG_PEER_ID, DP_SLOT_PRIMARY,
				    &key), 0);
}

/* Only our own module has epochs. */
static void test_epochs(void **state)
{
	uint8_t material[RIG_MATERIAL];
	struct dp_key key = rig_key(material, 3, PROTO_CIPHER_AES_256_GCM, 6,
				    false);
	struct dp_peer_info info;

	(void)state;
	info = info_of(&rig.server);
	assert_int_equal(info.tx_epoch, 0);
	if (!dp_has_epochs(rig.server.dp)) {
		key.is_epoch = true;
		assert_int_equal(dp_key_set(rig.server.dp, RIG_PEER_ID,
					    DP_SLOT_PRIMARY, &key),
				 -EOPNOTSUPP);
		return;
	}
	set_epoch_key(&rig.server);
	set_epoch_key(&rig.client);
	assert_true(goes_both_ways());
	info = info_of(&rig.server);
	assert_int_equal(info.primary_key, 6);
	assert_int_equal(info.tx_epoch, 1);
	assert_int_equal(info.rx_epoch, 1);
	info = info_of(&rig.client);
	assert_int_equal(info.tx_epoch, 1);
	/* and back to a key without */
	rig_set_key(&rig.server, DP_SLOT_PRIMARY, 1, PROTO_CIPHER_AES_256_GCM,
		    7);
	assert_int_equal(info_of(&rig.server).tx_epoch, 0);
}

/* ---- peers that userspace carries -------------------------------------- */

/* @is_v1: without a peer id; always with CBC */
static void carried_up(bool is_v1)
{
	if (dp_is_plain(rig.server.dp))
		skip();
	dp_peer_del(rig.server.dp, RIG_PEER_ID);
	rig_format = (struct dp_format){
		.is_v1 = is_v1, .cipher = PROTO_CIPHER_AES_256_CBC,
	};
	rig_peers(&rig);
	memset(&rig_format, 0, sizeof(rig_format));
	rig_set_keys(&rig, DP_SLOT_PRIMARY, 1, PROTO_CIPHER_AES_256_CBC, 3);
}

static int on_either(void *arg, const struct dp_peer_info *info)
{
	((char *)arg)[info->id] = info->path[0];
	return 0;
}

/* One that the kernel carries, beside it. */
static void add_plain(void)
{
	struct dp_peer peer = {
		.id = 9, .tx_id = 9, .fd = rig.server.udp,
		.vpn4 = rig_ip("10.8.0.9"),
	};

	net_addr_parse("127.0.0.7", 7, &peer.remote);
	assert_int_equal(dp_peer_add(rig.server.dp, &peer), 0);
}

static void test_carried(void **state)
{
	char seen[16] = { 0 };
	struct dp_peer_info info;

	(void)state;
	assert_string_equal(info_of(&rig.server).path, "kernel");
	for (int is_v1 = 0; is_v1 < 2; is_v1++) {
		carried_up(is_v1);
		assert_true(goes_both_ways());
		info = info_of(&rig.server);
		assert_string_equal(info.path, "user");
		assert_string_equal(info.cipher_name, "AES-256-CBC");
		assert_int_equal(info.stats.vpn_rx_packets, 1);
		assert_int_equal(info.stats.vpn_tx_bytes, 100);
		/* the module checks where it comes from */
		assert_false(goes(&rig.client, "10.8.0.3", "10.8.0.1"));
	}
	add_plain();
	assert_int_equal(dp_peer_list(rig.server.dp, on_either, seen), 0);
	assert_int_equal(seen[RIG_PEER_ID], 'u');
	assert_int_equal(seen[9], 'k');
	assert_int_equal(rig.server.n_deleted, 0);
}

static void test_carried_ends(void **state)
{
	struct dp_peer_info info;
	struct dp *other;

	(void)state;
	carried_up(false);
	other = kernel_other();
	assert_int_equal(dp_peer_del(other, RIG_PEER_ID), 0);
	assert_true(rig_run(&rig, has_deleted, &rig.server, 2000));
	assert_int_equal(rig.server.reason, DP_DEL_USERSPACE);
	assert_int_equal(dp_peer_del(rig.server.dp, RIG_PEER_ID), -ENOENT);
	rig.server.n_deleted = 0;
	carried_up(true);
	assert_int_equal(dp_peer_set_keepalive(rig.server.dp, RIG_PEER_ID, 1,
					       2), 0);
	assert_int_equal(dp_peer_get(other, RIG_PEER_ID, &info), 0);
	assert_int_equal(dp_peer_del(rig.client.dp, RIG_PEER_ID), 0);
	assert_true(rig_run(&rig, has_deleted, &rig.server, 10000));
	assert_int_equal(rig.server.reason, DP_DEL_EXPIRED);
	assert_int_equal(rig.server.n_deleted, 1);
	assert_int_equal(dp_peer_get(other, RIG_PEER_ID, &info), -ENOENT);
	dp_free(other);
}

/* It is noticed without the notification, too, which may be lost. */
static void test_carried_lost(void **state)
{
	struct dp_peer_info info;
	struct dp *other;

	(void)state;
	carried_up(false);
	other = kernel_other();
	assert_int_equal(dp_peer_del(other, RIG_PEER_ID), 0);
	dp_free(other);
	assert_int_equal(dp_peer_get(rig.server.dp, RIG_PEER_ID, &info),
			 -ENOENT);
	/* nor does userspace carry it any more */
	assert_int_equal(dp_send_occ(rig.server.dp, RIG_PEER_ID,
				     PROTO_OCC_EXIT), -EOPNOTSUPP);
	assert_true(rig_run(&rig, has_deleted, &rig.server, 2000));
	assert_int_equal(rig.server.n_deleted, 1);
}

/* Their keys have gone with who carried them; the kernel's own go on. */
static void test_carried_before(void **state)
{
	char seen[16] = { 0 };

	(void)state;
	carried_up(false);
	add_plain();
	dp_free(rig.server.dp);
	kernel_dp_open(&rig.server, DP_MODE_MP);
	assert_int_equal(dp_peer_list(rig.server.dp, on_either, seen), 0);
	assert_int_equal(seen[RIG_PEER_ID], 0);
	assert_int_equal(seen[9], 'k');
	/* as with all deletions of our own */
	rig_settle(&rig, 300);
	assert_int_equal(rig.server.n_deleted, 0);
}

/* ---- events ---------------------------------------------------------- */

static bool has_exit(void *arg)
{
	return ((struct rig_end *)arg)->n_exit > 0;
}

/* What clients of 2.4 and 2.5 say when they go, in a data packet. */
static void test_exit(void **state)
{
	(void)state;
	if (!kernel_part(rig.server.dp)->features)
		skip();
	assert_int_equal(dp_send_occ(rig.client.dp, RIG_PEER_ID,
				     PROTO_OCC_REQUEST), 0);
	rig_settle(&rig, 300);
	assert_int_equal(rig.server.n_exit, 0);
	assert_int_equal(dp_send_occ(rig.client.dp, RIG_PEER_ID,
				     PROTO_OCC_EXIT), 0);
	assert_true(rig_run(&rig, has_exit, &rig.server, 2000));
}

static void add_again(void)
{
	struct dp_peer peer = {
		.id = RIG_PEER_ID,
		.tx_id = RIG_PEER_ID,
		.fd = rig.server.udp,
		.remote = rig.client.addr,
		.vpn4 = rig_ip("10.8.0.2"),
	};

	assert_int_equal(dp_peer_add(rig.server.dp, &peer), 0);
}

/* Deletions of our own are no news, also when the id is in use again. */
static void test_deleted_by_us(void **state)
{
	(void)state;
	assert_int_equal(dp_peer_del(rig.server.dp, RIG_PEER_ID), 0);
	add_again();
	assert_int_equal(dp_peer_del(rig.server.dp, RIG_PEER_ID), 0);
	add_again();
	rig_settle(&rig, 300);
	assert_int_equal(rig.server.n_deleted, 0);
}

/* One that could not be deleted is in nobody's way. */
static void not_deleted(void)
{
	struct dp_kernel *kernel = kernel_part(rig.server.dp);
	struct log_line line;

	/* lo has no peers */
	kernel->base.ifindex = 1;
	assert_int_equal(dp_peer_del(rig.server.dp, RIG_PEER_ID), -EINVAL);
	kernel->base.ifindex = rig.server.ifindex;
	assert_true(log_history_get(log_history_end() - 1, &line));
	assert_int_equal(line.level, LOG_LEVEL_ERROR);
	add_again();
	assert_string_equal(info_of(&rig.server).path, "kernel");
	rig_settle(&rig, 300);
	assert_int_equal(rig.server.n_deleted, 0);
}

static void test_not_deleted(void **state)
{
	(void)state;
	assert_int_equal(log_history_open(8, NULL, NULL), 0);
	not_deleted();
	if (!dp_is_plain(rig.server.dp)) {
		carried_up(false);
		not_deleted();
	}
	log_history_close();
}

static void test_deleted_by_others(void **state)
{
	struct dp *other;

	(void)state;
	assert_int_equal(dp_peer_del(rig.server.dp, RIG_PEER_ID), 0);
	add_again();
	other = kernel_other();
	assert_int_equal(dp_peer_del(other, RIG_PEER_ID), 0);
	dp_free(other);
	assert_true(rig_run(&rig, has_deleted, &rig.server, 2000));
	assert_int_equal(rig.server.n_deleted, 1);
	assert_int_equal(rig.server.reason, DP_DEL_USERSPACE);
}

/* It went before we deleted it, and the event is read after. */
static void test_deleted_twice(void **state)
{
	struct dp *other;

	(void)state;
	other = kernel_other();
	assert_int_equal(dp_peer_del(other, RIG_PEER_ID), 0);
	dp_free(other);
	assert_int_equal(dp_peer_del(rig.server.dp, RIG_PEER_ID), -ENOENT);
	add_again();
	rig_settle(&rig, 300);
	assert_int_equal(rig.server.n_deleted, 0);
}

static void test_expired(void **state)
{
	(void)state;
	assert_int_equal(dp_peer_set_keepalive(rig.server.dp, RIG_PEER_ID, 1,
					       2), 0);
	assert_int_equal(dp_peer_set_keepalive(rig.client.dp, RIG_PEER_ID, 1,
					       60), 0);
	rig_settle(&rig, 4000);
	assert_int_equal(rig.server.n_deleted, 0);
	assert_int_equal(dp_peer_del(rig.client.dp, RIG_PEER_ID), 0);
	assert_true(rig_run(&rig, has_deleted, &rig.server, 10000));
	assert_int_equal(rig.server.reason, DP_DEL_EXPIRED);
}

static bool has_floated(void *arg)
{
	return ((struct rig_end *)arg)->n_floated > 0;
}

/* Its peer is made anew, without keys. */
static void client_moves(void)
{
	struct dp_peer peer = { .id = RIG_PEER_ID, .tx_id = RIG_PEER_ID,
				.remote = rig.server.addr };

	loop_io_free(rig.client.io);
	close(rig.client.udp);
	rig_listen(&rig.client, "127.0.0.9");
	peer.fd = rig.client.udp;
	assert_int_equal(dp_peer_add(rig.client.dp, &peer), 0);
}

static void server_follows(void)
{
	assert_true(goes(&rig.client, "10.8.0.2", "10.8.0.1"));
	assert_true(rig_run(&rig, has_floated, &rig.server, 2000));
	assert_true(net_addr_is_equal(&rig.server.floated_to,
				      &rig.client.addr));
}

static void test_floated(void **state)
{
	(void)state;
	client_moves();
	rig_set_keys(&rig, DP_SLOT_PRIMARY, 4, PROTO_CIPHER_AES_256_GCM, 2);
	server_follows();
	assert_true(goes_both_ways());
}

/* The kernel is told: packets without a peer id come up by address. */
static void test_carried_floats(void **state)
{
	struct dp_peer_info info;
	struct dp *kernel;

	(void)state;
	carried_up(false);
	kernel = mixed_kernel(rig.server.dp);
	client_moves();
	rig_set_key(&rig.client, DP_SLOT_PRIMARY, 1, PROTO_CIPHER_AES_256_CBC,
		    3);
	server_follows();
	assert_int_equal(dp_peer_get(kernel, RIG_PEER_ID, &info), 0);
	assert_true(net_addr_is_equal(&info.remote, &rig.client.addr));
	assert_true(goes_both_ways());
}

static void test_socket_closed(void **state)
{
	(void)state;
	loop_io_free(rig.server.io);
	close(rig.server.udp);
	assert_true(rig_run(&rig, has_deleted, &rig.server, 2000));
	assert_int_equal(rig.server.reason, DP_DEL_TRANSPORT_DISCONNECT);
	rig_listen(&rig.server, "127.0.0.1");
}

/* A client's new peer takes the place of the old one, without an event. */
static void test_p2p_replaces(void **state)
{
	struct dp_peer peer = { .id = 1, .tx_id = 5 };
	struct rig_end end = { 0 };
	struct dp_peer_info info;
	int i;

	(void)state;
	kernel_end_open(&end, "tun-p", DP_MODE_P2P);
	peer.fd = end.udp;
	peer.remote = rig.server.addr;
	for (i = 0; i < 3; i++)
		assert_int_equal(dp_peer_add(end.dp, &peer), 0);
	rig_settle(&rig, 300);
	assert_int_equal(end.n_deleted, 0);
	assert_int_equal(dp_peer_get(end.dp, 1, &info), 0);
	assert_int_equal(info.tx_id, 5);
	/* as after a restart: a peer of this id is there already */
	dp_free(end.dp);
	kernel_dp_open(&end, DP_MODE_P2P);
	assert_int_equal(dp_peer_add(end.dp, &peer), 0);
	rig_settle(&rig, 300);
	assert_int_equal(end.n_deleted, 0);
	rig_end_close(&end);
	nl_rt_link_del(rt, end.ifindex);
}

static bool has_resync(void *arg)
{
	return ((struct rig_end *)arg)->n_resync > 0;
}

/* Events that do not fit are noticed, and those that follow are heard. */
static void test_resync(void **state)
{
	struct dp_peer peer = { .fd = rig.server.udp };
	struct net_prefix net;
	struct dp *other;
	int size = 1;
	uint32_t i;

	(void)state;
	assert_int_equal(setsockopt(nl_socket_get_fd(
				    kernel_part(rig.server.dp)->event_sock),
				    SOL_SOCKET, SO_RCVBUF, &size,
				    sizeof(size)), 0);
	net_prefix_parse("10.9.0.0/16", &net);
	peer.remote = rig.client.addr;
	other = kernel_other();
	for (i = 100; i < 130; i++) {
		peer.id = peer.tx_id = i;
		net_prefix_nth(&net, i, &peer.vpn4);
		assert_int_equal(dp_peer_add(other, &peer), 0);
		assert_int_equal(dp_peer_del(other, i), 0);
	}
	assert_true(rig_run(&rig, has_resync, &rig.server, 2000));
	assert_int_equal(rig.server.n_deleted, 0);
	assert_int_equal(dp_peer_del(other, RIG_PEER_ID), 0);
	assert_true(rig_run(&rig, has_deleted, &rig.server, 2000));
	dp_free(other);
}

/* ---- the privileged helper and links of this kind ----------------------- */

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_family),
		TEST(test_traffic),
		TEST(test_peer),
		TEST(test_keys),
		TEST(test_epochs),
		TEST(test_carried),
		TEST(test_carried_ends),
		TEST(test_carried_lost),
		TEST(test_carried_before),
		TEST(test_exit),
		TEST(test_deleted_by_us),
		TEST(test_not_deleted),
		TEST(test_deleted_by_others),
		TEST(test_deleted_twice),
		TEST(test_expired),
		TEST(test_floated),
		TEST(test_carried_floats),
		TEST(test_socket_closed),
		TEST(test_p2p_replaces),
		TEST(test_resync),
	};

	const struct CMUnitTest without[] = {
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_kernel_with_ovpn),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (probe())
		return 1;
	if (!has_ovpn)
		return cmocka_run_group_tests(without, NULL, cleanup);
	return cmocka_run_group_tests(tests, NULL, cleanup);
}
