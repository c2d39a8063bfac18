// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of a TCP peer of "tun", while other threads do what they like with
 * it: a connection over loopback, records of all kinds in pieces of all sizes,
 * a program that sends, receives and polls, and one of the ways to end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fire.h"

#define STREAM_RECORD_MAX 600

enum stream_record {
	STREAM_RECORD_CONTROL,
	STREAM_RECORD_DATA,	/* forged */
	STREAM_RECORD_OTHER,	/* of another peer */
	STREAM_RECORD_N
};

/* first byte: opcode and key id */
static const uint8_t stream_opcodes[STREAM_RECORD_N] = {
	[STREAM_RECORD_CONTROL] = 4 << 3,
	[STREAM_RECORD_DATA] = 9 << 3,
	[STREAM_RECORD_OTHER] = 9 << 3,
};

/* Both ends of a connection; returns 0 or -errno */
static int stream_pair(int *near, int *far)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(addr);
	int err = 0;

	*near = -1;
	*far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (void *)&addr, len) || listen(listener, 1) ||
	    getsockname(listener, (void *)&addr, &len) ||
	    connect(*far, (void *)&addr, len))
		err = -errno;
	else
		*near = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (!err && *near < 0)
		err = -errno;
	close(listener);
	return err;
}

/* One record; returns its length with the prefix */
static size_t stream_record(uint8_t *to, unsigned int id, unsigned int *seed)
{
	unsigned int what = (unsigned int)rand_r(seed) % STREAM_RECORD_N;
	size_t len = 30 + (size_t)rand_r(seed) % (STREAM_RECORD_MAX - 30);

	memset(to, rand_r(seed), 2 + len);
	to[0] = (uint8_t)(len >> 8);
	to[1] = (uint8_t)len;
	/* now and then one that only a peer of userspace may send */
	to[2] = rand_r(seed) % 64 ? stream_opcodes[what] : 6 << 3;
	to[3] = 0;
	to[4] = 0;
	to[5] = (uint8_t)(what == STREAM_RECORD_OTHER ? id + 1 : id);
	return 2 + len;
}

/* Some records, cut somewhere; what does not fit the socket is lost, and the
 * stream makes no sense from there on.
 */
static void stream_write(int fd, unsigned int id, unsigned int *seed)
{
	uint8_t data[4 * (STREAM_RECORD_MAX + 2)];
	size_t len = 0, cut;
	int i;

	for (i = 0; i < 4; i++)
		len += stream_record(data + len, id, seed);
	cut = (size_t)rand_r(seed) % len;
	if (send(fd, data, cut, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	    (ssize_t)cut)
		send(fd, data + cut, len - cut, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* What the program at the near end does. All of it may fail. */
static void stream_use(int fd, unsigned int *seed)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLOUT };
	uint8_t data[STREAM_RECORD_MAX];

	switch (rand_r(seed) % 3) {
	case 0:
		memset(data, 4 << 3, sizeof(data));
		send(fd, data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case 1:
		recv(fd, data, sizeof(data), MSG_DONTWAIT);
		break;
	case 2:
		poll(&poll_fd, 1, 1);
		break;
	}
}

static void stream_live(int near, int far, unsigned int id, unsigned int *seed)
{
	uint8_t data[8192];
	int i, n = rand_r(seed) % 30;

	for (i = 0; i < n; i++) {
		switch (rand_r(seed) % 4) {
		case 0:
			stream_use(near, seed);
			break;
		case 1:
			recv(far, data, sizeof(data), MSG_DONTWAIT);
			break;
		default:
			stream_write(far, id, seed);
		}
	}
}

static int stream_end(struct ovpn_nl *nl, int near, int far, unsigned int id,
		      unsigned int *seed)
{
	static const uint8_t nonsense[] = { 0, 0, 0 };

	switch (rand_r(seed) % 5) {
	case 0:
		return fire_call(nl, "PEER_DEL ifindex=@tun peer{id=%u}", id);
	case 1:
		shutdown(far, SHUT_WR);
		break;
	case 2:
		shutdown(near, SHUT_RDWR);
		break;
	case 3:
		send(far, nonsense, sizeof(nonsense),
		     MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	}
	return 0;
}

int fire_stream(struct ovpn_nl *nl, unsigned int id, unsigned int *seed)
{
	int near, far, err;

	err = stream_pair(&near, &far);
	if (!err)
		err = fire_call(nl, "PEER_NEW ifindex=@tun peer{id=%u "
				"socket=%d vpn-ipv4=10.8.0.1%u "
				"vpn-ipv6=fd08::1%u}", id, near, id, id);
	if (!err) {
		stream_live(near, far, id, seed);
		err = stream_end(nl, near, far, id, seed);
	}
	/* either first, with or without a peer */
	if (rand_r(seed) % 2) {
		close(near);
		close(far);
	} else {
		close(far);
		close(near);
	}
	return err;
}
