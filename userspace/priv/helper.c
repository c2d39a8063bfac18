// SPDX-License-Identifier: GPL-2.0-or-later
#include "priv/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "priv/caps.h"

#define PRIV_SOCK_FD	3
#define PRIV_POLL_MS	50

/* Nothing of the daemon stays open here but the socket. */
static int priv_helper_close_fds(int sock)
{
	int null = open("/dev/null", O_RDWR);
	int fd;

	if (null < 0)
		return -errno;
	if (sock != PRIV_SOCK_FD && dup2(sock, PRIV_SOCK_FD) < 0)
		return -errno;
	for (fd = 0; fd < PRIV_SOCK_FD; fd++) {
		if (null != fd && dup2(null, fd) < 0)
			return -errno;
	}
	return close_range(PRIV_SOCK_FD + 1, ~0u, 0) ? -errno : 0;
}

static void priv_helper_signals(void)
{
	static const int ignored[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE,
	};
	sigset_t none;
	size_t i;

	for (i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A lock for each route outside of our links may be many descriptors. */
static void priv_helper_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int priv_helper_init(struct priv_helper *helper, int sock)
{
	size_t i;
	int err;

	memset(helper, 0, sizeof(*helper));
	for (i = 0; i < PRIV_LINKS_MAX; i++)
		helper->devices[i].lock_fd = -1;
	priv_helper_signals();
	priv_helper_limits();
	prctl(PR_SET_NAME, "ovpnd-priv", 0, 0, 0);
	err = priv_helper_close_fds(sock);
	if (err)
		return err;
	if (chdir("/"))
		return -errno;
	helper->rt = nl_rt_open();
	if (!helper->rt)
		return -ENOMEM;
	err = priv_caps_reduce();
	return err ? err : priv_filter_install();
}

/* 1: a request; 0: the daemon is gone, or broken, which is the same */
static int priv_receive(struct priv_request *req)
{
	ssize_t n;

	do {
		n = recv(PRIV_SOCK_FD, req, sizeof(*req), MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*req);
}

static int priv_send(const struct priv_reply *reply)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = {
		.iov_base = (void *)reply,
		.iov_len = sizeof(*reply),
	};
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	ssize_t n;

	if (reply->link.fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &reply->link.fd, sizeof(int));
	}
	do {
		n = sendmsg(PRIV_SOCK_FD, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*reply) ? 0 : -EPIPE;
}

/*
 * Does a device of ours carry peers, whose socket somebody else must hold, or
 * is its own descriptor held?
 */
static bool priv_has_peers(struct priv_helper *helper)
{
	size_t i;

	for (i = 0; i < PRIV_LINKS_MAX; i++) {
		if (helper->devices[i].is_ours &&
		    nl_ovpn_has_peers(helper->devices[i].ifindex) == 1)
			return true;
		if (priv_device_is_held(helper, &helper->devices[i]))
			return true;
	}
	return false;
}

/*
 * The socket pair of a dying daemon may close before its transport socket, so
 * peers get time to go away.
 */
static bool priv_is_held(struct priv_helper *helper)
{
	const struct timespec pause = {
		.tv_nsec = PRIV_POLL_MS * 1000 * 1000,
	};
	int waited;

	for (waited = 0; waited < PRIV_LINGER_MS; waited += PRIV_POLL_MS) {
		if (!priv_has_peers(helper))
			return false;
		nanosleep(&pause, NULL);
	}
	return priv_has_peers(helper);
}

static void priv_helper_undo(struct priv_helper *helper)
{
	size_t i;

	priv_undo_run(helper, 0);
	for (i = PRIV_LINKS_MAX; i-- > 0;) {
		if (helper->devices[i].ifindex)
			priv_device_close(helper, &helper->devices[i]);
	}
}

void priv_helper_main(int sock)
{
	struct priv_request req;
	struct priv_helper helper;
	struct priv_reply reply;
	bool is_bye = false;

	memset(&reply, 0, sizeof(reply));
	reply.link.fd = -1;
	reply.err = priv_helper_init(&helper, sock);
	if (priv_send(&reply) || reply.err)
		_exit(1);
	while (!is_bye && priv_receive(&req)) {
		is_bye = req.op == PRIV_OP_BYE;
		if (is_bye)
			break;
		priv_handle(&helper, &req, &reply);
		if (priv_send(&reply))
			break;
		if (reply.link.fd >= 0)
			close(reply.link.fd);
	}
	priv_socket_remove(&helper);
	if (!is_bye)
		priv_locks_release(&helper);
	if (is_bye || !priv_is_held(&helper))
		priv_helper_undo(&helper);
	_exit(0);
}
