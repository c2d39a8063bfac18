/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_MGMT_RIG_H
#define UNIT_MGMT_RIG_H

/*
 * The management interface with one program, which is the test, and a host of
 * the test's own. RIG_TEST() sets up each test, rig_run() runs them.
 */
#include <errno.h>
#include <poll.h>
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
#include <unistd.h>

#include <cmocka.h>

#include "mgmt/iface.h"

/* ---- the host ------------------------------------------------------- */

static const struct tunnel_watch *watch;
static void *watch_arg;
static bool is_held;
static unsigned int n_released, n_restarts;
static uint64_t killed;
static char kill_text[64];
static struct tunnel_host *host = (struct tunnel_host *)&killed;

void tunnel_host_watch(struct tunnel_host *unused,
		       const struct tunnel_watch *ops, void *arg)
{
	(void)unused;
	watch = ops;
	watch_arg = arg;
}

void tunnel_host_release(struct tunnel_host *unused)
{
	(void)unused;
	n_released++;
	is_held = false;
}

bool tunnel_host_is_held(const struct tunnel_host *unused)
{
	(void)unused;
	return is_held;
}

void tunnel_host_restart(struct tunnel_host *unused, const char *why)
{
	(void)unused;
	(void)why;
	n_restarts++;
}

void tunnel_host_totals(struct tunnel_host *unused, struct tunnel_totals *out)
{
	(void)unused;
	*out = (struct tunnel_totals){ 3, 100, 200 };
}

unsigned int tunnel_host_clients(const struct tunnel_host *unused)
{
	(void)unused;
	return 3;
}

unsigned int tunnel_host_kill_name(struct tunnel_host *unused,
				   const char *name)
{
	(void)unused;
	return strcmp(name, "twice") ? 0 : 2;
}

unsigned int tunnel_host_kill_addr(struct tunnel_host *unused,
				   const union net_addr *addr,
				   enum tunnel_kill_proto proto)
{
	(void)unused;
	return net_addr_port(addr) == 4000 && proto != TUNNEL_KILL_TCP;
}

int tunnel_host_kill(struct tunnel_host *unused, uint64_t cid,
		     const char *text)
{
	(void)unused;
	killed = cid;
	snprintf(kill_text, sizeof(kill_text), "%s", text);
	return cid == 7 ? 0 : -ENOENT;
}

static char accepted[MGMT_IFACE_EXTRA_MAX + 1], refused[128];

/* One client can be changed, and of no other is anything known. */
int tunnel_host_push(struct tunnel_host *unused, const struct tunnel_push *push,
		     struct tunnel_push_result *out, char *err, size_t err_len)
{
	(void)unused;
	out->n_unable = 0;
	out->n_sent = !push->has_cid || push->cid == 7;
	if (!strcmp(push->options, "-route,tun-mtu 1400"))
		return 0;
	snprintf(err, err_len, "not \"%s\"", push->options);
	return -EINVAL;
}

int tunnel_host_login_accept(struct tunnel_host *unused, uint64_t cid,
			     uint32_t kid, const char *lines, size_t len)
{
	(void)unused;
	snprintf(accepted, sizeof(accepted), "%.*s", (int)len, lines);
	return cid == 7 && kid == 1 ? 0 : -ENOENT;
}

int tunnel_host_login_refuse(struct tunnel_host *unused, uint64_t cid,
			     uint32_t kid, const char *why,
			     const char *for_client)
{
	(void)unused;
	snprintf(refused, sizeof(refused), "%s/%s", why, for_client);
	return cid == 7 && kid == 1 ? 0 : -ENOENT;
}

int tunnel_host_login_pending(struct tunnel_host *unused, uint64_t cid,
			      uint32_t kid, const char *text,
			      uint32_t timeout)
{
	(void)unused;
	snprintf(refused, sizeof(refused), "%s/%u", text, timeout);
	return cid == 7 && kid == 1 ? 0 : -ENOENT;
}

static enum tunnel_retry retry;
static char login[2 * PROTO_USER_PASS_MAX];
static unsigned int n_forgotten;

void tunnel_host_set_retry(struct tunnel_host *unused, enum tunnel_retry value)
{
	(void)unused;
	retry = value;
}

enum tunnel_retry tunnel_host_retry(const struct tunnel_host *unused)
{
	(void)unused;
	return retry;
}

void tunnel_host_login(struct tunnel_host *unused, const char *username,
		       const char *password)
{
	(void)unused;
	snprintf(login, sizeof(login), "%s/%s", username, password);
}

void tunnel_host_forget(struct tunnel_host *unused)
{
	(void)unused;
	n_forgotten++;
}

int tunnel_host_respond(struct tunnel_host *unused, const char *text)
{
	(void)unused;
	return strcmp(text, "yes") ? -ENOTCONN : 0;
}

static char passphrase[PROTO_USER_PASS_MAX], certificate[8192];
static char signature[8192];
static bool is_signing;

int tunnel_host_passphrase(struct tunnel_host *unused, const char *text)
{
	(void)unused;
	snprintf(passphrase, sizeof(passphrase), "%s", text);
	return 0;
}

int tunnel_host_certificate(struct tunnel_host *unused, const char *pem)
{
	(void)unused;
	snprintf(certificate, sizeof(certificate), "%s", pem);
	return 0;
}

bool tunnel_host_signs(struct tunnel_host *unused)
{
	(void)unused;
	return is_signing;
}

