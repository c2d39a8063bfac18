// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dp_rig.h"
#include "dp/user.h"

static struct rig rig;
static uint8_t pkt[RIG_PACKET_MAX];

static int setup(void **state)
{
	(void)state;
	return netns_enter();
}

static int teardown(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

/* Patience with what should arrive, and less with what should not. */
#define GOES_MS		3000
#define STAYS_MS	500

static bool passes(struct rig_end *from, const char *src, const char *dst,
		   size_t len, uint64_t ms)
{
	struct rig_end *to = from == &rig.server ? &rig.client : &rig.server;
	static uint8_t mark;

	rig_inner(pkt, src, dst, len, ++mark);
	rig_send(from, pkt, len);
	return rig_arrives(&rig, to, pkt, len, ms);
}

static bool goes(struct rig_end *from, const char *src, const char *dst,
		 size_t len)
{
	return passes(from, src, dst, len, GOES_MS);
}

/* Not even sent. */
static bool stays(struct rig_end *from, const char *src, const char *dst)
{
	return !passes(from, src, dst, 100, STAYS_MS);
}

static bool has_datagram(void *arg)
{
	return ((struct rig_end *)arg)->last_len > 0;
}

/* Received, and refused with @err. */
static bool refused(struct rig_end *from, const char *src, const char *dst,
		    int err)
{
	struct rig_end *to = from == &rig.server ? &rig.client : &rig.server;

	to->last_len = 0;
	if (passes(from, src, dst, 100, 0) ||
	    !rig_run(&rig, has_datagram, to, GOES_MS))
		return false;
	return to->last_ret == err && !rig_arrives(&rig, to, pkt, 100, 20);
}

static bool goes_up(void)
{
	return goes(&rig.client, "10.8.0.2", "10.8.0.1", 100);
}

static bool goes_down(void)
{
	return goes(&rig.server, "10.8.0.1", "10.8.0.2", 100);
}

static bool stays_up(void)
{
	return stays(&rig.client, "10.8.0.2", "10.8.0.1");
}

static bool refused_up(int err)
{
	return refused(&rig.client, "10.8.0.2", "10.8.0.1", err);
}

/* A packet of the client that reaches the server's socket and no further. */
static void catch_packet(void)
{
	rig.server.is_deaf = true;
	rig.server.last_len = 0;
	rig_inner(pkt, "10.8.0.2", "10.8.0.1", 100, 0x55);
	rig_send(&rig.client, pkt, 100);
	assert_true(rig_run(&rig, has_datagram, &rig.server, GOES_MS));
	assert_int_equal(rig.server.last_len, 100 + 24);
}

static struct dp_peer_info info_of(struct rig_end *end)
{
	struct dp_peer_info info;

	assert_int_equal(dp_peer_get(end->dp, RIG_PEER_ID, &info), 0);
	return info;
}

/* ---- traffic --------------------------------------------------------- */

static void test_traffic(void **state)
{
	(void)state;
	rig_up(&rig);
	assert_true(goes_up());
	assert_true(goes_down());
	assert_true(goes(&rig.client, "fd00::2", "fd00::1", 200));
	assert_true(goes(&rig.server, "fd00::1", "fd00::2", 1500));
	assert_true(goes(&rig.client, "10.8.0.2", "10.8.0.1", 20));
}

/* Devices whose packets come without the offload header. */
static void test_plain_device(void **state)
{
	(void)state;
	rig_is_plain = true;
	rig_up(&rig);
	rig_is_plain = false;
	assert_false(user_get(rig.server.dp)->tun.has_vnet);
	assert_true(goes_up());
	assert_true(goes_down());
	assert_true(goes(&rig.server, "fd00::1", "fd00::2", 1500));
}

static void test_ciphers(void **state)
{
	static const enum proto_cipher ciphers[] = {
		PROTO_CIPHER_AES_128_GCM, PROTO_CIPHER_AES_192_GCM,
		PROTO_CIPHER_AES_256_GCM, PROTO_CIPHER_CHACHA20_POLY1305,
	};
	struct dp_peer_info info;
	size_t i;

	(void)state;
	rig_up(&rig);
	for (i = 0; i < sizeof(ciphers) / sizeof(*ciphers); i++) {
		rig_set_keys(&rig, DP_SLOT_PRIMARY, 9, ciphers[i], 5);
		assert_true(goes_up());
		assert_true(goes_down());
		info = info_of(&rig.server);
		assert_int_equal(info.cipher, ciphers[i]);
		assert_string_equal(info.cipher_name,
				    proto_cipher_name(ciphers[i]));
		assert_int_equal(info.primary_key, 5);
	}
}

/* The format on the wire: DATA_V2, key id, peer id, packet id from 1. */
static void test_wire(void **state)
{
	static const uint8_t head[] = { 0x48, 0, 0, RIG_PEER_ID, 0, 0, 0, 1 };

	(void)state;
	rig_up(&rig);
	catch_packet();
	assert_memory_equal(rig.server.last, head, sizeof(head));
}

static void test_transports(void **state)
{
	static const char *const hosts[][2] = {
		{ "::1", "::1" },
		{ "::", "127.0.0.1" },	/* IPv4 on a dual-stack socket */
	};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		rig_open(&rig, hosts[i][0], hosts[i][1]);
		if (i == 1) {
			uint16_t port = net_addr_port(&rig.server.addr);

			net_addr_parse("127.0.0.1", port, &rig.server.addr);
		}
		rig_peers(&rig);
		rig_set_keys(&rig, DP_SLOT_PRIMARY, 1, PROTO_CIPHER_AES_128_GCM,
			     0);
		assert_true(goes_up());
		assert_true(goes_down());
		if (!i)
			rig_close(&rig);
	}
	assert_int_equal(rig.server.n_floated, 0);
}

