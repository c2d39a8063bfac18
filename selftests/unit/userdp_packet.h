/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_USERDP_PACKET_H
#define UNIT_USERDP_PACKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * TCP and UDP packets for the tests of userdp/. The checksums are made by code
 * of its own, byte by byte: what is tested must not judge itself.
 */

#define PACKET_CAP	65600

/** struct packet_spec - what a packet is to be */
struct packet_spec {
	bool is_ip6, is_udp;
	uint8_t flags;		/* TCP */
	uint8_t n_options;	/* TCP, bytes, a multiple of 4 */
	uint8_t tos;
	uint16_t id;		/* IPv4 */
	bool no_df;		/* IPv4 */
	uint16_t sport;
	uint32_t seq;
	size_t payload;
	unsigned int from;	/* number of its first byte in the stream */
};

static inline void packet_be16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline unsigned int packet_get16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static inline uint32_t packet_get32(const uint8_t *at)
{
	return (uint32_t)packet_get16(at) << 16 | packet_get16(at + 2);
}

static inline uint32_t packet_sum(const uint8_t *data, size_t len,
				  uint32_t sum)
{
	size_t i;

	for (i = 0; i < len; i++) {
		sum += i & 1 ? data[i] : (uint32_t)data[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static inline size_t packet_ip_len(const uint8_t *pkt)
{
	return pkt[0] >> 4 == 4 ? (pkt[0] & 15u) * 4 : 40;
}

static inline bool packet_is_udp(const uint8_t *pkt)
{
	return pkt[pkt[0] >> 4 == 4 ? 9 : 6] == IPPROTO_UDP;
}

static inline size_t packet_head_len(const uint8_t *pkt)
{
	size_t ip = packet_ip_len(pkt);

	return ip + (packet_is_udp(pkt) ? 8 : (pkt[ip + 12] >> 4) * 4u);
}

/* Sum of pseudo header, TCP or UDP: 0xffff when the checksum is right. */
static inline uint32_t packet_l4_sum(const uint8_t *pkt, size_t len)
{
	size_t ip = packet_ip_len(pkt);
	bool is_ip4 = pkt[0] >> 4 == 4;
	uint32_t sum = packet_is_udp(pkt) ? IPPROTO_UDP : IPPROTO_TCP;

	sum = packet_sum(pkt + (is_ip4 ? 12 : 8), is_ip4 ? 8 : 32, sum);
	sum += (uint32_t)(len - ip);
	return packet_sum(pkt + ip, len - ip, sum);
}

static inline uint8_t *packet_check(uint8_t *pkt)
{
	return pkt + packet_ip_len(pkt) + (packet_is_udp(pkt) ? 6 : 16);
}

/* Lengths and checksums for @len bytes. */
static inline void packet_finish(uint8_t *pkt, size_t len)
{
	size_t ip = packet_ip_len(pkt);
	uint32_t sum;

	if (pkt[0] >> 4 == 4) {
		packet_be16(pkt + 2, (unsigned int)len);
		packet_be16(pkt + 10, 0);
		packet_be16(pkt + 10, ~packet_sum(pkt, ip, 0));
	} else {
		packet_be16(pkt + 4, (unsigned int)(len - 40));
	}
	if (packet_is_udp(pkt))
		packet_be16(pkt + ip + 4, (unsigned int)(len - ip));
	packet_be16(packet_check(pkt), 0);
	sum = ~packet_l4_sum(pkt, len) & 0xffff;
	packet_be16(packet_check(pkt), sum ? sum : 0xffff);
}

/* Byte @i of the stream that payloads are taken from. */
static inline uint8_t packet_byte(unsigned int i)
{
	return (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

/* Return: the length of the packet at @out. */
static inline size_t packet_make(const struct packet_spec *spec, uint8_t *out)
{
	size_t ip = spec->is_ip6 ? 40 : 20, i, len;
	uint8_t *l4 = out + ip;

	memset(out, 0, 128);
	if (spec->is_ip6) {
		packet_be16(out, 0x6000u | (unsigned int)spec->tos << 4);
		out[6] = spec->is_udp ? IPPROTO_UDP : IPPROTO_TCP;
		out[7] = 64;
		out[8] = 0xfd;
		out[23] = 2;
		out[24] = 0xfd;
		out[39] = 1;
	} else {
		out[0] = 0x45;
		out[1] = spec->tos;
		packet_be16(out + 4, spec->id);
		out[6] = spec->no_df ? 0 : 0x40;
		out[8] = 64;
		out[9] = spec->is_udp ? IPPROTO_UDP : IPPROTO_TCP;
		memcpy(out + 12, "\x0a\x08\0\2\x0a\x08\0\1", 8);
	}
	packet_be16(l4, spec->sport ? spec->sport : 4000);
	packet_be16(l4 + 2, 5201);
	len = ip + 8;
	if (!spec->is_udp) {
		packet_be16(l4 + 4, spec->seq >> 16);
		packet_be16(l4 + 6, spec->seq & 0xffff);
		packet_be16(l4 + 10, 99);
		l4[12] = (uint8_t)((20 + spec->n_options) / 4 << 4);
		l4[13] = spec->flags;
		packet_be16(l4 + 14, 501);
		memset(l4 + 20, 1, spec->n_options);
		len = ip + 20 + spec->n_options;
	}
	for (i = 0; i < spec->payload; i++)
		out[len++] = packet_byte(spec->from + (unsigned int)i);
	packet_finish(out, len);
	return len;
}

#endif
