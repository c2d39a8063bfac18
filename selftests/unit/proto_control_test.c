// SPDX-License-Identifier: GPL-2.0-or-later
/* Control packets without wrapping: protocol sections 1.2, 1.3 and 12.2. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "hex.h"
#include "proto/proto.h"
#include "vectors.h"

static int parse_hex(const char *hex, struct proto_control *pkt)
{
	static uint8_t raw[PROTO_PACKET_MAX];
	size_t len = hex_bytes(hex, raw, sizeof(raw));

	assert_true(len >= PROTO_HEAD_LEN);
	return proto_control_parse(pkt, raw, raw + PROTO_HEAD_LEN,
				   len - PROTO_HEAD_LEN);
}

static void assert_sid(const struct proto_sid *sid, const char *hex)
{
	uint8_t b[PROTO_SID_LEN];

	assert_int_equal(hex_bytes(hex, b, sizeof(b)), PROTO_SID_LEN);
	assert_memory_equal(sid->b, b, sizeof(b));
}

static void test_opcodes(void **state)
{
	unsigned int op;

	(void)state;
	for (op = 0; op < 40; op++) {
		bool is_control = op == 3 || op == 4 || op == 5 || op == 7 ||
			op == 8 || op == 10 || op == 11;
		bool is_reset = op == 7 || op == 8 || op == 10;

		assert_int_equal(proto_opcode_is_control(op), is_control);
		assert_int_equal(proto_opcode_is_hard_reset(op), is_reset);
		assert_non_null(proto_opcode_name(op));
	}
	assert_string_equal(proto_opcode_name(4), "CONTROL_V1");
	assert_string_equal(proto_opcode_name(0), "unknown opcode");
	assert_string_equal(proto_opcode_name(12), "unknown opcode");
}

static void test_first_byte(void **state)
{
	static const struct {
		enum proto_opcode op;
		uint8_t key_id, byte;
	} rows[] = {
		{ PROTO_CONTROL_SOFT_RESET_V1, 1, 0x19 },
		{ PROTO_CONTROL_SOFT_RESET_V1, 7, 0x1f },
		{ PROTO_CONTROL_V1, 0, 0x20 },
		{ PROTO_ACK_V1, 0, 0x28 },
		{ PROTO_DATA_V1, 0, 0x30 },
		{ PROTO_CONTROL_HARD_RESET_CLIENT_V2, 0, 0x38 },
		{ PROTO_CONTROL_HARD_RESET_SERVER_V2, 0, 0x40 },
		{ PROTO_DATA_V2, 0, 0x48 },
		{ PROTO_CONTROL_HARD_RESET_CLIENT_V3, 0, 0x50 },
		{ PROTO_CONTROL_WKC_V1, 0, 0x58 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(proto_opcode_byte(rows[i].op, rows[i].key_id),
				 rows[i].byte);
		assert_int_equal(proto_byte_opcode(rows[i].byte), rows[i].op);
		assert_int_equal(proto_byte_key_id(rows[i].byte),
				 rows[i].key_id);
	}
}

static void test_session_ids(void **state)
{
	struct proto_sid a = { { 0 } }, b = { { 0 } };
	size_t i;

	(void)state;
	assert_true(proto_sid_is_zero(&a));
	assert_true(proto_sid_is_equal(&a, &b));
	for (i = 0; i < PROTO_SID_LEN; i++) {
		memset(&a, 0, sizeof(a));
		a.b[i] = 1;
		assert_false(proto_sid_is_zero(&a));
		assert_false(proto_sid_is_equal(&a, &b));
	}
}

static void test_parse_reset(void **state)
{
	struct proto_control pkt;

	(void)state;
	assert_int_equal(parse_hex(VECTOR_RESET_NONE, &pkt), 0);
	assert_int_equal(pkt.op, PROTO_CONTROL_HARD_RESET_CLIENT_V2);
	assert_int_equal(pkt.key_id, 0);
	assert_sid(&pkt.sid, "6891923fa3103437");
	assert_int_equal(pkt.n_acks, 0);
	assert_int_equal(pkt.id, 0);
	assert_int_equal(pkt.payload_len, 0);
}

static void test_parse_control(void **state)
{
	static const uint8_t payload[] = { 0x16, 0x03, 0x01 };
	struct proto_control pkt;

	(void)state;
	assert_int_equal(parse_hex(VECTOR_CONTROL_ONE_ACK, &pkt), 0);
	assert_int_equal(pkt.op, PROTO_CONTROL_V1);
	assert_sid(&pkt.sid, "7819bf2ebcd19a45");
	assert_int_equal(pkt.n_acks, 1);
	assert_int_equal(pkt.acks[0], 0);
	assert_sid(&pkt.remote_sid, "eafebfa4418ae31b");
	assert_int_equal(pkt.id, 1);
	assert_int_equal(pkt.payload_len, sizeof(payload));
	assert_memory_equal(pkt.payload, payload, sizeof(payload));
}

static void test_parse_ack(void **state)
{
	struct proto_control pkt;

	(void)state;
	assert_int_equal(parse_hex(VECTOR_ACK_ONE, &pkt), 0);
	assert_int_equal(pkt.op, PROTO_ACK_V1);
	assert_int_equal(pkt.n_acks, 1);
	assert_sid(&pkt.remote_sid, "dd85db535623b02e");
	assert_int_equal(pkt.payload_len, 0);

	assert_int_equal(parse_hex(VECTOR_ACK_THREE, &pkt), 0);
	assert_int_equal(pkt.n_acks, 3);
	assert_int_equal(pkt.acks[0], 0);
	assert_int_equal(pkt.acks[1], 1);
	assert_int_equal(pkt.acks[2], 2);

	/* What follows the acks is ignored. */
	assert_int_equal(parse_hex(VECTOR_ACK_ONE "ffffff", &pkt), 0);
	assert_int_equal(pkt.payload_len, 0);
	assert_int_equal(pkt.id, 0);
}

