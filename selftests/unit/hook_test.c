// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs that are run by the process for it: what they get, what they answer,
 * how long they may take, and in which order.
 */
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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hook/wire.h"
#include "log/log.h"

/*
 * One process for each begin(). They are forked first of all, as the daemon
 * does it: behind a loop, libuv would miss its descriptors in the child.
 */
#define N_HOOKS 40

static struct hook *hooks[N_HOOKS];
static unsigned int n_used;
static uint32_t time_limit;
static char dir[64];
static struct loop *loop;
static struct hook *hook;
static struct loop_timer *guard;

/* Everything that has come back, in order. */
static struct {
	int id;
	enum hook_status status;
	char why[64];
	char file[HOOK_FILES_MAX][4096];
} got[64];
static int n_got, n_wanted;

static void late(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	loop_stop(loop);
}

static void done(void *arg, const struct hook_result *result)
{
	assert_in_range(n_got, 0, 63);
	got[n_got].id = (int)(intptr_t)arg;
	got[n_got].status = result->status;
	snprintf(got[n_got].why, sizeof(got[0].why), "%s", result->why);
	for (int i = 0; i < HOOK_FILES_MAX; i++)
		snprintf(got[n_got].file[i], sizeof(got[0].file[i]), "%s",
			 result->files[i].data);
	if (++n_got == n_wanted)
		loop_stop(loop);
}

/* The program is a shell script, so that a test can say what it does. */
static void script(const char *text)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/script", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", text);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0755), 0);
}

static void fork_all(void)
{
	static char path[96];
	static const char *argv[] = { path, "one", "two words", NULL };
	static const char *const env[] = { "PATH=/usr/bin:/bin", "ADMIN=yes",
					   NULL };
	struct hook_setup plan = {
		.env = env, .cwd = dir, .tmp_dir = dir, .timeout = 20,
	};
	char err[256] = "";

	snprintf(path, sizeof(path), "%s/script", dir);
	script("");
	plan.commands[HOOK_CLIENT_CONNECT] = argv;
	plan.commands[HOOK_CLIENT_DISCONNECT] = argv;
	for (unsigned int i = 0; i < N_HOOKS; i++)
		if (hook_start(&plan, &hooks[i], err, sizeof(err)))
			fail_msg("%s", err);
}

static void begin(const char *text, uint32_t timeout)
{
	alarm(60);
	log_set_verb(0);
	script(text);
	time_limit = timeout;
	assert_in_range(n_used, 0, N_HOOKS - 1);
	hook = hooks[n_used++];
	loop = loop_new();
	assert_non_null(loop);
	guard = loop_timer_new(loop, late, NULL);
	assert_non_null(guard);
	assert_int_equal(hook_attach(hook, loop), 0);
	n_got = 0;
}

static void end(void)
{
	loop_timer_free(guard);
	hook_free(hook);
	loop_free(loop);
}

static void wait_for(int n, uint64_t ms)
{
	n_wanted = n;
	if (n_got >= n)
		return;
	loop_timer_start(guard, ms);
	loop_run(loop);
	loop_timer_stop(guard);
}

static struct hook_run run_of(const char *key)
{
	return (struct hook_run){
		.event = HOOK_CLIENT_CONNECT, .key = key,
	};
}

static void run_id(const struct hook_run *run, int id)
{
	struct hook_run limited = *run;

	limited.timeout = time_limit;
	assert_non_null(hook_run(hook, &limited, done, (void *)(intptr_t)id));
}

/* ---- what they get --------------------------------------------------- */

