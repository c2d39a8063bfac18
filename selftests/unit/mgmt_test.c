// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "config/config.h"
#include "mgmt/mgmt.h"

/* ---- a host of the test's own ------------------------------------------ */

static struct tunnel_host_info host_info;
static struct tunnel_info host_tunnels[2];
static unsigned int host_n;
static struct tunnel_host *host = (struct tunnel_host *)&host_info;

void tunnel_host_info(const struct tunnel_host *unused,
		      struct tunnel_host_info *out)
{
	(void)unused;
	*out = host_info;
}

int tunnel_host_list(struct tunnel_host *unused,
		     int (*fn)(void *arg, const struct tunnel_info *info),
		     void *arg)
{
	unsigned int i;
	int ret = 0;

	(void)unused;
	for (i = 0; i < host_n && !ret; i++)
		ret = fn(arg, &host_tunnels[i % 2]);
	return ret;
}

int tunnel_host_push(struct tunnel_host *unused, const struct tunnel_push *push,
		     struct tunnel_push_result *out, char *err, size_t err_len)
{
	(void)unused;
	if (strcmp(push->options, "-route,tun-mtu 1400")) {
		snprintf(err, err_len, "not \"%s\"", push->options);
		return -EINVAL;
	}
	out->n_sent = push->common_name ? (unsigned int)strlen(
					  push->common_name) : 100;
	out->n_unable = push->has_cid ? (unsigned int)push->cid : 0;
	return 0;
}

bool tunnel_info_route(const struct tunnel_info *info, unsigned int n,
		       struct net_prefix *out)
{
	if (n == 2 && info == &host_tunnels[0])
		return !net_prefix_parse("10.77.0.0/24", out);
	if (n == 0)
		*out = (struct net_prefix){ .ip = info->vpn4, .len = 32 };
	else
		*out = (struct net_prefix){ .ip = info->vpn6, .len = 128 };
	return n < 2 && out->ip.family;
}

static void fill_host(void)
{
	struct tunnel_info *t = host_tunnels;

	host_info = (struct tunnel_host_info) {
		.role = "server", .state = "running", .ifname = "tun9",
		.data_path = "kernel", .data_path_reason = "because",
		.started = 1000000000, .n_tunnels = 2,
	};
	net_addr_parse("192.0.2.1", 1194, &host_info.local);
	t[0] = (struct tunnel_info) {
		.peer_id = 0, .cid = 7, .common_name = "client one",
		.username = "user",
		.state = "connected", .cipher = "AES-256-GCM",
		.tls = "TLSv1.3", .data_path = "kernel", .reason = "r",
		.connected_since = 1000000100,
		.dp = {
			.tx_id = 0, .keepalive_interval = 10,
			.keepalive_timeout = 60, .primary_key = 1,
			.secondary_key = -1,
			.stats = {
				.vpn_rx_bytes = 1, .vpn_tx_bytes = 2,
				.link_rx_bytes = 30000000000,
				.link_tx_bytes = 4,
			},
		},
	};
	net_addr_parse("198.51.100.5", 5555, &t[0].remote);
	net_ip_parse("10.8.0.2", &t[0].vpn4);
	net_ip_parse("fd00::2", &t[0].vpn6);
	t[1] = t[0];
	t[1].peer_id = 1;
	t[1].cid = 8;
	t[1].common_name = "a,b\x80";
	t[1].vpn6.family = AF_UNSPEC;
	t[1].is_tcp = true;
	net_addr_parse("2001:db8::5", 5555, &t[1].remote);
	host_n = 2;
}

/* ---- the rig: the server here, a client in a child -------------------- */

static char dir[] = "/tmp/mgmt-test-XXXXXX";
static char path[64];
static struct loop *loop;
static struct mgmt *mgmt;

