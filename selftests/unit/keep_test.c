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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

	assert_int_equal(keep_open(&s, &keep), 0);
	return keep;
}

static void put_both(struct keep *keep)
{
	int fds[2];
	uint64_t *counter;

	if (keep_is_used(keep) || pipe(fds) || write(fds[1], "hello", 5) != 5)
		_exit(1);
	if (keep_fd_put(keep, "tun", fds[0]) ||
	    keep_write(keep, KEEP_HOST, "host", 4) ||
	    keep_write(keep, 3, "first", 5) ||
	    keep_write(keep, 3, "second one", 10) ||
	    keep_write(keep, 7, "other", 5))
		_exit(1);
	counter = keep_counter(keep, 3, 1);
	counter[0] = 42;
	keep_erase(keep, 7);
}

/* More of them than there were of one kind before. */
static void put_many(struct keep *keep)
{
	char name[KEEP_NAME_MAX];
	int fds[2];

	for (unsigned int i = 0; i < 64; i++) {
		if (pipe(fds) || write(fds[1], &i, sizeof(i)) != sizeof(i) ||
		    keep_fd_put(keep, keep_fd_name("socket", i, name), fds[0]))
			_exit(1);
		close(fds[0]);
		close(fds[1]);
	}
	put_both(keep);
}

static void test_many(void **state)
{
	char name[KEEP_NAME_MAX];
	struct keep *keep;
	unsigned int n;
	int fd;

	(void)state;
	assert_string_equal(keep_fd_name("socket", 0, name), "socket");
	assert_string_equal(keep_fd_name("socket", 7, name), "socket-7");
	killed_after(put_many, 16);
	keep = next_daemon(16);
	assert_true(keep_fd_has(keep, "tun"));
	for (unsigned int i = 0; i < 64; i++) {
		fd = keep_fd_take(keep, keep_fd_name("socket", i, name));
		assert_true(fd >= 0);
		assert_int_equal(read(fd, &n, sizeof(n)), sizeof(n));
		assert_int_equal(n, i);
		close(fd);
	}
	keep_close(keep);
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
	assert_true(keep_fd_has(keep, "tun"));
	assert_false(keep_fd_has(keep, "socket"));
	fd = keep_fd_take(keep, "tun");
	assert_false(keep_fd_has(keep, "tun"));
	assert_true(fd >= 0);
	assert_int_equal(read(fd, buf, sizeof(buf)), 5);
	assert_memory_equal(buf, "hello", 5);
	close(fd);
	assert_int_equal(keep_fd_take(keep, "tun"), -1);
	assert_int_equal(keep_read(keep, 3, buf, sizeof(buf)), 10);
	assert_memory_equal(buf, "second one", 10);
	assert_int_equal(keep_read(keep, 7, buf, sizeof(buf)), 0);
	assert_int_equal(keep_read(keep, KEEP_HOST, buf, sizeof(buf)), 4);
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
			/* the first one is the host's */
			fn(keep_store_slot(&store, 4));
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

/* ---- as systemd does it ----------------------------------------------- */

/* What a service manager has of a unit: descriptors by name. */
static struct keep_fd stored[KEEP_FDS_MAX];
static size_t n_stored;
static unsigned int n_told;	/* notifications about them */

static void manager_drop(const char *name)
{
	for (size_t i = 0; i < n_stored; i++) {
		if (strcmp(stored[i].name, name))
			continue;
		close(stored[i].fd);
		stored[i--] = stored[--n_stored];
	}
}

static const char *value_of(char *text, const char *key, char out[64])
{
	char *at = strstr(text, key);

	assert_non_null(at);
	snprintf(out, 64, "%.*s", (int)strcspn(at + strlen(key), "\n"),
		 at + strlen(key));
	return out;
}

/* All notifications that have come. */
static void manager_listen(int sock)
{
	char text[512], name[64];
	union {
		struct cmsghdr align;
		char buf[256];
	} control;
	struct iovec iov = { text, sizeof(text) - 1 };
	struct msghdr hdr = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
	};
	ssize_t n;

	while (hdr.msg_controllen = sizeof(control.buf),
	       (n = recvmsg(sock, &hdr, MSG_DONTWAIT)) > 0) {
		struct cmsghdr *cmsg;

		text[n] = '\0';
		n_told++;
		if (strstr(text, "FDSTOREREMOVE=1"))
			manager_drop(value_of(text, "FDNAME=", name));
		if (!strstr(text, "FDSTORE=1"))
			continue;
		/* or an error on the socket would take it out */
		assert_non_null(strstr(text, "FDPOLL=0"));
		cmsg = CMSG_FIRSTHDR(&hdr);
		while (cmsg && cmsg->cmsg_type != SCM_RIGHTS)
			cmsg = CMSG_NXTHDR(&hdr, cmsg);
		assert_non_null(cmsg);
		assert_true(n_stored < KEEP_FDS_MAX);
		memcpy(&stored[n_stored].fd, CMSG_DATA(cmsg), sizeof(int));
		snprintf(stored[n_stored++].name, KEEP_NAME_MAX, "%s",
			 value_of(text, "FDNAME=", name));
	}
}

