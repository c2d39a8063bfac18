// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "mem/mem.h"

/* arenas */

static void test_arena_zeroed_aligned(void **state)
{
	struct mem_arena *arena = mem_arena_new("test");
	static const uint8_t zero[5000];

	(void)state;
	assert_non_null(arena);
	for (size_t size = 0; size < 5000; size += 7) {
		uint8_t *mem = mem_arena_alloc(arena, size);

		assert_non_null(mem);
		assert_int_equal((uintptr_t)mem % alignof(max_align_t), 0);
		assert_memory_equal(mem, zero, size);
		memset(mem, 0xff, size);
	}
	mem_arena_free(arena);
}

static void test_arena_no_overlap(void **state)
{
	struct mem_arena *arena = mem_arena_new("test");
	uint8_t *mem[200];

	(void)state;
	for (int i = 0; i < 200; i++) {
		/* Small ones, and large ones that get chunks of their own. */
		size_t size = i % 7 ? 100 : 3000;

		mem[i] = mem_arena_alloc(arena, size);
		memset(mem[i], i, size);
	}
	for (int i = 0; i < 200; i++) {
		size_t size = i % 7 ? 100 : 3000;

		assert_int_equal(mem[i][0], i);
		assert_int_equal(mem[i][size - 1], i);
	}
	mem_arena_free(arena);
}

static void test_arena_strings(void **state)
{
	struct mem_arena *arena = mem_arena_new("test");
	char *dup;

	(void)state;
	assert_string_equal(mem_arena_strdup(arena, "text"), "text");
	assert_string_equal(mem_arena_printf(arena, "%s-%d", "a", 42), "a-42");
	dup = mem_arena_memdup(arena, "a\0b", 3);
	assert_memory_equal(dup, "a\0b\0", 4);
	assert_string_equal(mem_arena_memdup(arena, NULL, 0), "");
	mem_arena_free(arena);
}

static void test_arena_size(void **state)
{
	struct mem_arena *arena = mem_arena_new("test");

	(void)state;
	assert_int_equal(mem_arena_size(arena), 0);
	mem_arena_alloc(arena, 10);
	mem_arena_alloc(arena, 10000);
	assert_int_equal(mem_arena_size(arena), 10010);
	assert_null(mem_arena_alloc(arena, SIZE_MAX));
	assert_int_equal(mem_arena_size(arena), 10010);
	mem_arena_free(arena);
	mem_arena_free(NULL);
}

static char hook_trace[16];

static void hook(void *arg)
{
	strcat(hook_trace, arg);
}

static void test_arena_hooks(void **state)
{
	struct mem_arena *arena = mem_arena_new("test");
	char *in_arena = mem_arena_strdup(arena, "3");

	(void)state;
	hook_trace[0] = '\0';
	assert_int_equal(mem_arena_defer(arena, hook, "1"), 0);
	assert_int_equal(mem_arena_defer(arena, hook, "2"), 0);
	/* The arena's memory is still there when its hooks run. */
	assert_int_equal(mem_arena_defer(arena, hook, in_arena), 0);
	assert_string_equal(hook_trace, "");
	mem_arena_free(arena);
	assert_string_equal(hook_trace, "321");
}

/* readers and writers */

static void test_reader_values(void **state)
{
	static const uint8_t data[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
	};
	struct mem_reader rd;
	uint8_t two[2];

	(void)state;
	mem_reader_init(&rd, data, sizeof(data));
	assert_int_equal(mem_read_u8(&rd), 1);
	assert_int_equal(mem_read_be16(&rd), 0x0203);
	assert_int_equal(mem_read_be32(&rd), 0x04050607);
	assert_true(mem_read_be64(&rd) == 0x08090a0b0c0d0e0full);
	mem_read_bytes(&rd, two, 2);
	assert_memory_equal(two, data + 15, 2);
	assert_false(rd.is_bad);
	assert_int_equal(rd.left, 0);
}

static void test_reader_sticks(void **state)
{
	uint8_t data[3] = { 1, 2, 3 }, out[4] = { 9, 9, 9, 9 };
	struct mem_reader rd;

	(void)state;
	mem_reader_init(&rd, data, sizeof(data));
	assert_int_equal(mem_read_be32(&rd), 0);
	assert_true(rd.is_bad);
	/* One byte would be there, but the first error stays. */
	assert_int_equal(mem_read_u8(&rd), 0);
	mem_read_bytes(&rd, out, 1);
	assert_int_equal(out[0], 0);
	assert_null(mem_read_ref(&rd, 0));
}

static void test_reader_ref(void **state)
{
	uint8_t data[3] = { 1, 2, 3 };
	struct mem_reader rd;

	(void)state;
	mem_reader_init(&rd, data, sizeof(data));
	assert_ptr_equal(mem_read_ref(&rd, 2), data);
	assert_null(mem_read_ref(&rd, SIZE_MAX));
	assert_true(rd.is_bad);

	mem_reader_init(&rd, NULL, 0);
	mem_read_bytes(&rd, NULL, 0);
	assert_false(rd.is_bad);
	mem_read_u8(&rd);
	assert_true(rd.is_bad);
}

