// SPDX-License-Identifier: GPL-2.0-or-later
/* What is taken as base64 is the base64 of its bytes, but for unused bits. */
#include "fuzz.h"
#include "proto/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t caps[] = { 0, 1, 3, 64, 4096 };
	char *text = fuzz_text(data, size);
	size_t len = strlen(text);

	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		uint8_t *out = malloc(caps[i] + !caps[i]);
		char *again = malloc(len + 1);
		size_t n;

		FUZZ_CHECK(out && again);
		if (!proto_base64_decode(text, len, out, caps[i], &n)) {
			FUZZ_CHECK(n <= caps[i]);
			FUZZ_CHECK(!proto_base64(out, n, again, len + 1));
			FUZZ_CHECK(strlen(again) == len);
			FUZZ_CHECK(len < 4 ||
				   !strncmp(again, text, len - 4));
		}
		free(again);
		free(out);
	}
	free(text);
	return 0;
}
