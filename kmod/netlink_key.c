// SPDX-License-Identifier: GPL-2.0-only
#include <net/genetlink.h>

#include "device.h"
#include "key.h"
#include "netlink.h"
#include "peer.h"

static const struct nla_policy dco_nl_keydir[OVPN_A_KEYDIR_NONCE_TAIL + 1] = {
	[OVPN_A_KEYDIR_CIPHER_KEY] = NLA_POLICY_MAX(NLA_BINARY, 256),
	[OVPN_A_KEYDIR_NONCE_TAIL] =
		NLA_POLICY_EXACT_LEN(OVPN_NONCE_TAIL_SIZE),
};

static const struct nla_policy
dco_nl_keyconf_new[OVPN_A_KEYCONF_DECRYPT_DIR + 1] = {
	[OVPN_A_KEYCONF_PEER_ID] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_peer_id_range),
	[OVPN_A_KEYCONF_SLOT] = NLA_POLICY_MAX(NLA_U32, 1),
	[OVPN_A_KEYCONF_KEY_ID] = NLA_POLICY_MAX(NLA_U32, 7),
	[OVPN_A_KEYCONF_CIPHER_ALG] = NLA_POLICY_MAX(NLA_U32, 2),
	[OVPN_A_KEYCONF_ENCRYPT_DIR] = NLA_POLICY_NESTED(dco_nl_keydir),
	[OVPN_A_KEYCONF_DECRYPT_DIR] = NLA_POLICY_NESTED(dco_nl_keydir),
};

static const struct nla_policy
dco_nl_keyconf_get[OVPN_A_KEYCONF_CIPHER_ALG + 1] = {
	[OVPN_A_KEYCONF_PEER_ID] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_peer_id_range),
	[OVPN_A_KEYCONF_SLOT] = NLA_POLICY_MAX(NLA_U32, 1),
	[OVPN_A_KEYCONF_KEY_ID] = NLA_POLICY_MAX(NLA_U32, 7),
	[OVPN_A_KEYCONF_CIPHER_ALG] = NLA_POLICY_MAX(NLA_U32, 2),
};

static const struct nla_policy
dco_nl_keyconf_swap[OVPN_A_KEYCONF_PEER_ID + 1] = {
	[OVPN_A_KEYCONF_PEER_ID] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_peer_id_range),
};

static const struct nla_policy dco_nl_keyconf_del[OVPN_A_KEYCONF_SLOT + 1] = {
	[OVPN_A_KEYCONF_PEER_ID] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &dco_nl_peer_id_range),
	[OVPN_A_KEYCONF_SLOT] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* Reads the KEYCONF nest; @required: bits of attributes that must be there */
static int dco_nl_keyconf_parse(struct genl_info *info, struct nlattr **attrs,
				const struct nla_policy *policy, int maxtype,
				unsigned int required)
{
	struct nlattr *nest;
	int err, i;

	if (GENL_REQ_ATTR_CHECK(info, OVPN_A_KEYCONF))
		return -EINVAL;
	nest = info->attrs[OVPN_A_KEYCONF];
	err = nla_parse_nested(attrs, maxtype, nest, policy, info->extack);
	if (err)
		return err;
	for (i = 1; i <= maxtype; i++)
		if (required & BIT(i) &&
		    NL_REQ_ATTR_CHECK(info->extack, nest, attrs, i))
			return -EINVAL;
	return 0;
}

static struct dco_peer *dco_nl_keyconf_peer(struct dco_dev *dco,
					    struct genl_info *info,
					    struct nlattr **attrs)
{
	struct dco_peer *peer;

	peer = dco_peer_get_by_id(dco,
				  nla_get_u32(attrs[OVPN_A_KEYCONF_PEER_ID]));
	if (!peer)
		NL_SET_ERR_MSG_MOD(info->extack, "no peer has this id");
	return peer;
}

static int dco_nl_keydir_parse(struct genl_info *info, struct nlattr *nest,
			       enum ovpn_cipher_alg alg,
			       struct dco_key_dir *dir)
{
	struct nlattr *attrs[OVPN_A_KEYDIR_MAX + 1];
	int err;

