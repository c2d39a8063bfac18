// SPDX-License-Identifier: GPL-2.0-or-later
/* The reference model of family "ovpnx". */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "walk_x.h"

#define ID_MAX		0xffffffu
#define EPOCH_MAX	65518u

static bool above(const struct walk_opt *opt, uint32_t max)
{
	return opt->is_set && opt->value > max;
}

static int policy_peer(const struct walk_x *req)
{
	unsigned int i;

	if (above(&req->id, ID_MAX))
		return -ERANGE;
	/* what the command does not take */
	if (req->flags.is_set && req->cmd != WALK_X_PEER_SET)
		return -EINVAL;
	if (above(&req->flags, 1))
		return -EINVAL;
	if (req->n_prefixes && req->cmd < WALK_X_PREFIX_SET)
		return -EINVAL;
	for (i = 0; i < req->n_prefixes; i++)
		if (walk_prefix[req->prefix[i]].err == -ERANGE)
			return -ERANGE;
	return 0;
}

static int policy_dir(const struct walk_x_dir *dir)
{
	if (!dir->is_set)
		return 0;
	if (!dir->has_epoch)
		return dir->key_len > 32 ? -ERANGE : 0;
	return dir->epoch < 1 || dir->epoch > EPOCH_MAX ? -ERANGE : 0;
}

static int policy_key(const struct walk_x *req)
{
	bool is_new = req->cmd == WALK_X_KEY_NEW;
	int err;

	if (above(&req->peer_id, ID_MAX) || above(&req->slot, 1))
		return -ERANGE;
	if (!is_new)
		return req->key_id.is_set || req->alg.is_set ||
		       req->cipher_len.is_set || req->usage_max.is_set ||
		       req->encrypt.is_set || req->decrypt.is_set ?
			-EINVAL : 0;
	if (above(&req->key_id, 7) || above(&req->alg, 2) ||
	    (req->alg.is_set && !req->alg.value) ||
	    (req->usage_max.is_set && req->usage_max.value < 1024))
		return -ERANGE;
	err = policy_dir(&req->encrypt);
	return err ? err : policy_dir(&req->decrypt);
}

static int policy(const struct walk_x *req)
{
	if (req->cmd == WALK_X_FEATURES)
		return req->has_nest || req->dev != WALK_DEV_MISSING ?
			-EINVAL : 0;
	if (!req->has_nest)
		return 0;
	if (req->cmd == WALK_X_DEV_GET)
		return -EINVAL;
	if (req->cmd == WALK_X_DEV_SET)
		return above(&req->mss, 65535) ? -ERANGE : 0;
	return req->cmd < WALK_X_KEY_NEW ? policy_peer(req) : policy_key(req);
}

static int dev_get(struct walk *w, const struct walk_x *req, char *text,
		   size_t size)
{
	const struct walk_dev *dev = &w->dev[req->dev];
	unsigned int id, n = 0;

	for (id = 0; id < WALK_IDS; id++)
		n += dev->peer[id].is_set;
	snprintf(text, size, "DEV_GET ifindex=%u dev{peers=%u mss=%u}",
		 dev->index, n, dev->mss);
	return 0;
}

static int dev_set(struct walk *w, const struct walk_x *req)
{
	if (!req->has_nest || !req->mss.is_set)
		return -EINVAL;
	if (req->mss.value && req->mss.value < 88)
		return -ERANGE;
	w->dev[req->dev].mss = req->mss.value;
	return 0;
}

static int peer_get(struct walk *w, const struct walk_x *req,
		    const struct walk_peer *peer, char *text, size_t size)
{
	snprintf(text, size, "PEER_GET ifindex=%u peer{id=%u flags=%u "
		 "transport=%s%s}", w->dev[req->dev].index, req->id.value,
		 peer->is_userspace, w->sock[peer->sock].is_tcp ? "tcp" : "udp",
		 peer->key[0].is_set ? " crypto-driver=*" : "");
	return 0;
}

static int prefix_get(struct walk *w, const struct walk_x *req,
		      const struct walk_peer *peer, char *text, size_t size)
{
	unsigned int i, pass;
	int len;

	len = snprintf(text, size, "PREFIX_GET ifindex=%u peer{id=%u",
		       w->dev[req->dev].index, req->id.value);
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < peer->n_prefixes; i++)
			if (walk_prefix[peer->prefix[i]].is_v6 == pass)
				len += snprintf(text + len, size - (size_t)len,
						" prefix{%s}",
						walk_prefix[peer->prefix[i]]
						.text);
	snprintf(text + len, size - (size_t)len, "}");
	return 0;
}

