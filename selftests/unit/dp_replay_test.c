// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dp/replay.h"

static struct dp_replay replay;

static void begin(uint32_t window, uint64_t time_ms)
{
	dp_replay_free(&replay);
	assert_int_equal(dp_replay_init(&replay, window, time_ms, 1000), 0);
}

static int teardown(void **state)
{
	(void)state;
	dp_replay_free(&replay);
	return 0;
}

static int take_at(uint64_t id, uint64_t now)
{
	bool is_newest;

	return dp_replay_accept(&replay, id, now, &is_newest);
}

static int take(uint64_t id)
{
	return take_at(id, 1000);
}

static void test_order(void **state)
{
	bool is_newest;

	(void)state;
	begin(DP_REPLAY_WINDOW, 0);
	assert_int_equal(take(0), -EINVAL);
	assert_int_equal(dp_replay_accept(&replay, 1, 0, &is_newest), 0);
	assert_true(is_newest);
	assert_int_equal(take(1), -EALREADY);
	assert_int_equal(dp_replay_accept(&replay, 5, 0, &is_newest), 0);
	assert_true(is_newest);
	assert_int_equal(dp_replay_accept(&replay, 3, 0, &is_newest), 0);
	assert_false(is_newest);
	assert_int_equal(take(3), -EALREADY);
	assert_int_equal(take(5), -EALREADY);
	assert_int_equal(take(4), 0);
}

static void test_edges(void **state)
{
	uint32_t top = 100000;

	(void)state;
	begin(DP_REPLAY_WINDOW, 0);
	assert_int_equal(take(top), 0);
	assert_int_equal(take(top - DP_REPLAY_WINDOW + 1), 0);
	assert_int_equal(take(top - DP_REPLAY_WINDOW), -EALREADY);
	assert_int_equal(take(1), -EALREADY);
	/* a jump over more than the ring forgets nothing that is in reach */
	assert_int_equal(take(top + 1000000), 0);
	assert_int_equal(take(top + 1000000 - 1), 0);
	assert_int_equal(take(top + 1000000 - 1), -EALREADY);
	assert_int_equal(take(UINT32_MAX), 0);
	assert_int_equal(take(UINT32_MAX), -EALREADY);
	assert_int_equal(take(UINT32_MAX - 2047), 0);
	assert_int_equal(take(UINT32_MAX - 2048), -EALREADY);
}

#define MODEL_IDS	60000

/* Against a model that remembers everything. */
static void check_model(uint32_t window)
{
	uint8_t *seen = calloc(1, MODEL_IDS + 1);
	uint32_t highest = 0, id, base;
	unsigned int seed = 1, i;
	bool is_ok;

	assert_non_null(seen);
	begin(window, 0);
	for (i = 0; i < 400000; i++) {
		base = i / 8;
		id = base + (uint32_t)rand_r(&seed) % 5000;
		id = id > 2500 ? id - 2500 : 1;
		if (id > MODEL_IDS)
			id = MODEL_IDS;
		is_ok = !seen[id] &&
			(id > highest || highest - id < window);
		assert_int_equal(take(id), is_ok ? 0 : -EALREADY);
		seen[id] |= is_ok;
		if (is_ok && id > highest)
			highest = id;
	}
	assert_int_equal(replay.highest, highest);
	free(seen);
}

static void test_model(void **state)
{
	(void)state;
	check_model(DP_REPLAY_WINDOW);
	check_model(64);
	check_model(65);
	check_model(1);
	check_model(0);
	check_model(3000);
}

/* Ids of the epoch format are longer than 32 bits. */
static void test_long_ids(void **state)
{
	uint64_t top = UINT64_C(1) << 47;

	(void)state;
	begin(64, 0);
	assert_int_equal(take(UINT32_MAX), 0);
	assert_int_equal(take(UINT32_MAX + 1ull), 0);
	assert_int_equal(take(UINT32_MAX + 1ull), -EALREADY);
	assert_int_equal(take(top), 0);
	assert_int_equal(take(top - 63), 0);
	assert_int_equal(take(top - 64), -EALREADY);
}

/* What was overtaken a second ago is too old, and at the latest 1/4 s later. */
static void test_time(void **state)
{
	(void)state;
	begin(64, 1000);
	assert_int_equal(take_at(5, 1000), 0);
	assert_int_equal(take_at(4, 1999), 0);
	assert_int_equal(take_at(10, 2000), 0);
	assert_int_equal(take_at(3, 2500), -EALREADY);
	assert_int_equal(take_at(9, 2990), 0);
	assert_int_equal(take_at(8, 3300), -EALREADY);
	/* only what is newer after a pause, and that always */
	assert_int_equal(take_at(20, 3400), 0);
	assert_int_equal(take_at(19, 999999), -EALREADY);
	assert_int_equal(take_at(21, 999999), 0);
	assert_int_equal(take_at(25, 999999), 0);
	assert_int_equal(take_at(23, 1000100), 0);
}

/* What another process has received counts as seen, up to the newest. */
static void test_resume(void **state)
{
	static const uint64_t tops[] = { 1, 63, 64, 65, 2047, 2048, 100000,
					 UINT32_MAX - 1 };
	bool is_newest;

	(void)state;
	for (size_t i = 0; i < sizeof(tops) / sizeof(*tops); i++) {
		uint64_t top = tops[i];

		begin(DP_REPLAY_WINDOW, 400);
		dp_replay_resume(&replay, top);
		for (uint64_t back = 0; back < 3000 && back < top; back++)
			assert_int_equal(take(top - back), -EALREADY);
		/* nor when time passes */
		assert_int_equal(take_at(top, 1350), -EALREADY);
		assert_int_equal(dp_replay_accept(&replay, top + 1, 1360,
						  &is_newest), 0);
		assert_true(is_newest);
		assert_int_equal(take_at(top + 1, 1360), -EALREADY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_order, teardown),
		cmocka_unit_test_teardown(test_edges, teardown),
		cmocka_unit_test_teardown(test_model, teardown),
		cmocka_unit_test_teardown(test_long_ids, teardown),
		cmocka_unit_test_teardown(test_time, teardown),
		cmocka_unit_test_teardown(test_resume, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
