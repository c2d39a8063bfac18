// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A peer of the data channel in userspace: sends packets exactly as told and
 * verifies those that it receives or sees on an interface.
 *
 * usage: ovpn_wire kat
 *	ovpn_wire WORD=VALUE... [-- WORD=VALUE...]...
 * At "--" what has been described is sent; all but pids, packet, flip and cut
 * stays as it was for what follows.
 * tcp=connect|accept	a stream, connected to "to" or accepted at "on"; then also
 *	chunk=N		write N bytes at a time (default: all of a step at once)
 *	join=1		do not write at "--" but together with what follows
 *	wait=FIFO	wait for a line from FIFO
 *	raw=HEX		these bytes of the stream, without a length before them
 *	each packet has its length before it; what comes in and is not data is
 *	printed as "rx control len=N HEX", the end as "eof" or "reset"
 * on=ADDR:PORT		socket; or sniff=INTERFACE: see what arrives there
 *			or via=INTERFACE: packets without a header of ours, to
 *			and from a device; what it sends itself is not seen
 * to=ADDR:PORT		where to send
 * tos=N inner-tos=N	type of service or traffic class of what is sent
 * alg=aes-gcm|chacha20-poly1305  key=HEX  nonce=HEX	for sending
 * rx-key=HEX rx-nonce=HEX	for receiving; default: the same
 * epoch=N len=N		keys are secrets of epoch 1, of ciphers with
 *				keys of len bytes; N is the epoch to send in
 * peer-id=N key-id=N op=N	header of what is sent
 * pids=1-10,5			packet ids to send, in this order
 * inner=TEXT			payload, see wire.h
 * packet=HEX			send this as it is instead
 * flip=N			flip a bit of byte N of what is sent
 * cut=N			send only the first N bytes
 * count=N seconds=N		receive until N packets or the time is over
 * quiet=1			print only the last line
 * Prints a line for each packet received, with what is special outside in front
 * ("df", "tos=XX"), at the end
 * "total=N bad=N forged=N big=N lost=N" (bad: a checksum or length inside is
 * wrong; big: size of the largest; lost: gaps in the packet ids). Exit status 1
 * if fewer than count packets came, or one was bad or forged.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ovpn_sock.h"
#include "wire.h"

struct wire {
	struct wire_key tx;
	struct wire_key rx;
	struct wire_head head;
	const char *on;
	const char *sniff;
	const char *via;
	const char *to;
	const char *pids;
	const char *inner;
	const char *packet;
	const char *raw;
	const char *tcp;
	bool is_joined;
	struct wire_stream stream;
	int flip;
	int cut;
	uint8_t tos;
	uint8_t inner_tos;
	unsigned long count;
	double seconds;
	bool is_quiet;
	bool has_rx_key;
	int fd;
	/* what was received */
	unsigned long total;
	unsigned long bad;
	unsigned long forged;
	unsigned long lost;
	size_t big;
	uint64_t last;
	uint16_t last_epoch;
};

static volatile sig_atomic_t wire_stop;

static void on_signal(int number)
{
	(void)number;
	wire_stop = 1;
}

static int set_key(struct wire_key *key, const char *hex)
{
	int n = ovpn_sock_hex(hex, key->key, sizeof(key->key));

	if (n < 0)
		return n;
	if (!key->has_epochs)
		key->len = (size_t)n;
	return 0;
}

static int set_rx_key(struct wire *w, const char *hex)
{
	w->has_rx_key = true;
	return set_key(&w->rx, hex);
}

static int set_tail(struct wire_key *key, const char *hex)
{
	return ovpn_sock_hex(hex, key->tail, sizeof(key->tail)) == 8 ?
		0 : -EINVAL;
}

static int set_epoch(struct wire *w, unsigned long number)
{
	w->head.epoch = (uint16_t)number;
	w->tx.has_epochs = true;
	w->rx.has_epochs = true;
	return 0;
}

