// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plugins of each version of the interface in their processes: what they are
 * told, what they answer, and what becomes of others when one blocks or dies.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hook/plugin_abi.h"
#include "hook/wire.h"
#include "log/log.h"
#include "tls_pki.h"

#if __has_include(<openvpn/openvpn-plugin.h>)
#include <openvpn/openvpn-plugin.h>

/* what the compiler makes of OpenVPN's own header */
#define SAME(ours, our, theirs, their) \
	_Static_assert(offsetof(struct ours, our) == \
		       offsetof(struct theirs, their), #our)
SAME(plugin_string, value, openvpn_plugin_string_list, value);
SAME(plugin_callbacks, base64_decode, openvpn_plugin_callbacks,
     plugin_base64_decode);
SAME(plugin_open_in, callbacks, openvpn_plugin_args_open_in, callbacks);
SAME(plugin_open_in, tls_library, openvpn_plugin_args_open_in, ssl_api);
SAME(plugin_open_in, version, openvpn_plugin_args_open_in, ovpn_version);
SAME(plugin_open_in, version_minor, openvpn_plugin_args_open_in,
     ovpn_version_minor);
SAME(plugin_open_in, version_patch, openvpn_plugin_args_open_in,
     ovpn_version_patch);
SAME(plugin_open_out, list, openvpn_plugin_args_open_return, return_list);
SAME(plugin_func_in, client, openvpn_plugin_args_func_in, per_client_context);
SAME(plugin_func_in, cert, openvpn_plugin_args_func_in, current_cert);
_Static_assert((int)PLUGIN_CLIENT_CRRESPONSE ==
	       OPENVPN_PLUGIN_CLIENT_CRRESPONSE, "events");
_Static_assert((int)PLUGIN_ROUTE_PRE_DOWN == OPENVPN_PLUGIN_ROUTE_PREDOWN,
	       "events");
_Static_assert((int)PLUGIN_TLS_OPENSSL == SSLAPI_OPENSSL, "library");
#endif

static char dir[64], so[3][512], script[96];
static struct loop *loop;
static struct hook *hook;
static struct loop_timer *guard;

static struct {
	enum hook_status status;
	char why[128];
	char file[HOOK_FILES_MAX][4096];
} got[16];
static int n_got, n_wanted;

static void late(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	loop_stop(loop);
}

static void done(void *arg, const struct hook_result *result)
{
	(void)arg;
	assert_in_range(n_got, 0, 15);
	got[n_got].status = result->status;
	snprintf(got[n_got].why, sizeof(got[0].why), "%s", result->why);
	for (int i = 0; i < HOOK_FILES_MAX; i++)
		snprintf(got[n_got].file[i], sizeof(got[0].file[i]), "%s",
			 result->files[i].data);
	if (++n_got == n_wanted)
		loop_stop(loop);
}

static void wait_for(int n, uint64_t ms)
{
	n_wanted = n;
	if (n_got >= n)
		return;
	loop_timer_start(guard, ms);
	loop_run(loop);
	loop_timer_stop(guard);
	assert_int_equal(n_got, n);
}

/*
 * Whose processes a test uses: plugins by generation, and a program. They are
 * forked first of all, as the daemon does it.
 */
enum plan {
	PLAN_ONE, PLAN_TWO, PLAN_THREE, PLAN_LATER, PLAN_CONNECT,
	PLAN_CONNECT_TWO, PLAN_POLL, PLAN_ALL, PLAN_CLIENTS, PLAN_CERT,
	PLAN_BLOCKS, PLAN_DIES, PLANS,
};

static const struct {
	const char *generations;
	bool has_program;
} plans[PLANS] = {
	[PLAN_ONE] = { "1", false }, [PLAN_TWO] = { "2", false },
	[PLAN_THREE] = { "3", false }, [PLAN_LATER] = { "2", false },
	[PLAN_CONNECT] = { "3", false }, [PLAN_CONNECT_TWO] = { "12", true },
	[PLAN_POLL] = { "2", false }, [PLAN_ALL] = { "123", true },
	[PLAN_CLIENTS] = { "2", false }, [PLAN_CERT] = { "3", false },
	[PLAN_BLOCKS] = { "2", true }, [PLAN_DIES] = { "2", true },
};

static struct hook *hooks[PLANS];
static enum plan plan;

static char *notes(enum plan which, int generation, char out[96])
{
	snprintf(out, 96, "%s/notes%d-%d", dir, which, generation);
	return out;
}

static int start(enum plan which, const char *generations, bool has_program,
		 const char *argument, struct hook **out, char err[512])
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", "ADMIN=yes",
					   NULL };
	static const char *argv[3][4];
	static const char *program[] = { script, NULL };
	static char path[3][96];
	struct hook_plugin plugins[3] = { 0 };
	struct hook_env *begin = hook_env_new(NULL);
	struct hook_setup setup = {
		.plugins = plugins, .n_plugins = strlen(generations),
		.env = env, .plugin_env = begin, .tmp_dir = dir, .timeout = 2,
	};
	int ret;

	hook_env_set(begin, "verb", "3");
	for (size_t i = 0; i < setup.n_plugins; i++) {
		int generation = generations[i] - '0';

		argv[i][0] = so[generation - 1];
		argv[i][1] = argument ? argument :
			     notes(which, generation, path[i]);
		argv[i][2] = "two words";
		argv[i][3] = NULL;
		plugins[i].argv = argv[i];
	}
	if (has_program) {
		setup.commands[HOOK_USER_PASS_VERIFY] = program;
		setup.commands[HOOK_CLIENT_CONNECT] = program;
		setup.commands[HOOK_CLIENT_DISCONNECT] = program;
	}
	ret = hook_start(&setup, out, err, 512);
	hook_env_free(begin);
	return ret;
}

