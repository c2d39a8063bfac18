// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What takes many requests, or many at a time.
 *
 * usage: fire [-n NETNS] MODE...
 *	crowd N		how long N peers take to come and go
 *	cycles N	N peers, one after the other; prints what the kernel's
 *			memory did meanwhile
 *	race ...	see fire_race.c
 *	fault [NAME]	see fire_fault.c
 *	form [N]	see fire_form.c; "tun" has to be there
 * Makes the devices that it needs.
 */
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fire.h"
#include "ovpn_sock.h"

double fire_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int fire_resolve(void *data, const char *name, uint32_t *value)
{
	(void)data;
	*value = if_nametoindex(name);
	return *value ? 0 : -ENODEV;
}

int fire_call(struct ovpn_nl *nl, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return ovpn_nl_request(nl, text, false, NULL, fire_resolve, NULL);
}

struct fire_text {
	char *text;
	size_t size;
};

static void fire_line(const struct nlmsghdr *nlh, void *data)
{
	struct fire_text *out = data;
	size_t len = strlen(out->text);
	char line[OVPN_NL_TEXT];

	spec_decode(nlh, line, sizeof(line));
	snprintf(out->text + len, out->size - len, "%s\n", line);
}

int fire_ask(struct ovpn_nl *nl, const char *request, bool is_dump, char *text,
	     size_t size)
{
	struct fire_text out = { .text = text, .size = size };

	text[0] = '\0';
	return ovpn_nl_request(nl, request, is_dump, fire_line, fire_resolve,
			       &out);
}

static int peer_new(struct ovpn_nl *nl, unsigned int id, int sock)
{
	return fire_call(nl, "PEER_NEW ifindex=@tun peer{id=%u socket=%d "
			 "remote-ipv4=10.99.0.1 remote-port=%u "
			 "vpn-ipv4=10.%u.%u.%u vpn-ipv6=fd08::%x:%x "
			 "keepalive-interval=600 keepalive-timeout=1200}", id,
			 sock, id % 60000 + 1, id / 60000 + 8, id / 250 % 240,
			 id % 250 + 2, id / 65536 + 1, id % 65536);
}

static int crowd_new(struct ovpn_nl *nl, unsigned int n, int sock)
{
	unsigned int id;
	int err = 0;

	for (id = 0; !err && id < n; id++)
		err = peer_new(nl, id, sock);
	return err;
}

static void crowd_count(const struct nlmsghdr *nlh, void *data)
{
	unsigned int *count = data;

	(void)nlh;
	(*count)++;
}

static double crowd_said(const char *what, double since)
{
	double now = fire_now();

	printf("%s=%.0f ", what, (now - since) * 1000);
	fflush(stdout);
	return fire_now();
}

/* Prints milliseconds. */
static int crowd(struct ovpn_nl *nl, struct ovpn_nl *rtnl, unsigned int n)
{
	int sock = ovpn_sock_udp("0.0.0.0:7002"), err;
	unsigned int id, count = 0;
	double since = fire_now();

	err = crowd_new(nl, n, sock);
	since = crowd_said("new", since);
	if (!err)
		err = ovpn_nl_request(nl, "PEER_GET ifindex=@tun", true,
				      crowd_count, fire_resolve, &count);
	since = crowd_said("dump", since);
	for (id = 0; !err && id < n; id++)
		err = fire_call(nl, "PEER_DEL ifindex=@tun peer{id=%u}", id);
	since = crowd_said("del", since);
	if (!err)
		err = crowd_new(nl, n, sock);
	since = crowd_said("again", since);
	close(sock);
	since = crowd_said("close", since);
	sock = ovpn_sock_udp("0.0.0.0:7002");
	if (!err)
		err = crowd_new(nl, n, sock);
	since = crowd_said("again", since);
	if (!err)
		err = ovpn_nl_link_del(rtnl, "tun");
	crowd_said("link-del", since);
	printf("seen=%u\n", count);
	close(sock);
	return err ? err : count == n ? 0 : -EPROTO;
}

static unsigned long meminfo(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long value = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			value = strtoul(line + strlen(name) + 1, NULL, 10);
	if (file)
		fclose(file);
	return value;
}

static void cycles_memory(unsigned int n)
{
	/* what is freed after a grace period, in a work */
	sleep(2);
	printf("cycles=%u slab=%lu unreclaimable=%lu percpu=%lu "
	       "available=%lu\n", n, meminfo("Slab:"), meminfo("SUnreclaim:"),
	       meminfo("Percpu:"), meminfo("MemAvailable:"));
	fflush(stdout);
}

static int cycle(struct ovpn_nl *nl, unsigned int n, int *sock)
{
	static const char keys[] =
		"encrypt{key=32*a1 nonce=8*a2} decrypt{key=32*b1 nonce=8*b2}";
	unsigned int id = n % 5000;
	int err;

	err = peer_new(nl, id, *sock);
	if (!err)
		err = fire_call(nl, "KEY_NEW ifindex=@tun keyconf{peer-id=%u "
				"slot=1 key-id=0 cipher-alg=aes-gcm %s}", id,
				keys);
	if (!err)
		err = fire_call(nl, "KEY_SWAP ifindex=@tun keyconf{peer-id=%u}",
				id);
	if (!err)
		err = fire_call(nl, "PEER_SET ifindex=@tun peer{id=%u "
				"keepalive-interval=10 keepalive-timeout=60 "
				"remote-ipv4=10.99.0.9 remote-port=9}", id);
	if (err)
		return err;
	if (n % 10)
		return fire_call(nl, "PEER_DEL ifindex=@tun peer{id=%u}", id);
	close(*sock);
	*sock = ovpn_sock_udp("0.0.0.0:7002");
	return *sock < 0 ? *sock : 0;
}

/* Memory after a tenth, when caches have filled, and at the end. */
static int cycles(struct ovpn_nl *nl, unsigned int n)
{
	int sock = ovpn_sock_udp("0.0.0.0:7002"), err = 0;
	unsigned int i;
	double since;

	for (i = 0; !err && i < n / 10; i++)
		err = cycle(nl, i, &sock);
	cycles_memory(i);
	since = fire_now();
	for (; !err && i < n; i++)
		err = cycle(nl, i, &sock);
	since = fire_now() - since;
	cycles_memory(i);
	printf("per-second=%.0f\n", n * 0.9 / since);
	close(sock);
	return err;
}

int main(int argc, char **argv)
{
	struct ovpn_nl nl, rtnl;
	uint8_t mp = 1;
	int err;

	ovpn_sock_enter(&argc, &argv);
	if (argc < 2)
		return 2;
	if (!strcmp(argv[1], "fault"))
		return fire_fault(argc - 1, argv + 1);
	if (!strcmp(argv[1], "race"))
		return fire_race(argc - 1, argv + 1);
	if (!strcmp(argv[1], "form"))
		return fire_form(argc - 1, argv + 1);
	if (argc < 3)
		return 2;
	err = ovpn_nl_open_rtnl(&rtnl);
	if (!err)
		err = ovpn_nl_link_add(&rtnl, "tun", &mp, 1, true);
	if (!err)
		err = ovpn_nl_open(&nl);
	if (!err && !strcmp(argv[1], "crowd"))
		err = crowd(&nl, &rtnl, (unsigned int)atoi(argv[2]));
	else if (!err)
		err = cycles(&nl, (unsigned int)atoi(argv[2]));
	if (err)
		fprintf(stderr, "fire: %s: %s %s\n", argv[1],
			ovpn_nl_error_name(err), nl.error.text);
	return err ? 1 : 0;
}
