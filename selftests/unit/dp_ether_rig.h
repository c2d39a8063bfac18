/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_DP_ETHER_RIG_H
#define UNIT_DP_ETHER_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dp/user.h"

/*
 * A bridging server and three clients, in one process: what one of them seals
 * for a connection is the other's input at once, and a pair of sockets stands
 * for each device. Also used by a fuzz target, so it asks nothing of cmocka.
 *
 *	port 0: the server's device; ports 1 to 3: those of the clients
 */

#define PORTS	4

struct ether_port {
	struct dp *dp;
	int device;	/* the test's end */
	uint32_t id;	/* of the client; the server: 0 */
};

static struct ether_port ports[PORTS];
static struct loop *ether_loop;
static uint8_t ether_material[40];

static const struct dp_key ether_key = {
	.cipher = PROTO_CIPHER_AES_128_GCM,
	.send = { ether_material, 16, ether_material + 32, NULL, NULL },
	.recv = { ether_material, 16, ether_material + 32, NULL, NULL },
};

/* @arg: the client's end of the connection */
static int to_client(void *arg, const uint8_t *pkt, size_t len)
{
	struct ether_port *port = arg;

	dp_input_stream(port->dp, 1, pkt, len);
	return 0;
}

static int to_server(void *arg, const uint8_t *pkt, size_t len)
{
	struct ether_port *port = arg;

	dp_input_stream(ports[0].dp, port->id, pkt, len);
	return 0;
}

static inline int ether_peer(struct ether_port *port,
			     enum proto_framing framing, uint32_t max_macs)
{
	struct dp_peer peer = {
		.id = port->id, .tx_id = port->id, .fd = -1, .is_tcp = true,
		.max_macs = max_macs,
		.stream = { .send = to_client, .arg = port },
		.format = { .mss = DP_MSS_OFF, .framing = framing },
	};
	int err = dp_peer_add(ports[0].dp, &peer);

	if (!err)
		err = dp_key_set(ports[0].dp, port->id, DP_SLOT_PRIMARY,
				 &ether_key);
	peer.id = peer.tx_id = 1;
	peer.stream.send = to_server;
	if (!err)
		err = dp_peer_add(port->dp, &peer);
	return err ? err : dp_key_set(port->dp, 1, DP_SLOT_PRIMARY,
				      &ether_key);
}

static inline int ether_port_open(struct ether_port *port, uint32_t id,
				  bool is_client_to_client)
{
	static const struct dp_events none;
	struct dp_config cfg = {
		.loop = ether_loop, .mtu = 1500, .is_ether = true,
		.mode = id ? DP_MODE_P2P : DP_MODE_MP,
		.is_client_to_client = is_client_to_client, .events = &none,
	};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair))
		return -errno;
	cfg.tun_fd = pair[0];
	port->device = pair[1];
	port->id = id;
	return dp_user_new(&cfg, &port->dp);
}

static inline int ether_open(bool is_client_to_client,
			     enum proto_framing framing, uint32_t max_macs)
{
	int err = 0;

	ether_loop = loop_new();
	for (uint32_t i = 0; i < PORTS && !err; i++) {
		err = ether_port_open(&ports[i], i, is_client_to_client);
		if (!err && i)
			err = ether_peer(&ports[i], framing, max_macs);
	}
	return err;
}

static inline void ether_close(void)
{
	for (unsigned int i = 0; i < PORTS; i++) {
		dp_free(ports[i].dp);
		close(ports[i].device);
	}
	loop_free(ether_loop);
	memset(ports, 0, sizeof(ports));
}

/* A frame that a device has for its data path. */
static inline void ether_give(unsigned int port, const uint8_t *frame,
			      size_t len)
{
	struct dp_user *user = user_get(ports[port].dp);

	if (write(ports[port].device, frame, len) == (ssize_t)len)
		user_tun_event(user->tun_io, 0, user);
}

/* What a device has got: its length; 0: nothing */
static inline size_t ether_take(unsigned int port, uint8_t *frame, size_t cap)
{
	ssize_t n = read(ports[port].device, frame, cap);

	return n > 0 ? (size_t)n : 0;
}

#endif
