// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets that nobody should send, for the module to survive.
 *
 * usage: ovpn_fuzz [-n NETNS] datagrams WORD=VALUE...
 *	ovpn_fuzz [-n NETNS] stream WORD=VALUE...
 *	ovpn_fuzz [-n NETNS] frames DEV WORD=VALUE...
 *	ovpn_fuzz [-n NETNS] frame DEV PROTOCOL HEX
 * datagrams: to a peer's socket: most are authentic and broken inside, others
 *	are broken outside
 * stream: the same as records of a TCP connection, in pieces of any size, with
 *	wrong lengths, which end a connection and start another
 * frames: to an interface, as a program with a packet socket could send them,
 *	GSO packets included
 * frame: this one
 * on=ADDR:PORT to=ADDR:PORT key=HEX nonce=HEX peer-id=N key-id=N
 * alg=aes-gcm|chacha20-poly1305	as in ovpn_wire
 * first=N			first packet id
 * count=N			inputs
 * seed=N			default: from the clock; printed
 * The last line is "seed=N inputs=N sent=N".
 */
#include <errno.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "fuzz_inner.h"
#include "ovpn_sock.h"
#include "wire.h"

/* VIRTIO_NET_HDR_GSO_UDP_L4, which older headers do not have */
#define FUZZ_GSO_UDP_L4 5

struct fuzz {
	struct fuzz_random random;
	struct wire_key key;
	struct wire_head head;
	const char *on;
	const char *to;
	uint64_t seed;
	unsigned long count;
	unsigned long sent;
	int fd;
};

static int set_word(struct fuzz *f, const char *name, const char *value)
{
	unsigned long number = strtoul(value, NULL, 0);
	int n = 0;

	if (!strcmp(name, "on"))
		f->on = value;
	else if (!strcmp(name, "to"))
		f->to = value;
	else if (!strcmp(name, "alg"))
		f->key.alg = strcmp(value, "chacha20-poly1305") ?
			WIRE_AES_GCM : WIRE_CHACHA20_POLY1305;
	else if (!strcmp(name, "nonce"))
		n = ovpn_sock_hex(value, f->key.tail, sizeof(f->key.tail));
	else if (!strcmp(name, "peer-id"))
		f->head.peer_id = (uint32_t)number;
	else if (!strcmp(name, "key-id"))
		f->head.key_id = (uint8_t)number;
	else if (!strcmp(name, "first"))
		f->head.packet_id = (uint32_t)number;
	else if (!strcmp(name, "count"))
		f->count = number;
	else if (!strcmp(name, "seed"))
		f->seed = number;
	else if (!strcmp(name, "key"))
		f->key.len = (size_t)(n = ovpn_sock_hex(value, f->key.key,
							sizeof(f->key.key)));
	else
		n = -EINVAL;
	return n < 0 ? n : 0;
}

static int set_words(struct fuzz *f, char **argv)
{
	char *value;

	for (; *argv; argv++) {
		value = strchr(*argv, '=');
		if (value)
			*value++ = '\0';
		if (!value || set_word(f, *argv, value)) {
			fprintf(stderr, "ovpn_fuzz: %s?\n", *argv);
			return -EINVAL;
		}
	}
	if (!f->seed)
		f->seed = (uint64_t)time(NULL) << 16 | (uint64_t)getpid();
	f->random.state = f->seed;
	/* seen also when what follows does not return */
	printf("seed=%llu\n", (unsigned long long)f->seed);
	fflush(stdout);
	return 0;
}

/* A packet for a peer: sealed rightly, but for one in five. */
static size_t make_packet(struct fuzz *f, uint8_t *out)
{
	static uint8_t plain[FUZZ_INNER_MAX];
	struct fuzz_random *r = &f->random;
	size_t len;

	len = fuzz_inner(r, plain);
	f->head.opcode = WIRE_DATA_V2;
	if (wire_seal(&f->key, &f->head, plain, len, out))
		return 0;
	len += WIRE_OVERHEAD;
	/* now and then an id twice, or some are left out */
	f->head.packet_id += fuzz_below(r, 16) ? 1 : fuzz_below(r, 3);
	if (!fuzz_below(r, 5))
		len = fuzz_mutate(r, out, len, FUZZ_INNER_MAX);
	return len;
}