static int set_number(struct wire *w, const char *name, const char *value)
{
	unsigned long number = strtoul(value, NULL, 0);

	if (!strcmp(name, "peer-id"))
		w->head.peer_id = (uint32_t)number;
	else if (!strcmp(name, "key-id"))
		w->head.key_id = (uint8_t)number;
	else if (!strcmp(name, "op"))
		w->head.opcode = (uint8_t)number;
	else if (!strcmp(name, "epoch"))
		return set_epoch(w, number);
	else if (!strcmp(name, "len"))
		w->tx.len = w->rx.len = number;
	else if (!strcmp(name, "flip"))
		w->flip = (int)number;
	else if (!strcmp(name, "cut"))
		w->cut = (int)number;
	else if (!strcmp(name, "tos"))
		w->tos = (uint8_t)number;
	else if (!strcmp(name, "inner-tos"))
		w->inner_tos = (uint8_t)number;
	else if (!strcmp(name, "chunk"))
		w->stream.chunk = number;
	else if (!strcmp(name, "join"))
		w->is_joined = number;
	else if (!strcmp(name, "count"))
		w->count = number;
	else if (!strcmp(name, "seconds"))
		w->seconds = strtod(value, NULL);
	else if (!strcmp(name, "quiet"))
		w->is_quiet = number;
	else
		return -EINVAL;
	return 0;
}

static int set_alg(struct wire *w, const char *value)
{
	w->tx.alg = strcmp(value, "chacha20-poly1305") ? WIRE_AES_GCM :
		WIRE_CHACHA20_POLY1305;
	w->rx.alg = w->tx.alg;
	return 0;
}

static int wait_for(const char *fifo)
{
	FILE *file = fopen(fifo, "re");
	char line[80];

	if (!file)
		return -errno;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return 0;
}

static int set_word(struct wire *w, const char *name, const char *value)
{
	if (!strcmp(name, "on"))
		w->on = value;
	else if (!strcmp(name, "sniff"))
		w->sniff = value;
	else if (!strcmp(name, "via"))
		w->via = value;
	else if (!strcmp(name, "to"))
		w->to = value;
	else if (!strcmp(name, "pids"))
		w->pids = value;
	else if (!strcmp(name, "inner"))
		w->inner = value;
	else if (!strcmp(name, "packet"))
		w->packet = value;
	else if (!strcmp(name, "raw"))
		w->raw = value;
	else if (!strcmp(name, "wait"))
		return wait_for(value);
	else if (!strcmp(name, "tcp"))
		w->tcp = value;
	else if (!strcmp(name, "alg"))
		return set_alg(w, value);
	else if (!strcmp(name, "key"))
		return set_key(&w->tx, value);
	else if (!strcmp(name, "nonce"))
		return set_tail(&w->tx, value);
	else if (!strcmp(name, "rx-key"))
		return set_rx_key(w, value);
	else if (!strcmp(name, "rx-nonce"))
		return set_tail(&w->rx, value);
	else
		return set_number(w, name, value);
	return 0;
}

static int send_bytes(struct wire *w, uint8_t *data, size_t len)
{
	struct sockaddr_storage addr;
	socklen_t size;
	int err;

	if (w->flip >= 0 && (size_t)w->flip < len)
		data[w->flip] ^= 1;
	if (w->cut >= 0 && (size_t)w->cut < len)
		len = (size_t)w->cut;
	if (w->tcp)
		return wire_stream_packet(&w->stream, data, len);
	err = ovpn_sock_address(w->to, &addr, &size);
	if (err)
		return err;
	setsockopt(w->fd, IPPROTO_IP, IP_TOS, &(int){ w->tos }, sizeof(int));
	setsockopt(w->fd, IPPROTO_IPV6, IPV6_TCLASS, &(int){ w->tos },
		   sizeof(int));
	/* an error that an earlier packet brought back is not this one's */
	if (sendto(w->fd, data, len, 0, (void *)&addr, size) < 0 &&
	    sendto(w->fd, data, len, 0, (void *)&addr, size) < 0) {
		perror("sendto");
		return -errno;
	}
	return 0;
}

/* to the device, as if the stack had routed it there */
static int send_plain(struct wire *w, const uint8_t *plain, size_t len)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(plain[0] >> 4 == 6 ? ETH_P_IPV6 :
				      ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex(w->via),
	};

	if (sendto(w->fd, plain, len, 0, (void *)&addr, sizeof(addr)) < 0) {
		perror(w->via);
		return -errno;
	}
	return 0;
}

static int send_one(struct wire *w, uint64_t packet_id)
{
	static uint8_t plain[WIRE_MAX], packet[WIRE_MAX + WIRE_EPOCH_OVERHEAD];
	size_t len;
	int err;

	err = wire_inner_make(w->inner, plain, &len);
	if (err)
		return err;
	if (w->inner_tos)
		wire_inner_set_tos(plain, w->inner_tos);
	if (w->via)
		return send_plain(w, plain, len);
	w->head.packet_id = packet_id;
	err = wire_seal(&w->tx, &w->head, plain, len, packet);
	if (err)
		return err;
	return send_bytes(w, packet, len + wire_overhead(&w->tx));
}

