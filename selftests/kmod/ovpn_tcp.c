// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TCP sockets for the transport, and what a program does with one that a device
 * has.
 *
 * usage: ovpn_tcp accept=ADDR:PORT|connect=ADDR:PORT [read=1]
 *	Holds a connected socket for others (see ovpn_sock_borrow()), without
 *	blocking; says "ready". With read=1 and after SIGUSR1, it prints
 *	"rx len=N HEX" for each message and, when nothing more comes, "eof" or
 *	"error=NAME", and goes on holding.
 * usage: ovpn_tcp pid=PID STEP...
 *	Steps with the socket that PID holds, each printing a line:
 *	send=HEX	"send=N" or "send=-ERRNO"
 *	recv=SIZE	"recv=N flags=trunc|none HEX"
 *	drain=SIZE	receives until that fails: "drain=N errno=NAME"
 *	poll=MS		for anything: "poll=in,out,rdhup,hup,err"
 *	pollin=MS, pollout=MS	for one of them only
 *	fill=SIZE	sends control packets of so many bytes in all until poll
 *			has seen no room for a second: "fill=N errno=NAME
 *			lies=N", how often a packet was refused after poll
 *			had seen room
 *	shutdown=rd|wr	"shutdown=0"
 *	opt=NAME	nodelay, ulp: "opt=VALUE"; set-ulp: tries kTLS
 *	splice=SIZE	reads by splice(): as recv
 *	disconnect=1	connect() to nowhere
 *	flags=dontwait,trunc,peek,oob,more
 *			for later steps; dontwait by default
 *	block=MS	later steps wait for so long, unless told otherwise
 *	usleep=N
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ovpn_sock.h"

#define TCP_BUF 70000

static uint8_t tcp_buf[TCP_BUF];

static void on_signal(int number)
{
	(void)number;
}

static void print_hex(const uint8_t *data, ssize_t len)
{
	ssize_t i;

	for (i = 0; i < len; i++)
		printf("%02x", data[i]);
	printf("\n");
	fflush(stdout);
}

static const char *name_of(int number)
{
	const char *name = strerrorname_np(number);

	return name ? name : "?";
}

static void read_all(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	ssize_t n;

	for (;;) {
		if (poll(&poll_fd, 1, -1) < 0)
			continue;
		n = recv(fd, tcp_buf, sizeof(tcp_buf), MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			break;
		printf("rx len=%zd ", n);
		print_hex(tcp_buf, n);
	}
	if (n)
		printf("error=%s\n", name_of(errno));
	else
		printf("eof\n");
	fflush(stdout);
}

static int hold(int fd, int is_reader)
{
	if (fd < 0)
		return 1;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (dup2(fd, OVPN_SOCK_FD) < 0)
		return 1;
	close(fd);
	printf("ready\n");
	fflush(stdout);
	/* not before a device has it: we would read the stream */
	signal(SIGUSR1, on_signal);
	if (is_reader) {
		pause();
		read_all(OVPN_SOCK_FD);
	}
	for (;;)
		pause();
}

static int step_send(int fd, const char *hex, int flags)
{
	int len = ovpn_sock_hex(hex, tcp_buf, sizeof(tcp_buf));
	ssize_t n;

	if (len < 0)
		return len;
	n = send(fd, tcp_buf, (size_t)len, flags | MSG_NOSIGNAL);
	if (n < 0)
		printf("send=-%s\n", name_of(errno));
	else
		printf("send=%zd\n", n);
	return 0;
}

static int step_recv(int fd, size_t size, int flags)
{
	struct iovec iov = { .iov_base = tcp_buf, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	n = recvmsg(fd, &msg, flags);
	if (n < 0) {
		printf("recv=-%s\n", name_of(errno));
		return 0;
	}
	printf("recv=%zd flags=%s ", n,
	       msg.msg_flags & MSG_TRUNC ? "trunc" : "none");
	print_hex(tcp_buf, n > (ssize_t)size ? (ssize_t)size : n);
	return 0;
}

static int step_drain(int fd, size_t size, int flags)
{
	unsigned int count = 0;

	while (count < 100000 && recv(fd, tcp_buf, size, flags) >= 0)
		count++;
	printf("drain=%u errno=%s\n", count, name_of(errno));
	return 0;
}

static int step_poll(int fd, int ms, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	poll(&p, 1, ms);
	printf("poll=%s%s%s%s%s\n", p.revents & POLLIN ? "in," : "",
	       p.revents & POLLOUT ? "out," : "",
	       p.revents & POLLRDHUP ? "rdhup," : "",
	       p.revents & POLLHUP ? "hup," : "",
	       p.revents & POLLERR ? "err," : "");
	return 0;
}

static int step_fill(int fd, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	unsigned int count = 0, lies = 0;
	bool is_room_seen = false;
	int err = 0;

	if (size < 3 || size > sizeof(tcp_buf))
		return -EINVAL;
	memset(tcp_buf, 0x28, sizeof(tcp_buf));
	tcp_buf[0] = (uint8_t)((size - 2) >> 8);
	tcp_buf[1] = (uint8_t)(size - 2);
	/* what is queued may go on its way at any time */
	do {
		if (send(fd, tcp_buf, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
			count++;
			is_room_seen = false;
			continue;
		}
		err = errno;
		lies += is_room_seen;
		is_room_seen = true;
	} while (count < 100000 && lies < 5 &&
		 (!is_room_seen || poll(&p, 1, 1000) == 1));
	printf("fill=%u errno=%s lies=%u\n", count, name_of(err), lies);
	return 0;
}

static int step_opt(int fd, const char *name)
{
	char text[32] = "tls";
	socklen_t len = sizeof(text);
	int value = 0;

	if (!strcmp(name, "set-ulp")) {
		if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, text, 3))
			printf("opt=-%s\n", name_of(errno));
		else
			printf("opt=0\n");
		return 0;
	}
	if (!strcmp(name, "ulp")) {
		memset(text, 0, sizeof(text));
		if (getsockopt(fd, IPPROTO_TCP, TCP_ULP, text, &len))
			return -errno;
		printf("opt=%s\n", len ? text : "none");
		return 0;
	}
	len = sizeof(value);
	getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &len);
	printf("opt=%d\n", value);
	return 0;
}

