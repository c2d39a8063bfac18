// SPDX-License-Identifier: GPL-2.0-or-later
/* Peers of a kernel device that userspace carries: the family "ovpnx". */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dp/kernel.h"
#include "log/log.h"
#include "mem/mem.h"

static int carry_on_dev(void *arg, struct nlattr **attrs)
{
	struct nlattr *dev[OVPNX_A_DEV_MAX + 1];
	int *fd = arg;

	if (!attrs[OVPNX_A_DEV] ||
	    nla_parse_nested(dev, OVPNX_A_DEV_MAX, attrs[OVPNX_A_DEV], NULL) ||
	    !dev[OVPNX_A_DEV_FD] ||
	    nla_len(dev[OVPNX_A_DEV_FD]) != (int)sizeof(int32_t))
		return -EBADMSG;
	*fd = (int)nla_get_u32(dev[OVPNX_A_DEV_FD]);
	return 0;
}

int kernel_carry_open(struct dp_kernel *kernel)
{
	struct nl_msg *msg;
	int fd = -EBADMSG, err;

	if (!(kernel->features & OVPNX_FEATURE_USERSPACE))
		return -EOPNOTSUPP;
	msg = kernel_x_msg_new(kernel, OVPNX_CMD_DEV_OPEN, 0);
	if (!msg)
		return -ENOMEM;
	err = kernel_msg_send_take(kernel, msg, carry_on_dev, &fd);
	if (!err && fd >= 0)
		err = fcntl(fd, F_SETFL, O_NONBLOCK) ? -errno : 0;
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

int kernel_carry_peer(struct dp_kernel *kernel, uint32_t peer_id)
{
	struct nl_msg *msg = kernel_x_msg_new(kernel, OVPNX_CMD_PEER_SET, 0);
	struct nlattr *nest = msg ? kernel_nest_start(msg, OVPNX_A_PEER) : NULL;

	if (!nest || nla_put_u32(msg, OVPNX_A_PEER_ID, peer_id) ||
	    nla_put_u32(msg, OVPNX_A_PEER_FLAGS, OVPNX_PEER_FLAG_USERSPACE)) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	nla_nest_end(msg, nest);
	return kernel_msg_send_take(kernel, msg, NULL, NULL);
}

/* Collected first: deleting them takes requests of its own. */
static int carry_on_peer(void *arg, struct nlattr **attrs)
{
	struct nlattr *peer[OVPNX_A_PEER_MAX + 1];
	uint32_t id, flags;

	if (!attrs[OVPNX_A_PEER] ||
	    nla_parse_nested(peer, OVPNX_A_PEER_MAX, attrs[OVPNX_A_PEER],
			     NULL) ||
	    kernel_u32_parse(peer[OVPNX_A_PEER_ID], &id) ||
	    kernel_u32_parse(peer[OVPNX_A_PEER_FLAGS], &flags))
		return -EBADMSG;
	if (!(flags & OVPNX_PEER_FLAG_USERSPACE))
		return 0;
	return mem_buf_append(arg, &id, sizeof(id));
}

void kernel_carry_drop(struct dp_kernel *kernel)
{
	struct nl_msg *msg = kernel_x_msg_new(kernel, OVPNX_CMD_PEER_GET,
					      NLM_F_DUMP);
	struct mem_buf ids;
	int err = -ENOMEM;
	uint32_t id;

	mem_buf_init(&ids, PROTO_PEER_ID_NONE * sizeof(id));
	if (msg)
		err = kernel_msg_send_take(kernel, msg, carry_on_peer, &ids);
	if (err)
		log_warn("peers of an earlier run may be left that nobody carries: %s",
			 strerror(-err));
	for (size_t at = 0; at < ids.len; at += sizeof(id)) {
		memcpy(&id, ids.data + at, sizeof(id));
		log_info("peer %u of an earlier run was carried by it, deleted",
			 id);
		kernel->base.ops->peer_del(&kernel->base, id);
	}
	mem_buf_reset(&ids);
}
