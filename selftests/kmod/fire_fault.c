// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each command with its first, second, third, ... allocation failing, until it
 * has no more that could. It either fails and has changed nothing, or it has
 * done all that it should. Needs a kernel with failslab and fail_page_alloc.
 *
 * Devices "one" (p2p, peer 1) and "tun" (mp, peers 1 and 2) are made anew when
 * a command has changed them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fire.h"
#include "ovpn_sock.h"

#define FAULT_MAX 3000
#define FAULT_SOCKS 3
#define FAULT_STATE 16384
#define KEYS "encrypt{key=32*a1 nonce=8*a2} decrypt{key=32*b1 nonce=8*b2}"
#define OUTER "remote-ipv4=127.0.0.2 remote-port=7009"

/**
 * struct fault - a run
 * @armed: sends what is tested
 * @nl: looks and repairs
 * @rtnl: for links
 * @fd: of fail-nth
 * @sock: UDP sockets of "one", of "tun", and a free one
 * @data: sends through "one"
 * @before: state before a command
 * @done: state after it has worked
 * @is_dirty: the state is not @before
 * @number: of the last test
 * @failed: tests that failed
 */
struct fault {
	struct ovpn_nl armed;
	struct ovpn_nl nl;
	struct ovpn_nl rtnl;
	int fd;
	int sock[FAULT_SOCKS];
	int data;
	char before[FAULT_STATE];
	char done[FAULT_STATE];
	bool is_dirty;
	unsigned int number;
	unsigned int failed;
};

/**
 * struct fault_case - a command
 * @name: for the report
 * @text: of the request; "@one" and "@tun" are interfaces, "@sock0" and so
 *	  on sockets
 * @is_dump: ask for a dump
 * @run: instead of @text
 * @errors: which errors may come of a failed allocation, beside the usual
 */
struct fault_case {
	const char *name;
	const char *text;
	bool is_dump;
	int (*run)(struct fault *f);
	int errors[3];
};

static int fault_resolve(void *data, const char *name, uint32_t *value)
{
	struct fault *f = data;

	if (!strncmp(name, "sock", 4)) {
		*value = (uint32_t)f->sock[name[4] - '0'];
		return 0;
	}
	*value = if_nametoindex(name);
	return *value ? 0 : -ENODEV;
}

static void fault_set(const char *name, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		perror(path);
	close(fd);
}

static void fault_arm(struct fault *f, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(f->fd, text, (size_t)len, 0) != len)
		abort();
}

/* Returns whether a fault was injected. */
static bool fault_disarm(struct fault *f)
{
	char text[16] = "";

	if (pread(f->fd, text, sizeof(text) - 1, 0) <= 0)
		abort();
	fault_arm(f, 0);
	return !atoi(text);
}

static void fault_drain(struct ovpn_nl *nl)
{
	char buf[8192];
	int n;

	/* an error that is pending counts as one, too */
	for (n = 0; n < 64; n++)
		if (recv(mnl_socket_get_fd(nl->sock), buf, sizeof(buf),
			 MSG_DONTWAIT) < 0 && errno == EAGAIN)
			return;
}

static int build_peers(struct fault *f)
{
	static const char *const requests[] = {
		"PEER_NEW ifindex=@one peer{id=1 socket=@sock0 " OUTER "}",
		"KEY_NEW ifindex=@one keyconf{peer-id=1 slot=0 key-id=1 "
		"cipher-alg=aes-gcm " KEYS "}",
		"PEER_NEW ifindex=@tun peer{id=1 socket=@sock1 " OUTER
		" vpn-ipv4=10.8.0.2 vpn-ipv6=fd08::2}",
		"PEER_NEW ifindex=@tun peer{id=2 socket=@sock1 " OUTER
		" vpn-ipv4=10.8.0.3}",
		"KEY_NEW ifindex=@tun keyconf{peer-id=1 slot=0 key-id=1 "
		"cipher-alg=aes-gcm " KEYS "}",
		"KEY_NEW ifindex=@tun keyconf{peer-id=1 slot=1 key-id=2 "
		"cipher-alg=aes-gcm " KEYS "}",
	};
	size_t i;
	int err = 0;

	for (i = 0; !err && i < sizeof(requests) / sizeof(requests[0]); i++)
		err = ovpn_nl_request(&f->nl, requests[i], false, NULL,
				      fault_resolve, f);
	return err;
}

