// SPDX-License-Identifier: GPL-2.0-or-later
#include "proto/proto.h"

#include <string.h>

#include "proto/text.h"

/* Section 4.7: several control messages in one TLS record. */

static bool string_is_print(const char *str, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!proto_char_is_print(str[i]))
			return false;
	}
	return true;
}

bool proto_string_next(const uint8_t **pos, size_t *left, char *out, size_t cap)
{
	const uint8_t *end;
	const char *str;
	size_t len;

	while (*left && (end = memchr(*pos, '\0', *left))) {
		str = (const char *)*pos;
		len = (size_t)(end - *pos);
		*left -= len + 1;
		*pos = end + 1;
		while (len && (str[len - 1] == '\r' || str[len - 1] == '\n'))
			len--;
		if (len >= cap || !string_is_print(str, len))
			continue;
		memcpy(out, str, len);
		out[len] = '\0';
		return true;
	}
	*left = 0;
	return false;
}
