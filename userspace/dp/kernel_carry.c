// SPDX-License-Identifier: GPL-2.0-or-later
/* Peers of a kernel device that userspace carries: the family "ovpnx". */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "dp/kernel.h"

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
	msg = kernel_x_msg_new(kernel, OVPNX_CMD_DEV_OPEN);
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
	struct nl_msg *msg = kernel_x_msg_new(kernel, OVPNX_CMD_PEER_SET);
	struct nlattr *nest = msg ? kernel_nest_start(msg, OVPNX_A_PEER) : NULL;

	if (!nest || nla_put_u32(msg, OVPNX_A_PEER_ID, peer_id) ||
	    nla_put_u32(msg, OVPNX_A_PEER_FLAGS, OVPNX_PEER_FLAG_USERSPACE)) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	nla_nest_end(msg, nest);
	return kernel_msg_send_take(kernel, msg, NULL, NULL);
}
