// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a packet costs at a device with many peers, for benchmarks: each packet
 * is for another peer, drawn by chance, so that caches have to hold them all.
 *
 * usage: ovpn_crowd [-n NETNS] tx|rx PEERS PACKETS
 *
 * Fills the multi-peer device "tun", which has the address 10.1.0.1/8, with
 * peers, whose outer addresses are in 198.18.0.0/15. Every peer has one packet
 * that does not count; then PACKETS small ones are sent through "tun" (tx: the
 * outer ones have to have somewhere to go), or come in from the TUN device
 * "wire" as a network device would give them (rx: at 192.0.2.1). Prints
 * nanoseconds for each, of one processor, system calls of the sender included.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "ovpn_nl.h"
#include "ovpn_sock.h"
#include "wire.h"

#define CROWD_MAX	131072
#define CROWD_SIZE	64
#define CROWD_BATCH	64
#define CROWD_PORT	1194
#define CROWD_VPN	0x0a800000u	/* 10.128.0.0 */
#define CROWD_OUTER	0xc6120000u	/* 198.18.0.0 */
#define CROWD_HERE	0xc0000201u	/* 192.0.2.1 */
#define CROWD_HEAD	28u		/* IPv4 and UDP */
#define CROWD_FRAME	(CROWD_HEAD + WIRE_OVERHEAD + CROWD_HEAD + CROWD_SIZE)

struct crowd {
	unsigned int peers;
	uint32_t seed;
	uint32_t ids[CROWD_MAX];	/* packet id that comes next, by peer */
};

static struct crowd crowd;

static const struct wire_key crowd_key = {
	.alg = WIRE_AES_GCM,
	.len = 32,
	.key = { [0 ... 31] = 0xb1 },
	.tail = { [0 ... 7] = 0xb2 },
};

static int crowd_resolve(void *data, const char *name, uint32_t *value)
{
	(void)data;
	*value = if_nametoindex(name);
	return *value ? 0 : -ENODEV;
}

static double crowd_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* the same peers in each run */
static unsigned int crowd_any(void)
{
	crowd.seed = crowd.seed * 1664525 + 1013904223;
	return (unsigned int)((uint64_t)crowd.seed * crowd.peers >> 32);
}

static int crowd_peer(struct ovpn_nl *nl, unsigned int id, int sock)
{
	uint32_t outer = CROWD_OUTER + id, vpn = CROWD_VPN + id;
	char text[512];
	int err;

	snprintf(text, sizeof(text), "PEER_NEW ifindex=@tun peer{id=%u "
		 "socket=%d remote-ipv4=%u.%u.%u.%u remote-port=%d "
		 "vpn-ipv4=%u.%u.%u.%u}", id, sock, outer >> 24,
		 outer >> 16 & 255, outer >> 8 & 255, outer & 255, CROWD_PORT,
		 vpn >> 24, vpn >> 16 & 255, vpn >> 8 & 255, vpn & 255);
	err = ovpn_nl_request(nl, text, false, NULL, crowd_resolve, NULL);
	if (err)
		return err;
	snprintf(text, sizeof(text), "KEY_NEW ifindex=@tun keyconf{peer-id=%u "
		 "slot=0 key-id=0 cipher-alg=aes-gcm "
		 "encrypt{key=32*a1 nonce=8*a2} "
		 "decrypt{key=32*b1 nonce=8*b2}}", id);
	return ovpn_nl_request(nl, text, false, NULL, crowd_resolve, NULL);
}

static int crowd_fill(void)
{
	int sock = ovpn_sock_udp("0.0.0.0:1194"), err;
	struct ovpn_nl nl = { 0 };
	unsigned int id;

	err = sock < 0 ? sock : ovpn_nl_open(&nl);
	for (id = 0; !err && id < crowd.peers; id++)
		err = crowd_peer(&nl, id, sock);
	if (err)
		fprintf(stderr, "ovpn_crowd: peer %u: %s %s\n", id,
			ovpn_nl_error_name(err), nl.error.text);
	return err;
}

