// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"
#include "userdp/userdp.h"

/* ---- framing (section 7.8) -------------------------------------------- */

static void test_framing_add(void **state)
{
	static const struct {
		enum proto_framing framing;
		const char *payload, *want;
	} rows[] = {
		{ PROTO_FRAMING_NONE, "450102", "450102" },
		{ PROTO_FRAMING_LZO, "450102", "fa450102" },
		{ PROTO_FRAMING_SWAP, "450102", "fb010245" },
		{ PROTO_FRAMING_SWAP, "45", "fb45" },
		{ PROTO_FRAMING_V2, "450102", "450102" },
		{ PROTO_FRAMING_V2, "500102", "5000500102" },
	};
	uint8_t payload[8], want[8], got[8];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t len = (size_t)hex_bytes(rows[i].payload, payload, 8);
		size_t n = (size_t)hex_bytes(rows[i].want, want, 8);

		assert_int_equal(userdp_framing_add(rows[i].framing, got,
						    payload, len), n);
		assert_memory_equal(got, want, n);
		assert_int_equal(userdp_framing_strip(rows[i].framing, got,
						      n), len);
		assert_memory_equal(got, payload, len);
	}
}

static void test_framing_strip(void **state)
{
	static const struct {
		enum proto_framing framing;
		const char *frame;
		ssize_t want;
	} rows[] = {
		{ PROTO_FRAMING_NONE, "66", 1 },
		{ PROTO_FRAMING_NONE, "", -EBADMSG },
		/* compressed */
		{ PROTO_FRAMING_LZO, "660102", -EPROTONOSUPPORT },
		{ PROTO_FRAMING_SWAP, "690102", -EPROTONOSUPPORT },
		{ PROTO_FRAMING_V2, "500102", -EPROTONOSUPPORT },
		{ PROTO_FRAMING_V2, "500302", -EPROTONOSUPPORT },
		/* of another framing, or of none */
		{ PROTO_FRAMING_LZO, "fb0102", -EBADMSG },
		{ PROTO_FRAMING_LZO, "450102", -EBADMSG },
		{ PROTO_FRAMING_SWAP, "fa0102", -EBADMSG },
		/* nothing inside */
		{ PROTO_FRAMING_LZO, "fa", -EBADMSG },
		{ PROTO_FRAMING_SWAP, "fb", -EBADMSG },
		{ PROTO_FRAMING_V2, "5000", -EBADMSG },
		{ PROTO_FRAMING_V2, "50", -EBADMSG },
		/* as senders before 2.7 escape it */
		{ PROTO_FRAMING_V2, "500a5045", 2 },
	};
	uint8_t buf[8];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t len = (size_t)hex_bytes(rows[i].frame, buf, 8);

		assert_int_equal(userdp_framing_strip(rows[i].framing, buf,
						      len), rows[i].want);
	}
}

/* ---- fragments (section 7.9) ------------------------------------------ */

