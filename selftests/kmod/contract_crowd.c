// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dumps that take more than one message: every peer once, in the order of ids,
 * also while other peers come and go between the messages.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"

#define CROWD 1000
#define CROWD_ROUNDS 5
/* peers that come or go after each message */
#define CROWD_CHURN 20
/* the kernel fills half of it at a time */
#define CROWD_BUFFER 65536

/**
 * struct crowd - what a dump has shown
 * @seen: by id: how often
 * @last: id of the last peer
 * @messages: how many reads it took
 * @unordered: peers whose id is not higher than the one before
 * @strange: messages that are none about a peer of the crowd
 * @interrupted: messages with NLM_F_DUMP_INTR
 */
struct crowd {
	unsigned int seen[CROWD];
	unsigned int last;
	unsigned int messages;
	unsigned int unordered;
	unsigned int strange;
	unsigned int interrupted;
};

static bool is_present[CROWD];
static unsigned int crowd_random = 1;

static unsigned int crowd_rand(unsigned int n)
{
	crowd_random = crowd_random * 1103515245u + 12345u;
	return (crowd_random >> 8) % n;
}

static int crowd_change(struct contract *c, unsigned int id)
{
	struct contract_replies replies;
	char text[256];
	int err;

	if (is_present[id])
		snprintf(text, sizeof(text),
			 "PEER_DEL ifindex=@mp peer{id=%u}", id);
	else
		snprintf(text, sizeof(text), "PEER_NEW ifindex=@mp peer{id=%u "
			 "socket=@udp4 remote-ipv4=10.9.0.2 remote-port=%u "
			 "vpn-ipv4=10.8.%u.%u}", id, id + 1, id / 250 + 1,
			 id % 250 + 1);
	err = contract_request(c, text, false, &replies);
	if (!err)
		is_present[id] = !is_present[id];
	return err;
}

static void crowd_message(struct crowd *crowd, const struct nlmsghdr *nlh)
{
	char text[OVPN_NL_TEXT];
	unsigned int id;

	crowd->interrupted += !!(nlh->nlmsg_flags & NLM_F_DUMP_INTR);
	if (nlh->nlmsg_type == NLMSG_DONE)
		return;
	spec_decode(nlh, text, sizeof(text));
	if (!(nlh->nlmsg_flags & NLM_F_MULTI) ||
	    sscanf(text, "PEER_GET peer{id=%u ", &id) != 1 || id >= CROWD) {
		crowd->strange++;
		return;
	}
	crowd->seen[id]++;
	crowd->unordered += id < crowd->last;
	crowd->last = id;
}

static int crowd_resolve(void *data, const char *name, uint32_t *value)
{
	(void)data;
	*value = if_nametoindex(name);
	return 0;
}

/* Reads a dump message by message; @is_churning: peers come and go between. */
static int crowd_dump(struct contract *c, struct ovpn_nl *nl,
		      struct crowd *crowd, bool is_churning)
{
	static char buf[CROWD_BUFFER] __attribute__((aligned(8)));
	struct nlmsghdr *nlh;
	int err, rest, n;
	bool is_done = false;

	memset(crowd, 0, sizeof(*crowd));
	memset(buf, 0, 512);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = nl->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++nl->seq;
	err = spec_encode(nlh, sizeof(buf), "PEER_GET ifindex=@mp",
			  crowd_resolve, NULL);
	if (err || mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len) < 0)
		return -EIO;
	while (!is_done) {
		rest = (int)mnl_socket_recvfrom(nl->sock, buf, sizeof(buf));
		if (rest < 0)
			return -errno;
		crowd->messages++;
		for (nlh = (void *)buf; mnl_nlmsg_ok(nlh, rest);
		     nlh = mnl_nlmsg_next(nlh, &rest)) {
			crowd_message(crowd, nlh);
			is_done = is_done || nlh->nlmsg_type == NLMSG_DONE;
		}
		for (n = 0; is_churning && n < CROWD_CHURN; n++) {
			/* every third stays */
			err = crowd_change(c, crowd_rand(CROWD / 3) * 3 + 1 +
					   crowd_rand(2));
			if (err)
				return err;
		}
	}
	return 0;
}

static void crowd_judge(struct contract *c, const struct crowd *crowd, int err,
			bool is_churning, const char *name)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < CROWD; i++) {
		if (is_churning && i % 3)
			wrong += crowd->seen[i] > 1;
		else
			wrong += crowd->seen[i] != is_present[i];
	}
	/* only ours goes by id; the other goes by place in a table */
	if (c->is_ours)
		wrong += crowd->unordered;
	wrong += crowd->strange + crowd->interrupted + (crowd->messages < 4);
	contract_report(c, !err && !wrong, name);
	if (!err && !wrong)
		return;
	printf("#   %s, %u messages, %u strange, %u interrupted, %u not in "
	       "order; wrong:", ovpn_nl_error_name(err), crowd->messages,
	       crowd->strange, crowd->interrupted, crowd->unordered);
	for (i = 0; i < CROWD && wrong; i++) {
		if (i % 3 ? crowd->seen[i] < 2 : crowd->seen[i] == 1)
			continue;
		printf(" %u*%u", i, crowd->seen[i]);
		wrong--;
	}
	printf("\n");
}

void contract_crowd(struct contract *c)
{
	static struct crowd crowd;
	struct ovpn_nl dumper;
	unsigned int i;
	char name[64];
	int err;

	err = ovpn_nl_open(&dumper);
	for (i = 0; !err && i < CROWD; i++)
		err = crowd_change(c, i);
	contract_report(c, !err, "crowd: new");
	err = crowd_dump(c, &dumper, &crowd, false);
	crowd_judge(c, &crowd, err, false, "crowd: a dump shows each once");
	for (i = 0; i < CROWD_ROUNDS; i++) {
		snprintf(name, sizeof(name),
			 "crowd: who stays appears once, round %u", i + 1);
		if (!c->is_ours) {
			printf("ok %u %s # SKIP resumes by position\n",
			       ++c->number, name);
			continue;
		}
		err = crowd_dump(c, &dumper, &crowd, true);
		crowd_judge(c, &crowd, err, true, name);
	}
	err = 0;
	for (i = 0; !err && i < CROWD; i++)
		if (is_present[i])
			err = crowd_change(c, i);
	contract_report(c, !err, "crowd: delete");
	err = crowd_dump(c, &dumper, &crowd, false);
	contract_report(c, !err && crowd.messages == 1 && !crowd.strange,
			"crowd: none is left");
	ovpn_nl_close(&dumper);
}