/* Our own address is used for sending, and given up when it is gone. */
static void test_local_address(void **state)
{
	union net_addr local, remote;
	struct dp_peer_info info;

	(void)state;
	rig_open(&rig, "0.0.0.0", "127.0.0.1");
	remote = rig.server.addr;
	net_addr_parse("127.0.0.7", net_addr_port(&remote), &rig.server.addr);
	rig_peers(&rig);
	rig_set_keys(&rig, DP_SLOT_PRIMARY, 1, PROTO_CIPHER_AES_128_GCM, 0);
	assert_int_equal(net_addr_parse("127.0.0.7", 0, &local), 0);
	assert_int_equal(dp_peer_set_remote(rig.server.dp, RIG_PEER_ID,
					    &rig.client.addr, &local), 0);
	assert_true(goes_down());
	assert_true(net_addr_is_equal(&rig.client.last_from,
				      &rig.server.addr));
	assert_int_equal(rig.client.n_floated, 0);
	assert_int_equal(net_addr_parse("192.0.2.99", 0, &local), 0);
	assert_int_equal(dp_peer_set_remote(rig.server.dp, RIG_PEER_ID,
					    &rig.client.addr, &local), 0);
	assert_true(goes_down());
	info = info_of(&rig.server);
	assert_int_equal(info.local.sa.sa_family, AF_UNSPEC);
}

static void test_stats(void **state)
{
	struct dp_peer_info before, after;
	struct dp_stats *b, *a;

	(void)state;
	rig_up(&rig);
	assert_true(goes_up());
	assert_true(goes_down());
	rig_settle(&rig, 50);
	before = info_of(&rig.server);
	assert_true(goes_up());
	assert_true(goes_up());
	assert_true(goes_down());
	after = info_of(&rig.server);
	b = &before.stats;
	a = &after.stats;
	assert_int_equal(a->vpn_rx_packets - b->vpn_rx_packets, 2);
	assert_int_equal(a->vpn_rx_bytes - b->vpn_rx_bytes, 200);
	assert_int_equal(a->vpn_tx_packets - b->vpn_tx_packets, 1);
	assert_int_equal(a->vpn_tx_bytes - b->vpn_tx_bytes, 100);
	assert_int_equal(a->link_tx_packets - b->link_tx_packets, 1);
	assert_int_equal(a->link_tx_bytes - b->link_tx_bytes, 124);
	assert_int_equal(a->link_rx_packets - b->link_rx_packets, 2);
	assert_int_equal(a->link_rx_bytes - b->link_rx_bytes, 248);
}

