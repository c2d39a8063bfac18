// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both data paths at once: the kernel carries each peer that it can, and the
 * userspace data path what is left.
 *
 * On our module that is on one interface, packet by packet through the file of
 * the device ("ovpnx"). Every peer is a peer of the kernel. One that userspace
 * carries is marked there, and is also a peer of the userspace data path, which
 * knows where it is; the kernel is told when it moves.
 *
 * Any other driver knows nothing of it: then they are apart, each peer belongs
 * to one of the two, and the userspace data path has a TUN device.
 */
#include "dp/mixed.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "dp/user.h"

/**
 * struct dp_mixed - the data path
 * @user: NULL: apart, and as yet without a device
 * @is_apart: no peer is one of both
 */
struct dp_mixed {
	struct dp base;
	struct dp *kernel, *user;
	bool is_apart;
};

static struct dp_mixed *mixed_get(struct dp *dp)
{
	return (struct dp_mixed *)dp;
}

static bool mixed_is_carried(const struct dp_mixed *mixed, uint32_t peer_id)
{
	return mixed->user && user_find_id(user_get(mixed->user), peer_id);
}

/* Who carries a peer. */
static struct dp *mixed_of(struct dp *dp, uint32_t peer_id)
{
	struct dp_mixed *mixed = mixed_get(dp);

	return mixed_is_carried(mixed, peer_id) ? mixed->user : mixed->kernel;
}

/* ---- events: what happens to one concerns the other ------------------- */

static void mixed_kernel_deleted(void *arg, uint32_t peer_id,
				 enum dp_del_reason reason)
{
	struct dp_mixed *mixed = arg;

	if (!mixed->is_apart)
		mixed->user->ops->peer_del(mixed->user, peer_id);
	dp_emit_deleted(&mixed->base, peer_id, reason);
}

static void mixed_user_deleted(void *arg, uint32_t peer_id,
			       enum dp_del_reason reason)
{
	struct dp_mixed *mixed = arg;

	if (!mixed->is_apart)
		mixed->kernel->ops->peer_del(mixed->kernel, peer_id);
	dp_emit_deleted(&mixed->base, peer_id, reason);
}

static void mixed_kernel_floated(void *arg, uint32_t peer_id, int fd,
				 const union net_addr *remote)
{
	struct dp_mixed *mixed = arg;

	dp_emit_floated(&mixed->base, peer_id, fd, remote);
}

/* Packets without a peer id come up by the address that the kernel knows. */
static void mixed_user_floated(void *arg, uint32_t peer_id, int fd,
			       const union net_addr *remote)
{
	struct dp_mixed *mixed = arg;

	if (!mixed->is_apart)
		mixed->kernel->ops->peer_set_remote(mixed->kernel, peer_id,
						    remote, NULL);
	dp_emit_floated(&mixed->base, peer_id, fd, remote);
}

static void mixed_exhausted(void *arg, uint32_t peer_id, uint8_t key_id)
{
	struct dp_mixed *mixed = arg;

	dp_emit_exhausted(&mixed->base, peer_id, key_id);
}

static void mixed_exit(void *arg, uint32_t peer_id)
{
	struct dp_mixed *mixed = arg;

	dp_emit_exit(&mixed->base, peer_id);
}

static void mixed_resync(void *arg)
{
	struct dp_mixed *mixed = arg;

	dp_emit_resync(&mixed->base);
}

static const struct dp_events mixed_kernel_events = {
	.peer_deleted = mixed_kernel_deleted,
	.peer_floated = mixed_kernel_floated,
	.key_exhausted = mixed_exhausted,
	.peer_exit = mixed_exit,
	.resync = mixed_resync,
};

static const struct dp_events mixed_user_events = {
	.peer_deleted = mixed_user_deleted,
	.peer_floated = mixed_user_floated,
	.key_exhausted = mixed_exhausted,
	.peer_exit = mixed_exit,
};

