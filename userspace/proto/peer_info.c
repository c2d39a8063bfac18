// SPDX-License-Identifier: GPL-2.0-or-later
#include "proto/proto.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "proto/text.h"

/* Sections 5.4 and 5.5: NAME=value lines about the peer. */

struct proto_span proto_peer_info_find(const char *info, const char *name)
{
	struct proto_span line, value = { NULL, 0 };
	size_t len = strlen(name);
	const char *pos = info;

	/* At the start of a line only: UV_IV_PROTO=… is not IV_PROTO=…. */
	while (proto_span_next(&pos, '\n', &line)) {
		if (line.len <= len || line.at[len] != '=' ||
		    memcmp(line.at, name, len) != 0)
			continue;
		value.at = line.at + len + 1;
		value.len = line.len - len - 1;
		break;
	}
	return value;
}

int proto_peer_info_get(const char *info, const char *name, char *out,
			size_t cap)
{
	return proto_span_copy(proto_peer_info_find(info, name), out, cap);
}

unsigned long proto_peer_info_number(const char *info, const char *name)
{
	struct proto_span value = proto_peer_info_find(info, name);
	unsigned long number = 0;
	unsigned int digit;
	size_t i;

	for (i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return 0;
		digit = (unsigned int)(value.at[i] - '0');
		if (number > (ULONG_MAX - digit) / 10)
			return 0;
		number = number * 10 + digit;
	}
	return number;
}
