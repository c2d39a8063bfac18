// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "priv/helper.h"

struct priv_device *priv_device_find(struct priv_helper *helper, int ifindex)
{
	size_t i;

	for (i = 0; i < PRIV_LINKS_MAX; i++) {
		if (helper->devices[i].ifindex == ifindex)
			return &helper->devices[i];
	}
	return NULL;
}

void priv_reply_text(struct priv_reply *reply, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reply->text, sizeof(reply->text), fmt, ap);
	va_end(ap);
}

/* A link of ours, or an answer that says why not. */
static struct priv_device *priv_device_get(struct priv_helper *helper,
					   int ifindex,
					   struct priv_reply *reply)
{
	struct priv_device *dev = NULL;

	if (ifindex > 0)
		dev = priv_device_find(helper, ifindex);
	if (!dev)
		priv_reply_text(reply, "link %d is not ours", ifindex);
	return dev;
}

static int priv_do_link_close(struct priv_helper *helper,
			      const struct priv_request *req,
			      struct priv_reply *reply)
{
	struct priv_device *dev = priv_device_get(helper, req->ifindex, reply);

	if (!dev)
		return -EPERM;
	priv_device_close(helper, dev);
	return 0;
}

static int priv_do_link_up(struct priv_helper *helper,
			   const struct priv_request *req,
			   struct priv_reply *reply)
{
	if (!priv_device_get(helper, req->ifindex, reply))
		return -EPERM;
	return nl_rt_link_set(helper->rt, req->ifindex, req->mtu,
			      req->txqueuelen, true);
}

static int priv_do_addr_add(struct priv_helper *helper,
			    const struct priv_request *req,
			    struct priv_reply *reply)
{
	struct priv_undo undo = {
		.kind = PRIV_UNDO_ADDR,
		.ifindex = req->ifindex,
		.addr = req->addr,
		.peer = req->peer,
	};
	struct priv_device *dev = priv_device_get(helper, req->ifindex, reply);
	int err;

	if (!dev)
		return -EPERM;
	err = priv_undo_add(helper, &undo);
	if (err)
		return err;
	err = nl_rt_addr(helper->rt, true, req->ifindex, &req->addr,
			 req->peer.family ? &req->peer : NULL);
	if (err == -EEXIST && dev->is_takeover)
		err = 0;
	if (err)
		priv_undo_forget(helper, &undo);
	return err;
}

static int priv_do_addr_del(struct priv_helper *helper,
			    const struct priv_request *req,
			    struct priv_reply *reply)
{
	struct priv_undo undo = {
		.kind = PRIV_UNDO_ADDR,
		.ifindex = req->ifindex,
		.addr = req->addr,
	};

	if (!priv_device_get(helper, req->ifindex, reply))
		return -EPERM;
	if (!priv_undo_forget(helper, &undo))
		return -EADDRNOTAVAIL;
	/* The kernel wants the peer, too, and only the entry knows it. */
	return nl_rt_addr(helper->rt, false, undo.ifindex, &undo.addr,
			  undo.peer.family ? &undo.peer : NULL);
}

/*
 * A route is on a link of ours, or keeps the way to a host or network outside
 * of the tunnel: then through a gateway, or to one host.
 */
static int priv_route_check(struct priv_helper *helper,
			    const struct priv_route *route,
			    struct priv_reply *reply)
{
	uint8_t host = route->dst.ip.family == AF_INET ? 32 : 128;

	if (route->ifindex > 0 && priv_device_find(helper, route->ifindex))
		return 0;
	if (route->ifindex >= 0 &&
	    (route->gateway.family || route->is_unreachable ||
	     route->dst.len == host))
		return 0;
	priv_reply_text(reply, "route on a link that is not ours");
	return -EPERM;
}

static struct priv_undo priv_route_undo(const struct priv_route *route)
{
	return (struct priv_undo) {
		.kind = PRIV_UNDO_ROUTE,
		.ifindex = route->ifindex,
		.route = {
			.dst = route->dst,
			.gateway = route->gateway,
			.ifindex = route->ifindex,
			.metric = route->metric,
			.table = route->table,
			.is_unreachable = route->is_unreachable != 0,
		},
	};
}