static void test_arguments_and_variables(void **state)
{
	static const char *const args[] = { "add", "", "$(reboot) `x` ;#" };
	struct hook_env *env = hook_env_new(NULL);
	struct hook_run run = run_of("a");
	const char *text;

	(void)state;
	begin("{ printf '<%s>' \"$@\"; echo; env; } >$out\n"
	      "pwd -P >>$out; id -u >>$out", 20);
	hook_env_set(env, "common_name", "A\nB=c\x7f");
	hook_env_set(env, "na me", "x");
	hook_env_set(env, "gone", "x");
	hook_env_set(env, "gone", NULL);
	hook_env_peer_info(env, "IV_VER=2.6\nUV_X=\xc3\xa9\nIV_A B=1\nPATH=/x\n"
			   "XIV_A=1\nIV_NO\nIV_\x01=2\nIV_EMPTY=\n");
	run.args = args;
	run.n_args = 3;
	run.env = env;
	run.files[0] = (struct hook_file){ .env = "out",
					   .flags = HOOK_FILE_RESULT };
	run.files[1] = (struct hook_file){ .data = "hello", .len = 5,
		.flags = HOOK_FILE_ARG | HOOK_FILE_RESULT };
	run.n_files = 2;
	run_id(&run, 1);
	wait_for(1, 10000);
	assert_int_equal(n_got, 1);
	assert_int_equal(got[0].status, HOOK_OK);
	assert_string_equal(got[0].file[1], "hello");
	text = got[0].file[0];
	assert_non_null(strstr(text, "<one><two words><add><><$(reboot) `x` ;#><"));
	assert_non_null(strstr(text, "common_name=A_B=c_\n"));
	assert_non_null(strstr(text, "na_me=x\n"));
	assert_non_null(strstr(text, "script_type=client-connect\n"));
	assert_non_null(strstr(text, "IV_VER=2.6\n"));
	assert_non_null(strstr(text, "UV_X=\xc3\xa9\n"));
	assert_non_null(strstr(text, "IV_EMPTY=\n"));
	assert_non_null(strstr(text, "PATH=/usr/bin:/bin\n"));
	assert_non_null(strstr(text, "ADMIN=yes\n"));
	assert_non_null(strstr(text, dir));
	assert_null(strstr(text, "gone"));
	assert_null(strstr(text, "IV_A"));
	assert_null(strstr(text, "IV_NO"));
	assert_null(strstr(text, "IV__"));
	assert_null(strstr(text, "PATH=/x"));
	hook_env_free(env);
	end();
}

static unsigned int n_files(void)
{
	char command[160];
	FILE *pipe;
	unsigned int n = 99;

	snprintf(command, sizeof(command), "ls %s | grep -c tmp$", dir);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%u", &n), 1);
	pclose(pipe);
	return n;
}

static void test_files_go(void **state)
{
	struct hook_run run = run_of("a");

	(void)state;
	begin("sleep 0.3", 20);
	run.files[0] = (struct hook_file){ .flags = HOOK_FILE_ARG };
	run.files[1] = (struct hook_file){ .env = "b" };
	run.n_files = 2;
	run_id(&run, 1);
	wait_for(1, 150);
	assert_int_equal(n_files(), 2);
	wait_for(1, 10000);
	assert_int_equal(n_files(), 0);
	end();
}

/* ---- what they answer ------------------------------------------------ */

static void test_status(void **state)
{
	struct hook_run run = run_of("a");

	(void)state;
	begin("exit $code", 20);
	for (int code = 0; code < 4; code++) {
		struct hook_env *env = hook_env_new(NULL);

		hook_env_setf(env, "code", "%d", code);
		run.env = env;
		run_id(&run, code);
		hook_env_free(env);
	}
	wait_for(4, 10000);
	assert_int_equal(n_got, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(got[i].id, i);
		assert_int_equal(got[i].status, i ? HOOK_FAILED : HOOK_OK);
	}
	assert_string_equal(got[3].why, "exit status 3");
	script("kill -9 $$");
	run.env = NULL;
	run_id(&run, 9);
	wait_for(5, 10000);
	assert_int_equal(got[4].status, HOOK_FAILED);
	assert_string_equal(got[4].why, "signal 9");
	end();
}

/* @text runs, with the control file as $f. */
static void deferred(enum hook_defer defer, const char *text, int n_answers,
		     enum hook_status last)
{
	struct hook_run run = run_of("a");

	begin(text, 3);
	run.defer = defer;
	run.files[0] = (struct hook_file){ .env = "f",
					   .flags = HOOK_FILE_CONTROL };
	run.files[1] = (struct hook_file){
		.env = "pending", .flags = HOOK_FILE_EARLY };
	run.files[2] = (struct hook_file){
		.env = "reason", .flags = HOOK_FILE_RESULT };
	run.n_files = 3;
	run_id(&run, 1);
	wait_for(n_answers, 10000);
	assert_int_equal(n_got, n_answers);
	for (int i = 0; i < n_answers - 1; i++)
		assert_int_equal(got[i].status, HOOK_DEFERRED);
	assert_int_equal(got[n_answers - 1].status, last);
	end();
	assert_int_equal(n_files(), 0);
}

static void test_deferred_by_status(void **state)
{
	(void)state;
	deferred(HOOK_DEFER_STATUS,
		 "echo soon >$pending; (sleep 0.5; echo why >$reason; "
		 "printf 1 >$f) & exit 2", 2, HOOK_OK);
	assert_string_equal(got[0].file[1], "soon\n");
	assert_string_equal(got[0].file[2], "");
	assert_string_equal(got[1].file[1], "");
	assert_string_equal(got[1].file[2], "why\n");
	deferred(HOOK_DEFER_STATUS, "(sleep 0.5; printf 0 >$f) & exit 2", 2,
		 HOOK_FAILED);
	/* it never says anything */
	deferred(HOOK_DEFER_STATUS, "exit 2", 2, HOOK_FAILED);
	assert_string_equal(got[1].why, "it took too long");
	/* neither of these waits */
	deferred(HOOK_DEFER_STATUS, "printf 0 >$f", 1, HOOK_OK);
	deferred(HOOK_DEFER_NEVER, "exit 2", 1, HOOK_FAILED);
}

