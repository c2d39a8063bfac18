// SPDX-License-Identifier: GPL-2.0-or-later
/* The answer of a static challenge (section 8.11). */
#include <string.h>

#include "proto/proto.h"

static int digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Four digits, of which the last two may be padding: 1 to 3 bytes, or -1. */
static int group(const char *text, unsigned char out[3])
{
	unsigned int bits = 0;
	int n = text[3] != '=' ? 4 : text[2] != '=' ? 3 : 2;

	for (int i = 0; i < 4; i++) {
		int value = i < n ? digit(text[i]) : 0;

		if (value < 0)
			return -1;
		bits = bits << 6 | (unsigned int)value;
	}
	out[0] = (unsigned char)(bits >> 16);
	out[1] = (unsigned char)(bits >> 8);
	out[2] = (unsigned char)bits;
	return n - 1;
}

/* Base64 of a string: what ends it early is refused. */
static bool text_decode(const char *text, size_t len, char *out, size_t cap)
{
	size_t at = 0;

	if (len % 4 || len / 4 * 3 >= cap)
		return false;
	for (size_t i = 0; i < len; i += 4) {
		unsigned char bytes[3];
		int n = group(text + i, bytes);

		if (n < 0 || (n < 3 && i + 4 < len) ||
		    memchr(bytes, '\0', (size_t)n))
			return false;
		memcpy(out + at, bytes, (size_t)n);
		at += (size_t)n;
	}
	out[at] = '\0';
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
