// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "dp/kernel.h"

uint32_t kernel_slot(enum dp_slot slot)
{
	return slot == DP_SLOT_PRIMARY ? OVPN_KEY_SLOT_PRIMARY :
					 OVPN_KEY_SLOT_SECONDARY;
}

uint32_t kernel_cipher(enum proto_cipher cipher)
{
	switch (cipher) {
	case PROTO_CIPHER_AES_128_GCM:
	case PROTO_CIPHER_AES_192_GCM:
	case PROTO_CIPHER_AES_256_GCM:
		return OVPN_CIPHER_ALG_AES_GCM;
	case PROTO_CIPHER_CHACHA20_POLY1305:
		return OVPN_CIPHER_ALG_CHACHA20_POLY1305;
	case PROTO_CIPHER_NONE:
	case PROTO_CIPHER_AES_128_CBC:
	case PROTO_CIPHER_AES_192_CBC:
	case PROTO_CIPHER_AES_256_CBC:
		break;
	}
	return OVPN_CIPHER_ALG_NONE;
}

static struct nl_msg *kernel_key_msg(struct dp_kernel *kernel, uint8_t cmd,
				     uint32_t peer_id, struct nlattr **nest)
{
	struct nl_msg *msg = kernel_msg_new(kernel, cmd, 0);

	if (!msg)
		return NULL;
	*nest = kernel_nest_start(msg, OVPN_A_KEYCONF);
	if (!*nest || nla_put_u32(msg, OVPN_A_KEYCONF_PEER_ID, peer_id)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int kernel_key_put_dir(struct nl_msg *msg, int type,
			      const struct dp_key_dir *dir)
{
	struct nlattr *nest = kernel_nest_start(msg, type);

	if (!nest ||
	    nla_put(msg, OVPN_A_KEYDIR_CIPHER_KEY, (int)dir->cipher_key_len,
		    dir->cipher_key) ||
	    nla_put(msg, OVPN_A_KEYDIR_NONCE_TAIL, OVPN_NONCE_TAIL_SIZE,
		    dir->nonce_tail))
		return -ENOMEM;
	nla_nest_end(msg, nest);
	return 0;
}

int kernel_key_set(struct dp *dp, uint32_t peer_id, enum dp_slot slot,
		   const struct dp_key *key)
{
	struct dp_kernel *kernel = kernel_get(dp);
	struct nlattr *nest;
	struct nl_msg *msg;

	if (key->is_epoch)
		return kernel_x_key_set(kernel, peer_id, slot, key);
	msg = kernel_key_msg(kernel, OVPN_CMD_KEY_NEW, peer_id, &nest);
	if (!msg)
		return -ENOMEM;
	if (nla_put_u32(msg, OVPN_A_KEYCONF_SLOT, kernel_slot(slot)) ||
	    nla_put_u32(msg, OVPN_A_KEYCONF_KEY_ID, key->key_id) ||
	    nla_put_u32(msg, OVPN_A_KEYCONF_CIPHER_ALG,
			kernel_cipher(key->cipher)) ||
	    kernel_key_put_dir(msg, OVPN_A_KEYCONF_ENCRYPT_DIR, &key->send) ||
	    kernel_key_put_dir(msg, OVPN_A_KEYCONF_DECRYPT_DIR, &key->recv)) {
		kernel_msg_free_take(msg);
		return -ENOMEM;
	}
	nla_nest_end(msg, nest);
	return kernel_msg_send_take(kernel, msg, NULL, NULL);
}

int kernel_key_swap(struct dp *dp, uint32_t peer_id)
{
	struct dp_kernel *kernel = kernel_get(dp);
	struct nlattr *nest;
	struct nl_msg *msg;

	msg = kernel_key_msg(kernel, OVPN_CMD_KEY_SWAP, peer_id, &nest);
	if (!msg)
		return -ENOMEM;
	nla_nest_end(msg, nest);
	return kernel_msg_send_take(kernel, msg, NULL, NULL);
}

static struct nl_msg *kernel_key_slot_msg(struct dp_kernel *kernel,
					  uint8_t cmd, uint32_t peer_id,
					  enum dp_slot slot)
{
	struct nlattr *nest;
	struct nl_msg *msg = kernel_key_msg(kernel, cmd, peer_id, &nest);

	if (!msg)
		return NULL;
	if (nla_put_u32(msg, OVPN_A_KEYCONF_SLOT, kernel_slot(slot))) {
		nlmsg_free(msg);
		return NULL;
	}
	nla_nest_end(msg, nest);
	return msg;
}

int kernel_key_del(struct dp *dp, uint32_t peer_id, enum dp_slot slot)
{
	struct nl_msg *msg;

	msg = kernel_key_slot_msg(kernel_get(dp), OVPN_CMD_KEY_DEL, peer_id,
				  slot);
	if (!msg)
		return -ENOMEM;
	return kernel_msg_send_take(kernel_get(dp), msg, NULL, NULL);
}

/* ---- looking --------------------------------------------------------- */

struct kernel_key_info {
	uint32_t key_id, cipher_alg;
};

static int kernel_key_on_data(void *arg, struct nlattr **attrs)
{
	struct nlattr *conf[OVPN_A_KEYCONF_MAX + 1];
	struct kernel_key_info *info = arg;

	if (!attrs[OVPN_A_KEYCONF] ||
	    nla_parse_nested(conf, OVPN_A_KEYCONF_MAX, attrs[OVPN_A_KEYCONF],
			     NULL) ||
	    kernel_u32_parse(conf[OVPN_A_KEYCONF_KEY_ID], &info->key_id))
		return -EBADMSG;
	return kernel_u32_parse(conf[OVPN_A_KEYCONF_CIPHER_ALG],
				&info->cipher_alg);
}

static int kernel_key_get(struct dp_kernel *kernel, uint32_t peer_id,
			  enum dp_slot slot, struct kernel_key_info *out)
{
	struct nl_msg *msg;

	msg = kernel_key_slot_msg(kernel, OVPN_CMD_KEY_GET, peer_id, slot);
	if (!msg)
		return -ENOMEM;
	return kernel_msg_send_take(kernel, msg, kernel_key_on_data, out);
}

void kernel_peer_get_keys(struct dp_kernel *kernel, uint32_t peer_id,
			  struct dp_peer_info *out)
{
	struct kernel_key_info info = { 0 };

	/* -ENOENT: the slot is empty. */
	if (!kernel_key_get(kernel, peer_id, DP_SLOT_SECONDARY, &info))
		out->secondary_key = (int)(info.key_id & 7);
	if (kernel_key_get(kernel, peer_id, DP_SLOT_PRIMARY, &info))
		return;
	out->primary_key = (int)(info.key_id & 7);
	if (info.cipher_alg == OVPN_CIPHER_ALG_AES_GCM) {
		out->cipher_name = "AES-GCM";
	} else if (info.cipher_alg == OVPN_CIPHER_ALG_CHACHA20_POLY1305) {
		out->cipher = PROTO_CIPHER_CHACHA20_POLY1305;
		out->cipher_name = proto_cipher_name(out->cipher);
	}
	kernel_x_key_get(kernel, peer_id, out);
}
