// SPDX-License-Identifier: GPL-2.0-or-later
/* What the walk acts on: namespaces, devices, sockets; requests as text. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ovpn_sock.h"
#include "walk.h"

/* the first one is what a peer has that was not given any */
const struct walk_addr walk_vpn4[] = {
	{ .text = "0.0.0.0", .is_v4 = true, .is_any = true },
	{ .text = "10.8.0.2", .is_v4 = true },
	{ .text = "10.8.0.3", .is_v4 = true },
	{ .text = "10.8.0.4", .is_v4 = true },
	{ .text = "127.0.0.1", .is_v4 = true, .is_bad = true },
	{ .text = "224.0.0.5", .is_v4 = true, .is_bad = true },
};

const struct walk_addr walk_vpn6[] = {
	{ .text = "::", .is_any = true },
	{ .text = "fd08::2" },
	{ .text = "fd08::3" },
	{ .text = "fd08::4" },
	{ .text = "::1", .is_bad = true },
	{ .text = "ff02::1", .is_bad = true },
	{ .text = "::ffff:10.8.0.2", .is_bad = true },
};

const struct walk_addr walk_outer4[] = {
	{ .text = "10.9.0.1", .is_v4 = true },
	{ .text = "10.9.0.2", .is_v4 = true },
	{ .text = "10.9.0.3", .is_v4 = true },
};

const struct walk_addr walk_outer6[] = {
	{ .text = "fd09::1" },
	{ .text = "fd09::2" },
	{ .text = "fe80::3" },
	{ .text = "::ffff:10.9.0.4", .shown = "10.9.0.4", .is_v4 = true },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
const size_t walk_vpn4_count = COUNT(walk_vpn4);
const size_t walk_vpn6_count = COUNT(walk_vpn6);
const size_t walk_outer4_count = COUNT(walk_outer4);
const size_t walk_outer6_count = COUNT(walk_outer6);

/* splitmix64: every seed is a good one */
uint32_t walk_rand(struct walk *w, uint32_t n)
{
	uint64_t x = w->random += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((x ^ (x >> 31)) >> 33) % n;
}

static int net_enter(const struct walk *w, int net)
{
	return setns(w->net[net].fd, CLONE_NEWNET) ? -errno : 0;
}

/* for connections */
static int net_up(int fd)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	return ioctl(fd, SIOCSIFFLAGS, &ifr) ? -errno : 0;
}

static int net_open(struct walk_net *net, bool is_intree)
{
	int err;

	if (unshare(CLONE_NEWNET))
		return -errno;
	net->fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	net->ioctl_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (net->fd < 0 || net->ioctl_fd < 0)
		return -errno;
	err = net_up(net->ioctl_fd);
	if (!err)
		err = ovpn_nl_open_rtnl(&net->rtnl);
	/* a link, because making one may load the module */
	if (!err)
		err = ovpn_nl_link_add(&net->rtnl, "probe", NULL, 0, true);
	if (!err)
		err = ovpn_nl_link_del(&net->rtnl, "probe");
	if (!err)
		err = ovpn_nl_open(&net->genl);
	if (!err && !is_intree)
		err = ovpn_nl_open_as(&net->genl_x, &spec_ovpnx);
	if (!err)
		err = ovpn_nl_open(&net->events);
	if (!err)
		err = ovpn_nl_join(&net->events, net->events.group);
	return err;
}

static int rtnl_done(struct ovpn_nl *nl, struct nlmsghdr *nlh)
{
	char buf[4096] __attribute__((aligned(8)));
	const struct nlmsgerr *err;

	if (mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len) < 0 ||
	    mnl_socket_recvfrom(nl->sock, buf, sizeof(buf)) < 0)
		return -errno;
	nlh = (void *)buf;
	err = mnl_nlmsg_get_payload(nlh);
	return nlh->nlmsg_type == NLMSG_ERROR ? err->error : -EBADMSG;
}

static struct nlmsghdr *rtnl_header(struct ovpn_nl *nl, char *buf,
				    uint16_t type)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = ++nl->seq;
	return nlh;
}

/* What @net calls the other one, so that it can be predicted. */
static int net_name(struct walk *w, int net, int id)
{
	char buf[256] __attribute__((aligned(8)));
	struct ovpn_nl *nl = &w->net[net].rtnl;
	struct nlmsghdr *nlh = rtnl_header(nl, buf, RTM_NEWNSID);
	struct rtgenmsg *gen = mnl_nlmsg_put_extra_header(nlh, sizeof(*gen));

	gen->rtgen_family = AF_UNSPEC;
	mnl_attr_put_u32(nlh, NETNSA_NSID, (uint32_t)id);
	mnl_attr_put_u32(nlh, NETNSA_FD, (uint32_t)w->net[!net].fd);
	w->net[net].netnsid = id;
	return rtnl_done(nl, nlh);
}