int tunnel_host_signature(struct tunnel_host *unused, const char *base64)
{
	(void)unused;
	snprintf(signature, sizeof(signature), "%s", base64);
	return is_signing ? strcmp(base64, "bad") ? 0 : -EINVAL : -ENOENT;
}

static enum tunnel_choice choice;
static char chosen[64];

int tunnel_host_choose(struct tunnel_host *unused, enum tunnel_choice what,
		       const char *name, uint16_t port)
{
	(void)unused;
	choice = what;
	snprintf(chosen, sizeof(chosen), "%s:%u", name ? name : "", port);
	return 0;
}

/* HTTP only when it is said to be carried. */
static struct config_proxy proxy_chosen;
static bool is_proxy_http;

int tunnel_host_proxy(struct tunnel_host *unused,
		      const struct config_proxy *proxy)
{
	(void)unused;
	if (proxy && !proxy->is_socks && !is_proxy_http)
		return -EINVAL;
	proxy_chosen = proxy ? *proxy : (struct config_proxy){ .port = 0 };
	snprintf(chosen, sizeof(chosen), "%s:%u", proxy ? proxy->host : "",
		 proxy ? proxy->port : 0);
	return 0;
}

static unsigned int n_stops;

void tunnel_host_stop(struct tunnel_host *unused)
{
	(void)unused;
	n_stops++;
}

static const struct config_remote remotes[] = {
	{ .host = "one.example", .port = 1194, .proto = CONFIG_PROTO_UDP },
	{ .host = "2001:db8::2", .port = 443, .proto = CONFIG_PROTO_TCP6 },
	{ .host = "192.0.2.3", .port = 1, .proto = CONFIG_PROTO_UDP4 },
};

const struct config_remote *tunnel_host_remote(const struct tunnel_host *unused,
					       unsigned int n)
{
	(void)unused;
	return n < 3 ? &remotes[n] : NULL;
}

void tunnel_host_info(const struct tunnel_host *unused,
		      struct tunnel_host_info *out)
{
	(void)unused;
	memset(out, 0, sizeof(*out));
	out->role = "server";
	out->data_path = "user";
}

int tunnel_host_list(struct tunnel_host *unused,
		     int (*fn)(void *arg, const struct tunnel_info *info),
		     void *arg)
{
	struct tunnel_info info = {
		.cid = 7, .common_name = "one", .username = "UNDEF",
		.cipher = "", .data_path = "user",
	};

	(void)unused;
	return fn(arg, &info);
}

int tunnel_host_list_keys(struct tunnel_host *unused,
			  int (*fn)(void *arg, const struct tunnel_info *info),
			  void *arg)
{
	return tunnel_host_list(unused, fn, arg);
}

bool tunnel_info_route(const struct tunnel_info *info, unsigned int n,
		       struct net_prefix *out)
{
	(void)info;
	(void)n;
	(void)out;
	return false;
}

/* ---- the rig -------------------------------------------------------- */

static char dir[] = "/tmp/mgmt-iface-XXXXXX";
static char path[64];
static struct loop *loop;
static struct mgmt_iface *iface;
static struct config cfg;
static char got[1 << 20];

static inline void open_iface(void)
{
	struct mgmt_setup setup = { .loop = loop, .cfg = &cfg, .host = host };
	char err[256];

	assert_int_equal(mgmt_iface_open(&setup, &iface, err, sizeof(err)), 0);
}

static inline int setup_test(void **state)
{
	(void)state;
	cfg = (struct config){
		.mode = CONFIG_MODE_SERVER, .management_host = path,
		.management_log_cache = 4, .verb = 1, .status_version = 1,
	};
	is_held = false;
	n_released = 0;
	n_restarts = 0;
	loop = loop_new();
	return loop ? 0 : -1;
}

static inline int teardown_test(void **state)
{
	(void)state;
	mgmt_iface_close(iface);
	iface = NULL;
	loop_free(loop);
	return access(path, F_OK) ? 0 : -1;
}

static void on_stop(struct loop_timer *timer, void *arg)
{
	(void)timer;
	loop_stop(arg);
}

static inline void turn(unsigned int ms)
{
	struct loop_timer *timer = loop_timer_new(loop, on_stop, loop);

	loop_timer_start(timer, ms);
	loop_run(loop);
	loop_timer_free(timer);
}

static inline int dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(addr.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)),
			 0);
	return fd;
}

/* All that comes, until nothing does any more. */
static inline const char *hear(int fd)
{
	size_t len = 0;
	ssize_t n;

	for (int i = 0; i < 3; i++) {
		turn(5);
		while ((n = read(fd, got + len, sizeof(got) - 1 - len)) > 0) {
			len += (size_t)n;
			i = 0;
		}
	}
	got[len] = '\0';
	return got;
}

static inline const char *ask(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return hear(fd);
}

static inline bool is_closed(int fd)
{
	char c;

	turn(10);
	return !read(fd, &c, 1);
}

#define BANNER ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n"

#define RIG_TEST(name) \
	cmocka_unit_test_setup_teardown(name, setup_test, teardown_test)

#define rig_run(tests) \
	rig_run_group(#tests, tests, sizeof(tests) / sizeof((tests)[0]))

static inline int rig_run_group(const char *name,
				const struct CMUnitTest *tests, size_t n)
{
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/sock", dir);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = _cmocka_run_group_tests(name, tests, n, NULL, NULL);
	rmdir(dir);
	return failed;
}

#endif