/* ---- what must not pass ----------------------------------------------- */

static void test_wrong_key(void **state)
{
	(void)state;
	rig_up(&rig);
	rig_set_key(&rig.server, DP_SLOT_PRIMARY, 2, PROTO_CIPHER_AES_256_GCM,
		    0);
	assert_true(refused_up(-EBADMSG));
	assert_true(refused(&rig.server, "10.8.0.1", "10.8.0.2", -EBADMSG));
}

static int feed(const uint8_t *data, size_t len)
{
	return dp_input(rig.server.dp, rig.server.udp, data, len,
			&rig.client.addr, NULL);
}

static void test_replay_and_malformed(void **state)
{
	uint8_t copy[RIG_PACKET_MAX];
	size_t len, i;

	(void)state;
	rig_up(&rig);
	catch_packet();
	len = rig.server.last_len;
	memcpy(copy, rig.server.last, len);
	/* every shorter one is refused, whatever it is */
	for (i = 0; i < len; i++)
		assert_true(feed(copy, i) < 0);
	assert_int_equal(feed(copy, 24), -EINVAL);
	copy[0] ^= 0x01;
	assert_int_equal(feed(copy, len), -ENOKEY);
	copy[0] = 0x38;
	assert_int_equal(feed(copy, len), -EINVAL);
	/* without a peer id its sender is known by the address */
	copy[0] = 0x30;
	assert_int_equal(feed(copy, len), -EBADMSG);
	assert_int_equal(dp_input(rig.server.dp, rig.server.udp, copy, len,
				  &rig.server.addr, NULL), -ENOENT);
	copy[0] = 0x48;
	copy[3] ^= 0x40;
	assert_int_equal(feed(copy, len), -ENOENT);
	copy[3] ^= 0x40;
	copy[len - 1] ^= 1;
	assert_int_equal(feed(copy, len), -EBADMSG);
	copy[len - 1] ^= 1;
	assert_int_equal(feed(copy, len), 0);
	assert_int_equal(feed(copy, len), -EALREADY);
}

/* With both slots full, a key id that is in neither of them has no key. */
static void test_unknown_key_id(void **state)
{
	(void)state;
	rig_up(&rig);
	rig_set_key(&rig.server, DP_SLOT_SECONDARY, 2,
		    PROTO_CIPHER_AES_256_GCM, 1);
	catch_packet();
	rig.server.last[0] ^= 5;
	assert_int_equal(feed(rig.server.last, rig.server.last_len), -ENOKEY);
	rig.server.last[0] ^= 5 ^ 1;
	assert_int_equal(feed(rig.server.last, rig.server.last_len), -EBADMSG);
	rig.server.last[0] ^= 1;
	assert_int_equal(feed(rig.server.last, rig.server.last_len), 0);
}

/* A client may send from its own addresses only. */
static void test_source(void **state)
{
	(void)state;
	rig_up(&rig);
	assert_true(refused(&rig.client, "10.8.0.99", "10.8.0.1",
			    -EADDRNOTAVAIL));
	assert_true(refused(&rig.client, "fd00::99", "fd00::1",
			    -EADDRNOTAVAIL));
	assert_true(goes_up());
	/* and nothing goes to addresses that nobody has */
	assert_true(stays(&rig.server, "10.8.0.1", "10.8.0.99"));
}

static struct net_prefix prefix(const char *text)
{
	struct net_prefix out;

	assert_int_equal(net_prefix_parse(text, &out), 0);
	return out;
}

