// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The userspace data path in three threads, with a TUN device of as many
 * queues. The host routes between clients, so that each packet goes through it
 * twice:
 *
 *	client i -UDP-> thread i % 3 -> tun-s -> thread j % 3 -UDP-> client j
 *
 * Clients are data paths of the main loop, with a socket pair for a device.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "dp_threads_rig.h"

#define THREADS		3
#define CLIENTS		6
#define WINDOW		24	/* packets of a flow that are on their way */
#define INNER_LEN	600

/**
 * struct flow - numbered packets from one client to another
 * @n_sent, @n_seen: how many; @want: the next number
 * @n_early: that came before an older one
 */
struct flow {
	uint32_t n_sent, n_seen, n_early, limit;
};

struct client {
	struct rig *rig;
	unsigned int index;
	struct dp *dp;
	int tun, inner;		/* the two ends of its device */
	struct loop_io *inner_io, *udp_io;
	int udp;
	union net_addr addr;
	struct flow to[CLIENTS];	/* from here */
};

/**
 * struct host - packets of the host itself, to one client at a time
 * @fd: their socket
 * @is_answered: one has come back, so that the flow has another queue
 */
struct host {
	int fd;
	struct flow flow;
	bool is_answered;
};

static struct {
	struct host host;
	struct rig rig;
	struct rig_end *end;
	int main_udp, thread_udp[THREADS];
	union net_addr thread_addr[THREADS];
	struct client clients[CLIENTS];
	unsigned int n_control;
} all;

/* ---- clients ----------------------------------------------------------- */

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* A UDP packet without a checksum of its own: 10.8.0.2+from to 10.8.0.2+to. */
static size_t inner_packet(uint8_t *out, unsigned int from, unsigned int to,
			   uint32_t number)
{
	uint32_t sum = 0;

	memset(out, 0, INNER_LEN);
	out[0] = 0x45;
	out[2] = INNER_LEN >> 8;
	out[3] = INNER_LEN & 0xff;
	out[6] = 0x40;
	out[8] = 64;
	out[9] = IPPROTO_UDP;
	memcpy(out + 12, (uint8_t[]){ 10, 8, 0, (uint8_t)(2 + from) }, 4);
	memcpy(out + 16, (uint8_t[]){ 10, 8, 0, (uint8_t)(2 + to) }, 4);
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(out[i] << 8 | out[i + 1]);
	out[10] = (uint8_t)(fold(sum) >> 8);
	out[11] = (uint8_t)fold(sum);
	out[21] = (uint8_t)(100 + from);
	out[20] = out[22] = 0x10;
	out[23] = (uint8_t)(100 + to);
	out[24] = (INNER_LEN - 20) >> 8;
	out[25] = (INNER_LEN - 20) & 0xff;
	memcpy(out + 28, &number, sizeof(number));
	return INNER_LEN;
}

static void flow_send(struct client *client, unsigned int to)
{
	struct flow *flow = &client->to[to];
	uint8_t pkt[INNER_LEN];
	size_t len;

	while (flow->n_sent < flow->limit &&
	       flow->n_sent - flow->n_seen < WINDOW) {
		len = inner_packet(pkt, client->index, to, flow->n_sent);
		if (send(client->inner, pkt, len, MSG_DONTWAIT) < 0)
			return;
		flow->n_sent++;
	}
}

static void host_send(void)
{
	struct flow *flow = &all.host.flow;
	uint8_t data[INNER_LEN - 28] = { 0 };

	while (flow->n_sent < flow->limit &&
	       flow->n_sent - flow->n_seen < 4 * WINDOW) {
		memcpy(data, &flow->n_sent, sizeof(flow->n_sent));
		if (send(all.host.fd, data, sizeof(data), MSG_DONTWAIT) < 0)
			return;
		flow->n_sent++;
	}
}

/* In the middle of the flow its first packet is answered. */
static void host_seen(struct client *client, const uint8_t *pkt)
{
	struct flow *flow = &all.host.flow;
	uint8_t back[INNER_LEN];
	uint32_t number;

	memcpy(&number, pkt + 28, sizeof(number));
	flow->n_early += number != flow->n_seen;
	flow->n_seen++;
	if (!all.host.is_answered && flow->n_seen > flow->limit / 2) {
		all.host.is_answered = true;
		memcpy(back, pkt, INNER_LEN);
		memcpy(back + 12, pkt + 16, 4);
		memcpy(back + 16, pkt + 12, 4);
		memcpy(back + 20, pkt + 22, 2);
		memcpy(back + 22, pkt + 20, 2);
		back[26] = back[27] = 0;
		assert_int_equal(send(client->inner, back, sizeof(back), 0),
				 sizeof(back));
	}
	host_send();
}

