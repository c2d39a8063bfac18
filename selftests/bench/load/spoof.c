// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Forged first packets: with the right wrapping key, as whoever has a client's
 * configuration could send them, and from sources that do not exist.
 */
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define BATCH		16
#define HEADERS		(sizeof(struct iphdr) + sizeof(struct udphdr))
#define WIRE_MAX	256

/**
 * struct load_flood - a thread that sends
 * @wrap: its own, because one thread at a time may use a key
 * @seed: of the sources
 */
struct load_flood {
	const struct load *load;
	struct wrap_key *wrap;
	pthread_t thread;
	atomic_bool is_ended;
	unsigned int rate;
	uint64_t seed, n_sent;
	int fd;
	uint8_t wire[BATCH][WIRE_MAX];
};

/* xorshift: the sources need no more */
static uint64_t flood_random(struct load_flood *flood)
{
	flood->seed ^= flood->seed << 13;
	flood->seed ^= flood->seed >> 7;
	flood->seed ^= flood->seed << 17;
	return flood->seed;
}

static in_addr_t flood_source(struct load_flood *flood)
{
	const struct net_prefix *from = &flood->load->spoofed;
	uint32_t host = from->len < 32 ? UINT32_MAX >> from->len : 0;
	uint32_t base = ntohl(from->ip.in4.s_addr) & ~host;

	return htonl(base | ((uint32_t)flood_random(flood) & host));
}

/* One packet: IP, UDP without a checksum, and a wrapped reset. */
static size_t flood_packet(struct load_flood *flood, uint8_t *wire)
{
	struct proto_control reset = {
		.op = PROTO_CONTROL_HARD_RESET_CLIENT_V2,
	};
	uint8_t head[PROTO_HEAD_LEN], body[64];
	struct wrap_tx tx = { 0 };
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
		.daddr = flood->load->server.in4.sin_addr.s_addr,
	};
	struct udphdr udp = { .dest = flood->load->server.in4.sin_port };
	uint64_t sid = flood_random(flood);
	size_t len;

	memcpy(reset.sid.b, &sid, sizeof(reset.sid.b));
	proto_control_head(&reset, head);
	if (proto_control_body(&reset, body, sizeof(body), &len) ||
	    wrap_seal(flood->wrap, &tx, loop_realtime(), head, body, len,
		      wire + HEADERS, WIRE_MAX - HEADERS, &len))
		load_die("a packet cannot be wrapped");
	ip.saddr = flood_source(flood);
	ip.tot_len = htons((uint16_t)(len + HEADERS));
	udp.source = htons((uint16_t)(1024 + flood_random(flood) % 60000));
	udp.len = htons((uint16_t)(len + sizeof(udp)));
	memcpy(wire, &ip, sizeof(ip));
	memcpy(wire + sizeof(ip), &udp, sizeof(udp));
	return len + HEADERS;
}

static void flood_batch(struct load_flood *flood)
{
	struct mmsghdr msgs[BATCH] = { 0 };
	struct iovec iov[BATCH];
	union net_addr to = flood->load->server;
	int n;

	for (unsigned int i = 0; i < BATCH; i++) {
		iov[i].iov_base = flood->wire[i];
		iov[i].iov_len = flood_packet(flood, flood->wire[i]);
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
		msgs[i].msg_hdr.msg_name = &to;
		msgs[i].msg_hdr.msg_namelen = net_addr_len(&to);
	}
	n = sendmmsg(flood->fd, msgs, BATCH, 0);
	if (n > 0)
		flood->n_sent += (uint64_t)n;
}

static void *flood_run(void *arg)
{
	struct load_flood *flood = arg;
	uint64_t begun = load_now_ns(), asked = 0;
	const struct timespec pause = { .tv_nsec = 500000 };

	while (!atomic_load(&flood->is_ended)) {
		uint64_t due = (load_now_ns() - begun) * flood->rate /
			       1000000000u;

		if (asked + BATCH > due) {
			nanosleep(&pause, NULL);
			continue;
		}
		flood_batch(flood);
		asked += BATCH;
	}
	return NULL;
}

/** load_flood_start() - @rate forged packets in a second, until stopped */
struct load_flood *load_flood_start(const struct load *load, unsigned int rate)
{
	struct load_flood *flood = calloc(1, sizeof(*flood));

	if (!flood || wrap_key_new(WRAP_MODE_TLS_CRYPT, load->key,
				   WRAP_DIRECTION_INVERSE, NULL, &flood->wrap))
		load_die("out of memory");
	flood->load = load;
	flood->rate = rate;
	flood->seed = load_now_ns() | 1;
	flood->fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (flood->fd < 0)
		load_die("raw socket: %s", strerror(errno));
	if (pthread_create(&flood->thread, NULL, flood_run, flood))
		load_die("no thread");
	return flood;
}

/** load_flood_stop() - Return: how many packets were sent */
uint64_t load_flood_stop(struct load_flood *flood)
{
	uint64_t n_sent;

	atomic_store(&flood->is_ended, true);
	pthread_join(flood->thread, NULL);
	n_sent = flood->n_sent;
	wrap_key_free(flood->wrap);
	close(flood->fd);
	free(flood);
	return n_sent;
}
