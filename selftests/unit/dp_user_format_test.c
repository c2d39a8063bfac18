// SPDX-License-Identifier: GPL-2.0-or-later
/* Everything that the kernel's data path cannot do: formats of data packets. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dp/user.h"
#include "userdp_packet.h"
#include "dp_format.h"

/* ---- DATA_V1 ---------------------------------------------------------- */

static void test_v1(void **state)
{
	static const uint8_t head[] = { 0x32, 0, 0, 0, 3 };
	union net_addr other;
	uint8_t copy[RIG_PACKET_MAX];

	(void)state;
	rig_format.is_v1 = true;
	up(PROTO_CIPHER_AES_256_GCM);
	assert_true(goes_both(100));
	catch_packet(100);
	assert_int_equal(rig.server.last_len, 1 + 4 + 16 + 100);
	assert_memory_equal(rig.server.last, head, sizeof(head));
	memcpy(copy, rig.server.last, sizeof(copy));
	/* known by its address, and by nothing else */
	assert_int_equal(net_addr_parse("127.0.0.1", 9, &other), 0);
	assert_int_equal(dp_input(rig.server.dp, rig.server.udp, copy, 121,
				  &other, NULL), -ENOENT);
	assert_int_equal(feed(copy, 121), 0);
	assert_int_equal(feed(copy, 121), -EALREADY);
	for (size_t len = 0; len < 22; len++)
		assert_true(feed(copy, len) < 0);
	assert_int_equal(rig.server.n_floated, 0);
}

/* Each end sends as it is set up, and understands both. */
static void test_v1_and_v2(void **state)
{
	struct dp_peer peer = {
		.id = RIG_PEER_ID, .tx_id = RIG_PEER_ID,
		.format.is_v1 = true,
	};

	(void)state;
	up(PROTO_CIPHER_AES_256_GCM);
	peer.fd = rig.client.udp;
	peer.remote = rig.server.addr;
	assert_int_equal(dp_peer_add(rig.client.dp, &peer), 0);
	rig_set_key(&rig.client, DP_SLOT_PRIMARY, 1, PROTO_CIPHER_AES_256_GCM,
		    2);
	assert_true(goes_both(100));
	assert_int_equal(rig.server.last[0], 0x32);
	assert_int_equal(rig.client.last[0], 0x4a);
}

/* Where the peer is looked for after it has been moved, and after it went. */
static void test_v1_address(void **state)
{
	uint8_t copy[RIG_PACKET_MAX];
	union net_addr other;

	(void)state;
	rig_format.is_v1 = true;
	up(PROTO_CIPHER_AES_256_GCM);
	catch_packet(100);
	memcpy(copy, rig.server.last, sizeof(copy));
	assert_int_equal(net_addr_parse("127.0.0.1", 9, &other), 0);
	assert_int_equal(dp_peer_set_remote(rig.server.dp, RIG_PEER_ID, &other,
					    NULL), 0);
	assert_int_equal(feed(copy, 121), -ENOENT);
	assert_int_equal(dp_peer_set_remote(rig.server.dp, RIG_PEER_ID,
					    &rig.client.addr, NULL), 0);
	assert_int_equal(feed(copy, 121), 0);
	assert_int_equal(dp_peer_del(rig.server.dp, RIG_PEER_ID), 0);
	assert_int_equal(feed(copy, 121), -ENOENT);
}

/* ---- CBC --------------------------------------------------------------- */

static void test_cbc(void **state)
{
	static const enum proto_cipher ciphers[] = {
		PROTO_CIPHER_AES_128_CBC, PROTO_CIPHER_AES_192_CBC,
		PROTO_CIPHER_AES_256_CBC,
	};
	struct dp_peer_info info;

	(void)state;
	up(PROTO_CIPHER_AES_128_GCM);
	for (size_t i = 0; i < 3; i++) {
		rig_set_key(&rig.server, DP_SLOT_PRIMARY, 9, ciphers[i], 5);
		rig_set_key(&rig.client, DP_SLOT_PRIMARY, 9, ciphers[i], 5);
		for (size_t len = 84; len < 102; len++)
			assert_true(goes(&rig.client, "10.8.0.2", "10.8.0.1",
					 len));
		assert_true(goes_both(1400));
		assert_int_equal(dp_peer_get(rig.server.dp, RIG_PEER_ID,
					     &info), 0);
		assert_string_equal(info.cipher_name,
				    proto_cipher_name(ciphers[i]));
	}
	catch_packet(100);
	/* header, HMAC, IV, id and payload in whole blocks */
	assert_int_equal(rig.server.last_len, 4 + 32 + 16 + 112);
	rig.server.last[60] ^= 1;
	assert_int_equal(feed(rig.server.last, rig.server.last_len), -EBADMSG);
	rig.server.last[60] ^= 1;
	assert_int_equal(feed(rig.server.last, rig.server.last_len), 0);
	assert_int_equal(feed(rig.server.last, rig.server.last_len),
			 -EALREADY);
}