static int link_up(const char *name, uint32_t address)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(address),
	};
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), err = 0;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	memcpy(&ifr.ifr_addr, &addr, sizeof(addr));
	if (ioctl(fd, SIOCSIFADDR, &ifr))
		err = -errno;
	/* the other end of a link that has two; "lo" does not mind */
	addr.sin_addr.s_addr = htonl(address + 1);
	memcpy(&ifr.ifr_dstaddr, &addr, sizeof(addr));
	if (!err)
		ioctl(fd, SIOCSIFDSTADDR, &ifr);
	ifr.ifr_flags = IFF_UP;
	if (!err && ioctl(fd, SIOCSIFFLAGS, &ifr))
		err = -errno;
	close(fd);
	return err;
}

static int build_links(struct fault *f)
{
	uint8_t mode = 0;
	int err;

	ovpn_nl_link_del(&f->rtnl, "new");
	ovpn_nl_link_del(&f->rtnl, "one");
	ovpn_nl_link_del(&f->rtnl, "tun");
	err = ovpn_nl_link_add(&f->rtnl, "one", &mode, 1, true);
	mode = 1;
	if (!err)
		err = ovpn_nl_link_add(&f->rtnl, "tun", &mode, 1, true);
	return err ? err : link_up("one", 0x0a080001);
}

static int open_data(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(9),
		.sin_addr.s_addr = htonl(0x0a080002),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (void *)&addr, sizeof(addr)))
		perror("connect");
	return fd;
}

static int build(struct fault *f)
{
	char text[32];
	int i, err;

	err = build_links(f);
	for (i = 0; i < FAULT_SOCKS; i++) {
		if (f->sock[i] >= 0)
			close(f->sock[i]);
		snprintf(text, sizeof(text), "127.0.0.1:%d", 7001 + i);
		f->sock[i] = ovpn_sock_udp(text);
	}
	if (!err)
		err = build_peers(f);
	if (f->data >= 0)
		close(f->data);
	f->data = open_data();
	return err;
}

static size_t state_dev(struct fault *f, const char *dev, char *text,
			size_t size)
{
	char request[128], reply[FAULT_STATE / 4], *at;
	unsigned int id, slot;
	size_t len;
	int err;

	if (!if_nametoindex(dev))
		return (size_t)snprintf(text, size, "%s is not there\n", dev);
	snprintf(request, sizeof(request), "PEER_GET ifindex=@%s", dev);
	err = fire_ask(&f->nl, request, true, reply, sizeof(reply));
	while ((at = strstr(reply, " vpn-rx-bytes=")))
		memmove(at, strchr(at, '}'), strlen(strchr(at, '}')) + 1);
	len = (size_t)snprintf(text, size, "%s %d %s", dev, err, reply);
	for (id = 1; id < 4; id++) {
		for (slot = 0; slot < 2; slot++) {
			snprintf(request, sizeof(request), "KEY_GET "
				 "ifindex=@%s keyconf{peer-id=%u slot=%u}",
				 dev, id, slot);
			err = fire_ask(&f->nl, request, false, reply,
				       sizeof(reply));
			len += (size_t)snprintf(text + len, size - len,
						"%u %u %d %s\n", id, slot, err,
						reply);
		}
	}
	return len;
}

/* All that can be seen of devices, peers and keys, but counters. */
static void state(struct fault *f, char *text)
{
	size_t len;

	len = state_dev(f, "one", text, FAULT_STATE);
	len += state_dev(f, "tun", text + len, FAULT_STATE - len);
	snprintf(text + len, FAULT_STATE - len, "new %d",
		 !!if_nametoindex("new"));
}

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

