// SPDX-License-Identifier: GPL-2.0-or-later
/* Replay ids of wrapped packets: protocol section 1.6. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wrap/internal.h"

struct step {
	uint32_t time, id;
	uint64_t now_ms;
	bool is_fresh;
};

static void run_steps(const struct step *steps, size_t n)
{
	struct wrap_rx rx = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		int ret = wrap_replay_accept(&rx, steps[i].now_ms, steps[i].id,
					     steps[i].time);

		if (ret != (steps[i].is_fresh ? 0 : -EALREADY))
			fail_msg("step %zu: %d", i, ret);
	}
}

#define RUN_STEPS(...) do { \
	static const struct step steps_[] = { __VA_ARGS__ }; \
	run_steps(steps_, sizeof(steps_) / sizeof(steps_[0])); \
} while (0)

static void test_order(void **state)
{
	(void)state;
	RUN_STEPS({ 10, 1, 1000, true }, { 10, 2, 1000, true },
		  { 10, 2, 1000, false }, { 10, 1, 1000, false },
		  { 10, 5, 1000, true }, { 10, 3, 1000, true },
		  { 10, 4, 1000, true }, { 10, 3, 1000, false },
		  { 10, 5, 1000, false }, { 10, 6, 1000, true });
	/* Id 0 does not exist. */
	RUN_STEPS({ 10, 0, 1000, false }, { 11, 0, 1000, false },
		  { 10, 1, 1000, true }, { 10, 0, 1000, false });
	/* The clock's zero is a time like others. */
	RUN_STEPS({ 10, 1, 0, true }, { 10, 1, 0, false },
		  { 10, 2, 1, true }, { 10, 1, 2, false });
	/* Time 0, as in the first second of a sender without a clock. */
	RUN_STEPS({ 0, 1, 1000, true }, { 0, 1, 1000, false });
}

static void test_window(void **state)
{
	(void)state;
	/* 64 ids: with 100 the highest, 37 is the last that counts. */
	RUN_STEPS({ 10, 100, 1000, true }, { 10, 36, 1000, false },
		  { 10, 37, 1000, true }, { 10, 37, 1000, false },
		  { 10, 99, 1000, true }, { 10, 101, 1000, true },
		  { 10, 38, 1000, true }, { 10, 37, 1000, false });
	/* Only as many as there can have been. */
	RUN_STEPS({ 10, 3, 1000, true }, { 10, 1, 1000, true },
		  { 10, 2, 1000, true }, { 10, 1, 1000, false });
	/* Jumps to the edge of the window and over it. */
	RUN_STEPS({ 10, 1, 1000, true }, { 10, 65, 1000, true },
		  { 10, 1, 1000, false }, { 10, 2, 1000, true },
		  { 10, 64, 1000, true });
	RUN_STEPS({ 10, 1, 1000, true }, { 10, 2, 1000, true },
		  { 10, 1000, 1000, true }, { 10, 936, 1000, false },
		  { 10, 937, 1000, true }, { 10, 2, 1000, false });
	RUN_STEPS({ 10, UINT32_MAX, 1000, true },
		  { 10, UINT32_MAX, 1000, false },
		  { 10, UINT32_MAX - 63, 1000, true },
		  { 10, UINT32_MAX - 64, 1000, false },
		  { 10, 1, 1000, false }, { 11, 1, 1000, true });
	/* The longest jump takes no longer than others. */
	RUN_STEPS({ 10, 1, 1000, true }, { 10, UINT32_MAX, 1000, true },
		  { 10, 1, 1000, false }, { 10, UINT32_MAX - 1, 1000, true });
}

static void test_time(void **state)
{
	(void)state;
	/* A newer time starts again, an older one is over. */
	RUN_STEPS({ 10, 50, 1000, true }, { 11, 1, 1000, true },
		  { 10, 51, 1000, false }, { 11, 1, 1000, false },
		  { 11, 2, 1000, true }, { 12, 2, 1000, true },
		  { 12, 1, 1000, true }, { 11, 3, 1000, false });
}

