// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink messages that nobody should send, for the module to survive: valid
 * ones of one family, damaged. As ovpn_nlfuzz and, for the other family,
 * ovpnx_nlfuzz.
 *
 * usage: ovpn_nlfuzz [-n NETNS] WORD=VALUE... <MESSAGES
 * MESSAGES are valid ones as text, one to a line, see ovpn_spec.h. In them
 * @NAME is an interface; @udp4, @udp6, @tcp4 and @tcp6 are sockets of this
 * process, with a letter behind for more of them.
 * count=N	inputs
 * seed=N		default: from the clock; printed
 * shared=1	others change the same peers: valid ones may be refused, too
 *
 * One input of six is valid. Each has to be answered, by an errno that there is
 * a reason for, and what comes as an answer has to be whole. The last line is
 * "seed=N inputs=N accepted=N", and the lines before it say for each command
 * how many damaged messages were accepted and refused.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "nl_mutate.h"
#include "ovpn_nl.h"
#include "ovpn_sock.h"

#define SEEDS_MAX	64
#define SOCKS		8
#define FILES_MAX	24
#define COMMANDS	16
#define PIECE		32768

struct nlfuzz_count {
	unsigned long accepted;
	unsigned long refused;
};

/**
 * struct nlfuzz - a run
 * @nl: socket
 * @random: source of chance
 * @seed: where it began
 * @count: inputs
 * @is_shared: others change the same peers
 * @seeds: valid messages
 * @n_seeds: how many
 * @sock: "tcp60" and so on, and its descriptor
 * @n_socks: how many
 * @first_fd: descriptors from here on are made by requests
 * @said: by command; of damaged messages
 * @answers: to the last input: errors and ends of dumps
 * @err: the last of these errors
 */
struct nlfuzz {
	struct ovpn_nl nl;
	struct fuzz_random random;
	uint64_t seed;
	unsigned long count;
	bool is_shared;
	struct nl_mutate seeds[SEEDS_MAX];
	size_t n_seeds;
	struct {
		char name[8];
		int fd;
	} sock[SOCKS];
	size_t n_socks;
	int first_fd;
	struct nlfuzz_count said[COMMANDS];
	unsigned int answers;
	int err;
};

static int tcp_pair(bool is_v6, unsigned int number)
{
	char text[32];
	int fd;

	snprintf(text, sizeof(text), "%s:%u", is_v6 ? "[::1]" : "127.0.0.1",
		 7300 + number);
	/* the other end lives on in a child, and dies with us */
	if (!fork()) {
		fd = ovpn_sock_accept(text);
		while (fd >= 0 && read(fd, text, sizeof(text)) > 0)
			;
		_exit(0);
	}
	return ovpn_sock_connect(text);
}

static int sock_new(const char *name, unsigned int number)
{
	bool is_v6 = name[3] == '6';
	char text[32];

	if (name[0] == 't')
		return tcp_pair(is_v6, number);
	snprintf(text, sizeof(text), "%s:%u", is_v6 ? "[::]" : "0.0.0.0",
		 7200 + number);
	return ovpn_sock_udp(text);
}

static int resolve(void *data, const char *name, uint32_t *value)
{
	struct nlfuzz *f = data;
	size_t i;
	int fd;

	*value = if_nametoindex(name);
	if (*value)
		return 0;
	for (i = 0; i < f->n_socks && strcmp(f->sock[i].name, name); i++)
		;
	if (i == f->n_socks) {
		if ((strncmp(name, "udp", 3) && strncmp(name, "tcp", 3)) ||
		    i == SOCKS)
			return -ENODEV;
		fd = sock_new(name, (unsigned int)i);
		if (fd < 0)
			return fd;
		f->sock[i].fd = fd;
		snprintf(f->sock[i].name, sizeof(f->sock[i].name), "%s", name);
		f->n_socks++;
	}
	*value = (uint32_t)f->sock[i].fd;
	return 0;
}

static int seed_add(struct nlfuzz *f, const char *text)
{
	struct nl_mutate *m = &f->seeds[f->n_seeds];
	struct nlmsghdr *nlh;
	int err;

	if (f->n_seeds == SEEDS_MAX)
		return -ENOSPC;
	nlh = mnl_nlmsg_put_header(m->data);
	nlh->nlmsg_type = f->nl.family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	err = spec_encode(nlh, sizeof(m->data), text, resolve, f);
	if (err)
		return err;
	m->len = nlh->nlmsg_len;
	f->n_seeds++;
	return 0;
}

static int seeds_read(struct nlfuzz *f)
{
	char line[4096];
	int err = 0;

	while (!err && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[strspn(line, " \t")])
			err = seed_add(f, line);
	}
	return err ? err : f->n_seeds ? 0 : -EINVAL;
}

static bool is_reason(int err)
{
	switch (err) {
	case 0:
	case -EINVAL:
	case -ERANGE:
	case -ENOENT:
	case -ENODEV:
	case -EEXIST:
	case -EADDRINUSE:
	case -EADDRNOTAVAIL:
	case -ENOTSOCK:
	case -EOPNOTSUPP:
	case -EBUSY:
	case -ENOSPC:
		return true;
	}
	return false;
}

/* Returns what is wrong with a message that has come, or NULL. */
static const char *check_answer(struct nlfuzz *f, const struct nlmsghdr *nlh)
{
	static char text[OVPN_NL_LONG_TEXT * 8];
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);

	/* the end of a dump has an errno, too */
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
		f->answers++;
		f->err = error->error;
		return is_reason(f->err) ? NULL :
			ovpn_nl_error_name(f->err);
	}
	if (nlh->nlmsg_type != f->nl.family)
		return "an answer of another family";
	spec_decode(nlh, text, sizeof(text));
	if (!text[0] || strchr(text, '#') || strstr(text, "raw="))
		return text;
	return NULL;
}

