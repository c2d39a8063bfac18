// SPDX-License-Identifier: GPL-2.0-only
/*
 * Family "ovpnx": keys with what family "ovpn" cannot say about them: how far
 * they have been used, and epochs.
 */
#include <net/genetlink.h>

#include "device.h"
#include "epoch.h"
#include "key.h"
#include "netlink.h"
#include "netlink_x.h"
#include "peer.h"

/* a limit below this would be reached by one batch */
#define DCO_NLX_USAGE_MIN	1024

/* not const: older kernels' policies do not take a const one */
static struct netlink_range_validation dco_nlx_usage_max_range = {
	.min = DCO_NLX_USAGE_MIN,
	.max = DCO_USAGE_MAX,
};

static struct netlink_range_validation dco_nlx_epoch_range = {
	.min = 1,
	.max = DCO_EPOCH_MAX,
};

static struct netlink_range_validation dco_nlx_alg_range = {
	.min = OVPN_CIPHER_ALG_AES_GCM,
	.max = OVPN_CIPHER_ALG_CHACHA20_POLY1305,
};

static const struct nla_policy dco_nlx_keydir[OVPNX_A_KEYDIR_MAX + 1] = {
	[OVPNX_A_KEYDIR_CIPHER_KEY] =
		NLA_POLICY_MAX(NLA_BINARY, DCO_EPOCH_SECRET_SIZE),
	[OVPNX_A_KEYDIR_NONCE_TAIL] =
		NLA_POLICY_EXACT_LEN(DCO_NONCE_TAIL_SIZE),
	[OVPNX_A_KEYDIR_EPOCH_SECRET] =
		NLA_POLICY_EXACT_LEN(DCO_EPOCH_SECRET_SIZE),
	[OVPNX_A_KEYDIR_EPOCH] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nlx_epoch_range),
	[OVPNX_A_KEYDIR_PACKET_ID] = { .type = NLA_U64 },
	[OVPNX_A_KEYDIR_USAGE] = { .type = NLA_U64 },
	[OVPNX_A_KEYDIR_FAILURES] = { .type = NLA_U64 },
	[OVPNX_A_KEYDIR_SEEN] =
		NLA_POLICY_MAX(NLA_BINARY, DCO_REPLAY_BITS / BITS_PER_BYTE),
};

static const struct nla_policy dco_nlx_key[OVPNX_A_KEYCONF_MAX + 1] = {
	[OVPNX_A_KEYCONF_PEER_ID] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_peer_id_range),
	[OVPNX_A_KEYCONF_SLOT] = NLA_POLICY_MAX(NLA_U32, 1),
	[OVPNX_A_KEYCONF_KEY_ID] = NLA_POLICY_MAX(NLA_U32, DCO_KEY_ID_MASK),
	[OVPNX_A_KEYCONF_CIPHER_ALG] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nlx_alg_range),
	[OVPNX_A_KEYCONF_CIPHER_LEN] = { .type = NLA_U32 },
	[OVPNX_A_KEYCONF_USAGE_MAX] =
		NLA_POLICY_FULL_RANGE(NLA_U64, &dco_nlx_usage_max_range),
	[OVPNX_A_KEYCONF_ENCRYPT_DIR] = NLA_POLICY_NESTED(dco_nlx_keydir),
	[OVPNX_A_KEYCONF_DECRYPT_DIR] = NLA_POLICY_NESTED(dco_nlx_keydir),
};

/* a KEY nest that names a slot */
static const struct nla_policy dco_nlx_key_slot[OVPNX_A_KEYCONF_SLOT + 1] = {
	[OVPNX_A_KEYCONF_PEER_ID] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_peer_id_range),
	[OVPNX_A_KEYCONF_SLOT] = NLA_POLICY_MAX(NLA_U32, 1),
};

const struct nla_policy dco_nlx_key_new_policy[OVPNX_A_KEYCONF + 1] = {
	[OVPNX_A_IFINDEX] = { .type = NLA_U32 },
	[OVPNX_A_KEYCONF] = NLA_POLICY_NESTED(dco_nlx_key),
};

const struct nla_policy dco_nlx_key_get_policy[OVPNX_A_KEYCONF + 1] = {
	[OVPNX_A_IFINDEX] = { .type = NLA_U32 },
	[OVPNX_A_KEYCONF] = NLA_POLICY_NESTED(dco_nlx_key_slot),
};

