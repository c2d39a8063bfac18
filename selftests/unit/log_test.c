// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "log/log.h"

static char path[64];
static char text[1 << 20];

static void open_file(int verb, bool has_timestamps, bool is_append)
{
	struct log_config cfg = {
		.target = LOG_TARGET_FILE,
		.path = path,
		.verb = verb,
		.has_timestamps = has_timestamps,
		.is_append = is_append,
	};

	assert_int_equal(log_open(&cfg), 0);
}

static const char *content(void)
{
	FILE *f = fopen(path, "r");
	size_t len;

	assert_non_null(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	text[len] = '\0';
	fclose(f);
	return text;
}

static int setup(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/ovpn-log-test-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	log_close();
	unlink(path);
	return 0;
}

static void write_all_levels(void)
{
	log_error("E");
	log_warn("W");
	log_notice("N");
	log_info("I");
	log_debug("D");
}

static void test_verbosity(void **state)
{
	static const struct {
		int verb;
		const char *want;
	} rows[] = {
		{ -1, "error: E\n" },
		{ 0, "error: E\n" },
		{ 1, "error: E\nwarning: W\nN\n" },
		{ 2, "error: E\nwarning: W\nN\n" },
		{ 3, "error: E\nwarning: W\nN\nI\n" },
		{ 4, "error: E\nwarning: W\nN\nI\ndebug: D\n" },
		{ 11, "error: E\nwarning: W\nN\nI\ndebug: D\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		open_file(rows[i].verb, false, false);
		write_all_levels();
		assert_string_equal(content(), rows[i].want);
	}
	log_set_verb(0);
	assert_false(log_is_enabled(LOG_LEVEL_NOTICE));
	log_set_verb(1);
	assert_true(log_is_enabled(LOG_LEVEL_NOTICE));
	assert_false(log_is_enabled(LOG_LEVEL_INFO));
}

static void test_timestamps(void **state)
{
	struct tm tm = { 0 };
	const char *end;

	(void)state;
	open_file(1, true, false);
	log_notice("Initialization Sequence Completed");
	end = strptime(content(), "%Y-%m-%d %H:%M:%S ", &tm);
	assert_non_null(end);
	assert_string_equal(end, "Initialization Sequence Completed\n");
	tm.tm_isdst = -1;
	assert_in_range(time(NULL) - mktime(&tm), 0, 10);
}

static void test_one_line(void **state)
{
	(void)state;
	open_file(1, false, false);
	log_notice("peer %s joined\n", "evil\n2026 error: fake\x1b[2J");
	assert_string_equal(content(),
			    "peer evil_2026 error: fake_[2J joined\n");
}

static void test_long_line(void **state)
{
	char huge[5000];
	size_t len;

	(void)state;
	memset(huge, 'x', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	open_file(1, true, false);
	log_notice("%s", huge);
	log_notice("next");
	content();
	len = strcspn(text, "\n");
	assert_int_equal(len, 2047);
	assert_memory_equal(text + len - 3, "...", 3);
	assert_non_null(strstr(text + len, "next\n"));
}

static void test_append_and_truncate(void **state)
{
	(void)state;
	open_file(1, false, false);
	log_notice("one");
	open_file(1, false, true);
	log_notice("two");
	assert_string_equal(content(), "one\ntwo\n");
	open_file(1, false, false);
	assert_string_equal(content(), "");
}

static void test_open_failure(void **state)
{
	struct log_config cfg = {
		.target = LOG_TARGET_FILE,
		.path = "/nonexistent/dir/log",
		.verb = 4,
	};

	(void)state;
	open_file(1, false, false);
	assert_int_equal(log_open(&cfg), -ENOENT);
	log_notice("still here");
	assert_string_equal(content(), "still here\n");
	assert_false(log_is_enabled(LOG_LEVEL_DEBUG));
}

static void test_keeps_errno(void **state)
{
	(void)state;
	open_file(1, true, false);
	errno = EXDEV;
	log_notice("%m");
	assert_int_equal(errno, EXDEV);
	assert_non_null(strstr(content(), strerror(EXDEV)));
}

static void test_limit(void **state)
{
	struct log_limit limit = { .burst = 3, .interval_ms = 100 };
	struct timespec pause = { 0, 130 * 1000000 };

	(void)state;
	open_file(1, false, false);
	for (int i = 0; i < 10; i++)
		log_limited(&limit, LOG_LEVEL_NOTICE, "drop %d", i);
	assert_string_equal(content(), "drop 0\ndrop 1\ndrop 2\n");
	/* Not enabled: neither written nor counted. */
	log_limited(&limit, LOG_LEVEL_DEBUG, "hidden");

	nanosleep(&pause, NULL);
	log_limited(&limit, LOG_LEVEL_NOTICE, "drop");
	assert_string_equal(content(),
			    "drop 0\ndrop 1\ndrop 2\ndrop (7 similar messages left out)\n");
}

#define THREADS 4
#define LINES 500

static void *thread_main(void *arg)
{
	for (int i = 0; i < LINES; i++)
		log_notice("thread %d line %d end", *(int *)arg, i);
	return NULL;
}

/* Lines of several threads are whole, and each thread's are in order. */
static void test_threads(void **state)
{
	int ids[THREADS], next[THREADS] = { 0 }, total = 0;
	pthread_t threads[THREADS];
	char *save, *line;

	(void)state;
	open_file(1, false, false);
	for (int i = 0; i < THREADS; i++) {
		ids[i] = i;
		pthread_create(&threads[i], NULL, thread_main, &ids[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	content();
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		int id, number, used = 0;

		sscanf(line, "thread %d line %d end%n", &id, &number, &used);
		assert_int_equal(used, strlen(line));
		assert_in_range(id, 0, THREADS - 1);
		assert_int_equal(number, next[id]++);
		total++;
	}
	assert_int_equal(total, THREADS * LINES);
}

static void test_default_target(void **state)
{
	int saved = dup(STDOUT_FILENO);
	int fds[2];
	char out[128];
	ssize_t len;

	(void)state;
	log_close();
	log_set_verb(1);
	assert_int_equal(pipe(fds), 0);
	fflush(stdout);
	dup2(fds[1], STDOUT_FILENO);
	log_notice("hello");
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(fds[1]);
	len = read(fds[0], out, sizeof(out) - 1);
	close(fds[0]);
	assert_true(len > 0);
	out[len] = '\0';
	assert_non_null(strstr(out, "hello\n"));
}

static void on_line(void *arg)
{
	++*(unsigned int *)arg;
}

/* The last ones, of those that were written at all. */
static void test_history(void **state)
{
	static struct log_line line;
	unsigned int n = 0;

	(void)state;
	assert_false(log_history_get(0, &line));
	open_file(1, false, false);
	assert_int_equal(log_history_open(3, on_line, &n), 0);
	assert_int_equal(log_history_end(), 0);
	assert_false(log_history_get(0, &line));
	log_notice("one\n");
	log_debug("not written");
	log_warn("two");
	assert_int_equal(n, 2);
	assert_true(log_history_get(0, &line));
	assert_string_equal(line.text, "one");
	assert_int_equal(line.level, LOG_LEVEL_NOTICE);
	log_error("three");
	log_error("four");
	log_error("five");
	assert_int_equal(log_history_end(), 5);
	assert_true(log_history_get(0, &line));
	assert_int_equal(line.number, 2);
	assert_string_equal(line.text, "three");
	assert_true(log_history_get(4, &line));
	assert_string_equal(line.text, "five");
	assert_in_range(line.at, time(NULL) - 60, time(NULL));
	assert_false(log_history_get(5, &line));
	log_history_close();
	log_error("six");
	assert_int_equal(n, 5);
	assert_false(log_history_get(0, &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_verbosity, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_timestamps, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_one_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_line, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_append_and_truncate,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_failure, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_keeps_errno, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_default_target, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_history, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