static void test_cbc_v1(void **state)
{
	(void)state;
	rig_format.is_v1 = true;
	up(PROTO_CIPHER_AES_256_CBC);
	assert_true(goes_both(100));
}

/* ---- the window -------------------------------------------------------- */

static void test_window(void **state)
{
	uint8_t material[RIG_MATERIAL], first[RIG_PACKET_MAX];
	struct dp_key key = rig_key(material, 7, PROTO_CIPHER_AES_128_GCM, 1,
				    false);

	(void)state;
	up(PROTO_CIPHER_AES_128_GCM);
	key.has_window = true;
	assert_int_equal(dp_key_set(rig.server.dp, RIG_PEER_ID,
				    DP_SLOT_PRIMARY, &key), 0);
	rig_set_key(&rig.client, DP_SLOT_PRIMARY, 7, PROTO_CIPHER_AES_128_GCM,
		    1);
	catch_packet(100);
	memcpy(first, rig.server.last, sizeof(first));
	catch_packet(100);
	/* in order only */
	assert_int_equal(feed(rig.server.last, rig.server.last_len), 0);
	assert_int_equal(feed(first, rig.server.last_len), -EALREADY);
}

/* ---- framing ----------------------------------------------------------- */

static void test_framing(void **state)
{
	(void)state;
	rig_format.framing = PROTO_FRAMING_LZO;
	up(PROTO_CIPHER_AES_256_GCM);
	assert_true(goes_both(100));
	catch_packet(100);
	assert_int_equal(rig.server.last_len, 24 + 1 + 100);
}

static void test_framing_swap(void **state)
{
	(void)state;
	rig_format.framing = PROTO_FRAMING_SWAP;
	rig_format.is_v1 = true;
	up(PROTO_CIPHER_AES_256_CBC);
	assert_true(goes_both(100));
}

/* With the key of the client, whatever it may be. */
static int feed_sealed(const char *payload, size_t len)
{
	struct user_peer *peer = user_find_first(user_get(rig.client.dp));
	struct user_key *key = user_tx_key(peer);
	uint8_t wire[RIG_PACKET_MAX];
	ssize_t n;

	memcpy(wire, key->head, sizeof(key->head));
	n = key->seal.ops->seal(&key->seal, wire, (const uint8_t *)payload,
				len);
	assert_true(n > 0);
	return feed(wire, (size_t)n);
}

static void test_compressed(void **state)
{
	struct user_drops *drops;

	(void)state;
	rig_format.framing = PROTO_FRAMING_LZO;
	up(PROTO_CIPHER_AES_256_GCM);
	drops = &user_get(rig.server.dp)->drops;
	assert_int_equal(feed_sealed("\x66what is packed", 15),
			 -EPROTONOSUPPORT);
	assert_int_equal(drops->compressed, 1);
	assert_int_equal(feed_sealed("\x45 not framed", 12), -EBADMSG);
	assert_int_equal(drops->malformed, 1);
	assert_true(goes_both(100));
}

/* stub-v2 adds nothing to IP; what is packed in it is no IP. */
static void test_compressed_v2(void **state)
{
	struct user_drops *drops;

	(void)state;
	rig_format.framing = PROTO_FRAMING_V2;
	up(PROTO_CIPHER_AES_256_GCM);
	drops = &user_get(rig.server.dp)->drops;
	assert_int_equal(feed_sealed("\x50\x01 packed", 9), -EINVAL);
	assert_int_equal(drops->compressed, 1);
	assert_true(goes_both(100));
	catch_packet(100);
	assert_int_equal(rig.server.last_len, 24 + 100);
}

