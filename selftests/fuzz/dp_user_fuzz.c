// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Data packets on the userspace data path. With an even first byte the rest is
 * a packet as a stranger sends it, to a peer with AES-GCM, with AES-CBC (0x10)
 * or with epochs (0x20). With 1 in its low bits it is four bytes of
 * packet id and a payload, which a peer seals with the right key; with 3,
 * several payloads with two bytes of length each, which arrive as one batch at
 * a device that takes super-packets.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dp/user.h"
#include "fuzz.h"

#define HEAD_LEN	8

static const struct userdp_tun with_vnet = { .has_vnet = true };
static struct dp *dp;
static int tun[2];
static struct userdp_aead seal;
static union net_addr remote;
static uint8_t material[40];

static const struct dp_key key = {
	.cipher = PROTO_CIPHER_AES_128_GCM,
	.send = { material, 16, material + 32, NULL, NULL },
	.recv = { material, 16, material + 32, NULL, NULL },
};

static const struct dp_key cbc_key = {
	.cipher = PROTO_CIPHER_AES_128_CBC,
	.digest = "SHA1",
	.send = { material, 16, NULL, material, NULL },
	.recv = { material, 16, NULL, material, NULL },
};

static const struct dp_key epoch_key = {
	.cipher = PROTO_CIPHER_AES_128_GCM,
	.is_epoch = true,
	.send = { .cipher_key_len = 16, .epoch_secret = material },
	.recv = { .cipher_key_len = 16, .epoch_secret = material },
};

/* Even first bytes choose the key of those that know none of them. */
static const struct dp_key *key_of(uint8_t first)
{
	if (first & 1)
		return &key;
	return first & 0x20 ? &epoch_key : first & 0x10 ? &cbc_key : &key;
}

static void init(void)
{
	/* nothing is clamped: what goes in comes out as it is */
	struct dp_peer peer = {
		.id = 1, .tx_id = 1, .format.mss = DP_MSS_OFF,
	};
	struct dp_config cfg = { .mode = DP_MODE_MP, .mtu = 1500 };
	static const struct dp_events none;

	FUZZ_CHECK(!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, tun));
	cfg.loop = loop_new();
	cfg.events = &none;
	cfg.tun_fd = tun[0];
	FUZZ_CHECK(!dp_user_new(&cfg, &dp));
	FUZZ_CHECK(!net_addr_parse("127.0.0.1", 9, &remote));
	peer.remote = remote;
	peer.fd = socket(AF_INET, SOCK_DGRAM, 0);
	FUZZ_CHECK(!net_ip_parse("10.8.0.2", &peer.vpn4));
	FUZZ_CHECK(!net_ip_parse("fd00::2", &peer.vpn6));
	FUZZ_CHECK(!dp_peer_add(dp, &peer));
	FUZZ_CHECK(!userdp_aead_init(&seal, key.cipher, material, material + 32,
				     USERDP_AEAD_SEAL));
}

/* What went to the device: the length, 0 when nothing did. */
static size_t delivered(uint8_t *out, size_t cap)
{
	ssize_t n = read(tun[1], out, cap);

	return n > 0 ? (size_t)n : 0;
}

static int input(const uint8_t *pkt, size_t len)
{
	/* on the heap, for the sanitizer to guard */
	uint8_t *copy = malloc(len + !len);
	int ret;

	FUZZ_CHECK(copy);
	memcpy(copy, pkt, len);
	ret = dp_input(dp, -1, copy, len, &remote, NULL);
	free(copy);
	return ret;
}

static bool is_from_peer(const uint8_t *pkt, size_t len)
{
	static const uint8_t vpn4[] = { 10, 8, 0, 2 };
	static const uint8_t vpn6[16] = { 0xfd, [15] = 2 };

	if (len >= 20 && pkt[0] >> 4 == 4)
		return !memcmp(pkt + 12, vpn4, sizeof(vpn4));
	return len >= 40 && pkt[0] >> 4 == 6 &&
	       !memcmp(pkt + 8, vpn6, sizeof(vpn6));
}

static void check_sealed(const uint8_t *data, size_t size)
{
	static uint8_t pkt[70000], out[70000];
	size_t len = size - 4, got;
	int ret;

	if (!len || len > 60000)
		return;
	memcpy(pkt, "\x48\0\0\1", 4);
	memcpy(pkt + 4, data, 4);
	FUZZ_CHECK(!userdp_aead_seal(&seal, pkt, HEAD_LEN, data + 4, len,
				     pkt + HEAD_LEN,
				     pkt + HEAD_LEN + PROTO_AEAD_TAG_LEN));
	len += HEAD_LEN + PROTO_AEAD_TAG_LEN;
	ret = input(pkt, len);
	got = delivered(out, sizeof(out));
	if (got)
		FUZZ_CHECK(!ret && got == size - 4 &&
			   !memcmp(out, data + 4, got) &&
			   is_from_peer(out, got));
	/* once only, and not when a bit of it is changed */
	FUZZ_CHECK(input(pkt, len) == -EALREADY);
	pkt[data[0] % len] ^= 0x80;
	FUZZ_CHECK(input(pkt, len) < 0);
	FUZZ_CHECK(!delivered(out, sizeof(out)));
}

/* Packets in what the device has got. */
static unsigned int cut_delivered(void)
{
	static uint8_t out[70000];
	static struct userdp_frame frame;
	unsigned int n = 0;
	size_t len;

	while ((len = delivered(out, sizeof(out)))) {
		FUZZ_CHECK(!userdp_frame_parse(&frame, &with_vnet, out, len));
		n += frame.n_segs;
	}
	return n;
}

static void check_batch(const uint8_t *data, size_t size)
{
	static uint8_t pkt[4200];
	unsigned int n = 0;
	size_t len;

	user_get(dp)->tun.has_vnet = user_get(dp)->tun.has_uso = true;
	dp_batch_begin(dp);
	/* few: the queue of a socket pair is short */
	for (uint8_t id = 1; size > 2 && n < 8; id++) {
		len = (size_t)data[0] << 8 | data[1];
		data += 2;
		size -= 2;
		len = len < size ? len : size;
		if (!len || id == 100)
			break;
		memcpy(pkt, "\x48\0\0\1\0\0\0", 7);
		pkt[7] = id;
		FUZZ_CHECK(!userdp_aead_seal(&seal, pkt, HEAD_LEN, data, len,
					     pkt + HEAD_LEN, pkt + HEAD_LEN +
					     PROTO_AEAD_TAG_LEN));
		n += !input(pkt, len + HEAD_LEN + PROTO_AEAD_TAG_LEN) &&
		     is_from_peer(data, len);
		data += len;
		size -= len;
	}
	dp_batch_end(dp);
	FUZZ_CHECK(cut_delivered() == n);
	user_get(dp)->tun.has_vnet = user_get(dp)->tun.has_uso = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t out[64];

	if (!dp)
		init();
	if (!size)
		return 0;
	/* with an empty replay window, so that an input repeats */
	FUZZ_CHECK(!dp_key_set(dp, 1, DP_SLOT_PRIMARY, key_of(data[0])));
	if (!(data[0] & 1)) {
		FUZZ_CHECK(input(data + 1, size - 1) < 0);
		FUZZ_CHECK(!delivered(out, sizeof(out)));
	} else if (data[0] & 2) {
		check_batch(data + 1, size - 1);
	} else if (size > 5) {
		check_sealed(data + 1, size - 1);
	}
	return 0;
}