static void test_writer_values(void **state)
{
	static const uint8_t want[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
	};
	uint8_t out[17];
	struct mem_writer wr;

	(void)state;
	mem_writer_init(&wr, out, sizeof(out));
	mem_write_u8(&wr, 1);
	mem_write_be16(&wr, 0x0203);
	mem_write_be32(&wr, 0x04050607);
	mem_write_be64(&wr, 0x08090a0b0c0d0e0full);
	mem_write_bytes(&wr, want + 15, 2);
	assert_false(wr.is_bad);
	assert_int_equal(wr.len, sizeof(out));
	assert_memory_equal(out, want, sizeof(out));
}

static void test_writer_sticks(void **state)
{
	uint8_t out[4] = { 0 };
	struct mem_writer wr;

	(void)state;
	mem_writer_init(&wr, out, 3);
	assert_ptr_equal(mem_write_reserve(&wr, 2), out);
	mem_write_be16(&wr, 0xffff);
	assert_true(wr.is_bad);
	mem_write_u8(&wr, 0xff);
	assert_int_equal(wr.len, 2);
	assert_memory_equal(out, "\0\0\0\0", 4);
	assert_null(mem_write_reserve(&wr, 1));
}

/* growing buffer */

static void test_buf_grow(void **state)
{
	struct mem_buf buf;

	(void)state;
	mem_buf_init(&buf, 100000);
	for (int i = 0; i < 10000; i++) {
		uint16_t v = (uint16_t)i;

		assert_int_equal(mem_buf_append(&buf, &v, sizeof(v)), 0);
	}
	assert_int_equal(buf.len, 20000);
	for (int i = 0; i < 10000; i++) {
		uint16_t v;

		memcpy(&v, buf.data + 2 * i, sizeof(v));
		assert_int_equal(v, i);
	}
	mem_buf_reset(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf.limit, 100000);
}

static void test_buf_limit(void **state)
{
	static const uint8_t data[300];
	struct mem_buf buf;

	(void)state;
	mem_buf_init(&buf, 300);
	assert_int_equal(mem_buf_append(&buf, data, 299), 0);
	assert_int_equal(mem_buf_append(&buf, data, 2), -ENOBUFS);
	assert_int_equal(buf.len, 299);
	assert_int_equal(mem_buf_append(&buf, data, 1), 0);
	assert_int_equal(mem_buf_append(&buf, data, 1), -ENOBUFS);
	assert_int_equal(mem_buf_append(&buf, NULL, 0), 0);
	assert_int_equal(mem_buf_append(&buf, data, SIZE_MAX), -ENOBUFS);
	assert_true(buf.cap <= 300);
	mem_buf_reset(&buf);
}

static void test_buf_consume(void **state)
{
	struct mem_buf buf;

	(void)state;
	mem_buf_init(&buf, 100);
	mem_buf_append(&buf, "abcdef", 6);
	mem_buf_consume(&buf, 2);
	assert_int_equal(buf.len, 4);
	assert_memory_equal(buf.data, "cdef", 4);
	/* What left the front must not stay readable behind the end. */
	assert_memory_equal(buf.data + 4, "\0\0", 2);
	mem_buf_consume(&buf, 100);
	assert_int_equal(buf.len, 0);
	mem_buf_append(&buf, "x", 1);
	assert_memory_equal(buf.data, "x", 1);
	mem_buf_reset(&buf);
	mem_buf_consume(&buf, 1);
}

/* secrets */

static void test_secret_usable(void **state)
{
	(void)state;
	for (size_t size = 0; size < 10000; size += 777) {
		uint8_t *secret = mem_secret_alloc(size);

		assert_non_null(secret);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(secret[i], 0);
		memset(secret, 0xa5, size);
		mem_secret_free(secret);
	}
	mem_secret_free(NULL);
	assert_null(mem_secret_alloc(SIZE_MAX));
}

#define N_SECRETS 600

/* Secrets come and go in all sizes: none overlaps, each one starts as zeros. */
static void *churn(void *arg)
{
	static const uint8_t zero[2000];
	struct {
		uint8_t *mem;
		size_t size;
		uint8_t mark;
	} slots[N_SECRETS] = { 0 };
	uint32_t rnd = *(uint32_t *)arg;

	for (int i = 0; i < 20000; i++) {
		size_t n = (rnd = rnd * 1103515245 + 12345) / 65536 % N_SECRETS;
		size_t size = i % 50 ? rnd >> 8 & 255 : rnd >> 8 & 1023;

		if (slots[n].mem) {
			for (size_t j = 0; j < slots[n].size; j++)
				if (slots[n].mem[j] != slots[n].mark)
					return "overwritten";
			mem_secret_free(slots[n].mem);
			slots[n].mem = NULL;
			continue;
		}
		slots[n].mem = mem_secret_alloc(size);
		if (!slots[n].mem)
			return "out of memory";
		if (memcmp(slots[n].mem, zero, size))
			return "not zeroed";
		slots[n].size = size;
		slots[n].mark = (uint8_t)(i | 1);
		memset(slots[n].mem, slots[n].mark, size);
	}
	for (int i = 0; i < N_SECRETS; i++)
		mem_secret_free(slots[i].mem);
	return NULL;
}

