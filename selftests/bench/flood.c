// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UDP traffic for the benchmarks of userspace tunnels.
 *
 *   flood sink ADDRESS REPORT-ADDRESS
 *   flood send ADDRESS REPORT-ADDRESS SIZE SECONDS [burst]
 *   flood echo ADDRESS
 *   flood ping ADDRESS COUNT INTERVAL-US
 *
 * The sender keeps a window of datagrams on their way, which the sink opens by
 * reports that do not go through the tunnel: so it is the tunnel that is
 * measured, and not how fast datagrams can be thrown away in front of it. With
 * "burst" it hands 16 datagrams at once to the kernel (UDP_SEGMENT), as QUIC
 * servers do.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT		5300
#define PORT_REPORT	5301
#define WINDOW		384	/* less than the queue of a TUN device */
#define REPORT_EVERY	32
#define BATCH		32
#define BURST		16
#define PAYLOAD_MAX	1400

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct sockaddr_in address(const char *host, uint16_t port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};

	if (inet_pton(AF_INET, host, &addr.sin_addr) != 1) {
		fprintf(stderr, "flood: '%s' is no IPv4 address\n", host);
		exit(2);
	}
	return addr;
}

static int bound(const char *host, uint16_t port)
{
	struct sockaddr_in addr = address(host, port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 4 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die(host);
	return fd;
}

static int connected(const char *host, uint16_t port)
{
	struct sockaddr_in addr = address(host, port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die(host);
	return fd;
}

/* ---- throughput ------------------------------------------------------ */

struct batch {
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	char cmsgs[BATCH][CMSG_SPACE(sizeof(int))];
};

/* Datagrams in a message: the kernel may have merged some. */
static uint64_t count_of(struct mmsghdr *msg)
{
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg->msg_hdr);
	int size = 0;

	if (cm && cm->cmsg_type == UDP_GRO)
		memcpy(&size, CMSG_DATA(cm), sizeof(size));
	if (size <= 0 || msg->msg_len == 0)
		return 1;
	return (msg->msg_len + (unsigned int)size - 1) / (unsigned int)size;
}

/* Each report is the number of datagrams so far. */
static void sink(const char *host, const char *report_to)
{
	static uint8_t bufs[BATCH][65536];
	int fd = bound(host, PORT), out = connected(report_to, PORT_REPORT);
	static struct batch batch;
	uint64_t total = 0, told = 0;
	int on = 1, i, n;

	setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on));
	for (;;) {
		for (i = 0; i < BATCH; i++) {
			batch.iov[i].iov_base = bufs[i];
			batch.iov[i].iov_len = sizeof(bufs[i]);
			batch.msgs[i].msg_hdr = (struct msghdr) {
				.msg_iov = &batch.iov[i],
				.msg_iovlen = 1,
				.msg_control = batch.cmsgs[i],
				.msg_controllen = sizeof(batch.cmsgs[i]),
			};
		}
		n = recvmmsg(fd, batch.msgs, BATCH, MSG_WAITFORONE, NULL);
		if (n < 0)
			die("recvmmsg");
		for (i = 0; i < n; i++)
			total += count_of(&batch.msgs[i]);
		if (total - told >= REPORT_EVERY) {
			told = total;
			/* nobody may be listening any more */
			if (send(out, &told, sizeof(told), MSG_DONTWAIT) < 0)
				errno = 0;
		}
	}
}

/* What the sink has got; waits at most 20 ms. */
static bool reported(int fd, uint64_t *seen)
{
	struct timeval tv = { .tv_usec = 20000 };
	uint64_t value;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (recv(fd, &value, sizeof(value), 0) != sizeof(value))
		return false;
	*seen = value;
	while (recv(fd, &value, sizeof(value), MSG_DONTWAIT) == sizeof(value))
		*seen = value;
	return true;
}