static const struct fault_case fault_cases[] = {
	{ "peer new", "PEER_NEW ifindex=@tun peer{id=3 socket=@sock1 " OUTER
	  " vpn-ipv4=10.8.0.4 vpn-ipv6=fd08::4 keepalive-interval=600 "
	  "keepalive-timeout=900 tx-id=9}", false, NULL, { -ENOTSOCK } },
	{ "peer new, first of a socket", "PEER_NEW ifindex=@tun peer{id=3 "
	  "socket=@sock2 " OUTER " vpn-ipv4=10.8.0.4}", false, NULL,
	  { -ENOTSOCK } },
	{ "peer new, p2p replaces", "PEER_NEW ifindex=@one peer{id=2 "
	  "socket=@sock0 " OUTER "}", false, NULL, { -ENOTSOCK } },
	{ "peer set", "PEER_SET ifindex=@tun peer{id=1 "
	  "remote-ipv6=::ffff:127.0.0.9 remote-port=9 vpn-ipv4=10.8.0.9 "
	  "vpn-ipv6=fd08::9 keepalive-interval=601 keepalive-timeout=901 "
	  "tx-id=10}", false, NULL, { 0 } },
	{ "peer set, p2p", "PEER_SET ifindex=@one peer{id=1 "
	  "remote-ipv4=127.0.0.9 remote-port=9 tx-id=10}", false, NULL,
	  { 0 } },
	{ "peer get", "PEER_GET ifindex=@tun peer{id=1}", false, NULL, { 0 } },
	{ "dump", "PEER_GET ifindex=@tun", true, NULL, { 0 } },
	{ "peer del", "PEER_DEL ifindex=@tun peer{id=1}", false, NULL, { 0 } },
	{ "peer del, p2p", "PEER_DEL ifindex=@one peer{id=1}", false, NULL,
	  { 0 } },
	/* an algorithm that cannot be made may look as if there were none */
	{ "key new, AES", "KEY_NEW ifindex=@tun keyconf{peer-id=2 slot=0 "
	  "key-id=3 cipher-alg=aes-gcm " KEYS "}", false, NULL,
	  { -ENOENT, -EINTR, -EAGAIN } },
	{ "key new, ChaCha", "KEY_NEW ifindex=@tun keyconf{peer-id=1 slot=1 "
	  "key-id=3 cipher-alg=chacha20-poly1305 " KEYS "}", false, NULL,
	  { -ENOENT, -EINTR, -EAGAIN } },
	{ "key get", "KEY_GET ifindex=@tun keyconf{peer-id=1 slot=0}", false,
	  NULL, { 0 } },
	{ "key swap", "KEY_SWAP ifindex=@tun keyconf{peer-id=1}", false, NULL,
	  { 0 } },
	{ "key del", "KEY_DEL ifindex=@tun keyconf{peer-id=1 slot=0}", false,
	  NULL, { 0 } },
	/* the core says so when it is IPv6 that has no memory for it */
	{ "link add", NULL, false, run_link_add, { -EINVAL } },
	{ "link del", NULL, false, run_link_del, { 0 } },
	{ "close", NULL, false, run_close, { 0 } },
	{ "send", NULL, false, run_send, { 0 } },
};

static int fault_do(struct fault *f, const struct fault_case *fc)
{
	if (fc->run)
		return fc->run(f);
	return ovpn_nl_request(&f->armed, fc->text, fc->is_dump, NULL,
			       fault_resolve, f);
}

static bool is_expected(const struct fault_case *fc, int err)
{
	size_t i;

	if (err == -ENOMEM || err == -ENOBUFS)
		return true;
	for (i = 0; i < sizeof(fc->errors) / sizeof(fc->errors[0]); i++)
		if (err && fc->errors[i] == err)
			return true;
	return false;
}

