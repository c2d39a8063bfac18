// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs the contract table against the loaded driver, in a network namespace
 * of its own. KTAP on standard output.
 *
 * usage: contract [--ours]
 *	--ours	the driver is this project's; else it is the in-tree one
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/genetlink.h>
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
#include "ovpn_nl.h"
#include "ovpn_sock.h"

#define CONTRACT_CROWD 300
#define CONTRACT_NO_FD 987

struct contract_socket {
	const char *name;
	int fd;
};

struct contract {
	struct ovpn_nl genl;
	struct ovpn_nl rtnl;
	struct contract_socket sockets[12];
	bool is_ours;
	unsigned int number;
	unsigned int failed;
};

/* Replies of one request, joined. */
struct contract_replies {
	struct contract *contract;
	char text[16384];
	size_t len;
	unsigned int count;
};

static void report(struct contract *c, bool is_ok, const char *name)
{
	c->number++;
	if (!is_ok)
		c->failed++;
	printf("%s %u %s\n", is_ok ? "ok" : "not ok", c->number, name);
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

static int request(struct contract *c, const char *text, bool is_dump,
		   struct contract_replies *replies)
{
	memset(replies, 0, sizeof(*replies));
	replies->contract = c;
	return ovpn_nl_request(&c->genl, text, is_dump, collect, resolve,
			       replies);
}

static void row_run(struct contract *c, const struct contract_row *row)
{
	const struct ovpn_nl_error *error = &c->genl.error;
	struct contract_replies replies;
	bool is_ok;
	int err;

	if (row->scope == (c->is_ours ? CONTRACT_INTREE : CONTRACT_OURS)) {
		printf("ok %u %s # SKIP not for this driver\n", ++c->number,
		       row->name);
		return;
	}
	err = request(c, row->request, row->kind == CONTRACT_DUMP, &replies);
	if (err) {
		snprintf(replies.text, sizeof(replies.text), "%s #%u",
			 error->attr, error->miss_type);
	}
	is_ok = err == row->err && (!row->expect ||
				    !fnmatch(row->expect, replies.text, 0));
	report(c, is_ok, row->name);
	if (is_ok)
		return;
	printf("#   request  %s\n#   expected %s %s\n#   got      %s %s\n",
	       row->request, ovpn_nl_error_name(row->err),
	       row->expect ? row->expect : "", ovpn_nl_error_name(err),
	       replies.text);
	if (error->text[0])
		printf("#   message  %s\n", error->text);
	printf("# repeat: selftests/kmod/contract.sh table\n");
}

/* A refusal because of rights: netlink checks who asks, not who opened. */
static void test_permission(struct contract *c)
{
	struct contract_replies replies;
	int err;

	if (seteuid(65534)) {
		report(c, false, "permission: cannot drop rights");
		return;
	}
	err = request(c, "PEER_GET ifindex=@mp", true, &replies);
	report(c, err == -EPERM, "permission: dump needs CAP_NET_ADMIN");
	err = request(c, "KEY_SWAP ifindex=@mp keyconf{peer-id=1}", false,
		      &replies);
	report(c, err == -EPERM, "permission: command needs CAP_NET_ADMIN");
	if (seteuid(0))
		exit(1);
}

static void crowd_seen(const struct nlmsghdr *nlh, void *data)
{
	unsigned int *seen = data, id;
	char text[OVPN_NL_TEXT];

	spec_decode(nlh, text, sizeof(text));
	if (!(nlh->nlmsg_flags & NLM_F_MULTI) ||
	    sscanf(text, "PEER_GET peer{id=%u ", &id) != 1 ||
	    id >= CONTRACT_CROWD)
		seen[CONTRACT_CROWD]++;
	else
		seen[id]++;
}

static int crowd_resolve(void *data, const char *name, uint32_t *value)
{
	(void)data;
	*value = if_nametoindex(name);
	return 0;
}

/* More peers than one dump message takes: each appears once. */
static void test_crowd(struct contract *c)
{
	unsigned int seen[CONTRACT_CROWD + 1] = { 0 }, i, wrong = 0;
	struct contract_replies replies;
	char text[256];
	int err = 0;

	for (i = 0; !err && i < CONTRACT_CROWD; i++) {
		snprintf(text, sizeof(text), "PEER_NEW ifindex=@mp peer{id=%u "
			 "socket=@udp4 remote-ipv4=10.9.0.2 remote-port=%u "
			 "vpn-ipv4=10.8.%u.%u}", i, i + 1, i / 250 + 1,
			 i % 250 + 1);
		err = request(c, text, false, &replies);
	}
	report(c, !err, "crowd: new");
	err = ovpn_nl_request(&c->genl, "PEER_GET ifindex=@mp", true,
			      crowd_seen, crowd_resolve, seen);
	for (i = 0; i < CONTRACT_CROWD; i++)
		wrong += seen[i] != 1;
	report(c, !err && !wrong && !seen[CONTRACT_CROWD],
	       "crowd: a dump shows each peer once");
	if (wrong || seen[CONTRACT_CROWD])
		printf("#   %u ids not seen once, %u strange messages\n",
		       wrong, seen[CONTRACT_CROWD]);
	err = 0;
	for (i = 0; !err && i < CONTRACT_CROWD; i += 2) {
		snprintf(text, sizeof(text),
			 "PEER_DEL ifindex=@mp peer{id=%u}", i);
		err = request(c, text, false, &replies);
	}
	report(c, !err, "crowd: delete every second");
	request(c, "PEER_GET ifindex=@mp", true, &replies);
	report(c, replies.count == CONTRACT_CROWD / 2, "crowd: half is left");
}

static bool link_mtu_is(const char *name, int mtu)
{
	struct ifreq ifr;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), err;

	memset(&ifr, 0, sizeof(ifr));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	err = ioctl(fd, SIOCGIFMTU, &ifr);
	close(fd);
	return !err && ifr.ifr_mtu == mtu;
}

