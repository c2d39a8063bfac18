// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "dp/kernel.h"
#include "log/log.h"
#include "nl/nl.h"

#define KERNEL_EVENT_RCVBUF	(1024 * 1024)
#define KERNEL_EVENT_BATCH	64
#define KERNEL_EVENT_MAX	8192	/* one notification is far smaller */

/*
 * ---- which deletions are ours ------------------------------------------
 *
 * The kernel announces every deletion, those that we asked for as well, and
 * the announcement can be read after the id was given to another peer. So the
 * ones that are to come are counted per id, and swallowed.
 */

static struct kernel_id **kernel_id_find(struct dp_kernel *kernel, uint32_t id)
{
	struct kernel_id **pos = &kernel->ids[id & (KERNEL_ID_BUCKETS - 1)];

	while (*pos && (*pos)->id != id)
		pos = &(*pos)->next;
	return pos;
}

/* NULL when out of memory: then an event is reported once too often. */
static struct kernel_id *kernel_id_get(struct dp_kernel *kernel, uint32_t id)
{
	struct kernel_id **pos = kernel_id_find(kernel, id);

	if (!*pos) {
		*pos = calloc(1, sizeof(**pos));
		if (*pos)
			(*pos)->id = id;
	}
	return *pos;
}

static void kernel_id_trim(struct kernel_id **pos)
{
	struct kernel_id *entry = *pos;

	if (entry->is_live || entry->n_pending)
		return;
	*pos = entry->next;
	free(entry);
}

static void kernel_id_reset(struct dp_kernel *kernel)
{
	struct kernel_id *entry;
	size_t i;

	for (i = 0; i < KERNEL_ID_BUCKETS; i++) {
		while ((entry = kernel->ids[i])) {
			kernel->ids[i] = entry->next;
			free(entry);
		}
	}
}

/* A new peer in P2P mode pushed out the one that was there. */
static void kernel_id_replaced(struct dp_kernel *kernel)
{
	struct kernel_id *entry;
	size_t i;

	for (i = 0; i < KERNEL_ID_BUCKETS; i++) {
		for (entry = kernel->ids[i]; entry; entry = entry->next) {
			if (!entry->is_live)
				continue;
			entry->is_live = false;
			entry->n_pending++;
		}
	}
}

int kernel_id_known(void *arg, const struct dp_peer_info *info)
{
	struct kernel_id *entry = kernel_id_get(arg, info->id);

	if (!entry)
		return -ENOMEM;
	entry->is_live = true;
	return 0;
}

void kernel_id_added(struct dp_kernel *kernel, uint32_t id)
{
	struct kernel_id *entry;

	if (!kernel->event_io)
		return;
	if (kernel->base.mode == DP_MODE_P2P)
		kernel_id_replaced(kernel);
	entry = kernel_id_get(kernel, id);
	if (entry)
		entry->is_live = true;
}

void kernel_id_deleted(struct dp_kernel *kernel, uint32_t id, int err)
{
	struct kernel_id **pos = kernel_id_find(kernel, id), *entry = *pos;

	if (!kernel->event_io)
		return;
	/* It is there still, but nobody wants it. */
	if (err && err != -ENOENT) {
		if (!entry)
			return;
		entry->is_live = false;
		kernel_id_trim(pos);
		return;
	}
	/* It had gone already: an unread event exists if we believed in it. */
	if (err && (!entry || !entry->is_live))
		return;
	entry = kernel_id_get(kernel, id);
	if (!entry)
		return;
	entry->is_live = false;
	entry->n_pending++;
}

bool kernel_id_claim(struct dp_kernel *kernel, uint32_t id)
{
	struct kernel_id *entry;

	if (!kernel->event_io)
		return false;
	entry = kernel_id_get(kernel, id);
	if (!entry || entry->is_live)
		return false;
	entry->is_live = true;
	return true;
}

bool kernel_id_is_current(struct dp_kernel *kernel, uint32_t id)
{
	const struct kernel_id *entry = *kernel_id_find(kernel, id);

	return !entry || !entry->n_pending;
}

/* Return: true when the deletion is news. */
static bool kernel_id_gone(struct dp_kernel *kernel, uint32_t id)
{
	struct kernel_id **pos = kernel_id_find(kernel, id);
	bool is_news = true;

	if (!*pos)
		return true;
	if ((*pos)->n_pending) {
		(*pos)->n_pending--;
		is_news = false;
	} else {
		(*pos)->is_live = false;
	}
	kernel_id_trim(pos);
	return is_news;
}

/* ---- events ---------------------------------------------------------- */

static enum dp_del_reason kernel_reason(uint32_t reason)
{
	switch (reason) {
	case OVPN_DEL_PEER_REASON_TEARDOWN:
		return DP_DEL_TEARDOWN;
	case OVPN_DEL_PEER_REASON_USERSPACE:
		return DP_DEL_USERSPACE;
	case OVPN_DEL_PEER_REASON_EXPIRED:
		return DP_DEL_EXPIRED;
	case OVPN_DEL_PEER_REASON_TRANSPORT_DISCONNECT:
		return DP_DEL_TRANSPORT_DISCONNECT;
	}
	return DP_DEL_TRANSPORT_ERROR;
}

static void kernel_on_deleted(struct dp_kernel *kernel, struct nlattr **peer)
{
	uint32_t id, reason;

	if (kernel_u32_parse(peer[OVPN_A_PEER_ID], &id) ||
	    kernel_u32_parse(peer[OVPN_A_PEER_DEL_REASON], &reason))
		return;
	if (kernel_id_gone(kernel, id))
		dp_emit_deleted(&kernel->base, id, kernel_reason(reason));
}

