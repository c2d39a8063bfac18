/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data channel on the wire: DATA_V2 with AEAD, in one of two formats. Which
 * one is a property of the key.
 *
 *   | word 32 | packet id 32 | tag 128 | ciphertext |
 *   | word 32 | epoch 16 | counter 48 | ciphertext | tag 128 |
 *
 * The word is | op 5 | key id 3 | peer id 24 |. All is big-endian. What stands
 * before tag and ciphertext is the associated data. The nonce is the implicit
 * IV, its front XORed with packet id or epoch and counter.
 */
#ifndef DCO_WIRE_H
#define DCO_WIRE_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define DCO_OPCODE_DATA_V1	6
#define DCO_OPCODE_DATA_V2	9

#define DCO_OPCODE_SHIFT	27
#define DCO_KEY_ID_SHIFT	24
#define DCO_KEY_ID_MASK		7
#define DCO_PEER_ID_MASK	0xffffff
/* "no peer id": such a packet belongs to the peer of its source address */
#define DCO_PEER_ID_UNDEF	0xffffff

#define DCO_TAG_SIZE		16
#define DCO_NONCE_SIZE		12
#define DCO_NONCE_TAIL_SIZE	8

/**
 * struct dco_wire_hdr - what stands before the ciphertext
 * @word: opcode, key id and peer id
 * @packet_id: never 0, never used twice with one key
 * @tag: authentication tag
 */
struct dco_wire_hdr {
	__be32 word;
	__be32 packet_id;
	u8 tag[DCO_TAG_SIZE];
} __packed;

/* the associated data: the header without the tag */
#define DCO_AAD_SIZE		8
#define DCO_WIRE_HDR_SIZE	24

static_assert(sizeof(struct dco_wire_hdr) == DCO_WIRE_HDR_SIZE);
static_assert(offsetof(struct dco_wire_hdr, tag) == DCO_AAD_SIZE);

/**
 * struct dco_wire_epoch_hdr - what stands before the ciphertext, epoch format
 * @word: opcode, key id and peer id
 * @id: epoch in the upper 16 bits, below them a counter which is never 0 and
 *	never used twice in one epoch
 *
 * All of it is the associated data. The tag follows the ciphertext.
 */
struct dco_wire_epoch_hdr {
	__be32 word;
	__be64 id;
} __packed;

#define DCO_EPOCH_SHIFT		48
#define DCO_WIRE_EPOCH_HDR_SIZE	12

static_assert(sizeof(struct dco_wire_epoch_hdr) == DCO_WIRE_EPOCH_HDR_SIZE);

/* what sealing adds to a packet */
#define DCO_WIRE_OVERHEAD	DCO_WIRE_HDR_SIZE
#define DCO_WIRE_EPOCH_OVERHEAD	(DCO_WIRE_EPOCH_HDR_SIZE + DCO_TAG_SIZE)

/* packet ids end before this; a new key is asked for from the second on */
#define DCO_PACKET_ID_MAX	0xffffffffULL
#define DCO_PACKET_ID_SOFT_MAX	0xff000000ULL

/* counters of an epoch; the next epoch is prepared from the second on */
#define DCO_COUNTER_MAX		((1ULL << DCO_EPOCH_SHIFT) - 1)
#define DCO_COUNTER_SOFT_MAX	(DCO_COUNTER_MAX - (1ULL << 40))

/* the payload of a keepalive, in place of an IP packet */
#define DCO_KEEPALIVE_SIZE	16
#define DCO_KEEPALIVE_BYTES	{					\
	0x2a, 0x18, 0x7b, 0xf3, 0x64, 0x1e, 0xb4, 0xcb,			\
	0x07, 0xed, 0x2d, 0x0a, 0x98, 0x1f, 0xc7, 0x48			\
}

/* wire header, UDP or TCP header, IPv4 or IPv6 header */
#define DCO_HEADROOM		(DCO_WIRE_HDR_SIZE + 20 + 40)

static_assert(DCO_HEADROOM == 84);

#endif /* DCO_WIRE_H */
