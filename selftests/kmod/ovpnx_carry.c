// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Carries a device's userspace peers, as far as a test needs it: opens the
 * device's file, says what is read from it, and obeys lines from a FIFO.
 *
 * usage: ovpnx_carry [-n NETNS] DEV FIFO
 *
 * Says "rx peer=ID size=N good=0|1 TEXT" of each packet, and "eof" in the end.
 * Each line is answered by one that begins with the same word:
 *	tx PEER INNER	write a packet (INNER: see wire.h): "tx ERRNO"
 *	raw HEX		write these bytes: "raw ERRNO"
 *	hold, go	leave packets where they are, read them again
 *	short		read into too little room: "short ERRNO"
 *	block		read, without looking before: "block LENGTH|ERRNO"
 *	nonblock	the same with O_NONBLOCK
 *	poll		"poll IN OUT HUP", those that are set
 *	cloexec		"cloexec 0|1"
 *	open		ask for another file: "open ERRNO"
 *	close		close the file, open a new one: "close ERRNO"
 *	quit
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ovpn_nl.h"
#include "ovpn_sock.h"
#include "wire.h"

/* numbers of family "ovpnx" once more, see ovpn_spec.h */
#define CARRY_A_DEV	3
#define CARRY_A_DEV_FD	2

struct carry_head {
	uint32_t peer_id;
	uint32_t reserved;
};

struct carry {
	struct ovpn_nl nl;
	const char *dev;
	int fd;
	bool is_held;
};

static int carry_resolve(void *data, const char *name, uint32_t *value)
{
	(void)data;
	*value = if_nametoindex(name);
	return *value ? 0 : -ENODEV;
}

static void carry_reply(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *dev, *attr;
	int *fd = data;

	mnl_attr_for_each(dev, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(dev) != CARRY_A_DEV)
			continue;
		mnl_attr_for_each_nested(attr, dev)
			if (mnl_attr_get_type(attr) == CARRY_A_DEV_FD)
				*fd = (int)mnl_attr_get_u32(attr);
	}
}

/* A descriptor or -errno. */
static int carry_open(struct carry *carry)
{
	char text[64];
	int fd = -EBADMSG, err;

	snprintf(text, sizeof(text), "DEV_OPEN ifindex=@%s", carry->dev);
	err = ovpn_nl_request(&carry->nl, text, false, carry_reply,
			      carry_resolve, &fd);
	return err ? err : fd;
}

static ssize_t carry_read(struct carry *carry, size_t room)
{
	static uint8_t data[WIRE_MAX];
	struct carry_head head = { 0 };
	struct iovec iov[2] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = data, .iov_len = room },
	};
	struct wire_inner inner;
	ssize_t len;

	len = readv(carry->fd, iov, 2);
	if (len < 0)
		return -errno;
	if (!len)
		return 0;
	wire_inner_parse(data, (size_t)len - sizeof(head), &inner);
	printf("rx peer=%u size=%zu good=%d %s\n", head.peer_id,
	       (size_t)len - sizeof(head), inner.is_good && !head.reserved,
	       inner.text);
	return len;
}

static const char *carry_write(struct carry *carry, const void *data,
			       size_t len)
{
	ssize_t n = write(carry->fd, data, len);

	if (n < 0)
		return ovpn_nl_error_name(-errno);
	return (size_t)n == len ? "0" : "short";
}

static void carry_tx(struct carry *carry, char *text)
{
	static uint8_t packet[sizeof(struct carry_head) + WIRE_MAX];
	struct carry_head head = { 0 };
	size_t len = 0;

	head.peer_id = (uint32_t)strtoul(text, &text, 0);
	text += strspn(text, " ");
	memcpy(packet, &head, sizeof(head));
	if (wire_inner_make(text, packet + sizeof(head), &len))
		printf("tx bad text\n");
	else
		printf("tx %s\n", carry_write(carry, packet,
					      sizeof(head) + len));
}

static void carry_raw(struct carry *carry, const char *text)
{
	static uint8_t data[WIRE_MAX * 2];
	int len = ovpn_sock_hex(text, data, sizeof(data));

	printf("raw %s\n", len < 0 ? "bad text" :
	       carry_write(carry, data, (size_t)len));
}

static void carry_say_read(const char *word, ssize_t len)
{
	if (len < 0)
		printf("%s %s\n", word, ovpn_nl_error_name((int)len));
	else
		printf("%s %zd\n", word, len);
}

