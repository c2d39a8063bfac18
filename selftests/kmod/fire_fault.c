// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each command with its first, second, third, ... allocation failing, until it
 * has no more that could. It either fails and has changed nothing, or it has
 * done all that it should. Needs a kernel with failslab and fail_page_alloc.
 *
 * What it is done to (fire_fault_world.c) is made anew when a command (those of
 * fire_fault_cases.c) has changed it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fire_fault.h"

#define FAULT_MAX 3000

static void fault_set(const char *name, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		perror(path);
	close(fd);
}

static void fault_arm(struct fault *f, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(f->fd, text, (size_t)len, 0) != len)
		abort();
}

/* Returns whether a fault was injected. */
static bool fault_disarm(struct fault *f)
{
	char text[16] = "";

	if (pread(f->fd, text, sizeof(text) - 1, 0) <= 0)
		abort();
	fault_arm(f, 0);
	return !atoi(text);
}

static void fault_drain(struct ovpn_nl *nl)
{
	char buf[8192];
	int n;

	/* an error that is pending counts as one, too */
	for (n = 0; n < 64; n++)
		if (recv(mnl_socket_get_fd(nl->sock), buf, sizeof(buf),
			 MSG_DONTWAIT) < 0 && errno == EAGAIN)
			return;
}

static int fault_do(struct fault *f, const struct fault_case *fc)
{
	if (fc->run)
		return fc->run(f);
	return fault_request(f, &f->armed, fc->text, fc->is_dump);
}

static bool is_expected(const struct fault_case *fc, int err)
{
	size_t i;

	if (err == -ENOMEM || err == -ENOBUFS)
		return true;
	for (i = 0; i < sizeof(fc->errors) / sizeof(fc->errors[0]); i++)
		if (err && fc->errors[i] == err)
			return true;
	return false;
}

/* May the command have ended so? If no allocation failed, it has to work: what
 * one that failed before has left behind shows here at the latest.
 */
static bool is_explained(const struct fault_case *fc, unsigned int n, int err,
			 bool is_same, bool is_done)
{
	if (!err)
		return is_done;
	/* what was done may be unknown, as the answer needs memory, too */
	return n && is_expected(fc, err) &&
	       (is_same || (err == -ENOBUFS && is_done));
}

/* @n: which allocation failed, 0: none. Returns whether all is as expected. */
static bool judge(struct fault *f, const struct fault_case *fc, unsigned int n,
		  int err)
{
	static char now[FAULT_STATE];
	bool is_done, is_same;

	fault_state(f, now);
	is_done = !strcmp(now, f->done);
	is_same = !strcmp(now, f->before);
	f->is_dirty = !is_same;
	if (is_explained(fc, n, err, is_same, is_done))
		return true;
	printf("#   %s, allocation %u (0: none) fails: %s, %s\n#   before: %s\n"
	       "#   now: %s\n", fc->name, n, ovpn_nl_error_name(err),
	       is_same ? "nothing done" : is_done ? "done" : "half done",
	       f->before, now);
	return false;
}

static bool fault_sweep(struct fault *f, const struct fault_case *fc,
			unsigned int *count)
{
	bool is_ok = true, is_injected = true;
	unsigned int n;
	int err;

	f->is_dirty = true;
	for (n = 1; is_ok && is_injected && n < FAULT_MAX; n++) {
		err = f->is_dirty ? fault_build(f, fc) : 0;
		if (err) {
			printf("#   build: %s\n", ovpn_nl_error_name(err));
			return false;
		}
		fault_drain(&f->armed);
		fault_arm(f, n);
		err = fault_do(f, fc);
		is_injected = fault_disarm(f);
		is_ok = judge(f, fc, is_injected ? n : 0, err);
	}
	*count = n - 2;
	return is_ok && n > 1 && n < FAULT_MAX;
}

static void fault_case_run(struct fault *f, const struct fault_case *fc)
{
	unsigned int count = 0;
	bool is_ok;
	int err;

	/* once without, which also fills caches and loads modules */
	err = fault_build(f, fc);
	fault_state(f, f->before);
	if (!err)
		err = fault_do(f, fc);
	fault_state(f, f->done);
	is_ok = !err && fault_sweep(f, fc, &count);
	f->number++;
	f->failed += !is_ok;
	if (err)
		printf("#   %s: %s %s\n", fc->name, ovpn_nl_error_name(err),
		       f->armed.error.text);
	printf("%s %u %s, %u allocations\n", is_ok ? "ok" : "not ok",
	       f->number, fc->name, count);
}

/* the in-tree driver does not have it */
static int fault_open_x(struct fault *f)
{
	int err = ovpn_nl_open_as(&f->nlx, &spec_ovpnx);

	if (err)
		f->nlx.sock = NULL;
	return err == -ENOENT ? 0 : err;
}

static int fault_open(struct fault *f)
{
	int err;

	f->fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (f->fd < 0)
		return -errno;
	fault_set("failslab/ignore-gfp-wait", "N");
	fault_set("failslab/verbose", "0");
	fault_set("fail_page_alloc/ignore-gfp-wait", "N");
	fault_set("fail_page_alloc/min-order", "0");
	fault_set("fail_page_alloc/verbose", "0");
	fault_build_begin(f);
	err = ovpn_nl_open_rtnl(&f->rtnl);
	if (!err)
		err = ovpn_nl_link_add(&f->rtnl, "tun", NULL, 0, true);
	if (!err)
		err = ovpn_nl_open(&f->nl);
	if (!err)
		err = fault_open_x(f);
	if (err)
		return err;
	/* a page of ours that is not there would be an allocation, too */
	return mlockall(MCL_CURRENT | MCL_FUTURE) ? -errno : 0;
}

static int fault_open_armed(struct fault *f, const struct fault_case *fc)
{
	if (fc->by == FAULT_BY_LINK)
		return ovpn_nl_open_rtnl(&f->armed);
	return ovpn_nl_open_as(&f->armed, fc->by == FAULT_BY_OVPNX ?
			       &spec_ovpnx : &spec_ovpn);
}

int fire_fault(int argc, char **argv)
{
	size_t i, n = fault_case_count;
	static struct fault f;
	int err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	err = fault_open(&f);
	if (err) {
		printf("1..0 # SKIP no fault injection: %s\n",
		       ovpn_nl_error_name(err));
		return 4;
	}
	printf("TAP version 13\n1..%zu\n", n);
	for (i = 0; i < n; i++) {
		const struct fault_case *fc = &fault_cases[i];

		if (argc > 1 && strcmp(argv[1], fc->name))
			continue;
		if (!f.nlx.sock && (fc->by == FAULT_BY_OVPNX || fc->first[0])) {
			printf("ok %u %s # SKIP ovpnx is ours\n", ++f.number,
			       fc->name);
			continue;
		}
		if (fault_open_armed(&f, fc))
			return 1;
		fault_case_run(&f, fc);
		ovpn_nl_close(&f.armed);
	}
	return f.failed ? 1 : 0;
}
