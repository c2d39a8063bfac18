// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The userspace data path under load: super-packets through both halves of it,
 * sockets that take no more, devices that go away.
 */
#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <cmocka.h>

#include "dp_rig.h"
#include "dp/user.h"
#include "userdp/private.h"
#include "userdp_packet.h"

#define GOES_MS		20000	/* on a very busy machine */

static struct rig rig;
static uint8_t data[USERDP_VNET_LEN + PACKET_CAP];
static uint8_t *const pkt = data + USERDP_VNET_LEN;
static uint8_t got[USERDP_VNET_LEN + PACKET_CAP];

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

/* Only raw packet sockets have an offload header; a TUN has no other one. */
static void packet_vnet(struct rig_end *end)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = end->ifindex,
	};
	int on = 1;

	close(end->packet);
	end->packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC |
			     SOCK_NONBLOCK, htons(ETH_P_ALL));
	assert_true(end->packet >= 0);
	assert_int_equal(setsockopt(end->packet, SOL_PACKET, PACKET_VNET_HDR,
				    &on, sizeof(on)), 0);
	assert_int_equal(bind(end->packet, (struct sockaddr *)&addr,
			      sizeof(addr)), 0);
}

static void up(void)
{
	rig_up(&rig);
	packet_vnet(&rig.client);
	packet_vnet(&rig.server);
}

/* A super-packet leaves through the client's device. */
static size_t send_super(const struct packet_spec *spec, uint16_t size)
{
	size_t len = packet_make(spec, pkt), ip = packet_ip_len(pkt);
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_ifindex = rig.client.ifindex,
	};
	struct userdp_vnet vnet = {
		.flags = VNET_NEEDS_CSUM,
		.gso_type = spec->is_udp ? VNET_GSO_UDP_L4 :
			    spec->is_ip6 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4,
		.hdr_len = (uint16_t)packet_head_len(pkt),
		.gso_size = size,
		.csum_start = (uint16_t)ip,
		.csum_offset = spec->is_udp ? UDP_SUM : TCP_SUM,
	};

	packet_be16(packet_check(pkt), 0);
	packet_be16(packet_check(pkt), 0);
	userdp_sum_put(packet_check(pkt),
		       userdp_fold(userdp_sum_pseudo(pkt, spec->is_udp ?
						     IPPROTO_UDP :
						     IPPROTO_TCP) +
				   userdp_sum16(len - ip)));
	userdp_vnet_write(&vnet, data);
	addr.sll_protocol = htons(spec->is_ip6 ? ETH_P_IPV6 : ETH_P_IP);
	assert_int_equal(sendto(rig.client.packet, data, USERDP_VNET_LEN + len,
				0, (struct sockaddr *)&addr, sizeof(addr)),
			 USERDP_VNET_LEN + len);
	return len;
}

/* One more packet at the server's device; 0 when there is none. */
static size_t take(void)
{
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	ssize_t n;

	do {
		n = recvfrom(rig.server.packet, got, sizeof(got), 0,
			     (struct sockaddr *)&from, &len);
	} while (n >= 0 && from.sll_pkttype == PACKET_OUTGOING);
	return n < 0 ? 0 : (size_t)n;
}

static size_t taken;

static bool has_taken(void *arg)
{
	(void)arg;
	if (!taken)
		taken = take();
	return taken > 0;
}

struct super {
	const char *name;
	struct packet_spec spec;
	uint16_t size;
	unsigned int n;
};

static const struct super supers[] = {
	{ "TCP", { .payload = 40 * 1300 + 77, .n_options = 12 }, 1300, 41 },
	{ "TCP over IPv6", { .payload = 20 * 1280, .is_ip6 = true }, 1280, 20 },
	{ "UDP", { .payload = 30 * 1200 + 5, .is_udp = true }, 1200, 31 },
	{ "UDP over IPv6", { .payload = 6 * 1000, .is_udp = true,
			     .is_ip6 = true }, 1000, 6 },
};

