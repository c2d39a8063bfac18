/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOOK_HOST_H
#define HOOK_HOST_H

#include <sys/types.h>

#include "hook/wire.h"

/*
 * The daemon's end of one process.
 */

struct hook_host;

/**
 * struct hook_host_ops - what its owner is told; none may free the host
 * @reply: to one of its requests
 * @ready: there is room for requests again
 * @died: nothing will ever be answered
 */
struct hook_host_ops {
	void (*reply)(struct hook_host *host, const struct hook_reply *reply);
	void (*ready)(struct hook_host *host);
	void (*died)(struct hook_host *host);
};

/**
 * struct hook_host - one process
 * @label: of a plugin, for messages; NULL: it runs programs
 * @events: that it is for, bits by enum hook_event
 * @death: of the process; a child of a plugin may still hold the socket. NULL
 *	where there are no pidfds
 * @is_full: it does not read
 * @n_running: requests whose answer is waited for
 * @n_open: requests that it has not answered for good
 */
struct hook_host {
	const struct hook_host_ops *ops;
	void *owner;
	char *label;
	int sock;
	int pidfd;
	pid_t pid;
	uint32_t events;
	struct loop_io *io, *death;
	bool is_full;
	bool is_dead;
	unsigned int n_running;
	unsigned int n_open;
	uint8_t buf[HOOK_MESSAGE_MAX];
};

/** hook_host_start() - see hook_start(); @plugin NULL: for programs */
int hook_host_start(const struct hook_setup *setup,
		    const struct hook_plugin *plugin,
		    const struct hook_host_ops *ops, void *owner,
		    struct hook_host **out, char *err, size_t err_len);

int hook_host_attach(struct hook_host *host, struct loop *loop);
void hook_host_detach(struct hook_host *host);
void hook_host_free(struct hook_host *host);

/** hook_host_send() - one request; 0, or -errno, -EAGAIN: ops->ready follows */
int hook_host_send(struct hook_host *host, const struct mem_buf *request);

/** hook_host_read() - without the loop: one message. Return: was there one */
bool hook_host_read(struct hook_host *host);

#endif
