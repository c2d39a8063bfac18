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

static int take(struct dp_replay *replay, uint32_t id)
{
	bool is_newest;

	return dp_replay_accept(replay, id, &is_newest);
}

static void test_order(void **state)
{
	struct dp_replay replay = { 0 };
	bool is_newest;

	(void)state;
	assert_int_equal(take(&replay, 0), -EINVAL);
	assert_int_equal(dp_replay_accept(&replay, 1, &is_newest), 0);
	assert_true(is_newest);
	assert_int_equal(take(&replay, 1), -EALREADY);
	assert_int_equal(dp_replay_accept(&replay, 5, &is_newest), 0);
	assert_true(is_newest);
	assert_int_equal(dp_replay_accept(&replay, 3, &is_newest), 0);
	assert_false(is_newest);
	assert_int_equal(take(&replay, 3), -EALREADY);
	assert_int_equal(take(&replay, 5), -EALREADY);
	assert_int_equal(take(&replay, 4), 0);
}

static void test_edges(void **state)
{
	struct dp_replay replay = { 0 };
	uint32_t top = 100000;

	(void)state;
	assert_int_equal(take(&replay, top), 0);
	assert_int_equal(take(&replay, top - DP_REPLAY_WINDOW + 1), 0);
	assert_int_equal(take(&replay, top - DP_REPLAY_WINDOW), -EALREADY);
	assert_int_equal(take(&replay, 1), -EALREADY);
	/* a jump over more than the ring forgets nothing that is in reach */
	assert_int_equal(take(&replay, top + 1000000), 0);
	assert_int_equal(take(&replay, top + 1000000 - 1), 0);
	assert_int_equal(take(&replay, top + 1000000 - 1), -EALREADY);
	assert_int_equal(take(&replay, UINT32_MAX), 0);
	assert_int_equal(take(&replay, UINT32_MAX), -EALREADY);
	assert_int_equal(take(&replay, UINT32_MAX - 2047), 0);
	assert_int_equal(take(&replay, UINT32_MAX - 2048), -EALREADY);
}

#define MODEL_IDS	60000

/* Against a model that remembers everything. */
static void test_model(void **state)
{
	static uint8_t seen[MODEL_IDS + 1];
	struct dp_replay replay = { 0 };
	uint32_t highest = 0, id, base;
	unsigned int seed = 1, i;
	bool is_ok;

	(void)state;
	for (i = 0; i < 400000; i++) {
		base = i / 8;
		id = base + (uint32_t)rand_r(&seed) % 5000;
		id = id > 2500 ? id - 2500 : 1;
		if (id > MODEL_IDS)
			id = MODEL_IDS;
		is_ok = !seen[id] &&
			(id > highest || highest - id < DP_REPLAY_WINDOW);
		assert_int_equal(take(&replay, id), is_ok ? 0 : -EALREADY);
		seen[id] |= is_ok;
		if (is_ok && id > highest)
			highest = id;
	}
	assert_int_equal(replay.highest, highest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_model),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