/* Networks behind a client: the longest prefix says whose an address is. */
static void test_prefixes(void **state)
{
	struct dp_peer other = {
		.id = 7, .tx_id = 7,
		.vpn4 = rig_ip("10.8.0.7"), .vpn6 = rig_ip("fd00::7"),
	};
	struct net_prefix wide = prefix("10.1.0.0/16");
	struct net_prefix narrow = prefix("10.1.2.0/24");
	struct net_prefix six = prefix("fd00:1::/48"), all = prefix("0.0.0.0/0");
	struct dp *dp;

	(void)state;
	rig_up(&rig);
	dp = rig.server.dp;
	other.fd = rig.server.udp;
	other.remote = rig.client.addr;
	net_addr_set_port(&other.remote, 1);
	assert_int_equal(dp_peer_add(dp, &other), 0);
	assert_true(stays(&rig.server, "10.8.0.1", "10.1.9.9"));
	assert_int_equal(dp_prefix_add(dp, RIG_PEER_ID, &wide), 0);
	assert_int_equal(dp_prefix_add(dp, RIG_PEER_ID, &six), 0);
	assert_int_equal(dp_prefix_add(dp, 99, &wide), -ENOENT);
	assert_int_equal(dp_prefix_add(dp, 7, &wide), -EADDRINUSE);
	assert_true(goes(&rig.server, "10.8.0.1", "10.1.9.9", 100));
	assert_true(goes(&rig.server, "10.8.0.1", "10.1.200.9", 100));
	assert_true(goes(&rig.client, "10.1.2.3", "10.8.0.1", 100));
	assert_true(goes(&rig.server, "fd00::1", "fd00:1::5", 100));
	assert_true(goes(&rig.client, "fd00:1::5", "fd00::1", 100));
	/* a part of it is the other's */
	assert_int_equal(dp_prefix_add(dp, 7, &narrow), 0);
	assert_true(stays(&rig.server, "10.8.0.1", "10.1.2.3"));
	assert_true(refused(&rig.client, "10.1.2.3", "10.8.0.1",
			    -EADDRNOTAVAIL));
	assert_true(goes(&rig.server, "10.8.0.1", "10.1.3.3", 100));
	assert_int_equal(dp_prefix_del(dp, RIG_PEER_ID, &narrow), -ENOENT);
	assert_int_equal(dp_prefix_del(dp, 7, &narrow), 0);
	assert_true(goes(&rig.server, "10.8.0.1", "10.1.2.3", 100));
	/* everything, but not another client's own address */
	assert_int_equal(dp_prefix_add(dp, RIG_PEER_ID, &all), 0);
	assert_true(goes(&rig.server, "10.8.0.1", "192.0.2.77", 100));
	assert_true(refused(&rig.client, "10.8.0.7", "10.8.0.1",
			    -EADDRNOTAVAIL));
	/* they go with the peer */
	assert_int_equal(dp_peer_del(dp, RIG_PEER_ID), 0);
	assert_int_equal(dp_prefix_add(dp, 7, &wide), 0);
	assert_int_equal(dp_prefix_add(dp, 7, &six), 0);
	assert_int_equal(dp_prefix_add(dp, 7, &all), 0);
}