/* A daemon as the manager starts it; killed unless @fn exits. */
static int manager_run(int sock, void (*fn)(struct keep *keep))
{
	const struct keep_setup s = setup_of(16, 0);
	char names[256] = "", number[16];
	struct keep *keep;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		/* 3, 4, ... are what it gets; nothing of ours is in the way */
		for (size_t i = 0; i < n_stored; i++)
			stored[i].fd = fcntl(stored[i].fd, F_DUPFD, 50);
		for (size_t i = 0; i < n_stored; i++) {
			dup2(stored[i].fd, 3 + (int)i);
			strcat(names, i ? ":" : "");
			strcat(names, stored[i].name);
		}
		snprintf(number, sizeof(number), "%d", getpid());
		setenv("LISTEN_PID", number, 1);
		snprintf(number, sizeof(number), "%zu", n_stored);
		setenv("LISTEN_FDS", number, 1);
		setenv("LISTEN_FDNAMES", names, 1);
		if (keep_open(&s, &keep) || !keep)
			_exit(1);
		fn(keep);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	manager_listen(sock);
	return WIFSIGNALED(status) ? 128 : WEXITSTATUS(status);
}

static void find_and_close(struct keep *keep)
{
	char buf[64];
	int fd = keep_fd_take(keep, "tun");

	if (strcmp(keep_by(keep), "systemd") || !keep_is_used(keep))
		_exit(2);
	if (fd < 0 || read(fd, buf, sizeof(buf)) != 5)
		_exit(3);
	if (keep_read(keep, 3, buf, sizeof(buf)) != 10)
		_exit(4);
	keep_close(keep);
	_exit(0);
}

/* What is taken has not left the manager, and need not be put again. */
static void take_and_die(struct keep *keep)
{
	int fd = keep_fd_take(keep, "tun");

	if (fd < 0 || keep_fd_put(keep, "tun", fd))
		_exit(5);
}

/* The records are there already: two more. */
static void put_sockets(struct keep *keep)
{
	char name[KEEP_NAME_MAX];

	for (unsigned int i = 0; i < 3; i++)
		if (keep_fd_put(keep, keep_fd_name("socket", i, name), 0) !=
		    (i < 2 ? 0 : -ENOSPC))
			_exit(6);
}

static void just_close(struct keep *keep)
{
	keep_close(keep);
	_exit(0);
}

static void test_systemd(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char name[80];
	int sock;

	(void)state;
	sock = socket(AF_UNIX, SOCK_DGRAM, 0);
	sock = fcntl(sock, F_DUPFD_CLOEXEC, 100);
	snprintf(name, sizeof(name), "@%s", id);
	memcpy(addr.sun_path + 1, id, strlen(id));
	assert_int_equal(bind(sock, (struct sockaddr *)&addr,
			      (socklen_t)(offsetof(struct sockaddr_un,
						   sun_path) + 1 +
					  strlen(id))), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(manager_run(sock, put_both), 128);
	assert_int_equal(n_stored, 2);
	n_told = 0;
	assert_int_equal(manager_run(sock, take_and_die), 128);
	assert_int_equal(n_stored, 2);
	assert_int_equal(n_told, 0);
	assert_int_equal(manager_run(sock, find_and_close), 0);
	/* an orderly end leaves nothing */
	assert_int_equal(n_stored, 0);
	/* of sockets, too, as far as there was room for them */
	setenv("FDSTORE", "3", 1);
	assert_int_equal(manager_run(sock, put_sockets), 128);
	assert_int_equal(n_stored, 3);
	assert_int_equal(manager_run(sock, just_close), 0);
	assert_int_equal(n_stored, 0);
	unsetenv("FDSTORE");
	unsetenv("NOTIFY_SOCKET");
	close(sock);
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
		cmocka_unit_test_setup(test_many, setup),
		cmocka_unit_test_setup(test_resized, setup),
		cmocka_unit_test_setup(test_closed, setup),
		cmocka_unit_test_setup(test_busy, setup),
		cmocka_unit_test_setup(test_torn, setup),
		cmocka_unit_test_setup(test_foreign, setup),
		cmocka_unit_test_setup(test_systemd, setup),
		cmocka_unit_test_setup(test_none, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
