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

/* ---- peers ----------------------------------------------------------- */

void user_peer_remove(struct dp_user *user, struct user_peer *peer)
{
	user_unlink(user, peer);
	user_tx_forget(user, peer);
	user_prefix_drop(user, peer);
	if (user->base.mode == DP_MODE_P2P) {
		user_shape_end(user);
		user_mtu_end(user);
	}
	user_ether_forget(user, peer);
	user_key_clear(&peer->key[0]);
	user_key_clear(&peer->key[1]);
	userdp_join_free(peer->join);
	free(peer->nat);
	free(peer);
	user_tun_rearm(user);
}

/* While another one reads the device this one does not. */
void user_pause(struct dp_user *user, bool is_paused)
{
	user->is_paused = is_paused;
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
	/* packets of IP look the same with and without the framing V2 */
	peer->has_layers = cfg->format.fragment ||
			   cfg->format.framing == PROTO_FRAMING_LZO ||
			   cfg->format.framing == PROTO_FRAMING_SWAP ||
			   (user->ether &&
			    cfg->format.framing == PROTO_FRAMING_V2);
	peer->fragment_seq = (uint8_t)cfg->id;
	if (!cfg->is_tcp)
		err = userdp_dest_init(&peer->dest, cfg->fd, &cfg->remote,
				       &cfg->local);
	if (!err)
		err = user_nat_copy(peer);
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
	/* the ping that would end a run would have to be framed, too */
	peer->dest.is_single = peer->has_layers && user->tx.needs_tail;
	user_link(user, peer);
	if (cfg->has_mtu_test)
		user_mtu_begin(user);
	err = cfg->rate ? user_shape_begin(user, peer) : 0;
	if (err) {
		user_peer_remove(user, peer);
		return err;
	}
	user_tun_rearm(user);
	user_shard_poke(user);
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
	user_unlink_addr(user_get(dp), peer);
	userdp_dest_set_remote(&peer->dest, remote, local);
	user_link_addr(user_get(dp), peer);
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
	user_ping_arm(user, peer);
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
	out->path = "user";
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
	userdp_epoch_numbers(&primary->seal, &out->tx_epoch, &out->rx_epoch);
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

void user_drops_add(struct user_drops *sum, const struct dp_user *user)
{
	const struct user_drops *d = &user->drops;

	sum->no_peer += d->no_peer;
	sum->no_key += d->no_key;
	sum->auth += d->auth;
	sum->replay += d->replay;
	sum->source += d->source;
	sum->malformed += d->malformed;
	sum->compressed += d->compressed;
	sum->fragment += d->fragment;
	sum->ring += d->ring;
	sum->send += user->tx.lost;
	sum->tun += user->merge.lost;
}

void user_drops_log(const struct user_drops *d)
{
	log_debug("data path: dropped: no peer %llu, no key %llu, authentication %llu, replay %llu, source %llu, malformed %llu, compressed %llu, fragments %llu, main loop %llu, send %llu, tun %llu",
		  (unsigned long long)d->no_peer, (unsigned long long)d->no_key,
		  (unsigned long long)d->auth, (unsigned long long)d->replay,
		  (unsigned long long)d->source,
		  (unsigned long long)d->malformed,
		  (unsigned long long)d->compressed,
		  (unsigned long long)d->fragment,
		  (unsigned long long)d->ring,
		  (unsigned long long)d->send, (unsigned long long)d->tun);
}

static void user_dispose(struct dp_user *user)
{
	loop_timer_free(user->ping_timer);
	loop_timer_free(user->shaper.timer);
	loop_timer_free(user->mtu.timer);
	loop_io_free(user->tun_io);
	userdp_tx_free(&user->tx);
	userdp_merge_free(&user->merge);
	mem_wipe(&user->frame, sizeof(user->frame));
	if (user->layered)
		mem_wipe(user->layered, USER_LAYERED_BYTES);
	free(user->layered);
	user_shard_free(user);
	free(user->prefixes);
	free(user->ether);
	free(user);
}

static void user_free(struct dp *dp)
{
	struct dp_user *user = user_get(dp);
	struct user_drops sum = { .no_peer = 0 };
	struct user_peer *peer;
	int tun_fd;

	user_drops_add(&sum, user);
	if (!user->is_part)
		user_drops_log(&sum);
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
	.input_stream = user_input_stream,
	.batch_end = user_batch_end,
	.send_occ = user_send_occ,
	.stream_ready = user_stream_ready,
};

static int user_new(const struct dp_config *cfg, bool is_carried,
		    struct dp **out)
{
	struct dp_user *user;

	if (!cfg->loop || cfg->tun_fd < 0)
		return -EINVAL;
	user = calloc(1, sizeof(*user));
	if (!user)
		return -ENOMEM;
	dp_init(&user->base, &user_ops, cfg);
	user->id_mask = PROTO_PEER_ID_NONE;
	user->mtu.tun_mtu = cfg->mtu;
	if (is_carried)
		userdp_tun_init_carried(&user->tun, cfg->tun_fd);
	else
		userdp_tun_init(&user->tun, cfg->tun_fd);
	user->ping_timer = loop_timer_new(cfg->loop, user_ping_event, user);
	user->tun_io = loop_io_new(cfg->loop, cfg->tun_fd, LOOP_READABLE,
				   user_tun_event, user);
	if (!user->ping_timer || !user->tun_io ||
	    userdp_tx_init(&user->tx) || user_ether_new(user, cfg) ||
	    userdp_merge_init(&user->merge, &user->tun)) {
		user_dispose(user);
		return -ENOMEM;
	}
	*out = &user->base;
	return 0;
}

int user_new_alone(const struct dp_config *cfg, struct dp **out)
{
	return user_new(cfg, false, out);
}

int user_new_carried(const struct dp_config *cfg, struct dp **out)
{
	return user_new(cfg, true, out);
}

int user_new_apart(const struct dp_config *cfg, struct dp **out)
{
	int err = user_new(cfg, false, out);

	if (!err)
		user_get(*out)->id_mask &= ~DP_ID_APART;
	return err;
}