static void test_peer_errors(void **state)
{
	struct dp_peer peer = {
		.id = RIG_PEER_ID, .tx_id = RIG_PEER_ID,
		.vpn4 = { .family = AF_INET },
	};
	union net_addr none = { 0 };
	uint8_t material[RIG_MATERIAL];
	struct dp_key key = rig_key(material, 1, PROTO_CIPHER_AES_128_GCM, 0,
				    false);
	struct dp *dp;

	(void)state;
	rig_up(&rig);
	dp = rig.server.dp;
	peer.fd = rig.server.udp;
	peer.remote = rig.client.addr;
	assert_int_equal(dp_peer_add(dp, &peer), -EEXIST);
	peer.id = 4;
	peer.vpn4 = rig_ip("10.8.0.2");
	assert_int_equal(dp_peer_add(dp, &peer), -EADDRINUSE);
	peer.vpn4.family = AF_UNSPEC;
	assert_int_equal(dp_peer_add(dp, &peer), -EINVAL);
	peer.vpn6 = rig_ip("fd00::2");
	assert_int_equal(dp_peer_add(dp, &peer), -EADDRINUSE);
	peer.vpn6 = rig_ip("fd00::3");
	peer.is_tcp = true;
	assert_int_equal(dp_peer_add(dp, &peer), -EINVAL);
	peer.is_tcp = false;
	peer.fd = rig.server.tun;
	assert_int_equal(dp_peer_add(dp, &peer), -ENOTSOCK);
	peer.fd = rig.server.udp;
	peer.id = 0x1000000;
	assert_int_equal(dp_peer_add(dp, &peer), -EINVAL);
	assert_int_equal(dp_peer_del(dp, 77), -ENOENT);
	assert_int_equal(dp_key_set(dp, 77, DP_SLOT_PRIMARY, &key), -ENOENT);
	assert_int_equal(dp_key_swap(dp, 77), -ENOENT);
	assert_int_equal(dp_peer_set_keepalive(dp, 77, 1, 2), -ENOENT);
	assert_int_equal(dp_peer_set_remote(dp, RIG_PEER_ID, &none, NULL),
			 -EINVAL);
	key.recv.cipher_key_len = 32;
	assert_int_equal(dp_key_set(dp, RIG_PEER_ID, DP_SLOT_PRIMARY, &key),
			 -EINVAL);
	assert_string_equal(dp_name(dp), "user");
}

/* ---- keys ------------------------------------------------------------ */

static void test_rotation(void **state)
{
	struct dp_peer_info info;

	(void)state;
	rig_up(&rig);
	rig_set_keys(&rig, DP_SLOT_SECONDARY, 2, PROTO_CIPHER_CHACHA20_POLY1305,
		     1);
	assert_true(goes_up());
	assert_true(goes_down());
	/* one side is ahead: both keys are in use at once */
	assert_int_equal(dp_key_swap(rig.server.dp, RIG_PEER_ID), 0);
	info = info_of(&rig.server);
	assert_int_equal(info.primary_key, 1);
	assert_int_equal(info.secondary_key, 0);
	assert_true(goes_up());
	assert_true(goes_down());
	assert_int_equal(dp_key_swap(rig.client.dp, RIG_PEER_ID), 0);
	assert_true(goes_up());
	assert_int_equal(dp_key_del(rig.server.dp, RIG_PEER_ID,
				    DP_SLOT_SECONDARY), 0);
	info = info_of(&rig.server);
	assert_int_equal(info.secondary_key, -1);
	assert_true(goes_up());
	assert_int_equal(dp_key_swap(rig.client.dp, RIG_PEER_ID), 0);
	assert_true(refused_up(-ENOKEY));
}

static void test_exhaustion(void **state)
{
	struct user_peer *peer;
	struct user_key *key;

	(void)state;
	rig_up(&rig);
	peer = user_find_id(user_get(rig.client.dp), RIG_PEER_ID);
	key = &peer->key[peer->primary];
	key->seal.next = USERDP_PID_SOFT - 20;
	assert_true(goes_up());
	assert_int_equal(rig.client.n_exhausted, 0);
	key->seal.next = USERDP_PID_SOFT;
	assert_true(goes_up());
	assert_true(goes_up());
	assert_int_equal(rig.client.n_exhausted, 1);
	assert_int_equal(rig.client.exhausted_key, 0);
	key->seal.next = USERDP_PID_END - 1;
	assert_int_equal(dp_send_occ(rig.client.dp, RIG_PEER_ID,
				     PROTO_OCC_REQUEST), 0);
	assert_int_equal(dp_send_occ(rig.client.dp, RIG_PEER_ID,
				     PROTO_OCC_REQUEST), -ENOKEY);
	assert_true(stays_up());
	/* a new key begins at 1 */
	rig_set_key(&rig.client, DP_SLOT_PRIMARY, 3, PROTO_CIPHER_AES_128_GCM,
		    2);
	rig_set_key(&rig.server, DP_SLOT_PRIMARY, 3, PROTO_CIPHER_AES_128_GCM,
		    2);
	assert_true(goes_up());
}

