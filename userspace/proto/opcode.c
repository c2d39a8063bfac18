// SPDX-License-Identifier: GPL-2.0-or-later
#include "proto/proto.h"

#include "mem/mem.h"

/* Sections 1.2 and 1.3: opcodes and session ids. */

static const char *const opcode_names[] = {
	[PROTO_CONTROL_HARD_RESET_CLIENT_V1] = "HARD_RESET_CLIENT_V1",
	[PROTO_CONTROL_HARD_RESET_SERVER_V1] = "HARD_RESET_SERVER_V1",
	[PROTO_CONTROL_SOFT_RESET_V1] = "SOFT_RESET_V1",
	[PROTO_CONTROL_V1] = "CONTROL_V1",
	[PROTO_ACK_V1] = "ACK_V1",
	[PROTO_DATA_V1] = "DATA_V1",
	[PROTO_CONTROL_HARD_RESET_CLIENT_V2] = "HARD_RESET_CLIENT_V2",
	[PROTO_CONTROL_HARD_RESET_SERVER_V2] = "HARD_RESET_SERVER_V2",
	[PROTO_DATA_V2] = "DATA_V2",
	[PROTO_CONTROL_HARD_RESET_CLIENT_V3] = "HARD_RESET_CLIENT_V3",
	[PROTO_CONTROL_WKC_V1] = "CONTROL_WKC_V1",
};

bool proto_sid_is_zero(const struct proto_sid *sid)
{
	static const struct proto_sid zero;

	return mem_equal(sid->b, zero.b, sizeof(zero.b));
}

bool proto_sid_is_equal(const struct proto_sid *a, const struct proto_sid *b)
{
	return mem_equal(a->b, b->b, sizeof(a->b));
}

/* The opcode comes from the wire, so it need not be one of the enum. */
bool proto_opcode_is_control(unsigned int op)
{
	return op == PROTO_CONTROL_SOFT_RESET_V1 || op == PROTO_CONTROL_V1 ||
	       op == PROTO_ACK_V1 || op == PROTO_CONTROL_WKC_V1 ||
	       proto_opcode_is_hard_reset(op);
}

/* Key method 1's resets (opcodes 1 and 2) are always rejected. */
bool proto_opcode_is_hard_reset(unsigned int op)
{
	return op == PROTO_CONTROL_HARD_RESET_CLIENT_V2 ||
	       op == PROTO_CONTROL_HARD_RESET_SERVER_V2 ||
	       op == PROTO_CONTROL_HARD_RESET_CLIENT_V3;
}

const char *proto_opcode_name(unsigned int op)
{
	if (op >= sizeof(opcode_names) / sizeof(opcode_names[0]) ||
	    !opcode_names[op])
		return "unknown opcode";
	return opcode_names[op];
}
