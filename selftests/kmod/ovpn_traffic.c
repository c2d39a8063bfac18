// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traffic of which every byte and packet is accounted for.
 *
 * usage: ovpn_traffic WORD=VALUE... with
 * mode=udp-send to=ADDR:PORT [on=ADDR:PORT] [dev=IF] count=N rate=N size=N
 *	a numbered datagram every 1/rate s, whatever happens in between;
 *	without count until SIGTERM; "sent=N failed=N". With batch=N, so many
 *	are given to the kernel as one buffer (UDP_SEGMENT), at rate/N; and
 *	with single=N, so many one by one after each buffer. sndbuf=N is what
 *	its socket may have on the way.
 * mode=udp-sink on=ADDR:PORT [count=N] [idle=S] seconds=S
 *	"received=N lost=N dup=N reordered=N corrupt=N"; ends after count of
 *	them, or idle seconds after the last, or after seconds. With count,
 *	exit status 1 unless exactly these came, once each and unharmed. With
 *	gro=1 it takes several at once (UDP_GRO), and says "reads=N", too.
 * mode=udp-echo on=ADDR:PORT seconds=S
 * mode=udp-ask to=ADDR:PORT count=N
 *	sends the next datagram when the last one has come back, and waits for
 *	that without sleeping, 5 s at most; "answered=N"; exit status 1 unless
 *	all were
 * mode=watch dev=IF seconds=S
 *	has a packet socket on the interface that nobody reads before the end;
 *	"kept=N big=N": packets, and the length of the largest; exit status 1
 *	unless each can be read
 * mode=tcp-send to=ADDR:PORT [dev=IF] bytes=N	connects for up to 5 s
 * mode=tcp-sink on=ADDR:PORT [bytes=N] seconds=S
 *	one connection; "bytes=N ok" or "bytes=N corrupt at=N"; with bytes,
 *	exit status 1 unless so many came
 * Sinks print "ready" first.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ovpn_sock.h"

#define TRAFFIC_CHUNK 65536
#define TRAFFIC_SEQ_MAX 4000000
/* UDP_SEGMENT and UDP_GRO of linux/udp.h, which excludes netinet/udp.h */
#define TRAFFIC_UDP_SEGMENT 103
#define TRAFFIC_UDP_GRO 104
/* ETH_P_ALL of linux/if_ether.h */
#define TRAFFIC_ETH_P_ALL 3

struct traffic {
	const char *mode;
	const char *on;
	const char *to;
	const char *dev;
	uint64_t bytes;
	uint32_t count;
	uint32_t size;
	uint32_t batch;
	uint32_t single;
	uint32_t sndbuf;
	uint32_t gro;
	double rate;
	double idle;
	double seconds;
};

static volatile sig_atomic_t traffic_stop;

static void on_signal(int number)
{
	(void)number;
	traffic_stop = 1;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void sleep_until(double at)
{
	double left = at - now();
	struct timespec ts;

	if (left <= 0)
		return;
	ts.tv_sec = (time_t)left;
	ts.tv_nsec = (long)((left - (double)ts.tv_sec) * 1e9);
	nanosleep(&ts, NULL);
}

/* Byte @at of the stream; a period that is no power of two. */
static uint8_t pattern(uint64_t at)
{
	uint64_t x = at % 1000003 * 2654435761u;

	return (uint8_t)(x >> 16 ^ at >> 20);
}

static int open_socket(const struct traffic *t, const char *bind_to, int type,
		       const char *like)
{
	struct sockaddr_storage addr;
	socklen_t len;
	int fd, one = 1, size = 8 << 20;

	if (ovpn_sock_address(bind_to ? bind_to : like, &addr, &len))
		return -1;
	fd = socket(addr.ss_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		perror("socket");
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if ((t->dev && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, t->dev,
				  (socklen_t)strlen(t->dev))) ||
	    (bind_to && bind(fd, (void *)&addr, len))) {
		perror(bind_to ? bind_to : t->dev);
		close(fd);
		return -1;
	}
	return fd;
}

static void datagram_fill(uint8_t *data, uint32_t seq, uint32_t size)
{
	uint32_t i;

	memcpy(data, &seq, sizeof(seq));
	for (i = sizeof(seq); i < size; i++)
		data[i] = pattern((uint64_t)seq * 7 + i);
}

/* one buffer of datagrams of this size, or of any if it is 0 */
static int udp_set_segment(int fd, int size)
{
	return setsockopt(fd, IPPROTO_UDP, TRAFFIC_UDP_SEGMENT, &size,
			  sizeof(size));
}

static int udp_open(const struct traffic *t)
{
	int fd = open_socket(t, t->on, SOCK_DGRAM, t->to);
	int sndbuf = (int)t->sndbuf;

	if (fd < 0)
		return -1;
	if ((t->batch > 1 && udp_set_segment(fd, (int)t->size)) ||
	    (sndbuf && setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf,
				  sizeof(sndbuf)))) {
		perror(sndbuf ? "SO_SNDBUF" : "UDP_SEGMENT");
		close(fd);
		return -1;
	}
	return fd;
}

