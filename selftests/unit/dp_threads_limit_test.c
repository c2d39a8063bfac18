// SPDX-License-Identifier: GPL-2.0-or-later
/* Threads that the system does not give: there are fewer, for all peers. */
#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "dp_threads_rig.h"
#include "log/log.h"

#define LINES	64

/* How many lines of the log, from the @from-th on, have @text? */
static unsigned int n_said(uint64_t from, const char *text)
{
	struct log_line line;
	unsigned int n = 0;

	for (; from < log_history_end() && log_history_get(from, &line); from++)
		n += line.level == LOG_LEVEL_WARN && strstr(line.text, text);
	return n;
}

/* Packets to a peer of each thread, and to one on a connection. */
static void check_all(void)
{
	trig.n_streamed = 0;
	for (uint32_t id = 0; id < 6; id++)
		trig_add_udp(id);
	trig_add_tcp(50, trig_stream_takes);
	for (uint32_t id = 0; id < 6; id++)
		trig_send(id, 20);
	trig_send(50, 20);
	rig_settle(&trig.rig, 200);
	for (uint32_t id = 0; id < 6; id++)
		assert_int_equal(trig_received(id, 20, 1000), 20);
	assert_int_equal(trig.n_streamed, 20);
}

/* The rights of the calling thread: all, or without some. */
static void rights(bool has_bpf)
{
	assert_int_equal(capng_get_caps_process(), 0);
	capng_updatev(has_bpf ? CAPNG_ADD : CAPNG_DROP, CAPNG_EFFECTIVE,
		      CAP_BPF, CAP_SYS_ADMIN, -1);
	assert_int_equal(capng_apply(CAPNG_SELECT_CAPS), 0);
}

/* No right to load a program: by which queue packets come cannot be told. */
static void test_no_bpf(void **state)
{
	(void)state;
	trig_device(IFF_MULTI_QUEUE);
	rights(false);
	trig_new(TRIG_THREADS, true);
	rights(true);
	assert_int_equal(trig.n, TRIG_THREADS);
	assert_int_equal(trig_threads()->steer, -EPERM);
	assert_int_equal(dp_start(trig.end->dp), 0);
	check_all();
	trig_close();
}

/* libuv forgets that of a loop which it cannot make. */
static bool is_of_libuv(int dir, const char *name)
{
	char what[64];
	ssize_t n = readlinkat(dir, name, what, sizeof(what) - 1);

	what[n > 0 ? n : 0] = '\0';
	return strstr(what, "eventpoll");
}

/* Those behind the limit are of what watches the program. */
static unsigned int n_open(int *highest)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	struct rlimit limit;
	unsigned int n = 0;

	assert_non_null(dir);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	*highest = 0;
	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || fd == dirfd(dir) ||
		    (rlim_t)fd >= limit.rlim_cur)
			continue;
		n += !is_of_libuv(dirfd(dir), entry->d_name);
		if (fd > *highest)
			*highest = fd;
	}
	closedir(dir);
	return n;
}

