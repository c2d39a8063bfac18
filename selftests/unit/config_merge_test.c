// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/parse.h"

/* A configuration that is read again: what differs, and what it needs. */

#define BASE \
	"dev tun\nserver 10.8.0.0 255.255.255.0\ndh none\n" \
	"ca ca.pem\ncert cert.pem\nkey key.pem\n"

struct fixture {
	char dir[64], path[80], seen[1024], err[512];
	struct config *running;
};

static void write_file(const struct fixture *f, const char *name,
		       const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

/* As the two processes do it: read here, hand over, parse without the disk. */
static int read_again(struct fixture *f, struct config **out,
		      struct config_bundle **files)
{
	char *argv[] = { "ovpnd", "--cd", f->dir, "--config", f->path, NULL };
	struct config_bundle *bundle = config_bundle_new();
	struct config *first;
	char away[80];
	const void *data;
	size_t len;
	void *copy;
	int ret;

	*files = NULL;
	ret = config_read(5, argv, bundle, &first, f->err, sizeof(f->err));
	if (ret) {
		config_bundle_free(bundle);
		return ret;
	}
	config_free(first);
	data = config_bundle_data(bundle, &len);
	copy = mem_secret_alloc(len);
	memcpy(copy, data, len);
	config_bundle_free(bundle);
	*files = config_bundle_take(copy, len);
	snprintf(away, sizeof(away), "%s.away", f->dir);
	assert_int_equal(rename(f->dir, away), 0);
	ret = config_read(5, argv, *files, out, f->err, sizeof(f->err));
	assert_int_equal(rename(away, f->dir), 0);
	assert_int_equal(ret, 0);
	return 0;
}

static void note_change(void *arg, const char *name, enum config_effect effect,
			const char *file, unsigned int line)
{
	struct fixture *f = arg;
	size_t len = strlen(f->seen);
	const char *base = strrchr(file, '/');

	snprintf(f->seen + len, sizeof(f->seen) - len, "%s=%d@%s:%u ", name,
		 (int)effect, base ? base + 1 : file, line);
}

/* Return: of config_merge(); with 0 the merged one is running, if any. */
static int reload(struct fixture *f, const char *text)
{
	struct config *fresh = NULL, *merged = NULL;
	struct config_bundle *files;
	int ret;

	f->seen[0] = f->err[0] = '\0';
	write_file(f, "conf", text);
	ret = read_again(f, &fresh, &files);
	if (!ret)
		ret = config_merge(f->running, fresh, files, note_change, f,
				   &merged, f->err, sizeof(f->err));
	config_free(fresh);
	config_bundle_free(files);
	if (merged) {
		config_free(f->running);
		f->running = merged;
	}
	return ret;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char *argv[] = { "ovpnd", "--cd", f->dir, "--config", f->path, NULL };

	strcpy(f->dir, "/tmp/config_merge_test.XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/conf", f->dir);
	write_file(f, "ca.pem", "CA\n");
	write_file(f, "cert.pem", "CERT\n");
	write_file(f, "key.pem", "KEY\n");
	write_file(f, "conf", BASE "port 1194\nverb 3\n");
	assert_int_equal(config_load(5, argv, &f->running), CONFIG_RUN);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];
	int ret;

	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	ret = system(command);
	config_free(f->running);
	free(f);
	return ret;
}

static void test_same(void **state)
{
	struct fixture *f = *state;
	const struct config *before = f->running;

	assert_int_equal(reload(f, BASE "# another remark\nport 1194\nverb 3\n"),
			 0);
	assert_string_equal(f->seen, "");
	assert_ptr_equal(f->running, before);
}

static void test_effects(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reload(f, BASE "port 1195\nverb 4\n"
				"push \"route 10.9.0.0 255.255.0.0\"\n"
				"reneg-sec 60\n"), 0);
	assert_non_null(strstr(f->seen, "verb=0@conf:8 "));
	assert_non_null(strstr(f->seen, "port=3@conf:7 "));
	assert_non_null(strstr(f->seen, "push=2@conf:9 "));
	assert_non_null(strstr(f->seen, "reneg-sec=1@conf:10 "));
	assert_int_equal(strlen(f->seen), strlen("verb=0@conf:8 port=3@conf:7 "
			 "push=2@conf:9 reneg-sec=1@conf:10 "));
	assert_int_equal(f->running->verb, 4);
	assert_int_equal(f->running->lport, 1194);
	assert_int_equal(f->running->reneg_sec, 60);
}