/* Sends @n datagrams from number @seq on as one buffer. */
static bool udp_put(const struct traffic *t, int fd, uint32_t seq, uint32_t n,
		    const struct sockaddr_storage *addr, socklen_t len)
{
	uint8_t data[65536];
	uint32_t i;

	for (i = 0; i < n; i++)
		datagram_fill(data + i * t->size, seq + i, t->size);
	return sendto(fd, data, t->size * n, 0, (const void *)addr, len) >= 0;
}

/* Sends t->single datagrams one by one. Returns how many have failed. */
static uint32_t udp_put_singles(const struct traffic *t, int fd, uint32_t seq,
				const struct sockaddr_storage *addr,
				socklen_t len)
{
	uint32_t i, failed = 0;

	if (!t->single)
		return 0;
	udp_set_segment(fd, 0);
	for (i = 0; i < t->single; i++)
		failed += !udp_put(t, fd, seq + i, 1, addr, len);
	udp_set_segment(fd, (int)t->size);
	return failed;
}

static int udp_send(const struct traffic *t)
{
	struct sigaction action = { .sa_handler = on_signal };
	int fd = udp_open(t);
	struct sockaddr_storage addr;
	uint32_t seq = 0, failed = 0;
	double start;
	socklen_t len;

	if (fd < 0 || ovpn_sock_address(t->to, &addr, &len) ||
	    t->size < sizeof(seq) || t->size * t->batch > TRAFFIC_CHUNK)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	start = now();
	while (!traffic_stop && (!t->count || seq < t->count)) {
		if (t->rate > 0)
			sleep_until(start + seq / t->rate);
		failed += !udp_put(t, fd, seq, t->batch, &addr, len);
		seq += t->batch;
		failed += udp_put_singles(t, fd, seq, &addr, len);
		seq += t->single;
	}
	printf("sent=%u failed=%u\n", seq, failed);
	return failed ? 1 : 0;
}

struct sink {
	uint8_t *seen;
	uint32_t received;
	uint32_t dup;
	uint32_t reordered;
	uint32_t corrupt;
	uint32_t top;
	uint32_t reads;
};

static void sink_datagram(struct sink *sink, const uint8_t *data, size_t len)
{
	uint32_t seq, i;

	if (len < sizeof(seq)) {
		sink->corrupt++;
		return;
	}
	memcpy(&seq, data, sizeof(seq));
	for (i = sizeof(seq); i < len; i++) {
		if (data[i] != pattern((uint64_t)seq * 7 + i)) {
			sink->corrupt++;
			return;
		}
	}
	if (seq >= TRAFFIC_SEQ_MAX) {
		sink->corrupt++;
		return;
	}
	if (sink->seen[seq]) {
		sink->dup++;
		return;
	}
	sink->seen[seq] = 1;
	sink->received++;
	if (seq + 1 < sink->top)
		sink->reordered++;
	else
		sink->top = seq + 1;
}

/* Of how many bytes each is of those that came as one; 0: it is one */
static size_t sink_segment(struct msghdr *msg)
{
	struct cmsghdr *cmsg;
	int size;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != IPPROTO_UDP ||
		    cmsg->cmsg_type != TRAFFIC_UDP_GRO)
			continue;
		memcpy(&size, CMSG_DATA(cmsg), sizeof(size));
		return (size_t)size;
	}
	return 0;
}

/* Returns whether there was anything to read. */
static bool sink_read(struct sink *sink, int fd)
{
	uint8_t data[65536];
	uint8_t control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = data, .iov_len = sizeof(data) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(fd, &msg, MSG_DONTWAIT);
	size_t at, size;

	if (len < 0)
		return false;
	size = sink_segment(&msg);
	if (!size)
		size = (size_t)len;
	sink->reads++;
	at = 0;
	do {
		size_t left = (size_t)len - at;

		sink_datagram(sink, data + at, left < size ? left : size);
		at += size;
	} while (at < (size_t)len);
	return true;
}

static int sink_open(const struct traffic *t)
{
	int fd = open_socket(t, t->on, SOCK_DGRAM, t->on);
	int one = 1;

	if (fd >= 0 && t->gro && setsockopt(fd, IPPROTO_UDP, TRAFFIC_UDP_GRO,
					    &one, sizeof(one))) {
		perror("UDP_GRO");
		close(fd);
		return -1;
	}
	return fd;
}