static void test_links(struct contract *c)
{
	struct ovpn_nl *rt = &c->rtnl;
	uint8_t mode[4] = { 0, 0, 0, 0 };

	report(c, !ovpn_nl_link_add(rt, "l0", NULL, 0, true),
	       "link: no mode");
	mode[0] = 1;
	report(c, !ovpn_nl_link_add(rt, "l1", mode, 1, true), "link: mode mp");
	report(c, ovpn_nl_link_add(rt, "l1", mode, 1, true) == -EEXIST,
	       "link: name in use");
	mode[0] = 2;
	report(c, ovpn_nl_link_add(rt, "l2", mode, 1, true) == -ERANGE,
	       "link: mode 2");
	report(c, !if_nametoindex("l2"), "link: refused one is not there");
	mode[0] = 0;
	report(c, ovpn_nl_link_add(rt, "l1", mode, 1, false) == -EOPNOTSUPP,
	       "link: mode is immutable");
	report(c, link_mtu_is("l0", 1416), "link: mtu 1416");
	report(c, ovpn_nl_link_mtu(rt, "l0", 67) == -EINVAL, "link: mtu 67");
	report(c, !ovpn_nl_link_mtu(rt, "l0", 68), "link: mtu 68");
	report(c, !ovpn_nl_link_mtu(rt, "l0", 65451), "link: mtu 65451");
	report(c, ovpn_nl_link_mtu(rt, "l0", 65452) == -EINVAL,
	       "link: mtu 65452");
	report(c, !ovpn_nl_link_del(rt, "l0") && !ovpn_nl_link_del(rt, "l1"),
	       "link: delete");
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
	struct contract c = { 0 };
	size_t i;
	int err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	c.is_ours = argc > 1 && !strcmp(argv[1], "--ours");
	printf("TAP version 13\n");
	err = set_up(&c);
	if (err) {
		printf("1..0 # SKIP no ovpn device: %s\n",
		       ovpn_nl_error_name(err));
		return 4;
	}
	test_links(&c);
	for (i = 0; i < contract_row_count; i++)
		row_run(&c, &contract_rows[i]);
	test_permission(&c);
	test_crowd(&c);
	printf("1..%u\n", c.number);
	printf("# %u rows, %u failed\n", c.number, c.failed);
	return c.failed ? 1 : 0;
}
