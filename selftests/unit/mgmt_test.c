// SPDX-License-Identifier: GPL-2.0-or-later
#include "mgmt_host.h"

/* ---- the server here, a client in a child ------------------------------- */

static int dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 20 };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		_exit(99);
	return fd;
}

/* The client just exits: what it read stays reachable, for leak checkers. */
static json_t *kept[32];

static json_t *ask(FILE *stream, int fd, const char *line)
{
	static char answer[16 << 20];
	static unsigned int n;

	if (write(fd, line, strlen(line)) != (ssize_t)strlen(line) ||
	    !fgets(answer, sizeof(answer), stream))
		return NULL;
	assert_true(n < sizeof(kept) / sizeof(*kept));
	kept[n] = json_loads(answer, 0, NULL);
	return kept[n++];
}

struct child {
	pid_t pid;
	int status;
};

static void on_poll(struct loop_timer *timer, void *arg)
{
	struct child *child = arg;

	if (waitpid(child->pid, &child->status, WNOHANG) == child->pid)
		loop_stop(loop);
	else
		loop_timer_start(timer, 2);
}

/* Serve until the client is done; it must exit with 0. */
static void serve(void (*client)(void))
{
	struct loop_timer *timer;
	struct child child;

	child.pid = fork();
	assert_true(child.pid >= 0);
	if (!child.pid) {
		alarm(60);
		client();
		_exit(0);
	}
	timer = loop_timer_new(loop, on_poll, &child);
	loop_timer_start(timer, 0);
	loop_run(loop);
	loop_timer_free(timer);
	assert_int_equal(child.status, 0);
}

/* In the client: the exit status tells the line. */
#define CHECK(what) do { if (!(what)) _exit(__LINE__ % 250 + 1); } while (0)

static bool is_text(const json_t *object, const char *key, const char *want)
{
	const char *got = json_string_value(json_object_get(object, key));

	return got && !strcmp(got, want);
}

/* ---- control socket ---------------------------------------------------- */

static void client_basic(void)
{
	int fd = dial();
	FILE *in = fdopen(fd, "r");
	json_t *answer, *peer, *stats, *sock;

	answer = ask(in, fd, "{\"cmd\":\"status\"}\n");
	CHECK(is_text(answer, "device", "tun9"));
	CHECK(is_text(answer, "version", config_version()));
	CHECK(is_text(answer, "local", "192.0.2.1:1194"));
	CHECK(json_array_size(json_object_get(answer, "sockets")) == 2);
	sock = json_array_get(json_object_get(answer, "sockets"), 1);
	CHECK(is_text(sock, "local", "192.0.2.1:1194"));
	CHECK(is_text(sock, "transport", "tcp"));
	CHECK(json_integer_value(json_object_get(sock, "peers")) == 6);
	CHECK(json_integer_value(json_object_get(answer, "peers")) == 2);
	answer = ask(in, fd, "{\"cmd\":\"peers\"}\n");
	answer = json_object_get(answer, "peers");
	CHECK(json_array_size(answer) == 2);
	peer = json_array_get(answer, 0);
	CHECK(is_text(peer, "common_name", "client one"));
	CHECK(is_text(peer, "remote", "198.51.100.5:5555"));
	CHECK(is_text(peer, "local", "192.0.2.1:1194"));
	CHECK(is_text(peer, "transport", "udp"));
	CHECK(is_text(peer, "vpn6", "fd00::2"));
	CHECK(json_integer_value(json_object_get(peer, "primary_key")) == 1);
	CHECK(json_is_null(json_object_get(peer, "secondary_key")));
	stats = json_object_get(peer, "stats");
	CHECK(json_integer_value(json_object_get(stats, "link_rx_bytes")) ==
	      30000000000);
	/* a name that is not UTF-8 */
	peer = json_array_get(answer, 1);
	CHECK(is_text(peer, "common_name", "a,b?"));
	CHECK(is_text(peer, "transport", "tcp"));
	CHECK(json_is_null(json_object_get(peer, "vpn6")));
}

static void test_basic(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_string_equal(mgmt_path(mgmt), path);
	serve(client_basic);
}

static void client_errors(void)
{
	static const char *const bad[] = {
		"garbage\n", "[]\n", "{}\n", "{\"cmd\":1}\n",
		"{\"cmd\":\"reboot\"}\n", "{\"cmd\":\"peers\"\n",
		"{\"cmd\":\"peers\",\"cmd\":\"status\"}\n",
	};
	int fd = dial();
	FILE *in = fdopen(fd, "r");
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(json_object_get(ask(in, fd, bad[i]), "error"));
	/* still there */
	CHECK(is_text(ask(in, fd, "\n\n{\"cmd\":\"status\"}\n"), "role",
		      "server"));
}

#define PUSH "{\"cmd\":\"push-update\",\"options\":\"-route,tun-mtu 1400\""

