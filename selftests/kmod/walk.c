// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A random walk over everything that can be asked of the driver, beside a model
 * that predicts each errno, answer and event, and what all peers and keys look
 * like afterwards. KTAP on standard output.
 *
 * usage: walk [--intree] [--seed N] [--steps N] [--from N]
 *	--intree	the driver is the in-tree one
 *	--seed		default: by the clock; printed in any case
 *	--steps		how many (default 2000)
 *	--from		show each step from this one on
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "walk_x.h"

#define WALK_TEXT 4096
#define WALK_LINES (WALK_IDS * 600)

/* Answers of one request, a line each. */
struct walk_got {
	char text[WALK_LINES];
};

static void collect(const struct nlmsghdr *nlh, void *data)
{
	struct walk_got *got = data;
	size_t len = strlen(got->text);
	char text[OVPN_NL_TEXT];

	spec_decode(nlh, text, sizeof(text));
	snprintf(got->text + len, sizeof(got->text) - len, "%s%s",
		 len ? "\n" : "", text);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The in-tree driver's dumps and some events come in no order. */
static void sort_lines(char *text)
{
	char copy[WALK_LINES], *line[WALK_EVENTS], *save, *at;
	size_t n = 0, i;

	snprintf(copy, sizeof(copy), "%s", text);
	for (at = strtok_r(copy, "\n", &save); at && n < WALK_EVENTS;
	     at = strtok_r(NULL, "\n", &save))
		line[n++] = at;
	qsort(line, n, sizeof(line[0]), compare);
	text[0] = '\0';
	for (i = 0; i < n; i++)
		text += sprintf(text, "%s%s", i ? "\n" : "", line[i]);
}

static bool wrong(struct walk *w, const char *what, const char *expected,
		  const char *got)
{
	printf("#   step %u, %s\n#   expected %s\n#   got      %s\n", w->step,
	       what, expected, got);
	return false;
}

/* One outcome: errno and answers */
static bool outcome_is(struct walk *w, const char *what, int err,
		       const char *text, int got_err, const char *got)
{
	char expected[WALK_LINES + 32], actual[WALK_LINES + 32];

	if (err == got_err && !strcmp(text, got))
		return true;
	snprintf(expected, sizeof(expected), "%s %s", ovpn_nl_error_name(err),
		 text);
	snprintf(actual, sizeof(actual), "%s %s", ovpn_nl_error_name(got_err),
		 got);
	return wrong(w, what, expected, actual);
}

/* Which driver a cipher has is not the model's business. */
static void hide_driver(char *text)
{
	char *at = strstr(text, "crypto-driver=");
	size_t len;

	if (!at)
		return;
	at += strlen("crypto-driver=");
	len = strcspn(at, " }");
	*at++ = '*';
	memmove(at, at + len - 1, strlen(at + len - 1) + 1);
}

/* A request whose outcome is known. */
static bool ask(struct walk *w, struct ovpn_nl *nl, const char *text, int err,
		const char *expected)
{
	static struct walk_got got;
	int got_err;

	if (w->is_loud)
		printf("# %u net %d %s %s\n", w->step, nl != &w->net[0].genl &&
		       nl != &w->net[0].genl_x, nl->spec == &spec_ovpnx ? "x" :
		       "-", text);
	got.text[0] = '\0';
	got_err = ovpn_nl_request(nl, text, false, collect, NULL, &got);
	hide_driver(got.text);
	return outcome_is(w, text, err, err ? "" : expected, got_err, got.text);
}

static bool step_request(struct walk *w, const struct walk_req *req)
{
	char text[WALK_TEXT], expected[WALK_TEXT];
	int err;

	walk_req_text(w, req, text, sizeof(text));
	err = walk_predict(w, req, expected, sizeof(expected));
	return ask(w, &w->net[req->net].genl, text, err, expected);
}

static bool step_x(struct walk *w, const struct walk_x *req)
{
	char text[WALK_TEXT], expected[WALK_TEXT];
	int err;

	walk_x_text(w, req, text, sizeof(text));
	err = walk_x_predict(w, req, expected, sizeof(expected));
	return ask(w, &w->net[req->net].genl_x, text, err, expected);
}

static bool check_dump(struct walk *w, int dev)
{
	static char expected[WALK_LINES];
	static struct walk_got got;
	int net = w->dev[dev].net, err;
	size_t len = 0;
	char text[64];
	uint32_t id;

	if (net == WALK_NONE)
		return true;
	expected[0] = '\0';
	for (id = 0; id < WALK_IDS; id++) {
		if (!w->dev[dev].peer[id].is_set)
			continue;
		if (len)
			expected[len++] = '\n';
		walk_peer_text(w, net, dev, id, expected + len,
			       sizeof(expected) - len);
		len += strlen(expected + len);
	}
	snprintf(text, sizeof(text), "PEER_GET ifindex=%u",
		 w->dev[dev].index);
	got.text[0] = '\0';
	err = ovpn_nl_request(&w->net[net].genl, text, true, collect, NULL,
			      &got);
	if (w->is_intree) {
		sort_lines(expected);
		sort_lines(got.text);
	}
	return outcome_is(w, "dump", 0, expected, err, got.text);
}

static bool check_keys(struct walk *w, int dev, uint32_t id)
{
	struct walk_req req = {
		.cmd = WALK_KEY_GET, .net = w->dev[dev].net, .dev = dev,
		.has_nest = true, .peer_id = { true, id }, .slot.is_set = true,
	};
	struct walk_x req_x = {
		.cmd = WALK_X_KEY_GET, .net = w->dev[dev].net, .dev = dev,
		.has_nest = true, .peer_id = { true, id }, .slot.is_set = true,
	};
	bool is_ok = true;

	for (req.slot.value = 0; is_ok && req.slot.value < 2;
	     req.slot.value++) {
		req_x.slot = req.slot;
		is_ok = step_request(w, &req) &&
			(w->is_intree || step_x(w, &req_x));
	}
	return is_ok;
}

/* Everything that is told about a peer beside its dump. */
static bool check_peer(struct walk *w, int dev, uint32_t id)
{
	static const enum walk_x_cmd cmds[] = {
		WALK_X_PEER_GET, WALK_X_PREFIX_GET,
	};
	struct walk_x req = {
		.net = w->dev[dev].net, .dev = dev, .has_nest = true,
		.id = { true, id },
	};
	bool is_ok = check_keys(w, dev, id);
	size_t i;

	for (i = 0; is_ok && !w->is_intree && i < 2; i++) {
		req.cmd = cmds[i];
		is_ok = step_x(w, &req);
	}
	return is_ok;
}

static bool check_peers(struct walk *w, int dev)
{
	struct walk_x req = {
		.cmd = WALK_X_DEV_GET, .net = w->dev[dev].net, .dev = dev,
	};
	bool is_ok = w->is_intree || step_x(w, &req);
	uint32_t id;

	for (id = 0; is_ok && id < WALK_IDS; id++)
		if (w->dev[dev].peer[id].is_set)
			is_ok = check_peer(w, dev, id);
	return is_ok;
}

static void read_events(struct ovpn_nl *nl, char *text, size_t size)
{
	char buf[8192] __attribute__((aligned(8))), line[OVPN_NL_TEXT];
	const struct nlmsghdr *nlh;
	size_t used;
	int len;

	spec_family = nl->spec;
	text[0] = '\0';
	for (;;) {
		len = (int)recv(mnl_socket_get_fd(nl->sock), buf, sizeof(buf),
				MSG_DONTWAIT);
		if (len <= 0)
			return;
		for (nlh = (void *)buf; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			spec_decode(nlh, line, sizeof(line));
			used = strlen(text);
			snprintf(text + used, size - used, "%s%s",
				 used ? "\n" : "", line);
		}
	}
}

/* Events are there before the request that caused them is answered. */
static bool check_events(struct walk *w)
{
	static char expected[WALK_LINES], got[WALK_LINES];
	bool is_ok = true;
	unsigned int i;
	int net;

	for (net = 0; net < WALK_NETS; net++) {
		expected[0] = '\0';
		for (i = 0; i < w->event_count[net]; i++)
			sprintf(expected + strlen(expected), "%s%s",
				i ? "\n" : "", w->event[net][i]);
		w->event_count[net] = 0;
		read_events(&w->net[net].events, got, sizeof(got));
		sort_lines(expected);
		sort_lines(got);
		if (strcmp(expected, got))
			is_ok = wrong(w, net ? "events in namespace 1" :
				      "events in namespace 0", expected, got);
	}
	return is_ok;
}

/* choices */

/* mostly an id that there can be */
static struct walk_opt choose_id(struct walk *w, bool is_new)
{
	struct walk_opt opt = walk_maybe(w, 98, WALK_IDS);

	if (walk_chance(w, 2))
		opt.value = 0x1000000;
	else if (!is_new && walk_chance(w, 3))
		opt.value = 0xffffff;
	return opt;
}

static void choose_outer(struct walk *w, struct walk_req *req,
			 uint32_t percent)
{
	bool is_v6 = walk_chance(w, 50);

	if (walk_chance(w, percent)) {
		if (is_v6)
			req->remote6 = walk_maybe(w, 100, walk_outer6_count);
		else
			req->remote4 = walk_maybe(w, 100, walk_outer4_count);
		req->port = walk_maybe(w, 97, 3);
		/* 0 is refused; seldom */
		if (req->port.is_set && (req->port.value || walk_chance(w, 90)))
			req->port.value += 5000;
		if (is_v6)
			req->local6 = walk_maybe(w, 30, walk_outer6_count);
		else
			req->local4 = walk_maybe(w, 30, walk_outer4_count);
		req->scope = walk_maybe(w, is_v6 ? 20 : 2, 3);
	}
	if (walk_chance(w, 2))
		req->remote4 = walk_maybe(w, 100, walk_outer4_count);
	if (walk_chance(w, 2))
		req->local6 = walk_maybe(w, 100, walk_outer6_count);
}

static void choose_inner(struct walk *w, struct walk_req *req, uint32_t percent)
{
	/* the bad ones are last; seldom */
	uint32_t n4 = walk_chance(w, 8) ? (uint32_t)walk_vpn4_count : 4;
	uint32_t n6 = walk_chance(w, 8) ? (uint32_t)walk_vpn6_count : 4;

	if (req->dev < WALK_DEVS && !walk_is_mp(req->dev) && !walk_chance(w, 5))
		return;
	req->vpn4 = walk_maybe(w, percent, n4);
	req->vpn6 = walk_maybe(w, percent, n6);
}

/* May the device have this socket for one more peer? */
static bool is_usable(const struct walk *w, const struct walk_req *req)
{
	const struct walk_sock *sock = &w->sock[req->sock.value];

	if (sock->fd == WALK_NONE)
		return false;
	return sock->dev == WALK_NONE ||
	       (sock->dev == req->dev && !sock->is_tcp);
}

static void choose_socket(struct walk *w, struct walk_req *req)
{
	unsigned int i;

	if (req->cmd != WALK_PEER_NEW && !walk_chance(w, 2))
		return;
	req->sock = walk_maybe(w, 98, WALK_SOCKS);
	for (i = 0; i < WALK_SOCKS && walk_chance(w, 95); i++)
		if (!is_usable(w, req))
			req->sock.value = (req->sock.value + 1) % WALK_SOCKS;
	if (walk_chance(w, 3))
		req->sock.value = WALK_SOCKS + walk_rand(w, 2);
}

/* Is it about a connection? */
static bool is_tcp(const struct walk *w, const struct walk_req *req)
{
	const struct walk_peer *peer;

	if (req->cmd == WALK_PEER_NEW)
		return req->sock.value < WALK_SOCKS &&
		       w->sock[req->sock.value].is_tcp;
	if (req->dev >= WALK_DEVS || req->id.value >= WALK_IDS)
		return false;
	peer = &w->dev[req->dev].peer[req->id.value];
	return peer->is_set && w->sock[peer->sock].is_tcp;
}

static void choose_peer(struct walk *w, struct walk_req *req)
{
	bool is_new = req->cmd == WALK_PEER_NEW;

	req->id = choose_id(w, is_new);
	if ((req->cmd == WALK_PEER_GET || req->cmd == WALK_PEER_DEL) &&
	    !walk_chance(w, 5))
		return;
	choose_socket(w, req);
	choose_outer(w, req, is_tcp(w, req) ? 20 : is_new ? 97 : 40);
	choose_inner(w, req, is_new ? 75 : 30);
	if (walk_chance(w, 20)) {
		req->interval = walk_maybe(w, 97, 3);
		req->timeout = walk_maybe(w, 97, 3);
		/* long ones: nothing must happen by itself */
		req->interval.value *= 43200;
		req->timeout.value *= 43200;
		if (walk_chance(w, 3))
			req->timeout.value = 86401;
	}
	if (walk_chance(w, 25)) {
		req->tx_id = walk_maybe(w, 100, 0x1000000);
		if (walk_chance(w, 5))
			req->tx_id.value = 0x1000000;
	}
}

static void choose_key(struct walk *w, struct walk_req *req)
{
	static const uint32_t lens[] = { 16, 24, 32, 32, 32, 32, 20, 0, 33 };
	bool is_new = req->cmd == WALK_KEY_NEW;

	req->peer_id = choose_id(w, false);
	if (req->cmd != WALK_KEY_SWAP || walk_chance(w, 5))
		req->slot = walk_maybe(w, 98, walk_chance(w, 3) ? 3 : 2);
	if (is_new || walk_chance(w, 3)) {
		req->key_id = walk_maybe(w, 98, walk_chance(w, 3) ? 9 : 8);
		req->alg = walk_maybe(w, 98, 2);
		req->alg.value++;
		if (walk_chance(w, 4))
			req->alg.value = walk_chance(w, 50) ? 0 : 3;
		req->encrypt = walk_maybe(w, 98, 256);
		req->decrypt = walk_maybe(w, 98, 256);
	}
	req->key_len = lens[walk_rand(w, sizeof(lens) / sizeof(lens[0]))];
}

static bool step_any_request(struct walk *w)
{
	static const enum walk_cmd cmds[] = {
		WALK_PEER_NEW, WALK_PEER_NEW, WALK_PEER_NEW, WALK_PEER_SET,
		WALK_PEER_SET, WALK_PEER_SET, WALK_PEER_GET, WALK_PEER_DEL,
		WALK_KEY_NEW, WALK_KEY_NEW, WALK_KEY_GET, WALK_KEY_SWAP,
		WALK_KEY_DEL,
	};
	struct walk_req req = { .has_nest = !walk_chance(w, 1) };

	req.cmd = cmds[walk_rand(w, sizeof(cmds) / sizeof(cmds[0]))];
	req.dev = (int)walk_rand(w, WALK_DEVS);
	req.net = w->dev[req.dev].net;
	if (req.net == WALK_NONE || walk_chance(w, 2))
		req.net = (int)walk_rand(w, WALK_NETS);
	if (walk_chance(w, 3))
		req.dev = WALK_DEVS + (int)walk_rand(w, WALK_DEV_END -
						     WALK_DEVS);
	if (req.cmd < WALK_KEY_NEW)
		choose_peer(w, &req);
	else
		choose_key(w, &req);
	return step_request(w, &req);
}

/* mostly one that is there, and more of those with many peers */
static int any_device(struct walk *w)
{
	int dev = (int)walk_rand(w, WALK_DEVS), tries;

	for (tries = 0; tries < 3 && w->dev[dev].net == WALK_NONE; tries++)
		dev = (int)walk_rand(w, WALK_DEVS);
	if (!walk_is_mp(dev) && walk_chance(w, 50))
		return dev + WALK_DEVS / 2;
	return dev;
}

static bool step_any_x(struct walk *w)
{
	struct walk_x req = { .dev = any_device(w) };

	req.net = w->dev[req.dev].net;
	if (req.net == WALK_NONE || walk_chance(w, 2))
		req.net = (int)walk_rand(w, WALK_NETS);
	if (walk_chance(w, 3))
		req.dev = WALK_DEVS + (int)walk_rand(w, WALK_DEV_END -
						     WALK_DEVS);
	walk_x_choose(w, &req);
	return step_x(w, &req);
}

static bool step_device(struct walk *w)
{
	int dev = (int)walk_rand(w, WALK_DEVS);
	int net = (int)walk_rand(w, WALK_NETS), err;
	const char *what;
	char text[64];

	if (w->dev[dev].net == WALK_NONE) {
		what = "add";
		err = walk_dev_add(w, dev, net);
	} else if (walk_chance(w, 50) && w->dev[dev].net != net) {
		what = "move";
		err = walk_dev_move(w, dev, net);
	} else if (walk_chance(w, 40)) {
		what = "del";
		err = walk_dev_del(w, dev);
	} else {
		return true;
	}
	snprintf(text, sizeof(text), "device w%d %s, namespace %d", dev, what,
		 net);
	if (w->is_loud)
		printf("# %u %s\n", w->step, text);
	return outcome_is(w, text, 0, "", err, "");
}

static bool step_socket(struct walk *w)
{
	int sock = (int)walk_rand(w, WALK_SOCKS), err = 0;
	int net = (int)walk_rand(w, WALK_NETS);
	bool is_open = w->sock[sock].fd == WALK_NONE;
	bool is_v6 = walk_chance(w, 60);
	bool is_tcp = !w->is_intree && walk_chance(w, 40);
	const char *what = "open";
	char text[64];

	if (is_open) {
		err = walk_sock_open(w, sock, net, is_v6, is_tcp);
	} else if (w->sock[sock].far != WALK_NONE && walk_chance(w, 20)) {
		what = "hang up";
		err = walk_sock_hang_up(w, sock);
	} else if (walk_chance(w, 40)) {
		what = "close";
		walk_sock_close(w, sock);
	} else {
		return true;
	}
	snprintf(text, sizeof(text), "socket %d %s, namespace %d, %s%s", sock,
		 what, net, is_v6 ? "IPv6" : "IPv4", is_tcp ? " TCP" : "");
	if (w->is_loud)
		printf("# %u %s\n", w->step, text);
	return outcome_is(w, text, 0, "", err, "");
}

static bool step(struct walk *w)
{
	uint32_t n = walk_rand(w, 100);
	bool is_ok;
	int dev;

	if (n < 4)
		is_ok = step_device(w);
	else if (n < 12)
		is_ok = step_socket(w);
	else if (n < 40 && !w->is_intree)
		is_ok = step_any_x(w);
	else
		is_ok = step_any_request(w);
	if (!check_events(w))
		is_ok = false;
	for (dev = 0; is_ok && dev < WALK_DEVS; dev++) {
		/* all of them now and then, one of them always */
		if (w->step % 16 && walk_rand(w, WALK_DEVS) != (uint32_t)dev)
			continue;
		is_ok = check_dump(w, dev);
		if (is_ok && w->dev[dev].net != WALK_NONE && !(w->step % 16))
			is_ok = check_peers(w, dev);
	}
	return is_ok;
}

static bool clean_up(struct walk *w)
{
	bool is_ok = true;
	int i;

	for (i = 0; i < WALK_SOCKS; i++)
		if (w->sock[i].fd != WALK_NONE && i % 2)
			walk_sock_close(w, i);
	for (i = 0; i < WALK_DEVS; i++)
		if (w->dev[i].net != WALK_NONE)
			is_ok = !walk_dev_del(w, i) && is_ok;
	return check_events(w) && is_ok;
}

static void walk_usage(void)
{
	fprintf(stderr, "usage: walk [--intree] [--seed N] [--steps N] "
		"[--from N]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	unsigned long steps = 2000, from = 0;
	uint64_t seed = (uint64_t)time(NULL);
	static struct walk w;
	bool is_ok = true;
	int i, err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--intree"))
			w.is_intree = true;
		else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--steps") && i + 1 < argc)
			steps = strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--from") && i + 1 < argc)
			from = strtoul(argv[++i], NULL, 0);
		else
			walk_usage();
	}
	w.random = seed;
	printf("TAP version 13\n1..1\n# seed %llu, %lu steps\n",
	       (unsigned long long)seed, steps);
	err = walk_open(&w);
	if (err) {
		printf("not ok 1 set up: %s\n", ovpn_nl_error_name(err));
		return 1;
	}
	for (w.step = 1; is_ok && w.step <= steps; w.step++) {
		w.is_loud = from && w.step >= from;
		is_ok = step(&w);
	}
	if (is_ok)
		is_ok = clean_up(&w);
	if (!is_ok)
		printf("# repeat: walk --seed %llu --steps %u\n",
		       (unsigned long long)seed, w.step);
	printf("%s 1 %lu steps of seed %llu\n", is_ok ? "ok" : "not ok", steps,
	       (unsigned long long)seed);
	return is_ok ? 0 : 1;
}
