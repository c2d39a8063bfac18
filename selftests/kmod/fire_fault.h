/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FIRE_FAULT_H
#define FIRE_FAULT_H

#include <stddef.h>

#include "fire.h"

#define FAULT_UDP 3
#define FAULT_TCP 2
#define FAULT_SOCKS (FAULT_UDP + FAULT_TCP)
#define FAULT_STATE 32768

/**
 * struct fault - a run
 * @armed: sends what is tested
 * @nl: looks and repairs
 * @nlx: looks and repairs by family "ovpnx"; not open with the in-tree driver
 * @rtnl: for links
 * @fd: of fail-nth
 * @sock: UDP sockets of "one", of "tun", and a free one; TCP sockets of "tun"
 *	  and a free one
 * @far: other ends of the TCP sockets
 * @data: sends through "one"
 * @data_tcp: sends to the TCP peer of "tun"
 * @file: of DEV_OPEN, or -1
 * @before: state before a command
 * @done: state after it has worked
 * @is_dirty: the state is not @before
 * @number: of the last test
 * @failed: tests that failed
 */
struct fault {
	struct ovpn_nl armed;
	struct ovpn_nl nl;
	struct ovpn_nl nlx;
	struct ovpn_nl rtnl;
	int fd;
	int sock[FAULT_SOCKS];
	int far[FAULT_TCP];
	int data;
	int data_tcp;
	int file;
	char before[FAULT_STATE];
	char done[FAULT_STATE];
	bool is_dirty;
	unsigned int number;
	unsigned int failed;
};

/* by what a case is sent */
enum fault_by {
	FAULT_BY_OVPN,
	FAULT_BY_OVPNX,
	FAULT_BY_LINK,
};

/**
 * struct fault_case - a command
 * @name: for the report
 * @text: of the request; "@one" and "@tun" are interfaces, "@sock0" and so
 *	  on sockets
 * @is_dump: ask for a dump
 * @run: instead of @text
 * @errors: which errors may come of a failed allocation, beside the usual
 * @by: which socket sends it
 * @first: requests of "ovpnx" that prepare it, or NULL
 * @has_file: DEV_OPEN comes before it
 */
struct fault_case {
	const char *name;
	const char *text;
	bool is_dump;
	int (*run)(struct fault *f);
	int errors[3];
	enum fault_by by;
	const char *first[2];
	bool has_file;
};

extern const struct fault_case fault_cases[];
extern const size_t fault_case_count;

/**
 * fault_request() - a request with the symbols of a run
 * @f: the run
 * @nl: by what
 * @text: the request
 * @is_dump: ask for a dump
 * Return: 0 or the kernel's -errno
 */
int fault_request(struct fault *f, struct ovpn_nl *nl, const char *text,
		  bool is_dump);

/**
 * fault_build() - devices and sockets as they are before a command
 * @f: the run
 * @fc: the command
 * Return: 0 or -errno
 */
int fault_build(struct fault *f, const struct fault_case *fc);

/**
 * fault_build_begin() - no device and no socket
 * @f: a new run
 */
void fault_build_begin(struct fault *f);

/**
 * fault_state() - all that can be seen of devices, peers and keys, but counters
 * @f: the run
 * @text: receives it, FAULT_STATE bytes
 */
void fault_state(struct fault *f, char *text);

#endif
