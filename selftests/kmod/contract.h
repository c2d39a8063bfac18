/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONTRACT_H
#define CONTRACT_H

#include <stdbool.h>
#include <stddef.h>

#include "ovpn_libnl.h"
#include "ovpn_nl.h"

enum contract_kind {
	CONTRACT_DO,
	CONTRACT_DUMP,
};

/*
 * Which driver a row is for. The in-tree driver of Linux 7.3 is what the table
 * is checked against. What ours does otherwise on purpose has a reason; a row
 * of CONTRACT_DIFFERS is asked of the in-tree driver, too, which must not
 * answer as ours does (else there is no difference any more), one of
 * CONTRACT_OURS is not.
 */
enum contract_scope {
	CONTRACT_BOTH,
	CONTRACT_DIFFERS,
	CONTRACT_OURS,
};

/**
 * struct contract_row - one request and what has to come of it
 * @name: for the report
 * @request: text of the message
 * @err: 0 or -errno
 * @expect: shell pattern; for a success of the replies, joined by " | ", for
 *	    a refusal of "ATTRIBUTE #MISSING"; NULL: not looked at
 * @kind: do or dump
 * @scope: see above
 * @same: name of an earlier row that was refused with the same text; tells
 *	  which of several checks came first. NULL: not looked at
 * @why: for what is not CONTRACT_BOTH: the reason
 *
 * Rows run in order and build on what earlier rows made.
 */
struct contract_row {
	const char *name;
	const char *request;
	int err;
	const char *expect;
	enum contract_kind kind;
	enum contract_scope scope;
	const char *same;
	const char *why;
};

extern const struct contract_row contract_rows[];
extern const size_t contract_row_count;

/* rows that are refused with one text, at most, and a NULL */
#define CONTRACT_TEXT_ROWS 24

/**
 * struct contract_text - what the module says of refused rows
 * @text: shell pattern of "MESSAGE [ATTRIBUTE]", the message without the
 *	  module's name
 * @rows: their names
 */
struct contract_text {
	const char *text;
	const char *rows[CONTRACT_TEXT_ROWS];
};

extern const struct contract_text contract_texts[];
extern const size_t contract_text_count;

#define CONTRACT_ROWS_MAX 512

struct contract_socket {
	const char *name;
	int fd;
};

/**
 * struct contract - a run
 * @genl: socket of libmnl
 * @rtnl: for links
 * @libnl: socket of libnl
 * @is_libnl: requests are made and sent by libnl
 * @is_ours: the driver is this project's, else the in-tree one
 * @sockets: what "@name" of a SOCKET attribute stands for
 * @texts: by number of the row: why it was refused
 * @number: of the last test
 * @failed: tests that failed
 */
struct contract {
	struct ovpn_nl genl;
	struct ovpn_nl rtnl;
	struct ovpn_libnl libnl;
	bool is_libnl;
	bool is_ours;
	struct contract_socket sockets[12];
	char texts[CONTRACT_ROWS_MAX][256];
	unsigned int number;
	unsigned int failed;
};

/**
 * struct contract_replies - replies of one request
 * @contract: the run
 * @text: all of them, joined by " | "
 * @len: of @text
 * @count: how many
 */
struct contract_replies {
	struct contract *contract;
	char text[16384];
	size_t len;
	unsigned int count;
};

/**
 * contract_report() - the result of a test
 * @c: the run
 * @is_ok: has it passed?
 * @name: its name
 */
void contract_report(struct contract *c, bool is_ok, const char *name);

/**
 * contract_request() - a request by the library of this run
 * @c: the run
 * @text: see ovpn_spec.h; "@name" is a socket of the run or an interface
 * @is_dump: ask for a dump
 * @replies: receives the replies
 * Return: 0 or the kernel's -errno
 */
int contract_request(struct contract *c, const char *text, bool is_dump,
		     struct contract_replies *replies);

/**
 * contract_error() - what the kernel said about the last request
 */
const struct ovpn_nl_error *contract_error(const struct contract *c);

/* Every attribute of every command: length, range, flag, where it may be. */
void contract_matrix(struct contract *c);

/* More peers than one dump message takes, also while they come and go. */
void contract_crowd(struct contract *c);

/* Devices: attributes, limits, the family, who may do what. */
void contract_links(struct contract *c);
void contract_family(struct contract *c);
void contract_rights(struct contract *c);

#endif
