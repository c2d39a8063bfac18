// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of a peer: two slots, of which the primary one sends. */
#include <errno.h>
#include <string.h>

#include "dp/user.h"
#include "mem/mem.h"

void user_key_clear(struct user_key *key)
{
	userdp_codec_wipe(&key->seal);
	userdp_codec_wipe(&key->open);
	dp_replay_free(&key->replay[0]);
	dp_replay_free(&key->replay[1]);
	mem_wipe(key, sizeof(*key));
}

struct user_key *user_key_slot(struct user_peer *peer, enum dp_slot slot)
{
	bool is_secondary = slot == DP_SLOT_SECONDARY;

	return &peer->key[peer->primary ^ (is_secondary ? 1u : 0u)];
}

struct user_key *user_tx_key(struct user_peer *peer)
{
	struct user_key *key = &peer->key[peer->primary];

	return key->is_set && !userdp_codec_is_spent(&key->seal) ? key : NULL;
}

static int user_key_codec(struct userdp_codec *codec, const struct dp_key *key,
			  const struct dp_key_dir *dir, size_t head_len,
			  enum userdp_aead_dir way)
{
	const struct userdp_secret secret = {
		.cipher = key->cipher,
		.key = dir->cipher_key,
		.tail = dir->nonce_tail,
		.digest = key->digest,
		.mac_key = dir->hmac_key,
	};

	return userdp_codec_init(codec, &secret, head_len, way);
}

/* Section 7.1; on the wire the first @len bytes of it. */
static void user_key_head(struct user_key *key, uint32_t tx_id, bool is_v1)
{
	uint8_t op = proto_opcode_byte(is_v1 ? PROTO_DATA_V1 : PROTO_DATA_V2,
				       key->key_id);

	key->head[0] = op;
	key->head[1] = (uint8_t)(tx_id >> 16);
	key->head[2] = (uint8_t)(tx_id >> 8);
	key->head[3] = (uint8_t)tx_id;
}

static int user_key_codecs(struct user_key *key, const struct dp_key *cfg,
			   const struct user_peer *peer)
{
	size_t head_len = peer->cfg.format.is_v1 ? USERDP_HEAD_V1 :
						   USERDP_HEAD_V2;
	int err;

	if (cfg->is_epoch)
		return peer->cfg.format.is_v1 ? -EINVAL :
		       userdp_epoch_init(&key->seal, &key->open, cfg->cipher,
					 cfg->send.epoch_secret,
					 cfg->recv.epoch_secret);
	err = user_key_codec(&key->seal, cfg, &cfg->send, head_len,
			     USERDP_AEAD_SEAL);
	return err ? err : user_key_codec(&key->open, cfg, &cfg->recv, head_len,
					  USERDP_AEAD_OPEN);
}

static int user_key_windows(struct user_key *key, const struct dp_key *cfg,
			    uint64_t now)
{
	uint32_t window = cfg->has_window ? cfg->replay_window :
					    DP_REPLAY_WINDOW;
	uint64_t time = 1000ull * cfg->replay_time;
	int err;

	err = dp_replay_init(&key->replay[0], window, time, now);
	if (!err && cfg->is_epoch)
		err = dp_replay_init(&key->replay[1], window, time, now);
	return err;
}

static int user_key_resume_epoch(struct user_key *key)
{
	const struct dp_counter *live = key->live;
	uint64_t highest = live->highest & USERDP_COUNTER_MAX;
	int window = userdp_epoch_resume(&key->seal, live->next, live->highest);

	if (window >= 0 && highest)
		dp_replay_resume(&key->replay[window], highest);
	return window < 0 ? window : 0;
}

static void user_key_resume_plain(struct user_key *key)
{
	const struct dp_counter *live = key->live;

	if (live->next > key->seal.next)
		key->seal.next = live->next < key->seal.end ? live->next :
							      key->seal.end;
	if (live->highest)
		dp_replay_resume(&key->replay[0], live->highest);
	userdp_codec_resume(&key->seal, key->seal.next - 1);
	userdp_codec_resume(&key->open, live->highest);
}

/* Go on behind what another process has sent and received. */
static int user_key_resume(struct user_key *key, bool is_epoch)
{
	int err = 0;

	if (is_epoch)
		err = user_key_resume_epoch(key);
	else
		user_key_resume_plain(key);
	if (!err)
		key->live->next = key->seal.next;
	return err;
}

int user_key_set(struct dp *dp, uint32_t peer_id, enum dp_slot slot,
		 const struct dp_key *key)
{
	struct user_peer *peer = user_find_id(user_get(dp), peer_id);
	struct user_key fresh = {
		.is_set = true,
		.key_id = key->key_id,
		.cipher = key->cipher,
		.live = key->live,
	};
	int err;

	if (!peer)
		return -ENOENT;
	user_key_head(&fresh, peer->cfg.tx_id, peer->cfg.format.is_v1);
	err = user_key_codecs(&fresh, key, peer);
	if (!err)
		err = user_key_windows(&fresh, key, loop_now(dp->loop));
	if (!err && fresh.live)
		err = user_key_resume(&fresh, key->is_epoch);
	if (err) {
		user_key_clear(&fresh);
		return err;
	}
	user_key_clear(user_key_slot(peer, slot));
	*user_key_slot(peer, slot) = fresh;
	mem_wipe(&fresh, sizeof(fresh));
	peer->inner_at = 0;
	return 0;
}

int user_key_swap(struct dp *dp, uint32_t peer_id)
{
	struct user_peer *peer = user_find_id(user_get(dp), peer_id);

	if (!peer)
		return -ENOENT;
	peer->primary ^= 1;
	return 0;
}

int user_key_del(struct dp *dp, uint32_t peer_id, enum dp_slot slot)
{
	struct user_peer *peer = user_find_id(user_get(dp), peer_id);

	if (!peer)
		return -ENOENT;
	user_key_clear(user_key_slot(peer, slot));
	return 0;
}