static void drain(int fd)
{
	char buffer[2048];

	while (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) > 0)
		;
}

static int run_datagrams(struct fuzz *f)
{
	static uint8_t packet[FUZZ_INNER_MAX + WIRE_OVERHEAD];
	struct sockaddr_storage addr;
	socklen_t size;
	unsigned long i;
	size_t len;

	f->fd = ovpn_sock_udp(f->on);
	if (f->fd < 0 || ovpn_sock_address(f->to, &addr, &size))
		return 1;
	for (i = 0; i < f->count; i++) {
		len = make_packet(f, packet);
		f->sent += sendto(f->fd, packet, len, 0, (void *)&addr,
				  size) == (ssize_t)len;
		drain(f->fd);
	}
	return 0;
}

/* The other end makes a peer of the connection, which then says something. */
static int stream_ready(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, 5000) == 1 ? fd : (close(fd), -ETIMEDOUT);
}

static int stream_open(struct fuzz *f)
{
	struct sockaddr_storage addr;
	socklen_t size;
	int fd, tries;

	if (ovpn_sock_address(f->to, &addr, &size))
		return -EINVAL;
	for (tries = 0; tries < 100; tries++) {
		fd = socket(addr.ss_family, SOCK_STREAM, 0);
		if (!connect(fd, (void *)&addr, size))
			return stream_ready(fd);
		close(fd);
		usleep(50000);
	}
	return -ECONNREFUSED;
}

