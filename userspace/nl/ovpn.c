// SPDX-License-Identifier: GPL-2.0-or-later
#include "nl/nl.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ovpn.h>
#include <linux/ovpnx.h>
#include <string.h>
#include <unistd.h>

#include "nl/request.h"

static struct nlmsghdr *nl_genl_init(struct nl_socket *sock, void *buf,
				     uint16_t family, uint8_t cmd,
				     uint16_t flags)
{
	struct nlmsghdr *nlh = nl_request_init(sock, buf, family, flags);
	struct genlmsghdr *genl;

	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;
	return nlh;
}

static int nl_family_on_data(void *arg, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;
	uint16_t *id = arg;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
			*id = mnl_attr_get_u16(attr);
	}
	return *id ? 0 : -ENOENT;
}

static int nl_peer_on_data(void *arg, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;
	int *n = arg;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == OVPN_A_PEER)
			*n = 1;
	}
	return 0;
}

const char *nl_ovpn_name(void)
{
	static const char *name;

	if (!name)
		name = access("/sys/module/" OVPN_FAMILY_NAME_OWN, F_OK) ?
		       OVPN_FAMILY_NAME : OVPN_FAMILY_NAME_OWN;
	return name;
}

const char *nl_ovpnx_name(void)
{
	return strcmp(nl_ovpn_name(), OVPN_FAMILY_NAME) ?
	       OVPNX_FAMILY_NAME_OWN : OVPNX_FAMILY_NAME;
}

int nl_ovpn_has_peers(int ifindex)
{
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_MAX];
	struct nl_socket sock;
	struct nlmsghdr *nlh;
	uint16_t family = 0;
	int n = 0, err;

	err = nl_socket_init(&sock, NETLINK_GENERIC);
	if (err)
		return err;
	nlh = nl_genl_init(&sock, buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY,
			   NLM_F_ACK);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, nl_ovpn_name());
	err = nl_request(&sock, nlh, nl_family_on_data, &family);
	if (err)
		goto close;
	nlh = nl_genl_init(&sock, buf, family, OVPN_CMD_PEER_GET, NLM_F_DUMP);
	mnl_attr_put_u32(nlh, OVPN_A_IFINDEX, (uint32_t)ifindex);
	err = nl_request(&sock, nlh, nl_peer_on_data, &n);
close:
	nl_socket_close(&sock);
	return err ? err : n;
}
