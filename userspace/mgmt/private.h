/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MGMT_PRIVATE_H
#define MGMT_PRIVATE_H

#include <jansson.h>
#include <stdio.h>
#include <sys/un.h>

#include "mgmt/mgmt.h"

/**
 * mgmt_json_answer() - answer one request line
 * @netns: number of our network namespace, because device names repeat
 *
 * Return: NULL when out of memory.
 */
json_t *mgmt_json_answer(struct tunnel_host *host, uint64_t netns,
			 const char *line, size_t len);

json_t *mgmt_json_peer(const struct tunnel_info *info);
json_t *mgmt_json_text(const char *str);
json_t *mgmt_json_addr(const union net_addr *addr);
json_t *mgmt_json_ip(const struct net_ip *ip);

/* json_client.c: requests about a server's clients; @request is borrowed */
json_t *mgmt_json_sessions(struct tunnel_host *host, uint64_t netns,
			   const json_t *request);
json_t *mgmt_json_kill(struct tunnel_host *host, uint64_t netns,
		       const json_t *request);

/* json_event.c: one line for who monitors, without its end; NULL: no memory */
char *mgmt_json_event(const char *dev, enum tunnel_change change,
		      const struct tunnel_info *info, const char *why);

/** mgmt_json_is() - is the line this request? */
bool mgmt_json_is(const char *cmd, const char *line, size_t len);
json_t *mgmt_json_error(const char *text);

/**
 * mgmt_path_clear() - remove a socket that nobody listens on any more
 *
 * Return: 0, also if there is nothing; -EADDRINUSE when it is in use, -EEXIST
 * if it is no socket, or -errno.
 */
int mgmt_path_clear(const struct sockaddr_un *addr);

/** mgmt_title() - "OpenVPN 2.6.14 ...": whose formats these are, and who we are */
const char *mgmt_title(void);

/** mgmt_status_print() - version 1, 2 or 3 of section 10.6 */
void mgmt_status_print(struct tunnel_host *host, int version, FILE *out);

/* the management interface (iface.c) */

struct mgmt_iface;

/**
 * mgmt_iface_open() - offer it, as configured
 * @out: to be closed also after a failure, when it is not NULL
 * @err: one line for the operator
 *
 * Context: before privileges are dropped.
 * Return: 0 or -errno.
 */
int mgmt_iface_open(const struct mgmt_setup *setup, struct mgmt_iface **out,
		    char *err, size_t err_len);

/** mgmt_iface_signal() - the daemon ends, because of this; NULL is allowed */
void mgmt_iface_signal(struct mgmt_iface *iface, const char *name);

/** mgmt_iface_close() - the host has gone already; NULL is allowed */
void mgmt_iface_close(struct mgmt_iface *iface);

#endif
