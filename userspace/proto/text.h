/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROTO_TEXT_H
#define PROTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Text helpers private to proto/. */

/** struct proto_span - a piece of a string, borrowed; @at is NULL for none */
struct proto_span {
	const char *at;
	size_t len;
};

/** proto_char_is_print() - may it stand in a control message (section 11.5) */
bool proto_char_is_print(char c);

/**
 * proto_span_next() - next element of a list
 * @pos: advanced behind the element and its separator; NULL at the end
 *
 * Return: true with @out filled, which may be empty; false at the end.
 */
bool proto_span_next(const char **pos, char sep, struct proto_span *out);

/** proto_span_is() - equal to a string, any case */
bool proto_span_is(struct proto_span span, const char *str);

/** proto_span_is_equal() - equal, any case */
bool proto_span_is_equal(struct proto_span a, struct proto_span b);

/**
 * proto_span_copy() - to a string that is safe to print
 *
 * A peer's text goes to logs and to environments of scripts: control
 * characters, white space, '$', '(' and '`' become '_' (section 5.4).
 *
 * Return: length, -ENOENT for no span, -ENOBUFS.
 */
int proto_span_copy(struct proto_span span, char *out, size_t cap);

/** proto_peer_info_find() - value of NAME, as it is */
struct proto_span proto_peer_info_find(const char *info, const char *name);

/** proto_occ_find() - value of an item, as it is */
struct proto_span proto_occ_find(const char *occ, const char *name);

#endif
