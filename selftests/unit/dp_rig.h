/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_DP_RIG_H
#define UNIT_DP_RIG_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>

#include "dp/dp.h"
#include "loop/loop.h"
#include "netns.h"

/*
 * Two data paths against each other in one network namespace.
 *
 *   packet socket                              packet socket
 *         |                                          |
 *       tun-s -- server (MP) == UDP on lo == client (P2P) -- tun-c
 *
 * What is written to a packet socket leaves through the TUN device, so that
 * the data path reads it; what the data path writes, a packet socket sees.
 */

#define RIG_PEER_ID	3
#define RIG_PACKET_MAX	2048

/** struct rig_end - one of the two, with what it reported */
struct rig_end {
	struct rig *rig;
	struct dp *dp;
	int tun, ifindex, packet;
	int udp;
	struct loop_io *io;
	union net_addr addr;
	unsigned int n_datagrams;
	/* the last datagram, and what dp_input() said to it */
	uint8_t last[RIG_PACKET_MAX];
	size_t last_len;
	union net_addr last_from;
	int last_ret;
	bool is_deaf;
	/* events */
	unsigned int n_deleted, n_floated, n_exhausted, n_exit, n_resync;
	enum dp_del_reason reason;
	union net_addr floated_to;
	int floated_by;
	uint8_t exhausted_key;
	bool is_freed_by_exit;
};

/* Devices without offload. */
static bool rig_is_plain;

/* What packets of both ends look like. */
static struct dp_format rig_format;

/* The options string of both ends. */
static const char *rig_occ;

/* Rules of the client. */
static const struct dp_nat *rig_nat;
static size_t rig_n_nat;

struct rig {
	struct loop *loop;
	struct loop_timer *guard;
	struct rig_end server, client;
	bool is_late;
};

static inline void rig_deleted(void *arg, uint32_t id, enum dp_del_reason why)
{
	struct rig_end *end = arg;

	(void)id;
	end->n_deleted++;
	end->reason = why;
}

static inline void rig_floated(void *arg, uint32_t id, int fd,
			       const union net_addr *remote)
{
	struct rig_end *end = arg;

	(void)id;
	end->floated_by = fd;
	end->n_floated++;
	end->floated_to = *remote;
}

static inline void rig_exhausted(void *arg, uint32_t id, uint8_t key_id)
{
	struct rig_end *end = arg;

	(void)id;
	end->n_exhausted++;
	end->exhausted_key = key_id;
}

static inline void rig_exit(void *arg, uint32_t id)
{
	struct rig_end *end = arg;

	(void)id;
	end->n_exit++;
	if (end->is_freed_by_exit) {
		dp_free(end->dp);
		end->dp = NULL;
	}
}

static inline void rig_resync(void *arg)
{
	((struct rig_end *)arg)->n_resync++;
}

static const struct dp_events rig_events = {
	.peer_deleted = rig_deleted,
	.peer_floated = rig_floated,
	.key_exhausted = rig_exhausted,
	.peer_exit = rig_exit,
	.resync = rig_resync,
};

static inline void rig_udp_event(struct loop_io *io, unsigned int events,
				 void *arg)
{
	struct rig_end *end = arg;
	struct dp *dp = end->dp;
	socklen_t len;
	ssize_t n;

	(void)io;
	(void)events;
	if (dp)
		dp_batch_begin(dp);
	for (;;) {
		len = sizeof(end->last_from);
		n = recvfrom(end->udp, end->last, sizeof(end->last),
			     MSG_DONTWAIT, &end->last_from.sa, &len);
		if (n < 0)
			break;
		end->n_datagrams++;
		end->last_len = (size_t)n;
		if (!end->is_deaf && end->dp)
			end->last_ret = dp_input(dp, end->udp, end->last,
						 end->last_len,
						 &end->last_from, NULL);
	}
	if (dp)
		dp_batch_end(dp);
}