static void client_push(void)
{
	static const struct {
		const char *request;
		int sent, unable;	/* -1: an error */
	} rows[] = {
		{ PUSH "}\n", 100, 0 },
		{ PUSH ",\"client\":7}\n", 100, 7 },
		{ PUSH ",\"client\":\"abc\"}\n", 3, 0 },
		{ PUSH ",\"client\":[]}\n", -1, -1 },
		{ PUSH ",\"client\":null}\n", -1, -1 },
		{ "{\"cmd\":\"push-update\"}\n", -1, -1 },
		{ "{\"cmd\":\"push-update\",\"options\":1}\n", -1, -1 },
		{ "{\"cmd\":\"push-update\",\"options\":\"x\"}\n", -1, -1 },
	};
	int fd = dial();
	FILE *in = fdopen(fd, "r");

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *answer = ask(in, fd, rows[i].request);

		CHECK(!json_object_get(answer, "error") ==
		      (rows[i].sent >= 0));
		if (rows[i].sent < 0)
			continue;
		CHECK(json_integer_value(json_object_get(answer, "sent")) ==
		      rows[i].sent);
		CHECK(json_integer_value(json_object_get(answer, "unable")) ==
		      rows[i].unable);
	}
}

static void test_push(void **state)
{
	(void)state;
	serve(client_push);
}

static void test_errors(void **state)
{
	(void)state;
	serve(client_errors);
}

#define KILL	"{\"cmd\":\"kill\",\"client\":"
#define KILL_7	KILL "7,\"text\":\"HALT,a reason\"}\n"

static void client_kill(void)
{
	static const struct {
		const char *request;
		int killed;	/* 0: an error */
	} rows[] = {
		{ KILL "7}\n", 1 },
		{ KILL "\"client one\"}\n", 1 },
		{ KILL_7, 1 },
		{ KILL "7,\"text\":\"RESTART\"}\n", 1 },
		{ KILL "9}\n", 0 },
		{ KILL "\"nobody\"}\n", 0 },
		{ KILL "[]}\n", 0 },
		{ KILL "7,\"text\":\"EXIT\"}\n", 0 },
		{ KILL "7,\"text\":\"HALTED\"}\n", 0 },
		{ KILL "7,\"text\":\"HALT,a\\nb\"}\n", 0 },
		{ KILL "7,\"text\":1}\n", 0 },
		{ "{\"cmd\":\"kill\"}\n", 0 },
	};
	int fd = dial();
	FILE *in = fdopen(fd, "r");

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *answer = ask(in, fd, rows[i].request);

		CHECK(!json_object_get(answer, "error") == !!rows[i].killed);
		CHECK(json_integer_value(json_object_get(answer, "killed")) ==
		      rows[i].killed);
	}
}

static void client_kill_nobody(void)
{
	int fd = dial();
	FILE *in = fdopen(fd, "r");

	CHECK(json_object_get(ask(in, fd, KILL "7}\n"), "error"));
}

static void test_kill(void **state)
{
	(void)state;
	serve(client_kill);
	host_info.role = "client";
	serve(client_kill_nobody);
}

static void client_sessions(void)
{
	int fd = dial();
	FILE *in = fdopen(fd, "r");
	json_t *answer, *one;

	answer = json_object_get(ask(in, fd, "{\"cmd\":\"sessions\"}\n"),
				 "sessions");
	CHECK(json_array_size(answer) == 2);
	one = json_array_get(answer, 0);
	CHECK(is_text(one, "common_name", "a,b?"));
	CHECK(is_text(one, "session_id", "01020304050607ab"));
	CHECK(json_integer_value(json_object_get(one, "age")) == 61);
	CHECK(json_is_null(json_object_get(one, "renegotiates_in")));
	CHECK(json_is_true(json_object_get(one, "is_proven")));
	one = json_array_get(answer, 1);
	CHECK(json_is_null(json_object_get(one, "session_id")));
	CHECK(json_integer_value(json_object_get(one, "renegotiates_in")) == 3);
	CHECK(json_is_false(json_object_get(one, "is_proven")));
}

static void test_sessions(void **state)
{
	(void)state;
	serve(client_sessions);
}

/* Events come to who has asked for them, and to nobody else. */
static void client_monitor(void)
{
	int fd = dial(), other = dial();
	FILE *in = fdopen(fd, "r"), *in_other = fdopen(other, "r");
	json_t *event;

	CHECK(json_is_true(json_object_get(
		ask(in, fd, "{\"cmd\":\"monitor\"}\n"), "monitoring")));
	CHECK(json_object_get(ask(in_other, other, KILL_7), "killed"));
	event = ask(in, fd, "");
	CHECK(is_text(event, "event", "gone"));
	CHECK(is_text(event, "dev", "tun9"));
	CHECK(is_text(event, "why", "killed"));
	CHECK(is_text(json_object_get(event, "peer"), "common_name",
		      "client one"));
	/* and this connection answers, too */
	CHECK(is_text(ask(in, fd, "{\"cmd\":\"status\"}\n"), "role",
		      "server"));
}

static void client_gone(void)
{
	usleep(10000);
}

static void test_monitor(void **state)
{
	(void)state;
	serve(client_monitor);
	/* its connection has been seen to end, or is by now */
	for (int i = 0; host_monitor && i < 100; i++)
		serve(client_gone);
	assert_null(host_monitor);
}