static void test_expiry(void **state)
{
	(void)state;
	/* 15 s after 5 was seen, what is behind it has expired. */
	RUN_STEPS({ 10, 5, 1000, true }, { 10, 10, 2000, true },
		  { 10, 4, 16000, true }, { 10, 3, 16001, true },
		  { 10, 9, 16001, true },
		  { 10, 2, 21001, false }, { 10, 1, 21001, false },
		  { 10, 8, 21001, false }, { 10, 11, 21001, true });
	/* What is newer than the expired one stays acceptable. */
	RUN_STEPS({ 10, 5, 1000, true }, { 10, 10, 9000, true },
		  { 10, 7, 17000, true }, { 10, 4, 17000, false },
		  { 10, 6, 17001, true });
	/* Reaped every 5 s only, so up to 5 s later than the limit. */
	RUN_STEPS({ 10, 5, 10000, true }, { 10, 6, 24999, true },
		  { 10, 3, 25001, true }, { 10, 2, 29998, true },
		  { 10, 1, 29999, false });
	/* Nothing was seen for long: still only new ids. */
	RUN_STEPS({ 10, 5, 1000, true }, { 10, 4, 3600000, false },
		  { 10, 6, 3600000, true }, { 10, 5, 3600000, false });
}

static void test_sender(void **state)
{
	struct wrap_tx tx = { 0 };

	(void)state;
	assert_int_equal(wrap_replay_next(&tx, 5010), 0);
	assert_int_equal(tx.next_id, 1);
	assert_int_equal(tx.time, 5010);
	/* The time is that of the first packet. */
	assert_int_equal(wrap_replay_next(&tx, 6000), 0);
	assert_int_equal(tx.next_id, 2);
	assert_int_equal(tx.time, 5010);
	/* Ids used up: only with a newer time. */
	tx.next_id = UINT32_MAX - 1;
	assert_int_equal(wrap_replay_next(&tx, 5010), 0);
	assert_int_equal(tx.next_id, UINT32_MAX);
	assert_int_equal(wrap_replay_next(&tx, 5010), -EOVERFLOW);
	assert_int_equal(wrap_replay_next(&tx, 5009), -EOVERFLOW);
	assert_int_equal(tx.next_id, UINT32_MAX);
	assert_int_equal(wrap_replay_next(&tx, 5011), 0);
	assert_int_equal(tx.next_id, 1);
	assert_int_equal(tx.time, 5011);
	/* A session behind a stateless reset, which used id 1. */
	tx.next_id = 1;
	tx.time = 0;
	assert_int_equal(wrap_replay_next(&tx, 7000), 0);
	assert_int_equal(tx.next_id, 2);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Against the rule written plainly: new, or in the window and not seen. */
static void test_random(void **state)
{
	enum { IDS = 4096, STEPS = 20000 };
	static bool is_seen[IDS];
	uint32_t seed, i, id, highest, accepted;
	bool want;

	(void)state;
	for (seed = 1; seed <= 8; seed++) {
		struct wrap_rx rx = { 0 };
		uint32_t rnd = seed * 2654435761u;

		memset(is_seen, 0, sizeof(is_seen));
		highest = 0;
		accepted = 0;
		for (i = 0; i < STEPS; i++) {
			id = highest + next_random(&rnd) % 160;
			id = id > 120 ? id - 120 : 1;
			/* Most of the time near the top, rarely far ahead. */
			if (next_random(&rnd) % 100)
				id = id > highest + 2 ? highest + 1 : id;
			if (id >= IDS)
				break;
			want = id > highest ||
				(highest - id < WRAP_REPLAY_WINDOW &&
				 !is_seen[id]);
			assert_int_equal(wrap_replay_accept(&rx, 1000, id, 7),
					 want ? 0 : -EALREADY);
			accepted += want;
			is_seen[id] = true;
			if (id > highest)
				highest = id;
		}
		assert_true(accepted > 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_sender),
		cmocka_unit_test(test_random),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("wrap_replay", tests, NULL, NULL);
}
