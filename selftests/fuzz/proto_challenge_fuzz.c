// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Passwords that clients have made of two answers, into buffers of several
 * sizes. What is taken apart is longer than its parts.
 */
#include "fuzz.h"
#include "proto/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t caps[] = { 1, 2, 16, 1024 };
	char *text = fuzz_text(data, size);

	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		char *password = malloc(caps[i]), *response = malloc(caps[i]);

		FUZZ_CHECK(password && response);
		if (proto_challenge_split(text, password, response, caps[i]))
			FUZZ_CHECK(strlen(password) < caps[i] &&
				   strlen(response) < caps[i] &&
				   strlen(password) + strlen(response) <
				   strlen(text));
		free(password);
		free(response);
	}
	free(text);
	return 0;
}
