// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands of fire_fault.c. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fire_fault.h"

#define KEYS "encrypt{key=32*a1 nonce=8*a2} decrypt{key=32*b1 nonce=8*b2}"
#define OUTER "remote-ipv4=127.0.0.2 remote-port=7009"
#define USERSPACE(id) "PEER_SET ifindex=@tun peer{id=" #id " flags=1}"
#define EPOCHS "KEY_NEW ifindex=@tun keyconf{peer-id=1 slot=1 key-id=3 " \
	"cipher-alg=aes-gcm cipher-len=32 encrypt{secret=32*a1} " \
	"decrypt{secret=32*b1}}"
#define PREFIXES "PREFIX_SET ifindex=@tun peer{id=1 " \
	"prefix{ipv4=10.20.0.0 len=16} prefix{ipv4=10.20.7.0 len=24} " \
	"prefix{ipv6=fd20:: len=32}}"

#define DO(name, text, ...)						\
	{ name, text, false, NULL, { __VA_ARGS__ }, FAULT_BY_OVPN,	\
	  { NULL }, false }
#define DO_X(name, text, ...)						\
	{ name, text, false, NULL, { __VA_ARGS__ }, FAULT_BY_OVPNX,	\
	  { NULL }, false }
#define RUN(name, run)							\
	{ name, NULL, false, run, { 0 }, FAULT_BY_OVPN, { NULL }, false }

static int run_link_add(struct fault *f)
{
	uint8_t mode = 1;

	return ovpn_nl_link_add(&f->armed, "new", &mode, 1, true);
}

static int run_link_del(struct fault *f)
{
	return ovpn_nl_link_del(&f->armed, "tun");
}

static int run_close(struct fault *f)
{
	int err = close(f->sock[1]) ? -errno : 0;

	f->sock[1] = -1;
	return err;
}

/* A packet may be lost; whether it is does not matter here. */
static int run_send(struct fault *f)
{
	char data[1200] = { 0 };

	(void)!write(f->data, data, sizeof(data));
	return 0;
}

static int run_close_tcp(struct fault *f)
{
	int err = close(f->sock[FAULT_UDP]) ? -errno : 0;

	f->sock[FAULT_UDP] = -1;
	return err;
}

/* to a TCP peer, or to what userspace reads */
static int run_send_tcp(struct fault *f)
{
	char data[1200] = { 0 };

	(void)!write(f->data_tcp, data, sizeof(data));
	return 0;
}

/* what the program of a TCP peer sends */
static int run_control(struct fault *f)
{
	static const uint8_t record[] = { 0, 6, 4 << 3, 1, 2, 3, 4, 5 };
	ssize_t n = send(f->sock[FAULT_UDP], record, sizeof(record),
			 MSG_DONTWAIT);

	return n < 0 ? -errno : n == sizeof(record) ? 0 : -EIO;
}

static void run_open_found(const struct nlmsghdr *nlh, void *data)
{
	struct fault *f = data;
	char text[256], *at;

	spec_decode(nlh, text, sizeof(text));
	at = strstr(text, " dev{fd=");
	if (at)
		f->file = atoi(at + strlen(" dev{fd="));
}

static int run_open(struct fault *f)
{
	char request[64];

	snprintf(request, sizeof(request), "DEV_OPEN ifindex=%u",
		 if_nametoindex("tun"));
	return ovpn_nl_request(&f->armed, request, false, run_open_found, NULL,
			       f);
}

static int run_close_file(struct fault *f)
{
	int err = close(f->file) ? -errno : 0;

	f->file = -1;
	return err;
}

/* A packet of peer 1. Its own stack may have no memory for it. */
static int run_write(struct fault *f)
{
	uint8_t data[8 + 28] = {
		[8] = 0x45, [11] = 28, [16] = 64, [17] = 17,
		[20] = 10, 8, 0, 2, 10, 9, 0, 1, 0, 9, 0, 9, 0, 8,
	};
	uint32_t id = 1;

	memcpy(data, &id, sizeof(id));
	return write(f->file, data, sizeof(data)) < 0 ? -errno : 0;
}

