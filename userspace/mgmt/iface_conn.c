// SPDX-License-Identifier: GPL-2.0-or-later
/* The program at the other end of the management interface. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mgmt/iface.h"

#define CONN_READ	256
#define DIAL_S		5
/* What has been asked in one go is answered in parts. */
#define CONN_OUT_ENOUGH	65536u

/* ---- output --------------------------------------------------------- */

static size_t conn_waiting(const struct mgmt_conn *conn)
{
	return conn->out.len - conn->sent;
}

static void conn_append(struct mgmt_conn *conn, const char *text, size_t len)
{
	if (conn->fd < 0 || conn->is_broken)
		return;
	if (mem_buf_append(&conn->out, text, len)) {
		log_warn("MANAGEMENT: the client does not read what it asks for, closing");
		conn->is_broken = true;
	}
	loop_timer_start(conn->kick, 0);
}

void mgmt_conn_write(struct mgmt_conn *conn, const char *text, size_t len)
{
	conn_append(conn, text, len);
	conn_append(conn, "\r\n", 2);
}

void mgmt_conn_prompt(struct mgmt_conn *conn, const char *text)
{
	conn_append(conn, text, strlen(text));
}

void mgmt_conn_flush(struct mgmt_conn *conn)
{
	ssize_t n;

	if (conn->fd < 0 || conn->is_broken || !conn_waiting(conn))
		return;
	n = send(conn->fd, conn->out.data + conn->sent, conn_waiting(conn),
		 MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0)
		conn->sent += (size_t)n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		conn->is_broken = true;
	if (conn->sent == conn->out.len) {
		mem_buf_reset(&conn->out);
		conn->sent = 0;
	}
}

/* ---- life of a connection ------------------------------------------- */

static void conn_listen(struct mgmt_conn *conn);

static void conn_drop(struct mgmt_conn *conn)
{
	if (conn->fd < 0)
		return;
	loop_io_free(conn->io);
	close(conn->fd);
	conn->fd = -1;
	conn->io = NULL;
	mem_buf_reset(&conn->out);
	conn->sent = 0;
	mem_wipe(&conn->line, sizeof(conn->line));
	conn->is_closing = false;
	conn->is_broken = false;
	loop_timer_stop(conn->kick);
	log_info("MANAGEMENT: Client disconnected");
}

/* After each event: send, close, or wait for the right thing. */
static void conn_settle(struct mgmt_conn *conn)
{
	mgmt_conn_flush(conn);
	if (conn->fd < 0)
		return;
	if (conn->is_broken || (conn->is_closing && !conn_waiting(conn))) {
		conn_drop(conn);
		mgmt_iface_left(conn->iface);
		conn_listen(conn);
		return;
	}
	loop_io_set(conn->io, conn_waiting(conn) ? LOOP_WRITABLE :
						   LOOP_READABLE);
}

static void conn_kick(struct loop_timer *timer, void *arg)
{
	(void)timer;
	conn_settle(arg);
}

/* Lines that came together are dealt with together, unless they ask for much */
static void conn_read(struct mgmt_conn *conn)
{
	unsigned char buf[CONN_READ];
	bool had_line = false;
	ssize_t n, i;

	n = recv(conn->fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n <= 0) {
		conn->is_broken = !n || (errno != EAGAIN && errno != EINTR);
		return;
	}
	for (i = 0; i < n && !conn->is_closing && !conn->is_broken; i++) {
		if (!mgmt_line_feed(&conn->line, buf[i]))
			continue;
		mgmt_iface_line(conn->iface, conn->line.text);
		had_line = true;
	}
	mem_wipe(buf, sizeof(buf));
	if (had_line && !conn->is_closing)
		mgmt_iface_again(conn->iface);
}

static void conn_event(struct loop_io *io, unsigned int events, void *arg)
{
	struct mgmt_conn *conn = arg;

	(void)io;
	if (events & LOOP_READABLE && conn_waiting(conn) < CONN_OUT_ENOUGH)
		conn_read(conn);
	conn_settle(conn);
}

/* management-client-user and -group, of a local socket */
static bool conn_is_welcome(const struct mgmt_conn *conn, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (!conn->has_uid && !conn->has_gid)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return false;
	return (!conn->has_uid || cred.uid == conn->uid) &&
	       (!conn->has_gid || cred.gid == conn->gid);
}

/* Return: false without memory; then @fd is the caller's. */
static bool conn_begin(struct mgmt_conn *conn, int fd)
{
	conn->io = loop_io_new(conn->iface->loop, fd, LOOP_READABLE,
			       conn_event, conn);
	if (!conn->io)
		return false;
	conn->fd = fd;
	/* who comes now waits until this one has left */
	loop_io_free(conn->listen_io);
	conn->listen_io = NULL;
	log_info("MANAGEMENT: Client connected");
	mgmt_iface_joined(conn->iface);
	return true;
}

