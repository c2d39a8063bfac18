// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "mem/mem.h"
#include "ovpnctl/ctl.h"

#define CTL_TIMEOUT_S	10
#define CTL_RELOAD_S	45	/* the daemon's own limits end before */
#define CTL_ANSWER_MAX	(64u << 20)

int ctl_daemon_connect(const char *path, unsigned int seconds)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = seconds };
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int ctl_daemon_send(int fd, const json_t *request)
{
	char *line = json_dumps(request, JSON_COMPACT);
	size_t len = line ? strlen(line) : 0;
	bool is_sent = line && send(fd, line, len, MSG_NOSIGNAL) ==
			       (ssize_t)len &&
		       send(fd, "\n", 1, MSG_NOSIGNAL) == 1;

	free(line);
	return is_sent ? 0 : -EPIPE;
}

/* One line, however long. */
static int daemon_read(int fd, struct mem_buf *answer)
{
	char buf[16384];
	ssize_t n;
	int err;

	do {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EPIPE;
		err = mem_buf_append(answer, buf, (size_t)n);
		if (err)
			return err;
	} while (n < 0 || !memchr(buf, '\n', (size_t)n));
	return 0;
}

/* Return: the answer as it is, NULL with a message in @err. */
static json_t *daemon_request(const char *path, const json_t *request,
			      unsigned int seconds, char *err, size_t err_len)
{
	json_t *answer = NULL;
	struct mem_buf buf;
	int fd, ret;

	fd = ctl_daemon_connect(path, seconds);
	if (fd < 0) {
		snprintf(err, err_len, "no daemon answers at %s: %s", path,
			 strerror(-fd));
		return NULL;
	}
	mem_buf_init(&buf, CTL_ANSWER_MAX);
	ret = ctl_daemon_send(fd, request);
	if (!ret)
		ret = daemon_read(fd, &buf);
	close(fd);
	if (!ret)
		answer = json_loadb((char *)buf.data, buf.len,
				    JSON_DISABLE_EOF_CHECK, NULL);
	mem_buf_reset(&buf);
	if (!answer)
		snprintf(err, err_len, "the daemon at %s answers: %s", path,
			 ret ? strerror(-ret) : "not JSON");
	return answer;
}

json_t *ctl_daemon_request(const char *path, const json_t *request, char *err,
			   size_t err_len)
{
	json_t *answer = daemon_request(path, request, CTL_TIMEOUT_S, err,
					err_len);
	json_t *error = json_object_get(answer, "error");

	if (answer && !error)
		return answer;
	if (error)
		snprintf(err, err_len, "the daemon at %s answers: %s", path,
			 json_string_value(error));
	json_decref(answer);
	return NULL;
}

json_t *ctl_daemon_ask(const char *path, const char *cmd, char *err,
		       size_t err_len)
{
	json_t *request = json_pack("{ss}", "cmd", cmd), *answer;

	answer = ctl_daemon_request(path, request, err, err_len);
	json_decref(request);
	return answer;
}

json_t *ctl_daemon_reload(const char *path, char *err, size_t err_len)
{
	json_t *request = json_pack("{ss}", "cmd", "reload"), *answer;

	answer = daemon_request(path, request, CTL_RELOAD_S, err, err_len);
	json_decref(request);
	return answer;
}
