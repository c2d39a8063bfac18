// SPDX-License-Identifier: GPL-2.0-or-later
/* The answer of a static challenge (section 8.11). */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proto/proto.h"

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int digit(char c)
{
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

int proto_base64(const void *data, size_t len, char *out, size_t cap)
{
	const uint8_t *in = data;
	size_t at = 0;

	if ((len + 2) / 3 * 4 >= cap)
		return -ENOBUFS;
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		unsigned int bits = (unsigned int)in[i] << 16;

		bits |= n > 1 ? (unsigned int)in[i + 1] << 8 : 0;
		bits |= n > 2 ? in[i + 2] : 0;
		out[at++] = digits[bits >> 18];
		out[at++] = digits[bits >> 12 & 63];
		out[at++] = n > 1 ? digits[bits >> 6 & 63] : '=';
		out[at++] = n > 2 ? digits[bits & 63] : '=';
	}
	out[at] = '\0';
	return 0;
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