static void test_parse_refuses(void **state)
{
	static const char *const bad[] = {
		/* key method 1, opcodes that do not exist, data */
		"086891923fa31034370000000000",
		"106891923fa31034370000000000",
		"006891923fa31034370000000000",
		"606891923fa31034370000000000",
		"f86891923fa31034370000000000",
		"306891923fa31034370000000000",
		"486891923fa31034370000000000",
		/* no session id */
		"3800000000000000000000000000",
		/* 9 acks, all there */
		"206891923fa310343709"
		"000000000000000000000000000000000000000000000000"
		"000000000000000000000000eafebfa4418ae31b00000000",
		/* nothing behind the head */
		"386891923fa3103437",
		/* an ack without a remote session id */
		"286891923fa31034370100000000",
	};
	struct proto_control pkt;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_hex(bad[i], &pkt), -EBADMSG);
}

static void test_parse_truncated(void **state)
{
	uint8_t raw[64], *exact;
	struct proto_control pkt;
	size_t len, fixed, n;

	(void)state;
	len = hex_bytes(VECTOR_CONTROL_ONE_ACK, raw, sizeof(raw));
	fixed = len - 3;
	for (n = PROTO_HEAD_LEN; n <= len; n++) {
		/* On the heap, so that reading too far is seen. */
		exact = malloc(n);
		assert_non_null(exact);
		memcpy(exact, raw, n);
		assert_int_equal(proto_control_parse(&pkt, exact,
						     exact + PROTO_HEAD_LEN,
						     n - PROTO_HEAD_LEN),
				 n < fixed ? -EBADMSG : 0);
		free(exact);
	}
}