static unsigned int prefix_at(const struct walk_peer *peer, uint32_t prefix)
{
	unsigned int i = 0;

	while (i < peer->n_prefixes && peer->prefix[i] != prefix)
		i++;
	return i;
}

static bool prefix_has(const struct walk_peer *peer, uint32_t prefix)
{
	return peer->is_set && prefix_at(peer, prefix) < peer->n_prefixes;
}

static void prefix_remove(struct walk_peer *peer, uint32_t prefix)
{
	unsigned int i = prefix_at(peer, prefix);

	if (i == peer->n_prefixes)
		return;
	peer->n_prefixes--;
	memmove(peer->prefix + i, peer->prefix + i + 1,
		(peer->n_prefixes - i) * sizeof(peer->prefix[0]));
}

/* The latest is the last, also if the peer has had it. */
static void prefix_append(struct walk_peer *peer, uint32_t prefix)
{
	prefix_remove(peer, prefix);
	peer->prefix[peer->n_prefixes++] = prefix;
}

static bool is_foreign(const struct walk_dev *dev, const struct walk_peer *own,
		       uint32_t prefix)
{
	const struct walk_prefix *row = &walk_prefix[prefix];
	const struct walk_peer *peer;
	unsigned int id;

	for (id = 0; id < WALK_IDS; id++) {
		peer = &dev->peer[id];
		if (!peer->is_set || peer == own)
			continue;
		if (prefix_has(peer, prefix) ||
		    (row->vpn && (row->is_v6 ? peer->vpn6 : peer->vpn4) ==
		     row->vpn))
			return true;
	}
	return false;
}

static int prefix_check(struct walk *w, const struct walk_x *req,
			const struct walk_peer *peer)
{
	bool is_del = req->cmd == WALK_X_PREFIX_DEL;
	unsigned int i;

	if (!walk_is_mp(req->dev))
		return -EOPNOTSUPP;
	if (!req->n_prefixes && req->cmd != WALK_X_PREFIX_SET)
		return -EINVAL;
	for (i = 0; i < req->n_prefixes; i++)
		if (walk_prefix[req->prefix[i]].err)
			return walk_prefix[req->prefix[i]].err;
	for (i = 0; i < req->n_prefixes; i++) {
		if (is_del && !prefix_has(peer, req->prefix[i]))
			return -ENOENT;
		if (!is_del && is_foreign(&w->dev[req->dev], peer,
					  req->prefix[i]))
			return -EADDRINUSE;
	}
	return 0;
}

static int prefix_change(struct walk *w, const struct walk_x *req,
			 struct walk_peer *peer)
{
	int err = prefix_check(w, req, peer);
	unsigned int i;

	if (err)
		return err;
	if (req->cmd == WALK_X_PREFIX_SET)
		peer->n_prefixes = 0;
	for (i = 0; i < req->n_prefixes; i++) {
		if (req->cmd == WALK_X_PREFIX_DEL)
			prefix_remove(peer, req->prefix[i]);
		else
			prefix_append(peer, req->prefix[i]);
	}
	return 0;
}

static int peer_set(const struct walk_x *req, struct walk_peer *peer)
{
	if (!req->flags.is_set)
		return -EINVAL;
	peer->is_userspace = req->flags.value;
	return 0;
}

static struct walk_peer *find(struct walk *w, int dev, uint32_t id)
{
	if (id >= WALK_IDS || !w->dev[dev].peer[id].is_set)
		return NULL;
	return &w->dev[dev].peer[id];
}

static int peer_command(struct walk *w, const struct walk_x *req, char *text,
			size_t size)
{
	struct walk_peer *peer;

	if (!req->has_nest || !req->id.is_set)
		return -EINVAL;
	peer = find(w, req->dev, req->id.value);
	if (!peer)
		return -ENOENT;
	if (req->cmd == WALK_X_PEER_GET)
		return peer_get(w, req, peer, text, size);
	if (req->cmd == WALK_X_PEER_SET)
		return peer_set(req, peer);
	if (req->cmd == WALK_X_PREFIX_GET)
		return prefix_get(w, req, peer, text, size);
	return prefix_change(w, req, peer);
}

static bool is_cipher_len(uint32_t alg, uint32_t len)
{
	return len == 32 || (alg == 1 && (len == 16 || len == 24));
}

static int check_dir(const struct walk_x_dir *dir, bool is_encrypt)
{
	uint64_t max = dir->has_epoch ? (1ULL << 48) - 1 : (1ULL << 32) - 1;

	if ((!dir->has_epoch && !dir->has_nonce) || dir->id > max)
		return -EINVAL;
	return is_encrypt && dir->failures ? -EINVAL : 0;
}