static int send_all(struct wire *w)
{
	uint8_t packet[4096];
	const char *at = w->pids;
	int err = 0, len;

	if (w->raw) {
		len = ovpn_sock_hex(w->raw, packet, sizeof(packet));
		return len < 0 ? len :
			wire_stream_bytes(&w->stream, packet, (size_t)len);
	}
	if (w->packet) {
		len = ovpn_sock_hex(w->packet, packet, sizeof(packet));
		return len < 0 ? len : send_bytes(w, packet, (size_t)len);
	}
	while (at && *at && !err) {
		char *end;
		unsigned long id = strtoul(at, &end, 0), last = id;

		if (*end == '-')
			last = strtoul(end + 1, &end, 0);
		for (; !err && id <= last; id++)
			err = send_one(w, id);
		at = *end ? end + 1 : end;
	}
	return err;
}

static void got_packet(struct wire *w, const uint8_t *data, size_t len,
		       const char *from)
{
	static uint8_t plain[WIRE_MAX];
	struct wire_inner inner = { .text = "" };
	struct wire_head head;
	const char *state = "ok";

	if (len < WIRE_EPOCH_HEAD || data[0] >> 3 != WIRE_DATA_V2)
		return;
	wire_head_get(&w->rx, data, &head);
	w->total++;
	if (len > w->big)
		w->big = len;
	if (w->last && head.epoch == w->last_epoch &&
	    head.packet_id != w->last + 1)
		w->lost++;
	w->last = head.packet_id;
	w->last_epoch = head.epoch;
	if (wire_open(&w->rx, data, len, plain)) {
		w->forged++;
		state = "forged";
	} else {
		wire_inner_parse(plain, len - wire_overhead(&w->rx), &inner);
		w->bad += !inner.is_good;
		state = inner.is_good ? "ok" : "bad";
	}
	if (w->is_quiet)
		return;
	printf("rx %s peer-id=%u key-id=%u ", from, head.peer_id,
	       head.key_id);
	if (w->rx.has_epochs)
		printf("epoch=%u ", head.epoch);
	printf("pid=%llu len=%zu %s %s\n",
	       (unsigned long long)head.packet_id, len, state, inner.text);
	fflush(stdout);
}

static void got_plain(struct wire *w, const uint8_t *data, size_t len)
{
	struct wire_inner inner = { .text = "" };

	wire_inner_parse(data, len, &inner);
	w->total++;
	w->bad += !inner.is_good;
	if (len > w->big)
		w->big = len;
	if (w->is_quiet)
		return;
	printf("rx %s len=%zu %s %s\n", w->via, len,
	       inner.is_good ? "ok" : "bad", inner.text);
	fflush(stdout);
}

/* An Ethernet frame: find the UDP payload of an unfragmented packet. */
static void got_frame(struct wire *w, const uint8_t *frame, size_t len)
{
	const uint8_t *udp;
	unsigned int port, tos;
	char note[32] = "wire";
	size_t head, size;

	if (len < 14 + 28)
		return;
	if (frame[12] == 0x08 && frame[13] == 0x00 &&
	    frame[23] == IPPROTO_UDP && !(frame[20] & 0x3f) && !frame[21])
		head = 14 + (size_t)(frame[14] & 15) * 4, tos = frame[15];
	else if (frame[12] == 0x86 && frame[13] == 0xdd &&
		 frame[20] == IPPROTO_UDP)
		head = 14 + 40, tos = (frame[14] & 15u) << 4 | frame[15] >> 4;
	else
		return;
	udp = frame + head;
	if (len < head + 8)
		return;
	size = (size_t)udp[4] << 8 | udp[5];
	port = (unsigned int)udp[2] << 8 | udp[3];
	if (size < 8 || len < head + size || (w->to && port !=
	    (unsigned int)atoi(strrchr(w->to, ':') + 1)))
		return;
	snprintf(note + 4, sizeof(note) - 4, "%s",
		 frame[12] == 0x08 && frame[20] & 0x40 ? " df" : "");
	if (tos)
		snprintf(note + strlen(note), sizeof(note) - strlen(note),
			 " tos=%02x", tos);
	got_packet(w, udp + 8, size - 8, note);
}

static void got_record(struct wire *w, const uint8_t *data, size_t len)
{
	size_t i;

	if (data[0] >> 3 == WIRE_DATA_V2) {
		got_packet(w, data, len, "stream");
		return;
	}
	printf("rx control len=%zu ", len);
	for (i = 0; i < len; i++)
		printf("%02x", data[i]);
	printf("\n");
	fflush(stdout);
}

