// SPDX-License-Identifier: GPL-2.0-or-later
/* What the service manager is told (sd_notify(3)), from within a chroot too. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "log/internal.h"
#include "log/log.h"

/* From log_notify_open() on: the manager's socket. */
static int notify_fd = -1;

void log_notify_open(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	bool is_abstract = len && path[0] == '@';

	/* other kinds are no files, sd_notify() reaches them from anywhere */
	if (notify_fd >= 0 || !len || len >= sizeof(addr.sun_path) ||
	    (path[0] != '/' && !is_abstract))
		return;
	memcpy(addr.sun_path, path, len);
	if (is_abstract)
		addr.sun_path[0] = '\0';
	len += offsetof(struct sockaddr_un, sun_path) + !is_abstract;
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify_fd >= 0 && connect(notify_fd, (struct sockaddr *)&addr,
				      (socklen_t)len))
		log_notify_close();
}

void log_notify_close(void)
{
	if (notify_fd >= 0)
		close(notify_fd);
	notify_fd = -1;
}

/* Return: has it been sent? */
static bool notify_send(const char *text, int fd)
{
	union {
		struct cmsghdr head;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (char *)text, strlen(text) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.buf);
	}
	return sendmsg(notify_fd, &msg, MSG_NOSIGNAL) >= 0;
}

int log_notify(const char *text, int fd)
{
	if (notify_fd >= 0 && notify_send(text, fd))
		return 1;
	if (fd < 0)
		return sd_notify(0, text);
	return sd_pid_notify_with_fds(0, 0, text, &fd, 1);
}
