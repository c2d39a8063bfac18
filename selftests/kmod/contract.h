/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONTRACT_H
#define CONTRACT_H

#include <stddef.h>

enum contract_kind {
	CONTRACT_DO,
	CONTRACT_DUMP,
};

/*
 * Which driver a row is for. The in-tree driver of Linux 7.3 is what the
 * table is checked against; a row that is not for it says why.
 */
enum contract_scope {
	CONTRACT_BOTH,
	CONTRACT_INTREE,
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
};

extern const struct contract_row contract_rows[];
extern const size_t contract_row_count;

#endif
