// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A UDP path with a will of its own: datagrams of one client go on to a server,
 * and the server's back, but some are held for a few milliseconds, so that
 * others overtake them.
 *
 *   wire PORT ADDRESS SERVER-PORT PERCENT
 *
 * Listens at PORT of both families; ADDRESS is the server's. It stands in front
 * of a server where the kernel has no netem.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HELD_MAX	64
#define HOLD_MIN_MS	2
#define HOLD_MAX_MS	8

union address {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

struct held {
	uint64_t due;	/* ms; 0: free */
	bool is_to_server;
	size_t len;
	uint8_t data[65536];
};

static int front, back = -1;
static union address client, server;
static socklen_t client_len, server_len;
static struct held held[HELD_MAX];
static unsigned int percent;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void forward(bool is_to_server, const uint8_t *data, size_t len)
{
	if (is_to_server)
		(void)!send(back, data, len, 0);
	else if (client_len)
		(void)!sendto(front, data, len, 0, &client.sa, client_len);
}

static struct held *held_free(void)
{
	for (size_t i = 0; i < HELD_MAX; i++)
		if (!held[i].due)
			return &held[i];
	return NULL;
}

static void take(bool is_to_server, const uint8_t *data, size_t len)
{
	struct held *one = (unsigned int)(rand() % 100) < percent ?
			   held_free() : NULL;

	if (!one) {
		forward(is_to_server, data, len);
		return;
	}
	one->due = now_ms() + HOLD_MIN_MS +
		   (uint64_t)rand() % (HOLD_MAX_MS - HOLD_MIN_MS);
	one->is_to_server = is_to_server;
	one->len = len;
	memcpy(one->data, data, len);
}

static void release(uint64_t now)
{
	for (size_t i = 0; i < HELD_MAX; i++) {
		if (!held[i].due || held[i].due > now)
			continue;
		forward(held[i].is_to_server, held[i].data, held[i].len);
		held[i].due = 0;
	}
}

/* As a router does: who comes from another port gets another one outside. */
static void open_back(void)
{
	if (back >= 0)
		close(back);
	back = socket(server.sa.sa_family, SOCK_DGRAM, 0);
	if (back < 0 || connect(back, &server.sa, server_len))
		die("back");
}

static void from_client(void)
{
	static uint8_t data[65536];
	union address from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(front, data, sizeof(data), MSG_DONTWAIT, &from.sa,
			     &from_len);

	if (n < 0)
		return;
	if (client_len && (client_len != from_len ||
			   memcmp(&client, &from, from_len)))
		open_back();
	client = from;
	client_len = from_len;
	take(true, data, (size_t)n);
}

static void from_server(void)
{
	static uint8_t data[65536];
	ssize_t n = recv(back, data, sizeof(data), MSG_DONTWAIT);

	if (n >= 0)
		take(false, data, (size_t)n);
}

static void server_parse(const char *host, const char *port)
{
	memset(&server, 0, sizeof(server));
	if (inet_pton(AF_INET, host, &server.in4.sin_addr) == 1) {
		server.in4.sin_family = AF_INET;
		server.in4.sin_port = htons((uint16_t)atoi(port));
		server_len = sizeof(server.in4);
	} else if (inet_pton(AF_INET6, host, &server.in6.sin6_addr) == 1) {
		server.in6.sin6_family = AF_INET6;
		server.in6.sin6_port = htons((uint16_t)atoi(port));
		server_len = sizeof(server.in6);
	} else {
		fprintf(stderr, "wire: '%s' is no address\n", host);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	struct pollfd fds[2];

	if (argc != 5) {
		fputs("usage: wire PORT ADDRESS SERVER-PORT PERCENT\n", stderr);
		return 2;
	}
	server_parse(argv[2], argv[3]);
	percent = (unsigned int)atoi(argv[4]);
	any.sin6_port = htons((uint16_t)atoi(argv[1]));
	front = socket(AF_INET6, SOCK_DGRAM, 0);
	if (front < 0 || bind(front, (struct sockaddr *)&any, sizeof(any)))
		die("front");
	open_back();
	fds[0] = (struct pollfd){ .fd = front, .events = POLLIN };
	srand(1);
	for (;;) {
		fds[1] = (struct pollfd){ .fd = back, .events = POLLIN };
		poll(fds, 2, 1);
		if (fds[0].revents & POLLIN)
			from_client();
		if (fds[1].revents & (POLLIN | POLLERR))
			from_server();
		release(now_ms());
	}
}
