// SPDX-License-Identifier: GPL-2.0-or-later
#include "dp/user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log/log.h"
#include "mem/mem.h"

struct dp_user *user_get(struct dp *dp)
{
	return (struct dp_user *)dp;
}

/* ---- tables ---------------------------------------------------------- */

/* Ids and VPN addresses are the server's choice: nobody aims at a bucket. */
static size_t user_bucket(uint32_t word)
{
	return (word * 0x9e3779b1u) >> 22 & (USER_BUCKETS - 1);
}

static size_t user_bucket_ip(const struct net_ip *ip)
{
	uint32_t w[4];

	if (ip->family == AF_INET)
		return user_bucket(ip->in4.s_addr);
	memcpy(w, &ip->in6, sizeof(w));
	return user_bucket(w[0] ^ w[1] * 3 ^ w[2] * 5 ^ w[3] * 7);
}

struct user_peer *user_find_id(struct dp_user *user, uint32_t id)
{
	struct user_peer *peer = user->by_id[user_bucket(id)];

	while (peer && peer->cfg.id != id)
		peer = peer->next_id;
	return peer;
}

struct user_peer *user_find_first(struct dp_user *user)
{
	size_t i;

	for (i = 0; user->n_peers && i < USER_BUCKETS; i++) {
		if (user->by_id[i])
			return user->by_id[i];
	}
	return NULL;
}

struct user_peer *user_find_vpn(struct dp_user *user, const struct net_ip *ip)
{
	struct user_peer *peer;
	size_t bucket;

	if (ip->family != AF_INET && ip->family != AF_INET6)
		return NULL;
	bucket = user_bucket_ip(ip);
	if (ip->family == AF_INET) {
		peer = user->by_vpn4[bucket];
		while (peer && !net_ip_is_equal(&peer->cfg.vpn4, ip))
			peer = peer->next_vpn4;
	} else {
		peer = user->by_vpn6[bucket];
		while (peer && !net_ip_is_equal(&peer->cfg.vpn6, ip))
			peer = peer->next_vpn6;
	}
	return peer;
}

static void user_link(struct dp_user *user, struct user_peer *peer)
{
	struct user_peer **head;

	head = &user->by_id[user_bucket(peer->cfg.id)];
	peer->next_id = *head;
	*head = peer;
	if (peer->cfg.vpn4.family) {
		head = &user->by_vpn4[user_bucket_ip(&peer->cfg.vpn4)];
		peer->next_vpn4 = *head;
		*head = peer;
	}
	if (peer->cfg.vpn6.family) {
		head = &user->by_vpn6[user_bucket_ip(&peer->cfg.vpn6)];
		peer->next_vpn6 = *head;
		*head = peer;
	}
	user->n_peers++;
}

static void user_unlink(struct dp_user *user, struct user_peer *peer)
{
	struct user_peer **pos;

	pos = &user->by_id[user_bucket(peer->cfg.id)];
	while (*pos != peer)
		pos = &(*pos)->next_id;
	*pos = peer->next_id;
	if (peer->cfg.vpn4.family) {
		pos = &user->by_vpn4[user_bucket_ip(&peer->cfg.vpn4)];
		while (*pos != peer)
			pos = &(*pos)->next_vpn4;
		*pos = peer->next_vpn4;
	}
	if (peer->cfg.vpn6.family) {
		pos = &user->by_vpn6[user_bucket_ip(&peer->cfg.vpn6)];
		while (*pos != peer)
			pos = &(*pos)->next_vpn6;
		*pos = peer->next_vpn6;
	}
	user->n_peers--;
}

/* ---- keys ------------------------------------------------------------ */

static void user_key_clear(struct user_key *key)
{
	userdp_aead_wipe(&key->seal);
	userdp_aead_wipe(&key->open);
	mem_wipe(key, sizeof(*key));
}

static struct user_key *user_key_slot(struct user_peer *peer,
				      enum dp_slot slot)
{
	bool is_secondary = slot == DP_SLOT_SECONDARY;

	return &peer->key[peer->primary ^ (is_secondary ? 1u : 0u)];
}

static int user_key_set(struct dp *dp, uint32_t peer_id, enum dp_slot slot,
			const struct dp_key *key)
{
	struct user_peer *peer = user_find_id(user_get(dp), peer_id);
	struct user_key fresh = {
		.is_set = true,
		.key_id = key->key_id,
		.cipher = key->cipher,
		.next_pid = 1,
	};
	int err;

	if (!peer)
		return -ENOENT;
	err = userdp_aead_init(&fresh.seal, key->cipher, key->send.cipher_key,
			       key->send.nonce_tail, USERDP_AEAD_SEAL);
	if (!err)
		err = userdp_aead_init(&fresh.open, key->cipher,
				       key->recv.cipher_key,
				       key->recv.nonce_tail, USERDP_AEAD_OPEN);
	if (err) {
		user_key_clear(&fresh);
		return err;
	}
	user_key_clear(user_key_slot(peer, slot));
	*user_key_slot(peer, slot) = fresh;
	mem_wipe(&fresh, sizeof(fresh));
	return 0;
}

