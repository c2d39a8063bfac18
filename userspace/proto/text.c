// SPDX-License-Identifier: GPL-2.0-or-later
#include "proto/text.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

bool proto_char_is_print(char c)
{
	unsigned char u = (unsigned char)c;

	/* UTF-8 is allowed, so everything from 0x80 is. */
	return u >= 0x20 && u != 0x7f;
}

bool proto_span_next(const char **pos, char sep, struct proto_span *out)
{
	const char *end;

	if (!*pos)
		return false;
	out->at = *pos;
	end = strchr(*pos, sep);
	out->len = end ? (size_t)(end - *pos) : strlen(*pos);
	*pos = end ? end + 1 : NULL;
	return true;
}

bool proto_span_is(struct proto_span span, const char *str)
{
	struct proto_span other = { .at = str, .len = strlen(str) };

	return proto_span_is_equal(span, other);
}

bool proto_span_is_equal(struct proto_span a, struct proto_span b)
{
	return a.at && b.at && a.len == b.len &&
	       !strncasecmp(a.at, b.at, a.len);
}

static char text_safe_char(char c)
{
	if (!proto_char_is_print(c) || c == ' ' || c == '$' || c == '(' ||
	    c == '`')
		return '_';
	return c;
}

int proto_span_copy(struct proto_span span, char *out, size_t cap)
{
	size_t i;

	if (!span.at)
		return -ENOENT;
	if (span.len >= cap)
		return -ENOBUFS;
	for (i = 0; i < span.len; i++)
		out[i] = text_safe_char(span.at[i]);
	out[span.len] = '\0';
	return (int)span.len;
}