static void kernel_on_floated(struct dp_kernel *kernel, struct nlattr **peer)
{
	union net_addr remote;
	uint32_t id;

	kernel_remote_parse(peer, &remote);
	if (!kernel_u32_parse(peer[OVPN_A_PEER_ID], &id) &&
	    net_addr_len(&remote))
		dp_emit_floated(&kernel->base, id, -1, &remote);
}

/* The key id is 16 bits long in this message, whatever the documents say. */
static void kernel_on_exhausted(struct dp_kernel *kernel, struct nlattr *nest)
{
	struct nlattr *attrs[OVPN_A_KEYCONF_MAX + 1], *key_id;
	uint32_t id, key = 0;

	if (!nest || nla_parse_nested(attrs, OVPN_A_KEYCONF_MAX, nest, NULL) ||
	    kernel_u32_parse(attrs[OVPN_A_KEYCONF_PEER_ID], &id))
		return;
	key_id = attrs[OVPN_A_KEYCONF_KEY_ID];
	if (key_id && nla_len(key_id) == sizeof(uint16_t))
		key = nla_get_u16(key_id);
	else if (kernel_u32_parse(key_id, &key))
		return;
	dp_emit_exhausted(&kernel->base, id, (uint8_t)(key & 7));
}

static void kernel_event(struct dp_kernel *kernel, struct nlmsghdr *nlh)
{
	struct nlattr *attrs[KERNEL_A_MAX + 1];
	struct nlattr *peer[OVPN_A_PEER_MAX + 1];
	uint32_t ifindex;
	int cmd;

	if (kernel->family_x && nlh->nlmsg_type == kernel->family_x) {
		kernel_x_event(kernel, nlh);
		return;
	}
	if (nlh->nlmsg_type != kernel->family)
		return;
	cmd = kernel_msg_parse(nlh, attrs);
	if (cmd < 0 || kernel_u32_parse(attrs[OVPN_A_IFINDEX], &ifindex) ||
	    ifindex != (uint32_t)kernel->base.ifindex)
		return;
	if (cmd == OVPN_CMD_KEY_SWAP_NTF) {
		kernel_on_exhausted(kernel, attrs[OVPN_A_KEYCONF]);
		return;
	}
	if (!attrs[OVPN_A_PEER] ||
	    nla_parse_nested(peer, OVPN_A_PEER_MAX, attrs[OVPN_A_PEER], NULL))
		return;
	if (cmd == OVPN_CMD_PEER_DEL_NTF)
		kernel_on_deleted(kernel, peer);
	else if (cmd == OVPN_CMD_PEER_FLOAT_NTF)
		kernel_on_floated(kernel, peer);
}

static ssize_t kernel_event_read(struct dp_kernel *kernel, void *buf)
{
	struct sockaddr_nl from = { 0 };
	socklen_t from_len = sizeof(from);
	ssize_t n;

	n = recvfrom(nl_socket_get_fd(kernel->event_sock), buf,
		     KERNEL_EVENT_MAX, MSG_DONTWAIT, (struct sockaddr *)&from,
		     &from_len);
	if (n < 0)
		return -errno;
	return from.nl_pid ? 0 : n;
}

/* What is still queued is older than what was lost: forget all of it. */
static void kernel_event_overrun(struct dp_kernel *kernel, void *buf)
{
	ssize_t n;

	do {
		n = kernel_event_read(kernel, buf);
	} while (n >= 0 || n == -ENOBUFS || n == -EINTR);
	kernel_id_reset(kernel);
	dp_emit_resync(&kernel->base);
}

static void kernel_event_readable(struct loop_io *io, unsigned int events,
				  void *arg)
{
	_Alignas(struct nlmsghdr) char buf[KERNEL_EVENT_MAX];
	struct dp_kernel *kernel = arg;
	struct nlmsghdr *nlh;
	int i, left;
	ssize_t n;

	(void)io;
	(void)events;
	dp_enter(&kernel->base);
	for (i = 0; i < KERNEL_EVENT_BATCH && !kernel->base.is_dead; i++) {
		n = kernel_event_read(kernel, buf);
		if (n == -ENOBUFS)
			kernel_event_overrun(kernel, buf);
		if (n < 0)
			break;
		left = (int)n;
		for (nlh = (void *)buf; nlmsg_ok(nlh, left);
		     nlh = nlmsg_next(nlh, &left))
			kernel_event(kernel, nlh);
	}
	dp_leave(&kernel->base);
}

int kernel_event_open(struct dp_kernel *kernel)
{
	int size = KERNEL_EVENT_RCVBUF, group, fd;
	struct nl_sock *sock;

	group = genl_ctrl_resolve_grp(kernel->sock, nl_ovpn_name(),
				      OVPN_MCGRP_PEERS);
	if (group < 0)
		return -ENOENT;
	sock = nl_socket_alloc();
	if (!sock)
		return -ENOMEM;
	kernel->event_sock = sock;
	if (genl_connect(sock) < 0 || nl_socket_add_membership(sock, group) < 0)
		return -EIO;
	fd = nl_socket_get_fd(sock);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	kernel->event_io = loop_io_new(kernel->base.loop, fd, LOOP_READABLE,
				       kernel_event_readable, kernel);
	return kernel->event_io ? 0 : -ENOMEM;
}

void kernel_event_close(struct dp_kernel *kernel)
{
	if (kernel->event_io)
		loop_io_free(kernel->event_io);
	kernel->event_io = NULL;
	if (kernel->event_sock)
		nl_socket_free(kernel->event_sock);
	kernel->event_sock = NULL;
	kernel_id_reset(kernel);
}