static void test_deferred_by_file(void **state)
{
	(void)state;
	deferred(HOOK_DEFER_FILE,
		 "printf 2 >$f; (sleep 0.5; printf 1 >$f) &", 2, HOOK_OK);
	deferred(HOOK_DEFER_FILE,
		 "printf 2 >$f; (sleep 0.5; printf 0 >$f) &", 2, HOOK_FAILED);
	deferred(HOOK_DEFER_FILE, "", 1, HOOK_OK);
	deferred(HOOK_DEFER_FILE, "printf 1 >$f", 1, HOOK_OK);
	deferred(HOOK_DEFER_FILE, "printf 0 >$f", 1, HOOK_FAILED);
	deferred(HOOK_DEFER_FILE, "printf x >$f", 1, HOOK_FAILED);
	deferred(HOOK_DEFER_FILE, "printf 2 >$f; exit 1", 1, HOOK_FAILED);
}

/* A result is read as the file of the program, not through a link. */
static void test_link_is_not_followed(void **state)
{
	struct hook_run run = run_of("a");

	(void)state;
	begin("rm $f; ln -s /etc/passwd $f", 20);
	run.files[0] = (struct hook_file){ .env = "f",
					   .flags = HOOK_FILE_RESULT };
	run.n_files = 1;
	run_id(&run, 1);
	wait_for(1, 10000);
	assert_int_equal(got[0].status, HOOK_OK);
	assert_string_equal(got[0].file[0], "");
	script("head -c 40000 /dev/zero >$f");
	run_id(&run, 1);
	wait_for(2, 10000);
	assert_int_equal(got[1].status, HOOK_FAILED);
	end();
}

/* ---- how long, and in which order ------------------------------------ */

static void test_time_limit(void **state)
{
	struct hook_run run = run_of("a");

	(void)state;
	begin("trap '' TERM; sleep 60; sleep 60", 1);
	run_id(&run, 1);
	wait_for(1, 900);
	assert_int_equal(n_got, 0);
	wait_for(1, 10000);
	assert_int_equal(n_got, 1);
	assert_int_equal(got[0].status, HOOK_FAILED);
	assert_string_equal(got[0].why, "it took too long");
	end();
}

static void test_order(void **state)
{
	struct hook_run a = run_of("a"), b = run_of("b");
	struct hook_env *held = hook_env_new(NULL);
	char gate[sizeof(dir) + 8];

	(void)state;
	begin("while [ \"$gate\" ] && [ ! -e \"$gate\" ]; do sleep 0.05; done",
	      20);
	snprintf(gate, sizeof(gate), "%s/gate", dir);
	hook_env_set(held, "gate", gate);
	a.env = held;
	run_id(&a, 1);
	hook_env_free(held);
	a.env = NULL;
	run_id(&a, 2);
	run_id(&b, 3);
	/* the other key does not wait, the same one does */
	wait_for(1, 10000);
	assert_int_equal(n_got, 1);
	assert_int_equal(got[0].id, 3);
	assert_int_equal(close(creat(gate, 0600)), 0);
	wait_for(3, 10000);
	assert_int_equal(n_got, 3);
	assert_int_equal(got[1].id, 1);
	assert_int_equal(got[2].id, 2);
	end();
}

static void test_many_that_hang(void **state)
{
	struct hook_env *slow = hook_env_new(NULL);
	struct hook_run run;
	char key[16];

	(void)state;
	begin("sleep ${delay:-0}", 20);
	hook_env_set(slow, "delay", "5");
	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		run = run_of(key);
		run.env = slow;
		run_id(&run, i);
	}
	run = run_of("other");
	run_id(&run, 99);
	wait_for(1, 4000);
	assert_int_equal(n_got, 1);
	assert_int_equal(got[0].id, 99);
	hook_env_free(slow);
	end();
}

static void test_drop_and_drain(void **state)
{
	struct hook_run run = run_of("a");
	char path[96];

	(void)state;
	run.event = HOOK_CLIENT_DISCONNECT;
	begin("sleep 0.5; touch mark", 20);
	hook_job_drop(hook_run(hook, &run, done, NULL));
	hook_drain(hook, 10000);
	assert_int_equal(n_got, 0);
	snprintf(path, sizeof(path), "%s/mark", dir);
	assert_int_equal(unlink(path), 0);
	end();
}