const struct fault_case fault_cases[] = {
	DO("peer new", "PEER_NEW ifindex=@tun peer{id=3 socket=@sock1 " OUTER
	   " vpn-ipv4=10.8.0.4 vpn-ipv6=fd08::4 keepalive-interval=600 "
	   "keepalive-timeout=900 tx-id=9}", -ENOTSOCK),
	DO("peer new, first of a socket", "PEER_NEW ifindex=@tun peer{id=3 "
	   "socket=@sock2 " OUTER " vpn-ipv4=10.8.0.4}", -ENOTSOCK),
	DO("peer new, p2p replaces", "PEER_NEW ifindex=@one peer{id=2 "
	   "socket=@sock0 " OUTER "}", -ENOTSOCK),
	DO("peer new, TCP", "PEER_NEW ifindex=@tun peer{id=3 socket=@sock4 "
	   "vpn-ipv4=10.8.0.4 vpn-ipv6=fd08::4}", -ENOTSOCK),
	DO("peer new, p2p, TCP replaces", "PEER_NEW ifindex=@one peer{id=2 "
	   "socket=@sock4}", -ENOTSOCK),
	DO("peer set", "PEER_SET ifindex=@tun peer{id=1 "
	   "remote-ipv6=::ffff:127.0.0.9 remote-port=9 vpn-ipv4=10.8.0.9 "
	   "vpn-ipv6=fd08::9 keepalive-interval=601 keepalive-timeout=901 "
	   "tx-id=10}", 0),
	DO("peer set, p2p", "PEER_SET ifindex=@one peer{id=1 "
	   "remote-ipv4=127.0.0.9 remote-port=9 tx-id=10}", 0),
	DO("peer set, TCP", "PEER_SET ifindex=@tun peer{id=4 "
	   "vpn-ipv4=10.8.0.9 vpn-ipv6=fd08::9 keepalive-interval=601 "
	   "keepalive-timeout=901 tx-id=10}", 0),
	DO("peer get", "PEER_GET ifindex=@tun peer{id=1}", 0),
	DO("peer get, TCP", "PEER_GET ifindex=@tun peer{id=4}", 0),
	{ "dump", "PEER_GET ifindex=@tun", true, NULL, { 0 }, FAULT_BY_OVPN,
	  { NULL }, false },
	DO("peer del", "PEER_DEL ifindex=@tun peer{id=1}", 0),
	DO("peer del, p2p", "PEER_DEL ifindex=@one peer{id=1}", 0),
	DO("peer del, TCP", "PEER_DEL ifindex=@tun peer{id=4}", 0),
	{ "peer del, prefixes and epochs", "PEER_DEL ifindex=@tun peer{id=1}",
	  false, NULL, { 0 }, FAULT_BY_OVPN, { PREFIXES, EPOCHS }, false },
	{ "peer del, userspace's", "PEER_DEL ifindex=@tun peer{id=4}",
	  false, NULL, { 0 }, FAULT_BY_OVPN, { USERSPACE(4) }, true },
	/* an algorithm that cannot be made may look as if there were none */
	DO("key new, AES", "KEY_NEW ifindex=@tun keyconf{peer-id=2 slot=0 "
	   "key-id=3 cipher-alg=aes-gcm " KEYS "}", -ENOENT, -EINTR, -EAGAIN),
	DO("key new, ChaCha", "KEY_NEW ifindex=@tun keyconf{peer-id=1 slot=1 "
	   "key-id=3 cipher-alg=chacha20-poly1305 " KEYS "}", -ENOENT, -EINTR,
	   -EAGAIN),
	DO("key new, TCP", "KEY_NEW ifindex=@tun keyconf{peer-id=4 slot=1 "
	   "key-id=3 cipher-alg=aes-gcm " KEYS "}", -ENOENT, -EINTR, -EAGAIN),
	DO("key get", "KEY_GET ifindex=@tun keyconf{peer-id=1 slot=0}", 0),
	DO("key swap", "KEY_SWAP ifindex=@tun keyconf{peer-id=1}", 0),
	DO("key swap, TCP", "KEY_SWAP ifindex=@tun keyconf{peer-id=4}", 0),
	DO("key del", "KEY_DEL ifindex=@tun keyconf{peer-id=1 slot=0}", 0),
	{ "key del, epochs", "KEY_DEL ifindex=@tun keyconf{peer-id=1 slot=1}",
	  false, NULL, { 0 }, FAULT_BY_OVPN, { EPOCHS }, false },
	/* the core says so when it is IPv6 that has no memory for it */
	{ "link add", NULL, false, run_link_add, { -EINVAL }, FAULT_BY_LINK,
	  { NULL }, false },
	{ "link del", NULL, false, run_link_del, { 0 }, FAULT_BY_LINK,
	  { NULL }, false },
	{ "link del, with all that there is", NULL, false, run_link_del, { 0 },
	  FAULT_BY_LINK, { PREFIXES, EPOCHS }, true },
	RUN("close", run_close),
	RUN("close, TCP", run_close_tcp),
	RUN("send", run_send),
	RUN("send, TCP", run_send_tcp),
	RUN("control packet, TCP", run_control),

	DO_X("x: features", "GET_FEATURES", 0),
	DO_X("x: dev get", "DEV_GET ifindex=@tun", 0),
	DO_X("x: dev set", "DEV_SET ifindex=@tun dev{mss=1300}", 0),
	{ "x: dev open", NULL, false, run_open, { 0 }, FAULT_BY_OVPNX,
	  { NULL }, false },
	{ "x: close", NULL, false, run_close_file, { 0 }, FAULT_BY_OVPNX,
	  { USERSPACE(1) }, true },
	{ "x: write", NULL, false, run_write, { 0 }, FAULT_BY_OVPNX,
	  { USERSPACE(1) }, true },
	{ "x: send", NULL, false, run_send_tcp, { 0 }, FAULT_BY_OVPNX,
	  { USERSPACE(4) }, true },
	DO_X("x: peer get", "PEER_GET ifindex=@tun peer{id=1}", 0),
	DO_X("x: peer get, TCP", "PEER_GET ifindex=@tun peer{id=4}", 0),
	{ "x: dump", "PEER_GET ifindex=@tun", true, NULL, { 0 },
	  FAULT_BY_OVPNX, { NULL }, false },
	DO_X("x: to userspace", USERSPACE(1), 0),
	DO_X("x: to userspace, TCP", USERSPACE(4), 0),
	{ "x: from userspace, TCP", "PEER_SET ifindex=@tun peer{id=4 flags=0}",
	  false, NULL, { 0 }, FAULT_BY_OVPNX, { USERSPACE(4) }, false },
	DO_X("x: key new, used", "KEY_NEW ifindex=@tun keyconf{peer-id=1 "
	     "slot=0 key-id=7 cipher-alg=aes-gcm usage-max=5000 "
	     "encrypt{key=32*a1 nonce=8*a2 packet-id=7 usage=8} "
	     "decrypt{key=32*b1 nonce=8*b2 packet-id=9 usage=10 failures=11 "
	     "seen=ff}}", -ENOENT, -EINTR, -EAGAIN),
	DO_X("x: key new, epochs", EPOCHS, -ENOENT, -EINTR, -EAGAIN),
	{ "x: key get, epochs", "KEY_GET ifindex=@tun keyconf{peer-id=1 "
	  "slot=1}", false, NULL, { 0 }, FAULT_BY_OVPNX, { EPOCHS }, false },
	{ "x: prefix get", "PREFIX_GET ifindex=@tun peer{id=1}", false, NULL,
	  { 0 }, FAULT_BY_OVPNX, { PREFIXES }, false },
	DO_X("x: prefix set", PREFIXES, 0),
	{ "x: prefix set, others", "PREFIX_SET ifindex=@tun peer{id=1 "
	  "prefix{ipv4=10.20.0.0 len=16} prefix{ipv4=10.21.1.0 len=24} "
	  "prefix{ipv6=fd21:: len=64}}", false, NULL, { 0 }, FAULT_BY_OVPNX,
	  { PREFIXES }, false },
	{ "x: prefix add", "PREFIX_ADD ifindex=@tun peer{id=1 "
	  "prefix{ipv4=10.20.128.0 len=17} prefix{ipv4=10.21.0.0 len=16} "
	  "prefix{ipv6=fd20:1:: len=48}}", false, NULL, { 0 }, FAULT_BY_OVPNX,
	  { PREFIXES }, false },
	{ "x: prefix del", "PREFIX_DEL ifindex=@tun peer{id=1 "
	  "prefix{ipv4=10.20.0.0 len=16} prefix{ipv6=fd20:: len=32}}", false,
	  NULL, { 0 }, FAULT_BY_OVPNX, { PREFIXES }, false },
};

const size_t fault_case_count = sizeof(fault_cases) / sizeof(fault_cases[0]);
