// SPDX-License-Identifier: GPL-2.0-or-later
#include "proto/proto.h"

#include <string.h>

/* Section 7.6: payloads of the data channel that are not for the tunnel. */

const uint8_t proto_ping[PROTO_PING_LEN] = {
	0x2a, 0x18, 0x7b, 0xf3, 0x64, 0x1e, 0xb4, 0xcb,
	0x07, 0xed, 0x2d, 0x0a, 0x98, 0x1f, 0xc7, 0x48,
};

const uint8_t proto_occ_magic[PROTO_OCC_MAGIC_LEN] = {
	0x28, 0x7f, 0x34, 0x6b, 0xd4, 0xef, 0x7a, 0x81,
	0x2d, 0x56, 0xb8, 0xd3, 0xaf, 0xc5, 0x45, 0x9c,
};

bool proto_occ_is(const uint8_t *payload, size_t len, enum proto_occ_op *op)
{
	if (len <= PROTO_OCC_MAGIC_LEN ||
	    memcmp(payload, proto_occ_magic, PROTO_OCC_MAGIC_LEN) != 0)
		return false;
	*op = (enum proto_occ_op)payload[PROTO_OCC_MAGIC_LEN];
	return true;
}
