// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs of another user, with no other rights than those that a unit of
 * systemd leaves: they get their files, and end when their time is over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "hook/hook.h"
#include "in_unit.h"
#include "log/log.h"

static char dir[64], program[96];

/* struct answer - @n: how many answers have come */
struct answer {
	struct loop *loop;
	enum hook_status status;
	char file[256], why[128];
	unsigned int n;
};

static int group_setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ovpn-confine.XXXXXX");
	if (!mkdtemp(dir) || chmod(dir, 01777))
		return -1;
	snprintf(program, sizeof(program), "%s/program", dir);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	unlink(program);
	return rmdir(dir);
}

static void script(const char *text)
{
	FILE *file = fopen(program, "we");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", text);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(program, 0755), 0);
}

static void done(void *arg, const struct hook_result *result)
{
	struct answer *answer = arg;

	answer->n++;
	answer->status = result->status;
	snprintf(answer->file, sizeof(answer->file), "%s",
		 result->files[0].data);
	snprintf(answer->why, sizeof(answer->why), "%s", result->why);
	loop_stop(answer->loop);
}

static void late(struct loop_timer *timer, void *arg)
{
	(void)timer;
	loop_stop(arg);
}

/* In the process that is confined. */
static struct answer run_one(const char *unit, const char *user,
			     uint32_t timeout)
{
	static const char *argv[] = { program, NULL };
	struct hook_setup plan = {
		.commands = { [HOOK_CLIENT_CONNECT] = argv },
		.tmp_dir = dir, .user = user, .timeout = timeout,
	};
	struct hook_run run = {
		.event = HOOK_CLIENT_CONNECT, .key = "a",
		.files = { { .data = "hello ", .len = 6,
			     .flags = HOOK_FILE_ARG | HOOK_FILE_RESULT } },
		.n_files = 1,
	};
	struct answer answer = { .status = HOOK_DEFERRED };
	struct loop_timer *guard;
	struct hook *hook;
	char err[256];

	log_set_verb(0);
	be_in_unit(unit);
	CHECK(!hook_start(&plan, &hook, err, sizeof(err)));
	answer.loop = loop_new();
	CHECK(answer.loop && !hook_attach(hook, answer.loop));
	guard = loop_timer_new(answer.loop, late, answer.loop);
	CHECK(guard);
	loop_timer_start(guard, 20000);
	CHECK(hook_run(hook, &run, done, &answer));
	loop_run(answer.loop);
	loop_timer_free(guard);
	hook_free(hook);
	loop_free(answer.loop);
	CHECK(answer.n == 1);
	return answer;
}

static void expect_in_each(void (*check)(const char *unit))
{
	int status;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		pid_t pid = fork();

		if (!pid)
			check(units[i]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void check_file(const char *unit)
{
	struct answer answer = run_one(unit, "nobody", 20);

	CHECK(answer.status == HOOK_OK);
	CHECK(!strcmp(answer.file, "hello nobody\n"));
	_exit(0);
}

static void test_file(void **state)
{
	(void)state;
	script("id -un >>\"$1\"");
	expect_in_each(check_file);
}

static void check_end(const char *unit)
{
	struct answer answer = run_one(unit, "nobody", 1);

	CHECK(answer.status == HOOK_FAILED);
	CHECK(strstr(answer.why, "too long"));
	_exit(0);
}

/* One that hears no SIGTERM, and what it has started. */
static void test_end(void **state)
{
	(void)state;
	script("trap '' TERM; sleep 60; exit 0");
	expect_in_each(check_end);
}

/* A program of root's has what the unit leaves, but for the one right. */
static void check_rights(const char *unit)
{
	struct answer answer = run_one(unit, NULL, 20);
	unsigned long long has, may;

	CHECK(answer.status == HOOK_OK);
	CHECK(sscanf(answer.file, "hello %llx %llx", &has, &may) == 2);
	CHECK(has >> CAP_NET_ADMIN & may >> CAP_NET_ADMIN & 1);
	CHECK(!(has >> CAP_BPF & 1));
	CHECK(!(may >> CAP_BPF & 1));
	_exit(0);
}

static void test_rights(void **state)
{
	(void)state;
	script("sed -n 's/^Cap\\(Prm\\|Bnd\\):\t//p' /proc/self/status >>\"$1\"");
	expect_in_each(check_rights);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_rights),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