	err = nla_parse_nested(attrs, OVPN_A_KEYDIR_MAX, nest, dco_nl_keydir,
			       info->extack);
	if (err)
		return err;
	if (alg == OVPN_CIPHER_ALG_NONE) {
		NL_SET_ERR_MSG_MOD(info->extack, "the cipher is not supported");
		return -EINVAL;
	}
	if (NL_REQ_ATTR_CHECK(info->extack, nest, attrs,
			      OVPN_A_KEYDIR_CIPHER_KEY) ||
	    NL_REQ_ATTR_CHECK(info->extack, nest, attrs,
			      OVPN_A_KEYDIR_NONCE_TAIL))
		return -EINVAL;
	dir->key = nla_data(attrs[OVPN_A_KEYDIR_CIPHER_KEY]);
	dir->key_len = nla_len(attrs[OVPN_A_KEYDIR_CIPHER_KEY]);
	dir->nonce_tail = nla_data(attrs[OVPN_A_KEYDIR_NONCE_TAIL]);
	return 0;
}

static int dco_nl_key_install(struct dco_dev *dco, struct genl_info *info,
			      struct nlattr **attrs,
			      struct dco_key_config *config)
{
	struct dco_peer *peer;
	struct dco_key *key;

	peer = dco_nl_keyconf_peer(dco, info, attrs);
	if (!peer)
		return -ENOENT;
	key = dco_key_new(config);
	if (IS_ERR(key))
		NL_SET_ERR_MSG_MOD(info->extack, "cannot make the key");
	else
		dco_key_slots_install_take(&peer->keys,
					   nla_get_u32(attrs[OVPN_A_KEYCONF_SLOT]),
					   key);
	dco_peer_put(peer);
	return PTR_ERR_OR_ZERO(key);
}

static int dco_nl_key_new(struct dco_dev *dco, struct genl_info *info)
{
	struct nlattr *attrs[OVPN_A_KEYCONF_MAX + 1] = {};
	struct dco_key_config config = {};
	int err;

	err = dco_nl_keyconf_parse(info, attrs, dco_nl_keyconf_new,
				   OVPN_A_KEYCONF_MAX,
				   GENMASK(OVPN_A_KEYCONF_MAX, 1));
	if (err)
		return err;
	config.id = nla_get_u32(attrs[OVPN_A_KEYCONF_KEY_ID]);
	config.alg = nla_get_u32(attrs[OVPN_A_KEYCONF_CIPHER_ALG]);
	err = dco_nl_keydir_parse(info, attrs[OVPN_A_KEYCONF_ENCRYPT_DIR],
				  config.alg, &config.encrypt);
	if (err)
		return err;
	err = dco_nl_keydir_parse(info, attrs[OVPN_A_KEYCONF_DECRYPT_DIR],
				  config.alg, &config.decrypt);
	if (err)
		return err;
	return dco_nl_key_install(dco, info, attrs, &config);
}

/**
 * dco_nl_key_new_doit() - OVPN_CMD_KEY_NEW
 * @skb: the request
 * @info: the request, parsed
 *
 * Return: 0 or a negative errno.
 */
int dco_nl_key_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nl_call(info, dco_nl_key_new);
}

static int dco_nl_put_key(struct sk_buff *msg, struct genl_info *info,
			  u32 peer_id, enum ovpn_key_slot slot, u32 key_id,
			  enum ovpn_cipher_alg alg)
{
	struct nlattr *attr;
	void *hdr;

	hdr = genlmsg_put_reply(msg, info, &dco_nl_family, 0,
				OVPN_CMD_KEY_GET);
	if (!hdr)
		return -ENOBUFS;
	attr = nla_nest_start(msg, OVPN_A_KEYCONF);
	if (!attr ||
	    nla_put_u32(msg, OVPN_A_KEYCONF_PEER_ID, peer_id) ||
	    nla_put_u32(msg, OVPN_A_KEYCONF_SLOT, slot) ||
	    nla_put_u32(msg, OVPN_A_KEYCONF_KEY_ID, key_id) ||
	    nla_put_u32(msg, OVPN_A_KEYCONF_CIPHER_ALG, alg))
		return -EMSGSIZE;
	nla_nest_end(msg, attr);
	genlmsg_end(msg, hdr);
	return 0;
}

static int dco_nl_key_reply(struct genl_info *info, struct dco_peer *peer,
			    enum ovpn_key_slot slot)
{
	enum ovpn_cipher_alg alg;
	struct dco_key *key;
	struct sk_buff *msg;
	u32 key_id;
	int err;