/* ---- peers ----------------------------------------------------------- */

static int mixed_peer_add(struct dp *dp, const struct dp_peer *peer)
{
	struct dp_mixed *mixed = mixed_get(dp);
	struct dp *kernel = mixed->kernel;
	int err = kernel->ops->peer_add(kernel, peer);

	if (err || dp_peer_is_plain(kernel, peer))
		return err;
	err = kernel_carry_peer(kernel_get(kernel), peer->id);
	if (!err)
		err = mixed->user->ops->peer_add(mixed->user, peer);
	if (err)
		kernel->ops->peer_del(kernel, peer->id);
	return err;
}

static int mixed_peer_set_remote(struct dp *dp, uint32_t peer_id,
				 const union net_addr *remote,
				 const union net_addr *local)
{
	struct dp_mixed *mixed = mixed_get(dp);
	int err = mixed->kernel->ops->peer_set_remote(mixed->kernel, peer_id,
						      remote, local);

	if (!err && mixed_is_carried(mixed, peer_id))
		err = mixed->user->ops->peer_set_remote(mixed->user, peer_id,
							remote, local);
	return err;
}

static int mixed_peer_set_keepalive(struct dp *dp, uint32_t peer_id,
				    unsigned int interval,
				    unsigned int timeout)
{
	struct dp *of = mixed_of(dp, peer_id);

	return of->ops->peer_set_keepalive(of, peer_id, interval, timeout);
}

static int mixed_peer_del(struct dp *dp, uint32_t peer_id)
{
	struct dp_mixed *mixed = mixed_get(dp);

	mixed->user->ops->peer_del(mixed->user, peer_id);
	return mixed->kernel->ops->peer_del(mixed->kernel, peer_id);
}

static int mixed_peer_get(struct dp *dp, uint32_t peer_id,
			  struct dp_peer_info *out)
{
	struct dp_mixed *mixed = mixed_get(dp);
	struct dp *kernel = mixed->kernel, *user = mixed->user;
	int err = kernel->ops->peer_get(kernel, peer_id, out);

	if (!mixed_is_carried(mixed, peer_id))
		return err;
	/* nobody may have said so: notifications can be lost */
	if (err == -ENOENT) {
		user->ops->peer_del(user, peer_id);
		return err;
	}
	return user->ops->peer_get(user, peer_id, out);
}

struct mixed_list {
	struct dp_mixed *mixed;
	int (*fn)(void *arg, const struct dp_peer_info *info);
	void *arg;
};

static int mixed_list_one(void *arg, const struct dp_peer_info *info)
{
	struct mixed_list *list = arg;
	struct dp *user = list->mixed->user;
	struct dp_peer_info carried;

	return list->fn(list->arg, user->ops->peer_get(user, info->id,
						       &carried) ?
				   info : &carried);
}

static int mixed_peer_list(struct dp *dp,
			   int (*fn)(void *arg,
				     const struct dp_peer_info *info),
			   void *arg)
{
	struct mixed_list list = {
		.mixed = mixed_get(dp), .fn = fn, .arg = arg,
	};
	struct dp *kernel = list.mixed->kernel;

	return kernel->ops->peer_list(kernel, mixed_list_one, &list);
}

/* ---- peers of either -------------------------------------------------- */

static int apart_peer_add(struct dp *dp, const struct dp_peer *peer)
{
	struct dp_mixed *mixed = mixed_get(dp);
	struct dp *of = dp_peer_is_plain(mixed->kernel, peer) ? mixed->kernel :
								mixed->user;

	if (!of)
		return -ENODEV;
	/* on the wire each of them has another one, and none that of nobody */
	if (peer->id & DP_ID_APART ||
	    (peer->id | DP_ID_APART) == PROTO_PEER_ID_NONE)
		return -EINVAL;
	if (of == mixed->kernel && mixed_is_carried(mixed, peer->id))
		return -EEXIST;
	return of->ops->peer_add(of, peer);
}