/* In one piece, as datagrams, and in one piece again. */
static void test_super(void **state)
{
	struct dp_peer_info info;
	struct userdp_vnet vnet;
	size_t i, len;

	(void)state;
	up();
	if (!user_get(rig.client.dp)->tun.has_uso)
		print_message("# this kernel has no USO\n");
	for (i = 0; i < sizeof(supers) / sizeof(*supers); i++) {
		print_message("# %s\n", supers[i].name);
		rig.server.n_datagrams = 0;
		taken = 0;
		len = send_super(&supers[i].spec, supers[i].size);
		assert_true(rig_run(&rig, has_taken, NULL, GOES_MS));
		assert_int_equal(rig.server.n_datagrams, supers[i].n);
		userdp_vnet_read(&vnet, got);
		assert_int_equal(taken, USERDP_VNET_LEN + len);
		assert_int_equal(vnet.gso_size, supers[i].size);
		/* but for the checksum it is what was sent */
		packet_finish(pkt, len);
		packet_finish(got + USERDP_VNET_LEN, len);
		assert_memory_equal(got + USERDP_VNET_LEN, pkt, len);
	}
	assert_int_equal(dp_peer_get(rig.server.dp, RIG_PEER_ID, &info), 0);
	assert_int_equal(info.stats.vpn_rx_packets, 41 + 20 + 31 + 6);
	assert_int_equal(dp_peer_get(rig.client.dp, RIG_PEER_ID, &info), 0);
	assert_int_equal(info.stats.vpn_tx_packets, 41 + 20 + 31 + 6);
	assert_int_equal(info.stats.link_tx_packets, 41 + 20 + 31 + 6);
}

/* Segments of several super-packets share runs only with their equals. */
static void test_mixed(void **state)
{
	static const struct packet_spec a = { .payload = 5000, .sport = 1 };
	static const struct packet_spec b = { .payload = 3500, .sport = 2 };
	unsigned int n = 0;

	(void)state;
	up();
	send_super(&a, 1000);
	send_super(&b, 700);
	send_super(&a, 1000);
	while (n < 3) {
		taken = 0;
		assert_true(rig_run(&rig, has_taken, NULL, GOES_MS));
		n++;
	}
	assert_int_equal(rig.server.n_datagrams, 15);
	assert_int_equal(rig.server.last_ret, 0);
}

/* Where the way does not take runs, datagrams go one by one. */
static void test_no_runs(void **state)
{
	static const struct packet_spec spec = { .payload = 9 * 1300 };
	struct ifreq ifr = { .ifr_name = "lo", .ifr_mtu = 1280 };
	struct user_peer *peer;
	int i;

	(void)state;
	up();
	assert_int_equal(ioctl(rig.client.udp, SIOCSIFMTU, &ifr), 0);
	i = IP_PMTUDISC_DONT;
	assert_int_equal(setsockopt(rig.client.udp, IPPROTO_IP,
				    IP_MTU_DISCOVER, &i, sizeof(i)), 0);
	for (i = 0; i < 2; i++) {
		taken = 0;
		send_super(&spec, 1300);
		assert_true(rig_run(&rig, has_taken, NULL, GOES_MS));
	}
	assert_int_equal(rig.server.n_datagrams, 18);
	peer = user_find_id(user_get(rig.client.dp), RIG_PEER_ID);
	assert_true(peer->dest.run_max < 1340 + 24);
	assert_int_equal(user_get(rig.client.dp)->tx.lost, 0);
}

