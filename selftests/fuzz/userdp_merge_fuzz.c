// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opened packets on their way to the device: lengths of two bytes and as much
 * of a packet each. A length of 0 repeats the packet before, with sequence
 * number and id as they follow, so that there is something to merge. Everything
 * that goes in must come out, as frames that can be cut into as many packets.
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "userdp/private.h"

#define PACKET_CAP	2000
#define PACKETS_MAX	200

static struct userdp_merge merge;
static struct userdp_tun tun = { .has_vnet = true, .has_uso = true };
static int device;
static const struct userdp_tun with_vnet = { .has_vnet = true };
static struct userdp_frame frame;
static uint8_t out[USERDP_VNET_LEN + 70000];

static void init(void)
{
	int pair[2], size = 64 << 20;

	FUZZ_CHECK(!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair));
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	tun.fd = pair[0];
	device = pair[1];
	FUZZ_CHECK(!userdp_merge_init(&merge, &tun));
}

/* What a sender would send next after this packet. */
static void follow(uint8_t *pkt, size_t len)
{
	size_t l4 = pkt[0] >> 4 == 4 ? IP4_LEN : IP6_LEN, head;

	if (len < l4 + TCP_LEN)
		return;
	if (l4 == IP4_LEN) {
		put16(pkt + IP4_ID, get16(pkt + IP4_ID) + 1u);
		put16(pkt + IP4_SUM, 0);
		userdp_sum_put(pkt + IP4_SUM, (uint16_t)
			       ~userdp_fold(userdp_sum(pkt, IP4_LEN, 0)));
	}
	head = l4 + (pkt[l4 + TCP_OFFSET] >> 4) * 4u;
	if (pkt[l4 == IP4_LEN ? IP4_PROTO : IP6_NEXT] == IPPROTO_TCP &&
	    head <= len)
		put32(pkt + l4 + TCP_SEQ,
		      get32(pkt + l4 + TCP_SEQ) + (uint32_t)(len - head));
}

/* Return: how many packets the frames hold that the device has got. */
static unsigned int drain(size_t *bytes)
{
	unsigned int n = 0;
	ssize_t got;
	size_t len;

	while ((got = read(device, out, sizeof(out))) > 0) {
		if (userdp_frame_parse(&frame, &with_vnet, out, (size_t)got)) {
			/* not even an IP packet: passed on as it is */
			FUZZ_CHECK(out[1] == VNET_GSO_NONE);
			*bytes += (size_t)got - USERDP_VNET_LEN;
			n++;
			continue;
		}
		while (userdp_frame_next(&frame, &len)) {
			*bytes += len;
			n++;
		}
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t pkt[PACKET_CAP];
	unsigned int n_in = 0;
	size_t len = 0, next, bytes_in = 0, bytes_out = 0;

	if (!merge.buf)
		init();
	for (; size >= 2 && n_in < PACKETS_MAX; n_in++) {
		next = get16(data);
		data += 2;
		size -= 2;
		if (next) {
			len = next < size ? next : size;
			len = len < PACKET_CAP ? len : PACKET_CAP;
			memcpy(pkt, data, len);
			data += len;
			size -= len;
		} else {
			follow(pkt, len);
		}
		if (!len)
			break;
		memcpy(userdp_merge_slot(&merge, len), pkt, len);
		userdp_merge_add(&merge, 0, len);
		bytes_in += len;
	}
	userdp_merge_flush(&merge);
	FUZZ_CHECK(!merge.lost);
	FUZZ_CHECK(drain(&bytes_out) == n_in);
	FUZZ_CHECK(bytes_out == bytes_in);
	return 0;
}