/* The same by what a key of AES-GCM has carried, in either direction. */
static void test_usage(void **state)
{
	struct user_peer *peer;
	struct user_key *key;

	(void)state;
	rig_up(&rig);
	peer = user_find_id(user_get(rig.client.dp), RIG_PEER_ID);
	key = &peer->key[peer->primary];
	assert_true(goes_up());
	assert_int_equal(rig.client.n_exhausted, 0);
	key->open.usage = USERDP_USAGE_SOFT;
	assert_true(goes_down());
	assert_true(goes_up());
	assert_int_equal(rig.client.n_exhausted, 1);
	key->is_soft_told = false;
	key->open.usage = 0;
	key->seal.usage = USERDP_USAGE_SOFT;
	assert_true(goes_up());
	assert_int_equal(rig.client.n_exhausted, 2);
	key->seal.usage = USERDP_USAGE_MAX;
	assert_true(goes_up());
	assert_true(stays_up());
}

/* ---- events ---------------------------------------------------------- */

static void test_float(void **state)
{
	uint8_t delayed[RIG_PACKET_MAX];
	struct dp_peer_info info;
	union net_addr old;
	size_t delayed_len;

	(void)state;
	rig_up(&rig);
	assert_true(goes_up());
	/* one packet stays behind on the way */
	catch_packet();
	rig.server.is_deaf = false;
	delayed_len = rig.server.last_len;
	memcpy(delayed, rig.server.last, delayed_len);
	/* the client moves */
	old = rig.client.addr;
	loop_io_free(rig.client.io);
	close(rig.client.udp);
	rig_listen(&rig.client, "127.0.0.9");
	user_find_id(user_get(rig.client.dp), RIG_PEER_ID)->dest.fd =
		rig.client.udp;
	assert_true(goes_up());
	assert_int_equal(rig.server.n_floated, 1);
	assert_true(net_addr_is_equal(&rig.server.floated_to,
				      &rig.client.addr));
	assert_true(goes_down());
	/* what comes late is delivered, but moves nothing */
	assert_int_equal(dp_input(rig.server.dp, rig.server.udp, delayed,
				  delayed_len, &old, NULL), 0);
	assert_int_equal(rig.server.n_floated, 1);
	info = info_of(&rig.server);
	assert_true(net_addr_is_equal(&info.remote, &rig.client.addr));
	/* and a forged packet moves nothing either */
	delayed[10] ^= 1;
	assert_int_equal(dp_input(rig.server.dp, rig.server.udp, delayed,
				  delayed_len, &old, NULL), -EBADMSG);
	assert_int_equal(rig.server.n_floated, 1);
}

/* Another socket of the server's: answers leave from there. */
static void test_float_socket(void **state)
{
	int second;

	(void)state;
	rig_up(&rig);
	assert_true(goes_up());
	assert_int_equal(rig.server.n_floated, 0);
	second = rig_udp("127.0.0.1", &rig.server.addr);
	catch_packet();
	assert_int_equal(dp_input(rig.server.dp, second, rig.server.last,
				  rig.server.last_len, &rig.client.addr,
				  &rig.server.addr), 0);
	rig.server.is_deaf = false;
	assert_int_equal(rig.server.n_floated, 1);
	assert_int_equal(rig.server.floated_by, second);
	assert_true(net_addr_is_equal(&rig.server.floated_to,
				      &rig.client.addr));
	assert_true(goes_down());
	assert_true(net_addr_is_equal(&rig.client.last_from,
				      &rig.server.addr));
	/* the client has followed, and stays there */
	assert_true(goes_down());
	assert_int_equal(rig.server.n_floated, 1);
	close(second);
}

