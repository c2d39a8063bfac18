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