static int user_key_swap(struct dp *dp, uint32_t peer_id)
{
	struct user_peer *peer = user_find_id(user_get(dp), peer_id);

	if (!peer)
		return -ENOENT;
	peer->primary ^= 1;
	return 0;
}

static int user_key_del(struct dp *dp, uint32_t peer_id, enum dp_slot slot)
{
	struct user_peer *peer = user_find_id(user_get(dp), peer_id);

	if (!peer)
		return -ENOENT;
	user_key_clear(user_key_slot(peer, slot));
	return 0;
}

/* ---- peers ----------------------------------------------------------- */

void user_peer_remove(struct dp_user *user, struct user_peer *peer)
{
	user_unlink(user, peer);
	user_tx_forget(user, peer);
	user_prefix_drop(user, peer);
	user_key_clear(&peer->key[0]);
	user_key_clear(&peer->key[1]);
	free(peer);
	user_tun_rearm(user);
}

static int user_peer_check(struct dp_user *user, const struct dp_peer *peer)
{
	if (peer->is_tcp ? !peer->stream.send : !net_addr_len(&peer->remote))
		return -EINVAL;
	if (user->base.mode == DP_MODE_P2P)
		return 0;
	if (user_find_id(user, peer->id))
		return -EEXIST;
	if (user_find_vpn(user, &peer->vpn4) ||
	    user_find_vpn(user, &peer->vpn6))
		return -EADDRINUSE;
	return 0;
}

static int user_peer_add(struct dp *dp, const struct dp_peer *cfg)
{
	struct dp_user *user = user_get(dp);
	struct user_peer *peer, *old;
	int err;

	err = user_peer_check(user, cfg);
	if (err)
		return err;
	peer = calloc(1, sizeof(*peer));
	if (!peer)
		return -ENOMEM;
	peer->cfg = *cfg;
	if (!cfg->is_tcp)
		err = userdp_dest_init(&peer->dest, cfg->fd, &cfg->remote,
				       &cfg->local);
	if (err) {
		free(peer);
		return err;
	}
	peer->last_rx = peer->last_tx = loop_now(dp->loop);
	if (dp->mode == DP_MODE_P2P) {
		memset(&peer->cfg.vpn4, 0, sizeof(peer->cfg.vpn4));
		memset(&peer->cfg.vpn6, 0, sizeof(peer->cfg.vpn6));
		old = user_find_first(user);
		if (old)
			user_peer_remove(user, old);
	}
	user_link(user, peer);
	user_tun_rearm(user);
	return 0;
}

static int user_peer_set_remote(struct dp *dp, uint32_t peer_id,
				const union net_addr *remote,
				const union net_addr *local)
{
	struct user_peer *peer = user_find_id(user_get(dp), peer_id);

	if (!peer)
		return -ENOENT;
	if (peer->cfg.is_tcp || !net_addr_len(remote))
		return -EINVAL;
	userdp_dest_set_remote(&peer->dest, remote, local);
	peer->inner_at = 0;
	return 0;
}

static int user_peer_set_keepalive(struct dp *dp, uint32_t peer_id,
				   unsigned int interval, unsigned int timeout)
{
	struct dp_user *user = user_get(dp);
	struct user_peer *peer = user_find_id(user, peer_id);

	if (!peer)
		return -ENOENT;
	peer->ping_interval = interval;
	peer->ping_timeout = timeout;
	peer->last_rx = peer->last_tx = loop_now(dp->loop);
	user_ping_rearm(user);
	return 0;
}

static int user_peer_del(struct dp *dp, uint32_t peer_id)
{
	struct dp_user *user = user_get(dp);
	struct user_peer *peer = user_find_id(user, peer_id);

	if (!peer)
		return -ENOENT;
	user_peer_remove(user, peer);
	return 0;
}

