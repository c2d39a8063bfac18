// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into ovpnd: its first data key goes into the kernel as one that has
 * been used for years, so that the packet ids of it end soon. What else is sent
 * over netlink stays as it is. WORN_LEFT: packets until the kernel minds.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/ovpn.h>
#include <linux/ovpnx.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <stdint.h>
#include <stdlib.h>

#define SOFT_MAX 0xff000000u	/* where the module asks for another key */

typedef int send_fn(struct nl_sock *sock, struct nl_msg *msg);

static int family = -1, family_x;

static void families(void)
{
	struct nl_sock *sock = nl_socket_alloc();

	family = 0;
	if (sock && !genl_connect(sock)) {
		family = genl_ctrl_resolve(sock, OVPN_FAMILY_NAME);
		family_x = genl_ctrl_resolve(sock, OVPNX_FAMILY_NAME);
	}
	nl_socket_free(sock);
}

static struct nlattr *nest_start(struct nl_msg *msg, int type)
{
	struct nlattr *nest = nla_nest_start(msg, type);

	if (!nest)
		abort();
	nest->nla_type |= NLA_F_NESTED;
	return nest;
}

static void copy(struct nl_msg *msg, int type, struct nlattr *from)
{
	if (!from || nla_put(msg, type, nla_len(from), nla_data(from)))
		abort();
}

/* @from: a direction of a key; @id: the next packet of it, 0: any */
static void copy_dir(struct nl_msg *msg, int type, struct nlattr *from,
		     uint64_t id)
{
	struct nlattr *attrs[OVPN_A_KEYDIR_MAX + 1];
	struct nlattr *nest = nest_start(msg, type);

	if (nla_parse_nested(attrs, OVPN_A_KEYDIR_MAX, from, NULL))
		abort();
	copy(msg, OVPNX_A_KEYDIR_CIPHER_KEY, attrs[OVPN_A_KEYDIR_CIPHER_KEY]);
	copy(msg, OVPNX_A_KEYDIR_NONCE_TAIL, attrs[OVPN_A_KEYDIR_NONCE_TAIL]);
	if (id && nla_put_u64(msg, OVPNX_A_KEYDIR_PACKET_ID, id))
		abort();
	nla_nest_end(msg, nest);
}

/* Return: the same key, worn; NULL: it is not the first one. */
static struct nl_msg *worn(struct nl_msg *msg)
{
	struct nlattr *top[OVPN_A_MAX + 1], *conf[OVPN_A_KEYCONF_MAX + 1];
	const char *left = getenv("WORN_LEFT");
	struct nlattr *nest;
	struct nl_msg *out;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, top, OVPN_A_MAX, NULL) ||
	    nla_parse_nested(conf, OVPN_A_KEYCONF_MAX, top[OVPN_A_KEYCONF],
			     NULL))
		abort();
	if (nla_get_u32(conf[OVPN_A_KEYCONF_KEY_ID]))
		return NULL;
	out = nlmsg_alloc();
	if (!out || !genlmsg_put(out, NL_AUTO_PORT, NL_AUTO_SEQ, family_x, 0,
				 nlmsg_hdr(msg)->nlmsg_flags,
				 OVPNX_CMD_KEY_NEW, OVPNX_FAMILY_VERSION))
		abort();
	copy(out, OVPNX_A_IFINDEX, top[OVPN_A_IFINDEX]);
	nest = nest_start(out, OVPNX_A_KEYCONF);
	copy(out, OVPNX_A_KEYCONF_PEER_ID, conf[OVPN_A_KEYCONF_PEER_ID]);
	copy(out, OVPNX_A_KEYCONF_SLOT, conf[OVPN_A_KEYCONF_SLOT]);
	copy(out, OVPNX_A_KEYCONF_KEY_ID, conf[OVPN_A_KEYCONF_KEY_ID]);
	copy(out, OVPNX_A_KEYCONF_CIPHER_ALG, conf[OVPN_A_KEYCONF_CIPHER_ALG]);
	copy_dir(out, OVPNX_A_KEYCONF_ENCRYPT_DIR,
		 conf[OVPN_A_KEYCONF_ENCRYPT_DIR],
		 SOFT_MAX - (uint64_t)atoi(left ? left : "0"));
	copy_dir(out, OVPNX_A_KEYCONF_DECRYPT_DIR,
		 conf[OVPN_A_KEYCONF_DECRYPT_DIR], 0);
	nla_nest_end(out, nest);
	return out;
}

int nl_send_auto(struct nl_sock *sock, struct nl_msg *msg)
{
	send_fn *next = (send_fn *)dlsym(RTLD_NEXT, "nl_send_auto");
	struct nl_msg *other = NULL;
	int ret;

	if (family < 0)
		families();
	if (family > 0 && nlmsg_hdr(msg)->nlmsg_type == family &&
	    genlmsg_hdr(nlmsg_hdr(msg))->cmd == OVPN_CMD_KEY_NEW)
		other = worn(msg);
	if (!other)
		return next(sock, msg);
	ret = next(sock, other);
	nlmsg_hdr(msg)->nlmsg_seq = nlmsg_hdr(other)->nlmsg_seq;
	nlmsg_free(other);
	return ret;
}
