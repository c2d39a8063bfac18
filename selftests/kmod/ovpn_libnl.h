/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OVPN_LIBNL_H
#define OVPN_LIBNL_H

#include <stdbool.h>

#include "ovpn_nl.h"

struct nl_sock;

/**
 * struct ovpn_libnl - one socket of libnl
 * @sock: owned
 * @family: number of the family "ovpn"
 * @error: of the last request
 */
struct ovpn_libnl {
	struct nl_sock *sock;
	int family;
	struct ovpn_nl_error error;
};

/**
 * ovpn_libnl_open() - connect; finds the family
 * @nl: to be filled
 * Return: 0 or -errno
 */
int ovpn_libnl_open(struct ovpn_libnl *nl);

void ovpn_libnl_close(struct ovpn_libnl *nl);

/**
 * ovpn_libnl_request() - as ovpn_nl_request(), made, sent and read by libnl
 * @nl: socket
 * @text: see ovpn_spec.h
 * @is_dump: ask for a dump
 * @reply: called for each answer, may be NULL
 * @resolve: may be NULL
 * @data: for both
 * Return: 0 or the kernel's -errno; @nl->error tells more
 */
int ovpn_libnl_request(struct ovpn_libnl *nl, const char *text, bool is_dump,
		       ovpn_nl_reply_fn *reply, spec_resolve_fn *resolve,
		       void *data);

#endif