/* A ping and a goodbye are framed as everything else. */
static void test_framed_occ(void **state)
{
	(void)state;
	rig_format.framing = PROTO_FRAMING_LZO;
	rig_format.fragment = 1000;
	rig_format.join_max = 1500;
	up(PROTO_CIPHER_AES_256_GCM);
	assert_int_equal(dp_send_occ(rig.client.dp, RIG_PEER_ID,
				     PROTO_OCC_EXIT), 0);
	rig.server.last_len = 0;
	assert_true(rig_run(&rig, has_datagram, &rig.server, GOES_MS));
	assert_int_equal(rig.server.n_exit, 1);
}

/* ---- fragments ---------------------------------------------------------- */

static void test_fragment(void **state)
{
	(void)state;
	rig_format.fragment = 576;
	rig_format.join_max = 1500;
	up(PROTO_CIPHER_AES_256_GCM);
	assert_true(goes_both(1500));
	assert_true(goes_both(100));
	assert_true(goes_both(549));
	rig.server.n_datagrams = 0;
	/* 576 less 24 for the seal and 4 for the header */
	assert_true(goes(&rig.client, "10.8.0.2", "10.8.0.1", 548));
	assert_int_equal(rig.server.n_datagrams, 1);
	assert_int_equal(rig.server.last_len, 576);
	assert_true(goes(&rig.client, "10.8.0.2", "10.8.0.1", 549));
	assert_int_equal(rig.server.n_datagrams, 3);
	assert_true(goes(&rig.client, "10.8.0.2", "10.8.0.1", 1500));
	assert_int_equal(rig.server.n_datagrams, 6);
	assert_int_equal(user_get(rig.server.dp)->drops.fragment, 0);
}

static void test_fragment_cbc(void **state)
{
	(void)state;
	rig_format.fragment = 600;
	rig_format.is_fragment_mtu = true;
	rig_format.framing = PROTO_FRAMING_LZO;
	rig_format.join_max = 1500;
	rig_format.is_v1 = true;
	up(PROTO_CIPHER_AES_256_CBC);
	assert_true(goes_both(1500));
	rig.server.n_datagrams = 0;
	/* 572 of UDP: 1 + 32 + 16, 512 in blocks less padding, id and header */
	assert_true(goes(&rig.client, "10.8.0.2", "10.8.0.1", 512 - 9 - 1));
	assert_int_equal(rig.server.n_datagrams, 1);
	assert_int_equal(rig.server.last_len, 49 + 512);
	assert_true(goes(&rig.client, "10.8.0.2", "10.8.0.1", 512 - 9));
	assert_int_equal(rig.server.n_datagrams, 3);
}

/* One piece that is lost costs its packet and no other. */
static void test_fragment_lost(void **state)
{
	(void)state;
	rig_format.fragment = 576;
	rig_format.join_max = 1500;
	up(PROTO_CIPHER_AES_256_GCM);
	catch_packet(1500);
	rig_settle(&rig, 50);
	assert_true(goes_both(1500));
	/* cut into more pieces than there can be: not sent */
	rig.server.n_datagrams = 0;
	user_find_first(user_get(rig.client.dp))->cfg.format.fragment = 68;
	rig_inner(pkt, "10.8.0.2", "10.8.0.1", 1500, 1);
	rig_send(&rig.client, pkt, 1500);
	rig_settle(&rig, 50);
	assert_int_equal(rig.server.n_datagrams, 0);
	assert_int_equal(user_get(rig.client.dp)->drops.fragment, 1);
}

/* ---- segment sizes (section 7.10) ------------------------------------- */

#define SYN_LEN		44

/* A SYN that announces segments of 9000 bytes. */
static void make_syn(uint8_t *out, bool is_ip6)
{
	uint8_t *tcp;

	if (is_ip6)
		rig_inner(out, "fd00::2", "fd00::1", 40 + 24, 0);
	else
		rig_inner(out, "10.8.0.2", "10.8.0.1", SYN_LEN, 0);
	out[is_ip6 ? 6 : 9] = 6;
	tcp = out + (is_ip6 ? 40 : 20);
	tcp[12] = 6 << 4;
	tcp[13] = 0x02;
	memcpy(tcp + 20, "\x02\x04\x23\x28", 4);
}

