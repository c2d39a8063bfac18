/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OVPN_TABLE_H
#define OVPN_TABLE_H

#include "ovpn_nl.h"

/**
 * ovpn_table_run() - send the requests of a table, compare what comes back
 * @nl: socket
 * @resolve: for symbolic numbers
 * @data: for @resolve
 *
 * The table comes from standard input. A row is
 *
 *	NAME | ERRNO or 0 | PATTERN | [dump] REQUEST
 *
 * PATTERN is a shell pattern for the replies, joined by "; ", or, of a refusal,
 * for "MESSAGE [ATTRIBUTE] #MISSING"; "-" if it does not matter. A refusal that
 * says nothing at all fails, except with PATTERN "", or if PATTERN has a "?" in
 * front. Empty lines and those with "#" are comments. KTAP on standard output.
 *
 * Return: 0, or -EPROTO if a row failed.
 */
int ovpn_table_run(struct ovpn_nl *nl, spec_resolve_fn *resolve, void *data);

#endif