static void test_build(void **state)
{
	static const char *const packets[] = {
		VECTOR_RESET_NONE, VECTOR_CONTROL_ONE_ACK,
		VECTOR_ACK_ONE, VECTOR_ACK_THREE,
	};
	uint8_t raw[64], out[64];
	struct proto_control pkt;
	size_t i, len, raw_len;

	(void)state;
	for (i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		raw_len = hex_bytes(packets[i], raw, sizeof(raw));
		assert_int_equal(parse_hex(packets[i], &pkt), 0);
		proto_control_head(&pkt, out);
		assert_int_equal(proto_control_body(&pkt, out + PROTO_HEAD_LEN,
						    sizeof(out) -
						    PROTO_HEAD_LEN, &len), 0);
		assert_int_equal(len + PROTO_HEAD_LEN, raw_len);
		assert_memory_equal(out, raw, raw_len);
		/* One byte less is refused. */
		assert_int_equal(proto_control_body(&pkt, out, len - 1, &len),
				 -ENOBUFS);
	}
	pkt.n_acks = PROTO_ACK_MAX + 1;
	assert_int_equal(proto_control_body(&pkt, out, sizeof(out), &len),
			 -EINVAL);
}

static void test_eight_acks(void **state)
{
	struct proto_control pkt = { .op = PROTO_ACK_V1, .sid = { { 1 } },
				     .n_acks = PROTO_ACK_MAX };
	uint8_t head[PROTO_HEAD_LEN], body[64];
	struct proto_control got;
	uint32_t i;
	size_t len;

	(void)state;
	for (i = 0; i < PROTO_ACK_MAX; i++)
		pkt.acks[i] = 0xfffffff0u + i;
	proto_control_head(&pkt, head);
	assert_int_equal(proto_control_body(&pkt, body, sizeof(body), &len),
			 0);
	assert_int_equal(len, 1 + 4 * PROTO_ACK_MAX + PROTO_SID_LEN);
	assert_int_equal(proto_control_parse(&got, head, body, len), 0);
	assert_int_equal(got.n_acks, PROTO_ACK_MAX);
	assert_memory_equal(got.acks, pkt.acks, sizeof(pkt.acks));
}

static void test_data_constants(void **state)
{
	uint8_t want[16];

	(void)state;
	hex_bytes("2a187bf3641eb4cb07ed2d0a981fc748", want, sizeof(want));
	assert_memory_equal(proto_ping, want, sizeof(want));
	hex_bytes("287f346bd4ef7a812d56b8d3afc5459c", want, sizeof(want));
	assert_memory_equal(proto_occ_magic, want, sizeof(want));
	assert_int_equal(PROTO_OCC_EXIT, 6);
	/* Layout of the data channel's known packets: 4 + 4 + 16 + payload. */
	assert_int_equal(PROTO_DATA_V2_HEAD_LEN + PROTO_DATA_PID_LEN +
			 PROTO_AEAD_TAG_LEN, 24);
	assert_int_equal(PROTO_DATA_PID_LEN + PROTO_NONCE_TAIL_LEN,
			 PROTO_AEAD_NONCE_LEN);
}

static void test_occ(void **state)
{
	enum proto_occ_op op = PROTO_OCC_REPLY;
	uint8_t msg[PROTO_OCC_MAGIC_LEN + 1];

	(void)state;
	memcpy(msg, proto_occ_magic, PROTO_OCC_MAGIC_LEN);
	msg[PROTO_OCC_MAGIC_LEN] = 6;
	assert_false(proto_occ_is(msg, sizeof(msg) - 1, &op));
	assert_false(proto_occ_is(proto_ping, sizeof(proto_ping), &op));
	assert_int_equal(op, PROTO_OCC_REPLY);
	assert_true(proto_occ_is(msg, sizeof(msg), &op));
	assert_int_equal(op, PROTO_OCC_EXIT);
	msg[0] ^= 1;
	assert_false(proto_occ_is(msg, sizeof(msg), &op));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opcodes),
		cmocka_unit_test(test_first_byte),
		cmocka_unit_test(test_session_ids),
		cmocka_unit_test(test_parse_reset),
		cmocka_unit_test(test_parse_control),
		cmocka_unit_test(test_parse_ack),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_parse_truncated),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_eight_acks),
		cmocka_unit_test(test_data_constants),
		cmocka_unit_test(test_occ),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("proto_control", tests, NULL, NULL);
}
