// SPDX-License-Identifier: GPL-2.0-or-later
/* Descriptors and records that outlive the process that made them. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "keep/private.h"

static char id[40];

static struct keep_setup setup_of(uint32_t n_records, unsigned int hold_s)
{
	return (struct keep_setup){
		.id = id, .n_records = n_records, .hold_s = hold_s,
	};
}

static int setup(void **state)
{
	static unsigned int n;

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	alarm(60);
	snprintf(id, sizeof(id), "test-%d-%u", getpid(), n++);
	return 0;
}

/* A daemon that does @fn and is killed. */
static void killed_after(void (*fn)(struct keep *keep), uint32_t n_records)
{
	struct keep_setup s = setup_of(n_records, 20);
	struct keep *keep;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		if (keep_open(&s, &keep))
			_exit(1);
		fn(keep);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static struct keep *next_daemon(uint32_t n_records)
{
	struct keep_setup s = setup_of(n_records, 20);
	struct keep *keep = NULL;
	int ret = -EBUSY;

	/* the holder may not have seen the end yet */
	for (int i = 0; i < 200 && ret == -EBUSY; i++) {
		ret = keep_open(&s, &keep);
		if (ret == -EBUSY)
			usleep(10000);
	}
	assert_int_equal(ret, 0);
	return keep;
}

static void put_both(struct keep *keep)
{
	int fds[2];
	uint64_t *counter;

	if (keep_is_used(keep) || pipe(fds) || write(fds[1], "hello", 5) != 5)
		_exit(1);
	if (keep_fd_put(keep, "tun", fds[0]) ||
	    keep_write(keep, 3, "first", 5) ||
	    keep_write(keep, 3, "second one", 10) ||
	    keep_write(keep, 7, "other", 5))
		_exit(1);
	counter = keep_counter(keep, 3, 1);
	counter[0] = 42;
	keep_erase(keep, 7);
}

static void test_killed(void **state)
{
	struct keep *keep;
	uint64_t *counter;
	char buf[64];
	int fd;

	(void)state;
	killed_after(put_both, 16);
	keep = next_daemon(16);
	assert_true(keep_is_used(keep));
	fd = keep_fd_take(keep, "tun");
	assert_true(fd >= 0);
	assert_int_equal(read(fd, buf, sizeof(buf)), 5);
	assert_memory_equal(buf, "hello", 5);
	close(fd);
	assert_int_equal(keep_fd_take(keep, "tun"), -1);
	assert_int_equal(keep_read(keep, 3, buf, sizeof(buf)), 10);
	assert_memory_equal(buf, "second one", 10);
	assert_int_equal(keep_read(keep, 7, buf, sizeof(buf)), 0);
	assert_int_equal(keep_read(keep, 3, buf, 9), 0);
	counter = keep_counter(keep, 3, 1);
	assert_int_equal(counter[0], 42);
	keep_close(keep);
}

/* More or fewer records than before: what fits is there. */
static void test_resized(void **state)
{
	struct keep *keep;
	char buf[64];

	(void)state;
	killed_after(put_both, 16);
	keep = next_daemon(5000);
	assert_int_equal(keep_n_records(keep), 5000);
	assert_int_equal(keep_read(keep, 3, buf, sizeof(buf)), 10);
	assert_int_equal(keep_write(keep, 4999, "x", 1), 0);
	assert_int_equal(keep_write(keep, 5000, "x", 1), -EINVAL);
	keep_close(keep);
}

/* An orderly end leaves nothing, and nobody who keeps it. */
static void test_closed(void **state)
{
	struct keep *keep = next_daemon(16);

	(void)state;
	assert_false(keep_is_used(keep));
	put_both(keep);
	keep_close(keep);
	keep = next_daemon(16);
	assert_false(keep_is_used(keep));
	assert_int_equal(keep_fd_take(keep, "tun"), -1);
	keep_close(keep);
}

/* Two daemons of the same name: the second one gets nothing. */
static void test_busy(void **state)
{
	struct keep_setup s = setup_of(16, 20);
	struct keep *keep = next_daemon(16), *second;

	(void)state;
	assert_int_equal(keep_open(&s, &second), -EBUSY);
	assert_null(second);
	keep_close(keep);
}

/* Do something to the slot of record 3, as if the process had died in it. */
static void with_slot(void (*fn)(struct keep_slot *slot))
{
	struct keep_fd fds[KEEP_FDS_MAX];
	struct keep_store store;
	int sock = -EBUSY;
	size_t n = 0;

	for (int i = 0; i < 200 && sock == -EBUSY; i++) {
		sock = keep_holder_join(id, fds, &n);
		if (sock == -EBUSY)
			usleep(10000);
	}
	assert_true(sock >= 0);
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(fds[i].name, "records")) {
			assert_int_equal(keep_store_open(&store, fds[i].fd),
					 0);
			fn(keep_store_slot(&store, 3));
			munmap(store.map, store.size);
		}
		close(fds[i].fd);
	}
	close(sock);
}

static struct keep_half *half_with(struct keep_slot *slot, bool is_used)
{
	return &slot->halves[!slot->halves[0].half.seq == is_used].half;
}

static void tear_new(struct keep_slot *slot)
{
	struct keep_half *half = half_with(slot, false);

	memset(half->data, 'x', 9);
	half->len = 9;
	half->seq = 99;
	half->sum = 12345;
}

static void tear_all(struct keep_slot *slot)
{
	half_with(slot, true)->data[2] ^= 1;
}

/* Whenever the process dies while it writes, one of both halves is whole. */
static void test_torn(void **state)
{
	struct keep *keep;
	char buf[64];

	(void)state;
	killed_after(put_both, 16);
	with_slot(tear_new);
	keep = next_daemon(16);
	assert_int_equal(keep_read(keep, 3, buf, sizeof(buf)), 10);
	assert_memory_equal(buf, "second one", 10);
	/* and it can be written to again */
	assert_int_equal(keep_write(keep, 3, "third", 5), 0);
	assert_int_equal(keep_read(keep, 3, buf, sizeof(buf)), 5);
	keep_close(keep);
	killed_after(put_both, 16);
	with_slot(tear_all);
	keep = next_daemon(16);
	assert_int_equal(keep_read(keep, 3, buf, sizeof(buf)), 0);
	keep_close(keep);
}

/* What is not sealed, or not ours, is not mapped. */
static void test_foreign(void **state)
{
	struct keep_store store = { .fd = -1 };
	int fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)state;
	assert_int_equal(ftruncate(fd, 65536), 0);
	assert_int_equal(keep_store_open(&store, fd), -EBADMSG);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
			       F_SEAL_SEAL), 0);
	assert_int_equal(keep_store_open(&store, fd), -EBADMSG);
	close(fd);
}

/* Nobody would keep anything. */
static void test_none(void **state)
{
	struct keep_setup s = setup_of(16, 0);
	struct keep *keep;

	(void)state;
	assert_int_equal(keep_open(&s, &keep), 0);
	assert_null(keep);
	assert_false(keep_is_used(keep));
	assert_int_equal(keep_fd_take(keep, "tun"), -1);
	assert_int_equal(keep_write(keep, 1, "x", 1), -EINVAL);
	assert_null(keep_counter(keep, 1, 1));
	keep_erase(keep, 1);
	keep_close(keep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_killed, setup),
		cmocka_unit_test_setup(test_resized, setup),
		cmocka_unit_test_setup(test_closed, setup),
		cmocka_unit_test_setup(test_busy, setup),
		cmocka_unit_test_setup(test_torn, setup),
		cmocka_unit_test_setup(test_foreign, setup),
		cmocka_unit_test_setup(test_none, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
