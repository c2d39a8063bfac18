/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIVE_LIVE_H
#define LIVE_LIVE_H

#include "config/config.h"
#include "extmux/extmux.h"
#include "keep/keep.h"
#include "loop/loop.h"
#include "mgmt/mgmt.h"
#include "tunnel/tunnel.h"

/*
 * Live operation: the configuration is read again while tunnels go on.
 *
 * The daemon has no rights to its files any more, and must not wait for a disk.
 * So a small process, "ovpnd-conf", keeps the rights to read files. It is asked
 * for nothing but to read what the command line names, parses it, and hands
 * over the files; the daemon parses them once more. And it asks systemd whether
 * the end that the daemon is told to come to is that of a restart.
 */

struct live;

/**
 * live_start() - fork the process that reads
 * @argc, @argv: of main(); they stay
 *
 * Context: with the first rights, before there are threads or a loop.
 * Return: 0 or -errno.
 */
int live_start(int argc, char **argv, struct live **out);

/**
 * live_keep() - what an earlier process has left, and who keeps ours
 * @cfg: as it was read first
 *
 * Return: NULL when nothing is kept; live_free() closes it.
 */
struct keep *live_keep(struct live *live, const struct config *cfg);

/** live_sockets() - the outer sockets among that, the caller's */
void live_sockets(struct live *live, struct extmux_kept *out);

/** live_open() - heed signals from now on; 0 or -ENOMEM */
int live_open(struct live *live, struct loop *loop);

/**
 * struct live_parts - what is operated; outlives the loop's last run
 * @cfg: the configuration in use; another one after a reload, when the old one
 *	is freed
 */
struct live_parts {
	struct config **cfg;
	struct tunnel_host *host;
	struct extmux *mux;
	struct mgmt_service *mgmt;
};

void live_set_parts(struct live *live, const struct live_parts *parts);

/** live_free() - after its host, before the loop; NULL is allowed */
void live_free(struct live *live);

/**
 * live_reload() - read the configuration again, and use what is possible
 * @live: a struct live
 *
 * The result goes to the log and to mgmt_reloaded(). What is wrong with a new
 * configuration leaves the old one in use as a whole.
 *
 * Return: 0 also when one is on its way: then another one follows; or -errno.
 */
int live_reload(void *live);

/**
 * live_leave() - end, and leave the tunnels to the next process
 * @live: a struct live
 *
 * Return: 0, or -ENOENT when nobody keeps them meanwhile.
 */
int live_leave(void *live);

/**
 * live_left_status() - what the process ends with that has left its tunnels
 *
 * systemd starts the next one after a restart of its own, and must not take
 * this end for a failure.
 */
int live_left_status(const struct live *live);

#endif
