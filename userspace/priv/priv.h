/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PRIV_PRIV_H
#define PRIV_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/net.h"

/*
 * The small process that keeps root's requests. priv_start() forks it before
 * privileges are dropped; the daemon then asks it over a socket pair, with
 * messages from a fixed table of permitted requests, each checked there again.
 * It keeps CAP_NET_ADMIN only and a system call filter, and does not hear
 * signals to the process group: it ends when its socket closes.
 *
 * Links. It touches only links that it opened. A link of kind "ovpn" that it
 * creates carries the alias "ovpnd", so that a later helper knows it again,
 * and while it is open its name is locked for the network namespace: a second
 * daemon gets -EBUSY. priv_link_open() meets an existing link of this kind
 *
 *   with our alias, without peers: left over from a crash; made anew
 *   with our alias, with peers: adopted, and deleted at the end as if made
 *	here; addresses and routes on it are taken over when asked for again
 *   without our alias: somebody else's; adopted, stays at the end
 *
 * An adopted link must have the wanted mode, or it is -EEXIST.
 *
 * Undo. Everything is undone, newest first, after priv_stop() and also when the
 * daemon just disappears (kill -9), with one exception: when a link "ovpn" of
 * ours still has peers PRIV_LINGER_MS after the daemon disappeared, somebody
 * else holds their socket, so a restart is under way. Then nothing is undone;
 * the next daemon adopts the link. (Peers die with their socket, so without a
 * holder there are none, and nothing stays.)
 *
 * Leftovers. Nobody undoes what a daemon did that was killed together with its
 * helper. So the next helper looks around when it opens its first link: links
 * of ours, and addresses and routes with our protocol number (NL_RTPROT_OVPND)
 * go, when nobody holds the lock of their link or, outside of links of ours, of
 * the route, and no restart is under way there.
 *
 * TUN devices end with their descriptor unless they were made persistent. When
 * somebody holds a copy of it (priv_link_hold()), the same exception holds for
 * them: nothing is undone while the device is still there.
 */

#define PRIV_LINGER_MS	1000

struct priv;

/**
 * priv_start() - fork the helper
 *
 * Context: with root's rights, before there are threads.
 * Return: 0 or -errno.
 */
int priv_start(struct priv **out);

/** priv_stop() - let the helper undo what it did, wait; NULL is allowed */
void priv_stop(struct priv *priv);

/** priv_error() - the helper's message about the last failed request */
const char *priv_error(const struct priv *priv);

enum priv_link_kind {
	PRIV_LINK_OVPN_P2P,
	PRIV_LINK_OVPN_MP,
	PRIV_LINK_TUN,
	PRIV_LINK_TAP,
	PRIV_LINK_TUN_QUEUES,	/* TUN that may have several queues */
};

struct priv_link {
	char name[16];
	int ifindex;
	int fd;		/* of TUN or TAP, owned by the caller; else -1 */
	bool is_adopted;	/* existed already, perhaps with peers */
	/* things that an earlier daemon left behind, and are gone now */
	unsigned int n_leftover;
};

/**
 * priv_link_open() - create a device, or take over one that persists
 * @name: "tun0", or "tun" for the first free tunN, and likewise "tap"
 *
 * Return: 0; -EOPNOTSUPP when the kernel has no such kind (try another one);
 * -EBUSY when another daemon has it; -EEXIST when another kind of link has the
 * name.
 */
int priv_link_open(struct priv *priv, enum priv_link_kind kind,
		   const char *name, struct priv_link *out);

/**
 * priv_link_adopt() - take over a TUN device of an earlier daemon
 * @fd: its descriptor; stays the caller's, and is in @out
 *
 * Addresses and routes on it are taken over when asked for again.
 *
 * Return: 0 or -errno.
 */
int priv_link_adopt(struct priv *priv, int fd, struct priv_link *out);

/**
 * priv_link_hold() - a device outlives the daemon, as long as a descriptor does
 * @fd: that descriptor, the caller's to keep; -1: of a TUN device its own; of
 *	another one the descriptor that an earlier daemon got here
 *
 * Return: 0 or -errno.
 */
