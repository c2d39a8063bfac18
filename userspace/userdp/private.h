/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef USERDP_PRIVATE_H
#define USERDP_PRIVATE_H

#include <string.h>

#include "userdp/userdp.h"

/*
 * Bytes of packets. The offsets of a header are named where they are used by
 * several files; the rest stands beside its use.
 */

#define IP4_LEN		20
#define IP4_TOTAL	2
#define IP4_ID		4
#define IP4_FRAG	6
#define IP4_FRAG_MASK	0x3fff		/* more fragments, and the offset */
#define IP4_PROTO	9
#define IP4_SUM		10
#define IP4_ADDRS	12
#define IP6_LEN		40
#define IP6_PAYLOAD	4
#define IP6_NEXT	6
#define IP6_ADDRS	8

#define TCP_LEN		20
#define TCP_SEQ		4
#define TCP_OFFSET	12
#define TCP_FLAGS	13
#define TCP_SUM		16
#define UDP_LEN		8
#define UDP_LENGTH	4
#define UDP_SUM		6

#define TCP_FIN		0x01
#define TCP_SYN		0x02
#define TCP_RST		0x04
#define TCP_PSH		0x08
#define TCP_URG		0x20
#define TCP_CWR		0x80

static inline uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static inline void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static inline bool is_ip4(const uint8_t *pkt)
{
	return pkt[0] >> 4 == 4;
}

/* What a packet of @len bytes takes of a key. */
static inline uint64_t userdp_usage(size_t len)
{
	return (len + 15) / 16 + 1;
}

/* codec.c: of @n packets, see userdp_codec_resume() */
uint64_t userdp_usage_of(uint64_t n);

/* aead.c: NULL for others */
const EVP_CIPHER *userdp_aead_cipher(enum proto_cipher cipher);

/*
 * Checksums (RFC 1071). A sum is that of 16-bit words in the machine's byte
 * order, not folded; what is stored is the same either way.
 */

/* sum.c: adds @len bytes, an even number except at the end of what is summed */
uint64_t userdp_sum(const uint8_t *data, size_t len, uint64_t sum);
/* of the pseudo header without the length */
uint64_t userdp_sum_pseudo(const uint8_t *pkt, uint8_t proto);

/* The 16 bits @value in network order, as a part of a sum. */
static inline uint64_t userdp_sum16(size_t value)
{
	uint8_t wire[2];
	uint16_t word;

	put16(wire, value);
	memcpy(&word, wire, sizeof(word));
	return word;
}

static inline uint16_t userdp_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static inline void userdp_sum_put(uint8_t *at, uint16_t word)
{
	memcpy(at, &word, sizeof(word));
}

/*
 * The offload header (struct virtio_net_hdr), whose integers have the byte
 * order of the machine. Not all C libraries know its newer values.
 */

enum {
	VNET_NEEDS_CSUM = 1,
	VNET_DATA_VALID = 2,
};

enum {
	VNET_GSO_NONE = 0,
	VNET_GSO_TCPV4 = 1,
	VNET_GSO_TCPV6 = 4,
	VNET_GSO_UDP_L4 = 5,
	VNET_GSO_ECN = 0x80,
};

struct userdp_vnet {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset;
};

void userdp_vnet_read(struct userdp_vnet *vnet, const uint8_t *at);
void userdp_vnet_write(const struct userdp_vnet *vnet, uint8_t *at);

/* struct ovpnx_packet */
uint32_t userdp_peer_read(const uint8_t *at);
void userdp_peer_write(uint32_t peer_id, uint8_t *at);

#endif