static int apart_peer_set_remote(struct dp *dp, uint32_t peer_id,
				 const union net_addr *remote,
				 const union net_addr *local)
{
	struct dp *of = mixed_of(dp, peer_id);

	return of->ops->peer_set_remote(of, peer_id, remote, local);
}

static int apart_peer_del(struct dp *dp, uint32_t peer_id)
{
	struct dp *of = mixed_of(dp, peer_id);

	return of->ops->peer_del(of, peer_id);
}

static int apart_peer_get(struct dp *dp, uint32_t peer_id,
			  struct dp_peer_info *out)
{
	struct dp *of = mixed_of(dp, peer_id);

	return of->ops->peer_get(of, peer_id, out);
}

static int apart_peer_list(struct dp *dp,
			   int (*fn)(void *arg,
				     const struct dp_peer_info *info),
			   void *arg)
{
	struct dp_mixed *mixed = mixed_get(dp);
	int ret = mixed->kernel->ops->peer_list(mixed->kernel, fn, arg);

	if (!ret && mixed->user)
		ret = mixed->user->ops->peer_list(mixed->user, fn, arg);
	return ret;
}

static int apart_prefix_add(struct dp *dp, uint32_t peer_id,
			    const struct net_prefix *dst)
{
	return dp_prefix_add(mixed_of(dp, peer_id), peer_id, dst);
}

static int apart_prefix_del(struct dp *dp, uint32_t peer_id,
			    const struct net_prefix *dst)
{
	return dp_prefix_del(mixed_of(dp, peer_id), peer_id, dst);
}

/* ---- keys ------------------------------------------------------------ */

static int mixed_key_set(struct dp *dp, uint32_t peer_id, enum dp_slot slot,
			 const struct dp_key *key)
{
	struct dp *of = mixed_of(dp, peer_id);

	return of->ops->key_set(of, peer_id, slot, key);
}

static int mixed_key_swap(struct dp *dp, uint32_t peer_id)
{
	struct dp *of = mixed_of(dp, peer_id);

	return of->ops->key_swap(of, peer_id);
}

static int mixed_key_del(struct dp *dp, uint32_t peer_id, enum dp_slot slot)
{
	struct dp *of = mixed_of(dp, peer_id);

	return of->ops->key_del(of, peer_id, slot);
}

/* ---- packets --------------------------------------------------------- */

/* Who takes packets; those of a batch of ours are one of its. */
static struct dp *mixed_taker(struct dp *dp)
{
	struct dp *user = mixed_get(dp)->user;

	if (!user)
		return mixed_get(dp)->kernel;
	if (dp->batches && !user->batches)
		dp_batch_begin(user);
	return user;
}

/* What the kernel lets through is for peers that userspace carries. */
static int mixed_input(struct dp *dp, int fd, const uint8_t *pkt, size_t len,
		       const union net_addr *remote,
		       const union net_addr *local)
{
	return dp_input(mixed_taker(dp), fd, pkt, len, remote, local);
}

static int mixed_input_stream(struct dp *dp, uint32_t peer_id,
			      const uint8_t *pkt, size_t len)
{
	return dp_input_stream(mixed_taker(dp), peer_id, pkt, len);
}

static void mixed_stream_ready(struct dp *dp, uint32_t peer_id)
{
	dp_stream_ready(mixed_of(dp, peer_id), peer_id);
}

static void mixed_batch_end(struct dp *dp)
{
	struct dp *user = mixed_get(dp)->user;

	if (user && user->batches)
		dp_batch_end(user);
}

static int mixed_send_occ(struct dp *dp, uint32_t peer_id,
			  enum proto_occ_op op)
{
	return dp_send_occ(mixed_of(dp, peer_id), peer_id, op);
}

/* ---- life ------------------------------------------------------------ */

static void mixed_free(struct dp *dp)
{
	struct dp_mixed *mixed = mixed_get(dp);

	mixed_batch_end(dp);
	dp_free(mixed->user);
	dp_free(mixed->kernel);
	free(mixed);
}

