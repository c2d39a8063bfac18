/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The data channel in userspace: what the module's packets are held against.
 * DATA_V2, UDP: u8 opcode << 3 | key id, u24 peer id, u32 packet id, tag[16],
 * ciphertext. Additional data: the first 8 bytes. Nonce: packet id, tail[8].
 *
 * With epochs: u8, u24, u16 epoch, u48 counter, ciphertext, tag[16]. Additional
 * data: the first 12 bytes. Nonce: IV XOR (epoch, counter). Key and IV of each
 * epoch come from the secret of the first.
 */

#define WIRE_HEAD 8
#define WIRE_TAG 16
#define WIRE_OVERHEAD (WIRE_HEAD + WIRE_TAG)
#define WIRE_EPOCH_HEAD 12
#define WIRE_EPOCH_OVERHEAD (WIRE_EPOCH_HEAD + WIRE_TAG)
#define WIRE_MAX 65536
#define WIRE_DATA_V2 9

enum wire_alg {
	WIRE_AES_GCM,
	WIRE_CHACHA20_POLY1305,
};

struct wire_key {
	enum wire_alg alg;
	uint8_t key[32];
	size_t len;
	uint8_t tail[8];
	/* with epochs: @key is the secret of epoch 1, @len as of the cipher */
	bool has_epochs;
};

struct wire_head {
	uint8_t opcode;
	uint8_t key_id;
	uint32_t peer_id;
	uint64_t packet_id;	/* with epochs: the counter */
	uint16_t epoch;
};

static inline size_t wire_overhead(const struct wire_key *key)
{
	return key->has_epochs ? WIRE_EPOCH_OVERHEAD : WIRE_OVERHEAD;
}

/**
 * wire_seal() - make a packet
 * @key: key
 * @head: header fields
 * @plain: payload
 * @len: bytes at @plain
 * @out: receives @len + wire_overhead() bytes
 * Return: 0 or -EINVAL
 */
int wire_seal(const struct wire_key *key, const struct wire_head *head,
	      const uint8_t *plain, size_t len, uint8_t *out);

/**
 * wire_head_get() - read a packet's header; nothing is verified
 * @key: tells the format
 * @packet: at least WIRE_EPOCH_HEAD bytes
 * @head: receives it
 */
void wire_head_get(const struct wire_key *key, const uint8_t *packet,
		   struct wire_head *head);

/**
 * wire_open() - verify and decrypt a packet
 * @key: key
 * @packet: from its first byte on
 * @len: bytes at @packet
 * @plain: receives @len - wire_overhead() bytes
 * Return: 0, -EINVAL (too short), -EBADMSG (not authentic)
 */
int wire_open(const struct wire_key *key, const uint8_t *packet, size_t len,
	      uint8_t *plain);

/**
 * wire_kat() - known-answer test of the functions above; KTAP on stdout
 * Return: number of failures
 */
int wire_kat(void);

/**
 * wire_inner_make() - build a payload from its description
 * @text: "udp,SRC,DST,SPORT,DPORT,LEN", "ping", "hex,...", "text,..." or
 *	"tcp,SRC,DST,FLAGS,OPTIONS[,NEXT,HEADERS]": the flags' byte and the
 *	options as hex digits, padded to whole words, and for IPv6 the number
 *	of the first header before TCP and all of these as hex digits
 * @out: receives it; WIRE_MAX bytes
 * @len: receives its size
 * Return: 0 or -EINVAL (said on stderr)
 */
int wire_inner_make(const char *text, uint8_t *out, size_t *len);

/**
 * wire_inner_set_tos() - set type of service or traffic class
 * @ip: an IP packet
 * @tos: what to set; IPv4's header checksum is made anew
 */
void wire_inner_set_tos(uint8_t *ip, uint8_t tos);

/**
 * struct wire_inner - what a payload is
 * @text: one line about it
 * @is_good: lengths and every checksum inside are right
 * @size: bytes according to the IP header
 */
struct wire_inner {
	char text[256];
	bool is_good;
	size_t size;
};

/**
 * wire_inner_parse() - look into a payload
 * @data: payload
 * @len: bytes at @data
 * @inner: receives the result
 */
void wire_inner_parse(const uint8_t *data, size_t len,
		      struct wire_inner *inner);

/**
 * struct wire_stream - packets as records of a TCP stream
 * @chunk: bytes to write at a time; 0: all
 * @out: what is to be written
 * @out_len: bytes at @out
 * @in: what has been read
 * @in_len: bytes at @in
 * @in_used: bytes of @in that have been given to the caller
 */
struct wire_stream {
	size_t chunk;
	uint8_t out[1 << 20];
	size_t out_len;
	uint8_t in[1 << 18];
	size_t in_len;
	size_t in_used;
};

/**
 * wire_stream_packet() - append a packet with its length
 * Return: 0 or -ENOSPC
 */
int wire_stream_packet(struct wire_stream *stream, const uint8_t *data,
		       size_t len);

/**
 * wire_stream_bytes() - append bytes as they are
 * Return: 0 or -ENOSPC
 */
int wire_stream_bytes(struct wire_stream *stream, const uint8_t *data,
		      size_t len);

/**
 * wire_stream_flush() - write what has been appended
 * Return: 0 or -errno
 */
int wire_stream_flush(struct wire_stream *stream, int fd);

/**
 * wire_stream_read() - read once
 * Return: bytes, 0 at the end, -errno
 */
ssize_t wire_stream_read(struct wire_stream *stream, int fd);

/**
 * wire_stream_next() - the next packet that has been read
 * @len: receives its length
 * Return: the packet, valid until the next read; NULL if there is none
 */
const uint8_t *wire_stream_next(struct wire_stream *stream, size_t *len);

#endif
