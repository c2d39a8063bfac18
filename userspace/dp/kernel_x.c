// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The family "ovpnx" of our own module: keys with epochs, and payloads that are
 * not IP. Every other kernel does without.
 */
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <string.h>

#include "dp/kernel.h"
#include "log/log.h"
#include "nl/nl.h"

/* ---- what there is ----------------------------------------------------- */

static int kernel_x_on_features(void *arg, struct nlattr **attrs)
{
	struct nlattr *features[OVPNX_A_FEATURES_MAX + 1];
	struct dp_kernel *kernel = arg;

	if (!attrs[OVPNX_A_FEATURES] ||
	    nla_parse_nested(features, OVPNX_A_FEATURES_MAX,
			     attrs[OVPNX_A_FEATURES], NULL))
		return -EBADMSG;
	kernel->features = kernel_uint(features[OVPNX_A_FEATURES_MASK]);
	return 0;
}

void kernel_x_open(struct dp_kernel *kernel)
{
	int family = genl_ctrl_resolve(kernel->sock, nl_ovpnx_name());
	struct nl_msg *msg;

	if (family <= 0)
		return;
	kernel->family_x = family;
	msg = kernel_x_msg_new(kernel, OVPNX_CMD_GET_FEATURES, 0);
	if (!msg || kernel_msg_send_take(kernel, msg, kernel_x_on_features,
					 kernel))
		kernel->features = 0;
	kernel->base.has_epochs = kernel->features & OVPNX_FEATURE_EPOCH;
}

/* ---- the device -------------------------------------------------------- */

_Static_assert((int)OVPNX_MSS_OFF == (int)DP_MSS_ANY, "as the kernel has it");

static int kernel_x_dev_set(struct dp_kernel *kernel, uint16_t mss)
{
	struct nl_msg *msg = kernel_x_msg_new(kernel, OVPNX_CMD_DEV_SET, 0);
	struct nlattr *nest;

	if (!msg)
		return -ENOMEM;
	nest = kernel_nest_start(msg, OVPNX_A_DEV);
	if (!nest || nla_put_u32(msg, OVPNX_A_DEV_MSS, mss)) {
		kernel_msg_free_take(msg);
		return -ENOMEM;
	}
	nla_nest_end(msg, nest);
	return kernel_msg_send_take(kernel, msg, NULL, NULL);
}

void kernel_x_set_mss(struct dp_kernel *kernel, uint16_t mss)
{
	int err = -EOPNOTSUPP;

	if (mss && mss < OVPNX_MSS_MIN)
		mss = OVPNX_MSS_MIN;
	/* also when it is 0: the device may be one from before */
	if (kernel->features & OVPNX_FEATURE_MSS)
		err = kernel_x_dev_set(kernel, mss);
	else if (!mss)
		return;
	if (err)
		log_warn("mssfix: %s, segments of TCP stay as they are",
			 err == -EOPNOTSUPP ?
			 "this kernel's module has no such setting" :
			 strerror(-err));
}

/* ---- keys -------------------------------------------------------------- */

static int kernel_x_put_dir(struct nl_msg *msg, int type,
			    const struct dp_key_dir *dir)
{
	struct nlattr *nest = kernel_nest_start(msg, type);

	if (!nest || nla_put(msg, OVPNX_A_KEYDIR_EPOCH_SECRET,
			     DP_EPOCH_SECRET_LEN, dir->epoch_secret))
		return -ENOMEM;
	nla_nest_end(msg, nest);
	return 0;
}

int kernel_x_key_set(struct dp_kernel *kernel, uint32_t peer_id,
		     enum dp_slot slot, const struct dp_key *key)
{
	struct nl_msg *msg = kernel_x_msg_new(kernel, OVPNX_CMD_KEY_NEW, 0);
	struct nlattr *nest;

	if (!msg)
		return -ENOMEM;
	nest = kernel_nest_start(msg, OVPNX_A_KEYCONF);
	if (!nest || nla_put_u32(msg, OVPNX_A_KEYCONF_PEER_ID, peer_id) ||
	    nla_put_u32(msg, OVPNX_A_KEYCONF_SLOT, kernel_slot(slot)) ||
	    nla_put_u32(msg, OVPNX_A_KEYCONF_KEY_ID, key->key_id) ||
	    nla_put_u32(msg, OVPNX_A_KEYCONF_CIPHER_ALG,
			kernel_cipher(key->cipher)) ||
	    nla_put_u32(msg, OVPNX_A_KEYCONF_CIPHER_LEN,
			(uint32_t)proto_cipher_key_len(key->cipher)) ||
	    kernel_x_put_dir(msg, OVPNX_A_KEYCONF_ENCRYPT_DIR, &key->send) ||
	    kernel_x_put_dir(msg, OVPNX_A_KEYCONF_DECRYPT_DIR, &key->recv)) {
		kernel_msg_free_take(msg);
		return -ENOMEM;
	}
	nla_nest_end(msg, nest);
	return kernel_msg_send_take(kernel, msg, NULL, NULL);
}

