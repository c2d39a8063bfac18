// SPDX-License-Identifier: GPL-2.0-or-later
#include "dp/dp.h"

#include <errno.h>
#include <string.h>

#include "dp/impl.h"

void dp_init(struct dp *dp, const struct dp_ops *ops,
	     const struct dp_config *cfg)
{
	dp->ops = ops;
	dp->loop = cfg->loop;
	dp->mode = cfg->mode;
	dp->ifindex = cfg->ifindex;
	dp->events = cfg->events;
	dp->arg = cfg->arg;
	dp->is_ether = cfg->is_ether;
	dp->has_epochs = !ops->is_plain;
	dp->has_kernel = ops->is_plain;
}

void dp_enter(struct dp *dp)
{
	dp->depth++;
}

void dp_leave(struct dp *dp)
{
	if (--dp->depth == 0 && dp->is_dead)
		dp->ops->free(dp);
}

void dp_free(struct dp *dp)
{
	if (!dp)
		return;
	if (dp->depth)
		dp->is_dead = true;
	else
		dp->ops->free(dp);
}

void dp_emit_deleted(struct dp *dp, uint32_t peer_id,
		     enum dp_del_reason reason)
{
	if (!dp->is_dead && dp->events && dp->events->peer_deleted)
		dp->events->peer_deleted(dp->arg, peer_id, reason);
}

void dp_emit_floated(struct dp *dp, uint32_t peer_id, int fd,
		     const union net_addr *remote)
{
	if (!dp->is_dead && dp->events && dp->events->peer_floated)
		dp->events->peer_floated(dp->arg, peer_id, fd, remote);
}

void dp_emit_exhausted(struct dp *dp, uint32_t peer_id, uint8_t key_id)
{
	if (!dp->is_dead && dp->events && dp->events->key_exhausted)
		dp->events->key_exhausted(dp->arg, peer_id, key_id);
}

void dp_emit_exit(struct dp *dp, uint32_t peer_id)
{
	if (!dp->is_dead && dp->events && dp->events->peer_exit)
		dp->events->peer_exit(dp->arg, peer_id);
}

void dp_emit_resync(struct dp *dp)
{
	if (!dp->is_dead && dp->events && dp->events->resync)
		dp->events->resync(dp->arg);
}

void dp_emit_control(struct dp *dp, int fd, const uint8_t *pkt, size_t len,
		     const union net_addr *remote,
		     const union net_addr *local)
{
	if (!dp->is_dead && dp->events && dp->events->control)
		dp->events->control(dp->arg, fd, pkt, len, remote, local);
}

int dp_start(struct dp *dp)
{
	return dp->ops->start ? dp->ops->start(dp) : 0;
}

void dp_stop(struct dp *dp)
{
	if (dp->ops->stop)
		dp->ops->stop(dp);
}

unsigned int dp_threads(const struct dp *dp)
{
	return dp->ops->threads ? dp->ops->threads(dp) : 0;
}

int dp_sockets_add(struct dp *dp, int main_fd, const int *fds)
{
	return dp->ops->sockets_add ? dp->ops->sockets_add(dp, main_fd, fds) :
				      0;
}

void dp_sockets_del(struct dp *dp, int main_fd)
{
	if (dp->ops->sockets_del)
		dp->ops->sockets_del(dp, main_fd);
}

const char *dp_name(const struct dp *dp)
{
	return dp->ops->name;
}

/* In the framing of stub-v2 packets of IP look as without any (7.8). */
static bool dp_format_is_plain(const struct dp_format *format)
{
	return !format->is_v1 && !format->fragment &&
	       (format->framing == PROTO_FRAMING_NONE ||
		format->framing == PROTO_FRAMING_V2);
}

bool dp_peer_is_plain(const struct dp *kernel, const struct dp_peer *peer)
{
	const struct dp_format *format = &peer->format;

	return dp_format_is_plain(format) && !peer->n_nat &&
	       (format->cipher == PROTO_CIPHER_NONE ||
		proto_cipher_is_aead(format->cipher)) &&
	       (!format->is_epoch || kernel->has_epochs);
}

int dp_peer_add(struct dp *dp, const struct dp_peer *peer)
{
	bool has_vpn = peer->vpn4.family || peer->vpn6.family;

	if (peer->id > PROTO_PEER_ID_NONE || peer->tx_id > PROTO_PEER_ID_NONE ||
	    (dp->mode == DP_MODE_MP && !has_vpn && !dp->is_ether) ||
	    (peer->is_tcp && peer->format.fragment))
		return -EINVAL;
	if (dp->ops->is_plain && !dp_peer_is_plain(dp, peer))
		return -EOPNOTSUPP;
	return dp->ops->peer_add(dp, peer);
}