/* A packet has come through; a place in the window of its flow is free. */
static void client_inner(struct loop_io *io, unsigned int events, void *arg)
{
	struct client *client = arg;
	uint8_t pkt[RIG_PACKET_MAX];
	uint32_t number;

	(void)io;
	(void)events;
	while (recv(client->inner, pkt, sizeof(pkt), MSG_DONTWAIT) ==
	       INNER_LEN) {
		unsigned int from = pkt[15] - 2u;
		struct flow *flow;

		if (pkt[9] == IPPROTO_UDP && pkt[15] == 1) {
			host_seen(client, pkt);
			continue;
		}
		/* the host may say something of its own */
		if (pkt[9] != IPPROTO_UDP || from >= CLIENTS)
			continue;
		flow = &all.clients[from].to[client->index];
		memcpy(&number, pkt + 28, sizeof(number));
		flow->n_early += number != flow->n_seen;
		flow->n_seen++;
		flow_send(&all.clients[from], client->index);
	}
}

static void client_udp(struct loop_io *io, unsigned int events, void *arg)
{
	struct client *client = arg;
	uint8_t pkt[RIG_PACKET_MAX];
	union net_addr from;
	socklen_t len;
	ssize_t n;

	(void)io;
	(void)events;
	dp_batch_begin(client->dp);
	for (int i = 0; i < 64; i++) {
		len = sizeof(from);
		n = recvfrom(client->udp, pkt, sizeof(pkt), MSG_DONTWAIT,
			     &from.sa, &len);
		if (n < 0)
			break;
		dp_input(client->dp, client->udp, pkt, (size_t)n, &from, NULL);
	}
	dp_batch_end(client->dp);
}

static void client_socket(struct client *client)
{
	int room = 4 << 20;

	client->udp = rig_udp("127.0.0.1", &client->addr);
	setsockopt(client->udp, SOL_SOCKET, SO_RCVBUFFORCE, &room,
		   sizeof(room));
	client->udp_io = loop_io_new(all.rig.loop, client->udp, LOOP_READABLE,
				     client_udp, client);
	assert_non_null(client->udp_io);
}

static void set_key(struct dp *dp, uint32_t id, enum dp_slot slot,
		    uint8_t key_id, bool is_client)
{
	uint8_t material[RIG_MATERIAL];
	struct dp_key key = rig_key(material, (uint8_t)(id * 16 + key_id),
				    PROTO_CIPHER_AES_128_GCM, key_id,
				    is_client);

	assert_int_equal(dp_key_set(dp, id, slot, &key), 0);
}

static struct dp_peer server_peer(const struct client *client)
{
	char text[32];

	snprintf(text, sizeof(text), "10.8.0.%u", 2 + client->index);
	return (struct dp_peer){
		.id = client->index, .tx_id = client->index,
		.fd = all.main_udp, .remote = client->addr,
		.vpn4 = rig_ip(text), .occ = "V4,dev-type tun",
	};
}

static void client_open(unsigned int index)
{
	struct client *client = &all.clients[index];
	struct dp_config cfg = { .loop = all.rig.loop, .mode = DP_MODE_P2P,
				 .ifname = "pair", .mtu = 1500 };
	int pair[2], room = 1 << 20;
	struct dp_peer peer;

	client->rig = &all.rig;
	client->index = index;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK |
				    SOCK_CLOEXEC, 0, pair), 0);
	for (int i = 0; i < 2; i++)
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &room,
			   sizeof(room));
	client->tun = pair[0];
	client->inner = pair[1];
	client->inner_io = loop_io_new(all.rig.loop, client->inner,
				       LOOP_READABLE, client_inner, client);
	client_socket(client);
	cfg.tun_fd = client->tun;
	assert_int_equal(dp_user_new(&cfg, &client->dp), 0);
	peer = server_peer(client);
	assert_int_equal(dp_peer_add(all.end->dp, &peer), 0);
	peer.fd = client->udp;
	peer.remote = all.thread_addr[index % THREADS];
	assert_int_equal(dp_peer_add(client->dp, &peer), 0);
	set_key(all.end->dp, index, DP_SLOT_PRIMARY, 0, false);
	set_key(client->dp, index, DP_SLOT_PRIMARY, 0, true);
}