/* Whom nobody waits for holds up no end, and is ended. */
static void test_end_while_hanging(void **state)
{
	struct hook_run run = run_of("a");
	char path[96];

	(void)state;
	begin("touch begun; sleep 2; touch mark", 20);
	hook_job_drop(hook_run(hook, &run, done, NULL));
	wait_for(1, 300);
	hook_drain(hook, 1500);
	end();
	snprintf(path, sizeof(path), "%s/begun", dir);
	assert_int_equal(access(path, F_OK), 0);
	sleep(3);
	snprintf(path, sizeof(path), "%s/mark", dir);
	assert_int_equal(access(path, F_OK), -1);
}

/* Without the process nothing is run, and everybody hears of it. */
static void test_process_dies(void **state)
{
	struct hook_run run = run_of("a"), other = run;

	(void)state;
	begin("sleep 1", 20);
	run_id(&run, 1);
	run_id(&run, 2);
	wait_for(1, 100);
	/* the parent of the program */
	script("kill -9 $PPID; sleep 1");
	other.key = "b";
	run_id(&other, 3);
	wait_for(3, 5000);
	assert_int_equal(n_got, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(got[i].status, HOOK_FAILED);
	assert_null(hook_run(hook, &run, done, NULL));
	end();
}

static void test_no_such_program(void **state)
{
	static const char *argv[] = { "/nonexistent/program", NULL };
	struct hook_setup wrong = {
		.commands = { [HOOK_UP] = argv }, .tmp_dir = "/tmp",
	};
	struct hook_run run = run_of("a");
	char err[256], path[96];

	(void)state;
	assert_int_equal(hook_start(&wrong, &hook, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "up: \"/nonexistent/program\""));
	/* it has gone since */
	begin("", 20);
	snprintf(path, sizeof(path), "%s/script", dir);
	assert_int_equal(unlink(path), 0);
	run_id(&run, 1);
	wait_for(1, 10000);
	assert_int_equal(got[0].status, HOOK_FAILED);
	assert_string_equal(got[0].why, "No such file or directory");
	assert_false(hook_has(hook, HOOK_UP));
	assert_false(hook_has(NULL, HOOK_UP));
	end();
}

/* ---- what the daemon may not say ------------------------------------- */

static void test_harmless_names(void **state)
{
	static const struct {
		const char *name;
		bool is_harmless;
	} rows[] = {
		{ "common_name=x", true }, { "route_network_1=", true },
		{ "IV_VER=1", true }, { "UV_ID=1", true },
		{ "X509_0_CN=a", true }, { "OPENVPN_x=1", true },
		{ "tls_id_0=", true }, { "LD_PRELOAD=/x.so", false },
		{ "PATH=/x", false }, { "BASH_ENV=x", false },
		{ "IFS= ", false }, { "ENV=x", false }, { "PYTHONPATH=", false },
		{ "common_name", false }, { "=x", false }, { "", false },
		{ "BASH_FUNC_ls%%=() { :; }", false }, { "a b=c", false },
		{ "1a=c", false }, { "Path=x", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (hook_wire_name_is_harmless(rows[i].name) !=
		    rows[i].is_harmless)
			fail_msg("%s", rows[i].name);
}

static void test_environment_is_bounded(void **state)
{
	struct hook_env *env = hook_env_new(NULL);
	char name[32], value[1024];
	struct mem_buf out;
	struct hook_run run = run_of("a");
	const char *const *list;
	size_t n;

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "iv_%d", i);
		hook_env_set(env, name, i < 2500 ? "" : value);
	}
	list = hook_env_list(env, &n);
	assert_in_range(n, 500, 1024);
	mem_buf_init(&out, HOOK_MESSAGE_MAX);
	assert_int_equal(hook_wire_request(&out, 1, 0, &run, list, n, 1), 0);
	mem_buf_reset(&out);
	hook_env_free(env);
}

#define TEST(fn) cmocka_unit_test(fn)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_arguments_and_variables),
		TEST(test_files_go),
		TEST(test_status),
		TEST(test_deferred_by_status),
		TEST(test_deferred_by_file),
		TEST(test_link_is_not_followed),
		TEST(test_time_limit),
		TEST(test_order),
		TEST(test_many_that_hang),
		TEST(test_drop_and_drain),
		TEST(test_end_while_hanging),
		TEST(test_process_dies),
		TEST(test_no_such_program),
		TEST(test_harmless_names),
		TEST(test_environment_is_bounded),
	};

	char command[128];
	int ret;

	strcpy(dir, "/tmp/ovpn-hook.XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	fork_all();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	while (n_used < N_HOOKS)
		hook_free(hooks[n_used++]);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) ? 1 : ret;
}
