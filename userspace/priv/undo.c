// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "priv/helper.h"

static bool priv_prefix_is_equal(const struct net_prefix *a,
				 const struct net_prefix *b)
{
	return a->len == b->len && net_ip_is_equal(&a->ip, &b->ip);
}

static bool priv_undo_is_same(const struct priv_undo *a,
			      const struct priv_undo *b)
{
	if (a->kind != b->kind || a->ifindex != b->ifindex)
		return false;
	switch (a->kind) {
	case PRIV_UNDO_ADDR:
		return priv_prefix_is_equal(&a->addr, &b->addr);
	case PRIV_UNDO_ROUTE:
		return priv_prefix_is_equal(&a->route.dst, &b->route.dst) &&
		       net_ip_is_equal(&a->route.gateway,
				       &b->route.gateway) &&
		       a->route.ifindex == b->route.ifindex &&
		       a->route.metric == b->route.metric &&
		       a->route.table == b->route.table;
	}
	return false;
}

int priv_undo_add(struct priv_helper *helper, const struct priv_undo *what)
{
	struct priv_undo *undo;

	if (helper->n_undo >= PRIV_UNDO_MAX)
		return -ENOSPC;
	undo = malloc(sizeof(*undo));
	if (!undo)
		return -ENOMEM;
	*undo = *what;
	undo->lock_fd = -1;
	undo->next = helper->undo;
	helper->undo = undo;
	helper->n_undo++;
	return 0;
}

static void priv_undo_pop(struct priv_helper *helper, struct priv_undo **pos)
{
	struct priv_undo *undo = *pos;

	*pos = undo->next;
	if (undo->lock_fd >= 0)
		close(undo->lock_fd);
	free(undo);
	helper->n_undo--;
}

bool priv_undo_forget(struct priv_helper *helper, struct priv_undo *what)
{
	struct priv_undo **pos;

	for (pos = &helper->undo; *pos; pos = &(*pos)->next) {
		if (!priv_undo_is_same(*pos, what))
			continue;
		*what = **pos;
		priv_undo_pop(helper, pos);
		return true;
	}
	return false;
}

/* Errors are expected: a TUN device takes its addresses along. */
static void priv_undo_one(struct priv_helper *helper,
			  const struct priv_undo *undo)
{
	switch (undo->kind) {
	case PRIV_UNDO_ADDR:
		nl_rt_addr(helper->rt, false, undo->ifindex, &undo->addr,
			   undo->peer.family ? &undo->peer : NULL);
		break;
	case PRIV_UNDO_ROUTE:
		nl_rt_route(helper->rt, false, &undo->route);
		break;
	}
}

/* Newest first, as the stack is. */
void priv_undo_run(struct priv_helper *helper, int ifindex)
{
	struct priv_undo **pos = &helper->undo;

	while (*pos) {
		if (ifindex && (*pos)->ifindex != ifindex) {
			pos = &(*pos)->next;
			continue;
		}
		priv_undo_one(helper, *pos);
		priv_undo_pop(helper, pos);
	}
}
