// SPDX-License-Identifier: GPL-2.0-or-later
#include "proto/proto.h"

#include <errno.h>
#include <string.h>

#include "mem/mem.h"

/* Section 1.3: control packets without their wrapping. */

static void control_read_acks(struct proto_control *pkt, struct mem_reader *rd)
{
	size_t i;

	pkt->n_acks = mem_read_u8(rd);
	if (pkt->n_acks > PROTO_ACK_MAX) {
		rd->is_bad = true;
		return;
	}
	for (i = 0; i < pkt->n_acks; i++)
		pkt->acks[i] = mem_read_be32(rd);
	if (pkt->n_acks)
		mem_read_bytes(rd, pkt->remote_sid.b, PROTO_SID_LEN);
}

int proto_control_parse(struct proto_control *pkt, const uint8_t *head,
			const uint8_t *body, size_t len)
{
	struct mem_reader rd;
	unsigned int op = proto_byte_opcode(head[0]);

	memset(pkt, 0, sizeof(*pkt));
	if (!proto_opcode_is_control(op))
		return -EBADMSG;
	pkt->op = (enum proto_opcode)op;
	pkt->key_id = proto_byte_key_id(head[0]);
	memcpy(pkt->sid.b, head + 1, PROTO_SID_LEN);
	if (proto_sid_is_zero(&pkt->sid))
		return -EBADMSG;

	mem_reader_init(&rd, body, len);
	control_read_acks(pkt, &rd);
	/* What follows the acks of an ACK_V1 is ignored. */
	if (op != PROTO_ACK_V1) {
		pkt->id = mem_read_be32(&rd);
		pkt->payload_len = rd.left;
		pkt->payload = mem_read_ref(&rd, rd.left);
	}
	return rd.is_bad ? -EBADMSG : 0;
}

void proto_control_head(const struct proto_control *pkt, uint8_t *head)
{
	head[0] = proto_opcode_byte(pkt->op, pkt->key_id);
	memcpy(head + 1, pkt->sid.b, PROTO_SID_LEN);
}

int proto_control_body(const struct proto_control *pkt, uint8_t *body,
		       size_t cap, size_t *len)
{
	struct mem_writer wr;
	size_t i;

	if (pkt->n_acks > PROTO_ACK_MAX)
		return -EINVAL;
	mem_writer_init(&wr, body, cap);
	mem_write_u8(&wr, pkt->n_acks);
	for (i = 0; i < pkt->n_acks; i++)
		mem_write_be32(&wr, pkt->acks[i]);
	if (pkt->n_acks)
		mem_write_bytes(&wr, pkt->remote_sid.b, PROTO_SID_LEN);
	if (pkt->op != PROTO_ACK_V1) {
		mem_write_be32(&wr, pkt->id);
		if (pkt->payload_len)
			mem_write_bytes(&wr, pkt->payload, pkt->payload_len);
	}
	if (wr.is_bad)
		return -ENOBUFS;
	*len = wr.len;
	return 0;
}