static void conn_accept(struct loop_io *io, unsigned int events, void *arg)
{
	struct mgmt_conn *conn = arg;
	int fd;

	(void)io;
	(void)events;
	fd = accept4(conn->listen_fd, NULL, NULL,
		     SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (!conn_is_welcome(conn, fd)) {
		log_notice("MANAGEMENT: unix domain socket client connection rejected: wrong user or group");
		close(fd);
		return;
	}
	if (conn_begin(conn, fd))
		conn_settle(conn);
	else
		close(fd);
}

static void conn_listen(struct mgmt_conn *conn)
{
	if (conn->listen_fd < 0 || conn->listen_io || conn->fd >= 0)
		return;
	conn->listen_io = loop_io_new(conn->iface->loop, conn->listen_fd,
				      LOOP_READABLE, conn_accept, conn);
	if (!conn->listen_io)
		log_error("MANAGEMENT: out of memory, nobody can connect any more");
}

/* ---- the listening socket ------------------------------------------- */

static int listen_unix(struct mgmt_conn *conn, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	err = mgmt_path_clear(&addr);
	if (err)
		return err;
	conn->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
				 SOCK_NONBLOCK, 0);
	if (conn->listen_fd < 0)
		return -errno;
	/* who may connect is said elsewhere, as in OpenVPN */
	mask = umask(0);
	err = bind(conn->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) ?
	      -errno : 0;
	umask(mask);
	if (!err)
		strcpy(conn->path, path);
	return err;
}

static int listen_tcp(struct mgmt_conn *conn, const char *host,
		      const char *port)
{
	struct addrinfo hints = {
		.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list = NULL;
	int on = 1, err = 0;

	if (getaddrinfo(host, port, &hints, &list) || !list)
		return -EADDRNOTAVAIL;
	conn->listen_fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
				 SOCK_NONBLOCK, 0);
	if (conn->listen_fd < 0 ||
	    setsockopt(conn->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on,
		       sizeof(on)) ||
	    bind(conn->listen_fd, list->ai_addr, list->ai_addrlen))
		err = -errno;
	freeaddrinfo(list);
	return err;
}

/* ---- management-client -------------------------------------------------- */

/* At the start it may take a while. */
static int dial_addr(const struct sockaddr *addr, socklen_t len, int *out)
{
	const struct timeval limit = { .tv_sec = DIAL_S };
	int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	*out = fd;
	/* of connect(), too */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, addr, len))
		return errno == EINPROGRESS ? -ETIMEDOUT : -errno;
	return fcntl(fd, F_SETFL, O_NONBLOCK) ? -errno : 0;
}

static int dial_tcp(const char *host, const char *port, int *out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int err;

	if (getaddrinfo(host, port, &hints, &list) || !list)
		return -EADDRNOTAVAIL;
	err = dial_addr(list->ai_addr, list->ai_addrlen, out);
	freeaddrinfo(list);
	return err;
}

static int dial_unix(const char *path, int *out)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	return dial_addr((struct sockaddr *)&addr, sizeof(addr), out);
}

static int conn_dial(struct mgmt_conn *conn, const char *host,
		     const char *port)
{
	int fd = -1, err = port ? dial_tcp(host, port, &fd) :
				  dial_unix(host, &fd);

	if (!err && !conn_is_welcome(conn, fd))
		err = -EPERM;
	if (!err && !conn_begin(conn, fd))
		err = -ENOMEM;
	if (err && fd >= 0)
		close(fd);
	return err;
}

static int conn_ids(struct mgmt_conn *conn, const struct config *cfg,
		    char *err, size_t err_len)
{
	const struct passwd *user = NULL;
	const struct group *group = NULL;

	if (cfg->management_user) {
		user = getpwnam(cfg->management_user);
		if (!user) {
			snprintf(err, err_len, "management-client-user: there is no user \"%s\"",
				 cfg->management_user);
			return -ENOENT;
		}
		conn->uid = user->pw_uid;
		conn->has_uid = true;
	}
	if (cfg->management_group) {
		group = getgrnam(cfg->management_group);
		if (!group) {
			snprintf(err, err_len, "management-client-group: there is no group \"%s\"",
				 cfg->management_group);
			return -ENOENT;
		}
		conn->gid = group->gr_gid;
		conn->has_gid = true;
	}
	return 0;
}

int mgmt_conn_open(struct mgmt_conn *conn, const struct config *cfg, char *err,
		   size_t err_len)
{
	const char *host = cfg->management_host, *port = cfg->management_port;
	int ret;

	conn->fd = -1;
	conn->listen_fd = -1;
	mem_buf_init(&conn->out, MGMT_IFACE_OUT_MAX);
	ret = conn_ids(conn, cfg, err, err_len);
	if (ret)
		return ret;
	conn->kick = loop_timer_new(conn->iface->loop, conn_kick, conn);
	ret = !conn->kick ? -ENOMEM :
	      cfg->is_management_client ? conn_dial(conn, host, port) :
	      port ? listen_tcp(conn, host, port) : listen_unix(conn, host);
	if (!ret && conn->listen_fd >= 0 && listen(conn->listen_fd, 1))
		ret = -errno;
	if (ret) {
		snprintf(err, err_len, "management %s %s: %s%s", host,
			 port ? port : "unix", strerror(-ret),
			 ret == -EADDRINUSE ?
			 "; another program listens there" : "");
		return ret;
	}
	if (conn->fd >= 0)
		return 0;
	log_info("MANAGEMENT: listening on %s%s%s", host, port ? ":" : "",
		 port ? port : "");
	conn_listen(conn);
	return 0;
}

void mgmt_conn_close(struct mgmt_conn *conn)
{
	mgmt_conn_flush(conn);
	conn_drop(conn);
	loop_io_free(conn->listen_io);
	loop_timer_free(conn->kick);
	if (conn->listen_fd >= 0)
		close(conn->listen_fd);
	if (conn->path[0])
		unlink(conn->path);
	memset(conn, 0, sizeof(*conn));
	conn->fd = -1;
	conn->listen_fd = -1;
}
