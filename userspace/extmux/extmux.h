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
 * struct extmux_setup - all outlive the multiplexer
 * @input: called for each datagram
 */
struct extmux_setup {
	struct loop *loop;
	const struct config *cfg;
	void (*input)(void *arg, const uint8_t *pkt, size_t len,
		      const union net_addr *remote,
		      const union net_addr *local);
	void *arg;
};

/**
 * extmux_new() - a multiplexer; for a server also its socket
 * @err: one line for the operator when it fails
 *
 * A server takes a datagram socket that the service manager passed (LISTEN_FDS)
 * before it makes one of its own.
 *
 * Return: 0 or -errno.
 */
int extmux_new(const struct extmux_setup *setup, struct extmux **out,
	       char *err, size_t err_len);

/** extmux_outer() - the same, as the tunnel host sees it */
struct tunnel_outer extmux_outer(struct extmux *mux);
void extmux_free(struct extmux *mux);

#endif
