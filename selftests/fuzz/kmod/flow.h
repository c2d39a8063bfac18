/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fuzzers of super-packets know about TCP and UDP over IP: the rules of
 * the kernel's segmentation once more, without its packets.
 */
#ifndef FUZZ_KMOD_FLOW_H
#define FUZZ_KMOD_FLOW_H

#include "csum.h"

#define FLOW_TCP	6
#define FLOW_UDP	17
#define FLOW_TCP_FIN	0x01
#define FLOW_TCP_PSH	0x08
#define FLOW_TCP_CWR	0x80

static inline u16 flow_get16(const u8 *at)
{
	return (u16)(at[0] << 8 | at[1]);
}

static inline void flow_put16(u8 *at, unsigned int value)
{
	at[0] = (u8)(value >> 8);
	at[1] = (u8)value;
}

static inline u32 flow_get32(const u8 *at)
{
	return (u32)flow_get16(at) << 16 | flow_get16(at + 2);
}

static inline void flow_put32(u8 *at, u32 value)
{
	flow_put16(at, value >> 16);
	flow_put16(at + 2, value & 0xffff);
}

/* of TCP or UDP from @l4 on: 0 over a packet whose checksum is right */
static inline u16 flow_sum(const u8 *packet, size_t len, size_t l4, u8 proto)
{
	bool is_v4 = packet[0] >> 4 == 4;
	__wsum sum = csum_partial(packet + l4, (int)(len - l4), 0);

	return pseudo_csum(packet + (is_v4 ? 12 : 8), is_v4 ? 8 : 32,
			   (unsigned int)(len - l4), proto, sum);
}

/* where the checksum is */
static inline size_t flow_sum_at(size_t l4, u8 proto)
{
	return l4 + (proto == FLOW_TCP ? 16 : 6);
}

/**
 * flow_finish() - the lengths and checksums of a packet
 * @packet: an IP packet
 * @len: bytes at @packet
 * @l4: where TCP or UDP begins
 * @proto: which of them
 */
static inline void flow_finish(u8 *packet, size_t len, size_t l4, u8 proto)
{
	size_t at = flow_sum_at(l4, proto);
	u16 sum;

	if (packet[0] >> 4 == 4) {
		flow_put16(packet + 2, (unsigned int)len);
		flow_put16(packet + 10, 0);
		sum = ip_fast_csum(packet, packet[0] & 15);
		memcpy(packet + 10, &sum, 2);
	} else {
		flow_put16(packet + 4, (unsigned int)len - 40);
	}
	if (proto == FLOW_UDP)
		flow_put16(packet + l4 + 4, (unsigned int)(len - l4));
	flow_put16(packet + at, 0);
	sum = flow_sum(packet, len, l4, proto);
	if (proto == FLOW_UDP && !sum)
		sum = 0xffff;
	memcpy(packet + at, &sum, 2);
}

/**
 * struct flow_super - a super-packet, flat
 * @data: its bytes
 * @len: how many
 * @l4: where TCP or UDP begins
 * @head: length of all headers
 * @size: payload of each segment but the last
 * @proto: TCP or UDP
 * @has_fixed_id: IPv4 identifications do not grow
 */
struct flow_super {
	const u8 *data;
	size_t len;
	size_t l4;
	size_t head;
	size_t size;
	u8 proto;
	bool has_fixed_id;
};

/**
 * flow_segment() - what the kernel makes of a super-packet
 * @super: the super-packet
 * @n: which segment
 * @out: receives it; @super->head + @super->size bytes
 *
 * Return: its length.
 */
static inline size_t flow_segment(const struct flow_super *super, size_t n,
				  u8 *out)
{
	size_t at = super->head + n * super->size;
	size_t len = min(super->len - at, super->size);
	bool is_last = at + len == super->len;
	u8 *tcp = out + super->l4;

	memcpy(out, super->data, super->head);
	memcpy(out + super->head, super->data + at, len);
	if (out[0] >> 4 == 4 && !super->has_fixed_id)
		flow_put16(out + 4, flow_get16(out + 4) + (unsigned int)n);
	if (super->proto == FLOW_TCP) {
		flow_put32(tcp + 4, flow_get32(tcp + 4) +
			   (u32)(n * super->size));
		if (n)
			tcp[13] &= (u8)~FLOW_TCP_CWR;
		if (!is_last)
			tcp[13] &= (u8)~(FLOW_TCP_FIN | FLOW_TCP_PSH);
	}
	flow_finish(out, super->head + len, super->l4, super->proto);
	return super->head + len;
}

#endif
