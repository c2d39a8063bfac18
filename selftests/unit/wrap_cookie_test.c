// SPDX-License-Identifier: GPL-2.0-or-later
/* The stateless cookie: protocol sections 2.5 and 12.8. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hex.h"
#include "wrap/wrap.h"

static const struct proto_sid client = { { 0, 1, 2, 3, 4, 5, 6, 7 } };

/* IPv4, port 1195, address 15.240.0.255, as a little-endian Linux has it. */
static const uint8_t addr[16] = {
	0x02, 0x00, 0x04, 0xab, 0x0f, 0xf0, 0x00, 0xff,
};

static struct wrap_cookie *cookie_new(unsigned int hand_window)
{
	uint8_t key[32] = { 1, 2, 3 };
	struct wrap_cookie *cookie = wrap_cookie_new_keyed(hand_window, key);

	assert_non_null(cookie);
	return cookie;
}

static void test_vectors(void **state)
{
	struct wrap_cookie *cookie = cookie_new(100);
	uint8_t bsd[16], want[PROTO_SID_LEN];
	struct proto_sid sid;

	(void)state;
	assert_int_equal(wrap_cookie_make(cookie, 1005, addr, sizeof(addr),
					  &client, &sid), 0);
	hex_bytes("8beb3d201453be0a", want, sizeof(want));
	assert_memory_equal(sid.b, want, sizeof(want));
	/* The same slot, and one later. */
	assert_true(wrap_cookie_check(cookie, 1049, addr, sizeof(addr),
				      &client, &sid));
	assert_true(wrap_cookie_check(cookie, 1062, addr, sizeof(addr),
				      &client, &sid));

	memcpy(bsd, addr, sizeof(bsd));
	bsd[0] = 0;
	bsd[1] = 2;
	assert_int_equal(wrap_cookie_make(cookie, 1005, bsd, sizeof(bsd),
					  &client, &sid), 0);
	hex_bytes("8473522b5ba92a70", want, sizeof(want));
	assert_memory_equal(sid.b, want, sizeof(want));
	wrap_cookie_free(cookie);
}

static void test_window(void **state)
{
	static const struct {
		unsigned int hand_window;
		int64_t made, now;
		bool is_valid;
	} rows[] = {
		{ 30, 1000, 1000, true },
		{ 30, 1000, 1002, true },
		{ 30, 1000, 1010, true },
		{ 30, 1000, 1022, true },
		{ 30, 1000, 1034, true },
		{ 30, 1000, 1035, false },
		{ 30, 1000, 1040, false },
		/* from the future */
		{ 30, 1000, 989, false },
		{ 30, 1000, 980, false },
		{ 60, 1000, 1079, true },
		{ 60, 1000, 1080, false },
		/* odd, and smallest, windows */
		{ 1, 1000, 1002, true },
		{ 1, 1000, 1003, false },
		{ 0, 1000, 1002, true },
		{ 0, 1000, 1003, false },
	};
	struct wrap_cookie *cookie;
	struct proto_sid sid;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cookie = cookie_new(rows[i].hand_window);
		assert_int_equal(wrap_cookie_make(cookie, rows[i].made, addr,
						  sizeof(addr), &client, &sid),
				 0);
		assert_int_equal(wrap_cookie_check(cookie, rows[i].now, addr,
						   sizeof(addr), &client,
						   &sid), rows[i].is_valid);
		wrap_cookie_free(cookie);
	}
}

