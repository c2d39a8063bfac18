// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs the contract against the loaded driver, in a network namespace of its
 * own. KTAP on standard output.
 *
 * usage: contract [--ours] [--libnl]
 *	--ours	the driver is this project's; else it is the in-tree one, and
 *		what ours does otherwise is listed
 *	--libnl	requests are made, sent and read by libnl instead of libmnl
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract.h"
#include "ovpn_sock.h"

#define CONTRACT_NO_FD 987

void contract_report(struct contract *c, bool is_ok, const char *name)
{
	c->number++;
	if (!is_ok)
		c->failed++;
	printf("%s %u %s\n", is_ok ? "ok" : "not ok", c->number, name);
}

const struct ovpn_nl_error *contract_error(const struct contract *c)
{
	return c->is_libnl ? &c->libnl.error : &c->genl.error;
}

static int resolve(void *data, const char *name, uint32_t *value)
{
	struct contract_replies *replies = data;
	const struct contract_socket *s = replies->contract->sockets;

	for (; s->name; s++) {
		if (!strcmp(s->name, name)) {
			*value = (uint32_t)s->fd;
			return 0;
		}
	}
	*value = if_nametoindex(name);
	return *value ? 0 : -ENODEV;
}

static void collect(const struct nlmsghdr *nlh, void *data)
{
	struct contract_replies *replies = data;
	size_t room = sizeof(replies->text) - replies->len;
	char text[OVPN_NL_TEXT];
	int n;

	replies->count++;
	spec_decode(nlh, text, sizeof(text));
	n = snprintf(replies->text + replies->len, room, "%s%s",
		     replies->len ? " | " : "", text);
	if (n > 0 && (size_t)n < room)
		replies->len += (size_t)n;
}

int contract_request(struct contract *c, const char *text, bool is_dump,
		     struct contract_replies *replies)
{
	memset(replies, 0, sizeof(*replies));
	replies->contract = c;
	if (c->is_libnl)
		return ovpn_libnl_request(&c->libnl, text, is_dump, collect,
					  resolve, replies);
	return ovpn_nl_request(&c->genl, text, is_dump, collect, resolve,
			       replies);
}

static bool row_text_is(const struct contract *c,
			const struct contract_row *row, const char *text)
{
	const struct contract_row *other = contract_rows;

	if (!row->same)
		return true;
	while (other < row && strcmp(other->name, row->same))
		other++;
	return other < row && !strcmp(c->texts[other - contract_rows], text);
}

/* What is to be said of a row; NULL: it is the core's to say */
static const char *row_text(const struct contract_row *row)
{
	const char *const *name;
	size_t i;

	for (i = 0; i < contract_text_count; i++)
		for (name = contract_texts[i].rows; *name; name++)
			if (!strcmp(*name, row->name))
				return contract_texts[i].text;
	return NULL;
}

/* The message without the name of the module before it; NULL if it is not there
 */
static const char *row_own_text(const char *text)
{
	const char *kind = getenv("OVPN_TEST_NAME");
	size_t len;

	if (!strcmp(text, "unexpected attribute"))
		return text;
	if (!kind)
		kind = "ovpn";
	len = strlen(kind);
	if (strncmp(text, kind, len) || strncmp(text + len, ": ", 2))
		return NULL;
	return text + len + 2;
}

/* Has it been said why? What the module says is written down, row by row. */
static bool row_says_why(const struct contract *c,
			 const struct contract_row *row)
{
	const struct ovpn_nl_error *error = contract_error(c);
	const char *want = row_text(row);
	const char *own = row_own_text(error->text);
	char said[512];

	if (!c->is_ours || row->same)
		return true;
	/* old kernels cannot say why they do not begin a dump */
	if (!error->text[0] && !error->attr[0] && !error->miss_type)
		return row->kind == CONTRACT_DUMP || row->err == -EOPNOTSUPP;
	if (!own)
		return !want;
	snprintf(said, sizeof(said), "%s%s%s%s", own,
		 error->attr[0] ? " [" : "", error->attr,
		 error->attr[0] ? "]" : "");
	return want && !fnmatch(want, said, 0);
}

static void row_explain(const struct contract *c,
			const struct contract_row *row, int err,
			const char *text)
{
	const struct ovpn_nl_error *error = contract_error(c);

	printf("#   request  %s\n#   expected %s %s\n#   got      %s %s\n",
	       row->request, ovpn_nl_error_name(row->err),
	       row->expect ? row->expect : "", ovpn_nl_error_name(err), text);
	if (error->text[0])
		printf("#   message  %s\n", error->text);
	if (row_text(row))
		printf("#   must be  %s\n", row_text(row));
	if (row->same)
		printf("#   must be the message of \"%s\"\n", row->same);
	printf("# repeat: selftests/kmod/contract.sh table\n");
}

