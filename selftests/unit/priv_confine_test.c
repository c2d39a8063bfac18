// SPDX-License-Identifier: GPL-2.0-or-later
/* What a unit of systemd allows is what a configuration can ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "in_unit.h"
#include "priv/priv.h"

#define ROOT	"/run/root"
#define NOTIFY	"/run/notify"

static int group_setup(void **state)
{
	(void)state;
	return unshare(CLONE_NEWNS) ||
	       mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	       mount("tmpfs", "/run", "tmpfs", 0, NULL) || mkdir(ROOT, 0755);
}

static int wait_child(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void run_in_unit(const char *path)
{
	const struct priv_limits limits = {
		.nice = -5, .is_mlock = true, .chroot = ROOT,
	};
	char err[256];

	setenv("NOTIFY_SOCKET", NOTIFY, 1);
	be_in_unit(path);
	if (priv_drop("nobody", NULL, &limits, err, sizeof(err))) {
		fprintf(stderr, "%s: %s\n", path, err);
		_exit(1);
	}
	CHECK(getpriority(PRIO_PROCESS, 0) == -5);
	CHECK(access("/root", F_OK) && access("/run", F_OK));
	priv_ready();
	priv_initialized();
	priv_alive();
	priv_done();
	_exit(0);
}

/* The service manager's end of its socket. */
static int manager(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = NOTIFY };
	struct timeval patience = { .tv_sec = 2 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(chmod(NOTIFY, 0777), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
				    sizeof(patience)), 0);
	return fd;
}

static void expect(int fd, const char *text)
{
	char got[256];
	ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

	assert_true(n > 0);
	got[n] = '\0';
	assert_ptr_equal(strstr(got, text), got);
}

static void test_units(void **state)
{
	int fd = manager();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (!pid)
			run_in_unit(units[i]);
		assert_int_equal(wait_child(pid), 0);
		expect(fd, "READY=1\nSTATUS=");
		expect(fd, "STATUS=Initialization Sequence Completed");
		expect(fd, "WATCHDOG=1");
		expect(fd, "STOPPING=1");
	}
	close(fd);
	unlink(NOTIFY);
}

/* AddressSanitizer's mlockall() does nothing. */
#ifndef __SANITIZE_ADDRESS__

/* Without the right the limit counts, and the operator is told which. */
static void mlock_without_right(void)
{
	const struct priv_limits limits = { .is_mlock = true };
	const struct rlimit none = { 0, 0 };
	char err[256] = "";

	CHECK(!setrlimit(RLIMIT_MEMLOCK, &none));
	capng_clear(CAPNG_SELECT_BOTH);
	CHECK(!capng_apply(CAPNG_SELECT_CAPS));
	CHECK(priv_drop(NULL, NULL, &limits, err, sizeof(err)));
	CHECK(strstr(err, "LimitMEMLOCK="));
	_exit(0);
}

static void test_mlock(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (!pid)
		mlock_without_right();
	assert_int_equal(wait_child(pid), 0);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(test_mlock),
#endif
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, NULL);
}