static unsigned int mss_of(const uint8_t *syn, bool is_ip6)
{
	const uint8_t *at = syn + (is_ip6 ? 40 : 20) + 22;

	return (unsigned int)at[0] << 8 | at[1];
}

static unsigned int clamped(bool is_ip6)
{
	struct dp_user *user = user_get(rig.client.dp);
	uint8_t syn[80];

	make_syn(syn, is_ip6);
	user_mss(user, user_find_first(user), syn,
		 is_ip6 ? 64 : SYN_LEN);
	return mss_of(syn, is_ip6);
}

static void test_mss(void **state)
{
	static const struct {
		enum proto_cipher cipher;
		struct dp_format format;
		unsigned int want;
	} rows[] = {
		/* 12.9: mssfix - 64 */
		{ PROTO_CIPHER_AES_256_GCM,
		  { .mss = DP_MSS_LINK, .mss_size = 1400 }, 1400 - 64 },
		{ PROTO_CIPHER_AES_256_GCM,
		  { .mss = DP_MSS_LINK, .mss_size = 1400, .is_v1 = true },
		  1400 - 61 },
		/* what stock has by default */
		{ PROTO_CIPHER_AES_256_GCM,
		  { .mss = DP_MSS_MTU, .mss_size = 1492 }, 1400 },
		{ PROTO_CIPHER_AES_256_GCM,
		  { .mss = DP_MSS_ROUTE, .mss_size = 1492 }, 1400 },
		{ PROTO_CIPHER_AES_256_GCM,
		  { .mss = DP_MSS_FIXED, .mss_size = 1400 }, 1360 },
		{ PROTO_CIPHER_AES_256_GCM, { .mss = DP_MSS_OFF }, 9000 },
		{ PROTO_CIPHER_AES_256_GCM,
		  { .mss = DP_MSS_LINK, .mss_size = 1300, .fragment = 1300,
		    .framing = PROTO_FRAMING_SWAP }, 1300 - 64 - 5 },
		/* 4 + 16 + 32 of 1400: 1344 in blocks, less 1, 4 and 40 */
		{ PROTO_CIPHER_AES_128_CBC,
		  { .mss = DP_MSS_LINK, .mss_size = 1400 }, 1344 - 45 },
		{ PROTO_CIPHER_AES_128_CBC,
		  { .mss = DP_MSS_LINK, .mss_size = 1395 }, 1328 - 45 },
		/* nothing is left: as little as hosts take */
		{ PROTO_CIPHER_AES_256_GCM,
		  { .mss = DP_MSS_LINK, .mss_size = 100 }, 88 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (i)
			rig_close(&rig);
		rig_format = rows[i].format;
		up(rows[i].cipher);
		assert_int_equal(clamped(false), rows[i].want);
		if (rows[i].want > 500 && rows[i].want < 9000)
			assert_int_equal(clamped(true), rows[i].want - 20);
	}
}

/* The new key may take more. */
static void test_mss_of_key(void **state)
{
	(void)state;
	rig_format.mss = DP_MSS_LINK;
	rig_format.mss_size = 1400;
	up(PROTO_CIPHER_AES_256_GCM);
	assert_int_equal(clamped(false), 1336);
	rig_set_key(&rig.client, DP_SLOT_PRIMARY, 1, PROTO_CIPHER_AES_128_CBC,
		    3);
	assert_int_equal(clamped(false), 1344 - 45);
}

/* ---- the class of packets outside ------------------------------------- */

/* How long that was. */
static ssize_t class_len;

/* The TOS or traffic class of the next datagram at the client. */
static int class_outside(void)
{
	char control[64];
	uint8_t data[RIG_PACKET_MAX];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cm;

	class_len = recvmsg(rig.client.udp, &msg, MSG_DONTWAIT);
	if (class_len < 0)
		return -errno;
	for (cm = CMSG_FIRSTHDR(&msg); cm; cm = CMSG_NXTHDR(&msg, cm)) {
		if (cm->cmsg_level == IPPROTO_IP && cm->cmsg_type == IP_TOS)
			return *CMSG_DATA(cm);
		if (cm->cmsg_level == IPPROTO_IPV6 &&
		    cm->cmsg_type == IPV6_TCLASS)
			return *CMSG_DATA(cm);
	}
	return -ENOMSG;
}

static void class_up(const char *host)
{
	int on = 1;

	rig_format.has_class = true;
	rig_open(&rig, host, host);
	rig_peers(&rig);
	rig_set_key(&rig.server, DP_SLOT_PRIMARY, 1, PROTO_CIPHER_AES_256_GCM,
		    2);
	setsockopt(rig.client.udp, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
	setsockopt(rig.client.udp, IPPROTO_IPV6, IPV6_RECVTCLASS, &on,
		   sizeof(on));
	loop_io_set(rig.client.io, 0);
}

static void class_send_len(bool is_ip6, uint8_t class, size_t len)
{
	rig_inner(pkt, is_ip6 ? "fd00::1" : "10.8.0.1",
		  is_ip6 ? "fd00::2" : "10.8.0.2", len, 7);
	if (is_ip6) {
		pkt[0] |= class >> 4;
		pkt[1] |= (uint8_t)(class << 4);
	} else {
		pkt[1] = class;
	}
	rig_send(&rig.server, pkt, len);
}

static void class_send(bool is_ip6, uint8_t class)
{
	class_send_len(is_ip6, class, 100);
}

static void class_goes(const char *host)
{
	class_up(host);
	/* equal sizes, so that only their class keeps them apart */
	class_send(false, 0xb8);
	class_send(false, 0xb8);
	class_send(true, 0x2c);
	class_send(false, 0);
	/* what it says of congestion stays inside */
	class_send(false, 0x2b);
	rig_settle(&rig, 50);
	assert_int_equal(class_outside(), 0xb8);
	assert_int_equal(class_outside(), 0xb8);
	assert_int_equal(class_outside(), 0x2c);
	assert_int_equal(class_outside(), 0);
	assert_int_equal(class_outside(), 0x28);
	assert_int_equal(class_outside(), -EAGAIN);
}

static void test_class(void **state)
{
	(void)state;
	class_goes("127.0.0.1");
}

static void test_class_ip6(void **state)
{
	(void)state;
	class_goes("::1");
}

/*
 * On a kernel that breaks equal runs: each class has one of its own, with a
 * ping at its end, and what is short is no tail of another class.
 */
static void test_class_tail(void **state)
{
	static const struct {
		int class;
		ssize_t payload;
	} want[] = {
		{ 0xb8, 100 }, { 0xb8, 100 }, { 0xb8, PROTO_PING_LEN },
		{ 0x2c, 100 }, { 0x2c, 100 }, { 0x2c, PROTO_PING_LEN },
		{ 0x88, 100 }, { 0, 40 },
	};

	(void)state;
	class_up("127.0.0.1");
	user_get(rig.server.dp)->tx.needs_tail = true;
	class_send(false, 0xb8);
	class_send(false, 0xb8);
	class_send(false, 0x2c);
	class_send(false, 0x2c);
	class_send(false, 0x88);
	class_send_len(false, 0, 40);
	rig_settle(&rig, 50);
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		assert_int_equal(class_outside(), want[i].class);
		assert_int_equal(class_len, want[i].payload + 24);
	}
	assert_int_equal(class_outside(), -EAGAIN);
}

/* ---- client-nat ------------------------------------------------------- */

/* An IPv4 packet with good checksums; @proto TCP, UDP, or UDP without one: 0 */
static size_t nat_packet(uint8_t *out, const char *src, const char *dst,
			 uint8_t proto, uint16_t frag)
{
	struct packet_spec spec = {
		.is_udp = proto != IPPROTO_TCP, .payload = 99,
	};
	struct net_ip s = rig_ip(src), d = rig_ip(dst);
	size_t len = packet_make(&spec, out);

	memcpy(out + 12, &s.in4, 4);
	memcpy(out + 16, &d.in4, 4);
	packet_be16(out + 6, frag);
	packet_finish(out, len);
	if (!proto)
		packet_be16(out + 26, 0);
	return len;
}

static void nat_goes(bool is_sent, const char *src, const char *dst,
		     const char *new_src, const char *new_dst)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, 0 };
	struct rig_end *from = is_sent ? &rig.client : &rig.server;
	struct rig_end *to = is_sent ? &rig.server : &rig.client;
	uint8_t want[RIG_PACKET_MAX];

	for (size_t i = 0; i < sizeof(protos); i++) {
		size_t len = nat_packet(pkt, src, dst, protos[i], 0);

		nat_packet(want, new_src, new_dst, protos[i], 0);
		rig_send(from, pkt, len);
		assert_true(rig_arrives(&rig, to, want, len, GOES_MS));
	}
}

