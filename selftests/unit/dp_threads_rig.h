/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_DP_THREADS_RIG_H
#define UNIT_DP_THREADS_RIG_H

#include <netinet/in.h>

#include "dp/threads.h"
#include "dp_rig.h"

/*
 * A server's data path in threads, whose peers are sockets of the test:
 *
 *	host's socket -> tun-s -> thread id % n -UDP-> a socket for each peer
 *	                                 main loop -> peers on connections
 *
 * Nobody but the test reads those sockets, so the main loop need not run.
 */

#define TRIG_THREADS	3
#define TRIG_PEERS	64
#define TRIG_LEN	600	/* of an inner packet */

/**
 * struct trig - the server
 * @far: of a peer, -1: it has none
 * @n_streamed: packets that connections have taken
 */
struct trig {
	struct rig rig;
	struct rig_end *end;
	unsigned int n;
	int main_udp, thread_udp[TRIG_THREADS];
	union net_addr main_addr, thread_addr[TRIG_THREADS];
	int far[TRIG_PEERS];
	union net_addr far_addr[TRIG_PEERS];
	int host;
	unsigned int n_streamed;
};

static struct trig trig;

static inline void trig_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, value, strlen(value)), strlen(value));
	close(fd);
}

/* 10.8.0.1/24 is at the device, and what is for others goes out there again. */
static inline void trig_route(const char *name)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct ifreq ifr = { .ifr_flags = 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	addr.sin_addr.s_addr = htonl(0x0a080001);
	memcpy(&ifr.ifr_addr, &addr, sizeof(addr));
	assert_int_equal(ioctl(sock, SIOCSIFADDR, &ifr), 0);
	addr.sin_addr.s_addr = htonl(0xffffff00);
	memcpy(&ifr.ifr_netmask, &addr, sizeof(addr));
	assert_int_equal(ioctl(sock, SIOCSIFNETMASK, &ifr), 0);
	/* more than any test sends before somebody reads */
	ifr.ifr_qlen = 4000;
	assert_int_equal(ioctl(sock, SIOCSIFTXQLEN, &ifr), 0);
	close(sock);
	trig_sysctl("/proc/sys/net/ipv4/ip_forward", "1");
	trig_sysctl("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
	trig_sysctl("/proc/sys/net/ipv4/conf/tun-s/rp_filter", "0");
	trig_sysctl("/proc/sys/net/ipv4/conf/all/send_redirects", "0");
	trig_sysctl("/proc/sys/net/ipv4/conf/tun-s/send_redirects", "0");
}

static inline struct dp_threads *trig_threads(void)
{
	return (struct dp_threads *)trig.end->dp;
}

/* The device, and nothing on it yet. */
static inline void trig_device(int flags)
{
	assert_int_equal(netns_enter(), 0);
	memset(&trig, 0, sizeof(trig));
	memset(trig.far, -1, sizeof(trig.far));
	rig_hush();
	trig.rig.loop = loop_new();
	trig.rig.guard = loop_timer_new(trig.rig.loop, rig_late, &trig.rig);
	trig.end = &trig.rig.server;
	trig.end->rig = &trig.rig;
	trig.end->tun = netns_tun_with("tun-s", IFF_VNET_HDR | flags,
				       &trig.end->ifindex);
	assert_true(trig.end->tun >= 0);
	trig_route("tun-s");
	trig.host = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/* Sockets that take a burst. */
static inline int trig_udp(union net_addr *addr)
{
	int fd = rig_udp("127.0.0.1", addr), room = 8 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return fd;
}

static inline void trig_sockets(void)
{
	trig.main_udp = trig_udp(&trig.main_addr);
	for (unsigned int i = 0; i < trig.n; i++)
		trig.thread_udp[i] = trig_udp(&trig.thread_addr[i]);
	assert_int_equal(dp_sockets_add(trig.end->dp, trig.main_udp,
					trig.thread_udp), 0);
}

/* The data path with @threads, or fewer; none of them runs yet. */
static inline void trig_new(unsigned int threads, bool has_streams)
{
	struct dp_config cfg = {
		.loop = trig.rig.loop, .mode = DP_MODE_MP, .ifname = "tun-s",
		.mtu = 1500, .threads = threads, .events = &rig_events,
		.arg = trig.end, .has_streams = has_streams,
		.tun_fd = trig.end->tun, .ifindex = trig.end->ifindex,
	};

	assert_int_equal(dp_user_new(&cfg, &trig.end->dp), 0);
	trig.n = dp_threads(trig.end->dp);
	trig_sockets();
}

static inline void trig_open(int flags, bool has_streams)
{
	trig_device(flags);
	trig_new(TRIG_THREADS, has_streams);
	assert_int_equal(trig.n, TRIG_THREADS);
	assert_int_equal(dp_start(trig.end->dp), 0);
}

static inline void trig_close(void)
{
	dp_free(trig.end->dp);
	for (unsigned int i = 0; i < TRIG_PEERS; i++)
		if (trig.far[i] >= 0)
			close(trig.far[i]);
	for (unsigned int i = 0; i < trig.n; i++)
		close(trig.thread_udp[i]);
	close(trig.main_udp);
	close(trig.host);
	loop_timer_free(trig.rig.guard);
	loop_free(trig.rig.loop);
}

static inline struct dp_peer trig_peer(uint32_t id)
{
	char text[32];

	snprintf(text, sizeof(text), "10.8.0.%u", 2 + id);
	return (struct dp_peer){
		.id = id, .tx_id = id, .fd = trig.main_udp,
		.remote = trig.far_addr[id], .vpn4 = rig_ip(text),
		.occ = "V4,dev-type tun",
	};
}

static inline struct dp_key trig_key(uint32_t id, bool is_client,
				     uint8_t material[RIG_MATERIAL])
{
	return rig_key(material, (uint8_t)id, PROTO_CIPHER_AES_128_GCM, 0,
		       is_client);
}

static inline void trig_key_set(uint32_t id)
{
	uint8_t material[RIG_MATERIAL];
	struct dp_key key = trig_key(id, false, material);

	assert_int_equal(dp_key_set(trig.end->dp, id, DP_SLOT_PRIMARY, &key),
			 0);
}

static inline void trig_add_udp(uint32_t id)
{
	struct dp_peer peer;

	if (trig.far[id] < 0)
		trig.far[id] = trig_udp(&trig.far_addr[id]);
	peer = trig_peer(id);
	assert_int_equal(dp_peer_add(trig.end->dp, &peer), 0);
	trig_key_set(id);
}

/* struct dp_stream: takes all */
static inline int trig_stream_takes(void *arg, const uint8_t *pkt, size_t len)
{
	(void)arg;
	(void)pkt;
	(void)len;
	trig.n_streamed++;
	return 0;
}

static inline void trig_add_tcp(uint32_t id,
				int (*fn)(void *arg, const uint8_t *pkt,
					  size_t len))
{
	struct dp_peer peer = trig_peer(id);

	peer.is_tcp = true;
	peer.stream.send = fn;
	assert_int_equal(dp_peer_add(trig.end->dp, &peer), 0);
	trig_key_set(id);
}

/* @n packets of the host for one of the peers. */
static inline void trig_send(uint32_t id, unsigned int n)
{
	uint8_t data[TRIG_LEN - 28] = { 0 };
	union net_addr to;
	char text[32];

	snprintf(text, sizeof(text), "10.8.0.%u", 2 + id);
	assert_int_equal(net_addr_parse(text, 5000, &to), 0);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(sendto(trig.host, data, sizeof(data), 0,
					&to.sa, net_addr_len(&to)),
				 sizeof(data));
}

/* How many have come to a peer by UDP: up to @n, in @ms since the last one. */
static inline unsigned int trig_received(uint32_t id, unsigned int n, int ms)
{
	struct timeval patience = { ms / 1000, ms % 1000 * 1000 };
	uint8_t buf[RIG_PACKET_MAX];
	unsigned int got = 0;

	setsockopt(trig.far[id], SOL_SOCKET, SO_RCVTIMEO, &patience,
		   sizeof(patience));
	while (got < n && recv(trig.far[id], buf, sizeof(buf), 0) > 0)
		got++;
	return got;
}

#endif