/* Each row that is written down as refused by the module is one. */
static void rows_have_texts(struct contract *c)
{
	const struct contract_row *end = contract_rows + contract_row_count;
	const struct contract_row *row;
	const char *const *name;
	bool is_ok = true;
	size_t i;

	for (i = 0; i < contract_text_count; i++) {
		for (name = contract_texts[i].rows; *name; name++) {
			for (row = contract_rows; row < end; row++)
				if (!strcmp(row->name, *name))
					break;
			if (row < end && row->err)
				continue;
			printf("#   no such row: %s\n", *name);
			is_ok = false;
		}
	}
	contract_report(c, is_ok, "texts: of rows that there are");
}

static void row_run(struct contract *c, const struct contract_row *row)
{
	const struct ovpn_nl_error *error = contract_error(c);
	bool is_ok, is_other = !c->is_ours && row->scope == CONTRACT_DIFFERS;
	struct contract_replies replies;
	char *text = replies.text;
	int err;

	if (!c->is_ours && row->scope == CONTRACT_OURS) {
		printf("ok %u %s # SKIP %s\n", ++c->number, row->name,
		       row->why);
		return;
	}
	err = contract_request(c, row->request, row->kind == CONTRACT_DUMP,
			       &replies);
	if (err) {
		snprintf(replies.text, sizeof(replies.text), "%s #%u",
			 error->attr, error->miss_type);
		snprintf(c->texts[row - contract_rows],
			 sizeof(c->texts[0]), "%s", error->text);
	}
	is_ok = err == row->err &&
		(!row->expect || !fnmatch(row->expect, text, 0)) &&
		(!err || (row_text_is(c, row, error->text) &&
			  row_says_why(c, row)));
	contract_report(c, is_ok != is_other, row->name);
	if (is_other)
		printf("#   differs: ours %s, in-tree %s: %s\n",
		       ovpn_nl_error_name(row->err), ovpn_nl_error_name(err),
		       row->why);
	else if (!is_ok)
		row_explain(c, row, err, text);
}

static int sock_l2tp(void)
{
	int fd = ovpn_sock_udp("0.0.0.0:1197"), kind = 3;

	if (fd >= 0 && setsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &kind,
				  sizeof(kind)))
		perror("UDP_ENCAP");
	return fd;
}

static int sock_tcp(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(1198),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int server = socket(AF_INET, SOCK_STREAM, 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(server, (void *)&addr, sizeof(addr)) || listen(server, 1) ||
	    connect(fd, (void *)&addr, sizeof(addr)))
		perror("tcp");
	/* the server side stays open until exit, so that fd stays connected */
	return fd;
}

static void add_socket(struct contract *c, const char *name, int fd)
{
	struct contract_socket *s = c->sockets;

	while (s->name)
		s++;
	s->name = name;
	s->fd = fd;
}

static void link_up(const char *name)
{
	struct ifreq ifr;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	memset(&ifr, 0, sizeof(ifr));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ifr.ifr_flags = IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		perror(name);
	close(fd);
}

static int set_up(struct contract *c)
{
	uint8_t p2p = 0, mp = 1;
	int err;

	if (unshare(CLONE_NEWNET))
		return -errno;
	link_up("lo");
	err = ovpn_nl_open_rtnl(&c->rtnl);
	if (err)
		return err;
	/* before the family is looked for: creating a link may load it */
	err = ovpn_nl_link_add(&c->rtnl, "p2p", &p2p, 1, true);
	if (!err)
		err = ovpn_nl_link_add(&c->rtnl, "mp", &mp, 1, true);
	if (!err)
		err = ovpn_nl_open(&c->genl);
	if (!err)
		err = ovpn_libnl_open(&c->libnl);
	add_socket(c, "udp4", ovpn_sock_udp("0.0.0.0:1194"));
	add_socket(c, "udp6", ovpn_sock_udp("[::]:1195"));
	add_socket(c, "udpx", ovpn_sock_udp("0.0.0.0:1196"));
	add_socket(c, "l2tp", sock_l2tp());
	add_socket(c, "tcp", sock_tcp());
	add_socket(c, "tcpnew", socket(AF_INET, SOCK_STREAM, 0));
	add_socket(c, "rawudp", socket(AF_INET, SOCK_RAW, IPPROTO_UDP));
	add_socket(c, "unix", socket(AF_UNIX, SOCK_DGRAM, 0));
	add_socket(c, "file", open("/dev/null", O_RDONLY));
	add_socket(c, "none", CONTRACT_NO_FD);
	return err;
}

int main(int argc, char **argv)
{
	static struct contract c;
	size_t i;
	int err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 1; i < (size_t)argc; i++) {
		c.is_ours = c.is_ours || !strcmp(argv[i], "--ours");
		c.is_libnl = c.is_libnl || !strcmp(argv[i], "--libnl");
	}
	printf("TAP version 13\n");
	err = set_up(&c);
	if (err) {
		printf("1..0 # SKIP no ovpn device: %s\n",
		       ovpn_nl_error_name(err));
		return 4;
	}
	contract_links(&c);
	contract_family(&c);
	rows_have_texts(&c);
	for (i = 0; i < contract_row_count; i++)
		row_run(&c, &contract_rows[i]);
	contract_matrix(&c);
	contract_rights(&c);
	contract_crowd(&c);
	printf("1..%u\n", c.number);
	printf("# %u rows, %u failed\n", c.number, c.failed);
	return c.failed ? 1 : 0;
}
