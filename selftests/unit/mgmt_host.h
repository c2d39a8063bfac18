/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_MGMT_HOST_H
#define UNIT_MGMT_HOST_H

/* A host of the test's own, with two tunnels, and its control socket. */
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

bool tunnel_host_socket(const struct tunnel_host *unused, unsigned int n,
			struct tunnel_socket_info *out)
{
	(void)unused;
	*out = (struct tunnel_socket_info){
		.is_tcp = n, .local = host_info.local, .n_tunnels = n + 5,
	};
	return n < 2;
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

int tunnel_host_list_keys(struct tunnel_host *unused,
			  int (*fn)(void *arg, const struct tunnel_info *info),
			  void *arg)
{
	return tunnel_host_list(unused, fn, arg);
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

static tunnel_monitor_fn *host_monitor;
static void *host_monitor_arg;

void tunnel_host_monitor(struct tunnel_host *unused, tunnel_monitor_fn *fn,
			 void *arg)
{
	(void)unused;
	host_monitor = fn;
	host_monitor_arg = arg;
}

int tunnel_host_sessions(struct tunnel_host *unused,
			 int (*fn)(void *arg,
				   const struct tunnel_session_info *info),
			 void *arg)
{
	static const uint8_t none[8], some[8] = { 1, 2, 3, 4, 5, 6, 7, 0xab };
	struct tunnel_session_info info = {
		.peer_id = 3, .cid = 7, .common_name = "a,b\x80",
		.username = "UNDEF", .remote_id = some,
		.state = "generated-keys", .tls = "TLSv1.3", .key_id = 2,
		.age = 61500, .reneg_in = UINT64_MAX, .is_proven = true,
	};
	int ret;

	(void)unused;
	info.remote = host_tunnels[0].remote;
	ret = fn(arg, &info);
	info.remote_id = none;
	info.reneg_in = 3000;
	info.is_proven = false;
	return ret ? ret : fn(arg, &info);
}

/* Of client 7 nothing is left after "HALT,..."; others do not exist. */
int tunnel_host_kill(struct tunnel_host *unused, uint64_t cid,
		     const char *text)
{
	(void)unused;
	if (cid != 7)
		return -ENOENT;
	if (host_monitor && !strcmp(text, "HALT,a reason"))
		host_monitor(host_monitor_arg, TUNNEL_CHANGE_GONE,
			     &host_tunnels[0], "killed");
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
	net_addr_parse("192.0.2.1", 1194, &t[0].local);
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

/* ---- its socket --------------------------------------------------------- */

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

static int group_setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/control", dir);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	return rmdir(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
