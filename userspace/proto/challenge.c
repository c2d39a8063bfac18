// SPDX-License-Identifier: GPL-2.0-or-later
/* The answer of a static challenge (section 8.11). */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proto/proto.h"

/* Base64 of a string: what ends it early is refused. */
static bool text_decode(const char *text, size_t len, char *out, size_t cap)
{
	size_t n;

	if (proto_base64_decode(text, len, out, cap, &n) || n >= cap ||
	    memchr(out, '\0', n))
		return false;
	out[n] = '\0';
	return true;
}

bool proto_challenge_split(const char *text, char *password, char *response,
			   size_t cap)
{
	static const char prefix[] = "SCRV1:";
	const char *first = text + strlen(prefix), *second;

	if (strncmp(text, prefix, strlen(prefix)))
		return false;
	second = strchr(first, ':');
	return second &&
	       text_decode(first, (size_t)(second - first), password, cap) &&
	       text_decode(second + 1, strlen(second + 1), response, cap);
}

int proto_challenge_join(const char *password, const char *response,
			 bool is_concat, char *out, size_t cap)
{
	size_t used;
	int len;

	if (is_concat) {
		len = snprintf(out, cap, "%s%s", password, response);
		return len < 0 || (size_t)len >= cap ? -ENOBUFS : 0;
	}
	used = (size_t)snprintf(out, cap, "SCRV1:");
	if (used >= cap ||
	    proto_base64(password, strlen(password), out + used, cap - used))
		return -ENOBUFS;
	used += strlen(out + used);
	if (used + 1 >= cap)
		return -ENOBUFS;
	out[used++] = ':';
	return proto_base64(response, strlen(response), out + used, cap - used);
}