static void client_close(struct client *client)
{
	dp_free(client->dp);
	loop_io_free(client->inner_io);
	loop_io_free(client->udp_io);
	close(client->inner);
	close(client->udp);
}

/* ---- the server -------------------------------------------------------- */

static void server_control(void *arg, int fd, const uint8_t *pkt, size_t len,
			   const union net_addr *remote,
			   const union net_addr *local)
{
	(void)arg;
	(void)local;
	assert_int_equal(fd, all.main_udp);
	assert_int_equal(len, 5);
	assert_int_equal(pkt[0], 0x38);
	assert_int_not_equal(net_addr_port(remote), 0);
	all.n_control++;
}

static void server_open(unsigned int threads, int flags)
{
	static struct dp_events events;
	struct dp_config cfg = {
		.loop = all.rig.loop, .mode = DP_MODE_MP, .ifname = "tun-s",
		.mtu = 1500, .threads = threads, .events = &events,
		.arg = all.end,
	};
	int room = 4 << 20;
	union net_addr addr;

	events = rig_events;
	events.control = server_control;
	all.end->rig = &all.rig;
	all.end->tun = netns_tun_with("tun-s", IFF_VNET_HDR | flags,
				      &all.end->ifindex);
	assert_true(all.end->tun >= 0);
	trig_route("tun-s");
	cfg.tun_fd = all.end->tun;
	cfg.ifindex = all.end->ifindex;
	assert_int_equal(dp_user_new(&cfg, &all.end->dp), 0);
	assert_int_equal(dp_threads(all.end->dp), threads);
	all.main_udp = rig_udp("127.0.0.1", &addr);
	for (unsigned int i = 0; i < threads; i++) {
		all.thread_udp[i] = rig_udp("127.0.0.1", &all.thread_addr[i]);
		setsockopt(all.thread_udp[i], SOL_SOCKET, SO_RCVBUFFORCE,
			   &room, sizeof(room));
	}
	assert_int_equal(dp_sockets_add(all.end->dp, all.main_udp,
					all.thread_udp), 0);
	assert_int_equal(dp_start(all.end->dp), 0);
}

static int open_all(int flags)
{
	if (netns_enter())
		return -1;
	memset(&all, 0, sizeof(all));
	rig_hush();
	all.rig.loop = loop_new();
	all.rig.guard = loop_timer_new(all.rig.loop, rig_late, &all.rig);
	all.end = &all.rig.server;
	server_open(THREADS, flags);
	for (unsigned int i = 0; i < CLIENTS; i++)
		client_open(i);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return open_all(IFF_MULTI_QUEUE);
}

/* A device that persists may have one queue, and the kernel may say no. */
static int setup_one_queue(void **state)
{
	(void)state;
	return open_all(0);
}

static int teardown(void **state)
{
	(void)state;
	dp_free(all.end->dp);
	for (unsigned int i = 0; i < CLIENTS; i++)
		client_close(&all.clients[i]);
	for (unsigned int i = 0; i < THREADS; i++)
		close(all.thread_udp[i]);
	close(all.main_udp);
	loop_timer_free(all.rig.guard);
	loop_free(all.rig.loop);
	return 0;
}

/* ---- traffic ----------------------------------------------------------- */

static void flows_start(uint32_t limit)
{
	for (unsigned int i = 0; i < CLIENTS; i++)
		for (unsigned int k = 0; k < CLIENTS; k++)
			if (k != i) {
				all.clients[i].to[k].limit += limit;
				flow_send(&all.clients[i], k);
			}
}

static bool flows_done(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < CLIENTS; i++)
		for (unsigned int k = 0; k < CLIENTS; k++)
			if (all.clients[i].to[k].n_seen <
			    all.clients[i].to[k].limit)
				return false;
	return true;
}

static void flows_check(void)
{
	for (unsigned int i = 0; i < CLIENTS; i++)
		for (unsigned int k = 0; k < CLIENTS; k++) {
			const struct flow *flow = &all.clients[i].to[k];

			if (flow->n_seen != flow->limit || flow->n_early)
				print_error("%u -> %u: %u of %u, %u early\n", i,
					    k, flow->n_seen, flow->limit,
					    flow->n_early);
		}
	assert_true(flows_done(NULL));
	for (unsigned int i = 0; i < CLIENTS; i++)
		for (unsigned int k = 0; k < CLIENTS; k++)
			assert_int_equal(all.clients[i].to[k].n_early, 0);
}