/* With @spare more descriptors. Return: how many threads there are. */
static unsigned int new_within(rlim_t spare)
{
	struct rlimit limit, tight;
	int filler[1024], highest, fill = 0;

	n_open(&highest);
	/* no free numbers below */
	while ((filler[fill] = dup(trig.host)) < highest) {
		fill++;
		assert_in_range(fill, 1, 1023);
	}
	close(filler[fill]);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	tight = (struct rlimit){ (rlim_t)highest + 1 + spare, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	{
		struct dp_config cfg = {
			.loop = trig.rig.loop, .mode = DP_MODE_MP,
			.ifname = "tun-s", .mtu = 1500,
			.threads = TRIG_THREADS, .events = &rig_events,
			.arg = trig.end, .has_streams = true,
			.tun_fd = trig.end->tun, .ifindex = trig.end->ifindex,
		};

		assert_int_equal(dp_user_new(&cfg, &trig.end->dp), 0);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while (fill)
		close(filler[--fill]);
	return dp_threads(trig.end->dp);
}

/* Descriptors for none of them, for some, and for all. */
static void test_no_descriptors(void **state)
{
	unsigned int seen = 0, n, before;
	char fewer[64];
	uint64_t from;
	int highest;

	(void)state;
	trig_device(IFF_MULTI_QUEUE);
	rig_settle(&trig.rig, 1);
	before = n_open(&highest);
	for (rlim_t spare = 0; spare < 60 && !(seen >> TRIG_THREADS); spare++) {
		int keep = dup(trig.end->tun);

		from = log_history_end();
		n = new_within(spare);
		snprintf(fewer, sizeof(fewer),
			 "tun-s: %u data threads instead of 3: ", n);
		assert_int_equal(n_said(from, "tun-s: no data threads: "), !n);
		assert_true(!n || n_said(from, fewer) == (n < TRIG_THREADS));
		trig.n = n;
		trig_sockets();
		if (!(seen >> n & 1)) {
			assert_int_equal(dp_start(trig.end->dp), 0);
			check_all();
		}
		seen |= 1u << n;
		dp_free(trig.end->dp);
		for (unsigned int i = 0; i < n; i++)
			close(trig.thread_udp[i]);
		close(trig.main_udp);
		for (uint32_t id = 0; id < 6; id++) {
			close(trig.far[id]);
			trig.far[id] = -1;
		}
		rig_settle(&trig.rig, 1);
		trig.end->tun = keep;
	}
	/* the device's is another one now, and nothing else was left open */
	assert_int_equal(n_open(&highest), before);
	assert_int_equal(seen & 1, 1);
	assert_int_not_equal(seen & 6, 0);
	assert_int_equal(seen >> TRIG_THREADS, 1);
	new_within(1000);
	trig.n = TRIG_THREADS;
	trig_sockets();
	trig_close();
}

/* Start what can be started as a user who may have no more threads. */
static void start_without_threads(void)
{
	struct rlimit limit, none;

	assert_int_equal(getrlimit(RLIMIT_NPROC, &limit), 0);
	none = (struct rlimit){ 0, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NPROC, &none), 0);
	assert_int_equal(setresuid(65534, 65534, 0), 0);
	assert_int_equal(dp_start(trig.end->dp), 0);
	assert_int_equal(setresuid(0, 0, 0), 0);
	assert_int_equal(setrlimit(RLIMIT_NPROC, &limit), 0);
}

static void test_no_threads(void **state)
{
	uint64_t from = log_history_end();

	(void)state;
	trig_device(IFF_MULTI_QUEUE);
	trig_new(TRIG_THREADS, true);
	assert_int_equal(trig.n, TRIG_THREADS);
	start_without_threads();
	/* once for all of them */
	assert_int_equal(n_said(from, "the main loop does its part"), 1);
	assert_int_equal(n_said(from, "data thread 1 cannot be started (Resource temporarily unavailable)"),
			 1);
	for (unsigned int i = 0; i < TRIG_THREADS; i++) {
		assert_false(trig_threads()->threads[i]->is_running);
		assert_non_null(trig_threads()->threads[i]->nest);
	}
	check_all();
	/* a peer that is silent ends, by the timer of a loop in the loop */
	assert_int_equal(dp_peer_set_keepalive(trig.end->dp, 4, 1, 1), 0);
	rig_settle(&trig.rig, 1500);
	assert_int_equal(trig.end->n_deleted, 1);
	trig_close();
}

/* Some of them run, and what one reads for another finds its way. */
static void test_few_threads(void **state)
{
	(void)state;
	trig_device(0);
	trig_new(TRIG_THREADS, true);
	assert_int_equal(threads_thread_start(trig_threads()->threads[0]), 0);
	start_without_threads();
	assert_true(trig_threads()->threads[0]->is_running);
	assert_non_null(trig_threads()->threads[1]->nest);
	check_all();
	dp_stop(trig.end->dp);
	assert_int_equal(dp_start(trig.end->dp), 0);
	assert_true(trig_threads()->threads[1]->is_running);
	trig_send(1, 20);
	assert_int_equal(trig_received(1, 20, 1000), 20);
	trig_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_bpf),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_no_threads),
		cmocka_unit_test(test_few_threads),
	};
	int ret;

	if (log_history_open(LINES, NULL, NULL))
		return 1;
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	log_history_close();
	return ret;
}