int priv_link_hold(struct priv *priv, int ifindex, int *fd);

/**
 * priv_hold_name() - of which device is it?
 * @fd: of priv_link_hold()
 * @name: gets it
 *
 * Return: 0, or -EINVAL when it is none.
 */
int priv_hold_name(int fd, char name[16]);

/** priv_link_close() - undo what was done on it; it goes unless it persists */
int priv_link_close(struct priv *priv, int ifindex);

/** priv_link_up() - set MTU and queue length (0 = default), bring up */
int priv_link_up(struct priv *priv, int ifindex, unsigned int mtu,
		 unsigned int txqueuelen);

int priv_addr_add(struct priv *priv, int ifindex,
		  const struct net_prefix *addr, const struct net_ip *peer);
int priv_addr_del(struct priv *priv, int ifindex,
		  const struct net_prefix *addr);

struct priv_route {
	struct net_prefix dst;
	struct net_ip gateway;	/* AF_UNSPEC: on the link */
	int ifindex;
	uint32_t metric;
	uint32_t table;
	/* 0: no, else it leads nowhere, and says so. A request may be anything,
	 * and a bool only two things. */
	uint8_t is_unreachable;
};

/** priv_route_add() - -EEXIST when the same route is there already */
int priv_route_add(struct priv *priv, const struct priv_route *route);
int priv_route_del(struct priv *priv, const struct priv_route *route);

/** priv_route_get() - current way to @dst (for a host route to the server) */
int priv_route_get(struct priv *priv, const struct net_ip *dst,
		   struct priv_route *out);

/**
 * priv_socket_remove_later() - remove our control socket at the end
 * @path: directly in /run/ovpnd, which goes with its last socket
 *
 * The daemon itself may have no right to, after priv_drop() or when killed.
 *
 * Return: 0; -EPERM when the path is anywhere else or no socket.
 */
int priv_socket_remove_later(struct priv *priv, const char *path);

/**
 * struct priv_limits - what else is asked of the daemon's process
 * @nice: -20 to 19; 0: as it was started
 * @is_mlock: all of it stays in memory
 * @chroot, @context: NULL: as it was started
 */
struct priv_limits {
	int nice;
	bool is_mlock;
	const char *chroot, *context;
};

/**
 * priv_drop() - give up rights in this (the daemon's) process
 * @user, @group: names or NULL
 * @limits: done before, in the same order as above
 *
 * Keeps CAP_NET_ADMIN only (generic netlink checks the caller) in the
 * permitted, effective and ambient-free sets; no_new_privs; no core dumps of
 * secrets. Without @user the capabilities are dropped all the same.
 *
 * Return: 0, or -errno with a message for the operator in @err.
 */
int priv_drop(const char *user, const char *group,
	      const struct priv_limits *limits, char *err, size_t err_len);

/* the daemon as a process */

/**
 * priv_background() - go into the background
 *
 * The caller's process stays until the daemon calls priv_ready() or ends, and
 * exits with 0 or the daemon's status. Returns in the daemon, a session of
 * its own; its stderr stays the terminal until it is ready.
 *
 * Return: 0 in the daemon, or -errno in the caller's process.
 */
int priv_background(void);

/** priv_ready() - tell the service manager, and let the launcher go */
void priv_ready(void);

/**
 * priv_initialized() - tell the service manager that the first tunnel is up, or
 * that a server can be connected to
 */
void priv_initialized(void);

/**
 * priv_watchdog() - how often the service manager wants to hear of us
 *
 * Return: ms between two calls of priv_alive(), 0: it does not want to.
 */
uint64_t priv_watchdog(void);
void priv_alive(void);

/** priv_done() - tell the service manager, and remove the file of the number */
void priv_done(void);

/** priv_write_pid() - our process number into @path; 0, or -errno and @err */
int priv_write_pid(const char *path, char *err, size_t err_len);

#endif