static int dco_nlx_refuse(struct genl_info *info, const struct nlattr *attr,
			  const char *why)
{
	NL_SET_BAD_ATTR(info->extack, attr);
	/* not the macro, which wants a literal */
	info->extack->_msg = why;
	return -EINVAL;
}

/* Reads the KEY nest; @required: bits of attributes that must be there */
static int dco_nlx_key_parse(struct genl_info *info, struct nlattr **attrs,
			     const struct nla_policy *policy, int maxtype,
			     unsigned int required)
{
	struct nlattr *nest;
	int err, i;

	if (GENL_REQ_ATTR_CHECK(info, OVPNX_A_KEYCONF))
		return -EINVAL;
	nest = info->attrs[OVPNX_A_KEYCONF];
	err = nla_parse_nested(attrs, maxtype, nest, policy, info->extack);
	if (err)
		return err;
	for (i = 1; i <= maxtype; i++)
		if (required & BIT(i) &&
		    NL_REQ_ATTR_CHECK(info->extack, nest, attrs, i))
			return -EINVAL;
	return 0;
}

static struct dco_peer *dco_nlx_key_peer(struct dco_dev *dco,
					 struct genl_info *info,
					 struct nlattr **attrs)
{
	struct dco_peer *peer;

	peer = dco_peer_get_by_id(dco,
				  nla_get_u32(attrs[OVPNX_A_KEYCONF_PEER_ID]));
	if (peer)
		return peer;
	NL_SET_ERR_MSG_MOD(info->extack, "no peer has this id");
	NL_SET_BAD_ATTR(info->extack, attrs[OVPNX_A_KEYCONF_PEER_ID]);
	return NULL;
}

static int dco_nlx_keydir_material(struct genl_info *info, struct nlattr *nest,
				   struct nlattr **attrs,
				   struct dco_key_dir *dir)
{
	const struct nlattr *secret = attrs[OVPNX_A_KEYDIR_EPOCH_SECRET];
	const struct nlattr *epoch = attrs[OVPNX_A_KEYDIR_EPOCH];

	if (secret) {
		if (attrs[OVPNX_A_KEYDIR_CIPHER_KEY] ||
		    attrs[OVPNX_A_KEYDIR_NONCE_TAIL])
			return dco_nlx_refuse(info, secret,
					      "a cipher key, or epochs");
		dir->key = nla_data(secret);
		dir->epoch = epoch ? nla_get_u32(epoch) : 1;
		return 0;
	}
	if (epoch)
		return dco_nlx_refuse(info, epoch, "the secret is missing");
	if (NL_REQ_ATTR_CHECK(info->extack, nest, attrs,
			      OVPNX_A_KEYDIR_CIPHER_KEY) ||
	    NL_REQ_ATTR_CHECK(info->extack, nest, attrs,
			      OVPNX_A_KEYDIR_NONCE_TAIL))
		return -EINVAL;
	dir->key = nla_data(attrs[OVPNX_A_KEYDIR_CIPHER_KEY]);
	dir->key_len = nla_len(attrs[OVPNX_A_KEYDIR_CIPHER_KEY]);
	dir->nonce_tail = nla_data(attrs[OVPNX_A_KEYDIR_NONCE_TAIL]);
	return 0;
}