static void test_secret_churn(void **state)
{
	uint32_t seeds[3] = { 1, 2, 3 };
	pthread_t threads[3];
	void *problem;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn,
						&seeds[i]), 0);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], &problem);
		if (problem)
			fail_msg("%s", (char *)problem);
	}
}

static int count_mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	int c, lines = 0;

	assert_non_null(f);
	while ((c = fgetc(f)) != EOF)
		lines += c == '\n';
	fclose(f);
	return lines;
}

/* A server with many peers must not run out of mappings. */
static void test_secret_mappings(void **state)
{
	enum { N = 20000 };
	void **secrets = calloc(N, sizeof(*secrets));
	int before = count_mappings();

	(void)state;
	for (int i = 0; i < N; i++) {
		secrets[i] = mem_secret_alloc(112);
		assert_non_null(secrets[i]);
	}
	assert_in_range(count_mappings() - before, 0, 2000);
	for (int i = 0; i < N; i++)
		mem_secret_free(secrets[i]);
	/* And it gives them back. */
	assert_in_range(count_mappings(), 0, before + 20);
	free(secrets);
}

/* A child's exit status; -signal when it was killed. */
static int run_child(void (*fn)(void *arg), void *arg)
{
	struct rlimit no_core = { 0, 0 };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		setrlimit(RLIMIT_CORE, &no_core);
		fn(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void child_overflow(void *arg)
{
	volatile uint8_t *secret = arg;

	secret[1024] = 1;
}

static void child_uses_more(void *arg)
{
	uint8_t *secret[300];

	(void)arg;
	for (int i = 0; i < 300; i++) {
		secret[i] = mem_secret_alloc(100);
		if (!secret[i] || secret[i][0] || secret[i][99])
			_exit(1);
		memset(secret[i], i, 100);
	}
	for (int i = 0; i < 300; i++) {
		if (secret[i][0] != (uint8_t)i || secret[i][99] != (uint8_t)i)
			_exit(2);
		mem_secret_free(secret[i]);
	}
}

static void child_is_wiped(void *arg)
{
	uint8_t *secret = arg;

	for (int i = 0; i < 32; i++)
		if (secret[i])
			_exit(1);
	mem_secret_free(secret);
}

static void test_secret_guard(void **state)
{
	uint8_t *secret = mem_secret_alloc(1024);

	(void)state;
	assert_int_equal(run_child(child_overflow, secret), -SIGSEGV);
	mem_secret_free(secret);
}

static void test_secret_not_inherited(void **state)
{
	static const size_t sizes[] = { 32, 4000 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		uint8_t *secret = mem_secret_alloc(sizes[i]);

		memset(secret, 0x5a, sizes[i]);
		assert_int_equal(run_child(child_is_wiped, secret), 0);
		assert_int_equal(secret[0], 0x5a);
		mem_secret_free(secret);
	}
}

/* A child goes on with the parent's slabs, whose free lists are wiped. */
static void test_secret_in_child(void **state)
{
	uint8_t *secret[150];

	(void)state;
	for (int i = 0; i < 150; i++)
		secret[i] = mem_secret_alloc(100);
	for (int i = 0; i < 150; i += 3) {
		mem_secret_free(secret[i]);
		secret[i] = NULL;
	}
	assert_int_equal(run_child(child_uses_more, NULL), 0);
	for (int i = 0; i < 150; i++)
		mem_secret_free(secret[i]);
}

static void test_wipe_and_equal(void **state)
{
	uint8_t a[16] = "secret", b[16] = "secret";

	(void)state;
	assert_true(mem_equal(a, b, sizeof(a)));
	b[15] ^= 1;
	assert_false(mem_equal(a, b, sizeof(a)));
	assert_true(mem_equal(a, b, 15));
	assert_true(mem_equal(a, b, 0));
	mem_wipe(a, 3);
	assert_memory_equal(a, "\0\0\0ret", 6);
	mem_wipe(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena_zeroed_aligned),
		cmocka_unit_test(test_arena_no_overlap),
		cmocka_unit_test(test_arena_strings),
		cmocka_unit_test(test_arena_size),
		cmocka_unit_test(test_arena_hooks),
		cmocka_unit_test(test_reader_values),
		cmocka_unit_test(test_reader_sticks),
		cmocka_unit_test(test_reader_ref),
		cmocka_unit_test(test_writer_values),
		cmocka_unit_test(test_writer_sticks),
		cmocka_unit_test(test_buf_grow),
		cmocka_unit_test(test_buf_limit),
		cmocka_unit_test(test_buf_consume),
		cmocka_unit_test(test_secret_usable),
		cmocka_unit_test(test_secret_churn),
		cmocka_unit_test(test_secret_mappings),
		cmocka_unit_test(test_secret_guard),
		cmocka_unit_test(test_secret_not_inherited),
		cmocka_unit_test(test_secret_in_child),
		cmocka_unit_test(test_wipe_and_equal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