static void test_nat(void **state)
{
	static const char mask[] = "255.255.255.0";
	struct dp_nat rules[2] = {
		{ .is_dst = false, .network = inet_addr("10.8.0.0"),
		  .mask = inet_addr(mask), .alias = inet_addr("10.9.7.0") },
		{ .is_dst = true, .network = inet_addr("10.99.0.0"),
		  .mask = inet_addr(mask), .alias = inet_addr("10.8.0.0") },
	};
	const struct net_prefix behind = { rig_ip("10.9.7.0"), 24 };

	(void)state;
	rig_nat = rules;
	rig_n_nat = 2;
	up(PROTO_CIPHER_AES_256_GCM);
	rig_n_nat = 0;
	/* the rules were copied */
	memset(rules, 0, sizeof(rules));
	assert_int_equal(dp_prefix_add(rig.server.dp, RIG_PEER_ID, &behind), 0);
	nat_goes(true, "10.8.0.2", "10.99.0.1", "10.9.7.2", "10.8.0.1");
	nat_goes(true, "10.8.0.2", "10.98.0.1", "10.9.7.2", "10.98.0.1");
	nat_goes(false, "10.8.0.1", "10.9.7.2", "10.99.0.1", "10.8.0.2");
	nat_goes(false, "10.7.0.1", "10.9.7.3", "10.7.0.1", "10.8.0.3");
	/* not IPv4: as it was */
	assert_true(goes(&rig.client, "fd00::2", "fd00::1", 100));
}

