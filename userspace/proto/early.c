// SPDX-License-Identifier: GPL-2.0-or-later
/* Section 2.4: what a server that keeps no state says in its first packet. */
#include <errno.h>

#include "mem/mem.h"
#include "proto/proto.h"

#define EARLY_TYPE_FLAGS	1
#define EARLY_FLAGS_LEN		2

int proto_early_parse(const uint8_t *payload, size_t len, uint16_t *flags)
{
	struct mem_reader rd;

	*flags = 0;
	if (!len)
		return 0;
	mem_reader_init(&rd, payload, len);
	while (rd.left && !rd.is_bad) {
		uint16_t type = mem_read_be16(&rd);
		uint16_t value_len = mem_read_be16(&rd);

		if (type != EARLY_TYPE_FLAGS) {
			mem_read_ref(&rd, value_len);
			continue;
		}
		if (value_len != EARLY_FLAGS_LEN)
			return -EBADMSG;
		*flags = mem_read_be16(&rd);
	}
	return rd.is_bad ? -EBADMSG : 0;
}

void proto_early_build(uint16_t flags, uint8_t *out)
{
	struct mem_writer wr;

	mem_writer_init(&wr, out, PROTO_EARLY_LEN);
	mem_write_be16(&wr, EARLY_TYPE_FLAGS);
	mem_write_be16(&wr, EARLY_FLAGS_LEN);
	mem_write_be16(&wr, flags);
}
