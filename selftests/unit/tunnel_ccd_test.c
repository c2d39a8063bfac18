// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * client-config-dir: which file is a client's, that none outside of the folder
 * can be, and that what hangs holds up nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

#include "in_dir.h"
#include "tunnel_rig.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ovpn-ccd.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* ---- names ----------------------------------------------------------- */

static void test_names(void **state)
{
	static const struct {
		const char *name;
		const char *path;	/* NULL: cannot be a file */
	} rows[] = {
		{ "alice", "/d/alice" },
		{ "al ice@example.com", "/d/al ice@example.com" },
		{ "M\xc3\xbcller", "/d/M\xc3\xbcller" },
		{ "..", NULL },
		{ ".", NULL },
		{ "", NULL },
		{ "...", "/d/..." },
		{ "../etc/passwd", "/d/.._etc_passwd" },
		{ "/etc/passwd", "/d/_etc_passwd" },
		{ "a/../../b", "/d/a_.._.._b" },
		{ "/", "/d/_" },
		{ "./", "/d/._" },
		{ "a\nb\tc\x7f", "/d/a_b_c_" },
	};
	char path[PATH_MAX], longest[NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int ret = tunnel_ccd_path("/d", rows[i].name, path);

		assert_int_equal(ret, rows[i].path ? 0 : -EINVAL);
		if (rows[i].path)
			assert_string_equal(path, rows[i].path);
	}
	memset(longest, 'a', sizeof(longest));
	longest[NAME_MAX + 1] = '\0';
	assert_int_equal(tunnel_ccd_path("/d", longest, path), -ENAMETOOLONG);
	longest[NAME_MAX] = '\0';
	assert_int_equal(tunnel_ccd_path("/d", longest, path), 0);
}

/* ---- files ----------------------------------------------------------- */

static struct {
	bool is_done;
	int err;
	char path[PATH_MAX];
	char text[128];
} result;
static bool is_late;

static void done(struct tunnel *tunnel, const char *path, int err,
		 const char *text, size_t len)
{
	(void)tunnel;
	result.is_done = true;
	result.err = err;
	snprintf(result.path, sizeof(result.path), "%s", path);
	snprintf(result.text, sizeof(result.text), "%.*s",
		 err ? 0 : (int)len, text);
	loop_stop(loop);
}

static void late(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	is_late = true;
	loop_stop(loop);
}

static struct tunnel *client(uint16_t port, const char *name)
{
	union net_addr remote = addr_of(port), local = addr_of(1194);
	struct tunnel *tunnel;
	uint32_t id;

	assert_int_equal(tunnel_registry_id(&host->reg, &id), 0);
	tunnel = tunnel_new(host, id, &(struct tunnel_way){
		&remote, &local, 0,
	});
	assert_non_null(tunnel);
	snprintf(tunnel->common_name, sizeof(tunnel->common_name), "%s",
		 name);
	return tunnel;
}

static void run_for(uint64_t ms)
{
	struct loop_timer *timer = loop_timer_new(loop, late, NULL);

	assert_non_null(timer);
	is_late = false;
	loop_timer_start(timer, ms);
	loop_run(loop);
	loop_timer_free(timer);
}

static void expect(const char *name, int err, const char *file,
		   const char *text)
{
	char path[PATH_MAX];

	memset(&result, 0, sizeof(result));
	assert_int_equal(tunnel_ccd_read(client(5000, name), done), 0);
	run_for(10000);
	assert_true(result.is_done);
	assert_int_equal(result.err, err);
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	assert_string_equal(result.path, file[0] ? path : "");
	assert_string_equal(result.text, text);
}

static void begin_ccd(const char *more)
{
	char text[256];

	snprintf(text, sizeof(text), "client-config-dir %s\n%s", dir, more);
	begin(text);
}