/* 0: the direction has no epochs, as far as the kernel says */
static unsigned int kernel_x_epoch(struct nlattr *nest)
{
	struct nlattr *attrs[OVPNX_A_KEYDIR_MAX + 1];
	uint32_t epoch = 0;

	if (nest && !nla_parse_nested(attrs, OVPNX_A_KEYDIR_MAX, nest, NULL))
		kernel_u32_parse(attrs[OVPNX_A_KEYDIR_EPOCH], &epoch);
	return epoch;
}

static int kernel_x_on_key(void *arg, struct nlattr **attrs)
{
	struct nlattr *conf[OVPNX_A_KEYCONF_MAX + 1];
	struct dp_peer_info *out = arg;

	if (!attrs[OVPNX_A_KEYCONF] ||
	    nla_parse_nested(conf, OVPNX_A_KEYCONF_MAX, attrs[OVPNX_A_KEYCONF],
			     NULL))
		return -EBADMSG;
	out->tx_epoch = kernel_x_epoch(conf[OVPNX_A_KEYCONF_ENCRYPT_DIR]);
	out->rx_epoch = kernel_x_epoch(conf[OVPNX_A_KEYCONF_DECRYPT_DIR]);
	return 0;
}

void kernel_x_key_get(struct dp_kernel *kernel, uint32_t peer_id,
		      struct dp_peer_info *out)
{
	struct nlattr *nest;
	struct nl_msg *msg;

	if (!kernel->base.has_epochs)
		return;
	msg = kernel_x_msg_new(kernel, OVPNX_CMD_KEY_GET, 0);
	if (!msg)
		return;
	nest = kernel_nest_start(msg, OVPNX_A_KEYCONF);
	if (!nest || nla_put_u32(msg, OVPNX_A_KEYCONF_PEER_ID, peer_id) ||
	    nla_put_u32(msg, OVPNX_A_KEYCONF_SLOT,
			kernel_slot(DP_SLOT_PRIMARY))) {
		nlmsg_free(msg);
		return;
	}
	nla_nest_end(msg, nest);
	kernel_msg_send_take(kernel, msg, kernel_x_on_key, out);
}

/* ---- payloads ---------------------------------------------------------- */

void kernel_x_listen(struct dp_kernel *kernel)
{
	int group;

	if (!(kernel->features & OVPNX_FEATURE_PAYLOAD))
		return;
	group = genl_ctrl_resolve_grp(kernel->sock, nl_ovpnx_name(),
				      OVPNX_MCGRP_EVENTS);
	if (group > 0)
		nl_socket_add_membership(kernel->event_sock, group);
}

/* Clients of 2.4 and 2.5 say goodbye in a data packet (section 7.6). */
static bool kernel_x_is_exit(struct nlattr *payload)
{
	enum proto_occ_op op;

	return payload &&
	       proto_occ_is(nla_data(payload), (size_t)nla_len(payload), &op) &&
	       op == PROTO_OCC_EXIT;
}

void kernel_x_event(struct dp_kernel *kernel, struct nlmsghdr *nlh)
{
	struct nlattr *attrs[KERNEL_A_MAX + 1];
	struct nlattr *peer[OVPNX_A_PEER_MAX + 1];
	uint32_t ifindex, id;

	if (kernel_msg_parse(nlh, attrs) != OVPNX_CMD_PEER_PAYLOAD_NTF ||
	    kernel_u32_parse(attrs[OVPNX_A_IFINDEX], &ifindex) ||
	    ifindex != (uint32_t)kernel->base.ifindex ||
	    !attrs[OVPNX_A_PEER] ||
	    nla_parse_nested(peer, OVPNX_A_PEER_MAX, attrs[OVPNX_A_PEER],
			     NULL) ||
	    kernel_u32_parse(peer[OVPNX_A_PEER_ID], &id))
		return;
	if (kernel_x_is_exit(peer[OVPNX_A_PEER_PAYLOAD]) &&
	    kernel_id_is_current(kernel, id))
		dp_emit_exit(&kernel->base, id);
}