/* Each to each: nothing is lost, and the order of each flow is kept. */
static void test_each_to_each(void **state)
{
	struct dp_peer_info info;

	(void)state;
	flows_start(1000);
	rig_run(&all.rig, flows_done, NULL, 30000);
	flows_check();
	for (unsigned int i = 0; i < CLIENTS; i++) {
		assert_int_equal(dp_peer_get(all.end->dp, i, &info), 0);
		assert_int_equal(info.thread, 1 + i % THREADS);
		assert_string_equal(info.path, "user");
		assert_in_range(info.stats.vpn_rx_packets,
				1000 * (CLIENTS - 1), UINT32_MAX);
		assert_in_range(info.stats.vpn_tx_packets,
				1000 * (CLIENTS - 1), UINT32_MAX);
	}
}

static bool host_done(void *arg)
{
	(void)arg;
	return all.host.flow.n_seen == all.host.flow.limit &&
	       all.host.is_answered;
}

/*
 * Flows of the host come by whatever queue the kernel likes, until the first
 * answer: then by that of the client's thread. What is on the older way goes
 * first.
 */
static void test_moving_flows(void **state)
{
	union net_addr to;
	char text[32];

	(void)state;
	for (unsigned int i = 0; i < 60; i++) {
		memset(&all.host, 0, sizeof(all.host));
		snprintf(text, sizeof(text), "10.8.0.%u", 2 + i % CLIENTS);
		assert_int_equal(net_addr_parse(text, 5000, &to), 0);
		all.host.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(all.host.fd, &to.sa,
					 net_addr_len(&to)), 0);
		all.host.flow.limit = 1000;
		host_send();
		rig_run(&all.rig, host_done, NULL, 5000);
		close(all.host.fd);
		assert_int_equal(all.host.flow.n_seen, all.host.flow.limit);
		assert_true(all.host.is_answered);
		if (all.host.flow.n_early)
			fail_msg("flow %u: %u out of order", i,
				 all.host.flow.n_early);
	}
}

/* ---- while there is traffic -------------------------------------------- */

struct meddle {
	unsigned int round;
	bool is_done;
};

static int count_peer(void *arg, const struct dp_peer_info *info)
{
	(void)info;
	(*(unsigned int *)arg)++;
	return 0;
}

/* A peer that comes and goes, in the thread of its id. */
static void meddle_guest(unsigned int round)
{
	uint32_t id = 100 + round % THREADS;
	const struct net_prefix behind = {
		.ip = rig_ip("10.9.0.0"), .len = 24,
	};
	struct dp_peer peer = {
		.id = id, .tx_id = id, .fd = all.main_udp,
		.remote = all.clients[0].addr, .vpn4 = rig_ip("10.8.0.200"),
	};
	struct dp_peer twin = peer;

	assert_int_equal(dp_peer_add(all.end->dp, &peer), 0);
	assert_int_equal(dp_peer_add(all.end->dp, &peer), -EEXIST);
	/* of another thread, which knows whose the address is */
	twin.id = twin.tx_id = id + 1;
	assert_int_equal(dp_peer_add(all.end->dp, &twin), -EADDRINUSE);
	assert_int_equal(dp_prefix_add(all.end->dp, id, &behind), 0);
	assert_int_equal(dp_prefix_add(all.end->dp, 0, &behind), -EADDRINUSE);
	set_key(all.end->dp, id, DP_SLOT_PRIMARY, 1, false);
	assert_int_equal(dp_peer_set_keepalive(all.end->dp, id, 10, 60), 0);
	assert_int_equal(dp_peer_del(all.end->dp, id), 0);
	assert_int_equal(dp_peer_del(all.end->dp, id), -ENOENT);
	assert_int_equal(dp_prefix_del(all.end->dp, id, &behind), -ENOENT);
}

/* The next key: into use at both ends, one after the other. */
static void meddle_key(struct client *client, uint8_t key_id)
{
	set_key(all.end->dp, client->index, DP_SLOT_SECONDARY, key_id, false);
	set_key(client->dp, client->index, DP_SLOT_SECONDARY, key_id, true);
	assert_int_equal(dp_key_swap(all.end->dp, client->index), 0);
	assert_int_equal(dp_key_swap(client->dp, client->index), 0);
}