static int setup(void **state)
{
	(void)state;
	fill_host();
	loop = loop_new();
	return loop && !mgmt_open(loop, path, host, &mgmt) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	mgmt_close(mgmt);
	loop_free(loop);
	return access(path, F_OK) ? 0 : -1;
}

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
	json_t *answer, *peer, *stats;

	answer = ask(in, fd, "{\"cmd\":\"status\"}\n");
	CHECK(is_text(answer, "device", "tun9"));
	CHECK(is_text(answer, "version", config_version()));
	CHECK(is_text(answer, "local", "192.0.2.1:1194"));
	CHECK(json_integer_value(json_object_get(answer, "peers")) == 2);
	answer = ask(in, fd, "{\"cmd\":\"peers\"}\n");
	answer = json_object_get(answer, "peers");
	CHECK(json_array_size(answer) == 2);
	peer = json_array_get(answer, 0);
	CHECK(is_text(peer, "common_name", "client one"));
	CHECK(is_text(peer, "remote", "198.51.100.5:5555"));
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

/* ---- status file ------------------------------------------------------ */

static char status_path[64];

static const char *slurp(void)
{
	static char text[65536];
	FILE *file = fopen(status_path, "r");
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

static struct mgmt_status *open_status(int version, unsigned int interval)
{
	struct mgmt_status_config cfg = {
		.loop = loop, .host = host, .path = status_path,
		.version = version, .interval = interval,
	};
	struct mgmt_status *status;

	assert_int_equal(mgmt_status_open(&cfg, &status), 0);
	return status;
}

static void test_status_v1(void **state)
{
	struct mgmt_status *status = open_status(1, 0);
	const char *text = slurp(), *body = strstr(text, "Common Name");

	(void)state;
	assert_memory_equal(text, "OpenVPN CLIENT LIST\nUpdated,", 28);
	assert_non_null(body);
	assert_string_equal(body,
		"Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since\n"
		"client one,198.51.100.5:5555,30000000000,4,2001-09-09 01:48:20\n"
		"a_b\x80,2001:db8::5,30000000000,4,2001-09-09 01:48:20\n"
		"ROUTING TABLE\n"
		"Virtual Address,Common Name,Real Address,Last Ref\n"
		"10.8.0.2,client one,198.51.100.5:5555,2001-09-09 01:48:20\n"
		"fd00::2,client one,198.51.100.5:5555,2001-09-09 01:48:20\n"
		"10.77.0.0/24,client one,198.51.100.5:5555,2001-09-09 01:48:20\n"
		"10.8.0.2,a_b\x80,2001:db8::5,2001-09-09 01:48:20\n"
		"GLOBAL STATS\n"
		"Max bcast/mcast queue length,0\n"
		"END\n");
	mgmt_status_close(status);
	unlink(status_path);
}

static void check_v2(int version, char sep)
{
	static const char want[] =
		"HEADER,CLIENT_LIST,Common Name,Real Address,Virtual Address,Virtual IPv6 Address,Bytes Received,Bytes Sent,Connected Since,Connected Since (time_t),Username,Client ID,Peer ID,Data Channel Cipher\n"
		"CLIENT_LIST,client one,198.51.100.5:5555,10.8.0.2,fd00::2,30000000000,4,2001-09-09 01:48:20,1000000100,user,7,0,AES-256-GCM\n"
		"CLIENT_LIST,axb,2001:db8::5,10.8.0.2,,30000000000,4,2001-09-09 01:48:20,1000000100,us_er,8,1,AES-256-GCM\n"
		"HEADER,ROUTING_TABLE,Virtual Address,Common Name,Real Address,Last Ref,Last Ref (time_t)\n"
		"ROUTING_TABLE,10.8.0.2,client one,198.51.100.5:5555,2001-09-09 01:48:20,1000000100\n"
		"ROUTING_TABLE,fd00::2,client one,198.51.100.5:5555,2001-09-09 01:48:20,1000000100\n"
		"ROUTING_TABLE,10.77.0.0/24,client one,198.51.100.5:5555,2001-09-09 01:48:20,1000000100\n"
		"ROUTING_TABLE,10.8.0.2,axb,2001:db8::5,2001-09-09 01:48:20,1000000100\n"
		"GLOBAL_STATS,Max bcast/mcast queue length,0\n"
		"GLOBAL_STATS,dco_enabled,1\n"
		"END\n";
	char wanted[sizeof(want)], *p;
	struct mgmt_status *status;
	const char *text;

	memcpy(wanted, want, sizeof(want));
	for (p = wanted; *p; p++) {
		if (*p == ',')
			*p = sep;
	}
	host_tunnels[1].common_name = "axb";
	host_tunnels[1].username = sep == ',' ? "us,er" : "us\ter";
	status = open_status(version, 0);
	text = slurp();
	assert_memory_equal(text, "TITLE", 5);
	assert_int_equal(text[5], sep);
	/* a version of OpenVPN is the second word, and there is no comma */
	assert_memory_equal(text + 6, "OpenVPN 2.6.14 by ", 18);
	assert_true(strcspn(text + 6, ",\t") > strcspn(text + 6, "\n"));
	text = strstr(text, "HEADER");
	assert_non_null(text);
	assert_string_equal(text, wanted);
	mgmt_status_close(status);
	unlink(status_path);
}

static void test_status_v2_v3(void **state)
{
	struct mgmt_status_config cfg = { .path = status_path, .version = 4 };
	struct mgmt_status *status;

	(void)state;
	check_v2(2, ',');
	check_v2(3, '\t');
	assert_int_equal(mgmt_status_open(&cfg, &status), -EINVAL);
}

static void test_status_client(void **state)
{
	struct mgmt_status *status;
	const char *body;

	(void)state;
	host_info.role = "client";
	host_n = 1;
	status = open_status(1, 0);
	body = strstr(slurp(), "TUN/TAP");
	assert_memory_equal(slurp(), "OpenVPN STATISTICS\nUpdated,", 27);
	assert_non_null(body);
	assert_string_equal(body, "TUN/TAP read bytes,2\n"
			    "TUN/TAP write bytes,1\n"
			    "TCP/UDP read bytes,30000000000\n"
			    "TCP/UDP write bytes,4\n"
			    "Auth read bytes,30000000000\n"
			    "END\n");
	mgmt_status_close(status);
	unlink(status_path);
}

static void on_stop(struct loop_timer *timer, void *arg)
{
	(void)timer;
	loop_stop(arg);
}

/* Replaced as a whole, and on time. */
static void test_status_interval(void **state)
{
	struct mgmt_status *status = open_status(1, 1);
	struct loop_timer *timer = loop_timer_new(loop, on_stop, loop);
	struct stat before, after;

	(void)state;
	assert_int_equal(stat(status_path, &before), 0);
	assert_int_equal(before.st_mode & 0777, 0600);
	host_n = 0;
	loop_timer_start(timer, 1300);
	loop_run(loop);
	loop_timer_free(timer);
	assert_int_equal(stat(status_path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_null(strstr(slurp(), "client one"));
	mgmt_status_close(status);
	unlink(status_path);
}

/* Where the folder does not let us, it is written in place, and shortened. */
static void test_status_in_place(void **state)
{
	struct mgmt_status *status = open_status(1, 0);
	struct stat before, after;
	pid_t pid;
	int ret;

	(void)state;
	assert_int_equal(stat(status_path, &before), 0);
	host_n = 0;
	pid = fork();
	if (!pid) {
		/* as after dropping privileges */
		_exit(setuid(65534) ||
		      mgmt_status_write(status) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &ret, 0), pid);
	assert_int_equal(ret, 0);
	assert_int_equal(stat(status_path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_true(after.st_size < before.st_size);
	assert_int_equal(strlen(slurp()), after.st_size);
	mgmt_status_close(status);
	unlink(status_path);
}

static int group_setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/control", dir);
	snprintf(status_path, sizeof(status_path), "%s/status", dir);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	return rmdir(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_basic),
		TEST(test_errors),
		TEST(test_push),
		TEST(test_pipelined),
		TEST(test_too_long),
		TEST(test_large),
		TEST(test_many_clients),
		TEST(test_taken),
		TEST(test_stale),
		TEST(test_status_v1),
		TEST(test_status_v2_v3),
		TEST(test_status_client),
		TEST(test_status_interval),
		TEST(test_status_in_place),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
