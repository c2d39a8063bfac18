/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef EXTMUX_EXTMUX_H
#define EXTMUX_EXTMUX_H

#include "config/config.h"
#include "loop/loop.h"
#include "net/net.h"
#include "tunnel/tunnel.h"

/*
 * External multiplexer: the sockets of the outer network. What arrives goes to
 * the tunnel host; what the host sends leaves from the address it was asked at.
 */

struct extmux;

/**
 * extmux_new() - a multiplexer; for a server also its sockets
 * @loop, @cfg: outlive the multiplexer
 * @err: one line for the operator when it fails
 *
 * A server takes a socket that the service manager passed (LISTEN_FDS), of
 * datagrams or listening as its protocol says, before it makes one of its own.
 * One with several sockets takes those that are where it would make its own.
 *
 * Return: 0 or -errno.
 */
int extmux_new(struct loop *loop, const struct config *cfg,
	       struct extmux **out, char *err, size_t err_len);

/**
 * struct extmux_kept - sockets of an earlier process
 * @fds: -1: none
 * @drop: called for each that is not wanted: who keeps a copy must give up its
 *	address, in EXTMUX_DROP_MS at most; may be NULL
 */
#define EXTMUX_DROP_MS	1000
struct extmux_kept {
	int fds[CONFIG_LOCALS_MAX];
	size_t n;
	void (*drop)(void *arg, unsigned int n);
	void *arg;
};

/**
 * extmux_new_on() - the same, on a server's sockets of an earlier process
 * @kept: the multiplexer's from then on, as far as they are of the right kind,
 *	and otherwise closed
 */
int extmux_new_on(struct loop *loop, const struct config *cfg,
		  const struct extmux_kept *kept, struct extmux **out,
		  char *err, size_t err_len);

/**
 * extmux_set_host() - who gets what arrives
 * @host: outlives the multiplexer, or the loop's last run
 */
void extmux_set_host(struct extmux *mux, struct tunnel_host *host);

/** extmux_set_config() - what counts for sockets to come */
void extmux_set_config(struct extmux *mux, const struct config *cfg);

/** extmux_outer() - the same, as the tunnel host sees it */
struct tunnel_outer extmux_outer(struct extmux *mux);
void extmux_free(struct extmux *mux);

#endif