/* @n: which allocation failed, 0: none. Returns whether all is as expected. */
static bool judge(struct fault *f, const struct fault_case *fc, unsigned int n,
		  int err)
{
	static char now[FAULT_STATE];
	bool is_done, is_same;

	state(f, now);
	is_done = !strcmp(now, f->done);
	is_same = !strcmp(now, f->before);
	f->is_dirty = !is_same;
	/* what was done may be unknown, as the answer needs memory, too */
	if (err ? is_expected(fc, err) && (is_same ||
					   (err == -ENOBUFS && is_done)) :
		  is_done)
		return true;
	printf("#   %s, allocation %u fails: %s, %s\n#   before: %s\n"
	       "#   now: %s\n", fc->name, n, ovpn_nl_error_name(err),
	       is_same ? "nothing done" : is_done ? "done" : "half done",
	       f->before, now);
	return false;
}

static bool fault_sweep(struct fault *f, const struct fault_case *fc,
			unsigned int *count)
{
	bool is_ok = true, is_injected = true;
	unsigned int n;
	int err;

	f->is_dirty = true;
	for (n = 1; is_ok && is_injected && n < FAULT_MAX; n++) {
		err = f->is_dirty ? build(f) : 0;
		if (err) {
			printf("#   build: %s\n", ovpn_nl_error_name(err));
			return false;
		}
		fault_drain(&f->armed);
		fault_arm(f, n);
		err = fault_do(f, fc);
		is_injected = fault_disarm(f);
		is_ok = judge(f, fc, is_injected ? n : 0, err);
	}
	*count = n - 2;
	return is_ok && n > 1 && n < FAULT_MAX;
}

static void fault_case_run(struct fault *f, const struct fault_case *fc)
{
	unsigned int count = 0;
	bool is_ok;
	int err;

	/* once without, which also fills caches and loads modules */
	err = build(f);
	state(f, f->before);
	if (!err)
		err = fault_do(f, fc);
	state(f, f->done);
	is_ok = !err && fault_sweep(f, fc, &count);
	f->number++;
	f->failed += !is_ok;
	if (err)
		printf("#   %s: %s %s\n", fc->name, ovpn_nl_error_name(err),
		       f->armed.error.text);
	printf("%s %u %s, %u allocations\n", is_ok ? "ok" : "not ok",
	       f->number, fc->name, count);
}

static int fault_open(struct fault *f)
{
	int err, i;

	f->fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (f->fd < 0)
		return -errno;
	fault_set("failslab/ignore-gfp-wait", "N");
	fault_set("failslab/verbose", "0");
	fault_set("fail_page_alloc/ignore-gfp-wait", "N");
	fault_set("fail_page_alloc/min-order", "0");
	fault_set("fail_page_alloc/verbose", "0");
	for (i = 0; i < FAULT_SOCKS; i++)
		f->sock[i] = -1;
	f->data = -1;
	link_up("lo", INADDR_LOOPBACK);
	err = ovpn_nl_open_rtnl(&f->rtnl);
	if (!err)
		err = ovpn_nl_link_add(&f->rtnl, "tun", NULL, 0, true);
	if (!err)
		err = ovpn_nl_open(&f->nl);
	if (err)
		return err;
	/* a page of ours that is not there would be an allocation, too */
	return mlockall(MCL_CURRENT | MCL_FUTURE) ? -errno : 0;
}

int fire_fault(int argc, char **argv)
{
	static struct fault f;
	size_t i, n = sizeof(fault_cases) / sizeof(fault_cases[0]);
	int err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	err = fault_open(&f);
	if (err) {
		printf("1..0 # SKIP no fault injection: %s\n",
		       ovpn_nl_error_name(err));
		return 4;
	}
	printf("TAP version 13\n1..%zu\n", n);
	for (i = 0; i < n; i++) {
		const struct fault_case *fc = &fault_cases[i];

		if (argc > 1 && strcmp(argv[1], fc->name))
			continue;
		err = fc->run == run_link_add || fc->run == run_link_del ?
			ovpn_nl_open_rtnl(&f.armed) : ovpn_nl_open(&f.armed);
		if (err)
			return 1;
		fault_case_run(&f, fc);
		ovpn_nl_close(&f.armed);
	}
	return f.failed ? 1 : 0;
}