/* Behind the first fragment there are no ports and no checksum. */
static void test_nat_fragment(void **state)
{
	const struct dp_nat rule = {
		.network = inet_addr("10.1.0.0"), .mask = inet_addr("255.0.0.0"),
		.alias = inet_addr("10.8.0.2"), .is_dst = false,
	};
	uint8_t sent[RIG_PACKET_MAX], want[RIG_PACKET_MAX];
	size_t len;

	(void)state;
	rig_nat = &rule;
	rig_n_nat = 1;
	up(PROTO_CIPHER_AES_256_GCM);
	rig_n_nat = 0;
	len = nat_packet(sent, "10.8.0.2", "10.8.0.1", IPPROTO_TCP, 0x2001);
	memcpy(want, sent, len);
	rig_send(&rig.client, sent, len);
	assert_true(rig_arrives(&rig, &rig.server, want, len, GOES_MS));
	/* too short for the checksum that it should have */
	len = rig_inner(sent, "10.8.0.2", "10.8.0.1", 30, 0);
	sent[9] = IPPROTO_TCP;
	rig_send(&rig.client, sent, len);
	assert_true(rig_arrives(&rig, &rig.server, sent, len, GOES_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_v1),
		RIG_TEST(test_v1_and_v2),
		RIG_TEST(test_v1_address),
		RIG_TEST(test_cbc),
		RIG_TEST(test_cbc_v1),
		RIG_TEST(test_window),
		RIG_TEST(test_framing),
		RIG_TEST(test_framing_swap),
		RIG_TEST(test_compressed),
		RIG_TEST(test_compressed_v2),
		RIG_TEST(test_framed_occ),
		RIG_TEST(test_fragment),
		RIG_TEST(test_fragment_cbc),
		RIG_TEST(test_fragment_lost),
		RIG_TEST(test_class),
		RIG_TEST(test_class_ip6),
		RIG_TEST(test_class_tail),
		RIG_TEST(test_nat),
		RIG_TEST(test_nat_fragment),
		RIG_TEST(test_mss),
		RIG_TEST(test_mss_of_key),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
