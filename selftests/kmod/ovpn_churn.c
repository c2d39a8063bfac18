// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a peer's coming and going costs, for benchmarks.
 *
 * usage: ovpn_churn [-n NETNS] ROUNDS [key|none]
 *
 * Makes the multi-peer device "tun" and a peer that stays and holds the socket,
 * then ROUNDS times PEER_NEW, with "key" KEY_NEW, and PEER_DEL of another one,
 * and prints nanoseconds per round. Requests are made once and sent again, each
 * with an acknowledgement: what is measured is the kernel, and the system calls
 * that a daemon needs. With "none" nobody comes or goes: two requests set what the
 * peer that stays has already, which is what asking alone costs.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ovpn_nl.h"
#include "ovpn_sock.h"

#define CHURN_PEER "socket=%d remote-ipv4=10.99.0.%u remote-port=7001 " \
		   "vpn-ipv4=10.8.0.%u"

struct churn_msg {
	char buf[1024] __attribute__((aligned(8)));
};

static int churn_resolve(void *data, const char *name, uint32_t *value)
{
	(void)data;
	*value = if_nametoindex(name);
	return *value ? 0 : -ENODEV;
}

static int churn_make(const struct ovpn_nl *nl, struct churn_msg *msg,
		      const char *text)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(msg->buf);

	nlh->nlmsg_type = nl->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	return spec_encode(nlh, sizeof(msg->buf), text, churn_resolve, NULL);
}

/* One system call to ask, one for the answer. */
static int churn_send(struct ovpn_nl *nl, struct churn_msg *msg)
{
	struct nlmsghdr *nlh = (void *)msg->buf;
	char buf[1024] __attribute__((aligned(8)));
	const struct nlmsgerr *err;
	ssize_t len;

	nlh->nlmsg_seq = ++nl->seq;
	if (mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	len = mnl_socket_recvfrom(nl->sock, buf, sizeof(buf));
	nlh = (void *)buf;
	if (len < 0 || !mnl_nlmsg_ok(nlh, (int)len))
		return len < 0 ? -errno : -EPROTO;
	err = mnl_nlmsg_get_payload(nlh);
	return nlh->nlmsg_type == NLMSG_ERROR ? err->error : -EPROTO;
}

static int churn_text(struct ovpn_nl *nl, struct churn_msg *msgs, int sock)
{
	char text[512];
	int err;

	snprintf(text, sizeof(text), "PEER_NEW ifindex=@tun peer{id=1 "
		 CHURN_PEER "}", sock, 1, 2);
	err = churn_make(nl, &msgs[0], text);
	snprintf(text, sizeof(text), "PEER_NEW ifindex=@tun peer{id=2 "
		 CHURN_PEER "}", sock, 3, 3);
	err = err ?: churn_make(nl, &msgs[1], text);
	err = err ?: churn_make(nl, &msgs[2], "KEY_NEW ifindex=@tun "
				"keyconf{peer-id=2 slot=0 key-id=0 "
				"cipher-alg=aes-gcm "
				"encrypt{key=32*a1 nonce=8*a2} "
				"decrypt{key=32*b1 nonce=8*b2}}");
	err = err ?: churn_make(nl, &msgs[3],
				"PEER_DEL ifindex=@tun peer{id=2}");
	return err ?: churn_make(nl, &msgs[4],
				 "PEER_SET ifindex=@tun peer{id=1 tx-id=1}");
}

static int churn_round(struct ovpn_nl *nl, struct churn_msg *msgs,
		       const char *what)
{
	int err;

	if (!strcmp(what, "none")) {
		err = churn_send(nl, &msgs[4]);
		return err ?: churn_send(nl, &msgs[4]);
	}
	err = churn_send(nl, &msgs[1]);
	if (!err && !strcmp(what, "key"))
		err = churn_send(nl, &msgs[2]);
	return err ?: churn_send(nl, &msgs[3]);
}

static int churn(struct ovpn_nl *nl, unsigned int rounds, const char *what)
{
	static struct churn_msg msgs[5];
	struct timespec from, to;
	unsigned int i;
	int err;

	err = churn_text(nl, msgs, ovpn_sock_udp("0.0.0.0:7002"));
	err = err ?: churn_send(nl, &msgs[0]);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (i = 0; !err && i < rounds; i++)
		err = churn_round(nl, msgs, what);
	clock_gettime(CLOCK_MONOTONIC, &to);
	if (!err)
		printf("%.0f\n", ((double)(to.tv_sec - from.tv_sec) * 1e9 +
				  (double)(to.tv_nsec - from.tv_nsec)) /
				 rounds);
	return err;
}

int main(int argc, char **argv)
{
	struct ovpn_nl nl = { 0 }, rtnl = { 0 };
	uint8_t mp = 1;
	int err;

	ovpn_sock_enter(&argc, &argv);
	if (argc < 2 || atoi(argv[1]) <= 0)
		return 2;
	err = ovpn_nl_open_rtnl(&rtnl);
	err = err ?: ovpn_nl_link_add(&rtnl, "tun", &mp, 1, true);
	err = err ?: ovpn_nl_open(&nl);
	err = err ?: churn(&nl, (unsigned int)atoi(argv[1]),
			   argc > 2 ? argv[2] : "");
	err = err ?: ovpn_nl_link_del(&rtnl, "tun");
	if (err)
		fprintf(stderr, "ovpn_churn: %s\n", ovpn_nl_error_name(err));
	return err ? 1 : 0;
}
