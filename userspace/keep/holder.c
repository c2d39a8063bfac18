// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The process that keeps descriptors where there is no systemd. It has no other
 * rights and knows nothing of what they are. It listens on an abstract socket,
 * which belongs to the network namespace; both ends look who the other one is.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "keep/private.h"

#define HOLDER_LISTEN_FD	3
#define ANSWER_S		5

enum holder_op {
	HOLDER_PUT,	/* a descriptor comes with it */
	HOLDER_DROP,
	HOLDER_LIST,	/* answered by one PUT each, then a LIST */
	HOLDER_BYE,
};

struct holder_msg {
	uint32_t op;
	char name[KEEP_NAME_MAX];
};

/* ---- messages ---------------------------------------------------------- */

union holder_control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(int))];
};

static int msg_send(int sock, enum holder_op op, const char *name, int fd)
{
	struct holder_msg msg = { .op = op };
	struct iovec iov = { &msg, sizeof(msg) };
	union holder_control control = { 0 };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	ssize_t n;

	if (name)
		snprintf(msg.name, sizeof(msg.name), "%s", name);
	if (fd >= 0) {
		hdr.msg_control = control.buf;
		hdr.msg_controllen = sizeof(control.buf);
		cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	}
	do {
		n = sendmsg(sock, &hdr, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == sizeof(msg) ? 0 : n < 0 ? -errno : -EPIPE;
}

/* 0 with @fd, -1 if none came; -EPIPE at the end */
static int msg_receive(int sock, struct holder_msg *msg, int *fd)
{
	struct iovec iov = { msg, sizeof(*msg) };
	union holder_control control;
	struct msghdr hdr = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg;
	ssize_t n;

	*fd = -1;
	do {
		n = recvmsg(sock, &hdr, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	cmsg = n ? CMSG_FIRSTHDR(&hdr) : NULL;
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET &&
	    cmsg->cmsg_type == SCM_RIGHTS &&
	    cmsg->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(cmsg), sizeof(int));
	msg->name[sizeof(msg->name) - 1] = '\0';
	if (n == sizeof(*msg))
		return 0;
	if (*fd >= 0)
		close(*fd);
	return -EPIPE;
}

static bool is_trusted(int sock)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return !getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) &&
	       (!cred.uid || cred.uid == geteuid());
}

static socklen_t address(const char *id, struct sockaddr_un *addr)
{
	int len;

	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	len = snprintf(addr->sun_path + 1, sizeof(addr->sun_path) - 1,
		       "ovpnd/keep/%s", id);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   (size_t)len);
}

/* ---- in the process ---------------------------------------------------- */

struct holder {
	struct keep_fd fds[KEEP_FDS_MAX];
	size_t n_fds;
	int conn;
};

static void holder_drop(struct holder *holder, const char *name)
{
	for (size_t i = 0; i < holder->n_fds; i++) {
		if (strcmp(holder->fds[i].name, name))
			continue;
		close(holder->fds[i].fd);
		holder->fds[i--] = holder->fds[--holder->n_fds];
	}
}

static void holder_put(struct holder *holder, const char *name, int fd)
{
	struct keep_fd *entry;

	holder_drop(holder, name);
	if (holder->n_fds == KEEP_FDS_MAX) {
		close(fd);
		return;
	}
	entry = &holder->fds[holder->n_fds++];
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	entry->fd = fd;
	entry->ino = 0;
}

/* Return: false when the daemon has gone. */
static bool holder_message(struct holder *holder)
{
	struct holder_msg msg;
	int fd, ret;

	ret = msg_receive(holder->conn, &msg, &fd);
	if (ret)
		return false;
	switch ((enum holder_op)msg.op) {
	case HOLDER_PUT:
		if (fd >= 0)
			holder_put(holder, msg.name, fd);
		return true;
	case HOLDER_DROP:
		holder_drop(holder, msg.name);
		break;
	case HOLDER_LIST:
		for (size_t i = 0; i < holder->n_fds && !ret; i++)
			ret = msg_send(holder->conn, HOLDER_PUT,
				       holder->fds[i].name,
				       holder->fds[i].fd);
		if (!ret)
			ret = msg_send(holder->conn, HOLDER_LIST, NULL, -1);
		break;
	case HOLDER_BYE:
		_exit(0);
	}
	if (fd >= 0)
		close(fd);
	return !ret;
}