static u64 dco_nlx_get_u64(const struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

static int dco_nlx_keydir_state(struct genl_info *info, struct nlattr **attrs,
				struct dco_key_dir *dir)
{
	const struct nlattr *id = attrs[OVPNX_A_KEYDIR_PACKET_ID];
	const struct nlattr *seen = attrs[OVPNX_A_KEYDIR_SEEN];
	struct dco_key_state *state = &dir->state;

	state->id = dco_nlx_get_u64(id);
	state->usage = dco_nlx_get_u64(attrs[OVPNX_A_KEYDIR_USAGE]);
	state->failures = dco_nlx_get_u64(attrs[OVPNX_A_KEYDIR_FAILURES]);
	if (seen) {
		state->seen = nla_data(seen);
		state->seen_len = nla_len(seen);
	}
	if (state->id > (dir->epoch ? DCO_COUNTER_MAX : DCO_PACKET_ID_MAX))
		return dco_nlx_refuse(info, id, "there is no such packet id");
	/* counters are added to */
	if (state->usage > S64_MAX)
		return dco_nlx_refuse(info, attrs[OVPNX_A_KEYDIR_USAGE],
				      "too much for a counter");
	if (state->failures > S64_MAX)
		return dco_nlx_refuse(info, attrs[OVPNX_A_KEYDIR_FAILURES],
				      "too much for a counter");
	return 0;
}

static int dco_nlx_keydir_parse(struct genl_info *info, struct nlattr *nest,
				bool is_encrypt, struct dco_key_dir *dir)
{
	struct nlattr *attrs[OVPNX_A_KEYDIR_MAX + 1];
	int err, i;

	err = nla_parse_nested(attrs, OVPNX_A_KEYDIR_MAX, nest, dco_nlx_keydir,
			       info->extack);
	if (err)
		return err;
	for (i = OVPNX_A_KEYDIR_FAILURES; i <= OVPNX_A_KEYDIR_SEEN; i++)
		if (is_encrypt && attrs[i])
			return dco_nlx_refuse(info, attrs[i],
					      "only what is received has it");
	return dco_nlx_keydir_material(info, nest, attrs, dir) ?:
	       dco_nlx_keydir_state(info, attrs, dir);
}

static int dco_nlx_key_config(struct genl_info *info, struct nlattr **attrs,
			      struct dco_key_config *config)
{
	const struct nlattr *len = attrs[OVPNX_A_KEYCONF_CIPHER_LEN];
	int err;

	config->id = nla_get_u32(attrs[OVPNX_A_KEYCONF_KEY_ID]);
	config->alg = nla_get_u32(attrs[OVPNX_A_KEYCONF_CIPHER_ALG]);
	config->usage_max = dco_nlx_get_u64(attrs[OVPNX_A_KEYCONF_USAGE_MAX]);
	err = dco_nlx_keydir_parse(info, attrs[OVPNX_A_KEYCONF_ENCRYPT_DIR],
				   true, &config->encrypt) ?:
	      dco_nlx_keydir_parse(info, attrs[OVPNX_A_KEYCONF_DECRYPT_DIR],
				   false, &config->decrypt);
	if (err)
		return err;
	if (!config->encrypt.epoch != !config->decrypt.epoch)
		return dco_nlx_refuse(info, attrs[OVPNX_A_KEYCONF_DECRYPT_DIR],
				      "both directions have epochs, or none");
	if (len && !config->encrypt.epoch)
		return dco_nlx_refuse(info, len, "the cipher key has a length");
	if (!len && config->encrypt.epoch)
		return dco_nlx_refuse(info, attrs[OVPNX_A_KEYCONF_ENCRYPT_DIR],
				      "epochs need a length of cipher keys");
	if (!len)
		return 0;
	config->cipher_len = nla_get_u32(len);
	if (config->cipher_len > DCO_HKDF_SIZE)
		return dco_nlx_refuse(info, len, "no cipher has such keys");
	return 0;
}

static int dco_nlx_key_new(struct dco_dev *dco, struct genl_info *info)
{
	struct nlattr *attrs[OVPNX_A_KEYCONF_MAX + 1] = {};
	struct dco_key_config config = {};
	struct dco_peer *peer;
	struct dco_key *key;
	int err;

	err = dco_nlx_key_parse(info, attrs, dco_nlx_key, OVPNX_A_KEYCONF_MAX,
				BIT(OVPNX_A_KEYCONF_PEER_ID) |
				BIT(OVPNX_A_KEYCONF_SLOT) |
				BIT(OVPNX_A_KEYCONF_KEY_ID) |
				BIT(OVPNX_A_KEYCONF_CIPHER_ALG) |
				BIT(OVPNX_A_KEYCONF_ENCRYPT_DIR) |
				BIT(OVPNX_A_KEYCONF_DECRYPT_DIR)) ?:
	      dco_nlx_key_config(info, attrs, &config);
	if (err)
		return err;
	peer = dco_nlx_key_peer(dco, info, attrs);
	if (!peer)
		return -ENOENT;
	key = dco_key_new(&config);
	if (IS_ERR(key))
		NL_SET_ERR_MSG_MOD(info->extack, "cannot make the key");
	else
		dco_key_slots_install_take(&peer->keys,
					   nla_get_u32(attrs[OVPNX_A_KEYCONF_SLOT]),
					   key);
	dco_peer_put(peer);
	return PTR_ERR_OR_ZERO(key);
}

/**
 * dco_nlx_key_new_doit() - OVPNX_CMD_KEY_NEW
 * @skb: the request
 * @info: the request, parsed
 *
 * Return: 0 or a negative errno.
 */
int dco_nlx_key_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nl_call(info, dco_nlx_key_new);
}