/* On a kernel that breaks equal runs each ends with a ping. */
static void test_tail(void **state)
{
	static const struct packet_spec spec = { .payload = 50 * 1000 };
	struct dp_peer_info info;

	(void)state;
	up();
	user_get(rig.client.dp)->tx.needs_tail = true;
	taken = 0;
	send_super(&spec, 1000);
	assert_true(rig_run(&rig, has_taken, NULL, GOES_MS));
	/* two runs: 65000 bytes hold 61 datagrams of 1064 */
	assert_int_equal(rig.server.n_datagrams, 51);
	assert_int_equal(rig.server.last_len, PROTO_PING_LEN + 24);
	assert_int_equal(rig.server.last_ret, 0);
	assert_int_equal(dp_peer_get(rig.server.dp, RIG_PEER_ID, &info), 0);
	assert_int_equal(info.stats.vpn_rx_packets, 50);
	/* a short last segment is tail enough */
	taken = 0;
	rig.server.n_datagrams = 0;
	send_super(&(struct packet_spec){ .payload = 5500 }, 1000);
	assert_true(rig_run(&rig, has_taken, NULL, GOES_MS));
	assert_int_equal(rig.server.n_datagrams, 6);
}

/* A wake-up is bounded by bytes, and by frames: others have their turn. */
static void test_bounded(void **state)
{
	static const struct packet_spec spec = { .payload = 40 * 1000 };
	static const struct packet_spec small = { .payload = 10 };
	struct dp_user *user;
	unsigned int i, sent;

	(void)state;
	up();
	user = user_get(rig.client.dp);
	for (i = 0; i < 20; i++)
		send_super(&spec, 1000);
	user_tun_event(user->tun_io, LOOP_READABLE, user);
	sent = (unsigned int)user_find_first(user)->dest.packets;
	assert_true(sent >= 6 * 40 && sent <= 8 * 40);
	for (i = 0; i < 3; i++)
		user_tun_event(user->tun_io, LOOP_READABLE, user);
	assert_int_equal(user_find_first(user)->dest.packets, 20 * 40);
	for (i = 0; i < 200; i++)
		send_super(&small, 1000);
	user_tun_event(user->tun_io, LOOP_READABLE, user);
	assert_int_equal(user_find_first(user)->dest.packets,
			 20 * 40 + USER_BATCH_FRAMES);
}

static unsigned int expected;

static bool has_datagrams(void *arg)
{
	(void)arg;
	return rig.server.n_datagrams >= expected;
}

/* A key that ends inside a super-packet seals what it can, and no id twice. */
static void test_key_ends(void **state)
{
	static const struct packet_spec spec = { .payload = 40 * 1000 };
	struct user_peer *peer;

	(void)state;
	up();
	peer = user_find_first(user_get(rig.client.dp));
	peer->key[peer->primary].seal.next = USERDP_PID_END - 10;
	send_super(&spec, 1000);
	expected = 10;
	assert_true(rig_run(&rig, has_datagrams, NULL, GOES_MS));
	rig_settle(&rig, 20);
	assert_int_equal(rig.server.n_datagrams, 10);
	assert_int_equal(rig.client.n_exhausted, 1);
	assert_int_equal(peer->dest.packets, 10);
}

/* A connection that takes ten packets at a time. */
static unsigned int n_streamed;

static int stream_send(void *arg, const uint8_t *wire, size_t len)
{
	struct dp *to = arg;

	assert_int_equal(dp_input_stream(to, RIG_PEER_ID, wire, len), 0);
	return ++n_streamed % 10 ? 0 : 1;
}

static bool has_streamed(void *arg)
{
	(void)arg;
	return n_streamed >= expected;
}