static void test_fragment_size(void **state)
{
	static const struct {
		size_t len, max, want;
	} rows[] = {
		{ 1000, 1000, 0 },
		{ 1001, 1000, 504 },	/* 1000 - 999/2 + 3, rounded down */
		{ 1999, 1000, 1000 },	/* the rest is long enough */
		{ 1800, 1000, 1000 },	/* 3/4 are */
		{ 1740, 1000, 872 },
		{ 2000, 1000, 1000 },
		{ 2001, 1003, 672 },	/* of 1000: 1003 - 1002/3 + 3 */
		{ 10, 3, 0 },		/* no piece is that short */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(userdp_fragment_size(rows[i].len,
						      rows[i].max),
				 rows[i].want);
	/* as many pieces as with the longest ones, none longer, all full */
	for (size_t len = 401; len < 4000; len++) {
		size_t size = userdp_fragment_size(len, 400);

		assert_true(size && size <= 400 && size % 4 == 0);
		assert_int_equal((len + size - 1) / size, (len + 399) / 400);
	}
}

static void test_fragment_head(void **state)
{
	uint8_t at[4], want[4];

	(void)state;
	userdp_fragment_whole(at);
	hex_bytes("00000000", want, 4);
	assert_memory_equal(at, want, 4);
	/* type 1, sequence 0x81, number 3 */
	userdp_fragment_head(at, false, 0x81, 3, 1000);
	hex_bytes("00000e05", want, 4);
	assert_memory_equal(at, want, 4);
	/* type 2, sequence 1, number 31, size 1000/4 = 250 */
	userdp_fragment_head(at, true, 1, 31, 1000);
	hex_bytes("007d7c06", want, 4);
	assert_memory_equal(at, want, 4);
}

#define CAP	4000

static struct userdp_join *join;
static uint8_t payload[CAP];

static int join_setup(void **state)
{
	(void)state;
	join = userdp_join_new(CAP);
	for (size_t i = 0; i < CAP; i++)
		payload[i] = (uint8_t)(i * 7 + i / 256);
	return join ? 0 : -1;
}

static int join_teardown(void **state)
{
	(void)state;
	userdp_join_free(join);
	return 0;
}

/* Piece @n of the first @len bytes of the payload. */
static ssize_t give(uint8_t seq, unsigned int n, size_t size, size_t len,
		    uint64_t now, uint8_t **out)
{
	static uint8_t buf[CAP + 4];
	size_t at = n * size, part = len - at < size ? len - at : size;

	userdp_fragment_head(buf, at + part == len, seq, n, size);
	memcpy(buf + 4, payload + at, part);
	return userdp_join_add(join, buf, part + 4, now, out);
}

static void gives_whole(uint8_t *out, ssize_t n, size_t len)
{
	assert_int_equal(n, len);
	assert_memory_equal(out, payload, len);
}

static void test_join_orders(void **state)
{
	static const unsigned int orders[][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	uint8_t *out;

	(void)state;
	for (uint8_t i = 0; i < 6; i++) {
		const unsigned int *order = orders[i];

		assert_int_equal(give(i, order[0], 400, 1100, 0, &out), 0);
		assert_int_equal(give(i, order[0], 400, 1100, 0, &out), 0);
		assert_int_equal(give(i, order[1], 400, 1100, 0, &out), 0);
		gives_whole(out, give(i, order[2], 400, 1100, 0, &out), 1100);
	}
}

/* Several under way at once, over the end of the numbers. */
static void test_join_mixed(void **state)
{
	uint8_t *out;
	uint8_t seq;

	(void)state;
	for (seq = 245; seq != 14; seq++)
		assert_int_equal(give(seq, 0, 400, 800, 0, &out), 0);
	for (seq = 245; seq != 14; seq++)
		gives_whole(out, give(seq, 1, 400, 800, 0, &out), 800);
}

static void test_join_window(void **state)
{
	uint8_t *out;

	(void)state;
	assert_int_equal(give(0, 0, 400, 800, 0, &out), 0);
	assert_int_equal(give(24, 0, 400, 800, 0, &out), 0);
	gives_whole(out, give(0, 1, 400, 800, 0, &out), 800);
	assert_int_equal(give(0, 0, 400, 800, 0, &out), 0);
	/* one more and it is forgotten */
	assert_int_equal(give(25, 0, 400, 800, 0, &out), 0);
	assert_int_equal(give(24, 1, 400, 800, 0, &out), 800);
	/* a jump forgets all */
	assert_int_equal(give(100, 0, 400, 800, 0, &out), 0);
	assert_int_equal(give(25, 1, 400, 800, 0, &out), 0);
}

static void test_join_expiry(void **state)
{
	uint8_t *out;

	(void)state;
	assert_int_equal(give(1, 0, 400, 1200, 1000, &out), 0);
	assert_int_equal(give(1, 1, 400, 1200, 11000, &out), 0);
	gives_whole(out, give(1, 2, 400, 1200, 21000, &out), 1200);
	assert_int_equal(give(2, 0, 400, 800, 30000, &out), 0);
	assert_int_equal(give(2, 1, 400, 800, 40001, &out), 0);
	gives_whole(out, give(2, 0, 400, 800, 40001, &out), 800);
}

/* Another payload under the same number takes its place. */
static void test_join_restart(void **state)
{
	uint8_t *out;

	(void)state;
	assert_int_equal(give(1, 0, 400, 800, 0, &out), 0);
	assert_int_equal(give(1, 0, 300, 600, 0, &out), 0);
	gives_whole(out, give(1, 1, 300, 600, 0, &out), 600);
	/* two last pieces that contradict each other */
	assert_int_equal(give(2, 1, 400, 800, 0, &out), 0);
	assert_int_equal(give(2, 2, 400, 1200, 0, &out), 0);
	assert_int_equal(give(2, 0, 400, 1200, 0, &out), 0);
	gives_whole(out, give(2, 1, 400, 1200, 0, &out), 1200);
}

static void test_join_whole(void **state)
{
	uint8_t buf[16] = { 0, 0, 0, 0, 0x45, 1 }, *out;

	(void)state;
	assert_int_equal(userdp_join_add(NULL, buf, 6, 0, &out), 2);
	assert_ptr_equal(out, buf + 4);
	assert_int_equal(userdp_join_add(NULL, buf, 4, 0, &out), -EBADMSG);
	assert_int_equal(userdp_join_add(NULL, buf, 0, 0, &out), -EBADMSG);
	buf[3] = 0x04;		/* with a sequence number */
	assert_int_equal(userdp_join_add(join, buf, 6, 0, &out), -EBADMSG);
	buf[3] = 3;		/* a test */
	assert_int_equal(userdp_join_add(join, buf, 6, 0, &out), -EBADMSG);
	buf[3] = 1;
	assert_int_equal(userdp_join_add(NULL, buf, 8, 0, &out), -ENOBUFS);
}

static void test_join_bad(void **state)
{
	static const struct {
		bool is_last;
		unsigned int n;
		size_t size, len;
	} rows[] = {
		{ false, 0, 399, 399 },		/* not a multiple of 4 */
		{ true, 0, 400, 404 },		/* longer than it says */
		{ true, 0, 0, 4 },
		{ false, 31, 400, 400 },	/* beyond any payload */
		{ false, 10, 400, 400 },
		{ true, 9, 400, 400 + 4 },
	};
	static uint8_t buf[CAP];
	uint8_t *out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		userdp_fragment_head(buf, rows[i].is_last, 1, rows[i].n,
				     rows[i].size);
		assert_int_equal(userdp_join_add(join, buf, rows[i].len + 4,
						 0, &out), -EBADMSG);
	}
	/* up to the last byte */
	userdp_fragment_head(buf, true, 1, 9, 400);
	assert_int_equal(userdp_join_add(join, buf, 404, 0, &out), 0);
}

#define JOIN_TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, join_setup, join_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_framing_add),
		cmocka_unit_test(test_framing_strip),
		cmocka_unit_test(test_fragment_size),
		cmocka_unit_test(test_fragment_head),
		JOIN_TEST(test_join_orders),
		JOIN_TEST(test_join_mixed),
		JOIN_TEST(test_join_window),
		JOIN_TEST(test_join_expiry),
		JOIN_TEST(test_join_restart),
		JOIN_TEST(test_join_whole),
		JOIN_TEST(test_join_bad),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
