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
 * extmux_new() - a multiplexer; for a server also its socket
 * @loop, @cfg: outlive the multiplexer
 * @err: one line for the operator when it fails
 *
 * A server takes a socket that the service manager passed (LISTEN_FDS), of
 * datagrams or listening as its "proto" says, before it makes one of its own.
 *
 * Return: 0 or -errno.
 */
int extmux_new(struct loop *loop, const struct config *cfg,
	       struct extmux **out, char *err, size_t err_len);

/**
 * extmux_new_on() - the same, on a server's socket of an earlier process
 * @fd: the multiplexer's from then on, if it is of the right kind, and
 *	otherwise closed; -1: none
 */
int extmux_new_on(struct loop *loop, const struct config *cfg, int fd,
		  struct extmux **out, char *err, size_t err_len);

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