static int step_splice(int fd, size_t size)
{
	int pipes[2];
	ssize_t n;

	if (pipe(pipes))
		return -errno;
	n = splice(fd, NULL, pipes[1], NULL, size, SPLICE_F_NONBLOCK);
	if (n < 0) {
		printf("splice=-%s\n", name_of(errno));
	} else {
		n = read(pipes[0], tcp_buf, (size_t)n);
		printf("splice=%zd ", n);
		print_hex(tcp_buf, n);
	}
	close(pipes[0]);
	close(pipes[1]);
	return 0;
}

static int step_disconnect(int fd)
{
	struct sockaddr addr = { .sa_family = AF_UNSPEC };

	if (connect(fd, &addr, sizeof(addr)))
		printf("disconnect=-%s\n", name_of(errno));
	else
		printf("disconnect=0\n");
	return 0;
}

static void step_block(int fd, unsigned long ms)
{
	struct timeval tv = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000),
	};

	fcntl(fd, F_SETFL, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

static int flags_of(const char *text)
{
	int flags = 0;

	flags |= strstr(text, "dontwait") ? MSG_DONTWAIT : 0;
	flags |= strstr(text, "trunc") ? MSG_TRUNC : 0;
	flags |= strstr(text, "peek") ? MSG_PEEK : 0;
	flags |= strstr(text, "oob") ? MSG_OOB : 0;
	flags |= strstr(text, "more") ? MSG_MORE : 0;
	return flags;
}

static int step(int fd, const char *name, const char *value, int *flags)
{
	unsigned long number = strtoul(value, NULL, 0);

	if (!strcmp(name, "send"))
		return step_send(fd, value, *flags);
	if (!strcmp(name, "recv"))
		return step_recv(fd, number < TCP_BUF ? number : TCP_BUF,
				 *flags);
	if (!strcmp(name, "drain"))
		return step_drain(fd, number < TCP_BUF ? number : TCP_BUF,
				  *flags);
	if (!strcmp(name, "poll"))
		return step_poll(fd, (int)number, POLLIN | POLLOUT | POLLRDHUP);
	if (!strcmp(name, "pollin"))
		return step_poll(fd, (int)number, POLLIN | POLLRDHUP);
	if (!strcmp(name, "pollout"))
		return step_poll(fd, (int)number, POLLOUT);
	if (!strcmp(name, "fill"))
		return step_fill(fd, number);
	if (!strcmp(name, "opt"))
		return step_opt(fd, value);
	if (!strcmp(name, "splice"))
		return step_splice(fd, number);
	if (!strcmp(name, "disconnect"))
		return step_disconnect(fd);
	if (!strcmp(name, "shutdown"))
		printf("shutdown=%d\n", shutdown(fd, value[0] == 'r' ? SHUT_RD :
						 SHUT_WR));
	else if (!strcmp(name, "block"))
		step_block(fd, number);
	else if (!strcmp(name, "flags"))
		*flags = flags_of(value);
	else if (!strcmp(name, "usleep"))
		usleep((useconds_t)number);
	else
		return -EINVAL;
	return 0;
}

static int steps(int pid, char **argv)
{
	int flags = MSG_DONTWAIT, fd = ovpn_sock_borrow(pid), err = 0;
	char *value;

	if (fd < 0)
		return 2;
	for (; *argv && !err; argv++) {
		value = strchr(*argv, '=');
		if (!value)
			return 2;
		*value++ = '\0';
		err = step(fd, *argv, value, &flags);
		fflush(stdout);
	}
	if (err)
		fprintf(stderr, "ovpn_tcp: %s: %s\n", argv[-1], strerror(-err));
	close(fd);
	return err ? 2 : 0;
}

int main(int argc, char **argv)
{
	int is_reader;

	ovpn_sock_enter(&argc, &argv);
	is_reader = argc > 2 && !strcmp(argv[2], "read=1");
	if (argc > 1 && !strncmp(argv[1], "accept=", 7))
		return hold(ovpn_sock_accept(argv[1] + 7), is_reader);
	if (argc > 1 && !strncmp(argv[1], "connect=", 8))
		return hold(ovpn_sock_connect(argv[1] + 8), is_reader);
	if (argc > 1 && !strncmp(argv[1], "pid=", 4))
		return steps(atoi(argv[1] + 4), argv + 2);
	fprintf(stderr, "ovpn_tcp: see its head\n");
	return 2;
}
