// SPDX-License-Identifier: GPL-2.0-or-later
/* ovpnctl monitor: what happens, as it happens. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "mem/mem.h"
#include "mgmt/mgmt.h"
#include "ovpnctl/ctl.h"

#define MONITOR_MAX	64	/* daemons */
#define MONITOR_LINE	65536	/* of one event */
#define MONITOR_S	10

struct monitored {
	char path[MGMT_PATH_MAX];
	struct mem_buf in;
};

struct monitor {
	bool is_json, has_failed;
	struct monitored daemons[MONITOR_MAX];
	struct pollfd fds[MONITOR_MAX];
	nfds_t n;
};

static const char *value(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void print_when(const json_t *event)
{
	time_t when = (time_t)json_integer_value(json_object_get(event,
								 "time"));
	char text[32] = "";
	struct tm tm;

	if (localtime_r(&when, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s.%03d", text,
	       (int)json_integer_value(json_object_get(event, "ms")));
}

static void print_what(const json_t *event, const json_t *peer)
{
	const char *name = value(event, "event"), *why = value(event, "why");
	const char *vpn4 = value(peer, "vpn4"), *vpn6 = value(peer, "vpn6");

	if (!strcmp(name, "state")) {
		printf("%s", value(peer, "state"));
		if (vpn4[0] || vpn6[0])
			printf(", address %s%s%s", vpn4,
			       vpn4[0] && vpn6[0] ? " " : "", vpn6);
		if (value(peer, "data_path")[0])
			printf(", data path %s", value(peer, "data_path"));
	} else if (!strcmp(name, "remote")) {
		printf("sends from %s now", value(peer, "remote"));
	} else if (!strcmp(name, "key")) {
		printf("new key, %s", value(peer, "cipher"));
	} else if (!strcmp(name, "gone")) {
		printf("gone: %s", why);
	} else {
		printf("%s", name);
	}
}

static void print_event(const struct monitor *monitor, const json_t *event)
{
	const json_t *peer = json_object_get(event, "peer");

	if (monitor->is_json) {
		json_dumpf(event, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (!strcmp(value(event, "event"), "lost")) {
		printf("%" JSON_INTEGER_FORMAT
		       " events were lost, they came faster than they were read\n",
		       json_integer_value(json_object_get(event, "count")));
	} else {
		print_when(event);
		printf(" %s peer %" JSON_INTEGER_FORMAT " %s/%s: ",
		       value(event, "dev"),
		       json_integer_value(json_object_get(peer, "id")),
		       value(peer, "common_name"), value(peer, "remote"));
		print_what(event, peer);
		putchar('\n');
	}
}

/* Return: false when the daemon says that it has none. */
static bool monitor_line(const struct monitor *monitor,
			 const struct monitored *daemon, const char *line,
			 size_t len)
{
	json_t *event = json_loadb(line, len, 0, NULL);
	const json_t *error = json_object_get(event, "error");

	if (error)
		fprintf(stderr, "ovpnctl: the daemon at %s answers: %s\n",
			daemon->path, json_string_value(error));
	else if (json_object_get(event, "event"))
		print_event(monitor, event);
	json_decref(event);
	return !error;
}

/* Return: false when it is over with this daemon. */
static bool monitor_read(const struct monitor *monitor,
			 struct monitored *daemon, int fd)
{
	const uint8_t *end;
	char buf[16384];
	ssize_t n = read(fd, buf, sizeof(buf));
	bool is_good = true;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0) {
		fprintf(stderr, "ovpnctl: the daemon at %s has ended\n",
			daemon->path);
		return false;
	}
	if (mem_buf_append(&daemon->in, buf, (size_t)n))
		return false;
	while (is_good && daemon->in.len) {
		end = memchr(daemon->in.data, '\n', daemon->in.len);
		if (!end)
			break;
		n = end - daemon->in.data;
		is_good = monitor_line(monitor, daemon,
				       (char *)daemon->in.data, (size_t)n);
		mem_buf_consume(&daemon->in, (size_t)n + 1);
	}
	return is_good;
}

static void monitor_add(void *arg, const char *path)
{
	json_t *request = json_pack("{ss}", "cmd", "monitor");
	struct monitor *monitor = arg;
	struct monitored *daemon = &monitor->daemons[monitor->n];
	int fd = -E2BIG;

	if (monitor->n < MONITOR_MAX)
		fd = ctl_daemon_connect(path, MONITOR_S);
	if (fd < 0 || ctl_daemon_send(fd, request)) {
		fprintf(stderr, "ovpnctl: no daemon answers at %s: %s\n", path,
			strerror(fd < 0 ? -fd : EPIPE));
		monitor->has_failed = true;
		if (fd >= 0)
			close(fd);
	} else {
		snprintf(daemon->path, sizeof(daemon->path), "%s", path);
		mem_buf_init(&daemon->in, 2 * MONITOR_LINE);
		monitor->fds[monitor->n++] = (struct pollfd){ fd, POLLIN, 0 };
	}
	json_decref(request);
}

static void monitor_remove(struct monitor *monitor, nfds_t i)
{
	close(monitor->fds[i].fd);
	mem_buf_reset(&monitor->daemons[i].in);
	monitor->n--;
	monitor->fds[i] = monitor->fds[monitor->n];
	monitor->daemons[i] = monitor->daemons[monitor->n];
}

int ctl_monitor(const struct ctl *ctl)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));
	char err[300] = "";

	if (!monitor)
		return 1;
	monitor->is_json = ctl->is_json;
	if (!ctl_sockets(ctl, monitor_add, monitor, err, sizeof(err)))
		fprintf(stderr, "ovpnctl: %s\n", err);
	/* a line at a time, also into a pipe */
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (monitor->n && !ferror(stdout)) {
		if (poll(monitor->fds, monitor->n, -1) < 0 && errno != EINTR)
			break;
		for (nfds_t i = monitor->n; i-- > 0;)
			if (monitor->fds[i].revents &&
			    !monitor_read(monitor, &monitor->daemons[i],
					  monitor->fds[i].fd))
				monitor_remove(monitor, i);
	}
	while (monitor->n)
		monitor_remove(monitor, 0);
	free(monitor);
	return 1;
}
