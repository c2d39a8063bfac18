/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MGMT_MGMT_H
#define MGMT_MGMT_H

#include <stddef.h>

#include "config/config.h"
#include "loop/loop.h"
#include "priv/priv.h"
#include "tunnel/tunnel.h"

/*
 * What tells others about a running daemon: the JSON control socket that
 * ovpnctl asks, and OpenVPN's status file.
 *
 * Control socket: one request per line, {"cmd":"status"}, {"cmd":"peers"},
 * {"cmd":"sessions"}, {"cmd":"kill","client":...,"text":"..."},
 * {"cmd":"push-update","options":"...","client":...}, {"cmd":"reload"},
 * {"cmd":"restart"} or {"cmd":"monitor"}; one JSON object per line as answer,
 * {"error":"..."} on failure. After "monitor" follows an object with "event" for
 * each change: of a tunnel's "state", of the "remote" address, a new "key",
 * "gone", and "lost" with a "count" of those that there was no room for.
 */

#define MGMT_RUN_DIR	"/run/ovpnd"
#define MGMT_PATH_MAX	108	/* of a socket address, including NUL */

struct mgmt;

/**
 * mgmt_open() - listen on the control socket
 * @path: NULL: MGMT_RUN_DIR/<device>.sock, whose folder is made
 * @host: what to tell about; outlives the socket
 *
 * The socket has mode 0600. One that nobody listens on any more is replaced.
 *
 * Context: before privileges are dropped.
 * Return: 0; -EADDRINUSE when somebody listens there; or another -errno.
 */
int mgmt_open(struct loop *loop, const char *path, struct tunnel_host *host,
	      struct mgmt **out);

/** mgmt_path() - where it listens, for priv_socket_remove_later(); borrowed */
const char *mgmt_path(const struct mgmt *mgmt);

/** mgmt_set_orders() - see struct mgmt_setup */
void mgmt_set_orders(struct mgmt *mgmt, int (*reload)(void *arg),
		     int (*leave)(void *arg), void *arg);

/** mgmt_answer_reload() - see mgmt_reloaded() */
void mgmt_answer_reload(struct mgmt *mgmt, const char *json);

/** mgmt_close() - drop the clients, remove the socket; NULL is allowed */
void mgmt_close(struct mgmt *mgmt);

/* status file */

struct mgmt_status;

struct mgmt_status_config {
	struct loop *loop;
	struct tunnel_host *host;
	const char *path;	/* copied */
	int version;		/* OpenVPN's --status-version 1, 2 or 3 */
	unsigned int interval;	/* seconds; 0: only mgmt_status_write() */
};

/**
 * mgmt_status_open() - write the file now and every interval
 *
 * The file is replaced as a whole where its folder allows that, else written
 * in place through a descriptor that is opened here.
 *
 * Context: before privileges are dropped.
 * Return: 0, -EINVAL (version), or -errno of the file.
 */
int mgmt_status_open(const struct mgmt_status_config *cfg,
		     struct mgmt_status **out);

/** mgmt_status_write() - write it now; 0 or -errno */
int mgmt_status_write(struct mgmt_status *status);

/** mgmt_status_close() - write it a last time; NULL is allowed */
void mgmt_status_close(struct mgmt_status *status);

/* these, and OpenVPN's management interface, as configured */

struct mgmt_service;

/**
 * struct mgmt_setup - all outlive the service
 * @cfg: borrowed for the call
 * @reload: begin to reload the configuration; mgmt_reloaded() follows unless
 *	-errno is returned. NULL: it cannot be reloaded
 * @leave: end the process, and have the next one go on; 0 or -errno
 */
struct mgmt_setup {
	struct loop *loop;
	const struct config *cfg;
	struct priv *priv;
	struct tunnel_host *host;
	int (*reload)(void *arg);
	int (*leave)(void *arg);
	void *arg;
};

/**
 * mgmt_start() - control socket, status file, management interface
 * @out: to be stopped also after a failure, when it is not NULL
 * @err: one line for the operator when it fails
 *
 * Context: before privileges are dropped.
 * Return: 0 or -errno.
 */
int mgmt_start(const struct mgmt_setup *setup, struct mgmt_service **out,
	       char *err, size_t err_len);

/** mgmt_exiting() - the daemon ends, because of a signal of this name */
void mgmt_exiting(struct mgmt_service *service, const char *name);

/** mgmt_reloaded() - tell who has asked; @json: one line; NULL is allowed */
void mgmt_reloaded(struct mgmt_service *service, const char *json);

/** mgmt_status_now() - write the status file; if there is none, to the log */
void mgmt_status_now(struct mgmt_service *service);

/**
 * mgmt_stop() - the host is about to be freed
 *
 * The management interface goes on, and tells what ends then. NULL is allowed.
 */
void mgmt_stop(struct mgmt_service *service);

/** mgmt_free() - the host has been freed; NULL is allowed */
void mgmt_free(struct mgmt_service *service);

#endif