/* When it stalls inside a super-packet, the rest of that waits. */
static void test_stream(void **state)
{
	static const struct packet_spec spec = {
		.payload = 24 * 50 + 7, .n_options = 40,
	};
	struct dp_peer peer = {
		.id = RIG_PEER_ID, .tx_id = RIG_PEER_ID, .fd = -1,
		.is_tcp = true,
	};
	struct dp_peer_info info;
	unsigned int n;

	(void)state;
	up();
	peer.stream = (struct dp_stream){ stream_send, rig.server.dp };
	assert_int_equal(dp_peer_add(rig.client.dp, &peer), 0);
	rig_set_key(&rig.client, DP_SLOT_PRIMARY, 1, PROTO_CIPHER_AES_256_GCM,
		    0);
	n_streamed = 0;
	/* segments smaller than their headers, which are written over them */
	send_super(&spec, 50);
	for (n = 10; n <= 20; n += 10) {
		expected = n;
		assert_true(rig_run(&rig, has_streamed, NULL, GOES_MS));
		assert_int_equal(n_streamed, n);
		assert_true(user_get(rig.client.dp)->has_frame);
		dp_stream_ready(rig.client.dp, RIG_PEER_ID);
	}
	assert_int_equal(n_streamed, 25);
	assert_false(user_get(rig.client.dp)->has_frame);
	assert_int_equal(dp_peer_get(rig.server.dp, RIG_PEER_ID, &info), 0);
	assert_int_equal(info.stats.vpn_rx_packets, 25);
	/* the last byte of the last segment has not been overwritten */
	for (n = 0; take(); n++)
		assert_int_equal(packet_l4_sum(got + USERDP_VNET_LEN,
				packet_get16(got + USERDP_VNET_LEN + 2)),
				 0xffff);
	assert_int_equal(n, 25);
}

/* ---- sockets and devices that fail ----------------------------------- */

static void command(const char *words)
{
	assert_int_equal(system(words), 0);
}

static bool is_blocked(void *arg)
{
	(void)arg;
	return user_get(rig.client.dp)->tx_io != NULL;
}

#define MANY	6u

static unsigned int n_taken;

static bool has_all(void *arg)
{
	(void)arg;
	while (take())
		n_taken++;
	return rig.server.n_datagrams == MANY * 41;
}

/* A slow interface with a long queue: the socket's buffer fills up. */
static void slow_down(void)
{
	int size = 4096;

	command("tc qdisc add dev lo root tbf rate 2mbit burst 8k latency 20s");
	assert_int_equal(setsockopt(rig.client.udp, SOL_SOCKET, SO_SNDBUF,
				    &size, sizeof(size)), 0);
}

/* Nothing is lost when the socket takes no more: the device waits. */
static void test_queue_full(void **state)
{
	static const struct packet_spec spec = { .payload = 40 * 1000 + 1 };
	unsigned int i;

	(void)state;
	up();
	slow_down();
	for (i = 0; i < MANY; i++) {
		send_super(&spec, 1000);
		if (i == MANY / 2)
			assert_true(rig_run(&rig, is_blocked, NULL, GOES_MS));
	}
	assert_true(rig_run(&rig, has_all, NULL, 4 * GOES_MS));
	assert_int_equal(user_get(rig.client.dp)->tx.lost, 0);
	assert_false(is_blocked(NULL));
	assert_false(user_get(rig.client.dp)->has_frame);
}

/* A peer that goes meanwhile takes its datagrams along, nothing else. */
static void test_queue_peer_gone(void **state)
{
	static const struct packet_spec spec = { .payload = 40 * 1000 + 1 };
	unsigned int i;

	(void)state;
	up();
	slow_down();
	for (i = 0; i < 4; i++)
		send_super(&spec, 1000);
	assert_true(rig_run(&rig, is_blocked, NULL, GOES_MS));
	assert_int_equal(dp_peer_del(rig.client.dp, RIG_PEER_ID), 0);
	assert_false(is_blocked(NULL));
	assert_true(user_get(rig.client.dp)->tx.lost > 0);
	rig_settle(&rig, 300);
	assert_int_equal(dp_peer_del(rig.server.dp, RIG_PEER_ID), 0);
	command("tc qdisc del dev lo root");
	rig_peers(&rig);
	rig_set_key(&rig.server, DP_SLOT_PRIMARY, 2, PROTO_CIPHER_AES_256_GCM,
		    1);
	rig_set_key(&rig.client, DP_SLOT_PRIMARY, 2, PROTO_CIPHER_AES_256_GCM,
		    1);
	while (take())
		;
	taken = 0;
	send_super(&spec, 1000);
	assert_true(rig_run(&rig, has_taken, NULL, GOES_MS));
}