static bool has_expired(void *arg)
{
	return ((struct rig_end *)arg)->n_deleted > 0;
}

static void test_keepalive(void **state)
{
	struct dp_peer_info info;

	(void)state;
	rig_up(&rig);
	/* 0 in either switches both off */
	assert_int_equal(dp_peer_set_keepalive(rig.server.dp, RIG_PEER_ID, 0,
					       9), 0);
	info = info_of(&rig.server);
	assert_int_equal(info.keepalive_timeout, 0);
	assert_int_equal(dp_peer_set_keepalive(rig.server.dp, RIG_PEER_ID, 1,
					       3), 0);
	assert_int_equal(dp_peer_set_keepalive(rig.client.dp, RIG_PEER_ID, 1,
					       3), 0);
	/* an idle pair stays, by its pings */
	rig_settle(&rig, 4300);
	assert_int_equal(rig.server.n_deleted, 0);
	assert_int_equal(rig.client.n_deleted, 0);
	info = info_of(&rig.server);
	assert_true(info.stats.link_rx_packets >= 2);
	assert_int_equal(info.stats.vpn_rx_packets, 0);
	/* without the other end it goes, once */
	assert_int_equal(dp_peer_del(rig.client.dp, RIG_PEER_ID), 0);
	assert_true(rig_run(&rig, has_expired, &rig.server, 10000));
	assert_int_equal(rig.server.reason, DP_DEL_EXPIRED);
	assert_int_equal(dp_peer_get(rig.server.dp, RIG_PEER_ID, &info),
			 -ENOENT);
	rig_settle(&rig, 200);
	assert_int_equal(rig.server.n_deleted, 1);
	assert_int_equal(rig.client.n_deleted, 0);
}

/* A process that stood still reads what came meanwhile, before it judges. */
static void test_stall(void **state)
{
	(void)state;
	rig_up(&rig);
	assert_int_equal(dp_peer_set_keepalive(rig.server.dp, RIG_PEER_ID, 1,
					       2), 0);
	assert_int_equal(dp_send_occ(rig.client.dp, RIG_PEER_ID,
				     PROTO_OCC_REQUEST), 0);
	usleep(3000000);
	rig_settle(&rig, 1000);
	assert_int_equal(rig.server.n_deleted, 0);
	assert_true(rig_run(&rig, has_expired, &rig.server, 10000));
}

static bool has_exit(void *arg)
{
	return ((struct rig_end *)arg)->n_exit > 0;
}

static void test_occ(void **state)
{
	(void)state;
	rig_up(&rig);
	rig.server.last_ret = 1;
	assert_int_equal(dp_send_occ(rig.client.dp, RIG_PEER_ID,
				     PROTO_OCC_REQUEST), 0);
	assert_true(rig_run(&rig, has_datagram, &rig.server, GOES_MS));
	assert_int_equal(rig.server.n_exit, 0);
	assert_int_equal(rig.server.last_ret, 0);
	assert_int_equal(dp_send_occ(rig.client.dp, RIG_PEER_ID,
				     PROTO_OCC_EXIT), 0);
	assert_true(rig_run(&rig, has_exit, &rig.server, GOES_MS));
	assert_int_equal(dp_send_occ(rig.client.dp, 77, PROTO_OCC_EXIT),
			 -ENOENT);
}

static void test_free_in_event(void **state)
{
	(void)state;
	rig_up(&rig);
	rig.server.is_freed_by_exit = true;
	assert_int_equal(dp_send_occ(rig.client.dp, RIG_PEER_ID,
				     PROTO_OCC_EXIT), 0);
	assert_true(rig_run(&rig, has_exit, &rig.server, GOES_MS));
	assert_null(rig.server.dp);
	rig_settle(&rig, 20);
}

