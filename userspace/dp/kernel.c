// SPDX-License-Identifier: GPL-2.0-or-later
#include "dp/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dp/mixed.h"
#include "log/log.h"

struct dp_kernel *kernel_get(struct dp *dp)
{
	return (struct dp_kernel *)dp;
}

/* ---- peers ----------------------------------------------------------- */

/* A request with an open PEER nest; NULL when out of memory. */
static struct nl_msg *kernel_peer_msg(struct dp_kernel *kernel, uint8_t cmd,
				      struct nlattr **nest)
{
	struct nl_msg *msg = kernel_msg_new(kernel, cmd, 0);

	if (!msg)
		return NULL;
	*nest = kernel_nest_start(msg, OVPN_A_PEER);
	if (!*nest) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int kernel_peer_new(struct dp_kernel *kernel,
			   const struct dp_peer *peer)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int err;

	msg = kernel_peer_msg(kernel, OVPN_CMD_PEER_NEW, &nest);
	if (!msg)
		return -ENOMEM;
	err = kernel_peer_put(msg, kernel, peer);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	nla_nest_end(msg, nest);
	return kernel_msg_send_take(kernel, msg, NULL, NULL);
}

static int kernel_peer_set_remote(struct dp *dp, uint32_t peer_id,
				  const union net_addr *remote,
				  const union net_addr *local)
{
	struct dp_kernel *kernel = kernel_get(dp);
	struct nlattr *nest;
	struct nl_msg *msg;

	msg = kernel_peer_msg(kernel, OVPN_CMD_PEER_SET, &nest);
	if (!msg)
		return -ENOMEM;
	if (nla_put_u32(msg, OVPN_A_PEER_ID, peer_id) ||
	    kernel_peer_put_remote(msg, remote, local)) {
		nlmsg_free(msg);
		return -EINVAL;
	}
	nla_nest_end(msg, nest);
	return kernel_msg_send_take(kernel, msg, NULL, NULL);
}

static int kernel_peer_set_keepalive(struct dp *dp, uint32_t peer_id,
				     unsigned int interval,
				     unsigned int timeout)
{
	struct dp_kernel *kernel = kernel_get(dp);
	struct nlattr *nest;
	struct nl_msg *msg;

	msg = kernel_peer_msg(kernel, OVPN_CMD_PEER_SET, &nest);
	if (!msg)
		return -ENOMEM;
	if (nla_put_u32(msg, OVPN_A_PEER_ID, peer_id) ||
	    nla_put_u32(msg, OVPN_A_PEER_KEEPALIVE_INTERVAL, interval) ||
	    nla_put_u32(msg, OVPN_A_PEER_KEEPALIVE_TIMEOUT, timeout)) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	nla_nest_end(msg, nest);
	return kernel_msg_send_take(kernel, msg, NULL, NULL);
}

/* A request about one peer that is named by its id only. */
static struct nl_msg *kernel_peer_id_msg(struct dp_kernel *kernel,
					 uint8_t cmd, uint32_t peer_id)
{
	struct nlattr *nest;
	struct nl_msg *msg = kernel_peer_msg(kernel, cmd, &nest);

	if (!msg)
		return NULL;
	if (nla_put_u32(msg, OVPN_A_PEER_ID, peer_id)) {
		nlmsg_free(msg);
		return NULL;
	}
	nla_nest_end(msg, nest);
	return msg;
}

static int kernel_peer_del(struct dp *dp, uint32_t peer_id)
{
	static struct log_limit limit = { .burst = 5, .interval_ms = 60000 };
	struct dp_kernel *kernel = kernel_get(dp);
	struct nl_msg *msg;
	int err = -ENOMEM;

	msg = kernel_peer_id_msg(kernel, OVPN_CMD_PEER_DEL, peer_id);
	if (msg)
		err = kernel_msg_send_take(kernel, msg, NULL, NULL);
	kernel_id_deleted(kernel, peer_id, err);
	if (err && err != -ENOENT && err != -ENODEV)
		log_limited(&limit, LOG_LEVEL_ERROR,
			    "peer %u was not deleted, the kernel may still carry it: %s",
			    peer_id, strerror(-err));
	return err;
}

/* A peer that could not be deleted has to make room for the next. */
static int kernel_peer_add(struct dp *dp, const struct dp_peer *peer)
{
	struct dp_kernel *kernel = kernel_get(dp);
	int err = kernel_peer_new(kernel, peer);

	if (err == -EEXIST && kernel_id_claim(kernel, peer->id)) {
		kernel_peer_del(dp, peer->id);
		err = kernel_peer_new(kernel, peer);
	}
	if (!err)
		kernel_id_added(kernel, peer->id);
	return err;
}

/* ---- looking --------------------------------------------------------- */

static int kernel_peer_on_data(void *arg, struct nlattr **attrs)
{
	return kernel_peer_parse(attrs[OVPN_A_PEER], arg);
}

static int kernel_peer_get(struct dp *dp, uint32_t peer_id,
			   struct dp_peer_info *out)
{
	struct dp_kernel *kernel = kernel_get(dp);
	struct nl_msg *msg;
	int err;