static void program_write(const char *text)
{
	FILE *file = fopen(script, "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", text);
	fclose(file);
	assert_int_equal(chmod(script, 0755), 0);
}

static void begin(enum plan which, const char *program)
{
	alarm(60);
	log_set_verb(0);
	n_got = 0;
	plan = which;
	hook = hooks[which];
	hooks[which] = NULL;
	assert_non_null(hook);
	if (program)
		program_write(program);
	loop = loop_new();
	guard = loop_timer_new(loop, late, NULL);
	assert_int_equal(hook_attach(hook, loop), 0);
}

static void end(void)
{
	hook_free(hook);
	hook = NULL;
	loop_timer_free(guard);
	loop_free(loop);
}

static struct hook_job *ask(enum hook_event event, const char *what,
			    uint64_t client)
{
	struct hook_env *env = hook_env_new(NULL), *plugin_env;
	struct hook_run run = {
		.event = event, .key = what, .client = client, .env = env,
		.files = {
			{ .env = "auth_control_file",
			  .flags = HOOK_FILE_CONTROL },
			{ .env = "auth_failed_reason_file",
			  .flags = HOOK_FILE_RESULT },
			{ .data = "secret", .len = 6,
			  .flags = HOOK_FILE_ARG | HOOK_FILE_PROGRAM },
		},
		.n_files = 3, .defer = HOOK_DEFER_STATUS,
	};
	struct hook_job *job;

	hook_env_set(env, "username", "alice");
	hook_env_set(env, "do", what);
	plugin_env = hook_env_new(env);
	hook_env_set(plugin_env, "password", "secret");
	run.plugin_env = plugin_env;
	job = hook_run(hook, &run, done, NULL);
	hook_env_free(env);
	hook_env_free(plugin_env);
	return job;
}

static void connect_run(const char *what)
{
	struct hook_env *env = hook_env_new(NULL);
	struct hook_run run = {
		.event = HOOK_CLIENT_CONNECT, .key = "c", .client = 7,
		.env = env,
		.files = {
			{ .env = "client_connect_config_file",
			  .flags = HOOK_FILE_ARG | HOOK_FILE_RESULT },
			{ .env = "client_connect_deferred_file",
			  .flags = HOOK_FILE_CONTROL },
		},
		.n_files = 2, .defer = HOOK_DEFER_FILE,
	};

	hook_env_set(env, "do", what);
	assert_non_null(hook_run(hook, &run, done, NULL));
	hook_env_free(env);
}

/* What a plugin has noted; soon, because it writes beside us. */
static bool noted(int generation, const char *text)
{
	static char all[8192];
	char path[96];

	for (int i = 0; i < 100; i++) {
		FILE *file = fopen(notes(plan, generation, path), "r");
		size_t n = file ? fread(all, 1, sizeof(all) - 1, file) : 0;

		all[n] = '\0';
		if (file)
			fclose(file);
		if (strstr(all, text))
			return true;
		usleep(50000);
	}
	print_message("# %s\n", all);
	return false;
}

/* ---- each version ---------------------------------------------------- */

