/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_DP_THREADS_CLIENT_H
#define UNIT_DP_THREADS_CLIENT_H

#include "dp_threads_rig.h"

/*
 * Clients of that server which the test sees everything of:
 *
 *	test: client's data path -> sealed packets -> from any socket -> thread
 */

/* struct client - one that has a device and a socket of the test's */
struct client {
	struct dp *dp;
	int tun, inner, udp, catch;
	uint32_t id;
};

static inline void client_open(struct client *client, uint32_t id)
{
	uint8_t material[RIG_MATERIAL];
	struct dp_config cfg = { .loop = trig.rig.loop, .mode = DP_MODE_P2P,
				 .ifname = "pair", .mtu = 1500 };
	struct dp_peer peer = trig_peer(id);
	struct dp_key key = trig_key(id, true, material);
	union net_addr own;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK |
				    SOCK_CLOEXEC, 0, pair), 0);
	client->id = id;
	client->tun = cfg.tun_fd = pair[0];
	client->inner = pair[1];
	client->udp = rig_udp("127.0.0.1", &own);
	client->catch = trig_udp(&peer.remote);
	assert_int_equal(dp_user_new(&cfg, &client->dp), 0);
	peer.fd = client->udp;
	assert_int_equal(dp_peer_add(client->dp, &peer), 0);
	assert_int_equal(dp_key_set(client->dp, id, DP_SLOT_PRIMARY, &key), 0);
}

static inline void client_close(struct client *client)
{
	dp_free(client->dp);
	close(client->inner);
	close(client->udp);
	close(client->catch);
}

/* What the client sends goes to its thread from socket @from. */
static inline void pass_on(struct client *client, int from)
{
	const union net_addr *to = &trig.thread_addr[client->id % trig.n];
	uint8_t wire[RIG_PACKET_MAX];
	ssize_t n = recv(client->catch, wire, sizeof(wire), 0);

	assert_true(n > 0);
	assert_int_equal(sendto(from, wire, (size_t)n, 0, &to->sa,
				net_addr_len(to)), n);
}

/* A packet of the client's is sealed, and is in its socket. */
static inline void client_seals(struct client *client, uint8_t mark)
{
	struct dp_user *user = user_get(client->dp);
	uint8_t pkt[200];
	char src[32];
	size_t len;

	snprintf(src, sizeof(src), "10.8.0.%u", 2 + client->id);
	len = rig_inner(pkt, src, "10.8.0.1", sizeof(pkt), mark);
	assert_int_equal(send(client->inner, pkt, len, 0), len);
	user_tun_event(user->tun_io, LOOP_READABLE, user);
}

/* A packet of the client's, which the thread writes to the device. */
static inline void client_sends(struct client *client, int from)
{
	client_seals(client, 1);
	pass_on(client, from);
}

static inline bool has_arrived(const struct client *client, uint64_t n)
{
	struct dp_peer_info info;

	return !dp_peer_get(trig.end->dp, client->id, &info) &&
	       info.stats.link_rx_packets >= n;
}

/* Wait for a thread without letting the main loop run. */
static inline void wait_for(const struct client *client, uint64_t n)
{
	for (int i = 0; i < 2000 && !has_arrived(client, n); i++)
		usleep(1000);
	assert_true(has_arrived(client, n));
}

#endif