/* Packets to @n peers: each in turn, or any. */
static int crowd_send(int fd, unsigned int n, bool any)
{
	static char payload[CROWD_SIZE];
	struct iovec iov = { payload, sizeof(payload) };
	struct sockaddr_in to[CROWD_BATCH];
	struct mmsghdr msgs[CROWD_BATCH];
	unsigned int i, sent = 0, batch;

	for (i = 0; i < CROWD_BATCH; i++) {
		to[i] = (struct sockaddr_in){ .sin_family = AF_INET,
					      .sin_port = htons(9) };
		msgs[i] = (struct mmsghdr){ .msg_hdr = {
			.msg_name = &to[i], .msg_namelen = sizeof(to[i]),
			.msg_iov = &iov, .msg_iovlen = 1 } };
	}
	for (; sent < n; sent += batch) {
		batch = n - sent < CROWD_BATCH ? n - sent : CROWD_BATCH;
		for (i = 0; i < batch; i++)
			to[i].sin_addr.s_addr = htonl(CROWD_VPN +
				(any ? crowd_any() : sent + i));
		if (sendmmsg(fd, msgs, batch, 0) != (int)batch)
			return errno ? -errno : -EIO;
	}
	return 0;
}

static int crowd_tx(unsigned int packets)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), err;
	double from;

	err = fd < 0 ? -errno : crowd_send(fd, crowd.peers, false);
	from = crowd_now();
	err = err ?: crowd_send(fd, packets, true);
	if (!err)
		printf("%.0f\n", (crowd_now() - from) / packets);
	return err;
}

/* IPv4 and UDP in front of @len bytes; no UDP checksum, as IPv4 allows */
static void crowd_head(uint8_t *out, uint32_t from, uint32_t to, uint16_t port,
		       size_t len)
{
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
		.tot_len = htons((uint16_t)(CROWD_HEAD + len)),
		.saddr = htonl(from), .daddr = htonl(to),
	};
	uint16_t udp[4] = { htons(CROWD_PORT), htons(port),
			    htons((uint16_t)(8 + len)), 0 };
	uint16_t words[10];
	uint32_t sum = 0;
	size_t i;

	memcpy(words, &ip, sizeof(ip));
	for (i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	ip.check = (uint16_t)~(sum + (sum >> 16));
	memcpy(out, &ip, sizeof(ip));
	memcpy(out + sizeof(ip), udp, sizeof(udp));
}

/* one sealed packet from peer @id */
static int crowd_frame(uint8_t *out, unsigned int id)
{
	uint8_t inner[CROWD_HEAD + CROWD_SIZE] = { 0 };
	struct wire_head head = {
		.opcode = WIRE_DATA_V2, .peer_id = id,
		.packet_id = ++crowd.ids[id],
	};

	crowd_head(inner, CROWD_VPN + id, 0x0a010001, 9, CROWD_SIZE);
	crowd_head(out, CROWD_OUTER + id, CROWD_HERE, CROWD_PORT,
		   WIRE_OVERHEAD + sizeof(inner));
	return wire_seal(&crowd_key, &head, inner, sizeof(inner),
			 out + CROWD_HEAD);
}

static int crowd_wire(void)
{
	struct ifreq ifr = { .ifr_name = "wire",
			     .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		return -errno;
	return fd;
}

/* In turn the packets of @frames, @n of them. */
static int crowd_receive(int fd, const uint8_t *frames, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (write(fd, frames + (size_t)i * CROWD_FRAME,
			  CROWD_FRAME) != (ssize_t)CROWD_FRAME)
			return errno ? -errno : -EIO;
	return 0;
}

static int crowd_rx(unsigned int packets)
{
	unsigned int all = crowd.peers + packets, i;
	uint8_t *frames = calloc(all, CROWD_FRAME);
	int fd = crowd_wire(), err = 0;
	double from;

	if (!frames || fd < 0)
		return frames ? fd : -ENOMEM;
	for (i = 0; !err && i < all; i++)
		err = crowd_frame(frames + (size_t)i * CROWD_FRAME,
				  i < crowd.peers ? i : crowd_any());
	err = err ?: crowd_receive(fd, frames, crowd.peers);
	from = crowd_now();
	err = err ?: crowd_receive(fd, frames + (size_t)crowd.peers *
				   CROWD_FRAME, packets);
	if (!err)
		printf("%.0f\n", (crowd_now() - from) / packets);
	free(frames);
	return err;
}

int main(int argc, char **argv)
{
	unsigned int packets;
	cpu_set_t cpus;
	int err;

	ovpn_sock_enter(&argc, &argv);
	if (argc != 4 || atoi(argv[2]) < 1 || atoi(argv[2]) > CROWD_MAX ||
	    atoi(argv[3]) < 1)
		return 2;
	crowd.peers = (unsigned int)atoi(argv[2]);
	packets = (unsigned int)atoi(argv[3]);
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	err = crowd_fill();
	if (!err)
		err = !strcmp(argv[1], "tx") ? crowd_tx(packets) :
					       crowd_rx(packets);
	if (err)
		fprintf(stderr, "ovpn_crowd: %s\n", strerror(-err));
	return err ? 1 : 0;
}