static int udp_sink(const struct traffic *t)
{
	int fd = sink_open(t);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct sink sink = { .seen = calloc(1, TRAFFIC_SEQ_MAX) };
	double end = now() + t->seconds, quiet = end;
	uint32_t lost;

	if (fd < 0 || !sink.seen)
		return 2;
	printf("ready\n");
	fflush(stdout);
	while (now() < end && now() < quiet &&
	       (!t->count || sink.received < t->count)) {
		if (poll(&poll_fd, 1, 50) <= 0)
			continue;
		if (sink_read(&sink, fd) && t->idle > 0)
			quiet = now() + t->idle;
	}
	lost = (t->count ? t->count : sink.top) - sink.received;
	printf("received=%u lost=%u dup=%u reordered=%u corrupt=%u",
	       sink.received, lost, sink.dup, sink.reordered, sink.corrupt);
	if (t->gro)
		printf(" reads=%u", sink.reads);
	printf("\n");
	free(sink.seen);
	return t->count && (lost || sink.dup || sink.corrupt);
}

static int udp_echo(const struct traffic *t)
{
	int fd = open_socket(t, t->on, SOCK_DGRAM, t->on);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct sockaddr_storage from;
	double end = now() + t->seconds;
	uint8_t data[65536];
	ssize_t len;

	if (fd < 0)
		return 2;
	printf("ready\n");
	fflush(stdout);
	while (now() < end) {
		socklen_t size = sizeof(from);

		if (poll(&poll_fd, 1, 50) <= 0)
			continue;
		len = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT,
			       (void *)&from, &size);
		if (len >= 0)
			sendto(fd, data, (size_t)len, 0, (void *)&from, size);
	}
	return 0;
}

/* Has datagram number @seq come back? Never sleeps. */
static bool udp_is_answered(int fd, uint32_t seq)
{
	double end = now() + 5;
	uint32_t got;

	while (now() < end)
		if (recv(fd, &got, sizeof(got), MSG_DONTWAIT) > 0 &&
		    got == seq)
			return true;
	return false;
}

static int udp_ask(const struct traffic *t)
{
	struct sockaddr_storage addr;
	int fd = udp_open(t);
	uint32_t seq;
	socklen_t len;

	if (fd < 0 || ovpn_sock_address(t->to, &addr, &len) ||
	    t->size < sizeof(seq) || t->size > TRAFFIC_CHUNK)
		return 2;
	for (seq = 0; seq < t->count; seq++)
		if (!udp_put(t, fd, seq, 1, &addr, len) ||
		    !udp_is_answered(fd, seq))
			break;
	printf("answered=%u\n", seq);
	return seq < t->count;
}

/* What has been kept, of what is given back by recv() as a whole. Returns the
 * exit status.
 */
static int watch_end(int fd)
{
	static uint8_t data[1 << 17];
	unsigned int kept = 0;
	ssize_t len, big = 0;
	bool is_whole;

	while ((len = recv(fd, data, sizeof(data), MSG_DONTWAIT)) >= 0) {
		big = len > big ? len : big;
		kept++;
	}
	is_whole = errno == EAGAIN;
	if (!is_whole)
		perror("packet");
	printf("kept=%u big=%zd\n", kept, big);
	return is_whole ? 0 : 1;
}

static int watch(const struct traffic *t)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(TRAFFIC_ETH_P_ALL),
		.sll_ifindex = t->dev ? (int)if_nametoindex(t->dev) : 0,
	};
	struct sigaction action = { .sa_handler = on_signal };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), size = 8 << 20, ret;

	if (fd < 0 || !addr.sll_ifindex ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(fd, (void *)&addr, sizeof(addr))) {
		perror("packet socket");
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	printf("ready\n");
	fflush(stdout);
	sleep_until(now() + t->seconds);
	ret = watch_end(fd);
	close(fd);
	return ret;
}

/*
 * Close by reset: an orphan that still wants to say FIN would keep its network
 * namespace alive for minutes.
 */
static int tcp_no_linger(int fd)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return fd;
}

static int tcp_connect(const struct traffic *t)
{
	struct sockaddr_storage addr;
	double end = now() + 5;
	socklen_t len;
	int fd;

	if (ovpn_sock_address(t->to, &addr, &len))
		return -1;
	for (;;) {
		fd = open_socket(t, t->on, SOCK_STREAM, t->to);
		if (fd < 0)
			return -1;
		if (!connect(fd, (void *)&addr, len))
			return tcp_no_linger(fd);
		if (now() > end) {
			perror("connect");
			close(fd);
			return -1;
		}
		close(fd);
		usleep(50000);
	}
}