static int dco_nlx_put_u64(struct sk_buff *msg, int type, u64 value)
{
	return nla_put(msg, type, sizeof(value), &value);
}

static int dco_nlx_put_keydir(struct sk_buff *msg, int type, u16 epoch,
			      const struct dco_key_state *state)
{
	struct nlattr *attr = nla_nest_start(msg, type);

	if (!attr ||
	    (epoch && nla_put_u32(msg, OVPNX_A_KEYDIR_EPOCH, epoch)) ||
	    dco_nlx_put_u64(msg, OVPNX_A_KEYDIR_PACKET_ID, state->id) ||
	    dco_nlx_put_u64(msg, OVPNX_A_KEYDIR_USAGE, state->usage) ||
	    (type == OVPNX_A_KEYCONF_DECRYPT_DIR &&
	     dco_nlx_put_u64(msg, OVPNX_A_KEYDIR_FAILURES, state->failures)))
		return -EMSGSIZE;
	nla_nest_end(msg, attr);
	return 0;
}

/* Context: RCU read side. */
static int dco_nlx_put_key(struct sk_buff *msg, struct dco_key *key)
{
	struct dco_key_info known;

	dco_key_get_info(key, &known);
	if (nla_put_u32(msg, OVPNX_A_KEYCONF_KEY_ID, key->id) ||
	    nla_put_u32(msg, OVPNX_A_KEYCONF_CIPHER_ALG, key->alg))
		return -EMSGSIZE;
	return dco_nlx_put_keydir(msg, OVPNX_A_KEYCONF_ENCRYPT_DIR,
				  known.tx_epoch, &known.tx) ?:
	       dco_nlx_put_keydir(msg, OVPNX_A_KEYCONF_DECRYPT_DIR,
				  known.rx_epoch, &known.rx);
}

static int dco_nlx_put_slot(struct sk_buff *msg, struct dco_peer *peer,
			    enum ovpn_key_slot slot)
{
	struct dco_key *key;
	int err = -ENOENT;

	if (nla_put_u32(msg, OVPNX_A_KEYCONF_PEER_ID, peer->id) ||
	    nla_put_u32(msg, OVPNX_A_KEYCONF_SLOT, slot))
		return -EMSGSIZE;
	rcu_read_lock();
	key = dco_key_slots_get(&peer->keys, slot);
	if (key)
		err = dco_nlx_put_key(msg, key);
	rcu_read_unlock();
	return err;
}

static int dco_nlx_key_reply(struct genl_info *info, struct dco_peer *peer,
			     enum ovpn_key_slot slot)
{
	struct nlattr *attr = NULL;
	struct sk_buff *msg;
	int err = -EMSGSIZE;
	void *hdr;

	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &dco_nlx_family, 0,
				OVPNX_CMD_KEY_GET);
	if (hdr && !nla_put_u32(msg, OVPNX_A_IFINDEX, peer->dco->dev->ifindex))
		attr = nla_nest_start(msg, OVPNX_A_KEYCONF);
	if (attr)
		err = dco_nlx_put_slot(msg, peer, slot);
	if (err) {
		nlmsg_free(msg);
		if (err == -ENOENT)
			NL_SET_ERR_MSG_MOD(info->extack,
					   "no key is in this slot");
		return err;
	}
	nla_nest_end(msg, attr);
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

static int dco_nlx_key_get(struct dco_dev *dco, struct genl_info *info)
{
	struct nlattr *attrs[OVPNX_A_KEYCONF_SLOT + 1] = {};
	struct dco_peer *peer;
	int err;

	err = dco_nlx_key_parse(info, attrs, dco_nlx_key_slot,
				OVPNX_A_KEYCONF_SLOT,
				BIT(OVPNX_A_KEYCONF_PEER_ID) |
				BIT(OVPNX_A_KEYCONF_SLOT));
	if (err)
		return err;
	peer = dco_nlx_key_peer(dco, info, attrs);
	if (!peer)
		return -ENOENT;
	err = dco_nlx_key_reply(info, peer,
				nla_get_u32(attrs[OVPNX_A_KEYCONF_SLOT]));
	dco_peer_put(peer);
	return err;
}

/**
 * dco_nlx_key_get_doit() - OVPNX_CMD_KEY_GET
 * @skb: the request
 * @info: the request, parsed
 *
 * Return: 0 or a negative errno.
 */
int dco_nlx_key_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nl_call(info, dco_nlx_key_get);
}