/* A socket at @host with a port of the kernel's choice. */
static inline int rig_udp(const char *host, union net_addr *addr)
{
	socklen_t len = sizeof(*addr);
	int fd, off = 0;

	assert_int_equal(net_addr_parse(host, 0, addr), 0);
	fd = socket(addr->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	if (addr->sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	assert_int_equal(bind(fd, &addr->sa, net_addr_len(addr)), 0);
	assert_int_equal(getsockname(fd, &addr->sa, &len), 0);
	return fd;
}

static inline void rig_listen(struct rig_end *end, const char *host)
{
	end->udp = rig_udp(host, &end->addr);
	end->io = loop_io_new(end->rig->loop, end->udp, LOOP_READABLE,
			      rig_udp_event, end);
	assert_non_null(end->io);
}

static inline int rig_packet_socket(int ifindex)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = ifindex,
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			htons(ETH_P_ALL));

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static inline void rig_end_open(struct rig *rig, struct rig_end *end,
				const char *name, enum dp_mode mode,
				const char *host)
{
	struct dp_config cfg = {
		.loop = rig->loop,
		.mode = mode,
		.ifname = name,
		.mtu = 1500,
		.events = &rig_events,
		.arg = end,
	};

	end->rig = rig;
	end->tun = netns_tun_with(name, rig_is_plain ? 0 : IFF_VNET_HDR,
				  &end->ifindex);
	assert_true(end->tun >= 0);
	end->packet = rig_packet_socket(end->ifindex);
	cfg.tun_fd = end->tun;
	cfg.ifindex = end->ifindex;
	assert_int_equal(dp_user_new(&cfg, &end->dp), 0);
	rig_listen(end, host);
}

static inline void rig_end_close(struct rig_end *end)
{
	dp_free(end->dp);
	loop_io_free(end->io);
	close(end->udp);
	close(end->packet);
}

static inline void rig_late(struct loop_timer *timer, void *arg)
{
	struct rig *rig = arg;

	(void)timer;
	rig->is_late = true;
	loop_stop(rig->loop);
}

struct rig_poll {
	struct rig *rig;
	bool (*is_done)(void *arg);
	void *arg;
	bool is_ok;
};

static inline void rig_poll_event(struct loop_timer *timer, void *arg)
{
	struct rig_poll *poll = arg;

	poll->is_ok = poll->is_done(poll->arg);
	if (poll->is_ok)
		loop_stop(poll->rig->loop);
	else
		loop_timer_start(timer, 2);
}

/* Run until @is_done says so; false when that takes longer than @ms. */
static inline bool rig_run(struct rig *rig, bool (*is_done)(void *arg),
			   void *arg, uint64_t ms)
{
	struct rig_poll poll = { .rig = rig, .is_done = is_done, .arg = arg };
	struct loop_timer *timer = loop_timer_new(rig->loop, rig_poll_event,
						  &poll);

	assert_non_null(timer);
	loop_timer_start(timer, 0);
	loop_timer_start(rig->guard, ms);
	loop_run(rig->loop);
	loop_timer_stop(rig->guard);
	loop_timer_free(timer);
	return poll.is_ok;
}

static inline bool rig_never(void *arg)
{
	(void)arg;
	return false;
}

/* Let everything that is under way arrive. */
static inline void rig_settle(struct rig *rig, uint64_t ms)
{
	rig_run(rig, rig_never, NULL, ms);
}

static inline struct net_ip rig_ip(const char *str)
{
	struct net_ip out = { 0 };

	if (str)
		assert_int_equal(net_ip_parse(str, &out), 0);
	return out;
}

/* An IPv4 or IPv6 packet with @mark behind its header; returns its length. */
static inline size_t rig_inner(uint8_t *out, const char *src, const char *dst,
			       size_t len, uint8_t mark)
{
	struct net_ip s = rig_ip(src), d = rig_ip(dst);

	memset(out, mark, len);
	if (s.family == AF_INET) {
		memset(out, 0, 20);
		out[0] = 0x45;
		out[2] = (uint8_t)(len >> 8);
		out[3] = (uint8_t)len;
		out[8] = 64;
		out[9] = 253;
		memcpy(out + 12, &s.in4, 4);
		memcpy(out + 16, &d.in4, 4);
	} else {
		memset(out, 0, 40);
		out[0] = 0x60;
		out[4] = (uint8_t)((len - 40) >> 8);
		out[5] = (uint8_t)(len - 40);
		out[6] = 253;
		out[7] = 64;
		memcpy(out + 8, &s.in6, 16);
		memcpy(out + 24, &d.in6, 16);
	}
	return len;
}

/* Out through the TUN device, into the data path. */
static inline void rig_send(struct rig_end *end, const uint8_t *pkt,
			    size_t len)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(pkt[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6),
		.sll_ifindex = end->ifindex,
	};

	assert_int_equal(sendto(end->packet, pkt, len, 0,
				(struct sockaddr *)&addr, sizeof(addr)), len);
}

struct rig_wait {
	struct rig_end *end;
	const uint8_t *pkt;
	size_t len;
};