int walk_open(struct walk *w)
{
	int i, err = 0;

	for (i = 0; !err && i < WALK_NETS; i++)
		err = net_open(&w->net[i], w->is_intree);
	for (i = 0; !err && i < WALK_NETS; i++)
		err = net_name(w, i, 7 + i);
	for (i = 0; i < WALK_DEVS; i++)
		w->dev[i].net = WALK_NONE;
	for (i = 0; i < WALK_SOCKS; i++) {
		w->sock[i].fd = WALK_NONE;
		w->sock[i].far = WALK_NONE;
		w->sock[i].dev = WALK_NONE;
	}
	w->file_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	w->unix_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return err;
}

static void dev_name(int dev, char *name)
{
	snprintf(name, IFNAMSIZ, "w%d", dev);
}

unsigned int walk_dev_index(struct walk *w, int dev)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	dev_name(dev, ifr.ifr_name);
	if (w->dev[dev].net == WALK_NONE ||
	    ioctl(w->net[w->dev[dev].net].ioctl_fd, SIOCGIFINDEX, &ifr))
		return 0;
	return (unsigned int)ifr.ifr_ifindex;
}

int walk_dev_add(struct walk *w, int dev, int net)
{
	uint8_t mode = walk_is_mp(dev);
	char name[IFNAMSIZ];
	int err;

	dev_name(dev, name);
	err = ovpn_nl_link_add(&w->net[net].rtnl, name, &mode, 1, true);
	if (err)
		return err;
	w->dev[dev].net = net;
	w->dev[dev].index = walk_dev_index(w, dev);
	w->dev[dev].mss = 0;
	return 0;
}

int walk_dev_del(struct walk *w, int dev)
{
	int net = w->dev[dev].net;
	char name[IFNAMSIZ];

	dev_name(dev, name);
	walk_forget(w, dev, WALK_NONE, "teardown");
	w->dev[dev].net = WALK_NONE;
	return ovpn_nl_link_del(&w->net[net].rtnl, name);
}

int walk_dev_move(struct walk *w, int dev, int net)
{
	struct ovpn_nl *nl = &w->net[w->dev[dev].net].rtnl;
	char buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = rtnl_header(nl, buf, RTM_NEWLINK);
	struct ifinfomsg *info;
	int err;

	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_index = (int)w->dev[dev].index;
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)w->net[net].fd);
	err = rtnl_done(nl, nlh);
	if (err)
		return err;
	w->dev[dev].net = net;
	w->dev[dev].index = walk_dev_index(w, dev);
	return 0;
}

/* Where nothing is left of a connection when it is closed. */
static int tcp_socket(bool is_v6)
{
	const struct linger at_once = { .l_onoff = 1 };
	int one = 1;
	int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC,
			0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	return fd;
}

/* A connection from a known port, over loopback; returns 0 or -errno. */
static int tcp_open(struct walk_sock *sock, int port, bool is_v6)
{
	struct sockaddr_storage near, addr;
	socklen_t size;
	char text[32];
	int listener, err;

	snprintf(text, sizeof(text), "%s:%d", is_v6 ? "[::1]" : "127.0.0.1",
		 port);
	err = ovpn_sock_address(text, &near, &size);
	if (err)
		return err;
	listener = tcp_socket(is_v6);
	sock->fd = tcp_socket(is_v6);
	snprintf(text, sizeof(text), "%s:0", is_v6 ? "[::1]" : "127.0.0.1");
	ovpn_sock_address(text, &addr, &size);
	if (bind(listener, (void *)&addr, size) || listen(listener, 1) ||
	    getsockname(listener, (void *)&addr, &size) ||
	    bind(sock->fd, (void *)&near, size) ||
	    connect(sock->fd, (void *)&addr, size))
		err = -errno;
	else
		sock->far = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	return err ? err : sock->far < 0 ? -errno : 0;
}

int walk_sock_open(struct walk *w, int sock, int net, bool is_v6, bool is_tcp)
{
	char text[32];
	int err;

	snprintf(text, sizeof(text), "%s:%d", is_v6 ? "[::]" : "0.0.0.0",
		 20000 + sock);
	err = net_enter(w, net);
	if (err)
		return err;
	w->sock[sock].net = net;
	w->sock[sock].is_v6 = is_v6;
	w->sock[sock].is_tcp = is_tcp;
	w->sock[sock].dev = WALK_NONE;
	if (is_tcp)
		return tcp_open(&w->sock[sock], 20000 + sock, is_v6);
	w->sock[sock].fd = ovpn_sock_udp(text);
	return w->sock[sock].fd < 0 ? w->sock[sock].fd : 0;
}

/* Is an established connection, as far as TCP knows? */
static bool tcp_is_up(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	return !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) &&
	       info.tcpi_state == TCP_ESTABLISHED;
}