static int tcp_send(const struct traffic *t)
{
	static uint8_t data[TRAFFIC_CHUNK];
	uint64_t sent = 0;
	size_t i, want;
	ssize_t n;
	int fd = tcp_connect(t);

	if (fd < 0)
		return 2;
	while (sent < t->bytes) {
		want = t->bytes - sent < sizeof(data) ?
			(size_t)(t->bytes - sent) : sizeof(data);
		for (i = 0; i < want; i++)
			data[i] = pattern(sent + i);
		n = send(fd, data, want, MSG_NOSIGNAL);
		if (n < 0) {
			perror("send");
			return 1;
		}
		sent += (uint64_t)n;
	}
	shutdown(fd, SHUT_WR);
	/* the sink closes when it has read everything */
	while (recv(fd, data, sizeof(data), 0) > 0)
		;
	close(fd);
	return 0;
}

static int tcp_accept(const struct traffic *t)
{
	int server = open_socket(t, t->on, SOCK_STREAM, t->on), fd;

	if (server < 0 || listen(server, 1)) {
		perror("listen");
		return -1;
	}
	printf("ready\n");
	fflush(stdout);
	fd = accept(server, NULL, NULL);
	close(server);
	return tcp_no_linger(fd);
}

static int tcp_sink(const struct traffic *t)
{
	static uint8_t data[TRAFFIC_CHUNK];
	uint64_t got = 0, wrong = UINT64_MAX;
	double start = now();
	ssize_t n, i;
	int fd;

	/* SIGALRM ends what waits for too long */
	alarm((unsigned int)t->seconds);
	fd = tcp_accept(t);
	if (fd < 0)
		return 2;
	while ((n = recv(fd, data, sizeof(data), 0)) > 0) {
		if (!got)
			start = now();
		for (i = 0; i < n; i++)
			if (data[i] != pattern(got + (uint64_t)i) &&
			    wrong == UINT64_MAX)
				wrong = got + (uint64_t)i;
		got += (uint64_t)n;
	}
	close(fd);
	printf("bytes=%llu", (unsigned long long)got);
	if (wrong == UINT64_MAX)
		printf(" ok");
	else
		printf(" corrupt at=%llu", (unsigned long long)wrong);
	printf(" seconds=%.3f\n", now() - start);
	return wrong != UINT64_MAX || n < 0 || (t->bytes && got != t->bytes);
}

static int set_word(struct traffic *t, const char *name, const char *value)
{
	if (!strcmp(name, "mode"))
		t->mode = value;
	else if (!strcmp(name, "on"))
		t->on = value;
	else if (!strcmp(name, "to"))
		t->to = value;
	else if (!strcmp(name, "dev"))
		t->dev = value;
	else if (!strcmp(name, "bytes"))
		t->bytes = strtoull(value, NULL, 0);
	else if (!strcmp(name, "count"))
		t->count = (uint32_t)strtoul(value, NULL, 0);
	else if (!strcmp(name, "size"))
		t->size = (uint32_t)strtoul(value, NULL, 0);
	else if (!strcmp(name, "batch"))
		t->batch = (uint32_t)strtoul(value, NULL, 0);
	else if (!strcmp(name, "single"))
		t->single = (uint32_t)strtoul(value, NULL, 0);
	else if (!strcmp(name, "sndbuf"))
		t->sndbuf = (uint32_t)strtoul(value, NULL, 0);
	else if (!strcmp(name, "gro"))
		t->gro = (uint32_t)strtoul(value, NULL, 0);
	else if (!strcmp(name, "rate"))
		t->rate = strtod(value, NULL);
	else if (!strcmp(name, "idle"))
		t->idle = strtod(value, NULL);
	else if (!strcmp(name, "seconds"))
		t->seconds = strtod(value, NULL);
	else
		return -EINVAL;
	return 0;
}

struct traffic_mode {
	const char *name;
	int (*run)(const struct traffic *t);
	bool needs_on;
	bool needs_to;
};

static const struct traffic_mode traffic_modes[] = {
	{ "udp-send", udp_send, false, true },
	{ "udp-sink", udp_sink, true, false },
	{ "udp-echo", udp_echo, true, false },
	{ "udp-ask", udp_ask, false, true },
	{ "watch", watch, false, false },
	{ "tcp-send", tcp_send, false, true },
	{ "tcp-sink", tcp_sink, true, false },
	{ NULL, NULL, false, false }
};

int main(int argc, char **argv)
{
	const struct traffic_mode *mode = traffic_modes;
	struct traffic t = { .mode = "", .size = 64, .batch = 1,
			     .seconds = 60 };
	int i;

	ovpn_sock_enter(&argc, &argv);
	for (i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (value)
			*value++ = '\0';
		if (!value || set_word(&t, argv[i], value)) {
			fprintf(stderr, "ovpn_traffic: what is \"%s\"?\n",
				argv[i]);
			return 2;
		}
	}
	while (mode->name && strcmp(mode->name, t.mode))
		mode++;
	if (!mode->name || (mode->needs_on && !t.on) ||
	    (mode->needs_to && !t.to)) {
		fprintf(stderr, "ovpn_traffic: mode=, on= or to= is missing\n");
		return 2;
	}
	return mode->run(&t);
}