/* Returns false if the connection is over. */
static bool stream_send(struct fuzz *f, const uint8_t *data, size_t len)
{
	size_t piece;
	ssize_t n;

	while (len) {
		piece = fuzz_below(&f->random, 4) ? len :
			1 + fuzz_below(&f->random, len);
		n = send(f->fd, data, piece, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
		drain(f->fd);
	}
	return true;
}

static int run_stream(struct fuzz *f)
{
	static uint8_t record[2 + FUZZ_INNER_MAX + WIRE_OVERHEAD];
	struct fuzz_random *r = &f->random;
	unsigned int rest = UINT_MAX;
	unsigned long i;
	size_t len, told;

	f->fd = -1;
	for (i = 0; i < f->count; i++) {
		if (f->fd < 0)
			f->fd = stream_open(f);
		if (f->fd < 0)
			return 1;
		len = make_packet(f, record + 2);
		told = fuzz_below(r, 200) ? len : fuzz_below(r, 65536);
		/* what follows a wrong length only fills buffers */
		if (told != len && rest == UINT_MAX)
			rest = (unsigned int)fuzz_below(r, 20);
		record[0] = (uint8_t)(told >> 8);
		record[1] = (uint8_t)told;
		if (stream_send(f, record, len + 2)) {
			f->sent++;
			if (rest == UINT_MAX && fuzz_below(r, 1000))
				continue;
			if (rest != UINT_MAX && rest--)
				continue;
		}
		/* what has been sent is to be seen: no reset */
		shutdown(f->fd, SHUT_WR);
		usleep(20000);
		drain(f->fd);
		close(f->fd);
		f->fd = -1;
		rest = UINT_MAX;
	}
	return 0;
}

static int frame_open(const char *dev, struct sockaddr_ll *to)
{
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	*to = (struct sockaddr_ll){
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(dev),
	};
	if (fd < 0 || !to->sll_ifindex) {
		perror(dev);
		return -1;
	}
	return fd;
}

static void gso_header(struct fuzz_random *r, struct virtio_net_hdr *hdr,
		       const uint8_t *packet, size_t len)
{
	static const uint8_t types[] = {
		VIRTIO_NET_HDR_GSO_NONE, VIRTIO_NET_HDR_GSO_TCPV4,
		VIRTIO_NET_HDR_GSO_TCPV6, VIRTIO_NET_HDR_GSO_UDP,
		FUZZ_GSO_UDP_L4,
	};
	size_t head = packet[0] >> 4 == 6 ? 40 : 20;

	memset(hdr, 0, sizeof(*hdr));
	if (fuzz_below(r, 2))
		return;
	hdr->gso_type = types[fuzz_below(r, sizeof(types))];
	hdr->gso_size = (uint16_t)fuzz_below(r, 3) ? 500 :
		(uint16_t)fuzz_below(r, 65536);
	hdr->hdr_len = (uint16_t)fuzz_below(r, len + 1);
	if (fuzz_below(r, 4)) {
		hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		hdr->csum_start = (uint16_t)(fuzz_below(r, 8) ? head :
					     fuzz_below(r, len + 1));
		hdr->csum_offset = fuzz_below(r, 2) ? 16 : 6;
	}
}

static int run_frames(struct fuzz *f, const char *dev)
{
	static uint8_t packet[FUZZ_INNER_MAX];
	struct virtio_net_hdr hdr;
	struct sockaddr_ll to;
	struct iovec iov[2] = { { &hdr, sizeof(hdr) }, { packet, 0 } };
	struct msghdr msg = { .msg_name = &to, .msg_namelen = sizeof(to),
			      .msg_iov = iov, .msg_iovlen = 2 };
	int one = 1, fd = frame_open(dev, &to);
	unsigned long i;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one,
				 sizeof(one)))
		return 1;
	for (i = 0; i < f->count; i++) {
		iov[1].iov_len = fuzz_inner(&f->random, packet);
		to.sll_protocol = htons(packet[0] >> 4 == 6 ? 0x86dd : 0x800);
		if (!fuzz_below(&f->random, 50))
			to.sll_protocol =
				(uint16_t)fuzz_below(&f->random, 65536);
		gso_header(&f->random, &hdr, packet, iov[1].iov_len);
		f->sent += sendmsg(fd, &msg, 0) >= 0;
	}
	return 0;
}

static int run_frame(const char *dev, const char *protocol, const char *hex)
{
	uint8_t packet[2048];
	struct sockaddr_ll to;
	int fd = frame_open(dev, &to), len;

	len = ovpn_sock_hex(hex, packet, sizeof(packet));
	if (fd < 0 || len < 0)
		return 1;
	to.sll_protocol = htons((uint16_t)strtoul(protocol, NULL, 0));
	if (sendto(fd, packet, (size_t)len, 0, (void *)&to,
		   sizeof(to)) != len) {
		perror("sendto");
		return 1;
	}
	return 0;
}

static int run(struct fuzz *f, int argc, char **argv)
{
	bool is_frames = argc > 2 && !strcmp(argv[1], "frames");
	int status = 2;

	if (argc == 5 && !strcmp(argv[1], "frame"))
		return run_frame(argv[2], argv[3], argv[4]);
	if (argc < 3 || set_words(f, argv + (is_frames ? 3 : 2)))
		return 2;
	if (is_frames)
		status = run_frames(f, argv[2]);
	else if (!strcmp(argv[1], "datagrams"))
		status = run_datagrams(f);
	else if (!strcmp(argv[1], "stream"))
		status = run_stream(f);
	printf("seed=%llu inputs=%lu sent=%lu\n", (unsigned long long)f->seed,
	       f->count, f->sent);
	return status;
}

int main(int argc, char **argv)
{
	struct fuzz f = { .count = 1000, .on = "0.0.0.0:0", .to = "",
			  .head = { .packet_id = 1 } };

	signal(SIGPIPE, SIG_IGN);
	ovpn_sock_enter(&argc, &argv);
	return run(&f, argc, argv);
}
