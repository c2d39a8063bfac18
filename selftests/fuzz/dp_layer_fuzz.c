// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an authentic peer can send to the userspace data path where framing and
 * fragments stand between packet and payload. The first byte chooses the format
 * of the peer; then come payloads with two bytes of length each, which are
 * sealed with the right key and arrive one after the other.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dp/user.h"
#include "fuzz.h"

#define JOIN_MAX	1500
#define PAYLOAD_MAX	4000

static struct dp *dp;
static int tun[2];
static struct dp_peer peer = { .id = 1, .tx_id = 1 };
static uint8_t material[64];

static void init(void)
{
	struct dp_config cfg = { .mode = DP_MODE_MP, .mtu = 1500 };
	static const struct dp_events none;

	FUZZ_CHECK(!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, tun));
	cfg.loop = loop_new();
	cfg.events = &none;
	cfg.tun_fd = tun[0];
	FUZZ_CHECK(!dp_user_new(&cfg, &dp));
	FUZZ_CHECK(!net_addr_parse("127.0.0.1", 9, &peer.remote));
	peer.fd = socket(AF_INET, SOCK_DGRAM, 0);
	FUZZ_CHECK(!net_ip_parse("10.8.0.2", &peer.vpn4));
	FUZZ_CHECK(!net_ip_parse("fd00::2", &peer.vpn6));
}

/* A peer of the format that @choice says, with keys that seal and open. */
static struct userdp_codec begin(uint8_t choice)
{
	const struct dp_key key = {
		.cipher = choice & 8 ? PROTO_CIPHER_AES_128_CBC :
				       PROTO_CIPHER_AES_128_GCM,
		.digest = "SHA1",
		.send = { material, 16, material, material, NULL },
		.recv = { material, 16, material, material, NULL },
	};
	const struct userdp_secret secret = {
		.cipher = key.cipher, .key = material, .tail = material,
		.digest = key.digest, .mac_key = material,
	};
	struct userdp_codec seal;

	dp_peer_del(dp, peer.id);
	peer.format = (struct dp_format){
		.is_v1 = choice & 16,
		.framing = (enum proto_framing)(choice & 3),
		.fragment = choice & 4 ? 1000 : 0,
		.join_max = JOIN_MAX,
		.mss = DP_MSS_OFF,
	};
	FUZZ_CHECK(!dp_peer_add(dp, &peer));
	FUZZ_CHECK(!dp_key_set(dp, peer.id, DP_SLOT_PRIMARY, &key));
	FUZZ_CHECK(!userdp_codec_init(&seal, &secret, peer.format.is_v1 ?
				      USERDP_HEAD_V1 : USERDP_HEAD_V2,
				      USERDP_AEAD_SEAL));
	return seal;
}

/* What has got through is the peer's, and not longer than it may be. */
static void check_delivered(void)
{
	static const uint8_t vpn4[] = { 10, 8, 0, 2 };
	static const uint8_t vpn6[16] = { 0xfd, [15] = 2 };
	static uint8_t out[70000];
	ssize_t n;

	while ((n = read(tun[1], out, sizeof(out))) > 0) {
		FUZZ_CHECK(n <= PAYLOAD_MAX);
		if (out[0] >> 4 == 4)
			FUZZ_CHECK(n >= 20 && !memcmp(out + 12, vpn4, 4));
		else
			FUZZ_CHECK(out[0] >> 4 == 6 && n >= 40 &&
				   !memcmp(out + 8, vpn6, 16));
	}
}

static void input(struct userdp_codec *seal, const uint8_t *data, size_t len)
{
	static const uint8_t heads[2][4] = { { 0x48, 0, 0, 1 }, { 0x30 } };
	/* on the heap, for the sanitizer to guard */
	uint8_t *wire = malloc(userdp_codec_wire(seal, len));
	ssize_t n;

	FUZZ_CHECK(wire);
	memcpy(wire, heads[peer.format.is_v1], seal->head_len);
	n = seal->ops->seal(seal, wire, data, len);
	FUZZ_CHECK(n == (ssize_t)userdp_codec_wire(seal, len));
	dp_input(dp, -1, wire, (size_t)n, &peer.remote, NULL);
	free(wire);
	check_delivered();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct userdp_codec seal;
	size_t len;

	if (!dp)
		init();
	if (!size)
		return 0;
	seal = begin(data[0]);
	data++;
	size--;
	while (size > 2) {
		len = (size_t)data[0] << 8 | data[1];
		data += 2;
		size -= 2;
		len = len < size ? len : size;
		if (!len || len > PAYLOAD_MAX)
			break;
		input(&seal, data, len);
		data += len;
		size -= len;
	}
	userdp_codec_wipe(&seal);
	return 0;
}