/* Another address, another client, another server: refused, byte by byte. */
static void test_bound(void **state)
{
	struct wrap_cookie *cookie = cookie_new(30);
	struct wrap_cookie *other = wrap_cookie_new(30);
	struct proto_sid sid, bad_sid, bad_client;
	uint8_t bad_addr[sizeof(addr)];
	size_t i;

	(void)state;
	assert_non_null(other);
	assert_int_equal(wrap_cookie_make(cookie, 1000, addr, sizeof(addr),
					  &client, &sid), 0);
	for (i = 0; i < sizeof(addr); i++) {
		memcpy(bad_addr, addr, sizeof(addr));
		bad_addr[i] ^= 1;
		assert_false(wrap_cookie_check(cookie, 1000, bad_addr,
					       sizeof(bad_addr), &client,
					       &sid));
	}
	assert_false(wrap_cookie_check(cookie, 1000, addr, sizeof(addr) - 1,
				       &client, &sid));
	for (i = 0; i < PROTO_SID_LEN; i++) {
		bad_client = client;
		bad_client.b[i] ^= 0x80;
		assert_false(wrap_cookie_check(cookie, 1000, addr,
					       sizeof(addr), &bad_client,
					       &sid));
		bad_sid = sid;
		bad_sid.b[i] ^= 1;
		assert_false(wrap_cookie_check(cookie, 1000, addr,
					       sizeof(addr), &client,
					       &bad_sid));
	}
	assert_false(wrap_cookie_check(other, 1000, addr, sizeof(addr),
				       &client, &sid));
	assert_true(wrap_cookie_check(cookie, 1000, addr, sizeof(addr),
				      &client, &sid));
	wrap_cookie_free(cookie);
	wrap_cookie_free(other);
	wrap_cookie_free(NULL);
}

/* Each process has its own key. */
static void test_random_key(void **state)
{
	struct wrap_cookie *a = wrap_cookie_new(60);
	struct wrap_cookie *b = wrap_cookie_new(60);
	struct proto_sid sid_a, sid_b;

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(wrap_cookie_make(a, 1000, addr, sizeof(addr), &client,
					  &sid_a), 0);
	assert_int_equal(wrap_cookie_make(b, 1000, addr, sizeof(addr), &client,
					  &sid_b), 0);
	assert_false(proto_sid_is_equal(&sid_a, &sid_b));
	wrap_cookie_free(a);
	wrap_cookie_free(b);
}

static bool is_good(struct wrap_cookie *cookie, int64_t now,
		    const struct proto_sid *sid)
{
	return wrap_cookie_check(cookie, now, addr, sizeof(addr), &client, sid);
}

/*
 * Slots of 15 seconds, 240 of them with one key: 3600 begins the second key's.
 * What was made right before is good as long as anything else, and no longer.
 */
static void test_rotation(void **state)
{
	struct wrap_cookie *cookie = cookie_new(30);
	struct wrap_cookie *single = cookie_new(30);
	struct proto_sid old, new, with_first_key;

	(void)state;
	assert_int_equal(wrap_cookie_make(cookie, 3599, addr, sizeof(addr),
					  &client, &old), 0);
	assert_true(is_good(cookie, 3600, &old));
	assert_int_equal(wrap_cookie_make(cookie, 3600, addr, sizeof(addr),
					  &client, &new), 0);
	assert_true(is_good(cookie, 3600, &new));
	assert_true(is_good(cookie, 3629, &old));
	assert_false(is_good(cookie, 3630, &old));
	/* the first key is gone, whatever the clock says afterwards */
	assert_false(is_good(cookie, 3629, &old));
	assert_true(is_good(cookie, 3644, &new));
	assert_false(is_good(cookie, 3645, &new));

	/* the same slot with the first key, which its owner keeps */
	assert_int_equal(wrap_cookie_make(single, 3600, addr, sizeof(addr),
					  &client, &with_first_key), 0);
	assert_false(proto_sid_is_equal(&new, &with_first_key));
	assert_false(is_good(cookie, 3600, &with_first_key));
	wrap_cookie_free(cookie);
	wrap_cookie_free(single);
}

/* A clock that is set costs the cookies that are on their way, no more. */
static void test_clock_set(void **state)
{
	static const int64_t times[] = { 1000, 100000, 1000, 0, 9000, 3600 };
	struct wrap_cookie *cookie = cookie_new(30);
	struct proto_sid before = { { 0 } }, sid;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		assert_int_equal(wrap_cookie_make(cookie, times[i], addr,
						  sizeof(addr), &client, &sid),
				 0);
		assert_true(is_good(cookie, times[i], &sid));
		assert_false(is_good(cookie, times[i], &before));
		before = sid;
	}
	wrap_cookie_free(cookie);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_random_key),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_clock_set),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("wrap_cookie", tests, NULL, NULL);
}