static void meddle_step(struct loop_timer *timer, void *arg)
{
	struct meddle *meddle = arg;
	struct client *client = &all.clients[meddle->round % CLIENTS];
	unsigned int n = 0;

	meddle_guest(meddle->round);
	meddle_key(client, (uint8_t)(1 + meddle->round / CLIENTS % 7));
	assert_int_equal(dp_peer_list(all.end->dp, count_peer, &n), 0);
	assert_int_equal(n, CLIENTS);
	if (++meddle->round == 4 * CLIENTS)
		meddle->is_done = true;
	else
		loop_timer_start(timer, 5);
}

static bool meddle_done(void *arg)
{
	return ((struct meddle *)arg)->is_done && flows_done(NULL);
}

/* Renegotiation and peers that come and go, under load. */
static void test_under_load(void **state)
{
	struct meddle meddle = { 0 };
	struct loop_timer *timer = loop_timer_new(all.rig.loop, meddle_step,
						  &meddle);

	(void)state;
	flows_start(1500);
	loop_timer_start(timer, 1);
	rig_run(&all.rig, meddle_done, &meddle, 40000);
	loop_timer_free(timer);
	assert_true(meddle.is_done);
	flows_check();
	assert_int_equal(all.end->n_deleted + all.end->n_exhausted +
			 all.end->n_resync, 0);
}

static bool has_floated(void *arg)
{
	return all.end->n_floated == *(unsigned int *)arg && flows_done(NULL);
}

/* A client moves: the main loop hears of it, with its own socket's number. */
static void test_float(void **state)
{
	struct client *client = &all.clients[4];
	struct dp_peer_info info;
	unsigned int n = 1;

	(void)state;
	flows_start(100);
	rig_run(&all.rig, flows_done, NULL, 10000);
	loop_io_free(client->udp_io);
	close(client->udp);
	client_socket(client);
	assert_int_equal(dp_peer_del(client->dp, 4), 0);
	{
		struct dp_peer peer = server_peer(client);

		peer.fd = client->udp;
		peer.remote = all.thread_addr[4 % THREADS];
		assert_int_equal(dp_peer_add(client->dp, &peer), 0);
	}
	/* the key that both have now, so that no packet id comes twice */
	set_key(all.end->dp, 4, DP_SLOT_PRIMARY, 5, false);
	set_key(client->dp, 4, DP_SLOT_PRIMARY, 5, true);
	client->to[1].limit += 100;
	flow_send(client, 1);
	assert_true(rig_run(&all.rig, has_floated, &n, 10000));
	assert_true(net_addr_is_equal(&all.end->floated_to, &client->addr));
	assert_int_equal(all.end->floated_by, all.main_udp);
	assert_int_equal(dp_peer_get(all.end->dp, 4, &info), 0);
	assert_true(net_addr_is_equal(&info.remote, &client->addr));
	flows_start(100);
	rig_run(&all.rig, flows_done, NULL, 10000);
	flows_check();
}

static bool has_heard(void *arg)
{
	(void)arg;
	return all.n_control == THREADS && flows_done(NULL);
}

/*
 * What comes by a socket where it does not belong: control packets to threads,
 * data to the main loop.
 */
static void test_strays(void **state)
{
	static const uint8_t control[5] = { 0x38, 1, 2, 3, 4 };
	struct client *client = &all.clients[5];
	struct dp_peer peer = server_peer(client);
	union net_addr main_addr;
	socklen_t len = sizeof(main_addr);

	(void)state;
	assert_int_equal(getsockname(all.main_udp, &main_addr.sa, &len), 0);
	all.end->udp = all.main_udp;
	all.end->io = loop_io_new(all.rig.loop, all.main_udp, LOOP_READABLE,
				  rig_udp_event, all.end);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(sendto(client->udp, control, sizeof(control),
					0, &all.thread_addr[i].sa,
					net_addr_len(&all.thread_addr[i])),
				 sizeof(control));
	assert_int_equal(dp_peer_set_remote(client->dp, peer.id, &main_addr,
					    NULL), 0);
	flows_start(200);
	assert_true(rig_run(&all.rig, has_heard, NULL, 20000));
	assert_in_range(all.end->n_datagrams, 1, UINT32_MAX);
	loop_io_free(all.end->io);
	flows_check();
}