static void carry_nonblock(struct carry *carry)
{
	int flags = fcntl(carry->fd, F_GETFL);

	fcntl(carry->fd, F_SETFL, flags | O_NONBLOCK);
	carry_say_read("nonblock", carry_read(carry, WIRE_MAX));
	fcntl(carry->fd, F_SETFL, flags);
}

static void carry_poll(struct carry *carry)
{
	struct pollfd poll_fd = {
		.fd = carry->fd, .events = POLLIN | POLLOUT,
	};

	poll(&poll_fd, 1, 0);
	printf("poll%s%s%s\n", poll_fd.revents & POLLIN ? " IN" : "",
	       poll_fd.revents & POLLOUT ? " OUT" : "",
	       poll_fd.revents & POLLHUP ? " HUP" : "");
}

static void carry_close(struct carry *carry)
{
	close(carry->fd);
	carry->fd = carry_open(carry);
	printf("close %s\n", ovpn_nl_error_name(carry->fd < 0 ?
						carry->fd : 0));
}

static void carry_obey(struct carry *carry, char *line)
{
	int fd;

	if (!strncmp(line, "tx ", 3)) {
		carry_tx(carry, line + 3);
	} else if (!strncmp(line, "raw ", 4)) {
		carry_raw(carry, line + 4);
	} else if (!strcmp(line, "hold") || !strcmp(line, "go")) {
		carry->is_held = line[0] == 'h';
		printf("%s\n", line);
	} else if (!strcmp(line, "short")) {
		carry_say_read("short", carry_read(carry, 10));
	} else if (!strcmp(line, "block")) {
		carry_say_read("block", carry_read(carry, WIRE_MAX));
	} else if (!strcmp(line, "nonblock")) {
		carry_nonblock(carry);
	} else if (!strcmp(line, "poll")) {
		carry_poll(carry);
	} else if (!strcmp(line, "cloexec")) {
		printf("cloexec %d\n", fcntl(carry->fd, F_GETFD) & FD_CLOEXEC);
	} else if (!strcmp(line, "open")) {
		fd = carry_open(carry);
		printf("open %s\n", ovpn_nl_error_name(fd < 0 ? fd : 0));
	} else if (!strcmp(line, "close")) {
		carry_close(carry);
	} else if (!strcmp(line, "quit")) {
		exit(0);
	} else {
		printf("%s: not known\n", line);
	}
}

/* The end of the file is said once. */
static void carry_receive(struct carry *carry)
{
	ssize_t len = carry_read(carry, WIRE_MAX);

	if (len > 0)
		return;
	if (len < 0)
		printf("rx %s\n", ovpn_nl_error_name((int)len));
	else
		printf("eof\n");
	carry->is_held = true;
}

static int carry_run(struct carry *carry, FILE *fifo)
{
	struct pollfd poll_fd[2];
	char line[8192];

	for (;;) {
		poll_fd[0].fd = fileno(fifo);
		poll_fd[0].events = POLLIN;
		poll_fd[1].fd = carry->is_held ? -1 : carry->fd;
		poll_fd[1].events = POLLIN;
		if (poll(poll_fd, 2, -1) < 0)
			return 1;
		if (poll_fd[0].revents) {
			if (!fgets(line, sizeof(line), fifo))
				return 1;
			line[strcspn(line, "\n")] = '\0';
			carry_obey(carry, line);
		} else if (poll_fd[1].revents) {
			carry_receive(carry);
		}
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct carry carry = { .fd = -1 };
	FILE *fifo;
	int err;

	ovpn_sock_enter(&argc, &argv);
	if (argc != 3) {
		fprintf(stderr, "usage: ovpnx_carry [-n NETNS] DEV FIFO\n");
		return 2;
	}
	carry.dev = argv[1];
	err = ovpn_nl_open(&carry.nl);
	if (!err)
		carry.fd = carry_open(&carry);
	if (err || carry.fd < 0) {
		fprintf(stderr, "ovpnx_carry: %s: %s\n",
			ovpn_nl_error_name(err ? err : carry.fd),
			carry.nl.error.text);
		return 1;
	}
	/* for writing as well, so that it does not end between writers */
	fifo = fopen(argv[2], "r+e");
	if (!fifo) {
		perror(argv[2]);
		return 1;
	}
	/* a line at a time, so that poll() sees the next */
	setvbuf(fifo, NULL, _IONBF, 0);
	printf("ready\n");
	fflush(stdout);
	return carry_run(&carry, fifo);
}