/* Reading goes on with a dump, too. */
static const char *read_answers(struct nlfuzz *f)
{
	static char buf[PIECE] __attribute__((aligned(8)));
	const struct nlmsghdr *nlh;
	const char *wrong = NULL;
	int len;

	f->answers = 0;
	f->err = 0;
	while (!wrong) {
		len = (int)recv(mnl_socket_get_fd(f->nl.sock), buf, sizeof(buf),
				MSG_DONTWAIT);
		if (len < 0)
			return errno == EAGAIN ? NULL : strerrorname_np(errno);
		for (nlh = (void *)buf; !wrong && mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len))
			wrong = check_answer(f, nlh);
	}
	return wrong;
}

static void print_input(const struct nl_mutate *m, unsigned long n,
			const char *wrong)
{
	size_t i;

	printf("input %lu: %s\n", n, wrong);
	for (i = 0; i < m->len; i++)
		printf("%02x", m->data[i]);
	printf("\n");
}

static void count_input(struct nlfuzz *f, const struct nl_mutate *m)
{
	const struct genlmsghdr *genl =
		(const void *)(m->data + NLMSG_HDRLEN);

	if (m->len < NLMSG_HDRLEN + GENL_HDRLEN || genl->cmd >= COMMANDS)
		return;
	if (f->err)
		f->said[genl->cmd].refused++;
	else
		f->said[genl->cmd].accepted++;
}

static const char *send_input(struct nlfuzz *f, struct nl_mutate *m,
			      bool is_valid)
{
	struct nlmsghdr *nlh = (void *)m->data;
	bool is_whole = nlh->nlmsg_len == m->len;
	const char *wrong;

	nlh->nlmsg_seq = ++f->nl.seq;
	if (mnl_socket_sendto(f->nl.sock, m->data, m->len) < 0)
		return strerrorname_np(errno);
	wrong = read_answers(f);
	if (wrong)
		return wrong;
	if (is_whole && f->answers != 1)
		return f->answers ? "more answers than one" : "no answer";
	if (is_whole && !is_valid)
		count_input(f, m);
	return NULL;
}

/* Two in one datagram, now and then: @m has room for both or keeps one. */
static void append(struct nl_mutate *m, const struct nl_mutate *next)
{
	size_t at = NLMSG_ALIGN(m->len);

	if (at + next->len > sizeof(m->data))
		return;
	memset(m->data + m->len, 0, at - m->len);
	memcpy(m->data + at, next->data, next->len);
	m->len = at + next->len;
}

static int run(struct nlfuzz *f)
{
	struct fuzz_random *r = &f->random;
	static struct nl_mutate m;
	const char *wrong;
	unsigned long i;
	bool is_valid;

	for (i = 0; i < f->count; i++) {
		/* each valid one first, in their order */
		is_valid = i < f->n_seeds || !fuzz_below(r, 6);
		m = f->seeds[i < f->n_seeds ? i : fuzz_below(r, f->n_seeds)];
		if (!is_valid)
			nl_mutate(&m, &f->seeds[fuzz_below(r, f->n_seeds)], r);
		if (!is_valid && !fuzz_below(r, 32))
			append(&m, &f->seeds[fuzz_below(r, f->n_seeds)]);
		wrong = send_input(f, &m, is_valid);
		if (!wrong && i < f->n_seeds && f->err && !f->is_shared)
			wrong = ovpn_nl_error_name(f->err);
		if (wrong) {
			print_input(&m, i, wrong);
			return 1;
		}
		/* what DEV_OPEN has made; there is one of a device, and
		 * more are refused until then
		 */
		if (!(i % 32))
			close_range((unsigned int)f->first_fd, ~0U, 0);
	}
	return 0;
}

static void print_counts(const struct nlfuzz *f)
{
	unsigned long accepted = 0;
	size_t i;

	for (i = 0; i < COMMANDS; i++) {
		if (f->said[i].accepted + f->said[i].refused)
			printf("command=%zu accepted=%lu refused=%lu\n", i,
			       f->said[i].accepted, f->said[i].refused);
		accepted += f->said[i].accepted;
	}
	printf("seed=%llu inputs=%lu accepted=%lu\n",
	       (unsigned long long)f->seed, f->count, accepted);
}

int main(int argc, char **argv)
{
	const struct rlimit few = { FILES_MAX, FILES_MAX };
	static struct nlfuzz f = { .count = 1000 };
	int err, i;

	ovpn_sock_enter(&argc, &argv);
	for (i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "count=", 6))
			f.count = strtoul(argv[i] + 6, NULL, 0);
		else if (!strncmp(argv[i], "seed=", 5))
			f.seed = strtoull(argv[i] + 5, NULL, 0);
		else if (!strcmp(argv[i], "shared=1"))
			f.is_shared = true;
		else
			return 2;
	}
	if (!f.seed)
		f.seed = (uint64_t)time(NULL) << 16 | (uint64_t)getpid();
	f.random.state = f.seed;
	/* seen also when what follows does not return */
	printf("seed=%llu\n", (unsigned long long)f.seed);
	fflush(stdout);
	err = ovpn_nl_open(&f.nl);
	if (!err)
		err = seeds_read(&f);
	if (err) {
		fprintf(stderr, "ovpn_nlfuzz: %s\n", ovpn_nl_error_name(err));
		return 1;
	}
	f.first_fd = dup(0);
	/* few are needed, if none is lost */
	setrlimit(RLIMIT_NOFILE, &few);
	err = run(&f);
	print_counts(&f);
	return err;
}
