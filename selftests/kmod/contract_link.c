// SPDX-License-Identifier: GPL-2.0-or-later
/* The contract of devices, of the family as a whole, and of rights. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"

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

/**
 * struct link_mode - one form of IFLA_OVPN_MODE
 * @name: of the test
 * @payload: of the attribute
 * @len: of it
 * @err: 0 or -errno
 */
struct link_mode {
	const char *name;
	uint8_t payload[8];
	size_t len;
	int err;
};

static const struct link_mode link_modes[] = {
	{ "link: mode p2p", { 0 }, 1, 0 },
	{ "link: mode mp", { 1 }, 1, 0 },
	{ "link: mode 2", { 2 }, 1, -ERANGE },
	{ "link: mode 255", { 255 }, 1, -ERANGE },
	{ "link: mode of no bytes", { 0 }, 0, -ERANGE },
	/* link attributes are read as liberally as they always were */
	{ "link: mode of 4 bytes", { 1 }, 4, 0 },
};

static void links_modes(struct contract *c)
{
	const struct link_mode *mode = link_modes;
	size_t i;
	int err;

	for (i = 0; i < sizeof(link_modes) / sizeof(*mode); i++, mode++) {
		err = ovpn_nl_link_add(&c->rtnl, "l2", mode->payload,
				       mode->len, true);
		contract_report(c, err == mode->err &&
				!if_nametoindex("l2") == !!err, mode->name);
		if (err != mode->err)
			printf("#   got %s\n", ovpn_nl_error_name(err));
		if (!err)
			ovpn_nl_link_del(&c->rtnl, "l2");
	}
}

void contract_links(struct contract *c)
{
	struct ovpn_nl *rt = &c->rtnl;
	uint8_t mode = 1;

	contract_report(c, !ovpn_nl_link_add(rt, "l0", NULL, 0, true),
			"link: no mode");
	contract_report(c, !ovpn_nl_link_add(rt, "l1", &mode, 1, true),
			"link: another");
	contract_report(c, ovpn_nl_link_add(rt, "l1", &mode, 1, true) ==
			-EEXIST, "link: name in use");
	contract_report(c, ovpn_nl_link_add(rt, "l1", &mode, 1, false) ==
			-EOPNOTSUPP, "link: mode is immutable, even the same");
	mode = 0;
	contract_report(c, ovpn_nl_link_add(rt, "l1", &mode, 1, false) ==
			-EOPNOTSUPP, "link: mode is immutable");
	links_modes(c);
	contract_report(c, link_mtu_is("l0", 1416), "link: mtu 1416");
	contract_report(c, ovpn_nl_link_mtu(rt, "l0", 67) == -EINVAL,
			"link: mtu 67");
	contract_report(c, !ovpn_nl_link_mtu(rt, "l0", 68), "link: mtu 68");
	contract_report(c, !ovpn_nl_link_mtu(rt, "l0", 65451),
			"link: mtu 65451");
	contract_report(c, ovpn_nl_link_mtu(rt, "l0", 65452) == -EINVAL,
			"link: mtu 65452");
	contract_report(c, !ovpn_nl_link_del(rt, "l0") &&
			!ovpn_nl_link_del(rt, "l1"), "link: delete");
}

static void family_ops(const struct nlattr *ops, char *text)
{
	const struct nlattr *op, *part;

	mnl_attr_for_each_nested(op, ops) {
		mnl_attr_for_each_nested(part, op) {
			bool is_id = mnl_attr_get_type(part) ==
				     CTRL_ATTR_OP_ID;

			sprintf(text + strlen(text), is_id ? " %u:" : "%x",
				mnl_attr_get_u32(part));
		}
	}
}

static void family_groups(const struct nlattr *groups, char *text)
{
	const struct nlattr *group, *part;

	mnl_attr_for_each_nested(group, groups) {
		mnl_attr_for_each_nested(part, group) {
			if (mnl_attr_get_type(part) == CTRL_ATTR_MCAST_GRP_NAME)
				sprintf(text + strlen(text), " group %s",
					mnl_attr_get_str(part));
		}
	}
}

static void family_text(const struct nlmsghdr *nlh, char *text)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case CTRL_ATTR_VERSION:
			sprintf(text + strlen(text), " version %u",
				mnl_attr_get_u32(attr));
			break;
		case CTRL_ATTR_HDRSIZE:
			sprintf(text + strlen(text), " header %u",
				mnl_attr_get_u32(attr));
			break;
		case CTRL_ATTR_OPS:
			family_ops(attr, text);
			break;
		case CTRL_ATTR_MCAST_GROUPS:
			family_groups(attr, text);
			break;
		}
	}
}

/* What the controller says: commands with CAP_NET_ADMIN (1), do (2), dump (4)
 * and a policy (8).
 */
void contract_family(struct contract *c)
{
	char buf[8192] __attribute__((aligned(8))), text[1024] = "";
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;
	ssize_t len;

	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = ++c->genl.seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, "ovpn");
	mnl_socket_sendto(c->genl.sock, nlh, nlh->nlmsg_len);
	len = mnl_socket_recvfrom(c->genl.sock, buf, sizeof(buf));
	if (len > 0 && mnl_nlmsg_ok(nlh, (int)len))
		family_text(nlh, text);
	contract_report(c, !strcmp(text, " version 1 header 0 1:b 2:b 3:f 4:b "
				   "6:b 7:b 8:b 10:b group peers"),
			"family: version, commands, groups");
	printf("#  %s\n", text);
}

/* netlink checks who asks, not who opened */
static void rights_user(struct contract *c)
{
	struct contract_replies replies;
	struct ovpn_nl listener;
	int err;

	if (seteuid(65534)) {
		contract_report(c, false, "rights: cannot drop them");
		return;
	}
	err = contract_request(c, "PEER_GET ifindex=@mp", true, &replies);
	contract_report(c, err == -EPERM, "rights: dump needs CAP_NET_ADMIN");
	err = contract_request(c, "KEY_SWAP ifindex=@mp keyconf{peer-id=1}",
			       false, &replies);
	contract_report(c, err == -EPERM,
			"rights: command needs CAP_NET_ADMIN");
	err = contract_request(c, "PEER_GET #9=", false, &replies);
	contract_report(c, err == -EPERM, "rights: come before the policy");
	err = ovpn_nl_open(&listener);
	if (!err)
		err = ovpn_nl_join(&listener, listener.group);
	contract_report(c, !err, "rights: anybody may listen");
	if (seteuid(0))
		exit(1);
	if (listener.sock)
		ovpn_nl_close(&listener);
}

/* Root of a user namespace may make a device, but not configure it. */
static int rights_namespace(void)
{
	struct ovpn_nl rtnl, genl;
	int err;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return 4;
	if (ovpn_nl_open_rtnl(&rtnl) ||
	    ovpn_nl_link_add(&rtnl, "mp", NULL, 0, true))
		return 1;
	if (ovpn_nl_open(&genl))
		return 2;
	err = ovpn_nl_request(&genl, "PEER_GET ifindex=2", true, NULL, NULL,
			      NULL);
	return err == -EPERM ? 0 : 3;
}

void contract_rights(struct contract *c)
{
	int status = -1;
	pid_t pid;

	rights_user(c);
	pid = fork();
	if (!pid)
		_exit(rights_namespace());
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 4) {
		printf("ok %u rights: user namespace # SKIP none here\n",
		       ++c->number);
		return;
	}
	contract_report(c, !status, "rights: root of a user namespace");
	if (status)
		printf("#   failed at step %d\n", WEXITSTATUS(status));
}
