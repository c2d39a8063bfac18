// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an ovpnd left behind that was killed together with its helper: links of
 * ours, and addresses and routes that carry our protocol number. Whose they are
 * is known by locks: what nobody holds is nobody's. What belongs to a restart
 * that is under way (priv.h) has peers, or is held by a descriptor, and stays.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "priv/helper.h"

#define LINKS_MAX	512
#define THINGS_MAX	PRIV_UNDO_MAX

/* struct leftover - what was found; the array that is filled has @n of them */
struct leftover {
	struct priv_helper *helper;
	struct nl_link *links;
	size_t n_links;
	struct nl_addr *addrs;
	size_t n_addrs;
	struct nl_route *routes;
	size_t n_routes;
	unsigned int n_removed;
};

static int on_link(void *arg, const struct nl_link *link)
{
	struct leftover *left = arg;

	if (left->n_links < LINKS_MAX)
		left->links[left->n_links++] = *link;
	return 0;
}

/* Grows by doubling: @n is the number of those that are there. */
static int room_for_one(void **list, size_t n, size_t size)
{
	void *more;

	if (n & (n - 1) || (!n && *list))
		return 0;
	more = realloc(*list, (n ? 2 * n : 1) * size);
	if (!more)
		return -ENOMEM;
	*list = more;
	return 0;
}

static int on_addr(void *arg, const struct nl_addr *addr)
{
	struct leftover *left = arg;

	if (addr->protocol != NL_RTPROT_OVPND || left->n_addrs == THINGS_MAX)
		return 0;
	if (room_for_one((void **)&left->addrs, left->n_addrs, sizeof(*addr)))
		return -ENOMEM;
	left->addrs[left->n_addrs++] = *addr;
	return 0;
}

static int on_route(void *arg, const struct nl_route *route)
{
	struct leftover *left = arg;

	if (route->protocol != NL_RTPROT_OVPND || left->n_routes == THINGS_MAX)
		return 0;
	if (room_for_one((void **)&left->routes, left->n_routes,
			 sizeof(*route)))
		return -ENOMEM;
	left->routes[left->n_routes++] = *route;
	return 0;
}

static const struct nl_link *link_of(const struct leftover *left, int ifindex)
{
	for (size_t i = 0; i < left->n_links; i++)
		if (left->links[i].ifindex == ifindex)
			return &left->links[i];
	return NULL;
}

static bool is_ovpn(const struct nl_link *link)
{
	return !strcmp(link->kind, nl_ovpn_name());
}

static bool is_tunnel(const struct nl_link *link)
{
	return is_ovpn(link) || !strcmp(link->kind, "tun");
}

/* On a tunnel's link: does it belong to somebody who still is? */
static bool link_is_used(const struct leftover *left,
			 const struct nl_link *link)
{
	struct priv_device *dev = priv_device_find(left->helper, link->ifindex);
	char lock[PRIV_LOCK_LEN];

	/* ours, just opened: then from before, unless that is gone on with */
	if (dev)
		return dev->is_takeover;
	/* it would go with its last descriptor */
	if (!is_ovpn(link) && !link->is_persistent)
		return true;
	return !priv_lock_is_free(priv_lock_link(link->name, lock)) ||
	       (is_ovpn(link) && (nl_ovpn_has_peers(link->ifindex) ||
				  priv_link_is_held(link->name)));
}

static void links_clear(struct leftover *left)
{
	for (size_t i = 0; i < left->n_links; i++) {
		const struct nl_link *link = &left->links[i];

		if (!is_ovpn(link) || strcmp(link->alias, PRIV_ALIAS) ||
		    priv_device_find(left->helper, link->ifindex) ||
		    link_is_used(left, link))
			continue;
		if (!nl_rt_link_del(left->helper->rt, link->ifindex))
			left->n_removed++;
	}
}

static void addrs_clear(struct leftover *left)
{
	for (size_t i = 0; i < left->n_addrs; i++) {
		const struct nl_addr *addr = &left->addrs[i];
		const struct nl_link *link = link_of(left, addr->ifindex);

		if (!link || !is_tunnel(link) || link_is_used(left, link))
			continue;
		if (!nl_rt_addr(left->helper->rt, false, addr->ifindex,
				&addr->addr,
				addr->peer.family ? &addr->peer : NULL))
			left->n_removed++;
	}
}

static bool route_is_used(const struct leftover *left,
			  const struct nl_route *route)
{
	const struct nl_link *link = link_of(left, route->ifindex);
	char lock[PRIV_LOCK_LEN];

	if (link && is_tunnel(link))
		return link_is_used(left, link);
	return !priv_lock_is_free(priv_lock_route(route, lock));
}

static void routes_clear(struct leftover *left)
{
	for (size_t i = 0; i < left->n_routes; i++)
		if (!route_is_used(left, &left->routes[i]) &&
		    !nl_rt_route(left->helper->rt, false, &left->routes[i]))
			left->n_removed++;
}

unsigned int priv_leftover_clear(struct priv_helper *helper)
{
	struct leftover left = { .helper = helper };

	left.links = calloc(LINKS_MAX, sizeof(*left.links));
	/* as far as it can be seen, it is put in order */
	if (left.links && !nl_rt_link_list(helper->rt, on_link, &left) &&
	    left.n_links < LINKS_MAX &&
	    !nl_rt_addr_list(helper->rt, on_addr, &left) &&
	    !nl_rt_route_list(helper->rt, on_route, &left)) {
		routes_clear(&left);
		addrs_clear(&left);
		links_clear(&left);
	}
	free(left.links);
	free(left.addrs);
	free(left.routes);
	return left.n_removed;
}