/* False at the end of the stream */
static bool receive_stream(struct wire *w)
{
	const uint8_t *data;
	ssize_t n = wire_stream_read(&w->stream, w->fd);
	size_t len;

	if (n <= 0) {
		printf(n ? "reset\n" : "eof\n");
		return false;
	}
	while ((data = wire_stream_next(&w->stream, &len)))
		got_record(w, data, len);
	return true;
}

static void receive_one(struct wire *w)
{
	static uint8_t data[WIRE_MAX + 256];
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	char name[80];
	ssize_t len;

	len = recvfrom(w->fd, data, sizeof(data), 0, (void *)&from, &size);
	if (len <= 0)
		return;
	if (w->via)
		got_plain(w, data, (size_t)len);
	else if (w->sniff)
		got_frame(w, data, (size_t)len);
	else
		got_packet(w, data, (size_t)len,
			   ovpn_sock_text(&from, name, sizeof(name)));
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Until enough came, the time is over, or SIGTERM and nothing is queued. */
static void receive_all(struct wire *w)
{
	struct pollfd poll_fd = { .fd = w->fd, .events = POLLIN };
	double end = now() + w->seconds, left;
	bool has_more = true;

	while (!w->count || w->total < w->count) {
		left = wire_stop ? 0.3 : end - now();
		if (left <= 0 || (wire_stop && !has_more))
			break;
		has_more = poll(&poll_fd, 1, (int)(left * 1000) + 1) > 0;
		if (has_more && w->tcp && !receive_stream(w))
			break;
		if (has_more && !w->tcp)
			receive_one(w);
	}
	printf("total=%lu bad=%lu forged=%lu big=%zu lost=%lu\n", w->total,
	       w->bad, w->forged, w->big, w->lost);
}

static int open_sniffer(const char *name, int type)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name),
	};
	int fd = socket(AF_PACKET, type, htons(ETH_P_ALL));
	int size = 16 << 20, one = 1;

	if (fd < 0 || bind(fd, (void *)&addr, sizeof(addr))) {
		perror(name);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	return fd;
}

static int wire_open_socket(const struct wire *w)
{
	if (w->via)
		return open_sniffer(w->via, SOCK_DGRAM);
	if (w->sniff)
		return open_sniffer(w->sniff, SOCK_RAW);
	if (w->tcp)
		return strcmp(w->tcp, "accept") ? ovpn_sock_connect(w->to) :
			ovpn_sock_accept(w->on);
	return ovpn_sock_udp(w->on ? w->on : "0.0.0.0:0");
}

/* Opens the socket at the first call, then sends what is described. */
static int wire_step(struct wire *w)
{
	int err = 0;

	if (w->fd < 0) {
		w->fd = wire_open_socket(w);
		if (w->fd < 0)
			return -EIO;
		printf("ready\n");
		fflush(stdout);
	}
	if (((w->to || w->tcp) && !w->sniff) || w->via)
		err = send_all(w);
	if (!err && w->tcp && !w->is_joined)
		err = wire_stream_flush(&w->stream, w->fd);
	w->raw = NULL;
	w->pids = NULL;
	w->packet = NULL;
	w->flip = -1;
	w->cut = -1;
	return err;
}

static int wire_word(struct wire *w, char *word)
{
	char *value = strchr(word, '=');

	if (!strcmp(word, "--"))
		return wire_step(w);
	if (value)
		*value++ = '\0';
	if (value && !set_word(w, word, value))
		return 0;
	fprintf(stderr, "ovpn_wire: what is \"%s\"?\n", word);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	/* large: a stream's buffers */
	static struct wire w = {
		.flip = -1, .cut = -1, .inner = "ping", .fd = -1,
		.head.opcode = WIRE_DATA_V2,
	};
	int i;

	ovpn_sock_enter(&argc, &argv);
	if (argc == 2 && !strcmp(argv[1], "kat"))
		return wire_kat() ? 1 : 0;
	/* ends reception; the last line is still printed */
	sigaction(SIGTERM, &action, NULL);
	for (i = 1; i < argc; i++)
		if (wire_word(&w, argv[i]))
			return 2;
	if (wire_step(&w))
		return 2;
	if (!w.has_rx_key)
		w.rx = w.tx;
	if (w.seconds > 0)
		receive_all(&w);
	return w.bad || w.forged || w.total < w.count;
}
