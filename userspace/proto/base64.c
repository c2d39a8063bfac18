// SPDX-License-Identifier: GPL-2.0-or-later
/* Base64 (RFC 4648, section 4), with padding and without blanks. */
#include <errno.h>
#include <string.h>

#include "proto/proto.h"

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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

int proto_base64_decode(const char *text, size_t len, void *out, size_t cap,
			size_t *out_len)
{
	uint8_t *to = out;
	size_t at = 0;

	if (len % 4)
		return -EINVAL;
	for (size_t i = 0; i < len; i += 4) {
		unsigned char bytes[3];
		int n = group(text + i, bytes);

		if (n < 0 || (n < 3 && i + 4 < len))
			return -EINVAL;
		if ((size_t)n > cap - at)
			return -ENOBUFS;
		memcpy(to + at, bytes, (size_t)n);
		at += (size_t)n;
	}
	*out_len = at;
	return 0;
}