/* Who does not read does not hold up others, and is told what it has missed. */
static void client_slow(void)
{
	int fd = dial(), other = dial();
	FILE *in = fdopen(fd, "r"), *in_other = fdopen(other, "r");
	static char line[65536];
	unsigned int n_events = 0;
	const int n = 4000;

	CHECK(json_object_get(ask(in, fd, "{\"cmd\":\"monitor\"}\n"),
			      "monitoring"));
	for (int i = 0; i < n; i++) {
		CHECK(write(other, KILL_7, strlen(KILL_7)) > 0);
		CHECK(fgets(line, sizeof(line), in_other));
	}
	/* one more makes it say what was lost, when there is room again */
	while (fgets(line, sizeof(line), in)) {
		json_t *event = json_loads(line, 0, NULL);
		bool is_lost = is_text(event, "event", "lost");

		n_events += is_lost ? (unsigned int)json_integer_value(
					      json_object_get(event, "count")) :
				      1;
		json_decref(event);
		if (is_lost) {
			CHECK(n_events > 0 && n_events < (unsigned int)n + 10);
			_exit(0);
		}
		if (n_events % 100 == 0)
			CHECK(write(other, KILL_7, strlen(KILL_7)) > 0);
	}
	CHECK(0);
}

static void test_slow_monitor(void **state)
{
	(void)state;
	serve(client_slow);
}

/* One write: the server stops reading while its answers are not read. */
static void client_pipelined(void)
{
	static char requests[500 * 17 + 1];
	int fd = dial(), i;
	FILE *in = fdopen(fd, "r");
	char line[65536];

	for (i = 0; i < 500; i++)
		strcpy(requests + 17 * i, "{\"cmd\":\"status\"}\n");
	CHECK(write(fd, requests, 500 * 17) == 500 * 17);
	for (i = 0; i < 500; i++)
		CHECK(fgets(line, sizeof(line), in) &&
		      strstr(line, "\"tun9\""));
}

static void test_pipelined(void **state)
{
	(void)state;
	serve(client_pipelined);
}

static void client_too_long(void)
{
	static char line[70000];
	int fd = dial();
	FILE *in = fdopen(fd, "r");
	char answer[256];

	memset(line, 'x', sizeof(line));
	/* the server closes before it has read everything */
	if (send(fd, line, sizeof(line), MSG_NOSIGNAL) > 0)
		CHECK(fgets(answer, sizeof(answer), in) &&
		      strstr(answer, "too long"));
	CHECK(!fgets(answer, sizeof(answer), in));
}

static void test_too_long(void **state)
{
	(void)state;
	serve(client_too_long);
}

/* More than the socket's buffer, read late; another client is served. */
static void client_large(void)
{
	int fd = dial(), other = dial();
	FILE *in = fdopen(fd, "r"), *other_in = fdopen(other, "r");
	json_t *answer;

	CHECK(write(fd, "{\"cmd\":\"peers\"}\n", 16) == 16);
	usleep(100000);
	CHECK(is_text(ask(other_in, other, "{\"cmd\":\"status\"}\n"), "role",
		      "server"));
	answer = ask(in, fd, "{\"cmd\":\"status\"}\n");
	CHECK(json_array_size(json_object_get(answer, "peers")) == 1000);
}

static void test_large(void **state)
{
	(void)state;
	host_n = 1000;
	serve(client_large);
}

static void client_many(void)
{
	int fds[40];
	size_t i;
	char byte;

	for (i = 0; i < 40; i++)
		fds[i] = dial();
	/* the last ones were refused, the first ones are served */
	CHECK(read(fds[39], &byte, 1) == 0);
	CHECK(is_text(ask(fdopen(fds[0], "r"), fds[0],
			  "{\"cmd\":\"status\"}\n"), "role", "server"));
}

static void test_many_clients(void **state)
{
	(void)state;
	serve(client_many);
	serve(client_basic);
}

static void test_taken(void **state)
{
	struct mgmt *second = NULL;
	FILE *file;

	(void)state;
	assert_int_equal(mgmt_open(loop, path, host, &second), -EADDRINUSE);
	assert_int_equal(access(path, F_OK), 0);
	/* what is no socket is left alone */
	mgmt_close(mgmt);
	file = fopen(path, "w");
	fclose(file);
	assert_int_equal(mgmt_open(loop, path, host, &second), -EEXIST);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mgmt_open(loop, path, host, &mgmt), 0);
}

static void test_stale(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	mgmt_close(mgmt);
	strcpy(addr.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	assert_int_equal(mgmt_open(loop, path, host, &mgmt), 0);
	serve(client_basic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_basic),
		TEST(test_errors),
		TEST(test_push),
		TEST(test_kill),
		TEST(test_sessions),
		TEST(test_monitor),
		TEST(test_slow_monitor),
		TEST(test_pipelined),
		TEST(test_too_long),
		TEST(test_large),
		TEST(test_many_clients),
		TEST(test_taken),
		TEST(test_stale),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