int walk_sock_hang_up(struct walk *w, int sock)
{
	struct pollfd event = {
		.fd = mnl_socket_get_fd(w->net[w->sock[sock].net].events.sock),
		.events = POLLIN,
	};
	bool has_peer = w->sock[sock].dev != WALK_NONE;
	const struct linger later = { 0 };
	int tries;

	setsockopt(w->sock[sock].far, SOL_SOCKET, SO_LINGER, &later,
		   sizeof(later));
	walk_forget(w, WALK_NONE, sock, "transport-disconnect");
	close(w->sock[sock].far);
	w->sock[sock].far = WALK_NONE;
	for (tries = 0; tcp_is_up(w->sock[sock].fd); tries++) {
		if (tries == 5000)
			return -ETIMEDOUT;
		usleep(1000);
	}
	/* whose end is noticed by a work */
	return has_peer && poll(&event, 1, 5000) != 1 ? -ETIMEDOUT : 0;
}

void walk_sock_close(struct walk *w, int sock)
{
	walk_forget(w, WALK_NONE, sock, "transport-disconnect");
	close(w->sock[sock].fd);
	w->sock[sock].fd = WALK_NONE;
	if (w->sock[sock].far != WALK_NONE)
		close(w->sock[sock].far);
	w->sock[sock].far = WALK_NONE;
}

void walk_add(struct walk_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n > 0 && t->len + (size_t)n < t->size)
		t->len += (size_t)n;
}

void walk_add_number(struct walk_text *t, const char *name,
		     const struct walk_opt *opt)
{
	if (opt->is_set)
		walk_add(t, "%s=%u ", name, opt->value);
}

static void add_addr(struct walk_text *t, const char *name,
		     const struct walk_opt *opt, const struct walk_addr *addr)
{
	if (opt->is_set)
		walk_add(t, "%s=%s ", name, addr[opt->value].text);
}

static void add_keys(struct walk_text *t, const char *name,
		     const struct walk_opt *opt, const struct walk_req *req)
{
	if (opt->is_set)
		walk_add(t, "%s{key=%u*%02x nonce=8*%02x} ", name, req->key_len,
		    opt->value & 0xff, opt->value & 0xff);
}

static unsigned int sock_fd(const struct walk *w, uint32_t sock)
{
	if (sock == WALK_SOCK_FILE)
		return (unsigned int)w->file_fd;
	if (sock == WALK_SOCK_UNIX)
		return (unsigned int)w->unix_fd;
	/* a closed one: a number that nobody has */
	return w->sock[sock].fd == WALK_NONE ? 900 + sock :
		(unsigned int)w->sock[sock].fd;
}

static void add_peer(struct walk *w, struct walk_text *t,
		     const struct walk_req *req)
{
	walk_add(t, "peer{");
	walk_add_number(t, "id", &req->id);
	add_addr(t, "remote-ipv4", &req->remote4, walk_outer4);
	add_addr(t, "remote-ipv6", &req->remote6, walk_outer6);
	walk_add_number(t, "remote-ipv6-scope-id", &req->scope);
	walk_add_number(t, "remote-port", &req->port);
	if (req->sock.is_set)
		walk_add(t, "socket=%u ", sock_fd(w, req->sock.value));
	add_addr(t, "vpn-ipv4", &req->vpn4, walk_vpn4);
	add_addr(t, "vpn-ipv6", &req->vpn6, walk_vpn6);
	add_addr(t, "local-ipv4", &req->local4, walk_outer4);
	add_addr(t, "local-ipv6", &req->local6, walk_outer6);
	walk_add_number(t, "keepalive-interval", &req->interval);
	walk_add_number(t, "keepalive-timeout", &req->timeout);
	walk_add_number(t, "tx-id", &req->tx_id);
	walk_add(t, "}");
}

static void add_keyconf(struct walk_text *t, const struct walk_req *req)
{
	walk_add(t, "keyconf{");
	walk_add_number(t, "peer-id", &req->peer_id);
	walk_add_number(t, "slot", &req->slot);
	walk_add_number(t, "key-id", &req->key_id);
	walk_add_number(t, "cipher-alg", &req->alg);
	add_keys(t, "encrypt", &req->encrypt, req);
	add_keys(t, "decrypt", &req->decrypt, req);
	walk_add(t, "}");
}

unsigned int walk_req_ifindex(struct walk *w, int net, int dev)
{
	if (dev == WALK_DEV_LO)
		return 1;
	if (dev == WALK_DEV_ABSENT)
		return 99999;
	/* the index where it is may be another one's where it is not */
	return w->dev[dev].net == net ? w->dev[dev].index : 88888;
}

void walk_req_text(struct walk *w, const struct walk_req *req, char *text,
		   size_t size)
{
	static const char *const names[WALK_CMDS] = {
		"PEER_NEW", "PEER_SET", "PEER_GET", "PEER_DEL", "KEY_NEW",
		"KEY_GET", "KEY_SWAP", "KEY_DEL",
	};
	struct walk_text t = { .buf = text, .size = size };

	walk_add(&t, "%s ", names[req->cmd]);
	if (req->dev != WALK_DEV_MISSING)
		walk_add(&t, "ifindex=%u ",
			 walk_req_ifindex(w, req->net, req->dev));
	if (!req->has_nest)
		return;
	if (req->cmd < WALK_KEY_NEW)
		add_peer(w, &t, req);
	else
		add_keyconf(&t, req);
}
