// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * packets SIZE COUNT: COUNT packets of SIZE bytes through two ends of a tunnel
 * in one process, eight at a time, to be counted by an instrument.
 *
 *   socket pair -- client == UDP on loopback == server -- socket pair
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dp/dp.h"

#define BATCH		8	/* fits the queue of a socket pair */
#define SIZE_MAX_BYTES	1500

struct end {
	struct dp *dp;
	int tun, udp;
	union net_addr addr;
};

static struct loop *loop;
static struct end client, server;
static uint8_t pkt[SIZE_MAX_BYTES];
static size_t size;
static unsigned long left, under_way;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void feed(void)
{
	under_way = left < BATCH ? left : BATCH;
	left -= under_way;
	for (unsigned long i = 0; i < under_way; i++)
		if (write(client.tun, pkt, size) != (ssize_t)size)
			die("write");
}

static void on_arrival(struct loop_io *io, unsigned int events, void *arg)
{
	uint8_t buf[SIZE_MAX_BYTES];

	(void)io;
	(void)events;
	(void)arg;
	while (under_way && recv(server.tun, buf, sizeof(buf),
				 MSG_DONTWAIT) == (ssize_t)size)
		under_way--;
	if (under_way)
		return;
	if (left)
		feed();
	else
		loop_stop(loop);
}

static void on_datagram(struct loop_io *io, unsigned int events, void *arg)
{
	static uint8_t buf[65536];
	ssize_t n;

	(void)io;
	(void)events;
	(void)arg;
	dp_batch_begin(server.dp);
	while ((n = recv(server.udp, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		dp_input(server.dp, server.udp, buf, (size_t)n, &client.addr,
			 NULL);
	dp_batch_end(server.dp);
}

static void end_open(struct end *end)
{
	struct dp_config cfg = { .loop = loop, .mode = DP_MODE_P2P };
	socklen_t len = sizeof(end->addr);
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair))
		die("socketpair");
	end->tun = pair[1];
	cfg.tun_fd = pair[0];
	end->udp = socket(AF_INET, SOCK_DGRAM, 0);
	end->addr.in4 = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (bind(end->udp, &end->addr.sa, sizeof(end->addr.in4)) ||
	    getsockname(end->udp, &end->addr.sa, &len) ||
	    dp_user_new(&cfg, &end->dp))
		die("an end of the tunnel");
}

static void end_connect(struct end *end, const struct end *other)
{
	static const uint8_t material[40] = { 1, 2, 3 };
	const struct dp_key_dir dir = {
		.cipher_key = material, .cipher_key_len = 32,
		.nonce_tail = material + 32,
	};
	const struct dp_key key = {
		.cipher = PROTO_CIPHER_AES_256_GCM, .send = dir, .recv = dir,
	};
	const struct dp_peer peer = {
		.id = 1, .tx_id = 1, .fd = end->udp, .remote = other->addr,
		.format.mss = DP_MSS_OFF,
	};

	if (dp_peer_add(end->dp, &peer) ||
	    dp_key_set(end->dp, 1, DP_SLOT_PRIMARY, &key))
		die("a peer");
}

int main(int argc, char **argv)
{
	size = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	left = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	if (size < 28 || size > SIZE_MAX_BYTES || !left)
		return 2;
	pkt[0] = 0x45;
	pkt[2] = (uint8_t)(size >> 8);
	pkt[3] = (uint8_t)size;
	loop = loop_new();
	end_open(&client);
	end_open(&server);
	end_connect(&client, &server);
	end_connect(&server, &client);
	if (!loop_io_new(loop, server.udp, LOOP_READABLE, on_datagram, NULL) ||
	    !loop_io_new(loop, server.tun, LOOP_READABLE, on_arrival, NULL))
		die("loop");
	feed();
	loop_run(loop);
	return left || under_way;
}