bool dp_is_plain(const struct dp *dp)
{
	return dp->ops->is_plain;
}

bool dp_is_apart(const struct dp *dp)
{
	return dp->ops->is_apart;
}

bool dp_has_epochs(const struct dp *dp)
{
	return dp->has_epochs;
}

bool dp_has_kernel(const struct dp *dp)
{
	return dp->has_kernel;
}

bool dp_owns_stream(const struct dp *dp)
{
	return dp->ops->owns_stream;
}

void dp_stream_ready(struct dp *dp, uint32_t peer_id)
{
	if (dp->ops->stream_ready)
		dp->ops->stream_ready(dp, peer_id);
}

int dp_peer_set_remote(struct dp *dp, uint32_t peer_id,
		       const union net_addr *remote,
		       const union net_addr *local)
{
	return dp->ops->peer_set_remote(dp, peer_id, remote, local);
}

int dp_peer_set_keepalive(struct dp *dp, uint32_t peer_id,
			  unsigned int interval, unsigned int timeout)
{
	if (!interval || !timeout)
		interval = timeout = 0;
	return dp->ops->peer_set_keepalive(dp, peer_id, interval, timeout);
}

int dp_peer_del(struct dp *dp, uint32_t peer_id)
{
	return dp->ops->peer_del(dp, peer_id);
}

int dp_prefix_add(struct dp *dp, uint32_t peer_id,
		  const struct net_prefix *dst)
{
	return dp->ops->prefix_add ? dp->ops->prefix_add(dp, peer_id, dst) : 0;
}

int dp_prefix_del(struct dp *dp, uint32_t peer_id,
		  const struct net_prefix *dst)
{
	return dp->ops->prefix_del ? dp->ops->prefix_del(dp, peer_id, dst) : 0;
}

int dp_key_set(struct dp *dp, uint32_t peer_id, enum dp_slot slot,
	       const struct dp_key *key)
{
	size_t len = proto_cipher_key_len(key->cipher);

	if (key->cipher == PROTO_CIPHER_NONE || key->key_id > 7 ||
	    key->send.cipher_key_len != len || key->recv.cipher_key_len != len)
		return -EINVAL;
	if ((key->is_epoch && !dp->has_epochs) ||
	    (dp->ops->is_plain && !proto_cipher_is_aead(key->cipher)))
		return -EOPNOTSUPP;
	return dp->ops->key_set(dp, peer_id, slot, key);
}

int dp_key_swap(struct dp *dp, uint32_t peer_id)
{
	return dp->ops->key_swap(dp, peer_id);
}

int dp_key_del(struct dp *dp, uint32_t peer_id, enum dp_slot slot)
{
	return dp->ops->key_del(dp, peer_id, slot);
}

int dp_peer_get(struct dp *dp, uint32_t peer_id, struct dp_peer_info *out)
{
	memset(out, 0, sizeof(*out));
	out->primary_key = -1;
	out->secondary_key = -1;
	out->cipher_name = "";
	out->path = dp->ops->name;
	return dp->ops->peer_get(dp, peer_id, out);
}

int dp_peer_list(struct dp *dp,
		 int (*fn)(void *arg, const struct dp_peer_info *info),
		 void *arg)
{
	return dp->ops->peer_list(dp, fn, arg);
}

int dp_input(struct dp *dp, int fd, const uint8_t *pkt, size_t len,
	     const union net_addr *remote, const union net_addr *local)
{
	int err;

	dp_enter(dp);
	err = dp->ops->input(dp, fd, pkt, len, remote, local);
	dp_leave(dp);
	return err;
}

int dp_input_stream(struct dp *dp, uint32_t peer_id, const uint8_t *pkt,
		    size_t len)
{
	int err;

	dp_enter(dp);
	err = dp->ops->input_stream(dp, peer_id, pkt, len);
	dp_leave(dp);
	return err;
}

void dp_batch_begin(struct dp *dp)
{
	dp_enter(dp);
	dp->batches++;
}

void dp_batch_end(struct dp *dp)
{
	if (--dp->batches == 0 && !dp->is_dead && dp->ops->batch_end)
		dp->ops->batch_end(dp);
	dp_leave(dp);
}

int dp_send_occ(struct dp *dp, uint32_t peer_id, enum proto_occ_op op)
{
	int err;

	dp_enter(dp);
	err = dp->ops->send_occ(dp, peer_id, op);
	dp_leave(dp);
	return err;
}