/* A route on no link of ours is told from a leftover by a lock. */
static void priv_route_lock(struct priv_helper *helper)
{
	struct priv_undo *undo = helper->undo;
	char lock[PRIV_LOCK_LEN];

	if (undo->route.ifindex > 0 &&
	    priv_device_find(helper, undo->route.ifindex))
		return;
	undo->lock_fd = priv_lock(priv_lock_route(&undo->route, lock));
}

static bool priv_is_takeover(const struct priv_helper *helper)
{
	size_t i;

	for (i = 0; i < PRIV_LINKS_MAX; i++) {
		if (helper->devices[i].is_takeover)
			return true;
	}
	return false;
}

static int priv_do_route_add(struct priv_helper *helper,
			     const struct priv_request *req,
			     struct priv_reply *reply)
{
	struct priv_undo undo = priv_route_undo(&req->route);
	int err;

	err = priv_route_check(helper, &req->route, reply);
	if (err)
		return err;
	err = priv_undo_add(helper, &undo);
	if (err)
		return err;
	err = nl_rt_route(helper->rt, true, &undo.route);
	/* Left over from us: put in anew, so that it is exactly this one. */
	if (err == -EEXIST && priv_is_takeover(helper) &&
	    !nl_rt_route(helper->rt, false, &undo.route))
		err = nl_rt_route(helper->rt, true, &undo.route);
	if (err)
		priv_undo_forget(helper, &undo);
	else
		priv_route_lock(helper);
	return err;
}

static int priv_do_route_del(struct priv_helper *helper,
			     const struct priv_request *req,
			     struct priv_reply *reply)
{
	struct priv_undo undo = priv_route_undo(&req->route);

	if (!priv_undo_forget(helper, &undo)) {
		priv_reply_text(reply, "not a route of ours");
		return -ESRCH;
	}
	return nl_rt_route(helper->rt, false, &undo.route);
}

static int priv_do_route_get(struct priv_helper *helper,
			     const struct priv_request *req,
			     struct priv_reply *reply)
{
	struct nl_route route;
	int err;

	err = nl_rt_route_get(helper->rt, &req->route.dst.ip, &route);
	if (err)
		return err;
	reply->route.dst = route.dst;
	reply->route.gateway = route.gateway;
	reply->route.ifindex = route.ifindex;
	reply->route.table = route.table;
	return 0;
}

/* Everything that the daemon may ask for. */
static const struct {
	enum priv_op op;
	int (*handler)(struct priv_helper *helper,
		       const struct priv_request *req,
		       struct priv_reply *reply);
} priv_permitted[] = {
	{ PRIV_OP_LINK_OPEN, priv_do_link_open },
	{ PRIV_OP_LINK_ADOPT, priv_do_link_adopt },
	{ PRIV_OP_LINK_HOLD, priv_do_link_hold },
	{ PRIV_OP_LINK_CLOSE, priv_do_link_close },
	{ PRIV_OP_LINK_UP, priv_do_link_up },
	{ PRIV_OP_ADDR_ADD, priv_do_addr_add },
	{ PRIV_OP_ADDR_DEL, priv_do_addr_del },
	{ PRIV_OP_ROUTE_ADD, priv_do_route_add },
	{ PRIV_OP_ROUTE_DEL, priv_do_route_del },
	{ PRIV_OP_ROUTE_GET, priv_do_route_get },
	{ PRIV_OP_SOCKET, priv_do_socket },
};

void priv_handle(struct priv_helper *helper, const struct priv_request *req,
		 struct priv_reply *reply)
{
	size_t i;

	memset(reply, 0, sizeof(*reply));
	reply->link.fd = -1;
	reply->err = -EPERM;
	for (i = 0; i < sizeof(priv_permitted) / sizeof(*priv_permitted);
	     i++) {
		if (priv_permitted[i].op != req->op)
			continue;
		reply->err = priv_permitted[i].handler(helper, req, reply);
		if (reply->err && !reply->text[0])
			priv_reply_text(reply, "%s", nl_rt_error(helper->rt));
		break;
	}
	if (reply->err && !reply->text[0])
		priv_reply_text(reply, "%s", strerror(-reply->err));
}
