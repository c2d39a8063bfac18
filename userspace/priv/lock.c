// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names in the abstract socket space: they belong to the network namespace, as
 * links and routes do, and the kernel releases them whatever happens to their
 * holder. So they tell what is in use from what was left behind.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "priv/helper.h"

#define PRIV_LOCK_TRIES	30	/* of 50 ms: outlives a lingering helper */

int priv_lock_try(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, len, err;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	len = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1,
		       PRIV_LOCK_PREFIX "%s", name);
	if (bind(fd, (struct sockaddr *)&addr,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			     (size_t)len))) {
		err = errno == EADDRINUSE ? -EBUSY : -errno;
		close(fd);
		return err;
	}
	return fd;
}

int priv_lock(const char *name)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	int fd, tries;

	for (tries = 0;; tries++) {
		fd = priv_lock_try(name);
		if (fd != -EBUSY || tries == PRIV_LOCK_TRIES)
			return fd;
		nanosleep(&pause, NULL);
	}
}

bool priv_lock_is_free(const char *name)
{
	int fd = priv_lock_try(name);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

const char *priv_lock_link(const char *link, char out[PRIV_LOCK_LEN])
{
	snprintf(out, PRIV_LOCK_LEN, "link/%s", link);
	return out;
}

/* The daemon has it, and lets it outlive itself. */
const char *priv_lock_hold(const char *link, char out[PRIV_LOCK_LEN])
{
	snprintf(out, PRIV_LOCK_LEN, PRIV_HOLD_PREFIX "%s", link);
	return out;
}

const char *priv_lock_route(const struct nl_route *route,
			    char out[PRIV_LOCK_LEN])
{
	bool is_v6 = route->dst.ip.family == AF_INET6;
	struct net_prefix dst = route->dst;
	char text[NET_PREFIX_STRLEN];

	/* as the kernel shows it where nothing was said */
	net_prefix_nth(&route->dst, 0, &dst.ip);
	snprintf(out, PRIV_LOCK_LEN, "route/%s/%u/%u",
		 net_prefix_format(&dst, text),
		 route->table ? route->table : NL_TABLE_MAIN,
		 route->metric || !is_v6 ? route->metric : NL_METRIC_V6);
	return out;
}
