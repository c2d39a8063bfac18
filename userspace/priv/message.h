/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PRIV_MESSAGE_H
#define PRIV_MESSAGE_H

#include "priv/priv.h"

/*
 * What goes over the socket pair: one request, one reply, both of fixed size
 * (SOCK_SEQPACKET). The helper takes nothing in a request for granted.
 */

#define PRIV_TEXT_LEN	160
#define PRIV_PATH_LEN	108

/* abstract sockets that are locks, and those of devices that are held */
#define PRIV_LOCK_PREFIX	"ovpnd/"
#define PRIV_HOLD_PREFIX	"hold/"

enum priv_op {
	PRIV_OP_LINK_OPEN = 1,
	PRIV_OP_LINK_ADOPT,
	PRIV_OP_LINK_HOLD,
	PRIV_OP_LINK_CLOSE,
	PRIV_OP_LINK_UP,
	PRIV_OP_ADDR_ADD,
	PRIV_OP_ADDR_DEL,
	PRIV_OP_ROUTE_ADD,
	PRIV_OP_ROUTE_DEL,
	PRIV_OP_ROUTE_GET,
	PRIV_OP_SOCKET,
	PRIV_OP_BYE,		/* a normal stop: undo everything */
};

/* Each field is read only by the requests that need it. */
struct priv_request {
	uint32_t op;
	uint32_t kind;
	int32_t ifindex;
	uint32_t mtu;
	uint32_t txqueuelen;
	char name[16];
	struct net_prefix addr;
	struct net_ip peer;		/* AF_UNSPEC: none */
	struct priv_route route;
	char path[PRIV_PATH_LEN];
};

struct priv_reply {
	int32_t err;
	struct priv_link link;		/* fd: passed beside the reply */
	struct priv_route route;
	char text[PRIV_TEXT_LEN];
};

#endif