static void test_versions(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		begin(PLAN_ONE + (enum plan)i, NULL);
		assert_true(hook_has(hook, HOOK_USER_PASS_VERIFY));
		assert_true(hook_has(hook, HOOK_UP));
		assert_false(hook_has(hook, HOOK_LEARN_ADDRESS));
		assert_non_null(ask(HOOK_USER_PASS_VERIFY, "yes", 7));
		wait_for(1, 10000);
		assert_int_equal(got[0].status, HOOK_OK);
		assert_true(noted(i + 1, "<two words> verb=3 admin=yes\n"));
		assert_true(noted(i + 1, "func 5 user=alice pass=secret type=user-pass-verify"));
		assert_non_null(ask(HOOK_USER_PASS_VERIFY, "no", 7));
		wait_for(2, 10000);
		assert_int_equal(got[1].status, HOOK_FAILED);
		assert_string_equal(got[1].file[1], "not you");
		end();
		assert_true(noted(i + 1, "close\n"));
	}
}

static void test_deferred(void **state)
{
	(void)state;
	begin(PLAN_LATER, NULL);
	ask(HOOK_USER_PASS_VERIFY, "yes-later", 7);
	ask(HOOK_USER_PASS_VERIFY, "no-later", 8);
	wait_for(4, 10000);
	assert_int_equal(got[0].status, HOOK_DEFERRED);
	assert_int_equal(got[1].status, HOOK_DEFERRED);
	assert_int_equal(got[2].status + got[3].status,
			 HOOK_OK + HOOK_FAILED);
	end();
}

/* The lines of both ways, of several plugins, and of the program. */
static void test_connect(void **state)
{
	(void)state;
	begin(PLAN_CONNECT, NULL);
	connect_run("yes");
	wait_for(1, 10000);
	assert_int_equal(got[0].status, HOOK_OK);
	assert_string_equal(got[0].file[0],
			    "push \"echo v1\"\npush \"echo v2\"\n");
	end();
	begin(PLAN_CONNECT_TWO, "echo 'push \"echo program\"' >$1");
	connect_run("yes");
	wait_for(1, 10000);
	assert_string_equal(got[0].file[0],
			    "push \"echo v1\"\n\npush \"echo v1\"\n"
			    "push \"echo v2\"\n\npush \"echo program\"\n");
	end();
	begin(PLAN_POLL, NULL);
	connect_run("poll");
	wait_for(2, 10000);
	assert_int_equal(got[0].status, HOOK_DEFERRED);
	assert_int_equal(got[1].status, HOOK_OK);
	assert_true(noted(2, "func 14"));
	end();
}

/* Everybody has to agree, in their order. */
static void test_several(void **state)
{
	(void)state;
	begin(PLAN_ALL, "[ \"$do\" = yes ] && [ -z \"$password\" ] && "
		      "[ \"$(cat $1)\" = secret ]");
	ask(HOOK_USER_PASS_VERIFY, "yes", 7);
	wait_for(1, 10000);
	assert_int_equal(got[0].status, HOOK_OK);
	assert_true(noted(3, "func 5"));
	ask(HOOK_USER_PASS_VERIFY, "maybe", 7);
	wait_for(2, 10000);
	assert_int_equal(got[1].status, HOOK_FAILED);
	assert_string_equal(got[1].why, "exit status 1");
	end();
}

static void test_clients(void **state)
{
	char text[96];
	unsigned long client = 0;
	FILE *file;

	(void)state;
	begin(PLAN_CLIENTS, NULL);
	ask(HOOK_USER_PASS_VERIFY, "yes", 7);
	ask(HOOK_USER_PASS_VERIFY, "yes", 7);
	wait_for(2, 10000);
	hook_gone(hook, 7, "yes");
	assert_true(noted(2, "gone 0x"));
	file = fopen(notes(plan, 2, text), "r");
	while (fgets(text, sizeof(text), file))
		if (sscanf(text, "new %lx", &client) == 1)
			break;
	fclose(file);
	snprintf(text, sizeof(text), "gone 0x%lx\n", client);
	assert_true(noted(2, text));
	snprintf(text, sizeof(text), "client 0x%lx\n", client);
	assert_true(noted(2, text));
	end();
}

static void test_certificate(void **state)
{
	const struct pki_spec spec = { .cn = "leaf", .serial = 3 };
	struct pki_cert cert = pki_make(&spec, NULL);
	static const char *const args[] = { "2", "CN=leaf" };
	struct hook_run run = {
		.event = HOOK_TLS_VERIFY, .key = "c", .args = args,
		.n_args = 2, .n_files = 1,
		.files = { { .env = "peer_cert", .data = cert.cert_pem,
			     .len = strlen(cert.cert_pem),
			     .flags = HOOK_FILE_CERT } },
	};

	(void)state;
	begin(PLAN_CERT, NULL);
	assert_non_null(hook_run(hook, &run, done, NULL));
	wait_for(1, 10000);
	assert_int_equal(got[0].status, HOOK_OK);
	assert_true(noted(3, "depth 2 cert /CN=leaf\n"));
	assert_true(noted(3, "func 4 <2> <CN=leaf> "));
	end();
	pki_free(&cert);
}

