// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What fire_fault.c works on: devices "one" (p2p, UDP peer 1) and "tun" (mp,
 * UDP peers 1 and 2, TCP peer 4), and what can be seen of them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fire_fault.h"
#include "ovpn_sock.h"

#define KEYS "encrypt{key=32*a1 nonce=8*a2} decrypt{key=32*b1 nonce=8*b2}"
#define OUTER "remote-ipv4=127.0.0.2 remote-port=7009"
#define ID_MAX 5

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

int fault_request(struct fault *f, struct ovpn_nl *nl, const char *text,
		  bool is_dump)
{
	return ovpn_nl_request(nl, text, is_dump, NULL, fault_resolve, f);
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
		"PEER_NEW ifindex=@tun peer{id=4 socket=@sock3 "
		"vpn-ipv4=10.9.0.2}",
		"KEY_NEW ifindex=@tun keyconf{peer-id=4 slot=0 key-id=1 "
		"cipher-alg=aes-gcm " KEYS "}",
	};
	size_t i;
	int err = 0;

	for (i = 0; !err && i < sizeof(requests) / sizeof(requests[0]); i++)
		err = fault_request(f, &f->nl, requests[i], false);
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
	if (!err)
		err = link_up("one", 0x0a080001);
	return err ? err : link_up("tun", 0x0a090001);
}

static void build_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int build_data(uint32_t address)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(9),
		.sin_addr.s_addr = htonl(address),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (void *)&addr, sizeof(addr)))
		perror("connect");
	return fd;
}

/* a connection over loopback */
static int build_stream(int *near, int *far, int port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(addr);
	int err = 0, one = 1;

	*far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(listener, (void *)&addr, len) || listen(listener, 1) ||
	    connect(*far, (void *)&addr, len))
		err = -errno;
	else
		*near = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (!err && *near < 0)
		err = -errno;
	close(listener);
	return err;
}

static int build_socks(struct fault *f)
{
	char text[32];
	int i, err = 0;

	for (i = 0; i < FAULT_SOCKS; i++)
		build_close(&f->sock[i]);
	for (i = 0; i < FAULT_TCP; i++)
		build_close(&f->far[i]);
	for (i = 0; i < FAULT_UDP; i++) {
		snprintf(text, sizeof(text), "127.0.0.1:%d", 7001 + i);
		f->sock[i] = ovpn_sock_udp(text);
	}
	for (i = 0; !err && i < FAULT_TCP; i++)
		err = build_stream(&f->sock[FAULT_UDP + i], &f->far[i],
				   7010 + i);
	return err;
}

static void build_found_file(const struct nlmsghdr *nlh, void *data)
{
	char text[OVPN_NL_TEXT], *at;
	int *fd = data;

	spec_decode(nlh, text, sizeof(text));
	at = strstr(text, " dev{fd=");
	if (at)
		*fd = atoi(at + strlen(" dev{fd="));
}

/* DEV_OPEN; returns the file or -errno */
static int build_file(struct fault *f)
{
	char request[64];
	int fd = -EPROTO, err;

	snprintf(request, sizeof(request), "DEV_OPEN ifindex=%u",
		 if_nametoindex("tun"));
	err = ovpn_nl_request(&f->nlx, request, false, build_found_file, NULL,
			      &fd);
	return err ? err : fd;
}

void fault_build_begin(struct fault *f)
{
	int i;

	for (i = 0; i < FAULT_SOCKS; i++)
		f->sock[i] = -1;
	for (i = 0; i < FAULT_TCP; i++)
		f->far[i] = -1;
	f->data = -1;
	f->data_tcp = -1;
	f->file = -1;
	link_up("lo", INADDR_LOOPBACK);
}

int fault_build(struct fault *f, const struct fault_case *fc)
{
	int i, err;

	build_close(&f->file);
	err = build_links(f);
	if (!err)
		err = build_socks(f);
	if (!err)
		err = build_peers(f);
	build_close(&f->data);
	f->data = build_data(0x0a080002);
	build_close(&f->data_tcp);
	f->data_tcp = build_data(0x0a090002);
	if (!err && fc->has_file)
		f->file = build_file(f);
	if (!err && f->file < -1)
		err = f->file;
	for (i = 0; !err && i < 2 && fc->first[i]; i++)
		err = fault_request(f, &f->nlx, fc->first[i], false);
	return err;
}

/* from here to the next @to, with it or without */
static void state_cut(char *text, const char *from, char to, bool has_to)
{
	char *at, *end;

	while ((at = strstr(text, from))) {
		end = strchr(at, to);
		if (!end)
			break;
		end += has_to;
		memmove(at, end, strlen(end) + 1);
	}
}

/* what does not count as a change */
static void state_strip(char *text)
{
	state_cut(text, " vpn-rx-bytes=", '}', false);
	state_cut(text, "packet-id=", '}', false);
	state_cut(text, " drop{", '}', true);
	state_cut(text, "ifindex=", ' ', true);
}

struct state {
	struct fault *f;
	char *text;
	size_t len;
};

static void state_ask(struct state *s, struct ovpn_nl *nl, bool is_dump,
		      const char *request)
{
	char reply[FAULT_STATE / 4];
	int err;

	err = fire_ask(nl, request, is_dump, reply, sizeof(reply));
	state_strip(reply);
	s->len += (size_t)snprintf(s->text + s->len, FAULT_STATE - s->len,
				   "%.40s: %d %s\n", request, err, reply);
}

static void state_keys(struct state *s, struct ovpn_nl *nl, const char *dev,
		       unsigned int id)
{
	char request[128];
	unsigned int slot;

	for (slot = 0; slot < 2; slot++) {
		snprintf(request, sizeof(request), "KEY_GET ifindex=@%s "
			 "keyconf{peer-id=%u slot=%u}", dev, id, slot);
		state_ask(s, nl, false, request);
	}
}

static void state_dev(struct state *s, const char *dev)
{
	bool has_x = s->f->nlx.sock;
	char request[128];
	unsigned int id;

	if (!if_nametoindex(dev)) {
		s->len += (size_t)snprintf(s->text + s->len,
					   FAULT_STATE - s->len,
					   "%s is not there\n", dev);
		return;
	}
	snprintf(request, sizeof(request), "PEER_GET ifindex=@%s", dev);
	state_ask(s, &s->f->nl, true, request);
	if (has_x) {
		state_ask(s, &s->f->nlx, true, request);
		snprintf(request, sizeof(request), "DEV_GET ifindex=@%s", dev);
		state_ask(s, &s->f->nlx, false, request);
	}
	for (id = 1; id < ID_MAX; id++) {
		state_keys(s, &s->f->nl, dev, id);
		if (!has_x)
			continue;
		state_keys(s, &s->f->nlx, dev, id);
		snprintf(request, sizeof(request),
			 "PREFIX_GET ifindex=@%s peer{id=%u}", dev, id);
		state_ask(s, &s->f->nlx, false, request);
	}
}

/* Has somebody opened the file? */
static bool state_is_open(struct fault *f)
{
	int fd;

	if (!f->nlx.sock || !if_nametoindex("tun"))
		return false;
	fd = build_file(f);
	if (fd >= 0)
		close(fd);
	return fd == -EBUSY;
}

void fault_state(struct fault *f, char *text)
{
	struct state s = { .f = f, .text = text };

	state_dev(&s, "one");
	state_dev(&s, "tun");
	snprintf(text + s.len, FAULT_STATE - s.len, "new %d, open %d",
		 !!if_nametoindex("new"), state_is_open(f));
}
