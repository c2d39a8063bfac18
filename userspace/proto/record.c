// SPDX-License-Identifier: GPL-2.0-or-later
#include "proto/proto.h"

#include <errno.h>

#include "mem/mem.h"

/* Section 1.1: packets in a stream of bytes. */

int proto_record_next(const uint8_t *data, size_t len, size_t max,
		      size_t *size)
{
	struct mem_reader rd;
	size_t pkt_len;

	*size = PROTO_RECORD_PREFIX;
	if (len < PROTO_RECORD_PREFIX)
		return -EAGAIN;
	mem_reader_init(&rd, data, len);
	pkt_len = mem_read_be16(&rd);
	if (!pkt_len || pkt_len > max)
		return -EBADMSG;
	*size = PROTO_RECORD_PREFIX + pkt_len;
	return len < *size ? -EAGAIN : 0;
}

void proto_record_prefix(size_t pkt_len, uint8_t out[PROTO_RECORD_PREFIX])
{
	out[0] = (uint8_t)(pkt_len >> 8);
	out[1] = (uint8_t)pkt_len;
}

/* A reset of a client, with any wrapping; with its key it is longer. */
#define RESET_MIN	14
#define RESET_MAX	255
#define RESET_WKC_MIN	336
#define RESET_WKC_MAX	1278

enum proto_stream proto_record_stream(const uint8_t *data, size_t len)
{
	struct mem_reader rd;
	size_t pkt_len;
	unsigned int op;
	bool has_wkc;

	if (len < PROTO_RECORD_PREFIX)
		return PROTO_STREAM_UNKNOWN;
	mem_reader_init(&rd, data, len);
	pkt_len = mem_read_be16(&rd);
	has_wkc = pkt_len >= RESET_WKC_MIN && pkt_len <= RESET_WKC_MAX;
	if (!has_wkc && (pkt_len < RESET_MIN || pkt_len > RESET_MAX))
		return PROTO_STREAM_FOREIGN;
	if (len == PROTO_RECORD_PREFIX)
		return PROTO_STREAM_UNKNOWN;
	op = has_wkc ? PROTO_CONTROL_HARD_RESET_CLIENT_V3 :
		       PROTO_CONTROL_HARD_RESET_CLIENT_V2;
	/* of key id 0 */
	return mem_read_u8(&rd) == op << 3 ? PROTO_STREAM_OPENVPN :
					     PROTO_STREAM_FOREIGN;
}