static const struct dp_ops mixed_ops = {
	.name = "kernel",
	.owns_stream = true,
	.free = mixed_free,
	.peer_add = mixed_peer_add,
	.peer_set_remote = mixed_peer_set_remote,
	.peer_set_keepalive = mixed_peer_set_keepalive,
	.peer_del = mixed_peer_del,
	.key_set = mixed_key_set,
	.key_swap = mixed_key_swap,
	.key_del = mixed_key_del,
	.peer_get = mixed_peer_get,
	.peer_list = mixed_peer_list,
	.input = mixed_input,
	.input_stream = mixed_input_stream,
	.batch_end = mixed_batch_end,
	.send_occ = mixed_send_occ,
	.stream_ready = mixed_stream_ready,
};

static const struct dp_ops apart_ops = {
	.name = "kernel",
	.owns_stream = true,
	.is_apart = true,
	.free = mixed_free,
	.peer_add = apart_peer_add,
	.peer_set_remote = apart_peer_set_remote,
	.peer_set_keepalive = mixed_peer_set_keepalive,
	.peer_del = apart_peer_del,
	.prefix_add = apart_prefix_add,
	.prefix_del = apart_prefix_del,
	.key_set = mixed_key_set,
	.key_swap = mixed_key_swap,
	.key_del = mixed_key_del,
	.peer_get = apart_peer_get,
	.peer_list = apart_peer_list,
	.input = mixed_input,
	.input_stream = mixed_input_stream,
	.batch_end = mixed_batch_end,
	.send_occ = mixed_send_occ,
	.stream_ready = mixed_stream_ready,
};

struct dp *mixed_kernel(struct dp *dp)
{
	return mixed_get(dp)->kernel;
}

static void mixed_init(struct dp_mixed *mixed, const struct dp_ops *ops,
		       const struct dp_config *cfg, struct dp *kernel)
{
	dp_init(&mixed->base, ops, cfg);
	mixed->base.has_epochs = kernel->has_epochs;
	mixed->base.has_kernel = true;
	kernel->events = &mixed_kernel_events;
	kernel->arg = mixed;
	mixed->kernel = kernel;
}

int mixed_new(const struct dp_config *cfg, struct dp *kernel, struct dp **out)
{
	struct dp_config carried = *cfg;
	struct dp_mixed *mixed;
	int err;

	carried.tun_fd = kernel_carry_open(kernel_get(kernel));
	if (carried.tun_fd < 0)
		return carried.tun_fd;
	mixed = calloc(1, sizeof(*mixed));
	if (!mixed) {
		close(carried.tun_fd);
		return -ENOMEM;
	}
	carried.events = &mixed_user_events;
	carried.arg = mixed;
	err = user_new_carried(&carried, &mixed->user);
	if (err) {
		close(carried.tun_fd);
		free(mixed);
		return err;
	}
	mixed_init(mixed, &mixed_ops, cfg, kernel);
	/*
	 * The file is ours alone, so who carried these has gone, and their keys
	 * with it: they would never expire, and no record brings them back.
	 */
	kernel_carry_drop(kernel_get(kernel));
	*out = &mixed->base;
	return 0;
}

int dp_apart_new(const struct dp_config *cfg, struct dp **dp)
{
	struct dp_mixed *mixed = calloc(1, sizeof(*mixed));

	if (!mixed)
		return -ENOMEM;
	mixed->is_apart = true;
	mixed_init(mixed, &apart_ops, cfg, *dp);
	*dp = &mixed->base;
	return 0;
}

int dp_apart_open(struct dp *dp, const struct dp_config *cfg)
{
	struct dp_mixed *mixed = mixed_get(dp);
	struct dp_config apart = *cfg;

	apart.events = &mixed_user_events;
	apart.arg = mixed;
	return user_new_apart(&apart, &mixed->user);
}