/* ---- many peers ------------------------------------------------------ */

static int count_peer(void *arg, const struct dp_peer_info *info)
{
	(void)info;
	++*(unsigned int *)arg;
	return 0;
}

#define MANY	3000u

static void test_many_peers(void **state)
{
	struct net_prefix net4, net6;
	struct dp_peer peer = { 0 };
	unsigned int n = 0, i;

	(void)state;
	rig_up(&rig);
	assert_int_equal(net_prefix_parse("10.9.0.0/16", &net4), 0);
	assert_int_equal(net_prefix_parse("fd01::/64", &net6), 0);
	peer.fd = rig.server.udp;
	peer.remote = rig.client.addr;
	for (i = 0; i < MANY; i++) {
		peer.id = peer.tx_id = 100 + i;
		net_prefix_nth(&net4, i, &peer.vpn4);
		net_prefix_nth(&net6, i, &peer.vpn6);
		assert_int_equal(dp_peer_add(rig.server.dp, &peer), 0);
	}
	dp_peer_list(rig.server.dp, count_peer, &n);
	assert_int_equal(n, MANY + 1);
	/* adding may have taken long: let the loop look at its clock */
	rig_settle(&rig, 1);
	assert_true(goes_up());
	assert_true(goes_down());
	for (i = 0; i < MANY; i += 2)
		assert_int_equal(dp_peer_del(rig.server.dp, 100 + i), 0);
	n = 0;
	dp_peer_list(rig.server.dp, count_peer, &n);
	assert_int_equal(n, MANY / 2 + 1);
	assert_true(goes_down());
}

/* A client's new peer takes the place of the old one. */
/* Ids of peers apart are others on the wire. */
static void test_apart(void **state)
{
	struct dp_peer peer = {
		.id = RIG_PEER_ID, .tx_id = RIG_PEER_ID | DP_ID_APART,
	};

	(void)state;
	rig_up(&rig);
	peer.fd = rig.client.udp;
	peer.remote = rig.server.addr;
	assert_int_equal(dp_peer_add(rig.client.dp, &peer), 0);
	rig_set_key(&rig.client, DP_SLOT_PRIMARY, 1,
		    PROTO_CIPHER_AES_256_GCM, 0);
	assert_true(stays(&rig.client, "10.8.0.2", "10.8.0.1"));
	user_get(rig.server.dp)->id_mask &= ~DP_ID_APART;
	assert_true(goes(&rig.client, "10.8.0.2", "10.8.0.1", 100));
}

static void test_p2p_replaces(void **state)
{
	struct dp_peer peer = { .id = 8, .tx_id = RIG_PEER_ID };
	struct dp_peer_info info;

	(void)state;
	rig_up(&rig);
	peer.fd = rig.client.udp;
	peer.remote = rig.server.addr;
	assert_int_equal(dp_peer_add(rig.client.dp, &peer), 0);
	assert_int_equal(dp_peer_get(rig.client.dp, RIG_PEER_ID, &info),
			 -ENOENT);
	assert_int_equal(dp_peer_get(rig.client.dp, 8, &info), 0);
	assert_int_equal(rig.client.n_deleted, 0);
	assert_true(stays_up());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_traffic),
		TEST(test_plain_device),
		TEST(test_ciphers),
		TEST(test_wire),
		TEST(test_transports),
		TEST(test_local_address),
		TEST(test_stats),
		TEST(test_wrong_key),
		TEST(test_replay_and_malformed),
		TEST(test_unknown_key_id),
		TEST(test_source),
		TEST(test_prefixes),
		TEST(test_peer_errors),
		TEST(test_rotation),
		TEST(test_exhaustion),
		TEST(test_usage),
		TEST(test_float),
		TEST(test_float_socket),
		TEST(test_keepalive),
		TEST(test_stall),
		TEST(test_occ),
		TEST(test_free_in_event),
		TEST(test_many_peers),
		TEST(test_apart),
		TEST(test_p2p_replaces),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