/* ---- what goes wrong ------------------------------------------------- */

static void test_cannot_begin(void **state)
{
	struct hook *none = NULL;
	char err[512];

	(void)state;
	assert_int_equal(start(PLANS, "1", false, "refuse", &none, err),
			 -ENOEXEC);
	assert_non_null(strstr(err, "it refuses to begin"));
	assert_int_equal(start(PLANS, "3", false, "die", &none, err), -EPIPE);
	assert_non_null(strstr(err, "its process has ended"));
	strcpy(so[0], "/nonexistent/plugin.so");
	assert_int_equal(start(PLANS, "1", false, NULL, &none, err), -ENOEXEC);
	assert_non_null(strstr(err, "plugin /nonexistent/plugin.so: "));
	strcpy(so[0], "libc.so.6");
	assert_int_equal(start(PLANS, "1", false, NULL, &none, err), -ENOEXEC);
	assert_null(none);
	assert_non_null(strstr(err, "it is not a plugin for OpenVPN"));
}

/* Has the process ended within a few seconds? */
static bool has_ended(pid_t pid)
{
	for (int i = 0; i < 100; i++) {
		if (waitpid(pid, NULL, WNOHANG))
			return true;
		usleep(50000);
	}
	return false;
}

/* Who blocks is given up, and does not outlive the daemon. */
static void test_blocks(void **state)
{
	char line[256];
	FILE *file;
	int pid = 0;

	(void)state;
	begin(PLAN_BLOCKS, "true");
	/* the program agrees, but is not asked any more */
	ask(HOOK_USER_PASS_VERIFY, "no", 7);
	wait_for(1, 10000);
	assert_int_equal(got[0].status, HOOK_FAILED);
	ask(HOOK_USER_PASS_VERIFY, "block", 7);
	ask(HOOK_USER_PASS_VERIFY, "yes", 8);
	wait_for(3, 20000);
	for (int i = 1; i < 3; i++) {
		assert_int_equal(got[i].status, HOOK_FAILED);
		assert_string_equal(got[i].why, "it took too long");
	}
	file = fopen(notes(plan, 2, line), "r");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "pid %d", &pid) == 1)
			break;
	fclose(file);
	assert_true(pid > 0);
	end();
	assert_true(has_ended(pid));
}

static void test_dies(void **state)
{
	struct hook_run leave = {
		.event = HOOK_CLIENT_DISCONNECT, .key = "c",
	};
	char mark[128];

	(void)state;
	begin(PLAN_DIES, "[ $script_type != client-disconnect ] || touch $0.mark");
	ask(HOOK_USER_PASS_VERIFY, "die", 7);
	ask(HOOK_USER_PASS_VERIFY, "yes", 8);
	wait_for(2, 10000);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(got[i].status, HOOK_FAILED);
		assert_non_null(strstr(got[i].why, "has ended"));
	}
	assert_null(ask(HOOK_USER_PASS_VERIFY, "yes", 9));
	/* a program is told all the same */
	snprintf(mark, sizeof(mark), "%s.mark", script);
	assert_non_null(hook_run(hook, &leave, NULL, NULL));
	hook_drain(hook, 5000);
	assert_int_equal(access(mark, F_OK), 0);
	end();
}

#define TEST(fn) cmocka_unit_test(fn)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_versions),
		TEST(test_deferred),
		TEST(test_connect),
		TEST(test_several),
		TEST(test_clients),
		TEST(test_certificate),
		TEST(test_blocks),
		TEST(test_dies),
		TEST(test_cannot_begin),
	};
	const char *here = strrchr(argv[0], '/');
	char command[128], err[512];
	int ret;

	(void)argc;
	strcpy(dir, "/tmp/ovpn-plugin.XXXXXX");
	if (!here || !mkdtemp(dir))
		return 1;
	for (int i = 0; i < 3; i++) {
		snprintf(so[i], sizeof(so[i]), "%.*s/plugin_v%d.so",
			 (int)(here - argv[0]), argv[0], i + 1);
		if (so[i][0] != '/' && so[i][0] != '.') {
			memmove(so[i] + 2, so[i], strlen(so[i]) + 1);
			memcpy(so[i], "./", 2);
		}
	}
	snprintf(script, sizeof(script), "%s/script", dir);
	program_write("true");
	for (int i = 0; i < PLANS; i++)
		if (start((enum plan)i, plans[i].generations,
			  plans[i].has_program, NULL, &hooks[i], err)) {
			fprintf(stderr, "# %s\n", err);
			return 1;
		}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	for (int i = 0; i < PLANS; i++)
		hook_free(hooks[i]);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) ? 1 : ret;
}