/* What needs a restart keeps its value, and what else it stands for. */
static void test_kept(void **state)
{
	struct fixture *f = *state;
	enum config_topology before = f->running->topology;
	const struct config_text *push;

	assert_int_equal(reload(f, "dev tun\nserver 10.99.0.0 255.255.255.0\n"
				"dh none\nca ca.pem\ncert cert.pem\n"
				"key key.pem\nport 1194\nverb 5\n"
				"topology net30\npush \"ping 7\"\n"), 0);
	assert_non_null(strstr(f->seen, "server=3@conf:2 "));
	assert_non_null(strstr(f->seen, "topology=3@conf:9 "));
	assert_int_equal(f->running->verb, 5);
	assert_int_not_equal(before, CONFIG_TOPOLOGY_NET30);
	assert_int_equal(f->running->topology, before);
	assert_int_equal(ntohl(f->running->server.ip.in4.s_addr), 0x0a080000);
	for (push = f->running->push; push; push = push->next)
		assert_null(strstr(push->text, "10.99."));
	/* and again, when the file is as it was: nothing is left to be done */
	assert_int_equal(reload(f, BASE "port 1194\nverb 5\n"), 0);
	assert_null(strstr(f->seen, "server="));
	assert_null(strstr(f->seen, "topology="));
	assert_non_null(strstr(f->seen, "push=2@:0 "));
}

/* Its process is there or not; what that asks can be something else. */
static void test_pam(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reload(f, BASE "auth-pam one\nport 1194\nverb 3\n"),
			 0);
	assert_string_equal(f->seen, "auth-pam=3@conf:7 ");
	assert_null(f->running->pam);
	config_free(f->running);
	f->running = NULL;
	assert_int_equal(config_load(5, (char *[]){ "ovpnd", "--cd", f->dir,
				     "--config", f->path, NULL },
				     &f->running), CONFIG_RUN);
	assert_int_equal(reload(f, BASE "auth-pam two otp OTP\nport 1194\n"
				"verb 3\n"), 0);
	assert_string_equal(f->seen, "auth-pam=1@conf:7 ");
	assert_string_equal(f->running->pam[0], "two");
	assert_string_equal(f->running->pam[2], "OTP");
	assert_int_equal(reload(f, BASE "port 1194\nverb 3\n"), 0);
	assert_string_equal(f->seen, "auth-pam=3@:0 ");
	assert_string_equal(f->running->pam[0], "two");
	assert_int_equal(reload(f, BASE "auth-pam one\nport 1194\nverb 3\n"),
			 0);
	assert_string_equal(f->running->pam[0], "one");
	assert_null(f->running->pam[1]);
}

/* The name is the same, but not what is in the file. */
static void test_content(void **state)
{
	struct fixture *f = *state;

	write_file(f, "key.pem", "KEY2\n");
	assert_int_equal(reload(f, BASE "port 1194\nverb 3\n"), 0);
	assert_string_equal(f->seen, "key=1@conf:6 ");
	assert_memory_equal(f->running->key.text, "KEY2\n", 5);
	assert_int_equal(reload(f, BASE "port 1194\nverb 3\n"), 0);
	assert_string_equal(f->seen, "");
}

static void test_broken(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reload(f, BASE "port 1194\nverb 3\nno-such 1\n"),
			 -EINVAL);
	assert_non_null(strstr(f->err, "conf:9: "));
	assert_non_null(strstr(f->err, "no-such"));
	write_file(f, "key.pem", "");
	assert_int_equal(reload(f, BASE "port 1194\nverb 3\n"), -EINVAL);
	assert_non_null(strstr(f->err, "conf:6: "));
	assert_memory_equal(f->running->key.text, "KEY\n", 4);
}

/* Both ways of writing a list, and its order, make a difference. */
static void test_lists(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reload(f, BASE "port 1194\nverb 3\npush \"a 1\"\n"
				"push \"b 2\"\n"), 0);
	assert_string_equal(f->seen, "push=2@conf:9 ");
	assert_int_equal(reload(f, BASE "port 1194\nverb 3\npush \"a 1\"\n"
				"push \"c 2\"\n"), 0);
	assert_string_equal(f->seen, "push=2@conf:10 ");
	assert_int_equal(reload(f, BASE "port 1194\nverb 3\npush \"a 1\"\n"),
			 0);
	assert_string_equal(f->seen, "push=2@:0 ");
}

/* A copy for one client lives on when its server's configuration goes. */
static void test_copy(void **state)
{
	struct fixture *f = *state;
	struct config *copy = config_client_begin(f->running);

	assert_non_null(copy);
	assert_int_equal(reload(f, BASE "port 1194\nverb 1\n"), 0);
	assert_string_equal(copy->ca.text, "CA\n");
	assert_int_equal(copy->verb, 3);
	config_free(copy);
}

/* Every name in the table is an option, and every file can be reloaded. */
static void test_table(void **state)
{
	const char *name;

	(void)state;
	for (size_t i = 0; (name = config_effect_name(i)); i++)
		if (!config_row_find(name))
			fail_msg("no option is called %s", name);
	for (size_t i = 0; i < config_row_count(); i++) {
		const struct config_row *row = config_row_at(i);

		if (row->scope & CONFIG_IN_BLOCK && row->off &&
		    config_effect_of(row->name) == CONFIG_EFFECT_RESTART)
			fail_msg("the file of %s is not read again", row->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same, setup, teardown),
		cmocka_unit_test_setup_teardown(test_effects, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pam, setup, teardown),
		cmocka_unit_test_setup_teardown(test_content, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