static bool has_expired(void *arg)
{
	(void)arg;
	return all.end->n_deleted == 1;
}

static bool has_left(void *arg)
{
	(void)arg;
	return all.end->n_exit == 1;
}

/* Events of a peer, and none of one that has been replaced meanwhile. */
static void test_events(void **state)
{
	struct client *client = &all.clients[2];
	struct dp_peer peer = server_peer(client);
	struct dp_peer_info info;

	(void)state;
	assert_int_equal(dp_send_occ(client->dp, 2, PROTO_OCC_EXIT), 0);
	assert_true(rig_run(&all.rig, has_left, NULL, 5000));
	assert_int_equal(dp_peer_set_keepalive(all.end->dp, 2, 1, 1), 0);
	assert_true(rig_run(&all.rig, has_expired, NULL, 5000));
	assert_int_equal(all.end->reason, DP_DEL_EXPIRED);
	assert_int_equal(dp_peer_get(all.end->dp, 2, &info), -ENOENT);
	/* its address is free, also in the other threads */
	peer.id = peer.tx_id = 201;
	assert_int_equal(dp_peer_add(all.end->dp, &peer), 0);
	assert_int_equal(dp_peer_del(all.end->dp, 201), 0);
	/* the end of this one is told of when the next one is there */
	peer.id = peer.tx_id = 2;
	assert_int_equal(dp_peer_add(all.end->dp, &peer), 0);
	assert_int_equal(dp_peer_set_keepalive(all.end->dp, 2, 1, 1), 0);
	for (int i = 0; i < 500 && !dp_peer_get(all.end->dp, 2, &info); i++)
		usleep(10000);
	assert_int_equal(dp_peer_get(all.end->dp, 2, &info), -ENOENT);
	assert_int_equal(dp_peer_add(all.end->dp, &peer), 0);
	rig_settle(&all.rig, 50);
	assert_int_equal(all.end->n_deleted, 1);
	assert_int_equal(dp_peer_get(all.end->dp, 2, &info), 0);
}

/* Nothing is carried behind dp_stop(); everything else is as it was. */
static void test_stop(void **state)
{
	struct dp_peer_info info, then;

	(void)state;
	flows_start(100);
	rig_run(&all.rig, flows_done, NULL, 10000);
	flows_check();
	dp_stop(all.end->dp);
	assert_int_equal(dp_peer_get(all.end->dp, 0, &info), 0);
	all.clients[0].to[1].limit++;
	flow_send(&all.clients[0], 1);
	rig_settle(&all.rig, 100);
	assert_false(flows_done(NULL));
	assert_int_equal(dp_peer_get(all.end->dp, 0, &then), 0);
	assert_int_equal(info.stats.link_rx_packets,
			 then.stats.link_rx_packets);
	assert_int_equal(dp_start(all.end->dp), 0);
	rig_run(&all.rig, flows_done, NULL, 5000);
	flows_check();
}

/* Which queue the packets to a client came by: that of its thread. */
static void test_queues(void **state)
{
	const struct dp_threads *threads = (struct dp_threads *)all.end->dp;

	(void)state;
	assert_in_range(threads->steer, 0, INT32_MAX);
	flows_start(300);
	rig_run(&all.rig, flows_done, NULL, 10000);
	flows_check();
	/* so nothing went through a ring */
	for (unsigned int i = 0; i < THREADS; i++)
		for (unsigned int k = 0; k < THREADS; k++)
			if (k != i)
				assert_int_equal(threads->shards.rings[i][k]->head,
						 0);
}

static void test_one_queue(void **state)
{
	const struct dp_threads *threads = (struct dp_threads *)all.end->dp;

	test_each_to_each(state);
	assert_int_equal(threads->steer, -EOPNOTSUPP);
	assert_in_range(threads->shards.rings[0][1]->head, 1, SIZE_MAX);
	assert_in_range(threads->shards.rings[0][2]->head, 1, SIZE_MAX);
	assert_int_equal(threads->shards.rings[1][2]->head, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_to_each), TEST(test_moving_flows),
		TEST(test_under_load),
		TEST(test_float), TEST(test_strays),
		TEST(test_events),
		TEST(test_stop), TEST(test_queues),
		cmocka_unit_test_setup_teardown(test_one_queue, setup_one_queue,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
