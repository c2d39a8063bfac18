/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OVPNCTL_CTL_H
#define OVPNCTL_CTL_H

#include <jansson.h>
#include <stdbool.h>

/* Private to ovpnctl. Everything is JSON until it is printed. */

/** struct ctl - the command line */
struct ctl {
	bool is_json;
	const char *control;	/* NULL: the daemons' default sockets */
	const char *dev;	/* NULL: every device */
};

/* daemon.c */

/**
 * ctl_daemon_ask() - one request to a daemon
 * @cmd: "status" or "peers"
 *
 * Return: its answer, NULL with a message about @path in @err.
 */
json_t *ctl_daemon_ask(const char *path, const char *cmd, char *err,
		       size_t err_len);

/**
 * ctl_daemon_reload() - have a daemon reload its configuration
 *
 * Return: its answer, also one with "error"; NULL with a message in @err.
 */
json_t *ctl_daemon_reload(const char *path, char *err, size_t err_len);

/* reload.c: exit status 0, or 1 when one refuses or does not answer */
int ctl_reload(const struct ctl *ctl);
int ctl_restart(const struct ctl *ctl);

/** ctl_daemon_request() - the same for a request of any form */
json_t *ctl_daemon_request(const char *path, const json_t *request, char *err,
			   size_t err_len);

/* push.c */

/**
 * ctl_push() - change options at clients that are connected
 * @words, @n: OPTION... [to CLIENT] [dev DEV]
 *
 * Return: 0; 1 with a message when it failed; 2 when the words are wrong.
 */
int ctl_push(struct ctl *ctl, char **words, int n);

/* kernel.c */

/**
 * ctl_kernel_devices() - devices of type "ovpn"
 * @dev: only this one; NULL: all
 *
 * Return: object, name -> {"ifindex", "mode", "up"}; NULL when out of memory.
 */
json_t *ctl_kernel_devices(const char *dev);

/**
 * ctl_kernel_peers() - the peers of a device
 *
 * Return: array of objects that have the daemon's member names, NULL with a
 * message in @err.
 */
json_t *ctl_kernel_peers(int ifindex, char *err, size_t err_len);

/* collect.c */

/**
 * ctl_collect() - everything that daemons and kernel know
 * @err: what to tell the user, also when only the kernel answers
 *
 * Return: array of devices, each {"device", "role", ..., "peers": [...]};
 * NULL when nobody answers.
 */
json_t *ctl_collect(const struct ctl *ctl, char *err, size_t err_len);

/**
 * ctl_sockets() - the daemons that a command is for
 * @fn: called for each socket
 *
 * Return: how many, 0 with a message in @err.
 */
size_t ctl_sockets(const struct ctl *ctl,
		   void (*fn)(void *arg, const char *path), void *arg,
		   char *err, size_t err_len);

/**
 * ctl_peer_is() - is this peer meant?
 * @client: its name, an address of it inside or outside, or its number
 */
bool ctl_peer_is(const json_t *peer, const char *client);

/**
 * ctl_peers_find() - those that are meant
 *
 * A name wins over a number, which others may be called by.
 *
 * Return: an array.
 */
json_t *ctl_peers_find(const json_t *peers, const char *client);

/* is a device that of a server? */
bool ctl_is_server(const json_t *device);

/* is a device in another network namespace than we are? */
bool ctl_is_elsewhere(const json_t *device);

/* doctor.c, explain.c: exit status */
int ctl_doctor(const struct ctl *ctl);
int ctl_explain(const struct ctl *ctl, const char *client);

/* session.c: exit status */
int ctl_session(const struct ctl *ctl, const char *client);

/**
 * ctl_kill() - end clients of servers
 * @words, @n: CLIENT [restart|halt] [REASON] [dev DEV]
 *
 * Return: exit status.
 */
int ctl_kill(struct ctl *ctl, char **words, int n);

/* monitor.c: exit status; ends when all daemons have, or by a signal */
int ctl_monitor(const struct ctl *ctl);

/** ctl_daemon_connect() - a socket to a daemon, or -errno */
int ctl_daemon_connect(const char *path, unsigned int seconds);

/** ctl_daemon_send() - one request on it; 0 or -errno */
int ctl_daemon_send(int fd, const json_t *request);

/* print.c */
void ctl_print_status(const json_t *devices);
void ctl_print_peers(const json_t *devices);

#endif