static void holder_accept(struct holder *holder)
{
	int fd = accept4(HOLDER_LISTEN_FD, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	/* one daemon at a time */
	if (holder->conn >= 0 || !is_trusted(fd))
		close(fd);
	else
		holder->conn = fd;
}

static int64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

static void holder_run(unsigned int hold_s)
{
	struct holder holder = { .conn = -1 };
	int64_t end = clock_ms() + hold_s * 1000ll;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = HOLDER_LISTEN_FD, .events = POLLIN },
			{ .fd = holder.conn, .events = POLLIN },
		};
		int64_t left = end - clock_ms();
		int n = poll(fds, 2, holder.conn >= 0 ? -1 :
				     left > 0 ? (int)left : 0);

		if (!n && holder.conn < 0)
			_exit(0);
		if (fds[1].revents && !holder_message(&holder)) {
			close(holder.conn);
			holder.conn = -1;
			end = clock_ms() + hold_s * 1000ll;
		}
		if (n > 0 && fds[0].revents)
			holder_accept(&holder);
	}
}

static void holder_main(int listener, unsigned int hold_s)
{
	static const int ignored[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE,
	};
	int null = open("/dev/null", O_RDWR);

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, "ovpnd-keep", 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* descriptors of devices and sockets outlive it otherwise */
	setsid();
	if (null < 0 || chdir("/") ||
	    (listener != HOLDER_LISTEN_FD &&
	     dup2(listener, HOLDER_LISTEN_FD) < 0))
		_exit(1);
	for (int fd = 0; fd < HOLDER_LISTEN_FD; fd++)
		if (null != fd)
			dup2(null, fd);
	if (close_range(HOLDER_LISTEN_FD + 1, ~0u, 0))
		_exit(1);
	holder_run(hold_s);
}

/* ---- in the daemon ----------------------------------------------------- */

static int holder_connect(const char *id)
{
	const struct timeval limit = { .tv_sec = ANSWER_S };
	struct sockaddr_un addr;
	socklen_t len = address(id, &addr);
	int sock, ret = 0;

	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(sock, (struct sockaddr *)&addr, len))
		ret = errno == ECONNREFUSED ? -ENOENT : -errno;
	else if (!is_trusted(sock))
		ret = -EPERM;
	if (!ret)
		return sock;
	close(sock);
	return ret;
}

int keep_holder_join(const char *id, struct keep_fd *fds, size_t *n_fds)
{
	int sock = holder_connect(id), fd, ret;
	struct holder_msg msg;

	*n_fds = 0;
	if (sock < 0)
		return sock;
	ret = msg_send(sock, HOLDER_LIST, NULL, -1);
	while (!ret) {
		ret = msg_receive(sock, &msg, &fd);
		if (ret || msg.op == HOLDER_LIST)
			break;
		if (fd < 0 || *n_fds == KEEP_FDS_MAX)
			continue;
		memcpy(fds[*n_fds].name, msg.name, sizeof(msg.name));
		fds[(*n_fds)++].fd = fd;
	}
	if (!ret)
		return sock;
	for (size_t i = 0; i < *n_fds; i++)
		close(fds[i].fd);
	*n_fds = 0;
	close(sock);
	/* it serves another daemon, which is still there */
	return ret == -EPIPE || ret == -ECONNRESET ? -EBUSY : ret;
}

int keep_holder_start(const char *id, unsigned int hold_s)
{
	struct sockaddr_un addr;
	socklen_t len = address(id, &addr);
	int listener, ret = 0;
	pid_t pid;

	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (listener < 0)
		return -errno;
	if (bind(listener, (struct sockaddr *)&addr, len) ||
	    listen(listener, 4)) {
		ret = -errno;
		close(listener);
		return ret;
	}
	pid = fork();
	if (!pid)
		holder_main(listener, hold_s);
	if (pid < 0)
		ret = -errno;
	close(listener);
	return ret ? ret : holder_connect(id);
}

int keep_holder_put(int sock, const char *name, int fd)
{
	return msg_send(sock, HOLDER_PUT, name, fd);
}

int keep_holder_drop(int sock, const char *name)
{
	return msg_send(sock, HOLDER_DROP, name, -1);
}

void keep_holder_bye(int sock)
{
	msg_send(sock, HOLDER_BYE, NULL, -1);
	close(sock);
}
