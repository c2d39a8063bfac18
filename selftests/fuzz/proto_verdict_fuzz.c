// SPDX-License-Identifier: GPL-2.0-or-later
/* AUTH_FAILED, RESTART and HALT with their flags. */
#include "fuzz.h"
#include "proto/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct proto_verdict verdict;
	size_t len = strlen(text);

	if (!proto_verdict_parse(&verdict, text)) {
		FUZZ_CHECK(strlen(verdict.reason) <= len);
		FUZZ_CHECK(verdict.backoff <= 86400);
		FUZZ_CHECK(verdict.is_temporary ?
			   verdict.kind == PROTO_VERDICT_AUTH_FAILED :
			   !verdict.backoff);
		FUZZ_CHECK(verdict.advance <= PROTO_ADVANCE_REMOTE);
	}
	free(text);
	return 0;
}
