// SPDX-License-Identifier: GPL-2.0-or-later
/* Control strings in one TLS record. */
#include "fuzz.h"
#include "proto/proto.h"

static void check_text(const char *text)
{
	for (; *text; text++)
		FUZZ_CHECK((unsigned char)*text >= 0x20 && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t caps[] = { 1, 8, 2048 };
	const uint8_t *pos;
	size_t i, left, n;
	char *out;

	for (i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		out = malloc(caps[i]);
		FUZZ_CHECK(out);
		pos = data;
		left = size;
		for (n = 0; proto_string_next(&pos, &left, out, caps[i]); n++) {
			FUZZ_CHECK(strlen(out) < caps[i]);
			FUZZ_CHECK(pos + left == data + size);
			check_text(out);
		}
		FUZZ_CHECK(n <= size);
		FUZZ_CHECK(left == 0);
		free(out);
	}
	return 0;
}