static inline bool rig_has_arrived(void *arg)
{
	struct rig_wait *wait = arg;
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	uint8_t buf[RIG_PACKET_MAX];
	ssize_t n;

	while ((n = recvfrom(wait->end->packet, buf, sizeof(buf), 0,
			     (struct sockaddr *)&from, &from_len)) >= 0) {
		if (from.sll_pkttype != PACKET_OUTGOING &&
		    (size_t)n == wait->len &&
		    !memcmp(buf, wait->pkt, wait->len))
			return true;
	}
	return false;
}

static inline bool rig_arrives(struct rig *rig, struct rig_end *end,
			       const uint8_t *pkt, size_t len, uint64_t ms)
{
	struct rig_wait wait = { .end = end, .pkt = pkt, .len = len };

	return rig_run(rig, rig_has_arrived, &wait, ms);
}

#define RIG_MATERIAL	(80 + 2 * 64)

/* A key with which both sides send; direction 1 is the client's. */
static inline struct dp_key rig_key(uint8_t *material, uint8_t seed,
				    enum proto_cipher cipher, uint8_t key_id,
				    bool is_client)
{
	struct dp_key_dir a, b;
	size_t i;

	for (i = 0; i < RIG_MATERIAL; i++)
		material[i] = (uint8_t)(i * 7 + seed);
	a.cipher_key = material;
	a.nonce_tail = material + 32;
	b.cipher_key = material + 40;
	b.nonce_tail = material + 72;
	a.hmac_key = material + 80;
	b.hmac_key = material + 80 + 64;
	a.epoch_secret = material;
	b.epoch_secret = material + 40;
	a.cipher_key_len = b.cipher_key_len = proto_cipher_key_len(cipher);
	return (struct dp_key) {
		.key_id = key_id,
		.cipher = cipher,
		.digest = "SHA256",
		.send = is_client ? a : b,
		.recv = is_client ? b : a,
	};
}

static inline void rig_set_key(struct rig_end *end, enum dp_slot slot,
			       uint8_t seed, enum proto_cipher cipher,
			       uint8_t key_id)
{
	uint8_t material[RIG_MATERIAL];
	struct dp_key key = rig_key(material, seed, cipher, key_id,
				    end == &end->rig->client);

	assert_int_equal(dp_key_set(end->dp, RIG_PEER_ID, slot, &key), 0);
}

/* the same key at both ends */
static inline void rig_set_keys(struct rig *rig, enum dp_slot slot,
				uint8_t seed, enum proto_cipher cipher,
				uint8_t key_id)
{
	rig_set_key(&rig->server, slot, seed, cipher, key_id);
	rig_set_key(&rig->client, slot, seed, cipher, key_id);
}

/* The peers know each other; no keys yet. */
static inline void rig_peers(struct rig *rig)
{
	struct dp_peer peer = {
		.id = RIG_PEER_ID,
		.tx_id = RIG_PEER_ID,
		.fd = rig->server.udp,
		.remote = rig->client.addr,
		.vpn4 = rig_ip("10.8.0.2"),
		.vpn6 = rig_ip("fd00::2"),
		.occ = rig_occ,
		.format = rig_format,
	};

	assert_int_equal(dp_peer_add(rig->server.dp, &peer), 0);
	peer.fd = rig->client.udp;
	peer.remote = rig->server.addr;
	peer.nat = rig_nat;
	peer.n_nat = rig_n_nat;
	assert_int_equal(dp_peer_add(rig->client.dp, &peer), 0);
}

/* The stack's own packets (router solicitations) would come in between. */
static inline void rig_hush(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6",
		      O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "1", 1), 1);
	close(fd);
}

static inline void rig_open(struct rig *rig, const char *server_host,
			    const char *client_host)
{
	memset(rig, 0, sizeof(*rig));
	rig_hush();
	rig->loop = loop_new();
	assert_non_null(rig->loop);
	rig->guard = loop_timer_new(rig->loop, rig_late, rig);
	assert_non_null(rig->guard);
	rig_end_open(rig, &rig->server, "tun-s", DP_MODE_MP, server_host);
	rig_end_open(rig, &rig->client, "tun-c", DP_MODE_P2P, client_host);
}

static inline void rig_close(struct rig *rig)
{
	rig_end_close(&rig->server);
	rig_end_close(&rig->client);
	loop_timer_free(rig->guard);
	loop_free(rig->loop);
}

/* Open, with peers and one key: ready for traffic. */
static inline void rig_up(struct rig *rig)
{
	rig_open(rig, "127.0.0.1", "127.0.0.1");
	rig_peers(rig);
	rig_set_keys(rig, DP_SLOT_PRIMARY, 1, PROTO_CIPHER_AES_256_GCM, 0);
}

#endif