static int check_key(const struct walk_x *req)
{
	bool has_epochs = req->encrypt.has_epoch;

	if (!req->key_id.is_set || !req->alg.is_set || !req->encrypt.is_set ||
	    !req->decrypt.is_set || check_dir(&req->encrypt, true) ||
	    check_dir(&req->decrypt, false) ||
	    req->decrypt.has_epoch != has_epochs ||
	    req->cipher_len.is_set != has_epochs)
		return -EINVAL;
	return has_epochs && req->cipher_len.value > 32 ? -EINVAL : 0;
}

static bool has_key_lens(const struct walk_x *req)
{
	if (req->encrypt.has_epoch)
		return is_cipher_len(req->alg.value, req->cipher_len.value);
	return is_cipher_len(req->alg.value, req->encrypt.key_len) &&
	       is_cipher_len(req->alg.value, req->decrypt.key_len);
}

static int key_new(const struct walk_x *req, struct walk_peer *peer)
{
	struct walk_key *key;

	if (!has_key_lens(req))
		return -EINVAL;
	key = &peer->key[req->slot.value];
	*key = (struct walk_key){
		.is_set = true, .id = req->key_id.value,
		.alg = req->alg.value,
		.tx_id = req->encrypt.id, .tx_usage = req->encrypt.usage,
		.rx_id = req->decrypt.id, .rx_usage = req->decrypt.usage,
		.failures = req->decrypt.failures,
	};
	if (!key->tx_id)
		key->tx_id = 1;
	if (!req->encrypt.has_epoch)
		return 0;
	key->tx_epoch = req->encrypt.epoch;
	key->rx_epoch = req->decrypt.epoch;
	/* it is sent in the epoch of the other end, if that is ahead */
	if (key->tx_epoch < key->rx_epoch) {
		key->tx_epoch = key->rx_epoch;
		key->tx_id = 1;
		key->tx_usage = 0;
	}
	return 0;
}

static int key_get(struct walk *w, const struct walk_x *req,
		   const struct walk_peer *peer, char *text, size_t size)
{
	const struct walk_key *key = &peer->key[req->slot.value];
	char tx[32] = "", rx[32] = "";

	if (!key->is_set)
		return -ENOENT;
	if (key->tx_epoch)
		snprintf(tx, sizeof(tx), "epoch=%u ", key->tx_epoch);
	if (key->rx_epoch)
		snprintf(rx, sizeof(rx), "epoch=%u ", key->rx_epoch);
	snprintf(text, size, "KEY_GET ifindex=%u keyconf{peer-id=%u slot=%s "
		 "key-id=%u cipher-alg=%s encrypt{%spacket-id=%" PRIu64
		 " usage=%" PRIu64 "} decrypt{%spacket-id=%" PRIu64
		 " usage=%" PRIu64 " failures=%" PRIu64 "}}",
		 w->dev[req->dev].index, req->peer_id.value,
		 req->slot.value ? "secondary" : "primary", key->id,
		 key->alg == 1 ? "aes-gcm" : "chacha20-poly1305", tx,
		 key->tx_id, key->tx_usage, rx, key->rx_id, key->rx_usage,
		 key->failures);
	return 0;
}

static int key_command(struct walk *w, const struct walk_x *req, char *text,
		       size_t size)
{
	struct walk_peer *peer;
	int err = 0;

	if (!req->has_nest || !req->peer_id.is_set || !req->slot.is_set)
		return -EINVAL;
	if (req->cmd == WALK_X_KEY_NEW)
		err = check_key(req);
	if (err)
		return err;
	peer = find(w, req->dev, req->peer_id.value);
	if (!peer)
		return -ENOENT;
	return req->cmd == WALK_X_KEY_NEW ? key_new(req, peer) :
		key_get(w, req, peer, text, size);
}

int walk_x_predict(struct walk *w, const struct walk_x *req, char *text,
		   size_t size)
{
	int err;

	text[0] = '\0';
	err = policy(req);
	if (req->cmd == WALK_X_FEATURES) {
		snprintf(text, size, "GET_FEATURES features{mask=255 "
			 "payload-max=1024 payload-rate=8 queue-max=1048576 "
			 "prefixes-max=256}");
		return err;
	}
	if (!err)
		err = walk_find_dev(w, req->net, req->dev);
	if (err)
		return err;
	if (req->cmd == WALK_X_DEV_GET)
		return dev_get(w, req, text, size);
	if (req->cmd == WALK_X_DEV_SET)
		return dev_set(w, req);
	return req->cmd < WALK_X_KEY_NEW ? peer_command(w, req, text, size) :
		key_command(w, req, text, size);
}