static void send_batch(int fd, size_t size, bool is_burst)
{
	static uint8_t data[BURST * PAYLOAD_MAX];
	static struct batch batch;
	unsigned int per = is_burst ? BURST : 1, n = REPORT_EVERY / per, i;

	for (i = 0; i < n; i++) {
		batch.iov[i] = (struct iovec){ data, per * size };
		batch.msgs[i].msg_hdr = (struct msghdr) {
			.msg_iov = &batch.iov[i],
			.msg_iovlen = 1,
		};
	}
	if (sendmmsg(fd, batch.msgs, n, 0) < 0 && errno != ENOBUFS &&
	    errno != ECONNREFUSED)
		die("sendmmsg");
}

static void send_for(const char *host, const char *report_at, size_t size,
		     double seconds, bool is_burst)
{
	int fd = connected(host, PORT), in = bound(report_at, PORT_REPORT);
	int64_t sent = 0, given_up = 0;
	uint64_t seen = 0, base;
	double start, end, got;
	int segment = (int)size;

	if (is_burst && setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment,
				   sizeof(segment)))
		die("UDP_SEGMENT");
	/* the sink has counted others before us */
	do {
		send_batch(fd, size, false);
	} while (!reported(in, &seen));
	while (reported(in, &seen))
		;
	base = seen;
	start = now();
	do {
		while (sent - given_up - (int64_t)(seen - base) +
		       REPORT_EVERY <= WINDOW) {
			send_batch(fd, size, is_burst);
			sent += REPORT_EVERY;
		}
		/* nothing comes any more: what is out there is lost */
		if (!reported(in, &seen))
			given_up = sent - (int64_t)(seen - base);
		end = now();
	} while (end - start < seconds);
	got = (double)(seen - base);
	printf("%.0f %.1f %.3f\n", got / (end - start),
	       got * (double)size * 8 / (end - start) / 1e6,
	       ((double)sent - got) * 100 / (double)sent);
}

/* ---- round-trip times ------------------------------------------------ */

static void echo(const char *host)
{
	int fd = bound(host, PORT + 2);
	struct sockaddr_in from;
	uint8_t buf[2048];
	socklen_t len;
	ssize_t n;

	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, buf, sizeof(buf), 0,
			     (struct sockaddr *)&from, &len);
		if (n >= 0 && sendto(fd, buf, (size_t)n, 0,
				     (struct sockaddr *)&from, len) < 0)
			errno = 0;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Prints median and 99th percentile in microseconds, and what was lost. */
static void ping(const char *host, unsigned int count, unsigned int gap_us)
{
	int fd = connected(host, PORT + 2);
	struct timeval tv = { .tv_sec = 1 };
	double *rtt = calloc(count, sizeof(*rtt)), start;
	unsigned int i, n = 0;
	uint32_t word, back;

	if (!rtt)
		die("calloc");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	for (i = 0; i < count; i++) {
		usleep(gap_us);
		word = i;
		start = now();
		if (send(fd, &word, sizeof(word), 0) < 0)
			continue;
		do {
			if (recv(fd, &back, sizeof(back), 0) < 0)
				break;
			if (back == i)
				rtt[n++] = (now() - start) * 1e6;
		} while (back != i);
	}
	qsort(rtt, n, sizeof(*rtt), compare);
	if (n)
		printf("%.1f %.1f %u\n", rtt[n / 2], rtt[n * 99 / 100],
		       count - n);
	free(rtt);
	if (!n)
		exit(1);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 4 && !strcmp(what, "sink"))
		sink(argv[2], argv[3]);
	else if (argc >= 6 && !strcmp(what, "send"))
		send_for(argv[2], argv[3], (size_t)atoi(argv[4]),
			 atof(argv[5]), argc > 6);
	else if (argc == 3 && !strcmp(what, "echo"))
		echo(argv[2]);
	else if (argc == 5 && !strcmp(what, "ping"))
		ping(argv[2], (unsigned int)atoi(argv[3]),
		     (unsigned int)atoi(argv[4]));
	else
		return 2;
	return 0;
}