static void user_peer_info(struct user_peer *peer, struct dp_peer_info *out)
{
	const struct user_key *primary, *secondary;

	memset(out, 0, sizeof(*out));
	primary = user_key_slot(peer, DP_SLOT_PRIMARY);
	secondary = user_key_slot(peer, DP_SLOT_SECONDARY);
	out->id = peer->cfg.id;
	out->tx_id = peer->cfg.tx_id;
	out->remote = peer->dest.remote;
	out->local = peer->dest.local;
	out->vpn4 = peer->cfg.vpn4;
	out->vpn6 = peer->cfg.vpn6;
	out->keepalive_interval = peer->ping_interval;
	out->keepalive_timeout = peer->ping_timeout;
	out->primary_key = primary->is_set ? primary->key_id : -1;
	out->secondary_key = secondary->is_set ? secondary->key_id : -1;
	out->cipher = primary->cipher;
	out->cipher_name = primary->is_set ?
			   proto_cipher_name(primary->cipher) : "";
	out->stats = peer->stats;
	out->stats.link_tx_packets = peer->dest.packets;
	out->stats.link_tx_bytes = peer->dest.bytes;
}

static int user_peer_get(struct dp *dp, uint32_t peer_id,
			 struct dp_peer_info *out)
{
	struct user_peer *peer = user_find_id(user_get(dp), peer_id);

	if (!peer)
		return -ENOENT;
	user_peer_info(peer, out);
	return 0;
}

static int user_peer_list(struct dp *dp,
			  int (*fn)(void *arg, const struct dp_peer_info *info),
			  void *arg)
{
	struct dp_user *user = user_get(dp);
	struct user_peer *peer, *next;
	struct dp_peer_info info;
	int ret = 0;
	size_t i;

	for (i = 0; i < USER_BUCKETS; i++) {
		for (peer = user->by_id[i]; peer && !ret; peer = next) {
			next = peer->next_id;
			user_peer_info(peer, &info);
			ret = fn(arg, &info);
		}
	}
	return ret;
}

/* ---- life ------------------------------------------------------------ */

static void user_log_drops(const struct dp_user *user)
{
	const struct user_drops *d = &user->drops;

	log_debug("data path: dropped: no peer %llu, no key %llu, authentication %llu, replay %llu, source %llu, malformed %llu, send %llu, tun %llu",
		  (unsigned long long)d->no_peer, (unsigned long long)d->no_key,
		  (unsigned long long)d->auth, (unsigned long long)d->replay,
		  (unsigned long long)d->source,
		  (unsigned long long)d->malformed,
		  (unsigned long long)user->tx.lost,
		  (unsigned long long)user->merge.lost);
}

static void user_dispose(struct dp_user *user)
{
	loop_timer_free(user->ping_timer);
	loop_io_free(user->tun_io);
	userdp_tx_free(&user->tx);
	userdp_merge_free(&user->merge);
	mem_wipe(&user->frame, sizeof(user->frame));
	free(user->prefixes);
	free(user);
}

static void user_free(struct dp *dp)
{
	struct dp_user *user = user_get(dp);
	struct user_peer *peer;
	int tun_fd;

	user_log_drops(user);
	while ((peer = user_find_first(user)))
		user_peer_remove(user, peer);
	user_tx_stop(user);
	userdp_tun_fini(&user->tun);
	tun_fd = user->tun.fd;
	user_dispose(user);
	close(tun_fd);
}

static const struct dp_ops user_ops = {
	.name = "user",
	.free = user_free,
	.peer_add = user_peer_add,
	.peer_set_remote = user_peer_set_remote,
	.peer_set_keepalive = user_peer_set_keepalive,
	.peer_del = user_peer_del,
	.prefix_add = user_prefix_add,
	.prefix_del = user_prefix_del,
	.key_set = user_key_set,
	.key_swap = user_key_swap,
	.key_del = user_key_del,
	.peer_get = user_peer_get,
	.peer_list = user_peer_list,
	.input = user_input,
	.batch_end = user_batch_end,
	.send_occ = user_send_occ,
	.stream_ready = user_stream_ready,
};

int dp_user_new(const struct dp_config *cfg, struct dp **out)
{
	struct dp_user *user;

	if (!cfg->loop || cfg->tun_fd < 0)
		return -EINVAL;
	user = calloc(1, sizeof(*user));
	if (!user)
		return -ENOMEM;
	dp_init(&user->base, &user_ops, cfg);
	userdp_tun_init(&user->tun, cfg->tun_fd);
	user->ping_timer = loop_timer_new(cfg->loop, user_ping_event, user);
	user->tun_io = loop_io_new(cfg->loop, cfg->tun_fd, LOOP_READABLE,
				   user_tun_event, user);
	if (!user->ping_timer || !user->tun_io ||
	    userdp_tx_init(&user->tx) ||
	    userdp_merge_init(&user->merge, &user->tun)) {
		user_dispose(user);
		return -ENOMEM;
	}
	*out = &user->base;
	return 0;
}
