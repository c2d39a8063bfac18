// SPDX-License-Identifier: GPL-2.0-or-later
/* The queue from one thread to another. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "dp/ring.h"

static struct dp_ring *ring;

static int setup(void **state)
{
	(void)state;
	ring = dp_ring_new(DP_RING_BYTES);
	return !ring;
}

static int teardown(void **state)
{
	(void)state;
	dp_ring_free(ring);
	return 0;
}

/* Of any length, in their order, each in one piece. */
static void test_order(void **state)
{
	static const size_t lens[] = { 0, 1, 63, 64, 1500, 65535, DP_RING_MAX };
	size_t n = sizeof(lens) / sizeof(*lens), len;
	uint8_t *data;

	(void)state;
	assert_null(dp_ring_peek(ring, &len));
	assert_true(dp_ring_is_empty(ring));
	for (unsigned int round = 0; round < 50; round++) {
		for (size_t i = 0; i < n; i++) {
			data = dp_ring_slot(ring, lens[i]);
			assert_non_null(data);
			memset(data, (int)(round + i), lens[i]);
			dp_ring_push(ring, lens[i]);
			assert_false(dp_ring_is_empty(ring));
			data = dp_ring_peek(ring, &len);
			assert_non_null(data);
			assert_int_equal(len, lens[i]);
			for (size_t k = 0; k < len; k++)
				assert_int_equal(data[k],
						 (uint8_t)(round + i));
			assert_false(dp_ring_pop(ring));
		}
	}
	assert_null(dp_ring_slot(ring, DP_RING_MAX + 1));
}

/* Who finds it full is to be woken, once. */
static void test_full(void **state)
{
	size_t len, n = 0;
	uint8_t *data;

	(void)state;
	while ((data = dp_ring_slot(ring, 1000))) {
		memset(data, (int)n++, 1000);
		dp_ring_push(ring, 1000);
	}
	assert_in_range(n, 200, DP_RING_BYTES / 1000);
	assert_null(dp_ring_want(ring, 1000));
	for (size_t i = 0; i < n; i++) {
		data = dp_ring_peek(ring, &len);
		assert_int_equal(data[999], (uint8_t)i);
		assert_int_equal(dp_ring_pop(ring), i == 0);
	}
	assert_non_null(dp_ring_want(ring, 1000));
	assert_null(dp_ring_peek(ring, &len));
}

#define N_ENTRIES	200000u

static sem_t has_room, has_entry;

static void wait_for(sem_t *sem)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 10;
	/* a wake-up that is lost is a test that fails, not one that hangs */
	if (sem_timedwait(sem, &end))
		fail_msg("nobody woke this thread");
}

/* So that two fill the ring, and the last one is often taken meanwhile. */
static bool is_long;

static size_t length_of(uint32_t i)
{
	if (is_long)
		return DP_RING_MAX;
	return 5 + (i * 2654435761u >> 8) % (i % 64 ? 300 : 60000);
}

static void *produce(void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < N_ENTRIES; i++) {
		size_t len = length_of(i);
		uint8_t *data;

		while (!(data = dp_ring_want(ring, len)))
			wait_for(&has_room);
		memcpy(data, &i, sizeof(i));
		data[len - 1] = (uint8_t)i;
		dp_ring_push(ring, len);
		sem_post(&has_entry);
	}
	return NULL;
}

/* Two threads, of which now one and now the other is the faster. */
static void stress(void)
{
	pthread_t thread;
	uint32_t got;
	size_t len;

	sem_init(&has_room, 0, 0);
	sem_init(&has_entry, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, produce, NULL), 0);
	for (uint32_t i = 0; i < N_ENTRIES; i++) {
		const uint8_t *data = dp_ring_peek(ring, &len);

		while (!data) {
			wait_for(&has_entry);
			data = dp_ring_peek(ring, &len);
		}
		assert_int_equal(len, length_of(i));
		memcpy(&got, data, sizeof(got));
		assert_int_equal(got, i);
		assert_int_equal(data[len - 1], (uint8_t)i);
		if (dp_ring_pop(ring))
			sem_post(&has_room);
	}
	pthread_join(thread, NULL);
	assert_true(dp_ring_is_empty(ring));
	sem_destroy(&has_room);
	sem_destroy(&has_entry);
}

static void test_stress(void **state)
{
	(void)state;
	is_long = false;
	stress();
}

static void test_stress_full(void **state)
{
	(void)state;
	is_long = true;
	stress();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stress, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stress_full, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