	msg = kernel_peer_id_msg(kernel, OVPN_CMD_PEER_GET, peer_id);
	if (!msg)
		return -ENOMEM;
	err = kernel_msg_send_take(kernel, msg, kernel_peer_on_data, out);
	if (!err)
		kernel_peer_get_keys(kernel, peer_id, out);
	return err;
}

/* Collected first: what is called may want to send requests of its own. */
struct kernel_list {
	struct dp_peer_info *infos;
	size_t n, cap;
};

static int kernel_list_on_data(void *arg, struct nlattr **attrs)
{
	struct kernel_list *list = arg;
	struct dp_peer_info *infos, info = {
		.path = "kernel",
		.primary_key = -1,
		.secondary_key = -1,
		.cipher_name = "",
	};
	size_t cap;
	int err;

	err = kernel_peer_parse(attrs[OVPN_A_PEER], &info);
	if (err)
		return err;
	if (list->n == list->cap) {
		cap = list->cap ? 2 * list->cap : 16;
		infos = realloc(list->infos, cap * sizeof(*infos));
		if (!infos)
			return -ENOMEM;
		list->infos = infos;
		list->cap = cap;
	}
	list->infos[list->n++] = info;
	return 0;
}

static int kernel_peer_list(struct dp *dp,
			    int (*fn)(void *arg,
				      const struct dp_peer_info *info),
			    void *arg)
{
	struct dp_kernel *kernel = kernel_get(dp);
	struct kernel_list list = { 0 };
	struct nl_msg *msg;
	size_t i;
	int ret;

	msg = kernel_msg_new(kernel, OVPN_CMD_PEER_GET, NLM_F_DUMP);
	if (!msg)
		return -ENOMEM;
	ret = kernel_msg_send_take(kernel, msg, kernel_list_on_data, &list);
	for (i = 0; !ret && i < list.n; i++)
		ret = fn(arg, &list.infos[i]);
	free(list.infos);
	return ret;
}

/* ---- life ------------------------------------------------------------ */

static int kernel_input(struct dp *dp, int fd, const uint8_t *pkt, size_t len,
			const union net_addr *remote,
			const union net_addr *local)
{
	(void)fd;
	(void)pkt;
	(void)len;
	(void)remote;
	(void)local;
	kernel_get(dp)->n_stray++;
	return -ENOENT;
}

static int kernel_send_occ(struct dp *dp, uint32_t peer_id,
			   enum proto_occ_op op)
{
	(void)dp;
	(void)peer_id;
	(void)op;
	return -EOPNOTSUPP;
}

static void kernel_free(struct dp *dp)
{
	struct dp_kernel *kernel = kernel_get(dp);

	if (kernel->n_stray)
		log_debug("data path: %llu data packets came past the kernel",
			  (unsigned long long)kernel->n_stray);
	kernel_event_close(kernel);
	nl_socket_free(kernel->sock);
	free(kernel);
}

static int kernel_input_stream(struct dp *dp, uint32_t peer_id,
			       const uint8_t *pkt, size_t len)
{
	(void)peer_id;
	return kernel_input(dp, -1, pkt, len, NULL, NULL);
}

static const struct dp_ops kernel_ops = {
	.name = "kernel",
	.owns_stream = true,
	.is_plain = true,
	.free = kernel_free,
	.peer_add = kernel_peer_add,
	.peer_set_remote = kernel_peer_set_remote,
	.peer_set_keepalive = kernel_peer_set_keepalive,
	.peer_del = kernel_peer_del,
	.key_set = kernel_key_set,
	.key_swap = kernel_key_swap,
	.key_del = kernel_key_del,
	.peer_get = kernel_peer_get,
	.peer_list = kernel_peer_list,
	.input = kernel_input,
	.input_stream = kernel_input_stream,
	.send_occ = kernel_send_occ,
};

static void kernel_mix(const struct dp_config *cfg, struct dp **dp)
{
	uint64_t wanted = OVPNX_FEATURE_USERSPACE |
		(cfg->has_streams ? OVPNX_FEATURE_USERSPACE_TCP : 0);
	int err;

	if (!cfg->loop || cfg->mode != DP_MODE_MP ||
	    (kernel_get(*dp)->features & wanted) != wanted)
		return;
	err = mixed_new(cfg, *dp, dp);
	if (err && err != -EOPNOTSUPP)
		log_warn("userspace will carry no peers beside the kernel's: %s",
			 strerror(-err));
}

int dp_kernel_new(const struct dp_config *cfg, struct dp **out)
{
	struct dp_kernel *kernel = calloc(1, sizeof(*kernel));
	int err;

	if (!kernel)
		return -ENOMEM;
	dp_init(&kernel->base, &kernel_ops, cfg);
	err = kernel_nl_open(&kernel->sock, &kernel->family);
	if (err) {
		free(kernel);
		return err;
	}
	kernel_x_open(kernel);
	if (cfg->loop)
		err = kernel_event_open(kernel);
	if (!err && cfg->loop) {
		kernel_x_listen(kernel);
		kernel_x_set_mss(kernel, cfg->mss);
	}
	if (!err && cfg->loop)
		err = kernel_peer_list(&kernel->base, kernel_id_known, kernel);
	if (err) {
		kernel_free(&kernel->base);
		return err;
	}
	*out = &kernel->base;
	kernel_mix(cfg, out);
	return 0;
}