/* Freed while datagrams wait. */
static void test_queue_freed(void **state)
{
	static const struct packet_spec spec = { .payload = 40 * 1000 + 1 };
	unsigned int i;

	(void)state;
	up();
	slow_down();
	for (i = 0; i < 4; i++)
		send_super(&spec, 1000);
	assert_true(rig_run(&rig, is_blocked, NULL, GOES_MS));
	dp_free(rig.client.dp);
	rig.client.dp = NULL;
	rig_settle(&rig, 50);
}

/* The way to the peer is no good for a while, in three ways. */
static void test_socket_errors(void **state)
{
	static const char *const dead[] = {
		/* refused, no route, not allowed */
		"127.0.0.1", "203.0.113.1", "255.255.255.255",
	};
	static const struct packet_spec spec = { .payload = 10 * 1000 };
	union net_addr to;

	(void)state;
	up();
	for (size_t i = 0; i < sizeof(dead) / sizeof(*dead); i++) {
		assert_int_equal(net_addr_parse(dead[i], 9, &to), 0);
		assert_int_equal(dp_peer_set_remote(rig.client.dp, RIG_PEER_ID,
						    &to, NULL), 0);
		for (int n = 0; n < 3; n++) {
			send_super(&spec, 1000);
			rig_settle(&rig, 20);
		}
		assert_false(is_blocked(NULL));
		/* what is refused has been sent */
		assert_int_equal(user_get(rig.client.dp)->tx.lost, 30 * i);
		assert_int_equal(dp_peer_set_remote(rig.client.dp, RIG_PEER_ID,
						    &rig.server.addr, NULL), 0);
		while (take())
			;
		taken = 0;
		send_super(&spec, 1000);
		assert_true(rig_run(&rig, has_taken, NULL, GOES_MS));
	}
}

static void link_set(struct rig_end *end, const char *name, bool is_up)
{
	struct ifreq ifr = { .ifr_flags = is_up ? IFF_UP : 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	assert_int_equal(ioctl(end->udp, SIOCSIFFLAGS, &ifr), 0);
}

static bool has_lost(void *arg)
{
	return user_get(((struct rig_end *)arg)->dp)->merge.lost > 0;
}

/* The receiver's device is down for a while. */
static void test_device_down(void **state)
{
	static const struct packet_spec spec = { .payload = 40 * 1000 };

	(void)state;
	up();
	link_set(&rig.server, "tun-s", false);
	send_super(&spec, 1000);
	assert_true(rig_run(&rig, has_lost, &rig.server, GOES_MS));
	assert_int_equal(user_get(rig.server.dp)->merge.lost, 40);
	link_set(&rig.server, "tun-s", true);
	while (take())
		;
	taken = 0;
	send_super(&spec, 1000);
	assert_true(rig_run(&rig, has_taken, NULL, GOES_MS));
}

static double cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A device that was deleted: no packets, no spinning, and an orderly end. */
static void test_device_gone(void **state)
{
	static const struct packet_spec spec = { .payload = 40 * 1000 };
	double before;

	(void)state;
	up();
	send_super(&spec, 1000);
	command("ip link del tun-s");
	command("ip link del tun-c");
	before = cpu_seconds();
	rig_settle(&rig, 1000);
	assert_true(cpu_seconds() - before < 0.5);
	/* on a busy machine spinning costs less than that, but still reads */
	assert_true(user_get(rig.server.dp)->drops.malformed < 10);
	assert_true(user_get(rig.client.dp)->drops.malformed < 10);
	assert_int_equal(dp_send_occ(rig.client.dp, RIG_PEER_ID,
				     PROTO_OCC_REQUEST), 0);
	rig_settle(&rig, 20);
	assert_int_equal(rig.server.last_ret, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_super),
		TEST(test_mixed),
		TEST(test_no_runs),
		TEST(test_tail),
		TEST(test_bounded),
		TEST(test_key_ends),
		TEST(test_stream),
		TEST(test_queue_full),
		TEST(test_queue_peer_gone),
		TEST(test_queue_freed),
		TEST(test_socket_errors),
		TEST(test_device_down),
		TEST(test_device_gone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
