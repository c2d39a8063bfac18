// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Control packets: what parses is built again to the same bytes. The input is
 * read as early negotiation, too.
 */
#include <errno.h>

#include "fuzz.h"
#include "proto/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *out;
	struct proto_control pkt;
	size_t body_len, len = 0;
	uint16_t flags = 1;
	int ret;

	ret = proto_early_parse(data, size, &flags);
	FUZZ_CHECK(ret == 0 || ret == -EBADMSG);
	FUZZ_CHECK(size || (!ret && !flags));
	if (size < PROTO_HEAD_LEN)
		return 0;
	body_len = size - PROTO_HEAD_LEN;
	if (proto_control_parse(&pkt, data, data + PROTO_HEAD_LEN, body_len))
		return 0;
	FUZZ_CHECK(proto_opcode_is_control(pkt.op));
	FUZZ_CHECK(!proto_sid_is_zero(&pkt.sid));
	FUZZ_CHECK(pkt.n_acks <= PROTO_ACK_MAX);

	out = malloc(size);
	FUZZ_CHECK(out);
	proto_control_head(&pkt, out);
	FUZZ_CHECK(!proto_control_body(&pkt, out + PROTO_HEAD_LEN, body_len,
				       &len));
	/* Only an ACK may have had something behind it. */
	FUZZ_CHECK(len == body_len || pkt.op == PROTO_ACK_V1);
	FUZZ_CHECK(!memcmp(out, data, PROTO_HEAD_LEN + len));
	free(out);
	return 0;
}