static void test_files(void **state)
{
	char path[PATH_MAX];

	(void)state;
	begin_ccd("");
	write_in(dir, "alice", "ping 3");
	write_in(dir, "_root", "ping 4");
	write_in(dir, "UNDEF", "ping 5");
	expect("alice", 0, "alice", "ping 3");
	expect("/root", 0, "_root", "ping 4");
	expect("", 0, "UNDEF", "ping 5");
	/* nobody's, and no file for others */
	expect("bob", -ENOENT, "DEFAULT", "");
	expect("..", -ENOENT, "DEFAULT", "");
	write_in(dir, "DEFAULT", "ping 6");
	expect("bob", 0, "DEFAULT", "ping 6");
	expect("..", 0, "DEFAULT", "ping 6");
	/* what is no file is an error, not another client's rules */
	snprintf(path, sizeof(path), "%s/carol", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	expect("carol", -EINVAL, "carol", "");
	snprintf(path, sizeof(path), "%s/dave", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect("dave", -EINVAL, "dave", "");
	snprintf(path, sizeof(path), "%s/erin", dir);
	assert_int_equal(symlink(path, path), 0);
	expect("erin", -ELOOP, "erin", "");
	/* and what is too long */
	snprintf(path, sizeof(path), "%s/frank", dir);
	write_in(dir, "frank", "");
	assert_int_equal(truncate(path, 65535), 0);
	expect("frank", 0, "frank", "");
	assert_int_equal(truncate(path, 65536), 0);
	expect("frank", -EFBIG, "frank", "");
	end();
}

static void test_exclusive(void **state)
{
	(void)state;
	begin_ccd("ccd-exclusive");
	write_in(dir, "DEFAULT", "ping 6");
	write_in(dir, "alice", "ping 3");
	expect("alice", 0, "alice", "ping 3");
	expect("bob", -ENOENT, "", "");
	assert_int_equal(tunnel_ccd_read(client(5000, ".."), done), -EINVAL);
	assert_int_equal(tunnel_ccd_read(client(5000, "DEFAULT"), done),
			 -EINVAL);
	end();
}

/* A lease on a file lets open() of it wait, as a dead file server does. */
static void test_hanging_file(void **state)
{
	struct tunnel *hangs;
	char path[PATH_MAX];
	int fd;

	(void)state;
	begin_ccd("");
	write_in(dir, "alice", "ping 3");
	write_in(dir, "hangs", "ping 4");
	snprintf(path, sizeof(path), "%s/hangs", dir);
	signal(SIGIO, SIG_IGN);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	memset(&result, 0, sizeof(result));
	hangs = client(5001, "hangs");
	assert_int_equal(tunnel_ccd_read(hangs, done), 0);
	run_for(300);
	assert_true(is_late);
	assert_false(result.is_done);
	/* others come in meanwhile */
	expect("alice", 0, "alice", "ping 3");
	/* the client goes, and comes back when the file does */
	tunnel_close(hangs, "test");
	tunnel_host_reap(host);
	memset(&result, 0, sizeof(result));
	assert_int_equal(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	run_for(300);
	assert_false(result.is_done);
	close(fd);
	expect("hangs", 0, "hangs", "ping 4");
	end();
}

/* A stop does not wait for it. */
static void test_end_while_hanging(void **state)
{
	char path[PATH_MAX];
	uint64_t begun;
	int fd;

	(void)state;
	begin_ccd("");
	write_in(dir, "hangs", "ping 4");
	snprintf(path, sizeof(path), "%s/hangs", dir);
	signal(SIGIO, SIG_IGN);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	assert_int_equal(tunnel_ccd_read(client(5001, "hangs"), done), 0);
	run_for(300);
	assert_true(is_late);
	begun = (uint64_t)loop_realtime();
	end();
	assert_true((uint64_t)loop_realtime() - begun < 10);
	assert_int_equal(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	close(fd);
	/* the thread ends before the process does */
	usleep(300000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup_teardown(test_files, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(test_exclusive, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(test_hanging_file, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(test_end_while_hanging,
						make_dir, remove_dir),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