	rcu_read_lock();
	key = dco_key_slots_get(&peer->keys, slot);
	if (!key) {
		rcu_read_unlock();
		NL_SET_ERR_MSG_MOD(info->extack, "no key is in this slot");
		return -ENOENT;
	}
	key_id = key->id;
	alg = key->alg;
	rcu_read_unlock();

	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	err = dco_nl_put_key(msg, info, peer->id, slot, key_id, alg);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

static int dco_nl_key_get(struct dco_dev *dco, struct genl_info *info)
{
	struct nlattr *attrs[OVPN_A_KEYCONF_MAX + 1] = {};
	struct dco_peer *peer;
	int err, i;

	err = dco_nl_keyconf_parse(info, attrs, dco_nl_keyconf_get,
				   OVPN_A_KEYCONF_CIPHER_ALG,
				   BIT(OVPN_A_KEYCONF_PEER_ID) |
				   BIT(OVPN_A_KEYCONF_SLOT));
	if (err)
		return err;
	for (i = OVPN_A_KEYCONF_KEY_ID; i <= OVPN_A_KEYCONF_MAX; i++) {
		if (!attrs[i])
			continue;
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[i],
				    "unexpected attribute");
		return -EINVAL;
	}

	peer = dco_nl_keyconf_peer(dco, info, attrs);
	if (!peer)
		return -ENOENT;
	err = dco_nl_key_reply(info, peer,
			       nla_get_u32(attrs[OVPN_A_KEYCONF_SLOT]));
	dco_peer_put(peer);
	return err;
}

/**
 * dco_nl_key_get_doit() - OVPN_CMD_KEY_GET
 * @skb: the request
 * @info: the request, parsed
 *
 * Return: 0 or a negative errno.
 */
int dco_nl_key_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nl_call(info, dco_nl_key_get);
}

static int dco_nl_key_swap(struct dco_dev *dco, struct genl_info *info)
{
	struct nlattr *attrs[OVPN_A_KEYCONF_MAX + 1] = {};
	struct dco_peer *peer;
	int err;

	err = dco_nl_keyconf_parse(info, attrs, dco_nl_keyconf_swap,
				   OVPN_A_KEYCONF_PEER_ID,
				   BIT(OVPN_A_KEYCONF_PEER_ID));
	if (err)
		return err;
	peer = dco_nl_keyconf_peer(dco, info, attrs);
	if (!peer)
		return -ENOENT;
	dco_key_slots_swap(&peer->keys);
	dco_peer_put(peer);
	return 0;
}

/**
 * dco_nl_key_swap_doit() - OVPN_CMD_KEY_SWAP
 * @skb: the request
 * @info: the request, parsed
 *
 * Return: 0 or a negative errno.
 */
int dco_nl_key_swap_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nl_call(info, dco_nl_key_swap);
}

static int dco_nl_key_del(struct dco_dev *dco, struct genl_info *info)
{
	struct nlattr *attrs[OVPN_A_KEYCONF_MAX + 1] = {};
	struct dco_peer *peer;
	int err;

	err = dco_nl_keyconf_parse(info, attrs, dco_nl_keyconf_del,
				   OVPN_A_KEYCONF_SLOT,
				   BIT(OVPN_A_KEYCONF_PEER_ID) |
				   BIT(OVPN_A_KEYCONF_SLOT));
	if (err)
		return err;
	peer = dco_nl_keyconf_peer(dco, info, attrs);
	if (!peer)
		return -ENOENT;
	dco_key_slots_delete(&peer->keys,
			     nla_get_u32(attrs[OVPN_A_KEYCONF_SLOT]));
	dco_peer_put(peer);
	return 0;
}

/**
 * dco_nl_key_del_doit() - OVPN_CMD_KEY_DEL
 * @skb: the request
 * @info: the request, parsed
 *
 * Return: 0 or a negative errno.
 */
int dco_nl_key_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dco_nl_call(info, dco_nl_key_del);
}

const struct nla_policy dco_nl_key_new_policy[OVPN_A_KEYCONF + 1] = {
	[OVPN_A_IFINDEX] = { .type = NLA_U32 },
	[OVPN_A_KEYCONF] = NLA_POLICY_NESTED(dco_nl_keyconf_new),
};

const struct nla_policy dco_nl_key_get_policy[OVPN_A_KEYCONF + 1] = {
	[OVPN_A_IFINDEX] = { .type = NLA_U32 },
	[OVPN_A_KEYCONF] = NLA_POLICY_NESTED(dco_nl_keyconf_get),
};

const struct nla_policy dco_nl_key_swap_policy[OVPN_A_KEYCONF + 1] = {
	[OVPN_A_IFINDEX] = { .type = NLA_U32 },
	[OVPN_A_KEYCONF] = NLA_POLICY_NESTED(dco_nl_keyconf_swap),
};

const struct nla_policy dco_nl_key_del_policy[OVPN_A_KEYCONF + 1] = {
	[OVPN_A_IFINDEX] = { .type = NLA_U32 },
	[OVPN_A_KEYCONF] = NLA_POLICY_NESTED(dco_nl_keyconf_del),
};
