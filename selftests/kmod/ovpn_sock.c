// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses and UDP sockets of the test tools. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ovpn_sock.h"

void ovpn_sock_enter(int *argc, char ***argv)
{
	char path[128];
	int fd;

	if (*argc < 3 || strcmp((*argv)[1], "-n"))
		return;
	snprintf(path, sizeof(path), "/run/netns/%s", (*argv)[2]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET)) {
		perror(path);
		exit(2);
	}
	close(fd);
	*argc -= 2;
	*argv += 2;
}

static int address_v6(char *host, const char *port,
		      struct sockaddr_storage *addr, socklen_t *len)
{
	struct sockaddr_in6 *v6 = (void *)addr;
	char *scope = strchr(host, '%');

	if (scope) {
		*scope++ = '\0';
		v6->sin6_scope_id = if_nametoindex(scope);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)atoi(port));
	*len = sizeof(*v6);
	return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 ? 0 : -EINVAL;
}

int ovpn_sock_address(const char *text, struct sockaddr_storage *addr,
		      socklen_t *len)
{
	struct sockaddr_in *v4 = (void *)addr;
	char host[128], *colon;
	int err = 0;

	memset(addr, 0, sizeof(*addr));
	snprintf(host, sizeof(host), "%s", text);
	colon = strrchr(host, ':');
	if (!colon) {
		err = -EINVAL;
	} else if (host[0] == '[' && colon > host && colon[-1] == ']') {
		colon[-1] = '\0';
		err = address_v6(host + 1, colon + 1, addr, len);
	} else {
		*colon++ = '\0';
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)atoi(colon));
		*len = sizeof(*v4);
		if (inet_pton(AF_INET, host, &v4->sin_addr) != 1)
			err = -EINVAL;
	}
	if (err)
		fprintf(stderr, "%s: not an ADDRESS:PORT\n", text);
	return err;
}

char *ovpn_sock_text(const struct sockaddr_storage *addr, char *buf,
		     size_t size)
{
	const struct sockaddr_in6 *v6 = (const void *)addr;
	const struct sockaddr_in *v4 = (const void *)addr;
	char host[INET6_ADDRSTRLEN] = "?";

	if (addr->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(buf, size, "[%s]:%u", host, ntohs(v6->sin6_port));
	} else {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(buf, size, "%s:%u", host, ntohs(v4->sin_port));
	}
	return buf;
}

int ovpn_sock_udp(const char *text)
{
	struct sockaddr_storage addr;
	int size = 4 << 20, fd, err;
	socklen_t len;

	err = ovpn_sock_address(text, &addr, &len);
	if (err)
		return err;
	fd = socket(addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (void *)&addr, len) < 0) {
		err = -errno;
		fprintf(stderr, "%s: %s\n", text, strerror(errno));
		if (fd >= 0)
			close(fd);
		return err;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

static int tcp_new(const char *text, struct sockaddr_storage *addr,
		   socklen_t *len)
{
	int one = 1, fd;

	if (ovpn_sock_address(text, addr, len))
		return -EINVAL;
	fd = socket(addr->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return fd < 0 ? -errno : fd;
}

int ovpn_sock_accept(const char *text)
{
	struct sockaddr_storage addr;
	socklen_t len;
	int server = tcp_new(text, &addr, &len), fd;

	if (server < 0)
		return server;
	if (bind(server, (void *)&addr, len) || listen(server, 1)) {
		perror(text);
		close(server);
		return -EIO;
	}
	fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	close(server);
	return fd < 0 ? -errno : fd;
}

int ovpn_sock_connect(const char *text)
{
	struct sockaddr_storage addr;
	int fd, tries;
	socklen_t len;

	for (tries = 0; tries < 200; tries++) {
		fd = tcp_new(text, &addr, &len);
		if (fd < 0 || !connect(fd, (void *)&addr, len))
			return fd;
		close(fd);
		usleep(50000);
	}
	fprintf(stderr, "%s: no connection\n", text);
	return -ECONNREFUSED;
}

int ovpn_sock_hold(const char *text)
{
	struct sockaddr_storage from;
	uint8_t data[2048];
	char name[80];
	ssize_t len, i;
	int fd;

	fd = ovpn_sock_udp(text);
	if (fd < 0)
		return 1;
	if (dup2(fd, OVPN_SOCK_FD) < 0) {
		perror("dup2");
		return 1;
	}
	close(fd);
	for (;;) {
		socklen_t size = sizeof(from);

		len = recvfrom(OVPN_SOCK_FD, data, sizeof(data), 0,
			       (void *)&from, &size);
		if (len < 0) {
			/* an ICMP error of a connected path is no end */
			if (errno == ECONNREFUSED || errno == EINTR)
				continue;
			perror("recvfrom");
			return 1;
		}
		printf("rx %s len=%zd ",
		       ovpn_sock_text(&from, name, sizeof(name)), len);
		for (i = 0; i < len; i++)
			printf("%02x", data[i]);
		printf("\n");
		fflush(stdout);
	}
}

int ovpn_sock_borrow(int pid)
{
	int pidfd, fd = -1, tries;

	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return -errno;
	for (tries = 0; tries < 500; tries++) {
		fd = (int)syscall(SYS_pidfd_getfd, pidfd, OVPN_SOCK_FD, 0);
		if (fd >= 0 || errno != EBADF)
			break;
		usleep(10000);
	}
	if (fd < 0)
		fd = -errno;
	close(pidfd);
	return fd;
}

int ovpn_sock_set(int fd, const char *name, const char *value)
{
	int number = atoi(value), err;
	struct sockaddr_storage addr;
	socklen_t len;

	if (!strcmp(name, "pmtudisc")) {
		/* the second fails on a socket that is IPv4 only */
		err = setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &number,
				 sizeof(number));
		setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &number,
			   sizeof(number));
	} else if (!strcmp(name, "mark")) {
		err = setsockopt(fd, SOL_SOCKET, SO_MARK, &number,
				 sizeof(number));
	} else if (!strcmp(name, "uid")) {
		err = fchown(fd, (uid_t)number, (gid_t)-1);
	} else if (!strcmp(name, "dev")) {
		err = setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, value,
				 (socklen_t)strlen(value));
	} else if (!strcmp(name, "encap")) {
		err = setsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &number,
				 sizeof(number));
	} else if (!strcmp(name, "addrform")) {
		err = setsockopt(fd, IPPROTO_IPV6, IPV6_ADDRFORM, &number,
				 sizeof(number));
	} else if (!strcmp(name, "connect")) {
		err = ovpn_sock_address(value, &addr, &len) ||
		      connect(fd, (struct sockaddr *)&addr, len);
	} else {
		return -EINVAL;
	}
	return err ? -errno : 0;
}

/* COUNT*XX, the byte XX so many times. Returns COUNT or -EINVAL. */
static int hex_repeated(const char *text, uint8_t *data, size_t size)
{
	unsigned int count, byte;
	int end = 0;

	if (sscanf(text, "%u*%2x%n", &count, &byte, &end) != 2 || text[end] ||
	    count > size)
		return -EINVAL;
	memset(data, (int)byte, count);
	return (int)count;
}

int ovpn_sock_hex(const char *text, uint8_t *data, size_t size)
{
	size_t n;

	if (strchr(text, '*'))
		return hex_repeated(text, data, size);
	for (n = 0; text[0]; text += 2) {
		char pair[3] = { text[0], text[1], '\0' };

		if (n == size || !isxdigit((unsigned char)text[0]) ||
		    !isxdigit((unsigned char)text[1]))
			return -EINVAL;
		data[n++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return (int)n;
}
